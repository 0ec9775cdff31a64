// CallFilter: the language in which calls are chosen: by `wscope trace --filter`, `calls`, the System calls panel and the rules of
// mocks. A value; reading one never fails on what a guest made up, and takes time linear in what it looks at.
//
//   fd_write                             a word: the call's line contains it, whatever the case
//   path ~ "*.cfg" and errno = noent     a field, compared: = != < <= > >=, ~ and !~ (with * and ?), contains
//   fd = 5                               any descriptor with that number; fd = stdout: with that name
//   fd = 5@1234                          the one that call 1234 made as number 5, until it is closed, whatever its number; 3@start
//   not (bytes > 64K or duration > 1ms)  and, or, not (also &&, ||, !), parentheses; two conditions side by side are `and`
//
// Fields are those of fields() and every argument and result by the name that the standard gives it ("oflags", "nread", "stat.size").
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "wasi/filtered_call.h"
#include "wasi/followed_descriptor.h"

namespace wasi {

/// For completion and help.
struct FilterField {
    std::string_view name, help;
    bool isKnownBefore = false;  // the call is made
};

class CallFilter {
public:
    /// When it is to be judged: of what is known only afterwards, a filter for calls that are about to be made may not speak.
    enum class Moment : uint8_t { Before, After };
    static constexpr size_t kMaxText = 4096;

    CallFilter();  // matches all
    /// BadArgument: "column 9: …".
    static engine::Result<CallFilter> parse(std::string_view text, Moment moment = Moment::After);
    static std::span<const FilterField> fields();

    /// What speaks of one descriptor's life (fd = 5@1234) holds of no call here: see CallSearch.
    bool matches(const FilteredCall& call) const;
    bool isEmpty() const { return m_root == nullptr; }

    struct Node;

private:
    friend class CallSearch;
    std::shared_ptr<const Node> m_root;
    std::vector<DescriptorName> m_followed;
};

/// Chooses among the calls of a log, in their order: whom `fd = 5@1234` means depends on those before.
class CallSearch {
public:
    explicit CallSearch(CallFilter filter = {});
    /// To be asked of each call that is over, once.
    bool matches(const FilteredCall& call);
    /// Would it match now? Of a call that is not over.
    bool wouldMatch(const FilteredCall& call) const { return CallSearch(*this).matches(call); }

private:
    CallFilter m_filter;
    std::vector<FollowedDescriptor> m_followed;
    std::vector<uint8_t> m_concerned;  // which of them the call is about
};

std::string_view toText(Origin origin);
std::string_view toText(Outcome outcome);

}  // namespace wasi
