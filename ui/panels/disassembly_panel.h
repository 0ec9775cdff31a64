// Disassembly: the instructions of the function in which the selected frame stands, between their source lines.
#pragma once

#include "ui/panel.h"

namespace ui {

class DisassemblyView;

class DisassemblyPanel final : public Panel {
    Q_OBJECT

public:
    explicit DisassemblyPanel(Context& context);

private:
    void showState();

    DisassemblyView* m_view;
};

}  // namespace ui
