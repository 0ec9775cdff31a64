// The window as a whole on a FakeTransport: verbs, layouts, what is remembered, errors, and that no widget takes guests' strings for HTML.
#include <QAbstractItemView>
#include <QContextMenuEvent>
#include <QDockWidget>
#include <QFile>
#include <QFileDialog>
#include <QHeaderView>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QMenuBar>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTimer>
#include <QToolBar>
#include <QToolButton>

#include "tests/ui/fixture.h"
#include "ui/breakpoint_dialog.h"
#include "ui/launch_dialog.h"
#include "ui/launch_json.h"
#include "ui/main_window.h"
#include "ui/panel.h"
#include "ui/plain_text.h"
#include "ui/source/code_editor.h"
#include "ui/source/source_view.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/input_line.h"
#include "ui/widgets/picker.h"
#include "ui/widgets/views.h"
#include "wasi/mock_json.h"
#include "wasi/mock_text.h"

using namespace ui;
using namespace debugger;

namespace {

class WindowTest : public testing_ui::PanelTest {
protected:
    WindowTest() { m_window.show(); }
    void stopAt(uint32_t line) {
        if (m_fake->generation == 0) m_fake->load();
        m_fake->stopAt(line);
        settle();
    }
    /// As a user does it: the answer to Load comes from the test.
    void openAndStop() {
        m_window.launcher().open("/programs/a.wasm");
        settle();
        stopAt(17);
    }
    void trap() {
        StopInfo stop;
        stop.reason = StopReason::Trap;
        stop.generation = ++m_fake->generation;
        stop.trapText = "out of bounds memory access: 4 bytes at 0x20000";
        m_fake->emitEvent(StateChanged{SessionState::Stopped, {}});
        m_fake->emitEvent(Stopped{stop});
    }
    static BreakpointSpec atLine(uint32_t line) {
        BreakpointSpec spec;
        spec.file = "demo.c";
        spec.line = line;
        return spec;
    }
    bool isEnabled(const char* verb) { return m_window.verbs().action(verb)->isEnabled(); }

    MainWindow m_window{m_context};
};

}  // namespace

TEST_F(WindowTest, BreaksOnExceptionsAreSwitchedByTheirVerbs) {
    m_fake->load();
    settle();
    QAction* all = m_window.verbs().action("break-throw");
    QAction* uncaught = m_window.verbs().action("break-uncaught");
    uncaught->trigger();
    settle();
    ASSERT_EQ(m_context.breakpoints().size(), 1u);
    EXPECT_EQ(placeOf(m_context.breakpoints().begin()->second.spec), "throw uncaught");
    EXPECT_TRUE(uncaught->isChecked());
    EXPECT_FALSE(all->isChecked());
    all->trigger();
    settle();
    EXPECT_TRUE(all->isChecked());
    EXPECT_EQ(m_context.breakpoints().size(), 2u);
    uncaught->trigger();
    settle();
    EXPECT_FALSE(uncaught->isChecked());
    ASSERT_EQ(m_context.breakpoints().size(), 1u);
    EXPECT_EQ(placeOf(m_context.breakpoints().begin()->second.spec), "throw");
    m_context.removeBreakpoint(m_context.breakpoints().begin()->first);
    settle();
    EXPECT_FALSE(all->isChecked()) << "by whatever way the breakpoint went";
    debugger::BreakpointSpec spec;
    spec.kind = debugger::BreakpointSpec::Kind::Exception;
    spec.condition = "number > 5";
    m_context.addBreakpoint(spec);
    settle();
    EXPECT_TRUE(all->isChecked());
    all->trigger();
    settle();
    EXPECT_FALSE(all->isChecked());
    ASSERT_EQ(m_context.breakpoints().size(), 1u) << "what was written in it is not thrown away";
    EXPECT_EQ(m_context.breakpoints().begin()->second.spec.condition, "number > 5");
}

TEST_F(WindowTest, VerbsAreEnabledAsTheStateAllows) {
    EXPECT_FALSE(isEnabled("step-over"));
    EXPECT_FALSE(isEnabled("pause"));
    m_fake->load();
    settle();
    ASSERT_EQ(m_context.state(), SessionState::Ready);
    EXPECT_TRUE(isEnabled("step-over")) << "it starts the program";
    EXPECT_FALSE(isEnabled("step-out"));
    stopAt(17);
    EXPECT_TRUE(isEnabled("step-out"));
    EXPECT_TRUE(isEnabled("step-over"));
    EXPECT_TRUE(isEnabled("continue"));
    EXPECT_FALSE(isEnabled("pause"));
    m_fake->run();
    QCoreApplication::processEvents();
    ASSERT_EQ(m_context.state(), SessionState::Running);
    EXPECT_TRUE(isEnabled("step-over")) << "between the stops of a step nothing blinks";
    EXPECT_TRUE(QTest::qWaitFor([&] { return !isEnabled("step-over"); }));
    EXPECT_TRUE(isEnabled("pause"));
}

