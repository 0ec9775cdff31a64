// Store: the run-time objects of one debuggee (standard, section 4.2.3): functions, memories, tables, globals, instances. Owned by
// the debuggee's session and used by its thread only, but for what says otherwise. References in slots are handles, never pointers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/module.h"
#include "engine/trap.h"

namespace engine {

class Machine;
class GcHeap;
struct Code;

using FuncAddr = Index<struct FuncAddrTag>;  // indices into the Store
using MemAddr = Index<struct MemAddrTag>;
using TableAddr = Index<struct TableAddrTag>;
using GlobalAddr = Index<struct GlobalAddrTag>;
using TagAddr = Index<struct TagAddrTag>;
using InstanceId = Index<struct InstanceTag>;

/// One stack slot. A v128 takes two (low half first). A reference is 0 for null, else function address + 1, host reference + 1 (below
/// 2^61), i31 or GC object: reference.h.
using Slot = uint64_t;

/// A typed value for arguments, results, globals, inspection.
struct Value {
    ValType type;
    Slot low = 0;
    Slot high = 0;  // upper half of a v128
    static Value i32(uint32_t v) { return {kI32, v, 0}; }
    static Value i64(uint64_t v) { return {kI64, v, 0}; }
    static Value f32(float v);
    static Value f64(double v);
    bool operator==(const Value&) const = default;
};
/// "42", "-0.5", "nan:0x400000", "ref.func 3", "i31 -1", "struct @1f0" (its place in the heap), "null"; of a v128 "i32x4 0x00000001 …", lane 0 first, as v128.const writes it.
std::string toText(const Value& value);

/// How many bytes all memories of a store may take together, and take.
struct MemoryBudget {
    uint64_t limit = 0;
    uint64_t used = 0;
};

class LinearMemory;
/// Hears what host functions do to a memory, from whoever gives them access (WatchSet).
class MemoryObserver {
public:
    virtual void reads(const LinearMemory& memory, uint64_t address, uint64_t length) = 0;
    /// Before a write that wrote() tells, of these bytes or fewer.
    virtual void mayWrite(const LinearMemory& memory, uint64_t address, uint64_t length) = 0;
    virtual void wrote(const LinearMemory& memory, uint64_t address, uint64_t length) = 0;

protected:
    ~MemoryObserver() = default;
};

/// A linear memory: reserved once, so that its base never moves; grown in place. Zero pages are not committed before use.
class LinearMemory {
public:
    /// Error: Limit (reservation refused; message names the size and the limit).
    static Result<std::unique_ptr<LinearMemory>> create(const MemoryType& type, uint64_t maxBytes);
    ~LinearMemory();
    LinearMemory(const LinearMemory&) = delete;

