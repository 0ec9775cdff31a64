// writeWat: a module as text that assembles to an equivalent module (standard, section 6). Custom sections other than names are left out.
#include <unordered_set>

#include "engine/binary_reader.h"
#include "engine/disassembly.h"
#include "engine/instruction_reader.h"
#include "engine/instruction_text.h"

namespace engine {

namespace {

constexpr size_t kPiece = 64 << 10;

/// Identifiers that are unique in their index space, as the text format wants them: a name that was taken before gets its index behind it.
class UniqueLabels : public Labels {
public:
    explicit UniqueLabels(const Module& module) : m_names(module.names()) {
        fill(m_functions, m_names.functions, static_cast<uint32_t>(module.functions.size()));
        fill(m_globals, m_names.globals, static_cast<uint32_t>(module.globals.size()));
    }
    void enter(FuncIdx function, uint32_t locals) {
        m_locals.clear();
        if (const auto at = m_names.locals.find(function.value); at != m_names.locals.end())
            fill(m_locals, at->second, locals);
    }
    std::string function(FuncIdx index) const override { return of(m_functions, index.value); }
    std::string global(GlobalIdx index) const override { return of(m_globals, index.value); }
    std::string local(uint32_t index) const override { return of(m_locals, index); }
    /// "$name " where the thing is declared, or nothing.
    std::string functionDeclaration(uint32_t index) const { return declaration(m_functions, index); }
    std::string globalDeclaration(uint32_t index) const { return declaration(m_globals, index); }
    std::string localDeclaration(uint32_t index) const { return declaration(m_locals, index); }

private:
    using Map = std::unordered_map<uint32_t, std::string>;

    static void fill(Map& labels, const Map& names, uint32_t count) {
        std::unordered_set<std::string> taken;
        for (uint32_t i = 0; i < count && labels.size() < names.size(); ++i) {
            const auto at = names.find(i);
            if (at == names.end()) continue;
            std::string label = identifier(at->second);
            if (label.empty()) label = "$";
            if (label == "$" || taken.contains(label)) label += "#" + std::to_string(i);
            while (!taken.insert(label).second)
                label += '_';
            labels.emplace(i, std::move(label));
        }
    }
    static std::string of(const Map& labels, uint32_t index) {
        const auto at = labels.find(index);
        return at == labels.end() ? std::to_string(index) : at->second;
    }
    static std::string declaration(const Map& labels, uint32_t index) {
        const auto at = labels.find(index);
        return at == labels.end() ? "" : at->second + ' ';
    }

    const Names& m_names;
    Map m_functions, m_globals, m_locals;
};

class WatWriter {
public:
    WatWriter(const Module& module, bool offsets, const std::function<void(std::string_view)>& write)
        : m_module(module), m_offsets(offsets), m_write(write), m_labels(module), m_reader(module) {}

    void run() {
        m_text = "(module";
        if (const std::string name = identifier(m_module.names().module); !name.empty()) m_text += ' ' + name;
        types();
        for (const Import& import : m_module.imports)
            importLine(import);
        for (uint32_t i = m_module.importedTables; i < m_module.tables.size(); ++i) {
            line("(table " + number(i) + tableText(m_module.tables[i].type));
            if (m_module.tables[i].init) m_text += ' ' + expression(*m_module.tables[i].init);
            m_text += ')';
        }
        for (uint32_t i = m_module.importedMemories; i < m_module.memories.size(); ++i)
            line("(memory " + number(i) + memoryText(m_module.memories[i].type) + ')');
        for (uint32_t i = m_module.importedTags; i < m_module.tags.size(); ++i)
            line("(tag " + number(i) + typeUse(m_module.tags[i].type.type) + ')');
        for (uint32_t i = m_module.importedGlobals; i < m_module.globals.size(); ++i)
            line("(global " + m_labels.globalDeclaration(i) + number(i) +
                 globalText(m_module.globals[i].type) + ' ' + expression(m_module.globals[i].init) + ')');
        for (const Export& e : m_module.exports)
            line("(export " + quoted(e.name) + " (" + std::string(toText(e.kind)) + ' ' +
                 std::to_string(e.index) + "))");
        if (m_module.start) line("(start " + m_labels.function(*m_module.start) + ')');
        for (uint32_t i = 0; i < m_module.elements.size(); ++i)
            element(i);
        for (uint32_t i = m_module.importedFunctions; i < m_module.functions.size(); ++i)
            function(FuncIdx(i));
        for (uint32_t i = 0; i < m_module.data.size(); ++i)
            data(i);
        m_text += ")\n";
        m_write(m_text);
    }

private:
    static std::string number(uint32_t index) { return "(;" + std::to_string(index) + ";) "; }

