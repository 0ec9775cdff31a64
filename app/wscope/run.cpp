// wscope run: runs a program; its streams and exit status are the guest's.

#include <iostream>
#include <memory>

#include "app/wscope/commands.h"
#include "app/wscope/options.h"
#include "app/wscope/runner.h"

namespace wscope {

namespace {

int run(const CLI::App& command, const TypedOptions& typed) {
    const auto program = programOf(command);
    if (!program) return fail(program.error());
    auto options = launchOptions(typed, *program, false);
    if (!options) return fail(options.error());
    auto debuggee = debugger::Debuggee::load(std::move(*options));
    if (!debuggee) return fail(debuggee.error());
    if (const auto started = (*debuggee)->start(false); !started) return fail(started.error());
    tellWarnings(**debuggee);
    tellPorts(**debuggee);
    const int status =
        runToEnd(**debuggee, typed.changes == "apply" ? Afterwards::OpensFiles : Afterwards::ReadsFolders);
    if (const std::string& limit = (*debuggee)->host().limitReached(); !limit.empty())
        std::cerr << "wscope: " << limit << " (--max-output)\n";
    return settleChanges(**debuggee, typed, status);
}

}  // namespace

void addRun(CLI::App& app, int& status) {
    auto typed = std::make_shared<TypedOptions>();
    CLI::App* command =
        app.add_subcommand("run", "Run a program: stdin, stdout, stderr and exit status are its own");
    addLaunchOptions(*command, *typed);
    addChangesOption(*command, *typed);
    command->footer(
        "Examples:\n  wscope run hello.wasm\n  wscope run --dir . wordcount.wasm sample.txt\n"
        "  wscope run --invoke add lib.wasm 2 3\nStatus 134: it trapped. Status 2: it could not be run.");
    command->callback([command, typed, &status] { status = run(*command, *typed); });
}

}  // namespace wscope
