// Module, Operand stack, Wasm locals and globals, Files.
#include <QAbstractItemModelTester>
#include <QHeaderView>
#include <QLabel>
#include <QScrollBar>
#include <set>

#include "tests/ui/fixture.h"
#include "ui/panels/files_panel.h"
#include "ui/panels/module_panel.h"
#include "ui/panels/operand_stack_panel.h"
#include "ui/panels/variables_model.h"
#include "ui/panels/wasm_state_panel.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/filter_box.h"
#include "ui/widgets/views.h"

using namespace ui;
using testing_ui::PanelTest;

namespace {

std::vector<debugger::ModuleEntry> functions(size_t count, const std::string& filter) {
    std::vector<debugger::ModuleEntry> rows;
    for (size_t i = 0; i < count; ++i) {
        const std::string name = "function_" + std::to_string(i);
        if (name.find(filter) == std::string::npos) continue;
        rows.push_back({"function", static_cast<uint32_t>(i), name, "[i32] -> []", "",
                        static_cast<uint32_t>(0x100 + 100 * i), (i * 7919) % 1000 + 1});
    }
    return rows;
}

class ModulePanelTest : public PanelTest {
protected:
    void SetUp() override {
        m_fake->answer<debugger::GetModuleEntries>(
            [](const debugger::GetModuleEntries& r) -> std::vector<debugger::ModuleEntry> {
                if (r.kind == "function") return functions(5000, r.filter);
                if (r.kind == "export" && r.filter.empty())
                    return {{"export", 0, "_start", "func [] -> []", "func 3", 0x90, 0}};
                return {};
            });
    }
    std::unique_ptr<ModulePanel> loaded() {
        auto panel = std::make_unique<ModulePanel>(m_context);
        panel->resize(400, 500);
        panel->show();
        m_fake->load();
        settle();
        return panel;
    }
};

constexpr int kExports = 2, kFunctions = 3;

}  // namespace

TEST_F(ModulePanelTest, ListsFunctionsTheBiggestFirst) {
    auto panel = loaded();
    const auto* model = panel->findChild<TreeView*>()->model();
    const QModelIndex group = model->index(kFunctions, 0);
    EXPECT_EQ(group.data().toString(), "Functions · 5,000");
    ASSERT_TRUE(QTest::qWaitFor([&] { return model->rowCount(group) > 100; }));
    EXPECT_EQ(model->index(0, 1, group).data().toString(), "1000 B");
}

TEST_F(ModulePanelTest, ItsModelIsSound) {
    auto panel = loaded();
    const QAbstractItemModelTester tester(panel->findChild<TreeView*>()->model());
    panel->findChild<FilterBox*>()->setFilter("_49");
    settle();
    panel->findChild<FilterBox*>()->setFilter({});
    settle();
}

TEST_F(ModulePanelTest, ShowsTheColumnsThatThereIsRoomForAndWhatTheUserWants) {
    auto panel = loaded();
    auto* view = panel->findChild<TreeView*>();
    const auto isShown = [&](int column) { return !view->header()->isSectionHidden(column); };
    const auto resize = [&](int width) {
        panel->resize(width, 500);
        settle();
    };
    resize(220);
    EXPECT_TRUE(isShown(0) && isShown(1));
    EXPECT_FALSE(isShown(2) || isShown(3) || isShown(4));
    EXPECT_EQ(view->horizontalScrollBar()->maximum(), 0);
    resize(1200);
    EXPECT_TRUE(isShown(2) && isShown(3) && isShown(4));
    view->header()->setSectionHidden(2, true);
    resize(1100);
    EXPECT_FALSE(isShown(2));
    resize(220);
    view->header()->setSectionHidden(3, false);
    resize(230);
    EXPECT_TRUE(isShown(3)) << "the user has asked for it";
    EXPECT_FALSE(isShown(2) || isShown(4));
}

TEST_F(ModulePanelTest, SaysThatThereIsNoDebugInfo) {
    auto panel = loaded();
    debugger::ModuleSummary bare = *m_context.module();
    bare.debugInfo = "none";
    m_fake->emitEvent(debugger::ModuleLoaded{bare});
    settle();
    const auto labels = panel->findChildren<ElidedLabel*>();
    EXPECT_TRUE(std::any_of(labels.begin(), labels.end(),
                            [](const ElidedLabel* label) { return label->text() == "no debug info"; }));
}

TEST_F(ModulePanelTest, FiltersAllGroups) {
    auto panel = loaded();
    panel->findChild<FilterBox*>()->setFilter("_499");
    settle();
    auto* model = panel->findChild<TreeView*>()->model();
    ASSERT_TRUE(QTest::qWaitFor([&] { return model->rowCount(model->index(kFunctions, 0)) > 0; }));
    EXPECT_EQ(model->rowCount(model->index(kFunctions, 0)), 11);  // 499, 4990 … 4999
    EXPECT_EQ(model->rowCount(model->index(kExports, 0)), 0);
}

