#include "wasi/call_packing.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace wasi {

namespace {

using N = CallNumbers;

constexpr size_t kWord = sizeof(uint64_t), kGroup = 16;
constexpr size_t kMostArguments = 10;
constexpr size_t kNearAccesses = 16;  // as numbers; more stand in the tail
constexpr size_t kMostInWords = 8;    // of one access
static_assert(N::kHead + kMostArguments + kNearAccesses <= N::kMost);

size_t wordsOf(uint64_t bytes) { return (bytes + kWord - 1) / kWord; }

/// Whether the bytes of an access stand as words behind `count` numbers.
bool isInWords(uint64_t bytes, size_t count) {
    return bytes <= kMostInWords * kWord && count + wordsOf(bytes) <= N::kMost;
}

std::string_view detailOf(const CallDraft& d) {
    return std::string_view(d.detail).substr(0, kMaxDetailBytes);
}

/// By a number of bytes.
constexpr std::array<uint64_t, kWord + 1> kMasks = [] {
    std::array<uint64_t, kWord + 1> masks{};
    for (size_t i = 1; i < masks.size(); i++)
        masks[i] = masks[i - 1] << 8 | 0xff;
    return masks;
}();

/// How many bits are set; std::popcount is a call into another library where the processor's instruction may not be taken for granted.
size_t onesOf(uint64_t n) {
    n -= n >> 1 & 0x5555'5555'5555'5555;
    n = (n & 0x3333'3333'3333'3333) + (n >> 2 & 0x3333'3333'3333'3333);
    return ((n + (n >> 4)) & 0x0f0f'0f0f'0f0f'0f0f) * 0x0101'0101'0101'0101 >> 56;
}

/// `length` bytes; eight can be read there.
uint64_t wordAt(const uint8_t* from, size_t length) {
    uint64_t n = 0;
    std::memcpy(&n, from, kWord);
    return n & kMasks[length];
}

class Writer {
public:
    explicit Writer(uint8_t* to) : m_to(to) {}
    void word(uint64_t n, size_t length) {
        m_lastWord = m_to;
        std::memcpy(m_to, &n, kWord);
        m_to += length;
    }
    void numbers(const uint64_t* n, size_t count) {
        for (size_t at = 0; at < count; at += kGroup)
            group(n + at, std::min(count - at, kGroup));
    }
    /// The numbers of `bits` as they differ from `base`.
    void differences(const uint64_t* n, const uint64_t* base, uint64_t bits) {
        while (bits) {
            const size_t room = (std::min(onesOf(bits), kGroup) + 1) / 2;
            uint8_t* const lengthsAt = m_to;
            m_to += room;
            uint64_t lengths = 0;
            for (unsigned at = 0; bits && at < 4 * kGroup; bits &= bits - 1, at += 4) {
                const auto i = static_cast<size_t>(std::countr_zero(bits));
                const uint64_t difference = n[i] ^ base[i];
                const uint64_t length = bytesOf(difference);
                lengths |= length << at;
                word(difference, length);
            }
            // Before what stands there now.
            uint64_t behind = 0;
            std::memcpy(&behind, lengthsAt, kWord);
            lengths |= behind & ~kMasks[room];
            std::memcpy(lengthsAt, &lengths, kWord);
        }
    }
    void bytes(const void* from, size_t length) {
        if (length) std::memcpy(m_to, from, length);
        m_to += length;
    }
    uint8_t* end() const { return std::max(m_to, m_lastWord + kWord); }

private:
    void group(const uint64_t* n, size_t count) {
        uint64_t lengths = 0;
        for (size_t i = 0; i < count; i++)
            lengths |= bytesOf(n[i]) << 4 * i;
        word(lengths, (count + 1) / 2);
        for (size_t i = 0; i < count; i++)
            word(n[i], lengths >> 4 * i & 15);
    }
    static uint64_t bytesOf(uint64_t n) { return (static_cast<uint64_t>(std::bit_width(n)) + 7) / 8; }
    uint8_t *m_to, *m_lastWord = nullptr;
};

class Reader {
public:
    explicit Reader(const uint8_t* from) : m_from(from) {}
    uint64_t word(size_t length) { return wordAt(bytes(length), length); }
    void numbers(uint64_t* n, size_t count) {
        for (size_t at = 0; at < count; at += kGroup)
            group(n + at, std::min(count - at, kGroup));
    }
    const uint8_t* bytes(size_t length) { return std::exchange(m_from, m_from + length); }

private:
    void group(uint64_t* n, size_t count) {
        const uint64_t lengths = word((count + 1) / 2);
        for (size_t i = 0; i < count; i++)
            n[i] = word(lengths >> 4 * i & 15);
    }
    const uint8_t* m_from;
};

constexpr uint64_t kIsWrite = uint64_t{1} << 32, kIsCut = uint64_t{1} << 33;
constexpr int kKept = 34;

uint64_t numberOf(const Journal::Entry& entry) {
    return entry.address | (entry.isWrite ? kIsWrite : 0) | (entry.kept != entry.length ? kIsCut : 0) |
           uint64_t{entry.kept} << kKept;
}

/// Whether anything is left for the tail.
bool fill(N& n, const CallDraft& d, uint32_t backtrace) {
    const auto& entries = d.journal.entries();
    const uint64_t detailBytes = detailOf(d).size();
    n.at[N::kShape] = static_cast<uint64_t>(d.outcome) | static_cast<uint64_t>(d.origin) << 3 |
                      uint64_t{d.argumentCount} << 6 | uint64_t{d.function} << 10;
    n.at[N::kTick] = d.tick;
    n.at[N::kStart] = static_cast<uint64_t>(d.startNs);
    n.at[N::kDuration] = static_cast<uint64_t>(d.durationNs);
    n.at[N::kErrno] = d.errno_ | uint64_t{d.thread} << 32;
    n.at[N::kResult] = d.result;
    n.at[N::kNames] = backtrace | uint64_t{d.subject} << 32;
    n.at[N::kExtent] = entries.size() | detailBytes << 32;
    std::copy(d.arguments.begin(), d.arguments.end(), &n.at[N::kHead]);  // all, which is less than to count
    uint64_t* number = &n.at[N::kHead] + d.argumentCount;
    const size_t near = std::min(entries.size(), kNearAccesses);
    n.count = static_cast<size_t>(number - n.at.data()) + near;
    bool hasTail = detailBytes > 0 || near != entries.size();
    const uint8_t* payload = d.journal.bytes().data();
    for (size_t i = 0; i < near; i++) {
        const Journal::Entry& entry = entries[i];
        *number++ = numberOf(entry);
        hasTail |= entry.kept != entry.length;
        const uint8_t* from = payload;
        payload += entry.kept;
        if (entry.kept - 1u < kWord && n.count < N::kMost) {
            n.at[n.count++] = wordAt(from, entry.kept);
        } else if (isInWords(entry.kept, n.count)) {
            for (size_t left = entry.kept; left; left -= std::min(left, kWord), from += kWord)
                n.at[n.count++] = wordAt(from, std::min(left, kWord));
        } else {
            hasTail = true;
        }
    }
    return hasTail;
}

void writeTail(Writer& to, const CallDraft& d) {
    const std::string_view detail = detailOf(d);
    to.bytes(detail.data(), detail.size());
    const auto& entries = d.journal.entries();
    size_t count = N::kHead + d.argumentCount + std::min(entries.size(), kNearAccesses);
    const uint8_t* payload = d.journal.bytes().data();
    for (size_t i = 0; i < entries.size(); i++) {
        const Journal::Entry& entry = entries[i];
        const bool isNear = i < kNearAccesses;
        if (!isNear) to.word(numberOf(entry), kWord);
        if (entry.kept != entry.length) to.word(entry.length, kWord);
        if (isNear && isInWords(entry.kept, count))
            count += wordsOf(entry.kept);
        else
            to.bytes(payload, entry.kept);
        payload += entry.kept;
    }
}

/// A bit for each number that differs. Eight at a time and without a branch: none can be predicted behind a system call.
uint64_t differingOf(const N& a, const N& b) {
    uint64_t differing = 0;
    for (size_t i = 0; i < a.count; i += 8) {
        uint64_t eight = 0;
        for (size_t k = 0; k < 8; k++) {
            const uint64_t difference = a.at[i + k] ^ b.at[i + k];
            eight |= (difference | -difference) >> 63 << k;
        }
        differing |= eight << i;
    }
    return a.count == N::kMost ? differing : differing & ((uint64_t{1} << a.count) - 1);
}

/// With their lengths.
constexpr size_t mostBytesOf(size_t numbers) { return numbers * kWord + (numbers + 1) / 2; }

}  // namespace

size_t CallPacker::mostBytes(const CallDraft& d) {
    return sizeof(CallPlace) + kWord + mostBytesOf(N::kMost) + detailOf(d).size() + d.journal.bytes().size() +
           d.journal.entries().size() * 2 * kWord + kWord;
}

size_t CallPacker::pack(const CallDraft& d, uint32_t backtrace, CallPlace place, uint8_t* begin) {
    N now;
    const bool hasTail = fill(now, d, backtrace);
    Model& model = m_models[(d.function * 7 + now.count) % m_models.size()];
    Writer to(begin);
    const bool isAlike = model.numbers.count == now.count && model.numbers.at[N::kShape] >> 10 == d.function;
    if (isAlike && model.uses < kMostUses) {
        model.uses++;
        now.at[N::kTick] -= model.tick;
        now.at[N::kStart] -= model.start;
        const uint64_t differing = differingOf(now, model.numbers);
        to.word(model.place, sizeof(CallPlace));
        to.word(differing, (now.count + 7) / 8);
        to.differences(now.at.data(), model.numbers.at.data(), differing);
    } else {
        to.word(0, sizeof(CallPlace));
        to.word(now.count, 1);
        to.numbers(now.at.data(), now.count);
        model.place = place;
        model.uses = 0;
        model.numbers = now;
        model.tick = std::exchange(model.numbers.at[N::kTick], 0);
        model.start = std::exchange(model.numbers.at[N::kStart], 0);
    }
    if (hasTail) writeTail(to, d);
    return static_cast<size_t>(to.end() - begin);
}

CallPlace CallUnpacker::modelOf(const uint8_t* call) {
    CallPlace place = 0;
    std::memcpy(&place, call, sizeof(place));
    return place;
}

const CallNumbers& CallUnpacker::numbersOf(const uint8_t* model) {
    Model& kept = m_models[reinterpret_cast<uintptr_t>(model) % m_models.size()];
    if (kept.call != model) {
        Reader from(model + sizeof(CallPlace));
        kept.numbers.count = from.word(1);
        from.numbers(kept.numbers.at.data(), kept.numbers.count);
        kept.call = model;
    }
    return kept.numbers;
}

void CallUnpacker::moveTo(const uint8_t* call, const uint8_t* model) {
    Reader from(call + sizeof(CallPlace));
    if (!model) {
        m_now.count = from.word(1);
        from.numbers(m_now.at.data(), m_now.count);
    } else {
        const CallNumbers& numbers = numbersOf(model);
        if (m_model != model) {
            m_now = numbers;
            m_differing = 0;
        }
        for (; m_differing; m_differing &= m_differing - 1) {
            const auto i = static_cast<size_t>(std::countr_zero(m_differing));
            m_now.at[i] = numbers.at[i];
        }
        m_differing = from.word((m_now.count + 7) / 8);
        std::array<uint64_t, N::kMost> differences;
        from.numbers(differences.data(), onesOf(m_differing));
        const uint64_t* difference = differences.data();
        for (uint64_t left = m_differing; left; left &= left - 1) {
            const auto i = static_cast<size_t>(std::countr_zero(left));
            if (i == N::kTick || i == N::kStart)
                m_now.at[i] += *difference++;
            else
                m_now.at[i] ^= *difference++;
        }
    }
    m_model = model;
    m_tail = from.bytes(0);
}

void CallUnpacker::copyHead(SyscallRecord& r) const {
    const auto& n = m_now.at;
    r.outcome = static_cast<Outcome>(n[N::kShape] & 7);
    r.origin = static_cast<Origin>(n[N::kShape] >> 3 & 7);
    r.argumentCount = static_cast<uint8_t>(n[N::kShape] >> 6 & 15);
    r.function = static_cast<uint16_t>(n[N::kShape] >> 10);
    r.tick = n[N::kTick];
    r.thread = static_cast<uint32_t>(n[N::kErrno] >> 32);
    r.startNs = static_cast<int64_t>(n[N::kStart]);
    r.durationNs = static_cast<int64_t>(n[N::kDuration]);
    r.errno_ = static_cast<uint16_t>(n[N::kErrno]);
    r.result = n[N::kResult];
    std::copy_n(&n[N::kHead], r.argumentCount, r.arguments.begin());
}

void CallUnpacker::copyAccesses(std::vector<Access>& to) const {
    to.resize(static_cast<uint32_t>(m_now.at[N::kExtent]));
    const uint64_t* const first = &m_now.at[N::kHead + (m_now.at[N::kShape] >> 6 & 15)];
    const uint64_t* word = first + std::min(to.size(), kNearAccesses);
    Reader tail(m_tail + detail().size());
    for (size_t i = 0; i < to.size(); i++) {
        const bool isNear = i < kNearAccesses;
        const uint64_t number = isNear ? first[i] : tail.word(kWord);
        const uint64_t kept = number >> kKept;
        const uint64_t length = number & kIsCut ? tail.word(kWord) : kept;
        const bool inWords = isNear && isInWords(kept, static_cast<size_t>(word - m_now.at.data()));
        const uint8_t* const bytes = inWords ? reinterpret_cast<const uint8_t*>(word) : tail.bytes(kept);
        if (inWords) word += wordsOf(kept);
        to[i] = {static_cast<uint32_t>(number), (number & kIsWrite) != 0, {bytes, kept}, length};
    }
}

}  // namespace wasi
