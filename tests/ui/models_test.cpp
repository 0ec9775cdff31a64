#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QHeaderView>
#include <QSignalSpy>
#include <QTest>

#include "tests/ui/fixture.h"
#include "ui/models/table_model.h"
#include "ui/models/tree_model.h"
#include "ui/widgets/views.h"

using namespace ui;

namespace {

constexpr auto kFatal = QAbstractItemModelTester::FailureReportingMode::Fatal;

std::vector<Column<int>> numberColumns() {
    return {{.title = "Number",
             .text = [](const int& n) { return QString::number(n); },
             .kind = ColumnKind::Number,
             .width = 6},
            {.title = "Parity",
             .text = [](const int& n) { return n % 2 ? QStringLiteral("odd") : QStringLiteral("even"); },
             .look = [](const int& n) { return Look{.bold = n % 2 == 1}; },
             .checked = [](const int& n) { return std::optional<bool>(n % 2 == 1); }}};
}

// Prints a tree as indented lines, to compare with what is expected.
QString printed(const QAbstractItemModel& model, const QModelIndex& parent = {}, int depth = 0) {
    QString text;
    for (int row = 0; row < model.rowCount(parent); ++row) {
        const QModelIndex index = model.index(row, 0, parent);
        text += QString(depth * 2, u' ') + index.data().toString() + u'\n' + printed(model, index, depth + 1);
    }
    return text;
}

struct Word {
    QString text;
    int children = 0;
};

class WordTree : public TreeModel<Word> {
public:
    WordTree()
        : TreeModel<Word>({{.title = "Word", .text = [](const Word& w) { return w.text; }}},
                          {.childCount = [](const Word& w) { return w.children; },
                           .same = [](const Word& a, const Word& b) { return a.text == b.text; }},
                          nullptr) {}
};

}  // namespace

TEST(TableModel, KeepsItsRowsAndTellsViews) {
    TableModel<int> model(numberColumns(), nullptr);
    QAbstractItemModelTester tester(&model, kFatal);
    QSignalSpy inserted(&model, &QAbstractItemModel::rowsInserted),
        removed(&model, &QAbstractItemModel::rowsRemoved);
    model.setRows({1, 2, 3});
    EXPECT_EQ(model.rowCount(), 3);
    EXPECT_EQ(model.index(1, 1).data().toString(), "even");
    EXPECT_EQ(model.index(0, 1).data(Qt::CheckStateRole).toInt(), Qt::Checked);
    EXPECT_TRUE(model.index(0, 1).data(LookRole).value<Look>().bold);
    model.setRows({7});
    EXPECT_EQ(model.index(0, 0).data().toString(), "7");
    EXPECT_EQ(inserted.count(), 1);
    EXPECT_EQ(removed.count(), 1);
}

TEST(TableModel, OnlyAsksWhenTheUserChecks) {
    TableModel<int> model(numberColumns(), nullptr);
    model.setRows({1});
    QSignalSpy toggled(&model, &TableModelBase::toggled);
    EXPECT_TRUE(model.setData(model.index(0, 1), Qt::Unchecked, Qt::CheckStateRole));
    ASSERT_EQ(toggled.count(), 1);
    EXPECT_EQ(toggled[0][2].toBool(), false);
    EXPECT_EQ(model.index(0, 1).data(Qt::CheckStateRole).toInt(), Qt::Checked);
}

TEST(TableView, ShowsWholeRowsAtBothEnds) {
    Theme theme;
    TableModel<int> model(numberColumns(), nullptr);
    TableView view(theme, "Numbers");
    view.setModel(&model, model);
    std::vector<int> rows(100);
    model.setRows(std::move(rows));
    view.show();
    const int row = view.rowHeight(0);
    view.resize(300, view.horizontalHeader()->height() + 7 * row + row / 2);
    QCoreApplication::processEvents();
    for (const bool atEnd : {true, false, true}) {
        atEnd ? view.scrollToBottom() : view.scrollToTop();
        QCoreApplication::processEvents();
        const int first = view.rowAt(0);
        EXPECT_EQ(view.rowViewportPosition(first), 0);
        EXPECT_EQ(first, atEnd ? 93 : 0);
    }
    view.resize(300, view.height() + row / 4);
    QCoreApplication::processEvents();
    EXPECT_EQ(view.rowViewportPosition(view.rowAt(0)), 0);
    EXPECT_LE(view.rowViewportPosition(99) + row, view.viewport()->height());
}

TEST(TableView, RowsAreAsHighAsTheirTextNeeds) {
    Theme theme;
    TableModel<int> model(numberColumns(), nullptr);
    TableView view(theme, "Numbers");
    view.setModel(&model, model);
    model.setRows({1, 2, 3});
    for (const int zoom : {0, 8, -2, 0}) {
        theme.setZoom(zoom);
        const int text = qMax(QFontMetrics(theme.codeFont()).height(), view.fontMetrics().height());
        EXPECT_GE(view.rowHeight(1), text) << zoom;
        EXPECT_LE(view.rowHeight(1), text + 8) << zoom;
    }
}

