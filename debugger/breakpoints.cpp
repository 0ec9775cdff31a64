#include "debugger/breakpoints.h"

#include <algorithm>

#include "wasi/host_function.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

// ------------------------------------------------------------------------------------------------------------ CodeBreaks

void CodeBreaks::attach(engine::Machine* machine, engine::InstanceId instance, Places* places) {
    m_machine = machine;
    m_instance = instance;
    m_places = places;
    m_internal.clear();
    for (uint32_t offset : m_user)
        set(offset);
}

void CodeBreaks::set(uint32_t offset) {
    // Offsets were checked when they were resolved, so that this cannot fail.
    if (m_machine) (void)m_machine->setBreakpoint(m_places->codeLocation(m_instance, offset));
}

void CodeBreaks::clear(uint32_t offset) {
    if (m_machine) m_machine->clearBreakpoint(m_places->codeLocation(m_instance, offset));
}

void CodeBreaks::setUser(std::set<uint32_t> offsets) {
    for (uint32_t offset : m_user) {
        if (!offsets.contains(offset) && !m_internal.contains(offset)) clear(offset);
    }
    for (uint32_t offset : offsets) {
        if (!m_user.contains(offset) && !m_internal.contains(offset)) set(offset);
    }
    m_user = std::move(offsets);
}

void CodeBreaks::setInternal(std::set<uint32_t> offsets) {
    for (uint32_t offset : m_internal) {
        if (!offsets.contains(offset) && !m_user.contains(offset)) clear(offset);
    }
    for (uint32_t offset : offsets) {
        if (!m_internal.contains(offset) && !m_user.contains(offset)) set(offset);
    }
    m_internal = std::move(offsets);
}

// ------------------------------------------------------------------------------------------------------- asked by the user

void BreakpointTable::attach(Places* places) {
    m_places = places;
    for (auto& [id, entry] : m_entries) {
        resolve(entry);
        entry.changed = true;
    }
    applyBreaks();
}

Result<BreakpointInfo> BreakpointTable::add(BreakpointSpec spec) {
    if (spec.kind == BreakpointSpec::Kind::Line && (spec.line == 0 || spec.file.empty())) {
        return Error{ErrorCode::BadArgument, "a line breakpoint needs a file and a line from 1 on"};
    }
    if (spec.kind == BreakpointSpec::Kind::HostCall && wasi::findHostFunction(spec.function) < 0) {
        return Error{ErrorCode::NotFound, "there is no host call named \"" + printable(spec.function) +
                                              "\"; names are as in fd_write"};
    }
    Entry entry;
    entry.info.id = m_next++;
    entry.info.spec = std::move(spec);
    resolve(entry);
    const BreakpointInfo info = entry.info;
    m_entries[info.id] = std::move(entry);
    applyBreaks();
    return info;
}

Result<BreakpointInfo> BreakpointTable::change(BreakpointId id, BreakpointSpec spec) {
    const auto found = m_entries.find(id);
    if (found == m_entries.end())
        return Error{ErrorCode::NotFound, "there is no breakpoint " + std::to_string(id)};
    found->second.info.spec = std::move(spec);
    resolve(found->second);
    applyBreaks();
    return found->second.info;
}

Result<> BreakpointTable::remove(BreakpointId id) {
    if (m_entries.erase(id) == 0)
        return Error{ErrorCode::NotFound, "there is no breakpoint " + std::to_string(id)};
    applyBreaks();
    return {};
}

std::vector<BreakpointInfo> BreakpointTable::list() const {
    std::vector<BreakpointInfo> all;
    for (const auto& [id, entry] : m_entries)
        all.push_back(entry.info);
    return all;
}

void BreakpointTable::newRun() {
    for (auto& [id, entry] : m_entries) {
        entry.changed |= entry.info.hits != 0;
        entry.info.hits = 0;
    }
}

bool BreakpointTable::hasHostCalls() const {
    return std::any_of(m_entries.begin(), m_entries.end(), [](const auto& e) {
        return e.second.info.spec.kind == BreakpointSpec::Kind::HostCall && e.second.info.spec.enabled;
    });
}

