// What a mock can do in place of a host function's method, from the description of its parameters alone: succeed with results and bytes,
// and flip bits of what was read. Lengths are never the user's: they count what was moved.
#pragma once

#include <string>
#include <vector>

#include "wasi/call_context.h"
#include "wasi/host_function.h"
#include "wasi/mock_rule.h"

namespace wasi {

/// Why a rule cannot be true of this function: "reply.nread: it is counted, give bytes"; empty if it can.
std::string refusal(const MockRule& rule, const HostFunction& function);

/// Writes results and bytes. Errno::Fault, and nothing is written, where the guest gave addresses outside of its memory.
Errno reply(const MockRule& rule, const HostFunction& function, CallContext& call);

/// Tells the log which paths and bytes the guest passed to a call that the host does not see.
void note(const HostFunction& function, CallContext& call);

/// Buffers that a call fills, as they are before it.
struct MemoryRange {
    uint32_t address = 0;
    uint32_t length = 0;
};
std::vector<MemoryRange> targetsOf(const HostFunction& function, CallContext& call);
/// Flips `rule.count` bits of what a successful call put there.
void corrupt(const MockRule& rule, uint64_t number, const HostFunction& function,
             const std::vector<MemoryRange>& targets, CallContext& call);

}  // namespace wasi
