#include "wasi/mock_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "wasi/abi.h"
#include "wasi/filter_lexer.h"
#include "wasi/mock_table.h"

namespace wasi {

using engine::Error, engine::ErrorCode, engine::Result;

namespace {

using Kind = FilterToken::Kind;
struct Clause {
    std::string_view word, value, help;
    enum Part : uint8_t { Which, Answer, Besides } part;
};
constexpr Clause kClauses[] = {
    {"nth", "N", "only the Nth, counted from 1", Clause::Which},
    {"from", "N", "from the Nth on", Clause::Which},
    {"to", "N", "up to the Nth", Clause::Which},
    {"every", "N", "of these each Nth", Clause::Which},
    {"probability", "P", "of these so many, from 0 to 1, chosen by the seed", Clause::Which},
    {"seed", "N", "for probability and corrupt: another choice", Clause::Which},
    {"errno", "NAME", "fails so, without any effect: noent, ENOSPC, 44", Clause::Answer},
    {"reply", "RESULT=V",
     "succeeds without the host, with nwritten=3, buf.size=5; what is not said is 0, lengths are counted",
     Clause::Answer},
    {"", "",
     "… of what is read: bytes \"text\" or hex 00ff; of a folder: entry \"a.txt\" entry \"logs/\" inode 7",
     Clause::Answer},
    {"short", "N", "the host reads or writes at most N bytes", Clause::Answer},
    {"corrupt", "[BITS]", "so many bits of what was read are flipped", Clause::Answer},
    {"trap", "[\"TEXT\"]", "the program traps in the call", Clause::Answer},
    {"stop", "[\"TEXT\"]", "stops in the debugger before the call", Clause::Answer},
    {"pass", "", "the host answers; later rules are not asked", Clause::Answer},
    {"script", "FILE", "a script (Lua 5.4) answers, see below", Clause::Answer},
    {"delay", "TIME", "waits before that: 5ms, 1.5s", Clause::Besides},
    {"note", "\"TEXT\"", "told in the log, beside the answer", Clause::Besides},
    {"policy", "", "the log says that a policy decided, not a mock", Clause::Besides},
    {"off", "", "kept, but never asked", Clause::Besides},
};

bool isClause(std::string_view word) {
    const auto isIt = [&](const Clause& clause) { return clause.word == word; };
    return word == "when" || std::any_of(std::begin(kClauses), std::end(kClauses), isIt);
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : std::string(1, c);
    }
    return out + "\"";
}

bool isPrintable(std::string_view text) {
    return isUtf8(text) && std::all_of(text.begin(), text.end(), [](char c) {
               return c == '\n' || c == '\t' || (static_cast<uint8_t>(c) >= 0x20 && c != 0x7f);
           });
}

class Parser {
public:
    Parser(std::string_view text, std::vector<FilterToken> tokens)
        : m_text(text), m_tokens(std::move(tokens)) {}

    Result<MockRule> rule() {
        if (peek().kind != Kind::Word)
            return filterError(peek().column,
                               "which call? Write a name such as fd_write, or a pattern, fd_*");
        m_rule.call = next().text;
        if (peek().isWord("when")) next();
        condition();
        while (peek().kind != Kind::End)
            TRY(clause());
        return std::move(m_rule);
    }

private:
    const FilterToken& peek(size_t ahead = 0) const {
        return m_tokens[std::min(m_at + ahead, m_tokens.size() - 1)];
    }
    const FilterToken& next() { return m_tokens[std::min(m_at++, m_tokens.size() - 1)]; }

    /// All up to the first word that begins a clause: one that is not compared with anything, nor a value itself.
    void condition() {
        const size_t begin = peek().column;
        size_t end = begin;
        bool isValue = false;
        while (peek().kind != Kind::End) {
            const bool isCompared = peek(1).kind == Kind::Operator && peek(1).text != "!" &&
                                    peek(1).text != "&&" && peek(1).text != "||";
            if (!isValue && peek().kind == Kind::Word && isClause(peek().text) && !isCompared &&
                !peek(1).isWord("contains"))
                break;
            isValue = (peek().kind == Kind::Operator && peek().text != "!" && peek().text != "&&" &&
                       peek().text != "||") ||
                      peek().isWord("contains");
            end = next().end;
        }
        m_rule.when = m_text.substr(begin, end - begin);
    }

