#include "ui/style.h"

#include <QPainter>
#include <QStyleFactory>
#include <QStyleOption>

#include "ui/theme.h"

namespace ui {

Style::Style(const Theme& theme) : QProxyStyle(QStyleFactory::create(QStringLiteral("Fusion"))), m_theme(theme) {}

void Style::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter, const QWidget* widget) const {
    if (element != PE_IndicatorTabClose) return QProxyStyle::drawPrimitive(element, option, painter, widget);
    const bool hot = option->state & State_MouseOver;
    if (hot && option->state & State_Enabled) {
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(m_theme.color(option->state & State_Sunken ? Tone::Border : Tone::Hover));
        painter->drawRoundedRect(option->rect, 3, 3);
        painter->restore();
    }
    QRect cross(0, 0, 12, 12);
    cross.moveCenter(option->rect.center());
    m_theme.icon(QStringLiteral("close")).paint(painter, cross, Qt::AlignCenter, hot ? QIcon::Normal : QIcon::Disabled);
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

int Style::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget, QStyleHintReturn* data) const {
    switch (hint) {
    case SH_TabBar_ElideMode: return Qt::ElideRight;
    case SH_ItemView_ActivateItemOnSingleClick: return 0;
    case SH_DialogButtonBox_ButtonsHaveIcons: return 0;
    default: return QProxyStyle::styleHint(hint, option, widget, data);
    }
}

}  // namespace ui
