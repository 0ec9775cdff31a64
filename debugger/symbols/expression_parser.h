// Syntax of watch expressions: precedence climbing over tokens into a flat list of nodes. Nested at most 200 deep, chains (a + b + …,
// a.b.c …) at most 500 long, so that neither parsing nor evaluation needs much of the host's stack.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "debugger/symbols/expression_lexer.h"
#include "engine/base/result.h"

namespace debugger {

class EvaluationContext;

using NodeId = uint32_t;
inline constexpr NodeId kNoNode = ~uint32_t{0};

/// A type as written: "struct item", two stars.
struct WrittenType {
    std::string name;
    unsigned pointers = 0;
    bool isReference = false;
};

struct ExpressionNode {
    enum class Kind : uint8_t {
        Number,
        Character,
        String,
        Name,
        WasmName,
        Member /* a.text */,
        Arrow /* a->text */,
        Child /* a.[text] */,
        MemberCall /* a.text() */,
        Index /* a[b] */,
        Slice /* a[b..c] */,
        Repeat /* a@b */,
        AddressOf,
        Dereference,
        Negate,
        Plus,
        Complement,
        Not,
        Binary,
        And,
        Or,
        Conditional /* a ? b : c */,
        Cast,
        SizeOfType,
        SizeOfValue,
    } kind = Kind::Number;
    NodeId a = kNoNode, b = kNoNode, c = kNoNode;
    std::string text;
    Number number;
    BinaryOperation operation = BinaryOperation::Add;
    WrittenType type;
    size_t offset = 0;  // where it is written, for messages
    uint32_t depth = 1;
};

struct ParsedExpression {
    std::vector<ExpressionNode> nodes;
    NodeId root = kNoNode;
    std::string format;  // behind the comma: "x", "10", or empty
    size_t end = 0;      // of the expression without its format
};

/// `isType` decides where C needs to know: `(name) - 1`.
engine::Result<ParsedExpression> parseExpression(std::string_view text,
                                                 const std::function<bool(const std::string&)>& isType);

/// The same, with the types that are known in the context.
engine::Result<ParsedExpression> parseIn(EvaluationContext& context, std::string_view expression);
/// Evaluates what parseIn made of the expression, and tells whether it is true; not zero.
engine::Result<bool> isTrueIn(EvaluationContext& context, std::string_view expression,
                              const ParsedExpression& parsed);

}  // namespace debugger
