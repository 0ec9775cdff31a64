// F18: what still holds a guest back where the resolver fails. Each attack is made through a folder without a resolver, in a process of its
// own and without privileges: alone, where it must succeed, and confined, where it must not.

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <functional>
#include <set>

#include "tests/wasi/guest.h"
#include "tests/wasi/unchecked_directory.h"
#include "wasi/world/confinement.h"

namespace wasi {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;
constexpr int kNotConfined = 255, kFailed = 254;

/// A folder with the same things inside and outside of what is granted, all of nobody where we are root.
class Field : public Scratch {
public:
    Field() {
        for (const std::string at : {"", "inside/"}) {
            put(at + "secret", "outside");
            fs::create_directories(path(at + "outside.dir"));
            put(at + "outside.dir/f", "outside");
            fs::create_directories(path(at + "empty"));
        }
        put("inside/file", "in");
        fs::create_directories(inside("dir/nested"));
        link("..", "up");
        link(path(), "absolute");
        give();
    }
    void give() const {
        if (geteuid() != 0) return;
        EXPECT_EQ(lchown(path().parent_path().c_str(), kNobody, kNobody), 0);
        for (const auto& entry : fs::recursive_directory_iterator(path()))
            EXPECT_EQ(lchown(entry.path().c_str(), kNobody, kNobody), 0);
    }
    /// Names, kinds, contents and numbers of links, of all that is there.
    std::string state() const {
        std::string all;
        for (const auto& entry : std::set<fs::path>(fs::recursive_directory_iterator(path()), {})) {
            struct stat s {};
            EXPECT_EQ(lstat(entry.c_str(), &s), 0);
            all += entry.string() + " " + decimal(s.st_mode) + " " + decimal(s.st_nlink);
            if (S_ISREG(s.st_mode)) all += " " + get(entry.lexically_relative(path()));
            all += "\n";
        }
        return all;
    }
};

Capabilities granting(const std::string& folder, MountKind kind = MountKind::Real) {
    Capabilities granted;
    granted.preopens.push_back({folder, "/", kind});
    return granted;
}

using Enter = std::function<void()>;

/// What `act` returns, in a process of its own that is nobody's. It calls its argument when it is to be confined to `granted`, which does
/// nothing if that is null.
int inChild(const Capabilities* granted, const std::function<int(const Enter&)>& act) {
    const pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgroups(0, nullptr) || setgid(kNobody) || setuid(kNobody))) _exit(kFailed);
        prctl(PR_SET_DUMPABLE, 1);  // else /proc/self is not ours
        _exit(act([&] {
            if (!granted) return;
            const auto confinement = Confinement::to(*granted);
            if (!confinement || !*confinement || !(*confinement)->enter()) _exit(kNotConfined);
        }));
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << status;
    EXPECT_NE(WEXITSTATUS(status), kNotConfined);
    EXPECT_NE(WEXITSTATUS(status), kFailed);
    return WEXITSTATUS(status);
}

std::string contentOf(Directory& d, const std::string& path, OpenHow how = {.read = true, .follow = true}) {
    const auto file = d.open(path, how, nullptr);
    std::string text(100, '\0');
    const iovec room{text.data(), text.size()};
    const auto count = file ? (*file)->read({&room, 1}, std::nullopt) : OrErrno<uint64_t>(file.error());
    return count ? text.substr(0, *count) : "";
}

bool lists(Directory& d, const std::string& path, bool follow) {
    const auto folder = d.open(path, {.read = true, .directory = true, .follow = follow}, nullptr);
    uint64_t leftOut = 0;
    const auto entries = folder ? (*folder)->asDirectory()->entries(leftOut)
                                : OrErrno<std::vector<DirectoryEntry>>(Errno::Acces);
    return entries &&
           std::any_of((*entries).begin(), (*entries).end(), [](const auto& e) { return e.name == "f"; });
}

void opened(Directory& d, const std::string& path, const OpenHow& how) {
    const auto file = d.open(path, how, nullptr);
    const iovec text{const_cast<char*>("harm"), 4};
    if (file && how.write) (void)(*file)->write({&text, 1}, std::nullopt);
}

