// Locals and globals of the machine: exact where source variables may be lost. Two trees, the globals below: what a reference refers to
// and the lanes of a vector are below it.
#pragma once

#include "ui/panel.h"

namespace ui {

class MachineValues;

class WasmStatePanel final : public Panel {
    Q_OBJECT

public:
    explicit WasmStatePanel(Context& context);

private:
    void ask();
    void showState();

    MachineValues *m_locals, *m_globals;
    bool m_isFilled = false;
};

}  // namespace ui
