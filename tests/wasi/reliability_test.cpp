// Attacks and faults by their ids, where they are not in the tests of one part: what a guest may do to the host by its calls alone.

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>

#include <atomic>
#include <csignal>
#include <random>
#include <thread>

#include "tests/wasi/guest.h"
#include "wasi/grant_warnings.h"
#include "wasi/mock_json.h"
#include "wasi/world/host_files.h"

namespace wasi {
namespace {

using Kind = engine::HostOutcome::Kind;

std::ptrdiff_t openOnHost() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

// --- F: files ----------------------------------------------------------------------------------------------------------

/// `..` while a folder moves makes the kernel give up and ask to be asked again: that ends, and never in something weaker.
TEST(Reliability, F11_StormsOfRenamesEndInAnErrno) {
    const Scratch s;
    std::filesystem::create_directories(s.inside("d"));
    s.put("inside/d/f", "in");
    Guest guest(Guest::with(s));
    guest.host->setLogging(false);
    std::atomic<bool> isOver{false};
    std::thread mover([&] {
        while (!isOver) {
            (void)::rename(s.inside("d").c_str(), s.inside("e").c_str());
            (void)::rename(s.inside("e").c_str(), s.inside("d").c_str());
        }
    });
    std::map<Errno, int> ends;
    const uint32_t path = guest.put("d/../d/f"), result = guest.room(4);
    for (int i = 0; i < 5000; i++) {
        const Errno error = guest.call("path_open", 3, 1, path, 8, 0, 2, 0, 0, result);
        ends[error]++;
        if (error == Errno::Success) (void)guest.call("fd_close", guest.get<Fd>(result).value);
    }
    isOver = true;
    mover.join();
    for (const auto& [error, count] : ends)
        EXPECT_TRUE(error == Errno::Success || error == Errno::Noent || error == Errno::Again)
            << errnoName(static_cast<uint16_t>(error)) << ", " << count << " times";
    EXPECT_EQ(ends[Errno::Success] + ends[Errno::Noent] + ends[Errno::Again], 5000);
}

#if defined(__x86_64__)
constexpr uint64_t kIsOurs = 0x5eed;  // as the sixth argument, which openat2 does not have
std::atomic<int> g_stormsLeft{0};

/// In place of each openat2: as the kernel does while folders move, until it has done so often enough.
void makeStorm(int, siginfo_t*, void* context) {
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    if (g_stormsLeft-- > 0) {
        registers[REG_RAX] = -EAGAIN;
        return;
    }
    const long made = syscall(SYS_openat2, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
                              registers[REG_R10], 0, kIsOurs);
    registers[REG_RAX] = made < 0 ? -errno : made;
}

/// In a process of its own: how a path with dots is opened where the kernel asks so often to be asked again.
Errno opensIn(const Scratch& s, int storms) {
    const pid_t child = fork();
    if (child == 0) {
        struct sigaction action {};
        action.sa_sigaction = makeStorm;
        action.sa_flags = SA_SIGINFO | SA_NODEFER;
        sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                              BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 3),
                              BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[5])),
                              BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kIsOurs, 1, 0),
                              BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
                              BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
        const sock_fprog program{std::size(code), code};
        HostDirectory directory(UniqueFd(::open(s.inside().c_str(), O_RDONLY | O_DIRECTORY)), s.inside(),
                                false, Resolution::Openat2);
        if (sigaction(SIGSYS, &action, nullptr) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
            _exit(255);
        g_stormsLeft = storms;
        const OpenHow how{.read = true, .follow = true};
        _exit(static_cast<int>(directory.open("d/../d/f", how, nullptr).error()));
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << status;
    return static_cast<Errno>(WEXITSTATUS(status));
}

