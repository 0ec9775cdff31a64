// decodeModule: the binary grammar of modules (standard, section 5.5), one pass over the sections.
#include <algorithm>
#include <array>

#include "engine/binary_reader.h"
#include "engine/file_kind.h"
#include "engine/instruction_reader.h"
#include "engine/limits.h"
#include "engine/module.h"
#include "engine/module_lazy.h"
#include "engine/type_reader.h"
#include "engine/type_registry.h"

namespace engine {

namespace {

struct SectionKind {
    std::string_view name;
    uint8_t order;  // position in the file; custom sections may stand anywhere
};
constexpr std::array<SectionKind, 14> kSections = {{{"custom", 0},
                                                    {"type", 1},
                                                    {"import", 2},
                                                    {"function", 3},
                                                    {"table", 4},
                                                    {"memory", 5},
                                                    {"global", 7},
                                                    {"export", 8},
                                                    {"start", 9},
                                                    {"element", 10},
                                                    {"code", 12},
                                                    {"data", 13},
                                                    {"data count", 11},
                                                    {"tag", 6}}};

class Decoder {
public:
    Decoder(Module& module, std::span<const uint8_t> bytes)
        : m_module(module), m_bytes(bytes), m_types(module) {}

    Result<> run() {
        if (auto header = checkHeader(); !header) return header;
        uint32_t at = 8;
        while (at < m_bytes.size()) {
            if (auto section = decodeSection(at); !section) return section;
            at = m_module.sections.back().whole.end;
        }
        return finish();
    }

private:
    using Reader = BinaryReader;

    Result<> checkHeader() {
        constexpr std::array<uint8_t, 4> kMagic = {0, 'a', 's', 'm'};
        if (m_bytes.size() < 8 || !std::equal(kMagic.begin(), kMagic.end(), m_bytes.begin()))
            return describeOther(m_bytes);
        const uint32_t version = m_bytes[4] | m_bytes[5] << 8, layer = m_bytes[6] | m_bytes[7] << 8;
        if (layer == 0 && version == 1) return {};
        if (layer == 1 && version == 0x0d)
            return Error{ErrorCode::Unsupported, "this is a component (WASI 0.2), not a core module", {}};
        Error error{ErrorCode::Malformed, "unknown binary version " + hex(version | layer << 16), {}};
        error.where.offset = 4;
        return error;
    }

    /// One section at `begin`; leaves it in module.sections.
    Result<> decodeSection(uint32_t begin) {
        Reader reader(m_bytes, {begin, static_cast<uint32_t>(m_bytes.size())});
        Section section;
        section.id = reader.u8();
        if (section.id >= kSections.size()) {
            reader.fail(ErrorCode::Malformed, "malformed section id " + std::to_string(section.id), begin);
            return error(reader, "");
        }
        const std::string_view kind = kSections[section.id].name;
        section.name = kind;
        const uint32_t size = reader.u32();
        if (reader.ok() && size > reader.remaining())
            reader.fail(ErrorCode::Malformed,
                        "length out of bounds: the " + std::string(kind) + " section has " +
                            std::to_string(size) + " bytes, the file " + std::to_string(reader.remaining()),
                        begin + 1);
        if (!reader.ok()) return error(reader, kind);
        section.payload = {reader.offset(), reader.offset() + size};
        section.whole = {begin, section.payload.end};
        if (section.id != 0) {
            const uint8_t order = kSections[section.id].order;
            if (order <= m_lastOrder) {
                reader.fail(ErrorCode::Malformed,
                            "unexpected content after last section: " + std::string(kind) +
                                (order == m_lastOrder ? " section twice" : " section out of order"),
                            begin);
                return error(reader, kind);
            }
            m_lastOrder = order;
        }
        Reader contents(m_bytes, section.payload);
        decodeContents(contents, section);
        if (contents.ok() && !contents.atEnd())
            contents.fail(ErrorCode::Malformed,
                          "section size mismatch: " + std::to_string(contents.remaining()) +
                              " bytes left in the " + std::string(kind) + " section");
        if (!contents.ok()) return error(contents, kind);
        if (section.id == 1) {
            auto canonical = canonicalizeTypes(m_module);
            if (!canonical) return canonical;
        }
        m_module.sections.push_back(std::move(section));
        return {};
    }

