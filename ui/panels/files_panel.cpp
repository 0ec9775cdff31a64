#include "ui/panels/files_panel.h"

#include <QBoxLayout>

#include "ui/widgets/filter_box.h"
#include "ui/widgets/local_shortcut.h"
#include "ui/widgets/menu.h"
#include "ui/widgets/views.h"

namespace ui {
namespace {

using debugger::OpenFileRow;

constexpr int kSoonMs = 250;

QString bytesOf(uint64_t bytes) { return bytes > 0 ? byteSize(bytes) : QString(); }
Look dim(const OpenFileRow&) { return {.tone = Tone::Dim}; }

QString pathOf(const OpenFileRow& row) {
    // The standard streams have a kind and no path.
    return row.guestPath.empty() ? fromUtf8(row.kind) : fromUtf8(row.guestPath);
}

}  // namespace

std::vector<Column<OpenFileRow>> fileColumns() {
    return {
        {.title = "fd",
         .text = [](const OpenFileRow& row) { return QString::number(row.fd); },
         .kind = ColumnKind::Number,
         .width = 4},
        {.title = "Path",
         .text = pathOf,
         .kind = ColumnKind::Path,
         .look =
             [](const OpenFileRow& row) {
                 return Look{.tone = row.guestPath.empty() ? Tone::Dim : Tone::Text, .bold = row.isPreopen};
             },
         .tip =
             [](const OpenFileRow& row) {
                 const QString path = pathOf(row) + u'\n' + fromUtf8(row.hostPath);
                 return row.isPreopen ? path + QObject::tr("\nGranted before the start (preopen)") : path;
             }},
        {.title = "Kind",
         .text =
             [](const OpenFileRow& row) {
                 return row.isPreopen ? QStringLiteral("preopen") : fromUtf8(row.kind);
             },
         .width = 10,
         .rank = 1,
         .look = dim},
        {.title = "Position",
         .text =
             [](const OpenFileRow& row) {
                 return row.position > 0 ? QString::number(row.position) : QString();
             },
         .kind = ColumnKind::Number,
         .width = 9,
         .rank = 4},
        {.title = "Read",
         .text = [](const OpenFileRow& row) { return bytesOf(row.bytesRead); },
         .kind = ColumnKind::Number,
         .width = 9,
         .rank = 2},
        {.title = "Written",
         .text = [](const OpenFileRow& row) { return bytesOf(row.bytesWritten); },
         .kind = ColumnKind::Number,
         .width = 9,
         .rank = 3},
        {.title = "Rights",
         .text = [](const OpenFileRow& row) { return fromUtf8(row.rights); },
         .kind = ColumnKind::Code,
         .width = 14,
         .rank = 5,
         .look = dim},
        {.title = "On this machine",
         .text = [](const OpenFileRow& row) { return fromUtf8(row.hostPath); },
         .kind = ColumnKind::Path,
         .width = 32,
         .rank = 6,
         .look = dim},
    };
}

FilesPanel::FilesPanel(Context& context)
    : Panel(context),
      m_model(fileColumns(), this),
      m_box(new FilterBox(theme(), tr("Filter by path, kind or rights"),
                          tr("Shows only files with this text (Ctrl+F; Escape clears)"))),
      m_view(new TableView(theme(), tr("Open files"))) {
    m_view->setModel(&m_model, m_model);
    m_view->setPlaceholder(tr("No such open file."));
    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    auto* bar = new QHBoxLayout;
    bar->setContentsMargins(8, 4, 8, 4);
    bar->addWidget(m_box);
    layout->addLayout(bar);
    layout->addWidget(m_view, 1);
    setContent(content, m_view);
    m_soon.setSingleShot(true);
    m_soon.setInterval(kSoonMs);
    connect(&m_soon, &QTimer::timeout, this, &FilesPanel::ask);
    connect(m_box, &FilterBox::filterChanged, this, &FilesPanel::showRows);
    connect(m_view, &QWidget::customContextMenuRequested, this, &FilesPanel::showMenu);
    addLocalShortcut(this, QKeySequence(Qt::CTRL | Qt::Key_F),
                     [this] { m_box->setFocus(Qt::ShortcutFocusReason); });
    connect(&context, &Context::stopped, this, &FilesPanel::ask);
    connect(&context, &Context::exited, this, &FilesPanel::ask);
    connect(&context, &Context::callsAppended, this, &FilesPanel::askSoon);
    connect(&context, &Context::stateChanged, this, &FilesPanel::showState);
    connect(&context, &Context::moduleLoaded, this, [this] {
        m_files.clear();
        showRows();
    });
    showState();
}

void FilesPanel::showEvent(QShowEvent* event) {
    Panel::showEvent(event);
    ask();
}

// Files come and go with calls, but nobody reads faster than this.
void FilesPanel::askSoon() {
    if (!m_soon.isActive()) m_soon.start();
}

void FilesPanel::ask() {
    if (!isVisible() || !context().module()) return;
    context().post<debugger::GetOpenFiles>(
        this, {},
        [this](const std::vector<OpenFileRow>& files) {
            m_files = files;
            showRows();
            showState();
        },
        [](const engine::Error&) {});
}

void FilesPanel::showRows() {
    std::vector<OpenFileRow> rows;
    for (const OpenFileRow& file : m_files) {
        const QString text =
            fromUtf8(file.kind + ' ' + file.guestPath + ' ' + file.hostPath + ' ' + file.rights);
        if (text.contains(m_box->filter(), Qt::CaseInsensitive)) rows.push_back(file);
    }
    m_model.setRows(std::move(rows));
}

void FilesPanel::showState() {
    if (!context().module())
        return showEmpty(
            tr("Lists the files that the program holds open: paths, rights, position and bytes moved."));
    if (context().state() == debugger::SessionState::Ready && m_files.empty())
        return showEmpty(tr("Start the program; the files that it holds open are listed here."), "run");
    showContent();
}

void FilesPanel::showMenu(const QPoint& at) {
    const OpenFileRow* row = m_model.rowAt(m_view->indexAt(at));
    if (!row) return;
    QMenu& menu = newMenu(this);
    menu.addAction(tr("Copy Row"), this, [this] { copyRows(*m_view); });
    menu.popup(m_view->viewport()->mapToGlobal(at));
}

}  // namespace ui
