// Instructions that machine code does itself, against the interpreter, at their edges.
#include <cmath>
#include <limits>

#include "tests/engine/jit_pair.h"

namespace engine {
namespace {

using namespace test;

/// Runs a function of both with these arguments to its end, be it a trap.
void runBoth(Pair& pair, const std::vector<Value>& arguments, const std::string& name = "0") {
    pair.plain.machine->abandon();
    pair.fast.machine->abandon();
    pair.start(arguments, name);
    pair.run();
}

TEST_F(Jit, ConvertsTheEdges) {
    std::vector<double> values = {0.0, 0.5, 0.99999999, 1.0, 1.5, INFINITY, NAN, 1e300, 5e-324};
    for (const double power : {0x1p31, 0x1p32, 0x1p63, 0x1p64}) {
        for (const double below : {0.0, 0.5, 1.0, 1.5})
            values.insert(values.end(), {power - below, power + below});
        values.insert(values.end(), {std::nextafter(power, 0), std::nextafter(power, INFINITY),
                                     std::nextafterf(static_cast<float>(power), 0),
                                     std::nextafterf(static_cast<float>(power), INFINITY)});
    }
    for (const std::string to : {"i32", "i64"}) {
        for (const std::string from : {"f32", "f64"}) {
            for (const std::string how : {"trunc_", "trunc_sat_"}) {
                for (const std::string sign : {"_s", "_u"}) {
                    Program p;
                    p.functions = {{from, to, "", "local.get 0; " + to + "." + how + from + sign}};
                    Pair pair(p);
                    for (const double magnitude : values) {
                        for (const double value : {magnitude, -magnitude}) {
                            SCOPED_TRACE(testing::Message()
                                         << to << how << from << sign << std::hexfloat << " " << value);
                            const auto argument =
                                from == "f32" ? Value::f32(static_cast<float>(value)) : Value::f64(value);
                            ASSERT_NO_FATAL_FAILURE(runBoth(pair, {argument}));
                        }
                    }
                    EXPECT_EQ(pair.fast.store.compiled().functions, 1u);
                }
            }
        }
    }
}

constexpr uint32_t kLengths[] = {0,  1,   2,   3,    4,    5,    7,    8,    9,     15,
                                 16, 17,  31,  32,   33,   47,   48,   63,   64,    65,
                                 80, 127, 128, 1000, 4095, 4096, 4097, 8000, 65535, 65536};

/// memory.copy and memory.fill: 0 and 1 with what the caller says, the others with constants.
Program bulk() {
    Program p;
    p.pages = 1;
    for (int i = 0; i < 300; ++i)
        p.data.push_back(static_cast<uint8_t>(i * 7));
    const std::string type = "i32 i32 i32";
    // Whatever stood in registers before must be there behind it.
    const auto around = [](const std::string& code) {
        return "local.get 0; local.get 1; i32.add; local.set 3; local.get 3; i32.const 3; i32.mul; " + code +
               "; local.get 0; i32.add; local.get 3; i32.xor; local.get 1; i32.add";
    };
    p.functions.push_back(
        {type, "i32", "i32", around("local.get 0; local.get 1; local.get 2; memory.copy 0 0")});
    p.functions.push_back(
        {type, "i32", "i32", around("local.get 0; local.get 1; local.get 2; memory.fill 0")});
    for (const uint32_t length : kLengths) {
        const std::string count = "i32.const " + std::to_string(length);
        p.functions.push_back(
            {type, "i32", "i32", around("local.get 0; local.get 1; " + count + "; memory.copy 0 0")});
        p.functions.push_back(
            {type, "i32", "i32", around("local.get 0; i32.const 171; " + count + "; memory.fill 0")});
    }
    return p;
}

TEST_F(Jit, CopiesAndFillsAsTheInterpreterDoes) {
    Pair pair(bulk());
    for (uint32_t i = 0; i < std::size(kLengths); ++i) {
        const uint32_t length = kLengths[i];
        const uint32_t last = 65536 - length;
        const std::pair<uint32_t, uint32_t> places[] = {
            {0, 100},       {100, 0},   {5, 6},          {6, 5},         {40, 40},
            {40, 57},       {last, 3},  {3, last},       {last + 1, 3},  {3, last + 1},
            {65536, 65536}, {65537, 0}, {0xffffffff, 0}, {0, 0xfffffff0}};
        for (const auto& [to, from] : places) {
            for (const std::string& function :
                 {std::string("0"), std::string("1"), std::to_string(2 * i + 2), std::to_string(2 * i + 3)}) {
                SCOPED_TRACE(testing::Message() << function << ": " << to << " " << from << " " << length);
                ASSERT_NO_FATAL_FAILURE(
                    runBoth(pair, {Value::i32(to), Value::i32(from), Value::i32(length)}, function));
            }
        }
    }
    EXPECT_EQ(pair.fast.store.compiled().functions, 2 + 2 * std::size(kLengths));
}

TEST_F(Jit, CopiesOfWatchedMemoryStop) {
    Pair pair(bulk());
    for (Running* r : {&pair.plain, &pair.fast}) {
        WatchSpec spec;
        spec.address = 45;
        spec.length = 6;
        spec.kind = WatchKind::Access;
        spec.memory = r->store.instance(r->id).memories[0];
        ASSERT_TRUE(r->machine->watch(spec).ok());
    }
    for (uint32_t i = 0; i < std::size(kLengths); ++i) {
        for (const auto& [to, from] : {std::pair(30u, 40u), std::pair(40u, 30u), std::pair(46u, 45u)}) {
            for (const std::string& function :
                 {std::string("0"), std::string("1"), std::to_string(2 * i + 2), std::to_string(2 * i + 3)}) {
                SCOPED_TRACE(testing::Message()
                             << function << ": " << to << " " << from << " " << kLengths[i]);
                pair.plain.machine->abandon();
                pair.fast.machine->abandon();
                pair.start({Value::i32(to), Value::i32(from), Value::i32(kLengths[i])}, function);
                while (!pair.ended() && pair.plain.machine->trap().kind == TrapKind::None)
                    ASSERT_NO_FATAL_FAILURE(pair.run());
            }
        }
    }
}

/// Copies bring the next look nearer without a tick: a loop of nothing else still stops where it should.
TEST_F(Jit, CopiesLeaveTheTickAlone) {
    Program p;
    p.pages = 1;
    p.functions.push_back({"i32", "", "", R"(
        loop
          i32.const 0; i32.const 5000; local.get 0; i32.const 4095; i32.and; memory.copy 0 0
          i32.const 9000; local.get 0; i32.const 4000; memory.fill 0
          local.get 0; i32.const 1; i32.sub; local.tee 0; br_if 0
        end)"});
    Pair pair(p);
    pair.start({Value::i32(9000)});
    for (uint64_t tick = 1000; !pair.ended(); tick += 1000)
        ASSERT_NO_FATAL_FAILURE(pair.run({.tick = tick}));
    EXPECT_EQ(pair.fast.machine->tick(), 9001u);
}

/// 0 calls 1; 1 and 2 end in calls of each other, of more parameters than they have, directly or by the table; 3 has a large frame.
Program tailCalls() {
    std::string large;
    for (int i = 0; i < 4000; ++i)
        large += "i64 ";
    Program p;
    p.functions = {
        {"i32", "i64", "", "local.get 0; i64.const 1; call 1; i64.const 1; i64.add"},
        {"i32 i64", "i64", "", R"(
            local.get 0; i32.eqz
            if
              local.get 1; return
            end
            local.get 1; i64.const 3; i64.mul; i32.const 7; local.get 0; i32.const 1; i32.sub; return_call 2)"},
        {"i64 i32 i32", "i64", "i64", R"(
            local.get 1; i64.extend_i32_u; local.get 0; i64.xor; local.set 3
            local.get 2; i32.const 100; i32.eq
            if
              local.get 2; local.get 3; return_call 3
            end
            local.get 2; local.get 3; i32.const 1; return_call_indirect 1 0)"},
        {"i32 i64", "i64", large, "local.get 0; local.get 1; i32.const 4; return_call_indirect 1 0"},
        {"i32 i64", "i64", "", "local.get 0; i32.const 1; i32.sub; local.get 1; return_call 1"},
        {"i32 i64", "i64", "", "local.get 0; local.get 1; local.get 0; return_call_indirect 1 0"},
        {"i32", "i64", large, "local.get 0; call 0"}};
    return p;
}

TEST_F(Jit, TailCallsLeaveNoFrames) {
    Pair pair(tailCalls());
    pair.start({Value::i32(200'000)});
    ASSERT_NO_FATAL_FAILURE(pair.run());
    EXPECT_TRUE(pair.ended());
    EXPECT_EQ(pair.fast.machine->trap().kind, TrapKind::None);
    EXPECT_EQ(pair.fast.store.compiled().functions, 5u);
}

TEST_F(Jit, TailCallsStopWithTheSameState) {
    Pair pair(tailCalls());
    pair.start({Value::i32(130)});
    for (uint64_t tick = 2; !pair.ended(); ++tick)
        ASSERT_NO_FATAL_FAILURE(pair.run({.tick = tick}));
    for (const char* function : {"1", "2", "3", "4"}) {
        ASSERT_TRUE(pair.plain.machine->setBreakpoint(pair.plain.at(1, function)).ok());
        ASSERT_TRUE(pair.fast.machine->setBreakpoint(pair.fast.at(1, function)).ok());
        pair.start({Value::i32(130)});
        while (!pair.ended())
            ASSERT_NO_FATAL_FAILURE(pair.run());
        pair.plain.machine->clearBreakpoints();
        pair.fast.machine->clearBreakpoints();
    }
}

/// A callee whose frame has no room traps in the call, with the caller's frame.
TEST_F(Jit, TailCallsTrapAsTheInterpreterDoes) {
    Pair narrow(tailCalls(), Tier::Jit, {.maxStackBytes = 50'000});
    ASSERT_NO_FATAL_FAILURE(runBoth(narrow, {Value::i32(130)}));
    EXPECT_EQ(narrow.fast.machine->trap().kind, TrapKind::None);
    ASSERT_NO_FATAL_FAILURE(runBoth(narrow, {Value::i32(130)}, "6"));  // compiled by now
    EXPECT_EQ(narrow.fast.machine->trap().kind, TrapKind::StackExhausted);
    Pair pair(tailCalls());
    for (const uint32_t element : {0u, 1u, 2u, 7u, 0xffffffffu}) {
        SCOPED_TRACE(element);
        ASSERT_NO_FATAL_FAILURE(runBoth(pair, {Value::i32(element), Value::i64(5)}, "5"));
    }
}

TEST_F(Jit, ReferencesAsTheInterpreterHasThem) {
    Program p;
    p.functions = {
        {"i32", "i32", "", "local.get 0; i32.const 10; i32.mul"},
        // A reference or null, by the argument; branches both ways, with and without a value that moves.
        {"i32", "i32", "ref:0", R"(
            local.get 0; if; ref.func 0; local.set 1; end
            block i32
              i32.const 5
              i32.const 6; i32.const 7; drop
              local.get 1; br_on_null 0
              drop; drop
            end
            local.get 1; ref.is_null; i32.add
            block ref:0
              local.get 1; br_on_non_null 0
              i32.const 1000; return
            end
            drop)"},
        {"i32", "i32", "ref:0", R"(
            local.get 0; if; ref.func 0; local.set 1; end
            i32.const 3; local.get 1; ref.as_non_null; drop
            i32.const 4; local.get 1; call_ref 0; i32.add)"},
        {"i32", "i32", "ref:0", "i32.const 4; local.get 1; call_ref 0; local.get 0; i32.add"},
        {"i32", "i32", "funcref", "local.get 0; table.get 0; local.tee 1; ref.is_null"}};
    Pair pair(p);
    for (const char* function : {"1", "2", "3", "4"}) {
        for (const uint32_t argument : {0u, 1u, 4u, 5u, 0xffffffffu}) {
            SCOPED_TRACE(testing::Message() << function << " " << argument);
            ASSERT_NO_FATAL_FAILURE(runBoth(pair, {Value::i32(argument)}, function));
        }
    }
    EXPECT_EQ(pair.fast.store.compiled().functions, 5u);
}

}  // namespace
}  // namespace engine
