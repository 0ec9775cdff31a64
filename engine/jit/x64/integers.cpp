// Integer instructions.
#include <limits>

#include "engine/jit/x64/compiler.h"

namespace engine::jit::x64 {

using Kind = Operand::Kind;
namespace I = asmjit::x86::Inst;

namespace {

constexpr x86::CondCode kCodes[] = {
    x86::CondCode::kE,  x86::CondCode::kNE, x86::CondCode::kL,  x86::CondCode::kGE, x86::CondCode::kG,
    x86::CondCode::kLE, x86::CondCode::kB,  x86::CondCode::kAE, x86::CondCode::kA,  x86::CondCode::kBE};

}  // namespace

Condition negated(Condition c) { return static_cast<Condition>(static_cast<uint8_t>(c) ^ 1); }

Condition mirrored(Condition c) {
    switch (c) {
    case Condition::Less: return Condition::Greater;
    case Condition::Greater: return Condition::Less;
    case Condition::LessEqual: return Condition::GreaterEqual;
    case Condition::GreaterEqual: return Condition::LessEqual;
    case Condition::Below: return Condition::Above;
    case Condition::Above: return Condition::Below;
    case Condition::BelowEqual: return Condition::AboveEqual;
    case Condition::AboveEqual: return Condition::BelowEqual;
    default: return c;
    }
}

void FunctionCompiler::jumpIf(Condition c, const asmjit::Label& target) {
    if (c == Condition::FloatEqual) {
        const asmjit::Label unordered = a.newLabel();
        a.short_().jp(unordered);
        a.je(target);
        a.bind(unordered);
    } else if (c == Condition::FloatNotEqual) {
        a.jp(target);
        a.jne(target);
    } else {
        a.j(kCodes[static_cast<size_t>(c)], target);
    }
}

void FunctionCompiler::setCondition(Condition c, uint32_t slot) {
    const uint8_t r = takeGeneral();
    if (c == Condition::FloatEqual || c == Condition::FloatNotEqual) {
        const uint8_t other = takeGeneral();
        const bool equal = c == Condition::FloatEqual;
        a.set(equal ? x86::CondCode::kNP : x86::CondCode::kP, x86::gpb(other));
        a.set(equal ? x86::CondCode::kE : x86::CondCode::kNE, x86::gpb(r));
        if (equal)
            a.and_(gp(r, false), gp(other, false));
        else
            a.or_(gp(r, false), gp(other, false));
    } else {
        a.set(kCodes[static_cast<size_t>(c)], x86::gpb(r));
    }
    a.movzx(gp(r, false), x86::gpb(r));
    setGeneral(slot, r);
}

Condition FunctionCompiler::conditionOf(uint32_t slot) {
    if (at(slot).kind == Kind::Condition) return at(slot).condition;
    const uint8_t r = general(slot);
    a.test(gp(r, false), gp(r, false));
    m_flagsLive = true;
    return Condition::NotEqual;
}

void FunctionCompiler::alu(InstId inst, bool wide, bool commutes, const Insn& c) {
    uint32_t x = c.a, y = c.a + 1;
    if (commutes) {
        const uint32_t next = nextLocal(false);
        const bool yIsTarget = next != Analysis::kNone && at(y).kind == Kind::Local &&
                               at(y).local == m_analysis.locals()[next].slot;
        const bool yIsFree = at(y).kind == Kind::General && at(x).kind != Kind::General;
        if (at(x).kind == Kind::Constant || yIsTarget || yIsFree) std::swap(x, y);
    }
    const bool xInPlace = at(x).kind == Kind::Home || at(x).kind == Kind::Constant ||
                          (at(x).kind == Kind::Local && m_analysis.localAt(at(x).local) == Analysis::kNone);
    const asmjit::Operand right = source(y, wide);
    asmjit::Operand left;
    if (xInPlace)
        left = source(x, wide);
    else
        left = gp(general(x), wide);
    const uint8_t result = resultGeneral(x, y);
    const Gp target = gp(result, wide);
    if (left == target) {
        a.emit(inst, target, right);
    } else if (inst == I::kIdAdd && left.isReg() && right.isReg()) {
        a.lea(target, x86::ptr(left.as<Gp>().r64(), right.as<Gp>().r64()));
    } else if (inst == I::kIdAdd && left.isReg() && right.isImm()) {
        a.lea(target, x86::ptr(left.as<Gp>().r64(), static_cast<int32_t>(right.as<asmjit::Imm>().value())));
    } else {
        a.emit(I::kIdMov, target, left);
        a.emit(inst, target, right);
    }
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, result);
}

