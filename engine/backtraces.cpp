#include "engine/backtraces.h"

#include <algorithm>
#include <atomic>

#include "engine/jit/jit.h"

namespace engine {

namespace {

uint64_t number(const void* place) { return reinterpret_cast<uintptr_t>(place); }
uint64_t codeLifetimeOf(const Execution& x) { return x.store->jit ? x.store->jit->codeLifetime() : 0; }

}  // namespace

[[gnu::hot]] const Backtrace& Backtraces::of(const Execution& x) {
    Calls calls;
    const Frame* youngest = x.frame;  // that is not compiled
    if (x.native && x.native->direct) {
        calls = x.native->directCalls();
        --youngest;
    }
    const size_t compiled = std::min(calls.size(), Backtrace::kMost);
    const size_t depth = std::min(compiled + static_cast<size_t>(youngest - x.frames), Backtrace::kMost);
    uint64_t key = 0;
    for (size_t i = 0; i < compiled; i++)
        key = key * 3 + number(calls.data()[i]);
    const Frame* frame = youngest;
    for (size_t i = compiled; i < depth; i++)
        key = key * 3 + number((frame--)->ip);

    Known& known = m_known.data()[key * 0x9e37'79b9'7f4a'7c15 >> (64 - kKnownBits)];
    uint64_t difference =
        (known.depth ^ depth) | (known.compiled ^ compiled) | (known.codeLifetime ^ codeLifetimeOf(x));
    for (size_t i = 0; i < compiled; i++)
        difference |= number(known.places.data()[i]) ^ number(calls.data()[i]);
    frame = youngest;
    for (size_t i = compiled; i < depth; i++)
        difference |= number(known.places.data()[i]) ^ number((frame--)->ip);
    if (difference) learn(known, x, calls.first(compiled), youngest, depth);
    return known.backtrace;
}

[[gnu::noinline]] void Backtraces::learn(Known& known, const Execution& x, Calls calls, const Frame* youngest,
                                         size_t depth) {
    static std::atomic<uint64_t> ids{0};
    known.depth = ~0u;  // until all is there
    known.codeLifetime = codeLifetimeOf(x);
    known.compiled = static_cast<uint32_t>(calls.size());
    auto place = std::ranges::copy(calls, known.places.begin()).out;
    for (size_t i = calls.size(); i < depth; i++)
        *place++ = (youngest--)->ip;
    known.backtrace.depth = x.machine->backtrace(known.backtrace.frames);
    known.backtrace.id = ++ids;
    known.depth = static_cast<uint32_t>(depth);
}

}  // namespace engine
