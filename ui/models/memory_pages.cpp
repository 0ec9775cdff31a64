#include "ui/models/memory_pages.h"

#include <QTimer>
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "ui/plain_text.h"

namespace ui {

/// One change of bytes; keeps both sides.
class MemoryEdit final : public QUndoCommand {
public:
    MemoryEdit(MemoryPages& memory, uint64_t address, std::string before, std::string after, int mergeId)
        : m_memory(memory),
          m_address(address),
          m_before(std::move(before)),
          m_after(std::move(after)),
          m_mergeId(mergeId) {
        setText(QObject::tr("Edit of %n byte(s) at %1", nullptr, static_cast<int>(m_after.size()))
                    .arg(hex(address)));
    }
    void undo() override { m_memory.put(m_address, m_before); }
    void redo() override { m_memory.put(m_address, m_after); }
    int id() const override { return m_mergeId; }
    bool mergeWith(const QUndoCommand* other) override {
        const auto* next = static_cast<const MemoryEdit*>(other);
        if (next->m_address != m_address || next->m_after.size() != m_after.size()) return false;
        m_after = next->m_after;
        return true;
    }

private:
    MemoryPages& m_memory;
    uint64_t m_address;
    std::string m_before, m_after;
    int m_mergeId;
};

namespace {

constexpr int kNoMerge = -1, kTyped = 1;

}  // namespace

MemoryPages::MemoryPages(Read read, Write write, QObject* parent)
    : QObject(parent), m_read(std::move(read)), m_write(std::move(write)) {}

std::optional<uint8_t> MemoryPages::at(uint64_t address) const {
    if (address >= m_size) return std::nullopt;
    const auto page = m_pages.find(address / kPage);
    if (page == m_pages.end() || page->second.isOld) want(address / kPage);
    if (page == m_pages.end() || address % kPage >= page->second.bytes.size()) return std::nullopt;
    return static_cast<uint8_t>(page->second.bytes[address % kPage]);
}

std::string MemoryPages::held(uint64_t address, uint64_t length) const {
    std::string bytes;
    for (; bytes.size() < length; ++address) {
        const std::optional<uint8_t> byte = at(address);
        if (!byte) break;
        bytes += static_cast<char>(*byte);
    }
    return bytes;
}

bool MemoryPages::isChanged(uint64_t address) const {
    const auto page = m_pages.find(address / kPage);
    if (page == m_pages.end()) return false;
    return std::any_of(page->second.changed.begin(), page->second.changed.end(),
                       [&](const auto& range) { return address >= range.first && address < range.second; });
}

// Called while painting: asked for later, once per page.
void MemoryPages::want(uint64_t page) const {
    if (!m_wanted.insert(page).second) return;
    QTimer::singleShot(0, this, [this, page] {
        if (m_wanted.contains(page) && page * kPage < m_size)
            m_read(page * kPage, std::min(kPage, m_size - page * kPage));
    });
}

void MemoryPages::reset(uint64_t size) {
    m_pages.clear();
    m_wanted.clear();
    m_edits.clear();
    m_size = size;
    emit sizeChanged();
    emit changed();
}

void MemoryPages::invalidate() {
    m_edits.clear();
    readAgain();
}

void MemoryPages::readAgain() {
    m_wanted.clear();
    for (auto& page : m_pages)
        page.second.isOld = true;
    emit changed();
}

void MemoryPages::setSize(uint64_t size) {
    if (size == m_size) return;
    m_size = size;
    std::erase_if(m_pages, [&](const auto& page) { return page.first * kPage >= m_size; });
    // The page at the old end was cut by it.
    for (auto& page : m_pages)
        page.second.isOld |= page.second.bytes.size() < kPage;
    emit sizeChanged();
    emit changed();
}

void MemoryPages::setBytes(const debugger::MemoryBytes& bytes) {
    setSize(bytes.memoryBytes);
    const uint64_t number = bytes.address / kPage;
    m_wanted.erase(number);
    if (bytes.address % kPage != 0 || bytes.bytes.empty()) return;
    // What is on the screen is fetched again; a few pages more than a screen would be are never needed.
    if (m_pages.size() >= kMaxPages && !m_pages.contains(number)) m_pages.clear();
    m_pages[number] = {bytes.bytes.substr(0, kPage), bytes.changed, false};
    emit changed();
}

void MemoryPages::setFailed(uint64_t address) {
    // Asked again at the next stop, not at the next painting.
    if (const auto page = m_pages.find(address / kPage); page != m_pages.end()) page->second.isOld = false;
}

void MemoryPages::setEditable(bool editable) {
    if (editable == m_editable) return;
    m_editable = editable;
    emit editableChanged();
}

bool MemoryPages::write(uint64_t address, const std::string& bytes) { return push(address, bytes, kNoMerge); }
bool MemoryPages::type(uint64_t address, uint8_t byte) {
    return push(address, std::string(1, static_cast<char>(byte)), kTyped);
}

bool MemoryPages::push(uint64_t address, const std::string& bytes, int mergeId) {
    const std::string before = held(address, bytes.size());
    if (!m_editable || bytes.empty() || before.size() != bytes.size()) return false;
    m_edits.push(new MemoryEdit(*this, address, before, bytes, mergeId));
    return true;
}

// Shown at once; the session's answer replaces it.
void MemoryPages::put(uint64_t address, const std::string& bytes) {
    for (size_t i = 0; i < bytes.size(); ++i) {
        const uint64_t at = address + i;
        const auto page = m_pages.find(at / kPage);
        if (page == m_pages.end() || at % kPage >= page->second.bytes.size()) continue;
        page->second.bytes[at % kPage] = bytes[i];
        if (!isChanged(at)) page->second.changed.emplace_back(at, at + 1);
    }
    m_write(address, bytes);
    emit changed();
}

}  // namespace ui
