#include "engine/store.h"

#include <bit>
#include <cmath>
#include <cstdio>

#include "engine/function_walker.h"
#include "engine/fusion.h"
#include "engine/gc_heap.h"
#include "engine/jit/jit.h"
#include "engine/lowering.h"
#include "engine/store_state.h"
#include "engine/type_registry.h"
#include "engine/watch.h"

namespace engine {

Value Value::f32(float v) { return {kF32, std::bit_cast<uint32_t>(v), 0}; }
Value Value::f64(double v) { return {kF64, std::bit_cast<uint64_t>(v), 0}; }

namespace {

/// Shortest text that reads back as the same number; NaNs with their payload.
template <class F>
std::string floatText(F value, int digits, uint64_t payload, bool negative) {
    if (std::isnan(value)) {
        char buffer[40];
        std::snprintf(buffer, sizeof(buffer), "%snan:0x%llx", negative ? "-" : "",
                      static_cast<unsigned long long>(payload));
        return buffer;
    }
    if (std::isinf(value)) return negative ? "-inf" : "inf";
    char buffer[40];
    for (int precision = 1; precision <= digits; ++precision) {
        std::snprintf(buffer, sizeof(buffer), "%.*g", precision, static_cast<double>(value));
        if (static_cast<F>(std::strtod(buffer, nullptr)) == value) break;
    }
    return buffer;
}

std::string refText(const Value& value) {
    if (value.low == 0) return "null";
    if (reference::isI31(value.low)) return "i31 " + std::to_string(reference::i31Signed(value.low));
    if (reference::isObject(value.low)) {
        constexpr std::string_view kKinds[] = {"struct", "array", "exception", "object"};
        char place[24];
        std::snprintf(place, sizeof(place), " @%llx",
                      static_cast<unsigned long long>(reference::place(value.low)));
        return std::string(kKinds[static_cast<size_t>(reference::kind(value.low))]) + place;
    }
    const HeapType heap = value.type.heap();
    const bool isFunction = !heap.isAbstract() || heap.abstract() == AbstractHeap::Func;
    return (isFunction ? "ref.func " : "ref.extern ") + std::to_string(value.low - 1);
}

}  // namespace

std::string toText(const Value& value) {
    const auto low = static_cast<uint32_t>(value.low);
    switch (value.type.kind()) {
    case ValKind::I32: return std::to_string(static_cast<int32_t>(low));
    case ValKind::I64: return std::to_string(static_cast<int64_t>(value.low));
    case ValKind::F32: return floatText(std::bit_cast<float>(low), 9, low & 0x7fffff, low >> 31);
    case ValKind::F64:
        return floatText(std::bit_cast<double>(value.low), 17, value.low & 0xfffffffffffff, value.low >> 63);
    case ValKind::V128: {
        char buffer[60];
        const auto lane = [](Slot half, int i) { return static_cast<unsigned>(half >> (32 * i)); };
        std::snprintf(buffer, sizeof(buffer), "i32x4 0x%08x 0x%08x 0x%08x 0x%08x", lane(value.low, 0),
                      lane(value.low, 1), lane(value.high, 0), lane(value.high, 1));
        return buffer;
    }
    case ValKind::Ref: return refText(value);
    case ValKind::Bottom: return "unknown";
    }
    return "unknown";
}

std::optional<uint64_t> TableInstance::grow(uint64_t count, Slot init) {
    const uint64_t old = elements.size();
    const uint64_t maximum = std::min(type.limits.max.value_or(maxElements), maxElements);
    if (count > maximum || old > maximum - count) return std::nullopt;
    const uint64_t bytes = count * sizeof(Slot);
    if (budget) {
        if (budget->used > budget->limit || bytes > budget->limit - budget->used) return std::nullopt;
        budget->used += bytes;
    }
    elements.resize(old + count, init);
    return old;
}

std::optional<Extern> Instance::exported(std::string_view exportName) const {
    for (const Export& e : module->exports) {
        if (e.name != exportName) continue;
        switch (e.kind) {
        case ExternKind::Func: return Extern{e.kind, functions[e.index].value};
        case ExternKind::Table: return Extern{e.kind, tables[e.index].value};
        case ExternKind::Memory: return Extern{e.kind, memories[e.index].value};
        case ExternKind::Global: return Extern{e.kind, globals[e.index].value};
        case ExternKind::Tag: return Extern{e.kind, tags[e.index].value};
        }
    }
    return std::nullopt;
}

StoreState::StoreState() = default;
StoreState::~StoreState() = default;

Store::Store(StoreLimits limits) : m(std::make_unique<Impl>()) {
    m->limits = limits;
    m->budget = std::make_shared<MemoryBudget>(MemoryBudget{limits.maxMemoryBytes, 0});
    m->noInstance.store = m.get();
    m->watches = std::make_unique<WatchSet>(*m);
    m->heap =
        std::make_unique<GcHeap>(m->budget, [state = m.get()](GcHeap& heap) { markRoots(*state, heap); });
}
Store::~Store() = default;

const StoreLimits& Store::limits() const { return m->limits; }

bool Store::setTier(Tier tier, uint64_t maxCodeBytes) {
    CHECK(m->code.empty());
    m->jit = tier == Tier::Interp ? nullptr : jit::Jit::create(*m, tier, maxCodeBytes);
    return tier == Tier::Interp || m->jit;
}

Store::CompiledView Store::compiled() const {
    if (!m->jit) return {};
    return {m->jit->compiledFunctions(), m->jit->codeBytes(), m->jit->isFull()};
}

Result<MachineCode> Store::machineCode(FuncAddr address) {
    if (!m->jit)
        return Error{
            ErrorCode::State,
            "there is no machine code: the program is interpreted; start it with the tier jit or auto",
            {}};
    FunctionInstance& function = *m->functions[address.value];
    if (!function.instance) return Error{ErrorCode::NotFound, "a function of the host has no code here", {}};
    return m->jit->machineCode(*TRY(m->lowered(function)));
}

FuncAddr Store::addHostFunction(FuncType type, std::string name, HostFunctionBody body,
                                DirectHostFunction direct) {
    auto block = std::make_unique<FunctionInstance[]>(1);
    FunctionInstance& function = block[0];
    function.canonicalType = canonicalFuncType(type);
    function.paramSlots = slotsOf(type.params);
    function.resultSlots = slotsOf(type.results);
    function.type = &m->functionTypes.emplace_back(std::move(type));
    function.host = std::move(body);
    function.direct = direct;
    function.hostName = std::move(name);
    m->functions.push_back(&function);
    m->functionBlocks.push_back(std::move(block));
    return FuncAddr(functions() - 1);
}
MemAddr Store::addMemory(std::unique_ptr<LinearMemory> memory) {
    memory->joinBudget(m->budget);
    m->memories.push_back(std::move(memory));
    return MemAddr(static_cast<uint32_t>(m->memories.size() - 1));
}
TableAddr Store::addTable(TableType type, Slot init) {
    auto table = std::make_unique<TableInstance>();
    table->type = type;
    table->maxElements = m->limits.maxTableElements;
    table->elements.assign(type.limits.min, init);
    table->budget = m->budget;
    m->budget->used += type.limits.min * sizeof(Slot);
    m->tables.push_back(std::move(table));
    return TableAddr(static_cast<uint32_t>(m->tables.size() - 1));
}
GlobalAddr Store::addGlobal(GlobalType type, Value value) {
    m->globals.push_back(std::make_unique<GlobalInstance>(GlobalInstance{type, value.low, value.high}));
    return GlobalAddr(static_cast<uint32_t>(m->globals.size() - 1));
}
TagAddr Store::addTag(FuncType type) {
    const uint32_t id = canonicalFuncType(type);
    m->tags.push_back(std::make_unique<TagInstance>(TagInstance{std::move(type), id}));
    return TagAddr(static_cast<uint32_t>(m->tags.size() - 1));
}

Result<Slot> Store::newException(TagAddr address, std::span<const Value> arguments) {
    const FuncType& type = tag(address).type;
    CHECK(arguments.size() == type.params.size());
    const ObjectLayout& layout = m->heap->layoutOf(address, type);
    const Slot object = m->heap->allocate(layout);
    if (!object) return Error{ErrorCode::Limit, m->heap->exhausted(layout, 0).text(), {}};
    Slot* slot = m->heap->slots(object);
    for (const Value& value : arguments) {
        CHECK(value.type.slots() == type.params[static_cast<size_t>(&value - arguments.data())].slots());
        *slot++ = value.low;
        if (value.type.slots() == 2) *slot++ = value.high;
    }
    return object;
}

FunctionInstance& Store::function(FuncAddr address) {
    CHECK(address.value < m->functions.size());
    return *m->functions[address.value];
}
LinearMemory& Store::memory(MemAddr address) {
    CHECK(address.value < m->memories.size());
    return *m->memories[address.value];
}
TableInstance& Store::table(TableAddr address) {
    CHECK(address.value < m->tables.size());
    return *m->tables[address.value];
}
GlobalInstance& Store::global(GlobalAddr address) {
    CHECK(address.value < m->globals.size());
    return *m->globals[address.value];
}
TagInstance& Store::tag(TagAddr address) {
    CHECK(address.value < m->tags.size());
    return *m->tags[address.value];
}
Instance& Store::instance(InstanceId id) {
    CHECK(id.value < m->instances.size());
    return *m->instances[id.value];
}
GcHeap& Store::heap() { return *m->heap; }
uint32_t Store::instances() const { return static_cast<uint32_t>(m->instances.size()); }
uint32_t Store::functions() const { return static_cast<uint32_t>(m->functions.size()); }

Result<Code*> StoreState::lowered(FunctionInstance& function) {
    if (function.code) return function.code;
    CHECK(function.instance);
    code.push_back(TRY(lower(*this, function)));
    return function.code = code.back().get();
}

Result<> StoreState::charge(const Code& made) {
    const uint64_t bytes = made.bytes();
    if (bytes > limits.maxCodeBytes || codeBytes > limits.maxCodeBytes - bytes)
        return Error{ErrorCode::Limit,
                     "the code of function " + std::to_string(made.function->index.value) + " takes " +
                         std::to_string(bytes) + " bytes to run, of the limit of " +
                         std::to_string(limits.maxCodeBytes) + " bytes for the code of a program " +
                         std::to_string(codeBytes) + " are in use",
                     {}};
    codeBytes += bytes;
    return {};
}

void StoreState::breaksChanged(Code& changed) {
    if (!std::exchange(changed.breaksChanged, true)) unfused.push_back(&changed);
}

void StoreState::fuseChanged() {
    for (Code* changed : unfused) {
        fuse(*changed);
        if (jit) jit->follow(*changed);
        changed->breaksChanged = false;
    }
    unfused.clear();
}

Result<Code*> Store::code(FuncAddr address) {
    FunctionInstance& f = function(address);
    if (!f.instance)
        return Error{ErrorCode::BadArgument, f.hostName + " is a host function: it has no code", {}};
    return m->lowered(f);
}

uint64_t Store::bytesUsed() const {
    uint64_t bytes = m->budget->used;
    for (const auto& code : m->code)
        bytes += code->bytes();
    return bytes;
}

}  // namespace engine
