#include <filesystem>

#include "wasi/abi.h"
#include "wasi/guest_path.h"
#include "wasi/preview1/preview1.h"
#include "wasi/preview1/rights.h"
#include "wasi/world/beneath.h"
#include "wasi/world/link_trail.h"

namespace wasi {

OrErrno<Preview1::Target> Preview1::target(Fd fd, Rights needed, const std::string& path) {
    constexpr Rights kChanging = Rights::PathCreateDirectory | Rights::PathCreateFile |
                                 Rights::PathLinkSource | Rights::PathLinkTarget | Rights::PathRenameSource |
                                 Rights::PathRenameTarget | Rights::PathFilestatSetSize |
                                 Rights::PathFilestatSetTimes | Rights::PathSymlink |
                                 Rights::PathRemoveDirectory | Rights::PathUnlinkFile;
    Descriptor* const named = m_state.files.find(fd);
    Target at{named, nullptr, path, hasAny(needed, kChanging), false, Rights::None};
    if (at.from && at.from->isCatchAll) findCover(at);
    if (!at.from && m_state.capabilities.preopens.empty()) {
        const MountKind kind = at.writes ? MountKind::Real : MountKind::ReadOnly;
        return refuse(Errno::Badf, path, "no folder is granted", Preopen{".", ".", kind});
    }
    if (at.from == named) {
        if (const auto d = open(fd, needed); !d) return d.error();
        at.inheriting = named->inheriting;
    } else {
        m_call.subject = at.from->subject;
        m_call.use.add(at.from->grant);
        // What the program gave up of the root does not come back through what lies behind it.
        for (const Descriptor* d : {at.from, named})
            if (const Rights missing = needed & ~d->base; missing != Rights::None) return lacks(*d, missing);
        at.inheriting = at.from->inheriting & named->inheriting;
    }
    at.directory = at.from->file->asDirectory();
    if (!at.directory) {
        if (m_call.logging()) m_call.detail = "fd " + decimal(fd) + " is not a directory";
        return Errno::Notdir;
    }
    return at;
}

namespace {

/// As C libraries compare the names of preopens: without what stands for the root or the present directory.
std::string_view withoutRoot(std::string_view path) {
    while (true) {
        if (path.starts_with('/'))
            path.remove_prefix(1);
        else if (path.starts_with("./"))
            path.remove_prefix(2);
        else
            return path == "." ? "" : path;
    }
}

}  // namespace

void Preview1::findCover(Target& at) const {
    size_t longest = 0;
    const std::string_view wanted = withoutRoot(at.path);
    std::string rest;
    for (const auto& d : m_state.files.entries()) {
        if (!d || !d->isPreopen || d->isCatchAll || d->isRevoked) continue;
        const std::string_view name = withoutRoot(d->guestPath);
        const bool covers = name.empty() || wanted == name ||
                            (wanted.starts_with(name) && wanted.substr(name.size()).starts_with('/'));
        if (!covers || name.size() < longest) continue;
        longest = name.size();
        at.from = d.get();
        rest = withoutRoot(wanted.substr(name.size()));
    }
    if (!at.from->isCatchAll) at.path = rest.empty() ? "." : rest;
}

namespace {

/// The preopen under which a path would lie, or the one that shares the most components with it.
std::string nearestPreopen(const DescriptorTable& files, const std::string& path, bool& covers) {
    std::string nearest;
    size_t most = 0;
    covers = false;
    for (const auto& d : files.entries()) {
        if (!d || !d->isPreopen || d->isCatchAll || d->isRevoked) continue;
        const std::string name = displayPath("", d->guestPath);
        const bool isPrefix = path == name || name == "/" || path.starts_with(name + "/");
        size_t common = 0;
        for (size_t i = 0; i < std::min(name.size(), path.size()) && name[i] == path[i]; i++)
            common = i + 1;
        if (isPrefix) common += path.size() + 1;
        if (nearest.empty() || common > most) {
            nearest = d->guestPath;
            most = common;
            covers = isPrefix;
        }
    }
    return nearest;
}

}  // namespace

namespace {

/// At the root of what is not granted, "x" and "/x" are the same: C libraries drop the slash. Which of the two is meant shows in what the
/// host has, else in how the nearest preopen is called.
std::filesystem::path meantAtRoot(const std::filesystem::path& full, bool usesAbsolute) {
    std::error_code ignored;
    const auto relative = full.relative_path();
    const bool isAbsolute =
        std::filesystem::exists(full, ignored) || (full.has_parent_path() && full.parent_path() != "/" &&
                                                   std::filesystem::exists(full.parent_path(), ignored));
    const bool isHere = relative.empty() || std::filesystem::exists(relative, ignored);
    return (isAbsolute || usesAbsolute) && !isHere ? full : relative;
}

/// The folder that would have to be granted for a path that no preopen covers.
Preopen missingFolder(std::filesystem::path wanted, bool writes) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(wanted, ignored)) wanted = wanted.parent_path();
    while (wanted.is_relative() && !wanted.empty() && !std::filesystem::is_directory(wanted, ignored))
        wanted = wanted.parent_path();
    const std::string folder = wanted.empty() ? "." : wanted.string();
    return {folder, folder, writes ? MountKind::Real : MountKind::ReadOnly};
}

