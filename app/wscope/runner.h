// Runner: runs a debuggee to its end without a session, for `wscope run` and `wscope trace`: no breakpoints, no symbols unless
// it traps.
#pragma once

#include <functional>
#include <string>

#include "app/wscope/options.h"
#include "debugger/debuggee.h"

namespace wscope {

/// What the caller does when the program has ended.
enum class Afterwards : uint8_t { ReadsFolders, OpensFiles };

/// Runs what was started, confined by the kernel to what is granted (wasi::Confinement): on this thread, which then stays so, where the
/// caller needs no more, and else on another one. `onYield` is called between two guest instructions, at least every 50 ms while the guest computes, and at the end;
/// where it returns false, the run is over.
/// Returns the exit status: the guest's; 134 after a trap, with message and backtrace on stderr; 2 after the time limit, or where
/// `onYield` ended it; 128 + the signal that EndSignals caught, where there is an `onYield`. Results of an invoked export go to stdout; what was wrong with scripts of mocks to stderr.
int runToEnd(debugger::Debuggee& debuggee, Afterwards afterwards, const std::function<bool()>& onYield = {});

/// May a filter (wasi::CallFilter) ask who called? Then Debuggee::symbols() has to be opened before runToEnd().
bool speaksOfCallers(const std::string& filter);

/// Tells on stderr what the user should know of the folders that are granted.
void tellWarnings(const debugger::Debuggee& debuggee);

/// Tells on stderr where the program listens, if a port was left to the host.
void tellPorts(debugger::Debuggee& debuggee);

/// --changes, for run and trace: what becomes of the changes of overlays when the program has ended.
void addChangesOption(CLI::App& command, TypedOptions& typed);
/// Returns `status`, or 2 if they could not be applied; lists on stderr.
int settleChanges(debugger::Debuggee& debuggee, const TypedOptions& typed, int status);

/// "trap: …" and the stack with source lines.
std::string trapReport(debugger::Debuggee& debuggee);

}  // namespace wscope
