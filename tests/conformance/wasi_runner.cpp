// wasi_runner [--tier interp|jit|auto|break-everywhere] [--mount real|overlay|memory] [-v] FOLDER|FILE.wasm…: runs WASI 0.1 tests of the
// wasi-testsuite form (NAME.wasm with an optional NAME.json, plain or as operations). What kind of folder their root is, --mount says; if it is
// not the host's own, the host's must stay as it was. One line per test that did not pass; the last line counts. Exit status 0 if none failed.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "engine/machine.h"
#include "wasi/host.h"

namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

enum class Verdict { Passed, Failed, Skipped };
struct Outcome {
    Verdict verdict = Verdict::Passed;
    std::string why;
};
Outcome failed(std::string why) { return {Verdict::Failed, std::move(why)}; }

/// A test's specification, both forms brought to one.
struct Specification {
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;
    std::optional<std::string> root;
    std::string input;
    std::map<std::string, std::string> output;  // by stream, of those that are looked at
    uint32_t exitCode = 0;
    std::string unsupported;  // an operation that we do not know
};

Specification read(const fs::path& wasm) {
    Specification s;
    const fs::path path = fs::path(wasm).replace_extension(".json");
    if (!fs::exists(path)) return s;
    const Json json = Json::parse(std::ifstream(path));
    const auto readRun = [&](const Json& run) {
        s.arguments = run.value("args", std::vector<std::string>{});
        s.environment = run.value("env", std::map<std::string, std::string>{});
        if (run.contains("root") && run["root"].is_string()) s.root = run["root"];
    };
    if (!json.contains("operations")) {
        readRun(json);
        s.exitCode = json.value("exit_code", 0u);
        for (const char* stream : {"stdout", "stderr"})
            if (json.contains(stream)) s.output[stream] = json[stream];
        return s;
    }
    for (const auto& operation : json["operations"]) {
        const std::string type = operation.at("type");
        if (type == "run")
            readRun(operation);
        else if (type == "write")
            s.input += operation.value("payload", "");
        else if (type == "read")
            s.output[operation.value("id", "stdout")] += operation.value("payload", "");
        else if (type == "wait")
            s.exitCode = operation.value("exit_code", 0u);
        else
            s.unsupported = type;
    }
    return s;
}

