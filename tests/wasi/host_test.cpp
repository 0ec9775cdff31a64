#include "wasi/host.h"

#include <fcntl.h>

#include <chrono>
#include <thread>

#include "tests/wasi/guest.h"
#include "wasi/mock_text.h"
#include "wasi/world/unique_fd.h"

namespace wasi {
namespace {

using Kind = engine::HostOutcome::Kind;
using namespace std::chrono_literals;

std::span<const uint8_t> bytesOf(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string outputOf(Guest& guest, OutputStream stream = OutputStream::Stdout) {
    std::string text;
    for (const auto& chunk : guest.host->output().read(0, ~uint64_t{0}))
        if (chunk.stream == stream) text += chunk.bytes;
    return text;
}

TEST(WasiHost, SaysWhatIsMissingWhenAPreopenCannotBeOpened) {
    auto c = Guest::quiet();
    c.preopens = {{"/does/not/exist", "/x", MountKind::Real}};
    EXPECT_EQ(WasiHost::create(c).error().message, "preopen /x: there is no directory /does/not/exist");
    c.preopens = {{"/etc/passwd", "/x", MountKind::Real}};
    EXPECT_EQ(WasiHost::create(c).error().message, "preopen /x: /etc/passwd is not a directory");
    for (const auto kind : {MountKind::Overlay, MountKind::InMemory}) {
        c.preopens = {{"/does/not/exist", "/x", kind}};
        EXPECT_EQ(WasiHost::create(c).error().code, engine::ErrorCode::NotFound);
    }
}

TEST(WasiHost, RefusesImportsThatItDoesNotKnow) {
    Guest guest;
    const auto resolver = guest.host->resolver(guest.store);
    const auto refused = [&](const char* module, const char* name,
                             engine::ExternKind kind = engine::ExternKind::Func) {
        const auto answer = resolver({module, name, kind, 0, 0}, {});
        EXPECT_FALSE(answer.ok());
        return answer.error().message;
    };
    EXPECT_EQ(refused("wasi_snapshot_preview1", "fd_wrote"),
              "wasi_snapshot_preview1.fd_wrote: WASI 0.1 has no such function");
    EXPECT_NE(refused("env", "puts").find("no module of that name"), std::string::npos);
    EXPECT_EQ(refused("wasi", "thread-spawn"),
              "wasi.thread-spawn: threads (wasi-threads) are not supported yet");
    EXPECT_NE(refused("wasi_unstable", "fd_write", engine::ExternKind::Memory).find("it is a function"),
              std::string::npos);
}

TEST(WasiHost, GivesArgumentsAndEnvironment) {
    auto c = Guest::quiet();
    c.arguments = {"prog", "", "two words"};
    c.environment = {{"A", "1"}, {"B", ""}};
    Guest guest(c);
    const uint32_t count = guest.room(4), bytes = guest.room(4), table = guest.room(64),
                   buffer = guest.room(64);
    ASSERT_EQ(guest.call("args_sizes_get", count, bytes), Errno::Success);
    EXPECT_EQ(guest.get<Size>(count), 3u);
    EXPECT_EQ(guest.get<Size>(bytes), 16u);
    ASSERT_EQ(guest.call("args_get", table, buffer), Errno::Success);
    EXPECT_EQ(guest.text(buffer, 16), std::string("prog\0\0two words\0", 16));
    EXPECT_EQ(guest.get<Size>(table + 8), buffer + 6);
    EXPECT_EQ(show(guest.last()).line(),
              "args_get([\"prog\\x00\", \"\\x00\", \"two words\\x00\"], \"prog\\x00\") = ESUCCESS");
    ASSERT_EQ(guest.call("environ_sizes_get", count, bytes), Errno::Success);
    EXPECT_EQ(guest.get<Size>(bytes), 7u);
    ASSERT_EQ(guest.call("environ_get", table, buffer), Errno::Success);
    EXPECT_EQ(guest.text(buffer, 7), std::string("A=1\0B=\0", 7));
    EXPECT_EQ(guest.call("args_get", Guest::kMemoryBytes, buffer), Errno::Fault);
}

TEST(WasiHost, ShowsCallsInWords) {
    const Scratch s;
    s.put("inside/in.txt", "hello");
    Guest guest(Guest::with(s));
    EXPECT_EQ(guest.write(1, "hello\n"), Errno::Success);
    EXPECT_EQ(show(guest.last()).line(), "fd_write(1 (stdout), [{\"hello\\n\", 6}]) = ESUCCESS nwritten=6");
    EXPECT_EQ(show(guest.last(), 2).line(), "fd_write(1 (stdout), [{\"he\"…, 6}]) = ESUCCESS nwritten=6");
    uint32_t fd = 0;
    ASSERT_EQ(guest.open(3, "in.txt", Oflags::None, Rights::FdRead | Rights::FdSeek, &fd), Errno::Success);
    EXPECT_EQ(
        show(guest.last()).line(),
        "path_open(3 (/data), symlink_follow, \"in.txt\", 0, fd_read|fd_seek, 0, 0) = ESUCCESS opened_fd=4");
    EXPECT_EQ(guest.last().detail, s.inside("in.txt"));
    EXPECT_EQ(guest.read(fd, 100), "hello");
    EXPECT_EQ(show(guest.last()).line(), "fd_read(4 (/data/in.txt), [{\"hello\", 100}]) = ESUCCESS nread=5");
    EXPECT_EQ(guest.call("fd_seek", fd, static_cast<uint64_t>(-2), 2, guest.room(8)), Errno::Success);
    EXPECT_EQ(show(guest.last()).line(), "fd_seek(4 (/data/in.txt), -2, end) = ESUCCESS newoffset=3");
    EXPECT_EQ(guest.call("fd_close", 77), Errno::Badf);
    const auto shown = show(guest.last());
    EXPECT_EQ(shown.line(), "fd_close(77) = EBADF");
    EXPECT_EQ(shown.errnoText, "bad file descriptor");
    EXPECT_EQ(guest.last().detail, "fd 77 is not open");
    EXPECT_EQ(guest.outcome("proc_exit", {3}).exitCode, 3u);
    EXPECT_EQ(show(guest.last()).line(), "proc_exit(3)");
    EXPECT_EQ(guest.last().outcome, Outcome::Exited);
}

TEST(WasiHost, ListsOpenFiles) {
    const Scratch s;
    s.put("inside/in.txt", "hello");
    Guest guest(Guest::with(s));
    ASSERT_EQ(guest.open(3, "./x/../in.txt", Oflags::None, Guest::kReadOnly), Errno::Noent);
    ASSERT_EQ(guest.open(3, "in.txt", Oflags::None, Rights::FdRead), Errno::Success);
    EXPECT_EQ(guest.read(4, 3), "hel");
    const auto files = guest.host->openFiles();
    ASSERT_EQ(files.size(), 5u);
    EXPECT_EQ(files[0].kind, "stdin");
    EXPECT_TRUE(files[3].isPreopen);
    EXPECT_EQ(files[3].hostPath, s.inside());
    EXPECT_EQ(files[4].guestPath, "/data/in.txt");
    EXPECT_EQ(files[4].position, 3u);
    EXPECT_EQ(files[4].bytesRead, 3u);
    EXPECT_EQ(files[4].rights, "fd_read");
    EXPECT_EQ(files[4].openedBySequence, 1u);
}

TEST(WasiHost, E8_BadPointersAndListsAreErrors) {
    const Scratch s;
    s.put("inside/f", "hello");
    Guest guest(Guest::with(s));
    constexpr uint32_t kEnd = Guest::kMemoryBytes;
    uint32_t fd = 0;
    ASSERT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadWrite, &fd), Errno::Success);
    const uint32_t result = guest.room(8);
    for (const uint32_t bad : {kEnd - 3, kEnd, 0x7fffffffu, 0xfffffffcu, 0xffffffffu}) {
        EXPECT_EQ(guest.call("clock_time_get", 0, 0, bad), Errno::Fault);
        EXPECT_EQ(guest.call("fd_read", fd, bad, 1, result), Errno::Fault);
        EXPECT_EQ(guest.call("fd_read", fd, guest.put(Iovec{bad, 16}), 1, result), Errno::Fault);
        EXPECT_EQ(guest.call("fd_read", fd, guest.put(Iovec{16, bad}), 1, result), Errno::Fault);
        EXPECT_EQ(guest.call("fd_write", fd, guest.put(Ciovec{bad, 0xffffffff}), 1, result), Errno::Fault);
        EXPECT_EQ(guest.call("fd_write", fd, guest.put(Ciovec{16, 1}), 1, bad), Errno::Fault);
        EXPECT_EQ(guest.call("random_get", 16, bad), Errno::Fault);
        EXPECT_EQ(guest.call("random_get", bad, 16), Errno::Fault);
        EXPECT_EQ(guest.call("path_open", 3, 0, bad, 8, 0, 0, 0, 0, result), Errno::Fault);
        EXPECT_EQ(guest.call("fd_readdir", 3, bad, 16, 0, result), Errno::Fault);
        EXPECT_EQ(guest.call("poll_oneoff", bad, 16, 1, result), Errno::Fault);
        EXPECT_EQ(guest.call("poll_oneoff", 64, bad, 1, result), Errno::Fault);
    }
    EXPECT_EQ(guest.call("fd_read", fd, 0, 0x80000000u, result), Errno::Fault);
    EXPECT_EQ(guest.call("fd_read", fd, kEnd - 8 * 2000, 2001, result), Errno::Fault);
    EXPECT_EQ(guest.call("fd_read", fd, 0, 0, result), Errno::Success);
    EXPECT_EQ(guest.call("poll_oneoff", 0, 0, 0x80000000u, result), Errno::Fault);
    EXPECT_EQ(guest.call("poll_oneoff", 0, 0, 0, result), Errno::Inval);
    EXPECT_EQ(guest.call("path_open", 3, 0, 0, 0x30000, 0, 0, 0, 0, result), Errno::Nametoolong);
    EXPECT_EQ(s.get("inside/f"), "hello");
}

TEST(WasiHost, E8_ABadAddressIsTold) {
    const Scratch s;
    Guest guest(Guest::with(s));
    const uint32_t result = guest.room(8);
    const auto told = [&](const char* name, auto... slots) {
        EXPECT_EQ(guest.call(name, slots...), Errno::Fault) << name;
        return guest.last().detail;
    };
    EXPECT_EQ(told("clock_time_get", 0, 0, 0xfffffffcu), "out of bounds: 8 bytes at 0xfffffffc");
    EXPECT_EQ(told("path_unlink_file", 3, 0xffffffffu, 1), "out of bounds: 1 byte at 0xffffffff");
    // One of a list, and the list itself.
    EXPECT_EQ(told("fd_write", 1, guest.put(Ciovec{0xfffffff0u, 16}), 1, result),
              "out of bounds: 16 bytes at 0xfffffff0");
    EXPECT_EQ(told("fd_write", 1, 0xfffffff0u, 2, result), "out of bounds: 16 bytes at 0xfffffff0");
    EXPECT_EQ(told("fd_write", 1, guest.put(Ciovec{0xfffffff0u, 16}), 1, 0xfffffffeu),
              "out of bounds: 4 bytes at 0xfffffffe")
        << "the result is looked for first";
    EXPECT_EQ(told("random_get", 0xfffffff0u, 100), "out of bounds: 100 bytes at 0xfffffff0");
    EXPECT_EQ(guest.call("clock_time_get", 0, 0, result), Errno::Success);
    EXPECT_EQ(guest.last().detail, "");
}

TEST(WasiHost, F14_OffsetsBeyondWhatFilesHaveAreErrors) {
    const Scratch s;
    s.put("inside/f", "hello");
    Guest guest(Guest::with(s));
    uint32_t fd = 0;
    ASSERT_EQ(guest.open(
                  3, "f", Oflags::None,
                  Guest::kReadWrite | Rights::FdAdvise | Rights::FdAllocate | Rights::FdFilestatSetSize, &fd),
              Errno::Success);
    constexpr uint64_t kHuge = uint64_t{1} << 63;
    const uint32_t result = guest.room(8);
    const uint32_t buffer = guest.put(Iovec{16, 1});
    EXPECT_EQ(guest.call("fd_pread", fd, buffer, 1, kHuge, result), Errno::Inval);
    EXPECT_EQ(guest.call("fd_pwrite", fd, buffer, 1, kHuge, result), Errno::Inval);
    EXPECT_EQ(guest.call("fd_pread", fd, buffer, 0, kHuge, result), Errno::Inval);
    EXPECT_EQ(guest.call("fd_pwrite", fd, buffer, 0, kHuge, result), Errno::Inval);
    EXPECT_EQ(guest.call("fd_pread", fd, buffer, 0, kHuge - 1, result), Errno::Success);
    EXPECT_EQ(guest.call("fd_advise", fd, kHuge, 1, 0), Errno::Inval);
    EXPECT_EQ(guest.call("fd_allocate", fd, kHuge, 1), Errno::Fbig);
    EXPECT_EQ(guest.call("fd_allocate", fd, 0, 0), Errno::Inval);
    EXPECT_EQ(guest.call("fd_filestat_set_size", fd, kHuge), Errno::Inval);
    EXPECT_EQ(guest.call("fd_seek", fd, kHuge, 0, result), Errno::Inval);
    EXPECT_EQ(guest.call("fd_seek", fd, 1000, 0, result), Errno::Success);
}

TEST(WasiHost, StopsOutputAtItsLimit) {
    auto c = Guest::quiet();
    c.budgets.maxOutputBytes = 8;
    Guest guest(c);
    EXPECT_EQ(guest.write(1, "hello"), Errno::Success);
    EXPECT_EQ(guest.write(2, "world"), Errno::Success);
    EXPECT_EQ(guest.last().detail, "output limit of 8 bytes reached");
    EXPECT_EQ(guest.write(1, "!"), Errno::Nospc);
    EXPECT_EQ(outputOf(guest) + outputOf(guest, OutputStream::Stderr), "hellowor");
}

TEST(WasiHost, FollowsTheClockAndRandomGrants) {
    auto c = Guest::quiet();
    c.clock = {ClockGrant::Kind::Fixed, 5'000'000, 1.0};
    c.random.seed = 42;
    Guest a(c), b(c);
    const uint32_t time = a.room(8), bytes = a.room(64);
    b.room(72);
    EXPECT_EQ(a.call("clock_time_get", 0, 0, time), Errno::Success);
    EXPECT_EQ(a.get<Timestamp>(time), 5'000'000u);
    EXPECT_EQ(a.call("clock_time_get", 1, 0, time), Errno::Success);
    EXPECT_EQ(a.get<Timestamp>(time), 5'001'000u);
    EXPECT_EQ(a.call("clock_time_get", 9, 0, time), Errno::Inval);
    EXPECT_EQ(a.call("random_get", bytes, 64), Errno::Success);
    EXPECT_EQ(b.call("random_get", bytes, 10), Errno::Success);
    EXPECT_EQ(b.call("random_get", bytes + 10, 54), Errno::Success);
    EXPECT_EQ(a.text(bytes, 64), b.text(bytes, 64));
    // A sleep under a fixed clock passes at once.
    Subscription s;
    s.u.content.emplace<0>(SubscriptionClock{Clockid::Monotonic, 3'600'000'000'000, 0, Subclockflags::None});
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(a.call("poll_oneoff", a.put(s), a.room(32), 1, a.room(4)), Errno::Success);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
    EXPECT_EQ(a.call("clock_time_get", 1, 0, time), Errno::Success);
    EXPECT_GE(a.get<Timestamp>(time), 3'600'000'000'000u);
}

TEST(WasiHost, SpeaksWasiUnstable) {
    const Scratch s;
    s.put("inside/f", "hello");
    Guest guest(Guest::with(s));
    uint32_t fd = 0;
    ASSERT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadOnly, &fd), Errno::Success);
    const uint32_t result = guest.room(64);
    EXPECT_EQ(guest.call("wasi_unstable.fd_seek", fd, static_cast<uint64_t>(-1), 1 /* end */, result),
              Errno::Success);
    EXPECT_EQ(guest.get<Filesize>(result), 4u);
    EXPECT_EQ(guest.call("wasi_unstable.fd_filestat_get", fd, result), Errno::Success);
    EXPECT_EQ(guest.get<unstable::Filestat>(result).size, 5u);
    EXPECT_EQ(guest.get<unstable::Filestat>(result).nlink, 1u);
    unstable::Subscription sub;
    sub.userdata = 8;
    sub.u.content.emplace<0>(
        unstable::SubscriptionClock{1, Clockid::Monotonic, 1000, 0, Subclockflags::None});
    const uint32_t event = guest.room(32);
    EXPECT_EQ(guest.call("wasi_unstable.poll_oneoff", guest.put(sub), event, 1, result), Errno::Success);
    EXPECT_EQ(guest.get<Event>(event).userdata, 8u);
    for (const std::string version : {"wasi_unstable.", "wasi_snapshot_preview1."}) {
        EXPECT_EQ(guest.call(version + "poll_oneoff", 0, 0, 0, result), Errno::Inval);
        EXPECT_EQ(guest.call(version + "poll_oneoff", 0, 0, 0x80000000u, result), Errno::Fault);
    }
}

