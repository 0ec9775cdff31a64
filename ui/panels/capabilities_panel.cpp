#include "ui/panels/capabilities_panel.h"

#include <QApplication>
#include <QBoxLayout>
#include <QClipboard>
#include <QToolButton>
#include <array>

#include "ui/policy_file.h"
#include "ui/widgets/ask_for.h"
#include "ui/widgets/menu.h"
#include "ui/widgets/views.h"
#include "wasi/capabilities_json.h"

namespace ui {
namespace {

using wasi::GrantKind, wasi::GrantUse, wasi::Refusal;
using Kind = GrantNode::Kind;

constexpr int kSoonMs = 250;

/// Groups of the tree, in their order.
enum Group : size_t { Refused, Folders, Sockets, Variables, Others, GroupCount };
constexpr const char* kGroupTitles[] = {"Refused", "Folders", "Listening sockets", "Environment",
                                        "Arguments, streams, clock, random"};

Group groupOf(GrantKind kind) {
    switch (kind) {
    case GrantKind::Directory: return Folders;
    case GrantKind::Listener: return Sockets;
    case GrantKind::Environment: return Variables;
    default: return Others;
    }
}

QString nameOf(const GrantNode& node) {
    switch (node.kind) {
    case Kind::Group:
        return node.count ? QStringLiteral("%1 · %2").arg(node.title, grouped(node.count)) : node.title;
    case Kind::Grant: return fromUtf8(node.use->name);
    case Kind::Refusal: return fromUtf8(node.refusal->subject);
    case Kind::Call: return node.title;
    }
    return {};
}

Look nameLook(const GrantNode& node) {
    switch (node.kind) {
    case Kind::Group: return {.bold = true};
    case Kind::Refusal: return {.tone = Tone::Denied, .icon = "warning"};
    case Kind::Call: return {.tone = Tone::Dim};
    case Kind::Grant: break;
    }
    const Tone tone = node.use->isUsed ? Tone::Text : Tone::Dim;
    return node.use->warning.empty() ? Look{.tone = tone} : Look{.tone = tone, .icon = "warning"};
}

QString grantedOf(const GrantNode& node) {
    if (node.kind == Kind::Grant)
        return node.use->isRevoked ? QObject::tr("revoked") : fromUtf8(node.use->granted);
    if (node.kind == Kind::Refusal) return fromUtf8(node.refusal->why);
    return {};
}

QString stateOf(const GrantNode& node) {
    if (node.kind == Kind::Refusal)
        return node.refusal->flag.empty() ? QObject::tr("no grant allows it")
                                          : QObject::tr("allowed by ") + fromUtf8(node.refusal->flag);
    if (node.kind != Kind::Grant) return {};
    const GrantUse& use = *node.use;
    if (!use.isUsed) return use.calls ? QObject::tr("only looked at") : QObject::tr("not used");
    const bool isFolder = use.kind == GrantKind::Directory;
    QString text = use.isChanged ? (isFolder ? QObject::tr("changed") : QObject::tr("written"))
                                 : (isFolder ? QObject::tr("only read") : QObject::tr("used"));
    if (!use.folder.empty() && use.folder != use.name)
        text += QObject::tr(", below %1").arg(fromUtf8(use.folder));
    return text;
}

Look stateLook(const GrantNode& node) {
    if (node.kind == Kind::Refusal) return {.tone = Tone::Denied};
    return {.tone = node.kind == Kind::Grant && node.use->isUsed ? Tone::Good : Tone::Dim};
}

QString callsOf(const GrantNode& node) {
    const uint64_t calls = node.kind == Kind::Grant     ? node.use->calls
                           : node.kind == Kind::Refusal ? node.refusal->count
                           : node.kind == Kind::Call    ? node.count
                                                        : 0;
    return calls ? grouped(calls) : QString();
}

QString bytesOf(uint64_t bytes) { return bytes ? byteSize(bytes) : QString(); }

QString tipOf(const GrantNode& node) {
    if (node.kind == Kind::Grant) {
        QString text = nameOf(node) + u'\n' + grantedOf(node) + u'\n' + fromUtf8(wasi::usedText(*node.use));
        if (!node.use->warning.empty()) text += u'\n' + fromUtf8(node.use->warning);
        return text;
    }
    if (node.kind == Kind::Refusal)
        return nameOf(node) + u'\n' + fromUtf8(wasi::refusedText(*node.refusal)) + u'\n' + stateOf(node);
    return nameOf(node);
}

bool isSame(const GrantNode& a, const GrantNode& b) {
    return a.kind == b.kind && (a.kind == Kind::Group ? a.title == b.title : nameOf(a) == nameOf(b));
}

int childCount(const GrantNode& node) {
    if (node.kind == Kind::Group) return static_cast<int>(node.count);
    return node.kind == Kind::Grant ? static_cast<int>(node.use->byCall.size()) : 0;
}

}  // namespace

std::vector<Column<GrantNode>> grantColumns() {
    return {
        {.title = "Capability",
         .text = nameOf,
         .kind = ColumnKind::Path,
         .width = 26,
         .look = nameLook,
         .tip = tipOf},
        {.title = "Granted", .text = grantedOf, .kind = ColumnKind::Path, .tip = tipOf},
        {.title = "Used", .text = stateOf, .width = 34, .rank = 1, .look = stateLook, .tip = tipOf},
        {.title = "Calls", .text = callsOf, .kind = ColumnKind::Number, .width = 8},
        {.title = "Read",
         .text = [](const GrantNode& n) { return n.use ? bytesOf(n.use->bytesRead) : QString(); },
         .kind = ColumnKind::Number,
         .width = 10,
         .rank = 3},
        {.title = "Written",
         .text = [](const GrantNode& n) { return n.use ? bytesOf(n.use->bytesWritten) : QString(); },
         .kind = ColumnKind::Number,
         .width = 10,
         .rank = 3},
    };
}

CapabilitiesPanel::CapabilitiesPanel(Context& context)
    : Panel(context),
      m_model(grantColumns(), {.childCount = childCount, .same = isSame}, this),
      m_view(new TreeView(theme(), tr("Capabilities"))) {
    m_view->setModel(&m_model);
    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeBar());
    layout->addWidget(m_view, 1);
    setContent(content, m_view);

