#include "wasi/call_filter.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "engine/base/edit_distance.h"
#include "wasi/call_filter_nodes.h"
#include "wasi/filter_lexer.h"
#include "wasi/glob.h"

namespace wasi {

using engine::Error, engine::Result;

namespace {

using Node = CallFilter::Node;
using NodePtr = std::shared_ptr<const Node>;
using Kind = FilterToken::Kind;

enum class Unit : uint8_t { Text, Plain, Bytes, Time, Addresses };

struct FieldRow {
    FilterField shown;
    Subject subject;
    Unit unit;
};
constexpr FieldRow kFields[] = {
    {{"function", "name of the call: fd_write", true}, Subject::Function, Unit::Text},
    {{"family", "files, clocks, random, network, process or poll", true}, Subject::Family, Unit::Text},
    {{"fd", "any descriptor that is passed or returned; 5@1234: the one that call 1234 made", true},
     Subject::Fd,
     Unit::Plain},
    {{"path", "any path that is passed, or the name of the descriptor", true}, Subject::Path, Unit::Text},
    {{"caller", "any function on the stack of the call", true}, Subject::Caller, Unit::Text},
    {{"data", "the bytes that are read or written", true}, Subject::Data, Unit::Text},
    {{"length", "size of the buffers that are passed", true}, Subject::Length, Unit::Bytes},
    {{"errno", "how it ended: noent, ENOENT, success", false}, Subject::Errno, Unit::Plain},
    {{"bytes", "bytes of memory that the call read or wrote", false}, Subject::Bytes, Unit::Bytes},
    {{"touched", "memory that it read or wrote: 0x1040, or from 0x1040..0x107f", false},
     Subject::Touched,
     Unit::Addresses},
    {{"written", "memory that it wrote: 0x1040, or from 0x1040..0x107f", false},
     Subject::Written,
     Unit::Addresses},
    {{"duration", "how long it took: 5us, 1.5ms, 2s", false}, Subject::Duration, Unit::Time},
    {{"start", "when it began, since the program started", false}, Subject::Start, Unit::Time},
    {{"sequence", "number of the call, from 0", false}, Subject::Sequence, Unit::Plain},
    {{"origin", "who answered: host, mock, policy or replay", false}, Subject::Origin, Unit::Text},
    {{"outcome", "returned, trapped, exited, pending", false}, Subject::Outcome, Unit::Text},
};

const FieldRow* findField(std::string_view name) {
    if (name == "name" || name == "call") name = "function";
    if (name == "seq") name = "sequence";
    const auto row = std::find_if(std::begin(kFields), std::end(kFields),
                                  [&](const FieldRow& f) { return f.shown.name == name; });
    return row == std::end(kFields) ? nullptr : row;
}

/// "1.5ms", "64K", "12" in nanoseconds, bytes, or as it is.
std::optional<uint64_t> parseAmount(std::string_view text, Unit unit) {
    struct Suffix {
        std::string_view text;
        Unit unit;
        double factor;
    };
    static constexpr Suffix kSuffixes[] = {{"ns", Unit::Time, 1},
                                           {"us", Unit::Time, 1e3},
                                           {"µs", Unit::Time, 1e3},
                                           {"ms", Unit::Time, 1e6},
                                           {"s", Unit::Time, 1e9},
                                           {"KiB", Unit::Bytes, 1024},
                                           {"MiB", Unit::Bytes, 1024 * 1024},
                                           {"GiB", Unit::Bytes, 1024 * 1024 * 1024},
                                           {"K", Unit::Bytes, 1024},
                                           {"M", Unit::Bytes, 1024 * 1024},
                                           {"G", Unit::Bytes, 1024 * 1024 * 1024}};
    if (const auto whole = parseValue({{}, HostField::Kind::Number, 0, 8, {}}, text)) return whole;
    for (const Suffix& suffix : kSuffixes) {
        if (suffix.unit != unit || !text.ends_with(suffix.text)) continue;
        const std::string_view digits = text.substr(0, text.size() - suffix.text.size());
        double value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) continue;
        value *= suffix.factor;
        if (!(value >= 0) || value > 9e18) return std::nullopt;
        return static_cast<uint64_t>(std::llround(value));
    }
    return std::nullopt;
}

/// Calls `visit` with each parameter and result of a function and its fields' full names.
template <class Visit>
void eachParameter(const HostFunction& function, const Visit& visit) {
    for (const bool isResult : {false, true}) {
        for (const HostParameter& p : isResult ? function.results : function.parameters) {
            if (p.fields.empty()) visit(std::string(p.name), p, nullptr, isResult);
            for (const HostField& field : p.fields)
                visit(std::string(p.name) + (field.path.empty() ? "" : "." + field.path), p, &field,
                      isResult);
        }
    }
}

/// The one that was meant by a mistyped word; empty if none is near.
template <class Names>
std::string nearestOf(const Names& names, std::string_view wanted) {
    std::string nearest;
    size_t least = std::max<size_t>(wanted.size() / 3, 1) + 1;
    for (const auto& name : names) {
        if (name.size() > wanted.size() + 3 || wanted.size() > name.size() + 3) continue;
        const size_t distance = engine::editDistance(wanted, name);
        if (distance < least) least = distance, nearest = name;
    }
    return nearest;
}

std::string nearestName(std::string_view wanted, CallFilter::Moment moment) {
    std::vector<std::string> names;
    for (const FieldRow& row : kFields)
        if (row.shown.isKnownBefore || moment == CallFilter::Moment::After)
            names.emplace_back(row.shown.name);
    for (const HostFunction& function : allHostFunctions())
        eachParameter(function,
                      [&](const std::string& name, const HostParameter&, const HostField*, bool isResult) {
                          if (!isResult || moment == CallFilter::Moment::After) names.push_back(name);
                      });
    return nearestOf(names, wanted);
}

/// All that a field can be, if that is not just any text.
std::vector<std::string_view> valuesOf(Subject subject) {
    std::vector<std::string_view> values;
    if (subject == Subject::Function)
        for (const HostFunction& function : allHostFunctions())
            values.push_back(function.name);
    if (subject == Subject::Family)
        for (auto family = Family::Files; !toText(family).empty();
             family = static_cast<Family>(static_cast<int>(family) + 1))
            values.push_back(toText(family));
    if (subject == Subject::Origin) values.assign(std::begin(kOriginNames), std::end(kOriginNames));
    if (subject == Subject::Outcome) values.assign(std::begin(kOutcomeNames), std::end(kOutcomeNames));
    return values;
}

std::string valuesText(const HostField& field) {
    if (field.names.empty()) return "a number";
    std::string text = field.kind == HostField::Kind::Flags ? "some of " : "one of ";
    constexpr size_t kMost = 8;
    for (size_t i = 0; i < std::min(field.names.size(), kMost); i++)
        text += (i ? ", " : "") + std::string(field.names[i]);
    return text + (field.names.size() > kMost ? ", …" : "");
}

constexpr uint8_t kLineCost = 9;

uint8_t costOf(Subject subject) {
    switch (subject) {
    case Subject::Fd: return 1;
    case Subject::Bytes:
    case Subject::Touched:
    case Subject::Written:
    case Subject::Length:
    case Subject::Parameter: return 2;
    case Subject::Path: return 3;
    case Subject::Data: return 4;
    case Subject::Caller: return 5;
    default: return 0;
    }
}

/// Of "the file app.cfg": ".cfg". Dots and slashes are in no name and no number of ours, so they and what follows them come from a path or
/// a payload, where they stand as they are; what is before them may be the end of an escape.
std::string ofData(std::string_view lowered) {
    const size_t begin = lowered.find_first_of("./");
    if (begin == std::string_view::npos) return {};
    const auto isPlain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '/' || c == '_' ||
               c == '-';
    };
    size_t end = begin;
    while (end < lowered.size() && isPlain(lowered[end]))
        end++;
    return std::string(lowered.substr(begin, end - begin));
}

