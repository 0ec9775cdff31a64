#include "ui/panels/memory_panel.h"

#include <QAbstractItemModelTester>
#include <QClipboard>
#include <QComboBox>
#include <QMenu>
#include <QScrollBar>

#include "tests/ui/fixture.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/hex_view.h"
#include "ui/widgets/views.h"

using namespace ui;
using testing_ui::PanelTest;

namespace {

/// Memories, the first of any size: each byte is the lowest one of its address plus the memory's index, unless it was written.
class MemoryPanelTest : public PanelTest {
protected:
    void SetUp() override { serve(uint64_t{2} * 65536); }

    void serve(uint64_t size) {
        m_fake->answer<debugger::GetMemories>([size](const debugger::GetMemories&) {
            return std::vector<debugger::MemoryInfo>{{0, "memory", size, size / 65536, std::nullopt},
                                                     {1, "scratch", 65536, 1, 1}};
        });
        m_fake->answer<debugger::ReadMemory>([this, size](const debugger::ReadMemory& r) {
            debugger::MemoryBytes answer{.address = r.address,
                                         .bytes = {},
                                         .memoryBytes = r.memory == 0 ? size : 65536,
                                         .changed = m_changed};
            for (uint64_t at = r.address; at < std::min(r.address + r.length, answer.memoryBytes); ++at)
                answer.bytes += m_written.contains(at) ? m_written[at] : static_cast<char>(at + r.memory);
            return answer;
        });
        m_fake->answer<debugger::WriteMemory>([this](const debugger::WriteMemory& r) {
            for (size_t i = 0; i < r.bytes.size(); ++i)
                m_written[r.address + i] = r.bytes[i];
            return debugger::Done{};
        });
    }
    /// A panel at a stop, on the screen.
    std::unique_ptr<MemoryPanel> stopped() {
        auto panel = std::make_unique<MemoryPanel>(m_context);
        panel->resize(900, 300);
        panel->show();
        m_fake->load();
        m_fake->stopAt(17);
        settle();
        return panel;
    }
    static void go(MemoryPanel& panel, const QString& text) {
        auto* line = panel.findChildren<QLineEdit*>().at(0);
        line->setText(text);
        QTest::keyClick(line, Qt::Key_Return);
        settle();
    }
    static HexView& view(MemoryPanel& panel) { return *panel.findChild<HexView*>(); }

    std::map<uint64_t, char> m_written;
    std::vector<std::pair<uint64_t, uint64_t>> m_changed;
};

}  // namespace

TEST_F(MemoryPanelTest, AsksOnlyForWhatIsSeen) {
    serve(uint64_t{4} << 30);
    auto panel = stopped();
    go(*panel, "0xfffffff0");
    EXPECT_EQ(view(*panel).cursor(), 0xfffffff0u);
    EXPECT_EQ(view(*panel).verticalScrollBar()->value(), view(*panel).verticalScrollBar()->maximum());
    uint64_t bytes = 0;
    for (const auto& request : m_fake->asked<debugger::ReadMemory>())
        bytes += request.length;
    EXPECT_LE(bytes, 64u << 10);
}

TEST_F(MemoryPanelTest, EachMemoryShowsItsOwnBytes) {
    auto panel = stopped();
    auto* chooser = panel->findChild<QComboBox*>();
    ASSERT_EQ(chooser->count(), 2);
    EXPECT_TRUE(chooser->itemText(1).contains("scratch"));
    go(*panel, "0x10");
    EXPECT_TRUE(view(*panel).spoken().contains(": 10")) << view(*panel).spoken().toStdString();
    chooser->setFocus();
    QTest::keyClick(chooser, Qt::Key_Down);
    settle();
    go(*panel, "0x10");
    EXPECT_TRUE(view(*panel).spoken().contains(": 11")) << view(*panel).spoken().toStdString();
    EXPECT_EQ(m_fake->asked<debugger::ReadMemory>().back().memory, 1u);
    view(*panel).setFocus();
    QTest::keyClicks(&view(*panel), "7f");
    settle();
    ASSERT_FALSE(m_fake->asked<debugger::WriteMemory>().empty());
    for (const auto& write : m_fake->asked<debugger::WriteMemory>())
        EXPECT_EQ(write.memory, 1u);
    go(*panel, "0x20000");
    EXPECT_NE(view(*panel).cursor(), 0x20000u) << "that is outside the second memory";
    m_fake->stopAt(18);
    settle();
    EXPECT_EQ(chooser->currentIndex(), 1) << "a stop changes nothing of it";
}

