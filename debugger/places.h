// Places: what is known of a code offset: its function, source line, inlined calls and instruction boundaries, for breakpoints,
// steps, frames and the call list. Caches; owned by the session, one per loaded module.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "debugger/protocol.h"
#include "debugger/symbols/symbols.h"
#include "engine/disassembly.h"
#include "engine/machine.h"
#include "wasi/call_filter.h"

namespace debugger {

class Places {
public:
    Places(std::shared_ptr<const engine::Module> module, Symbols& symbols)
        : m_module(std::move(module)), m_symbols(symbols) {}

    const engine::Module& module() const { return *m_module; }
    Symbols& symbols() const { return m_symbols; }

    /// Inlined calls at an offset, innermost first; at least one level: without debug info the function by its other name.
    const std::vector<InlineFrame>& chain(uint32_t offset);
    static constexpr uint32_t kInnermost = ~uint32_t{0};
    /// How many of the innermost inlined calls there lie below that level, counted from the real function (0).
    uint32_t levelsBelow(uint32_t offset, uint32_t depth);
    /// Level 0 is the innermost of chain(offset).
    Location location(uint32_t offset, uint32_t level = 0);
    /// "inventory.cpp:41", else "func 3 at 0x1f0".
    std::string text(const Location& location) const;
    const std::string& filePath(FileId file) const;

    /// Is there a source line (not line 0) at the offset?
    bool hasLine(uint32_t offset) const;

    /// The first instruction at or behind an offset within its function; nothing if the offset lies in no function.
    std::optional<uint32_t> instructionAt(uint32_t offset);
    bool isInstruction(uint32_t offset) { return instructionAt(offset) == offset; }
    /// Instructions of a function; cached for the functions last asked for.
    const std::vector<engine::DisassemblyLine>& instructions(engine::FuncIdx function);
    /// The instruction there, or null.
    const engine::DisassemblyLine* instruction(uint32_t offset);
    /// As the engine names a place in code.
    engine::CodeLocation codeLocation(engine::InstanceId instance, uint32_t offset) const;

private:
    std::shared_ptr<const engine::Module> m_module;
    Symbols& m_symbols;
    std::unordered_map<uint32_t, std::vector<InlineFrame>> m_chains;
    std::unordered_map<uint32_t, std::vector<engine::DisassemblyLine>> m_code;
};

/// The functions at a place in code, inlined ones too. Borrows the places.
wasi::NamesAt namesAt(Places& places);

/// The part behind the last slash.
std::string_view baseName(std::string_view path);
/// "0x1f0".
std::string hexText(uint64_t value);

}  // namespace debugger
