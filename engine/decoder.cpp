// decodeModule: the binary grammar of modules (standard, section 5.5), one pass over the sections.
#include <algorithm>
#include <array>

#include "engine/binary_reader.h"
#include "engine/instruction_reader.h"
#include "engine/limits.h"
#include "engine/module.h"
#include "engine/module_lazy.h"
#include "engine/type_registry.h"

namespace engine {

namespace {

struct SectionKind {
    std::string_view name;
    uint8_t order;  // position in the file; custom sections may stand anywhere
};
constexpr std::array<SectionKind, 14> kSections = {{{"custom", 0}, {"type", 1}, {"import", 2}, {"function", 3}, {"table", 4},
    {"memory", 5}, {"global", 7}, {"export", 8}, {"start", 9}, {"element", 10}, {"code", 12}, {"data", 13}, {"data count", 11},
    {"tag", 6}}};

Error notWasm(std::string message) { return Error{ErrorCode::NotWasm, "magic header not detected: " + std::move(message), {}}; }

bool startsWith(std::span<const uint8_t> bytes, std::string_view what) {
    return bytes.size() >= what.size() && std::equal(what.begin(), what.end(), bytes.begin(), [](char a, uint8_t b) {
        return static_cast<uint8_t>(a) == b;
    });
}

/// What a file that is no WebAssembly binary seems to be instead.
Error describeOther(std::span<const uint8_t> bytes) {
    using namespace std::string_view_literals;
    if (bytes.empty()) return Error{ErrorCode::NotWasm, "unexpected end: the file is empty", {}};
    if (startsWith(bytes, "\x7f"
                          "ELF"sv)) return notWasm("this is a native program or object file (ELF); compile for wasm32-wasip1");
    if (startsWith(bytes, "\x1f\x8b"sv)) return notWasm("this file is compressed (gzip); unpack it first");
    if (startsWith(bytes, "\x28\xb5\x2f\xfd"sv)) return notWasm("this file is compressed (zstd); unpack it first");
    if (startsWith(bytes, "PK\x03\x04"sv)) return notWasm("this is a ZIP archive; unpack it first");
    if (startsWith(bytes, "!<arch>"sv)) return notWasm("this is a static library (ar); link it to a program first");
    if (startsWith(bytes, "MZ"sv)) return notWasm("this is a Windows program");
    if (startsWith(bytes, "BC\xc0\xde"sv)) return notWasm("this is LLVM bitcode; link it to a program first");
    if (startsWith(bytes, "\0asm"sv.substr(0, bytes.size()))) return Error{ErrorCode::Malformed, "unexpected end: only " + std::to_string(bytes.size()) + " bytes of a header", {}};
    const auto first = std::find_if(bytes.begin(), bytes.end(), [](uint8_t c) { return c != ' ' && c != '\n' && c != '\t' && c != '\r'; });
    if (first != bytes.end() && (*first == '(' || (*first == ';' && first + 1 != bytes.end() && first[1] == ';')))
        return notWasm("text format: this is WebAssembly text; assemble it first, e.g. with wat2wasm");
    const bool isText = std::all_of(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(std::min<size_t>(bytes.size(), 512)),
                                    [](uint8_t c) { return c >= 32 || c == '\n' || c == '\t' || c == '\r'; });
    return notWasm(isText ? "this is a text file" : "unknown kind of file");
}

class Decoder {
public:
    Decoder(Module& module, std::span<const uint8_t> bytes) : m_module(module), m_bytes(bytes) {}

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
        if (m_bytes.size() < 8) {
            using namespace std::string_view_literals;
            if (m_bytes.size() >= 4 && startsWith(m_bytes, "\0asm"sv))
                return Error{ErrorCode::Malformed, "unexpected end: the header has only " + std::to_string(m_bytes.size()) + " bytes", {}};
            return describeOther(m_bytes);
        }
        if (m_bytes[0] != 0 || m_bytes[1] != 'a' || m_bytes[2] != 's' || m_bytes[3] != 'm') return describeOther(m_bytes);
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
            reader.fail(ErrorCode::Malformed, "length out of bounds: the " + std::string(kind) + " section has " + std::to_string(size) + " bytes, the file " + std::to_string(reader.remaining()), begin + 1);
        if (!reader.ok()) return error(reader, kind);
        section.payload = {reader.offset(), reader.offset() + size};
        section.whole = {begin, section.payload.end};
        if (section.id != 0) {
            const uint8_t order = kSections[section.id].order;
            if (order <= m_lastOrder) {
                reader.fail(ErrorCode::Malformed, "unexpected content after last section: " + std::string(kind) + (order == m_lastOrder ? " section twice" : " section out of order"), begin);
                return error(reader, kind);
            }
            m_lastOrder = order;
        }
        Reader contents(m_bytes, section.payload);
        decodeContents(contents, section);
        if (contents.ok() && !contents.atEnd())
            contents.fail(ErrorCode::Malformed, "section size mismatch: " + std::to_string(contents.remaining()) + " bytes left in the " + std::string(kind) + " section");
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
        case 1: section.count = each(reader, "types", limits::kTypes, 2, [&] { recursionGroup(reader); }); break;
        case 2: section.count = each(reader, "imports", limits::kImports, 4, [&] { import(reader); }); break;
        case 3: section.count = each(reader, "functions", left(limits::kFunctions, m_module.functions), 1, [&] { m_module.functions.push_back({functionType(reader), {}, {}, {}}); }); break;
        case 4: section.count = each(reader, "tables", left(limits::kTables, m_module.tables), 3, [&] { table(reader); }); break;
        case 5: section.count = each(reader, "memories", left(limits::kMemories, m_module.memories), 2, [&] { m_module.memories.push_back({memoryType(reader), {}}); }); break;
        case 6: section.count = each(reader, "globals", left(limits::kGlobals, m_module.globals), 3, [&] { global(reader); }); break;
        case 7: section.count = each(reader, "exports", limits::kExports, 3, [&] { exportEntry(reader); }); break;
        case 8: m_module.start = FuncIdx(reader.u32()); break;
        case 9: section.count = each(reader, "element segments", limits::kElementSegments, 3, [&] { element(reader); }); break;
        case 10: code(reader, section); break;
        case 11: section.count = each(reader, "data segments", limits::kDataSegments, 2, [&] { data(reader); }); break;
        case 12: m_module.dataCount = reader.u32(); break;
        case 13: section.count = each(reader, "tags", left(limits::kTags, m_module.tags), 2, [&] { m_module.tags.push_back({tagType(reader), {}}); }); break;
        default: break;
        }
    }

