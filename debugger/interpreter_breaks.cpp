// The prompt's verbs for breakpoints.

#include <algorithm>

#include "debugger/interpreter.h"
#include "debugger/watchpoints.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

/// Splits "PLACE if EXPR"; without a condition nothing is taken off.
Result<std::string_view> takeCondition(std::string_view& text) {
    for (size_t at = 0; (at = text.find("if", at)) != std::string_view::npos; at += 2) {
        const std::string_view behind = text.substr(at + 2);
        const bool isWord =
            (at == 0 || text[at - 1] == ' ') && (behind.empty() || behind[0] == ' ' || behind[0] == '(');
        if (!isWord) continue;
        const std::string_view condition = trimmed(behind);
        if (condition.empty()) return Error{ErrorCode::BadArgument, "an expression is missing behind if"};
        text = trimmed(text.substr(0, at));
        return condition;
    }
    return std::string_view();
}

/// Where the place of a log point ends: at the first comma outside brackets, quotes and, before its condition, template arguments.
size_t endOfPlace(std::string_view text) {
    int depth = 0;
    char quote = 0;
    bool inCondition = false;
    for (size_t i = 0; i < text.size(); i++) {
        const char c = text[i];
        if (quote != 0) {
            if (c == '\\') i++;
            if (c == quote) quote = 0;
            continue;
        }
        const std::string_view word = i == 0 || text[i - 1] == ' ' ? text.substr(i, 3) : std::string_view();
        inCondition |= word == "if " || word == "if(";
        const bool opens = c == '(' || c == '[' || c == '{' || (c == '<' && !inCondition);
        const bool closes = c == ')' || c == ']' || c == '}' || (c == '>' && !inCondition);
        if (c == '"' || c == '\'') quote = c;
        if (opens) depth++;
        if (closes && depth > 0) depth--;
        if (c == ',' && depth == 0) return i;
    }
    return text.find(',');  // brackets of a name like operator<, or a quote in it
}

/// A line, or why the text, which can be nothing else, is none.
Result<uint32_t> parseLine(std::string_view text) {
    const auto line = parseNumber(text);
    if (line && *line > 0 && *line < ~uint32_t{0}) return static_cast<uint32_t>(*line);
    return Error{ErrorCode::BadArgument,
                 "\"" + printable(text) + "\" is no line: lines are numbers from 1 on"};
}

std::string timesText(uint64_t count, const std::string& time) {
    return std::to_string(count) + " " + time + (count == 1 ? "" : "s");
}

