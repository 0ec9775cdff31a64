// wscope trace: runs a program and writes one line for each of its host calls, as they happen.

#include <stdio_ext.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>

#include "app/wscope/commands.h"
#include "app/wscope/end_signals.h"
#include "app/wscope/options.h"
#include "app/wscope/output.h"
#include "app/wscope/runner.h"
#include "app/wscope/trace_formats.h"
#include "debugger/call_list.h"
#include "debugger/sources.h"
#include "wasi/filter_words.h"

namespace wscope {

namespace {

struct TraceOptions {
    std::string output, format = "text", filter, descriptor;
    size_t bytes = 64;
    bool withNumbers = false, withStack = false, withTimes = false, withSummary = false;
};

constexpr size_t kBufferBytes = 256 << 10;

/// Calls `flush` every 50 ms, also while the guest waits in a call, from a thread of its own.
class Flusher {
public:
    explicit Flusher(std::function<void()> flush) : m_flush(std::move(flush)), m_thread([this] { loop(); }) {}
    ~Flusher() {
        {
            std::lock_guard lock(m_mutex);
            m_ends = true;
        }
        m_changed.notify_all();
        m_thread.join();
    }

private:
    void loop() {
        std::unique_lock lock(m_mutex);
        while (!m_changed.wait_for(lock, std::chrono::milliseconds(50), [this] { return m_ends; }))
            m_flush();
    }

    std::function<void()> m_flush;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    bool m_ends = false;
    std::thread m_thread;  // last: it uses the others
};

bool isRegularFile(FILE* file) {
    struct stat status {};
    return fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode);
}

/// Writes the calls that are over, in order: to a file every 50 ms, as a write for each call would cost as much as the rest of tracing it,
/// and else before the next one.
class Tracer {
public:
    Tracer(debugger::Debuggee& debuggee, const TraceOptions& options, wasi::CallFilter filter, Output& output)
        : m_debuggee(debuggee),
          m_options(options),
          m_search(std::move(filter)),
          m_names([this](const auto& frame, const auto& test) { debugger::namesAt(places())(frame, test); }),
          m_format(makeFormat(options.format, output.file(), options.withTimes)),
          m_output(output),
          m_out(output.file()),
          m_isBuffered(!options.output.empty() && isRegularFile(m_out)) {
        if (!options.output.empty()) setvbuf(m_out, nullptr, _IOFBF, kBufferBytes);
        if (!options.withSummary) m_format->begin(debuggee.options().program);
        // Who called is looked up on the session's thread.
        const bool asksNames = options.withStack || !options.filter.empty() || !options.descriptor.empty();
        if (!m_isBuffered) {
            askBeforeCalls();
        } else if (asksNames) {
            askBeforeCalls();
            m_flusher.emplace([this] {
                const std::lock_guard lock(m_mutex);
                m_output.flush();
            });
        } else {
            debuggee.host().log().setFull([this] { writeFinished(); });
            m_flusher.emplace([this] {
                writeFinished();
                const std::lock_guard lock(m_mutex);
                m_output.flush();
            });
        }
    }

    /// False if they cannot be written. Any thread.
    bool writeFinished() {
        const std::lock_guard lock(m_mutex);
        if (m_output.lost()) return false;
        const wasi::SyscallLog& log = m_debuggee.host().log();
        const uint64_t count = log.count();
        while (m_written < count) {
            EndSignals::noteProgress();
            for (const wasi::SyscallRecord& record : log.slice(m_written, 256)) {
                if (record.outcome == wasi::Outcome::Pending) return true;
                m_written++;
                write(record);
                if (m_output.lost()) return false;
            }
        }
        return true;
    }

    /// Calls that were written or counted; those that are over.
    uint64_t shown() const { return m_shown; }
    uint64_t seen() const { return m_written; }

    /// What follows the last call: one that is not over, where the run was ended in it.
    void end() {
        m_flusher.reset();
        m_debuggee.host().log().setFull({});
        writeFinished();
        for (const wasi::SyscallRecord& record : m_debuggee.host().log().slice(m_written, 1))
            if (!m_output.lost()) write(record);
        if (m_output.lost()) return;
        if (m_options.withSummary)
            writeSummary(m_out, m_totals, m_options.format);
        else
            m_format->end();
    }

private:
    /// All earlier calls are over when another one begins.
    void askBeforeCalls() {
        m_debuggee.host().setGate([this](uint16_t, engine::HostCall&) {
            return writeFinished() ? wasi::GateDecision::Pass : wasi::GateDecision::Stop;
        });
    }

