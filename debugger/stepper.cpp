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

namespace {

using Levels = std::vector<InlineFrame>;

/// How many of the outermost levels are the same activations.
size_t commonLevels(const Levels& a, const Levels& b) {
    const auto isSame = [](const InlineFrame& x, const InlineFrame& y) {
        return x.scope == y.scope && x.isInlined == y.isInlined;
    };
    const auto differ = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend(), isSame);
    return static_cast<size_t>(differ.first - a.rbegin());
}

bool isSameLine(const SourcePlace& a, const SourcePlace& b) { return a.file == b.file && a.line == b.line; }

}  // namespace

void Stepper::begin(StepKind kind, Origin origin) {
    CHECK(kind == StepKind::Out || origin.wasmFrame == 0);
    m_kind = kind;
    m_hidden = 0;
    m_depth = machine().depth() - origin.wasmFrame;
    m_start = origin.wasmFrame == 0 ? machine().location() : machine().frame(origin.wasmFrame).location;
    m_startLevels = m_places->chain(m_start.offset);
    m_startLevels.erase(m_startLevels.begin(), m_startLevels.begin() + origin.hidden);
    m_startPlace = m_startLevels.front().place;
    m_startKnown = isKnown(m_startPlace);
    if (kind == StepKind::Instruction || kind == StepKind::InstructionOver) {
        m_phase = Phase::Instruction;
        return;
    }
    if (kind == StepKind::Out && m_startLevels.size() == 1) {
        m_phase = Phase::Leave;
        return;
    }
    findBreaks();
    if (m_lines.empty() && kind != StepKind::Out) {
        m_kind = kind == StepKind::Into ? StepKind::Instruction : StepKind::InstructionOver;
        m_phase = Phase::Instruction;
    } else if (origin.wasmFrame != 0) {
        m_phase = Phase::Callee;
    } else {
        arm();
        m_phase = m_calls.contains(m_start.offset) ? Phase::Call : Phase::Lines;
    }
}

/// Where phase Lines must look: where lines begin, and to step in, the calls. Without lines a step is an instruction.
void Stepper::findBreaks() {
    m_lines.clear();
    m_calls.clear();
    const engine::Function& function = m_places->module().functions[m_start.function.value];
    for (const LineRow& row : m_places->symbols().rowsIn({function.body.begin, function.body.end})) {
        if (!row.isStatement || row.place.line == 0) continue;
        if (const auto offset = m_places->instructionAt(row.range.begin)) m_lines.insert(*offset);
    }
    if (m_kind != StepKind::Into) return;
    for (const engine::DisassemblyLine& line : m_places->instructions(m_start.function)) {
        const std::string_view text = engine::row(line.op).text;
        if (text.starts_with("call") || text.starts_with("return_call")) m_calls.insert(line.offset);
    }
}

void Stepper::arm() {
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
    if (m_lines.contains(offset)) {
        if (const auto hidden = endOfStep(offset)) {
            m_hidden = *hidden;
            return true;
        }
        // It never will: loops on the way are passed at full speed from now on.
        m_lines.erase(offset);
        if (!m_calls.contains(offset)) m_breaks.removeInternal(offset);
    }
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
        if (target && mayEndAt(m_places->chain(*target).back().place)) {
            m_target = *target;
            m_hidden = m_places->levelsBelow(m_target, 0);
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
    m_hidden = 0;
    if (m_kind == StepKind::Instruction || m_kind == StepKind::InstructionOver) return true;
    m_hidden = levelsBehindCall();
    if (m_kind == StepKind::Out || mayEndAt(m_places->chain(here())[m_hidden].place)) return true;
    m_breaks.clearInternal();
    m_depth = machine().depth();
    m_phase = Phase::Leave;
    return false;
}

/// Behind a call: how many of the innermost inlined calls here begin only now.
uint32_t Stepper::levelsBehindCall() {
    if (machine().unwound()) return 0;
    const auto& code = m_places->instructions(machine().location().function);
    const auto next = std::lower_bound(
        code.begin(), code.end(), here(),
        [](const engine::DisassemblyLine& line, uint32_t offset) { return line.offset < offset; });
    if (next == code.begin()) return 0;
    const Levels before = m_places->chain((next - 1)->offset);
    const Levels& levels = m_places->chain(here());
    return static_cast<uint32_t>(levels.size() - std::max<size_t>(commonLevels(levels, before), 1));
}

bool Stepper::isKnown(const SourcePlace& place) {
    return place.line != 0 && m_hasSource(m_places->filePath(place.file));
}

/// The outermost of the calls inlined below a level where the step may end.
std::optional<uint32_t> Stepper::outermostKnown(const Levels& levels, size_t below) {
    while (below-- > 0) {
        if (mayEndAt(levels[below].place)) return static_cast<uint32_t>(below);
    }
    return {};
}

std::optional<uint32_t> Stepper::entersInlined(uint32_t hidden) {
    const Levels& levels = m_places->chain(here());
    m_startKnown = isKnown(levels[hidden].place);
    return outermostKnown(levels, hidden);
}

/// A line begins here, in the stepping frame: is it where the step ends, and before how many of the innermost inlined calls?
std::optional<uint32_t> Stepper::endOfStep(uint32_t offset) {
    const Levels& levels = m_places->chain(offset);
    if (levels.front().place.line == 0) return {};
    const size_t common = commonLevels(levels, m_startLevels);
    const bool isInside = common == m_startLevels.size();
    // The level of the frame that the step began in, or else of the nearest caller that it is still in.
    const size_t level = levels.size() - std::max<size_t>(common, 1);
    const SourcePlace& place = levels[level].place;
    if (m_kind == StepKind::Out) return isInside ? std::nullopt : std::optional(static_cast<uint32_t>(level));
    const bool isNew = !isInside || !isSameLine(place, m_startPlace);
    if (isNew && mayEndAt(place)) return static_cast<uint32_t>(level);
    return m_kind == StepKind::Into ? outermostKnown(levels, level) : std::nullopt;
}

}  // namespace debugger
