#include "debugger/symbols/render_text.h"

#include <cstring>

#include "debugger/symbols/value_number.h"
#include "engine/base/printable.h"

namespace debugger {

namespace {

std::string utf8(uint32_t c) {
    const auto byte = [](uint32_t v) { return static_cast<char>(v); };
    if (c < 0x80) return {byte(c)};
    if (c < 0x800) return {byte(0xc0 | c >> 6), byte(0x80 | (c & 63))};
    if (c < 0x10000) return {byte(0xe0 | c >> 12), byte(0x80 | (c >> 6 & 63)), byte(0x80 | (c & 63))};
    return {byte(0xf0 | c >> 18), byte(0x80 | (c >> 12 & 63)), byte(0x80 | (c >> 6 & 63)),
            byte(0x80 | (c & 63))};
}

std::string hexByte(uint32_t c) { return "\\x" + hexadecimal(c, 2).substr(2); }

struct Decoded {
    uint32_t codePoint = 0;
    unsigned length = 1;
    bool isValid = false;
};

Decoded decodeUtf8(std::span<const uint8_t> bytes) {
    const uint8_t first = bytes[0];
    if (first < 0x80) return {first, 1, true};
    const unsigned length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || bytes.size() < length) return {first, 1, false};
    uint32_t c = first & (0x7fu >> length);
    for (unsigned i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) return {first, 1, false};
        c = c << 6 | (bytes[i] & 0x3fu);
    }
    const bool isOverlong = (length == 3 && c < 0x800) || (length == 4 && c < 0x10000);
    if (isOverlong || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return {first, 1, false};
    return {c, length, true};
}

Decoded decodeUnit(std::span<const uint8_t> bytes, unsigned unitSize) {
    if (unitSize == 1) return decodeUtf8(bytes);
    uint32_t unit = 0;
    std::memcpy(&unit, bytes.data(), unitSize);
    if (unitSize == 2 && unit >= 0xd800 && unit < 0xdc00 && bytes.size() >= 4) {
        uint16_t low = 0;
        std::memcpy(&low, bytes.data() + 2, 2);
        if (low >= 0xdc00 && low < 0xe000)
            return {0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00u), 4, true};
    }
    return {unit, unitSize, true};
}

std::span<const uint8_t> asBytes(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

std::string escapedCharacter(uint32_t c, char quote) {
    switch (c) {
    case 0: return "\\0";
    case '\a': return "\\a";
    case '\b': return "\\b";
    case '\t': return "\\t";
    case '\n': return "\\n";
    case '\v': return "\\v";
    case '\f': return "\\f";
    case '\r': return "\\r";
    case '\\': return "\\\\";
    default: break;
    }
    if (quote && c == static_cast<uint8_t>(quote)) return {'\\', quote};
    if (!engine::isHidden(c)) return utf8(c);
    return c < 0x80 ? hexByte(c) : "\\u{" + hexadecimal(c).substr(2) + "}";
}

std::string escapedText(std::span<const uint8_t> bytes, unsigned unitSize, size_t maxCharacters, char quote,
                        bool& isCut) {
    std::string text;
    size_t at = 0, count = 0;
    while (at + unitSize <= bytes.size()) {
        if (count++ >= maxCharacters) {
            isCut = true;
            return text;
        }
        const Decoded decoded = decodeUnit(bytes.subspan(at), unitSize);
        text += decoded.isValid ? escapedCharacter(decoded.codePoint, quote) : hexByte(decoded.codePoint);
        at += decoded.length;
    }
    return text;
}

std::string printable(std::string_view text, bool keepNewlines) {
    std::string result;
    const auto bytes = asBytes(text);
    for (size_t at = 0; at < bytes.size();) {
        const Decoded decoded = decodeUtf8(bytes.subspan(at));
        const uint32_t c = decoded.codePoint;
        if (!decoded.isValid) {
            result += hexByte(c);
        } else if (engine::isHidden(c) && !(keepNewlines && c == '\n')) {
            result += escapedCharacter(c, 0);
        } else {
            result.append(text.substr(at, decoded.length));
        }
        at += decoded.length;
    }
    return result;
}

size_t characterCount(std::string_view text) {
    size_t count = 0;
    for (const char c : text)
        count += (c & 0xc0) != 0x80;
    return count;
}

std::string_view firstCharacters(std::string_view text, size_t count) {
    size_t at = 0;
    while (at < text.size()) {
        if ((text[at] & 0xc0) != 0x80 && count-- == 0) break;
        at++;
    }
    return text.substr(0, at);
}

}  // namespace debugger