/// By what C libraries (isatty) know a terminal: a character device in which nobody can seek.
bool looksLikeTerminal(Guest& guest, uint32_t fd) {
    const uint32_t result = guest.room(32);
    EXPECT_EQ(guest.call("fd_fdstat_get", fd, result), Errno::Success);
    const auto stat = guest.get<Fdstat>(result);
    const bool cannotSeek = !hasAny(stat.fs_rights_base, Rights::FdSeek | Rights::FdTell);
    EXPECT_EQ(guest.call("fd_seek", fd, 0, static_cast<uint64_t>(Whence::Set), result),
              cannotSeek ? Errno::Spipe : Errno::Success);
    return cannotSeek && stat.fs_filetype == Filetype::CharacterDevice;
}

TEST(WasiHost, OnlyTerminalsLookLikeOnes) {
    const UniqueFd master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_TRUE(master && grantpt(master.get()) == 0 && unlockpt(master.get()) == 0);
    const Scratch s;
    for (const auto& [grant, isTerminal] : {
             std::pair{StdioGrant{StdioKind::File, ptsname(master.get()), {}}, true},
             std::pair{StdioGrant{StdioKind::Session, {}, {}}, true},
             std::pair{StdioGrant{StdioKind::File, "/dev/null", {}}, false},
             std::pair{StdioGrant{StdioKind::Null, {}, {}}, false},
         }) {
        auto c = Guest::quiet();
        c.standardOutput = grant;
        Guest guest(c);
        EXPECT_EQ(looksLikeTerminal(guest, 1), isTerminal) << grant.path;
        EXPECT_EQ(guest.write(1, "x"), Errno::Success) << grant.path;
    }
}

