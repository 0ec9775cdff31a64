#include "debugger/symbols/expression_operators.h"

#include <algorithm>
#include <charconv>

#include "debugger/symbols/expression_names.h"
#include "debugger/symbols/printers.h"
#include "debugger/symbols/render_text.h"
#include "debugger/symbols/value_read.h"
#include "debugger/symbols/value_wasm.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

Error wrong(std::string message) { return Error{ErrorCode::BadArgument, std::move(message)}; }

std::string quotedType(const SourceValue& value, EvaluationContext& context) {
    return "`" + typeName(value, context) + "`";
}

std::string writtenAs(const SourceValue& value) {
    return "`" + printable(value.path.empty() ? "the value" : value.path) + "`";
}

bool isArray(const SourceValue& value, const Types& types) { return !types.shape(value).extents.empty(); }

/// A pointer as arithmetic sees it.
struct Address {
    uint64_t address = 0;
    TypeId pointee = kNoType;
};

/// Of pointers, arrays and smart pointers; nothing for numbers.
Result<std::optional<Address>> asAddress(const SourceValue& value, EvaluationContext& context) {
    const Types types(context);
    const ArrayShape shape = types.shape(value);
    if (!shape.extents.empty()) {
        if (value.place.kind == ObjectPlace::Kind::Unavailable)
            return Error{ErrorCode::NotFound, value.place.why};
        if (value.place.kind != ObjectPlace::Kind::Memory)
            return wrong("this array is not in memory: it has no address");
        return std::optional(Address{value.place.address, shape.element});
    }
    if (types.isPointer(value.type)) {
        const uint64_t address = TRY(readPointer(value, context));
        return std::optional(Address{address, types.target(types.strip(value.type))});
    }
    const auto view = printedView(value, context, {0, 0});
    if (!view || view->kind != PrintedView::Kind::Pointer || !view->pointer) return std::optional<Address>();
    const uint64_t address = TRY(readPointer(*view->pointer, context));
    return std::optional(Address{address, types.target(types.strip(view->pointer->type))});
}

Result<int64_t> asIndex(const SourceValue& index, EvaluationContext& context) {
    const Number number = TRY(numberOf(index, context));
    if (number.isFloat()) return wrong("an index must be a whole number");
    const auto value = static_cast<int64_t>(number.asUnsigned());
    return value;
}

bool isCodeAddress(const SourceValue& value) { return asBuiltin(value.type) == Builtin::CodeAddress; }

/// Compares functions by their code: a pointer holds a slot of the table.
Result<SourceValue> compareFunctions(BinaryOperation operation, const SourceValue& left,
                                     const SourceValue& right, EvaluationContext& context) {
    if (operation != BinaryOperation::Equal && operation != BinaryOperation::NotEqual)
        return wrong("functions can only be compared with == and !=");
    const auto code = [&context](const SourceValue& value) -> Result<uint64_t> {
        const Number number = TRY(numberOf(value, context));
        if (isCodeAddress(value)) return number.asUnsigned();
        if (!number.isTrue()) return uint64_t{0};
        const auto function = context.functionInTable(number.asUnsigned());
        if (!function) return uint64_t{0};
        const auto symbol =
            context.symbols() ? context.symbols()->functionAt(function->address) : std::nullopt;
        return uint64_t{symbol ? symbol->range.begin : function->address};
    };
    const uint64_t a = TRY(code(left))
    , b = TRY(code(right));
    return truth((a == b) == (operation == BinaryOperation::Equal));
}

bool isComparison(BinaryOperation operation) { return operation >= BinaryOperation::Equal; }