    void decodeContents(Reader& reader, Section& section) {
        switch (section.id) {
        case 0:
            section.name = reader.name();
            section.payload.begin = reader.offset();
            reader.skip(reader.remaining());
            break;
        case 1:
            section.count = each(reader, "types", limits::kTypes, 2, [&] { m_types.recursionGroup(reader); });
            break;
        case 2: section.count = each(reader, "imports", limits::kImports, 4, [&] { import(reader); }); break;
        case 3:
            section.count = each(reader, "functions", left(limits::kFunctions, m_module.functions), 1, [&] {
                m_module.functions.push_back({m_types.functionType(reader), {}, {}, {}});
            });
            break;
        case 4:
            section.count =
                each(reader, "tables", left(limits::kTables, m_module.tables), 3, [&] { table(reader); });
            break;
        case 5:
            section.count = each(reader, "memories", left(limits::kMemories, m_module.memories), 2, [&] {
                m_module.memories.push_back({TypeReader::memoryType(reader), {}});
            });
            break;
        case 6:
            section.count =
                each(reader, "globals", left(limits::kGlobals, m_module.globals), 3, [&] { global(reader); });
            break;
        case 7:
            section.count = each(reader, "exports", limits::kExports, 3, [&] { exportEntry(reader); });
            break;
        case 8: m_module.start = FuncIdx(reader.u32()); break;
        case 9:
            section.count =
                each(reader, "element segments", limits::kElementSegments, 3, [&] { element(reader); });
            break;
        case 10: code(reader, section); break;
        case 11:
            section.count = each(reader, "data segments", limits::kDataSegments, 2, [&] { data(reader); });
            break;
        case 12: m_module.dataCount = reader.u32(); break;
        case 13:
            section.count = each(reader, "tags", left(limits::kTags, m_module.tags), 2, [&] {
                m_module.tags.push_back({m_types.tagType(reader), {}});
            });
            break;
        default: break;
        }
    }

    Error error(const Reader& reader, std::string_view section) const {
        Error result = reader.error();
        result.where.section = section;
        return result;
    }

    template <class Entries>
    static uint32_t left(uint32_t limit, const Entries& entries) {
        return limit - static_cast<uint32_t>(std::min<size_t>(limit, entries.size()));
    }

    // --- Sections ---

    void import(Reader& reader) {
        Import entry;
        entry.offset = reader.offset();
        entry.module = reader.name();
        entry.name = reader.name();
        const uint8_t kind = reader.u8();
        if (!reader.ok()) return;
        if (kind > 4)
            return reader.fail(ErrorCode::Malformed, "malformed import kind: " + hex(kind),
                               reader.offset() - 1);
        entry.kind = static_cast<ExternKind>(kind);
        const auto number = static_cast<uint32_t>(m_module.imports.size());
        const auto add = [&](auto& space, uint32_t& imported, uint32_t limit, auto item) {
            if (imported >= limit)
                return reader.fail(ErrorCode::Limit,
                                   "too many imported " + std::string(toText(entry.kind)) + "s: limit " +
                                       std::to_string(limit),
                                   entry.offset);
            entry.index = imported++;
            space.push_back(std::move(item));
        };
        switch (entry.kind) {
        case ExternKind::Func:
            add(m_module.functions, m_module.importedFunctions, limits::kFunctions,
                Function{m_types.functionType(reader), number, {}, {}});
            break;
        case ExternKind::Table:
            add(m_module.tables, m_module.importedTables, limits::kTables,
                Table{m_types.tableType(reader), number, {}});
            break;
        case ExternKind::Memory:
            add(m_module.memories, m_module.importedMemories, limits::kMemories,
                Memory{TypeReader::memoryType(reader), number});
            break;
        case ExternKind::Global:
            add(m_module.globals, m_module.importedGlobals, limits::kGlobals,
                Global{m_types.globalType(reader), number, {}});
            break;
        case ExternKind::Tag:
            add(m_module.tags, m_module.importedTags, limits::kTags, Tag{m_types.tagType(reader), number});
            break;
        }
        m_module.imports.push_back(std::move(entry));
    }

    ConstExpr constExpr(Reader& reader, bool declares) {
        const uint32_t begin = reader.offset();
        skipConstExpr(reader, [&](FuncIdx function) {
            if (declares) m_declared.push_back(function.value);
        });
        return {{begin, reader.offset()}};
    }

