// What is computed with vectors, by AVX. Operands stay as they are until the last instruction, which alone writes the result.
#include "engine/jit/x64/compiler.h"

namespace engine::jit::x64 {

namespace I = asmjit::x86::Inst;

namespace {

/// How an instruction is made of machine instructions `inst` and `second`.
enum class Form : uint8_t {
    None,
    Binary,
    Exchanged,  // of y and x
    Not,        // Binary, and all bits inverted
    NotExchanged,
    Extreme,     // inst says the greater or lesser, second whether that is x
    NotExtreme,  // … is not
    Compare,     // of floats; second: the predicate
    Unary,
    Upper,  // Unary of the upper half
    Round,  // second: the mode
    Negate,
    Shift,  // by a count modulo the width of a lane
    ExtendLow,
    ExtendHigh,  // both operands are extended by second, then Binary
    Products,    // inst: lower halves of the products, second: upper ones; those of the lower lanes
    UpperProducts,
    AllTrue,
    Mask
};

struct VectorRow {
    Op op;
    Form form;
    uint32_t inst;
    uint32_t second = 0;
};

constexpr VectorRow kRows[] = {
    {Op::V128And, Form::Binary, I::kIdVpand},
    {Op::V128Or, Form::Binary, I::kIdVpor},
    {Op::V128Xor, Form::Binary, I::kIdVpxor},
    {Op::V128Andnot, Form::Exchanged, I::kIdVpandn},
    {Op::I8x16Add, Form::Binary, I::kIdVpaddb},
    {Op::I8x16Sub, Form::Binary, I::kIdVpsubb},
    {Op::I8x16AddSatS, Form::Binary, I::kIdVpaddsb},
    {Op::I8x16AddSatU, Form::Binary, I::kIdVpaddusb},
    {Op::I8x16SubSatS, Form::Binary, I::kIdVpsubsb},
    {Op::I8x16SubSatU, Form::Binary, I::kIdVpsubusb},
    {Op::I8x16AvgrU, Form::Binary, I::kIdVpavgb},
    {Op::I8x16MinS, Form::Binary, I::kIdVpminsb},
    {Op::I8x16MinU, Form::Binary, I::kIdVpminub},
    {Op::I8x16MaxS, Form::Binary, I::kIdVpmaxsb},
    {Op::I8x16MaxU, Form::Binary, I::kIdVpmaxub},
    {Op::I8x16Eq, Form::Binary, I::kIdVpcmpeqb},
    {Op::I8x16Ne, Form::Not, I::kIdVpcmpeqb},
    {Op::I8x16GtS, Form::Binary, I::kIdVpcmpgtb},
    {Op::I8x16LtS, Form::Exchanged, I::kIdVpcmpgtb},
    {Op::I8x16GeS, Form::Extreme, I::kIdVpmaxsb, I::kIdVpcmpeqb},
    {Op::I8x16LeS, Form::Extreme, I::kIdVpminsb, I::kIdVpcmpeqb},
    {Op::I8x16GeU, Form::Extreme, I::kIdVpmaxub, I::kIdVpcmpeqb},
    {Op::I8x16LeU, Form::Extreme, I::kIdVpminub, I::kIdVpcmpeqb},
    {Op::I8x16GtU, Form::NotExtreme, I::kIdVpminub, I::kIdVpcmpeqb},
    {Op::I8x16LtU, Form::NotExtreme, I::kIdVpmaxub, I::kIdVpcmpeqb},
    {Op::I8x16Abs, Form::Unary, I::kIdVpabsb},
    {Op::I8x16Neg, Form::Negate, I::kIdVpsubb},
    {Op::I8x16AllTrue, Form::AllTrue, I::kIdVpcmpeqb},
    {Op::I8x16Bitmask, Form::Mask, I::kIdVpmovmskb},
    {Op::I16x8Add, Form::Binary, I::kIdVpaddw},
    {Op::I16x8Sub, Form::Binary, I::kIdVpsubw},
    {Op::I16x8Mul, Form::Binary, I::kIdVpmullw},
    {Op::I16x8AddSatS, Form::Binary, I::kIdVpaddsw},
    {Op::I16x8AddSatU, Form::Binary, I::kIdVpaddusw},
    {Op::I16x8SubSatS, Form::Binary, I::kIdVpsubsw},
    {Op::I16x8SubSatU, Form::Binary, I::kIdVpsubusw},
    {Op::I16x8AvgrU, Form::Binary, I::kIdVpavgw},
    {Op::I16x8MinS, Form::Binary, I::kIdVpminsw},
    {Op::I16x8MinU, Form::Binary, I::kIdVpminuw},
    {Op::I16x8MaxS, Form::Binary, I::kIdVpmaxsw},
    {Op::I16x8MaxU, Form::Binary, I::kIdVpmaxuw},
    {Op::I16x8Eq, Form::Binary, I::kIdVpcmpeqw},
    {Op::I16x8Ne, Form::Not, I::kIdVpcmpeqw},
    {Op::I16x8GtS, Form::Binary, I::kIdVpcmpgtw},
    {Op::I16x8LtS, Form::Exchanged, I::kIdVpcmpgtw},
    {Op::I16x8GeS, Form::Extreme, I::kIdVpmaxsw, I::kIdVpcmpeqw},
    {Op::I16x8LeS, Form::Extreme, I::kIdVpminsw, I::kIdVpcmpeqw},
    {Op::I16x8GeU, Form::Extreme, I::kIdVpmaxuw, I::kIdVpcmpeqw},
    {Op::I16x8LeU, Form::Extreme, I::kIdVpminuw, I::kIdVpcmpeqw},
    {Op::I16x8GtU, Form::NotExtreme, I::kIdVpminuw, I::kIdVpcmpeqw},
    {Op::I16x8LtU, Form::NotExtreme, I::kIdVpmaxuw, I::kIdVpcmpeqw},
    {Op::I16x8Abs, Form::Unary, I::kIdVpabsw},
    {Op::I16x8Neg, Form::Negate, I::kIdVpsubw},
    {Op::I16x8Shl, Form::Shift, I::kIdVpsllw},
    {Op::I16x8ShrS, Form::Shift, I::kIdVpsraw},
    {Op::I16x8ShrU, Form::Shift, I::kIdVpsrlw},
    {Op::I16x8AllTrue, Form::AllTrue, I::kIdVpcmpeqw},
    {Op::I16x8ExtendLowI8x16S, Form::Unary, I::kIdVpmovsxbw},
    {Op::I16x8ExtendLowI8x16U, Form::Unary, I::kIdVpmovzxbw},
    {Op::I16x8ExtendHighI8x16S, Form::Upper, I::kIdVpmovsxbw},
    {Op::I16x8ExtendHighI8x16U, Form::Upper, I::kIdVpmovzxbw},
    {Op::I16x8ExtmulLowI8x16S, Form::ExtendLow, I::kIdVpmullw, I::kIdVpmovsxbw},
    {Op::I16x8ExtmulLowI8x16U, Form::ExtendLow, I::kIdVpmullw, I::kIdVpmovzxbw},
    {Op::I16x8ExtmulHighI8x16S, Form::ExtendHigh, I::kIdVpmullw, I::kIdVpmovsxbw},
    {Op::I16x8ExtmulHighI8x16U, Form::ExtendHigh, I::kIdVpmullw, I::kIdVpmovzxbw},
    {Op::I8x16NarrowI16x8S, Form::Binary, I::kIdVpacksswb},
    {Op::I8x16NarrowI16x8U, Form::Binary, I::kIdVpackuswb},
    {Op::I32x4Add, Form::Binary, I::kIdVpaddd},
    {Op::I32x4Sub, Form::Binary, I::kIdVpsubd},
    {Op::I32x4Mul, Form::Binary, I::kIdVpmulld},
    {Op::I32x4MinS, Form::Binary, I::kIdVpminsd},
    {Op::I32x4MinU, Form::Binary, I::kIdVpminud},
    {Op::I32x4MaxS, Form::Binary, I::kIdVpmaxsd},
    {Op::I32x4MaxU, Form::Binary, I::kIdVpmaxud},
    {Op::I32x4Eq, Form::Binary, I::kIdVpcmpeqd},
    {Op::I32x4Ne, Form::Not, I::kIdVpcmpeqd},
    {Op::I32x4GtS, Form::Binary, I::kIdVpcmpgtd},
    {Op::I32x4LtS, Form::Exchanged, I::kIdVpcmpgtd},
    {Op::I32x4GeS, Form::Extreme, I::kIdVpmaxsd, I::kIdVpcmpeqd},
    {Op::I32x4LeS, Form::Extreme, I::kIdVpminsd, I::kIdVpcmpeqd},
    {Op::I32x4GeU, Form::Extreme, I::kIdVpmaxud, I::kIdVpcmpeqd},
    {Op::I32x4LeU, Form::Extreme, I::kIdVpminud, I::kIdVpcmpeqd},
    {Op::I32x4GtU, Form::NotExtreme, I::kIdVpminud, I::kIdVpcmpeqd},
    {Op::I32x4LtU, Form::NotExtreme, I::kIdVpmaxud, I::kIdVpcmpeqd},
    {Op::I32x4Abs, Form::Unary, I::kIdVpabsd},
    {Op::I32x4Neg, Form::Negate, I::kIdVpsubd},
    {Op::I32x4Shl, Form::Shift, I::kIdVpslld},
    {Op::I32x4ShrS, Form::Shift, I::kIdVpsrad},
    {Op::I32x4ShrU, Form::Shift, I::kIdVpsrld},
    {Op::I32x4AllTrue, Form::AllTrue, I::kIdVpcmpeqd},
    {Op::I32x4Bitmask, Form::Mask, I::kIdVmovmskps},
    {Op::I32x4DotI16x8S, Form::Binary, I::kIdVpmaddwd},
    {Op::I32x4ExtendLowI16x8S, Form::Unary, I::kIdVpmovsxwd},
    {Op::I32x4ExtendLowI16x8U, Form::Unary, I::kIdVpmovzxwd},
    {Op::I32x4ExtendHighI16x8S, Form::Upper, I::kIdVpmovsxwd},
    {Op::I32x4ExtendHighI16x8U, Form::Upper, I::kIdVpmovzxwd},
    {Op::I32x4ExtmulLowI16x8S, Form::Products, I::kIdVpmullw, I::kIdVpmulhw},
    {Op::I32x4ExtmulLowI16x8U, Form::Products, I::kIdVpmullw, I::kIdVpmulhuw},
    {Op::I32x4ExtmulHighI16x8S, Form::UpperProducts, I::kIdVpmullw, I::kIdVpmulhw},
    {Op::I32x4ExtmulHighI16x8U, Form::UpperProducts, I::kIdVpmullw, I::kIdVpmulhuw},
    {Op::I16x8NarrowI32x4S, Form::Binary, I::kIdVpackssdw},
    {Op::I16x8NarrowI32x4U, Form::Binary, I::kIdVpackusdw},
    {Op::I64x2Add, Form::Binary, I::kIdVpaddq},
    {Op::I64x2Sub, Form::Binary, I::kIdVpsubq},
    {Op::I64x2Eq, Form::Binary, I::kIdVpcmpeqq},
    {Op::I64x2Ne, Form::Not, I::kIdVpcmpeqq},
    {Op::I64x2GtS, Form::Binary, I::kIdVpcmpgtq},
    {Op::I64x2LtS, Form::Exchanged, I::kIdVpcmpgtq},
    {Op::I64x2LeS, Form::Not, I::kIdVpcmpgtq},
    {Op::I64x2GeS, Form::NotExchanged, I::kIdVpcmpgtq},
    {Op::I64x2Neg, Form::Negate, I::kIdVpsubq},
    {Op::I64x2Shl, Form::Shift, I::kIdVpsllq},
    {Op::I64x2ShrU, Form::Shift, I::kIdVpsrlq},
    {Op::I64x2AllTrue, Form::AllTrue, I::kIdVpcmpeqq},
    {Op::I64x2Bitmask, Form::Mask, I::kIdVmovmskpd},
    {Op::I64x2ExtendLowI32x4S, Form::Unary, I::kIdVpmovsxdq},
    {Op::I64x2ExtendLowI32x4U, Form::Unary, I::kIdVpmovzxdq},
    {Op::I64x2ExtendHighI32x4S, Form::Upper, I::kIdVpmovsxdq},
    {Op::I64x2ExtendHighI32x4U, Form::Upper, I::kIdVpmovzxdq},
    {Op::I64x2ExtmulLowI32x4S, Form::ExtendLow, I::kIdVpmuldq, I::kIdVpmovsxdq},
    {Op::I64x2ExtmulLowI32x4U, Form::ExtendLow, I::kIdVpmuludq, I::kIdVpmovzxdq},
    {Op::I64x2ExtmulHighI32x4S, Form::ExtendHigh, I::kIdVpmuldq, I::kIdVpmovsxdq},
    {Op::I64x2ExtmulHighI32x4U, Form::ExtendHigh, I::kIdVpmuludq, I::kIdVpmovzxdq},
    {Op::F32x4Add, Form::Binary, I::kIdVaddps},
    {Op::F32x4Sub, Form::Binary, I::kIdVsubps},
    {Op::F32x4Mul, Form::Binary, I::kIdVmulps},
    {Op::F32x4Div, Form::Binary, I::kIdVdivps},
    {Op::F32x4Pmin, Form::Exchanged, I::kIdVminps},
    {Op::F32x4Pmax, Form::Exchanged, I::kIdVmaxps},
    {Op::F32x4Sqrt, Form::Unary, I::kIdVsqrtps},
    {Op::F32x4Ceil, Form::Round, I::kIdVroundps, 10},
    {Op::F32x4Floor, Form::Round, I::kIdVroundps, 9},
    {Op::F32x4Trunc, Form::Round, I::kIdVroundps, 11},
    {Op::F32x4Nearest, Form::Round, I::kIdVroundps, 8},
    {Op::F32x4Eq, Form::Compare, I::kIdVcmpps, 0},
    {Op::F32x4Ne, Form::Compare, I::kIdVcmpps, 4},
    {Op::F32x4Lt, Form::Compare, I::kIdVcmpps, 0x11},
    {Op::F32x4Le, Form::Compare, I::kIdVcmpps, 0x12},
    {Op::F32x4Gt, Form::Compare, I::kIdVcmpps, 0x1e},
    {Op::F32x4Ge, Form::Compare, I::kIdVcmpps, 0x1d},
    {Op::F32x4ConvertI32x4S, Form::Unary, I::kIdVcvtdq2ps},
    {Op::F32x4DemoteF64x2Zero, Form::Unary, I::kIdVcvtpd2ps},
    {Op::F64x2Add, Form::Binary, I::kIdVaddpd},
    {Op::F64x2Sub, Form::Binary, I::kIdVsubpd},
    {Op::F64x2Mul, Form::Binary, I::kIdVmulpd},
    {Op::F64x2Div, Form::Binary, I::kIdVdivpd},
    {Op::F64x2Pmin, Form::Exchanged, I::kIdVminpd},
    {Op::F64x2Pmax, Form::Exchanged, I::kIdVmaxpd},
    {Op::F64x2Sqrt, Form::Unary, I::kIdVsqrtpd},
    {Op::F64x2Ceil, Form::Round, I::kIdVroundpd, 10},
    {Op::F64x2Floor, Form::Round, I::kIdVroundpd, 9},
    {Op::F64x2Trunc, Form::Round, I::kIdVroundpd, 11},
    {Op::F64x2Nearest, Form::Round, I::kIdVroundpd, 8},
    {Op::F64x2Eq, Form::Compare, I::kIdVcmppd, 0},
    {Op::F64x2Ne, Form::Compare, I::kIdVcmppd, 4},
    {Op::F64x2Lt, Form::Compare, I::kIdVcmppd, 0x11},
    {Op::F64x2Le, Form::Compare, I::kIdVcmppd, 0x12},
    {Op::F64x2Gt, Form::Compare, I::kIdVcmppd, 0x1e},
    {Op::F64x2Ge, Form::Compare, I::kIdVcmppd, 0x1d},
    {Op::F64x2ConvertLowI32x4S, Form::Unary, I::kIdVcvtdq2pd},
    {Op::F64x2PromoteLowF32x4, Form::Unary, I::kIdVcvtps2pd},
};

constexpr auto kRowOf = [] {
    std::array<uint8_t, kOpCount> rows{};
    for (size_t i = 0; i < std::size(kRows); ++i)
        rows[number(kRows[i].op)] = static_cast<uint8_t>(i + 1);
    return rows;
}();
static_assert(std::size(kRows) < 255);

constexpr uint64_t eachByte(uint64_t value) { return value * 0x0101010101010101; }
constexpr uint64_t eachWord(uint64_t value) { return value * 0x0001000100010001; }
constexpr uint64_t eachHalf(uint64_t value) { return value << 32 | value; }

}  // namespace

x86::Mem FunctionCompiler::poolVector(uint64_t low, uint64_t high) {
    const auto [at, isNew] = m_vectorPool.try_emplace({low, high});
    if (isNew) at->second = a.newLabel();
    return x86::ptr(at->second, 0, 16);
}

/// The count modulo the width of a lane, in a vector register; a constant one is an immediate.
void FunctionCompiler::shiftVector(const Insn& c, uint32_t inst) {
    const uint32_t mask = 128 / laneCount(static_cast<Op>(c.plain)) - 1;
    const uint8_t x = vectorRegister(c.a);
    if (const Operand& count = at(c.a + 2); count.kind == Operand::Kind::Constant) {
        const auto by = static_cast<uint32_t>(count.value) & mask;
        const uint8_t result = resultVector(c.a, ~0u);
        a.emit(inst, xmm(result), xmm(x), asmjit::Imm(by));
        return finishVector(c, result);
    }
    const uint8_t count = shiftCount(c, mask, 0);
    const uint8_t result = resultVector(c.a, ~0u);
    a.emit(inst, xmm(result), xmm(x), xmm(count));
    finishVector(c, result);
}

uint8_t FunctionCompiler::shiftCount(const Insn& c, uint32_t mask, uint32_t added) {
    const uint8_t count = general(c.a + 2), t = takeGeneral(), y = takeFloat();
    a.mov(gp(t, false), gp(count, false));
    a.and_(gp(t, false), asmjit::Imm(mask));
    if (added) a.add(gp(t, false), asmjit::Imm(added));
    a.vmovd(xmm(y), gp(t, false));
    return y;
}

/// There are none of bytes: those of 16-bit lanes, and what came from the neighbour is cleared.
void FunctionCompiler::shiftBytes(const Insn& c) {
    const uint8_t x = vectorRegister(c.a);
    const Xmm t = xmm(takeFloat()), u = xmm(takeFloat());
    if (c.plain == number(Op::I8x16ShrS)) {
        const Xmm count = xmm(shiftCount(c, 7, 8));
        a.vpunpckhbw(t, xmm(x), xmm(x));
        a.vpunpcklbw(u, xmm(x), xmm(x));
        a.vpsraw(t, t, count);
        a.vpsraw(u, u, count);
        const uint8_t result = resultVector(c.a, ~0u);
        a.vpacksswb(xmm(result), u, t);
        return finishVector(c, result);
    }
    const bool isLeft = c.plain == number(Op::I8x16Shl);
    const Xmm count = xmm(shiftCount(c, 7, 0));
    a.vpcmpeqw(t, t, t);
    a.vpsrlw(t, t, 8);
    a.vpsrlw(t, t, count);
    a.vpackuswb(t, t, t);  // 0xff >> count
    if (isLeft)
        a.vpand(u, t, xmm(x));
    else
        a.vpsrlw(u, xmm(x), count);
    const uint8_t result = resultVector(c.a, ~0u);
    if (isLeft)
        a.vpsllw(xmm(result), u, count);
    else
        a.vpand(xmm(result), u, t);
    finishVector(c, result);
}

/// A result of 0 or 1, or of a few bits, in a general register.
void FunctionCompiler::vectorTest(const Insn& c, uint32_t inst) {
    const uint8_t x = vectorRegister(c.a);
    const Op op = static_cast<Op>(c.plain);
    if (op == Op::V128AnyTrue || row(op).text.ends_with("all_true")) {
        const Xmm t = xmm(takeFloat());
        if (op != Op::V128AnyTrue) {
            a.vpxor(t, t, t);
            a.emit(inst, t, t, xmm(x));
        }
        dropFrom(c.a);
        m_top = c.a;
        const uint8_t r = resultGeneral(~0u, ~0u);
        a.mov(gp(r, false), 0);
        const Xmm tested = op == Op::V128AnyTrue ? xmm(x) : t;
        a.vptest(tested, tested);
        if (op == Op::V128AnyTrue)
            a.setne(x86::gpb(r));
        else
            a.sete(x86::gpb(r));
        m_top = c.a + 1;
        return setGeneral(c.a, r);
    }
    const Xmm t = xmm(takeFloat());
    dropFrom(c.a);
    m_top = c.a;
    const uint8_t r = resultGeneral(~0u, ~0u);
    if (op == Op::I16x8Bitmask) {
        a.vpacksswb(t, xmm(x), xmm(x));
        a.vpmovmskb(gp(r, false), t);
        a.movzx(gp(r, false), x86::gpb(r));
    } else {
        a.emit(inst, gp(r, false), xmm(x));
    }
    m_top = c.a + 1;
    setGeneral(c.a, r);
}

bool FunctionCompiler::vectorOperation(const Insn& c) {
    const auto op = static_cast<Op>(c.plain);
    if (!kRowOf[c.plain]) return longVectorOperation(c);
    const VectorRow& r = kRows[kRowOf[c.plain] - 1];
    switch (r.form) {
    case Form::Shift: shiftVector(c, r.inst); return true;
    case Form::AllTrue:
    case Form::Mask: vectorTest(c, r.inst); return true;
    default: break;
    }
    const bool isBinary = row(op).signature.starts_with("vv");
    const uint8_t left = vectorRegister(c.a), right = isBinary ? vectorRegister(c.a + 2) : left;
    const Xmm x = xmm(left), y = xmm(right);
    const auto temporary = [this] { return xmm(takeFloat()); };
    const auto result = [&] { return resultVector(c.a, isBinary ? c.a + 2 : ~0u); };
    uint8_t to = 0;
    switch (r.form) {
    case Form::Binary: a.emit(r.inst, xmm(to = result()), x, y); break;
    case Form::Exchanged: a.emit(r.inst, xmm(to = result()), y, x); break;
    case Form::Not:
    case Form::NotExchanged: {
        const Xmm t = temporary(), ones = temporary();
        a.emit(r.inst, t, r.form == Form::Not ? x : y, r.form == Form::Not ? y : x);
        a.vpcmpeqd(ones, ones, ones);
        a.vpxor(xmm(to = result()), t, ones);
        break;
    }
    case Form::Extreme: {
        const Xmm t = temporary();
        a.emit(r.inst, t, x, y);
        a.emit(r.second, xmm(to = result()), t, x);
        break;
    }
    case Form::NotExtreme: {
        const Xmm t = temporary(), ones = temporary();
        a.emit(r.inst, t, x, y);
        a.emit(r.second, t, t, x);
        a.vpcmpeqd(ones, ones, ones);
        a.vpxor(xmm(to = result()), t, ones);
        break;
    }
    case Form::Compare: a.emit(r.inst, xmm(to = result()), x, y, asmjit::Imm(r.second)); break;
    case Form::Unary: a.emit(r.inst, xmm(to = result()), x); break;
    case Form::Upper: {
        const Xmm t = temporary();
        a.vpunpckhqdq(t, x, x);
        a.emit(r.inst, xmm(to = result()), t);
        break;
    }
    case Form::Round: a.emit(r.inst, xmm(to = result()), x, asmjit::Imm(r.second)); break;
    case Form::Negate: {
        const Xmm t = temporary();
        a.vpxor(t, t, t);
        a.emit(r.inst, xmm(to = result()), t, x);
        break;
    }
    case Form::ExtendLow:
    case Form::ExtendHigh: {
        const Xmm t = temporary(), u = temporary();
        if (r.form == Form::ExtendHigh) {
            a.vpunpckhqdq(t, x, x);
            a.vpunpckhqdq(u, y, y);
        }
        a.emit(r.second, t, r.form == Form::ExtendHigh ? t : x);
        a.emit(r.second, u, r.form == Form::ExtendHigh ? u : y);
        a.emit(r.inst, xmm(to = result()), t, u);
        break;
    }
    case Form::Products:
    case Form::UpperProducts: {
        const Xmm t = temporary(), u = temporary();
        a.emit(r.inst, t, x, y);
        a.emit(r.second, u, x, y);
        a.emit(r.form == Form::Products ? I::kIdVpunpcklwd : I::kIdVpunpckhwd, xmm(to = result()), t, u);
        break;
    }
    default: return false;
    }
    finishVector(c, to);
    return true;
}

/// Those that take several machine instructions of their own.
bool FunctionCompiler::longVectorOperation(const Insn& c) {
    const auto op = static_cast<Op>(c.plain);
    if (op == Op::V128AnyTrue || op == Op::I16x8Bitmask) return vectorTest(c, 0), true;
    if (op == Op::I8x16Shl || op == Op::I8x16ShrS || op == Op::I8x16ShrU) return shiftBytes(c), true;
    if (row(op).code >= 0x100) return false;  // relaxed ones are the handlers'
    const std::string_view signature = row(op).signature;
    const uint8_t left = vectorRegister(c.a);
    const uint8_t right = signature.starts_with("vv") ? vectorRegister(c.a + 2) : left;
    const Xmm x = xmm(left), y = xmm(right);
    const auto temporary = [this] { return xmm(takeFloat()); };
    uint8_t to = 0;
    const auto result = [&] {
        to = resultVector(c.a, signature.starts_with("vv") ? c.a + 2 : ~0u);
        return xmm(to);
    };
    switch (op) {
    case Op::V128Not: {
        const Xmm t = temporary();
        a.vpcmpeqd(t, t, t);
        a.vpxor(result(), x, t);
        break;
    }
    case Op::V128Bitselect: {
        const Xmm mask = xmm(vectorRegister(c.a + 4)), t = temporary(), u = temporary();
        a.vpand(t, x, mask);
        a.vpandn(u, mask, y);
        a.vpor(result(), t, u);
        break;
    }
    case Op::I8x16Swizzle: {
        const Xmm t = temporary();
        a.vpaddusb(t, y, poolVector(eachByte(0x70), eachByte(0x70)));
        a.vpshufb(result(), x, t);
        break;
    }
    case Op::I8x16Shuffle: shuffle(c, x, y, result); break;
    case Op::I8x16Popcnt: {
        const Xmm t = temporary(), u = temporary(), counts = temporary();
        const Mem low = poolVector(eachByte(0x0f), eachByte(0x0f));
        a.vmovups(counts, poolVector(0x0302020102010100, 0x0403030203020201));
        a.vpand(t, x, low);
        a.vpsrlw(u, x, 4);
        a.vpand(u, u, low);
        a.vpshufb(t, counts, t);
        a.vpshufb(u, counts, u);
        a.vpaddb(result(), t, u);
        break;
    }
    case Op::I16x8Q15mulrSatS: {
        const Xmm t = temporary(), u = temporary();
        a.vpmulhrsw(t, x, y);
        a.vpcmpeqw(u, t, poolVector(eachWord(0x8000), eachWord(0x8000)));
        a.vpxor(result(), t, u);
        break;
    }
    case Op::I16x8ExtaddPairwiseI8x16S: {
        const Xmm t = temporary();
        a.vmovups(t, poolVector(eachByte(1), eachByte(1)));
        a.vpmaddubsw(result(), t, x);
        break;
    }
    case Op::I16x8ExtaddPairwiseI8x16U:
        a.vpmaddubsw(result(), x, poolVector(eachByte(1), eachByte(1)));
        break;
    case Op::I32x4ExtaddPairwiseI16x8S: a.vpmaddwd(result(), x, poolVector(eachWord(1), eachWord(1))); break;
    case Op::I32x4ExtaddPairwiseI16x8U: {
        const Xmm t = temporary(), u = temporary();
        a.vpsrld(t, x, 16);
        a.vpand(u, x, poolVector(eachHalf(0xffff), eachHalf(0xffff)));
        a.vpaddd(result(), t, u);
        break;
    }
    case Op::I64x2Abs: {
        const Xmm t = temporary(), u = temporary();
        a.vpxor(t, t, t);
        a.vpcmpgtq(t, t, x);
        a.vpxor(u, x, t);
        a.vpsubq(result(), u, t);
        break;
    }
    case Op::I64x2ShrS: {
        const Xmm count = xmm(shiftCount(c, 63, 0)), t = temporary(), u = temporary();
        a.vpsrlq(t, x, count);
        a.vmovups(u, poolVector(uint64_t{1} << 63, uint64_t{1} << 63));
        a.vpsrlq(u, u, count);
        a.vpxor(t, t, u);
        a.vpsubq(result(), t, u);
        break;
    }
    case Op::I64x2Mul: {
        const Xmm t = temporary(), u = temporary();
        a.vpsrlq(t, x, 32);
        a.vpmuludq(t, t, y);
        a.vpsrlq(u, y, 32);
        a.vpmuludq(u, u, x);
        a.vpaddq(t, t, u);
        a.vpsllq(t, t, 32);
        a.vpmuludq(u, x, y);
        a.vpaddq(result(), t, u);
        break;
    }
    case Op::F32x4Abs: a.vpand(result(), x, poolVector(eachHalf(0x7fffffff), eachHalf(0x7fffffff))); break;
    case Op::F32x4Neg: a.vpxor(result(), x, poolVector(eachHalf(0x80000000), eachHalf(0x80000000))); break;
    case Op::F64x2Abs: a.vpand(result(), x, poolVector(~uint64_t{0} >> 1, ~uint64_t{0} >> 1)); break;
    case Op::F64x2Neg: a.vpxor(result(), x, poolVector(uint64_t{1} << 63, uint64_t{1} << 63)); break;
    case Op::F32x4Min:
        vectorExtreme({I::kIdVminps, I::kIdVpor, I::kIdVcmpps, I::kIdVblendvps, I::kIdVaddps}, x, y, result);
        break;
    case Op::F32x4Max:
        vectorExtreme({I::kIdVmaxps, I::kIdVpand, I::kIdVcmpps, I::kIdVblendvps, I::kIdVaddps}, x, y, result);
        break;
    case Op::F64x2Min:
        vectorExtreme({I::kIdVminpd, I::kIdVpor, I::kIdVcmppd, I::kIdVblendvpd, I::kIdVaddpd}, x, y, result);
        break;
    case Op::F64x2Max:
        vectorExtreme({I::kIdVmaxpd, I::kIdVpand, I::kIdVcmppd, I::kIdVblendvpd, I::kIdVaddpd}, x, y, result);
        break;
    default:
        if (!convertVector(op, x, result)) return false;
        break;
    }
    finishVector(c, to);
    return true;
}

/// Of equal operands, which may be zeros of two signs, `ofEqual`; of what has a NaN the sum.
template <class Result>
void FunctionCompiler::vectorExtreme(const ExtremeInstructions& i, const Xmm& x, const Xmm& y,
                                     const Result& result) {
    const Xmm t = xmm(takeFloat()), u = xmm(takeFloat()), mask = xmm(takeFloat());
    a.emit(i.extreme, t, x, y);
    a.emit(i.ofEqual, u, x, y);
    a.emit(i.compare, mask, x, y, asmjit::Imm(0));
    a.emit(i.blend, t, t, u, mask);
    a.emit(i.sum, u, x, y);
    a.emit(i.compare, mask, x, y, asmjit::Imm(3));
    a.emit(i.blend, result(), t, u, mask);
}

/// By one shuffle of each operand; lanes of the other one are out of range there and become 0.
template <class Result>
void FunctionCompiler::shuffle(const Insn& c, const Xmm& x, const Xmm& y, const Result& result) {
    const auto* lanes = reinterpret_cast<const uint8_t*>(c.imm);
    const auto mask = [&](uint8_t from) {
        uint64_t halves[2] = {};
        for (uint32_t i = 0; i < 16; ++i) {
            const bool isOfIt = x == y || (lanes[i] & 16) == from;
            halves[i / 8] |= uint64_t{isOfIt ? lanes[i] & 15u : 0x80u} << i % 8 * 8;
        }
        return poolVector(halves[0], halves[1]);
    };
    const Mem first = mask(0), second = mask(16);
    if (x == y) {
        a.vpshufb(result(), x, first);
        return;
    }
    const Xmm t = xmm(takeFloat()), u = xmm(takeFloat());
    a.vpshufb(t, x, first);
    a.vpshufb(u, y, second);
    a.vpor(result(), t, u);
}

/// What is out of range becomes the nearest that is in it, a NaN 0.
template <class Result>
bool FunctionCompiler::convertVector(Op op, const Xmm& x, const Result& result) {
    const auto temporary = [this] { return xmm(takeFloat()); };
    const auto both = [this](uint64_t value) { return poolVector(value, value); };
    const uint64_t to31 = eachHalf(0x4f000000);  // 2^31 as f32
    switch (op) {
    case Op::I32x4TruncSatF32x4S: {
        const Xmm t = temporary(), u = temporary();
        a.vcmpps(t, x, x, 0);
        a.vpand(t, t, x);
        a.vmovups(u, both(to31));
        a.vcmpps(u, u, t, 2);
        a.vcvttps2dq(t, t);
        a.vpxor(result(), t, u);
        return true;
    }
    case Op::I32x4TruncSatF32x4U: {
        const Xmm t = temporary(), u = temporary(), over = temporary(), zero = temporary();
        a.vpxor(zero, zero, zero);
        a.vmaxps(t, x, zero);
        a.vsubps(u, t, both(to31));
        a.vmovups(over, both(to31));
        a.vcmpps(over, over, u, 2);
        a.vcvttps2dq(t, t);
        a.vcvttps2dq(u, u);
        a.vpxor(u, u, over);
        a.vpmaxsd(u, u, zero);
        a.vpaddd(result(), t, u);
        return true;
    }
    case Op::F32x4ConvertI32x4U: {
        const Xmm t = temporary(), u = temporary();
        a.vpand(t, x, both(eachHalf(0xffff)));
        a.vpsubd(u, x, t);
        a.vcvtdq2ps(t, t);
        a.vpsrld(u, u, 1);
        a.vcvtdq2ps(u, u);
        a.vaddps(u, u, u);
        a.vaddps(result(), u, t);
        return true;
    }
    case Op::F64x2ConvertLowI32x4U: {
        const Xmm t = temporary();
        a.vpunpckldq(t, x, both(eachHalf(0x43300000)));
        a.vsubpd(result(), t, both(0x4330000000000000));
        return true;
    }
    case Op::I32x4TruncSatF64x2SZero: {
        const Xmm t = temporary();
        a.vcmppd(t, x, x, 0);
        a.vpand(t, t, both(0x41dfffffffc00000));  // 2^31 - 1, or 0 for a NaN
        a.vminpd(t, x, t);
        a.vcvttpd2dq(result(), t);
        return true;
    }
    case Op::I32x4TruncSatF64x2UZero: {
        const Xmm t = temporary(), zero = temporary();
        a.vpxor(zero, zero, zero);
        a.vmaxpd(t, x, zero);
        a.vminpd(t, t, both(0x41efffffffe00000));  // 2^32 - 1
        a.vroundpd(t, t, 11);
        a.vaddpd(t, t, both(0x4330000000000000));
        a.vshufps(result(), t, zero, 0x88);
        return true;
    }
    default: return false;
    }
}

}  // namespace engine::jit::x64
