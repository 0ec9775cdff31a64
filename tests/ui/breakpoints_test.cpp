// Breakpoints: their panel, the text by which they are typed, and how the window remembers them.
#include <QDialog>
#include <QDialogButtonBox>
#include <QLabel>
#include <QLineEdit>
#include <QPointer>
#include <QPushButton>
#include <QTimer>

#include "tests/ui/fixture.h"
#include "ui/breakpoint_dialog.h"
#include "ui/launch_json.h"
#include "ui/panels/breakpoints_panel.h"
#include "ui/widgets/views.h"

using namespace ui;
using namespace debugger;

namespace {
using BreakpointsPanelTest = testing_ui::PanelTest;
}

TEST(BreakpointText, IsUnderstoodInAllItsForms) {
    struct Row {
        const char* text;
        BreakpointSpec::Kind kind;
        const char* shown;
        const char* condition;
    };
    const Row rows[] = {
        {"main.c:12", BreakpointSpec::Kind::Line, "main.c:12", ""},
        {" src/a.c:7 if n > 3 ", BreakpointSpec::Kind::Line, "a.c:7", "n > 3"},
        {"addWord", BreakpointSpec::Kind::Function, "addWord", ""},
        {"std::vector<int>::push_back", BreakpointSpec::Kind::Function, "std::vector<int>::push_back", ""},
        {"*0x1f3", BreakpointSpec::Kind::Offset, "*0x1f3", ""},
        {"call fd_write", BreakpointSpec::Kind::HostCall, "call fd_write", ""},
        {"throw", BreakpointSpec::Kind::Exception, "throw", ""},
        {"throw uncaught if n > 3", BreakpointSpec::Kind::Exception, "throw uncaught", "n > 3"},
        {"watch total", BreakpointSpec::Kind::Watch, "watch total", ""},
        {"rwatch a[1].next if n > 3", BreakpointSpec::Kind::Watch, "rwatch a[1].next", "n > 3"},
        {"wwatch 0x400, 16", BreakpointSpec::Kind::Watch, "wwatch 0x400,16", ""},
        {"awatch 1024,4,1", BreakpointSpec::Kind::Watch, "awatch 0x400,4,1", ""},
        {"watch f(1,2)", BreakpointSpec::Kind::Watch, "watch f(1,2)", ""},
        {"watchdog", BreakpointSpec::Kind::Function, "watchdog", ""}};
    for (const Row& row : rows) {
        const auto spec = breakpointFromText(row.text);
        ASSERT_TRUE(spec.ok()) << row.text;
        EXPECT_EQ(spec.value().kind, row.kind) << row.text;
        EXPECT_EQ(placeOf(spec.value()), row.shown);
        EXPECT_EQ(spec.value().condition, row.condition);
    }
    for (const char* text : {"", "main.c:x", "main.c:0", "*", "*12z"})
        EXPECT_FALSE(breakpointFromText(text).ok()) << text;
}

TEST(BreakpointText, SurvivesBeingRemembered) {
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::HostCall;
    spec.function = "fd_write";
    spec.condition = "n > 1";
    spec.ignoreCount = 7;
    spec.logText = "n = {n}";
    spec.enabled = false;
    const BreakpointSpec again = breakpointFromJson(toJson(spec));
    EXPECT_EQ(toJson(again), toJson(spec));
    EXPECT_EQ(again.kind, spec.kind);
    EXPECT_FALSE(again.enabled);
    const BreakpointSpec exception = breakpointFromText("throw uncaught").value();
    EXPECT_EQ(placeOf(breakpointFromJson(toJson(exception))), "throw uncaught");
    for (const char* text : {"awatch 0x400,4,1", "rwatch total"})
        EXPECT_EQ(placeOf(breakpointFromJson(toJson(breakpointFromText(text).value()))), text);
}

TEST_F(BreakpointsPanelTest, AddsByTextAndSaysWhatItDoesNotUnderstand) {
    BreakpointsPanel panel(m_context);
    panel.show();
    m_fake->load();
    auto* line = panel.findChild<QLineEdit*>();
    QTest::keyClicks(line, "demo.c:17 if x > 1");
    QTest::keyClick(line, Qt::Key_Return);
    settle();
    ASSERT_EQ(m_context.breakpoints().size(), 1u);
    EXPECT_TRUE(line->text().isEmpty());
    const auto* model = panel.findChild<TableView*>()->model();
    EXPECT_EQ(model->index(0, 0).data().toString(), "demo.c:17");
    EXPECT_EQ(model->index(0, 1).data().toString(), "if x > 1");
    QTest::keyClicks(line, "demo.c:nowhere");
    QTest::keyClick(line, Qt::Key_Return);
    settle();
    EXPECT_EQ(m_context.breakpoints().size(), 1u);
    EXPECT_TRUE(panel.findChild<QLabel*>("error")->text().contains("line number"));
}

