// Validation rules (standard, section 3.4) of references, casts and aggregates, and what may stand in a constant expression.
#include "engine/function_walker_impl.h"
#include "engine/limits.h"

namespace engine {

using Impl = FunctionWalker::Impl;

namespace {

/// The type without null; of an unknown operand a reference to nobody knows what.
ValType nonNull(ValType type) { return ValType::ref(type == kBottom ? kBottomHeap : type.heap(), false); }

/// What is left of `from` where a cast to `to` has failed (standard, section 3.3.3, difference of reference types).
ValType difference(ValType from, ValType to) {
    return to.nullable() ? ValType::ref(from.heap(), false) : from;
}

}  // namespace

// --- References -------------------------------------------------------------------------------------------------

bool Impl::brOnNull(uint32_t label) {
    ValType type;
    if (!popRef(type) || !checkLabel(label)) return false;
    const auto types = frameAt(label).branchTypes();
    if (!popAll(types)) return false;
    pushAll(types);
    push(nonNull(type));
    return true;
}

bool Impl::brOnNonNull(uint32_t label) {
    if (!checkLabel(label)) return false;
    const auto types = frameAt(label).branchTypes();
    if (types.empty() || !types.back().isRef()) return mismatch("expected a label that takes a reference");
    ValType type;
    if (!popRef(type)) return false;
    if (!isSubtype(module, nonNull(type), types.back()))
        return mismatch("expected " + toText(types.back()) + ", found " + toText(nonNull(type)));
    const auto others = types.first(types.size() - 1);
    if (!popAll(others)) return false;
    pushAll(others);
    return true;
}

bool Impl::brOnCast(const Instruction& i) {
    if (!checkLabel(i.index)) return false;
    if (!isSubtype(module, i.type2, i.type))
        return mismatch("expected a subtype of " + toText(i.type) + ", found " + toText(i.type2));
    const auto types = frameAt(i.index).branchTypes();
    const ValType rest = difference(i.type, i.type2);
    const ValType carried = i.op == Op::BrOnCast ? i.type2 : rest,
                  kept = i.op == Op::BrOnCast ? rest : i.type2;
    if (types.empty() || !isSubtype(module, carried, types.back()))
        return mismatch("expected a label that takes " + toText(carried) +
                        (types.empty() ? "" : ", found " + toText(types.back())));
    if (!pop(i.type)) return false;
    const auto others = types.first(types.size() - 1);
    if (!popAll(others)) return false;
    pushAll(others);
    push(kept);
    return true;
}

bool Impl::refFunc(uint32_t index) {
    const Function* named = functionAt(index);
    if (!named) return false;
    if (!module.declaredFunctions[index])
        return invalid("undeclared function reference: function " + std::to_string(index));
    push(ref(named->type.value, false));
    return true;
}

bool Impl::convert(AbstractHeap from, AbstractHeap to) {
    ValType type;
    if (!popRef(type)) return false;
    if (type != kBottom && !isSubtype(module, type, ValType::ref(from)))
        return mismatch("expected " + toText(ValType::ref(from)) + ", found " + toText(type));
    push(ValType::ref(to, type != kBottom && type.nullable()));
    return true;
}

bool Impl::applyReference(const Instruction& i) {
    ValType type;
    switch (i.op) {
    case Op::RefNull: push(i.type); return true;
    case Op::RefIsNull:
        if (!popRef(type)) return false;
        push(kI32);
        return true;
    case Op::RefFunc: return refFunc(i.index);
    case Op::RefEq:
        if (!pop(ValType::ref(AbstractHeap::Eq)) || !pop(ValType::ref(AbstractHeap::Eq))) return false;
        push(kI32);
        return true;
    case Op::RefAsNonNull:
        if (!popRef(type)) return false;
        push(nonNull(type));
        return true;
    case Op::RefTest:
    case Op::RefTestNull:
    case Op::RefCast:
    case Op::RefCastNull:
        if (!pop(ValType::ref(topOf(module, i.type.heap())))) return false;
        push(i.op == Op::RefTest || i.op == Op::RefTestNull ? kI32 : i.type);
        return true;
    case Op::AnyConvertExtern: return convert(AbstractHeap::Extern, AbstractHeap::Any);
    case Op::ExternConvertAny: return convert(AbstractHeap::Any, AbstractHeap::Extern);
    case Op::RefI31:
        if (!pop(kI32)) return false;
        push(ValType::ref(AbstractHeap::I31, false));
        return true;
    case Op::I31GetS:
    case Op::I31GetU:
        if (!pop(ValType::ref(AbstractHeap::I31))) return false;
        push(kI32);
        return true;
    default: return applyAggregate(i);
    }
}

// --- Structures and arrays --------------------------------------------------------------------------------------

const StructType* Impl::structType(uint32_t index) {
    if (index < module.types.size() && module.types[index].kind == CompositeKind::Struct)
        return &module.types[index].structure;
    if (index < module.types.size())
        invalid("unknown type: type " + std::to_string(index) + " is no structure type");
    else
        unknown("type", index);
    return nullptr;
}

const ArrayType* Impl::arrayType(uint32_t index) {
    if (index < module.types.size() && module.types[index].kind == CompositeKind::Array)
        return &module.types[index].array;
    if (index < module.types.size())
        invalid("unknown type: type " + std::to_string(index) + " is no array type");
    else
        unknown("type", index);
    return nullptr;
}

const FieldType* Impl::field(uint32_t type, uint32_t index) {
    const StructType* structure = structType(type);
    if (!structure) return nullptr;
    if (index < structure->fields.size()) return &structure->fields[index];
    unknown("field", index);
    return nullptr;
}

bool Impl::structNew(const Instruction& i) {
    const StructType* type = structType(i.index);
    if (!type) return false;
    for (size_t f = type->fields.size(); f-- > 0;) {
        const ValType wanted = type->fields[f].type;
        if (i.op == Op::StructNew
                ? !pop(wanted)
                : !isDefaultable(wanted) && !mismatch("field " + std::to_string(f) + " has no default value"))
            return false;
    }
    push(ref(i.index, false));
    return true;
}

bool Impl::structGet(const Instruction& i) {
    const FieldType* read = field(i.index, i.index2);
    if (!read) return false;
    if ((read->packed != PackedKind::None) == (i.op == Op::StructGet))
        return mismatch(read->packed != PackedKind::None
                            ? "field is packed, struct.get_s or struct.get_u is needed"
                            : "field is not packed");
    if (!pop(ref(i.index, true))) return false;
    push(read->type);
    return true;
}

bool Impl::structSet(const Instruction& i) {
    const FieldType* written = field(i.index, i.index2);
    if (!written) return false;
    if (!written->isMutable) return invalid("immutable field " + std::to_string(i.index2));
    return pop(written->type) && pop(ref(i.index, true));
}

bool Impl::arrayNew(const Instruction& i) {
    const ArrayType* type = arrayType(i.index);
    if (!type) return false;
    const FieldType& element = type->element;
    switch (i.op) {
    case Op::ArrayNew:
        if (!pop(kI32) || !pop(element.type)) return false;
        break;
    case Op::ArrayNewDefault:
        if (!isDefaultable(element.type))
            return mismatch("elements of type " + toText(element.type) + " have no default value");
        if (!pop(kI32)) return false;
        break;
    case Op::ArrayNewFixed:
        if (i.index2 > limits::kArrayNewFixed)
            return fail(ErrorCode::Limit,
                        "too many elements of array.new_fixed: " + std::to_string(i.index2) + ", limit " +
                            std::to_string(limits::kArrayNewFixed));
        for (uint32_t n = 0; n < i.index2; ++n)
            if (!pop(element.type)) return false;
        break;
    case Op::ArrayNewData:
        if (element.type.isRef()) return invalid("array type is not numeric or vector");
        if (!dataSegment(i.index2) || !pop(kI32) || !pop(kI32)) return false;
        break;
    default: {
        const ElementSegment* segment = elementSegment(i.index2);
        if (!segment) return false;
        if (!isSubtype(module, segment->type, element.type))
            return mismatch("expected elements of type " + toText(element.type) + ", found " +
                            toText(segment->type));
        if (!pop(kI32) || !pop(kI32)) return false;
    }
    }
    push(ref(i.index, false));
    return true;
}

bool Impl::arrayGet(const Instruction& i) {
    const ArrayType* type = arrayType(i.index);
    if (!type) return false;
    const FieldType& element = type->element;
    if ((element.packed != PackedKind::None) == (i.op == Op::ArrayGet))
        return mismatch(element.packed != PackedKind::None
                            ? "array is packed, array.get_s or array.get_u is needed"
                            : "array is not packed");
    if (!pop(kI32) || !pop(ref(i.index, true))) return false;
    push(element.type);
    return true;
}

bool Impl::arrayCopy(const Instruction& i) {
    const ArrayType* into = arrayType(i.index);
    const ArrayType* from = into ? arrayType(i.index2) : nullptr;
    if (!from) return false;
    if (!into->element.isMutable) return invalid("immutable array");
    if (into->element.packed != from->element.packed ||
        !isSubtype(module, from->element.type, into->element.type))
        return invalid("array types do not match");
    return pop(kI32) && pop(kI32) && pop(ref(i.index2, true)) && pop(kI32) && pop(ref(i.index, true));
}

bool Impl::arrayInit(const Instruction& i) {
    const ArrayType* type = arrayType(i.index);
    if (!type) return false;
    if (!type->element.isMutable) return invalid("immutable array");
    if (i.op == Op::ArrayInitData) {
        if (type->element.type.isRef()) return invalid("array type is not numeric or vector");
        if (!dataSegment(i.index2)) return false;
    } else {
        const ElementSegment* segment = elementSegment(i.index2);
        if (!segment) return false;
        if (!isSubtype(module, segment->type, type->element.type))
            return mismatch("expected elements of type " + toText(type->element.type) + ", found " +
                            toText(segment->type));
    }
    return pop(kI32) && pop(kI32) && pop(kI32) && pop(ref(i.index, true));
}

bool Impl::applyAggregate(const Instruction& i) {
    switch (i.op) {
    case Op::StructNew:
    case Op::StructNewDefault: return structNew(i);
    case Op::StructGet:
    case Op::StructGetS:
    case Op::StructGetU: return structGet(i);
    case Op::StructSet: return structSet(i);
    case Op::ArrayNew:
    case Op::ArrayNewDefault:
    case Op::ArrayNewFixed:
    case Op::ArrayNewData:
    case Op::ArrayNewElem: return arrayNew(i);
    case Op::ArrayGet:
    case Op::ArrayGetS:
    case Op::ArrayGetU: return arrayGet(i);
    case Op::ArraySet:
    case Op::ArrayFill: {
        const ArrayType* type = arrayType(i.index);
        if (!type) return false;
        if (!type->element.isMutable) return invalid("immutable array");
        if (i.op == Op::ArrayFill && !pop(kI32)) return false;
        return pop(type->element.type) && pop(kI32) && pop(ref(i.index, true));
    }
    case Op::ArrayLen:
        if (!pop(ValType::ref(AbstractHeap::Array))) return false;
        push(kI32);
        return true;
    case Op::ArrayCopy: return arrayCopy(i);
    case Op::ArrayInitData:
    case Op::ArrayInitElem: return arrayInit(i);
    default: CHECK(false); return false;
    }
}

// --- Constant expressions ---------------------------------------------------------------------------------------

bool Impl::checkConstant(const Instruction& i) {
    switch (i.op) {
    case Op::I32Const:
    case Op::I64Const:
    case Op::F32Const:
    case Op::F64Const:
    case Op::V128Const:
    case Op::I32Add:
    case Op::I32Sub:
    case Op::I32Mul:
    case Op::I64Add:
    case Op::I64Sub:
    case Op::I64Mul:
    case Op::RefNull:
    case Op::RefFunc:
    case Op::RefI31:
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny:
    case Op::StructNew:
    case Op::StructNewDefault:
    case Op::ArrayNew:
    case Op::ArrayNewDefault:
    case Op::ArrayNewFixed:
    case Op::End: return true;
    case Op::GlobalGet:
        if (i.index >= visibleGlobals) return unknown("global", i.index);
        return !module.globals[i.index].type.isMutable ||
               invalid("constant expression required: global " + std::to_string(i.index) + " is mutable");
    default: return invalid("constant expression required: found " + std::string(row(i.op).text));
    }
}

}  // namespace engine
