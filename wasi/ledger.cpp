#include "wasi/ledger.h"

#include <algorithm>

#include "wasi/grant_warnings.h"
#include "wasi/guest_path.h"
#include "wasi/host_function.h"

namespace wasi {

namespace {

enum Effect : uint8_t { kUses = 0, kLooks = 1, kChanges = 2, kCatalogues = 3 };

/// Calls that are not simply a use of what they name.
constexpr std::pair<std::string_view, Effect> kEffects[] = {
    {"fd_fdstat_get", kLooks},
    {"fd_fdstat_set_rights", kLooks},
    {"fd_close", kLooks},
    {"fd_renumber", kLooks},
    {"args_sizes_get", kLooks},
    {"environ_sizes_get", kLooks},
    {"fd_prestat_get", kCatalogues},
    {"fd_prestat_dir_name", kCatalogues},
    {"fd_allocate", kChanges},
    {"fd_filestat_set_size", kChanges},
    {"fd_filestat_set_times", kChanges},
    {"fd_pwrite", kChanges},
    {"fd_write", kChanges},
    {"path_create_directory", kChanges},
    {"path_filestat_set_times", kChanges},
    {"path_link", kChanges},
    {"path_remove_directory", kChanges},
    {"path_rename", kChanges},
    {"path_symlink", kChanges},
    {"path_unlink_file", kChanges},
    {"sock_send", kChanges},
};

std::string clockText(const ClockGrant& clock) {
    switch (clock.kind) {
    case ClockGrant::Kind::Fixed: return "fixed from " + std::to_string(clock.fixedNs) + " ns";
    case ClockGrant::Kind::Scaled: return "scaled by " + std::to_string(clock.scale);
    case ClockGrant::Kind::Offset: return "real, " + std::to_string(clock.offsetNs) + " ns later";
    case ClockGrant::Kind::Real: break;
    }
    return "real";
}

std::string stdioText(const StdioGrant& grant) {
    switch (grant.kind) {
    case StdioKind::Inherit: return "inherited";
    case StdioKind::Session: return "the session's";
    case StdioKind::File: return grant.path;
    case StdioKind::Text: return std::to_string(grant.text.size()) + " bytes of text";
    case StdioKind::Null: break;
    }
    return "nothing";
}

std::string keyOf(const Refusal& refusal) { return refusal.subject + '\0' + refusal.flag; }

}  // namespace

std::string grantedText(const Preopen& preopen) {
    static constexpr std::string_view kTexts[] = {"read-write", "read-only", "overlay over", "in memory"};
    std::string text(kTexts[static_cast<size_t>(preopen.kind)]);
    if (preopen.kind == MountKind::InMemory && !preopen.hostPath.empty()) text += ", a copy of";
    return preopen.hostPath.empty() ? text : text + " " + preopen.hostPath;
}

Ledger::Ledger(const Capabilities& c) : m_effects(allHostFunctions().size(), kUses) {
    const auto functions = allHostFunctions();
    for (size_t i = 0; i < functions.size(); i++)
        for (const auto& [name, effect] : kEffects)
            if (functions[i].name == name) m_effects[i] = effect;
    const size_t count = c.arguments.size();
    add(GrantKind::Arguments, "arguments", std::to_string(count) + (count == 1 ? " argument" : " arguments"));
    add(GrantKind::Environment, "environment", "");
    add(GrantKind::Stdin, "stdin", stdioText(c.standardInput));
    add(GrantKind::Stdout, "stdout", stdioText(c.standardOutput));
    add(GrantKind::Stderr, "stderr", stdioText(c.standardError));
    add(GrantKind::Clock, "clock", clockText(c.clock));
    add(GrantKind::Random, "random", c.random.seed ? "seed " + std::to_string(*c.random.seed) : "real");
}

GrantIndex Ledger::add(GrantKind kind, std::string name, std::string granted) {
    Row& row = m_rows.emplace_back();
    row.use.kind = kind;
    row.use.name = std::move(name);
    row.use.granted = std::move(granted);
    row.byFunction.resize(m_effects.size());
    return static_cast<GrantIndex>(m_rows.size() - 1);
}

GrantIndex Ledger::addFolder(const Preopen& preopen) {
    const GrantIndex index = add(GrantKind::Directory, preopen.guestPath, grantedText(preopen));
    at(index).preopen = preopen;
    at(index).warning = warningOf(preopen);
    return index;
}

GrantIndex Ledger::addListener(const std::string& address, const Listener& listener) {
    const GrantIndex index = add(GrantKind::Listener, address, "listens");
    at(index).listener = listener;
    return index;
}

[[gnu::hot]] void Ledger::note(uint16_t function, uint64_t sequence, const CallUse& use) {
    const uint8_t effect = m_effects[function];
    if (effect == kCatalogues) {
        m_catalogued = true;
        return;
    }
    for (uint8_t i = 0; i < use.count; i++) {
        Row& row = m_rows[use.grants.data()[i]];
        row.byFunction.data()[function]++;
        GrantUse& g = row.use;
        g.calls++;
        if (g.first == kNoCall) g.first = sequence;
        g.last = sequence;
        g.bytesRead += use.bytesRead;
        g.bytesWritten += use.bytesWritten;
        g.isUsed |= !use.isRefused && effect != kLooks;
        g.isChanged |= !use.isRefused && (effect == kChanges || use.changes);
    }
    if (use.isRefused) countRefusal(function, sequence);
}

void Ledger::countRefusal(uint16_t function, uint64_t sequence) {
    if (!m_last) return;
    Refusal& refused = *m_last;
    if (refused.call.empty()) refused.call = allHostFunctions()[function].name;
    const std::string key = keyOf(refused);
    auto found = m_refusalAt.find(key);
    if (found == m_refusalAt.end()) {
        if (m_refusals.size() == kMostRefusals || key.size() > kLongestSubject) {
            m_refusedBesides++;
            return;
        }
        found = m_refusalAt.emplace(key, m_refusals.size()).first;
        m_refusals.push_back(refused);
        m_refusals.back().first = sequence;
    }
    Refusal& kept = m_refusals[found->second];
    kept.count++;
    kept.last = sequence;
}

void Ledger::noteStopped(uint16_t function, uint64_t sequence) {
    if (!m_last) return;
    const std::string key = keyOf(*m_last);
    const auto found = m_refusalAt.find(key);
    m_stopped = {key, found == m_refusalAt.end() ? kNoCall : m_refusals[found->second].last};
    countRefusal(function, sequence);
}

void Ledger::takeBackRefusal() {
    const auto stopped = std::exchange(m_stopped, std::nullopt);
    if (!stopped) return;
    const auto found = m_refusalAt.find(stopped->key);
    if (found == m_refusalAt.end()) {
        m_refusedBesides--;
        return;
    }
    const size_t at = found->second;
    m_refusals[at].last = stopped->last;
    if (--m_refusals[at].count > 0) return;
    m_refusals.erase(m_refusals.begin() + static_cast<std::ptrdiff_t>(at));
    m_refusalAt.erase(found);
    for (auto& [key, index] : m_refusalAt)
        index -= index > at;
}

void Ledger::touched(GrantIndex grant, const std::string& guestPath, bool isFolder) {
    if (grant == kNoGrant) return;
    GrantUse& use = at(grant);
    if (isBelow(guestPath, use.folder)) return;
    const std::string& whole = use.preopen.guestPath;  // as it was granted: "/data/" stands for "/data"
    const bool isSelf =
        guestPath.size() <= whole.size() && (guestPath == whole || guestPath == displayPath("", whole));
    const std::string folder = isSelf     ? displayPath("", whole)
                               : isFolder ? guestPath
                                          : parentFolder(guestPath);
    use.folder = use.folder.empty() ? folder : commonFolder(use.folder, folder);
    use.isWholeUsed = use.folder == whole;
}

void Ledger::refuse(Refusal refusal) { m_last = std::move(refusal); }

LedgerView Ledger::view(const Capabilities& now) const {
    LedgerView view;
    const auto functions = allHostFunctions();
    for (const Row& row : m_rows) {
        GrantUse use = row.use;
        for (size_t i = 0; i < row.byFunction.size(); i++)
            if (row.byFunction[i]) use.byCall.emplace_back(functions[i].name, row.byFunction[i]);
        std::sort(use.byCall.begin(), use.byCall.end(),
                  [](const auto& a, const auto& b) { return a.second > b.second; });
        if (use.kind != GrantKind::Environment) {
            view.grants.push_back(std::move(use));
            continue;
        }
        // The host hands over all of them at once, and does not learn which are looked at.
        for (const auto& [name, value] : now.environment) {
            use.name = name;
            use.granted = value;
            view.grants.push_back(use);
        }
    }
    view.refusals = m_refusals;
    view.refusedBesides = m_refusedBesides;
    view.cataloguedFolders = m_catalogued;
    view.readEnvironment = m_rows[kEnvironment].use.isUsed;
    return view;
}

LedgerView ledgerOf(const Capabilities& capabilities) {
    Ledger ledger(capabilities);
    for (const auto& preopen : capabilities.preopens)
        (void)ledger.addFolder(preopen);
    for (const auto& listener : capabilities.listeners)
        (void)ledger.addListener(toText(Grant(listener)).substr(7), listener);
    return ledger.view(capabilities);
}

std::string usedText(const GrantUse& use) {
    if (use.isRevoked && use.calls == 0) return "revoked";
    if (use.calls == 0) return "not used";
    std::string text = use.isRevoked ? "revoked; " : "";
    size_t shown = 0;
    for (const auto& [call, count] : use.byCall) {
        if (shown++ == 3) {
            text += " …";
            break;
        }
        text += (shown == 1 ? "" : ", ") + call + " " + std::to_string(count);
    }
    if (use.bytesRead) text += "; " + std::to_string(use.bytesRead) + " bytes read";
    if (use.bytesWritten) text += "; " + std::to_string(use.bytesWritten) + " bytes written";
    if (!use.folder.empty() && use.folder != use.name) text += "; only below " + use.folder;
    text += (use.first == use.last ? "; call #" : "; calls #") + std::to_string(use.first);
    return use.first == use.last ? text : text + " to #" + std::to_string(use.last);
}

std::string refusedText(const Refusal& r) {
    return r.call + (r.count == 1 ? "" : ", " + std::to_string(r.count) + " times") + ", call #" +
           std::to_string(r.first) + ": " + r.why;
}

std::vector<std::string> toLines(const LedgerView& view) {
    std::vector<std::string> lines;
    for (const GrantUse& use : view.grants) {
        std::string line = "granted  " + use.name;
        line.resize(std::max<size_t>(line.size() + 2, 24), ' ');
        line += use.granted;
        line.resize(std::max<size_t>(line.size() + 2, 48), ' ');
        lines.push_back(line + usedText(use));
        if (!use.warning.empty()) lines.push_back("         warning: " + use.warning);
    }
    for (const Refusal& r : view.refusals) {
        lines.push_back("refused  " + r.subject + "  " + refusedText(r));
        if (r.grant)
            lines.push_back("         allowed by: grant " + toText(*r.grant));
        else if (!r.flag.empty())
            lines.push_back("         allowed by: " + r.flag);
    }
    if (view.refusedBesides)
        lines.push_back("refused  " + std::to_string(view.refusedBesides) + " more calls, of other paths");
    return lines;
}

}  // namespace wasi
