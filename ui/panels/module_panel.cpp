#include "ui/panels/module_panel.h"

#include <QHeaderView>
#include <QLabel>

#include <algorithm>

#include "ui/widgets/elided_label.h"
#include "ui/widgets/filter_box.h"
#include "ui/widgets/local_shortcut.h"
#include "ui/widgets/menu.h"
#include "ui/widgets/views.h"

namespace ui {
namespace {

using debugger::ModuleEntry;

constexpr uint64_t kMaxEntries = 200'000;  // of one kind
constexpr int kSlice = 1000;               // children given to the tree at first; then as many as there are
constexpr int kSummaryLines = 4;           // before the problems
constexpr size_t kFunctions = 3;           // row of moduleGroups()
enum : int { kName, kSize, kType, kOffset, kDetail };

QString nameOf(const ModuleNode& node) {
    if (node.isGroup) {
        const QString count = grouped(static_cast<uint64_t>(node.count)) + (node.isComplete ? "" : "+");
        return QStringLiteral("%1 · %2").arg(
            QString::fromUtf8(moduleGroups()[static_cast<size_t>(node.group)].title), count);
    }
    const QString name = fromUtf8(node.entry.name);
    if (!name.isEmpty()) return name;
    return QStringLiteral("%1 %2").arg(fromUtf8(node.entry.kind)).arg(node.entry.index);
}

Look nameLook(const ModuleNode& node) {
    if (node.isGroup) return {.bold = node.count > 0, .icon = nullptr};
    return {.tone = node.entry.name.empty() ? Tone::Dim : Tone::Text};
}

Look dim(const ModuleNode&) { return {.tone = Tone::Dim}; }

QString tipOf(const ModuleNode& node) {
    if (node.isGroup) return QString::fromUtf8(moduleGroups()[static_cast<size_t>(node.group)].help);
    return QStringLiteral("%1 %2: %3\n%4\n%5")
        .arg(fromUtf8(node.entry.kind))
        .arg(node.entry.index)
        .arg(nameOf(node), fromUtf8(node.entry.type), fromUtf8(node.entry.detail))
        .trimmed();
}

bool isLess(const ModuleEntry& a, const ModuleEntry& b, int column) {
    switch (column) {
    case kName: return a.name < b.name;
    case kType: return a.type < b.type;
    case kSize: return a.size < b.size;
    case kOffset: return a.offset < b.offset;
    case kDetail: return a.detail < b.detail;
    default: return a.index < b.index;
    }
}

}  // namespace

std::span<const ModuleGroup> moduleGroups() {
    static constexpr ModuleGroup kRows[] = {
        {"section", "Sections", "The parts of the file, in their order", false},
        {"import", "Imports", "What the program needs from its host", false},
        {"export", "Exports", "What the program offers to its host", false},
        {"function", "Functions", "All functions, the biggest first", true},
        {"global", "Globals", "Variables of the machine, outside linear memory", false},
        {"memory", "Memories", "Linear memories: initial size and limits", false},
        {"table", "Tables", "Tables of references, for indirect calls", false},
        {"custom", "Custom sections", "Names, debug information and what other tools left", false},
    };
    return kRows;
}

std::vector<Column<ModuleNode>> moduleColumns() {
    return {
        {.title = "Name", .text = nameOf, .kind = ColumnKind::Code, .look = nameLook, .tip = tipOf},
        {.title = "Size",
         .text =
             [](const ModuleNode& node) {
                 return node.entry.size > 0 ? byteSize(node.entry.size) : QString();
             },
         .kind = ColumnKind::Number,
         .width = 9},
        {.title = "Type",
         .text = [](const ModuleNode& node) { return fromUtf8(node.entry.type); },
         .kind = ColumnKind::Code,
         .width = 22,
         .rank = 1,
         .look = dim},
        {.title = "Offset",
         .text =
             [](const ModuleNode& node) {
                 return node.entry.offset > 0 ? hex(node.entry.offset, 6) : QString();
             },
         .kind = ColumnKind::Number,
         .width = 9,
         .rank = 2,
         .look = dim},
        {.title = "Detail",
         .text = [](const ModuleNode& node) { return fromUtf8(node.entry.detail); },
         .kind = ColumnKind::Code,
         .width = 30,
         .rank = 3,
         .look = dim},
    };
}

ModulePanel::ModulePanel(Context& context)
    : Panel(context),
      m_model(
          moduleColumns(),
          {.childCount = [](const ModuleNode& node) { return node.isGroup ? node.count : 0; },
           .same = [](const ModuleNode& a,
                      const ModuleNode& b) { return a.isGroup && b.isGroup && a.group == b.group; },
           .mimeText =
               [](const ModuleNode& node) { return node.isGroup ? QString() : fromUtf8(node.entry.name); }},
          this),
      m_box(new FilterBox(theme(), tr("Filter by name, type or detail"),
                          tr("Shows only entries with this text, in all groups (Ctrl+F; Escape clears)"))),
      m_view(new TreeView(theme(), tr("Module"))) {
    m_view->setModel(&m_model);
    m_view->header()->setSectionsClickable(true);
    connect(m_view->header(), &QHeaderView::sectionClicked, this, &ModulePanel::sortBy);
    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeSummary());
    auto* bar = new QHBoxLayout;
    bar->setContentsMargins(8, 4, 8, 4);
    bar->addWidget(m_box);
    layout->addLayout(bar);
    layout->addWidget(m_view, 1);
    setContent(content, m_view);

