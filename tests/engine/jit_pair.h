// Pair: one program run by the interpreter and by compiled code side by side; Jit: the fixture of what needs a compiler.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "engine/machine.h"
#include "tests/engine/program_builder.h"

namespace engine::test {

/// The same program at two tiers.
struct Pair {
    explicit Pair(const Program& program, Tier tier = Tier::Jit, StoreLimits limits = {},
                  const std::function<void(Running&)>& prepare = {})
        : plain(program, limits), fast(program, limits) {
        CHECK(fast.store.setTier(tier));
        for (Running* r : {&plain, &fast})
            if (prepare) prepare(*r);
        plain.link();
        fast.link();
    }
    void start(const std::vector<Value>& arguments, const std::string& name = "0") {
        plain.start(arguments, name);
        fast.start(arguments, name);
    }
    void run(const RunLimits& limits = {}) {
        const StopKind expected = plain.machine->run(limits);
        ASSERT_EQ(fast.machine->run(limits), expected);
        same();
    }
    /// Ticks, frames with all their values, memory, results.
    void same() {
        const Machine &m = *fast.machine, &n = *plain.machine;
        ASSERT_EQ(m.moment(), n.moment());
        ASSERT_EQ(m.trap(), n.trap());
        ASSERT_EQ(m.results(), n.results());
        for (uint32_t f = 0; f < m.depth(); ++f) {
            ASSERT_EQ(m.frame(f).location, n.frame(f).location);
            ASSERT_EQ(*m.locals(f), *n.locals(f)) << "frame " << f;
            ASSERT_EQ(*m.operands(f), *n.operands(f)) << "frame " << f;
        }
        if (plain.store.instance(plain.id).memories.empty()) return;
        ASSERT_TRUE(std::ranges::equal(fast.memory().bytes(), plain.memory().bytes()));
    }
    bool ended() const { return !plain.machine->running(); }
    Running plain, fast;
};

inline bool hasCompiler() { return Store().setTier(Tier::Jit); }

class Jit : public testing::Test {
protected:
    void SetUp() override {
        if (!hasCompiler()) GTEST_SKIP() << "no compiler for this machine";
    }
};

}  // namespace engine::test