bool usesWhole(Ledger& ledger, GrantIndex grant) { return grant == kNoGrant || ledger.at(grant).isWholeUsed; }

}  // namespace

[[gnu::hot]] Errno Preview1::explain(Errno error, const Target& at, std::string_view why) {
    if (!m_call.logging()) return error;
    const bool isRefusal = error == Errno::Rofs || error == Errno::Notcapable;
    if (!isRefusal && why.empty() && usesWhole(*m_state.ledger, at.from->grant)) return error;
    return explainInWords(error, at, why);
}

/// Apart: most calls are short, and what this needs would cost them all.
[[gnu::noinline]] Errno Preview1::explainInWords(Errno error, const Target& at, std::string_view why) {
    const std::string full = displayPath(at.from->guestPath, at.path);
    if (error == Errno::Rofs) {
        // Said before the path was looked at: to be granted more of this folder would not help one that leaves it.
        bool isBelow = false;
        (void)nearestPreopen(m_state.files, full, isBelow);
        if (!isBelow) return (void)explainOutside(at, full), error;
        Preopen wider = m_state.ledger->at(at.from->grant).preopen;
        wider.kind = MountKind::Real;
        return refuse(error, full,
                      full + (why.empty() ? " lies in a read-only preopen" : ": " + std::string(why)),
                      std::move(wider));
    }
    if (error == Errno::Notcapable && !why.empty())
        return refuse(error, full, full + ": " + std::string(why));
    if (error == kOutside) return explainOutside(at, full);
    if (error != Errno::Success && !why.empty()) m_call.detail = "denied: " + full + ": " + std::string(why);
    noteTouched(at, full, false);
    return error;
}

void Preview1::noteTouched(const Target& at, const std::string& full, bool isFolder) {
    Ledger& ledger = *m_state.ledger;
    if (usesWhole(ledger, at.from->grant)) return;
    ledger.touched(at.from->grant, full, isFolder);
    for (const auto& [link, target] : linksOn(*at.directory, at.path, at.follows))
        m_state.links.crossed(at.from->grant, displayPath(at.from->guestPath, link),
                              displayPath(at.from->guestPath, target));
}

Errno Preview1::explainOutside(const Target& at, const std::string& full) {
    bool covers = false;
    const std::string nearest = nearestPreopen(m_state.files, full, covers);
    const auto orNone = [](std::string text, const std::string& name) {
        return name.empty() ? std::string() : text + name;
    };
    const bool isAtRoot = at.from->isCatchAll;
    if (!isAtRoot && covers && at.path.starts_with('/'))
        return refuse(kOutside, full,
                      full + " is absolute; paths are relative to a descriptor (" + nearest + " covers it)");
    if (!isAtRoot && covers && !at.from->isPreopen)
        return refuse(kOutside, full,
                      at.path + " leaves the directory " + at.from->guestPath + " that it was opened from");
    if (!isAtRoot && covers)
        return refuse(kOutside, full,
                      at.path + " leads out of " + at.from->guestPath + " (a symbolic link, or ..)");
    const auto meant = isAtRoot ? meantAtRoot(full, nearest.starts_with('/')) : std::filesystem::path(full);
    const std::string shown = meant.empty() ? "." : meant.string();
    const std::string why =
        at.path.starts_with('/')
            ? full + " is absolute; paths are relative to a descriptor; no preopen covers it" +
                  orNone(", nearest is ", nearest)
            : "no preopen covers " + shown + orNone("; nearest is ", nearest);
    return refuse(kOutside, shown, why, missingFolder(meant, at.writes));
}

