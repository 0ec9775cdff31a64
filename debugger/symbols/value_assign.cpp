// Writing objects: the text is a name of the target's enum or an expression; what does not fit is refused, never cut.
#include <algorithm>
#include <cmath>
#include <limits>

#include "debugger/symbols/expression_names.h"
#include "debugger/symbols/expression_operators.h"
#include "debugger/symbols/render_text.h"
#include "debugger/symbols/value.h"
#include "debugger/symbols/value_read.h"
#include "debugger/symbols/value_wasm.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

Error refused(std::string message) { return Error{ErrorCode::BadArgument, std::move(message)}; }

std::string_view trimmed(std::string_view text) {
    const size_t begin = text.find_first_not_of(" \t\n\r");
    return begin == std::string_view::npos ? std::string_view()
                                           : text.substr(begin, text.find_last_not_of(" \t\n\r") - begin + 1);
}

struct Target {
    SourceValue object;
    TypeId type = kNoType;  // stripped
    const TypeInfo* info = nullptr;
    BaseEncoding encoding = BaseEncoding::Unsigned;
    unsigned bits = 0;
};

bool isSigned(const Target& target) {
    return target.encoding == BaseEncoding::Signed || target.encoding == BaseEncoding::SignedChar;
}

/// The number to store, as its bits. Hexadecimal text may use all bits of a signed type, and so may Wasm's i32 and i64, which have no sign.
Result<UnsignedInt128> integerFor(const Target& target, const Number& number, std::string_view text,
                                  EvaluationContext& context) {
    UnsignedInt128 value = number.integer;
    bool isNegative = number.isNegative();
    if (number.isFloat()) {
        if (std::trunc(number.real) != number.real || std::fabs(number.real) > 1e38)
            return refused(shortest(number.real, number.bits) + " is not a whole number");
        value = number.asInteger();
        isNegative = number.real < 0;
    }
    const std::string written = decimal(value, isNegative);
    const auto builtin = asBuiltin(target.type);
    const bool hasNoSign = builtin == Builtin::I32 || builtin == Builtin::I64;
    const bool isHexadecimal = text.starts_with("0x") || text.starts_with("0X") || text.starts_with("0b");
    const unsigned bits = target.bits;
    const bool fitsUnsigned = !isNegative && (bits >= 128 || (value >> bits) == 0);
    const bool fitsSigned =
        bits >= 128 ? isNegative || (value >> 127) == 0
                    : wrapInteger(value, bits, true) == value && (isNegative || (value >> (bits - 1)) == 0);
    const bool fits =
        isSigned(target) ? fitsSigned || ((isHexadecimal || hasNoSign) && fitsUnsigned) : fitsUnsigned;
    if (fits) return value;
    const UnsignedInt128 top = bits >= 128 ? ~UnsignedInt128{0} : (UnsignedInt128{1} << bits) - 1;
    const std::string range = isSigned(target)
                                  ? decimal(wrapInteger(UnsignedInt128{1} << (bits - 1), bits, true), true) +
                                        " to " + decimal(top >> 1, false)
                                  : "0 to " + decimal(top, false);
    const std::string type = "`" + typeName(target.object, context) + "`";
    const std::string field =
        target.object.bitSize ? "a bit field of " + std::to_string(bits) + " bits" : type;
    return refused(written + " does not fit in " + field + " (" + range + ")");
}

Result<> storeBits(const Target& target, UnsignedInt128 value, EvaluationContext& context) {
    const SourceValue& object = target.object;
    if (object.bitSize == 0) {
        std::vector<uint8_t> bytes(target.bits / 8);
        for (size_t i = 0; i < bytes.size(); i++)
            bytes[i] = static_cast<uint8_t>(value >> (8 * i));
        return writePlace(object.place, 0, bytes, context);
    }
    if (object.bitSize > 128 || object.bitOffset > 128)
        return refused("a bit field of " + std::to_string(object.bitSize) + " bits cannot be set");
    std::vector<uint8_t> bytes((object.bitOffset + object.bitSize + 7) / 8);
    TRY(readPlace(object.place, 0, bytes, context));
    for (uint32_t i = 0; i < object.bitSize; i++) {
        const uint32_t at = object.bitOffset + i;
        const auto mask = static_cast<uint8_t>(1u << (at % 8));
        if ((value >> i) & 1)
            bytes[at / 8] |= mask;
        else
            bytes[at / 8] &= static_cast<uint8_t>(~mask);
    }
    return writePlace(object.place, 0, bytes, context);
}

