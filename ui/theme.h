// Theme: every colour, font and icon of the window, by meaning. One per application, owned by main; borrowed by all widgets. No
// widget names a colour: it names a Tone, and the theme file (resources/themes) says what that looks like.
#pragma once

#include <QColor>
#include <QFont>
#include <QIcon>
#include <QObject>
#include <QPalette>
#include <array>

class QDBusVariant;

namespace ui {

/// What a colour means; one row each in theme.cpp, one entry each in the theme files.
enum class Tone : uint8_t {
    Window,
    Base,
    Alternate,
    Border,
    Hover,
    Text,
    Dim,
    Disabled,
    Accent,
    OnAccent,
    Selection,
    SelectionInactive,
    CurrentLine,
    FrameLine,
    Margin,
    CodeLine,
    Find,
    Error,
    ErrorBack,
    Denied,
    WarnBack,
    Mock,
    Changed,
    Good,
    InfoBack,
    Breakpoint,
    Files,
    Clocks,
    Random,
    Network,
    Process,
    Poll,
    Keyword,
    Type,
    String,
    Number,
    Comment,
    Preprocessor,
    Outline,
    Count
};

/// The tone of a family of host calls ("files", "clocks" …); Text if it has none.
Tone familyTone(std::string_view family);

class Theme final : public QObject {
    Q_OBJECT

public:
    enum class Mode : uint8_t { Desktop, Light, Dark };
    static constexpr int kMinZoom = -5, kMaxZoom = 20;

    explicit Theme(QObject* parent = nullptr);
    ~Theme() override;

    /// Takes effect at once for the whole application.
    void setMode(Mode mode);
    Mode mode() const { return m_mode; }
    bool isDark() const { return m_dark; }

    QColor color(Tone tone) const { return m_colors[static_cast<size_t>(tone)]; }
    /// From :/icons/NAME.svg, recoloured whenever the theme changes. "NAME-back" is NAME mirrored, if it has no file of its own.
    QIcon icon(const QString& name) const;
    static bool hasIcon(const QString& name);

    /// The one monospaced font of code, values, addresses and bytes, at the common zoom.
    const QFont& codeFont() const { return m_codeFont; }
    int zoom() const { return m_zoom; }
    void setZoom(int points);

    /// Reads a theme file; false (and nothing changed) if a colour is missing or it is no theme file.
    static bool read(const QString& file, std::array<QColor, static_cast<size_t>(Tone::Count)>& colors,
                     bool& dark);

signals:
    void changed();          // colours
    void codeFontChanged();  // family or zoom

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void apply();
    bool desktopIsDark() const;
    void followDesktop();

private slots:
    void onPortalSetting(const QString& group, const QString& key, const QDBusVariant& value);

private:
    Mode m_mode = Mode::Desktop;
    bool m_dark = false;
    bool m_desktopDark = false;
    int m_zoom = 0;
    std::array<QColor, static_cast<size_t>(Tone::Count)> m_colors;
    QFont m_codeFont;
};

}  // namespace ui
