#include "engine/instruction_help.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <span>

#include "engine/base/edit_distance.h"
#include "engine/base/printable.h"

namespace engine {

namespace {

std::string_view trim(std::string_view text) {
    const size_t begin = text.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (true) {
        const size_t end = std::min(text.find(separator), text.size());
        parts.emplace_back(trim(text.substr(0, end)));
        if (end == text.size()) return parts;
        text.remove_prefix(end + 1);
    }
}

/// Takes PREFIX off the text; false if it does not begin so.
bool takePrefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    text = trim(text);
    return true;
}

std::string bytesText(uint32_t bytes) { return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes"); }

std::string typesText(std::string_view letters, bool is64) {
    std::string text;
    for (char letter : letters) {
        static constexpr std::string_view kNames[] = {"i32", "i64", "f32", "f64", "v128"};
        const size_t known = std::string_view("iIfFv").find(letter);
        text += (text.empty() ? "" : " ") + std::string(kNames[letter == 'm' ? (is64 ? 1 : 0) : known]);
    }
    return text;
}

std::string signatureText(std::string_view signature, bool is64) {
    const size_t colon = signature.find(':');
    return "[" + typesText(signature.substr(0, colon), is64) + "] -> [" +
           typesText(signature.substr(colon + 1), is64) + "]";
}

std::string stackText(const OpRow& row) {
    const std::string text = signatureText(row.signature, false);
    if (row.signature.find('m') == std::string_view::npos) return text;
    return text + ", in a 64-bit memory " + signatureText(row.signature, true);
}

Op opNamed(std::string_view name) {
    const auto row =
        std::find_if(kOpRows.begin(), kOpRows.end(), [&](const OpRow& r) { return r.id == name; });
    return row == kOpRows.end() ? findOp(name) : static_cast<Op>(row - kOpRows.begin());
}

/// Reads the texts of the instructions. `m_line` is that of the paragraph at hand, for messages.
class Reader {
public:
    Result<InstructionHelpTable> read(std::string_view texts) {
        std::vector<std::string_view> paragraph;
        size_t number = 0;
        while (!texts.empty()) {
            const size_t end = std::min(texts.find('\n'), texts.size());
            const std::string_view line = trim(texts.substr(0, end));
            texts.remove_prefix(std::min(end + 1, texts.size()));
            number++;
            if (line.starts_with('#')) continue;
            if (!line.empty()) {
                if (paragraph.empty()) m_line = number;
                paragraph.push_back(line);
            }
            if (!paragraph.empty() && (line.empty() || texts.empty())) {
                TRY(take(paragraph));
                paragraph.clear();
            }
        }
        for (uint32_t i = 0; i < kOpCount; i++) {
            if (m_table[i].text.empty()) {
                return Error{ErrorCode::Malformed,
                             "no text says what " + std::string(kOpRows[i].id) + " does"};
            }
        }
        return std::move(m_table);
    }

private:
    using Lines = std::span<const std::string_view>;
    struct Family {
        std::vector<std::string> columns;
        std::vector<std::vector<std::string>> rows;
    };
    /// What the names in braces stand for in one entry: a value, and the row of the family if there is one.
    struct Choice {
        std::string value;
        const Family* family = nullptr;
        const std::vector<std::string>* row = nullptr;
    };
    using Choices = std::map<std::string, Choice, std::less<>>;

    Error wrong(const std::string& what) const {
        return {ErrorCode::Malformed,
                "texts of the instructions, line " + std::to_string(m_line) + ": " + what};
    }

    Result<> take(Lines lines) {
        std::string_view first = lines[0];
        if (takePrefix(first, "standard:")) {
            m_standard = first;
        } else if (takePrefix(first, "table ")) {
            Family family;
            for (std::string_view line : lines.subspan(1))
                family.rows.push_back(split(line, '|'));
            family.columns = split(first, '|');
            for (const auto& row : family.rows) {
                if (row.size() != family.columns.size())
                    return wrong("\"" + row[0] + "\" has not as many columns as its table");
            }
            m_families[family.columns[0]] = std::move(family);
        } else if (takePrefix(first, "let ")) {
            const size_t equals = first.find('=');
            if (equals == std::string_view::npos) return wrong("let NAME = TEXT");
            std::string& phrase = m_phrases[std::string(trim(first.substr(0, equals)))];
            phrase = trim(first.substr(equals + 1));
            for (std::string_view line : lines.subspan(1))
                phrase += " " + std::string(line);
        } else if (takePrefix(first, "=")) {
            return takeEntry(first, lines.subspan(1));
        } else {
            return wrong("neither an entry nor a definition");
        }
        return {};
    }

    Result<> takeEntry(std::string_view header, Lines body) {
        std::vector<Choices> members{{}};
        for (size_t begin = header.find('{'); begin != std::string_view::npos;
             begin = header.find('{', begin + 1)) {
            const size_t end = header.find('}', begin);
            if (end == std::string_view::npos) return wrong("a brace is not closed");
            TRY(choose(members, header.substr(begin + 1, end - begin - 1)));
        }
        for (const Choices& member : members) {
            const std::string name = TRY(filled(header, member, Op::Count, 0));
            const Op op = opNamed(name);
            if (op == Op::Count) return wrong("there is no instruction " + name);
            TRY(takeMember(op, member, body));
        }
        return {};
    }

    /// One of a header's names: "N" all members of the family, "N=i32,i64" those, "N.bits" nothing new.
    Result<> choose(std::vector<Choices>& members, std::string_view name) {
        const size_t equals = std::min(name.find('='), name.size());
        const std::string variable(name.substr(0, equals));
        if (variable.find('.') != std::string::npos || members[0].contains(variable)) return {};
        const auto known = m_families.find(variable);
        const Family* family = known == m_families.end() ? nullptr : &known->second;
        std::vector<Choice> choices;
        if (equals < name.size()) {
            for (std::string& value : split(name.substr(equals + 1), ','))
                choices.push_back({std::move(value), nullptr, nullptr});
        } else if (family) {
            for (const auto& row : family->rows)
                choices.push_back({row[0], nullptr, nullptr});
        }
        if (choices.empty()) return wrong("{" + std::string(name) + "} is no family");
        std::vector<Choices> all;
        for (const Choices& member : members) {
            for (Choice& choice : choices) {
                for (size_t i = 0; family && i < family->rows.size(); i++) {
                    if (family->rows[i][0] == choice.value) choice.row = &family->rows[i];
                }
                choice.family = family;
                all.push_back(member);
                all.back()[variable] = choice;
            }
        }
        members = std::move(all);
        return {};
    }

    Result<> takeMember(Op op, const Choices& member, Lines body) {
        InstructionHelp& help = m_table[static_cast<uint16_t>(op)];
        if (!help.text.empty()) return wrong(std::string(row(op).id) + " has a text already");
        help.standard = m_standard;
        if (row(op).hasFixedSignature()) help.stack = stackText(row(op));
        for (std::string_view line : body) {
            const bool isStack = takePrefix(line, "stack:"), isTrap = takePrefix(line, "trap:");
            const std::string text = TRY(filled(line, member, op, 0));
            if (isStack) {
                if (!help.stack.empty()) return wrong("the row of opcodes.def says the stack effect");
                help.stack = text;
            } else if (isTrap) {
                help.traps.push_back(TRY(trapCase(text)));
            } else {
                help.text += (help.text.empty() ? "" : " ") + text;
            }
        }
        if (help.text.empty() || help.stack.empty()) return wrong("an entry has a text and a stack effect");
        return {};
    }

    Result<InstructionHelp::TrapCase> trapCase(std::string_view text) const {
        InstructionHelp::TrapCase found;
        size_t length = 0;
        for (TrapKind kind = TrapKind::Unreachable; kind <= TrapKind::Host;
             kind = static_cast<TrapKind>(static_cast<uint8_t>(kind) + 1)) {
            const std::string name = toText(kind);
            if (text.starts_with(name + " ") && name.size() > length) {
                found = {kind, std::string(trim(text.substr(name.size())))};
                length = name.size();
            }
        }
        if (found.kind == TrapKind::None)
            return wrong("\"" + std::string(text) + "\" does not begin with a trap and a condition");
        return found;
    }

    /// The text with all names in braces replaced.
    Result<std::string> filled(std::string_view text, const Choices& member, Op op, int depth) const {
        if (depth > 4) return wrong("a phrase contains itself");
        std::string out;
        while (true) {
            const size_t begin = std::min(text.find('{'), text.size());
            out += text.substr(0, begin);
            if (begin == text.size()) return out;
            const size_t end = text.find('}', begin);
            if (end == std::string_view::npos) return wrong("a brace is not closed");
            const std::string_view name = text.substr(begin + 1, end - begin - 1);
            text.remove_prefix(end + 1);
            const auto phrase = m_phrases.find(name);
            if (const auto value = valueOf(name, member, op))
                out += *value;
            else if (phrase != m_phrases.end())
                out += TRY(filled(phrase->second, member, op, depth + 1));
            else
                return wrong("{" + std::string(name) + "} stands for nothing");
        }
    }

    static std::optional<std::string> valueOf(std::string_view name, const Choices& member, Op op) {
        name = name.substr(0, name.find('='));
        const size_t dot = std::min(name.find('.'), name.size());
        const auto choice = member.find(name.substr(0, dot));
        if (choice != member.end()) {
            if (dot == name.size()) return choice->second.value;
            if (!choice->second.row) return std::nullopt;
            const auto& columns = choice->second.family->columns;
            const auto column = std::find(columns.begin(), columns.end(), name.substr(dot + 1));
            if (column == columns.end()) return std::nullopt;
            return (*choice->second.row)[static_cast<size_t>(column - columns.begin())];
        }
        if (name == "bytes" && op != Op::Count && accessBytes(op) > 0) return bytesText(accessBytes(op));
        return std::nullopt;
    }

    InstructionHelpTable m_table;
    std::map<std::string, Family, std::less<>> m_families;
    std::map<std::string, std::string, std::less<>> m_phrases;
    std::string m_standard;
    size_t m_line = 0;
};

}  // namespace

std::string_view InstructionHelp::summary() const {
    const size_t end = text.find(". ");
    return std::string_view(text).substr(0, end == std::string::npos ? text.size() : end + 1);
}

Result<InstructionHelpTable> parseInstructionTexts(std::string_view texts) { return Reader().read(texts); }

const InstructionHelp& helpOf(Op op) {
    static const InstructionHelpTable table = parseInstructionTexts(instructionTexts()).value();
    CHECK(op < Op::Count);
    return table[static_cast<uint16_t>(op)];
}

// ------------------------------------------------------------------------------------------------------------------ names

namespace {

std::string nearNames(std::string_view name) {
    std::vector<std::pair<size_t, std::string_view>> near;
    for (const OpRow& row : kOpRows) {
        const bool isPart = name.size() > 2 && row.text.find(name) != std::string_view::npos;
        const size_t distance = editDistance(name, row.text);
        if (isPart || distance <= 1 + name.size() / 4) near.emplace_back(isPart ? 0 : distance, row.text);
    }
    std::stable_sort(near.begin(), near.end(), [](auto& a, auto& b) { return a.first < b.first; });
    near.erase(std::unique(near.begin(), near.end()), near.end());
    std::string text;
    for (size_t i = 0; i < near.size() && i < 6; i++)
        text += (i == 0 ? "" : ", ") + std::string(near[i].second);
    return text;
}

/// "0x6a", "0xfd0e", "0xfd10e", "0xfd 0x0e".
std::optional<Op> opOfCode(std::string_view text) {
    if (!text.starts_with("0x") && !text.starts_with("0X")) return std::nullopt;
    const auto number = [](std::string_view digits) -> std::optional<uint32_t> {
        if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
        uint32_t value = 0;
        const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (digits.empty() || end.ec != std::errc() || end.ptr != digits.data() + digits.size())
            return std::nullopt;
        return value;
    };
    const size_t length = std::min(text.find(' '), text.size());
    const bool hasPrefix = text.size() > 4 && length >= 4;
    const auto first = number(text.substr(0, hasPrefix ? 4 : length));
    const auto second = hasPrefix ? number(trim(text.substr(4))) : std::optional<uint32_t>(0);
    if (!first || !second) return Op::Count;
    return hasPrefix ? findOp(static_cast<uint8_t>(*first), *second) : findOp(0, *first);
}

}  // namespace

Result<std::vector<Op>> findInstructions(std::string_view name) {
    name = trim(name);
    constexpr size_t kMostCharacters = 64;
    const Op op = opOfCode(name).value_or(opNamed(name));
    if (op == Op::Count) {
        const std::string near = name.size() > kMostCharacters ? "" : nearNames(name);
        return Error{ErrorCode::NotFound, "there is no instruction \"" +
                                              printable(name.substr(0, kMostCharacters)) + "\"" +
                                              (near.empty() ? "" : "; near are: " + near)};
    }
    if (row(op).text != name) return std::vector<Op>{op};
    std::vector<Op> ops;
    for (uint32_t i = 0; i < kOpCount; i++) {
        if (kOpRows[i].text == name) ops.push_back(static_cast<Op>(i));
    }
    return ops;
}

}  // namespace engine
