#include "ui/panels/call_detail_view.h"

#include <QBoxLayout>

#include <QMouseEvent>
#include <QToolButton>

#include "ui/widgets/cell_delegate.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/menu.h"
#include "ui/widgets/views.h"

namespace ui {
namespace {

constexpr size_t kPerLine = 8;
constexpr int kValueColumn = 1, kTypeColumn = 2, kMinForTypes = 64;  // in characters
constexpr int kLowRows = 10;
constexpr size_t kFewFlags = 4;
constexpr size_t kMaxLines = 4096 / kPerLine;

CallNode valueNode(const debugger::CallValue& value) {
    CallNode node{.name = fromUtf8(value.name),
                  .value = fromUtf8(value.text),
                  .type = fromUtf8(value.type),
                  .look = {},
                  .place = {},
                  .memory = {},
                  .children = {},
                  .linkedBytes = {}};
    if (value.size > 0) node.memory = {value.address, value.size};
    for (const debugger::CallValue& child : value.children) {
        node.children.push_back(valueNode(child));
        if (child.name.empty())
            node.children.back().name = QStringLiteral("[%1]").arg(node.children.size() - 1);
    }
    return node;
}

CallNode textNode(const QString& name, const QString& value, Look look = {}) {
    return {.name = name,
            .value = value,
            .type = {},
            .look = look,
            .place = {},
            .memory = {},
            .children = {},
            .linkedBytes = {}};
}

CallNode resultNode(const debugger::CallDetail& detail) {
    const debugger::CallRow& row = detail.row;
    CallNode node = textNode(QObject::tr("result"), fromUtf8(row.result));
    if (row.denied)
        node.look = {.tone = Tone::Denied, .bold = true}, node.value.prepend(QStringLiteral("⊘ "));
    else if (row.failed)
        node.look = {.tone = Tone::Error, .bold = true}, node.value.prepend(QStringLiteral("✗ "));
    else if (row.pending)
        node = textNode(QObject::tr("result"), QObject::tr("… the program waits in this call"),
                        {.tone = Tone::Dim, .italic = true});
    for (const debugger::CallValue& value : detail.results)
        node.children.push_back(valueNode(value));
    return node;
}

CallNode accessNode(const debugger::CallDetail::Access& access) {
    CallNode node =
        textNode(access.isWrite ? QObject::tr("memory written") : QObject::tr("memory read"),
                 (access.length == 1 ? QObject::tr("%1 byte at %2") : QObject::tr("%1 bytes at %2"))
                     .arg(access.length)
                     .arg(hex(access.address)));
    node.memory = {access.address, access.length};
    node.children = hexLines(access.bytes, access.address);
    if (access.length > access.bytes.size())
        node.children.push_back(
            textNode({}, QObject::tr("… %1 more bytes").arg(access.length - access.bytes.size()),
                     {.tone = Tone::Dim}));
    return node;
}

CallNode placeNode(const debugger::Location& place) {
    CallNode node = textNode(
        fromUtf8(place.functionName),
        place.file.empty() ? QObject::tr("offset %1").arg(hex(place.offset))
                           : QStringLiteral("%1:%2").arg(fileName(fromUtf8(place.file))).arg(place.line));
    node.look = {.tone = Tone::Accent};
    node.place = place;
    return node;
}

using Range = std::pair<uint64_t, uint64_t>;  // address, size

bool overlaps(const CallNode& node, const Range& range) {
    return node.memory && node.memory->first < range.first + range.second &&
           range.first < node.memory->first + node.memory->second;
}

bool overlapsAny(const CallNode& node, const std::vector<Range>& ranges) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const Range& range) { return overlaps(node, range); });
}

/// It holds some of them, and nothing below it does.
bool isInnermost(const CallNode& node, const std::vector<Range>& ranges) {
    const auto holds = [&](const CallNode& child) { return overlapsAny(child, ranges); };
    return overlapsAny(node, ranges) && std::none_of(node.children.begin(), node.children.end(), holds);
}