TEST_F(WindowTest, KeysReachTheSession) {
    m_fake->answer<Step>([this](const Step&) {
        m_fake->run();
        m_fake->stopAt(17);
        return Done{};
    });
    stopAt(17);
    QTest::keyClick(&m_window, Qt::Key_F10);
    QTest::keyClick(&m_window, Qt::Key_F11);
    QTest::keyClick(&m_window, Qt::Key_F11, Qt::ShiftModifier);
    QTest::keyClick(&m_window, Qt::Key_F9);
    settle();
    const auto steps = m_fake->asked<Step>();
    ASSERT_EQ(steps.size(), 3u);
    EXPECT_EQ(steps[0].kind, StepKind::Over);
    EXPECT_EQ(steps[1].kind, StepKind::Into);
    EXPECT_EQ(steps[2].kind, StepKind::Out);
    ASSERT_EQ(m_fake->asked<AddBreakpoint>().size(), 1u);
    EXPECT_EQ(m_fake->asked<AddBreakpoint>()[0].spec.line, 17u);
    QTest::keyClick(&m_window, Qt::Key_F5);
    settle();
    EXPECT_EQ(m_fake->asked<Resume>().size(), 1u);
}

TEST_F(WindowTest, TheStateIsAlwaysTold) {
    EXPECT_TRUE(m_window.status().text().startsWith("No program"));
    m_fake->load();
    settle();
    EXPECT_TRUE(m_window.status().text().startsWith("Ready"));
    m_fake->stopAt(17);
    settle();
    EXPECT_EQ(m_window.status().text(), "Stopped breakpoint 1 at demo.c:17");
    m_fake->emitEvent(StateChanged{SessionState::Waiting, "stdin"});
    const QString waiting = "Waiting for stdin · F4 goes to Console's input line";
    EXPECT_TRUE(QTest::qWaitFor([&] { return m_window.status().text() == waiting; }))
        << m_window.status().text().toStdString();
    m_fake->emitEvent(StateChanged{SessionState::Exited, "exited with status 3"});
    settle();
    EXPECT_EQ(m_window.status().text(), "Exited exited with status 3");
}

TEST_F(WindowTest, AVerbUnderThePointerDoesNotHideTheState) {
    stopAt(17);
    QAction* restart = m_window.verbs().action("restart");
    restart->showStatusText(&m_window);
    EXPECT_EQ(m_window.status().currentMessage(), "");
    EXPECT_TRUE(restart->toolTip().contains("again")) << "that is where help stands";
}

