#include "ui/widgets/filter_box.h"

#include <QAction>
#include <QCompleter>
#include <QKeyEvent>

#include "ui/plain_text.h"
#include "ui/theme.h"

namespace ui {
namespace {

constexpr int kSoonMs = 150;
constexpr int kMaxLength = 1000;

/// Completes the last word of a line.
class WordCompleter final : public QCompleter {
public:
    WordCompleter(const QStringList& words, QLineEdit* line) : QCompleter(words, line), m_line(line) {
        setCaseSensitivity(Qt::CaseInsensitive);
    }
    QStringList splitPath(const QString& path) const override {
        const QString word = path.mid(wordAt(path));
        return {word.isEmpty() ? QStringLiteral(" ") : word};  // of no word nothing is the end
    }
    QString pathFromIndex(const QModelIndex& index) const override {
        const QString text = m_line->text();
        return text.left(wordAt(text)) + QCompleter::pathFromIndex(index);
    }

private:
    static qsizetype wordAt(const QString& text) {
        qsizetype at = text.size();
        while (at > 0 && (text[at - 1].isLetterOrNumber() || text[at - 1] == u'_' || text[at - 1] == u'.'))
            --at;
        return at;
    }
    QLineEdit* m_line;
};

}  // namespace

FilterBox::FilterBox(Theme& theme, const QString& placeholder, const QString& tip, QWidget* parent)
    : QLineEdit(parent) {
    setPlaceholderText(placeholder);
    setAccessibleName(placeholder);
    setToolTip(plainTip(tip));
    setClearButtonEnabled(true);
    setMaxLength(kMaxLength);
    if (const QIcon icon = theme.icon(QStringLiteral("filter")); !icon.isNull())
        addAction(icon, LeadingPosition);
    m_soon.setSingleShot(true);
    m_soon.setInterval(kSoonMs);
    connect(this, &QLineEdit::textChanged, &m_soon, qOverload<>(&QTimer::start));
    connect(&m_soon, &QTimer::timeout, this, &FilterBox::tell);
    connect(this, &QLineEdit::returnPressed, this, &FilterBox::tell);
}

void FilterBox::setFilter(const QString& text) {
    setText(text);
    tell();
}

void FilterBox::setCompletions(const QStringList& words) { setCompleter(new WordCompleter(words, this)); }

void FilterBox::tell() {
    m_soon.stop();
    if (text() == m_filter) return;
    m_filter = text();
    emit filterChanged(m_filter);
}

void FilterBox::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape && !text().isEmpty()) return setFilter({});
    QLineEdit::keyPressEvent(event);
}

}  // namespace ui
