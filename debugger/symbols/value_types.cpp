#include "debugger/symbols/value_types.h"

#include <algorithm>
#include <array>
#include <utility>

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

constexpr unsigned kMaxDepth = 64;        // of typedefs and arrays; more is a cycle
constexpr unsigned kMaxPointerDepth = 6;  // seven would collide with kNoType

struct BuiltinRow {
    const char* name;
    TypeKind kind;
    BaseEncoding encoding;
    uint32_t byteSize;
    Builtin element = Builtin::Void;  // of an array
};
constexpr std::array<BuiltinRow, static_cast<size_t>(Builtin::Count)> kBuiltins{{
    {"void", TypeKind::Unspecified, BaseEncoding::None, 0},
    {"bool", TypeKind::Base, BaseEncoding::Boolean, 1},
    {"char", TypeKind::Base, BaseEncoding::SignedChar, 1},
    {"signed char", TypeKind::Base, BaseEncoding::SignedChar, 1},
    {"unsigned char", TypeKind::Base, BaseEncoding::UnsignedChar, 1},
    {"short", TypeKind::Base, BaseEncoding::Signed, 2},
    {"unsigned short", TypeKind::Base, BaseEncoding::Unsigned, 2},
    {"int", TypeKind::Base, BaseEncoding::Signed, 4},
    {"unsigned int", TypeKind::Base, BaseEncoding::Unsigned, 4},
    {"long long", TypeKind::Base, BaseEncoding::Signed, 8},
    {"unsigned long long", TypeKind::Base, BaseEncoding::Unsigned, 8},
    {"__int128", TypeKind::Base, BaseEncoding::Signed, 16},
    {"unsigned __int128", TypeKind::Base, BaseEncoding::Unsigned, 16},
    {"float", TypeKind::Base, BaseEncoding::Float, 4},
    {"double", TypeKind::Base, BaseEncoding::Float, 8},
    {"char32_t", TypeKind::Base, BaseEncoding::Utf, 4},
    {"i8", TypeKind::Base, BaseEncoding::Signed, 1},
    {"i16", TypeKind::Base, BaseEncoding::Signed, 2},
    {"i32", TypeKind::Base, BaseEncoding::Signed, 4},
    {"i64", TypeKind::Base, BaseEncoding::Signed, 8},
    {"f32", TypeKind::Base, BaseEncoding::Float, 4},
    {"f64", TypeKind::Base, BaseEncoding::Float, 8},
    {"u8", TypeKind::Base, BaseEncoding::Unsigned, 1},
    {"u16", TypeKind::Base, BaseEncoding::Unsigned, 2},
    {"u32", TypeKind::Base, BaseEncoding::Unsigned, 4},
    {"u64", TypeKind::Base, BaseEncoding::Unsigned, 8},
    {"i8x16", TypeKind::Array, BaseEncoding::None, 16, Builtin::I8},
    {"u8x16", TypeKind::Array, BaseEncoding::None, 16, Builtin::U8},
    {"i16x8", TypeKind::Array, BaseEncoding::None, 16, Builtin::I16},
    {"u16x8", TypeKind::Array, BaseEncoding::None, 16, Builtin::U16},
    {"i32x4", TypeKind::Array, BaseEncoding::None, 16, Builtin::I32},
    {"u32x4", TypeKind::Array, BaseEncoding::None, 16, Builtin::U32},
    {"i64x2", TypeKind::Array, BaseEncoding::None, 16, Builtin::I64},
    {"u64x2", TypeKind::Array, BaseEncoding::None, 16, Builtin::U64},
    {"f32x4", TypeKind::Array, BaseEncoding::None, 16, Builtin::F32},
    {"f64x2", TypeKind::Array, BaseEncoding::None, 16, Builtin::F64},
    {"v128", TypeKind::Base, BaseEncoding::Unsigned, 16},
    {"reference", TypeKind::Base, BaseEncoding::Unsigned, 8},
    {"funcref", TypeKind::Base, BaseEncoding::Unsigned, 8},
    {"function", TypeKind::Function, BaseEncoding::None, 4},
}};

Builtin next(Builtin b) { return static_cast<Builtin>(static_cast<uint8_t>(b) + 1); }

