// How a call stands in memory in the log. CallPacker writes calls, CallUnpacker reads them; both know nothing of where they are kept.
//
// A call is four numbers that differ in most calls, and a row of others (journal.h): a head, the arguments, the accesses. Programs make the
// same call again and again: a call is told by what differs from an earlier one of its kind, its model, in blocks of eight; a model from
// zeros.
//
//   model, 4 bytes, 0 if there is none
//   which blocks differ, 1 byte; the lengths of the next four, 4 bits each, 2 bytes
//   ticks and nanoseconds since the model; how long it took; whence and about what it was, as it differs from the model
//   of each block that differs: a bit for each number that does, 1 byte; their lengths, 4 bits each, in whole bytes; the differences (by
//   exclusive or)
//   the tail: the detail, and what the journal's tail has
//
// Of a number stand 1 to 8 bytes, the lowest first, and its length less one. All are written and read eight bytes at a time: seven bytes
// at least stand behind where the last one begins. Numbers that the call does not use are not told.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "wasi/call_draft.h"
#include "wasi/syscall_record.h"

namespace wasi {

/// Where a packed call begins, in numbers of who keeps it; not 0.
using CallPlace = uint32_t;

struct CallNumbers {
    enum : size_t {
        kShape,  // outcome | origin << 3 | arguments << 6 | function << 10 | errno << 32
        kResult,
        kExtent,  // accesses | bytes of detail << 32
        kThread,
        kArguments = Journal::kHead,
        kCount = Journal::kMost
    };
    uint64_t tick = 0, start = 0, duration = 0;
    uint64_t names = 0;  // of the backtrace the number | of the subject the id << 32
    std::array<uint64_t, kCount> at{};
};

class CallPacker {
public:
    /// Bytes that pack() may write.
    static size_t mostBytes(const CallDraft& draft) {
        return kMostOfNumbers + draft.keptDetail().size() + draft.journal.tail().size();
    }
    /// Writes a call at `to`, which is called `place`; how many bytes.
    size_t pack(CallDraft& draft, uint32_t backtrace, CallPlace place, uint8_t* to);

private:
    static constexpr size_t kMostOfNumbers = 4 + 3 + 4 * 8 + 8 * (1 + 4 + 8 * 8) + 8;
    static constexpr uint32_t kMostUses = 1024;  // so that differences of time stay small
    struct Model {
        CallPlace place = 0;
        uint32_t usesLeft = 0;
        uint32_t kind = 0;  // function | numbers that it uses << 16
        CallNumbers numbers;
    };
    static size_t packModel(Model& model, const CallDraft& draft, uint64_t names, CallPlace place,
                            uint8_t* to);
    static uint32_t kindOf(const CallDraft& draft) { return draft.function | draft.journal.used() << 16; }
    std::array<Model, 64> m_models;  // by kind
};

class CallUnpacker {
public:
    using Access = CallAccess;
    /// Of a packed call; 0 = none.
    static CallPlace modelOf(const uint8_t* call);
    /// Goes to that call, which stays where it is, as does its model.
    void moveTo(const uint8_t* call, const uint8_t* model);

    uint32_t subject() const { return static_cast<uint32_t>(m_now.names >> 32); }
    uint32_t backtrace() const { return static_cast<uint32_t>(m_now.names); }
    std::string_view detail() const {
        return {reinterpret_cast<const char*>(m_tail), m_now.at[CallNumbers::kExtent] >> 32};
    }
    /// All but texts, backtrace and accesses.
    void copyHead(SyscallRecord& to) const;
    /// Valid until the next moveTo().
    void copyAccesses(std::vector<Access>& to) const;

private:
    struct Model {
        const uint8_t* call = nullptr;
        CallNumbers numbers;
    };
    const CallNumbers& numbersOf(const uint8_t* model);

    std::array<Model, 16> m_models;  // that were asked for last
    CallNumbers m_now;
    const uint8_t* m_model = nullptr;  // m_now has its numbers, but for …
    uint64_t m_differing = 0;          // … these
    const uint8_t* m_tail = nullptr;
};

}  // namespace wasi
