#include "app/wscope/trace_formats.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "debugger/debuggee.h"
#include "debugger/places.h"
#include "wasi/call_filter.h"

namespace wscope {

namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

class TextFormat final : public CallFormat {
public:
    TextFormat(FILE* out, bool withTimes) : m_out(out), m_withTimes(withTimes) {}
    void write(const TracedCall& call) override {
        std::string& line = m_line;
        line.clear();
        appendCall(line, call.record, call.payloadBytes);
        if (call.failed && call.record.outcome == wasi::Outcome::Returned)
            line += " (" + std::string(wasi::errnoText(call.record.errno_)) + ")";
        if (call.record.origin != wasi::Origin::Host)
            line += " [" + std::string(wasi::toText(call.record.origin)) + "]";
        const bool isWorthTelling = call.failed || call.record.origin != wasi::Origin::Host;
        if (isWorthTelling && !call.record.detail.empty())
            line += "  # " + debugger::printable(call.record.detail);
        if (m_withTimes) {
            fprintf(m_out, "%12.6f %s <%.6f>\n", static_cast<double>(call.record.startNs) / 1e9, line.c_str(),
                    static_cast<double>(call.record.durationNs) / 1e9);
        } else {
            line += '\n';
            fwrite(line.data(), 1, line.size(), m_out);
        }
        for (const debugger::Location& at : call.stack) {
            const std::string place = at.line != 0
                                          ? debugger::printable(at.file) + ":" + std::to_string(at.line)
                                          : debugger::hexText(at.offset);
            fprintf(m_out, "    at %s (%s)\n", debugger::printable(at.functionName).c_str(), place.c_str());
        }
    }

private:
    FILE* m_out;
    bool m_withTimes;
    std::string m_line;
};

Json toJson(const wasi::ShownValue& value) {
    Json json = {{"name", value.name}, {"type", value.type}, {"text", value.text}};
    for (const wasi::ShownValue& child : value.children)
        json["children"].push_back(toJson(child));
    return json;
}

/// One object a line.
class JsonFormat final : public CallFormat {
public:
    explicit JsonFormat(FILE* out) : m_out(out) {}
    void write(const TracedCall& call) override {
        const wasi::ShownCall shown = call.shown();
        const wasi::SyscallRecord& record = call.record;
        Json json = {{"sequence", record.sequence},
                     {"name", shown.name},
                     {"arguments", Json::array()},
                     {"results", Json::array()}};
        for (const wasi::ShownValue& value : shown.arguments)
            json["arguments"].push_back(toJson(value));
        for (const wasi::ShownValue& value : shown.results)
            json["results"].push_back(toJson(value));
        if (!shown.errnoName.empty()) json["errno"] = shown.errnoName;
        json["outcome"] = wasi::toText(record.outcome);
        if (record.outcome == wasi::Outcome::Exited) json["exitCode"] = record.result;
        if (record.origin != wasi::Origin::Host) json["origin"] = wasi::toText(record.origin);
        json["startNs"] = record.startNs;
        json["durationNs"] = record.durationNs;
        json["tick"] = record.tick;
        if (!record.detail.empty()) json["detail"] = record.detail;
        for (const debugger::Location& at : call.stack) {
            Json frame = {{"function", at.functionName}, {"offset", at.offset}};
            if (at.line != 0) frame["file"] = at.file, frame["line"] = at.line;
            json["stack"].push_back(std::move(frame));
        }
        fprintf(m_out, "%s\n", dump(json).c_str());
    }

private:
    FILE* m_out;
};

/// RFC 4180: quoted where it must be, quotes doubled.
std::string csvCell(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string cell(1, '"');
    for (const char c : text)
        cell.append(c == '"' ? 2 : 1, c);
    cell += '"';
    return cell;
}

class CsvFormat final : public CallFormat {
public:
    explicit CsvFormat(FILE* out) : m_out(out) {}
    void begin(const std::string&) override {
        fputs("sequence,start_ns,duration_ns,call,arguments,result,errno,bytes,origin,stack\r\n", m_out);
    }
    void write(const TracedCall& call) override {
        std::string stack;
        for (const debugger::Location& at : call.stack)
            stack += (stack.empty() ? "" : " < ") + at.functionName;
        const wasi::ShownCall shown = call.shown();
        const wasi::SyscallRecord& r = call.record;
        std::string row =
            std::to_string(r.sequence) + "," + std::to_string(r.startNs) + "," + std::to_string(r.durationNs);
        for (const std::string& text :
             {shown.name, argumentText(shown), resultText(r, shown), shown.errnoName,
              std::to_string(wasi::bytesMoved(r)), std::string(wasi::toText(r.origin)), stack})
            row += "," + csvCell(text);
        fprintf(m_out, "%s\r\n", row.c_str());
    }

private:
    FILE* m_out;
};

/// The JSON of trace events, which Perfetto and chrome://tracing open: calls as slices, on one track per thread of the guest.
class ChromeFormat final : public CallFormat {
public:
    explicit ChromeFormat(FILE* out) : m_out(out) {}
    void begin(const std::string& program) override {
        fprintf(
            m_out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n%s",
            dump({{"name", "process_name"}, {"ph", "M"}, {"pid", 1}, {"args", {{"name", program}}}}).c_str());
    }
    void write(const TracedCall& call) override {
        const wasi::ShownCall shown = call.shown();
        const wasi::SyscallRecord& r = call.record;
        Json arguments;
        for (const auto* values : {&shown.arguments, &shown.results})
            for (const wasi::ShownValue& value : *values)
                arguments[value.name] = value.text;
        arguments["result"] = resultText(r, shown);
        arguments["sequence"] = r.sequence;
        for (const debugger::Location& at : call.stack)
            arguments["stack"].push_back(at.functionName);
        const Json event = {{"name", shown.name},
                            {"cat", wasi::toText(call.function.family)},
                            {"ph", "X"},
                            {"ts", static_cast<double>(r.startNs) / 1e3},
                            {"dur", static_cast<double>(r.durationNs) / 1e3},
                            {"pid", 1},
                            {"tid", r.thread + 1},
                            {"args", std::move(arguments)}};
        fprintf(m_out, ",\n%s", dump(event).c_str());
    }
    void end() override { fputs("\n]}\n", m_out); }

private:
    FILE* m_out;
};

}  // namespace

