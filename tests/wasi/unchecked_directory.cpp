#include "tests/wasi/unchecked_directory.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "wasi/world/host_errno.h"
#include "wasi/world/host_times.h"

namespace wasi {

namespace {

Errno done(int result) { return result == 0 ? Errno::Success : lastErrno(); }
int unless(bool follow) { return follow ? 0 : AT_SYMLINK_NOFOLLOW; }

}  // namespace

UncheckedDirectory::UncheckedDirectory(const std::string& folder)
    : UncheckedDirectory(UniqueFd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), folder) {}
UncheckedDirectory::UncheckedDirectory(UniqueFd fd, const std::string& folder)
    : HostDirectory(UniqueFd(::dup(fd.get())), folder, false, Resolution::Openat2), m_folder(std::move(fd)) {}

OrErrno<std::unique_ptr<File>> UncheckedDirectory::open(const std::string& path, const OpenHow& how,
                                                        std::string*) {
    int flags = O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (how.write ? O_RDWR : O_RDONLY);
    if (how.directory) flags |= O_DIRECTORY;
    if (how.create) flags |= O_CREAT;
    if (how.exclusive) flags |= O_EXCL;
    if (how.truncate) flags |= O_TRUNC;
    if (!how.follow) flags |= O_NOFOLLOW;
    UniqueFd fd(openat(m_folder.get(), path.c_str(), flags, 0666));
    if (!fd) return lastErrno();
    const std::string name = hostPath() + "/" + path;
    if (how.directory) return std::unique_ptr<File>(new UncheckedDirectory(std::move(fd), name));
    return std::unique_ptr<File>(std::make_unique<HostFile>(std::move(fd), name, false));
}

OrErrno<Filestat> UncheckedDirectory::statAt(const std::string& path, bool follow) {
    struct stat s {};
    if (fstatat(m_folder.get(), path.c_str(), &s, unless(follow)) != 0) return lastErrno();
    return fromHost(s);
}

Errno UncheckedDirectory::setTimesAt(const std::string& path, bool follow, const NewTimes& times) {
    return done(utimensat(m_folder.get(), path.c_str(), HostTimes(times).both, unless(follow)));
}

Errno UncheckedDirectory::createDirectory(const std::string& path) {
    return done(mkdirat(m_folder.get(), path.c_str(), 0777));
}

Errno UncheckedDirectory::removeDirectory(const std::string& path) {
    return done(unlinkat(m_folder.get(), path.c_str(), AT_REMOVEDIR));
}

Errno UncheckedDirectory::unlink(const std::string& path) {
    return done(unlinkat(m_folder.get(), path.c_str(), 0));
}

Errno UncheckedDirectory::symlink(const std::string& target, const std::string& path) {
    return done(symlinkat(target.c_str(), m_folder.get(), path.c_str()));
}

OrErrno<std::string> UncheckedDirectory::readLink(const std::string& path) {
    char target[PATH_MAX];
    const ssize_t n = readlinkat(m_folder.get(), path.c_str(), target, sizeof target);
    if (n < 0) return lastErrno();
    return std::string(target, static_cast<size_t>(n));
}

Errno UncheckedDirectory::link(const std::string& path, bool follow, Directory&, const std::string& newPath) {
    return done(linkat(m_folder.get(), path.c_str(), m_folder.get(), newPath.c_str(),
                       follow ? AT_SYMLINK_FOLLOW : 0));
}

Errno UncheckedDirectory::rename(const std::string& path, Directory&, const std::string& newPath) {
    return done(renameat(m_folder.get(), path.c_str(), m_folder.get(), newPath.c_str()));
}

}  // namespace wasi
