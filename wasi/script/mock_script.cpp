#include "wasi/script/mock_script.h"

#include <algorithm>
#include <filesystem>
#include <lua.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/base/printable.h"
#include "wasi/glob.h"
#include "wasi/mock_json.h"

namespace wasi {

using engine::Error, engine::ErrorCode, engine::Result;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kAnswer = "answer";  // in the registry
constexpr size_t kMostErrorBytes = 1000;   // of a text that a script may choose

/// What is still to be compiled. A step is charged for each byte, and the time is looked at between pieces: some texts cost the compiler
/// the square of their length.
struct Source {
    std::string_view rest;
    const std::string& name;
};

/// What a script is told, as plain values: nothing here is made while Lua may raise an error.
struct Fact {
    std::string name;
    std::optional<int64_t> number;
    std::string text;
};

const char* nextPiece(lua_State* state, void* data, size_t* size) {
    constexpr size_t kPieceBytes = 1024;
    auto& source = *static_cast<Source*>(data);
    const std::string_view piece = source.rest.substr(0, kPieceBytes);
    Sandbox::of(state).charge(state, piece.size());
    source.rest.remove_prefix(piece.size());
    *size = piece.size();
    return piece.data();
}

int loadChunk(lua_State* state) {
    auto& source = *static_cast<Source*>(lua_touserdata(state, 1));
    // Text only: what is compiled is not checked by Lua and could do anything.
    if (lua_load(state, nextPiece, &source, source.name.c_str(), "t") != LUA_OK) return lua_error(state);
    lua_call(state, 0, 1);
    if (!lua_isfunction(state, -1)) return luaL_error(state, "it must end in: return function(call) … end");
    lua_pushvalue(state, -1);
    lua_setfield(state, LUA_REGISTRYINDEX, kAnswer);
    return 1;
}

int ask(lua_State* state) {
    const auto& facts = *static_cast<const std::vector<Fact>*>(lua_touserdata(state, 1));
    lua_getfield(state, LUA_REGISTRYINDEX, kAnswer);
    lua_createtable(state, 0, static_cast<int>(facts.size()));
    for (const Fact& fact : facts) {
        if (fact.number)
            lua_pushinteger(state, *fact.number);
        else
            lua_pushlstring(state, fact.text.data(), fact.text.size());
        lua_setfield(state, -2, fact.name.c_str());
    }
    lua_call(state, 1, 1);
    return 1;
}

std::vector<Fact> factsOf(const FilteredCall& call, uint64_t k) {
    using Shape = HostParameter::Shape;
    const HostFunction& function = allHostFunctions()[call.function()];
    std::vector<Fact> facts;
    std::string data;
    for (const HostParameter& p : function.parameters) {
        const auto raw = call.arguments()[p.slot];
        const uint64_t value = !p.fields.empty() && p.fields[0].size == 8 ? raw : static_cast<uint32_t>(raw);
        Fact fact{std::string(p.name), {}, {}};
        if (p.shape == Shape::Text)
            fact.text = passedText(call, p);
        else if (p.shape == Shape::Source)
            data = passedText(call, p);
        else if (p.shape == Shape::Value && !p.fields.empty() && p.fields[0].kind >= HostField::Kind::Enum)
            fact.text = valueText(p.fields[0], value);
        else
            fact.number = static_cast<int64_t>(value);
        if (p.shape != Shape::Source) facts.push_back(std::move(fact));
    }
    const auto length = static_cast<int64_t>(bufferLength(call).value_or(0));
    facts.push_back({"name", {}, std::string(function.name)});
    facts.push_back({"module", {}, std::string(function.module)});
    facts.push_back({"family", {}, std::string(toText(function.family))});
    facts.push_back({"file", {}, std::string(call.subject())});
    facts.push_back({"data", {}, std::move(data)});
    facts.push_back({"length", length, {}});
    facts.push_back({"k", static_cast<int64_t>(k), {}});
    return facts;
}

/// A value that the script gave back. Nothing here raises a Lua error: texts are looked at as they are.
class AnswerReader {
public:
    explicit AnswerReader(lua_State* state) : m_state(state) {}

    Result<Json> value(int index, int depth, const std::string& path) {
        switch (lua_type(m_state, index)) {
        case LUA_TBOOLEAN: return Json(lua_toboolean(m_state, index) != 0);
        case LUA_TSTRING: return Json(TRY(text(index)));
        case LUA_TNUMBER: return number(index);
        case LUA_TTABLE: return table(index, depth, path);
        default: return wrong(path + " is a " + luaL_typename(m_state, index));
        }
    }

private:
    static constexpr int kMostDepth = 8;
    static constexpr size_t kMostMembers = 4000;
    static constexpr size_t kMostBytes = 1 << 20;  // Lua shares a text that many members name, we do not

