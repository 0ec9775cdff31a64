// Capabilities: everything a guest is granted, as one value: what the command line, a launch file, the Capabilities panel and a trace
// header hold. Edited by replacing the value between two guest instructions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace wasi {

enum class MountKind : uint8_t {
    Real,
    ReadOnly,
    Overlay,   // shows the host's folder, keeps what the guest changes in memory: the host is never written
    InMemory,  // a folder of its own, which at first has what lies in hostPath, if one is given
};

/// A directory that the guest finds open when it starts.
struct Preopen {
    std::string hostPath;   // a directory; may be empty for InMemory
    std::string guestPath;  // as the guest sees it: "/", "/data", "."
    MountKind kind = MountKind::Real;
    bool operator==(const Preopen&) const = default;
};

/// A socket of TCP that the guest finds listening when it starts.
struct Listener {
    std::string address;  // "127.0.0.1", "::1", "localhost"; names are not looked up
    uint16_t port = 0;    // 0 = any that is free
    bool operator==(const Listener&) const = default;
};

enum class StdioKind : uint8_t {
    Inherit,  // the process's own descriptor (`wscope run`)
    Session,  // stdin from Request::Stdin, output to the session's OutputLog (the window, `wscope debug`)
    File,     // `path`
    Null,     // end of file, output thrown away
    Text,     // stdin only: `text`, then end of file
};
struct StdioGrant {
    StdioKind kind = StdioKind::Inherit;
    std::string path;
    std::string text{};
    bool operator==(const StdioGrant&) const = default;
};

struct ClockGrant {
    enum class Kind : uint8_t { Real, Fixed, Scaled, Offset } kind = Kind::Real;
    uint64_t fixedNs =
        0;  // realtime and monotonic start there and advance by one microsecond at each reading
    double scale = 1.0;
    int64_t offsetNs = 0;  // realtime is so much later than the host's; monotonic is not
    bool operator==(const ClockGrant&) const = default;
};
struct RandomGrant {
    std::optional<uint64_t> seed;  // absent = the host's random source
    bool operator==(const RandomGrant&) const = default;
};

inline constexpr uint64_t kDefaultVirtualBytes = uint64_t{1} << 30;

/// Budgets; reaching one is said by name. 0 = no limit but the engine's own.
struct Budgets {
    uint64_t maxMemoryBytes = 0;
    uint64_t maxOutputBytes = 0;
    uint64_t maxOpenFiles = 1024;
    uint64_t maxVirtualBytes =
        0;  // what overlays and in-memory folders keep together; 0 = kDefaultVirtualBytes
    uint64_t timeoutMs = 0;
    uint64_t maxLogBytes =
        0;  // of the call log, which then keeps the newest calls; 0 = SyscallLog::kDefaultBudget
    bool operator==(const Budgets&) const = default;
};

struct Capabilities {
    std::vector<std::string> arguments;  // argv, [0] included
    std::vector<std::pair<std::string, std::string>> environment;
    std::vector<Preopen> preopens;    // descriptors 3, 4 …
    std::vector<Listener> listeners;  // … and those behind them
    StdioGrant standardInput, standardOutput, standardError;
    ClockGrant clock;
    RandomGrant random;
    Budgets budgets;
    bool operator==(const Capabilities&) const = default;
};

}  // namespace wasi
