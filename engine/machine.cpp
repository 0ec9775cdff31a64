#include "engine/machine.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "engine/backtraces.h"
#include "engine/exceptions.h"
#include "engine/function_walker.h"
#include "engine/gc_heap.h"
#include "engine/handlers.h"
#include "engine/jit/jit.h"
#include "engine/lowering.h"
#include "engine/type_registry.h"
#include "engine/watch.h"

namespace engine {

namespace {

constexpr size_t kGuard = 64 << 10;
constexpr uint64_t kStepsOfView = 1 << 20;  // in the search for a catcher, some milliseconds

/// Zeroed memory, committed as it is touched, with a page range without access on both sides.
class GuardedRegion {
public:
    ~GuardedRegion() {
        if (m_base) munmap(m_base, m_size + 2 * kGuard);
    }
    bool reserve(size_t bytes) {
        const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
        m_size = (bytes + page - 1) / page * page;
        void* p =
            mmap(nullptr, m_size + 2 * kGuard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED) return false;
        m_base = static_cast<uint8_t*>(p);
        return mprotect(m_base + kGuard, m_size, PROT_READ | PROT_WRITE) == 0;
    }
    uint8_t* begin() const { return m_base + kGuard; }

private:
    uint8_t* m_base = nullptr;
    size_t m_size = 0;
};

Slot lowSlot(const Value& value) {
    return value.type == kI32 || value.type == kF32 ? value.low & 0xffffffff : value.low;
}

}  // namespace

struct Machine::Impl : Execution {
    explicit Impl(Store& s) : owner(s) {}
    Backtraces backtraces;

    Frame* at(uint32_t fromYoungest) const {
        CHECK(fromYoungest < depth());
        return frame - fromYoungest;
    }
    /// Where the operands of a frame end: at its callee's base, or by what validation knows at its instruction.
    uint32_t operandSlots(uint32_t fromYoungest) const {
        const Frame* f = at(fromYoungest);
        if (fromYoungest > 0 && !(f[1].flags & frame_flag::kBottom))
            return static_cast<uint32_t>(f[1].fp - f->fp) - f->code->localSlots;
        return slotsOf(f->code->operandTypes(f->code->cellOf(f->ip)));
    }
    /// Slot and type of operand `index` (0 = bottom).
    Result<std::pair<Slot*, ValType>> operand(uint32_t fromYoungest, uint32_t index) const {
        if (fromYoungest >= depth()) return noFrame(fromYoungest);
        const Frame* f = at(fromYoungest);
        uint32_t slot = 0;
        const uint32_t slots = operandSlots(fromYoungest);
        const std::vector<ValType>& types = f->code->operandTypes(f->code->cellOf(f->ip));
        for (uint32_t i = 0; i < types.size() && slot < slots; slot += types[i++].slots())
            if (i == index) return std::pair{f->fp + f->code->localSlots + slot, types[i]};
        return Error{ErrorCode::NotFound, "there is no operand " + std::to_string(index), {}};
    }
    Result<std::pair<Slot*, ValType>> local(uint32_t fromYoungest, uint32_t index) const {
        if (fromYoungest >= depth()) return noFrame(fromYoungest);
        const Frame* f = at(fromYoungest);
        if (index >= f->code->locals.size())
            return Error{ErrorCode::NotFound, "there is no local " + std::to_string(index), {}};
        return std::pair{f->fp + f->code->localSlot(index), f->code->locals[index]};
    }
    static Error noFrame(uint32_t fromYoungest) {
        return {ErrorCode::NotFound, "there is no frame " + std::to_string(fromYoungest), {}};
    }
    static Value load(const Slot* slot, ValType type) {
        return {type, slot[0], type.slots() == 2 ? slot[1] : 0};
    }
    Result<> assign(uint32_t fromYoungest, const std::pair<Slot*, ValType>& place, const Value& value) {
        if (place.second.isRef() && value.type.isRef()) {
            const Instance* instance = at(fromYoungest)->code->context->instance;
            const ValType type = instance ? toCanonical(*instance->module, place.second) : place.second;
            if (!owner.isReference(value.low, type))
                return Error{ErrorCode::BadArgument,
                             toText(value) + " is no reference of type " + toText(place.second),
                             {}};
        } else if (place.second != value.type) {
            return Error{ErrorCode::BadArgument,
                         "a value of type " + toText(value.type) + " does not fit in " + toText(place.second),
                         {}};
        }
        place.first[0] = lowSlot(value);
        if (value.type.slots() == 2) place.first[1] = value.high;
        return {};
    }

