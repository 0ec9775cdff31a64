// As a person would: the real window on the real session and real programs, driven by mouse and keys.
#include <gtest/gtest.h>

#include <QApplication>
#include <QElapsedTimer>
#include <QLineEdit>
#include <QTemporaryDir>
#include <QTest>

#include "ui/main_window.h"
#include "ui/panel.h"
#include "ui/panels/variables_model.h"
#include "ui/plain_text.h"
#include "ui/source/code_editor.h"
#include "ui/source/source_view.h"
#include "ui/widgets/hex_view.h"
#include "ui/widgets/views.h"

using namespace ui;
using debugger::SessionState;

namespace {

constexpr int kLimitMs = 30'000;
const QString kExamples = QStringLiteral(WASISCOPE_SOURCE_DIR "/resources/examples/");
const QString kPrograms = QStringLiteral(WASISCOPE_SOURCE_DIR "/tests/programs/");

template <class Condition>
bool until(Condition condition, int limitMs = kLimitMs) {
    return QTest::qWaitFor([&] { return condition(); }, limitMs);
}

class WindowOnSession : public testing::Test {
protected:
    WindowOnSession()
        : m_settings(m_folder.path()),
          m_context(debugger::createSession(), m_theme, m_settings),
          m_window(m_context) {
        m_window.show();
        EXPECT_TRUE(QTest::qWaitForWindowActive(&m_window));
    }
    void openWordcount() {
        debugger::LaunchOptions options;
        options.program = (kExamples + "wordcount/wordcount.wasm").toStdString();
        options.capabilities.arguments = {"wordcount.wasm", "sample.txt"};
        options.capabilities.preopens = {
            {(kExamples + "wordcount").toStdString(), ".", wasi::MountKind::ReadOnly}};
        m_window.launcher().open(options);
        ASSERT_TRUE(
            until([&] { return m_context.state() == SessionState::Ready && m_window.sources().current(); }));
        ASSERT_TRUE(until([&] { return editor().lines() > 50; }));
    }
    void open(const QString& program) {
        m_window.launcher().open(program);
        ASSERT_TRUE(until([&] { return m_context.state() == SessionState::Ready; }));
    }
    bool stops(debugger::Generation before) {
        return until([&] { return m_context.isStopped() && m_context.generation() > before; });
    }
    CodeEditor& editor() { return m_window.sources().current()->editor(); }
    uint lineOf(const QString& text) {
        for (int line = 0; line < editor().lines(); ++line) {
            if (editor().text(line).contains(text)) return static_cast<uint>(line) + 1;
        }
        return 0;
    }
    void clickMargin(uint line) {
        editor().showLine(line);
        QTest::qWait(50);
        const auto at = static_cast<unsigned long>(editor().SendScintilla(
            QsciScintilla::SCI_POSITIONFROMLINE, static_cast<unsigned long>(line - 1)));
        const auto y = static_cast<int>(
            editor().SendScintilla(QsciScintilla::SCI_POINTYFROMPOSITION, 0UL, static_cast<long>(at)));
        QTest::mouseClick(editor().viewport(), Qt::LeftButton, {}, QPoint(6, y + 4));
    }
    void press(Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
        QTest::keyClick(&m_window, key, modifiers);
    }
    QAbstractItemModel& variables() {
        return *m_window.docks().panel("variables")->findChild<TreeView*>()->model();
    }
    static QModelIndex find(QAbstractItemModel& model, const QString& name, const QModelIndex& parent = {}) {
        for (int row = 0; row < model.rowCount(parent); ++row) {
            const QModelIndex index = model.index(row, 0, parent);
            if (index.data().toString() == name) return index;
            if (const QModelIndex below = find(model, name, index); below.isValid()) return below;
        }
        return {};
    }
    QString value(const QString& name) {
        const QModelIndex index = find(variables(), name);
        return index.isValid() ? index.siblingAtColumn(ValueModel::Value).data().toString() : QString();
    }

    QTemporaryDir m_folder;
    Theme m_theme;
    Settings m_settings;
    Context m_context;
    MainWindow m_window;
};

}  // namespace

TEST_F(WindowOnSession, AClickInTheMarginStopsTheProgramAndF10StepsIt) {
    openWordcount();
    const uint line = lineOf("    countFile(file);");
    ASSERT_GT(line, 0u);
    clickMargin(line);
    ASSERT_TRUE(until([&] {
        return m_context.breakpoints().size() == 1 && m_context.breakpoints().begin()->second.resolved;
    }));
    auto before = m_context.generation();
    press(Qt::Key_F5);
    ASSERT_TRUE(stops(before)) << m_window.status().text().toStdString();
    EXPECT_EQ(m_context.location().line, line);
    EXPECT_EQ(m_context.location().functionName, "main");
    EXPECT_TRUE(editor().markersAtLine(static_cast<int>(line) - 1) & (1u << CodeEditor::CurrentLine));
    ASSERT_TRUE(until([&] { return value("count") == "1"; })) << value("count").toStdString();
    EXPECT_TRUE(value("title").contains("standard input"));
    for (int i = 0; i < 3; ++i) {
        before = m_context.generation();
        press(Qt::Key_F10);
        ASSERT_TRUE(stops(before));
        EXPECT_GT(m_context.location().line, line);
    }
    ASSERT_TRUE(until([&] { return value("title").contains("sample.txt"); })) << value("title").toStdString();
    press(Qt::Key_F5);
    ASSERT_TRUE(until([&] { return m_context.state() == SessionState::Exited; }));
    EXPECT_TRUE(m_window.status().text().contains("exited with status 0"));
}

