#include "wasi/syscall_log.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "wasi/append_only.h"

namespace wasi {

namespace {

constexpr uint64_t kSegments = 16;
constexpr uint64_t kHugePage = 2 << 20;
constexpr uint64_t kMaxNameBytes = 64 << 20;

using engine::Backtrace;

std::span<const engine::CodeLocation> framesOf(const Backtrace& backtrace) {
    return std::span(backtrace.frames).first(backtrace.depth);
}

struct BacktraceHash {
    size_t operator()(const Backtrace& b) const {
        uint64_t hash = b.depth;
        for (const auto& f : framesOf(b)) {
            hash = (hash ^ (uint64_t{f.offset} << 32 | f.function.value << 8 | f.instance.value)) *
                   0x9e3779b97f4a7c15;
            hash ^= hash >> 29;
        }
        return hash;
    }
};

/// A CallPlace is (chunk << 21 | offset) + 1; in the index 0: nowhere, the call is pending.
using PlaceRef = std::atomic_ref<CallPlace>;
constexpr int kOffsetBits = 21;
constexpr uint64_t kMostChunks = (uint64_t{1} << (32 - kOffsetBits)) - 1;
/// Of them, for the ends of calls that began here and wait while later ones end.
constexpr uint64_t kSpareChunks = 64;

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
    // Session thread only:
    uint8_t* room = nullptr;          // the last chunk
    uint64_t used = 0, capacity = 0;  // of it
    CallPlace placeOfRoom = 0;
    bool hasGrown = false;  // by more than calls, since it was asked whether it is full
    AppendOnly<CallPlace> index;
    AppendOnly<Chunk> chunks;
    AppendOnly<Backtrace> backtraces;
    std::atomic<uint64_t> chunkBytes{0};
    // Session thread only:
    CallPacker packer;
    std::unordered_map<Backtrace, uint32_t, BacktraceHash> backtraceNumbers;
    struct Seen {
        uint64_t id = 0;      // of the backtrace …
        uint32_t number = 0;  // … and here
    };
    std::array<Seen, 64> seen;

