// StoreState: what is behind a Store, for the parts of the engine that run its code. Addresses of everything in it are stable.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "engine/code.h"
#include "engine/code_room.h"
#include "engine/store.h"
#include "engine/wait_queue.h"

namespace engine {

/// The index spaces of an instance as pointers, for the interpreter; owned by the StoreState.
struct InstanceContext {
    Instance* instance = nullptr;  // null for host functions that start() calls directly
    struct StoreState* store = nullptr;
    std::vector<FunctionInstance*> functions;
    std::vector<LinearMemory*> memories;
    std::vector<TableInstance*> tables;
    std::vector<GlobalInstance*> globals;
    std::shared_ptr<class FunctionWalker> walker;  // of its module, kept from one lowering to the next
    InstanceId id() const { return instance ? instance->id : InstanceId(~0u); }
};

class GcHeap;
class WatchSet;
namespace jit {
class Jit;
}
struct Execution;

struct StoreState {
    StoreState();
    ~StoreState();
    StoreLimits limits;
    std::shared_ptr<MemoryBudget> budget;
    std::vector<std::unique_ptr<FunctionInstance[]>> functionBlocks;
    std::vector<FunctionInstance*> functions;
    std::deque<FuncType> functionTypes;  // that the functions point to
    std::vector<std::unique_ptr<LinearMemory>> memories;
    std::vector<std::unique_ptr<TableInstance>> tables;
    std::vector<std::unique_ptr<GlobalInstance>> globals;
    std::vector<std::unique_ptr<TagInstance>> tags;
    std::vector<std::unique_ptr<Instance>> instances;
    std::vector<std::unique_ptr<InstanceContext>> contexts;  // by InstanceId
    std::vector<std::unique_ptr<Code>> code;
    std::vector<std::unique_ptr<Code>> hostEntries;  // what start() runs to call a host function
    std::vector<Code*> unfused;                      // whose breakpoints changed since the last run
    CodeRoom codeRoom;
    std::vector<ValType> spareOperandTypes;  // the last that were too many to keep
    uint64_t codeBytes = 0;                  // of all lowered code
    InstanceContext noInstance;
    std::vector<Execution*> executions;  // of the machines on this store
    std::unique_ptr<GcHeap> heap;
    std::unique_ptr<jit::Jit> jit;  // null: everything is interpreted
    WaitQueue waits;
    std::unique_ptr<WatchSet> watches;

    /// Lowered code of a function defined in Wasm, made on first use.
    Result<Code*> lowered(FunctionInstance& function);
    /// Counts new code in codeBytes. Error: Limit.
    Result<> charge(const Code& code);
    /// The breakpoints of the function are others now; its cells follow before code runs again.
    void breaksChanged(Code& code);
    void fuseChanged();
};

struct Store::Impl : StoreState {};

/// Marks every object that the store or a machine on it refers to.
void markRoots(const StoreState& store, GcHeap& heap);

}  // namespace engine
