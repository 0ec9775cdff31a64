// The rows of the verbs, and the prompt's interpreter.

#include "debugger/commands.h"

#include <unistd.h>
#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/store.h"
#include "tests/debugger/session_support.h"

namespace debugger_test {
namespace {

TEST(Verbs, HaveUniqueIdsWordsAndShortcuts) {
    std::set<std::string_view> ids, words, shortcuts;
    for (const Verb& verb : verbs()) {
        EXPECT_FALSE(verb.id.empty());
        EXPECT_FALSE(verb.title.empty()) << verb.id;
        EXPECT_TRUE(verb.help.ends_with('.')) << verb.id;
        EXPECT_TRUE(ids.insert(verb.id).second) << verb.id;
        if (!verb.word.empty()) {
            EXPECT_TRUE(words.insert(verb.word).second) << verb.word;
            EXPECT_TRUE(verb.usage.starts_with(verb.word)) << verb.id;
        }
        if (!verb.shortcut.empty()) {
            EXPECT_TRUE(shortcuts.insert(verb.shortcut).second) << verb.shortcut;
        }
    }
}

TEST(Verbs, AreFoundByWordAliasAndId) {
    EXPECT_EQ(findVerb("next")->id, "step-over");
    EXPECT_EQ(findVerb("n")->id, "step-over");
    EXPECT_EQ(findVerb("step-over")->id, "step-over");
    EXPECT_EQ(findVerb("continue")->shortcut, "F5");
    EXPECT_EQ(findVerb(""), nullptr);
    EXPECT_EQ(findVerb("no such verb"), nullptr);
}

class Prompt : public SessionTest {
protected:
    Prompt()
        : m_interpreter(client(), [this](std::string_view text) {
              m_said += std::string(text) + "\n";
              if (m_onSaid) m_onSaid(text);
          }) {
        listen(m_interpreter);
    }