    m_soon.setSingleShot(true);
    m_soon.setInterval(kSoonMs);
    connect(&m_soon, &QTimer::timeout, this, &CapabilitiesPanel::ask);
    connect(&m_model, &TreeModelBase::childrenWanted, this, &CapabilitiesPanel::feed);
    connect(m_view, &TreeView::removeRequested, this, &CapabilitiesPanel::revokeSelected);
    connect(m_view, &TreeView::chosen, this, [this](const QModelIndex& index) {
        const GrantNode* node = m_model.node(index);
        if (node && node->kind == Kind::Refusal) emit this->context().callRequested(node->refusal->last);
    });
    connect(m_view, &QWidget::customContextMenuRequested, this, &CapabilitiesPanel::showMenu);
    connect(&context, &Context::stopped, this, [this] {
        tellDenied();
        ask();
    });
    connect(&context, &Context::exited, this, &CapabilitiesPanel::ask);
    connect(&context, &Context::callsAppended, this, &CapabilitiesPanel::askSoon);
    connect(&context, &Context::stateChanged, this, &CapabilitiesPanel::showState);
    connect(&context, &Context::capabilitiesEdited, this, &CapabilitiesPanel::ask);
    connect(&context, &Context::moduleLoaded, this, [this] {
        m_model.clear();
        showState();
        ask();
    });
    connect(&context, &Context::moduleUnloaded, this, &CapabilitiesPanel::showState);
    connect(&context, &Context::breakpointsChanged, this, [this] {
        bool stops = false;
        for (const auto& [id, info] : this->context().breakpoints())
            stops |= info.spec.kind == debugger::BreakpointSpec::Kind::Denied && info.spec.enabled;
        m_stops->setChecked(stops);
    });
    showState();
}

