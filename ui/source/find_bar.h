// FindBar: finds text in the editor of the tab in front; below the tabs, Escape closes it.
#pragma once

#include <QLabel>
#include <QLineEdit>
#include <QToolButton>
#include <QWidget>

#include "ui/theme.h"

namespace ui {

class CodeEditor;

class FindBar final : public QWidget {
    Q_OBJECT

public:
    explicit FindBar(Theme& theme, QWidget* parent = nullptr);
    /// The editor that is searched; nullptr = none.
    void setEditor(CodeEditor* editor) { m_editor = editor; }
    void open(const QString& text);
    void find(bool forward);
    QLineEdit& line() { return *m_line; }

signals:
    void closed();

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    void search(bool forward, bool fromStart);

    CodeEditor* m_editor = nullptr;
    QLineEdit* m_line;
    QToolButton* m_case;
    QLabel* m_result;
};

}  // namespace ui
