#include "engine/gc_heap.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "engine/gc_cells.h"
#include "engine/gc_elements.h"
#include "engine/subtyping.h"
#include "engine/type_registry.h"

namespace engine {

namespace {

constexpr uint64_t kUnit = 1 << 10;  // what spans are multiples of
constexpr uint64_t kLeastBetweenCollections = 8 << 20;
constexpr uint64_t kKept = 16 << 20;     // free memory that is not given back to the system
constexpr uint64_t kRemapped = 1 << 20;  // cheaper to map anew than to overwrite
constexpr uint64_t kCommitStep = 4 << 20;
// So many collections in a row that had gained less than this part of what lives are the end.
constexpr uint64_t kLeastGain = 64;
constexpr uint32_t kMaxFutile = 8;

using namespace gc_cells;

uint64_t roundUp(uint64_t bytes, uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

bool mayNameObject(ValType canonical) {
    if (!canonical.isRef()) return false;
    const HeapType heap = canonical.heap();
    if (!heap.isAbstract()) return canonicalKind(heap.defined().value) != CompositeKind::Func;
    return heap.abstract() != AbstractHeap::Func && heap.abstract() != AbstractHeap::NoFunc;
}

GcHeap::GcHeap(std::shared_ptr<MemoryBudget> budget, std::function<void(GcHeap&)> markRoots)
    : m_budget(std::move(budget)), m_markRoots(std::move(markRoots)), m_layouts(1) {
    static_assert(sizeClassOf(kLargestCell) + 1 == kSizeClasses);
}

GcHeap::~GcHeap() {
    if (m_base) munmap(m_base, m_reserved);
    m_budget->used -= m_used;
}

// Layouts

ObjectLayout& GcHeap::addLayout(ObjectKind kind, uint32_t type) {
    ObjectLayout& layout = *m_layouts.emplace_back(std::make_unique<ObjectLayout>());
    layout.kind = kind;
    layout.type = type;
    layout.number = static_cast<uint32_t>(m_layouts.size() - 1);
    return layout;
}

void GcHeap::addField(ObjectLayout& layout, const FieldType& canonical) {
    layout.fields.push_back(canonical);
    layout.slotOf.push_back(layout.slots);
    if (mayNameObject(canonical.type)) layout.references.push_back(layout.slots);
    layout.slots += canonical.type.slots();
}

const ObjectLayout& GcHeap::layoutOf(const Module& module, TypeIdx type) {
    const uint32_t id = module.canonicalTypes[type.value];
    const auto [known, isNew] = m_layoutOfType.try_emplace(id, static_cast<uint32_t>(m_layouts.size()));
    if (!isNew) return layout(known->second);
    const DefinedType& defined = module.types[type.value];
    CHECK(defined.kind != CompositeKind::Func);
    const auto canonical = [&](FieldType field) {
        field.type = toCanonical(module, field.type);
        return field;
    };
    const bool isArray = defined.kind == CompositeKind::Array;
    ObjectLayout& layout = addLayout(isArray ? ObjectKind::Array : ObjectKind::Struct, id);
    layout.supertypes = canonicalSupertypes(id);
    if (isArray) {
        const FieldType element = canonical(defined.array.element);
        layout.fields = {element};
        layout.elementsAreReferences = mayNameObject(element.type);
        const bool isHalfSlot = element.type == kI32 || element.type == kF32;
        layout.elementBytes = element.packed == PackedKind::I8    ? 1
                              : element.packed == PackedKind::I16 ? 2
                              : isHalfSlot                        ? 4
                                                                  : element.type.slots() * 8;
    } else {
        for (const FieldType& field : defined.structure.fields)
            addField(layout, canonical(field));
        for (size_t i = 0; i < layout.fields.size(); ++i)
            if (const PackedKind packed = layout.fields[i].packed; packed != PackedKind::None) {
                layout.masks.resize(layout.slots, ~Slot{0});
                layout.masks[layout.slotOf[i]] = packed == PackedKind::I8 ? 0xff : 0xffff;
            }
        if (layout.bytes(0) <= kLargestCell) {
            layout.sizeClass = sizeClassOf(layout.bytes(0));
            layout.cellBytes = cellBytesOf(layout.sizeClass);
        }
    }
    return layout;
}

const ObjectLayout& GcHeap::layoutOf(TagAddr tag, const FuncType& canonicalType) {
    const auto [known, isNew] = m_layoutOfTag.try_emplace(tag.value, static_cast<uint32_t>(m_layouts.size()));
    if (!isNew) return layout(known->second);
    ObjectLayout& layout = addLayout(ObjectKind::Exception, tag.value);
    for (const ValType type : canonicalType.params)
        addField(layout, {type, PackedKind::None, false});
    return layout;
}

// Objects

uint32_t GcHeap::count(Slot object) const {
    const ObjectLayout& layout = layoutAt(object);
    return layout.kind == ObjectKind::Array ? length(object) : static_cast<uint32_t>(layout.fields.size());
}

Value GcHeap::get(Slot object, uint32_t index) const {
    CHECK(index < count(object));
    const ObjectLayout& layout = layoutAt(object);
    if (layout.kind != ObjectKind::Array) {
        const Slot* slot = slots(object) + layout.slotOf[index];
        const ValType type = layout.fields[index].type;
        return {type, slot[0], type.slots() == 2 ? slot[1] : 0};
    }
    Value value{layout.fields[0].type, 0, 0};
    const uint8_t* element = elements(object) + uint64_t{index} * layout.elementBytes;
    Slot loaded[2] = {0, 0};
    loadElement(loaded, element, layout.elementBytes);
    value.low = loaded[0];
    value.high = loaded[1];
    return value;
}

bool GcHeap::contains(Slot reference) const {
    if (!reference::isObject(reference)) return false;
    const uint64_t place = reference::place(reference);
    auto span = m_spans.upper_bound(place);
    if (span == m_spans.begin()) return false;
    --span;
    const uint64_t within = place - span->first;
    const uint32_t cell = span->second.cellBytes;
    if (cell == 0 ? within != 0 : within % cell != 0 || within / cell >= kChunk / cell) return false;
    const uint32_t number = headerAt(place).layout >> 8;
    return number != 0 && reference == reference::object(layout(number).kind, place);
}

void GcHeap::hold(Slot reference) {
    finishCollection();
    ++m_held[reference];
}

void GcHeap::suspendCollection(bool on) {
    finishCollection();
    m_suspended += on ? 1 : -1;
}

void GcHeap::release(Slot reference) {
    const auto held = m_held.find(reference);
    CHECK(held != m_held.end());
    if (--held->second == 0) m_held.erase(held);
}

// Allocation

Slot GcHeap::allocate(const ObjectLayout& layout, uint32_t length) {
    const uint64_t bytes = layout.bytes(length);
    m_hasGivenUp = false;
    if (m_stress && m_suspended == 0) collect();
    const uint64_t place = bytes <= kLargestCell ? takeCell(sizeClassOf(bytes)) : takeLarge(bytes);
    if (place == 0) return 0;
    headerAt(place) = {layout.number << 8, length};
    if (m_stress) retireRuns();  // so that no allocation goes without this function
    return reference::object(layout.kind, place);
}

Slot GcHeap::make(const ObjectLayout& layout, const Slot* from, uint32_t length) {
    const Slot object = allocate(layout, length);
    if (object == 0) return 0;
    if (layout.kind == ObjectKind::Array) {
        storeElements(elements(object), from, length, layout.elementBytes);
    } else if (layout.masks.empty()) {
        std::memcpy(slots(object), from, layout.slots * sizeof(Slot));
    } else {
        for (uint32_t i = 0; i < layout.slots; ++i)
            slots(object)[i] = from[i] & layout.masks[i];
    }
    return object;
}

Slot GcHeap::allocateZeroed(const ObjectLayout& layout, uint32_t length) {
    const Slot object = allocate(layout, length);
    const uint64_t bytes = layout.bytes(length);
    if (object && bytes <= kLargestCell) std::memset(elements(object), 0, bytes - sizeof(Header));
    return object;
}

Trap GcHeap::exhausted(const ObjectLayout& layout, uint32_t length) const {
    Trap trap;
    trap.kind = TrapKind::AllocationFailure;
    trap.size = layout.bytes(length);
    trap.limit = m_budget->limit;
    trap.message = std::to_string(trap.size) + " bytes for " +
                   (layout.kind == ObjectKind::Array ? "an array of " + std::to_string(length) + " elements"
                    : layout.kind == ObjectKind::Struct ? "a structure"
                                                        : "an exception") +
                   ", of the memory limit of " + std::to_string(trap.limit) + " bytes " +
                   std::to_string(m_budget->used) + " are in use" +
                   (m_hasGivenUp ? ", and collecting garbage no longer makes enough room" : "");
    return trap;
}

uint64_t GcHeap::takeCell(uint32_t sizeClass) {
    SizeClass& c = m_classes[sizeClass];
    if (c.at == c.end && !refill(sizeClass)) return 0;
    const uint64_t place = c.at;
    c.at += cellBytesOf(sizeClass);
    return place;
}

bool GcHeap::refill(uint32_t sizeClass) {
    if (!collectIfDue()) return false;
    SizeClass& c = m_classes[sizeClass];
    const uint32_t cell = cellBytesOf(sizeClass);
    uint64_t chunk = c.firstRun ? 0 : takeSpan(kChunk, cell);
    if (!c.firstRun && !chunk && m_suspended == 0) {
        if (!collectForRoom()) return false;
        if (!c.firstRun) chunk = takeSpan(kChunk, cell);
    }
    if (chunk) {
        c.at = chunk;
        c.end = chunk + kChunk / cell * cell;
    } else if (c.firstRun) {
        c.at = c.firstRun;
        c.end = c.at + uint64_t{headerAt(c.at).length} * cell;
        c.firstRun = nextRun(c.at);
    } else {
        return false;
    }
    m_allocated += c.end - c.at;
    return true;
}

uint64_t GcHeap::takeLarge(uint64_t bytes) {
    if (!collectIfDue()) return 0;
    const uint64_t rounded = roundUp(bytes, kUnit);
    uint64_t place = takeSpan(rounded, 0);
    if (!place && m_suspended == 0) {
        if (!collectForRoom()) return 0;
        place = takeSpan(rounded, 0);
    }
    if (place) m_allocated += rounded;
    return place;
}

bool GcHeap::collectIfDue() {
    const bool isDue = m_suspended == 0 && m_allocated > std::max(kLeastBetweenCollections, m_live);
    m_hasCollected = isDue || isPaused();
    return !m_hasCollected || collectSome();
}

bool GcHeap::collectForRoom() {
    if (m_hasCollected) return true;  // and more would not help
    m_futile = m_allocated < m_live / kLeastGain ? m_futile + 1 : 0;
    m_hasGivenUp = m_futile > kMaxFutile;
    if (!m_hasGivenUp) return collectSome();
    m_futile = 0;
    return false;
}

// The region

bool GcHeap::reserve() {
    if (m_base) return true;
    // Free room in pieces costs address space only, so there is plenty of it.
    uint64_t size = std::min(m_budget->limit / kUnit, uint64_t{1} << 34) * kUnit * 4 + (1 << 30);
    const auto map = [&] {
        void* p = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        return p == MAP_FAILED ? nullptr : static_cast<uint8_t*>(p);
    };
    while (!(m_base = map()) && size > kCommitStep)
        size /= 2;
    if (!m_base) return false;
    m_reserved = size;
    m_top = m_highest = kUnit;  // place 0 means none
    return true;
}

bool GcHeap::commit(uint64_t end) {
    const uint64_t target = std::min(roundUp(end, kCommitStep), m_reserved);
    if (target <= m_committed) return true;
    if (mprotect(m_base + m_committed, target - m_committed, PROT_READ | PROT_WRITE) != 0) return false;
    m_committed = target;
    return true;
}

std::optional<GcHeap::Room> GcHeap::findRoom(uint64_t bytes) {
    const auto fit = m_freeBySize.lower_bound({bytes, 0});
    if (fit == m_freeBySize.end()) {
        if (bytes > m_reserved - m_top || !commit(m_top + bytes)) return std::nullopt;
        const uint64_t place = m_top;
        m_top += bytes;
        return Room{place, place < m_highest ? std::min(bytes, m_highest - place) : 0};
    }
    const auto [size, place] = *fit;
    m_freeBySize.erase(fit);
    const bool isZero = m_free.extract(place).mapped().isZero;
    if (size > bytes) {
        m_free.emplace(place + bytes, Free{size - bytes, isZero});
        m_freeBySize.emplace(size - bytes, place + bytes);
    }
    return Room{place, isZero ? 0 : bytes};
}

uint64_t GcHeap::takeSpan(uint64_t bytes, uint32_t cellBytes) {
    if (m_budget->used > m_budget->limit || bytes > m_budget->limit - m_budget->used || !reserve()) return 0;
    const std::optional<Room> room = findRoom(bytes);
    if (!room) return 0;
    if (room->dirty) zero(room->place, room->dirty);
    m_highest = std::max(m_highest, room->place + bytes);
    m_spans.emplace(room->place, Span{bytes, cellBytes});
    m_budget->used += bytes;
    m_used += bytes;
    return room->place;
}

void GcHeap::zero(uint64_t place, uint64_t bytes) {
    if (bytes < kRemapped)
        std::memset(m_base + place, 0, bytes);
    else
        zeroAndGiveBack(place, bytes);
}

/// Has the system map zeroed pages anew, without touching them.
void GcHeap::zeroAndGiveBack(uint64_t place, uint64_t bytes) {
    const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    const uint64_t first = roundUp(place, page), last = (place + bytes) / page * page;
    if (first >= last || madvise(m_base + first, last - first, MADV_DONTNEED) != 0) {
        std::memset(m_base + place, 0, bytes);
        return;
    }
    std::memset(m_base + place, 0, first - place);
    std::memset(m_base + last, 0, place + bytes - last);
}

/// The caller has taken it out of m_spans.
void GcHeap::freeSpan(uint64_t place, uint64_t bytes) {
    m_budget->used -= bytes;
    m_used -= bytes;
    const auto take = [&](auto free) {
        bytes += free->second.bytes;
        m_freeBySize.erase({free->second.bytes, free->first});
        m_free.erase(free);
    };
    auto next = m_free.lower_bound(place);
    if (next != m_free.begin()) {
        const auto before = std::prev(next);
        if (before->first + before->second.bytes == place) {
            place = before->first;
            take(before);
        }
    }
    next = m_free.lower_bound(place);
    if (next != m_free.end() && next->first == place + bytes) take(next);
    if (place + bytes == m_top) {
        m_top = place;
        return;
    }
    m_free.emplace(place, Free{bytes, false});
    m_freeBySize.emplace(bytes, place);
}

/// Gives free memory back to the system if there is much of it.
void GcHeap::trim() {
    uint64_t free = m_highest - m_top;
    for (const auto& [place, piece] : m_free)
        free += piece.isZero ? 0 : piece.bytes;
    if (free <= std::max(kKept, m_live)) return;
    for (auto& [place, piece] : m_free) {
        if (piece.isZero || piece.bytes < kChunk) continue;
        zeroAndGiveBack(place, piece.bytes);
        piece.isZero = true;
    }
    if (m_highest > m_top) zeroAndGiveBack(m_top, m_highest - m_top);
    m_highest = m_top;
}

}  // namespace engine
