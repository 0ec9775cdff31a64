#include "ui/panels/mocks_panel.h"

#include <QAbstractItemModelTester>
#include <QLineEdit>

#include "tests/ui/fixture.h"
#include "ui/panels/system_calls_panel.h"
#include "ui/widgets/views.h"

using namespace ui;
using testing_ui::PanelTest;

namespace {

/// A session that keeps the rules it is given.
class MocksPanelTest : public PanelTest {
protected:
    void SetUp() override {
        m_fake->answer<debugger::SetMocks>(
            [this](const debugger::SetMocks& r) -> engine::Result<std::vector<wasi::MockInfo>> {
                std::vector<wasi::MockInfo> made;
                for (const wasi::MockEntry& entry : r.rules)
                    made.push_back({entry.id ? entry.id : ++m_last, entry.rule, 0, 0});
                return m_rules = made;
            });
    }
    std::unique_ptr<MocksPanel> shown() {
        auto panel = std::make_unique<MocksPanel>(m_context);
        panel->resize(900, 240);
        panel->show();
        m_fake->load();
        settle();
        return panel;
    }
    static void type(MocksPanel& panel, const QString& text) {
        auto* line = panel.findChild<QLineEdit*>();
        line->clear();
        QTest::keyClicks(line, text);
        QTest::keyClick(line, Qt::Key_Return);
        settle();
    }
    static TableView& view(MocksPanel& panel) { return *panel.findChild<TableView*>(); }
    static QString cell(MocksPanel& panel, int row, int column) {
        return view(panel).model()->index(row, column).data().toString();
    }
    static QLabel& error(MocksPanel& panel) { return *panel.findChild<QLabel*>("error"); }

    std::vector<wasi::MockInfo> m_rules;
    uint32_t m_last = 0;
};

}  // namespace

TEST_F(MocksPanelTest, AddsARuleThatIsTyped) {
    auto panel = shown();
    QAbstractItemModelTester tester(view(*panel).model());
    type(*panel, "path_open path ~ \"*.cfg\" nth 3 errno noent");
    ASSERT_EQ(m_rules.size(), 1u);
    EXPECT_EQ(m_rules[0].rule.errno_, 44);
    EXPECT_EQ(cell(*panel, 0, 0), "path_open");
    EXPECT_EQ(cell(*panel, 0, 1), "path ~ \"*.cfg\"");
    EXPECT_EQ(cell(*panel, 0, 2), "nth 3");
    EXPECT_EQ(cell(*panel, 0, 3), "errno noent");
    EXPECT_EQ(cell(*panel, 0, 4), "0");
    EXPECT_TRUE(panel->findChild<QLineEdit*>()->text().isEmpty());
}

TEST_F(MocksPanelTest, WithoutARuleTheLineBelowTakesTheFocus) {
    auto panel = shown();
    panel->setFocus();
    EXPECT_EQ(QApplication::focusWidget(), panel->findChild<QLineEdit*>());
    type(*panel, "fd_write errno io");
    EXPECT_EQ(QApplication::focusWidget(), panel->findChild<QLineEdit*>()) << "more may be typed";
    panel->setFocus();
    EXPECT_EQ(QApplication::focusWidget(), &view(*panel));
}

TEST_F(MocksPanelTest, SaysWhatIsWrongAndKeepsTheText) {
    auto panel = shown();
    type(*panel, "fd_write errno oops");
    EXPECT_TRUE(m_rules.empty());
    EXPECT_TRUE(error(*panel).isVisible());
    EXPECT_TRUE(error(*panel).text().contains("column 16: \"oops\" is no errno"));
    EXPECT_EQ(panel->findChild<QLineEdit*>()->text(), "fd_write errno oops");
    type(*panel, "fd_write errno io");
    EXPECT_FALSE(error(*panel).isVisible());
}

