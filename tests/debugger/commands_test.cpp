// The rows of the verbs, and the prompt's interpreter.

#include "debugger/commands.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

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
        : m_interpreter(client(), [this](std::string_view text) { m_said += std::string(text) + "\n"; }) {
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
