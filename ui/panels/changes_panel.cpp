#include "ui/panels/changes_panel.h"

#include <QElapsedTimer>
#include <QFileInfo>
#include <QMessageBox>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/widgets/diff_view.h"
#include "ui/widgets/menu.h"
#include "ui/widgets/views.h"

namespace ui {
namespace {

using wasi::FolderChange, wasi::FolderChanges;
using Kind = ChangeNode::Kind;

constexpr int kSoonMs = 300, kMostSoonMs = 10'000;
constexpr qint64 kLongMs = 200;  // an answer that takes longer is not asked for until somebody looks
constexpr int kCostShare = 20;   // what may be spent on looking, while the program runs: one part in so many
constexpr size_t kMostNamed = 12;

QString changesText(uint64_t count) {
    return count == 0   ? QObject::tr("no changes")
           : count == 1 ? QObject::tr("1 change")
                        : QObject::tr("%1 changes").arg(grouped(count));
}

bool isFolder(const FolderChange& change) { return change.type == wasi::Filetype::Directory; }

QString nameOf(const ChangeNode& node) {
    switch (node.kind) {
    case Kind::Folder: return fromUtf8(node.folder.guestPath);
    case Kind::Change:
        return fromUtf8(node.change.path) + (isFolder(node.change) ? QStringLiteral("/") : QString());
    case Kind::More: return QObject::tr("… %1 more").arg(grouped(node.more));
    }
    return {};
}

/// A sign and a word: colour alone says nothing.
QString whatOf(const ChangeNode& node) {
    if (node.kind == Kind::Folder)
        return node.folder.isOverlay ? QObject::tr("overlay of %1").arg(fromUtf8(node.folder.hostPath))
                                     : QObject::tr("in memory");
    if (node.kind == Kind::More) return {};
    switch (node.change.kind) {
    case FolderChange::Kind::Added: return QStringLiteral("+ ") + QObject::tr("added");
    case FolderChange::Kind::Changed: return QStringLiteral("~ ") + QObject::tr("changed");
    case FolderChange::Kind::Removed: return QStringLiteral("− ") + QObject::tr("removed");
    }
    return {};
}

Look whatLook(const ChangeNode& node) {
    if (node.kind != Kind::Change) return {.tone = Tone::Dim};
    switch (node.change.kind) {
    case FolderChange::Kind::Added: return {.tone = Tone::Good};
    case FolderChange::Kind::Changed: return {.tone = Tone::Changed};
    case FolderChange::Kind::Removed: return {.tone = Tone::Error};
    }
    return {};
}

QString sizeOf(const ChangeNode& node, bool isNow) {
    const auto without = isNow ? FolderChange::Kind::Removed : FolderChange::Kind::Added;
    if (node.kind != Kind::Change || isFolder(node.change) || node.change.kind == without) return {};
    return byteSize(isNow ? node.change.bytesNow : node.change.bytesBefore);
}

bool isSame(const ChangeNode& a, const ChangeNode& b) {
    return a.kind == b.kind && (a.kind == Kind::Folder ? a.folder.guestPath == b.folder.guestPath
                                                       : a.change.path == b.change.path);
}

int childCount(const ChangeNode& node) {
    return static_cast<int>(std::min(node.folder.total, ChangesPanel::kMostShown + 1));
}

uint64_t totalOf(const std::vector<FolderChanges>& folders) {
    uint64_t total = 0;
    for (const FolderChanges& folder : folders)
        total += folder.total;
    return total;
}

/// The first of the changes, for a question about all of them.
QString listed(const std::vector<const FolderChanges*>& folders) {
    QStringList lines;
    uint64_t total = 0;
    for (const FolderChanges* folder : folders) {
        total += folder->total;
        for (size_t i = 0; i < folder->changes.size() && static_cast<size_t>(lines.size()) < kMostNamed; ++i)
            lines << oneLine(wasi::toText(folder->changes[i]), 90);
    }
    if (const uint64_t named = static_cast<uint64_t>(lines.size()); total > named)
        lines << QObject::tr("… and %1 more").arg(grouped(total - named));
    return lines.join(u'\n');
}

}  // namespace

std::vector<Column<ChangeNode>> changeColumns() {
    return {
        {.title = "Path",
         .text = nameOf,
         .kind = ColumnKind::Path,
         .look =
             [](const ChangeNode& node) {
                 return Look{.tone = node.kind == Kind::More ? Tone::Dim : Tone::Text,
                             .bold = node.kind == Kind::Folder};
             }},
        {.title = "Change", .text = whatOf, .width = 16, .look = whatLook},
        {.title = "Before",
         .text = [](const ChangeNode& node) { return sizeOf(node, false); },
         .kind = ColumnKind::Number,
         .width = 10,
         .rank = 1,
         .look = [](const ChangeNode&) { return Look{.tone = Tone::Dim}; }},
        {.title = "Now",
         .text = [](const ChangeNode& node) { return sizeOf(node, true); },
         .kind = ColumnKind::Number,
         .width = 10,
         .rank = 1},
    };
}

ChangesPanel::ChangesPanel(Context& context)
    : Panel(context),
      m_model(changeColumns(), {.childCount = childCount, .same = isSame}, this),
      m_view(new TreeView(theme(), tr("Changes"))),
      m_diff(new DiffView(theme(), tr("Difference"))),
      m_splitter(new QSplitter(Qt::Horizontal)) {
    m_view->setModel(&m_model);
    m_diff->setPlaceholderText(tr("Choose a change: here is what became different."));
    m_splitter->addWidget(m_view);
    m_splitter->addWidget(m_diff);
    m_splitter->setSizes({450, 550});
    m_splitter->setChildrenCollapsible(false);
    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeBar());
    layout->addWidget(m_splitter, 1);
    setContent(content, m_view);

