// Moving bytes between files and linear memory: straight between the two, in slices, waiting where the file would block.

#include <algorithm>

#include "wasi/abi.h"
#include "wasi/buffer_parameters.h"
#include "wasi/preview1/buffers.h"
#include "wasi/preview1/preview1.h"
#include "wasi/preview1/rights.h"

namespace wasi {

namespace {

/// What moving no bytes ends in.
Errno movesNothing(const File& file, std::optional<uint64_t> offset) {
    if (file.type() == Filetype::Directory) return Errno::Isdir;
    return offset && *offset > INT64_MAX ? Errno::Inval : Errno::Success;
}

}  // namespace

template <class Buffer>
Errno Preview1::gather(List<Buffer> list) {
    constexpr bool kIsWritten = std::is_same_v<Buffer, Iovec>;
    m_buffers.clear();
    m_bufferBytes = 0;
    const uint32_t count = std::min(list.count, kMaxBuffers);
    // A call that goes on has told of its buffers before.
    const bool isFirst = m_call.wait.progress == 0;
    const uint64_t listBytes = uint64_t{count} * Abi<Buffer>::size();
    const uint8_t* bytes =
        isFirst ? m_call.memory.read(list.address, listBytes) : m_call.memory.peek(list.address, listBytes);
    if (!bytes) return Errno::Fault;
    for (uint32_t i = 0; i < count; i++) {
        Buffer buffer;
        Abi<Buffer>::load(bytes + i * Abi<Buffer>::size(), buffer);
        uint8_t* const at = m_call.memory.writable(buffer.buf, buffer.buf_len);
        if (!at) return Errno::Fault;
        const auto used = std::min<uint64_t>(buffer.buf_len, m_call.mostBytes - m_bufferBytes);
        m_bufferBytes += used;
        m_buffers.push_back({at, used});
        if (!kIsWritten && isFirst) (void)m_call.memory.read(buffer.buf, buffer.buf_len);
    }
    return m_bufferBytes > UINT32_MAX ? Errno::Inval : Errno::Success;
}

template Errno Preview1::gather(List<Iovec> list);
template Errno Preview1::gather(List<Ciovec> list);

void Preview1::wroteBuffers(uint64_t bytes) {
    const uint8_t* const base = m_call.memory.writable(0, 0);
    for (const auto& buffer : m_buffers) {
        const auto part = std::min<uint64_t>(bytes, buffer.iov_len);
        if (part)
            m_call.memory.wrote(static_cast<uint32_t>(static_cast<uint8_t*>(buffer.iov_base) - base), part);
        bytes -= part;
    }
}

/// Cuts m_buffers to what the output budget has left.
Errno Preview1::limitOutput() {
    const uint64_t limit = m_state.capabilities.budgets.maxOutputBytes;
    if (limit == 0 || m_state.outputBytes + m_bufferBytes <= limit) return Errno::Success;
    m_call.detail = "output limit of " + decimal(limit) + " bytes reached";
    if (m_state.limitReached.empty()) m_state.limitReached = m_call.detail;
    uint64_t left = limit - m_state.outputBytes;
    if (left == 0) {
        refuse(Errno::Nospc, "output", std::string(m_call.detail), {}, "--max-output " + decimal(limit * 2));
        m_call.detail = m_state.limitReached;
        return Errno::Nospc;
    }
    for (auto& buffer : m_buffers) {
        buffer.iov_len = std::min<uint64_t>(buffer.iov_len, left);
        left -= buffer.iov_len;
    }
    m_bufferBytes = limit - m_state.outputBytes;
    return Errno::Success;
}

bool Preview1::wait(std::span<pollfd> what, std::optional<uint64_t> timeoutNs, const std::string& text) {
    return m_state.wait(what, timeoutNs, text);
}

bool Preview1::waitFor(const Descriptor& descriptor, short events) {
    pollfd what{descriptor.file->readiness().hostFd, events, 0};
    return wait({&what, 1}, std::nullopt, descriptor.guestPath);
}

Answer Preview1::transfer(Descriptor& descriptor, bool isRead, const Step& step, Size& moved) {
    uint64_t total = m_call.wait.progress;
    const auto ended = [&](Errno error) {
        moved = static_cast<uint32_t>(total);
        (isRead ? descriptor.bytesRead : descriptor.bytesWritten) += total;
        (isRead ? m_call.use.bytesRead : m_call.use.bytesWritten) += total;
        return total ? Errno::Success : error;
    };
    // Programs that write to what blocks rely on all being written: a write goes on where it was interrupted.
    const auto interrupted = [&] {
        m_call.wait.progress = total;
        return Answer::interrupted();
    };
    Cursor cursor(m_buffers);
    cursor.advance(total);
    while (!cursor.done()) {
        uint64_t wanted = 0;
        const auto slice = cursor.slice(wanted);
        const auto n = step(slice, total);
        if (!n && n.error() == Errno::Again && !has(descriptor.flags, Fdflags::Nonblock)) {
            if (isRead && total) break;
            if (waitFor(descriptor, isRead ? POLLIN : POLLOUT)) continue;
            return interrupted();
        }
        if (!n) return ended(n.error());
        total += *n;
        cursor.advance(*n);
        if ((isRead && *n < wanted) || *n == 0) break;
        if (!cursor.done() && m_call.yieldRequested()) {
            if (isRead) break;
            return interrupted();
        }
    }
    return ended(Errno::Success);
}

Answer Preview1::readInto(Fd fd, List<Iovec> iovs, std::optional<uint64_t> offset, Size& nread) {
    const auto d = open(fd, offset ? Rights::FdRead | Rights::FdSeek : Rights::FdRead);
    if (!d) return d.error();
    if (const Errno e = gather(iovs); e != Errno::Success) return e;
    File& file = *(*d)->file;
    if (m_bufferBytes == 0) return movesNothing(file, offset);
    Answer answer = transfer(
        **d, true,
        [&](std::span<const iovec> to, uint64_t done) {
            return file.read(to, offset ? std::optional(*offset + done) : std::nullopt);
        },
        nread);
    if (m_call.logging() && answer.ended()) wroteBuffers(nread);
    return answer;
}

Answer Preview1::writeFrom(Fd fd, List<Ciovec> iovs, std::optional<uint64_t> offset, Size& nwritten) {
    const auto d = open(fd, offset ? Rights::FdWrite | Rights::FdSeek : Rights::FdWrite);
    if (!d) return d.error();
    if (const Errno e = gather(iovs); e != Errno::Success) return e;
    File& file = *(*d)->file;
    if (m_bufferBytes == 0) return movesNothing(file, offset);
    if ((*d)->isOutput)
        if (const Errno e = limitOutput(); e != Errno::Success) return e;
    Answer answer = transfer(
        **d, false,
        [&](std::span<const iovec> from, uint64_t done) {
            return file.write(from, offset ? std::optional(*offset + done) : std::nullopt);
        },
        nwritten);
    if ((*d)->isOutput && answer.ended()) m_state.outputBytes += nwritten;
    return answer;
}

FreshAnswer Preview1::fd_pread(Fd fd, List<Iovec> iovs, Filesize offset, Size& nread) {
    return readInto(fd, iovs, offset, nread);
}
FreshAnswer Preview1::fd_read(Fd fd, List<Iovec> iovs, Size& nread) {
    return readInto(fd, iovs, std::nullopt, nread);
}
FreshAnswer Preview1::fd_pwrite(Fd fd, List<Ciovec> iovs, Filesize offset, Size& nwritten) {
    return writeFrom(fd, iovs, offset, nwritten);
}
FreshAnswer Preview1::fd_write(Fd fd, List<Ciovec> iovs, Size& nwritten) {
    return writeFrom(fd, iovs, std::nullopt, nwritten);
}

/// Lists that other descriptors have are dropped where all would be long together: who goes on with one then takes it anew.
void Preview1::keepListing(Descriptor& of, std::vector<DirectoryEntry> entries) {
    constexpr size_t kMostEntries = 1 << 20;
    size_t count = entries.size();
    for (const auto& d : m_state.files.entries())
        if (d) count += d->listing.size();
    if (count > kMostEntries)
        for (const auto& d : m_state.files.entries())
            if (d) std::vector<DirectoryEntry>().swap(d->listing);
    of.listing = std::move(entries);
}

Errno Preview1::fd_readdir(Fd fd, Pointer<uint8_t> buf, Size buf_len, Dircookie cookie, Size& bufused) {
    const auto d = open(fd, Rights::FdReaddir);
    if (!d) return d.error();
    Directory* const directory = (*d)->file->asDirectory();
    if (!directory) return Errno::Notdir;
    if (m_call.logging()) m_state.ledger->touched((*d)->grant, (*d)->guestPath, true);
    uint8_t* const room = m_call.memory.writable(buf.address, buf_len);
    if (!room) return Errno::Fault;
    // Cookies index a list taken at the start, so that what stands in the directory throughout is told exactly once, whatever else
    // comes and goes meanwhile.
    auto& listing = (*d)->listing;
    if (cookie == 0 || listing.empty()) {
        uint64_t leftOut = 0;
        auto entries = directory->entries(leftOut);
        if (!entries) return entries.error();
        keepListing(**d, std::move(*entries));
        if (leftOut) m_call.detail = decimal(leftOut) + " entries left out: their names are not UTF-8";
    }
    uint32_t used = 0;
    for (uint64_t at = cookie; at < listing.size() && used < buf_len; at++) {
        const auto& entry = listing[at];
        uint8_t header[32];
        Abi<Dirent>::store(header,
                           {at + 1, entry.inode, static_cast<uint32_t>(entry.name.size()), entry.type});
        const auto put = [&](const void* bytes, size_t length) {
            const auto part = std::min<size_t>(length, buf_len - used);
            std::memcpy(room + used, bytes, part);
            used += static_cast<uint32_t>(part);
        };
        put(header, Abi<Dirent>::size());
        put(entry.name.data(), entry.name.size());
    }
    m_call.memory.wrote(buf.address, used);
    bufused = used;
    return Errno::Success;
}

}  // namespace wasi
