// Structures, arrays, i31 and casts. What the cells hold: lowering_gc.cpp. What may allocate stores frame->ip first, because a collection
// finds the operands by it.
#include <algorithm>

#include "engine/allocation.h"
#include "engine/base/printable.h"
#include "engine/casts.h"
#include "engine/gc_elements.h"
#include "engine/type_registry.h"

namespace engine {

namespace {

constexpr uint64_t kSliceBytes = 1 << 20;  // of bulk operations, between two looks at yield

GcHeap& heapOf(const Execution* x) { return *x->store->heap.get(); }

// Traps

[[gnu::noinline, gnu::cold]] bool outOfBounds(const Insn* ip, Execution* x, Slot array, uint64_t at,
                                              uint64_t count) {
    Trap trap;
    trap.kind = TrapKind::OutOfBoundsArray;
    trap.address = at;
    trap.size = count;
    trap.limit = heapOf(x).length(array);
    trapAt(ip, x, std::move(trap));
    return false;
}

[[gnu::noinline, gnu::cold]] bool nullArray(const Insn* ip, Execution* x) {
    trapAt(ip, x, TrapKind::NullArray);
    return false;
}

/// The type as the module of the instance names or numbers it.
std::string typeText(const Execution* x, uint32_t canonical) {
    const Module& module = *x->context->instance->module;
    const auto at = std::find(module.canonicalTypes.begin(), module.canonicalTypes.end(), canonical);
    if (at == module.canonicalTypes.end()) return "a type of another module";
    const auto index = static_cast<uint32_t>(at - module.canonicalTypes.begin());
    const auto name = module.names().types.find(index);
    return "type " +
           (name == module.names().types.end() ? std::to_string(index) : "$" + printable(name->second));
}

std::string whatIs(const Execution* x, Slot reference) {
    if (reference == 0) return "null";
    if (reference::isI31(reference)) return "an i31";
    if (!reference::isObject(reference)) return "a reference to the host";
    const ObjectLayout& layout = heapOf(x).layoutAt(reference);
    return (layout.kind == ObjectKind::Array ? "an array of " : "a structure of ") + typeText(x, layout.type);
}

[[gnu::noinline, gnu::cold]] const Insn* castFailure(HANDLER_PARAMETERS) {
    const HeapType heap = HeapType::fromBits(ip->b);
    const bool isFunction =
        heap.isAbstract() ? heap.abstract() == AbstractHeap::Func || heap.abstract() == AbstractHeap::NoFunc
                          : canonicalKind(ip->b) == CompositeKind::Func;
    const Slot reference = fp[ip->a];
    Trap trap;
    trap.kind = TrapKind::CastFailure;
    trap.message = "expected " + (heap.isAbstract() ? toText(heap) : typeText(x, ip->b)) + ", found " +
                   (reference && isFunction
                        ? "a function of " + typeText(x, x->store->functions[reference - 1]->canonicalType)
                        : whatIs(x, reference));
    return trapAt(ip, x, std::move(trap));
}

// Structures

/// Out of line; 0: it has stopped.
[[gnu::noinline]] Slot make(const Insn* ip, Execution* x, const Slot* slots, uint32_t length) {
    x->frame->ip = ip;
    const ObjectLayout& layout = heapOf(x).layout(ip->b);
    return allocateFor(x, layout, length, [&](GcHeap& heap) { return heap.make(layout, slots, length); });
}

[[gnu::noinline]] const Insn* structNewSlow(HANDLER_PARAMETERS) {
    const Slot object = make(ip, x, &fp[ip->a], 0);
    if (object == 0) return nullptr;
    fp[ip->a] = object;
    return goOn(ip + 1, HANDLER_REST);
}
const Insn* structNew(HANDLER_PARAMETERS) {
    GcHeap& heap = heapOf(x);
    const ObjectLayout& layout = heap.layout(ip->b);
    if (__builtin_expect(!layout.masks.empty() || !heap.hasCell(layout), 0))
        return structNewSlow(ip, HANDLER_REST);
    Slot* slots = &fp[ip->a];
    const Slot object = heap.allocateCell(layout);
    Slot* fields = heap.slots(object);
    for (uint32_t i = 0; i < layout.slots; ++i) {
        fields[i] = slots[i];
        __asm__("" ::: "memory");  // keep it a loop, as in the moves of branches
    }
    *slots = object;
    return dispatch(ip + 1, HANDLER_REST);
}

[[gnu::noinline]] Slot makeZeroed(const Insn* ip, Execution* x, const ObjectLayout& layout, uint32_t length) {
    x->frame->ip = ip;
    return allocateFor(x, layout, length, [&](GcHeap& heap) { return heap.allocateZeroed(layout, length); });
}

const Insn* structNewDefault(HANDLER_PARAMETERS) {
    const Slot object = makeZeroed(ip, x, heapOf(x).layout(ip->b), 0);
    if (object == 0) return nullptr;
    fp[ip->a] = object;
    return goOn(ip + 1, HANDLER_REST);
}

const Insn* structGet(HANDLER_PARAMETERS) {
    Slot* slots = &fp[ip->a];
    if (__builtin_expect(*slots == 0, 0)) return trapAt(ip, x, TrapKind::NullStructure);
    const Slot* field = heapOf(x).slots(*slots) + ip->b;
    slots[0] = field[0];
    if (__builtin_expect(ip->c == 2, 0)) slots[1] = field[1];
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* structGetS(HANDLER_PARAMETERS) {
    Slot& slot = fp[ip->a];
    if (__builtin_expect(slot == 0, 0)) return trapAt(ip, x, TrapKind::NullStructure);
    const Slot field = heapOf(x).slots(slot)[ip->b];
    slot = static_cast<uint32_t>(ip->c == 8 ? static_cast<int8_t>(field) : static_cast<int16_t>(field));
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* structSet(HANDLER_PARAMETERS) {
    const Slot* slots = &fp[ip->a];
    if (__builtin_expect(*slots == 0, 0)) return trapAt(ip, x, TrapKind::NullStructure);
    Slot* field = heapOf(x).slots(*slots) + ip->b;
    field[0] = ip->c <= 2 ? slots[1] : slots[1] & ((Slot{1} << ip->c) - 1);
    if (__builtin_expect(ip->c == 2, 0)) field[1] = slots[2];
    return dispatch(ip + 1, HANDLER_REST);
}

// Arrays. False: the machine has stopped.

bool inArray(const Insn* ip, Execution* x, Slot array, uint64_t at, uint64_t count) {
    if (array == 0) return nullArray(ip, x);
    const uint64_t length = heapOf(x).length(array);
    return (count <= length && at <= length - count) || outOfBounds(ip, x, array, at, count);
}

/// slots: value, count.
[[gnu::noinline]] bool newArray(const Insn* ip, Execution* x, Slot* slots) {
    GcHeap& heap = heapOf(x);
    const ObjectLayout& layout = heap.layout(ip->b);
    const uint32_t valueSlots = layout.elementBytes == 16 ? 2 : 1;
    const uint64_t length = static_cast<uint32_t>(slots[valueSlots]);
    UnfinishedArray& work = x->unfinished;
    if (work.ip != ip || work.slots != slots || work.tick != x->tick() ||
        !std::equal(slots, slots + valueSlots + 1, work.operands)) {
        const Slot array = makeZeroed(ip, x, layout, static_cast<uint32_t>(length));
        if (array == 0) return false;
        const bool isZero = slots[0] == 0 && (valueSlots == 1 || slots[1] == 0);
        work = {ip, slots, x->tick(), {}, array, isZero ? length : 0};
        std::copy_n(slots, valueSlots + 1, work.operands);
    }
    while (work.filled < length) {
        const uint64_t slice = std::min(length - work.filled, kSliceBytes / layout.elementBytes);
        fillElements(heap.elements(work.array) + work.filled * layout.elementBytes, slots, slice,
                     layout.elementBytes);
        x->spendBytes(slice * layout.elementBytes);
        work.filled += slice;
        if (work.filled < length && yieldInside(ip, x)) return false;
    }
    const Slot array = work.array;
    work = {};
    slots[0] = array;
    return true;
}
const Insn* arrayNewDefault(HANDLER_PARAMETERS) {
    Slot& slot = fp[ip->a];
    const Slot array = makeZeroed(ip, x, heapOf(x).layout(ip->b), read<uint32_t>(slot));
    if (array == 0) return nullptr;
    slot = array;
    return goOn(ip + 1, HANDLER_REST);
}
const Insn* arrayNewFixed(HANDLER_PARAMETERS) {
    const Slot array = make(ip, x, &fp[ip->a], ip->c);
    if (array == 0) return nullptr;
    fp[ip->a] = array;
    return goOn(ip + 1, HANDLER_REST);
}

/// Bytes of the data segment that the instruction names, as many as `count` elements take; null: it has trapped.
const uint8_t* dataFor(const Insn* ip, Execution* x, uint64_t at, uint64_t count, uint32_t elementBytes) {
    const Instance& instance = *x->context->instance;
    const ByteRange bytes = instance.module->data[ip->c].bytes;
    const uint64_t size = instance.droppedData[ip->c] ? 0 : bytes.size();
    if (at > size || count * elementBytes > size - at) {
        outsideSegment(ip, x, TrapKind::OutOfBoundsMemory, at, size);
        return nullptr;
    }
    return instance.module->bytes->data() + bytes.begin + at;
}
const Slot* elementsFor(const Insn* ip, Execution* x, uint64_t at, uint64_t count) {
    const Instance& instance = *x->context->instance;
    const auto& segment = instance.elementSegments[ip->c];
    const uint64_t size = instance.droppedElements[ip->c] ? 0 : segment.size();
    if (at > size || count > size - at) {
        outsideSegment(ip, x, TrapKind::OutOfBoundsTable, at, size);
        return nullptr;
    }
    static constexpr Slot kNothing = 0;
    return segment.empty() ? &kNothing : segment.data() + at;
}

/// slots: offset into the segment, count. The segment's bytes are checked before anything is allocated.
[[gnu::noinline]] bool newFromData(const Insn* ip, Execution* x, Slot* slots) {
    const ObjectLayout& layout = heapOf(x).layout(ip->b);
    const auto length = static_cast<uint32_t>(slots[1]);
    const uint8_t* from = dataFor(ip, x, slots[0], length, layout.elementBytes);
    if (!from) return false;
    const Slot array = makeZeroed(ip, x, layout, length);
    if (array == 0) return false;
    std::memcpy(heapOf(x).elements(array), from, uint64_t{length} * layout.elementBytes);
    slots[0] = array;
    return true;
}
[[gnu::noinline]] bool newFromElements(const Insn* ip, Execution* x, Slot* slots) {
    const auto length = static_cast<uint32_t>(slots[1]);
    const Slot* from = elementsFor(ip, x, slots[0], length);
    if (!from) return false;
    const Slot array = makeZeroed(ip, x, heapOf(x).layout(ip->b), length);
    if (array == 0) return false;
    std::memcpy(heapOf(x).elements(array), from, length * sizeof(Slot));
    slots[0] = array;
    return true;
}
/// slots: array, index, offset into the segment, count.
[[gnu::noinline]] bool initFromData(const Insn* ip, Execution* x, Slot* slots) {
    if (!inArray(ip, x, slots[0], slots[1], slots[3])) return false;
    const uint8_t* from = dataFor(ip, x, slots[2], slots[3], ip->b);
    if (!from) return false;
    std::memcpy(heapOf(x).elements(slots[0]) + slots[1] * ip->b, from, slots[3] * ip->b);
    x->spendBytes(slots[3] * ip->b);
    return true;
}
[[gnu::noinline]] bool initFromElements(const Insn* ip, Execution* x, Slot* slots) {
    if (!inArray(ip, x, slots[0], slots[1], slots[3])) return false;
    const Slot* from = elementsFor(ip, x, slots[2], slots[3]);
    if (!from) return false;
    std::memcpy(heapOf(x).slots(slots[0]) + slots[1], from, slots[3] * sizeof(Slot));
    x->spendBytes(slots[3] * sizeof(Slot));
    return true;
}

/// slots: array, index, value, count.
[[gnu::noinline]] bool fill(const Insn* ip, Execution* x, Slot* slots) {
    Slot& count = slots[ip->b == 16 ? 4 : 3];
    if (!inArray(ip, x, slots[0], slots[1], count)) return false;
    while (true) {
        const uint64_t slice = std::min(count, kSliceBytes / ip->b);
        fillElements(heapOf(x).elements(slots[0]) + slots[1] * ip->b, slots + 2, slice, ip->b);
        x->spendBytes(slice * ip->b);
        if (slice == count) return true;
        slots[1] += slice;
        count -= slice;
        if (yieldInside(ip, x)) return false;
    }
}

/// slots: destination, index, source, index, count.
[[gnu::noinline]] bool copy(const Insn* ip, Execution* x, Slot* slots) {
    if (slots[0] == 0 || slots[2] == 0) return nullArray(ip, x);
    if (!inArray(ip, x, slots[0], slots[1], slots[4]) || !inArray(ip, x, slots[2], slots[3], slots[4]))
        return false;
    GcHeap& heap = heapOf(x);
    const uint32_t bytes = ip->b;
    const bool backwards = slots[0] == slots[2] && slots[1] > slots[3];
    while (true) {
        const uint64_t slice = std::min(slots[4], kSliceBytes / bytes);
        const uint64_t skip = backwards ? slots[4] - slice : 0;
        std::memmove(heap.elements(slots[0]) + (slots[1] + skip) * bytes,
                     heap.elements(slots[2]) + (slots[3] + skip) * bytes, slice * bytes);
        x->spendBytes(slice * bytes);
        if (slice == slots[4]) return true;
        slots[4] -= slice;
        if (!backwards) slots[1] += slice, slots[3] += slice;
        if (yieldInside(ip, x)) return false;
    }
}

template <bool (*operation)(const Insn*, Execution*, Slot*)>
const Insn* bulk(HANDLER_PARAMETERS) {
    if (!operation(ip, x, &fp[ip->a])) return nullptr;
    return goOn(ip + 1, HANDLER_REST);
}

/// What array.get and array.set do where there is no such element; of the signature of handlers, so that it is jumped to.
[[gnu::noinline, gnu::cold]] const Insn* noElement(HANDLER_PARAMETERS) {
    if (fp[ip->a] == 0)
        nullArray(ip, x);
    else
        outOfBounds(ip, x, fp[ip->a], read<uint32_t>(fp[ip->a + 1]), 1);
    return nullptr;
}

/// The element, or null if there is none.
[[gnu::always_inline]] inline uint8_t* elementAt(const Insn* ip, Execution* x, const Slot* slots) {
    GcHeap& heap = heapOf(x);
    if (slots[0] == 0 || slots[1] >= heap.length(slots[0])) return nullptr;
    return heap.elements(slots[0]) + slots[1] * ip->b;
}

const Insn* arrayGet(HANDLER_PARAMETERS) {
    Slot* slots = &fp[ip->a];
    const uint8_t* element = elementAt(ip, x, slots);
    if (__builtin_expect(!element, 0)) return noElement(ip, HANDLER_REST);
    switch (ip->b) {
    case 4: slots[0] = readMemory<uint32_t>(element); break;
    case 8: slots[0] = readMemory<uint64_t>(element); break;
    default: slots[0] = readMemory<uint64_t>(element); slots[1] = readMemory<uint64_t>(element + 8);
    }
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* arrayGetS(HANDLER_PARAMETERS) {
    Slot* slots = &fp[ip->a];
    const uint8_t* element = elementAt(ip, x, slots);
    if (__builtin_expect(!element, 0)) return noElement(ip, HANDLER_REST);
    slots[0] = static_cast<uint32_t>(ip->b == 1 ? readMemory<int8_t>(element) : readMemory<int16_t>(element));
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* arrayGetU(HANDLER_PARAMETERS) {
    Slot* slots = &fp[ip->a];
    const uint8_t* element = elementAt(ip, x, slots);
    if (__builtin_expect(!element, 0)) return noElement(ip, HANDLER_REST);
    slots[0] = ip->b == 1 ? readMemory<uint8_t>(element) : readMemory<uint16_t>(element);
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* arraySet(HANDLER_PARAMETERS) {
    const Slot* slots = &fp[ip->a];
    uint8_t* element = elementAt(ip, x, slots);
    if (__builtin_expect(!element, 0)) return noElement(ip, HANDLER_REST);
    switch (ip->b) {
    case 1: writeMemory(element, static_cast<uint8_t>(slots[2])); break;
    case 2: writeMemory(element, static_cast<uint16_t>(slots[2])); break;
    case 4: writeMemory(element, static_cast<uint32_t>(slots[2])); break;
    case 8: writeMemory(element, slots[2]); break;
    default: writeMemory(element, slots[2]); writeMemory(element + 8, slots[3]);
    }
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* arrayLen(HANDLER_PARAMETERS) {
    Slot& slot = fp[ip->a];
    if (__builtin_expect(slot == 0, 0)) return trapAt(ip, x, TrapKind::NullArray);
    slot = heapOf(x).length(slot);
    return dispatch(ip + 1, HANDLER_REST);
}

// i31

const Insn* refI31(HANDLER_PARAMETERS) {
    fp[ip->a] = reference::i31(read<uint32_t>(fp[ip->a]));
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* i31GetS(HANDLER_PARAMETERS) {
    Slot& slot = fp[ip->a];
    if (__builtin_expect(slot == 0, 0)) return trapAt(ip, x, TrapKind::NullI31);
    slot = static_cast<uint32_t>(reference::i31Signed(slot));
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* i31GetU(HANDLER_PARAMETERS) {
    Slot& slot = fp[ip->a];
    if (__builtin_expect(slot == 0, 0)) return trapAt(ip, x, TrapKind::NullI31);
    slot = reference::i31Unsigned(slot);
    return dispatch(ip + 1, HANDLER_REST);
}

// Casts

CastTarget targetOf(const Insn* ip) { return {HeapType::fromBits(ip->b), ip->c >> 1, (ip->c & 1) != 0}; }

[[gnu::noinline]] const Insn* refTestSlow(HANDLER_PARAMETERS) {
    fp[ip->a] = castSucceeds(*x->store, fp[ip->a], targetOf(ip));
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* refTest(HANDLER_PARAMETERS) {
    Slot& slot = fp[ip->a];
    const CastTarget target = targetOf(ip);
    if (!isObjectCast(slot, target)) return refTestSlow(ip, HANDLER_REST);
    slot = objectCastSucceeds(*x->store, slot, target);
    return dispatch(ip + 1, HANDLER_REST);
}
[[gnu::noinline]] const Insn* refCastSlow(HANDLER_PARAMETERS) {
    if (!castSucceeds(*x->store, fp[ip->a], targetOf(ip))) return castFailure(ip, HANDLER_REST);
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* refCast(HANDLER_PARAMETERS) {
    const Slot slot = fp[ip->a];
    const CastTarget target = targetOf(ip);
    if (!isObjectCast(slot, target) || !objectCastSucceeds(*x->store, slot, target))
        return refCastSlow(ip, HANDLER_REST);
    return dispatch(ip + 1, HANDLER_REST);
}
/// br_on_cast, br_on_cast_fail: b = distance, c = CastBranch.
template <bool onSuccess>
const Insn* brOnCast(HANDLER_PARAMETERS) {
    const CastBranch& branch = x->frame->code->castBranches.data()[ip->c];
    if (castSucceeds(*x->store, fp[ip->a], branch.target) != onSuccess) return dispatch(ip + 1, HANDLER_REST);
    for (uint32_t i = 0; i < branch.move.count; ++i) {
        fp[branch.move.target + i] = fp[branch.move.source + i];
        __asm__("" ::: "memory");
    }
    return dispatch(ip + static_cast<int32_t>(ip->b), HANDLER_REST);
}

/// any.convert_extern, extern.convert_any: a reference has one form, whatever its type.
const Insn* unchanged(HANDLER_PARAMETERS) { return dispatch(ip + 1, HANDLER_REST); }

}  // namespace

void addGcHandlers(HandlerTable& table) {
    const auto set = [&](Op op, Handler::Function handler) { table[number(op)].run = handler; };
    set(Op::StructNew, structNew);
    set(Op::StructNewDefault, structNewDefault);
    set(Op::StructGet, structGet);
    set(Op::StructGetS, structGetS);
    set(Op::StructGetU, structGet);
    set(Op::StructSet, structSet);
    set(Op::ArrayNew, bulk<newArray>);
    set(Op::ArrayNewDefault, arrayNewDefault);
    set(Op::ArrayNewFixed, arrayNewFixed);
    set(Op::ArrayNewData, bulk<newFromData>);
    set(Op::ArrayNewElem, bulk<newFromElements>);
    set(Op::ArrayGet, arrayGet);
    set(Op::ArrayGetS, arrayGetS);
    set(Op::ArrayGetU, arrayGetU);
    set(Op::ArraySet, arraySet);
    set(Op::ArrayLen, arrayLen);
    set(Op::ArrayFill, bulk<fill>);
    set(Op::ArrayCopy, bulk<copy>);
    set(Op::ArrayInitData, bulk<initFromData>);
    set(Op::ArrayInitElem, bulk<initFromElements>);
    set(Op::RefTest, refTest);
    set(Op::RefTestNull, refTest);
    set(Op::RefCast, refCast);
    set(Op::RefCastNull, refCast);
    set(Op::BrOnCast, brOnCast<true>);
    set(Op::BrOnCastFail, brOnCast<false>);
    set(Op::AnyConvertExtern, unchanged);
    set(Op::ExternConvertAny, unchanged);
    set(Op::RefI31, refI31);
    set(Op::I31GetS, i31GetS);
    set(Op::I31GetU, i31GetU);
}

}  // namespace engine
