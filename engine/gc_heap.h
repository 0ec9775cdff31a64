// GcHeap: structures, arrays and exceptions of one Store. Objects do not move and are named by handles (reference.h): their place in one
// reserved region, the same in every run. Collected by precise mark and sweep, always at the same allocation of the same run.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/reference.h"
#include "engine/store.h"

namespace engine {

/// How the objects of one type lie in the heap. Fields of structures and arguments of exceptions are slots (two for a v128, packed
/// ones zero-extended); array elements have their natural sizes.
struct ObjectLayout {
    ObjectKind kind = ObjectKind::Struct;
    uint32_t number = 0;            // in the heap, never 0
    uint32_t type = 0;              // canonical type id; of an exception its tag address
    std::vector<FieldType> fields;  // canonical types; of an array its element; of an exception its arguments
    std::vector<uint32_t> slotOf;   // per field: its first slot
    uint32_t slots = 0;             // of all fields; 0 for arrays
    uint32_t elementBytes = 0;      // of arrays: 1, 2, 4, 8 or 16
    std::vector<uint32_t> references;  // slots that may name objects
    bool elementsAreReferences = false;
    uint32_t sizeClass = 0, cellBytes = ~0u;  // of structures that are small: where they are allocated
    std::vector<Slot> masks;                  // per slot, of structures with packed fields only
    std::vector<uint32_t> supertypes;  // canonical ids from the root of the hierarchy down to `type` itself

    /// Bytes that an object takes with its header.
    uint64_t bytes(uint32_t length) const {
        return 8 + uint64_t{slots} * 8 + uint64_t{elementBytes} * length;
    }
    /// Whether a cast to the type `id`, which stands `depth` below the root of its hierarchy, succeeds.
    bool isSubtypeOf(uint32_t id, uint32_t depth) const {
        return type == id || (depth < supertypes.size() && supertypes.data()[depth] == id);
    }
};

/// Whether slots of the canonical type may name objects: references to anything but functions.
bool mayNameObject(ValType canonical);

class GcHeap {
public:
    /// `markRoots` must call mark() with every reference that lives outside the heap.
    GcHeap(std::shared_ptr<MemoryBudget> budget, std::function<void(GcHeap&)> markRoots);
    ~GcHeap();
    GcHeap(const GcHeap&) = delete;

    // Layouts: made on first use, kept as long as the heap.
    const ObjectLayout& layoutOf(const Module& module, TypeIdx type);          // of a structure or array type
    const ObjectLayout& layoutOf(TagAddr tag, const FuncType& canonicalType);  // of exceptions with that tag
    const ObjectLayout& layout(uint32_t number) const { return *m_layouts.data()[number].get(); }

    // Allocation. May collect first: every live reference must be reachable from the roots, and frame->ip must be stored. Returns 0 if
    // the budget has no room even then, or if collections no longer yield enough to go on: exhausted() says which.
    /// Payload undefined: to be filled before the next allocation.
    Slot allocate(const ObjectLayout& layout, uint32_t length = 0);
    Slot allocateZeroed(const ObjectLayout& layout, uint32_t length = 0);
    /// The same for a structure where hasCell() says so, without a call.
    bool hasCell(const ObjectLayout& layout) const {
        const SizeClass& c = m_classes.data()[layout.sizeClass];
        return c.end - c.at >= layout.cellBytes;
    }
    Slot allocateCell(const ObjectLayout& layout) {
        SizeClass& c = m_classes.data()[layout.sizeClass];
        const uint64_t place = c.at;
        c.at += layout.cellBytes;
        headerAt(place) = {layout.number << 8, 0};
        return reference::object(ObjectKind::Struct, place);
    }
    // For compiled code, and good as long as the heap: where its region begins (null: the system refuses it), the place of the next free
    // cell for structures like that with the end of the free ones behind it, and the word that points to the layouts by number.
    const uint8_t* base() { return reserve() ? m_base : nullptr; }
    const uint64_t* freeCells(const ObjectLayout& layout) const {
        return &m_classes.data()[layout.sizeClass].at;
    }
    const void* layouts() const { return &m_layouts; }
    /// A structure with its fields, an exception with its arguments, an array with its elements, as they stand on the value stack.
    Slot make(const ObjectLayout& layout, const Slot* slots, uint32_t length = 0);
    /// The trap of an allocation that returned 0.
    Trap exhausted(const ObjectLayout& layout, uint32_t length) const;

    // Objects. The argument must name one (validation has seen to it where its type says so; otherwise ask contains()).
    const ObjectLayout& layoutAt(Slot object) const { return layout(header(object).layout >> 8); }
    uint32_t length(Slot object) const { return header(object).length; }  // of arrays
    Slot* slots(Slot object) const { return reinterpret_cast<Slot*>(at(object) + 8); }
    uint8_t* elements(Slot object) const { return at(object) + 8; }
    /// Field of a structure, element of an array, argument of an exception; the index must be below count().
    Value get(Slot object, uint32_t index) const;
    uint32_t count(Slot object) const;
    /// Whether the reference names an object that lives; for references that come from outside.
    bool contains(Slot reference) const;

