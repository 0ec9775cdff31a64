// EmptyState: what a panel shows while it has nothing to show: a sentence, and a button for the verb that changes it.
#pragma once

#include <QLabel>
#include <QToolButton>
#include <QWidget>

namespace ui {

class Context;

class EmptyState final : public QWidget {
    Q_OBJECT

public:
    explicit EmptyState(Context& context, QWidget* parent = nullptr);
    void set(const QString& text, const QString& verb);
    QString text() const { return m_text->text(); }

private:
    Context& m_context;
    QLabel* m_text;
    QToolButton* m_button;
    QString m_verb;
};

}  // namespace ui