TEST(WasiHost, AnswersSocketCallsOnOtherThings) {
    Guest guest;
    EXPECT_EQ(guest.call("sock_shutdown", 1, 1), Errno::Notsock);
    EXPECT_EQ(guest.call("sock_shutdown", 9, 1), Errno::Badf);
    EXPECT_EQ(guest.call("sock_send", 9, 0, 0, 0, guest.room(4)), Errno::Badf);
    EXPECT_EQ(guest.call("sock_accept", 0, 0, guest.room(4)), Errno::Notsock);
}

TEST(WasiHost, TrapsOnSignalsThatEndAProgram) {
    Guest guest;
    EXPECT_EQ(guest.call("proc_raise", 0), Errno::Success);
    const auto outcome = guest.outcome("proc_raise", {6});
    EXPECT_EQ(outcome.kind, Kind::Trap);
    EXPECT_EQ(outcome.trap.message, "the program raised signal abrt");
    EXPECT_EQ(guest.last().outcome, Outcome::Trapped);
    EXPECT_EQ(guest.call("proc_raise", 99), Errno::Inval);
}

// --- Waiting ------------------------------------------------------------------------------------------------------------

/// Runs something soon, on another thread.
class Soon {
public:
    explicit Soon(std::function<void()> what, std::chrono::milliseconds delay = 50ms)
        : m_thread([what = std::move(what), delay] {
              std::this_thread::sleep_for(delay);
              what();
          }) {}
    ~Soon() { m_thread.join(); }

private:
    std::thread m_thread;
};

