#include "ui/panels/console_panel.h"

#include <QClipboard>
#include <QElapsedTimer>
#include <QScrollBar>
#include <cstdio>

#include "tests/ui/fixture.h"
#include "ui/widgets/console_view.h"
#include "ui/widgets/input_line.h"

using namespace ui;
using testing_ui::PanelTest;

namespace {

std::string textOf(const ConsoleLines& lines, uint64_t row) { return lines.cells(row).text.toStdString(); }

std::vector<std::string> rowsOf(const ConsoleLines& lines) {
    std::vector<std::string> rows;
    for (uint64_t row = lines.firstRow(); row < lines.endRow(); ++row)
        rows.push_back(textOf(lines, row));
    return rows;
}

ConsoleLines linesOf(std::string_view bytes) {
    ConsoleLines lines;
    lines.append(ConsoleLines::Source::Output, bytes, 1);
    return lines;
}

using Rows = std::vector<std::string>;

}  // namespace

TEST(ConsoleLines, CutsOutputIntoLines) {
    EXPECT_EQ(rowsOf(linesOf("a\nb\r\n\nc")), (Rows{"a", "b", "", "c"}));
    EXPECT_EQ(rowsOf(linesOf("")), Rows{});
    EXPECT_EQ(rowsOf(linesOf("\n")), Rows{""});
}

TEST(ConsoleLines, ReadsTheSameHoweverItComesInPieces) {
    const std::string bytes =
        "one\x1b[31mred\x1b[0m\r\n\x1b]0;title\x07two\tx\rthree\n" + std::string(1300, 'y') + "é\xff\n";
    const Rows whole = rowsOf(linesOf(bytes));
    for (size_t size : {1, 2, 3, 7}) {
        ConsoleLines lines;
        for (size_t at = 0; at < bytes.size(); at += size)
            lines.append(ConsoleLines::Source::Output, std::string_view(bytes).substr(at, size), 1);
        EXPECT_EQ(rowsOf(lines), whole) << size;
    }
}

TEST(ConsoleLines, AReturnWithoutNewLineWritesOverTheLine) {
    EXPECT_EQ(rowsOf(linesOf("10 %\r20 %\r\x1b[K30 %\ndone\n")), (Rows{"30 %", "done"}));
    EXPECT_EQ(rowsOf(linesOf("\rx")), Rows{"x"});
}

TEST(ConsoleLines, ShowsControlCharactersAndInvalidBytesEscaped) {
    EXPECT_EQ(rowsOf(linesOf(std::string_view("a\0b\x9f\xe2\x80\xae", 7))), Rows{"a^@b\\x9f\\u{202e}"});
    // No more than a few marks on one character.
    std::string marks = "e";
    for (int i = 0; i < 10000; ++i)
        marks += "\u0301";
    const ConsoleLines lines = linesOf(marks);
    EXPECT_LE(lines.cells(lines.firstRow()).text.size(), 5);
}

TEST(ConsoleLines, FollowsTerminalColours) {
    const ConsoleLines lines = linesOf("\x1b[1;31mred\x1b[0m \x1b[38;5;2mgreen\x1b[39m");
    const auto cells = lines.cells(0);
    EXPECT_EQ(cells.text, "red green");
    EXPECT_EQ(cells.cells[0].style.ansi, (AnsiStyle{2, true}));
    EXPECT_EQ(cells.cells[3].style.ansi, AnsiStyle{});
    EXPECT_EQ(cells.cells[4].style.ansi, (AnsiStyle{3, false}));
}

TEST(ConsoleLines, KnowsTheCallThatWroteAByte) {
    ConsoleLines lines;
    lines.append(ConsoleLines::Source::Output, "one ", 7);
    lines.append(ConsoleLines::Source::Error, "two\n", 8);
    lines.appendNote("exit status 0");
    EXPECT_EQ(lines.callAt(0), 7u);
    EXPECT_EQ(lines.callAt(5), 8u);
    EXPECT_EQ(lines.callAt(9), ConsoleLines::kNoCall);
    EXPECT_EQ(lines.cells(0).cells[5].style.source, ConsoleLines::Source::Error);
}