TEST_F(WindowOnSession, SystemCallsFillAndFilter) {
    openWordcount();
    press(Qt::Key_F5);
    ASSERT_TRUE(until([&] { return m_context.state() == SessionState::Exited; }));
    m_window.docks().raise("system-calls");
    Panel* panel = m_window.docks().panel("system-calls");
    auto* view = panel->findChild<TableView*>();
    ASSERT_TRUE(until([&] { return view->model()->rowCount() > 10; }));
    const int all = view->model()->rowCount();
    auto* filter = panel->findChild<QLineEdit*>();
    filter->setFocus();
    QTest::keyClicks(filter, "path_open");
    ASSERT_TRUE(until([&] { return view->model()->rowCount() > 0 && view->model()->rowCount() < all; }));
    EXPECT_TRUE(until([&] {
        for (int column = 0; column < view->model()->columnCount(); ++column) {
            if (view->model()->index(0, column).data().toString().contains("path_open")) return true;
        }
        return false;
    }));
}

TEST_F(WindowOnSession, AVariableAndAByteOfMemoryCanBeChanged) {
    openWordcount();
    clickMargin(lineOf("    countFile(file);"));
    auto before = m_context.generation();
    ASSERT_TRUE(until([&] { return m_context.breakpoints().size() == 1; }));
    press(Qt::Key_F5);
    ASSERT_TRUE(stops(before));
    ASSERT_TRUE(until([&] { return value("failures") == "0"; }));

    auto* view = m_window.docks().panel("variables")->findChild<TreeView*>();
    const QModelIndex cell = find(variables(), "failures").siblingAtColumn(ValueModel::Value);
    view->scrollTo(cell);
    view->setCurrentIndex(cell);
    view->setFocus();
    QTest::keyClick(view, Qt::Key_F2);
    auto* line = view->viewport()->findChild<QLineEdit*>();
    ASSERT_NE(line, nullptr);
    QTest::keyClicks(line, "7");
    QTest::keyClick(line, Qt::Key_Return);
    ASSERT_TRUE(until([&] { return value("failures") == "7"; })) << value("failures").toStdString();

    const auto* node = static_cast<ValueModel&>(variables()).node(find(variables(), "failures"));
    ASSERT_TRUE(node && node->value.address);
    m_window.docks().raise("memory");
    emit m_context.memoryRequested(*node->value.address, 4);
    auto* hexView = m_window.docks().panel("memory")->findChild<HexView*>();
    ASSERT_TRUE(until([&] { return hexView->cursor() == *node->value.address || hexView->hasSelection(); }));
    QTest::qWait(200);
    hexView->goTo(*node->value.address);
    hexView->setFocus();
    QTest::keyClicks(hexView, "2a");
    EXPECT_TRUE(until([&] { return value("failures") == "42"; })) << value("failures").toStdString();
}

TEST_F(WindowOnSession, StaysAliveWhileTheProgramLoopsForever) {
    open(kPrograms + "spin.wasm");
    press(Qt::Key_F5);
    ASSERT_TRUE(until([&] { return m_context.state() == SessionState::Running; }));
    QTest::qWait(400);
    QElapsedTimer timer;
    timer.start();
    QApplication::processEvents();
    EXPECT_LT(timer.elapsed(), 200);
    const auto before = m_context.generation();
    press(Qt::Key_F6);
    ASSERT_TRUE(stops(before));
    EXPECT_TRUE(m_context.location().functionName == "main" || m_context.location().functionName == "turn");
    press(Qt::Key_F5, Qt::ShiftModifier);
    EXPECT_TRUE(until([&] {
        return m_context.state() == SessionState::Ready || m_context.state() == SessionState::Exited;
    }));
}

TEST_F(WindowOnSession, StaysAliveWhileTheProgramFloods) {
    open(kPrograms + "flood.wasm");
    press(Qt::Key_F5);
    ASSERT_TRUE(until([&] { return m_context.outputEnd() > 0; }));
    qint64 longest = 0;
    QElapsedTimer total, turn;
    total.start();
    while (total.elapsed() < 2000) {
        turn.start();
        QApplication::processEvents(QEventLoop::AllEvents, 20);
        longest = qMax(longest, turn.elapsed());
        QTest::qSleep(1);
    }
    EXPECT_LT(longest, 500) << "ms in one turn of the event loop";
    if (m_context.state() == SessionState::Exited) return;
    const auto before = m_context.generation();
    press(Qt::Key_F6);
    EXPECT_TRUE(until([&] {
        return (m_context.isStopped() && m_context.generation() > before) ||
               m_context.state() == SessionState::Exited;
    }));
}

TEST_F(WindowOnSession, WhatIsNoProgramIsToldAndDoesNoHarm) {
    const QString text = m_folder.path() + "/text.wasm";
    QFile file(text);
    ASSERT_TRUE(file.open(QIODevice::WriteOnly));
    file.write("this is no program\n");
    file.close();
    for (const QString& path : {text, m_folder.path(), QStringLiteral("/nowhere/at/all.wasm")}) {
        m_window.notices().clear();
        m_window.launcher().open(path);
        EXPECT_TRUE(until([&] { return m_window.notices().count() > 0; })) << path.toStdString();
        EXPECT_TRUE(m_window.notices().text().contains(fileName(path)))
            << m_window.notices().text().toStdString();
    }
    openWordcount();
}

TEST_F(WindowOnSession, ATrapIsShownWhereItHappened) {
    open(kExamples + "overrun/overrun.wasm");
    const auto before = m_context.generation();
    press(Qt::Key_F5);
    ASSERT_TRUE(stops(before));
    EXPECT_EQ(m_context.stop().reason, debugger::StopReason::Trap);
    EXPECT_TRUE(until([&] { return m_window.notices().text().contains("out of bounds"); }));
    EXPECT_TRUE(until([&] {
        return m_window.sources().current() && m_window.sources().current()->path().contains("overrun.c");
    }));
}
