// Floating-point instructions. An f32 in a register has zeros above it up to bit 63, as at home.
#include <bit>
#include <limits>

#include "engine/jit/x64/compiler.h"

namespace engine::jit::x64 {

using Kind = Operand::Kind;
namespace I = asmjit::x86::Inst;

void FunctionCompiler::floatBinary(InstId sse, InstId avx, bool isDouble, const Insn& c) {
    const asmjit::Operand right = floatSource(c.a + 1, isDouble ? 8 : 4);
    const uint8_t left = floating(c.a);
    const uint8_t result = resultFloat(c.a, c.a + 1);
    if (m_hasAvx) {
        a.emit(avx, xmm(result), xmm(left), right);
    } else {
        if (left != result) a.movaps(xmm(result), xmm(left));
        a.emit(sse, xmm(result), right);
    }
    dropFrom(c.a);
    m_top = c.a + 1;
    setFloat(c.a, result);
}

/// f32.min … as numeric.h has it: equal operands may be zeros of two signs; a NaN comes out quiet.
void FunctionCompiler::floatExtreme(bool isMin, bool isDouble, const Insn& c) {
    const uint8_t y = floating(c.a + 1), x = floating(c.a);
    const uint8_t result = takeFloat();
    const asmjit::Label isNan = a.newLabel(), done = a.newLabel();
    a.movaps(xmm(result), xmm(x));
    a.emit(isMin ? (isDouble ? I::kIdMinsd : I::kIdMinss) : (isDouble ? I::kIdMaxsd : I::kIdMaxss),
           xmm(result), xmm(y));
    a.emit(isDouble ? I::kIdUcomisd : I::kIdUcomiss, xmm(x), xmm(y));
    a.short_().jne(done);
    a.movaps(xmm(result), xmm(x));
    a.short_().jp(isNan);
    a.emit(isMin ? I::kIdOrps : I::kIdAndps, xmm(result), xmm(y));
    a.short_().jmp(done);
    a.bind(isNan);
    a.emit(isDouble ? I::kIdAddsd : I::kIdAddss, xmm(result), xmm(y));
    a.bind(done);
    dropFrom(c.a);
    m_top = c.a + 1;
    setFloat(c.a, result);
}

/// abs and neg.
void FunctionCompiler::floatSign(const Insn& c) {
    const bool isDouble = c.plain == number(Op::F64Abs) || c.plain == number(Op::F64Neg);
    const bool isAbs = c.plain == number(Op::F32Abs) || c.plain == number(Op::F64Abs);
    const uint8_t* mask =
        isAbs ? (isDouble ? m_stubs.abs64 : m_stubs.abs32) : (isDouble ? m_stubs.sign64 : m_stubs.sign32);
    const uint8_t x = floating(c.a);
    const uint8_t result = resultFloat(c.a, ~0u);
    if (x != result) a.movaps(xmm(result), xmm(x));
    const Mem bits = x86::ptr(reinterpret_cast<uint64_t>(mask), 16);
    if (isAbs)
        a.andps(xmm(result), bits);
    else
        a.xorps(xmm(result), bits);
    dropFrom(c.a);
    m_top = c.a + 1;
    setFloat(c.a, result);
}

void FunctionCompiler::copySign(bool isDouble, const Insn& c) {
    const uint8_t y = floating(c.a + 1), x = floating(c.a);
    const uint8_t result = takeFloat(), sign = takeFloat();
    a.movaps(xmm(result), xmm(x));
    a.movaps(xmm(sign), xmm(y));
    a.andps(xmm(result), x86::ptr(reinterpret_cast<uint64_t>(isDouble ? m_stubs.abs64 : m_stubs.abs32), 16));
    a.andps(xmm(sign), x86::ptr(reinterpret_cast<uint64_t>(isDouble ? m_stubs.sign64 : m_stubs.sign32), 16));
    a.orps(xmm(result), xmm(sign));
    dropFrom(c.a);
    m_top = c.a + 1;
    setFloat(c.a, result);
}

/// sqrt (rounding < 0), ceil, floor, trunc, nearest.
void FunctionCompiler::floatUnary(InstId sse, InstId avx, int rounding, bool isDouble, const Insn& c) {
    (void)avx;
    (void)isDouble;
    if (rounding >= 0 && !m_hasSse41) return interpret(true);
    const uint8_t x = floating(c.a);
    const uint8_t result = resultFloat(c.a, ~0u);
    if (x != result) a.movaps(xmm(result), xmm(x));
    if (rounding < 0)
        a.emit(sse, xmm(result), xmm(x));
    else
        a.emit(sse, xmm(result), xmm(x), asmjit::Imm(rounding | 8));
    dropFrom(c.a);
    m_top = c.a + 1;
    setFloat(c.a, result);
}

void FunctionCompiler::floatCompare(Condition condition, bool exchange, bool isDouble, const Insn& c) {
    const uint32_t x = exchange ? c.a + 1 : c.a, y = exchange ? c.a : c.a + 1;
    const asmjit::Operand right = floatSource(y, isDouble ? 8 : 4);
    const uint8_t left = floating(x);
    a.emit(isDouble ? I::kIdUcomisd : I::kIdUcomiss, xmm(left), right);
    dropFrom(c.a);
    m_top = c.a + 1;
    at(c.a).kind = Kind::Condition;
    at(c.a).condition = condition;
    m_flagsLive = true;
}

void FunctionCompiler::convertFromInteger(bool isDouble, bool wide, bool isSigned, const Insn& c) {
    const uint8_t x = general(c.a);
    const uint8_t result = resultFloat(~0u, ~0u);
    const Xmm target = xmm(result);
    const InstId convert = isDouble ? I::kIdCvtsi2sd : I::kIdCvtsi2ss;
    a.xorps(target, target);
    if (isSigned || !wide) {
        a.emit(convert, target, gp(x, wide || !isSigned));
    } else {
        // Half of it, with the lowest bit kept for the rounding, where the sign bit is set.
        const uint8_t half = takeGeneral(), bit = takeGeneral();
        const asmjit::Label large = a.newLabel(), done = a.newLabel();
        a.test(gp(x), gp(x));
        a.short_().js(large);
        a.emit(convert, target, gp(x));
        a.short_().jmp(done);
        a.bind(large);
        a.mov(gp(half), gp(x));
        a.mov(gp(bit, false), gp(x, false));
        a.shr(gp(half), 1);
        a.and_(gp(bit, false), 1);
        a.or_(gp(half), gp(bit));
        a.emit(convert, target, gp(half));
        a.emit(isDouble ? I::kIdAddsd : I::kIdAddss, target, target);
        a.bind(done);
    }
    dropFrom(c.a);
    m_top = c.a + 1;
    setFloat(c.a, result);
}

/// Traps are the interpreter's.
void FunctionCompiler::truncate(bool isDouble, bool wide, bool isSigned, bool saturates, const Insn& c) {
    if (saturates) return saturate(isDouble, wide, isSigned, c);
    const uint8_t x = floating(c.a);
    const uint8_t result = takeGeneral();
    const InstId convert = isDouble ? I::kIdCvttsd2si : I::kIdCvttss2si;
    if (isSigned) {
        a.emit(convert, gp(result, wide), xmm(x));
        a.cmp(gp(result, wide), 1);
        checkLeast(isDouble, wide, x);
    } else if (wide) {
        // From 2^63 on: less that, and its bit set. NaN, negative and too large values stay negative.
        const asmjit::Label done = a.newLabel();
        const uint8_t rest = takeFloat();
        a.emit(convert, gp(result), xmm(x));
        a.test(gp(result), gp(result));
        a.short_().jns(done);
        a.movaps(xmm(rest), xmm(x));
        subtract2To63(isDouble, rest);
        a.emit(convert, gp(result), xmm(rest));
        a.test(gp(result), gp(result));
        a.js(exitHere());
        a.bts(gp(result), 63);
        a.bind(done);
    } else {
        const uint8_t high = takeGeneral();
        a.emit(convert, gp(result), xmm(x));
        a.mov(gp(high), gp(result));
        a.shr(gp(high), 32);
        a.jnz(exitHere());
    }
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, result);
}

