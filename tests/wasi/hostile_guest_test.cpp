// Guests that use what they were granted to harm the host: more memory or disk than is counted, stacks that overflow, waits that never end.
// What each tries is said at its test; ids are those of README.md.

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/wasi/guest.h"
#include "wasi/world/virtual_changes.h"
#include "wasi/world/virtual_files.h"

namespace wasi {
namespace {

std::shared_ptr<VirtualStorage> storageOf(uint64_t bytes) {
    return std::make_shared<VirtualStorage>(
        bytes, [] { return uint64_t{0}; }, [](const std::string&) {});
}

/// A folder in memory without a guest, and the storage that it takes of.
struct Memory {
    explicit Memory(uint64_t limit = uint64_t{1} << 30)
        : storage(storageOf(limit)),
          tree(std::make_shared<VirtualTree>(storage, nullptr, 1)),
          root(tree, tree->root()) {}
    std::unique_ptr<File> make(const std::string& name) {
        OpenHow how;
        how.read = how.write = how.create = true;
        auto file = root.open(name, how, nullptr);
        CHECK(file);
        return std::move(*file);
    }
    std::shared_ptr<VirtualStorage> storage;
    std::shared_ptr<VirtualTree> tree;
    VirtualDirectory root;
};

Errno put(File& file, std::string_view text, uint64_t at) {
    const iovec part{const_cast<char*>(text.data()), text.size()};
    return file.write({&part, 1}, at).error();
}

/// Of the heap, as glibc counts; always 0 where a sanitizer replaces it.
uint64_t heapBytes() {
    const auto now = mallinfo2();
    return now.uordblks + now.hblkhd;
}

// Each of these was counted as a fraction of what it takes: a limit of 1 GiB let a guest have tens of them.
struct Bomb {
    const char* name;
    void (*explode)(Memory&, int);
};
const Bomb kBombs[] = {
    {"OneByteInEachChunk",
     [](Memory& m, int i) {
         const auto file = m.make("sparse");
         EXPECT_EQ(put(*file, "x", static_cast<uint64_t>(i) << 16), Errno::Success);
     }},
    {"ChunksCutToOneByte",
     [](Memory& m, int i) {
         const auto file = m.make("cut");
         EXPECT_EQ(put(*file, std::string(1 << 16, 'x'), static_cast<uint64_t>(i) << 16), Errno::Success);
         EXPECT_EQ(file->setSize((static_cast<uint64_t>(i) << 16) + 1), Errno::Success);
     }},
    {"LongTargetsOfLinks",
     [](Memory& m, int i) {
         EXPECT_EQ(m.root.symlink(std::string(4000, 't'), "link" + std::to_string(i)), Errno::Success);
     }},
    {"LongNames",
     [](Memory& m, int i) {
         EXPECT_EQ(m.root.createDirectory(std::to_string(10'000 + i) + std::string(250, 'n')),
                   Errno::Success);
     }},
    {"HardLinks",
     [](Memory& m, int i) {
         m.make("file");
         EXPECT_EQ(m.root.link("file", false, m.root, std::to_string(10'000 + i) + std::string(250, 'n')),
                   Errno::Success);
     }},
    {"ByteByByte",
     [](Memory& m, int i) {
         EXPECT_EQ(put(*m.make("file" + std::to_string(i % 7)), "x", static_cast<uint64_t>(i)),
                   Errno::Success);
     }},
};

class HostileGuest : public testing::TestWithParam<Bomb> {};

TEST_P(HostileGuest, E8_TakesNoMoreMemoryThanIsCounted) {
    Memory memory;
    const uint64_t before = heapBytes();
    for (int i = 0; i < 1500; i++)
        GetParam().explode(memory, i);
    const uint64_t counted = memory.storage->used();
    EXPECT_LE(heapBytes() - std::min(before, heapBytes()), counted + counted / 16 + (64 << 10));
    memory.tree->discard();
    EXPECT_LE(memory.storage->used(), 4096u);
}

INSTANTIATE_TEST_SUITE_P(Bombs, HostileGuest, testing::ValuesIn(kBombs),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(HostileGuest, LinksThatAreRemovedMakeRoomAgain) {
    Memory memory(1 << 20);
    memory.make("file");
    for (int i = 0; i < 5000; i++) {
        ASSERT_EQ(memory.root.link("file", false, memory.root, "again"), Errno::Success) << i;
        ASSERT_EQ(memory.root.unlink("again"), Errno::Success);
    }
    ASSERT_EQ(memory.root.unlink("file"), Errno::Success);
    EXPECT_EQ(memory.storage->used(), 0u);
}

/// Makes folder in folder, as a guest does with descriptors, for which no path is too long.
VirtualNodePtr dig(const std::shared_ptr<VirtualTree>& tree, const std::string& name, int depth) {
    VirtualNodePtr at = tree->root();
    for (int i = 0; i < depth; i++) {
        VirtualDirectory here(tree, at);
        CHECK(here.createDirectory(name) == Errno::Success);
        at = at->children.at(name);
    }
    return at;
}

TEST(HostileGuest, E2_FoldersWithoutBottomDoNotOverflowTheStack) {
    Memory memory;
    dig(memory.tree, "d", 200'000);
    const auto changes = changesOf(*memory.tree);
    ASSERT_TRUE(changes.ok());
    EXPECT_EQ(changes->total, 2048u);  // "d/d/d…" of 4095 bytes
    for (const auto& change : changes->first)
        ASSERT_LE(change.path.size(), 4096u + 255u);
    EXPECT_TRUE(diffOf(memory.tree, "").ok());
    memory.tree->discard();
    EXPECT_EQ(memory.storage->used(), 0u);
}

// --- Overlays that are applied ------------------------------------------------------------------------------------------------

class HostileOverlay : public testing::Test {
protected:
    HostileOverlay() { guest = std::make_unique<Guest>(Guest::with(s, MountKind::Overlay)); }
    uint32_t make(std::string_view name, Oflags how = Oflags::Creat) {
        uint32_t fd = 0;
        EXPECT_EQ(guest->open(3, name, how, Guest::kReadWrite | Rights::FdFilestatSetSize, &fd),
                  Errno::Success);
        return fd;
    }
    Errno put(uint32_t fd, std::string_view text, uint64_t at) {
        const Ciovec part{guest->put(text), static_cast<uint32_t>(text.size())};
        return guest->call("fd_pwrite", fd, guest->put(part), 1, at, guest->room(4));
    }
    engine::Result<uint64_t> apply() { return guest->host->applyChanges("/data"); }
    struct stat statOf(const std::string& name) {
        struct stat status {};
        EXPECT_EQ(::stat(s.inside(name).c_str(), &status), 0) << name;
        return status;
    }
    static constexpr uint64_t kFar = uint64_t{1} << 42;  // 4 TiB: a disk full of zeros, or hours of reading
    Scratch s;
    std::unique_ptr<Guest> guest;
};

TEST_F(HostileOverlay, F14_HolesAreAppliedAsHoles) {
    const uint32_t fd = make("sparse");
    EXPECT_EQ(put(fd, "begin", 0), Errno::Success);
    EXPECT_EQ(put(fd, "middle", kFar), Errno::Success);
    EXPECT_EQ(guest->call("fd_filestat_set_size", fd, 2 * kFar), Errno::Success);
    make("empty");
    const auto applied = apply();
    ASSERT_TRUE(applied.ok()) << applied.error().text();
    EXPECT_EQ(static_cast<uint64_t>(statOf("sparse").st_size), 2 * kFar);
    EXPECT_LT(statOf("sparse").st_blocks * 512, 1 << 20);
    std::ifstream file(s.inside("sparse"));
    std::string begin(8, '?'), middle(8, '?');
    file.read(begin.data(), 8).seekg(kFar).read(middle.data(), 8);
    EXPECT_EQ(begin, std::string("begin\0\0\0", 8));
    EXPECT_EQ(middle, std::string("middle\0\0", 8));
    EXPECT_EQ(statOf("empty").st_size, 0);
}

TEST_F(HostileOverlay, F14_HolesTakeThePlaceOfWhatWasThere) {
    s.put("inside/file", std::string(300'000, 'o') + "end");
    const uint32_t fd = make("file", Oflags::None);
    EXPECT_EQ(guest->call("fd_filestat_set_size", fd, 100'000), Errno::Success);
    EXPECT_EQ(guest->call("fd_filestat_set_size", fd, kFar), Errno::Success);
    EXPECT_EQ(put(fd, "new", 250'000), Errno::Success);
    ASSERT_TRUE(apply().ok());
    EXPECT_EQ(static_cast<uint64_t>(statOf("file").st_size), kFar);
    std::ifstream file(s.inside("file"));
    std::string all(400'000, '?'), wanted = std::string(100'000, 'o') + std::string(300'000, '\0');
    file.read(all.data(), 400'000);
    EXPECT_EQ(all, wanted.replace(250'000, 3, "new"));
}

TEST_F(HostileOverlay, NoNameOfAGuestIsTakenForWhatIsStaged) {
    // Where names of staged files could be told beforehand, a file of that name was gone after it had been applied.
    for (int i = 0; i < 4; i++) {
        const std::string name =
            ".wasiscope-" + std::to_string(i) + "-" + std::to_string((uint64_t{1} << 62) + 1 + i);
        EXPECT_EQ(guest->write(make(name), name), Errno::Success);
    }
    ASSERT_TRUE(apply().ok());
    uint64_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(s.inside())) {
        EXPECT_EQ(s.get("inside/" + entry.path().filename().string()), entry.path().filename().string());
        files++;
    }
    EXPECT_EQ(files, 4u);
}

TEST_F(HostileOverlay, F9_ChangesGoToTheFolderThatWasGrantedWhereverItIsNow) {
    EXPECT_EQ(guest->write(make("f"), "of the guest"), Errno::Success);
    // Who may write in the folder above exchanges it, after the program has seen it and before its changes are applied.
    std::filesystem::rename(s.path("inside"), s.path("moved"));
    std::filesystem::create_directory_symlink("outside.dir", s.path("inside"));
    const auto applied = apply();
    ASSERT_TRUE(applied.ok()) << applied.error().text();
    EXPECT_EQ(s.get("outside.dir/f"), "outside");
    EXPECT_EQ(s.get("moved/f"), "of the guest");
}

TEST_F(HostileOverlay, WhatIsTooDeepForTheHostIsRefusedBeforeAnythingIsChanged) {
    s.put("inside/file", "kept");
    EXPECT_EQ(guest->onPath("path_unlink_file", 3, "file"), Errno::Success);
    uint32_t at = 3;
    const std::string name(250, 'd');
    for (int i = 0; i < 17; i++) {
        ASSERT_EQ(guest->onPath("path_create_directory", at, name), Errno::Success);
        ASSERT_EQ(
            guest->open(at, name, Oflags::Directory, Rights::PathOpen | Rights::PathCreateDirectory, &at,
                        Lookupflags::None, Guest::kAll & ~(Rights::SockAccept | Rights::SockShutdown)),
            Errno::Success);
    }
    const auto applied = apply();
    ASSERT_FALSE(applied.ok());
    EXPECT_EQ(applied.error().code, engine::ErrorCode::Limit);
    EXPECT_NE(applied.error().message.find("at most 4095 bytes; nothing was changed"), std::string::npos);
    EXPECT_EQ(s.get("inside/file"), "kept");
}

// --- Waits, limits of the process, pointers -----------------------------------------------------------------------------------

TEST(HostileGuest, E6_AClockThatNeedNotBeWaitedForReachesTheEndOfTime) {
    auto c = Guest::quiet();
    c.clock = {ClockGrant::Kind::Fixed, 5'000'000, 1.0, 0};
    Guest guest(c);
    for (const auto flags : {Subclockflags::None, Subclockflags::SubscriptionClockAbstime}) {
        Subscription forever;
        forever.u.content.emplace<0>(SubscriptionClock{Clockid::Monotonic, ~uint64_t{0}, 0, flags});
        const uint32_t out = guest.room(32), count = guest.room(4), time = guest.room(8);
        EXPECT_EQ(guest.call("poll_oneoff", guest.put(forever), out, 1, count), Errno::Success);
        EXPECT_EQ(guest.get<Size>(count), 1u);
        EXPECT_EQ(guest.call("clock_time_get", 1, 0, time), Errno::Success);
        EXPECT_EQ(guest.get<Timestamp>(time), ~uint64_t{0});  // and never goes back
    }
}

TEST(HostileGuest, E6_AClockOfAnySpeedCanBeStopped) {
    auto c = Guest::quiet();
    c.clock = {ClockGrant::Kind::Scaled, 0, 1e300, 0};
    Guest guest(c);
    Subscription forever;
    forever.u.content.emplace<0>(SubscriptionClock{Clockid::Monotonic, ~uint64_t{0}, 0, Subclockflags::None});
    guest.machine->requestYield();
    EXPECT_EQ(guest.outcome("poll_oneoff", {guest.put(forever), guest.room(32), 1, guest.room(4)}).kind,
              engine::HostOutcome::Kind::Interrupted);
}

TEST(HostileGuest, F17_AFileThatMayNotGrowIsAnErrnoAndNoSignal) {
    ASSERT_NE(signal(SIGXFSZ, SIG_DFL), SIG_ERR);
    Scratch s;
    Guest guest(Guest::with(s));
    uint32_t fd = 0;
    ASSERT_EQ(guest.open(3, "f", Oflags::Creat, Guest::kReadWrite | Rights::FdFilestatSetSize, &fd),
              Errno::Success);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit tight{4096, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const Errno sized = guest.call("fd_filestat_set_size", fd, 5000);
    const Errno written =
        guest.call("fd_pwrite", fd, guest.put(Ciovec{guest.put("x"), 1}), 1, 4096, guest.room(4));
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(sized, Errno::Fbig);
    EXPECT_EQ(written, Errno::Fbig);
}

TEST(HostileGuest, E9_AGuestLeavesUsFilesToOpen) {
    Scratch s;
    s.put("inside/f", "x");
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const rlimit few{100, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    {
        auto c = Guest::with(s);
        c.budgets.maxOpenFiles = 1000;
        Guest guest(c);
        int opened = 0;
        while (guest.open(3, "f", Oflags::None, Guest::kReadOnly) == Errno::Success && opened < 200)
            opened++;
        EXPECT_EQ(opened, 50);
        EXPECT_EQ(guest.open(3, "f", Oflags::None, Guest::kReadOnly), Errno::Mfile);
        EXPECT_EQ(guest.last().detail,
                  "limit of 54 open files reached, as this process may have no more (ulimit -n)");
        c.budgets.maxOpenFiles = 0;
        Guest another(c);  // which takes some
        EXPECT_EQ(another.stat(3, "f"), Errno::Success);
    }
    setrlimit(RLIMIT_NOFILE, &before);
}

TEST(HostileGuest, E8_ArgumentsThatDoNotFitAreNotWrittenInPart) {
    auto c = Guest::quiet();
    c.arguments = {"first", "second"};
    c.environment = {{"A", "first"}, {"B", "second"}};
    Guest guest(c);
    const uint32_t end = Guest::kMemoryBytes, room = guest.room(64);
    const std::string before = guest.text(0, end);
    for (const std::string call : {"args_get", "environ_get"}) {
        EXPECT_EQ(guest.call(call, room, end - 8), Errno::Fault);  // the first fits
        EXPECT_EQ(guest.call(call, end - 4, room), Errno::Fault);  // all strings do, the table does not
        EXPECT_EQ(guest.call(call, end - 4, end - 8), Errno::Fault);
    }
    EXPECT_TRUE(guest.text(0, end) == before);
}

/// One small buffer among many large ones, where the bytes that are kept of a call have just come to their limit, and elsewhere.
TEST(HostileGuest, E8_ListsOfManyBuffersDoNotFillTheLog) {
    Guest guest(Guest::quiet());
    const uint32_t large = 4096, count = 1024, buffer = guest.room(large), result = guest.room(4);
    for (const uint32_t small : {0u, 8u, 64u, 2000u})
        for (const uint32_t at : {0u, 3u, 14u, 15u, 16u, 20u}) {
            uint32_t list = 0;
            for (uint32_t i = 0; i < count; i++) {
                const uint32_t item = guest.put(Ciovec{buffer, i == at ? small : large});
                if (i == 0) list = item;
            }
            ASSERT_EQ(guest.call("fd_write", 1, list, count, result), Errno::Success);
            EXPECT_EQ(guest.get<Size>(result), (count - 1) * large + small);
            const SyscallRecord call = guest.last();
            EXPECT_EQ(call.accesses.size(), count + 2);
            uint64_t kept = 0;
            for (const auto& access : call.accesses)
                kept += access.bytes.size();
            EXPECT_LE(kept, Journal::kMaxCallBytes) << small << " at " << at;
            EXPECT_GT(kept, Journal::kMaxCallBytes - large);
        }
}

TEST(HostileGuest, F16_ListsOfManyDescriptorsDoNotAddUp) {
    auto c = Guest::quiet();
    c.preopens = {{"", "/tmp", MountKind::InMemory}};
    Guest guest(c);
    const uint32_t name = guest.room(8), buffer = guest.room(64), used = guest.room(4),
                   result = guest.room(4);
    constexpr int kFiles = 20'000, kFolders = 200;
    for (int i = 0; i < kFiles; i++) {
        std::snprintf(reinterpret_cast<char*>(guest.memory() + name), 8, "%07d", i);
        ASSERT_EQ(guest.call("path_create_directory", 3, name, 7), Errno::Success);
    }
    std::memcpy(guest.memory() + name, ".", 1);
    const uint64_t before = heapBytes();
    std::vector<uint32_t> folders;
    for (int i = 0; i < kFolders; i++) {
        ASSERT_EQ(
            guest.call("path_open", 3, 0, name, 1, 0, static_cast<uint64_t>(Rights::FdReaddir), 0, 0, result),
            Errno::Success);
        folders.push_back(guest.get<Fd>(result).value);
        ASSERT_EQ(guest.call("fd_readdir", folders.back(), buffer, 64, 0, used), Errno::Success);
    }
    EXPECT_LT(heapBytes() - std::min(before, heapBytes()), uint64_t{100} << 20);  // 200 lists would be 200 MB
    // Where one was forgotten, it is taken anew.
    for (const uint32_t fd : folders) {
        ASSERT_EQ(guest.call("fd_readdir", fd, buffer, 31, kFiles, used), Errno::Success);
        EXPECT_EQ(guest.get<Dirent>(buffer).d_next, kFiles + 1u);
    }
}

TEST(HostileGuest, F1_PathsThatGrowFromFolderToFolderAreCut) {
    auto c = Guest::quiet();
    c.preopens = {{"", "/tmp", MountKind::InMemory}};
    Guest guest(c);
    const uint32_t name = guest.put(std::string(250, 'd')), result = guest.room(4);
    constexpr Rights kDigging = Rights::PathOpen | Rights::PathCreateDirectory;
    uint32_t at = 3;
    for (int i = 0; i < 1000; i++) {
        ASSERT_EQ(guest.call("path_create_directory", at, name, 250), Errno::Success);
        ASSERT_EQ(guest.call("path_open", at, 0, name, 250, 0, static_cast<uint64_t>(kDigging),
                             static_cast<uint64_t>(kDigging), 0, result),
                  Errno::Success);
        if (at != 3) {
            ASSERT_EQ(guest.call("fd_close", at), Errno::Success);
        }
        at = guest.get<Fd>(result).value;
    }
    const std::string path = guest.host->openFiles().back().guestPath;
    EXPECT_LT(path.size(), 20'000u);
    EXPECT_EQ((path.size() - 4) % 251, 0u);  // whole names
}

TEST(HostileGuest, F12_FilesOfTheKernelBelowSysAreNotOpened) {
    Capabilities c = Guest::quiet();
    c.preopens.push_back({"/sys/fs", "/sys", MountKind::ReadOnly});
    Guest guest(c);
    int seen = 0;
    for (const std::string path :
         {"cgroup/memory/cgroup.procs", "cgroup/unified/cgroup.procs", "cgroup/cgroup.procs"}) {
        if (!std::filesystem::exists("/sys/fs/" + path)) continue;
        EXPECT_EQ(guest.open(3, path, Oflags::None, Guest::kReadOnly), Errno::Notcapable) << path;
        seen++;
    }
    if (seen == 0) GTEST_SKIP() << "no control groups are mounted in /sys/fs/cgroup";
}

}  // namespace
}  // namespace wasi
