#include "ui/panels/system_calls_panel.h"

#include <QAbstractItemModelTester>
#include <QAbstractItemView>
#include <QCompleter>
#include <QElapsedTimer>
#include <QScrollBar>
#include <cstdio>

#include "tests/ui/fixture.h"
#include "ui/panels/call_detail_view.h"
#include "ui/widgets/cell_delegate.h"
#include "ui/widgets/filter_box.h"
#include "ui/widgets/views.h"

using namespace ui;
using testing_ui::PanelTest;

namespace {

debugger::CallRow callAt(uint64_t sequence) {
    debugger::CallRow row;
    row.sequence = sequence;
    row.name = sequence % 10 == 0 ? "path_open" : "fd_write";
    row.family = "files";
    row.arguments = "3 (/data/in.txt), [13 bytes]";
    row.failed = sequence % 10 == 0;
    row.errnoName = row.failed ? "ENOENT" : "ESUCCESS";
    row.result = row.failed ? "ENOENT" : "ESUCCESS nwritten=13";
    row.startNs = static_cast<int64_t>(sequence) * 1000;
    row.durationNs = 1230;
    row.bytes = 13;
    row.origin = "host";
    row.caller = {.function = 4, .offset = 0x216, .functionName = "main", .file = "demo.c", .line = 19};
    return row;
}

/// Looks at all rows that are seen when more were appended, before anything else that was put off.
class FirstLook : public QObject {
public:
    explicit FirstLook(TableView& view) : m_view(view) {
        connect(view.model(), &QAbstractItemModel::rowsInserted, this, [this] {
            QCoreApplication::postEvent(this, new QEvent(QEvent::User), Qt::HighEventPriority);
        });
    }
    int looks = 0, missing = 0;

private:
    bool event(QEvent* event) override {
        if (event->type() != QEvent::User) return QObject::event(event);
        looks++;
        for (int y = 0; y < m_view.viewport()->height(); y++) {
            const int row = m_view.rowAt(y);
            missing += row >= 0 && m_view.model()->index(row, 0).data().toString() == "…";
        }
        return true;
    }
    TableView& m_view;
};

/// A log of any length; the filter "path_open" keeps every tenth call.
class SystemCallsPanelTest : public PanelTest {
protected:
    void SetUp() override {
        m_fake->answer<debugger::GetCalls>([this](const debugger::GetCalls& r) {
            const uint64_t step = r.filter.empty() ? 1 : 10;
            debugger::CallSlice slice{
                .total = m_total, .matching = (m_total + step - 1) / step, .first = r.first, .rows = {}};
            for (uint64_t i = r.first; i < std::min(r.first + r.count, slice.matching); ++i)
                slice.rows.push_back(callAt(i * step));
            if (m_lastIsPending && !slice.rows.empty() && slice.rows.back().sequence == m_total - 1) {
                slice.rows.back().pending = true;
                slice.rows.back().result = "…";
            }
            return slice;
        });
        m_fake->answer<debugger::GetCall>([](const debugger::GetCall& r) {
            debugger::CallDetail detail;
            detail.row = callAt(r.sequence);
            detail.summary = "Opens a file.";
            detail.detail = "no such file: /srv/data/in.txt";
            detail.arguments = {{"fd", "fd", "3 (/data)", {}, 0, 0},
                                {"path", "string", "\"in.txt\"", {}, 0x1040, 6}};
            detail.accesses = {{0x1040, false, 6, "in.txt"}};
            detail.backtrace = {detail.row.caller};
            return detail;
        });
    }
    std::unique_ptr<SystemCallsPanel> running() {
        auto panel = std::make_unique<SystemCallsPanel>(m_context);
        panel->resize(1000, 300);
        panel->show();
        m_fake->load();
        m_fake->run();
        settle();
        return panel;
    }
    void append(uint64_t total) {
        m_total = total;
        m_fake->emitEvent(debugger::SyscallsAppended{total});
        settle();
    }
    static TableView& view(SystemCallsPanel& panel) { return *panel.findChild<TableView*>(); }
    static QString cell(SystemCallsPanel& panel, int row, int column) {
        return view(panel).model()->index(row, column).data().toString();
    }
    static void filter(SystemCallsPanel& panel, const QString& text) {
        panel.findChild<FilterBox*>()->setFilter(text);
        settle();
        settle();
    }

    uint64_t m_total = 0;
    bool m_lastIsPending = false;
};

}  // namespace

