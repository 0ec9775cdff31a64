#include "ui/widgets/local_shortcut.h"

#include <QKeyEvent>
#include <QWidget>
#include <utility>

namespace ui {
namespace {

// Key events that a child does not want come to its parents, and so past their filters.
class LocalShortcut final : public QObject {
public:
    LocalShortcut(QWidget* widget, const QKeySequence& key, std::function<void()> act)
        : QObject(widget), m_key(key), m_act(std::move(act)) {
        widget->installEventFilter(this);
    }

protected:
    bool eventFilter(QObject*, QEvent* event) override {
        if (event->type() != QEvent::ShortcutOverride && event->type() != QEvent::KeyPress) return false;
        const auto* key = static_cast<QKeyEvent*>(event);
        if (QKeySequence(key->keyCombination()) != m_key) return false;
        event->accept();
        if (event->type() == QEvent::KeyPress) m_act();
        return true;
    }

private:
    QKeySequence m_key;
    std::function<void()> m_act;
};

}  // namespace

void addLocalShortcut(QWidget* widget, const QKeySequence& key, std::function<void()> act) {
    new LocalShortcut(widget, key, std::move(act));
}

}  // namespace ui