TEST(PagedModel, FetchesOnlyWhatIsLookedAt) {
    std::vector<int> fetched;
    PagedModel<int>* self = nullptr;
    PagedModel<int> model(
        numberColumns(),
        [&](int first, int count) {
            fetched.push_back(first);
            std::vector<int> rows;
            for (int i = 0; i < count; ++i)
                rows.push_back(first + i);
            self->setPage(first, std::move(rows));
        },
        nullptr);
    self = &model;
    model.setCount(10'000'000);
    EXPECT_EQ(model.index(9'999'999, 0).data().toString(), "…");
    EXPECT_TRUE(QTest::qWaitFor([&] { return model.index(9'999'999, 0).data().toString() == "9999999"; }));
    EXPECT_EQ(fetched.size(), 1u);
}

TEST(PagedModel, AsksAgainForThePageThatGrew) {
    std::vector<std::pair<int, int>> fetched;
    PagedModel<int>* self = nullptr;
    PagedModel<int> model(
        numberColumns(),
        [&](int first, int count) {
            fetched.emplace_back(first, count);
            self->setPage(first, std::vector<int>(static_cast<size_t>(count), 5));
        },
        nullptr);
    self = &model;
    QAbstractItemModelTester tester(&model, kFatal);
    model.setCount(10);
    (void)model.index(0, 0).data();
    ASSERT_TRUE(QTest::qWaitFor([&] { return fetched.size() == 1; }));
    model.setCount(20);
    (void)model.index(15, 0).data();
    ASSERT_TRUE(QTest::qWaitFor([&] { return fetched.size() == 2; }));
    EXPECT_EQ(model.index(15, 0).data().toString(), "5");
    EXPECT_EQ(fetched.back(), std::pair(0, 20));
    model.reset(3);
    EXPECT_EQ(model.rowCount(), 3);
}

TEST(TreeModel, FetchesChildrenWhenTheyAreLookedAt) {
    WordTree model;
    QSignalSpy wanted(&model, &TreeModelBase::childrenWanted);
    model.setChildren({}, {{"a", 2}, {"b"}});
    const QModelIndex a = model.index(0, 0);
    EXPECT_TRUE(model.hasChildren(a));
    ASSERT_TRUE(model.canFetchMore(a));
    model.fetchMore(a);
    EXPECT_FALSE(model.canFetchMore(a));  // asked for already
    ASSERT_TRUE(QTest::qWaitFor([&] { return wanted.count() > 0; }));
    EXPECT_EQ(wanted.count(), 1);
    model.setChildren(a, {{"a1"}, {"a2"}});
    EXPECT_EQ(printed(model), "a\n  a1\n  a2\nb\n");
}

TEST(TreeModel, KeepsNodesThatGoOnAtTheNextStop) {
    WordTree model;
    QAbstractItemModelTester tester(&model, kFatal);
    model.setChildren({}, {{"a", 2}, {"b"}, {"c"}});
    model.setChildren(model.index(0, 0), {{"a1"}, {"a2"}});
    const QPersistentModelIndex a2 = model.index(1, 0, model.index(0, 0));
    QSignalSpy wanted(&model, &TreeModelBase::childrenWanted);
    model.setChildren({}, {{"a", 2}, {"x"}});
    EXPECT_EQ(printed(model), "a\n  a1\n  a2\nx\n");
    EXPECT_TRUE(a2.isValid());
    ASSERT_TRUE(QTest::qWaitFor([&] { return wanted.count() > 0; }));
    EXPECT_EQ(wanted.count(), 1);  // its children may have new values
    model.setChildren({}, {{"a", 0}});
    EXPECT_EQ(printed(model), "a\n");
    EXPECT_FALSE(a2.isValid());
}

TEST(TreeModel, NodesComeAndGoBeforeThoseThatGoOn) {
    WordTree model;
    QAbstractItemModelTester tester(&model, kFatal);
    model.setChildren({}, {{"c"}, {"b"}, {"a", 1}});
    model.setChildren(model.index(2, 0), {{"a1"}});
    const QPersistentModelIndex a1 = model.index(0, 0, model.index(2, 0));
    model.setChildren({}, {{"e"}, {"d"}, {"c"}, {"b"}, {"a", 1}});
    EXPECT_EQ(printed(model), "e\nd\nc\nb\na\n  a1\n");
    ASSERT_TRUE(a1.isValid());
    EXPECT_EQ(a1.parent().row(), 4);
    model.setChildren({}, {{"e"}, {"x"}, {"a", 1}});
    EXPECT_EQ(printed(model), "e\nx\na\n  a1\n");
    EXPECT_EQ(a1.parent().row(), 2);
    model.setChildren({}, {{"a", 1}});
    EXPECT_TRUE(a1.isValid());
    EXPECT_EQ(printed(model), "a\n  a1\n");
    model.setChildren({}, {{"a", 1}, {"a", 1}});
    model.setChildren({}, {});
    EXPECT_EQ(printed(model), "");
}

