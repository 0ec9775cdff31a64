#include "ui/panels/disassembly_panel.h"

#include "ui/panels/disassembly_view.h"

namespace ui {

DisassemblyPanel::DisassemblyPanel(Context& context) : Panel(context) {
    m_view = new DisassemblyView(context);
    setContent(m_view);
    connect(m_view, &DisassemblyView::filled, this, &DisassemblyPanel::showState);
    connect(&context, &Context::stateChanged, this, &DisassemblyPanel::showState);
    connect(&context, &Context::offsetRequested, this, [this](uint32_t offset) {
        emit this->context().panelRequested(QStringLiteral("disassembly"));
        m_view->goTo(offset);
    });
    showState();
}

void DisassemblyPanel::showState() {
    if (!m_view->isEmpty()) return showContent();
    if (!context().module())
        return showEmpty(tr("Shows the instructions of a function, with its source lines."));
    const bool isRunning = context().state() == debugger::SessionState::Running ||
                           context().state() == debugger::SessionState::Waiting;
    showEmpty(tr("Shows the instructions around the place where the program stops."),
              isRunning ? "pause" : "start");
}

}  // namespace ui