    connect(&m_model, &TreeModelBase::childrenWanted, this, &ModulePanel::feed);
    connect(m_box, &FilterBox::filterChanged, this, &ModulePanel::reload);
    connect(m_view, &TreeView::chosen, this, &ModulePanel::choose);
    connect(m_view, &QWidget::customContextMenuRequested, this, &ModulePanel::showMenu);
    addLocalShortcut(this, QKeySequence(Qt::CTRL | Qt::Key_F),
                     [this] { m_box->setFocus(Qt::ShortcutFocusReason); });
    const auto changed = [this] {
        m_isOld = true;
        m_code.clear();
        showState();
        if (isVisible()) reload();
    };
    connect(&context, &Context::moduleLoaded, this, changed);
    connect(&context, &Context::moduleUnloaded, this, changed);
    connect(&theme(), &Theme::changed, this, &ModulePanel::showSummary);
    showState();
}

QWidget* ModulePanel::makeSummary() {
    auto* summary = new QWidget;
    m_problems = new QVBoxLayout(summary);
    m_problems->setContentsMargins(8, 6, 8, 2);
    m_problems->setSpacing(2);
    m_title = new ElidedLabel(Qt::ElideMiddle);
    m_title->setBold(true);
    m_facts = new ElidedLabel;
    m_debugInfo = new ElidedLabel;
    m_features = new ElidedLabel;
    for (ElidedLabel* label : {m_title, m_facts, m_debugInfo, m_features})
        m_problems->addWidget(label);
    return summary;
}

void ModulePanel::showState() {
    if (!context().module())
        return showEmpty(
            tr("Lists what a program's file consists of: sections, imports, exports, functions by size."));
    showSummary();
    showContent();
}

void ModulePanel::showSummary() {
    if (!context().module()) return;
    const debugger::ModuleSummary& module = *context().module();
    m_title->setText(programName(module));
    const QString entry =
        module.entry.empty() ? tr("no entry function") : tr("starts at %1").arg(oneLine(module.entry));
    m_facts->setText(QStringLiteral("%1  ·  %2").arg(byteSize(module.bytes), entry));
    m_debugInfo->setText(debugInfoText(module));
    QStringList features;
    for (const std::string& feature : module.features)
        features << oneLine(feature);
    m_features->setText(tr("Uses %1").arg(features.join(QStringLiteral(", "))));
    m_features->setVisible(!features.isEmpty());
    while (m_problems->count() > kSummaryLines)
        delete std::unique_ptr<QLayoutItem>(m_problems->takeAt(kSummaryLines))->widget();
    for (const std::string& problem : module.problems) {
        auto* label = new QLabel(QStringLiteral("⚠ ") + oneLine(problem));
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        QPalette palette = label->palette();
        palette.setColor(QPalette::WindowText, theme().color(Tone::Error));
        label->setPalette(palette);
        m_problems->addWidget(label);
    }
}

// ----------------------------------------------------------------------------------------------------------------- entries

void ModulePanel::showEvent(QShowEvent* event) {
    Panel::showEvent(event);
    if (m_isOld) reload();
}

void ModulePanel::reload() {
    ++m_epoch;
    if (!context().module()) return m_model.clear();
    m_isOld = false;
    m_isKnown = {};
    for (size_t group = 0; group < kGroups; ++group) {
        context().post<debugger::GetModuleEntries>(
            this, {moduleGroups()[group].kind, toUtf8(m_box->filter()), 0, kMaxEntries},
            [this, group, epoch = m_epoch](const std::vector<ModuleEntry>& entries) {
                if (epoch == m_epoch) take(group, entries);
            },
            [](const engine::Error&) {});
    }
}

void ModulePanel::take(size_t group, std::vector<ModuleEntry> entries) {
    for (const ModuleEntry& entry : entries) {
        if (group == kFunctions && entry.size > 0) m_code[entry.index] = entry.offset;
    }
    m_entries[group] = std::move(entries);
    m_isKnown[group] = true;
    sort(group);
    if (std::all_of(m_isKnown.begin(), m_isKnown.end(), [](bool known) { return known; })) showGroups();
}