Result<std::vector<uint8_t>> floatBytes(const Target& target, std::string_view text,
                                        EvaluationContext& context) {
    const size_t size = target.bits / 8;
    Number number;
    if (text == "nan" || text == "NAN" || text == "NaN")
        number = Number::ofDouble(std::numeric_limits<double>::quiet_NaN());
    else if (text == "inf" || text == "infinity" || text == "INFINITY")
        number = Number::ofDouble(std::numeric_limits<double>::infinity());
    else if (text == "-inf" || text == "-infinity" || text == "-INFINITY")
        number = Number::ofDouble(-std::numeric_limits<double>::infinity());
    else
        number = TRY(numberOf(TRY(evaluate(text, context)), context));
    const double value = number.asDouble();
    const bool isTooLarge = size == 4 && std::isfinite(value) &&
                            std::fabs(value) > static_cast<double>(std::numeric_limits<float>::max());
    if (isTooLarge)
        return refused(shortest(value, 64) + " does not fit in `" + typeName(target.object, context) + "`");
    return bytesOf(number, BaseEncoding::Float, size);
}

/// v128 = "f32x4 1 2.5 3 4": the lanes one by one, separated by spaces or commas.
Result<> assignLanes(const SourceValue& object, const Member& shape, std::string_view text,
                     EvaluationContext& context) {
    const Types types(context);
    Target lane;
    lane.object.type = lane.type = types.target(shape.type);
    lane.info = &types.info(lane.type);
    lane.encoding = lane.info->encoding;
    lane.bits = static_cast<unsigned>(8 * lane.info->byteSize);
    const uint64_t wanted = types.info(shape.type).dimensions[0];
    std::vector<uint8_t> all;
    uint64_t count = 0;
    for (size_t at = shape.name.size(); (at = text.find_first_not_of(" \t,", at)) != std::string_view::npos;
         count++) {
        const size_t end = std::min(text.find_first_of(" \t,", at), text.size());
        const std::string_view word = text.substr(at, end - at);
        at = end;
        if (count >= wanted) continue;
        std::vector<uint8_t> bytes;
        if (lane.encoding == BaseEncoding::Float) {
            bytes = TRY(floatBytes(lane, word, context));
        } else {
            const Number number = TRY(numberOf(TRY(evaluate(word, context)), context));
            const UnsignedInt128 bits = TRY(integerFor(lane, number, word, context));
            bytes =
                bytesOf(Number{Number::Kind::Unsigned, 128, bits, 0}, BaseEncoding::Unsigned, lane.bits / 8);
        }
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    if (count != wanted)
        return refused("there are " + std::to_string(count) + " values, " + shape.name + " has " +
                       std::to_string(wanted) + " lanes");
    return writePlace(object.place, 0, all, context);
}

/// The member of a v128 whose name begins the text, with more behind it.
const Member* shapeWritten(const TypeInfo& type, std::string_view text) {
    const size_t end = text.find_first_of(" \t,");
    if (type.kind != TypeKind::Base || end == std::string_view::npos) return nullptr;
    const auto shape = std::find_if(type.members.begin(), type.members.end(),
                                    [&](const Member& m) { return m.name == text.substr(0, end); });
    return shape == type.members.end() ? nullptr : &*shape;
}

/// char name[16] = "text".
Result<> assignText(const SourceValue& object, const ArrayShape& shape, std::string_view text,
                    EvaluationContext& context) {
    const Types types(context);
    const SourceValue source = TRY(evaluate(text, context));
    const uint64_t room = shape.extents[0];
    std::vector<uint8_t> bytes = source.place.bytes;
    if (bytes.size() > room && !bytes.empty() && bytes.size() - 1 == room)
        bytes.pop_back();  // C leaves out the NUL then
    if (bytes.size() > room)
        return refused("the text has " + std::to_string(bytes.size() - 1) + " bytes, there is room for " +
                       std::to_string(room ? room - 1 : 0));
    return writePlace(object.place, 0, bytes, context);
}

Error cannotSet(const SourceValue& object, const Types& types, EvaluationContext& context) {
    const std::string path = printable(object.path.empty() ? "it" : object.path);
    const std::string type = "`" + typeName(object, context) + "`";
    if (!types.shape(object).extents.empty())
        return refused("an array cannot be set as a whole: set its elements, as in " + indexPath(path, "0") +
                       " = 1");
    if (types.isAggregate(object.type)) {
        const auto names = memberNames(object, context);
        const std::string example =
            names.empty() ? "" : ", as in " + memberPath(path, printable(names.front())) + " = …";
        return refused("a value of type " + type + " cannot be set as a whole: set its members one by one" +
                       example);
    }
    return refused("a value of type " + type + " cannot be set");
}

}  // namespace

