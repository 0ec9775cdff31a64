#include "debugger/symbols/value_read.h"

#include <algorithm>
#include <cstring>

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

Error notReadable(std::string why) { return Error{ErrorCode::NotFound, std::move(why)}; }

bool isWasm(ObjectPlace::Kind kind) {
    return kind == ObjectPlace::Kind::WasmLocal || kind == ObjectPlace::Kind::WasmGlobal ||
           kind == ObjectPlace::Kind::WasmOperand;
}

Result<engine::Value> readWasm(const ObjectPlace& place, EvaluationContext& context) {
    switch (place.kind) {
    case ObjectPlace::Kind::WasmLocal: return context.local(place.index);
    case ObjectPlace::Kind::WasmGlobal: return context.global(place.index);
    default: return context.operand(place.index);
    }
}

Error tooSmall(const ObjectPlace& place, uint64_t needed, size_t has) {
    return notReadable(std::string(kindName(place.kind)) + " " + std::to_string(place.index) + " holds " +
                       std::to_string(has) + " bytes, the object has " + std::to_string(needed));
}

}  // namespace

std::string_view kindName(ObjectPlace::Kind kind) {
    switch (kind) {
    case ObjectPlace::Kind::Memory: return "memory";
    case ObjectPlace::Kind::WasmLocal: return "local";
    case ObjectPlace::Kind::WasmGlobal: return "global";
    case ObjectPlace::Kind::WasmOperand: return "operand";
    case ObjectPlace::Kind::Bytes: return "temporary";
    case ObjectPlace::Kind::Unavailable: break;
    }
    return "unavailable";
}

ObjectPlace unavailable(std::string why) {
    ObjectPlace place;
    place.why = std::move(why);
    return place;
}

ObjectPlace memoryPlace(uint64_t address) {
    ObjectPlace place;
    place.kind = ObjectPlace::Kind::Memory;
    place.address = address;
    return place;
}

SourceValue temporary(TypeId type, std::vector<uint8_t> bytes) {
    SourceValue value;
    value.type = type;
    value.place.kind = ObjectPlace::Kind::Bytes;
    value.place.bytes = std::move(bytes);
    return value;
}

SourceValue temporary(const Number& number) {
    Builtin type = Builtin::Int;
    if (number.isFloat()) {
        type = number.bits == 32 ? Builtin::Float : Builtin::Double;
    } else if (number.kind == Number::Kind::Signed) {
        type = number.bits <= 32 ? Builtin::Int : number.bits <= 64 ? Builtin::LongLong : Builtin::Int128;
    } else {
        type = number.bits <= 32   ? Builtin::UnsignedInt
               : number.bits <= 64 ? Builtin::UnsignedLongLong
                                   : Builtin::UnsignedInt128;
    }
    const size_t size = number.isFloat()    ? number.bits / 8
                        : number.bits <= 32 ? 4
                        : number.bits <= 64 ? 8
                                            : 16;
    const BaseEncoding encoding = number.isFloat() ? BaseEncoding::Float : BaseEncoding::Signed;
    return temporary(builtinType(type), bytesOf(number, encoding, size));
}

SourceValue temporaryPointer(TypeId pointee, uint64_t address, const Types& types) {
    return temporary(types.pointerTo(pointee),
                     bytesOf(Number::ofUnsigned(address, 64), BaseEncoding::Unsigned, types.pointerSize()));
}

std::optional<SourceValue> valueOfResult(TypeId type, const engine::Value& result,
                                         EvaluationContext& context) {
    std::vector<uint8_t> bytes = bytesOf(result);
    const uint64_t size = Types(context).size(type);
    if (size == 0 || size > bytes.size()) return std::nullopt;
    bytes.resize(size);
    return temporary(type, std::move(bytes));
}

std::vector<uint8_t> bytesOf(const engine::Value& value) {
    const engine::ValKind kind = value.type.kind();
    const size_t size = kind == engine::ValKind::V128                                  ? 16
                        : kind == engine::ValKind::I32 || kind == engine::ValKind::F32 ? 4
                                                                                       : 8;
    uint8_t both[16];
    std::memcpy(both, &value.low, 8);
    std::memcpy(both + 8, &value.high, 8);
    return {both, both + size};
}

