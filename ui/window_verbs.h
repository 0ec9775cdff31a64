// The verbs that only a window has, as rows like those of debugger/commands.h, and the actions made from both tables.
#pragma once

#include <QAction>
#include <QHash>
#include <QObject>
#include <functional>
#include <span>
#include <vector>

#include "debugger/commands.h"
#include "ui/context.h"

namespace ui {

std::span<const debugger::Verb> windowVerbs();

/// One QAction per verb that the window can do: title, icon, shortcut, tool tip and the states in which it is enabled come from the row;
/// what it does, from `handle`. Owned by the main window.
class VerbActions final : public QObject {
    Q_OBJECT

public:
    struct Entry {
        debugger::Verb verb;
        QAction* action;
    };

    VerbActions(Context& context, QWidget* window);

    /// What a verb does; ids that no table has are ignored. Returns its action (nullptr then).
    QAction* handle(const QString& id, std::function<void()> function);
    /// … in every state, whatever the prompt says: a panel can be looked at without a program, and says what it will show.
    QAction* handleAlways(const QString& id, std::function<void()> function);
    /// Why a verb that is disabled is so now, and what enables it.
    QString whyNot() const;
    /// nullptr if there is no such verb or nothing handles it.
    QAction* action(const QString& id) const;
    /// All that are handled, in the order of the tables.
    std::vector<Entry> entries() const;
    /// A verb of the window that comes from another table: a panel, a layout, a recent file.
    QAction* add(const QString& id, const QString& title, const QString& icon, const QString& help,
                 std::function<void()> function);
    void trigger(const QString& id);

private:
    void update();
    static QString tipOf(const Entry& entry, const QString& whyNot);
    QAction* make(const debugger::Verb& verb);

    Context& m_context;
    QWidget* m_window;
    std::vector<Entry> m_entries;  // `action` is nullptr until handled
    QHash<QString, size_t> m_index;
    std::vector<std::unique_ptr<std::string>> m_texts;  // of added verbs
};

}  // namespace ui
