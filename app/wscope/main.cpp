// wscope: Wasiscope without a window.

#include <algorithm>
#include <csignal>
#include <iostream>

#include "app/launch/options.h"
#include "app/launch/standard_streams.h"
#include "app/wscope/commands.h"
#include "app/wscope/end_signals.h"
#include "app/wscope/options.h"
#include "app/wscope/output.h"
#include "debugger/commands.h"
#include "debugger/debuggee.h"
#include "wasi/world/confinement.h"

namespace {

/// `wscope help`, `help COMMAND`, and `help VERB` for what is said at the prompt.
int tellHelp(CLI::App& app, const std::string& topic, int& status) {
    const auto isIt = [&](const CLI::App* command) { return command->get_name() == topic; };
    if (topic.empty() || !app.get_subcommands(isIt).empty()) {
        std::vector<std::string> words{"--help"};  // in reverse
        if (!topic.empty()) words.push_back(topic);
        try {
            app.parse(std::move(words));
        } catch (const CLI::ParseError& help) {
            app.exit(help);
        }
        return status;
    }
    const auto text = debugger::helpText(topic);
    if (!text)
        return wscope::fail("there is neither a command nor a verb of the prompt \"" +
                            debugger::printable(topic) + "\"; wscope help lists the commands");
    std::cout << *text;
    return 0;
}

/// Our own words on stdout have all arrived, or it is an error.
int finish(int status) {
    std::cout.flush();
    wscope::Output output(stdout, "standard output");
    const bool isTold = status == wscope::kOurError;
    if (!output.flush() && !isTold) return output.fail();
    const int signal = wscope::EndSignals::caught();
    if (signal != 0 && status == 128 + signal) wscope::EndSignals::dieOf(signal);
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    launch::takeStandardStreams();
    launch::allowManyFiles();
    // A guest that writes into a closed pipe gets EPIPE, and one that writes beyond `ulimit -f` EFBIG, as anywhere else.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    CLI::App app("Wasiscope on the command line: runs, traces, debugs and inspects WASI programs.", "wscope");
    app.set_version_flag("--version",
                         [] { return "wscope " WASISCOPE_VERSION "\nsandbox: " + wasi::sandboxText(); });
    app.require_subcommand(1);
    app.footer(
        "wscope help COMMAND explains a command, wscope help VERB what is said at the prompt of wscope debug "
        "(mock, "
        "break).\nExamples:\n  wscope run hello.wasm\n  wscope trace --dir "
        ". program.wasm input.txt\n"
        "  wscope debug program.wasm\n  wscope inspect program.wasm");
    int status = 0;
    wscope::addRun(app, status);
    wscope::addTrace(app, status);
    wscope::addPolicy(app, status);
    wscope::addDebug(app, status);
    wscope::addTrust(app, status);
    wscope::addInspect(app, status);
    const std::string word = argc > 1 ? argv[1] : "-";
    const auto isIt = [&](const CLI::App* command) { return command->get_name() == word; };
    if (word == "help") return finish(tellHelp(app, argc > 2 ? argv[2] : "", status));
    if (word[0] != '-' && app.get_subcommands(isIt).empty()) {
        return wscope::fail("unknown command \"" + debugger::printable(word) +
                            "\"; wscope --help lists them");
    }
    std::vector<std::string> words(argv + 1, argv + argc);
    const auto commands = app.get_subcommands(isIt);
    if (!commands.empty() && commands[0]->get_prefix_command()) {
        words = launch::withoutDashes(*commands[0], {words.begin() + 1, words.end()});
        words.insert(words.begin(), word);
    }
    std::reverse(words.begin(), words.end());  // as CLI11 takes them
    try {
        app.parse(std::move(words));
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return finish(app.exit(error));  // --help, --version
        return wscope::fail(std::string(error.what()) + "; wscope " + (commands.empty() ? "" : word + " ") +
                            "--help explains");
    } catch (const std::exception& problem) {
        return wscope::fail(std::string("this could not be done: ") + problem.what());
    }
    return finish(status);
}
