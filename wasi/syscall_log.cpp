#include "wasi/syscall_log.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "wasi/append_only.h"

// A packed record, all numbers LEB128:
//   outcome | origin << 3 (one byte), function, tick, thread, startNs, durationNs, errno, result, argument count, arguments,
//   subject, backtrace, detail (length, bytes), number of accesses, accesses: address, kept << 2 | cut << 1 | isWrite, [length], bytes

namespace wasi {

namespace {

constexpr uint64_t kSegments = 16;
constexpr uint64_t kHugePage = 2 << 20;
constexpr uint64_t kMaxNameBytes = 64 << 20;

class Packer {
public:
    explicit Packer(uint8_t* to) : m_to(to) {}
    void byte(uint8_t b) { *m_to++ = b; }
    void number(uint64_t n) {
        while (n >= 0x80) {
            *m_to++ = static_cast<uint8_t>(n | 0x80);
            n >>= 7;
        }
        *m_to++ = static_cast<uint8_t>(n);
    }
    void bytes(const void* from, size_t length) {
        if (length) std::memcpy(m_to, from, length);
        m_to += length;
    }
    uint8_t* at() const { return m_to; }

private:
    uint8_t* m_to;
};

class Unpacker {
public:
    explicit Unpacker(const uint8_t* from) : m_from(from) {}
    uint8_t byte() { return *m_from++; }
    uint64_t number() {
        uint64_t n = 0;
        for (int shift = 0;; shift += 7) {
            const uint8_t b = *m_from++;
            n |= uint64_t{b & 0x7fu} << shift;
            if (!(b & 0x80)) return n;
        }
    }
    const uint8_t* bytes(size_t length) { return std::exchange(m_from, m_from + length); }

private:
    const uint8_t* m_from;
};

struct Backtrace {
    uint8_t depth = 0;
    std::array<engine::CodeLocation, 16> frames;
    bool operator==(const Backtrace& o) const {
        return depth == o.depth && std::equal(frames.begin(), frames.begin() + depth, o.frames.begin());
    }
};
struct BacktraceHash {
    size_t operator()(const Backtrace& b) const {
        uint64_t hash = b.depth;
        for (size_t i = 0; i < b.depth; i++) {
            const auto& f = b.frames[i];
            hash = (hash ^ (uint64_t{f.offset} << 32 | f.function.value << 8 | f.instance.value)) *
                   0x9e3779b97f4a7c15;
            hash ^= hash >> 29;
        }
        return hash;
    }
};

/// Consecutive calls; given up as a whole, and kept by readers that are still in it.
struct Segment {
    struct Free {
        void operator()(void* bytes) const { free(bytes); }
    };
    struct Chunk {
        std::unique_ptr<uint8_t[], Free> bytes;
    };
    explicit Segment(uint64_t firstSequence) : first(firstSequence) {}
    const uint64_t first;
    AppendOnly<std::atomic<uint64_t>>
        index;  // place + 1 of a record, (chunk << 32 | offset) + 1; 0 = pending
    AppendOnly<Chunk> chunks;
    AppendOnly<Backtrace> backtraces;
    std::atomic<uint64_t> chunkBytes{0};
    // Session thread only:
    uint64_t used = 0, capacity = 0;  // of the last chunk
    std::unordered_map<Backtrace, uint32_t, BacktraceHash> backtraceIds;
    uint32_t lastBacktrace = 0;

