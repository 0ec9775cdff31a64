// Number: a scalar of the guest with the type that C's usual arithmetic conversions work on. A plain value; arithmetic wraps as the guest's
// does and has no undefined cases: what C leaves undefined is an Error or wraps.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "debugger/symbols/symbols.h"
#include "engine/base/result.h"

namespace debugger {

using Int128 = __int128;
using UnsignedInt128 = unsigned __int128;

struct Number {
    enum class Kind : uint8_t { Signed, Unsigned, Float } kind = Kind::Signed;
    uint8_t bits = 32;           // 8 … 128; of a Float 32 or 64
    UnsignedInt128 integer = 0;  // of a Signed one sign-extended, of an Unsigned one zero-extended
    double real = 0;             // if Float

    bool isFloat() const { return kind == Kind::Float; }
    bool isTrue() const { return isFloat() ? real != 0 : integer != 0; }
    bool isNegative() const { return kind == Kind::Signed && static_cast<Int128>(integer) < 0; }
    double asDouble() const;
    /// Low 64 bits; a float is cut towards zero and saturated.
    uint64_t asUnsigned() const { return static_cast<uint64_t>(asInteger()); }
    UnsignedInt128 asInteger() const;

    static Number ofSigned(int64_t value, uint8_t bits = 32);
    static Number ofUnsigned(uint64_t value, uint8_t bits = 32);
    static Number ofDouble(double value, uint8_t bits = 64);
};

/// Keeps the low `bits` and extends them by kind.
UnsignedInt128 wrapInteger(UnsignedInt128 value, unsigned bits, bool isSigned);

/// A base type's value from its bytes, little endian; nothing for sizes that no number has.
std::optional<Number> numberFrom(std::span<const uint8_t> bytes, BaseEncoding encoding);
/// Its bytes as an object of that encoding and size; cuts and converts as a C cast does.
std::vector<uint8_t> bytesOf(const Number& number, BaseEncoding encoding, size_t size);

/// Cast to an integer of that size, or to a float (32 or 64 bits).
Number convert(const Number& number, Number::Kind kind, uint8_t bits);
/// What arithmetic makes of an operand: at least 32 bits.
Number promote(const Number& number);

enum class BinaryOperation : uint8_t {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    ShiftLeft,
    ShiftRight,
    And,
    Or,
    Xor,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual
};
/// C's usual conversions, then the operation. Comparisons give 0 or 1. Error: BadArgument (division by zero, a float where C has none).
engine::Result<Number> apply(BinaryOperation operation, const Number& left, const Number& right);

/// "-5", "170141183460469231731687303715884105727".
std::string decimal(UnsignedInt128 value, bool isSigned);
/// "0x2a"; with that many digits at least.
std::string hexadecimal(UnsignedInt128 value, unsigned digits = 1);
/// Shortest text that reads back as the same float or double: "1.5", "1e+100", "nan".
std::string shortest(double value, unsigned bits);

}  // namespace debugger
