#include "wasi/followed_descriptor.h"

#include <algorithm>
#include <charconv>

#include "wasi/abi.h"

namespace wasi {

namespace {

enum class Role : uint8_t { Uses, Opens, Closes, Renumbers, Polls, PollsUnstable };

/// What a function has to do with descriptors, by its row.
struct Dealing {
    Role role = Role::Uses;
    std::vector<const HostParameter*> passed;
    const HostParameter* returned = nullptr;
};

Dealing dealingOf(const HostFunction& function) {
    Dealing made;
    for (const HostParameter& p : function.parameters)
        if (p.type == "fd") made.passed.push_back(&p);
    for (const HostParameter& p : function.results)
        if (p.type == "fd") made.returned = &p;
    if (made.returned) made.role = Role::Opens;
    if (function.name == "fd_close") made.role = Role::Closes;
    if (function.name == "fd_renumber") made.role = Role::Renumbers;
    if (function.name == "poll_oneoff")
        made.role = function.module == "wasi_unstable" ? Role::PollsUnstable : Role::Polls;
    return made;
}

const Dealing& dealing(uint16_t function) {
    static const auto kDealings = [] {
        std::vector<Dealing> all;
        for (const HostFunction& row : allHostFunctions())
            all.push_back(dealingOf(row));
        return all;
    }();
    return kDealings[function];
}

template <class S>
bool anySubscribed(const FilteredCall& call, const std::function<bool(uint32_t)>& visit) {
    constexpr uint32_t kMost = 4096;
    const uint64_t count = std::min(static_cast<uint32_t>(call.arguments()[2]), kMost);
    const auto list = call.bytesAt(static_cast<uint32_t>(call.arguments()[0]), count * Abi<S>::size(), false);
    for (size_t at = 0; at + Abi<S>::size() <= list.size(); at += Abi<S>::size()) {
        S subscription;
        if (!Abi<S>::load(list.data() + at, subscription)) return false;
        const auto& content = subscription.u.content;
        const auto* reading = std::get_if<1>(&content);
        const auto* writing = std::get_if<2>(&content);
        if (reading && visit(static_cast<uint32_t>(reading->file_descriptor))) return true;
        if (writing && visit(static_cast<uint32_t>(writing->file_descriptor))) return true;
    }
    return false;
}

template <class Number>
bool readNumber(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string toText(const DescriptorName& name) {
    return decimal(name.number) + '@' + (name.from ? decimal(*name.from) : "start");
}

std::optional<DescriptorName> parseDescriptorName(std::string_view text) {
    const size_t at = text.find('@');
    if (at == std::string_view::npos) return std::nullopt;
    DescriptorName name;
    uint64_t from = 0;
    if (!readNumber(text.substr(0, at), name.number)) return std::nullopt;
    if (text.substr(at + 1) == "start") return name;
    if (!readNumber(text.substr(at + 1), from)) return std::nullopt;
    name.from = from;
    return name;
}

bool anyDescriptor(const FilteredCall& call, const std::function<bool(uint32_t)>& visit) {
    const Dealing& d = dealing(call.function());
    for (const HostParameter* p : d.passed)
        if (visit(static_cast<uint32_t>(slotValue(call, *p)))) return true;
    if (d.role == Role::Polls) return anySubscribed<Subscription>(call, visit);
    if (d.role == Role::PollsUnstable) return anySubscribed<unstable::Subscription>(call, visit);
    if (!d.returned) return false;
    const auto returned = resultValue(call, *d.returned, d.returned->fields[0]);
    return returned && visit(static_cast<uint32_t>(*returned));
}

DescriptorChange descriptorChange(const FilteredCall& call) {
    const Dealing& d = dealing(call.function());
    const SyscallRecord* record = call.record();
    if (d.role == Role::Uses || d.role >= Role::Polls || !record || record->outcome != Outcome::Returned ||
        record->errno_ != 0)
        return {};
    DescriptorChange change;
    const auto passed = [&](size_t i) { return static_cast<uint32_t>(slotValue(call, *d.passed[i])); };
    if (d.role == Role::Opens) {
        if (const auto opened = resultValue(call, *d.returned, d.returned->fields[0]))
            change.opened = static_cast<uint32_t>(*opened);
    } else if (d.role == Role::Closes) {
        change.closed = passed(0);
    } else if (passed(0) != passed(1)) {
        change = {passed(1), passed(1), passed(0)};
    }
    return change;
}

FollowedDescriptor::FollowedDescriptor(DescriptorName name)
    : m_name(name), m_state(name.from ? State::Before : State::Open), m_number(name.number) {}

bool FollowedDescriptor::concerns(const FilteredCall& call) {
    if (m_state == State::Closed) return false;
    const DescriptorChange change = descriptorChange(call);
    if (m_state == State::Before) {
        const uint64_t sequence = call.record() ? call.record()->sequence : 0;
        if (sequence < *m_name.from) return false;
        m_state = State::Open;
        if (sequence == *m_name.from && change.opened == m_number) return true;
    } else if (change.opened == m_number && !change.closed) {
        m_state = State::Closed;  // by what no call tells
        return false;
    }
    if (!anyDescriptor(call, [this](uint32_t number) { return number == m_number; })) return false;
    if (change.moved == m_number)
        m_number = *change.opened;
    else if (change.closed == m_number)
        m_state = State::Closed;
    return true;
}

DescriptorName descriptorIn(const SyscallLog& log, uint64_t sequence, uint32_t number) {
    LogCursor cursor(log);
    const NamesAt noNames;
    LoggedCall call(cursor, noNames);
    const auto isThere = [&](uint64_t at) { return at < cursor.end() && call.moveTo(at); };
    // What the call returns is looked for from it on, what it is passed from the one before.
    if (isThere(sequence)) {
        const DescriptorChange change = descriptorChange(call);
        if (change.opened == number && !change.moved) return {number, sequence};
    }
    for (uint64_t at = std::min(sequence, cursor.end()); at > cursor.firstKept();) {
        if (!isThere(--at)) continue;
        const DescriptorChange change = descriptorChange(call);
        if (change.opened == number) {
            if (!change.moved) return {number, at};
            number = *change.moved;
        } else if (change.closed == number || change.moved == number) {
            return {number, at + 1};
        }
    }
    if (cursor.firstKept() > 0) return {number, cursor.firstKept()};
    return {number, std::nullopt};
}

}  // namespace wasi