    /// Common to run() and step(): a clean slate, and memory 0 as it is now (another machine may have grown it).
    void prepare() {
        CHECK(depth() > 0);
        stop = StopKind::Finished;
        unseen = unwound = false;
        trap = Trap{};
        store->watches->clearHits();
        store->watches->update();
        enterContext(frame->code->context);
    }
    /// Lets a collection go on that was paused elsewhere than before the present instruction. False: a yield was heard.
    bool finishCollection() {
        if (!store->heap->isPaused() || (collecting.tick == tick() && collecting.ip == frame->ip))
            return true;
        if (store->heap->goOn(yield)) return true;
        yield.store(false, std::memory_order_relaxed);
        stop = StopKind::Yielded;
        return false;
    }
    /// Those of a run that is over.
    void forgetExceptions() {
        caught.clear();
        hostThrown = 0;
        search = {};
    }
    /// Makes `minDepth` a flag of the frame whose return would go below it.
    void watchDepth(uint32_t minDepth, bool on) {
        if (minDepth == 0 || minDepth > depth()) return;
        uint32_t& flags = frames[minDepth].flags;
        flags = on ? flags | frame_flag::kStopOnReturn : flags & ~frame_flag::kStopOnReturn;
    }

    Store& owner;
    GuardedRegion stackRegion, frameRegion;
};

Machine::Machine() = default;
Machine::~Machine() {
    if (!m || !m->store) return;
    m->store->waits.leave(m->wait);
    if (m->store->jit) m->store->jit->forget(m.get());
    std::erase(m->store->executions, m.get());
}

Result<std::unique_ptr<Machine>> Machine::create(Store& store) {
    std::unique_ptr<Machine> machine(new Machine);
    machine->m = std::make_unique<Impl>(store);
    Impl& m = *machine->m;
    const StoreLimits& limits = store.limits();
    const size_t frameBytes = (size_t{limits.maxFrames} + 1) * sizeof(Frame);
    if (!m.stackRegion.reserve(limits.maxStackBytes) || !m.frameRegion.reserve(frameBytes))
        return Error{ErrorCode::Limit,
                     "the system refuses " + std::to_string(limits.maxStackBytes) +
                         " bytes of address space for the guest's stack",
                     {}};
    m.stack = reinterpret_cast<Slot*>(m.stackRegion.begin());
    m.stackLimit = m.stack + limits.maxStackBytes / sizeof(Slot);
    m.frames = m.frame = reinterpret_cast<Frame*>(m.frameRegion.begin());
    m.frameLimit = m.frames + limits.maxFrames;
    m.unwatched = allHandlers();
    m.store = store.m.get();
    m.store->executions.push_back(&m);
    m.store->watches->publish(m);
    m.sleep = [&m](std::optional<uint64_t> timeoutNs, const std::string&) {
        const auto slice = static_cast<long>(std::min<uint64_t>(timeoutNs.value_or(~uint64_t{0}), 1'000'000));
        const timespec time{0, slice};
        if (!m.yield.load(std::memory_order_relaxed)) nanosleep(&time, nullptr);
        return !m.yield.load(std::memory_order_relaxed);
    };
    m.machine = machine.get();
    return machine;
}

Store& Machine::store() const { return m->owner; }

Result<> Machine::start(FuncAddr address, std::span<const Value> arguments) {
    FunctionInstance& function = m->owner.function(address);
    CHECK(arguments.size() == function.type->params.size());
    Code* code = nullptr;
    if (function.instance) {
        code = TRY(m->store->lowered(function));
    } else {
        auto& entries = m->store->hostEntries;
        for (const auto& entry : entries)
            if (entry->function == &function) code = entry.get();
        if (!code) code = entries.emplace_back(lowerHostEntry(*m->store, function)).get();
    }
    m->store->heap->finishCollection();
    if (m->depth() == 0) m->forgetExceptions();
    // On top of what already runs, if anything does.
    Slot* base = m->depth() == 0 ? m->stack : m->frame->fp + m->frame->code->maxSlots;
    if (base + code->maxSlots > m->stackLimit)
        return Error{ErrorCode::Limit, "no stack is left to call " + std::to_string(address.value), {}};
    Slot* slot = base;
    for (const Value& value : arguments) {
        CHECK(value.type.slots() ==
              function.type->params[static_cast<size_t>(&value - arguments.data())].slots());
        *slot++ = lowSlot(value);
        if (value.type.slots() == 2) *slot++ = value.high;
    }
    if (!pushFrame(m.get(), code, base, frame_flag::kBottom))
        return Error{ErrorCode::Limit, "no frame is left for another call", {}};
    m->unseen = false;
    return {};
}

StopKind Machine::run(const RunLimits& limits) {
    const bool unseen = m->unseen;
    m->prepare();
    m->store->fuseChanged();
    if (m->depth() < limits.minDepth) return m->stop = StopKind::DepthReached;
    if (m->tick() >= limits.tick) {
        m->unseen = unseen;
        return m->stop = StopKind::Yielded;
    }
    if (!m->finishCollection()) {
        m->unseen = unseen;
        return m->stop;
    }
    m->tickLimit = limits.tick;
    m->refill(m->tick());
    m->lookedAtNs = nowNs();
    m->watchDepth(limits.minDepth, true);
    if (m->hostThrows()) {
        if (const Insn* next = raise(m.get())) {
            m->frame->ip = next;
            runHandlers(m.get(), m->handlers);
        }
    } else if (const uint16_t op = m->frame->ip->op;
               (op == number(InternalOp::Break) && !unseen) || op == number(InternalOp::Look)) {
        runPlain(m.get(), m->handlers);
    } else {
        runHandlers(m.get(), m->handlers);
    }
    m->watchDepth(limits.minDepth, false);
    m->store->watches->open();
    return m->stop;
}

StopKind Machine::step() {
    const bool unseen = m->unseen;
    m->prepare();
    if (!m->finishCollection()) {
        m->unseen = unseen;
        return m->stop;
    }
    m->tickLimit = ~uint64_t{0};
    if (m->hostThrows()) {
        if (const Insn* next = raise(m.get())) m->stopAt(next, StopKind::Stepped);
        return m->stop;
    }
    m->stepping = true;
    runPlain(m.get(), stopHandlers());
    m->stepping = false;
    m->store->watches->open();
    return m->stop;
}

void Machine::abandon() {
    m->frame = m->frames;
    m->enterContext(nullptr);
    m->unseen = false;
    m->store->waits.leave(m->wait);
    m->forgetExceptions();
    m->unfinished = {};
    m->store->watches->endRun();
}

void Machine::setWait(WaitFunction wait) { m->sleep = std::move(wait); }
void Machine::requestYield() { m->yield.store(true, std::memory_order_relaxed); }
bool Machine::yieldRequested() const { return m->yield.load(std::memory_order_relaxed); }

const Trap& Machine::trap() const { return m->trap; }
uint32_t Machine::exitCode() const { return m->exitCode; }
std::vector<Value> Machine::results() const { return m->results; }
[[gnu::hot]] uint64_t Machine::tick() const { return m->tick(); }
Moment Machine::moment() const { return {m->tick(), m->depth() ? location().offset : 0, m->depth()}; }

uint32_t Machine::depth() const { return m->depth(); }

FrameView Machine::frame(uint32_t fromYoungest) const {
    const Frame& f = *m->at(fromYoungest);
    FrameView view;
    view.location = f.location();
    view.function = f.code->address;
    view.depth = m->depth() - 1 - fromYoungest;
    view.locals = {f.fp, f.code->localSlots};
    view.stack = {f.fp + f.code->localSlots, m->operandSlots(fromYoungest)};
    return view;
}

CodeLocation Machine::location() const { return m->at(0)->location(); }

Result<Value> Machine::local(uint32_t frame, uint32_t index) const {
    const auto [slot, type] = TRY(m->local(frame, index));
    return Impl::load(slot, type);
}

Result<std::vector<Value>> Machine::locals(uint32_t frame) const {
    if (frame >= m->depth()) return Impl::noFrame(frame);
    const Frame* f = m->at(frame);
    std::vector<Value> values;
    const Slot* slot = f->fp;
    for (ValType type : f->code->locals) {
        values.push_back(Impl::load(slot, type));
        slot += type.slots();
    }
    return values;
}

Result<std::vector<Value>> Machine::operands(uint32_t frame) const {
    if (frame >= m->depth()) return Impl::noFrame(frame);
    const Frame* f = m->at(frame);
    const uint32_t slots = m->operandSlots(frame);
    std::vector<Value> values;
    uint32_t at = 0;
    for (ValType type : f->code->operandTypes(f->code->cellOf(f->ip))) {
        if (at >= slots) break;
        values.push_back(Impl::load(f->fp + f->code->localSlots + at, type));
        at += type.slots();
    }
    return values;
}

Result<> Machine::setLocal(uint32_t frame, uint32_t index, const Value& value) {
    return m->assign(frame, TRY(m->local(frame, index)), value);
}
Result<> Machine::setOperand(uint32_t frame, uint32_t index, const Value& value) {
    return m->assign(frame, TRY(m->operand(frame, index)), value);
}

uint32_t Machine::backtrace(std::span<CodeLocation> out) const {
    if (m->native && m->native->direct) return m->store->jit->backtrace(*m, out);
    const auto count = static_cast<uint32_t>(std::min<size_t>(out.size(), m->depth()));
    for (uint32_t i = 0; i < count; ++i)
        out[i] = m->frame[-static_cast<ptrdiff_t>(i)].location();
    return count;
}

[[gnu::hot]] const Backtrace& Machine::backtrace() { return m->backtraces.of(*m); }

namespace {

/// The function instance of a code location, or null if there is no such function or it is not defined there.
FunctionInstance* functionAt(StoreState& store, const CodeLocation& location) {
    if (location.instance.value >= store.contexts.size()) return nullptr;
    const InstanceContext& context = *store.contexts[location.instance.value];
    if (location.function.value >= context.functions.size()) return nullptr;
    FunctionInstance* function = context.functions[location.function.value];
    return function->instance == location.instance ? function : nullptr;
}

}  // namespace

Result<> Machine::setBreakpoint(const CodeLocation& location) {
    FunctionInstance* function = functionAt(*m->store, location);
    if (!function) return Error{ErrorCode::NotFound, "there is no such function", {}};
    Code* code = TRY(m->store->lowered(*function));
    const std::optional<uint32_t> cell = code->cellAt(location.offset);
    if (!cell)
        return Error{ErrorCode::NotFound,
                     "no instruction begins there",
                     {.offset = location.offset, .function = location.function.value}};
    if (code->breaks.insert(*cell).second) m->store->breaksChanged(*code);
    return {};
}

void Machine::clearBreakpoint(const CodeLocation& location) {
    FunctionInstance* function = functionAt(*m->store, location);
    if (!function || !function->code) return;
    const auto cell = function->code->cellAt(location.offset);
    if (cell && function->code->breaks.erase(*cell)) m->store->breaksChanged(*function->code);
}

Result<WatchId> Machine::watch(const WatchSpec& spec) {
    const auto& memories = m->store->memories;
    if (spec.memory.value >= memories.size()) return Error{ErrorCode::NotFound, "there is no such memory"};
    const uint64_t last = memories[spec.memory.value]->type().limits.is64 ? ~uint64_t{0} >> 1 : 0xffffffff;
    if (spec.length == 0) return Error{ErrorCode::BadArgument, "there is nothing to watch in 0 bytes"};
    if (spec.address > last || spec.length - 1 > last - spec.address)
        return Error{ErrorCode::BadArgument, "addresses of this memory end at " + std::to_string(last)};
    return m->store->watches->add(spec);
}
void Machine::unwatch(WatchId id) { m->store->watches->remove(id); }
const std::vector<WatchHit>& Machine::watchHits() const { return m->store->watches->hits(); }

void Machine::stopOnReturn(uint32_t depth, bool on) {
    if (depth >= m->depth()) return;
    uint32_t& flags = m->frames[depth + 1].flags;
    flags = on ? flags | frame_flag::kEndsScope : flags & ~frame_flag::kEndsScope;
}

bool Machine::unwound() const { return m->unwound; }
void Machine::breakOnThrow(ThrowBreak which) { m->throwBreak = which; }

std::string ExceptionView::text() const { return exceptionText(name, arguments); }

std::optional<ExceptionView> Machine::exception() const {
    const std::optional<Thrown> thrown = thrownAt(*m);
    if (!thrown) return std::nullopt;
    ExceptionView view{thrown->tag, tagName(*m->store, thrown->tag), argumentsOf(*m->store, *thrown), {}};
    uint64_t steps = kStepsOfView;
    view.isSearched = searchCatcher(*m, *thrown, steps);
    if (const std::optional<Catcher> catcher = catcherOf(m->search)) {
        Frame at = *catcher->frame;
        at.ip = &at.code->cells[catcher->clause->target];
        view.catcher = {static_cast<uint32_t>(m->frame - catcher->frame), at.location()};
    }
    return view;
}

Result<std::vector<uint32_t>> Machine::instructionOffsets(FuncAddr function) {
    const Code* code = TRY(m->owner.code(function));
    return code->offsets();
}

void Machine::clearBreakpoints() {
    for (const auto& code : m->store->code) {
        if (!code->breaks.empty()) m->store->breaksChanged(*code);
        code->breaks.clear();
    }
}

}  // namespace engine