/// Bytes of a line, from the first to the last that is in one of them.
Range bytesOfLine(const CallNode& line, const std::vector<Range>& ranges) {
    uint64_t first = UINT64_MAX, end = 0;
    for (const Range& range : ranges) {
        if (!overlaps(line, range)) continue;
        first = std::min(first, std::max(line.memory->first, range.first));
        end = std::max(end, std::min(line.memory->first + line.memory->second, range.first + range.second));
    }
    return end == 0 ? Range() : Range(first - line.memory->first, end - first);
}

/// Where it stands in memory, and what is below it.
void addRanges(const CallNode& node, std::vector<Range>& ranges) {
    if (node.memory) ranges.push_back(*node.memory);
    for (const CallNode& child : node.children)
        addRanges(child, ranges);
}

/// The byte of a line that stands there, in either form.
std::optional<uint64_t> byteAt(const TreeView& tree, const QModelIndex& index, qreal x) {
    const auto* delegate = qobject_cast<const CellDelegate*>(tree.itemDelegate());
    const auto begin = [&](size_t character) {
        return delegate->characterX(tree.visualRect(index), static_cast<int>(character));
    };
    for (size_t i = 0; i < kPerLine; ++i) {
        const bool isHex = x >= begin(3 * i) && x < begin(3 * i + 2);
        const bool isText = x >= begin(3 * kPerLine + i) && x < begin(3 * kPerLine + i + 1);
        if (isHex || isText) return i;
    }
    return std::nullopt;
}

Look nameLook(const CallNode& node) {
    return node.isLinked ? Look{.tone = Tone::Accent, .bold = true} : Look{};
}

Look valueLook(const CallNode& node) {
    Look look = node.look;
    const auto [first, count] = node.linkedBytes;
    if (count > 0)
        look.marks = {{{static_cast<int>(3 * first), static_cast<int>(3 * count) - 1},
                       {static_cast<int>(3 * kPerLine + first), static_cast<int>(count)}}};
    return look;
}

QString tipOf(const CallNode& node) {
    if (node.place)
        return node.name + u'\n' + fromUtf8(node.place->file) + u'\n' + node.value + u'\n' +
               QObject::tr("Double click goes there");
    if (node.memory) return node.value + u'\n' + QObject::tr("Double click shows the bytes in Memory");
    return node.type.isEmpty() ? node.value : node.value + u'\n' + node.type;
}

}  // namespace

std::vector<CallNode> hexLines(const std::string& bytes, uint64_t address) {
    std::vector<CallNode> lines;
    for (size_t at = 0; at < bytes.size() && lines.size() < kMaxLines; at += kPerLine) {
        const std::string_view line = std::string_view(bytes).substr(at, kPerLine);
        QString hexadecimal, ascii;
        for (char c : line) {
            const auto byte = static_cast<uint8_t>(c);
            hexadecimal += QString::number(byte, 16).rightJustified(2, u'0') + u' ';
            ascii += byte >= 0x20 && byte < 0x7F ? QChar(byte) : QChar(u'.');
        }
        CallNode node =
            textNode(hex(address + at, 8).mid(2), hexadecimal.leftJustified(3 * kPerLine) + ascii);
        node.memory = {address + at, line.size()};
        node.isLine = true;
        lines.push_back(std::move(node));
    }
    return lines;
}

std::vector<CallNode> callNodes(const debugger::CallDetail& detail) {
    std::vector<CallNode> nodes;
    for (const debugger::CallValue& value : detail.arguments)
        nodes.push_back(valueNode(value));
    nodes.push_back(resultNode(detail));
    if (!detail.detail.empty()) {
        nodes.push_back(textNode(detail.row.denied ? QObject::tr("why") : QObject::tr("host"),
                                 fromUtf8(detail.detail),
                                 {.tone = detail.row.denied ? Tone::Denied : Tone::Text}));
    }
    if (!detail.row.origin.empty() && detail.row.origin != "host")
        nodes.push_back(textNode(QObject::tr("answered by"), fromUtf8(detail.row.origin),
                                 {.tone = Tone::Mock, .bold = true}));
    for (const debugger::CallDetail::Access& access : detail.accesses)
        if (access.length > 0) nodes.push_back(accessNode(access));
    if (detail.backtrace.empty()) return nodes;
    CallNode callers = textNode(QObject::tr("called from"), {});
    for (const debugger::Location& place : detail.backtrace)
        callers.children.push_back(placeNode(place));
    nodes.push_back(std::move(callers));
    return nodes;
}

