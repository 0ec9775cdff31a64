#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <random>
#include <thread>

#include "engine/code.h"
#include "engine/machine_code.h"
#include "tests/engine/jit_pair.h"
#include "tests/engine/mixed_program.h"

namespace engine {
namespace {

using namespace test;
using testing::ElementsAre;

/// A loop of 2^30 turns whose local 1 follows local 0.
Program longLoop() {
    Program p;
    p.functions.push_back({"i32", "i32", "i32 i32", R"(
        loop
          local.get 0; i32.const 1; i32.add; local.set 0
          local.get 0; i32.const 3; i32.mul; local.set 1
          local.get 0; i32.const 1073741824; i32.lt_u
          br_if 0
        end
        local.get 1)"});
    return p;
}

TEST_F(Jit, CountsTicksAsTheInterpreterDoes) {
    for (const Tier tier : {Tier::Jit, Tier::Auto}) {
        Pair p(mix(), tier);
        p.start({Value::i32(5)});
        p.run();
        EXPECT_TRUE(p.ended());
        if (tier == Tier::Auto) continue;
        EXPECT_EQ(p.fast.store.compiled().functions, 3u);
    }
}

TEST_F(Jit, StopsAtEachTickWithTheSameState) {
    for (const Tier tier : {Tier::Jit, Tier::Auto}) {
        Pair p(mix(), tier);
        p.start({Value::i32(5)});
        for (uint64_t tick = 2; !p.ended(); ++tick)
            ASSERT_NO_FATAL_FAILURE(p.run({.tick = tick}));
    }
}

TEST_F(Jit, StopsAtBreakpointsAndReturnsWithTheSameState) {
    for (uint32_t seed = 1; seed < 150; ++seed) {
        std::minstd_rand random(seed);
        Pair p(mix());
        p.start({Value::i32(77)});
        while (!p.ended()) {
            SCOPED_TRACE(testing::Message() << "seed " << seed << " tick " << p.plain.machine->tick());
            switch (random() % 5) {
            case 0: ASSERT_NO_FATAL_FAILURE(p.run({.tick = p.plain.machine->tick() + random() % 9})); break;
            case 1: ASSERT_NO_FATAL_FAILURE(p.run({.minDepth = p.plain.machine->depth()})); break;
            case 2:
                p.plain.machine->clearBreakpoints();
                p.fast.machine->clearBreakpoints();
                break;
            case 3:
                ASSERT_EQ(p.plain.machine->step(), p.fast.machine->step());
                ASSERT_NO_FATAL_FAILURE(p.same());
                break;
            default: {
                const std::string name = std::to_string(random() % 3);
                const auto count = p.plain.machine->instructionOffsets(p.plain.function(name))->size();
                const auto instruction = static_cast<uint32_t>(random() % count);
                ASSERT_TRUE(p.plain.machine->setBreakpoint(p.plain.at(instruction, name)).ok());
                ASSERT_TRUE(p.fast.machine->setBreakpoint(p.fast.at(instruction, name)).ok());
                ASSERT_NO_FATAL_FAILURE(p.run());
            }
            }
        }
    }
}

TEST_F(Jit, ABreakpointTakesEffectInARunningLoop) {
    Running r(longLoop());
    ASSERT_TRUE(r.store.setTier(Tier::Jit));
    r.link().start({Value::i32(0)});
    ASSERT_EQ(r.machine->run({.tick = 1'000'000}), StopKind::Yielded);
    ASSERT_EQ(r.store.compiled().functions, 1u);
    const CodeLocation there = r.at(5);
    ASSERT_TRUE(r.machine->setBreakpoint(there).ok());
    for (uint32_t turn = 999'999; turn < 1'000'002; ++turn) {
        ASSERT_EQ(r.machine->run(), StopKind::Breakpoint);
        EXPECT_EQ(r.machine->location(), there);
        EXPECT_THAT(*r.machine->locals(0),
                    ElementsAre(Value::i32(turn), Value::i32((turn - 1) * 3), Value::i32(0)));
        EXPECT_EQ(r.machine->tick(), turn + 1);
    }
    r.machine->clearBreakpoint(there);
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_EQ(r.machine->run({.tick = 300'000'000}), StopKind::Yielded);
    EXPECT_EQ(*r.machine->local(0, 0), Value::i32(299'999'998));
    // At compiled speed again: the interpreter takes far longer.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
}

/// Where `work`, four instructions in a branch that few turns take, has a breakpoint.
void stopInARareBranch(const std::string& work) {
    Program p;
    p.functions.push_back({"i32 i32", "i32", "i32 v128", R"(
        loop
          local.get 0; local.get 1; i32.eq
          if
            )" + work + R"(
          end
          local.get 0; i32.const 1; i32.sub; local.tee 0; br_if 0
        end
        local.get 2)"});
    for (const Tier tier : {Tier::Jit, Tier::Auto}) {
        for (uint32_t instruction = 5; instruction <= 8; ++instruction) {  // in the if
            Pair pair(p, tier);
            for (const Running* r : {&pair.plain, &pair.fast})
                ASSERT_TRUE(r->machine->setBreakpoint(pair.plain.at(instruction)).ok());
            pair.start({Value::i32(100'000), Value::i32(60'000)});
            pair.run({.tick = 20'000});
            EXPECT_TRUE(pair.fast.store.machineCode(pair.fast.function())->isActive) << instruction;
            EXPECT_EQ(pair.fast.store.compiled().functions, 1u);
            pair.run();
            EXPECT_EQ(pair.fast.machine->location(), pair.plain.at(instruction));
            EXPECT_EQ(*pair.fast.machine->local(0, 0), Value::i32(60'000));
            pair.run();
            EXPECT_TRUE(pair.ended());
        }
    }
}

TEST_F(Jit, ABreakpointOfALoopIsReachedByItsBranches) {
    Program p;
    p.functions.push_back({"", "i32", "i32 i32", R"(
        loop
          i32.const 30; local.set 1
          loop
            local.get 1; i32.const 1; i32.sub; local.tee 1; br_if 0
          end
          local.get 0; i32.const 1; i32.add; local.tee 0; i32.const 500; i32.lt_u; br_if 0
        end
        local.get 0)"});
    for (const Tier tier : {Tier::Jit, Tier::Auto}) {
        Pair pair(p, tier);
        for (const Running* r : {&pair.plain, &pair.fast})
            ASSERT_TRUE(r->machine->setBreakpoint(pair.plain.at(0)).ok());
        pair.start({});
        for (uint32_t turn = 1; turn < 500; ++turn) {
            ASSERT_NO_FATAL_FAILURE(pair.run());
            ASSERT_EQ(pair.fast.machine->location(), pair.plain.at(0));
            ASSERT_EQ(*pair.fast.machine->local(0, 0), Value::i32(turn));
        }
        pair.run();
        EXPECT_TRUE(pair.ended());
    }
}

TEST_F(Jit, ABreakpointThatIsNotReachedKeepsItsFunctionCompiled) {
    stopInARareBranch("local.get 0; i32.const 5; i32.add; local.set 2");
    stopInARareBranch("local.get 0; i8x16.splat; v128.not; local.set 3");
}

TEST_F(Jit, AnEndlessLoopCanBePaused) {
    Program p;
    p.functions.push_back({"", "", "", "loop; br 0; end"});
    Running r(p);
    ASSERT_TRUE(r.store.setTier(Tier::Jit));
    r.link().start();
    std::thread pauser([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        r.machine->requestYield();
    });
    EXPECT_EQ(r.machine->run(), StopKind::Yielded);
    pauser.join();
    EXPECT_GT(r.machine->tick(), 10'000u);
}

TEST_F(Jit, TrapsShowWhatTheInterpreterShows) {
    const std::string functions[] = {
        "local.get 0; i32.const 3; i32.add; local.get 1; i32.div_s; local.set 0; local.get 0",
        "local.get 0; i32.const -1; i32.div_s",
        "local.get 1; local.get 0; local.get 1; i32.rem_u; i32.add",
        "local.get 0; local.set 2; local.get 1; local.get 0; i32.load 65533; i32.add",
        "local.get 0; local.set 2; i32.const 9; local.get 0; local.get 2; "
        "i32.store16 4294967295; local.get 2; i32.add",
        "local.get 1; f64.const 1e300; i32.trunc_f64_s; i32.add",
        "local.get 1; f64.const nan; i64.trunc_f64_u; i32.wrap_i64; i32.add",
        "i32.const 5; local.get 1; i32.const 4; local.get 0; call_indirect 0 0; i32.add",
        "local.get 0; local.set 2; unreachable",
    };
    Program p;
    p.pages = 1;
    for (const std::string& code : functions)
        p.functions.push_back({"i32 i32", "i32", "i32", code});
    for (size_t f = 0; f < std::size(functions); ++f) {
        SCOPED_TRACE(functions[f]);
        Pair pair(p);
        pair.start({Value::i32(0x80000000), Value::i32(0)}, std::to_string(f));
        pair.run();
        EXPECT_EQ(pair.fast.machine->trap().kind != TrapKind::None, true);
        EXPECT_EQ(pair.fast.store.compiled().functions, 1u);
    }
}

TEST_F(Jit, RecursionEndsAtTheSameDepth) {
    Program p;
    p.functions.push_back({"i32 i64", "i32", "i32",
                           "local.get 0; i32.const 1; i32.add; local.get 1; call 0; local.get 0; i32.add"});
    for (const StoreLimits limits :
         {StoreLimits{}, StoreLimits{.maxFrames = 1000}, StoreLimits{.maxStackBytes = 100'000}}) {
        Pair pair(p, Tier::Jit, limits);
        pair.start({Value::i32(0), Value::i64(1)});
        const StopKind expected = pair.plain.machine->run();
        ASSERT_EQ(pair.fast.machine->run(), expected);
        EXPECT_EQ(expected, StopKind::Trapped);
        EXPECT_EQ(pair.fast.machine->moment(), pair.plain.machine->moment());
        EXPECT_EQ(pair.fast.machine->trap(), pair.plain.machine->trap());
    }
}

TEST_F(Jit, NoPageIsWritableAndExecutable) {
    Pair p(mix());
    p.start({Value::i32(5)});
    p.run();
    std::ifstream maps("/proc/self/maps");
    bool isMapped = false;
    for (std::string line; std::getline(maps, line);) {
        EXPECT_EQ(line.find(" rwx"), std::string::npos) << line;
        isMapped |= line.find("wasm code") != std::string::npos;
    }
    EXPECT_TRUE(isMapped);
}

TEST_F(Jit, InterpretsWhatHasNoRoom) {
    Running r(mix());
    ASSERT_TRUE(r.store.setTier(Tier::Jit, 4 << 10));
    r.link().start({Value::i32(5)});
    Running plain(mix());
    plain.link().start({Value::i32(5)});
    ASSERT_EQ(plain.machine->run(), StopKind::Finished);
    ASSERT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(r.machine->results(), plain.machine->results());
    EXPECT_EQ(r.machine->tick(), plain.machine->tick());
    EXPECT_TRUE(r.store.compiled().isFull);
}

TEST_F(Jit, WhatHasNoRoomTakesThatOfOthers) {
    Program p;
    for (int i = 0; i < 200; ++i)
        p.functions.push_back({"i32", "i32", "i32",
                               "loop; local.get 0; i32.const 1; i32.sub; local.tee 0; br_if 0; end; "
                               "i32.const " +
                                   std::to_string(i + 1) + "; call " + std::to_string(std::min(i + 1, 199))});
    p.functions.back().code = "local.get 0";
    Pair pair(p);
    Running small(p);
    ASSERT_TRUE(small.store.setTier(Tier::Jit, 48 << 10));
    small.link();
    pair.start({Value::i32(5)});
    pair.run();
    ASSERT_EQ(pair.fast.store.compiled().functions, 200u);
    ASSERT_FALSE(pair.fast.store.compiled().isFull);
    for (int i = 0; i < 3; ++i) {
        small.start({Value::i32(5)});
        ASSERT_EQ(small.machine->run(), StopKind::Finished);
        EXPECT_EQ(small.machine->results(), pair.plain.machine->results());
        const Store::CompiledView view = small.store.compiled();
        EXPECT_TRUE(view.isFull);
        EXPECT_LE(view.bytes, 48u << 10);
        EXPECT_GT(view.functions, 10u);
        EXPECT_LT(view.functions, 190u);
        EXPECT_EQ((*small.store.code(small.function("10")))->tier.compiled, nullptr);
        EXPECT_NE((*small.store.code(small.function("199")))->tier.compiled, nullptr);
    }
}

/// Exits say where operands are; ways to a label move what it takes. Neither multiplies with the operands below or the branches.
TEST_F(Jit, CodeAndItsTablesGrowWithTheFunctionOnly) {
    const auto repeated = [](const std::string& text, int count) {
        std::string all;
        for (int i = 0; i < count; ++i)
            all += text;
        return all;
    };
    Program p;
    p.pages = 1;
    p.functions.push_back({"i32", "i32", "",
                           repeated("local.get 0\ni32.const 9\n", 200) +
                               repeated("local.get 0\ni32.load 4\ndrop\n", 2000) +
                               repeated("i32.add\n", 399)});
    p.functions.push_back(
        {"i32", "i32", "",
         "block i32\ni64.const 1\ni32.const 7\nlocal.get 0\nbr_table" + repeated(" 0", 20'001) + "\nend"});
    const size_t limits[] = {1 << 20, 160 << 10};
    for (const int f : {0, 1}) {
        SCOPED_TRACE(f);
        Running r(p);
        ASSERT_TRUE(r.store.setTier(Tier::Jit));
        r.link().start({Value::i32(3)}, std::to_string(f));
        EXPECT_EQ(r.machine->run(), StopKind::Finished);
        EXPECT_EQ(r.machine->results(), std::vector{Value::i32(f == 0 ? 200 * (3 + 9) : 7)});
        EXPECT_EQ(r.store.compiled().functions, 1u);
        EXPECT_LT(r.store.compiled().bytes, limits[f]);
    }
    // Tables count as code does, against the room for it.
    Running r(p);
    ASSERT_TRUE(r.store.setTier(Tier::Jit, 256 << 10));
    r.link().start({Value::i32(3)});
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(r.store.compiled().functions, 0u);
    EXPECT_TRUE(r.store.compiled().isFull);
}

/// Where the system refuses 8 GiB of address space, accesses are checked one by one.
TEST_F(Jit, ChecksBoundsWithoutTheReservation) {
    Program p;
    p.pages = 1;
    p.functions.push_back(
        {"i32", "i32", "", "local.get 0; i32.const 7; i32.store 4; local.get 0; i32.load8_u 4"});
    Running r(p);
    ASSERT_TRUE(r.store.setTier(Tier::Jit));
    rlimit before{};
    getrlimit(RLIMIT_AS, &before);
    uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlimit tight{pages * 4096 + (uint64_t{1} << 30), before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_AS, &tight), 0);
    r.link();
    setrlimit(RLIMIT_AS, &before);
    ASSERT_LT(r.memory().reserved(), uint64_t{8} << 30);
    for (const uint32_t address : {0u, 65528u, 65529u, 0xffffffffu}) {
        r.start({Value::i32(address)});
        EXPECT_EQ(r.machine->run(), address <= 65528 ? StopKind::Finished : StopKind::Trapped) << address;
        EXPECT_EQ(r.machine->trap().address, address <= 65528 ? 0 : uint64_t{address} + 4);
        r.machine->abandon();
    }
    EXPECT_EQ(r.store.compiled().functions, 1u);
}

TEST_F(Jit, ShowsItsCodeInstructionByInstruction) {
    Program p = mix();
    p.functions.push_back(
        {"f64", "f64", "i32", "local.get 0; f64.const 2.5; f64.mul; local.get 1; call 1; drop"});
    Running r(p);
    ASSERT_TRUE(r.store.setTier(Tier::Jit));
    r.link();
    uint32_t tables = 0;
    for (const char* name : {"0", "1", "2", "3"}) {
        const FuncAddr function = r.function(name);
        const auto code = r.store.machineCode(function);
        ASSERT_TRUE(code.ok()) << code.error().text();
        EXPECT_TRUE(code->isActive);
        uint32_t end = 0, last = 0, shown = 0;
        for (const MachineLine& line : code->lines) {
            EXPECT_GE(line.offset, end) << line.text;
            EXPECT_LT(line.offset - end, 8u) << "no more than an alignment left out: " << line.text;
            end = line.offset + static_cast<uint32_t>(line.bytes.size());
            EXPECT_EQ(line.text.find(".byte"), std::string::npos) << "undecodable";
            tables += line.text.starts_with(".long +0x");
            if (line.instruction == MachineLine::kNone) continue;
            EXPECT_GE(line.instruction, last);
            shown += line.instruction != last;
            last = line.instruction;
        }
        EXPECT_GE(shown, r.machine->instructionOffsets(function)->size() / 4);
    }
    EXPECT_EQ(tables, 2u) << "of the table of branches";
    const auto lineOf = [](const MachineCode& code, uint32_t instruction, const std::string& part) {
        for (const MachineLine& line : code.lines)
            if (line.instruction == instruction &&
                (line.text + "; " + line.note).find(part) != std::string::npos)
                return true;
        return false;
    };
    const MachineCode last = *r.store.machineCode(r.function("3"));
    EXPECT_TRUE(lineOf(last, 2, "mulsd")) << "the third instruction is f64.mul";
    EXPECT_TRUE(lineOf(last, 4, "<1>"));
    EXPECT_NE(r.store.machineCode(r.function("0"))->registers.find("local 0 in r"), std::string::npos);
    EXPECT_EQ(last.lines.back().text, ".quad 0x4004000000000000") << "2.5";
    // It is what runs.
    r.start({Value::f64(3)}, "3");
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0], Value::f64(7.5));
    ASSERT_TRUE(r.machine->setBreakpoint(r.at(1, "3")).ok());
    EXPECT_FALSE(r.store.machineCode(r.function("3"))->isActive);
    Running interpreted(p);
    interpreted.link();
    EXPECT_EQ(interpreted.store.machineCode(interpreted.function()).error().code, ErrorCode::State);
}

}  // namespace
}  // namespace engine
