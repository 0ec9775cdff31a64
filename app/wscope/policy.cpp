// wscope policy: runs a program and writes the least capabilities that this run needs.

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>

#include "app/wscope/commands.h"
#include "app/wscope/options.h"
#include "app/wscope/output.h"
#include "app/wscope/runner.h"
#include "engine/module.h"
#include "wasi/capabilities_json.h"
#include "wasi/command_line.h"
#include "wasi/least_grant.h"

namespace wscope {

namespace {

struct PolicyOptions {
    std::string as, output;
};

std::string policyText(const wasi::Capabilities& least, const std::string& as,
                       const wasi::ProgramStart& start) {
    const auto runtime = wasi::findRuntime(as);
    if (!runtime) return wasi::toJson(least) + "\n";
    const wasi::CommandLine line = wasi::commandLine(least, *runtime, start);
    std::string text;
    for (const std::string& note : line.notes)
        text += "# " + debugger::printable(note) + "\n";
    return text + line.text + "\n";
}

/// While a program runs, what it writes to standard output goes to standard error: standard output is the policy's.
class OutputAside {
public:
    OutputAside() : m_kept(dup(STDOUT_FILENO)) { dup2(STDERR_FILENO, STDOUT_FILENO); }
    ~OutputAside() {
        std::cout.flush();
        fflush(stdout);
        if (m_kept >= 0) dup2(m_kept, STDOUT_FILENO);
        close(m_kept);
    }
    OutputAside(const OutputAside&) = delete;

private:
    int m_kept;
};

void tellRefusals(const wasi::LedgerView& ledger) {
    if (ledger.refusals.empty()) return;
    std::cerr << "wscope: calls were refused; with what they lacked, the program may need more:\n";
    for (const wasi::Refusal& refusal : ledger.refusals) {
        std::cerr << "  " << debugger::printable(refusal.subject) << ": "
                  << debugger::printable(wasi::refusedText(refusal));
        if (!refusal.flag.empty()) std::cerr << "; grant: " << debugger::printable(refusal.flag);
        std::cerr << "\n";
    }
    if (ledger.refusedBesides) std::cerr << "  … and " << ledger.refusedBesides << " more calls\n";
}

/// A trace is not a program; that it will be read one day is no reason to call it a broken module today.
bool looksLikeTrace(const std::string& path) {
    const auto bytes = engine::readFile(path);
    return bytes && !(*bytes)->empty() && (**bytes)[0] == '{';
}

int policy(const CLI::App& command, const TypedOptions& typed, const PolicyOptions& wanted) {
    const auto program = programOf(command);
    if (!program) return fail(program.error());
    if (looksLikeTrace(program->program))
        return fail(debugger::printable(program->program) +
                    " is a trace: it does not tell what was granted; give the program, which is then run");
    auto options = launchOptions(typed, *program, false);
    if (!options) return fail(options.error());
    options->showDenied = true;
    const wasi::Capabilities granted = options->capabilities;
    options->capabilities.budgets.maxLogBytes = 1 << 20;  // only the ledger is looked at
    auto debuggee = debugger::Debuggee::load(std::move(*options));
    if (!debuggee) return fail(debuggee.error());
    int status = 0;
    {
        const OutputAside aside;
        if (const auto started = (*debuggee)->start(true); !started) return fail(started.error());
        tellPorts(**debuggee);
        status = runToEnd(**debuggee, Afterwards::OpensFiles);
    }
    const wasi::LedgerView ledger = (*debuggee)->host().ledger();
    tellRefusals(ledger);
    const debugger::LaunchOptions& started = (*debuggee)->options();
    const std::string text = policyText(wasi::leastGrant(ledger, granted), wanted.as,
                                        {started.program, started.invoke, started.invokeArguments});
    const std::unique_ptr<FILE, int (*)(FILE*)> file(
        wanted.output.empty() ? stdout : fopen(wanted.output.c_str(), "w"),
        wanted.output.empty() ? fflush : fclose);
    if (!file)
        return fail("cannot write " + debugger::printable(wanted.output) + ": " + std::strerror(errno));
    Output output(file.get(), wanted.output.empty() ? "standard output" : debugger::printable(wanted.output));
    output.write(text);
    return settleChanges(**debuggee, typed, output.flush() ? status : output.fail());
}

}  // namespace

void addPolicy(CLI::App& app, int& status) {
    auto typed = std::make_shared<TypedOptions>();
    auto wanted = std::make_shared<PolicyOptions>();
    CLI::App* command = app.add_subcommand(
        "policy", "Run a program and write the least capabilities that this run needs, for --policy");
    addLaunchOptions(*command, *typed);
    addChangesOption(*command, *typed);
    command->add_option("-o,--output", wanted->output, "Write to a file instead of stdout")
        ->type_name("FILE");
    command
        ->add_option(
            "--as", wanted->as,
            "Write a command line instead of JSON: for wasiscope, wasmtime (14 or later), wasmer (7.1), "
            "wasmedge (0.13), wazero (1.7) or node (20)")
        ->check(CLI::IsMember(
            std::vector<std::string>(std::begin(wasi::kRuntimeNames), std::end(wasi::kRuntimeNames))));
    command->footer(
        "Examples:\n  wscope policy --dir . wordcount.wasm sample.txt > policy.json\n"
        "  wscope run --policy policy.json wordcount.wasm\n"
        "  wscope policy --as wasmtime --dir . wordcount.wasm sample.txt\n"
        "The program's own output goes to stderr. Another run may need more. The exit status is the "
        "program's.");
    command->callback([command, typed, wanted, &status] { status = policy(*command, *typed, *wanted); });
}

}  // namespace wscope
