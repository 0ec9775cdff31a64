// Store::instantiate: linking and allocation (standard, section 4.7.4).
#include <algorithm>

#include "engine/base/printable.h"
#include "engine/const_expr.h"
#include "engine/function_walker.h"
#include "engine/gc_heap.h"
#include "engine/store_state.h"
#include "engine/subtyping.h"
#include "engine/type_registry.h"

namespace engine {

namespace {

class Instantiation {
public:
    Instantiation(Store& store, StoreState& state, std::shared_ptr<const Module> module, std::string name)
        : m_store(store),
          m_state(state),
          m_module(*module),
          m_owned(std::make_unique<Instance>()),
          m_instance(m_owned.get()),
          m_constants(state, m_module, *m_instance) {
        m_state.heap->suspendCollection(true);  // values of expressions become roots one by one
        m_instance->id = InstanceId(store.instances());
        m_instance->module = std::move(module);
        m_instance->name = std::move(name);
    }

    ~Instantiation() { m_state.heap->suspendCollection(false); }
    Instantiation(const Instantiation&) = delete;

    Result<> link(const ImportResolver& resolver);
    Result<> allocate();
    /// Makes the instance one of the store's; from here on it exists, whatever the segments do.
    InstanceId publish();
    void copySegments(Trap& trap);

private:
    Result<Extern> checked(const Import& import, Extern given);
    bool matches(const Import& import, Extern given) const;
    std::string wantedText(const Import& import) const;
    void bind(const Import& import, Extern given);
    void allocateFunctions();
    Result<> allocateMemories();
    Result<> allocateTables();
    Result<> allocateGlobals();
    Result<> evaluateElements();
    void copyElements(uint32_t index, Trap& trap);
    void copyData(uint32_t index, Trap& trap);

