// SyscallLog: every host call of a run, in memory. Written by the session thread, read from any thread by [first, count).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "wasi/syscall_record.h"

namespace wasi {

class SyscallLog {
public:
    SyscallLog();
    ~SyscallLog();

    /// Number of calls begun. Any thread.
    uint64_t count() const;
    /// Copies of records [first, first + count), cut at count(). Any thread.
    std::vector<SyscallRecord> slice(uint64_t first, uint64_t count) const;

    // Session thread only:
    /// Appends a begun call; returns its sequence.
    uint64_t begin(SyscallRecord record);
    /// Replaces the record of that sequence by its final form.
    void amend(uint64_t sequence, SyscallRecord record);
    void clear();

private:
    struct Impl;
    std::unique_ptr<Impl> m;
};

}  // namespace wasi
