#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <filesystem>

#include "wasi/abi.h"
#include "wasi/guest_path.h"
#include "wasi/world/host_errno.h"
#include "wasi/world/host_files.h"
#include "wasi/world/host_times.h"

namespace wasi {

namespace {

Errno done(int result) { return result == 0 ? Errno::Success : lastErrno(); }

OrErrno<struct stat> statEntry(const Place& place) {
    struct stat s {};
    const int result = place.isSelf() ? fstat(place.parent, &s)
                                      : fstatat(place.parent, place.name.c_str(), &s, AT_SYMLINK_NOFOLLOW);
    if (result != 0) return lastErrno();
    return s;
}

/// What a path with a trailing slash demands of an entry.
Errno demandDirectory(const Place& place) {
    if (!place.mustBeDirectory) return Errno::Success;
    const auto s = statEntry(place);
    if (!s) return s.error();
    return S_ISDIR((*s).st_mode) ? Errno::Success : Errno::Notdir;
}

/// … of an entry that must not exist yet and will not be a directory.
Errno refuseSlash(const Place& place) {
    const auto s = statEntry(place);
    if (!s) return s.error();
    return S_ISDIR((*s).st_mode) ? Errno::Exist : Errno::Notdir;
}

int openFlags(const OpenHow& how) {
    int flags = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    flags |= how.write || how.resize ? (how.read ? O_RDWR : O_WRONLY) : O_RDONLY;
    if (how.directory) flags |= O_DIRECTORY;
    if (how.create) flags |= O_CREAT;
    if (how.exclusive) flags |= O_EXCL;
    if (how.truncate) flags |= O_TRUNC;
    if (!how.follow) flags |= O_NOFOLLOW;
    if (has(how.flags, Fdflags::Append)) flags |= O_APPEND;
    if (has(how.flags, Fdflags::Dsync)) flags |= O_DSYNC;
    if (hasAny(how.flags, Fdflags::Sync | Fdflags::Rsync)) flags |= O_SYNC;
    return flags;
}

/// Opens what is there, and changes nothing.
OpenHow onlyReading(const OpenHow& how) {
    OpenHow reading = how;
    reading.write = reading.resize = reading.create = reading.exclusive = reading.truncate = false;
    reading.follow = how.follow && !(how.create && how.exclusive);
    return reading;
}

/// It could not be opened for writing, but perhaps for reading.
bool refusesWriting(Errno error) {
    return error == Errno::Acces || error == Errno::Perm || error == Errno::Isdir || error == Errno::Rofs ||
           error == Errno::Txtbsy;
}

std::string_view kindOf(mode_t mode) {
    return S_ISFIFO(mode)   ? "a FIFO"
           : S_ISSOCK(mode) ? "a socket"
           : S_ISCHR(mode)  ? "a character device"
                            : "a block device";
}

/// A file system of /proc and /sys, or one that is mounted in them: what is read and written there is no file, but the kernel itself.
bool isOfTheKernel(long type) {
    constexpr long kConfigfs = 0x62656570;
    constexpr long kTypes[] = {PROC_SUPER_MAGIC, SYSFS_MAGIC,   CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
                               DEBUGFS_MAGIC,    TRACEFS_MAGIC, SECURITYFS_MAGIC,   BPF_FS_MAGIC,
                               SELINUX_MAGIC,    SMACK_MAGIC,   EFIVARFS_MAGIC,     PSTOREFS_MAGIC,
                               BINFMTFS_MAGIC,   kConfigfs};
    return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

/// For people only: without "." components, and cut where a path of the host would be too long.
std::string shownPath(const std::string& directory, const std::string& path) {
    if (isTidyPath(directory) && isTidyName(path)) return joinTidy(directory, path);
    const std::string whole = (std::filesystem::path(directory) / path).lexically_normal().string();
    return whole.size() < PATH_MAX ? whole : whole.substr(0, PATH_MAX) + "…";
}

}  // namespace

OrErrno<Filestat> HostDirectory::stat() {
    struct stat s {};
    if (fstat(m_fd.get(), &s) != 0) return lastErrno();
    return fromHost(s);
}

Errno HostDirectory::setTimes(const NewTimes& times) {
    if (m_isReadOnly) return Errno::Rofs;
    return done(futimens(m_fd.get(), HostTimes(times).both));
}

Errno HostDirectory::sync(bool dataOnly) {
    return done(dataOnly ? fdatasync(m_fd.get()) : fsync(m_fd.get()));
}

OrErrno<std::unique_ptr<File>> HostDirectory::open(const std::string& path, const OpenHow& how,
                                                   std::string* why) {
    const auto refuse = [&](Errno error, std::string_view reason) {
        if (why) *why = reason;
        return error;
    };
    if (how.create && how.directory) return refuse(Errno::Inval, "creat and directory exclude each other");
    OpenHow possible = m_isReadOnly ? onlyReading(how) : how;
    auto fd = openPath(path, openFlags(possible), 0666);
    if (!fd && possible.resize && !possible.write && refusesWriting(fd.error())) {
        possible.resize = false;
        fd = openPath(path, openFlags(possible), 0666);
    }
    if (m_isReadOnly && how.create && how.exclusive && (fd || statAt(path, false))) return Errno::Exist;
    if (!fd) {
        if (fd.error() == Errno::Nxio)
            return refuse(Errno::Notsup,
                          "it is a socket, FIFO or device; only files and directories are opened");
        if (m_isReadOnly && how.create && fd.error() == Errno::Noent)
            return refuse(Errno::Rofs, "the preopen is read-only");
        // A link in the last place that is not to be followed: Linux says ENOTDIR if a directory was demanded.
        if (fd.error() == Errno::Notdir && how.directory && !how.follow) {
            const auto s = statAt(path, false);
            if (s && (*s).filetype == Filetype::SymbolicLink) return Errno::Loop;
        }
        return fd.error();
    }
    struct stat s {};
    if (fstat((*fd).get(), &s) != 0) return lastErrno();
    if (S_ISDIR(s.st_mode) && (how.write || how.truncate || how.create)) return Errno::Isdir;
    if (m_isReadOnly && (how.write || how.truncate)) return refuse(Errno::Rofs, "the preopen is read-only");
    if (S_ISDIR(s.st_mode))
        return std::unique_ptr<File>(
            std::make_unique<HostDirectory>(std::move(*fd), shownPath(m_hostPath, path), m_isReadOnly,
                                            m_resolution, s.st_dev, m_isPlain && s.st_dev == m_device));
    if (!m_isPlain || s.st_dev != m_device) {
        struct statfs system {};
        if (fstatfs((*fd).get(), &system) != 0) return lastErrno();
        if (isOfTheKernel(system.f_type))
            return refuse(Errno::Notcapable,
                          "denied: files of /proc and /sys are the host's own state, never granted");
        m_isPlain = m_isPlain || s.st_dev == m_device;
    }
    if (!S_ISREG(s.st_mode))
        return refuse(Errno::Notsup,
                      "it is " + std::string(kindOf(s.st_mode)) + "; only files and directories are opened");
    if (why && (how.write || how.truncate) && s.st_nlink > 1)
        *why = "it has " + std::to_string(s.st_nlink) +
               " names (hard links): what is written is seen under all of them, wherever they are";
    return std::unique_ptr<File>(
        std::make_unique<HostFile>(std::move(*fd), shownPath(m_hostPath, path), m_isReadOnly));
}

OrErrno<Filestat> HostDirectory::statAt(const std::string& path, bool follow) {
    struct stat s {};
    if (path.find('/') == std::string::npos && !path.empty() && path != "..") {
        // One component: no way out but through a link.
        if (fstatat(m_fd.get(), path.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0) return lastErrno();
        if (!follow || !S_ISLNK(s.st_mode)) return fromHost(s);
    }
    auto fd = openPath(path, O_PATH | (follow ? 0 : O_NOFOLLOW));
    if (!fd) return fd.error();
    if (fstat((*fd).get(), &s) != 0) return lastErrno();
    return fromHost(s);
}

Errno HostDirectory::setTimesAt(const std::string& path, bool follow, const NewTimes& times) {
    if (m_isReadOnly) return Errno::Rofs;
    auto fd = openPath(path, O_PATH | (follow ? 0 : O_NOFOLLOW));
    if (!fd) return fd.error();
    return done(utimensat((*fd).get(), "", HostTimes(times).both, AT_EMPTY_PATH));
}

Errno HostDirectory::createDirectory(const std::string& path) {
    auto at = place(path);
    if (!at) return at.error();
    if (at->isSelf()) return Errno::Exist;
    if (m_isReadOnly) return Errno::Rofs;
    return done(mkdirat(at->parent, at->name.c_str(), 0777));
}

Errno HostDirectory::removeDirectory(const std::string& path) {
    auto at = place(path);
    if (!at) return at.error();
    if (at->isSelf()) return at->isParentDots ? Errno::Notempty : Errno::Inval;
    if (m_isReadOnly) return Errno::Rofs;
    return done(unlinkat(at->parent, at->name.c_str(), AT_REMOVEDIR));
}

Errno HostDirectory::unlink(const std::string& path) {
    auto at = place(path);
    if (!at) return at.error();
    if (at->isSelf()) return Errno::Isdir;
    if (const Errno e = demandDirectory(*at); e != Errno::Success) return e;
    if (m_isReadOnly) return Errno::Rofs;
    return done(unlinkat(at->parent, at->name.c_str(), 0));
}

Errno HostDirectory::symlink(const std::string& target, const std::string& path) {
    if (target.starts_with('/')) return kOutside;
    auto at = place(path);
    if (!at) return at.error();
    if (at->isSelf()) return Errno::Exist;
    if (at->mustBeDirectory) return refuseSlash(*at);
    if (m_isReadOnly) return Errno::Rofs;
    return done(symlinkat(target.c_str(), at->parent, at->name.c_str()));
}

OrErrno<std::string> HostDirectory::readLink(const std::string& path) {
    auto at = place(path);
    if (!at) return at.error();
    if (at->isSelf()) return Errno::Inval;
    if (const Errno e = demandDirectory(*at); e != Errno::Success) return e;
    char target[PATH_MAX];
    const ssize_t n = readlinkat(at->parent, at->name.c_str(), target, sizeof target);
    if (n < 0) return lastErrno();
    return std::string(target, static_cast<size_t>(n));
}

/// The place of what a path finally leads to: links in the last component are followed, each resolved anew from this directory.
OrErrno<Place> HostDirectory::placeOfTarget(const std::string& path) const {
    std::string now = path;
    bool mustBeDirectory = false;
    for (int links = 0; links < 40; links++) {
        auto at = place(now);
        if (!at) return at.error();
        at->mustBeDirectory = mustBeDirectory = mustBeDirectory || at->mustBeDirectory;
        const auto s = statEntry(*at);
        if (!s) return s.error();
        if (at->isSelf() || !S_ISLNK((*s).st_mode)) return at;
        m_hasCrossed = true;
        char target[PATH_MAX];
        const ssize_t n = readlinkat(at->parent, at->name.c_str(), target, sizeof target);
        if (n < 0) return lastErrno();
        if (n == 0 || target[0] == '/') return kOutside;
        const size_t slash = now.find_last_of('/', now.find_last_not_of('/'));
        now = (slash == std::string::npos ? "" : now.substr(0, slash + 1)) +
              std::string(target, static_cast<size_t>(n));
    }
    return Errno::Loop;
}

Errno HostDirectory::mayMoveTo(const HostDirectory* to) const {
    if (!to) return Errno::Xdev;
    if (m_isReadOnly != to->m_isReadOnly) return Errno::Perm;
    return m_isReadOnly ? Errno::Rofs : Errno::Success;
}

Errno HostDirectory::link(const std::string& path, bool follow, Directory& directory,
                          const std::string& newPath) {
    const auto* to = dynamic_cast<const HostDirectory*>(&directory);
    if (const Errno e = mayMoveTo(to); e != Errno::Success) return e;
    auto from = follow ? placeOfTarget(path) : place(path);
    if (!from) return from.error();
    if (const auto s = statEntry(*from); !s) return s.error();
    if (const Errno e = demandDirectory(*from); e != Errno::Success) return e;
    auto at = to->place(newPath);
    if (!at) return at.error();
    if (at->isSelf()) return Errno::Exist;
    if (at->mustBeDirectory) return refuseSlash(*at);
    if (from->isSelf()) return statEntry(*at) ? Errno::Exist : Errno::Perm;
    return done(linkat(from->parent, from->name.c_str(), at->parent, at->name.c_str(), 0));
}

Errno HostDirectory::rename(const std::string& path, Directory& directory, const std::string& newPath) {
    const auto* to = dynamic_cast<const HostDirectory*>(&directory);
    if (const Errno e = mayMoveTo(to); e != Errno::Success) return e;
    auto from = place(path);
    if (!from) return from.error();
    auto at = to->place(newPath);
    if (!at) return at.error();
    if (from->isSelf() || at->isSelf()) return Errno::Busy;
    if (from->mustBeDirectory || at->mustBeDirectory) {
        // A slash behind either name says that a directory is moved.
        const auto s = statEntry(*from);
        if (!s) return s.error();
        if (!S_ISDIR((*s).st_mode)) return Errno::Notdir;
    }
    return done(renameat(from->parent, from->name.c_str(), at->parent, at->name.c_str()));
}

OrErrno<std::vector<DirectoryEntry>> HostDirectory::entries(uint64_t& leftOut) {
    // A description of its own, so that no position is shared.
    UniqueFd fd(openat(m_fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return lastErrno();
    struct stat self {};
    if (fstat(fd.get(), &self) != 0) return lastErrno();
    DIR* listing = fdopendir(fd.get());
    if (!listing) return lastErrno();
    (void)fd.release();
    // What lies above is not told: ".." bears the directory's own number.
    std::vector<DirectoryEntry> all{{".", self.st_ino, Filetype::Directory},
                                    {"..", self.st_ino, Filetype::Directory}};
    leftOut = 0;
    bool hasAny = false;
    errno = 0;
    while (const dirent* entry = readdir(listing)) {
        hasAny = true;
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") continue;
        if (!isUtf8(name)) {
            leftOut++;
            continue;
        }
        all.push_back({std::string(name), entry->d_ino, fromMode(DTTOIF(entry->d_type))});
        errno = 0;
    }
    const Errno error = lastErrno();
    closedir(listing);
    if (error != Errno::Success) return error;
    // One that was removed has not even dots. Some file systems tell no links of those that are there, and some no dots.
    if (self.st_nlink == 0 && !hasAny) return std::vector<DirectoryEntry>{};
    return all;
}

OrErrno<std::unique_ptr<Directory>> HostDirectory::writable() const {
    UniqueFd fd(openat(m_fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return lastErrno();
    return std::unique_ptr<Directory>(
        std::make_unique<HostDirectory>(std::move(fd), m_hostPath, false, m_resolution, m_device, m_isPlain));
}

engine::Result<std::unique_ptr<Directory>> openPreopen(const Preopen& preopen) {
    using engine::Error, engine::ErrorCode;
    UniqueFd fd(::open(preopen.hostPath.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) {
        const int error = errno;
        const auto code = error == ENOENT                     ? ErrorCode::NotFound
                          : error == EACCES || error == EPERM ? ErrorCode::Denied
                                                              : ErrorCode::Io;
        return Error{code, "preopen " + preopen.guestPath + ": " +
                               (error == ENOENT ? "there is no directory " + preopen.hostPath
                                : error == ENOTDIR
                                    ? preopen.hostPath + " is not a directory"
                                    : "cannot open " + preopen.hostPath + ": " +
                                          std::string(errnoText(static_cast<uint16_t>(fromHost(error)))))};
    }
    struct stat s {};
    if (fstat(fd.get(), &s) != 0)
        return Error{ErrorCode::Io, "preopen " + preopen.guestPath + ": cannot look at " + preopen.hostPath};
    return std::unique_ptr<Directory>(std::make_unique<HostDirectory>(
        std::move(fd), preopen.hostPath, preopen.kind != MountKind::Real, chooseResolution(), s.st_dev));
}

}  // namespace wasi
