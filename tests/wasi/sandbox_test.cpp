// The attacks on the file sandbox, by their ids (F1 …), each against both ways of resolving paths.

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <chrono>
#include <fstream>

#include "tests/wasi/guest.h"
#include "wasi/world/host_errno.h"
#include "wasi/world/host_files.h"

namespace wasi {
namespace {

class Sandbox : public testing::TestWithParam<Resolution> {
protected:
    void SetUp() override {
        s.put("inside/file", "in");
        std::filesystem::create_directories(s.inside("dir/nested"));
        s.put("inside/dir/nested/file", "deep");
        directory = make(false);
    }
    std::unique_ptr<HostDirectory> make(bool isReadOnly, const std::string& name = "") {
        return std::make_unique<HostDirectory>(
            UniqueFd(::open(s.inside(name).c_str(), O_RDONLY | O_DIRECTORY)), s.inside(name), isReadOnly,
            GetParam());
    }
    Errno open(const std::string& path, OpenHow how = {.read = true, .follow = true}) {
        return directory->open(path, how, nullptr).error();
    }

    /// Every operation on a path, by name. They create, truncate and remove: where the sandbox fails, they really do. So a path given here
    /// must never lead to anything but this test's own scratch folder, whatever the resolver makes of it.
    /// Those that change something only where the test expects a refusal.
    std::vector<std::pair<std::string, Errno>> everyOperation(const std::string& path) {
        auto& d = *directory;
        const NewTimes times{NewTimes::Now{}, NewTimes::Now{}};
        return {{"open", open(path)},
                {"open nofollow", open(path, {.read = true})},
                {"create", open(path, {.write = true, .create = true, .follow = true})},
                {"create exclusive", open(path, {.write = true, .create = true, .exclusive = true})},
                {"truncate", open(path, {.write = true, .truncate = true, .follow = true})},
                {"open directory", open(path, {.read = true, .directory = true, .follow = true})},
                {"stat", d.statAt(path, true).error()},
                {"lstat", d.statAt(path, false).error()},
                {"set_times", d.setTimesAt(path, true, times)},
                {"set_times nofollow", d.setTimesAt(path, false, times)},
                {"mkdir", d.createDirectory(path)},
                {"rmdir", d.removeDirectory(path)},
                {"unlink", d.unlink(path)},
                {"rename from", d.rename(path, d, "renamed")},
                {"rename to", d.rename("file", d, path)},
                {"link from", d.link(path, true, d, "linked")},
                {"link from nofollow", d.link(path, false, d, "linked")},
                {"link to", d.link("file", false, d, path)},
                {"symlink", d.symlink("file", path)},
                {"readlink", d.readLink(path).error()}};
    }
    void expectNothingChangedOutside() {
        EXPECT_EQ(s.get("secret"), "outside");
        EXPECT_EQ(s.get("outside.dir/f"), "outside");
        std::vector<std::string> names;
        for (const auto& e : std::filesystem::directory_iterator(s.path()))
            names.push_back(e.path().filename());
        std::sort(names.begin(), names.end());
        EXPECT_EQ(names, (std::vector<std::string>{"inside", "outside.dir", "secret"}));
        EXPECT_EQ(std::distance(std::filesystem::directory_iterator(s.path("outside.dir")), {}), 1);
        EXPECT_TRUE(std::filesystem::exists(s.inside("file")));
    }

