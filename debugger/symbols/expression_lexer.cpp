#include "debugger/symbols/expression_lexer.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "debugger/symbols/render_text.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isNameStart(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); }
bool isNamePart(char c) { return isNameStart(c) || isDigit(c); }

int digitValue(char c) {
    if (isDigit(c)) return c - '0';
    const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

// Longest first.
constexpr std::string_view kPunctuation[] = {
    "..=", "<<=", ">>=", "->", "..", "::", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "++", "--", "+=",
    "-=",  "*=",  "/=",  "%=", "&=", "|=", "^=", "+",  "-",  "*",  "/",  "%",  "&",  "|",  "^",  "~",  "!",
    "<",   ">",   "=",   "?",  ":",  ",",  ".",  "(",  ")",  "[",  "]",  "{",  "}",  "@",  "#",  ";"};

/// Types that the suffix of a literal says: u, ul, LL, f, and Rust's.
struct Suffix {
    std::string_view text;
    Number::Kind kind;
    uint8_t bits;
};
constexpr auto kSigned = Number::Kind::Signed, kUnsigned = Number::Kind::Unsigned,
               kFloat = Number::Kind::Float;
constexpr Suffix kSuffixes[] = {
    {"u", kUnsigned, 0},      {"l", kSigned, 0},      {"ul", kUnsigned, 0},     {"lu", kUnsigned, 0},
    {"ll", kSigned, 64},      {"ull", kUnsigned, 64}, {"llu", kUnsigned, 64},   {"z", kSigned, 32},
    {"uz", kUnsigned, 32},    {"i8", kSigned, 8},     {"u8", kUnsigned, 8},     {"i16", kSigned, 16},
    {"u16", kUnsigned, 16},   {"i32", kSigned, 32},   {"u32", kUnsigned, 32},   {"i64", kSigned, 64},
    {"u64", kUnsigned, 64},   {"i128", kSigned, 128}, {"u128", kUnsigned, 128}, {"isize", kSigned, 32},
    {"usize", kUnsigned, 32}, {"f", kFloat, 32},      {"f32", kFloat, 32},      {"f64", kFloat, 64}};

class Lexer {
public:
    explicit Lexer(std::string_view text) : m_text(text) {}

    Result<std::vector<Token>> run() {
        if (m_text.size() > kMaxExpressionBytes)
            return Error{ErrorCode::Limit, "the expression is longer than 64 KiB"};
        while (true) {
            while (m_at < m_text.size() && std::isspace(static_cast<unsigned char>(m_text[m_at])))
                m_at++;
            Token token;
            token.begin = m_at;
            if (m_at < m_text.size()) TRY(next(token));
            token.end = m_at;
            const bool isEnd = token.kind == Token::Kind::End;
            m_tokens.push_back(std::move(token));
            if (isEnd) return std::move(m_tokens);
        }
    }

private:
    char at(size_t offset = 0) const { return m_at + offset < m_text.size() ? m_text[m_at + offset] : '\0'; }
    Error fail(const std::string& message) const { return errorAt(m_text, m_at, message); }
    bool afterDot() const {
        return !m_tokens.empty() && (m_tokens.back().is(".") || m_tokens.back().is("->"));
    }
    bool afterOperand() const {
        if (m_tokens.empty()) return false;
        const Token& t = m_tokens.back();
        return t.kind == Token::Kind::Name || t.kind == Token::Kind::Number ||
               t.kind == Token::Kind::WasmName || t.is(")") || t.is("]");
    }

    Result<> next(Token& token) {
        const char c = at();
        if (isDigit(c) || (c == '.' && isDigit(at(1)) && !afterOperand())) return number(token);
        if (c == '$') return wasmName(token);
        if (isNameStart(c) || (c == ':' && at(1) == ':' && isNameStart(at(2)))) return name(token);
        if (c == '\'') return character(token);
        if (c == '"') return string(token);
        for (const std::string_view p : kPunctuation) {
            if (!m_text.substr(m_at).starts_with(p)) continue;
            token.kind = Token::Kind::Punctuation;
            token.text = p;
            m_at += p.size();
            return {};
        }
        return fail("unexpected character '" + printable(firstCharacters(m_text.substr(m_at), 1)) + "'");
    }

    /// a, a::b::c, ::a, and name#12 for the variable declared on line 12.
    Result<> name(Token& token) {
        token.kind = Token::Kind::Name;
        const size_t begin = m_at;
        while (true) {
            if (at() == ':' && at(1) == ':' && isNameStart(at(2)))
                m_at += 2;
            else if (!isNamePart(at()) && at() != '$')  // _vptr$Item is a name
                break;
            m_at++;
        }
        if (at() == '#' && isDigit(at(1))) {
            m_at++;
            while (isDigit(at()))
                m_at++;
        }
        token.text = m_text.substr(begin, m_at - begin);
        const bool isByteLiteral = token.text == "b" && (at() == '\'' || at() == '"');
        if (!isByteLiteral) return {};
        return at() == '\'' ? character(token) : string(token);
    }

    Result<> wasmName(Token& token) {
        token.kind = Token::Kind::WasmName;
        const size_t begin = m_at++;
        while (isNamePart(at()))
            m_at++;
        token.text = m_text.substr(begin, m_at - begin);
        return {};
    }

    Result<> number(Token& token) {
        token.kind = Token::Kind::Number;
        const size_t begin = m_at;
        int base = 10;
        const char second = static_cast<char>(std::tolower(static_cast<unsigned char>(at(1))));
        if (at() == '0' && (second == 'x' || second == 'b' || second == 'o')) {
            base = second == 'x' ? 16 : second == 'b' ? 2 : 8;
            m_at += 2;
        } else if (!afterDot() && isFloat()) {
            return floatNumber(token);
        } else if (at() == '0' && isDigit(at(1)) && !afterDot()) {
            base = 8;
        }
        UnsignedInt128 value = 0;
        bool isAny = false;
        for (; m_at < m_text.size(); m_at++) {
            if (at() == '_' || (at() == '\'' && digitValue(at(1)) < base)) continue;
            const int digit = digitValue(at());
            if (digit >= base) break;
            constexpr UnsignedInt128 kTop = ~UnsignedInt128{0};
            if (value > (kTop - static_cast<unsigned>(digit)) / static_cast<unsigned>(base))
                return fail("the number does not fit in 128 bits");
            value = value * static_cast<unsigned>(base) + static_cast<unsigned>(digit);
            isAny = true;
        }
        if (!isAny) return fail("a number needs digits behind its prefix");
        token.number = Number{kSigned, 32, value, 0};
        token.text = m_text.substr(begin, m_at - begin);
        if (afterDot()) return {};
        return suffix(token, base != 10);
    }

    /// Whether the digits here go on as 1.5, 1., 1e5, 1f; 0..4 and 1.x do not.
    bool isFloat() const {
        size_t i = m_at;
        while (i < m_text.size() && (isDigit(m_text[i]) || m_text[i] == '_'))
            i++;
        if (i >= m_text.size()) return false;
        if (m_text[i] == '.')
            return i + 1 >= m_text.size() || (m_text[i + 1] != '.' && !isNameStart(m_text[i + 1]));
        const bool isExponent = m_text[i] == 'e' || m_text[i] == 'E';
        if (!isExponent || i + 1 >= m_text.size()) return false;
        const char next = m_text[i + 1];
        return isDigit(next) ||
               ((next == '+' || next == '-') && i + 2 < m_text.size() && isDigit(m_text[i + 2]));
    }

    Result<> floatNumber(Token& token) {
        std::string digits;
        const size_t begin = m_at;
        const auto take = [&] {
            for (; isDigit(at()) || at() == '_'; m_at++) {
                if (at() != '_') digits += at();
            }
        };
        take();
        if (at() == '.') {
            digits += digits.empty() ? "0." : ".";
            m_at++;
            take();
            if (digits.ends_with('.')) digits += '0';
        }
        const size_t sign = at(1) == '-' || at(1) == '+' ? 1 : 0;
        if ((at() == 'e' || at() == 'E') && isDigit(at(1 + sign))) {
            digits += 'e';
            if (at(1) == '-') digits += '-';
            m_at += 1 + sign;
            take();
        }
        double value = 0;
        const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (end.ec == std::errc::result_out_of_range) return fail("the number does not fit in a double");
        token.number = Number::ofDouble(value);
        token.text = m_text.substr(begin, m_at - begin);
        return suffix(token, false);
    }

    Result<> suffix(Token& token, bool mayBeUnsigned) {
        const size_t begin = m_at;
        while (isNamePart(at()))
            m_at++;
        std::string text(m_text.substr(begin, m_at - begin));
        while (text.starts_with('_'))
            text.erase(0, 1);
        std::transform(text.begin(), text.end(), text.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        Number& n = token.number;
        if (n.isFloat() && text == "l") text.clear();
        const auto row = std::find_if(std::begin(kSuffixes), std::end(kSuffixes),
                                      [&](const Suffix& s) { return s.text == text; });
        if (!text.empty() && row == std::end(kSuffixes)) {
            m_at = begin;
            return fail("a number cannot end in `" + printable(text) + "`");
        }
        if (!text.empty() && row->kind == kFloat) {
            n = convert(n, kFloat, row->bits);
            return {};
        }
        if (n.isFloat())
            return text.empty()
                       ? Result<>()
                       : Result<>(fail("a floating-point number cannot end in `" + printable(text) + "`"));
        if (!text.empty()) n.kind = row->kind;
        if (!text.empty() && row->bits != 0) {
            n = convert(n, row->kind, row->bits);
            return {};
        }
        smallestType(n, mayBeUnsigned);
        return {};
    }

    /// C's rule: the first of int, (unsigned), long long, (unsigned long long) that holds it; then 128 bits.
    static void smallestType(Number& n, bool mayBeUnsigned) {
        const bool wantsUnsigned = n.kind == kUnsigned;
        for (const unsigned bits : {32u, 64u, 128u}) {
            n.bits = static_cast<uint8_t>(bits);
            const bool fitsSigned = (n.integer >> (bits - 1)) == 0;
            const bool fitsUnsigned = bits == 128 || (n.integer >> (bits - 1) >> 1) == 0;
            n.kind = kSigned;
            if (!wantsUnsigned && fitsSigned) return;
            n.kind = kUnsigned;
            if ((wantsUnsigned || mayBeUnsigned || bits == 128) && fitsUnsigned) return;
        }
    }

    Result<uint32_t> escape() {
        m_at++;
        const char c = at();
        m_at++;
        switch (c) {
        case 'n': return uint32_t{'\n'};
        case 't': return uint32_t{'\t'};
        case 'r': return uint32_t{'\r'};
        case 'a': return uint32_t{'\a'};
        case 'b': return uint32_t{'\b'};
        case 'f': return uint32_t{'\f'};
        case 'v': return uint32_t{'\v'};
        case 'e': return uint32_t{27};
        case 'x': return digits(16, 2);
        case 'u': {
            if (at() != '{') return digits(16, 4);
            m_at++;
            const uint32_t code = TRY(digits(16, 6));
            if (at() != '}') return fail("a \\u{…} escape needs its `}`");
            m_at++;
            return code;
        }
        case 'U': return digits(16, 8);
        case '\\':
        case '\'':
        case '"':
        case '?': return static_cast<uint32_t>(static_cast<unsigned char>(c));
        default: break;
        }
        m_at--;
        if (c >= '0' && c <= '7') return digits(8, 3);
        return fail("unknown escape in a character or string");
    }

    Result<uint32_t> digits(int base, int most) {
        uint32_t value = 0;
        int count = 0;
        for (; count < most && digitValue(at()) < base; count++, m_at++)
            value = value * static_cast<uint32_t>(base) + static_cast<uint32_t>(digitValue(at()));
        if (count == 0) return fail("an escape needs digits");
        return value;
    }

    /// One character of a literal: an escape, or the code point that stands there.
    Result<uint32_t> literalCharacter() {
        if (at() == '\\') return escape();
        const std::string_view one = firstCharacters(m_text.substr(m_at), 1);
        m_at += std::max<size_t>(one.size(), 1);
        const auto lead = static_cast<unsigned char>(one[0]);
        if (one.size() == 1) return uint32_t{lead};
        uint32_t code = lead & (0x7fu >> std::min<size_t>(one.size(), 4));
        for (size_t i = 1; i < one.size() && i < 4; i++)
            code = code << 6 | (static_cast<unsigned char>(one[i]) & 0x3fu);
        return code;
    }

    /// A character, or (if it is longer than one) a name that could not be written otherwise: 'Limits<int>::digits'.
    Result<> character(Token& token) {
        token.kind = Token::Kind::Character;
        m_at++;
        const size_t end = m_text.find('\'', m_at);
        const bool isName = end != std::string_view::npos && at() != '\\' &&
                            characterCount(m_text.substr(m_at, end - m_at)) > 1;
        if (isName) {
            token.kind = Token::Kind::Name;
            token.text = m_text.substr(m_at, end - m_at);
            m_at = end + 1;
            return {};
        }
        if (m_at >= m_text.size() || at() == '\'') return fail("an empty character literal");
        const uint32_t code = TRY(literalCharacter());
        if (at() != '\'') return fail("a character literal needs its closing '");
        m_at++;
        token.number =
            code < 0x100 ? Number::ofSigned(static_cast<int8_t>(code), 8) : Number::ofUnsigned(code, 32);
        return {};
    }

    Result<> string(Token& token) {
        token.kind = Token::Kind::String;
        token.text.clear();
        m_at++;
        while (m_at < m_text.size() && at() != '"') {
            if (at() != '\\') {
                token.text += m_text[m_at++];
                continue;
            }
            const bool isCodePoint = at(1) == 'u' || at(1) == 'U';
            const uint32_t code = TRY(escape());
            if (!isCodePoint || code < 0x80) {
                token.text += static_cast<char>(code);
                continue;
            }
            if (code >= 0x800)
                token.text +=
                    static_cast<char>(code >= 0x10000 ? 0xf0 | (code >> 18 & 7) : 0xe0 | code >> 12);
            if (code >= 0x10000) token.text += static_cast<char>(0x80 | (code >> 12 & 63));
            token.text += static_cast<char>(code >= 0x800 ? 0x80 | (code >> 6 & 63) : 0xc0 | code >> 6);
            token.text += static_cast<char>(0x80 | (code & 63));
        }
        if (m_at >= m_text.size()) return fail("a string needs its closing \"");
        m_at++;
        return {};
    }

    std::string_view m_text;
    size_t m_at = 0;
    std::vector<Token> m_tokens;
};

}  // namespace

Error errorAt(std::string_view text, size_t offset, const std::string& message, ErrorCode code) {
    const size_t column = characterCount(text.substr(0, std::min(offset, text.size()))) + 1;
    return Error{code, "column " + std::to_string(column) + ": " + message};
}

Result<std::vector<Token>> tokenize(std::string_view text) { return Lexer(text).run(); }

}  // namespace debugger
