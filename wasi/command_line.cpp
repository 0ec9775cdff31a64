#include "wasi/command_line.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/base/printable.h"
#include "wasi/abi.h"
#include "wasi/grants.h"

namespace wasi {

namespace {

using Option = std::pair<std::string_view, std::string>;  // name, value

bool hasColon(const std::string& text) { return text.find(':') != std::string::npos; }

std::string readOnly(const Preopen& p, const char* suffix) {
    return p.kind == MountKind::ReadOnly ? suffix : "";
}

std::optional<Option> ourFolder(const Preopen& p) {
    if (parsePreopen(valueOf(p), p.kind) != p) return std::nullopt;
    return Option{flagOf(p.kind), valueOf(p)};
}
/// Cut at each "::".
std::optional<Option> wasmtimeFolder(const Preopen& p) {
    std::string value = p.hostPath + "::" + p.guestPath;
    if (value.find("::") != p.hostPath.size() || p.guestPath.find("::") != std::string::npos)
        return std::nullopt;
    return Option{"--dir", std::move(value)};
}
/// Has to have one colon.
std::optional<Option> wasmerFolder(const Preopen& p) {
    if (hasColon(p.hostPath) || hasColon(p.guestPath)) return std::nullopt;
    return Option{"--volume", p.hostPath + ":" + p.guestPath};
}
std::optional<Option> wasmEdgeFolder(const Preopen& p) {
    if (hasColon(p.hostPath) || hasColon(p.guestPath)) return std::nullopt;
    return Option{"--dir", p.guestPath + ":" + p.hostPath + readOnly(p, ":readonly")};
}
/// Cut at the last colon, after ":ro" at the end was taken off.
std::optional<Option> wazeroFolder(const Preopen& p) {
    const bool looksReadOnly = p.guestPath == "ro" && p.kind != MountKind::ReadOnly;
    if (hasColon(p.guestPath) || looksReadOnly) return std::nullopt;
    return Option{"-mount", p.hostPath + ":" + p.guestPath + readOnly(p, ":ro")};
}

/// The options of a runtime; an empty name = it has none.
struct Dialect {
    std::string_view start;
    std::optional<Option> (*folder)(const Preopen&);
    bool hasReadOnly;
    std::string_view variable, listener, arg0, invoke;
    std::string_view beforeArguments = " ";
    std::string_view whyNoListener = "grants no sockets that listen";
    bool namesExportBehind = false;  // the export stands behind the program
    bool takesEmptyVariables = true;
};

// As of wasmtime 14, wasmer 7.1, WasmEdge 0.13 and wazero 1.7, and later.
constexpr Dialect kDialects[] = {
    {"wscope run", ourFolder, true, "--env", "--listen", "--arg0", "--invoke"},
    {.start = "wasmtime run",
     .folder = wasmtimeFolder,
     .hasReadOnly = false,
     .variable = "--env",
     .listener = "",
     .arg0 = "--argv0",
     .invoke = "--invoke",
     .whyNoListener =
         "grants no sockets that listen any more (before it dropped them: -S preview2=n,tcplisten=…)"},
    {.start = "wasmer run",
     .folder = wasmerFolder,
     .hasReadOnly = false,
     .variable = "--env",
     .listener = "",
     .arg0 = "",
     .invoke = "--invoke",
     .beforeArguments = " -- ",
     .takesEmptyVariables = false},
    {.start = "wasmedge",
     .folder = wasmEdgeFolder,
     .hasReadOnly = true,
     .variable = "--env",
     .listener = "",
     .arg0 = "",
     .invoke = "--reactor",
     .namesExportBehind = true},
    {.start = "wazero run",
     .folder = wazeroFolder,
     .hasReadOnly = true,
     .variable = "-env",
     .listener = "-listen",
     .arg0 = "",
     .invoke = "",
     .beforeArguments = " -- "},
};

/// Go's flags take a value behind = only.
std::string optionOf(std::string_view name, std::string_view value) {
    const bool isGo = !name.starts_with("--");
    return isGo ? " " + std::string(name) + "=" + shellQuoted(value) : " " + optionText(name, value);
}

/// Neither an option, nor a subcommand, nor a package.
std::string asPath(const std::string& program) {
    const bool isPlain = program.starts_with('-') || program.find_first_of("./") == std::string::npos;
    return isPlain && !program.empty() ? "./" + program : program;
}

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text)
        result += c == '\\' ? "\\\\" : c == '\n' ? "\\n" : std::string(1, c);
    return result;
}

