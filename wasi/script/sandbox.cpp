#include "wasi/script/sandbox.h"

#include <locale.h>
#include <time.h>

#include <cstdlib>
#include <lua.hpp>
#include <string>

namespace wasi {

using engine::Error, engine::ErrorCode, engine::Result;

namespace {

constexpr int kStepsBetweenLooks = 100;

uint64_t processorNs() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

/// Lua compares, converts and prints as the thread's locale says; a script answers the same everywhere.
class PlainLocale {
public:
    PlainLocale() : m_before(uselocale(plain())) {}
    ~PlainLocale() { uselocale(m_before); }
    PlainLocale(const PlainLocale&) = delete;
    PlainLocale& operator=(const PlainLocale&) = delete;

private:
    static locale_t plain() {
        static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
        return locale;
    }
    locale_t m_before;
};

std::string spent(const std::string& budget) { return "its budget is spent (" + budget + ")"; }

}  // namespace

void* Sandbox::allocate(void* self, void* block, size_t oldBytes, size_t newBytes) {
    auto& sandbox = *static_cast<Sandbox*>(self);
    if (!block) oldBytes = 0;  // it is a kind then
    if (newBytes > oldBytes && sandbox.m_bytes + (newBytes - oldBytes) > sandbox.m_budget.bytes)
        return nullptr;
    if (newBytes == 0) {
        std::free(block);
    } else {
        void* const moved = std::realloc(block, newBytes);
        if (!moved) return nullptr;
        block = moved;
    }
    sandbox.m_bytes = sandbox.m_bytes - oldBytes + newBytes;
    return newBytes == 0 ? nullptr : block;
}

Result<std::unique_ptr<Sandbox>> Sandbox::create(const ScriptBudget& budget) {
    std::unique_ptr<Sandbox> sandbox(new Sandbox(budget));
    sandbox->m_state = lua_newstate(allocate, sandbox.get());
    if (!sandbox->m_state) return Error{ErrorCode::Limit, "there is no memory for a script"};
    *static_cast<Sandbox**>(lua_getextraspace(sandbox->m_state)) = sandbox.get();
    TRY(sandbox->run(openScriptLibrary, nullptr));
    return sandbox;
}

Sandbox::~Sandbox() {
    if (m_state) lua_close(m_state);
}

Sandbox& Sandbox::of(lua_State* state) { return **static_cast<Sandbox**>(lua_getextraspace(state)); }

bool Sandbox::isBeyond() const { return m_steps > m_budget.steps || processorNs() > m_endNs; }

void Sandbox::onSteps(lua_State* state, lua_Debug*) {
    Sandbox& sandbox = of(state);
    sandbox.m_steps += kStepsBetweenLooks;
    if (!sandbox.isBeyond()) return;
    sandbox.m_isSpent = true;
    lua_Debug at{};
    if (lua_getstack(state, 0, &at) && lua_getinfo(state, "Sl", &at))
        lua_pushfstring(state, "%s:%d: ", at.short_src, at.currentline);
    else
        lua_pushliteral(state, "");
    lua_error(state);
}

void Sandbox::charge(lua_State* state, uint64_t steps) {
    m_steps += steps;
    if (!isBeyond()) return;
    m_isSpent = true;
    luaL_where(state, 1);
    lua_error(state);
}

bool Sandbox::isCalledBy(std::string_view pattern) {
    const uint64_t begin = processorNs();
    const bool isIt = m_calledBy && m_calledBy(pattern);
    m_endNs += processorNs() - begin;
    return isIt;
}

Result<> Sandbox::run(int (*body)(lua_State*), void* argument) {
    const PlainLocale plain;
    m_steps = 0;
    m_endNs = processorNs() + m_budget.nanoseconds;
    lua_sethook(m_state, onSteps, LUA_MASKCOUNT, kStepsBetweenLooks);
    lua_settop(m_state, 0);
    lua_pushcfunction(m_state, body);
    lua_pushlightuserdata(m_state, argument);
    const int status = lua_pcall(m_state, 1, 1, 0);
    if (status == LUA_OK) return {};
    size_t length = 0;
    // A number would be turned into text, which takes memory.
    const char* text = lua_type(m_state, -1) == LUA_TSTRING ? lua_tolstring(m_state, -1, &length) : nullptr;
    std::string message = text ? std::string(text, std::min<size_t>(length, 1000))
                               : std::string("the error is a ") + luaL_typename(m_state, -1);
    lua_settop(m_state, 0);
    if (m_isSpent)
        return Error{ErrorCode::Limit, message + spent(std::to_string(m_budget.steps) + " steps or " +
                                                       std::to_string(m_budget.nanoseconds / 1'000'000) +
                                                       " ms of processor time")};
    if (status != LUA_ERRMEM) return Error{ErrorCode::BadArgument, message};
    m_isSpent = true;
    return Error{ErrorCode::Limit, spent(std::to_string(m_budget.bytes >> 10) + " KiB of memory")};
}

}  // namespace wasi
