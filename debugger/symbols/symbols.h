// Symbols: source-level information of one module behind one interface: DWARF 4 and 5 today, source maps and others later. Owned by
// the session; used by its thread (index building may use more). All addresses are offsets in the module's file, as in
// engine/module.h, never DWARF's own counting. Everything here is a plain value; libdwarf never shows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/module.h"

namespace debugger {

using FileId = uint32_t;  // index into Symbols::files()
using TypeId = uint32_t;  // index into the lazily filled type pool; kNoType = none (void)
inline constexpr TypeId kNoType = ~uint32_t{0};
inline constexpr uint32_t kNoFile = ~uint32_t{0};

/// A source file as the debug info names it: compilation directory and name joined and cleaned, not resolved on this machine.
struct SourceFile {
    std::string path;
    std::vector<uint8_t> md5;  // DWARF 5, or empty
};

struct SourcePlace {
    FileId file = kNoFile;
    uint32_t line = 0;    // 1-based; 0 = unknown (compiler generated)
    uint32_t column = 0;  // 1-based; 0 = unknown
    bool operator==(const SourcePlace&) const = default;
};

/// Code addresses [begin, end).
struct AddressRange {
    uint32_t begin = 0, end = 0;
    bool contains(uint32_t a) const { return a >= begin && a < end; }
    bool operator==(const AddressRange&) const = default;
};

struct LineRow {
    AddressRange range;  // up to the next row
    SourcePlace place;
    bool isStatement = true;
    bool prologueEnd = false;
};

/// An address and one of the functions that execution is in there: a level of inlineFrames(), counted from the real function (0).
struct LevelAddress {
    uint32_t address = 0;
    uint32_t depth = 0;
    bool operator==(const LevelAddress&) const = default;
};

/// Where a breakpoint on a line goes.
struct ResolvedLine {
    uint32_t line = 0;  // the line that really has code (may be after the one asked for)
    std::vector<LevelAddress>
        places;  // one per function or copy of it that has the line: its first code, be it of a call inlined there
};

/// A function with a body in this module.
struct FunctionSymbol {
    uint32_t id = 0;            // of this Symbols
    std::string name;           // "run", "main"
    std::string qualifiedName;  // "shapes::Circle::area", else as name
    std::string linkageName;    // mangled, or empty
    AddressRange range;
    SourcePlace declaration;
    std::string language;  // "C11", "C++14", "Rust", …
};

/// One level of the (possibly inlined) call chain at an address, innermost first; the last is the real function.
struct InlineFrame {
    std::string name;  // qualified
    SourcePlace
        place;  // where execution is in this level: line row for the innermost, the call site for the others
    bool isInlined = false;
    uint32_t scope = 0;  // for variables()
};

enum class TypeKind : uint8_t {
    Base,
    Pointer,
    Reference,
    RvalueReference,
    Struct,
    Class,
    Union,
    Array,
    Enum,
    Typedef,
    Const,
    Volatile,
    Function,
    MemberPointer,
    Variant,
    Unspecified,
    Unknown,
};
enum class BaseEncoding : uint8_t {
    None,
    Boolean,
    Signed,
    Unsigned,
    SignedChar,
    UnsignedChar,
    Float,
    Utf,
    Address,
    Complex
};

struct Member {
    std::string name;  // empty for anonymous members
    TypeId type = kNoType;
    uint64_t offset = 0;        // bytes from the start of the object
    uint32_t bitSize = 0;       // 0 = not a bit field
    uint32_t bitOffset = 0;     // from the least significant bit of the byte at `offset`, little endian
    bool isBase = false;        // base class
    bool isArtificial = false;  // vtable pointer …
    bool isStatic = false;
    uint32_t virtualBase = 0;  // not 0: offset must be found through the vtable; shown as unavailable
};
struct Enumerator {
    std::string name;
    int64_t value = 0;
};
/// One case of a discriminated union (Rust enum): which discriminant values select it (empty = the default one).
struct VariantCase {
    std::vector<std::pair<uint64_t, uint64_t>> values;  // inclusive ranges
    std::vector<Member> members;
};

/// One type, without qualifiers resolved: follow `target`.
struct TypeInfo {
    TypeKind kind = TypeKind::Unknown;
    std::string
        name;  // qualified; for anonymous ones "struct {…}"; for derived ones the spelled type ("struct item *", "int16_t[2][3]")
    uint64_t byteSize = 0;  // 0 = unknown or incomplete
    BaseEncoding encoding = BaseEncoding::None;
    TypeId target = kNoType;      // pointee, element, underlying, aliased, return type
    std::vector<Member> members;  // struct, class, union; also those outside the variant part
    std::vector<Enumerator> enumerators;
    std::vector<uint64_t> dimensions;    // array; 0 = unknown length
    std::vector<TypeId> parameters;      // function
    std::optional<Member> discriminant;  // variant part
    std::vector<VariantCase> cases;
    std::vector<std::pair<std::string, TypeId>> templateArguments;
    bool isDeclaration = false;  // incomplete, no definition found in the module
    std::string language;
};

/// One entry of a location list, or the only one (range = everywhere).
struct LocationEntry {
    AddressRange range{0, ~uint32_t{0}};
    std::vector<uint8_t> expression;  // DWARF expression bytes
};

struct Variable {
    std::string name;
    TypeId type = kNoType;
    bool isParameter = false;
    bool isArtificial = false;
    SourcePlace declaration;
    std::vector<LocationEntry> locations;          // empty and no constant = optimised out
    std::optional<std::vector<uint8_t>> constant;  // DW_AT_const_value: the object's bytes
    uint32_t unit = 0;                             // for expressions that need it
};

/// A lexical scope at an address, innermost first.
struct Scope {
    std::string name;  // function name for the outermost, "" for blocks
    AddressRange range;
    std::vector<Variable> variables;
};

/// What there is, for the user and `wscope inspect`.
struct SymbolSummary {
    std::string format;  // "DWARF 4", "DWARF 5", "none"
    uint32_t units = 0, functions = 0, files = 0;
    uint64_t lineRows = 0;
    std::vector<std::string> producers, languages;
    std::vector<std::string>
        problems;  // "debug info unreadable: .debug_rnglists …": shown to the user, each once
    bool hasLines = false, hasVariables = false;
};

struct SymbolOptions {
    std::string childProgram;  // path of wscope-symbols; empty = next to the running program
    std::string
        externalFile;  // separate debug file (--only-keep-debug, .dwp); empty = look at external_debug_info's name beside the module
    std::function<bool(uint64_t done, uint64_t total)> progress;  // may return false to cancel
};

class Symbols {
public:
    virtual ~Symbols() = default;

