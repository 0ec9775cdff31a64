#include "ui/widgets/add_line.h"

#include <QVBoxLayout>

#include "ui/plain_text.h"
#include "ui/theme.h"

namespace ui {

AddLine::AddLine(Theme& theme, const Texts& texts, QWidget* parent)
    : QWidget(parent), m_line(new QLineEdit), m_error(new QLabel) {
    m_line->setPlaceholderText(texts.placeholder);
    m_line->setAccessibleName(texts.name);
    m_line->setToolTip(plainTip(texts.tip));
    m_line->setClearButtonEnabled(true);
    m_line->setFont(theme.codeFont());
    m_error->setObjectName(QStringLiteral("error"));
    m_error->setTextFormat(Qt::PlainText);
    m_error->setWordWrap(true);
    m_error->setContentsMargins(0, 2, 0, 0);
    m_error->hide();
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 4, 8, 4);
    layout->setSpacing(0);
    layout->addWidget(m_line);
    layout->addWidget(m_error);
    setFocusProxy(m_line);
    connect(m_line, &QLineEdit::returnPressed, this, [this] { emit entered(m_line->text()); });
    connect(m_line, &QLineEdit::textEdited, m_error, &QWidget::hide);
    connect(&theme, &Theme::codeFontChanged, this, [this, &theme] { m_line->setFont(theme.codeFont()); });
}

void AddLine::accept(const QString& text) {
    m_error->hide();
    if (m_line->text() == text) m_line->clear();
}

void AddLine::refuse(const engine::Error& error) {
    m_error->setText(QStringLiteral("⚠ ") + oneLine(error.message, 500));
    m_error->show();
}

void AddLine::startTyping(const QString& begin) {
    m_line->setFocus();
    if (!begin.isEmpty()) return m_line->setText(begin);
    m_line->selectAll();
}

}  // namespace ui
