// Beneath: opens paths below a directory so that nothing leads out of it: no `..`, no absolute path, no symbolic or magic link. The kernel
// does it where it has openat2(2); elsewhere a walk does, component by component with O_NOFOLLOW. Which of the two is chosen once, by
// whether the system call exists, and never changed after a refusal. No decision is taken on a joined path's text.
#pragma once

#include <sys/types.h>

#include <string>

#include "wasi/types.h"
#include "wasi/world/unique_fd.h"

namespace wasi {

enum class Resolution : uint8_t { Openat2, Walk };
Resolution chooseResolution();

/// What a path that leads outside is answered with.
inline constexpr Errno kOutside = Errno::Notcapable;

/// As openat(2), and the result lies below `directory`. kOutside for a path that leaves it. O_NOFOLLOW concerns the last component; a
/// trailing slash demands a directory, and follows. Again after a bounded number of tries where renames keep interfering. `crosses` becomes
/// true if a symbolic link was followed.
OrErrno<UniqueFd> openBeneath(Resolution resolution, int directory, const std::string& path, int flags,
                              mode_t mode, bool& crosses);

/// Where the last component of a path stands.
struct Place {
    UniqueFd owned;  // the parent, if it had to be opened
    int parent = -1;
    std::string
        name;  // one component: no slash, not "." or ".."; empty if the path names the directory `parent` itself
    bool mustBeDirectory = false;  // the path ended in a slash
    bool isParentDots = false;     // … in ".."
    bool isSelf() const { return name.empty(); }
};
OrErrno<Place> placeBeneath(Resolution resolution, int directory, const std::string& path, bool& crosses);

}  // namespace wasi
