#include "ui/dock_layout.h"

#include <QDockWidget>
#include <QTimer>
#include <array>

#include "ui/context.h"
#include "ui/panel.h"
#include "ui/plain_text.h"

namespace ui {
namespace {

constexpr auto kLayoutKey = "layout";
constexpr int kLeastSide = 28;  // characters: two columns

/// An arrangement of other panels is no use.
int stateVersion() { return static_cast<int>(panels().size()); }

QString stateKey(LayoutId layout) {
    return QStringLiteral("layout.") + QString::fromLatin1(layouts()[static_cast<size_t>(layout)].name);
}

}  // namespace

DockLayout::DockLayout(Context& context, QMainWindow& window)
    : QObject(&window), m_context(context), m_window(window) {
    window.setDockOptions(QMainWindow::AnimatedDocks | QMainWindow::AllowNestedDocks |
                          QMainWindow::AllowTabbedDocks | QMainWindow::GroupedDragging);
    window.setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
    // Variables and calls need the height, tables at the bottom the width.
    window.setCorner(Qt::BottomLeftCorner, Qt::BottomDockWidgetArea);
    window.setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
    for (const PanelRow& row : panels()) {
        const QString id = QString::fromLatin1(row.id);
        auto* dock = new QDockWidget(QString::fromUtf8(row.title), &window);
        Panel* panel = row.create(context);
        dock->setObjectName(id);
        dock->setWidget(panel);
        panel->setObjectName(id + QStringLiteral("-panel"));
        panel->setAccessibleName(QString::fromUtf8(row.title));
        dock->toggleViewAction()->setIcon(context.theme().icon(QString::fromLatin1(row.icon)));
        dock->toggleViewAction()->setToolTip(plainTip(QString::fromUtf8(row.help)));
        dock->setToolTip({});
        connect(panel, &Panel::marked, dock,
                [dock, title = QString::fromUtf8(row.title)](const QString& what) {
                    dock->setWindowTitle(what.isEmpty() ? title : QStringLiteral("● %1 %2").arg(title, what));
                });
        connect(dock, &QDockWidget::topLevelChanged, this, &DockLayout::showTitlesSoon);
        connect(dock, &QDockWidget::dockLocationChanged, this, &DockLayout::showTitlesSoon);
        connect(dock, &QDockWidget::visibilityChanged, this, &DockLayout::showTitlesSoon);
        m_docks.insert(id, dock);
        m_panels.insert(id, panel);
        window.addDockWidget(Qt::RightDockWidgetArea, dock);
    }
    connect(&context, &Context::panelRequested, this, &DockLayout::raise);
    // What is typed goes to what is seen, not to a panel behind it.
    connect(&window, &QMainWindow::tabifiedDockWidgetActivated, this, [this](QDockWidget* front) {
        const QWidget* focus = m_window.focusWidget();
        for (const QDockWidget* behind : m_window.tabifiedDockWidgets(front))
            if (behind->isAncestorOf(focus)) return m_panels.value(front->objectName())->setFocus();
    });
}

void DockLayout::arrange(LayoutId layout) {
    std::array<QDockWidget*, 7> first{};
    const size_t column = static_cast<size_t>(layout);
    for (QDockWidget* dock : std::as_const(m_docks)) {
        dock->setFloating(false);
        m_window.removeDockWidget(dock);
    }
    static constexpr Qt::DockWidgetArea kAreas[] = {
        Qt::NoDockWidgetArea,    Qt::LeftDockWidgetArea,   Qt::LeftDockWidgetArea,  Qt::RightDockWidgetArea,
        Qt::RightDockWidgetArea, Qt::BottomDockWidgetArea, Qt::BottomDockWidgetArea};
    // The first panel of each place splits its area, the others become its tabs.
    for (int pass = 0; pass < 2; ++pass) {
        for (const PanelRow& row : panels()) {
            QDockWidget* dock = m_docks.value(QString::fromLatin1(row.id));
            const Place place = row.places[column];
            QDockWidget*& head = first[static_cast<size_t>(place)];
            if (place == Place::Hidden) {
                if (pass == 0) m_window.addDockWidget(Qt::RightDockWidgetArea, dock), dock->hide();
            } else if (pass == 0 && !head) {
                head = dock;
                m_window.addDockWidget(kAreas[static_cast<size_t>(place)], dock, Qt::Vertical);
                dock->show();
            } else if (pass == 1 && head != dock) {
                m_window.tabifyDockWidget(head, dock);
                dock->show();
            }
        }
        const auto split = [&](Place a, Place b, Qt::Orientation orientation) {
            QDockWidget *one = first[static_cast<size_t>(a)], *two = first[static_cast<size_t>(b)];
            if (one && two) m_window.splitDockWidget(one, two, orientation);
        };
        if (pass == 0) {
            split(Place::LeftTop, Place::LeftBottom, Qt::Vertical);
            split(Place::RightTop, Place::RightBottom, Qt::Vertical);
            split(Place::Bottom, Place::BottomRight, Qt::Horizontal);
        }
    }
    for (const PanelRow& row : panels()) {
        if (row.raised[column]) m_docks.value(QString::fromLatin1(row.id))->raise();
    }
    const LayoutRow& shares = layouts()[column];
    const auto size = [&](Place place, int pixels, Qt::Orientation orientation) {
        if (QDockWidget* dock = first[static_cast<size_t>(place)])
            m_window.resizeDocks({dock}, {pixels}, orientation);
    };
    const int width = m_window.width(), height = m_window.height();
    const int least = kLeastSide * QFontMetrics(m_context.theme().codeFont()).horizontalAdvance(u'0');
    const int left = qMax(width * shares.left / 100, least);
    size(Place::LeftTop, left, Qt::Horizontal);
    size(Place::LeftBottom, left, Qt::Horizontal);
    size(Place::RightTop, width * shares.right / 100, Qt::Horizontal);
    size(Place::RightBottom, width * shares.right / 100, Qt::Horizontal);
    size(Place::Bottom, height * shares.bottom / 100, Qt::Vertical);
    QDockWidget *top = first[static_cast<size_t>(Place::RightTop)],
                *bottom = first[static_cast<size_t>(Place::RightBottom)];
    if (top && bottom)
        m_window.resizeDocks({top, bottom}, {height * 55 / 100, height * 35 / 100}, Qt::Vertical);
}

void DockLayout::apply(LayoutId layout) {
    save();
    load(layout);
}

void DockLayout::load(LayoutId layout) {
    m_current = layout;
    const QByteArray state =
        QByteArray::fromBase64(m_context.settings().value(stateKey(layout)).toString().toLatin1());
    if (state.isEmpty() || !m_window.restoreState(state, stateVersion())) arrange(layout);
    m_context.settings().set(kLayoutKey, QString::fromLatin1(layouts()[static_cast<size_t>(layout)].name));
    showTitles();
    emit changed();
}

// Qt tells of docks before they are where they will be.
void DockLayout::showTitlesSoon() {
    if (!std::exchange(m_titlesPosted, true)) {
        QTimer::singleShot(0, this, [this] {
            m_titlesPosted = false;
            showTitles();
        });
    }
}

/// A tab says the panel's name already; the title bar is for docks that stand alone or float.
void DockLayout::showTitles() {
    for (QDockWidget* dock : std::as_const(m_docks)) {
        const bool isTab = !dock->isFloating() && !m_window.tabifiedDockWidgets(dock).isEmpty();
        if (isTab == (dock->titleBarWidget() != nullptr)) continue;
        QWidget* before = dock->titleBarWidget();
        dock->setTitleBarWidget(isTab ? new QWidget(dock) : nullptr);
        delete before;
    }
}

void DockLayout::reset() {
    m_context.settings().set(stateKey(m_current), QJsonValue());
    arrange(m_current);
    showTitles();
    emit changed();
}

void DockLayout::save() {
    if (!m_window.isVisible()) return;  // its sizes are not real yet
    m_context.settings().set(stateKey(m_current),
                             QString::fromLatin1(m_window.saveState(stateVersion()).toBase64()));
}

void DockLayout::restore() {
    const QString name = m_context.settings().value(kLayoutKey).toString();
    for (const LayoutRow& row : layouts()) {
        if (name == QLatin1String(row.name)) m_current = row.id;
    }
    load(m_current);
}

void DockLayout::raise(const QString& id) {
    QDockWidget* dock = m_docks.value(id);
    if (!dock) return;
    dock->show();
    dock->raise();
    m_panels.value(id)->setFocus();
}

}  // namespace ui
