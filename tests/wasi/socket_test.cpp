// Sockets that listen for the guest (reliability N): what it is granted, and that waiting on them can always be interrupted.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>

#include "tests/wasi/guest.h"
#include "wasi/world/unique_fd.h"

namespace wasi {
namespace {

using Kind = engine::HostOutcome::Kind;

/// Somebody outside who calls.
class Caller {
public:
    explicit Caller(uint16_t port) : m_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        isConnected = ::connect(m_fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    }
    void say(std::string_view text) const {
        EXPECT_EQ(::send(m_fd.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    }
    std::string hear() const {
        char bytes[4096];
        const ssize_t n = ::recv(m_fd.get(), bytes, sizeof bytes, 0);
        return n < 0 ? "failed" : std::string(bytes, static_cast<size_t>(n));
    }
    void finish() const { ::shutdown(m_fd.get(), SHUT_WR); }
    bool isConnected = false;

private:
    UniqueFd m_fd;
};

/// Wakes the guest a little later.
class Waker {
public:
    explicit Waker(Guest& guest)
        : m_thread([&guest] {
              std::this_thread::sleep_for(std::chrono::milliseconds(30));
              guest.host->wake();
          }) {}
    ~Waker() { m_thread.join(); }

private:
    std::thread m_thread;
};

constexpr uint32_t kListener = 3;

class Sockets : public testing::Test {
protected:
    static Capabilities listening() {
        auto c = Guest::quiet();
        c.listeners = {{"127.0.0.1", 0}};
        return c;
    }
    uint16_t port() {
        const std::string name = guest.host->openFiles().at(kListener).guestPath;
        return static_cast<uint16_t>(std::stoi(name.substr(name.rfind(':') + 1)));
    }
    Errno accept(uint32_t* fd = nullptr, Fdflags flags = Fdflags::None) {
        const uint32_t at = guest.room(4);
        const Errno error = guest.call("sock_accept", kListener, static_cast<uint64_t>(flags), at);
        if (fd) *fd = guest.get<Fd>(at);
        return error;
    }
    struct Heard {
        Errno error;
        std::string text;
        uint32_t flags;
    };
    Heard receive(uint32_t fd, std::vector<uint32_t> sizes, Riflags flags = Riflags::None) {
        const uint32_t size = guest.room(4), roFlags = guest.room(4);
        std::vector<Iovec> parts;
        for (const uint32_t n : sizes)
            parts.push_back({guest.room(n), n});
        uint32_t list = 0;
        for (const Iovec& part : parts) {
            const uint32_t at = guest.put(part);
            if (!list) list = at;
        }
        const Errno error =
            guest.call("sock_recv", fd, list, parts.size(), static_cast<uint64_t>(flags), size, roFlags);
        Heard heard{error, {}, guest.memory()[roFlags]};
        uint32_t left = error == Errno::Success ? guest.get<Size>(size).value : 0;
        for (const Iovec& part : parts) {
            const uint32_t n = std::min<uint32_t>(left, part.buf_len);
            heard.text += guest.text(part.buf, n);
            left -= n;
        }
        return heard;
    }
    Errno send(uint32_t fd, std::string_view text) {
        return guest.call("sock_send", fd,
                          guest.put(Ciovec{guest.put(text), static_cast<uint32_t>(text.size())}), 1, 0,
                          guest.room(4));
    }

    Guest guest{listening()};
};

TEST_F(Sockets, AcceptReceiveSendShutdown) {
    const Caller caller(port());
    ASSERT_TRUE(caller.isConnected);
    uint32_t fd = 0;
    ASSERT_EQ(accept(&fd), Errno::Success);
    EXPECT_EQ(fd, 4u);
    caller.say("hello");
    EXPECT_EQ(receive(fd, {2, 100}).text, "hello");
    EXPECT_NE(show(guest.last()).line().find("sock_recv(4 (tcp:127.0.0.1:"), std::string::npos)
        << show(guest.last()).line();
    EXPECT_EQ(send(fd, "answer"), Errno::Success);
    EXPECT_EQ(caller.hear(), "answer");
    EXPECT_EQ(guest.write(fd, "as a file"), Errno::Success);
    EXPECT_EQ(caller.hear(), "as a file");
    caller.say("too");
    EXPECT_EQ(guest.read(fd, 10), "too");
    EXPECT_EQ(guest.call("sock_shutdown", fd, 2), Errno::Success);
    EXPECT_EQ(caller.hear(), "");
    EXPECT_EQ(send(fd, "late"), Errno::Pipe);
    caller.finish();
    const Heard end = receive(fd, {10});
    EXPECT_EQ(end.error, Errno::Success);
    EXPECT_EQ(end.text, "");
    const auto files = guest.host->openFiles();
    EXPECT_EQ(files.at(fd).kind, "connection");
    EXPECT_EQ(files.at(fd).bytesRead, 8u);
    EXPECT_EQ(files.at(fd).bytesWritten, 15u);
    EXPECT_EQ(guest.call("fd_close", fd), Errno::Success);
}

TEST_F(Sockets, TellTheirTypeAndRights) {
    const Caller caller(port());
    uint32_t fd = 0;
    ASSERT_EQ(accept(&fd, Fdflags::Nonblock), Errno::Success);
    const uint32_t at = guest.room(24);
    ASSERT_EQ(guest.call("fd_fdstat_get", kListener, at), Errno::Success);
    EXPECT_EQ(guest.get<Fdstat>(at).fs_filetype, Filetype::SocketStream);
    EXPECT_TRUE(has(guest.get<Fdstat>(at).fs_rights_base, Rights::SockAccept));
    ASSERT_EQ(guest.call("fd_fdstat_get", fd, at), Errno::Success);
    EXPECT_EQ(guest.get<Fdstat>(at).fs_flags, Fdflags::Nonblock);
    EXPECT_FALSE(has(guest.get<Fdstat>(at).fs_rights_base, Rights::SockAccept));
    // A connection does not accept, a listener does not talk.
    EXPECT_EQ(guest.call("sock_accept", fd, 0, guest.room(4)), Errno::Notcapable);
    EXPECT_EQ(send(kListener, "x"), Errno::Notcapable);
    EXPECT_EQ(receive(kListener, {4}).error, Errno::Notconn);
    EXPECT_EQ(accept(nullptr, Fdflags::Append), Errno::Inval);
    EXPECT_EQ(guest.call("fd_fdstat_set_flags", fd, static_cast<uint64_t>(Fdflags::Append)), Errno::Inval);
    EXPECT_EQ(guest.call("fd_fdstat_set_flags", fd, 0), Errno::Success);
    EXPECT_EQ(guest.call("sock_shutdown", fd, 0), Errno::Inval);
    EXPECT_EQ(guest.call("fd_seek", fd, 0, 0, guest.room(8)), Errno::Spipe);
    EXPECT_EQ(guest.call("sock_accept", 1, 0, guest.room(4)), Errno::Notsock);
    // Rights can be dropped, and are then missing.
    ASSERT_EQ(guest.call("fd_fdstat_set_rights", fd, static_cast<uint64_t>(Rights::FdRead), 0),
              Errno::Success);
    EXPECT_EQ(send(fd, "x"), Errno::Notcapable);
    EXPECT_EQ(guest.call("sock_shutdown", fd, 1), Errno::Notcapable);
}

TEST_F(Sockets, NonblockingOnesSayAgain) {
    ASSERT_EQ(guest.call("fd_fdstat_set_flags", kListener, static_cast<uint64_t>(Fdflags::Nonblock)),
              Errno::Success);
    EXPECT_EQ(accept(), Errno::Again);
    const Caller caller(port());
    uint32_t fd = 0;
    ASSERT_EQ(accept(&fd, Fdflags::Nonblock), Errno::Success);
    EXPECT_EQ(receive(fd, {4}).error, Errno::Again);
    EXPECT_EQ(receive(fd, {4}, Riflags::RecvWaitall).error, Errno::Again);
}

TEST_F(Sockets, PeekLeavesAndWaitallFills) {
    const Caller caller(port());
    uint32_t fd = 0;
    ASSERT_EQ(accept(&fd), Errno::Success);
    caller.say("abc");
    EXPECT_EQ(receive(fd, {2}, Riflags::RecvPeek).text, "ab");
    EXPECT_EQ(receive(fd, {8}, Riflags::RecvPeek | Riflags::RecvWaitall).text, "abc");
    std::thread later([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        caller.say("def");
    });
    EXPECT_EQ(receive(fd, {2, 4}, Riflags::RecvWaitall).text, "abcdef");
    later.join();
    caller.say("gh");
    caller.finish();
    EXPECT_EQ(receive(fd, {8}, Riflags::RecvWaitall).text, "gh");
}

TEST_F(Sockets, WaitsAreInterruptedAndGoOn) {
    const uint32_t at = guest.room(4);
    {
        const Waker wake(guest);
        EXPECT_EQ(guest.outcome("sock_accept", {kListener, 0, at}).kind, Kind::Interrupted);
    }
    EXPECT_EQ(guest.host->log().count(), 1u);
    EXPECT_EQ(guest.last().outcome, Outcome::Pending);
    const Caller caller(port());
    EXPECT_EQ(guest.call("sock_accept", kListener, 0, at), Errno::Success);
    EXPECT_EQ(guest.host->log().count(), 1u);  // it is the same call
    const uint32_t fd = guest.get<Fd>(at), room = guest.room(8), list = guest.put(Iovec{room, 6}),
                   size = guest.room(4), flags = guest.room(4);
    caller.say("abc");
    const std::vector<uint64_t> arguments{fd,   list, 1, static_cast<uint64_t>(Riflags::RecvWaitall),
                                          size, flags};
    {
        const Waker wake(guest);
        EXPECT_EQ(guest.outcome("sock_recv", arguments).kind, Kind::Interrupted);
    }
    // What was received stays received: the call goes on behind it.
    caller.say("def");
    EXPECT_EQ(guest.outcome("sock_recv", arguments).kind, Kind::Return);
    EXPECT_EQ(guest.get<Size>(size), 6u);
    EXPECT_EQ(guest.text(room, 6), "abcdef");
    const auto record = guest.last();
    EXPECT_TRUE(std::any_of(record.accesses.begin(), record.accesses.end(), [&](const MemoryAccess& a) {
        return a.isWrite && a.address == room && a.length == 6;
    }));
}

TEST_F(Sockets, ArePolled) {
    const auto poll = [&](std::vector<Subscription> wanted) {
        const uint32_t size = Abi<Subscription>::size();
        const uint32_t in = guest.room(size * 4), out = guest.room(4 * Abi<Event>::size()), n = guest.room(4);
        for (size_t i = 0; i < wanted.size(); i++)
            Abi<Subscription>::store(guest.memory() + in + i * size, wanted[i]);
        EXPECT_EQ(guest.call("poll_oneoff", in, out, wanted.size(), n), Errno::Success);
        std::vector<Event> events;
        for (uint32_t i = 0; i < guest.get<Size>(n); i++)
            events.push_back(guest.get<Event>(out + i * Abi<Event>::size()));
        return events;
    };
    Subscription reading, writing, soon;
    reading.userdata = 1;
    reading.u.content.emplace<1>().file_descriptor = kListener;
    soon.userdata = 3;
    soon.u.content.emplace<0>() = {Clockid::Monotonic, 20'000'000, 0, Subclockflags::None};
    auto events = poll({reading, soon});
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].userdata, 3u);
    const auto caller = std::make_unique<Caller>(port());
    events = poll({reading, soon});
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].userdata, 1u);
    EXPECT_EQ(events[0].error, Errno::Success);
    uint32_t fd = 0;
    ASSERT_EQ(accept(&fd), Errno::Success);
    reading.u.content.emplace<1>().file_descriptor = fd;
    writing.userdata = 2;
    writing.u.content.emplace<2>().file_descriptor = fd;
    events = poll({reading, writing});
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].userdata, 2u);
    caller->say("abc");
    events = poll({reading});
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].fd_readwrite.nbytes, 3u);
    EXPECT_EQ(events[0].fd_readwrite.flags, Eventrwflags::None);
    EXPECT_EQ(receive(fd, {3}).text, "abc");
    caller->finish();
    EXPECT_EQ(guest.call("sock_shutdown", fd, 2), Errno::Success);
    events = poll({reading});
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].fd_readwrite.flags, Eventrwflags::FdReadwriteHangup);
}

