#include "ui/panels/system_calls_panel.h"

#include <QApplication>
#include <QBoxLayout>
#include <QClipboard>
#include <QHeaderView>

#include "ui/panels/call_detail_view.h"
#include "ui/panels/mocks_panel.h"
#include "ui/widgets/filter_box.h"
#include "ui/widgets/local_shortcut.h"
#include "ui/widgets/menu.h"
#include "ui/widgets/views.h"
#include "wasi/filter_words.h"

namespace ui {
namespace {

using debugger::CallRow;

constexpr int kDetailMs = 30, kPollMs = 100, kFollowMs = 16;
constexpr int kBeside = 96;  // characters that a list and the details beside it need
constexpr uint64_t kPage = PagedModel<CallRow>::kPage;
constexpr uint64_t kMaxRows = 90'000'000;  // Qt's views count pixels in 31 bits

QString seconds(int64_t ns) { return QString::number(static_cast<double>(ns) / 1e9, 'f', 6); }

QString startOf(const ListedCall& row) { return seconds(row.startNs); }
/// As wide as the column, for a day: 0.000001, 128.34930, 86400.123.
QString briefStart(const ListedCall& row) {
    const QString text = startOf(row);
    return text.left(std::max<qsizetype>(9, text.indexOf(u'.') + 4));
}

bool isHosts(const CallRow& row) { return row.origin.empty() || row.origin == "host"; }

QString resultOf(const ListedCall& row) {
    QString text = fromUtf8(row.result);
    if (!isHosts(row)) text += QStringLiteral(" · ") + fromUtf8(row.origin);
    if (row.pending) return QStringLiteral("… waiting");
    if (row.denied) return QStringLiteral("⊘ ") + text;
    return row.failed ? QStringLiteral("✗ ") + text : text;
}

Look resultLook(const ListedCall& row) {
    if (row.pending) return {.tone = Tone::Dim, .italic = true};
    if (row.denied) return {.tone = Tone::Denied, .bold = true};
    if (!isHosts(row)) return {.tone = Tone::Mock, .bold = row.failed};
    return row.failed ? Look{.tone = Tone::Error, .bold = true} : Look{};
}

QString callerOf(const ListedCall& row) {
    const debugger::Location& at = row.caller;
    if (at.file.empty()) return fromUtf8(at.functionName);
    return QStringLiteral("%1:%2").arg(fileName(fromUtf8(at.file))).arg(at.line);
}

Look dim(const ListedCall&) { return {.tone = Tone::Dim}; }

QStringList toList(const std::vector<std::string>& words) {
    QStringList list;
    for (const std::string& word : words)
        list << fromUtf8(word);
    return list;
}

/// What names a call of the run that is over says nothing of the new one, or what is wrong; it can be had back.
void dropFilterOfOneRun(FilterBox& box, Context& context) {
    const QString filter = box.filter();
    if (!wasi::isFilterOfOneRun(toUtf8(filter))) return;
    box.setFilter({});
    context.notify({Notice::Kind::Info,
                    QObject::tr("Filter"),
                    QObject::tr("%1 named a descriptor of the run before; all calls are shown.")
                        .arg(oneLine(filter, 100)),
                    {{QObject::tr("Filter Again"), [box = QPointer(&box), filter] {
                          if (box) box->setFilter(filter);
                      }}}});
}

}  // namespace

std::vector<Column<ListedCall>> callColumns() {
    return {
        {.title = "#",
         .text = [](const ListedCall& row) { return QString::number(row.sequence); },
         .kind = ColumnKind::Number,
         .width = 6,
         .rank = 1,
         .look = dim},
        {.title = "Time",
         .text = startOf,
         .kind = ColumnKind::Number,
         .width = 9,
         .rank = 4,
         .look = dim,
         .tip =
             [](const ListedCall& row) {
                 return QObject::tr("%1 s after the start, at tick %2")
                     .arg(seconds(row.startNs))
                     .arg(row.tick);
             },
         .brief = briefStart},
        {.title = "Call",
         .text = [](const ListedCall& row) { return fromUtf8(row.name); },
         .kind = ColumnKind::Code,
         .width = 16,
         .look =
             [](const ListedCall& row) {
                 return Look{.tone = familyTone(row.family),
                             .bold = row.isMarked,
                             .icon = row.isMarked ? "bookmark" : nullptr};
             },
         .tip =
             [](const ListedCall& row) {
                 return fromUtf8(row.name) + QObject::tr(" (%1)").arg(fromUtf8(row.family));
             }},
        {.title = "Arguments",
         .text = [](const ListedCall& row) { return fromUtf8(row.arguments); },
         .kind = ColumnKind::Code,
         .wanted = 34},
        {.title = "Result", .text = resultOf, .kind = ColumnKind::Code, .width = 20, .look = resultLook},
        {.title = "Bytes",
         .text = [](const ListedCall& row) { return row.bytes > 0 ? grouped(row.bytes) : QString(); },
         .kind = ColumnKind::Number,
         .width = 7,
         .rank = 5},
        {.title = "Duration",
         .text = [](const ListedCall& row) { return row.pending ? QString() : duration(row.durationNs); },
         .kind = ColumnKind::Number,
         .width = 9,
         .rank = 3,
         .look = dim},
        {.title = "Caller",
         .text = callerOf,
         .kind = ColumnKind::Code,
         .width = 16,
         .rank = 2,
         .look = dim,
         .tip =
             [](const ListedCall& row) {
                 return QStringLiteral("%1\n%2:%3")
                            .arg(fromUtf8(row.caller.functionName), fromUtf8(row.caller.file))
                            .arg(row.caller.line) +
                        QObject::tr("\nDouble click goes there");
             }},
    };
}

QString callLine(const CallRow& row) {
    return QStringLiteral("%1(%2) = %3")
        .arg(fromUtf8(row.name), fromUtf8(row.arguments), fromUtf8(row.result));
}

QString sameFirstArgument(const CallRow& row) {
    const QString field = fromUtf8(wasi::firstField(row.name));
    QString first = fromUtf8(row.arguments).section(u',', 0, 0).trimmed();
    if (field == QLatin1String("fd")) first = first.section(u' ', 0, 0);  // without the file's name
    if (field.isEmpty() || first.isEmpty()) return {};
    const QString filter = QStringLiteral("%1 = %2").arg(field, first);
    return wasi::checkFilter(toUtf8(filter)).ok() ? filter : QString();
}

SystemCallsPanel::SystemCallsPanel(Context& context)
    : Panel(context),
      m_model(
          callColumns(), [this](int first, int count) { fetch(first, count); }, this),
      m_view(new TableView(theme(), tr("System calls"))),
      m_detail(new CallDetailView(context)),
      m_splitter(new QSplitter(Qt::Horizontal)),
      m_filterError(new QLabel) {
    m_filterError->setObjectName(QStringLiteral("filter-error"));
    m_filterError->setTextFormat(Qt::PlainText);
    m_filterError->setWordWrap(true);
    m_filterError->setContentsMargins(8, 0, 8, 4);
    m_filterError->hide();
    m_view->setModel(&m_model, m_model);
    m_view->setFollowsEnd(true);
    m_splitter->addWidget(m_view);
    m_splitter->addWidget(m_detail);
    m_splitter->setSizes({620, 380});
    m_splitter->setStretchFactor(0, 1);
    m_splitter->setCollapsible(0, false);
    m_detail->hide();
    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeBar());
    layout->addWidget(m_filterError);
    layout->addWidget(m_splitter, 1);
    setContent(content, m_view);