std::vector<Column<CallNode>> callNodeColumns() {
    return {
        {.title = "Name",
         .text = [](const CallNode& node) { return node.name; },
         .kind = ColumnKind::Code,
         .width = 16,
         .look = nameLook,
         .tip = tipOf},
        {.title = "Value",
         .text = [](const CallNode& node) { return node.value; },
         .kind = ColumnKind::Code,
         .look = valueLook,
         .tip = tipOf},
        {.title = "Type",
         .text = [](const CallNode& node) { return node.type; },
         .kind = ColumnKind::Code,
         .width = 11,
         .look = [](const CallNode&) { return Look{.tone = Tone::Dim}; }},
    };
}

CallDetailView::CallDetailView(Context& context, QWidget* parent)
    : QWidget(parent),
      m_context(context),
      m_model(callNodeColumns(),
              {.childCount = [](const CallNode& node) { return static_cast<int>(node.children.size()); },
               .same =
                   [](const CallNode& a, const CallNode& b) {
                       return a.name == b.name && a.children.size() == b.children.size();
                   },
               .mimeText = {}},
              this),
      m_title(new ElidedLabel),
      m_summary(new ElidedLabel),
      m_why(new QLabel),
      m_tree(new TreeView(context.theme(), tr("Details of the call"))) {
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    m_title->setBold(true);
    auto* close = new QToolButton;
    close->setIcon(context.theme().icon(QStringLiteral("close")));
    close->setAutoRaise(true);
    close->setAccessibleName(tr("Close the details"));
    close->setToolTip(plainTip(tr("Closes the details; choosing a call opens them again (Escape)")));
    connect(close, &QToolButton::clicked, this, &CallDetailView::closed);
    auto* top = new QGridLayout;
    top->setContentsMargins(8, 2, 2, 2);
    top->setSpacing(2);
    top->addWidget(m_title, 0, 0);
    top->addWidget(m_summary, 1, 0);
    top->addWidget(close, 0, 1, 2, 1, Qt::AlignTop);
    top->setColumnStretch(0, 1);
    layout->addLayout(top);
    m_why->setTextFormat(Qt::PlainText);
    m_why->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_why->setWordWrap(true);
    top->addWidget(m_why, 2, 0, 1, 2);
    m_why->hide();
    layout->addWidget(m_tree, 1);
    connect(&m_model, &TreeModelBase::childrenWanted, this, [this](const QModelIndex& parent, int) {
        m_model.setChildren(parent, m_model.node(parent)->children);
        showLinks(parent);
    });
    m_tree->setModel(&m_model);
    m_tree->viewport()->installEventFilter(this);
    connect(m_tree->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& index) {
                link(index);
                if (!m_isLineChosen) showFirstLine();
            });
    connect(m_tree, &TreeView::chosen, this, &CallDetailView::choose);
    connect(m_tree, &QWidget::customContextMenuRequested, this, &CallDetailView::showMenu);
}

void CallDetailView::showCall(const debugger::CallDetail& detail) {
    m_title->setText(oneLine(detail.row.name));
    m_summary->setText(oneLine(detail.summary));
    // Why a call was refused is what people look for: whole, not cut by a column.
    const bool isWhy = (detail.row.denied || detail.row.failed) && !detail.detail.empty();
    m_why->setVisible(isWhy);
    m_why->setText((detail.row.denied ? QStringLiteral("⊘ ") : QStringLiteral("✗ ")) +
                   oneLine(detail.detail));
    QPalette palette = this->palette();
    palette.setColor(QPalette::WindowText,
                     m_context.theme().color(detail.row.denied ? Tone::Denied : Tone::Error));
    m_why->setPalette(palette);
    m_linked.clear();
    m_model.clear();
    m_model.setChildren({}, callNodes(detail));
    m_tree->expandAll();
    // Many flags that are all "true" would push what was read and written out of sight.
    for (int row = 0; row < m_model.rowCount(); ++row) {
        const QModelIndex index = m_model.index(row, 0);
        const std::vector<CallNode>& children = m_model.node(index)->children;
        const bool isFlags = std::all_of(children.begin(), children.end(),
                                         [](const CallNode& child) { return child.value == u"true"; });
        if (children.size() > kFewFlags && isFlags) m_tree->collapse(index);
    }
}

