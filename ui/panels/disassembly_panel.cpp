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
    showEmpty(tr("Shows the instructions around the place where the program stops."),
              context().state() == debugger::SessionState::Ready ? "start" : "pause");
}

}  // namespace ui
