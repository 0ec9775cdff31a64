#include "engine/type_reader.h"

#include <algorithm>

#include "engine/limits.h"

namespace engine {

namespace {

constexpr uint32_t kHasMax = 1, kShared = 2, kIs64 = 4, kHasPageSize = 8;  // limits flags

bool mutability(BinaryReader& reader) {
    const uint8_t byte = reader.u8();
    if (byte > 1)
        reader.fail(ErrorCode::Malformed, "malformed mutability: " + hex(byte), reader.offset() - 1);
    return byte == 1;
}

Limits limitsOf(BinaryReader& reader, uint32_t flags) {
    Limits result;
    result.is64 = (flags & kIs64) != 0;
    result.min = reader.u64();
    if (flags & kHasMax) result.max = reader.u64();
    return result;
}

void checkMemoryType(BinaryReader& reader, const MemoryType& type, uint32_t start) {
    const uint32_t bits = type.limits.is64 ? 64 : 32;
    // 2^bits bytes; with pages of one byte the greatest number that the bounds can hold.
    const uint64_t most = type.pageSizeLog2 != 0 ? uint64_t{1} << (bits - type.pageSizeLog2)
                          : bits == 64           ? ~uint64_t{0}
                                                 : 0xffffffffu;
    if (std::max(type.limits.min, type.limits.max.value_or(0)) > most) {
        return reader.fail(ErrorCode::Invalid,
                           "memory size must be at most " + std::to_string(most) + " pages" +
                               (most == 65536 ? " (4GiB)" : ""),
                           start);
    }
    if (type.limits.max && *type.limits.max < type.limits.min)
        return reader.fail(ErrorCode::Invalid, "size minimum must not be greater than maximum", start);
    if (type.shared && !type.limits.max)
        reader.fail(ErrorCode::Invalid, "shared memory must have maximum", start);
}

}  // namespace

// --- Defined types ----------------------------------------------------------------------------------------------

void TypeReader::recursionGroup(BinaryReader& reader) {
    const auto first = static_cast<uint32_t>(m_module.types.size());
    const uint32_t left = limits::kTypes - std::min(limits::kTypes, first);
    uint32_t size = 1;
    if (reader.peek() == 0x4e) {
        reader.u8();
        size = reader.count("types", left, 2);
    } else if (left == 0) {
        return reader.fail(ErrorCode::Limit, "too many types: limit " + std::to_string(limits::kTypes));
    }
    m_groupEnd = first + size;
    for (uint32_t i = 0; i < size && reader.ok(); ++i)
        subtype(reader, first, size);
}

void TypeReader::subtype(BinaryReader& reader, uint32_t groupFirst, uint32_t groupSize) {
    const uint32_t start = reader.offset();
    DefinedType type;
    type.groupFirst = groupFirst;
    type.groupSize = groupSize;
    uint8_t form = reader.u8();
    if (form == 0x50 || form == 0x4f) {
        type.isFinal = form == 0x4f;
        if (!supertype(reader, type, start)) return;
        form = reader.u8();
    }
    composite(reader, type, form, start);
    m_depths.push_back(type.super ? static_cast<uint8_t>(m_depths[type.super->value] + 1) : 0);
    m_module.types.push_back(std::move(type));
}

bool TypeReader::supertype(BinaryReader& reader, DefinedType& type, uint32_t start) {
    const uint32_t supers = reader.count("supertypes", limits::kTypes);
    if (supers > 1) reader.fail(ErrorCode::Invalid, "sub type: more than one supertype", start);
    if (supers != 1) return reader.ok();
    const uint32_t index = reader.u32();
    if (!reader.ok()) return false;
    if (index >= m_module.types.size())
        reader.fail(ErrorCode::Invalid,
                    "unknown type " + std::to_string(index) + ": a supertype must stand before its subtypes",
                    start);
    else if (m_depths[index] >= limits::kSubtypingDepth)
        reader.fail(ErrorCode::Limit,
                    "sub type hierarchy too deep: limit " + std::to_string(limits::kSubtypingDepth), start);
    type.super = TypeIdx(index);
    return reader.ok();
}

void TypeReader::composite(BinaryReader& reader, DefinedType& type, uint8_t form, uint32_t start) {
    switch (form) {
    case 0x60:
        type.kind = CompositeKind::Func;
        each(reader, "parameters", limits::kParams, 1, [&] { type.func.params.push_back(valType(reader)); });
        each(reader, "results", limits::kResults, 1, [&] { type.func.results.push_back(valType(reader)); });
        break;
    case 0x5f:
        type.kind = CompositeKind::Struct;
        each(reader, "fields", limits::kFields, 2,
             [&] { type.structure.fields.push_back(fieldType(reader)); });
        break;
    case 0x5e:
        type.kind = CompositeKind::Array;
        type.array.element = fieldType(reader);
        break;
    default: reader.fail(ErrorCode::Malformed, "malformed definition type: " + hex(form), start);
    }
}

FieldType TypeReader::fieldType(BinaryReader& reader) const {
    FieldType field;
    if (reader.peek() == 0x78 || reader.peek() == 0x77) {
        field.packed = reader.u8() == 0x78 ? PackedKind::I8 : PackedKind::I16;
        field.type = kI32;
    } else {
        field.type = valType(reader);
    }
    field.isMutable = mutability(reader);
    return field;
}

// --- Uses of types ----------------------------------------------------------------------------------------------

ValType TypeReader::known(BinaryReader& reader, ValType type, uint32_t start) const {
    if (!reader.ok() || !type.isRef() || type.heap().isAbstract() || type.heap().defined().value < m_groupEnd)
        return type;
    reader.fail(ErrorCode::Invalid, "unknown type " + std::to_string(type.heap().defined().value), start);
    return kI32;
}

ValType TypeReader::valType(BinaryReader& reader) const {
    const uint32_t start = reader.offset();
    return known(reader, reader.valType(), start);
}

ValType TypeReader::refType(BinaryReader& reader) const {
    const uint32_t start = reader.offset();
    return known(reader, reader.refType(), start);
}

TypeIdx TypeReader::functionType(BinaryReader& reader) const {
    const uint32_t start = reader.offset();
    const uint32_t index = reader.u32();
    if (reader.ok() && index >= m_module.types.size())
        reader.fail(ErrorCode::Invalid, "unknown type " + std::to_string(index), start);
    else if (reader.ok() && m_module.types[index].kind != CompositeKind::Func)
        reader.fail(ErrorCode::Invalid,
                    "unknown type: type " + std::to_string(index) + " is no function type", start);
    return TypeIdx(index);
}

TableType TypeReader::tableType(BinaryReader& reader) const {
    TableType type;
    type.element = refType(reader);
    const uint32_t start = reader.offset();
    const uint32_t flags = reader.u8();
    if ((flags & ~(kHasMax | kIs64)) != 0)
        reader.fail(ErrorCode::Malformed, "malformed limits flags: " + hex(flags), start);
    type.limits = limitsOf(reader, flags);
    if (!reader.ok()) return type;
    if (!type.limits.is64 && std::max(type.limits.min, type.limits.max.value_or(0)) > 0xffffffffu)
        reader.fail(ErrorCode::Invalid, "table size must be at most 2^32-1", start);
    if (type.limits.max && *type.limits.max < type.limits.min)
        reader.fail(ErrorCode::Invalid, "size minimum must not be greater than maximum", start);
    return type;
}

MemoryType TypeReader::memoryType(BinaryReader& reader) {
    MemoryType type;
    const uint32_t start = reader.offset();
    const uint32_t flags = reader.u8();
    if (flags > (kHasMax | kShared | kIs64 | kHasPageSize))
        reader.fail(ErrorCode::Malformed, "malformed limits flags: " + hex(flags), start);
    type.limits = limitsOf(reader, flags);
    type.shared = (flags & kShared) != 0;
    if (flags & kHasPageSize) {
        const uint32_t log2 = reader.u32();
        const std::string size = "2^" + std::to_string(log2) + " bytes, only 1 and 65536 are allowed";
        if (log2 > 63)
            reader.fail(ErrorCode::Malformed, "invalid custom page size: " + size, start);
        else if (log2 != 0 && log2 != 16)
            reader.fail(ErrorCode::Invalid, "invalid custom page size: " + size, start);
        type.pageSizeLog2 = static_cast<uint8_t>(log2);
    }
    if (reader.ok()) checkMemoryType(reader, type, start);
    return type;
}

GlobalType TypeReader::globalType(BinaryReader& reader) const {
    GlobalType type;
    type.type = valType(reader);
    type.isMutable = mutability(reader);
    return type;
}

TagType TypeReader::tagType(BinaryReader& reader) const {
    const uint8_t attribute = reader.u8();
    if (attribute != 0)
        reader.fail(ErrorCode::Malformed, "malformed tag attribute: " + hex(attribute), reader.offset() - 1);
    return {functionType(reader)};
}

}  // namespace engine