TEST(Reliability, F11_StormsAreSatOutButNotForEver) {
    const Scratch s;
    std::filesystem::create_directories(s.inside("d"));
    s.put("inside/d/f", "in");
    EXPECT_EQ(opensIn(s, 0), Errno::Success);
    EXPECT_EQ(opensIn(s, 50), Errno::Success);
    EXPECT_EQ(opensIn(s, 1'000'000'000), Errno::Again);
}
#endif

/// Makes openat2 fail so in this process from now on.
bool refuseOpenat2(uint32_t error) {
    sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog program{std::size(code), code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// In a process of its own: what a guest gets for a file of its folder, and for a link out of it.
std::pair<Errno, Errno> opensWithout(const Scratch& s, uint32_t error) {
    const pid_t child = fork();
    if (child == 0) {
        if (!refuseOpenat2(error)) _exit(255);
        HostDirectory directory(UniqueFd(::open(s.inside().c_str(), O_RDONLY | O_DIRECTORY)), s.inside(),
                                false, chooseResolution());
        const OpenHow how{.read = true, .follow = true};
        const Errno inside = directory.open("dir/f", how, nullptr).error();
        const Errno outside = directory.open("out/f", how, nullptr).error();
        _exit(inside == Errno::Success && outside == kOutside         ? 1
              : inside == Errno::Perm && outside == Errno::Perm       ? 2
              : inside == Errno::Success && outside == Errno::Success ? 3
                                                                      : 4);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    switch (WIFEXITED(status) ? WEXITSTATUS(status) : 0) {
    case 1: return {Errno::Success, kOutside};
    case 2: return {Errno::Perm, Errno::Perm};
    case 3: return {Errno::Success, Errno::Success};
    default: ADD_FAILURE() << "status " << status; return {};
    }
}

TEST(Reliability, F11_ARefusalIsNoReasonToResolveInAnotherWay) {
    const Scratch s;
    std::filesystem::create_directories(s.inside("dir"));
    s.put("inside/dir/f", "in");
    s.link("../outside.dir", "out");
    EXPECT_EQ(opensWithout(s, EPERM), std::pair(Errno::Perm, Errno::Perm)) << "of the kernel that has it";
    EXPECT_EQ(opensWithout(s, ENOSYS), std::pair(Errno::Success, kOutside)) << "of one that does not";
}

/// What is granted says what the user should know of it: in the ledger, and to who grants it while the program runs.
TEST(Reliability, F12_FilesOfProcAndSysAreNeverOpened) {
    for (const char* folder : {"/proc", "/sys/kernel", "/"}) {
        auto c = Guest::quiet();
        c.preopens.push_back({folder, "/data", MountKind::ReadOnly});
        Guest guest(c);
        const bool isRoot = std::string_view(folder) == "/";
        // What was opened before, elsewhere or there, teaches nothing.
        if (isRoot) {
            EXPECT_EQ(guest.open(3, "etc/passwd", Oflags::None, Rights::FdRead), Errno::Success);
        }
        for (int again = 0; again < 2; again++) {
            if (isRoot || folder[1] == 'p') {
                EXPECT_EQ(guest.open(3, isRoot ? "proc/version" : "version", Oflags::None, Rights::FdRead),
                          Errno::Notcapable)
                    << folder;
            }
            if (isRoot || folder[1] == 's') {
                EXPECT_EQ(guest.open(3, isRoot ? "sys/kernel/notes" : "notes", Oflags::None, Rights::FdRead),
                          Errno::Notcapable)
                    << folder;
            }
        }
        uint32_t below = 0;
        if (!isRoot) continue;
        ASSERT_EQ(guest.open(3, "proc", Oflags::Directory, Rights::PathOpen | Rights::FdRead, &below,
                             Lookupflags::None, Rights::FdRead),
                  Errno::Success);
        EXPECT_EQ(guest.open(below, "version", Oflags::None, Rights::FdRead), Errno::Notcapable);
    }
}

TEST(Reliability, F12_BroadGrantsAreWarnedOf) {
    const Scratch s;
    ::setenv("HOME", s.inside().c_str(), 1);
    std::filesystem::create_directory(s.inside("documents"));
    s.link("/proc", "p");
    const auto warns = [](const std::string& host, const char* why, MountKind kind = MountKind::Real) {
        const std::string warning = warningOf({host, "/x", kind});
        EXPECT_EQ(!warning.empty(), *why != 0) << host << ": " << warning;
        EXPECT_NE(warning.find(why), std::string::npos) << warning;
    };
    warns("/", "the whole file system");
    warns("/usr/..", "the whole file system", MountKind::ReadOnly);
    warns(s.inside(), "is your home folder");
    warns(s.inside("."), "the program may change all of it");
    warns(s.inside(), "the program may read all of it", MountKind::Overlay);
    warns(s.inside("documents"), "");
    warns(s.path(), "holds your home folder");
    warns(s.path("outside.dir"), "");
    ::setenv("HOME", s.inside("documents").c_str(), 1);
    warns(s.inside(), "holds your home folder");
    ::setenv("HOME", s.path("no/such").c_str(), 1);
    warns(s.inside(), "");
    ::setenv("HOME", s.inside().c_str(), 1);
    warns(s.inside("p"), "/proc shows the processes");
    warns("/proc/self", "shows the processes");
    warns("/sys", "state of the kernel");
    warns("/dev", "devices");
    warns("/etc", "the settings of this machine");
    warns("/usr", "");
    warns("/processes", "");
    warns("", "", MountKind::InMemory);

    Guest guest(Guest::with(s, MountKind::ReadOnly));
    const auto told = [&](size_t folder) {
        return guest.host->ledger().grants.at(kFirstFolder - 1 + folder).warning;
    };
    EXPECT_NE(told(0).find("your home folder"), std::string::npos) << told(0);
    const auto lines = toLines(guest.host->ledger());
    EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
        return line.find("warning: ") != std::string::npos &&
               line.find("your home folder") != std::string::npos;
    }));
    const auto granted = guest.host->grant(Preopen{"/sys", "/data", MountKind::ReadOnly});
    ASSERT_TRUE(granted.ok());
    EXPECT_NE(granted.value().find("; warning: /sys is the state of the kernel"), std::string::npos)
        << *granted;
    EXPECT_NE(told(0).find("/sys is the state"), std::string::npos) << told(0);
    const auto harmless = guest.host->grant(Preopen{s.inside("documents"), "/data", MountKind::ReadOnly});
    EXPECT_EQ(harmless.value().find("warning"), std::string::npos);
    EXPECT_EQ(told(0), "");
}

/// A link that lies in the folder already leads where it leads: that is said when it is opened for writing.
TEST(Reliability, F14_WritingThroughAHardLinkIsWarnedOf) {
    const Scratch s;
    s.put("inside/own", "x");
    std::filesystem::create_hard_link(s.path("secret"), s.inside("shared"));
    Guest guest(Guest::with(s));
    const auto warning = [&] { return guest.host->ledger().grants.at(kFirstFolder - 1).warning; };
    EXPECT_EQ(guest.open(3, "own", Oflags::None, Guest::kReadWrite), Errno::Success);
    EXPECT_EQ(guest.open(3, "shared", Oflags::None, Guest::kReadOnly), Errno::Success);
    EXPECT_EQ(warning(), "");
    EXPECT_EQ(guest.open(3, "shared", Oflags::None, Guest::kReadWrite), Errno::Success);
    EXPECT_EQ(guest.last().detail, s.inside("shared") +
                                       "; it has 2 names (hard links): what is written is seen under "
                                       "all of them, wherever they are");
    EXPECT_EQ(warning().substr(0, 29), "/data/shared: it has 2 names ");
}

/// Sizes and offsets that no file has are errors.
TEST(Reliability, F14_SparseFilesHaveTheSizeThatFits) {
    const Scratch s;
    s.put("inside/f", "hello");
    Guest guest(Guest::with(s));
    uint32_t fd = 0;
    const Rights rights = Guest::kReadWrite | Rights::FdFilestatSetSize | Rights::FdAllocate;
    ASSERT_EQ(guest.open(3, "f", Oflags::None, rights, &fd), Errno::Success);
    EXPECT_EQ(guest.call("fd_filestat_set_size", fd, uint64_t{1} << 40), Errno::Success);
    EXPECT_NE(guest.call("fd_filestat_set_size", fd, (uint64_t{1} << 63) - 1), Errno::Success);
    EXPECT_NE(guest.call("fd_allocate", fd, (uint64_t{1} << 63) - 2, 8), Errno::Success);
    const uint32_t result = guest.room(8), buffer = guest.put(Iovec{guest.room(4), 4});
    EXPECT_EQ(guest.call("fd_pread", fd, buffer, 1, (uint64_t{1} << 40) - 2, result), Errno::Success);
    EXPECT_EQ(guest.get<Size>(result), 2u);
    EXPECT_NE(guest.call("fd_pwrite", fd, buffer, 1, (uint64_t{1} << 63) - 2, result), Errno::Success);
    EXPECT_EQ(std::filesystem::file_size(s.inside("f")), uint64_t{1} << 40);
}

// --- N: sockets ---------------------------------------------------------------------------------------------------------

TEST(Reliability, N1_NoSocketIsGrantedUnlessItIsAskedFor) {
    Guest guest;
    const auto before = openOnHost();
    for (uint32_t fd = 0; fd < 8; fd++) {
        const uint32_t list = guest.put(Iovec{guest.room(8), 8});
        EXPECT_NE(guest.call("sock_accept", fd, 0, guest.room(4)), Errno::Success) << fd;
        EXPECT_EQ(guest.last().detail,
                  "denied: no socket that listens is granted; grant: --listen ADDRESS:PORT");
        EXPECT_NE(guest.call("sock_recv", fd, list, 1, 0, guest.room(4), guest.room(4)), Errno::Success);
        EXPECT_NE(guest.call("sock_send", fd, list, 1, 0, guest.room(4)), Errno::Success);
        EXPECT_NE(guest.call("sock_shutdown", fd, 3), Errno::Success);
    }
    EXPECT_EQ(openOnHost(), before);
}

/// Somebody outside who calls a listener of the guest.
class Peer {
public:
    explicit Peer(uint16_t port) : m_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        (void)::connect(m_fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to);
    }
    /// Goes without a word: what was sent is lost, and the other side is told so.
    void reset() {
        const linger now{1, 0};
        ::setsockopt(m_fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        m_fd.reset();
    }
    void say(std::string_view text) const {
        (void)::send(m_fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
    }

private:
    UniqueFd m_fd;
};

uint16_t portOf(Guest& guest) {
    const std::string name = guest.host->openFiles().at(3).guestPath;
    return static_cast<uint16_t>(std::stoi(name.substr(name.rfind(':') + 1)));
}

Capabilities listening() {
    auto c = Guest::quiet();
    c.listeners = {{"127.0.0.1", 0}};
    c.budgets.maxOpenFiles = 8;
    return c;
}

TEST(Reliability, N6_SocketCallsInEveryOrderEndInAnErrno) {
    const auto before = openOnHost();
    std::mt19937 random(6);
    const auto among = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
    for (int round = 0; round < 20; round++) {
        Guest guest(listening());
        const auto nonblocking = static_cast<uint64_t>(Fdflags::Nonblock);
        EXPECT_EQ(guest.call("fd_fdstat_set_flags", 3, nonblocking), Errno::Success);
        const uint16_t port = portOf(guest);
        std::vector<Peer> peers;
        const uint32_t list = guest.put(Iovec{guest.room(64), 64}), results = guest.room(16);
        for (int i = 0; i < 200; i++) {
            const uint32_t fd = 3 + among(5);
            switch (among(9)) {
            case 0:
                if (peers.size() < 6) peers.emplace_back(port);
                break;
            case 1:
                if (!peers.empty()) peers.erase(peers.begin() + among(static_cast<uint32_t>(peers.size())));
                break;
            case 2:
                if (!peers.empty()) peers[among(static_cast<uint32_t>(peers.size()))].reset();
                break;
            case 3: (void)guest.call("sock_accept", fd, nonblocking, results); break;
            case 4: (void)guest.call("sock_recv", fd, list, 1, among(4), results, results + 8); break;
            case 5: (void)guest.call("sock_send", fd, list, 1, 0, results); break;
            case 6: (void)guest.call("sock_shutdown", fd, among(5)); break;
            case 7: (void)guest.call("fd_renumber", fd, 3 + among(5)); break;
            case 8:
                if (fd != 3) (void)guest.call("fd_close", fd);
                break;
            }
        }
    }
    EXPECT_EQ(openOnHost(), before);
}

TEST(Reliability, N7_APeerThatIsGoneIsAnErrnoAndNoSignal) {
    Guest guest(listening());
    Peer peer(portOf(guest));
    const uint32_t at = guest.room(4);
    ASSERT_EQ(guest.call("sock_accept", 3, 0, at), Errno::Success);
    const uint32_t fd = guest.get<Fd>(at).value;
    peer.say("lost");
    peer.reset();
    const uint32_t list = guest.put(Iovec{guest.room(64), 64}), result = guest.room(8);
    const auto receive = [&] { return guest.call("sock_recv", fd, list, 1, 0, result, result + 4); };
    Errno end = receive();
    if (end == Errno::Success) end = receive();  // what had arrived is there still
    EXPECT_EQ(end, Errno::Connreset);
    EXPECT_EQ(guest.call("sock_send", fd, list, 1, 0, result), Errno::Pipe);
    EXPECT_EQ(guest.call("fd_write", fd, list, 1, result), Errno::Pipe);
    EXPECT_EQ(guest.call("fd_close", fd), Errno::Success);
}

// --- E: limits and what is passed -------------------------------------------------------------------------------------

TEST(Reliability, E6_PollTakesListsThatOverlapOrAreTooLong) {
    Guest guest;
    guest.host->closeInput();
    const uint32_t count = guest.room(4);
    // Events are written over the subscriptions that they answer.
    Subscription clock{}, input{};
    clock.userdata = 7;
    clock.u.content.emplace<0>() = {Clockid::Monotonic, 0, 0, Subclockflags::None};
    input.userdata = 8;
    input.u.content.emplace<1>().file_descriptor = 0;
    const uint32_t in = guest.put(clock);
    ASSERT_EQ(guest.put(input), in + Abi<Subscription>::size());
    EXPECT_EQ(guest.call("poll_oneoff", in, in, 2, count), Errno::Success);
    EXPECT_EQ(guest.get<Size>(count), 2u);
    EXPECT_EQ(guest.get<Event>(in).userdata + guest.get<Event>(in + Abi<Event>::size()).userdata, 15u);
    // More subscriptions than memory holds, or anybody needs.
    for (const uint64_t many : {65'536u, 65'537u, 0x80000000u, 0xffffffffu})
        EXPECT_NE(guest.call("poll_oneoff", 0, 0, many, count), Errno::Success) << many;
    // A descriptor that is closed is told as such, beside those that are not.
    EXPECT_EQ(guest.call("fd_close", 2), Errno::Success);
    input.u.content.emplace<2>().file_descriptor = 2;
    EXPECT_EQ(guest.call("poll_oneoff", guest.put(input), in, 1, count), Errno::Success);
    EXPECT_EQ(guest.get<Event>(in).error, Errno::Badf);
}

TEST(Reliability, E6_PollTakesAsManySubscriptionsAsItSays) {
    Guest guest;
    constexpr uint32_t kMost = 65'536, kSubscription = 48, kEvent = 32;
    ASSERT_TRUE(guest.store.memory(engine::MemAddr(0)).grow(100).has_value());
    const uint32_t in = Guest::kMemoryBytes, out = in + (kMost + 1) * kSubscription, count = guest.room(4);
    ASSERT_LT(out + (kMost + 1) * kEvent, 104u << 16);
    Subscription now{};
    now.u.content.emplace<0>() = {Clockid::Monotonic, 0, 0, Subclockflags::None};
    for (uint32_t i = 0; i <= kMost; i++) {
        now.userdata = i;
        Abi<Subscription>::store(guest.memory() + in + i * kSubscription, now);
    }
    EXPECT_EQ(guest.call("poll_oneoff", in, out, kMost, count), Errno::Success);
    EXPECT_EQ(guest.get<Size>(count), kMost);
    EXPECT_EQ(guest.get<Event>(out + (kMost - 1) * kEvent).userdata, kMost - 1u);
    EXPECT_EQ(guest.call("poll_oneoff", in, out, kMost + 1, count), Errno::Inval);
    EXPECT_EQ(guest.last().detail, "more than 65536 subscriptions");
}

TEST(Reliability, E7_InputArrivesWholeHoweverMuchThereIs) {
    Guest guest;
    guest.host->setLogging(false);
    std::mt19937_64 random(7);
    std::vector<uint8_t> text(100 << 20);
    for (size_t at = 0; at < text.size(); at += 8) {
        const uint64_t bytes = random();
        std::memcpy(text.data() + at, &bytes, 8);
    }
    std::thread typist([&] {
        for (size_t at = 0; at < text.size();) {
            const size_t n = std::min<size_t>(1 + at % 100'000, text.size() - at);
            guest.host->pushInput(std::span(text).subspan(at, n));
            at += n;
        }
        guest.host->closeInput();
    });
    const uint32_t buffer = guest.room(65'536), result = guest.room(4);
    const uint32_t list = guest.put(Iovec{buffer, 65'536});
    size_t got = 0;
    while (got < text.size()) {
        ASSERT_EQ(guest.call("fd_read", 0, list, 1, result), Errno::Success);
        const uint32_t n = guest.get<Size>(result);
        ASSERT_TRUE(n > 0 && got + n <= text.size() &&
                    std::equal(text.data() + got, text.data() + got + n, guest.memory() + buffer))
            << got;
        got += n;
    }
    typist.join();
    EXPECT_EQ(guest.call("fd_read", 0, list, 1, result), Errno::Success);
    EXPECT_EQ(guest.get<Size>(result), 0u) << "and then it has ended";
}

/// What was read is not announced again: who waits for input would never sleep.
TEST(Reliability, E7_InputThatWasReadIsNoLongerThere) {
    Guest guest;
    const auto readyIn = [&] {  // a clock that ends first, or input
        Subscription clock{}, input{};
        clock.u.content.emplace<0>() = {Clockid::Monotonic, 5'000'000, 0, Subclockflags::None};
        input.u.content.emplace<1>().file_descriptor = 0;
        const uint32_t in = guest.put(clock);
        (void)guest.put(input);
        const uint32_t out = guest.room(64);
        EXPECT_EQ(guest.call("poll_oneoff", in, out, 2, guest.room(4)), Errno::Success);
        return guest.get<Event>(out).type;
    };
    EXPECT_EQ(readyIn(), Eventtype::Clock);
    const uint8_t typed[] = {'a', 'b'};
    guest.host->pushInput(typed);
    EXPECT_EQ(readyIn(), Eventtype::FdRead);
    EXPECT_EQ(guest.read(0, 1), "a");
    EXPECT_EQ(readyIn(), Eventtype::FdRead);
    EXPECT_EQ(guest.read(0, 9), "b");
    EXPECT_EQ(readyIn(), Eventtype::Clock);
    guest.host->closeInput();
    EXPECT_EQ(readyIn(), Eventtype::FdRead) << "its end is";
}

/// Every call with every pointer, length and count at the edges of memory, alone and in pairs: an errno or success, and nothing of ours.
TEST(Reliability, E8_EveryCallAtEveryEdgeOfMemory) {
    constexpr uint64_t kEnd = Guest::kMemoryBytes;
    constexpr uint64_t kEdges[] = {0, kEnd - 1, kEnd, 0x7fffffff, 0x80000000, 0xffffffff};
    const Scratch s;
    s.put("inside/f", "hello");
    uint64_t made = 0;
    for (const HostFunction& function : allHostFunctions()) {
        if (function.name == "proc_exit" || function.name == "proc_raise") continue;
        auto c = Guest::with(s, MountKind::Overlay);  // it may well remove things
        c.standardOutput.kind = c.standardError.kind = StdioKind::Null;
        c.environment = {{"A", "1"}};
        Guest guest(c);
        guest.host->closeInput();
        uint32_t fd = 0;
        ASSERT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadWrite, &fd), Errno::Success);
        const size_t n = function.type.params.size();
        const std::string name = std::string(function.module) + "." + std::string(function.name);
        const bool isOfPath = function.name.starts_with("path_");
        const auto usual = [&] {
            std::vector<uint64_t> arguments(n, 64);
            for (const HostParameter& p : function.parameters)
                if (p.type == "fd") arguments[p.slot] = isOfPath || function.name == "fd_readdir" ? 3 : fd;
            return arguments;
        };
        for (size_t i = 0; i < n; i++)
            for (size_t j = i; j < n; j++)
                for (const uint64_t a : kEdges)
                    for (const uint64_t b : kEdges) {
                        if (i == j && a != b) continue;
                        std::memset(guest.memory(), 0, kEnd);
                        auto arguments = usual();
                        arguments[i] = a, arguments[j] = b;
                        const auto outcome = guest.outcome(name, arguments);
                        ASSERT_EQ(outcome.kind, Kind::Return) << name << " " << i << " " << j << " " << a;
                        made++;
                    }
    }
    EXPECT_GT(made, 20'000u);
    EXPECT_EQ(s.get("inside/f"), "hello");
}

TEST(Reliability, E9_DescriptorsStayRightWhateverIsRenumbered) {
    const auto before = openOnHost();
    {
        const Scratch s;
        s.put("inside/f", "in");
        auto c = Guest::with(s);
        c.budgets.maxOpenFiles = 50;
        Guest guest(c);
        uint32_t fd = 0;
        ASSERT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadOnly, &fd), Errno::Success);
        EXPECT_EQ(guest.call("fd_renumber", fd, fd), Errno::Success);
        EXPECT_EQ(guest.read(fd, 9), "in");
        EXPECT_EQ(guest.call("fd_renumber", fd, 99), Errno::Badf);
        EXPECT_EQ(guest.call("fd_renumber", 99, fd), Errno::Badf);
        EXPECT_EQ(guest.call("fd_renumber", fd, 0xffffffff), Errno::Badf);
        EXPECT_EQ(guest.call("fd_renumber", fd, 3), Errno::Success) << "onto the preopen, which is gone";
        EXPECT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadOnly), Errno::Notdir);
        EXPECT_EQ(guest.call("fd_prestat_get", 3, guest.room(8)), Errno::Badf);
    }
    {
        const Scratch s;
        s.put("inside/f", "in");
        auto c = Guest::with(s);
        c.budgets.maxOpenFiles = 50;
        Guest guest(c);
        guest.host->setLogging(false);
        const uint32_t path = guest.put("f"), result = guest.room(4);
        int opened = 0;
        for (int i = 0; i < 1'000'000; i++)
            opened += guest.call("path_open", 3, 0, path, 1, 0, 2, 0, 0, result) == Errno::Success;
        EXPECT_EQ(opened, 50);
        EXPECT_LE(openOnHost(), before + 60);
    }
    EXPECT_EQ(openOnHost(), before);
}

/// However often descriptors are moved, so many can be open, and the lowest number that is free is the next.
TEST(Reliability, E9_RenumberedDescriptorsAreCounted) {
    const Scratch s;
    s.put("inside/f", "in");
    auto c = Guest::with(s);
    c.budgets.maxOpenFiles = 10;
    Guest guest(c);
    const auto opened = [&] {
        uint32_t fd = 0;
        EXPECT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadOnly, &fd), Errno::Success);
        return fd;
    };
    for (int i = 0; i < 30; i++) {
        const uint32_t from = opened(), to = opened();
        EXPECT_EQ(from, 4u);
        EXPECT_EQ(to, 5u);
        EXPECT_EQ(guest.call("fd_renumber", from, to), Errno::Success);
        EXPECT_EQ(guest.call("fd_renumber", to, to), Errno::Success);
        EXPECT_EQ(guest.call("fd_close", from), Errno::Badf);
        EXPECT_EQ(guest.read(to, 9), "in");
        EXPECT_EQ(guest.call("fd_close", to), Errno::Success);
    }
    for (uint32_t i = 0; i < 10; i++)
        EXPECT_EQ(opened(), 4 + i);
    EXPECT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadOnly), Errno::Mfile);
}