TEST_F(MemoryPanelTest, ScrollsThroughMemoriesBeyondTheScrollBarsRange) {
    serve(uint64_t{1} << 48);
    auto panel = stopped();
    go(*panel, "0x800000000000");
    EXPECT_EQ(view(*panel).cursor(), 0x800000000000u);
    EXPECT_LE(view(*panel).firstVisible(), 0x800000000000u);
    EXPECT_GT(view(*panel).firstVisible() + 64 * 32, 0x800000000000u);
}

TEST_F(MemoryPanelTest, EditsDigitsAndTextAndUndoes) {
    auto panel = stopped();
    HexView& hex = view(*panel);
    go(*panel, "0x100");
    QTest::keyClicks(&hex, "4a");
    EXPECT_EQ(m_written[0x100], 'J');
    EXPECT_EQ(hex.cursor(), 0x101u);
    QTest::keyClick(&hex, Qt::Key_Tab);
    ASSERT_EQ(hex.side(), HexView::Side::Ascii);
    QTest::keyClicks(&hex, "ok");
    EXPECT_EQ(m_written[0x101], 'o');
    EXPECT_EQ(m_written[0x102], 'k');
    QTest::keyClick(&hex, Qt::Key_Z, Qt::ControlModifier);
    EXPECT_EQ(m_written[0x102], 2);
    QTest::keyClick(&hex, Qt::Key_Z, Qt::ControlModifier);
    QTest::keyClick(&hex, Qt::Key_Z, Qt::ControlModifier);  // both digits at once
    EXPECT_EQ(m_written[0x100], 0);
    QTest::keyClick(&hex, Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
    EXPECT_EQ(m_written[0x100], 'J');
}

TEST_F(MemoryPanelTest, RefusesToEditWhileTheProgramRuns) {
    auto panel = stopped();
    m_fake->run();
    settle();
    QTest::keyClicks(&view(*panel), "4");
    EXPECT_TRUE(m_written.empty());
    EXPECT_TRUE(panel->findChild<ElidedLabel*>()->text().contains("pause"));
}

TEST_F(MemoryPanelTest, GoesToWhatAnExpressionNames) {
    m_fake->answer<debugger::Evaluate>(
        [](const debugger::Evaluate& r) -> engine::Result<debugger::VariableNode> {
            debugger::VariableNode node;
            node.name = r.expression;
            if (r.expression == "pointer")
                node.type = "char *", node.value = "0x1040 \"text\"", node.address = 0x2000;
            else if (r.expression == "array")
                node.type = "int [4]", node.value = "{…}", node.address = 0x3000, node.byteSize = 16;
            else
                return engine::Error{engine::ErrorCode::NotFound, "no variable here"};
            return node;
        });
    auto panel = stopped();
    go(*panel, "pointer");
    EXPECT_EQ(view(*panel).cursor(), 0x1040u);
    go(*panel, "array");
    EXPECT_EQ(view(*panel).selection(), std::pair(uint64_t{0x3000}, uint64_t{16}));
    go(*panel, "nothing");
    EXPECT_TRUE(panel->findChild<ElidedLabel*>()->text().contains("no variable here"));
    go(*panel, "0x20000");
    EXPECT_TRUE(panel->findChild<ElidedLabel*>()->text().contains("outside memory"));
}

TEST_F(MemoryPanelTest, WatchesTheSelectedBytesOfTheShownMemory) {
    const auto panel = stopped();
    auto* chooser = panel->findChild<QComboBox*>();
    chooser->setFocus();
    QTest::keyClick(chooser, Qt::Key_Down);
    settle();
    go(*panel, "0x40");
    HexView& hexView = view(*panel);
    hexView.setFocus();
    for (int i = 0; i < 3; ++i)
        QTest::keyClick(&hexView, Qt::Key_Right, Qt::ShiftModifier);
    const auto [address, length] = hexView.selection();
    EXPECT_EQ(address, 0x40u);
    ASSERT_GT(length, 1u);
    emit hexView.customContextMenuRequested(QPoint(10, 10));
    auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
    ASSERT_TRUE(menu);
    for (const QAction* action : menu->actions())
        if (action->menu()) action->menu()->actions().at(1)->trigger();
    settle();
    const auto asked = m_fake->asked<debugger::AddBreakpoint>();
    ASSERT_EQ(asked.size(), 1u);
    EXPECT_EQ(asked[0].spec.access, debugger::WatchAccess::Write);
    EXPECT_EQ(asked[0].spec.memory, 1u);
    EXPECT_EQ(asked[0].spec.address, 0x40u);
    EXPECT_EQ(asked[0].spec.length, length);
    EXPECT_TRUE(asked[0].spec.expression.empty());
    menu->close();
}

TEST_F(MemoryPanelTest, ShowsTheCallsThatTouchedTheSelectedBytes) {
    const auto panel = stopped();
    QStringList filters;
    QObject::connect(&m_context, &Context::callsRequested, panel.get(),
                     [&](const QString& f) { filters << f; });
    emit m_context.memoryRequested(0x40, 8);
    settle();
    const auto choose = [&](const char* title) {
        emit view(*panel).customContextMenuRequested(QPoint(10, 10));
        auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
        ASSERT_TRUE(menu);
        for (QAction* action : menu->actions())
            if (action->text() == title) action->trigger();
        menu->close();
    };
    choose("Show System Calls That Touched This");
    choose("Show System Calls That Wrote This");
    EXPECT_EQ(filters, QStringList({"touched = 0x40..0x47", "written = 0x40..0x47"}));
    auto* chooser = panel->findChild<QComboBox*>();
    chooser->setFocus();
    QTest::keyClick(chooser, Qt::Key_Down);
    settle();
    choose("Show System Calls That Touched This");
    EXPECT_EQ(filters.size(), 2) << "the host knows one memory only";
}

TEST_F(MemoryPanelTest, FindsBytesBehindTheCursorAndOnceAround) {
    m_fake->answer<debugger::FindInMemory>([](const debugger::FindInMemory& r) {
        EXPECT_EQ(r.bytes, "Hi");
        return r.from <= 0x500 ? std::optional<uint64_t>(0x500) : std::nullopt;
    });
    auto panel = stopped();
    auto* find = panel->findChildren<QLineEdit*>().at(1);
    find->setText("48 69");
    panel->findChildren<QComboBox*>().at(1)->setCurrentIndex(1);
    QTest::keyClick(find, Qt::Key_Return);
    settle();
    EXPECT_EQ(view(*panel).selection(), std::pair(uint64_t{0x500}, uint64_t{2}));
    QTest::keyClick(find, Qt::Key_Return);
    settle();
    EXPECT_EQ(m_fake->asked<debugger::FindInMemory>().size(), 3u);
    EXPECT_EQ(view(*panel).selection().first, 0x500u);
}

TEST_F(MemoryPanelTest, MarksWhatChangedSinceTheLastStop) {
    m_changed = {{0x40, 0x42}};
    auto panel = stopped();
    go(*panel, "0x41");
    EXPECT_TRUE(view(*panel).spoken().contains("changed"));
    go(*panel, "0x42");
    EXPECT_FALSE(view(*panel).spoken().contains("changed"));
}

TEST_F(MemoryPanelTest, CopiesInThreeForms) {
    auto panel = stopped();
    go(*panel, "0x41");
    QTest::keyClick(&view(*panel), Qt::Key_Right, Qt::ShiftModifier);
    const auto copied = [&](MemoryPanel::CopyAs as) {
        panel->copy(as);
        settle();
        return QApplication::clipboard()->text();
    };
    EXPECT_EQ(copied(MemoryPanel::CopyAs::Hex), "41 42");
    EXPECT_EQ(copied(MemoryPanel::CopyAs::CArray), "{0x41, 0x42}");
    EXPECT_EQ(copied(MemoryPanel::CopyAs::Bytes), "AB");
}

TEST_F(MemoryPanelTest, ShowsTheBytesAsNumbersAndTakesNewOnes) {
    auto panel = stopped();
    go(*panel, "0x10");
    auto* model = panel->findChild<TableView*>()->model();
    QAbstractItemModelTester tester(model);
    EXPECT_EQ(model->index(4, 1).data().toString(), QString::number(0x13121110));
    model->setData(model->index(5, 1), "-2", Qt::EditRole);
    EXPECT_EQ(m_written[0x10], static_cast<char>(0xfe));
    EXPECT_EQ(m_written[0x13], static_cast<char>(0xff));
    model->setData(model->index(0, 1), "256", Qt::EditRole);  // does not fit
    EXPECT_EQ(m_written[0x10], static_cast<char>(0xfe));
}

TEST_F(MemoryPanelTest, SelectsWithTheMouseAcrossRows) {
    auto panel = stopped();
    HexView& hex = view(*panel);
    hex.setFocus();
    hex.goTo(0);
    const QRect area = hex.viewport()->rect();
    QTest::mousePress(hex.viewport(), Qt::LeftButton, {}, QPoint(area.width() / 4, 40));
    QTest::mouseMove(hex.viewport(), QPoint(area.width() / 3, 90));
    QTest::mouseRelease(hex.viewport(), Qt::LeftButton, {}, QPoint(area.width() / 3, 90));
    EXPECT_GT(hex.selection().second, static_cast<uint64_t>(hex.bytesPerRow()));
}

TEST_F(MemoryPanelTest, RemembersWhereItStood) {
    auto panel = stopped();
    go(*panel, "0x1234");
    const QJsonObject memory = panel->save();
    MemoryPanel other(m_context);
    other.restore(memory);
    m_fake->stopAt(18);
    settle();
    EXPECT_EQ(view(other).cursor(), 0x1234u);
}
