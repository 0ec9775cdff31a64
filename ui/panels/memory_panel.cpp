#include "ui/panels/memory_panel.h"

#include <QApplication>
#include <QBoxLayout>
#include <QClipboard>

#include <QMimeData>
#include <QSplitter>
#include <QToolButton>

#include "ui/breakpoint_dialog.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/hex_view.h"
#include "ui/widgets/local_shortcut.h"
#include "ui/widgets/menu.h"
#include "ui/widgets/views.h"

namespace ui {
namespace {

constexpr uint64_t kMaxCopy = uint64_t{16} << 20;
constexpr uint64_t kTypedBytes = 8;

QString titleOf(const debugger::MemoryInfo& memory) {
    const QString name = oneLine(memory.name);
    return QStringLiteral("%1 %2 · %3")
        .arg(name.isEmpty() ? QStringLiteral("memory") : name)
        .arg(memory.index)
        .arg(byteSize(memory.bytes));
}

QString tipOf(const debugger::MemoryInfo& memory) {
    const QString most =
        memory.maxPages ? QObject::tr("at most %1").arg(*memory.maxPages) : QObject::tr("no limit declared");
    return plainTip(
        QObject::tr("Memory %1: %2 pages of 64 KiB, %3").arg(memory.index).arg(memory.pages).arg(most));
}

/// Where a value points to, or where it stands.
std::optional<std::pair<uint64_t, uint64_t>> placeOf(const debugger::VariableNode& value) {
    const std::string_view type = value.type;
    const bool points = !type.empty() && (type.back() == '*' || type.back() == '&');
    if (!points && value.address) return std::pair(*value.address, value.byteSize);
    bool ok = false;
    const uint64_t number = fromUtf8(value.value).section(u' ', 0, 0).toULongLong(&ok, 0);
    if (!ok) return std::nullopt;
    return std::pair(number, uint64_t{0});
}

}  // namespace

QString hexText(std::string_view bytes) {
    return QString::fromLatin1(QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size())).toHex(' '));
}

QString cArrayText(std::string_view bytes) {
    QString text = QStringLiteral("{");
    for (size_t i = 0; i < bytes.size(); ++i) {
        if (i > 0) text += i % 16 == 0 ? QStringLiteral(",\n ") : QStringLiteral(", ");
        text += hex(static_cast<uint8_t>(bytes[i]), 2);
    }
    return text + u'}';
}

MemoryPanel::MemoryPanel(Context& context)
    : Panel(context),
      m_bytes([this](uint64_t address, uint64_t length) { read(address, length); },
              [this](uint64_t address, std::string bytes) { write(address, std::move(bytes)); }),
      m_typed(typedColumns(), this) {
    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeBar());
    layout->addWidget(makeBody(), 1);
    setContent(content, m_view);

    addLocalShortcut(this, QKeySequence(Qt::CTRL | Qt::Key_G), [this] {
        m_address->setFocus(Qt::ShortcutFocusReason);
        m_address->selectAll();
    });
    addLocalShortcut(this, QKeySequence(Qt::CTRL | Qt::Key_F), [this] {
        m_find->setFocus(Qt::ShortcutFocusReason);
        m_find->selectAll();
    });
    addLocalShortcut(this, QKeySequence(Qt::Key_F3), [this] { findNext(); });
    connect(&context, &Context::stateChanged, this, &MemoryPanel::showState);
    connect(&context, &Context::stopped, this, [this] {
        m_bytes.invalidate();
        readMemories();
    });
    connect(&context, &Context::exited, this, [this] { m_bytes.readAgain(); });
    connect(&context, &Context::dataEdited, this, [this] { m_bytes.readAgain(); });
    connect(&context, &Context::moduleLoaded, this, [this] {
        m_isRead = false;
        m_memories.clear();
        m_bytes.reset(0);
        readMemories();
    });
    connect(&context, &Context::memoryRequested, this, [this](quint64 address, quint64 length) {
        emit this->context().panelRequested(QStringLiteral("memory"));
        goTo(address, length);
    });
    if (context.module()) readMemories();
    showState();
}