    void listen(CommandInterpreter& interpreter) {
        onEachEvent([&interpreter](const Event& event) { interpreter.onEvent(event); });
    }
    std::string say(const std::string& line) {
        m_said.clear();
        const auto done = m_interpreter.execute(line);
        return done.ok() ? m_said : "error: " + done.error().message;
    }
    CommandInterpreter m_interpreter;
    std::string m_said;
    std::function<void(std::string_view)> m_onSaid;
};

TEST_F(Prompt, ExplainsEveryVerbAndKnowsWhatIsNotYet) {
    load(program("spin"));
    for (const Verb& verb : verbs()) {
        if (verb.word.empty()) continue;
        EXPECT_TRUE(say("help " + std::string(verb.word)).starts_with(std::string(verb.usage))) << verb.word;
        if (verb.allowed == 0) {
            EXPECT_EQ(say(std::string(verb.word)),
                      "error: " + std::string(verb.word) + " is not yet supported");
        }
    }
}

TEST_F(Prompt, SuggestsWhatMayHaveBeenMeant) {
    EXPECT_EQ(say("contniue"), "error: unknown verb \"contniue\"; did you mean continue?");
    EXPECT_EQ(say("qqqqqqqq"), "error: unknown verb \"qqqqqqqq\"; help lists them");
    EXPECT_EQ(say("\x1b[2J"), "error: unknown verb \"\\x1b[2J\"; help lists them");
    EXPECT_EQ(say(""), "");
    EXPECT_EQ(say("# a comment"), "");
}

TEST_F(Prompt, RunsStopsAndShowsWhere) {
    load(example("overrun"));
    say("break setLabel");
    EXPECT_NE(say("run").find("Breakpoint 1, setLabel (stop="), std::string::npos) << m_said;
    EXPECT_NE(say("bt").find("#1  addStop ("), std::string::npos) << m_said;
    EXPECT_EQ(say("print *stop"), "*stop = {next = 0x0, label = \"\", parcels = 0}\n");
    EXPECT_EQ(say("kill"), "[killed]\n");
}

TEST_F(Prompt, ShowsTheMachineCodeOfAFunction) {
    LaunchOptions interpreted = options(example("overrun"));
    interpreted.tier = engine::Tier::Interp;
    load(interpreted);
    say("break setLabel");
    EXPECT_EQ(say("disassemble/m setLabel"),
              "error: there is machine code only of a program that was started");
    say("run");
    EXPECT_NE(say("disassemble/m").find("error: there is no machine code: the program is interpreted"),
              m_said.npos);
    EXPECT_NE(say("disassemble/x").find("the only form is /m"), m_said.npos);
    load(example("overrun"));
    say("run");
    const std::string said = say("disassemble/m");
    if (said.find("error: there is no machine code") != said.npos)
        GTEST_SKIP() << "no compiler for this machine";
    EXPECT_NE(said.find("      +0x0\t\t"), said.npos) << said;
    EXPECT_NE(said.find("; memory 0"), said.npos) << said;
    EXPECT_NE(said.find("<to the interpreter>"), said.npos) << said;
    EXPECT_EQ(say("disassemble").find("\t\t"), said.npos);
}

/// A copy of an example in which names steer the terminal: same lengths, so that it is still a module with debug information.
std::string withEvilNames(const std::string& original) {
    std::ifstream in(original, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const std::pair<std::string, std::string> kNames[] = {
        {"setLabel", "\x1b[31mE\a\n"}, {"addStop", "\x1b[1mA\r\n"}, {"parcels", "\x1b[7mP\n\t"},
        {"label", "\x1b[0m\n"},        {"route", "r\x1b[2\n"},      {"overrun.c", "\x1b[2J\n\n.c\b"}};
    for (const auto& [name, evil] : kNames) {
        EXPECT_EQ(name.size(), evil.size()) << name;
        for (size_t at = 0; (at = bytes.find(name, at)) != std::string::npos; at += evil.size())
            bytes.replace(at, evil.size(), evil);
    }
    const auto path = std::filesystem::temp_directory_path() / ("evil-" + std::to_string(getpid()) + ".wasm");
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
}

/// Each line of what is said, as it would reach a terminal.
void expectNothingSteersTheTerminal(const std::string& verb, const std::string& said, size_t lines) {
    for (const char c : said) {
        const bool steers = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
        ASSERT_FALSE(steers || c == 0x7f) << verb << ": " << testing::PrintToString(said);
    }
    EXPECT_EQ(static_cast<size_t>(std::count(said.begin(), said.end(), '\n')), lines)
        << verb << " broke a line: " << testing::PrintToString(said);
}

TEST_F(Prompt, NothingInAModuleSteersTheTerminal) {
    const std::string path = withEvilNames(example("overrun"));
    load(path);
    std::filesystem::remove(path);
    size_t lines = 0;
    m_onSaid = [&](std::string_view text) {
        // Of the program, in as many pieces as it comes.
        constexpr std::string_view kOutput =
            "Route with 5 stops\n 1.       Depot   0\n 2.     Harbour  14\n 3.  Old Market   3\n"
            " 4.     Station  22\n 5.        Mill   7";
        const bool isOutput = kOutput.find(text) != kOutput.npos;
        lines += 1 + static_cast<size_t>(isOutput ? std::count(text.begin(), text.end(), '\n') : 0);
    };
    const auto check = [&](const std::string& verb) {
        lines = 0;
        const std::string said = say(verb);
        if (!said.starts_with("error: ")) expectNothingSteersTheTerminal(verb, said, lines);
        return said;
    };
    EXPECT_EQ(check("display \x1b[2J"), "1: \\x1b[2J\n") << "nor anything that a script holds";
    check("undisplay");
    EXPECT_NE(check("info functions").find("\\x1b[31mE\\x07\\n"), std::string::npos) << m_said;
    GetModuleEntries request;
    request.kind = "function";
    request.filter = "31m";
    const auto found = client().call(request);
    ASSERT_TRUE(found.ok() && found->size() == 1);
    const ModuleEntry& evil = found->front();
    EXPECT_EQ(evil.name, "\\x1b[31mE\\x07\\n") << "the window shows it too";
    EXPECT_EQ(check("break *" + std::to_string(evil.offset + 20)).find("Breakpoint 1 for"), 0u) << m_said;
    check("start");
    check("logpoint *" + std::to_string(evil.offset + 20) + ", \x1b[5m {1+1}");
    for (const Verb& verb : verbs()) {
        if (!verb.word.empty() && verb.id != "quit" && verb.id != "help") check(std::string(verb.word));
        // Those that run it may have ended it.
        if (verb.id == "stop" || !say("frame").starts_with("#")) check("start");
    }
    for (const char* verb :
         {"info breakpoints", "info sources", "info module", "info frame", "info line", "globals -s",
          "ptype struct stop", "list 1", "disassemble", "calls", "x/4i 0x200", "bt", "step", "bt", "locals"})
        check(verb);
}

TEST_F(Prompt, AnInterruptEndsASeriesOfSteps) {
    load(program("spin"));
    say("start");
    size_t lines = 0;
    m_onSaid = [&](std::string_view) {
        if (++lines == 3)
            m_interpreter.interrupt();  // between two steps: there is nothing that a pause could stop
    };
    EXPECT_NE(say("stepi 1000").find("[interrupted after 2 of 1000 steps]\n"), std::string::npos) << m_said;
    EXPECT_EQ(lines, 4u);
    m_onSaid = {};
    EXPECT_EQ(say("stepi 5").find("interrupted"), std::string::npos) << "meant the one before only";
}

TEST_F(Prompt, WhoLeavesIsNotWaitedFor) {
    load(program("flood"));
    m_onSaid = [&](std::string_view) { m_interpreter.leave(); };
    say("run");
    EXPECT_TRUE(m_interpreter.finished());
}

TEST_F(Prompt, AStopThatNobodyWaitedForIsToldBeforeTheNextVerb) {
    load(program("echo"));
    EXPECT_NE(say("run").find("[the program waits for input"), std::string::npos) << m_said;
    ASSERT_TRUE(client().call(Pause{}).ok());
    ASSERT_TRUE(waitForState(SessionState::Stopped));
    EXPECT_TRUE(say("print 6*7").starts_with("Paused while waiting for stdin, main () at echo.c:8\n"))
        << m_said;
    EXPECT_TRUE(m_said.ends_with("6*7 = 42\n")) << m_said;
    EXPECT_EQ(say("print 6*7"), "6*7 = 42\n") << "once";
}

TEST_F(Prompt, LongLinesOfOutputComeInPieces) {
    load(program("longline"));
    size_t longest = 0, letters = 0;
    say("run");
    for (size_t at = 0; at < m_said.size();) {
        const size_t end = m_said.find('\n', at);
        longest = std::max(longest, end - at);
        if (m_said[at] >= 'a' && m_said[at] <= 'z') letters += end - at;
        at = end + 1;
    }
    EXPECT_EQ(longest, size_t{64} << 10);
    EXPECT_EQ(letters, 1'000'000u);
}

TEST_F(Prompt, ALongStringInMemoryHasNoGaps) {
    load(program("strings"));
    say("start");
    say("stepi 4");
    const std::string letters(4096, 'a');
    EXPECT_EQ(say("x/3s 1024"), "0x400: \"" + letters + "\"…\n0x1400: \"" + letters + "\"…\n0x2400: \"" +
                                    std::string(10000 - 2 * 4096, 'a') + "\"\n");
    EXPECT_EQ(say("x/s"), "0x2b11: \"\"\n");
}

TEST_F(Prompt, CompletesWords) {
    load(example("overrun"));
    EXPECT_EQ(m_interpreter.complete("reverse-n"), std::vector<std::string>{"reverse-next"});
    EXPECT_EQ(m_interpreter.complete("info b"), std::vector<std::string>{"breakpoints"});
    EXPECT_EQ(m_interpreter.complete("break setL"), std::vector<std::string>{"setLabel"});
    say("start");
    EXPECT_EQ(m_interpreter.complete("print rou"), std::vector<std::string>{"route"});
}

TEST_F(Prompt, AnswersInJsonOneObjectALine) {
    load(example("overrun"));
    std::vector<std::string> said;
    CommandInterpreter json(
        client(), [&](std::string_view text) { said.emplace_back(text); }, true);
    listen(json);
    for (const char* line :
         {"break main", "run", "bt", "locals", "stack", "wlocals", "globals", "disassemble", "list", "calls",
          "fds", "info module", "info functions", "help"}) {
        said.clear();
        ASSERT_TRUE(json.execute(line).ok()) << line;
        ASSERT_EQ(said.size(), 1u) << line;
        const auto object = nlohmann::json::parse(said[0], nullptr, false);
        ASSERT_TRUE(object.is_object()) << said[0];
        EXPECT_EQ(object.at("ok"), true);
    }
    listen(m_interpreter);
}

}  // namespace
}  // namespace debugger_test
