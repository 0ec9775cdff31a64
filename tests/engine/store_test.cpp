#include "engine/store.h"

#include <gtest/gtest.h>

#include "tests/engine/program_builder.h"

namespace engine {
namespace {

using namespace test;

MemoryType memoryOf(uint64_t min, std::optional<uint64_t> max, bool is64 = false, uint8_t pageSizeLog2 = 16) {
    MemoryType type;
    type.limits = {min, max, is64};
    type.pageSizeLog2 = pageSizeLog2;
    return type;
}

TEST(LinearMemory, GrowsInPlaceAndZeroed) {
    auto memory = LinearMemory::create(memoryOf(1, 5), 1 << 20);
    ASSERT_TRUE(memory.ok());
    uint8_t* base = (*memory)->base();
    base[65535] = 1;
    EXPECT_EQ((*memory)->grow(2), 1u);
    EXPECT_EQ((*memory)->base(), base);
    EXPECT_EQ((*memory)->size(), 3u * 65536);
    EXPECT_EQ(base[3 * 65536 - 1], 0);
    EXPECT_EQ((*memory)->grow(3), std::nullopt);
    EXPECT_EQ((*memory)->grow(~uint64_t{0}), std::nullopt);
    EXPECT_EQ((*memory)->grow(0), 3u);
    EXPECT_GE((*memory)->reserved(), uint64_t{8} << 30) << "what 32-bit addresses and offsets reach";
}

TEST(LinearMemory, KeepsLimits) {
    EXPECT_EQ(LinearMemory::create(memoryOf(17, {}), 1 << 20).error().code, ErrorCode::Limit);
    auto wide = LinearMemory::create(memoryOf(1, uint64_t{1} << 48, true), uint64_t{1} << 24);
    ASSERT_TRUE(wide.ok());
    EXPECT_EQ((*wide)->grow(1000), std::nullopt);
    EXPECT_EQ((*wide)->grow(255), 1u);
    auto bytes = LinearMemory::create(memoryOf(3, {}, false, 0), 1 << 20);
    ASSERT_TRUE(bytes.ok());
    EXPECT_EQ((*bytes)->size(), 3u);
    EXPECT_EQ((*bytes)->grow(4094), 3u);
    EXPECT_FALSE((*bytes)->contains(4096, 2));
    EXPECT_FALSE((*bytes)->contains(~uint64_t{0}, 1));
    (*bytes)->base()[4096] = 1;
}

TEST(Store, E3_LimitsAllMemoriesTogether) {
    Store store({.maxMemoryBytes = 4 * 65536});
    const MemAddr a = store.addMemory(std::move(*LinearMemory::create(memoryOf(1, {}), 1 << 30)));
    const MemAddr b = store.addMemory(std::move(*LinearMemory::create(memoryOf(1, {}), 1 << 30)));
    EXPECT_EQ(store.memory(a).grow(2), 1u);
    EXPECT_EQ(store.memory(b).grow(1), std::nullopt);
    EXPECT_EQ(store.bytesUsed(), 4u * 65536);
}

TEST(Store, E3_LimitsTablesAndMemoriesTogether) {
    const auto tables = [](uint32_t first, uint32_t second) {
        const auto decoded = decode(
            test::module({section(4, vec({Bytes{0x70, 0} + leb(first), Bytes{0x70, 0} + leb(second)}))}));
        Store store({.maxMemoryBytes = 1 << 20});
        const auto made = store.instantiate(*decoded, {}, nullptr);
        return made ? "ok" : made.error().message;
    };
    EXPECT_EQ(tables(100'000, 30'000), "ok");
    EXPECT_EQ(tables(100'000, 40'000), "table 1 does not fit the memory limit of 1048576 bytes");
    EXPECT_EQ(tables(140'000, 0), "table 0 does not fit the memory limit of 1048576 bytes");
}

/// Growth that never ends by itself: each way says -1 at the limit, and what there is goes on being usable.
TEST(Store, E3_EndlessGrowthEndsAtTheLimit) {
    Program p;
    p.pages = 1;
    p.maxPages = 65536;
    for (const char* const grow :
         {"i32.const 1; memory.grow 0", "ref.null 0x70; i32.const 1000; table.grow 0"})
        p.functions.push_back(
            {"", "i32", "",
             std::string("loop; ") + grow + "; i32.const -1; i32.ne; br_if 0; end; memory.size 0"});
    constexpr uint64_t kLimit = 1 << 20;
    Running r(p, {.maxMemoryBytes = kLimit});
    r.link();
    for (const char* const function : {"1", "0"}) {  // a table first, then what it leaves
        r.start({}, function);
        ASSERT_EQ(r.machine->run({.tick = r.machine->tick() + 1'000'000}), StopKind::Finished) << function;
        EXPECT_LE(r.store.bytesUsed(), kLimit);
        EXPECT_GT(r.store.bytesUsed(), kLimit - 2 * 65536);
    }
    EXPECT_EQ(r.machine->results()[0].low, r.memory().size() / 65536);
}

TEST(Store, ListsAllImportsThatCannotBeLinked) {
    Program p;
    p.imports.push_back({"env.good", {"", "", "", ""}});
    p.imports.push_back({"env.wrong", {"i32", "", "", ""}});
    p.imports.push_back({"env.missing", {"f64", "i32", "", ""}});
    p.functions.push_back({"", "", "", "call 0"});
    Store store;
    const FuncAddr none =
        store.addHostFunction({}, "env.good", [](HostCall&) { return HostOutcome::done(); });
    auto decoded = decode(p.bytes());
    ASSERT_TRUE(decoded.ok());
    auto result = store.instantiate(
        *decoded,
        [&](const Import& import, const Module&) -> Result<Extern> {
            if (import.name == "missing") return Error{ErrorCode::NotFound, "not there"};
            return Extern{ExternKind::Func, none.value};
        },
        nullptr);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::Unlinkable);
    EXPECT_EQ(
        result.error().message,
        "2 imports cannot be linked:\n"
        "  \"env\" \"wrong\" (func (param i32)): incompatible import type, what is given is another func\n"
        "  \"env\" \"missing\" (func (param f64) (result i32)): not there");
}

TEST(Store, SharesTheTypeOfFunctions) {
    const auto module = decode(
        test::module({section(1, Bytes{2, 0x60, 1, 0x7f, 0, 0x60, 0, 0}), section(3, Bytes{3, 0, 1, 0}),
                      section(10, Bytes{3, 2, 0, 0x0b, 2, 0, 0x0b, 2, 0, 0x0b})}));
    ASSERT_TRUE(module.ok());
    Store store;
    const auto id = store.instantiate(*module, {}, nullptr);
    ASSERT_TRUE(id.ok());
    const auto typeOf = [&](size_t i) { return store.function(store.instance(*id).functions[i]).type; };
    EXPECT_EQ(typeOf(0), typeOf(2)) << "a type for each of a million functions takes gigabytes";
    EXPECT_NE(typeOf(0), typeOf(1));
    EXPECT_EQ(typeOf(0)->params, std::vector{kI32});
}

TEST(Store, NamesValues) {
    EXPECT_EQ(toText(Value::i32(0xffffffff)), "-1");
    EXPECT_EQ(toText(Value::i64(42)), "42");
    EXPECT_EQ(toText(Value::f64(-0.5)), "-0.5");
    EXPECT_EQ(toText(Value::f32(0.1f)), "0.1");
    EXPECT_EQ(toText(Value::f64(0.1)), "0.1");
    EXPECT_EQ(toText(Value{kF32, 0x7fc00000, 0}), "nan:0x400000");
    EXPECT_EQ(toText(Value{kF64, 0xfff0000000000000, 0}), "-inf");
    EXPECT_EQ(toText(Value{kFuncRef, 4, 0}), "ref.func 3");
    EXPECT_EQ(toText(Value{kExternRef, 0, 0}), "null");
    EXPECT_EQ(toText(Value{kV128, 2, 1}), "i32x4 0x00000002 0x00000000 0x00000001 0x00000000");
}

}  // namespace
}  // namespace engine
