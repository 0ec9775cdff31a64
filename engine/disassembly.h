// WAT text of instructions, functions and whole modules, from the rows of opcodes.def. Names come from the name section, escaped.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/module.h"
#include "engine/opcode.h"

namespace engine {

/// One line of the Disassembly panel.
struct DisassemblyLine {
    uint32_t offset = 0;  // file offset of the instruction
    uint32_t size = 0;    // bytes
    uint32_t depth = 0;   // block nesting, for indentation
    Op op = Op::Unreachable;
    std::string text;  // "local.get $count", "br_if 1", "i32.load offset=12"
};

/// All instructions of a defined function, in order, ended by its final `end`. On malformed code: the lines up to it, and the error in
/// `error` if not null. Iterative; time proportional to the body.
std::vector<DisassemblyLine> disassemble(const Module& module, FuncIdx function, Error* error = nullptr);

/// "$name" for a name-section name (invalid characters replaced), else the index as text.
std::string functionLabel(const Module& module, FuncIdx function);
std::string localLabel(const Module& module, FuncIdx function, uint32_t local);
std::string globalLabel(const Module& module, GlobalIdx global);

/// The whole module as WAT, through `write`, piece by piece; with `offsets`, every instruction's file offset stands in a comment.
void writeWat(const Module& module, bool offsets, const std::function<void(std::string_view)>& write);

/// What the module needs, from its types and instructions (a quick scan of opcodes; sorted, without duplicates).
std::vector<Feature> featuresOf(const Module& module);

}  // namespace engine
