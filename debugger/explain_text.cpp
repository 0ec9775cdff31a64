// Explanations that do not depend on the operand stack, calls to the host, and all of them as lines for a terminal.

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "debugger/call_list.h"
#include "debugger/explain.h"
#include "engine/instruction_help.h"
#include "wasi/host_function.h"

namespace debugger {

namespace {

std::string codeText(const engine::OpRow& row) {
    char text[24];
    if (row.prefix == 0)
        snprintf(text, sizeof text, "0x%02x", row.code);
    else
        snprintf(text, sizeof text, "0x%02x 0x%02x", row.prefix, row.code);
    return text;
}

/// Words in lines of at most 100 columns.
void addWrapped(std::vector<std::string>& lines, std::string_view text, const std::string& indent) {
    std::string line;
    while (!text.empty()) {
        const size_t end = std::min(text.find(' '), text.size());
        if (!line.empty() && indent.size() + line.size() + 1 + end > 100)
            lines.push_back(indent + std::exchange(line, {}));
        line += (line.empty() ? "" : " ") + std::string(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (!line.empty()) lines.push_back(indent + line);
}

void addBytes(const engine::LinearMemory& memory, uint64_t address, uint64_t length,
              wasi::SyscallRecord& record) {
    if (address == 0 || address >= memory.size()) return;
    const auto bytes = memory.bytes().subspan(address, std::min(length, memory.size() - address));
    wasi::MemoryAccess access;
    access.address = static_cast<uint32_t>(address);
    access.bytes.assign(bytes.begin(), bytes.end());
    access.length = bytes.size();
    record.accesses.push_back(std::move(access));
}

/// The bytes of memory that a call is likely to read: for arrays of buffers, what pairs of pointer and length point at, and what the
/// arguments themselves point at. The exact ones stand first, for the first that fits is shown.
void addPointedAt(const engine::LinearMemory& memory, std::span<const engine::Value> arguments,
                  wasi::SyscallRecord& record) {
    constexpr uint64_t kBytes = 1024, kPairs = 8;
    for (const engine::Value& argument : arguments) {
        for (uint64_t i = 0; i < kPairs && memory.contains(argument.low + 8 * i, 8); i++) {
            uint32_t pair[2];
            std::memcpy(pair, memory.base() + argument.low + 8 * i, sizeof pair);
            addBytes(memory, pair[0], std::min<uint64_t>(pair[1], kBytes), record);
        }
    }
    for (const engine::Value& argument : arguments)
        addBytes(memory, argument.low, kBytes, record);
}

}  // namespace

InstructionText instructionText(engine::Op op) {
    const engine::OpRow& row = engine::row(op);
    const engine::InstructionHelp& help = engine::helpOf(op);
    InstructionText text{std::string(row.text),
                         codeText(row),
                         help.text,
                         help.stack,
                         help.standard,
                         std::string(toText(row.feature)),
                         {}};
    for (const auto& trap : help.traps)
        text.traps.push_back(toText(trap.kind) + " " + trap.when);
    return text;
}

nlohmann::ordered_json toJson(const InstructionText& text) {
    return {{"name", text.name},        {"code", text.code},   {"text", text.text},
            {"stack", text.stack},      {"traps", text.traps}, {"feature", text.feature},
            {"standard", text.standard}};
}

std::vector<std::string> textLines(const InstructionText& text) {
    std::vector<std::string> lines{text.name + "  " + text.stack};
    addWrapped(lines, text.text, "");
    for (const std::string& trap : text.traps)
        addWrapped(lines, "trap: " + trap, "");
    lines.push_back("code: " + text.code + ", feature: " + text.feature + ", standard: " + text.standard);
    return lines;
}

std::vector<std::string> textLines(const Explanation& explanation) {
    std::vector<std::string> lines;
    if (explanation.isNext) {
        lines.push_back(hexText(explanation.offset) + "  " + explanation.instruction + "  " +
                        explanation.typing);
        addWrapped(lines, explanation.effect, "");
        for (const std::string& note : explanation.notes)
            addWrapped(lines, note, "");
        for (const CallValue& argument : explanation.arguments)
            lines.push_back("  " + argument.name + " = " + argument.text);
        lines.emplace_back();
    }
    for (std::string& line : textLines(explanation.general))
        lines.push_back(std::move(line));
    return lines;
}

void explainHostCall(Debuggee& debuggee, std::string_view function, std::span<const engine::Value> values,
                     Explanation& explanation) {
    const int index = wasi::findHostFunction(function);
    if (index < 0) return;
    const wasi::HostFunction& row = wasi::allHostFunctions()[static_cast<size_t>(index)];
    explanation.notes.push_back(std::string(row.name) + ": " + std::string(row.summary));
    wasi::SyscallRecord record;
    record.function = static_cast<uint16_t>(index);
    if (values.size() > record.arguments.size()) return;
    record.argumentCount = static_cast<uint8_t>(values.size());
    const engine::LinearMemory* memory = debuggee.memory(0);
    for (size_t i = 0; i < values.size(); i++)
        record.arguments[i] = values[i].low;
    if (memory) addPointedAt(*memory, values, record);
    for (const wasi::OpenFile& file : debuggee.host().openFiles()) {
        if (!values.empty() && file.fd == values[0].low) record.subject = file.guestPath;
    }
    for (const wasi::ShownValue& argument : wasi::show(record).arguments)
        explanation.arguments.push_back(toCallValue(argument));
}

}  // namespace debugger
