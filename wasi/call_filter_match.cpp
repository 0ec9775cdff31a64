// Judging a call by a CallFilter.

#include <string.h>

#include <algorithm>

#include "wasi/abi.h"
#include "wasi/call_filter_nodes.h"
#include "wasi/glob.h"

namespace wasi {

namespace {

using Node = CallFilter::Node;
constexpr size_t kMostData = 64 << 10;  // of one call that is looked through

bool compareNumbers(Relation relation, uint64_t a, uint64_t b, bool isSigned) {
    const bool isLess = isSigned ? static_cast<int64_t>(a) < static_cast<int64_t>(b) : a < b;
    switch (relation) {
    case Relation::Is: return a == b;
    case Relation::IsNot: return a != b;
    case Relation::Less: return isLess;
    case Relation::AtMost: return isLess || a == b;
    case Relation::More: return !isLess && a != b;
    case Relation::AtLeast: return !isLess;
    case Relation::Contains: return (a & b) == b;  // flags
    case Relation::Like:
    case Relation::Unlike: break;
    }
    return false;
}

bool isNegative(Relation relation) { return relation == Relation::IsNot || relation == Relation::Unlike; }

uint64_t slotValue(const FilteredCall& call, const HostParameter& p) {
    const uint64_t raw = call.arguments()[p.slot];
    return !p.fields.empty() && p.fields[0].size == 8 ? raw : static_cast<uint32_t>(raw);
}

std::string_view asText(std::span<const uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A number of a result in memory; nothing if the call did not succeed.
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

bool matchesParameter(const Node& node, const FilteredCall& call) {
    const ParameterTest& test = node.tests[call.function()];
    if (!test.parameter) return false;
    if (!test.field) return matchesText(node, passedText(call, *test.parameter)) != isNegative(node.relation);
    const auto value = test.isResult ? resultValue(call, *test.parameter, *test.field)
                                     : std::optional(slotValue(call, *test.parameter));
    if (!value) return false;
    const bool isFlags = test.field->kind == HostField::Kind::Flags;
    if (node.relation >= Relation::Like && !(isFlags && node.relation == Relation::Contains))
        return matchesText(node, valueText(*test.field, *value)) != isNegative(node.relation);
    return compareNumbers(node.relation, *value, test.value, test.field->kind == HostField::Kind::Signed);
}

bool anyFd(const Node& node, const FilteredCall& call) {
    const bool isText = node.relation >= Relation::Like;
    const auto test = [&](uint64_t fd) {
        if (isText) return matchesText(node, decimal(fd));
        return compareNumbers(node.relation == Relation::IsNot ? Relation::Is : node.relation, fd,
                              node.number, false);
    };
    const HostFunction& function = allHostFunctions()[call.function()];
    for (const HostParameter& p : function.parameters)
        if (p.type == "fd" && test(slotValue(call, p))) return true;
    for (const HostParameter& p : function.results) {
        if (p.type != "fd") continue;
        if (const auto fd = resultValue(call, p, p.fields[0]); fd && test(*fd)) return true;
    }
    return false;
}

bool anyText(const Node& node, const FilteredCall& call, bool isPath) {
    if (isPath && !call.subject().empty() && matchesText(node, call.subject())) return true;
    for (const HostParameter& p : allHostFunctions()[call.function()].parameters) {
        using enum HostParameter::Shape;
        const bool isWanted =
            isPath ? p.shape == Text : p.shape == Source || p.shape == Target || p.shape == Bytes;
        if (isWanted && matchesText(node, passedText(call, p))) return true;
    }
    return false;
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

bool lineContains(const Node& node, const SyscallRecord& record) {
    // Before the rest of the line is rendered.
    if (allHostFunctions()[record.function].name.find(node.lowered) != std::string_view::npos) return true;
    const ShownCall shown = show(record);
    std::string line = shown.name + "(" + argumentText(shown) + ") = " + resultText(record, shown);
    if (!node.isAboutRights)
        for (const auto* values : {&shown.arguments, &shown.results})
            for (const ShownValue& value : *values)
                dropRights(value, line, shown.name.size());
    return lowerCase(line).find(node.lowered) != std::string::npos;
}

bool compareErrno(const Node& node, const FilteredCall& call) {
    const SyscallRecord& r = *call.record();
    if (r.outcome != Outcome::Returned || !allHostFunctions()[r.function].returnsErrno) return false;
    if (node.relation >= Relation::Like)
        return (matchesText(node, errnoName(r.errno_)) ||
                (r.errno_ < Abi<Errno>::kNames.size() && matchesText(node, Abi<Errno>::kNames[r.errno_]))) !=
               isNegative(node.relation);
    return compareNumbers(node.relation, r.errno_, node.number, false);
}

bool compare(const Node& node, const FilteredCall& call) {
    const HostFunction& function = allHostFunctions()[call.function()];
    const bool negative = isNegative(node.relation);
    const auto number = [&](uint64_t value) {
        return compareNumbers(node.relation, value, node.number, false);
    };
    switch (node.subject) {
    case Subject::Function: return matchesText(node, function.name) != negative;
    case Subject::Family: return matchesText(node, toText(function.family)) != negative;
    case Subject::Fd: return anyFd(node, call) != negative;
    case Subject::Path: return anyText(node, call, true) != negative;
    case Subject::Data: return anyText(node, call, false) != negative;
    case Subject::Caller:
        return call.anyCaller([&](std::string_view name) { return matchesText(node, name); }) != negative;
    case Subject::Length: {
        const auto length = bufferLength(call);
        return length && number(*length);
    }
    case Subject::Errno: return compareErrno(node, call);
    case Subject::Bytes: return number(bytesMoved(*call.record()));
    case Subject::Duration: return number(static_cast<uint64_t>(call.record()->durationNs));
    case Subject::Start: return number(static_cast<uint64_t>(call.record()->startNs));
    case Subject::Sequence: return number(call.record()->sequence);
    case Subject::Origin: return matchesText(node, toText(call.record()->origin)) != negative;
    case Subject::Outcome: return matchesText(node, toText(call.record()->outcome)) != negative;
    case Subject::Parameter: return matchesParameter(node, call);
    }
    return false;
}

}  // namespace

bool matchesText(const Node& node, std::string_view text) {
    switch (node.relation) {
    case Relation::Is:
    case Relation::IsNot: return text == node.text;
    case Relation::Like:
    case Relation::Unlike: return matchesGlob(node.text, text);
    case Relation::Contains: {
        const std::string lowered = lowerCase(text);
        return memmem(lowered.data(), lowered.size(), node.lowered.data(), node.lowered.size()) != nullptr;
    }
    default: return false;
    }
}

std::string passedText(const FilteredCall& call, const HostParameter& p) {
    const auto address = static_cast<uint32_t>(call.arguments()[p.slot]);
    if (p.shape == HostParameter::Shape::Pointer) return hexAddress(address);
    if (p.shape == HostParameter::Shape::Bytes) {
        const HostFunction& function = allHostFunctions()[call.function()];
        uint64_t length = 1;
        if (&p + 1 < function.parameters.data() + function.parameters.size() && (&p + 1)->type == "size")
            length = static_cast<uint32_t>(call.arguments()[(&p + 1)->slot]);
        return std::string(asText(call.bytesAt(address, std::min<uint64_t>(length, kMostData), true)));
    }
    const auto count = static_cast<uint32_t>(call.arguments()[p.slot + 1]);
    if (p.shape == HostParameter::Shape::Text)
        return std::string(asText(call.bytesAt(address, std::min(count, kMaxStringBytes), false)));
    std::string text;
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
        text += asText(bytes);
    }
    return text;
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

bool matchesNode(const Node& node, const FilteredCall& call) {
    const auto matches = [&](const auto& child) { return matchesNode(*child, call); };
    switch (node.kind) {
    case Node::Kind::And: return std::all_of(node.children.begin(), node.children.end(), matches);
    case Node::Kind::Or: return std::any_of(node.children.begin(), node.children.end(), matches);
    case Node::Kind::Not: return !matches(node.children[0]);
    case Node::Kind::Line: return call.record() && lineContains(node, *call.record());
    case Node::Kind::Compare: return compare(node, call);
    }
    return false;
}

std::span<const uint8_t> RecordedCall::bytesAt(uint32_t address, uint64_t length, bool written) const {
    const ShowContext context{m_record};
    if (const auto found = context.bytesAt(address, 1, written))
        return found->bytes.subspan(0, std::min<uint64_t>(length, found->bytes.size()));
    return {};
}

bool RecordedCall::anyCaller(const std::function<bool(std::string_view)>& test) const {
    bool isFound = false;
    for (const engine::CodeLocation& frame : m_record.backtrace) {
        if (isFound || !m_names) break;
        m_names(frame, [&](std::string_view name) { return isFound = isFound || test(name); });
    }
    return isFound;
}

uint64_t bytesMoved(const SyscallRecord& record) {
    uint64_t bytes = 0;
    for (const MemoryAccess& access : record.accesses)
        bytes += access.length;
    return bytes;
}

std::string_view toText(Origin origin) { return kOriginNames[static_cast<size_t>(origin)]; }

std::string_view toText(Outcome outcome) { return kOutcomeNames[static_cast<size_t>(outcome)]; }

}  // namespace wasi