/// One operation on something outside, as the guest's calls make it: true if it read something; what it changed is seen by others.
struct Attack {
    const char* name;
    const char* target;  // which it is about
    bool changes;
    bool followsLinks;  // also if a link in the last place leads there
    bool (*act)(Directory&, const std::string& path);
};

const Attack kAttacks[] = {
    {"read", "secret", false, true,
     [](Directory& d, const std::string& p) { return contentOf(d, p) == "outside"; }},
    {"read nofollow", "secret", false, false,
     [](Directory& d, const std::string& p) { return contentOf(d, p, {.read = true}) == "outside"; }},
    {"list", "outside.dir", false, true,
     [](Directory& d, const std::string& p) { return lists(d, p, true); }},
    {"list behind a slash", "outside.dir/", false, true,
     [](Directory& d, const std::string& p) { return lists(d, p + "/", false); }},
    {"write", "secret", true, true,
     [](Directory& d, const std::string& p) { return opened(d, p, {.write = true, .follow = true}), false; }},
    {"truncate", "secret", true, true,
     [](Directory& d, const std::string& p) {
         return opened(d, p, {.write = true, .truncate = true, .follow = true}), false;
     }},
    {"truncate by reading", "secret", true, true,
     [](Directory& d, const std::string& p) {
         return opened(d, p, {.read = true, .truncate = true, .follow = true}), false;
     }},
    {"create", "made", true, true,
     [](Directory& d, const std::string& p) {
         return opened(d, p, {.write = true, .create = true, .follow = true}), false;
     }},
    {"create exclusive", "made", true, false,
     [](Directory& d, const std::string& p) {
         return opened(d, p, {.write = true, .create = true, .exclusive = true}), false;
     }},
    {"mkdir", "made", true, false,
     [](Directory& d, const std::string& p) { return (void)d.createDirectory(p), false; }},
    {"rmdir", "empty", true, false,
     [](Directory& d, const std::string& p) { return (void)d.removeDirectory(p), false; }},
    {"unlink", "secret", true, false,
     [](Directory& d, const std::string& p) { return (void)d.unlink(p), false; }},
    {"rename to", "made", true, false,
     [](Directory& d, const std::string& p) { return (void)d.rename("file", d, p), false; }},
    {"rename from", "secret", true, false,
     [](Directory& d, const std::string& p) { return (void)d.rename(p, d, "dir/got"), false; }},
    {"rename a folder from", "outside.dir", true, false,
     [](Directory& d, const std::string& p) { return (void)d.rename(p, d, "dir/got"), false; }},
    {"link to", "made", true, false,
     [](Directory& d, const std::string& p) { return (void)d.link("file", false, d, p), false; }},
    {"link from", "secret", true, true,
     [](Directory& d, const std::string& p) { return (void)d.link(p, true, d, "dir/got"), false; }},
    {"symlink", "made", true, false,
     [](Directory& d, const std::string& p) { return (void)d.symlink("file", p), false; }},
};

/// By any of these paths.
bool harms(const Attack& attack, const Field& field, const std::vector<std::string>& paths,
           const Capabilities* granted) {
    const std::string before = field.state();
    const int reads = inChild(granted, [&](const Enter& enter) {
        UncheckedDirectory directory(field.inside());
        enter();
        return static_cast<int>(std::count_if(paths.begin(), paths.end(), [&](const std::string& path) {
            return attack.act(directory, path);
        }));
    });
    return reads != 0 || field.state() != before;
}

class Confined : public testing::Test {
protected:
    void SetUp() override {
        if (Landlock::version() == 0) GTEST_SKIP() << "this kernel has no Landlock";
    }
    /// Alone each way does harm, and confined none does.
    static void expectHeldBack(const Attack& attack, MountKind kind,
                               const std::function<std::vector<std::string>(const Field&)>& waysIn) {
        size_t count = 1;
        for (size_t way = 0; way < count; way++) {
            const Field field;
            const auto ways = waysIn(field);
            count = ways.size();
            EXPECT_TRUE(harms(attack, field, {ways[way]}, nullptr)) << attack.name << " " << ways[way];
        }
        const Field field;
        const Capabilities granted = granting(field.inside(), kind);
        EXPECT_FALSE(harms(attack, field, waysIn(field), &granted)) << attack.name << ", confined";
    }
};

