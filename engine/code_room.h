// CodeRoom: where the cells of all functions lie. Owned by the StoreState; what lies in it never moves and lives as long as it.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "engine/code.h"

namespace engine {

class CodeRoom {
public:
    /// Room for that many cells, not initialised and not taken yet: the next reserve() gives it again unless some of it was taken.
    Insn* reserve(size_t count) {
        if (static_cast<size_t>(m_end - m_at) < count) grow(count);
        return m_at;
    }
    /// Takes the first cells of what was reserved last.
    void take(size_t count) { m_at += count; }

private:
    // Chunks double, so that little programs take little.
    static constexpr size_t kSmallest = 4 << 10, kLargest = 512 << 10;

    static constexpr size_t kHugePage = 2 << 20;
    struct Free {
        void operator()(Insn* chunk) const { std::free(chunk); }
    };

    void grow(size_t count) {
        const size_t size = std::max(count, std::clamp(m_total, kSmallest, kLargest));
        m_chunks.emplace_back(allocate(size));
        m_total += size;
        m_at = m_chunks.back().get();
        m_end = m_at + size;
    }

    /// Large chunks in large pages, where the system has them: it takes as long to fault in small ones as to fill them.
    static Insn* allocate(size_t size) {
        const size_t bytes = size * sizeof(Insn);
        const size_t page = bytes < kHugePage ? sizeof(Insn) : kHugePage;
        const size_t rounded = (bytes + page - 1) / page * page;
        void* chunk = std::aligned_alloc(page, rounded);
        if (!chunk) throw std::bad_alloc();
        if (page == kHugePage) madvise(chunk, rounded, MADV_HUGEPAGE);
        return static_cast<Insn*>(chunk);
    }

    std::vector<std::unique_ptr<Insn, Free>> m_chunks;
    size_t m_total = 0;
    Insn *m_at = nullptr, *m_end = nullptr;
};

}  // namespace engine
