// Types: the type pool of a Symbols as values and expressions see it, with types of its own that need no debug info (what an
// expression yields, pointers to anything). Borrowed from the evaluation that makes it; never fails on cyclic or missing types.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "debugger/symbols/symbols.h"
#include "debugger/symbols/value.h"

namespace debugger {

/// Types that exist without debug info, in the order of their table in value_types.cpp.
enum class Builtin : uint8_t {
    Void,
    Bool,
    Char,
    SignedChar,
    UnsignedChar,
    Short,
    UnsignedShort,
    Int,
    UnsignedInt,
    LongLong,
    UnsignedLongLong,
    Int128,
    UnsignedInt128,
    Float,
    Double,
    Char32,
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    U8,
    U16,
    U32,
    U64,
    // Shapes of a v128, which are its members.
    I8x16,
    U8x16,
    I16x8,
    U16x8,
    I32x4,
    U32x4,
    I64x2,
    U64x2,
    F32x4,
    F64x2,
    V128,
    WasmReference,
    WasmFunction,  // a reference to a function
    CodeAddress,
    Count,
};

/// A made type: bit 31, then three bits of pointer depth, then a type of the pool or (at the top of the range) a built-in one.
inline constexpr TypeId kMadeType = 0x8000'0000, kFirstBuiltin = 0x0fff'ff00, kPoolMask = 0x0fff'ffff;

constexpr TypeId builtinType(Builtin b) { return kMadeType | (kFirstBuiltin + static_cast<uint32_t>(b)); }
std::optional<Builtin> asBuiltin(TypeId type);

/// An array as a value has it: its dimensions and what is in it. No dimensions: not an array.
struct ArrayShape {
    TypeId element = kNoType;
    std::vector<uint64_t> extents;
};

class Types {
public:
    explicit Types(EvaluationContext& context)
        : m_symbols(context.symbols()), m_pointerSize(context.pointerSize()) {}
    Types(Symbols* symbols, uint32_t pointerSize) : m_symbols(symbols), m_pointerSize(pointerSize) {}

    Symbols* symbols() const { return m_symbols; }
    uint32_t pointerSize() const { return m_pointerSize; }
    /// Of a made pointer: a pointer without name and target.
    const TypeInfo& info(TypeId type) const;
    /// The type behind typedefs and qualifiers, at most 64 of them.
    TypeId strip(TypeId type) const;
    const TypeInfo& stripped(TypeId type) const { return info(strip(type)); }
    TypeKind kind(TypeId type) const { return info(type).kind; }
    /// Pointee, element or underlying type.
    TypeId target(TypeId type) const;
    /// Saturated; 0 = unknown or incomplete.
    uint64_t size(TypeId type) const;
    std::string name(TypeId type) const;
    TypeId pointerTo(TypeId type) const;
    ArrayShape shape(const SourceValue& value) const;

    bool isVoid(TypeId type) const;
    bool isPointer(TypeId type) const { return kind(strip(type)) == TypeKind::Pointer; }
    bool isReference(TypeId type) const;
    bool isAggregate(TypeId type) const;
    bool isRust(TypeId type) const { return stripped(type).language.starts_with("Rust"); }
    /// The element of a string: char, char8_t, char16_t, char32_t, wchar_t (not int8_t and uint8_t).
    bool isText(TypeId type) const;
    /// A byte that is a number though its base type is a character: int8_t, uint8_t, std::byte.
    bool isByteNumber(TypeId type) const;

private:
    uint64_t sizeWithin(TypeId type, unsigned depth) const;
    Symbols* m_symbols;
    uint32_t m_pointerSize;
};

/// a × b, at most 2^64 - 1.
uint64_t saturatingMultiply(uint64_t a, uint64_t b);
/// Product of the extents, saturated.
uint64_t elementCount(const std::vector<uint64_t>& extents);

/// Finds a type by the words of a cast: pool first, then the usual names ("unsigned long", "uint8_t", "u8").
engine::Result<TypeId> typeByName(std::string_view name, const Types& types, uint32_t nearAddress);

}  // namespace debugger