    void table(Reader& reader) {
        Table entry;
        const bool hasInit = reader.peek() == 0x40;
        if (hasInit) {
            reader.u8();
            if (reader.u8() != 0)
                reader.fail(ErrorCode::Malformed, "zero byte expected", reader.offset() - 1);
        }
        entry.type = m_types.tableType(reader);
        if (hasInit) entry.init = constExpr(reader, true);
        m_module.tables.push_back(entry);
    }

    void global(Reader& reader) {
        Global entry;
        entry.type = m_types.globalType(reader);
        entry.init = constExpr(reader, true);
        m_module.globals.push_back(entry);
    }

    void exportEntry(Reader& reader) {
        Export entry;
        entry.offset = reader.offset();
        entry.name = reader.name();
        const uint8_t kind = reader.u8();
        if (kind > 4)
            return reader.fail(ErrorCode::Malformed, "malformed export kind: " + hex(kind),
                               reader.offset() - 1);
        entry.kind = static_cast<ExternKind>(kind);
        entry.index = reader.u32();
        if (entry.kind == ExternKind::Func) m_declared.push_back(entry.index);
        m_module.exports.push_back(std::move(entry));
    }

    void element(Reader& reader) {
        const uint32_t start = reader.offset();
        const uint32_t flags = reader.u32();
        if (flags > 7)
            return reader.fail(ErrorCode::Malformed,
                               "malformed elements segment kind: " + std::to_string(flags), start);
        ElementSegment segment;
        const bool isActive = (flags & 1) == 0, isExplicit = (flags & 2) != 0;
        segment.mode = isActive     ? SegmentMode::Active
                       : isExplicit ? SegmentMode::Declarative
                                    : SegmentMode::Passive;
        segment.usesExpressions = (flags & 4) != 0;
        if (isActive) {
            if (isExplicit) segment.table = TableIdx(reader.u32());
            segment.offset = constExpr(reader, true);
        }
        segment.type = ValType::ref(AbstractHeap::Func, segment.usesExpressions);
        if (!isActive || isExplicit) {
            if (segment.usesExpressions)
                segment.type = m_types.refType(reader);
            else if (const uint8_t kind = reader.u8(); kind != 0)
                return reader.fail(ErrorCode::Malformed, "malformed element kind: " + hex(kind),
                                   reader.offset() - 1);
        }
        if (segment.usesExpressions) {
            each(reader, "elements", limits::kTableElements, 1,
                 [&] { segment.expressions.push_back(constExpr(reader, true)); });
        } else {
            each(reader, "elements", limits::kTableElements, 1, [&] {
                segment.functions.emplace_back(reader.u32());
                m_declared.push_back(segment.functions.back().value);
            });
        }
        m_module.elements.push_back(std::move(segment));
    }

    void code(Reader& reader, Section& section) {
        m_module.codeSection = section.payload;
        const uint32_t start = reader.offset();
        section.count = reader.count("functions", limits::kFunctions, 2);
        if (!reader.ok()) return;
        const auto defined = static_cast<uint32_t>(m_module.functions.size()) - m_module.importedFunctions;
        if (section.count != defined)
            return reader.fail(
                ErrorCode::Malformed,
                "function and code section have inconsistent lengths: " + std::to_string(defined) +
                    " functions, " + std::to_string(section.count) + " bodies",
                start);
        for (uint32_t i = 0; i < section.count && reader.ok(); ++i)
            body(reader, m_module.importedFunctions + i);
    }

    void body(Reader& reader, uint32_t index) {
        const uint32_t start = reader.offset();
        const uint32_t size = reader.u32();
        if (!reader.ok()) return;
        if (size > reader.remaining())
            return reader.fail(ErrorCode::Malformed,
                               "unexpected end of section or function: function " + std::to_string(index) +
                                   " has " + std::to_string(size) + " bytes, the section " +
                                   std::to_string(reader.remaining()),
                               start);
        if (size > limits::kBodyBytes)
            return reader.fail(ErrorCode::Limit,
                               "function body too long: function " + std::to_string(index) + " has " +
                                   std::to_string(size) + " bytes, limit " +
                                   std::to_string(limits::kBodyBytes),
                               start);
        const ByteRange range{reader.offset(), reader.offset() + size};
        Reader locals(m_bytes, range);
        checkLocals(locals, index);
        if (locals.ok() && locals.atEnd())
            locals.fail(ErrorCode::Malformed,
                        "END opcode expected: function " + std::to_string(index) + " has no instructions");
        if (!locals.ok())
            return reader.fail(locals.error().code, locals.error().message,
                               static_cast<uint32_t>(*locals.error().where.offset));
        m_module.functions[index].body = range;
        m_module.functions[index].code = {locals.offset(), range.end};
        reader.skip(size);
    }

