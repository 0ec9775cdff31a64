// Capabilities as JSON: what `--policy` reads, `wscope policy` writes and the window remembers of a program. The published form is
// resources/schema/capabilities.schema.json; reader, writer and list of keys come from one list of fields.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "wasi/capabilities.h"

namespace wasi {

inline constexpr uint64_t kMostTimeoutMs = 1'000'000'000'000;  // 31 years; far from where clocks overflow

/// Indented; what has its default value is left out. Numbers above 2^53 are written as strings, which the reader takes too.
std::string toJson(const Capabilities& capabilities);

/// What is missing stays as it is in `base`. Errors: BadArgument with the path in the document ("directories[1].kind: …"), for anything
/// that is not JSON, of the wrong kind, or unknown.
engine::Result<Capabilities> capabilitiesFromJson(std::string_view text, Capabilities base = {});

/// Errors: as of reading a file and of capabilitiesFromJson(), with the file's name.
engine::Result<Capabilities> loadCapabilities(const std::string& path);

/// Every key that can occur, as "directories[].host", "clock.kind".
std::vector<std::string> capabilityKeys();

}  // namespace wasi