Result<SourceValue> pointerArithmetic(BinaryOperation operation, const std::optional<Address>& left,
                                      const std::optional<Address>& right, const SourceValue& leftValue,
                                      const SourceValue& rightValue, EvaluationContext& context) {
    const Types types(context);
    if (left && right && operation == BinaryOperation::Subtract) {
        const uint64_t each = std::max<uint64_t>(1, types.size(left->pointee));
        const auto bytes = static_cast<int64_t>(left->address - right->address);
        return temporary(Number::ofSigned(bytes / static_cast<int64_t>(std::min<uint64_t>(each, INT64_MAX)),
                                          types.pointerSize() == 8 ? 64 : 32));
    }
    if (isComparison(operation)) {
        Number a = TRY(numberOf(leftValue, context))
        , b = TRY(numberOf(rightValue, context));
        if (a.isFloat() || b.isFloat())
            return wrong("a pointer cannot be compared with a floating-point number");
        a = convert(a, Number::Kind::Unsigned, static_cast<uint8_t>(8 * types.pointerSize()));
        b = convert(b, Number::Kind::Unsigned, static_cast<uint8_t>(8 * types.pointerSize()));
        return truth(TRY(apply(operation, a, b)).isTrue());
    }
    const bool isSum = operation == BinaryOperation::Add && !(left && right);
    const bool isDifference = operation == BinaryOperation::Subtract && left && !right;
    if (!isSum && !isDifference)
        return wrong("this operator does not work on pointers; cast to an integer first");
    const Address base = left ? *left : *right;
    const int64_t count = TRY(asIndex(left ? rightValue : leftValue, context));
    const uint64_t size = types.isVoid(base.pointee) ? 1 : types.size(base.pointee);
    if (size == 0) return wrong("the size of `" + types.name(base.pointee) + "` is not known");
    const uint64_t bytes = static_cast<uint64_t>(count) * size;
    uint64_t address = isSum ? base.address + bytes : base.address - bytes;
    if (types.pointerSize() < 8) address = static_cast<uint32_t>(address);
    return temporaryPointer(base.pointee, address, types);
}

}  // namespace

SourceValue truth(bool value) { return temporary(builtinType(Builtin::Bool), {static_cast<uint8_t>(value)}); }

Result<Number> numberOf(const SourceValue& original, EvaluationContext& context) {
    const Types types(context);
    const SourceValue value = throughReferences(original, context);
    if (isArray(value, types) || types.isAggregate(value.type)) {
        const auto address = TRY(asAddress(value, context));
        if (address)
            return Number::ofUnsigned(address->address, static_cast<uint8_t>(8 * types.pointerSize()));
        if (value.place.kind == ObjectPlace::Kind::Unavailable)
            return Error{ErrorCode::NotFound, value.place.why.empty() ? "optimised out" : value.place.why};
        return wrong("a value of type " + quotedType(value, context) +
                     " is not a number; use one of its members");
    }
    return readNumber(value, context);
}

Result<bool> isTrue(const SourceValue& original, EvaluationContext& context) {
    const SourceValue value = throughReferences(original, context);
    if (Types(context).isAggregate(value.type)) {
        const auto view = printedView(value, context, {0, 0});
        if (view && view->kind == PrintedView::Kind::Optional) return view->count != 0;
    }
    const Number number = TRY(numberOf(value, context));
    return number.isTrue();
}

Result<SourceValue> binaryOperation(BinaryOperation operation, const SourceValue& leftOriginal,
                                    const SourceValue& rightOriginal, EvaluationContext& context) {
    const SourceValue left = throughReferences(leftOriginal, context),
                      right = throughReferences(rightOriginal, context);
    if (isCodeAddress(left) || isCodeAddress(right)) return compareFunctions(operation, left, right, context);
    const auto leftAddress = TRY(asAddress(left, context))
    , rightAddress = TRY(asAddress(right, context));
    if (leftAddress || rightAddress)
        return pointerArithmetic(operation, leftAddress, rightAddress, left, right, context);
    const Number a = TRY(numberOf(left, context))
    , b = TRY(numberOf(right, context));
    const Number result = TRY(apply(operation, a, b));
    return isComparison(operation) ? truth(result.isTrue()) : temporary(result);
}

Result<SourceValue> negated(const SourceValue& value, EvaluationContext& context) {
    const Number number = promote(TRY(numberOf(value, context)));
    if (number.isFloat()) return temporary(Number::ofDouble(-number.real, number.bits));
    return temporary(TRY(
        apply(BinaryOperation::Subtract, convert(Number::ofSigned(0), number.kind, number.bits), number)));
}

Result<SourceValue> complemented(const SourceValue& value, EvaluationContext& context) {
    const Number number = promote(TRY(numberOf(value, context)));
    return temporary(
        TRY(apply(BinaryOperation::Xor, number, convert(Number::ofSigned(-1), number.kind, number.bits))));
}

