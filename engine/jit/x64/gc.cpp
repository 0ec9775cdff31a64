// Structures, arrays and casts. A reference says by its high bits what it names and by its low ones where: with the right constant added it is an
// address, and null one that faults. What allocates has a fast path; where there is no free cell, and for all else, the interpreter does it.
#include "engine/gc_heap.h"
#include "engine/jit/jit.h"
#include "engine/jit/x64/compiler.h"
#include "engine/store_state.h"
#include "engine/type_registry.h"

namespace engine::jit::x64 {

using Kind = Operand::Kind;
namespace I = asmjit::x86::Inst;

namespace {

constexpr uint32_t kMaxFieldSlots = 32;  // of a structure that machine code makes
constexpr int32_t kHeader = 8;           // before fields and elements; its second half is the length

}  // namespace

/// What to add to the reference of such an object for the address of its contents.
uint64_t FunctionCompiler::contentsOf(ObjectKind kind) const {
    const auto base = reinterpret_cast<uint64_t>(m_jit->store().heap->base());
    return base + kHeader - reference::object(kind, 0);
}

void FunctionCompiler::structGet(const Insn& c) {
    const uint8_t object = general(c.a), t = takeGeneral();
    a.mov(gp(t), asmjit::Imm(contentsOf(ObjectKind::Struct)));
    const Mem field = x86::ptr(gp(t), gp(object), 0, static_cast<int32_t>(c.b * 8), 8);
    if (c.c == 2) {
        const uint8_t result = resultVector(~0u, ~0u);
        Mem both = field;
        both.setSize(16);
        mayFault();
        a.vmovups(xmm(result), both);
        return finishVector(c, result);
    }
    const uint8_t result = resultGeneral(c.a, ~0u);
    mayFault();
    Mem narrow = field;
    narrow.setSize(c.c / 8);
    if (c.plain == number(Op::StructGetS))
        a.movsx(gp(result, false), narrow);
    else
        a.mov(gp(result), field);
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, result);
}

/// The register with the value of an operand, zero-extended from `bits` of it.
uint8_t FunctionCompiler::packed(uint32_t slot, uint32_t bits) {
    const uint8_t value = general(slot);
    if (bits > 16) return value;
    const uint8_t t = takeGeneral();
    if (bits == 8)
        a.movzx(gp(t, false), x86::gpb(value));
    else
        a.movzx(gp(t, false), x86::gpw(value));
    return t;
}

void FunctionCompiler::structSet(const Insn& c) {
    const uint8_t object = general(c.a), t = takeGeneral();
    a.mov(gp(t), asmjit::Imm(contentsOf(ObjectKind::Struct)));
    Mem field = x86::ptr(gp(t), gp(object), 0, static_cast<int32_t>(c.b * 8), 8);
    if (c.c == 2) {
        const uint8_t value = vectorRegister(c.a + 1);
        field.setSize(16);
        mayFault();
        a.vmovups(field, xmm(value));
    } else if (isFloatOperand(c.a + 1)) {
        const uint8_t value = floating(c.a + 1);
        mayFault();
        a.movsd(field, xmm(value));
    } else {
        const uint8_t value = packed(c.a + 1, c.c == 1 ? 64 : c.c);
        mayFault();
        a.mov(field, gp(value));
    }
    dropFrom(c.a);
}

/// The element at the index in `slot + 1` of the array in `slot`.
x86::Mem FunctionCompiler::element(uint32_t slot, uint32_t bytes) {
    const uint8_t array = general(slot), index = general(slot + 1), t = takeGeneral();
    a.mov(gp(t), asmjit::Imm(contentsOf(ObjectKind::Array)));
    a.add(gp(t), gp(array));
    mayFault();
    a.cmp(gp(index, false), x86::dword_ptr(gp(t), -4));
    a.jae(exitHere());
    return x86::ptr(gp(t), gp(index), static_cast<uint32_t>(std::countr_zero(bytes)), 0, bytes);
}

void FunctionCompiler::arrayGet(const Insn& c) {
    const Mem from = element(c.a, c.b);
    const uint8_t result = resultGeneral(c.a, ~0u);
    if (c.b == 8)
        a.mov(gp(result), from);
    else if (c.b == 4)
        a.mov(gp(result, false), from);
    else if (c.plain == number(Op::ArrayGetS))
        a.movsx(gp(result, false), from);
    else
        a.movzx(gp(result, false), from);
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, result);
}

void FunctionCompiler::arraySet(const Insn& c) {
    const bool isFloat = isFloatOperand(c.a + 2);
    const uint8_t value = isFloat ? floating(c.a + 2) : general(c.a + 2);
    const Mem to = element(c.a, c.b);
    if (isFloat)
        a.emit(c.b == 4 ? I::kIdMovss : I::kIdMovsd, to, xmm(value));
    else
        moveInteger(c.b, to, value);
    dropFrom(c.a);
}