    uint8_t* base() const { return m_base; }
    uint64_t size() const { return m_size; }  // bytes
    uint64_t pages() const { return m_size >> m_type.pageSizeLog2; }
    const MemoryType& type() const { return m_type; }
    std::span<uint8_t> bytes() const { return {m_base, m_size}; }
    bool contains(uint64_t address, uint64_t length) const {
        return length <= m_size && address <= m_size - length;
    }
    /// Old size in pages, or nothing if the maximum, the session's limit or the host refuses (the guest then sees -1).
    std::optional<uint64_t> grow(uint64_t pages);
    /// Counts this memory, as it is and as it grows, in a budget. Called once, by the store that takes it.
    void joinBudget(std::shared_ptr<MemoryBudget> budget);
    /// Address space held from base() on; accesses of compiled code beyond size() and below it fault.
    uint64_t reserved() const { return m_reserved; }
    /// Null while nobody wants to hear.
    MemoryObserver* observer() const { return m_observer; }
    void setObserver(MemoryObserver* observer) { m_observer = observer; }

private:
    LinearMemory() = default;
    bool commit(uint64_t bytes);
    uint8_t* m_base = nullptr;
    uint64_t m_size = 0, m_committed = 0, m_reserved = 0, m_maxBytes = 0;
    MemoryType m_type;
    std::shared_ptr<MemoryBudget> m_budget;
    MemoryObserver* m_observer = nullptr;
};

struct TableInstance {
    TableType type;
    std::vector<Slot> elements;
    uint64_t maxElements = 10'000'000;
    std::shared_ptr<MemoryBudget> budget;  // that its elements count in
    std::optional<uint64_t> grow(uint64_t count, Slot init);
};

struct GlobalInstance {
    GlobalType type;
    Slot low = 0, high = 0;
};

struct TagInstance {
    FuncType type;
    uint32_t canonicalType = 0;  // tags match by it, function types by subtyping
};

/// How a host call ended.
struct HostOutcome {
    enum class Kind : uint8_t {
        Return,  // results are written
        Trap,    // guest fault, `trap` says which
        Exit,    // the program ended itself with `exitCode` (proc_exit)
        Interrupted,  // was waiting and gave up because the session wants the thread (pause, quit): no effect yet; the machine
        // stays before the call and will make it again when resumed
        Throw  // an exception leaves the call: `exception`, an object of Store::newException
    } kind = Kind::Return;
    uint32_t exitCode = 0;
    Trap trap{};
    Slot exception = 0;
    static HostOutcome done() { return {}; }
    static HostOutcome exit(uint32_t code) { return {Kind::Exit, code, {}, 0}; }
    static HostOutcome interrupted() { return {Kind::Interrupted, 0, {}, 0}; }
    static HostOutcome trapped(Trap t) { return {Kind::Trap, 0, std::move(t), 0}; }
    static HostOutcome threw(Slot exception) { return {Kind::Throw, 0, {}, exception}; }
};

/// What a host function gets. `slots` holds the arguments (as on the value stack) and takes the results from its start.
struct HostCall {
    Machine& machine;
    InstanceId caller;
    std::span<Slot> slots;
};
using HostFunctionBody = std::function<HostOutcome(HostCall&)>;

/// The short way into a host function, for a caller that keeps no records of its frames: the body is not called where this one has
/// returned, as it always does at once, with the results in `slots`. It may look at nothing of the machine but yieldRequested(), tick() and
/// backtrace(), and must not throw. False: it is not done; made again at once, by the body at last.
struct DirectHostFunction {
    bool (*call)(void* self, Machine& machine, Slot* slots) noexcept = nullptr;
    void* self = nullptr;  // outlives the store's last call
};

struct FunctionInstance {
    const FuncType* type = nullptr;  // canonical; the store's, shared by all functions of the type
    uint32_t canonicalType = 0;
    std::optional<InstanceId> instance;  // defined in Wasm there …
    FuncIdx index;                       // … with this index in its module
    HostFunctionBody host;               // … or a host function
    DirectHostFunction direct;           // … which may have one
    std::string hostName;                // "wasi_snapshot_preview1.fd_write"
    Code* code = nullptr;                // lowered on first call; owned by the store
    // For compiled code (engine/jit): instance and canonical type, ~0 unless it is compiled; where it begins then.
    uint64_t directKey = ~uint64_t{0};
    const uint8_t* machineCode = nullptr;
    uint32_t paramSlots = 0, resultSlots = 0;
};

/// An imported or exported thing.
struct Extern {
    ExternKind kind = ExternKind::Func;
    uint32_t address = 0;  // in the store, of that kind
};

struct Instance {
    InstanceId id;
    std::shared_ptr<const Module> module;
    std::string name;
    std::vector<FuncAddr> functions;
    std::vector<MemAddr> memories;
    std::vector<TableAddr> tables;
    std::vector<GlobalAddr> globals;
    std::vector<TagAddr> tags;
    std::vector<bool> droppedElements, droppedData;
    std::vector<std::vector<Slot>> elementSegments;  // evaluated at instantiation
    /// An export by name, or nothing.
    std::optional<Extern> exported(std::string_view name) const;
};

/// Gives an import its value: Extern, or Error Unlinkable/NotFound. Types are then checked by the store.
using ImportResolver = std::function<Result<Extern>(const Import&, const Module&)>;

/// What runs guest code: machine code where it is hot and else the interpreter (what is chosen where nothing is said), the interpreter
/// alone, or machine code as soon as a function is called.
enum class Tier : uint8_t { Auto, Interp, Jit };

struct StoreLimits {
    uint64_t maxMemoryBytes = uint64_t{4} << 30;  // all memories together
    uint64_t maxTableElements = 10'000'000;
    uint32_t maxFrames = 200'000;
    uint64_t maxStackBytes = uint64_t{64} << 20;
    uint64_t maxCodeBytes =
        uint64_t{1} << 30;  // of functions lowered for the interpreter, on their first call or breakpoint
};

struct MachineCode;

class Store {
public:
    explicit Store(StoreLimits limits = {});
    ~Store();
    Store(const Store&) = delete;

    const StoreLimits& limits() const;
    /// Before any function runs. False: this machine has no compiler, or the system refuses room for code; all is interpreted then.
    bool setTier(Tier tier, uint64_t maxCodeBytes = uint64_t{256} << 20);
    /// Functions compiled and bytes of their code; `isFull`: something stayed interpreted because the room or the compiler gave out.
    struct CompiledView {
        uint64_t functions = 0, bytes = 0;
        bool isFull = false;
    };
    CompiledView compiled() const;
    /// The machine code of a function, which is compiled for it if need be. Error: State, the tier is interp or the function cannot be compiled.
    Result<MachineCode> machineCode(FuncAddr function);

    /// Links and allocates (standard, section 4.7.4), copies active segments, does not run the start function: the caller does that with
    /// Machine if module.start is set. Errors: Unlinkable (lists all missing or mismatched imports), Limit. A trap while copying
    /// segments is returned in `trap`; the instance then exists, as the standard says.
    Result<InstanceId> instantiate(std::shared_ptr<const Module> module, const ImportResolver& resolver,
                                   Trap* trap, std::string name = {});

    FuncAddr addHostFunction(FuncType type, std::string name, HostFunctionBody body,
                             DirectHostFunction direct = {});
    MemAddr addMemory(std::unique_ptr<LinearMemory> memory);
    TableAddr addTable(TableType type, Slot init = 0);
    GlobalAddr addGlobal(GlobalType type, Value value);
    TagAddr addTag(FuncType type);
    /// An exception for a host function to throw (HostOutcome::threw, at once: nothing else keeps it alive). The values must fit the tag
    /// (CHECK). Error: Limit (no memory for it).
    Result<Slot> newException(TagAddr tag, std::span<const Value> arguments);

    FunctionInstance& function(FuncAddr address);
    LinearMemory& memory(MemAddr address);
    TableInstance& table(TableAddr address);
    GlobalInstance& global(GlobalAddr address);
    TagInstance& tag(TagAddr address);
    Instance& instance(InstanceId id);
    GcHeap& heap();
    /// Whether a reference that comes from outside may stand where the canonical type is expected.
    bool isReference(Slot reference, ValType canonical) const;
    uint32_t instances() const;
    uint32_t functions() const;

    /// Lowered code of a function, made on first use (and kept). Fails only on code that validateModule would refuse.
    Result<Code*> code(FuncAddr function);
    /// Bytes used by memories, tables and lowered code; for the limits and the Module panel.
    uint64_t bytesUsed() const;

private:
    friend class Machine;
    struct Impl;
    std::unique_ptr<Impl> m;
};

}  // namespace engine
