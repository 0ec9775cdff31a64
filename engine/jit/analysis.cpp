#include "engine/jit/analysis.h"

#include <algorithm>

namespace engine::jit {

namespace {

constexpr uint32_t kClosed = ~0u;  // an opened block that is no loop

bool isLocalRead(uint16_t op) { return op == number(Op::LocalGet) || op == number(InternalOp::LocalGetWide); }
bool isLocalWrite(uint16_t op) {
    return op == number(Op::LocalSet) || op == number(Op::LocalTee) ||
           op == number(InternalOp::LocalSetWide) || op == number(InternalOp::LocalTeeWide);
}
bool isCall(uint16_t op) {
    return op == number(Op::Call) || op == number(InternalOp::CallWasm) ||
           op == number(InternalOp::CallCross) || op == number(InternalOp::CallHost) ||
           op == number(Op::CallIndirect) || op == number(Op::CallRef);
}

/// Rarely anything else than the interpreter's handler.
bool isHandled(uint16_t op) {
    if (op >= kOpCount) return false;
    const OpRow& r = row(static_cast<Op>(op));
    if (r.prefix == 0xfb)
        return (r.code >= 0x06 && r.code <= 0x0a) || (r.code >= 0x10 && r.code <= 0x13);  // whole arrays
    return r.prefix != 0 && r.feature != Feature::SaturatingTruncation && r.feature != Feature::Simd;
}

}  // namespace

bool touchesLocal(uint16_t op) { return isLocalRead(op) || isLocalWrite(op); }

void Analysis::run(const Code& code, const LocalRegisters& registers) {
    const size_t cells = code.cells.size();
    m_targets.assign(cells + 1, 0);
    m_weights.assign(code.localSlots, 0);
    m_localAt.assign(code.localSlots, kNone);
    m_loops.clear();
    m_open.clear();
    m_locals.clear();
    m_targetCount = 0;
    structure(code);
    choose(code, registers);
    loopFacts(code);
    for (const CatchTable::Clause& clause : code.catches.clauses)
        mark(clause.target, FromOutside);
}

void Analysis::mark(int64_t cell, uint8_t flag) { m_targets[static_cast<size_t>(cell)] |= flag; }

void Analysis::structure(const Code& code) {
    uint32_t depth = 0;
    const auto count = static_cast<uint32_t>(code.cells.size());
    for (uint32_t i = 0; i < count; ++i) {
        const Insn& c = code.cells[i];
        const auto branch = [&](int32_t distance) {
            if (distance > 0) mark(int64_t{i} + distance, Forward);
        };
        if (touchesLocal(c.plain)) {
            m_weights[c.b] += uint64_t{1} << (3 * std::min(depth, 8u));
            continue;
        }
        switch (c.plain) {
        case number(Op::Loop):
            m_open.push_back(static_cast<uint32_t>(m_loops.size()));
            m_loops.push_back({.begin = i});
            ++depth;
            break;
        case number(Op::Block):
        case number(Op::Try):
        case number(Op::TryTable): m_open.push_back(kClosed); break;
        case number(Op::If):
            m_open.push_back(kClosed);
            branch(static_cast<int32_t>(c.b));
            break;
        case number(Op::End):
        case number(Op::Delegate):
            if (m_open.empty()) break;
            if (m_open.back() != kClosed) {
                m_loops[m_open.back()].end = i;
                --depth;
            }
            m_open.pop_back();
            break;
        case number(Op::Else):
        case number(Op::Br):
        case number(InternalOp::BrMove1):
        case number(InternalOp::BrMoveN):
        case number(Op::BrIf):
        case number(InternalOp::BrIfMove1):
        case number(InternalOp::BrIfMoveN): branch(static_cast<int32_t>(c.b)); break;
        case number(Op::Catch):
        case number(Op::CatchAll):
        case number(Op::BrOnNull):
        case number(Op::BrOnNonNull): branch(static_cast<int32_t>(c.b)); break;
        case number(Op::BrOnCast):
        case number(Op::BrOnCastFail):
            if (static_cast<int32_t>(c.b) > 0) mark(int64_t{i} + static_cast<int32_t>(c.b), FromOutside);
            break;
        case number(Op::BrTable): {
            const auto* targets = reinterpret_cast<const BranchTarget*>(c.imm);
            for (uint32_t t = 1; t <= targets[0].move.count + 1; ++t)
                branch(targets[t].distance);
            break;
        }
        default: break;
        }
    }
}

void Analysis::choose(const Code& code, const LocalRegisters& registers) {
    struct Candidate {
        uint64_t weight;
        uint32_t slot;
    };
    std::vector<Candidate> general, floating;
    std::vector<uint8_t> isVector;
    uint32_t slot = 0;
    for (const ValType type : code.locals) {
        const bool isFloat = type == kF32 || type == kF64 || type == kV128;
        if (m_weights[slot] > 1) (isFloat ? floating : general).push_back({m_weights[slot], slot});
        if (type == kV128) m_localAt[slot] = kNone - 1;  // until the choice is made
        slot += type.slots();
    }
    const auto take = [&](std::vector<Candidate>& candidates, std::span<const uint8_t> registersOfKind,
                          bool isFloat) {
        const size_t count = std::min(candidates.size(), registersOfKind.size());
        std::partial_sort(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(count),
                          candidates.end(), [](const Candidate& a, const Candidate& b) {
                              return a.weight != b.weight ? a.weight > b.weight : a.slot < b.slot;
                          });
        for (size_t i = 0; i < count; ++i) {
            const uint32_t at = candidates[i].slot;
            m_locals.push_back({at, registersOfKind[i], isFloat, m_localAt[at] == kNone - 1});
        }
    };
    take(general, registers.general, false);
    take(floating, registers.floating, true);
    std::fill(m_localAt.begin(), m_localAt.end(), kNone);
    for (size_t i = 0; i < m_locals.size(); ++i)
        m_localAt[m_locals[i].slot] = static_cast<uint8_t>(i);
}

void Analysis::loopFacts(const Code& code) {
    std::vector<LoopFacts*> open;
    size_t next = 0;
    if (m_loops.empty()) return;
    const auto count = static_cast<uint32_t>(code.cells.size());
    for (uint32_t i = m_loops.front().begin; i < count; ++i) {
        while (next < m_loops.size() && m_loops[next].begin == i)
            open.push_back(&m_loops[next++]);
        if (open.empty()) {
            if (next == m_loops.size()) break;
            i = m_loops[next].begin - 1;
            continue;
        }
        const Insn& c = code.cells[i];
        LoopFacts& inner = *open.back();
        if (touchesLocal(c.plain) && m_localAt[c.b] != kNone) {
            const uint32_t bit = 1u << m_localAt[c.b];
            inner.used |= bit;
            if (isLocalWrite(c.plain)) inner.assigned |= bit;
        } else if (isCall(c.plain) || isHandled(c.plain)) {
            inner.leavesRegisters = true;
        }
        if (i != inner.end) continue;
        open.pop_back();
        if (open.empty()) continue;
        open.back()->used |= inner.used;
        open.back()->assigned |= inner.assigned;
        open.back()->leavesRegisters |= inner.leavesRegisters;
    }
}

const LoopFacts& Analysis::loopAt(uint32_t cell) const {
    return *std::lower_bound(m_loops.begin(), m_loops.end(), cell,
                             [](const LoopFacts& loop, uint32_t at) { return loop.begin < at; });
}

}  // namespace engine::jit
