// wscope debug: a prompt with the window's verbs.
//
// The prompt's thread executes verbs and waits; a second thread waits for Ctrl-C; events come on the session's thread and are handed to
// the interpreter, which only notes them there.

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/wscope/commands.h"
#include "app/wscope/options.h"
#include "app/wscope/output.h"
#include "debugger/client.h"
#include "debugger/commands.h"

namespace wscope {

namespace {

constexpr int kInterruptedStatus = 128 + SIGINT;  // as shells have it

struct DebugOptions {
    std::string script;
    bool json = false, stopInMain = false;
};

/// Ctrl-C is blocked in all threads and taken by one that waits for it. Made by the thread that writes to the terminal: at Ctrl-C a terminal
/// drops what it has not shown yet, and Linux leaves a writer asleep that waited for room there. It is woken here.
class InterruptThread {
public:
    explicit InterruptThread(std::function<void()> onInterrupt) {
        struct sigaction action {};
        action.sa_handler = [](int) {};
        action.sa_flags = SA_RESTART;  // the write goes on, and finds room
        sigaction(kWake, &action, nullptr);
        sigemptyset(&m_signals);
        sigaddset(&m_signals, SIGINT);
        m_thread = std::thread([this, onInterrupt = std::move(onInterrupt), writer = pthread_self()] {
            int signal = 0;
            while (sigwait(&m_signals, &signal) == 0 && !m_ends) {
                onInterrupt();
                pthread_kill(writer, kWake);
            }
        });
    }
    ~InterruptThread() {
        m_ends = true;
        pthread_kill(m_thread.native_handle(), SIGINT);
        m_thread.join();
    }
    static void block() {
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGINT);
        pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    }

private:
    static constexpr int kWake = SIGURG;  // which is ignored by who knows nothing of it

    sigset_t m_signals;
    std::atomic<bool> m_ends{false};
    std::thread m_thread;
};

/// The conversation: verbs come from a stream, answers go to stdout, and Ctrl-C comes between.
class Conversation {
public:
    enum class With : uint8_t { Person, Pipe, Script };

    Conversation(With with, bool json)
        : m_with(with),
          m_json(json),
          m_client(debugger::createSession(), [](const std::function<void()>& work) { work(); }) {
        m_interpreter.emplace(
            m_client, [this](std::string_view text) { print(text); }, json);
        m_client.onEvent([this](const debugger::Event& event) { m_interpreter->onEvent(event); });
    }

    engine::Result<debugger::ModuleSummary> load(debugger::LaunchOptions options);
    /// A line of our own.
    void print(std::string_view text);
    void execute(const std::string& line);
    /// Reads verbs until the end of the input, or quit.
    void follow(std::istream& input);
    /// Ctrl-C; from a thread of its own.
    void interrupt();

    bool interrupted() const { return m_interrupted; }
    bool allUnderstood() const { return m_allUnderstood; }
    const Output& output() const { return m_output; }

private:
    bool prompts() const { return m_with == With::Person && !m_json; }
    void showPrompt();

