#include "debugger/places.h"

#include <algorithm>

#include "debugger/debuggee.h"

namespace debugger {

namespace {
constexpr size_t kMaxChains = 100'000;
constexpr size_t kMaxFunctions = 64;
}  // namespace

std::string_view baseName(std::string_view path) {
    const size_t slash = path.find_last_of("/\\");
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string hexText(uint64_t value) {
    char buffer[24];
    snprintf(buffer, sizeof buffer, "0x%llx", static_cast<unsigned long long>(value));
    return buffer;
}

const std::vector<InlineFrame>& Places::chain(uint32_t offset) {
    const auto known = m_chains.find(offset);
    if (known != m_chains.end()) return known->second;
    if (m_chains.size() > kMaxChains) m_chains.clear();

    std::vector<InlineFrame> chain = m_symbols.inlineFrames(offset);
    const auto function = m_module->functionAt(offset);
    if (chain.empty()) {
        InlineFrame frame;
        if (function) frame.name = printable(m_module->functionName(*function));
        if (const auto row = m_symbols.rowAt(offset)) frame.place = row->place;
        chain.push_back(std::move(frame));
    }
    for (InlineFrame& frame : chain) {
        if (frame.name.empty() && function) frame.name = printable(m_module->functionName(*function));
    }
    return m_chains[offset] = std::move(chain);
}

uint32_t Places::levelsBelow(uint32_t offset, uint32_t depth) {
    const auto levels = static_cast<uint32_t>(chain(offset).size());
    return depth == kInnermost || depth + 1 >= levels ? 0 : levels - 1 - depth;
}

Location Places::location(uint32_t offset, uint32_t level) {
    const std::vector<InlineFrame>& levels = chain(offset);
    const InlineFrame& frame = levels[std::min<size_t>(level, levels.size() - 1)];
    Location location;
    location.offset = offset;
    if (const auto function = m_module->functionAt(offset)) location.function = function->value;
    location.functionName = frame.name;
    location.line = frame.place.line;
    location.column = frame.place.column;
    if (location.line != 0) location.file = filePath(frame.place.file);
    return location;
}

const std::string& Places::filePath(FileId file) const {
    static const std::string kNone;
    return file < m_symbols.files().size() ? m_symbols.files()[file].path : kNone;
}

std::string Places::text(const Location& location) const {
    if (location.line != 0 && !location.file.empty()) {
        return printable(baseName(location.file)) + ":" + std::to_string(location.line);
    }
    return location.functionName + " at " + hexText(location.offset);
}

bool Places::hasLine(uint32_t offset) const {
    const auto row = m_symbols.rowAt(offset);
    return row && row->place.line != 0;
}

const std::vector<engine::DisassemblyLine>& Places::instructions(engine::FuncIdx function) {
    const auto known = m_code.find(function.value);
    if (known != m_code.end()) return known->second;
    if (m_code.size() >= kMaxFunctions) m_code.clear();
    std::vector<engine::DisassemblyLine> lines;
    if (!m_module->functions[function.value].import) lines = engine::disassemble(*m_module, function);
    return m_code[function.value] = std::move(lines);
}

std::optional<uint32_t> Places::instructionAt(uint32_t offset) {
    const auto function = m_module->functionAt(offset);
    if (!function) return {};
    const auto& lines = instructions(*function);
    const auto at =
        std::lower_bound(lines.begin(), lines.end(), offset,
                         [](const engine::DisassemblyLine& line, uint32_t o) { return line.offset < o; });
    if (at == lines.end()) return {};
    return at->offset;
}

const engine::DisassemblyLine* Places::instruction(uint32_t offset) {
    const auto function = m_module->functionAt(offset);
    if (!function) return nullptr;
    const auto& lines = instructions(*function);
    const auto at =
        std::lower_bound(lines.begin(), lines.end(), offset,
                         [](const engine::DisassemblyLine& line, uint32_t o) { return line.offset < o; });
    return at == lines.end() || at->offset != offset ? nullptr : &*at;
}

engine::CodeLocation Places::codeLocation(engine::InstanceId instance, uint32_t offset) const {
    const auto function = m_module->functionAt(offset);
    return {instance, function.value_or(engine::FuncIdx(0)), offset};
}

wasi::NamesAt namesAt(Places& places) {
    return [&places](const engine::CodeLocation& frame, const std::function<bool(std::string_view)>& test) {
        const auto levels = static_cast<uint32_t>(places.chain(frame.offset).size());
        for (uint32_t level = 0; level < levels; level++)
            if (test(places.location(frame.offset, level).functionName)) return;
    };
}

}  // namespace debugger
