// The verbs: one row each feeds menu, palette, shortcuts, the prompt of `wscope debug`, DAP and help. And the interpreter of the
// prompt's lines, a front end over Client like any other.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "debugger/client.h"

namespace debugger {

/// States in which a verb is allowed, as bits of 1 << SessionState.
using StateMask = uint32_t;
constexpr StateMask in(std::initializer_list<SessionState> states) {
    StateMask mask = 0;
    for (SessionState s : states)
        mask |= 1u << static_cast<unsigned>(s);
    return mask;
}

struct Verb {
    std::string_view id;        // "step-over": stable, for menus, settings and the palette
    std::string_view title;     // "Step Over"
    std::string_view icon;      // name in :/icons, or empty
    std::string_view shortcut;  // Qt's portable text, "F10"; empty = none
    std::string_view word;      // at the prompt: "next"; empty = window only
    std::string_view aliases;   // "n"
    std::string_view usage;     // "break FILE:LINE | FUNCTION | *OFFSET | call NAME [if EXPR]"
    std::string_view help;      // one sentence
    std::string_view dap;       // DAP request, or empty
    StateMask allowed = ~0u;
};
std::span<const Verb> verbs();
const Verb* findVerb(std::string_view idOrWord);
/// Lines: what a verb does and what may stand behind it; without a topic all verbs. NotFound.
engine::Result<std::string> helpText(std::string_view topic);

/// Executes lines of the prompt against a session, synchronously: a verb that runs the program returns when it stopped.
class CommandInterpreter {
public:
    /// `print` gets what is to be shown: one or more whole lines, without the last newline. What the program wrote is in it as it is
    /// (lines above 64 KiB cut in pieces), all else is free of control characters but tabs. `json`: each answer as one JSON line.
    CommandInterpreter(Client& client, std::function<void(std::string_view)> print, bool json = false);
    ~CommandInterpreter();
    /// Understood and done, or why not (BadArgument, State, NotFound …). `quit` sets finished().
    engine::Result<> execute(std::string_view line);
    bool finished() const;
    /// The verb that is being executed is to end soon: no further step, only the end of a long output. The program itself goes on until
    /// it is paused. Any thread.
    void interrupt();
    /// As `quit`; a verb that waits returns at once. Any thread, and from `print`.
    void leave();
    /// Completions of the last word of a line.
    std::vector<std::string> complete(std::string_view line);
    /// Events must be given to it (it waits for stops).
    void onEvent(const Event& event);

private:
    struct Impl;
    std::unique_ptr<Impl> m;
};

}  // namespace debugger
