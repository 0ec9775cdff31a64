#include "engine/fusion.h"

#include <algorithm>
#include <optional>

#include "engine/fused_ops.h"

namespace engine {

using namespace fused;

namespace {

constexpr uint8_t kNotThere = 0xff;

enum class Kind : uint8_t { Other, NoOp, LocalGet, LocalSet, LocalTee, Constant, Br, BrIf, If };

/// What a plain op can be in a group: its kind, and its place in the lists of fused_ops.h.
struct Role {
    Kind kind = Kind::Other;
    uint8_t binary = kNotThere, compare = kNotThere, unary = kNotThere, load = kNotThere, store = kNotThere;
    uint8_t first32 = kNotThere, second32 = kNotThere, first64 = kNotThere, second64 = kNotThere;
};

using Roles = std::array<Role, kFusedFirst>;

template <class Ops>
constexpr void enlist(Roles& roles, const Ops& ops, uint8_t Role::*place) {
    for (uint8_t i = 0; i < ops.size(); ++i)
        roles[engine::number(ops[i])].*place = i;
}

constexpr Roles kRoles = [] {
    Roles roles{};
    const auto set = [&](Op op, Kind kind) { roles[engine::number(op)].kind = kind; };
    for (Op op : {Op::Nop, Op::Block, Op::TryTable, Op::Try, Op::Delegate, Op::End, Op::Drop})
        set(op, Kind::NoOp);
    for (Op op : {Op::I32Const, Op::I64Const, Op::F32Const, Op::F64Const})
        set(op, Kind::Constant);
    set(Op::LocalGet, Kind::LocalGet);
    set(Op::LocalSet, Kind::LocalSet);
    set(Op::LocalTee, Kind::LocalTee);
    set(Op::Br, Kind::Br);
    set(Op::BrIf, Kind::BrIf);
    set(Op::If, Kind::If);
    enlist(roles, Binaries::kOps, &Role::binary);
    enlist(roles, Compares::kOps, &Role::compare);
    enlist(roles, Unaries::kOps, &Role::unary);
    enlist(roles, Loads::kOps, &Role::load);
    enlist(roles, Stores::kOps, &Role::store);
    enlist(roles, PairFirst32::kOps, &Role::first32);
    enlist(roles, PairSecond32::kOps, &Role::second32);
    enlist(roles, PairFirst64::kOps, &Role::first64);
    enlist(roles, PairSecond64::kOps, &Role::second64);
    return roles;
}();

template <class E>
constexpr uint32_t at(E e) {
    return static_cast<uint32_t>(e);
}

/// Finds the groups that can begin at a cell, and keeps the one that leaves the fewest dispatches.
class Fuser {
public:
    explicit Fuser(Code& code)
        : m_code(code),
          m_cells(code.cells),
          m_count(static_cast<uint32_t>(code.cells.size())),
          m_isTiered(code.tier.managed) {}

    void run() {
        uint32_t noOps = 0;
        auto breaks = m_code.breaks.rbegin();
        uint32_t nextBreak = m_count;  // the lowest one above i, or a look
        for (uint32_t i = m_count; i-- > 0;) {
            m_i = i;
            m_end = std::min(nextBreak, m_count);
            m_op = m_cells[i].plain;
            m_cost = 1 + costAt(i + 1);
            const bool isNoOp = role(i).kind == Kind::NoOp;
            noOps = isNoOp ? (i + 1 == nextBreak ? 1 : noOps + 1) : 0;
            if (isNoOp)
                skip(noOps);
            else
                match();
            const bool isBreak = breaks != m_code.breaks.rend() && *breaks == i;
            if (isBreak || i % kCellsBetweenLooks == kCellsBetweenLooks - 1) {
                m_op = engine::number(isBreak ? InternalOp::Break : InternalOp::Look);
                m_cost = 1 + costAt(i + 1);
                nextBreak = i;
                noOps = 0;
            }
            if (isBreak) ++breaks;
            if (m_isTiered && !isBreak && (i == 0 || m_cells[i].plain == engine::number(Op::Loop))) {
                m_op = engine::number(i == 0 ? InternalOp::TierEntry : InternalOp::TierLoop);
                m_cost = 1 + costAt(i + 1);
            }
            m_cells[i].op = m_op;
            m_costs[i % kRing] = m_cost;
        }
    }

private:
    static constexpr uint32_t kRing = 16;