    m_soon.setSingleShot(true);
    m_soon.setInterval(kSoonMs);
    connect(&m_soon, &QTimer::timeout, this, &ChangesPanel::ask);
    connect(&m_model, &TreeModelBase::childrenWanted, this, &ChangesPanel::feed);
    connect(m_view->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this] {
        showButtons();
        showDiff();
    });
    connect(m_view, &QWidget::customContextMenuRequested, this, &ChangesPanel::showMenu);
    connect(&context, &Context::stopped, this, &ChangesPanel::askSoon);
    connect(&context, &Context::callsAppended, this, &ChangesPanel::askSoon);
    connect(&context, &Context::capabilitiesEdited, this, &ChangesPanel::ask);
    connect(&context, &Context::stateChanged, this, [this] {
        if (m_question) m_question->reject();  // what it is about may be different by now
        if (this->context().hasEnded()) {
            m_diffOf.reset();  // another run may make as many calls
            askSoon();
        }
        showState();
    });
    connect(&context, &Context::moduleLoaded, this, [this] {
        m_wasAnswered = false;
        m_lastTook = 0;
        fill({});
    });
    showState();
}

QWidget* ChangesPanel::makeBar() {
    auto* bar = new QWidget;
    auto* layout = new QHBoxLayout(bar);
    layout->setContentsMargins(8, 4, 8, 4);
    layout->setSpacing(4);
    m_summary = new QLabel;
    m_summary->setObjectName(QStringLiteral("changes-summary"));
    m_summary->setTextFormat(Qt::PlainText);
    m_summary->setForegroundRole(QPalette::PlaceholderText);
    layout->addWidget(m_summary);
    layout->addStretch(1);
    const auto button = [&](const char* name, const char* icon, const QString& text, bool applies) {
        auto* made = new QToolButton;
        made->setObjectName(QString::fromLatin1(name));
        made->setIcon(theme().icon(QString::fromLatin1(icon)));
        made->setText(text);
        made->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
        made->setAutoRaise(true);
        connect(made, &QToolButton::clicked, this, [this, applies] { settle(applies); });
        layout->addWidget(made);
        return made;
    };
    m_apply = button("apply-changes", "done", tr("Apply…"), true);
    m_discard = button("discard-changes", "delete", tr("Discard…"), false);
    return bar;
}

