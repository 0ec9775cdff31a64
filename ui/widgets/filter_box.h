// FilterBox: the line above a long list. It tells of a new filter shortly after the last key, at once on Enter; Escape clears it.
#pragma once

#include <QLineEdit>
#include <QTimer>

namespace ui {

class Theme;

class FilterBox final : public QLineEdit {
    Q_OBJECT

public:
    FilterBox(Theme& theme, const QString& placeholder, const QString& tip, QWidget* parent = nullptr);
    const QString& filter() const { return m_filter; }
    /// Sets the text and tells at once.
    void setFilter(const QString& text);
    /// What the word that is being typed may become.
    void setCompletions(const QStringList& words);

signals:
    void filterChanged(const QString& filter);

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    void tell();

    QTimer m_soon;
    QString m_filter;
};

}  // namespace ui
