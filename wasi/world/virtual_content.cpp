#include "wasi/world/virtual_content.h"

#include <algorithm>
#include <cstring>

namespace wasi {

bool VirtualStorage::take(uint64_t bytes) {
    if (!hasRoomFor(bytes)) {
        m_limitReached("limit of " + std::to_string(m_limit) +
                       " bytes in overlays and in-memory folders reached");
        return false;
    }
    m_used += bytes;
    return true;
}

namespace {

/// Counted are whole blocks, as file systems do: a byte far from all others takes no less.
uint64_t blocksFor(uint64_t bytes) {
    constexpr uint64_t kBlockBytes = 4096;
    return (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
}

}  // namespace

VirtualContent::~VirtualContent() { (void)setSize(0); }

bool VirtualContent::resize(std::vector<uint8_t>& chunk, uint64_t bytes) {
    const uint64_t before = blocksFor(chunk.size()), now = blocksFor(bytes);
    if (now > before && !m_storage->take(now - before)) return false;
    if (now < before) m_storage->giveBack(before - now);
    // Not more than is counted, and not more than is left either.
    try {
        if (bytes > chunk.capacity()) chunk.reserve(now);
    } catch (const std::bad_alloc&) {
        m_storage->giveBack(now - before);
        throw;
    }
    chunk.resize(bytes);
    if (now < before) chunk.shrink_to_fit();
    return true;
}

Errno VirtualContent::readPart(std::span<uint8_t> to, uint64_t offset, File* lower) const {
    const auto found = m_chunks.find(offset / kChunkBytes);
    if (found != m_chunks.end()) {
        const auto& chunk = found->second;
        const uint64_t at = std::min<uint64_t>(offset % kChunkBytes, chunk.size());
        const size_t there = std::min<size_t>(to.size(), chunk.size() - at);
        if (there) std::memcpy(to.data(), chunk.data() + at, there);
        std::fill(to.begin() + static_cast<ptrdiff_t>(there), to.end(), uint8_t{0});
        return Errno::Success;
    }
    size_t done = 0;
    const uint64_t below = offset < m_lowerBytes ? std::min<uint64_t>(to.size(), m_lowerBytes - offset) : 0;
    while (done < below) {
        const iovec part{to.data() + done, below - done};
        const auto n = lower->read({&part, 1}, offset + done);
        if (!n) return n.error();
        if (*n == 0) break;  // it became shorter on the host
        done += *n;
    }
    std::fill(to.begin() + static_cast<ptrdiff_t>(done), to.end(), uint8_t{0});
    return Errno::Success;
}

OrErrno<uint64_t> VirtualContent::read(std::span<const iovec> to, uint64_t offset, File* lower) const {
    uint64_t total = 0;
    for (const auto& part : to) {
        auto* bytes = static_cast<uint8_t*>(part.iov_base);
        for (uint64_t at = 0; at < part.iov_len && offset < m_size;) {
            const uint64_t n =
                std::min({part.iov_len - at, m_size - offset, kChunkBytes - offset % kChunkBytes});
            if (const Errno e = readPart({bytes + at, n}, offset, lower); e != Errno::Success)
                return total ? OrErrno<uint64_t>(total) : e;
            at += n;
            offset += n;
            total += n;
        }
    }
    return total;
}

/// The chunk in which [offset, end) lies, with room for it; made of what shows there now.
OrErrno<std::vector<uint8_t>*> VirtualContent::chunkFor(uint64_t offset, uint64_t end, File* lower) {
    const uint64_t number = offset / kChunkBytes, begin = number * kChunkBytes;
    const auto found = m_chunks.find(number);
    if (found != m_chunks.end()) {
        auto& chunk = found->second;
        if (end - begin > chunk.size() && !resize(chunk, end - begin)) return Errno::Nospc;
        return &chunk;
    }
    const uint64_t below = m_lowerBytes > begin ? std::min(m_lowerBytes - begin, kChunkBytes) : 0;
    decltype(m_chunks) one;  // moves over as it is when all of it is there
    auto& chunk = one[number];
    if (!resize(chunk, std::max(end - begin, below))) return Errno::Nospc;
    if (below) {
        if (const Errno e = readPart({chunk.data(), below}, begin, lower); e != Errno::Success) {
            (void)resize(chunk, 0);
            return e;
        }
    }
    return &m_chunks.insert(one.extract(number)).position->second;
}

OrErrno<uint64_t> VirtualContent::write(std::span<const iovec> from, uint64_t offset, File* lower) {
    uint64_t total = 0;
    for (const auto& part : from) {
        const auto* bytes = static_cast<const uint8_t*>(part.iov_base);
        for (uint64_t at = 0; at < part.iov_len;) {
            if (offset >= kMaxSize) return total ? OrErrno<uint64_t>(total) : Errno::Fbig;
            const uint64_t n =
                std::min({part.iov_len - at, kMaxSize - offset, kChunkBytes - offset % kChunkBytes});
            const auto chunk = chunkFor(offset, offset + n, lower);
            if (!chunk) return total ? OrErrno<uint64_t>(total) : chunk.error();
            std::memcpy((*chunk)->data() + offset % kChunkBytes, bytes + at, n);
            at += n;
            offset += n;
            total += n;
            m_size = std::max(m_size, offset);
        }
    }
    return total;
}

Errno VirtualContent::setSize(uint64_t size) {
    if (size > kMaxSize) return Errno::Fbig;
    if (size < m_size) {
        for (auto last = m_chunks.lower_bound(size / kChunkBytes); last != m_chunks.end();) {
            auto& chunk = last->second;
            const uint64_t begin = last->first * kChunkBytes;
            const uint64_t kept = size > begin ? std::min<uint64_t>(size - begin, chunk.size()) : 0;
            (void)resize(chunk, kept);
            last = kept ? std::next(last) : m_chunks.erase(last);
        }
        m_lowerBytes = std::min(m_lowerBytes, size);
    }
    m_size = size;
    return Errno::Success;
}

DataRange VirtualContent::nextData(uint64_t offset, File* lower) const {
    DataRange next{m_size, m_size};
    if (offset < m_lowerBytes && lower) {
        next = lower->nextData(offset);
        next.end = std::min(next.end, m_lowerBytes);
        if (next.begin >= m_lowerBytes) next = {m_size, m_size};
    }
    for (auto at = m_chunks.lower_bound(offset / kChunkBytes); at != m_chunks.end(); ++at) {
        const uint64_t begin = at->first * kChunkBytes, end = begin + at->second.size();
        if (end <= offset) continue;
        if (begin < next.begin) next = {std::max(begin, offset), end};
        break;
    }
    return next;
}

}  // namespace wasi
