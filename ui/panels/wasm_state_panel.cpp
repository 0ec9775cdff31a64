#include "ui/panels/wasm_state_panel.h"

#include <QBoxLayout>
#include <QLabel>
#include <QSplitter>

#include "ui/panels/machine_values.h"

namespace ui {
namespace {

QWidget* titled(const QString& title, QWidget* view) {
    auto* box = new QWidget;
    auto* layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    auto* label = new QLabel(title);
    label->setTextFormat(Qt::PlainText);
    label->setContentsMargins(8, 4, 8, 4);
    QFont font = label->font();
    font.setBold(true);
    label->setFont(font);
    label->setBuddy(view);
    layout->addWidget(label);
    layout->addWidget(view, 1);
    return box;
}

}  // namespace

WasmStatePanel::WasmStatePanel(Context& context)
    : Panel(context),
      m_locals(new MachineValues(context, ValueModel::Of::Machine, tr("Locals of the function"))),
      m_globals(new MachineValues(context, ValueModel::Of::Machine, tr("Globals of the module"))) {
    auto* splitter = new QSplitter(Qt::Vertical);
    splitter->addWidget(titled(tr("Wasm locals"), m_locals));
    splitter->addWidget(titled(tr("Wasm globals"), m_globals));
    splitter->setStretchFactor(0, 2);
    splitter->setStretchFactor(1, 1);
    setContent(splitter, m_locals);
    connect(&context, &Context::frameSelected, this, &WasmStatePanel::ask);
    connect(&context, &Context::dataEdited, this, &WasmStatePanel::ask);
    connect(&context, &Context::stateChanged, this, &WasmStatePanel::showState);
    connect(&context, &Context::staleChanged, this, &WasmStatePanel::showState);
    connect(&context, &Context::moduleUnloaded, this, [this] {
        m_isFilled = false;
        m_locals->clear();
        m_globals->clear();
    });
    ask();
    showState();
}

void WasmStatePanel::ask() {
    if (!context().isStopped()) return;
    context().ask<debugger::GetWasmLocals>(this, {context().frame()},
                                           [this](const std::vector<debugger::WasmValue>& values) {
                                               m_isFilled = true;
                                               m_locals->setValues(machineNodes(values, "$local"));
                                           });
    context().ask<debugger::GetWasmGlobals>(this, {}, [this](const std::vector<debugger::WasmValue>& values) {
        m_globals->setValues(machineNodes(values, "$global"));
    });
}

void WasmStatePanel::showState() {
    m_locals->setEnabled(!context().isStale());
    m_globals->setEnabled(!context().isStale());
    if (!context().module())
        return showEmpty(
            tr("Shows the machine's own locals and globals: exact, whatever the compiler did to "
               "the source's variables."));
    if (context().hasEnded())
        return showEmpty(tr("The program has ended. Start it again: where it stops, the machine's locals and "
                            "globals are shown."),
                         "start");
    if (context().isStopped() || (m_isFilled && context().state() != debugger::SessionState::Ready))
        return showContent();
    if (context().state() == debugger::SessionState::Ready)
        return showEmpty(tr("Start the program; where it stops, the machine's locals and globals are shown."),
                         "start");
    showEmpty(tr("Pause the program to see the machine's locals and globals."), "pause");
}

}  // namespace ui
