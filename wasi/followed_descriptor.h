// FollowedDescriptor: one descriptor of a run, from the call that made it, through renumbering, to the call that closed it, as the calls
// tell of it: none of what had its number before or has it later.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "wasi/filtered_call.h"

namespace wasi {

/// "5@1234": the descriptor that has number 5 after call 1234. "3@start": the one that had number 3 before all calls.
struct DescriptorName {
    uint32_t number = 0;
    std::optional<uint64_t> from;  // sequence of the call; nothing: the start
    bool operator==(const DescriptorName&) const = default;
};
std::string toText(const DescriptorName& name);
std::optional<DescriptorName> parseDescriptorName(std::string_view text);

/// Calls `visit` with each number that is passed as a descriptor, also in a list of subscriptions, or returned as one, until it says
/// true. Did it?
bool anyDescriptor(const FilteredCall& call, const std::function<bool(uint32_t)>& visit);

/// What a call of the log did to the numbers of descriptors.
struct DescriptorChange {
    std::optional<uint32_t> opened, closed;  // a renumbering opens one and closes one
    std::optional<uint32_t> moved;           // number that `opened` had before
};
DescriptorChange descriptorChange(const FilteredCall& call);

class FollowedDescriptor {
public:
    explicit FollowedDescriptor(DescriptorName name);
    /// Is it about this descriptor? To be asked of the calls of the log in their order; some of the first may be missing.
    bool concerns(const FilteredCall& call);

private:
    DescriptorName m_name;
    enum class State : uint8_t { Before, Open, Closed } m_state = State::Before;
    uint32_t m_number;  // now
};

/// Whom that number stood for in that call: its name by the call that made it. Looks back from there.
DescriptorName descriptorIn(const SyscallLog& log, uint64_t sequence, uint32_t number);

}  // namespace wasi
