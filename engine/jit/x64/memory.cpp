// Accesses to memory 0. A 32-bit memory with its whole reservation needs no checks: what is out of bounds faults.
#include <bit>

#include "engine/jit/x64/compiler.h"

namespace engine::jit::x64 {

using Kind = Operand::Kind;
namespace I = asmjit::x86::Inst;

x86::Mem FunctionCompiler::address(const Insn& c, uint32_t slot, uint32_t bytes) {
    const uint64_t offset = c.imm;
    const bool isSmall = offset + bytes <= 0x7fffffff;
    if (m_memoryIsGuarded && at(slot).kind == Kind::Constant) {
        const uint64_t sum = static_cast<uint32_t>(at(slot).value) + offset;
        if (sum <= 0x7fffffff) return x86::ptr(kMemory, static_cast<int32_t>(sum), bytes);
    }
    const uint8_t base = general(slot);
    if (m_memoryIsGuarded && isSmall)
        return x86::ptr(kMemory, gp(base), 0, static_cast<int32_t>(offset), bytes);
    const uint8_t t = takeGeneral();
    if (m_memoryIsGuarded) {
        a.mov(gp(t), asmjit::Imm(offset));
        a.add(gp(t), gp(base));
        return x86::ptr(kMemory, gp(t), 0, 0, bytes);
    }
    a.mov(gp(t), asmjit::Imm(offset + bytes));
    a.add(gp(t), gp(base));
    a.jc(exitHere());
    a.cmp(gp(t), contextField(offsetof(NativeContext, memorySize)));
    a.ja(exitHere());
    return x86::ptr(kMemory, gp(t), 0, -static_cast<int32_t>(bytes), bytes);
}

void FunctionCompiler::load(const Insn& c) {
    const auto op = static_cast<Op>(c.plain);
    const uint32_t bytes = accessBytes(op);
    Mem from = address(c, c.a, bytes);
    if (op == Op::F32Load || op == Op::F64Load) {
        const uint8_t result = resultFloat(~0u, ~0u);
        mayFault();
        a.emit(op == Op::F32Load ? I::kIdMovss : I::kIdMovsd, xmm(result), from);
        dropFrom(c.a);
        m_top = c.a + 1;
        return setFloat(c.a, result);
    }
    const uint8_t result = resultGeneral(c.a, ~0u);
    mayFault();
    switch (op) {
    case Op::I32Load:
    case Op::I64Load32U: a.mov(gp(result, false), from); break;
    case Op::I64Load: a.mov(gp(result), from); break;
    case Op::I32Load8U:
    case Op::I32Load16U:
    case Op::I64Load8U:
    case Op::I64Load16U: a.movzx(gp(result, false), from); break;
    case Op::I32Load8S:
    case Op::I32Load16S: a.movsx(gp(result, false), from); break;
    case Op::I64Load8S:
    case Op::I64Load16S: a.movsx(gp(result), from); break;
    default: a.movsxd(gp(result), from); break;
    }
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, result);
}

void FunctionCompiler::store(const Insn& c) {
    const auto op = static_cast<Op>(c.plain);
    const uint32_t bytes = accessBytes(op);
    const Operand& value = at(c.a + 1);
    const bool isFloat = value.kind == Kind::Float ||
                         (value.kind == Kind::Local && m_analysis.localAt(value.local) != Analysis::kNone &&
                          m_analysis.locals()[m_analysis.localAt(value.local)].isFloat);
    if (isFloat) {
        const uint8_t r = floating(c.a + 1);
        const Mem to = address(c, c.a, bytes);
        mayFault();
        a.emit(bytes == 4 ? I::kIdMovss : I::kIdMovsd, to, xmm(r));
        return dropFrom(c.a);
    }
    const bool isImmediate =
        value.kind == Kind::Constant &&
        (bytes < 8 || static_cast<int64_t>(value.value) == static_cast<int32_t>(value.value));
    if (isImmediate) {
        const auto bits = value.value;
        const Mem to = address(c, c.a, bytes);
        mayFault();
        const int64_t immediate = bytes == 1   ? static_cast<int8_t>(bits)
                                  : bytes == 2 ? static_cast<int16_t>(bits)
                                               : static_cast<int32_t>(bits);
        a.mov(to, asmjit::Imm(immediate));
        return dropFrom(c.a);
    }
    const uint8_t r = general(c.a + 1);
    const Mem to = address(c, c.a, bytes);
    mayFault();
    switch (bytes) {
    case 1: a.mov(to, x86::gpb(r)); break;
    case 2: a.mov(to, x86::gpw(r)); break;
    case 4: a.mov(to, gp(r, false)); break;
    default: a.mov(to, gp(r)); break;
    }
    dropFrom(c.a);
}

void FunctionCompiler::memorySize(const Insn& c) {
    if (c.b != 0) return interpret(true);
    m_top = c.a;
    const uint8_t r = resultGeneral(~0u, ~0u);
    a.mov(gp(r), contextField(offsetof(NativeContext, memorySize)));
    if (m_memoryBytesLog2) a.shr(gp(r), m_memoryBytesLog2);
    m_top = c.a + 1;
    setGeneral(c.a, r);
}

bool FunctionCompiler::memory(const Insn& c) {
    uint16_t op = c.plain;
    switch (op) {
#define LOAD(id, ...) case number(Op::id):
#include "engine/numeric.def"
        load(c);
        return true;
#define STORE(id, ...) case number(Op::id):
#include "engine/numeric.def"
        store(c);
        return true;
    case number(Op::MemorySize): memorySize(c); return true;
    default: return bulk(c);
    }
}

}  // namespace engine::jit::x64