Errno Preview1::path_create_directory(Fd fd, const std::string& path) {
    auto at = target(fd, Rights::PathCreateDirectory, path);
    if (!at) return at.error();
    return explain(at->directory->createDirectory(at->path), *at);
}

Errno Preview1::path_filestat_get(Fd fd, Lookupflags flags, const std::string& path, Filestat& stat) {
    auto at = target(fd, Rights::PathFilestatGet, path);
    if (!at) return at.error();
    at->follows = has(flags, Lookupflags::SymlinkFollow);
    const auto answer = at->directory->statAt(at->path, at->follows);
    if (answer) stat = *answer;
    return explain(answer.error(), *at);
}

Errno Preview1::path_filestat_set_times(Fd fd, Lookupflags flags, const std::string& path, Timestamp atim,
                                        Timestamp mtim, Fstflags fst_flags) {
    auto at = target(fd, Rights::PathFilestatSetTimes, path);
    if (!at) return at.error();
    const auto times = newTimes(atim, mtim, fst_flags);
    if (!times) return times.error();
    at->follows = has(flags, Lookupflags::SymlinkFollow);
    return explain(at->directory->setTimesAt(at->path, at->follows, *times), *at);
}

Errno Preview1::path_link(Fd old_fd, Lookupflags old_flags, const std::string& old_path, Fd new_fd,
                          const std::string& new_path) {
    auto from = target(old_fd, Rights::PathLinkSource, old_path);
    if (!from) return from.error();
    auto to = target(new_fd, Rights::PathLinkTarget, new_path);
    if (!to) return to.error();
    nameSecond(*to->from);
    from->follows = has(old_flags, Lookupflags::SymlinkFollow);
    const Errno error = from->directory->link(from->path, from->follows, *to->directory, to->path);
    if (error == Errno::Success) (void)explain(error, *to);  // both are used
    return explain(error, *from,
                   error == Errno::Perm
                       ? "no hard links to directories, or between preopens of different permission"
                       : "");
}

namespace {

/// A path may be as long as a guest likes to go from folder to folder: of one that is too long the folder that it begins with.
std::string cutPath(std::string path) {
    constexpr size_t kMostBytes = 16 << 10;
    if (path.size() > kMostBytes) path.resize(path.rfind('/', kMostBytes));
    return path;
}

}  // namespace