TEST(TreeModel, AppendsSlices) {
    WordTree model;
    model.setChildren({}, {{"a", 5}});
    const QModelIndex a = model.index(0, 0);
    model.setChildren(a, {{"0"}, {"1"}});
    EXPECT_TRUE(model.canFetchMore(a));
    model.setChildren(a, {{"2"}, {"3"}, {"4"}}, 2);
    EXPECT_FALSE(model.canFetchMore(a));
    EXPECT_EQ(printed(model), "a\n  0\n  1\n  2\n  3\n  4\n");
}

TEST(TreeModel, OnlyTheNewestRequestIsAskedForAndNothingBehindAGapIsTaken) {
    WordTree model;
    model.setChildren({}, {{"a", 4}, {"b", 1}});
    const QModelIndex a = model.index(0, 0), b = model.index(1, 0);
    model.setChildren(a, {{"0"}, {"1"}});
    QSignalSpy wanted(&model, &TreeModelBase::childrenWanted);
    model.fetchMore(a);  // from the third on
    model.fetchMore(b);
    model.setChildren({}, {{"a", 4}, {"b", 1}});  // at the next stop, all of them
    EXPECT_TRUE(model.canFetchMore(b)) << "the answer would be about the stop before";
    ASSERT_TRUE(QTest::qWaitFor([&] { return wanted.count() > 0; }));
    QTest::qWait(5);
    ASSERT_EQ(wanted.count(), 1);
    EXPECT_EQ(wanted[0][1].toInt(), 0);
    model.setChildren(a, {{"3"}}, 3);
    EXPECT_EQ(printed(model), "a\n  0\n  1\nb\n");
}

TEST(TreeModel, OnlyTheFirstColumnHasChildren) {
    const auto text = [](const Word& w) { return w.text; };
    TreeModel<Word> model({{.title = "Word", .text = text}, {.title = "Again", .text = text}},
                          {.childCount = [](const Word& w) { return w.children; },
                           .same = [](const Word& a, const Word& b) { return a.text == b.text; }},
                          nullptr);
    QAbstractItemModelTester tester(&model, kFatal);
    model.setChildren({}, {{"a", 1}});
    model.setChildren(model.index(0, 0), {{"a1"}});
    EXPECT_EQ(model.rowCount(model.index(0, 0)), 1);
    EXPECT_EQ(model.rowCount(model.index(0, 1)), 0);
    EXPECT_FALSE(model.hasChildren(model.index(0, 1)));
    EXPECT_FALSE(model.canFetchMore(model.index(0, 1)));
    EXPECT_EQ(model.index(0, 1, model.index(0, 0)).data().toString(), "a1");
}

namespace {

/// Rows that are as old as the request that brought them.
class Versions {
public:
    Versions()
        : model(
              numberColumns(),
              [this](int first, int count) {
                  ++asked;
                  model.setPage(first, std::vector<int>(static_cast<size_t>(count), asked));
              },
              nullptr) {}
    QString at(int row) const { return model.index(row, 0).data().toString(); }
    bool fetches(int row) {
        const int before = asked;
        (void)at(row);
        return QTest::qWaitFor([&] { return asked > before; }, 200);
    }

    int asked = 0;
    PagedModel<int> model;
};

}  // namespace

TEST(PagedModel, RowsThatWereTakenAwayAreFetchedAnewWhenTheyComeBack) {
    Versions all;
    all.model.setCount(300);
    EXPECT_TRUE(all.fetches(280));
    EXPECT_EQ(all.at(280), "1");
    all.model.setCount(100);
    all.model.setCount(300);
    EXPECT_EQ(all.at(280), "…");
    EXPECT_TRUE(all.fetches(280));
    EXPECT_EQ(all.at(280), "2");
}

TEST(PagedModel, HoldsABoundedNumberOfPages) {
    Versions all;
    constexpr int kPage = PagedModel<int>::kPage, kMost = PagedModel<int>::kMaxPages;
    all.model.setCount(10'000'000);
    for (int page = 0; page < kMost; ++page)
        ASSERT_TRUE(all.fetches(page * kPage)) << page;
    EXPECT_FALSE(all.fetches(0));
    EXPECT_TRUE(all.fetches(kMost * kPage));
    EXPECT_TRUE(all.fetches(0)) << "it had to make room";
}

TEST(PagedModel, WhatIsGoneBeforeItIsAskedForIsNotAskedFor) {
    Versions all;
    all.model.setCount(1000);
    (void)all.at(900);
    all.model.reset(3);
    QTest::qWait(5);
    EXPECT_EQ(all.asked, 0);
}
