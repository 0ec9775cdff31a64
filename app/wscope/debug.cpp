// wscope debug: a prompt with the window's verbs.
//
// The prompt's thread executes verbs and waits; a second thread waits for Ctrl-C and asks the session to pause; events come on the
// session's thread and are handed to the interpreter, which only notes them there.

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/wscope/commands.h"
#include "app/wscope/options.h"
#include "debugger/client.h"
#include "debugger/commands.h"

namespace wscope {

namespace {

struct DebugOptions {
    std::string script;
    bool json = false, stopInMain = false;
};

/// Ctrl-C pauses the program. Blocked in all threads and taken by one that waits for it.
class InterruptThread {
public:
    explicit InterruptThread(debugger::Client& client) {
        sigemptyset(&m_signals);
        sigaddset(&m_signals, SIGINT);
        m_thread = std::thread([this, &client] {
            int signal = 0;
            while (sigwait(&m_signals, &signal) == 0 && !m_ends)
                client.ask(debugger::Pause{});
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
    sigset_t m_signals;
    std::atomic<bool> m_ends{false};
    std::thread m_thread;
};

void printError(const engine::Error& error, bool json) {
    if (!json) {
        std::cout << "error: " << safeText(error.text()) << std::endl;
        return;
    }
    const nlohmann::ordered_json line = {{"ok", false}, {"error", error.text()}};
    std::cout << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << std::endl;
}

/// Reads verbs until the end of the input or quit. True if all were understood, whatever came of them.
bool prompt(debugger::CommandInterpreter& interpreter, std::istream& input, bool interactive, bool echo,
            bool json) {
    bool allUnderstood = true;
    std::string line, last;
    while (!interpreter.finished()) {
        if (interactive && !json) std::cout << "(wscope) " << std::flush;
        if (!std::getline(input, line)) {
            if (interactive) std::cout << std::endl;
            break;
        }
        if (echo && !line.empty()) std::cout << "(wscope) " << line << std::endl;
        // An empty line repeats, as one does while stepping.
        if (interactive && line.empty())
            line = last;
        else
            last = line;
        const auto done = interpreter.execute(line);
        if (done) continue;
        const engine::ErrorCode code = done.error().code;
        if (code == engine::ErrorCode::BadArgument || code == engine::ErrorCode::Unsupported)
            allUnderstood = false;
        printError(done.error(), json);
    }
    return allUnderstood;
}

int debug(const CLI::App& command, const TypedOptions& typed, const DebugOptions& wanted) {
    const auto program = programOf(command);
    if (!program) return fail(program.error());
    auto options = launchOptions(typed, *program, true);
    if (!options) return fail(options.error());
    std::ifstream script;
    if (!wanted.script.empty()) {
        script.open(wanted.script);
        if (!script) return fail("cannot read the script " + wanted.script);
    }
    InterruptThread::block();  // before the session's threads, which inherit it
    debugger::Client client(debugger::createSession(), [](const std::function<void()>& work) { work(); });
    debugger::CommandInterpreter interpreter(
        client, [](std::string_view text) { std::cout << text << std::endl; }, wanted.json);
    client.onEvent([&](const debugger::Event& event) { interpreter.onEvent(event); });
    const auto loaded = client.call(debugger::Load{std::move(*options)});
    if (!loaded) return fail(loaded.error());
    for (const std::string& problem : loaded->problems)
        std::cerr << "wscope: warning: " << safeText(problem) << std::endl;

    const InterruptThread interrupts(client);
    if (wanted.stopInMain) {
        if (const auto started = interpreter.execute("start"); !started)
            printError(started.error(), wanted.json);
    }
    if (!wanted.script.empty()) return prompt(interpreter, script, false, !wanted.json, wanted.json) ? 0 : 1;
    const bool interactive = isatty(STDIN_FILENO) != 0;
    if (interactive && !wanted.json)
        std::cout << "Type help for the verbs, start to stop in main, quit to leave." << std::endl;
    const bool understood = prompt(interpreter, std::cin, interactive, false, wanted.json);
    return interactive || understood ? 0 : 1;
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
        "Ctrl-C pauses it.");
    command->callback([command, typed, wanted, &status] { status = debug(*command, *typed, *wanted); });
}

}  // namespace wscope
