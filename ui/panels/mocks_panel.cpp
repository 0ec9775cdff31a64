#include "ui/panels/mocks_panel.h"

#include <QVBoxLayout>

#include "ui/script_trust.h"
#include "ui/widgets/add_line.h"
#include "ui/widgets/ask_for.h"
#include "ui/widgets/local_shortcut.h"
#include "ui/widgets/menu.h"
#include "ui/widgets/views.h"
#include "wasi/mock_json.h"

namespace ui {

namespace {

enum Part : int { Call, When, Which, Answer };

QString hitsOf(const MockRow& row) {
    if (row.info.seen == row.info.hits) return grouped(row.info.hits);
    return QObject::tr("%1 of %2").arg(grouped(row.info.hits), grouped(row.info.seen));
}

Look partLook(const MockRow& row) { return {.tone = row.info.rule.enabled ? Tone::Text : Tone::Dim}; }
bool always(const MockRow&) { return true; }

}  // namespace

std::vector<Column<MockRow>> mockColumns() {
    return {
        {.title = "Call",
         .text = [](const MockRow& row) { return fromUtf8(row.text.call); },
         .kind = ColumnKind::Code,
         .width = 20,
         .look = partLook,
         .tip =
             [](const MockRow& row) {
                 return QObject::tr("Mock %1: %2\nThe first rule that fires decides; double click edits")
                     .arg(row.info.id)
                     .arg(fromUtf8(row.text.line()));
             },
         .checked = [](const MockRow& row) { return std::optional<bool>(row.info.rule.enabled); },
         .editable = always},
        {.title = "When",
         .text = [](const MockRow& row) { return fromUtf8(row.text.when); },
         .kind = ColumnKind::Code,
         .look = partLook,
         .editable = always},
        {.title = "Which",
         .text = [](const MockRow& row) { return fromUtf8(row.text.which); },
         .kind = ColumnKind::Code,
         .width = 14,
         .look = partLook,
         .editable = always},
        {.title = "Answer",
         .text = [](const MockRow& row) { return fromUtf8(row.text.answer); },
         .kind = ColumnKind::Code,
         .look =
             [](const MockRow& row) { return Look{.tone = row.info.rule.enabled ? Tone::Mock : Tone::Dim}; },
         .editable = always},
        {.title = "Hits",
         .text = hitsOf,
         .kind = ColumnKind::Number,
         .width = 9,
         .rank = 1,
         .look =
             [](const MockRow& row) {
                 return Look{.tone = !row.info.problem.empty() ? Tone::Error
                                     : row.info.hits > 0       ? Tone::Text
                                                               : Tone::Dim};
             },
         .tip =
             [](const MockRow& row) {
                 const QString text = QObject::tr("Decided %1 of %2 calls that matched in this run")
                                          .arg(row.info.hits)
                                          .arg(row.info.seen);
                 return row.info.problem.empty() ? text : text + u'\n' + oneLine(row.info.problem);
             }},
    };
}

QString ruleLike(const debugger::CallDetail& call) {
    QString text = fromUtf8(call.row.name);
    QString link = QStringLiteral(" ");
    for (const debugger::CallValue& argument : call.arguments) {
        QString value = fromUtf8(argument.text);
        if (argument.type == "fd")
            value = value.section(u' ', 0, 0);  // without the file's name
        else if (argument.type != "string" || !value.startsWith(u'"') || !value.endsWith(u'"'))
            continue;
        text += link + fromUtf8(argument.name) + QStringLiteral(" = ") + value;
        link = QStringLiteral(" and ");
    }
    return text;
}

MocksPanel::MocksPanel(Context& context) : Panel(context), m_model(mockColumns(), this) {
    auto* content = new QWidget;
    m_view = new TableView(theme(), tr("Mocks"));
    m_view->setModel(&m_model, m_model);
    m_view->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed);
    m_view->setPlaceholder(
        tr("No mocks: every call is answered by the host. The line below adds a rule, or "
           "“Answer Such Calls With” in the menu of a system call."));
    m_line = new AddLine(
        theme(),
        {tr("New mock"), tr("Add: path_open path ~ \"*.cfg\" nth 3 errno noent"),
         tr("CALL [CONDITION] [nth N | from N to N | every N | probability P seed N] and an answer: errno "
            "NAME, reply [RESULT=VALUE] [bytes \"…\"] [entry NAME …], short N, corrupt N, trap, stop, pass, "
            "script FILE; "
            "before it delay "
            "5ms")});
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_view, 1);
    layout->addWidget(m_line);
    setContent(content, m_view);

    connect(&context, &Context::mocksChanged, this, &MocksPanel::fill);
    connect(&context, &Context::stateChanged, this, &MocksPanel::fill);
    connect(&context, &Context::mockRequested, this, &MocksPanel::startTyping);
    connect(m_line, &AddLine::entered, this, &MocksPanel::add);
    connect(m_view, &QWidget::customContextMenuRequested, this, &MocksPanel::showMenu);
    connect(m_view, &TableView::removeRequested, this, &MocksPanel::removeSelected);
    connect(&m_model, &TableModelBase::edited, this, &MocksPanel::edit);
    connect(&m_model, &TableModelBase::toggled, this, [this](int row, int, bool on) { toggle(row, on); });
    addLocalShortcut(m_view, QKeySequence(Qt::ALT | Qt::Key_Up), [this] { move(-1); });
    addLocalShortcut(m_view, QKeySequence(Qt::ALT | Qt::Key_Down), [this] { move(1); });
    fill();
}

