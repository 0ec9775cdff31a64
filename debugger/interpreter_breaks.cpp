// The prompt's verbs for breakpoints.

#include <algorithm>

#include "debugger/interpreter.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

/// Splits "PLACE if EXPR".
std::string_view takeCondition(std::string_view& text) {
    std::string_view condition;
    const size_t at = text.starts_with("if ") ? 0 : text.find(" if ");
    if (at == std::string_view::npos) return condition;
    condition = trimmed(text.substr(at + (at == 0 ? 3 : 4)));
    text = trimmed(text.substr(0, at));
    return condition;
}

std::string describe(const BreakpointInfo& info) {
    const BreakpointSpec& spec = info.spec;
    if (spec.kind == BreakpointSpec::Kind::HostCall) return "call " + spec.function;
    if (spec.kind == BreakpointSpec::Kind::Exception)
        return spec.uncaughtOnly ? "throw of an uncaught exception" : "throw of any exception";
    if (info.locations.size() > 1) return std::to_string(info.locations.size()) + " locations";
    if (info.locations.size() == 1) {
        const Location& at = info.locations[0];
        const std::string place = placeText(at);
        return hexText(at.offset) + " in " + at.functionName + (place.empty() ? "" : " at " + place);
    }
    switch (spec.kind) {
    case BreakpointSpec::Kind::Line: return printable(spec.file) + ":" + std::to_string(spec.line);
    case BreakpointSpec::Kind::Offset: return "*" + hexText(spec.offset);
    default: return printable(spec.function);
    }
}

nlohmann::ordered_json breakJson(const BreakpointInfo& info) {
    nlohmann::ordered_json json = {{"id", info.id},
                                   {"what", describe(info)},
                                   {"resolved", info.resolved},
                                   {"enabled", info.spec.enabled},
                                   {"hits", info.hits}};
    json["locations"] = nlohmann::ordered_json::array();
    for (const Location& location : info.locations)
        json["locations"].push_back(toJson(location));
    if (!info.spec.condition.empty()) json["condition"] = info.spec.condition;
    if (info.spec.ignoreCount > 0) json["ignore"] = info.spec.ignoreCount;
    if (info.passing > 0) json["passing"] = info.passing;
    if (!info.message.empty()) json["message"] = info.message;
    return json;
}

}  // namespace

Result<BreakpointSpec> CommandInterpreter::Impl::parsePlace(std::string_view text) {
    BreakpointSpec spec;
    if (text.empty()) {
        TRY(needStopped());
        const std::vector<StackFrame> at = TRY(client.call(GetFrames{frame, 1}));
        if (at.empty()) return Error{ErrorCode::State, "there is no frame"};
        spec.kind = BreakpointSpec::Kind::Offset;
        spec.offset = at[0].location.offset;
        return spec;
    }
    if (text.starts_with('*')) {
        spec.kind = BreakpointSpec::Kind::Offset;
        spec.offset = static_cast<uint32_t>(TRY(parseNumber(trimmed(text.substr(1)))));
        return spec;
    }
    if (text.starts_with("call ")) {
        spec.kind = BreakpointSpec::Kind::HostCall;
        spec.function = trimmed(text.substr(5));
        return spec;
    }
    if (text == "throw" || text == "throw uncaught" || text == "uncaught") {
        spec.kind = BreakpointSpec::Kind::Exception;
        spec.uncaughtOnly = text != "throw";
        return spec;
    }
    const size_t colon = text.rfind(':');
    const auto line = parseNumber(colon == std::string_view::npos ? text : text.substr(colon + 1));
    if (line && *line > 0 && *line < 0xffffffff) {
        spec.line = static_cast<uint32_t>(*line);
        if (colon != std::string_view::npos) {
            spec.file = text.substr(0, colon);
            return spec;
        }
        // A line of the file where the program is, else of the one that holds main.
        if (const auto frames = client.call(GetFrames{frame, 1}); frames && !frames->empty())
            spec.file = (*frames)[0].location.file;
        if (spec.file.empty()) {
            const ModuleSummary module = TRY(client.call(GetModule{}));
            spec.file = module.mainSource;
        }
        if (spec.file.empty())
            return Error{ErrorCode::BadArgument, "which file? say FILE:" + std::string(text)};
        return spec;
    }
    spec.kind = BreakpointSpec::Kind::Function;
    spec.function = text;
    return spec;
}

Result<> CommandInterpreter::Impl::addBreak(BreakpointSpec spec) {
    const bool temporary = spec.temporary, logs = !spec.logText.empty();
    const BreakpointInfo info = TRY(client.call(AddBreakpoint{std::move(spec)}));
    answer["breakpoint"] = breakJson(info);
    std::string text = (temporary ? "Temporary breakpoint "
                        : logs    ? "Log point "
                                  : "Breakpoint ") +
                       std::to_string(info.id);
    text += (info.resolved ? " at " : " for ") + describe(info);
    if (!info.message.empty()) text += " (" + info.message + ")";
    line(text);
    for (const Location& location : info.locations) {
        if (info.locations.size() < 2) break;
        line("  " + hexText(location.offset) + " in " + location.functionName +
             (location.line != 0 ? " at " + placeText(location) : ""));
    }
    return {};
}

Result<> CommandInterpreter::Impl::breakAt(std::string_view text) {
    const std::string_view condition = takeCondition(text);
    BreakpointSpec spec = TRY(parsePlace(text));
    spec.condition = condition;
    return addBreak(std::move(spec));
}