std::string describe(const BreakpointInfo& info) {
    const BreakpointSpec& spec = info.spec;
    if (spec.kind == BreakpointSpec::Kind::HostCall) return "call " + spec.function;
    if (spec.kind == BreakpointSpec::Kind::Exception)
        return spec.uncaughtOnly ? "throw of an uncaught exception" : "throw of any exception";
    if (spec.kind == BreakpointSpec::Kind::Watch) {
        constexpr std::string_view kAccess[] = {"change of ", "write to ", "read of ", "access to "};
        std::string text = std::string(kAccess[static_cast<size_t>(spec.access)]) + watchText(spec);
        if (info.resolved && !spec.expression.empty())
            text += ", " + std::to_string(info.length) + (info.length == 1 ? " byte at " : " bytes at ") +
                    hexText(info.address);
        return text + (info.scope.empty() ? "" : ", " + info.scope);
    }
    if (spec.kind == BreakpointSpec::Kind::Denied) return "calls that are denied";
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

std::string nounOf(const BreakpointInfo& info) {
    return info.spec.kind == BreakpointSpec::Kind::Watch ? "watchpoint" : "breakpoint";
}

/// What is watched, and where it is if that is known.
nlohmann::ordered_json watchJson(const BreakpointInfo& info) {
    constexpr const char* kAccess[] = {"change", "write", "read", "access"};
    nlohmann::ordered_json json = {{"access", kAccess[static_cast<size_t>(info.spec.access)]}};
    if (!info.spec.expression.empty()) json["expression"] = info.spec.expression;
    json["memory"] = info.spec.memory;
    const bool isKnown = info.length > 0 || info.spec.expression.empty();
    if (isKnown) json["address"] = info.length > 0 ? info.address : info.spec.address;
    if (isKnown) json["length"] = info.length > 0 ? info.length : info.spec.length;
    if (!info.scope.empty()) json["scope"] = info.scope;
    return json;
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
    if (info.spec.kind == BreakpointSpec::Kind::Watch) json["watch"] = watchJson(info);
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
        spec.offset = TRY(parseOffset(text));
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
    if (text == "denied") {
        spec.kind = BreakpointSpec::Kind::Denied;
        return spec;
    }
    // FILE:LINE or LINE, while ns::name is a function.
    const size_t colon = text.rfind(':');
    const bool hasFile = colon != std::string_view::npos && (colon == 0 || text[colon - 1] != ':');
    const bool isNumber = parseNumber(text[0] == '-' ? text.substr(1) : text).ok() ||
                          text.find_first_not_of("-0123456789") == std::string_view::npos;
    if (!hasFile && !isNumber) {
        spec.kind = BreakpointSpec::Kind::Function;
        spec.function = text;
        return spec;
    }
    spec.line = TRY(parseLine(hasFile ? text.substr(colon + 1) : text));
    if (hasFile) {
        spec.file = text.substr(0, colon);
        return spec;
    }
    // A line of the file where the program is, else of the one that holds main.
    if (const auto frames = client.call(GetFrames{frame, 1}); frames && !frames->empty())
        spec.file = (*frames)[0].location.file;
    if (spec.file.empty()) spec.file = TRY(client.call(GetModule{}))
    .mainSource;
    if (spec.file.empty()) return Error{ErrorCode::BadArgument, "which file? say FILE:" + std::string(text)};
    return spec;
}

Result<> CommandInterpreter::Impl::addBreak(BreakpointSpec spec) {
    const bool temporary = spec.temporary, logs = !spec.logText.empty();
    const BreakpointInfo info =
        TRY(client.call(AddBreakpoint{.spec = std::move(spec), .isRemembered = false, .frame = frame}));
    answer["breakpoint"] = breakJson(info);
    if (info.spec.kind == BreakpointSpec::Kind::Watch) {
        line("Watchpoint " + std::to_string(info.id) + ": " + describe(info) +
             (info.message.empty() ? "" : " (" + info.message + ")"));
        return {};
    }
    std::string text = (temporary ? "Temporary breakpoint "
                        : logs    ? "Log point "
                                  : "Breakpoint ") +
                       std::to_string(info.id);
    text += (info.resolved ? " at " : " for ") + describe(info);
    if (!info.message.empty()) text += " (" + info.message + ")";
    line(text);
    if (info.spec.kind == BreakpointSpec::Kind::Denied && isLive())
        line("  (what its C library refuses by itself is seen from the next start on)");
    for (const Location& location : info.locations) {
        if (info.locations.size() < 2) break;
        line("  " + hexText(location.offset) + " in " + location.functionName +
             (location.line != 0 ? " at " + placeText(location) : ""));
    }
    return {};
}

Result<> CommandInterpreter::Impl::breakAt(std::string_view text) {
    const std::string_view condition = TRY(takeCondition(text));
    BreakpointSpec spec = TRY(parsePlace(text));
    spec.condition = condition;
    return addBreak(std::move(spec));
}

Result<> CommandInterpreter::Impl::catchThrow(std::string_view text) {
    std::string_view place = text;
    TRY(takeCondition(place));
    if (place != "throw" && place != "throw uncaught" && place != "uncaught")
        return Error{ErrorCode::BadArgument, "use: catch throw [uncaught] [if EXPR]"};
    return breakAt(text);
}

Result<> CommandInterpreter::Impl::breakOnce(std::string_view text) {
    const std::string_view condition = TRY(takeCondition(text));
    BreakpointSpec spec = TRY(parsePlace(text));
    spec.condition = condition;
    spec.temporary = true;
    return addBreak(std::move(spec));
}

Result<> CommandInterpreter::Impl::logPoint(std::string_view text) {
    const size_t comma = endOfPlace(text);
    if (comma == std::string_view::npos)
        return Error{ErrorCode::BadArgument, "use: logpoint PLACE [if EXPR], TEXT with {EXPR}"};
    std::string_view place = trimmed(text.substr(0, comma));
    const std::string_view condition = TRY(takeCondition(place));
    BreakpointSpec spec = TRY(parsePlace(place));
    spec.condition = condition;
    spec.logText = trimmed(text.substr(comma + 1));
    if (spec.logText.size() >= 2 && spec.logText.front() == '"' && spec.logText.back() == '"') {
        spec.logText = spec.logText.substr(1, spec.logText.size() - 2);
    }
    if (spec.logText.empty()) return Error{ErrorCode::BadArgument, "a log point needs a text"};
    return addBreak(std::move(spec));
}

Result<> CommandInterpreter::Impl::addWatch(std::string_view text, WatchAccess access) {
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::Watch;
    spec.access = access;
    spec.condition = TRY(takeCondition(text));
    if (text.empty())
        return Error{ErrorCode::BadArgument, "what is to be watched? say EXPR or ADDRESS,LENGTH"};
    const size_t comma = endOfPlace(text);
    if (comma == std::string_view::npos) {
        spec.expression = text;
        return addBreak(std::move(spec));
    }
    std::string_view length = trimmed(text.substr(comma + 1));
    if (const size_t second = length.find(','); second != std::string_view::npos) {
        const uint64_t memory = TRY(parseNumber(trimmed(length.substr(second + 1))));
        spec.memory = static_cast<uint32_t>(std::min<uint64_t>(memory, ~uint32_t{0}));
        length = trimmed(length.substr(0, second));
    }
    spec.address = TRY(addressOf(trimmed(text.substr(0, comma))));
    spec.length = TRY(parseNumber(length));
    return addBreak(std::move(spec));
}

Result<> CommandInterpreter::Impl::watch(std::string_view text) {
    return addWatch(text, WatchAccess::Change);
}
Result<> CommandInterpreter::Impl::watchRead(std::string_view text) {
    return addWatch(text, WatchAccess::Read);
}
Result<> CommandInterpreter::Impl::watchAccess(std::string_view text) {
    return addWatch(text, WatchAccess::Access);
}
Result<> CommandInterpreter::Impl::watchWrite(std::string_view text) {
    return addWatch(text, WatchAccess::Write);
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
    while (!numbers.empty()) {
        BreakpointInfo info = TRY(findBreak(takeWord(numbers)));
        const auto isSame = [&](const BreakpointInfo& other) { return other.id == info.id; };
        if (std::none_of(chosen.begin(), chosen.end(), isSame)) chosen.push_back(std::move(info));
    }
    answer["deleted"] = Json::array();
    if (chosen.empty()) line("No breakpoints.");
    for (const BreakpointInfo& info : chosen) {
        TRY(client.call(RemoveBreakpoint{info.id}));
        answer["deleted"].push_back(info.id);
        line("Deleted " + nounOf(info) + " " + std::to_string(info.id) + ": " + describe(info));
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
    line((nounOf(info)[0] == 'w' ? "Watchpoint " : "Breakpoint ") + std::to_string(info.id) +
         (text.empty() ? " stops always" : " stops only if " + info.spec.condition));
    return {};
}

Result<> CommandInterpreter::Impl::ignore(std::string_view text) {
    const BreakpointInfo info = TRY(findBreak(takeWord(text)));
    const uint64_t count = TRY(parseNumber(text));
    TRY(client.call(PassHits{info.id, count}));
    line((nounOf(info)[0] == 'w' ? "Watchpoint " : "Breakpoint ") + std::to_string(info.id) + " passes " +
         timesText(count, "more time"));
    return {};
}

/// A watchpoint is a breakpoint too.
void CommandInterpreter::Impl::infoBreakpoints(std::string_view noun) {
    auto all = client.call(ListBreakpoints{});
    if (!all) return;
    if (noun == "watchpoint") std::erase_if(*all, [&](const auto& info) { return nounOf(info) != noun; });
    answer["breakpoints"] = Json::array();
    if (all->empty()) line("No " + std::string(noun) + "s.");
    for (const BreakpointInfo& info : *all) {
        answer["breakpoints"].push_back(breakJson(info));
        std::string text =
            std::to_string(info.id) + "  " + (info.spec.enabled ? "on " : "off") + "  " + describe(info);
        if (info.spec.temporary) text += ", once";
        if (!info.spec.condition.empty()) text += ", if " + info.spec.condition;
        if (!info.spec.logText.empty()) text += ", logs \"" + printable(info.spec.logText) + "\"";
        if (info.hits > 0) text += ", hit " + timesText(info.hits, "time");
        if (info.passing > 0) text += ", passes " + timesText(info.passing, "more time");
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
