// Locals and globals of the machine: exact where source variables may be lost. Two tables, the globals below.
#pragma once

#include "ui/models/table_model.h"
#include "ui/models/wasm_values.h"
#include "ui/panel.h"

namespace ui {

class TableView;

class WasmStatePanel final : public Panel {
    Q_OBJECT

public:
    explicit WasmStatePanel(Context& context);

private:
    void ask();
    void showState();

    TableModel<WasmValueRow> m_locals, m_globals;
    TableView *m_localsView, *m_globalsView;
    bool m_isFilled = false;
};

}  // namespace ui
