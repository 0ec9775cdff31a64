// Evaluation of parsed expressions. Every node is evaluated at most once, so the cost is bounded by the text.
#include <charconv>

#include "debugger/symbols/expression_names.h"
#include "debugger/symbols/expression_operators.h"
#include "debugger/symbols/expression_parser.h"
#include "debugger/symbols/render_text.h"
#include "debugger/symbols/value.h"
#include "debugger/symbols/value_read.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

using Kind = ExpressionNode::Kind;

class Evaluator {
public:
    Evaluator(std::string_view text, const ParsedExpression& parsed, EvaluationContext& context)
        : m_text(text), m_parsed(parsed), m_context(context) {}

    Result<SourceValue> run() { return evaluate(m_parsed.root); }

private:
    /// The value of a node; errors get the column of the innermost node that failed.
    Result<SourceValue> evaluate(NodeId id) {
        const ExpressionNode& node = m_parsed.nodes[id];
        auto value = dispatch(node);
        if (value || m_hasColumn) return value;
        m_hasColumn = true;
        return errorAt(m_text, node.offset, value.error().message, value.error().code);
    }

    Result<SourceValue> dispatch(const ExpressionNode& node) {
        switch (node.kind) {
        case Kind::Number: return temporary(node.number);
        case Kind::Character: return character(node);
        case Kind::String: return string(node);
        case Kind::Name: return name(node);
        case Kind::WasmName: return lookUpWasm(node.text, m_context);
        case Kind::And:
        case Kind::Or: return logic(node);
        case Kind::Conditional: return conditional(node);
        case Kind::Binary:
        case Kind::Index:
        case Kind::Repeat:
        case Kind::Slice: return several(node);
        case Kind::SizeOfType: return size(Types(m_context).size(TRY(type(node))));
        default: return one(node);
        }
    }

    Result<SourceValue> one(const ExpressionNode& node) {
        const SourceValue a = TRY(evaluate(node.a));
        switch (node.kind) {
        case Kind::Member: return memberNamed(a, node.text, m_context);
        case Kind::Arrow: return arrow(a, node.text);
        case Kind::Child: return childNamed(a, node.text, m_context);
        case Kind::MemberCall: return memberCall(a, node.text, m_context);
        case Kind::AddressOf: return addressOf(a, m_context);
        case Kind::Dereference: return pointee(a, m_context);
        case Kind::Negate: return negated(a, m_context);
        case Kind::Plus: return temporary(promote(TRY(numberOf(a, m_context))));
        case Kind::Complement: return complemented(a, m_context);
        case Kind::Not: return truth(!TRY(isTrue(a, m_context)));
        case Kind::Cast: return castTo(TRY(type(node)), node.type.isReference, a, m_context);
        case Kind::SizeOfValue: return size(byteSize(throughReferences(a, m_context), m_context));
        default: return Error{ErrorCode::BadArgument, "not an expression"};
        }
    }

    Result<SourceValue> several(const ExpressionNode& node) {
        const SourceValue a = TRY(evaluate(node.a));
        if (node.kind == Kind::Binary) return binary(node, a);
        const SourceValue b = TRY(evaluate(node.b));
        if (node.kind == Kind::Index) return indexed(a, b, m_context);
        const auto first = static_cast<int64_t>(TRY(numberOf(b, m_context)).asUnsigned());
        if (node.kind == Kind::Repeat) return repeated(a, first, m_context);
        const SourceValue c = TRY(evaluate(node.c));
        const auto last = static_cast<int64_t>(TRY(numberOf(c, m_context)).asUnsigned());
        int64_t count = 0;
        const bool isTooLong = __builtin_sub_overflow(last, first, &count) ||
                               __builtin_add_overflow(count, node.text == "..=", &count);
        if (isTooLong) return Error{ErrorCode::BadArgument, "the slice is too long"};
        return sliced(a, first, count, m_context);
    }

    /// `colour == RED`: the other side's enum is where a name is looked for first.
    Result<SourceValue> binary(const ExpressionNode& node, const SourceValue& a) {
        const Types types(m_context);
        const ExpressionNode& right = m_parsed.nodes[node.b];
        const SourceValue object = throughReferences(a, m_context);
        const TypeInfo& t = types.stripped(object.type);
        if (right.kind == Kind::Name && t.kind == TypeKind::Enum && object.extents.empty() &&
            !isVariable(right.text, m_context)) {
            const Enumerator* const found = findEnumerator(t, right.text);
            const uint64_t bytes = types.size(object.type);
            if (found && bytes && bytes <= 8) {
                const auto named = temporary(types.strip(object.type),
                                             bytesOf(Number::ofSigned(found->value, 64), BaseEncoding::Signed,
                                                     static_cast<size_t>(bytes)));
                return binaryOperation(node.operation, a, named, m_context);
            }
        }
        return binaryOperation(node.operation, a, TRY(evaluate(node.b)), m_context);
    }

    Result<SourceValue> logic(const ExpressionNode& node) {
        const bool left = TRY(isTrue(TRY(evaluate(node.a)), m_context));
        if (left == (node.kind == Kind::Or)) return truth(left);
        return truth(TRY(isTrue(TRY(evaluate(node.b)), m_context)));
    }

    Result<SourceValue> conditional(const ExpressionNode& node) {
        const bool condition = TRY(isTrue(TRY(evaluate(node.a)), m_context));
        return evaluate(condition ? node.b : node.c);
    }

