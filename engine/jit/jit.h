// Jit: the baseline compiler of one store: which functions are compiled and when, their machine code, and the ways from the interpreter
// into it and back. Owned by the StoreState; used by the thread whose turn it is.
#pragma once

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <vector>

#include "engine/execution.h"
#include "engine/jit/backend.h"
#include "engine/jit/watch_governor.h"

namespace engine::jit {

/// While memory is watched, machine code either runs with the pages protected that hold watched bytes, or looks at the addresses of its
/// accesses itself. That takes other code, and is worth it where such a page is used much.
enum class Looks : uint8_t { Never, AtWrites, AtAll };

class Jit {
public:
    /// Null if this machine has no back end, or the system refuses the room for code.
    static std::unique_ptr<Jit> create(StoreState& store, Tier tier, size_t codeBytes);
    ~Jit();

    /// The function was lowered: it may be compiled from now on.
    void adopt(Code& code);
    /// The function has other breakpoints: it runs interpreted until it is worth compiling again, with exits where they are.
    void follow(Code& code);

    /// A function or loop of `code` was entered, its tick counted; what to go on with in the interpreter, or null: stopped.
    const Insn* arrived(const Insn* ip, Execution* x);
    /// A frame called by machine code has returned; the caller goes on at `ip`. The same.
    const Insn* resumed(const Insn* ip, Execution* x);
    /// Other memory is watched now.
    void watchesChanged();
    /// Takes all pages with watched bytes for hot: for tests. Before anything is watched.
    void expectHotPages() { m_expectsHotPages = true; }
    /// Machine::backtrace() while a host function runs on its short way.
    uint32_t backtrace(const Execution& x, std::span<CodeLocation> out);
    /// The machine of this execution goes.
    void forget(Execution* x);

    // For back ends.
    /// What the code that is compiled now must look at before it accesses memory; NativeContext says where.
    Looks looks() const { return m_looks; }
    CodeArena& arena() { return *m_arena; }
    /// Bytes that are left for code and what is known of it.
    size_t room() const { return m_arena->room() - std::min(m_arena->room(), m_tableBytes); }
    StoreState& store() { return m_store; }
    /// The word that holds where the function begins, by its address in the store. Null: no room.
    const uint64_t* entryWord(FuncAddr function);
    /// The number of the first exit of the function that is compiled next.
    uint32_t exitCount() const { return m_exits; }
    /// The code of the function that is compiled had no room.
    void noRoom() { m_full = m_hasNoRoom = true; }
    /// A function type of the instance's module by its canonical id.
    const FuncType& functionType(const InstanceContext& context, uint32_t canonicalType);

    /// Compiles the function if that was not done yet. Error: State, it cannot be compiled.
    Result<> prepare(Code& code);
    /// Its machine code as text, made for it if need be; the same error.
    Result<MachineCode> machineCode(Code& code);
    uint64_t compiledFunctions() const { return m_functions.size(); }
    uint64_t codeBytes() const { return m_arena->used() + m_tableBytes; }
    bool isFull() const { return m_full; }
    /// Differs once code was thrown away: other code may stand at the same addresses then.
    uint64_t codeLifetime() const { return m_codeLifetime; }

private:
    Jit(StoreState& store, Tier tier) : m_store(store), m_tier(tier) {}
    bool compile(Code& code);
    /// Throws away all machine code; what was compiled is so again after as many ticks.
    void empty(int32_t ticks);
    void discard(Code& code);
    void forgetPlaces();
    int32_t ticksToCompile() const;
    NativeContext& contextOf(Execution* x);
    void activate(Code& code, bool on);
    /// Runs from x->frame->ip on, in machine code where there is an entry, until the interpreter must go on: there, or null: stopped.
    const Insn* run(Execution* x);
    void enter(NativeContext& context, Execution* x, const Entry& entry);
    /// While memory is watched: whether machine code may run now, with what is watched protected or looking itself.
    bool mayEnter(Execution* x);
    /// Turns the native frames of the run that has just ended into frames of the interpreter; the exit, if it was one.
    const Exit* materialise(NativeContext& context, Execution* x);
    /// The records of all frames above the outermost one, by their return addresses down to `youngest`. The last one lacks its code and ip.
    Frame* record(NativeContext& context, Frame* outermost, const void* const* youngest) const;
    /// Tells a frame by the address that its call returns to.
    const CallSite& callFrom(const void* returnAddress, Frame& frame) const;
    /// Of the call that returns there.
    const CodeLocation& locationOf(const void* returnAddress);
    void tellWatches(NativeContext& context) const;
    Looks neededLooks() const;
    void setLooks(Looks looks);
    friend bool executeInFrames(NativeContext* context, const Insn* ip, Slot* fp, Code* code);
    const CompiledFunction& functionAt(const void* address) const;
    const CompiledFunction& functionOfExit(uint64_t number) const;

    StoreState& m_store;
    Tier m_tier;
    std::unique_ptr<Backend> m_backend;
    std::unique_ptr<CodeArena> m_arena;
    std::vector<std::unique_ptr<CompiledFunction>> m_functions;  // by address of their code
    size_t m_tableBytes = 0;                                     // of all of them, besides their code
    uint32_t m_exits = 0;                                        // of all of them
    struct Located {
        const void* returnAddress = nullptr;
        CodeLocation location;
    };
    std::array<Located, 251> m_located;  // calls that were asked for last; empty where code was thrown away
    uint64_t m_codeLifetime = 0;
    std::vector<uint64_t*> m_words;  // by FuncAddr
    std::vector<std::unique_ptr<NativeContext>> m_contexts;
    std::unordered_map<uint64_t, const FuncType*> m_functionTypes;  // by instance and canonical type
    WatchGovernor m_governor;
    Looks m_looks = Looks::Never;
    bool m_expectsHotPages = false;
    uint32_t m_running = 0;  // entered machine code, some of it waiting for what it has called
    bool m_full = false, m_hasNoRoom = false;
};

}  // namespace engine::jit
