// CallList: the system calls of the run as rows for front ends: rendered when asked for, filtered by text. What matches a filter is
// remembered and extended as calls come, a bounded number at a time. Owned by the session.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "debugger/debuggee.h"
#include "debugger/places.h"
#include "debugger/protocol.h"

namespace debugger {

class CallList {
public:
    /// `isSource`: does that file exist here? For the caller to show.
    void attach(Debuggee* debuggee, Places* places, std::function<bool(const std::string&)> hasSource);
    void newRun();

    CallSlice slice(const GetCalls& request);
    engine::Result<CallDetail> detail(uint64_t sequence);

    /// A filter's search that slice() began is not through yet.
    bool searching() const { return m_searching; }
    /// Goes on for about that long. True when it has caught up with the calls.
    bool search(std::chrono::milliseconds budget);

    CallRow row(const wasi::SyscallRecord& record);

private:
    Location caller(const wasi::SyscallRecord& record);
    bool matches(const wasi::SyscallRecord& record) const;

    Debuggee* m_debuggee = nullptr;
    Places* m_places = nullptr;
    std::function<bool(const std::string&)> m_hasSource;
    std::string m_filter;  // of callFilter()
    std::vector<uint64_t> m_matching;
    uint64_t m_searched = 0;  // records looked at
    bool m_searching = false;
};

/// What the user typed as matchesFilter() takes it.
std::string callFilter(std::string text);
/// Does the call's line, as it is shown, contain the text, whatever the case? The names of rights do not count (nearly every path_open
/// has the right fd_read), but for a filter that names them: "rights_base=fd_read".
bool matchesFilter(const wasi::SyscallRecord& record, const wasi::ShownCall& shown,
                   const std::string& filter);
/// "ESUCCESS nwritten=6", "exit 0", "waiting …": the result as one text.
std::string resultText(const wasi::SyscallRecord& record, const wasi::ShownCall& shown);
CallValue toCallValue(const wasi::ShownValue& shown);
/// Arguments as one line, without parentheses.
std::string argumentText(const wasi::ShownCall& shown);

}  // namespace debugger