bool BreakpointTable::stopsAtCall(std::string_view name) const {
    return std::any_of(m_entries.begin(), m_entries.end(), [&](const auto& e) {
        const BreakpointSpec& spec = e.second.info.spec;
        return spec.kind == BreakpointSpec::Kind::HostCall && spec.enabled && spec.function == name;
    });
}

// -------------------------------------------------------------------------------------------------------------- resolving

void BreakpointTable::resolve(Entry& entry) {
    entry.offsets.clear();
    entry.info.locations.clear();
    entry.info.message.clear();
    if (entry.info.spec.kind == BreakpointSpec::Kind::HostCall) {
        resolveCall(entry);
    } else if (!m_places) {
        entry.info.message = "pending: no program is loaded";
    } else if (entry.info.spec.kind == BreakpointSpec::Kind::Line) {
        resolveLine(entry);
    } else if (entry.info.spec.kind == BreakpointSpec::Kind::Function) {
        resolveFunction(entry);
    } else {
        resolveOffset(entry);
    }
    for (uint32_t offset : entry.offsets)
        entry.info.locations.push_back(m_places->location(offset));
    entry.info.resolved = !entry.offsets.empty() || entry.info.spec.kind == BreakpointSpec::Kind::HostCall;
}

void BreakpointTable::place(Entry& entry, uint32_t offset) {
    if (const auto instruction = m_places->instructionAt(offset)) entry.offsets.insert(*instruction);
}

LineCode codeOfLine(Places& places, const std::string& file, uint32_t line) {
    LineCode code;
    const Symbols& symbols = places.symbols();
    if (!symbols.summary().hasLines) {
        code.why = "the module has no line information; build it with -g";
        return code;
    }
    const std::vector<FileId> files = symbols.findFiles(file);
    if (files.empty()) {
        code.why = "no source file named \"" + printable(file) + "\" in the debug info";
        return code;
    }
    for (FileId id : files) {
        const auto resolved = symbols.resolveLine(id, line);
        if (!resolved) {
            if (code.why.empty()) code.why = resolved.error().message;
            continue;
        }
        // Code that a line table names may begin with local declarations, or miss an instruction: snap to the next one.
        for (uint32_t address : resolved->addresses) {
            if (const auto offset = places.instructionAt(address)) code.offsets.insert(*offset);
        }
        code.line = resolved->line;
    }
    if (code.offsets.empty() && code.why.empty()) code.why = "no code at line " + std::to_string(line);
    return code;
}

void BreakpointTable::resolveLine(Entry& entry) {
    const BreakpointSpec& spec = entry.info.spec;
    LineCode code = codeOfLine(*m_places, spec.file, spec.line);
    entry.offsets = std::move(code.offsets);
    if (entry.offsets.empty()) {
        entry.info.message = "pending: " + code.why;
    } else if (code.line != spec.line) {
        entry.info.message =
            "moved to line " + std::to_string(code.line) + ": no code at " + std::to_string(spec.line);
    }
}

void BreakpointTable::resolveFunction(Entry& entry) {
    const std::string& name = entry.info.spec.function;
    for (const FunctionSymbol& function : m_places->symbols().findFunctions(name)) {
        place(entry, m_places->symbols().afterPrologue(function));
    }
    if (!entry.offsets.empty()) return;
    const engine::Module& module = m_places->module();
    for (uint32_t i = module.importedFunctions; i < module.functions.size(); i++) {
        if (module.functionName(engine::FuncIdx(i)) == name) place(entry, module.functions[i].code.begin);
    }
    for (const engine::Export& e : module.exports) {
        if (e.kind != engine::ExternKind::Func || e.name != name || e.index < module.importedFunctions)
            continue;
        place(entry, module.functions[e.index].code.begin);
    }
    if (!entry.offsets.empty()) return;
    for (const engine::Import& import : module.imports) {
        if (import.kind != engine::ExternKind::Func || import.name != name) continue;
        entry.info.message =
            "pending: \"" + printable(name) + "\" is a host call; use call " + printable(name);
        return;
    }
    entry.info.message = "pending: no function named \"" + printable(name) + "\" in the module";
}

