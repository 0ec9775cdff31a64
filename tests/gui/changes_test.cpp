// An overlay in the window: what a program really did there is looked at, and done on this machine by two clicks.
#include <QFile>
#include <QMessageBox>
#include <QPushButton>
#include <QToolButton>

#include "tests/gui/fixture.h"
#include "ui/widgets/diff_view.h"

using namespace testing_gui;

namespace {

class ChangesTest : public WindowOnSession {
protected:
    ChangesTest() {
        QDir(m_folder.path()).mkpath("data");
        QFile file(path("echo.c"));
        EXPECT_TRUE(file.open(QIODevice::WriteOnly));
        file.write("int main;\n");
    }
    QString path(const char* name) const { return m_folder.filePath("data/") + name; }
    void runToItsEnd() {
        debugger::LaunchOptions options;
        options.program = (kPrograms + "overlay.wasm").toStdString();
        options.capabilities.preopens = {
            {m_folder.filePath("data").toStdString(), "/data", wasi::MountKind::Overlay},
            {"", "/tmp", wasi::MountKind::InMemory}};
        open(options);
        m_window.verbs().trigger("folder-changes");
        m_window.launcher().go();
        ASSERT_TRUE(until([&] { return m_context.hasEnded(); }));
    }
    Panel& panel() { return *m_window.docks().panel("changes"); }
    TreeView& view() { return *panel().findChild<TreeView*>(); }
    QModelIndex folder() { return view().model()->index(0, 0); }
    void click(QAbstractButton* button) {
        ASSERT_TRUE(button && button->isVisible() && button->isEnabled());
        QTest::mouseClick(button, Qt::LeftButton);
    }
    void answer() {
        ASSERT_TRUE(until([&] { return question(); }));
        ASSERT_TRUE(QTest::qWaitForWindowExposed(question()));
        click(question()->findChild<QPushButton*>("settle"));
        EXPECT_EQ(question(), nullptr);
    }
    QMessageBox* question() {
        for (QMessageBox* box : panel().findChildren<QMessageBox*>())
            if (box->isVisible()) return box;
        return nullptr;
    }
};

}  // namespace

TEST_F(ChangesTest, WhatAProgramDidInAnOverlayIsLookedAtAndAppliedByClicks) {
    runToItsEnd();
    ASSERT_TRUE(until([&] { return view().model()->rowCount(folder()) == 3; }));
    EXPECT_TRUE(QFile::exists(path("echo.c"))) << "nothing is done yet";
    EXPECT_FALSE(QFile::exists(path("made/file.txt")));
    const QModelIndex removed = view().model()->index(0, 0, folder());
    QTest::mouseClick(view().viewport(), Qt::LeftButton, {}, view().visualRect(removed).center());
    auto* diff = panel().findChild<DiffView*>();
    EXPECT_TRUE(until([&] {
        return diff->toPlainText() == "--- a/echo.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-int main;";
    })) << diff->toPlainText().toStdString();
    click(panel().findChild<QToolButton*>("apply-changes"));
    answer();
    ASSERT_TRUE(until([&] { return QFile::exists(path("made/file.txt")) && !QFile::exists(path("echo.c")); }))
        << QFile::exists(path("made/file.txt")) << QFile::exists(path("echo.c"));
    EXPECT_TRUE(until([&] { return view().model()->rowCount(folder()) == 0; }));
}

TEST_F(ChangesTest, DiscardedChangesTouchNothing) {
    runToItsEnd();
    ASSERT_TRUE(until([&] { return view().model()->rowCount(folder()) == 3; }));
    click(panel().findChild<QToolButton*>("discard-changes"));
    answer();
    EXPECT_TRUE(until([&] { return view().model()->rowCount(folder()) == 0; }));
    EXPECT_TRUE(QFile::exists(path("echo.c")));
    EXPECT_FALSE(QFile::exists(path("made")));
}
