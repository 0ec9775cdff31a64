// Context: what every panel knows: the session (through its Client), its last known state, the selected frame, theme and settings; and the
// signals by which panels talk without knowing each other. Owned by main, lives on the window's thread, outlives all widgets.
#pragma once

#include <QObject>
#include <QPointer>
#include <QTimer>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "debugger/client.h"
#include "ui/inbox.h"
#include "ui/settings.h"
#include "ui/source_cache.h"
#include "ui/theme.h"

namespace ui {

/// "DWARF 4, 47 units, C11", or that there is none.
QString debugInfoText(const debugger::ModuleSummary& module);
/// The name of its file: what the module calls itself may be anything.
QString programName(const debugger::ModuleSummary& module);

/// Something to tell in the window: what, where, what to do; with the buttons that do it when there are any.
struct Notice {
    struct Choice {
        QString text;  // of the button
        std::function<void()> act;
    };
    enum class Kind : uint8_t { Info, Warning, Error } kind = Kind::Info;
    QString title, text;
    std::vector<Choice> choices = {};
    bool untilResumed = false;  // is about the present stop only
    QString detail = {};        // in the tool tip
};

class Context final : public QObject {
    Q_OBJECT

public:
    Context(std::unique_ptr<debugger::Transport> transport, Theme& theme, Settings& settings,
            QObject* parent = nullptr);
    ~Context() override;

    Theme& theme() const { return m_theme; }
    Settings& settings() const { return m_settings; }
    debugger::Client& client() { return *m_client; }
    SourceCache& sources() { return *m_sources; }

    /// Asks about the present stop: the answer is dropped if `receiver` is gone by then, or the program stopped anew.
    template <class R>
    void ask(QObject* receiver, R request, std::function<void(const typename R::Reply&)> then,
             std::function<void(const engine::Error&)> failed = {}) {
        send(receiver, std::move(request), std::move(then), std::move(failed), m_generation);
    }
    /// Asks for what does not depend on a stop (module, breakpoints, calls, output), or does something. Without `failed`, an error is
    /// shown to the user.
    template <class R>
    void post(QObject* receiver, R request, std::function<void(const typename R::Reply&)> then = {},
              std::function<void(const engine::Error&)> failed = {}) {
        if (!failed) failed = [this](const engine::Error& error) { reportError(error); };
        send(receiver, std::move(request), std::move(then), std::move(failed), std::nullopt);
    }

    // --- What the session said last
    debugger::SessionState state() const { return m_state; }
    const QString& stateDetail() const { return m_stateDetail; }
    bool isStopped() const { return m_state == debugger::SessionState::Stopped; }
    /// Stopped where nothing goes on: only a new start does.
    bool hasTrapped() const { return isStopped() && m_stop.reason == debugger::StopReason::Trap; }
    bool canGoOn() const { return isStopped() && !hasTrapped(); }
    /// It has run, and is over: by itself, or ended by the user.
    bool hasEnded() const {
        return m_state == debugger::SessionState::Exited ||
               (m_state == debugger::SessionState::Ready && m_hasRun);
    }
    /// If the state is Exited.
    int64_t exitCode() const { return m_exitCode; }
    /// The program waits for somebody to type.
    bool waitsForInput() const {
        return m_state == debugger::SessionState::Waiting && m_stateDetail.contains(QLatin1String("stdin"));
    }
    /// What is shown belongs to a stop that is past, and the program has been running long enough for that to be worth saying:
    /// not between the two stops of a step.
    bool isStale() const { return m_isStale; }
    /// Running, but not for long: a step, most likely.
    bool isBetweenStops() const {
        using enum debugger::SessionState;
        return !m_isStale && (m_state == Running || m_state == Waiting);
    }
    const debugger::StopInfo& stop() const { return m_stop; }
    /// Counts stops and ends, as seen here.
    debugger::Generation generation() const { return m_generation; }
    const std::optional<debugger::ModuleSummary>& module() const { return m_module; }
    const std::map<debugger::BreakpointId, debugger::BreakpointInfo>& breakpoints() const {
        return m_breakpoints;
    }
    const std::vector<wasi::MockInfo>& mocks() const { return m_mocks; }
    uint64_t callCount() const { return m_callCount; }
    uint64_t outputEnd() const { return m_outputEnd; }

    // --- The call stack at this stop, and the frame that the panels show
    const std::vector<debugger::StackFrame>& frames() const { return m_frames; }
    uint32_t frame() const { return m_frame; }
    void selectFrame(uint32_t index);
    /// Where the selected frame stands.
    const debugger::Location& location() const;