void ModulePanel::sort(size_t group) {
    const bool bySize = m_sortColumn < 0 && moduleGroups()[group].bySize;
    const int column = bySize ? static_cast<int>(kSize) : m_sortColumn;
    const bool descending = bySize || m_descending;
    std::sort(m_entries[group].begin(), m_entries[group].end(),
              [&](const ModuleEntry& a, const ModuleEntry& b) {
                  if (isLess(a, b, column)) return !descending;
                  return isLess(b, a, column) ? descending : a.index < b.index;
              });
}

// A click sorts, a second one turns around, a third goes back to the groups' own order.
void ModulePanel::sortBy(int column) {
    if (column != m_sortColumn)
        m_sortColumn = column, m_descending = column == kSize;
    else if (m_descending == (column == kSize))
        m_descending = !m_descending;
    else
        m_sortColumn = -1;
    m_view->header()->setSortIndicatorShown(m_sortColumn >= 0);
    m_view->header()->setSortIndicator(m_sortColumn, m_descending ? Qt::DescendingOrder : Qt::AscendingOrder);
    for (size_t group = 0; group < kGroups; ++group)
        sort(group);
    showGroups();
}

void ModulePanel::showGroups() {
    std::vector<ModuleNode> nodes;
    for (size_t group = 0; group < kGroups; ++group) {
        const size_t count = m_entries[group].size();
        nodes.push_back({.group = static_cast<int>(group),
                         .isGroup = true,
                         .count = static_cast<int>(count),
                         .isComplete = count < kMaxEntries,
                         .entry = {}});
    }
    const bool first = m_model.isEmpty();
    m_model.setChildren({}, std::move(nodes));
    for (int group = 0; group < static_cast<int>(kGroups); ++group)
        m_view->setFirstColumnSpanned(group, {}, true);
    const bool filtered = !m_box->filter().isEmpty();
    for (int group = 0; group < static_cast<int>(kGroups); ++group) {
        const QModelIndex index = m_model.index(group, 0);
        if (filtered)
            m_view->setExpanded(index, true);
        else if (first && group == static_cast<int>(kFunctions))
            m_view->expand(index);
    }
}

void ModulePanel::feed(const QModelIndex& parent, int first) {
    const ModuleNode* node = m_model.node(parent);
    if (!node || !node->isGroup) return;
    const std::vector<ModuleEntry>& entries = m_entries[static_cast<size_t>(node->group)];
    std::vector<ModuleNode> children;
    const size_t end = std::min(entries.size(), static_cast<size_t>(first + std::max(first, kSlice)));
    for (size_t i = static_cast<size_t>(first); i < end; ++i)
        children.push_back(
            {.group = node->group, .isGroup = false, .count = 0, .isComplete = true, .entry = entries[i]});
    m_model.setChildren(parent, std::move(children), first);
}

// ------------------------------------------------------------------------------------------------------------------- doing

std::optional<uint32_t> ModulePanel::codeOf(const ModuleEntry& entry) const {
    uint index = entry.index;
    if (entry.kind == "export") {
        // It names its function by index: "func 12".
        const QString detail = fromUtf8(entry.detail);
        bool isIndex = false;
        index = detail.section(u' ', -1).toUInt(&isIndex);
        if (!isIndex || !detail.startsWith(QLatin1String("func"))) return std::nullopt;
    } else if (entry.kind != "function") {
        return std::nullopt;
    }
    const auto found = m_code.find(index);
    return found == m_code.end() ? std::nullopt : std::optional(found->second);
}

void ModulePanel::choose(const QModelIndex& index) {
    const ModuleNode* node = m_model.node(index);
    if (!node) return;
    if (node->isGroup) return m_view->setExpanded(index, !m_view->isExpanded(index));
    if (const auto offset = codeOf(node->entry))
        emit context().offsetRequested(*offset);
    else if (node->entry.kind == "memory")
        emit context().panelRequested(QStringLiteral("memory"));
}

void ModulePanel::showMenu(const QPoint& at) {
    const QModelIndex index = m_view->indexAt(at);
    const ModuleNode* node = m_model.node(index);
    if (!node || node->isGroup) return;
    const std::optional<uint32_t> offset = codeOf(node->entry);
    QMenu& menu = newMenu(this);
    menu.addAction(tr("Go to Disassembly"), this, [this, i = QPersistentModelIndex(index)] { choose(i); })
        ->setEnabled(offset.has_value());
    menu.addAction(tr("Break Here"), this,
                   [this, offset = offset.value_or(0)] {
                       debugger::BreakpointSpec spec;
                       spec.kind = debugger::BreakpointSpec::Kind::Offset;
                       spec.offset = offset;
                       context().addBreakpoint(spec);
                   })
        ->setEnabled(offset.has_value());
    menu.addSeparator();
    menu.addAction(tr("Copy"), this, [this] { copyRows(*m_view); });
    menu.popup(m_view->viewport()->mapToGlobal(at));
}

}  // namespace ui
