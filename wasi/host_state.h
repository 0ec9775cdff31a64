// HostState: what the front ends of one debuggee share: the capabilities, the World made of them, open files, log and gate. Owned by
// WasiHost; session thread only, but for what its parts allow.
#pragma once

#include <functional>
#include <memory>

#include "wasi/call_gate.h"
#include "wasi/capabilities.h"
#include "wasi/descriptors.h"
#include "wasi/folder_links.h"
#include "wasi/ledger.h"
#include "wasi/output_log.h"
#include "wasi/syscall_log.h"
#include "wasi/waiter.h"
#include "wasi/world.h"
#include "wasi/world/session_input.h"
#include "wasi/world/virtual_content.h"

namespace wasi {

struct HostState {
    Capabilities capabilities;
    std::unique_ptr<Clock> clock;
    std::unique_ptr<Random> random;
    std::shared_ptr<SessionInput> input = std::make_shared<SessionInput>();
    OutputLog output;
    Waiter waiter;
    SyscallLog log;
    MockPlayer mocks;
    CallGate gate{log, mocks};
    std::unique_ptr<Ledger> ledger = std::make_unique<Ledger>(Capabilities{});
    FolderLinks links;
    std::shared_ptr<VirtualStorage> storage;
    DescriptorTable files;
    std::function<void(const std::string& why)> stopRequest;  // see WasiHost::setStopRequest()
    std::function<void(uint32_t id, const std::string& problem)>
        mockProblem;           // see WasiHost::setMockProblem()
    std::string limitReached;  // in words, of the first budget that cut something short
    uint64_t outputBytes = 0;  // written to stdout and stderr so far

    /// The way in which a call waits: false if it was interrupted.
    bool wait(std::span<pollfd> what, std::optional<uint64_t> timeoutNs, const std::string& text) {
        CallContext& call = gate.context();
        if (!call.mayWait) return false;
        // A wake-up that came before this call meant something else, unless the machine still is to yield.
        if (!std::exchange(call.hasWaited, true)) waiter.forget();
        if (call.yieldRequested()) return false;
        gate.beginWait();
        return waiter.wait(what, timeoutNs, text) != Waiter::Woken::Interrupted;
    }
};

}  // namespace wasi
