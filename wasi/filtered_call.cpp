#include "wasi/filtered_call.h"

#include <algorithm>
#include <cstring>

#include "wasi/abi.h"
#include "wasi/call_filter_nodes.h"

namespace wasi {

namespace {

constexpr size_t kMostData = 64 << 10;  // of one call that is looked through

std::string_view asText(std::span<const uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Rights are named as the calls that they allow: who looks for the calls does not mean them.
void dropRights(const ShownValue& value, std::string& line, size_t from) {
    if (value.type == "rights" && value.text.find('_') != std::string::npos) {
        const size_t at = line.find(value.text, from);
        if (at != std::string::npos) line.erase(at, value.text.size());
    }
    for (const ShownValue& child : value.children)
        dropRights(child, line, from);
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
    if (!std::exchange(m_isMade, true)) {
        const ShownCall shown = show(record);
        m_all = shown.name + "(" + argumentText(shown) + ") = " + resultText(record, shown);
        m_withoutRights = m_all;
        for (const auto* values : {&shown.arguments, &shown.results})
            for (const ShownValue& value : *values)
                dropRights(value, m_withoutRights, shown.name.size());
        m_all = lowerCase(m_all);
        m_withoutRights = lowerCase(m_withoutRights);
    }
    return withRights ? m_all : m_withoutRights;
}

std::span<const uint8_t> RecordedCall::bytesAt(uint32_t address, uint64_t length, bool written) const {
    const ShowContext context{m_record};
    if (const auto found = context.bytesAt(address, 1, written))
        return found->bytes.subspan(0, std::min<uint64_t>(length, found->bytes.size()));
    return {};
}

bool RecordedCall::anyCaller(const std::function<bool(std::string_view)>& test) const {
    return anyName(m_record.backtrace, m_names, test);
}

uint64_t RecordedCall::bytesMoved() const { return wasi::bytesMoved(m_record); }

/// As ShowContext::bytesAt: the latest of what was written, the first of what was read.
std::span<const uint8_t> LoggedCall::bytesAt(uint32_t address, uint64_t length, bool written) const {
    std::span<const uint8_t> found;
    for (const LogCursor::Access& access : m_cursor.accesses()) {
        if (access.isWrite != written || address < access.address) continue;
        const uint64_t skip = address - access.address;
        if (skip >= access.length) continue;
        found = access.bytes.subspan(std::min<size_t>(skip, access.bytes.size()));
        if (!written) break;
    }
    return found.subspan(0, std::min<uint64_t>(length, found.size()));
}

bool LoggedCall::anyCaller(const std::function<bool(std::string_view)>& test) const {
    return anyName(m_cursor.backtrace(), m_names, test);
}

uint64_t LoggedCall::bytesMoved() const {
    uint64_t bytes = 0;
    for (const LogCursor::Access& access : m_cursor.accesses())
        bytes += access.length;
    return bytes;
}

std::string_view LoggedCall::line(bool withRights) const {
    if (m_line.isMade()) return m_line.of(m_cursor.head(), withRights);
    return m_line.of(m_cursor.record(), withRights);
}

uint64_t slotValue(const FilteredCall& call, const HostParameter& p) {
    const uint64_t raw = call.arguments()[p.slot];
    return !p.fields.empty() && p.fields[0].size == 8 ? raw : static_cast<uint32_t>(raw);
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
        if (&p + 1 < function.parameters.data() + function.parameters.size() && (&p + 1)->type == "size")
            length = static_cast<uint32_t>(call.arguments()[(&p + 1)->slot]);
        return asText(call.bytesAt(address, std::min<uint64_t>(length, kMostData), true));
    }
    const auto count = static_cast<uint32_t>(call.arguments()[p.slot + 1]);
    if (p.shape == HostParameter::Shape::Text)
        return asText(call.bytesAt(address, std::min(count, kMaxStringBytes), false));
    std::string_view text;
    constexpr uint32_t kMostBuffers = 1024;
    const auto list =
        call.bytesAt(address, std::min(count, kMostBuffers) * uint64_t{Abi<Iovec>::size()}, false);
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