TEST_F(ModulePanelTest, GoesToAFunctionAlsoByItsExport) {
    auto panel = loaded();
    uint32_t offset = 0;
    QObject::connect(&m_context, &Context::offsetRequested, panel.get(), [&](uint32_t at) { offset = at; });
    auto* view = panel->findChild<TreeView*>();
    const QModelIndex exports = view->model()->index(kExports, 0);
    view->expand(exports);
    ASSERT_TRUE(QTest::qWaitFor([&] { return view->model()->rowCount(exports) > 0; }));
    emit view->chosen(view->model()->index(0, 0, view->model()->index(kExports, 0)));
    EXPECT_EQ(offset, 0x100u + 300);
}

TEST_F(ModulePanelTest, SortsByAColumnAndBack) {
    auto panel = loaded();
    auto* view = panel->findChild<TreeView*>();
    const auto first = [&](int column) {
        return view->model()->index(0, column, view->model()->index(kFunctions, 0)).data().toString();
    };
    const auto shows = [&](const QString& name) { return QTest::qWaitFor([&] { return first(0) == name; }); };
    ASSERT_TRUE(QTest::qWaitFor([&] { return !first(0).isEmpty(); }));
    const QString biggest = first(0);
    emit view->header()->sectionClicked(0);
    EXPECT_TRUE(shows("function_0"));
    emit view->header()->sectionClicked(0);
    EXPECT_TRUE(shows("function_999"));
    emit view->header()->sectionClicked(0);
    EXPECT_TRUE(shows(biggest));
}

using StatePanelsTest = PanelTest;

TEST_F(StatePanelsTest, OperandsStandNewestOnTopAndThoseTakenAreMarked) {
    OperandStackPanel panel(m_context);
    panel.show();
    m_fake->answer<debugger::GetOperandStack>([](const debugger::GetOperandStack&) {
        debugger::OperandStack stack;
        stack.operands = {{0, "", "i64", "7", "0x7", false},
                          {1, "", "i32", "8", "0x8", false},
                          {2, "", "i32", "9", "0x9", true}};
        stack.nextText = "i32.add";
        stack.nextSignature = "[i32 i32] -> [i32]";
        stack.takes = 2;
        stack.leaves = {"i32"};
        stack.labels = {"loop @0x1f3", "function"};
        return stack;
    });
    m_fake->load();
    m_fake->stopAt(17);
    settle();
    auto* model = panel.findChild<TreeView*>()->model();
    QAbstractItemModelTester tester(model);
    ASSERT_EQ(model->rowCount(), 3);
    EXPECT_EQ(model->index(0, ValueModel::Value).data().toString(), "9");
    EXPECT_TRUE(model->index(1, ValueModel::Next).data().toString().contains("taken"));
    EXPECT_EQ(model->index(2, ValueModel::Next).data().toString(), "");
    QStringList texts;
    for (const ElidedLabel* label : panel.findChildren<ElidedLabel*>())
        texts << label->text();
    EXPECT_TRUE(texts.join(u'\n').contains("i32.add"));
    EXPECT_TRUE(texts.join(u'\n').contains("leaves i32"));
    EXPECT_TRUE(texts.join(u'\n').contains("loop @0x1f3"));
}

