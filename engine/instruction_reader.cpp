#include "engine/instruction_reader.h"

#include <cstring>

#include "engine/limits.h"

namespace engine {

namespace {

constexpr std::array<ValType, 5> kPlainTypes = {kI32, kI64, kF32, kF64, kV128};

Op readOpcode(BinaryReader& bytes) {
    const uint32_t start = bytes.offset();
    const uint8_t first = bytes.u8();
    if (!bytes.ok()) return Op::Count;
    if (first < 0xfb || first == 0xff) {
        const Op op = findOp(0, first);
        if (op == Op::Count) bytes.fail(ErrorCode::Malformed, "illegal opcode " + hex(first), start);
        return op;
    }
    const uint32_t code = bytes.u32();
    if (!bytes.ok()) return Op::Count;
    const Op op = findOp(first, code);
    if (op == Op::Count)
        bytes.fail(ErrorCode::Malformed, "illegal opcode " + hex(first) + " " + hex(code), start);
    return op;
}

uint64_t read64(const uint8_t* from) {
    uint64_t value = 0;
    std::memcpy(&value, from, sizeof value);
    return value;
}

/// Immediates that need no module: true if `imm` is one of them.
bool readPlainImmediates(BinaryReader& bytes, Imm imm, Instruction& out) {
    switch (imm) {
    case Imm::None: return true;
    case Imm::Label:
    case Imm::Func:
    case Imm::Type:
    case Imm::Table:
    case Imm::Memory:
    case Imm::Global:
    case Imm::Local:
    case Imm::Tag:
    case Imm::Elem:
    case Imm::Data: out.index = bytes.u32(); return true;
    case Imm::CallIndirect:
    case Imm::TypeField:
    case Imm::TypeU32:
    case Imm::TypeType:
    case Imm::TypeData:
    case Imm::TypeElem:
    case Imm::TableTable:
    case Imm::MemoryMemory:
    case Imm::DataMemory:
    case Imm::ElemTable:
        out.index = bytes.u32();
        out.index2 = bytes.u32();
        return true;
    case Imm::MemArg: readMemArg(bytes, out); return true;
    case Imm::MemArgLane:
        readMemArg(bytes, out);
        out.lane = bytes.u8();
        return true;
    case Imm::Lane: out.lane = bytes.u8(); return true;
    case Imm::Shuffle:
        if (const auto lanes = bytes.bytes(16); lanes.size() == 16)
            std::memcpy(out.lanes.data(), lanes.data(), 16);
        return true;
    case Imm::I32: out.value = static_cast<uint32_t>(bytes.s32()); return true;
    case Imm::I64: out.value = static_cast<uint64_t>(bytes.s64()); return true;
    case Imm::F32: out.value = bytes.f32Bits(); return true;
    case Imm::F64: out.value = bytes.f64Bits(); return true;
    case Imm::V128:
        if (const auto bits = bytes.bytes(16); bits.size() == 16) {
            out.value = read64(bits.data());
            out.value2 = read64(bits.data() + 8);
        }
        return true;
    case Imm::Fence:
        if (bytes.u8() != 0) bytes.fail(ErrorCode::Malformed, "zero byte expected", bytes.offset() - 1);
        return true;
    case Imm::Mask16:
    case Imm::Block:
    case Imm::LabelTable:
    case Imm::Heap:
    case Imm::SelectTypes:
    case Imm::CastBranch:
    case Imm::TryTable: break;
    }
    return false;
}

}  // namespace

void failMemArg(BinaryReader& bytes, uint32_t flags, uint32_t start) {
    bytes.fail(ErrorCode::Malformed, "malformed memop flags: " + hex(flags), start);
}

InstructionReader::InstructionReader(const Module& module)
    : m_module(module), m_file(*module.bytes), m_bytes(m_file, ByteRange{}) {}

Op InstructionReader::readOp() { return readOpcode(m_bytes); }

bool InstructionReader::next(Instruction& out) {
    if (m_bytes.atEnd()) return false;
    out.offset = m_bytes.offset();
    out.op = readOp();
    return out.op != Op::Count && readImmediates(out);
}

bool InstructionReader::readImmediates(Instruction& out) {
    const Imm imm = row(out.op).imm;
    if (!readPlainImmediates(m_bytes, imm, out)) {
        switch (imm) {
        case Imm::Block: readBlockType(out.block); break;
        case Imm::LabelTable: readLabelTable(out); break;
        case Imm::Heap: {
            const bool nullable = out.op != Op::RefTest && out.op != Op::RefCast;
            out.type = ValType::ref(knownHeapType(), nullable);
            break;
        }
        case Imm::SelectTypes: readSelectTypes(out); break;
        case Imm::CastBranch: readCastBranch(out); break;
        case Imm::TryTable:
            readBlockType(out.block);
            readCatches(out);
            break;
        default: CHECK(false);
        }
    }
    out.end = m_bytes.offset();
    return m_bytes.ok();
}

HeapType InstructionReader::knownHeapType() {
    const uint32_t start = m_bytes.offset();
    const HeapType heap = m_bytes.heapType();
    if (!m_bytes.ok() || heap.isAbstract() || heap.defined().value < m_module.types.size()) return heap;
    m_bytes.fail(ErrorCode::Invalid, "unknown type " + std::to_string(heap.defined().value), start);
    return {};
}

ValType InstructionReader::knownValType() {
    const uint32_t start = m_bytes.offset();
    const ValType type = m_bytes.valType();
    if (!m_bytes.ok() || !type.isRef() || type.heap().isAbstract() ||
        type.heap().defined().value < m_module.types.size())
        return type;
    m_bytes.fail(ErrorCode::Invalid, "unknown type " + std::to_string(type.heap().defined().value), start);
    return kI32;
}

std::span<const ValType> InstructionReader::stable(ValType type) {
    for (const ValType& plain : kPlainTypes)
        if (plain == type) return {&plain, 1};
    auto& known = m_resultByBits[type.bits()];
    if (!known) known = &m_results.emplace_back(type);
    return {known, 1};
}

void InstructionReader::readBlockType(BlockType& out) {
    const uint32_t start = m_bytes.offset();
    const uint8_t byte = m_bytes.peek();
    out = {};
    if (byte == 0x40) {
        m_bytes.u8();
    } else if (BinaryReader::beginsValType(byte)) {
        if (const ValType type = knownValType(); m_bytes.ok()) out.results = stable(type);
    } else {
        const int64_t index = m_bytes.s33();
        if (!m_bytes.ok()) return;
        if (index < 0) return m_bytes.fail(ErrorCode::Malformed, "malformed block type", start);
        if (static_cast<uint64_t>(index) >= m_module.types.size())
            return m_bytes.fail(ErrorCode::Invalid, "unknown type " + std::to_string(index), start);
        const DefinedType& type = m_module.types[static_cast<size_t>(index)];
        if (type.kind != CompositeKind::Func)
            return m_bytes.fail(ErrorCode::Invalid,
                                "unknown type: type " + std::to_string(index) + " is no function type",
                                start);
        out = {type.func.params, type.func.results, TypeIdx(static_cast<uint32_t>(index))};
    }
}

void InstructionReader::readLabelTable(Instruction& out) {
    const uint32_t n = m_bytes.count("labels", limits::kBodyBytes);
    m_labels.clear();
    for (uint32_t i = 0; i <= n && m_bytes.ok(); ++i)
        m_labels.push_back(m_bytes.u32());
    out.labels = m_labels;
}

void InstructionReader::readCatches(Instruction& out) {
    const uint32_t n = m_bytes.count("catch clauses", limits::kCatchClauses, 2);
    m_catches.clear();
    for (uint32_t i = 0; i < n && m_bytes.ok(); ++i) {
        const uint32_t start = m_bytes.offset();
        const uint8_t kind = m_bytes.u8();
        if (kind > 3)
            return m_bytes.fail(ErrorCode::Malformed, "malformed catch clause: " + hex(kind), start);
        CatchClause clause{static_cast<CatchClause::Kind>(kind), {}, 0};
        if (kind < 2) clause.tag = TagIdx(m_bytes.u32());
        clause.label = m_bytes.u32();
        m_catches.push_back(clause);
    }
    out.catches = m_catches;
}

void InstructionReader::readSelectTypes(Instruction& out) {
    const uint32_t start = m_bytes.offset();
    const uint32_t n = m_bytes.count("result types", limits::kResults);
    if (m_bytes.ok() && n != 1)
        return m_bytes.fail(ErrorCode::Invalid,
                            "invalid result arity: select with " + std::to_string(n) + " types", start);
    out.type = knownValType();
}

void InstructionReader::readCastBranch(Instruction& out) {
    const uint32_t start = m_bytes.offset();
    const uint8_t flags = m_bytes.u8();
    if (flags > 3) return m_bytes.fail(ErrorCode::Malformed, "malformed cast flags: " + hex(flags), start);
    out.index = m_bytes.u32();
    const HeapType from = knownHeapType();
    const HeapType to = knownHeapType();
    out.type = ValType::ref(from, (flags & 1) != 0);
    out.type2 = ValType::ref(to, (flags & 2) != 0);
}

void skipConstExpr(BinaryReader& bytes, const std::function<void(FuncIdx)>& onFunction) {
    Instruction instruction;
    while (bytes.ok()) {
        const uint32_t start = bytes.offset();
        instruction.op = readOpcode(bytes);
        if (!bytes.ok() || instruction.op == Op::End) return;
        const Imm imm = row(instruction.op).imm;
        if (imm == Imm::Heap) {
            bytes.heapType();
        } else if (!readPlainImmediates(bytes, imm, instruction)) {
            // Blocks and branches: whatever follows, this is no constant expression.
            return bytes.fail(ErrorCode::Invalid,
                              "constant expression required: found " + std::string(row(instruction.op).text),
                              start);
        }
        if (instruction.op == Op::RefFunc && bytes.ok()) onFunction(FuncIdx(instruction.index));
    }
}

}  // namespace engine
