// InputLine: one line for the program's stdin, as a terminal has it: Enter sends, Up and Down bring back what was sent, Ctrl+D ends the
// input (or, behind text, sends it without an end of line).
#pragma once

#include <QLineEdit>
#include <QStringList>

namespace ui {

class InputLine final : public QLineEdit {
    Q_OBJECT

public:
    explicit InputLine(QWidget* parent = nullptr);

signals:
    void submitted(const QString& text);  // with its end of line, if it has one
    void ended();

protected:
    bool event(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void submit(const QString& end);
    void recall(qsizetype step);

    QStringList m_sent;
    qsizetype m_at = 0;  // in m_sent; its size = the line being written
    QString m_unsent;
};

}  // namespace ui
