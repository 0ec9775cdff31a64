#include "ui/widgets/elided_label.h"

#include <QPainter>

#include "ui/plain_text.h"

namespace ui {

ElidedLabel::ElidedLabel(Qt::TextElideMode mode, QWidget* parent) : QWidget(parent), m_mode(mode) {
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

void ElidedLabel::setText(const QString& text) {
    if (text == m_text) return;
    m_text = text;
    setToolTip(plainTip(text));
    setAccessibleName(oneLine(text));
    updateGeometry();
    update();
}

void ElidedLabel::setBold(bool bold) {
    QFont changed = font();
    changed.setBold(bold);
    setFont(changed);
}

QSize ElidedLabel::sizeHint() const {
    return {fontMetrics().horizontalAdvance(oneLine(m_text, 400)) + 2, fontMetrics().height() + 4};
}

QSize ElidedLabel::minimumSizeHint() const { return {24, fontMetrics().height() + 4}; }

void ElidedLabel::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setPen(palette().color(foregroundRole()));
    painter.drawText(rect(), Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine,
                     fontMetrics().elidedText(oneLine(m_text), m_mode, width()));
}

}  // namespace ui
