// What is granted, used and refused; grants that change while a program runs; calls that are made again after a grant.

#include "wasi/ledger.h"

#include <gtest/gtest.h>

#include "tests/wasi/guest.h"
#include "wasi/grant_check.h"

namespace wasi {
namespace {

class LedgerTest : public testing::Test {
protected:
    static const GrantUse& use(const LedgerView& view, const std::string& name) {
        for (const auto& grant : view.grants)
            if (grant.name == name) return grant;
        ADD_FAILURE() << "no grant " << name;
        return view.grants.at(0);
    }
    static std::string grantOf(Guest& guest) {
        const auto view = guest.host->ledger();
        return view.refusals.empty() ? "" : view.refusals.back().flag;
    }

    Scratch m_scratch;
};

TEST_F(LedgerTest, CountsWhatEachGrantWasUsedFor) {
    auto c = Guest::with(m_scratch);
    c.environment = {{"HOME", "/h"}};
    m_scratch.put("inside/f", "abc");
    Guest guest(c);
    uint32_t fd = 0;
    ASSERT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadOnly, &fd), Errno::Success);  // call 0
    EXPECT_EQ(guest.read(fd, 2), "ab");
    EXPECT_EQ(guest.read(fd, 2), "c");
    EXPECT_EQ(guest.write(1, "hello"), Errno::Success);
    EXPECT_EQ(guest.call("clock_time_get", 1, 0, guest.room(8)), Errno::Success);  // call 4
    const auto view = guest.host->ledger();
    const auto& data = use(view, "/data");
    EXPECT_EQ(data.calls, 3u);
    EXPECT_EQ(data.bytesRead, 3u);
    EXPECT_EQ(data.bytesWritten, 0u);
    EXPECT_EQ(data.first, 0u);
    EXPECT_EQ(data.last, 2u);
    EXPECT_TRUE(data.isUsed);
    EXPECT_FALSE(data.isChanged);
    EXPECT_EQ(data.granted, "read-write " + m_scratch.inside());
    EXPECT_EQ(data.byCall[0], (std::pair<std::string, uint64_t>("fd_read", 2)));
    EXPECT_EQ(use(view, "stdout").bytesWritten, 5u);
    EXPECT_EQ(use(view, "clock").first, 4u);
    EXPECT_FALSE(use(view, "random").isUsed);
    EXPECT_FALSE(use(view, "arguments").isUsed);
    EXPECT_FALSE(use(view, "HOME").isUsed);
    EXPECT_TRUE(view.refusals.empty());
}

TEST_F(LedgerTest, TellsTheEnvironmentByVariable) {
    auto c = Guest::quiet();
    c.environment = {{"A", "1"}, {"B", "2"}};
    Guest guest(c);
    EXPECT_EQ(guest.call("environ_sizes_get", guest.room(4), guest.room(4)), Errno::Success);
    EXPECT_FALSE(use(guest.host->ledger(), "A").isUsed);
    EXPECT_EQ(guest.call("environ_get", guest.room(64), guest.room(64)), Errno::Success);
    EXPECT_TRUE(use(guest.host->ledger(), "A").isUsed);
    EXPECT_EQ(use(guest.host->ledger(), "B").granted, "2");
}

TEST_F(LedgerTest, KnowsTheDeepestFolderThatWasNeededAndWhetherItChanged) {
    std::filesystem::create_directories(m_scratch.inside("a/b"));
    std::filesystem::create_directories(m_scratch.inside("a/c"));
    m_scratch.put("inside/a/b/f", "x");
    Guest guest(Guest::with(m_scratch));
    EXPECT_EQ(use(guest.host->ledger(), "/data").folder, "");
    EXPECT_EQ(guest.stat(3, "a/b/f"), Errno::Success);
    EXPECT_EQ(use(guest.host->ledger(), "/data").folder, "/data/a/b");
    EXPECT_EQ(guest.stat(3, "a/b/none"), Errno::Noent);
    EXPECT_EQ(use(guest.host->ledger(), "/data").folder, "/data/a/b");
    uint32_t folder = 0;
    ASSERT_EQ(guest.open(3, "a/c", Oflags::Directory, Rights::FdReaddir, &folder), Errno::Success);
    EXPECT_EQ(use(guest.host->ledger(), "/data").folder, "/data/a");
    EXPECT_FALSE(use(guest.host->ledger(), "/data").isChanged);
    EXPECT_EQ(guest.onPath("path_create_directory", 3, "a/d"), Errno::Success);
    EXPECT_TRUE(use(guest.host->ledger(), "/data").isChanged);
    EXPECT_EQ(guest.stat(3, "."), Errno::Success);
    EXPECT_EQ(use(guest.host->ledger(), "/data").folder, "/data");
}