    uint64_t end() const { return first + index.size(); }
    uint64_t bytes() const {
        // A backtrace stands in the array, and in the map with a node around it.
        return chunkBytes.load(std::memory_order_relaxed) + index.size() * sizeof(uint64_t) +
               backtraces.size() * (2 * sizeof(Backtrace) + 32);
    }
    uint32_t backtraceId(const CallDraft& draft);
    uint64_t pack(const CallDraft& draft, uint64_t chunkSize);
};
using SegmentList = std::vector<std::shared_ptr<const Segment>>;

std::string_view detailOf(const CallDraft& d) {
    return std::string_view(d.detail).substr(0, kMaxDetailBytes);
}

size_t mostBytes(const CallDraft& d) {
    return 160 + detailOf(d).size() + d.journal.bytes().size() + d.journal.entries().size() * 26;
}

uint32_t Segment::backtraceId(const CallDraft& draft) {
    if (backtraces.size()) {
        const Backtrace& last = backtraces[lastBacktrace];
        if (last.depth == draft.depth &&
            std::equal(last.frames.begin(), last.frames.begin() + last.depth, draft.backtrace.begin()))
            return lastBacktrace;
    }
    Backtrace key{draft.depth, draft.backtrace};
    const auto [it, isNew] = backtraceIds.try_emplace(key, static_cast<uint32_t>(backtraces.size()));
    if (isNew) {
        backtraces.grow() = key;
        backtraces.publish();
    }
    return lastBacktrace = it->second;
}

/// Room for calls; `inHugePages` where the system has them: then what it must clear for us costs a seventh.
uint8_t* allocate(uint64_t bytes, bool inHugePages) {
    void* room = inHugePages && bytes == kHugePage ? aligned_alloc(kHugePage, kHugePage) : malloc(bytes);
    if (!room) throw std::bad_alloc();
    if (inHugePages && bytes == kHugePage) (void)madvise(room, bytes, MADV_HUGEPAGE);
    return static_cast<uint8_t*>(room);
}

uint64_t Segment::pack(const CallDraft& d, uint64_t chunkSize) {
    const size_t most = mostBytes(d);
    if (capacity - used < most) {
        capacity = std::max<uint64_t>(chunkSize, most);
        used = 0;
        chunks.grow().bytes.reset(allocate(capacity, chunks.size() > 0));
        chunks.publish();
        chunkBytes.fetch_add(capacity, std::memory_order_relaxed);
    }
    const uint64_t chunk = chunks.size() - 1;
    uint8_t* const begin = chunks[chunk].bytes.get() + used;
    Packer to(begin);
    to.byte(static_cast<uint8_t>(static_cast<int>(d.outcome) | static_cast<int>(d.origin) << 3));
    for (const uint64_t n :
         {uint64_t{d.function}, d.tick, uint64_t{d.thread}, static_cast<uint64_t>(d.startNs),
          static_cast<uint64_t>(d.durationNs), uint64_t{d.errno_}, d.result, uint64_t{d.argumentCount}})
        to.number(n);
    for (size_t i = 0; i < d.argumentCount; i++)
        to.number(d.arguments[i]);
    to.number(d.subject);
    to.number(backtraceId(d));
    const std::string_view detail = detailOf(d);
    to.number(detail.size());
    to.bytes(detail.data(), detail.size());
    to.number(d.journal.entries().size());
    const uint8_t* payload = d.journal.bytes().data();
    for (const auto& entry : d.journal.entries()) {
        const bool isCut = entry.kept != entry.length;
        to.number(entry.address);
        to.number(uint64_t{entry.kept} << 2 | uint64_t{isCut} << 1 | uint64_t{entry.isWrite});
        if (isCut) to.number(entry.length);
        to.bytes(payload, entry.kept);
        payload += entry.kept;
    }
    const uint64_t place = (chunk << 32 | used) + 1;
    used += static_cast<uint64_t>(to.at() - begin);
    return place;
}

}  // namespace

struct SyscallLog::Impl {
    Impl() { setBudget(kDefaultBudget); }
    uint64_t budget = 0, chunkSize = 0;
    mutable std::mutex mutex;  // guards `segments` against readers, and `pending`
    std::deque<std::shared_ptr<Segment>> segments{std::make_shared<Segment>(0)};
    Segment* current = segments.back().get();  // session thread only
    std::vector<SyscallRecord> pending;
    AppendOnly<std::string> names;
    // Session thread only:
    std::unordered_map<std::string, uint32_t> nameIds;
    uint64_t nameBytes = 0;
    std::function<void()> isFull;