TEST(ConsoleLines, KeepsTheBytesAsTheyCame) {
    const std::string bytes("a\0\x1b[31mb\xff\n", 10);
    EXPECT_EQ(linesOf(bytes).bytes(0, 100), bytes);
}

TEST(ConsoleLines, FindsInBothDirections) {
    const ConsoleLines lines = linesOf("Alpha beta\nalpha\n");
    EXPECT_EQ(lines.find("alpha", 0), 0u);
    EXPECT_EQ(lines.find("alpha", 1), 11u);
    EXPECT_EQ(lines.find("Alpha", 1), std::nullopt);
    EXPECT_EQ(lines.findBackwards("alpha", 11), 0u);
    EXPECT_EQ(lines.findBackwards("alpha", 100), 11u);
}

TEST(ConsoleLines, HoldsABoundedPartOfAFlood) {
    ConsoleLines lines;
    std::string chunk;
    while (chunk.size() < (1 << 20))
        chunk += "a line of output, number " + std::to_string(chunk.size()) + "\n";
    QElapsedTimer timer;
    timer.start();
    for (int i = 0; i < 100; ++i)
        lines.append(ConsoleLines::Source::Output, chunk, static_cast<uint64_t>(i));
    std::printf("flood: 100 MiB of lines in %lld ms, %zu rows kept\n",
                static_cast<long long>(timer.elapsed()),
                static_cast<size_t>(lines.endRow() - lines.firstRow()));
    EXPECT_LE(lines.end() - lines.begin(), ConsoleLines::kMaxBytes);
    EXPECT_GT(lines.droppedBytes(), uint64_t{60} << 20);
    EXPECT_EQ(lines.droppedBytes() + (lines.end() - lines.begin()), lines.end());
    EXPECT_EQ(textOf(lines, lines.endRow() - 1).substr(0, 6), "a line");

    // One byte a call: neither rows nor runs are without bound.
    timer.start();
    for (uint64_t i = 0; i < 3'000'000; ++i)
        lines.append(ConsoleLines::Source::Output, i % 2 ? "\n" : "x", i);
    std::printf("flood: 3 million calls of one byte in %lld ms\n", static_cast<long long>(timer.elapsed()));
    EXPECT_LE(lines.endRow() - lines.firstRow(), ConsoleLines::kMaxRows);
    EXPECT_EQ(lines.callAt(lines.end() - 1), 2'999'999u);
}

TEST(ConsoleLines, CutsALineOfAMillionCharactersIntoRows) {
    QElapsedTimer timer;
    timer.start();
    const ConsoleLines lines = linesOf(std::string(1'000'000, 'x') + "\n");
    std::printf("long line: 1000000 characters in %lld ms\n", static_cast<long long>(timer.elapsed()));
    EXPECT_EQ(lines.endRow(), (1'000'000 + ConsoleLines::kRowBytes - 1) / ConsoleLines::kRowBytes);
    EXPECT_TRUE(lines.row(1).continues);
    EXPECT_EQ(lines.cells(0).columns, static_cast<int>(ConsoleLines::kRowBytes));
}

namespace {

/// A session whose output is one text after another.
class ConsolePanelTest : public PanelTest {
protected:
    void SetUp() override {
        m_fake->answer<debugger::GetOutput>([this](const debugger::GetOutput& r) {
            debugger::OutputSlice slice{m_begin, m_output.size(), {}};
            const uint64_t from = std::max(r.position, m_begin),
                           to = std::min<uint64_t>(r.position + r.maxBytes, m_output.size());
            if (from < to) slice.pieces.push_back({1, from, 42, m_output.substr(from, to - from)});
            return slice;
        });
    }
    void write(const std::string& text) {
        m_output += text;
        m_fake->emitEvent(debugger::OutputAppended{m_output.size()});
    }
    std::unique_ptr<ConsolePanel> running() {
        auto panel = std::make_unique<ConsolePanel>(m_context);
        panel->resize(800, 300);
        panel->show();
        m_fake->load();
        m_fake->run();
        settle();
        return panel;
    }
    static void drain(const ConsolePanel& panel, uint64_t end) {
        ASSERT_TRUE(QTest::qWaitFor(
            [&] { return panel.lines().droppedBytes() + panel.lines().end() - panel.lines().begin() >= end; },
            20000));
    }