TEST_F(LedgerTest, AFolderThatIsGrantedWithASlashIsTheSame) {
    m_scratch.put("inside/f", "x");
    auto c = Guest::quiet();
    c.preopens = {{m_scratch.inside(), "/data/", MountKind::Real}};
    Guest guest(c);
    EXPECT_EQ(guest.stat(3, "."), Errno::Success);
    EXPECT_EQ(guest.stat(3, "f"), Errno::Success);
    EXPECT_EQ(use(guest.host->ledger(), "/data/").folder, "/data");
}

/// Whatever a link leads to has to be granted as well, or the link would lead out of what is.
TEST_F(LedgerTest, TheFolderHoldsWhatLinksLeadTo) {
    for (const char* folder : {"a/b", "a/c/deep", "d"})
        std::filesystem::create_directories(m_scratch.inside(folder));
    for (const char* file : {"a/b/f", "a/c/f", "d/f", "a/c/deep/f"})
        m_scratch.put(std::string("inside/") + file, "x");
    m_scratch.link("../c/f", "a/b/sideways");
    m_scratch.link("../../d", "a/b/away");
    m_scratch.link("f", "a/b/near");
    m_scratch.link("c/deep", "a/door");
    m_scratch.link("gone", "a/b/dangling");
    m_scratch.link("../c/none", "a/b/astray");
    m_scratch.link("sideways", "a/b/twice");
    const auto folderAfter = [&](const std::function<void(Guest&)>& use) {
        Guest guest(Guest::with(m_scratch));
        use(guest);
        return LedgerTest::use(guest.host->ledger(), "/data").folder;
    };
    const auto opening = [](std::string_view path, Errno expected = Errno::Success) {
        return [=](Guest& guest) {
            EXPECT_EQ(guest.open(3, path, Oflags::None, Guest::kReadOnly), expected) << path;
        };
    };
    EXPECT_EQ(folderAfter(opening("a/b/near")), "/data/a/b");
    EXPECT_EQ(folderAfter(opening("a/b/sideways")), "/data/a");
    EXPECT_EQ(folderAfter(opening("a/b/twice")), "/data/a");
    EXPECT_EQ(folderAfter(opening("a/b/away/f")), "/data/a/b/away") << "followed when it is granted";
    EXPECT_EQ(folderAfter([&](Guest& guest) {
                  opening("a/b/away/f")(guest);
                  opening("a/b/f")(guest);
              }),
              "/data");
    EXPECT_EQ(folderAfter(opening("a/door/f")), "/data/a/door");
    EXPECT_EQ(folderAfter(opening("a/door/../f")), "/data/a");
    EXPECT_EQ(folderAfter(opening("a/b/dangling", Errno::Noent)), "/data/a/b");
    EXPECT_EQ(folderAfter(opening("a/b/astray", Errno::Noent)), "/data/a") << "that it is not there is seen";
    EXPECT_EQ(folderAfter([](Guest& guest) {
                  EXPECT_EQ(guest.stat(3, "a/b/sideways", Lookupflags::None), Errno::Success);
              }),
              "/data/a/b")
        << "the link itself was looked at";
    EXPECT_EQ(folderAfter([](Guest& guest) { EXPECT_EQ(guest.stat(3, "a/b/sideways"), Errno::Success); }),
              "/data/a");
    EXPECT_EQ(folderAfter([](Guest& guest) {
                  uint32_t fd = 0;
                  const auto rights = Guest::kReadOnly | Rights::PathOpen;
                  EXPECT_EQ(guest.open(3, "a/b/away", Oflags::Directory, rights, &fd,
                                       Lookupflags::SymlinkFollow, Guest::kReadOnly),
                            Errno::Success);
                  EXPECT_EQ(guest.open(fd, "f", Oflags::None, Guest::kReadOnly), Errno::Success);
                  EXPECT_EQ(guest.stat(3, "a/b/f"), Errno::Success);
              }),
              "/data");
}