    uint64_t pack(Segment& segment, const CallDraft& draft) { return segment.pack(draft, chunkSize); }
    void setBudget(uint64_t bytes) {
        budget = bytes;
        chunkSize = std::clamp<uint64_t>(bytes / 64, 4096, kHugePage);
    }
    /// The segment for the next call, after giving up what the budget no longer holds.
    Segment& writable() {
        if (current->bytes() < budget / kSegments) return *current;
        if (isFull) isFull();
        rotate();
        return *current;
    }
    void rotate();
    Segment* segmentOf(uint64_t sequence);
    void unpack(const Segment& from, uint64_t place, SyscallRecord& to) const;
    std::optional<SyscallRecord> findPending(uint64_t sequence) const;
    std::optional<SyscallRecord> read(const Segment& segment, uint64_t sequence) const;
};

SyscallLog::SyscallLog() : m(std::make_unique<Impl>()) { (void)intern(""); }
SyscallLog::~SyscallLog() = default;

void SyscallLog::setBudget(uint64_t bytes) { m->setBudget(bytes); }

void SyscallLog::setFull(std::function<void()> isFull) { m->isFull = std::move(isFull); }

void SyscallLog::Impl::rotate() {
    const std::lock_guard lock(mutex);
    segments.push_back(std::make_shared<Segment>(current->end()));
    current = segments.back().get();
    uint64_t bytes = 0;
    for (const auto& segment : segments)
        bytes += segment->bytes();
    while (bytes > budget && segments.size() > 1) {
        bytes -= segments.front()->bytes();
        segments.pop_front();
    }
}

/// Null: it was given up.
Segment* SyscallLog::Impl::segmentOf(uint64_t sequence) {
    for (auto it = segments.rbegin(); it != segments.rend(); ++it)
        if (sequence >= (*it)->first) return it->get();
    return nullptr;
}

namespace {

/// Where the parts of a packed call that unpackHead() leaves are to be found.
struct Rest {
    uint64_t subject = 0, backtrace = 0;  // ids
    Unpacker from;                        // behind them
};

Rest unpackHead(const Segment& segment, uint64_t place, SyscallRecord& r) {
    Unpacker from(segment.chunks[(place - 1) >> 32].bytes.get() + ((place - 1) & 0xffffffff));
    const uint8_t head = from.byte();
    r.outcome = static_cast<Outcome>(head & 7);
    r.origin = static_cast<Origin>(head >> 3);
    r.function = static_cast<uint16_t>(from.number());
    r.tick = from.number();
    r.thread = static_cast<uint32_t>(from.number());
    r.startNs = static_cast<int64_t>(from.number());
    r.durationNs = static_cast<int64_t>(from.number());
    r.errno_ = static_cast<uint16_t>(from.number());
    r.result = from.number();
    r.argumentCount = static_cast<uint8_t>(from.number());
    for (size_t i = 0; i < r.argumentCount; i++)
        r.arguments[i] = from.number();
    const uint64_t subject = from.number(), backtrace = from.number();
    return {subject, backtrace, from};
}

std::string_view unpackDetail(Unpacker& from) {
    const size_t length = from.number();
    return {reinterpret_cast<const char*>(from.bytes(length)), length};
}

LogCursor::Access unpackAccess(Unpacker& from) {
    LogCursor::Access access;
    access.address = static_cast<uint32_t>(from.number());
    const uint64_t shape = from.number();
    const size_t kept = shape >> 2;
    access.isWrite = (shape & 1) != 0;
    access.length = shape & 2 ? from.number() : kept;
    access.bytes = {from.bytes(kept), kept};
    return access;
}

std::span<const engine::CodeLocation> framesOf(const Segment& segment, uint64_t id) {
    const Backtrace& backtrace = segment.backtraces[id];
    return {backtrace.frames.data(), backtrace.depth};
}

}  // namespace

void SyscallLog::Impl::unpack(const Segment& segment, uint64_t place, SyscallRecord& r) const {
    auto [subject, backtrace, from] = unpackHead(segment, place, r);
    r.subject = names[subject];
    const auto frames = framesOf(segment, backtrace);
    r.backtrace.assign(frames.begin(), frames.end());
    r.detail = unpackDetail(from);
    r.accesses.resize(from.number());
    for (auto& access : r.accesses) {
        const LogCursor::Access packed = unpackAccess(from);
        access.address = packed.address;
        access.isWrite = packed.isWrite;
        access.bytes.assign(packed.bytes.begin(), packed.bytes.end());
        access.length = packed.length;
    }
}

std::optional<SyscallRecord> SyscallLog::Impl::findPending(uint64_t sequence) const {
    const std::lock_guard lock(mutex);
    for (const auto& record : pending)
        if (record.sequence == sequence) return record;
    return std::nullopt;
}

/// Nothing: the log was cleared since.
std::optional<SyscallRecord> SyscallLog::Impl::read(const Segment& segment, uint64_t sequence) const {
    const auto& entry = segment.index[sequence - segment.first];
    uint64_t place = entry.load(std::memory_order_acquire);
    std::optional<SyscallRecord> record;
    if (place == 0) record = findPending(sequence);
    if (record) return record;
    place = entry.load(std::memory_order_acquire);  // ended since
    if (place == 0) return std::nullopt;
    unpack(segment, place, record.emplace());
    record->sequence = sequence;
    return record;
}

uint64_t SyscallLog::count() const {
    const std::lock_guard lock(m->mutex);
    return m->segments.back()->end();
}

uint64_t SyscallLog::firstKept() const {
    const std::lock_guard lock(m->mutex);
    return m->segments.front()->first;
}

std::vector<SyscallRecord> SyscallLog::slice(uint64_t first, uint64_t count) const {
    SegmentList segments;
    {
        const std::lock_guard lock(m->mutex);
        segments.assign(m->segments.begin(), m->segments.end());
    }
    const uint64_t all = segments.back()->end();
    if (first >= all) return {};
    const uint64_t end = first + std::min(count, all - first);
    std::vector<SyscallRecord> records;
    records.reserve(end - first);
    uint64_t sequence = first;
    for (; sequence < end && sequence < segments.front()->first; sequence++) {
        records.emplace_back().sequence = sequence;
        records.back().outcome = Outcome::Dropped;
    }
    for (const auto& segment : segments) {
        for (; sequence < std::min(end, segment->end()); sequence++) {
            auto record = m->read(*segment, sequence);
            if (!record) return records;
            records.push_back(std::move(*record));
        }
    }
    return records;
}

namespace {

void fill(CallDraft& draft, const SyscallRecord& record) {
    draft.tick = record.tick;
    draft.thread = record.thread;
    draft.function = record.function;
    draft.outcome = record.outcome;
    draft.origin = record.origin;
    draft.errno_ = record.errno_;
    draft.argumentCount = std::min<uint8_t>(record.argumentCount, record.arguments.size());
    draft.arguments = record.arguments;
    draft.result = record.result;
    draft.startNs = record.startNs;
    draft.durationNs = record.durationNs;
    draft.depth = static_cast<uint8_t>(std::min(record.backtrace.size(), draft.backtrace.size()));
    std::copy_n(record.backtrace.begin(), draft.depth, draft.backtrace.begin());
    draft.detail = record.detail;
    for (const auto& access : record.accesses)
        draft.journal.add(access.address, access.isWrite, access.bytes, access.length);
}

}  // namespace

uint64_t SyscallLog::begin(SyscallRecord record) {
    Segment& segment = m->writable();
    const std::lock_guard lock(m->mutex);
    const uint64_t sequence = segment.end();
    record.sequence = sequence;
    m->pending.push_back(std::move(record));
    segment.index.grow().store(0, std::memory_order_relaxed);
    segment.index.publish();
    return sequence;
}

void SyscallLog::amend(uint64_t sequence, SyscallRecord record) {
    CallDraft draft;
    fill(draft, record);
    draft.subject = intern(record.subject);
    amend(sequence, draft);
}

void SyscallLog::amend(uint64_t sequence, const CallDraft& draft) {
    CHECK(sequence < nextSequence());
    if (Segment* const segment = m->segmentOf(sequence))
        segment->index[sequence - segment->first].store(m->pack(*segment, draft), std::memory_order_release);
    const std::lock_guard lock(m->mutex);
    std::erase_if(m->pending, [&](const SyscallRecord& r) { return r.sequence == sequence; });
}

uint64_t SyscallLog::append(const CallDraft& draft) {
    Segment& segment = m->writable();
    const uint64_t sequence = segment.end();
    segment.index.grow().store(m->pack(segment, draft), std::memory_order_relaxed);
    segment.index.publish();
    return sequence;
}

void SyscallLog::clear() {
    const std::lock_guard lock(m->mutex);
    m->segments.clear();
    m->segments.push_back(std::make_shared<Segment>(0));
    m->current = m->segments.back().get();
    m->pending.clear();
}

uint64_t SyscallLog::nextSequence() const { return m->current->end(); }

uint32_t SyscallLog::intern(std::string_view name) {
    if (const auto known = m->nameIds.find(std::string(name)); known != m->nameIds.end())
        return known->second;
    constexpr std::string_view kTooMany = "(too many names)";
    if (m->nameBytes > kMaxNameBytes && name != kTooMany) return intern(kTooMany);
    const auto id = static_cast<uint32_t>(m->names.size());
    m->nameIds.emplace(name, id);
    m->nameBytes += 2 * name.size() + 128;  // here, in the map, and the node
    m->names.grow() = name;
    m->names.publish();
    return id;
}

std::string_view SyscallLog::name(uint32_t id) const { return m->names[id]; }

uint64_t SyscallLog::bytesUsed() const {
    const std::lock_guard lock(m->mutex);
    uint64_t bytes = 0;
    for (const auto& segment : m->segments)
        bytes += segment->bytes();
    return bytes;
}

struct LogCursor::Impl {
    const SyscallLog::Impl* log = nullptr;
    SegmentList segments;
    const Segment* segment = nullptr;  // where it stands
    uint64_t place = 0;
    SyscallRecord head;
    Rest rest{0, 0, Unpacker(nullptr)};
    std::vector<Access> accesses;
    bool hasAccesses = false;
};

LogCursor::LogCursor(const SyscallLog& log) : m(std::make_unique<Impl>()) {
    m->log = log.m.get();
    const std::lock_guard lock(log.m->mutex);
    m->segments.assign(log.m->segments.begin(), log.m->segments.end());
    m->segment = m->segments.front().get();
}
LogCursor::~LogCursor() = default;

uint64_t LogCursor::firstKept() const { return m->segments.front()->first; }
uint64_t LogCursor::end() const { return m->segments.back()->end(); }

bool LogCursor::moveTo(uint64_t sequence) {
    if (sequence < m->segment->first || sequence >= m->segment->end()) {
        const auto found = std::find_if(m->segments.begin(), m->segments.end(), [&](const auto& segment) {
            return sequence >= segment->first && sequence < segment->end();
        });
        if (found == m->segments.end()) return false;
        m->segment = found->get();
    }
    m->place = m->segment->index[sequence - m->segment->first].load(std::memory_order_acquire);
    if (m->place == 0) return false;
    m->rest = unpackHead(*m->segment, m->place, m->head);
    m->head.sequence = sequence;
    m->hasAccesses = false;
    return true;
}

const SyscallRecord& LogCursor::head() const { return m->head; }
std::string_view LogCursor::subject() const { return m->log->names[m->rest.subject]; }
std::span<const engine::CodeLocation> LogCursor::backtrace() const {
    return framesOf(*m->segment, m->rest.backtrace);
}

std::span<const LogCursor::Access> LogCursor::accesses() const {
    if (!std::exchange(m->hasAccesses, true)) {
        Unpacker from = m->rest.from;
        unpackDetail(from);
        m->accesses.resize(from.number());
        for (Access& access : m->accesses)
            access = unpackAccess(from);
    }
    return m->accesses;
}

void LogCursor::copyTo(SyscallRecord& record) const {
    record.arguments = {};
    m->log->unpack(*m->segment, m->place, record);
    record.sequence = m->head.sequence;
}

}  // namespace wasi
