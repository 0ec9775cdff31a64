// Context menus that stay open while the event loop goes on: what they belong to may meanwhile go away (a tab closes, a program ends).
#pragma once

#include <QMenu>

namespace ui {

/// An empty menu for popup(), never exec(): gone when it closes, or with its parent. Its actions need a context object, and must keep
/// no index of a model but a persistent one.
inline QMenu& newMenu(QWidget* parent) {
    auto* menu = new QMenu(parent);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    return *menu;
}

}  // namespace ui