class Parser {
public:
    Parser(std::vector<FilterToken> tokens, CallFilter::Moment moment)
        : m_tokens(std::move(tokens)), m_moment(moment) {}

    std::vector<DescriptorName> takeFollowed() { return std::move(m_followed); }
    Result<NodePtr> all() {
        if (peek().kind == Kind::End) return NodePtr();
        NodePtr node = TRY(either());
        if (peek().kind == Kind::Close) return filterError(peek().column, "this ) closes nothing");
        if (peek().kind != Kind::End) return unexpected();
        return node;
    }

private:
    static constexpr int kMaxDepth = 64;

    const FilterToken& peek(size_t ahead = 0) const {
        return m_tokens[std::min(m_at + ahead, m_tokens.size() - 1)];
    }
    bool take(std::string_view word, std::string_view sign) {
        if (!peek().isWord(word) && !peek().isOperator(sign)) return false;
        m_at++;
        return true;
    }
    Error unexpected() const {
        if (peek().kind == Kind::End) return filterError(peek().column, "something is missing at the end");
        return filterError(peek().column, "\"" + peek().text + "\" is not expected here");
    }
    /// What is judged soon comes first: often it decides.
    static NodePtr join(Node::Kind kind, std::vector<NodePtr> children) {
        if (children.size() == 1 && kind != Node::Kind::Not) return children[0];
        Node node;
        node.kind = kind;
        std::stable_sort(children.begin(), children.end(),
                         [](const NodePtr& a, const NodePtr& b) { return a->cost < b->cost; });
        node.cost = children.back()->cost;
        node.children = std::move(children);
        return std::make_shared<const Node>(std::move(node));
    }

