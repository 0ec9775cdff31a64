// The handlers while memory is watched: those that access memory look first whether they may touch a watched byte. What may is executed
// here as a single step, between two looks at the watched bytes.
#include <algorithm>
#include <array>

#include "engine/handlers.h"
#include "engine/watch.h"

namespace engine {

namespace {

/// Where the operands of an access stand: as handlers_memory.cpp and handlers_atomic.cpp have them.
enum class Form : uint8_t { None, Near, Wide, NearLane, Far, Fill, Copy, Init };
struct Shape {
    Form form = Form::None;
    bool reads = false, writes = false;
    uint8_t bytes = 0;
};
using Shapes = std::array<Shape, kFusedFirst>;

/// In the order of kMemoryOps.
constexpr bool kIsStore[] = {
#define LOAD(...) false,
#define STORE(...) true,
#include "engine/numeric.def"
#define LOAD(...) false,
#define STORE(...) true,
#define LOAD_LANE(...) false,
#define STORE_LANE(...) true,
#include "engine/simd.def"
};

const Shapes& shapes() {
    static const Shapes table = [] {
        Shapes t{};
        for (uint16_t i = 0; i < kMemoryOpCount; ++i) {
            const Op op = kMemoryOps[i];
            const bool hasLane = row(op).imm == Imm::MemArgLane;
            Shape shape{Form::Near, !kIsStore[i], kIsStore[i], static_cast<uint8_t>(accessBytes(op))};
            const auto with = [&](Form form) {
                shape.form = form;
                return shape;
            };
            t[number(op)] = with(hasLane ? Form::NearLane : Form::Near);
            if (!hasLane) t[kWideAccessFirst + i] = with(Form::Wide);
            t[kFarAccessFirst + i] = with(Form::Far);
        }
        const auto atomic = [&](Op op, std::string_view operation) {
            t[number(op)] = {Form::Far, operation != "Store", operation != "Load",
                             static_cast<uint8_t>(accessBytes(op))};
        };
#define ATOMIC(id, Operation, ...) atomic(Op::id, #Operation);
#include "engine/atomic.def"
        t[number(Op::MemoryAtomicWait32)] = {Form::Far, true, false, 4};
        t[number(Op::MemoryAtomicWait64)] = {Form::Far, true, false, 8};
        t[number(Op::MemoryFill)] = {Form::Fill, false, true, 0};
        t[number(Op::MemoryCopy)] = {Form::Copy, true, true, 0};
        t[number(Op::MemoryInit)] = {Form::Init, false, true, 0};
        return t;
    }();
    return table;
}

bool mayTouch(const Execution& x, bool reads, bool writes, const uint8_t* at) {
    return (reads && x.watchedReads.mayTouch(at)) || (writes && x.watchedWrites.mayTouch(at));
}

/// Whether the accesses of the cell at `ip` touch what is watched. Opens their pages.
[[gnu::noinline]] bool concerns(const Insn* ip, const Slot* fp, const Execution* x) {
    WatchSet& watches = *x->store->watches;
    MemoryAccess accesses[2];
    const uint32_t count = accessesOf(ip, fp, *x, accesses);
    bool is = watches.isOpen();
    for (uint32_t i = 0; i < count; ++i) {
        if (watches.isProtected() && watches.isOnPage(accesses[i])) watches.open();
        is |= watches.overlaps(accesses[i]);
    }
    return is;
}

/// Executes the cell at `ip`. True: go on at x->frame->ip; false: the machine has stopped.
[[gnu::noinline]] bool perform(const Insn* ip, Slot* fp, Execution* x) {
    WatchSet& watches = *x->store->watches;
    MemoryAccess accesses[2];
    const uint32_t count = accessesOf(ip, fp, *x, accesses);
    watches.begin(*x, ip, {accesses, count});
    // As in a step, no yield is heard behind the cell: a hit must not be lost.
    const bool stepping = std::exchange(x->stepping, true);
    const Insn* next = x->unwatched[ip->plain].run(ip, fp, x, x->mem0, x->mem0Size, stopHandlers());
    x->stepping = stepping;
    if (!completed(next, x)) {
        const bool goesOn = x->stop == StopKind::Yielded || x->stop == StopKind::HostInterrupted;
        if (!goesOn) watches.drop();
        return false;
    }
    if (!watches.finish(*x, ip)) return true;
    x->stop = StopKind::Watchpoint;
    x->unseen = true;
    return false;
}

/// What may touch watched bytes, or their pages while these are protected.
[[gnu::noinline]] const Insn* lookCloser(HANDLER_PARAMETERS) {
    if (!concerns(ip, fp, x)) return x->unwatched[ip->plain].run(ip, HANDLER_REST);
    if (!perform(ip, fp, x)) return nullptr;
    return dispatch(x->frame->ip, fp, x, x->mem0, x->mem0Size, table);
}

struct Near {
    static const uint8_t* at(const Insn* ip, const Slot* fp, const Execution*, const uint8_t* mem) {
        return mem + read<uint32_t>(fp[ip->a]) + ip->imm;
    }
};
struct Wide {
    static const uint8_t* at(const Insn* ip, const Slot* fp, const Execution*, const uint8_t* mem) {
        return mem + (fp[ip->a] + ip->imm);
    }
};
struct NearLane {
    static const uint8_t* at(const Insn* ip, const Slot* fp, const Execution*, const uint8_t* mem) {
        return mem + read<uint32_t>(fp[ip->a]) + ip->b;
    }
};
struct Far {
    static const uint8_t* at(const Insn* ip, const Slot* fp, const Execution* x, const uint8_t*) {
        const FarAccess& far = x->frame->code->farAccesses.data()[ip->b];
        return x->context->memories.data()[far.memory]->base() + (fp[ip->a] + far.offset);
    }
};

/// An access of at most 16 bytes.
template <class Place, bool reads, bool writes>
const Insn* look(HANDLER_PARAMETERS) {
    if (__builtin_expect(mayTouch(*x, reads, writes, Place::at(ip, fp, x, mem)), 0))
        return lookCloser(ip, HANDLER_REST);
    return x->unwatched[ip->plain].run(ip, HANDLER_REST);
}

const Insn* growOpen(HANDLER_PARAMETERS) {
    x->store->watches->open();
    return x->unwatched[ip->plain].run(ip, HANDLER_REST);
}

template <class Place>
Handler::Function lookFor(const Shape& shape) {
    if (shape.reads && shape.writes) return look<Place, true, true>;
    return shape.writes ? look<Place, false, true> : look<Place, true, false>;
}
Handler::Function handlerOf(const Shape& shape) {
    switch (shape.form) {
    case Form::Near: return lookFor<Near>(shape);
    case Form::Wide: return lookFor<Wide>(shape);
    case Form::NearLane: return lookFor<NearLane>(shape);
    case Form::Far: return lookFor<Far>(shape);
    default: return lookCloser;
    }
}

}  // namespace

bool mustLook(const Insn* ip, const Slot* fp, const Execution& x) {
    const WatchSet& watches = *x.store->watches;
    if (!watches.any()) return false;
    const bool byPage = watches.isProtected();
    if (byPage && ip->plain == number(Op::MemoryGrow)) return true;  // what it adds may be watched
    if (shapes()[ip->plain].form == Form::None) return false;
    MemoryAccess accesses[2];
    const uint32_t count = accessesOf(ip, fp, x, accesses);
    return std::any_of(accesses, accesses + count,
                       [&](const auto& a) { return byPage ? watches.isOnPage(a) : watches.overlaps(a); });
}

uint32_t accessesOf(const Insn* ip, const Slot* fp, const Execution& x, MemoryAccess (&out)[2]) {
    const Shape& shape = shapes()[ip->plain];
    const Slot* slots = &fp[ip->a];
    const auto memories = [&](uint32_t index) { return x.context->memories[index]; };
    LinearMemory* memory = nullptr;
    uint64_t address = 0, length = shape.bytes;
    bool overflow = false;
    switch (shape.form) {
    case Form::None: return 0;
    case Form::Near:
        memory = memories(0);
        address = read<uint32_t>(slots[0]) + ip->imm;
        break;
    case Form::Wide:
        memory = memories(0);
        overflow = __builtin_add_overflow(slots[0], ip->imm, &address);
        break;
    case Form::NearLane:
        memory = memories(0);
        address = uint64_t{read<uint32_t>(slots[0])} + ip->b;
        break;
    case Form::Far: {
        const FarAccess& far = x.frame->code->farAccesses[ip->b];
        memory = memories(far.memory);
        overflow = __builtin_add_overflow(slots[0], far.offset, &address);
        break;
    }
    case Form::Copy:
        memory = memories(ip->b);
        if (!memories(ip->c)->contains(slots[1], slots[2])) return 0;
        address = slots[0];
        length = slots[2];
        break;
    case Form::Fill:
    case Form::Init:
        memory = memories(ip->b);
        address = slots[0];
        length = slots[2];
        break;
    }
    if (overflow || !memory->contains(address, length)) return 0;
    uint32_t count = 0;
    if (shape.form == Form::Copy)
        out[count++] = {memories(ip->c), slots[1], length, false};
    else if (shape.reads)
        out[count++] = {memory, address, length, false};
    if (shape.writes) out[count++] = {memory, address, length, true};
    return count;
}

const Handler* watchingHandlers() {
    static const HandlerTable table = [] {
        HandlerTable t(allHandlers(), allHandlers() + fusedEnd());
        for (uint16_t op = 0; op < kFusedFirst; ++op)
            if (shapes()[op].form != Form::None) t[op].run = handlerOf(shapes()[op]);
        t[number(Op::MemoryGrow)].run = growOpen;
        addWatchedGroups(t);
        return t;
    }();
    return table.data();
}

}  // namespace engine
