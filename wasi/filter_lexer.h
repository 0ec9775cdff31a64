// FilterLexer: the words of CallFilter's language; also of the prompt's verb `mock`, which has such expressions in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace wasi {

struct FilterToken {
    enum class Kind : uint8_t { Word, Quoted, Operator, Open, Close, End } kind = Kind::End;
    std::string text;   // without quotes and escapes
    size_t column = 0;  // of its first byte, from 0
    size_t end = 0;     // behind its last
    bool isWord(std::string_view word) const { return kind == Kind::Word && text == word; }
    bool isOperator(std::string_view sign) const { return kind == Kind::Operator && text == sign; }
};

/// Ends in Kind::End. BadArgument with the column: a quote that does not end.
engine::Result<std::vector<FilterToken>> filterTokens(std::string_view text);
/// "column 9: …", counted from 1.
engine::Error filterError(size_t column, const std::string& what);

}  // namespace wasi