TEST(Waiting, ForInputEndsWhenWokenAndGoesOnWhenMadeAgain) {
    Guest guest;
    const uint32_t buffer = guest.room(16), result = guest.room(4), list = guest.put(Iovec{buffer, 16});
    const std::vector<uint64_t> arguments{0, list, 1, result};
    std::string waiting;
    {
        const Soon wake([&] {
            waiting = guest.host->waitingFor();
            guest.host->wake();
        });
        EXPECT_EQ(guest.outcome("fd_read", arguments).kind, Kind::Interrupted);
    }
    EXPECT_EQ(waiting, "stdin");
    EXPECT_EQ(guest.host->waitingFor(), "");
    ASSERT_EQ(guest.host->log().count(), 1u);
    EXPECT_EQ(guest.last().outcome, Outcome::Pending);
    EXPECT_EQ(guest.last().subject, "stdin");
    const auto standardInput = [&] {
        for (const GrantUse& use : guest.host->ledger().grants)
            if (use.kind == GrantKind::Stdin) return use;
        return GrantUse{};
    };
    EXPECT_TRUE(standardInput().isUsed) << "what is waited for is needed";
    EXPECT_EQ(standardInput().calls, 0u);
    {
        const Soon push([&] { guest.host->pushInput(bytesOf("typed\n")); });
        EXPECT_EQ(guest.outcome("fd_read", arguments).kind, Kind::Return);
    }
    EXPECT_EQ(guest.text(buffer, guest.get<Size>(result)), "typed\n");
    ASSERT_EQ(guest.host->log().count(), 1u);  // it was one call
    EXPECT_EQ(show(guest.last()).line(), "fd_read(0 (stdin), [{\"typed\\n\", 16}]) = ESUCCESS nread=6");
    EXPECT_EQ(standardInput().calls, 1u);
    guest.host->closeInput();
    EXPECT_EQ(guest.read(0, 10), "");
}

