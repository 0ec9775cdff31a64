// host_log FILE [CALL]: what the log of host calls costs by itself: each call of host_calls.c (the module FILE) many times in this process,
// with the log off, on, and on with 100 rules of mocks for path_open, in turn; another thread sleeps, as a session has one. Prints nanoseconds
// of processor time a round: the median with the log off, and how much more the others took than their neighbour without, as median and
// quartiles: a machine shared with others changes its speed every few rounds. Needs a file "data" in the present folder. For `./dev bench
// logging`.
#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "debugger/debuggee.h"
#include "wasi/mock_text.h"

using namespace engine;

namespace {

constexpr int kRounds = 51;
constexpr size_t kRules = 100;
constexpr struct {
    const char* name;
    const char* title;
    uint64_t count;
} kCalls[] = {{"clock", "clock_time_get", 250'000},
              {"write", "1-byte fd_write", 125'000},
              {"read", "1-byte fd_read", 62'500},
              {"open", "path_open and fd_close", 12'500},
              {"stat", "path_filestat_get", 25'000}};

enum class Way { Off, Logged, WithRules };

double cpuNs() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

/// A thread that does nothing: with a second one the kernel counts references to files, and the C library allows for being cancelled.
class Sleeper {
public:
    Sleeper()
        : m_thread([this] {
              std::unique_lock lock(m_mutex);
              m_end.wait(lock, [this] { return m_isOver; });
          }) {}
    ~Sleeper() {
        {
            const std::lock_guard lock(m_mutex);
            m_isOver = true;
        }
        m_end.notify_one();
        m_thread.join();
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_end;
    bool m_isOver = false;
    std::thread m_thread;
};

Result<std::vector<wasi::MockEntry>> rules() {
    std::vector<wasi::MockEntry> entries;
    for (uint32_t id = 1; id <= kRules; id++)
        entries.push_back(
            { id, TRY(wasi::parseMock("path_open path ~ \"*/nowhere/*\" and not fd = 9 errno io")) });
    return entries;
}

Result<double> nsPerRound(const char* file, const char* call, uint64_t count, Way way) {
    debugger::LaunchOptions options;
    options.program = file;
    wasi::Capabilities& granted = options.capabilities;
    granted.arguments = {file};
    granted.environment = {{"HOST_CALL", call}, {"HOST_COUNT", std::to_string(count)}};
    granted.preopens = {{".", ".", wasi::MountKind::Real}};
    granted.standardOutput = {wasi::StdioKind::File, "/dev/null", {}};
    granted.standardError.kind = wasi::StdioKind::Session;
    auto debuggee = TRY(debugger::Debuggee::load(options));
    if (way == Way::WithRules) TRY(debuggee->setMocks(TRY(rules())));
    TRY(debuggee->start(way != Way::Off));
    const double begun = cpuNs();
    const StopKind end = debuggee->machine().run();
    const double passed = cpuNs() - begun;
    if (end != StopKind::Exited && end != StopKind::Finished)
        return Error{ErrorCode::Invalid, std::string(call) + " did not run to its end"};
    return passed / static_cast<double>(count);
}

struct Spread {
    double lower = 0, median = 0, upper = 0;
};
Spread spread(std::vector<double> values) {
    std::ranges::sort(values);
    return {values[values.size() / 4], values[values.size() / 2], values[values.size() * 3 / 4]};
}

Result<> measure(const char* file, std::string_view only) {
    const Sleeper sleeper;
    for (const auto& call : kCalls) {
        if (!only.empty() && only != call.name) continue;
        std::vector<double> off, logged, withRules;
        for (int round = 0; round < kRounds; round++) {
            off.push_back(TRY(nsPerRound(file, call.name, call.count, Way::Off)));
            logged.push_back(TRY(nsPerRound(file, call.name, call.count, Way::Logged)) - off.back());
            withRules.push_back(TRY(nsPerRound(file, call.name, call.count, Way::WithRules)) - off.back());
        }
        const Spread on = spread(logged), rules = spread(withRules);
        std::printf(
            "log, %s: off %.0f ns, on %.0f more (%.0f to %.0f), with %zu rules %.0f more (%.0f to %.0f)\n",
            call.title, spread(off).median, on.median, on.lower, on.upper, kRules, rules.median, rules.lower,
            rules.upper);
        std::fflush(stdout);
    }
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 && argc != 3) {
        std::fprintf(stderr, "usage: host_log host_calls.wasm [clock|write|read|open|stat]\n");
        return 2;
    }
    const auto done = measure(argv[1], argc == 3 ? argv[2] : "");
    if (!done) std::fprintf(stderr, "host_log: %s\n", done.error().text().c_str());
    return done ? 0 : 1;
}
