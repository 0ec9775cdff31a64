// Handlers: what executes the cells of lowered code, one function per op. With tail calls a handler jumps to the next one; otherwise
// (sanitizers, unoptimised builds) it returns the next cell to a loop. A handler that stops stores where and why in Execution and
// returns null. Each handlers_*.cpp fills its part of the table.
#pragma once

#include <bit>
#include <cstring>
#include <vector>

#include "engine/execution.h"
#include "engine/numeric.h"

#ifndef ENGINE_TAIL_CALLS
#if defined(NDEBUG) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define ENGINE_TAIL_CALLS 1
#else
#define ENGINE_TAIL_CALLS 0
#endif
#endif

// The parameters of every handler, and what it passes on to the next one.
#define HANDLER_PARAMETERS [[maybe_unused]] const Insn *ip, HANDLER_PARAMETERS_REST
#define HANDLER_PARAMETERS_REST                                                              \
    [[maybe_unused]] Slot *fp, [[maybe_unused]] Execution *x, [[maybe_unused]] uint8_t *mem, \
        [[maybe_unused]] uint64_t memSize, [[maybe_unused]] const Handler *table
#define HANDLER_REST fp, x, mem, memSize, table

namespace engine {

using HandlerTable = std::vector<Handler>;

void addControlHandlers(HandlerTable& table);
void addNumericHandlers(HandlerTable& table);
void addMemoryHandlers(HandlerTable& table);
void addVectorHandlers(HandlerTable& table);
void addTableHandlers(HandlerTable& table);
void addAtomicHandlers(HandlerTable& table);
void addExceptionHandlers(HandlerTable& table);
void addTierHandlers(HandlerTable& table);
void addFusedHandlers(HandlerTable& table);
/// Those of loads and stores, as they are while memory is watched.
void addWatchedGroups(HandlerTable& table);
/// Behind the last op of all.
uint16_t fusedEnd();

/// By op; built once.
const Handler* allHandlers();
/// The same while memory is watched.
const Handler* watchingHandlers();
/// Every entry stops: the instruction before it was the one of a single step.
const Handler* stopHandlers();
/// Every entry runs the plain instruction of the cell and goes on so.
const Handler* plainHandlers();

/// Executes the plain instruction of a cell, then goes on as before.
const Insn* dispatchPlain(HANDLER_PARAMETERS);
/// What a handler run with stopHandlers() came to: whether it completed, with x->frame->ip behind it. Without tail calls it returns where
/// it would go on.
inline bool completed(const Insn* next, Execution* x) {
    if (next) x->stopAt(next, StopKind::Stepped);
    return x->stop == StopKind::Stepped;
}

/// Executes a cell that calls a host function, like its handler run with stopHandlers(). The same.
bool completeHostCall(const Insn* ip, Execution* x);

/// Goes on at `ip`.
[[gnu::always_inline]] inline const Insn* dispatch(HANDLER_PARAMETERS) {
#if ENGINE_TAIL_CALLS
    return table[ip->op].run(ip, HANDLER_REST);
#else
    return ip;
#endif
}

/// Runs until something stops. The state must be stored in x (frame->ip says where to begin).
void runHandlers(Execution* x, const Handler* table);
/// Executes the plain instruction at frame->ip, then goes on by `table`.
void runPlain(Execution* x, const Handler* table);

/// Cold ends of handlers, with their signature so that they are jumped to.
/// A fused group found that a member will trap: nothing was written yet, so its plain cells, one by one, end in that trap exactly.
const Insn* replayPlain(HANDLER_PARAMETERS);
/// Ticks ran out: looks at yield and limits, then goes on at ip.
const Insn* lookAround(HANDLER_PARAMETERS);
/// Stops before `ip` if a yield was asked for, else goes on there.
const Insn* hearYield(HANDLER_PARAMETERS);
/// Between two slices of a bulk operation whose operands say what is left: whether a yield stops it now, also a step.
bool yieldInside(const Insn* ip, Execution* x);
/// Goes on at `ip`, behind an instruction that may have done much (Execution::spend): code without ticks hears a yield here.
[[gnu::always_inline]] inline const Insn* goOn(HANDLER_PARAMETERS) {
    if (__builtin_expect(x->ticksLeft <= 1, 0)) return hearYield(ip, HANDLER_REST);
    return dispatch(ip, HANDLER_REST);
}
const Insn* trapAt(const Insn* ip, Execution* x, Trap trap);
const Insn* trapAt(const Insn* ip, Execution* x, TrapKind kind);
/// An instruction whose c is a segment reads beyond its `size`: bytes (OutOfBoundsMemory) or elements (OutOfBoundsTable).
const Insn* outsideSegment(const Insn* ip, Execution* x, TrapKind kind, uint64_t at, uint64_t size);

// Slots. i32 and f32 are kept zero-extended, so that equal states are equal bytes. A v128 is read and written from its first slot on.
template <class T>
[[gnu::always_inline]] inline T read(const Slot& slot) {
    if constexpr (sizeof(T) == 16) {
        T value;
        std::memcpy(&value, &slot, sizeof(T));
        return value;
    } else if constexpr (sizeof(T) == 4) {
        return std::bit_cast<T>(static_cast<uint32_t>(slot));
    } else {
        return std::bit_cast<T>(slot);
    }
}
template <class T>
[[gnu::always_inline]] inline void write(Slot& slot, T value) {
    if constexpr (sizeof(T) == 16)
        std::memcpy(&slot, &value, sizeof(T));
    else if constexpr (sizeof(T) == 4)
        slot = std::bit_cast<uint32_t>(value);
    else
        slot = std::bit_cast<uint64_t>(value);
}
template <class T>
[[gnu::always_inline]] inline T readMemory(const uint8_t* at) {
    T value;
    std::memcpy(&value, at, sizeof(T));
    return value;
}
template <class T>
[[gnu::always_inline]] inline void writeMemory(uint8_t* at, T value) {
    std::memcpy(at, &value, sizeof(T));
}

}  // namespace engine