void FunctionCompiler::arrayLength(const Insn& c) {
    const uint8_t array = general(c.a), t = takeGeneral();
    a.mov(gp(t), asmjit::Imm(contentsOf(ObjectKind::Array)));
    const uint8_t result = resultGeneral(c.a, ~0u);
    mayFault();
    a.mov(gp(result, false), x86::dword_ptr(gp(t), gp(array), 0, -4));
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, result);
}

/// Takes the next free cell of its size; if there is none we leave, and come back behind the instruction.
void FunctionCompiler::structNew(const Insn& c, const ObjectLayout& layout) {
    flushBelow(c.a);
    const uint8_t place = takeGeneral(), object = takeGeneral(), t = takeGeneral();
    const asmjit::Label slow = exitHere();
    a.mov(gp(t), asmjit::Imm(reinterpret_cast<uint64_t>(m_jit->store().heap->freeCells(layout))));
    a.mov(gp(place), x86::ptr(gp(t), 0, 8));
    a.lea(gp(object), x86::ptr(gp(place), static_cast<int32_t>(layout.cellBytes)));
    a.cmp(gp(object), x86::ptr(gp(t), 8, 8));
    a.ja(slow);
    a.mov(x86::ptr(gp(t), 0, 8), gp(object));
    a.mov(gp(object), asmjit::Imm(reinterpret_cast<uint64_t>(m_jit->store().heap->base())));
    a.add(gp(object), gp(place));
    a.mov(x86::ptr(gp(object), 0, 8), asmjit::Imm(static_cast<int32_t>(layout.number << 8)));
    const bool isDefault = c.plain == number(Op::StructNewDefault);
    const uint32_t pinned = m_pinnedGeneral, pinnedFloat = m_pinnedFloat;
    if (isDefault) a.xor_(gp(t, false), gp(t, false));
    for (uint32_t i = 0; i < layout.slots; ++i) {
        const Mem field = x86::ptr(gp(object), static_cast<int32_t>(kHeader + i * 8), 8);
        if (isDefault) {
            a.mov(field, gp(t));
            continue;
        }
        if (at(c.a + i).kind == Kind::Home) {
            a.mov(gp(t), home(c.a + i));
            a.mov(field, gp(t));
        } else if (at(c.a + i).kind == Kind::Vector || isVectorLocal(c.a + i)) {
            Mem both = field;
            both.setSize(16);
            a.movups(both, xmm(vectorRegister(c.a + i++)));
        } else if (isFloatOperand(c.a + i)) {
            a.movsd(field, xmm(floating(c.a + i)));
        } else {
            a.mov(field, gp(general(c.a + i)));
        }
        m_pinnedGeneral = pinned;
        m_pinnedFloat = pinnedFloat;
    }
    a.bts(gp(place), 62);
    a.mov(home(c.a), gp(place));
    dropFrom(c.a);
    const asmjit::Label behind = a.newLabel();
    a.bind(behind);
    m_entryStubs.push_back({behind, m_cell + 1, m_state.valid});
}

bool FunctionCompiler::canCast(const CastTarget& target) {
    return target.heap.isAbstract() || canonicalKind(target.heap.defined().value) != CompositeKind::Func;
}

/// Goes on if the reference is of the type, else at `fails`. By way of `t` and `u`.
void FunctionCompiler::cast(uint8_t reference, const CastTarget& target, uint8_t t, uint8_t u,
                            const asmjit::Label& fails) {
    const asmjit::Label succeeds = a.newLabel();
    a.test(gp(reference), gp(reference));
    a.jz(target.takesNull ? succeeds : fails);
    const auto highBits = [&](uint32_t from, uint32_t wanted) {
        a.mov(gp(t), gp(reference));
        a.shr(gp(t), from);
        a.cmp(gp(t, false), asmjit::Imm(wanted));
        a.jne(fails);
    };
    if (!target.heap.isAbstract()) {
        highBits(62, 1);
        a.mov(gp(t), gp(reference));
        a.shl(gp(t), 16);
        a.shr(gp(t), 16);
        a.mov(gp(u), asmjit::Imm(reinterpret_cast<uint64_t>(m_jit->store().heap->base())));
        a.mov(gp(t, false), x86::dword_ptr(gp(u), gp(t)));
        a.shr(gp(t, false), 8);
        a.mov(gp(u), asmjit::Imm(reinterpret_cast<uint64_t>(m_jit->store().heap->layouts())));
        a.mov(gp(u), x86::ptr(gp(u), 0, 8));
        a.mov(gp(t), x86::ptr(gp(u), gp(t), 3));
        constexpr auto kSupertypes = static_cast<int32_t>(offsetof(ObjectLayout, supertypes));
        a.mov(gp(u), x86::ptr(gp(t), kSupertypes + 8, 8));
        a.mov(gp(t), x86::ptr(gp(t), kSupertypes, 8));
        a.sub(gp(u), gp(t));
        a.cmp(gp(u), asmjit::Imm(target.depth * 4));
        a.jbe(fails);
        a.cmp(x86::dword_ptr(gp(t), static_cast<int32_t>(target.depth * 4)),
              asmjit::Imm(target.heap.defined().value));
        a.jne(fails);
    } else {
        switch (target.heap.abstract()) {
        case AbstractHeap::I31: highBits(61, 1); break;
        case AbstractHeap::Struct: highBits(60, 4); break;
        case AbstractHeap::Array: highBits(60, 5); break;
        case AbstractHeap::Eq:
            a.mov(gp(t), gp(reference));
            a.shr(gp(t), 61);
            a.jz(fails);
            break;
        case AbstractHeap::None:
        case AbstractHeap::NoExtern:
        case AbstractHeap::NoFunc:
        case AbstractHeap::NoExn: a.jmp(fails); break;
        default: break;
        }
    }
    a.bind(succeeds);
}