QWidget* CapabilitiesPanel::makeBar() {
    auto* bar = new QWidget;
    auto* layout = new QHBoxLayout(bar);
    layout->setContentsMargins(8, 4, 8, 4);
    layout->setSpacing(4);
    const auto button = [&](const char* icon, const QString& text, const QString& tip) {
        auto* made = new QToolButton;
        made->setIcon(theme().icon(QString::fromLatin1(icon)));
        made->setText(text);
        made->setToolTip(plainTip(tip));
        made->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
        made->setAutoRaise(true);
        layout->addWidget(made);
        return made;
    };
    auto* folder = button("add", tr("Folder…"), tr("Grants a folder, read-only at first"));
    folder->setObjectName(QStringLiteral("add-folder"));
    connect(folder, &QToolButton::clicked, this, &CapabilitiesPanel::addFolder);
    auto* other =
        button("add", tr("Other…"), tr("Grants a variable, a listening socket, or a folder by name"));
    other->setObjectName(QStringLiteral("add-other"));
    connect(other, &QToolButton::clicked, this, [this] {
        askForLine(this, tr("Grant"),
                   tr("dir HOST::GUEST ro|rw|overlay|memory, env NAME=VALUE, or listen ADDRESS:PORT"),
                   [this](const QString& text) {
                       const auto wanted = wasi::parseGrant(toUtf8(text));
                       wanted ? grant(*wanted) : context().reportError(wanted.error());
                   });
    });
    auto* copy =
        button("copy", tr("Export"), tr("Copies or saves what is granted, or the least that this run needs"));
    copy->setObjectName(QStringLiteral("copy-as"));
    copy->setPopupMode(QToolButton::InstantPopup);
    auto* menu = new QMenu(copy);
    menu->addSection(tr("What is granted"));
    addExportActions(*menu, false);
    menu->addSection(tr("The least that this run needs"));
    addExportActions(*menu, true);
    copy->setMenu(menu);
    layout->addStretch(1);
    m_stops =
        button("panel-capabilities", tr("Stop at denied calls"),
               tr("Stops before the program learns of a refusal: grant what lacks, and the call is made "
                  "again. What C libraries refuse by themselves is seen from the next start on"));
    m_stops->setObjectName(QStringLiteral("stop-at-denied"));
    m_stops->setCheckable(true);
    connect(m_stops, &QToolButton::clicked, this,
            [this] { context().perform(QStringLiteral("break-denied")); });
    return bar;
}

// ------------------------------------------------------------------------------------------------------------------ showing

void CapabilitiesPanel::showEvent(QShowEvent* event) {
    Panel::showEvent(event);
    ask();
}

void CapabilitiesPanel::askSoon() {
    if (!m_soon.isActive()) m_soon.start();
}

void CapabilitiesPanel::ask() {
    if (!isVisible() || !context().module()) return;
    context().post<debugger::GetLedger>(
        this, {},
        [this](const wasi::LedgerView& ledger) {
            m_ledger = ledger;
            fill();
        },
        [](const engine::Error&) {});
}

void CapabilitiesPanel::fill() {
    m_groups.assign(GroupCount, {});
    for (const Refusal& refusal : m_ledger.refusals)
        m_groups[Refused].push_back(
            {.kind = Kind::Refusal, .title = {}, .refusal = std::make_shared<Refusal>(refusal)});
    for (const GrantUse& use : m_ledger.grants)
        m_groups[groupOf(use.kind)].push_back(
            {.kind = Kind::Grant, .title = {}, .use = std::make_shared<GrantUse>(use)});
    std::vector<GrantNode> nodes;
    for (size_t group = 0; group < GroupCount; ++group)
        nodes.push_back({.kind = Kind::Group,
                         .title = QString::fromLatin1(kGroupTitles[group]),
                         .count = m_groups[group].size()});
    // A failure that the host knows nothing of: who looks for it here learns how to see it.
    const bool hasFailed = context().state() == debugger::SessionState::Exited && context().exitCode() != 0;
    if (hasFailed && m_ledger.refusals.empty() && !m_stops->isChecked())
        nodes[Refused].title +=
            tr(": nothing by the host. What C libraries refuse by themselves, as no folder "
               "covers it, is seen with “Stop at denied calls” and a new start");
    std::array<uint64_t, GroupCount> before{};
    for (size_t group = 0; group < GroupCount && !m_model.isEmpty(); ++group)
        before[group] = m_model.node(m_model.index(static_cast<int>(group), 0))->count;
    m_model.setChildren({}, std::move(nodes));
    for (size_t group = 0; group < GroupCount; ++group) {
        m_view->setFirstColumnSpanned(static_cast<int>(group), {}, true);
        // A group opens with its first rows; what the user closes stays closed.
        if (before[group] == 0 && !m_groups[group].empty() && group != Variables)
            m_view->expand(m_model.index(static_cast<int>(group), 0));
    }
    emit marked(m_groups[Refused].empty() ? QString() : tr("%1 refused").arg(m_groups[Refused].size()));
}