    void checkLocals(Reader& reader, uint32_t index) const {
        uint64_t total = 0;
        const uint32_t groups = reader.count("groups of locals", limits::kBodyBytes, 2);
        for (uint32_t i = 0; i < groups && reader.ok(); ++i) {
            const uint32_t start = reader.offset();
            total += reader.u32();
            m_types.valType(reader);
            if (!reader.ok()) return;
            const bool beyondGrammar = total > 0xffffffffu;
            if (total > limits::kLocals)
                return reader.fail(beyondGrammar ? ErrorCode::Malformed : ErrorCode::Limit,
                                   "too many locals: function " + std::to_string(index) + " has " +
                                       std::to_string(total) + " locals, limit " +
                                       std::to_string(limits::kLocals),
                                   start);
        }
    }

    void data(Reader& reader) {
        const uint32_t start = reader.offset();
        const uint32_t flags = reader.u32();
        if (flags > 2)
            return reader.fail(ErrorCode::Malformed, "malformed data segment kind: " + std::to_string(flags),
                               start);
        DataSegment segment;
        segment.mode = flags == 1 ? SegmentMode::Passive : SegmentMode::Active;
        if (flags == 2) segment.memory = MemIdx(reader.u32());
        if (flags != 1) segment.offset = constExpr(reader, true);
        const uint32_t size = reader.u32();
        const uint32_t begin = reader.offset();
        reader.skip(size);
        segment.bytes = {begin, begin + (reader.ok() ? size : 0)};
        m_module.data.push_back(segment);
    }

    Result<> finish() {
        const auto malformed = [&](std::string message, std::string_view section) {
            Error error{ErrorCode::Malformed, std::move(message), {}};
            error.where.offset = m_bytes.size();
            error.where.section = section;
            return error;
        };
        const auto defined = static_cast<uint32_t>(m_module.functions.size()) - m_module.importedFunctions;
        if (defined != 0 && m_module.codeSection.begin == 0)
            return malformed("function and code section have inconsistent lengths: " +
                                 std::to_string(defined) + " functions, no code section",
                             "code");
        if (m_module.dataCount && *m_module.dataCount != m_module.data.size())
            return malformed("data count and data section have inconsistent lengths: " +
                                 std::to_string(*m_module.dataCount) + " announced, " +
                                 std::to_string(m_module.data.size()) + " found",
                             "data");
        m_module.declaredFunctions.assign(m_module.functions.size(), false);
        for (const uint32_t function : m_declared)
            if (function < m_module.functions.size()) m_module.declaredFunctions[function] = true;
        return {};
    }

    Module& m_module;
    std::span<const uint8_t> m_bytes;
    uint8_t m_lastOrder = 0;
    TypeReader m_types;
    std::vector<uint32_t> m_declared;  // functions named outside of code
};

}  // namespace

Result<std::shared_ptr<Module>> decodeModule(std::shared_ptr<const std::vector<uint8_t>> bytes,
                                             std::string fileName) {
    auto module = std::make_shared<Module>();
    module->bytes = std::move(bytes);
    module->fileName = std::move(fileName);
    module->lazy = std::make_shared<Module::Lazy>();
    const auto fail = [&](Error error) {
        error.where.file = module->fileName;
        return error;
    };
    if (module->bytes->size() > limits::kFileBytes)
        return fail(Error{ErrorCode::Limit,
                          "module too large: " + std::to_string(module->bytes->size()) + " bytes, limit " +
                              std::to_string(limits::kFileBytes),
                          {}});
    if (auto decoded = Decoder(*module, *module->bytes).run(); !decoded)
        return fail(std::move(decoded.error()));
    return module;
}

}  // namespace engine
