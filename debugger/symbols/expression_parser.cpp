#include "debugger/symbols/expression_parser.h"

#include <algorithm>
#include <optional>

#include "debugger/symbols/render_text.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

constexpr unsigned kMaxNesting = 200, kMaxChain = 500;
using Kind = ExpressionNode::Kind;

struct OperatorRow {
    std::string_view text;
    unsigned precedence;  // higher binds tighter
    Kind kind;
    BinaryOperation operation;
};
using Op = BinaryOperation;
constexpr OperatorRow kOperators[] = {
    {"||", 1, Kind::Or, Op::Or},
    {"&&", 2, Kind::And, Op::And},
    {"|", 3, Kind::Binary, Op::Or},
    {"^", 4, Kind::Binary, Op::Xor},
    {"&", 5, Kind::Binary, Op::And},
    {"==", 6, Kind::Binary, Op::Equal},
    {"!=", 6, Kind::Binary, Op::NotEqual},
    {"<", 7, Kind::Binary, Op::Less},
    {"<=", 7, Kind::Binary, Op::LessEqual},
    {">", 7, Kind::Binary, Op::Greater},
    {">=", 7, Kind::Binary, Op::GreaterEqual},
    {"<<", 8, Kind::Binary, Op::ShiftLeft},
    {">>", 8, Kind::Binary, Op::ShiftRight},
    {"@", 9, Kind::Repeat, Op::Add},
    {"+", 10, Kind::Binary, Op::Add},
    {"-", 10, Kind::Binary, Op::Subtract},
    {"*", 11, Kind::Binary, Op::Multiply},
    {"/", 11, Kind::Binary, Op::Divide},
    {"%", 11, Kind::Binary, Op::Remainder},
};

constexpr std::string_view kTags[] = {"struct", "union", "enum", "class"};
constexpr std::string_view kQualifiers[] = {"const", "volatile", "mut"};
constexpr std::string_view kArithmetic[] = {"unsigned", "signed", "long", "short", "int",  "char",
                                            "float",    "double", "void", "bool",  "_Bool"};

template <size_t N>
bool isOneOf(const Token& token, const std::string_view (&words)[N]) {
    return token.kind == Token::Kind::Name &&
           std::find(std::begin(words), std::end(words), token.text) != std::end(words);
}

class Parser {
public:
    Parser(std::string_view text, std::vector<Token> tokens,
           const std::function<bool(const std::string&)>& isType)
        : m_text(text), m_tokens(std::move(tokens)), m_isType(isType) {}

    Result<ParsedExpression> run() {
        if (token().kind == Token::Kind::End) return errorAt(m_text, 0, "an expression is missing");
        m_result.root = TRY(conditional());
        m_result.end = m_at > 0 ? m_tokens[m_at - 1].end : 0;
        if (token().is(",")) TRY(format());
        if (token().kind != Token::Kind::End) return unexpected();
        return std::move(m_result);
    }

private:
    const Token& token(size_t ahead = 0) const {
        return m_tokens[std::min(m_at + ahead, m_tokens.size() - 1)];
    }
    bool accept(std::string_view punctuation) {
        if (!token().is(punctuation)) return false;
        m_at++;
        return true;
    }
    Result<> expect(std::string_view punctuation) {
        if (accept(punctuation)) return {};
        if (token().kind == Token::Kind::End) return fail("`" + std::string(punctuation) + "` is missing");
        return fail("`" + std::string(punctuation) + "` expected, not " + shown(token()));
    }
    Error fail(const std::string& message) const { return errorAt(m_text, token().begin, message); }
    std::string shown(const Token& t) const {
        return t.kind == Token::Kind::End
                   ? "the end"
                   : "`" + printable(firstCharacters(m_text.substr(t.begin, t.end - t.begin), 40)) + "`";
    }
    Error unexpected() const {
        const Token& t = token();
        for (const std::string_view p : {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}) {
            if (t.is(p))
                return fail("an expression cannot change the program: use `set`, or `==` to compare");
        }
        if (t.is("++") || t.is("--")) return fail("an expression cannot change the program: use `set`");
        if (t.kind == Token::Kind::End) return fail("the expression ends too early");
        return fail("unexpected " + shown(t));
    }

    Result<NodeId> add(ExpressionNode node) {
        for (const NodeId child : {node.a, node.b, node.c}) {
            if (child != kNoNode) node.depth = std::max(node.depth, m_result.nodes[child].depth + 1);
        }
        if (node.depth > kMaxChain)
            return Error{ErrorCode::Limit,
                         errorAt(m_text, node.offset, "the expression is too long").message};
        m_result.nodes.push_back(std::move(node));
        return static_cast<NodeId>(m_result.nodes.size() - 1);
    }
    ExpressionNode node(Kind kind) const {
        ExpressionNode n;
        n.kind = kind;
        n.offset = token().begin;
        return n;
    }

    struct Nesting {
        unsigned& depth;
        explicit Nesting(unsigned& d) : depth(d) { depth++; }
        ~Nesting() { depth--; }
    };
    Result<> checkNesting() const {
        if (m_depth > kMaxNesting)
            return Error{ErrorCode::Limit,
                         errorAt(m_text, token().begin, "nested more than 200 deep").message};
        return {};
    }

