// CallDraft: a host call while it is being recorded, in buffers that are used again for the next one. The gate fills it; SyscallLog
// packs it. SyscallRecord is what readers get back.
#pragma once

#include <span>
#include <string_view>

#include "wasi/journal.h"
#include "wasi/syscall_record.h"

namespace wasi {

struct CallDraft {
    uint64_t tick = 0;
    uint32_t thread = 0;
    uint16_t function = 0;
    Outcome outcome = Outcome::Pending;
    Origin origin = Origin::Host;
    uint16_t errno_ = 0;
    uint32_t subject = 0;
    int64_t startNs = 0, durationNs = 0;
    uint64_t result = 0;
    const engine::Backtrace* backtrace = nullptr;  // borrowed; null: none
    std::string_view detail;                       // borrowed
    Journal journal;                               // its head is the packer's

    std::string_view keptDetail() const { return detail.substr(0, kMaxDetailBytes); }
};

}  // namespace wasi
