#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/wasi/guest.h"
#include "wasi/mock_json.h"
#include "wasi/mock_table.h"
#include "wasi/mock_text.h"

namespace wasi {
namespace {

MockRule rule(const std::string& text) {
    auto parsed = parseMock(text);
    EXPECT_TRUE(parsed.ok()) << text << ": " << parsed.error().message;
    return parsed.ok() ? parsed.value() : MockRule{};
}
std::string refusal(const std::string& text) {
    const auto parsed = parseMock(text);
    return parsed.ok() ? "" : parsed.error().message;
}

class MockTest : public testing::Test {
protected:
    MockTest() : m_guest(Guest::with(m_scratch)) { m_scratch.put("inside/a.cfg", "0123456789"); }
    void mock(const std::vector<std::string>& rules) {
        std::vector<MockEntry> entries;
        for (const std::string& text : rules)
            entries.push_back({static_cast<uint32_t>(entries.size() + 1), rule(text)});
        const auto set = m_guest.host->setMocks(entries);
        ASSERT_TRUE(set.ok()) << set.error().message;
    }
    uint32_t opened(const std::string& name = "a.cfg") {
        uint32_t fd = 0;
        EXPECT_EQ(m_guest.open(3, name, Oflags::None, Guest::kAll, &fd), Errno::Success);
        return fd;
    }
    Errno open(const std::string& name) { return m_guest.open(3, name, Oflags::None, Guest::kReadOnly); }
    Scratch m_scratch;
    Guest m_guest;
};

TEST_F(MockTest, FailsTheNthCallThatMatches) {
    mock({"path_open path ~ \"*.cfg\" nth 3 errno io"});
    std::vector<Errno> ends;
    for (int i = 0; i < 4; i++) {
        EXPECT_EQ(open("other"), Errno::Noent);  // is not counted
        ends.push_back(open("a.cfg"));
    }
    EXPECT_EQ(ends, (std::vector{Errno::Success, Errno::Success, Errno::Io, Errno::Success}));
    const auto infos = m_guest.host->mocks();
    EXPECT_EQ(infos[0].seen, 4u);
    EXPECT_EQ(infos[0].hits, 1u);
}

TEST_F(MockTest, TheLogSaysWhoAnswered) {
    mock({"fd_close errno io note \"disk gone\"", "fd_sync errno notcapable policy"});
    const uint32_t fd = opened();
    EXPECT_EQ(m_guest.last().origin, Origin::Host);
    EXPECT_EQ(m_guest.call("fd_close", fd), Errno::Io);
    EXPECT_EQ(m_guest.last().origin, Origin::Mock);
    EXPECT_EQ(m_guest.last().detail, "mock, rule 1 (disk gone)");
    EXPECT_EQ(m_guest.last().errno_, static_cast<uint16_t>(Errno::Io));
    EXPECT_EQ(m_guest.call("fd_sync", fd), Errno::Notcapable);  // the file is still open: nothing was done
    EXPECT_EQ(m_guest.last().origin, Origin::Policy);
}

TEST_F(MockTest, TheLogShowsWhatWasPassedThoughTheHostDidNotSeeIt) {
    mock({"path_open errno io", "fd_write errno nospc", "fd_read reply bytes abc"});
    EXPECT_EQ(open("a.cfg"), Errno::Io);
    EXPECT_NE(show(m_guest.last()).line().find("\"a.cfg\""), std::string::npos);
    EXPECT_EQ(m_guest.write(1, "hello"), Errno::Nospc);
    EXPECT_EQ(show(m_guest.last()).line(), "fd_write(1 (stdout), [{\"hello\", 5}]) = ENOSPC");
    EXPECT_EQ(m_guest.read(0, 2), "ab");
    EXPECT_EQ(show(m_guest.last()).line(), "fd_read(0 (stdin), [{\"ab\", 2}]) = ESUCCESS nread=2");
}

TEST_F(MockTest, WhichCallsOfThoseThatMatch) {
    const auto failing = [&](const std::string& which, int calls) {
        mock({});
        mock({"sched_yield " + which + " errno again"});
        std::string pattern;
        for (int i = 0; i < calls; i++)
            pattern += m_guest.call("sched_yield") == Errno::Again ? 'x' : '.';
        return pattern;
    };
    EXPECT_EQ(failing("", 3), "xxx");
    EXPECT_EQ(failing("nth 2", 4), ".x..");
    EXPECT_EQ(failing("from 3", 5), "..xxx");
    EXPECT_EQ(failing("from 2 to 3", 5), ".xx..");
    EXPECT_EQ(failing("every 3", 7), "..x..x.");
    EXPECT_EQ(failing("from 4 every 3", 10), ".....x..x.");
    EXPECT_EQ(failing("probability 0", 50), std::string(50, '.'));
    EXPECT_EQ(failing("probability 1", 50), std::string(50, 'x'));
    const std::string some = failing("probability 0.5 seed 7", 1000);
    EXPECT_NEAR(static_cast<double>(std::count(some.begin(), some.end(), 'x')), 500, 60);
    EXPECT_EQ(failing("probability 0.5 seed 7", 1000), some);
    EXPECT_NE(failing("probability 0.5 seed 8", 1000), some);
}

TEST_F(MockTest, TheFirstRuleThatFiresDecides) {
    mock({"path_open path = a.cfg pass", "path_* errno acces", "* errno io"});
    EXPECT_EQ(open("a.cfg"), Errno::Success);
    EXPECT_EQ(m_guest.last().origin, Origin::Host);
    EXPECT_EQ(open("b.cfg"), Errno::Acces);
    EXPECT_EQ(m_guest.call("sched_yield"), Errno::Io);
    EXPECT_EQ(m_guest.call("wasi_unstable.sched_yield"), Errno::Io);
}

TEST_F(MockTest, RulesAreEditedBetweenCallsAndKeepTheirCounts) {
    mock({"sched_yield nth 2 errno io"});
    m_guest.call("sched_yield");
    auto entries =
        std::vector<MockEntry>{{7, rule("fd_sync errno io")}, {1, rule("sched_yield nth 3 errno again")}};
    ASSERT_TRUE(m_guest.host->setMocks(entries).ok());
    EXPECT_EQ(m_guest.call("sched_yield"), Errno::Success);
    EXPECT_EQ(m_guest.call("sched_yield"), Errno::Again);
    entries[1].rule.enabled = false;
    ASSERT_TRUE(m_guest.host->setMocks(entries).ok());
    EXPECT_EQ(m_guest.call("sched_yield"), Errno::Success);
    EXPECT_EQ(m_guest.host->mocks()[1].seen, 3u);
    // What is wrong changes nothing.
    entries[0].rule.call = "nonsense";
    EXPECT_FALSE(m_guest.host->setMocks(entries).ok());
    EXPECT_EQ(m_guest.host->mocks()[0].rule.call, "fd_sync");
}

TEST_F(MockTest, ReadsWhatTheRuleGives) {
    mock({"fd_read fd = 4 reply bytes \"hello\\x00\\n\""});
    const uint32_t fd = opened();
    const std::string wanted("hello\0\n", 7);
    EXPECT_EQ(m_guest.read(fd, 100), wanted);
    EXPECT_EQ(m_guest.read(fd, 3), wanted.substr(0, 3));  // never more than there is room for
    const auto record = m_guest.last();
    EXPECT_EQ(show(record).line(), "fd_read(4 (/data/a.cfg), [{\"hel\", 3}]) = ESUCCESS nread=3");
    // Over several buffers.
    const uint32_t first = m_guest.room(4), second = m_guest.room(64), count = m_guest.room(4);
    const uint32_t list = m_guest.put(Iovec{first, 4});
    m_guest.put(Iovec{second, 64});
    EXPECT_EQ(m_guest.call("fd_read", fd, list, 2, count), Errno::Success);
    EXPECT_EQ(m_guest.get<Size>(count), 7u);
    EXPECT_EQ(m_guest.text(first, 4) + m_guest.text(second, 3), wanted);
    mock({});
    EXPECT_EQ(m_guest.read(fd, 100), "0123456789");  // the host's file was not read meanwhile
}

TEST_F(MockTest, RepliesWithResultsOfEveryShape) {
    mock({"fd_filestat_get reply buf.filetype=directory buf.size=0x10 buf.mtim=5",
          "clock_time_get reply time=42", "path_open reply opened_fd=77", "random_get reply hex a5",
          "fd_fdstat_get reply stat.fs_flags=append|sync", "fd_prestat_get reply prestat.dir.pr_name_len=9",
          "path_readlink reply bytes target", "fd_seek reply newoffset=123", "fd_write reply"});
    const uint32_t at = m_guest.room(64);
    std::memset(m_guest.memory() + at, 0xee, 64);
    EXPECT_EQ(m_guest.call("fd_filestat_get", 3, at), Errno::Success);
    const auto stat = m_guest.get<Filestat>(at);
    EXPECT_EQ(stat.filetype, Filetype::Directory);
    EXPECT_EQ(stat.size, 16u);
    EXPECT_EQ(stat.mtim, 5u);
    EXPECT_EQ(stat.ino, 0u);  // what is not said is 0, never what was there
    EXPECT_EQ(m_guest.call("clock_time_get", 1, 0, at), Errno::Success);
    EXPECT_EQ(m_guest.get<Timestamp>(at), 42u);
    uint32_t fd = 0;
    EXPECT_EQ(m_guest.open(3, "nowhere", Oflags::None, Guest::kReadOnly, &fd), Errno::Success);
    EXPECT_EQ(fd, 77u);
    EXPECT_EQ(m_guest.call("random_get", at, 5), Errno::Success);
    EXPECT_EQ(m_guest.text(at, 5), std::string(5, '\xa5'));
    EXPECT_EQ(m_guest.call("fd_fdstat_get", 3, at), Errno::Success);
    EXPECT_EQ(m_guest.get<Fdstat>(at).fs_flags, Fdflags::Append | Fdflags::Sync);
    EXPECT_EQ(m_guest.call("fd_prestat_get", 3, at), Errno::Success);
    EXPECT_EQ(std::get<0>(m_guest.get<Prestat>(at).content).pr_name_len, 9u);
    const uint32_t used = m_guest.room(4);
    EXPECT_EQ(m_guest.call("path_readlink", 3, m_guest.put("x"), 1, at, 4, used), Errno::Success);
    EXPECT_EQ(m_guest.text(at, m_guest.get<Size>(used)), "targ");
    EXPECT_EQ(m_guest.call("fd_seek", 3, 0, 0, at), Errno::Success);
    EXPECT_EQ(m_guest.get<Filesize>(at), 123u);
    EXPECT_EQ(m_guest.write(1, "lost"), Errno::Success);
    EXPECT_EQ(m_guest.host->output().end(), 0u);
}

TEST_F(MockTest, S4_LengthsCannotLie) {
    // Results that the user gave are cut to what the guest's buffers hold.
    mock({"fd_write reply nwritten=1000"});
    const uint32_t count = m_guest.room(4);
    EXPECT_EQ(m_guest.call("fd_write", 1, m_guest.put(Ciovec{m_guest.put("abc"), 3}), 1, count),
              Errno::Success);
    EXPECT_EQ(m_guest.get<Size>(count), 3u);
    for (const auto& [text, why] : {
             std::pair("fd_read reply nread=100",
                       "reply.nread: it counts the bytes that the reply gives; give bytes"),
             std::pair("args_sizes_get reply argc=1 argv_buf_size=1",
                       "reply: args_sizes_get tells how long the answer to another call will be; only the "
                       "host can"),
             std::pair(
                 "args_get reply",
                 "reply: args_get fills argv, whose length only the host knows; let it fail, wait or pass"),
             std::pair(
                 "poll_oneoff reply nevents=1",
                 "reply: poll_oneoff fills in, whose length only the host knows; let it fail, wait or pass"),
             std::pair(
                 "fd_readdir reply bytes abc",
                 "reply.bytes: they would be directory entries with lengths of their own; give entries"),
             std::pair("fd_read reply entry a", "reply.entries: fd_read lists no directory"),
             std::pair(
                 "fd_readdir reply entry a entry a/b",
                 "reply.entries[1]: a name holds no \"/\" (but a directory's may end in one) and no NUL"),
             std::pair("fd_readdir reply entry /", "reply.entries[0]: a name has 1 to 255 bytes"),
             std::pair("fd_readdir reply entry \"\xff\"", "reply.entries[0]: its name is not UTF-8"),
             std::pair("fd_readdir reply entry a cookie 2 entry b",
                       "reply.entries[1]: cookie 2 is another entry's as well"),
             std::pair("fd_readdir corrupt",
                       "corrupt: what fd_readdir fills has lengths in it, which would lie"),
             std::pair("proc_exit reply",
                       "reply: proc_exit does not return; it can trap, stop, wait or pass"),
             std::pair("fd_close errno success", "errno: success says nothing of the results; use reply"),
         })
        EXPECT_EQ(refusal(text), why) << text;
}

TEST_F(MockTest, ListsTheEntriesOfAReply) {
    const auto list = [&](uint64_t cookie, uint32_t length) {
        const uint32_t room = m_guest.room(300), used = m_guest.room(4);
        std::memset(m_guest.memory() + room, '#', 300);
        EXPECT_EQ(m_guest.call("fd_readdir", 3, room, length, cookie, used), Errno::Success);
        EXPECT_EQ(m_guest.text(room + length, 300 - length), std::string(300 - length, '#'));
        const std::string bytes = m_guest.text(room, m_guest.get<Size>(used));
        std::string told;
        for (size_t at = 0; at < bytes.size();) {
            if (bytes.size() - at < Abi<Dirent>::size()) return told + "…";
            Dirent d{};
            Abi<Dirent>::load(reinterpret_cast<const uint8_t*>(bytes.data()) + at, d);
            at += Abi<Dirent>::size();
            told += bytes.substr(at, d.d_namlen) + " " + std::to_string(static_cast<int>(d.d_type)) + " " +
                    std::to_string(d.d_ino) + " " + std::to_string(d.d_next) + "\n";
            at += d.d_namlen;
        }
        return told;
    };
    mock({"fd_readdir reply entry a.txt entry logs/ inode 7 entry l type symbolic_link cookie 90 entry end"});
    EXPECT_EQ(list(0, 300), "a.txt 4 0 1\nlogs 3 7 2\nl 7 0 90\nend 4 0 4\n");
    EXPECT_EQ(list(2, 300), "l 7 0 90\nend 4 0 4\n");
    EXPECT_EQ(list(90, 300), "end 4 0 4\n");
    EXPECT_EQ(list(4, 300), "");
    EXPECT_EQ(list(3, 300), "");                    // no entry has it
    EXPECT_EQ(list(0, 29 + 10), "a.txt 4 0 1\n…");  // as much of the next as fits
    EXPECT_EQ(list(0, 29 + 24 + 2), "a.txt 4 0 1\nlo 3 7 2\n");
    mock({"fd_readdir reply"});
    EXPECT_EQ(list(0, 300), "");
    const uint32_t end = Guest::kMemoryBytes;
    mock({"fd_readdir reply entry a"});
    EXPECT_EQ(m_guest.call("fd_readdir", 3, end - 20, 24, 0, m_guest.room(4)), Errno::Fault);
    EXPECT_EQ(m_guest.call("fd_readdir", 3, end - 20, 20, 0, m_guest.room(4)), Errno::Success);
}

/// Makes the call, and takes it back when it waits for a rule.
#define EXPECT_WAITS(guest, name, ...)                                                              \
    do {                                                                                            \
        std::thread waker([&] {                                                                     \
            while ((guest).host->waitingFor().empty())                                              \
                std::this_thread::sleep_for(std::chrono::milliseconds(1));                          \
            (guest).host->wake();                                                                   \
        });                                                                                         \
        EXPECT_EQ((guest).outcome(name, __VA_ARGS__).kind, engine::HostOutcome::Kind::Interrupted); \
        waker.join();                                                                               \
    } while (false)

/// The guest's time may go back, and its waits never end: the log keeps its own time, and whoever waits can be stopped.
TEST_F(MockTest, S5_TimeGoesBackAndWaitsDoNotEnd) {
    mock({"clock_time_get nth 1 reply time=2000", "clock_time_get nth 1 reply time=1000",
          "poll_oneoff delay 1h"});
    const uint32_t at = m_guest.room(8);
    std::vector<Timestamp> times;
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(m_guest.call("clock_time_get", 1, 0, at), Errno::Success);
        times.push_back(m_guest.get<Timestamp>(at));
    }
    EXPECT_EQ(times[0], 2000u);
    EXPECT_EQ(times[1], 1000u);
    EXPECT_GT(times[2], 2000u);
    const auto calls = m_guest.host->log().slice(0, 100);
    for (size_t i = 1; i < calls.size(); i++) {
        EXPECT_GE(calls[i].startNs, calls[i - 1].startNs);
        EXPECT_GE(calls[i].durationNs, 0);
    }
    // A subscription to a clock that has run out already.
    const uint32_t in = m_guest.room(48), out = m_guest.room(32);
    EXPECT_WAITS(m_guest, "poll_oneoff", {in, out, 1, at});
    EXPECT_EQ(m_guest.last().outcome, Outcome::Pending);
    mock({"proc_exit trap \"not yet\""});
    EXPECT_EQ(m_guest.outcome("proc_exit", {0}).kind, engine::HostOutcome::Kind::Trap);
}

TEST_F(MockTest, EveryFunctionCanFailAndNoReplyLeavesMemory) {
    // Arguments that point to the end of memory and beyond: replies are refused as the method would, and write nothing.
    for (const HostFunction& function : allHostFunctions()) {
        const std::string name = std::string(function.module) + "." + std::string(function.name);
        const auto reply = parseMock(name + " reply");
        for (const uint64_t address :
             {0ull, 64ull, 0x3ffffull, 0x3ffffcull, 0x40000ull, 0xffffffffull, ~0ull}) {
            std::vector<uint64_t> arguments(function.type.params.size(), address);
            Errno error = Errno::Success;
            if (reply.ok()) {
                ASSERT_TRUE(m_guest.host->setMocks({{1, reply.value()}}).ok());
                (void)m_guest.outcome(name, arguments, &error);
            }
            if (!function.returnsErrno) continue;
            ASSERT_TRUE(m_guest.host->setMocks({{1, rule(name + " errno io")}}).ok());
            (void)m_guest.outcome(name, arguments, &error);
            EXPECT_EQ(error, Errno::Io) << name;
        }
    }
}

TEST_F(MockTest, ShortReadsAndWrites) {
    mock({"fd_read short 3", "fd_write short 2"});
    const uint32_t fd = opened();
    EXPECT_EQ(m_guest.read(fd, 100), "012");
    EXPECT_EQ(m_guest.last().origin, Origin::Mock);
    EXPECT_EQ(m_guest.read(fd, 2), "34");
    EXPECT_EQ(m_guest.read(fd, 100), "567");
    const uint32_t count = m_guest.room(4);
    EXPECT_EQ(m_guest.call("fd_write", 1, m_guest.put(Ciovec{m_guest.put("abc"), 3}), 1, count),
              Errno::Success);
    EXPECT_EQ(m_guest.get<Size>(count), 2u);
    EXPECT_EQ(m_guest.host->output().end(), 2u);
    mock({"fd_read short 0"});
    EXPECT_EQ(m_guest.read(fd, 100), "");
}

TEST_F(MockTest, CorruptsOnlyWhatWasRead) {
    mock({"fd_read corrupt 3 seed 5"});
    uint32_t fd = opened();
    const std::string read = m_guest.read(fd, 100);
    ASSERT_EQ(read.size(), 10u);
    int bits = 0;
    for (size_t i = 0; i < read.size(); i++)
        bits += std::popcount(static_cast<unsigned>(static_cast<uint8_t>(read[i] ^ "0123456789"[i])));
    EXPECT_TRUE(bits == 3 || bits == 1) << bits;  // two flips may meet
    // The log has what the guest got.
    const auto record = m_guest.last();
    EXPECT_NE(std::find_if(
                  record.accesses.begin(), record.accesses.end(),
                  [&](const MemoryAccess& a) { return std::string(a.bytes.begin(), a.bytes.end()) == read; }),
              record.accesses.end());
    EXPECT_EQ(m_scratch.get("inside/a.cfg"), "0123456789");
    // The same seed, the same bits.
    mock({"fd_read corrupt 3 seed 5"});
    fd = opened();
    const std::string again = m_guest.read(fd, 100);
    mock({});
    mock({"fd_read corrupt 3 seed 5"});
    fd = opened();
    EXPECT_EQ(m_guest.read(fd, 100), read);
}

TEST_F(MockTest, TrapsWithAReason) {
    mock({"fd_close trap \"no more\""});
    const auto outcome = m_guest.outcome("fd_close", {3});
    EXPECT_EQ(outcome.kind, engine::HostOutcome::Kind::Trap);
    EXPECT_EQ(outcome.trap.message, "mock, rule 1: no more");
    EXPECT_EQ(m_guest.last().outcome, Outcome::Trapped);
    EXPECT_EQ(m_guest.last().origin, Origin::Mock);
}

TEST_F(MockTest, DelaysAndCanBeInterrupted) {
    mock({"sched_yield delay 20ms", "fd_sync delay 1h errno io"});
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(m_guest.call("sched_yield"), Errno::Success);
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(19));
    EXPECT_EQ(m_guest.last().origin, Origin::Mock);