    Result<std::string> value(const FilterToken& of) {
        if (peek().kind != Kind::Word && peek().kind != Kind::Quoted)
            return filterError(peek().column, "a value is missing behind " + of.text);
        return next().text;
    }
    Result<uint64_t> number(const FilterToken& of) {
        const size_t column = peek().column;
        const std::string text = TRY(value(of));
        const auto parsed = parseValue({{}, HostField::Kind::Number, 0, 8, {}}, text);
        if (!parsed) return filterError(column, "\"" + text + "\" is no number");
        return *parsed;
    }
    Result<> act(const FilterToken& word, MockAction action) {
        if (m_hasAction)
            return filterError(word.column,
                               "a rule has one answer, and \"" + word.text + "\" would be a second");
        m_hasAction = true;
        m_rule.action = action;
        return {};
    }

    Result<> clause() {
        const FilterToken word = next();
        const size_t column = peek().column;
        if (word.kind != Kind::Word || !isClause(word.text) || word.text == "when") {
            std::string known;
            for (const Clause& clause : kClauses)
                if (!clause.word.empty()) known += (known.empty() ? "" : ", ") + std::string(clause.word);
            return filterError(word.column, "\"" + word.text + "\" is not expected here; it may be " + known);
        }
        const bool isNth = word.text == "nth", isRange = word.text == "from" || word.text == "to";
        if ((isNth && m_hasRange) || (isRange && m_hasNth))
            return filterError(word.column, "nth says both from and to; write either");
        m_hasNth |= isNth;
        m_hasRange |= isRange;
        if (isNth) m_rule.from = m_rule.to = TRY(number(word));
        if (word.text == "from") m_rule.from = TRY(number(word));
        if (word.text == "to") m_rule.to = TRY(number(word));
        if (word.text == "every") m_rule.every = TRY(number(word));
        if (word.text == "seed") m_rule.seed = TRY(number(word));
        if (word.text == "probability") {
            const std::string text = TRY(value(word));
            const auto chance = parseChance(text);
            if (!chance) return filterError(column, "\"" + text + "\" is no number from 0 to 1");
            m_rule.probability = *chance;
        }
        if (word.text == "delay") {
            const auto delay = parseDelay(TRY(value(word)));
            if (!delay) return filterError(column, delay.error().message);
            m_rule.delayNs = *delay;
        }
        if (word.text == "policy") m_rule.isPolicy = true;
        if (word.text == "off") m_rule.enabled = false;
        if (word.text == "note") m_rule.note = TRY(value(word));
        return answer(word, column);
    }

    Result<> answer(const FilterToken& word, size_t column) {
        if (word.text == "pass") TRY(act(word, MockAction::Pass));
        if (word.text == "errno") {
            TRY(act(word, MockAction::Errno));
            const std::string text = TRY(value(word));
            const auto parsed = parseErrno(text);
            if (!parsed)
                return filterError(column, "\"" + text + "\" is no errno; write noent, ENOENT or 44");
            m_rule.errno_ = *parsed;
        }
        if (word.text == "short") {
            TRY(act(word, MockAction::Short));
            m_rule.count = TRY(number(word));
        }
        if (word.text == "corrupt") {
            TRY(act(word, MockAction::Corrupt));
            if (peek().kind == Kind::Word && !isClause(peek().text)) m_rule.count = TRY(number(word));
        }
        if (word.text == "trap" || word.text == "stop") {
            TRY(act(word, word.text == "trap" ? MockAction::Trap : MockAction::Stop));
            if (peek().kind == Kind::Quoted) m_rule.message = next().text;
        }
        if (word.text == "script") {
            TRY(act(word, MockAction::Script));
            m_rule.script = TRY(value(word));
        }
        if (word.text == "reply") {
            TRY(act(word, MockAction::Reply));
            TRY(reply());
        }
        return {};
    }

    Result<> reply() {
        while (peek().kind == Kind::Word && !isClause(peek().text)) {
            const FilterToken name = next();
            const bool isBytes = name.text == "bytes" || name.text == "hex" || name.text == "entry" ||
                                 (!m_rule.entries.empty() && isOfEntry(name.text));
            if (peek().isOperator("=") || peek().isOperator("=="))
                next();
            else if (!isBytes)
                return filterError(peek().column, "= is missing behind " + name.text);
            const size_t column = peek().column;
            const std::string text = TRY(value(name));
            if (name.text == "bytes") {
                m_rule.bytes = text;
            } else if (name.text == "hex") {
                const auto bytes = parseHex(text);
                if (!bytes)
                    return filterError(column, "\"" + text + "\" is no hex; write two digits a byte: 48656c");
                m_rule.bytes = *bytes;
            } else if (name.text == "entry") {
                m_rule.entries.push_back(direntOf(text));
            } else if (!m_rule.entries.empty() && isOfEntry(name.text)) {
                TRY(ofEntry(name.text, text, column));
            } else {
                m_rule.values.emplace_back(name.text, text);
            }
        }
        return {};
    }

