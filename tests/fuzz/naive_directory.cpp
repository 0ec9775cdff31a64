#include "tests/fuzz/naive_directory.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include <filesystem>
#include <thread>

#include "wasi/world/host_errno.h"
#include "wasi/world/host_files.h"

namespace races {

using wasi::Errno;

bool NaiveDirectory::leadsInside(const std::string& path, bool follow) const {
    char real[PATH_MAX];
    const std::string all = whole(path);
    const std::string parent = std::filesystem::path(all).parent_path().string();
    const bool isKnown = follow && realpath(all.c_str(), real);
    if (!isKnown && !realpath(parent.c_str(), real)) return false;
    const std::string found(real);
    std::this_thread::yield();  // so that it need not be tried for long
    return found == hostPath() || found.starts_with(hostPath() + "/");
}

wasi::OrErrno<std::unique_ptr<wasi::File>> NaiveDirectory::walk(const std::string& path) const {
    wasi::UniqueFd at(::open(hostPath().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int depth = 0;
    for (const auto& part : std::filesystem::path(path)) {
        depth += part == ".." ? -1 : 1;
        if (depth < 0) return Errno::Notcapable;
        wasi::UniqueFd next(openat(at.get(), part.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (!next) return wasi::lastErrno();
        at = std::move(next);
    }
    return std::unique_ptr<wasi::File>(std::make_unique<wasi::HostFile>(std::move(at), whole(path), true));
}

wasi::OrErrno<std::unique_ptr<wasi::File>> NaiveDirectory::open(const std::string& path,
                                                                const wasi::OpenHow& how, std::string* why) {
    if (path.find("..") != std::string::npos) return walk(path);
    if (!leadsInside(path, how.follow)) return Errno::Notcapable;
    return UncheckedDirectory::open(path, how, why);
}

wasi::OrErrno<wasi::Filestat> NaiveDirectory::statAt(const std::string& path, bool follow) {
    if (!leadsInside(path, follow)) return Errno::Notcapable;
    return UncheckedDirectory::statAt(path, follow);
}

Errno NaiveDirectory::setTimesAt(const std::string& path, bool follow, const wasi::NewTimes& times) {
    return leadsInside(path, follow) ? UncheckedDirectory::setTimesAt(path, follow, times)
                                     : Errno::Notcapable;
}

Errno NaiveDirectory::createDirectory(const std::string& path) {
    return leadsInside(path, false) ? UncheckedDirectory::createDirectory(path) : Errno::Notcapable;
}

Errno NaiveDirectory::removeDirectory(const std::string& path) {
    return leadsInside(path, false) ? UncheckedDirectory::removeDirectory(path) : Errno::Notcapable;
}

Errno NaiveDirectory::unlink(const std::string& path) {
    return leadsInside(path, false) ? UncheckedDirectory::unlink(path) : Errno::Notcapable;
}

Errno NaiveDirectory::symlink(const std::string& target, const std::string& path) {
    return leadsInside(path, false) ? UncheckedDirectory::symlink(target, path) : Errno::Notcapable;
}

wasi::OrErrno<std::string> NaiveDirectory::readLink(const std::string& path) {
    if (!leadsInside(path, false)) return Errno::Notcapable;
    return UncheckedDirectory::readLink(path);
}

Errno NaiveDirectory::link(const std::string& path, bool follow, wasi::Directory& to,
                           const std::string& newPath) {
    if (!leadsInside(path, follow) || !leadsInside(newPath, false)) return Errno::Notcapable;
    return UncheckedDirectory::link(path, follow, to, newPath);
}

Errno NaiveDirectory::rename(const std::string& path, wasi::Directory& to, const std::string& newPath) {
    if (!leadsInside(path, false) || !leadsInside(newPath, false)) return Errno::Notcapable;
    return UncheckedDirectory::rename(path, to, newPath);
}

}  // namespace races