Result<> CommandInterpreter::Impl::catchThrow(std::string_view text) {
    std::string_view place = text;
    takeCondition(place);
    if (place != "throw" && place != "throw uncaught" && place != "uncaught")
        return Error{ErrorCode::BadArgument, "use: catch throw [uncaught] [if EXPR]"};
    return breakAt(text);
}

Result<> CommandInterpreter::Impl::breakOnce(std::string_view text) {
    const std::string_view condition = takeCondition(text);
    BreakpointSpec spec = TRY(parsePlace(text));
    spec.condition = condition;
    spec.temporary = true;
    return addBreak(std::move(spec));
}

Result<> CommandInterpreter::Impl::logPoint(std::string_view text) {
    const size_t comma = text.find(',');
    if (comma == std::string_view::npos)
        return Error{ErrorCode::BadArgument, "use: logpoint PLACE, TEXT with {EXPR}"};
    BreakpointSpec spec = TRY(parsePlace(trimmed(text.substr(0, comma))));
    spec.logText = trimmed(text.substr(comma + 1));
    if (spec.logText.size() >= 2 && spec.logText.front() == '"' && spec.logText.back() == '"') {
        spec.logText = spec.logText.substr(1, spec.logText.size() - 2);
    }
    if (spec.logText.empty()) return Error{ErrorCode::BadArgument, "a log point needs a text"};
    return addBreak(std::move(spec));
}

Result<BreakpointInfo> CommandInterpreter::Impl::findBreak(std::string_view number) {
    const uint64_t id = TRY(parseNumber(number));
    const std::vector<BreakpointInfo> all = TRY(client.call(ListBreakpoints{}));
    for (const BreakpointInfo& info : all) {
        if (info.id == id) return info;
    }
    return Error{ErrorCode::NotFound, "there is no breakpoint " + std::string(number)};
}

Result<> CommandInterpreter::Impl::deleteBreaks(std::string_view numbers) {
    if (numbers.starts_with("breakpoints")) numbers = trimmed(numbers.substr(11));
    std::vector<BreakpointInfo> chosen;
    if (numbers.empty()) chosen = TRY(client.call(ListBreakpoints{}));
    while (!numbers.empty())
        chosen.push_back(TRY(findBreak(takeWord(numbers))));
    answer["deleted"] = Json::array();
    if (chosen.empty()) line("No breakpoints.");
    for (const BreakpointInfo& info : chosen) {
        TRY(client.call(RemoveBreakpoint{info.id}));
        answer["deleted"].push_back(info.id);
        line("Deleted breakpoint " + std::to_string(info.id) + ": " + describe(info));
    }
    return {};
}

Result<> CommandInterpreter::Impl::changeBreaks(std::string_view numbers, bool enabled) {
    std::vector<BreakpointInfo> chosen;
    if (numbers.empty()) chosen = TRY(client.call(ListBreakpoints{}));
    while (!numbers.empty())
        chosen.push_back(TRY(findBreak(takeWord(numbers))));
    for (BreakpointInfo& info : chosen) {
        info.spec.enabled = enabled;
        TRY(client.call(ChangeBreakpoint{info.id, info.spec}));
    }
    return {};
}

Result<> CommandInterpreter::Impl::enable(std::string_view numbers) { return changeBreaks(numbers, true); }
Result<> CommandInterpreter::Impl::disable(std::string_view numbers) { return changeBreaks(numbers, false); }

Result<> CommandInterpreter::Impl::condition(std::string_view text) {
    BreakpointInfo info = TRY(findBreak(takeWord(text)));
    info.spec.condition = text;
    TRY(client.call(ChangeBreakpoint{info.id, info.spec}));
    line("Breakpoint " + std::to_string(info.id) +
         (text.empty() ? " stops always" : " stops only if " + info.spec.condition));
    return {};
}

Result<> CommandInterpreter::Impl::ignore(std::string_view text) {
    const BreakpointInfo info = TRY(findBreak(takeWord(text)));
    const uint64_t count = TRY(parseNumber(text));
    TRY(client.call(PassHits{info.id, count}));
    line("Breakpoint " + std::to_string(info.id) + " passes " + std::to_string(count) + " more times");
    return {};
}

void CommandInterpreter::Impl::infoBreakpoints() {
    const auto all = client.call(ListBreakpoints{});
    if (!all) return;
    answer["breakpoints"] = Json::array();
    if (all->empty()) line("No breakpoints.");
    for (const BreakpointInfo& info : *all) {
        answer["breakpoints"].push_back(breakJson(info));
        std::string text =
            std::to_string(info.id) + "  " + (info.spec.enabled ? "on " : "off") + "  " + describe(info);
        if (info.spec.temporary) text += ", once";
        if (!info.spec.condition.empty()) text += ", if " + info.spec.condition;
        if (!info.spec.logText.empty()) text += ", logs \"" + printable(info.spec.logText) + "\"";
        if (info.hits > 0)
            text += ", hit " + std::to_string(info.hits) + (info.hits == 1 ? " time" : " times");
        if (info.passing > 0)
            text += ", passes " + std::to_string(info.passing) +
                    (info.passing == 1 ? " more time" : " more times");
        if (!info.message.empty()) text += " (" + info.message + ")";
        line(text);
        for (const Location& location : info.locations) {
            if (info.locations.size() < 2) break;
            line("     " + hexText(location.offset) + " in " + location.functionName +
                 (location.line != 0 ? " at " + placeText(location) : ""));
        }
    }
}

}  // namespace debugger
