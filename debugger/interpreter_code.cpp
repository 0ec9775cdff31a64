// The prompt's verbs for frames, source, code and calls.

#include <algorithm>

#include "debugger/interpreter.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

// ----------------------------------------------------------------------------------------------------------------- frames

std::string CommandInterpreter::Impl::argumentsText(uint32_t index) {
    const auto nodes = client.call(GetVariables{index, false});
    std::string text;
    if (!nodes) return text;
    for (const VariableNode& node : *nodes) {
        if (node.group != "Parameters") continue;
        // One line has to hold them all: what is big or lost is only named.
        const bool isBig = node.value.starts_with('{') && node.value.size() > 40;
        const bool isLost = node.value.find("optimised out") != std::string::npos;
        const std::string shown = isBig            ? "…"
                                  : node.available ? node.value
                                  : isLost         ? "<optimised out>"
                                                   : "<unavailable>";
        text += (text.empty() ? "" : ", ") + node.name + "=" + shown;
    }
    return text;
}

std::string CommandInterpreter::Impl::frameText(const StackFrame& frame) {
    const std::string place = placeText(frame.location);
    std::string text = frame.location.functionName;
    text += place.empty() ? " at " + hexText(frame.location.offset)
                          : " (" + argumentsText(frame.index) + ") at " + place;
    return text + (frame.isInlined ? " [inlined]" : "");
}

Result<> CommandInterpreter::Impl::backtrace(std::string_view count) {
    TRY(needStopped());
    uint32_t wanted = 100;
    if (!count.empty())
        wanted = static_cast<uint32_t>(std::min<uint64_t>(TRY(parseNumber(count)), 1'000'000));
    const std::vector<StackFrame> frames = TRY(client.call(GetFrames{0, wanted + 1}));
    answer["frames"] = Json::array();
    if (frames.empty()) line("No stack.");
    for (const StackFrame& f : frames) {
        if (f.index >= wanted) {
            line("(more frames follow: bt COUNT)");
            break;
        }
        Json row = {{"index", f.index}, {"inlined", f.isInlined}};
        row.update(toJson(f.location));
        answer["frames"].push_back(std::move(row));
        line("#" + std::to_string(f.index) + (f.index < 10 ? "  " : " ") + frameText(f));
    }
    return {};
}

Result<> CommandInterpreter::Impl::showFrame(uint32_t index) {
    const std::vector<StackFrame> at = TRY(client.call(GetFrames{index, 1}));
    if (at.empty()) return Error{ErrorCode::NotFound, "there is no frame " + std::to_string(index)};
    frame = index;
    listFile.clear();
    answer["frame"] = index;
    answer["location"] = toJson(at[0].location);
    line("#" + std::to_string(index) + "  " + frameText(at[0]));
    if (at[0].location.line != 0) showSourceLine(at[0].location);
    return {};
}

Result<> CommandInterpreter::Impl::selectFrame(std::string_view number) {
    TRY(needStopped());
    uint64_t index = frame;
    if (!number.empty()) index = TRY(parseNumber(number));
    return showFrame(static_cast<uint32_t>(std::min<uint64_t>(index, ~uint32_t{0})));
}

Result<> CommandInterpreter::Impl::up(std::string_view count) {
    TRY(needStopped());
    uint64_t levels = 1;
    if (!count.empty()) levels = TRY(parseNumber(count));
    const auto result = showFrame(static_cast<uint32_t>(std::min<uint64_t>(frame + levels, ~uint32_t{0})));
    if (!result) return Error{ErrorCode::NotFound, "this is the outermost frame"};
    return {};
}

Result<> CommandInterpreter::Impl::down(std::string_view count) {
    TRY(needStopped());
    uint64_t levels = 1;
    if (!count.empty()) levels = TRY(parseNumber(count));
    if (levels > frame) return Error{ErrorCode::NotFound, "this is the innermost frame"};
    return showFrame(static_cast<uint32_t>(frame - levels));
}

// ----------------------------------------------------------------------------------------------------------------- source

