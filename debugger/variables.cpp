#include "debugger/variables.h"

#include <algorithm>
#include <set>

#include "debugger/symbols/value_wasm.h"
#include "engine/disassembly.h"
#include "engine/gc_heap.h"
#include "engine/subtyping.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {
constexpr size_t kMaxMarks = 200'000;
constexpr size_t kMaxHandles = 1'000'000;
constexpr size_t kMaxVariables = 1'000;  // of a frame at once
constexpr size_t kMaxGlobals = 2'000;
constexpr uint64_t kMaxChildrenAtOnce = 100'000;
}  // namespace

// ----------------------------------------------------------------------------------------------------------- ChangeMarks

bool ChangeMarks::differs(const std::string& key, const std::string& text) {
    if (m_now.size() < kMaxMarks) m_now[key] = text;
    const auto before = m_before.find(key);
    return before != m_before.end() && before->second != text;
}

void ChangeMarks::nextStop() {
    if (m_before.size() + m_now.size() > kMaxMarks) m_before.clear();
    for (auto& [key, text] : m_now)
        m_before[key] = std::move(text);
    m_now.clear();
}

void ChangeMarks::clear() {
    m_before.clear();
    m_now.clear();
}

// -------------------------------------------------------------------------------------------------------------- Variables

void Variables::attach(Debuggee* debuggee, Places* places, Frames* frames) {
    m_debuggee = debuggee;
    m_places = places;
    m_frames = frames;
    m_handles.clear();
    m_marks.clear();
}

void Variables::nextStop() {
    m_handles.clear();
    m_marks.nextStop();
}

void Variables::newRun() {
    m_handles.clear();
    m_marks.clear();
}

/// Keys of what is compared: the activation by its depth and function, so that a recursive call is not taken for its caller.
std::string Variables::scopeKey(uint32_t frame) {
    const auto at = m_frames->at(frame);
    if (!at) return "-";
    return std::to_string(m_debuggee->machine().depth() - at->wasmFrame) + "/" +
           std::to_string(at->location.function) + "/" + at->location.functionName + "/";
}

VariableNode Variables::node(const SourceValue& value, FrameContext& context, uint32_t frame,
                             const std::string& scope) {
    VariableNode node;
    node.name = value.name;
    node.type = typeName(value, context);
    node.value = render(value, context);
    node.path = value.path;
    node.available = value.place.kind != ObjectPlace::Kind::Unavailable;
    node.byteSize = byteSize(value, context);
    node.placeText = node.available ? placeText(value) : value.place.why;
    if (value.place.kind == ObjectPlace::Kind::Memory) node.address = value.place.address;
    node.childCount = node.available ? childCount(value, context) : 0;
    node.editable = isAssignable(value, context) && !value.path.empty();
    if (node.childCount > 0 && m_handles.size() < kMaxHandles) {
        node.handle = m_nextHandle++;
        m_handles[node.handle] = {value, frame, false};
    }
    node.changed = m_marks.differs(scope + (value.path.empty() ? value.name : value.path), node.value);
    return node;
}

/// Parameters first; an outer variable of the same name is listed, but its name means the inner one.
Result<std::vector<Variables::Row>> Variables::rowsOf(FrameContext& context) {
    std::vector<Row> rows;
    std::set<std::string> seen;
    std::vector<Scope> scopes = TRY(context.symbols()->scopes(context.address(), context.inlineLevel()));
    for (Scope& level : scopes) {
        for (Variable& variable : level.variables) {
            const bool isFirst = seen.insert(variable.name).second;
            rows.push_back({std::move(variable), !isFirst});
        }
    }
    std::stable_partition(rows.begin(), rows.end(), [](const Row& row) { return row.variable.isParameter; });
    return rows;
}

std::vector<VariableNode> Variables::nodesOf(const std::vector<Row>& rows, uint64_t first, uint64_t count,
                                             FrameContext& context, uint32_t frame) {
    const std::string scope = scopeKey(frame);
    std::vector<VariableNode> nodes;
    for (uint64_t i = first; i < rows.size() && nodes.size() < count; i++) {
        SourceValue value = locate(rows[i].variable, context);
        if (rows[i].isShadowed) value.path.clear();
        nodes.push_back(node(value, context, frame, scope));
        nodes.back().group = rows[i].variable.isParameter ? "Parameters" : "Locals";
    }
    return nodes;
}

