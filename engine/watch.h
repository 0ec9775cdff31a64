// WatchSet: the watched ranges of a store's memories, and who touched them. Owned by the StoreState, used by its thread. Nothing watched
// costs nothing; otherwise the interpreter runs with handlers that look first (handlers_watch.cpp), and machine code where pages allow it
// or where it looks itself (jit/jit.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/execution.h"

namespace engine {

struct StoreState;

/// One access of a cell to memory.
struct MemoryAccess {
    LinearMemory* memory = nullptr;
    uint64_t address = 0, length = 0;
    bool isWrite = false;
};

class WatchSet final : public MemoryObserver {
public:
    explicit WatchSet(StoreState& store) : m_store(store) {}

    WatchId add(const WatchSpec& spec);
    /// False: there is none.
    bool remove(WatchId id);
    bool any() const { return !m_watches.empty(); }
    /// What was added and removed counts from now on; before anything runs, so that many cost one look.
    void update() {
        if (m_isDirty) rebuild();
    }
    /// Tells an execution what it must look for.
    void publish(Execution& x) const;

    /// An instruction is about to access memory; what is watched there is remembered. An instruction that stopped halfway and is tried
    /// again keeps what was remembered when it began.
    void begin(const Execution& x, const Insn* ip, std::span<const MemoryAccess> accesses);
    /// It is complete. True: something watched was hit, the machine is to stop.
    bool finish(const Execution& x, const Insn* ip);
    /// It trapped, or gave up.
    void drop() { m_open.clear(), m_openIp = nullptr; }
    /// Whether an instruction stopped halfway; it must be told its end.
    bool isOpen() const { return m_openIp != nullptr; }
    bool overlaps(const MemoryAccess& access) const;
    const WatchFilter& reads() const { return m_reads; }
    const WatchFilter& writes() const { return m_writes; }

    // Machine code runs while the pages with watched bytes may not be accessed: what touches them faults, and is executed by the
    // interpreter, which opens them first. They stay open until machine code runs again; hosts and debuggers find them open.
    /// False: the system refuses; no machine code may run.
    bool protect();
    void open();
    bool isProtected() const { return m_isProtected; }
    /// Would the access fault in machine code?
    bool isOnPage(const MemoryAccess& access) const;

    // What the host does in a call, from GuestMemory.
    void reads(const LinearMemory& memory, uint64_t address, uint64_t length) override;
    void mayWrite(const LinearMemory& memory, uint64_t address, uint64_t length) override;
    void wrote(const LinearMemory& memory, uint64_t address, uint64_t length) override;
    /// How much the calls that are under way have touched: for the end of one that begins now.
    size_t touchedByHost() const { return m_openByHost.size(); }
    /// The call at `ip` has returned. True as for finish().
    bool finishHostCall(const Execution& x, const Insn* ip, const std::string& name, size_t from);
    /// It has not: it is made again, or never.
    void dropHostCall(size_t from) {
        if (from < m_openByHost.size()) m_openByHost.resize(from);
    }

    const std::vector<WatchHit>& hits() const { return m_hits; }
    void clearHits() { m_hits.clear(); }
    /// The run is over.
    void endRun();

private:
    struct Watch {
        WatchId id;
        WatchSpec spec;
        LinearMemory* memory = nullptr;
    };
    /// Pages of the host that hold watched bytes.
    struct Pages {
        LinearMemory* memory = nullptr;
        uint64_t begin = 0, end = 0;
        bool isRead = false;  // nothing there may be read, else not written
        uint64_t protectedEnd = 0;
    };
    /// A watch whose bytes are being accessed.
    struct Touched {
        WatchHit hit;
        WatchKind kind{};
        LinearMemory* memory = nullptr;
        uint64_t from = 0, length = 0;  // of the watched bytes that may change
        uint64_t print = 0;             // of them before
        bool isRead = false, isWritten = false;
    };
    void touch(std::vector<Touched>& open, const MemoryAccess& access) const;
    void conclude(std::vector<Touched>& open, size_t from, const Execution& x, const Insn* ip,
                  const std::string& host);
    void rebuild();
    void findPages();

    StoreState& m_store;
    std::vector<Watch> m_watches;  // by id
    bool m_isDirty = false;        // the rest does not know them yet
    uint32_t m_next = 1;
    WatchFilter m_reads, m_writes;          // of the watched bytes
    WatchFilter m_pageReads, m_pageWrites;  // of their pages, while these are protected
    std::vector<Pages> m_pages;             // sorted, disjoint
    bool m_isProtected = false;
    std::vector<std::pair<const uint8_t*, const uint8_t*>> m_ranges;  // of host addresses, sorted, disjoint
    std::vector<Touched> m_open, m_openByHost;
    const Insn* m_openIp = nullptr;
    uint64_t m_openTick = 0;
    uint32_t m_openDepth = 0;
    std::vector<WatchHit> m_hits;
};

/// Whether machine code must leave the cell at `ip` to the interpreter, as it accesses a protected page or, where none is, watched bytes.
bool mustLook(const Insn* ip, const Slot* fp, const Execution& x);
/// The accesses of the cell at `ip`, at most two; none if it accesses no memory, or would trap.
uint32_t accessesOf(const Insn* ip, const Slot* fp, const Execution& x, MemoryAccess (&out)[2]);

}  // namespace engine
