// Changes: what the program changed in overlays as a tree, the difference of the chosen one, and what Apply and Discard ask and do.
#include "ui/panels/changes_panel.h"

#include <QAbstractItemModelTester>
#include <QMessageBox>
#include <QPushButton>
#include <QSignalSpy>

#include "tests/ui/fixture.h"
#include "ui/widgets/diff_view.h"
#include "ui/widgets/views.h"

using namespace ui;
using testing_ui::PanelTest;
using wasi::FolderChange, wasi::FolderChanges;

namespace {

FolderChanges overlay() {
    FolderChanges folder{"/data", "/srv/data", true, {}, 0};
    using Kind = FolderChange::Kind;
    folder.changes = {{Kind::Removed, "gone", wasi::Filetype::Directory, 0, 0},
                      {Kind::Added, "logs", wasi::Filetype::Directory, 0, 0},
                      {Kind::Added, "logs/<b>new</b>.txt", wasi::Filetype::RegularFile, 0, 2048},
                      {Kind::Changed, "word.txt", wasi::Filetype::RegularFile, 12, 40}};
    folder.total = folder.changes.size();
    return folder;
}

class ChangesPanelTest : public PanelTest {
protected:
    void SetUp() override {
        m_fake->answer<debugger::GetFolderChanges>([this](const debugger::GetFolderChanges& r) {
            auto folders = m_folders;
            for (FolderChanges& folder : folders)
                folder.changes.resize(std::min<uint64_t>(folder.changes.size(), r.most));
            return folders;
        });
        m_fake->answer<debugger::GetFolderDiff>([](const debugger::GetFolderDiff& r) {
            return "Changes of " + r.guestPath + ":\n--- a/" + r.path + "\n+++ b/" + r.path +
                   "\n@@ -1,2 +1,2 @@\n same\n-old\n+new\n";
        });
        m_fake->answer<debugger::ApplyFolderChanges>(
            [this](const debugger::ApplyFolderChanges&) -> engine::Result<uint64_t> {
                if (m_refusal) return *m_refusal;
                return std::exchange(m_folders[0], {"/data", "/srv/data", true, {}, 0}).total;
            });
        m_fake->answer<debugger::DiscardFolderChanges>([this](const debugger::DiscardFolderChanges&) {
            return std::exchange(m_folders[0], {"/data", "/srv/data", true, {}, 0}).total;
        });
    }
    std::unique_ptr<ChangesPanel> stopped(int width = 900) {
        auto panel = std::make_unique<ChangesPanel>(m_context);
        panel->resize(width, 400);
        panel->show();
        m_fake->load();
        m_fake->stopAt(12);
        EXPECT_TRUE(QTest::qWaitFor([&] { return !m_fake->asked<debugger::GetFolderChanges>().empty(); }));
        settle();
        return panel;
    }
    static TreeView& view(const ChangesPanel& panel) { return *panel.findChild<TreeView*>(); }
    static QModelIndex change(const ChangesPanel& panel, int row, int column = 0, int folder = 0) {
        const auto* model = view(panel).model();
        return model->index(row, column, model->index(folder, 0));
    }
    static QString text(const ChangesPanel& panel, int row, int column) {
        return change(panel, row, column).data().toString();
    }
    static QToolButton& button(const ChangesPanel& panel, const char* name) {
        return *panel.findChild<QToolButton*>(name);
    }
    static QString diff(const ChangesPanel& panel) { return panel.findChild<DiffView*>()->toPlainText(); }
    static QMessageBox* question(const ChangesPanel& panel) {
        for (QMessageBox* box : panel.findChildren<QMessageBox*>())
            if (box->isVisible()) return box;
        return nullptr;
    }

