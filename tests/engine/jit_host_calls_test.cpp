// Host calls of machine code: what the host sees and does is what it would be from interpreted code.
#include <gmock/gmock.h>

#include <map>
#include <stdexcept>

#include "tests/engine/jit_pair.h"

namespace engine {
namespace {

using namespace test;

/// 0: calls the host at the bottom of a recursion of `local 0` frames, and again in each frame on the way back. 1: calls it in tail position
/// there. 2: behind a call of 0 that an exception of the host may end. 3: by the table. 4: reads memory behind the call.
Program calls() {
    Program p;
    p.pages = 1;
    p.imports = {{"env.f", {"i32 i64", "i32", "", ""}}};
    p.tags = {"i32"};
    p.functions = {
        {"i32", "i32", "i32 f64", R"(
            local.get 0; f64.convert_i32_u; f64.const 0.5; f64.add; local.set 2
            local.get 0; i32.eqz
            if i32
              i32.const 7; i32.const 1; i64.const 2; call 0; i32.add
            else
              local.get 0; i32.const 3; i32.mul; local.set 1
              i32.const 11
              local.get 0; i32.const 1; i32.sub; call 1
              local.get 1; i64.const 5; call 0; i32.add; i32.add
              local.get 1; i32.xor; local.get 2; i32.trunc_f64_s; i32.add
            end)"},
        {"i32", "i32", "", R"(
            local.get 0; if
              local.get 0; i32.const 1; i32.sub; call 2; i32.const 1; i32.add; return
            end
            i32.const 9; i64.const 4; return_call 0)"},
        {"i32", "i32", "i32", R"(
            i32.const 50; local.set 1
            block i32
              try_table catch 0 0
                local.get 0; call 1; return
              end
              i32.const 3
            end
            local.get 1; i32.add)"},
        {"i32", "i32", "", "i32.const 4; local.get 0; i64.const 8; i32.const 0; call_indirect 0 0; i32.add"},
        {"i32", "i32", "i32", R"(
            loop
              local.get 0; i64.const 3; call 0; drop
              local.get 0; i32.load 0; local.get 1; i32.add; memory.size; i32.add; local.set 1
              local.get 0; i32.const 8; i32.add; local.tee 0; i32.const 66000; i32.lt_u; br_if 0
            end
            local.get 1)"}};
    return p;
}

/// What a host function could see when it was called.
std::string seen(HostCall& call) {
    const Machine& m = call.machine;
    std::ostringstream out;
    out << m.tick() << " " << m.depth() << ":";
    for (uint32_t f = 0; f < m.depth(); ++f) {
        out << " " << m.frame(f).location.function.value << "@" << m.frame(f).location.offset;
        for (const auto& values : {*m.locals(f), *m.operands(f)})
            for (const Value& value : values)
                out << "," << value.low;
    }
    return out.str();
}

/// Both sides with a host function that writes down what it sees and ends its nth call as the test says.
struct HostLogs {
    std::vector<std::string> logs[2];
    size_t sides = 0;
};
struct HostPair : private HostLogs, Pair {
    using Act = std::function<HostOutcome(HostCall&, Running&, size_t)>;
    explicit HostPair(Act act = {}, Tier tier = Tier::Jit)
        : Pair(calls(), tier, {}, [this, act](Running& r) {
              auto& log = logs[sides++];
              r.host("env.f", [&r, &log, act](HostCall& call) {
                  log.push_back(seen(call));
                  const uint64_t argument = call.slots[0];
                  const HostOutcome outcome = act ? act(call, r, log.size()) : HostOutcome::done();
                  if (outcome.kind == HostOutcome::Kind::Return) call.slots[0] = argument * 2 + 1;
                  return outcome;
              });
          }) {}
    void runToEnd(uint64_t ticksAtOnce = 0) {
        for (int turn = 0; turn < 100'000; ++turn) {
            const uint64_t limit = ticksAtOnce ? plain.machine->tick() + ticksAtOnce : ~uint64_t{0};
            ASSERT_NO_FATAL_FAILURE(run({.tick = limit}));
            ASSERT_EQ(logs[0], logs[1]);
            if (ended() || plain.machine->trap().kind != TrapKind::None || plain.machine->exitCode()) return;
        }
        FAIL() << "it does not end";
    }
    size_t callCount() const { return logs[0].size(); }
};

TEST_F(Jit, TheHostSeesTheSameFrames) {
    for (const uint32_t depth : {0u, 1u, 5u, 63u, 64u, 65u, 200u}) {
        for (const char* function : {"0", "1", "2", "3"}) {
            for (const uint64_t ticks : {0u, 1u, 3u}) {
                SCOPED_TRACE(testing::Message() << function << ": " << depth << " " << ticks);
                HostPair p;
                p.start({Value::i32(depth)}, function);
                ASSERT_NO_FATAL_FAILURE(p.runToEnd(ticks));
                EXPECT_TRUE(p.ended());
                p.start({Value::i32(depth)}, function);  // with code that is there already
                ASSERT_NO_FATAL_FAILURE(p.runToEnd(ticks));
            }
        }
    }
}

TEST_F(Jit, AHostCallEndsAsItDoesWhenInterpreted) {
    const HostPair::Act acts[] = {
        [](HostCall&, Running&, size_t n) {
            Trap trap;
            trap.kind = TrapKind::Host;
            trap.message = "no";
            return n == 3 ? HostOutcome::trapped(trap) : HostOutcome::done();
        },
        [](HostCall&, Running&, size_t n) { return n == 3 ? HostOutcome::exit(5) : HostOutcome::done(); },
        [](HostCall&, Running&, size_t n) {
            return n % 2 ? HostOutcome::interrupted() : HostOutcome::done();
        },
        [](HostCall&, Running& r, size_t n) {
            if (n != 3) return HostOutcome::done();
            const TagAddr tag(r.store.instance(r.id).exported("tag0")->address);
            return HostOutcome::threw(*r.store.newException(tag, std::vector{Value::i32(8)}));
        },
        [](HostCall& call, Running&, size_t n) {
            if (n % 2) call.machine.requestYield();
            return HostOutcome::done();
        }};
    for (size_t act = 0; act < std::size(acts); ++act) {
        for (const char* function : {"0", "2"}) {
            for (const uint32_t depth : {4u, 100u}) {
                SCOPED_TRACE(testing::Message() << act << ": " << function << " " << depth);
                HostPair p(acts[act]);
                p.start({Value::i32(depth)}, function);
                ASSERT_NO_FATAL_FAILURE(p.runToEnd());
                EXPECT_GE(p.callCount(), 3u);
            }
        }
    }
}

TEST_F(Jit, MemoryGrowsInAHostCall) {
    HostPair p([](HostCall& call, Running& r, size_t n) {
        LinearMemory& memory = r.memory();
        if (call.slots[0] == 65536) memory.grow(1);
        const size_t at = call.slots[0];
        if (at + 4 <= memory.size()) memory.bytes()[at] = static_cast<uint8_t>(n);
        return HostOutcome::done();
    });
    p.start({Value::i32(65000)}, "4");
    ASSERT_NO_FATAL_FAILURE(p.runToEnd());
    EXPECT_TRUE(p.ended());
    EXPECT_EQ(p.fast.memory().size(), 131072u);
}

TEST_F(Jit, ABreakpointThatIsSetInAHostCallStops) {
    for (const uint32_t instruction : {0u, 9u, 18u, 20u, 26u}) {
        for (const bool onReturn : {false, true}) {
            SCOPED_TRACE(testing::Message() << instruction << " " << onReturn);
            HostPair p([&](HostCall& call, Running& r, size_t n) {
                if (n != 3) return HostOutcome::done();
                if (onReturn) {
                    call.machine.stopOnReturn(2, true);
                } else {
                    EXPECT_TRUE(call.machine.setBreakpoint(r.at(instruction)).ok());
                    // It counts from the next run on.
                    EXPECT_TRUE(call.machine.start(r.function("1"), std::vector{Value::i32(0)}).ok());
                    EXPECT_EQ(call.machine.run(), StopKind::Finished);
                }
                return HostOutcome::done();
            });
            p.start({Value::i32(9)});
            size_t stops = 0;
            while (!p.ended() && ++stops < 100)
                ASSERT_NO_FATAL_FAILURE(p.run());
            EXPECT_GT(stops, onReturn || instruction > 20 ? 1u : 0u);
            EXPECT_TRUE(p.ended());
        }
    }
}

/// Calls within each other, each with machine code on top.
/// A host function with a short way that declines every fifth argument; which way each call went, "d" or "b".
struct DirectHost {
    std::string ways;
    static bool call(void* self, Machine&, Slot* slots) noexcept {
        if (slots[0] % 5 == 0) return false;
        static_cast<DirectHost*>(self)->ways += 'd';
        slots[0] = slots[0] * 2 + 1;
        return true;
    }
};

TEST_F(Jit, AHostFunctionsShortWayIsTriedFirst) {
    DirectHost hosts[2];
    size_t sides = 0;
    Pair p(calls(), Tier::Jit, {}, [&](Running& r) {
        DirectHost& host = hosts[sides++];
        const auto body = [&host](HostCall& call) {
            host.ways += 'b';
            // The next call must not go unheard.
            if (call.slots[0] % 25 == 0) call.machine.requestYield();
            call.slots[0] = call.slots[0] * 2 + 1;
            return HostOutcome::done();
        };
        r.host("env.f", body, {DirectHost::call, &host});
    });
    HostPair expected;
    for (const char* function : {"0", "1", "2", "3", "4"}) {
        SCOPED_TRACE(function);
        p.start({Value::i32(60)}, function);
        expected.start({Value::i32(60)}, function);
        size_t yields = 0;
        for (; !p.ended() && yields < 10'000; ++yields)
            ASSERT_NO_FATAL_FAILURE(p.run());
        ASSERT_NO_FATAL_FAILURE(expected.runToEnd());
        EXPECT_EQ(p.fast.machine->results(), expected.fast.machine->results());
        EXPECT_EQ(hosts[0].ways, hosts[1].ways);
        if (*function == '4') {
            EXPECT_GT(yields, 100u);
            EXPECT_NE(hosts[1].ways.find("dddd"), std::string::npos);
        }
    }
}

/// Writes down when and whence it was called, however it is called; every third call declines its short way.
struct Witness {
    std::vector<std::string> log;
    size_t direct = 0;
    std::map<uint64_t, Backtrace> known;  // by id
    void note(Machine& machine) {
        std::array<CodeLocation, 16> frames;
        std::ostringstream out;
        out << machine.tick() << ":";
        const uint32_t depth = machine.backtrace(frames);
        for (const CodeLocation& at : std::span(frames).first(depth))
            out << " " << at.instance.value << "." << at.function.value << "@" << at.offset;
        const Backtrace& told = machine.backtrace();
        EXPECT_TRUE(
            std::ranges::equal(std::span(told.frames).first(told.depth), std::span(frames).first(depth)));
        const auto [other, isNew] = known.emplace(told.id, told);
        EXPECT_TRUE(isNew || other->second == told);
        log.push_back(out.str());
    }
    static bool call(void* self, Machine& machine, Slot* slots) noexcept {
        Witness& w = *static_cast<Witness*>(self);
        if (w.log.size() % 3 == 2) return false;
        ++w.direct;
        w.note(machine);
        slots[0] = slots[0] * 2 + 1;
        return true;
    }
};

TEST_F(Jit, TheShortWayIsToldOfTheSameMomentsAndFrames) {
    for (const Tier tier : {Tier::Interp, Tier::Jit, Tier::Auto}) {
        Witness witnesses[2];
        size_t sides = 0;
        Pair p(calls(), tier, {}, [&](Running& r) {
            Witness& w = witnesses[sides++];
            const auto body = [&w](HostCall& call) {
                w.note(call.machine);
                call.slots[0] = call.slots[0] * 2 + 1;
                return HostOutcome::done();
            };
            if (sides == 1)
                r.host("env.f", body);
            else
                r.host("env.f", body, {Witness::call, &w});
        });
        for (const char* function : {"0", "1", "2", "3", "4", "0"}) {
            for (const uint32_t depth : {0u, 1u, 5u, 14u, 15u, 16u, 200u}) {
                SCOPED_TRACE(testing::Message()
                             << static_cast<int>(tier) << " " << function << ": " << depth);
                p.start({Value::i32(depth)}, function);
                ASSERT_NO_FATAL_FAILURE(p.run());
                ASSERT_EQ(witnesses[0].log, witnesses[1].log);
            }
        }
        EXPECT_EQ(witnesses[0].direct, 0u);
        EXPECT_GT(witnesses[1].direct, 1000u);
    }
}

/// Where code is thrown away, other code comes to stand at its addresses: backtraces are not those of who stood there before.
TEST_F(Jit, TheShortWayIsToldOfFramesInCodeThatTookThePlaceOfOther) {
    struct Whence {
        std::vector<uint32_t> byFrames, byBacktrace;
        static bool call(void* self, Machine& machine, Slot*) noexcept {
            auto& whence = *static_cast<Whence*>(self);
            std::array<CodeLocation, 4> frames;
            if (machine.backtrace(frames) > 0) whence.byFrames.push_back(frames[0].function.value);
            const Backtrace& told = machine.backtrace();
            if (told.depth > 0) whence.byBacktrace.push_back(told.frames[0].function.value);
            return true;
        }
    } whence;
    Program p;
    p.imports = {{"env.f", {"i32 i64", "i32", "", ""}}};
    constexpr uint32_t kFunctions = 100;
    for (uint32_t i = 0; i < kFunctions; ++i)
        p.functions.push_back({"", "i32", "", "i32.const 1; i64.const 2; call 0"});
    Running r(p);
    ASSERT_TRUE(r.store.setTier(Tier::Jit, 16 << 10));
    r.host("env.f", [](HostCall&) { return HostOutcome::done(); }, {Whence::call, &whence});
    r.link();
    std::vector<uint32_t> expected;
    for (int round = 0; round < 3; ++round) {
        for (uint32_t i = 0; i < kFunctions; ++i) {
            r.start({}, std::to_string(i));
            ASSERT_EQ(r.machine->run(), StopKind::Finished);
            expected.push_back(i + 1);  // behind the imported one
        }
    }
    EXPECT_TRUE(r.store.compiled().isFull);
    EXPECT_LT(r.store.compiled().functions, kFunctions);
    EXPECT_EQ(whence.byFrames, expected);
    EXPECT_EQ(whence.byBacktrace, expected);
}

TEST_F(Jit, ARequestedYieldIsHeardBehindAHostCallThatHasAShortWay) {
    static constexpr auto kCount = [](void* self, Machine& machine, Slot*) noexcept {
        if (++*static_cast<uint64_t*>(self) == 100) machine.requestYield();
        return true;
    };
    uint64_t counts[2] = {}, bodies = 0;
    size_t sides = 0;
    Pair p(calls(), Tier::Jit, {}, [&](Running& r) {
        r.host("env.f", [&](HostCall&) { return ++bodies, HostOutcome::done(); }, {kCount, &counts[sides++]});
    });
    p.start({Value::i32(0)}, "4");
    for (Running* r : {&p.plain, &p.fast})
        EXPECT_EQ(r->machine->run(), StopKind::Yielded);
    EXPECT_LE(counts[0], 101u);
    EXPECT_LE(counts[1], 101u);  // at once, not when so many instructions have passed as between two looks
}

TEST_F(Jit, TheHostMayCallBack) {
    HostPair p([](HostCall& call, Running& r, size_t n) {
        if (n % 3 != 1 || n > 200) return HostOutcome::done();
        EXPECT_TRUE(
            call.machine.start(r.function(), std::vector{Value::i32(static_cast<uint32_t>(n % 7))}).ok());
        while (call.machine.run() == StopKind::Yielded) {
        }
        EXPECT_EQ(call.machine.results().size(), 1u);
        return HostOutcome::done();
    });
    p.start({Value::i32(12)});
    ASSERT_NO_FATAL_FAILURE(p.runToEnd());
    EXPECT_TRUE(p.ended());
    EXPECT_GT(p.callCount(), 200u);
}

TEST_F(Jit, AnExceptionOfTheHostPassesThroughMachineCode) {
    HostPair p([](HostCall&, Running&, size_t n) {
        if (n == 2) throw std::runtime_error("out of something");
        return HostOutcome::done();
    });
    for (Running* r : {&p.plain, &p.fast}) {
        r->start({Value::i32(6)});
        EXPECT_THROW(r->machine->run(), std::runtime_error);
    }
    ASSERT_NO_FATAL_FAILURE(p.same());
    p.plain.machine->abandon();
    p.fast.machine->abandon();
    p.start({Value::i32(6)});
    ASSERT_NO_FATAL_FAILURE(p.runToEnd());
}

TEST_F(Jit, AHostCallThatTouchesWatchedMemoryStops) {
    HostPair p([](HostCall& call, Running& r, size_t n) {
        const uint64_t at = 16 * (n % 4);
        if (MemoryObserver* observer = r.memory().observer()) {
            observer->mayWrite(r.memory(), at, 4);
            r.memory().bytes()[at] = static_cast<uint8_t>(n);
            observer->wrote(r.memory(), at, 4);
        }
        (void)call;
        return HostOutcome::done();
    });
    for (Running* r : {&p.plain, &p.fast}) {
        WatchSpec spec;
        spec.address = 16;
        spec.length = 4;
        spec.kind = WatchKind::Write;
        spec.memory = r->store.instance(r->id).memories[0];
        ASSERT_TRUE(r->machine->watch(spec).ok());
    }
    p.start({Value::i32(12)});
    size_t stops = 0;
    for (; !p.ended() && stops < 100; ++stops)
        ASSERT_NO_FATAL_FAILURE(p.run());
    EXPECT_EQ(stops, 5u);
}

}  // namespace
}  // namespace engine