// --------------------------------------------------------------------------------------------------- pointers, members

Result<SourceValue> pointee(const SourceValue& original, EvaluationContext& context) {
    const Types types(context);
    const SourceValue value = throughReferences(original, context);
    if (isCodeAddress(value)) return value;
    if (isArray(value, types)) return elementOf(value, 0, context);
    if (types.isAggregate(value.type)) {
        const auto view = printedView(value, context, {0, 1});
        const bool isOwner =
            view && (view->kind == PrintedView::Kind::Pointer || view->kind == PrintedView::Kind::Optional);
        if (isOwner && view->items.empty()) return Error{ErrorCode::NotFound, writtenAs(value) + " is empty"};
        if (isOwner) return view->items.front();
    }
    if (types.isPointer(value.type) &&
        types.kind(types.strip(types.target(types.strip(value.type)))) == TypeKind::Function) {
        return wrong("a function has no value; compare the pointer with a function's name, or print it");
    }
    if (!types.isPointer(value.type))
        return wrong("a value of type " + quotedType(value, context) + " cannot be dereferenced");
    return dereference(value, context);
}

Result<SourceValue> addressOf(const SourceValue& original, EvaluationContext& context) {
    const Types types(context);
    const SourceValue value = throughReferences(original, context);
    if (isCodeAddress(value)) return value;
    if (value.bitSize != 0) return wrong("a bit field has no address");
    const ObjectPlace& place = value.place;
    if (place.kind == ObjectPlace::Kind::Unavailable)
        return Error{ErrorCode::NotFound, writtenAs(value) + " is unavailable: " + place.why};
    if (place.kind == ObjectPlace::Kind::Bytes) return wrong("a computed value has no address");
    if (place.kind != ObjectPlace::Kind::Memory)
        return wrong(writtenAs(value) + " is in " + placeText(value) + ", not in memory: it has no address");
    return temporaryPointer(value.type, place.address, types);
}

Result<SourceValue> memberNamed(const SourceValue& original, const std::string& name,
                                EvaluationContext& context) {
    const Types types(context);
    SourceValue value = throughReferences(original, context);
    const bool isNumber =
        !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
    const std::string wanted = isNumber ? "__" + name : name;
    for (unsigned depth = 0; depth < 8; depth++) {
        if (auto member = findMember(value, wanted, context)) return std::move(*member);
        const bool isObject = types.isAggregate(value.type) && value.extents.empty();
        const auto view =
            isObject || types.isPointer(value.type) ? printedView(value, context, {0, 1}) : std::nullopt;
        const bool isOwner =
            view && (view->kind == PrintedView::Kind::Pointer || view->kind == PrintedView::Kind::Optional);
        if (isOwner && !view->items.empty()) {
            value = throughReferences(view->items.front(), context);
        } else if (value.extents.empty() && types.isPointer(value.type)) {
            value = throughReferences(TRY(dereference(value, context)), context);
        } else {
            break;
        }
    }
    const bool hasMembers = types.isAggregate(value.type) || !types.stripped(value.type).members.empty();
    if (!isWasmReference(value) && (!hasMembers || !value.extents.empty()))
        return wrong("a value of type " + quotedType(value, context) + " has no members");
    if (types.stripped(value.type).isDeclaration)
        return wrong("the module has no definition of " + quotedType(value, context));
    if (value.place.kind == ObjectPlace::Kind::Unavailable)
        return Error{ErrorCode::NotFound, value.place.why.empty() ? "optimised out" : value.place.why};
    return Error{ErrorCode::NotFound, quotedType(value, context) + " has no member `" + printable(name) +
                                          "`" + suggestion(name, memberNames(value, context))};
}

Result<SourceValue> childNamed(const SourceValue& value, const std::string& name,
                               EvaluationContext& context) {
    uint64_t index = 0;
    if (name == "raw") {
        SourceValue raw = throughReferences(value, context);
        raw.isRaw = true;
        return raw;
    }
    const auto digits = std::from_chars(name.data(), name.data() + name.size(), index);
    if (digits.ec != std::errc() || digits.ptr != name.data() + name.size())
        return wrong("`raw` or a number is expected in .[ ]");
    auto found = children(value, context, index, 1);
    if (found.empty())
        return Error{ErrorCode::NotFound, "there is no child " + name + "; there are " +
                                              std::to_string(childCount(value, context))};
    return std::move(found.front());
}