    void write(const wasi::SyscallRecord& record) {
        if (!m_search.matches(wasi::RecordedCall(record, m_names))) return;
        m_shown++;
        const wasi::HostFunction& function = wasi::allHostFunctions()[record.function];
        Totals& totals = m_totals[std::string(function.name)];
        totals.calls++;
        totals.ns += record.durationNs;
        const bool failed = function.returnsErrno && record.errno_ != 0;
        if (failed) totals.errors++;
        if (m_options.withSummary) return;
        const TracedCall call{record, function, m_options.bytes, failed,
                              m_options.withStack ? stack(record) : std::vector<debugger::Location>()};
        if (m_options.withNumbers && m_options.format == "text")
            fprintf(m_out, "%6llu ", static_cast<unsigned long long>(record.sequence));
        m_format->write(call);
        if (!m_isBuffered || __fpending(m_out) > kBufferBytes / 2 || ferror(m_out)) m_output.flush();
    }

    std::vector<debugger::Location> stack(const wasi::SyscallRecord& record) {
        std::vector<debugger::Location> frames;
        for (const engine::CodeLocation& frame : record.backtrace) {
            const auto levels = static_cast<uint32_t>(places().chain(frame.offset).size());
            for (uint32_t level = 0; level < levels; level++)
                frames.push_back(places().location(frame.offset, level));
        }
        return frames;
    }

    debugger::Places& places() {
        if (!m_places)
            m_places = std::make_unique<debugger::Places>(m_debuggee.module(), m_debuggee.symbols());
        return *m_places;
    }

    debugger::Debuggee& m_debuggee;
    const TraceOptions& m_options;
    wasi::CallSearch m_search;
    wasi::NamesAt m_names;
    std::unique_ptr<CallFormat> m_format;
    Output& m_output;
    FILE* m_out;
    const bool m_isBuffered;  // and written out by the flusher
    std::mutex m_mutex;       // of all that writes
    uint64_t m_written = 0, m_shown = 0;
    CallTotals m_totals;
    std::unique_ptr<debugger::Places> m_places;
    std::optional<Flusher> m_flusher;  // of a file
};

/// Both have to hold. Each is read for itself first, so that an error names a column of what was typed.
engine::Result<wasi::CallFilter> filterOf(const TraceOptions& wanted) {
    const auto option = [](const char* name, const engine::Error& error) {
        return engine::Error{error.code, std::string(name) + ": " + error.message};
    };
    auto filter = wasi::CallFilter::parse(wanted.filter);
    if (!filter) return option("--filter", filter.error());
    if (wanted.descriptor.empty()) return filter;
    const std::string& typed = wanted.descriptor;
    const std::string follows =
        "fd = " + (typed.find_first_of(" '\"()") == std::string::npos ? typed : '"' + typed + '"');
    const auto followed = wasi::CallFilter::parse(follows);
    if (!followed) {  // the columns are not of what was typed
        engine::Error error = followed.error();
        error.message.erase(0, error.message.find(": ") + 2);
        return option("--follow-fd", error);
    }
    return wasi::CallFilter::parse(wanted.filter.empty() ? follows
                                                         : follows + " and (" + wanted.filter + ")");
}

using FileHandle = std::unique_ptr<FILE, int (*)(FILE*)>;

FileHandle openOutput(const std::string& path) {
    if (path.empty()) return {stderr, fflush};
    return {fopen(path.c_str(), "w"), fclose};
}

/// What a trace leaves one to wonder about.
void tellHints(debugger::Debuggee& debuggee, const Tracer& tracer, int status) {
    if (tracer.shown() == 0 && tracer.seen() > 0)
        std::cerr << "wscope: none of " << tracer.seen() << " calls matches the filter" << std::endl;
    const debugger::LaunchOptions& options = debuggee.options();
    const bool hadNoFolder =
        options.capabilities.preopens.empty() && debuggee.host().ledger().cataloguedFolders;
    if (status != 0 && hadNoFolder && !options.showDenied)
        std::cerr
            << "wscope: no folder is granted (--dir), and what C libraries refuse by themselves is no call; "
               "--show-denied shows it"
            << std::endl;
}

int trace(const CLI::App& command, const TypedOptions& typed, const TraceOptions& wanted) {
    const auto program = programOf(command);
    if (!program) return fail(program.error());
    auto filter = filterOf(wanted);
    if (!filter) return fail(filter.error().message);
    auto options = launchOptions(typed, *program, false);
    if (!options) return fail(options.error());
    options->capabilities.budgets.maxLogBytes = 64 << 20;  // calls are written as soon as they are over
    auto debuggee = debugger::Debuggee::load(std::move(*options));
    if (!debuggee) return fail(debuggee.error());
    if (const auto started = (*debuggee)->start(true); !started) return fail(started.error());
    tellWarnings(**debuggee);
    tellPorts(**debuggee);

    const auto file = openOutput(wanted.output);
    if (!file)
        return fail("cannot write " + debugger::printable(wanted.output) + ": " + std::strerror(errno));
    Output output(file.get(), wanted.output.empty() ? "standard error" : debugger::printable(wanted.output));
    // Read from files, so before the program is confined.
    if (wanted.withStack || speaksOfCallers(wanted.filter)) (void)(*debuggee)->symbols();
    const EndSignals signals;
    Tracer tracer(**debuggee, wanted, std::move(*filter), output);
    const int status = runToEnd(**debuggee, Afterwards::OpensFiles, [&] { return tracer.writeFinished(); });
    tracer.end();
    if (!output.lost() && status != kOurError) tellHints(**debuggee, tracer, status);
    return settleChanges(**debuggee, typed, output.flush() ? status : output.fail());
}

}  // namespace

