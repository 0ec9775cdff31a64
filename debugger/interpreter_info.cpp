// The prompt's verbs that tell what is known: info and help.

#include <algorithm>

#include "debugger/interpreter.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

Result<> CommandInterpreter::Impl::info(std::string_view text) {
    std::string_view filter = text;
    const std::string_view topic = takeWord(filter);
    const auto is = [&](std::string_view name) { return !topic.empty() && name.starts_with(topic); };
    if (is("breakpoints")) {
        infoBreakpoints("breakpoint");
    } else if (is("watchpoints")) {
        infoBreakpoints("watchpoint");
    } else if (is("functions")) {
        const std::vector<ModuleEntry> rows = TRY(client.call(GetModuleEntries{
            .kind = "function", .filter = std::string(filter), .first = 0, .count = 100'000}));
        answer["functions"] = Json::array();
        for (const ModuleEntry& row : rows) {
            answer["functions"].push_back({{"index", row.index},
                                           {"name", row.name},
                                           {"type", row.type},
                                           {"offset", row.offset},
                                           {"size", row.size}});
            line(std::to_string(row.index) + "  " + (row.size == 0 ? "import" : hexText(row.offset)) + "  " +
                 row.name + "  " + row.type);
        }
        if (rows.empty()) line(filter.empty() ? "No functions." : "No function matches.");
    } else if (is("sources")) {
        const std::vector<SourceFileInfo> files = TRY(client.call(GetSources{}));
        answer["sources"] = Json::array();
        for (const SourceFileInfo& file : files) {
            if (file.path.empty() || file.path.find(filter) == std::string::npos) continue;
            answer["sources"].push_back({{"path", file.path}, {"resolved", file.resolvedPath}});
            line(printable(file.path) + (file.resolvedPath.empty() ? "  (not found)" : ""));
        }
        if (answer["sources"].empty())
            line(filter.empty() ? "The debug info names no source file." : "No source file matches.");
    } else if (is("module")) {
        infoModule();
    } else if (is("frame")) {
        return infoFrame();
    } else if (is("line")) {
        return infoLine();
    } else if (is("locals")) {
        return locals({});
    } else if (is("display")) {
        if (displays.empty()) line("No displays.");
        for (const auto& [number, expression] : displays)
            line(std::to_string(number) + ": " + expression);
    } else if (is("branches")) {
        return Error{ErrorCode::Unsupported, "info branches is not yet supported"};
    } else {
        return Error{ErrorCode::BadArgument,
                     "info what? breakpoints, functions, sources, module, frame, line, locals or display"};
    }
    return {};
}

void CommandInterpreter::Impl::infoModule() {
    const auto module = client.call(GetModule{});
    if (!module) {
        line("No program is loaded.");
        return;
    }
    answer["module"] = {{"name", module->name},         {"bytes", module->bytes},
                        {"features", module->features}, {"debugInfo", module->debugInfo},
                        {"entry", module->entry},       {"mainSource", module->mainSource},
                        {"problems", module->problems}};
    line("name: " + printable(module->name));
    line("size: " + std::to_string(module->bytes) + " bytes");
    line("debug info: " + module->debugInfo);
    line("entry: " + (module->entry.empty() ? "none" : printable(module->entry)));
    if (!module->mainSource.empty()) line("main in: " + printable(module->mainSource));
    std::string features;
    for (const std::string& feature : module->features)
        features += (features.empty() ? "" : ", ") + feature;
    line("features: " + (features.empty() ? "none beyond WebAssembly 1.0" : features));
    for (const std::string& problem : module->problems)
        line("problem: " + printable(problem));
}

Result<> CommandInterpreter::Impl::infoFrame() {
    TRY(needStopped());
    const std::vector<StackFrame> at = TRY(client.call(GetFrames{frame, 1}));
    if (at.empty()) return Error{ErrorCode::State, "there is no frame"};
    const StackFrame& f = at[0];
    line("frame " + std::to_string(f.index) + ": " + f.location.functionName +
         (f.isInlined ? " [inlined]" : ""));
    line("function " + std::to_string(f.location.function) + ", code offset " + hexText(f.location.offset) +
         ", activation " + std::to_string(f.wasmFrame) + " from the youngest");
    if (f.location.line != 0) {
        line("source " + printable(f.location.file) + ":" + std::to_string(f.location.line) +
             (f.location.column != 0 ? ":" + std::to_string(f.location.column) : ""));
    }
    answer["frame"] = f.index;
    answer["location"] = toJson(f.location);
    return {};
}

Result<> CommandInterpreter::Impl::infoLine() {
    TRY(needStopped());
    const std::vector<StackFrame> at = TRY(client.call(GetFrames{frame, 1}));
    if (at.empty()) return Error{ErrorCode::State, "there is no frame"};
    const Location& here = at[0].location;
    answer["location"] = toJson(here);
    if (here.line == 0)
        line("no line is known at " + hexText(here.offset));
    else
        line("line " + std::to_string(here.line) + " of " + printable(here.file) + ", code offset " +
             hexText(here.offset));
    return {};
}

Result<> CommandInterpreter::Impl::help(std::string_view topic) {
    const std::string text = TRY(helpText(topic));
    std::string_view rest = text;
    while (!rest.empty()) {
        const size_t end = rest.find('\n');
        line(std::string(rest.substr(0, end)));
        rest.remove_prefix(end + 1);
    }
    return {};
}

}  // namespace debugger
