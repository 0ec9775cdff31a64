// WasiHost: the WASI side of one debuggee: capabilities, open files, the call gate and the log. Owned by the session; session thread
// only, but for wake() and what SyscallLog and OutputLog allow.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/store.h"
#include "wasi/call_filter.h"
#include "wasi/capabilities.h"
#include "wasi/folder_changes.h"
#include "wasi/host_function.h"
#include "wasi/ledger.h"
#include "wasi/mock_rule.h"
#include "wasi/output_log.h"
#include "wasi/script/trust.h"
#include "wasi/syscall_log.h"

namespace wasi {

/// One open descriptor, for the Files panel and `fds`.
struct OpenFile {
    uint32_t fd = 0;
    std::string kind;  // "directory", "file", "stdin" …
    std::string guestPath;
    std::string hostPath;
    std::string rights;  // "fd_read|fd_seek"
    uint64_t position = 0, bytesRead = 0, bytesWritten = 0;
    bool isPreopen = false;
    uint64_t openedBySequence = ~uint64_t{0};  // the call that opened it
};

/// What the gate asks before a call runs: stop here? (breakpoints on host calls). Runs on the session thread.
enum class GateDecision : uint8_t { Pass, Stop };

class WasiHost {
public:
    /// Opens the preopens. Errors: NotFound, Denied, Io with the path and what to do. `wake` see wake().
    static engine::Result<std::unique_ptr<WasiHost>> create(Capabilities capabilities);
    ~WasiHost();

    /// Import resolver for wasi_snapshot_preview1 and wasi_unstable: registers the host functions in the store on demand.
    /// Unknown functions of those modules and other modules: Unlinkable.
    engine::ImportResolver resolver(engine::Store& store);
    /// Which memory the calls of this instance use: its exported "memory". Call after instantiation, before running.
    void attach(engine::Store& store, engine::InstanceId instance);

    /// As created, and as changed since by grant() and revoke().
    const Capabilities& capabilities() const;
    /// What was granted, used and refused so far, while calls were logged.
    LedgerView ledger() const;
    /// Grants more. A folder takes the place of the one of the same guest path, whose descriptor then stands for it: what is open below
    /// stays as it is. Returns what a program notices that has looked at its grants already. Errors: as of create().
    engine::Result<std::string> grant(const Grant& grant);
    /// Takes back the folder of that guest path, the listener of that address, the variable of that name, or a standard stream. What is
    /// open below answers ENOTCAPABLE from now on, and keeps its number until it is closed, so that another file never takes its place
    /// unnoticed. Returns what a program notices. Error: NotFound with what there is.
    engine::Result<std::string> revoke(const std::string& name);
    /// Before the program runs: gives it one more folder, the root, in which nothing is granted. C libraries refuse by themselves what no
    /// preopen covers; now they ask here, and are refused with an explanation. What is granted later is found through it.
    void showDenied();
    /// Asked when a call was refused, while calls are logged; true: it ends as Interrupted and without effect, and is made again when it is
    /// resumed. Not asked again if it is then refused for the same reason.
    void setDenied(std::function<bool(const Refusal&)> denied);

    SyscallLog& log();
    OutputLog& output();  // what the guest wrote to Session stdio
    std::vector<OpenFile> openFiles() const;

    /// What the guest has changed in overlays and in-memory folders, one for each of them.
    engine::Result<std::vector<FolderChanges>> folderChanges() const;
    /// … with contents, as a unified diff for patch -p1 (see diffOf()), of the folder at that guest path, or of all of them one after another
    /// if it is empty; of the change at `path` alone if that is not. Errors: NotFound, Io with the path.
    engine::Result<std::string> folderDiff(const std::string& guestPath, const std::string& path = {}) const;
    /// Does on the host what the guest did in the overlay at that guest path (all of them if it is empty), which then has no changes any
    /// more. Number of changes. Errors: NotFound (there is no such overlay), Io, Denied with the path where it failed; what was not reached
    /// is still a change of the overlay.
    engine::Result<uint64_t> applyChanges(const std::string& guestPath);
    /// Forgets them: the folder is as on the host again. What the guest has open keeps its contents.
    engine::Result<uint64_t> discardChanges(const std::string& guestPath);

    /// Which budget cut the guest short first: "output limit of 1024 bytes reached"; empty if none did.
    const std::string& limitReached() const;

    /// Logging on (default) or off (nothing is recorded; for `wscope run` and benchmarks).
    void setLogging(bool on);
    /// Asked before each call when set; Stop makes the call end as Interrupted, before any effect. It is not asked again for the same call
    /// when it is resumed at once.
    void setGate(std::function<GateDecision(uint16_t function, engine::HostCall&)> gate);

    /// Called when the guest stops itself (proc_raise of SIGSTOP and its like): the call ends as Interrupted, and succeeds when it is
    /// resumed. Without it such signals are ignored: nobody could continue the guest.
    void setStopRequest(std::function<void(const std::string& why)> request);

    /// Rules by which calls are answered from the next one on; see MockPlayer::set(). Between two calls only.
    engine::Result<> setMocks(const std::vector<MockEntry>& entries, const TrustedFolders& trust = {});
    std::vector<MockInfo> mocks() const;
    /// Changes whenever mocks() does.
    uint64_t mockActivity() const;
    /// Told when a rule's script has its first problem, within the call (MockInfo::problem).
    void setMockProblem(std::function<void(uint32_t id, const std::string& problem)> tell);
    /// How the rules' `caller` knows functions by name. Asked only where a rule speaks of it.
    void setNames(NamesAt names);

    /// Bytes for Session stdin, and its end.
    void pushInput(std::span<const uint8_t> bytes);
    void closeInput();
    /// Sleeps as a waiting call does: what Machine::setWait() takes. False: wake() was called.
    bool wait(std::optional<uint64_t> timeoutNs, const std::string& what);
    /// What a waiting call waits for: "stdin", "poll_oneoff: clock until +2.5 s"; empty if none waits. Any thread.
    std::string waitingFor() const;

    /// From any thread: a call that waits returns Interrupted soon. Used together with Machine::requestYield().
    void wake();

private:
    WasiHost();
    struct Impl;
    std::unique_ptr<Impl> m;
};

}  // namespace wasi
