// Accesses to memories. A 32-bit memory with its whole reservation needs no checks: what is out of bounds faults.
#include <bit>

#include "engine/jit/x64/compiler.h"
#include "engine/store_state.h"

namespace engine::jit::x64 {

using Kind = Operand::Kind;
namespace I = asmjit::x86::Inst;

namespace {

bool hasWholeReservation(const LinearMemory& memory) {
    const MemoryType& type = memory.type();
    return !type.limits.is64 && type.pageSizeLog2 >= 12 && memory.reserved() >= uint64_t{8} << 30;
}

}  // namespace

void FunctionCompiler::lookAtMemory() {
    m_memoryIsGuarded = m_memoryIs64 = false;
    if (m_code->context->memories.empty()) return;
    const LinearMemory& memory = *m_code->context->memories[0];
    m_memoryBytesLog2 = memory.type().pageSizeLog2;
    m_memoryIs64 = memory.type().limits.is64;
    m_memoryIsGuarded = hasWholeReservation(memory);
}

bool FunctionCompiler::findAccess(const Insn& c) {
    m_access = {};
    if (c.plain < kOpCount) {
        m_access.op = static_cast<Op>(c.plain);
        const Imm imm = row(m_access.op).imm;
        if (imm != Imm::MemArg && imm != Imm::MemArgLane) return false;
        if (row(m_access.op).prefix == 0xfe) return false;
        m_access.offset = imm == Imm::MemArgLane ? c.b : c.imm;
        m_access.lane = c.c;
        return true;
    }
    if (c.plain < kWideAccessFirst || c.plain >= kFusedFirst) return false;
    if (c.plain < kFarAccessFirst) {
        m_access.op = kMemoryOps[c.plain - kWideAccessFirst];
        m_access.offset = c.imm;
        return c.imm <= ~uint64_t{0} - 16;
    }
    const FarAccess& far = m_code->farAccesses[c.b];
    const LinearMemory& memory = *m_code->context->memories[far.memory];
    m_access.op = kMemoryOps[c.plain - kFarAccessFirst];
    m_access.offset = far.offset;
    m_access.lane = c.c;
    if (far.memory == 0) return far.offset <= ~uint64_t{0} - 16;
    m_access.base = memory.base();
    return hasWholeReservation(memory);
}

x86::Mem FunctionCompiler::address(uint32_t slot, uint32_t bytes) {
    const uint64_t offset = m_access.offset;
    const bool isSmall = offset + bytes <= 0x7fffffff;
    const bool isGuarded = m_access.base || m_memoryIsGuarded;
    Gp memory = kMemory;
    if (m_access.base) {
        memory = gp(takeGeneral());
        a.mov(memory, asmjit::Imm(reinterpret_cast<uint64_t>(m_access.base)));
    }
    if (isGuarded && at(slot).kind == Kind::Constant) {
        const uint64_t sum = static_cast<uint32_t>(at(slot).value) + offset;
        if (sum <= 0x7fffffff) return x86::ptr(memory, static_cast<int32_t>(sum), bytes);
    }
    const uint8_t index = general(slot);
    if (isGuarded && isSmall) return x86::ptr(memory, gp(index), 0, static_cast<int32_t>(offset), bytes);
    const uint8_t t = takeGeneral();
    if (isGuarded) {
        a.mov(gp(t), asmjit::Imm(offset));
        a.add(gp(t), gp(index));
        return x86::ptr(memory, gp(t), 0, 0, bytes);
    }
    if (isSmall && !m_memoryIs64) {
        a.lea(gp(t), x86::ptr(gp(index), static_cast<int32_t>(offset + bytes)));
    } else {
        a.mov(gp(t), asmjit::Imm(offset + bytes));
        a.add(gp(t), gp(index));
        a.jc(exitHere());
    }
    a.cmp(gp(t), contextField(offsetof(NativeContext, memorySize)));
    a.ja(exitHere());
    return x86::ptr(memory, gp(t), 0, -static_cast<int32_t>(bytes), bytes);
}

void FunctionCompiler::load(const Insn& c) {
    const Op op = m_access.op;
    const uint32_t bytes = accessBytes(op);
    Mem from = address(c.a, bytes);
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
    const uint32_t bytes = accessBytes(m_access.op);
    const Operand& value = at(c.a + 1);
    const bool isFloat = value.kind == Kind::Float ||
                         (value.kind == Kind::Local && m_analysis.localAt(value.local) != Analysis::kNone &&
                          m_analysis.locals()[m_analysis.localAt(value.local)].isFloat);
    if (isFloat) {
        const uint8_t r = floating(c.a + 1);
        const Mem to = address(c.a, bytes);
        mayFault();
        a.emit(bytes == 4 ? I::kIdMovss : I::kIdMovsd, to, xmm(r));
        return dropFrom(c.a);
    }
    const bool isImmediate =
        value.kind == Kind::Constant &&
        (bytes < 8 || static_cast<int64_t>(value.value) == static_cast<int32_t>(value.value));
    if (isImmediate) {
        const auto bits = value.value;
        const Mem to = address(c.a, bytes);
        mayFault();
        const int64_t immediate = bytes == 1   ? static_cast<int8_t>(bits)
                                  : bytes == 2 ? static_cast<int16_t>(bits)
                                               : static_cast<int32_t>(bits);
        a.mov(to, asmjit::Imm(immediate));
        return dropFrom(c.a);
    }
    const uint8_t r = general(c.a + 1);
    const Mem to = address(c.a, bytes);
    mayFault();
    moveInteger(bytes, to, r);
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
    if (c.plain == number(Op::MemorySize)) {
        memorySize(c);
        return true;
    }
    if (!findAccess(c)) return bulk(c);
    switch (number(m_access.op)) {
#define LOAD(id, ...) case number(Op::id):
#include "engine/numeric.def"
        load(c);
        return true;
#define STORE(id, ...) case number(Op::id):
#include "engine/numeric.def"
        store(c);
        return true;
    default: return vectorAccess(c);
    }
}

}  // namespace engine::jit::x64
