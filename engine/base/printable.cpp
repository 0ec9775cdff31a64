#include "engine/base/printable.h"

namespace engine {

namespace {

struct Range {
    uint32_t first, last;
};
/// Controls, bidirectional and invisible characters, separators, surrogates, non-characters, tags: what Unicode 15 has of them that
/// cannot be seen.
constexpr Range kHidden[] = {
    {0x0, 0x1f},         {0x7f, 0x9f},     {0xad, 0xad},       {0x34f, 0x34f},     {0x600, 0x605},
    {0x61c, 0x61c},      {0x6dd, 0x6dd},   {0x70f, 0x70f},     {0x115f, 0x1160},   {0x17b4, 0x17b5},
    {0x180b, 0x180f},    {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
    {0xd800, 0xdfff},    {0xfdd0, 0xfdef}, {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
    {0xfff0, 0xfffb},    {0xfffe, 0xffff}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0xe0000, 0x10ffff},
};

}  // namespace

bool isHidden(uint32_t codePoint) {
    if (codePoint >= 0x20 && codePoint < 0x7f) return false;
    for (const Range& range : kHidden)
        if (codePoint >= range.first && codePoint <= range.last) return true;
    return codePoint > 0x10ffff || (codePoint & 0xfffe) == 0xfffe;
}

std::string printable(std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    static constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};  // by length; what is less is overlong
    std::string out;
    for (size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        const size_t length = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;
        bool valid = length > 0 && c < 0xf5 && i + length <= text.size();
        for (size_t k = 1; valid && k < length; k++)
            valid = (static_cast<unsigned char>(text[i + k]) & 0xc0) == 0x80;
        uint32_t point = c;
        if (valid && length > 1) {
            point = c & (0xff >> (length + 1));
            for (size_t k = 1; k < length; k++)
                point = point << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3f);
            valid = point >= kLeast[length];
        }
        if (valid && !isHidden(point)) {
            out.append(text, i, length);
            i += length;
            continue;
        }
        for (size_t k = 0; k < (valid ? length : 1); k++, i++) {
            const auto byte = static_cast<unsigned char>(text[i]);
            if (byte == '\n')
                out += "\\n";
            else if (byte == '\t')
                out += "\\t";
            else if (byte == '\r')
                out += "\\r";
            else
                out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
        }
    }
    return out;
}

}  // namespace engine
