// Least grant: the smallest capabilities with which a run would have gone as it did, and capabilities as command lines of other runtimes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wasi/capabilities.h"
#include "wasi/ledger.h"

namespace wasi {

/// What of `granted` the run used: folders only as deep as they were used, and read-only where nothing was changed. The host hands over
/// arguments and environment as wholes: they stay if they were read. A program that never asked for the names of its folders keeps their
/// descriptors.
Capabilities leastGrant(const LedgerView& ledger, const Capabilities& granted);

enum class Runtime : uint8_t { Wasiscope, Wasmtime, Wasmer, WasmEdge, Wazero };
inline constexpr std::string_view kRuntimeNames[] = {"wasiscope", "wasmtime", "wasmer", "wasmedge", "wazero"};
std::optional<Runtime> findRuntime(std::string_view name);

struct CommandLine {
    std::string text;                // for a POSIX shell
    std::vector<std::string> notes;  // what that runtime cannot do, one sentence each
};
/// A command that runs `program` with these capabilities; argv[0] is the runtime's affair.
CommandLine commandLine(const Capabilities& capabilities, Runtime runtime, const std::string& program);

}  // namespace wasi
