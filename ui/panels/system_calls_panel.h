// System calls: every host call of the program as it happens, with a filter and the details of the chosen one. Only the rows looked at are
// fetched, so that ten million are no more than ten.
#pragma once

#include <QLabel>
#include <QMenu>
#include <QSplitter>
#include <QTimer>
#include <QToolButton>

#include <set>

#include "ui/models/table_model.h"
#include "ui/panel.h"

namespace ui {

class CallDetailView;
class FilterBox;
class TableView;

struct ListedCall : debugger::CallRow {
    bool isMarked = false;  // by a bookmark
};
std::vector<Column<ListedCall>> callColumns();
/// "fd_write(1, [6 bytes]) = ESUCCESS nwritten=6"
QString callLine(const debugger::CallRow& row);
/// The filter that keeps calls on the same first argument: "fd = 4"; empty if there is none.
QString sameFirstArgument(const debugger::CallRow& row);

class SystemCallsPanel final : public Panel {
    Q_OBJECT

public:
    explicit SystemCallsPanel(Context& context);
    QJsonObject save() const override;
    void restore(const QJsonObject& memory) override;

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makeBar();
    void showState();
    void reset();
    void fetch(int first, int count);
    void take(const debugger::CallSlice& slice);
    void grow(uint64_t count);
    void showEnd(const debugger::CallSlice& slice);
    void onAppended(uint64_t count);
    void pollMatching();
    void showCount();
    void hold(bool isHeld);
    void arrange();
    void closeDetail();
    void showDetailSoon();
    void showDetail();
    void showCall(uint64_t sequence);
    void toggleBreak(const std::string& name);
    const debugger::BreakpointInfo* breakOn(const std::string& name) const;
    void toggleBookmark();
    /// The next bookmark, or the one before; from the last one to the first. Those that a filter hides are passed, and told.
    void goToBookmark(bool isNext);
    void showBookmark(const std::vector<uint64_t>& order, size_t at);
    void tellHidden(size_t hidden);
    void findRow(uint64_t sequence, uint64_t begin, uint64_t end,
                 const std::function<void(std::optional<uint64_t>)>& then);
    void showRow(uint64_t row);
    std::vector<ListedCall> listed(const std::vector<debugger::CallRow>& rows) const;
    void setFilter(const QString& text);
    void follow(uint64_t sequence, uint32_t descriptor);
    void addAnswers(QMenu& menu, const debugger::CallRow& row);
    void mock(uint64_t sequence, const char* clause);
    void showMenu(const QPoint& at);

    PagedModel<ListedCall> m_model;
    std::string m_filter;
    QString m_program;     // path of it
    uint64_t m_epoch = 0;  // of run and filter: answers of an older one are dropped
    uint64_t m_total = 0;
    uint64_t m_searched = 0;  // calls that the session has looked at for the filter
    bool m_isSearching = false, m_isHeld = false;
    uint64_t m_wanted = 0;       // rows there would be
    bool m_isFollowing = false;  // the rows at the end are asked for
    bool m_hasPending = false;   // a call that was shown had not ended
    bool m_isPolling = false, m_pollAgain = false;
    QTimer m_detailTimer, m_pollTimer, m_followTimer;
    uint64_t m_shown = UINT64_MAX;  // sequence of the call in the detail pane

    std::set<uint64_t> m_bookmarks;  // sequences, of this run

    FilterBox* m_box = nullptr;
    QLabel* m_count = nullptr;
    QToolButton* m_hold = nullptr;
    TableView* m_view;
    CallDetailView* m_detail;
    QSplitter* m_splitter;
    QLabel* m_filterError;
};

}  // namespace ui
