#include "wasi/filter_lexer.h"

#include <array>
#include <charconv>

namespace wasi {

using engine::Error, engine::ErrorCode, engine::Result;

namespace {

constexpr std::string_view kEndsWord = " \t\r\n()\"'=!<>~";
constexpr std::array<std::string_view, 11> kOperators{"==", "!=", "!~", "<=", ">=", "&&",
                                                      "||", "=",  "<",  ">",  "~"};

/// A quoted text; "…" knows \n, \t, \r, \x1f and \ before any other character, '…' is taken as it is.
Result<FilterToken> quoted(std::string_view text, size_t at) {
    FilterToken token{FilterToken::Kind::Quoted, {}, at, 0};
    const char quote = text[at];
    for (size_t i = at + 1; i < text.size(); i++) {
        if (text[i] == quote) {
            token.end = i + 1;
            return token;
        }
        if (text[i] == '\\' && quote == '"' && i + 1 < text.size()) {
            const char c = text[++i];
            uint8_t byte = 0;
            const bool isHex = c == 'x' && i + 2 < text.size() &&
                               std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr ==
                                   text.data() + i + 3;
            if (isHex) i += 2;
            token.text += isHex      ? static_cast<char>(byte)
                          : c == 'n' ? '\n'
                          : c == 't' ? '\t'
                          : c == 'r' ? '\r'
                                     : c;
        } else {
            token.text += text[i];
        }
    }
    return filterError(at, "this quote does not end");
}

std::string_view operatorAt(std::string_view rest) {
    for (const std::string_view sign : kOperators)
        if (rest.starts_with(sign)) return sign;
    return rest.starts_with('!') ? "!" : "";
}

}  // namespace

Error filterError(size_t column, const std::string& what) {
    return Error{ErrorCode::BadArgument, "column " + std::to_string(column + 1) + ": " + what};
}

Result<std::vector<FilterToken>> filterTokens(std::string_view text) {
    using Kind = FilterToken::Kind;
    std::vector<FilterToken> tokens;
    size_t at = 0;
    while (true) {
        while (at < text.size() && kEndsWord.substr(0, 4).find(text[at]) != std::string_view::npos)
            at++;
        if (at == text.size()) break;
        const char c = text[at];
        if (c == '(' || c == ')') {
            tokens.push_back({c == '(' ? Kind::Open : Kind::Close, std::string(1, c), at, at + 1});
        } else if (c == '"' || c == '\'') {
            tokens.push_back(TRY(quoted(text, at)));
        } else if (const std::string_view sign = operatorAt(text.substr(at)); !sign.empty()) {
            tokens.push_back({Kind::Operator, std::string(sign), at, at + sign.size()});
        } else {
            size_t end = at + 1;
            while (end < text.size() && kEndsWord.find(text[end]) == std::string_view::npos &&
                   !text.substr(end).starts_with("&&") && !text.substr(end).starts_with("||"))
                end++;
            tokens.push_back({Kind::Word, std::string(text.substr(at, end - at)), at, end});
        }
        at = tokens.back().end;
    }
    tokens.push_back({Kind::End, {}, text.size(), text.size()});
    return tokens;
}

}  // namespace wasi