MocksPanel::Entries MocksPanel::entries() const {
    Entries all;
    for (const MockRow& row : m_model.rows())
        all.push_back({row.info.id, row.info.rule});
    return all;
}

void MocksPanel::fill() {
    if (!context().module())
        return showEmpty(
            tr("Lists the rules by which calls of the program are answered in place of the host: "
               "errors, short reads, delays, wrong data."));
    showContent();
    std::vector<MockRow> rows;
    for (const wasi::MockInfo& info : context().mocks()) {
        wasi::MockRule rule = info.rule;
        rule.enabled = true;
        rows.push_back({info, wasi::toText(rule)});
    }
    m_model.setRows(std::move(rows));
    setFocusProxy(m_model.rowCount() > 0 ? static_cast<QWidget*>(m_view) : m_line);
}

void MocksPanel::set(Entries entries, std::function<void()> then) {
    context().setMocks(entries, [this, panel = QPointer(this), entries, then](const engine::Error* error) {
        if (!panel) return;
        if (error && error->code == engine::ErrorCode::Denied) {
            std::vector<std::string> scripts;
            for (const wasi::MockEntry& entry : entries)
                if (!entry.rule.script.empty()) scripts.push_back(entry.rule.script);
            offerTrust(context(), scripts, {}, [panel, entries, then] {
                if (panel) panel->set(entries, then);
            });
        }
        if (error) return m_line->refuse(*error);
        m_line->hideError();
        if (then) then();
    });
}

void MocksPanel::startTyping(const QString& rule) {
    m_line->startTyping(rule.isEmpty() ? QString() : rule + u' ');
}

void MocksPanel::add(const QString& text) {
    const auto rule = wasi::parseMock(toUtf8(text));
    if (!rule.ok()) return m_line->refuse(rule.error());
    Entries all = entries();
    all.push_back({0, rule.value()});
    set(std::move(all), [this, text] { m_line->accept(text); });
}

void MocksPanel::edit(int row, int column, const QString& text) {
    const MockRow* chosen = m_model.rowAt(row);
    if (!chosen) return;
    wasi::MockText parts = chosen->text;
    std::string* const changed[] = {&parts.call, &parts.when, &parts.which, &parts.answer};
    *changed[column] = toUtf8(text);
    auto rule = wasi::parseMock(parts.line());
    if (!rule.ok()) return m_line->refuse(rule.error());
    rule.value().enabled = chosen->info.rule.enabled;
    Entries all = entries();
    all[static_cast<size_t>(row)].rule = std::move(rule.value());
    set(std::move(all));
}

