// ChildClient: our end of the symbol child, which runs libdwarf without any rights. Started on first use; a unit that kills or hangs it is
// given up, and after the third death so is the child. Owned by Dies; the session's thread only.
#pragma once

#include <memory>
#include <string>

#include <sys/types.h>

#include "debugger/symbols/child_protocol.h"
#include "debugger/symbols/die_table.h"

namespace debugger::dwarf {

class ChildClient {
public:
    static constexpr int64_t kTimeoutMs = 10'000;
    /// `program`: path of wscope-symbols; empty = next to the running program. A child that answers later than the timeout is killed.
    ChildClient(const DebugSections& sections, std::string program, int64_t timeoutMs = kTimeoutMs);
    ~ChildClient();
    ChildClient(const ChildClient&) = delete;
    ChildClient& operator=(const ChildClient&) = delete;

    /// DIE tree of a unit of the module's own sections. Errors: Io (no child), State (it died or hung), Malformed (libdwarf's own message).
    engine::Result<std::shared_ptr<DieTable>> dieTable(const Unit& unit);
    /// False once there is no point in asking again.
    bool isUsable() const { return m_unusable.empty(); }

private:
    engine::Result<> start();
    engine::Result<> sendHello();
    engine::Result<std::vector<uint8_t>> exchange(const ChildRequest& request);
    bool receive(void* into, size_t size, int64_t deadlineMs) const;
    bool send(const void* bytes, size_t size) const;
    bool hasExited();
    void stop();

    const DebugSections& m_sections;
    std::string m_program;
    int64_t m_timeoutMs;
    pid_t m_pid = -1;
    int m_socket = -1;
    uint32_t m_nextId = 1;
    int m_deaths = 0, m_idleDeaths = 0;
    std::string m_unusable;  // why
};

}  // namespace debugger::dwarf
