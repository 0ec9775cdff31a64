// The subcommands of wscope: each adds itself to the command line and, if it is the one, runs.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace wscope {

/// Each registers a subcommand; `status` gets its exit status when its callback ran.
void addRun(CLI::App& app, int& status);
void addTrace(CLI::App& app, int& status);
void addPolicy(CLI::App& app, int& status);
void addDebug(CLI::App& app, int& status);
void addTrust(CLI::App& app, int& status);
void addInspect(CLI::App& app, int& status);

}  // namespace wscope
