// Picker: a list over the window from which one is chosen by typing parts of its name: the command palette, files and functions.
#pragma once

#include <QFrame>
#include <QLineEdit>
#include <functional>
#include <vector>

#include "ui/context.h"
#include "ui/models/table_model.h"

namespace ui {

class TableView;

struct PickerItem {
    QString title, detail;
    QString icon;
    QString keys;  // shortcut, to the right
    bool enabled = true;
    std::function<void()> choose;
};

class Picker final : public QFrame {
    Q_OBJECT

public:
    /// Answers what is typed with items, best first; now or later.
    using Source = std::function<void(const QString& typed, std::function<void(std::vector<PickerItem>)>)>;

    Picker(Context& context, QWidget* window, const QString& placeholder, Source source);
    /// Filters fixed items by the typed letters, in order ("stov" finds "Step Over").
    static Source filtered(std::vector<PickerItem> items);
    void popUp();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void ask();
    void choose(const QModelIndex& index);

    Source m_source;
    QLineEdit* m_line;
    TableView* m_view;
    TableModel<PickerItem> m_model;
};

/// How well typed letters match a text: higher is better, 0 = not at all.
int matchScore(const QString& typed, const QString& text);

}  // namespace ui
