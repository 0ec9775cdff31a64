// AppendOnly<T>: an array that only grows. Elements never move; one thread appends, any thread reads what it knows to be published.
// Grows by doubling chunks, so that a reader needs no lock to find an element.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>

namespace wasi {

template <class T>
class AppendOnly {
public:
    AppendOnly() = default;
    AppendOnly(const AppendOnly&) = delete;
    ~AppendOnly() {
        for (auto& chunk : m_chunks)
            delete[] chunk.load(std::memory_order_relaxed);
    }
    uint64_t size() const { return m_size.load(std::memory_order_acquire); }
    T& operator[](uint64_t index) { return at(index); }
    const T& operator[](uint64_t index) const { return const_cast<AppendOnly*>(this)->at(index); }
    /// A new element at the end, to be assigned, and visible to readers once publish() was called.
    T& grow() {
        if (m_next == m_end) addChunk();
        return *m_next;
    }
    void publish() {
        m_next++;
        m_size.store(m_size.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

private:
    static constexpr uint32_t kFirst = 256;
    struct Place {
        uint32_t chunk;
        uint64_t offset;
    };
    static Place place(uint64_t index) {
        const uint64_t scaled = index / kFirst + 1;
        const auto chunk = static_cast<uint32_t>(std::bit_width(scaled) - 1);
        return {chunk, index - kFirst * ((uint64_t{1} << chunk) - 1)};
    }
    void addChunk() {
        const auto [chunk, offset] = place(m_size.load(std::memory_order_relaxed));
        T* const begin = new T[uint64_t{kFirst} << chunk];
        m_chunks[chunk].store(begin, std::memory_order_release);
        m_next = begin;
        m_end = begin + (uint64_t{kFirst} << chunk);
    }
    T& at(uint64_t index) {
        const auto [chunk, offset] = place(index);
        return m_chunks[chunk].load(std::memory_order_acquire)[offset];
    }
    std::atomic<uint64_t> m_size{0};
    T *m_next = nullptr, *m_end = nullptr;  // the writer's: the last chunk, from m_size on
    std::array<std::atomic<T*>, 48> m_chunks{};
};

}  // namespace wasi
