// NoticeBar: what went wrong or should be known, in the window and not in a box in the way: sign, what, where, what to do, and a button
// that does it. The newest few stay until closed; of those that only tell
// what was done, the last.
#pragma once

#include <QVBoxLayout>
#include <QWidget>

#include "ui/context.h"

namespace ui {

class NoticeBar final : public QWidget {
    Q_OBJECT

public:
    explicit NoticeBar(Theme& theme, QWidget* parent = nullptr);
    void show(const Notice& notice);
    void clear();
    /// Closes those about the present stop.
    void dismissTransient();
    int count() const;
    QString text() const;  // of the newest

private:
    void drop(QWidget* row);

    Theme& m_theme;
    QVBoxLayout* m_layout;
};

}  // namespace ui