    std::string m_output;
    uint64_t m_begin = 0;
};

}  // namespace

TEST_F(ConsolePanelTest, ShowsOutputAsItComesAndThenTheEnd) {
    auto panel = running();
    write("hello\n");
    m_fake->exit(3);
    settle();
    settle();
    EXPECT_EQ(rowsOf(panel->lines()), (Rows{"hello", "exit status 3"}));
    EXPECT_FALSE(panel->findChild<InputLine*>()->isEnabled());
}

TEST_F(ConsolePanelTest, ANewRunStartsWithAnEmptyConsole) {
    auto panel = running();
    write("first\n");
    settle();
    // Told in one go, and more than before: the panel must see the start between them all the same.
    m_output.clear();
    m_fake->emitEvent(debugger::OutputAppended{0});
    write("second run\n");
    settle();
    EXPECT_EQ(rowsOf(panel->lines()), (Rows{"second run"}));
}

TEST_F(ConsolePanelTest, LogPointsStandWhereTheProgramWas) {
    auto panel = running();
    m_output = "one\ntwo\n";
    m_fake->emitEvent(debugger::LogMessage{"i = 1", 1, 4});
    m_fake->emitEvent(debugger::LogMessage{"i = 2", 1, 8});
    m_fake->emitEvent(debugger::OutputAppended{m_output.size()});
    settle();
    EXPECT_EQ(rowsOf(panel->lines()), (Rows{"one", "i = 1", "two", "i = 2"}));
}

TEST_F(ConsolePanelTest, FollowsTheEndOnlyWhileItIsThere) {
    auto panel = running();
    for (int i = 0; i < 100; ++i)
        write("line\n");
    settle();
    auto* view = panel->findChild<ConsoleView*>();
    EXPECT_TRUE(view->isAtEnd());
    EXPECT_TRUE(view->verticalScrollBar()->isVisible());
    view->verticalScrollBar()->setValue(10);
    for (int i = 0; i < 100; ++i)
        write("more\n");
    settle();
    EXPECT_EQ(view->topRow(), 10u);
    view->scrollToEnd();
    write("last\n");
    settle();
    EXPECT_TRUE(view->isAtEnd());
}

TEST_F(ConsolePanelTest, DoubleClickGoesToTheCall) {
    auto panel = running();
    write("hello world\n");
    settle();
    quint64 call = 0;
    QObject::connect(&m_context, &Context::callRequested, panel.get(),
                     [&](quint64 sequence) { call = sequence; });
    auto* view = panel->findChild<ConsoleView*>();
    QTest::mouseDClick(view->viewport(), Qt::LeftButton, {}, QPoint(60, 10));
    EXPECT_EQ(call, 42u);
}

TEST_F(ConsolePanelTest, CopiesTheSelectionWithoutEscapes) {
    auto panel = running();
    write("one \x1b[31mtwo\x1b[0m\nthree\n");
    settle();
    auto* view = panel->findChild<ConsoleView*>();
    QTest::keyClick(view, Qt::Key_A, Qt::ControlModifier);
    QTest::keyClick(view, Qt::Key_C, Qt::ControlModifier);
    EXPECT_EQ(QApplication::clipboard()->text(), "one two\nthree\n");
}

