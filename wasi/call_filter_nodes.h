// What a CallFilter consists of, made by call_filter.cpp and judged by call_filter_match.cpp.
#pragma once

#include <optional>

#include "wasi/call_filter.h"

namespace wasi {

enum class Subject : uint8_t {
    Function,
    Family,
    Fd,
    Descriptor,
    Path,
    Data,
    Length,
    Caller,
    Errno,
    Bytes,
    Touched,
    Written,
    Duration,
    Start,
    Sequence,
    Origin,
    Outcome,
    Parameter
};
enum class Relation : uint8_t { Is, IsNot, Less, AtMost, More, AtLeast, Like, Unlike, Contains };

inline constexpr std::string_view kOriginNames[] = {"host", "mock", "policy", "replay"};
inline constexpr std::string_view kOutcomeNames[] = {"pending", "returned",    "trapped",
                                                     "exited",  "interrupted", "dropped"};

/// How a parameter of one function is compared.
struct ParameterTest {
    const HostParameter* parameter = nullptr;  // null: this function has none of that name
    const HostField* field = nullptr;          // null: it is text
    bool isResult = false;
    uint64_t value = 0;  // what it is compared with, if by number
};

struct CallFilter::Node {
    enum class Kind : uint8_t { And, Or, Not, Line, Compare } kind = Kind::Line;
    std::vector<std::shared_ptr<const Node>> children;
    // Line and Compare:
    std::string text, lowered;
    bool isAboutRights = false;  // Line
    bool isAboutOrigin = false;  // Line: it names one of those by which a line is marked
    std::string
        ofData;  // Line: part of `lowered` that only a path or payload brings into a line; may be empty
    // Compare:
    Subject subject = Subject::Function;
    Relation relation = Relation::Is;
    uint64_t number = 0;               // Descriptor: index of it among those followed
    uint64_t last = 0;                 // Touched, Written: of addresses from `number` on
    std::vector<ParameterTest> tests;  // Parameter: by function
    // Line, Function and Family, by function: its name alone matches; the negation is not in it.
    std::vector<uint8_t> byFunction;
    uint8_t cost = 0;  // of judging it, against that of others
};

/// Which of the followed descriptors the call is about.
using Concerned = std::vector<uint8_t>;

constexpr char lowerLetter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string lowerCase(std::string_view text);
/// Does the text contain, in small letters, what is in small letters already?
bool containsLowered(std::string_view text, std::string_view lowered);
/// As the node compares texts, without the negation: that is of the whole condition, where a call has several such values.
bool matchesText(const CallFilter::Node& node, std::string_view text);
/// Is a line marked with that origin one that contains the word?
inline bool isOriginOf(const CallFilter::Node& node, std::string_view origin) {
    return origin.find(node.lowered) != std::string_view::npos;
}
bool matchesNode(const CallFilter::Node& node, const FilteredCall& call, const Concerned& concerned);

}  // namespace wasi
