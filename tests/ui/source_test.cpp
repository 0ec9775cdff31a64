// Source and disassembly: what is marked where, what a click in the margin asks for, and what is said where there is no source.
#include <QSignalSpy>
#include <QTabWidget>
#include <QToolButton>

#include "tests/ui/fixture.h"
#include "ui/panels/disassembly_panel.h"
#include "ui/panels/disassembly_view.h"
#include "ui/source/code_editor.h"
#include "ui/source/languages.h"
#include "ui/source/source_area.h"
#include "ui/source/source_view.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/views.h"

using namespace ui;
using namespace debugger;

namespace {

class SourceTest : public testing_ui::PanelTest {
protected:
    SourceTest() { m_area.resize(800, 600); }
    void stopAt(uint32_t line) {
        if (m_fake->generation == 0) m_fake->load();
        m_fake->stopAt(line);
        settle();
    }
    CodeEditor& editor() { return m_area.current()->editor(); }
    bool isMarked(uint line, CodeEditor::Marker marker) {
        return editor().markersAtLine(static_cast<int>(line) - 1) & (1u << marker);
    }

    SourceArea m_area{m_context};
};

}  // namespace

TEST(Expression, IsTheWordWithItsOwners) {
    const struct {
        const char* line;
        int column;
        const char* expression;
    } rows[] = {{"int total = a->b[i].c;", 20, "a->b[i].c"},
                {"int total = a->b[i].c;", 15, "a->b"},
                {"int total = a->b[i].c;", 12, "a"},
                {"x = std::max(a, b)", 9, "std::max"},
                {"x = 42;", 4, ""},
                {"x = 42;", 2, ""},
                {"p.q", 2, "p.q"},
                {"]].x", 3, "x"},
                {"", 0, ""}};
    for (const auto& row : rows)
        EXPECT_EQ(expressionAt(row.line, row.column), row.expression) << row.line << ' ' << row.column;
}

TEST(SourcePath, IsMatchedByItsEnd) {
    EXPECT_TRUE(samePath("src/a.c", "/srv/x/src/a.c"));
    EXPECT_FALSE(samePath("a.c", "/srv/x/ba.c"));
    EXPECT_FALSE(samePath("", "a.c"));
    EXPECT_EQ(pathPrefixes("/build/app/src/a.c", "/here/src/a.c"),
              (std::pair<QString, QString>("/build/app", "/here")));
}

TEST_F(SourceTest, OpensWhereTheProgramStopsAndMarksTheLine) {
    m_area.show();
    stopAt(17);
    ASSERT_NE(m_area.current(), nullptr);
    EXPECT_TRUE(editor().text().contains("wasiscope"));
    EXPECT_TRUE(isMarked(17, CodeEditor::CurrentLine));
    EXPECT_TRUE(isMarked(17, CodeEditor::CurrentArrow));
    EXPECT_TRUE(isMarked(17, CodeEditor::CodeLine));
    EXPECT_FALSE(isMarked(5, CodeEditor::CodeLine));
    EXPECT_EQ(editor().cursorLine(), 17u);
    stopAt(18);
    EXPECT_FALSE(isMarked(17, CodeEditor::CurrentLine));
    EXPECT_TRUE(isMarked(18, CodeEditor::CurrentLine));
}

TEST_F(SourceTest, TheMarkGoesWhenTheProgramHasRunForAWhileOnly) {
    stopAt(17);
    m_fake->run();
    QCoreApplication::processEvents();
    ASSERT_EQ(m_context.state(), SessionState::Running);
    EXPECT_TRUE(isMarked(17, CodeEditor::CurrentLine));
    EXPECT_TRUE(QTest::qWaitFor([&] { return !isMarked(17, CodeEditor::CurrentLine); }));
}

TEST_F(SourceTest, TogglesABreakpointInTheMargin) {
    stopAt(17);
    emit editor().marginClicked(18, Qt::NoModifier);
    settle();
    ASSERT_EQ(m_fake->asked<AddBreakpoint>().size(), 1u);
    EXPECT_EQ(m_fake->asked<AddBreakpoint>()[0].spec.file, "demo.c");
    EXPECT_EQ(m_fake->asked<AddBreakpoint>()[0].spec.line, 18u);
    EXPECT_TRUE(isMarked(18, CodeEditor::BreakpointSet));
    emit editor().marginClicked(18, Qt::NoModifier);
    settle();
    EXPECT_EQ(m_fake->asked<RemoveBreakpoint>().size(), 1u);
    EXPECT_FALSE(isMarked(18, CodeEditor::BreakpointSet));
}

TEST_F(SourceTest, ShowsTheStatesOfBreakpointsBySignsOfTheirOwn) {
    stopAt(17);
    BreakpointInfo info{.id = 1, .spec = {}, .resolved = true, .locations = {}, .message = {}, .hits = 0};
    info.spec.file = "demo.c";
    info.spec.line = 19;
    const auto show = [&] {
        m_fake->emitEvent(BreakpointChanged{info, false});
        settle();
    };
    show();
    EXPECT_TRUE(isMarked(19, CodeEditor::BreakpointSet));
    info.spec.condition = "x > 1";
    show();
    EXPECT_TRUE(isMarked(19, CodeEditor::BreakpointConditional));
    info.resolved = false;
    show();
    EXPECT_TRUE(isMarked(19, CodeEditor::BreakpointUnresolved));
    info.spec.enabled = false;
    show();
    EXPECT_TRUE(isMarked(19, CodeEditor::BreakpointDisabled));
    info.locations.resize(1);  // moved: shown where it is
    info.locations[0].file = "demo.c";
    info.locations[0].line = 20;
    show();
    EXPECT_FALSE(isMarked(19, CodeEditor::BreakpointDisabled));
    EXPECT_TRUE(isMarked(20, CodeEditor::BreakpointDisabled));
}