    const Role& role(uint32_t i) const { return kRoles[m_cells[i].plain]; }
    Kind kindAt(uint32_t i) const { return i < m_end ? role(i).kind : Kind::Other; }
    uint32_t costAt(uint32_t i) const { return i < m_count ? m_costs[i % kRing] : 0; }

    void consider(uint32_t op, uint32_t length) {
        const uint32_t cost = 1 + costAt(m_i + length);
        if (cost >= m_cost) return;
        m_cost = cost;
        m_op = static_cast<uint16_t>(op);
    }

    void skip(uint32_t count) {
        if (count < 2) return;
        m_cells[m_i].a = count;
        m_op = fused::number(Single::Skip);
        m_cost = count < kRing ? 1 + costAt(m_i + count) : m_costs[(m_i + 1) % kRing];
    }

    /// Result of the operation in cell `at` at its home slot, or set or teed by the next cell.
    void considerSinks(uint32_t base, uint32_t at) {
        const uint32_t length = at + 1 - m_i;
        consider(base + engine::at(Sink::Stack), length);
        const Kind next = kindAt(at + 1);
        if (next == Kind::LocalSet) consider(base + engine::at(Sink::Set), length + 1);
        if (next == Kind::LocalTee) consider(base + engine::at(Sink::Tee), length + 1);
    }

    /// The br_if or if in cell `at` decides on the condition computed before it.
    void considerDecision(uint32_t base, uint32_t at) {
        const uint32_t length = at + 1 - m_i;
        if (kindAt(at) == Kind::If) consider(base + engine::at(Decision::If), length);
        if (kindAt(at) != Kind::BrIf) return;
        consider(base + engine::at(leadsToLoop(at) ? Decision::BrIfLoop : Decision::BrIf), length);
    }
    bool leadsToLoop(uint32_t at) const {
        const uint32_t target = at + m_cells[at].b;
        return m_cells[target].plain == engine::number(Op::Loop) && !m_code.breaks.count(target) &&
               !m_isTiered;
    }

    void match() {
        const Kind first = role(m_i).kind, second = kindAt(m_i + 1);
        switch (first) {
        case Kind::Other:
            withSources(Sources::StackStack);
            withSource(Source::Stack);
            break;
        case Kind::If:
        case Kind::BrIf: withSource(Source::Stack); break;
        case Kind::LocalGet:
            if (second == Kind::Other) withSources(Sources::StackLocal);
            if (second == Kind::Other || second == Kind::If || second == Kind::BrIf)
                withSource(Source::Local);
            if (second == Kind::LocalGet) withSources(Sources::LocalLocal);
            if (second == Kind::Constant) withSources(Sources::LocalConstant);
            if (second == Kind::LocalSet) consider(fused::number(Single::GetSet), 2);
            if (second == Kind::LocalGet) consider(fused::number(Single::GetGet), 2);
            if (second == Kind::Constant) consider(fused::number(Single::GetConstant), 2);
            break;
        case Kind::Constant:
            withSources(Sources::StackConstant);
            if (second == Kind::LocalSet) consider(fused::number(Single::ConstantSet), 2);
            break;
        case Kind::LocalSet:
        case Kind::LocalTee:
            if (second == Kind::LocalGet) consider(fused::number(Single::SetGet), 2);
            break;
        case Kind::Br:
            if (leadsToLoop(m_i)) m_op = fused::number(Single::BrLoop);
            break;
        case Kind::NoOp: break;
        }
    }

