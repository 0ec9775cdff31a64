// MachineCode: what the baseline compiler made of a function, as text: to look at and to learn from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace engine {

struct MachineLine {
    static constexpr uint32_t kNone = ~0u;
    uint32_t offset = 0;           // bytes from where the function's machine code begins
    uint32_t instruction = kNone;  // of the function, by position; kNone: what stands before and behind them
    std::vector<uint8_t> bytes;
    std::string
        text;  // "mov eax, [rbx+0x10]", "jmp +0x2c" (an offset in the function), "jmp <to the interpreter>"
    std::string note;  // what its operands are: "local 2", "memory 0"
};

struct MachineCode {
    uint64_t address = 0;   // where the code lies
    bool isActive = false;  // false: a breakpoint has the function interpreted
    std::string registers;  // of locals: "local 0 in esi, local 2 in xmm7"
    std::vector<MachineLine> lines;
};

}  // namespace engine
