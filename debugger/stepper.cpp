#include "debugger/stepper.h"

#include <algorithm>

namespace debugger {

using engine::StopKind;

void Stepper::attach(Debuggee* debuggee, Places* places) {
    m_debuggee = debuggee;
    m_places = places;
    m_phase = Phase::None;
}

void Stepper::cancel() {
    if (m_phase == Phase::None) return;
    m_phase = Phase::None;
    m_breaks.clearInternal();
}

void Stepper::begin(StepKind kind, uint32_t hidden) {
    m_kind = kind;
    m_depth = machine().depth();
    m_start = machine().location();
    m_startLevels = m_places->chain(m_start.offset);
    m_startLevels.erase(m_startLevels.begin(), m_startLevels.begin() + hidden);
    m_startPlace = m_startLevels.front().place;
    m_startKnown = isKnown(m_startPlace);

    const engine::Function& function = m_places->module().functions[m_start.function.value];
    const auto rows = m_places->symbols().rowsIn({function.body.begin, function.body.end});
    const bool hasLines =
        std::any_of(rows.begin(), rows.end(), [](const LineRow& row) { return row.place.line != 0; });
    // Without lines a step is an instruction.
    if (!hasLines && kind == StepKind::Into) m_kind = StepKind::Instruction;
    if (!hasLines && kind == StepKind::Over) m_kind = StepKind::InstructionOver;

    switch (m_kind) {
    case StepKind::Instruction:
    case StepKind::InstructionOver: m_phase = Phase::Instruction; break;
    case StepKind::Out:
        if (m_startLevels.size() == 1) {
            m_phase = Phase::Leave;
            break;
        }
        [[fallthrough]];
    case StepKind::Into:
    case StepKind::Over:
        arm();
        m_phase = m_calls.contains(m_start.offset) ? Phase::Call : Phase::Lines;
        break;
    }
}

/// Sets the breaks of phase Lines.
void Stepper::arm() {
    m_lines.clear();
    m_calls.clear();
    const engine::Function& function = m_places->module().functions[m_start.function.value];
    for (const LineRow& row : m_places->symbols().rowsIn({function.body.begin, function.body.end})) {
        if (!row.isStatement || row.place.line == 0) continue;
        const bool isStartLine = row.place.file == m_startPlace.file && row.place.line == m_startPlace.line;
        if (isStartLine && m_kind != StepKind::Out) continue;
        if (const auto offset = m_places->instructionAt(row.range.begin)) m_lines.insert(*offset);
    }
    if (m_kind == StepKind::Into) {
        for (const engine::DisassemblyLine& line : m_places->instructions(m_start.function)) {
            const std::string_view text = engine::row(line.op).text;
            if (text.starts_with("call") || text.starts_with("return_call")) m_calls.insert(line.offset);
        }
    }
    std::set<uint32_t> all = m_lines;
    all.insert(m_calls.begin(), m_calls.end());
    m_breaks.setInternal(std::move(all));
}

Stepper::Move Stepper::next() const {
    switch (m_phase) {
    case Phase::Instruction:
    case Phase::Call: return {.instruction = true, .limits = {}};
    case Phase::Callee: return {.instruction = false, .limits = {.minDepth = m_depth + 1}};
    case Phase::Prologue: return {.instruction = false, .limits = {.minDepth = m_calleeDepth}};
    case Phase::Lines:
    case Phase::Leave: return {.instruction = false, .limits = {.minDepth = m_depth}};
    case Phase::None: break;
    }
    return {};
}

bool Stepper::arrived(StopKind kind) {
    const uint32_t depth = machine().depth();
    switch (m_phase) {
    case Phase::None: return false;
    case Phase::Instruction:
        if (m_kind == StepKind::InstructionOver && depth > m_depth) {
            m_phase = Phase::Callee;
            return false;
        }
        return true;
    case Phase::Callee: return depth <= m_depth && backInFrame();
    case Phase::Leave: return depth < m_depth && leftFrame();
    case Phase::Prologue:
        if (depth < m_calleeDepth) return backInFrame();
        return depth == m_calleeDepth && here() == m_target;
    case Phase::Call:
        if (depth > m_depth || machine().location().function != m_start.function) return enteredCallee();
        [[fallthrough]];
    case Phase::Lines:
        if (depth < m_depth) return leftFrame();
        if (depth > m_depth) {
            // The function called itself: that activation runs without our breaks.
            m_breaks.clearInternal();
            m_phase = Phase::Callee;
            return false;
        }
        return kind == StopKind::Breakpoint || kind == StopKind::Stepped ? checkHere() : false;
    }
    return false;
}

std::optional<engine::CodeLocation> Stepper::leftByStepOut() const {
    if (m_kind != StepKind::Out || m_phase != Phase::Leave || machine().depth() + 1 != m_depth) return {};
    return m_start;
}

/// In the stepping frame at a place that has one of our breaks, or behind a call.
bool Stepper::checkHere() {
    const uint32_t offset = here();
    if (m_lines.contains(offset) && endsStep(offset)) return true;
    m_phase = m_calls.contains(offset) ? Phase::Call : Phase::Lines;
    return false;
}

bool Stepper::backInFrame() {
    if (m_kind == StepKind::InstructionOver) return true;
    if (machine().depth() < m_depth) return leftFrame();
    arm();
    return checkHere();
}

/// Behind a call instruction, in the callee (or, after a tail call, in the function that took the frame's place).
bool Stepper::enteredCallee() {
    m_calleeDepth = machine().depth();
    const bool replaced = m_calleeDepth <= m_depth;
    const auto function = m_places->symbols().functionAt(here());
    if (function) {
        const auto target = m_places->instructionAt(m_places->symbols().afterPrologue(*function));
        if (target && m_places->hasLine(*target) && (!m_startKnown || isKnown(placeAt(*target)))) {
            m_target = *target;
            if (here() == m_target) return true;
            m_breaks.setInternal({m_target});
            m_phase = Phase::Prologue;
            return false;
        }
    }
    m_breaks.clearInternal();
    m_phase = replaced ? Phase::Leave : Phase::Callee;
    return false;
}

/// The stepping frame returned: a step ends in the caller, in the middle of the line of the call, if there is a line to show.
bool Stepper::leftFrame() {
    if (m_kind == StepKind::Out || m_kind == StepKind::Instruction || m_kind == StepKind::InstructionOver)
        return true;
    if (m_places->hasLine(here()) && (!m_startKnown || isKnown(placeAt(here())))) return true;
    m_breaks.clearInternal();
    m_depth = machine().depth();
    m_phase = Phase::Leave;
    return false;
}

const SourcePlace& Stepper::placeAt(uint32_t offset) { return m_places->chain(offset).front().place; }

bool Stepper::isKnown(const SourcePlace& place) {
    return place.line != 0 && m_hasSource(m_places->filePath(place.file));
}

/// Is it a place inside a call inlined below the level that the step began in?
bool Stepper::extendsStart(const Levels& levels) const {
    if (levels.size() < m_startLevels.size()) return false;
    return std::equal(m_startLevels.rbegin(), m_startLevels.rend(), levels.rbegin(),
                      [](const InlineFrame& a, const InlineFrame& b) {
                          return a.scope == b.scope && a.name == b.name && a.isInlined == b.isInlined;
                      });
}

/// A line begins here, in the stepping frame: is it where the step should stop?
bool Stepper::endsStep(uint32_t offset) {
    const Levels& levels = m_places->chain(offset);
    const SourcePlace place = levels.front().place;
    if (place.line == 0) return false;
    const bool inside = extendsStart(levels);
    const bool deeper = inside && levels.size() > m_startLevels.size();
    if (m_kind == StepKind::Out) return !inside;
    if (m_kind == StepKind::Over && deeper) return false;
    if (m_startKnown && !isKnown(place)) return false;
    return deeper || place.file != m_startPlace.file || place.line != m_startPlace.line ||
           levels.size() != m_startLevels.size();
}

}  // namespace debugger