    Result<NodePtr> either() {
        std::vector<NodePtr> parts { TRY(both()) };
        while (take("or", "||"))
            parts.push_back(TRY(both()));
        return join(Node::Kind::Or, std::move(parts));
    }
    Result<NodePtr> both() {
        std::vector<NodePtr> parts { TRY(negated()) };
        while (take("and", "&&") || beginsCondition())
            parts.push_back(TRY(negated()));
        return join(Node::Kind::And, std::move(parts));
    }
    bool beginsCondition() const {
        return peek().kind == Kind::Open || peek().kind == Kind::Quoted || peek().isOperator("!") ||
               (peek().kind == Kind::Word && !peek().isWord("or"));
    }
    Result<NodePtr> negated() {
        if (m_depth >= kMaxDepth) return filterError(peek().column, "nested too deeply (64 levels)");
        m_depth++;
        auto node = negatedBelow();
        m_depth--;
        return node;
    }
    Result<NodePtr> negatedBelow() {
        if (take("not", "!")) return join(Node::Kind::Not, { TRY(negated()) });
        if (peek().kind == Kind::Open) {
            const size_t opened = m_tokens[m_at++].column;
            NodePtr inner = TRY(either());
            if (peek().kind != Kind::Close) return filterError(opened, "this ( is not closed");
            m_at++;
            return inner;
        }
        const bool isField = peek().kind == Kind::Word && isRelation(peek(1));
        return isField ? compare() : line();
    }
    static bool isRelation(const FilterToken& token) {
        return token.isWord("contains") || (token.kind == Kind::Operator && relationOf(token.text));
    }
    static std::optional<Relation> relationOf(std::string_view sign) {
        static constexpr std::pair<std::string_view, Relation> kSigns[] = {
            {"=", Relation::Is},       {"==", Relation::Is},
            {"!=", Relation::IsNot},   {"<", Relation::Less},
            {">", Relation::More},     {"<=", Relation::AtMost},
            {"~", Relation::Like},     {"!~", Relation::Unlike},
            {">=", Relation::AtLeast}, {"contains", Relation::Contains}};
        for (const auto& [text, relation] : kSigns)
            if (text == sign) return relation;
        return std::nullopt;
    }

    Result<NodePtr> line() {
        const FilterToken& token = peek();
        if (token.kind != Kind::Quoted && (token.kind != Kind::Word || token.text == "and" ||
                                           token.text == "or" || token.text == "contains"))
            return unexpected();
        if (m_moment == CallFilter::Moment::Before)
            return filterError(token.column, "\"" + token.text +
                                                 "\" would be looked for in a call that is yet to be made; "
                                                 "write FIELD = VALUE, such as path ~ \"*.cfg\"");
        Node node;
        node.text = token.text;
        node.lowered = lowerCase(token.text);
        node.isAboutRights = node.lowered.find("rights") != std::string::npos;
        node.isAboutOrigin = std::any_of(std::begin(kOriginNames) + 1, std::end(kOriginNames),
                                         [&](std::string_view name) { return isOriginOf(node, name); });
        node.ofData = ofData(node.lowered);
        node.cost = kLineCost;
        for (const HostFunction& function : allHostFunctions())
            node.byFunction.push_back(function.name.find(node.lowered) != std::string_view::npos);
        m_at++;
        return std::make_shared<const Node>(std::move(node));
    }

    Result<NodePtr> compare() {
        const FilterToken& name = m_tokens[m_at++];
        const FilterToken& sign = m_tokens[m_at++];
        const FilterToken& value = peek();
        if (value.kind != Kind::Word && value.kind != Kind::Quoted)
            return filterError(value.column, "a value is missing behind " + sign.text);
        m_at++;
        Node node;
        node.kind = Node::Kind::Compare;
        node.relation = *relationOf(sign.text);
        node.text = value.text;
        node.lowered = lowerCase(value.text);
        if (const FieldRow* field = findField(name.text)) {
            TRY(builtIn(node, *field, name, sign, value));
            node.cost = costOf(node.subject);
        } else {
            if (++m_arguments > kMaxArguments)
                return filterError(name.column, "a filter compares at most 64 arguments");
            TRY(parameter(node, name, sign, value));
            node.cost = costOf(Subject::Parameter);
        }
        return std::make_shared<const Node>(std::move(node));
    }

