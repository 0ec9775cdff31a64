// Vectors in all their shapes.
#include <gtest/gtest.h>

#include "debugger/symbols/lanes.h"
#include "debugger/symbols/value_wasm.h"
#include "tests/debugger/value_fakes.h"

namespace debugger::test {
namespace {

const engine::Value kVector{engine::kV128, 0x4000'0000'3f80'0000, 0xff80'0000'c060'0000};

TEST(Lanes, OfAVectorInEachShape) {
    std::vector<std::string> texts;
    for (const Lanes& lanes : lanesOf(kVector))
        texts.push_back(lanes.text());
    EXPECT_EQ(
        texts,
        (std::vector<std::string>{
            "i8x16 0 0 -128 63 0 0 0 64 0 0 96 -64 0 0 -128 -1",
            "u8x16 0 0 128 63 0 0 0 64 0 0 96 192 0 0 128 255", "i16x8 0 16256 0 16384 0 -16288 0 -128",
            "u16x8 0 16256 0 16384 0 49248 0 65408", "i32x4 1065353216 1073741824 -1067450368 -8388608",
            "u32x4 1065353216 1073741824 3227516928 4286578688",
            "i64x2 4611686019492741120 -36028793791447040", "u64x2 4611686019492741120 18410715279918104576",
            "f32x4 1 2 -3.5 -inf", "f64x2 2.000000473111868 -1.4044487681124944e+306"}));
    EXPECT_TRUE(lanesOf(engine::Value::i32(1)).empty());
}

TEST(Lanes, TheShapeIsThatOfTheInstruction) {
    const auto shapes = [](std::string_view instruction) {
        const LaneShapes found = shapesOf(instruction);
        return found.operands + " -> " + found.result;
    };
    EXPECT_EQ(shapes("f32x4.mul"), "f32x4 -> f32x4");
    EXPECT_EQ(shapes("i16x8.lt_u"), "u16x8 -> u16x8");
    EXPECT_EQ(shapes("i8x16.extract_lane_s 3"), "i8x16 -> i8x16");
    EXPECT_EQ(shapes("i32x4.trunc_sat_f32x4_u"), "f32x4 -> u32x4");
    EXPECT_EQ(shapes("i16x8.extend_low_i8x16_u"), "u8x16 -> u16x8");
    EXPECT_EQ(shapes("i8x16.narrow_i16x8_u"), "i16x8 -> u8x16") << "it takes signed lanes";
    EXPECT_EQ(shapes("f64x2.convert_low_i32x4_s"), "i32x4 -> f64x2");
    EXPECT_EQ(shapes("v128.and"), " -> ");
    EXPECT_EQ(shapes("call $f32x4"), " -> ");
}

class Vectors : public testing::Test {
protected:
    Vectors() { context.locals = {kVector}; }
    std::string show(const std::string& text) {
        auto value = evaluate(text, context);
        return value ? render(*value, context) : "error: " + value.error().message;
    }
    std::string set(const std::string& left, const std::string& right) {
        auto value = evaluateAssignment(left, right, context);
        return value ? render(*value, context) : "error: " + value.error().message;
    }
    FakeContext context{nullptr};
};

TEST_F(Vectors, HaveTheirShapesAsMembers) {
    EXPECT_EQ(show("$local0"), "0xff800000c0600000400000003f800000");
    EXPECT_EQ(show("$local0.f32x4"), "{1, 2, -3.5, -inf}");
    EXPECT_EQ(show("$local0.u8x16[15] + 1"), "256");
    EXPECT_EQ(show("$local0.i16x8[7]"), "-128");
    EXPECT_EQ(show("$local0.i32x4,x"), "{0x3f800000, 0x40000000, 0xc0600000, 0xff800000}");
    EXPECT_EQ(show("$local0.i16x8[8]"), "error: column 14: index 8 is outside `i16x8`");
    EXPECT_EQ(show("$local0.f16x8"), "error: column 9: `v128` has no member `f16x8`; did you mean `i16x8`?");
    const SourceValue vector = *evaluate("$local0", context);
    EXPECT_EQ(childCount(vector, context), 10u);
    for (const SourceValue& shape : children(vector, context, 0, 10)) {
        EXPECT_EQ(shape.path, "$local0." + shape.name);
        EXPECT_EQ(typeName(shape, context), shape.name);
        EXPECT_EQ(childCount(shape, context), std::stoul(shape.name.substr(shape.name.find('x') + 1)));
        EXPECT_EQ(show(shape.path), render(shape, context));
    }
}

TEST_F(Vectors, InMemory) {
    context.put<uint64_t>(0x100, 0x0002'0001);
    EXPECT_EQ(show("(*(v128 *)0x100).u16x8"), "{1, 2, 0, 0, 0, 0, 0, 0}");
}

TEST_F(Vectors, AreSetLaneByLaneOrAsAWhole) {
    EXPECT_EQ(set("$local0.f32x4[2]", "0.25"), "0.25");
    EXPECT_EQ(show("$local0.f32x4"), "{1, 2, 0.25, -inf}");
    EXPECT_EQ(set("$local0.i8x16[0]", "300"), "error: 300 does not fit in `i8` (-128 to 127)");
    EXPECT_EQ(set("$local0", "i16x8 1, -2 3 4 5 6 7 0x8000"),
              "0x80000007000600050004"
              "0003fffe0001");
    EXPECT_EQ(set("$local0", "f64x2 1.5 -inf"), "0xfff00000000000003ff8000000000000");
    EXPECT_EQ(set("$local0", "f32x4 1 2 3"), "error: there are 3 values, f32x4 has 4 lanes");
    EXPECT_EQ(set("$local0", "u8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 256"),
              "error: 256 does not fit in `u8` (0 to 255)");
    EXPECT_EQ(show("$local0.f64x2"), "{1.5, -inf}") << "what is refused changes nothing";
    EXPECT_EQ(set("$local0", "0x0123456789abcdef0011223344556677"), "0x0123456789abcdef0011223344556677");
    EXPECT_EQ(set("$local0", "7"), "0x00000000000000000000000000000007");
}

}  // namespace
}  // namespace debugger::test
