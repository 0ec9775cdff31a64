// Watches: expressions that the user keeps an eye on, evaluated at every stop in the selected frame. Remembered with the program.
#pragma once

#include <QStringList>

#include "ui/panel.h"
#include "ui/panels/variables_model.h"

namespace ui {

class TreeView;

class WatchesPanel final : public Panel {
    Q_OBJECT

public:
    explicit WatchesPanel(Context& context);
    QJsonObject save() const override;
    void restore(const QJsonObject& json) override;

    void add(const QString& expression);
    void startTyping();
    const QStringList& expressions() const { return m_expressions; }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void rebuild();
    void evaluate();
    void forgetValues();
    void onValue(const QString& expression, ValueNode node);
    void edit(const QModelIndex& index, const QString& text);
    void removeSelected();
    void showMenu(const QPoint& at);
    static ValueNode rootFor(const QString& expression);

    ValueModel m_model;
    TreeView* m_view;
    QStringList m_expressions;
};

}  // namespace ui
