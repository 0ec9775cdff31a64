#include "ui/widgets/input_line.h"

#include <QKeyEvent>

namespace ui {
namespace {

constexpr qsizetype kMaxSent = 500;
constexpr QKeyCombination kEnd(Qt::CTRL, Qt::Key_D);

}  // namespace

InputLine::InputLine(QWidget* parent) : QLineEdit(parent) { setMaxLength(1 << 20); }

bool InputLine::event(QEvent* event) {
    if (event->type() == QEvent::ShortcutOverride && static_cast<QKeyEvent*>(event)->keyCombination() == kEnd)
        event->accept();
    return QLineEdit::event(event);
}

void InputLine::keyPressEvent(QKeyEvent* event) {
    if (event->keyCombination() == kEnd) return text().isEmpty() ? emit ended() : submit({});
    switch (event->key()) {
    case Qt::Key_Return:
    case Qt::Key_Enter: return submit(QStringLiteral("\n"));
    case Qt::Key_Up: return recall(-1);
    case Qt::Key_Down: return recall(1);
    default: QLineEdit::keyPressEvent(event);
    }
}

void InputLine::submit(const QString& end) {
    if (!text().isEmpty() && (m_sent.isEmpty() || m_sent.last() != text())) m_sent << text();
    if (m_sent.size() > kMaxSent) m_sent.removeFirst();
    m_at = m_sent.size();
    m_unsent.clear();
    const QString line = text() + end;
    clear();
    emit submitted(line);
}

void InputLine::recall(qsizetype step) {
    const qsizetype to = m_at + step;
    if (to < 0 || to > m_sent.size()) return;
    if (m_at == m_sent.size()) m_unsent = text();
    m_at = to;
    setText(to == m_sent.size() ? m_unsent : m_sent[to]);
}

}  // namespace ui
