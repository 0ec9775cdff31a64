// Watchpoints of a session: what a stop says, and what becomes of them when steps, breakpoints, calls of the host and new runs meet them.
#include "tests/debugger/session_support.h"

namespace {

using namespace debugger_test;

BreakpointSpec watchOf(const std::string& expression, WatchAccess access = WatchAccess::Change) {
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::Watch;
    spec.expression = expression;
    spec.access = access;
    return spec;
}
BreakpointSpec watchOf(uint64_t address, uint64_t length, WatchAccess access = WatchAccess::Change) {
    BreakpointSpec spec = watchOf("", access);
    spec.address = address;
    spec.length = length;
    return spec;
}

class WatchTest : public SessionTest {
protected:
    void loadInlined() { load(program("inlined")); }
    /// Starts watched.c, and stops in its function half() behind the prologue.
    BreakpointId startInHalf() {
        load(program("watched"));
        const BreakpointId id = breakIn("half").id;
        EXPECT_EQ(run(Start{}).function(), "half");
        return id;
    }
    void remove(BreakpointId id) { ASSERT_TRUE(client().call(RemoveBreakpoint{id}).ok()); }
    /// A watch of the local variable of half() that never hits.
    BreakpointId watchMine() {
        BreakpointSpec spec = watchOf("mine");
        spec.condition = "mine == -1";
        return add(spec).id;
    }
};

TEST_F(WatchTest, TellsTheHostCallThatWrote) {
    load(program("calls"));
    const BreakpointInfo watch = add(watchOf(16, 8));
    EXPECT_TRUE(watch.resolved);
    const Outcome outcome = run(Start{});
    ASSERT_EQ(outcome.reason(), StopReason::Watchpoint);
    ASSERT_EQ(outcome.stop->changes.size(), 1u);
    const WatchChange& change = outcome.stop->changes[0];
    EXPECT_EQ(change.host, "wasi_snapshot_preview1.clock_time_get");
    EXPECT_TRUE(change.isChange);
    EXPECT_EQ(change.before, "0");
    EXPECT_NE(outcome.stop->text.find("watchpoint 1: 8 bytes at 0x10: 0 -> "), std::string::npos);
    EXPECT_NE(outcome.stop->text.find(", by clock_time_get, called in "), std::string::npos);
}

TEST_F(WatchTest, TellsTheHostCallThatRead) {
    load(program("stream"));
    add(watchOf(70000, 1, WatchAccess::Read));
    const Outcome outcome = run(Start{});
    ASSERT_EQ(outcome.reason(), StopReason::Watchpoint);
    const WatchChange& change = outcome.stop->changes.at(0);
    EXPECT_EQ(change.host, "wasi_snapshot_preview1.fd_write");
    EXPECT_TRUE(change.isRead && !change.isWrite);
    EXPECT_NE(outcome.stop->text.find("read: 120 (0x78), by fd_write, called in "), std::string::npos);
}

TEST_F(WatchTest, IsSetWhileTheProgramRuns) {
    load(program("spin"));
    ASSERT_TRUE(client().call(Start{}).ok());
    ASSERT_TRUE(waitForState(SessionState::Running));
    add(watchOf("counter"));
    const Outcome outcome = waitForStop();
    ASSERT_EQ(outcome.reason(), StopReason::Watchpoint);
    const WatchChange& change = outcome.stop->changes.at(0);
    EXPECT_EQ(std::stoul(change.after), std::stoul(change.before) + 1);
    EXPECT_EQ(change.by.functionName, "turn");
    EXPECT_EQ(change.by.line, 5u);
}

TEST_F(WatchTest, LogTextsAndConditionsDecideAsForBreakpoints) {
    load(program("spin"));
    BreakpointSpec log = watchOf("counter");
    log.logText = "now {counter}";
    log.condition = "counter < 4";
    add(log);
    BreakpointSpec last = watchOf("counter", WatchAccess::Write);
    last.ignoreCount = 4;
    last.temporary = true;
    const BreakpointId id = add(last).id;
    const Outcome outcome = run(Start{});
    EXPECT_EQ(outcome.stop->breakpoints, std::vector{id});
    EXPECT_EQ(outcome.stop->changes.at(0).after, "5");
    std::string texts;
    for (const LogMessage& message : eventsOf<LogMessage>())
        texts += message.text + ";";
    EXPECT_EQ(texts, "now 1;now 2;now 3;");
    EXPECT_EQ(client().call(ListBreakpoints{})->size(), 1u);
}

TEST_F(WatchTest, StopsAStepAndPassesWhatDoesNotStop) {
    loadInlined();
    startInMain();
    const BreakpointId id = add(watchOf("counter")).id;
    Outcome outcome = run(Step{StepKind::Over});
    ASSERT_EQ(outcome.reason(), StopReason::Watchpoint);
    EXPECT_EQ(outcome.stop->changes.at(0).by.functionName, "announce");
    EXPECT_EQ(outcome.stop->changes.at(0).after, "1");
    BreakpointSpec never = watchOf("counter");
    never.condition = "counter == 100";
    ASSERT_TRUE(client().call(ChangeBreakpoint{id, never}).ok());
    for (int i = 0; i < 200 && outcome.reason() != StopReason::Exited && outcome.function() != "half"; i++) {
        outcome = run(Step{StepKind::Instruction});
        ASSERT_NE(outcome.reason(), StopReason::Watchpoint);
    }
    EXPECT_EQ(value("counter"), "2");
}

TEST_F(WatchTest, ABreakpointWhereItStoppedIsStillToCome) {
    load(program("spin"));
    const BreakpointId watch = add(watchOf("counter")).id;
    run(Start{});
    BreakpointSpec behind;
    behind.kind = BreakpointSpec::Kind::Offset;
    behind.offset = client().call(GetFrames{0, 1})->at(0).location.offset;
    const BreakpointId breakpoint = add(behind).id;
    Outcome outcome = run(Resume{});
    EXPECT_EQ(outcome.stop->breakpoints, std::vector{watch});
    outcome = run(Resume{});
    EXPECT_EQ(outcome.stop->breakpoints, std::vector{breakpoint});
    EXPECT_EQ(outcome.reason(), StopReason::Breakpoint);
    outcome = run(Resume{});
    EXPECT_EQ(outcome.stop->breakpoints, std::vector{watch});
}

TEST_F(WatchTest, ARememberedOneIsKeptAsPendingUntilItMeansSomething) {
    const auto kept = client().call(AddBreakpoint{watchOf("counter"), true});
    ASSERT_TRUE(kept.ok());
    EXPECT_FALSE(kept->resolved);
    loadInlined();
    const auto other = client().call(AddBreakpoint{watchOf("gone"), true});
    ASSERT_TRUE(other.ok());
    EXPECT_NE(other->message.find("no variable `gone`"), std::string::npos);
    const auto all = client().call(ListBreakpoints{});
    EXPECT_TRUE(all->at(0).resolved);
    EXPECT_EQ(all->at(0).length, 4u);
    EXPECT_EQ(run(Start{}).reason(), StopReason::Watchpoint);
}

TEST_F(WatchTest, OfALocalEndsWithItsRunAndSaysSo) {
    load(example("wordcount"));
    startInMain();
    breakIn("addWord");
    const BreakpointInfo watch = add(watchOf("failures"));
    EXPECT_EQ(watch.scope, "until main returns");
    forgetEvents();
    ASSERT_TRUE(client().call(Terminate{}).ok());
    std::vector<BreakpointId> removed;
    for (const BreakpointChanged& changed : eventsOf<BreakpointChanged>())
        if (changed.removed) removed.push_back(changed.breakpoint.id);
    EXPECT_EQ(removed, std::vector{watch.id});
    EXPECT_EQ(client().call(ListBreakpoints{})->size(), 1u);
}

TEST_F(WatchTest, ValuesWrittenByTheDebuggerAreNoHits) {
    load(program("spin"));
    add(watchOf("counter"));
    run(Start{});
    ASSERT_TRUE(client().call(Assign{0, "counter", "1000"}).ok());
    const Outcome outcome = run(Resume{});
    EXPECT_EQ(outcome.stop->changes.at(0).before, "1000");
    EXPECT_EQ(outcome.stop->changes.at(0).after, "1001");
}

TEST_F(WatchTest, ABreakpointWhereItsFrameReturnsToStopsToo) {
    BreakpointId half = startInHalf();
    watchMine();
    remove(half);
    Outcome outcome = run(Resume{});
    ASSERT_EQ(outcome.reason(), StopReason::Watchpoint);
    EXPECT_EQ(outcome.stop->text.find("watchpoint 2 deleted: its frame has returned; at "), 0u);
    BreakpointSpec behind;
    behind.kind = BreakpointSpec::Kind::Offset;
    behind.offset = client().call(GetFrames{0, 1})->at(0).location.offset;
    const BreakpointId breakpoint = add(behind).id;
    ASSERT_TRUE(client().call(Terminate{}).ok());
    half = startInHalf();
    watchMine();
    remove(half);
    outcome = run(Resume{});
    EXPECT_EQ(outcome.reason(), StopReason::Breakpoint);
    EXPECT_EQ(outcome.stop->breakpoints, std::vector{breakpoint});
    EXPECT_NE(outcome.stop->text.find("; watchpoint 5 deleted: its frame has returned"), std::string::npos);
    EXPECT_EQ(client().call(ListBreakpoints{})->size(), 1u);
}

TEST_F(WatchTest, AStepOutOfItsFrameTellsTheReturnedValue) {
    startInHalf();
    watchMine();
    const Outcome outcome = run(Step{StepKind::Out});
    EXPECT_EQ(outcome.reason(), StopReason::Step);
    EXPECT_EQ(outcome.stop->returned, "105");
    EXPECT_NE(outcome.stop->text.find("; watchpoint 2 deleted: its frame has returned"), std::string::npos);
}

TEST_F(WatchTest, EndsWithItsFrameWhileItIsDisabled) {
    const BreakpointId half = startInHalf();
    const BreakpointId first = watchMine(), second = watchMine();
    for (const BreakpointId id : {first, second}) {
        BreakpointSpec off = watchOf("mine");
        off.enabled = false;
        ASSERT_TRUE(client().call(ChangeBreakpoint{id, off}).ok());
    }
    remove(half);
    remove(second);  // the other one still waits for the return
    const Outcome outcome = run(Resume{});
    EXPECT_EQ(outcome.reason(), StopReason::Watchpoint);
    EXPECT_EQ(outcome.stop->text.find("watchpoint " + std::to_string(first) + " deleted"), 0u);
    EXPECT_EQ(client().call(ListBreakpoints{})->size(), 0u);
}

TEST_F(WatchTest, OfABitFieldOnlyItsOwnBitsCount) {
    load(program("watched"));
    add(watchOf("flags.kind"));
    const BreakpointId write = add(watchOf("flags.count", WatchAccess::Write)).id;
    const auto texts = [this](const auto& request) {
        std::string all;
        const Outcome outcome = run(request);
        if (!outcome.stop) return std::string("exited");
        for (const WatchChange& change : outcome.stop->changes)
            all += (all.empty() ? "" : "; ") + change.what + " " + change.before +
                   (change.isChange ? " -> " + change.after : "");
        return all;
    };
    EXPECT_EQ(texts(Start{}), "flags.kind 0 -> 3; flags.count 0");
    EXPECT_EQ(texts(Resume{}), "flags.count 0 -> 100");
    remove(write);
    EXPECT_EQ(texts(Resume{}), "flags.kind 3 -> 4");
    EXPECT_EQ(texts(Resume{}), "exited");
}

TEST_F(WatchTest, OfALocalOfADeepSelectedFrameEndsWithThatFrame) {
    load(program("watched"));
    BreakpointSpec bottom;
    bottom.kind = BreakpointSpec::Kind::Function;
    bottom.function = "deep";
    bottom.condition = "n == 0";
    const BreakpointId id = add(bottom).id;
    run(Start{});
    remove(id);
    const auto watch = client().call(AddBreakpoint{watchOf("mine"), false, 250});
    ASSERT_TRUE(watch.ok());
    EXPECT_EQ(watch->scope, "until deep returns");
    const Outcome outcome = run(Resume{});
    EXPECT_EQ(outcome.stop->changes.at(0).before, "250");
    EXPECT_EQ(value("n"), "250");
}

TEST_F(WatchTest, ALocalIsRefusedBeforeItsFrameIsSetUp) {
    load(program("watched"));
    startInMain();
    Outcome outcome;
    for (int i = 0; i < 200 && outcome.function() != "bits" && outcome.function() != "half"; i++) {
        outcome = run(Step{StepKind::Instruction});
        if (outcome.function() == "bits") outcome = run(Step{StepKind::Out});
    }
    ASSERT_EQ(outcome.function(), "half");
    const auto early = client().call(AddBreakpoint{watchOf("mine")});
    ASSERT_FALSE(early.ok());
    EXPECT_EQ(early.error().message,
              "mine cannot be watched: it is known only once its frame is set up; step on first");
    run(Step{StepKind::Over});
    EXPECT_TRUE(client().call(AddBreakpoint{watchOf("mine")}).ok());
}

TEST_F(WatchTest, AnObjectThatDoesNotFitInTheAddressesIsRefused) {
    load(program("watched"));
    startInMain();
    const auto last = client().call(AddBreakpoint{watchOf("*(int*)0xfffffffc")});
    EXPECT_TRUE(last.ok());
    const auto behind = client().call(AddBreakpoint{watchOf("*(int*)0xfffffffe")});
    ASSERT_FALSE(behind.ok());
    EXPECT_EQ(behind.error().message, "addresses of this memory end at 0xffffffff");
}

}  // namespace
