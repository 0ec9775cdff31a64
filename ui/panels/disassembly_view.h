// DisassemblyView: the instructions of one function between their source lines, with offsets, the current instruction and breakpoints.
// In the panel Disassembly, and in the middle of the window where there is no source.
#pragma once

#include <QWidget>

#include "ui/context.h"
#include "ui/models/table_model.h"

namespace ui {

class TableView;

/// A source line, an instruction, or one that the processor executes for it.
struct CodeRow {
    enum class Kind : uint8_t { Instruction, Source, Machine } kind = Kind::Instruction;
    QString text;                  // of the instruction, or of the line
    debugger::DisassemblyRow row;  // the instruction, the first of the line, or whose machine code it is
    debugger::MachineRow machine{};
    bool isCurrent = false, isTop = false;
    const char* breakpoint = nullptr;  // icon of its state

    bool isInstruction() const { return kind == Kind::Instruction; }
    bool isSource() const { return kind == Kind::Source; }
    bool isMachine() const { return kind == Kind::Machine; }
};
std::vector<Column<CodeRow>> disassemblyColumns();

class DisassemblyView final : public QWidget {
    Q_OBJECT

public:
    explicit DisassemblyView(Context& context, QWidget* parent = nullptr);

    /// Shows the function around an offset of the file, with that instruction selected.
    void goTo(uint32_t offset);
    bool isEmpty() const { return m_rows.empty(); }
    /// Under each instruction the machine code that it became.
    void showMachineCode(bool on);
    bool showsMachineCode() const { return m_showsMachine; }
    void toggleBreakpoint();
    void runToCursor();

signals:
    void filled();

private:
    void follow();
    void fill(const std::vector<debugger::DisassemblyRow>& rows, uint32_t offset);
    void addSources();
    void refresh();
    void show(uint32_t offset);
    void toggleAt(const CodeRow& row);
    void menu(const QPoint& at);
    uint32_t nextOffset() const;  // of the instruction at which the selected frame stands

    Context& m_context;
    TableView* m_view;
    TableModel<CodeRow> m_model;
    std::vector<debugger::DisassemblyRow> m_rows;
    uint64_t m_request = 0;
    bool m_showsMachine = false;
};

}  // namespace ui
