// Collection of the GC heap: mark from the roots with a worklist of bounded size, then sweep. It can stop between any two steps and go on
// later, as long as no reference changes meanwhile.
#include <algorithm>
#include <utility>

#include "engine/gc_cells.h"
#include "engine/gc_heap.h"

namespace engine {

using namespace gc_cells;

namespace {

constexpr uint64_t kStepsBetweenLooks = 1 << 14;  // references, or cells: some 100 µs
constexpr uint32_t kSlice = 1 << 14;              // references of one object
constexpr uint64_t kLeastMarkStack = 1 << 20;     // entries
constexpr uint64_t kHeapBytesPerEntry = 128;      // so the worklist is an eighth of the heap at most
constexpr uint64_t kNowhere = ~uint64_t{0};

}  // namespace

void GcHeap::collect() {
    const std::atomic<bool>* asked = std::exchange(m_asked, nullptr);
    if (isPaused()) collectSome();
    collectSome();
    m_asked = asked;
}

void GcHeap::finishCollection() {
    const std::atomic<bool>* asked = std::exchange(m_asked, nullptr);
    if (isPaused()) collectSome();
    m_asked = asked;
}

bool GcHeap::goOn(const std::atomic<bool>& asked) {
    if (!isPaused()) return true;
    m_asked = &asked;
    const bool isDone = collectSome();
    m_asked = nullptr;
    return isDone;
}

void GcHeap::setInterrupt(const std::atomic<bool>* asked) {
    m_asked = asked;
    if (asked) m_wasInterrupted = false;
}

bool GcHeap::isAskedAfter(uint64_t steps) {
    m_steps += steps;
    if (m_steps < kStepsBetweenLooks) return false;
    m_steps = 0;
    m_wasInterrupted = m_asked && m_asked->load(std::memory_order_relaxed);
    return m_wasInterrupted;
}

bool GcHeap::collectSome() {
    if (m_phase == Phase::Idle) {
        ++m_collections;
        retireRuns();
        m_phase = Phase::Mark;
        m_walkAt = kNowhere;
        m_markStackLimit = m_fixedMarkStackLimit ? m_fixedMarkStackLimit
                                                 : std::max(kLeastMarkStack, m_used / kHeapBytesPerEntry);
        m_markRoots(*this);
        for (const auto& [reference, count] : m_held)
            markUnsure(reference);
    }
    if (m_phase == Phase::Mark) {
        if (!markSome()) return false;
        m_phase = Phase::Sweep;
        m_sweepAt = m_sweptLive = 0;
        if (m_markStack.capacity() > kLeastMarkStack) m_markStack = {};
    }
    if (!sweepSome()) return false;
    m_live = m_sweptLive;
    trim();
    m_allocated = 0;
    m_phase = Phase::Idle;
    return true;
}

/// Ends the runs that were being handed out, so that every cell is an object or belongs to a free run.
void GcHeap::retireRuns() {
    for (uint32_t i = 0; i < kSizeClasses; ++i) {
        SizeClass& c = m_classes[i];
        if (c.at < c.end) headerAt(c.at) = {kFree, static_cast<uint32_t>((c.end - c.at) / cellBytesOf(i))};
        c = {};
    }
}

/// Marks an object. True: its references are still to be looked at.
bool GcHeap::markOne(Slot reference) {
    if (!reference::isObject(reference)) return false;
    Header& header = headerAt(reference::place(reference));
    if (header.layout & kMarked) return false;
    header.layout |= kMarked;
    const ObjectLayout& layout = *m_layouts[header.layout >> 8];
    return !layout.references.empty() || layout.elementsAreReferences;
}

void GcHeap::mark(Slot reference) {
    if (markOne(reference)) push(reference::place(reference));
}

void GcHeap::push(uint64_t place) {
    if (m_markStack.size() < m_markStackLimit)
        m_markStack.push_back({place, 0});
    else
        m_markStackOverflowed = true;
}

/// Looks at references of the object that was pushed last, until one leads further or a slice is done; how many it were. So an object
/// waits in the worklist once, however many objects it refers to.
uint64_t GcHeap::scanSome() {
    Pending& pending = m_markStack.back();
    const Header& header = headerAt(pending.place);
    const ObjectLayout& layout = *m_layouts[header.layout >> 8];
    const auto* slots = reinterpret_cast<const Slot*>(m_base + pending.place + sizeof(Header));
    const bool isArray = layout.elementsAreReferences;
    const uint32_t count = isArray ? header.length : static_cast<uint32_t>(layout.references.size());
    const uint32_t first = pending.next, end = first + std::min(count - first, kSlice);
    uint32_t i = first;
    Slot further = 0;
    while (i < end && !further) {
        const Slot reference = slots[isArray ? i : layout.references[i]];
        ++i;
        if (markOne(reference)) further = reference;
    }
    if (i < count)
        pending.next = i;
    else
        m_markStack.pop_back();
    if (further) push(reference::place(further));
    return i - first + 1;
}

bool GcHeap::drain() {
    while (!m_markStack.empty())
        if (isAskedAfter(scanSome())) return false;
    return true;
}

bool GcHeap::markSome() {
    while (true) {
        if (!drain()) return false;
        if (m_walkAt == kNowhere) {
            if (!m_markStackOverflowed) return true;
            m_markStackOverflowed = false;
            m_walkAt = 0;
        }
        if (!walkOn()) return false;
    }
}

/// Walks the heap for what the full worklist had no room for: marked objects with unmarked ones behind them. A chunk that was left in the
/// middle is walked again, a large object is not: its references wait in the worklist.
bool GcHeap::walkOn() {
    const auto visit = [this](uint64_t place) {
        const Header& header = headerAt(place);
        if (!(header.layout & kMarked)) return true;
        const ObjectLayout& layout = *m_layouts[header.layout >> 8];
        if (layout.references.empty() && !layout.elementsAreReferences) return true;
        push(place);
        return drain();
    };
    for (auto at = m_spans.lower_bound(m_walkAt); at != m_spans.end(); ++at) {
        const auto& [first, span] = *at;
        if (span.cellBytes == 0) {
            m_walkAt = first + 1;
            if (!visit(first)) return false;
            continue;
        }
        m_walkAt = first;
        const uint64_t end = first + kChunk / span.cellBytes * span.cellBytes;
        for (uint64_t place = first; place < end;) {
            const Header header = headerAt(place);
            const bool isFree = header.layout & kFree;
            if (!isFree && !visit(place)) return false;
            place += uint64_t{span.cellBytes} * (isFree ? header.length : 1);
        }
        m_walkAt = first + 1;
        if (isAskedAfter(kChunk / span.cellBytes)) return false;
    }
    m_walkAt = kNowhere;
    return true;
}

bool GcHeap::sweepSome() {
    for (auto at = m_spans.lower_bound(m_sweepAt); at != m_spans.end();) {
        const auto [place, span] = *at;
        uint64_t live = 0;
        if (span.cellBytes == 0) {
            Header& header = headerAt(place);
            live = header.layout & kMarked ? span.bytes : 0;
            header.layout &= ~kMarked;
        } else {
            live = sweepChunk(place, span.cellBytes);
        }
        m_sweptLive += live;
        m_sweepAt = place + 1;
        if (live) {
            ++at;
        } else {
            at = m_spans.erase(at);
            freeSpan(place, span.bytes);
        }
        if (isAskedAfter(span.cellBytes ? kChunk / span.cellBytes : 1)) return false;
    }
    return true;
}

/// Unmarks what lives, clears the headers of the rest and lists its runs; bytes that live. Of a chunk without life nothing is listed.
uint64_t GcHeap::sweepChunk(uint64_t first, uint32_t cellBytes) {
    const uint64_t end = first + kChunk / cellBytes * cellBytes;
    uint64_t live = 0, run = first;
    const auto endRun = [&](uint64_t at) {
        if (run < at) addRun(cellBytes, run, (at - run) / cellBytes);
    };
    for (uint64_t place = first; place < end;) {
        Header& header = headerAt(place);
        if (header.layout & kMarked) {
            endRun(place);
            header.layout &= ~kMarked;
            live += cellBytes;
            place += cellBytes;
            run = place;
        } else {
            const uint64_t cells = header.layout & kFree ? header.length : 1;
            header = {};
            place += cells * cellBytes;
        }
    }
    if (live) endRun(end);
    return live;
}

void GcHeap::addRun(uint32_t cellBytes, uint64_t place, uint64_t cells) {
    SizeClass& c = m_classes[sizeClassOf(cellBytes)];
    headerAt(place) = {kFree, static_cast<uint32_t>(cells)};
    nextRun(place) = 0;
    (c.firstRun ? nextRun(c.lastRun) : c.firstRun) = place;
    c.lastRun = place;
}

}  // namespace engine
