#include "ui/step_queue.h"

namespace ui {

using debugger::StepKind;
using debugger::StopReason;

StepQueue::StepQueue(Context& context, QObject* parent) : QObject(parent), m_context(context) {
    connect(&context, &Context::stopped, this, [this] {
        m_isStepping = false;
        const StopReason why = m_context.stop().reason;
        // Nothing goes on from a trap; and who pauses wants to look.
        if (why == StopReason::Trap || why == StopReason::Pause) clear();
        // Behind the panels: each shows this stop before the next one.
        QMetaObject::invokeMethod(
            this, [this] { next(); }, Qt::QueuedConnection);
    });
    connect(&context, &Context::stateChanged, this, [this] {
        using enum debugger::SessionState;
        const debugger::SessionState state = m_context.state();
        if (state == Running || state == Waiting || state == Stopped) return;
        m_isStepping = false;
        clear();
    });
}

void StepQueue::step(StepKind kind) {
    if (!m_isStepping && !m_context.canGoOn()) return;
    m_waiting.push_back({Move::Step, kind});
    next();
}

bool StepQueue::goOnBehind() {
    if (!m_isStepping) return false;
    m_waiting.push_back({Move::Resume, {}});
    return true;
}

void StepQueue::clear() { m_waiting.clear(); }

void StepQueue::next() {
    if (m_isStepping || m_waiting.empty() || !m_context.canGoOn()) return;
    const Entry entry = m_waiting.front();
    m_waiting.pop_front();
    if (entry.move == Move::Resume) {
        clear();
        m_context.post<debugger::Resume>(this, {});
        return;
    }
    m_isStepping = true;
    m_context.post<debugger::Step>(this, {entry.kind, m_context.frame()}, {},
                                   [this](const engine::Error& error) {
                                       m_isStepping = false;
                                       clear();
                                       m_context.reportError(error);
                                   });
}

}  // namespace ui