TEST_F(MocksPanelTest, PartsAreEditedWhereTheyStand) {
    auto panel = shown();
    type(*panel, "fd_write errno io");
    auto* model = view(*panel).model();
    model->setData(model->index(0, 3), "short 5", Qt::EditRole);
    settle();
    EXPECT_EQ(m_rules[0].rule.action, wasi::MockAction::Short);
    EXPECT_EQ(m_rules[0].id, 1u) << "the rule keeps its id, and with it its counts";
    model->setData(model->index(0, 2), "every 2", Qt::EditRole);
    settle();
    EXPECT_EQ(cell(*panel, 0, 2), "every 2");
    model->setData(model->index(0, 0), "fd_close", Qt::EditRole);
    settle();
    EXPECT_TRUE(error(*panel).text().contains("fd_close neither reads nor writes"));
    EXPECT_EQ(cell(*panel, 0, 0), "fd_write");
    model->setData(model->index(0, 0), Qt::Unchecked, Qt::CheckStateRole);
    settle();
    EXPECT_TRUE(error(*panel).isHidden()) << "what is right takes away what was said of what was wrong";
    model->setData(model->index(0, 3), "short 6", Qt::EditRole);
    settle();
    EXPECT_EQ(cell(*panel, 0, 3), "short 6");
    EXPECT_FALSE(m_rules[0].rule.enabled) << "a rule that is switched off stays off";
}

TEST_F(MocksPanelTest, RulesAreSwitchedMovedAndDeleted) {
    auto panel = shown();
    type(*panel, "fd_write errno io");
    type(*panel, "fd_read errno io");
    type(*panel, "fd_sync errno io");
    auto* model = view(*panel).model();
    model->setData(model->index(1, 0), Qt::Unchecked, Qt::CheckStateRole);
    settle();
    EXPECT_FALSE(m_rules[1].rule.enabled);
    EXPECT_EQ(cell(*panel, 1, 3), "errno io") << "that it is off, the box says";
    view(*panel).setCurrentIndex(model->index(2, 0));
    view(*panel).setFocus();
    QTest::keyClick(&view(*panel), Qt::Key_Up, Qt::AltModifier);
    settle();
    EXPECT_EQ(cell(*panel, 1, 0), "fd_sync");
    EXPECT_EQ(view(*panel).currentIndex().row(), 1) << "it stays chosen";
    view(*panel).selectRow(0);
    emit view(*panel).removeRequested();
    settle();
    ASSERT_EQ(m_rules.size(), 2u);
    EXPECT_EQ(m_rules[0].rule.call, "fd_sync");
}

TEST_F(MocksPanelTest, CountsHitsAsTheyHappen) {
    auto panel = shown();
    type(*panel, "fd_write nth 3 errno io");
    m_rules[0].seen = 1200;
    m_rules[0].hits = 1;
    m_fake->emitEvent(debugger::MocksChanged{m_rules});
    settle();
    EXPECT_EQ(cell(*panel, 0, 4), "1 of 1,200");
}

TEST_F(MocksPanelTest, ARuleForACallLikeThisOne) {
    debugger::CallDetail call;
    call.row.name = "path_open";
    call.arguments = {{"fd", "fd", "3 (/data)", {}, 0, 0},
                      {"dirflags", "lookupflags", "0", {}, 0, 0},
                      {"path", "string", "\"a \\\"b\\\".txt\"", {}, 0, 0}};
    EXPECT_EQ(ruleLike(call), "path_open fd = 3 and path = \"a \\\"b\\\".txt\"");
    EXPECT_TRUE(wasi::parseMock((ruleLike(call) + " errno io").toStdString()).ok());
    call.arguments[2].text = "\"cut off\"…";
    EXPECT_EQ(ruleLike(call), "path_open fd = 3");
    auto panel = shown();
    emit m_context.mockRequested(ruleLike(call));
    EXPECT_EQ(panel->findChild<QLineEdit*>()->text(), "path_open fd = 3 ");
}
