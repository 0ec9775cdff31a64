#include "wasi/mock_json.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "engine/base/printable.h"
#include "engine/module.h"
#include "wasi/abi.h"
#include "wasi/mock_table.h"
#include "wasi/mock_text.h"

namespace wasi {

using engine::Error, engine::ErrorCode, engine::Result;
using Json = nlohmann::ordered_json;

namespace {

constexpr size_t kMaxFileBytes = 64 << 20;
constexpr size_t kMaxRules = 1000;

Error wrong(const std::string& path, const std::string& what) {
    return Error{ErrorCode::BadArgument, path + ": " + what};
}

/// The members of one rule. Each reads itself into the rule; an error is told with the member's path.
class RuleReader {
public:
    RuleReader(std::string path, MockRule& rule) : m_path(std::move(path)), m_rule(rule) {}

    Result<> read(const Json& json) {
        if (!json.is_object()) return wrong(m_path, "a rule is an object");
        for (const auto& [key, value] : json.items())
            TRY(member(key, value));
        if (json.contains("nth") && (json.contains("from") || json.contains("to")))
            return wrong(m_path, "\"nth\" says both \"from\" and \"to\"; write either");
        if (m_rule.call.empty())
            return wrong(m_path, "\"call\" is missing: the name of a host call, or a pattern");
        return {};
    }

private:
    Result<> member(const std::string& key, const Json& value) {
        const std::string path = m_path + "." + engine::printable(key);
        if (key == "call") return take(path, value, m_rule.call);
        if (key == "when") return take(path, value, m_rule.when);
        if (key == "note") return take(path, value, m_rule.note);
        if (key == "enabled") return take(path, value, m_rule.enabled);
        if (key == "policy") return take(path, value, m_rule.isPolicy);
        if (key == "from") return take(path, value, m_rule.from);
        if (key == "to") return take(path, value, m_rule.to);
        if (key == "every") return take(path, value, m_rule.every);
        if (key == "seed") return take(path, value, m_rule.seed);
        if (key == "nth") {
            TRY(take(path, value, m_rule.from));
            m_rule.to = m_rule.from;
            return {};
        }
        if (key == "probability") {
            if (!value.is_number()) return wrong(path, "a number from 0 to 1 is expected");
            m_rule.probability = value.get<double>();
            return {};
        }
        if (key == "delay") {
            std::string text;
            TRY(take(path, value, text));
            const auto delay = parseDelay(text);
            if (!delay) return wrong(path, delay.error().message);
            m_rule.delayNs = *delay;
            return {};
        }
        return answer(key, path, value);
    }

    Result<> answer(const std::string& key, const std::string& path, const Json& value) {
        static constexpr std::pair<std::string_view, MockAction> kAnswers[] = {
            {"errno", MockAction::Errno},     {"reply", MockAction::Reply},  {"short", MockAction::Short},
            {"corrupt", MockAction::Corrupt}, {"trap", MockAction::Trap},    {"stop", MockAction::Stop},
            {"pass", MockAction::Pass},       {"script", MockAction::Script}};
        const auto known = std::find_if(std::begin(kAnswers), std::end(kAnswers),
                                        [&](const auto& row) { return row.first == key; });
        if (known == std::end(kAnswers)) return wrong(path, "there is no such member of a rule");
        if (!m_answer.empty())
            return wrong(path, "a rule has one answer, and this one has \"" + m_answer + "\" already");
        m_answer = key;
        m_rule.action = known->second;
        switch (m_rule.action) {
        case MockAction::Errno: {
            std::string text;
            TRY(take(path, value, text));
            const auto error = parseErrno(text);
            if (!error)
                return wrong(path, "\"" + engine::printable(text) + "\" is no errno; write \"noent\"");
            m_rule.errno_ = *error;
            return {};
        }
        case MockAction::Reply: return reply(path, value);
        case MockAction::Short:
        case MockAction::Corrupt: return take(path, value, m_rule.count);
        case MockAction::Trap:
        case MockAction::Stop:
            if (value == true) return {};
            if (!value.is_string()) return wrong(path, "true or a message is expected");
            return take(path, value, m_rule.message);
        case MockAction::Script: return take(path, value, m_rule.script);
        case MockAction::Pass: return value == true ? Result<>() : wrong(path, "true is expected");
        }
        return {};
    }