    void flush() {
        if (m_text.size() < kPiece) return;
        m_write(m_text);
        m_text.clear();
    }
    void line(std::string_view text, uint32_t indent = 1) {
        flush();
        m_text += '\n';
        m_text.append(std::min(indent, 32u) * 2,
                      ' ');  // deeper nesting is not indented further: 2.4 million blocks are possible
        m_text += text;
    }

    void appendEscaped(std::span<const uint8_t> bytes) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        for (const uint8_t byte : bytes) {
            if (byte >= 32 && byte < 127 && byte != '"' && byte != '\\') {
                m_text += static_cast<char>(byte);
            } else {
                m_text += '\\';
                m_text += kDigits[byte >> 4];
                m_text += kDigits[byte & 15];
            }
            flush();
        }
    }
    static std::string quoted(std::string_view text) {
        std::string result = "\"";
        for (const char c : text) {
            if (c >= 32 && c < 127 && c != '"' && c != '\\') {
                result += c;
                continue;
            }
            const std::string digits = hex(static_cast<uint8_t>(c)).substr(2);
            result += '\\';
            if (digits.size() == 1) result += '0';
            result += digits;
        }
        return result + '"';
    }

    // --- Types ---

    void types() {
        for (uint32_t i = 0; i < m_module.types.size(); ++i) {
            const DefinedType& type = m_module.types[i];
            const bool isGroup = type.groupSize > 1;
            if (isGroup && i == type.groupFirst) line("(rec");
            line("(type " + number(i) + definedText(type) + ')', isGroup ? 2 : 1);
            if (isGroup && i + 1 == type.groupFirst + type.groupSize) m_text += ')';
        }
    }

    static std::string definedText(const DefinedType& type) {
        std::string text;
        switch (type.kind) {
        case CompositeKind::Func: {
            const std::string signature = toText(type.func);
            text = "(func" + (signature.empty() ? "" : ' ' + signature) + ')';
            break;
        }
        case CompositeKind::Struct:
            text = "(struct";
            for (const FieldType& field : type.structure.fields)
                text += " (field " + fieldText(field) + ')';
            text += ')';
            break;
        case CompositeKind::Array: text = "(array " + fieldText(type.array.element) + ')'; break;
        }
        if (type.isFinal && !type.super) return text;
        return "(sub " + std::string(type.isFinal ? "final " : "") +
               (type.super ? std::to_string(type.super->value) + ' ' : "") + text + ')';
    }
    static std::string fieldText(const FieldType& field) {
        const std::string type = field.packed == PackedKind::I8    ? "i8"
                                 : field.packed == PackedKind::I16 ? "i16"
                                                                   : toText(field.type);
        return field.isMutable ? "(mut " + type + ')' : type;
    }
    static std::string limitsText(const Limits& limits) {
        return (limits.is64 ? "i64 " : "") + std::to_string(limits.min) +
               (limits.max ? ' ' + std::to_string(*limits.max) : "");
    }
    static std::string tableText(const TableType& type) {
        return limitsText(type.limits) + ' ' + toText(type.element);
    }
    static std::string memoryText(const MemoryType& type) {
        return limitsText(type.limits) + (type.shared ? " shared" : "") +
               (type.pageSizeLog2 == 16
                    ? ""
                    : " (pagesize " + std::to_string(uint64_t{1} << type.pageSizeLog2) + ')');
    }
    static std::string globalText(const GlobalType& type) {
        return type.isMutable ? "(mut " + toText(type.type) + ')' : toText(type.type);
    }
    static std::string typeUse(TypeIdx type) { return "(type " + std::to_string(type.value) + ')'; }