TEST_F(StatePanelsTest, OperandsOpenToTheirPartsAndStayOpenWhileOthersComeAndGo) {
    OperandStackPanel panel(m_context);
    panel.show();
    m_fake->answer<debugger::GetOperandStack>([this](const debugger::GetOperandStack&) {
        debugger::OperandStack stack;
        stack.operands = {{0, "", "i32", "7", "0x7", false},
                          {1, "", "(ref $point)", "struct $point {1, 2}", "0x40", false},
                          {2, "", "v128", "i32x4 0x3f800000 0 0 0", "0x3f800000", false}};
        stack.operands[2].lanes = {{"i32x4", {"1065353216", "0", "0", "0"}}, {"f32x4", {"1", "0", "0", "0"}}};
        for (uint32_t i = 3; i < 2 + m_fake->generation; ++i)
            stack.operands.push_back({i, "", "v128", "pushed", "0x0", false});
        stack.nextText = "f32x4.neg";
        stack.takes = 1;
        return stack;
    });
    m_fake->answer<debugger::Evaluate>([](const debugger::Evaluate& r) {
        debugger::VariableNode node;
        node.name = r.expression;
        node.handle = r.expression == "$stack1" ? 1 : 2;
        node.childCount = node.handle == 2 ? 8 : 1;
        return node;
    });
    // A cycle: the object's part is the object again. A vector has lanes.
    m_fake->answer<debugger::GetChildren>([](const debugger::GetChildren& r) {
        std::vector<debugger::VariableNode> parts;
        if (r.handle == 2) {
            for (const auto& [type, value] :
                 {std::pair("f32", "1"), std::pair("f64", "-0.5"), std::pair("i8", "-2"),
                  std::pair("u16", "65535"), std::pair("i64", "-1"), std::pair("f32", "nan"),
                  std::pair("f32", "-inf"), std::pair("i32x4", "{1, 2}")}) {
                parts.emplace_back().type = type;
                parts.back().name = type;
                parts.back().value = value;
            }
        } else {
            parts.emplace_back().name = "next";
            parts.back().handle = parts.back().childCount = 1;
        }
        return parts;
    });
    m_fake->load();
    m_fake->stopAt(17);
    settle();
    auto* view = panel.findChild<TreeView*>();
    QAbstractItemModel& model = *view->model();
    QAbstractItemModelTester tester(&model);
    EXPECT_EQ(model.index(0, ValueModel::Value).data().toString(), "f32x4 1 0 0 0")
        << "in the shape that the next instruction takes";
    EXPECT_FALSE(model.hasChildren(model.index(2, 0)));
    QModelIndex at = model.index(1, 0);
    for (int depth = 0; depth < 5; ++depth) {
        ASSERT_TRUE(model.hasChildren(at)) << depth;
        view->expand(at);
        settle();
        ASSERT_EQ(model.rowCount(at), 1) << depth;
        at = model.index(0, 0, at);
        EXPECT_EQ(at.data().toString(), "next");
    }
    view->expand(model.index(0, 0));
    settle();
    QStringList bits;
    for (int lane = 0; lane < model.rowCount(model.index(0, 0)); ++lane)
        bits << model.index(lane, ValueModel::Hex, model.index(0, 0)).data().toString();
    EXPECT_EQ(bits.join(u'|').toStdString(),
              "0x3f800000|0xbfe0000000000000|0xfe|0xffff|0xffffffffffffffff||0xff800000|");
    m_fake->stopAt(18);  // generation 2, and 3: one more operand on top each time
    m_fake->stopAt(19);
    settle();
    ASSERT_EQ(model.rowCount(), 5);
    EXPECT_EQ(model.index(0, 0).data().toString(), "4");
    EXPECT_FALSE(view->isExpanded(model.index(0, 0)));
    EXPECT_TRUE(view->isExpanded(model.index(2, 0))) << "it is still there, two rows below";
    EXPECT_TRUE(view->isExpanded(model.index(3, 0)));
    EXPECT_EQ(model.rowCount(model.index(3, 0)), 1);
}

TEST_F(StatePanelsTest, LocalsOfTheMachineAreEditedWhereTheyStand) {
    m_fake->answer<debugger::GetWasmLocals>([](const debugger::GetWasmLocals&) {
        return std::vector<debugger::WasmValue>{{0, "$n", "i32", "1", "0x1", false},
                                                {1, "", "anyref", "null", "", false}};
    });
    m_fake->answer<debugger::GetWasmGlobals>([](const debugger::GetWasmGlobals&) {
        return std::vector<debugger::WasmValue>{{0, "", "(mut i32)", "1", "0x1", false},
                                                {1, "", "i32", "2", "0x2", false}};
    });
    WasmStatePanel panel(m_context);
    panel.show();
    m_fake->load();
    m_fake->stopAt(17);
    settle();
    for (TreeView* view : panel.findChildren<TreeView*>()) {
        QAbstractItemModel& model = *view->model();
        EXPECT_TRUE(model.index(0, ValueModel::Value).flags() & Qt::ItemIsEditable);
        EXPECT_FALSE(model.index(1, ValueModel::Value).flags() & Qt::ItemIsEditable);
        model.setData(model.index(0, ValueModel::Value), "42", Qt::EditRole);
    }
    settle();
    std::set<std::string> assigned;
    for (const auto& request : m_fake->asked<debugger::Assign>())
        assigned.insert(request.left + " = " + request.right);
    EXPECT_EQ(assigned, (std::set<std::string>{"$global0 = 42", "$local0 = 42"}));
}