QWidget* MemoryPanel::makeBar() {
    auto* bar = new QWidget;
    auto* layout = new QHBoxLayout(bar);
    layout->setContentsMargins(8, 4, 8, 4);
    layout->setSpacing(8);
    m_chooser = new QComboBox;
    m_chooser->setAccessibleName(tr("Memory to show"));
    m_chooser->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    connect(m_chooser, &QComboBox::activated, this, &MemoryPanel::chooseMemory);
    m_address = new QLineEdit;
    m_address->setPlaceholderText(tr("Go to address or expression"));
    m_address->setAccessibleName(m_address->placeholderText());
    m_address->setToolTip(plainTip(
        tr("An address (0x10f20, 4096), a variable, or any expression: &p, name, values + 2 (Ctrl+G)")));
    m_address->setMaxLength(1000);
    connect(m_address, &QLineEdit::returnPressed, this, &MemoryPanel::goToText);
    m_find = new QLineEdit;
    m_find->setPlaceholderText(tr("Find in memory"));
    m_find->setAccessibleName(m_find->placeholderText());
    m_find->setToolTip(plainTip(tr("Enter or F3 finds the next place behind the cursor (Ctrl+F)")));
    m_find->setMaxLength(1000);
    connect(m_find, &QLineEdit::returnPressed, this, &MemoryPanel::findNext);
    m_findKind = new QComboBox;
    m_findKind->addItems({tr("Text"), tr("Hex")});
    m_findKind->setAccessibleName(tr("What is searched for"));
    m_findKind->setToolTip(plainTip(tr("Whether to find a text (UTF-8) or bytes in hexadecimal: 48 65 6c")));
    layout->addWidget(m_chooser);
    layout->addWidget(m_address, 3);
    layout->addWidget(m_find, 2);
    layout->addWidget(m_findKind);
    return bar;
}

QWidget* MemoryPanel::makeBody() {
    m_view = new HexView(theme(), m_bytes);
    connect(m_view, &HexView::cursorMoved, this, &MemoryPanel::showCursor);
    connect(m_view, &HexView::copyRequested, this,
            [this] { copy(m_view->side() == HexView::Side::Hex ? CopyAs::Hex : CopyAs::Bytes); });
    connect(m_view, &HexView::editRefused, this,
            [this] { say(tr("Bytes can be changed while the program is stopped: pause it (F6)."), true); });
    connect(m_view, &QWidget::customContextMenuRequested, this, &MemoryPanel::showMenu);
    connect(&m_bytes, &MemoryPages::changed, this, &MemoryPanel::showCursor);
    m_typedView = new TableView(theme(), tr("The bytes at the cursor as numbers"));
    m_typedView->setModel(&m_typed, m_typed);
    m_typedView->setSelectionMode(QAbstractItemView::SingleSelection);
    m_typedView->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed |
                                 QAbstractItemView::AnyKeyPressed);
    connect(&m_typed, &TableModelBase::edited, this,
            [this](int row, int, const QString& text) { editTyped(row, text); });
    auto* splitter = new QSplitter(Qt::Horizontal);
    splitter->addWidget(m_view);
    splitter->addWidget(m_typedView);
    splitter->setStretchFactor(0, 1);
    splitter->setSizes({800, 210});
    splitter->setCollapsible(0, false);
    m_status = new ElidedLabel;
    auto* body = new QWidget;
    auto* layout = new QVBoxLayout(body);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(splitter, 1);
    auto* status = new QHBoxLayout;
    status->setContentsMargins(8, 2, 8, 2);
    status->addWidget(m_status);
    layout->addLayout(status);
    return body;
}

// ------------------------------------------------------------------------------------------------------------------- state

void MemoryPanel::showState() {
    m_bytes.setEditable(context().isStopped());
    if (!context().module()) return showEmpty(tr("Shows the bytes of the program's linear memory."));
    if (context().state() == debugger::SessionState::Ready && m_bytes.size() == 0)
        return showEmpty(
            tr("Start the program; its memory, with the data that it begins with, is shown here."),
            "continue");
    if (m_isRead && m_memories.empty()) return showEmpty(tr("This program has no linear memory."));
    showContent();
    showCursor();
}

void MemoryPanel::readMemories() {
    context().ask<debugger::GetMemories>(
        this, {}, [this](const std::vector<debugger::MemoryInfo>& memories) { setMemories(memories); });
}

void MemoryPanel::setMemories(const std::vector<debugger::MemoryInfo>& memories) {
    m_isRead = true;
    m_memories = memories;
    if (m_memory >= memories.size()) m_memory = 0;
    m_chooser->clear();
    for (const debugger::MemoryInfo& memory : memories) {
        m_chooser->addItem(titleOf(memory));
        m_chooser->setItemData(m_chooser->count() - 1, tipOf(memory), Qt::ToolTipRole);
    }
    if (!memories.empty()) {
        m_chooser->setCurrentIndex(static_cast<int>(m_memory));
        m_chooser->setToolTip(tipOf(memories[m_memory]));
        // Before the start there is nothing to read yet.
        const bool started = context().state() != debugger::SessionState::Ready;
        if (started && m_bytes.size() != memories[m_memory].bytes) m_bytes.setSize(memories[m_memory].bytes);
    }
    showState();
    if (m_pending && m_bytes.size() > 0) {
        const auto [address, length] = *std::exchange(m_pending, std::nullopt);
        goTo(address, length);
    }
}