    Scratch s;
    std::unique_ptr<HostDirectory> directory;
};

TEST_P(Sandbox, F1_AbsoluteEmptyAndOverlongPathsAreRefused) {
    const std::string secret = s.path("secret"), fresh = s.path("fresh");
    for (const std::string& path :
         {secret, "/" + secret, fresh, "/" + fresh, s.path("outside.dir/").string()})
        for (const auto& [what, error] : everyOperation(path))
            EXPECT_EQ(error, kOutside) << what << " " << path;
    EXPECT_EQ(open("/"), kOutside);
    EXPECT_EQ(directory->statAt("/", true).error(), kOutside);
    for (const auto& [what, error] : everyOperation(""))
        EXPECT_EQ(error, Errno::Noent) << what;
    for (const auto& path : {std::string(256, 'a'), std::string(5000, 'a'), std::string(256, 'a') + "/b"})
        for (const auto& [what, error] : everyOperation(path))
            EXPECT_EQ(error, Errno::Nametoolong) << what << " " << path.size();
    std::string deep;
    for (int i = 0; i < 2100; i++)
        deep += "a/";
    for (const auto& [what, error] : everyOperation(deep + "x"))
        EXPECT_EQ(error, Errno::Nametoolong) << what;
    expectNothingChangedOutside();
}

TEST_P(Sandbox, F2_DotDotStaysInside) {
    for (const std::string path : {"..", "../", "../x", "../secret", "../inside/file", "dir/../../secret",
                                   "dir/.//nested/../../../secret", "dir/nested/../../..", "./../secret",
                                   "dir/../..", "dir/../../", "file/../../secret"})
        for (const auto& [what, error] : everyOperation(path))
            EXPECT_NE(error, Errno::Success) << what << " " << path;
    for (const std::string path : {"..", "../", "../secret", "dir/../../secret"}) {
        EXPECT_EQ(open(path), kOutside) << path;
        EXPECT_EQ(directory->statAt(path, false).error(), kOutside) << path;
    }
    expectNothingChangedOutside();
    EXPECT_EQ(open("dir/../file"), Errno::Success);
    EXPECT_EQ(open("dir/.//nested/../../file"), Errno::Success);
    EXPECT_EQ(open("dir/nested/.."), Errno::Success);
    EXPECT_EQ(open("."), Errno::Success);
    EXPECT_EQ(open("./"), Errno::Success);
    EXPECT_EQ((*directory->statAt("dir/..", false)).ino, (*directory->statAt(".", false)).ino);
    EXPECT_EQ(directory->createDirectory("dir/.."), Errno::Exist);
    EXPECT_EQ(directory->removeDirectory("dir/."), Errno::Inval);
    EXPECT_EQ(directory->removeDirectory("dir/.."), Errno::Notempty);
}

TEST_P(Sandbox, F3_LinksThatLeaveAreDenied) {
    s.link(s.path("secret"), "absolute");
    s.link("../secret", "relative");
    s.link("../outside.dir", "directory");
    s.link("dir", "inner");
    s.link("..", "up");
    s.link("self", "self");
    s.link("nowhere", "dangling");
    s.link("dir/nested/file", "good");
    s.link("../file", "dir/back");
    for (const std::string path : {"absolute", "relative", "directory", "directory/f", "up", "up/secret",
                                   "inner/../../secret", "up/inside/file"}) {
        EXPECT_EQ(open(path), kOutside) << path;
        EXPECT_EQ(directory->statAt(path, true).error(), kOutside) << path;
        EXPECT_EQ(directory->setTimesAt(path, true, {NewTimes::Now{}, std::nullopt}), kOutside) << path;
        EXPECT_EQ(directory->link(path, true, *directory, "linked"), kOutside) << path;
    }
    EXPECT_EQ(directory->unlink("directory/f"), kOutside);
    EXPECT_EQ(directory->createDirectory("directory/new"), kOutside);
    EXPECT_EQ(directory->rename("directory/f", *directory, "got"), kOutside);
    EXPECT_EQ(directory->rename("file", *directory, "directory/got"), kOutside);
    EXPECT_EQ(open("self"), Errno::Loop);
    EXPECT_EQ(directory->statAt("self", true).error(), Errno::Loop);
    EXPECT_EQ(open("dangling"), Errno::Noent);
    EXPECT_EQ(open("good"), Errno::Success);
    EXPECT_EQ(open("inner/nested/file"), Errno::Success);
    EXPECT_EQ(open("dir/back"), Errno::Success);
    EXPECT_EQ(open("good", {.read = true}), Errno::Loop);
    EXPECT_EQ(open("inner", {.read = true, .directory = true}), Errno::Loop);
    EXPECT_EQ((*directory->statAt("absolute", false)).filetype, Filetype::SymbolicLink);
    expectNothingChangedOutside();
}

TEST_P(Sandbox, F3_LongChainsOfLinksEnd) {
    s.link("file", "l0");
    for (int i = 1; i <= 41; i++)
        s.link("l" + std::to_string(i - 1), "l" + std::to_string(i));
    EXPECT_EQ(open("l30"), Errno::Success);
    EXPECT_EQ(open("l41"), Errno::Loop);
    EXPECT_EQ(directory->link("l41", true, *directory, "x"), Errno::Loop);
}

TEST_P(Sandbox, F3_LinksToAbsolutePathsCannotBeMade) {
    EXPECT_EQ(directory->symlink("/etc/passwd", "l"), kOutside);
    EXPECT_EQ(directory->symlink("../anything", "l"), Errno::Success);
    EXPECT_EQ(open("l"), kOutside);
    EXPECT_EQ(directory->symlink("file", "l"), Errno::Exist);
}

TEST_P(Sandbox, F4_TrailingSlashesDemandADirectoryAndNeverLeave) {
    s.link("../outside.dir", "out");
    s.link("../outside.dir/", "out.slash");
    s.link("dir", "in");
    s.link("dir/", "in.slash");
    const auto before = std::filesystem::last_write_time(s.path("outside.dir"));
    const NewTimes times{uint64_t{1}, uint64_t{1}};
    for (const std::string path : {"out/", "out/.", "out//", "out.slash", "out.slash/", "out.slash/."}) {
        EXPECT_NE(directory->setTimesAt(path, true, times), Errno::Success) << path;
        if (path != "out.slash") {  // which is the link itself
            EXPECT_NE(directory->setTimesAt(path, false, times), Errno::Success) << path;
            EXPECT_EQ(directory->statAt(path, false).error(), kOutside) << path;
            EXPECT_NE(open(path, {.read = true}), Errno::Success) << path;
        }
        EXPECT_EQ(directory->statAt(path, true).error(), kOutside) << path;
        EXPECT_EQ(open(path), kOutside) << path;
        EXPECT_NE(directory->createDirectory(path), Errno::Success) << path;
        EXPECT_NE(directory->removeDirectory(path), Errno::Success) << path;
    }
    EXPECT_EQ(std::filesystem::last_write_time(s.path("outside.dir")), before);
    EXPECT_EQ(open("in/"), Errno::Success);
    EXPECT_EQ(open("in.slash/"), Errno::Success);
    EXPECT_EQ(open("file/"), Errno::Notdir);
    EXPECT_EQ(directory->statAt("file/", true).error(), Errno::Notdir);
    EXPECT_EQ(directory->unlink("file/"), Errno::Notdir);
    EXPECT_EQ(directory->rename("file/", *directory, "x"), Errno::Notdir);
    EXPECT_EQ(directory->rename("file", *directory, "x/"), Errno::Notdir);
    EXPECT_EQ(directory->rename("dir/", *directory, "moved/"), Errno::Success);
    EXPECT_EQ(directory->createDirectory("made/"), Errno::Success);
    EXPECT_EQ(directory->removeDirectory("made/"), Errno::Success);
    expectNothingChangedOutside();
}

TEST_P(Sandbox, F5_NothingIsCreatedThroughALink) {
    s.link(s.path("created"), "absolute");
    s.link("../created", "relative");
    s.link("../outside.dir/created", "deep");
    s.link("fresh", "inner");
    for (const std::string path : {"absolute", "relative", "deep"}) {
        EXPECT_EQ(open(path, {.write = true, .create = true, .follow = true}), kOutside) << path;
        EXPECT_NE(open(path, {.write = true, .create = true}), Errno::Success) << path;
        EXPECT_EQ(open(path, {.write = true, .create = true, .exclusive = true, .follow = true}),
                  Errno::Exist)
            << path;
        EXPECT_EQ(open(path, {.write = true, .create = true, .truncate = true, .follow = true}), kOutside)
            << path;
        EXPECT_EQ(directory->createDirectory(path), Errno::Exist) << path;
    }
    expectNothingChangedOutside();
    EXPECT_EQ(open("inner", {.write = true, .create = true, .follow = true}), Errno::Success);
    EXPECT_TRUE(std::filesystem::exists(s.inside("fresh")));
}

TEST_P(Sandbox, F6_ReadOnlyPreopensAreNeverChanged) {
    s.link("file", "link");
    auto readOnly = make(true);
    directory = std::move(readOnly);
    const auto before = std::filesystem::last_write_time(s.inside("file"));
    const auto directoryBefore = std::filesystem::last_write_time(s.inside());
    const auto refused = [&](const OpenHow& how) { EXPECT_EQ(open("file", how), Errno::Rofs); };
    refused({.write = true});
    refused({.read = true, .write = true});
    refused({.read = true, .truncate = true, .follow = true});
    refused({.write = true, .flags = Fdflags::Append});
    EXPECT_EQ(open("new", {.read = true, .create = true}), Errno::Rofs);
    EXPECT_EQ(open("file", {.read = true, .create = true}), Errno::Success);
    EXPECT_EQ(open("file", {.read = true, .create = true, .exclusive = true}), Errno::Exist);
    // As on a read-only mount, what is wrong with the name comes first; and who reads may ask for more than is used.
    EXPECT_EQ(open("none", {.write = true}), Errno::Noent);
    EXPECT_EQ(open("dir", {.write = true}), Errno::Isdir);
    EXPECT_EQ(open("dir", {.read = true, .create = true}), Errno::Isdir);
    EXPECT_EQ(open("link", {.read = true, .create = true, .exclusive = true, .follow = true}), Errno::Exist);
    EXPECT_EQ(open("file", {.read = true, .resize = true}), Errno::Success);
    EXPECT_EQ(directory->createDirectory("new"), Errno::Rofs);
    EXPECT_EQ(directory->removeDirectory("dir/nested"), Errno::Rofs);
    EXPECT_EQ(directory->unlink("file"), Errno::Rofs);
    EXPECT_EQ(directory->rename("file", *directory, "x"), Errno::Rofs);
    EXPECT_EQ(directory->link("file", false, *directory, "x"), Errno::Rofs);
    EXPECT_EQ(directory->symlink("file", "x"), Errno::Rofs);
    EXPECT_EQ(directory->setTimesAt("file", true, {uint64_t{1}, uint64_t{1}}), Errno::Rofs);
    EXPECT_EQ(directory->setTimes({uint64_t{1}, uint64_t{1}}), Errno::Rofs);
    auto file = directory->open("link", {.read = true, .follow = true}, nullptr);
    ASSERT_TRUE(file);
    const iovec text{const_cast<char*>("x"), 1};
    EXPECT_EQ((*file)->write({&text, 1}, std::nullopt).error(), Errno::Rofs);
    EXPECT_EQ((*file)->write({&text, 1}, 0).error(), Errno::Rofs);
    EXPECT_EQ((*file)->setSize(0), Errno::Rofs);
    EXPECT_EQ((*file)->allocate(0, 100), Errno::Rofs);
    EXPECT_EQ((*file)->setTimes({uint64_t{1}, uint64_t{1}}), Errno::Rofs);
    auto nested = directory->open("dir", {.read = true, .directory = true}, nullptr);
    ASSERT_TRUE(nested);
    EXPECT_EQ((*nested)->asDirectory()->createDirectory("x"), Errno::Rofs);
    EXPECT_EQ((*nested)->asDirectory()->open("nested/file", {.write = true}, nullptr).error(), Errno::Rofs);
    EXPECT_EQ(s.get("inside/file"), "in");
    EXPECT_EQ(std::filesystem::last_write_time(s.inside("file")), before);
    EXPECT_EQ(std::filesystem::last_write_time(s.inside()), directoryBefore);
}

TEST_P(Sandbox, F7_NothingMovesBetweenPermissionDomains) {
    auto readOnly = make(true, "dir");
    EXPECT_EQ(readOnly->link("nested/file", false, *directory, "stolen"), Errno::Perm);
    EXPECT_EQ(readOnly->rename("nested/file", *directory, "stolen"), Errno::Perm);
    EXPECT_EQ(directory->link("file", false, *readOnly, "put"), Errno::Perm);
    EXPECT_EQ(directory->rename("file", *readOnly, "put"), Errno::Perm);
    EXPECT_FALSE(std::filesystem::exists(s.inside("stolen")));
    EXPECT_FALSE(std::filesystem::exists(s.inside("dir/put")));
    auto writable = make(false, "dir");
    EXPECT_EQ(writable->rename("nested/file", *directory, "moved"), Errno::Success);
}

TEST_P(Sandbox, F9_AMovedDirectoryStaysTheRoot) {
    auto nested = directory->open("dir/nested", {.read = true, .directory = true}, nullptr);
    ASSERT_TRUE(nested);
    Directory& d = *(*nested)->asDirectory();
    std::filesystem::rename(s.inside("dir/nested"), s.path("outside.dir/nested"));
    for (const std::string path : {"..", "../f", "../../secret", "./../f"}) {
        EXPECT_EQ(d.open(path, {.read = true, .follow = true}, nullptr).error(), kOutside) << path;
        EXPECT_EQ(d.statAt(path, true).error(), kOutside) << path;
    }
    EXPECT_EQ(d.open("file", {.read = true}, nullptr).error(), Errno::Success);
}

TEST_P(Sandbox, F12_MagicLinksAreNotFollowed) {
    HostDirectory proc(UniqueFd(::open("/proc", O_RDONLY | O_DIRECTORY)), "/proc", false, GetParam());
    for (const std::string path : {"self/root", "self/root/etc/passwd", "self/cwd", "self/exe", "self/fd/0"})
        EXPECT_NE(proc.open(path, {.read = true, .follow = true}, nullptr).error(), Errno::Success) << path;
}

TEST_P(Sandbox, F13_SpecialFilesNeitherHangNorOpen) {
    ASSERT_EQ(mkfifo(s.inside("fifo").c_str(), 0666), 0);
    const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(address.sun_path, sizeof address.sun_path, "%s", s.inside("socket").c_str());
    ASSERT_EQ(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const auto begun = std::chrono::steady_clock::now();
    for (const std::string name : {"fifo", "socket"}) {
        EXPECT_NE(open(name), Errno::Success) << name;
        EXPECT_NE(open(name, {.write = true}), Errno::Success) << name;
        EXPECT_NE(open(name, {.read = true, .write = true, .truncate = true}), Errno::Success) << name;
        EXPECT_NE(open(name, {.write = true, .create = true}), Errno::Success) << name;
        EXPECT_EQ(directory->statAt(name, true).error(), Errno::Success) << name;
    }
    std::string why;
    EXPECT_EQ(directory->open("fifo", {.read = true}, &why).error(), Errno::Notsup);
    EXPECT_EQ(why, "it is a FIFO; only files and directories are opened");
    EXPECT_EQ(open("fifo", {.write = true}), Errno::Notsup);
    EXPECT_EQ(directory->open("socket", {.read = true}, &why).error(), Errno::Notsup);
    EXPECT_EQ(why, "it is a socket, FIFO or device; only files and directories are opened");
    HostDirectory dev(UniqueFd(::open("/dev", O_RDONLY | O_DIRECTORY)), "/dev", false, GetParam());
    EXPECT_EQ(dev.open("zero", {.read = true}, nullptr).error(), Errno::Notsup);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

TEST(Filestat, TimesThatWasiCannotExpressAreTheNearest) {
    struct stat s {};
    s.st_mtim = {int64_t{1} << 40, 999'999'999};
    s.st_atim = {-5, 0};
    s.st_ctim = {18'446'744'073, 709'551'615};
    const Filestat stat = fromHost(s);
    EXPECT_EQ(stat.mtim, UINT64_MAX);
    EXPECT_EQ(stat.atim, 0u);
    EXPECT_EQ(stat.ctim, UINT64_MAX);
}

TEST_P(Sandbox, LinksFilesThroughFollowedLinks) {
    s.link("nested/file", "dir/link");
    EXPECT_EQ(directory->link("dir/link", true, *directory, "hard"), Errno::Success);
    EXPECT_EQ(s.get("inside/hard"), "deep");
    EXPECT_EQ(directory->link("dir/link", false, *directory, "soft"), Errno::Success);
    EXPECT_TRUE(std::filesystem::is_symlink(s.inside("soft")));
    EXPECT_EQ(directory->link("dir", false, *directory, "no"), Errno::Perm);
}

INSTANTIATE_TEST_SUITE_P(Both, Sandbox, testing::Values(Resolution::Openat2, Resolution::Walk),
                         [](const auto& info) {
                             return info.param == Resolution::Walk ? "Walk" : "Openat2";
                         });

// --- The same seen by a guest ----------------------------------------------------------------------------------------

TEST(SandboxGuest, F1_NulAndBytesThatAreNotUtf8AreRefused) {
    const Scratch s;
    s.put("inside/file", "in");
    std::ofstream(s.inside("bad\xff")) << "x";
    Guest guest(Guest::with(s));
    EXPECT_EQ(guest.open(3, std::string_view("file\0x", 6), Oflags::None, Guest::kReadOnly), Errno::Inval);
    EXPECT_EQ(guest.open(3, "bad\xff", Oflags::None, Guest::kReadOnly), Errno::Ilseq);
    const uint32_t buffer = guest.room(4096), used = guest.room(4);
    EXPECT_EQ(guest.call("fd_readdir", 3, buffer, 4096, 0, used), Errno::Success);
    EXPECT_EQ(guest.text(buffer, guest.get<Size>(used)).find("bad"), std::string::npos);
    EXPECT_EQ(guest.last().detail, "1 entries left out: their names are not UTF-8");
}

TEST(SandboxGuest, SaysWhichPreopenIsNearestAndWhatIsMissing) {
    const Scratch s;
    s.link("../secret", "out");
    auto c = Guest::with(s);
    c.preopens.push_back({s.path("outside.dir").string(), "/other", MountKind::ReadOnly});
    Guest guest(c);
    const auto detail = [&](uint32_t fd, std::string_view path, Oflags oflags = Oflags::None,
                            Rights rights = Guest::kReadOnly) {
        EXPECT_NE(guest.open(fd, path, oflags, rights), Errno::Success);
        return guest.last().detail;
    };
    EXPECT_EQ(detail(3, "../etc/x"),
              "denied: no preopen covers /etc/x; nearest is /data; grant: --dir-ro /etc::/etc");
    EXPECT_EQ(detail(3, "/etc/x"),
              "denied: /etc/x is absolute; paths are relative to a descriptor; no preopen covers it, nearest "
              "is /data; grant: --dir-ro /etc::/etc");
    EXPECT_EQ(detail(3, "out"), "denied: out leads out of /data (a symbolic link, or ..)");
    EXPECT_EQ(detail(4, "f", Oflags::None, Guest::kReadWrite),
              "denied: /other/f: the preopen is read-only; grant: --dir " + s.path("outside.dir").string() +
                  "::/other");
    EXPECT_EQ(guest.onPath("path_unlink_file", 4, "f"), Errno::Rofs);
    EXPECT_EQ(guest.last().detail, "denied: /other/f lies in a read-only preopen; grant: --dir " +
                                       s.path("outside.dir").string() + "::/other");
    EXPECT_EQ(guest.call("fd_fdstat_set_rights", 3, static_cast<uint64_t>(Rights::PathOpen), 0),
              Errno::Success);
    EXPECT_EQ(detail(3, "x", Oflags::Creat, Rights::None), "denied: the descriptor lacks path_create_file");
}

TEST(SandboxGuest, F8_OverlappingPreopensKeepTheirOwnRights) {
    const Scratch s;
    std::filesystem::create_directories(s.inside("sub"));
    s.put("inside/sub/f", "x");
    auto c = Guest::with(s, MountKind::ReadOnly);
    c.preopens.push_back({s.inside("sub"), "/data/sub", MountKind::Real});
    Guest guest(c);
    EXPECT_EQ(guest.open(3, "sub/f", Oflags::None, Guest::kReadWrite), Errno::Rofs);
    EXPECT_EQ(guest.open(4, "f", Oflags::None, Guest::kReadWrite), Errno::Success);
    EXPECT_EQ(guest.open(4, "../sub/f", Oflags::None, Guest::kReadOnly), kOutside);
    uint32_t sub = 0;
    ASSERT_EQ(
        guest.open(3, "sub", Oflags::Directory, Guest::kReadOnly, &sub, Lookupflags::None, Guest::kReadWrite),
        Errno::Success);
    EXPECT_EQ(guest.open(sub, "..", Oflags::Directory, Rights::None), kOutside);
    EXPECT_NE(guest.open(sub, "f", Oflags::None, Guest::kReadWrite), Errno::Success);
}

TEST(SandboxGuest, F15_DescriptorsDieWithTheirClose) {
    const Scratch s;
    s.put("inside/file", "in");
    Guest guest(Guest::with(s));
    uint32_t fd = 0;
    ASSERT_EQ(guest.open(3, "file", Oflags::None, Guest::kReadOnly, &fd), Errno::Success);
    EXPECT_EQ(guest.call("fd_close", fd), Errno::Success);
    EXPECT_EQ(guest.call("fd_close", fd), Errno::Badf);
    EXPECT_EQ(guest.call("fd_tell", fd, guest.room(8)), Errno::Badf);
    EXPECT_EQ(guest.call("fd_close", 0x80000000u), Errno::Badf);
    EXPECT_EQ(guest.call("fd_close", 0xffffffffu), Errno::Badf);
    // Standard streams may be closed; the next file then takes the number, and nothing of the host's own.
    EXPECT_EQ(guest.call("fd_close", 1), Errno::Success);
    EXPECT_EQ(guest.write(1, "x"), Errno::Badf);
    ASSERT_EQ(guest.open(3, "file", Oflags::None, Guest::kReadWrite, &fd), Errno::Success);
    EXPECT_EQ(fd, 1u);
    EXPECT_EQ(guest.write(1, "yz"), Errno::Success);
    EXPECT_EQ(s.get("inside/file"), "yz");
    EXPECT_EQ(guest.call("fd_close", 3), Errno::Success);
    EXPECT_EQ(guest.open(3, "file", Oflags::None, Guest::kReadOnly), Errno::Badf);
}

TEST(SandboxGuest, F15_RightsCanOnlyBeDropped) {
    const Scratch s;
    s.put("inside/file", "in");
    Guest guest(Guest::with(s));
    uint32_t fd = 0;
    ASSERT_EQ(guest.open(3, "file", Oflags::None, Guest::kReadOnly, &fd), Errno::Success);
    EXPECT_EQ(guest.write(fd, "x"), Errno::Notcapable);
    EXPECT_EQ(guest.call("fd_fdstat_set_rights", fd, static_cast<uint64_t>(Guest::kReadWrite), 0),
              Errno::Notcapable);
    EXPECT_EQ(guest.call("fd_fdstat_set_rights", fd, static_cast<uint64_t>(Rights::FdSeek), 0),
              Errno::Success);
    EXPECT_EQ(guest.call("fd_read", fd, guest.put(Iovec{guest.room(8), 8}), 1, guest.room(4)),
              Errno::Notcapable);
    EXPECT_EQ(guest.call("fd_fdstat_set_rights", fd, static_cast<uint64_t>(Guest::kReadOnly), 0),
              Errno::Notcapable);
    // What a directory may not pass on cannot be had through it.
    EXPECT_EQ(guest.call("fd_fdstat_set_rights", 3, static_cast<uint64_t>(Rights::PathOpen),
                         static_cast<uint64_t>(Guest::kReadOnly)),
              Errno::Success);
    EXPECT_EQ(guest.open(3, "file", Oflags::None, Guest::kReadWrite), Errno::Notcapable);
    EXPECT_EQ(guest.open(3, "file", Oflags::None, Guest::kReadOnly), Errno::Success);
    EXPECT_EQ(guest.stat(3, "file"), Errno::Notcapable);
}

TEST(SandboxGuest, F15_HostDescriptorsAreBoundedAndGivenBack) {
    const auto openOnHost = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
    };
    const auto before = openOnHost();
    {
        const Scratch s;
        s.put("inside/file", "in");
        auto c = Guest::with(s);
        c.budgets.maxOpenFiles = 20;
        Guest guest(c);
        for (int i = 0; i < 20; i++)
            EXPECT_EQ(guest.open(3, "file", Oflags::None, Guest::kReadOnly), Errno::Success);
        EXPECT_EQ(guest.open(3, "file", Oflags::None, Guest::kReadOnly), Errno::Mfile);
        EXPECT_EQ(guest.last().detail, "limit of 24 open files reached");
        EXPECT_EQ(guest.call("fd_renumber", 10, 11), Errno::Success);
        EXPECT_EQ(guest.call("fd_renumber", 12, 12), Errno::Success);
        EXPECT_EQ(guest.call("fd_renumber", 12, 1000), Errno::Badf);
        EXPECT_EQ(guest.call("fd_renumber", 1000, 12), Errno::Badf);
        EXPECT_EQ(guest.open(3, "file", Oflags::None, Guest::kReadOnly), Errno::Success);
        EXPECT_EQ(guest.open(3, "file", Oflags::None, Guest::kReadOnly), Errno::Mfile);
    }
    EXPECT_EQ(openOnHost(), before);
}

std::vector<std::pair<Dirent, std::string>> list(Guest& guest, uint32_t fd, uint32_t bytes,
                                                 const std::function<void(size_t)>& between = {}) {
    std::vector<std::pair<Dirent, std::string>> all;
    const uint32_t buffer = guest.room(bytes), used = guest.room(4);
    Dircookie cookie = 0;
    for (size_t round = 0;; round++) {
        EXPECT_EQ(guest.call("fd_readdir", fd, buffer, bytes, uint64_t{cookie}, used), Errno::Success);
        const uint32_t n = guest.get<Size>(used);
        for (uint32_t at = 0; at + Abi<Dirent>::size() <= n;) {
            const auto entry = guest.get<Dirent>(buffer + at);
            if (at + Abi<Dirent>::size() + entry.d_namlen > n) break;  // cut: asked for again
            all.emplace_back(
                entry, guest.text(buffer + at + static_cast<uint32_t>(Abi<Dirent>::size()), entry.d_namlen));
            cookie = entry.d_next;
            at += static_cast<uint32_t>(Abi<Dirent>::size()) + entry.d_namlen;
        }
        if (n < bytes) return all;
        if (between) between(round);
    }
}

TEST(SandboxGuest, F16_ReaddirTellsEveryStableEntryOnce) {
    const Scratch s;
    constexpr int kFiles = 2000;
    for (int i = 0; i < kFiles; i++)
        s.put("inside/f" + std::to_string(i), "");
    Guest guest(Guest::with(s));
    const auto entries = list(guest, 3, 600, [&](size_t round) {
        // Something else comes and goes all the time.
        s.put("inside/extra" + std::to_string(round), "");
        if (round > 0) std::filesystem::remove(s.inside("extra" + std::to_string(round - 1)));
    });
    std::map<std::string, int> seen;
    for (const auto& [entry, name] : entries)
        seen[name]++;
    EXPECT_EQ(seen["."], 1);
    EXPECT_EQ(seen[".."], 1);
    for (int i = 0; i < kFiles; i++)
        EXPECT_EQ(seen["f" + std::to_string(i)], 1) << i;
}

TEST(SandboxGuest, F16_TwentyThousandEntriesAreListedOnceAndSoon) {
    const Scratch s;
    constexpr size_t kFiles = 20'000;
    const UniqueFd folder(::open(s.inside().c_str(), O_RDONLY | O_DIRECTORY));
    for (size_t i = 0; i < kFiles; i++)
        UniqueFd(openat(folder.get(), std::to_string(i).c_str(), O_WRONLY | O_CREAT, 0666));
    Guest guest(Guest::with(s));
    guest.host->setLogging(false);
    const auto begun = std::chrono::steady_clock::now();
    const auto entries = list(guest, 3, 4096);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30)) << "not the square of them";
    ASSERT_EQ(entries.size(), kFiles + 2);
    std::vector<bool> seen(kFiles);
    for (const auto& [entry, name] : entries)
        if (!name.starts_with('.')) seen.at(std::stoul(name)) = true;
    EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](bool is) { return is; }));
}

TEST(SandboxGuest, F16_ReaddirTakesAnyCookieAndAnyBuffer) {
    const Scratch s;
    s.put("inside/a\nb", "");
    s.put(
        "inside/\xe2\x80\xae"
        "evil",
        "");
    Guest guest(Guest::with(s));
    const uint32_t buffer = guest.room(4096), used = guest.room(4);
    const auto read = [&](uint32_t length, uint64_t cookie) {
        EXPECT_EQ(guest.call("fd_readdir", 3, buffer, length, cookie, used), Errno::Success);
        return guest.get<Size>(used).value;
    };
    EXPECT_EQ(read(0, 0), 0u);
    EXPECT_EQ(read(10, 0), 10u);
    EXPECT_GT(read(4096, 2), 0u);
    EXPECT_EQ(read(4096, 4), 0u);
    EXPECT_EQ(read(4096, ~0ull), 0u);
    EXPECT_EQ(read(4096, 1ull << 63), 0u);
    EXPECT_EQ(list(guest, 3, 512).size(), 4u);
    // Entries beyond what was read at the start appear when one starts anew.
    s.put("inside/new", "");
    EXPECT_EQ(list(guest, 3, 512).size(), 5u);
}

}  // namespace
}  // namespace wasi