    // --- Doing
    /// Runs a verb of debugger::verbs() or of the window, as the menu would; the window listens.
    void perform(const QString& verb) { emit verbRequested(verb); }
    /// Gets why it was refused, or nullptr; without one, the user is told of a refusal.
    using Answered = std::function<void(const engine::Error*)>;
    void addBreakpoint(const debugger::BreakpointSpec& spec, Answered answered = {});
    /// One that was set in an earlier build; kept though its place may be gone.
    void restoreBreakpoint(const debugger::BreakpointSpec& spec);
    void changeBreakpoint(debugger::BreakpointId id, const debugger::BreakpointSpec& spec,
                          Answered answered = {});
    void removeBreakpoint(debugger::BreakpointId id);
    /// Replaces the rules.
    void setMocks(std::vector<wasi::MockEntry> rules, Answered answered = {});
    /// After a write to variables or memory: panels read again.
    void announceEdit() { emit dataEdited(); }
    void notify(const Notice& notice) { emit noticed(notice); }
    void reportError(const engine::Error& error);
    /// Text of the program (log points), to Console.
    void goTo(const debugger::Location& location);

signals:
    void stateChanged();
    void
    stopped();  // state, stop, generation and location are those of the new stop; frames are still to come
    void staleChanged();
    void resumed();  // what is shown is old now
    void framesChanged();
    void frameSelected();  // also after each stop
    void breakpointsChanged();
    void mocksChanged();
    void moduleLoaded();
    void moduleUnloaded();
    void callsAppended(quint64 count);  // at most 60 times a second
    void outputAppended(quint64 end);   // at most 60 times a second
    void exited(qint64 code, const QString& text);
    void progressed(const debugger::Progress& progress);
    /// `output`: how much the program had written before.
    void logged(const QString& text, debugger::BreakpointId breakpoint, quint64 output);
    void dataEdited();
    void capabilitiesEdited();  // the program is granted more or less than before
    void noticed(const ui::Notice& notice);

    // Navigation
    void sourceRequested(const QString& file, uint line);
    void offsetRequested(uint32_t offset);
    void instructionSelected(std::optional<uint32_t> offset);  // in Disassembly; nothing: no longer
    void memoryRequested(quint64 address, quint64 length);
    void callRequested(quint64 sequence);
    void callsRequested(const QString& filter);
    void mockRequested(const QString& rule);  // to be completed in Mocks
    void watchRequested(const QString& expression);
    void panelRequested(const QString& id);
    void verbRequested(const QString& id);

private:
    template <class R>
    void send(QObject* receiver, R request, std::function<void(const typename R::Reply&)> then,
              std::function<void(const engine::Error&)> failed,
              std::optional<debugger::Generation> generation) {
        m_client->ask<R>(std::move(request), [=, this, guard = QPointer<QObject>(receiver)](
                                                 const engine::Result<typename R::Reply>& answer) {
            if (!guard || (generation && *generation != m_generation)) return;
            if (answer.ok()) {
                if (then) then(answer.value());
            } else if (failed) {
                failed(answer.error());
            }
        });
    }
    void onEvent(const debugger::Event& event);
    void onStopped(const debugger::StopInfo& stop);
    void setStale(bool stale);
    void endStop();
    void onState(debugger::SessionState state, const QString& detail);
    void onModule(const debugger::ModuleSummary& module);
    template <class R>
    void setBreakpoint(R request, const Answered& answered);

    Theme& m_theme;
    Settings& m_settings;
    Inbox m_inbox;
    std::unique_ptr<debugger::Client> m_client;

    debugger::SessionState m_state = debugger::SessionState::Empty;
    QString m_stateDetail;
    debugger::StopInfo m_stop;
    int64_t m_exitCode = 0;
    bool m_hasRun = false;  // since it was loaded
    debugger::Generation m_generation = 0;
    std::optional<debugger::ModuleSummary> m_module;
    std::map<debugger::BreakpointId, debugger::BreakpointInfo> m_breakpoints;
    std::vector<wasi::MockInfo> m_mocks;
    std::vector<debugger::StackFrame> m_frames;
    uint32_t m_frame = 0;
    std::unique_ptr<SourceCache> m_sources;
    uint64_t m_callCount = 0, m_outputEnd = 0;
    QTimer m_callsTimer, m_outputTimer, m_staleTimer;
    bool m_isStale = true;
};

}  // namespace ui
