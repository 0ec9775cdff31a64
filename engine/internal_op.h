// InternalOp: what a cell of lowered code can hold: the rows of opcodes.def by their own number, then forms of them that the
// interpreter tells apart, then fused groups (fusion.h). Plain numbers, because blocks of them are computed from tables.
#pragma once

#include <array>
#include <cstdint>

#include "engine/opcode.h"

namespace engine {

enum class InternalOp : uint16_t {
    First = kOpCount,
    Break = First,  // a breakpoint stands here; the plain op tells what
    Look,           // in long functions, now and then: whether a yield is to be heard
    Unreached,      // code that validation proved dead
    LocalGetWide,
    LocalSetWide,
    LocalTeeWide,
    GlobalGetWide,
    GlobalSetWide,
    SelectWide,  // v128
    BrMove1,
    BrMoveN,
    BrIfMove1,
    BrIfMoveN,
    Return1,
    ReturnN,
    CallWasm,
    CallCross,
    TierEntry,
    TierLoop,  // the first cell, a loop: where arrivals are counted, and compiled code may be entered
    CallHost,  // resolved forms of call: same instance, another instance, host
    Count,
};

/// How many cells of straight code may pass without a look.
inline constexpr uint32_t kCellsBetweenLooks = 1024;

/// Loads and stores by position in numeric.def, then in simd.def, to number their other forms.
inline constexpr Op kMemoryOps[] = {
#define LOAD(id, ...) Op::id,
#define STORE(id, ...) Op::id,
#include "engine/numeric.def"
#define LOAD(id, ...) Op::id,
#define STORE(id, ...) Op::id,
#define LOAD_LANE(id, ...) Op::id,
#define STORE_LANE(id, ...) Op::id,
#include "engine/simd.def"
};
inline constexpr uint16_t kMemoryOpCount = sizeof(kMemoryOps) / sizeof(kMemoryOps[0]);

// Block after the named internal ops: accesses to a 64-bit memory 0 (imm = offset), then accesses to any memory (b = FarAccess).
inline constexpr uint16_t kWideAccessFirst = static_cast<uint16_t>(InternalOp::Count);
inline constexpr uint16_t kFarAccessFirst = kWideAccessFirst + kMemoryOpCount;
inline constexpr uint16_t kFusedFirst = kFarAccessFirst + kMemoryOpCount;

constexpr uint16_t number(Op op) { return static_cast<uint16_t>(op); }
constexpr uint16_t number(InternalOp op) { return static_cast<uint16_t>(op); }

}  // namespace engine
