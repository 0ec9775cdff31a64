// Patterns with * (any text) and ? (any one byte), as users write them for names and paths.
#pragma once

#include <string_view>

namespace wasi {

/// `*` matches slashes too. At most pattern × text comparisons, without recursion.
bool matchesGlob(std::string_view pattern, std::string_view text);

}  // namespace wasi
