#include "wasi/descriptors.h"

namespace wasi {

Fd DescriptorTable::insert(Descriptor descriptor) {
    while (m_firstFree < m_entries.size() && m_entries[m_firstFree])
        m_firstFree++;
    if (m_firstFree == m_entries.size()) m_entries.emplace_back();
    m_entries[m_firstFree] = std::make_unique<Descriptor>(std::move(descriptor));
    m_open++;
    return static_cast<uint32_t>(m_firstFree++);
}

void DescriptorTable::close(Fd fd) {
    CHECK(find(fd));
    m_entries[fd].reset();
    m_open--;
    m_firstFree = std::min<size_t>(m_firstFree, fd);
}

void DescriptorTable::renumber(Fd from, Fd to) {
    CHECK(find(from) && find(to));
    if (from == to) return;
    m_entries[to] = std::move(m_entries[from]);
    m_open--;
    m_firstFree = std::min<size_t>(m_firstFree, from);
}

}  // namespace wasi