void MocksPanel::toggle(int row, bool on) {
    Entries all = entries();
    all[static_cast<size_t>(row)].rule.enabled = on;
    set(std::move(all));
}

void MocksPanel::removeSelected() {
    Entries all = entries();
    for (const QModelIndex& index : m_view->selectionModel()->selectedRows())
        std::erase_if(all,
                      [id = m_model.rowAt(index)->info.id](const auto& entry) { return entry.id == id; });
    set(std::move(all));
}

/// The current rule changes places with its neighbour, and stays the current one.
void MocksPanel::move(int by) {
    const int from = m_view->currentIndex().row(), to = from + by;
    if (from < 0 || to < 0 || to >= m_model.rowCount()) return;
    Entries all = entries();
    std::swap(all[static_cast<size_t>(from)], all[static_cast<size_t>(to)]);
    set(std::move(all), [this, to] { m_view->setCurrentIndex(m_model.index(to, 0)); });
}

void MocksPanel::loadFile(const QString& path) {
    auto rules = wasi::loadMocks(toUtf8(path));
    if (!rules.ok()) return m_line->refuse(rules.error());
    Entries all;
    for (wasi::MockRule& rule : rules.value())
        all.push_back({0, std::move(rule)});
    set(std::move(all));
}

void MocksPanel::saveFile(const QString& path) {
    std::vector<wasi::MockRule> rules;
    for (const MockRow& row : m_model.rows())
        rules.push_back(row.info.rule);
    if (const auto saved = wasi::saveMocks(toUtf8(path), rules); !saved) m_line->refuse(saved.error());
}

void MocksPanel::showMenu(const QPoint& at) {
    const QModelIndex index = m_view->indexAt(at);
    const QString filter = tr("Mocks (*.json);;All files (*)");
    QMenu& menu = newMenu(this);
    menu.addAction(theme().icon(QStringLiteral("add")), tr("Add Mock…"), this, [this] { startTyping(); });
    if (const MockRow* row = m_model.rowAt(index)) {
        const bool isOn = row->info.rule.enabled;
        const int at_ = index.row();
        menu.addAction(theme().icon(QStringLiteral("edit")), tr("Edit"), this,
                       [this, i = QPersistentModelIndex(index)] { m_view->edit(i); });
        menu.addAction(isOn ? tr("Disable") : tr("Enable"), this, [=, this] { toggle(at_, !isOn); });
        menu.addAction(theme().icon(QStringLiteral("up")), tr("Move Up (Alt+Up)"), this, [this] { move(-1); })
            ->setEnabled(at_ > 0);
        menu.addAction(theme().icon(QStringLiteral("down")), tr("Move Down (Alt+Down)"), this,
                       [this] { move(1); })
            ->setEnabled(at_ + 1 < m_model.rowCount());
        menu.addAction(theme().icon(QStringLiteral("delete")), tr("Delete"), this,
                       &MocksPanel::removeSelected);
    }
    menu.addSeparator();
    menu.addAction(theme().icon(QStringLiteral("open")), tr("Load…"), this, [=, this] {
        pickFile(this, tr("Load Mocks"), filter, [this](const QString& path) { loadFile(path); });
    });
    menu.addAction(tr("Save As…"), this,
                   [=, this] {
                       pickNewFile(this, tr("Save Mocks"), filter, QStringLiteral("json"),
                                   [this](const QString& path) { saveFile(path); });
                   })
        ->setEnabled(m_model.rowCount() > 0);
    menu.addAction(tr("Delete All"), this, [this] { set({}); })->setEnabled(m_model.rowCount() > 0);
    menu.popup(m_view->viewport()->mapToGlobal(at));
}

}  // namespace ui
