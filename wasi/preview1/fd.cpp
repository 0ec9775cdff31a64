#include "wasi/abi.h"
#include "wasi/preview1/preview1.h"
#include "wasi/preview1/rights.h"

namespace wasi {

OrErrno<Descriptor*> Preview1::open(Fd fd, Rights needed) {
    Descriptor* const descriptor = m_state.files.find(fd);
    if (!descriptor) {
        if (m_call.logging()) m_call.detail = "fd " + decimal(fd) + " is not open";
        return Errno::Badf;
    }
    if (m_call.subject == 0) m_call.subject = descriptor->subject;
    m_call.use.add(descriptor->grant);
    Rights missing = needed & ~descriptor->base;
    if (missing != Rights::None) missing = missing & rightsThatApply(*descriptor->file);
    if (missing != Rights::None) return lacks(*descriptor, missing);
    return descriptor;
}

void Preview1::nameSecond(const Descriptor& second) {
    if (!m_call.logging() || second.subject == m_call.subject) return;
    std::string names(m_state.log.name(m_call.subject));
    names += '\0';
    m_call.subject = m_state.log.intern(names + second.guestPath);
}

Errno Preview1::refuse(Errno error, std::string subject, std::string why, std::optional<Grant> grant,
                       std::string flag) {
    if (!m_call.logging()) return error;
    if (grant) flag = toFlag(*grant);
    m_call.detail = "denied: " + why + (flag.empty() ? "" : "; grant: " + flag);
    m_call.use.isRefused = true;
    m_state.ledger->refuse({{}, std::move(subject), std::move(why), std::move(grant), std::move(flag)});
    return error;
}

Errno Preview1::lacks(const Descriptor& d, Rights missing) {
    if (!m_call.logging()) return Errno::Notcapable;
    if (d.isRevoked && d.grant != kNoGrant) {
        const GrantUse& revoked = m_state.ledger->at(d.grant);
        std::optional<Grant> grant;
        if (d.isPreopen) grant = revoked.preopen;
        return refuse(Errno::Notcapable, d.guestPath, revoked.name + " was revoked", std::move(grant));
    }
    return refuse(
        Errno::Notcapable, d.guestPath,
        "the descriptor lacks " + abi::flagText(Abi<Rights>::kNames, static_cast<uint64_t>(missing)));
}

Errno Preview1::needRoom() {
    if (!m_state.files.isFull()) return Errno::Success;
    const std::string why = "limit of " + decimal(m_state.files.limit()) + " open files reached";
    const uint64_t asked = m_state.capabilities.budgets.maxOpenFiles;
    const bool isOfProcess = asked == 0 || m_state.files.limit() < asked;
    refuse(Errno::Mfile, "open files", why, {},
           isOfProcess ? "" : "--max-files " + decimal(m_state.files.limit() * 2));
    m_call.detail = why + (isOfProcess ? ", as this process may have no more (ulimit -n)" : "");
    return Errno::Mfile;
}

Errno Preview1::fd_advise(Fd fd, Filesize offset, Filesize len, Advice advice) {
    const auto d = open(fd, Rights::FdAdvise);
    if (!d) return d.error();
    return (*d)->file->advise(offset, len, advice);
}

Errno Preview1::fd_allocate(Fd fd, Filesize offset, Filesize len) {
    const auto d = open(fd, Rights::FdAllocate);
    if (!d) return d.error();
    return (*d)->file->allocate(offset, len);
}

Errno Preview1::fd_close(Fd fd) {
    const auto d = open(fd, Rights::None);
    if (!d) return d.error();
    m_state.files.close(fd);
    return Errno::Success;
}

Errno Preview1::fd_datasync(Fd fd) {
    const auto d = open(fd, Rights::FdDatasync);
    if (!d) return d.error();
    return (*d)->file->sync(true);
}

Errno Preview1::fd_sync(Fd fd) {
    const auto d = open(fd, Rights::FdSync);
    if (!d) return d.error();
    return (*d)->file->sync(false);
}

Errno Preview1::fd_fdstat_get(Fd fd, Fdstat& stat) {
    const auto d = open(fd, Rights::None);
    if (!d) return d.error();
    // A program opens with the rights that it finds here: told of none, it would open without any once the folder is granted again.
    if ((*d)->isRevoked) return lacks(**d, Rights::None);
    stat = {(*d)->file->type(), (*d)->flags, (*d)->base, (*d)->inheriting};
    return Errno::Success;
}

Errno Preview1::fd_fdstat_set_flags(Fd fd, Fdflags flags) {
    const auto d = open(fd, Rights::FdFdstatSetFlags);
    if (!d) return d.error();
    constexpr Fdflags kSyncing = Fdflags::Dsync | Fdflags::Rsync | Fdflags::Sync;
    if ((flags & kSyncing) != ((*d)->flags & kSyncing)) {
        m_call.detail = "dsync, rsync and sync can only be chosen by path_open";
        return Errno::Notsup;
    }
    const Errno error = (*d)->file->setFlags(flags);
    if (error == Errno::Success) (*d)->flags = flags;
    return error;
}

Errno Preview1::fd_fdstat_set_rights(Fd fd, Rights base, Rights inheriting) {
    const auto d = open(fd, Rights::None);
    if (!d) return d.error();
    const Rights added = (base & ~(*d)->base) | (inheriting & ~(*d)->inheriting);
    if (added != Rights::None) {
        if (m_call.logging())
            m_call.detail = "denied: rights can only be dropped; asked for " +
                            abi::flagText(Abi<Rights>::kNames, static_cast<uint64_t>(added)) + " besides";
        return Errno::Notcapable;
    }
    (*d)->base = base;
    (*d)->inheriting = inheriting;
    return Errno::Success;
}

Errno Preview1::fd_filestat_get(Fd fd, Filestat& stat) {
    const auto d = open(fd, Rights::FdFilestatGet);
    if (!d) return d.error();
    const auto answer = (*d)->file->stat();
    if (answer) stat = *answer;
    return answer.error();
}

Errno Preview1::fd_filestat_set_size(Fd fd, Filesize size) {
    const auto d = open(fd, Rights::FdFilestatSetSize);
    if (!d) return d.error();
    return (*d)->file->setSize(size);
}

OrErrno<NewTimes> Preview1::newTimes(Timestamp atim, Timestamp mtim, Fstflags flags) {
    if (has(flags, Fstflags::Atim | Fstflags::AtimNow) || has(flags, Fstflags::Mtim | Fstflags::MtimNow))
        return Errno::Inval;
    NewTimes times;
    if (has(flags, Fstflags::Atim)) times.accessed = uint64_t{atim};
    if (has(flags, Fstflags::AtimNow)) times.accessed = NewTimes::Now{};
    if (has(flags, Fstflags::Mtim)) times.modified = uint64_t{mtim};
    if (has(flags, Fstflags::MtimNow)) times.modified = NewTimes::Now{};
    return times;
}

Errno Preview1::fd_filestat_set_times(Fd fd, Timestamp atim, Timestamp mtim, Fstflags fst_flags) {
    const auto d = open(fd, Rights::FdFilestatSetTimes);
    if (!d) return d.error();
    const auto times = newTimes(atim, mtim, fst_flags);
    if (!times) return times.error();
    return (*d)->file->setTimes(*times);
}

Errno Preview1::fd_prestat_get(Fd fd, Prestat& prestat) {
    // How a C library looks for the last preopen: no reason to explain the EBADF.
    const Descriptor* d = m_state.files.find(fd);
    if (!d || !d->isPreopen) return Errno::Badf;
    m_call.subject = d->subject;
    prestat.content = PrestatDir{static_cast<uint32_t>(d->guestPath.size())};
    return Errno::Success;
}

Errno Preview1::fd_prestat_dir_name(Fd fd, Pointer<uint8_t> path, Size path_len) {
    const auto d = open(fd, Rights::None);
    if (!d) return d.error();
    if (!(*d)->isPreopen) return Errno::Badf;
    const auto& name = (*d)->guestPath;
    if (path_len < name.size()) return Errno::Nametoolong;
    return m_call.memory.write(path.address, name.data(), name.size()) ? Errno::Success : Errno::Fault;
}

Errno Preview1::fd_renumber(Fd fd, Fd to) {
    const auto from = open(fd, Rights::None);
    if (!from) return from.error();
    const auto target = open(to, Rights::None);
    if (!target) return target.error();
    nameSecond(**target);
    m_state.files.renumber(fd, to);
    return Errno::Success;
}

Errno Preview1::fd_seek(Fd fd, Filedelta offset, Whence whence, Filesize& newoffset) {
    // Asking where one is needs fd_tell only, and fd_seek implies it.
    const bool onlyTells = whence == Whence::Cur && offset == 0;
    auto d = open(fd, onlyTells ? Rights::None : Rights::FdSeek);
    if (d && onlyTells && !hasAny((*d)->base, Rights::FdTell | Rights::FdSeek)) d = open(fd, Rights::FdTell);
    if (!d) return d.error();
    const auto answer = (*d)->file->seek(offset, whence);
    if (answer) newoffset = *answer;
    return answer.error();
}

Errno Preview1::fd_tell(Fd fd, Filesize& offset) { return Preview1::fd_seek(fd, 0, Whence::Cur, offset); }

Errno Unstable::fd_seek(Fd fd, Filedelta offset, unstable::Whence whence, Filesize& newoffset) {
    static constexpr Whence kNow[] = {Whence::Cur, Whence::End, Whence::Set};
    return Preview1::fd_seek(fd, offset, kNow[static_cast<size_t>(whence)], newoffset);
}

namespace {
unstable::Filestat toUnstable(const Filestat& s) {
    return {s.dev,  s.ino,  s.filetype, static_cast<uint32_t>(std::min<uint64_t>(s.nlink, UINT32_MAX)),
            s.size, s.atim, s.mtim,     s.ctim};
}
}  // namespace

Errno Unstable::fd_filestat_get(Fd fd, unstable::Filestat& stat) {
    Filestat now;
    const Errno error = Preview1::fd_filestat_get(fd, now);
    stat = toUnstable(now);
    return error;
}

Errno Unstable::path_filestat_get(Fd fd, Lookupflags flags, const std::string& path,
                                  unstable::Filestat& stat) {
    Filestat now;
    const Errno error = Preview1::path_filestat_get(fd, flags, path, now);
    stat = toUnstable(now);
    return error;
}

}  // namespace wasi