/// Overflow says that a conversion gave the least integer, which stands for all that does not fit too: traps, unless it is right.
void FunctionCompiler::checkLeast(bool isDouble, bool wide, uint8_t x) {
    const InstId compareWith = isDouble ? I::kIdUcomisd : I::kIdUcomiss;
    const double below = wide ? (isDouble ? -0x1.0000000000001p63 : -0x1.000002p63)
                              : (isDouble ? -0x1.00000002p31 : -0x1.000002p31);
    const auto place = [&](double value) {
        const uint64_t bits =
            isDouble ? std::bit_cast<uint64_t>(value) : std::bit_cast<uint32_t>(static_cast<float>(value));
        return x86::ptr(poolConstant(bits), 0, isDouble ? 8 : 4);
    };
    const asmjit::Label fits = a.newLabel(), trap = exitHere();
    a.short_().jno(fits);
    a.emit(compareWith, xmm(x), place(below));
    a.jbe(trap);  // or no number
    a.emit(compareWith, xmm(x), place(0));
    a.jae(trap);
    a.bind(fits);
}

void FunctionCompiler::subtract2To63(bool isDouble, uint8_t reg) {
    const uint64_t bits = isDouble ? 0x43e0000000000000 : 0x5f000000;
    a.emit(isDouble ? I::kIdSubsd : I::kIdSubss, xmm(reg), x86::ptr(poolConstant(bits), 0, isDouble ? 8 : 4));
}

