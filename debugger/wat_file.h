// Programs as WebAssembly text: assembled by wabt's wat2wasm, in a child process with limits. Debian has wabt's programs, but no library.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace debugger {

using FileBytes = std::shared_ptr<const std::vector<uint8_t>>;

/// The bytes of a program file: a binary as it is, text (.wat, or what begins as such) assembled, with the names in it kept.
/// Errors: as engine::readFile; of text: Malformed with line, column and the line itself, Unsupported with what to do if it needs
/// more than wat2wasm knows, Limit (text too large, time over), Io (wat2wasm missing: which package has it).
engine::Result<FileBytes> readProgram(const std::string& path, int mostSeconds = 20);

/// What wat2wasm says of a text, as one message for people. `file` is what it calls the text.
engine::Error assemblyError(const std::string& messages, const std::string& text, const std::string& file);

}  // namespace debugger
