// BreakpointTable: what the user asked for, where it resolved, and whether a hit stops. CodeBreaks: which code offsets carry a break,
// for users and for steps together. Both owned by the session; session thread only.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "debugger/debuggee.h"
#include "debugger/frames.h"
#include "debugger/places.h"
#include "debugger/protocol.h"
#include "debugger/symbols/condition.h"
#include "debugger/symbols/value.h"
#include "debugger/watchpoints.h"

namespace debugger {

/// The breaks set in the machine: the union of the user's and of a step's own, changed with as few calls as possible.
class CodeBreaks {
public:
    /// The machine of the present run, or null. The user's breaks are set in a new one.
    void attach(engine::Machine* machine, engine::InstanceId instance, Places* places);
    void addUser(uint32_t offset);
    void removeUser(uint32_t offset);
    void setInternal(std::set<uint32_t> offsets);
    void removeInternal(uint32_t offset);
    void clearInternal() { setInternal({}); }
    bool isUser(uint32_t offset) const { return m_user.contains(offset); }
    bool isInternal(uint32_t offset) const { return m_internal.contains(offset); }

private:
    void set(uint32_t offset);
    void clear(uint32_t offset);
    engine::Machine* m_machine = nullptr;
    engine::InstanceId m_instance;
    Places* m_places = nullptr;
    std::unordered_set<uint32_t> m_user;
    std::set<uint32_t> m_internal;
};

class BreakpointTable {
    template <class T = void>
    using Result = engine::Result<T>;

public:
    BreakpointTable(CodeBreaks& breaks, Watchpoints& watches) : m_breaks(breaks), m_watches(watches) {}

    /// Resolves everything against a newly loaded module (null: nothing is loaded, all are pending).
    void attach(Places* places);

    /// Errors: BadArgument (a condition or log text that is no expression, with column and caret), NotFound (no such host call; a line
    /// without code in a file that has some, with the nearest line); what findTarget() says, to which `frame` is given.
    engine::Result<BreakpointInfo> add(BreakpointSpec spec, FrameContext* frame = nullptr,
                                       Debuggee* debuggee = nullptr);
    /// As add(), but what finds no place is kept, as pending.
    engine::Result<BreakpointInfo> restore(BreakpointSpec spec);
    engine::Result<BreakpointInfo> change(BreakpointId id, BreakpointSpec spec);
    engine::Result<BreakpointInfo> passHits(BreakpointId id, uint64_t count);
    engine::Result<> remove(BreakpointId id);
    std::vector<BreakpointInfo> list() const;
    /// Breakpoints that a new run begins with: hit counts at zero.
    void newRun();
    /// The run is over, and with it what was to pass in it, and watches of what lived on its stack.
    void endRun();
    /// So many activations are left: watches of what lived in others are deleted, and returned.
    std::vector<BreakpointInfo> endScopes(uint32_t depth);

    bool any() const { return !m_entries.empty(); }
    bool hasHostCalls() const { return !m_calls.empty(); }
    bool hasDenied() const { return !m_denied.empty(); }
    /// Which exceptions the enabled breakpoints want to stop at.
    engine::ThrowBreak throwBreak() const;
    /// Is there an enabled breakpoint on that host call?
    bool stopsAtCall(std::string_view name) const;

    /// What the hits at a place come to.
    struct Verdict {
        std::vector<BreakpointId> hit;  // that stop
        std::string problem;            // a condition that could not be evaluated: stops too
        std::vector<LogMessage> logs;
        uint32_t hidden = 0;  // innermost inlined calls there that the stop is still before
        std::vector<WatchChange> changes;
    };
    /// Counts hits, evaluates conditions and log texts in the youngest activation, or in the frame that is given.
    Verdict hitCode(uint32_t offset, Debuggee& debuggee);
    Verdict hitThrow(bool isCaught, FrameContext& context);
    Verdict hitCall(std::string_view name, FrameContext& context);
    /// Conditions are evaluated in the frame on whose stack the object lives, else in the youngest.
    Verdict hitWatch(const std::vector<engine::WatchHit>& hits, Debuggee& debuggee);
    Verdict hitDenied(FrameContext& context);
    /// Deletes those of the ids that were temporary; returns them.
    std::vector<BreakpointInfo> dropTemporary(const std::vector<BreakpointId>& ids);
    /// Those whose hit count or message changed since the last call.
    std::vector<BreakpointInfo> takeChanged();
    /// Those that the end of a run deleted since the last call.
    std::vector<BreakpointInfo> takeEnded() { return std::exchange(m_ended, {}); }

private:
    struct Entry {
        Entry() = default;
        explicit Entry(BreakpointSpec spec) : condition(spec.condition) { info.spec = std::move(spec); }
        BreakpointInfo info;
        Condition condition;
        std::map<uint32_t, uint32_t>
            places;  // code offset → level of its inlined calls where it stops, 0 = the function itself
        std::optional<WatchTarget> target;
        bool changed = false;
    };
    Result<> check(const BreakpointSpec& spec) const;
    Result<Entry*> find(BreakpointId id);
    BreakpointInfo keep(Entry entry);
    void insert(Entry& entry);
    void withdraw(const Entry& entry);
    std::set<BreakpointId>* withoutPlace(const Entry& entry);
    void warnOfNames(Entry& entry);
    Result<> resolve(Entry& entry, FrameContext* frame = nullptr, Debuggee* debuggee = nullptr);
    Result<> resolveLine(Entry& entry);
    void resolveFunction(Entry& entry);
    void resolveOffset(Entry& entry);
    void resolveCall(Entry& entry);
    Result<> resolveWatch(Entry& entry, FrameContext* frame, Debuggee* debuggee);
    void place(Entry& entry, uint32_t offset, uint32_t depth = Places::kInnermost);
    std::string hintFor(const std::string& function);
    bool judge(Entry& entry, FrameContext& context, Verdict& verdict);

    CodeBreaks& m_breaks;
    Watchpoints& m_watches;
    std::vector<BreakpointInfo> m_ended;
    Places* m_places = nullptr;
    std::map<BreakpointId, Entry> m_entries;
    std::unordered_map<uint32_t, std::vector<BreakpointId>> m_at;  // enabled ones by code offset
    std::set<BreakpointId> m_calls, m_throws, m_denied;            // enabled ones of these kinds
    BreakpointId m_next = 1;
};

/// Where the code of a source line begins.
struct LineCode {
    std::map<uint32_t, uint32_t> offsets;  // and the level of the inlined calls there whose line it is
    uint32_t line = 0;                     // the line that has them, may be behind the one asked for
    bool fileIsKnown = false;
    std::string why;  // if there are none
};
LineCode codeOfLine(Places& places, const std::string& file, uint32_t line);

/// Replaces each {expr} of a log text by its value; "{{" is a brace.
std::string expandLogText(std::string_view text, EvaluationContext& context);

}  // namespace debugger
