// editDistance(): how near two names are, for messages that suggest what was meant.
#pragma once

#include <cstddef>
#include <string_view>

namespace engine {

/// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other;
/// words of more than 64 bytes count as different throughout.
size_t editDistance(std::string_view a, std::string_view b);

}  // namespace engine