void CallDetailView::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    const int character = QFontMetrics(m_context.theme().codeFont()).horizontalAdvance(u'0');
    m_tree->setColumnHidden(kTypeColumn, width() < kMinForTypes * character);
    // Where it is low, rows count for more than what is above them.
    const bool isLow = height() < kLowRows * m_tree->fontMetrics().height();
    m_summary->setVisible(!isLow);
    m_tree->setHeaderHidden(isLow);
}

void CallDetailView::clear() {
    m_title->setText({});
    m_summary->setText({});
    m_why->hide();
    m_linked.clear();
    m_model.clear();
}

// ------------------------------------------------------------------------------------------------------- arguments and bytes

void CallDetailView::link(const QModelIndex& index, std::optional<uint64_t> byte) {
    const CallNode* node = m_model.node(index);
    m_linked.clear();
    m_isLineChosen = node && node->isLine;
    if (m_isLineChosen && byte)
        m_linked = {{node->memory->first + *byte, 1}};
    else if (node && !node->place)
        addRanges(*node, m_linked);
    showLinks({});
}

void CallDetailView::showLinks(const QModelIndex& parent) {
    for (int row = 0; row < m_model.rowCount(parent); ++row) {
        const QModelIndex index = m_model.index(row, 0, parent);
        const CallNode& node = *m_model.node(index);
        // Bytes of which one is chosen show which.
        const bool isByte = m_isLineChosen && m_linked.size() == 1 && m_linked[0].second == 1;
        const bool isLinked = m_isLineChosen && !node.isLine && isInnermost(node, m_linked);
        const Range bytes =
            node.isLine && (!m_isLineChosen || isByte) ? bytesOfLine(node, m_linked) : Range();
        if (isLinked != node.isLinked || bytes != node.linkedBytes) {
            CallNode changed = node;
            changed.isLinked = isLinked;
            changed.linkedBytes = bytes;
            m_model.setNode(index, std::move(changed));
        }
        showLinks(index);
    }
}

/// Of the bytes of an argument, but not so that the argument leaves the sight.
void CallDetailView::showFirstLine() {
    const std::function<QModelIndex(const QModelIndex&)> first = [&](const QModelIndex& parent) {
        for (int row = 0; row < m_model.rowCount(parent); ++row) {
            const QModelIndex index = m_model.index(row, 0, parent);
            if (m_model.node(index)->linkedBytes.second > 0) return index;
            if (const QModelIndex below = first(index); below.isValid()) return below;
        }
        return QModelIndex();
    };
    const QModelIndex line = first({});
    if (!line.isValid()) return;
    m_tree->scrollTo(line);
    m_tree->scrollTo(m_tree->currentIndex());
}

/// Which byte of a line is meant is known only by where it was clicked.
bool CallDetailView::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_tree->viewport() && event->type() == QEvent::MouseButtonRelease) {
        const QPointF at = static_cast<QMouseEvent*>(event)->position();
        const QModelIndex index = m_tree->indexAt(at.toPoint());
        const CallNode* node = m_model.node(index);
        if (node && node->isLine && index.column() == kValueColumn) {
            const auto byte = byteAt(*m_tree, index, at.x());
            if (byte && *byte < node->memory->second) link(index, byte);
        }
    }
    return QWidget::eventFilter(watched, event);
}

void CallDetailView::choose(const QModelIndex& index) {
    const CallNode* node = m_model.node(index);
    if (!node) return;
    if (node->place)
        m_context.goTo(*node->place);
    else if (node->memory)
        emit m_context.memoryRequested(node->memory->first, node->memory->second);
}

void CallDetailView::showMenu(const QPoint& at) {
    const QModelIndex index = m_tree->indexAt(at);
    const CallNode* node = m_model.node(index);
    if (!node) return;
    QMenu& menu = newMenu(this);
    menu.addAction(node->place ? tr("Go to Source") : tr("Show in Memory"), this,
                   [this, i = QPersistentModelIndex(index)] { choose(i); })
        ->setEnabled(node->place || node->memory);
    menu.addAction(tr("Copy"), this, [this] { copyRows(*m_tree); });
    menu.popup(m_tree->viewport()->mapToGlobal(at));
}

}  // namespace ui