bool FunctionCompiler::castOrTest(const Insn& c) {
    const CastTarget target{HeapType::fromBits(c.b), c.c >> 1, (c.c & 1) != 0};
    if (!canCast(target)) return false;
    const uint8_t reference = general(c.a), t = takeGeneral(), u = takeGeneral();
    if (c.plain == number(Op::RefCast) || c.plain == number(Op::RefCastNull)) {
        cast(reference, target, t, u, exitHere());
        return true;
    }
    const uint8_t result = takeGeneral();
    const asmjit::Label done = a.newLabel();
    a.xor_(gp(result, false), gp(result, false));
    cast(reference, target, t, u, done);
    a.inc(gp(result, false));
    a.bind(done);
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, result);
    return true;
}

bool FunctionCompiler::branchOnCast(const Insn& c) {
    const CastBranch& branch = m_code->castBranches[c.c];
    if (!canCast(branch.target)) return false;
    flushOperands();
    const uint8_t reference = takeGeneral(), t = takeGeneral(), u = takeGeneral();
    Label& label = targetOf(m_cell + c.b);
    a.mov(gp(reference), home(c.a));
    const asmjit::Label stay = a.newLabel(), fails = a.newLabel();
    const bool onSuccess = c.plain == number(Op::BrOnCast);
    cast(reference, branch.target, t, u, onSuccess ? stay : fails);
    if (!onSuccess) a.jmp(stay);
    a.bind(fails);
    const LocalState here = m_state;
    moveSlots(branch.move);
    conform(label.state);
    a.jmp(label.native);
    a.bind(stay);
    m_state = here;
    return true;
}

void FunctionCompiler::i31(const Insn& c) {
    const uint8_t x = general(c.a);
    if (c.plain != number(Op::RefI31)) {
        a.test(gp(x), gp(x));
        a.jz(exitHere());
    }
    const uint8_t result = resultGeneral(c.a, ~0u);
    if (result != x) a.mov(gp(result, false), gp(x, false));
    if (c.plain == number(Op::I31GetS)) {
        a.shl(gp(result, false), 1);
        a.sar(gp(result, false), 1);
    } else {
        a.and_(gp(result, false), 0x7fffffff);
        if (c.plain == number(Op::RefI31)) a.bts(gp(result), 61);
    }
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, result);
}

bool FunctionCompiler::garbageCollected(const Insn& c) {
    if (c.plain >= kOpCount || row(static_cast<Op>(c.plain)).prefix != 0xfb) return false;
    const auto op = static_cast<Op>(c.plain);
    if (!m_jit->store().heap->base()) return false;
    switch (op) {
    case Op::StructNew:
    case Op::StructNewDefault: {
        const ObjectLayout& layout = m_jit->store().heap->layout(c.b);
        if (!layout.masks.empty() || layout.slots > kMaxFieldSlots || layout.number >= 1u << 23) return false;
        structNew(c, layout);
        return true;
    }
    case Op::StructGet:
    case Op::StructGetS:
    case Op::StructGetU:
        if (c.c == 2 && !m_hasAvx) return false;
        structGet(c);
        return true;
    case Op::StructSet:
        if (c.c == 2 && !m_hasAvx) return false;
        structSet(c);
        return true;
    case Op::ArrayGet:
    case Op::ArrayGetS:
    case Op::ArrayGetU:
        if (c.b == 16) return false;
        arrayGet(c);
        return true;
    case Op::ArraySet:
        if (c.b == 16) return false;
        arraySet(c);
        return true;
    case Op::ArrayLen: arrayLength(c); return true;
    case Op::RefTest:
    case Op::RefTestNull:
    case Op::RefCast:
    case Op::RefCastNull: return castOrTest(c);
    case Op::BrOnCast:
    case Op::BrOnCastFail: return branchOnCast(c);
    case Op::RefI31:
    case Op::I31GetS:
    case Op::I31GetU: i31(c); return true;
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny: return true;
    default: return false;
    }
}

}  // namespace engine::jit::x64
