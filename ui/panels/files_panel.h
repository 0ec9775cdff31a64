// Files: what the program holds open: path in the program and on this machine, rights, position, bytes moved.
#pragma once

#include <QTimer>

#include "ui/models/table_model.h"
#include "ui/panel.h"

namespace ui {

class FilterBox;
class TableView;

std::vector<Column<debugger::OpenFileRow>> fileColumns();

class FilesPanel final : public Panel {
    Q_OBJECT

public:
    explicit FilesPanel(Context& context);

protected:
    void showEvent(QShowEvent* event) override;

private:
    void askSoon();
    void ask();
    void showRows();
    void showState();
    void showMenu(const QPoint& at);

    TableModel<debugger::OpenFileRow> m_model;
    std::vector<debugger::OpenFileRow> m_files;  // before the filter
    QTimer m_soon;
    FilterBox* m_box;
    TableView* m_view;
};

}  // namespace ui
