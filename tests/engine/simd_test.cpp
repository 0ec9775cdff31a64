#include "engine/simd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "engine/opcode.h"

namespace engine::simd {
namespace {

template <class V>
V vectorOf(std::mt19937_64& random) {
    // Lanes near the limits are as likely as any others.
    using Lane = LaneOf<V>;
    V v{};
    for (u32 i = 0; i < kLanes<V>; ++i) {
        const u64 bits = random();
        if constexpr (std::is_floating_point_v<Lane>) {
            constexpr Lane kCorners[] = {Lane(0),
                                         Lane(-0.0),
                                         Lane(0.5),
                                         Lane(-0.5),
                                         Lane(1.5),
                                         Lane(2.5),
                                         Lane(-2.5),
                                         Lane(-1),
                                         Lane(-0.9999),
                                         Lane(2147483647.0),
                                         Lane(2147483648.),
                                         Lane(-2147483648.0),
                                         Lane(-2147483649),
                                         Lane(4294967295.0),
                                         Lane(4294967296.),
                                         Lane(8388607.5),
                                         Lane(1e30),
                                         Lane(-1e30),
                                         std::numeric_limits<Lane>::infinity(),
                                         -std::numeric_limits<Lane>::infinity(),
                                         std::numeric_limits<Lane>::quiet_NaN(),
                                         std::numeric_limits<Lane>::denorm_min(),
                                         numeric::kWhole<Lane> - Lane(0.5),
                                         numeric::kWhole<Lane>};
            const Lane scaled = Lane(s32(bits >> 32)) / Lane(1 << (bits % 31));
            v[i] = bits % 3 ? kCorners[(bits >> 8) % std::size(kCorners)] : scaled;
        } else {
            const auto low = std::numeric_limits<Lane>::min(), high = std::numeric_limits<Lane>::max();
            const Lane corners[] = {low, high, Lane(low + 1), Lane(high - 1), 0, 1, Lane(-1), Lane(high / 2)};
            v[i] = bits & 1 ? Lane(bits >> 8) : corners[(bits >> 8) % 8];
        }
    }
    return v;
}
template <class T>
auto same(T x) {
    if constexpr (std::is_floating_point_v<T>)
        return std::bit_cast<numeric::BitsOf<T>>(x);
    else
        return x;
}
template <class To, class V>
To resultLane(const V& result, u32 i) {
    return as<typename VectorOf<To>::Type>(result)[i];
}

constexpr int kRounds = 2000;

/// Lane i of Operation(x, y) must be reference(x[i], y[i]); a result in another shape is seen as lanes of the reference's type.
template <class Operation, class Reference>
void checkBinary(const char* name, Reference reference) {
    using V = typename Operation::Operand;
    std::mt19937_64 random(1);
    for (int round = 0; round < kRounds; ++round) {
        const V x = vectorOf<V>(random), y = vectorOf<V>(random);
        const auto result = Operation::apply(x, y);
        for (u32 i = 0; i < kLanes<V>; ++i) {
            const auto expected = reference(x[i], y[i]);
            ASSERT_EQ(same(resultLane<std::remove_const_t<decltype(expected)>>(result, i)), same(expected))
                << name << " of " << +x[i] << " and " << +y[i];
        }
    }
}
template <class Operation, class Reference>
void checkUnary(const char* name, Reference reference) {
    using V = typename Operation::Operand;
    std::mt19937_64 random(2);
    for (int round = 0; round < kRounds; ++round) {
        const V x = vectorOf<V>(random);
        const auto result = Operation::apply(x);
        for (u32 i = 0; i < kLanes<V>; ++i) {
            const auto expected = reference(x[i]);
            ASSERT_EQ(same(resultLane<std::remove_const_t<decltype(expected)>>(result, i)), same(expected))
                << name << " of " << +x[i];
        }
    }
}
template <class Operation, class Reference>
void checkShift(const char* name, Reference reference) {
    using V = typename Operation::Operand;
    std::mt19937_64 random(3);
    for (u32 count = 0; count < 2 * kLaneBits<V> + 2; ++count) {
        const V x = vectorOf<V>(random);
        const auto result = as<V>(Operation::apply(x, count + (count % 2 << 31)));
        for (u32 i = 0; i < kLanes<V>; ++i)
            ASSERT_EQ(result[i], reference(x[i], count % kLaneBits<V>))
                << name << " of " << +x[i] << " by " << count;
    }
}
template <class Lane>
Lane clampTo(s64 x) {
    return Lane(std::clamp<s64>(x, std::numeric_limits<Lane>::min(), std::numeric_limits<Lane>::max()));
}

#define CHECK_BINARY(id, expression) checkBinary<id>(#id, [](auto x, auto y) { return expression; })
#define CHECK_UNARY(id, expression) checkUnary<id>(#id, [](auto x) { return expression; })

TEST(Simd, SaturatesAtTheLimitsOfTheLane) {
    CHECK_BINARY(I8x16AddSatS, clampTo<s8>(s64(x) + y));
    CHECK_BINARY(I8x16AddSatU, clampTo<u8>(s64(x) + y));
    CHECK_BINARY(I8x16SubSatS, clampTo<s8>(s64(x) - y));
    CHECK_BINARY(I8x16SubSatU, clampTo<u8>(s64(x) - y));
    CHECK_BINARY(I16x8AddSatS, clampTo<s16>(s64(x) + y));
    CHECK_BINARY(I16x8AddSatU, clampTo<u16>(s64(x) + y));
    CHECK_BINARY(I16x8SubSatS, clampTo<s16>(s64(x) - y));
    CHECK_BINARY(I16x8SubSatU, clampTo<u16>(s64(x) - y));
    CHECK_BINARY(I16x8Q15mulrSatS, clampTo<s16>((s64(x) * y + 0x4000) >> 15));
    CHECK_BINARY(I16x8RelaxedQ15mulrS, clampTo<s16>((s64(x) * y + 0x4000) >> 15));
}

TEST(Simd, ComputesIntegerLanes) {
    CHECK_BINARY(I8x16AvgrU, u8((u32(x) + y + 1) / 2));
    CHECK_BINARY(I16x8AvgrU, u16((u32(x) + y + 1) / 2));
    CHECK_BINARY(I32x4Mul, u32(u64(x) * y));
    CHECK_BINARY(I64x2Mul, x * y);
    CHECK_BINARY(I8x16MinS, std::min(x, y));
    CHECK_BINARY(I16x8MaxU, std::max(x, y));
    CHECK_BINARY(I32x4MinU, std::min(x, y));
    CHECK_BINARY(I32x4MaxS, std::max(x, y));
    CHECK_BINARY(I32x4GtU, x > y ? ~0u : 0u);
    CHECK_BINARY(I64x2GeS, x >= y ? ~u64{0} : u64{0});
    CHECK_UNARY(I8x16Abs, s8(x < 0 ? -x : x));
    CHECK_UNARY(I64x2Abs, x < 0 ? 0 - u64(x) : u64(x));
    CHECK_UNARY(I8x16Popcnt, u8(std::popcount(x)));
}

TEST(Simd, ShiftsByTheCountModuloTheWidth) {
    const auto left = [](auto x, u32 n) { return decltype(x)(u64(x) << n); };
    const auto right = [](auto x, u32 n) { return decltype(x)(x >> n); };
    checkShift<I8x16Shl>("I8x16Shl", left);
    checkShift<I8x16ShrS>("I8x16ShrS", right);
    checkShift<I8x16ShrU>("I8x16ShrU", right);
    checkShift<I16x8Shl>("I16x8Shl", left);
    checkShift<I16x8ShrS>("I16x8ShrS", right);
    checkShift<I16x8ShrU>("I16x8ShrU", right);
    checkShift<I32x4ShrS>("I32x4ShrS", right);
    checkShift<I64x2Shl>("I64x2Shl", left);
    checkShift<I64x2ShrS>("I64x2ShrS", right);
    checkShift<I64x2ShrU>("I64x2ShrU", right);
}

/// The float instructions lane by lane are the scalar ones, bit for bit.
TEST(Simd, FloatsAreAsTheScalarInstructionsSay) {
#define LIKE_SCALAR(vector, scalar, name) CHECK_UNARY(vector##name, numeric::scalar##name::apply(x))
#define LIKE_SCALARS(name)         \
    LIKE_SCALAR(F32x4, F32, name); \
    LIKE_SCALAR(F64x2, F64, name)
    LIKE_SCALARS(Abs);
    LIKE_SCALARS(Neg);
    LIKE_SCALARS(Ceil);
    LIKE_SCALARS(Floor);
    LIKE_SCALARS(Trunc);
    LIKE_SCALARS(Nearest);
    LIKE_SCALARS(Sqrt);
    CHECK_BINARY(F32x4Min, numeric::F32Min::apply(x, y));
    CHECK_BINARY(F32x4Max, numeric::F32Max::apply(x, y));
    CHECK_BINARY(F64x2Min, numeric::F64Min::apply(x, y));
    CHECK_BINARY(F64x2Max, numeric::F64Max::apply(x, y));
    CHECK_BINARY(F32x4Pmin, y < x ? y : x);
    CHECK_BINARY(F64x2Pmax, x < y ? y : x);
    CHECK_UNARY(I32x4TruncSatF32x4S, numeric::saturate<s32>(x));
    CHECK_UNARY(I32x4TruncSatF32x4U, numeric::saturate<u32>(x));
    CHECK_UNARY(I32x4TruncSatF64x2SZero, numeric::saturate<s32>(x));
    CHECK_UNARY(I32x4TruncSatF64x2UZero, numeric::saturate<u32>(x));
    CHECK_UNARY(F32x4ConvertI32x4S, f32(x));
    CHECK_UNARY(F32x4ConvertI32x4U, f32(x));
}

TEST(Simd, RoundingMakesNansQuietAndKeepsTheirPayload) {
    const auto signalling = as<f32x4>(u32x4{0x7f800001, 0xffa00000, 0x7fc12345, 0});
    for (const f32x4 x : {F32x4Nearest::apply(signalling), F32x4Ceil::apply(signalling),
                          F32x4Floor::apply(signalling), F32x4Trunc::apply(signalling)}) {
        const auto bits = as<u32x4>(x);
        EXPECT_EQ(bits[0], 0x7fc00001u);
        EXPECT_EQ(bits[1], 0xffe00000u);
        EXPECT_EQ(bits[2], 0x7fc12345u);
        EXPECT_EQ(bits[3], 0u);
    }
}

TEST(Simd, PseudoMinimumKeepsTheFirstOperandUnlessTheSecondIsLess) {
    const f32 nan = std::bit_cast<f32>(0x7fa00001u);
    const f32x4 x{nan, 1, 0.0F, -0.0F}, y{1, nan, -0.0F, 0.0F};
    EXPECT_FALSE(anyTrue(as<u64x2>(F32x4Pmin::apply(x, y)) ^ as<u64x2>(x)));
    EXPECT_FALSE(anyTrue(as<u64x2>(F32x4Pmax::apply(x, y)) ^ as<u64x2>(x)));
}

TEST(Simd, TestsAndGathersAllLanes) {
    std::mt19937_64 random(4);
    for (int round = 0; round < kRounds; ++round) {
        const auto x = vectorOf<u8x16>(random);
        u32 mask8 = 0, mask16 = 0, mask32 = 0;
        for (u32 i = 0; i < 16; ++i)
            mask8 |= u32(x[i] >> 7) << i;
        for (u32 i = 0; i < 8; ++i)
            mask16 |= u32(as<u16x8>(x)[i] >> 15) << i;
        for (u32 i = 0; i < 4; ++i)
            mask32 |= u32(as<u32x4>(x)[i] >> 31) << i;
        ASSERT_EQ(I8x16Bitmask::apply(x), mask8);
        ASSERT_EQ(I16x8Bitmask::apply(as<u16x8>(x)), mask16);
        ASSERT_EQ(I32x4Bitmask::apply(as<u32x4>(x)), mask32);
        ASSERT_EQ(I64x2Bitmask::apply(as<u64x2>(x)), u32(x[7] >> 7) + u32(x[15] >> 7) * 2);
    }
    EXPECT_EQ(V128AnyTrue::apply(u64x2{0, 1}), 1u);
    EXPECT_EQ(V128AnyTrue::apply(u64x2{0, 0}), 0u);
    EXPECT_EQ(I16x8AllTrue::apply(splat<u16x8>(0x100)), 1u);
    EXPECT_EQ(I8x16AllTrue::apply(as<u8x16>(splat<u16x8>(0x100))), 0u);
    EXPECT_EQ(I64x2AllTrue::apply(u64x2{1, 0}), 0u);
}

/// Reference in 64 bits for what reads lanes of half the width: pairs (2i, 2i + 1), or lane i of the lower or upper half.
template <class V, class W>
void checkWidening() {
    std::mt19937_64 random(5);
    constexpr u32 kHalf = kLanes<W>;
    using To = LaneOf<W>;
    for (int round = 0; round < kRounds; ++round) {
        const V x = vectorOf<V>(random), y = vectorOf<V>(random);
        for (u32 i = 0; i < kHalf; ++i) {
            ASSERT_EQ(extendLow(x)[i], To(x[i]));
            ASSERT_EQ(extendHigh(x)[i], To(x[i + kHalf]));
            ASSERT_EQ(extendEven(x)[i], To(x[2 * i]));
            ASSERT_EQ(extendOdd(x)[i], To(x[2 * i + 1]));
            ASSERT_EQ(addPairwise(x)[i], To(u64(x[2 * i]) + u64(x[2 * i + 1])));
            ASSERT_EQ(multiply(extendLow(x), extendLow(y))[i], To(u64(x[i]) * u64(y[i])));
            ASSERT_EQ(multiply(extendHigh(x), extendHigh(y))[i], To(u64(x[i + kHalf]) * u64(y[i + kHalf])));
        }
    }
}
TEST(Simd, WidensLanes) {
    checkWidening<s8x16, s16x8>();
    checkWidening<u8x16, u16x8>();
    checkWidening<s16x8, s32x4>();
    checkWidening<u16x8, u32x4>();
    checkWidening<s32x4, s64x2>();
    checkWidening<u32x4, u64x2>();
}

TEST(Simd, NarrowsSignedLanesOfBothOperands) {
    std::mt19937_64 random(6);
    for (int round = 0; round < kRounds; ++round) {
        const auto x = vectorOf<s16x8>(random), y = vectorOf<s16x8>(random);
        const auto a = vectorOf<s32x4>(random), b = vectorOf<s32x4>(random);
        for (u32 i = 0; i < 16; ++i) {
            const s16 from = i < 8 ? x[i] : y[i - 8];
            ASSERT_EQ(I8x16NarrowI16x8S::apply(x, y)[i], clampTo<s8>(from));
            ASSERT_EQ(I8x16NarrowI16x8U::apply(x, y)[i], clampTo<u8>(from));
        }
        for (u32 i = 0; i < 8; ++i) {
            const s32 from = i < 4 ? a[i] : b[i - 4];
            ASSERT_EQ(I16x8NarrowI32x4S::apply(a, b)[i], clampTo<s16>(from));
            ASSERT_EQ(I16x8NarrowI32x4U::apply(a, b)[i], clampTo<u16>(from));
        }
    }
}

TEST(Simd, DotProductsWrapAndTheRelaxedOneSaturates) {
    const auto low16 = splat<s16x8>(-32768);
    EXPECT_EQ(I32x4DotI16x8S::apply(low16, low16)[3], std::numeric_limits<s32>::min());
    const auto low8 = splat<s8x16>(-128);
    EXPECT_EQ(I16x8RelaxedDotI8x16I7x16S::apply(low8, low8)[0], 32767);
    EXPECT_EQ(I32x4RelaxedDotI8x16I7x16AddS::apply(low8, low8, as<s8x16>(splat<s32x4>(-1)))[0], 65533u);
    std::mt19937_64 random(7);
    for (int round = 0; round < kRounds; ++round) {
        const auto x = vectorOf<s16x8>(random), y = vectorOf<s16x8>(random);
        const auto a = vectorOf<s8x16>(random), b = vectorOf<s8x16>(random);
        for (u32 i = 0; i < 4; ++i)
            ASSERT_EQ(I32x4DotI16x8S::apply(x, y)[i],
                      s32(s64(x[2 * i]) * y[2 * i] + s64(x[2 * i + 1]) * y[2 * i + 1]));
        for (u32 i = 0; i < 8; ++i)
            ASSERT_EQ(I16x8RelaxedDotI8x16I7x16S::apply(a, b)[i],
                      clampTo<s16>(s64(a[2 * i]) * b[2 * i] + s64(a[2 * i + 1]) * b[2 * i + 1]));
    }
}

TEST(Simd, RelaxedInstructionsFollowTheDeterministicProfile) {
    // Rounded twice: fused, the first would be 2^-37 and the second finite.
    const f32x4 x{0x1.000004p+0F, 0x1.fffffep+127F, 2, 3}, y{0x1.0002p+0F, 2, 4, 5};
    const f32x4 z{-0x1.000204p+0F, -0x1.fffffep+127F, 1, 1};
    EXPECT_EQ(F32x4RelaxedMadd::apply(x, y, z)[0], 0.0F);
    EXPECT_EQ(F32x4RelaxedMadd::apply(x, y, z)[1], std::numeric_limits<f32>::infinity());
    EXPECT_EQ(F32x4RelaxedNmadd::apply(x, y, z)[2], -7.0F);
    EXPECT_EQ(I8x16RelaxedSwizzle::apply(splat<u8x16>(7), splat<u8x16>(16))[0], 0);
    EXPECT_EQ(I32x4RelaxedTruncF32x4U::apply(splat<f32x4>(-1))[0], 0u);
    EXPECT_EQ(I32x4RelaxedTruncF32x4S::apply(splat<f32x4>(3e9F))[0], 0x7fffffff);
    EXPECT_EQ(I8x16RelaxedLaneselect::apply(u64x2{0xff, 0}, u64x2{0, 0}, u64x2{0x81, 0})[0], 0x81u);
}

/// Every vector instruction of opcodes.def has its row, and what it moves is as wide as the validator believes.
TEST(Simd, RowsAreComplete) {
    std::vector<int> rows(kOpCount);
    const auto add = [&](Op op) { ++rows[static_cast<size_t>(op)]; };
    const auto addLane = [&](Op op, size_t bytes) {
        add(op);
        EXPECT_EQ(laneCount(op), 16 / bytes) << row(op).text;
    };
    const auto addAccess = [&](Op op, size_t bytes) {
        add(op);
        EXPECT_EQ(accessBytes(op), bytes) << row(op).text;
    };
#define UNARY(id, ...) add(Op::id);
#define BINARY(id, ...) add(Op::id);
#define TERNARY(id, ...) add(Op::id);
#define SHIFT(id, ...) add(Op::id);
#define EXTRACT_LANE(id, ...) addLane(Op::id, sizeof(simd::id::Lane));
#define REPLACE_LANE(id, ...) addLane(Op::id, sizeof(simd::id::Lane));
#define LOAD(id, ...) addAccess(Op::id, sizeof(simd::id::Memory));
#define STORE(id, ...) addAccess(Op::id, sizeof(simd::id::Memory));
#define LOAD_LANE(id, ...) addAccess(Op::id, sizeof(simd::id::Lane));
#define STORE_LANE(id, ...) addAccess(Op::id, sizeof(simd::id::Lane));
#include "engine/simd.def"
    add(Op::V128Const);
    add(Op::I8x16Shuffle);
    for (const OpRow& r : kOpRows) {
        const bool isVector = r.feature == Feature::Simd || r.feature == Feature::RelaxedSimd;
        EXPECT_EQ(rows[static_cast<size_t>(&r - kOpRows.data())], isVector ? 1 : 0) << r.text;
    }
}

}  // namespace
}  // namespace engine::simd