void MemoryPanel::chooseMemory(int index) {
    if (index < 0 || static_cast<size_t>(index) >= m_memories.size()) return;
    m_memory = static_cast<uint32_t>(index);
    m_bytes.reset(m_memories[m_memory].bytes);
    m_chooser->setToolTip(tipOf(m_memories[m_memory]));
}

void MemoryPanel::read(uint64_t address, uint64_t length) {
    const uint32_t memory = m_memory;
    context().ask<debugger::ReadMemory>(
        this, {memory, address, length},
        [this, memory](const debugger::MemoryBytes& bytes) {
            if (memory == m_memory) m_bytes.setBytes(bytes);
        },
        [this, address](const engine::Error& error) {
            m_bytes.setFailed(address);
            say(oneLine(error.message), true);
        });
}

void MemoryPanel::write(uint64_t address, std::string bytes) {
    context().post<debugger::WriteMemory>(
        this, {m_memory, address, std::move(bytes)},
        [this](const debugger::Done&) { context().announceEdit(); },
        [this](const engine::Error& error) {
            context().reportError(error);
            m_bytes.readAgain();
        });
}

QJsonObject MemoryPanel::save() const {
    const uint64_t address = m_pending ? m_pending->first : m_view->cursor();
    return {{QStringLiteral("address"), hex(address)},
            {QStringLiteral("memory"), static_cast<int>(m_memory)}};
}

void MemoryPanel::restore(const QJsonObject& memory) {
    m_memory = static_cast<uint32_t>(qMax(0, memory[QLatin1String("memory")].toInt()));
    bool ok = false;
    const uint64_t address = memory[QLatin1String("address")].toString().toULongLong(&ok, 0);
    if (ok) m_pending = {address, 0};
}

// ---------------------------------------------------------------------------------------------------------------- go, find

void MemoryPanel::goTo(uint64_t address, uint64_t length) {
    if (m_bytes.size() == 0) {
        m_pending = {address, length};
        return;
    }
    if (address >= m_bytes.size())
        return say(tr("%1 is outside memory, which has %2 bytes (%3)")
                       .arg(hex(address))
                       .arg(m_bytes.size())
                       .arg(hex(m_bytes.size())),
                   true);
    m_view->goTo(address, length);
}

void MemoryPanel::goToText() {
    const QString text = m_address->text().trimmed();
    if (text.isEmpty()) return;
    bool isNumber = false;
    const uint64_t address = text.toULongLong(&isNumber, 0);
    if (isNumber) {
        goTo(address, 0);
        return m_view->setFocus();
    }
    context().ask<debugger::Evaluate>(
        this, {context().frame(), toUtf8(text)},
        [this](const debugger::VariableNode& value) { goToValue(value); },
        [this](const engine::Error& error) { say(oneLine(error.message), true); });
}

void MemoryPanel::goToValue(const debugger::VariableNode& value) {
    const auto place = placeOf(value);
    if (!place)
        return say(
            tr("%1 is neither in memory nor an address: %2").arg(oneLine(value.name), oneLine(value.value)),
            true);
    goTo(place->first, place->second);
    m_view->setFocus();
}

void MemoryPanel::findNext() {
    const QString text = m_find->text();
    if (text.isEmpty()) return m_find->setFocus();
    const bool isHex = m_findKind->currentIndex() == 1;
    const std::optional<std::string> bytes = isHex ? bytesOfHex(text) : std::optional(toUtf8(text));
    if (!bytes) return say(tr("Not hexadecimal bytes: write two digits for each, such as 48 65 6c"), true);
    say(tr("Searching …"));
    find(*bytes, m_view->cursor() + 1, false);
}

void MemoryPanel::find(const std::string& bytes, uint64_t from, bool wrapped) {
    context().ask<debugger::FindInMemory>(
        this, {m_memory, from, bytes},
        [=, this](const std::optional<uint64_t>& at) {
            if (!at && !wrapped) return find(bytes, 0, true);
            if (!at) return say(tr("Not found in this memory"), true);
            goTo(*at, bytes.size());
            if (wrapped) say(tr("Found from the start of memory on, at %1").arg(hex(*at)));
        },
        [this](const engine::Error& error) { say(oneLine(error.message), true); });
}

// ------------------------------------------------------------------------------------------------------------------ cursor

