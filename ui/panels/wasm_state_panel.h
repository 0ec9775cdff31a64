// Locals and globals of the machine: exact where source variables may be lost. Two trees, the globals below: what a reference refers to
// and the lanes of a vector are below it.
#pragma once

#include "ui/panel.h"
#include "ui/panels/variables_model.h"

namespace ui {

class TreeView;

class WasmStatePanel final : public Panel {
    Q_OBJECT

public:
    explicit WasmStatePanel(Context& context);

private:
    void ask();
    void fetchParts(ValueModel& model, const QModelIndex& parent, int first);
    void showMenu(TreeView& view, const QPoint& at);
    void showState();

    ValueModel m_locals, m_globals;
    TreeView *m_localsView, *m_globalsView;
    bool m_isFilled = false;
};

}  // namespace ui
