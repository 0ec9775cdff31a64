// EndSignals: while one lives, the first SIGINT, SIGTERM or SIGHUP is noted instead of ending the process, so that what was recorded is
// written in order; another one, a moment later, ends it as ever. A signal that was ignored from the start (nohup) stays ignored. At most one at a time.
#pragma once

#include <csignal>

namespace wscope {

class EndSignals {
public:
    EndSignals();
    ~EndSignals();
    EndSignals(const EndSignals&) = delete;
    EndSignals& operator=(const EndSignals&) = delete;

    /// The signal that came, or 0; from any thread, also when no EndSignals lives any more.
    static int caught();
    /// Something more of what was recorded is written: who waits for the end is patient.
    static void noteProgress();
    /// Nothing was, for two seconds since the signal.
    static bool isStuck();
    /// Ends the process by that signal, so that a shell sees what ended it. Flush before.
    [[noreturn]] static void dieOf(int signal);
};

}  // namespace wscope
