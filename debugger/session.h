// Session: the only owner of one debuggee, with a thread of its own (drawn in mailbox.h). Requests are jobs that run at safepoints, so that breakpoints
// and memory can be worked on while the program runs; answers and events leave the thread with no lock held. What a session does is in
// small classes: Debuggee, BreakpointTable, Stepper, Frames, Variables, MemoryView, CallList, CodeView; this one wires them.
#pragma once

#include <any>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "debugger/breakpoints.h"
#include "debugger/call_list.h"
#include "debugger/client.h"
#include "debugger/code_view.h"
#include "debugger/frames.h"
#include "debugger/log_ring.h"
#include "debugger/mailbox.h"
#include "debugger/memory_view.h"
#include "debugger/places.h"
#include "debugger/protocol.h"
#include "debugger/sources.h"
#include "debugger/stepper.h"
#include "debugger/variables.h"

namespace debugger {

class Session {
public:
    using Emit = std::function<void(const Event&)>;
    Session(Mailbox& mailbox, Emit emit);
    ~Session();

    /// The thread's whole life: until the mailbox closes.
    void loop();
    engine::Result<std::any> answer(Request& request);

private:
    engine::Result<std::any> dispatch(Request& request);
    using Clock = std::chrono::steady_clock;
    template <class T>
    using Result = engine::Result<T>;

    // Life of a program (session.cpp)
    Result<ModuleSummary> handle(const Load& request);
    Result<Done> handle(const Start& request);
    Result<Done> handle(const Terminate&);
    Result<Done> handle(const SendInput& request);
    Result<ModuleSummary> handle(const GetModule&);
    void unload();
    engine::Result<> needStopped() const;

    // Execution (session_run.cpp)
    Result<Done> handle(const Resume&);
    Result<Done> handle(const Pause&);
    Result<Done> handle(const Step& request);
    Result<Done> handle(const RunTo& request);
    bool running() const { return m_state == SessionState::Running || m_state == SessionState::Waiting; }
    engine::Result<> needRunnable() const;
    bool entersInlined();
    void setRunTo(std::map<uint32_t, uint32_t> places, StopReason reason);
    void go();
    void slice();
    void phaseFinished();
    void endWithProblem(const std::string& why);
    void landed(engine::StopKind kind);
    void callStopped();
    void callDenied();
    void exceptionThrown();
    bool watchHit();
    void leaveScopes();
    bool judged(const BreakpointTable::Verdict& verdict, StopReason reason, const std::string& where);
    /// `text` is completed by where that is.
    void stop(StopReason reason, std::string text, std::vector<BreakpointId> breakpoints = {},
              std::string returned = {});
    uint32_t knownFrame();
    FrameContext knownContext();
    void exited(int64_t code, std::string text);
    void setState(SessionState state, std::string detail = {});
    void applyGate();
    void tick();
    bool outOfTime();
    void halt();
    void flush();
    void tellLogs();
    std::string returnedText();

