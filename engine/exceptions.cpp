#include "engine/exceptions.h"

#include <algorithm>
#include <cstring>

#include "engine/base/printable.h"
#include "engine/function_walker.h"
#include "engine/gc_heap.h"
#include "engine/handlers.h"

namespace engine {

namespace {

constexpr size_t kMaxCaught = 1 << 20;
constexpr uint32_t kSearchStride = 1 << 20;  // regions between two looks at yield: some milliseconds

Thrown thrownObject(const StoreState& store, Slot object) {
    return {TagAddr(store.heap->layoutAt(object).type), store.heap->slots(object), object};
}

/// The exception that a legacy catch block around `ip` has caught.
Slot caughtBy(const Execution& x, uint32_t region) {
    for (auto caught = x.caught.rbegin(); caught != x.caught.rend(); ++caught)
        if (caught->depth == x.depth() && caught->code == x.frame->code && caught->region == region)
            return caught->object;
    CHECK(!"rethrow without a caught exception");
    return 0;
}

const CatchTable::Clause* matchingClause(const Code& code, const CatchTable::Region& region, TagAddr tag) {
    const CatchTable& table = code.catches;
    for (uint32_t i = region.firstClause; i != CatchTable::kNone; i = table.clauses[i].next) {
        const CatchTable::Clause& clause = table.clauses[i];
        if (clause.all || code.context->instance->tags[clause.tag] == tag) return &clause;
    }
    return nullptr;
}

/// A tail call has given its frame up before the callee throws.
bool isTailCall(const Insn* ip) {
    return ip->plain == number(Op::ReturnCall) || ip->plain == number(Op::ReturnCallIndirect) ||
           ip->plain == number(Op::ReturnCallRef);
}

/// Makes the exception an object, for a clause or a rethrow that wants one. False: no memory, the machine has stopped.
bool makeObject(Execution* x, Thrown& thrown) {
    if (thrown.object) return true;
    GcHeap& heap = *x->store->heap;
    const ObjectLayout& layout = heap.layoutOf(thrown.tag, x->store->tags[thrown.tag.value]->type);
    thrown.object = heap.allocate(layout);
    if (!thrown.object) {
        trapAt(x->frame->ip, x, heap.exhausted(layout, 0));
        return false;
    }
    std::memcpy(heap.slots(thrown.object), thrown.arguments, layout.slots * sizeof(Slot));
    return true;
}

/// Remembers the exception for the rethrows of a legacy catch block, and forgets those whose blocks have been left.
void remember(Execution* x, const Catcher& catcher, Slot object) {
    const uint32_t depth = x->depth(), target = catcher.clause->target;
    const auto isOver = [&](const CaughtException& c) {
        if (c.depth != depth) return c.depth > depth;
        if (c.code != catcher.frame->code || c.region == catcher.region) return true;
        const CatchTable::Region& region = c.code->catches.regions[c.region];
        return target < region.begin || target >= region.end;
    };
    while (!x->caught.empty() && isOver(x->caught.back()))
        x->caught.pop_back();
    x->caught.push_back({depth, catcher.region, catcher.frame->code, object});
}

const Insn* uncaught(Execution* x, const Thrown& thrown) {
    Trap trap;
    trap.kind = TrapKind::UncaughtException;
    trap.message = exceptionText(tagName(*x->store, thrown.tag), argumentsOf(*x->store, thrown));
    return trapAt(x->frame->ip, x, std::move(trap));
}

/// Whether somebody wants to see the exception before it is caught, and has not seen it yet.
bool isAwaited(Execution* x, bool isCaught) {
    if (x->throwBreak == ThrowBreak::Never || (isCaught && x->throwBreak == ThrowBreak::Uncaught))
        return false;
    const Moment now{x->tick(), x->frame->code->offsetOf(x->frame->ip), x->depth()};
    if (x->throwSeen == now) return false;
    x->throwSeen = now;
    return true;
}

/// Of a tag by its index: from the name section, else as imported or exported.
std::string tagNameIn(const Module& module, uint32_t index) {
    if (const auto& names = module.names().tags; names.contains(index)) return names.at(index);
    for (const Import& import : module.imports)
        if (import.kind == ExternKind::Tag && import.index == index) return import.name;
    for (const Export& e : module.exports)
        if (e.kind == ExternKind::Tag && e.index == index) return e.name;
    return {};
}

/// Second phase.
const Insn* unwind(Execution* x, const Catcher& catcher, const Thrown& thrown) {
    const Code& code = *catcher.frame->code;
    const CatchTable::Clause& clause = *catcher.clause;
    uint32_t flags = 0;
    for (const Frame* f = x->frame; f > catcher.frame; --f)
        flags |= f->flags;
    Slot* target = catcher.frame->fp + clause.slot;
    if (!clause.all) {
        const uint32_t slots = slotsOf(x->store->tags[thrown.tag.value]->type.params);
        std::memmove(target, thrown.arguments, slots * sizeof(Slot));
        target += slots;
    }
    if (clause.withRef) *target = thrown.object;
    x->frame = catcher.frame;
    x->hostThrown = 0;
    if (code.catches.regions[catcher.region].isRethrown) remember(x, catcher, thrown.object);
    x->enterContext(code.context);
    const Insn* next = &code.cells[clause.target];
    if (!(flags & frame_flag::kStopOnReturn)) return next;
    x->unwound = true;
    return x->stopAt(next, StopKind::DepthReached);
}

}  // namespace

std::optional<Thrown> thrownAt(const Execution& x) {
    const StoreState& store = *x.store;
    if (x.depth() == 0) return std::nullopt;
    if (x.hostThrows()) return thrownObject(store, x.hostThrown);
    const Frame& f = *x.frame;
    switch (f.ip->plain) {
    case number(Op::Throw): return Thrown{f.code->context->instance->tags[f.ip->b], f.fp + f.ip->a, 0};
    case number(Op::ThrowRef):
        if (f.fp[f.ip->a] == 0) return std::nullopt;
        return thrownObject(store, f.fp[f.ip->a]);
    case number(Op::Rethrow): return thrownObject(store, caughtBy(x, f.ip->b));
    default: return std::nullopt;
    }
}

std::optional<Catcher> findCatcher(Execution& x, const Thrown& thrown, bool* yielded) {
    uint32_t looked = 0;
    for (Frame* f = x.frame;; --f) {
        const CatchTable& table = f->code->catches;
        const bool isGone = f == x.frame && isTailCall(f->ip);
        uint32_t index = isGone ? CatchTable::kNone : table.regionAt(f->code->cellOf(f->ip));
        for (; index != CatchTable::kNone; index = table.regions[index].outer) {
            if (const auto* clause = matchingClause(*f->code, table.regions[index], thrown.tag))
                return Catcher{f, index, clause};
            if (++looked % kSearchStride == 0 && yielded && x.yield.load(std::memory_order_relaxed)) {
                *yielded = true;
                return std::nullopt;
            }
        }
        if (f->flags & frame_flag::kBottom) return std::nullopt;
    }
}

[[gnu::noinline]] const Insn* raise(Execution* x) {
    Thrown thrown = *thrownAt(*x);
    bool yielded = false;
    const std::optional<Catcher> catcher = findCatcher(*x, thrown, &yielded);
    if (yielded) {
        x->yield.store(false, std::memory_order_relaxed);
        return x->stopAt(x->frame->ip, StopKind::Yielded);
    }
    if (isAwaited(x, catcher.has_value())) return x->stopAt(x->frame->ip, StopKind::Exception);
    if (!catcher) return uncaught(x, thrown);
    const bool isKept = catcher->frame->code->catches.regions[catcher->region].isRethrown;
    if ((isKept || catcher->clause->withRef) && !makeObject(x, thrown)) return nullptr;
    if (isKept && x->caught.size() >= kMaxCaught) return trapAt(x->frame->ip, x, TrapKind::StackExhausted);
    return unwind(x, *catcher, thrown);
}

std::string tagName(const StoreState& store, TagAddr tag) {
    for (const auto& instance : store.instances) {
        const auto found = std::find(instance->tags.begin(), instance->tags.end(), tag);
        if (found == instance->tags.end()) continue;
        const Module& module = *instance->module;
        const auto index = static_cast<uint32_t>(found - instance->tags.begin());
        if (const std::string name = tagNameIn(module, index); !name.empty()) return printable(name);
    }
    return "tag " + std::to_string(tag.value);
}

std::vector<Value> argumentsOf(const StoreState& store, const Thrown& thrown) {
    std::vector<Value> values;
    const Slot* slot = thrown.arguments;
    for (const ValType type : store.tags[thrown.tag.value]->type.params) {
        values.push_back({type, slot[0], type.slots() == 2 ? slot[1] : 0});
        slot += type.slots();
    }
    return values;
}

std::string exceptionText(const std::string& tag, std::span<const Value> arguments) {
    constexpr size_t kShown = 16;
    std::string text = tag + "(";
    for (size_t i = 0; i < std::min(arguments.size(), kShown); ++i)
        text += (i > 0 ? ", " : "") + toText(arguments[i]);
    return text + (arguments.size() > kShown ? ", …)" : ")");
}

}  // namespace engine
