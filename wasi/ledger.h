// Ledger: what was granted, what of it was used, and what was refused. Kept by the host while calls are logged: O(1) for each call, and
// bounded. Owned by the host; session thread only. LedgerView is its copy for front ends.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "wasi/capabilities.h"
#include "wasi/grants.h"

namespace wasi {

enum class GrantKind : uint8_t {
    Arguments,
    Environment,
    Stdin,
    Stdout,
    Stderr,
    Clock,
    Random,
    Directory,
    Listener,
};

inline constexpr uint64_t kNoCall = ~uint64_t{0};

/// One grant of a run, and what became of it.
struct GrantUse {
    // What each call changes stands together.
    uint64_t calls = 0, bytesRead = 0, bytesWritten = 0;
    uint64_t first = kNoCall, last = kNoCall;  // sequences in the log
    bool isUsed = false;                       // by more than being listed or looked at
    bool isChanged = false;                    // written, or opened for it
    bool isRevoked = false;
    bool isWholeUsed = false;  // of a directory: nothing is left to be learnt of what is needed below it
    GrantKind kind = GrantKind::Directory;
    std::string name;       // "/data", "HOME", "127.0.0.1:8080", "stdin"
    std::string granted;    // in words: "read-only /srv/data", "real"
    Preopen preopen;        // of a directory
    std::string warning{};  // what the user should know of it, one sentence
    Listener listener;      // of a listener, as it was asked for
    std::string
        folder;  // of a directory: the deepest guest path that holds all that was used; empty = nothing was
    std::vector<std::pair<std::string, uint64_t>> byCall;
};

/// A call that was refused, once for each path and reason.
struct Refusal {
    std::string call;            // "path_open", the first time
    std::string subject;         // path, or what else was wanted
    std::string why;             // one sentence
    std::optional<Grant> grant;  // the single grant that would have allowed it, if there is one
    std::string flag;            // … as an option of the command line; also where it is a limit
    uint64_t count = 0;
    uint64_t first = kNoCall, last = kNoCall;
};

struct LedgerView {
    std::vector<GrantUse> grants;
    std::vector<Refusal> refusals;
    uint64_t refusedBesides = 0;     // calls refused for which there was no room
    bool cataloguedFolders = false;  // the program has asked which folders it has: C libraries ask once
    bool readEnvironment = false;
};

using GrantIndex = uint32_t;
inline constexpr GrantIndex kNoGrant = ~GrantIndex{0};
/// Grants that every run has; directories and listeners follow.
enum : GrantIndex { kArguments, kEnvironment, kStdin, kStdout, kStderr, kClock, kRandom, kFirstFolder };

/// What one call used and whether it was refused; filled by its method, taken by the ledger when the call is over.
struct CallUse {
    std::array<GrantIndex, 4> grants{};
    uint8_t count = 0;
    bool changes = false;
    bool isRefused = false;
    uint64_t bytesRead = 0, bytesWritten = 0;

    void add(GrantIndex grant) {
        if (grant == kNoGrant || count == grants.size()) return;
        for (uint8_t i = 0; i < count; i++)
            if (grants[i] == grant) return;
        grants[count++] = grant;
    }
};

class Ledger {
public:
    static constexpr size_t kMostRefusals = 1000;
    static constexpr size_t kLongestSubject = 4096;

    explicit Ledger(const Capabilities& capabilities);
    GrantIndex addFolder(const Preopen& preopen);
    GrantIndex addListener(const std::string& address, const Listener& listener);
    GrantUse& at(GrantIndex grant) { return m_rows[grant].use; }
    size_t size() const { return m_rows.size(); }

    /// A call is over.
    void note(uint16_t function, uint64_t sequence, const CallUse& use);
    /// A call was refused, and the program does not know of it yet: takeBackRefusal() comes before it is made again.
    void noteStopped(uint16_t function, uint64_t sequence);
    void takeBackRefusal();
    /// What lies at `guestPath`, a tidy path, was looked for below that folder; `isFolder`: it is one itself.
    void touched(GrantIndex grant, const std::string& guestPath, bool isFolder);
    /// Something the user should know of a grant turned up; the first is kept.
    void warn(GrantIndex grant, const std::string& warning) {
        if (at(grant).warning.empty()) at(grant).warning = warning;
    }
    /// The running call was refused. note() follows.
    void refuse(Refusal refusal);
    /// The newest one; null if there was none yet.
    const Refusal* lastRefusal() const { return m_last ? &*m_last : nullptr; }

    /// The program has asked which folders it has.
    bool hasCatalogued() const { return m_catalogued; }

    /// With the variables of the environment as they are now.
    LedgerView view(const Capabilities& now) const;

private:
    struct Row {
        std::vector<uint64_t> byFunction;
        GrantUse use;
    };
    GrantIndex add(GrantKind kind, std::string name, std::string granted);
    void countRefusal(uint16_t function, uint64_t sequence);

    struct Stopped {
        std::string key;
        uint64_t last = kNoCall;  // of those refused in the same way before
    };

    std::vector<Row> m_rows;
    std::vector<Refusal> m_refusals;
    std::unordered_map<std::string, size_t> m_refusalAt;
    std::optional<Refusal> m_last;
    uint64_t m_refusedBesides = 0;
    bool m_catalogued = false;
    std::vector<uint8_t> m_effects;  // of each host function
    std::optional<Stopped> m_stopped;
};

/// Of a program that has not run yet.
LedgerView ledgerOf(const Capabilities& capabilities);
/// "fd_read 8, path_open 3; 120 bytes read; calls #5 to #33", "not used".
std::string usedText(const GrantUse& use);
/// "path_open, 2 times, call #7: no preopen covers /etc/x".
std::string refusedText(const Refusal& refusal);
/// A view as lines for people.
std::vector<std::string> toLines(const LedgerView& view);

/// In words: "read-only /srv/data".
std::string grantedText(const Preopen& preopen);

}  // namespace wasi
