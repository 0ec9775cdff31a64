// Atomic instructions (threads proposal). Each has a FarAccess (b), whatever its memory: beside an atomic access the look-up costs little.
#include <cstdio>

#include "engine/handlers.h"

namespace engine {

namespace {

/// The operations of atomic.def, on a naturally aligned `at`; slots[0] held the address and takes the result, operands follow.
namespace atomic {
using u8 = uint8_t;
using u16 = uint16_t;
using u32 = uint32_t;
using u64 = uint64_t;

template <class InMemory, class Value>
struct Access {
    using Memory = InMemory;
    static Memory operand(const Slot* slots, uint32_t i = 1) {
        return static_cast<Memory>(engine::read<Value>(slots[i]));
    }
    static void result(Slot* slots, Memory loaded) { engine::write<Value>(slots[0], loaded); }
};
#define OPERATION(name, expression)                                \
    template <class Memory, class Value>                           \
    struct name : Access<Memory, Value> {                          \
        using A = Access<Memory, Value>;                           \
        static void apply(Memory* at, Slot* slots) { expression; } \
    };
OPERATION(Load, A::result(slots, __atomic_load_n(at, __ATOMIC_SEQ_CST)))
OPERATION(Store, __atomic_store_n(at, A::operand(slots), __ATOMIC_SEQ_CST))
OPERATION(Add, A::result(slots, __atomic_fetch_add(at, A::operand(slots), __ATOMIC_SEQ_CST)))
OPERATION(Subtract, A::result(slots, __atomic_fetch_sub(at, A::operand(slots), __ATOMIC_SEQ_CST)))
OPERATION(And, A::result(slots, __atomic_fetch_and(at, A::operand(slots), __ATOMIC_SEQ_CST)))
OPERATION(Or, A::result(slots, __atomic_fetch_or(at, A::operand(slots), __ATOMIC_SEQ_CST)))
OPERATION(Xor, A::result(slots, __atomic_fetch_xor(at, A::operand(slots), __ATOMIC_SEQ_CST)))
OPERATION(Exchange, A::result(slots, __atomic_exchange_n(at, A::operand(slots), __ATOMIC_SEQ_CST)))
OPERATION(CompareExchange, Memory expected = A::operand(slots);
          __atomic_compare_exchange_n(at, &expected, A::operand(slots, 2), false, __ATOMIC_SEQ_CST,
                                      __ATOMIC_SEQ_CST);
          A::result(slots, expected))
#undef OPERATION
}  // namespace atomic

struct Place {
    LinearMemory* memory = nullptr;
    uint64_t address = 0;
    uint8_t* bytes() const { return memory->base() + address; }
};

/// Where the instruction accesses `size` bytes. Without memory: misaligned or out of bounds, and the machine has stopped. Returned in
/// registers, for a handler whose local has an address cannot end in a jump.
[[gnu::noinline]] Place locate(const Insn* ip, const Slot* fp, Execution* x, uint32_t size) {
    const FarAccess& far = x->frame->code->farAccesses[ip->b];
    LinearMemory& memory = *x->context->memories[far.memory];
    uint64_t address = 0;
    const bool overflow = __builtin_add_overflow(fp[ip->a], far.offset, &address);
    const bool aligned = address % size == 0;
    if (aligned && !overflow && memory.contains(address, size)) return {&memory, address};
    Trap trap;
    trap.kind = aligned ? TrapKind::OutOfBoundsMemory : TrapKind::UnalignedAtomic;
    trap.address = address;
    trap.size = size;
    trap.limit = memory.size();
    trap.index = far.memory;
    trapAt(ip, x, std::move(trap));
    return {};
}

template <class Operation>
const Insn* access(HANDLER_PARAMETERS) {
    using Memory = typename Operation::Memory;
    const Place place = locate(ip, fp, x, sizeof(Memory));
    if (!place.memory) return nullptr;
    Operation::apply(reinterpret_cast<Memory*>(place.bytes()), &fp[ip->a]);
    return dispatch(ip + 1, HANDLER_REST);
}

const Insn* fence(HANDLER_PARAMETERS) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return dispatch(ip + 1, HANDLER_REST);
}

/// a = address, count.
const Insn* notify(HANDLER_PARAMETERS) {
    const Place place = locate(ip, fp, x, 4);
    if (!place.memory) return nullptr;
    Slot* slots = &fp[ip->a];
    slots[0] = x->store->waits.notify(place.memory, place.address, read<uint32_t>(slots[1]));
    return dispatch(ip + 1, HANDLER_REST);
}

std::string waitText(const Insn* ip, const Execution* x, const Place& place) {
    char at[40];
    std::snprintf(at, sizeof at, " at 0x%llx", static_cast<unsigned long long>(place.address));
    std::string text = std::string(row(static_cast<Op>(ip->plain)).text) + at;
    if (const uint32_t index = x->frame->code->farAccesses[ip->b].memory)
        text += " of memory " + std::to_string(index);
    if (x->wait.deadlineNs != ~uint64_t{0}) return text;
    return text + (x->store->executions.size() == 1
                       ? ", for ever: the program has no other thread that could wake it"
                       : ", without a timeout");
}

enum WaitResult : int { kWoken, kNotEqual, kTimedOut, kStopped };

/// Begins the wait, or goes on with it after a stop.
template <class T>
[[gnu::noinline]] WaitResult waitAt(const Insn* ip, const Slot* fp, Execution* x) {
    const Place place = locate(ip, fp, x, sizeof(T));
    if (!place.memory) return kStopped;
    Wait& wait = x->wait;
    WaitQueue& queue = x->store->waits;
    if (wait.ip != ip || wait.depth != x->depth()) {
        queue.leave(wait);
        if (!place.memory->type().shared) {
            trapAt(ip, x, TrapKind::ExpectedSharedMemory);
            return kStopped;
        }
        const Slot* slots = &fp[ip->a];
        if (__atomic_load_n(reinterpret_cast<const T*>(place.bytes()), __ATOMIC_SEQ_CST) != read<T>(slots[1]))
            return kNotEqual;
        const auto timeout = static_cast<int64_t>(slots[2]);
        const uint64_t now = nowNs();
        wait = {ip,
                x->depth(),
                place.memory,
                place.address,
                timeout < 0 ? ~uint64_t{0} : now + static_cast<uint64_t>(timeout),
                false};
        queue.enter(wait);
    }
    x->frame->ip = ip;
    const std::string text = waitText(ip, x, place);
    while (!wait.notified) {
        const uint64_t now = nowNs();
        if (now >= wait.deadlineNs) break;
        std::optional<uint64_t> left;
        if (wait.deadlineNs != ~uint64_t{0}) left = wait.deadlineNs - now;
        if (x->sleep(left, text)) continue;
        x->yield.store(false, std::memory_order_relaxed);
        x->stopAt(ip, StopKind::HostInterrupted);
        return kStopped;
    }
    const WaitResult result = wait.notified ? kWoken : kTimedOut;
    queue.leave(wait);
    x->reloadMemory();  // others ran meanwhile
    return result;
}

/// a = address, expected value, timeout in nanoseconds (negative: none).
template <class T>
const Insn* wait(HANDLER_PARAMETERS) {
    const WaitResult result = waitAt<T>(ip, fp, x);
    if (result == kStopped) return nullptr;
    fp[ip->a] = result;
    return dispatch(ip + 1, fp, x, x->mem0, x->mem0Size, table);
}

}  // namespace

void addAtomicHandlers(HandlerTable& table) {
    using namespace atomic;
#define ATOMIC(id, Operation, InMemory, Value) \
    table[number(Op::id)].run = access<atomic::Operation<InMemory, Value>>;
#include "engine/atomic.def"
    table[number(Op::AtomicFence)].run = fence;
    table[number(Op::MemoryAtomicNotify)].run = notify;
    table[number(Op::MemoryAtomicWait32)].run = wait<uint32_t>;
    table[number(Op::MemoryAtomicWait64)].run = wait<uint64_t>;
}

}  // namespace engine
