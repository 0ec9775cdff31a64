// Op: the instructions, one row each in opcodes.def. Everything that lists instructions derives from those rows.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace engine {

/// What follows the opcode bytes (standard, section 5.4). The reader of immediates is one switch over this, not over instructions.
enum class Imm : uint8_t {
    None,
    Block,       // block type
    Label,       // label index
    LabelTable,  // br_table
    Func,
    Type,
    Table,
    Memory,
    Global,
    Local,
    Tag,
    Elem,
    Data,          // one index
    CallIndirect,  // type, table
    TypeField,     // type, field
    TypeU32,       // type, u32 (array.new_fixed)
    TypeType,      // type, type (array.copy)
    TypeData,
    TypeElem,      // type, segment
    TableTable,    // table, table (table.copy)
    MemoryMemory,  // memory, memory (memory.copy)
    DataMemory,    // data, memory (memory.init)
    ElemTable,     // elem, table (table.init)
    MemArg,        // alignment, memory, offset
    MemArgLane,    // MemArg, lane
    Lane,
    Shuffle,  // 16 lanes
    I32,
    I64,
    F32,
    F64,
    V128,
    Heap,         // heap type (ref.null, ref.test …)
    SelectTypes,  // value types
    CastBranch,   // flags, label, heap, heap (br_on_cast)
    TryTable,     // block type, catch clauses
    Fence,        // one zero byte (atomic.fence)
    Mask16,       // (reserved)
};

/// The proposal that brought the instruction; `wscope inspect` lists what a module needs.
enum class Feature : uint8_t {
    Mvp,
    SignExtension,
    SaturatingTruncation,
    BulkMemory,
    ReferenceTypes,
    MultiValue,
    Simd,
    RelaxedSimd,
    TailCalls,
    FunctionReferences,
    Gc,
    Exceptions,
    LegacyExceptions,
    Threads,
    Memory64,
    MultiMemory,
    ExtendedConst,
    MutableGlobals,
    WideArithmetic,
    CustomPageSizes,
};
std::string_view toText(Feature feature);

enum class Op : uint16_t {
#define OP(id, text, prefix, code, imm, signature, feature) id,
#include "engine/opcodes.def"
#undef OP
    Count
};
inline constexpr uint32_t kOpCount = static_cast<uint32_t>(Op::Count);

constexpr bool isFixedSignature(std::string_view signature) {
    return !signature.starts_with('*') && !signature.starts_with('+');
}

/// One row. `signature` is "PARAMS:RESULTS" with i I f F v = i32 i64 f32 f64 v128 and m = the index type of the instruction's
/// memory (i32, or i64 for a 64-bit memory), lowest operand first ("mi:" is i32.store). What depends on immediates or on the stack is
/// validated by a rule of its own: "*N" takes N operands (none if left out), "+N" those that its immediate lists and N more.
struct OpRow {
    std::string_view id;    // "I32Add"
    std::string_view text;  // "i32.add"
    uint8_t prefix;         // 0, 0xfb, 0xfc, 0xfd, 0xfe
    uint32_t code;
    Imm imm;
    std::string_view signature;
    Feature feature;
    bool hasFixedSignature() const { return isFixedSignature(signature); }
    /// Whether it takes the operands that its immediate lists: parameters, fields, what a branch carries.
    bool takesListed() const { return signature.starts_with('+'); }
    /// How many operands it takes that no immediate lists.
    uint32_t ownOperands() const {
        if (hasFixedSignature()) return static_cast<uint32_t>(signature.find(':'));
        return signature.size() > 1 ? static_cast<uint32_t>(signature[1] - '0') : 0;
    }
};
extern const std::array<OpRow, kOpCount> kOpRows;
inline const OpRow& row(Op op) { return kOpRows[static_cast<uint16_t>(op)]; }

/// The instruction with that prefix and code, or Op::Count.
Op findOp(uint8_t prefix, uint32_t code);
/// By its text, e.g. "i32.add"; Op::Count if there is none. Of several with one text (`select`, `ref.test`) the first.
Op findOp(std::string_view text);

/// Bytes that a memory instruction reads or writes at its address: 4 for i32.load, 1 for i32.load8_s, 8 for v128.load8x8_s, 0 for an
/// instruction without memarg. Also its natural alignment (standard, section 3.3.5).
uint32_t accessBytes(Op op);
/// Lanes of the shape that the instruction's text begins with: 16 for i8x16.extract_lane_s; of v128.load16_lane 8; else 0.
uint32_t laneCount(Op op);

}  // namespace engine
