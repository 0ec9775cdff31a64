// FolderChanges: what a guest changed in a folder that is not the host's own: an overlay, or one in memory. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wasi/types.h"

namespace wasi {

struct FolderChange {
    enum class Kind : uint8_t { Added, Changed, Removed } kind = Kind::Changed;
    std::string path;                   // below the folder, without a slash at its end
    Filetype type = Filetype::Unknown;  // as it is now, or was when it was removed
    uint64_t bytesBefore = 0, bytesNow = 0;
    bool operator==(const FolderChange&) const = default;
};

std::string_view toText(FolderChange::Kind kind);
/// "added    logs/", "changed  data.txt (12 -> 40 bytes)"
std::string toText(const FolderChange& change);

struct FolderChanges {
    std::string guestPath, hostPath;    // of the preopen
    bool isOverlay = false;             // can be applied to hostPath
    std::vector<FolderChange> changes;  // by path; of what was removed only the topmost
    uint64_t total = 0;                 // number of changes, where some are left out
};

}  // namespace wasi
