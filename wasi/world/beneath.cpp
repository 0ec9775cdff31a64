#include "wasi/world/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <climits>
#include <deque>
#include <vector>

#include "wasi/world/host_errno.h"

namespace wasi {

namespace {

constexpr int kMaxTries = 128;  // of openat2, which gives up when a rename crosses a `..`
constexpr int kMaxLinks = 40;   // as the kernel

UniqueFd openat2Beneath(int directory, const char* path, int flags, mode_t mode, uint64_t besides) {
    open_how how{};
    how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
    how.mode = flags & O_CREAT ? mode : 0;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | besides;
    return UniqueFd(static_cast<int>(syscall(SYS_openat2, directory, path, &how, sizeof how)));
}

/// A name of this directory leads nowhere else, unless it is a link: then this fails, with ELOOP or ENOTDIR. Cheaper than openat2.
bool isNameHere(const std::string& path) {
    return !path.empty() && path != ".." && path.find('/') == std::string::npos;
}

/// Without links at first: so whether there are some is learnt for nothing where there are none.
OrErrno<UniqueFd> openByKernel(int directory, const std::string& path, int flags, mode_t mode,
                               bool& crosses) {
    if (isNameHere(path) && !(flags & O_PATH)) {
        UniqueFd fd(openat(directory, path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode));
        if (fd) return fd;
        if (errno != ELOOP && errno != ENOTDIR && errno != EINTR) return lastErrno();
    }
    uint64_t besides = RESOLVE_NO_SYMLINKS;
    for (int tries = 0; tries < kMaxTries; tries++) {
        UniqueFd fd = openat2Beneath(directory, path.c_str(), flags, mode, besides);
        if (fd) return fd;
        if (errno == ELOOP && besides != 0) {
            besides = 0;
            crosses = true;
            continue;
        }
        if (errno == EXDEV) return kOutside;
        if (errno != EAGAIN && errno != EINTR) return lastErrno();
    }
    return Errno::Again;
}

/// The walk. Ancestors stay open in m_opened, so that `..` goes back to where the walk came from, whatever was moved meanwhile.
class Walk {
public:
    Walk(int root, int flags, mode_t mode) : m_root(root), m_flags(flags | O_CLOEXEC), m_mode(mode) {}

    OrErrno<UniqueFd> open(const std::string& path) {
        if (const Errno e = add(path); e != Errno::Success) return e;
        while (!m_todo.empty()) {
            const std::string name = std::move(m_todo.front());
            m_todo.pop_front();
            if (name == "..") {
                if (m_opened.empty()) return kOutside;
                m_opened.pop_back();
            } else if (m_todo.empty()) {
                auto last = openLast(name);
                if (last || last.error() != Errno::Success) return last;
            } else if (const Errno e = enter(name); e != Errno::Success) {
                return e;
            }
        }
        if (m_flags & O_CREAT) return Errno::Isdir;
        return reached(openat(here(), ".", m_flags & ~O_NOFOLLOW));
    }

    bool hasFollowed() const { return m_links > 0; }

private:
    int here() const { return m_opened.empty() ? m_root : m_opened.back().get(); }
    static OrErrno<UniqueFd> reached(int fd) {
        if (fd < 0) return lastErrno();
        return UniqueFd(fd);
    }

    /// Puts a path's components before what is still to do.
    Errno add(const std::string& path) {
        if (path.empty()) return Errno::Noent;
        if (path.size() >= PATH_MAX) return Errno::Nametoolong;
        if (path[0] == '/') return kOutside;
        if (m_todo.empty() && (path.back() == '/' || path == "." || path.ends_with("/.")))
            m_mustBeDirectory = true;
        std::vector<std::string> parts;
        for (size_t at = 0; at < path.size();) {
            const size_t slash = std::min(path.find('/', at), path.size());
            const auto part = path.substr(at, slash - at);
            if (!part.empty() && part != ".") parts.push_back(part);
            at = slash + 1;
        }
        m_todo.insert(m_todo.begin(), parts.begin(), parts.end());
        return Errno::Success;
    }

