// The inside of CommandInterpreter: one method per verb, grouped by files interpreter_*.cpp. Events come on the session's thread and are only
// noted there; everything else happens on the thread that calls execute().
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "debugger/commands.h"
#include "debugger/debuggee.h"
#include "debugger/log_ring.h"
#include "debugger/places.h"

namespace debugger {

struct CommandInterpreter::Impl {
    using Json = nlohmann::ordered_json;
    template <class T = void>
    using Result = engine::Result<T>;
    using Handler = Result<> (Impl::*)(std::string_view arguments);

    Impl(Client& c, std::function<void(std::string_view)> p, bool j)
        : client(c), print(std::move(p)), json(j) {}

    Client& client;
    std::function<void(std::string_view)> print;
    bool json;
    std::atomic<bool> finished{false};     // nothing more is to be done or waited for
    std::atomic<bool> interrupted{false};  // the present verb is to come to its end

    // Noted by events; `mutex` guards them.
    std::mutex mutex;
    std::condition_variable changed;
    struct Noted {
        SessionState state = SessionState::Empty;
        std::string detail;
        std::optional<StopInfo> stop;
        std::optional<Exited> exit;
        LogRing logs{100'000};
        std::vector<BreakpointInfo> endedWatches;  // of locals
        bool ended = false;                        // back to Ready
        bool hasOutput = false;
        bool begins = false;  // a new run, whose output counts from 0
    } noted;

    // The prompt's own state.
    std::string word;    // as typed
    std::string format;  // behind a slash: "8xb"
    Json answer;         // of the present verb, for --json
    std::vector<std::string> lines;
    uint32_t frame = 0;  // selected
    std::optional<StopInfo> shownStop;
    uint64_t outputAt = 0;
    std::string partial[2];  // unfinished output lines of stdout and stderr, without a newline
    std::string shown;       // output lines that are to be printed together
    std::map<std::string, std::vector<std::string>> sources;
    std::string listFile;
    uint32_t listLine = 0;  // next to be listed
    std::map<uint32_t, std::string> displays;
    uint32_t nextDisplay = 1;
    uint64_t nextMemory = 0;  // where `x` without address goes on

    // interpreter.cpp
    Result<> execute(std::string_view line);
    Handler handler(std::string_view id) const;
    void line(std::string_view text);
    SessionState state();
    Result<> needStopped();
    bool isLive();

    // interpreter_run.cpp: verbs that run the program, and what is told when it stops
    Result<> run(std::string_view);
    Result<> start(std::string_view);
    Result<> restart(std::string_view);
    Result<> goOn(std::string_view);
    Result<> pause(std::string_view);
    Result<> kill(std::string_view);
    Result<> next(std::string_view);
    Result<> step(std::string_view);
    Result<> finish(std::string_view);
    Result<> until(std::string_view);
    Result<> stepInstruction(std::string_view);
    Result<> nextInstruction(std::string_view);
    Result<> input(std::string_view);
    Result<> quit(std::string_view);
    Result<> stepMany(StepKind kind, std::string_view count);
    template <class R>
    Result<> runWith(R request);
    Result<> waitAndShow();
    void tellEndedWatches();
    void tellMissed();

    // interpreter_output.cpp: what the program wrote, and the texts of log points
    void showOutput(bool all);
    bool skipOutput(const OutputSlice& slice, std::vector<LogMessage>& logs);
    void showPiece(size_t stream, std::string_view bytes);
    void showOutputLine(size_t stream, const std::string& text);
    void showLog(const LogMessage& log);
    void showLostLogs(uint64_t count, std::string_view why);
    void printShown();

    // interpreter_run.cpp
    void showStop(const StopInfo& stop);
    void showChanges(const StopInfo& stop);
    void showWhere(const StopInfo& stop);
    void showDisplays();

    // interpreter_breaks.cpp
    Result<> breakAt(std::string_view);
    Result<> breakOnce(std::string_view);
    Result<> catchThrow(std::string_view);
    Result<> logPoint(std::string_view);
    Result<> deleteBreaks(std::string_view);
    Result<> watch(std::string_view);
    Result<> watchRead(std::string_view);
    Result<> watchAccess(std::string_view);
    Result<> watchWrite(std::string_view);
    Result<> addWatch(std::string_view text, WatchAccess access);
    Result<> enable(std::string_view);
    Result<> disable(std::string_view);
    Result<> condition(std::string_view);
    Result<> ignore(std::string_view);
    Result<BreakpointSpec> parsePlace(std::string_view text);
    Result<> addBreak(BreakpointSpec spec);
    Result<BreakpointInfo> findBreak(std::string_view number);
    Result<> changeBreaks(std::string_view numbers, bool enabled);
    void infoBreakpoints(std::string_view noun);

    // interpreter_look.cpp: values and memory
    Result<> locals(std::string_view);
    Result<> evaluate(std::string_view);
    Result<> typeOf(std::string_view);
    Result<> assign(std::string_view);
    Result<> display(std::string_view);
    Result<> undisplay(std::string_view);
    Result<> memory(std::string_view);
    void showWasmValues(const std::vector<WasmValue>& values);
    Result<> operandStack(std::string_view);
    Result<> explain(std::string_view);
    Result<> wasmLocals(std::string_view);
    Result<> globals(std::string_view);
    Result<uint64_t> addressOf(std::string_view expression);

    // interpreter_grants.cpp
    Result<> capabilities(std::string_view);
    Result<> grant(std::string_view);
    Result<> revoke(std::string_view);

    // interpreter_code.cpp: frames, source, code, calls
    Result<> backtrace(std::string_view);
    Result<> selectFrame(std::string_view);
    Result<> up(std::string_view);
    Result<> down(std::string_view);
    Result<> disassemble(std::string_view);
    Result<> list(std::string_view);
    Result<> calls(std::string_view);
    Result<> openFiles(std::string_view);
    Result<> folderChanges(std::string_view);
    Result<> info(std::string_view);

    // interpreter_mocks.cpp
    Result<> mock(std::string_view);
    Result<> setMocks(const std::vector<wasi::MockInfo>& mocks);
    Result<> listMocks();

    // interpreter_info.cpp, interpreter_code.cpp
    Result<> help(std::string_view);
    Result<> showFrame(uint32_t index);
    std::string frameText(const StackFrame& frame);
    std::string argumentsText(uint32_t frame);
    const std::vector<std::string>& sourceLines(const std::string& file);
    bool showSourceLine(const Location& location);
    void infoModule();
    Result<> infoFrame();
    Result<> infoLine();
};

/// "wordcount.c:41", or "" without a line.
std::string placeText(const Location& location);
std::string_view trimmed(std::string_view text);
/// The first word, which is taken off `text`.
std::string_view takeWord(std::string_view& text);
engine::Result<uint64_t> parseNumber(std::string_view text);
/// "*0x1f3". Errors: BadArgument, also for what no module can have.
engine::Result<uint32_t> parseOffset(std::string_view text);
engine::Result<uint32_t> asCodeOffset(uint64_t number);
nlohmann::ordered_json toJson(const Location& location);
nlohmann::ordered_json toJson(const VariableNode& node);
nlohmann::ordered_json toJson(const CallRow& row);
/// One call as one line: "#12 fd_write(1, …) = ESUCCESS nwritten=6".
std::string callText(const CallRow& row);
std::string_view toText(StopReason reason);
std::string_view toText(SessionState state);
std::string_view toText(engine::ErrorCode code);
/// JSON of a text that may hold any bytes.
std::string dumpJson(const nlohmann::ordered_json& value);

}  // namespace debugger