void MemoryPanel::showCursor() {
    const auto [address, length] = m_view->selection();
    const uint64_t count = std::min(kTypedBytes, m_bytes.size() - std::min(m_bytes.size(), address));
    m_typed.setRows(typedRows(m_bytes.held(address, count), m_bytes.isEditable()));
    if (m_bytes.size() == 0) return;
    QString text =
        m_view->hasSelection()
            ? tr("%1 … %2, %3 bytes selected").arg(hex(address), hex(address + length - 1)).arg(length)
            : m_view->spoken();
    if (context().hasEnded())
        text += tr("  ·  the program has ended: bytes as they were at its end");
    else if (!context().isStopped())
        text += tr("  ·  the program runs: bytes as they were last read");
    say(text);
}

void MemoryPanel::say(const QString& text, bool isError) {
    m_status->setText(isError ? QStringLiteral("⚠ ") + text : text);
    m_status->setBold(isError);
}

void MemoryPanel::editTyped(int row, const QString& text) {
    const std::vector<TypedRow>& rows = m_typed.rows();
    if (row < 0 || static_cast<size_t>(row) >= rows.size()) return;
    const QString type = QString::fromLatin1(rows[static_cast<size_t>(row)].type);
    const std::optional<std::string> bytes = typedBytes(toUtf8(type), text);
    if (!bytes) return say(tr("%1 is no %2").arg(oneLine(text, 40), type), true);
    m_bytes.write(m_view->selection().first, *bytes);
}

void MemoryPanel::followPointer() {
    const std::string bytes = m_bytes.held(m_view->selection().first, 4);
    if (bytes.size() < 4) return;
    uint64_t address = 0;
    for (size_t i = 0; i < 4; ++i)
        address |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
    goTo(address, 0);
}

void MemoryPanel::copy(CopyAs as) {
    const auto [address, length] = m_view->selection();
    if (length > kMaxCopy)
        return say(tr("%1 are too many to copy: select at most %2").arg(byteSize(length), byteSize(kMaxCopy)),
                   true);
    context().ask<debugger::ReadMemory>(
        this, {m_memory, address, length}, [as](const debugger::MemoryBytes& answer) {
            const std::string& bytes = answer.bytes;
            auto* data = new QMimeData;
            data->setText(as == CopyAs::Hex      ? hexText(bytes)
                          : as == CopyAs::CArray ? cArrayText(bytes)
                                                 : fromUtf8(bytes));
            if (as == CopyAs::Bytes)
                data->setData(QStringLiteral("application/octet-stream"),
                              QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size())));
            QApplication::clipboard()->setMimeData(data);
        });
}

void MemoryPanel::showMenu(const QPoint& at) {
    QMenu& menu = newMenu(this);
    menu.addAction(tr("Follow Pointer"), this, &MemoryPanel::followPointer)
        ->setToolTip(plainTip(tr("Goes to the address that the four bytes at the cursor hold")));
    menu.addAction(tr("Go to Address…"), this, [this] { m_address->setFocus(); });
    menu.addAction(tr("Find…"), this, [this] { m_find->setFocus(); });
    debugger::BreakpointSpec watched;
    watched.memory = m_memory;
    std::tie(watched.address, watched.length) = m_view->selection();
    addWatchpointMenu(menu, context(), watched)->setEnabled(watched.length > 0);
    // Calls are passed addresses in the first memory.
    const bool hasCalls = m_memory == 0 && watched.length > 0;
    const QString place =
        QStringLiteral(" = %1..%2").arg(hex(watched.address), hex(watched.address + watched.length - 1));
    const auto show = [this, place](const char* field) {
        emit context().callsRequested(QLatin1String(field) + place);
    };
    menu.addAction(tr("Show System Calls That Touched This"), this, [show] { show("touched"); })
        ->setEnabled(hasCalls);
    menu.addAction(tr("Show System Calls That Wrote This"), this, [show] { show("written"); })
        ->setEnabled(hasCalls);
    menu.addSeparator();
    menu.addAction(tr("Copy Bytes"), this, [this] { copy(CopyAs::Bytes); });
    menu.addAction(tr("Copy as Hex"), this, [this] { copy(CopyAs::Hex); });
    menu.addAction(tr("Copy as C Array"), this, [this] { copy(CopyAs::CArray); });
    menu.addSeparator();
    menu.addAction(m_bytes.edits().createUndoAction(&menu, tr("Undo")));
    menu.addAction(m_bytes.edits().createRedoAction(&menu, tr("Redo")));
    menu.popup(m_view->viewport()->mapToGlobal(at));
}

}  // namespace ui
