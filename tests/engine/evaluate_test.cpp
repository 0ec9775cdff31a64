#include "engine/evaluate.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace engine {
namespace {

Evaluated of(Op op, std::initializer_list<Value> operands) {
    const auto found = evaluate(op, std::span(operands.begin(), operands.size()));
    EXPECT_TRUE(found) << row(op).id;
    return found.value_or(Evaluated{TrapKind::Host, {}});
}

TEST(Evaluate, ComputesWhatTheInstructionWouldLeave) {
    EXPECT_EQ(of(Op::I32Add, {Value::i32(0xffffffff), Value::i32(3)}).result, Value::i32(2));
    EXPECT_EQ(of(Op::I64Eqz, {Value::i64(0)}).result, Value::i32(1));
    EXPECT_EQ(of(Op::F64Lt, {Value::f64(1), Value::f64(2)}).result, Value::i32(1));
    EXPECT_EQ(of(Op::F32Sqrt, {Value::f32(9)}).result, Value::f32(3));
    EXPECT_EQ(of(Op::F32ReinterpretI32, {Value::i32(0x3f800000)}).result, Value::f32(1));
    EXPECT_EQ(of(Op::I64ExtendI32S, {Value::i32(0x80000000)}).result, Value::i64(0xffffffff80000000));
}

TEST(Evaluate, SaysWhichTrapWouldFollow) {
    EXPECT_EQ(of(Op::I32DivS, {Value::i32(7), Value::i32(0)}).trap, TrapKind::IntegerDivideByZero);
    EXPECT_EQ(of(Op::I64DivS, {Value::i64(uint64_t{1} << 63), Value::i64(~uint64_t{0})}).trap,
              TrapKind::IntegerOverflow);
    EXPECT_EQ(of(Op::I32RemS, {Value::i32(0x80000000), Value::i32(0xffffffff)}).result, Value::i32(0));
    EXPECT_EQ(of(Op::I32TruncF64U, {Value::f64(std::nan(""))}).trap, TrapKind::InvalidConversionToInteger);
}

TEST(Evaluate, LeavesOtherInstructionsAlone) {
    EXPECT_FALSE(evaluate(Op::Call, {}));
    EXPECT_FALSE(evaluate(Op::I32Add, {}));  // operands are missing
    EXPECT_FALSE(evaluate(Op::MemoryGrow, std::array{Value::i32(1)}));
}

TEST(Evaluate, LoadsExtendAsTheirNamesSay) {
    const std::array<uint8_t, 8> bytes{0xff, 0x80, 0, 0, 0, 0, 0xf0, 0x3f};
    EXPECT_EQ(evaluateLoad(Op::I32Load8S, bytes), Value::i32(0xffffffff));
    EXPECT_EQ(evaluateLoad(Op::I64Load16U, bytes), Value::i64(0x80ff));
    EXPECT_EQ(evaluateLoad(Op::F64Load, bytes)->type, kF64);
    EXPECT_FALSE(evaluateLoad(Op::I64Load, std::span(bytes).first(7)));
    EXPECT_FALSE(evaluateLoad(Op::V128Load, bytes));
}

}  // namespace
}  // namespace engine
