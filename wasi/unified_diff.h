// unifiedDiff(): how one text differs from another, as diff(1) writes it and patch(1) reads it.
#pragma once

#include <string>
#include <string_view>

namespace wasi {

/// Hunks with three lines of context, without the lines that name the files; empty if both are the same. Time and memory are bounded: where
/// the texts have too little in common, what lies between their common beginning and end is replaced as a whole.
std::string unifiedDiff(std::string_view before, std::string_view now);

/// Is it UTF-8 without control characters but tab and the ends of lines, so that it can be shown as it is?
bool isPlainText(std::string_view bytes);

}  // namespace wasi