TEST_F(LedgerTest, AsManyNamesAsAPathHasCostNoMore) {
    for (const char* folder : {"a/b", "a/c"})
        std::filesystem::create_directories(m_scratch.inside(folder));
    m_scratch.put("inside/a/c/f", "x");
    m_scratch.link("../c/f", "a/b/sideways");
    const auto folderAfter = [&](int names, MountKind kind) {
        std::string path = "a/b/sideways";
        for (int i = 0; i < names; i++)
            path.insert(2, "b/../");
        Guest guest(Guest::with(m_scratch, kind));
        EXPECT_EQ(guest.stat(3, path), Errno::Success);
        return LedgerTest::use(guest.host->ledger(), "/data").folder;
    };
    for (const MountKind kind : {MountKind::Real, MountKind::Overlay}) {
        EXPECT_EQ(folderAfter(400, kind), "/data/a");
        EXPECT_EQ(folderAfter(600, kind), "/data") << "what lies behind so many is not looked at";
    }
}

TEST_F(LedgerTest, AsManyLinksAsAGuestMakesCostNoMore) {
    std::filesystem::create_directories(m_scratch.inside("a"));
    m_scratch.put("inside/a/f", "x");
    Guest guest(Guest::with(m_scratch));
    for (int i = 0; i < 1100; i++) {
        const std::string name = "a/l" + std::to_string(i);
        m_scratch.link("f", name);
        EXPECT_EQ(guest.stat(3, name), Errno::Success);
        if (i == 900) {
            EXPECT_EQ(use(guest.host->ledger(), "/data").folder, "/data/a");
        }
    }
    EXPECT_EQ(use(guest.host->ledger(), "/data").folder, "/data") << "more than are remembered";
}

TEST_F(LedgerTest, BothPlacesOfARenameAndALinkAreNeeded) {
    for (const char* folder : {"a/b", "a/c", "d"})
        std::filesystem::create_directories(m_scratch.inside(folder));
    m_scratch.put("inside/a/b/f", "x");
    m_scratch.put("inside/a/c/f", "x");
    const auto both = [&](const char* call, std::string_view from, std::string_view to) {
        auto c = Guest::with(m_scratch);
        c.preopens.push_back({m_scratch.inside("d"), "/other", MountKind::Real});
        Guest guest(c);
        const uint32_t second = to.starts_with("/other/") ? 4 : 3;
        if (second == 4) to.remove_prefix(7);
        std::vector<uint64_t> arguments{3, guest.put(from), from.size(), second, guest.put(to), to.size()};
        if (std::string_view(call) == "path_link") arguments.insert(arguments.begin() + 1, 0);
        Errno error{};
        (void)guest.outcome(call, arguments, &error);
        EXPECT_EQ(error, Errno::Success) << from << " " << to;
        const auto view = guest.host->ledger();
        const auto &data = use(view, "/data"), &other = use(view, "/other");
        EXPECT_TRUE(data.isChanged);
        EXPECT_EQ(other.isChanged, second == 4);
        return data.folder + " " + other.folder;
    };
    EXPECT_EQ(both("path_link", "a/b/f", "a/b/g"), "/data/a/b ");
    EXPECT_EQ(both("path_link", "a/b/f", "a/c/g"), "/data/a ");
    EXPECT_EQ(both("path_link", "a/b/f", "/other/g"), "/data/a/b /other");
    m_scratch.link("../c", "a/b/side");
    EXPECT_EQ(both("path_link", "a/b/side/f", "a/b/n"), "/data/a ") << "over a link";
    EXPECT_EQ(both("path_link", "a/b/f", "a/b/side/n"), "/data/a ");
    EXPECT_EQ(both("path_rename", "a/b/g", "a/b/h"), "/data/a/b ");
    EXPECT_EQ(both("path_rename", "a/b/h", "d/h"), "/data ");
    EXPECT_EQ(both("path_rename", "a/c/g", "/other/i"), "/data/a/c /other");
}

TEST_F(LedgerTest, OpeningForWritingIsAChange) {
    m_scratch.put("inside/f", "x");
    Guest guest(Guest::with(m_scratch));
    ASSERT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadWrite), Errno::Success);
    EXPECT_TRUE(use(guest.host->ledger(), "/data").isChanged);
}