TEST_F(Confined, F18_NothingOutsideIsReadOrChanged) {
    for (const Attack& attack : kAttacks)
        expectHeldBack(attack, MountKind::Real, [&](const Field& field) {
            const std::string target = attack.target;
            std::vector<std::string> ways{field.path(target),                                    // F1
                                          "../" + target, "./dir/.//nested/../../../" + target,  // F2
                                          "up/" + target, "absolute/" + target};                 // F3
            if (!attack.followsLinks) return ways;
            field.link("../" + target, "last");  // F3 to F5
            field.link(field.path(target).string(), "last.absolute");
            field.give();
            ways.insert(ways.end(), {"last", "last.absolute"});
            return ways;
        });
}

TEST_F(Confined, F18_WhatIsGrantedForReadingIsNotChanged) {
    for (const Attack& attack : kAttacks)  // F6
        for (const MountKind kind : {MountKind::ReadOnly, MountKind::Overlay})
            if (attack.changes)
                expectHeldBack(attack, kind,
                               [&](const Field&) { return std::vector<std::string>{attack.target}; });
}

TEST_F(Confined, F18_NothingMovesBetweenPermissionDomains) {
    const Attack kMoves[] = {
        {"rename out", "", true, false,
         [](Directory& d, const std::string&) {
             return (void)d.rename("outside.dir/f", d, "dir/got"), false;
         }},
        {"rename in", "", true, false,
         [](Directory& d, const std::string&) {
             return (void)d.rename("dir/own", d, "outside.dir/got"), false;
         }},
        {"link out", "", true, false,
         [](Directory& d, const std::string&) {
             return (void)d.link("outside.dir/f", false, d, "dir/got"), false;
         }},
        {"write", "", true, false,
         [](Directory& d, const std::string&) {
             return opened(d, "dir/../outside.dir/f", {.write = true, .follow = true}), false;
         }},
    };
    for (const Attack& attack : kMoves)
        for (const bool isConfined : {false, true}) {
            Field field;
            field.put("inside/dir/own", "x");
            field.give();
            Capabilities granted = granting(field.inside("dir"));
            granted.preopens.push_back({field.inside("outside.dir"), "/ro", MountKind::ReadOnly});
            EXPECT_EQ(harms(attack, field, {""}, isConfined ? &granted : nullptr), !isConfined)
                << "F7: " << attack.name;
        }
    // A folder in one that is read-only keeps what it was granted for itself.
    Field field;
    Capabilities granted = granting(field.inside(), MountKind::ReadOnly);
    granted.preopens.push_back({field.inside("dir"), "/dir", MountKind::Real});
    const Attack& create = kAttacks[7];
    EXPECT_TRUE(harms(create, field, {"dir/made"}, &granted)) << "F8: " << create.name;
    EXPECT_FALSE(harms(create, field, {"dir/../made"}, &granted)) << "F8: " << create.name;
}

TEST_F(Confined, F18_AFolderThatWasMovedOutTakesNoRightsAlong) {
    for (const bool isConfined : {false, true}) {
        Field field;
        field.put("inside/dir/nested/file", "deep");
        field.give();
        const Capabilities granted = granting(field.inside());
        const int reads = inChild(isConfined ? &granted : nullptr, [&](const Enter& enter) {
            UncheckedDirectory nested(field.inside("dir/nested"));
            fs::rename(field.inside("dir/nested"), field.path("outside.dir/nested"));
            enter();
            return (contentOf(nested, "../f") == "outside" ? 1 : 0) +
                   (contentOf(nested, "file") == "deep" ? 2 : 0);
        });
        EXPECT_EQ(reads, isConfined ? 0 : 3) << "F9";
    }
}

TEST_F(Confined, F18_MagicLinksOfProcLeadNowhere) {
    for (const bool isConfined : {false, true}) {
        Field field;
        const Capabilities granted = granting("/proc", MountKind::ReadOnly);
        const int reads = inChild(isConfined ? &granted : nullptr, [&](const Enter& enter) {
            const UniqueFd outside(::open(field.path("outside.dir").c_str(), O_RDONLY | O_DIRECTORY));
            UncheckedDirectory proc("/proc");
            const std::string ways[] = {"self/root" + field.path("secret").string(),
                                        "self/fd/" + decimal(static_cast<uint64_t>(outside.get())) + "/f"};
            enter();
            int reads = 0;
            for (const std::string& way : ways)
                reads += contentOf(proc, way) == "outside" ? 1 : 0;
            return reads;
        });
        EXPECT_EQ(reads, isConfined ? 0 : 2) << "F12";
    }
}