    /// Follows the link that `fd` is.
    Errno follow(int fd) {
        if (++m_links > kMaxLinks) return Errno::Loop;
        char target[PATH_MAX];
        const ssize_t n = readlinkat(fd, "", target, sizeof target);
        if (n < 0) return lastErrno();
        if (n == PATH_MAX) return Errno::Nametoolong;
        return add(std::string(target, static_cast<size_t>(n)));
    }

    Errno enter(const std::string& name) {
        UniqueFd fd(openat(here(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat s {};
        if (!fd || fstat(fd.get(), &s) != 0) return lastErrno();
        if (S_ISLNK(s.st_mode)) return follow(fd.get());
        if (!S_ISDIR(s.st_mode)) return Errno::Notdir;
        if (faccessat(fd.get(), ".", X_OK, AT_EACCESS) != 0) return lastErrno();
        m_opened.push_back(std::move(fd));
        return Errno::Success;
    }

    /// An open descriptor, an errno, or (as Errno::Success) "it was a link: go on".
    OrErrno<UniqueFd> openLast(const std::string& name) {
        const bool follows = (m_flags & O_NOFOLLOW) == 0 || m_mustBeDirectory;
        struct stat s {};
        UniqueFd link(openat(here(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        const bool exists = link && fstat(link.get(), &s) == 0;
        if (exists && S_ISLNK(s.st_mode) && follows && (m_flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
            return follow(link.get());
        if (m_mustBeDirectory && (m_flags & O_CREAT)) return Errno::Isdir;
        // O_NOFOLLOW holds here too: what was put in place of the name meanwhile is not followed.
        return reached(openat(here(), name.c_str(),
                              m_flags | O_NOFOLLOW | (m_mustBeDirectory ? O_DIRECTORY : 0), m_mode));
    }

    int m_root, m_flags;
    mode_t m_mode;
    int m_links = 0;
    bool m_mustBeDirectory = false;
    std::deque<std::string> m_todo;
    std::vector<UniqueFd> m_opened;
};

}  // namespace

Resolution chooseResolution() {
    const UniqueFd probe = openat2Beneath(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0, 0);
    return !probe && errno == ENOSYS ? Resolution::Walk : Resolution::Openat2;
}

OrErrno<UniqueFd> openBeneath(Resolution resolution, int directory, const std::string& path, int flags,
                              mode_t mode, bool& crosses) {
    if (resolution == Resolution::Openat2) return openByKernel(directory, path, flags, mode, crosses);
    Walk walk(directory, flags, mode);
    auto opened = walk.open(path);
    crosses = crosses || walk.hasFollowed();
    return opened;
}

OrErrno<Place> placeBeneath(Resolution resolution, int directory, const std::string& path, bool& crosses) {
    if (path.empty()) return Errno::Noent;
    if (path.size() >= PATH_MAX) return Errno::Nametoolong;
    if (path[0] == '/') return kOutside;
    Place place;
    size_t end = path.size();
    while (end > 0 && path[end - 1] == '/')
        end--;
    place.mustBeDirectory = end < path.size();
    const size_t slash = path.rfind('/', end - 1);
    const size_t begin = slash == std::string::npos ? 0 : slash + 1;
    place.name = path.substr(begin, end - begin);
    std::string parent = path.substr(0, begin);
    if (place.name == "." || place.name == "..") {
        place.isParentDots = place.name == "..";
        place.name.clear();
        parent = path;
    }
    if (parent.empty()) {
        place.parent = directory;
        return place;
    }
    auto opened = openBeneath(resolution, directory, parent, O_PATH | O_DIRECTORY, 0, crosses);
    if (!opened) return opened.error();
    place.owned = std::move(*opened);
    place.parent = place.owned.get();
    return place;
}

}  // namespace wasi