TEST_F(LedgerTest, SaysWhichSingleGrantWouldHaveAllowedIt) {
    m_scratch.put("inside/f", "x");
    auto c = Guest::with(m_scratch, MountKind::ReadOnly);
    Guest guest(c);
    EXPECT_EQ(guest.open(3, "../etc/passwd", Oflags::None, Guest::kReadOnly), Errno::Notcapable);
    EXPECT_EQ(guest.last().detail,
              "denied: no preopen covers /etc/passwd; nearest is /data; grant: --dir-ro /etc::/etc");
    EXPECT_EQ(guest.open(3, "../etc/passwd", Oflags::None, Guest::kReadWrite), Errno::Notcapable);
    EXPECT_EQ(grantOf(guest), "--dir /etc::/etc");
    EXPECT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadWrite), Errno::Rofs);
    EXPECT_EQ(grantOf(guest), "--dir " + m_scratch.inside() + "::/data");
    EXPECT_EQ(guest.onPath("path_unlink_file", 3, "f"), Errno::Rofs);
    const auto refusals = guest.host->ledger().refusals;
    ASSERT_EQ(refusals.size(), 3u);
    EXPECT_EQ(refusals[2].count, 2u);
    EXPECT_EQ(refusals[2].first, 2u);
    EXPECT_EQ(refusals[2].last, 3u);
    EXPECT_EQ(refusals[2].call, "path_open");
    EXPECT_EQ(refusals[2].subject, "/data/f");
    ASSERT_TRUE(refusals[2].grant);
    EXPECT_EQ(toText(*refusals[2].grant), "dir " + m_scratch.inside() + "::/data rw");

    m_scratch.link("/etc", "out");
    EXPECT_EQ(guest.stat(3, "out/passwd"), Errno::Notcapable);
    EXPECT_EQ(grantOf(guest), "") << "no grant makes a link lead out of a preopen";
}

TEST_F(LedgerTest, SaysWhatLacksWhereNoFolderOrListenerIsGranted) {
    Guest guest;
    EXPECT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadOnly), Errno::Badf);
    EXPECT_EQ(grantOf(guest), "--dir-ro .");
    EXPECT_EQ(guest.call("sock_accept", 3, 0, guest.room(4)), Errno::Badf);
    EXPECT_EQ(grantOf(guest), "--listen ADDRESS:PORT");
}

TEST_F(LedgerTest, LimitsAreRefusalsToo) {
    m_scratch.put("inside/f", "x");
    auto c = Guest::with(m_scratch);
    c.budgets.maxOpenFiles = 1;
    c.budgets.maxOutputBytes = 4;
    Guest guest(c);
    EXPECT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadOnly), Errno::Success);
    EXPECT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadOnly), Errno::Mfile);
    EXPECT_TRUE(grantOf(guest).starts_with("--max-files ")) << grantOf(guest);
    EXPECT_EQ(guest.write(1, "123456"), Errno::Success);
    EXPECT_EQ(guest.write(1, "56"), Errno::Nospc);
    EXPECT_EQ(grantOf(guest), "--max-output 8");
}

TEST_F(LedgerTest, StaysSmallWhateverIsRefused) {
    Guest guest(Guest::with(m_scratch));
    const uint32_t stat = guest.room(64), path = guest.put("../1000000");
    for (int i = 0; i < 1500; i++) {
        const std::string name = "../" + std::to_string(1'000'000 + i);
        std::memcpy(guest.memory() + path, name.data(), name.size());
        ASSERT_EQ(guest.call("path_filestat_get", 3, 0, path, name.size(), stat), Errno::Notcapable);
    }
    const auto view = guest.host->ledger();
    EXPECT_EQ(view.refusals.size(), Ledger::kMostRefusals);
    EXPECT_EQ(view.refusedBesides, 1500 - Ledger::kMostRefusals);
}

TEST_F(LedgerTest, NothingIsNotedWithoutALog) {
    Guest guest(Guest::with(m_scratch));
    guest.host->setLogging(false);
    EXPECT_EQ(guest.open(3, "../x", Oflags::None, Guest::kReadOnly), Errno::Notcapable);
    EXPECT_EQ(guest.stat(3, "f"), Errno::Noent);
    const auto view = guest.host->ledger();
    EXPECT_TRUE(view.refusals.empty());
    EXPECT_EQ(use(view, "/data").calls, 0u);
}

// ----------------------------------------------------------------------------------------------------------- live edits

