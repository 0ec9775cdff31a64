// What the tests of the whole window start from: the real window on a real session, driven by mouse and keys.
#pragma once

#include <gtest/gtest.h>

#include <QApplication>
#include <QComboBox>
#include <QElapsedTimer>
#include <QLineEdit>
#include <QSignalSpy>
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

namespace testing_gui {

using namespace ui;
using debugger::SessionState;

constexpr int kLimitMs = 30'000;
inline const QString kExamples = QStringLiteral(WASISCOPE_SOURCE_DIR "/resources/examples/");
inline const QString kPrograms = QStringLiteral(WASISCOPE_SOURCE_DIR "/tests/programs/");

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
        loadWordcount();
        ASSERT_TRUE(until([&] {
            return m_window.sources().current() && m_window.sources().current()->editor().lines() > 50;
        }));
    }
    void loadWordcount() {
        debugger::LaunchOptions options;
        options.program = (kExamples + "wordcount/wordcount.wasm").toStdString();
        options.capabilities.arguments = {"wordcount.wasm", "sample.txt"};
        options.capabilities.preopens = {
            {(kExamples + "wordcount").toStdString(), ".", wasi::MountKind::ReadOnly}};
        open(options);
    }
    /// By path, or with options.
    template <class Program>
    void open(const Program& program) {
        QSignalSpy opened(&m_window.launcher(), &Launcher::opened);
        m_window.launcher().open(program);
        ASSERT_TRUE(until([&] { return opened.count() > 0; })) << m_window.notices().text().toStdString();
        ASSERT_EQ(m_context.state(), SessionState::Ready);
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

}  // namespace testing_gui