    static bool isOrder(Relation relation) {
        return relation >= Relation::Less && relation <= Relation::AtLeast;
    }
    static bool isOfText(Relation relation) { return relation >= Relation::Like; }

    Result<> builtIn(Node& node, const FieldRow& field, const FilterToken& name, const FilterToken& sign,
                     const FilterToken& value) {
        node.subject = field.subject;
        if (m_moment == CallFilter::Moment::Before && !field.shown.isKnownBefore)
            return filterError(name.column, name.text + " is not known before the call is made");
        if (field.unit == Unit::Text) {
            if (isOrder(node.relation))
                return filterError(sign.column, name.text + " is text: compare it with = != ~ or contains");
            if (field.subject == Subject::Function || field.subject == Subject::Family)
                for (const HostFunction& f : allHostFunctions())
                    node.byFunction.push_back(
                        matchesText(node, field.subject == Subject::Function ? f.name : toText(f.family)));
            return oneOf(node, valuesOf(field.subject), name, value);
        }
        if (field.unit == Unit::Addresses) return addresses(node, name, sign, value);
        if (isOfText(node.relation) && field.subject != Subject::Errno && field.subject != Subject::Fd)
            return filterError(sign.column, name.text + " is a number: compare it with = != < <= > >=");
        if (isOfText(node.relation)) return {};
        std::optional<uint64_t> number = parseAmount(value.text, field.unit);
        if (field.subject == Subject::Errno)
            if (const auto error = parseErrno(value.text)) number = error;
        if (field.subject == Subject::Fd && value.kind == Kind::Word) {
            if (const auto descriptor = parseDescriptorName(value.text))
                return follow(node, *descriptor, name, sign);
            if (value.text.find_first_not_of("0123456789") == value.text.find('@') &&
                value.text.find('@') != std::string::npos)
                return filterError(value.column,
                                   "\"" + value.text +
                                       "\" is no descriptor; write 5@1234, the one that call 1234 "
                                       "made as number 5, or 5@start");
        }
        if (!number && field.subject == Subject::Fd && !isOrder(node.relation)) {
            node.subject = Subject::Path;  // fd = stdout
            return {};
        }
        if (!number) return filterError(value.column, "\"" + value.text + "\" is no " + wanted(field));
        node.number = *number;
        return {};
    }
    static Result<> addresses(Node& node, const FilterToken& name, const FilterToken& sign,
                              const FilterToken& value) {
        if (node.relation != Relation::Is && node.relation != Relation::IsNot)
            return filterError(sign.column, name.text + " is compared with = or !=");
        const size_t dots = value.text.find("..");
        const std::string_view text = value.text;
        const auto first = parseAmount(text.substr(0, dots), Unit::Plain),
                   last = dots == std::string::npos ? first : parseAmount(text.substr(dots + 2), Unit::Plain);
        if (!first || !last || *last < *first)
            return filterError(value.column, "\"" + value.text +
                                                 "\" is no place in memory; write 0x1040, or 0x1040..0x107f");
        node.number = *first;
        node.last = *last;
        return {};
    }
    Result<> follow(Node& node, const DescriptorName& descriptor, const FilterToken& name,
                    const FilterToken& sign) {
        if (m_moment == CallFilter::Moment::Before)
            return filterError(name.column,
                               "which call made a descriptor is not known before a call is made");
        if (isOrder(node.relation))
            return filterError(sign.column, "one descriptor is compared with = or !=");
        if (++m_arguments > kMaxArguments)
            return filterError(name.column, "a filter compares at most 64 arguments");
        node.subject = Subject::Descriptor;
        node.number = m_followed.size();
        m_followed.push_back(descriptor);
        return {};
    }
    /// Of a field that has but a few values, one at least has to be meant.
    static Result<> oneOf(const Node& node, const std::vector<std::string_view>& values,
                          const FilterToken& name, const FilterToken& value) {
        const bool isMeant = std::any_of(values.begin(), values.end(),
                                         [&](std::string_view text) { return matchesText(node, text); });
        if (values.empty() || isMeant) return {};
        std::string all;
        for (const std::string_view text : values)
            all += (all.empty() ? "" : ", ") + std::string(text);
        const std::string nearest = nearestOf(values, value.text);
        return filterError(value.column, "\"" + value.text + "\" is no " + name.text +
                                             (!nearest.empty()     ? "; did you mean " + nearest + "?"
                                              : values.size() < 10 ? "; there are " + all
                                                                   : ""));
    }
    static std::string wanted(const FieldRow& field) {
        if (field.subject == Subject::Errno) return "errno; write noent, ENOENT or 44";
        if (field.unit == Unit::Bytes) return "size; write 4096, 64K or 1M";
        return field.unit == Unit::Time ? "time; write 500ns, 5us, 1.5ms or 2s" : "number";
    }

