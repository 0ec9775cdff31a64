// The life of a program under a session: load, run, pause, wait, trap, end, restart, and being thrown away in any state.

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "debugger/mailbox.h"
#include "engine/disassembly.h"
#include "tests/debugger/session_support.h"

namespace debugger_test {
namespace {

/// Nobody waited for a guest that never ends; on a machine that does other things too. How soon it really is, the benchmarks say.
constexpr milliseconds kSoon{3'000};

class Session : public SessionTest {};

TEST_F(Session, TellsWhatItLoaded) {
    const auto module = client().call(Load{options(example("wordcount"))});
    ASSERT_TRUE(module.ok()) << module.error().text();
    EXPECT_EQ(module->entry, "_start");
    EXPECT_TRUE(module->mainSource.ends_with("wordcount.c")) << module->mainSource;
    EXPECT_EQ(module->debugInfo.substr(0, 7), "DWARF 4");
    EXPECT_EQ(eventsOf<ModuleLoaded>().size(), 1u);
}

TEST_F(Session, RefusesWhatIsNoModuleWithAReason) {
    const std::string folder = testing::TempDir();
    std::ofstream(folder + "text.wasm") << "not a module\n";
    std::ofstream(folder + "empty.wasm");
    for (const std::string& path :
         {folder + "text.wasm", folder + "empty.wasm", folder + "missing.wasm", folder}) {
        const auto loaded = client().call(Load{options(path)});
        ASSERT_FALSE(loaded.ok()) << path;
        EXPECT_FALSE(loaded.error().message.empty());
        EXPECT_EQ(loaded.error().where.file, path);
        EXPECT_TRUE(waitForState(SessionState::Failed));
    }
    load(example("wordcount"));  // and goes on working
}

TEST_F(Session, RefusesAComponentByName) {
    const std::string path = suiteFile("samples/hello-p2.component.wasm");
    if (path.empty()) GTEST_SKIP() << "the conformance suites are not here";
    const auto loaded = client().call(Load{options(path)});
    ASSERT_FALSE(loaded.ok());
    EXPECT_NE(loaded.error().text().find("component"), std::string::npos) << loaded.error().text();
}

TEST_F(Session, NothingWorksBeforeAProgramIsLoaded) {
    EXPECT_EQ(client().call(Start{}).error().code, engine::ErrorCode::State);
    EXPECT_EQ(client().call(Resume{}).error().code, engine::ErrorCode::State);
    EXPECT_EQ(client().call(Step{}).error().code, engine::ErrorCode::State);
    EXPECT_EQ(client().call(GetFrames{}).error().code, engine::ErrorCode::State);
    EXPECT_EQ(client().call(ReadMemory{0, 0, 16}).error().code, engine::ErrorCode::State);
    EXPECT_EQ(client().call(Disassemble{}).error().code, engine::ErrorCode::State);
    EXPECT_EQ(client().call(GetCall{0}).error().code, engine::ErrorCode::NotFound);
    EXPECT_TRUE(client().call(GetCalls{}).ok());
    EXPECT_TRUE(client().call(GetOutput{}).ok());
}

TEST_F(Session, RunsToTheEndAndTellsStatusAndOutput) {
    load(program("flood"), {"3"});
    const Outcome end = run(Start{});
    ASSERT_TRUE(end.exit);
    EXPECT_EQ(end.exit->code, 0);
    EXPECT_EQ(output(), "line 0000000000\nline 0000000001\nline 0000000002\n");
    EXPECT_EQ(client().call(Resume{}).error().code, engine::ErrorCode::State);
}

TEST_F(Session, StopsInMainBehindItsPrologue) {
    load(example("wordcount"));
    const Outcome at = startInMain();
    EXPECT_EQ(at.reason(), StopReason::Entry);
    EXPECT_EQ(at.function(), "main");
    EXPECT_EQ(value("argc"), "1");
    const auto source = client().call(GetSource{at.stop->location.file});
    ASSERT_TRUE(source.ok()) << source.error().text();
    EXPECT_NE(source->text.find("int main("), std::string::npos);
    EXPECT_EQ(source->warning, "");
}

TEST_F(Session, E1_PausesAnInfiniteLoopSoon) {
    load(program("spin"));
    ASSERT_TRUE(client().call(Start{}).ok());
    ASSERT_TRUE(waitForState(SessionState::Running));
    std::this_thread::sleep_for(milliseconds(50));
    const auto begin = std::chrono::steady_clock::now();
    const Outcome paused = run(Pause{});
    EXPECT_LT(std::chrono::steady_clock::now() - begin, kSoon);
    EXPECT_EQ(paused.reason(), StopReason::Pause);
    EXPECT_FALSE(stack().empty());
    EXPECT_GT(std::stoul(value("counter")), 0u);
}

TEST_F(Session, WorksOnTheProgramWhileItRuns) {
    load(program("spin"));
    ASSERT_TRUE(client().call(Start{}).ok());
    ASSERT_TRUE(waitForState(SessionState::Running));
    EXPECT_EQ(client().call(GetFrames{}).error().code, engine::ErrorCode::State);
    EXPECT_EQ(client().call(GetVariables{}).error().message, "the program runs; pause first");
    EXPECT_EQ(client().call(ReadMemory{0, 1024, 16})->bytes.size(), 16u);
    EXPECT_TRUE(client().call(GetCalls{}).ok());
    EXPECT_TRUE(client().call(GetModuleEntries{.kind = "function", .filter = "turn"}).ok());
    forgetEvents();
    EXPECT_TRUE(breakIn("turn").resolved);
    const Outcome hit = waitForStop();
    EXPECT_EQ(hit.reason(), StopReason::Breakpoint);
    EXPECT_EQ(hit.function(), "turn");
}

TEST_F(Session, SaysThatTheProgramWaitsForInput) {
    load(program("echo"));
    ASSERT_TRUE(client().call(Start{}).ok());
    ASSERT_TRUE(waitForState(SessionState::Waiting));
    EXPECT_NE(stateDetail().find("stdin"), std::string::npos) << stateDetail();
    EXPECT_TRUE(client().call(GetCalls{}).ok());
    EXPECT_TRUE(client().call(SendInput{"hello\n", false}).ok());
    while (output().empty())
        std::this_thread::sleep_for(milliseconds(1));
    EXPECT_EQ(output(), "1: hello\n");
    ASSERT_TRUE(waitForState(SessionState::Waiting));
    const Outcome end = run(SendInput{"", true});
    ASSERT_TRUE(end.exit);
    EXPECT_EQ(end.exit->code, 1);
}

TEST_F(Session, PausesInsideAWaitAndGoesOnWithIt) {
    load(program("echo"));
    ASSERT_TRUE(client().call(Start{}).ok());
    ASSERT_TRUE(waitForState(SessionState::Waiting));
    const Outcome paused = run(Pause{});
    EXPECT_EQ(paused.reason(), StopReason::Pause);
    EXPECT_FALSE(stack().empty());
    ASSERT_TRUE(client().call(Resume{}).ok());
    ASSERT_TRUE(waitForState(SessionState::Waiting));
    const Outcome end = run(SendInput{"a\nb\n", true});
    ASSERT_TRUE(end.exit);
    EXPECT_EQ(end.exit->code, 2);
    EXPECT_EQ(output(), "1: a\n2: b\n");
}

TEST_F(Session, E5_StaysAliveWhileTenMillionLinesAreWritten) {
    load(program("flood"), {"10000000"});
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(client().call(Start{}).ok());
    ASSERT_TRUE(client().call(GetCalls{}).ok());
    EXPECT_LT(std::chrono::steady_clock::now() - begin, kSoon);
    const Outcome end = waitForStop(milliseconds(60'000));
    ASSERT_TRUE(end.exit);
    const auto slice = client().call(GetOutput{~uint64_t{0}, 0});
    ASSERT_TRUE(slice.ok());
    EXPECT_EQ(slice->end, 160'000'000u);
    EXPECT_LE(slice->end - slice->begin, uint64_t{64} << 20);
    // Coalesced: far fewer events than writes.
    EXPECT_LT(eventsOf<OutputAppended>().size(), 3'000u);
}

TEST_F(Session, ATrapKeepsEverythingToBeLookedAt) {
    load(example("overrun"));
    const Outcome trap = run(Start{});
    ASSERT_EQ(trap.reason(), StopReason::Trap);
    EXPECT_NE(trap.stop->trapText.find("out of bounds memory access"), std::string::npos)
        << trap.stop->trapText;
    EXPECT_NE(trap.stop->text.find("overrun.c:"), std::string::npos) << trap.stop->text;
    EXPECT_EQ(trap.function(), "printFrom");
    const std::vector<std::string> names = stack();
    const auto main = static_cast<uint32_t>(std::find(names.begin(), names.end(), "main") - names.begin());
    EXPECT_EQ(value("route.length", main), "5");
    EXPECT_TRUE(client().call(GetOperandStack{}).ok());
    // Nothing ends the program behind one's back, and everything stays to be looked at.
    for (const auto& answer :
         {client().call(Resume{}), client().call(Step{StepKind::Over}),
          client().call(Step{StepKind::Instruction}), client().call(RunTo{"overrun.c", 24, {}})}) {
        ASSERT_FALSE(answer.ok());
        EXPECT_EQ(answer.error().message, "the program has trapped; restart, or quit");
    }
    EXPECT_EQ(stack(), names);
    EXPECT_EQ(value("route.length", main), "5");
    EXPECT_EQ(run(Start{}).reason(), StopReason::Trap);  // restart is one request
}

TEST_F(Session, AfterTheEndThereIsNoStackButMemoryAndGlobals) {
    load(program("inlined"));
    ASSERT_TRUE(run(Start{}).exit);
    EXPECT_TRUE(client().call(GetFrames{})->empty());
    EXPECT_TRUE(client().call(GetVariables{})->empty());
    EXPECT_TRUE(client().call(GetWasmLocals{})->empty());
    EXPECT_TRUE(client().call(GetOperandStack{})->operands.empty());
    EXPECT_EQ(value("counter"), "2");
    EXPECT_NE(value("first").find("the program is not running"), std::string::npos) << value("first");
    EXPECT_FALSE(client().call(GetWasmGlobals{})->empty());
    EXPECT_EQ(client().call(ReadMemory{0, 0, 16})->bytes.size(), 16u);
    EXPECT_EQ(client().call(Resume{}).error().message, "the program is not running; start it again");
}

TEST_F(Session, ShowsManyVariablesAPageAtATime) {
    load(program("locals"));
    startInMain();
    const auto first = client().call(GetVariables{});
    ASSERT_TRUE(first.ok());
    ASSERT_EQ(first->size(), 1001u);
    const VariableNode& rest = first->back();
    EXPECT_EQ(rest.value, "502 more variables");
    ASSERT_EQ(rest.childCount, 502u);
    const auto page = client().call(GetChildren{rest.handle, 500, 100});
    ASSERT_TRUE(page.ok());
    ASSERT_EQ(page->size(), 2u);
    EXPECT_EQ((*page)[1].name, "v1599");
    EXPECT_TRUE(client().call(GetChildren{rest.handle, ~uint64_t{0}, 100})->empty());
}

TEST_F(Session, SelectsTheFrameWithSourceWhenItWaitsInACall) {
    load(program("echo"));
    ASSERT_TRUE(client().call(Start{}).ok());
    ASSERT_TRUE(waitForState(SessionState::Waiting));
    const Outcome at = run(Pause{});
    ASSERT_TRUE(at.stop);
    EXPECT_GT(at.stop->frame, 0u) << "the youngest frames are the C library's";
    EXPECT_EQ(at.function(), "main");
    EXPECT_NE(at.stop->location.file.find("echo.c"), std::string::npos) << at.stop->location.file;
    EXPECT_EQ(stack()[at.stop->frame], "main");
}

TEST_F(Session, ShowsWhatAFunctionReturned) {
    load(program("inlined"));
    breakIn("half");
    breakIn("both");
    ASSERT_EQ(run(Start{}).function(), "half");
    EXPECT_EQ(run(Step{StepKind::Out}).stop->returned, "3");
    ASSERT_EQ(run(Resume{}).function(), "both");
    EXPECT_EQ(run(Step{StepKind::Out}).stop->returned, "") << "in memory, where its caller wants it";
}

TEST_F(Session, SaysWhyAProgramCannotGoOn) {
    load(program("spin"));
    breakIn("turn");
    onEachEvent([](const Event& event) {
        if (std::holds_alternative<Stopped>(event))
            throw std::runtime_error("no room");  // as memory that ran out
    });
    ASSERT_TRUE(client().call(Start{}).ok());
    ASSERT_TRUE(waitForState(SessionState::Exited));
    onEachEvent({});
    EXPECT_EQ(client().call(GetStop{})->reason, StopReason::Exited);
    const auto ends = eventsOf<Exited>();
    ASSERT_EQ(ends.size(), 1u);
    EXPECT_EQ(ends[0].text, "the program cannot go on: no room");
}

TEST_F(Session, AnswersThousandsOfPausesEachInABoundedTime) {
    load(program("spin"));
    ASSERT_TRUE(client().call(Start{}).ok());
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    Clock::duration longest{};
    int pauses = 0;
    while (pauses < 10'000 && Clock::now() - begin < std::chrono::seconds(5)) {
        const auto asked = Clock::now();
        ASSERT_TRUE(client().call(Pause{}).ok());
        longest = std::max(longest, Clock::now() - asked);
        ASSERT_EQ(client().call(GetStop{})->reason, StopReason::Pause);
        ASSERT_TRUE(client().call(Resume{}).ok());
        pauses++;
    }
    EXPECT_GT(pauses, 100);
    EXPECT_LT(longest, kSoon) << "of " << pauses << " pauses";
    RecordProperty("pauses", pauses);
    RecordProperty("longestUs", static_cast<int>(longest / std::chrono::microseconds(1)));
}

TEST(Mailbox, InterruptsWhatWasPostedBeforeAndNothingElse) {
    Mailbox mailbox;
    std::vector<bool> interrupted;
    const auto note = [&](bool) { interrupted.push_back(mailbox.interrupted()); };
    const auto work = [&] {
        for (Mailbox::Job& job : mailbox.take()) {
            mailbox.beginJob();
            job(false);
        }
    };
    mailbox.post(note);
    mailbox.interrupt();  // before it began: not lost
    mailbox.post(note);
    work();
    mailbox.post([&](bool) {
        mailbox.interrupt();
        note(false);
    });
    mailbox.post(note);
    work();
    EXPECT_EQ(interrupted, (std::vector<bool>{true, false, true, true}));
}

TEST_F(Session, E2_ExhaustsTheCallStackWithATrapAndAStackToShow) {
    load(program("recurse"));
    const Outcome trap = run(Start{});
    ASSERT_EQ(trap.reason(), StopReason::Trap);
    const auto frames = client().call(GetFrames{0, 50});
    ASSERT_TRUE(frames.ok());
    EXPECT_EQ(frames->size(), 50u);
    EXPECT_EQ(frames->at(49).location.functionName, "depth");
}

TEST_F(Session, RestartsWithBreakpointsKept) {
    load(example("wordcount"));
    breakIn("printTable");
    EXPECT_TRUE(client().call(SendInput{"", true}).error().code == engine::ErrorCode::State);
    LaunchOptions withInput = options(example("wordcount"), {"nothing-here"});
    load(withInput);
    for (int i = 0; i < 3; i++) {
        const Outcome at = run(Start{});
        EXPECT_EQ(at.function(), "printTable");
        EXPECT_EQ(client().call(ListBreakpoints{})->at(0).hits, 1u);
    }
    const Outcome end = run(Resume{});
    ASSERT_TRUE(end.exit);
    EXPECT_EQ(end.exit->code, 1);
}

TEST_F(Session, EndsAProgramOnRequest) {
    load(program("spin"));
    ASSERT_TRUE(client().call(Start{}).ok());
    ASSERT_TRUE(waitForState(SessionState::Running));
    ASSERT_TRUE(client().call(Terminate{}).ok());
    EXPECT_TRUE(waitForState(SessionState::Ready));
    EXPECT_EQ(startInMain().function(), "main");
}

TEST_F(Session, InvokesAnExportWithArgumentsBySignature) {
    const std::string path = suiteFile("debug/wat/calls.wasm");
    if (path.empty()) GTEST_SKIP() << "the conformance suites are not here";
    LaunchOptions launch = options(path);
    launch.invoke = "run";
    load(launch);
    const Outcome end = run(Start{});
    ASSERT_TRUE(end.exit);
    EXPECT_EQ(end.exit->code, 0);
    EXPECT_TRUE(end.exit->text.starts_with("run returned")) << end.exit->text;
    launch.invoke = "walk";
    load(launch);
    const auto missing = client().call(Start{});
    ASSERT_FALSE(missing.ok());
    EXPECT_NE(missing.error().message.find("it exports"), std::string::npos) << missing.error().message;
}

/// A search of a long log takes its turns, tells how far it is, and can be left and taken up again.
TEST_F(Session, SearchesCallsALittleAtATime) {
    load(program("calls"));
    ASSERT_TRUE(client().call(Start{}).ok());
    constexpr uint64_t kCalls = 300'000;
    const auto calls = [&](const std::string& filter) {
        return client().call(GetCalls{0, 0, filter}).value();
    };
    while (calls("").total < kCalls)
        std::this_thread::sleep_for(milliseconds(5));
    run(Pause{});
    const uint64_t total = calls("").total;
    // Words ask for the line of each call: enough of them, so that this takes long.
    std::string last = "sequence = " + std::to_string(total - 1);
    for (int i = 0; i < 100; i++)
        last += " or nowhere" + std::to_string(i);
    CallSlice found = calls(last);
    ASSERT_TRUE(found.isSearching);
    EXPECT_GT(found.searched, 0u);
    EXPECT_LT(found.searched, total);
    ASSERT_TRUE(client().call(HoldSearch{true}).ok());
    const uint64_t held = calls(last).searched;
    std::this_thread::sleep_for(milliseconds(50));
    found = calls(last);
    EXPECT_EQ(found.searched, held);
    EXPECT_FALSE(found.isSearching);
    // Nobody has to ask for it to go on; each time it got further is announced.
    std::atomic<int> announced{0};
    onEachEvent([&](const Event& event) { announced += std::holds_alternative<SyscallsAppended>(event); });
    ASSERT_TRUE(client().call(HoldSearch{false}).ok());
    for (int before = -1; before != announced;) {
        before = announced;
        std::this_thread::sleep_for(milliseconds(500));
    }
    EXPECT_GT(announced, 1);
    found = calls(last);
    onEachEvent({});
    EXPECT_FALSE(found.isSearching);
    EXPECT_EQ(found.searched, total);
    EXPECT_EQ(found.matching, 1u);
    do
        found = calls("errno = badf");
    while (found.isSearching);
    EXPECT_EQ(found.matching, total / 10);
    EXPECT_EQ(client().call(FollowDescriptor{total - 1, 99}).value(), "fd = 99@start");
    EXPECT_FALSE(client().call(FollowDescriptor{total, 99}).ok());
}

TEST_F(Session, ATimeLimitStops) {
    LaunchOptions launch = options(program("spin"));
    launch.capabilities.budgets.timeoutMs = 200;
    load(launch);
    const Outcome at = run(Start{});
    EXPECT_EQ(at.reason(), StopReason::Pause);
    EXPECT_TRUE(at.stop->text.starts_with("time limit of 200 ms")) << at.stop->text;
}

// ------------------------------------------------------------------------------------------------- thrown away in any state

TEST_F(Session, QuitsWhileEmpty) { EXPECT_LT(destroy(), kSoon); }

TEST_F(Session, QuitsWhileReady) {
    load(example("wordcount"));
    EXPECT_LT(destroy(), kSoon);
}

TEST_F(Session, QuitsWhileRunning) {
    load(program("spin"));
    ASSERT_TRUE(client().call(Start{}).ok());
    ASSERT_TRUE(waitForState(SessionState::Running));
    EXPECT_LT(destroy(), kSoon);
}

TEST_F(Session, QuitsWhileFlooded) {
    load(program("flood"));
    ASSERT_TRUE(client().call(Start{}).ok());
    std::this_thread::sleep_for(milliseconds(100));
    EXPECT_LT(destroy(), kSoon);
}

TEST_F(Session, PausesInAWaitThatNobodyCanEnd) {
    load(program("await"));
    ASSERT_TRUE(client().call(Start{}).ok());
    ASSERT_TRUE(waitForState(SessionState::Waiting));
    EXPECT_EQ(stateDetail(),
              "memory.atomic.wait32 at 0x10, for ever: the program has no other thread that could wake it");
    EXPECT_EQ(run(Pause{}).reason(), StopReason::Pause);
    EXPECT_EQ(client().call(Resume{}).ok(), true);
    EXPECT_TRUE(waitForState(SessionState::Waiting));
}

TEST_F(Session, QuitsWhileWaiting) {
    load(program("echo"));
    ASSERT_TRUE(client().call(Start{}).ok());
    ASSERT_TRUE(waitForState(SessionState::Waiting));
    EXPECT_LT(destroy(), kSoon);
}

TEST_F(Session, QuitsWhileStopped) {
    load(example("wordcount"));
    startInMain();
    EXPECT_LT(destroy(), kSoon);
}

TEST_F(Session, QuitsAfterTheEnd) {
    load(program("flood"), {"1"});
    run(Start{});
    EXPECT_LT(destroy(), kSoon);
}

TEST_F(Session, AnswersEveryRequestThatItsEndCutsOff) {
    load(program("spin"));
    std::atomic<int> answers{0};
    auto own = createSession();
    for (int i = 0; i < 200; i++) {
        own->send(GetStop{}, [&](const engine::Result<std::any>&) { answers++; });
    }
    own.reset();
    EXPECT_EQ(answers, 200);
}

}  // namespace
}  // namespace debugger_test