    uint64_t end() const { return first + index.size(); }
    uint64_t bytes() const {
        // A backtrace stands in the array, and in the map with a node around it.
        return chunkBytes.load(std::memory_order_relaxed) + index.size() * sizeof(CallPlace) +
               backtraces.size() * (2 * sizeof(Backtrace) + 32);
    }
    uint32_t numberOf(const Backtrace* from);
    uint32_t add(const Backtrace& backtrace);
    void addChunk(uint64_t size);
    CallPlace pack(CallDraft& draft, uint64_t chunkSize);
    /// Looked at only behind the first call of a chunk, or behind a new backtrace.
    bool isFull(uint64_t most) {
        if (hasGrown) hasGrown = bytes() >= most || chunks.size() + kSpareChunks > kMostChunks;
        return hasGrown;
    }
    CallPlace placeOf(uint64_t sequence) const {
        return PlaceRef(const_cast<CallPlace&>(index[sequence - first])).load(std::memory_order_acquire);
    }
    void setPlace(uint64_t sequence, CallPlace place) {
        PlaceRef(index[sequence - first]).store(place, std::memory_order_release);
    }
    void moveTo(CallUnpacker& reader, CallPlace place) const {
        const uint8_t* call = at(place);
        const CallPlace model = CallUnpacker::modelOf(call);
        reader.moveTo(call, model ? at(model) : nullptr);
    }
    const uint8_t* at(CallPlace place) const {
        return chunks[(place - 1) >> kOffsetBits].bytes.get() + ((place - 1) & ((1u << kOffsetBits) - 1));
    }
};
using SegmentList = std::vector<std::shared_ptr<const Segment>>;

inline uint32_t Segment::numberOf(const Backtrace* from) {
    static const Backtrace kNone;
    const Backtrace& backtrace = from ? *from : kNone;
    Seen& last = seen.data()[backtrace.id % seen.size()];
    if (backtrace.id == 0 || last.id != backtrace.id) last = {backtrace.id, add(backtrace)};
    return last.number;
}

[[gnu::noinline]] uint32_t Segment::add(const Backtrace& backtrace) {
    const auto known = backtraceNumbers.find(backtrace);
    if (known != backtraceNumbers.end()) return known->second;
    const auto number = static_cast<uint32_t>(backtraces.size());
    backtraces.grow() = backtrace;
    backtraceNumbers.emplace(backtrace, number);
    backtraces.publish();
    hasGrown = true;
    return number;
}

/// Room for calls; `inHugePages` where the system has them: then what it must clear for us costs a seventh.
uint8_t* allocate(uint64_t bytes, bool inHugePages) {
    void* room = inHugePages && bytes == kHugePage ? aligned_alloc(kHugePage, kHugePage) : malloc(bytes);
    if (!room) throw std::bad_alloc();
    if (inHugePages && bytes == kHugePage) (void)madvise(room, bytes, MADV_HUGEPAGE);
    return static_cast<uint8_t*>(room);
}

[[gnu::noinline]] void Segment::addChunk(uint64_t size) {
    CHECK(chunks.size() < kMostChunks && size <= uint64_t{1} << kOffsetBits);
    auto& chunk = chunks.grow();
    chunk.bytes.reset(allocate(size, chunks.size() > 0));
    placeOfRoom = static_cast<CallPlace>((chunks.size() << kOffsetBits) + 1);
    chunks.publish();
    room = chunk.bytes.get();
    capacity = size;
    used = 0;
    chunkBytes.fetch_add(capacity, std::memory_order_relaxed);
    hasGrown = true;
}

inline CallPlace Segment::pack(CallDraft& draft, uint64_t chunkSize) {
    const size_t most = CallPacker::mostBytes(draft);
    if (capacity - used < most) addChunk(std::max<uint64_t>(chunkSize, most));
    const auto place = static_cast<CallPlace>(placeOfRoom + used);
    used += packer.pack(draft, numberOf(draft.backtrace), place, room + used);
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
    struct NameHash {
        using is_transparent = void;
        size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
    };
    std::unordered_map<std::string, uint32_t, NameHash, std::equal_to<>> nameIds;
    uint64_t nameBytes = 0;
    std::function<void()> isFull;

    CallPlace pack(Segment& segment, CallDraft& draft) { return segment.pack(draft, chunkSize); }
    void setBudget(uint64_t bytes) {
        budget = bytes;
        chunkSize = std::clamp<uint64_t>(bytes / 64, 4096, kHugePage);
    }
    /// The segment for the next call, after giving up what the budget no longer holds.
    Segment& writable() {
        if (!current->isFull(budget / kSegments)) return *current;
        if (isFull) isFull();
        rotate();
        return *current;
    }
    void rotate();
    Segment* segmentOf(uint64_t sequence);
    void copy(const Segment& from, const CallUnpacker& call, SyscallRecord& to) const;
    std::optional<SyscallRecord> findPending(uint64_t sequence) const;
    std::optional<SyscallRecord> read(const Segment& segment, uint64_t sequence, CallUnpacker& reader) const;
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

std::span<const engine::CodeLocation> framesOf(const Segment& segment, uint64_t number) {
    return framesOf(segment.backtraces[number]);
}

}  // namespace

void SyscallLog::Impl::copy(const Segment& segment, const CallUnpacker& call, SyscallRecord& r) const {
    call.copyHead(r);
    r.subject = names[call.subject()];
    const auto frames = framesOf(segment, call.backtrace());
    r.backtrace.assign(frames.begin(), frames.end());
    r.detail = call.detail();
    std::vector<LogCursor::Access> accesses;
    call.copyAccesses(accesses);
    r.accesses.clear();
    for (const auto& access : accesses)
        r.accesses.push_back(
            {access.address, access.isWrite, {access.bytes.begin(), access.bytes.end()}, access.length});
}

std::optional<SyscallRecord> SyscallLog::Impl::findPending(uint64_t sequence) const {
    const std::lock_guard lock(mutex);
    for (const auto& record : pending)
        if (record.sequence == sequence) return record;
    return std::nullopt;
}

/// Nothing: the log was cleared since.
std::optional<SyscallRecord> SyscallLog::Impl::read(const Segment& segment, uint64_t sequence,
                                                    CallUnpacker& reader) const {
    CallPlace place = segment.placeOf(sequence);
    std::optional<SyscallRecord> record;
    if (place == 0) record = findPending(sequence);
    if (record) return record;
    place = segment.placeOf(sequence);  // ended since
    if (place == 0) return std::nullopt;
    segment.moveTo(reader, place);
    copy(segment, reader, record.emplace());
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
    CallUnpacker reader;
    std::vector<SyscallRecord> records;
    records.reserve(end - first);
    uint64_t sequence = first;
    for (; sequence < end && sequence < segments.front()->first; sequence++) {
        records.emplace_back().sequence = sequence;
        records.back().outcome = Outcome::Dropped;
    }
    for (const auto& segment : segments) {
        for (; sequence < std::min(end, segment->end()); sequence++) {
            auto record = m->read(*segment, sequence, reader);
            if (!record) return records;
            records.push_back(std::move(*record));
        }
    }
    return records;
}

namespace {

void fill(CallDraft& draft, Backtrace& backtrace, const SyscallRecord& record) {
    draft.tick = record.tick;
    draft.thread = record.thread;
    draft.function = record.function;
    draft.outcome = record.outcome;
    draft.origin = record.origin;
    draft.errno_ = record.errno_;
    draft.journal.begin(
        std::span(record.arguments).first(std::min<size_t>(record.argumentCount, record.arguments.size())));
    draft.result = record.result;
    draft.startNs = record.startNs;
    draft.durationNs = record.durationNs;
    draft.backtrace = &backtrace;
    backtrace.depth = static_cast<uint32_t>(std::min(record.backtrace.size(), Backtrace::kMost));
    std::copy_n(record.backtrace.begin(), backtrace.depth, backtrace.frames.begin());
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
    segment.index.grow() = 0;
    segment.index.publish();
    return sequence;
}

void SyscallLog::amend(uint64_t sequence, SyscallRecord record) {
    CallDraft draft;
    Backtrace backtrace;
    fill(draft, backtrace, record);
    draft.subject = intern(record.subject);
    amend(sequence, draft);
}

void SyscallLog::amend(uint64_t sequence, CallDraft& draft) {
    CHECK(sequence < nextSequence());
    if (Segment* const segment = m->segmentOf(sequence))
        segment->setPlace(sequence, m->pack(*segment, draft));
    const std::lock_guard lock(m->mutex);
    std::erase_if(m->pending, [&](const SyscallRecord& r) { return r.sequence == sequence; });
}

[[gnu::hot]] uint64_t SyscallLog::append(CallDraft& draft) {
    Segment& segment = m->writable();
    const uint64_t sequence = segment.end();
    segment.index.grow() = m->pack(segment, draft);
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

[[gnu::hot]] uint64_t SyscallLog::nextSequence() const { return m->current->end(); }

uint32_t SyscallLog::intern(std::string_view name) {
    if (const auto known = m->nameIds.find(name); known != m->nameIds.end()) return known->second;
    constexpr std::string_view kTooMany = "(too many names)";
    if (m->nameBytes > kMaxNameBytes && name != kTooMany) return intern(kTooMany);
    const auto id = static_cast<uint32_t>(m->names.size());
    m->names.grow() = name;
    m->nameIds.emplace(name, id);
    m->nameBytes += 2 * name.size() + 128;  // here, in the map, and the node
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
    CallUnpacker reader;
    SyscallRecord head;
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
    const CallPlace place = m->segment->placeOf(sequence);
    if (place == 0) return false;
    m->segment->moveTo(m->reader, place);
    m->reader.copyHead(m->head);
    m->head.sequence = sequence;
    m->hasAccesses = false;
    return true;
}

const SyscallRecord& LogCursor::head() const { return m->head; }
std::string_view LogCursor::subject() const { return m->log->names[m->reader.subject()]; }
std::span<const engine::CodeLocation> LogCursor::backtrace() const {
    return framesOf(*m->segment, m->reader.backtrace());
}

std::span<const LogCursor::Access> LogCursor::accesses() const {
    if (!std::exchange(m->hasAccesses, true)) m->reader.copyAccesses(m->accesses);
    return m->accesses;
}

void LogCursor::copyTo(SyscallRecord& record) const {
    record.arguments = {};
    m->log->copy(*m->segment, m->reader, record);
    record.sequence = m->head.sequence;
}

}  // namespace wasi