    virtual SymbolSummary summary() const = 0;
    virtual const std::vector<SourceFile>& files() const = 0;

    // Lines
    virtual std::optional<LineRow> rowAt(uint32_t address) const = 0;
    /// All rows inside a range, by address.
    virtual std::vector<LineRow> rowsIn(AddressRange range) const = 0;
    /// Lines of a file that have code, be it that of inlined calls, sorted, without duplicates.
    virtual std::vector<uint32_t> linesWithCode(FileId file) const = 0;
    /// Files whose path ends with the given one by whole components ("prog1.c", "src/main.rs").
    virtual std::vector<FileId> findFiles(std::string_view path) const = 0;
    /// Code of a line, or of the next line with code in the same function; the reason otherwise (NotFound, "no code at line 17; nearest 19").
    virtual engine::Result<ResolvedLine> resolveLine(FileId file, uint32_t line) const = 0;

    // Functions
    virtual std::optional<FunctionSymbol> functionAt(uint32_t address) const = 0;
    /// By plain, qualified or linkage name; several for overloads and static functions of the same name.
    virtual std::vector<FunctionSymbol> findFunctions(std::string_view name) const = 0;
    /// Where the inlined copies of the functions of that name begin, by address; at most 10,000.
    virtual std::vector<LevelAddress> inlinedCopies(std::string_view name) = 0;
    virtual std::vector<FunctionSymbol> functions() const = 0;
    /// First address behind the prologue: where a breakpoint on a function belongs.
    virtual uint32_t afterPrologue(const FunctionSymbol& function) const = 0;
    /// Call chain at an address, innermost first; empty if nothing is known there.
    virtual std::vector<InlineFrame> inlineFrames(uint32_t address) = 0;

    // Variables and types (these read the unit on first use, through the symbol child)
    /// Scopes visible in one level of inlineFrames(address), innermost first.
    virtual engine::Result<std::vector<Scope>> scopes(uint32_t address, uint32_t inlineLevel) = 0;
    /// The same, kept by implementations that can; null if there is none. Valid until the next call.
    virtual const std::vector<Scope>* keptScopes(uint32_t address, uint32_t inlineLevel) {
        auto found = scopes(address, inlineLevel);
        if (!found) return nullptr;
        m_scopes = std::move(*found);
        return &m_scopes;
    }
    /// Variables of the unit of `address` outside functions, then those of other units.
    virtual engine::Result<std::vector<Variable>> globals(uint32_t address) = 0;
    virtual engine::Result<Variable> findGlobal(std::string_view name, uint32_t nearAddress) = 0;
    /// DW_AT_frame_base of the function there, as an expression; empty if it has none.
    virtual engine::Result<std::vector<LocationEntry>> frameBase(uint32_t address) = 0;
    /// Type that the function there returns; kNoType = nothing.
    virtual engine::Result<TypeId> returnType(uint32_t address) = 0;
    virtual const TypeInfo& type(TypeId id) = 0;
    /// By name as written in source ("struct item", "int", "shapes::Circle").
    virtual engine::Result<TypeId> findType(std::string_view name, uint32_t nearAddress) = 0;

private:
    std::vector<Scope> m_scopes;  // of the last keptScopes()
};

/// Reads what the module has. Never fails for bad debug info: then the summary's problems say so and the answers are empty.
std::unique_ptr<Symbols> openSymbols(std::shared_ptr<const engine::Module> module,
                                     const SymbolOptions& options);

}  // namespace debugger
