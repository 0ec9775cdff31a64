// Fault loops (F17): each host call of a program fails at k = 1, 2, 3 …, once and for good. The errno arrives in the guest and in the log,
// nothing of ours breaks, and no byte that the guest was told to be written is lost.

#include <filesystem>

#include "debugger/debuggee.h"
#include "tests/debugger/session_support.h"
#include "wasi/mock_text.h"

namespace debugger {
namespace {

using debugger_test::example;
using debugger_test::program;

constexpr uint64_t kMostCalls = 3000;  // a guest that is told EINTR for ever may try for ever

struct Course {
    std::string output;              // as the host got it
    std::vector<std::string> calls;  // as lines
    std::vector<wasi::SyscallRecord> records;
    bool isCutOff = false;
};

struct Program {
    const char* name;
    LaunchOptions options;
};

LaunchOptions options(const std::string& path, std::vector<std::string> arguments, wasi::Preopen preopen) {
    LaunchOptions made;
    made.program = path;
    auto& granted = made.capabilities;
    granted.arguments = std::move(arguments);
    granted.preopens = {std::move(preopen)};
    granted.clock.kind = wasi::ClockGrant::Kind::Fixed;
    granted.random.seed = 1;
    granted.standardInput.kind = wasi::StdioKind::Null;
    granted.standardOutput.kind = granted.standardError.kind = wasi::StdioKind::Session;
    return made;
}

std::vector<Program> programs() {
    const std::string source = WASISCOPE_SOURCE_DIR;
    return {
        {"wordcount", options(example("wordcount"), {"wordcount", "sample.txt", "missing.txt"},
                              {source + "/resources/examples/wordcount", ".", wasi::MountKind::ReadOnly})},
        {"cat", options(program("cat"), {"cat", "cat.c", "echo.c"},
                        {source + "/tests/programs", ".", wasi::MountKind::ReadOnly})},
        {"overlay", options(program("overlay"), {"overlay"},
                            {source + "/tests/programs", "/data", wasi::MountKind::Overlay})},
    };
}

Course runWith(const Program& what, const std::string& rule) {
    Course run;
    LaunchOptions options = what.options;
    if (!rule.empty()) {
        auto parsed = wasi::parseMock(rule);
        EXPECT_TRUE(parsed.ok()) << rule << ": " << parsed.error().message;
        if (!parsed.ok()) return run;
        options.mocks = {parsed.value()};
    }
    auto debuggee = Debuggee::load(std::move(options));
    EXPECT_TRUE(debuggee.ok());
    if (!debuggee.ok()) return run;
    Debuggee& d = **debuggee;
    const auto started = d.start();
    EXPECT_TRUE(started.ok());
    if (!started.ok()) return run;
    d.host().setGate([&](uint16_t, engine::HostCall&) {
        run.isCutOff = d.host().log().count() >= kMostCalls;
        return run.isCutOff ? wasi::GateDecision::Stop : wasi::GateDecision::Pass;
    });
    const engine::StopKind end = d.machine().run();
    EXPECT_TRUE(end == engine::StopKind::Exited || end == engine::StopKind::Finished ||
                end == engine::StopKind::Trapped || run.isCutOff)
        << what.name << " " << rule;
    run.records = d.host().log().slice(0, kMostCalls + 1);
    for (const wasi::SyscallRecord& record : run.records)
        run.calls.push_back(wasi::show(record, 16).line());
    for (const wasi::OutputChunk& chunk : d.host().output().read(0, 1 << 20))
        run.output += chunk.bytes;
    return run;
}

/// What the guest was told to have written to its standard streams.
std::string toldWritten(const Course& run) {
    std::string text;
    for (const wasi::SyscallRecord& r : run.records) {
        if (wasi::allHostFunctions()[r.function].name != "fd_write" || r.errno_ != 0) continue;
        if (r.outcome != wasi::Outcome::Returned || (r.arguments[0] != 1 && r.arguments[0] != 2)) continue;
        uint32_t written = 0;
        std::string bytes;
        for (const wasi::MemoryAccess& access : r.accesses) {
            if (access.isWrite && access.address == static_cast<uint32_t>(r.arguments[3]))
                std::memcpy(&written, access.bytes.data(), 4);
            else if (!access.isWrite && &access != &r.accesses[0])
                bytes.append(access.bytes.begin(), access.bytes.end());
        }
        text += bytes.substr(0, written);
    }
    return text;
}

uint64_t countOf(const std::vector<std::string>& calls, const std::string& beginning) {
    return static_cast<uint64_t>(std::count_if(
        calls.begin(), calls.end(), [&](const std::string& call) { return call.starts_with(beginning); }));
}

TEST(F17_FaultLoop, EachCallFailsOnceAndForGood) {
    for (const Program& what : programs()) {
        const Course reference = runWith(what, "");
        ASSERT_GT(reference.calls.size(), 4u) << what.name;
        ASSERT_EQ(toldWritten(reference), reference.output) << what.name;
        for (const char* error : {"io", "nospc", "dquot", "intr", "stale", "rofs", "nomem", "badf"}) {
            for (const bool forGood : {false, true}) {
                uint64_t k = 1;
                for (; k <= reference.calls.size(); k++) {
                    const std::string rule = std::string("* ") + (forGood ? "from " : "nth ") +
                                             std::to_string(k) + " errno " + error;
                    const Course run = runWith(what, rule);
                    const std::string where = std::string(what.name) + ": " + rule;
                    ASSERT_EQ(toldWritten(run), run.output) << where;
                    if (run.calls.size() < k || k > reference.calls.size()) break;
                    // All before it went as ever; the call itself failed as it was told to, in the log too.
                    for (size_t i = 0; i + 1 < k; i++)
                        ASSERT_EQ(run.calls[i], reference.calls[i]) << where;
                    const wasi::SyscallRecord& failed = run.records[k - 1];
                    if (failed.outcome == wasi::Outcome::Exited) break;  // proc_exit cannot fail
                    EXPECT_EQ(failed.origin, wasi::Origin::Mock) << where;
                    EXPECT_EQ(failed.errno_, wasi::parseErrno(error)) << where;
                    if (forGood && run.isCutOff) {
                        EXPECT_TRUE(std::string(error) == "intr") << where << " tries for ever";
                        break;
                    }
                }
                EXPECT_GE(k, reference.calls.size()) << what.name << " " << error;
            }
        }
    }
}

/// However little is moved at once, all arrives: short counts are no errors.
TEST(F17_FaultLoop, ShortReadsAndWritesLoseNothing) {
    for (const Program& what : programs()) {
        const Course reference = runWith(what, "");
        for (const char* rule : {"fd_write short 1", "fd_read short 1", "fd_write every 2 short 3",
                                 "* short 7", "fd_write probability 0.5 seed 3 short 2"}) {
            const Course run = runWith(what, rule);
            ASSERT_FALSE(run.isCutOff) << what.name << ": " << rule;
            EXPECT_EQ(run.output, reference.output) << what.name << ": " << rule;
            EXPECT_EQ(toldWritten(run), run.output) << what.name << ": " << rule;
        }
    }
    const Course short1 = runWith(programs()[1], "fd_write short 1");
    EXPECT_GT(countOf(short1.calls, "fd_write"), short1.output.size() / 2);
}

/// A call that fails leaves the world as it was.
TEST(F17_FaultLoop, AFailedCallHasNoEffect) {
    Program what = programs()[2];
    what.options.mocks = {};
    auto debuggee = Debuggee::load([&] {
        LaunchOptions options = what.options;
        options.mocks = {wasi::parseMock("path_unlink_file errno io").value()};
        return options;
    }());
    ASSERT_TRUE(debuggee.ok());
    ASSERT_TRUE((*debuggee)->start().ok());
    EXPECT_EQ((*debuggee)->machine().run(), engine::StopKind::Exited);
    EXPECT_EQ((*debuggee)->machine().exitCode(), 1);
    const auto changes = (*debuggee)->host().folderChanges();
    ASSERT_TRUE(changes.ok());
    for (const wasi::FolderChange& change : changes.value()[0].changes)
        EXPECT_NE(change.path, "echo.c");
}

TEST(Mocks, KnowCallersByTheirNames) {
    Program what = programs()[0];
    const Course inMain = runWith(what, "path_open caller = main errno acces");
    EXPECT_EQ(countOf(inMain.calls, "path_open"), 2u);
    for (const wasi::SyscallRecord& r : inMain.records) {
        if (wasi::allHostFunctions()[r.function].name == "path_open") {
            EXPECT_EQ(r.origin, wasi::Origin::Mock);
        }
    }
    const Course elsewhere = runWith(what, "path_open caller = nobody errno acces");
    for (const wasi::SyscallRecord& r : elsewhere.records)
        EXPECT_EQ(r.origin, wasi::Origin::Host);
}

}  // namespace
}  // namespace debugger
