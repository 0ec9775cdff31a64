#include "ui/context.h"

#include <utility>

#include "ui/plain_text.h"

namespace ui {
namespace {

constexpr int kFrameMs = 16;
constexpr int kStaleMs = 200;
constexpr uint32_t kFrames = 1000;

template <class... F>
struct overloaded : F... {
    using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

}  // namespace

using debugger::SessionState;

QString debugInfoText(const debugger::ModuleSummary& module) {
    const bool hasNone = module.debugInfo.empty() || module.debugInfo == "none";
    return hasNone ? QStringLiteral("no debug info") : oneLine(module.debugInfo, 120);
}

QString programName(const debugger::ModuleSummary& module) {
    return oneLine(module.path.empty() ? fromUtf8(module.name) : fileName(fromUtf8(module.path)), 80);
}

Context::Context(std::unique_ptr<debugger::Transport> transport, Theme& theme, Settings& settings,
                 QObject* parent)
    : QObject(parent), m_theme(theme), m_settings(settings) {
    m_client = std::make_unique<debugger::Client>(
        std::move(transport), [this](std::function<void()> function) { m_inbox.post(std::move(function)); });
    m_sources = std::make_unique<SourceCache>(*this);
    for (QTimer* timer : {&m_callsTimer, &m_outputTimer}) {
        timer->setSingleShot(true);
        timer->setInterval(kFrameMs);
    }
    connect(&m_callsTimer, &QTimer::timeout, this, [this] { emit callsAppended(m_callCount); });
    connect(&m_outputTimer, &QTimer::timeout, this, [this] { emit outputAppended(m_outputEnd); });
    m_staleTimer.setSingleShot(true);
    m_staleTimer.setInterval(kStaleMs);
    connect(&m_staleTimer, &QTimer::timeout, this, [this] { setStale(true); });
    m_client->onEvent([this](const debugger::Event& event) { onEvent(event); });
}

// The session's thread posts to the inbox until it has ended.
Context::~Context() { m_client.reset(); }

void Context::onEvent(const debugger::Event& event) {
    std::visit(overloaded{
                   [&](const debugger::StateChanged& e) {
                       // Of this one the stop tells itself: nobody is to act on the one before.
                       if (e.state != SessionState::Stopped) onState(e.state, oneLine(e.detail));
                   },
                   [&](const debugger::Stopped& e) { onStopped(e.stop); },
                   [&](const debugger::BreakpointChanged& e) {
                       if (e.removed)
                           m_breakpoints.erase(e.breakpoint.id);
                       else
                           m_breakpoints[e.breakpoint.id] = e.breakpoint;
                       emit breakpointsChanged();
                   },
                   [&](const debugger::SyscallsAppended& e) {
                       // Fewer than before: another run, which the panels must not miss.
                       const bool isNewRun = e.count < std::exchange(m_callCount, e.count);
                       if (isNewRun) emit callsAppended(m_callCount);
                       if (!m_callsTimer.isActive()) m_callsTimer.start();
                   },
                   [&](const debugger::OutputAppended& e) {
                       const bool isNewRun = e.end < std::exchange(m_outputEnd, e.end);
                       if (isNewRun) emit outputAppended(m_outputEnd);
                       if (!m_outputTimer.isActive()) m_outputTimer.start();
                   },
                   [&](const debugger::MocksChanged& e) {
                       m_mocks = e.mocks;
                       emit mocksChanged();
                   },
                   [&](const debugger::ModuleLoaded& e) { onModule(e.module); },
                   [&](const debugger::Exited& e) {
                       m_exitCode = e.code;
                       emit exited(e.code, oneLine(e.text));
                   },
                   [&](const debugger::ErrorRaised& e) { reportError(e.error); },
                   [&](const debugger::Progress& e) { emit progressed(e); },
                   [&](const debugger::LogMessage& e) {
                       if (e.lost > 0)
                           emit logged(
                               tr("[%L1 texts of log points are not shown: they came too fast]").arg(e.lost),
                               e.breakpoint, e.output);
                       emit logged(fromUtf8(e.text), e.breakpoint, e.output);
                   },
               },
               event);
}

void Context::onState(SessionState state, const QString& detail) {
    const bool wasStopped = isStopped();
    m_state = state;
    m_stateDetail = detail;
    if (state == SessionState::Empty || state == SessionState::Loading) {
        const bool had = m_module.has_value();
        m_module.reset();
        m_frames.clear();
        if (had) emit moduleUnloaded();
    }
    if (state == SessionState::Exited || state == SessionState::Ready) endStop();
    if (state == SessionState::Running || state == SessionState::Waiting) {
        m_stop.reason = debugger::StopReason::None;
        m_hasRun = true;
        if (!m_isStale && !m_staleTimer.isActive()) m_staleTimer.start();
    } else {
        m_staleTimer.stop();
        if (state != SessionState::Stopped) setStale(true);
    }
    emit stateChanged();
    if (wasStopped && !isStopped()) emit resumed();
}

void Context::onStopped(const debugger::StopInfo& stop) {
    m_stop = stop;
    ++m_generation;
    m_frame = stop.frame;
    m_frames.clear();
    onState(SessionState::Stopped, {});
    setStale(false);
    emit stopped();
    emit frameSelected();
    ask<debugger::GetFrames>(this, {.count = kFrames},
                             [this](const std::vector<debugger::StackFrame>& frames) {
                                 m_frames = frames;
                                 emit framesChanged();
                             });
}

void Context::setStale(bool stale) {
    if (std::exchange(m_isStale, stale) != stale) emit staleChanged();
}

/// The machine of the last stop is gone: answers about it would be wrong.
void Context::endStop() {
    ++m_generation;
    m_frame = 0;
    m_frames.clear();
    m_stop = {};
    emit framesChanged();
}

void Context::onModule(const debugger::ModuleSummary& module) {
    m_module = module;
    m_frames.clear();
    m_stop = {};
    m_callCount = m_outputEnd = 0;
    m_hasRun = false;
    emit moduleLoaded();
    emit stateChanged();  // which was told before the module: what is empty now is empty for another reason
}

void Context::selectFrame(uint32_t index) {
    if (index >= m_frames.size()) return;
    m_frame = index;
    emit frameSelected();
}

const debugger::Location& Context::location() const {
    return m_frame < m_frames.size() ? m_frames[m_frame].location : m_stop.location;
}

template <class R>
void Context::setBreakpoint(R request, const Answered& answered) {
    std::function<void(const engine::Error&)> failed;
    if (answered) failed = [answered](const engine::Error& error) { answered(&error); };
    post<R>(
        this, std::move(request),
        [this, answered](const debugger::BreakpointInfo& breakpoint) {
            m_breakpoints[breakpoint.id] = breakpoint;
            emit breakpointsChanged();
            if (answered) answered(nullptr);
        },
        std::move(failed));
}

void Context::addBreakpoint(const debugger::BreakpointSpec& spec, Answered answered) {
    setBreakpoint(debugger::AddBreakpoint{spec, false, m_frame}, answered);
}

void Context::restoreBreakpoint(const debugger::BreakpointSpec& spec) {
    setBreakpoint(debugger::AddBreakpoint{spec, true}, {});
}

void Context::changeBreakpoint(debugger::BreakpointId id, const debugger::BreakpointSpec& spec,
                               Answered answered) {
    setBreakpoint(debugger::ChangeBreakpoint{id, spec}, answered);
}

void Context::removeBreakpoint(debugger::BreakpointId id) {
    const auto gone = [this, id] {
        m_breakpoints.erase(id);
        emit breakpointsChanged();
    };
    post<debugger::RemoveBreakpoint>(
        this, {id}, [gone](const debugger::Done&) { gone(); },
        [this, gone](const engine::Error& error) {
            // Asked for twice, faster than it was answered.
            error.code == engine::ErrorCode::NotFound ? gone() : reportError(error);
        });
}

void Context::setMocks(std::vector<wasi::MockEntry> rules, Answered answered) {
    std::function<void(const engine::Error&)> failed;
    if (answered) failed = [answered](const engine::Error& error) { answered(&error); };
    post<debugger::SetMocks>(
        this, {std::move(rules)},
        [this, answered](const std::vector<wasi::MockInfo>& mocks) {
            m_mocks = mocks;
            emit mocksChanged();
            if (answered) answered(nullptr);
        },
        std::move(failed));
}

void Context::reportError(const engine::Error& error) {
    notify({Notice::Kind::Error, QString(), oneLine(error.text())});
}

void Context::goTo(const debugger::Location& location) {
    if (!location.file.empty())
        emit sourceRequested(fromUtf8(location.file), location.line);
    else
        emit offsetRequested(location.offset);
}

}  // namespace ui
