#include "ui/panels/call_stack_panel.h"
#include "tests/ui/fixture.h"
#include "ui/widgets/views.h"

using namespace ui;
using testing_ui::PanelTest;

using CallStackPanelTest = PanelTest;

TEST_F(CallStackPanelTest, ShowsFramesAndMarksInlinedOnes) {
    CallStackPanel panel(m_context);
    m_fake->load();
    m_fake->stopAt(17);
    settle();
    const auto* view = panel.findChild<TableView*>();
    ASSERT_EQ(view->model()->rowCount(), 3);
    EXPECT_EQ(view->model()->index(0, 1).data().toString(), "main");
    EXPECT_EQ(view->model()->index(0, 2).data().toString(), "demo.c:17");
    EXPECT_TRUE(view->model()->index(1, 1).data().toString().contains("[inlined]"));
    EXPECT_EQ(view->model()->index(2, 2).data().toString(), "no source");
}

TEST_F(CallStackPanelTest, ChoosingAFrameMovesTheContext) {
    CallStackPanel panel(m_context);
    m_fake->load();
    m_fake->stopAt(17);
    settle();
    emit panel.findChild<TableView*>()->chosen(panel.findChild<TableView*>()->model()->index(2, 0));
    EXPECT_EQ(m_context.frame(), 2u);
    EXPECT_EQ(m_context.location().functionName, "_start");
}

TEST_F(CallStackPanelTest, DropsFramesOfAnOlderStop) {
    m_fake->load();
    m_fake->holdReplies = true;
    m_fake->stopAt(17);
    settle();
    m_fake->stopAt(18);
    settle();
    int answers = 0;
    QObject::connect(&m_context, &Context::framesChanged, &m_context, [&] { ++answers; });
    m_fake->release();
    settle();
    EXPECT_EQ(answers, 1);  // of the second stop only
}