    Error error(const Reader& reader, std::string_view section) const {
        Error result = reader.error();
        result.where.section = section;
        return result;
    }

    template <class Entries>
    static uint32_t left(uint32_t limit, const Entries& entries) { return limit - static_cast<uint32_t>(std::min<size_t>(limit, entries.size())); }

    /// A vector: its count, then `entry` for each.
    template <class Entry>
    static uint32_t each(Reader& reader, std::string_view what, uint32_t limit, uint32_t minBytes, const Entry& entry) {
        const uint32_t count = reader.count(what, limit, minBytes);
        for (uint32_t i = 0; i < count && reader.ok(); ++i) entry();
        return count;
    }

    // --- Types (section 5.3) ---

    void recursionGroup(Reader& reader) {
        const auto first = static_cast<uint32_t>(m_module.types.size());
        if (reader.peek() == 0x4e && !reader.atEnd()) {
            reader.u8();
            const uint32_t size = reader.count("types", limits::kTypes - std::min(limits::kTypes, first), 2);
            m_groupEnd = first + size;
            for (uint32_t i = 0; i < size && reader.ok(); ++i) subtype(reader, first, size);
        } else {
            if (first >= limits::kTypes) return reader.fail(ErrorCode::Limit, "too many types: limit " + std::to_string(limits::kTypes));
            m_groupEnd = first + 1;
            subtype(reader, first, 1);
        }
    }