Result<std::vector<VariableNode>> Variables::variables(FrameContext& context, uint32_t frame) {
    const std::vector<Row> rows = TRY(rowsOf(context));
    std::vector<VariableNode> nodes = nodesOf(rows, 0, kMaxVariables, context, frame);
    if (rows.size() == nodes.size()) return nodes;
    VariableNode rest;
    rest.name = "…";
    rest.childCount = rows.size() - nodes.size();
    rest.value = std::to_string(rest.childCount) + " more variables";
    rest.group = "Locals";
    rest.handle = m_nextHandle++;
    m_handles[rest.handle].frame = frame;
    m_handles[rest.handle].isRest = true;
    nodes.push_back(std::move(rest));
    return nodes;
}

Result<std::vector<VariableNode>> Variables::ofFrame(uint32_t frame, bool withGlobals) {
    auto context = TRY(m_frames->context(frame));
    std::vector<VariableNode> nodes;
    if (context->hasFrame()) {
        auto found = variables(*context, frame);
        // Code without debug info has its objects and vectors at least.
        if (!found || found->empty()) nodes = TRY(localsWithParts(*context, frame));
        if (nodes.empty()) nodes = TRY(std::move(found));
    }
    if (withGlobals) {
        std::vector<VariableNode> rows = globals(*context, frame);
        std::move(rows.begin(), rows.end(), std::back_inserter(nodes));
    }
    return nodes;
}

Result<std::vector<VariableNode>> Variables::localsWithParts(FrameContext& context, uint32_t frame) {
    const StackFrame at = TRY(m_frames->at(frame));
    const std::vector<engine::Value> values = TRY(m_debuggee->machine().locals(at.wasmFrame));
    const engine::FuncIdx function(at.location.function);
    std::vector<VariableNode> nodes;
    for (uint32_t i = 0; i < values.size() && nodes.size() < kMaxGlobals; i++) {
        const bool isObject = values[i].type.isRef() && engine::reference::isObject(values[i].low);
        if (!isObject && values[i].type != engine::kV128) continue;
        SourceValue value = TRY(debugger::evaluate("$local" + std::to_string(i), context));
        const std::string label = engine::localLabel(m_places->module(), function, i);
        if (label.starts_with('$')) value.name = label.substr(1);
        nodes.push_back(node(value, context, frame, scopeKey(frame)));
        const size_t parameters = m_places->module().typeOf(function).params.size();
        nodes.back().group = i < parameters ? "Parameters" : "Locals";
    }
    return nodes;
}

std::vector<VariableNode> Variables::globals(FrameContext& context, uint32_t frame) {
    std::vector<VariableNode> nodes;
    const auto found = context.symbols()->globals(context.address());
    if (!found) return nodes;
    for (const Variable& variable : *found) {
        if (nodes.size() >= kMaxGlobals) break;
        VariableNode row = node(locate(variable, context), context, frame, "globals/");
        row.group = "Globals";
        nodes.push_back(std::move(row));
    }
    return nodes;
}

Result<std::vector<VariableNode>> Variables::children(uint64_t handle, uint64_t first, uint64_t count) {
    const auto found = m_handles.find(handle);
    if (found == m_handles.end())
        return Error{ErrorCode::NotFound, "that value is of an older stop; ask for the variables again"};
    const Handle parent = found->second;
    auto context = TRY(m_frames->context(parent.frame));
    count = std::min(count, kMaxChildrenAtOnce);
    if (parent.isRest) {
        if (first > ~uint64_t{0} - kMaxVariables) return std::vector<VariableNode>();
        const std::vector<Row> rows = TRY(rowsOf(*context));
        return nodesOf(rows, kMaxVariables + first, count, *context, parent.frame);
    }
    const std::string scope = scopeKey(parent.frame);
    std::vector<VariableNode> nodes;
    for (const SourceValue& child : debugger::children(parent.value, *context, first, count)) {
        nodes.push_back(node(child, *context, parent.frame, scope));
    }
    return nodes;
}

Result<VariableNode> Variables::evaluate(uint32_t frame, const std::string& expression) {
    auto context = TRY(m_frames->context(frame));
    auto found = debugger::evaluate(expression, *context);
    if (!found && found.error().code == ErrorCode::NotFound && !context->hasFrame())
        return Error{ErrorCode::State, found.error().message + "; the program is not running"};
    SourceValue value = TRY(std::move(found));
    if (value.name.empty()) value.name = expression;
    return node(value, *context, frame, scopeKey(frame));
}

