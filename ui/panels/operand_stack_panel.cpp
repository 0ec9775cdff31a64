#include "ui/panels/operand_stack_panel.h"

#include <QBoxLayout>

#include "ui/panels/machine_values.h"
#include "ui/widgets/elided_label.h"

namespace ui {
namespace {

QString effectOf(const debugger::OperandStack& stack) {
    const QString takes = stack.takes == 0   ? QObject::tr("takes nothing")
                          : stack.takes == 1 ? QObject::tr("takes 1 operand")
                                             : QObject::tr("takes %1 operands").arg(stack.takes);
    QStringList types;
    for (const std::string& type : stack.leaves)
        types << oneLine(type);
    const QString leaves = types.empty() ? QObject::tr("leaves nothing")
                                         : QObject::tr("leaves %1").arg(types.join(QLatin1Char(' ')));
    return QStringLiteral("%1   %2, %3").arg(oneLine(stack.nextSignature), takes, leaves);
}

}  // namespace

OperandStackPanel::OperandStackPanel(Context& context)
    : Panel(context),
      m_view(new MachineValues(context, ValueModel::Of::Operands, tr("Operand stack, newest on top"))),
      m_next(new ElidedLabel),
      m_effect(new ElidedLabel),
      m_labels(new ElidedLabel) {
    m_view->setPlaceholder(tr("The operand stack is empty here."));
    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    m_next->setBold(true);
    auto* top = new QVBoxLayout;
    top->setContentsMargins(8, 4, 8, 4);
    top->setSpacing(2);
    top->addWidget(m_next);
    top->addWidget(m_effect);
    layout->addLayout(top);
    layout->addWidget(m_view, 1);
    auto* bottom = new QHBoxLayout;
    bottom->setContentsMargins(8, 4, 8, 4);
    bottom->addWidget(m_labels);
    layout->addLayout(bottom);
    setContent(content, m_view);
    const auto setFonts = [this] { m_next->setFont(theme().codeFont()); };
    setFonts();
    connect(&theme(), &Theme::codeFontChanged, this, setFonts);
    connect(&context, &Context::frameSelected, this, &OperandStackPanel::ask);
    connect(&context, &Context::dataEdited, this, &OperandStackPanel::ask);
    connect(&context, &Context::stateChanged, this, &OperandStackPanel::showState);
    connect(&context, &Context::staleChanged, this, &OperandStackPanel::showState);
    ask();
    showState();
}

void OperandStackPanel::ask() {
    if (!context().isStopped()) return;
    context().ask<debugger::GetOperandStack>(this, {context().frame()},
                                             [this](const debugger::OperandStack& stack) { take(stack); });
}

void OperandStackPanel::take(const debugger::OperandStack& stack) {
    m_view->setValues(operandNodes(stack));
    m_next->setText(tr("Next: %1").arg(oneLine(stack.nextText)));
    m_effect->setText(effectOf(stack));
    QStringList labels;
    for (const std::string& label : stack.labels)
        labels << oneLine(label);
    m_labels->setText(labels.isEmpty()
                          ? QString()
                          : tr("Labels, innermost first: %1").arg(labels.join(QStringLiteral("  ◂  "))));
    showState();
}

void OperandStackPanel::showState() {
    m_view->setEnabled(!context().isStale());
    if (!context().module())
        return showEmpty(
            tr("Shows the operands of the machine, and what the next instruction does with them."));
    if (context().hasEnded())
        return showEmpty(
            tr("The program has ended. Start it again: where it stops, its operands and the next "
               "instruction are shown."),
            "start");
    if (context().isStopped() ||
        (!m_next->text().isEmpty() && context().state() != debugger::SessionState::Ready))
        return showContent();
    if (context().state() == debugger::SessionState::Ready)
        return showEmpty(
            tr("Start the program; where it stops, the operands and the next instruction are shown."),
            "start");
    showEmpty(tr("Pause the program to see its operands and the next instruction."), "pause");
}

}  // namespace ui
