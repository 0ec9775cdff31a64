#include "debugger/frames.h"

#include <algorithm>
#include <cstring>

#include "debugger/references.h"
#include "engine/gc_heap.h"
#include "engine/subtyping.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;
using engine::Value;

FrameContext::FrameContext(Debuggee& debuggee, uint32_t wasmFrame, uint32_t inlineLevel)
    : m_debuggee(debuggee), m_wasmFrame(wasmFrame), m_inlineLevel(inlineLevel) {
    if (!debuggee.started() || wasmFrame >= debuggee.machine().depth()) return;
    m_hasFrame = true;
    m_address = wasmFrame == 0 ? debuggee.machine().location().offset
                               : debuggee.machine().frame(wasmFrame).location.offset;
}

Symbols* FrameContext::symbols() { return &m_debuggee.symbols(); }

/// A reference to a function of a type that the module defines as one to any function: outside the module its index says nothing.
Value FrameContext::withPlainType(Value value) const {
    if (value.type.isRef() && !value.type.heap().isAbstract()) {
        const engine::AbstractHeap top = engine::topOf(*m_debuggee.module(), value.type.heap());
        value.type = engine::ValType::ref(top, value.type.nullable());
    }
    return value;
}

Result<Value> FrameContext::local(uint32_t index) const {
    if (!m_hasFrame) return Error{ErrorCode::State, "no function is running, so there are no locals"};
    return withPlainType(TRY(m_debuggee.machine().local(m_wasmFrame, index)));
}

Result<Value> FrameContext::operand(uint32_t index) const {
    if (!m_hasFrame) return Error{ErrorCode::State, "no function is running, so the operand stack is empty"};
    std::vector<Value> operands = TRY(m_debuggee.machine().operands(m_wasmFrame));
    if (index >= operands.size()) {
        return Error{ErrorCode::NotFound,
                     "the operand stack has " + std::to_string(operands.size()) + " values"};
    }
    return withPlainType(operands[index]);
}

Result<engine::GlobalInstance*> FrameContext::globalInstance(uint32_t index) const {
    if (!m_debuggee.started()) return Error{ErrorCode::State, "the program is not running"};
    engine::Instance& instance = m_debuggee.store().instance(m_debuggee.instance());
    if (index >= instance.globals.size()) {
        return Error{ErrorCode::NotFound, "there is no global " + std::to_string(index)};
    }
    return &m_debuggee.store().global(instance.globals[index]);
}

Result<Value> FrameContext::global(uint32_t index) const {
    const engine::GlobalInstance* global = TRY(globalInstance(index));
    Value value{global->type.type, global->low, global->high};
    if (value.type.isRef())
        value.type = engine::mayNameObject(value.type) ? engine::kAnyRef : engine::kFuncRef;
    return value;
}

namespace {
/// The lowest index, where several have the name.
std::optional<uint32_t> indexNamed(const std::unordered_map<uint32_t, std::string>& names,
                                   std::string_view name) {
    std::optional<uint32_t> found;
    for (const auto& [index, text] : names)
        if (text == name && (!found || index < *found)) found = index;
    return found;
}
}  // namespace

std::optional<uint32_t> FrameContext::localNamed(std::string_view name) const {
    if (!m_hasFrame) return std::nullopt;
    const auto& locals = m_debuggee.module()->names().locals;
    const auto names = locals.find(m_debuggee.machine().frame(m_wasmFrame).location.function.value);
    return names == locals.end() ? std::nullopt : indexNamed(names->second, name);
}

std::optional<uint32_t> FrameContext::globalNamed(std::string_view name) const {
    return indexNamed(m_debuggee.module()->names().globals, name);
}

Result<> FrameContext::setGlobal(uint32_t index, const Value& value) {
    engine::GlobalInstance* global = TRY(globalInstance(index));
    if (value.type != global->type.type || value.type.isRef()) {
        return Error{ErrorCode::BadArgument,
                     "global " + std::to_string(index) + " has type " + toText(global->type.type)};
    }
    if (!global->type.isMutable) {
        return Error{ErrorCode::BadArgument,
                     "global " + std::to_string(index) + " is immutable: the module declares it without mut"};
    }
    global->low = value.low;
    global->high = value.high;
    return {};
}

Result<> FrameContext::setLocal(uint32_t index, const Value& value) {
    if (!m_hasFrame) return Error{ErrorCode::State, "no function is running, so there are no locals"};
    return m_debuggee.machine().setLocal(m_wasmFrame, index, value);
}

namespace {

Error outOfRange(uint64_t address, uint64_t length, uint64_t size) {
    return Error{ErrorCode::NotFound, hexText(address) + " (" + std::to_string(length) +
                                          " bytes) is outside memory, which has " + std::to_string(size) +
                                          " bytes"};
}

}  // namespace

Result<> FrameContext::readMemory(uint64_t address, std::span<uint8_t> into) const {
    engine::LinearMemory* memory = m_debuggee.memory(0);
    if (!memory || !memory->contains(address, into.size()))
        return outOfRange(address, into.size(), memorySize());
    if (!into.empty()) std::memcpy(into.data(), memory->base() + address, into.size());
    return {};
}

