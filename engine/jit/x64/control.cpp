// Branches, loops, calls, returns.
#include <algorithm>
#include <array>
#include <bit>
#include <map>

#include "engine/function_walker.h"
#include "engine/jit/jit.h"
#include "engine/jit/x64/compiler.h"

namespace engine::jit::x64 {

using Kind = Operand::Kind;
namespace I = asmjit::x86::Inst;

namespace {

/// Of a member, at run time: the class is no standard layout.
template <class T, class Member>
int32_t offsetIn(const T& object, const Member& member) {
    return static_cast<int32_t>(reinterpret_cast<const char*>(&member) -
                                reinterpret_cast<const char*>(&object));
}

}  // namespace

FunctionCompiler::Label& FunctionCompiler::labelAt(uint32_t cell) { return m_labels[m_labelOf[cell] - 1]; }

/// Where a branch from the present cell goes: the head of a loop behind us, or a label ahead, whose first branch decides what locals
/// are in registers there.
FunctionCompiler::Label& FunctionCompiler::targetOf(uint32_t target) {
    Label& label = m_labels[(target <= m_cell ? m_loopOf[target] : m_labelOf[target]) - 1];
    if (!label.isReached) {
        label.isReached = true;
        if (!label.isEntry) label.state = m_state;
    }
    return label;
}

void FunctionCompiler::expect(uint32_t target) {
    if (target > m_cell) labelAt(target).isReached = true;
}

void FunctionCompiler::expectCatches() {
    const CatchTable& table = m_code->catches;
    const auto region =
        std::lower_bound(table.regions.begin(), table.regions.end(), m_cell,
                         [](const CatchTable::Region& r, uint32_t cell) { return r.begin < cell; });
    for (uint32_t i = region->firstClause; i != CatchTable::kNone; i = table.clauses[i].next)
        expect(table.clauses[i].target);
}

void FunctionCompiler::loop() {
    flushOperands();
    const LoopFacts& facts = m_analysis.loopAt(m_cell);
    if (facts.leavesRegisters) {
        // What the loop only reads is stored once, here; what it does not touch stays at home.
        for (uint32_t dirty = m_state.valid & ~m_state.clean & ~facts.assigned; dirty; dirty &= dirty - 1)
            storeLocal(static_cast<uint8_t>(std::countr_zero(dirty)));
        m_state.valid &= facts.used | ~m_state.clean;
    }
    for (uint32_t stale = facts.used & ~m_state.valid; stale; stale &= stale - 1)
        loadLocal(static_cast<uint8_t>(std::countr_zero(stale)));
    m_state.clean &= ~(facts.assigned & m_state.valid);
    m_labels.push_back({a.newLabel(), m_state, true, false});
    m_loopOf[m_cell] = static_cast<uint32_t>(m_labels.size());
    a.bind(m_labels.back().native);
    if (m_result->breaks.count(m_cell)) a.jmp(exitHere());  // behind the label: branches come to it too
    countTick(m_cell + 1);
    const asmjit::Label behind = a.newLabel();
    a.bind(behind);
    m_entryStubs.push_back({behind, m_cell + 1, m_state.valid});
}

void FunctionCompiler::moveSlots(const Move& move) {
    if (move.count == 0) return;
    const uint8_t r = takeGeneral();
    for (uint32_t i = 0; i < move.count; ++i) {
        a.mov(gp(r), home(move.source + i));
        a.mov(home(move.target + i), gp(r));
    }
}

void FunctionCompiler::branch(uint32_t target, const Move& move) {
    flushOperands();
    moveSlots(move);
    Label& label = targetOf(target);
    conform(label.state);
    a.jmp(label.native);
    m_isDead = true;
}

void FunctionCompiler::branchIf(uint32_t slot, uint32_t target, const Move& move, bool whenTrue) {
    for (uint32_t s = m_code->localSlots; s < slot; ++s)
        if (at(s).kind != Kind::Home) spill(s);
    Condition condition = conditionOf(slot);
    dropFrom(slot);
    m_flagsLive = true;
    if (!whenTrue) condition = negated(condition);
    branchOn(condition, target, move);
}

/// By the flags; the operands are at home.
void FunctionCompiler::branchOn(Condition condition, uint32_t target, const Move& move) {
    Label& label = targetOf(target);
    if (move.count == 0 && conforms(label.state)) {
        jumpIf(condition, label.native);
    } else {
        const asmjit::Label stay = a.newLabel();
        jumpIf(negated(condition), stay);
        m_flagsLive = false;
        const LocalState here = m_state;
        moveSlots(move);
        conform(label.state);
        a.jmp(label.native);
        a.bind(stay);
        m_state = here;
    }
    m_flagsLive = false;
}

void FunctionCompiler::branchOnNull(const Insn& c) {
    flushOperands();
    a.cmp(home(c.a), 0);
    const bool whenNull = c.plain == number(Op::BrOnNull);
    branchOn(whenNull ? Condition::Equal : Condition::NotEqual, m_cell + c.b,
             c.c == ~0u ? Move{0, 0, 0} : m_code->moves[c.c]);
}

void FunctionCompiler::branchTable(const Insn& c) {
    const auto* targets = reinterpret_cast<const BranchTarget*>(c.imm);
    const uint32_t count = targets[0].move.count;  // of those before the default
    const uint8_t chosen = general(c.a);
    const uint8_t index = takeGeneral();
    a.mov(gp(index, false), gp(chosen, false));
    dropFrom(c.a);
    m_pinnedGeneral = 1u << index;
    flushOperands();
    // Ways that need code of their own stand behind the table.
    struct Way {
        asmjit::Label native;
        uint32_t target;
        Move move;
        bool isOwn;
    };
    std::vector<Way> ways;
    std::map<std::array<uint32_t, 4>, asmjit::Label> own;
    for (uint32_t t = 1; t <= count + 1; ++t) {
        const uint32_t target = m_cell + static_cast<uint32_t>(targets[t].distance);
        Label& label = targetOf(target);
        const Move& move = targets[t].move;
        if (move.count == 0 && conforms(label.state)) {
            ways.push_back({label.native, target, move, false});
            continue;
        }
        const auto [known, isNew] = own.try_emplace({target, move.source, move.target, move.count});
        if (isNew) known->second = a.newLabel();
        ways.push_back({known->second, target, move, isNew});
    }
    a.cmp(gp(index, false), asmjit::Imm(static_cast<int32_t>(count)));
    a.jae(ways.back().native);
    if (count > 0) {
        const uint8_t base = takeGeneral();
        const asmjit::Label table = a.newLabel();
        a.lea(gp(base), x86::ptr(table));
        a.movsxd(gp(index), x86::dword_ptr(gp(base), gp(index), 2));
        a.add(gp(base), gp(index));
        a.jmp(gp(base));
        const auto padding = static_cast<uint32_t>(a.offset());
        a.align(asmjit::AlignMode::kData, 4);
        const auto begin = static_cast<uint32_t>(a.offset());
        a.bind(table);
        for (uint32_t t = 0; t < count; ++t)
            a.embedLabelDelta(ways[t].native, table, 4);
        m_result->tables.push_back({padding, begin, static_cast<uint32_t>(a.offset())});
    }
    const LocalState here = m_state;
    for (const Way& way : ways) {
        if (!way.isOwn || isTooLarge()) continue;
        a.bind(way.native);
        m_pinnedGeneral = 0;
        m_state = here;
        moveSlots(way.move);
        Label& label = targetOf(way.target);
        conform(label.state);
        a.jmp(label.native);
    }
    m_isDead = true;
}

void FunctionCompiler::returnFrom(uint32_t source, uint32_t count) {
    const bool isVector = count == 2 && (at(source).kind == Kind::Vector || isVectorLocal(source));
    if (count == 1 || isVector) {
        storeOperand(source, 0);
    } else if (count > 1) {
        flushOperands();
        if (source != 0) moveSlots({source, 0, count});
    }
    a.ret();
    m_isDead = true;
}

bool FunctionCompiler::isInstance(FuncAddr function) const {
    const FunctionInstance& f = *m_jit->store().functions[function.value];
    return f.instance && *f.instance == m_code->context->id();
}

void FunctionCompiler::call(const Insn& c, FuncAddr callee) {
    const uint64_t* word = isInstance(callee) ? m_jit->entryWord(callee) : nullptr;
    if (!word) return interpret(true);
    flushOperands();
    leaveRegisters();
    callNative(x86::ptr(reinterpret_cast<uint64_t>(word), 8), c.a);
}

/// Everything is at home.
void FunctionCompiler::callNative(const asmjit::Operand& target, uint32_t base) {
    if (base) a.add(kFrame, asmjit::Imm(static_cast<int32_t>(base * 8)));
    a.emit(I::kIdCall, target);
    const auto offset = static_cast<uint32_t>(a.offset());
    m_result->callSites.push_back({offset, m_cell, base});
    m_result->entries.push_back({m_cell + 1, offset, base});
    if (base) a.sub(kFrame, asmjit::Imm(static_cast<int32_t>(base * 8)));
    allAtHome();
}

void FunctionCompiler::loadElements(uint32_t table, uint8_t index, uint8_t elements, uint8_t size,
                                    const asmjit::Label& outside) {
    const auto* vector = reinterpret_cast<const uint8_t*>(&m_code->context->tables[table]->elements);
    a.mov(gp(elements), asmjit::Imm(reinterpret_cast<uint64_t>(vector)));
    a.mov(gp(size), x86::ptr(gp(elements), 8));
    a.mov(gp(elements), x86::ptr(gp(elements), 0));
    a.sub(gp(size), gp(elements));
    a.shr(gp(size), 3);
    a.cmp(gp(index), gp(size));
    a.jae(outside);
}

/// The FunctionInstance that a reference names; null goes to `slow`.
void FunctionCompiler::loadFunction(uint8_t reference, uint8_t function, const asmjit::Label& slow) {
    const auto* functions = reinterpret_cast<const uint8_t*>(&m_jit->store().functions);
    a.test(gp(reference), gp(reference));
    a.jz(slow);
    a.mov(gp(function), asmjit::Imm(reinterpret_cast<uint64_t>(functions)));
    a.mov(gp(function), x86::ptr(gp(function), 0));
    a.mov(gp(function), x86::ptr(gp(function), gp(reference), 3, -8));
}

/// The function of the table if it is compiled, of this instance, and of exactly this type: all that is FunctionInstance::directKey.
/// Everything is at home.
FunctionCompiler::Callee FunctionCompiler::indirectCallee(const Insn& c, const asmjit::Label& slow) {
    const uint8_t index = takeGeneral(), t = takeGeneral(), u = takeGeneral();
    a.mov(gp(index), home(c.a));
    loadElements(c.c, index, t, u, slow);
    a.mov(gp(index), x86::ptr(gp(t), gp(index), 3));
    loadFunction(index, t, slow);
    a.mov(gp(u), asmjit::Imm(uint64_t{m_code->context->id().value} << 32 | c.b));
    a.cmp(gp(u), x86::ptr(gp(t), offsetIn(*m_code->function, m_code->function->directKey)));
    a.jne(slow);
    return {t, u};
}

x86::Mem FunctionCompiler::machineCodeOf(uint8_t function) const {
    return x86::ptr(gp(function), offsetIn(*m_code->function, m_code->function->machineCode), 8);
}

void FunctionCompiler::callIndirect(const Insn& c) {
    flushOperands();
    leaveRegisters();
    const Callee callee = indirectCallee(c, exitHere());
    const FuncType& type = m_jit->functionType(*m_code->context, c.b);
    callNative(machineCodeOf(callee.function), c.a - slotsOf(type.params));
}

/// Of the type that validation saw, or a subtype: only the instance is checked.
void FunctionCompiler::callReference(const Insn& c) {
    flushOperands();
    leaveRegisters();
    const asmjit::Label slow = exitHere();
    const uint8_t reference = takeGeneral(), t = takeGeneral();
    a.mov(gp(reference), home(c.a));
    loadFunction(reference, t, slow);
    const int32_t key = offsetIn(*m_code->function, m_code->function->directKey);
    a.cmp(x86::dword_ptr(gp(t), key + 4), asmjit::Imm(m_code->context->id().value));
    a.jne(slow);
    callNative(machineCodeOf(t), c.a - c.b);
}

/// Tail calls leave this frame to the callee, if its slots fit where ours stand: what it would have to refuse is left to the interpreter,
/// which still finds our frame. The results must be exactly ours: who called knows no other ones.
bool FunctionCompiler::hasOurResults(const FuncType& type) const {
    return type.results == m_code->function->type->results;
}

void FunctionCompiler::tailJump(const asmjit::Operand& target, uint32_t arguments, uint32_t slots,
                                uint8_t free) {
    for (uint32_t i = 0; i < slots; ++i) {
        a.mov(gp(free), home(arguments + i));
        a.mov(home(i), gp(free));
    }
    a.emit(I::kIdJmp, target);
    m_isDead = true;
}

void FunctionCompiler::returnCall(const Insn& c) {
    const FuncAddr callee = m_code->context->instance->functions[c.b];
    FunctionInstance& function = *m_jit->store().functions[callee.value];
    const auto code = isInstance(callee) && hasOurResults(*function.type) ? m_jit->store().lowered(function)
                                                                          : Result<Code*>(nullptr);
    const uint64_t* word = code.ok() && *code ? m_jit->entryWord(callee) : nullptr;
    if (!word) return interpret(false);
    flushOperands();
    const asmjit::Label slow = exitHere();
    const uint8_t target = takeGeneral(), t = takeGeneral();
    a.lea(gp(t), home((*code)->maxSlots));
    a.cmp(gp(t), contextField(offsetof(NativeContext, stackLimit)));
    a.ja(slow);
    a.mov(gp(target), x86::ptr(reinterpret_cast<uint64_t>(word), 8));
    a.mov(gp(t), asmjit::Imm(reinterpret_cast<uint64_t>(m_stubs.interpretedCall)));
    a.cmp(gp(target), gp(t));
    a.je(slow);
    tailJump(gp(target), c.a, function.paramSlots, t);
}

void FunctionCompiler::returnCallIndirect(const Insn& c) {
    const FuncType& type = m_jit->functionType(*m_code->context, c.b);
    if (!hasOurResults(type)) return interpret(false);
    flushOperands();
    const asmjit::Label slow = exitHere();
    const Callee callee = indirectCallee(c, slow);
    a.mov(gp(callee.free),
          x86::ptr(gp(callee.function), offsetIn(*m_code->function, m_code->function->code)));
    a.mov(gp(callee.free, false), x86::ptr(gp(callee.free), offsetIn(*m_code, m_code->maxSlots), 4));
    a.lea(gp(callee.free), x86::ptr(kFrame, gp(callee.free), 3));
    a.cmp(gp(callee.free), contextField(offsetof(NativeContext, stackLimit)));
    a.ja(slow);
    const uint32_t slots = slotsOf(type.params);
    tailJump(machineCodeOf(callee.function), c.a - slots, slots, callee.free);
}

void FunctionCompiler::nonNull(const Insn& c) {
    const uint8_t r = general(c.a);
    a.test(gp(r), gp(r));
    a.jz(exitHere());
}

void FunctionCompiler::tableGet(const Insn& c) {
    const uint8_t index = general(c.a);
    const uint8_t elements = takeGeneral(), t = takeGeneral();
    loadElements(c.b, index, elements, t, exitHere());
    a.mov(gp(elements), x86::ptr(gp(elements), gp(index), 3));
    dropFrom(c.a);
    m_top = c.a + 1;
    setGeneral(c.a, elements);
}

void FunctionCompiler::tableSize(const Insn& c) {
    m_top = c.a;
    const auto* vector = reinterpret_cast<const uint8_t*>(&m_code->context->tables[c.b]->elements);
    const uint8_t t = takeGeneral(), r = resultGeneral(~0u, ~0u);
    a.mov(gp(t), asmjit::Imm(reinterpret_cast<uint64_t>(vector)));
    a.mov(gp(r), x86::ptr(gp(t), 8));
    a.sub(gp(r), x86::ptr(gp(t), 0));
    a.shr(gp(r), 3);
    m_top = c.a + 1;
    setGeneral(c.a, r);
}

bool FunctionCompiler::control(const Insn& c) {
    const uint32_t target = m_cell + c.b;
    const std::vector<Move>& moves = m_code->moves;
    switch (c.plain) {
    case number(Op::Nop):
    case number(Op::End): return true;
    case number(Op::Try):
    case number(Op::TryTable): expectCatches(); [[fallthrough]];
    case number(Op::Block):
    case number(Op::Delegate): flushOperands(); return true;
    case number(Op::Loop): loop(); return true;
    case number(Op::If): branchIf(c.a, target, {0, 0, 0}, false); return true;
    case number(Op::Else):
    case number(Op::Catch):
    case number(Op::CatchAll):
    case number(Op::Br): branch(target, {0, 0, 0}); return true;
    case number(InternalOp::BrMove1): branch(target, {c.a, c.c, 1}); return true;
    case number(InternalOp::BrMoveN): branch(target, moves[c.a]); return true;
    case number(Op::BrIf): branchIf(c.a, target, {0, 0, 0}, true); return true;
    case number(InternalOp::BrIfMove1): branchIf(c.a, target, {c.a - 1, c.c, 1}, true); return true;
    case number(InternalOp::BrIfMoveN): branchIf(c.a, target, moves[c.c], true); return true;
    case number(Op::BrTable): branchTable(c); return true;
    case number(Op::Return): returnFrom(0, c.b); return true;
    case number(InternalOp::Return1): returnFrom(c.a, 1); return true;
    case number(InternalOp::ReturnN): returnFrom(c.a, c.b); return true;
    case number(Op::Call): call(c, m_code->context->instance->functions[c.b]); return true;
    case number(InternalOp::CallWasm): call(c, reinterpret_cast<const Code*>(c.imm)->address); return true;
    case number(Op::CallIndirect): callIndirect(c); return true;
    case number(Op::CallRef): callReference(c); return true;
    case number(Op::ReturnCall): returnCall(c); return true;
    case number(Op::ReturnCallIndirect): returnCallIndirect(c); return true;
    case number(Op::BrOnNull):
    case number(Op::BrOnNonNull): branchOnNull(c); return true;
    case number(Op::RefAsNonNull): nonNull(c); return true;
    case number(Op::TableGet): tableGet(c); return true;
    case number(Op::TableSize): tableSize(c); return true;
    default: return false;
    }
}

}  // namespace engine::jit::x64
