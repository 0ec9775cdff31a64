#include "engine/exceptions.h"

#include <algorithm>
#include <cstring>

#include "engine/allocation.h"
#include "engine/base/printable.h"
#include "engine/function_walker.h"

namespace engine {

namespace {

constexpr size_t kMaxCaught = 1 << 20;
constexpr uint64_t kSearchStride = 1 << 14;  // steps between two looks at yield
constexpr uint64_t kStepsPerTick = 2;

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

/// A tail call has given its frame up before the callee throws.
bool isTailCall(const Insn* ip) {
    return ip->plain == number(Op::ReturnCall) || ip->plain == number(Op::ReturnCallIndirect) ||
           ip->plain == number(Op::ReturnCallRef);
}

void enterRegion(CatchSearch& s, uint32_t region) {
    s.region = region;
    s.clause = region == CatchTable::kNone ? region : s.frame->code->catches.regions[region].firstClause;
}
void enterFrame(const Execution& x, CatchSearch& s, Frame* f) {
    s.frame = f;
    const bool isGone = f == x.frame && isTailCall(f->ip);
    enterRegion(s, isGone ? CatchTable::kNone : f->code->catches.regionAt(f->code->cellOf(f->ip)));
}

/// The search for the present throw: the one that was begun, or a new one.
CatchSearch& searchOf(Execution& x, TagAddr tag) {
    CatchSearch& s = x.search;
    const Insn* ip = x.frame->ip;
    if (s.frame && s.tick == x.tick() && s.ip == ip && s.depth == x.depth() && s.tag == tag) return s;
    s = {};
    s.tick = x.tick();
    s.ip = ip;
    s.depth = x.depth();
    s.tag = tag;
    enterFrame(x, s, x.frame);
    return s;
}

/// One clause, region or frame further.
void advance(const Execution& x, CatchSearch& s) {
    const Code& code = *s.frame->code;
    if (s.clause != CatchTable::kNone) {
        const CatchTable::Clause& clause = code.catches.clauses[s.clause];
        if (clause.all || code.context->instance->tags[clause.tag] == s.tag)
            s.state = CatchSearch::State::Found;
        else
            s.clause = clause.next;
    } else if (s.region != CatchTable::kNone) {
        enterRegion(s, code.catches.regions[s.region].outer);
    } else if (s.frame->flags & frame_flag::kBottom) {
        s.state = CatchSearch::State::Nobody;
    } else {
        enterFrame(x, s, s.frame - 1);
    }
}

/// Makes the exception an object, for a clause or a rethrow that wants one. False: the machine has stopped.
bool makeObject(Execution* x, Thrown& thrown) {
    if (thrown.object) return true;
    GcHeap& heap = *x->store->heap;
    const ObjectLayout& layout = heap.layoutOf(thrown.tag, x->store->tags[thrown.tag.value]->type);
    thrown.object = allocateFor(x, layout, 0, [&](GcHeap& h) { return h.allocate(layout); });
    if (!thrown.object) return false;
    std::memcpy(heap.slots(thrown.object), thrown.arguments, layout.slots * sizeof(Slot));
    return true;
}

/// Whether the catch block of an exception has been left.
bool isLeft(const Execution& x, const CaughtException& caught) {
    if (caught.depth > x.depth()) return true;
    const Frame& f = x.frames[caught.depth];
    if (f.code != caught.code) return true;
    const uint32_t cell = f.code->cellOf(f.ip);
    return cell < caught.target || cell >= f.code->catches.regions[caught.region].end;
}

/// Remembers the exception for the rethrows of a legacy catch block, and forgets those whose blocks have been left. The frame stands at
/// the block.
void remember(Execution* x, const Catcher& catcher, Slot object) {
    const uint32_t depth = x->depth();
    const auto isOver = [&](const CaughtException& c) {
        return isLeft(*x, c) || (c.depth == depth && c.region == catcher.region);
    };
    while (!x->caught.empty() && isOver(x->caught.back()))
        x->caught.pop_back();
    x->caught.push_back({depth, catcher.region, catcher.clause->target, catcher.frame->code, object});
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
    const Insn* next = &code.cells[clause.target];
    x->frame->ip = next;
    if (code.catches.regions[catcher.region].isRethrown) remember(x, catcher, thrown.object);
    x->enterContext(code.context);
    if (!(flags & (frame_flag::kStopOnReturn | frame_flag::kEndsScope))) return next;
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

bool searchCatcher(Execution& x, const Thrown& thrown, uint64_t& steps) {
    CatchSearch& search = searchOf(x, thrown.tag);
    for (; search.state == CatchSearch::State::Searching && steps > 0; --steps)
        advance(x, search);
    return search.state != CatchSearch::State::Searching;
}

std::optional<Catcher> catcherOf(const CatchSearch& search) {
    if (search.state != CatchSearch::State::Found) return std::nullopt;
    return Catcher{search.frame, search.region, &search.frame->code->catches.clauses[search.clause]};
}

void forgetLeftBlocks(Execution& x) {
    std::erase_if(x.caught, [&](const CaughtException& caught) { return isLeft(x, caught); });
}

[[gnu::noinline]] const Insn* raise(Execution* x) {
    while (!x->caught.empty() && isLeft(*x, x->caught.back()))
        x->caught.pop_back();
    Thrown thrown = *thrownAt(*x);
    for (bool isOver = false; !isOver;) {
        uint64_t steps = kSearchStride;
        isOver = searchCatcher(*x, thrown, steps);
        x->spend((kSearchStride - steps) / kStepsPerTick);
        if (!isOver && yieldInside(x->frame->ip, x)) return nullptr;
    }
    const std::optional<Catcher> catcher = catcherOf(x->search);
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