void addTrace(CLI::App& app, int& status) {
    auto typed = std::make_shared<TypedOptions>();
    auto wanted = std::make_shared<TraceOptions>();
    CLI::App* command =
        app.add_subcommand("trace", "Run a program and show its host calls, one a line, on stderr");
    addLaunchOptions(*command, *typed);
    addChangesOption(*command, *typed);
    command->add_option("-o,--output", wanted->output, "Write to a file instead of stderr")
        ->type_name("FILE");
    command
        ->add_option("--format", wanted->format,
                     "text; json: one object a line (schema/trace.schema.json); csv: a table; chrome: for "
                     "Perfetto and "
                     "chrome://tracing")
        ->check(CLI::IsMember({"text", "json", "csv", "chrome"}));
    command
        ->add_option(
            "--filter", wanted->filter,
            "Show only calls that match: fd_write, errno = noent, path ~ \"*.cfg\" and duration > 1ms")
        ->type_name("EXPR");
    command
        ->add_option(
            "--follow-fd", wanted->descriptor,
            "Show only calls on this descriptor: its number, or name; 5@1234: the one that call 1234 "
            "made as number 5 (see -n), from then to its close; 3@start: one that was open before")
        ->type_name("FD");
    command->add_flag("-n,--numbers", wanted->withNumbers, "Show the number of each call, from 0");
    command->add_option("--bytes", wanted->bytes, "How many bytes of a buffer to show")
        ->type_name("N")
        ->check(checkCount);
    command->add_flag("--stack", wanted->withStack, "Show who called, with source lines");
    command->add_flag("-t,--times", wanted->withTimes, "Show when, in seconds since the start, and how long");
    command->add_flag("-c,--count", wanted->withSummary, "Only count: a table of calls, errors and time");
    command->footer(
        std::string("Examples:\n  wscope trace hello.wasm\n  wscope trace --filter path_open --stack --dir . "
                    "program.wasm in.txt\n") +
        "  wscope trace --format json -o calls.jsonl program.wasm\n"
        "  wscope trace --filter 'fd = 4 and not (fd_seek or errno = success)' program.wasm\n" +
        wasi::filterHelp() + "The exit status is the program's.");
    command->callback([command, typed, wanted, &status] { status = trace(*command, *typed, *wanted); });
}

}  // namespace wscope