    void subtype(Reader& reader, uint32_t groupFirst, uint32_t groupSize) {
        const uint32_t start = reader.offset();
        const auto index = static_cast<uint32_t>(m_module.types.size());
        DefinedType type;
        type.groupFirst = groupFirst;
        type.groupSize = groupSize;
        uint8_t form = reader.u8();
        uint32_t depth = 0;
        if (form == 0x50 || form == 0x4f) {
            type.isFinal = form == 0x4f;
            const uint32_t supers = reader.count("supertypes", limits::kTypes);
            if (supers > 1) return reader.fail(ErrorCode::Invalid, "sub type: more than one supertype", start);
            if (supers == 1) {
                type.super = TypeIdx(reader.u32());
                if (reader.ok() && type.super->value >= index)
                    return reader.fail(ErrorCode::Invalid, "unknown type " + std::to_string(type.super->value) + ": a supertype must stand before its subtypes", start);
                if (!reader.ok()) return;
                depth = m_depths[type.super->value] + 1u;
                if (depth > limits::kSubtypingDepth)
                    return reader.fail(ErrorCode::Limit, "sub type hierarchy too deep: limit " + std::to_string(limits::kSubtypingDepth), start);
            }
            form = reader.u8();
        }
        switch (form) {
        case 0x60:
            type.kind = CompositeKind::Func;
            each(reader, "parameters", limits::kParams, 1, [&] { type.func.params.push_back(valType(reader)); });
            each(reader, "results", limits::kResults, 1, [&] { type.func.results.push_back(valType(reader)); });
            break;
        case 0x5f:
            type.kind = CompositeKind::Struct;
            each(reader, "fields", limits::kFields, 2, [&] { type.structure.fields.push_back(fieldType(reader)); });
            break;
        case 0x5e:
            type.kind = CompositeKind::Array;
            type.array.element = fieldType(reader);
            break;
        default: reader.fail(ErrorCode::Malformed, "malformed definition type: " + hex(form), start); return;
        }
        m_depths.push_back(static_cast<uint8_t>(depth));
        m_module.types.push_back(std::move(type));
    }

