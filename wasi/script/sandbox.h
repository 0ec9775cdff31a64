// Sandbox: a Lua state for scripts of others. They compute and answer: nothing they can name reaches files, clocks, the host's memory or
// code of ours, and what they compute is the same each time. Owned by a MockScript; session thread only.
//
// What there is (library.cpp) is listed, everything else is gone: no io, os, debug, package, coroutine, load, metatables, pcall, and none of
// the library's functions whose time is not bounded by the memory that they touch (patterns, string.rep of nothing, table.move).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "engine/base/result.h"

struct lua_State;
struct lua_Debug;

namespace wasi {

/// Of one run() each, but for the memory, which is of the state.
struct ScriptBudget {
    uint64_t steps = 1'000'000;          // instructions, and what functions of ours charge
    uint64_t nanoseconds = 100'000'000;  // of the thread's processor time
    size_t bytes = size_t{2} << 20;
};

class Sandbox {
public:
    static engine::Result<std::unique_ptr<Sandbox>> create(const ScriptBudget& budget);
    ~Sandbox();
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;

    /// Calls `body` with `argument` as light userdata, under the budget; its one result is then the only value on the stack of state().
    /// `body` may raise Lua errors, so that nothing in it may need a destructor. BadArgument: what the script says; Limit: "s.lua:3: its budget
    /// is spent (…)".
    engine::Result<> run(int (*body)(lua_State*), void* argument);
    lua_State* state() { return m_state; }
    /// It went beyond a budget: its variables may be halfway to anywhere.
    bool isSpent() const { return m_isSpent; }

    /// calledBy(pattern): is a function of that name on the stack of the call? Its time is not the script's.
    void setCallers(std::function<bool(std::string_view pattern)> test) { m_calledBy = std::move(test); }

    // For functions of the library.
    static Sandbox& of(lua_State* state);
    /// So much work is about to be done. Raises a Lua error beyond the budget, with the place in the script where there is one.
    void charge(lua_State* state, uint64_t steps);
    size_t mostBytes() const { return m_budget.bytes; }
    bool isCalledBy(std::string_view pattern);

private:
    explicit Sandbox(const ScriptBudget& budget) : m_budget(budget) {}
    static void* allocate(void* self, void* block, size_t oldBytes, size_t newBytes);
    static void onSteps(lua_State* state, lua_Debug*);
    bool isBeyond() const;

    ScriptBudget m_budget;
    lua_State* m_state = nullptr;
    size_t m_bytes = 0;
    uint64_t m_steps = 0, m_endNs = 0;
    bool m_isSpent = false;
    std::function<bool(std::string_view)> m_calledBy;
};

/// Puts what scripts may use into a new state, and nothing else. Raises Lua errors.
int openScriptLibrary(lua_State* state);

}  // namespace wasi
