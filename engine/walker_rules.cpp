// Validation rules (standard, section 3.4) of control, calls, variables, memories and tables; and the one switch over the instructions
// whose rows have no fixed signature.
#include "engine/function_walker_impl.h"

namespace engine {

using Impl = FunctionWalker::Impl;

// --- Looking up indices -----------------------------------------------------------------------------------------

const Function* Impl::functionAt(uint32_t index) {
    if (index < module.functions.size()) return &module.functions[index];
    unknown("function", index);
    return nullptr;
}

const FuncType* Impl::funcType(uint32_t index) {
    if (index < module.types.size() && module.types[index].kind == CompositeKind::Func)
        return &module.types[index].func;
    if (index < module.types.size())
        invalid("unknown type: type " + std::to_string(index) + " is no function type");
    else
        unknown("type", index);
    return nullptr;
}

const Table* Impl::table(uint32_t index) {
    if (index < module.tables.size()) return &module.tables[index];
    unknown("table", index);
    return nullptr;
}

const Memory* Impl::memory(uint32_t index) {
    if (index < module.memories.size()) [[likely]]
        return &module.memories[index];
    unknown("memory", index);
    return nullptr;
}

const FuncType* Impl::tagParams(uint32_t index) {
    if (index < module.tags.size()) return funcType(module.tags[index].type.type.value);
    unknown("tag", index);
    return nullptr;
}

const ElementSegment* Impl::elementSegment(uint32_t index) {
    if (index < module.elements.size()) return &module.elements[index];
    unknown("elem segment", index);
    return nullptr;
}

bool Impl::dataSegment(uint32_t index) {
    if (!module.dataCount) return fail(ErrorCode::Malformed, "data count section required");
    return index < *module.dataCount || unknown("data segment", index);
}

// --- Control ----------------------------------------------------------------------------------------------------

bool Impl::enter(Op op, const BlockType& block, uint32_t offset) {
    if (op == Op::If && !pop(kI32)) return false;
    if (!popAll(block.params)) return false;
    pushFrame(op, block.params, block.results, offset);
    return true;
}

bool Impl::elseBranch() {
    if (frames.back().op != Op::If) return fail(ErrorCode::Malformed, "else without if");
    if (!popFrameResults()) return false;
    restartFrame(Op::Else);
    pushAll(frames.back().params);
    return true;
}

bool Impl::end() {
    const ControlFrame frame = frames.back();
    if (!popFrameResults()) return false;
    if (frame.op == Op::If) {
        bool same = frame.params.size() == frame.results.size();
        for (size_t i = 0; same && i < frame.params.size(); ++i)
            same = isSubtype(module, frame.params[i], frame.results[i]);
        if (!same) return mismatch("of an if without else: its parameters and results differ");
    }
    dropFrame();
    slots = frame.slotHeight;
    if (!frames.empty()) pushAll(frame.results);
    return true;
}

bool Impl::br(uint32_t label) {
    if (!checkLabel(label) || !popAll(frameAt(label).branchTypes())) return false;
    setUnreachable();
    return true;
}

bool Impl::brIf(uint32_t label) {
    if (!pop(kI32) || !checkLabel(label)) return false;
    const auto types = frameAt(label).branchTypes();
    if (types.empty()) return true;
    if (!popAll(types)) return false;
    pushAll(types);
    return true;
}

namespace {
constexpr size_t kFewTypes = 4;  // checked as fast as remembered
}

bool Impl::brTable(std::span<const uint32_t> labels) {
    if (!pop(kI32) || !checkLabel(labels.back())) return false;
    const auto fallback = frameAt(labels.back()).branchTypes();
    checkedTypes.clear();
    for (const uint32_t label : labels) {
        if (!checkLabel(label)) return false;
        const auto types = frameAt(label).branchTypes();
        if (types.size() != fallback.size())
            return mismatch("expected labels that take " + std::to_string(fallback.size()) +
                            " operands, label " + std::to_string(label) + " takes " +
                            std::to_string(types.size()));
        // Labels of the same block type share a list of types.
        if (types.size() > kFewTypes && !checkedTypes.insert(types.data()).second) continue;
        if (!checkAll(types)) return false;
    }
    if (!popAll(fallback)) return false;
    setUnreachable();
    return true;
}

bool Impl::returnBranch() {
    if (!popAll(frames.front().results)) return false;
    setUnreachable();
    return true;
}

bool Impl::call(uint32_t index) {
    const Function* callee = functionAt(index);
    if (!callee) return false;
    const FuncType& type = module.types[callee->type.value].func;
    if (!popAll(type.params)) return false;
    pushAll(type.results);
    return true;
}

bool Impl::callIndirect(uint32_t type, uint32_t tableIndex) {
    const Table* from = table(tableIndex);
    if (!from) return false;
    if (!isSubtype(module, from->type.element, kFuncRef))
        return mismatch("expected a table of functions, table " + std::to_string(tableIndex) + " holds " +
                        toText(from->type.element));
    const FuncType* callee = funcType(type);
    if (!callee || !pop(indexType(from->type.limits))) return false;
    if (instruction.op == Op::ReturnCallIndirect) return tailCall(*callee);
    if (!popAll(callee->params)) return false;
    pushAll(callee->results);
    return true;
}

bool Impl::callRef(uint32_t type) {
    const FuncType* callee = funcType(type);
    if (!callee || !pop(ref(type, true))) return false;
    if (instruction.op == Op::ReturnCallRef) return tailCall(*callee);
    if (!popAll(callee->params)) return false;
    pushAll(callee->results);
    return true;
}

bool Impl::tailCall(const FuncType& callee) {
    if (!popAll(callee.params)) return false;
    const auto results = frames.front().results;
    bool same = callee.results.size() == results.size();
    for (size_t i = 0; same && i < results.size(); ++i)
        same = isSubtype(module, callee.results[i], results[i]);
    if (!same)
        return mismatch("expected the results of this function, the callee has " +
                        toText(FuncType{{}, callee.results}));
    setUnreachable();
    return true;
}

// --- Exceptions -------------------------------------------------------------------------------------------------

bool Impl::throwTag(uint32_t tag) {
    const FuncType* type = tagParams(tag);
    if (!type || !popAll(type->params)) return false;
    setUnreachable();
    return true;
}

bool Impl::checkCatch(const CatchClause& clause) {
    using Kind = CatchClause::Kind;
    std::span<const ValType> params;
    if (clause.kind == Kind::Catch || clause.kind == Kind::CatchRef) {
        const FuncType* type = tagParams(clause.tag.value);
        if (!type) return false;
        params = type->params;
    }
    if (!checkLabel(clause.label)) return false;
    const auto wanted = frameAt(clause.label).branchTypes();
    const bool withRef = clause.kind == Kind::CatchRef || clause.kind == Kind::CatchAllRef;
    bool same = wanted.size() == params.size() + (withRef ? 1 : 0);
    for (size_t i = 0; same && i < params.size(); ++i)
        same = isSubtype(module, params[i], wanted[i]);
    if (same && withRef) same = isSubtype(module, ValType::ref(AbstractHeap::Exn, false), wanted.back());
    return same || mismatch("catch clause gives other operands than label " + std::to_string(clause.label) +
                            " takes");
}

bool Impl::tryTable(const Instruction& i) {
    if (!popAll(i.block.params)) return false;
    for (const CatchClause& clause : i.catches)
        if (!checkCatch(clause)) return false;
    pushFrame(Op::TryTable, i.block.params, i.block.results, i.offset);
    return true;
}

bool Impl::legacyCatch(Op op, uint32_t tag) {
    const Op present = frames.back().op;
    if (present != Op::Try && present != Op::Catch)
        return fail(ErrorCode::Malformed, std::string(row(op).text) + " without try");
    if (!popFrameResults()) return false;
    restartFrame(op);
    if (op == Op::CatchAll) return true;
    const FuncType* type = tagParams(tag);
    if (!type) return false;
    pushAll(type->params);
    return true;
}

bool Impl::legacyDelegate(uint32_t label) {
    if (frames.back().op != Op::Try) return fail(ErrorCode::Malformed, "delegate without try");
    const ControlFrame frame = frames.back();
    if (!popFrameResults()) return false;
    dropFrame();
    slots = frame.slotHeight;
    if (!checkLabel(label)) return false;
    pushAll(frame.results);
    return true;
}

bool Impl::rethrow(uint32_t label) {
    if (!checkLabel(label)) return false;
    const Op op = frameAt(label).op;
    if (op != Op::Catch && op != Op::CatchAll)
        return invalid("invalid rethrow label " + std::to_string(label));
    setUnreachable();
    return true;
}

// --- Variables, memories, tables --------------------------------------------------------------------------------

bool Impl::globalGet(uint32_t index) {
    if (index >= module.globals.size()) return unknown("global", index);
    push(module.globals[index].type.type);
    return true;
}

bool Impl::globalSet(uint32_t index) {
    if (index >= module.globals.size()) return unknown("global", index);
    const GlobalType& type = module.globals[index].type;
    if (!type.isMutable) return invalid("immutable global " + std::to_string(index));
    return pop(type.type);
}

bool Impl::select() {
    ValType a, b;
    if (!pop(kI32) || !popAny(a) || !popAny(b)) return false;
    if (a.isRef() || b.isRef())
        return mismatch("without a type expected numbers or vectors, found " + toText(a.isRef() ? a : b));
    if (a != b && a != kBottom && b != kBottom)
        return mismatch("expected two operands of one type, found " + toText(b) + " and " + toText(a));
    push(a == kBottom ? b : a);
    return true;
}

bool Impl::selectTyped(ValType type) {
    if (!pop(kI32) || !pop(type) || !pop(type)) return false;
    push(type);
    return true;
}

bool Impl::fixedWithMemory(Op op, ValType indexType) {
    const FixedSignature& signature = kFixedSignatures[static_cast<uint16_t>(op)];
    const auto typeOf = [&](ValKind kind) { return kind == ValKind::Ref ? indexType : ValType(kind); };
    for (uint32_t i = signature.pops; i-- > 0;)
        if (!pop(typeOf(signature.in[i]))) return false;
    for (uint32_t i = 0; i < signature.pushes; ++i)
        push(typeOf(signature.out[i]));
    return true;
}

bool Impl::memoryAccess(const Instruction& i) {
    const Memory* accessed = memory(i.index);
    if (!accessed) return false;
    const uint32_t bytes = accessBytes(i.op);
    const bool isAtomic = row(i.op).prefix == 0xfe;
    if (i.align > 4 || (1u << i.align) > bytes)
        return invalid("alignment must not be larger than natural: 2^" + std::to_string(i.align) + " for " +
                       std::to_string(bytes) + " bytes");
    if (isAtomic && (1u << i.align) != bytes)
        return invalid("alignment must be equal to natural: 2^" + std::to_string(i.align) + " for " +
                       std::to_string(bytes) + " bytes");
    const bool is64 = accessed->type.limits.is64;
    if (!is64 && i.value > 0xffffffffu)
        return invalid("offset out of range: " + hex(i.value) + " in a 32-bit memory");
    if (is64) return fixedWithMemory(i.op, kI64);
    return follow(kFixedSignatures32[static_cast<uint16_t>(i.op)]);
}

bool Impl::applyTable(const Instruction& i) {
    if (i.op == Op::TableInit) {
        const Table* into = table(i.index2);
        const ElementSegment* segment = into ? elementSegment(i.index) : nullptr;
        if (!segment) return false;
        if (!isSubtype(module, segment->type, into->type.element))
            return mismatch("expected elements of type " + toText(into->type.element) + ", found " +
                            toText(segment->type));
        return pop(kI32) && pop(kI32) && pop(indexType(into->type.limits));
    }
    const Table* first = table(i.index);
    if (!first) return false;
    const ValType element = first->type.element, index = indexType(first->type.limits);
    switch (i.op) {
    case Op::TableGet:
        if (!pop(index)) return false;
        push(element);
        return true;
    case Op::TableSet: return pop(element) && pop(index);
    case Op::TableSize: push(index); return true;
    case Op::TableGrow:
        if (!pop(index) || !pop(element)) return false;
        push(index);
        return true;
    case Op::TableFill: return pop(index) && pop(element) && pop(index);
    case Op::TableCopy: {
        const Table* from = table(i.index2);
        if (!from) return false;
        if (!isSubtype(module, from->type.element, element))
            return mismatch("expected elements of type " + toText(element) + ", found " +
                            toText(from->type.element));
        const ValType fromIndex = indexType(from->type.limits);
        return pop(index == kI64 && fromIndex == kI64 ? kI64 : kI32) && pop(fromIndex) && pop(index);
    }
    default: CHECK(false); return false;
    }
}

// --- The switch -------------------------------------------------------------------------------------------------

bool Impl::applyControl(const Instruction& i) {
    switch (i.op) {
    case Op::Unreachable: setUnreachable(); return true;
    case Op::Block:
    case Op::Loop:
    case Op::If:
    case Op::Try: return enter(i.op, i.block, i.offset);
    case Op::TryTable: return tryTable(i);
    case Op::Else: return elseBranch();
    case Op::End: return end();
    case Op::Catch:
    case Op::CatchAll: return legacyCatch(i.op, i.index);
    case Op::Delegate: return legacyDelegate(i.index);
    case Op::Rethrow: return rethrow(i.index);
    case Op::Throw: return throwTag(i.index);
    case Op::ThrowRef:
        if (!pop(kExnRef)) return false;
        setUnreachable();
        return true;
    case Op::Br: return br(i.index);
    case Op::BrIf: return brIf(i.index);
    case Op::BrTable: return brTable(i.labels);
    case Op::BrOnNull: return brOnNull(i.index);
    case Op::BrOnNonNull: return brOnNonNull(i.index);
    case Op::BrOnCast:
    case Op::BrOnCastFail: return brOnCast(i);
    case Op::Return: return returnBranch();
    case Op::Call: return call(i.index);
    case Op::ReturnCall: {
        const Function* callee = functionAt(i.index);
        return callee && tailCall(module.types[callee->type.value].func);
    }
    case Op::CallIndirect:
    case Op::ReturnCallIndirect: return callIndirect(i.index, i.index2);
    case Op::CallRef:
    case Op::ReturnCallRef: return callRef(i.index);
    default: return applyReference(i);
    }
}

bool Impl::apply(const Instruction& i) {
    const OpRow& r = row(i.op);
    if (r.hasFixedSignature()) {
        switch (r.imm) {
        case Imm::MemArg: return memoryAccess(i);
        case Imm::MemArgLane:
            if (i.lane >= laneCount(i.op)) return invalid("invalid lane index " + std::to_string(i.lane));
            return memoryAccess(i);
        case Imm::Lane:
            if (i.lane >= laneCount(i.op)) return invalid("invalid lane index " + std::to_string(i.lane));
            return fixed(i.op);
        case Imm::Shuffle:
            for (const uint8_t lane : i.lanes)
                if (lane >= 32) return invalid("invalid lane index " + std::to_string(lane));
            return fixed(i.op);
        case Imm::Memory: {
            const Memory* used = memory(i.index);
            return used && fixedWithMemory(i.op, indexType(used->type.limits));
        }
        case Imm::DataMemory: {
            const Memory* into = memory(i.index2);
            return into && dataSegment(i.index) && fixedWithMemory(i.op, indexType(into->type.limits));
        }
        case Imm::Data: return dataSegment(i.index);
        case Imm::Elem: return elementSegment(i.index) != nullptr;
        default: return fixed(i.op);
        }
    }
    switch (i.op) {
    case Op::Drop: return drop();
    case Op::Select: return select();
    case Op::SelectTyped: return selectTyped(i.type);
    case Op::LocalGet: return localGet(i.index);
    case Op::LocalSet: return localSet(i.index);
    case Op::LocalTee: return localTee(i.index);
    case Op::GlobalGet: return globalGet(i.index);
    case Op::GlobalSet: return globalSet(i.index);
    case Op::TableGet:
    case Op::TableSet:
    case Op::TableSize:
    case Op::TableGrow:
    case Op::TableFill:
    case Op::TableCopy:
    case Op::TableInit: return applyTable(i);
    case Op::MemoryCopy: {
        const Memory* into = memory(i.index);
        const Memory* from = into ? memory(i.index2) : nullptr;
        if (!from) return false;
        const ValType a = indexType(into->type.limits), b = indexType(from->type.limits);
        return pop(a == kI64 && b == kI64 ? kI64 : kI32) && pop(b) && pop(a);
    }
    default: return applyControl(i);
    }
}

}  // namespace engine
