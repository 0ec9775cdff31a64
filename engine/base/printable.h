// printable(): names and texts of a guest, as they may stand in a message, on a terminal or in a label.
#pragma once

#include <string>
#include <string_view>

namespace engine {

/// The text with control characters, invalid UTF-8 and characters that hide or reorder others written as escapes.
std::string printable(std::string_view text);

}  // namespace engine