/// What only we can do: clocks, random bytes, streams, limits.
std::string ourOptions(const Capabilities& c) {
    std::string text;
    const auto add = [&](const std::string& option) { text += " " + option; };
    if (c.standardInput.kind == StdioKind::File) text += optionOf("--stdin", c.standardInput.path);
    if (c.standardInput.kind == StdioKind::Text)
        text += optionOf("--stdin-text", escaped(c.standardInput.text));
    switch (c.clock.kind) {
    case ClockGrant::Kind::Real: break;
    case ClockGrant::Kind::Fixed: add("--clock fixed:" + std::to_string(c.clock.fixedNs)); break;
    case ClockGrant::Kind::Scaled: add("--clock scaled:" + std::to_string(c.clock.scale)); break;
    case ClockGrant::Kind::Offset:
        add("--clock offset:" + std::to_string(static_cast<double>(c.clock.offsetNs) / 1e9));
        break;
    }
    if (c.random.seed) add("--random seed:" + std::to_string(*c.random.seed));
    const Budgets defaults;
    if (c.budgets.maxMemoryBytes) add("--max-memory " + std::to_string(c.budgets.maxMemoryBytes));
    if (c.budgets.maxOutputBytes) add("--max-output " + std::to_string(c.budgets.maxOutputBytes));
    if (c.budgets.maxVirtualBytes) add("--max-virtual " + std::to_string(c.budgets.maxVirtualBytes));
    if (c.budgets.timeoutMs) add("--timeout " + std::to_string(c.budgets.timeoutMs) + "ms");
    if (c.budgets.maxOpenFiles != defaults.maxOpenFiles)
        add("--max-files " + std::to_string(c.budgets.maxOpenFiles));
    return text;
}

void noteOfOthers(const Capabilities& c, const std::string& name, std::vector<std::string>& notes) {
    if (c.clock != ClockGrant{}) notes.push_back(name + " has the host's clocks only");
    if (c.random.seed) notes.push_back(name + " has the host's random source only");
    if (c.standardInput.kind == StdioKind::File)
        notes.push_back("redirect standard input: < " + shellQuoted(c.standardInput.path));
    if (c.standardInput.kind == StdioKind::Text)
        notes.push_back(name + " has no option for a text as standard input: pipe it in");
    Budgets others = c.budgets;
    others.maxLogBytes = 0;
    if (others != Budgets{}) notes.push_back("limits are not translated for " + name);
}

/// Streams that were turned away from the terminal are no option of anybody's.
void noteOutputs(const Capabilities& c, std::vector<std::string>& notes) {
    const std::pair<const StdioGrant&, const char*> outputs[] = {{c.standardOutput, "output: > "},
                                                                 {c.standardError, "error: 2> "}};
    for (const auto& [grant, what] : outputs)
        if (grant.kind == StdioKind::File || grant.kind == StdioKind::Null)
            notes.push_back(std::string("redirect standard ") + what +
                            shellQuoted(grant.kind == StdioKind::Null ? "/dev/null" : grant.path));
}

/// Folders that it can have, noting what becomes of the others.
std::vector<Preopen> foldersFor(const Capabilities& c, const std::string& name, bool hasReadOnly,
                                std::vector<std::string>& notes) {
    std::vector<Preopen> folders;
    for (const Preopen& p : c.preopens) {
        if (p.kind == MountKind::InMemory && p.hostPath.empty()) {
            notes.push_back(name + " has no folders in memory: " + p.guestPath + " is missing there");
            continue;
        }
        if (p.kind == MountKind::ReadOnly && !hasReadOnly)
            notes.push_back(name + " has no read-only folders: " + p.guestPath + " can be written there");
        if (p.kind == MountKind::Overlay || p.kind == MountKind::InMemory)
            notes.push_back(name + " has no overlays and no folders in memory: " + p.guestPath +
                            " is the host's own there");
        folders.push_back(p);
    }
    return folders;
}

void noteListeners(const Capabilities& c, const std::string& why, std::vector<std::string>& notes) {
    for (const Listener& l : c.listeners)
        notes.push_back(why + ": " + toText(Grant(l)).substr(7) + " is missing there");
}

