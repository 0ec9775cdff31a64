#include "wasi/glob.h"

namespace wasi {

bool matchesGlob(std::string_view pattern, std::string_view text) {
    // What stands between two stars is taken where it comes first: if that does not lead to a match, no later place does.
    size_t p = 0, t = 0, star = std::string_view::npos, retry = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            retry = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            p++, t++;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++retry;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*')
        p++;
    return p == pattern.size();
}

}  // namespace wasi