TEST(Reliability, E10_ExitCodesOfEverySize) {
    Guest guest;
    for (const uint64_t code : {0u, 1u, 255u, 256u, 0x7fffffffu, 0xffffffffu}) {
        const auto outcome = guest.outcome("proc_exit", {code});
        EXPECT_EQ(outcome.kind, Kind::Exit);
        EXPECT_EQ(static_cast<uint32_t>(outcome.exitCode), code);
        EXPECT_EQ(guest.last().outcome, Outcome::Exited);
    }
}

TEST(Reliability, E11_SaysOnWhatItWaitsAndUntilWhen) {
    Guest guest;
    Subscription clock{}, input{};
    clock.u.content.emplace<0>() = {Clockid::Monotonic, 3'600'000'000'000, 0, Subclockflags::None};
    input.u.content.emplace<1>().file_descriptor = 0;
    const uint32_t in = guest.put(clock);
    (void)guest.put(input);
    std::string waiting;
    std::thread waker([&] {
        while ((waiting = guest.host->waitingFor()).empty())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        guest.host->wake();
    });
    EXPECT_EQ(guest.outcome("poll_oneoff", {in, guest.room(64), 2, guest.room(4)}).kind, Kind::Interrupted);
    waker.join();
    EXPECT_NE(waiting.find("poll_oneoff"), std::string::npos) << waiting;
    EXPECT_NE(waiting.find("clock"), std::string::npos) << waiting;
    EXPECT_NE(waiting.find("stdin"), std::string::npos) << waiting;
}

