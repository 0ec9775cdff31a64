#include "wasi/least_grant.h"

#include <algorithm>
#include <filesystem>

#include "wasi/guest_path.h"

namespace wasi {

namespace {

Preopen leastFolder(const GrantUse& use, bool byName) {
    Preopen least = use.preopen;
    const std::string whole = displayPath("", least.guestPath);
    const bool isRoot = whole == "/" || whole == ".";
    const bool isBelow = isRoot || use.folder.starts_with(whole + "/");
    if (byName && !use.folder.empty() && use.folder != whole && isBelow && !least.hostPath.empty() &&
        least.kind != MountKind::InMemory) {
        const std::string rest = use.folder.substr(whole == "." ? 0 : isRoot ? 1 : whole.size() + 1);
        least.hostPath = (std::filesystem::path(least.hostPath) / rest).string();
        least.guestPath = use.folder;
    }
    const bool isHosts = least.kind == MountKind::Real || least.kind == MountKind::Overlay;
    if (isHosts && !use.isChanged) least.kind = MountKind::ReadOnly;
    return least;
}

/// How a runtime writes a folder, and what stands before variables and listeners; empty = it has no such option.
struct Dialect {
    std::string_view start, variable, listener, beforeArguments;
    bool hasReadOnly = false;
    std::string (*folder)(const Preopen&);
};

std::string readOnly(const Preopen& p, const char* suffix) {
    return p.kind == MountKind::ReadOnly ? suffix : "";
}

// As of wasmtime 14, wasmer 5, WasmEdge 0.13 and wazero 1.7, and later.
constexpr Dialect kDialects[] = {
    {"wscope run", "--env ", "--listen ", " ", true, [](const Preopen& p) { return toFlag(p); }},
    {"wasmtime run", "--env ", "-S preview2=n,tcplisten=", " ", false,
     [](const Preopen& p) { return "--dir " + shellQuoted(p.hostPath + "::" + p.guestPath); }},
    {"wasmer run", "--env ", "", " -- ", false,
     [](const Preopen& p) { return "--volume " + shellQuoted(p.hostPath + ":" + p.guestPath); }},
    {"wasmedge", "--env ", "", " ", true,
     [](const Preopen& p) {
         return "--dir " + shellQuoted(p.guestPath + ":" + p.hostPath + readOnly(p, ":readonly"));
     }},
    {"wazero run", "-env=", "-listen=", " ", true,
     [](const Preopen& p) {
         return "-mount=" + shellQuoted(p.hostPath + ":" + p.guestPath + readOnly(p, ":ro"));
     }},
};

/// What only we can do: clocks, random bytes, streams, limits.
std::string ourOptions(const Capabilities& c) {
    std::string text;
    const auto add = [&](const std::string& option) { text += " " + option; };
    if (c.standardInput.kind == StdioKind::File) add("--stdin " + shellQuoted(c.standardInput.path));
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
    Budgets others = c.budgets;
    others.maxLogBytes = 0;
    if (others != Budgets{}) notes.push_back("limits are not translated for " + name);
}

}  // namespace

Capabilities leastGrant(const LedgerView& ledger, const Capabilities& granted) {
    Capabilities least = granted;
    least.preopens.clear();
    // Who does not ask for the names of folders counts on their descriptors: each stays what it is, and as deep as it is.
    const bool byName = ledger.cataloguedFolders;
    size_t needed = 0;  // folders up to the last that was used
    least.listeners.clear();
    for (const GrantUse& use : ledger.grants) {
        if (use.kind == GrantKind::Arguments && !use.isUsed) least.arguments.clear();
        if (use.kind == GrantKind::Environment && !use.isUsed) least.environment.clear();
        if (use.kind == GrantKind::Stdin && !use.isUsed) least.standardInput = {StdioKind::Null, {}, {}};
        const bool isFolder = use.kind == GrantKind::Directory && !use.isRevoked;
        if (isFolder && (use.isUsed || !byName)) least.preopens.push_back(leastFolder(use, byName));
        if (use.isRevoked || !use.isUsed) continue;
        if (isFolder) needed = least.preopens.size();
        if (use.kind != GrantKind::Listener) continue;
        // One that was left to the host to choose is asked for so again.
        const auto listener = parseListener(use.name);
        for (const Listener& l : granted.listeners)
            if (listener && (l == *listener || l.port == 0)) {
                least.listeners.push_back(l);
                break;
            }
    }
    least.preopens.resize(needed);
    return least;
}

std::optional<Runtime> findRuntime(std::string_view name) {
    const auto* const found = std::find(std::begin(kRuntimeNames), std::end(kRuntimeNames), name);
    if (found == std::end(kRuntimeNames)) return std::nullopt;
    return static_cast<Runtime>(found - std::begin(kRuntimeNames));
}

CommandLine commandLine(const Capabilities& c, Runtime runtime, const std::string& program) {
    const Dialect& dialect = kDialects[static_cast<size_t>(runtime)];
    const std::string name(kRuntimeNames[static_cast<size_t>(runtime)]);
    const bool isOurs = runtime == Runtime::Wasiscope;
    CommandLine line{std::string(dialect.start), {}};
    for (const Preopen& p : c.preopens) {
        line.text += " " + dialect.folder(p);
        if (isOurs) continue;
        if (p.kind == MountKind::ReadOnly && !dialect.hasReadOnly)
            line.notes.push_back(name + " has no read-only folders: " + p.guestPath +
                                 " can be written there");
        if (p.kind == MountKind::Overlay || p.kind == MountKind::InMemory)
            line.notes.push_back(name + " has no overlays and no folders in memory: " + p.guestPath +
                                 " is the host's own there");
    }
    for (const auto& [variable, value] : c.environment)
        line.text += " " + std::string(dialect.variable) + shellQuoted(variable + "=" + value);
    for (const Listener& l : c.listeners) {
        const std::string address = toText(Grant(l)).substr(7);
        if (dialect.listener.empty())
            line.notes.push_back(name + " grants no sockets that listen: " + address + " is missing there");
        else
            line.text += " " + std::string(dialect.listener) + shellQuoted(address);
    }
    if (isOurs)
        line.text += ourOptions(c);
    else
        noteOfOthers(c, name, line.notes);
    line.text += " " + shellQuoted(program);
    if (c.arguments.size() > 1) line.text += dialect.beforeArguments;
    for (size_t i = 1; i < c.arguments.size(); i++)
        line.text += (i > 1 ? " " : "") + shellQuoted(c.arguments[i]);
    return line;
}

}  // namespace wasi
