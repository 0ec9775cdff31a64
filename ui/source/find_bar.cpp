#include "ui/source/find_bar.h"

#include <QHBoxLayout>
#include <QKeyEvent>

#include "ui/source/code_editor.h"

namespace ui {

FindBar::FindBar(Theme& theme, QWidget* parent) : QWidget(parent) {
    const auto button = [&](const char* icon, const QString& tip) {
        auto* made = new QToolButton;
        made->setIcon(theme.icon(QString::fromLatin1(icon)));
        made->setAutoRaise(true);
        made->setToolTip(tip);
        made->setAccessibleName(tip);
        return made;
    };
    m_line = new QLineEdit;
    m_line->setPlaceholderText(tr("Find in this file"));
    m_line->setAccessibleName(tr("Text to find"));
    m_line->setClearButtonEnabled(true);
    m_case = new QToolButton;
    m_case->setText(QStringLiteral("Aa"));
    m_case->setCheckable(true);
    m_case->setAutoRaise(true);
    m_case->setToolTip(tr("Upper and lower case differ"));
    m_result = new QLabel;
    m_result->setTextFormat(Qt::PlainText);
    QToolButton* up = button("up", tr("Previous (Shift+F3)"));
    QToolButton* down = button("down", tr("Next (F3)"));
    QToolButton* close = button("close", tr("Close (Esc)"));

    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(8, 4, 8, 4);
    layout->setSpacing(4);
    layout->addWidget(m_line, 1);
    layout->addWidget(m_case);
    layout->addWidget(up);
    layout->addWidget(down);
    layout->addWidget(m_result);
    layout->addStretch(1);
    layout->addWidget(close);
    connect(m_line, &QLineEdit::textEdited, this, [this] { search(true, true); });
    connect(m_line, &QLineEdit::returnPressed, this, [this] { find(true); });
    connect(m_case, &QToolButton::toggled, this, [this] { search(true, true); });
    connect(up, &QToolButton::clicked, this, [this] { find(false); });
    connect(down, &QToolButton::clicked, this, [this] { find(true); });
    connect(close, &QToolButton::clicked, this, &FindBar::closed);
}

void FindBar::open(const QString& text) {
    if (!text.isEmpty()) m_line->setText(text);
    m_line->selectAll();
    show();
    m_line->setFocus();
}

void FindBar::find(bool forward) { search(forward, false); }

void FindBar::search(bool forward, bool fromStart) {
    m_result->clear();
    if (!m_editor || m_line->text().isEmpty()) return;
    int lineFrom = 0, columnFrom = 0, lineTo = 0, columnTo = 0;
    if (m_editor->hasSelectedText())
        m_editor->getSelection(&lineFrom, &columnFrom, &lineTo, &columnTo);
    else
        m_editor->getCursorPosition(&lineFrom, &columnFrom), lineTo = lineFrom, columnTo = columnFrom;
    const bool atBegin = fromStart || !forward;
    const bool found = m_editor->findFirst(m_line->text(), false, m_case->isChecked(), false, true, forward,
                                           atBegin ? lineFrom : lineTo, atBegin ? columnFrom : columnTo);
    m_result->setText(found ? QString() : tr("not found"));
}

void FindBar::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape)
        emit closed();
    else
        QWidget::keyPressEvent(event);
}

}  // namespace ui
