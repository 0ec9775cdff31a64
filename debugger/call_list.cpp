#include "debugger/call_list.h"

#include <algorithm>

#include "wasi/host_function.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;
using wasi::SyscallRecord;

namespace {

constexpr uint64_t kChunk = 1024;
constexpr std::chrono::milliseconds kFirstBudget{30};
constexpr uint64_t kMaxRows = 10'000;

}  // namespace

CallValue toCallValue(const wasi::ShownValue& shown) {
    CallValue value{shown.name, shown.type, shown.text, {}, shown.address, shown.size};
    for (const wasi::ShownValue& child : shown.children)
        value.children.push_back(toCallValue(child));
    return value;
}

void CallList::attach(Debuggee* debuggee, Places* places, std::function<bool(const std::string&)> hasSource) {
    m_debuggee = debuggee;
    m_places = places;
    m_hasSource = std::move(hasSource);
    m_names = places ? namesAt(*places) : wasi::NamesAt();
    newRun();
}

void CallList::newRun() {
    m_search = wasi::CallSearch(m_filter);
    m_matching.clear();
    m_searched = 0;
    m_searching = m_isHeld = false;
}

Location CallList::caller(const SyscallRecord& record) {
    for (const engine::CodeLocation& frame : record.backtrace) {
        const auto levels = static_cast<uint32_t>(m_places->chain(frame.offset).size());
        for (uint32_t level = 0; level < levels; level++) {
            Location location = m_places->location(frame.offset, level);
            if (location.line != 0 && m_hasSource(location.file)) return location;
        }
    }
    return record.backtrace.empty() ? Location{} : m_places->location(record.backtrace[0].offset);
}

CallRow CallList::row(const SyscallRecord& record) {
    const wasi::ShownCall shown = wasi::show(record);
    const wasi::HostFunction& function = wasi::allHostFunctions()[record.function];
    CallRow row;
    row.sequence = record.sequence;
    row.name = shown.name;
    if (record.outcome == wasi::Outcome::Dropped) return row;
    row.family = wasi::toText(function.family);
    row.arguments = wasi::argumentText(shown);
    row.result = wasi::resultText(record, shown);
    row.errnoName = shown.errnoName;
    row.pending = record.outcome == wasi::Outcome::Pending;
    row.failed = record.outcome == wasi::Outcome::Trapped ||
                 (record.outcome == wasi::Outcome::Returned && function.returnsErrno && record.errno_ != 0);
    row.denied = record.origin == wasi::Origin::Policy ||
                 (row.failed && (row.errnoName == "ENOTCAPABLE" || record.detail.starts_with("denied: ")));
    row.origin = wasi::toText(record.origin);
    row.tick = record.tick;
    row.startNs = record.startNs;
    row.durationNs = record.durationNs;
    row.caller = caller(record);
    row.bytes = wasi::bytesMoved(record);
    (void)wasi::anyDescriptor(wasi::RecordedCall(record, m_names), [&](uint32_t number) {
        if (std::find(row.descriptors.begin(), row.descriptors.end(), number) == row.descriptors.end())
            row.descriptors.push_back(number);
        return false;
    });
    return row;
}

void CallList::searchUpTo(uint64_t end) {
    wasi::LogCursor cursor(m_debuggee->host().log());
    wasi::LoggedCall call(cursor, m_names);
    m_searched = std::max(m_searched, cursor.firstKept());
    end = std::min(end, cursor.end());
    for (; m_searched < end; m_searched++) {
        if (!call.moveTo(m_searched)) return;
        if (m_search.matches(call)) m_matching.push_back(m_searched);
    }
}

bool CallList::search(std::chrono::milliseconds budget) {
    m_searching = false;
    if (!m_debuggee || !m_debuggee->started() || m_isHeld) return true;
    const auto end = std::chrono::steady_clock::now() + budget;
    const uint64_t total = m_debuggee->host().log().count();
    while (m_searched < total) {
        const uint64_t before = m_searched;
        searchUpTo(std::min(total, m_searched + kChunk));
        if (m_searched == before) return true;  // the last is not over, and its text will change
        if (std::chrono::steady_clock::now() >= end && m_searched < total) {
            m_searching = true;
            return false;
        }
    }
    return true;
}

