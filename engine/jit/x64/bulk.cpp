// memory.copy and memory.fill of small lengths in memory 0. Longer ones are the interpreter's handlers', which hear yields.
#include "engine/execution.h"
#include "engine/jit/x64/compiler.h"

namespace engine::jit::x64 {

using Kind = Operand::Kind;

namespace {

constexpr uint32_t kUnrolledBytesLog2 = 6, kCalledBytesLog2 = 12;
constexpr uint32_t kUnrolledBytes = 1 << kUnrolledBytesLog2;  // at most, of a constant length
constexpr uint32_t kCalledBytes = 1 << kCalledBytesLog2;  // at most, of a length that is known when it runs
static_assert(Execution::kBytesPerTick == 128);

/// Pieces of one width that cover a constant length; the last may overlap the one before.
struct Pieces {
    explicit Pieces(uint32_t length) {
        width = length >= 16 ? 16 : length >= 8 ? 8 : length >= 4 ? 4 : length >= 2 ? 2 : 1;
        for (uint32_t at = 0; at + width < length; at += width)
            places[count++] = static_cast<int32_t>(at);
        places[count++] = static_cast<int32_t>(length - width);
    }
    uint32_t width, count = 0;
    int32_t places[kUnrolledBytes / 16] = {};
};

}  // namespace

void FunctionCompiler::checkBounds(uint8_t address, uint32_t length, uint8_t end,
                                   const asmjit::Label& outside) {
    a.lea(gp(end), x86::ptr(gp(address), static_cast<int32_t>(length)));
    a.cmp(gp(end), contextField(offsetof(NativeContext, bulkSize)));
    a.ja(outside);
}

void FunctionCompiler::lookAround(uint8_t address, uint8_t free, bool isWrite, const asmjit::Label& touched) {
    if (mustLook(isWrite)) look(x86::ptr(kMemory, gp(address)), kUnrolledBytesLog2, isWrite, free, touched);
}

void FunctionCompiler::moveInteger(uint32_t bytes, const Mem& to, uint8_t from) {
    switch (bytes) {
    case 1: a.mov(to, x86::gpb(from)); break;
    case 2: a.mov(to, x86::gpw(from)); break;
    case 4: a.mov(to, gp(from, false)); break;
    default: a.mov(to, gp(from)); break;
    }
}

/// All is read before anything is written, so the ranges may overlap.
void FunctionCompiler::copyUnrolled(const Insn& c, uint32_t length) {
    const Pieces pieces(length);
    const uint8_t to = general(c.a), from = general(c.a + 1);
    const uint8_t t = takeGeneral();
    const asmjit::Label outside = exitHere();
    checkBounds(from, length, t, outside);
    checkBounds(to, length, t, outside);
    lookAround(from, t, false, outside);
    lookAround(to, t, true, outside);
    std::array<uint8_t, std::size(pieces.places)> values{};
    for (uint32_t i = 0; i < pieces.count; ++i) {
        const Mem source = x86::ptr(kMemory, gp(from), 0, pieces.places[i], pieces.width);
        values[i] = pieces.width == 16 ? takeFloat() : i == 0 ? t : takeGeneral();
        if (pieces.width == 16)
            a.movups(xmm(values[i]), source);
        else if (pieces.width == 8)
            a.mov(gp(values[i]), source);
        else if (pieces.width == 4)
            a.mov(gp(values[i], false), source);
        else
            a.movzx(gp(values[i], false), source);
    }
    for (uint32_t i = 0; i < pieces.count; ++i) {
        const Mem target = x86::ptr(kMemory, gp(to), 0, pieces.places[i], pieces.width);
        if (pieces.width == 16)
            a.movups(target, xmm(values[i]));
        else
            moveInteger(pieces.width, target, values[i]);
    }
    dropFrom(c.a);
}

void FunctionCompiler::fillUnrolled(const Insn& c, uint8_t byte, uint32_t length) {
    const Pieces pieces(length);
    const uint8_t to = general(c.a);
    const uint8_t value = takeGeneral();
    const asmjit::Label outside = exitHere();
    checkBounds(to, length, value, outside);
    lookAround(to, value, true, outside);
    loadConstant(value, byte * uint64_t{0x0101010101010101});
    const uint8_t wide = pieces.width == 16 ? takeFloat() : uint8_t{0};
    if (pieces.width == 16) {
        a.movq(xmm(wide), gp(value));
        a.punpcklqdq(xmm(wide), xmm(wide));
    }
    for (uint32_t i = 0; i < pieces.count; ++i) {
        const Mem target = x86::ptr(kMemory, gp(to), 0, pieces.places[i], pieces.width);
        if (pieces.width == 16)
            a.movups(target, xmm(wide));
        else
            moveInteger(pieces.width, target, value);
    }
    dropFrom(c.a);
}

/// Calls memmove or memset. What it takes of the time until the next look is what the handler takes: Execution::spendBytes.
void FunctionCompiler::callBulk(const Insn& c, const uint8_t* stub, bool isCopy) {
    flushOperands();
    leaveRegisters();
    allAtHome();
    const asmjit::Label slow = a.newLabel(), done = a.newLabel(), spent = a.newLabel();
    const auto range = [&](const Gp& start) {
        a.lea(x86::rax, x86::ptr(start, x86::rdx));
        a.cmp(x86::rax, x86::rcx);
        a.ja(slow);
    };
    a.mov(x86::rdx, home(c.a + 2));
    a.mov(x86::rdi, home(c.a));
    a.mov(x86::rsi, home(c.a + 1));
    a.mov(x86::rcx, contextField(offsetof(NativeContext, bulkSize)));
    a.cmp(x86::rdx, asmjit::Imm(kCalledBytes));
    a.ja(slow);
    range(x86::rdi);
    if (isCopy) {
        range(x86::rsi);
        a.add(x86::rsi, kMemory);
    }
    a.add(x86::rdi, kMemory);
    if (mustLook(true)) look(x86::ptr(x86::rdi), kCalledBytesLog2, true, 0, slow);
    if (isCopy && mustLook(false)) look(x86::ptr(x86::rsi), kCalledBytesLog2, false, 0, slow);
    a.mov(x86::ecx, x86::edx);
    a.shr(x86::ecx, 7);
    a.short_().jz(spent);
    a.cmp(kTicks, x86::rcx);
    a.jle(slow);
    a.mov(x86::rax, contextField(offsetof(NativeContext, tickEnd)));
    a.sub(kTicks, x86::rcx);
    a.sub(x86::qword_ptr(x86::rax), x86::rcx);
    a.bind(spent);
    a.call(reinterpret_cast<uint64_t>(stub));
    a.jmp(done);
    a.bind(slow);
    callHandler(c);
    a.bind(done);
    dropFrom(c.a);
}

bool FunctionCompiler::bulk(const Insn& c) {
    const bool isCopy = c.plain == number(Op::MemoryCopy);
    if (!isCopy && c.plain != number(Op::MemoryFill)) return false;
    if (m_memoryIs64 || c.b != 0 || (isCopy && c.c != 0)) return false;
    const Operand& length = at(c.a + 2);
    const Operand& value = at(c.a + 1);
    const bool isShort = length.kind == Kind::Constant && length.value > 0 && length.value <= kUnrolledBytes;
    if (isShort && isCopy)
        copyUnrolled(c, static_cast<uint32_t>(length.value));
    else if (isShort && value.kind == Kind::Constant)
        fillUnrolled(c, static_cast<uint8_t>(value.value), static_cast<uint32_t>(length.value));
    else
        callBulk(c, isCopy ? m_stubs.copyBytes : m_stubs.fillBytes, isCopy);
    return true;
}

}  // namespace engine::jit::x64
