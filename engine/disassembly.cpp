#include "engine/disassembly.h"

#include "engine/instruction_reader.h"
#include "engine/instruction_text.h"

namespace engine {

namespace {

/// The name in the map as an identifier, else the index.
std::string labelOf(const std::unordered_map<uint32_t, std::string>& names, uint32_t index) {
    const auto at = names.find(index);
    return at == names.end() || at->second.empty() ? std::to_string(index) : identifier(at->second);
}

/// Names as the name section has them: two things may bear the same one.
class PlainLabels : public Labels {
public:
    PlainLabels(const Module& module, FuncIdx function) : m_names(module.names()) {
        if (const auto at = m_names.locals.find(function.value); at != m_names.locals.end())
            m_locals = &at->second;
    }
    std::string function(FuncIdx index) const override { return labelOf(m_names.functions, index.value); }
    std::string global(GlobalIdx index) const override { return labelOf(m_names.globals, index.value); }
    std::string local(uint32_t index) const override {
        return m_locals ? labelOf(*m_locals, index) : std::to_string(index);
    }

private:
    const Names& m_names;
    const std::unordered_map<uint32_t, std::string>* m_locals = nullptr;
};

}  // namespace

std::vector<DisassemblyLine> disassemble(const Module& module, FuncIdx function, Error* error) {
    std::vector<DisassemblyLine> lines;
    const Function& body = module.functions[function.value];
    if (body.import) return lines;
    const PlainLabels labels(module, function);
    InstructionReader reader(module);
    reader.start(body.code);
    Nesting nesting;
    Instruction instruction;
    while (reader.next(instruction)) {
        const uint32_t depth = nesting.depthOf(instruction.op);
        lines.push_back({instruction.offset, instruction.end - instruction.offset, depth, instruction.op,
                         toText(instruction, labels)});
    }
    if (error && !reader.ok()) {
        *error = reader.error();
        error->where.file = module.fileName;
        error->where.section = "code";
        error->where.function = function.value;
    }
    return lines;
}

std::string functionLabel(const Module& module, FuncIdx function) {
    return labelOf(module.names().functions, function.value);
}
std::string localLabel(const Module& module, FuncIdx function, uint32_t local) {
    return PlainLabels(module, function).local(local);
}
std::string globalLabel(const Module& module, GlobalIdx global) {
    return labelOf(module.names().globals, global.value);
}

}  // namespace engine