// ------------------------------------------------------------------------------------------------------------------ showing

void ChangesPanel::showEvent(QShowEvent* event) {
    Panel::showEvent(event);
    ask();
}

void ChangesPanel::resizeEvent(QResizeEvent* event) {
    Panel::resizeEvent(event);
    m_splitter->setOrientation(width() > height() * 3 / 2 ? Qt::Horizontal : Qt::Vertical);
}

/// Only calls change files: a step that made none costs nothing. A running program is not held up for what nobody looks at; once it
/// stands, the tab says how many changes there are.
void ChangesPanel::askSoon() {
    const bool isRunning = context().state() == debugger::SessionState::Running;
    if (context().callCount() == m_askedAt) return;
    if (!isVisible() && (isRunning || m_lastTook > kLongMs)) return markOld();
    if (!m_soon.isActive()) m_soon.start();
}

void ChangesPanel::markOld() {
    if (!m_folders.empty()) emit marked(QStringLiteral("…"));
}

void ChangesPanel::ask() {
    const bool hasNotRun = context().state() == debugger::SessionState::Ready && !context().hasEnded();
    if (!context().module() || hasNotRun) return;
    if (!isVisible() && m_lastTook > kLongMs) return markOld();
    m_askedAt = UINT64_MAX;
    if (std::exchange(m_isAsking, true)) return;  // and again behind the answer
    m_askedAt = context().callCount();
    QElapsedTimer since;
    since.start();
    context().post<debugger::GetFolderChanges>(
        this, {kMostShown},
        [this, since](const std::vector<FolderChanges>& folders) {
            m_isAsking = false;
            m_wasAnswered = true;
            m_lastTook = since.elapsed();
            m_soon.setInterval(
                static_cast<int>(std::clamp<qint64>(m_lastTook * kCostShare, kSoonMs, kMostSoonMs)));
            fill(folders);
            showState();
            askSoon();
        },
        [this](const engine::Error& error) {
            m_isAsking = false;
            m_summary->setText(QStringLiteral("⚠ ") + oneLine(error.message, 300));
        });
}

void ChangesPanel::fill(std::vector<FolderChanges> folders) {
    m_folders = std::move(folders);
    std::vector<ChangeNode> nodes;
    for (const FolderChanges& folder : m_folders) {
        ChangeNode node;
        node.folder = {folder.guestPath, folder.hostPath, folder.isOverlay, {}, folder.total};
        nodes.push_back(std::move(node));
    }
    m_model.setChildren({}, std::move(nodes));
    for (int row = 0; row < m_model.rowCount(); ++row) {
        const QModelIndex at = m_model.index(row, 0);
        if (m_model.rowCount(at) > 0 || m_folders[static_cast<size_t>(row)].total == 0) continue;
        // It may have been open, with changes that were applied since: only opening it fetches others.
        m_view->collapse(at);
        m_view->expand(at);
    }
    const uint64_t total = totalOf(m_folders);
    m_summary->setText(m_folders.empty() ? QString() : changesText(total));
    emit marked(total == 0 ? QString() : grouped(total));
    showButtons();
    showDiff();
}

void ChangesPanel::feed(const QModelIndex& parent, int first) {
    if (!parent.isValid() || static_cast<size_t>(parent.row()) >= m_folders.size()) return;
    const FolderChanges& folder = m_folders[static_cast<size_t>(parent.row())];
    std::vector<ChangeNode> children;
    for (size_t i = static_cast<size_t>(first); i < folder.changes.size(); ++i)
        children.push_back({Kind::Change, {}, folder.changes[i]});
    if (const uint64_t more = folder.total - folder.changes.size(); more > 0)
        children.push_back({Kind::More, {}, {}, more});
    m_model.setChildren(parent, std::move(children), first);
}