TEST(Waiting, IsNotHeldUpByAnOldWakeUp) {
    Guest guest;
    guest.host->wake();
    guest.host->pushInput(bytesOf("x"));
    EXPECT_EQ(guest.read(0, 4), "x");
    guest.host->wake();
    const Soon push([&] { guest.host->pushInput(bytesOf("y")); });
    EXPECT_EQ(guest.read(0, 4), "y");
}

TEST(Waiting, EndsAtOnceWhenAYieldIsAlreadyRequested) {
    Guest guest;
    guest.machine->requestYield();
    guest.host->wake();
    const uint32_t result = guest.room(4);
    EXPECT_EQ(guest.outcome("fd_read", {0, guest.put(Iovec{guest.room(4), 4}), 1, result}).kind,
              Kind::Interrupted);
}

Subscription timer(uint64_t ns, Subclockflags flags = Subclockflags::None, Clockid id = Clockid::Monotonic) {
    Subscription s;
    s.userdata = 5;
    s.u.content.emplace<0>(SubscriptionClock{id, ns, 0, flags});
    return s;
}

TEST(Waiting, ForATimerKeepsItsDeadlineThroughAnInterruption) {
    Guest guest;
    const uint32_t event = guest.room(32), count = guest.room(4);
    const std::vector<uint64_t> arguments{guest.put(timer(400'000'000)), event, 1, count};
    const auto begun = std::chrono::steady_clock::now();
    {
        std::string waiting;
        const Soon wake(
            [&] {
                waiting = guest.host->waitingFor();
                guest.host->wake();
            },
            200ms);
        EXPECT_EQ(guest.outcome("poll_oneoff", arguments).kind, Kind::Interrupted);
    }
    EXPECT_EQ(guest.outcome("poll_oneoff", arguments).kind, Kind::Return);
    const auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_GE(took, 400ms);
    EXPECT_LT(took, 590ms);  // and not 200 + 400
    EXPECT_EQ(guest.get<Size>(count), 1u);
    EXPECT_EQ(guest.get<Event>(event).userdata, 5u);
    EXPECT_EQ(guest.host->log().count(), 1u);
}

