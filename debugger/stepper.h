// Stepper: turns "step over this line" into moves of the machine, and tells when the step is complete. Callees run at full speed: it
// sets breaks where other lines of the function begin (and, to step in, on its calls) and a depth limit; it never walks through a
// call one instruction at a time. One per session; owned by it.
//
//   Lines     runs in the frame, breaks at lines and calls ──┬─ a line that ends the step: complete
//                 │ a call (step in)       ▲                 └─ the frame returned: complete in the caller, or Leave
//                 ▼                        │ back in the frame
//   Call      one instruction ──► Callee   runs until it returned, without breaks (also for recursion met in Lines)
//                 │ has lines
//                 ▼
//   Prologue  runs to the first line behind the prologue: complete
//
// Inlined calls are steps of their own. The line of a frame is that of its level of the inlined calls wherever it is inside them, so a step over
// ends where that line becomes another one, be it at code of a call inlined there: then the step is before that call, whose levels are
// hidden. A step into ends in the outermost call below the frame whose source is here; a step that leaves an inlined call ends in its caller.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "debugger/breakpoints.h"
#include "debugger/debuggee.h"
#include "debugger/places.h"

namespace debugger {

class Stepper {
public:
    /// `hasSource`: can that file be opened here? Code whose source is missing is stepped over while one steps in code that has it.
    Stepper(CodeBreaks& breaks, std::function<bool(const std::string&)> hasSource)
        : m_breaks(breaks), m_hasSource(std::move(hasSource)) {}

    void attach(Debuggee* debuggee, Places* places);
    /// Where a step begins: a frame, and how many of the innermost inlined calls at its location it is still before (or was selected above).
    struct Origin {
        uint32_t wasmFrame = 0;  // not 0: a step out of a caller
        uint32_t hidden = 0;
    };
    void begin(StepKind kind, Origin origin);
    void cancel();
    bool active() const { return m_phase != Phase::None; }

    /// The next move: one instruction, or a run with these limits.
    struct Move {
        bool instruction = false;
        engine::RunLimits limits;
    };
    Move next() const;
    /// Where the step that is complete began, if it was a step out of a function (not of an inlined call) and ended in its caller.
    std::optional<engine::CodeLocation> leftByStepOut() const;
    /// The machine stopped (Breakpoint, Stepped or DepthReached). True: the step is complete here.
    bool arrived(engine::StopKind kind);
    /// Of a complete step: how many of the innermost inlined calls there it is still before.
    uint32_t hidden() const { return m_hidden; }
    /// Where a step into ends without a move if it begins before the `hidden` innermost inlined calls here: as hidden().
    std::optional<uint32_t> entersInlined(uint32_t hidden);

private:
    enum class Phase : uint8_t { None, Instruction, Lines, Call, Callee, Prologue, Leave };
    using Levels = std::vector<InlineFrame>;

    engine::Machine& machine() const { return m_debuggee->machine(); }
    uint32_t here() const { return machine().location().offset; }
    void findBreaks();
    void arm();
    bool checkHere();
    std::optional<uint32_t> endOfStep(uint32_t offset);
    std::optional<uint32_t> outermostKnown(const Levels& levels, size_t below);
    bool leftFrame();
    bool enteredCallee();
    bool backInFrame();
    uint32_t levelsBehindCall();
    bool isKnown(const SourcePlace& place);
    bool mayEndAt(const SourcePlace& place) { return place.line != 0 && (!m_startKnown || isKnown(place)); }

    CodeBreaks& m_breaks;
    std::function<bool(const std::string&)> m_hasSource;
    Debuggee* m_debuggee = nullptr;
    Places* m_places = nullptr;

    Phase m_phase = Phase::None;
    StepKind m_kind = StepKind::Over;
    uint32_t m_depth = 0;  // activations, the stepping frame included
    engine::CodeLocation m_start;
    SourcePlace m_startPlace;
    Levels m_startLevels;
    bool m_startKnown = false;
    std::set<uint32_t> m_lines, m_calls;
    uint32_t m_target = 0;  // Prologue: where to
    uint32_t m_calleeDepth = 0;
    uint32_t m_hidden = 0;
};

}  // namespace debugger
