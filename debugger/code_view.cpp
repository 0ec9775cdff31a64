#include "debugger/code_view.h"

#include <algorithm>

#include "debugger/debuggee.h"
#include "debugger/md5.h"
#include "engine/function_walker.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

std::string bytesText(std::span<const uint8_t> bytes) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string text;
    for (size_t i = 0; i < bytes.size() && i < 32; i++) {
        if (i > 0) text += ' ';
        text += {kHex[bytes[i] >> 4], kHex[bytes[i] & 15]};
    }
    if (bytes.size() > 32) text += " …";
    return text;
}

void addMachineCode(std::vector<DisassemblyRow>& rows, const engine::MachineCode& code) {
    if (rows.empty()) return;
    bool isBefore = true;
    for (const engine::MachineLine& line : code.lines) {
        const bool isNone = line.instruction >= rows.size();
        isBefore = isBefore && isNone;
        DisassemblyRow& row = isBefore ? rows.front() : isNone ? rows.back() : rows[line.instruction];
        row.machine.push_back({line.offset, bytesText(line.bytes), printable(line.text), line.note});
    }
    if (rows.front().machine.empty() || code.registers.empty()) return;
    std::string& note = rows.front().machine.front().note;
    note += (note.empty() ? "" : "; ") + code.registers;
}

}  // namespace

void CodeView::attach(Places* places, SourceFinder* sources, int64_t moduleModifiedNs) {
    m_places = places;
    m_sources = sources;
    m_moduleModifiedNs = moduleModifiedNs;
}

Result<std::vector<DisassemblyRow>> CodeView::disassemble(
    const Disassemble& request, std::optional<uint32_t> current,
    const std::function<Result<engine::MachineCode>(engine::FuncIdx)>& machineCode) {
    if (!m_places) return Error{ErrorCode::State, "no program is loaded"};
    const engine::Module& module = m_places->module();
    std::optional<engine::FuncIdx> function;
    if (request.function) {
        if (*request.function >= module.functions.size()) {
            return Error{ErrorCode::NotFound, "there is no function " + std::to_string(*request.function)};
        }
        function = engine::FuncIdx(*request.function);
        if (module.functions[function->value].import) {
            return Error{ErrorCode::NotFound,
                         "function " + std::to_string(*request.function) + " is imported: it has no code"};
        }
    } else {
        function = module.functionAt(request.offset);
        if (!function)
            return Error{ErrorCode::NotFound, hexText(request.offset) + " is not in a function's code"};
    }
    std::vector<DisassemblyRow> rows;
    SourcePlace shown;
    for (const engine::DisassemblyLine& line : m_places->instructions(*function)) {
        DisassemblyRow row;
        row.offset = line.offset;
        row.size = line.size;
        row.depth = line.depth;
        row.text = line.text;
        row.bytes = bytesText(module.view({line.offset, line.offset + line.size}));
        row.isCurrent = current == line.offset;
        const auto source = m_places->symbols().rowAt(line.offset);
        if (source && source->place.line != 0 &&
            (source->place.file != shown.file || source->place.line != shown.line)) {
            shown = source->place;
            row.file = m_places->filePath(shown.file);
            row.line = shown.line;
        }
        rows.push_back(std::move(row));
    }
    if (request.machine) addMachineCode(rows, TRY(machineCode(*function)));
    return rows;
}

std::vector<SourceFileInfo> CodeView::sources() {
    std::vector<SourceFileInfo> rows;
    if (!m_places) return rows;
    for (const SourceFile& file : m_places->symbols().files())
        rows.push_back({file.path, m_sources->resolve(file.path)});
    return rows;
}