    static Error wrong(const std::string& what) {
        return Error{ErrorCode::BadArgument, engine::printable(what)};
    }
    Result<std::string> text(int index) {
        size_t length = 0;
        const char* bytes = lua_tolstring(m_state, index, &length);
        m_bytes += length;
        if (m_bytes > kMostBytes) return wrong("the answer holds more than 1 MiB of text");
        return std::string(bytes, length);
    }
    Json number(int index) {
        int isWhole = 0;
        const lua_Integer whole = lua_tointegerx(m_state, index, &isWhole);
        if (!isWhole) return lua_tonumber(m_state, index);
        return whole < 0 ? Json(static_cast<int64_t>(whole)) : Json(static_cast<uint64_t>(whole));
    }
    Result<Json> table(int index, int depth, const std::string& path) {
        if (depth == kMostDepth || !lua_checkstack(m_state, 4)) return wrong(path + " is nested too deeply");
        std::map<std::string, Json> members;  // the same order each time
        const int at = lua_absindex(m_state, index);
        if (const lua_Unsigned length = lua_rawlen(m_state, at); length > 0)
            return list(at, length, depth, path);
        for (lua_pushnil(m_state); lua_next(m_state, at) != 0; lua_pop(m_state, 1)) {
            if (lua_type(m_state, -2) != LUA_TSTRING)
                return wrong(path + " has a member whose name is a " + luaL_typename(m_state, -2));
            if (++m_members > kMostMembers) return wrong(path + " has too many members");
            std::string name = TRY(text(-2));
            Json member = TRY(value(-1, depth + 1, path + "." + name.substr(0, kMostErrorBytes)));
            members.emplace(std::move(name), std::move(member));
        }
        Json json = Json::object();
        for (auto& [name, member] : members)
            json[name] = std::move(member);
        return json;
    }

    Result<Json> list(int at, lua_Unsigned length, int depth, const std::string& path) {
        lua_Unsigned members = 0;
        for (lua_pushnil(m_state); lua_next(m_state, at) != 0; lua_pop(m_state, 1))
            if (++members > length) return wrong(path + " is a list with other members beside it");
        Json json = Json::array();
        for (lua_Unsigned i = 1; i <= length; i++) {
            if (++m_members > kMostMembers) return wrong(path + " has too many members");
            lua_rawgeti(m_state, at, static_cast<lua_Integer>(i));
            json.push_back(TRY(value(-1, depth + 1, path + "[" + std::to_string(i) + "]")));
            lua_pop(m_state, 1);
        }
        return json;
    }

    lua_State* m_state;
    size_t m_members = 0, m_bytes = 0;
};

std::string shortened(std::string text) {
    if (text.size() > kMostErrorBytes) text.replace(kMostErrorBytes, std::string::npos, "…");
    return text;
}

}  // namespace

Result<std::unique_ptr<MockScript>> MockScript::load(const std::string& path, const TrustedFolders& trust,
                                                     const ScriptBudget& budget) {
    const ScriptText read = TRY(readScript(path, trust));
    const std::string file = std::filesystem::path(path).filename().string();
    std::unique_ptr<MockScript> script(new MockScript);
    script->m_path = read.place;
    script->m_sandbox = TRY(Sandbox::create(budget));
    const std::string chunk = "@" + file;
    Source source{read.text, chunk};
    if (const auto ok = script->m_sandbox->run(loadChunk, &source); !ok) {
        // Errors of Lua begin with the file and the line, where there is one.
        std::string what = ok.error().message;
        if (!what.starts_with(file)) what.insert(0, file + ": ");
        if (ok.error().code == ErrorCode::Limit)
            what += " while it was loaded: do less before its \"return function\", or split it";
        return Error{ok.error().code, engine::printable(what)};
    }
    lua_Debug about{};
    lua_getinfo(script->m_sandbox->state(), ">S", &about);
    script->m_place = engine::printable(file) + ":" + std::to_string(about.linedefined);
    return script;
}

Result<MockRule> MockScript::answer(const FilteredCall& call, uint64_t k) {
    const auto in = [&](const std::string& what) { return shortened(m_place + ": " + what); };
    auto facts = factsOf(call, k);
    m_sandbox->setCallers([&](std::string_view pattern) {
        return call.anyCaller([&](std::string_view name) { return matchesGlob(pattern, name); });
    });
    const auto ran = m_sandbox->run(ask, &facts);
    m_sandbox->setCallers({});
    if (!ran) {
        std::string what = engine::printable(ran.error().message);
        if (ran.error().code == ErrorCode::Limit)
            what +=
                " in one answer: from now on the host answers; let it do less for each call, and start again";
        const std::string_view file(m_place.data(), m_place.rfind(':'));
        return Error{ran.error().code, what.starts_with(file) ? what : in(what)};
    }
    MockRule passes;
    passes.call = allHostFunctions()[call.function()].name;
    lua_State* const state = m_sandbox->state();
    if (lua_isnil(state, 1)) return passes;
    if (!lua_istable(state, 1))
        return Error{ErrorCode::BadArgument, in("the answer is a " + std::string(luaL_typename(state, 1)) +
                                                "; return nothing, or a table such as {errno = \"noent\"}")};
    const auto json = AnswerReader(state).value(1, 0, "answer");
    if (!json) return Error{ErrorCode::BadArgument, in(json.error().message)};
    auto answer = answerOf(*json, call.function());
    if (!answer) return Error{ErrorCode::BadArgument, in(answer.error().message)};
    answer->message = engine::printable(shortened(std::move(answer->message)));
    return answer;
}

}  // namespace wasi
