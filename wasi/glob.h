// How texts are alike: patterns with * (any text) and ? (any one byte), as users write them for names and paths; near misses.
#pragma once

#include <string_view>

namespace wasi {

/// `*` matches slashes too. At most pattern × text comparisons, without recursion.
bool matchesGlob(std::string_view pattern, std::string_view text);

/// Letters that must be changed, added or removed to make one word the other.
size_t editDistance(std::string_view a, std::string_view b);

}  // namespace wasi
