// wscope trace: runs a program and writes one line for each of its host calls, as they happen.

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/wscope/commands.h"
#include "app/wscope/options.h"
#include "app/wscope/output.h"
#include "app/wscope/runner.h"
#include "debugger/call_list.h"
#include "debugger/sources.h"

namespace wscope {

namespace {

using Json = nlohmann::ordered_json;

struct TraceOptions {
    std::string output, format = "text", filter;
    size_t bytes = 64;
    bool withStack = false, withTimes = false, withSummary = false;
};

/// Writes the calls that are over, in order. Asked before each call and whenever the guest yields.
class Tracer {
public:
    Tracer(debugger::Debuggee& debuggee, const TraceOptions& options, Output& output)
        : m_debuggee(debuggee),
          m_options(options),
          m_filter(debugger::callFilter(options.filter)),
          m_output(output),
          m_out(output.file()) {}

    /// False if they cannot be written.
    bool writeFinished() {
        const wasi::SyscallLog& log = m_debuggee.host().log();
        const uint64_t count = log.count();
        while (m_written < count) {
            for (const wasi::SyscallRecord& record : log.slice(m_written, 256)) {
                if (record.outcome == wasi::Outcome::Pending) return true;
                m_written++;
                write(record);
                if (m_output.lost()) return false;
            }
        }
        return true;
    }

    void writeSummary() {
        if (m_options.format == "json") return writeSummaryJson();
        fprintf(m_out, "%8s %8s %12s  %s\n", "calls", "errors", "time", "call");
        std::vector<std::pair<std::string, Totals>> rows(m_totals.begin(), m_totals.end());
        std::stable_sort(rows.begin(), rows.end(),
                         [](const auto& a, const auto& b) { return a.second.calls > b.second.calls; });
        for (const auto& [name, totals] : rows) {
            fprintf(m_out, "%8llu %8llu %9.3f ms  %s\n", static_cast<unsigned long long>(totals.calls),
                    static_cast<unsigned long long>(totals.errors), static_cast<double>(totals.ns) / 1e6,
                    name.c_str());
        }
    }

private:
    void writeSummaryJson() {
        for (const auto& [name, totals] : m_totals) {
            const Json json = {{"name", name},
                               {"calls", totals.calls},
                               {"errors", totals.errors},
                               {"durationNs", totals.ns}};
            fprintf(m_out, "%s\n", json.dump().c_str());
        }
    }

    struct Totals {
        uint64_t calls = 0, errors = 0;
        int64_t ns = 0;
    };

    void write(const wasi::SyscallRecord& record) {
        const wasi::ShownCall shown = wasi::show(record, m_options.bytes);
        const std::string line =
            shown.name + "(" + debugger::argumentText(shown) + ") = " + debugger::resultText(record, shown);
        if (!debugger::matchesFilter(record, shown, m_filter)) return;
        Totals& totals = m_totals[shown.name];
        totals.calls++;
        totals.ns += record.durationNs;
        const bool failed = wasi::allHostFunctions()[record.function].returnsErrno && record.errno_ != 0;
        if (failed) totals.errors++;
        if (m_options.withSummary) return;
        if (m_options.format == "json")
            writeJson(record, shown);
        else
            writeText(record, shown, line, failed);
        m_output.flush();
    }

    void writeText(const wasi::SyscallRecord& record, const wasi::ShownCall& shown, std::string line,
                   bool failed) {
        if (failed && !shown.errnoText.empty()) line += " (" + shown.errnoText + ")";
        if (failed && !record.detail.empty()) line += "  # " + debugger::printable(record.detail);
        if (m_options.withTimes) {
            fprintf(m_out, "%12.6f %s <%.6f>\n", static_cast<double>(record.startNs) / 1e9, line.c_str(),
                    static_cast<double>(record.durationNs) / 1e9);
        } else {
            fprintf(m_out, "%s\n", line.c_str());
        }
        if (!m_options.withStack) return;
        for (const debugger::Location& at : stack(record)) {
            const std::string place = at.line != 0
                                          ? debugger::printable(at.file) + ":" + std::to_string(at.line)
                                          : debugger::hexText(at.offset);
            fprintf(m_out, "    at %s (%s)\n", debugger::printable(at.functionName).c_str(), place.c_str());
        }
    }

    static Json toJson(const wasi::ShownValue& value) {
        Json json = {{"name", value.name}, {"type", value.type}, {"text", value.text}};
        for (const wasi::ShownValue& child : value.children)
            json["children"].push_back(toJson(child));
        return json;
    }

