// Programs run with what their first run was found to need, and no more.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "debugger/debuggee.h"
#include "tests/debugger/session_support.h"
#include "wasi/capabilities_json.h"
#include "wasi/least_grant.h"

namespace debugger {
namespace {

struct Outcome {
    int64_t exitCode = 0;
    std::string output;
    wasi::LedgerView ledger;
};

Outcome run(const std::string& program, const wasi::Capabilities& capabilities) {
    Outcome outcome;
    LaunchOptions options;
    options.program = program;
    options.capabilities = capabilities;
    options.showDenied = true;
    auto debuggee = Debuggee::load(std::move(options));
    if (!debuggee || !(*debuggee)->start()) {
        ADD_FAILURE() << program << " does not start";
        return outcome;
    }
    for (bool runs = true; runs;) {
        const engine::StopKind kind = (*debuggee)->machine().run();
        runs = kind == engine::StopKind::Finished && (*debuggee)->nextPhase().valueOr(false);
    }
    outcome.exitCode = (*debuggee)->machine().exitCode();
    for (const auto& piece : (*debuggee)->host().output().read(0, 1 << 20))
        outcome.output.append(piece.bytes.begin(), piece.bytes.end());
    outcome.ledger = (*debuggee)->host().ledger();
    return outcome;
}

class LeastGrantTest : public testing::Test {
protected:
    LeastGrantTest() {
        std::string name = (std::filesystem::temp_directory_path() / "grants_test.XXXXXX").string();
        m_folder = mkdtemp(name.data());
        std::filesystem::create_directories(m_folder / "a/b");
        std::filesystem::create_directories(m_folder / "a/c");
        std::ofstream(m_folder / "a/b/one") << "one\n";
        std::ofstream(m_folder / "a/c/two") << "two\n";
        m_granted.environment = {{"UNUSED", "1"}};
        m_granted.preopens = {{m_folder.string(), "/data", wasi::MountKind::Real},
                              {m_folder.string(), "/unused", wasi::MountKind::Real}};
        m_granted.standardInput.kind = m_granted.standardOutput.kind = m_granted.standardError.kind =
            wasi::StdioKind::Session;
    }
    ~LeastGrantTest() override {
        std::error_code ignored;
        std::filesystem::remove_all(m_folder, ignored);
    }
    static std::string program(const std::string& name) {
        return WASISCOPE_SOURCE_DIR "/tests/programs/" + name;
    }
    wasi::Capabilities least(const Outcome& outcome) const {
        return wasi::leastGrant(outcome.ledger, m_granted);
    }

