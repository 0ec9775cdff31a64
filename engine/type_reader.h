// TypeReader: the types of the binary format (standard, section 5.3), with their indices looked up in the module that is being decoded.
// Failures stick to the reader.
#pragma once

#include <string_view>
#include <vector>

#include "engine/binary_reader.h"
#include "engine/module.h"

namespace engine {

class TypeReader {
public:
    /// Defined types are added to `module`.
    explicit TypeReader(Module& module) : m_module(module) {}

    void recursionGroup(BinaryReader& reader);
    ValType valType(BinaryReader& reader) const;
    ValType refType(BinaryReader& reader) const;
    /// A type index that must name a function type.
    TypeIdx functionType(BinaryReader& reader) const;
    TableType tableType(BinaryReader& reader) const;
    static MemoryType memoryType(BinaryReader& reader);
    GlobalType globalType(BinaryReader& reader) const;
    TagType tagType(BinaryReader& reader) const;

private:
    void subtype(BinaryReader& reader, uint32_t groupFirst, uint32_t groupSize);
    bool supertype(BinaryReader& reader, DefinedType& type, uint32_t start);
    void composite(BinaryReader& reader, DefinedType& type, uint8_t form, uint32_t start);
    FieldType fieldType(BinaryReader& reader) const;
    ValType known(BinaryReader& reader, ValType type, uint32_t start) const;

    Module& m_module;
    uint32_t m_groupEnd = 0;        // type indices below it may be referred to
    std::vector<uint8_t> m_depths;  // of the types in the subtype hierarchy
};

/// A vector: its count, checked as BinaryReader::count() does, then `entry` for each.
template <class Entry>
uint32_t each(BinaryReader& reader, std::string_view what, uint32_t limit, uint32_t minBytes,
              const Entry& entry) {
    const uint32_t count = reader.count(what, limit, minBytes);
    for (uint32_t i = 0; i < count && reader.ok(); ++i)
        entry();
    return count;
}

}  // namespace engine
