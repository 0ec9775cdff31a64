// What every operation on names ends in, as a table: POSIX, which WASI 0.1 refers to, and Linux where POSIX leaves a choice. Asked of every
// kind of folder that can be written, in a fresh one wherever the one before was changed.

#include "tests/wasi/guest.h"

namespace wasi {
namespace {

/// Columns: operation with its flags, its paths, the errno. Below the folder: file, dir/in, dir/sub/, empty/, link -> file, into -> dir,
/// dangling -> none, loop -> loop, out -> ../secret.
/// Flags of open: r, w rights to read and write, z to change the size; c creat, d directory, x excl, t trunc; L follows a link.
constexpr std::string_view kTable = R"(
mkdir       new             success
mkdir       new/            success
mkdir       new/.           noent
mkdir       file            exist
mkdir       dir             exist
mkdir       dangling        exist
mkdir       .               exist
mkdir       none/new        noent
mkdir       file/new        notdir
mkdir       loop/new        loop
mkdir       ../new          notcapable
mkdir       out/new         notcapable
rmdir       empty           success
rmdir       empty/          success
rmdir       dir             notempty
rmdir       file            notdir
rmdir       into            notdir
rmdir       none            noent
rmdir       .               inval
rmdir       dir/.           inval
rmdir       dir/..          notempty
unlink      file            success
unlink      link            success
unlink      dangling        success
unlink      file/           notdir
unlink      link/           notdir
unlink      dir             isdir
unlink      dir/            isdir
unlink      .               isdir
unlink      none            noent
unlink      file/x          notdir
symlink     new             success
symlink     new/            noent
symlink     file            exist
symlink     dangling        exist
symlink     dir/            exist
symlink     file/           notdir
readlink    link            success
readlink    file            inval
readlink    dir             inval
readlink    dir/            inval
readlink    link/           notdir
readlink    none            noent
stat        link            success
stat        dangling        success
stat        file/           notdir
stat        link/           notdir
stat        into/           success
stat        dangling/       noent
stat        loop/           loop
stat        file/.          notdir
stat        dir/..          success
stat        ..              notcapable
stat:L      dangling        noent
stat:L      loop            loop
stat:L      out             notcapable
link        file      new         success
link        file      link        exist
link        file      new/        noent
link        file      dir         exist
link        file      dir/        exist
link        file/     new         notdir
link        link      new         success
link        link/     new         notdir
link        dangling  new         success
link        none      new         noent
link        none      dir/        noent
link        dir       new         perm
link        dir       file        exist
link        .         new         perm
link        .         file        exist
link        file      none/x      noent
link        file      ../x        notcapable
link:L      link      new         success
link:L      link/     new         notdir
link:L      into      new         perm
link:L      dangling  new         noent
link:L      loop      new         loop
link:L      out       new         notcapable
rename      file      new         success
rename      file      file        success
rename      file      link        success
rename      file      new/        notdir
rename      file      dir         isdir
rename      file      empty/      notdir
rename      file/     new         notdir
rename      dir       new/        success
rename      dir       empty       success
rename      dir/      empty/      success
rename      empty     dir         notempty
rename      dir       file        notdir
rename      dir       dir/sub/x   inval
rename      dir       dir         success
rename      none      new         noent
rename      .         new         busy
rename      dir/..    new         busy
rename      dir       .           busy
rename      file      ../x        notcapable
open:r      file            success
open:r      dir             success
open:r      link            loop
open:rL     link            success
open:r      dangling        loop
open:rL     dangling        noent
open:rL     loop            loop
open:rL     out             notcapable
open:r      file/           notdir
open:r      none            noent
open:r      none/           noent
open:r      dir/.           success
open:w      dir             isdir
open:rw     dir             isdir
open:rz     dir             success
open:z      file            success
open:rt     dir             isdir
open:wt     file            success
open:rd     dir             success
open:rd     into            loop
open:rdL    into            success
open:rd     file            notdir
open:rd     none            noent
open:rwd    dir             isdir
open:rwd    file            notdir
open:rwd    none            noent
open:rzd    dir             success
open:rzd    file            notdir
open:rcd    dir             inval
open:rcd    new             inval
open:rc     new             success
open:rc     file            success
open:rc     dir             isdir
open:rc     new/            isdir
open:rc     link            loop
open:rcL    dangling        success
open:rcx    new             success
open:rcx    file            exist
open:rcx    dir             exist
open:rcx    link            exist
open:rcxL   dangling        exist
open:rcxL   loop            exist
open:rcL    out             notcapable
open:rc     none/x          noent
)";

struct Row {
    std::string line, operation, flags, path, second, error;
    bool has(char flag) const { return flags.find(flag) != std::string::npos; }
    bool changes() const { return error == "success" && operation != "stat" && operation != "readlink"; }
};

std::vector<Row> rows() {
    std::vector<Row> all;
    std::istringstream table{std::string(kTable)};
    for (std::string line; std::getline(table, line);) {
        Row row{line, {}, {}, {}, {}, {}};
        std::istringstream words(line);
        if (!(words >> row.operation >> row.path >> row.error)) continue;
        if (std::string last; words >> last) {
            row.second = row.error;
            row.error = last;
        }
        if (const auto colon = row.operation.find(':'); colon != std::string::npos) {
            row.flags = row.operation.substr(colon + 1);
            row.operation.resize(colon);
        }
        all.push_back(std::move(row));
    }
    return all;
}

Errno open(Guest& guest, uint32_t folder, const Row& row) {
    Rights rights = Rights::None;
    Oflags how = Oflags::None;
    if (row.has('r')) rights = rights | Guest::kReadOnly;
    if (row.has('w')) rights = rights | Rights::FdWrite;
    if (row.has('z')) rights = rights | Rights::FdAllocate | Rights::FdFilestatSetSize;
    if (row.has('c')) how = how | Oflags::Creat;
    if (row.has('d')) how = how | Oflags::Directory;
    if (row.has('x')) how = how | Oflags::Excl;
    if (row.has('t')) how = how | Oflags::Trunc;
    return guest.open(folder, row.path, how, rights, nullptr,
                      row.has('L') ? Lookupflags::SymlinkFollow : Lookupflags::None);
}

Errno call(Guest& guest, uint32_t folder, const Row& row) {
    const auto& [line, operation, flags, path, second, error] = row;
    const uint32_t at = guest.put(path), at2 = guest.put(second);
    if (operation == "open") return open(guest, folder, row);
    if (operation == "mkdir") return guest.call("path_create_directory", folder, at, path.size());
    if (operation == "rmdir") return guest.call("path_remove_directory", folder, at, path.size());
    if (operation == "unlink") return guest.call("path_unlink_file", folder, at, path.size());
    if (operation == "symlink")
        return guest.call("path_symlink", guest.put("dir"), 3, folder, at, path.size());
    if (operation == "readlink")
        return guest.call("path_readlink", folder, at, path.size(), guest.room(64), 64, guest.room(4));
    if (operation == "stat")
        return guest.call("path_filestat_get", folder, row.has('L'), at, path.size(), guest.room(64));
    if (operation == "link")
        return guest.call("path_link", folder, row.has('L'), at, path.size(), folder, at2, second.size());
    CHECK(operation == "rename");
    return guest.call("path_rename", folder, at, path.size(), folder, at2, second.size());
}

class Errnos : public testing::TestWithParam<MountKind> {};

TEST_P(Errnos, AreThoseOfTheStandard) {
    const Scratch s;
    const auto table = rows();
    EXPECT_GT(table.size(), 100u);
    const auto folders =
        1 + std::count_if(table.begin(), table.end(), [](const Row& row) { return row.changes(); });
    for (auto i = 0; i < folders; i++) {
        const auto name = std::to_string(i) + "/";
        std::filesystem::create_directories(s.inside(name + "dir/sub"));
        std::filesystem::create_directory(s.inside(name + "empty"));
        s.put("inside/" + name + "file", "text");
        s.put("inside/" + name + "dir/in", "inner");
        s.link("file", name + "link");
        s.link("dir", name + "into");
        s.link("none", name + "dangling");
        s.link("loop", name + "loop");
        s.link("../secret", name + "out");
    }
    Guest guest(Guest::with(s, GetParam()));
    auto fresh = 0;
    for (const Row& row : table) {
        uint32_t folder = 0;
        ASSERT_EQ(guest.open(3, std::to_string(fresh), Oflags::Directory, Guest::kAll & ~Rights::FdWrite,
                             &folder, Lookupflags::None, Guest::kAll),
                  Errno::Success);
        const Errno error = call(guest, folder, row);
        EXPECT_EQ(Abi<Errno>::kNames[static_cast<size_t>(error)], row.error) << row.line;
        if (row.changes()) fresh++;
    }
}

INSTANTIATE_TEST_SUITE_P(All, Errnos,
                         testing::Values(MountKind::Real, MountKind::Overlay, MountKind::InMemory),
                         [](const auto& info) {
                             return std::string(info.param == MountKind::Real      ? "Real"
                                                : info.param == MountKind::Overlay ? "Overlay"
                                                                                   : "InMemory");
                         });

}  // namespace
}  // namespace wasi
