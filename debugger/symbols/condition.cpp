#include "debugger/symbols/condition.h"

#include <algorithm>
#include <charconv>

#include "debugger/symbols/expression_names.h"
#include "debugger/symbols/expression_parser.h"
#include "debugger/symbols/value_types.h"
#include "engine/base/printable.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

/// The text, and a caret below the column that a message begins with.
std::string withCaret(const std::string& message, std::string_view text) {
    constexpr std::string_view kBegin = "column ";
    size_t column = 0;
    if (message.starts_with(kBegin))
        std::from_chars(message.data() + kBegin.size(), message.data() + message.size(), column);
    if (column == 0 || column > 1000 || text.size() > 1000) return message;
    return message + "\n  " + engine::printable(text) + "\n  " + std::string(column - 1, ' ') + "^";
}

bool isConstant(const std::string& name) {
    return name == "true" || name == "false" || name == "nullptr" || name == "NULL";
}

}  // namespace

Result<> checkSyntax(std::string_view expression) {
    // What a name in brackets is decides how some texts are read; both ways have to fail.
    const auto asValues = parseExpression(expression, [](const std::string&) { return false; });
    if (asValues || parseExpression(expression, [](const std::string&) { return true; })) return {};
    return Error{ErrorCode::BadArgument, withCaret(asValues.error().message, expression)};
}

Result<> checkNames(std::string_view expression, EvaluationContext& context) {
    const ParsedExpression parsed = TRY(parseIn(context, expression));
    for (const ExpressionNode& node : parsed.nodes) {
        using Kind = ExpressionNode::Kind;
        if (node.kind != Kind::Name || isConstant(node.text)) continue;
        // `colour == RED`: what is on the left decides.
        const bool isRightSide = std::any_of(
            parsed.nodes.begin(), parsed.nodes.end(),
            [&](const auto& other) { return other.kind == Kind::Binary && &parsed.nodes[other.b] == &node; });
        const auto found = lookUp(node.text, context);
        // A member of `this` is known only when there is an object.
        if (!found && found.error().code == ErrorCode::NotFound && !isRightSide &&
            !isVariable("this", context))
            return errorAt(expression, node.offset, found.error().message, ErrorCode::NotFound);
    }
    return {};
}

Result<bool> Condition::holds(EvaluationContext& context) {
    constexpr size_t kMaxKept = 1000;
    const uint64_t key = uint64_t{context.address()} << 32 | context.inlineLevel();
    auto known = m_parsed.find(key);
    if (known == m_parsed.end()) {
        if (m_parsed.size() >= kMaxKept) m_parsed.clear();
        known = m_parsed.emplace(key, TRY(parseIn(context, m_text))).first;
    }
    return isTrueIn(context, m_text, known->second);
}

}  // namespace debugger
