#include "ui/panels/console_panel.h"

#include <QBoxLayout>

#include "ui/plain_text.h"
#include "ui/widgets/console_view.h"
#include "ui/widgets/input_line.h"
#include "ui/widgets/local_shortcut.h"
#include "ui/widgets/menu.h"

namespace ui {
namespace {

constexpr uint64_t kSlice = uint64_t{1} << 20;
constexpr uint64_t kMaxBehind = uint64_t{16} << 20;  // what is further behind is skipped
constexpr int kFetchMs = 8;                          // leaves the window time to draw
constexpr size_t kMaxNotes = 1000;
constexpr uint64_t kAtTheEnd = UINT64_MAX;

}  // namespace

ConsolePanel::ConsolePanel(Context& context)
    : Panel(context), m_view(new ConsoleView(theme(), m_lines)), m_banner(new QLabel) {
    m_banner->setTextFormat(Qt::PlainText);
    m_banner->setContentsMargins(8, 2, 8, 2);
    m_banner->setForegroundRole(QPalette::PlaceholderText);
    m_banner->hide();
    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_banner);
    layout->addWidget(m_view, 1);
    layout->addWidget(makeFindBar());
    layout->addWidget(makeInputBar());
    setContent(content, m_input);

    m_fetchTimer.setSingleShot(true);
    m_fetchTimer.setInterval(kFetchMs);
    connect(&m_fetchTimer, &QTimer::timeout, this, &ConsolePanel::fetch);
    connect(m_view, &ConsoleView::callChosen, this,
            [this](quint64 call) { emit this->context().callRequested(call); });
    connect(m_view, &QWidget::customContextMenuRequested, this, &ConsolePanel::showMenu);
    addLocalShortcut(this, QKeySequence(Qt::CTRL | Qt::Key_F), [this] { openFind(); });
    addLocalShortcut(this, QKeySequence(Qt::Key_F3), [this] { find(1); });
    addLocalShortcut(this, QKeySequence(Qt::SHIFT | Qt::Key_F3), [this] { find(-1); });

    connect(&context, &Context::stateChanged, this, &ConsolePanel::showState);
    connect(&context, &Context::moduleLoaded, this, &ConsolePanel::clear);
    connect(&context, &Context::outputAppended, this, [this](quint64 end) {
        if (end < m_announced) clear();  // a new run
        m_announced = end;
        m_end = std::max<uint64_t>(m_end, end);
        fetchSoon();
    });
    connect(&context, &Context::exited, this,
            [this](qint64, const QString& text) { addNote(text, kAtTheEnd); });
    connect(&context, &Context::logged, this,
            [this](const QString& text, debugger::BreakpointId, quint64 output) { addNote(text, output); });
    connect(&theme(), &Theme::changed, this, &ConsolePanel::showState);
    m_end = context.outputEnd();
    fetchSoon();
    showState();
}

QWidget* ConsolePanel::makeFindBar() {
    m_findBar = new QWidget;
    auto* layout = new QHBoxLayout(m_findBar);
    layout->setContentsMargins(8, 4, 8, 0);
    layout->setSpacing(8);
    m_find = new QLineEdit;
    m_find->setPlaceholderText(tr("Find in the output"));
    m_find->setAccessibleName(m_find->placeholderText());
    m_find->setToolTip(
        plainTip(tr("Enter or F3 finds the next place, Shift+F3 the one before; Escape closes. Capital "
                    "letters must match as written.")));
    m_find->setClearButtonEnabled(true);
    m_find->setMaxLength(1000);
    m_findResult = new QLabel;
    m_findResult->setTextFormat(Qt::PlainText);
    connect(m_find, &QLineEdit::returnPressed, this, [this] { find(1); });
    addLocalShortcut(m_findBar, QKeySequence(Qt::Key_Escape), [this] {
        m_findBar->hide();
        m_view->setFocus();
    });
    layout->addWidget(m_find, 1);
    layout->addWidget(m_findResult);
    m_findBar->hide();
    return m_findBar;
}