    std::filesystem::path m_folder;
    wasi::Capabilities m_granted;
};

TEST_F(LeastGrantTest, IsTheDeepestCommonFolderReadOnlyAndEnough) {
    m_granted.arguments = {"cat.wasm", "/data/a/b/one", "/data/a/c/two"};
    const Outcome first = run(program("cat.wasm"), m_granted);
    EXPECT_EQ(first.output, "one\ntwo\n");
    const wasi::Capabilities needed = least(first);
    const wasi::Preopen folder{(m_folder / "a").string(), "/data/a", wasi::MountKind::ReadOnly};
    EXPECT_EQ(needed.preopens, std::vector<wasi::Preopen>{folder});
    EXPECT_TRUE(needed.environment.empty());
    EXPECT_EQ(needed.standardInput.kind, wasi::StdioKind::Null);
    EXPECT_EQ(needed.arguments, m_granted.arguments);

    // … also by way of the file that it is written to.
    const auto read = wasi::capabilitiesFromJson(wasi::toJson(needed));
    ASSERT_TRUE(read.ok());
    const Outcome second = run(program("cat.wasm"), *read);
    EXPECT_EQ(second.output, first.output);
    EXPECT_EQ(second.exitCode, first.exitCode);
    EXPECT_TRUE(second.ledger.refusals.empty());
    EXPECT_EQ(least(second).preopens, needed.preopens) << "nothing is left to take away";
}

TEST_F(LeastGrantTest, ARunOverLinksHasEnough) {
    std::filesystem::create_symlink("../c/two", m_folder / "a/b/link");
    m_granted.arguments = {"cat.wasm", "/data/a/b/one", "/data/a/b/link"};
    const Outcome first = run(program("cat.wasm"), m_granted);
    EXPECT_EQ(first.output, "one\ntwo\n");
    const Outcome second = run(program("cat.wasm"), least(first));
    EXPECT_EQ(second.output, first.output);
    EXPECT_EQ(least(first).preopens.at(0).guestPath, "/data/a");
}

TEST_F(LeastGrantTest, OneFolderLessIsTooLittle) {
    m_granted.arguments = {"cat.wasm", "/data/a/b/one", "/data/a/c/two"};
    wasi::Capabilities less = least(run(program("cat.wasm"), m_granted));
    less.preopens.at(0) = {(m_folder / "a/b").string(), "/data/a/b", wasi::MountKind::ReadOnly};
    const Outcome outcome = run(program("cat.wasm"), less);
    EXPECT_NE(outcome.exitCode, 0);
    ASSERT_EQ(outcome.ledger.refusals.size(), 1u);
    EXPECT_EQ(outcome.ledger.refusals[0].subject, "/data/a/c/two");
}

TEST_F(LeastGrantTest, WhatIsWrittenStaysWritable) {
    m_granted.preopens.at(0).kind = wasi::MountKind::Overlay;
    m_granted.preopens.at(1) = {"", "/tmp", wasi::MountKind::InMemory};
    std::ofstream(m_folder / "echo.c") << "x";
    m_granted.arguments = {"overlay.wasm"};
    const Outcome first = run(program("overlay.wasm"), m_granted);
    const wasi::Capabilities needed = least(first);
    ASSERT_EQ(needed.preopens.size(), 1u);
    EXPECT_EQ(needed.preopens[0], m_granted.preopens[0]);
    EXPECT_EQ(run(program("overlay.wasm"), needed).output, first.output);
}

TEST_F(LeastGrantTest, NothingIsNeededByWhoUsesNothing) {
    m_granted.arguments = {"constant", "x"};
    const wasi::Capabilities needed = wasi::leastGrant(wasi::ledgerOf(m_granted), m_granted);
    EXPECT_TRUE(needed.arguments.empty());
    EXPECT_TRUE(needed.preopens.empty());
}

TEST_F(LeastGrantTest, WhoCountsOnDescriptorsKeepsThem) {
    m_granted.preopens = {{"/h/a", "/a", wasi::MountKind::Real},
                          {"/h/b", "/b", wasi::MountKind::Real},
                          {"/h/c", "/c", wasi::MountKind::Real}};
    wasi::LedgerView ledger = wasi::ledgerOf(m_granted);
    for (wasi::GrantUse& use : ledger.grants)
        if (use.name == "/b") use.isUsed = true, use.folder = "/b/x";
    const std::vector<wasi::Preopen> whole{{"/h/a", "/a", wasi::MountKind::ReadOnly},
                                           {"/h/b", "/b", wasi::MountKind::ReadOnly}};
    EXPECT_EQ(wasi::leastGrant(ledger, m_granted).preopens, whole);
    ledger.cataloguedFolders = true;
    const std::vector<wasi::Preopen> deep{{"/h/b/x", "/b/x", wasi::MountKind::ReadOnly}};
    EXPECT_EQ(wasi::leastGrant(ledger, m_granted).preopens, deep);
}

// ------------------------------------------------------------------------------------------------------------ in a session

class GrantsInSession : public debugger_test::SessionTest {};

TEST_F(GrantsInSession, AreChangedWhileTheProgramRuns) {
    load(debugger_test::program("spin"));
    ASSERT_TRUE(client().call(Start{}).ok());
    ASSERT_TRUE(waitForState(SessionState::Running));
    const wasi::Preopen folder{WASISCOPE_SOURCE_DIR "/tests", "/new", wasi::MountKind::ReadOnly};
    const auto granted = client().call(GrantCapability{folder});
    ASSERT_TRUE(granted.ok()) << granted.error().text();
    EXPECT_TRUE(granted->starts_with("descriptor 3 is /new")) << *granted;
    EXPECT_EQ(client().call(GetLedger{})->grants.back().name, "/new");
    EXPECT_EQ(client().call(GetCapabilities{})->preopens, std::vector<wasi::Preopen>{folder});
    EXPECT_TRUE(client().call(RevokeCapability{"/new"}).ok());
    EXPECT_TRUE(client().call(GetCapabilities{})->preopens.empty());
    EXPECT_FALSE(client().call(RevokeCapability{"/new"}).ok());
    EXPECT_FALSE(client().call(GrantCapability{wasi::Preopen{"/no/such", "/x", {}}}).ok());
    EXPECT_TRUE(client().call(GetCapabilities{})->preopens.empty());
    EXPECT_TRUE(eventsOf<Stopped>().empty()) << "the program never stopped";
    EXPECT_TRUE(client().call(Terminate{}).ok());
}

TEST_F(GrantsInSession, ADeniedCallIsMadeAgainAndWhatWasGrantedStays) {
    load(debugger_test::example("wordcount"), {"sample.txt"});
    BreakpointSpec denied;
    denied.kind = BreakpointSpec::Kind::Denied;
    ASSERT_TRUE(client().call(AddBreakpoint{denied}).ok());
    const auto stopped = run(Start{});
    ASSERT_EQ(stopped.reason(), StopReason::Denied);
    EXPECT_EQ(stopped.function(), "main");
    ASSERT_TRUE(stopped.stop->refusal);
    EXPECT_EQ(stopped.stop->refusal->call, "path_open");
    const wasi::Preopen folder{WASISCOPE_SOURCE_DIR "/resources/examples/wordcount", ".",
                               wasi::MountKind::ReadOnly};
    ASSERT_TRUE(client().call(GrantCapability{folder}).ok());
    const auto ended = run(Resume{});
    ASSERT_TRUE(ended.exit);
    EXPECT_EQ(ended.exit->code, 0);
    const auto again = run(Start{});
    ASSERT_TRUE(again.exit) << "the next start has it from the beginning";
    EXPECT_EQ(again.exit->code, 0);
}

}  // namespace
}  // namespace debugger