void FunctionCompiler::multiply(bool wide, const Insn& c) {
    uint32_t x = c.a, y = c.a + 1;
    if (at(x).kind == Kind::Constant) std::swap(x, y);
    const asmjit::Operand right = source(y, wide);
    if (right.isImm()) {
        const uint8_t left = general(x);
        const uint8_t result = resultGeneral(x, y);
        a.imul(gp(result, wide), gp(left, wide), right.as<asmjit::Imm>());
        dropFrom(c.a);
        m_top = c.a + 1;
        return setGeneral(c.a, result);
    }
    alu(I::kIdImul, wide, true, c);
}

void FunctionCompiler::shift(InstId byImmediate, InstId byRegister, bool wide, const Insn& c) {
    const Operand& count = at(c.a + 1);
    if (count.kind == Kind::Constant) {
        const auto bits = static_cast<uint32_t>(count.value) & (wide ? 63 : 31);
        const uint8_t left = general(c.a);
        const uint8_t result = resultGeneral(c.a, ~0u);
        if (left != result) a.mov(gp(result, wide), gp(left, wide));
        if (bits) a.emit(byImmediate, gp(result, wide), asmjit::Imm(bits));
        dropFrom(c.a);
        m_top = c.a + 1;
        return setGeneral(c.a, result);
    }
    if (byRegister == 0 || !m_hasBmi2) return rotate(byImmediate, wide, c);
    const uint8_t y = general(c.a + 1), x = general(c.a);
    const uint8_t result = resultGeneral(c.a, ~0u);
    a.emit(byRegister, gp(result, wide), gp(x, wide), gp(y, wide));
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, result);
}

/// By cl.
void FunctionCompiler::rotate(InstId inst, bool wide, const Insn& c) {
    const uint8_t count = general(c.a + 1);
    if (count != x86::rcx.id()) {
        takeRegister(static_cast<uint8_t>(x86::rcx.id()));
        a.mov(x86::ecx, gp(count, false));
    }
    m_pinnedGeneral |= 1u << x86::rcx.id();
    const uint8_t x = general(c.a);
    const uint8_t result = takeGeneral();
    a.mov(gp(result, wide), gp(x, wide));
    a.emit(inst, gp(result, wide), x86::cl);
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, result);
}

void FunctionCompiler::divide(bool wide, bool isSigned, bool remainder, const Insn& c) {
    const auto rax = static_cast<uint8_t>(x86::rax.id()), rdx = static_cast<uint8_t>(x86::rdx.id());
    takeRegister(rax);
    takeRegister(rdx);
    uint8_t y = general(c.a + 1);
    const uint8_t x = general(c.a);
    if (y == rax || y == rdx) {
        const uint8_t other = takeGeneral();
        a.mov(gp(other), gp(y));
        release(c.a + 1);
        setGeneral(c.a + 1, other);
        y = other;
    }
    a.test(gp(y, wide), gp(y, wide));
    a.jz(exitHere());
    const asmjit::Label done = a.newLabel();
    asmjit::Label minusOne;
    if (isSigned) {
        const asmjit::Label ordinary = a.newLabel();
        a.cmp(gp(y, wide), -1);
        if (remainder) {
            minusOne = a.newLabel();
            a.je(minusOne);
        } else {
            a.short_().jne(ordinary);
            if (wide) {
                a.mov(x86::rdx, asmjit::Imm(std::numeric_limits<int64_t>::min()));
                a.cmp(gp(x), x86::rdx);
            } else {
                a.cmp(gp(x, false), asmjit::Imm(static_cast<int32_t>(0x80000000)));
            }
            a.je(exitHere());
            a.bind(ordinary);
        }
    }
    if (x != rax) a.mov(gp(rax, wide), gp(x, wide));
    if (isSigned) {
        if (wide)
            a.cqo();
        else
            a.cdq();
        a.idiv(gp(y, wide));
    } else {
        a.xor_(x86::edx, x86::edx);
        a.div(gp(y, wide));
    }
    if (isSigned && remainder) {
        a.short_().jmp(done);
        a.bind(minusOne);
        a.xor_(x86::edx, x86::edx);
        a.bind(done);
    }
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, remainder ? rdx : rax);
}