Result<> readPlace(const ObjectPlace& place, uint64_t offset, std::span<uint8_t> into,
                   EvaluationContext& context) {
    if (into.empty()) return {};
    if (place.kind == ObjectPlace::Kind::Memory) {
        const uint64_t address = place.address + offset;
        if (address < offset) return notReadable("address beyond memory");
        return context.readMemory(address, into);
    }
    if (place.kind == ObjectPlace::Kind::Unavailable)
        return notReadable(place.why.empty() ? "optimised out" : place.why);
    std::vector<uint8_t> fromWasm;
    if (isWasm(place.kind)) {
        fromWasm = bytesOf(TRY(readWasm(place, context)));
        offset += place.offset;
    }
    const std::vector<uint8_t>& bytes = isWasm(place.kind) ? fromWasm : place.bytes;
    if (offset > bytes.size() || into.size() > bytes.size() - offset) {
        if (isWasm(place.kind)) return tooSmall(place, offset + into.size(), bytes.size());
        return notReadable("the value has no such bytes");
    }
    for (const auto& [begin, end] : place.missing) {
        if (begin < offset + into.size() && end > offset)
            return notReadable(place.why.empty() ? "optimised out" : place.why);
    }
    std::memcpy(into.data(), bytes.data() + offset, into.size());
    return {};
}

Result<> writePlace(const ObjectPlace& place, uint64_t offset, std::span<const uint8_t> bytes,
                    EvaluationContext& context) {
    if (place.kind == ObjectPlace::Kind::Memory) {
        const uint64_t address = place.address + offset;
        if (address < offset) return Error{ErrorCode::BadArgument, "address beyond memory"};
        return context.writeMemory(address, bytes);
    }
    if (place.kind == ObjectPlace::Kind::Unavailable) {
        return Error{ErrorCode::BadArgument,
                     "it cannot be set: " + (place.why.empty() ? "optimised out" : place.why)};
    }
    if (place.kind == ObjectPlace::Kind::Bytes) {
        return Error{ErrorCode::BadArgument,
                     "it cannot be set: it is a computed value, not an object of the program"};
    }
    if (place.kind == ObjectPlace::Kind::WasmOperand) {
        return Error{ErrorCode::BadArgument, "it cannot be set: it is on the operand stack"};
    }
    engine::Value value = TRY(readWasm(place, context));
    const size_t size = bytesOf(value).size();
    const uint64_t begin = offset + place.offset;
    if (begin > size || bytes.size() > size - begin) return tooSmall(place, begin + bytes.size(), size);
    uint8_t both[16];
    std::memcpy(both, &value.low, 8);
    std::memcpy(both + 8, &value.high, 8);
    std::memcpy(both + begin, bytes.data(), bytes.size());
    std::memcpy(&value.low, both, 8);
    std::memcpy(&value.high, both + 8, 8);
    return place.kind == ObjectPlace::Kind::WasmLocal ? context.setLocal(place.index, value)
                                                      : context.setGlobal(place.index, value);
}

ObjectPlace partOf(const ObjectPlace& place, uint64_t offset, uint64_t size) {
    if (place.kind == ObjectPlace::Kind::Memory) {
        const uint64_t address = place.address + offset;
        return address < offset ? unavailable("address beyond memory") : memoryPlace(address);
    }
    if (place.kind == ObjectPlace::Kind::Unavailable) return place;
    if (isWasm(place.kind)) {
        if (offset > 16) return unavailable("beyond the end of " + std::string(kindName(place.kind)));
        ObjectPlace part = place;
        part.offset += static_cast<uint32_t>(offset);
        return part;
    }
    if (offset > place.bytes.size()) return unavailable("the value has no such bytes");
    ObjectPlace part;
    part.kind = place.kind;
    part.why = place.why;
    const uint64_t rest = place.bytes.size() - offset, length = size == 0 ? rest : std::min(rest, size);
    const auto begin = place.bytes.begin() + static_cast<ptrdiff_t>(offset);
    part.bytes.assign(begin, begin + static_cast<ptrdiff_t>(length));
    for (const auto& [from, to] : place.missing) {
        const uint64_t end = to > offset ? to - offset : 0;
        if (end > 0 && from < offset + length)
            part.missing.emplace_back(from > offset ? from - offset : 0, end);
    }
    return part;
}