Result<VariableNode> Variables::assign(uint32_t frame, const std::string& left, const std::string& right) {
    auto context = TRY(m_frames->context(frame));
    SourceValue value = TRY(evaluateAssignment(left, right, *context));
    if (value.name.empty()) value.name = left;
    return node(value, *context, frame, scopeKey(frame));
}

Result<std::string> Variables::typeText(uint32_t frame, const std::string& expression) {
    auto context = TRY(m_frames->context(frame));
    Symbols& symbols = *context->symbols();
    const auto value = debugger::evaluate(expression, *context);
    if (value) return describeType(*value, *context);
    const auto type = symbols.findType(expression, context->address());
    if (type) return describeType(*type, symbols);
    return value.error();
}

// ------------------------------------------------------------------------------------------------------------ wasm values

WasmValue describe(const engine::Value& value) {
    WasmValue described;
    described.type = toText(value.type);
    described.value = toText(value);
    if (value.type == engine::kI32 || value.type == engine::kF32) {
        described.hex = hexText(static_cast<uint32_t>(value.low));
    } else if (value.type == engine::kV128) {
        char buffer[40];
        snprintf(buffer, sizeof buffer, "0x%016llx%016llx", static_cast<unsigned long long>(value.high),
                 static_cast<unsigned long long>(value.low));
        described.hex = buffer;
        described.lanes = lanesOf(value);
    } else {
        described.hex = hexText(value.low);
    }
    return described;
}

WasmValue Variables::describeIn(const engine::Value& value, uint32_t frame) {
    WasmValue described = describe(value);
    const auto context =
        value.type.isRef() ? m_frames->context(frame) : Result<std::unique_ptr<FrameContext>>(nullptr);
    if (!context || !*context) return described;
    const engine::HeapType heap = value.type.heap();
    const bool isFunction = engine::topOf(m_places->module(), heap) == engine::AbstractHeap::Func;
    described.value = render(wasmTemporary(value, engine::PackedKind::None, isFunction), **context);
    described.hex =
        engine::reference::isObject(value.low) ? hexText(engine::reference::place(value.low)) : "";
    return described;
}

Result<std::vector<WasmValue>> Variables::wasmLocals(uint32_t frame) {
    const StackFrame at = TRY(m_frames->at(frame));
    const std::vector<engine::Value> values = TRY(m_debuggee->machine().locals(at.wasmFrame));
    const std::string scope = scopeKey(frame) + "$local";
    std::vector<WasmValue> rows;
    for (uint32_t i = 0; i < values.size(); i++) {
        WasmValue row = describeIn(values[i], frame);
        row.index = i;
        row.name = engine::localLabel(m_places->module(), engine::FuncIdx(at.location.function), i);
        if (!row.name.starts_with('$')) row.name.clear();
        row.changed = m_marks.differs(scope + std::to_string(i), row.value);
        rows.push_back(std::move(row));
    }
    return rows;
}

Result<std::vector<WasmValue>> Variables::operands(uint32_t frame) {
    const StackFrame at = TRY(m_frames->at(frame));
    const std::vector<engine::Value> values = TRY(m_debuggee->machine().operands(at.wasmFrame));
    const std::string scope = scopeKey(frame) + "$stack";
    std::vector<WasmValue> rows;
    for (uint32_t i = 0; i < values.size(); i++) {
        WasmValue row = describeIn(values[i], frame);
        row.index = i;
        row.changed = m_marks.differs(scope + std::to_string(i), row.value);
        rows.push_back(std::move(row));
    }
    return rows;
}

Result<std::vector<WasmValue>> Variables::wasmGlobals() {
    if (!m_debuggee || !m_debuggee->started()) return Error{ErrorCode::State, "the program is not running"};
    engine::Instance& instance = m_debuggee->store().instance(m_debuggee->instance());
    std::vector<WasmValue> rows;
    for (uint32_t i = 0; i < instance.globals.size(); i++) {
        const engine::GlobalInstance& global = m_debuggee->store().global(instance.globals[i]);
        engine::Value value{global.type.type, global.low, global.high};
        if (value.type.isRef())
            value.type = engine::mayNameObject(value.type) ? engine::kAnyRef : engine::kFuncRef;
        WasmValue row = describeIn(value, 0);
        row.type = toText(m_places->module().globals[i].type.type);
        row.index = i;
        row.name = engine::globalLabel(m_places->module(), engine::GlobalIdx(i));
        if (!row.name.starts_with('$')) row.name.clear();
        if (global.type.isMutable) row.type = "(mut " + row.type + ")";
        row.changed = m_marks.differs("$global" + std::to_string(i), row.value);
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace debugger