TEST_F(ConsolePanelTest, SendsLinesBringsThemBackAndEndsTheInput) {
    auto panel = running();
    auto* input = panel->findChild<InputLine*>();
    QTest::keyClicks(input, "first");
    QTest::keyClick(input, Qt::Key_Return);
    QTest::keyClicks(input, "sec");
    QTest::keyClick(input, Qt::Key_Up);
    EXPECT_EQ(input->text(), "first");
    QTest::keyClick(input, Qt::Key_Down);
    EXPECT_EQ(input->text(), "sec");
    QTest::keyClick(input, Qt::Key_D, Qt::ControlModifier);  // behind text: sends it as it is
    QTest::keyClick(input, Qt::Key_D, Qt::ControlModifier);
    settle();
    const auto sent = m_fake->asked<debugger::SendInput>();
    ASSERT_EQ(sent.size(), 3u);
    EXPECT_EQ(sent[0].bytes, "first\n");
    EXPECT_EQ(sent[1].bytes, "sec");
    EXPECT_TRUE(sent[2].end);
}

TEST_F(ConsolePanelTest, SaysThatTheProgramWaitsForInput) {
    auto panel = running();
    m_fake->emitEvent(debugger::StateChanged{debugger::SessionState::Waiting, "stdin"});
    settle();
    EXPECT_TRUE(panel->findChild<InputLine*>()->placeholderText().contains("waits"));
    m_fake->run();
    settle();
    EXPECT_FALSE(panel->findChild<InputLine*>()->placeholderText().contains("waits"));
}

TEST_F(ConsolePanelTest, StaysAliveInAFlood) {
    auto panel = running();
    std::string chunk;
    while (chunk.size() < (1 << 20))
        chunk += "a line of output, number " + std::to_string(chunk.size()) + "\n";
    QElapsedTimer timer;
    timer.start();
    qint64 longest = 0;
    for (int i = 0; i < 100; ++i) {
        write(chunk);
        QElapsedTimer turn;
        turn.start();
        QTest::qWait(1);
        longest = qMax(longest, turn.elapsed());
    }
    drain(*panel, m_output.size());
    std::printf("panel flood: 100 MiB shown in %lld ms, longest turn of the event loop %lld ms\n",
                static_cast<long long>(timer.elapsed()), static_cast<long long>(longest));
    EXPECT_TRUE(panel->findChild<ConsoleView*>()->isAtEnd());
    const auto labels = panel->findChildren<QLabel*>();
    EXPECT_TRUE(std::any_of(labels.begin(), labels.end(), [](const QLabel* label) {
        return label->isVisible() && label->text().contains("dropped");
    }));
}

TEST_F(ConsolePanelTest, SkipsWhatTheSessionHasDropped) {
    auto panel = running();
    m_output = std::string(100'000'000, '\n');
    m_begin = 90'000'000;
    write("end\n");
    drain(*panel, m_output.size());
    EXPECT_EQ(textOf(panel->lines(), panel->lines().endRow() - 1), "end");
    const ConsoleLines& lines = panel->lines();
    EXPECT_EQ(lines.end(), m_output.size() - m_begin) << "what the session has is shown";
    EXPECT_EQ(lines.droppedBytes() + lines.end() - lines.begin(), m_output.size()) << "and the rest counted";
}

TEST_F(ConsolePanelTest, FindsText) {
    auto panel = running();
    write("alpha\nbeta\nalpha\n");
    settle();
    auto* view = panel->findChild<ConsoleView*>();
    QTest::keyClick(view, Qt::Key_F, Qt::ControlModifier);
    auto* box = qobject_cast<QLineEdit*>(QApplication::focusWidget());
    box = box ? box : panel->findChildren<QLineEdit*>().at(0);
    box->setText("alpha");
    QTest::keyClick(box, Qt::Key_Return);
    EXPECT_EQ(view->selection(), std::pair(uint64_t{0}, uint64_t{5}));
    QTest::keyClick(box, Qt::Key_Return);
    EXPECT_EQ(view->selection().first, 11u);
    QTest::keyClick(box, Qt::Key_Return);  // around
    EXPECT_EQ(view->selection().first, 0u);
}
