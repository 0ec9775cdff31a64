#include "ui/widgets/notice_bar.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QToolButton>

#include "ui/plain_text.h"

namespace ui {
namespace {

constexpr int kMaxNotices = 3;

struct KindRow {
    const char* icon;
    Tone back, edge;
    const char* word;
};
constexpr KindRow kKinds[] = {{"info", Tone::InfoBack, Tone::Accent, "Note"},
                              {"warning", Tone::WarnBack, Tone::Denied, "Warning"},
                              {"error", Tone::ErrorBack, Tone::Error, "Error"}};

class NoticeRow final : public QWidget {
public:
    NoticeRow(Theme& theme, const Notice& notice)
        : m_theme(theme), m_notice(notice), m_kind(kKinds[static_cast<int>(notice.kind)]) {
        auto* layout = new QHBoxLayout(this);
        layout->setContentsMargins(12, 6, 6, 6);
        layout->setSpacing(8);
        auto* sign = new QLabel;
        sign->setPixmap(theme.icon(QString::fromLatin1(m_kind.icon)).pixmap(16));
        sign->setAccessibleName(QString::fromLatin1(m_kind.word));
        layout->addWidget(sign, 0, Qt::AlignTop);
        auto* text = m_text = new QLabel(whole());
        text->setTextFormat(Qt::PlainText);
        text->setWordWrap(true);
        text->setToolTip(plainTip(notice.detail.isEmpty() ? whole() : notice.detail));
        text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
        layout->addWidget(text, 1);
        for (const Notice::Choice& choice : notice.choices)
            layout->addWidget(button(choice), 0, Qt::AlignTop);
        auto* close = new QToolButton;
        close->setIcon(theme.icon(QStringLiteral("close")));
        close->setAutoRaise(true);
        close->setToolTip(NoticeBar::tr("Close"));
        close->setAccessibleName(NoticeBar::tr("Close this message"));
        connect(close, &QToolButton::clicked, this, &QObject::deleteLater);
        layout->addWidget(close, 0, Qt::AlignTop);
        setAccessibleName(QString::fromLatin1(m_kind.word) + u' ' + whole());
        connect(&theme, &Theme::changed, this, [this] { update(); });
    }
    QString whole() const {
        return m_notice.title.isEmpty() ? m_notice.text
                                        : m_notice.title + QStringLiteral(": ") + m_notice.text;
    }
    const Notice& notice() const { return m_notice; }

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        painter.fillRect(rect(), m_theme.color(m_kind.back));
        painter.fillRect(0, 0, 3, height(), m_theme.color(m_kind.edge));
        painter.fillRect(0, height() - 1, width(), 1, m_theme.color(Tone::Border));
    }

    // The text gets the height that it needs, at the cost of what is below, as far as the window goes.
    void resizeEvent(QResizeEvent* event) override {
        QWidget::resizeEvent(event);
        m_text->setMinimumHeight(m_text->heightForWidth(m_text->width()));
    }

private:
    QToolButton* button(const Notice::Choice& choice) {
        auto* button = new QToolButton;
        button->setText(choice.text);
        button->setFocusPolicy(Qt::StrongFocus);
        connect(button, &QToolButton::clicked, this, [this, act = choice.act] {
            if (!m_notice.untilResumed) deleteLater();
            act();
        });
        return button;
    }

    Theme& m_theme;
    Notice m_notice;
    KindRow m_kind;
    QLabel* m_text;
};

/// It tells what was done, and wants nothing.
bool isPlain(const Notice& notice) { return notice.kind == Notice::Kind::Info && notice.choices.empty(); }

}  // namespace

NoticeBar::NoticeBar(Theme& theme, QWidget* parent)
    : QWidget(parent), m_theme(theme), m_layout(new QVBoxLayout(this)) {
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(0);
}

void NoticeBar::show(const Notice& notice) {
    auto* row = new NoticeRow(m_theme, notice);
    for (int i = m_layout->count() - 1; i >= 0; --i) {
        auto* old = static_cast<NoticeRow*>(m_layout->itemAt(i)->widget());
        const bool isOld = isPlain(old->notice()) && isPlain(notice);  // what was done after it counts
        if (old->whole() == row->whole() || isOld || i >= kMaxNotices - 1) drop(old);
    }
    m_layout->insertWidget(0, row);
}

void NoticeBar::clear() {
    while (m_layout->count() > 0)
        drop(m_layout->itemAt(0)->widget());
}

// Not at once: it may be a button of the notice that asks for it.
void NoticeBar::drop(QWidget* row) {
    m_layout->removeWidget(row);
    row->hide();
    row->deleteLater();
}

void NoticeBar::dismissTransient() {
    for (int i = m_layout->count() - 1; i >= 0; --i) {
        auto* row = static_cast<NoticeRow*>(m_layout->itemAt(i)->widget());
        if (row->notice().untilResumed) drop(row);
    }
}

int NoticeBar::count() const { return m_layout->count(); }

QString NoticeBar::text() const {
    return count() == 0 ? QString() : static_cast<NoticeRow*>(m_layout->itemAt(0)->widget())->whole();
}

}  // namespace ui