    /// Finds the parameter in every function that has it; each may understand the value in its own way.
    Result<> parameter(Node& node, const FilterToken& name, const FilterToken& sign,
                       const FilterToken& value) const {
        node.subject = Subject::Parameter;
        node.tests.resize(allHostFunctions().size());
        const HostField* refused = nullptr;
        bool isFound = false, isUsable = false, isOnlyResult = false, isText = false;
        for (size_t f = 0; f < node.tests.size(); f++) {
            eachParameter(allHostFunctions()[f], [&](const std::string& full, const HostParameter& p,
                                                     const HostField* field, bool isResult) {
                if (full != name.text) return;
                if (isResult && m_moment == CallFilter::Moment::Before) {
                    isOnlyResult = true;
                    return;
                }
                isFound = true;
                isText = isText || !field;
                ParameterTest test{&p, field, isResult, 0};
                const bool byNumber =
                    field && (!isOfText(node.relation) ||
                              (node.relation == Relation::Contains && field->kind == HostField::Kind::Flags));
                if (byNumber) {
                    auto number = parseValue(*field, value.text);
                    if (!number && field->kind == HostField::Kind::Number)
                        number = parseAmount(value.text, Unit::Bytes);
                    if (!number) {
                        refused = field;
                        return;
                    }
                    test.value = *number;
                } else if (!field && isOrder(node.relation)) {
                    return;
                }
                isUsable = true;
                node.tests[f] = test;
            });
        }
        if (isUsable) return {};
        if (refused)
            return filterError(value.column, "\"" + value.text + "\" is no value of " + name.text +
                                                 ", which is " + valuesText(*refused));
        if (isFound && isText)
            return filterError(sign.column, name.text + " is text: compare it with = != ~ or contains");
        if (isOnlyResult)
            return filterError(name.column, name.text + " is not known before the call is made");
        const std::string nearest = nearestName(name.text, m_moment);
        return filterError(name.column, "there is no field or argument \"" + name.text + "\"" +
                                            (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
    }

    std::vector<FilterToken> m_tokens;
    CallFilter::Moment m_moment;
    size_t m_at = 0;
    static constexpr int kMaxArguments = 64;  // each is looked up in every function
    int m_depth = 0, m_arguments = 0;
    std::vector<DescriptorName> m_followed;
};

}  // namespace

std::string lowerCase(std::string_view text) {
    std::string lowered(text);
    std::transform(lowered.begin(), lowered.end(), lowered.begin(), lowerLetter);
    return lowered;
}

CallFilter::CallFilter() = default;

Result<CallFilter> CallFilter::parse(std::string_view text, Moment moment) {
    if (text.size() > kMaxText) return filterError(kMaxText, "the filter is too long (4096 bytes at most)");
    CallFilter filter;
    Parser parser(TRY(filterTokens(text)), moment);
    filter.m_root = TRY(parser.all());
    filter.m_followed = parser.takeFollowed();
    return filter;
}

std::span<const FilterField> CallFilter::fields() {
    static const auto kShown = [] {
        std::array<FilterField, std::size(kFields)> shown;
        std::transform(std::begin(kFields), std::end(kFields), shown.begin(),
                       [](const FieldRow& row) { return row.shown; });
        return shown;
    }();
    return kShown;
}

bool CallFilter::matches(const FilteredCall& call) const {
    return !m_root || matchesNode(*m_root, call, Concerned(m_followed.size()));
}

CallSearch::CallSearch(CallFilter filter) : m_filter(std::move(filter)) {
    for (const DescriptorName& name : m_filter.m_followed)
        m_followed.emplace_back(name);
    m_concerned.resize(m_followed.size());
}

bool CallSearch::matches(const FilteredCall& call) {
    for (size_t i = 0; i < m_followed.size(); i++)
        m_concerned[i] = m_followed[i].concerns(call);
    return !m_filter.m_root || matchesNode(*m_filter.m_root, call, m_concerned);
}

}  // namespace wasi
