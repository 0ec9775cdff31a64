#include "wasi/abi.h"
#include "wasi/preview1/preview1.h"
#include "wasi/preview1/rights.h"
#include "wasi/world/beneath.h"

namespace wasi {

std::string displayPath(std::string_view directory, std::string_view path) {
    std::vector<std::string_view> parts;
    const bool isAbsolute = path.starts_with('/') || directory.starts_with('/');
    const auto add = [&](std::string_view text) {
        for (size_t at = 0; at < text.size();) {
            const size_t slash = std::min(text.find('/', at), text.size());
            const auto part = text.substr(at, slash - at);
            if (part == ".." && !parts.empty() && parts.back() != "..")
                parts.pop_back();
            else if (part == ".." && isAbsolute) {
            } else if (!part.empty() && part != ".")
                parts.push_back(part);
            at = slash + 1;
        }
    };
    if (!path.starts_with('/')) add(directory);
    add(path);
    std::string text;
    for (const auto part : parts) {
        if (isAbsolute || !text.empty()) text += '/';
        text += part;
    }
    return !text.empty() ? text : isAbsolute ? "/" : ".";
}

OrErrno<Directory*> Preview1::directory(Fd fd, Rights needed) {
    const auto d = open(fd, needed);
    if (!d) return d.error();
    Directory* const found = (*d)->file->asDirectory();
    if (!found) {
        if (m_call.logging()) m_call.detail = "fd " + decimal(fd) + " is not a directory";
        return Errno::Notdir;
    }
    return found;
}

namespace {

/// The preopen under which a path would lie, or the one that shares the most components with it.
std::string nearestPreopen(const DescriptorTable& files, const std::string& path, bool& covers) {
    std::string nearest;
    size_t most = 0;
    covers = false;
    for (const auto& d : files.entries()) {
        if (!d || !d->isPreopen) continue;
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

Errno Preview1::explain(Errno error, Fd fd, const std::string& path, std::string_view why) {
    if (error == Errno::Success || !m_call.logging()) return error;
    const Descriptor* d = m_state.files.find(fd);
    const std::string full = displayPath(d ? d->guestPath : "", path);
    if (!why.empty()) {
        m_call.detail = "denied: " + full + ": " + std::string(why);
    } else if (error == kOutside) {
        bool covers = false;
        const std::string nearest = nearestPreopen(m_state.files, full, covers);
        if (path.starts_with('/'))
            m_call.detail =
                "denied: " + full + " is absolute; paths are relative to a descriptor" +
                (covers ? " (" + nearest + " covers it)"
                        : "; no preopen covers it" + (nearest.empty() ? "" : ", nearest is " + nearest));
        else if (covers && d && !d->isPreopen)
            m_call.detail =
                "denied: " + path + " leaves the directory " + d->guestPath + " that it was opened from";
        else if (covers)
            m_call.detail = "denied: " + path + " leads out of " + (d ? d->guestPath : nearest) +
                            " (a symbolic link, or ..)";
        else
            m_call.detail =
                "denied: no preopen covers " + full + (nearest.empty() ? "" : "; nearest is " + nearest);
    } else if (error == Errno::Rofs) {
        m_call.detail = "denied: " + full + " lies in a read-only preopen; grant it read-write to allow this";
    }
    return error;
}

Errno Preview1::path_create_directory(Fd fd, const std::string& path) {
    const auto at = directory(fd, Rights::PathCreateDirectory);
    if (!at) return at.error();
    return explain((*at)->createDirectory(path), fd, path);
}

Errno Preview1::path_filestat_get(Fd fd, Lookupflags flags, const std::string& path, Filestat& stat) {
    const auto at = directory(fd, Rights::PathFilestatGet);
    if (!at) return at.error();
    const auto answer = (*at)->statAt(path, has(flags, Lookupflags::SymlinkFollow));
    if (answer) stat = *answer;
    return explain(answer.error(), fd, path);
}

Errno Preview1::path_filestat_set_times(Fd fd, Lookupflags flags, const std::string& path, Timestamp atim,
                                        Timestamp mtim, Fstflags fst_flags) {
    const auto at = directory(fd, Rights::PathFilestatSetTimes);
    if (!at) return at.error();
    const auto times = newTimes(atim, mtim, fst_flags);
    if (!times) return times.error();
    return explain((*at)->setTimesAt(path, has(flags, Lookupflags::SymlinkFollow), *times), fd, path);
}

Errno Preview1::path_link(Fd old_fd, Lookupflags old_flags, const std::string& old_path, Fd new_fd,
                          const std::string& new_path) {
    const auto from = directory(old_fd, Rights::PathLinkSource);
    if (!from) return from.error();
    const auto to = directory(new_fd, Rights::PathLinkTarget);
    if (!to) return to.error();
    const Errno error = (*from)->link(old_path, has(old_flags, Lookupflags::SymlinkFollow), **to, new_path);
    return explain(error, old_fd, old_path,
                   error == Errno::Perm
                       ? "no hard links to directories, or between preopens of different permission"
                       : "");
}

Errno Preview1::path_open(Fd fd, Lookupflags dirflags, const std::string& path, Oflags oflags, Rights base,
                          Rights inheriting, Fdflags fdflags, Fd& opened_fd) {
    // Which rights a call needs: WASI 0.1, `rights`, at path_open, path_create_file, path_filestat_set_size, fd_datasync and fd_sync.
    Rights needed = Rights::PathOpen;
    if (has(oflags, Oflags::Creat)) needed = needed | Rights::PathCreateFile;
    if (has(oflags, Oflags::Trunc)) needed = needed | Rights::PathFilestatSetSize;
    const auto at = directory(fd, needed);
    if (!at) return at.error();
    const Descriptor& parent = *m_state.files.find(fd);
    const Rights possible =
        has(oflags, Oflags::Directory) ? kDirectoryRights : kFileRights | kDirectoryRights;
    Rights passedOn = (base & possible) | (inheriting & (kFileRights | kDirectoryRights));
    if (has(fdflags, Fdflags::Dsync)) passedOn = passedOn | Rights::FdDatasync;
    if (hasAny(fdflags, Fdflags::Rsync | Fdflags::Sync)) passedOn = passedOn | Rights::FdSync;
    if (const Rights missing = passedOn & ~parent.inheriting; missing != Rights::None) return lacks(missing);
    if (const Errno e = needRoom(); e != Errno::Success) return e;

    OpenHow how;
    how.create = has(oflags, Oflags::Creat);
    how.exclusive = has(oflags, Oflags::Excl);
    how.truncate = has(oflags, Oflags::Trunc);
    how.directory = has(oflags, Oflags::Directory);
    how.follow = has(dirflags, Lookupflags::SymlinkFollow);
    how.read = hasAny(base, kReadingRights);
    how.write = hasAny(base, kWritingRights);
    how.flags = fdflags;
    std::string why;
    auto file = (*at)->open(path, how, m_call.logging() ? &why : nullptr);
    if (!file) return explain(file.error(), fd, path, why);

    Descriptor opened;
    const Rights apply = rightsThatApply((*file)->type());
    opened.base = base & apply;
    opened.inheriting = (*file)->asDirectory() ? inheriting & (kFileRights | kDirectoryRights) : Rights::None;
    opened.flags = fdflags;
    opened.guestPath = displayPath(parent.guestPath, path);
    opened.openedBySequence = m_call.sequence;
    if (m_call.logging()) {
        opened.subject = m_state.log.intern(opened.guestPath);
        m_call.detail = (*file)->hostPath();
    }
    opened.file = std::move(*file);
    opened_fd = m_state.files.insert(std::move(opened));
    return Errno::Success;
}

Errno Preview1::path_readlink(Fd fd, const std::string& path, Pointer<uint8_t> buf, Size buf_len,
                              Size& bufused) {
    const auto at = directory(fd, Rights::PathReadlink);
    if (!at) return at.error();
    const auto target = (*at)->readLink(path);
    if (!target) return explain(target.error(), fd, path);
    const auto used = static_cast<uint32_t>(std::min<size_t>(buf_len, (*target).size()));
    if (!m_call.memory.write(buf.address, (*target).data(), used)) return Errno::Fault;
    bufused = used;
    return Errno::Success;
}

Errno Preview1::path_remove_directory(Fd fd, const std::string& path) {
    const auto at = directory(fd, Rights::PathRemoveDirectory);
    if (!at) return at.error();
    return explain((*at)->removeDirectory(path), fd, path);
}

Errno Preview1::path_rename(Fd fd, const std::string& old_path, Fd new_fd, const std::string& new_path) {
    const auto from = directory(fd, Rights::PathRenameSource);
    if (!from) return from.error();
    const auto to = directory(new_fd, Rights::PathRenameTarget);
    if (!to) return to.error();
    const Errno error = (*from)->rename(old_path, **to, new_path);
    return explain(error, fd, old_path,
                   error == Errno::Perm ? "no renames between preopens of different permission" : "");
}

Errno Preview1::path_symlink(const std::string& old_path, Fd fd, const std::string& new_path) {
    const auto at = directory(fd, Rights::PathSymlink);
    if (!at) return at.error();
    return explain(
        (*at)->symlink(old_path, new_path), fd, new_path,
        old_path.starts_with('/') ? "a link to the absolute path " + old_path + " would lead nowhere" : "");
}

Errno Preview1::path_unlink_file(Fd fd, const std::string& path) {
    const auto at = directory(fd, Rights::PathUnlinkFile);
    if (!at) return at.error();
    return explain((*at)->unlink(path), fd, path);
}

}  // namespace wasi
