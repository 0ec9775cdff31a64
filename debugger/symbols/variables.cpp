// Variables and types of DwarfSymbols: which function or inlined call is meant; Scopes does the rest.
#include "debugger/symbols/dwarf_symbols.h"

namespace debugger::dwarf {

engine::Result<std::vector<Scope>> DwarfSymbols::scopes(uint32_t address, uint32_t inlineLevel) {
    const FunctionCode* function = m_index.functionAt(address);
    if (!function) return engine::Error{engine::ErrorCode::NotFound, "no debug info for the code here", {}};
    const auto chain = inlineTree(*function).chainAt(address);  // outermost first
    if (inlineLevel > chain.size())
        return engine::Error{engine::ErrorCode::BadArgument, "there is no such inlined call here", {}};
    if (inlineLevel == chain.size()) {
        return m_scopes->scopesIn(m_index.entry(function->ref).offset, address,
                                  m_index.qualifiedName(function->ref), function->range);
    }
    const InlineCall& call = *chain[chain.size() - 1 - inlineLevel];
    AddressRange range;
    for (const AddressRange& piece : call.ranges) {
        if (piece.contains(address)) range = piece;
    }
    return m_scopes->scopesIn(call.die, address, m_index.qualifiedName(call.origin), range);
}

/// Conditions of breakpoints ask for the same few places very often.
const std::vector<Scope>* DwarfSymbols::keptScopes(uint32_t address, uint32_t inlineLevel) {
    constexpr size_t kMaxKept = 64;
    const uint64_t key = uint64_t{address} << 32 | inlineLevel;
    if (const auto known = m_keptScopes.find(key); known != m_keptScopes.end()) return &known->second;
    auto found = scopes(address, inlineLevel);
    if (!found) return nullptr;
    if (m_keptScopes.size() >= kMaxKept) m_keptScopes.clear();
    return &(m_keptScopes[key] = std::move(*found));
}

engine::Result<std::vector<Variable>> DwarfSymbols::globals(uint32_t address) {
    return m_scopes->globals(m_index.unitAt(address));
}

engine::Result<Variable> DwarfSymbols::findGlobal(std::string_view name, uint32_t nearAddress) {
    return m_scopes->findGlobal(name, m_index.unitAt(nearAddress));
}

engine::Result<std::vector<LocationEntry>> DwarfSymbols::frameBase(uint32_t address) {
    const FunctionCode* function = m_index.functionAt(address);
    if (!function) return engine::Error{engine::ErrorCode::NotFound, "no debug info for the code here", {}};
    return m_scopes->frameBase(m_index.entry(function->ref).offset);
}

engine::Result<TypeId> DwarfSymbols::returnType(uint32_t address) {
    const FunctionCode* function = m_index.functionAt(address);
    if (!function) return engine::Error{engine::ErrorCode::NotFound, "no debug info for the code here", {}};
    return m_scopes->returnType(m_index.entry(function->ref).offset);
}

const TypeInfo& DwarfSymbols::type(TypeId id) { return m_scopes->types().info(id); }

engine::Result<TypeId> DwarfSymbols::findType(std::string_view name, uint32_t nearAddress) {
    return m_scopes->findType(name, m_index.unitAt(nearAddress));
}

}  // namespace debugger::dwarf
