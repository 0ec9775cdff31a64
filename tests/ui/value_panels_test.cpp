// Variables and Watches: trees of values that are fetched as they are opened, merged from stop to stop, and edited in place.
#include <QAbstractItemModelTester>
#include <QJsonArray>
#include <QMenu>
#include <QMimeData>

#include "tests/ui/fixture.h"
#include "ui/panels/variables_panel.h"
#include "ui/panels/watches_panel.h"
#include "ui/widgets/views.h"

using namespace ui;
using namespace debugger;

namespace {

class ValuePanelsTest : public testing_ui::PanelTest {
protected:
    void stopAt(uint32_t line) {
        if (m_fake->generation == 0) m_fake->load();
        m_fake->stopAt(line);
        settle();
    }
    static QAbstractItemModel& model(QWidget& panel) { return *panel.findChild<TreeView*>()->model(); }
    static QModelIndex find(QAbstractItemModel& model, const QString& name, const QModelIndex& parent = {}) {
        for (int row = 0; row < model.rowCount(parent); ++row) {
            const QModelIndex index = model.index(row, 0, parent);
            if (index.data().toString() == name) return index;
            if (const QModelIndex below = find(model, name, index); below.isValid()) return below;
        }
        return {};
    }
    static QString value(const QModelIndex& index) {
        return index.siblingAtColumn(ValueModel::Value).data().toString();
    }
};

}  // namespace

TEST_F(ValuePanelsTest, VariablesAreGroupedAndOpen) {
    VariablesPanel panel(m_context);
    QAbstractItemModelTester tester(&model(panel), QAbstractItemModelTester::FailureReportingMode::Fatal);
    stopAt(17);
    EXPECT_EQ(model(panel).index(0, 0).data().toString(), "Parameters");
    EXPECT_EQ(model(panel).index(1, 0).data().toString(), "Locals");
    EXPECT_TRUE(panel.findChild<TreeView*>()->isExpanded(model(panel).index(1, 0)));
    EXPECT_EQ(value(find(model(panel), "argc")), "1");
}

TEST_F(ValuePanelsTest, ChildrenComeWhenANodeIsOpenedAndStayOpenAtTheNextStop) {
    VariablesPanel panel(m_context);
    stopAt(17);
    auto* view = panel.findChild<TreeView*>();
    view->expand(find(model(panel), "p"));
    settle();
    EXPECT_EQ(value(find(model(panel), "y")), "-7");
    stopAt(18);
    EXPECT_TRUE(view->isExpanded(find(model(panel), "p")));
    EXPECT_EQ(m_fake->asked<GetChildren>().back().handle, 202u);  // of the new stop
    EXPECT_EQ(value(find(model(panel), "y")), "-7");
}

TEST_F(ValuePanelsTest, AVariableIsWatchedFromItsMenuInTheSelectedFrame) {
    VariablesPanel panel(m_context);
    panel.resize(400, 400);
    panel.show();
    stopAt(17);
    m_context.selectFrame(1);
    settle();
    auto* view = panel.findChild<TreeView*>();
    const auto watchMenu = [&](const QString& name) {
        const QModelIndex index = find(model(panel), name);
        view->scrollTo(index);
        emit view->customContextMenuRequested(view->visualRect(index).center());
        auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
        for (QAction* action : menu ? menu->actions() : QList<QAction*>())
            if (action->menu() && action->text() == "Stop When It") return action->menu();
        return static_cast<QMenu*>(nullptr);
    };
    QMenu* menu = watchMenu("p");
    ASSERT_TRUE(menu && menu->isEnabled());
    QStringList titles;
    for (const QAction* action : menu->actions())
        titles << action->text();
    EXPECT_EQ(titles.join("|"), "Changes|Is Written|Is Read|Is Read or Written");
    menu->actions().at(2)->trigger();
    settle();
    const auto asked = m_fake->asked<AddBreakpoint>();
    ASSERT_EQ(asked.size(), 1u);
    EXPECT_EQ(asked[0].spec.kind, BreakpointSpec::Kind::Watch);
    EXPECT_EQ(asked[0].spec.access, WatchAccess::Read);
    EXPECT_EQ(asked[0].spec.expression, "p");
    EXPECT_EQ(asked[0].frame, 1u);
    while (QWidget* popup = QApplication::activePopupWidget())
        popup->close();
    menu = watchMenu("lost");
    ASSERT_TRUE(menu);
    EXPECT_FALSE(menu->isEnabled());
    while (QWidget* popup = QApplication::activePopupWidget())
        popup->close();
}