TEST_F(LedgerTest, AFolderIsGrantedWhileTheProgramRuns) {
    m_scratch.put("inside/f", "abc");
    Guest guest;
    EXPECT_EQ(guest.call("fd_prestat_get", 3, guest.room(8)), Errno::Badf);
    const auto said = guest.host->grant(Preopen{m_scratch.inside(), "/new", MountKind::ReadOnly});
    ASSERT_TRUE(said.ok());
    EXPECT_TRUE(said->starts_with("descriptor 3 is /new; C libraries look for their folders once")) << *said;
    uint32_t fd = 0;
    ASSERT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadOnly, &fd), Errno::Success);
    EXPECT_EQ(guest.read(fd, 9), "abc");
    EXPECT_EQ(guest.host->capabilities().preopens,
              (std::vector<Preopen>{{m_scratch.inside(), "/new", MountKind::ReadOnly}}));
    EXPECT_EQ(guest.host->ledger().grants.back().bytesRead, 3u);
    const auto bad = guest.host->grant(Preopen{m_scratch.inside("none"), "/bad", MountKind::Real});
    ASSERT_FALSE(bad.ok());
    EXPECT_EQ(guest.host->capabilities().preopens.size(), 1u);
}

TEST_F(LedgerTest, AFolderIsWidenedInPlace) {
    m_scratch.put("inside/f", "abc");
    Guest guest(Guest::with(m_scratch, MountKind::ReadOnly));
    EXPECT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadWrite), Errno::Rofs);
    const auto refusals = guest.host->ledger().refusals;
    ASSERT_TRUE(refusals.at(0).grant);
    const auto said = guest.host->grant(*refusals[0].grant);
    ASSERT_TRUE(said.ok());
    EXPECT_TRUE(said->starts_with("descriptor 3, /data, is read-write ")) << *said;
    uint32_t fd = 0;
    ASSERT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadWrite, &fd), Errno::Success);
    EXPECT_EQ(guest.write(fd, "X"), Errno::Success);
    EXPECT_EQ(m_scratch.get("inside/f"), "Xbc");
    EXPECT_EQ(guest.host->capabilities().preopens.size(), 1u);
    EXPECT_EQ(guest.host->capabilities().preopens[0].kind, MountKind::Real);
}

TEST_F(LedgerTest, WhatIsRevokedAnswersNotcapableAndKeepsItsNumber) {
    m_scratch.put("inside/f", "abc");
    Guest guest(Guest::with(m_scratch));
    uint32_t fd = 0;
    ASSERT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadWrite, &fd), Errno::Success);
    const auto said = guest.host->revoke("/data");
    ASSERT_TRUE(said.ok());
    EXPECT_EQ(*said, "/data is revoked: 2 descriptors answer ENOTCAPABLE from now on");
    EXPECT_EQ(guest.write(fd, "X"), Errno::Notcapable);
    EXPECT_EQ(guest.last().detail, "denied: /data was revoked");
    EXPECT_EQ(guest.stat(3, "f"), Errno::Notcapable);
    EXPECT_EQ(guest.last().detail,
              "denied: /data was revoked; grant: --dir " + m_scratch.inside() + "::/data");
    EXPECT_EQ(guest.call("fd_filestat_get", fd, guest.room(64)), Errno::Notcapable);
    EXPECT_EQ(guest.call("fd_prestat_get", 3, guest.room(8)), Errno::Success);
    EXPECT_EQ(m_scratch.get("inside/f"), "abc");
    EXPECT_TRUE(guest.host->capabilities().preopens.empty());

    // Granted again, the folder is there again; the file stays as it was until it is opened anew.
    ASSERT_TRUE(guest.host->grant(Preopen{m_scratch.inside(), "/data", MountKind::Real}).ok());
    EXPECT_EQ(guest.stat(3, "f"), Errno::Success);
    EXPECT_EQ(guest.write(fd, "X"), Errno::Notcapable);
    EXPECT_EQ(guest.call("fd_close", fd), Errno::Success);
    EXPECT_EQ(guest.call("fd_close", fd), Errno::Badf);

    const auto unknown = guest.host->revoke("/nowhere");
    ASSERT_FALSE(unknown.ok());
    EXPECT_EQ(unknown.error().message,
              "nothing is granted as /nowhere; there is stdin, stdout, stderr, /data");
}

