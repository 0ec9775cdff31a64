// Watchpoints: which bytes stand for the watches that the user asked for, and their place in the machine of the present run. Owned by
// the session; session thread only. What was asked, and whether a hit stops, is in breakpoints.h.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "debugger/debuggee.h"
#include "debugger/frames.h"
#include "debugger/places.h"
#include "debugger/protocol.h"

namespace debugger {

/// What an expression named when it was looked up.
struct WatchTarget {
    uint32_t memory = 0;
    uint64_t address = 0, length = 0;
    SourceValue value;              // its type shows the bytes; none: as numbers
    std::string shown{};            // what a printer last made of it, as of a std::string; else empty
    bool isFixed = false;           // wherever it is looked up, in every run
    std::optional<uint32_t> depth;  // of the frame on whose stack it lives (engine::FrameView::depth) …
    uint32_t inlineLevel = 0;
    std::string owner;  // … and its function
};

/// Finds the object that an expression names: one with a fixed address (a global), else in the frame, if any. Errors: as evaluate();
/// BadArgument if it is not in memory; State if it needs a frame.
engine::Result<WatchTarget> findTarget(const std::string& expression, uint32_t codeOffset, Places& places,
                                       FrameContext* frame, Debuggee* debuggee);

/// What a row of Kind::Watch watches: its expression, or "8 bytes at 0x10f20".
std::string watchText(const BreakpointSpec& spec);

class Watchpoints {
public:
    /// The program of the present run, or null. What is watched is watched in a new one.
    void attach(Debuggee* debuggee);
    /// One that is not enabled hits nothing, but its frame still tells its return. Error: as of engine::Machine::watch.
    engine::Result<> add(BreakpointId id, const WatchTarget& target, WatchAccess access, bool isEnabled);
    void remove(BreakpointId id);
    /// Whose the engine's watch is; 0 if nobody's.
    BreakpointId ownerOf(engine::WatchId watch) const;
    const WatchTarget& target(BreakpointId id) const { return m_watches.at(id).target; }
    /// Are the bytes of the target other ones behind the hit? Of a bit-field only its own bits count.
    static bool isChange(const engine::WatchHit& hit, const WatchTarget& target);
    /// What a hit says, with values as they are shown; the place is for the caller to fill in. What an object of a library means lies
    /// partly outside its own bytes, so it is read where it is, and its value before is what it was shown as last.
    static WatchChange describe(const engine::WatchHit& hit, WatchTarget& target, EvaluationContext& context);
    /// Notes what a printer makes of the target now.
    static void note(WatchTarget& target, EvaluationContext& context);

private:
    struct Watch {
        WatchTarget target;
        WatchAccess access{};
        bool isEnabled = true;
        std::optional<engine::WatchId> inMachine;
    };
    engine::Result<> install(Watch& watch);
    Debuggee* m_debuggee = nullptr;
    std::map<BreakpointId, Watch> m_watches;
};

}  // namespace debugger