TEST_F(ValuePanelsTest, MarksChangedAndLostValues) {
    VariablesPanel panel(m_context);
    stopAt(17);
    stopAt(18);
    const Look changed =
        find(model(panel), "result").siblingAtColumn(ValueModel::Value).data(LookRole).value<Look>();
    EXPECT_EQ(changed.tone, Tone::Changed);
    EXPECT_TRUE(changed.bold);
    const Look lost =
        find(model(panel), "lost").siblingAtColumn(ValueModel::Value).data(LookRole).value<Look>();
    EXPECT_TRUE(lost.italic);
    EXPECT_FALSE(find(model(panel), "lost").siblingAtColumn(ValueModel::Value).flags() & Qt::ItemIsEditable);
}

TEST_F(ValuePanelsTest, EditingAssignsInTheSelectedFrame) {
    VariablesPanel panel(m_context);
    stopAt(17);
    m_context.selectFrame(1);
    settle();
    model(panel).setData(find(model(panel), "argc").siblingAtColumn(ValueModel::Value), "5", Qt::EditRole);
    settle();
    ASSERT_EQ(m_fake->asked<Assign>().size(), 1u);
    EXPECT_EQ(m_fake->asked<Assign>()[0].frame, 1u);
    EXPECT_EQ(m_fake->asked<Assign>()[0].left, "argc");
    EXPECT_EQ(m_fake->asked<Assign>()[0].right, "5");
}

TEST_F(ValuePanelsTest, HostileNamesStayOneLineOfPlainText) {
    m_fake->answer<GetVariables>([](const GetVariables&) {
        VariableNode node;
        node.name =
            "<img src='file:///etc/passwd'>\n\xE2\x80\xAE"
            "evil";
        node.value = std::string(100'000, 'A');
        node.group = "Locals";
        return std::vector<VariableNode>{node};
    });
    VariablesPanel panel(m_context);
    stopAt(17);
    const QModelIndex index = model(panel).index(0, 0, model(panel).index(0, 0));
    EXPECT_FALSE(index.data().toString().contains(QChar(0x202E)));
    EXPECT_FALSE(index.data().toString().contains(u'\n'));
    EXPECT_LT(value(index).size(), 3000);
    EXPECT_TRUE(index.data(Qt::ToolTipRole).toString().contains("&lt;img"));
    EXPECT_EQ(index.siblingAtColumn(ValueModel::Value).data(CopyRole).toString().size(), 100'000);
}

TEST_F(ValuePanelsTest, WatchesShowValuesAndErrors) {
    WatchesPanel panel(m_context);
    QAbstractItemModelTester tester(&model(panel), QAbstractItemModelTester::FailureReportingMode::Fatal);
    panel.add("a + b");
    panel.add("nonsense");
    stopAt(17);
    EXPECT_EQ(value(find(model(panel), "a + b")), "42");
    EXPECT_EQ(value(find(model(panel), "nonsense")), "no variable 'nonsense' here");
    const Look look =
        find(model(panel), "nonsense").siblingAtColumn(ValueModel::Value).data(LookRole).value<Look>();
    EXPECT_EQ(look.tone, Tone::Error);
}

TEST_F(ValuePanelsTest, WatchesAreTypedChangedRemovedAndRemembered) {
    WatchesPanel panel(m_context);
    stopAt(17);
    QAbstractItemModel& rows = model(panel);
    rows.setData(rows.index(rows.rowCount() - 1, 0), "argc", Qt::EditRole);
    settle();
    rows.setData(rows.index(0, 0), "argc * 2", Qt::EditRole);
    settle();
    EXPECT_EQ(panel.expressions(), QStringList{"argc * 2"});
    panel.add("argv");
    WatchesPanel second(m_context);
    second.restore(panel.save());
    EXPECT_EQ(second.expressions(), (QStringList{"argc * 2", "argv"}));
    panel.findChild<TreeView*>()->selectionModel()->select(
        rows.index(0, 0), QItemSelectionModel::Rows | QItemSelectionModel::Select);
    QTest::keyClick(panel.findChild<TreeView*>(), Qt::Key_Delete);
    EXPECT_EQ(panel.expressions(), QStringList{"argv"});
}

TEST_F(ValuePanelsTest, AVariableCanBeDraggedToWatches) {
    VariablesPanel variables(m_context);
    WatchesPanel watches(m_context);
    stopAt(17);
    const QModelIndex p = find(model(variables), "p");
    ASSERT_TRUE(p.flags() & Qt::ItemIsDragEnabled);
    const std::unique_ptr<QMimeData> data(model(variables).mimeData({p, p.siblingAtColumn(1)}));
    QDragEnterEvent enter({5, 5}, Qt::CopyAction, data.get(), Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(watches.findChild<TreeView*>()->viewport(), &enter);
    EXPECT_TRUE(enter.isAccepted());
    QDropEvent drop(QPointF(5, 5), Qt::CopyAction, data.get(), Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(watches.findChild<TreeView*>()->viewport(), &drop);
    EXPECT_EQ(watches.expressions(), QStringList{"p"});
}