    Result<> format() {
        m_at++;
        const Token& t = token();
        if (t.kind != Token::Kind::Name && t.kind != Token::Kind::Number && !t.is("!"))
            return fail(
                "a format is expected behind the comma: x, d, u, o, b, c, s, r or a number of elements");
        m_result.format = m_text.substr(t.begin, t.end - t.begin);
        m_at++;
        return {};
    }

    Result<NodeId> conditional() {
        const Nesting nesting(m_depth);
        TRY(checkNesting());
        const NodeId condition = TRY(binary(1));
        if (!token().is("?")) return condition;
        ExpressionNode n = node(Kind::Conditional);
        m_at++;
        n.a = condition;
        n.b = TRY(conditional());
        TRY(expect(":"));
        n.c = TRY(conditional());
        return add(std::move(n));
    }

    const OperatorRow* operatorHere() const {
        if (token().kind != Token::Kind::Punctuation) return nullptr;
        const auto row = std::find_if(std::begin(kOperators), std::end(kOperators),
                                      [&](const OperatorRow& r) { return token().text == r.text; });
        return row == std::end(kOperators) ? nullptr : row;
    }

    Result<NodeId> binary(unsigned lowest) {
        NodeId left = TRY(asCasts(TRY(unary())));
        while (const OperatorRow* row = operatorHere()) {
            if (row->precedence < lowest) break;
            ExpressionNode n = node(row->kind);
            n.operation = row->operation;
            m_at++;
            n.a = left;
            n.b = TRY(binary(row->precedence + 1));
            left = TRY(add(std::move(n)));
        }
        return left;
    }

    Result<NodeId> unary() {
        const Nesting nesting(m_depth);
        TRY(checkNesting());
        const Token& t = token();
        if (t.is("++") || t.is("--")) return unexpected();
        constexpr std::pair<std::string_view, Kind> kUnary[] = {
            {"-", Kind::Negate},     {"+", Kind::Plus},        {"!", Kind::Not},
            {"~", Kind::Complement}, {"*", Kind::Dereference}, {"&", Kind::AddressOf}};
        for (const auto& [text, kind] : kUnary) {
            if (!t.is(text)) continue;
            ExpressionNode n = node(kind);
            m_at++;
            n.a = TRY(unary());
            return add(std::move(n));
        }
        // C++ would read && here as one token.
        if (t.is("&&")) return fail("an address has no address: use one `&`");
        if (t.isName("sizeof")) return sizeOf();
        if (t.is("(")) {
            const auto cast = TRY(tryCast());
            if (cast) return *cast;
        }
        return postfix();
    }

    /// Rust's `x as u8`, which binds looser than its unary operators.
    Result<NodeId> asCasts(NodeId operand) {
        while (token().isName("as")) {
            ExpressionNode n = node(Kind::Cast);
            m_at++;
            auto type = writtenType();
            if (!type) return fail("a type is expected behind `as`");
            n.type = std::move(*type);
            n.a = operand;
            operand = TRY(add(std::move(n)));
        }
        return operand;
    }

    Result<NodeId> sizeOf() {
        ExpressionNode n = node(Kind::SizeOfType);
        m_at++;
        if (token().is("(")) {
            const size_t begin = m_at++;
            auto type = writtenType();
            const bool isCertain = type && (type->pointers > 0 || m_isCertain || m_isType(type->name));
            if (isCertain && accept(")")) {
                n.type = std::move(*type);
                return add(std::move(n));
            }
            m_at = begin;
        }
        n.kind = Kind::SizeOfValue;
        n.a = TRY(unary());
        return add(std::move(n));
    }

    /// `(type) operand`, if it is that.
    Result<std::optional<NodeId>> tryCast() {
        const size_t begin = m_at;
        ExpressionNode n = node(Kind::Cast);
        m_at++;
        auto type = writtenType();
        if (!type || !accept(")")) {
            m_at = begin;
            return std::optional<NodeId>();
        }
        const Token& next = token();
        const bool startsOperand =
            (next.kind != Token::Kind::Punctuation && next.kind != Token::Kind::End && !next.isName("as")) ||
            next.is("(") || next.is("!") || next.is("~");
        const bool startsEither = next.is("*") || next.is("&") || next.is("-") || next.is("+");
        const bool isCertain = type->pointers > 0 || type->isReference || m_isCertain;
        if (!isCertain && !startsOperand && !(startsEither && m_isType(type->name))) {
            m_at = begin;
            return std::optional<NodeId>();
        }
        n.type = std::move(*type);
        n.a = TRY(unary());
        return std::optional<NodeId>(TRY(add(std::move(n))));
    }