Result<> assign(const SourceValue& original, std::string_view writtenText, EvaluationContext& context) {
    const Types types(context);
    const std::string_view text = trimmed(writtenText);
    if (text.empty()) return refused("the new value is missing");
    Target target;
    target.object = throughReferences(original, context);
    const SourceValue& object = target.object;
    const ArrayShape shape = types.shape(object);
    if (shape.extents.size() == 1 && types.size(shape.element) == 1 && text.starts_with('"'))
        return assignText(object, shape, text, context);
    target.type = types.strip(object.type);
    target.info = &types.info(target.type);
    const TypeKind kind = target.info->kind;
    if (!shape.extents.empty() ||
        (kind != TypeKind::Base && kind != TypeKind::Pointer && kind != TypeKind::Enum))
        return cannotSet(object, types, context);
    if (target.info->encoding == BaseEncoding::Complex || isWasmReference(object))
        return cannotSet(object, types, context);
    const uint64_t size = types.size(target.type);
    if (size == 0 || size > 16)
        return refused("the size of `" + typeName(object, context) + "` is not known");
    target.bits = object.bitSize ? object.bitSize : static_cast<unsigned>(8 * size);
    if (kind == TypeKind::Base) target.encoding = target.info->encoding;
    if (target.encoding == BaseEncoding::Float)
        return writePlace(object.place, 0, TRY(floatBytes(target, text, context)), context);
    if (const Member* shape = shapeWritten(*target.info, text))
        return assignLanes(object, *shape, text, context);
    if (kind == TypeKind::Enum) {
        const TypeInfo& underlying = types.stripped(target.info->target);
        if (underlying.kind == TypeKind::Base) target.encoding = underlying.encoding;
        const bool hasNegative = std::any_of(target.info->enumerators.begin(), target.info->enumerators.end(),
                                             [](const Enumerator& e) { return e.value < 0; });
        if (hasNegative) target.encoding = BaseEncoding::Signed;
        const Enumerator* const named = findEnumerator(*target.info, text);
        if (named)
            return storeBits(target, static_cast<UnsignedInt128>(static_cast<Int128>(named->value)), context);
    }
    const SourceValue source = TRY(evaluate(text, context));
    if (asBuiltin(source.type) == Builtin::CodeAddress)
        return refused("a function pointer is set by its number in the function table");
    if (kind == TypeKind::Pointer && !source.extents.empty() &&
        source.place.kind == ObjectPlace::Kind::Bytes) {
        return refused("a text has no address in the program's memory; set the characters themselves");
    }
    const Number number = TRY(numberOf(source, context));
    if (target.encoding == BaseEncoding::Boolean && (number.isFloat() || number.integer > 1))
        return refused("a bool is true, false, 1 or 0");
    return storeBits(target, TRY(integerFor(target, number, text, context)), context);
}

}  // namespace debugger