/// By the real resolver: all that a guest may do it can still do.
TEST_F(Confined, F18_WhatIsGrantedIsStillThere) {
    Field field;
    ASSERT_EQ(mkfifo(field.inside("fifo").c_str(), 0666), 0);
    fs::create_directories(field.path("second"));
    fs::create_directories(field.path("readonly"));
    field.put("readonly/f", "ro");
    field.give();
    Capabilities granted = granting(field.inside());
    granted.preopens.push_back({field.path("second"), "/second", MountKind::Real});
    granted.preopens.push_back({field.path("readonly"), "/ro", MountKind::Overlay});
    int report[2];
    ASSERT_EQ(pipe(report), 0);
    inChild(&granted, [&](const Enter& enter) {
        const auto folder = [](const std::string& name, bool isReadOnly) {
            return std::make_unique<HostDirectory>(UniqueFd(::open(name.c_str(), O_RDONLY | O_DIRECTORY)),
                                                   name, isReadOnly, chooseResolution());
        };
        const auto d = folder(field.inside(), false), second = folder(field.path("second"), false),
                   readOnly = folder(field.path("readonly"), true);
        enter();
        const std::pair<const char*, bool> works[] = {
            {"read", contentOf(*d, "secret") == "outside"},
            {"list", lists(*d, "outside.dir", true)},
            {"create", d->open("new", {.write = true, .create = true, .exclusive = true}, nullptr).error() ==
                           Errno::Success},
            {"truncate",
             d->open("secret", {.write = true, .truncate = true}, nullptr).error() == Errno::Success},
            {"set_size", (*d->open("file", {.write = true}, nullptr))->setSize(100) == Errno::Success},
            {"allocate", (*d->open("file", {.write = true}, nullptr))->allocate(0, 9000) == Errno::Success},
            {"mkdir", d->createDirectory("made") == Errno::Success},
            {"symlink", d->symlink("new", "link") == Errno::Success},
            {"link", d->link("new", false, *d, "made/linked") == Errno::Success},
            {"rename", d->rename("new", *d, "newer") == Errno::Success},
            {"rename elsewhere", d->rename("newer", *d, "made/newer") == Errno::Success},
            {"rename a folder elsewhere", d->rename("dir/nested", *d, "made/nested") == Errno::Success},
            {"rename into another folder", d->rename("file", *second, "file") == Errno::Success},
            {"link into another folder", d->link("secret", false, *second, "linked") == Errno::Success},
            {"rename a FIFO elsewhere", d->rename("fifo", *d, "made/fifo") == Errno::Success},
            {"unlink", d->unlink("made/fifo") == Errno::Success},
            {"rmdir", d->removeDirectory("empty") == Errno::Success},
            {"set times", d->setTimesAt("secret", true, {uint64_t{1}, uint64_t{1}}) == Errno::Success},
            {"read what is read only", contentOf(*readOnly, "f") == "ro"},
        };
        for (const auto& [what, isDone] : works)
            if (!isDone) (void)!::write(report[1], what, std::strlen(what) + 1);
        return 0;
    });
    close(report[1]);
    char text[1000];
    const ssize_t length = read(report[0], text, sizeof text);
    close(report[0]);
    EXPECT_EQ(std::string(text, static_cast<size_t>(std::max<ssize_t>(length, 0))), "");
}

// ------------------------------------------------------------------------------------------------ what the kernel leaves open

sockaddr_in loopback(in_port_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = port;
    return address;
}

/// Calls `use` with the address of a socket with that name, which is a path or begins with NUL.
template <class Use>
int withLocal(const std::string& name, const Use& use) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    return use(reinterpret_cast<sockaddr*>(&address),
               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size()));
}

