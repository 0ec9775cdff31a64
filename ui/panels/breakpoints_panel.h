// Breakpoints: all of them with their state: on or off, where (or what memory is watched), condition, hits, why not resolved. A new one is typed into the line below.
#pragma once

#include "ui/models/table_model.h"
#include "ui/panel.h"

namespace ui {

class AddLine;
class TableView;

std::vector<Column<debugger::BreakpointInfo>> breakpointColumns();

class BreakpointsPanel final : public Panel {
    Q_OBJECT

public:
    explicit BreakpointsPanel(Context& context);

    /// Of a new breakpoint; `begin` is there already.
    void startTyping(const QString& begin = {});

private:
    void fill();
    void add(const QString& text);
    void goTo(const QModelIndex& index);
    void edit(const QModelIndex& index);
    void removeSelected();
    void showMenu(const QPoint& at);

    TableModel<debugger::BreakpointInfo> m_model;
    TableView* m_view;
    AddLine* m_line;
};

}  // namespace ui
