// A monkey at the window: clicks and keys at random, on programs that end, trap, loop, flood and wait. Nothing may crash or hang, and
// the window must serve a person afterwards. WASISCOPE_MONKEY_SEED and WASISCOPE_MONKEY_ACTS repeat and prolong a run.
#include <QContextMenuEvent>
#include <QDir>
#include <QFileDialog>
#include <cstdio>
#include <random>

#include "tests/gui/fixture.h"
#include "tests/gui/heartbeat.h"

using namespace testing_gui;

namespace {

constexpr int kActs = 400, kActMs = 5, kSlowActMs = 25;
constexpr qint64 kDeafMs = 5000;

constexpr Qt::Key kKeys[] = {Qt::Key_F5,    Qt::Key_F5,     Qt::Key_F6,     Qt::Key_F9,       Qt::Key_F10,
                             Qt::Key_F10,   Qt::Key_F11,    Qt::Key_F11,    Qt::Key_F4,       Qt::Key_F3,
                             Qt::Key_F2,    Qt::Key_Escape, Qt::Key_Tab,    Qt::Key_Return,   Qt::Key_Up,
                             Qt::Key_Down,  Qt::Key_Left,   Qt::Key_Right,  Qt::Key_Home,     Qt::Key_End,
                             Qt::Key_Space, Qt::Key_Delete, Qt::Key_PageUp, Qt::Key_PageDown, Qt::Key_P,
                             Qt::Key_G,     Qt::Key_F,      Qt::Key_Plus,   Qt::Key_0,        Qt::Key_A,
                             Qt::Key_C,     Qt::Key_1,      Qt::Key_X,      Qt::Key_Period};
constexpr Qt::KeyboardModifiers kModifiers[] = {Qt::NoModifier,      Qt::NoModifier,
                                                Qt::NoModifier,      Qt::ShiftModifier,
                                                Qt::ControlModifier, Qt::ControlModifier | Qt::ShiftModifier};
constexpr const char* kPlayed[] = {"spin.wasm", "flood.wasm", "calls.wasm", "echo.wasm", "recurse.wasm"};

int setting(const char* name, int otherwise) {
    bool ok = false;
    const int value = qEnvironmentVariableIntValue(name, &ok);
    return ok ? value : otherwise;
}

std::vector<unsigned> seeds() {
    if (const int seed = setting("WASISCOPE_MONKEY_SEED", 0)) return {static_cast<unsigned>(seed)};
    return {2, 3, 4};
}

class Monkey : public WindowOnSession, public testing::WithParamInterface<unsigned> {
protected:
    int pick(int count) { return static_cast<int>(m_random() % static_cast<unsigned>(count)); }
    template <class T, size_t N>
    const T& any(const T (&from)[N]) {
        return from[pick(static_cast<int>(N))];
    }

    /// Also while a menu or a dialog has an event loop of its own.
    void swing() {
        if (m_isOver) return;
        QTimer::singleShot(kActMs, &m_window, [this] { swing(); });
        ++m_acts;
        // Not for monkeys: it renames and deletes files.
        if (auto* dialog = qobject_cast<QFileDialog*>(QApplication::activeModalWidget()))
            return dialog->reject();
        if (!m_window.isVisible()) m_window.show();
        const int what = pick(100);
        if (what == 0) return m_window.launcher().open(kPrograms + any(kPlayed));
        if (what == 1) return m_window.openDemo();
        if (what < 50) return type();
        click();
    }
    void type() {
        const Qt::Key key = any(kKeys);
        const Qt::KeyboardModifiers with = any(kModifiers);
        QWidget* to = QApplication::activePopupWidget();
        if (!to) to = QApplication::focusWidget();
        if (!to) to = QApplication::activeModalWidget();
        QTest::keyClick(to ? to : &m_window, key, with);
    }
    void click() {
        QWidget* top = QApplication::activePopupWidget();
        if (!top) top = QApplication::activeModalWidget();
        if (!top) top = &m_window;
        if (top->width() < 1 || top->height() < 1) return;
        const QPoint at(pick(top->width()), pick(top->height()));
        QWidget* hit = top->childAt(at);
        if (!hit) hit = top;
        const Qt::MouseButton button = pick(8) == 0 ? Qt::RightButton : Qt::LeftButton;
        const QPoint there = hit->mapFrom(top, at);
        if (button == Qt::RightButton) {
            QContextMenuEvent event(QContextMenuEvent::Mouse, there, hit->mapToGlobal(there));
            QApplication::sendEvent(hit, &event);
        } else if (pick(10) == 0) {
            QTest::mouseDClick(hit, button, {}, there);
        } else {
            QTest::mouseClick(hit, button, {}, there);
        }
    }
    void stop() {
        m_isOver = true;
        for (int i = 0; i < 20; ++i) {
            while (QWidget* popup = QApplication::activePopupWidget())
                popup->close();
            if (QWidget* dialog = QApplication::activeModalWidget()) dialog->close();
            QTest::qWait(10);
        }
    }

    const int m_wanted = setting("WASISCOPE_MONKEY_ACTS", kActs);
    std::mt19937 m_random{GetParam()};
    bool m_isOver = false;
    int m_acts = 0;
};

}  // namespace

TEST_P(Monkey, BreaksNothing) {
    QApplication::setQuitOnLastWindowClosed(false);
    const QString home = QDir::currentPath();
    QDir::setCurrent(m_folder.path());
    openWordcount();
    Heartbeat heart;
    swing();
    until([&] { return m_acts >= m_wanted; }, m_wanted * kSlowActMs);
    stop();
    std::printf("seed %u: %d acts, deaf for %lld ms at most (%lld ms on the clock)\n", GetParam(), m_acts,
                static_cast<long long>(heart.longestMs()),
                static_cast<long long>(heart.longestOnTheClockMs()));
    EXPECT_GT(m_acts, m_wanted / 10);
    EXPECT_LT(heart.longestMs(), kDeafMs);

    m_window.show();
    m_window.activateWindow();
    m_window.docks().reset();
    m_context.theme().setZoom(0);
    // Another program, so that what the monkey did to this one can be forgotten.
    ASSERT_NO_FATAL_FAILURE(open(kPrograms + "spin.wasm"));
    m_settings.setProgram(kExamples + "wordcount/wordcount.wasm", {});
    ASSERT_NO_FATAL_FAILURE(openWordcount());
    EXPECT_EQ(m_window.sources().openFiles().size(), 1);
    EXPECT_TRUE(m_context.breakpoints().empty());
    press(Qt::Key_F5);
    EXPECT_TRUE(until([&] { return m_context.state() == SessionState::Exited; }))
        << "as the monkey left it, the word counter does not run to its end: "
        << m_window.status().text().toStdString();
    const uint line = lineOf("    countFile(file);");
    clickMargin(line);
    ASSERT_TRUE(until([&] { return m_context.breakpoints().size() == 1; }));
    auto before = m_context.generation();
    press(Qt::Key_F5, Qt::ControlModifier | Qt::ShiftModifier);
    ASSERT_TRUE(stops(before)) << m_window.status().text().toStdString();
    EXPECT_EQ(m_context.location().line, line);
    EXPECT_TRUE(until([&] { return value("count") == "1"; })) << value("count").toStdString();
    QDir::setCurrent(home);
}

INSTANTIATE_TEST_SUITE_P(, Monkey, testing::ValuesIn(seeds()),
                         [](const auto& info) { return "Seed" + std::to_string(info.param); });