TEST(Waiting, E6_PollTakesEveryTimeout) {
    Guest guest;
    const uint32_t event = guest.room(64), count = guest.room(4);
    const auto poll = [&](const Subscription& s) {
        return guest.call("poll_oneoff", guest.put(s), event, 1, count);
    };
    EXPECT_EQ(poll(timer(0)), Errno::Success);
    EXPECT_EQ(poll(timer(0, Subclockflags::SubscriptionClockAbstime)), Errno::Success);
    EXPECT_EQ(poll(timer(1, Subclockflags::SubscriptionClockAbstime, Clockid::Realtime)), Errno::Success);
    EXPECT_EQ(poll(timer(5, Subclockflags::None, static_cast<Clockid>(77))), Errno::Success);
    EXPECT_EQ(guest.get<Event>(event).error, Errno::Inval);
    {
        const Soon wake([&] { guest.host->wake(); });
        EXPECT_EQ(guest.outcome("poll_oneoff", {guest.put(timer(~0ull)), event, 1, count}).kind,
                  Kind::Interrupted);
    }
    // Two at once: the earlier one ends the wait.
    const uint32_t in = guest.put(timer(~0ull));
    guest.put(timer(1'000'000));
    EXPECT_EQ(guest.call("poll_oneoff", in, event, 2, count), Errno::Success);
    EXPECT_EQ(guest.get<Size>(count), 1u);
}

Subscription reading(uint32_t fd) {
    Subscription s;
    s.userdata = 6;
    s.u.content.emplace<1>(SubscriptionFdReadwrite{fd});
    return s;
}

