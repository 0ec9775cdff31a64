#include "ui/widgets/picker.h"

#include <QHeaderView>
#include <QKeyEvent>
#include <QVBoxLayout>

#include "ui/widgets/views.h"

namespace ui {
namespace {

constexpr int kWidth = 720, kRows = 14;
constexpr int kDetailScore = -60;  // behind all whose title matches, also those that are disabled

std::vector<Column<PickerItem>> pickerColumns() {
    const auto look = [](const PickerItem& item) {
        return Look{.tone = item.enabled ? Tone::Text : Tone::Disabled};
    };
    return {
        {.title = "Name",
         .text = [](const PickerItem& item) { return item.title; },
         .width = 26,
         .look = look},
        {.title = "About",
         .text = [](const PickerItem& item) { return item.detail; },
         .look =
             [](const PickerItem& item) { return Look{.tone = item.enabled ? Tone::Dim : Tone::Disabled}; }},
        {.title = "Keys",
         .text = [](const PickerItem& item) { return item.keys; },
         .kind = ColumnKind::Number,
         .width = 15,
         .look = [](const PickerItem&) { return Look{.tone = Tone::Dim}; }}};
}

}  // namespace

int matchScore(const QString& typed, const QString& text) {
    if (typed.isEmpty()) return 1;
    if (text.startsWith(typed, Qt::CaseInsensitive)) return 1000;
    if (const qsizetype at = text.indexOf(typed, 0, Qt::CaseInsensitive); at >= 0)
        return 500 + (text[at - 1].isLetterOrNumber() ? 0 : 200) - static_cast<int>(qMin<qsizetype>(at, 100));
    int score = 100;
    qsizetype at = -1;
    for (const QChar c : typed) {
        const qsizetype next = text.indexOf(c, at + 1, Qt::CaseInsensitive);
        if (next < 0) return 0;
        if (next != at + 1 && next > 0 && text[next - 1].isLetterOrNumber())
            score -= 5;  // not at a word's beginning
        at = next;
    }
    return qMax(1, score);
}

Picker::Picker(Context& context, QWidget* window, const QString& placeholder, Source source)
    : QFrame(window, Qt::Popup), m_source(std::move(source)), m_model(pickerColumns(), this) {
    setAttribute(Qt::WA_DeleteOnClose);
    setFrameShape(QFrame::StyledPanel);
    m_line = new QLineEdit;
    m_line->setPlaceholderText(placeholder);
    m_line->setAccessibleName(placeholder);
    m_line->setClearButtonEnabled(true);
    m_line->installEventFilter(this);
    m_view = new TableView(context.theme(), placeholder);
    m_view->setModel(&m_model, m_model);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->horizontalHeader()->hide();
    m_view->setFocusPolicy(Qt::NoFocus);

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 8, 8, 8);
    layout->setSpacing(8);
    layout->addWidget(m_line);
    layout->addWidget(m_view);
    connect(m_line, &QLineEdit::textChanged, this, &Picker::ask);
    connect(m_view, &TableView::clicked, this, &Picker::choose);
}

Picker::Source Picker::filtered(std::vector<PickerItem> items) {
    return [items = std::move(items)](const QString& typed,
                                      const std::function<void(std::vector<PickerItem>)>& answer) {
        std::vector<std::pair<int, const PickerItem*>> found;
        for (const PickerItem& item : items) {
            int score = matchScore(typed, item.title);
            if (score == 0 && item.detail.contains(typed, Qt::CaseInsensitive)) score = kDetailScore;
            if (score != 0) found.emplace_back(score + (item.enabled ? 50 : 0), &item);
        }
        std::stable_sort(found.begin(), found.end(),
                         [](const auto& a, const auto& b) { return a.first > b.first; });
        std::vector<PickerItem> best;
        for (const auto& [score, item] : found)
            best.push_back(*item);
        answer(std::move(best));
    };
}

void Picker::popUp() {
    const QWidget* window = parentWidget();
    const int width = qMin(kWidth, window->width() - 32);
    const int row = m_view->verticalHeader()->defaultSectionSize();
    resize(width, qMin(window->height() - 96, row * kRows + m_line->sizeHint().height() + 32));
    move(window->mapToGlobal(QPoint((window->width() - width) / 2, 64)));
    ask();
    show();
    m_line->setFocus();
}

void Picker::ask() {
    m_source(m_line->text().trimmed(),
             [self = QPointer<Picker>(this), typed = m_line->text()](std::vector<PickerItem> items) {
                 if (!self || self->m_line->text() != typed) return;
                 self->m_view->setPlaceholder(typed.isEmpty() ? QString()
                                                              : tr("Nothing here matches “%1”.").arg(typed));
                 self->m_model.setRows(std::move(items));
                 if (self->m_model.rowCount() > 0) self->m_view->selectRow(0);
             });
}

void Picker::choose(const QModelIndex& index) {
    const PickerItem* item = m_model.rowAt(index);
    if (!item || !item->enabled) return;
    const auto act = item->choose;
    close();
    if (act) act();
}

bool Picker::eventFilter(QObject* watched, QEvent* event) {
    if (watched != m_line || event->type() != QEvent::KeyPress) return QFrame::eventFilter(watched, event);
    const auto* key = static_cast<QKeyEvent*>(event);
    switch (key->key()) {
    case Qt::Key_Up:
    case Qt::Key_Down:
    case Qt::Key_PageUp:
    case Qt::Key_PageDown: QCoreApplication::sendEvent(m_view, event); return true;
    case Qt::Key_Return:
    case Qt::Key_Enter: choose(m_view->currentIndex()); return true;
    case Qt::Key_Escape: close(); return true;
    default: return false;
    }
}

}  // namespace ui
