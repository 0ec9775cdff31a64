#include "ui/source/code_editor.h"

#include <QContextMenuEvent>

#include "ui/source/languages.h"
#include "ui/widgets/views.h"

namespace ui {
namespace {

constexpr int kSymbols = 0, kNumbers = 1, kGap = 2;  // margins
constexpr int kDwellMs = 350;

struct MarkerRow {
    CodeEditor::Marker marker;
    const char* icon;
};
constexpr MarkerRow kIcons[] = {{CodeEditor::BreakpointDisabled, "breakpoint-disabled"},
                                {CodeEditor::BreakpointUnresolved, "breakpoint-unresolved"},
                                {CodeEditor::BreakpointSet, "breakpoint"},
                                {CodeEditor::BreakpointConditional, "breakpoint-conditional"},
                                {CodeEditor::BreakpointLog, "breakpoint-log"},
                                {CodeEditor::FrameArrow, "frame"},
                                {CodeEditor::CurrentArrow, "current"}};

}  // namespace

CodeEditor::CodeEditor(Theme& theme, const QString& fileName, QWidget* parent)
    : QsciScintilla(parent), m_theme(theme), m_fileName(fileName) {
    setUtf8(true);
    setReadOnly(true);
    setFrameShape(QFrame::NoFrame);
    setEolMode(EolUnix);
    setTabWidth(4);
    setWrapMode(WrapNone);
    setFolding(NoFoldStyle);
    setAccessibleName(tr("Source of %1").arg(fileName));
    SendScintilla(SCI_SETIDLESTYLING, SC_IDLESTYLING_ALL);
    SendScintilla(SCI_SETSCROLLWIDTHTRACKING, 1);
    SendScintilla(SCI_SETSCROLLWIDTH, 1);
    SendScintilla(SCI_SETMOUSEDWELLTIME, kDwellMs);
    SendScintilla(SCI_SETCARETLINEFRAME, 1);
    SendScintilla(SCI_SETEXTRAASCENT, 1UL);
    SendScintilla(SCI_SETEXTRADESCENT, 1UL);
    SendScintilla(SCI_SETYCARETPOLICY, CARET_SLOP | CARET_STRICT | CARET_EVEN, 4);
    // The window's shortcuts come before the editor's.
    SendScintilla(SCI_CLEARALLCMDKEYS);
    for (const auto& [key, command] : std::initializer_list<std::pair<int, int>>{{SCK_DOWN, SCI_LINEDOWN},
                                                                                 {SCK_UP, SCI_LINEUP},
                                                                                 {SCK_LEFT, SCI_CHARLEFT},
                                                                                 {SCK_RIGHT, SCI_CHARRIGHT},
                                                                                 {SCK_PRIOR, SCI_PAGEUP},
                                                                                 {SCK_NEXT, SCI_PAGEDOWN},
                                                                                 {SCK_HOME, SCI_VCHOME},
                                                                                 {SCK_END, SCI_LINEEND}}) {
        SendScintilla(SCI_ASSIGNCMDKEY, static_cast<unsigned long>(key), static_cast<long>(command));
    }
    for (const auto& [key, command] :
         std::initializer_list<std::pair<int, int>>{{SCK_DOWN, SCI_LINEDOWNEXTEND},
                                                    {SCK_UP, SCI_LINEUPEXTEND},
                                                    {SCK_LEFT, SCI_CHARLEFTEXTEND},
                                                    {SCK_RIGHT, SCI_CHARRIGHTEXTEND},
                                                    {SCK_PRIOR, SCI_PAGEUPEXTEND},
                                                    {SCK_NEXT, SCI_PAGEDOWNEXTEND},
                                                    {SCK_HOME, SCI_VCHOMEEXTEND},
                                                    {SCK_END, SCI_LINEENDEXTEND}}) {
        SendScintilla(SCI_ASSIGNCMDKEY, static_cast<unsigned long>(key | (SCMOD_SHIFT << 16)),
                      static_cast<long>(command));
    }
    for (const auto& [key, command] :
         std::initializer_list<std::pair<int, int>>{{SCK_HOME, SCI_DOCUMENTSTART},
                                                    {SCK_END, SCI_DOCUMENTEND},
                                                    {SCK_LEFT, SCI_WORDLEFT},
                                                    {SCK_RIGHT, SCI_WORDRIGHT},
                                                    {'A', SCI_SELECTALL},
                                                    {'C', SCI_COPY}}) {
        SendScintilla(SCI_ASSIGNCMDKEY, static_cast<unsigned long>(key | (SCMOD_CTRL << 16)),
                      static_cast<long>(command));
    }

    const int symbols = (1 << CodeLine) | (1 << BreakpointDisabled) | (1 << BreakpointUnresolved) |
                        (1 << BreakpointSet) | (1 << BreakpointConditional) | (1 << BreakpointLog) |
                        (1 << FrameArrow) | (1 << CurrentArrow);
    setMarginType(kSymbols, SymbolMargin);
    setMarginMarkerMask(kSymbols, symbols);
    setMarginSensitivity(kSymbols, true);
    setMarginType(kNumbers, NumberMargin);
    setMarginMarkerMask(kNumbers, 0);
    setMarginSensitivity(kNumbers, true);
    setMarginType(kGap, SymbolMarginDefaultBackgroundColor);
    setMarginMarkerMask(kGap, 0);
    setMarginWidth(kGap, 6);

    connect(this, &QsciScintilla::marginClicked, this,
            [this](int, int line, Qt::KeyboardModifiers modifiers) {
                emit marginClicked(static_cast<uint>(line) + 1, modifiers);
            });
    connect(this, &QsciScintillaBase::SCN_DWELLSTART, this, [this](int position, int x, int y) {
        if (position < 0 || !isActiveWindow()) return;
        const QString expression = expressionAtPosition(position);
        if (!expression.isEmpty()) emit hovered(expression, viewport()->mapToGlobal(QPoint(x, y)));
    });
    connect(this, &QsciScintillaBase::SCN_DWELLEND, this, [this](int, int, int) { emit hoverEnded(); });
    connect(&theme, &Theme::changed, this, &CodeEditor::applyTheme);
    connect(&theme, &Theme::codeFontChanged, this, &CodeEditor::applyTheme);
    applyTheme();
}

void CodeEditor::applyTheme() {
    const auto color = [this](Tone tone) { return m_theme.color(tone); };
    QsciLexer* before = lexer();
    QsciLexer* after = makeLexer(m_fileName, m_theme, this);
    setLexer(after);
    delete before;
    if (!after) {
        setFont(m_theme.codeFont());
        setPaper(color(Tone::Base));
        setColor(color(Tone::Text));
    }
    setMarginsFont(m_theme.codeFont());
    setMarginsBackgroundColor(color(Tone::Margin));
    setMarginsForegroundColor(color(Tone::Dim));
    setCaretForegroundColor(color(Tone::Text));
    setCaretLineVisible(true);
    setCaretLineBackgroundColor(color(Tone::Border));
    setSelectionBackgroundColor(color(Tone::Selection));
    resetSelectionForegroundColor();
    SendScintilla(SCI_SETSELFORE, 0UL, 0L);
    setMatchedBraceBackgroundColor(color(Tone::Hover));

    markerDefine(LeftRectangle, CodeLine);
    setMarkerBackgroundColor(color(Tone::CodeLine), CodeLine);
    markerDefine(Background, CurrentLine);
    setMarkerBackgroundColor(color(Tone::CurrentLine), CurrentLine);
    markerDefine(Background, FrameLine);
    setMarkerBackgroundColor(color(Tone::FrameLine), FrameLine);
    const qreal ratio = devicePixelRatioF();
    SendScintilla(SCI_RGBAIMAGESETSCALE, static_cast<unsigned long>(ratio * 100));
    const int size = qBound(12, QFontMetrics(m_theme.codeFont()).height() + 1, 32);
    for (const MarkerRow& row : kIcons) {
        const QPixmap pixmap = m_theme.icon(QString::fromLatin1(row.icon)).pixmap(QSize(size, size), ratio);
        markerDefine(pixmap.toImage(), row.marker);
    }
    sizeMargins();
}

void CodeEditor::sizeMargins() {
    const int size = qBound(12, QFontMetrics(m_theme.codeFont()).height() + 1, 32);
    setMarginWidth(kSymbols, size + 6);
    setMarginWidth(kNumbers,
                   QString(qMax(3, static_cast<int>(QString::number(lines()).size())), u'0') + u'0');
}

void CodeEditor::setSource(const QString& text, const std::vector<uint32_t>& linesWithCode) {
    setReadOnly(false);
    setText(text);
    setReadOnly(true);
    unmark(CodeLine);
    for (const uint32_t line : linesWithCode)
        markerAdd(static_cast<int>(line) - 1, CodeLine);
    sizeMargins();
}

void CodeEditor::setCurrent(uint line, bool isTop) {
    for (const Marker marker : {CurrentLine, CurrentArrow, FrameLine, FrameArrow})
        unmark(marker);
    if (line == 0) return;
    markerAdd(static_cast<int>(line) - 1, isTop ? CurrentLine : FrameLine);
    markerAdd(static_cast<int>(line) - 1, isTop ? CurrentArrow : FrameArrow);
}

void CodeEditor::setBreakpoints(const std::vector<std::pair<uint, Marker>>& marks) {
    for (const Marker marker :
         {BreakpointSet, BreakpointDisabled, BreakpointUnresolved, BreakpointConditional, BreakpointLog})
        unmark(marker);
    for (const auto& [line, marker] : marks)
        markerAdd(static_cast<int>(line) - 1, marker);
}

void CodeEditor::goToLine(uint line) {
    setCursorPosition(static_cast<int>(line) - 1, 0);
    showLine(line);
}

// Scrolls only if the line is not comfortably in sight, and then puts it into the middle.
void CodeEditor::showLine(uint line) {
    if (!isVisible() || height() < textHeight(0) * 4) {
        m_lineToShow = line;  // when its size is known
        return;
    }
    const long wanted = static_cast<long>(line) - 1, first = SendScintilla(SCI_GETFIRSTVISIBLELINE);
    const long seen = SendScintilla(SCI_LINESONSCREEN);
    const long slack = qMin(3L, seen / 4);
    if (wanted >= first + slack && wanted < first + seen - slack) return;
    SendScintilla(SCI_SETFIRSTVISIBLELINE, static_cast<unsigned long>(qMax(0L, wanted - seen / 2)));
}

uint CodeEditor::cursorLine() const {
    int line = 0, column = 0;
    getCursorPosition(&line, &column);
    return static_cast<uint>(line) + 1;
}

uint CodeEditor::lineAt(const QPoint& at) const {
    const long position =
        SendScintilla(SCI_POSITIONFROMPOINT, static_cast<unsigned long>(at.x()), static_cast<long>(at.y()));
    return static_cast<uint>(SendScintilla(SCI_LINEFROMPOSITION, static_cast<unsigned long>(position))) + 1;
}

QString CodeEditor::expressionAtPosition(long position) const {
    const auto at = static_cast<unsigned long>(position);
    const long from = SendScintilla(SCI_GETSELECTIONSTART), to = SendScintilla(SCI_GETSELECTIONEND);
    if (from < to && position >= from && position <= to) {
        const QString selected = selectedText().trimmed();
        if (!selected.contains(u'\n')) return selected;
    }
    int line = 0, column = 0;
    lineIndexFromPosition(static_cast<int>(at), &line, &column);
    return expressionAt(text(line), column);
}

QString CodeEditor::expressionAtCursor() const {
    return expressionAtPosition(SendScintilla(SCI_GETCURRENTPOS));
}

CodeEditor::Marker CodeEditor::markerOf(const debugger::BreakpointInfo& breakpoint) {
    if (!breakpoint.spec.enabled) return BreakpointDisabled;
    if (!breakpoint.resolved) return BreakpointUnresolved;
    if (!breakpoint.spec.logText.empty()) return BreakpointLog;
    return !breakpoint.spec.condition.empty() || breakpoint.spec.ignoreCount > 0 ? BreakpointConditional
                                                                                 : BreakpointSet;
}

void CodeEditor::resizeEvent(QResizeEvent* event) {
    QsciScintilla::resizeEvent(event);
    if (m_lineToShow == 0) return;
    QMetaObject::invokeMethod(
        this, [this] { showLine(std::exchange(m_lineToShow, 0)); }, Qt::QueuedConnection);
}

void CodeEditor::wheelEvent(QWheelEvent* event) {
    if (!zoomByWheel(m_theme, *event)) QsciScintilla::wheelEvent(event);
}

void CodeEditor::contextMenuEvent(QContextMenuEvent* event) {
    const bool byKey = event->reason() == QContextMenuEvent::Keyboard;
    const auto caret = static_cast<unsigned long>(SendScintilla(SCI_GETCURRENTPOS));
    const QPoint below(
        static_cast<int>(SendScintilla(SCI_POINTXFROMPOSITION, 0UL, static_cast<long>(caret))),
        static_cast<int>(SendScintilla(SCI_POINTYFROMPOSITION, 0UL, static_cast<long>(caret))) +
            textHeight(0));
    const QPoint at = byKey ? viewport()->mapToGlobal(below) : event->globalPos();
    emit menuRequested(byKey ? cursorLine() : lineAt(viewport()->mapFromGlobal(at)), at);
}

}  // namespace ui
