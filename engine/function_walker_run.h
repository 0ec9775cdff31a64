// The walker's loop, a template so that validation pays for no sink and lowering for no indirect call; used by function_walker.cpp and
// lowering.cpp only.
#pragma once

#include "engine/function_walker_impl.h"

namespace engine {

/// How the loop handles an instruction of one byte; Slow: by its row.
enum class Fast : uint8_t {
    Slow,
    Fixed,
    LocalGet,
    LocalSet,
    LocalTee,
    I32Const,
    I64Const,
    MemArg,
    Call,
    GlobalGet,
    Br,
    BrIf,
    Drop,
    End,
    F32Const,
    F64Const
};

constexpr Fast fastOf(Op op, Imm imm, std::string_view signature) {
    switch (op) {
    case Op::LocalGet: return Fast::LocalGet;
    case Op::LocalSet: return Fast::LocalSet;
    case Op::LocalTee: return Fast::LocalTee;
    case Op::GlobalGet: return Fast::GlobalGet;
    case Op::Call: return Fast::Call;
    case Op::Br: return Fast::Br;
    case Op::BrIf: return Fast::BrIf;
    case Op::Drop: return Fast::Drop;
    case Op::End: return Fast::End;
    default: break;
    }
    if (!isFixedSignature(signature)) return Fast::Slow;
    switch (imm) {
    case Imm::None: return Fast::Fixed;
    case Imm::I32: return Fast::I32Const;
    case Imm::I64: return Fast::I64Const;
    case Imm::F32: return Fast::F32Const;
    case Imm::F64: return Fast::F64Const;
    case Imm::MemArg: return Fast::MemArg;
    default: return Fast::Slow;
    }
}

struct FastRow {
    Op op = Op::Count;
    Fast fast = Fast::Slow;
};
constexpr auto makeFastRows() {
    std::array<FastRow, 256> rows{};
#define OP(id, text, prefix, code, imm, signature, feature) \
    if (prefix == 0) rows[(code)&0xff] = {Op::id, fastOf(Op::id, Imm::imm, signature)};
#include "engine/opcodes.def"
#undef OP
    return rows;
}
inline constexpr std::array<FastRow, 256> kFastRows = makeFastRows();

/// Immediates of an instruction of one byte. The kind is a constant wherever this and the next are used: each kind has code of its own.
[[gnu::always_inline]] inline void readFast(Fast fast, BinaryReader& bytes, InstructionReader& reader,
                                            Instruction& out) {
    switch (fast) {
    case Fast::LocalGet:
    case Fast::LocalSet:
    case Fast::LocalTee:
    case Fast::GlobalGet:
    case Fast::Call:
    case Fast::Br:
    case Fast::BrIf: out.index = bytes.u32(); break;
    case Fast::I32Const: out.value = static_cast<uint32_t>(bytes.s32()); break;
    case Fast::I64Const: out.value = static_cast<uint64_t>(bytes.s64()); break;
    case Fast::F32Const: out.value = bytes.f32Bits(); break;
    case Fast::F64Const: out.value = bytes.f64Bits(); break;
    case Fast::MemArg: reader.readMemArg(out); break;
    default: break;
    }
}

[[gnu::always_inline]] inline bool applyFast(Fast fast, FunctionWalker::Impl& walker, const Instruction& i) {
    switch (fast) {
    case Fast::Fixed: return walker.fixed(i.op);
    case Fast::LocalGet: return walker.localGet(i.index);
    case Fast::LocalSet: return walker.localSet(i.index);
    case Fast::LocalTee: return walker.localTee(i.index);
    case Fast::GlobalGet: return walker.globalGet(i.index);
    case Fast::I32Const: walker.push(kI32); return true;
    case Fast::I64Const: walker.push(kI64); return true;
    case Fast::F32Const: walker.push(kF32); return true;
    case Fast::F64Const: walker.push(kF64); return true;
    case Fast::MemArg: return walker.memoryAccess(i);
    case Fast::Call: return walker.call(i.index);
    case Fast::Br: return walker.br(i.index);
    case Fast::BrIf: return walker.brIf(i.index);
    case Fast::Drop: return walker.drop();
    case Fast::End: return walker.end();
    case Fast::Slow: break;
    }
    return false;
}

template <Fast kFast, class Sink>
[[gnu::always_inline]] inline bool FunctionWalker::Impl::runFast(Op op, Sink& sink) {
    BinaryReader& bytes = reader.bytes();
    instruction.offset = bytes.offset();
    instruction.op = op;
    bytes.u8();
    readFast(kFast, bytes, reader, instruction);
    if (!bytes.ok()) [[unlikely]]
        return false;
    sink.before(kFast, instruction);
    return applyFast(kFast, *this, instruction);
}

template <class Sink>
bool FunctionWalker::Impl::runSlow(Sink& sink) {
    if (reader.bytes().atEnd()) {
        instruction.offset = reader.bytes().offset();
        return fail(ErrorCode::Malformed, "END opcode expected: the function ends within a block");
    }
    if (!reader.next(instruction)) return false;
    if (isConst && !checkConstant(instruction)) return false;
    sink.before(Fast::Slow, instruction);
    return apply(instruction);
}

/// `sink` is told each instruction: before(fast, instruction) when it was read, after(instruction) when it took effect.
template <class Sink>
bool FunctionWalker::Impl::run(Sink& sink) {
    BinaryReader& bytes = reader.bytes();
    do {
        reserve(8);
        const FastRow row = kFastRows[bytes.peek()];
        bool isValid = false;
        switch (isConst || bytes.atEnd() ? Fast::Slow : row.fast) {
        case Fast::Slow: isValid = runSlow(sink); break;
        case Fast::Fixed: isValid = runFast<Fast::Fixed>(row.op, sink); break;
        case Fast::LocalGet: isValid = runFast<Fast::LocalGet>(row.op, sink); break;
        case Fast::LocalSet: isValid = runFast<Fast::LocalSet>(row.op, sink); break;
        case Fast::LocalTee: isValid = runFast<Fast::LocalTee>(row.op, sink); break;
        case Fast::I32Const: isValid = runFast<Fast::I32Const>(row.op, sink); break;
        case Fast::I64Const: isValid = runFast<Fast::I64Const>(row.op, sink); break;
        case Fast::F32Const: isValid = runFast<Fast::F32Const>(row.op, sink); break;
        case Fast::F64Const: isValid = runFast<Fast::F64Const>(row.op, sink); break;
        case Fast::MemArg: isValid = runFast<Fast::MemArg>(row.op, sink); break;
        case Fast::Call: isValid = runFast<Fast::Call>(row.op, sink); break;
        case Fast::GlobalGet: isValid = runFast<Fast::GlobalGet>(row.op, sink); break;
        case Fast::Br: isValid = runFast<Fast::Br>(row.op, sink); break;
        case Fast::BrIf: isValid = runFast<Fast::BrIf>(row.op, sink); break;
        case Fast::Drop: isValid = runFast<Fast::Drop>(row.op, sink); break;
        case Fast::End: isValid = runFast<Fast::End>(row.op, sink); break;
        }
        if (!isValid) [[unlikely]]
            return false;
        if (slots > maxSlots) maxSlots = slots;
        sink.after(instruction);
    } while (!frames.empty());
    if (bytes.atEnd()) return true;
    instruction.offset = bytes.offset();
    return fail(ErrorCode::Malformed, "section size mismatch: " + std::to_string(bytes.remaining()) +
                                          " bytes behind the final end");
}

}  // namespace engine