    Store& m_store;
    StoreState& m_state;
    const Module& m_module;
    std::unique_ptr<Instance> m_owned;  // until publish()
    Instance* m_instance;
    ConstEvaluator m_constants;
};

std::string Instantiation::wantedText(const Import& import) const {
    const std::string name = "\"" + printable(import.module) + "\" \"" + printable(import.name) + "\" (" +
                             std::string(toText(import.kind));
    switch (import.kind) {
    case ExternKind::Func: {
        const FuncType& wanted = m_module.typeOf(FuncIdx(import.index));
        if (wanted.params.size() + wanted.results.size() > 16)
            return name + " of " + std::to_string(wanted.params.size()) + " parameters)";
        const std::string type = toText(wanted);
        return name + (type.empty() ? "" : " " + type) + ")";
    }
    case ExternKind::Global: return name + " " + toText(m_module.globals[import.index].type.type) + ")";
    case ExternKind::Table: return name + " " + toText(m_module.tables[import.index].type.element) + ")";
    default: return name + ")";
    }
}

bool Instantiation::matches(const Import& import, Extern given) const {
    if (given.kind != import.kind) return false;
    switch (import.kind) {
    case ExternKind::Func: {
        const uint32_t wanted = m_module.canonicalTypes[m_module.functions[import.index].type.value];
        return isCanonicalSubtype(m_store.function(FuncAddr(given.address)).canonicalType, wanted);
    }
    case ExternKind::Table: {
        TableType wanted = m_module.tables[import.index].type;
        wanted.element = toCanonical(m_module, wanted.element);
        const TableInstance& table = m_store.table(TableAddr(given.address));
        return matchesImport(table.type, table.elements.size(), wanted);
    }
    case ExternKind::Memory: {
        const LinearMemory& memory = m_store.memory(MemAddr(given.address));
        return matchesImport(memory.type(), memory.pages(), m_module.memories[import.index].type);
    }
    case ExternKind::Global: {
        GlobalType wanted = m_module.globals[import.index].type;
        wanted.type = toCanonical(m_module, wanted.type);
        return matchesImport(m_store.global(GlobalAddr(given.address)).type, wanted);
    }
    case ExternKind::Tag:
        return m_store.tag(TagAddr(given.address)).canonicalType ==
               m_module.canonicalTypes[m_module.tags[import.index].type.type.value];
    }
    return false;
}

void Instantiation::bind(const Import& import, Extern given) {
    switch (import.kind) {
    case ExternKind::Func: m_instance->functions.push_back(FuncAddr(given.address)); break;
    case ExternKind::Table: m_instance->tables.push_back(TableAddr(given.address)); break;
    case ExternKind::Memory: m_instance->memories.push_back(MemAddr(given.address)); break;
    case ExternKind::Global: m_instance->globals.push_back(GlobalAddr(given.address)); break;
    case ExternKind::Tag: m_instance->tags.push_back(TagAddr(given.address)); break;
    }
}

Result<> Instantiation::link(const ImportResolver& resolver) {
    constexpr size_t kNamed = 20;  // of very many, the rest is only counted
    std::string problems;
    size_t count = 0;
    const auto tell = [&](const Import& import, const std::string& why) {
        if (++count <= kNamed) problems += "\n  " + wantedText(import) + ": " + why;
    };
    for (const Import& import : m_module.imports) {
        Result<Extern> given = resolver(import, m_module);
        if (!given)
            tell(import, given.error().message);
        else if (!matches(import, *given))
            tell(import,
                 "incompatible import type, what is given is another " + std::string(toText(given->kind)));
        else {
            bind(import, *given);
            continue;
        }
    }
    if (count == 0) return {};
    if (count > kNamed) problems += "\n  and " + std::to_string(count - kNamed) + " more";
    const std::string head =
        count == 1 ? "1 import cannot be linked:" : std::to_string(count) + " imports cannot be linked:";
    return Error{ErrorCode::Unlinkable, head + problems, {.file = m_module.fileName, .section = "import"}};
}

void Instantiation::allocateFunctions() {
    const size_t count = m_module.functions.size() - m_module.importedFunctions;
    auto block = std::make_unique<FunctionInstance[]>(count);
    std::vector<const FuncType*> types(m_module.types.size());  // made when a function needs them
    for (size_t i = 0; i < count; ++i) {
        FunctionInstance& f = block[i];
        const FuncIdx index(static_cast<uint32_t>(i) + m_module.importedFunctions);
        const TypeIdx type = m_module.functions[index.value].type;
        const FuncType*& shared = types[type.value];
        if (!shared)
            shared =
                &m_state.functionTypes.emplace_back(toCanonical(m_module, m_module.types[type.value].func));
        f.type = shared;
        f.canonicalType = m_module.canonicalTypes[type.value];
        f.instance = m_instance->id;
        f.index = index;
        f.paramSlots = slotsOf(f.type->params);
        f.resultSlots = slotsOf(f.type->results);
        m_instance->functions.push_back(FuncAddr(m_store.functions()));
        m_state.functions.push_back(&f);
    }
    m_state.functionBlocks.push_back(std::move(block));
}

Result<> Instantiation::allocateMemories() {
    for (size_t i = m_module.importedMemories; i < m_module.memories.size(); ++i) {
        const uint64_t limit = m_state.budget->limit;
        const uint64_t left = limit - std::min(limit, m_state.budget->used);
        const MemoryType& type = m_module.memories[i].type;
        const uint64_t pages = type.limits.min;
        if (pages > (left >> type.pageSizeLog2))
            return Error{ErrorCode::Limit,
                         "memory " + std::to_string(i) + " begins with " + std::to_string(pages) +
                             " pages, above the memory limit of " + std::to_string(limit) + " bytes",
                         {.file = m_module.fileName, .section = "memory"}};
        m_instance->memories.push_back(m_store.addMemory(TRY(LinearMemory::create(type, limit))));
    }
    return {};
}

Result<> Instantiation::allocateTables() {
    for (size_t i = m_module.importedTables; i < m_module.tables.size(); ++i) {
        const Table& table = m_module.tables[i];
        TableType type = table.type;
        type.element = toCanonical(m_module, type.element);
        if (type.limits.min > m_state.limits.maxTableElements)
            return Error{ErrorCode::Limit,
                         "table " + std::to_string(i) + " begins with " + std::to_string(type.limits.min) +
                             " elements, above the limit of " +
                             std::to_string(m_state.limits.maxTableElements),
                         {.file = m_module.fileName, .section = "table"}};
        Slot init = 0;  // before the check: it may allocate
        if (table.init) init = TRY(m_constants.evaluate(*table.init, type.element))
        .low;
        const MemoryBudget& budget = *m_state.budget;
        if (budget.used > budget.limit || type.limits.min * sizeof(Slot) > budget.limit - budget.used)
            return Error{ErrorCode::Limit,
                         "table " + std::to_string(i) + " does not fit the memory limit of " +
                             std::to_string(budget.limit) + " bytes",
                         {.file = m_module.fileName, .section = "table"}};
        m_instance->tables.push_back(m_store.addTable(type, init));
    }
    return {};
}

Result<> Instantiation::allocateGlobals() {
    for (size_t i = m_module.importedGlobals; i < m_module.globals.size(); ++i) {
        GlobalType type = m_module.globals[i].type;
        type.type = toCanonical(m_module, type.type);
        const Value value = TRY(m_constants.evaluate(m_module.globals[i].init, type.type));
        m_instance->globals.push_back(m_store.addGlobal(type, value));
    }
    return {};
}

Result<> Instantiation::evaluateElements() {
    for (const ElementSegment& segment : m_module.elements) {
        std::vector<Slot> slots;
        slots.reserve(segment.size());
        for (FuncIdx function : segment.functions)
            slots.push_back(uint64_t{m_instance->functions[function.value].value} + 1);
        for (const ConstExpr& expression : segment.expressions)
            slots.push_back(TRY(m_constants.evaluate(expression, segment.type)).low);
        m_instance->elementSegments.push_back(std::move(slots));
    }
    m_instance->droppedElements.assign(m_module.elements.size(), false);
    m_instance->droppedData.assign(m_module.data.size(), false);
    return {};
}

Result<> Instantiation::allocate() {
    allocateFunctions();
    TRY(allocateMemories());
    for (size_t i = m_module.importedTags; i < m_module.tags.size(); ++i) {
        const TypeIdx type = m_module.tags[i].type.type;
        m_instance->tags.push_back(m_store.addTag(toCanonical(m_module, m_module.types[type.value].func)));
        m_store.tag(m_instance->tags.back()).canonicalType = m_module.canonicalTypes[type.value];
    }
    TRY(allocateGlobals());
    TRY(allocateTables());
    return evaluateElements();
}

InstanceId Instantiation::publish() {
    auto context = std::make_unique<InstanceContext>();
    context->instance = m_instance;
    context->store = &m_state;
    for (FuncAddr a : m_instance->functions)
        context->functions.push_back(m_state.functions[a.value]);
    for (MemAddr a : m_instance->memories)
        context->memories.push_back(m_state.memories[a.value].get());
    for (TableAddr a : m_instance->tables)
        context->tables.push_back(m_state.tables[a.value].get());
    for (GlobalAddr a : m_instance->globals)
        context->globals.push_back(m_state.globals[a.value].get());
    m_state.contexts.push_back(std::move(context));
    m_state.instances.push_back(std::move(m_owned));
    return m_instance->id;
}

void Instantiation::copyElements(uint32_t index, Trap& trap) {
    Instance& instance = *m_instance;
    const ElementSegment& segment = m_module.elements[index];
    if (segment.mode == SegmentMode::Passive) return;
    if (segment.mode == SegmentMode::Active) {
        const uint32_t at = segment.table.value;
        TableInstance& table = m_store.table(instance.tables[at]);
        const Result<Value> offset =
            m_constants.evaluate(segment.offset, table.type.limits.is64 ? kI64 : kI32);
        const auto& slots = instance.elementSegments[index];
        if (!offset) {
            trap.kind = TrapKind::Host;
            trap.message = offset.error().text();
            return;
        }
        if (slots.size() > table.elements.size() || offset->low > table.elements.size() - slots.size()) {
            trap.kind = TrapKind::OutOfBoundsTable;
            trap.address = offset->low;
            trap.size = slots.size();
            trap.limit = table.elements.size();
            trap.index = at;
            return;
        }
        std::copy(slots.begin(), slots.end(), table.elements.begin() + static_cast<ptrdiff_t>(offset->low));
    }
    instance.droppedElements[index] = true;
}

void Instantiation::copyData(uint32_t index, Trap& trap) {
    Instance& instance = *m_instance;
    const DataSegment& segment = m_module.data[index];
    if (segment.mode != SegmentMode::Active) return;
    LinearMemory& memory = m_store.memory(instance.memories[segment.memory.value]);
    const Result<Value> offset =
        m_constants.evaluate(segment.offset, memory.type().limits.is64 ? kI64 : kI32);
    if (!offset) {
        trap.kind = TrapKind::Host;
        trap.message = offset.error().text();
        return;
    }
    const std::span<const uint8_t> bytes = m_module.view(segment.bytes);
    if (!memory.contains(offset->low, bytes.size())) {
        trap.kind = TrapKind::OutOfBoundsMemory;
        trap.address = offset->low;
        trap.size = bytes.size();
        trap.limit = memory.size();
        trap.index = segment.memory.value;
        return;
    }
    std::copy(bytes.begin(), bytes.end(), memory.base() + offset->low);
    instance.droppedData[index] = true;
}

void Instantiation::copySegments(Trap& trap) {
    for (uint32_t i = 0; i < m_module.elements.size() && trap.kind == TrapKind::None; ++i)
        copyElements(i, trap);
    for (uint32_t i = 0; i < m_module.data.size() && trap.kind == TrapKind::None; ++i)
        copyData(i, trap);
}

}  // namespace

Result<InstanceId> Store::instantiate(std::shared_ptr<const Module> module, const ImportResolver& resolver,
                                      Trap* trap, std::string name) {
    Instantiation instantiation(*this, *m, std::move(module), std::move(name));
    TRY(instantiation.link(resolver));
    TRY(instantiation.allocate());
    const InstanceId id = instantiation.publish();
    Trap ignored;
    Trap& result = trap ? *trap : ignored;
    result = Trap{};
    instantiation.copySegments(result);
    return id;
}

}  // namespace engine