    const With m_with;
    const bool m_json;
    Output m_output{stdout, "standard output"};
    bool m_allUnderstood = true;
    std::atomic<bool> m_interrupted{false};
    std::mutex m_busy;  // held while the program is loaded and while a verb is executed
    std::optional<debugger::CommandInterpreter>
        m_interpreter;  // outlives the client, whose events it is given
    debugger::Client m_client;
};

engine::Result<debugger::ModuleSummary> Conversation::load(debugger::LaunchOptions options) {
    const std::lock_guard lock(m_busy);
    return m_client.call(debugger::Load{std::move(options)});
}

void Conversation::print(std::string_view text) {
    m_output.write(text);
    m_output.write("\n");
    if (!m_output.flush()) m_interpreter->leave();  // nobody hears what the program does
}

void Conversation::execute(const std::string& line) {
    const std::lock_guard lock(m_busy);
    const auto done = m_interpreter->execute(line);
    if (done) return;
    const engine::Error& error = done.error();
    if (error.code == engine::ErrorCode::BadArgument || error.code == engine::ErrorCode::Unsupported)
        m_allUnderstood = false;
    if (!m_json) return print("error: " + safeText(error.text()));
    const nlohmann::ordered_json answer = {{"ok", false}, {"error", error.text()}};
    print(answer.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

void Conversation::showPrompt() {
    if (!prompts()) return;
    m_output.write("(wscope) ");
    m_output.flush();
}

void Conversation::follow(std::istream& input) {
    std::string line, last;
    while (!m_interpreter->finished() && !(m_with == With::Script && m_interrupted)) {
        showPrompt();
        if (!std::getline(input, line)) {
            if (prompts()) print("");
            break;
        }
        if (m_with == With::Script && !m_json && !line.empty()) print("(wscope) " + line);
        // An empty line repeats, as one does while stepping.
        if (m_with == With::Person && line.empty())
            line = last;
        else
            last = line;
        execute(line);
    }
}

void Conversation::interrupt() {
    m_interrupted = true;
    const std::unique_lock idle(m_busy, std::try_to_lock);
    if (!idle) {
        m_interpreter->interrupt();
        m_client.interrupt();
        m_client.ask(debugger::Pause{});
        return;
    }
    // No verb waits for the program: it is paused here, and what came of it is told, so that nobody takes it for running.
    if (prompts()) print("");
    (void)m_interpreter->execute("pause");
    showPrompt();
}

int debug(const CLI::App& command, const TypedOptions& typed, const DebugOptions& wanted) {
    const auto program = programOf(command);
    if (!program) return fail(program.error());
    auto options = launchOptions(typed, *program, true);
    if (!options) return fail(options.error());
    using With = Conversation::With;
    const With with = !wanted.script.empty() ? With::Script
                      : isatty(STDIN_FILENO) ? With::Person
                                             : With::Pipe;
    std::ifstream script;
    std::istream& input = with == With::Script ? script : std::cin;
    const std::string inputName = with == With::Script ? "the script " + wanted.script : "standard input";
    errno = 0;
    if (with == With::Script) script.open(wanted.script);
    if (with == With::Script && (script.peek(), script.bad() || !script.is_open()))
        return fail("cannot read " + inputName + ": " + std::strerror(errno));
    script.clear();  // an empty one

    InterruptThread::block();  // before the session's threads, which inherit it
    Conversation conversation(with, wanted.json);
    const InterruptThread interrupts([&] { conversation.interrupt(); });
    const auto loaded = conversation.load(std::move(*options));
    if (!loaded) return fail(loaded.error());
    if (conversation.interrupted()) {
        fail("interrupted while the program was loaded");
        return kInterruptedStatus;
    }
    for (const std::string& problem : loaded->problems)
        std::cerr << "wscope: warning: " << safeText(problem) << std::endl;

    if (wanted.stopInMain) conversation.execute("start");
    if (with == With::Person && !wanted.json)
        conversation.print("Type help for the verbs, start to stop in main, quit to leave.");
    conversation.follow(input);
    if (conversation.output().lost()) return conversation.output().fail();
    if (input.bad()) return fail("cannot read " + inputName);
    if (with == With::Script && conversation.interrupted()) return kInterruptedStatus;
    return with == With::Person || conversation.allUnderstood() ? 0 : 1;
}

}  // namespace

void addDebug(CLI::App& app, int& status) {
    auto typed = std::make_shared<TypedOptions>();
    auto wanted = std::make_shared<DebugOptions>();
    CLI::App* command = app.add_subcommand("debug", "Debug a program at a prompt, or by a script");
    addLaunchOptions(*command, *typed);
    command
        ->add_option("-x", wanted->script,
                     "Execute the verbs of a file, then end; status 0 only if all were understood")
        ->type_name("SCRIPT");
    command->add_flag("--json", wanted->json, "Answer each verb by one JSON object on a line");
    command->add_flag("--start", wanted->stopInMain, "Start at once and stop in main");
    command->footer(
        "Examples:\n  wscope debug --dir . wordcount.wasm sample.txt\n  wscope debug -x script.txt "
        "program.wasm\n"
        "The program's output is shown as it comes; give it input with the verb input, or with --stdin FILE. "
        "Ctrl-C pauses it, and ends a script.");
    command->callback([command, typed, wanted, &status] { status = debug(*command, *typed, *wanted); });
}

}  // namespace wscope
