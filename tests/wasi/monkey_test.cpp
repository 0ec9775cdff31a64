// A guest without a plan: calls at random, with arguments that are sometimes right, in folders of each kind, while somebody else changes what lies on
// the host. Whatever comes out is an errno, within bounded time and memory, and nothing outside is touched.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "tests/wasi/guest.h"
#include "wasi/world/unique_fd.h"

namespace wasi {
namespace {

constexpr int kCalls = 60'000;
constexpr Rights kOfFolders = Guest::kAll & ~(Rights::SockAccept | Rights::SockShutdown);
const char* const kNames[] = {"a",     "b",  "d",         "d/a",         "d/b",       "d/e",  "d/e/a", "l",
                              "l/a",   "up", "up/secret", "d/../a",      "../secret", "a/",   "d/",    ".",
                              "d/e/.", "",   "/a",        "d/e/../../b", "dangling",  "self", "fifo"};

class Monkey : public testing::TestWithParam<MountKind> {
protected:
    Monkey() {
        std::filesystem::create_directories(s.path("inside/d/e"));
        for (const char* file : {"a", "b", "d/a", "d/e/a"})
            s.put(std::string("inside/") + file, std::string(70'000, file[0]));
        s.link("d", "l");
        s.link("..", "up");
        s.link("nowhere", "dangling");
        s.link("self", "self");
        mkfifo(s.inside("fifo").c_str(), 0666);
        auto c = Guest::with(s, GetParam());
        c.budgets.maxVirtualBytes = 4 << 20;
        c.budgets.maxOutputBytes = 1 << 20;
        c.budgets.maxOpenFiles = 60;
        c.clock.kind = ClockGrant::Kind::Fixed;
        guest = std::make_unique<Guest>(c);
        guest->host->closeInput();
        // Files of the host are not to fill its disk.
        getrlimit(RLIMIT_FSIZE, &m_before);
        const rlimit small{8 << 20, m_before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
    }
    ~Monkey() override { setrlimit(RLIMIT_FSIZE, &m_before); }
    uint64_t upTo(uint64_t most) { return m_random() % (most + 1); }
    uint64_t number() {
        switch (upTo(7)) {
        case 0: return m_random();
        case 1: return ~uint64_t{0} - upTo(9);
        case 2: return uint64_t{1} << upTo(63);
        case 3: return (uint64_t{1} << 63) - 1 - upTo(70'000);
        default: return upTo(200'000);
        }
    }
    uint32_t pointer() {
        constexpr uint32_t kSome[] = {0, 4, Guest::kMemoryBytes - 8, Guest::kMemoryBytes, ~0u, ~0u - 7};
        return upTo(9) == 0 ? kSome[upTo(5)] : static_cast<uint32_t>(upTo(Guest::kMemoryBytes - 1) & ~7u);
    }
    /// Arguments after their names in the standard: as a guest that knows what it does would choose them, mostly.
    std::vector<uint64_t> arguments(const HostFunction& function) {
        std::vector<uint64_t> all;
        for (const auto type : function.type.params) {
            if (type == engine::kI64)
                all.push_back(upTo(1) ? number() : static_cast<uint64_t>(kOfFolders));
            else
                all.push_back(upTo(3) ? upTo(12) : pointer());
        }
        if (!all.empty()) all[0] = upTo(8) ? upTo(20) : pointer();
        // Texts: a pointer and a length in a row.
        if (function.name.starts_with("path_")) {
            for (size_t i = 0; i + 1 < all.size(); i++) {
                if (function.type.params[i] != engine::kI32 || upTo(2) == 0) continue;
                const std::string_view name = kNames[upTo(std::size(kNames) - 1)];
                const uint32_t at = 1024 + static_cast<uint32_t>(upTo(99)) * 64;
                std::memcpy(guest->memory() + at, name.data(), name.size());
                all[i] = at;
                all[i + 1] = name.size();
                i++;
            }
            if (upTo(1)) all[0] = 3;
        }
        // Lists of buffers, some of which lie on each other or end beyond memory.
        for (uint32_t i = 0; i < 4; i++)
            Abi<Iovec>::store(guest->memory() + 16'384 + i * 8,
                              {pointer(), static_cast<uint32_t>(upTo(5) ? upTo(60'000) : number())});
        if (all.size() > 2 && upTo(2) &&
            (function.name.ends_with("read") || function.name.ends_with("write") ||
             function.name.starts_with("sock_")))
            all[1] = 16'384, all[2] = upTo(4);
        return all;
    }
    /// Somebody else, who may write in the folder.
    void disturb(std::mt19937& random) {
        const auto any = [&] { return s.inside(kNames[random() % 10]); };
        std::error_code ignored;
        switch (random() % 7) {
        case 0: ::rename(any().c_str(), any().c_str()); break;
        case 1: ::unlink(any().c_str()); break;
        case 2: (void)!::symlink(random() % 2 ? "../secret" : "d/e", any().c_str()); break;
        case 3: ::mkdir(any().c_str(), 0777); break;
        case 4: ::mkfifo(any().c_str(), 0666); break;
        case 5: (void)!::truncate(s.inside("d/a").c_str(), static_cast<off_t>(random() % 200'000)); break;
        default: UniqueFd(::open(s.inside("d/e/a").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0666));
        }
    }
    Scratch s;
    std::unique_ptr<Guest> guest;

private:
    std::mt19937_64 m_random{20261122};
    rlimit m_before{};
};

TEST_P(Monkey, E8_DoesNoHarmAndIsNeverStuck) {
    std::vector<const HostFunction*> functions;
    for (const HostFunction& function : allHostFunctions())
        if (function.name != "proc_exit" && function.name != "proc_raise") functions.push_back(&function);
    std::atomic<bool> isOver{false};
    std::thread other([&] {
        for (std::mt19937 random(7); !isOver;) {
            disturb(random);
            std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
    });
    guest->machine->requestYield();  // nothing waits for ever
    std::chrono::steady_clock::duration longest{};
    std::string slowest;
    uint64_t successes = 0;
    for (int i = 0; i < kCalls; i++) {
        const HostFunction& function = *functions[upTo(functions.size() - 1)];
        // Descriptors 0 to 3 stay, or the rest would soon be nothing but EBADF.
        auto given = arguments(function);
        if (function.name == "fd_close" || function.name == "fd_renumber") given[0] = 4 + upTo(20);
        if (function.name == "fd_renumber") given[1] = 4 + upTo(20);
        if (function.name == "fd_fdstat_set_rights" && given[0] <= 3) continue;
        const auto begin = std::chrono::steady_clock::now();
        Errno error{};
        const auto result =
            guest->outcome(std::string(function.module) + "." + std::string(function.name), given, &error);
        const auto took = std::chrono::steady_clock::now() - begin;
        if (took > longest) longest = took, slowest = function.name;
        successes += result.kind == engine::HostOutcome::Kind::Return && error == Errno::Success;
        if (i % 5000 == 0) (void)guest->host->folderChanges();
    }
    isOver = true;
    other.join();
    EXPECT_GT(successes, kCalls / 8u);
    EXPECT_LT(longest, std::chrono::seconds(2)) << slowest;
    EXPECT_EQ(s.get("secret"), "outside");
    EXPECT_EQ(s.get("outside.dir/f"), "outside");
    if (GetParam() == MountKind::Overlay) (void)guest->host->applyChanges("/data");
    EXPECT_EQ(s.get("secret"), "outside");
}

INSTANTIATE_TEST_SUITE_P(Worlds, Monkey,
                         testing::Values(MountKind::Real, MountKind::ReadOnly, MountKind::Overlay,
                                         MountKind::InMemory),
                         [](const auto& info) {
                             return std::string(info.param == MountKind::Real       ? "Real"
                                                : info.param == MountKind::ReadOnly ? "ReadOnly"
                                                : info.param == MountKind::Overlay  ? "Overlay"
                                                                                    : "InMemory");
                         });

}  // namespace
}  // namespace wasi
