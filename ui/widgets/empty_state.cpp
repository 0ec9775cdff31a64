#include "ui/widgets/empty_state.h"

#include <QVBoxLayout>

#include "debugger/commands.h"
#include "ui/context.h"
#include "ui/plain_text.h"

namespace ui {

EmptyState::EmptyState(Context& context, QWidget* parent) : QWidget(parent), m_context(context) {
    setBackgroundRole(QPalette::Base);
    setAutoFillBackground(true);
    m_text = new QLabel;
    m_text->setTextFormat(Qt::PlainText);
    m_text->setWordWrap(true);
    m_text->setAlignment(Qt::AlignHCenter);
    m_text->setForegroundRole(QPalette::PlaceholderText);
    m_button = new QToolButton;
    m_button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_button->setFocusPolicy(Qt::StrongFocus);
    m_button->hide();
    connect(m_button, &QToolButton::clicked, this, [this] { m_context.perform(m_verb); });

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 12, 16, 12);
    layout->setSpacing(8);
    layout->addStretch(2);
    layout->addWidget(m_text);
    layout->addWidget(m_button, 0, Qt::AlignHCenter);
    layout->addStretch(3);
}

void EmptyState::set(const QString& text, const QString& verb) {
    m_verb = verb;
    m_text->setText(text);
    const debugger::Verb* row = verb.isEmpty() ? nullptr : debugger::findVerb(verb.toStdString());
    m_button->setVisible(row != nullptr);
    if (!row) return;
    m_button->setText(fromUtf8(row->title));
    m_button->setIcon(m_context.theme().icon(fromUtf8(row->icon)));
    m_button->setToolTip(plainTip(fromUtf8(row->help)));
}

}  // namespace ui
