// What a host may do, and the one that runs the tests does not: memory ends in the midst of a call, a file system tells no links, or makes
// none.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdlib>
#include <new>

#include "tests/wasi/guest.h"
#include "wasi/world/host_files.h"
#include "wasi/world/virtual_content.h"

namespace {

thread_local int64_t theLeft = -1;  // allocations before one that fails; -1: none does
thread_local bool tellsLinks = true, makesLinks = true;

}  // namespace

// Not inlined: the compiler would see through one of a pair, and warn of memory that malloc() gives and `delete` takes.
[[gnu::noinline]] void* operator new(size_t size) {
    void* const room = theLeft >= 0 && theLeft-- == 0 ? nullptr : std::malloc(size ? size : 1);
    if (!room) throw std::bad_alloc();
    return room;
}
[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept {
    return std::malloc(size ? size : 1);
}
[[gnu::noinline]] void operator delete(void* room) noexcept { std::free(room); }
[[gnu::noinline]] void operator delete(void* room, size_t) noexcept { std::free(room); }

extern "C" int fstat(int file, struct stat* s) noexcept {
    const auto result = static_cast<int>(syscall(SYS_newfstatat, file, "", s, AT_EMPTY_PATH));
    if (!tellsLinks) s->st_nlink = 0;
    return result;
}

extern "C" int linkat(int from, const char* path, int to, const char* newPath, int flags) noexcept {
    if (makesLinks) return static_cast<int>(syscall(SYS_linkat, from, path, to, newPath, flags));
    errno = EPERM;  // as vfat
    return -1;
}

namespace wasi {
namespace {

const engine::FunctionInstance& pathOpen(Guest& guest) {
    const engine::Import import{"wasi_snapshot_preview1", "path_open", engine::ExternKind::Func, 0, 0};
    const auto found =
        guest.host->resolver(guest.store)(import, *guest.store.instance(engine::InstanceId(0)).module);
    CHECK(found.ok());
    return guest.store.function(engine::FuncAddr(found.value().address));
}

/// Makes a file "made" that there must not be yet.
std::vector<uint64_t> making(Guest& guest) {
    const uint32_t path = guest.put("made");
    return {3, 0, path, 4, static_cast<uint64_t>(Oflags::Creat | Oflags::Excl), 1 << 6, 0, 0, guest.room(4)};
}

/// A call that fails for want of memory is over: it may have made the file already, and must not be told that there is one.
TEST(OddHosts, ACallThatRunsOutOfMemoryIsNotMadeAgain) {
    const Scratch s;
    Guest guest(Guest::with(s));
    guest.host->setLogging(false);
    const auto& direct = pathOpen(guest).direct;
    const auto arguments = making(guest);
    int failures = 0, hadMade = 0;
    for (bool hasFailed = true; hasFailed;) {
        auto slots = arguments;
        theLeft = failures;
        ASSERT_TRUE(direct.call(direct.self, *guest.machine, slots.data())) << failures;
        hasFailed = theLeft < 0;
        theLeft = -1;
        EXPECT_EQ(static_cast<Errno>(slots[0]), hasFailed ? Errno::Nomem : Errno::Success) << failures;
        hadMade += hasFailed && std::filesystem::remove(s.inside("made")) ? 1 : 0;
        failures += hasFailed ? 1 : 0;
        ASSERT_LT(failures, 100);
    }
    EXPECT_GT(hadMade, 0);
}

/// … and is logged once, also if that is what there was no memory for: then before the next call.
TEST(OddHosts, ACallThatRunsOutOfMemoryIsLoggedOnce) {
    const Scratch s;
    int failures = 0, wasDeclined = 0, wasLate = 0;
    for (bool hasFailed = true; hasFailed; failures++) {
        Guest guest(Guest::with(s));
        const engine::FunctionInstance& function = pathOpen(guest);
        auto slots = making(guest);
        theLeft = failures;
        const bool isMade = function.direct.call(function.direct.self, *guest.machine, slots.data());
        hasFailed = theLeft < 0;
        theLeft = -1;
        if (!isMade) {
            EXPECT_FALSE(std::filesystem::exists(s.inside("made"))) << failures;
            engine::HostCall call{*guest.machine, engine::InstanceId(0), slots};
            (void)function.host(call);
        }
        std::filesystem::remove(s.inside("made"));
        wasDeclined += isMade ? 0 : 1;
        wasLate += guest.host->log().count() == 0 ? 1 : 0;
        EXPECT_EQ(guest.call("sched_yield"), Errno::Success);
        const auto records = guest.host->log().slice(0, 9);
        ASSERT_EQ(records.size(), 2u) << failures;
        EXPECT_EQ(allHostFunctions()[records[0].function].name, "path_open");
        EXPECT_EQ(records[0].errno_, slots[0]);
        EXPECT_EQ(allHostFunctions()[records[1].function].name, "sched_yield");
        ASSERT_LT(failures, 100);
    }
    EXPECT_GT(wasLate, 0);
}

/// … and what was counted for a write that had no memory is given back.
TEST(OddHosts, AWriteInMemoryThatRunsOutOfMemoryCountsNothing) {
    std::vector<uint8_t> bytes(100'000, 'x');
    const iovec from{bytes.data(), bytes.size()};
    int failures = 0;
    for (bool hasFailed = true; hasFailed; failures++) {
        const auto storage = std::make_shared<VirtualStorage>(
            1 << 20, [] { return uint64_t{0}; }, [](const std::string&) {});
        {
            VirtualContent content(storage);
            theLeft = failures;
            try {
                EXPECT_EQ(*content.write({&from, 1}, 10, nullptr), bytes.size());
            } catch (const std::bad_alloc&) {
            }
            hasFailed = theLeft < 0;
            theLeft = -1;
            // Of the chunks that were made before.
            EXPECT_LE(content.size(), storage->used()) << failures;
            EXPECT_TRUE(hasFailed || content.size() == bytes.size() + 10);
        }
        EXPECT_EQ(storage->used(), 0u) << failures;
        ASSERT_LT(failures, 20);
    }
    EXPECT_GT(failures, 3);
}

TEST(OddHosts, AFolderIsListedThatIsSaidToHaveNoLinks) {
    const Scratch s;
    s.put("inside/f", "x");
    std::filesystem::create_directory(s.inside("gone"));
    const auto names = [](const std::string& folder, bool isRemoved) {
        HostDirectory directory(UniqueFd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY)), folder, false,
                                chooseResolution());
        if (isRemoved) std::filesystem::remove(folder);
        uint64_t leftOut = 0;
        const auto entries = directory.entries(leftOut);
        EXPECT_TRUE(entries);
        std::vector<std::string> all;
        for (const DirectoryEntry& entry : *entries)
            all.push_back(entry.name);
        return all;
    };
    EXPECT_EQ(names(s.inside("gone"), true), std::vector<std::string>());
    tellsLinks = false;
    EXPECT_EQ(names(s.inside(), false), (std::vector<std::string>{".", "..", "f"}));
    tellsLinks = true;
}

TEST(OddHosts, ChangesAreAppliedWhereAFileHasOneName) {
    const Scratch s;
    s.put("inside/before", "old");
    Guest guest(Guest::with(s, MountKind::Overlay));
    uint32_t fd = 0;
    ASSERT_EQ(guest.open(3, "new", Oflags::Creat, Guest::kReadWrite, &fd), Errno::Success);
    EXPECT_EQ(guest.write(fd, "text"), Errno::Success);
    EXPECT_EQ(guest.call("path_link", 3, 0, guest.put("new"), 3, 3, guest.put("too"), 3), Errno::Success);
    EXPECT_EQ(guest.onPath("path_unlink_file", 3, "before"), Errno::Success);
    makesLinks = false;
    const auto applied = guest.host->applyChanges("/data");
    makesLinks = true;
    ASSERT_TRUE(applied.ok()) << applied.error().text();
    EXPECT_EQ(s.get("inside/new"), "text");
    EXPECT_EQ(s.get("inside/too"), "text");
    const auto inside = std::filesystem::directory_iterator(s.inside());
    EXPECT_EQ(std::distance(begin(inside), end(inside)), 2);
}

}  // namespace
}  // namespace wasi
