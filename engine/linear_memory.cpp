#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "engine/store.h"

namespace engine {

namespace {

/// What a 32-bit address plus a 32-bit offset can reach; with that much reserved, compiled code needs no bounds check.
constexpr uint64_t kFullReservation = uint64_t{8} << 30;
constexpr uint64_t kGuard = 64 << 10;  // behind the reservation, for the widest access at its end

uint64_t roundUp(uint64_t bytes, uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

uint64_t osPage() {
    static const uint64_t size = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    return size;
}

/// Address space without access rights, or null.
uint8_t* reserve(uint64_t bytes) {
    void* p = mmap(nullptr, bytes + kGuard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? nullptr : static_cast<uint8_t*>(p);
}

/// pages << log2, or ~0 if that does not fit.
uint64_t bytesOfPages(uint64_t pages, uint8_t log2) {
    return pages > (~uint64_t{0} >> log2) ? ~uint64_t{0} : pages << log2;
}

}  // namespace

Result<std::unique_ptr<LinearMemory>> LinearMemory::create(const MemoryType& type, uint64_t maxBytes) {
    const uint64_t minimum = bytesOfPages(type.limits.min, type.pageSizeLog2);
    if (minimum > maxBytes)
        return Error{ErrorCode::Limit, "a memory begins with " + std::to_string(type.limits.min) +
                                           " pages, and the memory limit is " + std::to_string(maxBytes) +
                                           " bytes; raise the limit to run this"};
    std::unique_ptr<LinearMemory> memory(new LinearMemory);
    memory->m_type = type;
    // A 32-bit memory may have 2^16 pages of 64 KiB, a 64-bit one 2^48.
    const uint64_t ceiling = type.limits.is64 ? ~uint64_t{0} : uint64_t{1} << 32;
    const uint64_t declared =
        type.limits.max ? bytesOfPages(*type.limits.max, type.pageSizeLog2) : ~uint64_t{0};
    memory->m_maxBytes = std::min({maxBytes, declared, ceiling});

    const uint64_t least = std::max(roundUp(minimum, osPage()), osPage());
    const uint64_t wanted =
        std::max(least, roundUp(std::min(memory->m_maxBytes, uint64_t{1} << 46), osPage()));
    uint64_t size = type.limits.is64 ? wanted : kFullReservation;
    while (!(memory->m_base = reserve(size)) && size > least)
        size = std::max(least, roundUp(size / 2, osPage()));
    if (!memory->m_base)
        return Error{ErrorCode::Limit,
                     "the system refuses " + std::to_string(size) + " bytes of address space for a memory"};
    memory->m_reserved = size;
    memory->m_maxBytes = std::min(memory->m_maxBytes, size);
    if (!memory->commit(minimum))
        return Error{ErrorCode::Limit,
                     "the system refuses " + std::to_string(minimum) + " bytes for a memory"};
    memory->m_size = minimum;
    return memory;
}

LinearMemory::~LinearMemory() {
    if (m_base) munmap(m_base, m_reserved + kGuard);
    if (m_budget) m_budget->used -= m_size;
}

bool LinearMemory::commit(uint64_t bytes) {
    const uint64_t target = roundUp(bytes, osPage());
    if (target <= m_committed) return true;
    if (mprotect(m_base + m_committed, target - m_committed, PROT_READ | PROT_WRITE) != 0) return false;
    m_committed = target;
    return true;
}

std::optional<uint64_t> LinearMemory::grow(uint64_t count) {
    const uint64_t old = pages();
    if (count == 0) return old;
    const uint64_t more = bytesOfPages(count, m_type.pageSizeLog2);
    if (more > m_maxBytes || m_size > m_maxBytes - more) return std::nullopt;
    if (m_budget && (m_budget->used > m_budget->limit || more > m_budget->limit - m_budget->used))
        return std::nullopt;
    if (!commit(m_size + more)) return std::nullopt;
    m_size += more;
    if (m_budget) m_budget->used += more;
    return old;
}

void LinearMemory::joinBudget(std::shared_ptr<MemoryBudget> budget) {
    m_budget = std::move(budget);
    m_budget->used += m_size;
}

}  // namespace engine