// ------------------------------------------------------------------------------------------------------------- scalars

namespace {

Result<Number> readBitField(const SourceValue& value, BaseEncoding encoding, EvaluationContext& context) {
    if (value.bitSize > 128 || value.bitOffset > 128)
        return notReadable("bit field of " + std::to_string(value.bitSize) + " bits");
    std::vector<uint8_t> bytes((value.bitOffset + value.bitSize + 7) / 8);
    TRY(readPlace(value.place, 0, bytes, context));
    UnsignedInt128 bits = 0;
    for (uint32_t i = 0; i < value.bitSize; i++) {
        const uint32_t at = value.bitOffset + i;
        if ((bytes[at / 8] >> (at % 8)) & 1) bits |= UnsignedInt128{1} << i;
    }
    const bool isSigned = encoding == BaseEncoding::Signed || encoding == BaseEncoding::SignedChar;
    const uint8_t width = value.bitSize <= 32 ? 32 : value.bitSize <= 64 ? 64 : 128;
    return Number{isSigned ? Number::Kind::Signed : Number::Kind::Unsigned, width,
                  wrapInteger(bits, value.bitSize, isSigned), 0};
}

/// How the bytes of a scalar are read; nothing for what is not a number.
std::optional<BaseEncoding> scalarEncoding(TypeId type, const Types& types) {
    const TypeInfo& t = types.stripped(type);
    switch (t.kind) {
    case TypeKind::Base:
        return t.encoding == BaseEncoding::Complex || t.encoding == BaseEncoding::None
                   ? std::nullopt
                   : std::optional(t.encoding);
    case TypeKind::Pointer:
    case TypeKind::Reference:
    case TypeKind::RvalueReference:
    case TypeKind::MemberPointer:
    case TypeKind::Function:
    case TypeKind::Unspecified: return BaseEncoding::Unsigned;
    case TypeKind::Enum: {
        const TypeInfo& underlying = types.stripped(t.target);
        if (t.target != kNoType && underlying.kind == TypeKind::Base) return underlying.encoding;
        const bool negative = std::any_of(t.enumerators.begin(), t.enumerators.end(),
                                          [](const Enumerator& e) { return e.value < 0; });
        return negative ? BaseEncoding::Signed : BaseEncoding::Unsigned;
    }
    default: return std::nullopt;
    }
}

}  // namespace

Result<Number> readNumber(const SourceValue& value, EvaluationContext& context) {
    const Types types(context);
    const TypeId type = types.strip(value.type);
    const auto encoding = value.extents.empty() ? scalarEncoding(type, types) : std::nullopt;
    if (!encoding) {
        return Error{ErrorCode::BadArgument,
                     "a value of type `" + typeName(value, context) + "` is not a number"};
    }
    if (value.bitSize != 0) return readBitField(value, *encoding, context);
    const uint64_t size = types.size(type);
    if (size == 0) return notReadable("incomplete type " + types.name(value.type));
    if (size > 16) return notReadable("a number of " + std::to_string(size) + " bytes");
    std::vector<uint8_t> bytes(size);
    TRY(readPlace(value.place, 0, bytes, context));
    const auto number = numberFrom(bytes, *encoding);
    if (!number) return notReadable("a number of " + std::to_string(size) + " bytes");
    return *number;
}

Result<uint64_t> readPointer(const SourceValue& value, EvaluationContext& context) {
    const Number number = TRY(readNumber(value, context));
    return number.asUnsigned();
}

}  // namespace debugger