const std::vector<std::string>& CommandInterpreter::Impl::sourceLines(const std::string& file) {
    const auto known = sources.find(file);
    if (known != sources.end()) return known->second;
    std::vector<std::string>& lines = sources[file];
    const auto source = client.call(GetSource{file});
    if (!source) return lines;
    if (!source->warning.empty()) line("warning: " + printable(baseName(file)) + ": " + source->warning);
    std::string_view text = source->text;
    while (!text.empty()) {
        const size_t end = text.find('\n');
        std::string_view one = text.substr(0, end);
        if (one.ends_with('\r')) one.remove_suffix(1);
        std::string shown;
        for (char c : one) {
            if (c == '\t')
                shown.append(4 - shown.size() % 4, ' ');
            else
                shown += c;
        }
        lines.push_back(printable(shown));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

bool CommandInterpreter::Impl::showSourceLine(const Location& location) {
    const std::vector<std::string>& text = sourceLines(location.file);
    if (location.line == 0 || location.line > text.size()) return false;
    line(std::to_string(location.line) + "\t" + text[location.line - 1]);
    return true;
}

Result<> CommandInterpreter::Impl::list(std::string_view place) {
    constexpr uint32_t kLines = 10;
    uint64_t last = 0;  // of FIRST,LAST
    if (const size_t comma = place.rfind(','); comma != std::string_view::npos) {
        last = TRY(parseNumber(trimmed(place.substr(comma + 1))));
        place = trimmed(place.substr(0, comma));
    }
    if (!place.empty()) {
        BreakpointSpec spec = TRY(parsePlace(place));
        if (spec.kind != BreakpointSpec::Kind::Line) {
            // A function or an offset: where a breakpoint there would be.
            spec.enabled = false;
            const BreakpointInfo info = TRY(client.call(AddBreakpoint{spec}));
            TRY(client.call(RemoveBreakpoint{info.id}));
            if (info.locations.empty()) return Error{ErrorCode::NotFound, info.message};
            spec.file = info.locations[0].file;
            spec.line = info.locations[0].line;
            if (spec.file.empty()) return Error{ErrorCode::NotFound, "no source line is known there"};
        } else {
            const std::vector<SourceFileInfo> files = TRY(client.call(GetSources{}));
            const auto matches = [&](const SourceFileInfo& f) {
                return f.path == spec.file ||
                       (f.path.ends_with(spec.file) && f.path[f.path.size() - spec.file.size() - 1] == '/');
            };
            const auto found = std::find_if(files.begin(), files.end(), matches);
            if (found == files.end())
                return Error{ErrorCode::NotFound,
                             "no source file named \"" + printable(spec.file) + "\" in the debug info"};
            spec.file = found->path;
        }
        listFile = spec.file;
        listLine = last > 0 ? spec.line : spec.line > kLines / 2 ? spec.line - kLines / 2 : 1;
    } else if (listFile.empty()) {
        Location at;
        if (const auto frames = client.call(GetFrames{frame, 1}); frames && !frames->empty())
            at = (*frames)[0].location;
        if (at.file.empty()) {
            const ModuleSummary module = TRY(client.call(GetModule{}));
            at.file = module.mainSource;
            at.line = 1;
        }
        if (at.file.empty())
            return Error{ErrorCode::NotFound, "no source is known here; disassemble shows the code"};
        listFile = at.file;
        listLine = at.line > kLines / 2 ? at.line - kLines / 2 : 1;
    }
    const std::vector<std::string>& text = sourceLines(listFile);
    if (text.empty()) {
        const auto why = client.call(GetSource{listFile});
        if (!why) return why.error();
    }
    if (listLine > text.size())
        return Error{ErrorCode::NotFound, "the file has " + std::to_string(text.size()) + " lines"};
    if (last > 0 && last < listLine)
        return Error{ErrorCode::BadArgument, "the last line is before the first"};
    const uint64_t end = std::min<uint64_t>(text.size(), last > 0 ? last : uint64_t{listLine} + kLines - 1);
    for (; listLine <= end; listLine++) {
        line(std::to_string(listLine) + "\t" + text[listLine - 1]);
    }
    return {};
}

Result<> CommandInterpreter::Impl::disassemble(std::string_view place) {
    Disassemble request;
    request.machine = format == "m";
    if (!format.empty() && !request.machine)
        return Error{ErrorCode::BadArgument,
                     "disassemble/" + printable(format) + ": the only form is /m, with machine code"};
    if (place.empty()) {
        TRY(needStopped());
        const std::vector<StackFrame> at = TRY(client.call(GetFrames{frame, 1}));
        if (at.empty()) return Error{ErrorCode::State, "there is no frame"};
        request.offset = at[0].location.offset;
    } else if (place.starts_with('*')) {
        request.offset = TRY(parseOffset(place));
    } else {
        BreakpointSpec spec;
        spec.kind = BreakpointSpec::Kind::Function;
        spec.function = place;
        spec.enabled = false;
        const BreakpointInfo info = TRY(client.call(AddBreakpoint{spec}));
        TRY(client.call(RemoveBreakpoint{info.id}));
        if (info.locations.empty())
            return Error{ErrorCode::NotFound, "no function named \"" + printable(place) + "\" in the module"};
        request.offset = info.locations[0].offset;
    }
    const std::vector<DisassemblyRow> rows = TRY(client.call(request));
    answer["rows"] = Json::array();
    for (const DisassemblyRow& row : rows) {
        Json entry = {{"offset", row.offset}, {"text", row.text}};
        if (row.line != 0) {
            entry["file"] = row.file;
            entry["line"] = row.line;
            const auto& text = sourceLines(row.file);
            line(printable(baseName(row.file)) + ":" + std::to_string(row.line) +
                 (row.line <= text.size() ? "\t" + text[row.line - 1] : ""));
        }
        if (row.isCurrent) entry["current"] = true;
        line((row.isCurrent ? "=> " : "   ") + hexText(row.offset) + "\t" +
             std::string(2 * size_t{row.depth}, ' ') + row.text);
        for (const MachineRow& machine : row.machine) {
            entry["machine"].push_back({{"offset", machine.offset},
                                        {"bytes", machine.bytes},
                                        {"text", machine.text},
                                        {"note", machine.note}});
            line("      +" + hexText(machine.offset) + "\t\t" + machine.text +
                 (machine.note.empty() ? "" : "  ; " + machine.note));
        }
        answer["rows"].push_back(std::move(entry));
    }
    return {};
}

// ------------------------------------------------------------------------------------------------------------------ calls

namespace {

void showValues(const std::vector<CallValue>& values, int depth,
                const std::function<void(std::string)>& line) {
    for (const CallValue& value : values) {
        line(std::string(static_cast<size_t>(2 * depth), ' ') + value.name +
             (value.type.empty() ? "" : ": " + value.type) + " = " + value.text);
        showValues(value.children, depth + 1, line);
    }
}

}  // namespace

Result<> CommandInterpreter::Impl::calls(std::string_view filter) {
    if (filter.starts_with('#')) {
        const uint64_t number = TRY(parseNumber(filter.substr(1)));
        const CallDetail call = TRY(client.call(GetCall{number}));
        answer["call"] = toJson(call.row);
        line(callText(call.row));
        line("  " + call.summary);
        if (!call.detail.empty()) line("  " + printable(call.detail));
        const auto show = [this](std::string text) { line(std::move(text)); };
        showValues(call.arguments, 1, show);
        showValues(call.results, 1, show);
        for (const Location& at : call.backtrace) {
            const std::string place = placeText(at);
            line("  from " + at.functionName + " at " + (place.empty() ? hexText(at.offset) : place));
        }
        answer["follow"] = Json::array();
        for (const uint32_t descriptor : call.row.descriptors) {
            const std::string followed = TRY(client.call(FollowDescriptor{number, descriptor}));
            answer["follow"].push_back(followed);
            line("  all calls on that descriptor " + std::to_string(descriptor) + ": calls " + followed);
        }
        return {};
    }
    answer["calls"] = Json::array();
    uint64_t first = 0;
    bool isThrough = false;
    while (!isThrough && !interrupted && !finished) {
        const CallSlice slice = TRY(client.call(GetCalls{first, 1000, std::string(filter)}));
        for (const CallRow& row : slice.rows) {
            answer["calls"].push_back(toJson(row));
            const std::string place = placeText(row.caller);
            line(callText(row) + (place.empty() ? "" : "  [" + place + "]"));
        }
        first += slice.rows.size();
        isThrough = !slice.isSearching && (slice.rows.empty() || first >= slice.matching);
    }
    if (first == 0) line(filter.empty() ? "No calls yet." : "No call matches.");
    return {};
}

Result<> CommandInterpreter::Impl::openFiles(std::string_view) {
    const std::vector<OpenFileRow> rows = TRY(client.call(GetOpenFiles{}));
    answer["files"] = Json::array();
    if (rows.empty()) line("No open files.");
    for (const OpenFileRow& row : rows) {
        answer["files"].push_back({{"fd", row.fd},
                                   {"kind", row.kind},
                                   {"guestPath", row.guestPath},
                                   {"position", row.position},
                                   {"bytesRead", row.bytesRead},
                                   {"bytesWritten", row.bytesWritten},
                                   {"rights", row.rights}});
        std::string text = std::to_string(row.fd) + "  " + row.kind;
        if (!row.guestPath.empty()) text += " " + printable(row.guestPath);
        if (row.isPreopen) text += " (preopened)";
        if (row.kind == "file") text += ", at " + std::to_string(row.position);
        if (row.bytesRead > 0) text += ", " + std::to_string(row.bytesRead) + " bytes read";
        if (row.bytesWritten > 0) text += ", " + std::to_string(row.bytesWritten) + " bytes written";
        line(text);
    }
    return {};
}

Result<> CommandInterpreter::Impl::folderChanges(std::string_view arguments) {
    std::string_view rest = arguments;
    const std::string_view verb = takeWord(rest);
    if (verb == "apply" || verb == "discard") {
        const std::string folder(rest);
        const uint64_t count = verb == "apply" ? TRY(client.call(ApplyFolderChanges{folder}))
                                               : TRY(client.call(DiscardFolderChanges{folder}));
                                               answer["count"] = count;
                                               line(std::to_string(count) +
                                                    (count == 1 ? " change " : " changes ") +
                                                    (verb == "apply" ? "applied" : "discarded"));
                                               return {};
    }
    if (verb == "diff") {
        const std::string diff = TRY(client.call(GetFolderDiff{std::string(rest)}));
        answer["diff"] = diff;
        for (size_t at = 0; at < diff.size();) {
            const size_t end = diff.find('\n', at);
            line(diff.substr(at, end - at));
            at = end + 1;
        }
        if (diff.empty()) line("no changes");
        return {};
    }
    const std::vector<wasi::FolderChanges> folders = TRY(client.call(GetFolderChanges{}));
    answer["folders"] = Json::array();
    if (folders.empty()) line("No folder is an overlay or in memory.");
    for (const wasi::FolderChanges& folder : folders) {
        if (!arguments.empty() && arguments != folder.guestPath) continue;
        Json changes = Json::array();
        line(printable(folder.guestPath) +
             (folder.isOverlay ? " (overlay of " + printable(folder.hostPath) + ")" : " (in memory)") +
             (folder.changes.empty() ? ": no changes" : ""));
        for (const wasi::FolderChange& change : folder.changes) {
            changes.push_back({{"kind", std::string(wasi::toText(change.kind))},
                               {"path", change.path},
                               {"bytesBefore", change.bytesBefore},
                               {"bytesNow", change.bytesNow}});
            line("  " + wasi::toText(change));
        }
        answer["folders"].push_back({{"guestPath", folder.guestPath},
                                     {"hostPath", folder.hostPath},
                                     {"overlay", folder.isOverlay},
                                     {"changes", std::move(changes)}});
    }
    return {};
}

}  // namespace debugger
