// SyscallRecord: one host call that happened. It holds bytes, not meanings: Abi<T>::show renders it lazily through its row.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/machine.h"

namespace wasi {

/// Where the answer came from.
enum class Origin : uint8_t { Host, Mock, Policy, Replay };

/// How the call ended. Pending: the guest is inside it now (waiting); it is amended in place when it ends.
/// Dropped: the log no longer has it, nothing but its sequence is known.
enum class Outcome : uint8_t { Pending, Returned, Trapped, Exited, Interrupted, Dropped };

/// Bytes of linear memory that the host read or wrote for the call, in order.
struct MemoryAccess {
    uint32_t address = 0;
    bool isWrite = false;
    std::vector<uint8_t> bytes;  // cut at kMaxPayloadBytes; `length` is the true number
    uint64_t length = 0;
};
inline constexpr size_t kMaxPayloadBytes = 4096;
inline constexpr size_t kMaxDetailBytes = 4096;

struct SyscallRecord {
    uint64_t sequence = 0;  // 0, 1, 2 … in order of begin
    uint64_t tick = 0;
    uint32_t thread = 0;
    uint16_t function = 0;  // HostFunction row: allHostFunctions()[function]
    Outcome outcome = Outcome::Pending;
    Origin origin = Origin::Host;
    uint16_t errno_ = 0;  // for functions that return one (0 = success); see HostFunction::returnsErrno
    uint8_t argumentCount = 0;
    std::array<uint64_t, 10> arguments{};
    uint64_t result = 0;  // raw result slot, exit code for Exited
    int64_t startNs = 0;  // monotonic, since launch
    int64_t durationNs = 0;
    std::vector<MemoryAccess> accesses;
    std::vector<engine::CodeLocation> backtrace;  // youngest first, at most 16
    // Guest path of the descriptor that the call is about ("/data/in.txt", "stdin"); of two, with a NUL between them.
    std::string subject;
    std::string
        detail;  // host path, why denied, "not implemented" …: one line, for people; cut at kMaxDetailBytes
};

}  // namespace wasi