TEST_F(LedgerTest, WhatIsRevokedWasGrantedOnceOrOften) {
    m_scratch.put("inside/f", "abc");
    Guest guest(Guest::with(m_scratch));
    ASSERT_EQ(guest.call("fd_close", 3), Errno::Success);
    ASSERT_TRUE(guest.host->grant(Preopen{m_scratch.inside(), "/data", MountKind::Real}).ok());
    ASSERT_EQ(guest.stat(3, "f"), Errno::Success);
    EXPECT_EQ(*guest.host->revoke("/data"), "/data is revoked: 1 descriptor answers ENOTCAPABLE from now on");
    EXPECT_EQ(guest.stat(3, "f"), Errno::Notcapable);
}

TEST_F(LedgerTest, ListenersVariablesAndStreamsComeAndGo) {
    Guest guest;
    ASSERT_TRUE(guest.host->grant(Listener{"127.0.0.1", 0}).ok());
    EXPECT_EQ(guest.host->openFiles().back().kind, "listener");
    const std::string address = guest.host->openFiles().back().guestPath;
    ASSERT_TRUE(guest.host->grant(Variable{"A", "1"}).ok());
    ASSERT_TRUE(guest.host->grant(Variable{"A", "2"}).ok());
    EXPECT_EQ(guest.host->capabilities().environment.size(), 1u);
    ASSERT_TRUE(guest.host->revoke("A").ok());
    EXPECT_TRUE(guest.host->capabilities().environment.empty());
    ASSERT_TRUE(guest.host->revoke(address).ok()) << address;
    EXPECT_TRUE(guest.host->capabilities().listeners.empty()) << "it was granted as port 0";
    EXPECT_EQ(guest.call("sock_accept", 3, 0, guest.room(4)), Errno::Notcapable);
    EXPECT_EQ(guest.last().detail, "denied: " + address + " was revoked");
    ASSERT_TRUE(guest.host->revoke("stdout").ok());
    EXPECT_EQ(guest.write(1, "x"), Errno::Notcapable);
}

// ------------------------------------------------------------------------------------- what C libraries refuse by themselves

TEST_F(LedgerTest, TheRootOfWhatIsNotGrantedSaysWhatLacksAndFindsWhatIsGrantedLater) {
    m_scratch.put("inside/f", "abc");
    Guest guest;
    guest.host->showDenied();
    EXPECT_EQ(guest.call("fd_prestat_get", 3, guest.room(8)), Errno::Success);
    const std::string path = m_scratch.inside("f").substr(1);
    EXPECT_EQ(guest.open(3, path, Oflags::None, Guest::kReadOnly), Errno::Notcapable);
    const auto folder = m_scratch.path("inside").string();
    EXPECT_EQ(guest.last().detail,
              "denied: no preopen covers /" + path + "; grant: --dir-ro " + folder + "::" + folder);
    const auto refusals = guest.host->ledger().refusals;
    ASSERT_TRUE(refusals.at(0).grant);
    const auto said = guest.host->grant(*refusals[0].grant);
    ASSERT_TRUE(said.ok());
    EXPECT_TRUE(said->ends_with("paths below it are found from now on")) << *said;
    uint32_t fd = 0;
    ASSERT_EQ(guest.open(3, path, Oflags::None, Guest::kReadOnly, &fd), Errno::Success);
    EXPECT_EQ(guest.read(fd, 9), "abc");
    EXPECT_EQ(guest.host->openFiles().back().guestPath, "/" + path);
    EXPECT_EQ(guest.host->ledger().grants.back().folder, folder);
    EXPECT_EQ(guest.open(3, m_scratch.inside("../secret").substr(1), Oflags::None, Guest::kReadOnly),
              Errno::Notcapable);
    EXPECT_EQ(guest.stat(3, "."), Errno::Notcapable);
    EXPECT_EQ(guest.call("fd_fdstat_get", 3, guest.room(24)), Errno::Success);
}