Result<SourceValue> memberCall(const SourceValue& original, const std::string& name,
                               EvaluationContext& context) {
    const SourceValue value = throughReferences(original, context);
    const Types types(context);
    const bool wantsLength = name == "len" || name == "size" || name == "length",
               wantsEmpty = name == "empty" || name == "is_empty";
    const auto view = wantsLength || wantsEmpty ? printedView(value, context, {0, 0}) : std::nullopt;
    std::optional<uint64_t> count;
    if (view && view->kind != PrintedView::Kind::Pointer && view->kind != PrintedView::Kind::Optional)
        count = view->count;
    const ArrayShape shape = types.shape(value);
    if ((wantsLength || wantsEmpty) && !shape.extents.empty()) count = shape.extents[0];
    if (!count) return wrong("calling functions of the program is not supported");
    if (wantsEmpty) return truth(*count == 0);
    return temporary(Number::ofUnsigned(*count, *count >> 32 ? 64 : 32));
}

// ------------------------------------------------------------------------------------------------- indices and slices

namespace {

/// The value in a map whose key looks like what was asked for.
Result<SourceValue> mapped(const PrintedView& view, const SourceValue& key, EvaluationContext& context) {
    const std::string wanted = render(key, context, 1000);
    for (size_t i = 0; i < view.keys.size(); i++) {
        if (render(view.keys[i], context, 1000) == wanted) return view.items[i];
    }
    return Error{ErrorCode::NotFound, "no key " + wanted + " among " + std::to_string(view.keys.size())};
}

/// Where elements lie, one after the other: of arrays, pointers, strings, vectors, slices.
struct Run {
    uint64_t address = 0;
    TypeId element = kNoType;
    std::optional<uint64_t> count;
};
Result<Run> runOf(const SourceValue& value, EvaluationContext& context) {
    const Types types(context);
    const bool mayBePrinted = types.isAggregate(value.type) || types.isPointer(value.type);
    const auto view =
        mayBePrinted && value.extents.empty() ? printedView(value, context, {0, 1}) : std::nullopt;
    if (view && view->kind == PrintedView::Kind::Text) {
        const Builtin unit = view->unitSize == 1   ? Builtin::Char
                             : view->unitSize == 2 ? Builtin::UnsignedShort
                                                   : Builtin::Char32;
        return Run{view->address, builtinType(unit), view->count};
    }
    if (view && view->kind == PrintedView::Kind::Sequence) {
        if (view->count > 0 && view->address == 0)
            return wrong("its elements do not lie side by side: use .[0]");
        return Run{view->address, view->items.empty() ? kNoType : view->items.front().type, view->count};
    }
    const auto address = TRY(asAddress(value, context));
    if (!address) return wrong("a value of type " + quotedType(value, context) + " cannot be indexed");
    Run run{address->address, address->pointee, std::nullopt};
    const ArrayShape shape = types.shape(value);
    if (shape.extents.size() > 1)
        return wrong("take a row of a two-dimensional array first, as in m[0][1..3]");
    if (!shape.extents.empty()) run.count = shape.extents[0];
    return run;
}

Result<SourceValue> elementAt(const SourceValue& value, const Run& run, int64_t index,
                              EvaluationContext& context) {
    const Types types(context);
    if (types.kind(types.strip(run.element)) == TypeKind::Function)
        return wrong("a function pointer cannot be indexed");
    const uint64_t each = types.size(run.element);
    if (types.isVoid(run.element) || each == 0)
        return wrong("the elements have no known size: cast first, as in ((char *)p)[0]");
    SourceValue element;
    element.name = "[" + std::to_string(index) + "]";
    element.type = run.element;
    element.path = indexPath(value.path, std::to_string(index));
    uint64_t address = run.address + static_cast<uint64_t>(index) * each;
    if (types.pointerSize() < 8) address = static_cast<uint32_t>(address);
    element.place = memoryPlace(address);
    return element;
}

}  // namespace

