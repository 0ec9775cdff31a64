// MockPlayer: makes a call as a rule of the table says: asks the table, waits, answers or lets the host answer, and notes in the call what
// was done. Owned by HostState; session thread only.
#pragma once

#include <functional>
#include <map>

#include "wasi/call_context.h"
#include "wasi/descriptors.h"
#include "wasi/mock_table.h"
#include "wasi/script/mock_script.h"

namespace wasi {

class MockPlayer {
public:
    /// What it needs of its host.
    struct Services {
        std::function<const Descriptor*(uint32_t fd)> find;              // null if it is not open
        std::function<bool(uint64_t ns, const std::string& text)> wait;  // false: interrupted
        std::function<bool(const std::string& why)> stop;                // false: there is no debugger
        std::function<void(uint32_t id, const std::string& text)> tell;  // the first problem of a rule
    };
    /// As MockTable::set(), and scripts of rules that are on as MockScript::load(). One script serves all rules that name its file, and keeps its variables
    /// while the file stays as it is. From a folder that is not trusted any more none is asked, from the next call on.
    engine::Result<> set(const std::vector<MockEntry>& entries, const TrustedFolders& trust);
    const MockTable& table() const { return m_table; }
    void setServices(Services services) { m_services = std::move(services); }
    void setNames(NamesAt names) { m_names = std::move(names); }

    std::optional<MockDecision> decide(uint16_t function, CallContext& call);
    /// `host` makes the call for real. Interrupted: to be called again with the same decision.
    engine::HostOutcome play(MockDecision& decision, uint16_t function, CallContext& call,
                             const std::function<engine::HostOutcome()>& host);

private:
    struct Loaded {
        std::array<int64_t, 4> stamp{};  // of the file
        std::shared_ptr<MockScript> script;
    };
    void ask(MockDecision& decision, const FilteredCall& call);
    void failed(uint32_t id, const std::string& problem);

    MockTable m_table;
    std::map<std::string, Loaded> m_scripts;  // by path
    TrustedFolders m_trust;
    Services m_services;
    NamesAt m_names;
};

}  // namespace wasi
