// ElidedLabel: one line of plain text that is cut to fit, with the whole text as its tool tip.
#pragma once

#include <QWidget>

namespace ui {

class ElidedLabel final : public QWidget {
    Q_OBJECT

public:
    explicit ElidedLabel(Qt::TextElideMode mode = Qt::ElideRight, QWidget* parent = nullptr);
    void setText(const QString& text);
    const QString& text() const { return m_text; }
    void setBold(bool bold);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_text;
    Qt::TextElideMode m_mode;
};

}  // namespace ui
