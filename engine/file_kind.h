// What to say about a file that does not begin as a WebAssembly binary.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/result.h"

namespace engine {

/// NotWasm with what the file seems to be instead and what to do; Malformed if it is the beginning of a header.
Error describeOther(std::span<const uint8_t> bytes);

}  // namespace engine
