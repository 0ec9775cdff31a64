#include "ui/panels/explain_panel.h"

#include <QFormLayout>
#include <QLabel>

#include "tests/ui/fixture.h"
#include "ui/panels/disassembly_view.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/views.h"

namespace {

using namespace testing_ui;
using namespace ui;

/// Answers with a division that traps, or in general about what stands at an offset.
debugger::Explanation explanationOf(const debugger::Explain& request) {
    debugger::Explanation e;
    e.general = {"i32.div_s",
                 "0x6d",
                 "Divides <b>both</b>.",
                 "[i32 i32] -> [i32]",
                 "Numeric instructions",
                 "mvp",
                 {"integer divide by zero if the second operand is 0"}};
    e.offset = request.offset.value_or(0xdd);
    e.instruction = "i32.div_s";
    if (request.offset) return e;
    e.isNext = true;
    e.typing = "[i32 i32] -> [i32]";
    e.operands = {{0, "", "i32", "7", "0x7", false}, {1, "", "i32", "0", "0x0", false}};
    e.effect = "takes 7 and 0 from the stack; will trap: integer divide by zero";
    e.willTrap = true;
    return e;
}

class ExplainPanelTest : public PanelTest {
protected:
    ExplainPanelTest() {
        m_fake->answer<debugger::Explain>(explanationOf);
        m_panel = std::make_unique<ExplainPanel>(m_context);
        m_panel->show();
    }
    QLabel* row(const QString& title) const {
        for (QLabel* label : m_panel->findChildren<QLabel*>()) {
            if (label->accessibleName() == title) return label;
        }
        return nullptr;
    }
    bool shows(const QString& text) const {
        for (QLabel* label : m_panel->findChildren<QLabel*>()) {
            if (label->isVisible() && label->text().contains(text)) return true;
        }
        return false;
    }
    QString headline() const { return m_panel->findChild<ElidedLabel*>()->text(); }
    void stop() {
        m_fake->load();
        m_fake->stopAt(17);
        settle();
    }

    std::unique_ptr<ExplainPanel> m_panel;
};

TEST_F(ExplainPanelTest, SaysWhatTheNextInstructionWillDoAtEachStop) {
    stop();
    EXPECT_EQ(headline(), "Next: i32.div_s   at 0xdd");
    EXPECT_TRUE(shows("✗ Takes 7 and 0 from the stack; will trap: integer divide by zero."));
    ASSERT_TRUE(row("Takes"));
    EXPECT_EQ(row("Takes")->text(), "i32 7 0x7\ni32 0 0x0");
    EXPECT_EQ(row("Typing")->text(), "[i32 i32] -> [i32]");
    EXPECT_FALSE(row("Leaves")->isVisible());
    EXPECT_FALSE(row("Passes")->isVisible());
    EXPECT_TRUE(m_panel->findChildren<QFormLayout*>().isEmpty())
        << "Qt 6.4 writes beyond its memory where rows of one are hidden";
    EXPECT_TRUE(shows("integer divide by zero if the second operand is 0"));
}

TEST_F(ExplainPanelTest, TextsAreShownAsTheyAreWhateverTheyHold) {
    stop();
    EXPECT_EQ(row("Meaning")->text(), "Divides <b>both</b>.");
    EXPECT_EQ(row("Meaning")->textFormat(), Qt::PlainText);
}

TEST_F(ExplainPanelTest, AnInstructionSelectedInDisassemblyIsExplainedInGeneral) {
    DisassemblyView disassembly(m_context);
    static_cast<QWidget&>(disassembly).show();
    stop();
    auto* view = disassembly.findChild<TableView*>();
    const auto instruction = [&](int nth) {
        for (int i = 0; i < view->model()->rowCount(); ++i) {
            if (!view->model()->index(i, 1).data().toString().isEmpty() && nth-- == 0) return i;
        }
        return -1;
    };
    ASSERT_GE(instruction(1), 0);
    view->selectRow(instruction(1));
    settle();
    EXPECT_EQ(
        headline(),
        QStringLiteral("i32.div_s   at 0x%1")
            .arg(view->model()->index(instruction(1), 1).data().toString().mid(2).toInt(nullptr, 16), 0, 16));
    EXPECT_TRUE(row("Stack")->isVisible());
    EXPECT_FALSE(row("Takes")->isVisible());
    view->clearSelection();
    settle();
    EXPECT_TRUE(headline().startsWith("Next: "));
}

TEST_F(ExplainPanelTest, SaysWhatItIsForWhenThereIsNothingToExplain) {
    EXPECT_FALSE(shows("Next"));
    m_fake->load();
    settle();
    EXPECT_FALSE(row("Meaning")->isVisible());
}

}  // namespace