Result<> FrameContext::writeMemory(uint64_t address, std::span<const uint8_t> bytes) {
    engine::LinearMemory* memory = m_debuggee.memory(0);
    if (!memory || !memory->contains(address, bytes.size()))
        return outOfRange(address, bytes.size(), memorySize());
    if (!bytes.empty()) std::memcpy(memory->base() + address, bytes.data(), bytes.size());
    return {};
}

uint64_t FrameContext::memorySize() const {
    const engine::LinearMemory* memory = m_debuggee.memory(0);
    return memory ? memory->size() : 0;
}

uint32_t FrameContext::pointerSize() const {
    const auto& memories = m_debuggee.module()->memories;
    return !memories.empty() && memories[0].type.limits.is64 ? 8 : 4;
}

std::optional<TableFunction> FrameContext::functionInTable(uint64_t index) const {
    if (!m_debuggee.started()) return {};
    engine::Store& store = m_debuggee.store();
    const engine::Instance& instance = store.instance(m_debuggee.instance());
    if (instance.tables.empty()) return {};
    const engine::TableInstance& table = store.table(instance.tables[0]);
    if (index >= table.elements.size() || table.elements[index] == 0) return {};
    const engine::FunctionInstance& function =
        store.function(engine::FuncAddr(static_cast<uint32_t>(table.elements[index] - 1)));
    if (!function.instance) return TableFunction{function.hostName, 0};
    const engine::Module& module = *m_debuggee.module();
    const uint32_t address = module.functions[function.index.value].body.begin;
    const auto symbol = m_debuggee.symbols().functionAt(address);
    return TableFunction{symbol ? symbol->qualifiedName : printable(module.functionName(function.index)),
                         address};
}

WasmReferent FrameContext::referent(engine::Slot reference, bool isFunction) const {
    return referentOf(m_debuggee, reference, isFunction);
}
Result<WasmPart> FrameContext::part(engine::Slot object, uint64_t index) const {
    return partOf(m_debuggee, object, index);
}

std::optional<uint64_t> FrameContext::threadLocalBase() const {
    const auto& names = m_debuggee.module()->names().globals;
    for (const auto& [index, name] : names) {
        if (name != "__tls_base") continue;
        const auto value = global(index);
        if (value && value->low != 0) return value->low;
    }
    return {};
}

// ---------------------------------------------------------------------------------------------------- frames

void Frames::attach(Debuggee* debuggee, Places* places) {
    m_debuggee = debuggee;
    m_places = places;
    invalidate();
}

void Frames::invalidate(uint32_t hidden) {
    m_hidden = hidden;
    m_frames.clear();
    m_raw.clear();
    m_expanded = 0;
    m_valid = false;
}

/// Expands activations into their inlined levels until the frame is known. False if there is none.
bool Frames::expandTo(uint32_t index) {
    if (!m_debuggee || !m_debuggee->started()) return false;
    if (!m_valid) {
        m_raw.resize(m_debuggee->machine().depth());
        m_raw.resize(m_debuggee->machine().backtrace(m_raw));
        m_valid = true;
    }
    while (m_frames.size() <= index && m_expanded < m_raw.size()) {
        const uint32_t offset = m_raw[m_expanded].offset;
        const std::vector<InlineFrame> levels = m_places->chain(offset);
        for (uint32_t level = m_expanded == 0 ? m_hidden : 0; level < levels.size(); level++) {
            StackFrame frame;
            frame.index = static_cast<uint32_t>(m_frames.size());
            frame.wasmFrame = m_expanded;
            frame.inlineLevel = level;
            frame.isInlined = levels[level].isInlined;
            frame.location = m_places->location(offset, level);
            m_frames.push_back(std::move(frame));
        }
        m_expanded++;
    }
    return index < m_frames.size();
}

std::vector<StackFrame> Frames::slice(uint32_t first, uint32_t count) {
    if (count == 0) return {};
    const uint64_t last = std::min<uint64_t>(uint64_t{first} + count - 1, 10'000'000);
    expandTo(static_cast<uint32_t>(last));
    if (first >= m_frames.size()) return {};
    const size_t end = std::min<size_t>(last + 1, m_frames.size());
    return {m_frames.begin() + first, m_frames.begin() + static_cast<ptrdiff_t>(end)};
}

Result<StackFrame> Frames::at(uint32_t index) {
    if (!expandTo(index)) {
        return Error{ErrorCode::NotFound,
                     m_frames.empty() ? std::string("there is no stack: the program does not run")
                                      : "there is no frame " + std::to_string(index) + "; the outermost is " +
                                            std::to_string(m_frames.size() - 1)};
    }
    return m_frames[index];
}

Result<std::unique_ptr<FrameContext>> Frames::context(uint32_t index) {
    if (!m_debuggee || !m_debuggee->started()) return Error{ErrorCode::State, "the program is not running"};
    // After its end there is no stack, but memory and globals can still be looked at.
    if (m_debuggee->machine().depth() == 0 && index == 0)
        return std::make_unique<FrameContext>(*m_debuggee, 0, 0);
    const StackFrame frame = TRY(at(index));
    return std::make_unique<FrameContext>(*m_debuggee, frame.wasmFrame, frame.inlineLevel);
}

}  // namespace debugger
