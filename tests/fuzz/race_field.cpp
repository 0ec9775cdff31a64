#include "tests/fuzz/race_field.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "engine/base/check.h"

namespace races {

namespace {

wasi::UniqueFd openFolder(int at, const char* name) {
    wasi::UniqueFd fd(openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    CHECK(fd);
    return fd;
}

/// The calling thread onto the n-th of the processors there are: on one, the two threads would take turns and not race.
void runOn(int n) {
    static const cpu_set_t all = [] {
        cpu_set_t set;
        CHECK(sched_getaffinity(0, sizeof set, &set) == 0);
        return set;
    }();
    for (int cpu = 0, left = n % CPU_COUNT(&all); cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &all) || left-- > 0) continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
        return;
    }
}

}  // namespace

void writeFile(int folder, const char* name, const std::string& text) {
    const wasi::UniqueFd fd(
        openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666));
    CHECK(fd && write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

RaceField::RaceField(const std::string& scratch) {
    m_path = scratch + "/wasi_race.XXXXXX";
    CHECK(mkdtemp(m_path.data()));
    const wasi::UniqueFd top = openFolder(AT_FDCWD, m_path.c_str());
    for (const char* name : {"inside", "outside", "inside/swap", "inside/deep", "inside/deep/d"})
        CHECK(mkdirat(top.get(), name, 0777) == 0);
    m_insidePath = m_path + "/inside";
    m_inside = openFolder(top.get(), "inside");
    m_outside = openFolder(top.get(), "outside");
    m_real = openFolder(m_inside.get(), "swap");
    m_deep = openFolder(m_inside.get(), "deep");
    fill(m_real.get(), "in");
    fill(m_outside.get(), "out");
    for (const char* name : {"f", "last"})
        writeFile(name[0] == 'f' ? m_deep.get() : m_inside.get(), name, "in");
    CHECK(symlinkat("../outside", m_inside.get(), "link") == 0);
    CHECK(symlinkat("../outside/f", m_inside.get(), "lastlink") == 0);
    for (const char* name : {"stock", "mine"})
        writeFile(m_inside.get(), name, "in");
    const char* const names[] = {".", "f", "victim", "d"};
    for (size_t i = 0; i < m_markers.size(); i++) {
        m_markers[i] = wasi::UniqueFd(openat(m_outside.get(), names[i], O_PATH | O_CLOEXEC));
        CHECK(m_markers[i]);
    }
}

RaceField::~RaceField() {
    (void)end();
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
}

void RaceField::fill(int folder, const std::string& text) const {
    writeFile(folder, "f", text);
    writeFile(folder, "victim", text);
    CHECK(mkdirat(folder, "d", 0777) == 0);
    CHECK(symlinkat(text.c_str(), folder, "text") == 0);
}

void RaceField::move(Attack attack, bool isBack) const {
    const int in = m_inside.get();
    switch (attack) {
    case Attack::Folder: (void)renameat2(in, "swap", in, "link", RENAME_EXCHANGE); return;
    case Attack::Last: (void)renameat2(in, "last", in, "lastlink", RENAME_EXCHANGE); return;
    case Attack::MoveOut:
        if (isBack)
            (void)renameat(m_outside.get(), "d2", m_deep.get(), "d");
        else
            (void)renameat(m_deep.get(), "d", m_outside.get(), "d2");
        return;
    }
}

RaceField::States RaceField::stateOutside() const {
    States all{};
    for (size_t i = 0; i < all.size(); i++) {
        struct stat s {};
        CHECK(fstat(m_markers[i].get(), &s) == 0);
        all[i] = {s.st_ino, s.st_ctim.tv_sec, s.st_ctim.tv_nsec};
    }
    return all;
}

void RaceField::begin(Attack attack) {
    constexpr std::chrono::milliseconds kCoarseTime(20);  // a filesystem's clock has ticked for sure
    std::this_thread::sleep_for(kCoarseTime);
    m_stateOutside = stateOutside();
    m_isRunning = true;
    runOn(0);
    m_mover = std::thread([this, attack] { moveOncePerTry(attack); });
}

uint64_t RaceField::end() {
    m_isRunning = false;
    if (m_mover.joinable()) m_mover.join();
    return m_moved;
}

void RaceField::beginTry() {
    m_movedBefore = m_moved.load();
    m_tries.store(m_tries.load(std::memory_order_relaxed) + 1);
}

/// Waits in a loop, as a thread that sleeps would come too late; but not while the other thread does not run.
void RaceField::moveOncePerTry(Attack attack) {
    using Clock = std::chrono::steady_clock;
    constexpr int kPatience = 2000;  // rounds
    runOn(1);
    std::minstd_rand random;  // the same moments each time, as far as it is for us to say
    uint64_t seen = 0;
    while (m_isRunning || m_moved % 2 == 1) {
        for (int round = 0; m_tries == seen && m_isRunning; round++)
            if (round > kPatience) std::this_thread::yield();
        seen = m_tries;
        const auto until = Clock::now() + std::chrono::nanoseconds(
                                              std::uniform_int_distribution<int64_t>(0, m_paceNs)(random));
        while (Clock::now() < until)
            ;
        m_begun++;
        move(attack, m_moved % 2 == 1);
        m_moved++;
    }
}

bool RaceField::isOutside(const wasi::Filestat& stat) const {
    return std::any_of(m_stateOutside.begin(), m_stateOutside.end(),
                       [&](const State& s) { return s.inode == stat.ino; });
}

}  // namespace races
