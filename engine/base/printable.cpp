#include "engine/base/printable.h"

namespace engine {

std::string printable(std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    for (size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        const size_t length = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;
        bool valid = length > 0 && c < 0xf5 && i + length <= text.size();
        for (size_t k = 1; valid && k < length; k++)
            valid = (static_cast<unsigned char>(text[i + k]) & 0xc0) == 0x80;
        // C1 controls, and the characters that reorder or hide text, are written as escapes too.
        uint32_t point = c;
        if (valid && length > 1) {
            point = c & (0xff >> (length + 1));
            for (size_t k = 1; k < length; k++)
                point = point << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3f);
        }
        const bool hidden = point < 0x20 || (point >= 0x7f && point < 0xa0) ||
                            (point >= 0x200b && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
                            (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
        if (valid && !hidden) {
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
