#include "debugger/symbols/value_number.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

/// An IEEE number of another width than the host's; fractions that a double cannot hold are cut.
double unpackFloat(UnsignedInt128 bits, unsigned exponentBits, unsigned fractionBits) {
    const bool negative = (bits >> (exponentBits + fractionBits)) & 1;
    const int exponent = static_cast<int>((bits >> fractionBits) & ((1u << exponentBits) - 1));
    const UnsignedInt128 fraction = bits & ((UnsignedInt128{1} << fractionBits) - 1);
    const int bias = (1 << (exponentBits - 1)) - 1;
    double value = 0;
    if (exponent == (1 << exponentBits) - 1) {
        value = fraction ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
    } else {
        const UnsignedInt128 whole = exponent ? fraction | UnsignedInt128{1} << fractionBits : fraction;
        value = std::ldexp(static_cast<double>(whole),
                           std::max(exponent, 1) - bias - static_cast<int>(fractionBits));
    }
    return negative ? -value : value;
}

UnsignedInt128 packFloat(double value, unsigned exponentBits, unsigned fractionBits) {
    const int bias = (1 << (exponentBits - 1)) - 1, top = (1 << exponentBits) - 1;
    const UnsignedInt128 sign = UnsignedInt128{std::signbit(value)} << (exponentBits + fractionBits);
    const UnsignedInt128 infinity = sign | static_cast<UnsignedInt128>(top) << fractionBits;
    if (std::isnan(value)) return infinity | UnsignedInt128{1} << (fractionBits - 1);
    if (std::isinf(value)) return infinity;
    if (value == 0) return sign;
    int exponent = 0;
    const double half = std::frexp(std::fabs(value), &exponent);  // in [0.5, 1)
    int biased = exponent - 1 + bias;
    if (biased >= top) return infinity;
    int shift = static_cast<int>(fractionBits) + 1;
    if (biased <= 0) {
        shift += biased - 1;
        biased = 0;
    }
    auto whole = static_cast<UnsignedInt128>(std::nearbyint(std::ldexp(half, std::min(shift, 54))));
    if (shift > 54) whole <<= shift - 54;
    if (biased == 0) return sign | whole;
    // A carry out of the fraction goes into the exponent, as it must.
    return sign + (static_cast<UnsignedInt128>(biased - 1) << fractionBits) + whole;
}

UnsignedInt128 littleEndian(std::span<const uint8_t> bytes) {
    UnsignedInt128 value = 0;
    for (size_t i = 0; i < bytes.size(); i++)
        value |= static_cast<UnsignedInt128>(bytes[i]) << (8 * i);
    return value;
}

std::optional<Number> floatFrom(std::span<const uint8_t> bytes) {
    const UnsignedInt128 bits = littleEndian(bytes.first(std::min<size_t>(bytes.size(), 16)));
    switch (bytes.size()) {
    case 2: return Number::ofDouble(unpackFloat(bits, 5, 10), 32);
    case 4: return Number::ofDouble(std::bit_cast<float>(static_cast<uint32_t>(bits)), 32);
    case 8: return Number::ofDouble(std::bit_cast<double>(static_cast<uint64_t>(bits)), 64);
    case 16: return Number::ofDouble(unpackFloat(bits, 15, 112), 64);
    default: return std::nullopt;
    }
}

Result<Number> applyFloat(BinaryOperation operation, double a, double b, uint8_t bits) {
    const auto truth = [](bool value) { return Number::ofSigned(value); };
    const auto real = [bits](double value) {
        return Number::ofDouble(bits == 32 ? static_cast<float>(value) : value, bits);
    };
    switch (operation) {
    case BinaryOperation::Add: return real(a + b);
    case BinaryOperation::Subtract: return real(a - b);
    case BinaryOperation::Multiply: return real(a * b);
    case BinaryOperation::Divide:
        if (b == 0) return Error{ErrorCode::BadArgument, "division by zero"};
        return real(a / b);
    case BinaryOperation::Equal: return truth(a == b);
    case BinaryOperation::NotEqual: return truth(a != b);
    case BinaryOperation::Less: return truth(a < b);
    case BinaryOperation::LessEqual: return truth(a <= b);
    case BinaryOperation::Greater: return truth(a > b);
    case BinaryOperation::GreaterEqual: return truth(a >= b);
    default: return Error{ErrorCode::BadArgument, "this operator needs integers, not floating-point numbers"};
    }
}

