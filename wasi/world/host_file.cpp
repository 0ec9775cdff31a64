#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cerrno>

#include "wasi/world/host_errno.h"
#include "wasi/world/host_files.h"
#include "wasi/world/host_times.h"

namespace wasi {

namespace {

/// Repeats a call that a signal interrupted.
template <class Call>
auto retried(Call call) {
    decltype(call()) result;
    do
        result = call();
    while (result < 0 && errno == EINTR);
    return result;
}

Errno done(int result) { return result == 0 ? Errno::Success : lastErrno(); }

bool fitsOffset(uint64_t offset) { return offset <= static_cast<uint64_t>(INT64_MAX); }

}  // namespace

HostTimes::HostTimes(const NewTimes& times) {
    const auto convert = [](const auto& time) {
        if (!time) return timespec{0, UTIME_OMIT};
        const auto* ns = std::get_if<uint64_t>(&*time);
        return ns ? timespec{static_cast<time_t>(*ns / 1'000'000'000), static_cast<long>(*ns % 1'000'000'000)}
                  : timespec{0, UTIME_NOW};
    };
    both[0] = convert(times.accessed);
    both[1] = convert(times.modified);
}

OrErrno<Filestat> HostFile::stat() {
    struct stat s {};
    if (fstat(m_fd.get(), &s) != 0) return lastErrno();
    return fromHost(s);
}

OrErrno<uint64_t> HostFile::read(std::span<const iovec> to, std::optional<uint64_t> offset) {
    if (offset && !fitsOffset(*offset)) return Errno::Inval;
    const auto count = static_cast<int>(to.size());
    // One buffer costs the kernel less without a list.
    const ssize_t n = retried([&] {
        if (offset) return preadv(m_fd.get(), to.data(), count, static_cast<off_t>(*offset));
        return count == 1 ? ::read(m_fd.get(), to[0].iov_base, to[0].iov_len)
                          : readv(m_fd.get(), to.data(), count);
    });
    if (n < 0) return lastErrno();
    return static_cast<uint64_t>(n);
}

OrErrno<uint64_t> HostFile::write(std::span<const iovec> from, std::optional<uint64_t> offset) {
    if (m_isReadOnly) return Errno::Rofs;
    if (offset && !fitsOffset(*offset)) return Errno::Inval;
    const auto count = static_cast<int>(from.size());
    const ssize_t n = retried([&] {
        if (offset) return pwritev(m_fd.get(), from.data(), count, static_cast<off_t>(*offset));
        return count == 1 ? ::write(m_fd.get(), from[0].iov_base, from[0].iov_len)
                          : writev(m_fd.get(), from.data(), count);
    });
    if (n < 0) return lastErrno();
    return static_cast<uint64_t>(n);
}

OrErrno<uint64_t> hostSeek(int fd, int64_t offset, Whence whence) {
    const off_t at = lseek(fd, offset,
                           whence == Whence::Set   ? SEEK_SET
                           : whence == Whence::Cur ? SEEK_CUR
                                                   : SEEK_END);
    if (at < 0) return lastErrno();
    return static_cast<uint64_t>(at);
}

OrErrno<uint64_t> HostFile::seek(int64_t offset, Whence whence) {
    return hostSeek(m_fd.get(), offset, whence);
}

Errno HostFile::setSize(uint64_t size) {
    if (m_isReadOnly) return Errno::Rofs;
    if (!fitsOffset(size)) return Errno::Inval;
    return done(retried([&] { return ftruncate(m_fd.get(), static_cast<off_t>(size)); }));
}

Errno HostFile::setTimes(const NewTimes& times) {
    if (m_isReadOnly) return Errno::Rofs;
    return done(futimens(m_fd.get(), HostTimes(times).both));
}

Errno HostFile::setFlags(Fdflags flags) {
    if (m_kind != "file") return Errno::Success;  // a stdio stream's description is shared with others
    return done(fcntl(m_fd.get(), F_SETFL, O_NONBLOCK | (has(flags, Fdflags::Append) ? O_APPEND : 0)));
}

Errno HostFile::sync(bool dataOnly) {
    return done(retried([&] { return dataOnly ? fdatasync(m_fd.get()) : fsync(m_fd.get()); }));
}

Errno HostFile::advise(uint64_t offset, uint64_t length, Advice advice) {
    static constexpr int kHost[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                    POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
    if (!fitsOffset(offset) || !fitsOffset(length) || !fitsOffset(offset + length)) return Errno::Inval;
    return fromHost(posix_fadvise(m_fd.get(), static_cast<off_t>(offset), static_cast<off_t>(length),
                                  kHost[static_cast<size_t>(advice)]));
}

Errno HostFile::allocate(uint64_t offset, uint64_t length) {
    if (m_isReadOnly) return Errno::Rofs;
    if (length == 0) return Errno::Inval;
    if (!fitsOffset(offset) || !fitsOffset(length) || !fitsOffset(offset + length)) return Errno::Fbig;
    // fallocate, not posix_fallocate: where the file system cannot, the library's emulation would write for hours.
    return done(retried(
        [&] { return fallocate(m_fd.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(length)); }));
}

DataRange HostFile::nextData(uint64_t offset) {
    constexpr uint64_t kNone = ~uint64_t{0};
    const auto look = [&](uint64_t from, int what) {
        return lseek(m_fd.get(), static_cast<off_t>(from), what);
    };
    if (!fitsOffset(offset)) return {kNone, kNone};
    const off_t position = look(0, SEEK_CUR), begin = look(offset, SEEK_DATA);
    const bool isAtEnd = begin < 0 && errno == ENXIO;
    const off_t end = begin < 0 ? -1 : look(static_cast<uint64_t>(begin), SEEK_HOLE);
    (void)look(static_cast<uint64_t>(position), SEEK_SET);
    if (isAtEnd) return {kNone, kNone};
    if (begin < 0 || end < 0) return {offset, kNone};  // it cannot tell
    return {static_cast<uint64_t>(begin), static_cast<uint64_t>(end)};
}

uint64_t HostFile::available() {
    struct stat s {};
    const off_t at = lseek(m_fd.get(), 0, SEEK_CUR);
    if (at < 0 || fstat(m_fd.get(), &s) != 0 || s.st_size < at) return 0;
    return static_cast<uint64_t>(s.st_size - at);
}

}  // namespace wasi