    Result<SourceValue> arrow(const SourceValue& value, const std::string& member) {
        const Types types(m_context);
        const SourceValue object = throughReferences(value, m_context);
        const auto direct = types.isAggregate(object.type) && object.extents.empty()
                                ? pointee(object, m_context)
                                : Result<SourceValue>(object);
        if (!direct)
            return Error{ErrorCode::BadArgument,
                         "`" + typeName(object, m_context) + "` is not a pointer: use `.`"};
        return memberNamed(*direct, member, m_context);
    }

    static Result<SourceValue> character(const ExpressionNode& node) {
        const bool isByte = node.number.bits == 8;
        return temporary(builtinType(isByte ? Builtin::Char : Builtin::Char32),
                         bytesOf(node.number, BaseEncoding::Signed, isByte ? 1 : 4));
    }

    static Result<SourceValue> string(const ExpressionNode& node) {
        std::vector<uint8_t> bytes(node.text.begin(), node.text.end());
        bytes.push_back(0);
        const uint64_t length = bytes.size();
        SourceValue value = temporary(builtinType(Builtin::Char), std::move(bytes));
        value.extents = {length};
        return value;
    }

    Result<SourceValue> name(const ExpressionNode& node) {
        auto found = lookUp(node.text, m_context);
        if (found) return found;
        if (node.text == "true" || node.text == "false") return truth(node.text == "true");
        if (node.text == "nullptr" || node.text == "NULL")
            return temporaryPointer(kNoType, 0, Types(m_context));
        return found;
    }

    static Result<SourceValue> size(uint64_t bytes) {
        if (bytes == 0) return Error{ErrorCode::BadArgument, "its size is not known"};
        return temporary(Number::ofUnsigned(bytes, bytes >> 32 ? 64 : 32));
    }

    Result<TypeId> type(const ExpressionNode& node) {
        const Types types(m_context);
        TypeId id = TRY(typeByName(node.type.name, types, m_context.address()));
        for (unsigned i = 0; i < node.type.pointers; i++)
            id = types.pointerTo(id);
        return id;
    }

    std::string_view m_text;
    const ParsedExpression& m_parsed;
    EvaluationContext& m_context;
    bool m_hasColumn = false;
};

std::string_view trimmed(std::string_view text) {
    const size_t begin = text.find_first_not_of(" \t\n\r\v\f");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\n\r\v\f") - begin + 1);
}

/// `,x` and its like: a letter says how to show it, a number makes an array of it.
Result<> applyFormat(SourceValue& value, const std::string& format, EvaluationContext& context) {
    if (format == "!" || format == "r") {
        value = throughReferences(value, context);
        value.isRaw = true;
        return {};
    }
    if (format.size() == 1 && std::string_view("xduobcs").find(format[0]) != std::string_view::npos) {
        value.format = format[0];
        return {};
    }
    uint64_t count = 0;
    const auto digits = std::from_chars(format.data(), format.data() + format.size(), count);
    if (digits.ec != std::errc() || digits.ptr != format.data() + format.size() || count == 0) {
        return Error{ErrorCode::BadArgument,
                     "no format `" + printable(format) +
                         "`: there are x, d, u, o, b, c, s, r and a number of elements"};
    }
    value = TRY(sliced(value, 0, static_cast<int64_t>(std::min<uint64_t>(count, INT64_MAX)), context));
    return {};
}

}  // namespace

Result<ParsedExpression> parseIn(EvaluationContext& context, std::string_view expression) {
    const auto isType = [&context](const std::string& name) {
        return !isVariable(name, context) && typeByName(name, Types(context), context.address()).ok();
    };
    return parseExpression(trimmed(expression), isType);
}

namespace {

Result<SourceValue> evaluateParsed(EvaluationContext& context, std::string_view text,
                                   const ParsedExpression& parsed) {
    SourceValue value = TRY(Evaluator(text, parsed, context).run());
    // A single name stays what it is called; what was put together is called what was written.
    value.name = value.path = std::string(text.substr(0, parsed.end));
    if (!parsed.format.empty()) TRY(applyFormat(value, parsed.format, context));
    if (!value.extents.empty() && !parsed.format.empty())
        value.path = std::string(text.substr(0, parsed.end));
    return value;
}

}  // namespace

Result<SourceValue> evaluate(std::string_view expression, EvaluationContext& context) {
    const ParsedExpression parsed = TRY(parseIn(context, expression));
    return evaluateParsed(context, trimmed(expression), parsed);
}

Result<bool> isTrueIn(EvaluationContext& context, std::string_view expression,
                      const ParsedExpression& parsed) {
    const SourceValue value = TRY(evaluateParsed(context, trimmed(expression), parsed));
    if (value.place.kind == ObjectPlace::Kind::Unavailable) {
        return Error{ErrorCode::NotFound, "`" + printable(value.path) + "` is unavailable: " +
                                              (value.place.why.empty() ? "optimised out" : value.place.why)};
    }
    return isTrue(value, context);
}

Result<SourceValue> evaluateAssignment(std::string_view left, std::string_view right,
                                       EvaluationContext& context) {
    const SourceValue target = TRY(evaluate(left, context));
    TRY(assign(target, right, context));
    return evaluate(left, context);
}

}  // namespace debugger