TEST_F(BreakpointsPanelTest, AWatchpointSaysWhenItStopsAndLeadsToItsBytes) {
    BreakpointsPanel panel(m_context);
    panel.show();
    m_fake->load();
    m_fake->answer<AddBreakpoint>([](const AddBreakpoint& request) {
        BreakpointInfo info;
        info.id = 3;
        info.spec = request.spec;
        info.resolved = true;
        info.address = 0x1f0;
        info.length = 4;
        info.scope = "until main returns";
        return engine::Result<BreakpointInfo>(info);
    });
    m_context.addBreakpoint(breakpointFromText("rwatch total").value());
    settle();
    auto* view = panel.findChild<TableView*>();
    const QModelIndex row = view->model()->index(0, 0);
    EXPECT_EQ(row.data().toString(), "rwatch total");
    EXPECT_STREQ(row.data(LookRole).value<Look>().icon, "watchpoint");
    EXPECT_EQ(row.siblingAtColumn(1).data().toString(), "when it is read at 0x1f0, until main returns");
    EXPECT_TRUE(row.data(Qt::ToolTipRole).toString().contains("Watchpoint 3"));
    quint64 address = 0, length = 0;
    QObject::connect(&m_context, &Context::memoryRequested, &panel, [&](quint64 a, quint64 l) {
        address = a;
        length = l;
    });
    emit view->chosen(row);
    EXPECT_EQ(address, 0x1f0u);
    EXPECT_EQ(length, 4u);
}

TEST_F(BreakpointsPanelTest, SaysInPlaceWhatTheSessionRefuses) {
    BreakpointsPanel panel(m_context);
    panel.show();
    m_fake->load();
    int notices = 0;
    QObject::connect(&m_context, &Context::noticed, &panel, [&] { ++notices; });
    m_fake->answer<AddBreakpoint>([](const AddBreakpoint&) {
        return engine::Error{engine::ErrorCode::BadArgument, "column 3: an expression is missing"};
    });
    auto* line = panel.findChild<QLineEdit*>();
    QTest::keyClicks(line, "demo.c:17 if x +");
    QTest::keyClick(line, Qt::Key_Return);
    settle();
    const auto* error = panel.findChild<QLabel*>("error");
    EXPECT_TRUE(error->isVisible() && error->text().contains("an expression is missing"));
    EXPECT_EQ(line->text(), "demo.c:17 if x +");
    EXPECT_EQ(notices, 0);
    QTest::keyClicks(line, " 1");
    EXPECT_FALSE(error->isVisible());
}

TEST_F(BreakpointsPanelTest, TheDialogStaysUntilTheSessionTakesTheCondition) {
    m_fake->load();
    m_context.addBreakpoint(breakpointFromText("demo.c:17").value());
    settle();
    m_fake->answer<ChangeBreakpoint>([](const ChangeBreakpoint& request) -> engine::Result<BreakpointInfo> {
        if (request.spec.condition == "x +")
            return engine::Error{engine::ErrorCode::BadArgument, "ends too soon"};
        return BreakpointInfo{
            .id = request.id, .spec = request.spec, .resolved = true, .locations = {}, .message = {}};
    });
    editBreakpoint(m_context, 1, m_context.breakpoints().at(1).spec, nullptr);
    const QPointer<QWidget> dialog = QApplication::activeModalWidget();
    ASSERT_TRUE(dialog);
    const auto lines = dialog->findChildren<QLineEdit*>();
    const auto line = std::find_if(lines.begin(), lines.end(), [](const QLineEdit* l) {
        return l->placeholderText().startsWith("always");
    });
    auto* ok = dialog->findChild<QDialogButtonBox*>()->button(QDialogButtonBox::Ok);
    (*line)->setText("x +");
    ok->click();
    settle();
    ASSERT_TRUE(dialog && dialog->isVisible());
    EXPECT_TRUE(dialog->findChild<QLabel*>("breakpoint-problem")->text().contains("ends too soon"));
    (*line)->setText("x + 1");
    ok->click();
    settle();
    EXPECT_TRUE(!dialog || !dialog->isVisible());
    EXPECT_EQ(m_context.breakpoints().at(1).spec.condition, "x + 1");
}

TEST_F(BreakpointsPanelTest, ChecksDeletesAndGoes) {
    BreakpointsPanel panel(m_context);
    m_fake->load();
    m_context.addBreakpoint(breakpointFromText("demo.c:17").value());
    settle();
    auto* view = panel.findChild<TableView*>();
    view->model()->setData(view->model()->index(0, 0), Qt::Unchecked, Qt::CheckStateRole);
    settle();
    EXPECT_FALSE(m_context.breakpoints().begin()->second.spec.enabled);
    QString file;
    QObject::connect(&m_context, &Context::sourceRequested, [&](const QString& f) { file = f; });
    emit view->chosen(view->model()->index(0, 0));
    EXPECT_EQ(file, "demo.c");
    view->selectRow(0);
    panel.show();
    view->setFocus();
    QTest::keyClick(view, Qt::Key_Delete);
    settle();
    EXPECT_TRUE(m_context.breakpoints().empty());
}

TEST_F(BreakpointsPanelTest, SaysWhyOneIsNotResolved) {
    BreakpointsPanel panel(m_context);
    m_fake->answer<AddBreakpoint>([](const AddBreakpoint& request) {
        return BreakpointInfo{.id = 9,
                              .spec = request.spec,
                              .resolved = false,
                              .locations = {},
                              .message = "no code at line 3",
                              .hits = 0};
    });
    m_context.addBreakpoint(breakpointFromText("demo.c:3").value());
    settle();
    const QModelIndex about = panel.findChild<TableView*>()->model()->index(0, 1);
    EXPECT_EQ(about.data().toString(), "no code at line 3");
    EXPECT_EQ(about.data(LookRole).value<Look>().tone, Tone::Denied);
}