TEST_F(LedgerTest, TheRootOfWhatIsNotGrantedHasTheRightsThatItWasLeft) {
    m_scratch.put("inside/f", "abc");
    Guest guest;
    guest.host->showDenied();
    const std::string path = m_scratch.inside("f").substr(1);
    const auto folder = m_scratch.path("inside").string();
    ASSERT_TRUE(guest.host->grant(Preopen{folder, folder, MountKind::Real}).ok());
    EXPECT_EQ(guest.open(3, path, Oflags::None, Guest::kReadWrite), Errno::Success);
    // A program that gives up rights of the root has no more of them, whatever lies behind it.
    const auto left = static_cast<uint64_t>(Rights::PathOpen);
    EXPECT_EQ(guest.call("fd_fdstat_set_rights", 3, left, static_cast<uint64_t>(Guest::kReadOnly)),
              Errno::Success);
    EXPECT_EQ(guest.open(3, path, Oflags::None, Guest::kReadOnly), Errno::Success);
    EXPECT_EQ(guest.open(3, path, Oflags::None, Guest::kReadWrite), Errno::Notcapable);
    EXPECT_EQ(guest.open(3, path + "2", Oflags::Creat, Guest::kReadOnly), Errno::Notcapable);
    EXPECT_EQ(guest.stat(3, path), Errno::Notcapable);
    EXPECT_EQ(guest.onPath("path_unlink_file", 3, path), Errno::Notcapable);
    EXPECT_EQ(m_scratch.get("inside/f"), "abc");
    EXPECT_FALSE(std::filesystem::exists(m_scratch.inside("f2")));
    EXPECT_EQ(guest.stat(4, "f"), Errno::Success) << "the folder's own descriptor keeps its rights";
}

// ---------------------------------------------------------------------------------------------------------- grant and retry

TEST_F(LedgerTest, ADeniedCallIsMadeAgainAfterAGrant) {
    m_scratch.put("inside/f", "abc");
    Guest guest(Guest::with(m_scratch, MountKind::ReadOnly));
    int asked = 0;
    std::optional<Grant> suggested;
    guest.host->setDenied([&](const Refusal& refusal) {
        asked++;
        suggested = refusal.grant;
        return true;
    });
    const uint32_t path = guest.put("f"), result = guest.room(4);
    const std::vector<uint64_t> arguments{
        3, 0, path,  1, static_cast<uint64_t>(Oflags::None), static_cast<uint64_t>(Guest::kReadWrite),
        0, 0, result};
    EXPECT_EQ(guest.outcome("path_open", arguments).kind, engine::HostOutcome::Kind::Interrupted);
    EXPECT_EQ(guest.last().outcome, Outcome::Pending);
    EXPECT_TRUE(guest.last().detail.starts_with("denied: /data/f")) << guest.last().detail;
    ASSERT_TRUE(suggested);
    ASSERT_TRUE(guest.host->grant(*suggested).ok());
    Errno error{};
    EXPECT_EQ(guest.outcome("path_open", arguments, &error).kind, engine::HostOutcome::Kind::Return);
    EXPECT_EQ(error, Errno::Success);
    EXPECT_EQ(guest.host->log().count(), 1u) << "the same call";
    EXPECT_TRUE(guest.host->ledger().refusals.empty()) << "the program was refused nothing";
    EXPECT_EQ(asked, 1);
}

TEST_F(LedgerTest, ACallThatStopsAsDeniedIsCountedOnce) {
    Guest guest(Guest::with(m_scratch));
    bool stops = false;
    guest.host->setDenied([&](const Refusal&) { return stops; });
    const uint32_t path = guest.put("../x"), other = guest.put("../y"), room = guest.room(64);
    const auto stat = [&](uint32_t at) { return guest.outcome("path_filestat_get", {3, 0, at, 4, room}); };
    const auto counts = [&] {
        std::vector<std::pair<std::string, uint64_t>> all;
        for (const Refusal& refusal : guest.host->ledger().refusals)
            all.emplace_back(refusal.subject, refusal.count);
        return all;
    };
    using Counts = std::vector<std::pair<std::string, uint64_t>>;
    (void)stat(path);
    const std::string subject = guest.host->ledger().refusals.at(0).subject;
    const uint64_t calls = guest.host->ledger().grants.back().calls;
    stops = true;
    EXPECT_EQ(stat(path).kind, engine::HostOutcome::Kind::Interrupted);
    EXPECT_EQ(counts(), (Counts{{subject, 2}})) << "where it stands it is told";
    EXPECT_EQ(stat(path).kind, engine::HostOutcome::Kind::Return);
    EXPECT_EQ(counts(), (Counts{{subject, 2}}));
    EXPECT_EQ(guest.host->ledger().grants.back().calls, calls * 2) << "nor is what it used counted twice";
    EXPECT_EQ(stat(other).kind, engine::HostOutcome::Kind::Interrupted);
    EXPECT_EQ(counts().size(), 2u);
    EXPECT_EQ(stat(other).kind, engine::HostOutcome::Kind::Return);
    EXPECT_EQ(counts().at(1).second, 1u);
}

