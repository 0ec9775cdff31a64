// What scripts may use of Lua's library, and what stands in for parts of it whose time or result would not be bounded by what they are
// given. Functions here raise Lua errors, which skip destructors: their locals are plain values.

#include <string.h>

#include <algorithm>
#include <lua.hpp>
#include <string_view>

#include "wasi/glob.h"
#include "wasi/script/sandbox.h"

namespace wasi {

namespace {

constexpr const char* kBase[] = {"assert", "error", "ipairs", "select", "tonumber", "type"};
constexpr const char* kString[] = {"byte", "char", "len",    "lower",    "upper", "reverse",
                                   "sub",  "pack", "unpack", "packsize", "format"};
constexpr const char* kMath[] = {"abs",        "ceil", "floor",      "fmod",   "huge",      "max",
                                 "maxinteger", "min",  "mininteger", "modf",   "pi",        "sqrt",
                                 "tointeger",  "type", "ult",        "random", "randomseed"};
constexpr const char* kTable[] = {"concat", "unpack"};

std::string_view text(lua_State* state, int index) {
    size_t length = 0;
    const char* bytes = luaL_checklstring(state, index, &length);
    return {bytes, length};
}

bool isPlain(int type) {
    return type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TBOOLEAN || type == LUA_TNIL;
}

/// Of tables and functions the kind: their addresses differ from run to run.
int plainText(lua_State* state) {
    luaL_checkany(state, 1);
    if (isPlain(lua_type(state, 1)))
        luaL_tolstring(state, 1, nullptr);
    else
        lua_pushstring(state, luaL_typename(state, 1));
    return 1;
}

/// string.format without addresses. Upvalue: the library's.
int format(lua_State* state) {
    const std::string_view wanted = text(state, 1);
    for (size_t at = wanted.find('%'); at != std::string_view::npos; at = wanted.find('%', at)) {
        at = wanted.find_first_not_of("-+ #0123456789.", at + 1);
        if (at == std::string_view::npos) break;
        if (wanted[at] == 'p') return luaL_error(state, "%%p is an address, which differs from run to run");
        at++;
    }
    const int count = lua_gettop(state);
    for (int i = 2; i <= count; i++) {
        if (isPlain(lua_type(state, i))) continue;
        lua_pushstring(state, luaL_typename(state, i));
        lua_replace(state, i);
    }
    lua_pushvalue(state, lua_upvalueindex(1));
    lua_insert(state, 1);
    lua_call(state, count, 1);
    return 1;
}

/// string.rep; the library's repeats nothing as often as it is told.
int repeat(lua_State* state) {
    const std::string_view what = text(state, 1);
    const lua_Integer count = luaL_checkinteger(state, 2);
    const std::string_view between = lua_isnoneornil(state, 3) ? std::string_view() : text(state, 3);
    const size_t piece = what.size() + between.size();
    if (count <= 0 || piece == 0) return lua_pushliteral(state, ""), 1;
    Sandbox& sandbox = Sandbox::of(state);
    if (static_cast<uint64_t>(count) > sandbox.mostBytes() / piece)
        return luaL_error(state, "the text would be too long");
    const size_t length = piece * static_cast<size_t>(count) - between.size();
    sandbox.charge(state, length / 8);
    luaL_Buffer buffer;
    char* to = luaL_buffinitsize(state, &buffer, length);
    for (lua_Integer i = 0; i < count; i++) {
        to = std::copy(what.begin(), what.end(), to);
        if (i + 1 < count) to = std::copy(between.begin(), between.end(), to);
    }
    luaL_pushresultsize(&buffer, length);
    return 1;
}

/// find(text, what [, from]): where it stands, first and last byte; nil if it does not. Never a pattern.
int find(lua_State* state) {
    const std::string_view in = text(state, 1), what = text(state, 2);
    const lua_Integer wanted = luaL_optinteger(state, 3, 1);
    const auto size = static_cast<lua_Integer>(in.size());
    const lua_Integer from = wanted > 0       ? wanted
                             : wanted < -size ? 1
                                              : std::max<lua_Integer>(size + wanted + 1, 1);
    if (from > size + 1) return lua_pushnil(state), 1;
    Sandbox::of(state).charge(state, (in.size() + what.size()) / 8);
    const auto* begin = in.data() + (from - 1);
    // Linear in both, as std::string_view::find is not.
    const auto* found = static_cast<const char*>(
        memmem(begin, in.size() - static_cast<size_t>(from - 1), what.data(), what.size()));
    if (!found) return lua_pushnil(state), 1;
    lua_pushinteger(state, found - in.data() + 1);
    lua_pushinteger(state, found - in.data() + static_cast<lua_Integer>(what.size()));
    return 2;
}

/// glob(text, pattern): as ~ of the filters.
int glob(lua_State* state) {
    const std::string_view in = text(state, 1), pattern = text(state, 2);
    Sandbox::of(state).charge(state, in.size() * pattern.size() / 4);
    lua_pushboolean(state, matchesGlob(pattern, in));
    return 1;
}

struct Key {
    lua_Integer index;  // in the list of keys
    int type;
    lua_Integer number;
    const char* bytes;
    size_t length;
    std::string_view text() const { return {bytes, length}; }
    bool operator<(const Key& other) const {
        if (type != other.type) return type < other.type;
        return type == LUA_TSTRING ? text() < other.text() : number < other.number;
    }
};

/// Upvalues: the table, its keys, their order, and how far it has come.
int nextPair(lua_State* state) {
    const auto* order = static_cast<const Key*>(lua_touserdata(state, lua_upvalueindex(3)));
    const size_t count = lua_rawlen(state, lua_upvalueindex(3)) / sizeof(Key);
    for (auto at = static_cast<size_t>(lua_tointeger(state, lua_upvalueindex(4))); at < count; at++) {
        lua_rawgeti(state, lua_upvalueindex(2), order[at].index);
        lua_pushvalue(state, -1);
        lua_rawget(state, lua_upvalueindex(1));
        if (lua_isnil(state, -1)) {  // removed since
            lua_pop(state, 2);
            continue;
        }
        lua_pushinteger(state, static_cast<lua_Integer>(at + 1));
        lua_replace(state, lua_upvalueindex(4));
        return 2;
    }
    lua_pushnil(state);
    return 1;
}

/// pairs() in the order of the keys: the library's order depends on where the state lies in memory.
int pairs(lua_State* state) {
    luaL_checktype(state, 1, LUA_TTABLE);
    lua_settop(state, 1);
    lua_newtable(state);
    lua_Integer count = 0;
    for (lua_pushnil(state); lua_next(state, 1) != 0; lua_pop(state, 1)) {
        lua_pushvalue(state, -2);
        lua_rawseti(state, 2, ++count);
    }
    Sandbox::of(state).charge(state, static_cast<uint64_t>(count) * 20);
    auto* order = static_cast<Key*>(lua_newuserdatauv(state, static_cast<size_t>(count) * sizeof(Key), 0));
    for (lua_Integer i = 0; i < count; i++) {
        Key& key = order[i] = {i + 1, lua_rawgeti(state, 2, i + 1), 0, nullptr, 0};
        if (key.type == LUA_TSTRING)
            key.bytes = lua_tolstring(state, -1, &key.length);
        else if (key.type == LUA_TBOOLEAN)
            key.number = lua_toboolean(state, -1);
        else if (lua_isinteger(state, -1))
            key.number = lua_tointeger(state, -1);
        else
            return luaL_error(state,
                              "pairs: a key is a %s; it can only be a text, a whole number or a boolean, "
                              "for others have no order",
                              luaL_typename(state, -1));
        lua_pop(state, 1);
    }
    std::sort(order, order + count);
    lua_pushinteger(state, 0);
    lua_pushcclosure(state, nextPair, 4);
    return 1;
}

/// math.randomseed(number): only a number that the script gives. Upvalue: the library's.
int seed(lua_State* state) {
    const lua_Integer number = luaL_checkinteger(state, 1);
    lua_pushvalue(state, lua_upvalueindex(1));
    lua_pushinteger(state, number);
    lua_pushinteger(state, 0);
    lua_call(state, 2, 0);
    return 0;
}

int calledBy(lua_State* state) {
    const std::string_view pattern = text(state, 1);
    Sandbox::of(state).charge(state, 100 + pattern.size() * 100);
    lua_pushboolean(state, Sandbox::of(state).isCalledBy(pattern));
    return 1;
}

constexpr luaL_Reg kOurBase[] = {
    {"tostring", plainText}, {"pairs", pairs}, {"calledBy", calledBy}, {nullptr, nullptr}};
constexpr luaL_Reg kOurString[] = {{"rep", repeat}, {"find", find}, {"glob", glob}, {nullptr, nullptr}};

/// Leaves of the table at the top only what is listed.
template <size_t N>
void keepOnly(lua_State* state, const char* const (&names)[N]) {
    const int table = lua_absindex(state, -1);
    lua_newtable(state);
    for (const char* name : names) {
        lua_getfield(state, table, name);
        lua_setfield(state, -2, name);
    }
    for (lua_pushnil(state); lua_next(state, table) != 0;) {
        lua_pop(state, 1);
        lua_pushvalue(state, -1);
        lua_pushnil(state);
        lua_rawset(state, table);
    }
    for (lua_pushnil(state); lua_next(state, table + 1) != 0;) {
        lua_pushvalue(state, -2);
        lua_insert(state, -2);
        lua_rawset(state, table);
    }
    lua_pop(state, 1);
}

/// Puts a function of ours in front of one of the table at the top, which becomes its upvalue.
void wrap(lua_State* state, const char* name, lua_CFunction function) {
    lua_getfield(state, -1, name);
    lua_pushcclosure(state, function, 1);
    lua_setfield(state, -2, name);
}

}  // namespace

int openScriptLibrary(lua_State* state) {
    luaL_requiref(state, LUA_GNAME, luaopen_base, 0);
    keepOnly(state, kBase);
    luaL_setfuncs(state, kOurBase, 0);

    luaL_requiref(state, LUA_STRLIBNAME, luaopen_string, 1);
    keepOnly(state, kString);
    wrap(state, "format", format);
    luaL_setfuncs(state, kOurString, 0);

    luaL_requiref(state, LUA_MATHLIBNAME, luaopen_math, 1);
    keepOnly(state, kMath);
    wrap(state, "randomseed", seed);
    lua_getfield(state, -1, "randomseed");
    lua_pushinteger(state, 0);
    lua_call(state, 1, 0);

    luaL_requiref(state, LUA_TABLIBNAME, luaopen_table, 1);
    keepOnly(state, kTable);
    return 1;
}

}  // namespace wasi
