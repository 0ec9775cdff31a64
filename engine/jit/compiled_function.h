// CompiledFunction: what is known about the machine code of one function, by which its frames turn into the interpreter's and back.
// Owned by the Compiled of its Code, never changed once made. Neutral: machine addresses are offsets into `code`.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "engine/store.h"

namespace engine {
struct Code;
}

namespace engine::jit {

/// Where a value is that is not at its home slot, at an exit.
struct ValuePlace {
    enum class Kind : uint8_t { General, Float, Vector, Constant, Slot } kind = Kind::General;
    uint8_t reg = 0;     // General, Float, Vector
    uint16_t slot = 0;   // home, from the frame base
    uint32_t value = 0;  // Constant: which of the function's; Slot: the slot that holds it
};

/// A place where machine code can be left: a trap, a fault, a tick that ran out, an instruction that the interpreter does.
struct Exit {
    enum class Kind : uint8_t { Instruction, Tick } kind = Kind::Instruction;
    uint16_t validLocals = 0;  // locals with a register of their own that is up to date, by their index there
    uint32_t offset = 0;       // of the machine instruction that may fault; ~0: left by a jump
    uint32_t cell = 0;         // that executes next
    uint32_t firstPlace = 0;   // to that of the next exit
};

/// A call in machine code, of a function or of a host function's short way. `offset` is where it returns to.
struct CallSite {
    uint32_t offset = 0;
    uint32_t cell = 0;
    uint32_t base = 0;  // slot where the callee's frame begins; of no meaning for a host function
};

/// A place where machine code can be entered, with everything at its home slot. The frame register must point `base` slots up.
struct Entry {
    uint32_t cell = 0;
    uint32_t offset = 0;
    uint32_t base = 0;
};

/// A local that lives in a register all through the function.
struct LocalPlace {
    uint32_t slot = 0;
    uint8_t reg = 0;
    bool isFloat = false;
    bool isVector = false;
};

/// Where the targets of a br_table stand among the code: 32-bit distances from `begin`, behind padding from `padding` on.
struct JumpTable {
    uint32_t padding = 0, begin = 0, end = 0;
};

struct CompiledFunction {
    Code* owner = nullptr;
    std::span<const uint8_t> code;  // executable
    uint32_t firstExit = 0;         // number of exits[0] among all of the store
    std::vector<LocalPlace> locals;
    std::vector<Exit> exits;          // those that may fault in the order of their offsets
    std::vector<ValuePlace> places;   // of all exits
    std::vector<uint64_t> constants;  // that are places
    std::vector<CallSite> callSites;  // by offset
    std::vector<Entry> entries;       // by cell
    std::vector<uint8_t> cellSizes;   // LEB128: bytes of code of each cell, the first with what stands before
    std::vector<JumpTable> tables;    // by offset
    uint32_t constantsAt = 0;         // behind all code
    std::set<uint32_t> breaks;        // cells before which it is left

    const Entry* entryAt(uint32_t cell) const;
    const CallSite& callSiteAt(const void* returnAddress) const;
    /// The exit of a faulting instruction, or null.
    const Exit* exitAt(const void* address) const;
    std::span<const ValuePlace> placesOf(const Exit& exit) const;
    /// Where the code of each cell begins, then that of what stands behind them.
    std::vector<uint32_t> cellsAt() const;
    /// Of all that is not code.
    uint64_t tableBytes() const;
    /// Empties what is made anew for each function, and keeps the room.
    void clear();
};

}  // namespace engine::jit