TEST_F(LedgerTest, ARevokedFolderTellsNobodyThatItHasNoRights) {
    // C libraries open with the rights that the folder has: found to be none, they would be none after a grant too.
    m_scratch.put("inside/f", "abc");
    Guest guest(Guest::with(m_scratch));
    guest.host->setDenied([](const Refusal&) { return true; });
    ASSERT_TRUE(guest.host->revoke("/data").ok());
    const uint32_t room = guest.room(24);
    EXPECT_EQ(guest.outcome("fd_fdstat_get", {3, room}).kind, engine::HostOutcome::Kind::Interrupted);
    ASSERT_TRUE(guest.host->grant(Preopen{m_scratch.inside(), "/data", MountKind::Real}).ok());
    Errno error{};
    EXPECT_EQ(guest.outcome("fd_fdstat_get", {3, room}, &error).kind, engine::HostOutcome::Kind::Return);
    EXPECT_EQ(error, Errno::Success);
}

TEST_F(LedgerTest, ADeniedCallThatNobodyGrantsGoesToTheProgram) {
    Guest guest(Guest::with(m_scratch));
    guest.host->setDenied([](const Refusal&) { return true; });
    const uint32_t path = guest.put("../x");
    const std::vector<uint64_t> arguments{3, 0, path, 4, guest.room(64)};
    EXPECT_EQ(guest.outcome("path_filestat_get", arguments).kind, engine::HostOutcome::Kind::Interrupted);
    Errno error{};
    EXPECT_EQ(guest.outcome("path_filestat_get", arguments, &error).kind, engine::HostOutcome::Kind::Return);
    EXPECT_EQ(error, Errno::Notcapable);
    EXPECT_EQ(guest.outcome("path_filestat_get", arguments).kind, engine::HostOutcome::Kind::Interrupted)
        << "the next one is another call";
}

// ------------------------------------------------------------------------------------------------------ grants as people write them

TEST(Grants, BlameTheWordThatIsWrong) {
    EXPECT_EQ(parseGrant("dir ../b::/x foo").error().message,
              "\"foo\" is neither ro, rw, overlay nor memory; behind a path with blanks one of them has to "
              "stand");
    EXPECT_TRUE(parseGrant("dir ../b::/x foo ro").ok());
}

TEST(Grants, CanBeCheckedBeforeThereIsAProgram) {
    const Scratch scratch;
    EXPECT_TRUE(checkGrant(Preopen{scratch.inside(), "/x", MountKind::Real}).ok());
    EXPECT_TRUE(checkGrant(Preopen{"", "/x", MountKind::InMemory}).ok());
    EXPECT_TRUE(checkGrant(Variable{"A", "1"}).ok());
    EXPECT_TRUE(checkGrant(Listener{"127.0.0.1", 0}).ok());
    const std::string missing = scratch.inside("none");
    for (const MountKind kind :
         {MountKind::Real, MountKind::ReadOnly, MountKind::Overlay, MountKind::InMemory})
        EXPECT_EQ(checkGrant(Preopen{missing, "/x", kind}).error().message,
                  "preopen /x: there is no directory " + missing);
    EXPECT_FALSE(checkGrant(Listener{"127.1", 0}).ok());
}

TEST(Grants, AreReadAndWrittenAsText) {
    for (const char* text : {"dir /etc::/etc ro", "dir a b::/x y rw", "dir .::/ overlay", "dir /tmp memory",
                             "env A=b c", "env A=", "listen 127.0.0.1:80", "listen [::1]:0"}) {
        const auto grant = parseGrant(text);
        ASSERT_TRUE(grant.ok()) << text;
        EXPECT_EQ(toText(*grant), text);
    }
    EXPECT_EQ(toText(*parseGrant("dir /etc")), "dir /etc::/etc ro") << "read-only unless more is asked for";
    for (const char* text :
         {"", "dir", "dir ::/x ro", "env A", "env =b", "listen 80", "listen a:70000", "disk /etc"})
        EXPECT_FALSE(parseGrant(text).ok()) << text;
    EXPECT_EQ(toFlag(Preopen{"/it's", "/x", MountKind::Overlay}), "--dir-overlay '/it'\\''s::/x'");
    EXPECT_EQ(toFlag(Variable{"A", "$b"}), "--env 'A=$b'");
}

}  // namespace
}  // namespace wasi