void CapabilitiesPanel::feed(const QModelIndex& parent, int first) {
    const GrantNode* node = m_model.node(parent);
    if (!node) return;
    std::vector<GrantNode> children;
    if (node->kind == Kind::Group) {
        children = m_groups[static_cast<size_t>(parent.row())];
    } else if (node->kind == Kind::Grant) {
        for (const auto& [call, count] : node->use->byCall)
            children.push_back({.kind = Kind::Call, .title = fromUtf8(call), .count = count});
    }
    children.erase(children.begin(), children.begin() + std::min<ptrdiff_t>(first, std::ssize(children)));
    m_model.setChildren(parent, std::move(children), first);
}

void CapabilitiesPanel::showState() {
    if (!context().module())
        return showEmpty(
            tr("Shows what a program is granted, what of it was used, and what was refused: folders, "
               "variables, sockets, streams, clock."));
    showContent();
}

/// Said in the window, whichever panel is in front: what lacks, and the button that grants it.
void CapabilitiesPanel::tellDenied() {
    const debugger::StopInfo& stop = context().stop();
    if (stop.reason != debugger::StopReason::Denied || !stop.refusal) return;
    Notice notice{Notice::Kind::Warning, tr("%1 was denied").arg(oneLine(stop.refusal->call)),
                  oneLine(stop.refusal->why, 300)};
    notice.untilResumed = true;
    if (const auto& lacking = stop.refusal->grant) {
        notice.text +=
            tr(". Grant %1, and the call is made again.").arg(oneLine(wasi::toText(*lacking), 200));
        notice.choices.push_back({tr("Grant and Retry"), [this, lacking] { grant(*lacking, true); }});
    }
    notice.choices.push_back(
        {tr("Continue without"), [this] { context().perform(QStringLiteral("continue")); }});
    context().notify(notice);
    emit context().panelRequested(QStringLiteral("capabilities"));
}

// -------------------------------------------------------------------------------------------------------------------- doing

const GrantNode* CapabilitiesPanel::selected() const { return m_model.node(m_view->currentIndex()); }

void CapabilitiesPanel::addFolder() {
    pickFolder(this, tr("Folder for the program"), [this](const QString& folder) {
        grant(wasi::Preopen{toUtf8(folder), toUtf8(folder), wasi::MountKind::ReadOnly});
    });
}

void CapabilitiesPanel::grant(const wasi::Grant& wanted, bool goesOn) {
    context().post<debugger::GrantCapability>(this, {wanted}, [this, goesOn](const std::string& said) {
        emit context().capabilitiesEdited();
        if (goesOn)
            context().perform(QStringLiteral("continue"));
        else
            context().notify({Notice::Kind::Info, tr("Granted"), oneLine(said, 300)});
    });
}

void CapabilitiesPanel::revoke(const std::string& name) {
    context().post<debugger::RevokeCapability>(this, {name}, [this](const std::string& said) {
        emit context().capabilitiesEdited();
        context().notify({Notice::Kind::Info, tr("Revoked"), oneLine(said, 300)});
    });
}

void CapabilitiesPanel::revokeSelected() {
    const GrantNode* node = selected();
    if (node && node->kind == Kind::Grant && !node->use->isRevoked) revoke(node->use->name);
}

