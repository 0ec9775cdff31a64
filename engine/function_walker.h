// FunctionWalker: validates one function body (standard, appendix 7.3) and tells a sink each instruction with what validation knows at
// it. Validation, lowering, operand types at an address, disassembly of bodies and statistics are sinks of this one walk.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/module.h"
#include "engine/opcode.h"

namespace engine {

/// A block type, resolved: what the block takes and leaves.
struct BlockType {
    std::span<const ValType> params;
    std::span<const ValType> results;
    std::optional<TypeIdx> type;  // if it was given by type index
};

struct CatchClause {
    enum class Kind : uint8_t { Catch, CatchRef, CatchAll, CatchAllRef } kind = Kind::Catch;
    TagIdx tag;
    uint32_t label = 0;
};

/// One decoded instruction; which fields hold depends on row(op).imm. Spans live until the next instruction is read.
struct Instruction {
    Op op = Op::Unreachable;
    uint32_t offset = 0;  // of its first byte, in the file
    uint32_t end = 0;     // behind its last byte
    uint32_t index = 0;   // first index: label, function, type, local, global, table, memory, tag, segment
    uint32_t index2 =
        0;  // second index: table of call_indirect, field, source table or memory, segment; u32 of array.new_fixed
    uint64_t value = 0;   // constant's bits (i32 zero-extended from its 32 bits), or memarg offset
    uint64_t value2 = 0;  // upper half of a v128 constant
    uint32_t align = 0;   // memarg: log2 of the alignment
    uint32_t lane = 0;
    std::array<uint8_t, 16> lanes{};   // shuffle
    BlockType block;                   // Block, TryTable
    ValType type, type2;               // Heap: (ref null? heap); CastBranch: from, to; SelectTypes: the type
    std::span<const uint32_t> labels;  // LabelTable: targets, the default last
    std::span<const CatchClause> catches;  // TryTable
};

/// A label: what a branch to it needs to know.
struct ControlFrame {
    Op op = Op::Block;  // Block, Loop, If, Else, TryTable, legacy Try …; Op::Call for the function itself
    std::span<const ValType> params, results;
    uint32_t height = 0;       // operands (values, not slots) below the block's parameters
    uint32_t slotHeight = 0;   // the same in slots above the locals
    bool unreachable = false;  // the rest of the block cannot be reached
    uint32_t beginOffset = 0;  // of its opening instruction
    uint32_t initHeight = 0;   // for the walker: how many locals without default had been set before it
    /// What a branch carries: params for a loop, results otherwise.
    std::span<const ValType> branchTypes() const { return op == Op::Loop ? params : results; }
};

class FunctionWalker;

class InstructionSink {
public:
    virtual ~InstructionSink() = default;
    /// Called before the instruction takes effect on the walker's stacks and after it was found valid to decode.
    /// The operands it needs may still turn out to be wrong: then walk() returns an error.
    virtual void onInstruction(const Instruction& instruction, const FunctionWalker& walker) = 0;
    /// Called after it took effect (results are on the stack).
    virtual void afterInstruction(const Instruction&, const FunctionWalker&) {}
};

/// One walk over one function. Reusable; keeps its buffers. Not thread-safe.
class FunctionWalker {
public:
    explicit FunctionWalker(const Module& module);
    ~FunctionWalker();
    FunctionWalker(const FunctionWalker&) = delete;

    /// Validates the body of a defined function. With a sink, tells it every instruction. Error: Malformed, Invalid or Limit,
    /// with function, offset, instruction, expected and found types.
    Result<> walk(FuncIdx function, InstructionSink* sink = nullptr);
    /// Validates a constant expression (section 3.3.13) of the given type, which may read the first `visibleGlobals` globals.
    Result<> walkConst(const ConstExpr& expression, ValType expected, uint32_t visibleGlobals,
                       InstructionSink* sink = nullptr);

    // What is known at the present instruction, for the sink:
    const Module& module() const;
    FuncIdx function() const;
    bool reachable() const;
    /// All locals, parameters first, and where each begins, in slots from the frame base; localSlots() = slots of all locals.
    std::span<const ValType> locals() const;
    uint32_t localSlot(uint32_t local) const;
    uint32_t localSlots() const;
    /// Operand stack now: types (bottom first) and slots in use above the locals.
    std::span<const ValType> operands() const;
    uint32_t operandSlots() const;
    /// Type of the operand `depth` from the top (0 = top); kBottom where unknown in unreachable code.
    ValType operand(uint32_t depth) const;
    /// Label `depth` (0 = innermost); labels() - 1 is the function itself.
    const ControlFrame& label(uint32_t depth) const;
    uint32_t labels() const;
    /// Slots that the frame needs at most: locals and operands; complete after walk().
    uint32_t maxSlots() const;

    struct Impl;
    Impl& impl() { return *m; }  // function_walker_impl.h

private:
    std::unique_ptr<Impl> m;
};

/// Types of the operands (bottom first) before the instruction at that file offset; what the Operand stack panel shows.
/// Error: NotFound if no instruction begins there.
Result<std::vector<ValType>> operandTypesAt(const Module& module, FuncIdx function, uint32_t offset);

/// Operand slots in use before each instruction of a valid function, as the walker counts them.
void operandSlotsBefore(FunctionWalker& walker, FuncIdx function, std::vector<uint32_t>& slots);

/// How many operands an instruction takes, while the walker stands before it.
uint32_t operandsTaken(const Instruction& instruction, const FunctionWalker& walker);

/// Types of all locals of a function, parameters first.
Result<std::vector<ValType>> localTypes(const Module& module, FuncIdx function);

/// Size in slots of a list of types.
uint32_t slotsOf(std::span<const ValType> types);

}  // namespace engine