    for (QTimer* timer : {&m_detailTimer, &m_pollTimer, &m_followTimer})
        timer->setSingleShot(true);
    m_followTimer.setInterval(kFollowMs);
    connect(&m_followTimer, &QTimer::timeout, this, [this] { grow(m_wanted); });
    m_detailTimer.setInterval(kDetailMs);
    m_pollTimer.setInterval(kPollMs);
    connect(&m_detailTimer, &QTimer::timeout, this, &SystemCallsPanel::showDetail);
    connect(&m_pollTimer, &QTimer::timeout, this, &SystemCallsPanel::pollMatching);
    connect(m_detail, &CallDetailView::closed, this, &SystemCallsPanel::closeDetail);
    addLocalShortcut(m_splitter, QKeySequence(Qt::Key_Escape), [this] { closeDetail(); });
    connect(m_view->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &SystemCallsPanel::showDetailSoon);
    connect(&m_model, &QAbstractItemModel::dataChanged, this, &SystemCallsPanel::showDetailSoon);
    connect(m_view, &TableView::chosen, this, [this](const QModelIndex& index) {
        if (const CallRow* row = m_model.rowAt(index)) this->context().goTo(row->caller);
    });
    connect(m_view, &QWidget::customContextMenuRequested, this, &SystemCallsPanel::showMenu);
    addLocalShortcut(m_view, QKeySequence(Qt::CTRL | Qt::Key_B), [this] { toggleBookmark(); });
    addLocalShortcut(this, QKeySequence(Qt::Key_F2), [this] { goToBookmark(true); });
    addLocalShortcut(this, QKeySequence(Qt::SHIFT | Qt::Key_F2), [this] { goToBookmark(false); });
    addLocalShortcut(this, QKeySequence(Qt::CTRL | Qt::Key_F),
                     [this] { m_box->setFocus(Qt::ShortcutFocusReason); });

