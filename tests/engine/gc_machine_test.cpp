// Garbage collection while code runs: what counts as a root, when it happens, what an allocation without room does.
#include <gtest/gtest.h>

#include <chrono>

#include "engine/code.h"
#include "engine/gc_heap.h"
#include "tests/engine/program_builder.h"

namespace engine {
namespace {

using namespace test;

/// Types 0: a node of an i64 and the next node. 1: bytes. 2: i32s. 3: a packed field.
Program program(std::vector<FunctionText> functions) {
    Program p;
    p.objectTypes = {{0x5f, 2, 0x7e, 1, 0x63, 0, 1}, {0x5e, 0x78, 1}, {0x5e, 0x7f, 1}, {0x5f, 1, 0x78, 1}};
    p.functions = std::move(functions);
    return p;
}

/// 0: makes a list of n nodes, and a node to be dropped with each; returns the sum of its values.
Program lists() {
    return program({{"i32", "i64", "ref:0 i64", R"(
        loop
          local.get 0; i64.extend_i32_u; local.get 1; struct.new 0; local.set 1
          i64.const 7; ref.null 0; struct.new 0; drop
          local.get 0; i32.const 1; i32.sub; local.tee 0
          br_if 0
        end
        loop
          local.get 2; local.get 1; struct.get 0 0; i64.add; local.set 2
          local.get 1; struct.get 0 1; local.tee 1
          ref.is_null; i32.eqz
          br_if 0
        end
        local.get 2)"}});
}

void runTo(Running& r, StopKind expected) {
    StopKind stop = r.machine->run();
    while (stop == StopKind::Yielded)
        stop = r.machine->run();
    EXPECT_EQ(stop, expected) << r.machine->trap().text();
}

TEST(GcMachine, KeepsWhatLocalsHoldAndCollectsTheRest) {
    Running r(lists());
    r.link();
    r.start({Value::i32(1'000'000)});
    runTo(r, StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0].low, 500'000'500'000);
    EXPECT_GE(r.store.heap().collections(), 2u);
    EXPECT_LE(r.store.heap().bytesUsed(), 41u << 20) << "48 MB were allocated, 24 MB live";
    r.store.heap().collect();
    EXPECT_EQ(r.store.heap().liveBytes(), 0);
}

TEST(GcMachine, AnyAllocationMayCollect) {
    Running r(lists());
    r.link();
    r.store.heap().setStress(true);
    r.start({Value::i32(300)});
    runTo(r, StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0].low, 45150u);
    EXPECT_EQ(r.store.heap().collections(), 600u);
}

TEST(GcMachine, TheSameRunCollectsAtTheSameAllocation) {
    const auto run = [](bool steps) {
        Running r(lists());
        r.link();
        r.start({Value::i32(500'000)});
        if (!steps) runTo(r, StopKind::Finished);
        for (uint64_t tick = 0; steps && r.machine->running(); tick += 10'007)
            r.machine->run({.minDepth = 0, .tick = tick});
        return std::pair(r.store.heap().collections(), r.store.heap().bytesUsed());
    };
    EXPECT_EQ(run(false), run(true));
    EXPECT_GE(run(false).first, 1u);
}

/// 0: holds a node among its operands, under an argument, while it calls the host, then function 1, which allocates.
Program callers() {
    Program p = program({{"", "i64 i32", "", R"(
        i64.const 41; ref.null 0; struct.new 0
        struct.get 0 0
        i64.const 42; ref.null 0; struct.new 0
        i32.const 5
        call 0
        i32.const 3
        call 2
        drop; drop
        struct.get 0 0
        i64.add
        i32.const 1)"},
                         {"i32", "i32", "", "i32.const 9; array.new_default 1; drop; local.get 0"}});
    p.imports.push_back({"host.f", {"i32", "i32", "", ""}});
    return p;
}

TEST(GcMachine, OperandsOfCallersAreRoots) {
    Running r(callers());
    r.host("host.f", [&r](HostCall& call) {
        // A call of its own on top; what the interrupted frame holds must live on.
        CHECK(call.machine.start(r.function("1"), std::vector{Value::i32(1)}).ok());
        CHECK(call.machine.run() == StopKind::Finished);
        return HostOutcome::done();
    });
    r.link();
    r.store.heap().setStress(true);
    r.start();
    runTo(r, StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0].low, 83u);
    EXPECT_EQ(r.store.heap().collections(), 4u);
}

/// 0: calls itself from so many places, each once and with a node held below the argument, then does `last`, whose i64 is added to the
/// sum of what the nodes hold: 0 + 1 + 2 …
Program descent(uint32_t places, const std::string& last) {
    std::string code;
    for (uint32_t i = 0; i < places; ++i)
        code += "local.get 0; i32.const " + std::to_string(i) + R"(
            i32.eq
            if i64
              local.get 0; i64.extend_i32_u; ref.null 0; struct.new 0
              local.get 0; i32.const 1; i32.add; call 0; local.set 1
              struct.get 0 0; local.get 1; i64.add; return
            else
              i64.const 0
            end
            drop
            )";
    return program({{"i32", "i64", "i64 i32", code + last}});
}

/// A walk over the function for each of the frames would take a minute.
TEST(GcMachine, ManyPlacesOfOneFunctionAreLookedUpTogether) {
    Running r(descent(5000, R"(
        loop
          i32.const 100000; array.new_default 1; drop
          local.get 2; i32.const 1; i32.add; local.tee 2
          i32.const 2000; i32.lt_u; br_if 0
        end
        i64.const 0)"));
    r.link();
    r.start({Value::i32(0)});
    const auto begin = std::chrono::steady_clock::now();
    runTo(r, StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0].low, 5000u * 4999 / 2);
    EXPECT_GE(r.store.heap().collections(), 20u);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(GcMachine, OperandsOfTheAllocatingInstructionAreRoots) {
    for (const uint32_t places : {1u, 20u}) {
        Running r(descent(places, R"(
            i64.const 5; i64.const 1000; ref.null 0; struct.new 0; struct.new 0
            struct.get 0 1; struct.get 0 0)"));
        r.link();
        r.store.heap().setStress(true);
        r.start({Value::i32(0)});
        runTo(r, StopKind::Finished);
        EXPECT_EQ(r.machine->results()[0].low, 1000 + places * (places - 1) / 2) << places;
    }
}

TEST(GcMachine, ResultsAreRootsUntilTheNextOnes) {
    Running r(program(
        {{"", "ref:0", "", "i64.const 6; ref.null 0; struct.new 0"}, {"", "i32", "", "i32.const 1"}}));
    r.link();
    r.start();
    runTo(r, StopKind::Finished);
    const Slot node = r.machine->results()[0].low;
    r.store.heap().collect();
    ASSERT_TRUE(r.store.heap().contains(node));
    EXPECT_EQ(r.store.heap().get(node, 0), Value::i64(6));
    r.start({}, "1");
    runTo(r, StopKind::Finished);
    r.store.heap().collect();
    EXPECT_FALSE(r.store.heap().contains(node));
}

/// Slots that once held a reference, and no longer do by their type, keep nothing alive and hurt nobody.
TEST(GcMachine, DeadSlotsAreNoRoots) {
    Running r(program({{"", "i32", "", R"(
        i64.const 1; ref.null 0; struct.new 0; drop
        i32.const 0; i32.const 1; i32.const 2
        i32.const 100; array.new_default 1; array.len
        i32.add; i32.add; i32.add)"}}));
    r.link();
    r.store.heap().setStress(true);
    r.start();
    runTo(r, StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0].low, 103u);
    r.store.heap().collect();
    EXPECT_EQ(r.store.heap().liveBytes(), 0);
}

TEST(GcMachine, WithoutRoomAnAllocationTraps) {
    Running r(program({{"", "i32", "", "i32.const -1; array.new_default 2; array.len"}, {"", "", "ref:0", R"(
        loop
          i64.const 0; local.get 0; struct.new 0; local.set 0
          br 0
        end)"}}),
              StoreLimits{.maxMemoryBytes = 20 << 20});
    r.link();
    r.start();
    runTo(r, StopKind::Trapped);
    EXPECT_EQ(r.machine->trap().kind, TrapKind::AllocationFailure);
    EXPECT_TRUE(
        r.machine->trap().text().starts_with("allocation failure: 17179869188 bytes for an array of "
                                             "4294967295 elements, of the memory limit of 20971520 "
                                             "bytes"))
        << r.machine->trap().text();
    r.machine->abandon();
    r.start({}, "1");
    runTo(r, StopKind::Trapped);
    EXPECT_EQ(r.machine->trap().kind, TrapKind::AllocationFailure);
    EXPECT_GT(r.store.heap().bytesUsed(), 19u << 20);
    r.machine->abandon();
    r.store.heap().collect();
    EXPECT_EQ(r.store.heap().bytesUsed(), 0);
}

TEST(GcMachine, CollectingForNextToNothingEndsInATrap) {
    Program p;
    p.objectTypes = {{0x5f, 1, 0x63, 0, 1}};
    // Fills the heap but for one cell, which it allocates for ever.
    constexpr uint32_t kChunks = 64, kCellsOfChunk = 4096;
    p.functions = {{"i32", "", "ref:0", R"(
        loop
          local.get 1; struct.new 0; local.set 1
          local.get 0; i32.const 1; i32.sub; local.tee 0
          br_if 0
        end
        loop
          ref.null 0; struct.new 0; drop
          br 0
        end)"}};
    Running r(p, StoreLimits{.maxMemoryBytes = kChunks * 65536 + 1000});
    r.link();
    r.start({Value::i32(kChunks * kCellsOfChunk - 1)});
    ASSERT_EQ(r.machine->run({.tick = kChunks * kCellsOfChunk + 300}), StopKind::Trapped);
    EXPECT_EQ(r.machine->trap().kind, TrapKind::AllocationFailure);
    EXPECT_NE(r.machine->trap().text().find("collecting garbage no longer makes enough room"),
              std::string::npos);
    EXPECT_LE(r.store.heap().collections(), 20u);
}

TEST(GcMachine, ALongCollectionHearsYields) {
    const auto program2 = program({{"i32", "i64 i32", "ref:0", R"(
        loop
          local.get 0; i64.extend_i32_u; local.get 1; struct.new 0; local.set 1
          local.get 0; i32.const 1; i32.sub; local.tee 0
          br_if 0
        end
        i32.const 20000000; array.new_default 1; drop
        local.get 1; struct.get 0 0
        i32.const 20000000; array.new_default 1; array.len)"},
                                   {"i32", "i32", "", "local.get 0; array.new_default 1; array.len"}});
    const uint32_t kSecondArray = 18;
    struct Outcome {
        uint32_t yields = 0;
        uint64_t tick = 0, collections = 0, live = 0;
        bool operator==(const Outcome&) const = default;
    };
    // 0: undisturbed; 1: a yield whenever it can be heard; 2: the same in steps; 3: an inspector writes a reference; 4: another thread runs.
    const auto outcome = [&](int way) {
        Running r(program2);
        r.link();
        r.start({Value::i32(500'000)});
        CHECK(r.machine->setBreakpoint(r.at(kSecondArray)).ok());
        runTo(r, StopKind::Breakpoint);
        EXPECT_EQ(r.machine->location(), r.at(kSecondArray));
        const auto other = std::move(*Machine::create(r.store));
        CHECK(other->start(r.function("1"), std::vector{Value::i32(5)}).ok());
        Outcome result;
        const auto ask = [&] {
            if (way > 0) r.machine->requestYield();
        };
        if (way == 2) {
            do
                ask();
            while (r.machine->step() == StopKind::Yielded && ++result.yields < 10'000);
            EXPECT_EQ(r.machine->location(), r.at(kSecondArray + 1));
        }
        ask();
        for (StopKind stop = r.machine->run(); stop != StopKind::Finished && result.yields < 10'000;
             stop = r.machine->run()) {
            EXPECT_EQ(stop, StopKind::Yielded);
            ++result.yields;
            if (way == 3) {
                EXPECT_TRUE(r.machine->setLocal(0, 1, *r.machine->local(0, 1)).ok());
            }
            if (way == 4 && result.yields == 3) {
                EXPECT_EQ(other->run(), StopKind::Finished);
            }
            ask();
        }
        EXPECT_EQ(r.machine->results()[0].low, 1u);
        EXPECT_EQ(r.machine->results()[1].low, 20'000'000u);
        r.machine->abandon();
        result.tick = r.machine->tick();
        result.collections = r.store.heap().collections();
        result.live = r.store.heap().liveBytes();
        return result;
    };
    const Outcome quiet = outcome(0);
    EXPECT_EQ(quiet.yields, 0u);
    EXPECT_EQ(quiet.live, 500'000 * 24);
    for (int way = 1; way <= 4; ++way) {
        Outcome other = outcome(way);
        EXPECT_GE(other.yields, way < 3 ? 30u : 1u) << way;
        EXPECT_LT(other.yields, 10'000u) << way;
        other.yields = 0;
        EXPECT_EQ(other, quiet) << way;
    }
}

TEST(GcMachine, OperandTypesAreKeptInBoundedRoom) {
    std::string code;
    for (int i = 0; i < 100'000; ++i)
        code += "i32.const 0;";
    for (int i = 0; i < 40; ++i)
        code += "i32.const 9000000; array.new_default 1; drop;";
    for (int i = 0; i < 100'000; ++i)
        code += "drop;";
    Running r(program({{"", "", "", code}}));
    r.link();
    const auto lowered = r.store.code(r.function());
    ASSERT_TRUE(lowered.ok());
    const uint64_t before = (*lowered)->bytes();
    r.start();
    runTo(r, StopKind::Finished);
    EXPECT_GE(r.store.heap().collections(), 30u);
    EXPECT_LE((*lowered)->bytes(), before + (2 << 20));
}

TEST(GcMachine, TrapsSayWhatIsThere) {
    const auto trapOf = [](const std::string& code) {
        Running r(program({{"", "", "", code}}));
        r.link();
        r.start();
        runTo(r, StopKind::Trapped);
        return r.machine->trap().text();
    };
    const std::string bytes = "i32.const 3; array.new_default 1";
    EXPECT_EQ(trapOf(bytes + "; i32.const 5; ref.null 1; i32.const 0; i32.const 1; array.copy 1 1"),
              "null array reference");
    EXPECT_EQ(trapOf(bytes + "; i32.const 3; array.get_u 1; drop"),
              "out of bounds array access: 1 element at 3, the array has 3 elements");
    EXPECT_EQ(trapOf(bytes + "; i32.const 2; i32.const 0; i32.const 2; array.fill 1"),
              "out of bounds array access: 2 elements at 2, the array has 3 elements");
    EXPECT_EQ(trapOf("ref.null 1; array.len; drop"), "null array reference");
    EXPECT_EQ(trapOf("ref.null 0; struct.get 0 1; drop"), "null structure reference");
    EXPECT_EQ(trapOf("ref.null 0x6c; i31.get_s; drop"), "null i31 reference");
    EXPECT_EQ(trapOf(bytes + "; ref.cast 2; drop"),
              "cast failure: expected type 2, found an array of type 1");
    EXPECT_EQ(trapOf("i32.const 1; ref.i31; ref.cast 0x6b; drop"),
              "cast failure: expected struct, found an i31");
    EXPECT_EQ(trapOf("ref.null 0x6e; ref.cast 0; drop"), "cast failure: expected type 0, found null");
}

TEST(GcMachine, LongFillsAndCopiesHearAYield) {
    Running r(program({{"", "i32", "ref:2 ref:2", R"(
        i32.const 3; i32.const 8000000; array.new 2; local.set 0
        local.get 0; i32.const 7999999; array.get 2
        i32.const 8000000; array.new_default 2; local.set 1
        local.get 0; i32.const 0; i32.const 5; i32.const 8000000; array.fill 2
        local.get 0; i32.const 7999999; i32.const 9; array.set 2
        local.get 1; i32.const 0; local.get 0; i32.const 0; i32.const 8000000; array.copy 2 2
        local.get 1; i32.const 1; local.get 1; i32.const 0; i32.const 7999999; array.copy 2 2
        local.get 1; i32.const 0; array.get 2
        local.get 1; i32.const 7999999; array.get 2
        i32.add; i32.add)"}}));
    r.link();
    r.start();
    uint32_t yields = 0;
    do
        r.machine->requestYield();
    while (r.machine->run() == StopKind::Yielded && ++yields < 1000);
    EXPECT_EQ(r.machine->results()[0].low, 13u);
    EXPECT_GE(yields, 110u) << "slices of 1 MiB in four operations on 32 MB";
}

TEST(GcMachine, AStepOverALongOperationHearsAYield) {
    Running r(program({{"", "", "ref:2", R"(
        i32.const 1; i32.const 4000000; array.new 2; local.set 0
        local.get 0; i32.const 0; i32.const 5; i32.const 4000000; array.fill 2)"}}));
    r.link();
    r.start();
    constexpr int kArrayNew = 2, kArrayFill = 8;
    for (int at = 0; at <= kArrayFill; ++at) {
        uint32_t yields = 0;
        do
            r.machine->requestYield();
        while (r.machine->step() == StopKind::Yielded && ++yields < 100);
        if (at == kArrayNew || at == kArrayFill) {
            EXPECT_GE(yields, 10u) << at;
        }
        EXPECT_EQ(r.machine->location(), r.at(static_cast<uint32_t>(at) + 1));
    }
}

TEST(GcMachine, AnUnfinishedArrayIsMadeAnewWhenItsOperandsAreEdited) {
    for (const auto& [operand, value] : {std::pair{1u, 9'000'000u}, {1u, 1000u}, {0u, 66u}}) {
        Running r(program({{"", "i32 i32", "ref:1", R"(
            i32.const 65; i32.const 5000000; array.new 1; local.tee 0
            array.len; local.get 0; i32.const 999; array.get_u 1)"}}));
        r.link();
        r.start();
        r.machine->requestYield();
        ASSERT_EQ(r.machine->run(), StopKind::Yielded);
        ASSERT_EQ(*r.machine->operands(0), (std::vector{Value::i32(65), Value::i32(5'000'000)}));
        ASSERT_TRUE(r.machine->setOperand(0, operand, Value::i32(value)).ok());
        runTo(r, StopKind::Finished);
        EXPECT_EQ(r.machine->results()[0].low, operand == 1 ? value : 5'000'000);
        EXPECT_EQ(r.machine->results()[1].low, operand == 1 ? 65 : value);
    }
}

TEST(GcMachine, AnUnfinishedArrayIsForgottenWithItsRun) {
    Running r(program({{"", "", "", "i32.const 65; i32.const 5000000; array.new 1; drop"}}));
    r.link();
    r.start();
    r.machine->requestYield();
    ASSERT_EQ(r.machine->run(), StopKind::Yielded);
    r.store.heap().collect();
    EXPECT_GT(r.store.heap().liveBytes(), 5'000'000u);
    r.machine->abandon();
    r.store.heap().collect();
    EXPECT_EQ(r.store.heap().liveBytes(), 0u);
}

TEST(GcMachine, AnInspectorCannotForgeReferences) {
    Running r(program({{"", "", "ref:0 i31ref funcref anyref ref:2", R"(
        i64.const 3; ref.null 0; struct.new 0; local.set 0
        i32.const 1; array.new_default 2; local.set 4
        nop)"}}));
    r.link();
    r.start();
    ASSERT_TRUE(r.machine->setBreakpoint(r.at(7)).ok());
    ASSERT_EQ(r.machine->run(), StopKind::Breakpoint);
    const auto set = [&](uint32_t local, Slot low) {
        return r.machine->setLocal(0, local, {kAnyRef, low, 0}).ok();
    };
    const Slot node = r.machine->local(0, 0)->low, array = r.machine->local(0, 4)->low;
    EXPECT_TRUE(set(0, node));
    EXPECT_TRUE(set(0, 0));
    EXPECT_TRUE(set(3, node));
    EXPECT_TRUE(set(1, reference::i31(4)));
    EXPECT_TRUE(set(3, 12)) << "a host reference";
    EXPECT_TRUE(set(2, 1)) << "function 0";
    EXPECT_FALSE(set(2, 2)) << "there is no function 1";
    EXPECT_FALSE(set(0, node + 8));
    EXPECT_FALSE(set(0, array));
    EXPECT_FALSE(set(4, node));
    EXPECT_FALSE(set(0, 12));
    EXPECT_FALSE(set(1, node));
    EXPECT_FALSE(set(1, reference::kI31 | Slot{1} << 40));
    EXPECT_FALSE(set(3, Slot{1} << 63));
    EXPECT_EQ(toText(*r.machine->local(0, 1)), "i31 4");
}

}  // namespace
}  // namespace engine
