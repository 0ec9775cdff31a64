#include "ui/theme.h"

#include <QApplication>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusVariant>
#include <QFile>
#include <QFontDatabase>
#include <QFontInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QToolTip>

#include "engine/base/check.h"
#include "ui/icon_engine.h"
#include "ui/style.h"

namespace ui {
namespace {

// Names in the theme files, in the order of Tone.
constexpr std::array<const char*, static_cast<size_t>(Tone::Count)> kNames = {
    "window",      "base",         "alternate", "border",   "hover",     "text",
    "dim",         "disabled",     "accent",    "onAccent", "selection", "selectionInactive",
    "currentLine", "frameLine",    "margin",    "codeLine", "find",      "error",
    "errorBack",   "denied",       "warnBack",  "mock",     "changed",   "good",
    "infoBack",    "breakpoint",   "files",     "clocks",   "random",    "network",
    "process",     "poll",         "keyword",   "type",     "string",    "number",
    "comment",     "preprocessor", "outline"};

// The desktop portal is how GNOME, KDE and others tell applications of light and dark; Qt 6.4 does not ask it.
constexpr auto kPortal = "org.freedesktop.portal.Desktop";
constexpr auto kPortalPath = "/org/freedesktop/portal/desktop";
constexpr auto kPortalSettings = "org.freedesktop.portal.Settings";
constexpr auto kAppearance = "org.freedesktop.appearance";
constexpr auto kColorScheme = "color-scheme";
constexpr uint kPreferDark = 1;

QColor mixed(const QColor& a, const QColor& b, double share) {
    return QColor::fromRgbF(static_cast<float>(a.redF() * share + b.redF() * (1 - share)),
                            static_cast<float>(a.greenF() * share + b.greenF() * (1 - share)),
                            static_cast<float>(a.blueF() * share + b.blueF() * (1 - share)));
}

}  // namespace

Tone familyTone(std::string_view family) {
    static constexpr std::pair<std::string_view, Tone> kFamilies[] = {
        {"files", Tone::Files},     {"clocks", Tone::Clocks},   {"random", Tone::Random},
        {"network", Tone::Network}, {"process", Tone::Process}, {"poll", Tone::Poll}};
    for (const auto& [name, tone] : kFamilies) {
        if (name == family) return tone;
    }
    return Tone::Text;
}

Theme::Theme(QObject* parent) : QObject(parent) {
    m_desktopDark = QApplication::palette().color(QPalette::Window).lightness() < 128;
    QApplication::setStyle(new Style(*this));
    m_codeFont = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    // A bare fontconfig maps "monospace" to a proportional family.
    if (!QFontInfo(m_codeFont).fixedPitch()) m_codeFont.setFamily(QStringLiteral("DejaVu Sans Mono"));
    m_codeFont.setStyleHint(QFont::Monospace);
    m_codeFont.setFixedPitch(true);
    m_codeFont.setPointSize(qMax(8, QApplication::font().pointSize()));
    apply();
    followDesktop();
    qApp->installEventFilter(this);
}

// The style draws with this theme.
Theme::~Theme() { QApplication::setStyle(QStringLiteral("Fusion")); }

void Theme::followDesktop() {
    QDBusConnection bus = QDBusConnection::sessionBus();
    if (!bus.isConnected()) return;
    bus.connect(kPortal, kPortalPath, kPortalSettings, QStringLiteral("SettingChanged"), this,
                SLOT(onPortalSetting(QString, QString, QDBusVariant)));
    QDBusMessage ask =
        QDBusMessage::createMethodCall(kPortal, kPortalPath, kPortalSettings, QStringLiteral("Read"));
    ask << QString::fromLatin1(kAppearance) << QString::fromLatin1(kColorScheme);
    auto* watcher = new QDBusPendingCallWatcher(bus.asyncCall(ask, 2000), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher] {
        const QDBusPendingReply<QDBusVariant> reply = *watcher;
        if (reply.isValid()) onPortalSetting(kAppearance, kColorScheme, reply.value());
        watcher->deleteLater();
    });
}

void Theme::onPortalSetting(const QString& group, const QString& key, const QDBusVariant& value) {
    if (group != QLatin1String(kAppearance) || key != QLatin1String(kColorScheme)) return;
    QVariant scheme = value.variant();
    if (scheme.canConvert<QDBusVariant>())
        scheme = scheme.value<QDBusVariant>().variant();  // Read() wraps twice
    const bool dark = scheme.toUInt() == kPreferDark;
    if (dark == m_desktopDark) return;
    m_desktopDark = dark;
    if (m_mode == Mode::Desktop) apply();
}