TEST(SocketGrants, CountAgainstTheOpenFiles) {
    auto c = Guest::quiet();
    c.listeners = {{"localhost", 0}, {"127.0.0.1", 0}};
    c.budgets.maxOpenFiles = 1;
    Guest guest(c);
    const std::string name = guest.host->openFiles().at(3).guestPath;
    const Caller first(static_cast<uint16_t>(std::stoi(name.substr(name.rfind(':') + 1))));
    EXPECT_EQ(guest.call("sock_accept", 3, 0, guest.room(4)), Errno::Success);
    EXPECT_EQ(guest.call("sock_accept", 3, 0, guest.room(4)), Errno::Mfile);
    EXPECT_NE(guest.last().detail.find("open files reached"), std::string::npos);
}

// Names, short and octal forms, zones: nothing that another program might read as another address (reliability N2).
TEST(SocketGrants, N2_OnlyLiteralAddresses) {
    for (const char* address : {"", "127.1", "2130706433", "0177.0.0.1", "0x7f.0.0.1", "example.com",
                                "fe80::1%lo", "[::1]", "127.0.0.1 ", "::ffff:127.1"}) {
        auto c = Guest::quiet();
        c.listeners = {{address, 0}};
        const auto host = WasiHost::create(c);
        ASSERT_FALSE(host.ok()) << address;
        EXPECT_EQ(host.error().code, engine::ErrorCode::BadArgument) << address;
    }
}

