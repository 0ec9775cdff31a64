// Panel: the base of all panels: a content widget, or (while there is nothing to show) an empty state that says what will be here and
// offers the verb that fills it. Registered by one line in panels.cpp.
#pragma once

#include <QJsonObject>
#include <QStackedLayout>
#include <QWidget>

#include "ui/context.h"

namespace ui {

class EmptyState;

class Panel : public QWidget {
    Q_OBJECT

public:
    explicit Panel(Context& context, QWidget* parent = nullptr);

    /// What is kept of the panel with a program (watches, the address looked at); read before the program is started.
    virtual QJsonObject save() const { return {}; }
    virtual void restore(const QJsonObject&) {}

    bool isEmptyShown() const;

signals:
    /// Something here wants the user: said beside the panel's title, also while another tab is in front. Empty = no more.
    void marked(const QString& what);

protected:
    Context& context() const { return m_context; }
    Theme& theme() const { return m_context.theme(); }
    /// What the panel shows when it has something; call once, in the constructor. `focus` (or `content`) takes the focus.
    void setContent(QWidget* content, QWidget* focus = nullptr);
    /// Shows the empty state: one or two sentences, and the id of a verb whose button is offered (empty = none).
    void showEmpty(const QString& text, const QString& verb = {});
    void showContent();

private:
    Context& m_context;
    QStackedLayout* m_stack;
    EmptyState* m_empty;
};

}  // namespace ui