void ChangesPanel::showState() {
    showButtons();
    if (!context().module())
        return showEmpty(
            tr("Lists what the program changed in folders that it has as overlays or in memory, with "
               "the differences, and does it on this machine when you say so."));
    if (context().state() == debugger::SessionState::Ready && !context().hasEnded())
        return showEmpty(tr("Start the program; what it changes in overlays is listed here."),
                         QStringLiteral("run"));
    if (m_wasAnswered && m_folders.empty())
        return showEmpty(tr("No folder is an overlay: what the program changes is changed on this machine. "
                            "Capabilities makes a folder “Copy on Write”."),
                         QStringLiteral("capabilities"));
    showContent();
}

void ChangesPanel::showButtons() {
    const FolderChanges* folder = chosenFolder();
    uint64_t count = folder && folder->isOverlay ? folder->total : 0;
    if (!folder)
        for (const FolderChanges& each : m_folders)
            count += each.isOverlay ? each.total : 0;
    const QString whyNot = folder && !folder->isOverlay
                               ? tr("This folder is in memory: it ends with the program.")
                           : isRunning() ? tr("The program runs: pause it first (F6).")
                           : count == 0  ? tr("Nothing was changed.")
                                         : QString();
    const QString where = folder ? fromUtf8(folder->guestPath) : tr("all overlays");
    for (QToolButton* button : {m_apply, m_discard}) {
        button->setEnabled(whyNot.isEmpty());
        const QString does = button == m_apply ? tr("Makes the changes of %1 on this machine; asks first")
                                               : tr("Forgets the changes of %1; asks first");
        button->setToolTip(plainTip(does.arg(where) + (whyNot.isEmpty() ? whyNot : u'\n' + whyNot)));
    }
}

void ChangesPanel::showDiff() {
    const QModelIndex index = m_view->currentIndex();
    const ChangeNode* node = m_model.node(index);
    if (!node || node->kind != Kind::Change) {
        ++m_diffAsked;
        m_diffOf.reset();
        return m_diff->showDiff({});
    }
    const std::string& guestPath = m_model.node(index.parent())->folder.guestPath;
    DiffOf wanted{guestPath, node->change, context().callCount()};
    // The row gets what the list was told only later.
    for (const FolderChange& told : m_folders[static_cast<size_t>(index.parent().row())].changes)
        if (told.path == node->change.path) wanted.change = told;
    if (m_diffOf == wanted) return;
    m_diffOf = std::move(wanted);
    const uint64_t asked = ++m_diffAsked;
    context().post<debugger::GetFolderDiff>(
        this, {guestPath, node->change.path},
        [this, asked](const std::string& diff) {
            if (asked != m_diffAsked) return;
            // The first line names the folder, which is in sight.
            m_diff->showDiff(
                std::string_view(diff).substr(diff.starts_with("Changes of ") ? diff.find('\n') + 1 : 0));
        },
        [this, asked](const engine::Error& error) {
            if (asked != m_diffAsked) return;
            m_diffOf.reset();
            m_diff->showDiff(error.message);
        });
}

// -------------------------------------------------------------------------------------------------------------------- doing

bool ChangesPanel::isRunning() const {
    return context().state() == debugger::SessionState::Running ||
           context().state() == debugger::SessionState::Waiting;
}

const FolderChanges* ChangesPanel::chosenFolder() const {
    if (m_folders.size() == 1) return &m_folders[0];
    const QModelIndex index = m_view->currentIndex();
    if (!index.isValid()) return nullptr;
    const auto row = static_cast<size_t>((index.parent().isValid() ? index.parent() : index).row());
    return row < m_folders.size() ? &m_folders[row] : nullptr;
}