    // Breakpoints and queries (session_queries.cpp)
    Result<BreakpointInfo> handle(const AddBreakpoint& request);
    Result<BreakpointInfo> handle(const ChangeBreakpoint& request);
    Result<BreakpointInfo> handle(const PassHits& request);
    Result<Done> handle(const RemoveBreakpoint& request);
    Result<std::vector<BreakpointInfo>> handle(const ListBreakpoints&);
    Result<StopInfo> handle(const GetStop&);
    Result<std::vector<StackFrame>> handle(const GetFrames& request);
    Result<std::vector<VariableNode>> handle(const GetVariables& request);
    Result<std::vector<VariableNode>> handle(const GetChildren& request);
    Result<VariableNode> handle(const Evaluate& request);
    Result<VariableNode> handle(const Assign& request);
    Result<std::string> handle(const GetType& request);
    Result<std::vector<WasmValue>> handle(const GetWasmLocals& request);
    Result<OperandStack> handle(const GetOperandStack& request);
    Result<std::vector<WasmValue>> handle(const GetWasmGlobals&);
    Result<Explanation> handle(const Explain& request);
    Result<std::vector<MemoryInfo>> handle(const GetMemories&);
    Result<MemoryBytes> handle(const ReadMemory& request);
    Result<Done> handle(const WriteMemory& request);
    Result<std::optional<uint64_t>> handle(const FindInMemory& request);
    Result<std::vector<DisassemblyRow>> handle(const Disassemble& request);
    Result<std::vector<ModuleEntry>> handle(const GetModuleEntries& request);
    Result<std::vector<SourceFileInfo>> handle(const GetSources&);
    Result<SourceText> handle(const GetSource& request);
    Result<CallSlice> handle(const GetCalls& request);
    Result<Done> handle(const HoldSearch& request);
    Result<std::string> handle(const FollowDescriptor& request);
    Result<CallDetail> handle(const GetCall& request);
    Result<std::vector<OpenFileRow>> handle(const GetOpenFiles&);
    Result<std::vector<wasi::FolderChanges>> handle(const GetFolderChanges& request);
    Result<std::string> handle(const GetFolderDiff& request);
    Result<uint64_t> handle(const ApplyFolderChanges& request);
    Result<uint64_t> handle(const DiscardFolderChanges& request);
    Result<wasi::LedgerView> handle(const GetLedger&);
    Result<wasi::Capabilities> handle(const GetCapabilities&);
    Result<std::string> handle(const GrantCapability& request);
    Result<std::string> handle(const RevokeCapability& request);
    Result<std::vector<wasi::MockInfo>> handle(const GetMocks&);
    Result<std::vector<wasi::MockInfo>> handle(const SetMocks& request);
    Result<OutputSlice> handle(const GetOutput& request);

    Mailbox& m_mailbox;
    Emit m_emit;

    SessionState m_state = SessionState::Empty;
    std::string m_stateDetail;
    StopInfo m_stop;
    Generation m_generation = 0;

    std::unique_ptr<Debuggee> m_debuggee;
    std::unique_ptr<Places> m_places;
    ModuleSummary m_summary;
    SourceFinder m_sources;
    CodeBreaks m_breaks;
    Watchpoints m_watches;
    BreakpointTable m_breakpoints{m_breaks, m_watches};
    Stepper m_stepper;
    Frames m_frames;
    Variables m_variables;
    MemoryView m_memory;
    CallList m_calls;
    CodeView m_code;

    std::map<uint32_t, uint32_t> m_runTo;  // Start with stopAtEntry, RunTo: code offsets, and levels there
    StopReason m_runToReason = StopReason::None;
    uint32_t m_hidden = 0;                   // innermost inlined calls here that the program is still before
    bool m_inHostCall = false;               // stands before a call that waited, and is to be made again
    bool m_atPhaseBegin = false;             // before the first instruction of a phase of the launch
    std::optional<engine::Moment> m_seen;    // the break there was dealt with
    std::string m_gateCall;                  // a host call that the gate stopped before
    std::optional<wasi::Refusal> m_refusal;  // of the call that the program stands at
    std::vector<WatchChange> m_changes;      // of the stop that is being made
    std::string m_left;                      // which watches ended with their frames, for the next stop
    std::string m_stoppedItself;             // why, if the program asked to be stopped
    static constexpr size_t kMaxLogsAtOnce = 1000;
    LogRing m_logs{kMaxLogsAtOnce};
    Clock::time_point m_logsToldAt;
    uint64_t m_toldCalls = 0, m_toldOutput = 0, m_toldMocks = 0;
    std::set<std::string> m_toldProblems;  // of scripts of mocks, in this run
    Clock::duration m_ranFor{};            // before m_wentAt, for the time limit
    Clock::time_point m_wentAt;
};

}  // namespace debugger
