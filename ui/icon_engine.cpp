#include "ui/icon_engine.h"

#include <QFile>
#include <QPainter>
#include <QPixmapCache>
#include <QSvgRenderer>

#include "ui/theme.h"

namespace ui {
namespace {

// Colours in the files (those of the light theme) and what they mean.
constexpr std::pair<const char*, Tone> kInks[] = {
    {"#1B1F24", Tone::Text},       {"#59636E", Tone::Dim},  {"#0B5FD6", Tone::Accent},
    {"#C0262D", Tone::Breakpoint}, {"#1A7F37", Tone::Good}, {"#8A5200", Tone::Changed},
    {"#7A3FD0", Tone::Mock},       {"#FFFFFF", Tone::Base}, {"#A34400", Tone::Denied}};

}  // namespace

QString IconEngine::fileFor(const QString& name, bool* mirrored) {
    const auto file = [](QStringView stem) { return QStringLiteral(":/icons/%1.svg").arg(stem); };
    if (mirrored) *mirrored = false;
    if (QFile::exists(file(name))) return file(name);
    // The backward verbs look like the forward ones in a mirror.
    QString forward = name;
    if (name.endsWith(QLatin1String("-back")))
        forward.chop(5);
    else if (name.startsWith(QLatin1String("reverse-")))
        forward.remove(0, 8);
    if (forward == name || !QFile::exists(file(forward))) return {};
    if (mirrored) *mirrored = true;
    return file(forward);
}

void IconEngine::paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) {
    const qreal scale = painter->device() ? painter->device()->devicePixelRatio() : 1.0;
    const QSize device = (QSizeF(rect.size()) * scale).toSize();
    QPixmap pixmap = scaledPixmap(device, mode, state, scale);
    painter->drawPixmap(rect, pixmap);
}

QPixmap IconEngine::pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) {
    return scaledPixmap(size, mode, state, 1.0);
}

QPixmap IconEngine::scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State, qreal) {
    const bool disabled = mode == QIcon::Disabled;
    const QString key = QStringLiteral("icon/%1/%2x%3/%4%5")
                            .arg(m_name)
                            .arg(size.width())
                            .arg(size.height())
                            .arg(m_theme.isDark() ? u'd' : u'l')
                            .arg(disabled ? u'0' : u'1');
    QPixmap pixmap;
    if (QPixmapCache::find(key, &pixmap)) return pixmap;

    bool mirrored = false;
    QFile file(fileFor(m_name, &mirrored));
    pixmap = QPixmap(size);
    pixmap.fill(Qt::transparent);
    if (!file.open(QIODevice::ReadOnly)) return pixmap;
    QByteArray svg = file.readAll();
    for (const auto& [ink, tone] : kInks) {
        const QColor color = m_theme.color(disabled && tone != Tone::Base ? Tone::Disabled : tone);
        svg.replace(ink,
                    "~" + color.name().mid(1).toLatin1());  // marked, so that no colour is replaced twice
    }
    svg.replace('~', '#');
    QPainter painter(&pixmap);
    if (mirrored) {
        painter.translate(size.width(), 0);
        painter.scale(-1, 1);
    }
    const int side = qMin(size.width(), size.height());
    QSvgRenderer(svg).render(&painter,
                             QRectF((size.width() - side) / 2.0, (size.height() - side) / 2.0, side, side));
    painter.end();
    QPixmapCache::insert(key, pixmap);
    return pixmap;
}

}  // namespace ui