    connect(&context, &Context::stateChanged, this, [this] {
        showState();
        if (std::exchange(m_hasPending, false)) m_model.invalidate();
    });
    connect(&context, &Context::moduleLoaded, this, [this] {
        m_bookmarks.clear();
        reset();
        const QString program = fromUtf8(this->context().module()->path);
        if (program == std::exchange(m_program, program))
            dropFilterOfOneRun(*m_box, this->context());
        else if (wasi::isFilterOfOneRun(toUtf8(m_box->filter())))
            m_box->setFilter({});  // nobody expects it there
    });
    connect(&context, &Context::callsAppended, this, &SystemCallsPanel::onAppended);
    connect(&context, &Context::callRequested, this, &SystemCallsPanel::showCall);
    connect(&context, &Context::callsRequested, this, [this](const QString& filter) {
        emit this->context().panelRequested(QStringLiteral("system-calls"));
        m_box->setFilter(filter);
    });
    onAppended(context.callCount());
    showState();
}

QWidget* SystemCallsPanel::makeBar() {
    auto* bar = new QWidget;
    auto* layout = new QHBoxLayout(bar);
    layout->setContentsMargins(8, 4, 8, 4);
    layout->setSpacing(8);
    m_box = new FilterBox(theme(), tr("Filter: fd_write, errno = noent, path ~ \"*.cfg\" and duration > 1ms"),
                          tr("Shows only calls that match (Ctrl+F; Escape clears). A word: the line contains "
                             "it. FIELD = VALUE, also "
                             "!= < <= > >= ~ contains; and, or, not, parentheses. Fields: %1, and every "
                             "argument and result by its "
                             "name")
                              .arg(toList(wasi::filterFields()).join(QStringLiteral(", "))));
    m_box->setCompletions(toList(wasi::filterWords()));
    connect(m_box, &FilterBox::filterChanged, this, &SystemCallsPanel::setFilter);
    m_count = new QLabel;
    m_count->setObjectName(QStringLiteral("call-count"));
    m_count->setTextFormat(Qt::PlainText);
    m_count->setForegroundRole(QPalette::PlaceholderText);
    m_hold = new QToolButton;
    m_hold->setObjectName(QStringLiteral("hold-search"));
    m_hold->setAutoRaise(true);
    m_hold->hide();
    connect(m_hold, &QToolButton::clicked, this, [this] { hold(!m_isHeld); });
    layout->addWidget(m_box, 1);
    layout->addWidget(m_count);
    layout->addWidget(m_hold);
    return bar;
}

