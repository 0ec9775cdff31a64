// As a person would: the real window on the real session and real programs, driven by mouse and keys.
#include "tests/gui/fixture.h"

using namespace testing_gui;

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

TEST_F(WindowOnSession, AStepBeforeTheStartGoesToTheEntry) {
    openWordcount();
    EXPECT_TRUE(m_window.status().text().contains("F10 stops at its entry"));
    const struct {
        Qt::Key key;
        Qt::KeyboardModifiers with;
    } kSteps[] = {{Qt::Key_F10, {}}, {Qt::Key_F11, {}}, {Qt::Key_F11, Qt::ControlModifier}};
    for (const auto& [key, with] : kSteps) {
        const auto before = m_context.generation();
        press(key, with);
        ASSERT_TRUE(stops(before)) << m_window.status().text().toStdString();
        EXPECT_EQ(m_context.stop().reason, debugger::StopReason::Entry);
        EXPECT_EQ(m_context.location().functionName, "main");
        EXPECT_TRUE(m_context.location().file.ends_with("wordcount.c"));
        m_window.launcher().terminate();
        ASSERT_TRUE(until([&] { return m_context.state() == SessionState::Ready; }));
    }
}

TEST_F(WindowOnSession, StepsTypedBeforeTheEntryIsReachedAreMadeBehindItAndNothingIsLoadedAgain) {
    openWordcount();
    QSignalSpy loaded(&m_context, &Context::moduleLoaded);
    press(Qt::Key_F10);
    press(Qt::Key_F10);
    EXPECT_TRUE(until([&] { return m_context.stop().reason == debugger::StopReason::Step; }));
    EXPECT_EQ(m_context.location().functionName, "main");
    EXPECT_EQ(loaded.count(), 0);
    m_window.launcher().restart();
    EXPECT_TRUE(until([&] { return m_context.hasEnded(); })) << "what stops at the entry is that one start";
    EXPECT_EQ(loaded.count(), 0);
}

TEST_F(WindowOnSession, AWatchpointTellsWhoChangedWhat) {
    openWordcount();
    m_window.docks().raise("breakpoints");
    Panel* panel = m_window.docks().panel("breakpoints");
    auto* line = panel->findChild<QLineEdit*>();
    line->setFocus();
    QTest::keyClicks(line, "watch totals.words if totals.words == 3");
    QTest::keyClick(line, Qt::Key_Return);
    ASSERT_TRUE(until([&] { return m_context.breakpoints().size() == 1; }));
    EXPECT_TRUE(m_context.breakpoints().begin()->second.resolved);
    const auto before = m_context.generation();
    press(Qt::Key_F5);
    ASSERT_TRUE(stops(before)) << m_window.status().text().toStdString();
    EXPECT_EQ(m_context.stop().reason, debugger::StopReason::Watchpoint);
    EXPECT_EQ(m_context.location().functionName, "addWord");
    EXPECT_TRUE(m_window.status().text().contains("totals.words: 2 -> 3, by addWord at wordcount.c:"))
        << m_window.status().text().toStdString();
    ASSERT_TRUE(until([&] { return m_context.breakpoints().begin()->second.hits == 1; }));
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
    // From the row of the call that opened the file, all calls on it.
    const debugger::CallRow opened =
        m_context.client().call(debugger::GetCalls{0, 1, "path_open"}).value().rows.at(0);
    ASSERT_EQ(opened.descriptors.size(), 2u);
    emit view->customContextMenuRequested(view->visualRect(view->model()->index(0, 0)).center());
    for (QAction* action : panel->findChildren<QAction*>())
        if (action->text() == "Follow This Descriptor: 4") action->trigger();
    for (QMenu* menu : panel->findChildren<QMenu*>())
        menu->close();
    ASSERT_TRUE(until([&] { return filter->text() == QString("fd = 4@%1").arg(opened.sequence); }))
        << filter->text().toStdString();
    ASSERT_TRUE(until([&] { return view->model()->rowCount() > 2; }));
    const int last = view->model()->rowCount() - 1;
    EXPECT_TRUE(until([&] { return view->model()->index(last, 2).data().toString() == "fd_close"; }));
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
    hexView->goTo(*node->value.address);
    ASSERT_TRUE(until([&] { return hexView->spoken().contains(": 07"); })) << hexView->spoken().toStdString();
    hexView->setFocus();
    QTest::keyClicks(hexView, "2a");
    EXPECT_TRUE(until([&] { return value("failures") == "42"; })) << value("failures").toStdString();
}

TEST_F(WindowOnSession, EachOfSeveralMemoriesShowsItsOwnBytes) {
    open(kPrograms + "memories.wat");
    const auto before = m_context.generation();
    m_window.verbs().trigger("start");
    ASSERT_TRUE(stops(before));
    m_window.docks().raise("memory");
    Panel* panel = m_window.docks().panel("memory");
    auto* hexView = panel->findChild<HexView*>();
    auto* chooser = panel->findChild<QComboBox*>();
    ASSERT_TRUE(until([&] { return chooser->count() == 2 && chooser->isVisible(); }));
    const auto shows = [&](uint64_t address, const char* character) {
        return until([&] {
            hexView->goTo(address);
            return hexView->spoken().contains(QLatin1String(character));
        });
    };
    EXPECT_TRUE(shows(23, ": 66")) << hexView->spoken().toStdString();
    chooser->setFocus();
    QTest::keyClick(chooser, Qt::Key_Down);
    EXPECT_TRUE(shows(23, ": 73")) << hexView->spoken().toStdString();
}

TEST_F(WindowOnSession, AnExceptionAmongTheOperandsOpensToItsValues) {
    open(kPrograms + "throw_ref.wasm");
    debugger::BreakpointSpec spec;
    spec.kind = debugger::BreakpointSpec::Kind::Function;
    spec.function = "check";
    spec.condition = "number == 5";
    m_context.addBreakpoint(spec);
    m_window.docks().raise("operand-stack");
    auto before = m_context.generation();
    press(Qt::Key_F5);
    ASSERT_TRUE(stops(before)) << m_window.status().text().toStdString();
    before = m_context.generation();
    m_window.verbs().trigger("step-out");  // by the exception, into the cleanup of guarded()
    ASSERT_TRUE(stops(before));
    auto* view = m_window.docks().panel("operand-stack")->findChild<TreeView*>();
    const auto textOf = [&](const QModelIndex& index) {
        QStringList cells;
        for (int column = 0; column < view->model()->columnCount(); ++column)
            cells << index.siblingAtColumn(column).data().toString();
        return cells.join(u' ');
    };
    const auto top = [&] { return view->model()->index(0, 0); };
    ASSERT_TRUE(until([&] { return textOf(top()).contains("exception"); })) << textOf(top()).toStdString();
    EXPECT_TRUE(textOf(top()).contains("exnref")) << textOf(top()).toStdString();
    ASSERT_TRUE(view->model()->hasChildren(top()));
    view->expand(top());
    ASSERT_TRUE(until([&] { return view->model()->rowCount(top()) > 0; }));
    const QString value = textOf(view->model()->index(0, 0, top()));
    EXPECT_TRUE(value.contains("65536")) << value.toStdString();
    EXPECT_TRUE(value.contains("i32")) << value.toStdString();
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
