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

}  // namespace wasi
