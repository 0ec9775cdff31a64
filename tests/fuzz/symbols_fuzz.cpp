// Sections, units, index, line tables, range and location lists, inlined calls, our own DIE reader and types, over a module whose debug sections are the input:
// one byte picks each section, two its length, then its bytes. Without the symbol child.
#include <cstddef>
#include <cstdint>
#include <string>

#include "debugger/symbols/symbols.h"

namespace {

constexpr const char* kSections[] = {".debug_info",     ".debug_abbrev",      ".debug_line",
                                     ".debug_str",      ".debug_line_str",    ".debug_ranges",
                                     ".debug_rnglists", ".debug_loc",         ".debug_loclists",
                                     ".debug_addr",     ".debug_str_offsets", ".debug_types"};

void lookAt(debugger::Symbols& symbols, const debugger::Variable& variable) {
    const debugger::TypeInfo& type = symbols.type(variable.type);
    for (size_t i = 0; i < type.members.size() && i < 16; ++i)
        (void)symbols.type(type.members[i].type);
    (void)symbols.type(type.target);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto bytes = std::make_shared<std::vector<uint8_t>>(data, data + size);
    auto module = std::make_shared<engine::Module>();
    module->codeSection = {0, 4096};  // no functions: DWARF alone says what is code
    for (size_t at = 0; at + 3 <= size;) {
        engine::Section section;
        section.name = kSections[data[at] % std::size(kSections)];
        const size_t length = std::min<size_t>(data[at + 1] | data[at + 2] << 8, size - at - 3);
        section.payload = {static_cast<uint32_t>(at + 3), static_cast<uint32_t>(at + 3 + length)};
        module->sections.push_back(std::move(section));
        at += 3 + length;
    }
    module->bytes = std::move(bytes);

    debugger::SymbolOptions options;
    options.childProgram = "/nowhere";
    const auto symbols = debugger::openSymbols(module, options);
    (void)symbols->summary();
    const auto functions = symbols->functions();
    for (size_t i = 0; i < functions.size() && i < 8; ++i) {
        const uint32_t address = symbols->afterPrologue(functions[i]);
        const auto frames = symbols->inlineFrames(address);
        (void)symbols->frameBase(address);
        (void)symbols->findFunctions(functions[i].qualifiedName);
        for (uint32_t level = 0; level < frames.size() && level < 4; ++level) {
            const auto scopes = symbols->scopes(address, level);
            for (size_t s = 0; scopes.ok() && s < scopes->size(); ++s) {
                for (size_t v = 0; v < (*scopes)[s].variables.size() && v < 16; ++v)
                    lookAt(*symbols, (*scopes)[s].variables[v]);
            }
        }
    }
    for (debugger::FileId file = 0; file < symbols->files().size() && file < 4; ++file) {
        for (const uint32_t line : symbols->linesWithCode(file))
            (void)symbols->resolveLine(file, line);
        (void)symbols->resolveLine(file, 7);
    }
    const auto globals = symbols->globals(1);
    for (size_t i = 0; globals.ok() && i < globals->size() && i < 16; ++i)
        lookAt(*symbols, (*globals)[i]);
    (void)symbols->findType("struct node *", 0);
    return 0;
}
