// Breakpoints of each kind, and steps at source and instruction level.

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <thread>

#include "engine/base/sanitized.h"
#include "tests/debugger/session_support.h"

namespace debugger_test {
namespace {

class SessionBreakpoints : public SessionTest {
protected:
    std::vector<LogMessage> logs() { return eventsOf<LogMessage>(); }
};

TEST_F(SessionBreakpoints, ArePendingUntilAProgramIsLoaded) {
    const BreakpointInfo before = breakAt("wordcount.c", 57);
    EXPECT_FALSE(before.resolved);
    EXPECT_EQ(before.message, "pending: no program is loaded");
    load(example("wordcount"));
    const auto after = client().call(ListBreakpoints{});
    EXPECT_TRUE(after->at(0).resolved) << after->at(0).message;
}

TEST_F(SessionBreakpoints, SayWhyTheyAreUnresolvedOrMoved) {
    load(example("wordcount"));
    EXPECT_EQ(breakAt("nowhere.c", 1).message,
              "pending: no source file named \"nowhere.c\" in the debug info");
    EXPECT_EQ(breakIn("no_such_function").message,
              "pending: no function named \"no_such_function\" in the module; info functions lists them");
    EXPECT_NE(breakIn("fd_write").message.find("host call"), std::string::npos);
    BreakpointSpec offset;
    offset.kind = BreakpointSpec::Kind::Offset;
    offset.offset = 5;
    EXPECT_EQ(add(offset).message, "pending: 0x5 is not in a function's code");
}

TEST_F(SessionBreakpoints, StopAtLineFunctionAndOffset) {
    load(example("wordcount"), {"-n", "1"});
    const BreakpointInfo function = breakIn("readArguments");
    ASSERT_TRUE(function.resolved);
    const Outcome first = run(Start{});
    EXPECT_EQ(first.stop->breakpoints, std::vector<BreakpointId>{function.id});
    EXPECT_EQ(first.function(), "readArguments");

    const BreakpointInfo line = breakAt("wordcount.c", first.line() + 1);
    const Outcome second = run(Resume{});
    EXPECT_EQ(second.stop->breakpoints, std::vector<BreakpointId>{line.id});

    // The next instruction, by its offset.
    const auto rows = client().call(Disassemble{.function = {}, .offset = second.stop->location.offset});
    const auto here =
        std::find_if(rows->begin(), rows->end(), [](const DisassemblyRow& r) { return r.isCurrent; });
    ASSERT_TRUE(here != rows->end());
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::Offset;
    spec.offset = (here + 1)->offset;
    const BreakpointInfo offset = add(spec);
    ASSERT_TRUE(offset.resolved) << offset.message;
    EXPECT_EQ(run(Resume{}).stop->breakpoints, std::vector<BreakpointId>{offset.id});
}

TEST_F(SessionBreakpoints, HoldConditionsIgnoreCountsAndHits) {
    load(program("spin"));
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::Function;
    spec.function = "turn";
    spec.condition = "counter == 100";
    const BreakpointInfo conditional = add(spec);
    run(Start{});
    EXPECT_EQ(value("counter"), "100");
    ASSERT_TRUE(client().call(RemoveBreakpoint{conditional.id}).ok());

    spec.condition.clear();
    spec.ignoreCount = 10;
    const BreakpointInfo ignoring = add(spec);
    run(Resume{});
    EXPECT_EQ(value("counter"), "111");
    const auto all = client().call(ListBreakpoints{});
    EXPECT_EQ(all->at(0).hits, 11u);

    spec.ignoreCount = 0;
    spec.enabled = false;
    ASSERT_TRUE(client().call(ChangeBreakpoint{ignoring.id, spec}).ok());
    ASSERT_TRUE(client().call(Resume{}).ok());
    std::this_thread::sleep_for(milliseconds(30));
    EXPECT_EQ(run(Pause{}).reason(), StopReason::Pause);
}

TEST_F(SessionBreakpoints, StopAndSaySoWhenAConditionFails) {
    load(program("spin"));
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::Function;
    spec.function = "turn";
    spec.condition = "no_such_variable > 1";
    add(spec);
    const Outcome at = run(Start{});
    EXPECT_EQ(at.reason(), StopReason::Breakpoint);
    EXPECT_NE(at.stop->text.find("condition of breakpoint 1 failed"), std::string::npos) << at.stop->text;
}

TEST_F(SessionBreakpoints, StandBeforeCallsThatWereInlinedWhereAFunctionBegins) {
    load(program("inlined"));
    const BreakpointInfo info = breakIn("main");
    ASSERT_EQ(info.locations.size(), 1u);
    EXPECT_EQ(info.locations[0].functionName, "main");
    const Outcome at = run(Start{});
    ASSERT_EQ(at.reason(), StopReason::Breakpoint);
    EXPECT_EQ(at.function(), "main");
    EXPECT_EQ(at.line(), 25u);
    EXPECT_EQ(stack()[0], "main");
    const Outcome inside = run(Step{StepKind::Into});  // nothing moves, but a frame more
    EXPECT_EQ(inside.function(), "announce");
    EXPECT_EQ(inside.line(), 8u);
    EXPECT_EQ(inside.stop->tick, at.stop->tick);
    EXPECT_EQ(stack()[1], "main");
    EXPECT_EQ(value("counter"), "0");
}

TEST_F(SessionBreakpoints, StepOverCallsThatWereInlinedWhereAFunctionBegins) {
    load(program("inlined"));
    EXPECT_EQ(startInMain().line(), 25u);
    const Outcome next = run(Step{StepKind::Over});
    EXPECT_EQ(next.function(), "main");
    EXPECT_EQ(next.line(), 26u);
    EXPECT_EQ(value("counter"), "2");
}

TEST_F(SessionBreakpoints, StopInEveryInlinedCopyOfAFunction) {
    load(program("inlined"));
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::Function;
    spec.function = "twice";
    spec.condition = "value > 0";
    const BreakpointInfo info = add(spec);
    ASSERT_EQ(info.locations.size(), 2u) << info.message;
    EXPECT_EQ(info.locations[0].functionName, "twice");
    EXPECT_EQ(run(Start{}).function(), "twice");
    EXPECT_EQ(stack(), (std::vector<std::string>{"twice", "main", "_start", "_start.command_export"}));
    EXPECT_EQ(run(Resume{}).function(), "twice");
    EXPECT_TRUE(run(Resume{}).exit);
}

TEST_F(SessionBreakpoints, StandBeforeTheCallThatIsAllTheCodeOfALine) {
    load(example("inventory"));
    const BreakpointInfo info = breakAt("inventory.cpp", 114);
    EXPECT_EQ(info.message, "");
    ASSERT_EQ(info.locations.size(), 1u);
    EXPECT_EQ(info.locations[0].line, 114u);
    EXPECT_EQ(info.locations[0].functionName, "main");
    const Outcome at = run(Start{});
    EXPECT_EQ(at.stop->breakpoints, std::vector<BreakpointId>{info.id});
    EXPECT_EQ(at.line(), 114u);
    EXPECT_EQ(stack()[0], "main");
    EXPECT_EQ(run(Step{StepKind::Over}).line(), 115u);
    const auto source = client().call(GetSource{at.stop->location.file});
    ASSERT_TRUE(source.ok());
    EXPECT_TRUE(std::binary_search(source->linesWithCode.begin(), source->linesWithCode.end(), 114u));
    EXPECT_EQ(run(RunTo{"inventory.cpp", 114, {}}).line(), 114u);
    EXPECT_EQ(stack()[0], "main");
}

TEST_F(SessionBreakpoints, OnHostCallsAndExceptionsSeeTheProgramsVariables) {
    load(program("echo"));
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::HostCall;
    spec.function = "fd_write";
    spec.condition = "lines == 2";
    add(spec);
    ASSERT_TRUE(client().call(Start{}).ok());
    ASSERT_TRUE(waitForState(SessionState::Waiting));
    const Outcome at = run(SendInput{"one\ntwo\n", false});
    ASSERT_EQ(at.reason(), StopReason::HostCall);
    EXPECT_EQ(at.stop->text.find("failed"), std::string::npos) << at.stop->text;
    EXPECT_EQ(value("lines", at.stop->frame), "2");
}

TEST_F(SessionBreakpoints, AllConditionsThatFailAreSaid) {
    load(program("spin"));
    breakIn("turn");
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::Function;
    spec.function = "turn";
    spec.condition = "nobody";
    add(spec);
    spec.condition = "nothing";
    add(spec);
    const std::string text = run(Start{}).stop->text;
    EXPECT_NE(text.find("breakpoint 2 failed"), std::string::npos) << text;
    EXPECT_NE(text.find("breakpoint 3 failed"), std::string::npos) << text;
}

TEST_F(SessionBreakpoints, HitsThatPassEndWithTheRun) {
    load(program("spin"));
    const BreakpointInfo info = breakIn("turn");
    EXPECT_EQ(client().call(PassHits{info.id, 2})->passing, 2u);
    run(Start{});
    EXPECT_EQ(value("counter"), "2") << "what was set between two runs is for the next";
    EXPECT_EQ(client().call(ListBreakpoints{})->at(0).passing, 0u);
    ASSERT_TRUE(client().call(PassHits{info.id, 5}).ok());
    run(Start{});
    EXPECT_EQ(value("counter"), "0");
    EXPECT_EQ(client().call(PassHits{77, 5}).error().code, engine::ErrorCode::NotFound);
}

TEST_F(SessionBreakpoints, RememberedOnesAreKeptThoughTheirLineIsGone) {
    load(example("wordcount"));
    BreakpointSpec spec;
    spec.file = "wordcount.c";
    spec.line = 1'000'000;
    EXPECT_FALSE(client().call(AddBreakpoint{spec}).ok());
    const auto kept = client().call(AddBreakpoint{spec, true});
    ASSERT_TRUE(kept.ok()) << kept.error().text();
    EXPECT_FALSE(kept->resolved);
    EXPECT_TRUE(kept->message.starts_with("pending: no code at line 1000000")) << kept->message;
}

TEST_F(SessionBreakpoints, OnACallThatTheProgramDoesNotMakeAreNotResolved) {
    load(program("inlined"));
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::HostCall;
    spec.function = "clock_time_get";
    EXPECT_FALSE(add(spec).resolved);
    spec.function = "fd_write";
    EXPECT_TRUE(add(spec).resolved);
}

TEST_F(SessionBreakpoints, AreRefusedOnALineThatHasNoCodeNearby) {
    load(example("wordcount"));
    BreakpointSpec spec;
    spec.file = "wordcount.c";
    spec.line = 4;
    const auto refused = client().call(AddBreakpoint{spec});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, engine::ErrorCode::NotFound);
    EXPECT_EQ(refused.error().message, "no code at line 4; nearest 49");
    spec.line = 1'000'000;
    EXPECT_FALSE(client().call(AddBreakpoint{spec}).ok());
    EXPECT_TRUE(client().call(ListBreakpoints{})->empty());
}

TEST_F(SessionBreakpoints, RefuseWhatIsNoExpressionWhenTheyAreSet) {
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::Function;
    spec.function = "turn";
    spec.condition = "counter == == 3";
    const auto refused = client().call(AddBreakpoint{spec});  // whatever is loaded
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, engine::ErrorCode::BadArgument);
    EXPECT_NE(refused.error().message.find("column 12"), std::string::npos) << refused.error().message;
    EXPECT_NE(refused.error().message.find("\n  counter == == 3\n             ^"), std::string::npos)
        << refused.error().message;
    spec.condition.clear();
    spec.logText = "now {counter +}";
    EXPECT_FALSE(client().call(AddBreakpoint{spec}).ok());
    spec.logText.clear();
    const BreakpointInfo info = add(spec);
    spec.condition = "(";
    EXPECT_FALSE(client().call(ChangeBreakpoint{info.id, spec}).ok());
    EXPECT_EQ(client().call(ListBreakpoints{})->at(0).spec.condition, "");
}