/// What is wrong with a filter is said below it, and the rows stay as they are.
void SystemCallsPanel::setFilter(const QString& text) {
    const auto filter = wasi::checkFilter(toUtf8(text));
    m_filterError->setVisible(!filter.ok());
    if (!filter.ok())
        return m_filterError->setText(QStringLiteral("⚠ ") + oneLine(filter.error().message, 500));
    const bool wasSearching = m_isSearching;
    m_filter = toUtf8(text);
    if (m_isHeld && !m_filter.empty()) hold(false);
    const CallRow* chosen = m_model.rowAt(m_view->currentIndex());
    const auto sequence = chosen ? std::optional(chosen->sequence) : std::nullopt;
    reset();
    if (sequence && m_filter.empty()) showRow(*sequence);  // found by a filter, seen among its neighbours
    if (wasSearching && m_filter.empty()) hold(true);      // nobody waits for the rest
}

// -------------------------------------------------------------------------------------------------------------------- rows

void SystemCallsPanel::showState() {
    if (!context().module())
        return showEmpty(
            tr("Lists every call of the program to its host, with arguments, result, duration and caller."));
    if (context().state() == debugger::SessionState::Ready && m_total == 0)
        return showEmpty(tr("Start the program; each call to its host is listed here as it happens."), "run");
    showContent();
    m_view->setPlaceholder(
        m_isSearching          ? tr("Searching …")
        : !m_filter.empty()    ? tr("No call matches. Escape in the filter shows all of them.")
        : context().hasEnded() ? tr("The program has ended without a call to its host.")
                               : tr("No call yet: each call of the program to its host is listed here as it "
                                    "happens. F5 lets it go on."));
}

void SystemCallsPanel::reset() {
    ++m_epoch;
    m_isPolling = m_hasPending = m_isSearching = m_isHeld = false;
    m_searched = 0;
    m_shown = UINT64_MAX;
    m_total = context().callCount();
    m_isFollowing = false;
    m_model.reset(m_filter.empty() ? static_cast<int>(std::min(m_total, kMaxRows)) : 0);
    m_detail->hide();
    if (!m_filter.empty()) pollMatching();
    showCount();
    showState();
}

void SystemCallsPanel::fetch(int first, int count) {
    context().post<debugger::GetCalls>(
        this, {static_cast<uint64_t>(first), static_cast<uint64_t>(count), m_filter},
        [this, epoch = m_epoch](const debugger::CallSlice& slice) {
            if (epoch == m_epoch) take(slice);
        },
        [](const engine::Error&) {});
}

void SystemCallsPanel::take(const debugger::CallSlice& slice) {
    m_total = std::max(m_total, slice.total);
    m_searched = slice.searched;
    const bool wasSearching = std::exchange(m_isSearching, slice.isSearching);
    if (wasSearching != m_isSearching) showState();
    // While the program runs the session searches only when it is asked, and it may make no call for long.
    if (m_isSearching && !m_pollTimer.isActive()) m_pollTimer.start();
    if (!slice.rows.empty() && slice.rows.back().pending) m_hasPending = true;
    if (!slice.rows.empty()) m_model.setPage(static_cast<int>(slice.first), listed(slice.rows));
    grow(m_filter.empty() ? m_total : slice.matching);
    showCount();
}