TEST(Waiting, PollsDescriptors) {
    const Scratch s;
    s.put("inside/f", "hello");
    Guest guest(Guest::with(s));
    const uint32_t event = guest.room(64), count = guest.room(4);
    uint32_t fd = 0;
    ASSERT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadOnly | Rights::PollFdReadwrite, &fd),
              Errno::Success);
    ASSERT_EQ(guest.call("poll_oneoff", guest.put(reading(fd)), event, 1, count), Errno::Success);
    EXPECT_EQ(guest.get<Event>(event).fd_readwrite.nbytes, 5u);
    Subscription writing;
    writing.u.content.emplace<2>(SubscriptionFdReadwrite{1});
    ASSERT_EQ(guest.call("poll_oneoff", guest.put(writing), event, 1, count), Errno::Success);
    EXPECT_GT(guest.get<Event>(event).fd_readwrite.nbytes, 0u);
    ASSERT_EQ(guest.call("poll_oneoff", guest.put(reading(99)), event, 1, count), Errno::Success);
    EXPECT_EQ(guest.get<Event>(event).error, Errno::Badf);
    {
        const Soon push([&] { guest.host->pushInput(bytesOf("abc")); });
        const uint32_t in = guest.put(reading(0));
        guest.put(timer(20'000'000'000));
        ASSERT_EQ(guest.call("poll_oneoff", in, event, 2, count), Errno::Success);
    }
    EXPECT_EQ(guest.get<Size>(count), 1u);
    EXPECT_EQ(guest.get<Event>(event).type, Eventtype::FdRead);
    EXPECT_EQ(guest.get<Event>(event).fd_readwrite.nbytes, 3u);
}

/// Standard output is the writing end of a pipe.
struct IntoAPipe {
    IntoAPipe() {
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        capabilities.standardOutput = {StdioKind::File, "/proc/self/fd/" + std::to_string(ends[1])};
    }
    int ends[2] = {};
    Capabilities capabilities = Guest::quiet();
};

TEST(Waiting, AWriteIntoAFullPipeGoesOnWhereItWasInterrupted) {
    for (int way = 0; way < 4; way++) {
        SCOPED_TRACE(way);
        const bool isLogged = way & 1;
        const IntoAPipe pipe;
        UniqueFd reader(pipe.ends[0]);
        Guest guest(pipe.capabilities);
        ::close(pipe.ends[1]);
        guest.host->setLogging(isLogged);
        guest.asksTwice = way & 2;
        const uint32_t size = 150'000, buffer = guest.room(size), result = guest.room(4);
        std::string sent(size, '\0');
        for (uint32_t i = 0; i < size; i++)
            sent[i] = static_cast<char>(guest.memory()[buffer + i] = static_cast<uint8_t>(i % 251));
        const std::vector<uint64_t> write{1, guest.put(Ciovec{buffer, size}), 1, result};
        for (int i = 0; i < 2; i++) {
            const Soon wake([&] { guest.host->wake(); });
            EXPECT_EQ(guest.outcome("fd_write", write).kind, Kind::Interrupted);
        }
        std::string received;
        std::thread draining([&] {
            char part[10'000];
            while (received.size() < size) {
                const ssize_t n = ::read(reader.get(), part, sizeof part);
                if (n > 0) received.append(part, static_cast<size_t>(n));
            }
        });
        EXPECT_EQ(guest.outcome("fd_write", write).kind, Kind::Return);
        draining.join();
        EXPECT_EQ(guest.get<Size>(result), size);
        EXPECT_TRUE(received == sent);
        if (isLogged) {
            ASSERT_EQ(guest.host->log().count(), 1u);
            ASSERT_EQ(guest.last().accesses.size(), 3u);  // the list, the bytes, how many
        }
        {
            const Soon wake([&] { guest.host->wake(); });
            EXPECT_EQ(guest.outcome("fd_write", write).kind, Kind::Interrupted);
        }
        reader.reset();
        Errno error{};
        EXPECT_EQ(guest.outcome("fd_write", write, &error).kind, Kind::Return);
        EXPECT_EQ(error, Errno::Success);  // what went in counts
        EXPECT_GE(guest.get<Size>(result), 4096u);
        EXPECT_LT(guest.get<Size>(result), size);
        EXPECT_EQ(guest.outcome("fd_write", write, &error).kind, Kind::Return);
        EXPECT_EQ(error, Errno::Pipe);
    }
}

TEST(Waiting, ACallThatGoesOnWhenLoggingIsSwitchedOnHasItsArguments) {
    const IntoAPipe pipe;
    UniqueFd reader(pipe.ends[0]);
    Guest guest(pipe.capabilities);
    ::close(pipe.ends[1]);
    const uint32_t size = 150'000, buffer = guest.room(size), result = guest.room(4);
    const std::vector<uint64_t> write{1, guest.put(Ciovec{buffer, size}), 1, result};
    ASSERT_EQ(guest.call("sched_yield"), Errno::Success);
    const int64_t before = guest.last().startNs;
    guest.host->setLogging(false);
    {
        const Soon wake([&] { guest.host->wake(); });
        EXPECT_EQ(guest.outcome("fd_write", write).kind, Kind::Interrupted);
    }
    guest.host->setLogging(true);
    reader.reset();
    Errno error{};
    EXPECT_EQ(guest.outcome("fd_write", write, &error).kind, Kind::Return);
    EXPECT_EQ(error, Errno::Success);  // some went in
    ASSERT_EQ(guest.host->log().count(), 2u);
    const SyscallRecord call = guest.last();
    EXPECT_GT(call.startNs, before);
    ASSERT_EQ(call.argumentCount, write.size());
    EXPECT_TRUE(std::equal(write.begin(), write.end(), call.arguments.begin()));
}

// --- The gate -------------------------------------------------------------------------------------------------------------

TEST(CallGate, StopsBeforeACallAndAsksOnlyOnce) {
    Guest guest;
    int asked = 0;
    guest.host->setGate([&](uint16_t function, engine::HostCall&) {
        asked++;
        return allHostFunctions()[function].name == "fd_write" ? GateDecision::Stop : GateDecision::Pass;
    });
    const uint32_t text = guest.put("hi"), list = guest.put(Ciovec{text, 2}), result = guest.room(4);
    const std::vector<uint64_t> arguments{1, list, 1, result};
    EXPECT_EQ(guest.outcome("fd_write", arguments).kind, Kind::Interrupted);
    EXPECT_EQ(guest.host->log().count(), 0u);
    EXPECT_EQ(outputOf(guest), "");
    EXPECT_EQ(guest.outcome("fd_write", arguments).kind, Kind::Return);
    EXPECT_EQ(outputOf(guest), "hi");
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(guest.outcome("fd_write", arguments).kind,
              Kind::Interrupted);  // the next such call stops again
    EXPECT_EQ(asked, 2);
}

TEST(CallGate, RecordsNothingWhenLoggingIsOff) {
    Guest guest;
    guest.host->setLogging(false);
    EXPECT_EQ(guest.write(1, "quiet"), Errno::Success);
    EXPECT_EQ(guest.host->log().count(), 0u);
    EXPECT_EQ(outputOf(guest), "quiet");
    guest.host->setLogging(true);
    EXPECT_EQ(guest.write(1, "loud"), Errno::Success);
    EXPECT_EQ(guest.host->log().count(), 1u);
}

struct Deaf final : engine::MemoryObserver {
    void reads(const engine::LinearMemory&, uint64_t, uint64_t) override {}
    void mayWrite(const engine::LinearMemory&, uint64_t, uint64_t) override {}
    void wrote(const engine::LinearMemory&, uint64_t, uint64_t) override { heard++; }
    int heard = 0;
};

TEST(CallGate, TakesTheShortWayWhereNobodyAsksOrLooks) {
    Guest guest;
    const uint32_t time = guest.room(8);
    const auto isDirect = [&] {
        EXPECT_EQ(guest.call("clock_time_get", 0, 0, time), Errno::Success);
        return guest.wasDirect;
    };
    EXPECT_TRUE(isDirect());
    EXPECT_EQ(guest.host->log().count(), 1u);
    guest.host->setLogging(false);
    EXPECT_TRUE(isDirect());
    EXPECT_EQ(guest.host->log().count(), 1u);
    EXPECT_EQ(guest.call("clock_time_get", 9, 0, time), Errno::Inval);
    EXPECT_TRUE(guest.wasDirect);

    guest.host->setGate([](uint16_t, engine::HostCall&) { return GateDecision::Pass; });
    EXPECT_FALSE(isDirect());
    guest.host->setGate({});
    guest.host->setDenied([](const Refusal&) { return false; });
    EXPECT_FALSE(isDirect());
    guest.host->setDenied({});
    Deaf observer;
    auto& memory = guest.store.memory(engine::MemAddr(0));
    memory.setObserver(&observer);
    EXPECT_FALSE(isDirect());
    EXPECT_EQ(observer.heard, 1);
    memory.setObserver(nullptr);
    ASSERT_TRUE(guest.host->setMocks({{0, parseMock("clock_* errno io").value()}}).ok());
    EXPECT_EQ(guest.call("clock_time_get", 0, 0, time), Errno::Io);
    EXPECT_FALSE(guest.wasDirect);
    EXPECT_EQ(guest.write(1, "x"), Errno::Success);
    EXPECT_TRUE(guest.wasDirect);
    ASSERT_TRUE(guest.host->setMocks({}).ok());
    EXPECT_TRUE(isDirect());
}

TEST(CallGate, WhatWouldWaitTakesTheLongWay) {
    Guest guest;
    guest.host->setLogging(false);
    const uint32_t buffer = guest.room(16), result = guest.room(4), list = guest.put(Iovec{buffer, 16});
    const std::vector<uint64_t> arguments{0, list, 1, result};
    {
        const Soon wake([&] { guest.host->wake(); });
        EXPECT_EQ(guest.outcome("fd_read", arguments).kind, Kind::Interrupted);
    }
    EXPECT_FALSE(guest.wasDirect);
    guest.host->pushInput(bytesOf("typed\n"));
    EXPECT_EQ(guest.outcome("fd_read", arguments).kind, Kind::Return);  // it is the one that was interrupted
    EXPECT_FALSE(guest.wasDirect);
    EXPECT_EQ(guest.text(buffer, guest.get<Size>(result)), "typed\n");
    guest.host->pushInput(bytesOf("again"));
    EXPECT_EQ(guest.read(0, 16), "again");
    EXPECT_TRUE(guest.wasDirect);
}

TEST(CallGate, ACallThatWasLeftIsInterrupted) {
    Guest guest;
    {
        const Soon wake([&] { guest.host->wake(); });
        EXPECT_EQ(guest.outcome("fd_read", {0, guest.put(Iovec{guest.room(4), 4}), 1, guest.room(4)}).kind,
                  Kind::Interrupted);
    }
    EXPECT_EQ(guest.call("sched_yield"), Errno::Success);
    const auto records = guest.host->log().slice(0, 10);
    ASSERT_EQ(records.size(), 2u);
    EXPECT_EQ(records[0].outcome, Outcome::Interrupted);
    EXPECT_EQ(records[1].outcome, Outcome::Returned);
}

TEST(CallGate, CutsPayloadsAndKeepsTheirLength) {
    Guest guest;
    const uint32_t size = 100'000, buffer = guest.room(size);
    EXPECT_EQ(guest.call("fd_write", 1, guest.put(Ciovec{buffer, size}), 1, guest.room(4)), Errno::Success);
    const auto record = guest.last();
    const auto big = std::find_if(record.accesses.begin(), record.accesses.end(),
                                  [&](const auto& a) { return a.address == buffer; });
    ASSERT_NE(big, record.accesses.end());
    EXPECT_EQ(big->bytes.size(), kMaxPayloadBytes);
    EXPECT_EQ(big->length, size);
    EXPECT_EQ(guest.host->output().end(), size);
}

}  // namespace
}  // namespace wasi
