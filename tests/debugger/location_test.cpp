#include <gtest/gtest.h>

#include "debugger/symbols/location.h"
#include "tests/debugger/value_fakes.h"

namespace debugger::test {
namespace {

using namespace dwarf;
using Bytes = std::vector<uint8_t>;

struct Location : testing::Test {
    FakeSymbols symbols;
    FakeContext context{&symbols};
    TypeId intType = symbols.base("int", BaseEncoding::Signed, 4);
    TypeId longType = symbols.base("long long", BaseEncoding::Signed, 8);

    Location() {
        context.locals = {engine::Value::i32(0x2000), engine::Value::i64(0xfedcba9876543210),
                          engine::Value::i32(0xffff'ffff), engine::Value::f64(2.5)};
        context.operands = {engine::Value::i32(77)};
        context.globals = {engine::Value::i32(0x1000), engine::Value::i32(5)};
        symbols.frameBaseList = {{{0, ~uint32_t{0}}, {DW_OP_WASM_location, 0, 0, DW_OP_stack_value}}};
    }
    ObjectPlace at(const Bytes& expression, uint64_t size = 4) {
        return evaluateLocation(expression, context, size);
    }
    std::string shown(const Bytes& expression, TypeId type) {
        SourceValue value;
        value.type = type;
        value.place = at(expression, symbols.types[type].byteSize);
        return render(value, context);
    }
};

TEST_F(Location, FrameBaseIsTheValueOfItsLocal) {
    const ObjectPlace place = at({DW_OP_fbreg, 12});
    EXPECT_EQ(place.kind, ObjectPlace::Kind::Memory);
    EXPECT_EQ(place.address, 0x200cu);
    EXPECT_EQ(at({DW_OP_fbreg, 0x7c}).address, 0x1ffcu);  // -4
}

TEST_F(Location, FrameBaseMayBeGlobalOrWithoutStackValue) {
    symbols.frameBaseList[0].expression = {DW_OP_WASM_location, 3, 0, 0, 0, 0, DW_OP_stack_value};
    EXPECT_EQ(at({DW_OP_fbreg, 8}).address, 0x1008u);
    symbols.frameBaseList[0].expression = {DW_OP_WASM_location, 0, 0};
    EXPECT_EQ(at({DW_OP_fbreg, 8}).address, 0x2008u);
}

TEST_F(Location, FrameBaseIsTheEntryForTheAddress) {
    symbols.frameBaseList = {{{0, 0x80}, {DW_OP_WASM_location, 0, 2, DW_OP_stack_value}},
                             {{0x80, 0x200}, {DW_OP_WASM_location, 1, 0, DW_OP_stack_value}}};
    EXPECT_EQ(at({DW_OP_fbreg, 4}).address, 0x1004u);
    context.pc = 0x300;
    EXPECT_EQ(at({DW_OP_fbreg, 4}).why, "the frame is not set up here");
}

TEST_F(Location, FrameBaseMayNotReferToItself) {
    symbols.frameBaseList[0].expression = {DW_OP_fbreg, 0};
    EXPECT_NE(at({DW_OP_fbreg, 0}).why.find("refers to itself"), std::string::npos);
    symbols.frameBaseList.clear();
    EXPECT_EQ(at({DW_OP_fbreg, 0}).why, "the function has no frame base");
}

TEST_F(Location, ValueOfLocalGlobalOperandIsAWritablePlace) {
    const ObjectPlace local = at({DW_OP_WASM_location, 0, 1, DW_OP_stack_value}, 8);
    EXPECT_EQ(local.kind, ObjectPlace::Kind::WasmLocal);
    EXPECT_EQ(local.index, 1u);
    EXPECT_EQ(at({DW_OP_WASM_location, 1, 1, DW_OP_stack_value}).kind, ObjectPlace::Kind::WasmGlobal);
    EXPECT_EQ(at({DW_OP_WASM_location, 3, 1, 0, 0, 0, DW_OP_stack_value}).index, 1u);
    EXPECT_EQ(at({DW_OP_WASM_location, 2, 0, DW_OP_stack_value}).kind, ObjectPlace::Kind::WasmOperand);
    EXPECT_EQ(shown({DW_OP_WASM_location, 2, 0, DW_OP_stack_value}, intType), "77");
    EXPECT_EQ(shown({DW_OP_WASM_location, 0, 2, DW_OP_stack_value}, intType), "-1");
}

TEST_F(Location, LocalWithoutStackValueHoldsTheAddress) {
    // How LLVM writes an object that was passed by pointer.
    const ObjectPlace place = at({DW_OP_WASM_location, 0, 0});
    EXPECT_EQ(place.kind, ObjectPlace::Kind::Memory);
    EXPECT_EQ(place.address, 0x2000u);
    EXPECT_EQ(at({DW_OP_WASM_location, 0, 0, DW_OP_plus_uconst, 8}).address, 0x2008u);
}

TEST_F(Location, NamesALocalThatIsNotThere) {
    EXPECT_EQ(at({DW_OP_WASM_location, 0, 99, DW_OP_stack_value}).why, "there is no local 99");
    EXPECT_NE(at({DW_OP_WASM_location, 7, 0}).why.find("unknown kind 7"), std::string::npos);
}

struct Arithmetic {
    const char* name;
    Bytes expression;
    int64_t expected;
};
class LocationArithmetic : public Location, public testing::WithParamInterface<Arithmetic> {};

TEST_P(LocationArithmetic, Gives) {
    Bytes expression = GetParam().expression;
    expression.push_back(DW_OP_stack_value);
    EXPECT_EQ(shown(expression, longType), std::to_string(GetParam().expected));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, LocationArithmetic,
    testing::Values(
        Arithmetic{"lit", {DW_OP_lit0 + 17}, 17}, Arithmetic{"const1s", {DW_OP_const1s, 0xfe}, -2},
        Arithmetic{"const2u", {DW_OP_const2u, 0xfe, 0xff}, 0xfffe},
        Arithmetic{"const2s", {DW_OP_const2s, 0xfe, 0xff}, -2},
        Arithmetic{"const4s", {DW_OP_const4s, 0xfe, 0xff, 0xff, 0xff}, -2},
        Arithmetic{"const8u", {DW_OP_const8u, 1, 0, 0, 0, 0, 0, 0, 0x10}, 0x1000000000000001},
        Arithmetic{"consts", {DW_OP_consts, 0x7f}, -1}, Arithmetic{"constu", {DW_OP_constu, 0xff, 1}, 255},
        Arithmetic{"plus", {DW_OP_lit0 + 3, DW_OP_lit0 + 4, DW_OP_plus}, 7},
        Arithmetic{"minus", {DW_OP_lit0 + 3, DW_OP_lit0 + 4, DW_OP_minus}, -1},
        Arithmetic{"mul", {DW_OP_lit0 + 3, DW_OP_lit0 + 4, DW_OP_mul}, 12},
        Arithmetic{"div", {DW_OP_const1s, 0xf9, DW_OP_lit0 + 2, DW_OP_div}, -3},
        Arithmetic{"mod", {DW_OP_lit0 + 7, DW_OP_lit0 + 4, DW_OP_mod}, 3},
        Arithmetic{"neg", {DW_OP_lit0 + 3, DW_OP_neg}, -3}, Arithmetic{"not", {DW_OP_lit0, DW_OP_not}, -1},
        Arithmetic{"abs", {DW_OP_consts, 0x70, DW_OP_abs}, 16},
        Arithmetic{"and", {DW_OP_lit0 + 6, DW_OP_lit0 + 3, DW_OP_and}, 2},
        Arithmetic{"or", {DW_OP_lit0 + 6, DW_OP_lit0 + 3, DW_OP_or}, 7},
        Arithmetic{"xor", {DW_OP_lit0 + 6, DW_OP_lit0 + 3, DW_OP_xor}, 5},
        Arithmetic{"shl", {DW_OP_lit0 + 3, DW_OP_lit0 + 4, DW_OP_shl}, 48},
        Arithmetic{"shr", {DW_OP_lit0 + 31, DW_OP_lit0 + 2, DW_OP_shr}, 7},
        Arithmetic{"shra", {DW_OP_consts, 0x70, DW_OP_lit0 + 2, DW_OP_shra}, -4},
        Arithmetic{"less", {DW_OP_consts, 0x7f, DW_OP_lit0 + 1, DW_OP_lt}, 1},
        Arithmetic{"ge", {DW_OP_consts, 0x7f, DW_OP_lit0 + 1, DW_OP_ge}, 0},
        Arithmetic{"dup", {DW_OP_lit0 + 3, DW_OP_dup, DW_OP_mul}, 9},
        Arithmetic{"drop", {DW_OP_lit0 + 3, DW_OP_lit0, DW_OP_drop}, 3},
        Arithmetic{"over", {DW_OP_lit0 + 3, DW_OP_lit0 + 9, DW_OP_over}, 3},
        Arithmetic{"swap", {DW_OP_lit0 + 3, DW_OP_lit0 + 9, DW_OP_swap, DW_OP_minus}, 6},
        Arithmetic{"pick", {DW_OP_lit0 + 1, DW_OP_lit0 + 2, DW_OP_lit0 + 3, DW_OP_pick, 2}, 1},
        // rot: the top entry becomes the third
        Arithmetic{"rot", {DW_OP_lit0 + 1, DW_OP_lit0 + 2, DW_OP_lit0 + 3, DW_OP_rot}, 2},
        Arithmetic{"bra",
                   {DW_OP_lit0 + 5, DW_OP_lit0 + 1, DW_OP_bra, 2, 0, DW_OP_lit0 + 7, DW_OP_plus, DW_OP_nop},
                   5},
        Arithmetic{"skip", {DW_OP_lit0 + 5, DW_OP_skip, 1, 0, DW_OP_neg}, 5},
        // A narrow local is compared as 32 bits …
        Arithmetic{"narrow_compare", {DW_OP_WASM_location, 0, 2, DW_OP_consts, 0x7f, DW_OP_eq}, 1},
        Arithmetic{"narrow_shr", {DW_OP_WASM_location, 0, 2, DW_OP_lit0 + 28, DW_OP_shr}, 15},
        Arithmetic{"narrow_div", {DW_OP_WASM_location, 0, 2, DW_OP_lit0 + 1, DW_OP_div}, -1},
        // … and LLVM's extension of it to 64 bits works.
        Arithmetic{"sign_extension",
                   {DW_OP_WASM_location, 0, 2, DW_OP_dup, DW_OP_lit0 + 31, DW_OP_shr, DW_OP_lit0, DW_OP_not,
                    DW_OP_mul, DW_OP_lit0 + 31, DW_OP_lit0 + 1, DW_OP_plus, DW_OP_shl, DW_OP_or},
                   -1}),
    [](const auto& info) { return info.param.name; });

TEST_F(Location, Dereferences) {
    context.put<uint32_t>(0x2000, 0x3000);
    EXPECT_EQ(at({DW_OP_fbreg, 0, DW_OP_deref}).address, 0x3000u);
    context.memory[0x2008] = 0x81;
    EXPECT_EQ(shown({DW_OP_fbreg, 8, DW_OP_deref_size, 1, DW_OP_stack_value}, longType), "129");
    EXPECT_EQ(at({DW_OP_const4u, 0, 0, 0, 0xf0, DW_OP_deref}).why, "beyond the end of memory");
}

TEST_F(Location, ImplicitValueIsBytes) {
    const ObjectPlace place = at({DW_OP_implicit_value, 4, 0x2a, 0, 0, 0});
    EXPECT_EQ(place.kind, ObjectPlace::Kind::Bytes);
    EXPECT_EQ(shown({DW_OP_implicit_value, 4, 0x2a, 0, 0, 0}, intType), "42");
}

TEST_F(Location, PiecesArePutTogether) {
    context.put<uint32_t>(0x2000, 0x11223344);
    const Bytes expression = {DW_OP_fbreg, 0, DW_OP_piece,       4,           DW_OP_WASM_location,
                              2,           0, DW_OP_stack_value, DW_OP_piece, 4};
    EXPECT_EQ(shown(expression, longType), std::to_string(0x4d11223344));
}

TEST_F(Location, MissingPieceIsMissingOnlyItself) {
    const TypeId pair = symbols.record(
        "pair", 8, {FakeSymbols::member("a", intType, 0), FakeSymbols::member("b", intType, 4)});
    SourceValue value;
    value.type = pair;
    value.place = at({DW_OP_WASM_location, 2, 0, DW_OP_stack_value, DW_OP_piece, 4, DW_OP_piece, 4}, 8);
    EXPECT_EQ(render(value, context), "{a = 77, b = <unavailable: optimised out>}");
}

TEST_F(Location, BitPiecesArePutTogether) {
    const Bytes expression = {DW_OP_lit0 + 5, DW_OP_stack_value, DW_OP_bit_piece, 4, 0, DW_OP_const1u,
                              0xa3,           DW_OP_stack_value, DW_OP_bit_piece, 4, 4};
    EXPECT_EQ(shown(expression, intType).substr(0, 12), "<unavailable");  // 8 bits of 32
    EXPECT_EQ(at(expression).bytes, Bytes{0xa5});
}

TEST_F(Location, OnePieceThatIsAllStaysWritable) {
    EXPECT_EQ(at({DW_OP_WASM_location, 0, 0, DW_OP_stack_value, DW_OP_piece, 4}).kind,
              ObjectPlace::Kind::WasmLocal);
}

TEST_F(Location, HugePiecesAreClipped) {
    const Bytes expression = {
        DW_OP_lit0, DW_OP_stack_value, DW_OP_piece, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10,
        DW_OP_lit0, DW_OP_stack_value, DW_OP_piece, 4};
    EXPECT_LE(at(expression, uint64_t{1} << 60).bytes.size(), 64u * 1024);
    EXPECT_LE(at(expression, 4).bytes.size(), 4u);
}

struct Unavailable {
    Bytes expression;
    const char* why;
};
class LocationUnavailable : public Location, public testing::WithParamInterface<Unavailable> {};

TEST_P(LocationUnavailable, SaysWhy) {
    const ObjectPlace place = at(GetParam().expression);
    EXPECT_EQ(place.kind, ObjectPlace::Kind::Unavailable);
    EXPECT_NE(place.why.find(GetParam().why), std::string::npos) << place.why;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, LocationUnavailable,
    testing::Values(Unavailable{{}, "optimised out"}, Unavailable{{DW_OP_reg0 + 3}, "machine register"},
                    Unavailable{{DW_OP_breg0, 0}, "machine register"},
                    Unavailable{{DW_OP_entry_value, 1, 0x30}, "the value at entry is not recorded"},
                    Unavailable{{DW_OP_call_frame_cfa}, "no call frame"},
                    Unavailable{{DW_OP_GNU_entry_value, 1, 0x30}, "the value at entry is not recorded"},
                    Unavailable{{DW_OP_plus}, "takes more than it has"},
                    Unavailable{{DW_OP_stack_value}, "takes more than it has"},
                    Unavailable{{DW_OP_lit0, DW_OP_pick, 1}, "takes more than it has"},
                    Unavailable{{DW_OP_const4u, 1}, "cut off"}, Unavailable{{DW_OP_WASM_location}, "cut off"},
                    Unavailable{{DW_OP_implicit_value, 9, 1}, "cut off"},
                    Unavailable{{DW_OP_skip, 0xfd, 0xff}, "does not end"},
                    Unavailable{{DW_OP_skip, 0, 0x80}, "branch out"},
                    Unavailable{{DW_OP_lit0, DW_OP_dup, DW_OP_skip, 0xfc, 0xff}, "too much stack"},
                    Unavailable{{DW_OP_lit0 + 1, DW_OP_lit0, DW_OP_div}, "divides by zero"},
                    Unavailable{{0xff}, "unknown operation 0xff"},
                    Unavailable{{DW_OP_lit0, DW_OP_convert, 0x20, DW_OP_stack_value}, "typed operations"},
                    Unavailable{{DW_OP_addr, 0xff, 0xff, 0xff, 0xff}, "removed by the linker"},
                    Unavailable{{DW_OP_addrx, 1}, "table"},
                    Unavailable{{DW_OP_const4u, 0xff, 0xff, 0xff, 0xff, DW_OP_GNU_push_tls_address},
                                "removed by the linker"},
                    Unavailable{{DW_OP_lit0, DW_OP_deref_size, 9}, "a read of 9 bytes"}));

TEST_F(Location, ThreadLocalAddressesArePlainWithoutThreads) {
    EXPECT_EQ(at({DW_OP_const4u, 0x68, 0x11, 0, 0, DW_OP_GNU_push_tls_address}).address, 0x1168u);
}

TEST_F(Location, ListTakesTheEntryForTheAddress) {
    const std::vector<LocationEntry> list = {{{0x1f0, 0x230}, {DW_OP_lit0 + 1, DW_OP_stack_value}},
                                             {{0x240, 0x250}, {DW_OP_lit0 + 2, DW_OP_stack_value}}};
    context.pc = 0x22f;
    EXPECT_EQ(evaluateLocations(list, context, 4).bytes[0], 1);
    context.pc = 0x240;
    EXPECT_EQ(evaluateLocations(list, context, 4).bytes[0], 2);
    context.pc = 0x230;
    EXPECT_EQ(evaluateLocations(list, context, 4).why,
              "optimised out here (known at 0x1f0-0x230, 0x240-0x250)");
    auto neighbours = list;
    neighbours.push_back({{0x230, 0x240}, {}});
    neighbours.push_back({{0x250, 0x260}, {DW_OP_lit0, DW_OP_stack_value}});
    EXPECT_EQ(evaluateLocations(neighbours, context, 4).why, "optimised out");
    context.pc = 0x300;
    EXPECT_EQ(evaluateLocations(neighbours, context, 4).why,
              "optimised out here (known at 0x1f0-0x230, 0x240-0x260)");
    EXPECT_EQ(evaluateLocations({}, context, 4).why, "optimised out");
}

TEST_F(Location, ConstantVariableIsItsBytes) {
    Variable variable;
    variable.name = "limit";
    variable.type = intType;
    variable.constant = Bytes{0x10, 0, 0, 0};
    EXPECT_EQ(render(locate(variable, context), context), "16");
}

TEST_F(Location, RandomBytesNeverCostMoreThanTheirBudget) {
    uint32_t seed = 1;
    for (int i = 0; i < 20'000; i++) {
        Bytes expression;
        for (int j = 0; j < 24; j++) {
            seed = seed * 1664525 + 1013904223;
            expression.push_back(static_cast<uint8_t>(seed >> 24));
        }
        const ObjectPlace place = at(expression, seed % 100);
        EXPECT_LE(place.bytes.size(), 64u * 1024);
    }
}

}  // namespace
}  // namespace debugger::test