TEST(SocketGrants, SayWhyTheyCannotListen) {
    auto c = Guest::quiet();
    c.listeners = {{"127.0.0.1", 0}};
    Guest first(c);
    const std::string name = first.host->openFiles().at(3).guestPath;
    c.listeners[0].port = static_cast<uint16_t>(std::stoi(name.substr(name.rfind(':') + 1)));
    EXPECT_EQ(WasiHost::create(c).error().message,
              "cannot listen on " + name + ": address in use; choose another port, or 0 for any");
}

TEST(SocketGrants, StandBehindThePreopens) {
    const Scratch s;
    auto c = Guest::with(s);
    c.listeners = {{"127.0.0.1", 0}};
    Guest guest(c);
    EXPECT_EQ(guest.host->openFiles().at(3).guestPath, "/data");
    EXPECT_EQ(guest.host->openFiles().at(4).kind, "listener");
    EXPECT_EQ(guest.call("fd_prestat_get", 4, guest.room(8)), Errno::Badf);
}

// A socket as a standard stream, as a super-server passes it on.
TEST(SocketGrants, AnInheritedStreamIsASocketToo) {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    const UniqueFd mine(pair[0]), theirs(pair[1]);
    const UniqueFd saved(::dup(0));
    ::dup2(theirs.get(), 0);
    auto c = Guest::quiet();
    c.standardInput.kind = StdioKind::Inherit;
    Guest guest(c);
    ::dup2(saved.get(), 0);
    ASSERT_EQ(::send(mine.get(), "hi", 2, 0), 2);
    const uint32_t room = guest.room(8), size = guest.room(4);
    EXPECT_EQ(guest.call("sock_recv", 0, guest.put(Iovec{room, 8}), 1, 0, size, guest.room(4)),
              Errno::Success);
    EXPECT_EQ(guest.text(room, guest.get<Size>(size)), "hi");
    EXPECT_EQ(guest.call("sock_shutdown", 0, 1), Errno::Success);
}

TEST(Signals, OnesThatStopAreTheDebuggers) {
    Guest guest;
    const auto kStop = static_cast<uint64_t>(Signal::Tstp);
    EXPECT_EQ(guest.call("proc_raise", kStop), Errno::Success);  // nobody could continue it
    EXPECT_NE(guest.last().detail.find("ignored"), std::string::npos);
    std::vector<std::string> told;
    guest.host->setStopRequest([&](const std::string& why) { told.push_back(why); });
    EXPECT_EQ(guest.outcome("proc_raise", {kStop}).kind, Kind::Interrupted);
    EXPECT_EQ(told, std::vector<std::string>{"the program raised signal tstp"});
    EXPECT_EQ(guest.call("proc_raise", kStop), Errno::Success);
    EXPECT_EQ(told.size(), 1u);
    EXPECT_EQ(guest.outcome("proc_raise", {kStop}).kind, Kind::Interrupted);  // the next one
}

}  // namespace
}  // namespace wasi
