#include "ui/widgets/filter_box.h"

#include <QAction>
#include <QKeyEvent>

#include "ui/plain_text.h"
#include "ui/theme.h"

namespace ui {
namespace {

constexpr int kSoonMs = 150;
constexpr int kMaxLength = 1000;

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
