#include "debugger/breakpoints.h"

#include <algorithm>

#include "debugger/symbols/expression_names.h"
#include "wasi/host_function.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

/// The pieces of a log text in order: plain ones, and those in braces. "{{" and "}}" are braces.
template <class OnText, class OnExpression>
void walkLogText(std::string_view text, const OnText& onText, const OnExpression& onExpression) {
    for (size_t i = 0; i < text.size(); i++) {
        if ((text[i] == '{' || text[i] == '}') && i + 1 < text.size() && text[i + 1] == text[i]) {
            onText(text[i++]);
            continue;
        }
        const size_t close = text[i] == '{' ? text.find('}', i) : std::string_view::npos;
        if (close == std::string_view::npos) {
            onText(text[i]);
            continue;
        }
        onExpression(text.substr(i + 1, close - i - 1));
        i = close;
    }
}

}  // namespace

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

void CodeBreaks::addUser(uint32_t offset) {
    if (m_user.insert(offset).second && !m_internal.contains(offset)) set(offset);
}

void CodeBreaks::removeUser(uint32_t offset) {
    if (m_user.erase(offset) && !m_internal.contains(offset)) clear(offset);
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
        withdraw(entry);
        entry.condition = Condition(entry.info.spec.condition);
        (void)resolve(entry);  // what does not fit this program says so in its row
        insert(entry);
        entry.changed = true;
    }
}

/// What no program could make right.
Result<> BreakpointTable::check(const BreakpointSpec& spec) const {
    if (spec.kind == BreakpointSpec::Kind::Line && (spec.line == 0 || spec.file.empty())) {
        return Error{ErrorCode::BadArgument, "a line breakpoint needs a file and a line from 1 on"};
    }
    if (spec.kind == BreakpointSpec::Kind::HostCall && wasi::findHostFunction(spec.function) < 0) {
        return Error{ErrorCode::NotFound, "there is no host call named \"" + printable(spec.function) +
                                              "\"; names are as in fd_write"};
    }
    if (!spec.condition.empty()) {
        if (const auto parsed = checkSyntax(spec.condition); !parsed)
            return Error{ErrorCode::BadArgument, "the condition: " + parsed.error().message};
    }
    Result<> inText;
    walkLogText(
        spec.logText, [](char) {},
        [&](std::string_view expression) {
            const auto parsed = checkSyntax(expression);
            if (!parsed && inText)
                inText = Error{ErrorCode::BadArgument, "the log text: " + parsed.error().message};
        });
    return inText;
}

Result<BreakpointInfo> BreakpointTable::add(BreakpointSpec spec) {
    TRY(check(spec));
    Entry entry;
    entry.condition = Condition(spec.condition);
    entry.info.spec = std::move(spec);
    TRY(resolve(entry));
    const BreakpointId id = entry.info.id = m_next++;
    insert(m_entries[id] = std::move(entry));
    return m_entries[id].info;
}

Result<BreakpointInfo> BreakpointTable::change(BreakpointId id, BreakpointSpec spec) {
    const auto found = m_entries.find(id);
    if (found == m_entries.end())
        return Error{ErrorCode::NotFound, "there is no breakpoint " + std::to_string(id)};
    TRY(check(spec));
    Entry& entry = found->second;
    withdraw(entry);
    entry.condition = Condition(spec.condition);
    entry.info.spec = std::move(spec);
    (void)resolve(entry);
    insert(entry);
    return entry.info;
}

