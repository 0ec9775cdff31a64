#include "engine/jit/x64/compiler.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "engine/function_walker.h"
#include "engine/jit/jit.h"
#include "engine/store_state.h"

namespace engine::jit::x64 {

using Kind = Operand::Kind;
namespace I = asmjit::x86::Inst;

namespace {

constexpr uint32_t kMaxSlots = 1 << 16;  // of a frame that is compiled: displacements stay small
constexpr uint32_t kMaxOperandSlots =
    512;  // much is done per operand on the stack: no module shall make that long
constexpr size_t kMaxCells = 1 << 21;
constexpr uint32_t kTrackedSlots =
    16;  // at the top of the operand stack: those below are at home, as each exit tells where each other one is

/// Ops that never go on behind themselves.
bool endsCode(uint16_t op) {
    switch (op) {
    case number(Op::Unreachable):
    case number(Op::Throw):
    case number(Op::ThrowRef):
    case number(Op::Rethrow):
    case number(Op::ReturnCall):
    case number(Op::ReturnCallIndirect):
    case number(Op::ReturnCallRef): return true;
    default: return false;
    }
}

/// Ops that take a condition as the flags have it.
bool takesCondition(uint16_t op) {
    switch (op) {
    case number(Op::If):
    case number(Op::BrIf):
    case number(InternalOp::BrIfMove1):
    case number(InternalOp::BrIfMoveN):
    case number(Op::I32Eqz):
    case number(Op::Select):
    case number(Op::SelectTyped):
    case number(InternalOp::SelectWide): return true;
    default: return false;
    }
}

}  // namespace

FunctionCompiler::FunctionCompiler(const Stubs& stubs) : m_stubs(stubs) {
    const auto& features = asmjit::CpuInfo::host().features().x86();
    m_hasBmi1 = features.hasBMI();
    m_hasBmi2 = features.hasBMI2();
    m_hasLzcnt = features.hasLZCNT();
    m_hasPopcnt = features.hasPOPCNT();
    m_hasAvx = features.hasAVX();
    m_hasSse41 = features.hasSSE4_1();
}

std::unique_ptr<CompiledFunction> FunctionCompiler::compile(Code& code, Jit& jit) {
    if (code.maxSlots > kMaxSlots || code.maxSlots - code.localSlots > kMaxOperandSlots ||
        code.cells.size() > kMaxCells)
        return nullptr;
    m_code = &code;
    m_jit = &jit;
    m_result->clear();
    m_lastCode = 0;
    m_result->owner = &code;
    m_result->firstExit = jit.exitCount();
    m_analysis.run(code, {kLocalGeneral, kLocalFloat});
    m_result->locals = m_analysis.locals();
    m_result->breaks = code.breaks;
    m_allLocals = static_cast<uint32_t>((uint64_t{1} << m_analysis.locals().size()) - 1);

    const size_t cells = code.cells.size();
    operandSlotsBefore(*code.context->walker, code.function->index, m_heights);
    m_labelOf.assign(cells + 1, 0);
    m_loopOf.assign(cells + 1, 0);
    m_labels.clear();
    m_pending.clear();
    m_entryStubs.clear();
    m_looks.clear();
    m_pool.clear();
    m_vectorPool.clear();
    m_operands.assign(code.maxSlots - std::min(code.maxSlots, code.localSlots) + 2, {});
    m_copies.assign(code.localSlots, 0);
    m_usedGeneral = m_usedFloat = m_pinnedGeneral = m_pinnedFloat = 0;
    m_isDead = m_flagsLive = m_hasFailed = false;
    m_top = code.localSlots;
    lookAtMemory();

    m_holder.reset();
    if (m_holder.init(asmjit::Environment::host(), reinterpret_cast<uint64_t>(jit.arena().next())) !=
            asmjit::kErrorOk ||
        m_holder.attach(&a) != asmjit::kErrorOk)
        return nullptr;
    m_holder.setErrorHandler(this);
    for (uint32_t i = 0; i < cells; ++i) {
        if (!m_analysis.target(i)) continue;
        const bool isEntry = m_analysis.target(i) & Analysis::FromOutside;
        m_labels.push_back({a.newLabel(), {0, m_allLocals}, false, isEntry});
        m_labelOf[i] = static_cast<uint32_t>(m_labels.size());
    }
    prologue();
    for (uint32_t i = 0; i < cells && !isTooLarge(); ++i)
        cell(i);
    if (isTooLarge()) return m_jit->noRoom(), nullptr;
    epilogue();
    return finish();
}

/// Of the next cell.
void FunctionCompiler::beginCode() {
    const auto at = static_cast<uint32_t>(a.offset());
    uint32_t size = at - std::exchange(m_lastCode, at);
    for (; size >= 0x80; size >>= 7)
        m_result->cellSizes.push_back(static_cast<uint8_t>(size | 0x80));
    m_result->cellSizes.push_back(static_cast<uint8_t>(size));
}

/// Leaves before `cell` if somebody must look around.
void FunctionCompiler::countTick(uint32_t cell) {
#ifndef WASISCOPE_NO_TICKS
    a.dec(kTicks);
    a.jle(exitAt(Exit::Kind::Tick, cell));
#else
    static_cast<void>(cell);
#endif
}

void FunctionCompiler::prologue() {
    const asmjit::Label refuse = a.newLabel();
    m_pending.push_back({refuse, ~0u});
    a.lea(x86::rax, home(m_code->maxSlots));
    a.cmp(x86::rax, contextField(offsetof(NativeContext, stackLimit)));
    a.ja(refuse);
    a.cmp(x86::rsp, contextField(offsetof(NativeContext, nativeLimit)));
    a.jb(refuse);
    m_state = {0, m_allLocals};
    uint32_t cleared = 0;
    for (uint32_t slot = m_code->paramSlots; slot < m_code->localSlots; ++slot) {
        const uint8_t index = m_analysis.localAt(slot);
        if (index == Analysis::kNone) {
            ++cleared;
            continue;
        }
        const LocalPlace& local = m_analysis.locals()[index];
        if (local.isFloat)
            a.xorps(xmm(local.reg), xmm(local.reg));
        else
            a.xor_(gp(local.reg, false), gp(local.reg, false));
        m_state.valid |= 1u << index;
        m_state.clean &= ~(1u << index);
        if (local.isVector) ++slot;
    }
    if (cleared > 16) {
        // All of them, those with registers too.
        const asmjit::Label again = a.newLabel();
        a.lea(x86::rax, home(m_code->paramSlots));
        a.lea(x86::rdx, home(m_code->localSlots));
        a.bind(again);
        a.mov(x86::qword_ptr(x86::rax), 0);
        a.add(x86::rax, 8);
        a.cmp(x86::rax, x86::rdx);
        a.jb(again);
    } else if (cleared > 0) {
        a.xor_(x86::eax, x86::eax);
        for (uint32_t slot = m_code->paramSlots; slot < m_code->localSlots; ++slot) {
            const uint8_t index = m_analysis.localAt(slot);
            if (index == Analysis::kNone)
                a.mov(home(slot), x86::rax);
            else if (m_analysis.locals()[index].isVector)
                ++slot;
        }
    }
    countTick(0);
    const asmjit::Label body = a.newLabel();
    a.bind(body);
    m_entryStubs.push_back({body, 0, m_state.valid});
}

bool FunctionCompiler::isTooLarge() const { return a.offset() + m_result->tableBytes() > m_jit->room(); }

/// Joins what comes from above with the branches to this cell.
void FunctionCompiler::reach(uint32_t i) {
    if (!m_labelOf[i]) return;
    Label& label = labelAt(i);
    if (!m_isDead) {
        flushOperands();
        if (label.isReached || label.isEntry)
            conform(label.state);
        else
            label.state = m_state;
    } else if (!label.isReached) {
        return;
    }
    // Nothing is known of the operands but that they are at home.
    for (uint32_t slot = m_code->localSlots; slot < m_top; ++slot)
        release(slot);
    m_state = label.state;
    m_isDead = false;
    m_flagsLive = false;
    a.bind(label.native);
    if (label.isEntry) m_result->entries.push_back({i, static_cast<uint32_t>(a.offset()), 0});
}

void FunctionCompiler::cell(uint32_t i) {
    m_cell = i;
    beginCode();
    m_pinnedGeneral = m_pinnedFloat = 0;
    reach(i);
    if (m_isDead) return;
    const Insn& c = m_code->cells[i];
    const uint32_t top = m_code->localSlots + m_heights[i];
    if (m_top > top) dropFrom(top);
    m_top = top;
    const bool hasBreak = m_result->breaks.count(i) != 0;
    if (m_flagsLive && (hasBreak || !takesCondition(c.plain))) {
        for (uint32_t slot = m_code->localSlots; slot < m_top; ++slot)
            if (at(slot).kind == Kind::Condition) (void)general(slot);
    }
    if (top > m_code->localSlots + kTrackedSlots) settle(top - kTrackedSlots);
    if (hasBreak && c.plain != number(Op::Loop))
        a.jmp(exitHere());  // what follows is never reached from here
    if (control(c) || constantsAndVariables(c) || integer(c) || floating(c) || memory(c) || vector(c) ||
        garbageCollected(c))
        return;
    interpret(!endsCode(c.plain));
}

/// Ops whose handlers touch neither frames nor the GC heap, and do not wait.
bool FunctionCompiler::hasPlainHandler(uint16_t op) {
    if (op >= kWideAccessFirst) return op < kFusedFirst;
    if (op >= kOpCount)
        return op == number(InternalOp::LocalGetWide) || op == number(InternalOp::LocalSetWide) ||
               op == number(InternalOp::LocalTeeWide) || op == number(InternalOp::GlobalGetWide) ||
               op == number(InternalOp::GlobalSetWide) || op == number(InternalOp::SelectWide);
    const OpRow& r = row(static_cast<Op>(op));
    if (r.prefix == 0xfc || r.prefix == 0xfd) return true;
    if (r.prefix == 0xfe)
        return op != number(Op::MemoryAtomicWait32) && op != number(Op::MemoryAtomicWait64) &&
               op != number(Op::MemoryAtomicNotify);
    if (r.prefix == 0)
        return r.hasFixedSignature() || op == number(Op::TableGet) || op == number(Op::TableSet);
    return false;
}

void FunctionCompiler::callHandler(const Insn& c) {
    flushOperands();
    leaveRegisters();
    allAtHome();
    a.mov(x86::rsi, asmjit::Imm(reinterpret_cast<uint64_t>(&c)));
    a.mov(x86::rcx, asmjit::Imm(reinterpret_cast<uint64_t>(m_code)));
    a.call(reinterpret_cast<uint64_t>(m_stubs.executeCell));
    a.test(x86::al, x86::al);
    a.jz(exitHere());
}

/// The interpreter does this cell; if it comes back, we go on behind it.
void FunctionCompiler::interpret(bool returns) {
    const Insn& c = m_code->cells[m_cell];
    if (hasPlainHandler(c.plain)) return callHandler(c);
    flushOperands();
    leaveRegisters();
    if (c.plain == number(Op::BrOnCast) || c.plain == number(Op::BrOnCastFail)) expect(m_cell + c.b);
    if (!returns) {
        a.jmp(exitHere());
        m_isDead = true;
        return;
    }
    const asmjit::Label called = a.newLabel();
    callHostDirectly(c, called);
    executeInFrames(c);
    a.bind(called);
}

/// Of a call of a host function that has one, tries the short way, and goes on at `called` if that was it. Everything is at home.
void FunctionCompiler::callHostDirectly(const Insn& c, const asmjit::Label& called) {
    const FunctionInstance* function = nullptr;
    if (c.plain == number(InternalOp::CallHost)) function = reinterpret_cast<const FunctionInstance*>(c.imm);
    if (c.plain == number(Op::Call)) function = m_code->context->functions[c.b];
    if (!function || !function->direct.call) return;
    a.mov(x86::rdi, kContext);
    a.mov(x86::rsi, asmjit::Imm(reinterpret_cast<uint64_t>(function)));
    a.lea(x86::rdx, home(c.a));
    a.call(reinterpret_cast<uint64_t>(m_stubs.callHostDirectly));
    m_result->callSites.push_back({static_cast<uint32_t>(a.offset()), m_cell, 0});
    a.test(x86::al, x86::al);
    a.jnz(called);
}

/// Everything is at home.
void FunctionCompiler::executeInFrames(const Insn& c) {
    a.mov(x86::rsi, asmjit::Imm(reinterpret_cast<uint64_t>(&c)));
    a.mov(x86::rcx, asmjit::Imm(reinterpret_cast<uint64_t>(m_code)));
    a.call(reinterpret_cast<uint64_t>(m_stubs.executeInFrames));
    m_result->entries.push_back({m_cell + 1, static_cast<uint32_t>(a.offset()), 0});
    allAtHome();
}

bool FunctionCompiler::constantsAndVariables(const Insn& c) {
    switch (c.plain) {
    case number(Op::I32Const):
    case number(Op::I64Const):
    case number(Op::F32Const):
    case number(Op::F64Const):
    case number(Op::RefNull):
    case number(Op::RefFunc):
        m_top = c.a + 1;
        setConstant(c.a, c.imm);
        return true;
    case number(Op::LocalGet): localGet(c); return true;
    case number(Op::LocalSet): localSet(c, false); return true;
    case number(Op::LocalTee): localSet(c, true); return true;
    case number(Op::GlobalGet): globalGet(c); return true;
    case number(Op::GlobalSet): globalSet(c); return true;
    case number(Op::Select):
    case number(Op::SelectTyped): select(c); return true;
    case number(Op::Drop): return true;  // the next cell knows the height
    default: return false;
    }
}

void FunctionCompiler::localGet(const Insn& c) {
    m_top = c.a + 1;
    Operand& o = at(c.a);
    o.kind = Kind::Local;
    o.local = c.b;
    ++m_copies[c.b];
}

void FunctionCompiler::localSet(const Insn& c, bool isTee) {
    Operand& value = at(c.a);
    const uint8_t index = m_analysis.localAt(c.b);
    if (value.kind == Kind::Local && value.local == c.b) {
        if (!isTee) dropFrom(c.a);
        return;
    }
    detach(c.b, c.a, ~0u);
    if (index == Analysis::kNone) {
        if (value.kind != Kind::Constant && value.kind != Kind::Float) (void)general(c.a);
        storeOperand(c.a, c.b);
        if (!isTee) dropFrom(c.a);
        return;
    }
    const LocalPlace& local = m_analysis.locals()[index];
    if (local.isFloat) {
        if (value.kind == Kind::Home) {
            a.movsd(xmm(local.reg), home(c.a));
        } else {
            const uint8_t r = floating(c.a);
            if (r != local.reg) a.movaps(xmm(local.reg), xmm(r));
        }
    } else if (value.kind == Kind::Constant) {
        loadConstant(local.reg, value.value);
    } else if (value.kind == Kind::Home) {
        a.mov(gp(local.reg), home(c.a));
    } else {
        const uint8_t r = general(c.a);
        if (r != local.reg) a.mov(gp(local.reg), gp(r));
    }
    m_state.valid |= 1u << index;
    m_state.clean &= ~(1u << index);
    dropFrom(c.a);
    if (isTee) localGet(c);
}

void FunctionCompiler::globalGet(const Insn& c) {
    m_top = c.a;
    const auto& globals = m_code->context->globals;
    const auto global = std::find_if(globals.begin(), globals.end(), [&](const GlobalInstance* g) {
        return reinterpret_cast<uint64_t>(&g->low) == c.imm;
    });
    if (global != globals.end() && ((*global)->type.type == kF32 || (*global)->type.type == kF64)) {
        const uint8_t t = takeGeneral(), r = resultFloat(~0u, ~0u);
        a.mov(gp(t), asmjit::Imm(c.imm));
        a.movsd(xmm(r), x86::ptr(gp(t), 0, 8));
        m_top = c.a + 1;
        return setFloat(c.a, r);
    }
    const uint8_t r = resultGeneral(~0u, ~0u);
    a.mov(gp(r), asmjit::Imm(c.imm));
    a.mov(gp(r), x86::ptr(gp(r), 0));
    m_top = c.a + 1;
    setGeneral(c.a, r);
}

void FunctionCompiler::globalSet(const Insn& c) {
    const uint8_t t = takeGeneral();
    if (isFloatOperand(c.a)) {
        const uint8_t r = floating(c.a);
        a.mov(gp(t), asmjit::Imm(c.imm));
        a.movsd(x86::qword_ptr(gp(t)), xmm(r));
        return dropFrom(c.a);
    }
    const uint8_t r = general(c.a);
    a.mov(gp(t), asmjit::Imm(c.imm));
    a.mov(x86::qword_ptr(gp(t)), gp(r));
    dropFrom(c.a);
}

void FunctionCompiler::select(const Insn& c) {
    // Loading the two needs no flags.
    if (isFloatOperand(c.a) || isFloatOperand(c.a + 1)) {
        const uint8_t x = floating(c.a), y = floating(c.a + 1);
        const Condition condition = conditionOf(c.a + 2);
        const uint8_t result = takeFloat();
        const asmjit::Label done = a.newLabel();
        a.movaps(xmm(result), xmm(x));
        jumpIf(condition, done);
        a.movaps(xmm(result), xmm(y));
        a.bind(done);
        dropFrom(c.a);
        m_top = c.a + 1;
        m_flagsLive = false;
        return setFloat(c.a, result);
    }
    const uint8_t x = general(c.a), y = general(c.a + 1);
    const Condition condition = conditionOf(c.a + 2);
    const uint8_t result = takeGeneral();
    a.mov(gp(result), gp(x));
    if (condition == Condition::FloatEqual || condition == Condition::FloatNotEqual) {
        const asmjit::Label done = a.newLabel();
        jumpIf(condition, done);
        a.mov(gp(result), gp(y));
        a.bind(done);
    } else {
        constexpr InstId kMoves[] = {I::kIdCmove,  I::kIdCmovne, I::kIdCmovl,  I::kIdCmovge, I::kIdCmovg,
                                     I::kIdCmovle, I::kIdCmovb,  I::kIdCmovae, I::kIdCmova,  I::kIdCmovbe};
        a.emit(kMoves[static_cast<size_t>(negated(condition))], gp(result), gp(y));
    }
    dropFrom(c.a);
    m_top = c.a + 1;
    m_flagsLive = false;
    setGeneral(c.a, result);
}

void FunctionCompiler::handleError(asmjit::Error, const char*, asmjit::BaseEmitter*) { m_hasFailed = true; }

void FunctionCompiler::epilogue() {
    beginCode();
    for (const Look& l : m_looks)
        lookCloser(l);
    for (const Pending& pending : m_pending) {
        a.bind(pending.native);
        if (pending.exit == ~0u) {
            a.jmp(reinterpret_cast<uint64_t>(m_stubs.interpretedCall));
            continue;
        }
        a.push(asmjit::Imm(static_cast<int32_t>(m_result->firstExit + pending.exit)));
        a.jmp(reinterpret_cast<uint64_t>(m_stubs.exit));
    }
    for (const Stub& stub : m_entryStubs) {
        m_result->entries.push_back({stub.cell, static_cast<uint32_t>(a.offset()), 0});
        m_state = {0, m_allLocals};
        for (uint32_t valid = stub.valid; valid; valid &= valid - 1)
            loadLocal(static_cast<uint8_t>(std::countr_zero(valid)));
        a.jmp(stub.target);
    }
    m_result->constantsAt = static_cast<uint32_t>(a.offset());
    for (const auto& [value, label] : m_pool) {
        a.align(asmjit::AlignMode::kData, 8);
        a.bind(label);
        a.embed(&value, sizeof(value));
    }
    for (const auto& [halves, label] : m_vectorPool) {
        a.align(asmjit::AlignMode::kData, 8);
        a.bind(label);
        a.embed(&halves.first, sizeof(uint64_t));
        a.embed(&halves.second, sizeof(uint64_t));
    }
}

std::unique_ptr<CompiledFunction> FunctionCompiler::finish() {
    const size_t size = m_holder.codeSize();
    CodeArena& arena = m_jit->arena();
    const bool fits = size + 64 + m_result->tableBytes() <= m_jit->room();
    if (!fits) m_jit->noRoom();
    if (m_hasFailed || !fits || m_holder.unresolvedLinkCount() != 0) return nullptr;
    const auto base = reinterpret_cast<uint64_t>(arena.next());
    if (m_holder.flatten() != asmjit::kErrorOk || m_holder.resolveUnresolvedLinks() != asmjit::kErrorOk ||
        m_holder.relocateToBase(base) != asmjit::kErrorOk)
        return nullptr;
    const uint8_t* at = arena.reserve(m_holder.codeSize());
    if (m_holder.copyFlattenedData(arena.writable(at), size) != asmjit::kErrorOk) return nullptr;
    m_result->code = {at, size};
    std::stable_sort(m_result->entries.begin(), m_result->entries.end(),
                     [](const Entry& x, const Entry& y) { return x.cell < y.cell; });
    return std::make_unique<CompiledFunction>(*m_result);  // of exact sizes
}

}  // namespace engine::jit::x64
