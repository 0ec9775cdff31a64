// FolderLinks: over which symbolic links a run went below its folders, so that the least grant can hold what they lead to as well. Owned by
// HostState; session thread only.
#pragma once

#include <map>
#include <string>

#include "wasi/ledger.h"

namespace wasi {

class FolderLinks {
public:
    static constexpr size_t kMostLinks =
        1000;  // of all folders together; with more of them a folder counts as a whole

    /// A call went over a link below that folder, to its target; both tidy paths of the guest.
    void crossed(GrantIndex grant, const std::string& link, const std::string& target);
    /// Widens what the ledger holds to be used of each folder, so that no link that was crossed leads out of it. A link above it does not
    /// count: that is followed when the folder is granted.
    void widen(Ledger& ledger) const;

private:
    using Links = std::map<std::string, std::string>;  // with their targets
    static std::string behind(const Links& links, std::string path);
    static std::string closed(const Links& links, std::string folder);

    std::map<GrantIndex, Links> m_folders;
    size_t m_count = 0;
};

}  // namespace wasi