    std::vector<FolderChanges> m_folders{overlay()};
    std::optional<engine::Error> m_refusal;
};

TEST_F(ChangesPanelTest, ShowsWhatWasAddedChangedAndRemovedWithSizes) {
    auto panel = stopped();
    const QAbstractItemModelTester tester(view(*panel).model(),
                                          QAbstractItemModelTester::FailureReportingMode::Fatal);
    EXPECT_EQ(view(*panel).model()->index(0, 0).data().toString(), "/data");
    EXPECT_EQ(view(*panel).model()->index(0, 1).data().toString(), "overlay of /srv/data");
    ASSERT_EQ(view(*panel).model()->rowCount(view(*panel).model()->index(0, 0)), 4) << "it opens by itself";
    EXPECT_EQ(text(*panel, 0, 0) + text(*panel, 0, 1), "gone/− removed");
    EXPECT_EQ(text(*panel, 1, 0) + text(*panel, 1, 1), "logs/+ added");
    EXPECT_EQ(text(*panel, 2, 1) + text(*panel, 2, 2) + text(*panel, 2, 3), "+ added2.00 KiB");
    EXPECT_EQ(text(*panel, 3, 1) + ' ' + text(*panel, 3, 2) + ' ' + text(*panel, 3, 3),
              "~ changed 12 B 40 B");
    EXPECT_EQ(panel->findChild<QLabel*>("changes-summary")->text(), "4 changes");
    m_folders[0].changes.pop_back();
    m_folders[0].total = 3;
    m_fake->emitEvent(debugger::SyscallsAppended{5});
    ASSERT_TRUE(QTest::qWaitFor(
        [&] { return view(*panel).model()->rowCount(view(*panel).model()->index(0, 0)) == 3; }));
}

TEST_F(ChangesPanelTest, ShowsTheDifferenceOfTheChosenOne) {
    auto panel = stopped();
    EXPECT_EQ(diff(*panel), "");
    view(*panel).setCurrentIndex(change(*panel, 3));
    settle();
    EXPECT_EQ(diff(*panel), "--- a/word.txt\n+++ b/word.txt\n@@ -1,2 +1,2 @@\n same\n-old\n+new");
    EXPECT_EQ(m_fake->asked<debugger::GetFolderDiff>().back().guestPath, "/data");
    view(*panel).setCurrentIndex(view(*panel).model()->index(0, 0));
    settle();
    EXPECT_EQ(diff(*panel), "");
}

TEST_F(ChangesPanelTest, ADifferenceOfTheRowBeforeIsNotShown) {
    auto panel = stopped();
    m_fake->holdReplies = true;
    view(*panel).setCurrentIndex(change(*panel, 3));
    settle();
    view(*panel).setCurrentIndex(view(*panel).model()->index(0, 0));
    m_fake->release();
    settle();
    EXPECT_EQ(diff(*panel), "");
}

TEST_F(ChangesPanelTest, AppliesAfterItHasSaidWhatItWillWrite) {
    auto panel = stopped();
    std::vector<Notice> notices;
    QObject::connect(&m_context, &Context::noticed, panel.get(),
                     [&](const Notice& n) { notices.push_back(n); });
    button(*panel, "apply-changes").click();
    settle();
    QMessageBox* box = question(*panel);
    ASSERT_TRUE(box);
    EXPECT_EQ(box->textFormat(), Qt::PlainText);
    EXPECT_TRUE(box->text().startsWith(
        "Apply 4 changes to /srv/data?\n\nremoved  gone/\nadded    logs/\n"
        "added    logs/<b>new</b>.txt (2048 bytes)\nchanged  word.txt (12 -> 40 bytes)\n"))
        << box->text().toStdString();
    EXPECT_TRUE(m_fake->asked<debugger::ApplyFolderChanges>().empty()) << "nothing before the answer";
    box->button(QMessageBox::Cancel)->click();
    settle();
    EXPECT_TRUE(m_fake->asked<debugger::ApplyFolderChanges>().empty());
    button(*panel, "apply-changes").click();
    settle();
    question(*panel)->findChild<QPushButton*>("settle")->click();
    settle();
    ASSERT_EQ(m_fake->asked<debugger::ApplyFolderChanges>().size(), 1u);
    EXPECT_EQ(m_fake->asked<debugger::ApplyFolderChanges>()[0].guestPath, "/data");
    ASSERT_EQ(notices.size(), 1u);
    EXPECT_EQ(notices[0].title + ": " + notices[0].text, "Applied: 4 changes");
    EXPECT_EQ(panel->findChild<QLabel*>("changes-summary")->text(), "no changes");
    EXPECT_FALSE(button(*panel, "apply-changes").isEnabled());
}

TEST_F(ChangesPanelTest, WhatIsChangedAfterTheRestWasAppliedIsListed) {
    auto panel = stopped();
    ASSERT_EQ(text(*panel, 0, 0), "gone/");
    button(*panel, "apply-changes").click();
    settle();
    question(*panel)->findChild<QPushButton*>("settle")->click();
    settle();
    ASSERT_EQ(view(*panel).model()->rowCount(view(*panel).model()->index(0, 0)), 0);
    m_folders = {overlay()};
    m_fake->emitEvent(debugger::SyscallsAppended{8});
    m_fake->stopAt(13);
    ASSERT_TRUE(
        QTest::qWaitFor([&] { return panel->findChild<QLabel*>("changes-summary")->text() == "4 changes"; }));
    settle();
    EXPECT_EQ(text(*panel, 0, 0), "gone/");
}

TEST_F(ChangesPanelTest, TellsWhyAChangeCouldNotBeAppliedAndKeepsIt) {
    auto panel = stopped();
    m_refusal =
        engine::Error{engine::ErrorCode::Denied, "cannot apply the change of word.txt: permission denied"};
    QStringList told;
    QObject::connect(&m_context, &Context::noticed, panel.get(), [&](const Notice& n) { told << n.text; });
    button(*panel, "apply-changes").click();
    settle();
    question(*panel)->findChild<QPushButton*>("settle")->click();
    settle();
    EXPECT_TRUE(told.join(u'\n').contains("word.txt: permission denied"));
    EXPECT_EQ(panel->findChild<QLabel*>("changes-summary")->text(), "4 changes");
}

/// The list waits before it looks again; what is done then is what there is.
TEST_F(ChangesPanelTest, AsksAboutWhatThereIsNotAboutWhatTheListShows) {
    auto panel = stopped();
    QStringList told;
    QObject::connect(&m_context, &Context::noticed, panel.get(), [&](const Notice& n) { told << n.text; });
    m_folders[0].changes.push_back({FolderChange::Kind::Changed, "x.txt", wasi::Filetype::RegularFile, 5, 6});
    m_folders[0].total = 5;
    m_fake->emitEvent(debugger::SyscallsAppended{9});
    m_fake->stopAt(13, debugger::StopReason::Step);
    settle();
    button(*panel, "apply-changes").click();
    settle();
    ASSERT_TRUE(question(*panel));
    EXPECT_TRUE(question(*panel)->text().startsWith("Apply 5 changes to /srv/data?"));
    EXPECT_TRUE(question(*panel)->text().contains("changed  x.txt (5 -> 6 bytes)"));
    EXPECT_EQ(text(*panel, 4, 0), "x.txt");
    question(*panel)->button(QMessageBox::Cancel)->click();

    m_folders[0] = {"/data", "/srv/data", true, {}, 0};
    button(*panel, "apply-changes").click();
    settle();
    EXPECT_FALSE(question(*panel));
    EXPECT_EQ(told, QStringList{"Nothing was changed."});
}

TEST_F(ChangesPanelTest, AsksNothingAboutChangesThatCannotBeListed) {
    auto panel = stopped();
    QStringList told;
    QObject::connect(&m_context, &Context::noticed, panel.get(), [&](const Notice& n) { told << n.text; });
    m_fake->answer<debugger::GetFolderChanges>(
        [](const debugger::GetFolderChanges&) -> engine::Result<std::vector<FolderChanges>> {
            return engine::Error{engine::ErrorCode::Io, "cannot compare with the folder below: i/o error"};
        });
    button(*panel, "discard-changes").click();
    settle();
    EXPECT_FALSE(question(*panel));
    EXPECT_TRUE(told.join(u'\n').contains("cannot compare with the folder below"));
}

TEST_F(ChangesPanelTest, AsksNothingOnceTheProgramHasGoneOnAndSaysSo) {
    auto panel = stopped();
    QStringList told;
    QObject::connect(&m_context, &Context::noticed, panel.get(),
                     [&](const Notice& n) { told << n.title + QStringLiteral(": ") + n.text; });
    for (const bool stopsAnew : {false, true}) {
        m_fake->holdReplies = true;
        button(*panel, stopsAnew ? "discard-changes" : "apply-changes").click();
        m_fake->run();
        if (stopsAnew) m_fake->stopAt(14, debugger::StopReason::Step);
        settle();
        m_fake->release();
        settle();
        EXPECT_FALSE(question(*panel));
        if (!stopsAnew) m_fake->stopAt(13, debugger::StopReason::Step);
        settle();
    }
    EXPECT_EQ(told,
              QStringList({"Not applied: the program went on meanwhile. Ask again where it stands.",
                           "Not discarded: the program went on meanwhile. Ask again where it stands."}));
}

TEST_F(ChangesPanelTest, DiscardsWhatIsChosenOfSeveral) {
    FolderChanges other = overlay();
    other.guestPath = "/other";
    m_folders.push_back(other);
    auto panel = stopped();
    view(*panel).setCurrentIndex(change(*panel, 0, 0, 1));
    settle();
    button(*panel, "discard-changes").click();
    settle();
    EXPECT_TRUE(question(*panel)->text().startsWith("Discard 4 changes of /other?"));
    question(*panel)->findChild<QPushButton*>("settle")->click();
    settle();
    ASSERT_EQ(m_fake->asked<debugger::DiscardFolderChanges>().size(), 1u);
    EXPECT_EQ(m_fake->asked<debugger::DiscardFolderChanges>()[0].guestPath, "/other");
}

TEST_F(ChangesPanelTest, TheQuestionGoesWhenTheProgramGoesOn) {
    auto panel = stopped();
    button(*panel, "apply-changes").click();
    settle();
    ASSERT_TRUE(question(*panel));
    m_fake->run();
    settle();
    EXPECT_FALSE(question(*panel));
    EXPECT_FALSE(button(*panel, "apply-changes").isEnabled());
    EXPECT_TRUE(button(*panel, "apply-changes").toolTip().contains("pause it first"));
}

TEST_F(ChangesPanelTest, AFolderInMemoryHasNowhereToBeApplied) {
    m_folders[0].isOverlay = false;
    m_folders[0].hostPath.clear();
    auto panel = stopped();
    EXPECT_EQ(view(*panel).model()->index(0, 1).data().toString(), "in memory");
    EXPECT_FALSE(button(*panel, "apply-changes").isEnabled());
    EXPECT_FALSE(button(*panel, "discard-changes").isEnabled());
    EXPECT_TRUE(button(*panel, "apply-changes").toolTip().contains("in memory"));
}

TEST_F(ChangesPanelTest, SaysWhatItWillShow) {
    ChangesPanel empty(m_context);
    empty.show();
    EXPECT_TRUE(empty.isEmptyShown());
    m_folders.clear();
    auto panel = stopped();
    EXPECT_TRUE(panel->isEmptyShown());
    EXPECT_TRUE(panel->findChild<QToolButton*>(QString(), Qt::FindChildrenRecursively));
    m_folders = {overlay()};
    emit m_context.capabilitiesEdited();
    settle();
    EXPECT_FALSE(panel->isEmptyShown());
}

TEST_F(ChangesPanelTest, AMillionChangesAreCountedAndTheFirstAreShown) {
    m_folders[0].changes.assign(5000, {FolderChange::Kind::Added, "x", wasi::Filetype::RegularFile, 0, 1});
    for (size_t i = 0; i < m_folders[0].changes.size(); ++i)
        m_folders[0].changes[i].path = std::to_string(i);
    m_folders[0].total = 1'000'000;
    auto panel = stopped();
    const auto* model = view(*panel).model();
    const QModelIndex folder = model->index(0, 0);
    ASSERT_TRUE(QTest::qWaitFor(
        [&] { return model->rowCount(folder) == static_cast<int>(ChangesPanel::kMostShown) + 1; }));
    EXPECT_EQ(model->index(model->rowCount(folder) - 1, 0, folder).data().toString(), "… 998,000 more");
    EXPECT_EQ(panel->findChild<QLabel*>("changes-summary")->text(), "1,000,000 changes");
    button(*panel, "apply-changes").click();
    settle();
    EXPECT_TRUE(question(*panel)->text().contains("… and 999,988 more"))
        << question(*panel)->text().toStdString();
}

/// A step that made no call changed no file.
TEST_F(ChangesPanelTest, StepsWithoutCallsCostNothing) {
    auto panel = stopped();
    const size_t asked = m_fake->asked<debugger::GetFolderChanges>().size();
    for (uint32_t line = 13; line < 16; ++line)
        m_fake->stopAt(line, debugger::StopReason::Step);
    QTest::qWait(500);
    EXPECT_EQ(m_fake->asked<debugger::GetFolderChanges>().size(), asked);
    m_fake->emitEvent(debugger::SyscallsAppended{7});
    EXPECT_TRUE(QTest::qWaitFor([&] { return m_fake->asked<debugger::GetFolderChanges>().size() > asked; }));
}

TEST_F(ChangesPanelTest, ADifferenceIsAskedForAgainOnceItMayBeAnother) {
    auto panel = stopped();
    view(*panel).setCurrentIndex(change(*panel, 3));
    settle();
    const auto diffs = [&] { return m_fake->asked<debugger::GetFolderDiff>().size(); };
    const auto refresh = [&] {
        emit m_context.capabilitiesEdited();
        settle();
    };
    EXPECT_EQ(diffs(), 1u);
    refresh();
    EXPECT_EQ(diffs(), 1u);
    m_folders[0].changes[3].bytesNow = 41;
    refresh();
    EXPECT_EQ(diffs(), 2u);
    m_fake->emitEvent(debugger::SyscallsAppended{9});
    settle();
    refresh();
    EXPECT_EQ(diffs(), 3u) << "a call may have written";
    view(*panel).setCurrentIndex(change(*panel, 2));
    view(*panel).setCurrentIndex(change(*panel, 3));
    settle();
    EXPECT_EQ(diffs(), 5u);
}

TEST_F(ChangesPanelTest, WhileHiddenWhatTookLongIsNotAskedFor) {
    auto panel = stopped();
    const auto asked = [&] { return m_fake->asked<debugger::GetFolderChanges>().size(); };
    m_fake->holdReplies = true;
    emit m_context.capabilitiesEdited();
    QTest::qWait(250);
    m_fake->release();
    settle();
    panel->hide();
    const size_t before = asked();
    m_fake->emitEvent(debugger::SyscallsAppended{9});
    emit m_context.capabilitiesEdited();
    settle();
    EXPECT_EQ(asked(), before);
    panel->show();
    settle();
    EXPECT_EQ(asked(), before + 1);
    panel->hide();
    emit m_context.capabilitiesEdited();
    settle();
    EXPECT_EQ(asked(), before + 2) << "it was quick again";
}

/// What nobody looks at is not asked for while the program runs; the tab does not go on saying what was.
TEST_F(ChangesPanelTest, ATabThatIsHiddenSaysThatItsNumberIsOld) {
    auto panel = stopped();
    QString mark;
    QObject::connect(panel.get(), &Panel::marked, panel.get(), [&](const QString& text) { mark = text; });
    emit m_context.capabilitiesEdited();
    settle();
    EXPECT_EQ(mark, "4");
    panel->hide();
    m_fake->run();
    m_fake->emitEvent(debugger::SyscallsAppended{9});
    settle();
    EXPECT_EQ(mark, "…");
    m_fake->stopAt(13, debugger::StopReason::Step);
    ASSERT_TRUE(QTest::qWaitFor([&] { return mark != QStringLiteral("…"); }));
    EXPECT_EQ(mark, "4");
    m_fake->holdReplies = true;
    m_fake->emitEvent(debugger::SyscallsAppended{10});
    QTest::qWait(600);
    m_fake->release();  // which took long
    settle();
    m_fake->emitEvent(debugger::SyscallsAppended{11});
    EXPECT_TRUE(QTest::qWaitFor([&] { return mark == QStringLiteral("…"); })) << "nor is it asked for then";
    panel->show();
    settle();
    EXPECT_EQ(mark, "4");
}

TEST(DiffLines, KnowTheirPlaceInAHunk) {
    const auto lines = diffLines(
        "--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n--- no name\n+++ nor this\n same\n\\ No newline at end of file\n"
        "--- a/y\nBinary file z: 1 -> 2 bytes\n");
    const Tone tones[] = {Tone::Text, Tone::Text, Tone::Accent, Tone::Error, Tone::Good,
                          Tone::Text, Tone::Dim,  Tone::Text,   Tone::Text};
    ASSERT_EQ(lines.size(), std::size(tones));
    for (size_t i = 0; i < lines.size(); ++i)
        EXPECT_EQ(lines[i].tone, tones[i]) << i;
    EXPECT_TRUE(lines[7].bold) << "the hunk has ended";
    EXPECT_FALSE(lines[3].bold);
}

TEST(DiffLines, AreBoundedAndHideNothing) {
    EXPECT_EQ(diffLines(std::string(1 << 20, 'x'))[0].text.size(), 1001);
    std::string many;
    for (int i = 0; i < 50'000; ++i)
        many += "+line\n";
    EXPECT_EQ(diffLines(many).size(), 20'001u);
    EXPECT_EQ(diffLines(many).back().text, "… only the first 20,000 lines are shown");
    EXPECT_EQ(diffLines("+\ta\u202e\r\n")[0].text, "+\ta\\u{202e}\\r");
    for (const char* hunk : {"@@ -", "@@ -x +y @@\n+a\n", "@@ -99999999999999999999 +1 @@\n-a\n", "@@ -1,\n"})
        EXPECT_FALSE(diffLines(hunk).empty());
}

}  // namespace
