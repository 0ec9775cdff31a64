#include "ui/style.h"

#include <QPainter>
#include <QStyleFactory>
#include <QStyleOption>

#include "ui/theme.h"

namespace ui {

Style::Style(const Theme& theme)
    : QProxyStyle(QStyleFactory::create(QStringLiteral("Fusion"))), m_theme(theme) {}

void Style::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                          const QWidget* widget) const {
    switch (element) {
    case PE_IndicatorTabClose: return drawCross(*option, painter);
    case PE_FrameLineEdit: return drawBox(*option, painter, false);
    case PE_IndicatorCheckBox:
    case PE_IndicatorItemViewItemCheck: return drawCheck(*option, painter);
    default: QProxyStyle::drawPrimitive(element, option, painter, widget);
    }
}

void Style::drawCross(const QStyleOption& option, QPainter* painter) const {
    const bool hot = option.state & State_MouseOver;
    if (hot && option.state & State_Enabled) {
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(m_theme.color(option.state & State_Sunken ? Tone::Border : Tone::Hover));
        painter->drawRoundedRect(option.rect, 3, 3);
        painter->restore();
    }
    QRect cross(0, 0, 12, 12);
    cross.moveCenter(option.rect.center());
    m_theme.icon(QStringLiteral("close"))
        .paint(painter, cross, Qt::AlignCenter, hot ? QIcon::Normal : QIcon::Disabled);
}

// Fusion derives outlines from the window's colour, which leaves none in the dark.
void Style::drawBox(const QStyleOption& option, QPainter* painter, bool isFilled) const {
    const bool focused = option.state & State_HasFocus && option.state & State_Enabled;
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(QPen(m_theme.color(focused ? Tone::Accent : isFilled ? Tone::Dim : Tone::Outline), 1));
    painter->setBrush(isFilled ? QBrush(m_theme.color(Tone::Base)) : QBrush(Qt::NoBrush));
    painter->drawRoundedRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2);
    painter->restore();
}

void Style::drawCheck(const QStyleOption& option, QPainter* painter) const {
    QStyleOption box(option);
    const int side = qMin(14, qMin(option.rect.width(), option.rect.height()));
    box.rect = QRect(0, 0, side, side);
    box.rect.moveCenter(option.rect.center());
    drawBox(box, painter, true);
    const bool enabled = option.state & State_Enabled;
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(QPen(m_theme.color(enabled ? Tone::Accent : Tone::Disabled), 2, Qt::SolidLine,
                         Qt::RoundCap, Qt::RoundJoin));
    const QRectF r = box.rect;
    if (option.state & State_On) {
        const QPointF points[] = {{r.left() + side * 0.24, r.top() + side * 0.54},
                                  {r.left() + side * 0.43, r.top() + side * 0.73},
                                  {r.left() + side * 0.78, r.top() + side * 0.29}};
        painter->drawPolyline(points, 3);
    } else if (option.state & State_NoChange) {
        painter->drawLine(QPointF(r.left() + side * 0.28, r.center().y()),
                          QPointF(r.left() + side * 0.72, r.center().y()));
    }
    painter->restore();
}

int Style::pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const {
    switch (metric) {
    case PM_DockWidgetSeparatorExtent: return 5;
    case PM_TabCloseIndicatorWidth:
    case PM_TabCloseIndicatorHeight: return 16;
    case PM_TabBarTabVSpace: return 8;
    case PM_ToolBarIconSize:
    case PM_SmallIconSize: return 16;
    default: return QProxyStyle::pixelMetric(metric, option, widget);
    }
}

QIcon Style::standardIcon(StandardPixmap icon, const QStyleOption* option, const QWidget* widget) const {
    switch (icon) {
    case SP_TitleBarCloseButton:
    case SP_DockWidgetCloseButton: return m_theme.icon(QStringLiteral("close"));
    case SP_TitleBarNormalButton: return m_theme.icon(QStringLiteral("float"));
    case SP_LineEditClearButton: return m_theme.icon(QStringLiteral("close"));
    default: return QProxyStyle::standardIcon(icon, option, widget);
    }
}

int Style::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                     QStyleHintReturn* data) const {
    switch (hint) {
    case SH_TabBar_ElideMode: return Qt::ElideRight;
    case SH_ItemView_ActivateItemOnSingleClick: return 0;
    case SH_DialogButtonBox_ButtonsHaveIcons: return 0;
    default: return QProxyStyle::styleHint(hint, option, widget, data);
    }
}

}  // namespace ui
