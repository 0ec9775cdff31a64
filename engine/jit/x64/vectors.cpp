// The commonest vector instructions, from home slots to home slots; the others are calls of the interpreter's handlers.
#include "engine/jit/x64/compiler.h"

namespace engine::jit::x64 {

namespace I = asmjit::x86::Inst;

namespace {

struct VectorRow {
    Op op;
    uint32_t inst;
    bool exchanged = false;  // the second operand is the one that is overwritten
};

/// Of two vectors, lane by lane.
constexpr VectorRow kBinaries[] = {
    {Op::V128And, I::kIdPand},
    {Op::V128Or, I::kIdPor},
    {Op::V128Xor, I::kIdPxor},
    {Op::V128Andnot, I::kIdPandn, true},
    {Op::I8x16Add, I::kIdPaddb},
    {Op::I8x16Sub, I::kIdPsubb},
    {Op::I8x16AddSatS, I::kIdPaddsb},
    {Op::I8x16AddSatU, I::kIdPaddusb},
    {Op::I8x16SubSatS, I::kIdPsubsb},
    {Op::I8x16SubSatU, I::kIdPsubusb},
    {Op::I8x16AvgrU, I::kIdPavgb},
    {Op::I8x16MinS, I::kIdPminsb},
    {Op::I8x16MinU, I::kIdPminub},
    {Op::I8x16MaxS, I::kIdPmaxsb},
    {Op::I8x16MaxU, I::kIdPmaxub},
    {Op::I8x16Eq, I::kIdPcmpeqb},
    {Op::I8x16GtS, I::kIdPcmpgtb},
    {Op::I8x16LtS, I::kIdPcmpgtb, true},
    {Op::I16x8Add, I::kIdPaddw},
    {Op::I16x8Sub, I::kIdPsubw},
    {Op::I16x8Mul, I::kIdPmullw},
    {Op::I16x8AddSatS, I::kIdPaddsw},
    {Op::I16x8AddSatU, I::kIdPaddusw},
    {Op::I16x8SubSatS, I::kIdPsubsw},
    {Op::I16x8SubSatU, I::kIdPsubusw},
    {Op::I16x8AvgrU, I::kIdPavgw},
    {Op::I16x8MinS, I::kIdPminsw},
    {Op::I16x8MinU, I::kIdPminuw},
    {Op::I16x8MaxS, I::kIdPmaxsw},
    {Op::I16x8MaxU, I::kIdPmaxuw},
    {Op::I16x8Eq, I::kIdPcmpeqw},
    {Op::I16x8GtS, I::kIdPcmpgtw},
    {Op::I16x8LtS, I::kIdPcmpgtw, true},
    {Op::I32x4Add, I::kIdPaddd},
    {Op::I32x4Sub, I::kIdPsubd},
    {Op::I32x4Mul, I::kIdPmulld},
    {Op::I32x4MinS, I::kIdPminsd},
    {Op::I32x4MinU, I::kIdPminud},
    {Op::I32x4MaxS, I::kIdPmaxsd},
    {Op::I32x4MaxU, I::kIdPmaxud},
    {Op::I32x4Eq, I::kIdPcmpeqd},
    {Op::I32x4GtS, I::kIdPcmpgtd},
    {Op::I32x4LtS, I::kIdPcmpgtd, true},
    {Op::I32x4DotI16x8S, I::kIdPmaddwd},
    {Op::I64x2Add, I::kIdPaddq},
    {Op::I64x2Sub, I::kIdPsubq},
    {Op::I64x2Eq, I::kIdPcmpeqq},
    {Op::F32x4Add, I::kIdAddps},
    {Op::F32x4Sub, I::kIdSubps},
    {Op::F32x4Mul, I::kIdMulps},
    {Op::F32x4Div, I::kIdDivps},
    {Op::F64x2Add, I::kIdAddpd},
    {Op::F64x2Sub, I::kIdSubpd},
    {Op::F64x2Mul, I::kIdMulpd},
    {Op::F64x2Div, I::kIdDivpd},
    {Op::I8x16NarrowI16x8S, I::kIdPacksswb},
    {Op::I8x16NarrowI16x8U, I::kIdPackuswb},
    {Op::I16x8NarrowI32x4S, I::kIdPackssdw},
    {Op::I16x8NarrowI32x4U, I::kIdPackusdw},
};
constexpr VectorRow kUnaries[] = {
    {Op::F32x4Sqrt, I::kIdSqrtps},
    {Op::F64x2Sqrt, I::kIdSqrtpd},
    {Op::I16x8ExtendLowI8x16S, I::kIdPmovsxbw},
    {Op::I16x8ExtendLowI8x16U, I::kIdPmovzxbw},
    {Op::I32x4ExtendLowI16x8S, I::kIdPmovsxwd},
    {Op::I32x4ExtendLowI16x8U, I::kIdPmovzxwd},
    {Op::I64x2ExtendLowI32x4S, I::kIdPmovsxdq},
    {Op::I64x2ExtendLowI32x4U, I::kIdPmovzxdq},
};
/// By a count taken modulo the width of a lane.
constexpr VectorRow kShifts[] = {
    {Op::I16x8Shl, I::kIdPsllw}, {Op::I16x8ShrS, I::kIdPsraw}, {Op::I16x8ShrU, I::kIdPsrlw},
    {Op::I32x4Shl, I::kIdPslld}, {Op::I32x4ShrS, I::kIdPsrad}, {Op::I32x4ShrU, I::kIdPsrld},
    {Op::I64x2Shl, I::kIdPsllq}, {Op::I64x2ShrU, I::kIdPsrlq},
};

struct VectorForm {
    enum class Kind : uint8_t { None, Binary, Unary, Shift } kind = Kind::None;
    bool exchanged = false;
    uint32_t inst = 0;
};
constexpr auto kForms = [] {
    std::array<VectorForm, kOpCount> forms{};
    for (const VectorRow& r : kBinaries)
        forms[number(r.op)] = {VectorForm::Kind::Binary, r.exchanged, r.inst};
    for (const VectorRow& r : kUnaries)
        forms[number(r.op)] = {VectorForm::Kind::Unary, false, r.inst};
    for (const VectorRow& r : kShifts)
        forms[number(r.op)] = {VectorForm::Kind::Shift, false, r.inst};
    return forms;
}();

}  // namespace

void FunctionCompiler::moveVector(const Mem& to, const Mem& from) {
    const uint8_t t = takeFloat();
    a.movups(xmm(t), from);
    a.movups(to, xmm(t));
}

void FunctionCompiler::vectorOperation(const Insn& c) {
    const VectorForm& form = kForms[c.plain];
    const uint8_t x = takeFloat(), y = takeFloat();
    a.movups(xmm(x), home(form.exchanged ? c.a + 2 : c.a, 16));
    switch (form.kind) {
    case VectorForm::Kind::Binary:
        a.movups(xmm(y), home(form.exchanged ? c.a : c.a + 2, 16));
        a.emit(form.inst, xmm(x), xmm(y));
        break;
    case VectorForm::Kind::Unary: a.emit(form.inst, xmm(x), xmm(x)); break;
    default: {
        const uint8_t count = general(c.a + 2), t = takeGeneral();
        a.mov(gp(t, false), gp(count, false));
        a.and_(gp(t, false), 128 / static_cast<int32_t>(laneCount(static_cast<Op>(c.plain))) - 1);
        a.movd(xmm(y), gp(t, false));
        a.emit(form.inst, xmm(x), xmm(y));
        break;
    }
    }
    dropFrom(c.a);
    a.movups(home(c.a, 16), xmm(x));
}

/// Lanes are parts of the home slots.
bool FunctionCompiler::lane(const Insn& c) {
    const auto part = [&](uint32_t bytes) {
        return x86::ptr(kFrame, static_cast<int32_t>(c.a * 8 + c.b * bytes), bytes);
    };
    switch (static_cast<Op>(c.plain)) {
    case Op::I8x16ReplaceLane: a.mov(part(1), x86::gpb(general(c.a + 2))); break;
    case Op::I16x8ReplaceLane: a.mov(part(2), x86::gpw(general(c.a + 2))); break;
    case Op::I32x4ReplaceLane: a.mov(part(4), gp(general(c.a + 2), false)); break;
    case Op::I64x2ReplaceLane: a.mov(part(8), gp(general(c.a + 2))); break;
    case Op::F32x4ReplaceLane: a.movss(part(4), xmm(floating(c.a + 2))); break;
    case Op::F64x2ReplaceLane: a.movsd(part(8), xmm(floating(c.a + 2))); break;
    case Op::F32x4ExtractLane:
    case Op::F64x2ExtractLane: {
        const bool isDouble = c.plain == number(Op::F64x2ExtractLane);
        const uint8_t r = takeFloat();
        a.emit(isDouble ? I::kIdMovsd : I::kIdMovss, xmm(r), part(isDouble ? 8 : 4));
        m_top = c.a + 1;
        setFloat(c.a, r);
        return true;
    }
    case Op::I8x16ExtractLaneS:
    case Op::I8x16ExtractLaneU:
    case Op::I16x8ExtractLaneS:
    case Op::I16x8ExtractLaneU:
    case Op::I32x4ExtractLane:
    case Op::I64x2ExtractLane: {
        const uint8_t r = takeGeneral();
        switch (static_cast<Op>(c.plain)) {
        case Op::I8x16ExtractLaneS: a.movsx(gp(r, false), part(1)); break;
        case Op::I8x16ExtractLaneU: a.movzx(gp(r, false), part(1)); break;
        case Op::I16x8ExtractLaneS: a.movsx(gp(r, false), part(2)); break;
        case Op::I16x8ExtractLaneU: a.movzx(gp(r, false), part(2)); break;
        case Op::I32x4ExtractLane: a.mov(gp(r, false), part(4)); break;
        default: a.mov(gp(r), part(8)); break;
        }
        m_top = c.a + 1;
        setGeneral(c.a, r);
        return true;
    }
    default: return false;
    }
    dropFrom(c.a);  // the vector itself stays where it is
    return true;
}

bool FunctionCompiler::splat(const Insn& c) {
    const uint8_t t = takeFloat();
    switch (static_cast<Op>(c.plain)) {
    case Op::I32x4Splat:
    case Op::F32x4Splat:
        a.movd(xmm(t), gp(general(c.a), false));
        a.pshufd(xmm(t), xmm(t), 0);
        break;
    case Op::I64x2Splat:
    case Op::F64x2Splat:
        a.movq(xmm(t), gp(general(c.a)));
        a.punpcklqdq(xmm(t), xmm(t));
        break;
    default: return false;
    }
    dropFrom(c.a);
    a.movups(home(c.a, 16), xmm(t));
    return true;
}

bool FunctionCompiler::vector(const Insn& c) {
    switch (c.plain) {
    case number(InternalOp::LocalGetWide): moveVector(home(c.a, 16), home(c.b, 16)); return true;
    case number(InternalOp::LocalSetWide):
    case number(InternalOp::LocalTeeWide): moveVector(home(c.b, 16), home(c.a, 16)); return true;
    case number(Op::V128Const):
    case number(InternalOp::GlobalGetWide):
    case number(InternalOp::GlobalSetWide): {
        const uint8_t r = takeGeneral();
        a.mov(gp(r), asmjit::Imm(c.imm));
        const Mem there = x86::ptr(gp(r), 0, 16), here = home(c.a, 16);
        if (c.plain == number(InternalOp::GlobalSetWide))
            moveVector(there, here);
        else
            moveVector(here, there);
        return true;
    }
    case number(Op::V128Load): {
        const Mem from = address(c, c.a, 16);
        const uint8_t t = takeFloat();
        mayFault();
        a.movups(xmm(t), from);
        dropFrom(c.a);
        a.movups(home(c.a, 16), xmm(t));
        return true;
    }
    case number(Op::V128Store): {
        const uint8_t t = takeFloat();
        a.movups(xmm(t), home(c.a + 1, 16));
        const Mem to = address(c, c.a, 16);
        mayFault();
        a.movups(to, xmm(t));
        dropFrom(c.a);
        return true;
    }
    default: break;
    }
    if (c.plain >= kOpCount || row(static_cast<Op>(c.plain)).prefix != 0xfd || !m_hasSse41) return false;
    if (kForms[c.plain].kind == VectorForm::Kind::None) return lane(c) || splat(c);
    vectorOperation(c);
    return true;
}

}  // namespace engine::jit::x64
