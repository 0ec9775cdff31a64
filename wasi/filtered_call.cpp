#include "wasi/filtered_call.h"

#include <algorithm>
#include <cstring>

#include "wasi/abi.h"
#include "wasi/buffer_parameters.h"
#include "wasi/call_filter_nodes.h"

namespace wasi {

namespace {

constexpr size_t kMostData = 64 << 10;  // of one call that is looked through

std::string_view asText(std::span<const uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// As ShowContext::bytesAt: the latest of what was written, the first of what was read; of those the ones that hold all of it, if any do.
template <class Accesses>
std::span<const uint8_t> bytesOf(const Accesses& accesses, uint32_t address, uint64_t length, bool written) {
    std::span<const uint8_t> found;
    bool isWhole = false;
    for (const auto& access : accesses) {
        if (access.isWrite != written || address < access.address) continue;
        const uint64_t skip = address - access.address;
        const bool holdsAll = skip + length <= access.length;
        if (skip >= access.length || (isWhole && !holdsAll)) continue;
        if (!written && (isWhole || (!holdsAll && !found.empty()))) continue;
        isWhole = holdsAll;
        found = std::span(access.bytes).subspan(std::min<size_t>(skip, access.bytes.size()));
    }
    return found.subspan(0, std::min<uint64_t>(length, found.size()));
}

template <class Accesses>
bool touchesAny(const Accesses& accesses, uint64_t first, uint64_t last, bool isWritten) {
    return std::any_of(accesses.begin(), accesses.end(), [&](const auto& access) {
        return access.length > 0 && (access.isWrite || !isWritten) && access.address <= last &&
               first < access.address + access.length;
    });
}

template <class Accesses>
bool holdsText(std::string_view subject, const Accesses& accesses, std::string_view lowered) {
    return containsLowered(subject, lowered) ||
           std::any_of(accesses.begin(), accesses.end(),
                       [&](const auto& access) { return containsLowered(asText(access.bytes), lowered); });
}

bool anyName(std::span<const engine::CodeLocation> frames, const NamesAt& names,
             const std::function<bool(std::string_view)>& test) {
    bool isFound = false;
    for (const engine::CodeLocation& frame : frames) {
        if (isFound || !names) break;
        names(frame, [&](std::string_view name) { return isFound = isFound || test(name); });
    }
    return isFound;
}

}  // namespace

std::string_view CallLine::of(const SyscallRecord& record, bool withRights) {
    std::string& line = m_lines[withRights];
    if (line.empty()) {
        appendCall(line, ShowContext{.record = record, .namesRights = withRights});
        std::transform(line.begin(), line.end(), line.begin(), lowerLetter);
    }
    return line;
}

void CallLine::clear() {
    for (std::string& line : m_lines)
        line.clear();
}

std::span<const uint8_t> RecordedCall::bytesAt(uint32_t address, uint64_t length, bool written) const {
    return bytesOf(m_record.accesses, address, length, written);
}

bool RecordedCall::anyCaller(const std::function<bool(std::string_view)>& test) const {
    return anyName(m_record.backtrace, m_names, test);
}

bool RecordedCall::holds(std::string_view lowered) const {
    return holdsText(m_record.subject, m_record.accesses, lowered);
}

bool RecordedCall::touches(uint64_t first, uint64_t last, bool isWritten) const {
    return touchesAny(m_record.accesses, first, last, isWritten);
}

uint64_t RecordedCall::bytesMoved() const { return wasi::bytesMoved(m_record); }

std::span<const uint8_t> LoggedCall::bytesAt(uint32_t address, uint64_t length, bool written) const {
    return bytesOf(m_cursor.accesses(), address, length, written);
}

bool LoggedCall::anyCaller(const std::function<bool(std::string_view)>& test) const {
    return anyName(m_cursor.backtrace(), m_names, test);
}

bool LoggedCall::touches(uint64_t first, uint64_t last, bool isWritten) const {
    return touchesAny(m_cursor.accesses(), first, last, isWritten);
}

uint64_t LoggedCall::bytesMoved() const {
    uint64_t bytes = 0;
    for (const LogCursor::Access& access : m_cursor.accesses())
        bytes += access.length;
    return bytes;
}

std::string_view LoggedCall::line(bool withRights) const {
    if (!std::exchange(m_isUnpacked, true)) m_cursor.copyTo(m_record);
    return m_line.of(m_record, withRights);
}

bool LoggedCall::holds(std::string_view lowered) const {
    return holdsText(m_cursor.subject(), m_cursor.accesses(), lowered);
}

uint64_t slotValue(const FilteredCall& call, const HostParameter& p) {
    const uint64_t raw = call.arguments()[p.slot];
    if (p.fields.empty()) return static_cast<uint32_t>(raw);
    const HostField& field = p.fields[0];
    if (field.size == 8) return raw;
    // Of a small number the host takes the low bits; of names all, since others are refused.
    return field.kind == HostField::Kind::Number && field.size < 4
               ? raw & ((uint64_t{1} << (8 * field.size)) - 1)
               : static_cast<uint32_t>(raw);
}

std::optional<uint64_t> resultValue(const FilteredCall& call, const HostParameter& p,
                                    const HostField& field) {
    const SyscallRecord* record = call.record();
    if (!record || record->outcome != Outcome::Returned || record->errno_ != 0) return std::nullopt;
    const auto bytes = call.bytesAt(static_cast<uint32_t>(call.arguments()[p.slot]), p.size, true);
    if (bytes.size() < field.offset + field.size) return std::nullopt;
    uint64_t value = 0;
    std::memcpy(&value, bytes.data() + field.offset, field.size);
    return value;
}

std::string_view passedText(const FilteredCall& call, const HostParameter& p, std::string& room) {
    const auto address = static_cast<uint32_t>(call.arguments()[p.slot]);
    if (p.shape == HostParameter::Shape::Pointer) return room = hexAddress(address);
    if (p.shape == HostParameter::Shape::Bytes) {
        const HostFunction& function = allHostFunctions()[call.function()];
        uint64_t length = 1;
        if (const HostParameter* said = lengthOf(function, p))
            length = static_cast<uint32_t>(call.arguments()[said->slot]);
        return asText(call.bytesAt(address, std::min<uint64_t>(length, kMostData), true));
    }
    const auto count = static_cast<uint32_t>(call.arguments()[p.slot + 1]);
    if (p.shape == HostParameter::Shape::Text)
        return asText(call.bytesAt(address, std::min(count, kMaxStringBytes), false));
    std::string_view text;
    const auto list =
        call.bytesAt(address, std::min(count, kMaxBuffers) * uint64_t{Abi<Iovec>::size()}, false);
    for (size_t at = 0; at + Abi<Iovec>::size() <= list.size() && text.size() < kMostData;
         at += Abi<Iovec>::size()) {
        Iovec buffer;
        Abi<Iovec>::load(list.data() + at, buffer);
        const auto bytes =
            call.bytesAt(buffer.buf, std::min<uint64_t>(buffer.buf_len, kMostData - text.size()),
                         p.shape == HostParameter::Shape::Target);
        if (text.empty()) {
            text = asText(bytes);
            continue;
        }
        if (text.data() != room.data()) room = text;
        text = room += asText(bytes);
    }
    return text;
}

std::string passedText(const FilteredCall& call, const HostParameter& parameter) {
    std::string room;
    return std::string(passedText(call, parameter, room));
}

std::optional<uint64_t> bufferLength(const FilteredCall& call) {
    const HostFunction& function = allHostFunctions()[call.function()];
    for (const HostParameter& p : function.parameters) {
        const HostParameter* next = &p + 1;
        if (p.shape == HostParameter::Shape::Bytes &&
            next < function.parameters.data() + function.parameters.size() && next->type == "size")
            return slotValue(call, *next);
        if (p.shape != HostParameter::Shape::Source && p.shape != HostParameter::Shape::Target) continue;
        uint64_t total = 0;
        const auto count = static_cast<uint32_t>(call.arguments()[p.slot + 1]);
        const auto list = call.bytesAt(static_cast<uint32_t>(call.arguments()[p.slot]),
                                       std::min<uint32_t>(count, 1024) * uint64_t{Abi<Iovec>::size()}, false);
        for (size_t at = 0; at + Abi<Iovec>::size() <= list.size(); at += Abi<Iovec>::size()) {
            Iovec buffer;
            Abi<Iovec>::load(list.data() + at, buffer);
            total += buffer.buf_len;
        }
        return total;
    }
    return std::nullopt;
}

uint64_t bytesMoved(const SyscallRecord& record) {
    uint64_t bytes = 0;
    for (const MemoryAccess& access : record.accesses)
        bytes += access.length;
    return bytes;
}

}  // namespace wasi