/// Who looks at the end sees rows only when they are there: they are fetched first, one request at a time, however fast calls come.
void SystemCallsPanel::grow(uint64_t count) {
    count = std::min(count, kMaxRows);
    const auto shown = static_cast<uint64_t>(m_model.rowCount());
    m_wanted = count;
    if (count <= shown || !m_view->isVisible() || !m_view->isAtEnd()) {
        m_model.setCount(static_cast<int>(count));
        return;
    }
    if (std::exchange(m_isFollowing, true)) return;
    const uint64_t visible =
        static_cast<uint64_t>(m_view->height() / m_view->verticalHeader()->minimumSectionSize()) + 1;
    const uint64_t first = count > visible ? (count - visible) / kPage * kPage : 0;
    context().post<debugger::GetCalls>(
        this, {first, count - first, m_filter},
        [this, epoch = m_epoch](const debugger::CallSlice& slice) {
            if (epoch == m_epoch) showEnd(slice);
        },
        [this](const engine::Error&) { m_isFollowing = false; });
}

void SystemCallsPanel::showEnd(const debugger::CallSlice& slice) {
    m_isFollowing = false;
    const uint64_t end = slice.first + slice.rows.size();
    if (!slice.rows.empty() && slice.rows.back().pending) m_hasPending = true;
    const bool wasAtEnd = m_view->isAtEnd();
    m_model.setCount(static_cast<int>(end));
    const std::vector<ListedCall> all = listed(slice.rows);
    for (size_t at = 0; at < all.size(); at += kPage) {
        const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at);
        const auto rows = static_cast<std::ptrdiff_t>(std::min<size_t>(kPage, all.size() - at));
        m_model.setPage(static_cast<int>(slice.first + at), {begin, begin + rows});
    }
    // At once: below the old end there is room for a part of a row, where the next one would be seen, which nobody has fetched.
    if (wasAtEnd) m_view->scrollToBottom();
    showCount();
    if (end < m_wanted && !slice.rows.empty()) m_followTimer.start();
}

void SystemCallsPanel::onAppended(uint64_t count) {
    if (count < m_total) {  // a new run
        m_bookmarks.clear();
        reset();
        dropFilterOfOneRun(*m_box, context());
    }
    m_total = count;
    if (m_filter.empty())
        grow(count);
    else if (!m_pollTimer.isActive())
        m_pollTimer.start();
    if (std::exchange(m_hasPending, false)) m_model.invalidate();
    showCount();
    if (isEmptyShown()) showState();
}

// How many match is known to the session only, and while it searches it is known in part.
void SystemCallsPanel::pollMatching() {
    m_pollAgain = m_isPolling;
    if (m_isPolling || m_filter.empty()) return;
    m_isPolling = true;
    context().post<debugger::GetCalls>(
        this, {0, 0, m_filter},
        [this, epoch = m_epoch](const debugger::CallSlice& slice) {
            if (epoch != m_epoch) return;
            m_isPolling = false;
            take(slice);
            if (std::exchange(m_pollAgain, false)) m_pollTimer.start();
        },
        [this](const engine::Error&) { m_isPolling = false; });
}

void SystemCallsPanel::showCount() {
    const QString total = grouped(m_total);
    const bool isPartial = !m_filter.empty() && (m_isSearching || m_isHeld);
    m_hold->setVisible(isPartial);
    m_hold->setText(m_isHeld ? tr("Go On") : tr("Stop"));
    m_hold->setToolTip(m_isHeld ? tr("Searches the other calls too")
                                : tr("Stops searching; what was found so far stays"));
    if (m_filter.empty()) return m_count->setText(m_total == 1 ? tr("1 call") : tr("%1 calls").arg(total));
    const QString found = grouped(static_cast<uint64_t>(m_model.rowCount()));
    const uint64_t percent = m_total == 0 ? 0 : std::min<uint64_t>(m_searched * 100 / m_total, 99);
    m_count->setText(m_isHeld        ? tr("%1 in the first %2 % of %3").arg(found).arg(percent).arg(total)
                     : m_isSearching ? tr("%1 · searching … %2 %").arg(found).arg(percent)
                                     : tr("%1 of %2").arg(found, total));
}

/// Leaves the session's search where it is, or lets it go on.
void SystemCallsPanel::hold(bool isHeld) {
    m_isHeld = isHeld;
    m_isSearching = !isHeld;
    context().post<debugger::HoldSearch>(this, {isHeld}, [](const debugger::Done&) {});
    if (!isHeld) pollMatching();
    showCount();
}