Result<Number> divide(BinaryOperation operation, const Number& a, const Number& b) {
    if (b.integer == 0) return Error{ErrorCode::BadArgument, "division by zero"};
    const bool wantsQuotient = operation == BinaryOperation::Divide;
    Number result = a;
    if (a.kind == Number::Kind::Unsigned) {
        result.integer = wantsQuotient ? a.integer / b.integer : a.integer % b.integer;
        return result;
    }
    // By magnitudes, so that the smallest number divided by -1 wraps instead of trapping.
    const UnsignedInt128 x = a.isNegative() ? -a.integer : a.integer,
                         y = b.isNegative() ? -b.integer : b.integer;
    const UnsignedInt128 magnitude = wantsQuotient ? x / y : x % y;
    const bool negative = wantsQuotient ? a.isNegative() != b.isNegative() : a.isNegative();
    result.integer = wrapInteger(negative ? -magnitude : magnitude, a.bits, true);
    return result;
}

bool lessThan(const Number& a, const Number& b) {
    return a.kind == Number::Kind::Signed ? static_cast<Int128>(a.integer) < static_cast<Int128>(b.integer)
                                          : a.integer < b.integer;
}

Result<Number> shift(BinaryOperation operation, const Number& left, const Number& right) {
    Number result = promote(left);
    if (right.isNegative() || right.integer >= result.bits) {
        return Error{ErrorCode::BadArgument, "shift by " +
                                                 decimal(right.integer, right.kind == Number::Kind::Signed) +
                                                 " of a number of " + std::to_string(result.bits) + " bits"};
    }
    const auto count = static_cast<unsigned>(right.integer);
    const bool isSigned = result.kind == Number::Kind::Signed;
    if (operation == BinaryOperation::ShiftLeft) {
        result.integer = wrapInteger(result.integer << count, result.bits, isSigned);
    } else {
        result.integer = isSigned ? static_cast<UnsignedInt128>(static_cast<Int128>(result.integer) >> count)
                                  : result.integer >> count;
    }
    return result;
}

}  // namespace

double Number::asDouble() const {
    if (isFloat()) return real;
    return kind == Kind::Signed ? static_cast<double>(static_cast<Int128>(integer))
                                : static_cast<double>(integer);
}

UnsignedInt128 Number::asInteger() const {
    if (!isFloat()) return integer;
    if (std::isnan(real)) return 0;
    constexpr double kLimit = 170141183460469231731687303715884105728.0;  // 2^127
    if (real >= kLimit) return (UnsignedInt128{1} << 127) - 1;
    if (real < -kLimit) return UnsignedInt128{1} << 127;
    return static_cast<UnsignedInt128>(static_cast<Int128>(real));
}

Number Number::ofSigned(int64_t value, uint8_t bits) {
    return {Kind::Signed, bits, static_cast<UnsignedInt128>(static_cast<Int128>(value)), 0};
}
Number Number::ofUnsigned(uint64_t value, uint8_t bits) { return {Kind::Unsigned, bits, value, 0}; }
Number Number::ofDouble(double value, uint8_t bits) { return {Kind::Float, bits, 0, value}; }

UnsignedInt128 wrapInteger(UnsignedInt128 value, unsigned bits, bool isSigned) {
    if (bits >= 128) return value;
    if (bits == 0) return 0;
    const UnsignedInt128 mask = (UnsignedInt128{1} << bits) - 1;
    value &= mask;
    if (isSigned && ((value >> (bits - 1)) & 1)) value |= ~mask;
    return value;
}

std::optional<Number> numberFrom(std::span<const uint8_t> bytes, BaseEncoding encoding) {
    if (encoding == BaseEncoding::Float) return floatFrom(bytes);
    if (bytes.empty() || bytes.size() > 16) return std::nullopt;
    Number number;
    const bool isSigned = encoding == BaseEncoding::Signed || encoding == BaseEncoding::SignedChar;
    number.kind = isSigned ? Number::Kind::Signed : Number::Kind::Unsigned;
    number.bits = static_cast<uint8_t>(8 * bytes.size());
    number.integer = wrapInteger(littleEndian(bytes), number.bits, isSigned);
    return number;
}