    // Collection
    void collect();
    /// From here on, until called with null, an allocation hears `asked` while it collects: it then returns 0, and wasInterrupted() says
    /// why. The collection is paused: it goes on when the allocation is tried again, or with goOn().
    void setInterrupt(const std::atomic<bool>* asked);
    bool wasInterrupted() const { return m_wasInterrupted; }
    /// While a collection is paused, references must not change, so that what it has marked stays true: who would change one, or let
    /// code run that may, finishes it first. False: `asked` was heard, and it is still paused.
    bool isPaused() const { return m_phase != Phase::Idle; }
    bool goOn(const std::atomic<bool>& asked);
    void finishCollection();
    /// For markRoots: a reference that its type vouches for, and one that may be anything.
    void mark(Slot reference);
    void markUnsure(Slot reference) {
        if (contains(reference)) mark(reference);
    }
    /// Keeps an object alive until release(); the same one may be held several times.
    void hold(Slot reference);
    void release(Slot reference);
    /// While suspended, allocation does not collect. Calls nest.
    void suspendCollection(bool on);
    /// Collects at every allocation: for tests.
    void setStress(bool on) { m_stress = on; }
    /// For tests: how many objects may wait to be scanned before the heap is walked for the rest (0: in proportion to the heap).
    void setMarkStackLimit(size_t entries) { m_fixedMarkStackLimit = entries; }

    uint64_t collections() const { return m_collections; }
    uint64_t liveBytes() const { return m_live; }  // after the last collection
    uint64_t bytesUsed() const { return m_used; }  // what counts in the budget

private:
    struct Header {
        uint32_t layout;  // number << 8, and the flags below
        uint32_t length;  // of an array its elements, of a free run its cells
    };
    static constexpr uint32_t kMarked = 1, kFree = 2;
    /// A run of the region: a chunk of cells of one size, or one large object.
    struct Span {
        uint64_t bytes = 0;
        uint32_t cellBytes = 0;  // 0: a large object
    };
    /// Cells of one size: those being handed out, then lists of free runs.
    struct SizeClass {
        uint64_t at = 0, end = 0;  // places
        uint64_t firstRun = 0, lastRun = 0;
    };
    static constexpr uint32_t kSizeClasses = 43;

    uint8_t* at(Slot object) const { return m_base + reference::place(object); }
    Header& header(Slot object) const { return *reinterpret_cast<Header*>(at(object)); }
    Header& headerAt(uint64_t place) const { return *reinterpret_cast<Header*>(m_base + place); }
    uint64_t& nextRun(uint64_t place) const { return *reinterpret_cast<uint64_t*>(m_base + place + 8); }

    ObjectLayout& addLayout(ObjectKind kind, uint32_t type);
    void addField(ObjectLayout& layout, const FieldType& canonical);
    uint64_t takeCell(uint32_t sizeClass);
    uint64_t takeLarge(uint64_t bytes);
    bool refill(uint32_t sizeClass);
    /// Collects if so much was allocated that it is time. False: interrupted.
    bool collectIfDue();
    /// Collects because there is no room. False: interrupted, or the last ones have gained too little.
    bool collectForRoom();
    /// Takes a run of the region, counted in the budget; its memory is zero. 0: no room.
    uint64_t takeSpan(uint64_t bytes, uint32_t cellBytes);
    /// A piece of the region; `dirty`: what may be other than zero in it.
    struct Room {
        uint64_t place, dirty;
    };
    std::optional<Room> findRoom(uint64_t bytes);
    void freeSpan(uint64_t place, uint64_t bytes);
    void zero(uint64_t place, uint64_t bytes);
    void zeroAndGiveBack(uint64_t place, uint64_t bytes);
    bool reserve();
    bool commit(uint64_t end);
    void trim();

    enum class Phase : uint8_t { Idle, Mark, Sweep };
    /// A marked object, and the first of its references that was not looked at.
    struct Pending {
        uint64_t place;
        uint32_t next;
    };
    // Each goes on with its part; false: interrupted.
    bool collectSome();
    bool markSome();
    bool drain();
    bool walkOn();
    bool sweepSome();
    /// Counts work. True: a yield was asked for.
    bool isAskedAfter(uint64_t steps);

    void retireRuns();
    bool markOne(Slot reference);
    void push(uint64_t place);
    uint64_t scanSome();
    uint64_t sweepChunk(uint64_t place, uint32_t cellBytes);
    void addRun(uint32_t cellBytes, uint64_t place, uint64_t cells);

    std::shared_ptr<MemoryBudget> m_budget;
    std::function<void(GcHeap&)> m_markRoots;
    std::vector<std::unique_ptr<ObjectLayout>> m_layouts;
    std::unordered_map<uint32_t, uint32_t> m_layoutOfType, m_layoutOfTag;

    uint8_t* m_base = nullptr;
    // Bytes of the region: in all, with access rights, in use or free (from m_top on nothing is), and used at any time.
    uint64_t m_reserved = 0, m_committed = 0, m_top = 0, m_highest = 0;
    std::map<uint64_t, Span> m_spans;  // by place
    struct Free {
        uint64_t bytes = 0;
        bool isZero = false;
    };
    std::map<uint64_t, Free> m_free;                       // by place; never adjacent
    std::set<std::pair<uint64_t, uint64_t>> m_freeBySize;  // (bytes, place)
    std::array<SizeClass, kSizeClasses> m_classes{};

    uint64_t m_used = 0, m_live = 0, m_allocated = 0;  // m_allocated: since the last collection
    uint64_t m_collections = 0;
    uint32_t m_futile = 0;  // collections in a row that gained too little
    bool m_hasGivenUp = false;
    bool m_hasCollected = false;  // for the present allocation

    Phase m_phase = Phase::Idle;
    std::vector<Pending> m_markStack;
    size_t m_fixedMarkStackLimit = 0, m_markStackLimit = 0;
    bool m_markStackOverflowed = false;
    uint64_t m_walkAt = 0, m_sweepAt = 0;  // places of spans
    uint64_t m_sweptLive = 0;
    uint64_t m_steps = 0;  // since `asked` was looked at
    const std::atomic<bool>* m_asked = nullptr;
    bool m_wasInterrupted = false;
    std::map<Slot, uint32_t> m_held;
    int m_suspended = 0;
    bool m_stress = false;
};

}  // namespace engine
