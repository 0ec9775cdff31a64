// The name section (standard, appendix 7.4.1, and the extended name section proposal). Lenient: what is wrong is left out and told.
#include <algorithm>

#include "engine/binary_reader.h"
#include "engine/limits.h"
#include "engine/module_lazy.h"

namespace engine {

namespace {

constexpr size_t kMaxWarnings = 20;

/// The text with every byte that is not part of well-formed UTF-8 replaced by U+FFFD.
std::string repaired(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        size_t length = 1;
        while (length < 4 && length < text.size() && !isUtf8(text.substr(0, length)))
            ++length;
        if (isUtf8(text.substr(0, length))) {
            result += text.substr(0, length);
        } else {
            result += "\xef\xbf\xbd";
            length = 1;
        }
        text.remove_prefix(length);
    }
    return result;
}

class NameSection {
public:
    NameSection(const Module& module, Names& names) : m_module(module), m_names(names) {}

    void parse(ByteRange range) {
        BinaryReader reader(*m_module.bytes, range);
        while (reader.ok() && !reader.atEnd()) {
            const uint8_t id = reader.u8();
            const uint32_t size = reader.u32();
            if (!reader.ok()) break;
            if (size > reader.remaining()) {
                warn("subsection " + std::to_string(id) + " is longer than the section", reader.offset());
                break;
            }
            const uint32_t begin = reader.offset();
            reader.skip(size);
            BinaryReader contents(*m_module.bytes, {begin, begin + size});
            subsection(id, contents);
            if (!contents.ok())
                warn(contents.error().message, static_cast<uint32_t>(*contents.error().where.offset));
        }
        if (!reader.ok()) warn(reader.error().message, reader.offset());
    }

private:
    using Map = std::unordered_map<uint32_t, std::string>;

    void subsection(uint8_t id, BinaryReader& reader) {
        const auto size = [](const auto& entries) { return static_cast<uint32_t>(entries.size()); };
        switch (id) {
        case 0: m_names.module = name(reader); break;
        case 1: map(reader, m_names.functions, size(m_module.functions), "function"); break;
        case 2:
            nested(reader, m_names.locals, size(m_module.functions), limits::kLocals + limits::kParams,
                   "function", "local");
            break;
        case 4: map(reader, m_names.types, size(m_module.types), "type"); break;
        case 5: map(reader, m_names.tables, size(m_module.tables), "table"); break;
        case 6: map(reader, m_names.memories, size(m_module.memories), "memory"); break;
        case 7: map(reader, m_names.globals, size(m_module.globals), "global"); break;
        case 8: map(reader, m_names.elements, size(m_module.elements), "element segment"); break;
        case 9: map(reader, m_names.data, size(m_module.data), "data segment"); break;
        case 10:
            if (hasStructs())
                nested(reader, m_names.fields, size(m_module.types), limits::kFields, "type", "field");
            else  // the number that tags had before there were fields; wabt writes it still
                map(reader, m_names.tags, size(m_module.tags), "tag");
            break;
        case 11: map(reader, m_names.tags, size(m_module.tags), "tag"); break;
        default: break;  // labels, and what will come
        }
    }

    bool hasStructs() const {
        return std::any_of(m_module.types.begin(), m_module.types.end(),
                           [](const DefinedType& type) { return type.kind == CompositeKind::Struct; });
    }

    void map(BinaryReader& reader, Map& into, uint32_t limit, std::string_view what) {
        const uint32_t count = reader.count("names", ~0u, 2);
        for (uint32_t i = 0; i < count && reader.ok(); ++i) {
            const uint32_t start = reader.offset();
            const uint32_t index = reader.u32();
            std::string text = name(reader);
            if (!reader.ok()) return;
            if (index >= limit)
                warn("name of " + std::string(what) + " " + std::to_string(index) + ", which does not exist",
                     start);
            else if (!into.try_emplace(index, std::move(text)).second)
                warn("second name of " + std::string(what) + " " + std::to_string(index), start);
        }
    }

    void nested(BinaryReader& reader, Names::Nested& into, uint32_t limit, uint32_t innerLimit,
                std::string_view what, const std::string& inner) {
        const uint32_t count = reader.count(what == "type" ? "types" : "functions", ~0u, 2);
        for (uint32_t i = 0; i < count && reader.ok(); ++i) {
            const uint32_t start = reader.offset();
            const uint32_t outer = reader.u32();
            Map names;
            map(reader, names, innerLimit, inner);
            if (outer >= limit)
                warn("names of " + inner + "s of " + std::string(what) + " " + std::to_string(outer) +
                         ", which does not exist",
                     start);
            else if (!names.empty())
                into[outer].merge(names);
        }
    }

    std::string name(BinaryReader& reader) {
        const uint32_t start = reader.offset();
        const uint32_t length = reader.u32();
        const auto bytes = reader.bytes(reader.ok() ? length : 0);
        std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (text.size() > limits::kNameBytes) {
            warn("name of " + std::to_string(text.size()) + " bytes cut to " +
                     std::to_string(limits::kNameBytes),
                 start);
            text = text.substr(0, limits::kNameBytes);
        }
        if (isUtf8(text)) return std::string(text);
        warn("malformed UTF-8 encoding", start);
        return repaired(text);
    }

    void warn(const std::string& message, uint32_t offset) {
        if (m_names.warnings.size() < kMaxWarnings)
            m_names.warnings.push_back("name section, offset " + hex(offset) + ": " + message);
    }

    const Module& m_module;
    Names& m_names;
};

}  // namespace

Names parseNames(const Module& module) {
    Names names;
    if (const Section* section = module.custom("name")) NameSection(module, names).parse(section->payload);
    return names;
}

}  // namespace engine
