// Module: one decoded WebAssembly binary (standard, section 2.5). Immutable and shared by every Instance, the disassembler and the
// debugger; it owns the file's bytes, and everything in it refers to them by offset. Offsets are bytes from the start of the file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/result.h"
#include "engine/types.h"

namespace engine {

/// Bytes [begin, end) of the file.
struct ByteRange {
    uint32_t begin = 0;
    uint32_t end = 0;
    uint32_t size() const { return end - begin; }
    bool contains(uint32_t offset) const { return offset >= begin && offset < end; }
    bool operator==(const ByteRange&) const = default;
};

/// One section as it stands in the file; for the Module panel and `wscope inspect`.
struct Section {
    uint8_t id = 0;      // 0 = custom
    std::string name;    // "type", "code" …; of a custom section its own name
    ByteRange whole;     // with id and size
    ByteRange payload;   // contents; of a custom section what follows the name
    uint32_t count = 0;  // entries of a vector section, else 0
};

struct Import {
    std::string module;
    std::string name;
    ExternKind kind = ExternKind::Func;
    uint32_t index = 0;  // in the index space of its kind
    uint32_t offset = 0;
};
struct Export {
    std::string name;
    ExternKind kind = ExternKind::Func;
    uint32_t index = 0;
    uint32_t offset = 0;
};

/// A function of the index space: imported (import set, no body) or defined.
struct Function {
    TypeIdx type;
    std::optional<uint32_t> import;  // index into Module::imports
    ByteRange
        body;  // from its local declarations to behind its final `end`; what DWARF calls low_pc is body.begin
    ByteRange code;  // from its first instruction to behind its final `end`
};

/// A constant expression (standard, section 3.3.13), kept as bytes and evaluated at instantiation.
struct ConstExpr {
    ByteRange bytes;  // with its final `end`
};

struct Table {
    TableType type;
    std::optional<uint32_t> import;
    std::optional<ConstExpr> init;
};
struct Memory {
    MemoryType type;
    std::optional<uint32_t> import;
};
struct Global {
    GlobalType type;
    std::optional<uint32_t> import;
    ConstExpr init;
};
struct Tag {
    TagType type;
    std::optional<uint32_t> import;
};
enum class SegmentMode : uint8_t { Active, Passive, Declarative };
struct ElementSegment {
    SegmentMode mode = SegmentMode::Active;
    ValType type = kFuncRef;
    TableIdx table;
    ConstExpr offset;                    // if active
    std::vector<FuncIdx> functions;      // either these …
    std::vector<ConstExpr> expressions;  // … or these
    bool usesExpressions = false;
    uint32_t size() const {
        return static_cast<uint32_t>(usesExpressions ? expressions.size() : functions.size());
    }
};
struct DataSegment {
    SegmentMode mode = SegmentMode::Active;
    MemIdx memory;
    ConstExpr offset;  // if active
    ByteRange bytes;
};

/// The name section (standard, appendix 7.4.1). A broken one is a warning, never an error; names are shown escaped.
struct Names {
    std::string module;
    std::unordered_map<uint32_t, std::string> functions, types, tables, memories, globals, elements, data,
        tags;
    using Nested = std::unordered_map<uint32_t, std::unordered_map<uint32_t, std::string>>;
    Nested locals;  // function → local → name
    Nested fields;  // type → field → name
    std::vector<std::string> warnings;
};

struct Module {
    std::shared_ptr<const std::vector<uint8_t>> bytes;
    std::string fileName;  // for messages only
    std::vector<Section> sections;
    std::vector<DefinedType> types;
    std::vector<uint32_t>
        canonicalTypes;  // per type: an id equal for iso-recursively equal types of all modules (type_registry.h)
    std::vector<Import> imports;
    std::vector<Function> functions;  // imported ones first, as in the index space; so are the others
    std::vector<Table> tables;
    std::vector<Memory> memories;
    std::vector<Global> globals;
    std::vector<Tag> tags;
    std::vector<Export> exports;
    std::optional<FuncIdx> start;
    std::vector<ElementSegment> elements;
    std::vector<DataSegment> data;
    std::optional<uint32_t> dataCount;
    std::vector<bool> declaredFunctions;  // may be named by ref.func in code (standard, C.refs)
    uint32_t importedFunctions = 0, importedTables = 0, importedMemories = 0, importedGlobals = 0,
             importedTags = 0;
    ByteRange codeSection;  // contents of the code section: DWARF code addresses count from codeSection.begin

    std::span<const uint8_t> view(ByteRange range) const {
        return std::span(*bytes).subspan(range.begin, range.size());
    }
    const FuncType& typeOf(FuncIdx function) const {
        return types[functions[function.value].type.value].func;
    }
    /// The last custom section of that name (a toolchain may leave stale ones before it), or null.
    const Section* custom(std::string_view name) const;
    /// The defined function whose body contains the offset.
    std::optional<FuncIdx> functionAt(uint32_t offset) const;
    /// Parsed on first use; thread-safe.
    const Names& names() const;
    /// Name section, else export or import name, else "func[12]". Raw: may hold any UTF-8; the front end escapes it.
    std::string functionName(FuncIdx function) const;

    struct Lazy;
    std::shared_ptr<Lazy> lazy;
};

/// Reads a binary: header, sections, types, imports … and the extents of the function bodies; code itself is looked at by validate().
/// Errors: NotWasm (message says what the file is instead), Malformed, Limit, Unsupported (a component: says so).
/// Standard, section 5.5. Time and memory proportional to the file.
Result<std::shared_ptr<Module>> decodeModule(std::shared_ptr<const std::vector<uint8_t>> bytes,
                                             std::string fileName);

/// Validates everything (standard, section 3). May use several threads; the error reported is the one with the lowest offset.
Result<> validateModule(const Module& module);

/// Reads a whole regular file into memory. Errors: Io (missing, directory, FIFO, device, unreadable), Limit (above 1 GiB).
Result<std::shared_ptr<const std::vector<uint8_t>>> readFile(const std::string& path);

}  // namespace engine
