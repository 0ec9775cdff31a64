// IconEngine: draws one of our SVGs in the colours of the present theme, sharp at every size and scale. Owned by its QIcon.
#pragma once

#include <QIconEngine>

namespace ui {

class Theme;

/// The files are drawn in the colours of the light theme (ink, accent, breakpoint, good, dim …), which are replaced by those of the
/// current one; so they can be looked at in any viewer.
class IconEngine final : public QIconEngine {
public:
    IconEngine(const Theme& theme, QString name) : m_theme(theme), m_name(std::move(name)) {}

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override;
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override;
    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal scale) override;
    QIconEngine* clone() const override { return new IconEngine(m_theme, m_name); }
    bool isNull() override { return fileFor(m_name).isEmpty(); }

    /// Resource file of an icon; empty if there is none. `mirrored` is set for "NAME-back" drawn from NAME.
    static QString fileFor(const QString& name, bool* mirrored = nullptr);

private:
    const Theme& m_theme;
    QString m_name;
};

}  // namespace ui
