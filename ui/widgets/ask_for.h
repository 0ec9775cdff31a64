// Questions that stay open while the event loop goes on, as menus do (menu.h): who asks may go away meanwhile, and with it the question.
#pragma once

#include <QString>
#include <functional>

class QWidget;

namespace ui {

using Chosen = std::function<void(const QString&)>;

/// `chosen` gets the path, unless the user gives up or `asker` has gone.
void pickFile(QWidget* asker, const QString& title, const QString& filter, Chosen chosen);
/// … of a file that may be new; asks before one is overwritten. `suffix` is added where there is none.
void pickNewFile(QWidget* asker, const QString& title, const QString& filter, const QString& suffix,
                 Chosen chosen);
void pickFolder(QWidget* asker, const QString& title, Chosen chosen);
/// `chosen` gets the text, without the blanks around it; not if nothing else is left of it.
void askForLine(QWidget* asker, const QString& title, const QString& label, Chosen chosen);

}  // namespace ui
