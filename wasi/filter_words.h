// What front ends need to know of CallFilter's language, without its types: for them, who may not include the engine's headers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace wasi {

/// Is it a filter? BadArgument: "column 9: …".
engine::Result<> checkFilter(std::string_view text);
/// Does it say nothing of another run, as it names a call: fd = 5@1234?
bool isFilterOfOneRun(std::string_view text);
/// "function", "fd", "errno" …
std::vector<std::string> filterFields();
/// All that a word of a filter may be: fields, functions, arguments, results, and, or, not, contains; sorted.
std::vector<std::string> filterWords();
/// The field by which a function's first argument is known: "fd" for every descriptor; empty if it has none.
std::string firstField(std::string_view function);
/// How a filter is written, with its fields: lines.
std::string filterHelp();

}  // namespace wasi
