// CallDraft: a host call while it is being recorded, in buffers that are used again for the next one. The gate fills it; SyscallLog
// packs it. SyscallRecord is what readers get back.
#pragma once

#include <array>
#include <span>
#include <string>

#include "wasi/guest_memory.h"
#include "wasi/syscall_record.h"

namespace wasi {

struct CallDraft {
    uint64_t tick = 0;
    uint32_t thread = 0;
    uint16_t function = 0;
    Outcome outcome = Outcome::Pending;
    Origin origin = Origin::Host;
    uint16_t errno_ = 0;
    uint8_t argumentCount = 0;
    uint8_t depth = 0;  // used part of backtrace
    std::array<uint64_t, 10> arguments;
    uint64_t result = 0;
    int64_t startNs = 0, durationNs = 0;
    uint32_t subject = 0;
    Journal journal;
    std::array<engine::CodeLocation, 16> backtrace;
    std::string detail;
};

}  // namespace wasi
