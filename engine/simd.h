// The vector instructions as pure functions (standard, sections 4.3.6 to 4.3.8), one type per row of simd.def with `apply`. Written over
// the compiler's vector types, so they are single instructions where the target has them and right where it has not. Nothing overflows a
// signed lane or converts what does not fit. NaNs are as in numeric.h; relaxed instructions follow the deterministic profile.
#pragma once

#include <bit>
#include <cstring>
#include <utility>

#include "engine/numeric.h"

namespace engine::simd {

static_assert(std::endian::native == std::endian::little,
              "lane 0 is at the lowest address, in its lowest byte");

using numeric::f32, numeric::f64, numeric::s32, numeric::s64, numeric::u32, numeric::u64;
using u8 = uint8_t;
using u16 = uint16_t;
using s8 = int8_t;
using s16 = int16_t;

template <class Lane>
struct VectorOf {
    using Type [[gnu::vector_size(16)]] = Lane;
};
using u8x16 = VectorOf<u8>::Type;
using u16x8 = VectorOf<u16>::Type;
using u32x4 = VectorOf<u32>::Type;
using u64x2 = VectorOf<u64>::Type;
using s8x16 = VectorOf<s8>::Type;
using s16x8 = VectorOf<s16>::Type;
using s32x4 = VectorOf<s32>::Type;
using s64x2 = VectorOf<s64>::Type;
using f32x4 = VectorOf<f32>::Type;
using f64x2 = VectorOf<f64>::Type;

// Shapes related to a shape.
template <class V>
using LaneOf = std::remove_cvref_t<decltype(std::declval<V&>()[0])>;
template <class V>
inline constexpr u32 kLanes = 16 / sizeof(LaneOf<V>);
template <class V>
inline constexpr u32 kLaneBits = 8 * sizeof(LaneOf<V>);
template <class V>
inline constexpr bool kIsSigned = std::is_signed_v<LaneOf<V>>;

template <size_t bytes>
using UnsignedOfSize =
    std::conditional_t<bytes == 1, u8,
                       std::conditional_t<bytes == 2, u16, std::conditional_t<bytes == 4, u32, u64>>>;
template <class Lane, size_t bytes>
using Resized = std::conditional_t<std::is_signed_v<Lane>, std::make_signed_t<UnsignedOfSize<bytes>>,
                                   UnsignedOfSize<bytes>>;
/// The same lanes as unsigned integers.
template <class V>
using Bits = typename VectorOf<UnsignedOfSize<sizeof(LaneOf<V>)>>::Type;
/// Half as many lanes of twice the width; integers only.
template <class V>
using Wide = typename VectorOf<Resized<LaneOf<V>, 2 * sizeof(LaneOf<V>)>>::Type;

/// The same 16 bytes in another shape.
template <class To, class From>
inline To as(From x) {
    static_assert(sizeof(To) == 16 && sizeof(From) == 16);
    return std::bit_cast<To>(x);
}
template <class V>
using LaneNumbers = std::make_index_sequence<kLanes<V>>;
template <class V, size_t... i>
inline V splat(LaneOf<V> x, std::index_sequence<i...>) {
    return V{(static_cast<void>(i), x)...};
}
template <class V>
inline V splat(LaneOf<V> x) {
    return splat<V>(x, LaneNumbers<V>());
}
/// x where the bits of `mask` are set, y elsewhere.
template <class V, class Mask>
inline V select(Mask mask, V x, V y) {
    const auto bits = as<u64x2>(mask);
    return as<V>((as<u64x2>(x) & bits) | (as<u64x2>(y) & ~bits));
}

// Bits and tests

template <class V>
inline u32 anyTrue(V x) {
    const auto halves = as<u64x2>(x);
    return (halves[0] | halves[1]) != 0;
}
template <class V>
inline u32 allTrue(V x) {
    return !anyTrue(x == V{});
}
/// The highest bit of each lane.
template <class V>
inline u32 bitmask(V x) {
    constexpr u32 kInHalf = kLanes<V> / 2, kWidth = kLaneBits<V>;
    // Moves bit (k + 1) * width - 1 to 64 - kInHalf + k: a product whose partial products do not meet.
    constexpr u64 kMagic = [] {
        u64 magic = 0;
        for (u32 k = 0; k < kInHalf; ++k)
            magic |= u64{1} << (64 - kInHalf - k * (kWidth - 1));
        return magic;
    }();
    constexpr u64 kOnes = ~u64{0} / (kWidth == 64 ? ~u64{0} : (u64{1} << (kWidth % 64)) - 1);
    const auto halves = as<u64x2>(x);
    const auto gather = [](u64 half) {
        return u32(((half >> (kWidth - 1)) & kOnes) * kMagic >> (64 - kInHalf));
    };
    return gather(halves[0]) | gather(halves[1]) << kInHalf;
}
inline u8x16 bitCount(u8x16 x) {
    auto v = as<u64x2>(x);
    v -= (v >> 1) & 0x5555555555555555;
    v = (v & 0x3333333333333333) + ((v >> 2) & 0x3333333333333333);
    return as<u8x16>((v + (v >> 4)) & 0x0f0f0f0f0f0f0f0f);
}
/// Lanes of x by the indices in y; 0 for an index that is too large.
inline u8x16 swizzle(u8x16 x, u8x16 y) {
    u8x16 result{};
    for (u32 i = 0; i < 16; ++i)
        result[i] = x[y[i] & 15];
    return result & (y < splat<u8x16>(16));
}
/// Lanes 0 to 15 are those of x, 16 to 31 those of y.
inline u8x16 shuffle(u8x16 x, u8x16 y, u8x16 lanes) {
    return swizzle(x, lanes) | swizzle(y, lanes - splat<u8x16>(16));
}

// Integers

template <class V>
requires std::is_integral_v<LaneOf<V>>
inline V absolute(V x) {
    const auto negative = as<Bits<V>>(x < V{});
    return as<V>((as<Bits<V>>(x) ^ negative) - negative);
}
template <class V>
inline V average(V x, V y) {  // rounded up; unsigned
    return (x | y) - ((x ^ y) >> splat<V>(1));
}
/// Counts are taken modulo the width of a lane.
template <class V>
inline V shiftLeft(V x, u32 count) {
    count %= kLaneBits<V>;
    if constexpr (kLaneBits<V> == 8)
        return as<V>((as<u16x8>(x) << splat<u16x8>(u16(count))) & as<u16x8>(splat<u8x16>(u8(0xff << count))));
    else
        return x << splat<V>(LaneOf<V>(count));
}
template <class V>
inline V shiftRight(V x, u32 count) {
    using U = Bits<V>;
    using Unsigned = LaneOf<U>;
    count %= kLaneBits<V>;
    if constexpr (kIsSigned<V> && (kLaneBits<V> == 8 || kLaneBits<V> == 64)) {
        // Without such instructions: unsigned, then the sign is spread from where it went.
        const U sign = splat<U>(Unsigned(Unsigned(Unsigned{1} << (kLaneBits<V> - 1)) >> count));
        return as<V>((shiftRight(as<U>(x), count) ^ sign) - sign);
    } else if constexpr (kLaneBits<V> == 8) {
        return as<V>((as<u16x8>(x) >> splat<u16x8>(u16(count))) & as<u16x8>(splat<u8x16>(u8(0xff >> count))));
    } else {
        return x >> splat<V>(LaneOf<V>(count));
    }
}
/// The limit that a saturating operation reaches whose first operand is x.
template <class V>
inline Bits<V> limitOf(V x) {
    return as<Bits<V>>(x < V{}) ^ splat<Bits<V>>(LaneOf<Bits<V>>(std::numeric_limits<LaneOf<V>>::max()));
}
template <class V>
inline V addSaturated(V x, V y) {
    const auto a = as<Bits<V>>(x), b = as<Bits<V>>(y), sum = a + b;
    if constexpr (!kIsSigned<V>)
        return sum | as<V>(sum < a);
    else
        return as<V>(select(as<V>((a ^ sum) & (b ^ sum)) < V{}, limitOf(x), sum));
}
template <class V>
inline V subtractSaturated(V x, V y) {
    const auto a = as<Bits<V>>(x), b = as<Bits<V>>(y), difference = a - b;
    if constexpr (!kIsSigned<V>)
        return difference & as<V>(a >= b);
    else
        return as<V>(select(as<V>((a ^ b) & (a ^ difference)) < V{}, limitOf(x), difference));
}
/// Of equal widths, modulo 2^width.
template <class V>
inline V multiply(V x, V y) {
    return as<V>(as<Bits<V>>(x) * as<Bits<V>>(y));
}

// Integers of two widths

/// Lanes of x and y in turn, from lane `first` on.
template <u32 first, class V, size_t... i>
inline V interleave(V x, V y, std::index_sequence<i...>) {
    return V(__builtin_shufflevector(x, y, (first + i / 2 + i % 2 * sizeof...(i))...));
}
/// The even lanes of x, then those of y.
template <class V, size_t... i>
inline V evenLanes(V x, V y, std::index_sequence<i...>) {
    return V(__builtin_shufflevector(x, y, (2 * i)...));
}
template <class V>
inline V signs(V x) {
    if constexpr (kIsSigned<V>)
        return as<V>(x < V{});
    else
        return V{};
}
template <class V>
inline Wide<V> extendLow(V x) {
    return as<Wide<V>>(interleave<0>(x, signs(x), LaneNumbers<V>()));
}
template <class V>
inline Wide<V> extendHigh(V x) {
    return as<Wide<V>>(interleave<kLanes<V> / 2>(x, signs(x), LaneNumbers<V>()));
}
/// The lanes with even numbers, and those with odd ones.
template <class V>
inline Wide<V> extendEven(V x) {
    using U = Bits<Wide<V>>;
    const auto bits = LaneOf<U>(kLaneBits<V>);
    return as<Wide<V>>(as<U>(x) << splat<U>(bits)) >> splat<Wide<V>>(LaneOf<Wide<V>>(bits));
}
template <class V>
inline Wide<V> extendOdd(V x) {
    return as<Wide<V>>(x) >> splat<Wide<V>>(LaneOf<Wide<V>>(kLaneBits<V>));
}
template <class V>
inline Wide<V> addPairwise(V x) {
    using U = Bits<Wide<V>>;
    return as<Wide<V>>(as<U>(extendEven(x)) + as<U>(extendOdd(x)));
}
/// Signed lanes of x, then of y, as lanes of To (half as wide), saturated.
template <class To, class V>
inline To narrow(V x, V y) {
    const V low = splat<V>(std::numeric_limits<LaneOf<To>>::min()),
            high = splat<V>(std::numeric_limits<LaneOf<To>>::max());
    const auto clamp = [&](V v) {
        const V bounded = v < low ? low : v;
        return as<To>(bounded > high ? high : bounded);
    };
    return evenLanes(clamp(x), clamp(y), LaneNumbers<To>());
}
inline s32x4 dot(s16x8 x, s16x8 y) {
#if defined(__SSE2__)
    return as<s32x4>(_mm_madd_epi16(as<__m128i>(x), as<__m128i>(y)));
#else
    return as<s32x4>(as<u32x4>(multiply(extendEven(x), extendEven(y))) +
                     as<u32x4>(multiply(extendOdd(x), extendOdd(y))));
#endif
}
inline s16x8 dotSaturated(s8x16 x, s8x16 y) {
    return addSaturated(multiply(extendEven(x), extendEven(y)), multiply(extendOdd(x), extendOdd(y)));
}
inline s16x8 multiplyQ15(s16x8 x, s16x8 y) {
    const auto rounded = [](s32x4 a, s32x4 b) {
        return (multiply(a, b) + splat<s32x4>(1 << 14)) >> splat<s32x4>(15);
    };
    return narrow<s16x8>(rounded(extendLow(x), extendLow(y)), rounded(extendHigh(x), extendHigh(y)));
}

// Floats

template <class V>
requires std::is_floating_point_v<LaneOf<V>>
inline V absolute(V x) {
    return as<V>(as<Bits<V>>(x) & splat<Bits<V>>(LaneOf<Bits<V>>(~numeric::kSignBit<LaneOf<V>>)));
}
template <class V>
inline V negate(V x) {
    return as<V>(as<Bits<V>>(x) ^ splat<Bits<V>>(numeric::kSignBit<LaneOf<V>>));
}
template <class V>
inline V squareRoot(V x) {
#if defined(__SSE2__)
    if constexpr (kLanes<V> == 4)
        return as<V>(_mm_sqrt_ps(as<__m128>(x)));
    else
        return as<V>(_mm_sqrt_pd(as<__m128d>(x)));
#else
    for (u32 i = 0; i < kLanes<V>; ++i)
        x[i] = numeric::squareRoot(x[i]);
    return x;
#endif
}
/// NaNs with their quiet bit, the rest as it is. A multiplication by 1 would be left out by the compiler.
template <class V>
inline V quiet(V x) {
    using F = LaneOf<V>;
    constexpr auto kQuiet = LaneOf<Bits<V>>(1) << (sizeof(F) == 4 ? 22 : 51);
    return as<V>(as<Bits<V>>(x) | (as<Bits<V>>(x != x) & splat<Bits<V>>(kQuiet)));
}
/// Of equal values, which differ in the sign of zero at most, `equal` says what; the first NaN among the operands makes a
/// quiet one, as an addition would on x86, did compilers not exchange its operands.
template <class V, class Mask>
inline V extremum(Mask first, Mask second, Bits<V> equal, V x, V y) {
    const V unequal = select(first, x, select(second, y, quiet(select(x != x, x, y))));
    return select(x == y, as<V>(equal), unequal);
}
template <class V>
inline V minimum(V x, V y) {
    return extremum(x < y, y < x, as<Bits<V>>(x) | as<Bits<V>>(y), x, y);
}
template <class V>
inline V maximum(V x, V y) {
    return extremum(y < x, x < y, as<Bits<V>>(x) & as<Bits<V>>(y), x, y);
}
template <class V>
inline V multiplyAdd(V x, V y, V z) {
    const V product = x * y;  // rounded: the engine is compiled with -ffp-contract=off
    return product + z;
}

/// Rounds what has a fraction by `round`, which gets magnitudes rounded to nearest with their sign, and keeps that sign.
template <class V, class Round>
inline V roundLanes(V x, Round round) {
    using F = LaneOf<V>;
    const V whole = splat<V>(numeric::kWhole<F>), magnitude = absolute(x);
    const Bits<V> sign = as<Bits<V>>(x) ^ as<Bits<V>>(magnitude);
    const V near = as<V>(as<Bits<V>>(V((magnitude + whole) - whole)) | sign);
    const V rounded = as<V>(as<Bits<V>>(absolute(round(near))) | sign);
    return select(magnitude < whole, rounded, quiet(x));
}
template <class V>
inline V nearest(V x) {
    return roundLanes(x, [](V near) { return near; });
}
template <class V>
inline V ceiling(V x) {
    const V one = splat<V>(LaneOf<V>(1));
    return roundLanes(x, [&](V near) { return near + select(near < x, one, V{}); });
}
template <class V>
inline V floor(V x) {
    const V one = splat<V>(LaneOf<V>(1));
    return roundLanes(x, [&](V near) { return near - select(near > x, one, V{}); });
}
template <class V>
inline V truncate(V x) {
    const V one = splat<V>(LaneOf<V>(1)), magnitude = absolute(x);
    return roundLanes(x,
                      [&](V near) { return absolute(near) - select(absolute(near) > magnitude, one, V{}); });
}

// Conversions; those to integers saturate, and a NaN becomes 0.

inline s32x4 truncateToSigned(f32x4 x) {
    constexpr f32 kLimit = 2147483648.0F;
    const auto tooHigh = x >= splat<f32x4>(kLimit);
    const auto fits = as<s32x4>(x >= splat<f32x4>(-kLimit)) & ~as<s32x4>(tooHigh);
    const auto tooLow = as<s32x4>(x < splat<f32x4>(-kLimit));
    const s32x4 converted = __builtin_convertvector(select(fits, x, f32x4{}), s32x4);
    return converted | (as<s32x4>(tooHigh) & 0x7fffffff) |
           (tooLow & splat<s32x4>(std::numeric_limits<s32>::min()));
}
inline u32x4 truncateToUnsigned(f32x4 x) {
    constexpr f32 kHalf = 2147483648.0F;
    const auto tooHigh = as<u32x4>(x >= splat<f32x4>(2 * kHalf));
    const auto fits = as<u32x4>(x > splat<f32x4>(-1)) & ~tooHigh;
    const auto upper = as<u32x4>(x >= splat<f32x4>(kHalf)) & fits;
    const f32x4 lowered = select(fits, x, f32x4{}) - select(upper, splat<f32x4>(kHalf), f32x4{});
    return (as<u32x4>(__builtin_convertvector(lowered, s32x4)) ^ (upper & 0x80000000)) | tooHigh;
}
/// Both lanes as I, then two zeros.
template <class I>
inline u32x4 truncateToZero(f64x2 x) {
    return u32x4{u32(numeric::saturate<I>(x[0])), u32(numeric::saturate<I>(x[1])), 0, 0};
}

#define UNARY(id, From, expression)                         \
    struct id {                                             \
        using Operand = From;                               \
        static auto apply(Operand x) { return expression; } \
    };
#define BINARY(id, From, expression)                                   \
    struct id {                                                        \
        using Operand = From;                                          \
        static auto apply(Operand x, Operand y) { return expression; } \
    };
#define TERNARY(id, From, expression)                                             \
    struct id {                                                                   \
        using Operand = From;                                                     \
        static auto apply(Operand x, Operand y, Operand z) { return expression; } \
    };
#define SHIFT(id, From, expression)                                    \
    struct id {                                                        \
        using Operand = From;                                          \
        static auto apply(Operand x, u32 count) { return expression; } \
    };
#define EXTRACT_LANE(id, InVector, To)                    \
    struct id {                                           \
        using Lane = InVector;                            \
        using Result = To;                                \
        static Result apply(Lane x) { return Result(x); } \
    };
#define REPLACE_LANE(id, InVector) \
    struct id {                    \
        using Lane = InVector;     \
    };
#define LOAD(id, InMemory, expression)                     \
    struct id {                                            \
        using Memory = InMemory;                           \
        static auto apply(Memory x) { return expression; } \
    };
#define STORE(id, From)                              \
    struct id {                                      \
        using Operand = From;                        \
        using Memory = From;                         \
        static Memory apply(Operand x) { return x; } \
    };
#define LOAD_LANE(id, InVector) REPLACE_LANE(id, InVector)
#define STORE_LANE(id, InVector) REPLACE_LANE(id, InVector)
#include "engine/simd.def"

}  // namespace engine::simd
