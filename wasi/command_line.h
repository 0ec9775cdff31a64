// A program's capabilities as a command line: ours, or of another runtime.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wasi/capabilities.h"

namespace wasi {

enum class Runtime : uint8_t { Wasiscope, Wasmtime, Wasmer, WasmEdge, Wazero, Node };
inline constexpr std::string_view kRuntimeNames[] = {"wasiscope", "wasmtime", "wasmer",
                                                     "wasmedge",  "wazero",   "node"};
std::optional<Runtime> findRuntime(std::string_view name);

/// What is run; the rest is in the capabilities.
struct ProgramStart {
    std::string program;                         // a path
    std::string invoke{};                        // an export to call instead of _start …
    std::vector<std::string> invokeArguments{};  // … with these
};

struct CommandLine {
    std::string text;                // for a POSIX shell
    std::vector<std::string> notes;  // what that runtime cannot do, one sentence each
};
/// A command that runs the program with these capabilities. What cannot be said to that runtime is left out, and noted.
CommandLine commandLine(const Capabilities& capabilities, Runtime runtime, const ProgramStart& start);

}  // namespace wasi