/// Never changed once made.
const TypeInfo& builtinInfo(Builtin b) {
    static const std::vector<TypeInfo> table = [] {
        std::vector<TypeInfo> all;
        for (const BuiltinRow& row : kBuiltins) {
            TypeInfo& info = all.emplace_back();
            info.kind = row.kind;
            info.name = row.name;
            info.encoding = row.encoding;
            info.byteSize = row.byteSize;
            if (row.kind != TypeKind::Array) continue;
            info.target = builtinType(row.element);
            info.dimensions = {row.byteSize / all[static_cast<size_t>(row.element)].byteSize};
        }
        for (auto shape = Builtin::I8x16; shape < Builtin::V128; shape = next(shape)) {
            Member member;
            member.name = all[static_cast<size_t>(shape)].name;
            member.type = builtinType(shape);
            all[static_cast<size_t>(Builtin::V128)].members.push_back(member);
        }
        return all;
    }();
    return table[static_cast<size_t>(b)];
}

const TypeInfo& madePointerInfo() {
    static const TypeInfo info = [] {
        TypeInfo pointer;
        pointer.kind = TypeKind::Pointer;
        return pointer;
    }();
    return info;
}

const TypeInfo& unknownInfo() {
    static const TypeInfo info = [] {
        TypeInfo unknown;
        unknown.name = "unknown type";
        return unknown;
    }();
    return info;
}

bool isMade(TypeId type) { return type != kNoType && (type & kMadeType) != 0; }
unsigned pointerDepth(TypeId type) { return isMade(type) ? (type >> 28) & 7 : 0; }

}  // namespace

std::optional<Builtin> asBuiltin(TypeId type) {
    if (!isMade(type) || pointerDepth(type) != 0) return std::nullopt;
    const TypeId base = type & kPoolMask;
    if (base < kFirstBuiltin || base - kFirstBuiltin >= static_cast<uint32_t>(Builtin::Count))
        return std::nullopt;
    return static_cast<Builtin>(base - kFirstBuiltin);
}

uint64_t saturatingMultiply(uint64_t a, uint64_t b) {
    uint64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? ~uint64_t{0} : product;
}

uint64_t elementCount(const std::vector<uint64_t>& extents) {
    uint64_t count = 1;
    for (const uint64_t extent : extents)
        count = saturatingMultiply(count, extent);
    return count;
}

const TypeInfo& Types::info(TypeId type) const {
    if (type == kNoType) return builtinInfo(Builtin::Void);
    if (isMade(type)) {
        if (pointerDepth(type) > 0) return madePointerInfo();
        const auto builtin = asBuiltin(type);
        if (builtin) return builtinInfo(*builtin);
        type &= kPoolMask;
    }
    return m_symbols ? m_symbols->type(type) : unknownInfo();
}

TypeId Types::strip(TypeId type) const {
    for (unsigned depth = 0; depth < kMaxDepth; depth++) {
        const TypeInfo& t = info(type);
        if (t.kind != TypeKind::Typedef && t.kind != TypeKind::Const && t.kind != TypeKind::Volatile)
            return type;
        type = target(type);
    }
    return builtinType(Builtin::Void);
}

TypeId Types::target(TypeId type) const {
    const unsigned depth = pointerDepth(type);
    if (depth == 0) return info(type).target;
    const TypeId base = type & kPoolMask;
    if (depth > 1) return (type & ~(7u << 28)) | ((depth - 1) << 28);
    return base >= kFirstBuiltin ? kMadeType | base : base;
}

uint64_t Types::sizeWithin(TypeId type, unsigned depth) const {
    if (depth > kMaxDepth) return 0;
    const TypeInfo& t = info(type);
    switch (t.kind) {
    case TypeKind::Pointer:
    case TypeKind::Reference:
    case TypeKind::RvalueReference: return t.byteSize ? t.byteSize : m_pointerSize;
    case TypeKind::Typedef:
    case TypeKind::Const:
    case TypeKind::Volatile: return t.byteSize ? t.byteSize : sizeWithin(target(type), depth + 1);
    case TypeKind::Enum: return t.byteSize ? t.byteSize : sizeWithin(t.target, depth + 1);
    case TypeKind::Array: {
        if (t.byteSize) return t.byteSize;
        const uint64_t count = t.dimensions.empty() ? 0 : elementCount(t.dimensions);
        return saturatingMultiply(count, sizeWithin(info(type).target, depth + 1));
    }
    default: return t.byteSize;
    }
}