    void importLine(const Import& import) {
        std::string item;
        switch (import.kind) {
        case ExternKind::Func:
            item = m_labels.functionDeclaration(import.index) + number(import.index) +
                   typeUse(m_module.functions[import.index].type);
            break;
        case ExternKind::Table:
            item = number(import.index) + tableText(m_module.tables[import.index].type);
            break;
        case ExternKind::Memory:
            item = number(import.index) + memoryText(m_module.memories[import.index].type);
            break;
        case ExternKind::Global:
            item = m_labels.globalDeclaration(import.index) + number(import.index) +
                   globalText(m_module.globals[import.index].type);
            break;
        case ExternKind::Tag:
            item = number(import.index) + typeUse(m_module.tags[import.index].type.type);
            break;
        }
        line("(import " + quoted(import.module) + ' ' + quoted(import.name) + " (" +
             std::string(toText(import.kind)) + ' ' + item + "))");
    }

    // --- Expressions and functions ---

    std::string expression(const ConstExpr& constant) {
        std::string text;
        m_reader.start(constant.bytes);
        while (m_reader.next(m_instruction) && m_instruction.op != Op::End) {
            if (!text.empty()) text += ' ';
            if (m_offsets) text += "(;" + hex(m_instruction.offset) + ";) ";
            text += toText(m_instruction, m_labels);
        }
        return text;
    }

    void function(FuncIdx index) {
        const Function& body = m_module.functions[index.value];
        const FuncType& type = m_module.typeOf(index);
        const auto parameters = static_cast<uint32_t>(type.params.size());
        const auto locals = localTypes(m_module, index).valueOr(type.params);
        m_labels.enter(index, static_cast<uint32_t>(locals.size()));
        std::string head =
            "(func " + m_labels.functionDeclaration(index.value) + number(index.value) + typeUse(body.type);
        for (uint32_t i = 0; i < parameters; ++i)
            head += " (param " + m_labels.localDeclaration(i) + toText(type.params[i]) + ')';
        for (const ValType result : type.results)
            head += " (result " + toText(result) + ')';
        line(head);
        for (uint32_t i = parameters; i < locals.size();)
            localLine(locals, i);
        m_reader.start(body.code);
        Nesting nesting;
        while (m_reader.next(m_instruction)) {
            const uint32_t depth = nesting.depthOf(m_instruction.op);
            if (m_instruction.end == body.code.end && m_instruction.op == Op::End) break;
            line(m_offsets ? "(;" + hex(m_instruction.offset) + ";) " : "", depth + 2);
            m_text += toText(m_instruction, m_labels);
        }
        m_text += ')';
    }

    /// One named local, or as many unnamed ones as there are.
    void localLine(const std::vector<ValType>& locals, uint32_t& at) {
        if (const std::string name = m_labels.localDeclaration(at); !name.empty())
            return line("(local " + name + toText(locals[at++]) + ')', 2);
        line("(local", 2);
        for (; at < locals.size() && m_labels.localDeclaration(at).empty(); ++at) {
            m_text += ' ' + toText(locals[at]);
            flush();
        }
        m_text += ')';
    }

    // --- Segments ---

    void element(uint32_t index) {
        const ElementSegment& segment = m_module.elements[index];
        line("(elem " + number(index));
        if (segment.mode == SegmentMode::Declarative) m_text += "declare ";
        if (segment.mode == SegmentMode::Active) {
            if (segment.table.value != 0) m_text += "(table " + std::to_string(segment.table.value) + ") ";
            m_text += "(offset " + expression(segment.offset) + ") ";
        }
        m_text += segment.usesExpressions ? toText(segment.type) : "func";
        for (const FuncIdx function : segment.functions) {
            m_text += ' ' + m_labels.function(function);
            flush();
        }
        for (const ConstExpr& constant : segment.expressions) {
            m_text += " (item " + expression(constant) + ')';
            flush();
        }
        m_text += ')';
    }

    void data(uint32_t index) {
        const DataSegment& segment = m_module.data[index];
        line("(data " + number(index));
        if (segment.mode == SegmentMode::Active) {
            if (segment.memory.value != 0) m_text += "(memory " + std::to_string(segment.memory.value) + ") ";
            m_text += "(offset " + expression(segment.offset) + ") ";
        }
        m_text += '"';
        appendEscaped(m_module.view(segment.bytes));
        m_text += "\")";
    }

    const Module& m_module;
    bool m_offsets;
    const std::function<void(std::string_view)>& m_write;
    UniqueLabels m_labels;
    InstructionReader m_reader;
    Instruction m_instruction;
    std::string m_text;
};

}  // namespace

void writeWat(const Module& module, bool offsets, const std::function<void(std::string_view)>& write) {
    WatWriter(module, offsets, write).run();
}

}  // namespace engine
