// stops {watch|breakpoints} FILE [N]: what a watchpoint or 100 breakpoints cost that are never hit. Runs a workload of the conformance
// suites' bench folder (it gets N as its argument) with them and without in turn; prints the ratios of CPU time. The watchpoint is on a page
// that the program does not touch, and on the page that it writes most; the breakpoints are in functions that run, on what
// they do not reach. For `./dev bench watch breakpoints`.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "debugger/debuggee.h"

using namespace engine;

namespace {

constexpr uint64_t kPage = 4096;
constexpr int kPairs = 5;
constexpr size_t kBreakpoints = 100;

double cpuSeconds() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

struct Run {
    double seconds = 0;
    uint64_t hits = 0;
};

/// What may stop a run.
struct Stops {
    std::vector<WatchSpec> watches = {};
    std::vector<CodeLocation> breaks = {};
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
    Result<Run> run(Tier tier, const Stops& stops, std::vector<uint64_t>* hits = nullptr) {
        auto debuggee = TRY(started(tier));
        Machine& machine = debuggee->machine();
        const MemAddr memory = debuggee->store().instance(debuggee->instance()).memories[0];
        for (const CodeLocation& place : stops.breaks)
            TRY(machine.setBreakpoint(place));
        for (WatchSpec watch : stops.watches) {
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
        // Times that it prints differ from run to run.
        for (; kind == StopKind::Breakpoint; kind = machine.run())
            machine.clearBreakpoint(machine.location());
        done.seconds = cpuSeconds() - begin;
        return done;
    }
    /// Places in functions that run where the program does not come, spread over all of them.
    Result<std::vector<CodeLocation>> notReached(size_t count) {
        auto debuggee = TRY(started(Tier::Interp));
        Machine& machine = debuggee->machine();
        std::set<CodeLocation> left;
        std::set<uint32_t> reached;
        for (uint32_t f = 0; f < debuggee->store().functions(); ++f) {
            const FunctionInstance& function = debuggee->store().function(FuncAddr(f));
            if (!function.instance) continue;
            for (const uint32_t offset : TRY(machine.instructionOffsets(FuncAddr(f)))) {
                const CodeLocation place{*function.instance, function.index, offset};
                if (machine.setBreakpoint(place)) left.insert(place);
            }
        }
        while (machine.run() == StopKind::Breakpoint) {
            const CodeLocation here = machine.location();
            machine.clearBreakpoint(here);
            left.erase(here);
            reached.insert(here.function.value);
        }
        std::vector<CodeLocation> places(left.begin(), left.end());
        std::erase_if(places,
                      [&](const CodeLocation& place) { return !reached.count(place.function.value); });
        count = std::min(count, places.size());
        for (size_t i = 0; i < count; ++i)
            places[i] = places[i * places.size() / count];
        places.resize(count);
        return places;
    }
    static constexpr uint64_t kMostHits = 200'000;

private:
    Result<std::unique_ptr<debugger::Debuggee>> started(Tier tier) {
        m_options.tier = tier;
        auto debuggee = TRY(debugger::Debuggee::load(m_options));
        TRY(debuggee->start(false));
        return debuggee;
    }

    debugger::LaunchOptions m_options;
};

/// A page that is never touched.
Result<uint64_t> coldPage(Workload& workload) {
    for (uint64_t page = 0; page < 64; ++page) {
        const Run run =
            TRY(workload.run(Tier::Interp, {{{MemAddr(0), page * kPage, kPage, WatchKind::Access}}}));
        if (run.hits == 0) return page * kPage;
    }
    return Error{ErrorCode::NotFound, "each of the first pages is touched", {}};
}

/// Four bytes that are never written, of the page that is written most among those that have such, as far as a sample of writes tells.
Result<uint64_t> quietBytesOfHotPage(Workload& workload) {
    std::vector<uint64_t> writes;
    TRY(workload.run(Tier::Interp, {{{MemAddr(0), 0, 64 << 20, WatchKind::Write}}}, &writes));
    std::map<uint64_t, uint64_t> counts;
    for (const uint64_t page : writes)
        counts[page]++;
    std::vector<std::pair<uint64_t, uint64_t>> pages;
    for (const auto& [page, count] : counts)
        pages.emplace_back(count, page);
    std::sort(pages.rbegin(), pages.rend());
    for (const auto& [count, page] : pages) {
        for (uint64_t at = page * kPage; at < (page + 1) * kPage; at += 64) {
            const Run run = TRY(workload.run(Tier::Interp, {{{MemAddr(0), at, 4, WatchKind::Write}}}));
            if (run.hits == 0) return at;
        }
    }
    return Error{ErrorCode::NotFound, "every part of every page is written", {}};
}

/// Prints what the stops add, at both tiers.
Result<> compare(Workload& workload, const std::string& title, const Stops& stops) {
    for (const Tier tier : {Tier::Interp, Tier::Jit}) {
        std::vector<double> ratios;
        for (int i = 0; i < kPairs; ++i) {
            const Run plain = TRY(workload.run(tier, {}));
            const Run stopping = TRY(workload.run(tier, stops));
            ratios.push_back(stopping.seconds / plain.seconds);
        }
        std::sort(ratios.begin(), ratios.end());
        std::printf("%s, %s: %.2f (%.2f to %.2f)\n", title.c_str(), tier == Tier::Jit ? "jit" : "interp",
                    ratios[kPairs / 2], ratios.front(), ratios.back());
        std::fflush(stdout);
    }
    return {};
}

Result<> measure(const std::string& what, const char* file, const char* n) {
    Workload workload(file, n);
    std::string name = file;
    name = what + ", " + name.substr(name.rfind('/') + 1);
    if (what == "watch") {
        const uint64_t hot = TRY(quietBytesOfHotPage(workload));
        const uint64_t cold = TRY(coldPage(workload));
        TRY(compare(workload, name + ", cold page", {.watches = {{MemAddr(0), cold, 4, WatchKind::Change}}}));
        return compare(workload, name + ", hot page", {.watches = {{MemAddr(0), hot, 4, WatchKind::Change}}});
    }
    const std::vector<CodeLocation> places = TRY(workload.notReached(kBreakpoints));
    std::set<uint32_t> functions;
    for (const CodeLocation& place : places)
        functions.insert(place.function.value);
    name += ", " + std::to_string(places.size()) + " in " + std::to_string(functions.size()) + " functions";
    return compare(workload, name, {.breaks = places});
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 2 ? argv[1] : "";
    if (what != "watch" && what != "breakpoints")
        return std::fprintf(stderr, "usage: stops {watch|breakpoints} FILE [N]\n"), 2;
    const Result<> done = measure(what, argv[2], argc > 3 ? argv[3] : "4");
    if (!done) std::fprintf(stderr, "stops: %s: %s\n", argv[2], done.error().text().c_str());
    return done ? 0 : 2;
}
