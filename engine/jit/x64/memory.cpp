// Accesses to memories. A 32-bit memory with its whole reservation needs no checks: what is out of bounds faults.
#include <bit>

#include "engine/jit/jit.h"
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

bool isStore(Op op) {
    switch (op) {
#define STORE(id, ...) case Op::id:
#include "engine/numeric.def"
#define STORE(id, ...) case Op::id:
#define STORE_LANE(id, ...) case Op::id:
#include "engine/simd.def"
        return true;
    default: return false;
    }
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

bool FunctionCompiler::mustLook(bool isWrite) const {
    return m_jit->looks() == Looks::AtAll || (isWrite && m_jit->looks() == Looks::AtWrites);
}

void FunctionCompiler::look(const Mem& at, uint32_t bytesLog2, bool isWrite, uint8_t free,
                            const asmjit::Label& touched) {
    const size_t watched =
        isWrite ? offsetof(NativeContext, watchedWrites) : offsetof(NativeContext, watchedReads);
    a.lea(gp(free), at.cloneAdjusted((int64_t{1} << bytesLog2) - 1));
    a.sub(gp(free), contextField(watched + offsetof(WatchedBytes, begin)));
    a.cmp(gp(free),
          contextField(watched + offsetof(WatchedBytes, spans) + bytesLog2 * sizeof(WatchedBytes::spans[0])));
    a.jb(touched);
}

/// What lies between two watched places is no touch if its page has none.
void FunctionCompiler::lookCloser(const Look& l) {
    const size_t watched =
        l.isWrite ? offsetof(NativeContext, watchedWrites) : offsetof(NativeContext, watchedReads);
    a.bind(l.native);
    a.add(gp(l.reg), contextField(watched + offsetof(WatchedBytes, begin)));
    a.sub(gp(l.reg), (1 << l.bytesLog2) - 1);
    a.shr(gp(l.reg), std::countr_zero(WatchFilter::kPage));
    a.and_(gp(l.reg, false), 63);
    a.bt(contextField(watched + offsetof(WatchedBytes, pages)), gp(l.reg));
    a.jnc(l.back);
    a.jmp(l.touched);
}

x86::Mem FunctionCompiler::address(uint32_t slot, uint32_t bytes) {
    const Mem at = place(slot, bytes);
    const bool isWrite = isStore(m_access.op);
    if (!mustLook(isWrite)) return at;
    const uint8_t free = takeGeneral();
    const Look l{a.newLabel(), a.newLabel(), exitHere(), free, static_cast<uint8_t>(std::countr_zero(bytes)),
                 isWrite};
    look(at, l.bytesLog2, isWrite, free, l.native);
    a.bind(l.back);
    m_looks.push_back(l);
    return at;
}

x86::Mem FunctionCompiler::place(uint32_t slot, uint32_t bytes) {
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
    if (isFloatOperand(c.a + 1)) {
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
