// Stubs: the machine code that all compiled functions share, and constants that they refer to. Made once per CodeArena.
#pragma once

#include "engine/jit/code_arena.h"
#include "engine/jit/native_context.h"

namespace engine::jit::x64 {

struct Stubs {
    using Enter = void (*)(NativeContext*, Slot* frame, const uint8_t* target);
    Enter enter = nullptr;
    const uint8_t* returned = nullptr;          // what the outermost function returns to
    const uint8_t* exit = nullptr;              // number of the exit on the stack
    const uint8_t* interpretedCall = nullptr;   // in the place of a function without code
    const uint8_t* executeCell = nullptr;       // rsi: cell, rcx: code; al: whether it completed
    const uint8_t* executeInFrames = nullptr;   // the same; comes back only if machine code goes on
    const uint8_t* callHostDirectly = nullptr;  // rsi: function, rdx: slots; al: whether it was called
    const uint8_t *copyBytes = nullptr, *fillBytes = nullptr;  // memmove, memset; their parameters
    const uint8_t* fault = nullptr;                            // where the signal handler goes on
    // 16 bytes each
    const uint8_t *abs32 = nullptr, *abs64 = nullptr, *sign32 = nullptr, *sign64 = nullptr;
};

/// False: no room.
bool makeStubs(CodeArena& arena, Stubs& stubs);

}  // namespace engine::jit::x64
