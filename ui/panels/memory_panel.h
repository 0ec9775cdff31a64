// Memory: the program's linear memory in hexadecimal and ASCII, with what the bytes at the cursor mean as numbers; go to an address or
// expression, search, edit in place with undo.
#pragma once

#include <QComboBox>
#include <QLineEdit>

#include "ui/models/memory_pages.h"
#include "ui/models/table_model.h"
#include "ui/models/typed_bytes.h"
#include "ui/panel.h"

namespace ui {

class ElidedLabel;
class HexView;
class TableView;

class MemoryPanel final : public Panel {
    Q_OBJECT

public:
    explicit MemoryPanel(Context& context);
    QJsonObject save() const override;
    void restore(const QJsonObject& memory) override;

    enum class CopyAs : uint8_t { Bytes, Hex, CArray };
    void copy(CopyAs as);

private:
    QWidget* makeBar();
    QWidget* makeBody();
    void showState();
    void readMemories();
    void setMemories(const std::vector<debugger::MemoryInfo>& memories);
    void chooseMemory(int index);
    void read(uint64_t address, uint64_t length);
    void write(uint64_t address, std::string bytes);
    void goTo(uint64_t address, uint64_t length);
    void goToText();
    void goToValue(const debugger::VariableNode& value);
    void findNext();
    void find(const std::string& bytes, uint64_t from, bool wrapped);
    void showCursor();
    void editTyped(int row, const QString& text);
    void followPointer();
    void showMenu(const QPoint& at);
    void say(const QString& text, bool isError = false);

    MemoryPages m_bytes;
    TableModel<TypedRow> m_typed;
    std::vector<debugger::MemoryInfo> m_memories;
    uint32_t m_memory = 0;
    bool m_isRead = false;                                   // the memories are known
    std::optional<std::pair<uint64_t, uint64_t>> m_pending;  // where to go once they are

    HexView* m_view = nullptr;
    TableView* m_typedView = nullptr;
    QComboBox* m_chooser = nullptr;
    QLineEdit* m_address = nullptr;
    QLineEdit* m_find = nullptr;
    QComboBox* m_findKind = nullptr;
    ElidedLabel* m_status = nullptr;
};

/// Bytes as text for the clipboard: "48 65 6c", or "{0x48, 0x65, 0x6c}" in lines of 16.
QString hexText(std::string_view bytes);
QString cArrayText(std::string_view bytes);

}  // namespace ui
