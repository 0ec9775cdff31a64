// printable(): names and texts of a guest, as they may stand in a message, on a terminal or in a label.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace engine {

/// Is it nothing that can be seen where it stands: a control, a mark of direction, a separator of lines, invisible, no character at all?
bool isHidden(uint32_t codePoint);

/// The text with hidden characters and invalid UTF-8 written as escapes.
std::string printable(std::string_view text);

}  // namespace engine