/// The usual value at once; what saturates or is no number behind a branch.
void FunctionCompiler::saturate(bool isDouble, bool wide, bool isSigned, const Insn& c) {
    const InstId convert = isDouble ? I::kIdCvttsd2si : I::kIdCvttss2si;
    const InstId compareWith = isDouble ? I::kIdUcomisd : I::kIdUcomiss;
    const uint8_t x = floating(c.a);
    const uint8_t result = takeGeneral(), zero = takeFloat();
    const asmjit::Label done = a.newLabel(), isNumber = a.newLabel();
    if (isSigned) {
        a.emit(convert, gp(result, wide), xmm(x));
        a.cmp(gp(result, wide), 1);
        a.short_().jno(done);
        a.emit(compareWith, xmm(x), xmm(x));
        a.short_().jnp(isNumber);
        a.xor_(gp(result, false), gp(result, false));
        a.short_().jmp(done);
        a.bind(isNumber);
        a.xorps(xmm(zero), xmm(zero));
        a.emit(compareWith, xmm(x), xmm(zero));
        a.short_().jb(done);  // the least value, which stands there
        if (wide)
            a.mov(gp(result), asmjit::Imm(std::numeric_limits<int64_t>::max()));
        else
            a.mov(gp(result, false), asmjit::Imm(0x7fffffff));
    } else {
        const asmjit::Label large = a.newLabel();
        a.xorps(xmm(zero), xmm(zero));
        a.xor_(gp(result, false), gp(result, false));
        a.emit(compareWith, xmm(x), xmm(zero));
        a.short_().jbe(done);  // not above zero, or no number
        a.emit(convert, gp(result), xmm(x));
        if (wide) {
            a.test(gp(result), gp(result));
            a.short_().jns(done);
            a.movaps(xmm(zero), xmm(x));
            subtract2To63(isDouble, zero);
            a.emit(convert, gp(result), xmm(zero));
            a.test(gp(result), gp(result));
            a.short_().js(large);
            a.bts(gp(result), 63);
            a.short_().jmp(done);
            a.bind(large);
            a.mov(gp(result), asmjit::Imm(-1));
        } else {
            const uint8_t high = takeGeneral();
            a.mov(gp(high), gp(result));
            a.shr(gp(high), 32);
            a.short_().jz(done);
            a.mov(gp(result, false), asmjit::Imm(0xffffffff));
        }
    }
    a.bind(done);
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, result);
}