Result<> BreakpointTable::remove(BreakpointId id) {
    const auto found = m_entries.find(id);
    if (found == m_entries.end())
        return Error{ErrorCode::NotFound, "there is no breakpoint " + std::to_string(id)};
    withdraw(found->second);
    m_entries.erase(found);
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

engine::ThrowBreak BreakpointTable::throwBreak() const {
    auto which = engine::ThrowBreak::Never;
    for (const BreakpointId id : m_throws) {
        const bool uncaughtOnly = m_entries.at(id).info.spec.uncaughtOnly;
        which = std::max(which, uncaughtOnly ? engine::ThrowBreak::Uncaught : engine::ThrowBreak::Always);
    }
    return which;
}

bool BreakpointTable::stopsAtCall(std::string_view name) const {
    return std::any_of(m_calls.begin(), m_calls.end(),
                       [&](BreakpointId id) { return m_entries.at(id).info.spec.function == name; });
}

// -------------------------------------------------------------------------------------------------------------- resolving

/// Error: NotFound, where what was asked for is surely a mistake; the entry's message says so too.
Result<> BreakpointTable::resolve(Entry& entry) {
    entry.places.clear();
    entry.info.locations.clear();
    entry.info.message.clear();
    Result<> outcome;
    const bool hasPlace = !withoutPlace(entry);
    if (entry.info.spec.kind == BreakpointSpec::Kind::HostCall) {
        resolveCall(entry);
    } else if (entry.info.spec.kind == BreakpointSpec::Kind::Exception) {
        if (m_places && m_places->module().tags.empty()) entry.info.message = "the program has no exceptions";
    } else if (!m_places) {
        entry.info.message = "pending: no program is loaded";
    } else if (entry.info.spec.kind == BreakpointSpec::Kind::Line) {
        outcome = resolveLine(entry);
    } else if (entry.info.spec.kind == BreakpointSpec::Kind::Function) {
        resolveFunction(entry);
    } else {
        resolveOffset(entry);
    }
    for (const auto& [offset, depth] : entry.places)
        entry.info.locations.push_back(m_places->location(offset, hiddenAt(offset, depth)));
    entry.info.resolved = !entry.places.empty() || !hasPlace;
    warnOfNames(entry);
    return outcome;
}

/// A name that means nothing at any of the places may be one of another program, so it is only said.
void BreakpointTable::warnOfNames(Entry& entry) {
    if (entry.info.spec.condition.empty() || entry.places.empty()) return;
    for (const auto& [offset, depth] : entry.places) {
        PlaceContext context(m_places->symbols(), offset, hiddenAt(offset, depth));
        const auto known = checkNames(entry.info.spec.condition, context);
        if (known) return;
        if (!entry.info.message.empty()) entry.info.message += "; ";
        entry.info.message += "warning: the condition: " + known.error().message;
        return;
    }
}

void BreakpointTable::place(Entry& entry, uint32_t offset, uint32_t depth) {
    if (const auto instruction = m_places->instructionAt(offset))
        entry.places.try_emplace(*instruction, depth);
}

/// How many of the innermost inlined calls at an offset lie below that level.
uint32_t BreakpointTable::hiddenAt(uint32_t offset, uint32_t depth) {
    const auto levels = static_cast<uint32_t>(m_places->chain(offset).size());
    return depth == kInnermost || depth + 1 >= levels ? 0 : levels - 1 - depth;
}

LineCode codeOfLine(Places& places, const std::string& file, uint32_t line) {
    LineCode code;
    const Symbols& symbols = places.symbols();
    if (!symbols.summary().hasLines) {
        code.why = "the module has no line information; build it with -g";
        return code;
    }
    const std::vector<FileId> files = symbols.findFiles(file);
    code.fileIsKnown = !files.empty();
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

Result<> BreakpointTable::resolveLine(Entry& entry) {
    const BreakpointSpec& spec = entry.info.spec;
    const LineCode code = codeOfLine(*m_places, spec.file, spec.line);
    for (const uint32_t offset : code.offsets)
        entry.places.try_emplace(offset, kInnermost);
    if (entry.places.empty()) {
        entry.info.message = "pending: " + code.why;
        if (code.fileIsKnown) return Error{ErrorCode::NotFound, code.why};
    } else if (code.line != spec.line) {
        entry.info.message =
            "moved to line " + std::to_string(code.line) + ": no code at " + std::to_string(spec.line);
    }
    return {};
}

void BreakpointTable::resolveFunction(Entry& entry) {
    const std::string& name = entry.info.spec.function;
    Symbols& symbols = m_places->symbols();
    // Behind the prologue, and before calls that were inlined there; and wherever the function itself was inlined.
    for (const FunctionSymbol& function : symbols.findFunctions(name))
        place(entry, symbols.afterPrologue(function), 0);
    for (const InlinedCopy& copy : symbols.inlinedCopies(name))
        place(entry, copy.address, copy.depth);
    if (!entry.places.empty()) return;
    const engine::Module& module = m_places->module();
    for (uint32_t i = module.importedFunctions; i < module.functions.size(); i++) {
        if (module.functionName(engine::FuncIdx(i)) == name) place(entry, module.functions[i].code.begin);
    }
    for (const engine::Export& e : module.exports) {
        if (e.kind != engine::ExternKind::Func || e.name != name || e.index < module.importedFunctions)
            continue;
        place(entry, module.functions[e.index].code.begin);
    }
    if (!entry.places.empty()) return;
    for (const engine::Import& import : module.imports) {
        if (import.kind != engine::ExternKind::Func || import.name != name) continue;
        entry.info.message =
            "pending: \"" + printable(name) + "\" is a host call; use call " + printable(name);
        return;
    }
    entry.info.message =
        "pending: no function named \"" + printable(name) + "\" in the module" + hintFor(name);
}

/// The nearest name there is, and how to see them all.
std::string BreakpointTable::hintFor(const std::string& function) {
    std::vector<std::string> names;
    for (const FunctionSymbol& symbol : m_places->symbols().functions()) {
        names.push_back(symbol.name);
        if (symbol.qualifiedName != symbol.name) names.push_back(symbol.qualifiedName);
    }
    return suggestion(function, names) + "; info functions lists them";
}

void BreakpointTable::resolveOffset(Entry& entry) {
    const uint32_t offset = entry.info.spec.offset;
    const auto instruction = m_places->instructionAt(offset);
    if (instruction == offset) {
        entry.places.try_emplace(offset, kInnermost);
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

/// Where breakpoints of its kind are kept, if that is not by code offset.
std::set<BreakpointId>* BreakpointTable::withoutPlace(const Entry& entry) {
    using enum BreakpointSpec::Kind;
    const auto kind = entry.info.spec.kind;
    return kind == HostCall ? &m_calls : kind == Exception ? &m_throws : nullptr;
}

void BreakpointTable::insert(Entry& entry) {
    if (!entry.info.spec.enabled) return;
    if (auto* all = withoutPlace(entry)) all->insert(entry.info.id);
    for (const auto& [offset, depth] : entry.places) {
        m_at[offset].push_back(entry.info.id);
        m_breaks.addUser(offset);
    }
}

void BreakpointTable::withdraw(const Entry& entry) {
    if (!entry.info.spec.enabled) return;
    if (auto* all = withoutPlace(entry)) all->erase(entry.info.id);
    for (const auto& [offset, depth] : entry.places) {
        std::vector<BreakpointId>& there = m_at[offset];
        std::erase(there, entry.info.id);
        if (!there.empty()) continue;
        m_at.erase(offset);
        m_breaks.removeUser(offset);
    }
}

// -------------------------------------------------------------------------------------------------------------------- hits

BreakpointTable::Verdict BreakpointTable::hitCode(uint32_t offset, Debuggee& debuggee) {
    Verdict verdict;
    verdict.hidden = kInnermost;
    const auto there = m_at.find(offset);
    if (there == m_at.end()) return verdict;
    for (const BreakpointId id : there->second) {
        Entry& entry = m_entries.at(id);
        const uint32_t hidden = hiddenAt(offset, entry.places.at(offset));
        FrameContext context(debuggee, 0, hidden);
        if (judge(entry, context, verdict)) verdict.hidden = std::min(verdict.hidden, hidden);
    }
    return verdict;
}

BreakpointTable::Verdict BreakpointTable::hitThrow(bool isCaught, Debuggee& debuggee) {
    Verdict verdict;
    FrameContext context(debuggee, 0, 0);
    for (const BreakpointId id : m_throws) {
        Entry& entry = m_entries.at(id);
        if (!(entry.info.spec.uncaughtOnly && isCaught)) judge(entry, context, verdict);
    }
    return verdict;
}

BreakpointTable::Verdict BreakpointTable::hitCall(std::string_view name, Debuggee& debuggee) {
    Verdict verdict;
    FrameContext context(debuggee, 0, 0);
    for (const BreakpointId id : m_calls) {
        Entry& entry = m_entries.at(id);
        if (entry.info.spec.function == name) judge(entry, context, verdict);
    }
    return verdict;
}

/// True if it stops.
bool BreakpointTable::judge(Entry& entry, FrameContext& context, Verdict& verdict) {
    const BreakpointSpec& spec = entry.info.spec;
    if (!spec.condition.empty()) {
        const auto holds = entry.condition.holds(context);
        if (!holds) {
            entry.info.message = "condition failed: " + holds.error().message;
            entry.changed = true;
            verdict.problem = "the condition of breakpoint " + std::to_string(entry.info.id) +
                              " failed: " + holds.error().message;
            verdict.hit.push_back(entry.info.id);
            return true;
        }
        if (!*holds) return false;
    }
    entry.info.hits++;
    entry.changed = true;
    if (entry.info.hits <= spec.ignoreCount) return false;
    if (!spec.logText.empty()) {
        verdict.logs.push_back({expandLogText(spec.logText, context), entry.info.id, 0, 0});
        return false;
    }
    verdict.hit.push_back(entry.info.id);
    return true;
}

std::vector<BreakpointInfo> BreakpointTable::dropTemporary(const std::vector<BreakpointId>& ids) {
    std::vector<BreakpointInfo> dropped;
    for (BreakpointId id : ids) {
        const auto found = m_entries.find(id);
        if (found == m_entries.end() || !found->second.info.spec.temporary) continue;
        withdraw(found->second);
        dropped.push_back(std::move(found->second.info));
        m_entries.erase(found);
    }
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
    walkLogText(
        text, [&](char c) { out += c; },
        [&](std::string_view expression) {
            const auto value = evaluate(expression, context);
            out += value ? render(*value, context) : "<" + value.error().message + ">";
        });
    return out;
}

}  // namespace debugger
