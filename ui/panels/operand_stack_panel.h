// Operand stack: the next instruction with what it takes and leaves, the operands (newest on top), and the labels around it.
#pragma once

#include "ui/panel.h"

namespace ui {

class ElidedLabel;
class MachineValues;

class OperandStackPanel final : public Panel {
    Q_OBJECT

public:
    explicit OperandStackPanel(Context& context);

private:
    void ask();
    void take(const debugger::OperandStack& stack);
    void showState();

    MachineValues* m_view;
    ElidedLabel *m_next, *m_effect, *m_labels;
};

}  // namespace ui