    /// Groups whose first operation takes two operands.
    void withSources(Sources sources) {
        const uint32_t at = m_i + cellsOf(sources);
        if (at >= m_end) return;
        const Role& r = role(at);
        const uint32_t s = engine::at(sources);
        if (r.binary != kNotThere) {
            const uint32_t base = kBinaryFirst + (r.binary * kSources + s) * kSinks;
            considerSinks(base, at);
        }
        if (r.compare != kNotThere)
            considerDecision(kCompareFirst + (r.compare * kSources + s) * kDecisions, at + 1);
        if (r.store != kNotThere) consider(kStoreFirst + r.store * kSources + s, at + 1 - m_i);
        if (r.first32 != kNotThere)
            withSecond(kPair32First, r.first32 * PairSecond32::kSize, &Role::second32, s, at);
        if (r.first64 != kNotThere)
            withSecond(kPair64First, r.first64 * PairSecond64::kSize, &Role::second64, s, at);
        if (m_cells[at].plain == engine::number(Op::I32Add) && at + 1 < m_end &&
            role(at + 1).load != kNotThere)
            considerSinks(
                kLoadFirst + (role(at + 1).load * kAddresses + engine::at(sumAddress(sources))) * kSinks,
                at + 1);
    }
    static Address sumAddress(Sources sources) {
        switch (sources) {
        case Sources::StackLocal: return Address::StackPlusLocal;
        case Sources::StackConstant: return Address::StackPlusConstant;
        case Sources::LocalLocal: return Address::LocalPlusLocal;
        case Sources::LocalConstant: return Address::LocalPlusConstant;
        default: return Address::StackPlusStack;
        }
    }

    void withSecond(uint32_t first, uint32_t pair, uint8_t Role::*place, uint32_t sources, uint32_t at) {
        const auto consider = [&](Second second, uint32_t cell) {
            if (cell >= m_end || role(cell).*place == kNotThere) return;
            const uint32_t base =
                first +
                (((pair + role(cell).*place) * kSources + sources) * kSeconds + engine::at(second)) * kSinks;
            considerSinks(base, cell);
        };
        consider(Second::StackWithIt, at + 1);
        if (kindAt(at + 1) == Kind::LocalGet) consider(Second::WithLocal, at + 2);
        if (kindAt(at + 1) == Kind::Constant) consider(Second::WithConstant, at + 2);
    }

    /// Groups whose first operation takes one operand.
    void withSource(Source source) {
        const uint32_t at = m_i + (source == Source::Local);
        if (at >= m_end) return;
        const Role& r = role(at);
        const uint32_t s = engine::at(source);
        if (r.unary != kNotThere) considerSinks(kUnaryFirst + (r.unary * 2u + s) * kSinks, at);
        if (r.load != kNotThere)
            considerSinks(
                kLoadFirst + (r.load * kAddresses +
                              engine::at(source == Source::Local ? Address::Local : Address::Stack)) *
                                 kSinks,
                at);
        const auto test = [&](Test t) { return kTestFirst + (engine::at(t) * 2 + s) * kDecisions; };
        considerDecision(test(Test::I32), at);
        if (m_cells[at].plain == engine::number(Op::I32Eqz)) considerDecision(test(Test::I32Eqz), at + 1);
        if (m_cells[at].plain == engine::number(Op::I64Eqz)) considerDecision(test(Test::I64Eqz), at + 1);
    }

    Code& m_code;
    const std::span<Insn> m_cells;
    uint32_t m_count;
    bool m_isTiered;              // it may be compiled: its entry and loops stand alone
    uint32_t m_i = 0, m_end = 0;  // the cell, and where groups from it must end: at a breakpoint
    uint16_t m_op = 0;
    uint32_t m_cost = 0;
    std::array<uint32_t, kRing> m_costs{};
};

}  // namespace

void prepareCells(Code& code) {
    for (size_t i = kCellsBetweenLooks - 1; i < code.cells.size(); i += kCellsBetweenLooks)
        if (code.cells[i].op == code.cells[i].plain) code.cells[i].op = engine::number(InternalOp::Look);
    code.cells[0].op = engine::number(InternalOp::TierEntry);
}

void fuse(Code& code) {
    Fuser(code).run();
    code.hasGroups = true;
}

}  // namespace engine
