// wscope inspect: what a module holds, without running it.

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/wscope/commands.h"
#include "app/wscope/options.h"
#include "debugger/breakpoints.h"
#include "debugger/code_view.h"
#include "debugger/debuggee.h"
#include "debugger/explain.h"
#include "debugger/wat_file.h"
#include "engine/disassembly.h"
#include "engine/instruction_help.h"

namespace wscope {

namespace {

using Json = nlohmann::ordered_json;
using debugger::ModuleEntry;

struct InspectOptions {
    std::string file, format = "text", line, explain;
    bool wat = false, validateOnly = false;
    size_t functions = 20;
};

Json toJson(const ModuleEntry& row) {
    Json json = {{"index", row.index}, {"name", row.name}};
    if (!row.type.empty()) json["type"] = row.type;
    if (!row.detail.empty()) json["detail"] = row.detail;
    json["offset"] = row.offset;
    json["size"] = row.size;
    return json;
}

void printRows(const char* title, const std::vector<ModuleEntry>& rows, size_t most) {
    if (rows.empty()) return;
    printf("\n%s (%zu)\n", title, rows.size());
    for (size_t i = 0; i < rows.size() && i < most; i++) {
        const ModuleEntry& row = rows[i];
        std::string text = row.name;
        for (const std::string& part : {row.type, row.detail}) {
            if (!part.empty()) text += (text.empty() ? "" : "  ") + part;
        }
        printf("  %5u  %10s  %10llu  %s\n", row.index,
               row.offset == 0 ? "" : debugger::hexText(row.offset).c_str(),
               static_cast<unsigned long long>(row.size), text.c_str());
    }
    if (rows.size() > most) printf("  … %zu more\n", rows.size() - most);
}

/// Functions by size, named by the debug info where it knows better.
std::vector<ModuleEntry> functionsBySize(const engine::Module& module, const debugger::Symbols& symbols) {
    std::vector<ModuleEntry> rows = debugger::moduleEntries(module, "function");
    for (ModuleEntry& row : rows) {
        const auto symbol = row.size > 0 ? symbols.functionAt(row.offset) : std::nullopt;
        if (symbol && !symbol->qualifiedName.empty()) row.name = debugger::printable(symbol->qualifiedName);
    }
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.size > b.size; });
    return rows;
}

int inspectLine(debugger::Places& places, const InspectOptions& wanted) {
    const size_t colon = wanted.line.rfind(':');
    uint32_t number = 0;
    if (colon == std::string::npos || sscanf(wanted.line.c_str() + colon + 1, "%u", &number) != 1) {
        return fail("--lines takes FILE:LINE, not \"" + debugger::printable(wanted.line) + "\"");
    }
    const debugger::LineCode code = debugger::codeOfLine(places, wanted.line.substr(0, colon), number);
    if (code.offsets.empty()) return fail(code.why);
    if (wanted.format == "json") {
        Json json = {{"line", code.line}, {"locations", Json::array()}};
        for (const auto& [offset, depth] : code.offsets) {
            const debugger::Location at = places.location(offset, places.levelsBelow(offset, depth));
            json["locations"].push_back(
                {{"offset", offset}, {"function", at.functionName}, {"file", at.file}, {"line", at.line}});
        }
        std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
        return 0;
    }
    for (const auto& [offset, depth] : code.offsets) {
        const debugger::Location at = places.location(offset, places.levelsBelow(offset, depth));
        std::cout << debugger::hexText(offset) << "  " << at.functionName << "  "
                  << debugger::printable(at.file) << ":" << at.line << "\n";
    }
    return 0;
}

int explain(const InspectOptions& wanted) {
    if (!wanted.file.empty() || wanted.wat || !wanted.line.empty())
        return fail("--explain takes an instruction and no file: leave out the rest");
    const auto ops = engine::findInstructions(wanted.explain);
    if (!ops) return fail(ops.error());
    Json json = Json::array();
    for (engine::Op op : *ops) {
        const debugger::InstructionText text = debugger::instructionText(op);
        json.push_back(debugger::toJson(text));
        if (wanted.format == "json") continue;
        if (json.size() > 1) std::cout << "\n";
        for (const std::string& line : debugger::textLines(text))
            std::cout << line << "\n";
    }
    if (wanted.format == "json") std::cout << json.dump() << std::endl;
    return 0;
}

