// Cursor: walks over the buffers of a call as they are filled or emptied.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace wasi {

/// Moved between two looks at whether the session wants the thread.
inline constexpr uint64_t kSliceBytes = uint64_t{16} << 20;

class Cursor {
public:
    explicit Cursor(std::span<const iovec> buffers) : m_rest(buffers) { skipDone(); }
    bool done() const { return m_rest.empty(); }
    /// The next buffers, at most kSliceBytes of them.
    std::span<const iovec> slice(uint64_t& bytes) {
        bytes = 0;
        if (m_into == 0) {
            for (const iovec& part : m_rest)
                bytes += part.iov_len;
            if (bytes <= kSliceBytes) return m_rest;
            bytes = 0;
        }
        m_slice.clear();
        for (size_t i = 0; i < m_rest.size() && bytes < kSliceBytes; i++) {
            iovec part = m_rest[i];
            if (i == 0) {
                part.iov_base = static_cast<uint8_t*>(part.iov_base) + m_into;
                part.iov_len -= m_into;
            }
            part.iov_len = std::min<uint64_t>(part.iov_len, kSliceBytes - bytes);
            bytes += part.iov_len;
            m_slice.push_back(part);
        }
        return m_slice;
    }
    void advance(uint64_t bytes) {
        m_into += bytes;
        skipDone();
    }

private:
    void skipDone() {
        while (!m_rest.empty() && m_into >= m_rest[0].iov_len) {
            m_into -= m_rest[0].iov_len;
            m_rest = m_rest.subspan(1);
        }
    }
    std::span<const iovec> m_rest;
    uint64_t m_into = 0;  // of the first
    std::vector<iovec> m_slice;
};

}  // namespace wasi
