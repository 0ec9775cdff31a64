#include "wasi/journal.h"

#include <utility>

namespace wasi {

void Journal::addToTail(uint32_t address, bool isWrite, std::span<const uint8_t> bytes, uint64_t length) {
    const auto append = [&](const void* from, size_t size) {
        const auto* first = static_cast<const uint8_t*>(from);
        m_tail.insert(m_tail.end(), first, first + size);
    };
    const size_t kept = std::min<uint64_t>({bytes.size(), kMaxPayloadBytes, kMaxCallBytes - m_kept});
    const uint64_t number = numberOf(address, isWrite, kept, length);
    if (m_used < kMost)
        m_numbers[m_used++] = number;
    else
        append(&number, kWord);
    if (kept != length) append(&length, kWord);
    if (fitsInWords(kept, m_used)) {
        copy(&m_numbers[m_used], bytes.data(), kept);
        m_used += wordsOf(kept);
    } else {
        append(bytes.data(), kept);
    }
    m_count++;
    m_kept += kept;
}

void Journal::read(const uint64_t* numbers, size_t arguments, const uint8_t* tail, size_t count,
                   std::vector<CallAccess>& to) {
    const auto next = [&tail](size_t size) { return std::exchange(tail, tail + size); };
    to.resize(count);
    size_t used = kHead + arguments;
    for (size_t i = 0; i < count; i++) {
        const uint64_t number = used < kMost ? numbers[used++] : load<uint64_t>(next(kWord));
        const uint64_t kept = number >> kKept;
        const uint64_t length = number & kIsCut ? load<uint64_t>(next(kWord)) : kept;
        const uint8_t* bytes;
        if (fitsInWords(kept, used)) {
            bytes = reinterpret_cast<const uint8_t*>(&numbers[used]);
            used += wordsOf(kept);
        } else {
            bytes = next(kept);
        }
        to[i] = {static_cast<uint32_t>(number), (number & kIsWrite) != 0, {bytes, kept}, length};
    }
}

void Journal::patch(uint32_t address, uint8_t value) {
    std::vector<CallAccess> accesses;
    read(accesses);
    for (const CallAccess& a : accesses)
        if (a.isWrite && address >= a.address && address - a.address < a.bytes.size())
            const_cast<uint8_t&>(a.bytes[address - a.address]) = value;  // it is the journal's
}

}  // namespace wasi