/// A copy of a test's root that is removed with it.
class ScratchFolder {
public:
    explicit ScratchFolder(const fs::path& original) {
        std::string name = (fs::temp_directory_path() / "wasi_runner.XXXXXX").string();
        if (!mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary folder");
        m_path = fs::path(name);
        fs::copy(original, m_path / "root", fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    }
    ~ScratchFolder() {
        std::error_code ignored;
        fs::remove_all(m_path, ignored);
    }
    std::string root() const { return (m_path / "root").string(); }

private:
    fs::path m_path;
};

bool sameFolders(const fs::path& a, const fs::path& b) {
    const auto contents = [](const fs::path& folder) {
        std::map<std::string, std::string> all;
        for (const auto& entry : fs::recursive_directory_iterator(folder)) {
            std::ostringstream text;
            text << static_cast<int>(entry.symlink_status().type());
            if (entry.is_regular_file()) text << std::ifstream(entry.path()).rdbuf();
            all[entry.path().lexically_relative(folder).string()] = text.str();
        }
        return all;
    };
    return contents(a) == contents(b);
}

/// Stops a run that takes too long.
class Watchdog {
public:
    Watchdog(std::chrono::seconds limit, engine::Machine& machine, wasi::WasiHost& host)
        : m_thread([this, limit, &machine, &host] {
              std::unique_lock lock(m_mutex);
              if (m_done.wait_for(lock, limit, [this] { return m_isDone; })) return;
              fired = true;
              machine.requestYield();
              host.wake();
          }) {}
    ~Watchdog() {
        {
            const std::lock_guard lock(m_mutex);
            m_isDone = true;
        }
        m_done.notify_one();
        m_thread.join();
    }
    std::atomic<bool> fired = false;

private:
    std::mutex m_mutex;
    std::condition_variable m_done;
    bool m_isDone = false;
    std::thread m_thread;
};

struct Ended {
    uint32_t exitCode = 0;
    std::string trap;
    bool timedOut = false;
};

engine::StopKind runThrough(engine::Machine& machine, bool breakEverywhere, const Watchdog& watchdog) {
    for (;;) {
        const auto stop = breakEverywhere ? machine.step() : machine.run();
        const bool goesOn = stop == engine::StopKind::Yielded || stop == engine::StopKind::HostInterrupted ||
                            stop == engine::StopKind::Stepped || stop == engine::StopKind::Breakpoint;
        if (!goesOn || watchdog.fired) return stop;
    }
}

std::string textOf(const wasi::WasiHost& host, wasi::OutputStream stream) {
    std::string text;
    auto& log = const_cast<wasi::WasiHost&>(host).output();
    for (const auto& chunk : log.read(log.begin(), log.end() - log.begin()))
        if (chunk.stream == stream) text += chunk.bytes;
    return text;
}

Outcome check(const Specification& s, const Ended& ended, const wasi::WasiHost& host) {
    std::string why;
    const auto stderrText = textOf(host, wasi::OutputStream::Stderr);
    if (ended.timedOut) return failed("takes too long; was waiting for: " + host.waitingFor());
    if (!ended.trap.empty())
        why = "trap: " + ended.trap;
    else if (ended.exitCode != s.exitCode)
        why = "exit status " + std::to_string(ended.exitCode) + ", expected " + std::to_string(s.exitCode);
    for (const auto& [stream, expected] : s.output) {
        const auto got = stream == "stderr" ? stderrText : textOf(host, wasi::OutputStream::Stdout);
        if (got != expected) why += (why.empty() ? "" : "; ") + stream + " is \"" + got.substr(0, 200) + "\"";
    }
    if (why.empty()) return {};
    return failed(why + (stderrText.empty() ? "" : "\n    " + stderrText.substr(0, 600)));
}

struct Options {
    engine::Tier tier = engine::Tier::Interp;
    bool breakEverywhere = false;
    wasi::MountKind mount = wasi::MountKind::Real;
    bool isVerbose = false;
};

Outcome runOne(const fs::path& wasm, const Options& options) {
    const Specification s = read(wasm);
    if (!s.unsupported.empty()) return {Verdict::Skipped, "operation " + s.unsupported};
    auto bytes = engine::readFile(wasm.string());
    if (!bytes) return failed(bytes.error().text());
    auto module = engine::decodeModule(*bytes, wasm.string());
    if (!module) return failed(module.error().text());
    if (auto valid = engine::validateModule(**module); !valid) return failed(valid.error().text());

    wasi::Capabilities c;
    c.arguments = s.arguments;
    c.arguments.insert(c.arguments.begin(), wasm.filename().string());
    c.environment.assign(s.environment.begin(), s.environment.end());
    c.standardInput.kind = c.standardOutput.kind = c.standardError.kind = wasi::StdioKind::Session;
    std::optional<ScratchFolder> scratch;
    if (s.root) {
        scratch.emplace(wasm.parent_path() / *s.root);
        c.preopens.push_back({scratch->root(), "/", options.mount});
    }
    auto host = wasi::WasiHost::create(c);
    if (!host) return failed(host.error().text());
    (*host)->pushInput({reinterpret_cast<const uint8_t*>(s.input.data()), s.input.size()});
    (*host)->closeInput();

    engine::Store store;
    if (!store.setTier(options.tier)) return failed("there is no compiler for this machine");
    engine::Trap trap;
    auto instance = store.instantiate(*module, (*host)->resolver(store), &trap);
    if (!instance) {
        const bool isMissing = instance.error().code == engine::ErrorCode::Unlinkable;
        std::string why = instance.error().text();
        std::replace(why.begin(), why.end(), '\n', ' ');
        return {isMissing ? Verdict::Skipped : Verdict::Failed, why};
    }
    (*host)->attach(store, *instance);
    auto machine = engine::Machine::create(store);
    if (!machine) return failed(machine.error().text());
    const auto start = store.instance(*instance).exported("_start");
    if (!start) return failed("exports no _start");

    Ended ended;
    {
        if (auto begun = (*machine)->start(engine::FuncAddr(start->address), {}); !begun)
            return failed(begun.error().text());
        const Watchdog watchdog(std::chrono::seconds(60), **machine, **host);
        const auto stop = runThrough(**machine, options.breakEverywhere, watchdog);
        ended.timedOut = watchdog.fired;
        if (stop == engine::StopKind::Exited) ended.exitCode = (*machine)->exitCode();
        if (stop == engine::StopKind::Trapped) ended.trap = (*machine)->trap().text();
    }
    auto outcome = check(s, ended, **host);
    if (scratch && options.mount != wasi::MountKind::Real && outcome.verdict == Verdict::Passed &&
        !sameFolders(wasm.parent_path() / *s.root, scratch->root()))
        outcome = failed("the folder on the host was changed");
    if (options.isVerbose && outcome.verdict == Verdict::Failed)
        for (const auto& record : (*host)->log().slice(0, 10000))
            outcome.why +=
                "\n    " + wasi::show(record).line() + (record.detail.empty() ? "" : "  # " + record.detail);
    return outcome;
}

std::vector<fs::path> findTests(const std::vector<std::string>& folders) {
    std::vector<fs::path> tests;
    for (const auto& folder : folders) {
        if (!fs::is_directory(folder)) {
            tests.emplace_back(folder);
            continue;
        }
        for (const auto& entry : fs::directory_iterator(folder))
            if (entry.path().extension() == ".wasm") tests.push_back(entry.path());
    }
    std::sort(tests.begin(), tests.end());
    return tests;
}

wasi::MountKind mountOf(const std::string& word) {
    if (word == "overlay") return wasi::MountKind::Overlay;
    return word == "memory" ? wasi::MountKind::InMemory : wasi::MountKind::Real;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    std::vector<std::string> folders;
    for (int i = 1; i < argc; i++) {
        const std::string argument = argv[i];
        if (argument == "--tier" && i + 1 < argc) {
            const std::string tier = argv[++i];
            options.breakEverywhere = tier == "break-everywhere";
            if (tier == "jit") options.tier = engine::Tier::Jit;
            if (tier == "auto") options.tier = engine::Tier::Auto;
        } else if (argument == "--mount" && i + 1 < argc)
            options.mount = mountOf(argv[++i]);
        else if (argument == "-v")
            options.isVerbose = true;
        else
            folders.push_back(argument);
    }
    const auto tests = findTests(folders);
    if (tests.empty()) {
        std::fprintf(stderr, "wasi_runner: no tests; give folders of NAME.wasm files\n");
        return 2;
    }
    int counts[3] = {};
    for (const auto& test : tests) {
        Outcome outcome;
        try {
            outcome = runOne(test, options);
        } catch (const std::exception& e) {
            outcome = failed(e.what());
        }
        counts[static_cast<int>(outcome.verdict)]++;
        if (outcome.verdict != Verdict::Passed)
            std::printf("%s %s: %s\n", outcome.verdict == Verdict::Failed ? "FAIL" : "SKIP", test.c_str(),
                        outcome.why.c_str());
    }
    std::printf("%d passed, %d failed, %d skipped\n", counts[0], counts[1], counts[2]);
    return counts[1] == 0 ? 0 : 1;
}
