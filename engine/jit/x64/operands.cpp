// Operands, registers, and what is at home.
#include <bit>

#include "engine/jit/jit.h"
#include "engine/jit/x64/compiler.h"

namespace engine::jit::x64 {

using Kind = Operand::Kind;

uint8_t FunctionCompiler::takeGeneral() {
    const uint32_t free = kScratchGeneralMask & ~m_usedGeneral & ~m_pinnedGeneral;
    for (const uint8_t r : kScratchGeneral) {
        if (!(free >> r & 1)) continue;
        m_pinnedGeneral |= 1u << r;
        return r;
    }
    uint32_t lowest = ~0u;
    uint8_t chosen = 0;
    for (const uint8_t r : kScratchGeneral) {
        if ((m_pinnedGeneral >> r & 1) || m_ownerGeneral[r] >= lowest) continue;
        lowest = m_ownerGeneral[r];
        chosen = r;
    }
    CHECK(lowest != ~0u);
    spill(lowest);
    m_pinnedGeneral |= 1u << chosen;
    return chosen;
}

uint8_t FunctionCompiler::takeFloat() {
    const uint32_t free = kScratchFloatMask & ~m_usedFloat & ~m_pinnedFloat;
    if (free) {
        const auto r = static_cast<uint8_t>(std::countr_zero(free));
        m_pinnedFloat |= 1u << r;
        return r;
    }
    uint32_t lowest = ~0u;
    uint8_t chosen = 0;
    for (const uint8_t r : kScratchFloat) {
        if ((m_pinnedFloat >> r & 1) || m_ownerFloat[r] >= lowest) continue;
        lowest = m_ownerFloat[r];
        chosen = r;
    }
    CHECK(lowest != ~0u);
    spill(lowest);
    m_pinnedFloat |= 1u << chosen;
    return chosen;
}

void FunctionCompiler::takeRegister(uint8_t reg) {
    if (m_usedGeneral >> reg & 1) {
        const uint32_t slot = m_ownerGeneral[reg];
        const uint32_t pinned = m_pinnedGeneral |= 1u << reg;
        if (kScratchGeneralMask & ~m_usedGeneral & ~pinned) {
            const uint8_t other = takeGeneral();
            a.mov(gp(other), gp(reg));
            release(slot);
            setGeneral(slot, other);
            m_pinnedGeneral = pinned;
        } else {
            spill(slot);
        }
    }
    m_pinnedGeneral |= 1u << reg;
}

void FunctionCompiler::setGeneral(uint32_t slot, uint8_t reg) {
    Operand& o = at(slot);
    o.kind = Kind::General;
    o.reg = reg;
    if (!(kScratchGeneralMask >> reg & 1)) return;
    m_usedGeneral |= 1u << reg;
    m_pinnedGeneral |= 1u << reg;
    m_ownerGeneral[reg] = slot;
}

void FunctionCompiler::setFloat(uint32_t slot, uint8_t reg) {
    Operand& o = at(slot);
    o.kind = Kind::Float;
    o.reg = reg;
    if (!(kScratchFloatMask >> reg & 1)) return;
    m_usedFloat |= 1u << reg;
    m_pinnedFloat |= 1u << reg;
    m_ownerFloat[reg] = slot;
}

void FunctionCompiler::setConstant(uint32_t slot, uint64_t value) {
    Operand& o = at(slot);
    o.kind = Kind::Constant;
    o.value = value;
}

void FunctionCompiler::release(uint32_t slot) {
    Operand& o = at(slot);
    switch (o.kind) {
    case Kind::General:
        if (kScratchGeneralMask >> o.reg & 1) m_usedGeneral &= ~(1u << o.reg);
        break;
    case Kind::Float:
    case Kind::Vector:
        if (kScratchFloatMask >> o.reg & 1) m_usedFloat &= ~(1u << o.reg);
        break;
    case Kind::Local: --m_copies[o.local]; break;
    case Kind::Condition: m_flagsLive = false; break;
    default: break;
    }
    o.kind = Kind::Home;
}

void FunctionCompiler::dropFrom(uint32_t slot) {
    for (; m_top > slot; --m_top)
        release(m_top - 1);
    m_top = slot;
}

void FunctionCompiler::loadConstant(uint8_t reg, uint64_t value) {
    if (value == 0 && !m_flagsLive)
        a.xor_(gp(reg, false), gp(reg, false));
    else if (value <= 0xffffffff)
        a.mov(gp(reg, false), asmjit::Imm(value));
    else
        a.mov(gp(reg), asmjit::Imm(value));
}

asmjit::Label FunctionCompiler::poolConstant(uint64_t value) {
    const auto [at, isNew] = m_pool.try_emplace(value);
    if (isNew) at->second = a.newLabel();
    return at->second;
}

void FunctionCompiler::ensureLocal(uint8_t index) {
    if (!(m_state.valid >> index & 1)) loadLocal(index);
}

void FunctionCompiler::loadLocal(uint8_t index) {
    const LocalPlace& local = m_analysis.locals()[index];
    if (local.isVector)
        a.movups(xmm(local.reg), home(local.slot, 16));
    else if (local.isFloat)
        a.movsd(xmm(local.reg), home(local.slot));
    else
        a.mov(gp(local.reg), home(local.slot));
    m_state.valid |= 1u << index;
}

void FunctionCompiler::storeLocal(uint8_t index) {
    const LocalPlace& local = m_analysis.locals()[index];
    if (local.isVector)
        a.movups(home(local.slot, 16), xmm(local.reg));
    else if (local.isFloat)
        a.movsd(home(local.slot), xmm(local.reg));
    else
        a.mov(home(local.slot), gp(local.reg));
    m_state.clean |= 1u << index;
}

uint8_t FunctionCompiler::general(uint32_t slot) {
    Operand& o = at(slot);
    switch (o.kind) {
    case Kind::General: m_pinnedGeneral |= 1u << o.reg; return o.reg;
    case Kind::Local: {
        const uint8_t index = m_analysis.localAt(o.local);
        if (index != Analysis::kNone && !m_analysis.locals()[index].isFloat) {
            ensureLocal(index);
            return m_analysis.locals()[index].reg;
        }
        const uint8_t r = takeGeneral();
        if (index != Analysis::kNone && (m_state.valid >> index & 1))
            a.movq(gp(r), xmm(m_analysis.locals()[index].reg));
        else
            a.mov(gp(r), home(o.local));
        release(slot);
        setGeneral(slot, r);
        return r;
    }
    case Kind::Float: {
        const uint8_t r = takeGeneral();
        a.movq(gp(r), xmm(o.reg));
        release(slot);
        setGeneral(slot, r);
        return r;
    }
    case Kind::Constant: {
        const uint8_t r = takeGeneral();
        loadConstant(r, o.value);
        setGeneral(slot, r);
        return r;
    }
    case Kind::Condition: {
        const Condition condition = o.condition;
        release(slot);
        setCondition(condition, slot);
        return at(slot).reg;
    }
    default: {
        const uint8_t r = takeGeneral();
        a.mov(gp(r), home(slot));
        setGeneral(slot, r);
        return r;
    }
    }
}

uint8_t FunctionCompiler::floating(uint32_t slot) {
    Operand& o = at(slot);
    if (o.kind == Kind::Float) {
        m_pinnedFloat |= 1u << o.reg;
        return o.reg;
    }
    if (o.kind == Kind::Local) {
        const uint8_t index = m_analysis.localAt(o.local);
        if (index != Analysis::kNone && m_analysis.locals()[index].isFloat) {
            ensureLocal(index);
            return m_analysis.locals()[index].reg;
        }
    }
    const uint8_t r = takeFloat();
    switch (o.kind) {
    case Kind::Local: a.movsd(xmm(r), home(o.local)); break;
    case Kind::General: a.movq(xmm(r), gp(o.reg)); break;
    case Kind::Constant:
        if (o.value == 0)
            a.xorps(xmm(r), xmm(r));
        else
            a.movsd(xmm(r), x86::ptr(poolConstant(o.value), 0, 8));
        break;
    default: a.movsd(xmm(r), home(slot)); break;
    }
    release(slot);
    setFloat(slot, r);
    return r;
}

bool FunctionCompiler::isFloatOperand(uint32_t slot) const {
    const Operand& o = m_operands[slot - m_code->localSlots];
    if (o.kind == Kind::Float) return true;
    if (o.kind != Kind::Local) return false;
    const uint8_t index = m_analysis.localAt(o.local);
    return index != Analysis::kNone && m_analysis.locals()[index].isFloat;
}

asmjit::Operand FunctionCompiler::source(uint32_t slot, bool wide) {
    const Operand& o = at(slot);
    if (o.kind == Kind::Constant) {
        const auto value =
            static_cast<int64_t>(wide ? o.value : static_cast<uint64_t>(static_cast<int32_t>(o.value)));
        if (value == static_cast<int32_t>(value)) return asmjit::Imm(value);
    }
    if (o.kind == Kind::Home) return home(slot, wide ? 8 : 4);
    if (o.kind == Kind::Local && m_analysis.localAt(o.local) == Analysis::kNone)
        return home(o.local, wide ? 8 : 4);
    return gp(general(slot), wide);
}

asmjit::Operand FunctionCompiler::floatSource(uint32_t slot, uint32_t bytes) {
    const Operand& o = at(slot);
    if (o.kind == Kind::Home) return home(slot, bytes);
    if (o.kind == Kind::Constant && o.value != 0) return x86::ptr(poolConstant(o.value), 0, bytes);
    if (o.kind == Kind::Local && m_analysis.localAt(o.local) == Analysis::kNone) return home(o.local, bytes);
    return xmm(floating(slot));
}

const Insn* FunctionCompiler::onlySuccessor() const {
    const uint32_t next = m_cell + 1;
    const bool isApart = next >= m_code->cells.size() || m_labelOf[next] || m_result->breaks.count(next);
    return isApart ? nullptr : &m_code->cells[next];
}

uint32_t FunctionCompiler::nextLocal(bool isFloat) const {
    const Insn* c = onlySuccessor();
    if (!c || (c->plain != number(Op::LocalSet) && c->plain != number(Op::LocalTee))) return Analysis::kNone;
    const uint8_t index = m_analysis.localAt(c->b);
    if (index == Analysis::kNone || m_analysis.locals()[index].isFloat != isFloat) return Analysis::kNone;
    return index;
}

uint8_t FunctionCompiler::resultGeneral(uint32_t reuse, uint32_t other) {
    if (const uint32_t index = nextLocal(false); index != Analysis::kNone) {
        const LocalPlace& local = m_analysis.locals()[index];
        const bool isRead = other != ~0u && at(other).kind == Kind::Local && at(other).local == local.slot;
        if (!isRead) {
            detach(local.slot, reuse, ~0u);
            return local.reg;
        }
    }
    if (reuse != ~0u && at(reuse).kind == Kind::General) return at(reuse).reg;
    return takeGeneral();
}

uint8_t FunctionCompiler::resultFloat(uint32_t reuse, uint32_t other) {
    if (const uint32_t index = nextLocal(true); index != Analysis::kNone) {
        const LocalPlace& local = m_analysis.locals()[index];
        const bool isRead = other != ~0u && at(other).kind == Kind::Local && at(other).local == local.slot;
        if (!isRead) {
            detach(local.slot, reuse, ~0u);
            return local.reg;
        }
    }
    if (reuse != ~0u && at(reuse).kind == Kind::Float) return at(reuse).reg;
    return takeFloat();
}

void FunctionCompiler::detach(uint32_t localSlot, uint32_t except1, uint32_t except2) {
    uint32_t left = m_copies[localSlot];
    const uint32_t pinnedGeneral = m_pinnedGeneral, pinnedFloat = m_pinnedFloat;
    for (uint32_t slot = m_top; left > 0 && slot-- > m_code->localSlots;) {
        const Operand& o = at(slot);
        if (o.kind != Kind::Local || o.local != localSlot) continue;
        --left;
        if (slot == except1 || slot == except2) continue;
        const uint8_t index = m_analysis.localAt(localSlot);
        const LocalPlace* local = index == Analysis::kNone ? nullptr : &m_analysis.locals()[index];
        const bool inRegister = local && (m_state.valid >> index & 1);
        if (local && local->isFloat) {
            const uint8_t r = takeFloat();
            if (inRegister)
                a.movaps(xmm(r), xmm(local->reg));
            else if (local->isVector)
                a.movups(xmm(r), home(localSlot, 16));
            else
                a.movsd(xmm(r), home(localSlot));
            release(slot);
            local->isVector ? setVector(slot, r) : setFloat(slot, r);
        } else {
            const uint8_t r = takeGeneral();
            if (inRegister)
                a.mov(gp(r), gp(local->reg));
            else
                a.mov(gp(r), home(localSlot));
            release(slot);
            setGeneral(slot, r);
        }
        m_pinnedGeneral = pinnedGeneral;
        m_pinnedFloat = pinnedFloat;
    }
}

void FunctionCompiler::storeOperand(uint32_t slot, uint32_t to) {
    const Operand& o = at(slot);
    switch (o.kind) {
    case Kind::Home:
        if (slot != to) {
            const uint8_t r = takeGeneral();
            a.mov(gp(r), home(slot));
            a.mov(home(to), gp(r));
        }
        return;
    case Kind::General: a.mov(home(to), gp(o.reg)); return;
    case Kind::Float: a.movsd(home(to), xmm(o.reg)); return;
    case Kind::Vector: a.movups(home(to, 16), xmm(o.reg)); return;
    case Kind::Upper: return;
    case Kind::Constant:
        if (static_cast<int64_t>(o.value) == static_cast<int32_t>(o.value)) {
            a.mov(home(to), asmjit::Imm(static_cast<int32_t>(o.value)));
        } else {
            const uint8_t r = takeGeneral();
            loadConstant(r, o.value);
            a.mov(home(to), gp(r));
        }
        return;
    case Kind::Local: {
        const uint8_t index = m_analysis.localAt(o.local);
        if (index != Analysis::kNone) {
            ensureLocal(index);
            const LocalPlace& local = m_analysis.locals()[index];
            if (local.isVector)
                a.movups(home(to, 16), xmm(local.reg));
            else if (local.isFloat)
                a.movsd(home(to), xmm(local.reg));
            else
                a.mov(home(to), gp(local.reg));
            return;
        }
        const uint8_t r = takeGeneral();
        a.mov(gp(r), home(o.local));
        a.mov(home(to), gp(r));
        return;
    }
    case Kind::Condition: {
        const uint8_t r = general(slot);
        a.mov(home(to), gp(r));
        return;
    }
    }
}

void FunctionCompiler::spill(uint32_t slot) {
    storeOperand(slot, slot);
    release(slot);
}

void FunctionCompiler::flushOperands() { flushBelow(m_top); }

void FunctionCompiler::flushBelow(uint32_t end) {
    // Registers that only carry a value home are free again at once.
    const uint32_t pinned = m_pinnedGeneral, pinnedFloat = m_pinnedFloat;
    for (uint32_t slot = m_code->localSlots; slot < end; ++slot) {
        if (at(slot).kind == Kind::Home) continue;
        spill(slot);
        m_pinnedGeneral = pinned;
        m_pinnedFloat = pinnedFloat;
    }
}

void FunctionCompiler::settle(uint32_t end) {
    while (end-- > m_code->localSlots && at(end).kind != Kind::Home)
        spill(end);
    m_pinnedGeneral = m_pinnedFloat = 0;
}

void FunctionCompiler::leaveRegisters() {
    for (uint32_t dirty = m_state.valid & ~m_state.clean; dirty; dirty &= dirty - 1)
        storeLocal(static_cast<uint8_t>(std::countr_zero(dirty)));
}

void FunctionCompiler::allAtHome() { m_state = {0, m_allLocals}; }

bool FunctionCompiler::conforms(const LocalState& to) const {
    return (to.valid & ~m_state.valid) == 0 && (to.clean & ~m_state.clean) == 0;
}

void FunctionCompiler::conform(const LocalState& to) {
    for (uint32_t dirty = to.clean & ~m_state.clean; dirty; dirty &= dirty - 1)
        storeLocal(static_cast<uint8_t>(std::countr_zero(dirty)));
    for (uint32_t stale = to.valid & ~m_state.valid; stale; stale &= stale - 1)
        loadLocal(static_cast<uint8_t>(std::countr_zero(stale)));
    m_state = to;
}

uint32_t FunctionCompiler::makeExit(Exit::Kind kind, uint32_t cell, uint32_t offset) {
    m_result->exits.push_back({kind, static_cast<uint16_t>(m_state.valid), offset, cell,
                               static_cast<uint32_t>(m_result->places.size())});
    for (uint32_t slot = m_code->localSlots; slot < m_top; ++slot) {
        const Operand& o = at(slot);
        ValuePlace place{
            .kind = ValuePlace::Kind::General, .reg = o.reg, .slot = static_cast<uint16_t>(slot)};
        switch (o.kind) {
        case Kind::General: break;
        case Kind::Float: place.kind = ValuePlace::Kind::Float; break;
        case Kind::Vector: place.kind = ValuePlace::Kind::Vector; break;
        case Kind::Constant:
            place.kind = ValuePlace::Kind::Constant;
            place.value = static_cast<uint32_t>(m_result->constants.size());
            m_result->constants.push_back(o.value);
            break;
        case Kind::Local:
            place.kind = ValuePlace::Kind::Slot;  // locals are written first
            place.value = o.local;
            if (!isVectorLocal(slot)) break;
            m_result->places.push_back(place);
            ++place.slot;
            ++place.value;
            break;
        default: continue;
        }
        m_result->places.push_back(place);
    }
    return static_cast<uint32_t>(m_result->exits.size() - 1);
}

asmjit::Label FunctionCompiler::exitAt(Exit::Kind kind, uint32_t cell) {
    m_pending.push_back({a.newLabel(), makeExit(kind, cell, ~0u)});
    return m_pending.back().native;
}

asmjit::Label FunctionCompiler::exitHere() { return exitAt(Exit::Kind::Instruction, m_cell); }

void FunctionCompiler::mayFault() {
    makeExit(Exit::Kind::Instruction, m_cell, static_cast<uint32_t>(a.offset()));
}

}  // namespace engine::jit::x64