std::unique_ptr<CallFormat> makeFormat(const std::string& name, FILE* out, bool withTimes) {
    if (name == "json") return std::make_unique<JsonFormat>(out);
    if (name == "csv") return std::make_unique<CsvFormat>(out);
    if (name == "chrome") return std::make_unique<ChromeFormat>(out);
    return std::make_unique<TextFormat>(out, withTimes);
}

void writeSummary(FILE* out, const CallTotals& totals, const std::string& format) {
    std::vector<std::pair<std::string, Totals>> rows(totals.begin(), totals.end());
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.second.ns > b.second.ns; });
    if (format == "json" || format == "chrome") {
        for (const auto& [name, t] : rows)
            fprintf(out, "%s\n",
                    dump({{"name", name}, {"calls", t.calls}, {"errors", t.errors}, {"durationNs", t.ns}})
                        .c_str());
        return;
    }
    if (format == "csv") {
        fputs("call,calls,errors,duration_ns\r\n", out);
        for (const auto& [name, t] : rows)
            fprintf(out, "%s,%llu,%llu,%lld\r\n", name.c_str(), static_cast<unsigned long long>(t.calls),
                    static_cast<unsigned long long>(t.errors), static_cast<long long>(t.ns));
        return;
    }
    Totals all;
    for (const auto& [name, t] : rows)
        all.calls += t.calls, all.errors += t.errors, all.ns += t.ns;
    rows.emplace_back("total", all);
    fprintf(out, "%7s %12s %12s %10s %8s  %s\n", "% time", "time", "per call", "calls", "errors", "call");
    for (const auto& [name, t] : rows) {
        const double share = all.ns > 0 ? 100.0 * static_cast<double>(t.ns) / static_cast<double>(all.ns) : 0;
        const double each = t.calls > 0 ? static_cast<double>(t.ns) / static_cast<double>(t.calls) / 1e3 : 0;
        fprintf(out, "%7.1f %9.3f ms %9.2f us %10llu %8llu  %s\n", share, static_cast<double>(t.ns) / 1e6,
                each, static_cast<unsigned long long>(t.calls), static_cast<unsigned long long>(t.errors),
                name.c_str());
    }
}

}  // namespace wscope
