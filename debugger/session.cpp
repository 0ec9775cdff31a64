#include "debugger/session.h"

#include <sys/stat.h>

#include <algorithm>

namespace debugger {

using engine::Error;
using engine::ErrorCode;

Session::Session(Mailbox& mailbox, Emit emit)
    : m_mailbox(mailbox),
      m_emit(std::move(emit)),
      m_stepper(m_breaks, [this](const std::string& path) { return m_sources.has(path); }) {}

Session::~Session() { unload(); }

void Session::loop() {
    while (!m_mailbox.closing()) {
        for (Mailbox::Job& job : m_mailbox.take()) {
            m_mailbox.beginJob();
            job(m_mailbox.closing());
        }
        if (m_mailbox.hasMail()) continue;
        if (running()) {
            if (m_mailbox.tickDue()) tick();
            try {
                slice();
            } catch (const std::exception& problem) {
                endWithProblem(problem.what());
            }
        } else if (m_calls.searching()) {
            // The rest of a search for calls, a little at a time; who asked for it asks again when it hears that there are calls.
            m_calls.search(std::chrono::milliseconds(20));
            m_emit(SyscallsAppended{m_toldCalls});
        } else {
            m_mailbox.wait(std::chrono::hours(1));
        }
    }
    for (Mailbox::Job& job : m_mailbox.take())
        job(true);
}

engine::Result<std::any> Session::answer(Request& request) {
    try {
        return dispatch(request);
    } catch (const std::exception& problem) {
        // Memory that ran out, or a path that the file system refuses: this request fails, the session lives.
        return Error{ErrorCode::Limit, std::string("this could not be done: ") + problem.what()};
    }
}

engine::Result<std::any> Session::dispatch(Request& request) {
    return std::visit(
        [this](auto& specific) -> engine::Result<std::any> {
            using Reply = typename std::decay_t<decltype(specific)>::Reply;
            engine::Result<Reply> reply = handle(specific);
            if (!reply) return reply.error();
            return std::any(std::move(*reply));
        },
        request);
}

// -------------------------------------------------------------------------------------------------------- life of a program

void Session::unload() {
    m_mailbox.setRunning(false);
    m_breakpoints.endRun();
    m_mailbox.setGuest(nullptr, nullptr);
    m_stepper.attach(nullptr, nullptr);
    m_breaks.attach(nullptr, {}, nullptr);
    m_watches.attach(nullptr);
    m_frames.attach(nullptr, nullptr);
    m_variables.attach(nullptr, nullptr, nullptr);
    m_memory.attach(nullptr);
    m_calls.attach(nullptr, nullptr, {});
    m_code.attach(nullptr, nullptr, 0);
    m_breakpoints.attach(nullptr);
    m_runTo.clear();
    m_places.reset();
    m_debuggee.reset();
    m_summary = {};
    m_stop = {};
}

engine::Result<ModuleSummary> Session::handle(const Load& request) {
    // The same program, built anew, keeps its mocks.
    std::vector<wasi::MockEntry> kept;
    if (m_debuggee && m_debuggee->options().program == request.options.program &&
        request.options.mocks.empty())
        for (wasi::MockInfo& info : m_debuggee->mocks())
            kept.push_back({info.id, std::move(info.rule)});
    unload();
    setState(SessionState::Loading, request.options.program);
    auto loaded = Debuggee::load(request.options);
    if (!loaded) {
        setState(SessionState::Failed, loaded.error().text());
        m_emit(ErrorRaised{loaded.error()});
        return loaded.error();
    }
    m_debuggee = std::move(*loaded);
    if (!kept.empty())
        for (const Error& error : TRY(m_debuggee->keepMocks(std::move(kept))))
            m_emit(ErrorRaised{error});
    m_emit(MocksChanged{m_debuggee->mocks()});
    bool shown = false;
    Symbols& symbols = m_debuggee->symbols([this, &shown](uint64_t done, uint64_t total) {
        shown = true;
        m_emit(Progress{"Reading debug information", done, total, false});
        return !m_mailbox.interrupted();
    });
    if (shown) m_emit(Progress{"Reading debug information", 1, 1, true});

    const LaunchOptions& options = m_debuggee->options();
    m_places = std::make_unique<Places>(m_debuggee->module(), symbols);
    m_sources = SourceFinder(options.program, options.pathMap, options.sourceRoots);
    m_sources.stopIf([this] { return m_mailbox.interrupted(); });
    struct stat status = {};
    const bool hasTime = stat(options.program.c_str(), &status) == 0;
    m_code.attach(m_places.get(), &m_sources, hasTime ? status.st_mtim.tv_sec * int64_t{1'000'000'000} : 0);
    m_memory.attach(m_debuggee.get());
    m_breakpoints.attach(m_places.get());
    // The guest may be woken from other threads exactly as long as it exists.
    m_debuggee->onGuest(
        [this](engine::Machine* machine, wasi::WasiHost* host) { m_mailbox.setGuest(machine, host); });
    m_summary = m_debuggee->summary();
    setState(SessionState::Ready);
    m_emit(ModuleLoaded{m_summary});
    flush();
    return m_summary;
}

engine::Result<Done> Session::handle(const Start& request) {
    if (!m_debuggee) return Error{ErrorCode::State, "no program is loaded"};
    if (running() || m_state == SessionState::Stopped) m_breakpoints.endRun();
    m_mailbox.setRunning(false);
    m_stepper.cancel();
    m_stepper.attach(nullptr, nullptr);
    m_breaks.attach(nullptr, {}, nullptr);
    m_watches.attach(nullptr);
    m_runTo.clear();
    m_seen.reset();
    m_atPhaseBegin = true;
    m_gateCall.clear();
    m_refusal.reset();
    m_stoppedItself.clear();
    m_ranFor = {};
    m_toldCalls = m_toldOutput = m_toldMocks = 0;
    m_toldProblems.clear();

    if (request.arguments) {
        m_debuggee->setArguments(*request.arguments);
        m_summary.invokeArguments = m_debuggee->options().invokeArguments;
    }
    m_debuggee->setShowDenied(m_breakpoints.hasDenied());
    const auto started = m_debuggee->start();
    if (!started) {
        m_frames.attach(nullptr, nullptr);
        m_variables.attach(nullptr, nullptr, nullptr);
        m_calls.attach(nullptr, nullptr, {});
        m_debuggee->end();
        setState(SessionState::Ready, started.error().message);
        m_emit(ErrorRaised{started.error()});
        return started.error();
    }
    m_breaks.attach(&m_debuggee->machine(), m_debuggee->instance(), m_places.get());
    m_watches.attach(m_debuggee.get());
    m_stepper.attach(m_debuggee.get(), m_places.get());
    m_frames.attach(m_debuggee.get(), m_places.get());
    m_variables.attach(m_debuggee.get(), m_places.get(), &m_frames);
    m_memory.newRun();
    m_calls.attach(m_debuggee.get(), m_places.get(),
                   [this](const std::string& path) { return m_sources.has(path); });
    m_breakpoints.newRun();
    applyGate();
    m_emit(SyscallsAppended{0});
    m_emit(OutputAppended{0});
    if (request.stopAtEntry.value_or(m_debuggee->options().stopAtEntry)) {
        std::map<uint32_t, uint32_t> places;
        for (uint32_t address : m_debuggee->entryStops()) {
            // A line of main itself, though the code of an inlined call may begin it.
            if (const auto offset = m_places->instructionAt(address)) places.emplace(*offset, 0);
        }
        setRunTo(std::move(places), StopReason::Entry);
    }
    go();
    return Done{};
}

engine::Result<Done> Session::handle(const Terminate&) {
    if (!m_debuggee || !m_debuggee->started() || (!running() && m_state != SessionState::Stopped))
        return Done{};
    m_mailbox.setRunning(false);
    m_breakpoints.endRun();
    m_stepper.cancel();
    m_breaks.clearInternal();
    m_runTo.clear();
    m_debuggee->machine().abandon();
    m_frames.invalidate();
    m_variables.nextStop();
    m_generation++;
    m_stop = {};
    m_stop.generation = m_generation;
    flush();
    setState(SessionState::Ready, "ended by you");
    return Done{};
}

engine::Result<Done> Session::handle(const SendInput& request) {
    if (!running()) {
        TRY(needStopped());
        TRY(needRunnable());
    }
    wasi::WasiHost& host = m_debuggee->host();
    if (!request.bytes.empty()) {
        host.pushInput({reinterpret_cast<const uint8_t*>(request.bytes.data()), request.bytes.size()});
    }
    if (request.end) host.closeInput();
    // The call that waited goes on with it; should it wait again, that is news.
    if (m_state == SessionState::Waiting) {
        m_mailbox.forgetWaiting();
        setState(SessionState::Running);
    }
    return Done{};
}

engine::Result<ModuleSummary> Session::handle(const GetModule&) {
    if (!m_debuggee) return Error{ErrorCode::State, "no program is loaded"};
    return m_summary;
}

engine::Result<> Session::needStopped() const {
    if (running()) return Error{ErrorCode::State, "the program runs; pause first"};
    if (!m_debuggee) return Error{ErrorCode::State, "no program is loaded"};
    if (!m_debuggee->started()) return Error{ErrorCode::State, "the program is not running"};
    return {};
}

// ------------------------------------------------------------------------------------------------------ in-process transport

namespace {

/// Mailbox and session thread. The thread holds the shared part alive, so that even a transport destroyed on that thread is safe.
class InProcessTransport final : public Transport {
public:
    InProcessTransport() : m_shared(std::make_shared<Shared>()) {
        m_thread = std::thread([shared = m_shared] { run(*shared); });
    }
    ~InProcessTransport() override {
        m_shared->mailbox.close();
        if (m_thread.get_id() == std::this_thread::get_id())
            m_thread.detach();
        else
            m_thread.join();
    }

    void send(Request request, ReplyBox reply) override {
        auto job = [shared = m_shared.get(), request = std::move(request), reply](bool closing) mutable {
            if (closing)
                reply(closed());
            else
                reply(shared->session->answer(request));
        };
        if (!m_shared->mailbox.post(std::move(job))) reply(closed());
    }
    void onEvent(std::function<void(const Event&)> listener) override {
        std::lock_guard lock(m_shared->listenerMutex);
        m_shared->listener = std::make_shared<const std::function<void(const Event&)>>(std::move(listener));
    }
    void interrupt() override { m_shared->mailbox.interrupt(); }

private:
    struct Shared {
        Mailbox mailbox;
        std::mutex listenerMutex;
        std::shared_ptr<const std::function<void(const Event&)>> listener;
        Session* session = nullptr;  // session thread only
    };
    static Error closed() { return Error{ErrorCode::State, "the session has ended"}; }

    static void run(Shared& shared) {
        const auto emit = [&shared](const Event& event) {
            std::shared_ptr<const std::function<void(const Event&)>> listener;
            {
                std::lock_guard lock(shared.listenerMutex);
                listener = shared.listener;
            }
            if (listener && *listener) (*listener)(event);
        };
        Session session(shared.mailbox, emit);
        shared.session = &session;
        session.loop();
    }

    std::shared_ptr<Shared> m_shared;
    std::thread m_thread;
};

}  // namespace

std::unique_ptr<Transport> createSession() { return std::make_unique<InProcessTransport>(); }

}  // namespace debugger
