#include "tests/fuzz/naive_directory.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "wasi/world/host_errno.h"
#include "wasi/world/host_files.h"
#include "wasi/world/host_times.h"

namespace races {

using wasi::Errno;

namespace {

Errno done(int result) { return result == 0 ? Errno::Success : wasi::lastErrno(); }

}  // namespace

bool NaiveDirectory::leadsInside(const std::string& path, bool follow) const {
    char real[PATH_MAX];
    const std::string all = whole(path);
    const std::string parent = std::filesystem::path(all).parent_path().string();
    const bool isKnown = follow && realpath(all.c_str(), real);
    if (!isKnown && !realpath(parent.c_str(), real)) return false;
    const std::string found(real);
    std::this_thread::yield();  // so that it need not be tried for long
    return found == m_root || found.starts_with(m_root + "/");
}

wasi::OrErrno<std::unique_ptr<wasi::File>> NaiveDirectory::walk(const std::string& path) const {
    wasi::UniqueFd at(::open(m_root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
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
                                                                const wasi::OpenHow& how, std::string*) {
    if (path.find("..") != std::string::npos) return walk(path);
    if (!leadsInside(path, how.follow)) return Errno::Notcapable;
    int flags = O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (how.write ? O_RDWR : O_RDONLY);
    if (how.directory) flags |= O_DIRECTORY;
    if (how.create) flags |= O_CREAT;
    if (how.exclusive) flags |= O_EXCL;
    if (how.truncate) flags |= O_TRUNC;
    if (!how.follow) flags |= O_NOFOLLOW;
    wasi::UniqueFd fd(::open(whole(path).c_str(), flags, 0666));
    if (!fd) return wasi::lastErrno();
    if (how.directory)
        return std::unique_ptr<wasi::File>(std::make_unique<wasi::HostDirectory>(
            std::move(fd), whole(path), false, wasi::Resolution::Openat2));
    return std::unique_ptr<wasi::File>(std::make_unique<wasi::HostFile>(std::move(fd), whole(path), false));
}

wasi::OrErrno<wasi::Filestat> NaiveDirectory::statAt(const std::string& path, bool follow) {
    if (!leadsInside(path, follow)) return Errno::Notcapable;
    struct stat s {};
    if (fstatat(AT_FDCWD, whole(path).c_str(), &s, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
        return wasi::lastErrno();
    return wasi::fromHost(s);
}

Errno NaiveDirectory::setTimesAt(const std::string& path, bool follow, const wasi::NewTimes& times) {
    if (!leadsInside(path, follow)) return Errno::Notcapable;
    return done(utimensat(AT_FDCWD, whole(path).c_str(), wasi::HostTimes(times).both,
                          follow ? 0 : AT_SYMLINK_NOFOLLOW));
}

Errno NaiveDirectory::createDirectory(const std::string& path) {
    return leadsInside(path, false) ? done(mkdir(whole(path).c_str(), 0777)) : Errno::Notcapable;
}

Errno NaiveDirectory::removeDirectory(const std::string& path) {
    return leadsInside(path, false) ? done(rmdir(whole(path).c_str())) : Errno::Notcapable;
}

Errno NaiveDirectory::unlink(const std::string& path) {
    return leadsInside(path, false) ? done(::unlink(whole(path).c_str())) : Errno::Notcapable;
}

Errno NaiveDirectory::symlink(const std::string& target, const std::string& path) {
    return leadsInside(path, false) ? done(::symlink(target.c_str(), whole(path).c_str()))
                                    : Errno::Notcapable;
}

wasi::OrErrno<std::string> NaiveDirectory::readLink(const std::string& path) {
    if (!leadsInside(path, false)) return Errno::Notcapable;
    char target[PATH_MAX];
    const ssize_t n = readlink(whole(path).c_str(), target, sizeof target);
    if (n < 0) return wasi::lastErrno();
    return std::string(target, static_cast<size_t>(n));
}

Errno NaiveDirectory::link(const std::string& path, bool follow, wasi::Directory&,
                           const std::string& newPath) {
    if (!leadsInside(path, follow) || !leadsInside(newPath, false)) return Errno::Notcapable;
    return done(linkat(AT_FDCWD, whole(path).c_str(), AT_FDCWD, whole(newPath).c_str(),
                       follow ? AT_SYMLINK_FOLLOW : 0));
}

Errno NaiveDirectory::rename(const std::string& path, wasi::Directory&, const std::string& newPath) {
    if (!leadsInside(path, false) || !leadsInside(newPath, false)) return Errno::Notcapable;
    return done(::rename(whole(path).c_str(), whole(newPath).c_str()));
}

wasi::OrErrno<std::vector<wasi::DirectoryEntry>> NaiveDirectory::entries(uint64_t&) { return Errno::Notsup; }

}  // namespace races
