// Scripts of mocks in the window: asked for before they run in a folder for the first time, and no reason for a program not to open.
#include <QDir>
#include <QFile>
#include <QLabel>
#include <QToolButton>
#include <filesystem>

#include "tests/gui/fixture.h"
#include "ui/widgets/notice_bar.h"
#include "wasi/script/trust.h"

using namespace testing_gui;

namespace {

class TrustTest : public WindowOnSession {
protected:
    TrustTest() : m_before(qgetenv("XDG_CONFIG_HOME")) {
        qputenv("XDG_CONFIG_HOME", m_folder.filePath("config").toUtf8());
        QDir(m_folder.path()).mkpath("mocks");
        write("return function(call) return {errno = 'io'} end");
    }
    ~TrustTest() override { qputenv("XDG_CONFIG_HOME", m_before); }

    QString folder() const { return QFileInfo(m_folder.filePath("mocks")).canonicalFilePath(); }
    QString script() const { return folder() + "/answers.lua"; }
    void write(const char* text) const {
        QFile file(m_folder.filePath("mocks/answers.lua"));
        ASSERT_TRUE(file.open(QIODevice::WriteOnly));
        file.write(text);
    }
    static void trust(const QString& folder, bool isTrusted) {
        auto list = wasi::TrustedFolders::ofUser().value();
        ASSERT_TRUE((isTrusted ? list.add(folder.toStdString()) : list.remove(folder.toStdString())).ok());
        ASSERT_TRUE(list.save().ok());
    }
    debugger::LaunchOptions withScript() const {
        debugger::LaunchOptions options;
        options.program = (kPrograms + "inlined.wasm").toStdString();
        wasi::MockRule rule;
        rule.call = "fd_write";
        rule.action = wasi::MockAction::Script;
        rule.script = script().toStdString();
        options.mocks = {rule};
        return options;
    }
    /// The window remembers the mock with the program, and has another one open.
    void remember() {
        trust(folder(), true);
        open(withScript());
        ASSERT_TRUE(until([&] { return isOn(); }));
        open(kPrograms + "echo.wasm");
    }
    QToolButton* button(const QString& text) {
        for (QToolButton* button : m_window.notices().findChildren<QToolButton*>())
            if (button->text() == text && button->isVisible()) return button;
        return nullptr;
    }
    void click(const QString& text) {
        ASSERT_TRUE(until([&] { return button(text); })) << m_window.notices().text().toStdString();
        picture(text);
        QTest::mouseClick(button(text), Qt::LeftButton);
    }
    /// For people, if they ask for pictures.
    void picture(const QString& name) {
        const QString folder = qEnvironmentVariable("WASISCOPE_PICTURES");
        if (folder.isEmpty()) return;
        for (const auto mode : {Theme::Mode::Dark, Theme::Mode::Light}) {
            m_theme.setMode(mode);
            QTest::qWait(50);
            m_window.grab().save(folder + u'/' + QString(name).remove(u' ') +
                                 (mode == Theme::Mode::Dark ? "-dark.png" : "-light.png"));
        }
    }
    bool says(const QString& text) {
        for (const QLabel* label : m_window.notices().findChildren<QLabel*>())
            if (label->isVisible() && label->text().contains(text)) return true;
        return false;
    }
    bool isOn() const { return m_context.mocks().size() == 1 && m_context.mocks()[0].rule.enabled; }
    bool isOff() const { return m_context.mocks().size() == 1 && !m_context.mocks()[0].rule.enabled; }

    QByteArray m_before;
};

}  // namespace

TEST_F(TrustTest, AClickTrustsTheFolderAndOpensTheProgram) {
    QSignalSpy opened(&m_window.launcher(), &Launcher::opened);
    m_window.launcher().open(withScript());
    ASSERT_TRUE(until([&] { return says(script() + " wants to answer calls of the program"); }));
    EXPECT_TRUE(opened.isEmpty()) << "nothing runs before";
    EXPECT_TRUE(wasi::TrustedFolders::ofUser().value().folders().empty());
    click("Trust This Folder");
    ASSERT_TRUE(until([&] { return opened.count() == 1; })) << m_window.notices().text().toStdString();
    EXPECT_TRUE(until([&] { return isOn(); }));
    EXPECT_EQ(wasi::TrustedFolders::ofUser().value().folders(), std::vector{folder().toStdString()});
}

TEST_F(TrustTest, AFolderThatWasExchangedIsNotTrusted) {
    m_window.launcher().open(withScript());
    ASSERT_TRUE(until([&] { return button("Trust This Folder"); }));
    QDir(m_folder.path()).mkpath("others");
    QDir(m_folder.path()).rename("mocks", "away");
    ASSERT_TRUE(QFile::link(m_folder.filePath("others"), m_folder.filePath("mocks")));
    click("Trust This Folder");
    EXPECT_TRUE(until([&] { return says("the folder is another one by now; look at it again"); }));
    EXPECT_TRUE(wasi::TrustedFolders::ofUser().value().folders().empty());
}

TEST_F(TrustTest, WhereOthersWriteItSaysSo) {
    std::filesystem::permissions(folder().toStdString(), std::filesystem::perms::all);
    m_window.launcher().open(withScript());
    EXPECT_TRUE(until([&] { return says("Beware: anybody may write in " + folder()); }));
    picture("Beware");
}

TEST_F(TrustTest, AProgramOpensWhoseScriptFails) {
    remember();
    write("return function(call");
    open(kPrograms + "inlined.wasm");
    EXPECT_TRUE(until([&] { return isOff(); }));
    EXPECT_TRUE(until([&] { return says("switched off: answers.lua:1: ')' expected near <eof>"); }));
    click("Try Again");
    EXPECT_TRUE(until([&] { return button("Try Again") && isOff(); })) << "it still fails";
    write("return function(call) return {errno = 'io'} end");
    click("Try Again");
    EXPECT_TRUE(until([&] { return isOn(); }));
}

TEST_F(TrustTest, AProgramOpensWhoseScriptIsNotTrustedAnyMore) {
    remember();
    trust(folder(), false);
    open(kPrograms + "inlined.wasm");
    EXPECT_TRUE(until([&] { return isOff(); }));
    click("Trust This Folder");
    EXPECT_TRUE(until([&] { return isOn(); }));
}

TEST_F(TrustTest, AProgramOpensWhoseScriptHasGone) {
    remember();
    QFile::remove(script());
    open(kPrograms + "inlined.wasm");
    EXPECT_TRUE(until([&] { return isOff(); }));
    EXPECT_TRUE(until([&] { return says("No such file"); }));
}

TEST_F(TrustTest, AScriptThatFailsLaterKeepsTheProgramLoadable) {
    trust(folder(), true);
    open(withScript());
    write("return function(call");
    debugger::LaunchOptions options = m_window.launcher().options();
    options.capabilities.arguments = {"inlined.wasm", "more"};
    m_window.launcher().setOptions(options);  // loads it again
    EXPECT_TRUE(until([&] { return isOff(); }));
    EXPECT_TRUE(until([&] { return m_context.state() == SessionState::Ready; }));
    EXPECT_TRUE(until([&] { return says("expected near <eof>; mocks that ask it are switched off"); }));
}

TEST_F(TrustTest, AtTheStartTooTrustIsAskedFor) {
    trust(folder(), true);
    open(withScript());
    trust(folder(), false);
    m_window.launcher().go();
    click("Trust This Folder");
    EXPECT_TRUE(until([&] { return m_context.hasEnded() && m_context.mocks()[0].hits > 0; }))
        << m_context.mocks()[0].problem;
}