std::vector<uint8_t> bytesOf(const Number& number, BaseEncoding encoding, size_t size) {
    UnsignedInt128 bits = 0;
    if (encoding == BaseEncoding::Float) {
        const double value = number.asDouble();
        switch (size) {
        case 2: bits = packFloat(value, 5, 10); break;
        case 4: bits = std::bit_cast<uint32_t>(static_cast<float>(value)); break;
        case 16: bits = packFloat(value, 15, 112); break;
        default: bits = std::bit_cast<uint64_t>(value); break;
        }
    } else if (encoding == BaseEncoding::Boolean) {
        bits = number.isTrue();
    } else {
        bits = number.asInteger();
    }
    std::vector<uint8_t> bytes(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = i < 16 ? static_cast<uint8_t>(bits >> (8 * i)) : 0;
    return bytes;
}

Number convert(const Number& number, Number::Kind kind, uint8_t bits) {
    if (kind == Number::Kind::Float) {
        const double value = number.asDouble();
        return Number::ofDouble(bits == 32 ? static_cast<float>(value) : value, bits);
    }
    Number result{kind, bits, 0, 0};
    result.integer = wrapInteger(number.asInteger(), bits, kind == Number::Kind::Signed);
    return result;
}

Number promote(const Number& number) {
    if (number.isFloat()) return number.bits >= 32 ? number : convert(number, Number::Kind::Float, 32);
    if (number.bits < 32) return convert(number, Number::Kind::Signed, 32);
    const uint8_t bits = number.bits > 64 ? 128 : number.bits > 32 ? 64 : 32;
    return convert(number, number.kind, bits);
}

Result<Number> apply(BinaryOperation operation, const Number& left, const Number& right) {
    if (left.isFloat() || right.isFloat()) {
        const bool wide = (left.isFloat() && left.bits > 32) || (right.isFloat() && right.bits > 32);
        return applyFloat(operation, left.asDouble(), right.asDouble(), wide ? 64 : 32);
    }
    if (operation == BinaryOperation::ShiftLeft || operation == BinaryOperation::ShiftRight)
        return shift(operation, left, right);
    Number a = promote(left), b = promote(right);
    const uint8_t bits = std::max(a.bits, b.bits);
    const bool isUnsigned = (a.kind == Number::Kind::Unsigned && a.bits == bits) ||
                            (b.kind == Number::Kind::Unsigned && b.bits == bits);
    const Number::Kind kind = isUnsigned ? Number::Kind::Unsigned : Number::Kind::Signed;
    a = convert(a, kind, bits);
    b = convert(b, kind, bits);
    const auto integer = [&](UnsignedInt128 value) {
        return Number{kind, bits, wrapInteger(value, bits, !isUnsigned), 0};
    };
    const auto truth = [](bool value) { return Number::ofSigned(value); };
    switch (operation) {
    case BinaryOperation::Add: return integer(a.integer + b.integer);
    case BinaryOperation::Subtract: return integer(a.integer - b.integer);
    case BinaryOperation::Multiply: return integer(a.integer * b.integer);
    case BinaryOperation::Divide:
    case BinaryOperation::Remainder: return divide(operation, a, b);
    case BinaryOperation::And: return integer(a.integer & b.integer);
    case BinaryOperation::Or: return integer(a.integer | b.integer);
    case BinaryOperation::Xor: return integer(a.integer ^ b.integer);
    case BinaryOperation::Equal: return truth(a.integer == b.integer);
    case BinaryOperation::NotEqual: return truth(a.integer != b.integer);
    case BinaryOperation::Less: return truth(lessThan(a, b));
    case BinaryOperation::LessEqual: return truth(!lessThan(b, a));
    case BinaryOperation::Greater: return truth(lessThan(b, a));
    case BinaryOperation::GreaterEqual: return truth(!lessThan(a, b));
    case BinaryOperation::ShiftLeft:
    case BinaryOperation::ShiftRight: break;
    }
    return shift(operation, left, right);
}

std::string decimal(UnsignedInt128 value, bool isSigned) {
    const bool negative = isSigned && static_cast<Int128>(value) < 0;
    if (negative) value = -value;
    std::string digits;
    do {
        digits += static_cast<char>('0' + static_cast<int>(value % 10));
        value /= 10;
    } while (value);
    if (negative) digits += '-';
    std::reverse(digits.begin(), digits.end());
    return digits;
}

std::string hexadecimal(UnsignedInt128 value, unsigned digits) {
    std::string text;
    for (; value || text.size() < digits; value >>= 4)
        text += "0123456789abcdef"[static_cast<unsigned>(value & 15)];
    std::reverse(text.begin(), text.end());
    return "0x" + text;
}

std::string shortest(double value, unsigned bits) {
    if (std::isnan(value)) return std::signbit(value) ? "-nan" : "nan";
    const double size = std::fabs(value);
    const auto format =
        size == 0 || (size >= 1e-5 && size < 1e16) ? std::chars_format::fixed : std::chars_format::scientific;
    char text[64];
    const auto end = bits == 32 ? std::to_chars(text, text + sizeof text, static_cast<float>(value), format)
                                : std::to_chars(text, text + sizeof text, value, format);
    return std::string(text, end.ptr);
}

}  // namespace debugger
