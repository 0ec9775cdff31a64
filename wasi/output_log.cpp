#include "wasi/output_log.h"

#include <algorithm>
#include <deque>
#include <mutex>

#include "engine/base/check.h"

namespace wasi {

namespace {
constexpr size_t kBlockBytes = 64 << 10;
constexpr size_t kMaxRuns = 1 << 20;  // of one-byte writes, the newest million is kept
}  // namespace

struct OutputLog::Impl {
    struct Run {
        uint64_t position = 0;
        uint64_t sequence = 0;
        OutputStream stream = OutputStream::Stdout;
    };
    mutable std::mutex mutex;
    uint64_t keepBytes = 0;
    uint64_t begin = 0, end = 0;
    uint64_t firstBlock = 0;  // position of the first byte of blocks.front(), which may be already dropped
    std::deque<std::string> blocks;
    std::deque<Run> runs;  // ends where the next begins

    void drop(uint64_t upTo);
    std::string copy(uint64_t position, uint64_t length) const;
};

OutputLog::OutputLog(uint64_t keepBytes) : m(std::make_unique<Impl>()) { m->keepBytes = keepBytes; }
OutputLog::~OutputLog() = default;

uint64_t OutputLog::end() const {
    const std::lock_guard lock(m->mutex);
    return m->end;
}
uint64_t OutputLog::begin() const {
    const std::lock_guard lock(m->mutex);
    return m->begin;
}

void OutputLog::Impl::drop(uint64_t upTo) {
    begin = std::max(begin, upTo);
    while (!blocks.empty() && firstBlock + blocks.front().size() <= begin) {
        firstBlock += blocks.front().size();
        blocks.pop_front();
    }
    while (runs.size() > 1 && runs[1].position <= begin)
        runs.pop_front();
}

std::string OutputLog::Impl::copy(uint64_t position, uint64_t length) const {
    std::string bytes;
    bytes.reserve(length);
    uint64_t at = firstBlock;
    for (const auto& block : blocks) {
        if (position < at + block.size() && length > 0) {
            const uint64_t skip = position - at;
            const uint64_t part = std::min<uint64_t>(block.size() - skip, length);
            bytes.append(block, skip, part);
            position += part;
            length -= part;
        }
        at += block.size();
    }
    return bytes;
}

std::vector<OutputChunk> OutputLog::read(uint64_t position, uint64_t maxBytes) const {
    const std::lock_guard lock(m->mutex);
    const uint64_t from = std::max(position, m->begin);
    const uint64_t to =
        std::min(m->end, position > ~uint64_t{0} - maxBytes ? ~uint64_t{0} : position + maxBytes);
    std::vector<OutputChunk> chunks;
    if (from >= to) return chunks;
    // One copy of all the bytes, then cut into the runs.
    const std::string bytes = m->copy(from, to - from);
    auto run = std::upper_bound(m->runs.begin(), m->runs.end(), from,
                                [](uint64_t p, const Impl::Run& r) { return p < r.position; });
    CHECK(run != m->runs.begin());
    --run;
    for (uint64_t at = from; at < to; ++run) {
        const auto next = std::next(run);
        const uint64_t end = next == m->runs.end() ? to : std::min(to, next->position);
        chunks.push_back({run->stream, at, run->sequence, bytes.substr(at - from, end - at)});
        at = end;
    }
    return chunks;
}

void OutputLog::append(OutputStream stream, std::span<const uint8_t> bytes, uint64_t sequence) {
    if (bytes.empty()) return;
    const std::lock_guard lock(m->mutex);
    if (m->runs.empty() || m->runs.back().stream != stream || m->runs.back().sequence != sequence)
        m->runs.push_back({m->end, sequence, stream});
    m->end += bytes.size();
    while (!bytes.empty()) {
        if (m->blocks.empty() || m->blocks.back().size() >= kBlockBytes) m->blocks.emplace_back();
        auto& block = m->blocks.back();
        const auto part = bytes.first(std::min(bytes.size(), kBlockBytes - block.size()));
        block.append(reinterpret_cast<const char*>(part.data()), part.size());
        bytes = bytes.subspan(part.size());
    }
    if (m->end - m->begin > m->keepBytes) m->drop(m->end - m->keepBytes);
    if (m->runs.size() > kMaxRuns) m->drop(m->runs[m->runs.size() - kMaxRuns].position);
}

void OutputLog::clear() {
    const std::lock_guard lock(m->mutex);
    m->blocks.clear();
    m->runs.clear();
    m->begin = m->end = m->firstBlock = 0;
}

}  // namespace wasi
