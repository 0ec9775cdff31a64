// Judging a call by a CallFilter.

#include <string.h>

#include <algorithm>
#include <array>

#include "wasi/abi.h"
#include "wasi/call_filter_nodes.h"
#include "wasi/glob.h"

namespace wasi {

namespace {

using Node = CallFilter::Node;

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

bool matchesParameter(const Node& node, const FilteredCall& call) {
    const ParameterTest& test = node.tests[call.function()];
    if (!test.parameter) return false;
    if (!test.field) {
        std::string room;
        return matchesText(node, passedText(call, *test.parameter, room)) != isNegative(node.relation);
    }
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
    return anyDescriptor(call, test);
}

bool anySubject(const Node& node, std::string_view names) {
    while (!names.empty()) {
        const std::string_view name = names.substr(0, names.find('\0'));
        if (!name.empty() && matchesText(node, name)) return true;
        names.remove_prefix(std::min(names.size(), name.size() + 1));
    }
    return false;
}

bool anyText(const Node& node, const FilteredCall& call, bool isPath) {
    if (isPath && anySubject(node, call.subject())) return true;
    std::string room;
    for (const HostParameter& p : allHostFunctions()[call.function()].parameters) {
        using enum HostParameter::Shape;
        const bool isWanted =
            isPath ? p.shape == Text : p.shape == Source || p.shape == Target || p.shape == Bytes;
        if (isWanted && matchesText(node, passedText(call, p, room))) return true;
    }
    return false;
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

bool compare(const Node& node, const FilteredCall& call, const Concerned& concerned) {
    const bool negative = isNegative(node.relation);
    const auto number = [&](uint64_t value) {
        return compareNumbers(node.relation, value, node.number, false);
    };
    switch (node.subject) {
    case Subject::Function:
    case Subject::Family: return node.byFunction[call.function()] != negative;
    case Subject::Descriptor: return concerned[node.number] != negative;
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
    case Subject::Bytes: return number(call.bytesMoved());
    case Subject::Touched: return call.touches(node.number, node.last, false) != negative;
    case Subject::Written: return call.touches(node.number, node.last, true) != negative;
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

// A piece after the other, so that it takes no memory.
bool containsLowered(std::string_view text, std::string_view lowered) {
    if (lowered.empty()) return true;
    std::array<char, 4 * CallFilter::kMaxText> piece;
    CHECK(lowered.size() <= piece.size() / 2);
    while (text.size() >= lowered.size()) {
        const size_t length = std::min(text.size(), piece.size());
        std::transform(text.begin(), text.begin() + static_cast<ptrdiff_t>(length), piece.begin(),
                       lowerLetter);
        if (memmem(piece.data(), length, lowered.data(), lowered.size())) return true;
        if (length == text.size()) break;
        text.remove_prefix(length - lowered.size() + 1);
    }
    return false;
}

bool matchesText(const Node& node, std::string_view text) {
    switch (node.relation) {
    case Relation::Is:
    case Relation::IsNot: return text == node.text;
    case Relation::Like:
    case Relation::Unlike: return matchesGlob(node.text, text);
    case Relation::Contains: return containsLowered(text, node.lowered);
    default: return false;
    }
}

bool matchesNode(const Node& node, const FilteredCall& call, const Concerned& concerned) {
    const auto matches = [&](const auto& child) { return matchesNode(*child, call, concerned); };
    switch (node.kind) {
    case Node::Kind::And: return std::all_of(node.children.begin(), node.children.end(), matches);
    case Node::Kind::Or: return std::any_of(node.children.begin(), node.children.end(), matches);
    case Node::Kind::Not: return !matches(node.children[0]);
    case Node::Kind::Line:
        if (node.byFunction[call.function()]) return true;
        if (node.isAboutOrigin && call.record()->origin != Origin::Host &&
            isOriginOf(node, toText(call.record()->origin)))
            return true;
        if (!node.ofData.empty() && !call.holds(node.ofData)) return false;
        return call.line(node.isAboutRights).find(node.lowered) != std::string_view::npos;
    case Node::Kind::Compare: return compare(node, call, concerned);
    }
    return false;
}

std::string_view toText(Origin origin) { return kOriginNames[static_cast<size_t>(origin)]; }

std::string_view toText(Outcome outcome) { return kOutcomeNames[static_cast<size_t>(outcome)]; }

}  // namespace wasi
