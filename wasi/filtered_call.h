// FilteredCall: what a CallFilter looks at: a call that is about to be made, or one of the log.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wasi/host_function.h"
#include "wasi/syscall_log.h"
#include "wasi/syscall_record.h"

namespace wasi {

class FilteredCall {
public:
    virtual ~FilteredCall() = default;
    virtual uint16_t function() const = 0;
    virtual std::span<const uint64_t> arguments() const = 0;
    /// At most `length` bytes of linear memory as the call read them, or (`written`) left them; fewer if they are not known.
    virtual std::span<const uint8_t> bytesAt(uint32_t address, uint64_t length, bool written) const = 0;
    /// Name of the descriptor that it is about; of two, with a NUL between their names.
    virtual std::string_view subject() const = 0;
    /// Is it true of the name of a function on the stack? Youngest first.
    virtual bool anyCaller(const std::function<bool(std::string_view)>& test) const = 0;

    // Of a call of the log:
    /// Its numbers: what is not one may be missing there. Null before the call.
    virtual const SyscallRecord* record() const { return nullptr; }
    /// Bytes that it read from and wrote to linear memory.
    virtual uint64_t bytesMoved() const { return 0; }
    /// Did it read or write (`isWritten`: write) memory from the address `first` to `last`?
    virtual bool touches(uint64_t /*first*/, uint64_t /*last*/, bool /*isWritten*/) const { return false; }
    /// As people read it, in small letters; names of rights are those of calls, and left out on demand.
    virtual std::string_view line(bool /*withRights*/) const { return {}; }
    /// Is that in its subject or in bytes of memory that it read or wrote, whatever the case of letters? Small letters.
    virtual bool holds(std::string_view /*lowered*/) const { return false; }
};

/// Names of the functions at a place in code, inlined ones too.
using NamesAt =
    std::function<void(const engine::CodeLocation&, const std::function<bool(std::string_view)>&)>;

/// A call in words, in small letters, made when it is first looked at.
class CallLine {
public:
    /// Rights are named as the calls that they allow: who looks for the calls does not mean them, and leaves them out.
    std::string_view of(const SyscallRecord& record, bool withRights);
    void clear();

private:
    std::array<std::string, 2> m_lines;  // empty: not made; the second with rights
};

/// A call of the log as a record. Borrows both.
class RecordedCall final : public FilteredCall {
public:
    RecordedCall(const SyscallRecord& record, const NamesAt& names) : m_record(record), m_names(names) {}
    uint16_t function() const override { return m_record.function; }
    std::span<const uint64_t> arguments() const override { return m_record.arguments; }
    std::span<const uint8_t> bytesAt(uint32_t address, uint64_t length, bool written) const override;
    std::string_view subject() const override { return m_record.subject; }
    bool anyCaller(const std::function<bool(std::string_view)>& test) const override;
    const SyscallRecord* record() const override { return &m_record; }
    uint64_t bytesMoved() const override;
    bool touches(uint64_t first, uint64_t last, bool isWritten) const override;
    std::string_view line(bool withRights) const override { return m_line.of(m_record, withRights); }
    bool holds(std::string_view lowered) const override;

private:
    const SyscallRecord& m_record;
    const NamesAt& m_names;
    mutable CallLine m_line;
};

/// The call at which a cursor stands, unpacked as far as it is asked for. Borrows both.
class LoggedCall final : public FilteredCall {
public:
    LoggedCall(LogCursor& cursor, const NamesAt& names) : m_cursor(cursor), m_names(names) {}
    /// As LogCursor.
    bool moveTo(uint64_t sequence) {
        m_line.clear();
        m_isUnpacked = false;
        return m_cursor.moveTo(sequence);
    }
    uint16_t function() const override { return m_cursor.head().function; }
    std::span<const uint64_t> arguments() const override { return m_cursor.head().arguments; }
    std::span<const uint8_t> bytesAt(uint32_t address, uint64_t length, bool written) const override;
    std::string_view subject() const override { return m_cursor.subject(); }
    bool anyCaller(const std::function<bool(std::string_view)>& test) const override;
    const SyscallRecord* record() const override { return &m_cursor.head(); }
    uint64_t bytesMoved() const override;
    bool touches(uint64_t first, uint64_t last, bool isWritten) const override;
    std::string_view line(bool withRights) const override;
    bool holds(std::string_view lowered) const override;

private:
    LogCursor& m_cursor;
    const NamesAt& m_names;
    mutable CallLine m_line;
    mutable SyscallRecord m_record;  // room for the whole call, used again
    mutable bool m_isUnpacked = false;
};

/// A number that is passed.
uint64_t slotValue(const FilteredCall& call, const HostParameter& parameter);
/// A number of a result in memory; nothing before the call, and if it did not succeed.
std::optional<uint64_t> resultValue(const FilteredCall& call, const HostParameter& parameter,
                                    const HostField& field);
/// A path, or what stands in the buffers of a list (64 KiB of it at most); for what is only an address: that. In `room` if it does not
/// stand in one piece.
std::string_view passedText(const FilteredCall& call, const HostParameter& parameter, std::string& room);
std::string passedText(const FilteredCall& call, const HostParameter& parameter);
/// How much the buffers of the call hold together; nothing if it has none.
std::optional<uint64_t> bufferLength(const FilteredCall& call);
/// Bytes that a call read from and wrote to linear memory.
uint64_t bytesMoved(const SyscallRecord& record);

}  // namespace wasi
