// Variables: parameters, locals and globals of the selected frame as a tree that is fetched as it is opened. Values can be edited.
#pragma once

#include "ui/panel.h"
#include "ui/panels/variables_model.h"

class QMenu;

namespace ui {

class TreeView;

class VariablesPanel final : public Panel {
    Q_OBJECT

public:
    explicit VariablesPanel(Context& context);
    QJsonObject save() const override;
    void restore(const QJsonObject& json) override;

private:
    void fetch();
    void fill(const std::vector<debugger::VariableNode>& variables);
    void fetchChildren(const QModelIndex& parent, int first);
    void edit(const QModelIndex& index, const QString& text);
    void showState();
    void showMenu(const QPoint& at);

    ValueModel m_model;
    TreeView* m_view;
    bool m_showsGlobals = true;
    std::map<std::string, std::vector<debugger::VariableNode>> m_groups;
};

/// Puts children of a value into the model, when the session has sent them.
void fetchValueChildren(Context& context, QObject* receiver, ValueModel& model, const QModelIndex& parent,
                        int first);
/// Writes a value and has all panels read again; an error is shown.
void assignValue(Context& context, QObject* receiver, const debugger::VariableNode& node,
                 const QString& text);
/// Edits the cell of a value where it stands.
void addEditAction(QMenu& menu, Context& context, TreeView& view, const QModelIndex& value);
/// What every value offers: copy, watch, show in memory.
void addValueActions(QMenu& menu, Context& context, const debugger::VariableNode& node);

}  // namespace ui
