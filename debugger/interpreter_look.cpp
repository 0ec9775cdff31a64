// The prompt's verbs that look at values and memory.

#include <algorithm>
#include <cctype>
#include <cstring>

#include "debugger/explain.h"
#include "debugger/interpreter.h"
#include "engine/instruction_help.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

Result<> CommandInterpreter::Impl::locals(std::string_view) {
    TRY(needStopped());
    const std::vector<VariableNode> nodes = TRY(client.call(GetVariables{frame, false}));
    answer["variables"] = Json::array();
    if (nodes.empty()) line("No variables here; wlocals shows the WebAssembly locals.");
    for (const VariableNode& node : nodes) {
        answer["variables"].push_back(toJson(node));
        line(node.name + " = " + node.value);
    }
    return {};
}

Result<> CommandInterpreter::Impl::evaluate(std::string_view expression) {
    if (expression.empty()) return Error{ErrorCode::BadArgument, "print what? print EXPR"};
    // /x and the like are the expression's own suffix ",x".
    const std::string text = std::string(expression) + (format.empty() ? "" : "," + format);
    const VariableNode node = TRY(client.call(Evaluate{frame, text}));
    answer["value"] = toJson(node);
    line(std::string(expression) + " = " + node.value);
    if (!node.available) return {};
    // Members of a big value are shown one a line, as one line would be cut; those of a vector are its shapes.
    const bool isCut = node.value.size() >= 100 && node.value.find("\xe2\x80\xa6") != std::string::npos;
    if (node.handle == 0 || (!isCut && node.type != "v128")) return {};
    const auto members = client.call(GetChildren{node.handle, 0, 50});
    if (!members) return {};
    for (const VariableNode& member : *members)
        line("    " + member.name + " = " + member.value);
    if (node.childCount > members->size())
        line("    … " + std::to_string(node.childCount - members->size()) + " more");
    return {};
}

