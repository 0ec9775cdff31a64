// Linear memory: loads, stores, size, grow, and the bulk operations, which run in chunks so that a yield is heard in between.
#include <algorithm>

#include "engine/handlers.h"
#include "engine/simd.h"

namespace engine {

namespace {

constexpr uint64_t kTicksOfGrow = 64;      // a system call
constexpr uint64_t kChunkBytes = 1 << 20;  // fresh pages included, about a millisecond

/// Where an access to another memory than a 32-bit memory 0 goes.
struct Access {
    LinearMemory* memory;
    uint64_t address;
    uint32_t index;
    bool overflow;
};

Access farAccess(const Insn* ip, const Slot* fp, const Execution* x) {
    const FarAccess& far = x->frame->code->farAccesses[ip->b];
    uint64_t address = 0;
    const uint64_t base = far.is64 ? fp[ip->a] : read<uint32_t>(fp[ip->a]);
    const bool overflow = __builtin_add_overflow(base, far.offset, &address);
    return {x->context->memories[far.memory], address, far.memory, overflow};
}

[[gnu::noinline, gnu::cold]] const Insn* outOfBounds(const Insn* ip, Execution* x, uint64_t address,
                                                     uint64_t size, uint32_t index) {
    Trap trap;
    trap.kind = TrapKind::OutOfBoundsMemory;
    trap.address = address;
    trap.size = size;
    trap.limit = x->context->memories[index]->size();
    trap.index = index;
    return trapAt(ip, x, std::move(trap));
}
/// The access of `size` bytes at slot a + imm; of the same signature as handlers, so that it is jumped to.
template <uint32_t size>
[[gnu::noinline, gnu::cold]] const Insn* outOfBoundsHere(HANDLER_PARAMETERS) {
    return outOfBounds(ip, x, fp[ip->a] + ip->imm, size, 0);
}

/// a = address slot and result slot, imm = offset (32 bits).
template <class Operation>
const Insn* load(HANDLER_PARAMETERS) {
    using Memory = typename Operation::Memory;
    Slot& slot = fp[ip->a];
    const uint64_t address = read<uint32_t>(slot) + ip->imm;
    if (__builtin_expect(address + sizeof(Memory) > memSize, 0))
        return outOfBoundsHere<sizeof(Memory)>(ip, HANDLER_REST);
    write(slot, Operation::apply(readMemory<Memory>(mem + address)));
    return dispatch(ip + 1, HANDLER_REST);
}
/// a = address slot, the value in the next one, imm = offset (32 bits).
template <class Operation>
const Insn* store(HANDLER_PARAMETERS) {
    using Memory = typename Operation::Memory;
    const Slot* slots = &fp[ip->a];
    const uint64_t address = read<uint32_t>(slots[0]) + ip->imm;
    if (__builtin_expect(address + sizeof(Memory) > memSize, 0))
        return outOfBoundsHere<sizeof(Memory)>(ip, HANDLER_REST);
    writeMemory<Memory>(mem + address, Operation::apply(read<typename Operation::Operand>(slots[1])));
    return dispatch(ip + 1, HANDLER_REST);
}

/// 64-bit memory 0: imm = offset (64 bits). memSize is at least the width of no access only if nothing is in bounds.
inline bool inBounds(uint64_t base, uint64_t offset, uint64_t size, uint64_t memSize) {
    uint64_t address = 0;
    return !__builtin_add_overflow(base, offset, &address) && memSize >= size && address <= memSize - size;
}
template <class Operation>
const Insn* loadWide(HANDLER_PARAMETERS) {
    using Memory = typename Operation::Memory;
    Slot& slot = fp[ip->a];
    if (__builtin_expect(!inBounds(slot, ip->imm, sizeof(Memory), memSize), 0))
        return outOfBoundsHere<sizeof(Memory)>(ip, HANDLER_REST);
    write(slot, Operation::apply(readMemory<Memory>(mem + slot + ip->imm)));
    return dispatch(ip + 1, HANDLER_REST);
}
template <class Operation>
const Insn* storeWide(HANDLER_PARAMETERS) {
    using Memory = typename Operation::Memory;
    const Slot* slots = &fp[ip->a];
    if (__builtin_expect(!inBounds(slots[0], ip->imm, sizeof(Memory), memSize), 0))
        return outOfBoundsHere<sizeof(Memory)>(ip, HANDLER_REST);
    writeMemory<Memory>(mem + slots[0] + ip->imm,
                        Operation::apply(read<typename Operation::Operand>(slots[1])));
    return dispatch(ip + 1, HANDLER_REST);
}

/// Any memory: b = FarAccess of the code.
template <class Operation>
const Insn* loadFar(HANDLER_PARAMETERS) {
    using Memory = typename Operation::Memory;
    const Access access = farAccess(ip, fp, x);
    if (access.overflow || !access.memory->contains(access.address, sizeof(Memory)))
        return outOfBounds(ip, x, access.address, sizeof(Memory), access.index);
    write(fp[ip->a], Operation::apply(readMemory<Memory>(access.memory->base() + access.address)));
    return dispatch(ip + 1, HANDLER_REST);
}
template <class Operation>
const Insn* storeFar(HANDLER_PARAMETERS) {
    using Memory = typename Operation::Memory;
    const Access access = farAccess(ip, fp, x);
    if (access.overflow || !access.memory->contains(access.address, sizeof(Memory)))
        return outOfBounds(ip, x, access.address, sizeof(Memory), access.index);
    writeMemory<Memory>(access.memory->base() + access.address,
                        Operation::apply(read<typename Operation::Operand>(fp[ip->a + 1])));
    return dispatch(ip + 1, HANDLER_REST);
}

// One lane in memory: a = address, the vector in the next two slots, b = offset, c = lane. Loads leave the vector at a.

template <class Lane>
[[gnu::always_inline]] inline void loadLaneFrom(const uint8_t* at, Slot* slots, uint32_t lane) {
    const auto value = readMemory<Lane>(at);
    write(slots[0], read<simd::u8x16>(slots[1]));
    writeMemory(reinterpret_cast<uint8_t*>(slots) + lane * sizeof(Lane), value);
}
template <class Lane>
[[gnu::always_inline]] inline void storeLaneTo(uint8_t* at, const Slot* slots, uint32_t lane) {
    writeMemory(at, readMemory<Lane>(reinterpret_cast<const uint8_t*>(slots + 1) + lane * sizeof(Lane)));
}
template <uint32_t size>
[[gnu::noinline, gnu::cold]] const Insn* laneOutOfBounds(HANDLER_PARAMETERS) {
    return outOfBounds(ip, x, fp[ip->a] + ip->b, size, 0);
}
template <class Operation>
const Insn* loadLane(HANDLER_PARAMETERS) {
    using Lane = typename Operation::Lane;
    Slot* slots = &fp[ip->a];
    const uint64_t address = uint64_t{read<uint32_t>(slots[0])} + ip->b;
    if (__builtin_expect(address + sizeof(Lane) > memSize, 0))
        return laneOutOfBounds<sizeof(Lane)>(ip, HANDLER_REST);
    loadLaneFrom<Lane>(mem + address, slots, ip->c);
    return dispatch(ip + 1, HANDLER_REST);
}
template <class Operation>
const Insn* storeLane(HANDLER_PARAMETERS) {
    using Lane = typename Operation::Lane;
    const Slot* slots = &fp[ip->a];
    const uint64_t address = uint64_t{read<uint32_t>(slots[0])} + ip->b;
    if (__builtin_expect(address + sizeof(Lane) > memSize, 0))
        return laneOutOfBounds<sizeof(Lane)>(ip, HANDLER_REST);
    storeLaneTo<Lane>(mem + address, slots, ip->c);
    return dispatch(ip + 1, HANDLER_REST);
}
/// Any memory, a 64-bit memory 0 too: b = FarAccess of the code, c = lane.
template <class Operation>
const Insn* loadLaneFar(HANDLER_PARAMETERS) {
    using Lane = typename Operation::Lane;
    const Access access = farAccess(ip, fp, x);
    if (access.overflow || !access.memory->contains(access.address, sizeof(Lane)))
        return outOfBounds(ip, x, access.address, sizeof(Lane), access.index);
    loadLaneFrom<Lane>(access.memory->base() + access.address, &fp[ip->a], ip->c);
    return dispatch(ip + 1, HANDLER_REST);
}
template <class Operation>
const Insn* storeLaneFar(HANDLER_PARAMETERS) {
    using Lane = typename Operation::Lane;
    const Access access = farAccess(ip, fp, x);
    if (access.overflow || !access.memory->contains(access.address, sizeof(Lane)))
        return outOfBounds(ip, x, access.address, sizeof(Lane), access.index);
    storeLaneTo<Lane>(access.memory->base() + access.address, &fp[ip->a], ip->c);
    return dispatch(ip + 1, HANDLER_REST);
}

/// memory.size, memory.grow: a = slot, b = memory.
const Insn* memorySize(HANDLER_PARAMETERS) {
    fp[ip->a] = x->context->memories[ip->b]->pages();
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* memoryGrow(HANDLER_PARAMETERS) {
    LinearMemory& memory = *x->context->memories[ip->b];
    const std::optional<uint64_t> old = memory.grow(fp[ip->a]);
    fp[ip->a] = old ? *old : memory.type().limits.is64 ? ~uint64_t{0} : 0xffffffff;
    x->reloadMemory();
    x->spend(kTicksOfGrow);
    return goOn(ip + 1, fp, x, x->mem0, x->mem0Size, table);
}

/// memory.fill: a = destination, value, count; b = memory.
const Insn* memoryFill(HANDLER_PARAMETERS) {
    LinearMemory& memory = *x->context->memories[ip->b];
    Slot* slots = &fp[ip->a];
    if (!memory.contains(slots[0], slots[2])) return outOfBounds(ip, x, slots[0], slots[2], ip->b);
    while (true) {
        const uint64_t count = std::min(slots[2], kChunkBytes);
        std::memset(memory.base() + slots[0], static_cast<uint8_t>(slots[1]), count);
        x->spendBytes(count);
        if (count == slots[2]) return goOn(ip + 1, HANDLER_REST);
        slots[0] += count;
        slots[2] -= count;
        if (yieldInside(ip, x)) return nullptr;
    }
}

/// memory.copy: a = destination, source, count; b = destination memory, c = source memory.
const Insn* memoryCopy(HANDLER_PARAMETERS) {
    LinearMemory& to = *x->context->memories[ip->b];
    LinearMemory& from = *x->context->memories[ip->c];
    Slot* slots = &fp[ip->a];
    if (!from.contains(slots[1], slots[2])) return outOfBounds(ip, x, slots[1], slots[2], ip->c);
    if (!to.contains(slots[0], slots[2])) return outOfBounds(ip, x, slots[0], slots[2], ip->b);
    const bool backwards = &to == &from && slots[0] > slots[1];
    while (true) {
        const uint64_t count = std::min(slots[2], kChunkBytes);
        const uint64_t skip = backwards ? slots[2] - count : 0;
        std::memmove(to.base() + slots[0] + skip, from.base() + slots[1] + skip, count);
        x->spendBytes(count);
        if (count == slots[2]) return goOn(ip + 1, HANDLER_REST);
        slots[2] -= count;
        if (!backwards) slots[0] += count, slots[1] += count;
        if (yieldInside(ip, x)) return nullptr;
    }
}

/// memory.init: a = destination, source, count; b = memory, c = data segment.
const Insn* memoryInit(HANDLER_PARAMETERS) {
    LinearMemory& memory = *x->context->memories[ip->b];
    const Instance& instance = *x->context->instance;
    Slot* slots = &fp[ip->a];
    const uint64_t size = instance.droppedData[ip->c] ? 0 : instance.module->data[ip->c].bytes.size();
    if (slots[1] > size || slots[2] > size - slots[1])
        return outsideSegment(ip, x, TrapKind::OutOfBoundsMemory, slots[1], size);
    if (!memory.contains(slots[0], slots[2])) return outOfBounds(ip, x, slots[0], slots[2], ip->b);
    const uint8_t* bytes = instance.module->bytes->data() + instance.module->data[ip->c].bytes.begin;
    while (true) {
        const uint64_t count = std::min(slots[2], kChunkBytes);
        if (count) std::memcpy(memory.base() + slots[0], bytes + slots[1], count);
        x->spendBytes(count);
        if (count == slots[2]) return goOn(ip + 1, HANDLER_REST);
        slots[0] += count;
        slots[1] += count;
        slots[2] -= count;
        if (yieldInside(ip, x)) return nullptr;
    }
}
const Insn* dataDrop(HANDLER_PARAMETERS) {
    x->context->instance->droppedData[ip->b] = true;
    return dispatch(ip + 1, HANDLER_REST);
}

}  // namespace

void addMemoryHandlers(HandlerTable& table) {
    uint16_t i = 0;
#define LOAD(id, ...)                                        \
    table[number(Op::id)].run = load<numeric::id>;           \
    table[kWideAccessFirst + i].run = loadWide<numeric::id>; \
    table[kFarAccessFirst + i++].run = loadFar<numeric::id>;
#define STORE(id, ...)                                        \
    table[number(Op::id)].run = store<numeric::id>;           \
    table[kWideAccessFirst + i].run = storeWide<numeric::id>; \
    table[kFarAccessFirst + i++].run = storeFar<numeric::id>;
#include "engine/numeric.def"
#define LOAD(id, ...)                                     \
    table[number(Op::id)].run = load<simd::id>;           \
    table[kWideAccessFirst + i].run = loadWide<simd::id>; \
    table[kFarAccessFirst + i++].run = loadFar<simd::id>;
#define STORE(id, ...)                                     \
    table[number(Op::id)].run = store<simd::id>;           \
    table[kWideAccessFirst + i].run = storeWide<simd::id>; \
    table[kFarAccessFirst + i++].run = storeFar<simd::id>;
#define LOAD_LANE(id, ...)                          \
    table[number(Op::id)].run = loadLane<simd::id>; \
    table[kFarAccessFirst + i++].run = loadLaneFar<simd::id>;
#define STORE_LANE(id, ...)                          \
    table[number(Op::id)].run = storeLane<simd::id>; \
    table[kFarAccessFirst + i++].run = storeLaneFar<simd::id>;
#include "engine/simd.def"
    table[number(Op::MemorySize)].run = memorySize;
    table[number(Op::MemoryGrow)].run = memoryGrow;
    table[number(Op::MemoryFill)].run = memoryFill;
    table[number(Op::MemoryCopy)].run = memoryCopy;
    table[number(Op::MemoryInit)].run = memoryInit;
    table[number(Op::DataDrop)].run = dataDrop;
}

}  // namespace engine