void CallList::holdSearch(bool isHeld) {
    m_isHeld = isHeld;
    m_searching = !isHeld && m_debuggee && m_debuggee->started() && !m_filterText.empty();
}

Result<CallSlice> CallList::slice(const GetCalls& request) {
    CallSlice slice;
    slice.first = request.first;
    if (!m_debuggee || !m_debuggee->started()) {
        if (!request.filter.empty()) TRY(wasi::CallFilter::parse(request.filter));
        return slice;
    }
    wasi::SyscallLog& log = m_debuggee->host().log();
    slice.total = log.count();
    const uint64_t count = std::min(request.count, kMaxRows);
    if (request.filter.empty()) {
        slice.matching = slice.searched = slice.total;
        for (const SyscallRecord& record : log.slice(request.first, count))
            slice.rows.push_back(row(record));
        return slice;
    }
    if (request.filter != m_filterText) {
        m_filter = TRY(wasi::CallFilter::parse(request.filter));
        m_filterText = request.filter;
        newRun();
    }
    search(kFirstBudget);
    std::vector<uint64_t> matching;
    for (uint64_t i = request.first; i < m_matching.size() && matching.size() < count; i++)
        matching.push_back(m_matching[i]);
    slice.matching = m_matching.size();
    slice.searched = m_searched;
    slice.isSearching = m_searching;
    // A call that is still being made stands behind the others, if it matches by what is known of it.
    if (!m_searching && !m_isHeld && m_searched < slice.total) {
        for (const SyscallRecord& record : log.slice(m_searched, 1)) {
            if (!m_search.wouldMatch(wasi::RecordedCall(record, m_names))) continue;
            if (slice.matching >= request.first && matching.size() < count)
                matching.push_back(record.sequence);
            slice.matching++;
        }
    }
    for (uint64_t sequence : matching) {
        for (const SyscallRecord& record : log.slice(sequence, 1))
            slice.rows.push_back(row(record));
    }
    return slice;
}

Result<std::string> CallList::follow(uint64_t sequence, uint32_t descriptor) {
    if (!m_debuggee || !m_debuggee->started() || sequence >= m_debuggee->host().log().count())
        return Error{ErrorCode::NotFound, "there is no call " + std::to_string(sequence)};
    return "fd = " + wasi::toText(wasi::descriptorIn(m_debuggee->host().log(), sequence, descriptor));
}

Result<CallDetail> CallList::detail(uint64_t sequence) {
    std::vector<SyscallRecord> records;
    if (m_debuggee && m_debuggee->started()) records = m_debuggee->host().log().slice(sequence, 1);
    if (records.empty()) return Error{ErrorCode::NotFound, "there is no call " + std::to_string(sequence)};
    if (records[0].outcome == wasi::Outcome::Dropped)
        return Error{ErrorCode::NotFound,
                     "call " + std::to_string(sequence) +
                         " is no longer kept: the log holds the newest calls, --max-log says how many "
                         "bytes of them"};
    const SyscallRecord& record = records[0];
    const wasi::ShownCall shown = wasi::show(record, wasi::kMaxPayloadBytes);
    CallDetail detail;
    detail.row = row(record);
    detail.summary = wasi::allHostFunctions()[record.function].summary;
    detail.detail = record.detail;
    for (const wasi::ShownValue& value : shown.arguments)
        detail.arguments.push_back(toCallValue(value));
    for (const wasi::ShownValue& value : shown.results)
        detail.results.push_back(toCallValue(value));
    for (const wasi::MemoryAccess& access : record.accesses) {
        detail.accesses.push_back(
            {access.address, access.isWrite, access.length, {access.bytes.begin(), access.bytes.end()}});
    }
    for (const engine::CodeLocation& frame : record.backtrace) {
        const auto levels = static_cast<uint32_t>(m_places->chain(frame.offset).size());
        for (uint32_t level = 0; level < levels; level++)
            detail.backtrace.push_back(m_places->location(frame.offset, level));
    }
    return detail;
}

}  // namespace debugger
