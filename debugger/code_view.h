// CodeView: what a module holds, for front ends: disassembly with source lines, sections and index spaces, sources, and what the next
// instruction does to the operand stack. Owned by the session.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "debugger/places.h"
#include "debugger/protocol.h"
#include "debugger/sources.h"
#include "engine/machine_code.h"

namespace debugger {

class CodeView {
public:
    void attach(Places* places, SourceFinder* sources, int64_t moduleModifiedNs);

    /// `current` is the instruction that executes next, or nothing.
    /// `machineCode` gives that of a function.
    engine::Result<std::vector<DisassemblyRow>> disassemble(
        const Disassemble& request, std::optional<uint32_t> current,
        const std::function<engine::Result<engine::MachineCode>(engine::FuncIdx)>& machineCode);
    std::vector<ModuleEntry> entries(const GetModuleEntries& request) const;
    std::vector<SourceFileInfo> sources();
    engine::Result<SourceText> source(const std::string& path);
    /// Fills in all but the operands.
    void describeNext(OperandStack& stack, engine::FuncIdx function, uint32_t offset) const;

private:
    Places* m_places = nullptr;
    SourceFinder* m_sources = nullptr;
    int64_t m_moduleModifiedNs = 0;
};

/// Rows of a module's own structure; `kind` "" = all of "section", "import", "export", "function", "global", "memory", "table", "custom".
std::vector<ModuleEntry> moduleEntries(const engine::Module& module, const std::string& kind);

}  // namespace debugger
