// VirtualContent: the bytes of a file in memory: chunks that were written, and below them, where nothing was, those of a lower file or
// zeros. So a large file costs what was changed of it, and a sparse one what was written.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wasi/world.h"

namespace wasi {

/// What all virtual folders of a guest take together. Owned by those who take of it.
class VirtualStorage {
public:
    VirtualStorage(uint64_t limit, std::function<uint64_t()> now,
                   std::function<void(const std::string&)> limitReached)
        : m_limit(limit), m_now(std::move(now)), m_limitReached(std::move(limitReached)) {}
    /// False: there is no room; the reason was told.
    bool take(uint64_t bytes);
    void giveBack(uint64_t bytes) { m_used -= bytes; }
    bool hasRoomFor(uint64_t bytes) const { return bytes <= m_limit - m_used; }
    uint64_t used() const { return m_used; }
    /// The guest's time, for that of files.
    uint64_t now() const { return m_now(); }

private:
    uint64_t m_limit, m_used = 0;
    std::function<uint64_t()> m_now;
    std::function<void(const std::string&)> m_limitReached;
};

class VirtualContent {
public:
    explicit VirtualContent(std::shared_ptr<VirtualStorage> storage) : m_storage(std::move(storage)) {}
    VirtualContent(const VirtualContent&) = delete;
    ~VirtualContent();

    static constexpr uint64_t kMaxSize = static_cast<uint64_t>(INT64_MAX);

    uint64_t size() const { return m_size; }
    /// Is anything still read from the lower file?
    bool needsLower() const { return m_lowerBytes > 0; }
    /// From now on it is what `bytes` bytes of the lower file are.
    void startFrom(uint64_t bytes) { m_size = m_lowerBytes = bytes; }

    /// `lower` may be null if needsLower() is false. Errors: those of the lower file; Nospc, Fbig.
    OrErrno<uint64_t> read(std::span<const iovec> to, uint64_t offset, File* lower) const;
    OrErrno<uint64_t> write(std::span<const iovec> from, uint64_t offset, File* lower);
    /// What is cut off is gone: it reads as zeros if the file grows again.
    Errno setSize(uint64_t size);
    /// See File::nextData().
    DataRange nextData(uint64_t offset, File* lower) const;

private:
    static constexpr uint64_t kChunkBytes = 64 << 10;

    /// Gives a chunk that size, takes of the storage what that needs or gives it back. False: there is no room.
    bool resize(std::vector<uint8_t>& chunk, uint64_t bytes);

    OrErrno<std::vector<uint8_t>*> chunkFor(uint64_t offset, uint64_t end, File* lower);
    Errno readPart(std::span<uint8_t> to, uint64_t offset, File* lower) const;

    std::shared_ptr<VirtualStorage> m_storage;
    std::map<uint64_t, std::vector<uint8_t>> m_chunks;  // by number; what one lacks at its end is zeros
    uint64_t m_size = 0;
    uint64_t m_lowerBytes = 0;  // of the lower file's beginning that still show where there is no chunk
};

}  // namespace wasi
