#include "debugger/symbols/dwarf_symbols.h"

namespace debugger::dwarf {   
DwarfSymbols::~DwarfSymbols()=default;
engine::Result<std::vector<Scope>> DwarfSymbols::scopes(uint32_t,uint32_t){return engine::Error{engine::ErrorCode::NotFound, "variables are not read yet", {}};}
engine::Result<std::vector<Variable>> DwarfSymbols::globals(uint32_t){return engine::Error{engine::ErrorCode::NotFound, "variables are not read yet", {}};}
engine::Result<Variable> DwarfSymbols::findGlobal(std::string_view,uint32_t){return engine::Error{engine::ErrorCode::NotFound, "variables are not read yet", {}};}
engine::Result<std::vector<LocationEntry>> DwarfSymbols::frameBase(uint32_t){return engine::Error{engine::ErrorCode::NotFound, "variables are not read yet", {}};}
const TypeInfo& DwarfSymbols::type(TypeId){static TypeInfo t;return t;}
engine::Result<TypeId> DwarfSymbols::findType(std::string_view,uint32_t){return engine::Error{engine::ErrorCode::NotFound, "variables are not read yet", {}};}
}