Result<SourceText> CodeView::source(const std::string& path) {
    if (!m_places) return Error{ErrorCode::State, "no program is loaded"};
    Symbols& symbols = m_places->symbols();
    const auto& files = symbols.files();
    std::optional<FileId> id;
    for (FileId i = 0; i < files.size() && !id; i++) {
        if (files[i].path == path) id = i;
    }
    // Only what the debug info names is opened, not what a front end makes up.
    if (!id)
        return Error{ErrorCode::NotFound, "the debug info names no source file \"" + printable(path) + "\""};
    const SourceFinder::Text found = TRY(m_sources->read(path));
    SourceText text;
    text.path = path;
    text.resolvedPath = found.resolvedPath;
    text.text = toUtf8(found.bytes);
    text.linesWithCode = symbols.linesWithCode(*id);
    const std::vector<uint8_t>& expected = files[*id].md5;
    const bool hasSum = expected.size() == 16 &&
                        std::any_of(expected.begin(), expected.end(), [](uint8_t b) { return b != 0; });
    if (found.isCut) {
        text.warning = "the source is cut at 32 MiB";
    } else if (hasSum) {
        const auto sum = md5({reinterpret_cast<const uint8_t*>(found.bytes.data()), found.bytes.size()});
        if (!std::equal(sum.begin(), sum.end(), expected.begin())) {
            text.warning =
                "the source differs from the one that the program was built from: lines may be off";
        }
    } else if (m_moduleModifiedNs != 0 && found.modifiedNs > m_moduleModifiedNs + int64_t{2'000'000'000}) {
        text.warning = "the source is newer than the program: lines may be off";
    }
    const auto lines = static_cast<uint64_t>(std::count(text.text.begin(), text.text.end(), '\n')) + 1;
    if (text.warning.empty() && !text.linesWithCode.empty() && text.linesWithCode.back() > lines) {
        text.warning = "the source has " + std::to_string(lines) + " lines, the program has code of line " +
                       std::to_string(text.linesWithCode.back()) + ": it is another version";
    }
    return text;
}

// ---------------------------------------------------------------------------------------------------------- operand stack

namespace {

std::vector<std::string> typeTexts(std::span<const engine::ValType> types) {
    std::vector<std::string> texts;
    for (engine::ValType type : types)
        texts.push_back(type == engine::kBottom ? "?" : toText(type));
    return texts;
}

std::string inBrackets(const std::vector<std::string>& types) {
    std::string text;
    for (const std::string& type : types)
        text += (text.empty() ? "" : " ") + type;
    return "[" + text + "]";
}

/// What one instruction takes and leaves, seen from the validator's stack before and after it.
class EffectSink final : public engine::InstructionSink {
public:
    EffectSink(OperandStack& stack, uint32_t offset) : m_stack(stack), m_offset(offset) {}

    void onInstruction(const engine::Instruction& instruction,
                       const engine::FunctionWalker& walker) override {
        if (instruction.offset != m_offset) return;
        m_before.assign(walker.operands().begin(), walker.operands().end());
        for (uint32_t i = 0; i < walker.labels(); i++) {
            const engine::ControlFrame& label = walker.label(i);
            m_stack.labels.push_back(i + 1 == walker.labels() ? "function"
                                                              : std::string(engine::row(label.op).text) +
                                                                    " @" + hexText(label.beginOffset));
        }
        m_takes = engine::operandsTaken(instruction, walker);
    }

    void afterInstruction(const engine::Instruction& instruction,
                          const engine::FunctionWalker& walker) override {
        if (instruction.offset != m_offset) return;
        const auto after = walker.operands();
        const size_t kept = m_before.size() - std::min<size_t>(m_takes, m_before.size());
        const std::span<const engine::ValType> taken = std::span(m_before).subspan(kept);
        const bool goesOn = walker.reachable() && after.size() >= kept;
        m_stack.takes = static_cast<uint32_t>(taken.size());
        if (goesOn) m_stack.leaves = typeTexts(after.subspan(kept));
        m_stack.nextSignature = inBrackets(typeTexts(taken)) + " -> " + inBrackets(m_stack.leaves);
    }

private:
    OperandStack& m_stack;
    uint32_t m_offset, m_takes = 0;
    std::vector<engine::ValType> m_before;
};

}  // namespace

void CodeView::describeNext(OperandStack& stack, engine::FuncIdx function, uint32_t offset) const {
    if (const engine::DisassemblyLine* line = m_places->instruction(offset)) stack.nextText = line->text;
    EffectSink sink(stack, offset);
    engine::FunctionWalker walker(m_places->module());
    (void)walker.walk(function, &sink);  // the module is valid
}

// ----------------------------------------------------------------------------------------------------------------- module

namespace {

ModuleEntry entry(std::string kind, uint32_t index, std::string name, std::string type) {
    ModuleEntry row;
    row.kind = std::move(kind);
    row.index = index;
    row.name = printable(name);
    row.type = std::move(type);
    return row;
}

std::string limitsText(const engine::Limits& limits, const char* unit) {
    std::string text = std::to_string(limits.min);
    if (limits.max) text += " to " + std::to_string(*limits.max);
    return text + " " + unit + (limits.is64 ? ", 64-bit" : "");
}

std::string importedFrom(const engine::Module& module, const std::optional<uint32_t>& import) {
    if (!import) return {};
    return "imported from " + printable(module.imports[*import].module) + "." +
           printable(module.imports[*import].name);
}

std::string externType(const engine::Module& module, engine::ExternKind kind, uint32_t index) {
    const std::string word(toText(kind));
    switch (kind) {
    case engine::ExternKind::Func: return word + " " + toText(module.typeOf(engine::FuncIdx(index)));
    case engine::ExternKind::Memory:
        return word + " " + limitsText(module.memories[index].type.limits, "pages");
    case engine::ExternKind::Global: return word + " " + toText(module.globals[index].type.type);
    default: return word;
    }
}

void addStructure(const engine::Module& module, std::vector<ModuleEntry>& rows, const auto& wants) {
    for (uint32_t i = 0; i < module.sections.size(); i++) {
        const engine::Section& section = module.sections[i];
        const char* kind = section.id == 0 ? "custom" : "section";
        if (!wants(kind)) continue;
        ModuleEntry row = entry(kind, i, section.name, "");
        if (section.id != 0 && section.count > 0)
            row.detail = std::to_string(section.count) + (section.count == 1 ? " entry" : " entries");
        row.offset = section.whole.begin;
        row.size = section.payload.size();
        rows.push_back(std::move(row));
    }
    for (uint32_t i = 0; wants("import") && i < module.imports.size(); i++) {
        const engine::Import& import = module.imports[i];
        rows.push_back(entry("import", i, import.module + "." + import.name,
                             externType(module, import.kind, import.index)));
        rows.back().offset = import.offset;
    }
    for (uint32_t i = 0; wants("export") && i < module.exports.size(); i++) {
        const engine::Export& e = module.exports[i];
        rows.push_back(entry("export", i, e.name, externType(module, e.kind, e.index)));
        rows.back().offset = e.offset;
        rows.back().detail = std::string(toText(e.kind)) + " " + std::to_string(e.index);
    }
}

}  // namespace

std::vector<ModuleEntry> moduleEntries(const engine::Module& module, const std::string& kind) {
    const auto wants = [&](std::string_view k) { return kind.empty() || kind == k; };
    std::vector<ModuleEntry> rows;
    addStructure(module, rows, wants);
    for (uint32_t i = 0; wants("function") && i < module.functions.size(); i++) {
        const engine::Function& f = module.functions[i];
        rows.push_back(entry("function", i, module.functionName(engine::FuncIdx(i)),
                             toText(module.typeOf(engine::FuncIdx(i)))));
        rows.back().detail = importedFrom(module, f.import);
        rows.back().offset = f.body.begin;
        rows.back().size = f.body.size();
    }
    for (uint32_t i = 0; wants("global") && i < module.globals.size(); i++) {
        const engine::GlobalType& type = module.globals[i].type;
        const auto name = module.names().globals.find(i);
        rows.push_back(entry("global", i, name == module.names().globals.end() ? "" : name->second,
                             type.isMutable ? "(mut " + toText(type.type) + ")" : toText(type.type)));
        rows.back().detail = importedFrom(module, module.globals[i].import);
    }
    for (uint32_t i = 0; wants("memory") && i < module.memories.size(); i++) {
        rows.push_back(entry("memory", i, "", limitsText(module.memories[i].type.limits, "pages")));
        rows.back().size = module.memories[i].type.limits.min << module.memories[i].type.pageSizeLog2;
        rows.back().detail = importedFrom(module, module.memories[i].import);
    }
    for (uint32_t i = 0; wants("table") && i < module.tables.size(); i++) {
        const engine::TableType& type = module.tables[i].type;
        rows.push_back(
            entry("table", i, "", toText(type.element) + ", " + limitsText(type.limits, "elements")));
        rows.back().detail = importedFrom(module, module.tables[i].import);
    }
    return rows;
}

std::vector<ModuleEntry> CodeView::entries(const GetModuleEntries& request) const {
    if (!m_places) return {};
    std::vector<ModuleEntry> all = moduleEntries(m_places->module(), request.kind);
    for (ModuleEntry& row : all) {
        if (row.kind != "function" || row.size == 0) continue;
        const auto symbol = m_places->symbols().functionAt(row.offset);
        if (symbol)
            row.name = printable(symbol->qualifiedName.empty() ? symbol->name : symbol->qualifiedName);
    }
    std::erase_if(all, [&](const ModuleEntry& row) {
        return !request.filter.empty() && row.name.find(request.filter) == std::string::npos &&
               row.type.find(request.filter) == std::string::npos &&
               row.detail.find(request.filter) == std::string::npos;
    });
    const size_t first = std::min<uint64_t>(request.first, all.size());
    const size_t count = std::min<uint64_t>(request.count, all.size() - first);
    return {all.begin() + static_cast<ptrdiff_t>(first), all.begin() + static_cast<ptrdiff_t>(first + count)};
}

}  // namespace debugger
