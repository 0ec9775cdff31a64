#include "tests/fuzz/lockstep.h"

#include <algorithm>
#include <bit>
#include <random>

#include "engine/machine.h"

namespace fuzz {

using namespace engine;

namespace {

constexpr uint32_t kFuel = 300, kTurns = 60;

struct Side {
    Side(const std::shared_ptr<const Module>& module, Tier tier) {
        store.setTier(tier);
        machine = std::move(*Machine::create(store));
        Trap trap;
        const auto made = store.instantiate(
            module,
            [](const Import&, const Module&) -> Result<Extern> {
                return Error{ErrorCode::NotFound, "none", {}};
            },
            &trap);
        if (made) id = *made;
        isMade = made.ok();
    }
    Instance& instance() { return store.instance(id); }
    bool start(uint32_t function, uint32_t call) {
        machine->abandon();
        store.global(instance().globals[0]).low = kFuel;
        const FuncAddr address = instance().functions[function];
        std::vector<Value> arguments;
        for (const ValType type : store.function(address).type->params) {
            if (type == kI32)
                arguments.push_back(Value::i32(call ? ~0u : 7));
            else if (type == kI64)
                arguments.push_back(Value::i64(call ? uint64_t{1} << 63 : 5));
            else if (type == kF32)
                arguments.push_back(Value::f32(call ? -0.0f : 1.5f));
            else
                arguments.push_back(Value::f64(call ? 1e300 : -2.25));
        }
        return machine->start(address, arguments).ok();
    }
    Store store;
    std::unique_ptr<Machine> machine;
    InstanceId id;
    bool isMade = false;
};

std::string show(const std::vector<Value>& values) {
    std::string text;
    for (const Value& value : values)
        text += (text.empty() ? "" : " ") + toText(value);
    return "(" + text + ")";
}

std::string place(const Machine& m) {
    const Moment at = m.moment();
    return "tick " + std::to_string(at.tick) + " depth " + std::to_string(at.depth) + " offset " +
           std::to_string(at.offset);
}

/// What differs between two machines that have stopped, or nothing.
std::string difference(Side& a, Side& b) {
    Machine &m = *a.machine, &n = *b.machine;
    if (m.moment() != n.moment()) return place(m) + ", compiled " + place(n);
    const std::string where = " at " + place(m);
    if (m.trap() != n.trap()) return m.trap().text() + ", compiled " + n.trap().text() + where;
    if (m.results() != n.results()) return show(m.results()) + ", compiled " + show(n.results()) + where;
    for (uint32_t f = 0; f < std::min(m.depth(), 50u); ++f) {
        const std::string frame = " in frame " + std::to_string(f) + where;
        if (m.frame(f).location != n.frame(f).location) return "other locations" + frame;
        if (*m.locals(f) != *n.locals(f))
            return "locals " + show(*m.locals(f)) + ", compiled " + show(*n.locals(f)) + frame;
        if (*m.operands(f) != *n.operands(f))
            return "operands " + show(*m.operands(f)) + ", compiled " + show(*n.operands(f)) + frame;
    }
    for (size_t g = 0; g < a.instance().globals.size(); ++g) {
        const GlobalInstance &x = a.store.global(a.instance().globals[g]),
                             &y = b.store.global(b.instance().globals[g]);
        if (x.low != y.low || x.high != y.high) return "global " + std::to_string(g) + where;
    }
    for (size_t i = 0; i < a.instance().memories.size(); ++i)
        if (!std::ranges::equal(a.store.memory(a.instance().memories[i]).bytes(),
                                b.store.memory(b.instance().memories[i]).bytes()))
            return "memory " + std::to_string(i) + where;
    return "";
}

class Walk {
public:
    Walk(Side& a, Side& b, uint64_t seed, LockstepCounts& counts)
        : m_a(a), m_b(b), m_random(static_cast<uint32_t>(seed * 7919 + 1)), m_counts(counts) {}

    /// Until the call has ended.
    std::string whole() {
        for (uint32_t turn = 0;; ++turn) {
            const StopKind x = turn < kTurns ? turnOf() : both([](Machine& m) { return m.run(); });
            ++m_counts.stops;
            if (m_differs)
                return "stops for other reasons, at " + place(*m_a.machine) + ", compiled " +
                       place(*m_b.machine);
            if (std::string what = difference(m_a, m_b); !what.empty()) return what;
            if (turn == kTurns) m_a.machine->clearBreakpoints(), m_b.machine->clearBreakpoints();
            if (x == StopKind::Finished || x == StopKind::Trapped) return "";
        }
    }

private:
    template <class Act>
    StopKind both(Act act) {
        const StopKind x = act(*m_a.machine), y = act(*m_b.machine);
        m_differs = x != y;
        return x;
    }
    StopKind turnOf() {
        Machine& m = *m_a.machine;
        const uint64_t tick = m.tick() + m_random() % (m_random() % 4 ? 9 : 90);
        switch (m_random() % 8) {
        case 0: return both([](Machine& x) { return x.step(); });
        case 1: {
            const uint32_t depth = m.depth() - static_cast<uint32_t>(m_random() % 2);
            return both([&](Machine& x) { return x.run({.minDepth = depth, .tick = tick + 100}); });
        }
        case 2:
            m.clearBreakpoints();
            m_b.machine->clearBreakpoints();
            break;
        case 3: {
            const uint32_t f = m_random() % m.depth();
            const CodeLocation location = m.frame(f).location;
            const auto offsets = m.instructionOffsets(m.frame(f).function);
            const uint32_t offset = (*offsets)[m_random() % offsets->size()];
            (void)both([&](Machine& x) {
                (void)x.setBreakpoint({location.instance, location.function, offset});
                return StopKind::Finished;
            });
            break;
        }
        default: break;
        }
        return both([&](Machine& x) { return x.run({.minDepth = 0, .tick = tick}); });
    }

    Side &m_a, &m_b;
    std::minstd_rand m_random;
    LockstepCounts& m_counts;
    bool m_differs = false;
};

}  // namespace

std::string lockstep(const std::shared_ptr<const Module>& module, Tier tier, uint64_t seed,
                     LockstepCounts& counts) {
    Side a(module, Tier::Interp), b(module, tier);
    if (!a.isMade || !b.isMade) return "";
    for (const Export& e : module->exports) {
        if (e.kind != ExternKind::Func) continue;
        for (uint32_t call = 0; call < 2; ++call) {
            if (!a.start(e.index, call) || !b.start(e.index, call)) return e.name + " does not start";
            if (std::string what = Walk(a, b, seed, counts).whole(); !what.empty())
                return e.name + ": " + what;
        }
    }
    counts.functions += b.store.compiled().functions;
    return "";
}

}  // namespace fuzz
