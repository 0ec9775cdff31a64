// SyscallLog: the host calls of a run, in memory. Written by the session thread, read from any thread by [first, count).
// Packed: a small call takes some 37 bytes with its index; slice() unpacks. Readers take no lock that the writer could wait for longer
// than for copying a few pointers. Kept in segments: above its budget the log gives up its oldest one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "wasi/call_draft.h"
#include "wasi/call_packing.h"
#include "wasi/syscall_record.h"

namespace wasi {

class SyscallLog {
public:
    static constexpr uint64_t kDefaultBudget = uint64_t{2} << 30;
    SyscallLog();
    ~SyscallLog();

    /// Number of calls begun. Any thread.
    uint64_t count() const;
    /// Sequence of the oldest call that is still kept. Any thread.
    uint64_t firstKept() const;
    /// Copies of records [first, first + count), cut at count(). Of one that was given up only the sequence, as Outcome::Dropped.
    /// Any thread.
    std::vector<SyscallRecord> slice(uint64_t first, uint64_t count) const;

    // Session thread only:
    /// About how many bytes it may take; before the first call.
    void setBudget(uint64_t bytes);
    /// Called each time a sixteenth of the budget is full, before anything is given up: who must not miss a call reads by then.
    void setFull(std::function<void()> isFull);
    /// Appends a begun call; returns its sequence.
    uint64_t begin(SyscallRecord record);
    /// Replaces the record of that sequence by its final form.
    void amend(uint64_t sequence, SyscallRecord record);
    void clear();
    /// The sequence that the next call will get.
    uint64_t nextSequence() const;
    /// begin() and amend() in one, and amend() of what begin() had: the gate's way, without making a SyscallRecord.
    /// The draft is left as it is, but for the head of its journal.
    uint64_t append(CallDraft& draft);
    void amend(uint64_t sequence, CallDraft& draft);
    /// Id of a name for CallDraft::subject; 0 is the empty one. Kept until the log is destroyed; above 64 MiB of names, a new one gets
    /// the id of "(too many names)".
    uint32_t intern(std::string_view name);
    std::string_view name(uint32_t id) const;
    /// Bytes used.
    uint64_t bytesUsed() const;

private:
    friend class LogCursor;
    struct Impl;
    std::unique_ptr<Impl> m;
};

/// Looks at one call after the other without copying it: unpacks what is asked for. Borrows the log and keeps the calls that were there
/// when it was made. Any thread, one at a time.
class LogCursor {
public:
    using Access = CallUnpacker::Access;
    explicit LogCursor(const SyscallLog& log);
    ~LogCursor();

    uint64_t firstKept() const;
    /// One behind the last call that was begun.
    uint64_t end() const;
    /// Goes to that call. False: it was given up, or is not over.
    bool moveTo(uint64_t sequence);

    // Of the call it stands at:
    /// Its numbers; accesses, backtrace and texts are left out.
    const SyscallRecord& head() const;
    std::string_view subject() const;
    std::span<const engine::CodeLocation> backtrace() const;
    std::span<const Access> accesses() const;
    /// All of it, into room that may be used again.
    void copyTo(SyscallRecord& record) const;

private:
    struct Impl;
    std::unique_ptr<Impl> m;
};

}  // namespace wasi