/// What else there is beside a guest: a process, and sockets that listen.
class Neighbours : public Field {
public:
    Neighbours()
        : m_local(socket(AF_UNIX, SOCK_STREAM, 0)),
          m_abstract(socket(AF_UNIX, SOCK_STREAM, 0)),
          m_tcp(socket(AF_INET, SOCK_STREAM, 0)),
          process(fork()) {
        if (process == 0) {
            if (geteuid() == 0 && setuid(kNobody) != 0) _exit(1);
            while (true)
                pause();
        }
        const auto listens = [](const UniqueFd& at, const std::string& name) {
            return withLocal(name, [&](auto* address,
                                       socklen_t length) { return bind(at.get(), address, length); }) == 0 &&
                   listen(at.get(), 9) == 0;
        };
        EXPECT_TRUE(listens(m_local, path("socket")));
        EXPECT_TRUE(listens(m_abstract, abstract()));
        sockaddr_in address = loopback(0);
        socklen_t length = sizeof address;
        EXPECT_EQ(bind(m_tcp.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
        EXPECT_EQ(listen(m_tcp.get(), 9), 0);
        EXPECT_EQ(getsockname(m_tcp.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
        port = address.sin_port;
        fs::create_symlink("secret", path("pointer"));
        put("program", "#!/bin/sh\nexit 0\n");
        fs::permissions(path("program"), fs::perms(0755));
        give();
    }
    ~Neighbours() {
        kill(process, SIGKILL);
        waitpid(process, nullptr, 0);
    }
    std::string abstract() const { return std::string(1, '\0') + path("abstract").string(); }
    std::string secret() const { return path("secret"); }

private:
    UniqueFd m_local, m_abstract, m_tcp;

public:
    pid_t process;
    in_port_t port = 0;
};

bool connectsTo(const std::string& name) {
    const UniqueFd own(socket(AF_UNIX, SOCK_STREAM, 0));
    return withLocal(name, [&](auto* address, socklen_t length) {
               return connect(own.get(), address, length);
           }) == 0;
}

template <class Call>
bool withTcp(in_port_t port, const Call& call) {
    const UniqueFd own(socket(AF_INET, SOCK_STREAM, 0));
    const sockaddr_in address = loopback(port);
    return call(own.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool runs(const std::string& program) {
    const pid_t child = fork();
    if (child == 0) {
        execl(program.c_str(), program.c_str(), nullptr);
        _exit(1);
    }
    int status = 1;
    return waitpid(child, &status, 0) == child && status == 0;
}

/// What can be done to somebody else's things, as far as Landlock leaves it open; of the rest, some of what it does not.
struct Gap {
    const char* name;
    int since;  // the version of Landlock that refuses it; 0: none that we know
    bool (*works)(const Neighbours&);
};

const Gap kGaps[] = {
    // These three a guest has calls for, whose paths the resolver alone holds back.
    {"stat", 0,
     [](const Neighbours& n) {
         struct stat s {};
         return stat(n.secret().c_str(), &s) == 0;
     }},
    {"utimensat", 0,
     [](const Neighbours& n) { return utimensat(AT_FDCWD, n.secret().c_str(), nullptr, 0) == 0; }},
    {"readlink", 0,
     [](const Neighbours& n) {
         char text[99];
         return readlink(n.path("pointer").c_str(), text, sizeof text) > 0;
     }},
    // By the errnos of calls that are refused it learns what is there, too.
    {"tell what is there from what is not", 0,
     [](const Neighbours& n) {
         const int there = ::open(n.secret().c_str(), O_RDONLY) < 0 ? errno : 0;
         return ::open(n.path("none").c_str(), O_RDONLY) < 0 && errno != there;
     }},
    // For these it has none.
    {"access", 0, [](const Neighbours& n) { return access(n.secret().c_str(), R_OK) == 0; }},
    {"statfs", 0,
     [](const Neighbours& n) {
         struct statfs s {};
         return statfs(n.secret().c_str(), &s) == 0;
     }},
    {"listxattr", 0, [](const Neighbours& n) { return listxattr(n.secret().c_str(), nullptr, 0) >= 0; }},
    {"open as a path", 0,
     [](const Neighbours& n) { return UniqueFd(::open(n.secret().c_str(), O_PATH)).get() >= 0; }},
    {"chdir", 0, [](const Neighbours& n) { return chdir(n.path("outside.dir").c_str()) == 0; }},
    {"chmod", 0, [](const Neighbours& n) { return chmod(n.secret().c_str(), 0600) == 0; }},
    {"chown", 0, [](const Neighbours& n) { return chown(n.secret().c_str(), geteuid(), getegid()) == 0; }},
    {"inotify", 0,
     [](const Neighbours& n) {
         const UniqueFd watch(inotify_init1(IN_CLOEXEC));
         return inotify_add_watch(watch.get(), n.path("outside.dir").c_str(), IN_ALL_EVENTS) >= 0;
     }},
    {"connect by a path", 0, [](const Neighbours& n) { return connectsTo(n.path("socket")); }},
    {"send by UDP", 0,
     [](const Neighbours& n) {
         const UniqueFd own(socket(AF_INET, SOCK_DGRAM, 0));
         const sockaddr_in address = loopback(n.port);
         return sendto(own.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
                1;
     }},
    {"execute", 1, [](const Neighbours& n) { return runs(n.path("program")); }},
    {"make a FIFO", 1, [](const Neighbours& n) { return mkfifo(n.path("fifo").c_str(), 0666) == 0; }},
    {"truncate", 3, [](const Neighbours& n) { return truncate(n.secret().c_str(), 1) == 0; }},
    {"bind to a port", 4, [](const Neighbours&) { return withTcp(0, bind); }},
    {"connect to a port", 4, [](const Neighbours& n) { return withTcp(n.port, connect); }},
    {"connect to an abstract socket", 6, [](const Neighbours& n) { return connectsTo(n.abstract()); }},
    {"signal a process", 6, [](const Neighbours& n) { return kill(n.process, SIGCONT) == 0; }},
};

TEST(Confinement, F18_TheFirstVersionIsTreatedAsNone) {
    for (const int version : {0, 1}) {
        const auto none = Confinement::to({}, {}, version);
        ASSERT_TRUE(none.ok());
        EXPECT_FALSE(none->has_value()) << version;
        EXPECT_NE(sandboxText(version).find("no second layer"), std::string::npos) << version;
    }
    const auto endsIn = [](int version, const std::string& end) {
        return sandboxText(version).ends_with(end);
    };
    EXPECT_TRUE(endsIn(
        2, "Landlock, version 2, is the second layer of run, trace and policy (but for truncating files)"));
    EXPECT_TRUE(endsIn(3, "Landlock, version 3, is the second layer of run, trace and policy"));
}

TEST_F(Confined, F18_GapsOfTheKernelAreTheseAndNoOthers) {
    for (const Gap& gap : kGaps) {
        for (const bool isConfined : {false, true}) {
            const Neighbours neighbours;
            const Capabilities granted = granting(neighbours.inside());
            const bool works = inChild(isConfined ? &granted : nullptr, [&](const Enter& enter) {
                enter();
                return gap.works(neighbours) ? 1 : 0;
            });
            const bool isOpen = gap.since == 0 || Landlock::version() < gap.since;
            EXPECT_EQ(works, !isConfined || isOpen)
                << gap.name
                << (isConfined && isOpen
                        ? ": the kernel refuses it now: Landlock of version " +
                              std::to_string(Landlock::version()) + " can do more than we ask of it"
                        : "");
        }
    }
}

/// What our own code reads while the guest runs, and that is all.
TEST_F(Confined, F18_FilesOfOurOwnCanBeReadOnly) {
    Field field;
    const int status = inChild(nullptr, [&](const Enter&) {
        UncheckedDirectory outside(field.path("outside.dir"));
        const auto confinement =
            Confinement::to({}, {field.path("outside.dir"), field.path("there/is/none")});
        if (!confinement || !*confinement || !(*confinement)->enter()) return kNotConfined;
        return (contentOf(outside, "f") == "outside" ? 1 : 0) + (lists(outside, ".", true) ? 2 : 0) +
               (outside.unlink("f") == Errno::Success ? 4 : 0) +
               (contentOf(outside, "../secret").empty() ? 0 : 8);
    });
    EXPECT_EQ(status, 1);
}

}  // namespace
}  // namespace wasi