void FunctionCompiler::convertFloat(bool toDouble, const Insn& c) {
    const uint8_t x = floating(c.a);
    const uint8_t result = takeFloat();
    a.xorps(xmm(result), xmm(result));
    if (toDouble)
        a.cvtss2sd(xmm(result), xmm(x));
    else
        a.cvtsd2ss(xmm(result), xmm(x));
    dropFrom(c.a);
    m_top = c.a + 1;
    setFloat(c.a, result);
}

void FunctionCompiler::reinterpret(bool toFloat, bool isDouble, const Insn& c) {
    (void)isDouble;
    if (toFloat) {
        const uint8_t x = general(c.a);
        const uint8_t result = resultFloat(~0u, ~0u);
        a.movq(xmm(result), gp(x));
        dropFrom(c.a);
        m_top = c.a + 1;
        return setFloat(c.a, result);
    }
    const uint8_t x = floating(c.a);
    const uint8_t result = resultGeneral(~0u, ~0u);
    a.movq(gp(result), xmm(x));
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, result);
}

bool FunctionCompiler::floating(const Insn& c) {
    if (c.plain >= kOpCount) return false;
    switch (static_cast<Op>(c.plain)) {
    case Op::F32Eq: floatCompare(Condition::FloatEqual, false, false, c); return true;
    case Op::F32Ne: floatCompare(Condition::FloatNotEqual, false, false, c); return true;
    case Op::F32Lt: floatCompare(Condition::Above, true, false, c); return true;
    case Op::F32Gt: floatCompare(Condition::Above, false, false, c); return true;
    case Op::F32Le: floatCompare(Condition::AboveEqual, true, false, c); return true;
    case Op::F32Ge: floatCompare(Condition::AboveEqual, false, false, c); return true;
    case Op::F64Eq: floatCompare(Condition::FloatEqual, false, true, c); return true;
    case Op::F64Ne: floatCompare(Condition::FloatNotEqual, false, true, c); return true;
    case Op::F64Lt: floatCompare(Condition::Above, true, true, c); return true;
    case Op::F64Gt: floatCompare(Condition::Above, false, true, c); return true;
    case Op::F64Le: floatCompare(Condition::AboveEqual, true, true, c); return true;
    case Op::F64Ge: floatCompare(Condition::AboveEqual, false, true, c); return true;
    case Op::F32Add: floatBinary(I::kIdAddss, I::kIdVaddss, false, c); return true;
    case Op::F32Sub: floatBinary(I::kIdSubss, I::kIdVsubss, false, c); return true;
    case Op::F32Mul: floatBinary(I::kIdMulss, I::kIdVmulss, false, c); return true;
    case Op::F32Div: floatBinary(I::kIdDivss, I::kIdVdivss, false, c); return true;
    case Op::F64Add: floatBinary(I::kIdAddsd, I::kIdVaddsd, true, c); return true;
    case Op::F64Sub: floatBinary(I::kIdSubsd, I::kIdVsubsd, true, c); return true;
    case Op::F64Mul: floatBinary(I::kIdMulsd, I::kIdVmulsd, true, c); return true;
    case Op::F64Div: floatBinary(I::kIdDivsd, I::kIdVdivsd, true, c); return true;
    case Op::F32Min: floatExtreme(true, false, c); return true;
    case Op::F32Max: floatExtreme(false, false, c); return true;
    case Op::F64Min: floatExtreme(true, true, c); return true;
    case Op::F64Max: floatExtreme(false, true, c); return true;
    case Op::F32Abs:
    case Op::F32Neg:
    case Op::F64Abs:
    case Op::F64Neg: floatSign(c); return true;
    case Op::F32Copysign: copySign(false, c); return true;
    case Op::F64Copysign: copySign(true, c); return true;
    case Op::F32Sqrt: floatUnary(I::kIdSqrtss, 0, -1, false, c); return true;
    case Op::F64Sqrt: floatUnary(I::kIdSqrtsd, 0, -1, true, c); return true;
    case Op::F32Nearest: floatUnary(I::kIdRoundss, 0, 0, false, c); return true;
    case Op::F32Floor: floatUnary(I::kIdRoundss, 0, 1, false, c); return true;
    case Op::F32Ceil: floatUnary(I::kIdRoundss, 0, 2, false, c); return true;
    case Op::F32Trunc: floatUnary(I::kIdRoundss, 0, 3, false, c); return true;
    case Op::F64Nearest: floatUnary(I::kIdRoundsd, 0, 0, true, c); return true;
    case Op::F64Floor: floatUnary(I::kIdRoundsd, 0, 1, true, c); return true;
    case Op::F64Ceil: floatUnary(I::kIdRoundsd, 0, 2, true, c); return true;
    case Op::F64Trunc: floatUnary(I::kIdRoundsd, 0, 3, true, c); return true;
    case Op::F32ConvertI32S: convertFromInteger(false, false, true, c); return true;
    case Op::F32ConvertI32U: convertFromInteger(false, false, false, c); return true;
    case Op::F32ConvertI64S: convertFromInteger(false, true, true, c); return true;
    case Op::F32ConvertI64U: convertFromInteger(false, true, false, c); return true;
    case Op::F64ConvertI32S: convertFromInteger(true, false, true, c); return true;
    case Op::F64ConvertI32U: convertFromInteger(true, false, false, c); return true;
    case Op::F64ConvertI64S: convertFromInteger(true, true, true, c); return true;
    case Op::F64ConvertI64U: convertFromInteger(true, true, false, c); return true;
    case Op::I32TruncF32S: truncate(false, false, true, false, c); return true;
    case Op::I32TruncF32U: truncate(false, false, false, false, c); return true;
    case Op::I32TruncF64S: truncate(true, false, true, false, c); return true;
    case Op::I32TruncF64U: truncate(true, false, false, false, c); return true;
    case Op::I64TruncF32S: truncate(false, true, true, false, c); return true;
    case Op::I64TruncF32U: truncate(false, true, false, false, c); return true;
    case Op::I64TruncF64S: truncate(true, true, true, false, c); return true;
    case Op::I64TruncF64U: truncate(true, true, false, false, c); return true;
    case Op::F32DemoteF64: convertFloat(false, c); return true;
    case Op::F64PromoteF32: convertFloat(true, c); return true;
    case Op::I32ReinterpretF32:
    case Op::I64ReinterpretF64: reinterpret(false, true, c); return true;
    case Op::F32ReinterpretI32:
    case Op::F64ReinterpretI64: reinterpret(true, true, c); return true;
    case Op::I32TruncSatF32S: truncate(false, false, true, true, c); return true;
    case Op::I32TruncSatF32U: truncate(false, false, false, true, c); return true;
    case Op::I32TruncSatF64S: truncate(true, false, true, true, c); return true;
    case Op::I32TruncSatF64U: truncate(true, false, false, true, c); return true;
    case Op::I64TruncSatF32S: truncate(false, true, true, true, c); return true;
    case Op::I64TruncSatF32U: truncate(false, true, false, true, c); return true;
    case Op::I64TruncSatF64S: truncate(true, true, true, true, c); return true;
    case Op::I64TruncSatF64U: truncate(true, true, false, true, c); return true;
    default: return false;
    }
}

}  // namespace engine::jit::x64