TEST_F(SessionBreakpoints, WarnOfNamesThatAreNotKnownThere) {
    load(program("spin"));
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::Function;
    spec.function = "turn";
    spec.condition = "countr == 3";
    const BreakpointInfo info = add(spec);
    EXPECT_TRUE(info.resolved);
    EXPECT_NE(info.message.find("no variable `countr` here; did you mean `counter`?"), std::string::npos)
        << info.message;
    EXPECT_EQ(run(Start{}).reason(), StopReason::Breakpoint);
}

TEST_F(SessionBreakpoints, TenThousandInOneFunctionComeAndGo) {
    load(program("locals"));
    startInMain();
    const auto rows =
        client().call(Disassemble{.function = {}, .offset = client().call(GetStop{})->location.offset});
    ASSERT_TRUE(rows.ok());
    ASSERT_GT(rows->size(), 4'000u);
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::Offset;
    const auto addAndRemove = [&](size_t count) {
        const std::clock_t begin = std::clock();
        std::vector<BreakpointId> ids;
        while (ids.size() < count) {
            spec.offset = (*rows)[1 + ids.size() % 4'000].offset;
            ids.push_back(client().call(AddBreakpoint{spec})->id);
        }
        EXPECT_EQ(run(Resume{}).reason(), StopReason::Breakpoint);
        for (const BreakpointId id : ids)
            EXPECT_TRUE(client().call(RemoveBreakpoint{id}).ok());
        return static_cast<double>(std::clock() - begin);
    };
    const double few = addAndRemove(1'000), many = addAndRemove(10'000);
    EXPECT_LT(many, 40 * few) << "ten times as many, and not a hundred times the work";
    EXPECT_TRUE(run(Resume{}).exit);
}

TEST_F(SessionBreakpoints, LogPointsPrintAndGoOn) {
    load(program("spin"));
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::Function;
    spec.function = "turn";
    spec.logText = "at {counter} of {{many}}";
    const BreakpointInfo log = add(spec);
    spec.logText.clear();
    spec.condition = "counter == 3";
    add(spec);
    run(Start{});
    const std::vector<LogMessage> told = logs();
    ASSERT_EQ(told.size(), 4u);
    EXPECT_EQ(told[2].text, "at 2 of {many}");
    EXPECT_EQ(told[2].breakpoint, log.id);
}

TEST_F(SessionBreakpoints, LogPointsThatAreTooFastAreCountedNotKept) {
    load(program("spin"), {"forever"});
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::Function;
    spec.function = "turn";
    spec.logText = "turn";
    const BreakpointInfo info = add(spec);
    forgetEvents();
    ASSERT_TRUE(client().call(Start{}).ok());
    std::this_thread::sleep_for(milliseconds(300));
    ASSERT_TRUE(client().call(Pause{}).ok());
    ASSERT_TRUE(waitForStop().stop);
    uint64_t told = 0, lost = 0;
    for (const LogMessage& message : logs()) {
        told++;
        lost += message.lost;
    }
    EXPECT_EQ(told + lost, client().call(ListBreakpoints{})->at(0).hits);
    EXPECT_GT(told, 0u);
    EXPECT_LT(told, 100'000u);
}

TEST_F(SessionBreakpoints, AScriptsFirstProblemIsNotLostAmongLogPoints) {
    std::string folder = (std::filesystem::temp_directory_path() / "session_test.XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    std::ofstream(folder + "/bad.lua") << "return function() error('no idea') end";
    std::ofstream(folder + "/p.wat") << R"((module
      (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
      (func $turn)
      (func $turns (local $i i32)
        (loop $next
          (call $turn)
          (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 30000)))))
      (func (export "_start") (call $turns) (drop (call $yield)) (call $turns)))
    )";
    LaunchOptions launch = options(folder + "/p.wat");
    wasi::MockRule rule;
    rule.call = "sched_yield";
    rule.action = wasi::MockAction::Script;
    rule.script = folder + "/bad.lua";
    launch.mocks = {rule};
    launch.trustedFolders = {folder};
    load(launch);
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::Function;
    spec.function = "turn";
    spec.logText = "turn";
    add(spec);
    EXPECT_TRUE(run(Start{}).exit);
    uint64_t problems = 0, lost = 0;
    for (const LogMessage& message : logs()) {
        lost += message.lost;
        if (message.text == "turn") continue;
        EXPECT_EQ(message.text, "mock 1: bad.lua:1: no idea; the call passed");
        problems++;
    }
    EXPECT_EQ(problems, 1u);
    if (!engine::kSanitized) {
        EXPECT_GT(lost, 0u) << "there were too few to lose any";
    }
    std::filesystem::remove_all(folder);
}

TEST_F(SessionBreakpoints, TemporaryOnesGoWhenHit) {
    load(program("spin"));
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::Function;
    spec.function = "turn";
    spec.temporary = true;
    add(spec);
    EXPECT_EQ(run(Start{}).reason(), StopReason::Breakpoint);
    EXPECT_TRUE(client().call(ListBreakpoints{})->empty());
}

TEST_F(SessionBreakpoints, StopBeforeAHostCall) {
    load(program("flood"), {"2"});
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::HostCall;
    spec.function = "fd_write";
    const BreakpointInfo info = add(spec);
    EXPECT_TRUE(info.resolved);
    const Outcome at = run(Start{});
    EXPECT_EQ(at.reason(), StopReason::HostCall);
    EXPECT_EQ(at.stop->breakpoints, std::vector<BreakpointId>{info.id});
    EXPECT_EQ(output(), "");  // before any effect
    const Outcome end = run(Resume{});
    ASSERT_TRUE(end.exit) << end.stop->text;
    EXPECT_EQ(output(), "line 0000000000\nline 0000000001\n");
    spec.function = "fd_frobnicate";
    EXPECT_EQ(client().call(AddBreakpoint{spec}).error().code, engine::ErrorCode::NotFound);
}

// ------------------------------------------------------------------------------------------------------------------ steps

class SessionSteps : public SessionTest {
protected:
    Outcome over() { return run(Step{StepKind::Over}); }
    Outcome into() { return run(Step{StepKind::Into}); }
    Outcome out() { return run(Step{StepKind::Out}); }
    void removeBreakpoints() {
        const auto all = client().call(ListBreakpoints{});
        ASSERT_TRUE(all.ok());
        for (const BreakpointInfo& info : *all)
            ASSERT_TRUE(client().call(RemoveBreakpoint{info.id}).ok());
    }
    /// Lines that step over goes through until it leaves the function.
    std::vector<uint32_t> linesOver(size_t most) {
        std::vector<uint32_t> lines;
        for (size_t i = 0; i < most; i++) {
            const Outcome at = over();
            if (!at.stop) break;
            lines.push_back(at.line());
        }
        return lines;
    }
};

TEST_F(SessionSteps, OverGoesFromLineToLine) {
    load(example("overrun"));
    const Outcome at = startInMain();
    const uint32_t first = at.line();
    const std::vector<uint32_t> lines = linesOver(5);
    EXPECT_EQ(lines, (std::vector<uint32_t>{first + 1, first + 2, first + 3, first + 4, first + 5}));
    EXPECT_EQ(stack().front(), "main");
}

TEST_F(SessionSteps, IntoLandsBehindThePrologueAndOutReturnsToTheCall) {
    load(example("overrun"));
    const Outcome main = startInMain();
    over();
    const Outcome inside = into();
    EXPECT_EQ(inside.function(), "addStop");
    EXPECT_EQ(value("parcels"), "0");
    EXPECT_EQ(value("name").find("\"Depot\"") == std::string::npos, false) << value("name");
    const Outcome back = out();
    EXPECT_EQ(back.function(), "main");
    EXPECT_GE(back.line(), main.line() + 1);
    EXPECT_LE(back.line(), main.line() + 2);
}

TEST_F(SessionSteps, IntoStepsOverWhatHasNoSourceHere) {
    load(example("overrun"));
    startInMain();
    over();
    into();
    const Outcome at = into();  // malloc's source is not here
    EXPECT_EQ(at.function(), "addStop");
}

TEST_F(SessionSteps, OverStopsAtABreakpointInsideTheCall) {
    load(example("overrun"));
    startInMain();
    over();
    const BreakpointInfo info = breakIn("setLabel");
    const Outcome at = over();
    EXPECT_EQ(at.reason(), StopReason::Breakpoint);
    EXPECT_EQ(at.stop->breakpoints, std::vector<BreakpointId>{info.id});
    EXPECT_EQ(at.function(), "setLabel");
}

TEST_F(SessionSteps, OverARecursiveCallStaysInItsActivation) {
    const std::string path = suiteFile("debug/dwarf/prog1-c22-O0.wasm");
    if (path.empty()) GTEST_SKIP() << "the conformance suites are not here";
    load(path);
    breakIn("depth");
    const Outcome first = run(Start{});
    ASSERT_EQ(first.function(), "depth");
    const auto all = client().call(ListBreakpoints{});
    ASSERT_TRUE(client().call(RemoveBreakpoint{all->at(0).id}).ok());
    const uint32_t depth = first.stop->depth;
    Outcome at = first;
    for (int i = 0; i < 6 && at.stop && at.function() == "depth"; i++) {
        EXPECT_EQ(at.stop->depth, depth);
        at = over();
    }
    EXPECT_EQ(at.function(), "main");
    EXPECT_EQ(at.stop->depth, depth - 1);
}

TEST_F(SessionSteps, ThroughInlinedCalls) {
    const std::string path = suiteFile("debug/dwarf/prog1-c22-O2.wasm");
    if (path.empty()) GTEST_SKIP() << "the conformance suites are not here";
    load(path);
    Outcome at = startInMain();
    ASSERT_TRUE(at.stop);
    bool sawInlined = false;
    std::vector<std::string> functions;
    for (int i = 0; i < 60 && at.stop; i++) {
        const auto frames = client().call(GetFrames{});
        ASSERT_TRUE(frames.ok());
        ASSERT_FALSE(frames->empty());
        sawInlined |= frames->at(0).isInlined;
        functions.push_back(at.function());
        at = into();
        if (at.stop) {
            EXPECT_NE(at.line(), 0u);
        }
    }
    EXPECT_TRUE(sawInlined) << testing::PrintToString(functions);
}

TEST_F(SessionSteps, OverStopsAtLinesWhoseCodeIsAllInlined) {
    load(example("inventory"));
    startInMain();
    breakAt("inventory.cpp", 113);
    EXPECT_EQ(run(Resume{}).line(), 113u);
    ASSERT_TRUE(client().call(RemoveBreakpoint{1}).ok());
    EXPECT_EQ(linesOver(6), (std::vector<uint32_t>{114, 115, 116, 113, 114, 115}));
    EXPECT_EQ(stack()[0], "main");
}

TEST_F(SessionSteps, OutOfAnInlinedCallEndsInItsCaller) {
    load(example("inventory"));
    breakAt("inventory.cpp", 31);
    ASSERT_EQ(run(Start{}).function(), "store::Item::name");
    removeBreakpoints();
    const std::string caller = stack()[1];
    const Outcome at = out();
    EXPECT_EQ(at.function(), caller);
    EXPECT_EQ(stack()[0], caller);
}

TEST_F(SessionSteps, OverTheEndOfAnInlinedCallEndsInItsCallerNotInTheNextOne) {
    load(program("inlined"));
    breakAt("inlined.c", 9);
    ASSERT_EQ(run(Start{}).function(), "announce");
    const Outcome at = over();
    EXPECT_EQ(at.function(), "main");
    EXPECT_EQ(at.line(), 26u);
    const Outcome inside = into();
    EXPECT_EQ(inside.function(), "twice");
    EXPECT_EQ(inside.stop->tick, at.stop->tick);
    EXPECT_EQ(into().line(), 14u);
    EXPECT_EQ(into().function(), "main");
}

TEST_F(SessionSteps, OutLeavesTheFrameThatIsAskedFor) {
    load(example("overrun"));
    breakIn("setLabel");
    run(Start{});
    ASSERT_EQ(stack()[1], "addStop");
    const Outcome at = run(Step{StepKind::Out, 1});
    EXPECT_EQ(at.function(), "main");
    EXPECT_EQ(at.line(), 59u);
}

TEST_F(SessionSteps, OutLeavesAnInlinedFrameOfACaller) {
    load(example("inventory"));
    breakIn("store::Item::valueOf");
    run(Start{});
    // Until it is called by the lambda of total(), which is inlined in the library's loop.
    Outcome at;
    for (int i = 0; i < 20 && stack()[1].find("operator()") == std::string::npos; i++)
        at = run(Resume{});
    const std::vector<std::string> before = stack();
    ASSERT_NE(before[1].find("operator()"), std::string::npos);
    removeBreakpoints();
    ASSERT_TRUE(run(Step{StepKind::Out, 1}).stop);
    EXPECT_EQ(stack()[0], before[2]);
    EXPECT_EQ(client().call(Step{StepKind::Out, 999}).error().code, engine::ErrorCode::NotFound);
}

TEST_F(SessionSteps, InstructionsAreExactlyOne) {
    load(example("overrun"));
    const Outcome at = startInMain();
    const auto rows = client().call(Disassemble{.function = {}, .offset = at.stop->location.offset});
    auto here = std::find_if(rows->begin(), rows->end(), [](const DisassemblyRow& r) { return r.isCurrent; });
    for (int i = 0; i < 4; i++) {
        const Outcome next = run(Step{StepKind::Instruction});
        EXPECT_EQ(next.stop->location.offset, (++here)->offset);
    }
}

TEST_F(SessionSteps, RunToALine) {
    load(example("overrun"));
    const Outcome main = startInMain();
    const Outcome at = run(RunTo{"overrun.c", main.line() + 3, {}});
    EXPECT_EQ(at.reason(), StopReason::RunToHere);
    EXPECT_EQ(at.line(), main.line() + 3);
    EXPECT_EQ(client().call(RunTo{"overrun.c", 100'000, {}}).error().code, engine::ErrorCode::NotFound);
    EXPECT_EQ(client().call(RunTo{"", 0, uint32_t{3}}).error().code, engine::ErrorCode::NotFound);
}

TEST_F(SessionSteps, OverALongCallIsFast) {
    load(program("flood"), {"1000000"});
    startInMain();
    const auto begin = std::chrono::steady_clock::now();
    // Lines of the loop are passed at full speed.
    const Outcome end = run(Step{StepKind::Out});
    EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(10'000));
    EXPECT_TRUE(end.stop || end.exit);
}

TEST_F(SessionSteps, WithoutDebugInfoAStepIsAnInstruction) {
    const std::string path = suiteFile("debug/wat/calls.wasm");
    if (path.empty()) GTEST_SKIP() << "the conformance suites are not here";
    LaunchOptions launch = options(path);
    launch.invoke = "run";
    launch.stopAtEntry = true;
    load(launch);
    const Outcome at = run(Start{});
    ASSERT_EQ(at.reason(), StopReason::Entry);
    const Outcome next = over();
    ASSERT_TRUE(next.stop);
    EXPECT_GT(next.stop->location.offset, at.stop->location.offset);
    EXPECT_EQ(next.stop->depth, at.stop->depth);
}

}  // namespace
}  // namespace debugger_test
