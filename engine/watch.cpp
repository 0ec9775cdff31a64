#include "engine/watch.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <tuple>

#include "engine/handlers.h"
#include "engine/jit/jit.h"

namespace engine {

namespace {

constexpr uint64_t kMaxShown = 4096;

uint64_t osPage() {
    static const uint64_t size = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    return size;
}

/// Makes the filter cover host addresses [begin, end), and accesses that begin before them.
void widen(WatchFilter& filter, uintptr_t begin, uintptr_t end) {
    begin -= WatchFilter::kWidest - 1;
    const uintptr_t last = filter.span ? std::max(filter.from + filter.span, end) : end;
    filter.from = filter.span ? std::min(filter.from, begin) : begin;
    filter.span = last - filter.from;
    constexpr uint32_t kBits = 64;
    const uintptr_t first = begin / WatchFilter::kPage, count = (end - 1) / WatchFilter::kPage - first + 1;
    for (uintptr_t i = 0; i < std::min<uintptr_t>(count, kBits); ++i)
        filter.pages |= uint64_t{1} << (first + i) % kBits;
}

/// Two lots of bytes that differ have different ones (2^-64 of them apart).
uint64_t fingerprint(const uint8_t* bytes, uint64_t length) {
    uint64_t print = length;
    for (; length > 0;) {
        uint64_t word = 0;
        const uint64_t count = std::min<uint64_t>(length, sizeof word);
        std::memcpy(&word, bytes, count);
        print = (print ^ word) * 0x9e3779b97f4a7c15;
        print ^= print >> 29;
        bytes += count;
        length -= count;
    }
    return print;
}

bool overlap(uint64_t a, uint64_t lengthOfA, uint64_t b, uint64_t lengthOfB) {
    return a < b + lengthOfB && b < a + lengthOfA;
}

bool hears(WatchKind kind, bool isWrite) {
    return kind == WatchKind::Access || (kind == WatchKind::Read) != isWrite;
}

}  // namespace

WatchId WatchSet::add(const WatchSpec& spec) {
    m_watches.push_back({WatchId(m_next++), spec, m_store.memories[spec.memory.value].get()});
    m_isDirty = true;
    return m_watches.back().id;
}

bool WatchSet::remove(WatchId id) {
    const auto it = std::lower_bound(m_watches.begin(), m_watches.end(), id,
                                     [](const Watch& watch, WatchId wanted) { return watch.id < wanted; });
    if (it == m_watches.end() || it->id != id) return false;
    m_watches.erase(it);
    const auto isOfIt = [&](const Touched& touched) { return touched.hit.watch == id; };
    std::erase_if(m_open, isOfIt);
    std::erase_if(m_openByHost, isOfIt);
    m_isDirty = true;
    return true;
}

void WatchSet::rebuild() {
    open();
    m_isDirty = false;
    for (const auto& memory : m_store.memories)
        memory->setObserver(nullptr);
    m_ranges.clear();
    m_reads = m_writes = {};
    for (const Watch& watch : m_watches) {
        watch.memory->setObserver(this);
        // Nothing is accessed behind the reservation.
        const uint64_t begin = std::min(watch.spec.address, watch.memory->reserved());
        const uint64_t length = std::min(watch.spec.length, watch.memory->reserved() - begin);
        if (length == 0) continue;
        const uint8_t* at = watch.memory->base() + begin;
        const auto from = reinterpret_cast<uintptr_t>(at);
        if (hears(watch.spec.kind, false)) widen(m_reads, from, from + length);
        if (hears(watch.spec.kind, true)) widen(m_writes, from, from + length);
        m_ranges.emplace_back(at, at + length);
    }
    std::sort(m_ranges.begin(), m_ranges.end());
    size_t kept = 0;
    for (const auto& range : m_ranges) {
        if (kept > 0 && range.first <= m_ranges[kept - 1].second)
            m_ranges[kept - 1].second = std::max(m_ranges[kept - 1].second, range.second);
        else
            m_ranges[kept++] = range;
    }
    m_ranges.resize(kept);
    findPages();
    if (m_store.jit) m_store.jit->watchesChanged();
    for (Execution* x : m_store.executions)
        publish(*x);
}

void WatchSet::publish(Execution& x) const {
    x.handlers = any() ? watchingHandlers() : allHandlers();
    x.watchedReads = m_isProtected ? m_pageReads : m_reads;
    x.watchedWrites = m_isProtected ? m_pageWrites : m_writes;
}

void WatchSet::findPages() {
    m_pages.clear();
    m_pageReads = m_pageWrites = {};
    for (const Watch& watch : m_watches) {
        const WatchSpec& spec = watch.spec;
        const uint64_t reserved = watch.memory->reserved() / osPage() * osPage();
        if (spec.address >= reserved) continue;
        const uint64_t end = std::min(spec.address + spec.length, reserved);
        m_pages.push_back({watch.memory, spec.address / osPage() * osPage(),
                           (end + osPage() - 1) / osPage() * osPage(), hears(spec.kind, false), 0});
    }
    std::sort(m_pages.begin(), m_pages.end(), [](const Pages& a, const Pages& b) {
        return std::tie(a.memory, a.begin) < std::tie(b.memory, b.begin);
    });
    size_t kept = 0;
    for (const Pages& pages : m_pages) {
        Pages* last = kept > 0 ? &m_pages[kept - 1] : nullptr;
        if (last && last->memory == pages.memory && pages.begin < last->end) {
            last->end = std::max(last->end, pages.end);
            last->isRead |= pages.isRead;
        } else {
            m_pages[kept++] = pages;
        }
    }
    m_pages.resize(kept);
    for (const Pages& pages : m_pages) {
        const auto base = reinterpret_cast<uintptr_t>(pages.memory->base());
        widen(m_pageWrites, base + pages.begin, base + pages.end);
        if (pages.isRead) widen(m_pageReads, base + pages.begin, base + pages.end);
    }
}

bool WatchSet::protect() {
    if (m_isProtected) return true;
    bool isDone = true;
    for (Pages& pages : m_pages) {
        // What is not committed has no access rights, and must get none.
        const uint64_t committed = (pages.memory->size() + osPage() - 1) / osPage() * osPage();
        pages.protectedEnd = std::min(pages.end, committed);
        if (pages.begin >= pages.protectedEnd) continue;
        isDone &= mprotect(pages.memory->base() + pages.begin, pages.protectedEnd - pages.begin,
                           pages.isRead ? PROT_NONE : PROT_READ) == 0;
    }
    m_isProtected = true;
    if (!isDone) open();
    for (Execution* x : m_store.executions)
        publish(*x);
    return isDone;
}

void WatchSet::open() {
    if (!m_isProtected) return;
    for (const Pages& pages : m_pages)
        if (pages.begin < pages.protectedEnd)
            CHECK(mprotect(pages.memory->base() + pages.begin, pages.protectedEnd - pages.begin,
                           PROT_READ | PROT_WRITE) == 0);
    m_isProtected = false;
    for (Execution* x : m_store.executions)
        publish(*x);
}

bool WatchSet::isOnPage(const MemoryAccess& access) const {
    const auto isBefore = [](const Pages& pages, const MemoryAccess& a) {
        return std::tie(pages.memory, pages.end) <= std::tie(a.memory, a.address);
    };
    auto pages = std::lower_bound(m_pages.begin(), m_pages.end(), access, isBefore);
    for (; pages != m_pages.end() && pages->memory == access.memory &&
           pages->begin < access.address + access.length;
         ++pages)
        if (access.isWrite || pages->isRead) return true;
    return false;
}

bool WatchSet::overlaps(const MemoryAccess& access) const {
    const uint8_t* begin = access.memory->base() + access.address;
    const auto after =
        std::upper_bound(m_ranges.begin(), m_ranges.end(), begin,
                         [](const uint8_t* at, const auto& range) { return at < range.second; });
    return after != m_ranges.end() && after->first < begin + access.length;
}

void WatchSet::touch(std::vector<Touched>& open, const MemoryAccess& access) const {
    if (access.length == 0 || !overlaps(access)) return;
    for (const Watch& watch : m_watches) {
        const WatchSpec& spec = watch.spec;
        if (watch.memory != access.memory || !hears(spec.kind, access.isWrite) ||
            !overlap(spec.address, spec.length, access.address, access.length))
            continue;
        Touched touched;
        touched.kind = spec.kind;
        touched.memory = watch.memory;
        touched.hit.watch = watch.id;
        touched.hit.address = access.address;
        touched.hit.length = access.length;
        touched.from = std::max(spec.address, access.address);
        touched.length = std::min(spec.address + spec.length, access.address + access.length) - touched.from;
        touched.print = fingerprint(watch.memory->base() + touched.from, touched.length);
        touched.hit.shownFrom = spec.length > kMaxShown ? touched.from : spec.address;
        const uint64_t end = std::min(spec.address + spec.length, watch.memory->size());
        const uint8_t* shown = watch.memory->base() + touched.hit.shownFrom;
        touched.hit.before.assign(shown, shown + std::min(end - touched.hit.shownFrom, kMaxShown));
        (access.isWrite ? touched.isWritten : touched.isRead) = true;
        open.push_back(std::move(touched));
    }
}

void WatchSet::begin(const Execution& x, const Insn* ip, std::span<const MemoryAccess> accesses) {
    if (m_openIp == ip && m_openTick == x.tick() && m_openDepth == x.depth()) return;
    m_open.clear();
    m_openIp = ip;
    m_openTick = x.tick();
    m_openDepth = x.depth();
    for (const MemoryAccess& access : accesses)
        touch(m_open, access);
}

bool WatchSet::finish(const Execution& x, const Insn* ip) {
    conclude(m_open, 0, x, ip, {});
    m_openIp = nullptr;
    return !m_hits.empty();
}

void WatchSet::conclude(std::vector<Touched>& open, size_t from, const Execution& x, const Insn* ip,
                        const std::string& host) {
    for (size_t i = from; i < open.size(); ++i) {
        Touched& touched = open[i];
        const bool isChange = touched.isWritten && fingerprint(touched.memory->base() + touched.from,
                                                               touched.length) != touched.print;
        if (!touched.isWritten && !touched.isRead) continue;
        if (touched.kind == WatchKind::Change && !isChange) continue;
        const auto known = std::find_if(m_hits.begin(), m_hits.end(),
                                        [&](const WatchHit& hit) { return hit.watch == touched.hit.watch; });
        WatchHit& hit = known == m_hits.end() ? m_hits.emplace_back(std::move(touched.hit)) : *known;
        hit.isRead |= touched.isRead;
        hit.isWrite |= touched.isWritten;
        hit.isChange |= isChange;
        const uint8_t* shown = touched.memory->base() + hit.shownFrom;
        hit.after.assign(shown, shown + hit.before.size());
        const Code& code = *x.frame->code;
        hit.location = {code.context->id(), code.function->index, code.offsetOf(ip)};
        hit.host = host;
    }
    open.resize(std::min(from, open.size()));
    std::sort(m_hits.begin(), m_hits.end(),
              [](const WatchHit& a, const WatchHit& b) { return a.watch < b.watch; });
}

void WatchSet::reads(const LinearMemory& memory, uint64_t address, uint64_t length) {
    touch(m_openByHost, {const_cast<LinearMemory*>(&memory), address, length, false});
}

void WatchSet::mayWrite(const LinearMemory& memory, uint64_t address, uint64_t length) {
    const size_t known = m_openByHost.size();
    touch(m_openByHost, {const_cast<LinearMemory*>(&memory), address, length, true});
    for (size_t i = known; i < m_openByHost.size(); ++i)
        m_openByHost[i].isWritten = false;
}

void WatchSet::wrote(const LinearMemory& memory, uint64_t address, uint64_t length) {
    for (Touched& touched : m_openByHost) {
        if (touched.isRead || touched.memory != &memory ||
            !overlap(touched.from, touched.length, address, length))
            continue;
        touched.isWritten = true;
        touched.hit.address = address;
        touched.hit.length = length;
    }
}

bool WatchSet::finishHostCall(const Execution& x, const Insn* ip, const std::string& name, size_t from) {
    conclude(m_openByHost, from, x, ip, name);
    return !m_hits.empty();
}

void WatchSet::endRun() {
    drop();
    m_openByHost.clear();
    m_hits.clear();
}

}  // namespace engine
