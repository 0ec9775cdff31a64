// How a call stands in memory in the log. CallPacker writes calls, CallUnpacker reads them; both know nothing of where they are kept.
//
// A call is a row of numbers: the head, the arguments, one of each access (address | is a write << 32 | was cut << 33 | bytes kept << 34), and
// the bytes of small accesses as words. Programs make the same call again and again: most calls are told by what differs from an earlier one,
// their model, which is told in full.
//
//   model, 4 bytes, 0 if there is none
//   none: how many numbers, 1 byte; all of them
//   else: a bit for each number of the model that differs; those, as differences of time, of others by exclusive or
//   the tail: the detail; of accesses beyond the 16th their numbers; of those that were cut their lengths; bytes that are no words
//
// Numbers stand in groups of up to 16: the lengths of each, 0 to 8 bytes, in four bits, then their bytes, the lowest first. They are written
// and read eight bytes at a time, without a branch: seven bytes at least stand behind where the last one begins.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "wasi/call_draft.h"
#include "wasi/syscall_record.h"

namespace wasi {

/// Where a packed call begins, in numbers of who keeps it; not 0.
using CallPlace = uint32_t;

struct CallNumbers {
    static constexpr size_t kMost = 64;
    enum : size_t {
        kShape,  // outcome | origin << 3 | arguments << 6 | function << 10
        kTick,
        kStart,
        kDuration,
        kErrno,  // | thread << 32
        kResult,
        kNames,   // id of the backtrace | id of the subject << 32
        kExtent,  // accesses | bytes of detail << 32
        kHead     // the arguments follow, a number for each access, and words
    };
    size_t count = 0;
    std::array<uint64_t, kMost> at;  // those behind `count` are of no meaning

    CallNumbers() {}
    CallNumbers(const CallNumbers& o) { *this = o; }
    CallNumbers& operator=(const CallNumbers& o) {
        count = o.count;
        std::copy_n(o.at.begin(), count, at.begin());
        return *this;
    }
};

class CallPacker {
public:
    /// Bytes that pack() may write.
    static size_t mostBytes(const CallDraft& draft);
    /// Writes a call at `to`, which is called `place`; how many bytes.
    size_t pack(const CallDraft& draft, uint32_t backtrace, CallPlace place, uint8_t* to);

private:
    static constexpr uint32_t kMostUses = 1024;  // so that differences of time stay small
    struct Model {
        CallPlace place = 0;
        uint32_t uses = 0;
        uint64_t tick = 0, start = 0;
        CallNumbers numbers;  // with 0 for those
    };
    std::array<Model, 64> m_models;  // by function and how many numbers
};

class CallUnpacker {
public:
    struct Access {
        uint32_t address = 0;
        bool isWrite = false;
        std::span<const uint8_t> bytes;
        uint64_t length = 0;  // the true number
    };
    /// Of a packed call; 0 = none.
    static CallPlace modelOf(const uint8_t* call);
    /// Goes to that call, which stays where it is, as does its model.
    void moveTo(const uint8_t* call, const uint8_t* model);

    uint32_t subject() const { return static_cast<uint32_t>(m_now.at[CallNumbers::kNames] >> 32); }
    uint32_t backtrace() const { return static_cast<uint32_t>(m_now.at[CallNumbers::kNames]); }
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

    std::array<Model, 61> m_models;  // that were asked for last
    CallNumbers m_now;
    const uint8_t* m_model = nullptr;  // m_now has its numbers, but for …
    uint64_t m_differing = 0;          // … these
    const uint8_t* m_tail = nullptr;
};

}  // namespace wasi
