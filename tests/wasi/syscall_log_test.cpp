#include "wasi/syscall_log.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>
#include <thread>

#include "wasi/call_packing.h"
#include "wasi/output_log.h"

namespace wasi {
namespace {

SyscallRecord sample(uint64_t n) {
    SyscallRecord r;
    r.tick = n * 1000;
    r.thread = 1;
    r.function = static_cast<uint16_t>(n % 46);
    r.outcome = Outcome::Returned;
    r.origin = Origin::Mock;
    r.errno_ = static_cast<uint16_t>(n % 77);
    r.argumentCount = 3;
    r.arguments = {n, ~uint64_t{0}, 7};
    r.result = n;
    r.startNs = static_cast<int64_t>(n) * 5;
    r.durationNs = 300;
    r.subject = "/data/" + std::to_string(n % 3);
    r.detail = n % 2 ? "odd" : "";
    r.backtrace = {{engine::InstanceId(0), engine::FuncIdx(static_cast<uint32_t>(n % 4)), 100},
                   {engine::InstanceId(0), engine::FuncIdx(2), 50}};
    r.accesses.push_back({16, false, {1, 2, 3}, 3});
    r.accesses.push_back({32, true, std::vector<uint8_t>(10, 9), 5000});
    return r;
}

void expectEqual(const SyscallRecord& a, const SyscallRecord& b) {
    EXPECT_EQ(a.tick, b.tick);
    EXPECT_EQ(a.thread, b.thread);
    EXPECT_EQ(a.function, b.function);
    EXPECT_EQ(a.outcome, b.outcome);
    EXPECT_EQ(a.origin, b.origin);
    EXPECT_EQ(a.errno_, b.errno_);
    EXPECT_EQ(a.argumentCount, b.argumentCount);
    for (size_t i = 0; i < a.argumentCount; i++)
        EXPECT_EQ(a.arguments[i], b.arguments[i]);
    EXPECT_EQ(a.result, b.result);
    EXPECT_EQ(a.startNs, b.startNs);
    EXPECT_EQ(a.durationNs, b.durationNs);
    EXPECT_EQ(a.subject, b.subject);
    EXPECT_EQ(a.detail, b.detail);
    EXPECT_EQ(a.backtrace, b.backtrace);
    ASSERT_EQ(a.accesses.size(), b.accesses.size());
    for (size_t i = 0; i < a.accesses.size(); i++) {
        EXPECT_EQ(a.accesses[i].address, b.accesses[i].address);
        EXPECT_EQ(a.accesses[i].isWrite, b.accesses[i].isWrite);
        EXPECT_EQ(a.accesses[i].bytes, b.accesses[i].bytes);
        EXPECT_EQ(a.accesses[i].length, b.accesses[i].length);
    }
}

uint64_t append(SyscallLog& log, const SyscallRecord& record) {
    const uint64_t sequence = log.begin(record);
    log.amend(sequence, record);
    return sequence;
}

TEST(SyscallLog, GivesBackWhatItTook) {
    SyscallLog log;
    for (uint64_t n = 0; n < 3000; n++)
        EXPECT_EQ(append(log, sample(n)), n);
    EXPECT_EQ(log.count(), 3000u);
    const auto all = log.slice(0, 5000);
    ASSERT_EQ(all.size(), 3000u);
    for (uint64_t n = 0; n < 3000; n++) {
        EXPECT_EQ(all[n].sequence, n);
        expectEqual(all[n], sample(n));
    }
    EXPECT_TRUE(log.slice(3000, 1).empty());
    EXPECT_EQ(log.slice(2999, ~uint64_t{0}).size(), 1u);
}

/// A call like those that programs make: mostly the same few again, with other times, and now and then something quite different.
SyscallRecord anyCall(std::mt19937_64& random, uint64_t n) {
    const auto upTo = [&](uint64_t most) { return random() % (most + 1); };
    const bool isOdd = upTo(9) == 0;
    SyscallRecord r;
    r.function = static_cast<uint16_t>(isOdd && upTo(1) ? upTo(1023) : upTo(2));
    r.outcome = isOdd ? static_cast<Outcome>(1 + upTo(3)) : Outcome::Returned;
    r.origin = isOdd ? static_cast<Origin>(upTo(3)) : Origin::Host;
    r.tick = isOdd ? random() : n * 70;
    r.thread = isOdd ? static_cast<uint32_t>(random()) : 0;
    r.startNs = static_cast<int64_t>(isOdd ? random() : n * 300);
    r.durationNs = static_cast<int64_t>(isOdd ? random() : upTo(300));
    r.errno_ = static_cast<uint16_t>(isOdd ? upTo(0xffff) : 0);
    r.result = isOdd ? random() : 0;
    r.argumentCount = static_cast<uint8_t>(isOdd ? upTo(10) : 3);
    for (size_t i = 0; i < r.argumentCount; i++)
        r.arguments[i] = isOdd ? random() >> upTo(63) : i * 4096;
    r.subject = isOdd ? std::to_string(upTo(5)) : "";
    if (isOdd) r.detail = std::string(upTo(70), 'd');
    for (uint64_t i = 0; i < (isOdd ? upTo(16) : 2); i++)
        r.backtrace.push_back({engine::InstanceId(static_cast<uint32_t>(upTo(1))),
                               engine::FuncIdx(static_cast<uint32_t>(isOdd ? random() : i)), 100});
    const uint64_t accesses = isOdd ? upTo(40) : upTo(3) ? 2 : 3;
    for (uint64_t i = 0; i < accesses; i++) {
        const uint64_t kept = isOdd ? upTo(150) : i ? upTo(9) : 8;
        std::vector<uint8_t> bytes(kept);
        for (uint8_t& byte : bytes)
            byte = static_cast<uint8_t>(upTo(3) ? 7 : random());
        const uint64_t cut = isOdd && upTo(3) == 0 ? upTo(uint64_t{1} << 40) : 0;
        r.accesses.push_back(
            {static_cast<uint32_t>(isOdd ? random() : i * 64), upTo(1) == 0, std::move(bytes), kept + cut});
    }
    return r;
}

/// As the gate does: in a draft that has what is left of the call before. Subject and backtrace are the caller's.
void fill(CallDraft& draft, const SyscallRecord& r) {
    draft.tick = r.tick;
    draft.thread = r.thread;
    draft.function = r.function;
    draft.outcome = r.outcome;
    draft.origin = r.origin;
    draft.errno_ = r.errno_;
    draft.startNs = r.startNs;
    draft.durationNs = r.durationNs;
    draft.result = r.result;
    draft.detail = r.detail;
    draft.journal.begin(std::span(r.arguments).first(r.argumentCount));
    for (const MemoryAccess& a : r.accesses)
        draft.journal.add(a.address, a.isWrite, a.bytes, a.length);
}

void appendBy(CallDraft& draft, SyscallLog& log, const SyscallRecord& r) {
    fill(draft, r);
    draft.subject = log.intern(r.subject);
    engine::Backtrace backtrace;
    backtrace.depth = static_cast<uint32_t>(r.backtrace.size());
    std::ranges::copy(r.backtrace, backtrace.frames.begin());
    draft.backtrace = &backtrace;
    log.append(draft);
}

TEST(SyscallLog, GivesBackAnyCallInAnyOrder) {
    std::mt19937_64 random(20261122);
    SyscallLog log;
    std::vector<SyscallRecord> calls;
    CallDraft draft;
    for (uint64_t n = 0; n < 40'000; n++) {
        calls.push_back(anyCall(random, n));
        if (n / 1000 % 2)
            append(log, calls.back());
        else
            appendBy(draft, log, calls.back());
    }
    LogCursor cursor(log);
    SyscallRecord copy;
    for (uint64_t i = 0; i < 80'000; i++) {
        // One after the other, and here and there.
        const uint64_t n = i < calls.size() ? i : random() % calls.size();
        ASSERT_TRUE(cursor.moveTo(n));
        cursor.copyTo(copy);
        ASSERT_NO_FATAL_FAILURE(expectEqual(copy, calls[n])) << n;
        if (i % 8 == 0) expectEqual(log.slice(n, 1)[0], calls[n]);
        if (testing::Test::HasFailure()) FAIL() << n;
        ASSERT_EQ(cursor.subject(), calls[n].subject);
        ASSERT_TRUE(std::ranges::equal(cursor.backtrace(), calls[n].backtrace));
        ASSERT_EQ(cursor.accesses().size(), calls[n].accesses.size());
        for (size_t a = 0; a < calls[n].accesses.size(); a++)
            ASSERT_TRUE(std::ranges::equal(cursor.accesses()[a].bytes, calls[n].accesses[a].bytes));
    }
}

/// Room for packed calls that ends where no memory is.
class Brink {
public:
    Brink() {
        EXPECT_NE(m_room, MAP_FAILED);
        EXPECT_EQ(mprotect(end(), kPage, PROT_NONE), 0);
    }
    ~Brink() { munmap(m_room, kRoom + kPage); }
    uint8_t* end() const { return static_cast<uint8_t*>(m_room) + kRoom; }
    static constexpr size_t kRoom = 64 << 10;

private:
    static constexpr size_t kPage = 64 << 10;  // a multiple of every system's
    void* const m_room =
        mmap(nullptr, kRoom + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
};

/// What is behind it may be the next call, which the guest's thread is writing.
TEST(CallPacking, ReadsNothingBehindACall) {
    std::mt19937_64 random(20261123);
    const Brink brink;
    CallPacker packer;
    CallDraft draft;
    std::vector<uint8_t> packed(Brink::kRoom);
    std::vector<std::vector<uint8_t>> models;
    std::vector<CallAccess> accesses;
    uint64_t fromModels = 0;
    for (uint64_t n = 0; n < 20'000; n++) {
        SyscallRecord call = anyCall(random, n);
        if (n % 16 == 0) {  // of which a whole block is zeros, told or not
            call = {};
            call.function = static_cast<uint16_t>(n % 3);
            call.argumentCount = static_cast<uint8_t>(random() % 11);
            call.accesses.resize(random() % 3);
        }
        fill(draft, call);
        const size_t size = packer.pack(draft, 1, static_cast<CallPlace>(models.size() + 1), packed.data());
        ASSERT_LE(size, CallPacker::mostBytes(draft));
        const CallPlace model = CallUnpacker::modelOf(packed.data());
        fromModels += model != 0;
        if (!model) models.emplace_back(packed.data(), packed.data() + size);
        uint8_t* const at = brink.end() - size;
        std::memcpy(at, packed.data(), size);
        CallUnpacker reader;
        reader.moveTo(at, model ? models[model - 1].data() : nullptr);
        SyscallRecord head;
        reader.copyHead(head);
        EXPECT_EQ(head.argumentCount, call.argumentCount);
        EXPECT_EQ(reader.detail(), call.detail);
        reader.copyAccesses(accesses);
        ASSERT_EQ(accesses.size(), call.accesses.size());
        for (size_t i = 0; i < accesses.size(); i++)
            ASSERT_TRUE(std::ranges::equal(accesses[i].bytes, call.accesses[i].bytes));
    }
    EXPECT_GT(fromModels, 1000u);
}

TEST(SyscallLog, ShowsPendingCallsUntilTheyAreAmended) {
    SyscallLog log;
    auto record = sample(1);
    record.outcome = Outcome::Pending;
    const auto first = log.begin(record);
    append(log, sample(2));
    ASSERT_EQ(log.slice(0, 2).size(), 2u);
    EXPECT_EQ(log.slice(0, 1)[0].outcome, Outcome::Pending);
    log.amend(first, sample(5));
    expectEqual(log.slice(0, 1)[0], sample(5));
    log.amend(first, sample(6));
    expectEqual(log.slice(0, 1)[0], sample(6));
}

TEST(SyscallLog, StartsAgainWhenCleared) {
    SyscallLog log;
    append(log, sample(1));
    log.begin(sample(2));
    log.clear();
    EXPECT_EQ(log.count(), 0u);
    EXPECT_TRUE(log.slice(0, 10).empty());
    EXPECT_EQ(append(log, sample(3)), 0u);
    expectEqual(log.slice(0, 1)[0], sample(3));
}

TEST(SyscallLog, TakesLittleMemoryPerSmallCall) {
    SyscallLog log;
    CallDraft draft;
    draft.journal.begin(std::array<uint64_t, 3>{1, 1000, 65536});
    const uint8_t bytes[8] = {};
    draft.journal.add(65536, true, bytes, 8);
    for (uint64_t n = 0; n < 200'000; n++) {
        draft.tick = n * 100;
        draft.startNs = static_cast<int64_t>(n) * 1000;
        log.append(draft);
    }
    EXPECT_LT(log.bytesUsed() / 200'000, 40u);
}

TEST(SyscallLog, KeepsTheNewestCallsWithinItsBudget) {
    SyscallLog log;
    log.setBudget(1 << 20);
    constexpr uint64_t kCalls = 100'000;
    auto record = sample(0);
    record.outcome = Outcome::Pending;
    log.begin(record);  // still being made when its segment is given up
    for (uint64_t n = 1; n < kCalls; n++) {
        append(log, sample(n));
        ASSERT_LE(log.bytesUsed(), (1u << 20) * 5 / 4) << n;
    }
    EXPECT_EQ(log.count(), kCalls);
    const uint64_t first = log.firstKept();
    EXPECT_GT(first, kCalls / 2);
    EXPECT_LT(first, kCalls - 5000);
    const auto around = log.slice(first - 2, 4);
    ASSERT_EQ(around.size(), 4u);
    EXPECT_EQ(around[1].sequence, first - 1);
    EXPECT_EQ(around[1].outcome, Outcome::Dropped);
    expectEqual(around[2], sample(first));
    for (const auto& kept : log.slice(first, kCalls))
        expectEqual(kept, sample(kept.sequence));
    log.amend(0, sample(0));  // changes nothing any more, and is no error
    EXPECT_EQ(log.slice(0, 1)[0].outcome, Outcome::Dropped);
}

TEST(SyscallLog, SaysThatItIsFullWhileAllIsStillThere) {
    SyscallLog log;
    log.setBudget(1 << 20);
    uint64_t read = 0, times = 0;
    log.setFull([&] {
        times++;
        for (const auto& record : log.slice(read, ~uint64_t{0}))
            expectEqual(record, sample(read++));
        EXPECT_EQ(read, log.count());
    });
    for (uint64_t n = 0; n < 100'000; n++)
        append(log, sample(n));
    EXPECT_GT(log.firstKept(), 0u);
    EXPECT_GT(read, log.firstKept());
    EXPECT_GT(times, 16u);
    log.setFull({});
    append(log, sample(0));
}

TEST(SyscallLog, BoundsBacktracesDetailsAndNames) {
    SyscallLog log;
    log.setBudget(1 << 20);
    for (uint32_t n = 0; n < 50'000; n++) {
        auto record = sample(n);
        record.backtrace[0].offset = n;  // no two alike
        append(log, record);
    }
    EXPECT_LE(log.bytesUsed(), (1u << 20) * 5 / 4);
    auto record = sample(1);
    record.detail.assign(1 << 20, 'x');
    EXPECT_EQ(log.slice(append(log, record), 1)[0].detail.size(), kMaxDetailBytes);
    const std::string path(1 << 20, 'p');
    for (int n = 0; n < 40; n++)
        (void)log.intern(std::to_string(n) + path);
    EXPECT_EQ(log.name(log.intern("another" + path)), "(too many names)");
    EXPECT_EQ(log.name(log.intern("0" + path)), "0" + path);
}

TEST(SyscallLog, IsReadWhileItIsWritten) {
    SyscallLog log;
    log.setBudget(256 << 10);  // so that segments come and go
    std::atomic<bool> done = false;
    std::vector<std::thread> readers;
    std::atomic<uint64_t> seen = 0;
    for (int i = 0; i < 3; i++)
        readers.emplace_back([&] {
            do {
                const uint64_t count = log.count();
                const uint64_t first = count > 50 ? count - 50 : 0;
                for (const auto& r : log.slice(first, 100)) {
                    if (r.outcome == Outcome::Pending || r.outcome == Outcome::Dropped) continue;
                    if (r.tick != r.result * 1000 || r.accesses.size() != 2)
                        ADD_FAILURE() << "torn record " << r.sequence;
                    seen++;
                }
            } while (!done);
        });
    for (uint64_t n = 0; n < 30'000; n++) {
        append(log, sample(n));
        if (n == 20'000) log.clear();
    }
    done = true;
    for (auto& reader : readers)
        reader.join();
    EXPECT_GT(seen, 0u);
}

std::string textOf(const std::vector<OutputChunk>& chunks) {
    std::string text;
    for (const auto& c : chunks)
        text += c.bytes;
    return text;
}
std::span<const uint8_t> bytesOf(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(OutputLog, KeepsStreamsApartAndPositionsTogether) {
    OutputLog log;
    log.append(OutputStream::Stdout, bytesOf("ab"), 1);
    log.append(OutputStream::Stderr, bytesOf("cde"), 2);
    log.append(OutputStream::Stderr, bytesOf("f"), 2);
    const auto chunks = log.read(1, 100);
    ASSERT_EQ(chunks.size(), 2u);
    EXPECT_EQ(chunks[0].bytes, "b");
    EXPECT_EQ(chunks[0].position, 1u);
    EXPECT_EQ(chunks[1].bytes, "cdef");
    EXPECT_EQ(chunks[1].stream, OutputStream::Stderr);
    EXPECT_EQ(chunks[1].syscallSequence, 2u);
    EXPECT_EQ(log.end(), 6u);
    EXPECT_EQ(textOf(log.read(2, 2)), "cd");
    EXPECT_TRUE(log.read(6, 10).empty());
}

TEST(OutputLog, KeepsTheNewestOfAFlood) {
    OutputLog log(100'000);
    for (int i = 0; i < 100'000; i++)
        log.append(OutputStream::Stdout, bytesOf(std::to_string(i % 10) + "23456789\n"),
                   static_cast<uint64_t>(i));
    EXPECT_EQ(log.end(), 1'000'000u);
    EXPECT_EQ(log.begin(), 900'000u);
    EXPECT_EQ(textOf(log.read(0, 900'010)), "023456789\n");
    EXPECT_EQ(log.read(log.end() - 10, 10)[0].syscallSequence, 99'999u);
    log.clear();
    EXPECT_EQ(log.end(), 0u);
}

}  // namespace
}  // namespace wasi
