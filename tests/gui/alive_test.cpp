// The window answers whatever the program does: the longest time in which it did not is printed, and bounded.
#include <QLabel>
#include <algorithm>
#include <cstdio>

#include "tests/gui/fixture.h"
#include "tests/gui/heartbeat.h"
#include "ui/widgets/input_line.h"

using namespace testing_gui;

namespace {

constexpr int kWatchMs = 3000;
constexpr qint64 kDeafMs = 1000;

struct Busy {
    const char* name;
    const char* program;
    const char* panel;  // that shows it
    SessionState state;
};
const Busy kBusy[] = {{"LoopsForever", "spin.wasm", "variables", SessionState::Running},
                      {"FloodsStdout", "flood.wasm", "console", SessionState::Running},
                      {"FloodsCalls", "calls.wasm", "system-calls", SessionState::Running},
                      {"WaitsForStdin", "echo.wasm", "console", SessionState::Waiting}};

class StaysAlive : public WindowOnSession, public testing::WithParamInterface<Busy> {};

}  // namespace

TEST_P(StaysAlive, WhileTheProgram) {
    open(kPrograms + GetParam().program);
    m_window.docks().raise(GetParam().panel);
    press(Qt::Key_F5);
    ASSERT_TRUE(until([&] { return m_context.state() == GetParam().state; }));
    Heartbeat heart;
    QTest::qWait(kWatchMs);
    std::printf("%s: deaf for %lld ms at most, %lld ms on the clock; %llu calls, %llu bytes written\n",
                GetParam().name, static_cast<long long>(heart.longestMs()),
                static_cast<long long>(heart.longestOnTheClockMs()),
                static_cast<unsigned long long>(m_context.callCount()),
                static_cast<unsigned long long>(m_context.outputEnd()));
    EXPECT_LT(heart.longestMs(), kDeafMs);
    const auto before = m_context.generation();
    press(Qt::Key_F6);
    ASSERT_TRUE(stops(before));
    EXPECT_EQ(m_context.stop().reason, debugger::StopReason::Pause);
    press(Qt::Key_F5, Qt::ShiftModifier);
    EXPECT_TRUE(until([&] { return m_context.state() == SessionState::Ready; }));
}

INSTANTIATE_TEST_SUITE_P(, StaysAlive, testing::ValuesIn(kBusy),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(WindowOnSession, AFloodBehindALineOfAMillionCharactersIsBoundedAndSaysWhatIsGone) {
    constexpr uint64_t kFlood = 200'000'000;
    open(kPrograms + "torrent.wasm");
    m_window.docks().raise("console");
    QWidget& console = *m_window.docks().panel("console");
    const double before = residentMiB();
    Heartbeat heart;
    press(Qt::Key_F5);
    ASSERT_TRUE(until([&] { return m_context.outputEnd() > kFlood; }));
    const auto labels = console.findChildren<QLabel*>();
    const auto saysSo = [&] {
        return std::any_of(labels.begin(), labels.end(), [](const QLabel* label) {
            return label->isVisible() && label->text().contains("dropped");
        });
    };
    EXPECT_TRUE(until(saysSo));
    const double more = residentMiB() - before;
    std::printf("deaf for %lld ms at most, %.0f MiB of memory more for %llu MB written\n",
                static_cast<long long>(heart.longestMs()), more,
                static_cast<unsigned long long>(m_context.outputEnd() / 1'000'000));
    EXPECT_LT(heart.longestMs(), kDeafMs);
    EXPECT_LT(more, 400);
    press(Qt::Key_F5, Qt::ShiftModifier);
    EXPECT_TRUE(until([&] { return m_context.state() == SessionState::Ready; }));
}

TEST_F(WindowOnSession, RowsOfAFloodOfCallsAreThereWhenTheyAreSeen) {
    open(kPrograms + "calls.wasm");
    m_window.docks().raise("system-calls");
    auto* view = m_window.docks().panel("system-calls")->findChild<TableView*>();
    press(Qt::Key_F5);
    ASSERT_TRUE(until([&] { return view->model()->rowCount() > 1000; }));
    int looks = 0, missing = 0;
    QElapsedTimer timer;
    for (timer.start(); timer.elapsed() < 2000;) {
        QTest::qWait(10);
        for (int y = 2; y < view->viewport()->height(); y += view->rowHeight(0)) {
            const int row = view->rowAt(y);
            if (row < 0) continue;
            ++looks;
            missing += view->model()->index(row, 0).data().toString() == "…";
        }
    }
    std::printf("%d rows looked at, %d were not there; %d calls shown\n", looks, missing,
                view->model()->rowCount());
    EXPECT_GT(looks, 20);
    EXPECT_LE(missing, looks / 100) << "a busy machine may be late now and then";
}

TEST_F(WindowOnSession, WhoWaitsForInputGetsWhatIsTypedAfterOneKey) {
    open(kPrograms + "echo.wasm");
    m_window.docks().raise("system-calls");
    press(Qt::Key_F5);
    ASSERT_TRUE(until([&] { return m_context.waitsForInput(); }));
    ASSERT_TRUE(until([&] { return m_window.status().text().contains("F4"); }));
    press(Qt::Key_F4);
    auto* input = qobject_cast<InputLine*>(m_window.focusWidget());
    ASSERT_NE(input, nullptr);
    const auto before = m_context.outputEnd();
    QTest::keyClicks(input, "hello");
    QTest::keyClick(input, Qt::Key_Return);
    EXPECT_TRUE(until([&] { return m_context.outputEnd() > before; }));
}

TEST_F(WindowOnSession, FiveHundredStepsTypedAtOnceAreAllMade) {
    openWordcount();
    auto before = m_context.generation();
    m_window.verbs().trigger("start");
    ASSERT_TRUE(stops(before));
    before = m_context.generation();
    for (int i = 0; i < 500; ++i)
        press(Qt::Key_F11, Qt::ControlModifier);
    ASSERT_TRUE(until([&] { return m_context.generation() - before >= 500; }, 60'000))
        << m_context.generation() - before;
    QTest::qWait(100);
    EXPECT_EQ(m_context.generation() - before, 500u);
    EXPECT_EQ(m_window.notices().count(), 0) << m_window.notices().text().toStdString();
}
