// MemoryPages: the bytes of one linear memory as they are looked at: pages that are fetched when asked for and kept within a bound, what
// changed since the last stop, and the edits of this stop, which can be undone. Owned by the Memory panel, which reads and writes for it.
#pragma once

#include <QObject>
#include <QUndoStack>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "debugger/protocol.h"

namespace ui {

class MemoryPages final : public QObject {
    Q_OBJECT

public:
    static constexpr uint64_t kPage = 4096;
    static constexpr size_t kMaxPages = 1024;
    /// Must be answered by setBytes, or by setFailed for the same address.
    using Read = std::function<void(uint64_t address, uint64_t length)>;
    using Write = std::function<void(uint64_t address, std::string bytes)>;

    MemoryPages(Read read, Write write, QObject* parent = nullptr);

    uint64_t size() const { return m_size; }
    /// nullopt: outside, or not there yet; then it is asked for and changed() follows.
    std::optional<uint8_t> at(uint64_t address) const;
    /// Up to `length` bytes from `address`, cut at the first that is not there.
    std::string held(uint64_t address, uint64_t length) const;
    /// Since the last stop, by the program or by hand.
    bool isChanged(uint64_t address) const;

    /// Memory grew, or is there at last.
    void setSize(uint64_t size);
    /// Another memory or another program.
    void reset(uint64_t size);
    /// A new stop: what is held is shown until it has been read again; the edits can no longer be undone.
    void invalidate();
    /// After a write from elsewhere: as invalidate, but the edits stay.
    void readAgain();
    void setBytes(const debugger::MemoryBytes& bytes);
    void setFailed(uint64_t address);

    bool isEditable() const { return m_editable; }
    void setEditable(bool editable);
    /// One undo step; `typed` writes to the same byte in a row become one. False if it cannot be written now.
    bool write(uint64_t address, const std::string& bytes);
    bool type(uint64_t address, uint8_t byte);
    QUndoStack& edits() { return m_edits; }

signals:
    void changed();
    void sizeChanged();
    void editableChanged();

private:
    friend class MemoryEdit;
    struct Page {
        std::string bytes;
        std::vector<std::pair<uint64_t, uint64_t>> changed;  // [begin, end)
        bool isOld = false;
    };
    void want(uint64_t page) const;
    void put(uint64_t address, const std::string& bytes);
    bool push(uint64_t address, const std::string& bytes, int mergeId);

    Read m_read;
    Write m_write;
    uint64_t m_size = 0;
    bool m_editable = false;
    std::unordered_map<uint64_t, Page> m_pages;
    mutable std::unordered_set<uint64_t> m_wanted;
    QUndoStack m_edits;
};

}  // namespace ui
