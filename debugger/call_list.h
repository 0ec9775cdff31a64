// CallList: the system calls of the run as rows for front ends: rendered when asked for, filtered by a CallFilter. What matches a filter is
// remembered and extended as calls come, a bounded number at a time. Owned by the session.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "debugger/debuggee.h"
#include "debugger/places.h"
#include "debugger/protocol.h"
#include "wasi/call_filter.h"

namespace debugger {

class CallList {
public:
    /// `isSource`: does that file exist here? For the caller to show.
    void attach(Debuggee* debuggee, Places* places, std::function<bool(const std::string&)> hasSource);
    void newRun();

    /// BadArgument: the filter, with its column.
    engine::Result<CallSlice> slice(const GetCalls& request);
    engine::Result<CallDetail> detail(uint64_t sequence);

    /// NotFound: the call.
    engine::Result<std::string> follow(uint64_t sequence, uint32_t descriptor);

    /// A filter's search that slice() began is not through yet.
    bool searching() const { return m_searching; }
    /// Leaves it where it is, or goes on with it; another filter and another run begin anew.
    void holdSearch(bool isHeld);
    /// Goes on for about that long. True when it has caught up with the calls.
    bool search(std::chrono::milliseconds budget);

    CallRow row(const wasi::SyscallRecord& record);

private:
    Location caller(const wasi::SyscallRecord& record);
    /// Looks at calls up to `end`, or to the first that is not over.
    void searchUpTo(uint64_t end);

    Debuggee* m_debuggee = nullptr;
    Places* m_places = nullptr;
    std::function<bool(const std::string&)> m_hasSource;
    std::string m_filterText;
    wasi::CallFilter m_filter;
    wasi::CallSearch m_search;
    wasi::NamesAt m_names;
    std::vector<uint64_t> m_matching;
    uint64_t m_searched = 0;  // records looked at
    bool m_searching = false, m_isHeld = false;
};

CallValue toCallValue(const wasi::ShownValue& shown);

}  // namespace debugger
