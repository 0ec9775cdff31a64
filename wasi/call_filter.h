// CallFilter: the language in which calls are chosen: by `wscope trace --filter`, `calls`, the System calls panel and the rules of
// mocks. A value; reading one never fails on what a guest made up, and takes time linear in what it looks at.
//
//   fd_write                             a word: the call's line contains it, whatever the case
//   path ~ "*.cfg" and errno = noent     a field, compared: = != < <= > >=, ~ and !~ (with * and ?), contains
//   not (bytes > 64K or duration > 1ms)  and, or, not (also &&, ||, !), parentheses; two conditions side by side are `and`
//
// Fields are those of fields() and every argument and result by the name that the standard gives it ("oflags", "nread", "stat.size").
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "wasi/host_function.h"
#include "wasi/syscall_record.h"

namespace wasi {

/// What a filter looks at: a call that is about to be made, or one of the log.
class FilteredCall {
public:
    virtual ~FilteredCall() = default;
    virtual uint16_t function() const = 0;
    virtual std::span<const uint64_t> arguments() const = 0;
    /// At most `length` bytes of linear memory as the call read them, or (`written`) left them; fewer if they are not known.
    virtual std::span<const uint8_t> bytesAt(uint32_t address, uint64_t length, bool written) const = 0;
    /// Name of the descriptor that it is about.
    virtual std::string_view subject() const = 0;
    /// Is it true of the name of a function on the stack? Youngest first.
    virtual bool anyCaller(const std::function<bool(std::string_view)>& test) const = 0;
    /// Null before the call.
    virtual const SyscallRecord* record() const { return nullptr; }
};

/// Names of the functions at a place in code, inlined ones too.
using NamesAt =
    std::function<void(const engine::CodeLocation&, const std::function<bool(std::string_view)>&)>;

/// A call of the log. Borrows both.
class RecordedCall final : public FilteredCall {
public:
    RecordedCall(const SyscallRecord& record, const NamesAt& names) : m_record(record), m_names(names) {}
    uint16_t function() const override { return m_record.function; }
    std::span<const uint64_t> arguments() const override { return m_record.arguments; }
    std::span<const uint8_t> bytesAt(uint32_t address, uint64_t length, bool written) const override;
    std::string_view subject() const override { return m_record.subject; }
    bool anyCaller(const std::function<bool(std::string_view)>& test) const override;
    const SyscallRecord* record() const override { return &m_record; }

private:
    const SyscallRecord& m_record;
    const NamesAt& m_names;
};

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

    bool matches(const FilteredCall& call) const;
    bool isEmpty() const { return m_root == nullptr; }

    struct Node;

private:
    std::shared_ptr<const Node> m_root;
};

/// A path, or what stands in the buffers of a list (64 KiB of it at most); for what is only an address: that.
std::string passedText(const FilteredCall& call, const HostParameter& parameter);
/// How much the buffers of the call hold together; nothing if it has none.
std::optional<uint64_t> bufferLength(const FilteredCall& call);
/// Bytes that a call read from and wrote to linear memory.
uint64_t bytesMoved(const SyscallRecord& record);
std::string_view toText(Origin origin);
std::string_view toText(Outcome outcome);

}  // namespace wasi