Errno Preview1::path_open(Fd fd, Lookupflags dirflags, const std::string& path, Oflags oflags, Rights base,
                          Rights inheriting, Fdflags fdflags, Fd& opened_fd) {
    // Which rights a call needs: WASI 0.1, `rights`, at path_open, path_create_file, path_filestat_set_size, fd_datasync and fd_sync.
    Rights needed = Rights::PathOpen;
    if (has(oflags, Oflags::Creat)) needed = needed | Rights::PathCreateFile;
    if (has(oflags, Oflags::Trunc)) needed = needed | Rights::PathFilestatSetSize;
    auto at = target(fd, needed, path);
    if (!at) return at.error();
    const Descriptor& parent = *at->from;
    const Rights possible =
        has(oflags, Oflags::Directory) ? kDirectoryRights : kFileRights | kDirectoryRights;
    Rights passedOn = (base & possible) | (inheriting & (kFileRights | kDirectoryRights));
    if (has(fdflags, Fdflags::Dsync)) passedOn = passedOn | Rights::FdDatasync;
    if (hasAny(fdflags, Fdflags::Rsync | Fdflags::Sync)) passedOn = passedOn | Rights::FdSync;
    if (const Rights missing = passedOn & ~at->inheriting; missing != Rights::None)
        return lacks(parent, missing);
    if (const Errno e = needRoom(); e != Errno::Success) return e;

    OpenHow how;
    how.create = has(oflags, Oflags::Creat);
    how.exclusive = has(oflags, Oflags::Excl);
    how.truncate = has(oflags, Oflags::Trunc);
    how.directory = has(oflags, Oflags::Directory);
    how.follow = has(dirflags, Lookupflags::SymlinkFollow);
    how.read = hasAny(base, kReadingRights);
    how.write = has(base, Rights::FdWrite);
    how.resize = hasAny(base, kResizingRights);
    how.flags = fdflags;
    std::string why;
    at->writes = at->writes || how.write;
    at->follows = how.follow;
    auto file = at->directory->open(at->path, how, m_call.logging() ? &why : nullptr);
    if (!file) return explain(file.error(), *at, why);

    Descriptor opened;
    const Rights apply = rightsThatApply(**file);
    opened.base = base & apply;
    opened.inheriting = (*file)->asDirectory() ? inheriting & (kFileRights | kDirectoryRights) : Rights::None;
    opened.flags = fdflags;
    opened.guestPath = cutPath(displayPath(parent.guestPath, at->path));
    opened.grant = parent.grant;
    opened.openedBySequence = m_call.sequence;
    if (m_call.logging()) {
        opened.subject = m_state.log.intern(opened.guestPath);
        m_call.detail = (*file)->hostPath();
        if (!why.empty()) {
            m_call.detail += "; " + why;
            if (parent.grant != kNoGrant) m_state.ledger->warn(parent.grant, opened.guestPath + ": " + why);
        }
        m_call.use.changes = at->writes;
        noteTouched(*at, opened.guestPath, (*file)->asDirectory() != nullptr);
    }
    opened.file = std::move(*file);
    opened_fd = m_state.files.insert(std::move(opened));
    return Errno::Success;
}

Errno Preview1::path_readlink(Fd fd, const std::string& path, Pointer<uint8_t> buf, Size buf_len,
                              Size& bufused) {
    auto at = target(fd, Rights::PathReadlink, path);
    if (!at) return at.error();
    const auto link = at->directory->readLink(at->path);
    if (!link) return explain(link.error(), *at);
    const auto used = static_cast<uint32_t>(std::min<size_t>(buf_len, (*link).size()));
    if (!m_call.memory.write(buf.address, (*link).data(), used)) return Errno::Fault;
    bufused = used;
    return explain(Errno::Success, *at);
}

Errno Preview1::path_remove_directory(Fd fd, const std::string& path) {
    auto at = target(fd, Rights::PathRemoveDirectory, path);
    if (!at) return at.error();
    return explain(at->directory->removeDirectory(at->path), *at);
}

Errno Preview1::path_rename(Fd fd, const std::string& old_path, Fd new_fd, const std::string& new_path) {
    auto from = target(fd, Rights::PathRenameSource, old_path);
    if (!from) return from.error();
    auto to = target(new_fd, Rights::PathRenameTarget, new_path);
    if (!to) return to.error();
    nameSecond(*to->from);
    const Errno error = from->directory->rename(from->path, *to->directory, to->path);
    if (error == Errno::Success) (void)explain(error, *to);  // both are used
    return explain(error, *from,
                   error == Errno::Perm ? "no renames between preopens of different permission" : "");
}

Errno Preview1::path_symlink(const std::string& old_path, Fd fd, const std::string& new_path) {
    auto at = target(fd, Rights::PathSymlink, new_path);
    if (!at) return at.error();
    return explain(
        at->directory->symlink(old_path, at->path), *at,
        old_path.starts_with('/') ? "a link to the absolute path " + old_path + " would lead nowhere" : "");
}

Errno Preview1::path_unlink_file(Fd fd, const std::string& path) {
    auto at = target(fd, Rights::PathUnlinkFile, path);
    if (!at) return at.error();
    return explain(at->directory->unlink(at->path), *at);
}

}  // namespace wasi
