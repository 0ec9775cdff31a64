// Call stack: the frames of the present stop, youngest first; choosing one moves every other panel to it.
#pragma once

#include "ui/models/table_model.h"
#include "ui/panel.h"

namespace ui {

class TableView;

/// A frame, and whether it is the one that the panels show.
struct FrameRow {
    debugger::StackFrame frame;
    bool isSelected = false;
};
std::vector<Column<FrameRow>> callStackColumns();

class CallStackPanel final : public Panel {
    Q_OBJECT

public:
    explicit CallStackPanel(Context& context);

private:
    void fill();
    void showState();
    void showMenu(const QPoint& at);

    TableModel<FrameRow> m_model;
    TableView* m_view;
};

}  // namespace ui