    std::thread waker([&] {
        while (m_guest.host->waitingFor().empty())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        EXPECT_EQ(m_guest.host->waitingFor(), "mock, rule 2: delay");
        m_guest.host->wake();
    });
    EXPECT_EQ(m_guest.outcome("fd_sync", {3}).kind, engine::HostOutcome::Kind::Interrupted);
    waker.join();
    EXPECT_EQ(m_guest.last().outcome, Outcome::Pending);
    EXPECT_EQ(m_guest.host->mocks()[1].hits, 1u);
    // Made again it goes on waiting, by the rule as it was: the deadline stays.
    std::thread again([&] {
        while (m_guest.host->waitingFor().empty())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        m_guest.host->wake();
    });
    EXPECT_EQ(m_guest.outcome("fd_sync", {3}).kind, engine::HostOutcome::Kind::Interrupted);
    again.join();
    EXPECT_EQ(m_guest.host->mocks()[1].hits, 1u);
}

TEST_F(MockTest, ADelayEndsWithItsRule) {
    const auto begun = std::chrono::steady_clock::now();
    const uint32_t fd = opened();
    mock({"fd_sync delay 1h errno io"});
    EXPECT_WAITS(m_guest, "fd_sync", {fd});
    mock({});
    EXPECT_EQ(m_guest.call("fd_sync", fd), Errno::Success) << "the host answers: the rule is gone";
    EXPECT_EQ(m_guest.last().origin, Origin::Host);

    mock({"fd_sync delay 1h errno io"});
    EXPECT_WAITS(m_guest, "fd_sync", {fd});
    mock({"fd_sync delay 1h errno io off"});
    EXPECT_EQ(m_guest.call("fd_sync", fd), Errno::Success) << "… or off";

    mock({"fd_sync delay 1h errno io"});
    EXPECT_WAITS(m_guest, "fd_sync", {fd});
    mock({"fd_sync delay 1ms errno nospc"});
    EXPECT_EQ(m_guest.call("fd_sync", fd), Errno::Nospc) << "it answers as it reads now";
    EXPECT_EQ(m_guest.last().detail, "mock, rule 1");
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::minutes(1));
}