TEST_F(StatePanelsTest, LocalsFollowTheSelectedFrame) {
    m_fake->answer<debugger::GetWasmLocals>([](const debugger::GetWasmLocals& r) {
        return std::vector<debugger::WasmValue>{{0, "$frame", "i32", std::to_string(r.frame), "0x0", false}};
    });
    m_fake->answer<debugger::GetWasmGlobals>([](const debugger::GetWasmGlobals&) {
        return std::vector<debugger::WasmValue>{{0, "$__stack_pointer", "i32", "66560", "0x10400", true}};
    });
    WasmStatePanel panel(m_context);
    panel.show();
    m_fake->load();
    m_fake->stopAt(17);
    settle();
    TreeView* views[2] = {};
    for (TreeView* view : panel.findChildren<TreeView*>())
        views[view->accessibleName().startsWith("Globals")] = view;
    ASSERT_TRUE(views[0] && views[1]);
    const auto text = [&](int which, int column, const QModelIndex& parent = {}) {
        return views[which]->model()->index(0, column, parent).data().toString();
    };
    EXPECT_EQ(text(0, ValueModel::Name), "0  $frame");
    EXPECT_EQ(text(0, ValueModel::Value), "0");
    EXPECT_FALSE(views[0]->model()->hasChildren(views[0]->model()->index(0, 0)));
    EXPECT_EQ(text(1, ValueModel::Name), "0  $__stack_pointer");
    EXPECT_EQ(text(1, ValueModel::Hex), "0x10400");
    m_context.selectFrame(1);
    settle();
    EXPECT_EQ(text(0, ValueModel::Value), "1");
}

TEST_F(StatePanelsTest, ReferencesInWasmStateOpenToWhatTheyReferTo) {
    m_fake->answer<debugger::GetWasmLocals>([](const debugger::GetWasmLocals&) {
        return std::vector<debugger::WasmValue>{{0, "$point", "(ref $point)", "$point {1, 2}", "0x40", false},
                                                {1, "", "anyref", "null", "", false},
                                                {2, "", "v128", "0 0", "0x0", false}};
    });
    m_fake->answer<debugger::Evaluate>(
        [this](const debugger::Evaluate& r) -> engine::Result<debugger::VariableNode> {
            debugger::VariableNode node;
            node.name = r.expression;
            node.handle = r.expression == "$local0" ? 70 + m_fake->generation : 0;
            node.childCount = node.handle != 0 ? 2 : 0;
            return node;
        });
    m_fake->answer<debugger::GetChildren>([this](const debugger::GetChildren& r) {
        debugger::VariableNode x;
        x.name = "x";
        x.value = r.handle == 70 + m_fake->generation ? std::to_string(m_fake->generation) : "stale";
        debugger::VariableNode y = x;
        y.name = "y";
        return std::vector<debugger::VariableNode>{x, y};
    });
    WasmStatePanel panel(m_context);
    panel.show();
    m_fake->load();
    m_fake->stopAt(17);
    settle();
    TreeView* view = nullptr;
    for (TreeView* found : panel.findChildren<TreeView*>())
        if (found->accessibleName().startsWith("Locals")) view = found;
    ASSERT_NE(view, nullptr);
    QAbstractItemModel& model = *view->model();
    QAbstractItemModelTester tester(&model);
    const QModelIndex point = model.index(0, 0), null = model.index(1, 0), vector = model.index(2, 0);
    EXPECT_TRUE(model.hasChildren(point));
    EXPECT_FALSE(model.hasChildren(null));
    EXPECT_TRUE(model.hasChildren(vector));
    view->expand(point);
    view->expand(vector);
    settle();
    ASSERT_EQ(model.rowCount(point), 2);
    EXPECT_EQ(model.index(0, ValueModel::Name, point).data().toString(), "x");
    EXPECT_EQ(model.index(0, ValueModel::Value, point).data().toString(), "1");
    EXPECT_FALSE(model.hasChildren(vector)) << "it has turned out that there are none";
    m_fake->stopAt(18);
    settle();
    EXPECT_TRUE(view->isExpanded(model.index(0, 0)));
    EXPECT_EQ(model.index(0, ValueModel::Value, model.index(0, 0)).data().toString(), "2");
}

TEST_F(StatePanelsTest, FilesAreListedAndFiltered) {
    FilesPanel panel(m_context);
    panel.show();
    m_fake->load();
    m_fake->stopAt(17);
    settle();
    auto* model = panel.findChild<TableView*>()->model();
    QAbstractItemModelTester tester(model);
    ASSERT_EQ(model->rowCount(), 2);
    EXPECT_EQ(model->index(1, 1).data().toString(), "/data");
    panel.findChild<FilterBox*>()->setFilter("stdin");
    EXPECT_EQ(model->rowCount(), 1);
}

TEST_F(StatePanelsTest, EachSaysWhatItWillShowWhileItIsEmpty) {
    const std::unique_ptr<Panel> panels[] = {
        std::make_unique<ModulePanel>(m_context), std::make_unique<OperandStackPanel>(m_context),
        std::make_unique<WasmStatePanel>(m_context), std::make_unique<FilesPanel>(m_context)};
    for (const auto& panel : panels) {
        panel->show();
        const auto labels = panel->findChildren<QLabel*>();
        EXPECT_TRUE(std::any_of(labels.begin(), labels.end(),
                                [](const QLabel* l) { return l->isVisible() && l->text().size() > 20; }));
    }
}