uint64_t Types::size(TypeId type) const { return sizeWithin(type, 0); }

std::string Types::name(TypeId type) const {
    const unsigned depth = pointerDepth(type);
    if (depth > 0) {
        TypeId base = type;
        for (unsigned i = 0; i < depth; i++)
            base = target(base);
        std::string text = name(base);
        if (!text.ends_with('*')) text += ' ';
        return text + std::string(depth, '*');
    }
    const TypeInfo& t = info(type);
    if (!t.name.empty()) return t.name;
    switch (t.kind) {
    case TypeKind::Pointer: return t.target == kNoType ? "void *" : "pointer";
    case TypeKind::Struct: return "struct {…}";
    case TypeKind::Class: return "class {…}";
    case TypeKind::Union: return "union {…}";
    case TypeKind::Enum: return "enum {…}";
    case TypeKind::Array: return "array";
    case TypeKind::Function: return "function";
    default: return "unnamed type";
    }
}

TypeId Types::pointerTo(TypeId type) const {
    if (type == kNoType) type = builtinType(Builtin::Void);
    const unsigned depth = pointerDepth(type) + 1;
    const TypeId base = type & kPoolMask;
    const bool fits = isMade(type) || type < kFirstBuiltin;
    if (depth > kMaxPointerDepth || !fits) return pointerTo(builtinType(Builtin::Void));
    return kMadeType | depth << 28 | base;
}

ArrayShape Types::shape(const SourceValue& value) const {
    if (!value.extents.empty()) return {value.type, value.extents};
    const TypeInfo& t = stripped(value.type);
    if (t.kind != TypeKind::Array) return {};
    ArrayShape shape{t.target, t.dimensions};
    if (shape.extents.empty()) shape.extents.push_back(0);
    // An array without a bound whose size is known says so by its size.
    const uint64_t each = size(shape.element);
    if (shape.extents.size() == 1 && shape.extents[0] == 0 && t.byteSize && each)
        shape.extents[0] = t.byteSize / each;
    return shape;
}

bool Types::isVoid(TypeId type) const {
    const TypeId bare = strip(type);
    return bare == kNoType || asBuiltin(bare) == Builtin::Void;
}

bool Types::isReference(TypeId type) const {
    const TypeKind k = kind(strip(type));
    return k == TypeKind::Reference || k == TypeKind::RvalueReference;
}

bool Types::isAggregate(TypeId type) const {
    const TypeKind k = kind(strip(type));
    return k == TypeKind::Struct || k == TypeKind::Class || k == TypeKind::Union || k == TypeKind::Variant;
}

bool Types::isText(TypeId type) const {
    const TypeInfo& t = stripped(type);
    if (t.kind != TypeKind::Base || t.byteSize == 0 || t.byteSize > 4) return false;
    if (t.encoding == BaseEncoding::Utf) return true;
    if (t.name == "wchar_t") return true;
    const bool isCharacter =
        t.encoding == BaseEncoding::SignedChar || t.encoding == BaseEncoding::UnsignedChar;
    return isCharacter && t.byteSize == 1 && t.name == "char" && !isByteNumber(type);
}

bool Types::isByteNumber(TypeId type) const {
    for (unsigned depth = 0; depth < kMaxDepth; depth++) {
        const TypeInfo& t = info(type);
        for (const char* name : {"int8_t", "uint8_t", "std::byte", "byte", "__int8_t", "__uint8_t",
                                 "std::int8_t", "std::uint8_t"}) {
            if (t.name == name) return true;
        }
        if (t.kind != TypeKind::Typedef && t.kind != TypeKind::Const && t.kind != TypeKind::Volatile)
            return false;
        type = t.target;
    }
    return false;
}

// ------------------------------------------------------------------------------------------------------- types by name