Result<> CommandInterpreter::Impl::typeOf(std::string_view expression) {
    if (expression.empty()) return Error{ErrorCode::BadArgument, "ptype what? ptype EXPR or ptype TYPE"};
    const std::string text = TRY(client.call(GetType{frame, std::string(expression)}));
    answer["type"] = text;
    std::string_view rest = text;
    for (std::string lead = "type = "; !rest.empty(); lead.clear()) {
        const size_t end = std::min(rest.find('\n'), rest.size());
        line(lead.append(rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return {};
}

Result<> CommandInterpreter::Impl::assign(std::string_view text) {
    if (text.starts_with("var ")) text = trimmed(text.substr(4));
    // The first = that is not part of ==, <=, >=, !=.
    size_t at = std::string_view::npos;
    for (size_t i = 0; i < text.size() && at == std::string_view::npos; i++) {
        if (text[i] != '=') continue;
        const bool isComparison =
            (i + 1 < text.size() && text[i + 1] == '=') || (i > 0 && std::strchr("=<>!", text[i - 1]));
        if (!isComparison) at = i;
    }
    if (at == std::string_view::npos) return Error{ErrorCode::BadArgument, "use: set EXPR = EXPR"};
    TRY(needStopped());
    const std::string left(trimmed(text.substr(0, at)));
    const VariableNode node =
        TRY(client.call(Assign{frame, left, std::string(trimmed(text.substr(at + 1)))}));
    answer["value"] = toJson(node);
    line(left + " = " + node.value);
    return {};
}

Result<> CommandInterpreter::Impl::display(std::string_view expression) {
    if (expression.empty()) {
        showDisplays();
        return {};
    }
    displays[nextDisplay] = std::string(expression) + (format.empty() ? "" : "," + format);
    const std::string shown = displays[nextDisplay];
    line(std::to_string(nextDisplay++) + ": " + shown + [&]() -> std::string {
        if (state() != SessionState::Stopped) return "";
        const auto value = client.call(Evaluate{frame, shown});
        return " = " + (value ? value->value : "<" + value.error().message + ">");
    }());
    return {};
}

Result<> CommandInterpreter::Impl::undisplay(std::string_view number) {
    if (number.empty()) {
        displays.clear();
        return {};
    }
    const uint64_t id = TRY(parseNumber(number));
    if (id > ~uint32_t{0} || displays.erase(static_cast<uint32_t>(id)) == 0)
        return Error{ErrorCode::NotFound, "there is no display " + std::string(number)};
    return {};
}

// ----------------------------------------------------------------------------------------------------------------- memory

/// An address: a number, or an expression whose value is a number or a pointer, or that has an address (arrays, structs).
Result<uint64_t> CommandInterpreter::Impl::addressOf(std::string_view expression) {
    if (const auto number = parseNumber(expression)) return *number;
    const VariableNode node = TRY(client.call(Evaluate{frame, std::string(expression)}));
    const std::string_view value = std::string_view(node.value).substr(0, node.value.find_first_of(" ,"));
    if (const auto number = parseNumber(value)) return *number;
    if (node.address) return *node.address;
    return Error{ErrorCode::BadArgument,
                 "\"" + printable(expression) + "\" has no address: its value is " + node.value};
}

namespace {

struct MemoryFormat {
    uint64_t count = 1;
    char letter = 'x';
    uint32_t size = 4;
};

Result<MemoryFormat> parseFormat(std::string_view text) {
    MemoryFormat format;
    size_t digits = 0;
    while (digits < text.size() && std::isdigit(static_cast<unsigned char>(text[digits])))
        digits++;
    if (digits > 0) format.count = TRY(parseNumber(text.substr(0, digits)));
    bool hasSize = false;
    for (char c : text.substr(digits)) {
        if (std::strchr("xduocsif", c))
            format.letter = c;
        else if (c == 'b' || c == 'h' || c == 'w' || c == 'g')
            format.size = c == 'b' ? 1 : c == 'h' ? 2 : c == 'w' ? 4 : 8, hasSize = true;
        else
            return Error{ErrorCode::BadArgument,
                         "\"" + printable(text) +
                             "\" is not a format: COUNT, then x d u o c s i or f, then b h w or g"};
    }
    if (!hasSize && (format.letter == 'c' || format.letter == 's')) format.size = 1;
    if (!hasSize && format.letter == 'f') format.size = 8;
    if (format.count == 0 || format.count > 100'000)
        return Error{ErrorCode::BadArgument, "the count must be from 1 to 100000"};
    return format;
}

std::string cellText(const char* bytes, const MemoryFormat& format) {
    uint64_t bits = 0;
    std::memcpy(&bits, bytes, format.size);
    const unsigned unused = 64 - 8 * format.size;
    const auto number = static_cast<int64_t>(bits << unused) >> unused;
    char text[40];
    switch (format.letter) {
    case 'd': return std::to_string(number);
    case 'u': return std::to_string(bits);
    case 'o': snprintf(text, sizeof text, "0%llo", static_cast<unsigned long long>(bits)); return text;
    case 'c': return std::to_string(number) + " '" + printable(std::string(1, static_cast<char>(bits))) + "'";
    case 'f':
        if (format.size == 4) {
            float value = 0;
            std::memcpy(&value, bytes, 4);
            snprintf(text, sizeof text, "%.9g", static_cast<double>(value));
        } else {
            double value = 0;
            std::memcpy(&value, bytes, 8);
            snprintf(text, sizeof text, "%.17g", value);
        }
        return text;
    default:
        snprintf(text, sizeof text, "0x%0*llx", static_cast<int>(2 * format.size),
                 static_cast<unsigned long long>(bits));
        return text;
    }
}

}  // namespace

Result<> CommandInterpreter::Impl::memory(std::string_view expression) {
    const MemoryFormat wanted = TRY(parseFormat(format));
    uint64_t address = nextMemory;
    if (!expression.empty()) address = TRY(addressOf(expression));
    if (wanted.letter == 'i') {
        const std::vector<DisassemblyRow> rows =
            TRY(client.call(Disassemble { .function = {}, .offset = TRY(asCodeOffset(address)) }));
        uint64_t left = wanted.count;
        for (const DisassemblyRow& row : rows) {
            if (row.offset < address || left == 0) continue;
            line(hexText(row.offset) + "\t" + row.text);
            nextMemory = row.offset + row.size;
            left--;
        }
        return {};
    }
    if (wanted.letter == 's') {
        for (uint64_t i = 0; i < wanted.count; i++) {
            const MemoryBytes read = TRY(client.call(ReadMemory{0, address, 4096}));
            if (read.bytes.empty())
                return Error{ErrorCode::NotFound, hexText(address) + " is outside memory, which has " +
                                                      std::to_string(read.memoryBytes) + " bytes"};
            const size_t zero = read.bytes.find('\0');
            const bool ends = zero != std::string::npos;
            const bool isCut = !ends && address + read.bytes.size() < read.memoryBytes;
            const std::string text = read.bytes.substr(0, zero);
            line(hexText(address) + ": \"" + printable(text) + (isCut ? "\"…" : "\""));
            address += text.size() + (ends ? 1 : 0);
        }
        nextMemory = address;
        return {};
    }
    const uint64_t length = wanted.count * wanted.size;
    const MemoryBytes read = TRY(client.call(ReadMemory{0, address, length}));
    if (read.bytes.size() < length && read.bytes.size() < wanted.size) {
        return Error{ErrorCode::NotFound, hexText(address) + " is outside memory, which has " +
                                              std::to_string(read.memoryBytes) + " bytes"};
    }
    answer["address"] = address;
    answer["cells"] = Json::array();
    const uint64_t perLine = wanted.letter == 'c' || wanted.size == 1 ? 8
                             : wanted.size == 2                       ? 8
                             : wanted.size == 4                       ? 4
                                                                      : 2;
    std::string row;
    for (uint64_t i = 0; (i + 1) * wanted.size <= read.bytes.size(); i++) {
        if (i % perLine == 0) {
            if (!row.empty()) line(std::exchange(row, {}));
            row = hexText(address + i * wanted.size) + ":";
        }
        const std::string cell = cellText(read.bytes.data() + i * wanted.size, wanted);
        row += "  " + cell;
        answer["cells"].push_back(cell);
    }
    if (!row.empty()) line(row);
    nextMemory = address + read.bytes.size();
    if (read.bytes.size() < length) line("(memory ends at " + hexText(read.memoryBytes) + ")");
    return {};
}

// ------------------------------------------------------------------------------------------------------------ wasm values

namespace {

std::string valueText(const WasmValue& value) {
    std::string text = "[" + std::to_string(value.index) + "] ";
    if (!value.name.empty()) text += value.name + " ";
    return text + value.type + " " + value.value +
           (value.hex.empty() || value.hex == value.value ? "" : " (" + value.hex + ")");
}

/// A line, and one more for each shape of a vector.
std::vector<std::string> valueLines(const WasmValue& value) {
    std::vector<std::string> lines = {valueText(value)};
    for (const Lanes& lanes : value.lanes)
        if (!lanes.isUnsigned()) lines.push_back("    " + lanes.text());
    return lines;
}

nlohmann::ordered_json valuesJson(const std::vector<WasmValue>& values) {
    auto json = nlohmann::ordered_json::array();
    for (const WasmValue& value : values) {
        json.push_back({{"index", value.index},
                        {"name", value.name},
                        {"type", value.type},
                        {"value", value.value},
                        {"hex", value.hex}});
        for (const Lanes& lanes : value.lanes)
            json.back()["lanes"][lanes.shape] = lanes.values;
    }
    return json;
}

}  // namespace

namespace {

nlohmann::ordered_json toJson(const Explanation& explanation) {
    nlohmann::ordered_json json = {{"offset", explanation.offset},
                                   {"instruction", explanation.instruction},
                                   {"general", toJson(explanation.general)}};
    if (!explanation.isNext) return json;
    json["typing"] = explanation.typing;
    json["operands"] = valuesJson(explanation.operands);
    json["effect"] = explanation.effect;
    json["willTrap"] = explanation.willTrap;
    json["results"] = valuesJson(explanation.results);
    json["notes"] = explanation.notes;
    for (const CallValue& argument : explanation.arguments)
        json["arguments"].push_back(
            {{"name", argument.name}, {"type", argument.type}, {"text", argument.text}});
    return json;
}

}  // namespace

void CommandInterpreter::Impl::showWasmValues(const std::vector<WasmValue>& values) {
    for (const WasmValue& value : values)
        for (const std::string& text : valueLines(value))
            line(text);
}

Result<> CommandInterpreter::Impl::operandStack(std::string_view) {
    TRY(needStopped());
    const OperandStack stack = TRY(client.call(GetOperandStack{frame}));
    answer["operands"] = valuesJson(stack.operands);
    answer["next"] = stack.nextText;
    answer["signature"] = stack.nextSignature;
    answer["labels"] = stack.labels;
    if (stack.operands.empty()) line("The operand stack is empty.");
    showWasmValues(stack.operands);
    line("next: " + stack.nextText + "  " + stack.nextSignature);
    std::string labels;
    for (const std::string& label : stack.labels)
        labels += (labels.empty() ? "" : ", ") + label;
    line("inside: " + labels);
    return {};
}

Result<> CommandInterpreter::Impl::explain(std::string_view what) {
    if (!what.empty() && !what.starts_with('*')) {
        answer["instructions"] = Json::array();
        for (engine::Op op : TRY(engine::findInstructions(what))) {
            const InstructionText text = instructionText(op);
            answer["instructions"].push_back(toJson(text));
            for (const std::string& row : textLines(text))
                line(row);
        }
        return {};
    }
    Explain request{frame, {}};
    if (what.empty())
        TRY(needStopped());
    else
        request.offset = TRY(parseOffset(what));
    const Explanation explanation = TRY(client.call(request));
    answer["explanation"] = toJson(explanation);
    for (const std::string& row : textLines(explanation))
        line(row);
    return {};
}

Result<> CommandInterpreter::Impl::wasmLocals(std::string_view) {
    TRY(needStopped());
    const std::vector<WasmValue> values = TRY(client.call(GetWasmLocals{frame}));
    answer["locals"] = valuesJson(values);
    if (values.empty()) line("The function has no locals.");
    showWasmValues(values);
    return {};
}

Result<> CommandInterpreter::Impl::globals(std::string_view arguments) {
    if (arguments == "-s") {
        const std::vector<VariableNode> nodes = TRY(client.call(GetVariables{frame, true}));
        answer["variables"] = Json::array();
        for (const VariableNode& node : nodes) {
            if (node.group != "Globals") continue;
            answer["variables"].push_back(toJson(node));
            line(node.name + " = " + node.value);
        }
        return {};
    }
    const std::vector<WasmValue> values = TRY(client.call(GetWasmGlobals{}));
    answer["globals"] = valuesJson(values);
    if (values.empty()) line("The module has no globals.");
    showWasmValues(values);
    return {};
}

}  // namespace debugger
