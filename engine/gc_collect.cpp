// Collection of the GC heap: mark from the roots with a worklist of bounded size, then sweep.
#include "engine/gc_cells.h"
#include "engine/gc_heap.h"

namespace engine {

using namespace gc_cells;

void GcHeap::collect() {
    ++m_collections;
    retireRuns();
    m_markRoots(*this);
    for (const auto& [reference, count] : m_held)
        markUnsure(reference);
    drain();
    while (m_markStackOverflowed)
        rescan();
    sweep();
    trim();
    m_allocated = 0;
}

/// Ends the runs that were being handed out, so that every cell is an object or belongs to a free run.
void GcHeap::retireRuns() {
    for (uint32_t i = 0; i < kSizeClasses; ++i) {
        SizeClass& c = m_classes[i];
        if (c.at < c.end) headerAt(c.at) = {kFree, static_cast<uint32_t>((c.end - c.at) / cellBytesOf(i))};
        c = {};
    }
}

void GcHeap::mark(Slot reference) {
    if (reference::isObject(reference)) push(reference::place(reference));
}

void GcHeap::push(uint64_t place) {
    Header& header = headerAt(place);
    if (header.layout & kMarked) return;
    header.layout |= kMarked;
    const ObjectLayout& layout = *m_layouts[header.layout >> 8];
    if (layout.references.empty() && !layout.elementsAreReferences) return;
    if (m_markStack.size() < m_markStackLimit)
        m_markStack.push_back(place);
    else
        m_markStackOverflowed = true;
}

void GcHeap::scan(uint64_t place) {
    const Header& header = headerAt(place);
    const ObjectLayout& layout = *m_layouts[header.layout >> 8];
    const auto* slots = reinterpret_cast<const Slot*>(m_base + place + sizeof(Header));
    for (const uint32_t slot : layout.references)
        mark(slots[slot]);
    if (layout.elementsAreReferences)
        for (uint32_t i = 0; i < header.length; ++i)
            mark(slots[i]);
}

void GcHeap::drain() {
    while (!m_markStack.empty()) {
        const uint64_t place = m_markStack.back();
        m_markStack.pop_back();
        scan(place);
    }
}

/// Finds what the full worklist had no room for: marked objects with unmarked ones behind them.
void GcHeap::rescan() {
    m_markStackOverflowed = false;
    const auto visit = [this](uint64_t place) {
        if (!(headerAt(place).layout & kMarked)) return;
        scan(place);
        drain();
    };
    for (const auto& [first, span] : m_spans) {
        if (span.cellBytes == 0) {
            visit(first);
            continue;
        }
        const uint64_t end = first + kChunk / span.cellBytes * span.cellBytes;
        for (uint64_t place = first; place < end;) {
            const Header header = headerAt(place);
            if (!(header.layout & kFree)) visit(place);
            place += uint64_t{span.cellBytes} * (header.layout & kFree ? header.length : 1);
        }
    }
}

void GcHeap::sweep() {
    m_live = 0;
    for (auto at = m_spans.begin(); at != m_spans.end();) {
        const auto [place, span] = *at;
        uint64_t live = 0;
        if (span.cellBytes == 0) {
            Header& header = headerAt(place);
            live = header.layout & kMarked ? span.bytes : 0;
            header.layout &= ~kMarked;
        } else {
            live = sweepChunk(place, span.cellBytes);
        }
        m_live += live;
        if (live) {
            ++at;
        } else {
            at = m_spans.erase(at);
            freeSpan(place, span.bytes);
        }
    }
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
