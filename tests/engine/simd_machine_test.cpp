// Vectors on the value stack and in memory: the machine runs what simd.h computes.
#include <gtest/gtest.h>

#include <random>

#include "engine/simd.h"
#include "tests/engine/program_builder.h"

namespace engine::test {
namespace {

Value v128(uint64_t low, uint64_t high) { return {kV128, low, high}; }

/// Results of one call at full speed, which must be those of single steps.
std::vector<Value> call(Machine& machine, FuncAddr function, const std::vector<Value>& arguments) {
    machine.abandon();
    CHECK(machine.start(function, arguments).ok());
    StopKind stop = machine.run();
    const auto results = stop == StopKind::Finished ? machine.results() : std::vector<Value>{};
    const StopKind expected = stop;
    machine.abandon();
    CHECK(machine.start(function, arguments).ok());
    do
        stop = machine.step();
    while (stop == StopKind::Stepped);
    EXPECT_EQ(stop, expected);
    if (stop == StopKind::Finished) {
        EXPECT_EQ(machine.results(), results);
    }
    return results;
}
std::vector<Value> call(Running& running, const std::string& name, const std::vector<Value>& arguments) {
    return call(*running.machine, running.function(name), arguments);
}

TEST(SimdMachine, VectorsTakeTwoSlotsWhereverTheyGo) {
    Program program;
    // 0: a local between narrow ones, select, a branch that carries a vector over others, drop
    program.functions.push_back(
        {"v128 i32 v128", "v128 i64 v128", "i64 v128",
         "i64.const -1; local.set 3; local.get 2; local.set 4\n"
         "block v128; i32.const 7; local.get 0; local.get 4; local.get 0; local.get 1; select\n"
         "br 0; end; local.tee 4; local.get 3; local.get 4; local.get 0; drop"});
    // 1: br_if, taken and not; br_table
    program.functions.push_back({"v128 i32", "v128", "",
                                 "block v128; i32.const 7; local.get 0; local.get 1; br_if 0; v128.not\n"
                                 "i32.const 0; br_table 0 0; end"});
    // 2 and 3: calls of all kinds
    program.functions.push_back(
        {"v128", "v128", "",
         "i32.const 1; drop; local.get 0; i32.const 0; local.get 0; v128.not; call 0; drop; drop"});
    program.functions.push_back({"v128", "v128", "", "i32.const 3; drop; local.get 0; return_call 2"});
    program.functions.push_back(
        {"v128", "v128", "", "i32.const 3; local.get 0; i32.const 2; call_indirect 2 0; return"});
    program.functions.push_back({"v128", "v128 v128", "", "v128.const 5 6; local.get 0"});
    Running running(program);
    running.link();
    const Value x = v128(1, 2), y = v128(3, ~uint64_t{0});
    using Values = std::vector<Value>;
    EXPECT_EQ(call(running, "0", {x, Value::i32(1), y}), (Values{y, Value::i64(~uint64_t{0}), y}));
    EXPECT_EQ(call(running, "0", {x, Value::i32(0), y}), (Values{x, Value::i64(~uint64_t{0}), x}));
    EXPECT_EQ(call(running, "1", {x, Value::i32(1)}), Values{x});
    EXPECT_EQ(call(running, "1", {x, Value::i32(0)}), Values{v128(~uint64_t{1}, ~uint64_t{2})});
    EXPECT_EQ(call(running, "2", {x}), Values{x});
    EXPECT_EQ(call(running, "3", {x}), Values{x});
    EXPECT_EQ(call(running, "4", {x}), Values{x});
    EXPECT_EQ(call(running, "5", {x}), (Values{v128(5, 6), x}));
}

TEST(SimdMachine, AStoppedMachineShowsAndSetsVectors) {
    Program program;
    program.functions.push_back(
        {"i32 v128", "v128", "", "local.get 0; drop; i32.const 5; local.get 1; i32.const 6; drop; return"});
    Running running(program);
    running.link();
    running.start({Value::i32(1), v128(2, 3)});
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(running.machine->step(), StopKind::Stepped);
    EXPECT_EQ(*running.machine->local(0, 1), v128(2, 3));
    EXPECT_EQ(*running.machine->operands(0), (std::vector<Value>{Value::i32(5), v128(2, 3), Value::i32(6)}));
    EXPECT_TRUE(running.machine->setOperand(0, 1, v128(7, 8)).ok());
    EXPECT_FALSE(running.machine->setOperand(0, 2, v128(7, 8)).ok());
    EXPECT_TRUE(running.machine->setLocal(0, 1, v128(0, 0)).ok());
    EXPECT_EQ(running.machine->run(), StopKind::Finished);
    EXPECT_EQ(running.machine->results(), std::vector<Value>{v128(7, 8)});
    EXPECT_EQ(toText(v128(0x0000000200000001, 0xffffffff00000000)),
              "i32x4 0x00000001 0x00000002 0x00000000 0xffffffff");
}

/// The handlers that this processor gets compute what the functions of simd.h do.
TEST(SimdMachine, ShufflesAsThePlainFunctionsDo) {
    std::mt19937_64 random(8);
    for (int round = 0; round < 50; ++round) {
        simd::u8x16 lanes{};
        std::string shuffle = "local.get 0; local.get 1; i8x16.shuffle";
        for (int i = 0; i < 16; ++i) {
            lanes[i] = static_cast<uint8_t>(random() % 32);
            shuffle += " " + std::to_string(lanes[i]);
        }
        Program program;
        program.functions.push_back({"v128 v128", "v128", "", shuffle});
        program.functions.push_back({"v128 v128", "v128", "", "local.get 0; local.get 1; i8x16.swizzle"});
        program.functions.push_back(
            {"v128 v128", "v128", "", "local.get 0; local.get 1; i8x16.relaxed_swizzle"});
        Running running(program);
        running.link();
        const auto x = simd::u64x2{random(), random()};
        auto y = simd::u64x2{random(), random()};
        if (round % 2) y &= 0x1f1f1f1f1f1f1f1f;
        const std::vector<Value> arguments{v128(x[0], x[1]), v128(y[0], y[1])};
        const auto a = simd::as<simd::u8x16>(x), b = simd::as<simd::u8x16>(y);
        const auto shuffled = simd::as<simd::u64x2>(simd::shuffle(a, b, lanes));
        const auto swizzled = simd::as<simd::u64x2>(simd::swizzle(a, b));
        for (int i = 0; i < 16; ++i) {
            EXPECT_EQ(simd::shuffle(a, b, lanes)[i], lanes[i] < 16 ? a[lanes[i]] : b[lanes[i] - 16]);
            EXPECT_EQ(simd::swizzle(a, b)[i], b[i] < 16 ? a[b[i]] : 0);
        }
        EXPECT_EQ(call(running, "0", arguments)[0], v128(shuffled[0], shuffled[1]));
        EXPECT_EQ(call(running, "1", arguments)[0], v128(swizzled[0], swizzled[1]));
        EXPECT_EQ(call(running, "2", arguments)[0], v128(swizzled[0], swizzled[1]));
    }
}

/// A module with two memories of a page each and functions (address, v128) → v128; they use the memory that is asked for.
struct VectorMemory {
    VectorMemory(bool is64, uint32_t index, const std::vector<std::string>& codes) {
        const std::string address = is64 ? "i64" : "i32";
        Bytes functions, exports, bodies;
        for (size_t i = 0; i < codes.size(); ++i) {
            functions += leb(0);
            exports += test::name(std::to_string(i)) + Bytes{0} + leb(i);
            bodies += sized(Bytes{0} + assemble(codes[i]) + Bytes{0x0b});
        }
        const uint8_t limits = is64 ? 4 : 0;
        const Bytes bytes =
            module({section(1, Bytes{1, 0x60} + types(address + " v128") + types("v128")),
                    section(3, leb(codes.size()) + functions), section(5, Bytes{2, limits, 1, limits, 1}),
                    section(7, leb(codes.size()) + exports), section(10, leb(codes.size()) + bodies)});
        const auto decoded = decode(bytes);
        CHECK(decoded.ok());
        CHECK(validateModule(**decoded).ok());
        Trap trap;
        const auto nothing = [](const Import&, const Module&) -> Result<Extern> {
            return Error{ErrorCode::NotFound, ""};
        };
        id = *store.instantiate(*decoded, nothing, &trap);
        machine = std::move(*Machine::create(store));
        memory = &store.memory(store.instance(id).memories[index]);
        addressType = is64 ? kI64 : kI32;
    }
    std::vector<Value> run(size_t function, uint64_t address, const Value& vector) {
        return call(*machine, store.instance(id).functions[function], {{addressType, address, 0}, vector});
    }
    Store store;
    std::unique_ptr<Machine> machine;
    InstanceId id;
    LinearMemory* memory = nullptr;
    ValType addressType;
};

struct MemoryRow {
    const char* op;
    uint32_t lane;  // ~0: none
    uint32_t bytes;
    bool stores;
    Value
        result;  // with bytes 1, 2, 3 … 0x90 in memory and the vector below; of a store: what memory then holds
};
const Value kVector = v128(0x1716151413121110, 0x1f1e1d1c1b1a1918);
constexpr uint32_t kNoLane = ~0u;
const MemoryRow kMemoryRows[] = {
    {"v128.load", kNoLane, 16, false, v128(0x8807060504030201, 0x900f0e0d0c0b0a09)},
    {"v128.load8x8_s", kNoLane, 8, false, v128(0x0004000300020001, 0xff88000700060005)},
    {"v128.load8x8_u", kNoLane, 8, false, v128(0x0004000300020001, 0x0088000700060005)},
    {"v128.load16x4_s", kNoLane, 8, false, v128(0x0000040300000201, 0xffff880700000605)},
    {"v128.load16x4_u", kNoLane, 8, false, v128(0x0000040300000201, 0x0000880700000605)},
    {"v128.load32x2_s", kNoLane, 8, false, v128(0x0000000004030201, 0xffffffff88070605)},
    {"v128.load32x2_u", kNoLane, 8, false, v128(0x0000000004030201, 0x0000000088070605)},
    {"v128.load8_splat", kNoLane, 1, false, v128(0x0101010101010101, 0x0101010101010101)},
    {"v128.load16_splat", kNoLane, 2, false, v128(0x0201020102010201, 0x0201020102010201)},
    {"v128.load32_splat", kNoLane, 4, false, v128(0x0403020104030201, 0x0403020104030201)},
    {"v128.load64_splat", kNoLane, 8, false, v128(0x8807060504030201, 0x8807060504030201)},
    {"v128.load32_zero", kNoLane, 4, false, v128(0x04030201, 0)},
    {"v128.load64_zero", kNoLane, 8, false, v128(0x8807060504030201, 0)},
    {"v128.load8_lane", 15, 1, false, v128(0x1716151413121110, 0x011e1d1c1b1a1918)},
    {"v128.load16_lane", 2, 2, false, v128(0x1716020113121110, 0x1f1e1d1c1b1a1918)},
    {"v128.load32_lane", 3, 4, false, v128(0x1716151413121110, 0x040302011b1a1918)},
    {"v128.load64_lane", 0, 8, false, v128(0x8807060504030201, 0x1f1e1d1c1b1a1918)},
    {"v128.store", kNoLane, 16, true, kVector},
    {"v128.store8_lane", 9, 1, true, v128(0x8807060504030219, 0x900f0e0d0c0b0a09)},
    {"v128.store16_lane", 7, 2, true, v128(0x8807060504031f1e, 0x900f0e0d0c0b0a09)},
    {"v128.store32_lane", 1, 4, true, v128(0x8807060517161514, 0x900f0e0d0c0b0a09)},
    {"v128.store64_lane", 1, 8, true, v128(0x1f1e1d1c1b1a1918, 0x900f0e0d0c0b0a09)},
};

void fill(uint8_t* at) {
    for (uint8_t i = 0; i < 16; ++i)
        at[i] = static_cast<uint8_t>(i + 1 + (i % 8 == 7 ? 0x80 : 0));
}

class SimdMemory : public testing::TestWithParam<std::pair<bool, uint32_t>> {};

TEST_P(SimdMemory, ReadsAndWritesAnyMemoryWithinItsBounds) {
    const auto [is64, index] = GetParam();
    constexpr uint32_t kOffset = 3, kPage = 65536;
    std::vector<std::string> codes;
    for (const MemoryRow& row : kMemoryRows) {
        const bool hasVector = row.stores || row.lane != kNoLane;
        codes.push_back(std::string("local.get 0\n") + (hasVector ? "local.get 1\n" : "") + row.op + " 3 " +
                        std::to_string(index) + (row.lane == kNoLane ? "" : " " + std::to_string(row.lane)) +
                        (row.stores ? "; local.get 1" : ""));
    }
    VectorMemory vectors(is64, index, codes);
    for (size_t i = 0; i < codes.size(); ++i) {
        const MemoryRow& row = kMemoryRows[i];
        SCOPED_TRACE(row.op);
        uint8_t* const bytes = vectors.memory->base();
        fill(bytes + 100 + kOffset);
        const auto results = vectors.run(i, 100, kVector);
        ASSERT_EQ(results.size(), 1u);
        EXPECT_EQ(results[0], row.stores ? kVector : row.result);
        Value after = v128(0, 0);
        std::memcpy(&after.low, bytes + 100 + kOffset, 8);
        std::memcpy(&after.high, bytes + 108 + kOffset, 8);
        EXPECT_EQ(after, row.stores ? row.result : v128(0x8807060504030201, 0x900f0e0d0c0b0a09));

        const uint64_t last = kPage - kOffset - row.bytes;
        EXPECT_EQ(vectors.run(i, last, kVector).size(), 1u);
        for (const uint64_t outside : {last + 1, uint64_t{kPage}, uint64_t{0xffffffff}}) {
            EXPECT_EQ(vectors.run(i, outside, kVector).size(), 0u);
            const Trap& trap = vectors.machine->trap();
            EXPECT_EQ(trap.kind, TrapKind::OutOfBoundsMemory);
            EXPECT_EQ(trap.address, outside + kOffset);
            EXPECT_EQ(trap.size, row.bytes);
            EXPECT_EQ(trap.index, index);
        }
        if (is64) {
            EXPECT_EQ(vectors.run(i, ~uint64_t{0}, kVector).size(), 0u);
        }
    }
}
INSTANTIATE_TEST_SUITE_P(Memories, SimdMemory,
                         testing::Values(std::pair{false, 0u}, std::pair{true, 0u}, std::pair{false, 1u},
                                         std::pair{true, 1u}));

}  // namespace
}  // namespace engine::test