int inspect(const InspectOptions& wanted) {
    if (!wanted.explain.empty()) return explain(wanted);
    if (wanted.file.empty()) return fail("which FILE? wscope inspect FILE, or --explain INSTRUCTION");
    if (wanted.wat && (wanted.format == "json" || !wanted.line.empty()))
        return fail("--wat writes text only: leave out --format json and --lines");
    auto bytes = debugger::readProgram(wanted.file);
    if (!bytes) return fail(bytes.error());
    auto module = engine::decodeModule(std::move(*bytes), wanted.file);
    if (!module) return fail(module.error());
    const auto valid = engine::validateModule(**module);
    if (wanted.validateOnly) {
        if (!valid) return fail(valid.error());
        std::cout << debugger::printable(wanted.file) << ": valid" << std::endl;
        return 0;
    }
    if (wanted.wat) {
        engine::writeWat(**module, true, [](std::string_view text) { std::cout << text; });
        if (!valid) fail(valid.error());
        return valid ? 0 : kOurError;
    }
    const auto symbols = debugger::openSymbols(*module, {});
    debugger::Places places(*module, *symbols);
    if (!wanted.line.empty()) return inspectLine(places, wanted);

    const debugger::SymbolSummary info = symbols->summary();
    const std::vector<std::string> features = debugger::featureNames(**module);
    const std::vector<ModuleEntry> functions = functionsBySize(**module, *symbols);
    if (wanted.format == "json") {
        Json json = {{"file", wanted.file},
                     {"bytes", (*module)->bytes->size()},
                     {"name", (*module)->names().module},
                     {"valid", valid.ok()}};
        if (!valid) json["error"] = valid.error().text();
        json["features"] = features;
        json["debugInfo"] = {{"format", info.format},       {"units", info.units},
                             {"functions", info.functions}, {"files", info.files},
                             {"lineRows", info.lineRows},   {"producers", info.producers},
                             {"languages", info.languages}, {"problems", info.problems}};
        for (const char* kind : {"section", "custom", "import", "export", "memory", "table", "global"}) {
            Json& list = json[std::string(kind) + "s"] = Json::array();
            for (const ModuleEntry& row : debugger::moduleEntries(**module, kind))
                list.push_back(toJson(row));
        }
        for (const ModuleEntry& row : functions)
            json["functions"].push_back(toJson(row));
        std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
        return valid ? 0 : kOurError;
    }
    printf("%s: %zu bytes", debugger::printable(wanted.file).c_str(), (*module)->bytes->size());
    if (!(*module)->names().module.empty())
        printf(", module \"%s\"", debugger::printable((*module)->names().module).c_str());
    std::string list;
    for (const std::string& feature : features)
        list += (list.empty() ? "" : ", ") + feature;
    printf("\nfeatures: %s\n", list.empty() ? "none beyond WebAssembly 1.0" : list.c_str());
    printf("debug info: %s", info.format.c_str());
    if (info.units > 0)
        printf(", %u units, %u functions, %u files, %llu line rows", info.units, info.functions, info.files,
               static_cast<unsigned long long>(info.lineRows));
    printf("\n");
    for (const std::string& producer : info.producers)
        printf("  built by %s\n", debugger::printable(producer).c_str());
    for (const std::string& problem : info.problems)
        printf("  problem: %s\n", debugger::printable(problem).c_str());
    for (const auto& [kind, title] : {std::pair{"section", "sections"},
                                      {"custom", "custom sections"},
                                      {"import", "imports"},
                                      {"export", "exports"},
                                      {"memory", "memories"},
                                      {"table", "tables"},
                                      {"global", "globals"}}) {
        printRows(title, debugger::moduleEntries(**module, kind), 1000);
    }
    printRows("functions, largest first", functions, wanted.functions);
    fflush(stdout);
    if (!valid) return fail(valid.error());
    return 0;
}

}  // namespace

void addInspect(CLI::App& app, int& status) {
    auto wanted = std::make_shared<InspectOptions>();
    CLI::App* command = app.add_subcommand("inspect", "Show what a module holds, without running it");
    command->add_option("FILE", wanted->file, "A WebAssembly module, or text (.wat)");
    command->add_option("--format", wanted->format, "text or json")->check(CLI::IsMember({"text", "json"}));
    command->add_flag("--wat", wanted->wat, "Write the whole module as WebAssembly text, with offsets");
    command->add_flag("--validate", wanted->validateOnly, "Only tell whether the module is valid")
        ->excludes(command->get_option("--format"), command->get_option("--wat"));
    command->add_option("--lines", wanted->line, "Where the code of a source line is")
        ->type_name("FILE:LINE");
    command->add_option("--explain", wanted->explain, "Say what an instruction does: i32.div_s, 0x6d")
        ->type_name("INSTRUCTION");
    command->add_option("--functions", wanted->functions, "How many functions to list")
        ->type_name("N")
        ->check(checkCount);
    command->footer(
        "Examples:\n  wscope inspect program.wasm\n  wscope inspect --lines main.c:12 program.wasm\n  wscope "
        "inspect --wat program.wasm\n  wscope inspect --explain i32.div_s");
    command->callback([wanted, &status] { status = inspect(*wanted); });
}

}  // namespace wscope
