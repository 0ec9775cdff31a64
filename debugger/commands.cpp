#include "debugger/commands.h"

#include <algorithm>
#include <array>

#include "engine/base/printable.h"
#include "wasi/filter_words.h"
#include "wasi/mock_text.h"

namespace debugger {

namespace {

using enum SessionState;
constexpr StateMask kAny = ~0u;
constexpr StateMask kNever = 0;  // belongs to a later part of the project; the prompt says so
constexpr StateMask kLoaded = in({Ready, Running, Stopped, Waiting, Exited});
constexpr StateMask kLive = in({Running, Stopped, Waiting});
constexpr StateMask kRuns = in({Running, Waiting});
constexpr StateMask kStartable = kLoaded;
constexpr StateMask kStopped = in({Stopped});
constexpr StateMask kSteppable = in({Ready, Stopped});  // the window starts the program for it
constexpr StateMask kLookable = in({Stopped, Exited});

// clang-format off
constexpr Verb kVerbs[] = {
    // id, title, icon, shortcut, word, aliases, usage, help, DAP request, allowed
    {"open", "Open Program…", "open", "Ctrl+O", "", "", "", "Opens a WebAssembly program.", "launch", kAny},
    {"run", "Start", "run", "", "run", "r", "run [ARG…]", "Starts the program from its beginning, with new arguments if any are given.", "launch", kStartable},
    {"start", "Start and Stop in main", "run", "", "start", "", "start", "Starts the program and stops at the first line of main.", "", kStartable},
    {"continue", "Start / Continue", "continue", "F5", "continue", "c fg", "continue [COUNT]", "Goes on until something stops the program; with COUNT, passes the breakpoint here so many times.", "continue", in({Ready, Stopped, Exited})},
    {"restart", "Restart", "restart", "Ctrl+Shift+F5", "restart", "", "restart", "Starts the program again; breakpoints stay.", "restart", kStartable},
    {"pause", "Pause", "pause", "F6", "pause", "interrupt", "pause", "Stops the running program where it is.", "pause", kRuns},
    {"stop", "Stop", "stop", "Shift+F5", "kill", "k", "kill", "Ends the program; it stays loaded.", "terminate", kLive},
    {"step-over", "Step Over", "step-over", "F10", "next", "n", "next [COUNT]", "Runs to the next line; calls are run through.", "next", kSteppable},
    {"step-into", "Step Into", "step-into", "F11", "step", "s", "step [COUNT]", "Runs to the next line, also inside a called function whose source is here.", "stepIn", kSteppable},
    {"step-out", "Step Out", "step-out", "Shift+F11", "finish", "fin", "finish", "Runs until the function of the selected frame has returned, and shows what it returned.", "stepOut", kStopped},
    {"run-to-cursor", "Run to Cursor", "run-to-cursor", "Ctrl+F10", "until", "u", "until FILE:LINE | LINE | *OFFSET", "Runs to that place, or to whatever stops first.", "goto", in({Ready, Stopped, Exited})},
    {"advance", "Advance", "", "", "advance", "", "advance FILE:LINE | LINE | *OFFSET", "The same as until.", "", in({Ready, Stopped, Exited})},
    {"step-instruction", "Step Instruction", "step-instruction", "Ctrl+F11", "stepi", "si", "stepi [COUNT]", "Executes one instruction.", "stepIn", kSteppable},
    {"step-instruction-over", "Step Instruction Over", "step-instruction-over", "Ctrl+Shift+F10", "nexti", "ni", "nexti [COUNT]", "Executes one instruction; a call is run through.", "next", kSteppable},
    {"input", "Send Input", "", "", "input", "", "input [-n] TEXT | --end", "Gives the program a line of standard input (-n: without the newline), or ends it; then goes on if the program waits for it.", "", kLive},

    {"toggle-breakpoint", "Toggle Breakpoint", "breakpoint", "F9", "", "", "", "Sets or removes a breakpoint at the cursor.", "setBreakpoints", kAny},
    {"break", "Add Breakpoint…", "add", "", "break", "b br", "break FILE:LINE | LINE | FUNCTION | *OFFSET | call NAME | throw [uncaught] | denied [if EXPR]", "Stops the program at a line, in a function, at a code offset, before a host call, at a throw or where a host call is refused.", "setBreakpoints", kAny},
    {"break-once", "Add Temporary Breakpoint…", "", "", "tbreak", "tb", "tbreak PLACE [if EXPR]", "A breakpoint that is deleted when it stops the program.", "", kAny},
    {"break-throw", "Break on Exceptions", "breakpoint", "", "catch", "", "catch throw [uncaught] [if EXPR]", "Stops where the program throws an exception, before it is caught; with uncaught, only if nobody catches it.", "setExceptionBreakpoints", kAny},
    {"break-uncaught", "Break on Uncaught Exceptions", "breakpoint", "", "", "", "", "Stops where the program throws an exception that nobody catches.", "", kAny},
    {"break-denied", "Stop at Denied Calls", "panel-capabilities", "", "", "", "", "Stops where a host call is refused, before the program learns of it: grant what lacks, and the call is made again.", "", kAny},
    {"log-point", "Add Log Point…", "breakpoint-log", "", "logpoint", "dprintf", "logpoint PLACE, TEXT", "Prints a text with {EXPR} in it whenever the program comes there, and goes on.", "", kAny},
    {"watch", "Break on Change…", "watchpoint", "", "watch", "", "watch EXPR | ADDRESS,LENGTH[,MEMORY] [if EXPR]", "Stops the program when a variable, or whatever else an expression names in memory, gets another value, and says who changed it.", "", kAny},
    {"watch-read", "Break on Read…", "watchpoint", "", "rwatch", "", "rwatch EXPR | ADDRESS,LENGTH[,MEMORY] [if EXPR]", "Stops the program when it reads that memory.", "", kAny},
    {"watch-access", "Break on Access…", "watchpoint", "", "awatch", "", "awatch EXPR | ADDRESS,LENGTH[,MEMORY] [if EXPR]", "Stops the program when it reads or writes that memory.", "", kAny},
    {"watch-write", "Break on Write…", "watchpoint", "", "wwatch", "", "wwatch EXPR | ADDRESS,LENGTH[,MEMORY] [if EXPR]", "Stops the program when it writes that memory, also with the value that is there.", "", kAny},
    {"delete-breakpoint", "Delete Breakpoint", "delete", "", "delete", "d", "delete [NUMBER…]", "Deletes breakpoints, or all of them, and says which.", "", kAny},
    {"enable-breakpoint", "Enable Breakpoint", "", "", "enable", "en", "enable [NUMBER…]", "Makes breakpoints stop again.", "", kAny},
    {"disable-breakpoint", "Disable Breakpoint", "breakpoint-disabled", "", "disable", "dis", "disable [NUMBER…]", "Keeps breakpoints from stopping.", "", kAny},
    {"break-condition", "Edit Condition…", "breakpoint-conditional", "", "condition", "", "condition NUMBER [EXPR]", "Makes a breakpoint stop only if an expression is true; without one, always.", "", kAny},
    {"break-ignore", "Edit Hit Count…", "", "", "ignore", "", "ignore NUMBER COUNT", "Lets a breakpoint pass so many times before it stops.", "", kAny},

    {"backtrace", "Call Stack", "panel-call-stack", "", "bt", "backtrace where", "bt [COUNT]", "Shows the call stack, inlined calls included.", "stackTrace", kLookable},
    {"frame", "Select Frame", "frame", "", "frame", "f", "frame [NUMBER]", "Selects a frame for expressions and shows where it is.", "", kStopped},
    {"frame-up", "Caller", "up", "Ctrl+Up", "up", "", "up [COUNT]", "Selects the frame that called this one.", "", kStopped},
    {"frame-down", "Callee", "down", "Ctrl+Down", "down", "", "down [COUNT]", "Selects the frame that this one called.", "", kStopped},
    {"locals", "Locals", "panel-variables", "", "locals", "", "locals", "Shows parameters and local variables of the selected frame.", "variables", kStopped},
    {"evaluate", "Evaluate…", "panel-watches", "Shift+F9", "print", "p", "print[/FORMAT] EXPR", "Evaluates an expression in the selected frame; /x /d /u /o /b /c /s choose how it is shown.", "evaluate", kLookable},
    {"type-of", "Show Type", "", "", "ptype", "whatis", "ptype EXPR | TYPE", "Shows the definition of a type, with offsets.", "", kLookable},
    {"assign", "Edit Value", "edit", "", "set", "", "set EXPR = EXPR", "Writes a variable, a wasm local ($local0) or memory.", "setVariable", kStopped},
    {"display", "Add Watch…", "panel-watches", "", "display", "", "display [EXPR]", "Shows an expression after every stop.", "", kAny},
    {"undisplay", "Remove Watch", "", "", "undisplay", "", "undisplay [NUMBER]", "Forgets an expression of display.", "", kAny},
    {"memory", "Show Memory", "panel-memory", "", "x", "", "x[/COUNT FORMAT SIZE] EXPR", "Shows memory: FORMAT x d u o c s i, SIZE b h w g (1, 2, 4, 8 bytes).", "readMemory", kAny},
    {"operand-stack", "Operand Stack", "panel-stack", "", "stack", "", "stack", "Shows the operands of the selected frame, and what the next instruction takes and leaves.", "", kStopped},
    {"explain", "Explain", "panel-explain", "", "explain", "", "explain [INSTRUCTION | *OFFSET]", "Says what the next instruction will do with its operands, or what an instruction means: i32.div_s, 0x6d, *0x1f3.", "", kAny},
    {"wasm-locals", "WebAssembly Locals", "", "", "wlocals", "", "wlocals", "Shows the frame's WebAssembly locals.", "", kStopped},
    {"globals", "Globals", "", "", "globals", "", "globals [-s]", "Shows WebAssembly globals; with -s the source's global variables.", "", kLookable},
    {"disassemble", "Disassembly", "panel-disassembly", "", "disassemble", "disas", "disassemble[/m] [FUNCTION | *OFFSET]", "Shows a function's instructions with their source lines; /m with the machine code that they became (tier jit or auto).", "disassemble", kLoaded},
    {"list", "Show Source", "panel-source", "", "list", "l", "list [LINE | FILE:LINE | FUNCTION | FIRST,LAST]", "Shows source lines around the present one, then those that follow.", "source", kLoaded},
    {"calls", "System Calls", "panel-calls", "", "calls", "", "calls [FILTER | #N]", "Shows the host calls made so far, those that match (calls path ~ \"*.cfg\" and errno != success; a word: those that contain it), or one in detail.", "", kLoaded},
    {"open-files", "Open Files", "panel-files", "", "fds", "", "fds", "Shows the program's open file descriptors.", "", kLoaded},
    {"folder-changes", "Folder Changes", "panel-changes", "", "changes", "", "changes [diff | apply | discard] [FOLDER]", "Shows what the program changed in overlays (--dir-overlay) and in-memory folders, with contents as a diff; does it on the host, or forgets it.", "", kLoaded},
    {"capabilities", "Capabilities", "panel-capabilities", "", "capabilities", "caps", "capabilities", "Shows what the program is granted, what of it was used, and what was refused.", "", kLoaded},
    {"grant", "Grant Folder…", "panel-capabilities", "", "grant", "", "grant dir HOST[::GUEST] [ro|rw|overlay|memory] | env NAME=VALUE | listen ADDRESS:PORT", "Grants more, also while the program runs; a folder takes the place of the one of that name.", "", kLoaded},
    {"revoke", "Revoke", "", "", "revoke", "", "revoke GUEST | NAME | ADDRESS:PORT", "Takes a grant back: what is open below answers ENOTCAPABLE from then on.", "", kLoaded},
    {"mock", "Mocks", "panel-mocks", "", "mock", "", "mock [list | add RULE | set N RULE | move N PLACE | delete N… | enable N… | disable N… | save FILE | load FILE]", "Answers host calls by rules, such as: mock add path_open path ~ \"*.cfg\" nth 3 errno noent.", "", kLoaded},
    {"info", "Information", "info", "", "info", "i", "info breakpoints|functions|sources|module|frame|line|locals|display [TEXT]", "Tells what is known.", "", kAny},

    {"reverse-step", "Step Into Backwards", "step-into-back", "Alt+F11", "reverse-step", "rs", "reverse-step", "The same as step, backwards.", "stepBack", kNever},
    {"reverse-next", "Step Over Backwards", "step-over-back", "Alt+F10", "reverse-next", "rn", "reverse-next", "The same as next, backwards.", "stepBack", kNever},
    {"reverse-finish", "Step Out Backwards", "step-out-back", "Alt+Shift+F11", "reverse-finish", "", "reverse-finish", "Goes back to the call of this function.", "", kNever},
    {"reverse-continue", "Continue Backwards", "continue-back", "Alt+F5", "reverse-continue", "rc", "reverse-continue", "Goes back to the last stop.", "reverseContinue", kNever},
    {"reverse-stepi", "Step Instruction Backwards", "step-instruction-back", "", "reverse-stepi", "rsi", "reverse-stepi", "Goes back one instruction.", "stepBack", kNever},
    {"goto-moment", "Go to Moment…", "goto", "", "goto", "", "goto MOMENT | call N | start | end", "Goes to a moment of the run.", "", kNever},
    {"when", "Present Moment", "", "", "when", "", "when", "Tells the present moment.", "", kNever},
    {"fork", "Fork a Call…", "", "", "fork", "", "fork call N RESULT", "Changes a past result and runs on from there.", "", kNever},

    {"help", "Help", "help", "F1", "help", "h", "help [VERB]", "Lists the verbs, or explains one.", "", kAny},
    {"quit", "Quit", "quit", "Ctrl+Q", "quit", "q exit", "quit", "Ends the program and leaves.", "disconnect", kAny},

    {"go-to-line", "Go to Line or Address…", "goto", "Ctrl+G", "", "", "", "Shows a line, or an address in Memory.", "", kLoaded},
    {"go-to-file", "Go to File or Function…", "find", "Ctrl+P", "", "", "", "Opens a source file or a function by name.", "", kLoaded},
    {"find", "Find…", "find", "Ctrl+F", "", "", "", "Searches in the panel that has the focus.", "", kAny},
    {"find-next", "Find Next", "find", "F3", "", "", "", "Goes to the next match.", "", kAny},
    {"command-palette", "Command Palette…", "palette", "Ctrl+Shift+P", "", "", "", "Lists every verb.", "", kAny},
    {"add-source-root", "Add Source Folder…", "open", "", "", "", "", "Lets the debugger look for sources in a folder.", "", kAny},
    {"reset-layout", "Reset Layout", "reset", "", "", "", "", "Puts all panels back where they were at first.", "", kAny},
    {"settings", "Settings…", "settings", "Ctrl+,", "", "", "", "Changes keys, colours and behaviour.", "", kAny},
};
// clang-format on

bool isAlias(std::string_view aliases, std::string_view word) {
    while (!aliases.empty()) {
        const size_t space = aliases.find(' ');
        if (aliases.substr(0, space) == word) return true;
        aliases.remove_prefix(space == std::string_view::npos ? aliases.size() : space + 1);
    }
    return false;
}

}  // namespace

std::span<const Verb> verbs() { return kVerbs; }

const Verb* findVerb(std::string_view idOrWord) {
    if (idOrWord.empty()) return nullptr;
    for (const Verb& verb : kVerbs) {
        if (verb.word == idOrWord) return &verb;
    }
    for (const Verb& verb : kVerbs) {
        if (verb.id == idOrWord || isAlias(verb.aliases, idOrWord)) return &verb;
    }
    return nullptr;
}

engine::Result<std::string> helpText(std::string_view topic) {
    std::string text;
    if (topic.empty()) {
        for (const Verb& verb : verbs()) {
            if (verb.word.empty() || verb.allowed == 0) continue;
            std::string usage(verb.usage);
            usage.resize(std::max<size_t>(usage.size() + 2, 34), ' ');
            text += usage + std::string(verb.help) + "\n";
        }
        return text;
    }
    const Verb* verb = findVerb(topic);
    if (!verb || verb->word.empty())
        return engine::Error{engine::ErrorCode::NotFound,
                             "there is no verb \"" + engine::printable(topic) + "\"; help lists them"};
    text = std::string(verb->usage) + "\n  " + std::string(verb->help) + "\n";
    if (!verb->aliases.empty()) text += "  Also: " + std::string(verb->aliases) + "\n";
    if (!verb->shortcut.empty())
        text += "  In the window: " + std::string(verb->title) + ", " + std::string(verb->shortcut) + "\n";
    if (verb->allowed == 0) text += "  Not yet supported.\n";
    if (verb->id == "mock") text += wasi::mockRuleHelp();
    if (verb->id == "calls") text += wasi::filterHelp();
    return text;
}

}  // namespace debugger