void FunctionCompiler::compare(Condition condition, bool wide, const Insn& c) {
    uint32_t x = c.a, y = c.a + 1;
    if (at(x).kind == Kind::Constant && at(y).kind != Kind::Constant) {
        std::swap(x, y);
        condition = mirrored(condition);
    }
    const asmjit::Operand right = source(y, wide);
    const uint8_t left = general(x);
    if (right.isImm() && right.as<asmjit::Imm>().value() == 0)
        a.test(gp(left, wide), gp(left, wide));
    else
        a.emit(I::kIdCmp, gp(left, wide), right);
    dropFrom(c.a);
    m_top = c.a + 1;
    at(c.a).kind = Kind::Condition;
    at(c.a).condition = condition;
    m_flagsLive = true;
}

void FunctionCompiler::isZero(bool wide, const Insn& c) {
    if (at(c.a).kind == Kind::Condition) {
        at(c.a).condition = negated(at(c.a).condition);
        return;
    }
    const uint8_t r = general(c.a);
    a.test(gp(r, wide), gp(r, wide));
    dropFrom(c.a);
    m_top = c.a + 1;
    at(c.a).kind = Kind::Condition;
    at(c.a).condition = Condition::Equal;
    m_flagsLive = true;
}

void FunctionCompiler::countBits(InstId inst, bool wide, const Insn& c) {
    const bool has = inst == I::kIdPopcnt ? m_hasPopcnt : inst == I::kIdLzcnt ? m_hasLzcnt : m_hasBmi1;
    if (!has) return interpret(true);
    const uint8_t x = general(c.a);
    const uint8_t result = resultGeneral(c.a, ~0u);
    if (result != x) a.xor_(gp(result, false), gp(result, false));  // these wait for their target otherwise
    a.emit(inst, gp(result, wide), gp(x, wide));
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, result);
}

void FunctionCompiler::extend(const Insn& c) {
    const uint8_t x = general(c.a);
    const uint8_t r = resultGeneral(c.a, ~0u);
    switch (c.plain) {
    case number(Op::I32Extend8S): a.movsx(gp(r, false), x86::gpb(x)); break;
    case number(Op::I32Extend16S): a.movsx(gp(r, false), x86::gpw(x)); break;
    case number(Op::I64Extend8S): a.movsx(gp(r), x86::gpb(x)); break;
    case number(Op::I64Extend16S): a.movsx(gp(r), x86::gpw(x)); break;
    case number(Op::I64Extend32S):
    case number(Op::I64ExtendI32S): a.movsxd(gp(r), gp(x, false)); break;
    case number(Op::I64ExtendI32U):
        if (r != x) a.mov(gp(r, false), gp(x, false));
        break;
    default: a.mov(gp(r, false), gp(x, false)); break;  // i32.wrap_i64
    }
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, r);
}

