#include "ui/widgets/spoken.h"

#include <QAccessibleWidget>

namespace ui {
namespace {

class SpokenAccessible final : public QAccessibleWidget {
public:
    SpokenAccessible(QWidget* widget, const Spoken& spoken)
        : QAccessibleWidget(widget, QAccessible::EditableText), m_spoken(spoken) {}

    QString text(QAccessible::Text kind) const override {
        return kind == QAccessible::Value ? m_spoken.spoken() : QAccessibleWidget::text(kind);
    }

private:
    const Spoken& m_spoken;
};

QAccessibleInterface* create(const QString&, QObject* object) {
    const auto* spoken = dynamic_cast<Spoken*>(object);
    auto* widget = qobject_cast<QWidget*>(object);
    return spoken && widget ? new SpokenAccessible(widget, *spoken) : nullptr;
}

}  // namespace

void installSpoken() {
    static const bool kOnce = (QAccessible::installFactory(create), true);
    Q_UNUSED(kOnce);
}

void announceSpoken(QWidget* widget) {
    if (!QAccessible::isActive()) return;
    const auto* spoken = dynamic_cast<Spoken*>(widget);
    if (!spoken) return;
    QAccessibleValueChangeEvent event(widget, spoken->spoken());
    QAccessible::updateAccessibility(&event);
}

}  // namespace ui
