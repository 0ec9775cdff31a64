// Tokens of watch expressions. Positions are byte offsets in the text; what people see are columns, counted in characters from 1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "debugger/symbols/value_number.h"
#include "engine/base/result.h"

namespace debugger {

/// Longest expression that is looked at.
inline constexpr size_t kMaxExpressionBytes = 64 * 1024;

struct Token {
    enum class Kind : uint8_t {
        End,
        Name /* also a::b */,
        WasmName /* $local0 */,
        Number,
        Character,
        String,
        Punctuation
    } kind = Kind::End;
    std::string text;  // of a String: its bytes
    Number number;     // Number, Character
    size_t begin = 0, end = 0;

    bool is(std::string_view punctuation) const { return kind == Kind::Punctuation && text == punctuation; }
    bool isName(std::string_view name) const { return kind == Kind::Name && text == name; }
};

/// "column 5: …"
engine::Error errorAt(std::string_view text, size_t offset, const std::string& message,
                      engine::ErrorCode code = engine::ErrorCode::BadArgument);

/// The last token is End.
engine::Result<std::vector<Token>> tokenize(std::string_view text);

}  // namespace debugger
