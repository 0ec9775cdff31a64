// BreakpointTable, the part that finds where breakpoints go in a program.

#include "debugger/breakpoints.h"
#include "debugger/symbols/expression_names.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

/// Error: NotFound, where what was asked for is surely a mistake; the entry's message says so too.
Result<> BreakpointTable::resolve(Entry& entry, FrameContext* frame, Debuggee* debuggee) {
    entry.places.clear();
    entry.info.locations.clear();
    entry.info.message.clear();
    Result<> outcome;
    const bool hasPlace = !withoutPlace(entry);
    if (entry.info.spec.kind == BreakpointSpec::Kind::HostCall) {
        resolveCall(entry);
    } else if (entry.info.spec.kind == BreakpointSpec::Kind::Exception) {
        if (m_places && m_places->module().tags.empty()) entry.info.message = "the program has no exceptions";
    } else if (entry.info.spec.kind == BreakpointSpec::Kind::Denied) {
        // Wherever the program makes a call.
    } else if (!m_places) {
        entry.info.message = "pending: no program is loaded";
    } else if (entry.info.spec.kind == BreakpointSpec::Kind::Watch) {
        outcome = resolveWatch(entry, frame, debuggee);
    } else if (entry.info.spec.kind == BreakpointSpec::Kind::Line) {
        outcome = resolveLine(entry);
    } else if (entry.info.spec.kind == BreakpointSpec::Kind::Function) {
        resolveFunction(entry);
    } else {
        resolveOffset(entry);
    }
    for (const auto& [offset, depth] : entry.places)
        entry.info.locations.push_back(m_places->location(offset, m_places->levelsBelow(offset, depth)));
    entry.info.resolved = hasPlace ? !entry.places.empty() || entry.target : entry.info.message.empty();
    warnOfNames(entry);
    return outcome;
}

/// A target that was found in a frame stays until the frame returns.
Result<> BreakpointTable::resolveWatch(Entry& entry, FrameContext* frame, Debuggee* debuggee) {
    const BreakpointSpec& spec = entry.info.spec;
    const auto fail = [&](Error error) {
        entry.info.message = "pending: " + error.message;
        return error;
    };
    WatchTarget target;
    if (entry.target) {
        target = *entry.target;
    } else if (spec.expression.empty()) {
        target.memory = spec.memory;
        target.address = spec.address;
        target.length = spec.length;
    } else {
        auto found = findTarget(spec.expression, spec.offset, *m_places, frame, debuggee);
        if (!found) return fail(found.error());
        target = std::move(*found);
    }
    const auto& memories = m_places->module().memories;
    if (target.memory >= memories.size())
        return fail({ErrorCode::NotFound, "the program has no memory " + std::to_string(target.memory)});
    const uint64_t last = memories[target.memory].type.limits.is64 ? ~uint64_t{0} >> 1 : 0xffffffff;
    if (target.address > last || target.length - 1 > last - target.address)
        return fail({ErrorCode::BadArgument, "addresses of this memory end at " + hexText(last)});
    entry.target = std::move(target);
    if (frame && !spec.expression.empty()) Watchpoints::note(*entry.target, *frame);
    entry.info.address = entry.target->address;
    entry.info.length = entry.target->length;
    entry.info.scope = entry.target->depth ? "until " + entry.target->owner + " returns" : "";
    return {};
}

/// A name that means nothing at any of the places may be one of another program, so it is only said.
void BreakpointTable::warnOfNames(Entry& entry) {
    if (entry.info.spec.condition.empty() || entry.places.empty()) return;
    for (const auto& [offset, depth] : entry.places) {
        PlaceContext context(m_places->symbols(), offset, m_places->levelsBelow(offset, depth));
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
        for (const auto& [address, depth] : resolved->places) {
            if (const auto offset = places.instructionAt(address)) code.offsets.try_emplace(*offset, depth);
        }
        code.line = resolved->line;
    }
    if (code.offsets.empty() && code.why.empty()) code.why = "no code at line " + std::to_string(line);
    return code;
}

Result<> BreakpointTable::resolveLine(Entry& entry) {
    const BreakpointSpec& spec = entry.info.spec;
    const LineCode code = codeOfLine(*m_places, spec.file, spec.line);
    entry.places = code.offsets;
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
    for (const LevelAddress& copy : symbols.inlinedCopies(name))
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
        entry.places.try_emplace(offset, Places::kInnermost);
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

}  // namespace debugger
