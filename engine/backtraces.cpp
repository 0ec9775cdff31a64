#include "engine/backtraces.h"

#include <algorithm>
#include <atomic>

#include "engine/jit/jit.h"

namespace engine {

const Backtrace& Backtraces::of(const Execution& x) {
    Places now;
    uint32_t depth = 0;
    uint64_t key = 0;
    const auto add = [&](const void* place) {
        now.data()[depth++] = place;
        key = key * 3 + reinterpret_cast<uintptr_t>(place);
    };
    const Frame* youngest = x.frame;
    if (x.native && x.native->direct) {
        for (const void* returnAddress : x.native->directCalls()) {
            if (depth == Backtrace::kMost) break;
            add(returnAddress);
        }
        --youngest;
    }
    const uint32_t compiled = depth;
    for (const Frame* frame = youngest; frame > x.frames && depth < Backtrace::kMost; --frame)
        add(frame->ip);

    const uint64_t lifetime = x.store->jit ? x.store->jit->codeLifetime() : 0;
    Known& known = m_known[key * 0x9e37'79b9'7f4a'7c15 >> (64 - kKnownBits)];
    uint64_t difference =
        (known.compiled ^ compiled) | (known.backtrace.depth ^ depth) | (known.codeLifetime ^ lifetime);
    for (uint32_t i = 0; i < depth; i++)
        difference |=
            reinterpret_cast<uintptr_t>(known.places.data()[i]) ^ reinterpret_cast<uintptr_t>(now.data()[i]);
    if (difference == 0 && known.backtrace.id) return known.backtrace;

    static std::atomic<uint64_t> ids{0};
    known.backtrace.id = 0;  // until all is there
    known.compiled = compiled;
    known.codeLifetime = lifetime;
    std::copy_n(now.begin(), depth, known.places.begin());
    known.backtrace.depth = x.machine->backtrace(known.backtrace.frames);
    known.backtrace.id = ++ids;
    return known.backtrace;
}

}  // namespace engine