QWidget* ConsolePanel::makeInputBar() {
    auto* bar = new QWidget;
    auto* layout = new QHBoxLayout(bar);
    layout->setContentsMargins(8, 4, 8, 4);
    layout->setSpacing(8);
    m_inputLabel = new QLabel;
    m_inputLabel->setTextFormat(Qt::PlainText);
    m_input = new InputLine;
    m_input->setFont(theme().codeFont());
    m_input->setAccessibleName(tr("Input for the program (stdin)"));
    m_input->setToolTip(plainTip(tr(
        "Enter sends the line to the program's stdin; Up brings back what was sent; Ctrl+D ends the input")));
    m_endInput = new QToolButton;
    m_endInput->setText(tr("End of Input"));
    m_endInput->setToolTip(plainTip(tr("Tells the program that there is no more input (Ctrl+D)")));
    connect(&theme(), &Theme::codeFontChanged, this, [this] { m_input->setFont(theme().codeFont()); });
    connect(m_input, &InputLine::submitted, this, &ConsolePanel::sendText);
    connect(m_input, &InputLine::ended, this, &ConsolePanel::endInput);
    connect(m_endInput, &QToolButton::clicked, this, &ConsolePanel::endInput);
    layout->addWidget(m_inputLabel);
    layout->addWidget(m_input, 1);
    layout->addWidget(m_endInput);
    return bar;
}

void ConsolePanel::showState() {
    using debugger::SessionState;
    const SessionState state = context().state();
    const bool takesInput =
        state == SessionState::Running || state == SessionState::Stopped || state == SessionState::Waiting;
    const bool waits = context().waitsForInput();
    emit marked(waits ? tr("waits for input") : QString());
    m_input->setEnabled(takesInput);
    m_endInput->setEnabled(takesInput);
    m_input->setPlaceholderText(waits        ? tr("The program waits: type a line, Enter sends it")
                                : takesInput ? tr("Input for the program")
                                             : QString());
    m_inputLabel->setText(waits ? tr("▶ stdin") : tr("stdin"));
    QFont font = m_input->QWidget::parentWidget()->font();
    font.setBold(waits);
    m_inputLabel->setFont(font);
    QPalette palette = this->palette();
    palette.setColor(QPalette::WindowText, theme().color(waits ? Tone::Accent : Tone::Dim));
    m_inputLabel->setPalette(palette);
    m_inputLabel->setToolTip(
        plainTip(waits ? tr("The program waits for input") : tr("The program's standard input")));

    m_view->setPlaceholder(
        takesInput ? tr("Nothing written yet: what the program writes to stdout and stderr appears here.")
                   : QString());
    if (m_lines.endRow() > m_lines.firstRow() || takesInput) return showContent();
    if (!context().module())
        return showEmpty(tr("Shows what the program writes, and sends it what you type."));
    if (context().hasEnded())
        return showEmpty(tr("The program has ended and wrote nothing to stdout or stderr."), "restart");
    showEmpty(tr("Start the program; what it writes to stdout and stderr appears here."), "run");
}

void ConsolePanel::clear() {
    ++m_run;
    m_isAsked = false;
    m_fetchTimer.stop();
    m_lines.clear();
    m_notes.clear();
    m_have = m_end = m_announced = 0;
    showLines();
}

// ------------------------------------------------------------------------------------------------------------------ output

void ConsolePanel::fetchSoon() {
    if (m_isAsked || m_fetchTimer.isActive()) return;
    if (m_have < m_end) return m_fetchTimer.start();
    if (m_notes.empty()) return;
    flushNotes(kAtTheEnd);
    showLines();
}

void ConsolePanel::fetch() {
    if (m_isAsked) return;
    if (m_end - m_have > kMaxBehind) {
        m_lines.skip(m_end - kMaxBehind - m_have);
        m_have = m_end - kMaxBehind;
    }
    m_isAsked = true;
    context().post<debugger::GetOutput>(
        this, {m_have, kSlice},
        [this, run = m_run](const debugger::OutputSlice& slice) {
            if (run == m_run) take(slice);
        },
        [this](const engine::Error&) { m_isAsked = false; });
}

void ConsolePanel::take(const debugger::OutputSlice& slice) {
    m_isAsked = false;
    const uint64_t asked = m_have;
    for (const debugger::OutputPiece& piece : slice.pieces) {
        if (piece.position > m_have) m_lines.skip(piece.position - m_have);
        m_have = piece.position;
        append(piece);
    }
    m_end = std::max(m_end, slice.end);
    if (m_have == asked) {  // dropped before it could be read
        const uint64_t next = slice.begin > asked ? slice.begin : m_end;
        m_lines.skip(next - asked);
        m_have = next;
    }
    showLines();
    fetchSoon();
}

