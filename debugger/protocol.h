// The protocol between a front end (window, command line, DAP, gdb-remote) and a Session: requests with replies, and events. Plain,
// serialisable values only, so that the session may live in another process. No pointers, no Qt, no engine objects.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "debugger/symbols/lanes.h"
#include "engine/base/result.h"
#include "wasi/capabilities.h"
#include "wasi/folder_changes.h"
#include "wasi/ledger.h"
#include "wasi/mock_rule.h"

namespace engine {
enum class Tier : uint8_t;  // store.h, which no front end needs
}

namespace debugger {

using BreakpointId = uint32_t;
using Generation = uint64_t;  // counts stops; handles and replies of an older one are void

// ---------------------------------------------------------------------------------------------------------------- values

enum class SessionState : uint8_t {
    Empty,
    Loading,
    Ready /* loaded, not started */,
    Running,
    Stopped,
    Waiting /* in a blocking call */,
    Exited,
    Failed
};
enum class StopReason : uint8_t {
    None,
    Entry,
    Breakpoint,
    Step,
    Pause,
    Trap,
    HostCall,
    Watchpoint,
    Exited,
    RunToHere,
    Exception,  // before a thrown exception is caught
    Denied      // at a host call that was refused, which is made again
};
enum class StepKind : uint8_t { Into, Over, Out, Instruction, InstructionOver };

struct Location {
    uint32_t instance = 0;
    uint32_t function = 0;     // function index
    uint32_t offset = 0;       // of the instruction, in the file
    std::string functionName;  // as to be shown: from DWARF, else the name section, else "func[3]"
    std::string file;          // as the debug info names it; empty without
    uint32_t line = 0, column = 0;
};

/// Which accesses to watched memory stop the program: those that leave another value, any write, any read, both.
enum class WatchAccess : uint8_t { Change, Write, Read, Access };
/// What happened to watched memory.
struct WatchChange {
    BreakpointId watch = 0;
    std::string what;           // the expression, or "8 bytes at 0x10f20"
    std::string before, after;  // values, as the type of the expression shows them
    bool isRead = false, isWrite = false, isChange = false;
    uint64_t address = 0, length = 0;  // of the access
    Location by;                       // the instruction that did it, or that called …
    std::string host;                  // … this host call: "wasi_snapshot_preview1.fd_read"
};
/// "watchpoint 2: counter: 1 -> 2, by bump at main.c:12".
std::string toText(const WatchChange& change);
/// "bump at main.c:12", "fd_read, called in fill at main.c:30".
std::string doneBy(const WatchChange& change);

struct StopInfo {
    StopReason reason = StopReason::None;
    Generation generation = 0;
    uint32_t frame =
        0;  // to be selected: the first one with source here, if the program is inside a host call
    Location location;                      // of that frame
    std::vector<BreakpointId> breakpoints;  // that were hit
    std::vector<WatchChange> changes{};  // if reason == Watchpoint; none: what was watched has left its scope
    std::string text;                    // one sentence for people: "breakpoint 2 at wordcount.c:41"
    std::string trapText;                // what, operands, memory size; if reason == Trap
    uint64_t tick = 0;
    uint32_t depth = 0;
    int64_t exitCode = 0;                  // if Exited
    std::optional<wasi::Refusal> refusal;  // if Denied
    std::string
        returned;  // what the function left by a step out returned: "42", "(struct item *) 0x10f20"; empty if nothing is known
};

/// What was asked; kept apart from where it resolved.
struct BreakpointSpec {
    enum class Kind : uint8_t {
        Line,
        Function,
        Offset,
        HostCall,
        Exception,
        Watch,
        Denied
    } kind = Kind::Line;
    std::string file;  // Line
    uint32_t line = 0;
    std::string function;       // Function; HostCall: "fd_write"
    uint32_t offset = 0;        // Offset; Watch: where the names of its expression were looked up
    bool uncaughtOnly = false;  // Exception: only what nobody catches
    // Watch: the object that an expression names when it is set; without one, bytes of a memory.
    std::string expression;
    uint32_t memory = 0;
    uint64_t address = 0, length = 0;
    WatchAccess access = WatchAccess::Change;
    std::string condition;     // expression; empty = always
    uint64_t ignoreCount = 0;  // stop only after this many hits of a run
    std::string logText;       // not empty: print and go on; {expr} is evaluated
    bool enabled = true;
    bool temporary = false;  // deleted when hit
};
struct BreakpointInfo {
    BreakpointId id = 0;
    BreakpointSpec spec;
    bool resolved = false;
    std::vector<Location> locations;
    std::string message;  // why unresolved, or "moved to line 19: no code at 17", or why its condition fails
    uint64_t hits = 0;
    uint64_t passing = 0;  // hits that will pass because of PassHits
    // Of a Watch that is resolved: where, and how long.
    uint64_t address = 0, length = 0;
    std::string scope{};  // "until work returns"; empty: as long as the program runs
};

struct StackFrame {
    uint32_t index = 0;      // 0 = youngest; inlined levels count
    uint32_t wasmFrame = 0;  // the activation it belongs to, 0 = youngest
    uint32_t inlineLevel = 0;
    bool isInlined = false;
    Location location;
};

/// One row of Variables or Watches. `handle` fetches its children; void after the next generation.
struct VariableNode {
    uint64_t handle = 0;  // 0 = no children
    std::string name, type, value;
    std::string path;       // expression that yields it again
    std::string placeText;  // "memory 0x10f20", "local 3"
    uint64_t childCount = 0;
    std::optional<uint64_t> address;
    uint64_t byteSize = 0;
    bool changed = false;  // since the last stop
    bool available = true;
    bool editable = false;
    std::string group;  // "Parameters", "Locals", "Globals"
};

struct WasmValue {
    uint32_t index = 0;
    std::string name;   // "$x" or ""
    std::string type;   // "i32"
    std::string value;  // decimal or float text
    std::string hex;
    bool changed = false;
    std::vector<Lanes> lanes{};  // of a v128
};

/// An instruction of the processor that the compiler made.
struct MachineRow {
    uint32_t offset = 0;      // in the function's machine code
    std::string bytes, text;  // hex; "mov eax, [rbx+0x10]"
    std::string note;         // "local 2"
};
struct DisassemblyRow {
    uint32_t offset = 0, size = 0, depth = 0;
    std::string text;
    std::string bytes;  // hex
    std::string file;   // set where a new source line begins
    uint32_t line = 0;
    bool isCurrent = false;
    std::vector<MachineRow> machine{};  // where it was asked for
};

struct ModuleEntry {
    std::string kind;  // "section", "import", "export", "function", "global", "memory", "table", "custom"
    uint32_t index = 0;
    std::string name, type, detail;
    uint32_t offset = 0;
    uint64_t size = 0;
};
struct ModuleSummary {
    std::string path, name;
    uint64_t bytes = 0;
    std::vector<std::string> features;
    std::string debugInfo;  // "DWARF 4, 47 units, C11", "none"
    std::vector<std::string> problems;
    std::string entry;       // "_start"
    std::string mainSource;  // file that holds main, as the debug info names it
    std::string invoke{};    // as LaunchOptions say
    std::vector<std::string> invokeArguments{};
};

struct SourceFileInfo {
    std::string path;          // as the debug info names it: the key used everywhere
    std::string resolvedPath;  // on this machine; empty if not found
};
struct SourceText {
    std::string path, resolvedPath;
    std::string text;     // UTF-8, invalid bytes replaced
    std::string warning;  // "source differs from the binary", "cut at 32 MiB"
    std::vector<uint32_t> linesWithCode;
};

struct MemoryInfo {
    uint32_t index = 0;
    std::string name;
    uint64_t bytes = 0, pages = 0;
    std::optional<uint64_t> maxPages;
};

/// One decoded argument; see wasi::ShownValue.
struct CallValue {
    std::string name, type, text;
    std::vector<CallValue> children;
    uint32_t address = 0, size = 0;
};
/// One row of System calls.
struct CallRow {
    uint64_t sequence = 0;
    std::string name, family;  // "fd_write", "files"
    std::string arguments;     // one line
    std::string result;        // "ESUCCESS nwritten=6", "exit 0"
    std::string errnoName;     // empty if none
    bool failed = false, denied = false, pending = false;
    std::string origin;  // "host", "mock" …
    uint64_t tick = 0;
    int64_t startNs = 0, durationNs = 0;
    uint64_t bytes = 0;                 // moved
    Location caller;                    // nearest frame with source
    std::vector<uint32_t> descriptors;  // numbers that it was passed or returned
};
struct CallDetail {
    CallRow row;
    std::string summary;  // what the call is for
    std::string detail;
    std::vector<CallValue> arguments, results;
    struct Access {
        uint32_t address = 0;
        bool isWrite = false;
        uint64_t length = 0;
        std::string bytes;
    };
    std::vector<Access> accesses;
    std::vector<Location> backtrace;
};

struct OpenFileRow {
    uint32_t fd = 0;
    std::string kind, guestPath, hostPath, rights;
    uint64_t position = 0, bytesRead = 0, bytesWritten = 0;
    bool isPreopen = false;
};

struct OutputPiece {
    uint8_t stream = 1;  // 1 stdout, 2 stderr
    uint64_t position = 0, syscall = 0;
    std::string bytes;
};

// ---------------------------------------------------------------------------------------------- requests (Reply = answer)

struct Done {};

struct LaunchOptions {
    std::string program;  // path
    wasi::Capabilities capabilities;
    std::vector<wasi::MockRule> mocks;        // that hold from the first call on
    std::vector<std::string> trustedFolders;  // whose scripts may run, beside those of the user's list
    std::string invoke;                       // export to call instead of _start
    std::vector<std::string> invokeArguments;
    engine::Tier tier{};       // Auto
    bool showDenied = false;   // see wasi::WasiHost::showDenied()
    bool stopAtEntry = false;  // stop before the first instruction of main (source) or of the entry function
    std::vector<std::pair<std::string, std::string>> pathMap;  // source path prefix → prefix on this machine
    std::vector<std::string>
        sourceRoots;  // folders in which sources may be opened; the module's own is always one
};
/// Loads module and symbols; the state is then Ready. Breakpoints that exist are resolved against it.
struct Load {
    using Reply = ModuleSummary;
    LaunchOptions options;
};
/// Instantiates and begins to run (or stops at entry).
struct Start {
    using Reply = Done;
    std::optional<std::vector<std::string>> arguments;  // argv[1…] from now on; absent: as they were
    std::optional<bool> stopAtEntry;                    // for this start; absent: as LaunchOptions say
};
struct Resume {
    using Reply = Done;
};
struct Pause {
    using Reply = Done;
};
struct Step {
    using Reply = Done;
    StepKind kind = StepKind::Over;
    uint32_t frame = 0;  // Out: which is to return
};
/// Runs until that line or offset is reached (in any frame), or anything else stops.
struct RunTo {
    using Reply = Done;
    std::string file;
    uint32_t line = 0;
    std::optional<uint32_t> offset;
};
/// Ends the program; the module stays loaded.
struct Terminate {
    using Reply = Done;
};

struct AddBreakpoint {
    using Reply = BreakpointInfo;
    BreakpointSpec spec;
    bool isRemembered = false;  // set in an earlier build: kept as pending though the line has no code now
    uint32_t frame = 0;         // of a stopped program: where the expression of a Watch is evaluated
};
struct ChangeBreakpoint {
    using Reply = BreakpointInfo;
    BreakpointId id = 0;
    BreakpointSpec spec;
};
/// Lets the next hits pass, in this run or, between two, in the next one; what is left of them ends with the run.
struct PassHits {
    using Reply = BreakpointInfo;
    BreakpointId id = 0;
    uint64_t count = 0;
};
struct RemoveBreakpoint {
    using Reply = Done;
    BreakpointId id = 0;
};
struct ListBreakpoints {
    using Reply = std::vector<BreakpointInfo>;
};

struct GetStop {
    using Reply = StopInfo;
};
struct GetFrames {
    using Reply = std::vector<StackFrame>;
    uint32_t first = 0, count = 200;
};
/// Parameters and locals of a frame (groups), and with `globals` the file's globals too.
struct GetVariables {
    using Reply = std::vector<VariableNode>;
    uint32_t frame = 0;
    bool globals = false;
};
struct GetChildren {
    using Reply = std::vector<VariableNode>;
    uint64_t handle = 0;
    uint64_t first = 0, count = 100;
};
struct Evaluate {
    using Reply = VariableNode;
    uint32_t frame = 0;
    std::string expression;
};
struct Assign {
    using Reply = VariableNode;
    uint32_t frame = 0;
    std::string left, right;
};
struct GetType {
    using Reply = std::string;
    uint32_t frame = 0;
    std::string expression;
};  // multi-line definition
struct GetWasmLocals {
    using Reply = std::vector<WasmValue>;
    uint32_t frame = 0;
};
struct OperandStack {
    std::vector<WasmValue> operands;  // bottom first
    std::string nextText;             // the instruction that executes next
    std::string nextSignature;        // "[i32 i32] -> [i32]"
    uint32_t takes = 0;               // operands that it takes from the top
    std::vector<std::string> leaves;  // types, bottom first; none if what follows cannot be reached
    std::vector<std::string> labels;  // innermost first: "loop @0x1f3", "function"
};
struct GetOperandStack {
    using Reply = OperandStack;
    uint32_t frame = 0;
};
struct GetWasmGlobals {
    using Reply = std::vector<WasmValue>;
};

/// What an instruction means wherever it stands; see engine::InstructionHelp.
struct InstructionText {
    std::string name, code;  // "i32.div_s", "0x6d"
    std::string text, stack, standard, feature;
    std::vector<std::string> traps;  // "integer divide by zero if the second operand is 0"
};
struct Explanation {
    uint32_t offset = 0;
    std::string instruction;  // with its immediates: "i32.load offset=12"
    InstructionText general;
    // Of the next instruction only:
    bool isNext = false;
    std::string typing;               // "[i32 i32] -> [i32]", as it is here
    std::vector<WasmValue> operands;  // that it takes, the last one on top
    std::string effect;               // "takes 7 and 0 from the stack; will trap: integer divide by zero"
    bool willTrap = false;
    std::vector<WasmValue> results;  // as far as they are known beforehand
    std::vector<std::string> notes;  // more sentences: where it will branch, what the called function is for
    std::vector<CallValue> arguments;  // of a call to the host, decoded
};
/// Explains the next instruction of a frame or, with `offset`, the instruction there in general.
struct Explain {
    using Reply = Explanation;
    uint32_t frame = 0;
    std::optional<uint32_t> offset;
};

struct GetMemories {
    using Reply = std::vector<MemoryInfo>;
};
struct MemoryBytes {
    uint64_t address = 0;
    std::string bytes;
    uint64_t memoryBytes = 0;
    std::vector<std::pair<uint64_t, uint64_t>> changed;
};
/// Cut at the end of memory.
struct ReadMemory {
    using Reply = MemoryBytes;
    uint32_t memory = 0;
    uint64_t address = 0;
    uint64_t length = 0;
};
struct WriteMemory {
    using Reply = Done;
    uint32_t memory = 0;
    uint64_t address = 0;
    std::string bytes;
};
/// First match at or behind `from`.
struct FindInMemory {
    using Reply = std::optional<uint64_t>;
    uint32_t memory = 0;
    uint64_t from = 0;
    std::string bytes;
};

/// Rows of one function: `function`, or the one around `offset`; with `machine`, what the compiler made of each instruction. What stands
/// before the first instruction is among the first one's rows, what stands behind the last (exits, constants) among the last one's.
/// Error: State where there is no machine code.
struct Disassemble {
    using Reply = std::vector<DisassemblyRow>;
    std::optional<uint32_t> function;
    uint32_t offset = 0;
    bool machine = false;
};
struct GetModule {
    using Reply = ModuleSummary;
};
struct GetModuleEntries {
    using Reply = std::vector<ModuleEntry>;
    std::string kind;
    std::string filter;
    uint64_t first = 0, count = 1000;
};
struct GetSources {
    using Reply = std::vector<SourceFileInfo>;
};
struct GetSource {
    using Reply = SourceText;
    std::string path;
};

/// Calls [first, first + count) of those that match the filter (wasi/call_filter.h; empty = all). BadArgument: the filter.
struct CallSlice {
    uint64_t total = 0, matching = 0, first = 0;
    uint64_t searched = 0;     // calls looked at so far, for `matching`
    bool isSearching = false;  // the session goes on with the others; ask again
    std::vector<CallRow> rows;
};
struct GetCalls {
    using Reply = CallSlice;
    uint64_t first = 0, count = 100;
    std::string filter;
};
/// Leaves the search for calls where it is, until there is another filter; or goes on with it.
struct HoldSearch {
    using Reply = Done;
    bool isHeld = true;
};
/// The filter for all calls on the descriptor that this number stood for in that call: "fd = 5@1234". NotFound: the call.
struct FollowDescriptor {
    using Reply = std::string;
    uint64_t sequence = 0;
    uint32_t number = 0;
};
struct GetCall {
    using Reply = CallDetail;
    uint64_t sequence = 0;
};
struct GetOpenFiles {
    using Reply = std::vector<OpenFileRow>;
};

/// What the program changed in overlays and in-memory folders.
struct GetFolderChanges {
    using Reply = std::vector<wasi::FolderChanges>;
    uint64_t most = UINT64_MAX;  // changes that are told of each folder; FolderChanges::total counts all
};
/// See WasiHost::folderDiff().
struct GetFolderDiff {
    using Reply = std::string;
    std::string guestPath;  // "" = all of them
    std::string path = {};  // "" = all that changed there
};
/// The changes done on the host, or forgotten; of the folder at this guest path, or of all if it is empty. Number of changes.
struct ApplyFolderChanges {
    using Reply = uint64_t;
    std::string guestPath;
};
struct DiscardFolderChanges {
    using Reply = uint64_t;
    std::string guestPath;
};

/// What the program was granted, what of it was used, and what was refused.
struct GetLedger {
    using Reply = wasi::LedgerView;
};
/// The capabilities as they are now.
struct GetCapabilities {
    using Reply = wasi::Capabilities;
};
/// Changes them while the program runs; see wasi::WasiHost::grant() and revoke(). What the program notices, in words.
struct GrantCapability {
    using Reply = std::string;
    wasi::Grant grant;
};
struct RevokeCapability {
    using Reply = std::string;
    std::string name;
};

/// The rules by which host calls are answered, in order.
struct GetMocks {
    using Reply = std::vector<wasi::MockInfo>;
};
/// Replaces them, from the next call on; new ones get ids. BadArgument: "rules[2].when: column 3: …", and nothing has changed.
struct SetMocks {
    using Reply = std::vector<wasi::MockInfo>;
    std::vector<wasi::MockEntry> rules;
};

struct OutputSlice {
    uint64_t begin = 0, end = 0;
    std::vector<OutputPiece> pieces;
};
struct GetOutput {
    using Reply = OutputSlice;
    uint64_t position = 0, maxBytes = 1 << 16;
};
struct SendInput {
    using Reply = Done;
    std::string bytes;
    bool end = false;
};

using Request =
    std::variant<Load, Start, Resume, Pause, Step, RunTo, Terminate, AddBreakpoint, ChangeBreakpoint,
                 PassHits, RemoveBreakpoint, ListBreakpoints, GetStop, GetFrames, GetVariables, GetChildren,
                 Evaluate, Assign, GetType, GetWasmLocals, GetOperandStack, GetWasmGlobals, Explain,
                 GetMemories, ReadMemory, WriteMemory, FindInMemory, Disassemble, GetModule, GetModuleEntries,
                 GetSources, GetSource, GetCalls, HoldSearch, FollowDescriptor, GetCall, GetOpenFiles,
                 GetFolderChanges, GetFolderDiff, ApplyFolderChanges, DiscardFolderChanges, GetLedger,
                 GetCapabilities, GrantCapability, RevokeCapability, GetMocks, SetMocks, GetOutput,
                 SendInput>;

// ----------------------------------------------------------------------------------------------------------------- events

struct StateChanged {
    SessionState state = SessionState::Empty;
    std::string detail; /* Waiting: "stdin" */
};
struct Stopped {
    StopInfo stop;
};
struct BreakpointChanged {
    BreakpointInfo breakpoint;
    bool removed = false;
};
struct SyscallsAppended {
    uint64_t count = 0;
};  // calls so far; coalesced
/// Rules or their hits are different; coalesced.
struct MocksChanged {
    std::vector<wasi::MockInfo> mocks;
};
struct OutputAppended {
    uint64_t end = 0;
};  // fetch with GetOutput; coalesced
struct ModuleLoaded {
    ModuleSummary module;
};
struct Exited {
    int64_t code = 0;
    std::string text;
};
struct ErrorRaised {
    engine::Error error;
};
struct Progress {
    std::string what;
    uint64_t done = 0, total = 0;
    bool finished = false;
};
/// Of a log point; `output` is how much the program had written before it.
struct LogMessage {
    std::string text;
    BreakpointId breakpoint = 0;
    uint64_t output = 0;
    uint64_t lost = 0;  // texts before this one that came faster than they could be told
};

using Event = std::variant<StateChanged, Stopped, BreakpointChanged, SyscallsAppended, OutputAppended,
                           ModuleLoaded, Exited, ErrorRaised, Progress, LogMessage, MocksChanged>;

}  // namespace debugger