void CapabilitiesPanel::showMenu(const QPoint& at) {
    const GrantNode* node = m_model.node(m_view->indexAt(at));
    QMenu& menu = newMenu(this);
    if (node && node->kind == Kind::Refusal) {
        if (const auto lacking = node->refusal->grant) {
            menu.addAction(tr("Grant %1").arg(oneLine(wasi::toText(*lacking), 60)), this,
                           [this, lacking] { grant(*lacking); });
            const bool isHere =
                context().isStopped() && context().stop().reason == debugger::StopReason::Denied;
            menu.addAction(tr("Grant and Retry"), this, [this, lacking] { grant(*lacking, true); })
                ->setEnabled(isHere);
        }
        menu.addAction(tr("Show Call"), this,
                       [this, call = node->refusal->last] { emit context().callRequested(call); });
        menu.addSeparator();
    } else if (node && node->kind == Kind::Grant) {
        if (node->use->kind == GrantKind::Directory) {
            static constexpr const char* kTitles[] = {"Read and Write", "Read Only", "Copy on Write"};
            for (int kind = 0; kind < 3; ++kind) {
                wasi::Preopen changed = node->use->preopen;
                changed.kind = static_cast<wasi::MountKind>(kind);
                QAction* action =
                    menu.addAction(tr(kTitles[kind]), this, [this, changed] { grant(changed); });
                action->setCheckable(true);
                action->setChecked(node->use->preopen.kind == changed.kind && !node->use->isRevoked);
                action->setEnabled(!changed.hostPath.empty());
            }
            menu.addAction(tr("Show Changes"), this,
                           [this] { emit context().panelRequested(QStringLiteral("changes")); })
                ->setEnabled(node->use->preopen.kind >= wasi::MountKind::Overlay);
            menu.addSeparator();
        }
        menu.addAction(tr("Revoke"), this, [this, name = node->use->name] { revoke(name); })
            ->setEnabled(!node->use->isRevoked &&
                         (node->use->kind < GrantKind::Clock || node->use->kind > GrantKind::Random) &&
                         node->use->kind != GrantKind::Arguments);
        menu.addSeparator();
    }
    addExportActions(*menu.addMenu(tr("Export Grants")), false);
    addExportActions(*menu.addMenu(tr("Export Least Grant")), true);
    menu.addAction(tr("Copy Row"), this, [this] { copyRows(*m_view); });
    menu.popup(m_view->viewport()->mapToGlobal(at));
}

void CapabilitiesPanel::addExportActions(QMenu& menu, bool least) {
    menu.addAction(tr("As JSON, for --policy"), this, [this, least] { copyAs(std::nullopt, least); });
    for (size_t i = 0; i < std::size(wasi::kRuntimeNames); ++i)
        menu.addAction(tr("As flags for %1").arg(fromUtf8(wasi::kRuntimeNames[i])), this,
                       [this, i, least] { copyAs(static_cast<wasi::Runtime>(i), least); });
    menu.addAction(tr("Save as JSON…"), this, [this, least] { saveAs(least); });
}

void CapabilitiesPanel::gather(bool least, std::function<void(const wasi::Capabilities&)> then) {
    context().post<debugger::GetCapabilities>(this, {}, [=, this](const wasi::Capabilities& granted) {
        context().post<debugger::GetLedger>(this, {}, [=](const wasi::LedgerView& ledger) {
            then(least ? wasi::leastGrant(ledger, granted) : granted);
        });
    });
}

void CapabilitiesPanel::copyAs(std::optional<wasi::Runtime> runtime, bool least) {
    gather(least, [=, this](const wasi::Capabilities& all) {
        if (!runtime) return QApplication::clipboard()->setText(fromUtf8(wasi::toJson(all)));
        wasi::ProgramStart start;
        if (const auto& module = context().module())
            start = {module->path, module->invoke, module->invokeArguments};
        const wasi::CommandLine line = wasi::commandLine(all, *runtime, start);
        QApplication::clipboard()->setText(fromUtf8(line.text));
        QString notes;
        for (const std::string& note : line.notes)
            notes += (notes.isEmpty() ? QString() : QStringLiteral("; ")) + oneLine(note);
        if (!notes.isEmpty()) context().notify({Notice::Kind::Info, tr("Copied"), notes});
    });
}

void CapabilitiesPanel::saveAs(bool least) {
    gather(least, [this](const wasi::Capabilities& all) {
        savePolicy(this, all, [this](const engine::Result<>& saved) {
            if (!saved) context().reportError(saved.error());
        });
    });
}

}  // namespace ui
