#include "wasi/call_packing.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace wasi {

namespace {

using N = CallNumbers;

constexpr size_t kWord = sizeof(uint64_t), kBlock = 8;
static_assert(N::kCount / kBlock == 8, "one byte tells which blocks differ");
static_assert(Journal::kMostArguments < 16, "four bits of the shape tell how many");
static_assert(Journal::kMostArguments == std::tuple_size_v<decltype(SyscallRecord::arguments)>);

/// By a number of bytes.
constexpr std::array<uint64_t, kWord + 1> kMasks = [] {
    std::array<uint64_t, kWord + 1> masks{};
    for (size_t i = 1; i < masks.size(); i++)
        masks[i] = masks[i - 1] << 8 | 0xff;
    return masks;
}();

/// How many bytes a number takes, less one.
uint64_t lengthOf(uint64_t n) { return static_cast<uint64_t>(63 ^ std::countl_zero(n | 1)) / 8; }

class Writer {
public:
    explicit Writer(uint8_t* to) : m_to(to) {}
    [[gnu::always_inline]] void word(uint64_t n, size_t length) {
        m_lastWord = m_to;
        std::memcpy(m_to, &n, kWord);
        m_to += length;
    }
    void bytes(const void* from, size_t length) {
        if (length) std::memcpy(m_to, from, length);
        m_to += length;
    }
    uint8_t* end() const { return std::max(m_to, m_lastWord + kWord); }

private:
    uint8_t *m_to, *m_lastWord = nullptr;
};

class Reader {
public:
    explicit Reader(const uint8_t* from) : m_from(from) {}
    uint64_t word(size_t length) {
        uint64_t n = 0;
        std::memcpy(&n, m_from, kWord);
        m_from += length;
        return n & kMasks.data()[length];
    }
    const uint8_t* at() const { return m_from; }

private:
    const uint8_t* m_from;
};

/// How many bits of a byte are set; std::popcount is a call into another library where the processor's instruction may not be taken for
/// granted.
size_t onesOf(uint64_t n) {
    n -= n >> 1 & 0x55;
    n = (n & 0x33) + (n >> 2 & 0x33);
    return (n + (n >> 4)) & 0x0f;
}

void writeBlock(Writer& to, const uint64_t* a, const uint64_t* b, size_t used) {
    uint64_t differences[kBlock];
    uint64_t head = 0, count = 0;
    for (size_t i = 0; i < std::min(used, kBlock); i++) {
        differences[count] = a[i] ^ b[i];
        const uint64_t isOne = differences[count] != 0;
        head |= isOne << i | lengthOf(differences[count]) * isOne << (kBlock + 4 * count);
        count += isOne;
    }
    to.word(head, 1);
    to.word(head >> kBlock, (count + 1) / 2);  // also if it is none: who reads looks there
    for (size_t i = 0; i < count; i++)
        to.word(differences[i], (head >> (kBlock + 4 * i) & 15) + 1);
}

[[gnu::noinline]] void writeBlocks(Writer& to, const CallDraft& d, const uint64_t* known,
                                   unsigned differing) {
    for (unsigned left = differing; left; left &= left - 1) {
        const size_t first = static_cast<size_t>(std::countr_zero(left)) * kBlock;
        writeBlock(to, d.journal.numbers() + first, known + first, d.journal.used() - first);
    }
}

[[gnu::noinline]] void writeTail(Writer& to, const CallDraft& d) {
    to.bytes(d.keptDetail().data(), d.keptDetail().size());
    to.bytes(d.journal.tail().data(), d.journal.tail().size());
}

[[gnu::hot]] size_t write(const CallDraft& d, uint64_t names, CallPlace place, const N& model,
                          unsigned differing, uint8_t* begin) {
    const uint64_t tick = d.tick - model.tick, start = static_cast<uint64_t>(d.startNs) - model.start,
                   duration = static_cast<uint64_t>(d.durationNs), name = names ^ model.names;
    const uint64_t lengths[] = {lengthOf(tick), lengthOf(start), lengthOf(duration), lengthOf(name)};
    Writer to(begin);
    to.word(place, sizeof(CallPlace));
    to.word(differing | lengths[0] << 8 | lengths[1] << 12 | lengths[2] << 16 | lengths[3] << 20, 3);
    to.word(tick, lengths[0] + 1);
    to.word(start, lengths[1] + 1);
    to.word(duration, lengths[2] + 1);
    to.word(name, lengths[3] + 1);
    if (differing) writeBlocks(to, d, model.at.data(), differing);
    if (!d.detail.empty() || !d.journal.tail().empty()) writeTail(to, d);
    return static_cast<size_t>(to.end() - begin);
}

}  // namespace