// --- S: rules of mocks -------------------------------------------------------------------------------------------------

TEST(Reliability, S6_FilesOfRulesAreBoundedAndSayWhereTheyAreWrong) {
    const auto many = [](int n) {
        std::string json = "{\"rules\": [";
        for (int i = 0; i < n; i++)
            json += std::string(i ? "," : "") + "{\"call\": \"fd_sync\", \"errno\": \"io\"}";
        return json + "]}";
    };
    EXPECT_TRUE(parseMocks(many(1000)).ok());
    EXPECT_EQ(parseMocks(many(100'000)).error().message, "rules: there are more than 1000");
    EXPECT_FALSE(parseMocks(R"({"rules": [{"call": "fd_syncs", "errno": "io"}]})").ok());
    EXPECT_TRUE(parseMocks("\xef\xbb\xbf{\r\n\"rules\":\r\n[]}\r\n").ok()) << "as some editors write it";
    EXPECT_EQ(parseMocks(std::string("{\"rules\": []}\0x", 15)).error().message,
              "this is no JSON: byte 13 is NUL");
    // Rules that are wrong leave those that are there.
    Guest guest;
    MockRule rule;
    rule.call = "sched_yield";
    rule.action = MockAction::Errno;
    rule.errno_ = static_cast<uint16_t>(Errno::Io);
    ASSERT_TRUE(guest.host->setMocks({{1, rule}}).ok());
    MockRule wrong = rule;
    wrong.when = "fd = = 3";
    EXPECT_FALSE(guest.host->setMocks({{1, rule}, {2, wrong}}).ok());
    EXPECT_EQ(guest.host->mocks().size(), 1u);
    EXPECT_EQ(guest.call("sched_yield"), Errno::Io);
}

}  // namespace
}  // namespace wasi
