// addLocalShortcut: a key that means something else while the focus is inside one widget (Ctrl+G in Memory goes to an address, in the
// source to a line). It takes the key before the window's own shortcuts see it.
#pragma once

#include <QKeySequence>
#include <functional>

class QWidget;

namespace ui {

void addLocalShortcut(QWidget* widget, const QKeySequence& key, std::function<void()> act);

}  // namespace ui
