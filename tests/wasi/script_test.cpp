// Scripts as mocks: what they answer, what holds them back, and whom they may not reach.

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <clocale>
#include <thread>

#include "tests/wasi/guest.h"
#include "wasi/mock_json.h"
#include "wasi/mock_text.h"
#include "wasi/script/mock_script.h"
#include "wasi/world/unique_fd.h"

namespace wasi {
namespace {

class ScriptTest : public testing::Test {
protected:
    ScriptTest() : m_guest(Guest::with(m_scratch)) {
        m_scratch.put("inside/a.cfg", "0123456789");
        std::filesystem::create_directories(m_scratch.path("mocks"));
        EXPECT_TRUE(m_trust.add(m_scratch.path("mocks")).ok());
    }
    std::string path(const std::string& name = "mocks/s.lua") const { return m_scratch.path(name).string(); }
    MockRule rule(const std::string& call, const std::string& script) const {
        MockRule made;
        made.call = call;
        made.action = MockAction::Script;
        made.script = script;
        return made;
    }
    /// Rule 1 asks this script about calls like that; empty, or why it could not be.
    std::string set(const std::string& call, const std::string& text) {
        m_scratch.put("mocks/s.lua", text);
        const auto set = m_guest.host->setMocks({{1, rule(call, path())}}, m_trust);
        return set ? "" : set.error().message;
    }
    /// … whose function has this body.
    void answers(const std::string& call, const std::string& body) {
        ASSERT_EQ(set(call, "return function(call) " + body + " end"), "");
    }
    /// What is wrong with a body, told after a call that passed.
    std::string problemOf(const std::string& body) {
        (void)m_guest.host->setMocks({});
        answers("sched_yield", body);
        EXPECT_EQ(m_guest.call("sched_yield"), Errno::Success) << body;
        EXPECT_EQ(m_guest.last().origin, Origin::Host);
        return m_guest.host->mocks()[0].problem;
    }
    /// What a body leaves in `note`.
    std::string noted(const std::string& body, const std::string& call = "sched_yield") {
        (void)m_guest.host->setMocks({});
        answers(call, "return {errno = 'io', note = tostring((function() " + body + " end)())}");
        EXPECT_EQ(m_guest.call(call), Errno::Io) << m_guest.host->mocks()[0].problem;
        const std::string detail = m_guest.last().detail;
        const size_t begin = detail.find('(');
        return begin == std::string::npos ? detail : detail.substr(begin + 1, detail.size() - begin - 2);
    }
    uint32_t opened() {
        uint32_t fd = 0;
        EXPECT_EQ(m_guest.open(3, "a.cfg", Oflags::None, Guest::kAll, &fd), Errno::Success);
        return fd;
    }
    static constexpr const char* kTooLong = "its budget is spent (1000000 steps or 100 ms of processor time)";
    static constexpr const char* kInLoading =
        " while it was loaded: do less before its \"return function\", or split it";
    static constexpr const char* kInAnswer =
        " in one answer: from now on the host answers; let it do less for each call, and start again";
    Scratch m_scratch;
    Guest m_guest;
    TrustedFolders m_trust;
};

TEST_F(ScriptTest, AnswersAsARuleWould) {
    answers("*", R"(
        if call.name == "fd_read" then return {reply = {bytes = "line " .. call.k .. "\n"}} end
        if call.name == "path_open" and call.path:glob("b*") then return {errno = "acces", note = "no b"} end
        if call.name == "fd_filestat_get" then return {reply = {buf = {size = 7, filetype = "directory"}}} end
        if call.name == "fd_write" and call.data == "secret" then return {short = 2} end
        if call.name == "fd_sync" then return {trap = "no sync"} end)");
    const uint32_t fd = opened();
    EXPECT_EQ(m_guest.last().origin, Origin::Host);
    EXPECT_EQ(m_guest.read(fd, 100), "line 2\n");
    EXPECT_EQ(m_guest.read(fd, 3), "lin");  // never more than there is room for
    EXPECT_EQ(m_guest.last().origin, Origin::Mock);
    EXPECT_EQ(m_guest.open(3, "b", Oflags::None, Guest::kAll), Errno::Acces);
    EXPECT_EQ(m_guest.last().detail, "mock, rule 1 (no b)");
    const uint32_t stat = m_guest.room(64);
    EXPECT_EQ(m_guest.call("fd_filestat_get", fd, stat), Errno::Success);
    EXPECT_EQ(m_guest.get<Filestat>(stat).size, 7u);
    EXPECT_EQ(m_guest.get<Filestat>(stat).filetype, Filetype::Directory);
    const uint32_t count = m_guest.room(4);
    EXPECT_EQ(m_guest.call("fd_write", 1, m_guest.put(Ciovec{m_guest.put("secret"), 6}), 1, count),
              Errno::Success);
    EXPECT_EQ(m_guest.get<Size>(count), 2u);
    const auto outcome = m_guest.outcome("fd_sync", {fd});
    EXPECT_EQ(outcome.kind, engine::HostOutcome::Kind::Trap);
    EXPECT_EQ(outcome.trap.message, "mock, rule 1: no sync");
    EXPECT_EQ(m_guest.host->mocks()[0].problem, "");
}

TEST_F(ScriptTest, IsToldTheDecodedCall) {
    const uint32_t fd = opened();
    EXPECT_EQ(noted("return call.name .. ' ' .. call.module .. ' ' .. call.family .. ' ' .. call.k"),
              "sched_yield wasi_snapshot_preview1 process 1");
    answers("path_open",
            "return {errno = 'io', note = call.fd .. '|' .. call.file .. '|' .. call.path .. '|' .. "
            "call.oflags}");
    EXPECT_EQ(m_guest.open(3, "x", static_cast<Oflags>(9), Guest::kAll), Errno::Io);
    EXPECT_EQ(m_guest.last().detail, "mock, rule 1 (3|/data|x|creat|trunc)");
    answers("fd_write", "return {errno = 'io', note = call.file .. '|' .. call.data .. '|' .. call.length}");
    EXPECT_EQ(m_guest.write(fd, "hello"), Errno::Io);
    EXPECT_EQ(m_guest.last().detail, "mock, rule 1 (/data/a.cfg|hello|5)");
    answers("fd_seek", "return {errno = 'io', note = call.offset .. '|' .. call.whence}");
    EXPECT_EQ(m_guest.call("fd_seek", fd, ~uint64_t{1}, 2, m_guest.room(8)), Errno::Io);
    EXPECT_EQ(m_guest.last().detail, "mock, rule 1 (-2|end)");
}

TEST_F(ScriptTest, KeepsItsVariablesAmongItsRulesUntilTheFileChanges) {
    m_scratch.put("mocks/s.lua",
                  "local n = 0 return function(call) n = n + 1 return {errno = 'io', note = 'n' .. n} end");
    const auto set = [&] {
        return m_guest.host->setMocks({{1, rule("sched_yield", path())}, {2, rule("fd_sync", path())}},
                                      m_trust);
    };
    ASSERT_TRUE(set().ok());
    m_guest.call("sched_yield");
    m_guest.call("fd_sync", 3);
    EXPECT_EQ(m_guest.last().detail, "mock, rule 2 (n2)");
    ASSERT_TRUE(set().ok());  // as when another rule was edited
    m_guest.call("sched_yield");
    EXPECT_EQ(m_guest.last().detail, "mock, rule 1 (n3)");
    m_scratch.put("mocks/s.lua", "return function(call) return {errno = 'io', note = 'edited'} end");
    ASSERT_TRUE(set().ok());
    m_guest.call("sched_yield");
    EXPECT_EQ(m_guest.last().detail, "mock, rule 1 (edited)");
}

TEST_F(ScriptTest, IsAskedOnceForACallThatWaits) {
    answers("sched_yield", "n = (n or 0) + 1 return {stop = 'call ' .. n, errno = nil}");
    std::vector<std::string> stops;
    m_guest.host->setStopRequest([&](const std::string& why) { stops.push_back(why); });
    EXPECT_EQ(m_guest.outcome("sched_yield", {}).kind, engine::HostOutcome::Kind::Interrupted);
    EXPECT_EQ(m_guest.call("sched_yield"), Errno::Success);
    EXPECT_EQ(stops, (std::vector<std::string>{"mock, rule 1 stopped sched_yield: call 1"}));
}

TEST_F(ScriptTest, CannotLie) {
    for (const auto& [call, body, why] : {
             std::tuple("fd_read", "{reply = {nread = 1000}}",
                        "s.lua:1: answer: reply.nread: it counts the bytes that the reply gives; give bytes"),
             std::tuple("fd_read", "{reply = {nread = 2, bytes = 'abcd'}}",
                        "s.lua:1: answer: reply.nread: it counts the bytes that the reply gives; give bytes"),
             std::tuple("fd_read", "{errno = 'oops'}",
                        "s.lua:1: answer.errno: \"oops\" is no errno; write \"noent\""),
             std::tuple("fd_read", "{errno = 'success'}",
                        "s.lua:1: answer: errno: success says nothing of the results; use reply"),
             std::tuple("fd_read", "{erno = 'io'}",
                        "s.lua:1: answer.erno: there is no such member of an answer"),
             std::tuple("fd_read", "{call = 'fd_write', errno = 'io'}",
                        "s.lua:1: answer.call: there is no such member of an answer"),
             std::tuple("fd_read", "{script = 'other.lua'}",
                        "s.lua:1: answer.script: there is no such member of an answer"),
             std::tuple("fd_read", "{short = -1}", "s.lua:1: answer.short: a whole number is expected"),
             std::tuple("fd_read", "{short = 1.5}", "s.lua:1: answer.short: a whole number is expected"),
             std::tuple(
                 "fd_read", "{delay = '30h'}",
                 "s.lua:1: answer.delay: \"30h\" is no delay; write 500us, 5ms or 2s, at most 24 hours"),
             std::tuple("fd_read", "{reply = {bytes = error}}", "s.lua:1: answer.reply.bytes is a function"),
             std::tuple("fd_read", "{[2] = 'io'}", "s.lua:1: answer has a member whose name is a number"),
             std::tuple("fd_read", "{'io', errno = 'io'}",
                        "s.lua:1: answer is a list with other members beside it"),
             std::tuple("fd_read", "{'io'}",
                        "s.lua:1: answer: it is a list; return a table such as {errno = \"noent\"}"),
             std::tuple(
                 "fd_read", "7",
                 "s.lua:1: the answer is a number; return nothing, or a table such as {errno = \"noent\"}"),
         }) {
        answers(call, std::string("return ") + body);
        EXPECT_EQ(m_guest.read(opened(), 1), "0") << body;
        EXPECT_EQ(m_guest.last().origin, Origin::Host) << body;
        EXPECT_EQ(m_guest.host->mocks()[0].problem, why) << body;
    }
    answers("fd_readdir", "return {reply = {bytes = ('\\255'):rep(64)}}");
    const uint32_t used = m_guest.room(4);
    EXPECT_EQ(m_guest.call("fd_readdir", 3, m_guest.room(256), 256, 0, used), Errno::Success);
    EXPECT_EQ(m_guest.host->mocks()[0].problem,
              "s.lua:1: answer: reply.bytes: they would be directory entries with lengths of their own; give "
              "entries");
    answers("fd_readdir", "return {reply = {entries = {'a', {name = 'b', type = 'directory', inode = 3}}}}");
    const uint32_t listed = m_guest.room(256);
    EXPECT_EQ(m_guest.call("fd_readdir", 3, listed, 256, 0, used), Errno::Success);
    EXPECT_EQ(m_guest.get<Size>(used), 50u) << m_guest.host->mocks()[0].problem;
    EXPECT_EQ(m_guest.text(listed + 24, 1), "a");
    answers("fd_readdir", "return {reply = {entries = {}}}");
    EXPECT_EQ(m_guest.call("fd_readdir", 3, listed, 256, 0, used), Errno::Success);
    EXPECT_EQ(m_guest.get<Size>(used), 0u) << m_guest.host->mocks()[0].problem;
    answers("fd_write", "return {reply = {nwritten = 1000}}");  // cut to what was given
    const uint32_t count = m_guest.room(4);
    EXPECT_EQ(m_guest.call("fd_write", 1, m_guest.put(Ciovec{m_guest.put("abc"), 3}), 1, count),
              Errno::Success);
    EXPECT_EQ(m_guest.get<Size>(count), 3u);
}

TEST_F(ScriptTest, ErrorsStopNothingAndSayWhereTheyAre) {
    EXPECT_EQ(problemOf("\n\n return call.path.x"), "s.lua:3: attempt to index a nil value (field 'path')");
    EXPECT_EQ(problemOf("error('a\\27[2J\\r\\0b')"), "s.lua:1: a\\x1b[2J\\r\\x00b");
    EXPECT_EQ(problemOf("error({})"), "s.lua:1: the error is a table");
    EXPECT_EQ(problemOf("error()"), "s.lua:1: the error is a nil");
    // The first is kept, and it is asked again.
    (void)m_guest.host->setMocks({});
    answers("sched_yield", "if call.k < 3 then error('number ' .. call.k) end return {errno = 'io'}");
    EXPECT_EQ(m_guest.call("sched_yield"), Errno::Success);
    EXPECT_EQ(m_guest.call("sched_yield"), Errno::Success);
    EXPECT_EQ(m_guest.call("sched_yield"), Errno::Io);
    EXPECT_EQ(m_guest.host->mocks()[0].problem, "s.lua:1: number 1");
}

TEST_F(ScriptTest, WhatIsNoScriptIsRefused) {
    EXPECT_EQ(set("*", "return function("), "s.lua:1: <name> or '...' expected near <eof>");
    EXPECT_EQ(set("*", "x = 1"), "s.lua: it must end in: return function(call) … end");
    EXPECT_EQ(set("*", "return 5"), "s.lua: it must end in: return function(call) … end");
    EXPECT_EQ(set("*", "\n error('no')"), "s.lua:2: no");
    EXPECT_EQ(set("*", "while true do end"), std::string("s.lua:1: ") + kTooLong + kInLoading);
    // Compiled code is not checked by Lua.
    EXPECT_NE(set("*", std::string("\x1bLua\x54\0\x19\x93\r\n\x1a\n", 12) + std::string(100, '\7'))
                  .find("binary chunk"),
              std::string::npos);
    // Nested too deeply for the parser; larger than any script.
    EXPECT_NE(set("*", "return " + std::string(100'000, '(')).find("overflow"), std::string::npos);
    EXPECT_NE(set("*", std::string(300 << 10, ' ')).find("at most 256 KiB"), std::string::npos);
    const auto missing = m_guest.host->setMocks({{1, rule("*", path("mocks/no.lua"))}}, m_trust);
    ASSERT_FALSE(missing.ok());
    EXPECT_NE(missing.error().message.find("mocks/no.lua: the script cannot be read: No such file"),
              std::string::npos);
}

TEST_F(ScriptTest, WhatIsNoFileIsNotEvenOpened) {
    ASSERT_EQ(mkfifo(path("mocks/fifo.lua").c_str(), 0600), 0);
    EXPECT_FALSE(m_guest.host->setMocks({{1, rule("*", path("mocks/fifo.lua"))}}, m_trust).ok());
    EXPECT_FALSE(m_guest.host->setMocks({{1, rule("*", "/dev/zero")}}, m_trust).ok());
    // A terminal that was opened and closed hangs up at its other end.
    const UniqueFd master(posix_openpt(O_RDWR | O_NOCTTY));
    ASSERT_TRUE(master && grantpt(master.get()) == 0 && unlockpt(master.get()) == 0);
    const auto hangsUp = [&] {
        pollfd what{master.get(), POLLIN, 0};
        return poll(&what, 1, 0) > 0 && (what.revents & POLLHUP);
    };
    const std::string terminal = ptsname(master.get());
    const auto refused = m_guest.host->setMocks({{1, rule("*", terminal)}}, m_trust);
    EXPECT_EQ(refused.error().message, terminal + ": it is no file");
    EXPECT_FALSE(hangsUp());
    UniqueFd(::open(terminal.c_str(), O_RDONLY | O_NOCTTY)).reset();
    EXPECT_TRUE(hangsUp()) << "the test sees it";
}

TEST_F(ScriptTest, CompilingCountsToo) {
    const std::string end = "\nreturn function(call) end";
    ScriptBudget small;
    small.steps = 10'000;
    m_scratch.put("mocks/s.lua", "--" + std::string(9'000, 'x') + end);
    EXPECT_TRUE(MockScript::load(path(), m_trust, small).ok());
    m_scratch.put("mocks/s.lua", "--" + std::string(20'000, 'x') + end);
    const auto longer = MockScript::load(path(), m_trust, small);
    ASSERT_FALSE(longer.ok());
    EXPECT_EQ(
        longer.error().message,
        std::string("s.lua: its budget is spent (10000 steps or 100 ms of processor time)") + kInLoading);
    // Each goto is looked at with each label, and each label with each before it.
    std::string labels;
    for (int i = 0; labels.size() < 250'000; i++)
        labels += "goto b" + std::to_string(i) + " ::a" + std::to_string(i) + "::";
    m_scratch.put("mocks/s.lua", labels);
    timespec begin{}, now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    EXPECT_FALSE(MockScript::load(path(), m_trust).ok());
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    const double seconds = static_cast<double>(now.tv_sec - begin.tv_sec) +
                           static_cast<double>(now.tv_nsec - begin.tv_nsec) / 1e9;
    EXPECT_LT(seconds, 0.5);
}

/// Each is cut off in time and memory, and the call passes.
class HostileScript : public ScriptTest,
                      public testing::WithParamInterface<std::pair<const char*, const char*>> {};
TEST_P(HostileScript, S3_IsCutOff) {
    answers("sched_yield", GetParam().second);
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(m_guest.call("sched_yield"), Errno::Success);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
    EXPECT_NE(m_guest.host->mocks()[0].problem, "");
    EXPECT_LE(m_guest.host->mocks()[0].problem.size(), 2000u);
}
INSTANTIATE_TEST_SUITE_P(
    ScriptTest, HostileScript,
    testing::Values(
        std::pair("SharedTextBomb",
                  "local s = ('x'):rep(900000) local t = {} for i = 1, 900 do t['a' .. i] = s end return "
                  "{reply = t}"),
        std::pair("LongErrno", "return {errno = ('\\1'):rep(900000)}"),
        std::pair("LongName", "return {reply = {[('\\1'):rep(900000)] = tostring}}"),
        std::pair("EndlessLoop", "while true do end"), std::pair("EndlessGoto", "::a:: goto a"),
        std::pair("EndlessFor", "for i = 1, math.huge do end"),
        std::pair("EndlessRecursion", "local function f() return 1 + f() end f()"),
        std::pair("EndlessTailCalls", "local function f() return f() end f()"),
        std::pair("TableBomb", "local t = {} for i = 1, 1e9 do t[i] = {i} end"),
        std::pair("TextBomb", "local s = 'x' while true do s = s .. s end"),
        std::pair("RepeatBomb", "return {errno = 'io', note = ('x'):rep(1 << 40)}"),
        std::pair("RepeatNothing", "while true do local s = (''):rep(1 << 62) end"),
        std::pair("RepeatBetween", "return ('x'):rep(1 << 60, 'yyyyyyyy')"),
        std::pair("ConcatenateBomb",
                  "local s = ('x'):rep(1 << 19) local t = {} for i = 1, 1000 do t[i] = s end return "
                  "table.concat(t)"),
        std::pair("FormatBomb", "return ('%99999999d'):format(1)"),
        std::pair("PackBomb", "return string.pack('c' .. (1 << 40), 'x')"),
        std::pair("UnpackBomb", "return table.unpack({}, 1, 1e9)"),
        std::pair("BorderTrick",
                  "local t = {} local i = 1 while i > 0 do t[i] = 'x' i = i * 2 end return table.concat(t, "
                  "',', 1, #t)"),
        std::pair("PatternBomb", "return ('a'):rep(30):match(('a?'):rep(30) .. ('a'):rep(30))"),
        std::pair("SubstituteBomb", "return ('a'):rep(1 << 18):gsub('.-.-.-.-b', '')"),
        std::pair("FindBomb",
                  "while true do local s = ('a'):rep(1 << 18):find(('a'):rep(1 << 17) .. 'b') end"),
        std::pair("GlobBomb", "return ('a'):rep(1 << 18):glob('*' .. ('a'):rep(1 << 17) .. 'b')"),
        std::pair("CompareBomb",
                  "local a, b = ('\\0'):rep(1 << 18) .. 'a', ('\\0'):rep(1 << 18) .. 'b' while true do local "
                  "x = a < b end"),
        std::pair("KeepsGoingWithPcall", "while true do pcall(function() while true do end end) end"),
        std::pair("HidesInACoroutine", "coroutine.wrap(function() while true do end end)()"),
        std::pair("Finalizer", "setmetatable({}, {__gc = function() while true do end end})"),
        std::pair("Metamethods", "local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x"),
        std::pair("TextsMetatable", "getmetatable('').__index = function() while true do end end"),
        std::pair("RawMove", "table.move({}, 1, 1 << 62, 2)"), std::pair("Sorting", "table.sort({3, 1, 2})"),
        std::pair("LoadsText", "return load('return 1')()"),
        std::pair("LoadsBytecode", "return load('\\27Lua', 'x', 'b')"),
        std::pair("Dumps", "return string.dump(function() end)"),
        std::pair("ReadsFiles", "return io.open('/etc/passwd')"),
        std::pair("RunsPrograms", "return os.execute('true')"), std::pair("Requires", "return require('os')"),
        std::pair("RunsFiles", "return dofile('/etc/passwd')"),
        std::pair("Debugs", "return debug.getregistry()"),
        std::pair("StopsCollecting", "collectgarbage('stop')"),
        std::pair("NestsItsAnswer", "local t = {} t.reply = t return t"),
        std::pair("AnswersWithAMillion",
                  "local t = {} for i = 1, 5000 do t['x' .. i] = i end return {reply = t}")),
    [](const auto& row) { return std::string(row.param.first); });

TEST_F(ScriptTest, S3_WhoWentBeyondABudgetIsNotAskedAgain) {
    answers("sched_yield", "n = (n or 0) + 1 if n == 1 then while true do end end return {errno = 'io'}");
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(m_guest.call("sched_yield"), Errno::Success);
    EXPECT_EQ(m_guest.host->mocks()[0].problem, std::string("s.lua:1: ") + kTooLong + kInAnswer);
    answers("sched_yield",
            "m = (m or 0) + 1 local t = {} while m == 1 do t[#t + 1] = {} end return {errno = 'io'}");
    for (int i = 0; i < 2; i++)
        EXPECT_EQ(m_guest.call("sched_yield"), Errno::Success);
    EXPECT_EQ(m_guest.host->mocks()[0].problem,
              std::string("s.lua:1: its budget is spent (2048 KiB of memory)") + kInAnswer);
}

/// Nothing that is not on this list can be named: what a new Lua brings is not there either.
TEST_F(ScriptTest, HasThisLibraryAndNoMore) {
    const std::string names =
        "local all = '' local function add(t, before) for k, v in pairs(t) do all = all .. ' ' .. before .. "
        "k "
        "if type(v) == 'table' and before == '' then add(v, k .. '.') end end end ";
    // There is no name for the globals: they are looked at one by one.
    EXPECT_EQ(noted("local seen = '' for _, name in ipairs({'_G', '_VERSION', 'assert', 'calledBy', "
                    "'collectgarbage', 'coroutine', "
                    "'debug', 'dofile', 'error', 'getmetatable', 'io', 'ipairs', 'load', 'loadfile', 'math', "
                    "'next', 'os', "
                    "'package', 'pairs', 'pcall', 'print', 'rawequal', 'rawget', 'rawlen', 'rawset', "
                    "'require', 'select', "
                    "'setmetatable', 'string', 'table', 'tonumber', 'tostring', 'type', 'utf8', 'warn', "
                    "'xpcall'}) do "
                    "if _ENV[name] ~= nil then seen = seen .. ' ' .. name end end return seen"),
              " assert calledBy error ipairs math pairs select string table tonumber tostring type");
    EXPECT_EQ(
        noted(names + "add(string, 'string.') add(table, 'table.') add(math, 'math.') return all"),
        " string.byte string.char string.find string.format string.glob string.len string.lower string.pack "
        "string.packsize string.rep string.reverse string.sub string.unpack string.upper table.concat "
        "table.unpack "
        "math.abs math.ceil math.floor math.fmod math.huge math.max math.maxinteger math.min math.mininteger "
        "math.modf math.pi math.random math.randomseed math.sqrt math.tointeger math.type math.ult");
}

TEST_F(ScriptTest, IsTheSameEachTime) {
    EXPECT_EQ(noted("return tostring({}) .. tostring(print) .. tostring(error) .. ('%s'):format({})"),
              "tablenilfunctiontable");
    EXPECT_NE(problemOf("return {note = ('%5p'):format('x')}").find("an address"), std::string::npos);
    const std::string random =
        "return math.random(1000) .. ' ' .. math.random(1000) .. ' ' .. math.random(1000)";
    EXPECT_EQ(noted(random), noted(random));
    EXPECT_EQ(noted("math.randomseed(5) " + random), noted("math.randomseed(5) " + random));
    EXPECT_NE(noted("math.randomseed(5) " + random), noted("math.randomseed(6) " + random));
    EXPECT_NE(problemOf("math.randomseed()").find("number expected"), std::string::npos);
    EXPECT_EQ(noted("local t = {z = 1, [true] = 4, [3] = 3, [-1] = 3, y = 2, x = 3} local s = '' "
                    "for k, v in pairs(t) do s = s .. tostring(k) t[k] = nil t.y = nil end return s"),
              "true-13xz");
    EXPECT_NE(problemOf("for k in pairs({[{}] = 1}) do end").find("a key is a table"), std::string::npos);
    // Whatever the locale is.
    if (std::setlocale(LC_ALL, "de_DE.UTF-8") || std::setlocale(LC_ALL, "C.UTF-8")) {
        EXPECT_EQ(noted("return ('%.2f'):format(1.5) .. tostring('Z' < 'a') .. ('\xc3\xa4'):upper()"),
                  "1.50true\xc3\xa4");
        std::setlocale(LC_ALL, "C");
    }
}

TEST_F(ScriptTest, ItsOwnFunctionsDoWhatLuasDo) {
    EXPECT_EQ(noted("return ('ab'):rep(3, '-') .. ('x'):rep(0) .. ('x'):rep(-1)"), "ab-ab-ab");
    EXPECT_EQ(noted("local a, b = ('hello'):find('l.') local c, d = ('hello'):find('ll') return tostring(a) "
                    ".. c .. d"),
              "nil34");
    EXPECT_EQ(noted("return ('hello'):find('l', -1) or 'none'"), "none");
    EXPECT_EQ(noted("return ('hello'):find('h', -100)"), "1");
    EXPECT_EQ(noted("return ('hello'):find('', 6)"), "6");
    EXPECT_EQ(noted("return tostring(('hello'):find('', 7))"), "nil");
    EXPECT_EQ(noted("return ('%d %s %5.1f %q %%'):format(3, 'x', 1.25, 'y')"), "3 x   1.2 \"y\" %");
    EXPECT_EQ(noted("return tostring(('a.cfg'):glob('*.c?g')) .. tostring(('a.cfg'):glob('*.x'))"),
              "truefalse");
    EXPECT_EQ(noted("return tostring(calledBy('main'))"), "false");  // no machine
}

TEST_F(ScriptTest, S1_RunsOnlyInTrustedFolders) {
    const std::string text = "return function() return {errno = 'io'} end";
    std::filesystem::create_directories(m_scratch.path("mocks/below"));
    std::filesystem::create_directories(m_scratch.path("mocks2"));
    for (const char* name : {"mocks/a.lua", "mocks/below/a.lua", "mocks2/a.lua", "a.lua"})
        m_scratch.put(name, text);
    const auto why = [&](const std::string& name, const TrustedFolders& trust) {
        const auto set = m_guest.host->setMocks({{1, rule("*", path(name))}}, trust);
        EXPECT_TRUE(set.ok() || set.error().code == engine::ErrorCode::Denied);
        return set ? "" : set.error().message;
    };
    EXPECT_EQ(why("mocks/a.lua", m_trust), "");
    EXPECT_EQ(why("mocks/below/a.lua", m_trust), "");
    (void)m_guest.host->setMocks({});
    const std::string folder = m_scratch.path("mocks").string();
    EXPECT_EQ(why("mocks/a.lua", {}),
              folder + "/a.lua: the folder " + folder +
                  " is not trusted to run scripts; read it, then type: wscope trust " + folder +
                  " (or --trust-scripts " + folder + " for one run)");
    EXPECT_NE(why("mocks2/a.lua", m_trust), "");
    EXPECT_NE(why("a.lua", m_trust), "");
    EXPECT_NE(why("mocks/../a.lua", m_trust), "");
    // A link out of a trusted folder leads to a script that is not trusted; one into it to one that is.
    std::filesystem::create_symlink("../a.lua", m_scratch.path("mocks/out.lua"));
    std::filesystem::create_directory_symlink("..", m_scratch.path("mocks/up"));
    std::filesystem::create_symlink("mocks/a.lua", m_scratch.path("in.lua"));
    EXPECT_NE(why("mocks/out.lua", m_trust), "");
    EXPECT_NE(why("mocks/up/a.lua", m_trust), "");
    EXPECT_EQ(why("in.lua", m_trust), "");
}

/// The user's configuration, while it lives.
class Configuration {
public:
    explicit Configuration(const std::string& folder) {
        if (const char* const before = std::getenv("XDG_CONFIG_HOME")) m_before = before;
        setenv("XDG_CONFIG_HOME", folder.c_str(), 1);
    }
    ~Configuration() {
        m_before ? setenv("XDG_CONFIG_HOME", m_before->c_str(), 1) : unsetenv("XDG_CONFIG_HOME");
    }
    Configuration(const Configuration&) = delete;
    Configuration& operator=(const Configuration&) = delete;

private:
    std::optional<std::string> m_before;
};

TEST_F(ScriptTest, S1_IsNotAskedAnyMoreOnceItsFolderIsWithdrawn) {
    const Configuration configuration(path("config"));
    const auto change = [&](bool isTrusted) {  // as another process does
        auto list = TrustedFolders::ofUser().value();
        EXPECT_TRUE((isTrusted ? list.add(path("mocks")) : list.remove(path("mocks"))).ok());
        EXPECT_TRUE(list.save().ok());
    };
    change(true);
    m_scratch.put("mocks/s.lua", "return function(call) return {errno = 'io'} end");
    const auto set = [&] {
        return m_guest.host->setMocks({{1, rule("sched_yield", path())}}, TrustedFolders::ofUser().value());
    };
    ASSERT_TRUE(set().ok());
    EXPECT_EQ(m_guest.call("sched_yield"), Errno::Io);
    change(false);
    EXPECT_EQ(m_guest.call("sched_yield"), Errno::Success);
    EXPECT_EQ(m_guest.last().origin, Origin::Host);
    EXPECT_EQ(
        m_guest.host->mocks()[0].problem,
        path() + ": its folder is not trusted any more; once it is (wscope trust), the script answers again");
    EXPECT_EQ(set().error().code, engine::ErrorCode::Denied) << "what is loaded is judged again";
    change(true);
    EXPECT_EQ(m_guest.call("sched_yield"), Errno::Io);
    // What is trusted for this run only does not stand in the list.
    change(false);
    auto forThisRun = TrustedFolders::ofUser().value();
    ASSERT_TRUE(forThisRun.add(path("mocks")).ok());
    ASSERT_TRUE(m_guest.host->setMocks({{1, rule("sched_yield", path())}}, forThisRun).ok());
    change(true);
    change(false);
    EXPECT_EQ(m_guest.call("sched_yield"), Errno::Io);
}

TEST_F(ScriptTest, WhoChangesTheListAtOnceLosesNothing) {
    const Configuration configuration(path("config"));
    constexpr int kWriters = 4, kFolders = 12;
    std::vector<std::string> all;
    for (int i = 0; i < kWriters * kFolders; i++) {
        all.push_back(path("f" + std::to_string(100 + i)));
        std::filesystem::create_directories(all.back());
    }
    std::vector<std::thread> writers;
    for (int w = 0; w < kWriters; w++)
        writers.emplace_back([&, w] {
            auto list = TrustedFolders::ofUser().value();
            for (int i = 0; i < kFolders; i++) {
                EXPECT_TRUE(list.add(all[static_cast<size_t>(w * kFolders + i)]).ok());
                EXPECT_TRUE(list.save().ok());
            }
            EXPECT_TRUE(list.remove(all[static_cast<size_t>(w * kFolders)]).ok());
            EXPECT_TRUE(list.save().ok());
        });
    for (std::thread& writer : writers)
        writer.join();
    auto folders = TrustedFolders::ofUser().value().folders();
    std::sort(folders.begin(), folders.end());
    for (int w = kWriters - 1; w >= 0; w--)
        all.erase(all.begin() + w * kFolders);
    EXPECT_EQ(folders, all);
    size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path("config/wasiscope")))
        files++;
    EXPECT_EQ(files, 2u) << "the list and its lock: no draft stays";
}

TEST_F(ScriptTest, AFolderInWhichOthersWriteIsKnown) {
    std::filesystem::create_directories(path("parent/folder"));
    const auto set = [&](const char* name, mode_t mode) { ASSERT_EQ(chmod(path(name).c_str(), mode), 0); };
    const auto who = [&] { return whoElseWrites(path("parent/folder")).value_or("nobody"); };
    set("parent", 0755), set("parent/folder", 0755);
    ASSERT_EQ(who(), "nobody");
    set("parent/folder", 0757);
    EXPECT_EQ(who(), "anybody may write in " + path("parent/folder"));
    set("parent/folder", 01777);
    EXPECT_EQ(who(), "anybody may write in " + path("parent/folder")) << "a new script is enough";
    set("parent/folder", 0775);
    EXPECT_TRUE(who().starts_with("all of group ") &&
                who().ends_with(" may write in " + path("parent/folder")));
    set("parent/folder", 0755), set("parent", 0777);
    EXPECT_EQ(who(), "anybody may write in " + path("parent"));
    set("parent", 01777);
    EXPECT_EQ(who(), "nobody");
    std::filesystem::create_directory_symlink(path("parent/folder"), path("link"));
    set("parent/folder", 0777);
    EXPECT_EQ(whoElseWrites(path("link")), "anybody may write in " + path("parent/folder"));
    if (geteuid() == 0) {  // who else could give a folder away
        set("parent/folder", 0755);
        ASSERT_EQ(chown(path("parent").c_str(), 54321, 0), 0);
        EXPECT_EQ(who(), path("parent") + " belongs to user 54321");
    }
    EXPECT_EQ(whoElseWrites(path("nowhere")), std::nullopt);
}

TEST_F(ScriptTest, TheUsersListIsAFile) {
    const Configuration configuration(path("config"));
    EXPECT_TRUE(TrustedFolders::ofUser().value().folders().empty());
    TrustedFolders list;
    EXPECT_FALSE(list.add(path("nowhere")).ok());
    EXPECT_FALSE(list.add("/").ok());
    EXPECT_FALSE(list.add(path("inside/a.cfg")).ok());
    ASSERT_TRUE(list.add(path("mocks")).ok());
    ASSERT_TRUE(list.add(path("inside/../mocks")).ok());
    ASSERT_TRUE(list.add(path("inside")).ok());
    ASSERT_TRUE(list.save().ok());
    EXPECT_EQ(TrustedFolders::ofUser().value().folders(), (std::vector{path("mocks"), path("inside")}));
    EXPECT_FALSE(list.remove(path("outside.dir")).ok());
    ASSERT_TRUE(list.remove(path("inside")).ok());
    ASSERT_TRUE(list.save().ok());
    EXPECT_EQ(TrustedFolders::ofUser().value().folders(), std::vector{path("mocks")});
    // A list that others can write, or that is no file, trusts nothing; nor does it keep a program from running.
    const std::string file = path("config/wasiscope/trusted-folders");
    ASSERT_EQ(chmod(file.c_str(), 0666), 0);
    EXPECT_TRUE(TrustedFolders::ofUser().value().folders().empty());
    std::filesystem::remove(file);
    ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
    EXPECT_TRUE(TrustedFolders::ofUser().value().folders().empty());
    std::filesystem::remove(file);
    std::filesystem::create_symlink(file, file);
    EXPECT_TRUE(TrustedFolders::ofUser().value().folders().empty());
    std::filesystem::remove(file);
    // What is not a folder's path trusts nothing: an empty line above all.
    m_scratch.put("config/wasiscope/trusted-folders", "\n\n/\nrelative\n");
    EXPECT_TRUE(TrustedFolders::ofUser().value().folders().empty());
}

TEST_F(ScriptTest, TheUsersListMayBeALink) {
    const Configuration configuration(path("config"));
    std::filesystem::create_directories(path("config/wasiscope"));
    std::filesystem::create_directories(path("dotfiles"));
    m_scratch.put("dotfiles/trusted", path("inside") + "\n");
    const std::string list = path("config/wasiscope/trusted-folders");
    std::filesystem::create_symlink("../../dotfiles/trusted", list);
    auto trust = TrustedFolders::ofUser().value();
    EXPECT_EQ(trust.folders(), std::vector{path("inside")});
    // It stays one, and what it leads to is written.
    TrustedFolders other;
    ASSERT_TRUE(other.add(path("mocks")).ok());
    ASSERT_TRUE(other.save().ok());
    EXPECT_TRUE(std::filesystem::is_symlink(list));
    EXPECT_EQ(m_scratch.get("dotfiles/trusted"), path("inside") + "\n" + path("mocks") + "\n");
    trust.refresh();
    EXPECT_EQ(trust.folders(), (std::vector{path("inside"), path("mocks")}));
    // One that leads nowhere is replaced.
    std::filesystem::remove(path("dotfiles/trusted"));
    TrustedFolders anew;
    ASSERT_TRUE(anew.add(path("mocks")).ok());
    ASSERT_TRUE(anew.save().ok());
    EXPECT_EQ(TrustedFolders::ofUser().value().folders(), std::vector{path("mocks")});
}

TEST_F(ScriptTest, IsNotReadForARuleThatIsOff) {
    MockRule off = rule("*", path("mocks/gone.lua"));
    off.enabled = false;
    EXPECT_TRUE(m_guest.host->setMocks({{1, off}}).ok());
    EXPECT_EQ(m_guest.call("sched_yield"), Errno::Success);
    off.enabled = true;
    EXPECT_FALSE(m_guest.host->setMocks({{1, off}}, m_trust).ok());
}

TEST_F(ScriptTest, IsNamedInTextAndInFiles) {
    const auto parsed = parseMock("path_open path ~ \"*.cfg\" from 2 script \"my mocks/s.lua\" note x");
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    EXPECT_EQ(parsed->script, "my mocks/s.lua");
    EXPECT_EQ(toText(*parsed).line(),
              "path_open path ~ \"*.cfg\" from 2 script \"my mocks/s.lua\" note \"x\"");
    EXPECT_EQ(parseMock("fd_read script \"\"").error().message, "script: which file?");
    m_scratch.put(
        "mocks/rules.json",
        R"({"rules": [{"call": "fd_read", "script": "s.lua"}, {"call": "*", "script": "/abs/s.lua"}]})");
    const auto loaded = loadMocks(path("mocks/rules.json"));
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_EQ((*loaded)[0].script, path("mocks/s.lua"));
    EXPECT_EQ((*loaded)[1].script, "/abs/s.lua");
    EXPECT_EQ(parseMocks(mocksJson(*loaded)).value(), *loaded);
}

}  // namespace
}  // namespace wasi
