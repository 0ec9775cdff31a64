#include "ui/panel.h"

#include "ui/widgets/empty_state.h"

namespace ui {

Panel::Panel(Context& context, QWidget* parent)
    : QWidget(parent),
      m_context(context),
      m_stack(new QStackedLayout(this)),
      m_empty(new EmptyState(context, this)) {
    m_stack->setContentsMargins(0, 0, 0, 0);
    m_stack->addWidget(m_empty);
}

void Panel::setContent(QWidget* content, QWidget* focus) {
    m_stack->addWidget(content);
    setFocusProxy(focus ? focus : content);
}

void Panel::showEmpty(const QString& text, const QString& verb) {
    m_empty->set(text, verb);
    m_stack->setCurrentIndex(0);
}

void Panel::showContent() { m_stack->setCurrentIndex(1); }

bool Panel::isEmptyShown() const { return m_stack->currentIndex() == 0; }

}  // namespace ui