TEST_F(SystemCallsPanelTest, ShowsCallsAsTheyHappen) {
    auto panel = running();
    QAbstractItemModelTester tester(view(*panel).model());
    append(3);
    ASSERT_EQ(view(*panel).model()->rowCount(), 3);
    cell(*panel, 0, 0);
    settle();
    EXPECT_EQ(cell(*panel, 0, 2), "path_open");
    EXPECT_TRUE(cell(*panel, 0, 4).startsWith("✗ "));
    EXPECT_EQ(cell(*panel, 1, 4), "ESUCCESS nwritten=13");
    EXPECT_EQ(cell(*panel, 1, 7), "demo.c:19");
    append(1000);
    EXPECT_EQ(view(*panel).model()->rowCount(), 1000);
}

TEST_F(SystemCallsPanelTest, WhoFollowsTheEndSeesNoRowThatIsNotThere) {
    auto panel = running();
    append(1000);
    m_fake->holdReplies = true;
    append(500'000);
    append(600'000);
    EXPECT_EQ(view(*panel).model()->rowCount(), 1000) << "the rows first, then their place";
    m_fake->release();
    ASSERT_TRUE(QTest::qWaitFor([&] { return view(*panel).model()->rowCount() == 600'000; }));
    for (uint64_t total = 600'000; total < 900'000; total += 5'000) {
        m_fake->emitEvent(debugger::SyscallsAppended{m_total = total});
        QTest::qWait(2);
        const int first = view(*panel).rowAt(0), last = view(*panel).model()->rowCount() - 1;
        EXPECT_NE(cell(*panel, first, 0), "…");
        EXPECT_NE(cell(*panel, last, 0), "…");
    }
    ASSERT_TRUE(QTest::qWaitFor([&] { return view(*panel).model()->rowCount() == 895'000; }));
    EXPECT_EQ(cell(*panel, 894'999, 0), "894999");
    settle();
    const int top = view(*panel).rowAt(0);
    EXPECT_EQ(view(*panel).rowViewportPosition(top), 0) << "the first row stands whole";
}

TEST_F(SystemCallsPanelTest, ARowBelowTheOldEndIsNotSeenBeforeItIsThere) {
    auto panel = running();
    TableView& calls = view(*panel);
    append(1000);
    for (int height = 300; calls.viewport()->height() % calls.rowHeight(0) < 5; height++)
        panel->resize(1000, height);  // there is room for a part of a row
    settle();
    const FirstLook look(calls);
    for (uint64_t total = 2000; total <= 20'000; total += 1000)
        append(total);
    EXPECT_EQ(look.looks, 19);
    EXPECT_EQ(look.missing, 0);
}

TEST_F(SystemCallsPanelTest, SaysWhatIsMissingAndCountsAsOneSays) {
    auto panel = running();
    const auto isSaid = [&](const QString& text) {
        const auto labels = panel->findChildren<QLabel*>();
        return std::any_of(labels.begin(), labels.end(), [&](const QLabel* l) { return l->text() == text; });
    };
    EXPECT_TRUE(isSaid("0 calls"));
    EXPECT_TRUE(view(*panel).placeholder().startsWith("No call yet"));
    append(1);
    EXPECT_TRUE(isSaid("1 call"));
    m_fake->answer<debugger::GetCalls>(
        [](const debugger::GetCalls&) { return debugger::CallSlice{.total = 1, .rows = {}}; });
    filter(*panel, "nothing");
    EXPECT_TRUE(isSaid("0 of 1"));
    EXPECT_TRUE(view(*panel).placeholder().startsWith("No call matches"));
}

TEST_F(SystemCallsPanelTest, FollowsTheEndOnlyWhileItIsThere) {
    auto panel = running();
    append(1000);
    QScrollBar* bar = view(*panel).verticalScrollBar();
    EXPECT_EQ(bar->value(), bar->maximum());
    bar->setValue(100);
    append(2000);
    EXPECT_EQ(bar->value(), 100);
}

TEST_F(SystemCallsPanelTest, AsksAgainForACallThatHadNotEnded) {
    m_lastIsPending = true;
    auto panel = running();
    append(2);
    EXPECT_TRUE(cell(*panel, 1, 4).contains("waiting"));
    m_lastIsPending = false;
    m_fake->stopAt(19);
    settle();
    cell(*panel, 1, 4);
    settle();
    EXPECT_EQ(cell(*panel, 1, 4), "ESUCCESS nwritten=13");
}

TEST_F(SystemCallsPanelTest, FiltersAtTheSession) {
    auto panel = running();
    append(1000);
    filter(*panel, "path_open");
    EXPECT_EQ(view(*panel).model()->rowCount(), 100);
    cell(*panel, 99, 0);
    settle();
    EXPECT_EQ(cell(*panel, 99, 0), "990");
    const auto labels = panel->findChildren<QLabel*>();
    EXPECT_TRUE(std::any_of(labels.begin(), labels.end(),
                            [](const QLabel* label) { return label->text() == "100 of 1,000"; }));
    append(2000);
    EXPECT_TRUE(QTest::qWaitFor([&] { return view(*panel).model()->rowCount() == 200; }));
    filter(*panel, {});
    EXPECT_EQ(view(*panel).model()->rowCount(), 2000);
}

TEST_F(SystemCallsPanelTest, DropsAnswersToAnOlderFilter) {
    auto panel = running();
    append(1000);
    m_fake->holdReplies = true;
    panel->findChild<FilterBox*>()->setFilter("path_open");
    settle();
    panel->findChild<FilterBox*>()->setFilter({});
    settle();
    m_fake->release();
    settle();
    EXPECT_EQ(view(*panel).model()->rowCount(), 1000);
}

TEST_F(SystemCallsPanelTest, StartsAnewWithANewRun) {
    auto panel = running();
    append(1000);
    append(2);
    EXPECT_EQ(view(*panel).model()->rowCount(), 2);
}

TEST_F(SystemCallsPanelTest, AFilterOnADescriptorEndsWithItsRunAndCanBeHadBack) {
    auto panel = running();
    append(1000);
    std::vector<Notice> told;
    QObject::connect(&m_context, &Context::noticed, panel.get(), [&](const Notice& n) { told.push_back(n); });
    auto* box = panel->findChild<FilterBox*>();
    filter(*panel, "fd = 7@95 and errno = noent");
    EXPECT_EQ(panel->save()["filter"].toString(), "") << "not for another day either";
    append(2);
    EXPECT_EQ(box->filter(), "");
    EXPECT_EQ(view(*panel).model()->rowCount(), 2);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].text,
              "fd = 7@95 and errno = noent named a descriptor of the run before; all calls are shown.");
    ASSERT_EQ(told[0].choices.size(), 1u);
    told[0].choices[0].act();
    EXPECT_EQ(box->filter(), "fd = 7@95 and errno = noent");
    m_fake->load();  // the same again
    settle();
    EXPECT_EQ(box->filter(), "");
    EXPECT_EQ(told.size(), 2u);
    filter(*panel, "fd = 3@start and function = fd_read");
    append(1);
    EXPECT_EQ(box->filter(), "fd = 3@start and function = fd_read")
        << "what it had at the start it has again";
    EXPECT_EQ(panel->save()["filter"].toString(), "fd = 3@start and function = fd_read");
    EXPECT_EQ(told.size(), 2u);
}

TEST_F(SystemCallsPanelTest, ASearchThatWasOfOneRunIsNotHeldInTheNext) {
    auto panel = running();
    append(1000);
    bool isHeld = false;
    m_fake->answer<debugger::GetCalls>([&](const debugger::GetCalls& r) {
        return debugger::CallSlice{.total = m_total,
                                   .matching = 0,
                                   .first = r.first,
                                   .searched = 340,
                                   .isSearching = true,
                                   .rows = {}};
    });
    m_fake->answer<debugger::HoldSearch>([&](const debugger::HoldSearch& r) {
        isHeld = r.isHeld;
        return debugger::Done{};
    });
    filter(*panel, "fd = 7@95");
    append(2);
    EXPECT_EQ(panel->findChild<FilterBox*>()->filter(), "");
    EXPECT_FALSE(isHeld) << "nobody could let it go on";
}

TEST_F(SystemCallsPanelTest, ACallThatAFilterFoundIsSeenAmongItsNeighbours) {
    auto panel = running();
    append(1000);
    filter(*panel, "path_open");
    cell(*panel, 50, 0);
    settle();
    view(*panel).selectRow(50);
    settle();
    filter(*panel, {});
    settle();
    EXPECT_EQ(view(*panel).currentIndex().row(), 500);
    EXPECT_TRUE(
        view(*panel).viewport()->rect().contains(view(*panel).visualRect(view(*panel).currentIndex())));
    EXPECT_TRUE(panel->findChild<CallDetailView*>()->isVisible());
}

TEST_F(SystemCallsPanelTest, TheTimeHasRoomHoweverLongTheProgramRuns) {
    const auto text = [](double seconds) {
        ListedCall row;
        row.startNs = static_cast<int64_t>(seconds * 1e9);
        EXPECT_EQ(callColumns()[1].text(row), QString::number(seconds, 'f', 6)) << "to be copied";
        return callColumns()[1].brief(row);
    };
    EXPECT_EQ(text(0.000671), "0.000671");
    EXPECT_EQ(text(20.953331), "20.953331");
    EXPECT_EQ(text(128.349321), "128.34932");
    EXPECT_EQ(text(86400.123456), "86400.123");
    EXPECT_EQ(callColumns()[1].width, 9);
}

TEST_F(SystemCallsPanelTest, ShowsTheDetailsOfTheChosenCall) {
    auto panel = running();
    append(30);
    view(*panel).selectRow(10);
    settle();
    settle();
    auto* detail = panel->findChild<CallDetailView*>();
    ASSERT_TRUE(detail->isVisible());
    auto* model = detail->tree().model();
    QAbstractItemModelTester tester(model);
    EXPECT_EQ(model->index(0, 0).data().toString(), "fd");
    EXPECT_EQ(model->index(2, 1).data().toString(), "✗ ENOENT");
    EXPECT_EQ(model->index(3, 1).data().toString(), "no such file: /srv/data/in.txt");
    const QModelIndex access = model->index(4, 0);
    ASSERT_TRUE(QTest::qWaitFor([&] { return model->rowCount(access) == 1; }));
    EXPECT_TRUE(model->index(0, 1, access).data().toString().endsWith("in.txt"));
}

TEST_F(SystemCallsPanelTest, AnArgumentShowsItsBytesAndAByteItsArgument) {
    m_fake->answer<debugger::GetCall>([](const debugger::GetCall& r) {
        debugger::CallDetail detail;
        detail.row = callAt(r.sequence);
        debugger::CallValue buffer{"[0]", "ciovec", "{\"hello!\", 6}", {}, 0x2000, 8};
        buffer.children = {{"buf", "bytes", "\"hello!\"", {}, 0x100c, 6},
                           {"len", "size", "6", {}, 0x2004, 4}};
        detail.arguments = {{"fd", "fd", "1", {}, 0, 0}, {"iovs", "list", "", {buffer}, 0, 0}};
        detail.accesses = {{0x2000, false, 8, std::string("\x0c\x10\0\0\6\0\0\0", 8)},
                           {0x1008, false, 16, "----hello!------"}};
        detail.backtrace = {detail.row.caller};
        return detail;
    });
    auto panel = running();
    append(30);
    panel->resize(1400, 700);
    view(*panel).selectRow(11);
    auto* detail = panel->findChild<CallDetailView*>();
    ASSERT_TRUE(QTest::qWaitFor([&] { return detail->isVisible(); }));
    TreeView& tree = detail->tree();
    const auto* model = tree.model();
    QAbstractItemModelTester tester(tree.model());
    ASSERT_TRUE(QTest::qWaitFor([&] {
        return model->rowCount(model->index(0, 0, model->index(1, 0))) == 2 &&
               model->rowCount(model->index(4, 0)) == 2;
    }));
    const QModelIndex first = model->index(0, 0, model->index(1, 0)), lines = model->index(4, 0);
    const QModelIndex buffer = model->index(0, 0, first), length = model->index(1, 0, first);
    const auto marks = [&](int access, int line) {
        const auto look = model->index(line, 1, model->index(access, 0)).data(LookRole).value<Look>();
        QString text;
        for (const Look::Mark& mark : look.marks)
            if (mark.length > 0) text += QStringLiteral("%1+%2 ").arg(mark.begin).arg(mark.length);
        return text;
    };
    const auto isLinked = [&](const QModelIndex& index) { return index.data(LookRole).value<Look>().bold; };
    tree.setCurrentIndex(buffer);
    EXPECT_EQ(marks(4, 0), "12+11 28+4 ");
    EXPECT_EQ(marks(4, 1), "0+5 24+2 ");
    EXPECT_EQ(marks(3, 0), "");
    tree.setCurrentIndex(length);
    EXPECT_EQ(marks(4, 0), "");
    EXPECT_EQ(marks(3, 0), "12+11 28+4 ");
    tree.setCurrentIndex(model->index(1, 0));  // all of the list
    EXPECT_EQ(marks(3, 0), "0+23 24+8 ");
    EXPECT_FALSE(isLinked(buffer));

    const QModelIndex line = model->index(0, 1, lines);
    tree.setCurrentIndex(line);
    EXPECT_EQ(marks(4, 0), "") << "it is chosen as a whole";
    EXPECT_TRUE(isLinked(buffer));
    EXPECT_FALSE(isLinked(length) || isLinked(first) || isLinked(lines));
    const auto click = [&](const QModelIndex& at, int character) {
        const auto* delegate = qobject_cast<CellDelegate*>(tree.itemDelegate());
        tree.scrollTo(at);
        const QRect cell = tree.visualRect(at);
        QTest::mouseClick(
            tree.viewport(), Qt::LeftButton, {},
            QPoint(static_cast<int>(delegate->characterX(cell, character)) + 2, cell.center().y()));
    };
    click(line, 3 * 5);
    EXPECT_EQ(marks(4, 0), "15+2 29+1 ");
    EXPECT_TRUE(isLinked(buffer));
    click(line, 24 + 3);  // a dash before the text
    EXPECT_EQ(marks(4, 0), "9+2 27+1 ");
    EXPECT_FALSE(isLinked(buffer));
    const QModelIndex list = model->index(0, 1, model->index(3, 0));
    click(list, 0);
    EXPECT_TRUE(isLinked(first)) << "the pointer, which no field of it shows";
    EXPECT_FALSE(isLinked(length));
    click(list, 3 * 6 + 1);
    EXPECT_TRUE(isLinked(length));
    EXPECT_FALSE(isLinked(first));
    EXPECT_EQ(marks(3, 0), "18+2 30+1 ");
    tree.collapse(first);
    tree.setCurrentIndex(model->index(0, 0));
    EXPECT_EQ(marks(3, 0), "");
}

/// As large as in a window of 1000 × 700: beside the list the details would leave it two columns.
TEST_F(SystemCallsPanelTest, DetailsStandBelowWhereThereIsNoRoomBeside) {
    auto panel = running();
    append(1000);
    panel->resize(600, 215);
    settle();
    view(*panel).setCurrentIndex(view(*panel).model()->index(999, 0));
    auto* details = panel->findChild<CallDetailView*>();
    ASSERT_TRUE(QTest::qWaitFor([&] { return details->isVisible(); }));
    settle();
    EXPECT_GE(details->geometry().top(), view(*panel).geometry().bottom());
    EXPECT_EQ(view(*panel).horizontalScrollBar()->maximum(), 0) << "name, arguments and result are in sight";
    EXPECT_TRUE(
        view(*panel).viewport()->rect().contains(view(*panel).visualRect(view(*panel).currentIndex())));
    EXPECT_GE(details->tree().viewport()->height(),
              3 * details->tree().visualRect(details->tree().model()->index(0, 0)).height());
    panel->resize(1100, 260);
    settle();
    EXPECT_GE(details->geometry().left(), view(*panel).geometry().right());
}

TEST_F(SystemCallsPanelTest, GoesToTheCaller) {
    auto panel = running();
    append(30);
    uint line = 0;
    QObject::connect(&m_context, &Context::sourceRequested, panel.get(),
                     [&](const QString&, uint l) { line = l; });
    emit view(*panel).chosen(view(*panel).model()->index(5, 0));
    EXPECT_EQ(line, 19u);
}

TEST_F(SystemCallsPanelTest, ShowsTheCallsThatAnotherPanelAsksFor) {
    auto panel = running();
    append(1000);
    QString asked;
    QObject::connect(&m_context, &Context::panelRequested, panel.get(),
                     [&](const QString& id) { asked = id; });
    emit m_context.callsRequested("touched = 0x40..0x47");
    settle();
    EXPECT_EQ(asked, "system-calls");
    EXPECT_EQ(panel->findChild<FilterBox*>()->filter(), "touched = 0x40..0x47");
    EXPECT_EQ(m_fake->asked<debugger::GetCalls>().back().filter, "touched = 0x40..0x47");
    EXPECT_TRUE(panel->findChild<QLabel*>("filter-error")->isHidden());
}

TEST_F(SystemCallsPanelTest, ShowsTheCallThatAnotherPanelAsksFor) {
    auto panel = running();
    append(1000);
    filter(*panel, "path_open");
    emit m_context.callRequested(777);
    settle();
    EXPECT_EQ(view(*panel).currentIndex().row(), 777);
    EXPECT_TRUE(panel->findChild<FilterBox*>()->filter().isEmpty());
}

TEST_F(SystemCallsPanelTest, TenMillionRowsAreFluent) {
    auto panel = running();
    QElapsedTimer timer;
    timer.start();
    append(10'000'000);
    const qint64 appended = timer.restart();
    view(*panel).scrollToTop();
    settle();
    timer.restart();
    view(*panel).scrollToBottom();
    ASSERT_TRUE(QTest::qWaitFor([&] { return cell(*panel, 9'999'999, 0) == "9999999"; }, 5000));
    const qint64 scrolled = timer.restart();
    for (int i = 0; i < 100; ++i) {
        view(*panel).verticalScrollBar()->setValue(view(*panel).verticalScrollBar()->maximum() / 100 * i);
        view(*panel).viewport()->repaint();
    }
    const qint64 dragged = timer.restart();
    settle();
    timer.restart();
    for (uint64_t i = 1; i <= 100; ++i)
        m_fake->emitEvent(debugger::SyscallsAppended{m_total = 10'000'000 + i * 1000});
    ASSERT_TRUE(QTest::qWaitFor([&] { return view(*panel).model()->rowCount() == 10'100'000; }, 5000));
    const qint64 live = timer.restart();
    filter(*panel, "path_open");
    EXPECT_EQ(view(*panel).model()->rowCount(), 1'010'000);
    std::printf(
        "10^7 calls: shown in %lld ms, end in %lld ms, 100 jumps in %lld ms, 10^5 more in %lld ms, filter in "
        "%lld ms\n",
        static_cast<long long>(appended), static_cast<long long>(scrolled), static_cast<long long>(dragged),
        static_cast<long long>(live), static_cast<long long>(timer.elapsed()));
    EXPECT_LT(m_fake->asked<debugger::GetCalls>().size(), 1000u);
}

TEST_F(SystemCallsPanelTest, SaysWhereAnAnswerCameFrom) {
    ListedCall row{callAt(0)};
    const auto result = callColumns()[4];
    EXPECT_EQ(result.text(row), "✗ ENOENT");
    row.origin = "mock";
    EXPECT_EQ(result.text(row), "✗ ENOENT · mock");
    EXPECT_EQ(result.look(row).tone, Tone::Mock);
    row.failed = false;
    row.result = "ESUCCESS";
    EXPECT_EQ(result.text(row), "ESUCCESS · mock");
}

TEST_F(SystemCallsPanelTest, AnswersACallLikeThisOneNextTime) {
    auto panel = running();
    append(30);
    std::vector<wasi::MockEntry> sent;
    m_fake->answer<debugger::SetMocks>(
        [&](const debugger::SetMocks& r) -> engine::Result<std::vector<wasi::MockInfo>> {
            sent = r.rules;
            return std::vector<wasi::MockInfo>();
        });
    QString requested;
    QObject::connect(&m_context, &Context::mockRequested, panel.get(),
                     [&](const QString& rule) { requested = rule; });
    const auto choose = [&](const QString& answer) {
        TableView& table = view(*panel);
        emit table.customContextMenuRequested(table.visualRect(table.model()->index(10, 0)).center());
        for (QAction* action : panel->findChildren<QAction*>())
            if (action->text() == answer) action->trigger();
        for (QMenu* menu : panel->findChildren<QMenu*>())
            menu->close();
        settle();
    };
    choose("ENOSPC");
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].rule.call, "path_open");
    EXPECT_EQ(sent[0].rule.when, "fd = 3 and path = \"in.txt\"");
    EXPECT_EQ(sent[0].rule.errno_, 51);
    choose("Another Answer…");
    EXPECT_EQ(requested, "path_open fd = 3 and path = \"in.txt\"");
}

TEST_F(SystemCallsPanelTest, SaysWhatIsWrongWithAFilterAndKeepsTheRows) {
    auto panel = running();
    append(1000);
    auto* error = panel->findChild<QLabel*>("filter-error");
    filter(*panel, "errno = nope");
    EXPECT_TRUE(error->isVisible());
    EXPECT_TRUE(error->text().contains("column 9: \"nope\" is no errno"));
    EXPECT_EQ(view(*panel).model()->rowCount(), 1000);
    filter(*panel, "errno = noent");
    EXPECT_FALSE(error->isVisible());
    EXPECT_EQ(view(*panel).model()->rowCount(), 100);
}

TEST_F(SystemCallsPanelTest, CompletesTheWordThatIsTyped) {
    auto panel = running();
    auto* box = panel->findChild<FilterBox*>();
    box->setFocus();
    QTest::keyClicks(box, "fd = 3 and dur");
    ASSERT_TRUE(box->completer()->popup()->isVisible());
    EXPECT_EQ(box->completer()->currentCompletion(), "fd = 3 and duration");
    QTest::keyClick(box->completer()->popup(), Qt::Key_Down);
    QTest::keyClick(box->completer()->popup(), Qt::Key_Return);
    EXPECT_EQ(box->text(), "fd = 3 and duration");
    QTest::keyClicks(box, " < 1ms or path ~ a");
    EXPECT_TRUE(box->completer()->popup()->isVisible());
    QTest::keyClicks(box, "*");
    EXPECT_FALSE(box->completer()->popup()->isVisible()) << "no word: nothing to complete";
}

TEST_F(SystemCallsPanelTest, TellsHowFarASearchIsAndStopsAndGoesOn) {
    auto panel = running();
    append(1000);
    uint64_t searched = 340;
    bool isHeld = false;
    m_fake->answer<debugger::GetCalls>([&](const debugger::GetCalls& r) {
        debugger::CallSlice slice{
            .total = 1000, .matching = searched / 10, .first = r.first, .searched = searched, .rows = {}};
        slice.isSearching = !isHeld && searched < 1000;
        for (uint64_t i = r.first; i < std::min(r.first + r.count, slice.matching); ++i)
            slice.rows.push_back(callAt(i * 10));
        return slice;
    });
    m_fake->answer<debugger::HoldSearch>([&](const debugger::HoldSearch& r) {
        isHeld = r.isHeld;
        return debugger::Done{};
    });
    auto* count = panel->findChild<QLabel*>("call-count");
    auto* hold = panel->findChild<QToolButton*>("hold-search");
    filter(*panel, "path_open");
    EXPECT_EQ(count->text(), "34 · searching … 34 %");
    EXPECT_EQ(view(*panel).model()->rowCount(), 34) << "what was found so far";
    ASSERT_TRUE(hold->isVisible());
    searched = 560;
    m_fake->emitEvent(debugger::SyscallsAppended{1000});
    ASSERT_TRUE(QTest::qWaitFor([&] { return count->text() == "56 · searching … 56 %"; }));
    hold->click();
    settle();
    EXPECT_TRUE(isHeld);
    EXPECT_EQ(count->text(), "56 in the first 56 % of 1,000");
    EXPECT_EQ(view(*panel).model()->rowCount(), 56);
    hold->click();
    EXPECT_FALSE(isHeld);
    searched = 1000;
    m_fake->emitEvent(debugger::SyscallsAppended{1000});
    ASSERT_TRUE(QTest::qWaitFor([&] { return count->text() == "100 of 1,000"; }));
    EXPECT_FALSE(hold->isVisible());
    // Without a filter nobody waits for the rest of a search.
    searched = 10;
    filter(*panel, "fd_write");
    filter(*panel, {});
    EXPECT_TRUE(isHeld);
    filter(*panel, "fd_write");
    EXPECT_FALSE(isHeld);
}

/// While the program runs the session searches only when it is asked, and nobody tells of calls where none are made.
TEST_F(SystemCallsPanelTest, SearchesOnThoughNoCallIsMade) {
    auto panel = running();
    append(1000);
    settle();
    uint64_t searched = 0;
    m_fake->answer<debugger::GetCalls>([&](const debugger::GetCalls& r) {
        searched = std::min<uint64_t>(searched + 300, 1000);
        debugger::CallSlice slice{.total = 1000, .first = r.first, .searched = searched, .rows = {}};
        slice.isSearching = searched < 1000;
        return slice;
    });
    filter(*panel, "nothing");
    auto* count = panel->findChild<QLabel*>("call-count");
    EXPECT_TRUE(QTest::qWaitFor([&] { return count->text() == "0 of 1,000"; }))
        << count->text().toStdString();
    settle();
    const size_t asked = m_fake->asked<debugger::GetCalls>().size();
    QTest::qWait(300);
    EXPECT_EQ(m_fake->asked<debugger::GetCalls>().size(), asked) << "and then it rests";
}

/// What was passed tells more than when, and what was read and written more than thirty rights.
TEST_F(SystemCallsPanelTest, ArgumentsKeepRoomBesideDetailsWhoseManyFlagsAreClosed) {
    m_fake->answer<debugger::GetCall>([](const debugger::GetCall& r) {
        debugger::CallDetail detail;
        detail.row = callAt(r.sequence);
        debugger::CallValue rights{"rights", "rights", "6 of 30 (0x3f)", {}, 0, 0}, few = rights;
        for (const char* name : {"a", "b", "c", "d", "e", "f"})
            rights.children.push_back({name, "bool", "true", {}, 0, 0});
        few.children.assign(rights.children.begin(), rights.children.begin() + 2);
        detail.arguments = {rights, few};
        return detail;
    });
    auto panel = running();
    append(1000);
    panel->resize(1040, 500);
    settle();
    view(*panel).setCurrentIndex(view(*panel).model()->index(999, 0));
    auto* details = panel->findChild<CallDetailView*>();
    ASSERT_TRUE(QTest::qWaitFor([&] { return details->isVisible(); }));
    settle();
    const auto& tree = details->tree();
    EXPECT_FALSE(tree.isExpanded(tree.model()->index(0, 0)));
    EXPECT_TRUE(tree.isExpanded(tree.model()->index(1, 0)));
    const int character = QFontMetrics(m_theme.codeFont()).horizontalAdvance(u'0');
    EXPECT_GE(view(*panel).columnWidth(3), 22 * character);
}

TEST_F(SystemCallsPanelTest, BookmarksAreSeenAndGoneToAndEndWithTheRun) {
    auto panel = running();
    append(1000);
    settle();
    auto* model = view(*panel).model();
    const auto isMarked = [&](int row) {
        return QTest::qWaitFor(
            [&] { return model->index(row, 2).data(LookRole).value<Look>().icon != nullptr; }, 1000);
    };
    const auto mark = [&](int row) {
        emit m_context.callRequested(static_cast<quint64>(row));
        settle();
        QTest::keyClick(&view(*panel), Qt::Key_B, Qt::ControlModifier);
        settle();
    };
    panel->activateWindow();
    view(*panel).setFocus();
    mark(900);
    mark(40);
    EXPECT_TRUE(isMarked(40));
    EXPECT_FALSE(model->index(41, 2).data(LookRole).value<Look>().icon);
    const auto next = [&](Qt::KeyboardModifiers with = {}) {
        QTest::keyClick(&view(*panel), Qt::Key_F2, with);
        settle();
        return view(*panel).currentIndex().row();
    };
    EXPECT_EQ(next(), 900);
    EXPECT_EQ(next(), 40) << "from the last to the first";
    EXPECT_EQ(next(Qt::ShiftModifier), 900);
    EXPECT_EQ(next(Qt::ShiftModifier), 40);
    filter(*panel, "path_open");
    EXPECT_TRUE(isMarked(4)) << "call 40 under a filter";
    QStringList told;
    QObject::connect(&m_context, &Context::noticed, panel.get(), [&](const Notice& n) { told << n.text; });
    EXPECT_EQ(next(), 4) << "call 40 under the filter, which stays";
    EXPECT_EQ(view(*panel).model()->rowCount(), 100);
    EXPECT_EQ(next(), 90);
    EXPECT_TRUE(told.isEmpty());
    mark(41);
    filter(*panel, "path_open");
    view(*panel).setCurrentIndex(model->index(4, 0));
    settle();
    EXPECT_EQ(next(), 90) << "41 is hidden";
    EXPECT_EQ(told, QStringList{"the filter hides 1 of 3."});
    EXPECT_EQ(next(Qt::ShiftModifier), 4);
    mark(40);
    mark(900);
    filter(*panel, "path_open");
    view(*panel).setCurrentIndex(model->index(7, 0));
    EXPECT_EQ(next(), 7);
    EXPECT_EQ(told.back(), "the filter hides 1 of 1.");
    filter(*panel, {});
    mark(41);
    mark(900);
    EXPECT_EQ(next(), 900);
    EXPECT_EQ(next(), 900) << "the only one that is left";
    append(0);
    append(1000);
    settle();
    view(*panel).setCurrentIndex(model->index(3, 0));
    EXPECT_EQ(next(), 3) << "call 900 of another run is another call";
}

TEST_F(SystemCallsPanelTest, FollowsADescriptorFromTheRow) {
    auto panel = running();
    append(30);
    m_fake->answer<debugger::GetCalls>([](const debugger::GetCalls& r) {
        debugger::CallSlice slice{.total = 30, .matching = 30, .first = r.first, .searched = 30, .rows = {}};
        for (uint64_t i = r.first; i < std::min<uint64_t>(r.first + r.count, 30); ++i) {
            slice.rows.push_back(callAt(i));
            slice.rows.back().descriptors = {3, 7};
        }
        return slice;
    });
    std::vector<std::pair<uint64_t, uint32_t>> asked;
    m_fake->answer<debugger::FollowDescriptor>([&](const debugger::FollowDescriptor& r) {
        asked.emplace_back(r.sequence, r.number);
        return std::string("fd = 7@12");
    });
    filter(*panel, "in.txt");
    cell(*panel, 20, 0);
    settle();
    TableView& table = view(*panel);
    table.scrollTo(table.model()->index(20, 0));
    emit table.customContextMenuRequested(table.visualRect(table.model()->index(20, 0)).center());
    for (QAction* action : panel->findChildren<QAction*>())
        if (action->text() == "Follow This Descriptor: 7") action->trigger();
    for (QMenu* menu : panel->findChildren<QMenu*>())
        menu->close();
    settle();
    EXPECT_EQ(asked, (std::vector<std::pair<uint64_t, uint32_t>>{{20, 7}}));
    EXPECT_EQ(panel->findChild<FilterBox*>()->filter(), "fd = 7@12");
    EXPECT_FALSE(panel->findChild<QLabel*>("filter-error")->isVisible());
}

TEST(SystemCalls, FilterOnTheFirstArgumentTellsThreeFromThirtyOne) {
    debugger::CallRow row;
    row.name = "fd_write";
    row.arguments = "3, [6 bytes, 2 bytes]";
    EXPECT_EQ(sameFirstArgument(row), "fd = 3");
    row.arguments = "31";
    EXPECT_EQ(sameFirstArgument(row), "fd = 31");
    row.arguments = "3 (/data, x), 4";
    EXPECT_EQ(sameFirstArgument(row), "fd = 3");
    row.name = "clock_time_get";
    row.arguments = "monotonic, 0";
    EXPECT_EQ(sameFirstArgument(row), "id = monotonic");
    row.arguments = "";
    EXPECT_EQ(sameFirstArgument(row), "");
}