/// Behind a system call its instructions have left the cache, and cost more to fetch than to execute: few of them stand here, and few branches.
/// And it reads numbers as they were written: pairs of them could be read only when they have left for the cache.
[[gnu::hot]] size_t CallPacker::pack(CallDraft& d, uint32_t backtrace, CallPlace place, uint8_t* to) {
    const uint64_t names = backtrace | uint64_t{d.subject} << 32;
    const uint32_t kind = kindOf(d), used = d.journal.used();
    uint64_t* const numbers = d.journal.head();
    numbers[N::kShape] = static_cast<uint64_t>(d.outcome) | static_cast<uint64_t>(d.origin) << 3 |
                         uint64_t{d.journal.arguments().size()} << 6 | uint64_t{d.function} << 10 |
                         uint64_t{d.errno_} << 32;
    numbers[N::kResult] = d.result;
    numbers[N::kExtent] = d.journal.count() | uint64_t{d.keptDetail().size()} << 32;
    numbers[N::kThread] = d.thread;

    Model& model = m_models.data()[(d.function * 7 + used) % m_models.size()];
    if (model.usesLeft == 0 || model.kind != kind) return packModel(model, d, names, place, to);
    model.usesLeft--;
    const uint64_t *a = numbers, *b = model.numbers.at.data();
    unsigned differing = 0, block = 1;
    size_t left = used;
    for (; left >= kBlock; left -= kBlock, a += kBlock, b += kBlock, block <<= 1) {
        uint64_t difference = 0;
#pragma GCC unroll 8
        for (size_t i = 0; i < kBlock; i++)
            difference |= a[i] ^ b[i];
        differing |= difference ? block : 0;
    }
    uint64_t difference = 0;
    for (size_t i = 0; i < left; i++)
        difference |= a[i] ^ b[i];
    differing |= difference ? block : 0;
    return write(d, names, model.place, model.numbers, differing, to);
}

[[gnu::noinline]] size_t CallPacker::packModel(Model& model, const CallDraft& d, uint64_t names,
                                               CallPlace place, uint8_t* to) {
    static constexpr N kZeros;
    const uint32_t used = d.journal.used();
    model.place = place;
    model.usesLeft = kMostUses;
    model.kind = kindOf(d);
    model.numbers.tick = d.tick;
    model.numbers.start = static_cast<uint64_t>(d.startNs);
    model.numbers.names = names;
    std::copy_n(d.journal.numbers(), used, model.numbers.at.begin());
    return write(d, names, 0, kZeros, (1u << (used + kBlock - 1) / kBlock) - 1, to);
}

CallPlace CallUnpacker::modelOf(const uint8_t* call) {
    CallPlace place = 0;
    std::memcpy(&place, call, sizeof(place));
    return place;
}

namespace {

/// Reads what differs from `numbers`; a bit for each.
uint64_t apply(Reader& from, CallNumbers& numbers) {
    const uint64_t blocks = from.word(1);
    const uint64_t lengths = from.word(2);
    numbers.tick += from.word((lengths & 15) + 1);
    numbers.start += from.word((lengths >> 4 & 15) + 1);
    numbers.duration = from.word((lengths >> 8 & 15) + 1);
    numbers.names ^= from.word((lengths >> 12) + 1);
    uint64_t all = 0;
    for (uint64_t left = blocks; left; left &= left - 1) {
        const auto first = static_cast<size_t>(std::countr_zero(left)) * kBlock;
        const uint64_t differing = from.word(1);
        all |= differing << first;
        uint64_t lengths = from.word((onesOf(differing) + 1) / 2);
        for (uint64_t bits = differing; bits; bits &= bits - 1, lengths >>= 4)
            numbers.at[first + static_cast<size_t>(std::countr_zero(bits))] ^= from.word((lengths & 15) + 1);
    }
    return all;
}

}  // namespace

const CallNumbers& CallUnpacker::numbersOf(const uint8_t* model) {
    Model& kept = m_models[reinterpret_cast<uintptr_t>(model) % m_models.size()];
    if (kept.call != model) {
        Reader from(model + sizeof(CallPlace));
        kept.numbers = {};
        (void)apply(from, kept.numbers);
        kept.call = model;
    }
    return kept.numbers;
}

void CallUnpacker::moveTo(const uint8_t* call, const uint8_t* model) {
    static constexpr CallNumbers kZeros;
    const CallNumbers& numbers = model ? numbersOf(model) : kZeros;
    if (!model || m_model != model) {
        m_now = numbers;
        m_differing = 0;
    }
    for (; m_differing; m_differing &= m_differing - 1) {
        const auto i = static_cast<size_t>(std::countr_zero(m_differing));
        m_now.at[i] = numbers.at[i];
    }
    m_now.tick = numbers.tick;
    m_now.start = numbers.start;
    m_now.names = numbers.names;
    Reader from(call + sizeof(CallPlace));
    m_differing = apply(from, m_now);
    m_model = model;
    m_tail = from.at();
}

void CallUnpacker::copyHead(SyscallRecord& r) const {
    const auto& n = m_now.at;
    r.outcome = static_cast<Outcome>(n[N::kShape] & 7);
    r.origin = static_cast<Origin>(n[N::kShape] >> 3 & 7);
    r.argumentCount = static_cast<uint8_t>(n[N::kShape] >> 6 & 15);
    r.function = static_cast<uint16_t>(n[N::kShape] >> 10);
    r.tick = m_now.tick;
    r.thread = static_cast<uint32_t>(n[N::kThread]);
    r.startNs = static_cast<int64_t>(m_now.start);
    r.durationNs = static_cast<int64_t>(m_now.duration);
    r.errno_ = static_cast<uint16_t>(n[N::kShape] >> 32);
    r.result = n[N::kResult];
    std::copy_n(&n[N::kArguments], r.argumentCount, r.arguments.begin());
}

void CallUnpacker::copyAccesses(std::vector<Access>& to) const {
    const auto& n = m_now.at;
    Journal::read(n.data(), n[N::kShape] >> 6 & 15, m_tail + detail().size(),
                  static_cast<uint32_t>(n[N::kExtent]), to);
}

}  // namespace wasi
