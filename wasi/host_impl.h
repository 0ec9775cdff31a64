// WasiHost::Impl: what a host owns beside the state that its front ends share. Used by the files of WasiHost only.
#pragma once

#include <deque>
#include <unordered_map>
#include <vector>

#include "wasi/host.h"
#include "wasi/host_state.h"
#include "wasi/preview1/preview1.h"
#include "wasi/world/virtual_tree.h"

namespace wasi {

struct WasiHost::Impl {
    HostState state;
    Unstable front{state};  // is a Preview1: the rows of both versions call it
    /// A function as the store knows it.
    struct Registered {
        CallGate& gate;
        FrontEnd& front;
        const HostRow& row;
        uint16_t index;
    };
    std::deque<Registered> functions;  // all that were ever registered: an earlier store may still be there
    std::unordered_map<uint16_t, engine::FuncAddr> registered;
    const engine::Store* registeredIn = nullptr;
    static bool callDirectly(void* self, engine::Machine& machine, engine::Slot* slots) noexcept {
        const auto& f = *static_cast<Registered*>(self);
        return f.gate.invokeDirectly(f.row, f.index, f.front, slots, machine);
    }
    struct Virtual {
        Preopen preopen;
        std::shared_ptr<VirtualTree> tree;
    };
    std::vector<Virtual> virtuals;  // overlays and in-memory folders, whatever became of their descriptors

    engine::Result<> openStandardStreams();
    engine::Result<std::unique_ptr<Directory>> openFolder(const Preopen& preopen);
    engine::Result<std::unique_ptr<Directory>> openVirtual(const Preopen& preopen);
    engine::Result<Fd> addFolder(const Preopen& preopen);
    engine::Result<Fd> addListener(const Listener& listener);
    engine::Result<std::string> grant(const Grant& grant);
    engine::Result<std::string> grantFolder(const Preopen& wanted);
    engine::Result<std::string> rebindFolder(Fd fd, const Preopen& wanted);
    uint64_t revokeDescriptors(GrantIndex grant);
    Fd add(std::unique_ptr<File> file, Descriptor&& descriptor);
};

}  // namespace wasi
