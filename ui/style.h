// Style: Fusion with our own small signs: the cross of tabs and docks, arrows of trees. Owned by the application.
#pragma once

#include <QProxyStyle>

namespace ui {

class Theme;

class Style final : public QProxyStyle {
    Q_OBJECT

public:
    explicit Style(const Theme& theme);

    void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                       const QWidget* widget) const override;
    int pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const override;
    QIcon standardIcon(StandardPixmap icon, const QStyleOption* option, const QWidget* widget) const override;
    int styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                  QStyleHintReturn* data) const override;

private:
    void drawCross(const QStyleOption& option, QPainter* painter) const;
    void drawBox(const QStyleOption& option, QPainter* painter, bool isFilled) const;
    void drawCheck(const QStyleOption& option, QPainter* painter) const;

    const Theme& m_theme;
};

}  // namespace ui