/// The list may be old by now: the question is about what there is, as that is what will be done.
void ChangesPanel::settle(bool applies) {
    const FolderChanges* folder = chosenFolder();
    const std::string guestPath = folder ? folder->guestPath : std::string();
    context().post<debugger::GetFolderChanges>(
        this, {kMostShown},
        [this, applies, guestPath,
         asked = context().generation()](const std::vector<FolderChanges>& folders) {
            fill(folders);
            if (asked == context().generation() && !isRunning()) return openQuestion(applies, guestPath);
            context().notify({Notice::Kind::Info, applies ? tr("Not applied") : tr("Not discarded"),
                              tr("the program went on meanwhile. Ask again where it stands.")});
        });
}

void ChangesPanel::openQuestion(bool applies, const std::string& guestPath) {
    std::vector<const FolderChanges*> about;
    uint64_t count = 0;
    QStringList hosts;
    for (const FolderChanges& each : m_folders) {
        if (!each.isOverlay || (!guestPath.empty() && each.guestPath != guestPath)) continue;
        about.push_back(&each);
        count += each.total;
        hosts << oneLine(QFileInfo(fromUtf8(each.hostPath)).absoluteFilePath(), 200);
    }
    const QString title = applies ? tr("Apply Changes") : tr("Discard Changes");
    if (count == 0) return context().notify({Notice::Kind::Info, title, tr("Nothing was changed.")});
    const QString where = hosts.join(QStringLiteral(", "));
    delete m_question;
    m_question = new QMessageBox(
        QMessageBox::Warning, title,
        (applies ? tr("Apply %1 to %2?") : tr("Discard %1 of %2?"))
            .arg(changesText(count),
                 applies ? where : oneLine(guestPath.empty() ? where : fromUtf8(guestPath), 200)),
        QMessageBox::Cancel, this);
    m_question->setAttribute(Qt::WA_DeleteOnClose);
    m_question->setTextFormat(Qt::PlainText);
    m_question->setText(
        m_question->text() + QStringLiteral("\n\n") + listed(about) + QStringLiteral("\n\n") +
        (applies ? tr("Files there are written, replaced and removed; this cannot be undone.")
                 : tr("The program sees the folder as it is on this machine again; this cannot be undone.")));
    QPushButton* act = m_question->addButton(applies ? tr("Apply") : tr("Discard"), QMessageBox::AcceptRole);
    act->setObjectName(QStringLiteral("settle"));
    m_question->setDefaultButton(QMessageBox::Cancel);
    connect(act, &QPushButton::clicked, this, [this, applies, guestPath] {
        const auto done = [this, applies](const uint64_t& changes) {
            context().notify(
                {Notice::Kind::Info, applies ? tr("Applied") : tr("Discarded"), changesText(changes)});
            ask();
        };
        const auto failed = [this](const engine::Error& error) {
            context().reportError(error);
            ask();
        };
        applies ? context().post<debugger::ApplyFolderChanges>(this, {guestPath}, done, failed)
                : context().post<debugger::DiscardFolderChanges>(this, {guestPath}, done, failed);
    });
    m_question->open();
}

void ChangesPanel::showMenu(const QPoint& at) {
    const bool isRow = m_view->indexAt(at).isValid();
    QMenu& menu = newMenu(this);
    for (QToolButton* button : {m_apply, m_discard})
        menu.addAction(button->icon(), button->text(), button, &QToolButton::click)
            ->setEnabled(button->isEnabled());
    menu.addSeparator();
    menu.addAction(tr("Copy Row"), this, [this] { copyRows(*m_view); })->setEnabled(isRow);
    menu.addAction(tr("Copy Difference"), this, [this] {
        m_diff->selectAll();
        m_diff->copy();
    });
    menu.popup(m_view->viewport()->mapToGlobal(at));
}

}  // namespace ui
