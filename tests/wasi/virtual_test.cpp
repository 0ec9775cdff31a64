// Folders that are not the host's own: overlays and in-memory ones. What can be asked of any folder is asked of all kinds, the host's own
// included, so that they behave as a real file system does.

#include <sys/stat.h>

#include <map>
#include <set>

#include "tests/wasi/guest.h"
#include "wasi/world/virtual_changes.h"
#include "wasi/world/virtual_files.h"

namespace wasi {
namespace {

constexpr Rights kOfFiles = Guest::kAll & ~(Rights::SockAccept | Rights::SockShutdown);
constexpr Rights kOfFolders = Rights::PathCreateDirectory | Rights::FdReaddir | Rights::PathFilestatGet |
                              Rights::PathOpen | Rights::FdFilestatGet;

/// All below a folder of the host, with contents; times and the listing's order left out.
std::map<std::string, std::string> contentsOf(const std::filesystem::path& folder) {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        std::ostringstream text;
        if (entry.is_symlink())
            text << "-> " << std::filesystem::read_symlink(entry.path()).string();
        else if (entry.is_regular_file())
            text << std::ifstream(entry.path()).rdbuf();
        else
            text << "/";
        all[entry.path().lexically_relative(folder).string()] = text.str();
    }
    return all;
}

/// A guest whose folder at descriptor 3 has: file "hello", big (200,000 bytes), dir/in "inner", dir/deep/leaf "leaf", link -> dir/in.
class Folder : public testing::TestWithParam<MountKind> {
protected:
    Folder() {
        s.put("inside/file", "hello");
        s.put("inside/big", std::string(200'000, 'b'));
        std::filesystem::create_directories(s.path("inside/dir/deep"));
        s.put("inside/dir/in", "inner");
        s.put("inside/dir/deep/leaf", "leaf");
        s.link("dir/in", "link");
        before = contentsOf(s.inside());
        guest = std::make_unique<Guest>(Guest::with(s, GetParam()));
    }
    ~Folder() override {
        if (GetParam() != MountKind::Real) {
            EXPECT_EQ(contentsOf(s.inside()), before);
        }
    }
    uint32_t open(const std::string& path, Oflags how = Oflags::None, Rights rights = Guest::kReadWrite) {
        uint32_t fd = 0;
        EXPECT_EQ(guest->open(3, path, how, rights, &fd), Errno::Success) << path;
        return fd;
    }
    std::string contents(const std::string& path) {
        const uint32_t fd = open(path, Oflags::None, Guest::kReadOnly);
        std::string all, part;
        while (!(part = guest->read(fd, 8000)).empty() && all.size() < 20'000)
            all += part;
        EXPECT_EQ(guest->call("fd_close", fd), Errno::Success);
        return all;
    }
    Errno put(const std::string& path, std::string_view text) {
        uint32_t fd = 0;
        const Errno e = guest->open(3, path, Oflags::Creat | Oflags::Trunc,
                                    Guest::kReadWrite | Rights::FdFilestatSetSize, &fd);
        if (e != Errno::Success) return e;
        EXPECT_EQ(guest->write(fd, text), Errno::Success);
        return guest->call("fd_close", fd);
    }
    Errno rename(std::string_view from, std::string_view to) {
        return guest->call("path_rename", 3, guest->put(from), from.size(), 3, guest->put(to), to.size());
    }
    Errno link(std::string_view from, std::string_view to) {
        return guest->call("path_link", 3, 0, guest->put(from), from.size(), 3, guest->put(to), to.size());
    }
    Errno symlink(std::string_view target, std::string_view path) {
        return guest->call("path_symlink", guest->put(target), target.size(), 3, guest->put(path),
                           path.size());
    }
    Errno mkdir(std::string_view path) { return guest->onPath("path_create_directory", 3, path); }
    Errno rmdir(std::string_view path) { return guest->onPath("path_remove_directory", 3, path); }
    Errno unlink(std::string_view path) { return guest->onPath("path_unlink_file", 3, path); }
    Filestat stat(std::string_view path) {
        Filestat s;
        EXPECT_EQ(guest->stat(3, path, Lookupflags::None, &s), Errno::Success) << path;
        return s;
    }
    Errno statError(std::string_view path) { return guest->stat(3, path, Lookupflags::None); }
    /// Names of a folder, sorted, without the dots.
    std::string list(const std::string& path) {
        const uint32_t fd = open(path, Oflags::Directory, Rights::FdReaddir);
        const uint32_t room = guest->room(4096), used = guest->room(4);
        EXPECT_EQ(guest->call("fd_readdir", fd, room, 4096, 0, used), Errno::Success);
        std::set<std::string> names;
        for (uint32_t at = 0; at + Abi<Dirent>::size() <= guest->get<Size>(used);) {
            const auto entry = guest->get<Dirent>(room + at);
            const auto name = guest->text(room + at + Abi<Dirent>::size(), entry.d_namlen);
            if (name != "." && name != "..") {
                names.insert(name);
                const auto s = stat(path + "/" + name);
                EXPECT_EQ(s.ino, entry.d_ino) << name;
                EXPECT_EQ(s.filetype, entry.d_type) << name;
            }
            at += Abi<Dirent>::size() + entry.d_namlen;
        }
        EXPECT_EQ(guest->call("fd_close", fd), Errno::Success);
        std::string text;
        for (const auto& name : names)
            text += (text.empty() ? "" : " ") + name;
        return text;
    }

    Scratch s;
    std::map<std::string, std::string> before;
    std::unique_ptr<Guest> guest;
};

TEST_P(Folder, ReadsWritesAndTruncates) {
    EXPECT_EQ(contents("file"), "hello");
    EXPECT_EQ(contents("link"), "inner");
    const uint32_t fd = open("file"), other = open("file", Oflags::None, Guest::kReadOnly);
    EXPECT_EQ(guest->call("fd_seek", fd, 0, static_cast<uint64_t>(Whence::End), guest->room(8)),
              Errno::Success);
    EXPECT_EQ(guest->write(fd, " world"), Errno::Success);
    EXPECT_EQ(guest->read(other, 100), "hello world");  // one file, whoever opened it when
    EXPECT_EQ(stat("file").size, 11u);
    EXPECT_EQ(put("file", "new"), Errno::Success);
    EXPECT_EQ(contents("file"), "new");
    EXPECT_EQ(put("dir/fresh", "x"), Errno::Success);
    EXPECT_EQ(list("dir"), "deep fresh in");
    EXPECT_EQ(guest->open(3, "file", Oflags::Creat | Oflags::Excl, Guest::kReadWrite), Errno::Exist);
    EXPECT_EQ(guest->open(3, "dir", Oflags::None, Guest::kReadWrite), Errno::Isdir);
    EXPECT_EQ(guest->open(3, "file/x", Oflags::None, Guest::kReadOnly), Errno::Notdir);
    EXPECT_EQ(guest->open(3, "file/", Oflags::None, Guest::kReadOnly), Errno::Notdir);
    EXPECT_EQ(guest->open(3, "none", Oflags::None, Guest::kReadOnly), Errno::Noent);
    EXPECT_EQ(guest->open(3, "none/", Oflags::Creat, Guest::kReadOnly), Errno::Isdir);
}

TEST_P(Folder, ABitOfABigFileIsChanged) {
    const uint32_t fd = open("big", Oflags::None, Guest::kReadWrite | Rights::FdFilestatSetSize);
    const auto pwrite = [&](std::string_view text, uint64_t at) {
        const Ciovec part{guest->put(text), static_cast<uint32_t>(text.size())};
        return guest->call("fd_pwrite", fd, guest->put(part), 1, at, guest->room(4));
    };
    const auto pread = [&](uint32_t n, uint64_t at) {
        const uint32_t room = guest->room(n), got = guest->room(4);
        EXPECT_EQ(guest->call("fd_pread", fd, guest->put(Iovec{room, n}), 1, at, got), Errno::Success);
        return guest->text(room, guest->get<Size>(got));
    };
    EXPECT_EQ(pwrite("XYZ", 65'535), Errno::Success);  // over the border of two chunks
    EXPECT_EQ(pread(5, 65'534), "bXYZb");
    EXPECT_EQ(pread(10, 199'995), "bbbbb");
    // What was cut off does not come back.
    EXPECT_EQ(guest->call("fd_filestat_set_size", fd, 100'000), Errno::Success);
    EXPECT_EQ(guest->call("fd_filestat_set_size", fd, 150'000), Errno::Success);
    EXPECT_EQ(pread(4, 99'998), std::string("bb\0\0", 4));
    EXPECT_EQ(pread(2, 140'000), std::string("\0\0", 2));
    EXPECT_EQ(stat("big").size, 150'000u);
    // Sparse: far behind the end.
    EXPECT_EQ(pwrite("end", uint64_t{5} << 40), Errno::Success);
    EXPECT_EQ(pread(4, (uint64_t{5} << 40) - 1), std::string("\0end", 4));
    const auto read = [&](uint64_t at) {
        const uint32_t part = guest->put(Iovec{guest->room(1), 1});
        return guest->call("fd_pread", fd, part, 1, at, guest->room(4));
    };
    for (const uint64_t at : {uint64_t{INT64_MAX}, uint64_t{INT64_MAX} + 1, UINT64_MAX}) {
        EXPECT_EQ(read(at), Errno::Inval) << at;
        EXPECT_EQ(pwrite("x", at), Errno::Inval) << at;
    }
    EXPECT_EQ(read(INT64_MAX - 1), Errno::Success);
    EXPECT_NE(pwrite("x", ~uint64_t{0} >> 1), Errno::Success);
    EXPECT_EQ(pwrite("x", ~uint64_t{0}), Errno::Inval);
}

TEST_P(Folder, AppendsAtTheEnd) {
    uint32_t fd = 0;
    ASSERT_EQ(guest->open(3, "file", Oflags::None, Guest::kReadWrite, &fd, Lookupflags::None, Rights::None,
                          Fdflags::Append),
              Errno::Success);
    EXPECT_EQ(guest->write(fd, "+1"), Errno::Success);
    EXPECT_EQ(guest->call("fd_seek", fd, 0, static_cast<uint64_t>(Whence::Set), guest->room(8)),
              Errno::Success);
    EXPECT_EQ(guest->write(fd, "+2"), Errno::Success);
    EXPECT_EQ(contents("file"), "hello+1+2");
    // As pwritev of Linux, to which the standard refers: the offset gives way, and the position stays.
    const uint32_t text = guest->put(Ciovec{guest->put("+3"), 2}), position = guest->room(8);
    EXPECT_EQ(guest->call("fd_pwrite", fd, text, 1, 0, guest->room(4)), Errno::Success);
    EXPECT_EQ(contents("file"), "hello+1+2+3");
    EXPECT_EQ(guest->call("fd_tell", fd, position), Errno::Success);
    EXPECT_EQ(guest->get<Filesize>(position), 9u);
}

TEST_P(Folder, MovesTheFirstOfTooManyBuffers) {
    const uint32_t fd = open("file"), moved = guest->room(4);
    constexpr uint32_t kMany = 1500;
    const uint32_t list = guest->room(kMany * 8), letter = guest->put("x");
    for (uint32_t i = 0; i < kMany; i++)
        Abi<Ciovec>::store(guest->memory() + list + 8 * i, {letter, 1});
    EXPECT_EQ(guest->call("fd_write", fd, list, kMany, moved), Errno::Success);
    EXPECT_EQ(guest->get<Size>(moved), 1024u);
    EXPECT_EQ(stat("file").size, 1024u);
    EXPECT_EQ(guest->call("fd_pread", fd, list, kMany, 0, moved), Errno::Success);
    EXPECT_EQ(guest->get<Size>(moved), 1024u);
}

TEST_P(Folder, WhatIsRemovedIsGone) {
    EXPECT_EQ(unlink("file"), Errno::Success);
    EXPECT_EQ(statError("file"), Errno::Noent);
    EXPECT_EQ(unlink("file"), Errno::Noent);
    EXPECT_EQ(list("."), "big dir link");
    EXPECT_EQ(unlink("dir"), Errno::Isdir);
    EXPECT_EQ(unlink("link/"), Errno::Notdir);
    EXPECT_EQ(rmdir("dir"), Errno::Notempty);
    EXPECT_EQ(rmdir("big"), Errno::Notdir);
    EXPECT_EQ(unlink("dir/in"), Errno::Success);
    EXPECT_EQ(guest->stat(3, "link"), Errno::Noent);  // dangles now
    EXPECT_EQ(unlink("dir/deep/leaf"), Errno::Success);
    EXPECT_EQ(rmdir("dir/deep/"), Errno::Success);
    EXPECT_EQ(rmdir("dir/."), Errno::Inval);
    const uint32_t old = open("dir", Oflags::Directory, kOfFolders), room = guest->room(64),
                   used = guest->room(4);
    EXPECT_EQ(rmdir("dir"), Errno::Success);
    EXPECT_EQ(guest->call("fd_readdir", old, room, 64, 0, used), Errno::Success);
    EXPECT_EQ(guest->get<Size>(used), 0u);
    // A new one of the old name has nothing of the old.
    EXPECT_EQ(mkdir("dir"), Errno::Success);
    EXPECT_EQ(list("dir"), "");
    EXPECT_EQ(mkdir("dir/"), Errno::Exist);
    EXPECT_EQ(put("file", "again"), Errno::Success);
    EXPECT_EQ(contents("file"), "again");
}

TEST_P(Folder, AnOpenFileOutlivesItsName) {
    const uint32_t fd = open("file");
    EXPECT_EQ(unlink("file"), Errno::Success);
    EXPECT_EQ(guest->read(fd, 3), "hel");
    EXPECT_EQ(guest->write(fd, "LO!"), Errno::Success);
    EXPECT_EQ(guest->call("fd_seek", fd, 0, static_cast<uint64_t>(Whence::Set), guest->room(8)),
              Errno::Success);
    EXPECT_EQ(guest->read(fd, 100), "helLO!");
    const uint32_t at = guest->room(64);
    EXPECT_EQ(guest->call("fd_filestat_get", fd, at), Errno::Success);
    EXPECT_EQ(guest->get<Filestat>(at).nlink, 0u);
    // A removed directory takes nothing in any more.
    EXPECT_EQ(mkdir("gone"), Errno::Success);
    const uint32_t gone = open("gone", Oflags::Directory, kOfFolders);
    EXPECT_EQ(rmdir("gone"), Errno::Success);
    EXPECT_EQ(guest->onPath("path_create_directory", gone, "x"), Errno::Noent);
}

TEST_P(Folder, Renames) {
    EXPECT_EQ(rename("file", "moved"), Errno::Success);
    EXPECT_EQ(statError("file"), Errno::Noent);
    EXPECT_EQ(contents("moved"), "hello");
    EXPECT_EQ(rename("dir", "away"), Errno::Success);
    EXPECT_EQ(contents("away/deep/leaf"), "leaf");
    EXPECT_EQ(list("away"), "deep in");
    EXPECT_EQ(list("."), "away big link moved");
    EXPECT_EQ(rename("away/deep", "deep"), Errno::Success);
    EXPECT_EQ(list("away"), "in");
    EXPECT_EQ(contents("deep/leaf"), "leaf");
    // Onto something.
    EXPECT_EQ(rename("moved", "deep/leaf"), Errno::Success);
    EXPECT_EQ(contents("deep/leaf"), "hello");
    EXPECT_EQ(rename("deep", "big"), Errno::Notdir);
    EXPECT_EQ(rename("big", "deep"), Errno::Isdir);
    EXPECT_EQ(rename("away", "deep"), Errno::Notempty);
    EXPECT_EQ(mkdir("empty"), Errno::Success);
    EXPECT_EQ(rename("away", "empty"), Errno::Success);
    EXPECT_EQ(contents("empty/in"), "inner");
    EXPECT_EQ(rename("deep", "deep/inside"), Errno::Inval);
    EXPECT_EQ(rename("big", "big"), Errno::Success);
    EXPECT_EQ(rename("none", "x"), Errno::Noent);
    EXPECT_EQ(rename("big/", "x"), Errno::Notdir);
    EXPECT_EQ(list("."), "big deep empty link");
}

TEST_P(Folder, HardLinksAreOneFile) {
    EXPECT_EQ(link("file", "dir/second"), Errno::Success);
    EXPECT_EQ(stat("file").nlink, 2u);
    EXPECT_EQ(stat("file").ino, stat("dir/second").ino);
    EXPECT_EQ(put("dir/second", "both"), Errno::Success);
    EXPECT_EQ(contents("file"), "both");
    EXPECT_EQ(rename("file", "dir/second"), Errno::Success);  // the same file: nothing happens
    EXPECT_EQ(contents("file"), "both");
    EXPECT_EQ(unlink("file"), Errno::Success);
    EXPECT_EQ(stat("dir/second").nlink, 1u);
    EXPECT_EQ(link("dir", "d2"), Errno::Perm);
    EXPECT_EQ(link("big", "dir"), Errno::Exist);
    EXPECT_EQ(link("big", "x/"), Errno::Noent);
    EXPECT_EQ(link("link", "link2"), Errno::Success);  // the link itself
    EXPECT_EQ(stat("link2").filetype, Filetype::SymbolicLink);
}

TEST_P(Folder, SymbolicLinks) {
    EXPECT_EQ(symlink("dir", "to"), Errno::Success);
    EXPECT_EQ(contents("to/in"), "inner");
    EXPECT_EQ(stat("to").filetype, Filetype::SymbolicLink);
    EXPECT_EQ(stat("to/").filetype, Filetype::Directory);
    EXPECT_EQ(symlink("../../secret", "out"), Errno::Success);
    EXPECT_EQ(guest->open(3, "out", Oflags::None, Guest::kReadOnly), Errno::Notcapable);
    EXPECT_EQ(guest->open(3, "out", Oflags::Creat, Guest::kReadWrite), Errno::Notcapable);
    EXPECT_EQ(symlink("/etc", "abs"), Errno::Notcapable);
    EXPECT_EQ(symlink("self", "self"), Errno::Success);
    EXPECT_EQ(guest->stat(3, "self"), Errno::Loop);
    EXPECT_EQ(guest->open(3, "self", Oflags::None, Guest::kReadOnly, nullptr, Lookupflags::None),
              Errno::Loop);
    EXPECT_EQ(symlink("made", "dangling"), Errno::Success);
    EXPECT_EQ(put("dangling", "through"), Errno::Success);
    EXPECT_EQ(contents("made"), "through");
    EXPECT_EQ(guest->open(3, "dangling", Oflags::Creat | Oflags::Excl, Guest::kReadWrite), Errno::Exist);
    EXPECT_EQ(symlink("x", "link"), Errno::Exist);
    EXPECT_EQ(symlink("x", "new/"), Errno::Noent);
    const uint32_t room = guest->room(64), used = guest->room(4);
    EXPECT_EQ(guest->call("path_readlink", 3, guest->put("link"), 4, room, 3, used), Errno::Success);
    EXPECT_EQ(guest->text(room, guest->get<Size>(used)), "dir");  // cut to its room
    EXPECT_EQ(guest->call("path_readlink", 3, guest->put("big"), 3, room, 3, used), Errno::Inval);
}

TEST_P(Folder, NothingLeadsOut) {
    for (const char* path :
         {"..", "../", "../secret", "dir/../../secret", "/etc/passwd", "/", "dir/deep/../../.."})
        EXPECT_EQ(guest->stat(3, path), Errno::Notcapable) << path;
    EXPECT_EQ(guest->stat(3, ""), Errno::Noent);
    EXPECT_EQ(guest->stat(3, std::string(256, 'x')), Errno::Nametoolong);
    EXPECT_EQ(guest->stat(3, "dir/../file"), Errno::Success);
    const uint32_t dir = open("dir", Oflags::Directory, kOfFolders);
    EXPECT_EQ(guest->stat(dir, "../file"), Errno::Notcapable);  // above what it was opened at
    EXPECT_EQ(guest->stat(dir, "deep/../in"), Errno::Success);
    EXPECT_EQ(rename("dir", "moved"), Errno::Success);
    EXPECT_EQ(guest->stat(dir, ".."), Errno::Notcapable);
}

TEST_P(Folder, TimesAreSetAndKept) {
    const auto set = static_cast<uint64_t>(Fstflags::Atim | Fstflags::Mtim);
    EXPECT_EQ(guest->call("path_filestat_set_times", 3, 0, guest->put("file"), 4, 1'000'000'000,
                          2'000'000'000, set),
              Errno::Success);
    EXPECT_EQ(stat("file").atim, 1'000'000'000u);
    EXPECT_EQ(stat("file").mtim, 2'000'000'000u);
    EXPECT_EQ(put("dir/x", "y"), Errno::Success);
    EXPECT_GT(stat("dir").mtim, 1'600'000'000'000'000'000u);
    EXPECT_GT(stat("dir/x").mtim, 1'600'000'000'000'000'000u);
}

TEST_P(Folder, ManyEntriesAreListedOnce) {
    EXPECT_EQ(mkdir("many"), Errno::Success);
    for (int i = 0; i < 2000; i++) {
        uint32_t fd = 0;
        std::memcpy(guest->memory() + 8, "many/0000", 9);
        std::snprintf(reinterpret_cast<char*>(guest->memory()) + 13, 5, "%04d", i);
        ASSERT_EQ(guest->call("path_open", 3, 0, 8, 9, static_cast<uint64_t>(Oflags::Creat), 0, 0, 0, 32),
                  Errno::Success);
        fd = guest->get<Fd>(32);
        ASSERT_EQ(guest->call("fd_close", fd), Errno::Success);
    }
    const uint32_t fd = open("many", Oflags::Directory, Rights::FdReaddir);
    const uint32_t room = guest->room(500), used = guest->room(4);
    std::set<std::string> names;
    uint64_t cookie = 0, count = 0;
    for (;;) {
        ASSERT_EQ(guest->call("fd_readdir", fd, room, 500, cookie, used), Errno::Success);
        uint32_t at = 0;
        const uint32_t end = guest->get<Size>(used);
        while (at + Abi<Dirent>::size() <= end) {
            const auto entry = guest->get<Dirent>(room + at);
            if (at + Abi<Dirent>::size() + entry.d_namlen > end) break;
            names.insert(guest->text(room + at + Abi<Dirent>::size(), entry.d_namlen));
            cookie = entry.d_next;
            count++;
            at += Abi<Dirent>::size() + entry.d_namlen;
        }
        if (end < 500) break;
    }
    EXPECT_EQ(count, 2002u);
    EXPECT_EQ(names.size(), 2002u);
}

INSTANTIATE_TEST_SUITE_P(All, Folder,
                         testing::Values(MountKind::Real, MountKind::Overlay, MountKind::InMemory),
                         [](const auto& info) {
                             return std::string(info.param == MountKind::Real      ? "Real"
                                                : info.param == MountKind::Overlay ? "Overlay"
                                                                                   : "InMemory");
                         });

// --- What was changed -------------------------------------------------------------------------------------------------------

class Overlay : public Folder {
protected:
    std::string changes() {
        std::string text;
        const auto all = guest->host->folderChanges();
        EXPECT_TRUE(all.ok());
        for (const auto& change : all->at(0).changes)
            text += toText(change) + "\n";
        return text;
    }
    /// Some of each kind.
    void changeThings() {
        EXPECT_EQ(put("file", "other"), Errno::Success);
        EXPECT_EQ(put("new", "12"), Errno::Success);
        EXPECT_EQ(unlink("big"), Errno::Success);
        EXPECT_EQ(rename("dir", "moved"), Errno::Success);
        EXPECT_EQ(unlink("moved/in"), Errno::Success);
        EXPECT_EQ(unlink("link"), Errno::Success);
        EXPECT_EQ(symlink("moved", "link"), Errno::Success);
        EXPECT_EQ(mkdir("big"), Errno::Success);
        EXPECT_EQ(put("big/child", "c"), Errno::Success);
        EXPECT_EQ(link("new", "big/again"), Errno::Success);
    }
};

TEST_P(Overlay, TellsItsChanges) {
    EXPECT_EQ(changes(), "");
    EXPECT_EQ(contents("file"), "hello");
    EXPECT_EQ(list("dir"), "deep in");
    EXPECT_EQ(changes(), "");
    changeThings();
    EXPECT_EQ(changes(),
              "changed  big/\n"
              "added    big/again (2 bytes)\n"
              "added    big/child (1 bytes)\n"
              "removed  dir/\n"
              "changed  file (5 -> 5 bytes)\n"
              "changed  link (6 -> 5 bytes)\n"
              "added    moved/\n"
              "added    moved/deep/\n"
              "added    moved/deep/leaf (4 bytes)\n"
              "added    new (2 bytes)\n");
    // What is undone is no change.
    EXPECT_EQ(rename("moved", "dir"), Errno::Success);
    EXPECT_EQ(changes().find("added    moved"), std::string::npos) << changes();
    EXPECT_NE(changes().find("removed  dir/in\n"), std::string::npos) << changes();
}

TEST_P(Overlay, ShowsItsChangesAsADiff) {
    const auto diff = [&](const std::string& folder = "", const std::string& path = "") {
        auto text = guest->host->folderDiff(folder, path);
        return text ? *text : text.error().message;
    };
    EXPECT_EQ(diff(), "");
    std::string binary(200'000, 'b');
    binary[150'000] = '\0';
    EXPECT_EQ(put("big", binary), Errno::Success);
    EXPECT_EQ(put("file", "hello\nworld\n"), Errno::Success);
    EXPECT_EQ(put("new", "1\n"), Errno::Success);
    EXPECT_EQ(unlink("link"), Errno::Success);
    EXPECT_EQ(rename("dir", "moved"), Errno::Success);
    EXPECT_EQ(unlink("moved/in"), Errno::Success);
    const std::string ends = "\n\\ No newline at end of file\n";
    const std::string expected =
        "Binary file big: 200000 -> 200000 bytes, the first that differs is 150000\n"
        "removed  dir/\nremoved  dir/deep/\n"
        "--- a/dir/deep/leaf\n+++ /dev/null\n@@ -1 +0,0 @@\n-leaf" +
        ends + "--- a/dir/in\n+++ /dev/null\n@@ -1 +0,0 @@\n-inner" + ends +
        "--- a/file\n+++ b/file\n@@ -1 +1,2 @@\n-hello" + ends +
        "+hello\n+world\n"
        "removed  link\n"
        "added    moved/\nadded    moved/deep/\n"
        "--- /dev/null\n+++ b/moved/deep/leaf\n@@ -0,0 +1 @@\n+leaf" +
        ends + "--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+1\n";
    EXPECT_EQ(diff("/data"), "Changes of /data:\n" + expected);
    EXPECT_EQ(diff("/data", "new"), "Changes of /data:\n--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+1\n");
    EXPECT_TRUE(
        diff("/data", "dir").starts_with("Changes of /data:\nremoved  dir/\nremoved  dir/deep/\n---"));
    EXPECT_EQ(diff("/data", "moved/in") + diff("/data", "ne"), "");
    EXPECT_EQ(guest->host->folderChanges()->at(0).total, guest->host->folderChanges()->at(0).changes.size());
    EXPECT_EQ(diff("/date"), "there is no overlay or folder in memory at /date; changes lists what there is");
    // What cannot be shown as it is, and what is too long.
    EXPECT_EQ(put("file", "\x1b[31m"), Errno::Success);
    EXPECT_NE(diff().find("Binary file file: 5 -> 5 bytes, the first that differs is 0\n"),
              std::string::npos);
    const uint32_t fd = open("file", Oflags::None, Guest::kReadWrite | Rights::FdFilestatSetSize);
    EXPECT_EQ(guest->call("fd_filestat_set_size", fd, 2 << 20), Errno::Success);
    EXPECT_NE(diff().find("Binary file file: 5 -> 2097152 bytes, the first that differs is 0\n"),
              std::string::npos);
    EXPECT_TRUE(guest->host->discardChanges("/data").ok());
    EXPECT_EQ(diff(), "");
}

TEST_P(Overlay, ComparesNoMoreThanTheFirst64MiBOfAFile) {
    constexpr uint64_t kBytes = 65 << 20;
    std::filesystem::resize_file(s.inside("big"), kBytes);
    const uint32_t fd = open("big");
    const uint32_t part = guest->put(Iovec{guest->put("x"), 1});
    EXPECT_EQ(guest->call("fd_pwrite", fd, part, 1, kBytes - 1, guest->room(4)), Errno::Success);
    EXPECT_EQ(
        *guest->host->folderDiff("/data", "big"),
        "Changes of /data:\nBinary file big: 68157440 -> 68157440 bytes, the same in the first 64 MiB\n");
    EXPECT_EQ(guest->call("fd_pwrite", fd, part, 1, (64 << 20) - 1, guest->room(4)), Errno::Success);
    EXPECT_NE(guest->host->folderDiff("/data", "big")->find("the first that differs is 67108863\n"),
              std::string::npos);
    std::filesystem::resize_file(s.inside("big"), 200'000);
}

TEST_P(Overlay, LooksNowhereElseForTheDiffOfOnePath) {
    const auto storage = std::make_shared<VirtualStorage>(
        1 << 20, [] { return uint64_t{0}; }, [](const std::string&) {});
    auto lower = openPreopen({s.inside(), "/data", MountKind::ReadOnly});
    ASSERT_TRUE(lower.ok());
    const auto tree = std::make_shared<VirtualTree>(storage, std::move(*lower), 1);
    VirtualDirectory root(tree, tree->root());
    EXPECT_EQ(root.rename("dir", root, "moved"), Errno::Success);
    EXPECT_EQ(root.unlink("file"), Errno::Success);
    const auto children = [&] { return tree->root()->children.at("moved")->children.size(); };
    EXPECT_EQ(*diffOf(tree, "file"),
              "--- a/file\n+++ /dev/null\n@@ -1 +0,0 @@\n-hello\n\\ No newline at end of file\n");
    EXPECT_EQ(*diffOf(tree, "moved"), "added    moved/\n");
    for (const char* path : {"big", "file/", "moved/none", "dir/in", "big/x", "..", "./file", "/file"})
        EXPECT_EQ(*diffOf(tree, path), "") << path;
    EXPECT_EQ(children(), 0u);
    EXPECT_TRUE((*diffOf(tree, "moved/in")).starts_with("--- /dev/null\n+++ b/moved/in\n"));
    EXPECT_EQ(children(), 1u);
}

TEST_P(Overlay, AppliesItsChangesToTheHost) {
    ASSERT_EQ(::chmod(s.inside("file").c_str(), 0750), 0);
    changeThings();
    std::map<std::string, std::string> seen = {
        {"big", "/"},        {"big/again", "12"},         {"big/child", "c"},
        {"file", "other"},   {"link", "-> moved"},        {"moved", "/"},
        {"moved/deep", "/"}, {"moved/deep/leaf", "leaf"}, {"new", "12"}};
    EXPECT_EQ(contentsOf(s.inside()), before);
    const auto applied = guest->host->applyChanges("/data");
    ASSERT_TRUE(applied.ok()) << applied.error().text();
    EXPECT_EQ(*applied, 10u);
    EXPECT_EQ(contentsOf(s.inside()), seen);
    EXPECT_EQ(changes(), "");
    EXPECT_EQ(contents("moved/deep/leaf"), "leaf");
    struct stat status {};
    ASSERT_EQ(::stat(s.inside("file").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0750u);  // a changed file stays the same file
    ASSERT_EQ(::stat(s.inside("new").c_str(), &status), 0);
    EXPECT_EQ(status.st_nlink, 2u);
    before = contentsOf(s.inside());
    EXPECT_EQ(guest->host->applyChanges("/elsewhere").error().code, engine::ErrorCode::NotFound);
}

TEST_P(Overlay, SwapsFiles) {
    EXPECT_EQ(rename("file", "tmp"), Errno::Success);
    EXPECT_EQ(rename("dir/in", "file"), Errno::Success);
    EXPECT_EQ(rename("tmp", "dir/in"), Errno::Success);
    ASSERT_TRUE(guest->host->applyChanges("").ok());
    EXPECT_EQ(s.get("inside/file"), "inner");
    EXPECT_EQ(s.get("inside/dir/in"), "hello");
    before = contentsOf(s.inside());
}

TEST_P(Overlay, DiscardsItsChanges) {
    changeThings();
    const uint32_t fd = open("new");
    EXPECT_EQ(*guest->host->discardChanges("/data"), 10u);
    EXPECT_EQ(changes(), "");
    EXPECT_EQ(contents("file"), "hello");
    EXPECT_EQ(list("."), "big dir file link");
    EXPECT_EQ(guest->read(fd, 10), "12");  // what is open keeps its contents
}

TEST_P(Overlay, AFailedApplicationKeepsTheChanges) {
    EXPECT_EQ(put("dir/in", "changed"), Errno::Success);
    std::filesystem::remove_all(s.path("inside"));
    s.put("inside", "no folder any more");
    EXPECT_FALSE(guest->host->applyChanges("").ok());
    std::filesystem::remove(s.path("inside"));
    before.clear();
    std::filesystem::create_directories(s.path("inside"));
    EXPECT_EQ(contents("dir/in"), "changed");
}

INSTANTIATE_TEST_SUITE_P(All, Overlay, testing::Values(MountKind::Overlay));

TEST(VirtualFolders, HaveALimit) {
    auto c = Guest::quiet();
    c.preopens = {{"", "/tmp", MountKind::InMemory}, {"", "/other", MountKind::InMemory}};
    c.budgets.maxVirtualBytes = 100'000;
    Guest guest(c);
    uint32_t fd = 0;
    ASSERT_EQ(guest.open(3, "a", Oflags::Creat, kOfFiles, &fd), Errno::Success);
    const std::string half(60'000, 'x');
    EXPECT_EQ(guest.write(fd, half), Errno::Success);
    EXPECT_EQ(guest.call("fd_allocate", fd, 0, 90'000), Errno::Nospc);
    uint32_t other = 0;  // they share it
    ASSERT_EQ(guest.open(4, "b", Oflags::Creat, Guest::kReadWrite, &other), Errno::Success);
    EXPECT_EQ(guest.write(other, half), Errno::Nospc);
    EXPECT_EQ(guest.last().detail, "limit of 100000 bytes in overlays and in-memory folders reached");
    EXPECT_EQ(guest.host->limitReached(), guest.last().detail);
    // What is removed makes room again.
    EXPECT_EQ(guest.onPath("path_unlink_file", 3, "a"), Errno::Success);
    EXPECT_EQ(guest.write(other, "x"), Errno::Success);
    EXPECT_EQ(guest.call("fd_close", fd), Errno::Success);
    EXPECT_EQ(guest.write(other, half), Errno::Success);
    EXPECT_EQ(guest.call("path_rename", 4, guest.put("b"), 1, 3, guest.put("b"), 1), Errno::Xdev);
}

TEST(VirtualFolders, BeginEmptyAndKeepTheGuestsTime) {
    auto c = Guest::quiet();
    c.preopens = {{"", "/tmp", MountKind::InMemory}};
    c.clock = {ClockGrant::Kind::Fixed, 5'000'000, 1.0, 0};
    Guest guest(c);
    ASSERT_EQ(guest.open(3, "a", Oflags::Creat, Guest::kReadWrite), Errno::Success);
    Filestat s;
    ASSERT_EQ(guest.stat(3, "a", Lookupflags::None, &s), Errno::Success);
    EXPECT_GE(s.mtim, 5'000'000u);
    EXPECT_LT(s.mtim, 6'000'000u);
    EXPECT_EQ(guest.host->folderChanges()->at(0).changes.size(), 1u);
    EXPECT_EQ(guest.host->openFiles().at(3).guestPath, "/tmp");
}

TEST(Clocks, AnOffsetMovesTheTimeOfDayOnly) {
    auto c = Guest::quiet();
    c.clock.kind = ClockGrant::Kind::Offset;
    c.clock.offsetNs = -3'600'000'000'000;
    Guest shifted(c), real;
    const auto now = [](Guest& guest, Clockid id) {
        const uint32_t at = guest.room(8);
        EXPECT_EQ(guest.call("clock_time_get", static_cast<uint64_t>(id), 0, at), Errno::Success);
        return static_cast<int64_t>(guest.get<Timestamp>(at).value);
    };
    const int64_t hour = now(real, Clockid::Realtime) - now(shifted, Clockid::Realtime);
    EXPECT_NEAR(static_cast<double>(hour), 3.6e12, 5e9);
    EXPECT_NEAR(static_cast<double>(now(real, Clockid::Monotonic) - now(shifted, Clockid::Monotonic)), 0,
                5e9);
}

TEST(Clocks, AnOffsetBeyondAllTimesStopsAtTheirEnds) {
    for (const auto& [offset, end] :
         {std::pair(std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::max()),
          std::pair(std::numeric_limits<int64_t>::min(), int64_t{0}),
          std::pair(-std::numeric_limits<int64_t>::max(), int64_t{0})}) {
        auto c = Guest::quiet();
        c.clock.kind = ClockGrant::Kind::Offset;
        c.clock.offsetNs = offset;
        Guest guest(c);
        const uint32_t at = guest.room(8);
        for (int i = 0; i < 2; i++) {
            EXPECT_EQ(guest.call("clock_time_get", 0, 0, at), Errno::Success);
            EXPECT_EQ(guest.get<Timestamp>(at).value, static_cast<uint64_t>(end)) << offset;
        }
    }
}

}  // namespace
}  // namespace wasi