    static bool isOfEntry(std::string_view name) {
        return name == "type" || name == "inode" || name == "cookie";
    }
    /// Of the entry named last.
    Result<> ofEntry(std::string_view name, const std::string& text, size_t column) {
        MockDirent& entry = m_rule.entries.back();
        if (name == "type") {
            const auto type = parseFiletype(text);
            if (!type) return filterError(column, "\"" + text + "\" is no file type; write directory");
            entry.type = *type;
            return {};
        }
        const auto number = parseValue({{}, HostField::Kind::Number, 0, 8, {}}, text);
        if (!number) return filterError(column, "\"" + text + "\" is no number");
        if (name == "cookie" && *number == 0)
            return filterError(column, "cookie 0 is the beginning of the list; write 1 or more");
        (name == "inode" ? entry.inode : entry.cookie) = *number;
        return {};
    }

    std::string_view m_text;
    std::vector<FilterToken> m_tokens;
    size_t m_at = 0;
    MockRule m_rule;
    bool m_hasAction = false, m_hasNth = false, m_hasRange = false;
};

std::string numberText(double value) {
    std::array<char, 32> text{};
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), end};
}

std::string whichText(const MockRule& rule) {
    std::string text;
    const auto add = [&](const std::string& clause) { text += (text.empty() ? "" : " ") + clause; };
    if (rule.from == rule.to) {
        add("nth " + std::to_string(rule.from));
    } else {
        if (rule.from != 1) add("from " + std::to_string(rule.from));
        if (rule.to != 0) add("to " + std::to_string(rule.to));
    }
    if (rule.every != 1) add("every " + std::to_string(rule.every));
    if (rule.probability != 1) add("probability " + numberText(rule.probability));
    if (rule.seed != 0) add("seed " + std::to_string(rule.seed));
    return text;
}

std::string replyText(const MockRule& rule) {
    std::string text = "reply";
    for (const auto& [name, value] : rule.values) {
        const bool isPlain =
            !value.empty() && value.find_first_of(" \t\r\n()\"'=!<>~\\") == std::string::npos;
        text += " " + name + "=" + (isPlain ? value : quoted(value));
    }
    if (!rule.bytes.empty())
        text += isPrintable(rule.bytes) ? " bytes " + quoted(rule.bytes) : " hex " + hexText(rule.bytes);
    for (const MockDirent& entry : rule.entries) {
        const MockDirent plain = direntOf(nameText(entry));
        text += " entry " + quoted(nameText(entry));
        if (entry.type != plain.type)
            text += " type " + std::string(Abi<Filetype>::kNames[static_cast<size_t>(entry.type)]);
        if (entry.inode) text += " inode " + std::to_string(entry.inode);
        if (entry.cookie) text += " cookie " + std::to_string(entry.cookie);
    }
    return text;
}

std::string answerText(const MockRule& rule) {
    std::string text = rule.delayNs ? "delay " + delayText(rule.delayNs) + " " : "";
    const std::string message = rule.message.empty() ? "" : " " + quoted(rule.message);
    switch (rule.action) {
    case MockAction::Pass: text += "pass"; break;
    case MockAction::Errno: text += "errno " + std::string(Abi<Errno>::kNames[rule.errno_]); break;
    case MockAction::Reply: text += replyText(rule); break;
    case MockAction::Short: text += "short " + std::to_string(rule.count); break;
    case MockAction::Corrupt: text += "corrupt " + std::to_string(rule.count); break;
    case MockAction::Trap: text += "trap" + message; break;
    case MockAction::Stop: text += "stop" + message; break;
    case MockAction::Script: text += "script " + quoted(rule.script); break;
    }
    if (rule.isPolicy) text += " policy";
    if (!rule.note.empty()) text += " note " + quoted(rule.note);
    if (!rule.enabled) text += " off";
    return text;
}

}  // namespace

