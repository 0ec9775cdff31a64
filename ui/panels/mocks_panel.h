// Mocks: the ordered rules by which host calls are answered: on or off, when, which, how, and how often they did. A new one is typed into
// the line below; each part of a rule can be edited where it stands.
#pragma once

#include "ui/models/table_model.h"
#include "ui/panel.h"
#include "wasi/mock_text.h"

namespace ui {

class AddLine;
class TableView;

struct MockRow {
    wasi::MockInfo info;
    wasi::MockText text;  // as if it were switched on
};
std::vector<Column<MockRow>> mockColumns();
/// The beginning of a rule that speaks of calls like this one: "path_open fd = 3 and path = \"a.cfg\"".
QString ruleLike(const debugger::CallDetail& call);

class MocksPanel final : public Panel {
    Q_OBJECT

public:
    explicit MocksPanel(Context& context);
    void startTyping(const QString& rule = {});

private:
    using Entries = std::vector<wasi::MockEntry>;
    Entries entries() const;
    void fill();
    void add(const QString& text);
    void edit(int row, int column, const QString& text);
    void toggle(int row, bool on);
    void removeSelected();
    void move(int by);
    void loadFile(const QString& path);
    void saveFile(const QString& path);
    void set(Entries entries, std::function<void()> then = {});
    void showMenu(const QPoint& at);

    TableModel<MockRow> m_model;
    TableView* m_view;
    AddLine* m_line;
};

}  // namespace ui