TEST_F(WindowTest, StepsTypedFasterThanTheyAreMadeAreAllMade) {
    bool runs = false;
    m_fake->answer<Step>([&](const Step&) -> engine::Result<Done> {
        if (std::exchange(runs, true)) return engine::Error{engine::ErrorCode::State, "the program runs"};
        m_fake->run();
        QTimer::singleShot(1, &m_window, [&] {
            runs = false;
            m_fake->stopAt(17);
        });
        return Done{};
    });
    stopAt(17);
    const auto before = m_fake->generation;
    for (int i = 0; i < 500; ++i)
        QTest::keyClick(&m_window, Qt::Key_F10);
    QTest::keyClick(&m_window, Qt::Key_F5);
    ASSERT_TRUE(QTest::qWaitFor([&] { return m_fake->asked<Resume>().size() == 1; }, 100'000));
    EXPECT_EQ(m_fake->generation - before, 500u);
    EXPECT_EQ(m_fake->asked<Step>().size(), 500u);
    EXPECT_EQ(m_window.notices().count(), 0);
}

TEST_F(WindowTest, AStopThatWantsToBeSeenEndsTheStepsThatWait) {
    m_fake->answer<Step>([this](const Step&) {
        m_fake->run();
        QTimer::singleShot(1, &m_window, [this] { trap(); });
        return Done{};
    });
    stopAt(17);
    for (int i = 0; i < 5; ++i)
        QTest::keyClick(&m_window, Qt::Key_F10);
    ASSERT_TRUE(QTest::qWaitFor([&] { return m_context.hasTrapped(); }));
    settle();
    EXPECT_EQ(m_fake->asked<Step>().size(), 1u);
    m_fake->run();
    m_fake->stopAt(17);
    settle();
    EXPECT_EQ(m_fake->asked<Step>().size(), 1u) << "they do not come later either";
}

TEST_F(WindowTest, ATrappedProgramCannotGoOnAndTheToolTipsSayWhatCan) {
    stopAt(17);
    trap();
    settle();
    for (const char* verb : {"continue", "step-over", "step-into", "step-out", "step-instruction",
                             "step-instruction-over", "run-to-cursor"}) {
        EXPECT_FALSE(isEnabled(verb)) << verb;
        const QString tip = m_window.verbs().action(verb)->toolTip();
        EXPECT_TRUE(tip.contains("trapped") && tip.contains("Restart (Ctrl+Shift+F5)")) << tip.toStdString();
    }
    for (const char* verb : {"restart", "stop", "frame-up"})
        EXPECT_TRUE(isEnabled(verb)) << verb;
    m_context.perform("continue");
    QTest::keyClick(&m_window, Qt::Key_F10);
    settle();
    EXPECT_TRUE(m_fake->asked<Resume>().empty() && m_fake->asked<Step>().empty());
    QToolButton* restart = nullptr;
    for (auto* button : m_window.notices().findChildren<QToolButton*>())
        if (button->text() == "Restart") restart = button;
    ASSERT_NE(restart, nullptr);
    restart->click();
    settle();
    EXPECT_EQ(m_fake->asked<Start>().size(), 1u);
    m_fake->run();
    m_fake->stopAt(18);
    settle();
    EXPECT_TRUE(isEnabled("step-over"));
    EXPECT_FALSE(m_window.verbs().action("step-over")->toolTip().contains("trapped"));
}

TEST_F(WindowTest, AfterTheEndNothingOfTheLastStopIsLeft) {
    stopAt(17);
    trap();
    settle();
    EXPECT_EQ(m_window.notices().count(), 1);
    m_fake->exit(134);
    settle();
    EXPECT_EQ(m_window.notices().count(), 0) << "the trap is over";
    EXPECT_EQ(stateText(m_context).icon, "ended");
    for (const char* id : {"variables", "call-stack", "operand-stack", "wasm-state", "explain"}) {
        auto* panel = m_window.docks().panel(id);
        EXPECT_TRUE(panel->isEmptyShown()) << id;
        EXPECT_TRUE(panel->findChild<EmptyState*>()->text().contains("has ended")) << id;
    }
    m_fake->run();
    m_fake->exit(0);
    settle();
    EXPECT_EQ(stateText(m_context).icon, "done");
    EXPECT_EQ(stateText(m_context).tone, Tone::Good);
    EXPECT_TRUE(m_window.verbs().action("step-over")->toolTip().contains("ended"));
}

TEST_F(WindowTest, AProgramThatWaitsForInputSaysSoAndOneKeyGoesThere) {
    stopAt(17);
    m_fake->run();
    m_fake->emitEvent(StateChanged{SessionState::Waiting, "stdin"});
    EXPECT_TRUE(QTest::qWaitFor(
        [&] { return m_window.docks().dock("console")->windowTitle() == "● Console waits for input"; }));
    m_window.activateWindow();
    QTest::keyClick(&m_window, Qt::Key_F4);
    settle();
    auto* input = m_window.docks().panel("console")->findChild<InputLine*>();
    EXPECT_EQ(m_window.focusWidget(), input);
    EXPECT_TRUE(input->isEnabled());
    m_fake->run();
    settle();
    EXPECT_EQ(m_window.docks().dock("console")->windowTitle(), "Console");
}

TEST_F(WindowTest, TheStartPageOffersEachThingOnceAndFits) {
    for (int i = 0; i < 9; ++i)
        m_settings.addRecentFile(QStringLiteral("/programs/recent%1.wasm").arg(i));
    m_window.resize(1280, 800);
    m_window.docks().reset();
    settle();
    auto* page = m_window.findChild<StartPage*>();
    EXPECT_FALSE(page->verticalScrollBar()->isVisible()) << page->verticalScrollBar()->maximum();
    int offers = 0;
    for (const auto* button : m_window.findChildren<QAbstractButton*>())
        offers += button->isVisible() && !qobject_cast<QToolBar*>(button->parentWidget()) &&
                  button->text().startsWith("Open Program");
    EXPECT_EQ(offers, 1);
}

TEST_F(WindowTest, NothingCanActOnAStopBeforeItIsTold) {
    m_fake->load();
    m_fake->run();
    settle();
    const auto before = m_context.generation();
    m_fake->emitEvent(StateChanged{SessionState::Stopped, {}});
    settle();
    EXPECT_FALSE(m_context.isStopped());
    m_fake->stopAt(7);
    settle();
    EXPECT_TRUE(m_context.isStopped());
    EXPECT_EQ(m_context.generation(), before + 1);
}

TEST_F(WindowTest, EmptyPanelsFollowTheStateWhateverComesFirst) {
    m_fake->emitEvent(StateChanged{SessionState::Loading, {}});
    m_fake->emitEvent(StateChanged{SessionState::Ready, {}});
    m_fake->emitEvent(ModuleLoaded{m_context.client().call<GetModule>({}).value()});
    settle();
    for (const char* id : {"variables", "call-stack", "operand-stack", "wasm-state", "console"}) {
        const auto* empty = m_window.docks().panel(id)->findChild<EmptyState*>();
        EXPECT_TRUE(empty->text().contains("tart the program")) << id << ": " << empty->text().toStdString();
    }
}

TEST_F(WindowTest, ErrorsAreShownInTheWindow) {
    m_fake->emitEvent(ErrorRaised{{engine::ErrorCode::Malformed, "<b>unexpected end</b>"}});
    settle();
    EXPECT_EQ(m_window.notices().count(), 1);
    EXPECT_TRUE(m_window.notices().text().contains("<b>unexpected end</b>"));
    m_fake->answer<Load>([](const Load&) {
        return engine::Error{engine::ErrorCode::NotWasm, "not a WebAssembly file"};
    });
    m_window.launcher().open("/nowhere/a.wasm");
    settle();
    EXPECT_TRUE(m_window.notices().text().contains("not a WebAssembly file"));
}

TEST_F(WindowTest, ATrapIsToldUntilTheProgramGoesOn) {
    m_fake->load();
    trap();
    settle();
    EXPECT_TRUE(m_window.notices().text().contains("out of bounds"));
    EXPECT_TRUE(m_window.status().text().startsWith("Trapped"));
    m_fake->run();
    settle();
    EXPECT_EQ(m_window.notices().count(), 0);
}

TEST_F(WindowTest, EveryLayoutShowsItsPanelsAndResetBringsThemBack) {
    for (const LayoutRow& layout : layouts()) {
        m_window.docks().apply(layout.id);
        for (const PanelRow& row : panels()) {
            const bool wanted = row.places[static_cast<int>(layout.id)] != Place::Hidden;
            EXPECT_EQ(!m_window.docks().dock(row.id)->isHidden(), wanted) << layout.name << ' ' << row.id;
        }
    }
    m_window.docks().apply(LayoutId::Default);
    m_window.docks().dock("variables")->setFloating(true);
    m_window.docks().dock("call-stack")->close();
    m_window.docks().reset();
    EXPECT_FALSE(m_window.docks().dock("variables")->isFloating());
    EXPECT_FALSE(m_window.docks().dock("call-stack")->isHidden());
}

TEST_F(WindowTest, TheLayoutIsRemembered) {
    m_window.docks().apply(LayoutId::Tracing);
    m_window.docks().dock("module")->close();
    m_window.close();
    MainWindow second(m_context);
    second.show();
    EXPECT_EQ(second.docks().current(), LayoutId::Tracing);
    EXPECT_TRUE(second.docks().dock("module")->isHidden());
}

TEST_F(WindowTest, WhatWasSetForAProgramComesBackWithIt) {
    m_fake->answer<Load>([this](const Load&) {
        m_fake->load();
        return std::any_cast<ModuleSummary>(ModuleSummary{});
    });
    m_window.launcher().open("/programs/demo.wasm");
    settle();
    m_context.addBreakpoint(atLine(18));
    emit m_context.watchRequested("argc + 1");
    m_fake->emitEvent(MocksChanged{{{7, wasi::parseMock("fd_read nth 2 errno io").value(), 3, 1}}});
    LaunchOptions options = m_window.launcher().options();
    options.capabilities.arguments = {"demo.wasm", "one", "two words"};
    options.capabilities.environment = {{"HOME", "/"}};
    m_window.launcher().setOptions(options);
    settle();
    m_window.close();

    for (const auto& [id, breakpoint] : std::map(m_context.breakpoints()))
        m_context.removeBreakpoint(id);
    m_fake->emitEvent(MocksChanged{});
    settle();
    MainWindow second(m_context);
    second.launcher().open("/programs/demo.wasm");
    settle();
    ASSERT_EQ(m_context.breakpoints().size(), 1u);
    EXPECT_EQ(m_context.breakpoints().begin()->second.spec.line, 18u);
    EXPECT_FALSE(m_fake->asked<AddBreakpoint>().front().isRemembered);
    EXPECT_TRUE(m_fake->asked<AddBreakpoint>().back().isRemembered) << "or it is lost where its line is gone";
    EXPECT_EQ(second.launcher().options().capabilities.arguments[2], "two words");
    EXPECT_EQ(second.launcher().options().capabilities.environment[0].first, "HOME");
    const std::vector<wasi::MockRule> mocks = m_fake->asked<Load>().back().options.mocks;
    ASSERT_EQ(mocks.size(), 1u);
    EXPECT_EQ(wasi::toText(mocks[0]).line(), "fd_read nth 2 errno io");
    EXPECT_TRUE(second.launcher().options().mocks.empty())
        << "the next load would undo what was edited since";
    EXPECT_TRUE(second.docks().panel("watches")->save()["expressions"].toArray().contains("argc + 1"));
}

TEST_F(WindowTest, LaunchesThatEarlierBuildsSavedAreRead) {
    const QJsonObject granted{
        {"arguments", QJsonArray{"demo.wasm", "-v"}},
        {"environment", QJsonArray{QJsonArray{"HOME", "/"}}},
        {"directories", QJsonArray{QJsonObject{{"host", "/tmp"}, {"guest", "/t"}, {"kind", "overlay"}},
                                   QJsonObject{{"host", "/usr"}, {"guest", "/u"}, {"kind", "new kind"}}}}};
    m_settings.setProgram("/programs/demo.wasm", {{"launch", granted}, {"mocks", QJsonObject{{"rules", 7}}}});
    m_window.launcher().open("/programs/demo.wasm");
    settle();
    const wasi::Capabilities& read = m_window.launcher().options().capabilities;
    EXPECT_EQ(read.arguments, (std::vector<std::string>{"demo.wasm", "-v"}));
    EXPECT_EQ(read.environment[0].first, "HOME");
    ASSERT_EQ(read.preopens.size(), 2u);
    EXPECT_EQ(read.preopens[0].hostPath, "/tmp");
    EXPECT_EQ(read.preopens[0].kind, wasi::MountKind::Overlay);
    EXPECT_EQ(read.preopens[1].kind, wasi::MountKind::ReadOnly) << "the least of all";
    EXPECT_TRUE(m_window.notices().text().contains("mocks")) << "those cannot be read, and that is said";
}

TEST_F(WindowTest, AProgramThatIsOpenedBeforeTheLastOneIsLoadedIsTheOnlyOne) {
    m_fake->answer<Load>([this](const Load&) {
        m_fake->load();
        return ModuleSummary{};
    });
    m_settings.setProgram("/programs/a.wasm", {{"breakpoints", QJsonArray{toJson(atLine(17))}}});
    m_settings.setProgram("/programs/b.wasm", {{"breakpoints", QJsonArray{toJson(atLine(18))}}});
    QSignalSpy opened(&m_window.launcher(), &Launcher::opened);
    m_fake->holdReplies = true;
    bool isTold = false;
    LaunchOptions first;
    first.program = "/programs/a.wasm";
    m_window.launcher().open(first, [&] { isTold = true; });
    m_window.launcher().open("/programs/b.wasm");
    m_fake->holdReplies = false;
    m_fake->release();
    settle();
    EXPECT_EQ(opened.count(), 1);
    EXPECT_FALSE(isTold);
    EXPECT_TRUE(m_fake->asked<Start>().empty()) << "it was to be opened, not started";
    ASSERT_EQ(m_context.breakpoints().size(), 1u);
    EXPECT_EQ(m_context.breakpoints().begin()->second.spec.line, 18u);
}

TEST_F(WindowTest, ARestartThatAnotherProgramOvertakesStartsNothing) {
    m_fake->answer<Load>([this](const Load&) {
        m_fake->load();
        return ModuleSummary{};
    });
    openAndStop();
    m_fake->holdReplies = true;
    m_window.verbs().trigger("restart");
    ASSERT_EQ(m_fake->asked<debugger::Terminate>().size(), 1u);
    m_window.launcher().open("/programs/b.wasm");
    m_fake->holdReplies = false;
    m_fake->release();
    settle();
    EXPECT_TRUE(m_fake->asked<Start>().empty()) << "it was to be opened, not started";
}

TEST_F(WindowTest, StepsTypedWhileAStartLoadsStartOnce) {
    bool fails = false;
    m_fake->answer<Load>([&](const Load&) -> engine::Result<ModuleSummary> {
        if (fails) return engine::Error{engine::ErrorCode::Io, "no such file"};
        m_fake->load();
        return ModuleSummary{};
    });
    openAndStop();
    LaunchOptions options = m_window.launcher().options();
    options.capabilities.arguments = {"a.wasm", "x"};
    m_window.launcher().setOptions(options);
    m_fake->emitEvent(StateChanged{SessionState::Ready, {}});
    settle();
    const size_t loads = m_fake->asked<Load>().size();
    fails = true;
    QTest::keyClick(&m_window, Qt::Key_F10);
    EXPECT_TRUE(m_window.launcher().isStarting());
    settle();
    EXPECT_FALSE(m_window.launcher().isStarting()) << "it failed";
    fails = false;
    options.capabilities.arguments = {"a.wasm", "y"};
    m_fake->stopAt(17);
    settle();
    m_window.launcher().setOptions(options);
    m_fake->emitEvent(StateChanged{SessionState::Ready, {}});
    settle();
    m_fake->holdReplies = true;
    QTest::keyClick(&m_window, Qt::Key_F10);
    QTest::keyClick(&m_window, Qt::Key_F10);
    m_fake->release();
    settle();
    EXPECT_EQ(m_fake->asked<Load>().size(), loads + 2);
    EXPECT_EQ(m_fake->asked<Start>().size(), 1u);
    EXPECT_FALSE(m_window.launcher().isStarting());
}

TEST_F(WindowTest, BreakpointsThatAreStillBeingSetStayWithTheirProgram) {
    m_fake->answer<Load>([this](const Load&) {
        m_fake->load();
        return ModuleSummary{};
    });
    m_window.launcher().open("/programs/a.wasm");
    settle();
    m_fake->holdReplies = true;
    m_context.addBreakpoint(atLine(17));
    m_window.launcher().open("/programs/b.wasm");
    m_fake->holdReplies = false;
    m_fake->release();
    settle();
    EXPECT_TRUE(m_context.breakpoints().empty());
}

TEST_F(WindowTest, ABreakpointThatIsDeletedTwiceIsGoneAndNoError) {
    m_fake->load();
    m_context.addBreakpoint(atLine(17));
    settle();
    ASSERT_EQ(m_context.breakpoints().size(), 1u);
    const BreakpointId id = m_context.breakpoints().begin()->first;
    m_fake->answer<RemoveBreakpoint>([gone = false](const RemoveBreakpoint&) mutable -> engine::Result<Done> {
        if (std::exchange(gone, true))
            return engine::Error{engine::ErrorCode::NotFound, "there is no breakpoint 1"};
        return Done{};
    });
    m_context.removeBreakpoint(id);
    m_context.removeBreakpoint(id);
    settle();
    EXPECT_TRUE(m_context.breakpoints().empty());
    EXPECT_EQ(m_window.notices().count(), 0) << m_window.notices().text().toStdString();
}

TEST_F(WindowTest, TheTabInFrontIsRemembered) {
    m_fake->answer<Load>([this](const Load&) {
        m_fake->load();
        return ModuleSummary{};
    });
    m_window.launcher().open("/programs/demo.wasm");
    settle();
    for (const char* file :
         {"other.c", "demo.c", "other.c"})  // in front is neither the last tab nor the main source
        m_window.sources().open(file);
    m_window.launcher().open("/programs/demo.wasm");
    settle();
    EXPECT_EQ(m_window.sources().openFiles().size(), 2);
    ASSERT_NE(m_window.sources().current(), nullptr);
    EXPECT_EQ(m_window.sources().current()->path(), "other.c");
}

TEST_F(WindowTest, WhatIsTypedGoesToThePanelWhoseTabWasClicked) {
    stopAt(17);
    m_window.docks().apply(LayoutId::Tracing);
    emit m_context.panelRequested("console");
    settle();
    ASSERT_TRUE(m_window.docks().dock("console")->isAncestorOf(m_window.focusWidget()));
    for (QTabBar* tabs : m_window.findChildren<QTabBar*>())
        for (int i = 0; i < tabs->count(); ++i)
            if (tabs->tabText(i) == "System calls")
                QTest::mouseClick(tabs, Qt::LeftButton, {}, tabs->tabRect(i).center());
    settle();
    EXPECT_TRUE(m_window.docks().dock("system-calls")->isAncestorOf(m_window.focusWidget()))
        << m_window.focusWidget()->metaObject()->className();
}

TEST_F(WindowTest, NoticesAreReadWholeAndWhatWasDoneLastCounts) {
    m_window.resize(1000, 700);
    stopAt(17);
    m_window.docks().apply(LayoutId::Tracing);
    m_context.notify({Notice::Kind::Info, "Granted", "descriptor 3, /data, is read-only /srv/data"});
    m_context.notify({Notice::Kind::Info, "Revoked", "/data is revoked: 1 descriptor answers ENOTCAPABLE"});
    settle();
    EXPECT_EQ(m_window.notices().count(), 1) << "it is granted no longer";
    const QString text = QStringLiteral("no folder that the program has holds /etc/passwd. ").repeated(5);
    m_context.notify({Notice::Kind::Warning,
                      "path_open was denied",
                      text,
                      {{"Grant and Retry", [] {}}, {"Continue without", [] {}}}});
    settle();
    EXPECT_EQ(m_window.notices().count(), 2) << "what asks for something takes nobody's place";
    int texts = 0;
    for (const QLabel* label : m_window.notices().findChildren<QLabel*>()) {
        if (!label->wordWrap()) continue;
        texts++;
        EXPECT_GE(label->height(), label->heightForWidth(label->width()));
    }
    EXPECT_EQ(texts, 2);
}

TEST_F(WindowTest, AButtonOfANoticeMayCloseAllNotices) {
    m_context.notify({Notice::Kind::Info,
                      "Notice",
                      "one that goes away with what it does",
                      {{"Do it", [this] {
                            m_window.notices().clear();
                            m_context.notify({Notice::Kind::Info, "Notice", "another"});
                        }}}});
    for (auto* button : m_window.notices().findChildren<QToolButton*>())
        if (button->text() == "Do it") button->click();
    settle();
    EXPECT_EQ(m_window.notices().count(), 1);
    EXPECT_TRUE(m_window.notices().text().contains("another"));
}

TEST_F(WindowTest, AQuestionGoesWithWhatItIsAbout) {
    m_fake->load();
    settle();
    m_window.sources().open("gone.c");
    settle();
    for (auto* button : m_window.sources().findChildren<QToolButton*>())
        if (button->text().startsWith("Locate")) button->click();
    ASSERT_EQ(m_window.findChildren<QFileDialog*>().size(), 1);
    m_window.sources().closeAll();
    settle();
    EXPECT_TRUE(m_window.findChildren<QFileDialog*>().isEmpty());
    m_window.verbs().trigger("launch-settings");
    ASSERT_EQ(m_window.findChildren<LaunchDialog*>().size(), 1);
    m_window.launcher().open("/programs/another.wasm");
    settle();
    EXPECT_TRUE(m_window.findChildren<LaunchDialog*>().isEmpty());
}

TEST_F(WindowTest, AContextMenuHoldsNothingUpAndGoesWithWhatItIsAbout) {
    stopAt(17);
    bool isHeldUp = false;
    QTimer::singleShot(5000, &m_window, [&] {
        isHeldUp = true;
        while (QWidget* popup = QApplication::activePopupWidget())
            popup->close();
    });
    const auto ask = [](QWidget* at) {
        QContextMenuEvent event(QContextMenuEvent::Mouse, QPoint(30, 30), at->mapToGlobal(QPoint(30, 30)));
        QApplication::sendEvent(at, &event);
        return QPointer(qobject_cast<QMenu*>(QApplication::activePopupWidget()));
    };
    for (const char* id : {"variables", "call-stack", "breakpoints"}) {
        m_window.docks().raise(id);
        settle();
        auto* view = m_window.docks().panel(id)->findChild<QAbstractItemView*>();
        const QPointer<QMenu> menu = ask(view->viewport());
        ASSERT_FALSE(isHeldUp) << id;
        ASSERT_TRUE(menu) << id;
        menu->close();
        settle();
        EXPECT_FALSE(menu) << id;
    }
    const QPointer<QMenu> menu = ask(m_window.sources().current()->editor().viewport());
    ASSERT_TRUE(menu);
    m_window.sources().closeAll();
    settle();
    EXPECT_FALSE(menu) << "its file is closed";
    EXPECT_FALSE(isHeldUp);
}

TEST_F(WindowTest, ThePaletteFindsAndRunsVerbs) {
    EXPECT_GT(matchScore("stov", "Step Over"), 0);
    EXPECT_GT(matchScore("over", "Step Over"), matchScore("over", "Move Cover"));
    EXPECT_EQ(matchScore("xyz", "Step Over"), 0);
    stopAt(17);
    m_window.verbs().trigger("command-palette");
    auto* picker = m_window.findChild<Picker*>();
    ASSERT_NE(picker, nullptr);
    auto* line = picker->findChild<QLineEdit*>();
    auto* view = picker->findChild<TableView*>();
    QTest::keyClicks(line, "no such verb");
    EXPECT_EQ(view->model()->rowCount(), 0);
    EXPECT_TRUE(view->placeholder().contains("no such verb"));
    line->clear();
    QTest::keyClicks(line, "machine code");
    ASSERT_GT(view->model()->rowCount(), 0) << "the words that tell about a verb find it too";
    line->clear();
    QTest::keyClicks(line, "step over");
    QTest::keyClick(line, Qt::Key_Return);
    settle();
    ASSERT_EQ(m_fake->asked<Step>().size(), 1u);
    EXPECT_EQ(m_fake->asked<Step>()[0].kind, StepKind::Over);
}

/// A panel can be looked at without a program; what cannot be done says why.
TEST_F(WindowTest, ThePaletteOpensPanelsWithoutAProgramAndSaysWhatIsMissing) {
    m_window.verbs().trigger("command-palette");
    auto* picker = m_window.findChild<Picker*>();
    auto* line = picker->findChild<QLineEdit*>();
    auto* view = picker->findChild<TableView*>();
    QTest::keyClicks(line, "step over");
    EXPECT_TRUE(view->model()->index(0, 1).data().toString().startsWith(
        "No program is open: open one first (Ctrl+O). "));
    line->clear();
    m_window.docks().dock("system-calls")->hide();
    QTest::keyClicks(line, "system calls");
    QTest::keyClick(line, Qt::Key_Return);
    settle();
    EXPECT_TRUE(m_window.docks().dock("system-calls")->isVisible());
    EXPECT_TRUE(m_window.docks().panel("system-calls")->isEmptyShown());
}

TEST_F(WindowTest, ZoomIsOneForAllCodeViews) {
    stopAt(17);
    const int before = m_context.theme().codeFont().pointSize();
    m_window.verbs().trigger("zoom-in");
    m_window.verbs().trigger("zoom-in");
    EXPECT_EQ(m_context.theme().codeFont().pointSize(), before + 2);
    m_window.verbs().trigger("zoom-reset");
    EXPECT_EQ(m_context.theme().codeFont().pointSize(), before);
}

TEST_F(WindowTest, NoLabelGuessesAtHtmlAndEverythingHasAName) {
    stopAt(17);
    for (const auto* label : m_window.findChildren<QLabel*>())
        EXPECT_EQ(label->textFormat(), label->pixmap().isNull() ? Qt::PlainText : label->textFormat())
            << label->text().toStdString();
    for (const auto* view : m_window.findChildren<QAbstractItemView*>()) {
        const bool isQtsOwn = qobject_cast<const QHeaderView*>(view) || view->window() != &m_window;
        EXPECT_FALSE(view->accessibleName().isEmpty() && !isQtsOwn) << view->metaObject()->className();
    }
    for (const auto* button : m_window.findChildren<QToolButton*>()) {
        const bool isQtsOwn = button->objectName().startsWith("qt_") ||
                              qobject_cast<QTabBar*>(button->parentWidget()) ||
                              qobject_cast<QDockWidget*>(button->parentWidget()) ||
                              qobject_cast<QLineEdit*>(button->parentWidget());
        const bool named =
            !button->text().isEmpty() || !button->accessibleName().isEmpty() || !button->toolTip().isEmpty();
        EXPECT_TRUE(isQtsOwn || named || button->isHidden())
            << button->parentWidget()->metaObject()->className();
    }
    for (const PanelRow& row : panels())
        EXPECT_NE(m_window.docks().panel(row.id)->focusProxy(), nullptr) << row.id;
}
