#include "wasi/folder_links.h"

#include <algorithm>

#include "wasi/guest_path.h"

namespace wasi {

void FolderLinks::crossed(GrantIndex grant, const std::string& link, const std::string& target) {
    if (grant == kNoGrant) return;
    Links& links = m_folders[grant];
    if (m_count < kMostLinks)
        m_count += links.insert_or_assign(link, target).second;
    else
        links.insert_or_assign("", "");  // there were more
}

/// Where a path lies that leads over links.
std::string FolderLinks::behind(const Links& links, std::string path) {
    const auto leads = [&](const auto& crossed) {
        return path == crossed.first || isBelow(path, crossed.first);
    };
    constexpr int kMostSteps = 40;  // as many links as a path may have
    for (int steps = 0; steps < kMostSteps; steps++) {
        const auto link = std::find_if(links.begin(), links.end(), leads);
        if (link == links.end()) break;
        path = link->second + path.substr(link->first.size());
    }
    return path;
}

std::string FolderLinks::closed(const Links& links, std::string folder) {
    for (bool isClosed = false; !isClosed && !folder.empty();) {
        const std::string real = behind(links, folder);
        isClosed = true;
        for (const auto& [link, target] : links) {
            if (!isBelow(link, real) || target == real || isBelow(target, real)) continue;
            const std::string wider = commonFolder(folder, commonFolder(link, target));
            if (wider == folder) continue;
            folder = wider;
            isClosed = false;
            break;
        }
    }
    return folder;
}

void FolderLinks::widen(Ledger& ledger) const {
    for (const auto& [grant, links] : m_folders) {
        GrantUse& use = ledger.at(grant);
        use.folder = links.contains("") ? displayPath("", use.preopen.guestPath) : closed(links, use.folder);
        use.isWholeUsed = use.folder == use.preopen.guestPath;
    }
}

}  // namespace wasi