bool FunctionCompiler::integer(const Insn& c) {
    if (c.plain >= kOpCount) return false;
    switch (static_cast<Op>(c.plain)) {
    case Op::I32Eq: compare(Condition::Equal, false, c); return true;
    case Op::I32Ne: compare(Condition::NotEqual, false, c); return true;
    case Op::I32LtS: compare(Condition::Less, false, c); return true;
    case Op::I32LtU: compare(Condition::Below, false, c); return true;
    case Op::I32GtS: compare(Condition::Greater, false, c); return true;
    case Op::I32GtU: compare(Condition::Above, false, c); return true;
    case Op::I32LeS: compare(Condition::LessEqual, false, c); return true;
    case Op::I32LeU: compare(Condition::BelowEqual, false, c); return true;
    case Op::I32GeS: compare(Condition::GreaterEqual, false, c); return true;
    case Op::I32GeU: compare(Condition::AboveEqual, false, c); return true;
    case Op::I64Eq: compare(Condition::Equal, true, c); return true;
    case Op::I64Ne: compare(Condition::NotEqual, true, c); return true;
    case Op::I64LtS: compare(Condition::Less, true, c); return true;
    case Op::I64LtU: compare(Condition::Below, true, c); return true;
    case Op::I64GtS: compare(Condition::Greater, true, c); return true;
    case Op::I64GtU: compare(Condition::Above, true, c); return true;
    case Op::I64LeS: compare(Condition::LessEqual, true, c); return true;
    case Op::I64LeU: compare(Condition::BelowEqual, true, c); return true;
    case Op::I64GeS: compare(Condition::GreaterEqual, true, c); return true;
    case Op::I64GeU: compare(Condition::AboveEqual, true, c); return true;
    case Op::I32Add: alu(I::kIdAdd, false, true, c); return true;
    case Op::I32Sub: alu(I::kIdSub, false, false, c); return true;
    case Op::I32And: alu(I::kIdAnd, false, true, c); return true;
    case Op::I32Or: alu(I::kIdOr, false, true, c); return true;
    case Op::I32Xor: alu(I::kIdXor, false, true, c); return true;
    case Op::I64Add: alu(I::kIdAdd, true, true, c); return true;
    case Op::I64Sub: alu(I::kIdSub, true, false, c); return true;
    case Op::I64And: alu(I::kIdAnd, true, true, c); return true;
    case Op::I64Or: alu(I::kIdOr, true, true, c); return true;
    case Op::I64Xor: alu(I::kIdXor, true, true, c); return true;
    case Op::I32Mul: multiply(false, c); return true;
    case Op::I64Mul: multiply(true, c); return true;
    case Op::I32Shl: shift(I::kIdShl, I::kIdShlx, false, c); return true;
    case Op::I32ShrS: shift(I::kIdSar, I::kIdSarx, false, c); return true;
    case Op::I32ShrU: shift(I::kIdShr, I::kIdShrx, false, c); return true;
    case Op::I32Rotl: shift(I::kIdRol, 0, false, c); return true;
    case Op::I32Rotr: shift(I::kIdRor, 0, false, c); return true;
    case Op::I64Shl: shift(I::kIdShl, I::kIdShlx, true, c); return true;
    case Op::I64ShrS: shift(I::kIdSar, I::kIdSarx, true, c); return true;
    case Op::I64ShrU: shift(I::kIdShr, I::kIdShrx, true, c); return true;
    case Op::I64Rotl: shift(I::kIdRol, 0, true, c); return true;
    case Op::I64Rotr: shift(I::kIdRor, 0, true, c); return true;
    case Op::I32DivS: divide(false, true, false, c); return true;
    case Op::I32DivU: divide(false, false, false, c); return true;
    case Op::I32RemS: divide(false, true, true, c); return true;
    case Op::I32RemU: divide(false, false, true, c); return true;
    case Op::I64DivS: divide(true, true, false, c); return true;
    case Op::I64DivU: divide(true, false, false, c); return true;
    case Op::I64RemS: divide(true, true, true, c); return true;
    case Op::I64RemU: divide(true, false, true, c); return true;
    case Op::I32Eqz: isZero(false, c); return true;
    case Op::I64Eqz:
    case Op::RefIsNull: isZero(true, c); return true;
    case Op::RefEq: compare(Condition::Equal, true, c); return true;
    case Op::I32Clz: countBits(I::kIdLzcnt, false, c); return true;
    case Op::I32Ctz: countBits(I::kIdTzcnt, false, c); return true;
    case Op::I32Popcnt: countBits(I::kIdPopcnt, false, c); return true;
    case Op::I64Clz: countBits(I::kIdLzcnt, true, c); return true;
    case Op::I64Ctz: countBits(I::kIdTzcnt, true, c); return true;
    case Op::I64Popcnt: countBits(I::kIdPopcnt, true, c); return true;
    case Op::I32Extend8S:
    case Op::I32Extend16S:
    case Op::I64Extend8S:
    case Op::I64Extend16S:
    case Op::I64Extend32S:
    case Op::I64ExtendI32S:
    case Op::I64ExtendI32U:
    case Op::I32WrapI64: extend(c); return true;
    default: return false;
    }
}

}  // namespace engine::jit::x64
