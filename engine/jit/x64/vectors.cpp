// Vectors in registers: where they are, how they move, their lanes, loads and stores. What is computed with them: vector_operations.cpp.
// An operand of two slots is a Vector or a Local in its first slot and Upper in its second, or Home in both. Needs AVX; without it the
// interpreter's handlers do all of this.
#include "engine/jit/x64/compiler.h"

namespace engine::jit::x64 {

using Kind = Operand::Kind;
namespace I = asmjit::x86::Inst;

bool FunctionCompiler::isVectorLocal(uint32_t slot) const {
    const Operand& o = m_operands[slot - m_code->localSlots];
    if (o.kind != Kind::Local) return false;
    const uint8_t index = m_analysis.localAt(o.local);
    return index != Analysis::kNone && m_analysis.locals()[index].isVector;
}

uint8_t FunctionCompiler::vectorRegister(uint32_t slot) {
    const Operand& o = at(slot);
    if (o.kind == Kind::Vector) {
        m_pinnedFloat |= 1u << o.reg;
        return o.reg;
    }
    if (o.kind == Kind::Local) {
        const uint8_t index = m_analysis.localAt(o.local);
        ensureLocal(index);
        return m_analysis.locals()[index].reg;
    }
    const uint8_t r = takeFloat();
    a.vmovups(xmm(r), home(slot, 16));
    setVector(slot, r);
    return r;
}

void FunctionCompiler::setVector(uint32_t slot, uint8_t reg) {
    Operand& o = at(slot);
    o.kind = Kind::Vector;
    o.reg = reg;
    at(slot + 1).kind = Kind::Upper;
    if (!(kScratchFloatMask >> reg & 1)) return;
    m_usedFloat |= 1u << reg;
    m_pinnedFloat |= 1u << reg;
    m_ownerFloat[reg] = slot;
}

/// Where a result may be written that is made of operands `x` and `y`, by the last machine instruction that reads them.
uint8_t FunctionCompiler::resultVector(uint32_t x, uint32_t y) {
    const Insn* c = onlySuccessor();
    if (c && (c->plain == number(InternalOp::LocalSetWide) || c->plain == number(InternalOp::LocalTeeWide))) {
        if (const uint8_t index = m_analysis.localAt(c->b); index != Analysis::kNone) {
            detach(c->b, x, y);
            return m_analysis.locals()[index].reg;
        }
    }
    if (x != ~0u && at(x).kind == Kind::Vector && (kScratchFloatMask >> at(x).reg & 1)) return at(x).reg;
    return takeFloat();
}

/// The result of a cell whose operands, from its `a` on, are no longer needed.
void FunctionCompiler::finishVector(const Insn& c, uint8_t reg) {
    dropFrom(c.a);
    m_top = c.a + 2;
    setVector(c.a, reg);
}

void FunctionCompiler::localGetWide(const Insn& c) {
    m_top = c.a + 2;
    if (m_analysis.localAt(c.b) == Analysis::kNone) {
        const uint8_t r = takeFloat();
        a.vmovups(xmm(r), home(c.b, 16));
        return setVector(c.a, r);
    }
    Operand& o = at(c.a);
    o.kind = Kind::Local;
    o.local = c.b;
    ++m_copies[c.b];
    at(c.a + 1).kind = Kind::Upper;
}

void FunctionCompiler::localSetWide(const Insn& c) {
    const bool isTee = c.plain == number(InternalOp::LocalTeeWide);
    const uint8_t index = m_analysis.localAt(c.b);
    if (at(c.a).kind == Kind::Local && at(c.a).local == c.b) {
        if (!isTee) dropFrom(c.a);
        return;
    }
    detach(c.b, c.a, ~0u);
    const uint8_t r = vectorRegister(c.a);
    if (index == Analysis::kNone) {
        a.vmovups(home(c.b, 16), xmm(r));
        if (!isTee) dropFrom(c.a);
        return;
    }
    const LocalPlace& local = m_analysis.locals()[index];
    if (r != local.reg) a.vmovaps(xmm(local.reg), xmm(r));
    m_state.valid |= 1u << index;
    m_state.clean &= ~(1u << index);
    dropFrom(c.a);
    if (isTee) localGetWide(c);
}

void FunctionCompiler::selectWide(const Insn& c) {
    const uint8_t x = vectorRegister(c.a), y = vectorRegister(c.a + 2);
    const Condition condition = conditionOf(c.a + 4);
    const uint8_t result = takeFloat();
    const asmjit::Label done = a.newLabel();
    a.vmovaps(xmm(result), xmm(x));
    jumpIf(condition, done);
    a.vmovaps(xmm(result), xmm(y));
    a.bind(done);
    m_flagsLive = false;
    finishVector(c, result);
}

bool FunctionCompiler::vectorVariable(const Insn& c) {
    switch (c.plain) {
    case number(InternalOp::LocalGetWide): localGetWide(c); return true;
    case number(InternalOp::LocalSetWide):
    case number(InternalOp::LocalTeeWide): localSetWide(c); return true;
    case number(InternalOp::SelectWide): selectWide(c); return true;
    case number(Op::V128Const): {
        m_top = c.a;
        const auto* halves = reinterpret_cast<const uint64_t*>(c.imm);
        const uint8_t result = resultVector(~0u, ~0u);
        a.vmovups(xmm(result), poolVector(halves[0], halves[1]));
        finishVector(c, result);
        return true;
    }
    case number(InternalOp::GlobalGetWide): {
        m_top = c.a;
        const uint8_t t = takeGeneral();
        a.mov(gp(t), asmjit::Imm(c.imm));
        const uint8_t result = resultVector(~0u, ~0u);
        a.vmovups(xmm(result), x86::ptr(gp(t), 0, 16));
        finishVector(c, result);
        return true;
    }
    case number(InternalOp::GlobalSetWide): {
        const uint8_t x = vectorRegister(c.a), t = takeGeneral();
        a.mov(gp(t), asmjit::Imm(c.imm));
        a.vmovups(x86::ptr(gp(t), 0, 16), xmm(x));
        dropFrom(c.a);
        return true;
    }
    default: return false;
    }
}

void FunctionCompiler::splat(const Insn& c) {
    if (c.plain == number(Op::F32x4Splat) || c.plain == number(Op::F64x2Splat)) {
        const uint8_t x = floating(c.a);
        const uint8_t result = resultVector(~0u, ~0u);
        if (c.plain == number(Op::F32x4Splat))
            a.vshufps(xmm(result), xmm(x), xmm(x), 0);
        else
            a.vmovddup(xmm(result), xmm(x));
        return finishVector(c, result);
    }
    const uint8_t x = general(c.a), t = takeFloat();
    const uint8_t result = resultVector(~0u, ~0u);
    if (c.plain == number(Op::I64x2Splat))
        a.vmovq(xmm(t), gp(x));
    else
        a.vmovd(xmm(t), gp(x, false));
    spread(static_cast<Op>(c.plain), result, t);
    finishVector(c, result);
}

/// The lowest lane into all of them.
void FunctionCompiler::spread(Op splat, uint8_t to, uint8_t from) {
    switch (splat) {
    case Op::I8x16Splat: a.vpshufb(xmm(to), xmm(from), poolVector(0, 0)); break;
    case Op::I16x8Splat:
        a.vpshuflw(xmm(to), xmm(from), 0);
        a.vpshufd(xmm(to), xmm(to), 0);
        break;
    case Op::I32x4Splat: a.vpshufd(xmm(to), xmm(from), 0); break;
    default: a.vpunpcklqdq(xmm(to), xmm(from), xmm(from)); break;
    }
}

/// A lane from a register of the other kind, or from memory, into a copy of `x`.
void FunctionCompiler::insertLane(uint32_t bytes, uint8_t to, uint8_t x, const asmjit::Operand& value,
                                  uint32_t lane) {
    const InstId insert = bytes == 1   ? I::kIdVpinsrb
                          : bytes == 2 ? I::kIdVpinsrw
                          : bytes == 4 ? I::kIdVpinsrd
                                       : I::kIdVpinsrq;
    a.emit(insert, xmm(to), xmm(x), value, asmjit::Imm(lane));
}

bool FunctionCompiler::lane(const Insn& c) {
    const auto op = static_cast<Op>(c.plain);
    switch (op) {
    case Op::I8x16Splat:
    case Op::I16x8Splat:
    case Op::I32x4Splat:
    case Op::I64x2Splat:
    case Op::F32x4Splat:
    case Op::F64x2Splat: splat(c); return true;
    case Op::I8x16ReplaceLane:
    case Op::I16x8ReplaceLane:
    case Op::I32x4ReplaceLane:
    case Op::I64x2ReplaceLane: {
        const uint32_t bytes = 16 / laneCount(op);
        const uint8_t x = vectorRegister(c.a), value = general(c.a + 2);
        const uint8_t result = resultVector(c.a, ~0u);
        insertLane(bytes, result, x, gp(value, bytes == 8), c.b);
        finishVector(c, result);
        return true;
    }
    case Op::F32x4ReplaceLane:
    case Op::F64x2ReplaceLane: {
        const uint8_t x = vectorRegister(c.a), value = floating(c.a + 2);
        const uint8_t result = resultVector(c.a, ~0u);
        if (op == Op::F32x4ReplaceLane)
            a.vinsertps(xmm(result), xmm(x), xmm(value), asmjit::Imm(c.b << 4));
        else if (c.b == 0)
            a.vmovsd(xmm(result), xmm(x), xmm(value));
        else
            a.vpunpcklqdq(xmm(result), xmm(x), xmm(value));
        finishVector(c, result);
        return true;
    }
    case Op::F32x4ExtractLane:
    case Op::F64x2ExtractLane: {
        const uint8_t x = vectorRegister(c.a), result = takeFloat();
        if (op == Op::F32x4ExtractLane)
            a.vinsertps(xmm(result), xmm(x), xmm(x), asmjit::Imm(c.b << 6 | 0xe));  // zeros above
        else if (c.b == 0)
            a.vmovq(xmm(result), xmm(x));
        else
            a.vpsrldq(xmm(result), xmm(x), 8);
        dropFrom(c.a);
        m_top = c.a + 1;
        setFloat(c.a, result);
        return true;
    }
    case Op::I8x16ExtractLaneS:
    case Op::I8x16ExtractLaneU:
    case Op::I16x8ExtractLaneS:
    case Op::I16x8ExtractLaneU:
    case Op::I32x4ExtractLane:
    case Op::I64x2ExtractLane: extractLane(c); return true;
    default: return false;
    }
}

void FunctionCompiler::extractLane(const Insn& c) {
    const uint8_t x = vectorRegister(c.a);
    dropFrom(c.a);
    m_top = c.a;
    const uint8_t r = resultGeneral(~0u, ~0u);
    switch (static_cast<Op>(c.plain)) {
    case Op::I8x16ExtractLaneS:
    case Op::I8x16ExtractLaneU: a.vpextrb(gp(r, false), xmm(x), c.b); break;
    case Op::I16x8ExtractLaneS:
    case Op::I16x8ExtractLaneU: a.vpextrw(gp(r, false), xmm(x), c.b); break;
    case Op::I32x4ExtractLane:
        if (c.b == 0)
            a.vmovd(gp(r, false), xmm(x));
        else
            a.vpextrd(gp(r, false), xmm(x), c.b);
        break;
    default:
        if (c.b == 0)
            a.vmovq(gp(r), xmm(x));
        else
            a.vpextrq(gp(r), xmm(x), c.b);
        break;
    }
    if (c.plain == number(Op::I8x16ExtractLaneS)) a.movsx(gp(r, false), x86::gpb(r));
    if (c.plain == number(Op::I16x8ExtractLaneS)) a.movsx(gp(r, false), x86::gpw(r));
    m_top = c.a + 1;
    setGeneral(c.a, r);
}

void FunctionCompiler::loadVector(const Insn& c) {
    const Op op = m_access.op;
    const Mem from = address(c.a, accessBytes(op));
    const uint8_t result = resultVector(~0u, ~0u), t = takeGeneral();
    mayFault();
    switch (op) {
    case Op::V128Load: a.vmovups(xmm(result), from); break;
    case Op::V128Load8x8S: a.vpmovsxbw(xmm(result), from); break;
    case Op::V128Load8x8U: a.vpmovzxbw(xmm(result), from); break;
    case Op::V128Load16x4S: a.vpmovsxwd(xmm(result), from); break;
    case Op::V128Load16x4U: a.vpmovzxwd(xmm(result), from); break;
    case Op::V128Load32x2S: a.vpmovsxdq(xmm(result), from); break;
    case Op::V128Load32x2U: a.vpmovzxdq(xmm(result), from); break;
    case Op::V128Load32Splat: a.vbroadcastss(xmm(result), from); break;
    case Op::V128Load64Splat: a.vmovddup(xmm(result), from); break;
    case Op::V128Load32Zero: a.vmovss(xmm(result), from); break;
    case Op::V128Load64Zero: a.vmovsd(xmm(result), from); break;
    default:
        a.movzx(gp(t, false), from);
        a.vmovd(xmm(result), gp(t, false));
        spread(op == Op::V128Load8Splat ? Op::I8x16Splat : Op::I16x8Splat, result, result);
        break;
    }
    finishVector(c, result);
}

bool FunctionCompiler::vectorAccess(const Insn& c) {
    const Op op = m_access.op;
    if (!m_hasAvx) return false;
    const uint32_t bytes = accessBytes(op);
    switch (op) {
    case Op::V128Store: {
        const uint8_t x = vectorRegister(c.a + 1);
        const Mem to = address(c.a, bytes);
        mayFault();
        a.vmovups(to, xmm(x));
        dropFrom(c.a);
        return true;
    }
    case Op::V128Load8Lane:
    case Op::V128Load16Lane:
    case Op::V128Load32Lane:
    case Op::V128Load64Lane: {
        const uint8_t x = vectorRegister(c.a + 1);
        const Mem from = address(c.a, bytes);
        const uint8_t result = resultVector(~0u, c.a + 1);
        mayFault();
        insertLane(bytes, result, x, from, m_access.lane);
        finishVector(c, result);
        return true;
    }
    case Op::V128Store8Lane:
    case Op::V128Store16Lane:
    case Op::V128Store32Lane:
    case Op::V128Store64Lane: {
        const uint8_t x = vectorRegister(c.a + 1);
        const Mem to = address(c.a, bytes);
        mayFault();
        const InstId extract = bytes == 1   ? I::kIdVpextrb
                               : bytes == 2 ? I::kIdVpextrw
                               : bytes == 4 ? I::kIdVpextrd
                                            : I::kIdVpextrq;
        a.emit(extract, to, xmm(x), asmjit::Imm(m_access.lane));
        dropFrom(c.a);
        return true;
    }
    default: break;
    }
    if (row(op).prefix != 0xfd) return false;
    loadVector(c);
    return true;
}

bool FunctionCompiler::vector(const Insn& c) {
    if (!m_hasAvx) return false;
    if (vectorVariable(c)) return true;
    if (c.plain >= kOpCount || row(static_cast<Op>(c.plain)).prefix != 0xfd) return false;
    return lane(c) || vectorOperation(c);
}

}  // namespace engine::jit::x64