    FieldType fieldType(Reader& reader) {
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

    static bool mutability(Reader& reader) {
        const uint8_t byte = reader.u8();
        if (byte > 1) reader.fail(ErrorCode::Malformed, "malformed mutability: " + hex(byte), reader.offset() - 1);
        return byte == 1;
    }

    ValType known(Reader& reader, ValType type, uint32_t start) const {
        if (reader.ok() && type.isRef() && !type.heap().isAbstract() && type.heap().defined().value >= m_groupEnd) {
            reader.fail(ErrorCode::Invalid, "unknown type " + std::to_string(type.heap().defined().value), start);
            return kI32;
        }
        return type;
    }
    ValType valType(Reader& reader) const {
        const uint32_t start = reader.offset();
        return known(reader, reader.valType(), start);
    }
    ValType refType(Reader& reader) const {
        const uint32_t start = reader.offset();
        return known(reader, reader.refType(), start);
    }

    /// A type index that must name a function type.
    TypeIdx functionType(Reader& reader) const {
        const uint32_t start = reader.offset();
        const uint32_t index = reader.u32();
        if (reader.ok() && index >= m_module.types.size()) reader.fail(ErrorCode::Invalid, "unknown type " + std::to_string(index), start);
        else if (reader.ok() && m_module.types[index].kind != CompositeKind::Func)
            reader.fail(ErrorCode::Invalid, "unknown type: type " + std::to_string(index) + " is no function type", start);
        return TypeIdx(index);
    }

    static constexpr uint32_t kHasMax = 1, kShared = 2, kIs64 = 4, kHasPageSize = 8;

    static Limits limitsOf(Reader& reader, uint32_t flags) {
        Limits result;
        result.is64 = (flags & kIs64) != 0;
        result.min = reader.u64();
        if (flags & kHasMax) result.max = reader.u64();
        return result;
    }

    TableType tableType(Reader& reader) const {
        TableType type;
        type.element = refType(reader);
        const uint32_t start = reader.offset();
        const uint32_t flags = reader.u8();
        if ((flags & ~(kHasMax | kIs64)) != 0) reader.fail(ErrorCode::Malformed, "malformed limits flags: " + hex(flags), start);
        type.limits = limitsOf(reader, flags);
        if (!reader.ok()) return type;
        if (!type.limits.is64 && std::max(type.limits.min, type.limits.max.value_or(0)) > 0xffffffffu)
            reader.fail(ErrorCode::Invalid, "table size must be at most 2^32-1", start);
        if (type.limits.max && *type.limits.max < type.limits.min)
            reader.fail(ErrorCode::Invalid, "size minimum must not be greater than maximum", start);
        return type;
    }

    static MemoryType memoryType(Reader& reader) {
        MemoryType type;
        const uint32_t start = reader.offset();
        const uint32_t flags = reader.u8();
        if (flags > 0xf) reader.fail(ErrorCode::Malformed, "malformed limits flags: " + hex(flags), start);
        type.limits = limitsOf(reader, flags);
        type.shared = (flags & kShared) != 0;
        if (flags & kHasPageSize) {
            const uint32_t log2 = reader.u32();
            if (reader.ok() && log2 > 63) reader.fail(ErrorCode::Malformed, "invalid custom page size: 2^" + std::to_string(log2), start);
            else if (reader.ok() && log2 != 0 && log2 != 16) reader.fail(ErrorCode::Invalid, "invalid custom page size: 2^" + std::to_string(log2) + " bytes, only 1 and 65536 are allowed", start);
            type.pageSizeLog2 = static_cast<uint8_t>(log2);
        }
        if (reader.ok()) checkMemoryType(reader, type, start);
        return type;
    }

    static void checkMemoryType(Reader& reader, const MemoryType& type, uint32_t start) {
        const uint32_t bits = type.limits.is64 ? 64 : 32;
        // 2^bits bytes; with pages of one byte the greatest number that the bounds can hold.
        const uint64_t most = type.pageSizeLog2 == 0 ? (bits == 64 ? ~uint64_t{0} : 0xffffffffu) : uint64_t{1} << (bits - type.pageSizeLog2);
        const uint64_t largest = std::max(type.limits.min, type.limits.max.value_or(0));
        if (largest > most)
            return reader.fail(ErrorCode::Invalid, "memory size must be at most " + std::to_string(most) + " pages" + (most == 65536 ? " (4GiB)" : ""), start);
        if (type.limits.max && *type.limits.max < type.limits.min)
            return reader.fail(ErrorCode::Invalid, "size minimum must not be greater than maximum", start);
        if (type.shared && !type.limits.max) reader.fail(ErrorCode::Invalid, "shared memory must have maximum", start);
    }

    GlobalType globalType(Reader& reader) const {
        GlobalType type;
        type.type = valType(reader);
        type.isMutable = mutability(reader);
        return type;
    }

    TagType tagType(Reader& reader) const {
        const uint8_t attribute = reader.u8();
        if (attribute != 0) reader.fail(ErrorCode::Malformed, "malformed tag attribute: " + hex(attribute), reader.offset() - 1);
        return {functionType(reader)};
    }

    // --- Sections (section 5.5) ---

    void import(Reader& reader) {
        Import entry;
        entry.offset = reader.offset();
        entry.module = reader.name();
        entry.name = reader.name();
        const uint8_t kind = reader.u8();
        if (!reader.ok()) return;
        if (kind > 4) return reader.fail(ErrorCode::Malformed, "malformed import kind: " + hex(kind), reader.offset() - 1);
        entry.kind = static_cast<ExternKind>(kind);
        const auto number = static_cast<uint32_t>(m_module.imports.size());
        const auto add = [&](auto& space, uint32_t& imported, uint32_t limit, auto&& item) {
            if (imported >= limit) return reader.fail(ErrorCode::Limit, "too many imported " + std::string(toText(entry.kind)) + "s: limit " + std::to_string(limit), entry.offset);
            entry.index = imported++;
            space.push_back(std::move(item));
        };
        switch (entry.kind) {
        case ExternKind::Func: add(m_module.functions, m_module.importedFunctions, limits::kFunctions, Function{functionType(reader), number, {}, {}}); break;
        case ExternKind::Table: add(m_module.tables, m_module.importedTables, limits::kTables, Table{tableType(reader), number, {}}); break;
        case ExternKind::Memory: add(m_module.memories, m_module.importedMemories, limits::kMemories, Memory{memoryType(reader), number}); break;
        case ExternKind::Global: add(m_module.globals, m_module.importedGlobals, limits::kGlobals, Global{globalType(reader), number, {}}); break;
        case ExternKind::Tag: add(m_module.tags, m_module.importedTags, limits::kTags, Tag{tagType(reader), number}); break;
        }
        m_module.imports.push_back(std::move(entry));
    }

    ConstExpr constExpr(Reader& reader, bool declares) {
        const uint32_t begin = reader.offset();
        skipConstExpr(reader, [&](FuncIdx function) { if (declares) m_declared.push_back(function.value); });
        return {{begin, reader.offset()}};
    }

    void table(Reader& reader) {
        Table entry;
        const bool hasInit = reader.peek() == 0x40;
        if (hasInit) {
            reader.u8();
            if (reader.u8() != 0) reader.fail(ErrorCode::Malformed, "zero byte expected", reader.offset() - 1);
        }
        entry.type = tableType(reader);
        if (hasInit) entry.init = constExpr(reader, true);
        m_module.tables.push_back(std::move(entry));
    }

    void global(Reader& reader) {
        Global entry;
        entry.type = globalType(reader);
        entry.init = constExpr(reader, true);
        m_module.globals.push_back(entry);
    }

    void exportEntry(Reader& reader) {
        Export entry;
        entry.offset = reader.offset();
        entry.name = reader.name();
        const uint8_t kind = reader.u8();
        if (kind > 4) return reader.fail(ErrorCode::Malformed, "malformed export kind: " + hex(kind), reader.offset() - 1);
        entry.kind = static_cast<ExternKind>(kind);
        entry.index = reader.u32();
        if (entry.kind == ExternKind::Func) m_declared.push_back(entry.index);
        m_module.exports.push_back(std::move(entry));
    }

    void element(Reader& reader) {
        const uint32_t start = reader.offset();
        const uint32_t flags = reader.u32();
        if (flags > 7) return reader.fail(ErrorCode::Malformed, "malformed elements segment kind: " + std::to_string(flags), start);
        ElementSegment segment;
        const bool isActive = (flags & 1) == 0, isExplicit = (flags & 2) != 0;
        segment.mode = isActive ? SegmentMode::Active : isExplicit ? SegmentMode::Declarative : SegmentMode::Passive;
        segment.usesExpressions = (flags & 4) != 0;
        if (isActive) {
            if (isExplicit) segment.table = TableIdx(reader.u32());
            segment.offset = constExpr(reader, true);
        }
        segment.type = ValType::ref(AbstractHeap::Func, segment.usesExpressions);
        if (!isActive || isExplicit) {
            if (segment.usesExpressions) segment.type = refType(reader);
            else if (const uint8_t kind = reader.u8(); kind != 0) return reader.fail(ErrorCode::Malformed, "malformed element kind: " + hex(kind), reader.offset() - 1);
        }
        if (segment.usesExpressions) {
            each(reader, "elements", limits::kTableElements, 1, [&] { segment.expressions.push_back(constExpr(reader, true)); });
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
            return reader.fail(ErrorCode::Malformed, "function and code section have inconsistent lengths: " + std::to_string(defined) + " functions, " + std::to_string(section.count) + " bodies", start);
        for (uint32_t i = 0; i < section.count && reader.ok(); ++i) body(reader, m_module.importedFunctions + i);
    }

    void body(Reader& reader, uint32_t index) {
        const uint32_t start = reader.offset();
        const uint32_t size = reader.u32();
        if (!reader.ok()) return;
        if (size > reader.remaining())
            return reader.fail(ErrorCode::Malformed, "unexpected end of section or function: function " + std::to_string(index) + " has " + std::to_string(size) + " bytes, the section " + std::to_string(reader.remaining()), start);
        if (size > limits::kBodyBytes)
            return reader.fail(ErrorCode::Limit, "function body too long: function " + std::to_string(index) + " has " + std::to_string(size) + " bytes, limit " + std::to_string(limits::kBodyBytes), start);
        const ByteRange range{reader.offset(), reader.offset() + size};
        Reader locals(m_bytes, range);
        checkLocals(locals, index);
        if (locals.ok() && locals.atEnd()) locals.fail(ErrorCode::Malformed, "END opcode expected: function " + std::to_string(index) + " has no instructions");
        if (!locals.ok()) return reader.fail(locals.error().code, locals.error().message, static_cast<uint32_t>(*locals.error().where.offset));
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
            valType(reader);
            if (!reader.ok()) return;
            const bool beyondGrammar = total > 0xffffffffu;
            if (total > limits::kLocals)
                return reader.fail(beyondGrammar ? ErrorCode::Malformed : ErrorCode::Limit, "too many locals: function " + std::to_string(index) + " has " + std::to_string(total) + " locals, limit " + std::to_string(limits::kLocals), start);
        }
    }

    void data(Reader& reader) {
        const uint32_t start = reader.offset();
        const uint32_t flags = reader.u32();
        if (flags > 2) return reader.fail(ErrorCode::Malformed, "malformed data segment kind: " + std::to_string(flags), start);
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
            return malformed("function and code section have inconsistent lengths: " + std::to_string(defined) + " functions, no code section", "code");
        if (m_module.dataCount && *m_module.dataCount != m_module.data.size())
            return malformed("data count and data section have inconsistent lengths: " + std::to_string(*m_module.dataCount) + " announced, " + std::to_string(m_module.data.size()) + " found", "data");
        m_module.declaredFunctions.assign(m_module.functions.size(), false);
        for (const uint32_t function : m_declared)
            if (function < m_module.functions.size()) m_module.declaredFunctions[function] = true;
        return {};
    }

    Module& m_module;
    std::span<const uint8_t> m_bytes;
    uint8_t m_lastOrder = 0;
    uint32_t m_groupEnd = 0;          // type indices below it may be referred to
    std::vector<uint8_t> m_depths;    // of the types in the subtype hierarchy
    std::vector<uint32_t> m_declared; // functions named outside of code
};

}  // namespace

Result<std::shared_ptr<Module>> decodeModule(std::shared_ptr<const std::vector<uint8_t>> bytes, std::string fileName) {
    auto module = std::make_shared<Module>();
    module->bytes = std::move(bytes);
    module->fileName = std::move(fileName);
    module->lazy = std::make_shared<Module::Lazy>();
    const auto fail = [&](Error error) {
        error.where.file = module->fileName;
        return error;
    };
    if (module->bytes->size() > limits::kFileBytes)
        return fail(Error{ErrorCode::Limit, "module too large: " + std::to_string(module->bytes->size()) + " bytes, limit " + std::to_string(limits::kFileBytes), {}});
    if (auto decoded = Decoder(*module, *module->bytes).run(); !decoded) return fail(std::move(decoded.error()));
    return module;
}

}  // namespace engine
