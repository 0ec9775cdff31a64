// SourceValue: a typed object of the source program found through a DWARF location, and its rendering as text and children. Reads guest
// state only through EvaluationContext, so that it works on a live machine, a core dump and a recorded moment alike.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "debugger/symbols/symbols.h"
#include "engine/store.h"

namespace debugger {

/// What a slot of the function table holds, for function pointers.
struct TableFunction {
    std::string name;      // as to be shown
    uint32_t address = 0;  // of its body, file offset; 0 for a host function
};

/// What a WebAssembly reference refers to.
struct WasmReferent {
    std::string
        text;  // "null", "i31 5", "host 3", "main", or of an object with parts its kind: "struct", "array", "exception"
    std::string type;    // of an object with parts: "$Node", "3"
    uint64_t count = 0;  // parts
    bool isArray = false;
};
/// Field of a structure, element of an array, argument of an exception.
struct WasmPart {
    std::string name;  // of a field that has one
    engine::Value value;
    engine::PackedKind packed = engine::PackedKind::None;
    bool isFunction = false;  // a reference to a function
};

/// The frame that expressions are evaluated in. Reads never trap: out of range gives an Error.
class EvaluationContext {
public:
    virtual ~EvaluationContext() = default;
    virtual Symbols* symbols() = 0;  // null without debug info
    virtual uint32_t address()
        const = 0;  // present instruction of the frame, file offset; for callers the call itself
    virtual uint32_t inlineLevel() const = 0;  // which of inlineFrames(address)
    virtual engine::Result<engine::Value> local(uint32_t index) const = 0;
    virtual engine::Result<engine::Value> operand(uint32_t index) const = 0;  // 0 = bottom
    virtual engine::Result<engine::Value> global(uint32_t index) const = 0;
    /// The index of the wasm local of the frame, or of the global, that the module's name section calls so.
    virtual std::optional<uint32_t> localNamed(std::string_view) const { return std::nullopt; }
    virtual std::optional<uint32_t> globalNamed(std::string_view) const { return std::nullopt; }
    virtual engine::Result<> readMemory(uint64_t address, std::span<uint8_t> into) const = 0;
    virtual engine::Result<> writeMemory(uint64_t address, std::span<const uint8_t> bytes) = 0;
    virtual engine::Result<> setLocal(uint32_t index, const engine::Value& value) = 0;
    virtual engine::Result<> setGlobal(uint32_t index, const engine::Value& value) = 0;
    virtual uint64_t memorySize() const = 0;
    /// Bytes of a pointer: 8 with a 64-bit memory.
    virtual uint32_t pointerSize() const { return 4; }
    /// Which function a function pointer means; nothing if the slot is empty or the table is not known.
    virtual std::optional<TableFunction> functionInTable(uint64_t) const { return std::nullopt; }
    virtual WasmReferent referent(engine::Slot reference, bool) const {
        return {reference ? "reference" : "null", {}, 0, false};
    }
    virtual engine::Result<WasmPart> part(engine::Slot, uint64_t) const {
        return engine::Error{engine::ErrorCode::NotFound, "there is no heap here", {}};
    }
    /// Value of the global __tls_base in a program with threads; others keep thread-local objects at plain addresses.
    virtual std::optional<uint64_t> threadLocalBase() const { return std::nullopt; }
};

/// Where an object lives.
struct ObjectPlace {
    enum class Kind : uint8_t {
        Memory,
        WasmLocal,
        WasmGlobal,
        WasmOperand,
        Bytes /* a temporary: expression result, constant */,
        Unavailable
    } kind = Kind::Unavailable;
    uint64_t address = 0;  // Memory
    uint32_t index = 0;    // WasmLocal …
    uint32_t offset = 0;  // WasmLocal …: where in it the object begins, in bytes (members of small structs)
    std::vector<uint8_t> bytes;                          // Bytes; also pieces put together
    std::vector<std::pair<uint64_t, uint64_t>> missing;  // Bytes: ranges [begin, end) that were optimised out
    std::string why;  // Unavailable: "optimised out here (known at 0x1f0-0x230)"
};

/// A value: type and place; the bytes are read when asked for.
struct SourceValue {
    std::string name;  // of the variable or member; "[3]" for elements
    TypeId type = kNoType;
    ObjectPlace place;
    uint32_t bitSize = 0, bitOffset = 0;  // bit field
    std::string path;                     // expression that yields it again: "items[1].next->name"
    std::vector<uint64_t>
        extents;         // not empty: an array of these dimensions with elements of `type` (rows, slices)
    char format = 0;     // as asked for by a suffix: x, d, u, o, b, c, s; 0 = by type
    bool isRaw = false;  // shows the members as they are, not what they mean
};

/// Finds a variable's object: evaluates its location at the context's address.
SourceValue locate(const Variable& variable, EvaluationContext& context);

/// Evaluates DWARF expression bytes (DW_OP_*, DW_OP_WASM_location included) to a place; bounded to 10,000 steps.
ObjectPlace evaluateLocation(std::span<const uint8_t> expression, EvaluationContext& context,
                             uint64_t byteSize);

/// The object that a function of that return type left as its one result; nothing for a type that is returned in memory.
std::optional<SourceValue> valueOfResult(TypeId type, const engine::Value& result,
                                         EvaluationContext& context);

/// One line: "42", "0x2a", "1.5", "GREEN", "0x10f20 \"middle\"", "{next = 0x0, name = …}", "<unavailable: reason>".
/// Strings are quoted and escaped, at most `maxLength` characters.
std::string render(const SourceValue& value, EvaluationContext& context, size_t maxLength = 120);

/// "struct item *", with qualifiers. Types made by expressions have names too, also without debug info.
std::string typeName(TypeId type, Symbols& symbols);
std::string typeName(const SourceValue& value, EvaluationContext& context);

/// The definition, C-like (or Rust-like), one member a line with its offset: for `ptype`.
std::string describeType(TypeId type, Symbols& symbols);
std::string describeType(const SourceValue& value, EvaluationContext& context);

/// "memory 0x10f20", "local 3", "temporary", "unavailable".
std::string placeText(const SourceValue& value);
/// Size of the object in bytes, saturated; 0 = unknown.
uint64_t byteSize(const SourceValue& value, EvaluationContext& context);
/// Whether assign() can write it.
bool isAssignable(const SourceValue& value, EvaluationContext& context);

/// How many children it has (members, elements, pointee), bounded by what the type says.
uint64_t childCount(const SourceValue& value, EvaluationContext& context);
/// Children [first, first + count). A pointer to a struct has the struct's members. What a printer shows (a std::string, a Vec …) has
/// its logical elements, then a last child "[raw]".
std::vector<SourceValue> children(const SourceValue& value, EvaluationContext& context, uint64_t first,
                                  uint64_t count);

/// Writes a new value given as an expression's value or text ("7", "1.5", "GREEN", "'x'", "0"); sizes and ranges are checked.
engine::Result<> assign(const SourceValue& target, std::string_view text, EvaluationContext& context);

/// Watch expressions and breakpoint conditions: C-like; names, members, ->, *, &, [], casts, sizeof, arithmetic, comparisons, logic, literals,
/// wasm names ($local0, $global1, $stack0, $memory[addr]; fields and elements of the objects they refer to); Rust and C++ paths (a::b). Works without debug info on the wasm names.
/// Beyond C: `p@3` and `v[1..4]` are arrays, `x as u8` casts, `x.[raw]` and `x.[2]` are children by name and number, `name#12` is the
/// variable declared on line 12, and a suffix `,x` (d, u, o, b, c, s, r, or a number of elements) says how to show the result.
/// Nested at most 200 deep. Error: BadArgument with column, or why a name is unknown or a value unavailable.
engine::Result<SourceValue> evaluate(std::string_view expression, EvaluationContext& context);
/// Evaluates `left = right`.
engine::Result<SourceValue> evaluateAssignment(std::string_view left, std::string_view right,
                                               EvaluationContext& context);

}  // namespace debugger