TEST_F(MockTest, WhatHasBegunOutlivesItsRule) {
    mock({"fd_read fd = 0 delay 1ms short 2"});
    const uint32_t buffer = m_guest.room(8);
    const std::vector<uint64_t> arguments{0, m_guest.put(Iovec{buffer, 8}), 1, m_guest.room(4)};
    EXPECT_WAITS(m_guest, "fd_read", arguments);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_WAITS(m_guest, "fd_read", arguments);  // for input: the delay is over
    mock({});
    const std::string text = "hello";
    m_guest.host->pushInput({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    EXPECT_EQ(m_guest.outcome("fd_read", arguments).kind, engine::HostOutcome::Kind::Return);
    EXPECT_EQ(m_guest.text(buffer, 3), std::string("he\0", 3));
}

TEST_F(MockTest, StopsOnceAndThenPasses) {
    mock({"fd_sync stop \"look\""});
    const uint32_t fd = opened();
    EXPECT_EQ(m_guest.call("fd_sync", fd), Errno::Success);  // without a debugger
    std::vector<std::string> stops;
    m_guest.host->setStopRequest([&](const std::string& why) { stops.push_back(why); });
    EXPECT_EQ(m_guest.outcome("fd_sync", {fd}).kind, engine::HostOutcome::Kind::Interrupted);
    EXPECT_EQ(m_guest.call("fd_sync", fd), Errno::Success);
    EXPECT_EQ(stops, (std::vector<std::string>{"mock, rule 1 stopped fd_sync: look"}));
}

TEST_F(MockTest, ComposesWithTheGatesQuestion) {
    mock({"fd_sync errno io"});
    int asked = 0;
    m_guest.host->setGate(
        [&](uint16_t, engine::HostCall&) { return asked++ ? GateDecision::Pass : GateDecision::Stop; });
    EXPECT_EQ(m_guest.outcome("fd_sync", {3}).kind, engine::HostOutcome::Kind::Interrupted);
    EXPECT_EQ(m_guest.host->mocks()[0].seen, 0u);
    EXPECT_EQ(m_guest.call("fd_sync", 3), Errno::Io);
    EXPECT_EQ(m_guest.host->mocks()[0].seen, 1u);
}

TEST_F(MockTest, WorksWithoutALog) {
    m_guest.host->setLogging(false);
    mock({"fd_read corrupt 1", "fd_close errno io", "fd_write short 1", "fd_sync delay 1ms"});
    const uint32_t fd = opened();
    EXPECT_NE(m_guest.read(fd, 100), "0123456789");
    EXPECT_EQ(m_guest.call("fd_close", fd), Errno::Io);
    EXPECT_EQ(m_guest.call("fd_sync", fd), Errno::Success);
    EXPECT_EQ(m_guest.host->log().count(), 0u);
}

TEST_F(MockTest, AHundredRulesCostNothingForOtherCalls) {
    std::vector<std::string> rules;
    for (int i = 0; i < 100; i++)
        rules.push_back("path_open path ~ \"*/x*" + std::to_string(i) + "\" errno io");
    mock(rules);
    MockTable table;
    std::vector<MockEntry> entries;
    for (const std::string& text : rules)
        entries.push_back({0, rule(text)});
    ASSERT_TRUE(table.set(entries).ok());
    for (size_t f = 0; f < allHostFunctions().size(); f++)
        EXPECT_EQ(table.concerns(static_cast<uint16_t>(f)), allHostFunctions()[f].name == "path_open");
    EXPECT_EQ(open("a.cfg"), Errno::Success);
    EXPECT_EQ(open("b/x77"), Errno::Io);
}

TEST(MockText, IsReadAsItIsWritten) {
    for (const char* text : {
             "path_open path ~ \"*.cfg\" nth 3 errno noent",
             "fd_* every 2 probability 0.25 seed 9 delay 1500us errno io policy note \"why \\\"not\\\"\"",
             "fd_read (fd = 4 or fd = 5) and not caller ~ \"parse_*\" from 2 to 5 reply bytes \"a\\nb\"",
             "fd_filestat_get reply buf.size=5 buf.filetype=directory",
             "random_get reply hex 00ff",
             "fd_write from 3 short 10",
             "fd_read corrupt 4 off",
             "proc_exit trap \"no\"",
             "sched_yield stop",
             "* pass",
             "fd_readdir reply entry \"a b\" entry \"l/\" inode 7 entry \"s\" type symbolic_link cookie 9",
         })
        EXPECT_EQ(toText(rule(text)).line(), text);
    EXPECT_EQ(toText(rule("fd_write when fd=1 errno ENOSPC")).line(), "fd_write fd=1 errno nospc");
    EXPECT_EQ(rule("path_open path = nth nth 2 errno io").when, "path = nth");
}

TEST(MockText, SaysWhereItIsWrong) {
    for (const auto& [text, why] : {
             std::pair("", "column 1: which call? Write a name such as fd_write, or a pattern, fd_*"),
             std::pair("fd_wrte errno io",
                       "call: there is no host call \"fd_wrte\"; write a name such as fd_write, or a "
                       "pattern, fd_*"),
             std::pair("fd_write errno", "column 15: a value is missing behind errno"),
             std::pair("fd_write errno oops", "column 16: \"oops\" is no errno; write noent, ENOENT or 44"),
             std::pair("fd_write errno io trap",
                       "column 19: a rule has one answer, and \"trap\" would be a second"),
             std::pair("fd_write nth x errno io", "column 14: \"x\" is no number"),
             std::pair("fd_write nth 0 errno io", "from: calls are counted from 1"),
             std::pair("fd_write from 3 to 2 errno io", "to: it is less than from"),
             std::pair("fd_write nth 3 from 2", "column 16: nth says both from and to; write either"),
             std::pair("fd_write to 3 nth 2", "column 15: nth says both from and to; write either"),
             std::pair("fd_readdir reply entry a type dir",
                       "column 31: \"dir\" is no file type; write directory"),
             std::pair("fd_readdir reply entry a cookie 0",
                       "column 33: cookie 0 is the beginning of the list; write 1 or more"),
             std::pair("fd_readdir reply entry a inode x", "column 32: \"x\" is no number"),
             std::pair("fd_write delay 5",
                       "column 16: \"5\" is no delay; write 500us, 5ms or 2s, at most 24 hours"),
             std::pair("fd_write fd = errno io",
                       "when: column 12: \"io\" would be looked for in a call that is yet to be "
                       "made; write FIELD = VALUE, such as path ~ \"*.cfg\""),
             std::pair("fd_write errno = io trap",
                       "when: column 1: errno is not known before the call is made"),
             std::pair("fd_read corrupt 1048577", "corrupt: it is at most 1048576 bits"),
             std::pair("fd_close short 3", "short: fd_close neither reads nor writes through buffers"),
             std::pair("fd_close reply size=3", "reply.size: fd_close has no such result; it has no results"),
         })
        EXPECT_EQ(refusal(text), why) << text;
}

TEST(MockJson, IsReadAsItIsWritten) {
    std::vector<MockRule> rules;
    for (const char* text :
         {"path_open path ~ \"*.cfg\" nth 3 errno noent",
          "fd_* every 2 probability 0.25 seed 9 delay 5ms pass", "fd_read reply bytes \"a\\nb\"",
          "random_get reply hex 00ff", "fd_filestat_get reply buf.size=5",
          "fd_write from 3 to 9 short 10 policy", "fd_read corrupt 4 off", "proc_exit trap \"no\"",
          "sched_yield stop", "sched_yield trap note x",
          "fd_readdir reply entry a entry b/ entry c type symbolic_link entry d/ inode 5 cookie 9"})
        rules.push_back(rule(text));
    const auto again = parseMocks(mocksJson(rules));
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(again.value(), rules);
}

TEST(MockJson, SaysWhereItIsWrong) {
    for (
        const auto& [json, why] : {
            std::pair(
                "[]",
                "\"rules\" is missing; write {\"rules\": [{\"call\": \"fd_write\", \"errno\": \"nospc\"}]}"),
            std::pair(R"({"rules": [{"call": "fd_sync", "errno": "io"}, {"call": 5}]})",
                      "rules[1].call: a string is expected"),
            std::pair(R"({"rules": [{"errno": "io"}]})",
                      "rules[0]: \"call\" is missing: the name of a host call, or a pattern"),
            std::pair(R"({"rules": [{"call": "fd_sync", "erno": "io"}]})",
                      "rules[0].erno: there is no such member of a rule"),
            std::pair(R"({"rules": [{"call": "fd_sync", "errno": "oi"}]})",
                      "rules[0].errno: \"oi\" is no errno; write \"noent\""),
            std::pair(R"({"rules": [{"call": "fd_sync", "nth": -1}]})",
                      "rules[0].nth: a whole number is expected"),
            std::pair(R"({"rules": [{"call": "fd_sync", "when": "fd = = 3", "errno": "io"}]})",
                      "rules[0].when: column 6: a value is missing behind ="),
            std::pair(R"({"rules": [{"call": "fd_sync", "errno": "io", "trap": true}]})",
                      "rules[0].trap: a rule has one answer, and this one has \"errno\" already"),
            std::pair(R"({"rules": [{"call": "fd_filestat_get", "reply": {"buf": {"sizes": 3}}}]})",
                      "rules[0].reply.buf.sizes: fd_filestat_get has no such result; its results are "
                      "buf.dev, buf.ino, "
                      "buf.filetype, buf.nlink, buf.size, buf.atim, buf.mtim, buf.ctim"),
            std::pair(R"({"rules": [{"call": "random_get", "reply": {"hex": "0g"}}]})",
                      "rules[0].reply.hex: two hex digits a byte are expected, such as \"48656c\""),
            std::pair(R"({"rules": [{"call": "fd_readdir", "reply": {"entries": "a"}}]})",
                      "rules[0].reply.entries: a list of names is expected, or of {\"name\", \"type\", "
                      "\"inode\", \"cookie\"}"),
            std::pair(R"({"rules": [{"call": "fd_readdir", "reply": {"entries": [5]}}]})",
                      "rules[0].reply.entries[0]: a name or an object is expected"),
            std::pair(R"({"rules": [{"call": "fd_readdir", "reply": {"entries": [{"type": "directory"}]}}]})",
                      "rules[0].reply.entries[0]: \"name\" is missing"),
            std::pair(
                R"({"rules": [{"call": "fd_readdir", "reply": {"entries": ["a", {"name": "b", "type": "dir"}]}}]})",
                "rules[0].reply.entries[1].type: \"dir\" is no file type; write \"directory\""),
            std::pair(
                R"({"rules": [{"call": "fd_readdir", "reply": {"entries": [{"name": "b", "cookie": 0}]}}]})",
                "rules[0].reply.entries[0].cookie: 0 is the beginning of the list; write 1 or more"),
            std::pair(
                R"({"rules": [{"call": "fd_readdir", "reply": {"entries": [{"name": "b", "size": 0}]}}]})",
                "rules[0].reply.entries[0].size: there is no such member of an entry"),
            std::pair(
                R"({"rules": [{"call": "fd_readdir", "reply": {"entries": ["a\u0000b"]}}]})",
                "rules[0].reply.entries[0]: a name holds no \"/\" (but a directory's may end in one) and no "
                "NUL"),
            std::pair(R"({"rules": [{"call": "fd_sync", "nth": 3, "from": 2, "errno": "io"}]})",
                      "rules[0]: \"nth\" says both \"from\" and \"to\"; write either"),
            std::pair(R"({"rules": [{"call": "fd_sync", "to": 3, "nth": 2, "errno": "io"}]})",
                      "rules[0]: \"nth\" says both \"from\" and \"to\"; write either"),
            std::pair(R"({"rules": [{"call": "fd_sync", "trap": false}]})",
                      "rules[0].trap: true or a message is expected"),
            std::pair(R"({"rules": [{"call": "fd_sync", "stop": 1}]})",
                      "rules[0].stop: true or a message is expected"),
            std::pair(R"({"version": 7, "rules": []})", "version: it is 7, and this reads version 1"),
            std::pair(R"({"version": "1", "rules": []})", "version: it is \"1\", and this reads version 1"),
            std::pair(R"({"rules": [], "extra": 1})",
                      "extra: there is no such member; rules stand in \"rules\""),
        }) {
        const auto parsed = parseMocks(json);
        ASSERT_FALSE(parsed.ok()) << json;
        EXPECT_EQ(parsed.error().message, why) << json;
    }
    EXPECT_FALSE(parseMocks(std::string(1'000'000, '[')).ok());
    EXPECT_FALSE(parseMocks("{\"rules\": [").ok());
    EXPECT_TRUE(parseMocks(R"({"version": 1, "rules": []})").ok());
    EXPECT_FALSE(loadMocks("/nonexistent/mocks.json").ok());
    const Scratch scratch;
    const std::string fifo = scratch.path("fifo");
    ASSERT_EQ(mkfifo(fifo.c_str(), 0666), 0);
    EXPECT_EQ(loadMocks(fifo).error().message, fifo + ": is a named pipe, not a file");
    EXPECT_EQ(loadMocks(scratch.path()).error().message,
              scratch.path().string() + ": is a directory, not a file");
}

/// The schema and the reader know the same members; its examples can be read.
TEST(MockJson, AgreesWithItsSchema) {
    const auto path = std::filesystem::path(WASISCOPE_SOURCE_DIR) / "resources/schema/mocks.schema.json";
    const auto schema = nlohmann::json::parse(std::ifstream(path));
    const auto& properties = schema["$defs"]["rule"]["properties"];
    for (const auto& [name, property] : properties.items()) {
        ASSERT_TRUE(property.contains("examples")) << name;
        for (const auto& example : property["examples"]) {
            nlohmann::json made = {{"call", "fd_read"}};
            if (name == "reply" && example.contains("buf")) made["call"] = "fd_filestat_get";
            if (name == "reply" && example.contains("entries")) made["call"] = "fd_readdir";
            made[name] = example;
            const auto parsed = parseMocks(nlohmann::json{{"rules", {made}}}.dump());
            EXPECT_TRUE(parsed.ok()) << made.dump() << ": " << parsed.error().message;
        }
    }
    for (const auto& example : schema["examples"])
        EXPECT_TRUE(parseMocks(example.dump()).ok()) << example.dump();
    // All that is written is in the schema.
    const auto written = nlohmann::json::parse(
        mocksJson({rule("fd_read fd = 3 from 2 to 5 every 2 probability 0.5 seed 1 delay 1ms corrupt 2 "
                        "policy note x off"),
                   rule("fd_read nth 3 errno io"), rule("fd_read reply bytes a"), rule("fd_read short 2"),
                   rule("fd_read trap"), rule("fd_read stop"), rule("fd_read pass")}));
    for (const auto& made : written["rules"])
        for (const auto& [name, value] : made.items())
            EXPECT_TRUE(properties.contains(name)) << name;
}

}  // namespace
}  // namespace wasi