// What log points said stands where the program was when they said it.
void ConsolePanel::append(const debugger::OutputPiece& piece) {
    const auto source = piece.stream == 2 ? ConsoleLines::Source::Error : ConsoleLines::Source::Output;
    std::string_view bytes = piece.bytes;
    while (!bytes.empty()) {
        flushNotes(m_have);
        const uint64_t next = m_notes.empty() ? bytes.size() : m_notes.front().position - m_have;
        const std::string_view part = bytes.substr(0, next);
        m_lines.append(source, part, piece.syscall);
        m_have += part.size();
        bytes.remove_prefix(part.size());
    }
}

void ConsolePanel::addNote(const QString& text, uint64_t position) {
    if (!m_notes.empty()) position = std::max(position, m_notes.back().position);
    m_notes.push_back({position, toUtf8(text)});
    m_end = std::max<uint64_t>(m_end, position == kAtTheEnd ? context().outputEnd() : position);
    // In a flood that never ends they would wait for ever.
    if (m_notes.size() > kMaxNotes) flushNotes(position);
    fetchSoon();
}

void ConsolePanel::flushNotes(uint64_t position) {
    for (; !m_notes.empty() && m_notes.front().position <= position; m_notes.pop_front())
        m_lines.appendNote(m_notes.front().text);
}

void ConsolePanel::showLines() {
    const uint64_t dropped = m_lines.droppedBytes();
    m_banner->setVisible(dropped > 0);
    if (dropped > 0)
        m_banner->setText(tr("⚠ %1 of earlier output dropped; the newest %2 are kept.")
                              .arg(byteSize(dropped), byteSize(ConsoleLines::kMaxBytes)));
    m_view->refresh();
    if (isEmptyShown()) showState();
}

// ------------------------------------------------------------------------------------------------------------- input, find

void ConsolePanel::sendText(const QString& text) {
    const std::string bytes = toUtf8(text);
    m_lines.append(ConsoleLines::Source::Input, bytes);
    showLines();
    m_view->scrollToEnd();
    context().post<debugger::SendInput>(this, {bytes, false});
}

void ConsolePanel::endInput() {
    context().post<debugger::SendInput>(
        this, {{}, true}, [this](const debugger::Done&) { addNote(tr("end of input"), m_end); });
}

void ConsolePanel::openFind() {
    m_findBar->show();
    m_find->setFocus(Qt::ShortcutFocusReason);
    m_find->selectAll();
}

void ConsolePanel::find(int direction) {
    const std::string text = toUtf8(m_find->text());
    if (text.empty()) return openFind();
    const auto [first, last] = m_view->selection();
    // From the selection on, and once around.
    auto at = direction > 0 ? m_lines.find(text, first == last ? first : first + 1)
                            : m_lines.findBackwards(text, first);
    if (!at) at = direction > 0 ? m_lines.find(text, 0) : m_lines.findBackwards(text, m_lines.end());
    m_findResult->setText(at ? QString() : tr("⚠ not found"));
    if (at) m_view->select(*at, text.size());
}

void ConsolePanel::showMenu(const QPoint& at) {
    const uint64_t call = m_lines.callAt(m_view->cursor());
    QMenu& menu = newMenu(this);
    menu.addAction(tr("Go to the Call That Wrote This"), this,
                   [=, this] { emit context().callRequested(call); })
        ->setEnabled(call != ConsoleLines::kNoCall);
    menu.addSeparator();
    menu.addAction(tr("Copy"), m_view, &ConsoleView::copy)->setEnabled(m_view->hasSelection());
    menu.addAction(tr("Select All"), m_view, &ConsoleView::selectAll);
    menu.addAction(tr("Find…"), this, &ConsolePanel::openFind);
    menu.addSeparator();
    menu.addAction(tr("Clear"), this, [this] {
        m_lines.clear();
        showLines();
    });
    menu.popup(m_view->viewport()->mapToGlobal(at));
}

}  // namespace ui
