// DockLayout: the docks of a main window made from the table of panels, and their arrangements: one per layout, each as the user left
// it, and always back to where it began.
#pragma once

#include <QHash>
#include <QMainWindow>
#include <QObject>

#include "ui/panels.h"

class QDockWidget;

namespace ui {

class Context;
class Panel;

class DockLayout final : public QObject {
    Q_OBJECT

public:
    DockLayout(Context& context, QMainWindow& window);

    LayoutId current() const { return m_current; }
    /// Puts the docks as the user last had them in this layout, else as the table says.
    void apply(LayoutId layout);
    /// Puts the docks of the current layout as the table says.
    void reset();
    /// Remembers the arrangement in the settings.
    void save();
    void restore();

    QDockWidget* dock(const QString& id) const { return m_docks.value(id); }
    Panel* panel(const QString& id) const { return m_panels.value(id); }
    const QHash<QString, Panel*>& all() const { return m_panels; }
    /// Shows a panel, in front and with the focus.
    void raise(const QString& id);

signals:
    void changed();

private:
    void load(LayoutId layout);
    void arrange(LayoutId layout);
    void showTitles();
    void showTitlesSoon();

    Context& m_context;
    QMainWindow& m_window;
    QHash<QString, QDockWidget*> m_docks;
    QHash<QString, Panel*> m_panels;
    LayoutId m_current = LayoutId::Default;
    bool m_titlesPosted = false;
};

}  // namespace ui
