// InstructionReader: decodes instructions one after the other (standard, section 5.4): opcode, then immediates by the row's Imm kind.
// Looks up types, since block types and heap types need them; all other indices are the validator's affair. Owns what the spans of an
// Instruction point to. Iterative, and allocates only for label tables and catch clauses.
#pragma once

#include <deque>
#include <unordered_map>
#include <vector>

#include "engine/binary_reader.h"
#include "engine/function_walker.h"

namespace engine {

[[gnu::cold]] void failMemArg(BinaryReader& bytes, uint32_t flags, uint32_t start);
inline void readMemArg(BinaryReader& bytes, Instruction& out) {
    const uint32_t start = bytes.offset(), flags = bytes.u32();
    if (flags >= 0x80) [[unlikely]]
        return failMemArg(bytes, flags, start);
    out.align = flags & 0x3f;
    out.index = (flags & 0x40) != 0 ? bytes.u32() : 0;
    out.value = bytes.u64();
}

class InstructionReader {
public:
    explicit InstructionReader(const Module& module);

    void start(ByteRange code) { m_bytes = BinaryReader(m_file, code); }
    /// Reads the next instruction. False at the end of the range, or on malformed code: then ok() is false.
    bool next(Instruction& out);
    bool ok() const { return m_bytes.ok(); }
    const Error& error() const { return m_bytes.error(); }
    /// The bytes themselves, for a caller that decodes the commonest instructions itself.
    BinaryReader& bytes() { return m_bytes; }
    /// Decodes the rest of an instruction whose op is known and whose opcode bytes have been read.
    bool readImmediates(Instruction& out);
    /// The memarg of a memory instruction: alignment, memory, offset.
    void readMemArg(Instruction& out) { engine::readMemArg(m_bytes, out); }

    /// Reads an opcode; Op::Count (and a failure) if there is no such instruction.
    Op readOp();

private:
    void readBlockType(BlockType& out);
    void readLabelTable(Instruction& out);
    void readCatches(Instruction& out);
    void readSelectTypes(Instruction& out);
    void readCastBranch(Instruction& out);
    HeapType knownHeapType();
    ValType knownValType();
    std::span<const ValType> stable(ValType type);

    const Module& m_module;
    std::span<const uint8_t> m_file;
    BinaryReader m_bytes;
    std::vector<uint32_t> m_labels;
    std::vector<CatchClause> m_catches;
    std::deque<ValType> m_results;  // one result each, of block types: they outlive the instruction
    std::unordered_map<uint32_t, const ValType*> m_resultByBits;
};

/// What a row's immediates say in a constant expression or elsewhere where no types are known: skips over the expression up to and with
/// its final `end`, telling `onFunction` each function that ref.func names. Fails on `bytes`.
void skipConstExpr(BinaryReader& bytes, const std::function<void(FuncIdx)>& onFunction);

}  // namespace engine