TEST_F(SourceTest, SaysWhatWasTriedWhereTheFileIsMissing) {
    m_fake->load();
    settle();
    SourceView* view = m_area.open("gone.c", 3);
    settle();
    EXPECT_TRUE(view->isMissing());
    const auto* notices = view->findChild<NoticeBar*>();
    EXPECT_TRUE(notices->text().contains("tried /programs/gone.c")) << notices->text().toStdString();
    bool hasButton = false;
    for (const auto* button : notices->findChildren<QToolButton*>())
        hasButton |= button->text().startsWith("Locate");
    EXPECT_TRUE(hasButton);
}

TEST_F(SourceTest, ShowsInstructionsWhereThereIsNoSource) {
    stopAt(17);
    m_context.selectFrame(2);
    settle();
    EXPECT_EQ(m_area.current(), nullptr);
    ASSERT_NE(m_area.findChild<DisassemblyView*>(), nullptr);
    EXPECT_EQ(m_fake->asked<Disassemble>().back().offset, 0x340u);
}

TEST_F(SourceTest, RunsToTheCursorAndClosesItsTabs) {
    stopAt(17);
    m_area.current()->goToLine(20);
    m_area.runToCursor();
    settle();
    ASSERT_EQ(m_fake->asked<RunTo>().size(), 1u);
    EXPECT_EQ(m_fake->asked<RunTo>()[0].line, 20u);
    EXPECT_EQ(m_area.openFiles(), QStringList{"demo.c"});
    m_area.closeAll();
    EXPECT_TRUE(m_area.openFiles().isEmpty());
}

TEST_F(SourceTest, DisassemblyOffersWhatCanBeDone) {
    DisassemblyPanel panel(m_context);
    panel.show();
    const auto offered = [&] { return panel.findChild<EmptyState*>()->findChild<QToolButton*>()->text(); };
    m_fake->load();
    settle();
    EXPECT_EQ(offered(), "Start and Stop in main");
    m_fake->run();
    settle();
    EXPECT_EQ(offered(), "Pause");
    m_fake->exit(0);
    settle();
    EXPECT_EQ(offered(), "Start and Stop in main") << "nothing is there to be paused";
}

TEST_F(SourceTest, DisassemblyShowsMachineCodeBelowItsInstruction) {
    DisassemblyPanel panel(m_context);
    stopAt(17);
    auto* view = panel.findChild<DisassemblyView*>();
    const auto* model = panel.findChild<TableView*>()->model();
    const int before = model->rowCount();
    view->showMachineCode(true);
    settle();
    EXPECT_TRUE(m_fake->asked<Disassemble>().back().machine);
    ASSERT_EQ(model->rowCount(), before + 1);
    int at = 0;
    while (at < model->rowCount() &&
           !model->index(at, 3).data().toString().contains("xor eax, eax  ; local 0"))
        ++at;
    ASSERT_LT(at, model->rowCount());
    EXPECT_EQ(model->index(at, 1).data().toString(), "+0x1f");
    EXPECT_EQ(model->index(at, 2).data().toString(), "31 c0");
    emit panel.findChild<TableView*>()->clicked(model->index(at, 0));
    settle();
    EXPECT_TRUE(m_fake->asked<AddBreakpoint>().empty()) << "there are no breakpoints in machine code";
    // Where there is none, the rest stays.
    view->showMachineCode(false);
    m_fake->hasCompiler = false;
    QSignalSpy notices(&m_context, &Context::noticed);
    view->showMachineCode(true);
    settle();
    EXPECT_EQ(notices.count(), 1);
    EXPECT_FALSE(view->showsMachineCode());
    EXPECT_EQ(model->rowCount(), before);
}

TEST_F(SourceTest, DisassemblyInterleavesSourceAndMarksTheInstruction) {
    DisassemblyPanel panel(m_context);
    panel.resize(400, 400);
    stopAt(17);
    const auto* model = panel.findChild<TableView*>()->model();
    EXPECT_TRUE(model->index(0, 3).data().toString().contains("demo.c:15  int main(int argc"));
    EXPECT_EQ(model->index(1, 1).data().toString(), "0x000200");
    int current = 0;
    for (int row = 0; row < model->rowCount(); ++row) {
        const Look look = model->index(row, 3).data(LookRole).value<Look>();
        if (!look.bold) continue;
        ++current;
        EXPECT_EQ(model->index(row, 1).data().toString(), "0x000210");
    }
    EXPECT_EQ(current, 1);
    // A click in its margin sets a breakpoint on the instruction.
    emit panel.findChild<TableView*>()->clicked(model->index(1, 0));
    settle();
    ASSERT_EQ(m_fake->asked<AddBreakpoint>().size(), 1u);
    EXPECT_EQ(m_fake->asked<AddBreakpoint>()[0].spec.kind, BreakpointSpec::Kind::Offset);
    EXPECT_EQ(m_fake->asked<AddBreakpoint>()[0].spec.offset, 0x200u);
}