QJsonObject SystemCallsPanel::save() const {
    const QString filter = m_box->filter();
    return {{QStringLiteral("filter"), wasi::isFilterOfOneRun(toUtf8(filter)) ? QString() : filter}};
}
void SystemCallsPanel::restore(const QJsonObject& memory) {
    m_box->setFilter(memory[QLatin1String("filter")].toString());
}

// ------------------------------------------------------------------------------------------------------------------ layout

void SystemCallsPanel::resizeEvent(QResizeEvent* event) {
    Panel::resizeEvent(event);
    arrange();
}

// The details stand beside the table, or below it where that is too narrow.
void SystemCallsPanel::arrange() {
    const int character = QFontMetrics(theme().codeFont()).horizontalAdvance(u'0');
    const bool hasRoom = width() >= kBeside * character && width() > height() * 3 / 2;
    const Qt::Orientation orientation = hasRoom ? Qt::Horizontal : Qt::Vertical;
    if (orientation != m_splitter->orientation()) {
        m_splitter->setOrientation(orientation);
        // Beside it, the results of calls are to stay in sight.
        const bool isBeside = orientation == Qt::Horizontal;
        m_splitter->setSizes(isBeside ? QList<int>{width() * 3 / 5, width() * 2 / 5}
                                      : QList<int>{height() / 2, height() / 2});
    }
}

void SystemCallsPanel::closeDetail() {
    m_view->setCurrentIndex({});
    m_view->clearSelection();
    m_shown = UINT64_MAX;
    m_detail->hide();
    m_view->setFocus();
}

// ------------------------------------------------------------------------------------------------------------------ detail

void SystemCallsPanel::showDetailSoon() {
    if (!m_detailTimer.isActive()) m_detailTimer.start();
}

void SystemCallsPanel::showDetail() {
    const CallRow* row = m_model.rowAt(m_view->currentIndex());
    if (!row || (row->sequence == m_shown && !row->pending)) return;
    m_shown = row->pending ? UINT64_MAX : row->sequence;
    context().post<debugger::GetCall>(
        this, {row->sequence},
        [this, epoch = m_epoch](const debugger::CallDetail& detail) {
            const CallRow* current = m_model.rowAt(m_view->currentIndex());
            if (epoch != m_epoch || !current || current->sequence != detail.row.sequence) return;
            m_detail->showCall(detail);
            if (!m_detail->isHidden()) return;
            m_detail->show();
            // The list has become smaller: what was chosen stays in sight.
            QTimer::singleShot(0, m_view, [view = m_view] { view->scrollTo(view->currentIndex()); });
        },
        [](const engine::Error&) {});
}

void SystemCallsPanel::showCall(uint64_t sequence) {
    emit context().panelRequested(QStringLiteral("system-calls"));
    if (!m_filter.empty()) m_box->setFilter({});
    m_model.setCount(static_cast<int>(std::min(std::max(context().callCount(), sequence + 1), kMaxRows)));
    showRow(sequence);
    m_view->setFocus();
}

void SystemCallsPanel::showRow(uint64_t row) {
    const QModelIndex index = m_model.index(static_cast<int>(row), 0);
    m_view->setCurrentIndex(index);
    m_view->scrollTo(index, QAbstractItemView::PositionAtCenter);
}

// --------------------------------------------------------------------------------------------------------------- bookmarks

std::vector<ListedCall> SystemCallsPanel::listed(const std::vector<CallRow>& rows) const {
    std::vector<ListedCall> all;
    for (const CallRow& row : rows)
        all.push_back({row, m_bookmarks.contains(row.sequence)});
    return all;
}

void SystemCallsPanel::toggleBookmark() {
    const ListedCall* row = m_model.rowAt(m_view->currentIndex());
    if (!row) return;
    if (m_bookmarks.erase(row->sequence) == 0) m_bookmarks.insert(row->sequence);
    m_model.invalidate();
}

