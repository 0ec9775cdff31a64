#include "engine/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <thread>

#include "tests/engine/mixed_program.h"
#include "tests/engine/program_builder.h"

namespace engine {
namespace {

using namespace test;
using testing::ElementsAre;

/// 0: sum of 1 … n by a loop. 1: Fibonacci by recursion.
Program sums() {
    Program p;
    p.functions.push_back({"i32", "i32", "i32", R"(
        loop
          local.get 1; local.get 0; i32.add; local.set 1
          local.get 0; i32.const 1; i32.sub; local.tee 0
          br_if 0
        end
        local.get 1)"});
    p.functions.push_back({"i32", "i32", "", R"(
        local.get 0; i32.const 2; i32.lt_s
        if i32
          local.get 0
        else
          local.get 0; i32.const 1; i32.sub; call 1
          local.get 0; i32.const 2; i32.sub; call 1
          i32.add
        end)"});
    return p;
}

uint32_t low(const Value& value) { return static_cast<uint32_t>(value.low); }

TEST(Machine, RunsALoopAndCountsTicks) {
    Running r(sums());
    r.link().start({Value::i32(100)});
    EXPECT_EQ(r.machine->tick(), 1u);
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_THAT(r.machine->results(), ElementsAre(Value::i32(5050)));
    EXPECT_EQ(r.machine->tick(), 101u);  // one entry, 100 loop instructions
    EXPECT_EQ(r.machine->depth(), 0u);
}

TEST(Machine, StepsAsItRuns) {
    for (const bool stepping : {false, true}) {
        Running r(sums());
        r.link().start({Value::i32(12)}, "1");
        StopKind stop{};
        do
            stop = stepping ? r.machine->step() : r.machine->run();
        while (stop == StopKind::Stepped);
        EXPECT_EQ(stop, StopKind::Finished);
        EXPECT_THAT(r.machine->results(), ElementsAre(Value::i32(144)));
        EXPECT_EQ(r.machine->tick(), 465u);  // calls of fib(12)
    }
}

TEST(Machine, StopsAtEachTickWhereStepsPass) {
    Running r(mix()), s(mix());
    r.link().start({Value::i32(5)});
    s.link().start({Value::i32(5)});
    for (uint64_t tick = 2;; ++tick) {
        const StopKind stop = r.machine->run({.tick = tick});
        StopKind step = StopKind::Stepped;
        while (step == StopKind::Stepped && s.machine->tick() < tick)
            step = s.machine->step();
        ASSERT_EQ(stop, step == StopKind::Finished ? StopKind::Finished : StopKind::Yielded);
        ASSERT_EQ(r.machine->tick(), s.machine->tick());
        if (stop == StopKind::Finished) break;
        ASSERT_EQ(r.machine->moment(), s.machine->moment());
        for (uint32_t f = 0; f < r.machine->depth(); ++f) {
            ASSERT_EQ(*r.machine->locals(f), *s.machine->locals(f));
            ASSERT_EQ(*r.machine->operands(f), *s.machine->operands(f));
        }
    }
    EXPECT_EQ(r.machine->results(), s.machine->results());
    EXPECT_TRUE(std::ranges::equal(r.memory().bytes(), s.memory().bytes()));
}

/// Steps, runs to ticks and depths, sets and clears breakpoints in any order: the outcome is that of one run.
TEST(Machine, ComesToTheSameEndHoweverItIsDriven) {
    Running whole(mix());
    whole.link().start({Value::i32(77)});
    ASSERT_EQ(whole.machine->run(), StopKind::Finished);
    for (uint32_t seed = 0; seed < 200; ++seed) {
        std::minstd_rand random(seed + 1);
        Running r(mix());
        r.link().start({Value::i32(77)});
        Machine& m = *r.machine;
        StopKind stop = StopKind::Stepped;
        while (stop != StopKind::Finished) {
            switch (random() % 6) {
            case 0: stop = m.step(); break;
            case 1: stop = m.run({.tick = m.tick() + random() % 5}); break;
            case 2: stop = m.run({.minDepth = m.depth()}); break;
            case 3:
            case 4: {
                const std::string name = random() % 2 ? "0" : "1";
                const auto count = m.instructionOffsets(r.function(name))->size();
                const CodeLocation location = r.at(static_cast<uint32_t>(random() % count), name);
                ASSERT_TRUE(m.setBreakpoint(location).ok());
                stop = m.run();
                if (stop == StopKind::Breakpoint && random() % 2) m.clearBreakpoint(m.location());
                break;
            }
            default:
                if (random() % 4 == 0) m.clearBreakpoints();
                m.requestYield();
                stop = m.run({.tick = m.tick() + 40});
                break;
            }
            ASSERT_NE(stop, StopKind::Trapped);
        }
        ASSERT_EQ(m.results(), whole.machine->results()) << "seed " << seed;
        ASSERT_EQ(m.tick(), whole.machine->tick());
        ASSERT_TRUE(std::ranges::equal(r.memory().bytes(), whole.memory().bytes()));
    }
}

TEST(Machine, TrapsWithItsOperandsInPlace) {
    Program p;
    p.functions.push_back(
        {"i32 i32", "i32", "", "local.get 0; local.get 1; i32.div_s; local.set 0; local.get 0"});
    for (const bool stepping : {false, true}) {
        Running r(p);
        r.link().start({Value::i32(7), Value::i32(0)});
        StopKind stop = r.machine->run({.tick = 1});
        do
            stop = stepping ? r.machine->step() : r.machine->run();
        while (stop == StopKind::Stepped);
        EXPECT_EQ(stop, StopKind::Trapped);
        EXPECT_EQ(r.machine->trap().kind, TrapKind::IntegerDivideByZero);
        EXPECT_EQ(r.machine->location(), r.at(2));
        EXPECT_THAT(*r.machine->operands(0), ElementsAre(Value::i32(7), Value::i32(0)));
        // Mended by the user, it goes on.
        EXPECT_TRUE(r.machine->setOperand(0, 1, Value::i32(2)).ok());
        EXPECT_EQ(r.machine->run(), StopKind::Finished);
        EXPECT_THAT(r.machine->results(), ElementsAre(Value::i32(3)));
    }
}

TEST(Machine, SaysWhereAnAccessWentOutOfBounds) {
    Program p;
    p.pages = 1;
    p.functions.push_back({"i32", "i32", "", "local.get 0; i32.const 4; i32.add; i32.load 8; local.tee 0"});
    Running r(p);
    r.link().start({Value::i32(65536 - 15)});
    EXPECT_EQ(r.machine->run(), StopKind::Trapped);
    EXPECT_EQ(r.machine->trap().text(),
              "out of bounds memory access: 4 bytes at 0xfffd, memory 0 has 65536 bytes (1 page)");
    EXPECT_EQ(r.machine->location(), r.at(3));
    EXPECT_THAT(*r.machine->operands(0), ElementsAre(Value::i32(65536 - 11)));
}

TEST(Machine, StopsInTheMiddleOfAFusedGroup) {
    Running r(sums());
    r.link().start({Value::i32(3)});
    ASSERT_TRUE(r.machine->setBreakpoint(r.at(3)).ok());  // i32.add behind two local.get
    for (uint32_t n = 3, sum = 0; n > 0; sum += n--) {
        ASSERT_EQ(r.machine->run(), StopKind::Breakpoint);
        EXPECT_EQ(r.machine->location(), r.at(3));
        EXPECT_THAT(*r.machine->operands(0), ElementsAre(Value::i32(sum), Value::i32(n)));
    }
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_THAT(r.machine->results(), ElementsAre(Value::i32(6)));
}

TEST(Machine, StopsAtALoopInstructionEachTime) {
    Running r(sums());
    r.link().start({Value::i32(5)});
    ASSERT_TRUE(r.machine->setBreakpoint(r.at(0)).ok());
    EXPECT_EQ(r.machine->run(), StopKind::Breakpoint) << "passes over the one it stands at";
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(r.machine->run(), StopKind::Breakpoint);
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    r.machine->clearBreakpoints();
    r.start({Value::i32(5)});
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
}

TEST(Machine, DoesNotMissABreakpointWhereItYielded) {
    Running r(sums());
    r.link().start({Value::i32(5)});
    ASSERT_TRUE(r.machine->setBreakpoint(r.at(1)).ok());  // what follows the loop instruction
    EXPECT_EQ(r.machine->run({.tick = 2}), StopKind::Yielded);
    EXPECT_EQ(r.machine->location(), r.at(1));
    EXPECT_EQ(r.machine->run(), StopKind::Breakpoint);
    EXPECT_EQ(r.machine->tick(), 2u);
    EXPECT_EQ(r.machine->run(), StopKind::Breakpoint);
    EXPECT_EQ(r.machine->tick(), 3u);
}

TEST(Machine, TakesManyBreakpointsOfOneFunctionAtOnce) {
    constexpr uint32_t kCount = 20'000;
    std::string code;
    for (uint32_t i = 0; i < kCount; ++i)
        code += "nop;";
    Program p;
    p.functions = {{"", "", "", code}};
    Running r(p);
    r.link().start({});
    std::vector<CodeLocation> places(kCount, r.at(0));
    const auto offsets = *r.machine->instructionOffsets(r.function("0"));
    for (uint32_t i = 0; i < kCount; ++i)
        places[i].offset = offsets[i];
    const auto begin = std::chrono::steady_clock::now();
    for (uint32_t i = 1; i < kCount; ++i)
        ASSERT_TRUE(r.machine->setBreakpoint(places[i]).ok());
    EXPECT_EQ(r.machine->run(), StopKind::Breakpoint);
    EXPECT_EQ(r.machine->location(), places[1]);
    for (uint32_t i = 1; i + 1 < kCount; ++i)
        r.machine->clearBreakpoint(places[i]);
    EXPECT_EQ(r.machine->run(), StopKind::Breakpoint);
    EXPECT_EQ(r.machine->location(), places[kCount - 1]);
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5))
        << "groups are chosen once per run, not once per break";
}

TEST(Machine, RefusesABreakpointWhereNoInstructionBegins) {
    Running r(sums());
    r.link();
    CodeLocation location = r.at(0);
    ++location.offset;
    EXPECT_EQ(r.machine->setBreakpoint(location).error().code, ErrorCode::NotFound);
    location.function = FuncIdx(99);
    EXPECT_EQ(r.machine->setBreakpoint(location).error().code, ErrorCode::NotFound);
}

TEST(Machine, ComesBackFromACallWithADepthLimit) {
    Running r(sums());
    r.link().start({Value::i32(6)}, "1");
    while (r.machine->depth() < 4)
        ASSERT_EQ(r.machine->step(), StopKind::Stepped);
    EXPECT_EQ(r.machine->run({.minDepth = 4}), StopKind::DepthReached);
    EXPECT_EQ(r.machine->depth(), 3u);
    EXPECT_EQ(r.machine->location(), r.at(10, "1"));                   // behind the first inner call
    EXPECT_THAT(*r.machine->operands(0), ElementsAre(Value::i32(2)));  // fib(3)
    EXPECT_EQ(r.machine->run({.minDepth = 1}), StopKind::Finished);
    EXPECT_THAT(r.machine->results(), ElementsAre(Value::i32(8)));
}

TEST(Machine, ShowsCallersWithoutTheArgumentsOfTheirCalls) {
    Program p;
    p.functions.push_back({"", "i32", "i64", "i32.const 11; i32.const 22; i32.const 33; call 1; i32.add"});
    p.functions.push_back({"i32 i32", "i32", "", "i32.const 44; drop; local.get 0; local.get 1; i32.sub"});
    Running r(p);
    r.link().start();
    for (int i = 0; i < 5; ++i)
        ASSERT_EQ(r.machine->step(), StopKind::Stepped);
    ASSERT_EQ(r.machine->depth(), 2u);
    EXPECT_THAT(*r.machine->locals(0), ElementsAre(Value::i32(22), Value::i32(33)));
    EXPECT_THAT(*r.machine->operands(0), ElementsAre(Value::i32(44)));
    EXPECT_THAT(*r.machine->operands(1), ElementsAre(Value::i32(11)));
    EXPECT_EQ(r.machine->frame(1).location, r.at(3));
    EXPECT_EQ(r.machine->frame(1).stack.size(), 1u);
    EXPECT_EQ(r.machine->frame(1).depth, 0u);
    EXPECT_TRUE(r.machine->setLocal(1, 0, Value::i64(5)).ok());
    EXPECT_FALSE(r.machine->setLocal(1, 0, Value::i32(5)).ok());
    EXPECT_EQ(*r.machine->local(1, 0), Value::i64(5));
    EXPECT_FALSE(r.machine->local(1, 1).ok());
    EXPECT_FALSE(r.machine->local(2, 0).ok());
    std::array<CodeLocation, 4> trace;
    EXPECT_EQ(r.machine->backtrace(trace), 2u);
    EXPECT_EQ(trace[1], r.at(3));
}

TEST(Machine, EndsEndlessRecursionInATrap) {
    Program p;
    p.functions.push_back({"i64", "i64", "", "local.get 0; i64.const 1; i64.add; call 0"});
    Running r(p, {.maxFrames = 5000});
    r.link().start({Value::i64(0)});
    EXPECT_EQ(r.machine->run(), StopKind::Trapped);
    EXPECT_EQ(r.machine->trap().kind, TrapKind::StackExhausted);
    EXPECT_EQ(r.machine->depth(), 5000u);
    EXPECT_EQ(*r.machine->local(0, 0), Value::i64(4999));
    EXPECT_THAT(*r.machine->operands(0), ElementsAre(Value::i64(5000)));
    r.machine->abandon();
    EXPECT_FALSE(r.machine->running());

    Running small(p, {.maxStackBytes = 1 << 16});
    small.link().start({Value::i64(0)});
    EXPECT_EQ(small.machine->run(), StopKind::Trapped);
    EXPECT_EQ(small.machine->trap().kind, TrapKind::StackExhausted);
}

TEST(Machine, HearsAYieldInAnEndlessLoop) {
    Program p;
    p.functions.push_back({"", "", "", "loop; br 0; end"});
    Running r(p);
    r.link().start();
    std::thread other([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        r.machine->requestYield();
    });
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(r.machine->run(), StopKind::Yielded);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
    other.join();
    EXPECT_FALSE(r.machine->yieldRequested());
    EXPECT_GT(r.machine->tick(), 1000u);
}

TEST(Machine, E4_YieldsInsideBulkOperationsAndGoesOn) {
    Program p;
    p.pages = 160;
    p.maxPages = 160;
    p.functions.push_back({"i32 i32 i32", "", "", "local.get 0; local.get 1; local.get 2; memory.copy 0 0"});
    p.functions.push_back({"i32 i32 i32", "", "", "local.get 0; local.get 1; local.get 2; memory.fill 0"});
    constexpr uint32_t kSize = 4'500'001;
    for (const auto& [to, from] : {std::pair{7u, 1000u}, {1000u, 7u}, {5'000'000u, 3u}}) {
        Running r(p);
        r.link();
        std::vector<uint8_t> expected(160 * 65536);
        for (size_t i = 0; i < expected.size(); ++i)
            expected[i] = r.memory().base()[i] = static_cast<uint8_t>(i * 7 + i / 256);
        std::memmove(&expected[to], &expected[from], kSize);
        r.start({Value::i32(to), Value::i32(from), Value::i32(kSize)});
        uint32_t yields = 0;
        do
            r.machine->requestYield();
        while (r.machine->run() == StopKind::Yielded && ++yields < 100);
        EXPECT_GE(yields, 4u);
        EXPECT_LT(yields, 100u);
        EXPECT_TRUE(std::ranges::equal(r.memory().bytes(), expected));
    }
    Running r(p);
    r.link().start({Value::i32(5), Value::i32(0xab), Value::i32(kSize)}, "1");
    do
        r.machine->requestYield();
    while (r.machine->run() == StopKind::Yielded);
    EXPECT_EQ(std::ranges::count(r.memory().bytes(), 0xab), kSize);
}

/// Code that takes long without ticks, as the body of an endless loop behind one that ticks fast.
struct SlowTick {
    const char* name;
    std::string code, locals;
    uint64_t mostTicks;  // until a yield is heard
};

std::string repeated(const std::string& text, uint32_t times) {
    std::string all;
    for (uint32_t i = 0; i < times; ++i)
        all += text;
    return all;
}

TEST(Machine, HearsAYieldSoonWhereTicksTakeLong) {
    const std::string clauses = "try_table" + repeated(" catch 1 0", 10'000) + ";";
    const SlowTick cases[] = {
        {"fill", "i32.const 0; i32.const 1; i32.const 65536; memory.fill", "", 100},
        {"copy", "i32.const 0; i32.const 9; i32.const 65536; memory.copy", "", 100},
        {"zeroed array", "i32.const 60000; array.new_default 0; drop", "", 100},
        {"array", "i32.const 1; i32.const 60000; array.new 0; drop", "", 100},
        {"array.fill", "local.get 1; i32.const 0; i32.const 1; i32.const 60000; array.fill 0", "", 100},
        {"array.copy", "local.get 1; i32.const 0; local.get 1; i32.const 1; i32.const 59999; array.copy 0 0",
         "", 100},
        {"locals", "call 1", repeated("i64 ", 20'000), 100},
        {"clauses", "block; try_table catch_all 0;" + clauses + "throw 0; end; end; end", "", 100},
        {"cells", repeated("local.get 0; drop;", 20'000), "", 4},
    };
    for (const SlowTick& slow : cases) {
        Program p;
        p.objectTypes = {{0x5e, 0x78, 1}};
        p.tags = {"", ""};
        p.pages = p.maxPages = 2;
        p.functions = {{"", "", "i32 ref:0",
                        "i32.const 60000; array.new_default 0; local.set 1;"
                        "loop; local.get 0; i32.const 1; i32.add; local.tee 0; i32.const 3000000; i32.lt_u; "
                        "br_if 0; end; loop; " +
                            slow.code + "; br 0; end"},
                       {"", "", slow.locals, ""}};
        Running r(p);
        r.link().start();
        ASSERT_EQ(r.machine->run({.tick = 3'000'002}), StopKind::Yielded);
        r.machine->requestYield();
        ASSERT_EQ(r.machine->run(), StopKind::Yielded) << slow.name;
        EXPECT_LE(r.machine->tick(), 3'000'002 + slow.mostTicks) << slow.name;
    }
}

TEST(Machine, CodeWithoutTicksHearsAYieldAndGoesOn) {
    Program p;
    p.pages = p.maxPages = 2;
    p.functions = {{"", "", "", repeated("i32.const 0; i32.const 1; i32.const 65536; memory.fill;", 300)},
                   {"i32", "i32", "",
                    repeated("local.get 0; i32.const 3; i32.add; local.set 0;", 10'000) + "local.get 0"}};
    for (const char* name : {"0", "1"}) {
        Running r(p);
        r.link().start(*name == '0' ? std::vector<Value>{} : std::vector{Value::i32(5)}, name);
        uint32_t yields = 0;
        do
            r.machine->requestYield();
        while (r.machine->run() == StopKind::Yielded && ++yields < 2000);
        EXPECT_GE(yields, 3u) << name;
        EXPECT_LT(yields, 2000u) << name;
        EXPECT_EQ(r.machine->tick(), 1u);
        EXPECT_EQ(r.machine->results(),
                  *name == '0' ? std::vector<Value>{} : std::vector{Value::i32(30'005)});
    }
}

TEST(Machine, TakesBreakpointsInLongCode) {
    Program p;
    p.functions = {{"", "i32", "i32",
                    repeated("local.get 0; i32.const 3; i32.add; local.set 0;", 2'000) + "local.get 0"}};
    Running r(p);
    r.link().start();
    uint32_t breakpoints = 0;
    for (uint32_t i = 0; i < 8000; ++i)
        if (i % 1024 > 1020) {
            ASSERT_TRUE(r.machine->setBreakpoint(r.at(i)).ok());
            ++breakpoints;
        }
    uint32_t stops = 0;
    do
        r.machine->requestYield();
    while (r.machine->run() == StopKind::Breakpoint ? ++stops : r.machine->running());
    EXPECT_EQ(stops, breakpoints);
    EXPECT_EQ(r.machine->results()[0].low, 6'000u);
}

TEST(Machine, HearsAYieldBehindATailCallOfAHost) {
    Program p;
    p.imports = {{"env.f", {"", "", "", ""}}};
    p.functions = {
        {"", "", "i32",
         "loop; call 2; local.get 0; i32.const 1; i32.add; local.tee 0; i32.const 100000; i32.lt_u; "
         "br_if 0; end"},
        {"", "", "", "return_call 0"}};
    Running r(p);
    int calls = 0;
    r.host("env.f", [&](HostCall& call) {
        if (++calls == 50'000) call.machine.requestYield();
        return HostOutcome::done();
    });
    r.link().start();
    ASSERT_EQ(r.machine->run(), StopKind::Yielded);
    EXPECT_LE(calls, 50'002);
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(calls, 100'000);
}

TEST(Machine, LoweredCodeHasALimit) {
    Program p;
    p.functions = {{"", "", "", repeated("nop;", 20'000)},
                   {"", "", "", repeated("nop;", 20'000)},
                   {"", "", "", "call 0; call 1"}};
    Running r(p, {.maxCodeBytes = 600'000});
    r.link().start({}, "2");
    EXPECT_EQ(r.machine->run(), StopKind::Trapped);
    EXPECT_EQ(r.machine->location(), r.at(1, "2"));
    EXPECT_NE(r.machine->trap().text().find("of the limit of 600000 bytes for the code of a program"),
              std::string::npos)
        << r.machine->trap().text();
    EXPECT_FALSE(r.machine->setBreakpoint({r.id, FuncIdx(1), 0}).ok());
}

TEST(Machine, SaysWhichSegmentIsTooShort) {
    Program p;
    p.pages = 1;
    p.data = {1, 2, 3};  // active: dropped by now
    p.functions = {{"", "", "", "i32.const 0; i32.const 2; i32.const 1; memory.init 0 0"},
                   {"", "", "", "i32.const 0; i32.const 0; i32.const 1; table.init 0 0"}};
    Running r(p);
    r.link();
    const auto trapOf = [&](const char* name) {
        r.machine->abandon();
        r.start({}, name);
        EXPECT_EQ(r.machine->run(), StopKind::Trapped);
        return r.machine->trap().text();
    };
    EXPECT_EQ(trapOf("0"), "out of bounds memory access: reading from 2 on, data segment 0 has 0 bytes");
    EXPECT_EQ(trapOf("1"), "out of bounds table access: reading from 0 on, element segment 0 has 0 elements");
}

TEST(Machine, WritesNothingIfABulkOperationIsOutOfBounds) {
    Program p;
    p.pages = 1;
    p.functions.push_back({"", "", "", "i32.const 65000; i32.const 1; i32.const 1000; memory.fill 0"});
    Running r(p);
    r.link().start();
    EXPECT_EQ(r.machine->run(), StopKind::Trapped);
    EXPECT_EQ(r.machine->trap().address, 65000u);
    EXPECT_EQ(r.machine->trap().size, 1000u);
    EXPECT_EQ(std::ranges::count(r.memory().bytes(), 1), 0);
}

Program hostCaller() {
    Program p;
    p.pages = 1;
    p.imports.push_back({"env.f", {"i32 i64", "i32", "", ""}});
    p.functions.push_back(
        {"", "i32", "",
         "i32.const 1; i32.const 2; i64.const 3; call 0; i32.add; i32.const 0; i32.load; i32.add"});
    p.functions.push_back({"i32", "i32", "", "local.get 0; i32.const 10; i32.mul"});
    return p;
}

TEST(Machine, CallsHostFunctions) {
    Running r(hostCaller());
    r.host("env.f", [&](HostCall& call) {
        EXPECT_EQ(call.caller, r.id);
        EXPECT_EQ(call.machine.location(), r.at(3));
        const Slot sum = call.slots[0] + call.slots[1];
        EXPECT_TRUE(r.memory().grow(1).has_value());
        r.memory().base()[0] = 100;
        call.slots[0] = sum | uint64_t{0xdead} << 32;  // only 32 bits count
        return HostOutcome::done();
    });
    r.link().start();
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_THAT(r.machine->results(), ElementsAre(Value::i32(106)));
}

TEST(Machine, StandsAtAHostCallThatExitsTrapsOrGivesUp) {
    HostOutcome outcome;
    int calls = 0;
    Running r(hostCaller());
    r.host("env.f", [&](HostCall&) { return ++calls, outcome; });
    r.link();
    const std::vector<Value> arguments{Value::i32(1), Value::i32(2), Value::i64(3)};

    outcome = HostOutcome::exit(42);
    r.start();
    EXPECT_EQ(r.machine->run(), StopKind::Exited);
    EXPECT_EQ(r.machine->exitCode(), 42u);
    EXPECT_EQ(*r.machine->operands(0), arguments);
    r.machine->abandon();

    Trap trap;
    trap.kind = TrapKind::Host;
    trap.message = "no such file";
    outcome = HostOutcome::trapped(trap);
    r.start();
    EXPECT_EQ(r.machine->run(), StopKind::Trapped);
    EXPECT_EQ(r.machine->trap(), trap);
    EXPECT_EQ(r.machine->location(), r.at(3));

    r.machine->abandon();
    outcome = HostOutcome::interrupted();
    r.start();
    ASSERT_TRUE(r.machine->setBreakpoint(r.at(3)).ok());
    EXPECT_EQ(r.machine->run(), StopKind::Breakpoint);
    EXPECT_EQ(r.machine->run(), StopKind::HostInterrupted);
    EXPECT_EQ(r.machine->step(), StopKind::HostInterrupted);
    outcome = HostOutcome::done();
    calls = 0;
    EXPECT_EQ(r.machine->run(), StopKind::Finished) << "the breakpoint was reported before";
    EXPECT_EQ(calls, 1);
}

TEST(Machine, StartsHostFunctionsAndNestedCalls) {
    Running r(hostCaller());
    r.host("env.f", [&](HostCall& call) {
        const uint32_t depth = call.machine.depth();
        const Slot argument = call.slots[0];
        EXPECT_TRUE(
            call.machine.start(r.function("1"), std::vector{Value::i32(static_cast<uint32_t>(argument))})
                .ok());
        EXPECT_EQ(call.machine.run(), StopKind::Finished);
        EXPECT_EQ(call.machine.depth(), depth);
        call.slots[0] = call.machine.results()[0].low;
        return HostOutcome::done();
    });
    r.link();
    const FuncAddr host = r.store.instance(r.id).functions[0];
    ASSERT_TRUE(r.machine->start(host, std::vector{Value::i32(4), Value::i64(0)}).ok());
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_THAT(r.machine->results(), ElementsAre(Value::i32(40)));
    r.start();
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(low(r.machine->results()[0]), 21u);
}

TEST(Machine, StandsInsideANestedCallThatTraps) {
    Program p = hostCaller();
    p.functions.push_back({"", "", "", "nop; unreachable"});
    Running r(p);
    r.host("env.f", [&](HostCall& call) {
        EXPECT_TRUE(call.machine.start(r.function("2"), {}).ok());
        EXPECT_EQ(call.machine.run(), StopKind::Trapped);
        return HostOutcome::trapped(call.machine.trap());
    });
    r.link().start();
    EXPECT_EQ(r.machine->run(), StopKind::Trapped);
    EXPECT_EQ(r.machine->trap().kind, TrapKind::Unreachable);
    EXPECT_EQ(r.machine->depth(), 2u);
    EXPECT_EQ(r.machine->location(), r.at(1, "2"));
    EXPECT_EQ(r.machine->frame(1).location, r.at(3));
    EXPECT_EQ(r.machine->operands(1)->size(), 3u);
}

TEST(Machine, SwitchesInstancesAndTheirMemories) {
    Program inner, outer;
    inner.pages = 1;
    inner.data = {5};
    inner.functions.push_back(
        {"i32", "i32", "",
         "i32.const 1; memory.grow 0; drop; i32.const 0; i32.load8_u; local.get 0; i32.add"});
    outer.pages = 1;
    outer.data = {50};
    outer.imports.push_back({"inner.0", {"i32", "i32", "", ""}});
    outer.functions.push_back(
        {"", "i32", "", "i32.const 0; i32.load8_u; call 0; i32.const 0; i32.load8_u; i32.add"});
    outer.functions.push_back({"i32", "i32", "", "local.get 0; return_call 0"});
    Running a(inner);
    a.link();
    auto decoded = decode(outer.bytes());
    ASSERT_TRUE(decoded.ok());
    Trap trap;
    const auto b = a.store.instantiate(
        *decoded,
        [&](const Import& i, const Module&) -> Result<Extern> {
            return *a.store.instance(a.id).exported(i.name);
        },
        &trap);
    ASSERT_TRUE(b.ok());
    for (const bool stepping : {false, true}) {
        ASSERT_TRUE(a.machine->start(FuncAddr(a.store.instance(*b).exported("0")->address), {}).ok());
        StopKind stop{};
        do
            stop = stepping ? a.machine->step() : a.machine->run();
        while (stop == StopKind::Stepped);
        EXPECT_THAT(a.machine->results(), ElementsAre(Value::i32(105)));
    }
    ASSERT_TRUE(
        a.machine->start(FuncAddr(a.store.instance(*b).exported("1")->address), std::vector{Value::i32(1)})
            .ok());
    EXPECT_EQ(a.machine->run(), StopKind::Finished);
    EXPECT_THAT(a.machine->results(), ElementsAre(Value::i32(6)));
}

TEST(Machine, RunsTailCallsInOneFrame) {
    Program p;
    p.functions.push_back({"i32 i32", "i32", "", R"(
        local.get 0; i32.eqz
        if; local.get 1; return; end
        local.get 0; i32.const 1; i32.sub; local.get 1; i32.const 1; i32.add; return_call 0)"});
    Running r(p, {.maxFrames = 10});
    r.link().start({Value::i32(100'000), Value::i32(0)});
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_THAT(r.machine->results(), ElementsAre(Value::i32(100'000)));
    EXPECT_EQ(r.machine->tick(), 100'001u);
}

}  // namespace
}  // namespace engine
