// The numeric instructions as pure functions (standard, section 4.3), one type per row of numeric.def with `apply` and, where it can
// fault, `trap`. No state, no rounding mode but round-to-nearest; a NaN result is what the hardware makes of its operands, or quiet.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "engine/trap.h"

namespace engine::numeric {

using u32 = uint32_t;
using u64 = uint64_t;
using s32 = int32_t;
using s64 = int64_t;
using f32 = float;
using f64 = double;

template <class F>
using BitsOf = std::conditional_t<sizeof(F) == 4, u32, u64>;
template <class F>
inline constexpr BitsOf<F> kSignBit = BitsOf<F>{1} << (sizeof(F) * 8 - 1);

template <class F>
constexpr F absolute(F x) {
    return std::bit_cast<F>(std::bit_cast<BitsOf<F>>(x) & ~kSignBit<F>);
}
template <class F>
constexpr F negate(F x) {
    return std::bit_cast<F>(std::bit_cast<BitsOf<F>>(x) ^ kSignBit<F>);
}
template <class F>
constexpr F copySign(F x, F sign) {
    return std::bit_cast<F>((std::bit_cast<BitsOf<F>>(x) & ~kSignBit<F>) |
                            (std::bit_cast<BitsOf<F>>(sign) & kSignBit<F>));
}
template <class F>
constexpr F minimum(F x, F y) {
    if (x < y) return x;
    if (y < x) return y;
    if (x == y) return std::bit_cast<F>(std::bit_cast<BitsOf<F>>(x) | std::bit_cast<BitsOf<F>>(y));
    return x + y;  // a NaN, quiet
}
template <class F>
constexpr F maximum(F x, F y) {
    if (x > y) return x;
    if (y > x) return y;
    if (x == y) return std::bit_cast<F>(std::bit_cast<BitsOf<F>>(x) & std::bit_cast<BitsOf<F>>(y));
    return x + y;
}

/// From here on a value has no fraction: 2^23, 2^52.
template <class F>
inline constexpr F kWhole = sizeof(F) == 4 ? F(8388608.0) : F(4503599627370496.0);

template <class F>
constexpr bool hasFraction(F x) {
    return absolute(x) < kWhole<F>;  // not for NaN
}
template <class F>
constexpr F quiet(F x) {
    constexpr BitsOf<F> kQuiet = BitsOf<F>{1} << (sizeof(F) == 4 ? 22 : 51);
    return x != x ? std::bit_cast<F>(std::bit_cast<BitsOf<F>>(x) | kQuiet) : x;
}
template <class F>
inline F truncate(F x) {
    if (!hasFraction(x)) return quiet(x);
    return copySign(F(s64(x)), x);
}
template <class F>
inline F floor(F x) {
    if (!hasFraction(x)) return quiet(x);
    const F whole = F(s64(x));
    return copySign(whole > x ? whole - F(1) : whole, x);
}
template <class F>
inline F ceiling(F x) {
    if (!hasFraction(x)) return quiet(x);
    const F whole = F(s64(x));
    return copySign(whole < x ? whole + F(1) : whole, x);
}
/// Round to nearest, ties to even: what adding a number without room for a fraction does.
template <class F>
inline F nearest(F x) {
    if (!hasFraction(x)) return quiet(x);
    const F whole = kWhole<F>;
    return copySign(absolute(x) + whole - whole, x);
}
inline f32 squareRoot(f32 x) {
#if defined(__SSE2__)
    return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
#else
    return std::sqrt(x);
#endif
}
inline f64 squareRoot(f64 x) {
#if defined(__SSE2__)
    const __m128d v = _mm_set_sd(x);
    return _mm_cvtsd_f64(_mm_sqrt_sd(v, v));
#else
    return std::sqrt(x);
#endif
}

template <class S, class U>
constexpr TrapKind divisionTrap(U x, U y) {
    if (y == 0) return TrapKind::IntegerDivideByZero;
    return S(y) == -1 && S(x) == std::numeric_limits<S>::min() ? TrapKind::IntegerOverflow : TrapKind::None;
}
template <class U>
constexpr TrapKind zeroTrap(U y) {
    return y == 0 ? TrapKind::IntegerDivideByZero : TrapKind::None;
}

/// Whether truncating x gives a value of I. The bounds are exact in F: the lower one is taken in f64 where f32 or f64 has a value between
/// min - 1 and min.
template <class I, class F>
constexpr bool fits(F x) {
    constexpr F kUpper = F(2) * F(I(1) << (std::numeric_limits<I>::digits - 1));
    if constexpr (std::is_unsigned_v<I>)
        return x > F(-1) && x < kUpper;
    else if constexpr (sizeof(I) < sizeof(F))
        return x > F(std::numeric_limits<I>::min()) - F(1) && x < kUpper;
    else
        return x >= F(std::numeric_limits<I>::min()) && x < kUpper;
}
template <class I, class F>
constexpr TrapKind truncationTrap(F x) {
    if (fits<I>(x)) return TrapKind::None;
    return x != x ? TrapKind::InvalidConversionToInteger : TrapKind::IntegerOverflow;
}
template <class I, class F>
constexpr I saturate(F x) {
    if (fits<I>(x)) return I(x);
    if (x != x) return 0;
    return x < F(0) ? std::numeric_limits<I>::min() : std::numeric_limits<I>::max();
}

struct Pair {
    u64 low, high;
};
constexpr Pair addWide(Pair x, Pair y) {
    const u64 low = x.low + y.low;
    return {low, x.high + y.high + (low < x.low)};
}
constexpr Pair subtractWide(Pair x, Pair y) { return {x.low - y.low, x.high - y.high - (x.low < y.low)}; }
constexpr Pair multiplyWide(u64 x, u64 y, bool isSigned) {
    __extension__ using u128 = unsigned __int128;
    const u128 product = u128{x} * y;
    u64 high = u64(product >> 64);
    if (isSigned) high -= (s64(x) < 0 ? y : 0) + (s64(y) < 0 ? x : 0);
    return {u64(product), high};
}

#define UNARY(id, From, To, expression)                               \
    struct id {                                                       \
        using Operand = From;                                         \
        using Result = To;                                            \
        static Result apply(Operand x) { return Result(expression); } \
    };
#define BINARY(id, From, To, expression)                                         \
    struct id {                                                                  \
        using Operand = From;                                                    \
        using Result = To;                                                       \
        static Result apply(Operand x, Operand y) { return Result(expression); } \
    };
#define COMPARE(id, From, expression) BINARY(id, From, u32, expression)
#define TRAPPING_UNARY(id, From, To, expression, fault)               \
    struct id {                                                       \
        using Operand = From;                                         \
        using Result = To;                                            \
        static TrapKind trap(Operand x) { return fault; }             \
        static Result apply(Operand x) { return Result(expression); } \
    };
#define TRAPPING_BINARY(id, From, To, expression, fault)                              \
    struct id {                                                                       \
        using Operand = From;                                                         \
        using Result = To;                                                            \
        static TrapKind trap([[maybe_unused]] Operand x, Operand y) { return fault; } \
        static Result apply(Operand x, Operand y) { return Result(expression); }      \
    };
#define LOAD(id, InMemory, To)                              \
    struct id {                                             \
        using Memory = InMemory;                            \
        using Result = To;                                  \
        static Result apply(Memory x) { return Result(x); } \
    };
#define STORE(id, From, InMemory)                            \
    struct id {                                              \
        using Operand = From;                                \
        using Memory = InMemory;                             \
        static Memory apply(Operand x) { return Memory(x); } \
    };
#include "engine/numeric.def"

}  // namespace engine::numeric