Result<SourceValue> indexed(const SourceValue& original, const SourceValue& index,
                            EvaluationContext& context) {
    const Types types(context);
    const SourceValue value = throughReferences(original, context);
    if (types.isAggregate(value.type) && value.extents.empty()) {
        const auto view = printedView(value, context, {0, 10'000});
        if (view && view->kind == PrintedView::Kind::Map) return mapped(*view, index, context);
    }
    const int64_t at = TRY(asIndex(index, context));
    if (isWasmReference(value)) return wasmPart(value, static_cast<uint64_t>(at), context);
    const ArrayShape shape = types.shape(value);
    // Arrays that are not in memory, and rows of arrays; others may be indexed beyond their end, as C does it.
    if (!shape.extents.empty() &&
        (value.place.kind != ObjectPlace::Kind::Memory || shape.extents.size() > 1)) {
        const bool isInside = at >= 0 && static_cast<uint64_t>(at) < shape.extents[0];
        if (!isInside)
            return wrong("index " + std::to_string(at) + " is outside " + quotedType(value, context));
        return elementOf(value, static_cast<uint64_t>(at), context);
    }
    const Run run = TRY(runOf(value, context));
    const bool isContainer = shape.extents.empty() && run.count;
    if (isContainer && (at < 0 || static_cast<uint64_t>(at) >= *run.count)) {
        return wrong("index " + std::to_string(at) + " is outside: there are " + std::to_string(*run.count) +
                     " elements");
    }
    return elementAt(value, run, at, context);
}

Result<SourceValue> sliced(const SourceValue& original, int64_t first, int64_t count,
                           EvaluationContext& context) {
    if (count < 0) return wrong("a slice ends before it begins");
    const SourceValue value = throughReferences(original, context);
    const Run run = TRY(runOf(value, context));
    const bool isInside =
        !run.count || (first >= 0 && static_cast<uint64_t>(first) <= *run.count &&
                       static_cast<uint64_t>(count) <= *run.count - static_cast<uint64_t>(first));
    if (!isInside)
        return wrong("the slice is outside: there are " + std::to_string(*run.count) + " elements");
    SourceValue slice = TRY(elementAt(value, run, first, context));
    slice.extents = {static_cast<uint64_t>(count)};
    return slice;
}

Result<SourceValue> repeated(const SourceValue& original, int64_t count, EvaluationContext& context) {
    SourceValue value = throughReferences(original, context);
    if (count < 1) return wrong("an array needs at least one element");
    if (value.place.kind != ObjectPlace::Kind::Memory || value.bitSize != 0)
        return wrong("the left side of @ must be an object in memory");
    if (Types(context).size(value.type) == 0)
        return wrong("the size of " + quotedType(value, context) + " is not known");
    value.extents.insert(value.extents.begin(), static_cast<uint64_t>(count));
    return value;
}

// --------------------------------------------------------------------------------------------------------------- casts

Result<SourceValue> castTo(TypeId type, bool isReference, const SourceValue& original,
                           EvaluationContext& context) {
    const Types types(context);
    SourceValue value = throughReferences(original, context);
    const TypeId bare = types.strip(type);
    const TypeInfo& t = types.info(bare);
    if (isReference || types.isAggregate(bare) || t.kind == TypeKind::Array) {
        if (bare == types.strip(value.type) && value.extents.empty()) return value;
        if (value.place.kind == ObjectPlace::Kind::Memory && isReference) {
            value.type = type;
            value.extents.clear();
            value.bitSize = 0;
            return value;
        }
        return wrong("a value cannot become a `" + types.name(type) + "`; cast a pointer instead, as in *(" +
                     types.name(type) + " *)p");
    }
    if (types.isVoid(bare)) return wrong("a value cannot become void");
    const Number number = TRY(numberOf(value, context));
    const uint64_t size = types.size(bare);
    if (size == 0 || size > 16) return wrong("cannot cast to `" + types.name(type) + "`");
    if (t.kind == TypeKind::Base)
        return temporary(type, bytesOf(number, t.encoding, static_cast<size_t>(size)));
    if (t.kind != TypeKind::Pointer && t.kind != TypeKind::Enum)
        return wrong("cannot cast to `" + types.name(type) + "`");
    if (number.isFloat() && t.kind == TypeKind::Pointer)
        return wrong("a floating-point number cannot become a pointer");
    return temporary(type, bytesOf(number, BaseEncoding::Unsigned, static_cast<size_t>(size)));
}

}  // namespace debugger
