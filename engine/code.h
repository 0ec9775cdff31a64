// Code: one function lowered for the interpreter (and, later, the compiler): one 16-byte cell per Wasm instruction, in the same order.
// Made by lowering.h on first use, owned by the Store, patched by breakpoints. The JIT reads the plain cells.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/catch_table.h"
#include "engine/internal_op.h"
#include "engine/store.h"

namespace engine {

struct InstanceContext;
namespace jit {
struct CompiledFunction;
}

/// One instruction. `plain` is what it is; `op` is what is dispatched: plain, or Break, or a fused op that does this cell and some
/// that follow in one go. a, b, c and imm mean what lowering.cpp says per instruction; slots count from the frame base.
struct Insn {
    uint16_t op;
    uint16_t plain;
    uint32_t a;
    union {
        uint64_t imm;
        struct {
            uint32_t b, c;
        };
    };
};
static_assert(sizeof(Insn) == 16);

/// What a branch carries: `count` slots from `source` down to `target`.
struct Move {
    uint32_t source, target, count;
};
/// One target of br_table: cells from the br_table itself, and what to move on the way.
struct BranchTarget {
    int32_t distance;
    Move move;
};
/// Immediates of an access to a memory other than a 32-bit memory 0.
struct FarAccess {
    uint32_t memory;
    bool is64;
    uint64_t offset;
};

/// What a cast asks for. Canonical; `depth` counts supertypes of a defined type.
struct CastTarget {
    HeapType heap;
    uint32_t depth : 31;
    uint32_t takesNull : 1;
};
/// Immediates of br_on_cast and br_on_cast_fail.
struct CastBranch {
    CastTarget target;
    Move move;
};

/// What the compiler (engine/jit) knows of a function; it owns what `compiled` points to.
struct TierState {
    bool managed = false;   // cells where it may be entered hold TierEntry and TierLoop
    bool active = false;    // compiled, for the present breakpoints
    int32_t countdown = 0;  // entries and loops until it is compiled
    const jit::CompiledFunction* compiled = nullptr;
};

struct Code {
    FunctionInstance* function = nullptr;
    FuncAddr address;
    InstanceContext* context = nullptr;  // of the instance it belongs to
    uint32_t paramSlots = 0, localSlots = 0, resultSlots = 0;
    uint32_t maxSlots = 0;        // locals and operands at their highest
    std::span<Insn> cells;        // in the store's CodeRoom
    std::vector<ValType> locals;  // parameters first
    std::vector<Move> moves;
    std::vector<BranchTarget> branchTargets;
    std::vector<FarAccess> farAccesses;
    std::vector<CastBranch> castBranches;
    std::vector<Slot> constants;  // v128 constants and lanes of shuffles, two slots each
    CatchTable catches;
    std::set<uint32_t> breaks;  // cells with a breakpoint
    TierState tier;
    bool breaksChanged = false;  // the cells do not show it yet: StoreState::unfused
    bool hasGroups = false;      // fuse() was here; before, its entry and its loops count arrivals
    uint8_t arrivals = 0;

    uint32_t cellOf(const Insn* ip) const { return static_cast<uint32_t>(ip - cells.data()); }
    uint32_t offsetOf(const Insn* ip) const { return offsets()[cellOf(ip)]; }
    /// File offset per cell. Read from the file at the first question: most functions are never asked.
    const std::vector<uint32_t>& offsets() const {
        if (m_offsets.empty()) findOffsets();
        return m_offsets;
    }
    /// The cell of the instruction that begins at this file offset, or nothing.
    std::optional<uint32_t> cellAt(uint32_t offset) const;
    uint32_t localSlot(uint32_t local) const;
    uint64_t bytes() const;

    /// Types of the operands before an instruction (bottom first). Kept for later questions if there is room; valid until the next one.
    const std::vector<ValType>& operandTypes(uint32_t cell) const;

private:
    void findOffsets() const;
    mutable std::vector<uint32_t> m_offsets;
    mutable std::unordered_map<uint32_t, std::vector<ValType>> m_operandTypes;
    mutable uint64_t m_operandTypeBytes = 0;
};

}  // namespace engine