    void writeJson(const wasi::SyscallRecord& record, const wasi::ShownCall& shown) {
        static constexpr const char* kOutcomes[] = {"pending", "returned",    "trapped",
                                                    "exited",  "interrupted", "dropped"};
        Json json = {{"sequence", record.sequence},
                     {"name", shown.name},
                     {"arguments", Json::array()},
                     {"results", Json::array()}};
        for (const wasi::ShownValue& value : shown.arguments)
            json["arguments"].push_back(toJson(value));
        for (const wasi::ShownValue& value : shown.results)
            json["results"].push_back(toJson(value));
        if (!shown.errnoName.empty()) json["errno"] = shown.errnoName;
        json["outcome"] = kOutcomes[static_cast<size_t>(record.outcome)];
        if (record.outcome == wasi::Outcome::Exited) json["exitCode"] = record.result;
        json["startNs"] = record.startNs;
        json["durationNs"] = record.durationNs;
        json["tick"] = record.tick;
        if (!record.detail.empty()) json["detail"] = record.detail;
        for (const debugger::Location& at :
             m_options.withStack ? stack(record) : std::vector<debugger::Location>()) {
            Json frame = {{"function", at.functionName}, {"offset", at.offset}};
            if (at.line != 0) frame["file"] = at.file, frame["line"] = at.line;
            json["stack"].push_back(std::move(frame));
        }
        fprintf(m_out, "%s\n", json.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
    }

    std::vector<debugger::Location> stack(const wasi::SyscallRecord& record) {
        if (!m_places)
            m_places = std::make_unique<debugger::Places>(m_debuggee.module(), m_debuggee.symbols());
        std::vector<debugger::Location> frames;
        for (const engine::CodeLocation& frame : record.backtrace) {
            const auto levels = static_cast<uint32_t>(m_places->chain(frame.offset).size());
            for (uint32_t level = 0; level < levels; level++)
                frames.push_back(m_places->location(frame.offset, level));
        }
        return frames;
    }

    debugger::Debuggee& m_debuggee;
    const TraceOptions& m_options;
    std::string m_filter;
    Output& m_output;
    FILE* m_out;
    uint64_t m_written = 0;
    std::map<std::string, Totals> m_totals;
    std::unique_ptr<debugger::Places> m_places;
};

using FileHandle = std::unique_ptr<FILE, int (*)(FILE*)>;

FileHandle openOutput(const std::string& path) {
    if (path.empty()) return {stderr, fflush};
    return {fopen(path.c_str(), "w"), fclose};
}

int trace(const CLI::App& command, const TypedOptions& typed, const TraceOptions& wanted) {
    const auto program = programOf(command);
    if (!program) return fail(program.error());
    auto options = launchOptions(typed, *program, false);
    if (!options) return fail(options.error());
    options->capabilities.budgets.maxLogBytes = 64 << 20;  // calls are written as soon as they are over
    auto debuggee = debugger::Debuggee::load(std::move(*options));
    if (!debuggee) return fail(debuggee.error());
    if (const auto started = (*debuggee)->start(true); !started) return fail(started.error());
    tellPorts(**debuggee);

    const auto file = openOutput(wanted.output);
    if (!file)
        return fail("cannot write " + debugger::printable(wanted.output) + ": " + std::strerror(errno));
    Output output(file.get(), wanted.output.empty() ? "standard error" : debugger::printable(wanted.output));
    Tracer tracer(**debuggee, wanted, output);
    // All earlier calls are over when another one begins.
    (*debuggee)->host().setGate([&](uint16_t, engine::HostCall&) {
        return tracer.writeFinished() ? wasi::GateDecision::Pass : wasi::GateDecision::Stop;
    });
    const int status = runToEnd(**debuggee, [&] { return tracer.writeFinished(); });
    if (wanted.withSummary) tracer.writeSummary();
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
    command->add_option("--format", wanted->format, "text, or json: one object a line")
        ->check(CLI::IsMember({"text", "json"}));
    command
        ->add_option("--filter", wanted->filter,
                     "Show only calls whose name, arguments or result contain this text")
        ->type_name("TEXT");
    command->add_option("--bytes", wanted->bytes, "How many bytes of a buffer to show")
        ->type_name("N")
        ->check(checkCount);
    command->add_flag("--stack", wanted->withStack, "Show who called, with source lines");
    command->add_flag("-t,--times", wanted->withTimes, "Show when, in seconds since the start, and how long");
    command->add_flag("-c,--count", wanted->withSummary, "Only count calls, errors and time");
    command->footer(
        "Examples:\n  wscope trace hello.wasm\n  wscope trace --filter path_open --stack --dir . "
        "program.wasm in.txt\n"
        "  wscope trace --format json -o calls.jsonl program.wasm\nThe exit status is the program's.");
    command->callback([command, typed, wanted, &status] { status = trace(*command, *typed, *wanted); });
}

}  // namespace wscope
