// Which machine register does what in compiled code. All are free to use by a callee, but for the pinned ones.
#pragma once

#include <asmjit/x86.h>

#include <array>

namespace engine::jit::x64 {

namespace x86 = asmjit::x86;

// Pinned
inline constexpr x86::Gp kFrame = x86::rbx;    // base of the frame: slots stand from there on
inline constexpr x86::Gp kTicks = x86::r13;    // Execution::ticksLeft
inline constexpr x86::Gp kContext = x86::r14;  // NativeContext
inline constexpr x86::Gp kMemory = x86::r15;   // base of memory 0

/// Of locals that have a register of their own.
inline constexpr std::array<uint8_t, 6> kLocalGeneral{6, 7, 5, 12, 8, 9};  // rsi rdi rbp r12 r8 r9
inline constexpr std::array<uint8_t, 9> kLocalFloat{7, 8, 9, 10, 11, 12, 13, 14, 15};

/// Of operands, and for a moment; in the order of preference.
inline constexpr std::array<uint8_t, 5> kScratchGeneral{0, 2, 1, 10, 11};  // rax rdx rcx r10 r11
inline constexpr std::array<uint8_t, 7> kScratchFloat{0, 1, 2, 3, 4, 5, 6};

constexpr uint32_t maskOf(auto registers) {
    uint32_t mask = 0;
    for (const uint8_t r : registers)
        mask |= 1u << r;
    return mask;
}
inline constexpr uint32_t kScratchGeneralMask = maskOf(kScratchGeneral);
inline constexpr uint32_t kScratchFloatMask = maskOf(kScratchFloat);

}  // namespace engine::jit::x64