    Result<> reply(const std::string& path, const Json& value) {
        if (!value.is_object())
            return wrong(path,
                         "an object is expected: results by name, and \"bytes\", \"hex\" or \"entries\"");
        if (value.contains("bytes") && value.contains("hex"))
            return wrong(path, "\"bytes\" and \"hex\" say the same; write either");
        for (const auto& [key, member] : value.items()) {
            const std::string at = path + "." + engine::printable(key);
            if (key == "bytes") {
                TRY(take(at, member, m_rule.bytes));
            } else if (key == "hex") {
                std::string text;
                TRY(take(at, member, text));
                const auto bytes = parseHex(text);
                if (!bytes) return wrong(at, "two hex digits a byte are expected, such as \"48656c\"");
                m_rule.bytes = *bytes;
            } else if (key == "entries") {
                TRY(entries(at, member));
            } else {
                TRY(values(at, key, member));
            }
        }
        return {};
    }

    Result<> entries(const std::string& path, const Json& value) {
        if (!value.is_array())
            return wrong(path,
                         "a list of names is expected, or of {\"name\", \"type\", \"inode\", \"cookie\"}");
        for (const Json& member : value) {
            const std::string at = path + "[" + std::to_string(m_rule.entries.size()) + "]";
            TRY(entry(at, member, m_rule.entries.emplace_back()));
        }
        return {};
    }

    static Result<> entry(const std::string& path, const Json& value, MockDirent& to) {
        std::string name;
        if (value.is_string()) {
            to = direntOf(value.get<std::string>());
            return {};
        }
        if (!value.is_object()) return wrong(path, "a name or an object is expected");
        if (!value.contains("name")) return wrong(path, "\"name\" is missing");
        TRY(take(path + ".name", value["name"], name));
        to = direntOf(name);
        for (const auto& [key, member] : value.items()) {
            const std::string at = path + "." + engine::printable(key);
            if (key == "name") continue;
            if (key == "inode") {
                TRY(take(at, member, to.inode));
            } else if (key == "cookie") {
                TRY(take(at, member, to.cookie));
                if (to.cookie == 0) return wrong(at, "0 is the beginning of the list; write 1 or more");
            } else if (key == "type") {
                std::string text;
                TRY(take(at, member, text));
                const auto type = parseFiletype(text);
                if (!type)
                    return wrong(at,
                                 "\"" + engine::printable(text) + "\" is no file type; write \"directory\"");
                to.type = *type;
            } else {
                return wrong(at, "there is no such member of an entry");
            }
        }
        return {};
    }

    /// Numbers of a record by their paths: {"buf": {"size": 5}} is buf.size.
    Result<> values(const std::string& path, const std::string& name, const Json& value) {
        if (value.is_object()) {
            for (const auto& [key, member] : value.items()) {
                if (name.size() > 200) return wrong(path, "there is no such result");
                TRY(values(path + "." + engine::printable(key), name + "." + key, member));
            }
            return {};
        }
        if (value.is_string())
            m_rule.values.emplace_back(name, value.get<std::string>());
        else if (value.is_number_integer())
            m_rule.values.emplace_back(name, value.dump());
        else
            return wrong(path, "a whole number or a name in quotes is expected");
        return {};
    }

    static Result<> take(const std::string& path, const Json& value, std::string& to) {
        if (!value.is_string()) return wrong(path, "a string is expected");
        to = value.get<std::string>();
        return {};
    }
    static Result<> take(const std::string& path, const Json& value, bool& to) {
        if (!value.is_boolean()) return wrong(path, "true or false is expected");
        to = value.get<bool>();
        return {};
    }
    static Result<> take(const std::string& path, const Json& value, uint64_t& to) {
        constexpr double kMostExact = 9007199254740992;  // 2^53
        const double number = value.is_number_float() ? value.get<double>() : -1;
        if (number >= 0 && number <= kMostExact && number == std::floor(number))
            to = static_cast<uint64_t>(number);  // 3.0 is 3, as in the schema
        else if (value.is_number_unsigned())
            to = value.get<uint64_t>();
        else
            return wrong(path, "a whole number is expected");
        return {};
    }