void SystemCallsPanel::goToBookmark(bool isNext) {
    if (m_bookmarks.empty()) return;
    std::vector<uint64_t> order(m_bookmarks.begin(), m_bookmarks.end());
    if (!isNext) std::reverse(order.begin(), order.end());
    const ListedCall* row = m_model.rowAt(m_view->currentIndex());
    const auto next = std::find_if(order.begin(), order.end(), [&](uint64_t sequence) {
        return !row || (isNext ? sequence > row->sequence : sequence < row->sequence);
    });
    std::rotate(order.begin(), next, order.end());
    if (m_filter.empty()) return showCall(order[0]);
    showBookmark(order, 0);
}

/// The first of them that the filter shows.
void SystemCallsPanel::showBookmark(const std::vector<uint64_t>& order, size_t at) {
    if (at == order.size()) return tellHidden(at);
    findRow(order[at], 0, static_cast<uint64_t>(m_model.rowCount()),
            [this, order, at](const std::optional<uint64_t>& row) {
                if (!row) return showBookmark(order, at + 1);
                showRow(*row);
                m_view->setFocus();
                if (at > 0) tellHidden(at);
            });
}

void SystemCallsPanel::tellHidden(size_t hidden) {
    context().notify({Notice::Kind::Info,
                      tr("Bookmarks"),
                      tr("the filter hides %1 of %2.").arg(hidden).arg(m_bookmarks.size()),
                      {{tr("Show All Calls"), [this] { m_box->setFilter({}); }}}});
}

/// The row of a call among those that match, which are in order: found by halves, as only the session has them all.
void SystemCallsPanel::findRow(uint64_t sequence, uint64_t begin, uint64_t end,
                               const std::function<void(std::optional<uint64_t>)>& then) {
    if (begin >= end) return then(std::nullopt);
    const uint64_t middle = begin + (end - begin) / 2;
    context().post<debugger::GetCalls>(
        this, {middle, 1, m_filter}, [=, this, epoch = m_epoch](const debugger::CallSlice& slice) {
            if (epoch != m_epoch) return;
            if (!slice.rows.empty() && slice.rows[0].sequence == sequence) return then(middle);
            const bool isBehind = !slice.rows.empty() && slice.rows[0].sequence < sequence;
            isBehind ? findRow(sequence, middle + 1, end, then) : findRow(sequence, begin, middle, then);
        });
}

// -------------------------------------------------------------------------------------------------------------------- menu

const debugger::BreakpointInfo* SystemCallsPanel::breakOn(const std::string& name) const {
    for (const auto& [id, info] : context().breakpoints()) {
        if (info.spec.kind == debugger::BreakpointSpec::Kind::HostCall && info.spec.function == name)
            return &info;
    }
    return nullptr;
}

void SystemCallsPanel::toggleBreak(const std::string& name) {
    if (const debugger::BreakpointInfo* found = breakOn(name)) return context().removeBreakpoint(found->id);
    debugger::BreakpointSpec spec;
    spec.kind = debugger::BreakpointSpec::Kind::HostCall;
    spec.function = name;
    context().addBreakpoint(spec);
}

/// Rules for calls like this one: some at once, any other in the line of Mocks.
void SystemCallsPanel::addAnswers(QMenu& menu, const CallRow& row) {
    struct Answer {
        const char* title;
        const char* clause;  // of a rule
    };
    static constexpr Answer kAnswers[] = {
        {QT_TR_NOOP("EIO"), "errno io"},         {QT_TR_NOOP("ENOENT"), "errno noent"},
        {QT_TR_NOOP("EACCES"), "errno acces"},   {QT_TR_NOOP("ENOSPC"), "errno nospc"},
        {QT_TR_NOOP("EINTR"), "errno intr"},     {QT_TR_NOOP("A Second Later"), "delay 1s"},
        {QT_TR_NOOP("A Trap"), "trap"},          {QT_TR_NOOP("A Stop in the Debugger"), "stop"},
        {QT_TR_NOOP("Another Answer…"), nullptr}};
    QMenu* answers = menu.addMenu(theme().icon(QStringLiteral("panel-mocks")), tr("Answer Such Calls With"));
    for (const Answer& answer : kAnswers)
        answers->addAction(tr(answer.title), this, [=, this] { mock(row.sequence, answer.clause); });
}

