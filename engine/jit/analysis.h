// Analysis: what one look over the cells of a function tells before it is compiled: which locals deserve a register, where branches
// lead, what loops touch. Reused from function to function. Neutral.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/code.h"
#include "engine/jit/compiled_function.h"

namespace engine::jit {

/// Registers that a back end gives to locals for a whole function.
struct LocalRegisters {
    std::span<const uint8_t> general, floating;
};

struct LoopFacts {
    uint32_t begin = 0, end = 0;      // cells: the loop, its end
    uint32_t used = 0, assigned = 0;  // locals with registers, by index
    bool leavesRegisters = false;     // something in it makes every local go home
};

class Analysis {
public:
    static constexpr uint8_t kNone = 0xff;
    enum Target : uint8_t { Forward = 1, FromOutside = 2 };

    void run(const Code& code, const LocalRegisters& registers);

    const std::vector<LocalPlace>& locals() const { return m_locals; }
    /// Index in locals() of the local whose first slot it is, or kNone.
    uint8_t localAt(uint32_t slot) const { return m_localAt[slot]; }
    /// Target flags of a cell.
    uint8_t target(uint32_t cell) const { return m_targets[cell]; }
    const LoopFacts& loopAt(uint32_t cell) const;
    uint32_t targets() const { return m_targetCount; }

private:
    void structure(const Code& code);
    void choose(const Code& code, const LocalRegisters& registers);
    void loopFacts(const Code& code);
    void mark(int64_t cell, uint8_t flag);

    std::vector<LocalPlace> m_locals;
    std::vector<uint8_t> m_localAt, m_targets;
    std::vector<uint64_t> m_weights;
    std::vector<LoopFacts> m_loops;  // by begin
    std::vector<uint32_t> m_open;
    uint32_t m_targetCount = 0;
};

/// How a plain op treats the interpreter's help: see instruction_kind.cpp.
bool touchesLocal(uint16_t op);

}  // namespace engine::jit
