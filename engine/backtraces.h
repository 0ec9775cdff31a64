// Backtraces: those that a machine's host calls came with, so that the next call from the same place costs comparing return addresses.
// One per machine; used where that runs.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "engine/execution.h"

namespace engine {

class Backtraces {
public:
    /// Of the execution as it stands, in a host call or between instructions. Valid until the next.
    const Backtrace& of(const Execution& x);

private:
    struct alignas(64) Known {
        uint64_t codeLifetime = 0;  // Jit::codeLifetime(): so long its addresses mean the same
        uint32_t compiled = 0;      // of the frames, the youngest: those of machine code
        uint32_t depth = ~0u;       // all of them; ~0: of nothing
        std::array<const void*, Backtrace::kMost> places{};  // return addresses of those, then instructions
        Backtrace backtrace;
    };
    using Calls = std::span<const void* const>;
    static void learn(Known& known, const Execution& x, Calls calls, const Frame* youngest, size_t depth);

    static constexpr int kKnownBits = 8;
    std::vector<Known> m_known = std::vector<Known>(size_t{1} << kKnownBits);  // by their places
};

}  // namespace engine