void SystemCallsPanel::mock(uint64_t sequence, const char* clause) {
    context().post<debugger::GetCall>(this, {sequence}, [this, clause](const debugger::CallDetail& detail) {
        emit context().panelRequested(QStringLiteral("mocks"));
        const QString text = ruleLike(detail);
        const auto rule =
            clause ? wasi::parseMock(toUtf8(text + u' ' + QLatin1String(clause))) : engine::Error{};
        if (!rule.ok()) return emit context().mockRequested(text);
        std::vector<wasi::MockEntry> rules;
        for (const wasi::MockInfo& info : context().mocks())
            rules.push_back({info.id, info.rule});
        rules.push_back({0, rule.value()});
        context().setMocks(std::move(rules));
    });
}

/// "4 (/data/in.txt)", if the row names it.
static QString descriptorText(const CallRow& row, uint32_t descriptor) {
    const QString number = QString::number(descriptor), begin = number + QStringLiteral(" (");
    for (const QString& argument : fromUtf8(row.arguments).split(QStringLiteral(", ")))
        if (argument.startsWith(begin)) return oneLine(argument, 60);
    return number;
}

void SystemCallsPanel::follow(uint64_t sequence, uint32_t descriptor) {
    context().post<debugger::FollowDescriptor>(
        this, {sequence, descriptor},
        [this](const std::string& filter) { m_box->setFilter(fromUtf8(filter)); });
}

void SystemCallsPanel::showMenu(const QPoint& at) {
    const ListedCall* found = m_model.rowAt(m_view->indexAt(at));
    if (!found) return;
    const ListedCall row = *found;
    const QString name = oneLine(row.name), first = sameFirstArgument(row);
    QMenu& menu = newMenu(this);
    menu.addAction(tr("Go to Caller"), this, [=, this] { context().goTo(row.caller); });
    menu.addSeparator();
    menu.addAction(tr("Show Only %1").arg(name), this,
                   [=, this] { m_box->setFilter(QStringLiteral("function = ") + name); });
    if (!first.isEmpty())
        menu.addAction(tr("Show Only Calls With %1").arg(oneLine(first, 60)), this,
                       [=, this] { m_box->setFilter(first); });
    for (const uint32_t descriptor : row.descriptors)
        menu.addAction(tr("Follow This Descriptor: %1").arg(descriptorText(row, descriptor)), this,
                       [=, this] { follow(row.sequence, descriptor); });
    menu.addAction(tr("Show All"), this, [this] { m_box->setFilter({}); })->setEnabled(!m_filter.empty());
    menu.addSeparator();
    menu.addAction(breakOn(row.name) ? tr("No Break on %1").arg(name) : tr("Break on %1").arg(name), this,
                   [=, this] { toggleBreak(row.name); });
    addAnswers(menu, row);
    menu.addSeparator();
    menu.addAction(theme().icon(QStringLiteral("bookmark")),
                   row.isMarked ? tr("Remove Bookmark (Ctrl+B)") : tr("Bookmark (Ctrl+B)"), this,
                   [this] { toggleBookmark(); });
    menu.addAction(tr("Next Bookmark (F2)"), this, [this] { goToBookmark(true); })
        ->setEnabled(!m_bookmarks.empty());
    menu.addSeparator();
    menu.addAction(tr("Copy Row"), this, [this] { copyRows(*m_view); });
    menu.addAction(tr("Copy as Line"), this, [=] { QApplication::clipboard()->setText(callLine(row)); });
    menu.popup(m_view->viewport()->mapToGlobal(at));
}

}  // namespace ui