    std::string m_path, m_answer;
    MockRule& m_rule;
};

Json toJson(const MockDirent& entry) {
    if (entry == direntOf(nameText(entry))) return nameText(entry);
    Json json = {{"name", entry.name},
                 {"type", std::string(Abi<Filetype>::kNames[static_cast<size_t>(entry.type)])}};
    if (entry.inode) json["inode"] = entry.inode;
    if (entry.cookie) json["cookie"] = entry.cookie;
    return json;
}

Json toJson(const MockRule& rule) {
    const MockRule plain;
    Json json = {{"call", rule.call}};
    const auto put = [&](const char* key, const auto& value, const auto& usual) {
        if (value != usual) json[key] = value;
    };
    put("when", rule.when, plain.when);
    if (rule.from == rule.to) {
        json["nth"] = rule.from;
    } else {
        put("from", rule.from, plain.from);
        put("to", rule.to, plain.to);
    }
    put("every", rule.every, plain.every);
    put("probability", rule.probability, plain.probability);
    put("seed", rule.seed, plain.seed);
    if (rule.delayNs) json["delay"] = delayText(rule.delayNs);
    switch (rule.action) {
    case MockAction::Pass: json["pass"] = true; break;
    case MockAction::Errno: json["errno"] = std::string(Abi<Errno>::kNames[rule.errno_]); break;
    case MockAction::Reply: {
        Json reply = Json::object();
        for (const auto& [name, text] : rule.values)
            reply[name] = text;
        if (!rule.bytes.empty() && isUtf8(rule.bytes))
            reply["bytes"] = rule.bytes;
        else if (!rule.bytes.empty())
            reply["hex"] = hexText(rule.bytes);
        for (const MockDirent& entry : rule.entries)
            reply["entries"].push_back(toJson(entry));
        json["reply"] = std::move(reply);
        break;
    }
    case MockAction::Short: json["short"] = rule.count; break;
    case MockAction::Corrupt: json["corrupt"] = rule.count; break;
    case MockAction::Trap: json["trap"] = rule.message.empty() ? Json(true) : Json(rule.message); break;
    case MockAction::Stop: json["stop"] = rule.message.empty() ? Json(true) : Json(rule.message); break;
    case MockAction::Script: json["script"] = rule.script; break;
    }
    put("policy", rule.isPolicy, plain.isPolicy);
    put("enabled", rule.enabled, plain.enabled);
    put("note", rule.note, plain.note);
    return json;
}

/// Nesting deeper than any file of ours has is cut off before it costs stack.
bool isTooDeep(std::string_view json) {
    constexpr int kMostDepth = 32;
    int depth = 0;
    bool isQuoted = false;
    for (size_t i = 0; i < json.size(); i++) {
        if (isQuoted && json[i] == '\\')
            i++;
        else if (json[i] == '"')
            isQuoted = !isQuoted;
        else if (!isQuoted && (json[i] == '[' || json[i] == '{') && ++depth > kMostDepth)
            return true;
        else if (!isQuoted && (json[i] == ']' || json[i] == '}'))
            depth--;
    }
    return false;
}

}  // namespace

Result<std::vector<MockRule>> parseMocks(std::string_view text) {
    if (isTooDeep(text)) return Error{ErrorCode::BadArgument, "it is nested too deeply to be rules of mocks"};
    // The parser takes it for the end, whatever follows.
    if (const size_t nul = text.find('\0'); nul != std::string_view::npos)
        return Error{ErrorCode::BadArgument, "this is no JSON: byte " + std::to_string(nul) + " is NUL"};
    Json json;
    // Which of two members with one name counts, readers of JSON do not agree on.
    std::vector<std::set<std::string>> open;
    std::optional<std::string> twice;
    try {
        json = Json::parse(text, [&](int, Json::parse_event_t event, Json& parsed) {
            using Event = Json::parse_event_t;
            if (event == Event::object_start) open.emplace_back();
            if (event == Event::object_end) open.pop_back();
            if (event == Event::key && !open.back().insert(parsed.get<std::string>()).second)
                twice = parsed.get<std::string>();
            return true;
        });
    } catch (const Json::parse_error& problem) {
        return Error{ErrorCode::BadArgument, "this is no JSON, from byte " + std::to_string(problem.byte) +
                                                 " on; rules are {\"rules\": [{\"call\": \"fd_write\", "
                                                 "\"errno\": \"nospc\"}]}"};
    }
    if (twice) return wrong(engine::printable(twice->substr(0, 100)), "it stands twice in the same object");
    if (!json.is_object() || !json.contains("rules") || !json["rules"].is_array())
        return Error{
            ErrorCode::BadArgument,
            "\"rules\" is missing; write {\"rules\": [{\"call\": \"fd_write\", \"errno\": \"nospc\"}]}"};
    for (const auto& [key, value] : json.items())
        if (key != "rules" && key != "$schema" && key != "version")
            return wrong(engine::printable(key), "there is no such member; rules stand in \"rules\"");
    if (json.contains("version") && json["version"] != 1)
        return wrong("version", "it is " + engine::printable(json["version"].dump().substr(0, 40)) +
                                    ", and this reads version 1");
    if (json["rules"].size() > kMaxRules) return wrong("rules", "there are more than 1000");
    std::vector<MockRule> rules;
    std::vector<MockEntry> entries;
    for (const Json& member : json["rules"]) {
        MockRule& rule = rules.emplace_back();
        TRY(RuleReader("rules[" + std::to_string(rules.size() - 1) + "]", rule).read(member));
        entries.push_back({0, rule});
    }
    MockTable table;
    TRY(table.set(entries));
    return rules;
}

Result<MockRule> answerOf(const Json& json, uint16_t function) {
    static constexpr std::string_view kMembers[] = {"errno", "reply", "short", "corrupt", "trap", "stop",
                                                    "pass",  "delay", "seed",  "policy",  "note"};
    if (!json.is_object()) return wrong("answer", "it is a list; return a table such as {errno = \"noent\"}");
    for (const auto& [key, value] : json.items())
        if (std::find(std::begin(kMembers), std::end(kMembers), key) == std::end(kMembers))
            return wrong("answer." + engine::printable(key), "there is no such member of an answer");
    Json whole = {{"call", allHostFunctions()[function].name}};
    whole.update(json);
    if (const Json::json_pointer entries("/reply/entries");
        whole.contains(entries) && whole[entries] == Json::object())
        whole[entries] =
            Json::array();  // a table of Lua does not say which of the two it is when it is empty
    MockRule rule;
    TRY(RuleReader("answer", rule).read(whole));
    if (const auto ok = checkAnswer(rule, function); !ok) return wrong("answer", ok.error().message);
    return rule;
}

std::string mocksJson(const std::vector<MockRule>& rules) {
    Json json = {{"$schema", "mocks.schema.json"}, {"rules", Json::array()}};
    for (const MockRule& rule : rules)
        json["rules"].push_back(toJson(rule));
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<std::vector<MockRule>> loadMocks(const std::string& path) {
    const auto in = [&](const Error& error) {
        return Error{error.code, engine::printable(path) + ": " + error.message};
    };
    const auto bytes = engine::readFile(path);
    if (!bytes) return in(bytes.error());
    if ((*bytes)->size() > kMaxFileBytes) return in({ErrorCode::Limit, "it is larger than 64 MiB"});
    auto rules = parseMocks({reinterpret_cast<const char*>((*bytes)->data()), (*bytes)->size()});
    if (!rules) return in(rules.error());
    for (MockRule& rule : *rules)
        if (!rule.script.empty() && rule.script[0] != '/')
            rule.script =
                (std::filesystem::path(path).parent_path() / rule.script).lexically_normal().string();
    return rules;
}

Result<> saveMocks(const std::string& path, const std::vector<MockRule>& rules) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << mocksJson(rules) << std::flush;
    if (file) return {};
    return Error{ErrorCode::Io, engine::printable(path) + ": cannot be written: " + std::strerror(errno)};
}

}  // namespace wasi
