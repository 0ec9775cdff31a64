#include "engine/numeric.h"

#include <gtest/gtest.h>

#include <limits>

namespace engine::numeric {
namespace {

constexpr f32 kNan32 = std::numeric_limits<f32>::quiet_NaN();
constexpr f64 kNan64 = std::numeric_limits<f64>::quiet_NaN();
u64 bits(f64 x) { return std::bit_cast<u64>(x); }
u32 bits(f32 x) { return std::bit_cast<u32>(x); }

TEST(Numeric, RoundsAsTheStandardSays) {
    struct Row {
        f64 x, ceiling, floor, truncate, nearest;
    };
    const Row rows[] = {
        {0.5, 1, 0, 0, 0},
        {-0.5, -0.0, -1, -0.0, -0.0},
        {1.5, 2, 1, 1, 2},
        {2.5, 3, 2, 2, 2},
        {-2.5, -2, -3, -2, -2},
        {-0.0, -0.0, -0.0, -0.0, -0.0},
        {4503599627370495.5, 4503599627370496, 4503599627370495, 4503599627370495, 4503599627370496},
        {1e300, 1e300, 1e300, 1e300, 1e300},
        {-1e-300, -0.0, -1, -0.0, -0.0},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(bits(F64Ceil::apply(row.x)), bits(row.ceiling)) << row.x;
        EXPECT_EQ(bits(F64Floor::apply(row.x)), bits(row.floor)) << row.x;
        EXPECT_EQ(bits(F64Trunc::apply(row.x)), bits(row.truncate)) << row.x;
        EXPECT_EQ(bits(F64Nearest::apply(row.x)), bits(row.nearest)) << row.x;
    }
    EXPECT_EQ(bits(F32Nearest::apply(8388609.5f)), bits(8388610.0f));
    EXPECT_EQ(bits(F32Floor::apply(-0.25f)), bits(-1.0f));
    const f64 signalling = std::bit_cast<f64>(u64{0x7ff0000000000001});
    for (f64 x : {F64Ceil::apply(signalling), F64Floor::apply(signalling), F64Trunc::apply(signalling),
                  F64Nearest::apply(signalling)})
        EXPECT_EQ(bits(x), 0x7ff8000000000001u);
}

TEST(Numeric, OrdersZerosAndNans) {
    EXPECT_EQ(bits(F64Min::apply(0.0, -0.0)), bits(-0.0));
    EXPECT_EQ(bits(F64Min::apply(-0.0, 0.0)), bits(-0.0));
    EXPECT_EQ(bits(F64Max::apply(0.0, -0.0)), bits(0.0));
    EXPECT_EQ(bits(F32Max::apply(-0.0f, -0.0f)), bits(-0.0f));
    EXPECT_TRUE(F64Min::apply(kNan64, 1) != F64Min::apply(kNan64, 1));
    EXPECT_TRUE(F32Max::apply(1, kNan32) != F32Max::apply(1, kNan32));
    EXPECT_EQ(bits(F32Copysign::apply(kNan32, -1)), 0xffc00000u);
    EXPECT_EQ(bits(F64Neg::apply(kNan64)), 0xfff8000000000000u);
    EXPECT_EQ(bits(F64Abs::apply(-0.0)), 0u);
}

TEST(Numeric, TruncatesWithinTheExactBounds) {
    EXPECT_EQ(I32TruncF64S::trap(2147483647.9), TrapKind::None);
    EXPECT_EQ(I32TruncF64S::trap(2147483648.0), TrapKind::IntegerOverflow);
    EXPECT_EQ(I32TruncF64S::trap(-2147483648.9), TrapKind::None);
    EXPECT_EQ(I32TruncF64S::trap(-2147483649.0), TrapKind::IntegerOverflow);
    EXPECT_EQ(I32TruncF32S::trap(-2147483648.0f), TrapKind::None);
    EXPECT_EQ(I32TruncF32S::trap(-2147483904.0f), TrapKind::IntegerOverflow);
    EXPECT_EQ(I32TruncF64U::trap(-0.99), TrapKind::None);
    EXPECT_EQ(I32TruncF64U::apply(4294967295.5), 4294967295u);
    EXPECT_EQ(I32TruncF64U::trap(4294967296.0), TrapKind::IntegerOverflow);
    EXPECT_EQ(I64TruncF64U::trap(18446744073709551616.0), TrapKind::IntegerOverflow);
    EXPECT_EQ(I64TruncF64U::apply(18446744073709549568.0), 18446744073709549568u);
    EXPECT_EQ(I64TruncF64S::trap(9223372036854775808.0), TrapKind::IntegerOverflow);
    EXPECT_EQ(I64TruncF32S::trap(-9223372036854775808.0f), TrapKind::None);
    EXPECT_EQ(I64TruncF32S::trap(kNan32), TrapKind::InvalidConversionToInteger);
    EXPECT_EQ(I32TruncSatF64S::apply(1e10), 0x7fffffffu);
    EXPECT_EQ(I32TruncSatF64S::apply(-1e10), 0x80000000u);
    EXPECT_EQ(I64TruncSatF32U::apply(-5), 0u);
    EXPECT_EQ(I64TruncSatF32U::apply(1e30f), ~u64{0});
    EXPECT_EQ(I64TruncSatF32U::apply(kNan32), 0u);
}

TEST(Numeric, DividesWithTheRightTraps) {
    EXPECT_EQ(I32DivS::trap(0x80000000, ~0u), TrapKind::IntegerOverflow);
    EXPECT_EQ(I32DivS::trap(1, 0), TrapKind::IntegerDivideByZero);
    EXPECT_EQ(I64RemS::trap(u64{1} << 63, ~u64{0}), TrapKind::None);
    EXPECT_EQ(I64RemS::apply(u64{1} << 63, ~u64{0}), 0u);
    EXPECT_EQ(I32RemS::apply(u32(-7), 2), u32(-1));
    EXPECT_EQ(I32DivS::apply(u32(-7), 2), u32(-3));
}

TEST(Numeric, MasksShiftCounts) {
    EXPECT_EQ(I32Shl::apply(1, 33), 2u);
    EXPECT_EQ(I32ShrS::apply(0x80000000, 31), ~0u);
    EXPECT_EQ(I64Rotr::apply(1, 65), u64{1} << 63);
    EXPECT_EQ(I32Rotl::apply(0x80000001, 32), 0x80000001u);
    EXPECT_EQ(I32Clz::apply(0), 32u);
    EXPECT_EQ(I64Ctz::apply(0), 64u);
}

TEST(Numeric, ConvertsWithOneRounding) {
    EXPECT_EQ(bits(F32ConvertI64U::apply(0xffffff4000000001)), bits(18446742974197923840.0f));
    EXPECT_EQ(bits(F64ConvertI64U::apply(0xfffffffffffffc01)), bits(18446744073709551616.0));
    EXPECT_EQ(bits(F32DemoteF64::apply(1.00000006)), bits(1.0000001f));
    EXPECT_EQ(bits(F32DemoteF64::apply(1.0000000596046448)), bits(1.0f)) << "half way: to even";
}

TEST(Numeric, MultipliesAndAddsWide) {
    const Pair product = multiplyWide(~u64{0}, ~u64{0}, false);
    EXPECT_EQ(product.low, 1u);
    EXPECT_EQ(product.high, ~u64{1});
    EXPECT_EQ(multiplyWide(~u64{0}, 5, true).high, ~u64{0});
    EXPECT_EQ(addWide({~u64{0}, 0}, {1, 0}).high, 1u);
    EXPECT_EQ(subtractWide({0, 0}, {1, 0}).high, ~u64{0});
}

}  // namespace
}  // namespace engine::numeric