void BreakpointTable::resolveOffset(Entry& entry) {
    const uint32_t offset = entry.info.spec.offset;
    const auto instruction = m_places->instructionAt(offset);
    if (instruction == offset) {
        entry.offsets.insert(offset);
    } else if (instruction) {
        entry.info.message = "pending: no instruction begins at " + hexText(offset) +
                             "; the next one is at " + hexText(*instruction);
    } else {
        entry.info.message = "pending: " + hexText(offset) + " is not in a function's code";
    }
}

void BreakpointTable::resolveCall(Entry& entry) {
    if (!m_places) {
        entry.info.message = "pending: no program is loaded";
        return;
    }
    for (const engine::Import& import : m_places->module().imports) {
        if (import.kind == engine::ExternKind::Func && import.name == entry.info.spec.function) return;
    }
    entry.info.message = "the program does not import " + printable(entry.info.spec.function);
}

void BreakpointTable::applyBreaks() {
    std::set<uint32_t> offsets;
    for (const auto& [id, entry] : m_entries) {
        if (entry.info.spec.enabled) offsets.insert(entry.offsets.begin(), entry.offsets.end());
    }
    m_breaks.setUser(std::move(offsets));
}

// -------------------------------------------------------------------------------------------------------------------- hits

BreakpointTable::Verdict BreakpointTable::hitCode(uint32_t offset, EvaluationContext& context) {
    Verdict verdict;
    for (auto& [id, entry] : m_entries) {
        if (entry.info.spec.enabled && entry.offsets.contains(offset)) judge(entry, context, verdict);
    }
    return verdict;
}

BreakpointTable::Verdict BreakpointTable::hitCall(std::string_view name, EvaluationContext& context) {
    Verdict verdict;
    for (auto& [id, entry] : m_entries) {
        const BreakpointSpec& spec = entry.info.spec;
        if (spec.kind == BreakpointSpec::Kind::HostCall && spec.enabled && spec.function == name)
            judge(entry, context, verdict);
    }
    return verdict;
}

void BreakpointTable::judge(Entry& entry, EvaluationContext& context, Verdict& verdict) {
    const BreakpointSpec& spec = entry.info.spec;
    if (!spec.condition.empty()) {
        const auto holds = evaluateCondition(spec.condition, context);
        if (!holds) {
            entry.info.message = "condition failed: " + holds.error().message;
            entry.changed = true;
            verdict.problem = "the condition of breakpoint " + std::to_string(entry.info.id) +
                              " failed: " + holds.error().message;
            verdict.hit.push_back(entry.info.id);
            return;
        }
        if (!*holds) return;
    }
    entry.info.hits++;
    entry.changed = true;
    if (entry.info.hits <= spec.ignoreCount) return;
    if (!spec.logText.empty()) {
        verdict.logs.push_back({expandLogText(spec.logText, context), entry.info.id, 0});
    } else {
        verdict.hit.push_back(entry.info.id);
    }
}

std::vector<BreakpointInfo> BreakpointTable::dropTemporary(const std::vector<BreakpointId>& ids) {
    std::vector<BreakpointInfo> dropped;
    for (BreakpointId id : ids) {
        const auto found = m_entries.find(id);
        if (found == m_entries.end() || !found->second.info.spec.temporary) continue;
        dropped.push_back(found->second.info);
        m_entries.erase(found);
    }
    if (!dropped.empty()) applyBreaks();
    return dropped;
}

std::vector<BreakpointInfo> BreakpointTable::takeChanged() {
    std::vector<BreakpointInfo> changed;
    for (auto& [id, entry] : m_entries) {
        if (std::exchange(entry.changed, false)) changed.push_back(entry.info);
    }
    return changed;
}

std::string expandLogText(std::string_view text, EvaluationContext& context) {
    std::string out;
    for (size_t i = 0; i < text.size(); i++) {
        if ((text[i] == '{' || text[i] == '}') && i + 1 < text.size() && text[i + 1] == text[i]) {
            out += text[i++];
            continue;
        }
        const size_t close = text[i] == '{' ? text.find('}', i) : std::string_view::npos;
        if (close == std::string_view::npos) {
            out += text[i];
            continue;
        }
        const auto value = evaluate(text.substr(i + 1, close - i - 1), context);
        out += value ? render(*value, context) : "<" + value.error().message + ">";
        i = close;
    }
    return out;
}

}  // namespace debugger