namespace {

struct NamedBuiltin {
    std::string_view name;
    Builtin type;
};
constexpr NamedBuiltin kNamed[] = {
    {"void", Builtin::Void},
    {"bool", Builtin::Bool},
    {"_Bool", Builtin::Bool},
    {"float", Builtin::Float},
    {"double", Builtin::Double},
    {"size_t", Builtin::UnsignedInt},
    {"ssize_t", Builtin::Int},
    {"int8_t", Builtin::SignedChar},
    {"uint8_t", Builtin::UnsignedChar},
    {"int16_t", Builtin::Short},
    {"uint16_t", Builtin::UnsignedShort},
    {"int32_t", Builtin::Int},
    {"uint32_t", Builtin::UnsignedInt},
    {"int64_t", Builtin::LongLong},
    {"uint64_t", Builtin::UnsignedLongLong},
    {"intptr_t", Builtin::Int},
    {"uintptr_t", Builtin::UnsignedInt},
    {"i8", Builtin::SignedChar},
    {"u8", Builtin::UnsignedChar},
    {"i16", Builtin::Short},
    {"u16", Builtin::UnsignedShort},
    {"i32", Builtin::Int},
    {"u32", Builtin::UnsignedInt},
    {"i64", Builtin::LongLong},
    {"u64", Builtin::UnsignedLongLong},
    {"i128", Builtin::Int128},
    {"u128", Builtin::UnsignedInt128},
    {"isize", Builtin::Int},
    {"usize", Builtin::UnsignedInt},
    {"f32", Builtin::Float},
    {"f64", Builtin::Double},
    {"char32_t", Builtin::Char32},
    {"__int128", Builtin::Int128},
    {"v128", Builtin::V128},
};

std::vector<std::string_view> wordsOf(std::string_view text) {
    std::vector<std::string_view> words;
    size_t at = 0;
    while (at < text.size()) {
        const size_t end = std::min(text.find(' ', at), text.size());
        if (end > at) words.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

/// "unsigned long int" and its many spellings; C on wasm32 has a long of 32 bits, on wasm64 of 64.
std::optional<Builtin> arithmeticType(const std::vector<std::string_view>& words, uint32_t pointerSize) {
    unsigned longs = 0;
    bool isUnsigned = false, isSigned = false, isShort = false, isChar = false;
    for (const std::string_view word : words) {
        if (word == "unsigned")
            isUnsigned = true;
        else if (word == "signed")
            isSigned = true;
        else if (word == "long")
            longs++;
        else if (word == "short")
            isShort = true;
        else if (word == "char")
            isChar = true;
        else if (word != "int")
            return std::nullopt;
    }
    if (words.empty() || longs > 2) return std::nullopt;
    if (isChar) return isUnsigned ? Builtin::UnsignedChar : isSigned ? Builtin::SignedChar : Builtin::Char;
    if (isShort) return isUnsigned ? Builtin::UnsignedShort : Builtin::Short;
    if (longs == 2 || (longs == 1 && pointerSize == 8))
        return isUnsigned ? Builtin::UnsignedLongLong : Builtin::LongLong;
    return isUnsigned ? Builtin::UnsignedInt : Builtin::Int;
}

}  // namespace

Result<TypeId> typeByName(std::string_view name, const Types& types, uint32_t nearAddress) {
    std::vector<std::string_view> words = wordsOf(name);
    std::erase_if(words, [](std::string_view word) { return word == "const" || word == "volatile"; });
    std::string text;
    for (const std::string_view word : words)
        text += (text.empty() ? "" : " ") + std::string(word);
    if (types.symbols() && !text.empty()) {
        const auto exact = types.symbols()->findType(text, nearAddress);
        if (exact) return *exact;
        const std::string_view first = words[0];
        if (words.size() > 1 &&
            (first == "struct" || first == "union" || first == "enum" || first == "class")) {
            const auto untagged =
                types.symbols()->findType(std::string_view(text).substr(first.size() + 1), nearAddress);
            if (untagged) return *untagged;
        }
    }
    for (const NamedBuiltin& row : kNamed) {
        if (text == row.name) return builtinType(row.type);
    }
    if (text == "unsigned __int128") return builtinType(Builtin::UnsignedInt128);
    const auto arithmetic = arithmeticType(words, types.pointerSize());
    if (arithmetic) return builtinType(*arithmetic);
    return Error{ErrorCode::NotFound, "no type `" + text + "` here"};
}

}  // namespace debugger