    /// A type's name with its stars. Sets m_isCertain if it cannot be the name of a variable.
    std::optional<WrittenType> writtenType() {
        WrittenType type;
        m_isCertain = false;
        const auto skipQualifiers = [this] {
            while (isOneOf(token(), kQualifiers)) {
                m_isCertain = true;
                m_at++;
            }
        };
        while (token().is("*") && isOneOf(token(1), kQualifiers)) {  // Rust: *const u8
            m_at++;
            type.pointers++;
            skipQualifiers();
        }
        skipQualifiers();
        if (isOneOf(token(), kTags)) {
            type.name = token().text + " ";
            m_isCertain = true;
            m_at++;
        }
        if (token().kind != Token::Kind::Name) return std::nullopt;
        if (isOneOf(token(), kArithmetic)) {
            m_isCertain = true;
            for (; isOneOf(token(), kArithmetic) || isOneOf(token(), kQualifiers); m_at++) {
                if (!isOneOf(token(), kQualifiers))
                    type.name += (type.name.empty() ? "" : " ") + token().text;
            }
        } else {
            type.name += token().text;
            m_at++;
            templateArguments(type.name);
        }
        for (;;) {
            skipQualifiers();
            if (accept("*"))
                type.pointers++;
            else if (accept("&"))
                type.isReference = true;
            else
                break;
        }
        return type;
    }

    /// Takes `<…>` and what may follow it (`::value_type`), as written.
    void templateArguments(std::string& name) {
        if (!token().is("<")) return;
        int depth = 0;
        for (size_t i = m_at; i < m_tokens.size() && m_tokens[i].kind != Token::Kind::End; i++) {
            const Token& t = m_tokens[i];
            if (t.is("<")) depth++;
            if (t.is(">")) depth--;
            if (t.is(">>")) depth -= 2;
            if (depth > 0) continue;
            if (depth < 0) return;
            name += m_text.substr(token().begin, t.end - token().begin);
            m_at = i + 1;
            if (token().kind == Token::Kind::Name && token().text.starts_with("::"))
                name += m_tokens[m_at++].text;
            m_isCertain = true;
            return;
        }
    }

    Result<NodeId> postfix() {
        NodeId left = TRY(primary());
        while (true) {
            const Token& t = token();
            if (t.is("[")) {
                left = TRY(index(left));
            } else if (t.is(".") || t.is("->")) {
                left = TRY(member(left));
            } else if (t.is("(")) {
                return fail("calling functions of the program is not supported");
            } else if (t.is("++") || t.is("--")) {
                return unexpected();
            } else {
                return left;
            }
        }
    }

    Result<NodeId> index(NodeId left) {
        ExpressionNode n = node(Kind::Index);
        m_at++;
        n.a = left;
        n.b = TRY(conditional());
        if (token().is("..") || token().is("..=")) {
            n.kind = Kind::Slice;
            n.text = token().text;
            m_at++;
            n.c = TRY(conditional());
        }
        TRY(expect("]"));
        return add(std::move(n));
    }

    Result<NodeId> member(NodeId left) {
        ExpressionNode n = node(token().is(".") ? Kind::Member : Kind::Arrow);
        m_at++;
        n.a = left;
        n.offset = token().begin;
        if (accept("[")) {
            if (n.kind == Kind::Arrow) {
                ExpressionNode pointee = node(Kind::Dereference);
                pointee.a = left;
                n.a = TRY(add(std::move(pointee)));
            }
            n.kind = Kind::Child;
            if (token().kind != Token::Kind::Name && token().kind != Token::Kind::Number)
                return fail("`raw` or a number is expected");
            n.text = token().text;
            m_at++;
            TRY(expect("]"));
            return add(std::move(n));
        }
        const Token::Kind kind = token().kind;
        if (kind != Token::Kind::Name && kind != Token::Kind::Number && kind != Token::Kind::WasmName)
            return fail("the name of a member is expected, not " + shown(token()));
        n.text = token().text;
        m_at++;
        if (token().is("(") && token(1).is(")")) {
            n.kind = Kind::MemberCall;
            m_at += 2;
        }
        return add(std::move(n));
    }

    Result<NodeId> primary() {
        const Token& t = token();
        if (t.is("(")) {
            m_at++;
            const NodeId inner = TRY(conditional());
            TRY(expect(")"));
            return inner;
        }
        ExpressionNode n = node(Kind::Number);
        switch (t.kind) {
        case Token::Kind::Number: break;
        case Token::Kind::Character: n.kind = Kind::Character; break;
        case Token::Kind::String: n.kind = Kind::String; break;
        case Token::Kind::Name: n.kind = Kind::Name; break;
        case Token::Kind::WasmName: n.kind = Kind::WasmName; break;
        default: return unexpected();
        }
        n.number = t.number;
        n.text = t.text;
        m_at++;
        return add(std::move(n));
    }

    std::string_view m_text;
    std::vector<Token> m_tokens;
    const std::function<bool(const std::string&)>& m_isType;
    size_t m_at = 0;
    unsigned m_depth = 0;
    bool m_isCertain = false;
    ParsedExpression m_result;
};

}  // namespace

Result<ParsedExpression> parseExpression(std::string_view text,
                                         const std::function<bool(const std::string&)>& isType) {
    return Parser(text, TRY(tokenize(text)), isType).run();
}

}  // namespace debugger
