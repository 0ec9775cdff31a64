#include "engine/jit/code_arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace engine::jit {

namespace {
constexpr size_t kAlignment = 64, kPage = 4096;

size_t roundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }
}  // namespace

std::unique_ptr<CodeArena> CodeArena::create(size_t bytes) {
    bytes = roundUp(bytes, kPage);
    const int file = memfd_create("wasm code", MFD_CLOEXEC);
    if (file < 0) return nullptr;
    std::unique_ptr<CodeArena> arena(new CodeArena);
    if (ftruncate(file, static_cast<off_t>(bytes)) == 0) {
        void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
        if (data != MAP_FAILED) arena->m_data = static_cast<uint8_t*>(data);
        void* code = mmap(nullptr, bytes, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_NORESERVE, file, 0);
        if (code != MAP_FAILED) arena->m_code = static_cast<uint8_t*>(code);
        arena->m_size = bytes;
    }
    close(file);
    if (!arena->m_code || !arena->m_data) return nullptr;
    return arena;
}

CodeArena::~CodeArena() {
    if (m_code) munmap(m_code, m_size);
    if (m_data) munmap(m_data, m_size);
}

uint8_t* CodeArena::reserve(size_t bytes) {
    uint8_t* at = next();
    m_used = std::min(roundUp(m_used + bytes, kAlignment), m_size);
    return at;
}

void CodeArena::empty() {
    const size_t from = roundUp(m_kept, kPage);
    madvise(m_data + from, m_size - from, MADV_REMOVE);  // gives the memory back
    m_used = m_kept;
    m_wordBytes = m_wordsLeft = 0;
}

uint64_t* CodeArena::reserveWord() {
    if (m_wordsLeft == 0) {
        if (room() < kPage) return nullptr;
        m_wordBytes += kPage;
        m_wordsLeft = kPage / sizeof(uint64_t);
    }
    --m_wordsLeft;
    return reinterpret_cast<uint64_t*>(m_code + m_size - m_wordBytes) + m_wordsLeft;
}

}  // namespace engine::jit
