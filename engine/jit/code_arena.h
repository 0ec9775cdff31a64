// CodeArena: the bounded room for machine code of one store, mapped twice: once writable, once executable, never both (W^X). What is
// taken is given back with the arena.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace engine::jit {

class CodeArena {
public:
    /// Null if the system refuses.
    static std::unique_ptr<CodeArena> create(size_t bytes);
    ~CodeArena();
    CodeArena(const CodeArena&) = delete;

    /// The executable address that the next reserve() returns.
    uint8_t* next() const { return m_code + m_used; }
    size_t room() const { return m_size - m_used - m_wordBytes; }
    size_t used() const { return m_used + m_wordBytes; }
    size_t size() const { return m_size; }
    /// What is reserved so far stays; what comes later goes with empty().
    void keep() { m_kept = m_used; }
    void empty();
    /// Executable address of `bytes` (at most room()), aligned to 64.
    uint8_t* reserve(size_t bytes);
    /// A word in a page without code, which machine code reads at its executable address. Null: no room.
    uint64_t* reserveWord();
    /// Where an executable address is written.
    template <class T>
    T* writable(const T* executable) const {
        return reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(executable) -
                                    reinterpret_cast<uintptr_t>(m_code) +
                                    reinterpret_cast<uintptr_t>(m_data));
    }
    bool contains(const void* address) const { return address >= m_code && address < m_code + m_size; }
    const uint8_t* begin() const { return m_code; }

private:
    CodeArena() = default;
    uint8_t* m_code = nullptr;  // readable and executable
    uint8_t* m_data = nullptr;  // readable and writable
    size_t m_size = 0, m_used = 0, m_kept = 0;
    size_t m_wordBytes = 0;  // at the end, in whole pages
    size_t m_wordsLeft = 0;  // in the lowest of them
};

}  // namespace engine::jit
