// watch FILE [N]: what a watchpoint costs that is never hit. Runs a workload of the conformance suites' bench folder (it gets N as its
// argument) without one, with one on a page that the program does not touch, and with one on the page that it writes most, each beside
// a plain run in turn; prints the ratios of CPU time. For `./dev bench watch`.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "debugger/debuggee.h"

using namespace engine;

namespace {

constexpr uint64_t kPage = 4096;
constexpr int kPairs = 5;

double cpuSeconds() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

struct Run {
    double seconds = 0;
    uint64_t hits = 0;
};

class Workload {
public:
    Workload(const char* file, const char* n) {
        m_options.program = file;
        m_options.capabilities.arguments = {file, n};
        m_options.capabilities.standardError.kind = wasi::StdioKind::Session;
        m_options.capabilities.standardOutput.kind = wasi::StdioKind::Session;
    }

    /// One run; it ends at the first hit or, where the pages that are hit are asked for, after many.
    Result<Run> run(Tier tier, const std::vector<WatchSpec>& watches, std::vector<uint64_t>* hits = nullptr) {
        m_options.tier = tier;
        auto debuggee = TRY(debugger::Debuggee::load(m_options));
        TRY(debuggee->start(false));
        Machine& machine = debuggee->machine();
        const MemAddr memory = debuggee->store().instance(debuggee->instance()).memories[0];
        for (WatchSpec watch : watches) {
            watch.memory = memory;
            TRY(machine.watch(watch));
        }
        Run done;
        const double begin = cpuSeconds();
        StopKind kind = machine.run();
        for (; kind == StopKind::Watchpoint; kind = machine.run()) {
            if (hits) hits->push_back(machine.watchHits()[0].address / kPage);
            if (++done.hits == (hits ? kMostHits : 1)) break;
        }
        done.seconds = cpuSeconds() - begin;
        return done;
    }
    static constexpr uint64_t kMostHits = 200'000;

private:
    debugger::LaunchOptions m_options;
};

/// A page that is never touched.
Result<uint64_t> coldPage(Workload& workload) {
    for (uint64_t page = 0; page < 64; ++page) {
        const Run run =
            TRY(workload.run(Tier::Interp, {{MemAddr(0), page * kPage, kPage, WatchKind::Access}}));
        if (run.hits == 0) return page * kPage;
    }
    return Error{ErrorCode::NotFound, "each of the first pages is touched", {}};
}

/// Four bytes that are never written, of the page that is written most among those that have such, as far as a sample of writes tells.
Result<uint64_t> quietBytesOfHotPage(Workload& workload) {
    std::vector<uint64_t> writes;
    TRY(workload.run(Tier::Interp, {{MemAddr(0), 0, 64 << 20, WatchKind::Write}}, &writes));
    std::map<uint64_t, uint64_t> counts;
    for (const uint64_t page : writes)
        counts[page]++;
    std::vector<std::pair<uint64_t, uint64_t>> pages;
    for (const auto& [page, count] : counts)
        pages.emplace_back(count, page);
    std::sort(pages.rbegin(), pages.rend());
    for (const auto& [count, page] : pages) {
        for (uint64_t at = page * kPage; at < (page + 1) * kPage; at += 64) {
            const Run run = TRY(workload.run(Tier::Interp, {{MemAddr(0), at, 4, WatchKind::Write}}));
            if (run.hits == 0) return at;
        }
    }
    return Error{ErrorCode::NotFound, "every part of every page is written", {}};
}

Result<> measure(const char* file, const char* n) {
    Workload workload(file, n);
    const uint64_t hot = TRY(quietBytesOfHotPage(workload))
    , cold = TRY(coldPage(workload));
    std::string name = file;
    name = name.substr(name.rfind('/') + 1);
    for (const Tier tier : {Tier::Interp, Tier::Jit}) {
        for (const bool isHot : {false, true}) {
            const uint64_t at = isHot ? hot : cold;
            std::vector<double> ratios;
            for (int i = 0; i < kPairs; ++i) {
                const Run plain = TRY(workload.run(tier, {}));
                const Run watched = TRY(workload.run(tier, {{MemAddr(0), at, 4, WatchKind::Change}}));
                ratios.push_back(watched.seconds / plain.seconds);
            }
            std::sort(ratios.begin(), ratios.end());
            std::printf("watch, %s %s, %s page: %.2f (%.2f to %.2f)\n", name.c_str(),
                        tier == Tier::Jit ? "jit" : "interp", isHot ? "hot" : "cold", ratios[kPairs / 2],
                        ratios.front(), ratios.back());
            std::fflush(stdout);
        }
    }
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return std::fprintf(stderr, "usage: watch FILE [N]\n"), 2;
    const Result<> done = measure(argv[1], argc > 2 ? argv[2] : "4");
    if (!done) std::fprintf(stderr, "watch: %s: %s\n", argv[1], done.error().text().c_str());
    return done ? 0 : 2;
}