bool Theme::desktopIsDark() const { return m_desktopDark; }

void Theme::setMode(Mode mode) {
    m_mode = mode;
    apply();
}

bool Theme::read(const QString& path, std::array<QColor, static_cast<size_t>(Tone::Count)>& colors,
                 bool& dark) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) return false;
    const QJsonObject root = QJsonDocument::fromJson(file.readAll()).object();
    const QJsonObject named = root[QLatin1String("colours")].toObject();
    std::array<QColor, static_cast<size_t>(Tone::Count)> read;
    for (size_t i = 0; i < kNames.size(); ++i) {
        read[i] = QColor(named[QLatin1String(kNames[i])].toString());
        if (!read[i].isValid()) return false;
    }
    colors = read;
    dark = root[QLatin1String("dark")].toBool();
    return true;
}

void Theme::apply() {
    const bool dark = m_mode == Mode::Dark || (m_mode == Mode::Desktop && desktopIsDark());
    const bool read =
        Theme::read(dark ? QStringLiteral(":/themes/dark.json") : QStringLiteral(":/themes/light.json"),
                    m_colors, m_dark);
    CHECK(read);

    QPalette p;
    const auto set = [&](QPalette::ColorRole role, Tone tone) { p.setColor(role, color(tone)); };
    set(QPalette::Window, Tone::Window);
    set(QPalette::WindowText, Tone::Text);
    set(QPalette::Base, Tone::Base);
    set(QPalette::AlternateBase, Tone::Alternate);
    set(QPalette::Text, Tone::Text);
    set(QPalette::PlaceholderText, Tone::Dim);
    set(QPalette::Button, Tone::Window);
    set(QPalette::ButtonText, Tone::Text);
    set(QPalette::BrightText, Tone::Error);
    set(QPalette::Highlight, Tone::Accent);
    set(QPalette::HighlightedText, Tone::OnAccent);
    set(QPalette::Link, Tone::Accent);
    set(QPalette::LinkVisited, Tone::Accent);
    set(QPalette::ToolTipBase, Tone::Base);
    set(QPalette::ToolTipText, Tone::Text);
    p.setColor(QPalette::Light, mixed(color(Tone::Window), color(Tone::Base), 0.5));
    p.setColor(QPalette::Midlight, color(Tone::Hover));
    p.setColor(QPalette::Mid, color(Tone::Border));
    p.setColor(QPalette::Dark, mixed(color(Tone::Border), color(Tone::Dim), 0.6));
    p.setColor(QPalette::Shadow, mixed(color(Tone::Window), QColor(Qt::black), 0.4));
    for (QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        p.setColor(QPalette::Disabled, role, color(Tone::Disabled));
    p.setColor(QPalette::Disabled, QPalette::Highlight, color(Tone::SelectionInactive));
    p.setColor(QPalette::Disabled, QPalette::HighlightedText, color(Tone::Disabled));
    QApplication::setPalette(p);

    // In lists the selection is a tint, so that the tones of the cells keep their meaning and contrast.
    p.setColor(QPalette::Active, QPalette::Highlight, color(Tone::Selection));
    p.setColor(QPalette::Inactive, QPalette::Highlight, color(Tone::SelectionInactive));
    p.setColor(QPalette::HighlightedText, color(Tone::Text));
    QApplication::setPalette(p, "QAbstractItemView");
    QToolTip::setPalette(p);
    emit changed();
}

QIcon Theme::icon(const QString& name) const {
    return name.isEmpty() || !hasIcon(name) ? QIcon() : QIcon(new IconEngine(*this, name));
}

bool Theme::hasIcon(const QString& name) { return !IconEngine::fileFor(name).isEmpty(); }

void Theme::setZoom(int points) {
    points = qBound(kMinZoom, points, kMaxZoom);
    if (points == m_zoom) return;
    m_codeFont.setPointSize(qMax(5, m_codeFont.pointSize() - m_zoom + points));
    m_zoom = points;
    emit codeFontChanged();
}

bool Theme::eventFilter(QObject* watched, QEvent* event) {
    if (watched == qApp && event->type() == QEvent::ThemeChange && m_mode == Mode::Desktop) apply();
    return QObject::eventFilter(watched, event);
}

}  // namespace ui
