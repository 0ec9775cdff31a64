// What the window's parts share and need no window for: theme, icons, texts of guests, settings.
#include <QFile>
#include <QTemporaryDir>
#include <cmath>

#include "tests/ui/fixture.h"
#include "ui/icon_engine.h"
#include "ui/panels.h"
#include "ui/plain_text.h"
#include "ui/settings.h"
#include "ui/theme.h"
#include "ui/window_verbs.h"

using namespace ui;
using namespace debugger;

namespace {

double luminance(const QColor& color) {
    const auto linear = [](double c) {
        return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

double contrast(const QColor& a, const QColor& b) {
    const double high = std::max(luminance(a), luminance(b)), low = std::min(luminance(a), luminance(b));
    return (high + 0.05) / (low + 0.05);
}

}  // namespace

TEST(Theme, HasContrastInBothFiles) {
    for (const char* file : {":/themes/light.json", ":/themes/dark.json"}) {
        std::array<QColor, static_cast<size_t>(Tone::Count)> colors;
        bool dark = false;
        ASSERT_TRUE(Theme::read(file, colors, dark)) << file;
        const auto color = [&](Tone tone) { return colors[static_cast<size_t>(tone)]; };
        for (const Tone tone :
             {Tone::Text,    Tone::Dim,     Tone::Accent,      Tone::Error,   Tone::Denied, Tone::Mock,
              Tone::Changed, Tone::Good,    Tone::Breakpoint,  Tone::Files,   Tone::Clocks, Tone::Random,
              Tone::Network, Tone::Process, Tone::Poll,        Tone::Keyword, Tone::Type,   Tone::String,
              Tone::Number,  Tone::Comment, Tone::Preprocessor})
            EXPECT_GE(contrast(color(tone), color(Tone::Base)), 5.0)
                << file << " tone " << static_cast<int>(tone);
        EXPECT_GE(contrast(color(Tone::Text), color(Tone::CurrentLine)), 5.0) << file;
        EXPECT_GE(contrast(color(Tone::OnAccent), color(Tone::Accent)), 4.5) << file;
    }
}

TEST(Icons, ExistForEveryVerbAndPanel) {
    for (const auto table : {debugger::verbs(), windowVerbs()}) {
        for (const Verb& verb : table)
            EXPECT_TRUE(verb.icon.empty() || Theme::hasIcon(fromUtf8(verb.icon)))
                << verb.id << " wants " << verb.icon;
    }
    for (const PanelRow& row : panels())
        EXPECT_TRUE(Theme::hasIcon(row.icon)) << row.id;
}

TEST(Icons, BackwardOnesAreMirrored) {
    bool mirrored = false;
    EXPECT_FALSE(IconEngine::fileFor("step-over-back", &mirrored).isEmpty());
    EXPECT_TRUE(mirrored);
    Theme theme;
    const QImage forward = theme.icon("step-over").pixmap(32).toImage();
    const QImage back = theme.icon("step-over-back").pixmap(32).toImage();
    EXPECT_NE(forward, back);
}

TEST(PlainText, EscapesWhatWouldDeceive) {
    EXPECT_EQ(oneLine(std::string_view("a\nb\t\x1b[31m")), "a\\nb\\t\\u{1b}[31m");
    EXPECT_EQ(oneLine(std::string_view("abc\xE2\x80\xAE"
                                       "def")),
              "abc\\u{202e}def");
    EXPECT_EQ(oneLine(QString::fromUcs4(U"a\U000e0041b\u2028\u00ad \U0001f600")),
              QString::fromUcs4(U"a\\u{e0041}b\\u{2028}\\u{ad} \U0001f600"));
    QString marks = "e";
    for (int i = 0; i < 10'000; ++i)
        marks += QChar(0x0301);
    EXPECT_LT(oneLine(marks).size(), 10);
    EXPECT_EQ(oneLine(QString(5000, 'x'), 100).size(), 101);
    EXPECT_TRUE(plainTip("<b>x</b>").contains("&lt;b&gt;"));
    EXPECT_EQ(duration(1'234'567), "1.23 ms");
    EXPECT_EQ(byteSize(1536), "1.50 KiB");
}

TEST(Settings, SurviveBrokenAndNewerFiles) {
    QTemporaryDir folder;
    const QString name = folder.path() + "/settings.json";
    for (const char* text : {"{ not json", "{\"version\": 99, \"theme\": \"dark\"}"}) {
        QFile file(name);
        ASSERT_TRUE(file.open(QIODevice::WriteOnly));
        file.write(text);
        file.close();
        Settings settings(folder.path());
        EXPECT_TRUE(settings.value("theme").isUndefined());
        EXPECT_TRUE(settings.problem().contains(".bak")) << settings.problem().toStdString();
        QFile bak(name + ".bak");
        ASSERT_TRUE(bak.open(QIODevice::ReadOnly));
        EXPECT_EQ(bak.readAll(), QByteArray(text));
    }
    {
        Settings settings(folder.path());
        settings.set("theme", "dark");
    }
    EXPECT_EQ(Settings(folder.path()).value("theme").toString(), "dark");
}