/// Node has no command for it, but a module: a program of one line.
CommandLine nodeLine(const Capabilities& c, const ProgramStart& start) {
    using Json = nlohmann::ordered_json;
    CommandLine line;
    Json folders = Json::object(), environment = Json::object();
    const auto canBeNamed = [&](const std::string& what, const std::string& more) {
        const bool isText = isUtf8(what) && isUtf8(more);
        if (!isText)
            line.notes.push_back("a script for node is UTF-8, and " + engine::printable(what) +
                                 " is not: it is missing there");
        return isText;
    };
    for (const Preopen& p : foldersFor(c, "node", false, line.notes))
        if (canBeNamed(p.hostPath, p.guestPath)) folders[p.guestPath] = p.hostPath;
    for (const auto& [name, value] : c.environment)
        if (canBeNamed(name, value)) environment[name] = value;
    noteListeners(c, "node grants no sockets that listen", line.notes);
    noteOfOthers(c, "node", line.notes);
    noteOutputs(c, line.notes);
    if (!start.invoke.empty()) line.notes.push_back("node is told to call _start, not " + start.invoke);
    const auto text = [](const Json& json) {
        return json.dump(-1, ' ', false, Json::error_handler_t::replace);
    };
    // A member of this name in a literal would be none.
    const auto object = [&](const Json& json) {
        return json.contains("__proto__") ? "JSON.parse(" + text(text(json)) + ")" : text(json);
    };
    const std::string script =
        "const {WASI} = require(\"node:wasi\"); const wasi = new WASI({version: \"preview1\", args: " +
        text(c.arguments) + ", env: " + object(environment) + ", preopens: " + object(folders) +
        "}); WebAssembly.instantiate(require(\"node:fs\").readFileSync(" + text(start.program) +
        "), wasi.getImportObject()).then(p => { process.exitCode = wasi.start(p.instance); })";
    line.text = "node --no-warnings -e " + shellQuoted(script);
    return line;
}

}  // namespace

std::optional<Runtime> findRuntime(std::string_view name) {
    const auto* const found = std::find(std::begin(kRuntimeNames), std::end(kRuntimeNames), name);
    if (found == std::end(kRuntimeNames)) return std::nullopt;
    return static_cast<Runtime>(found - std::begin(kRuntimeNames));
}

CommandLine commandLine(const Capabilities& c, Runtime runtime, const ProgramStart& start) {
    if (runtime == Runtime::Node) return nodeLine(c, start);
    const Dialect& dialect = kDialects[static_cast<size_t>(runtime)];
    const std::string name(kRuntimeNames[static_cast<size_t>(runtime)]);
    const bool isOurs = runtime == Runtime::Wasiscope;
    CommandLine line{std::string(dialect.start), {}};
    for (const Preopen& p : isOurs ? c.preopens : foldersFor(c, name, dialect.hasReadOnly, line.notes)) {
        if (const auto option = dialect.folder(p))
            line.text += optionOf(option->first, option->second);
        else
            line.notes.push_back("the options of " + name + " cannot name the folder " + p.hostPath + " as " +
                                 p.guestPath + " (colons part them): it is missing there" +
                                 (isOurs ? "; a file for --policy can" : ""));
    }
    for (const auto& [variable, value] : c.environment) {
        if (value.empty() && !dialect.takesEmptyVariables)
            line.notes.push_back(name + " takes no empty variables: " + variable + " is missing there");
        else
            line.text += optionOf(dialect.variable, variable + "=" + value);
    }
    if (dialect.listener.empty())
        noteListeners(c, name + " " + std::string(dialect.whyNoListener), line.notes);
    else
        for (const Listener& l : c.listeners)
            line.text += optionOf(dialect.listener, toText(Grant(l)).substr(7));
    if (isOurs)
        line.text += ourOptions(c);
    else
        noteOfOthers(c, name, line.notes);
    noteOutputs(c, line.notes);

    const std::string ownName = std::filesystem::path(start.program).filename().string();
    if (!c.arguments.empty() && c.arguments[0] != ownName) {
        if (dialect.arg0.empty())
            line.notes.push_back(name + " names programs itself: argv[0] is not " +
                                 shellQuoted(c.arguments[0]) + " there");
        else
            line.text += optionOf(dialect.arg0, c.arguments[0]);
    }
    std::vector<std::string> arguments = start.invokeArguments;
    if (start.invoke.empty()) {
        if (c.arguments.size() > 1) arguments.assign(c.arguments.begin() + 1, c.arguments.end());
    } else if (dialect.invoke.empty()) {
        line.notes.push_back(name + " calls _start only, not " + start.invoke);
    } else if (dialect.namesExportBehind) {
        line.text += " " + std::string(dialect.invoke);
        arguments.insert(arguments.begin(), start.invoke);
    } else {
        line.text += optionOf(dialect.invoke, start.invoke);
    }
    line.text += " " + shellQuoted(asPath(start.program));
    if (!arguments.empty()) line.text += dialect.beforeArguments;
    for (size_t i = 0; i < arguments.size(); i++)
        line.text += (i > 0 ? " " : "") + shellQuoted(arguments[i]);
    return line;
}

}  // namespace wasi
