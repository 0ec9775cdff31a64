// Text of the guest made safe to show: quoting and escaping of strings and characters, and of names from debug info. What comes out is
// valid UTF-8 without control, bidirectional or invisible characters.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace debugger {

/// A code point as it may be shown: itself, "\n", "\x07", "\u{202e}". `quote` is escaped too.
std::string escapedCharacter(uint32_t codePoint, char quote);
/// Decodes units of 1 (UTF-8, bad bytes become \xNN), 2 or 4 bytes; stops after `maxCharacters` and says so in `isCut`.
std::string escapedText(std::span<const uint8_t> bytes, unsigned unitSize, size_t maxCharacters, char quote,
                        bool& isCut);
/// Escapes what must not be shown, and nothing else: for names and for whole lines. Keeps newlines if told to.
std::string printable(std::string_view text, bool keepNewlines = false);
/// Length in code points, for limits.
size_t characterCount(std::string_view utf8);
/// The first `count` code points.
std::string_view firstCharacters(std::string_view utf8, size_t count);

}  // namespace debugger