std::string mockRuleHelp() {
    std::string text =
        "A rule is CALL [CONDITION] [WHICH]… [ANSWER]; the first one that fires decides.\n"
        "CALL is a name or a pattern (fd_*), CONDITION a filter (help calls) of what is known before the "
        "call: "
        "arguments, path, fd, caller, data.\n";
    constexpr std::string_view kTitles[] = {
        "Which of the calls that match, all if nothing is said:", "The answer, one of:", "Besides:"};
    for (const Clause::Part part : {Clause::Which, Clause::Answer, Clause::Besides}) {
        text += std::string(kTitles[part]) + "\n";
        for (const Clause& clause : kClauses) {
            if (clause.part != part) continue;
            std::string left = "  " + std::string(clause.word) + " " + std::string(clause.value);
            left.resize(std::max<size_t>(left.size() + 1, 20), ' ');
            text += left + std::string(clause.help) + "\n";
        }
    }
    return text +
           "In a file for --mock the same words are keys, the condition is \"when\" (mock save writes such "
           "files):\n"
           "  {\"rules\": [{\"call\": \"path_open\", \"when\": \"path ~ \\\"*.cfg\\\"\", \"nth\": 3, "
           "\"errno\": "
           "\"noent\"},\n"
           "             {\"call\": \"fd_read\", \"reply\": {\"bytes\": \"hello\"}, \"delay\": \"5ms\"}]}\n"
           "A script returns a function that answers as such a rule does, or with nothing, and then the host "
           "does:\n"
           "  return function(call) if call.file:glob(\"*.cfg\") then return {errno = \"noent\", delay = "
           "\"5ms\"} end end\n"
           "call has name, k (its number among those that match), file (of its descriptor), data (what is "
           "written),\n"
           "length, and each argument by its name (path, fd). It runs in folders that you trust: wscope "
           "trust FOLDER.\n";
}

MockDirent direntOf(std::string_view name) {
    const bool isDirectory = name.ends_with('/');
    return {std::string(name.substr(0, name.size() - isDirectory)),
            isDirectory ? Filetype::Directory : Filetype::RegularFile};
}

std::string nameText(const MockDirent& entry) {
    return entry.name + (entry.type == Filetype::Directory ? "/" : "");
}

std::optional<Filetype> parseFiletype(std::string_view text) {
    const auto& names = Abi<Filetype>::kNames;
    const auto found = std::find(std::begin(names), std::end(names), text);
    if (found == std::end(names)) return std::nullopt;
    return static_cast<Filetype>(found - std::begin(names));
}

std::optional<std::string> parseHex(std::string_view text) {
    std::string bytes;
    if (text.size() % 2 != 0) return std::nullopt;
    for (size_t i = 0; i < text.size(); i += 2) {
        uint8_t byte = 0;
        const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
        if (error != std::errc() || end != text.data() + i + 2) return std::nullopt;
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

std::string hexText(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        text += kDigits[static_cast<uint8_t>(c) >> 4];
        text += kDigits[static_cast<uint8_t>(c) & 15];
    }
    return text;
}

std::optional<double> parseChance(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value >= 0 && value <= 1 ? std::optional(value) : std::nullopt;
}

std::string delayText(uint64_t ns) {
    constexpr std::pair<uint64_t, std::string_view> kUnits[] = {
        {1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}, {1, "ns"}};
    for (const auto& [factor, unit] : kUnits)
        if (ns >= factor && ns % factor == 0) return std::to_string(ns / factor) + std::string(unit);
    return std::to_string(ns) + "ns";
}

Result<uint64_t> parseDelay(std::string_view text) {
    constexpr std::pair<std::string_view, double> kUnits[] = {{"ns", 1},  {"us", 1e3}, {"ms", 1e6},
                                                              {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
    for (const auto& [unit, factor] : kUnits) {
        if (!text.ends_with(unit)) continue;
        const std::string_view digits = text.substr(0, text.size() - unit.size());
        double value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) continue;
        if (value >= 0 && value * factor <= 86'400e9)
            return static_cast<uint64_t>(std::llround(value * factor));
    }
    return Error{ErrorCode::BadArgument,
                 "\"" + std::string(text) + "\" is no delay; write 500us, 5ms or 2s, at most 24 hours"};
}

std::string MockText::line() const {
    std::string text = call;
    for (const std::string* part : {&when, &which, &answer})
        if (!part->empty()) text += " " + *part;
    return text;
}

MockText toText(const MockRule& rule) { return {rule.call, rule.when, whichText(rule), answerText(rule)}; }

Result<MockRule> parseMock(std::string_view text) {
    MockRule rule = TRY(Parser(text, TRY(filterTokens(text))).rule());
    TRY(checkMock(rule));
    return rule;
}

}  // namespace wasi
