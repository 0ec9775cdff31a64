#include "ui/widgets/diff_view.h"

#include <QSyntaxHighlighter>
#include <charconv>

#include "ui/plain_text.h"
#include "ui/widgets/views.h"

namespace ui {
namespace {

constexpr size_t kMostLines = 20'000;
constexpr qsizetype kMostCharacters = 1000;  // of a line

QString shownLine(std::string_view utf8) {
    QStringList parts =
        fromUtf8(utf8.substr(0, 4 * static_cast<size_t>(kMostCharacters))).split(u'\t');  // which stay
    for (QString& part : parts)
        part = oneLine(part, kMostCharacters);
    QString line = parts.join(u'\t');
    if (line.size() > kMostCharacters) line = line.left(kMostCharacters) + u'…';
    return line;
}

/// Lines that are left of a hunk, before and after the change.
struct Hunk {
    uint64_t before = 0, after = 0;
    bool isOpen() const { return before > 0 || after > 0; }

    static bool begins(std::string_view line) { return line.starts_with("@@ -"); }
    /// "@@ -1,14 +0,0 @@"
    explicit Hunk(std::string_view line = {}) {
        const auto count = [&line](char sign) -> uint64_t {
            line.remove_prefix(std::min(line.size(), line.find(sign)));
            std::string_view range = line.substr(0, line.find(' '));
            const size_t comma = range.find(',');
            if (comma == std::string_view::npos) return range.empty() ? 0 : 1;
            range.remove_prefix(comma + 1);
            uint64_t lines = 0;
            (void)std::from_chars(range.data(), range.data() + range.size(), lines);
            return lines;
        };
        if (!begins(line)) return;
        before = count('-');
        after = count('+');
    }
};

}  // namespace

std::vector<DiffLine> diffLines(std::string_view utf8) {
    std::vector<DiffLine> lines;
    Hunk hunk;
    while (!utf8.empty()) {
        const std::string_view line = utf8.substr(0, utf8.find('\n'));
        utf8.remove_prefix(std::min(utf8.size(), line.size() + 1));
        if (lines.size() == kMostLines) {
            lines.push_back(
                {QObject::tr("… only the first %1 lines are shown").arg(grouped(kMostLines)), Tone::Dim});
            break;
        }
        DiffLine shown{shownLine(line)};
        const char sign = line.empty() ? ' ' : line[0];
        if (sign == '\\') {
            shown.tone = Tone::Dim;
        } else if (hunk.isOpen()) {
            shown.tone = sign == '+' ? Tone::Good : sign == '-' ? Tone::Error : Tone::Text;
            if (sign != '+' && hunk.before > 0) --hunk.before;
            if (sign != '-' && hunk.after > 0) --hunk.after;
        } else if (Hunk::begins(line)) {
            hunk = Hunk(line);
            shown.tone = Tone::Accent;
        } else {
            shown.bold = true;
        }
        lines.push_back(std::move(shown));
    }
    return lines;
}

class DiffView::Colours final : public QSyntaxHighlighter {
public:
    Colours(const DiffView& view, QTextDocument* document) : QSyntaxHighlighter(document), m_view(view) {}

protected:
    void highlightBlock(const QString& text) override {
        const auto at = static_cast<size_t>(currentBlock().blockNumber());
        if (at >= m_view.m_lines.size()) return;
        QTextCharFormat format;
        format.setForeground(m_view.m_theme.color(m_view.m_lines[at].tone));
        if (m_view.m_lines[at].bold) format.setFontWeight(QFont::Bold);
        setFormat(0, static_cast<int>(text.size()), format);
    }

private:
    const DiffView& m_view;
};

DiffView::DiffView(Theme& theme, const QString& accessibleName, QWidget* parent)
    : QPlainTextEdit(parent), m_theme(theme), m_colours(new Colours(*this, document())) {
    setReadOnly(true);
    setAccessibleName(accessibleName);
    setLineWrapMode(NoWrap);
    setUndoRedoEnabled(false);
    setFrameShape(NoFrame);
    setTabChangesFocus(true);
    setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    const auto useFont = [this] {
        setFont(m_theme.codeFont());
        setTabStopDistance(4 * QFontMetricsF(m_theme.codeFont()).horizontalAdvance(u'0'));
    };
    useFont();
    connect(&theme, &Theme::codeFontChanged, this, useFont);
    connect(&theme, &Theme::changed, this, [this] { m_colours->rehighlight(); });
}

void DiffView::showDiff(std::string_view utf8) {
    if (utf8 == m_shown) return;  // and stays where it was scrolled to
    m_shown = utf8;
    auto lines = diffLines(utf8);
    QStringList texts;
    for (const DiffLine& line : lines)
        texts << line.text;
    m_lines = std::move(lines);
    setPlainText(texts.join(u'\n'));
}

void DiffView::wheelEvent(QWheelEvent* event) {
    if (!zoomByWheel(m_theme, *event)) QPlainTextEdit::wheelEvent(event);
}

}  // namespace ui
