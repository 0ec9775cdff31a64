#include "engine/gc_heap.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <random>

#include "tests/engine/binary_builder.h"

namespace engine {
namespace {

using namespace test;

/// 0: a node of an i64 and the next node. 1: bytes. 2: nodes. 3: an i8, a v128, an externref and a funcref. 4: two nodes.
Bytes types() {
    const Bytes node = {0x5f, 2, 0x7e, 1, 0x63, 0, 1};
    const Bytes mixed = {0x5f, 4, 0x78, 1, 0x7b, 1, 0x6f, 1, 0x70, 1};
    const Bytes pair = {0x5f, 2, 0x63, 0, 1, 0x6e, 1};
    return module({section(1, vec({node, {0x5e, 0x78, 1}, {0x5e, 0x63, 0, 1}, mixed, pair}))});
}

/// A heap whose roots are a list.
struct Heap {
    explicit Heap(uint64_t limit = uint64_t{4} << 30)
        : budget(std::make_shared<MemoryBudget>(MemoryBudget{limit, 0})), heap(budget, [this](GcHeap& h) {
              for (Slot root : roots)
                  h.markUnsure(root);
          }) {
        auto decoded = decode(types());
        CHECK(decoded.ok());
        module = *decoded;
    }
    const ObjectLayout& layout(uint32_t type) { return heap.layoutOf(*module, TypeIdx(type)); }
    Slot node(uint64_t value, Slot next) {
        const Slot object = heap.allocate(layout(0));
        if (object) heap.slots(object)[0] = value, heap.slots(object)[1] = next;
        return object;
    }

    std::shared_ptr<Module> module;
    std::vector<Slot> roots;
    std::shared_ptr<MemoryBudget> budget;
    GcHeap heap;
};

TEST(GcHeap, LaysObjectsOutByTheirTypes) {
    Heap h;
    EXPECT_EQ(h.layout(1).bytes(100), 108);
    EXPECT_EQ(h.layout(3).slotOf, (std::vector<uint32_t>{0, 1, 3, 4}));
    EXPECT_EQ(h.layout(3).references, std::vector<uint32_t>{3}) << "a funcref names no object";
    const Slot bytes = h.heap.allocateZeroed(h.layout(1), 5);
    EXPECT_EQ(reference::kind(bytes), ObjectKind::Array);
    EXPECT_EQ(h.heap.length(bytes), 5u);
    h.heap.elements(bytes)[4] = 0xff;
    EXPECT_EQ(h.heap.get(bytes, 3), Value::i32(0));
    EXPECT_EQ(h.heap.get(bytes, 4), Value::i32(0xff));
    const Slot mixed = h.heap.allocateZeroed(h.layout(3));
    h.heap.slots(mixed)[2] = 7;
    EXPECT_EQ(h.heap.get(mixed, 1), (Value{kV128, 0, 7}));
    FuncType tag;
    tag.params = {kI32, kAnyRef};
    const Slot exception = h.heap.allocateZeroed(h.heap.layoutOf(TagAddr(9), tag));
    EXPECT_EQ(reference::kind(exception), ObjectKind::Exception);
    EXPECT_EQ(h.heap.layoutAt(exception).type, 9u);
    EXPECT_EQ(h.heap.count(exception), 2u);
}

TEST(GcHeap, CollectsADroppedListAndACycleAndKeepsWhatIsReachable) {
    Heap h;
    Slot kept = 0, dropped = 0;
    for (uint64_t i = 0; i < 1000; ++i) {
        kept = h.node(i, kept);
        dropped = h.node(i, dropped);
    }
    const Slot a = h.node(1, 0), b = h.node(2, a);
    h.heap.slots(a)[1] = b;
    h.roots = {kept};
    h.heap.collect();
    EXPECT_EQ(h.heap.liveBytes(), 1000 * 24);
    EXPECT_FALSE(h.heap.contains(dropped));
    EXPECT_FALSE(h.heap.contains(a));
    uint64_t expected = 1000;
    for (Slot at = kept; at; at = h.heap.slots(at)[1])
        EXPECT_EQ(h.heap.slots(at)[0], --expected);
    h.roots.clear();
    h.heap.collect();
    EXPECT_EQ(h.heap.liveBytes(), 0);
    EXPECT_EQ(h.budget->used, 0);
}

TEST(GcHeap, ADeepListNeedsNoHostStack) {
    Heap h;
    h.heap.suspendCollection(true);
    Slot list = 0;
    for (uint64_t i = 0; i < 10'000'000; ++i)
        list = h.node(i, list);
    h.heap.suspendCollection(false);
    h.roots = {list};
    h.heap.collect();
    EXPECT_EQ(h.heap.liveBytes(), 240'000'000);
}

TEST(GcHeap, AFullWorklistLosesNothing) {
    Heap h;
    h.heap.setMarkStackLimit(3);
    h.heap.suspendCollection(true);
    // A tree that is deep on its first side, with an array of lists at each step.
    Slot tree = 0;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < 200; ++i) {
        const Slot lists = h.heap.allocateZeroed(h.layout(2), 10);
        for (uint32_t n = 0; n < 10; ++n)
            h.heap.slots(lists)[n] = h.node(n, h.node(n, 0));
        const Slot step = h.heap.allocateZeroed(h.layout(4));
        const Slot below = h.heap.allocateZeroed(h.layout(2), 2);
        h.heap.slots(below)[0] = tree;
        h.heap.slots(step)[1] = below;
        h.heap.slots(below)[1] = lists;
        tree = step;
        bytes += 88 + 20 * 24 + 24 + 24;
    }
    h.heap.suspendCollection(false);
    h.roots = {tree};
    h.heap.collect();
    EXPECT_EQ(h.heap.liveBytes(), bytes);
}

/// Runs `step` until it says it is done; how often it was interrupted.
template <class Step>
uint32_t interruptions(const Step& step) {
    uint32_t count = 0;
    while (!step())
        ++count;
    return count;
}

TEST(GcHeap, ACollectionIsPausedAndGoesOnWithTheAllocation) {
    Heap h;
    constexpr uint64_t kNodes = 700'000;
    h.heap.suspendCollection(true);
    Slot list = 0;
    for (uint64_t i = 0; i < kNodes; ++i) {
        list = h.node(i, list);
        h.node(0, 0);
    }
    h.heap.suspendCollection(false);
    h.roots = {list};
    const std::atomic<bool> asked{true};
    Slot made = 0;
    const uint32_t pauses = interruptions([&] {
        h.heap.setInterrupt(&asked);
        made = h.heap.allocateZeroed(h.layout(1), 100'000);
        h.heap.setInterrupt(nullptr);
        EXPECT_EQ(made == 0, h.heap.wasInterrupted());
        EXPECT_EQ(made == 0, h.heap.isPaused());
        return made != 0;
    });
    EXPECT_GE(pauses, 50u) << "both phases, some thousand objects at a time";
    EXPECT_EQ(h.heap.collections(), 1u);
    EXPECT_EQ(h.heap.liveBytes(), kNodes * 24);
    uint64_t expected = kNodes;
    for (Slot at = list; at; at = h.heap.slots(at)[1])
        ASSERT_EQ(h.heap.slots(at)[0], --expected);
    EXPECT_EQ(expected, 0u);
}

TEST(GcHeap, APausedCollectionIsFinishedByWhoNeedsIt) {
    for (int way = 0; way < 4; ++way) {
        Heap h;
        h.heap.suspendCollection(true);
        Slot list = 0;
        for (uint64_t i = 0; i < 500'000; ++i)
            list = h.node(i, list);
        h.heap.suspendCollection(false);
        h.roots = {list};
        const std::atomic<bool> asked{true}, notAsked{false};
        h.heap.setInterrupt(&asked);
        ASSERT_EQ(h.heap.allocate(h.layout(1), 100'000), 0);
        h.heap.setInterrupt(nullptr);
        ASSERT_TRUE(h.heap.isPaused());
        EXPECT_FALSE(h.heap.goOn(asked));
        switch (way) {
        case 0: EXPECT_TRUE(h.heap.goOn(notAsked)); break;
        case 1: h.heap.hold(list); break;
        case 2: EXPECT_NE(h.node(1, 0), 0); break;
        case 3: h.heap.collect(); break;
        }
        EXPECT_FALSE(h.heap.isPaused());
        EXPECT_EQ(h.heap.liveBytes(), 500'000 * 24);
        EXPECT_EQ(h.heap.collections(), way == 3 ? 2u : 1u);
    }
}

TEST(GcHeap, AnArrayWaitsInTheWorklistOnce) {
    Heap h;
    h.heap.setMarkStackLimit(100);
    h.heap.suspendCollection(true);
    // 50 arrays, each in the one before, of 8000 lists.
    constexpr uint32_t kArrays = 50, kLists = 8000;
    const Slot all = h.heap.allocateZeroed(h.layout(2), kArrays);
    for (uint32_t i = 0; i < kArrays; ++i) {
        const Slot lists = h.heap.allocateZeroed(h.layout(2), kLists);
        h.heap.slots(all)[i] = lists;
        for (uint32_t n = 0; n < kLists; ++n)
            h.heap.slots(lists)[n] = h.node(n, 0);
    }
    h.heap.suspendCollection(false);
    h.roots = {all};
    const std::atomic<bool> asked{true};
    h.heap.setInterrupt(&asked);
    ASSERT_EQ(h.heap.allocate(h.layout(1), 10'000'000), 0);
    h.heap.setInterrupt(nullptr);
    const uint32_t pauses = interruptions([&] { return h.heap.goOn(asked); });
    EXPECT_LE(pauses, 150u) << "each reference is looked at once, and each cell swept";
}

uint64_t residentBytes() {
    std::ifstream statm("/proc/self/statm");
    uint64_t size = 0, pages = 0;
    statm >> size >> pages;
    return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

TEST(GcHeap, GivesMemoryBackThatWasNeverTouched) {
    Heap h;
    std::vector<Slot> kept;
    for (int i = 0; i < 600; ++i) {
        h.roots.push_back(h.heap.allocateZeroed(h.layout(1), 500'000));
        kept.push_back(h.heap.allocateZeroed(h.layout(1), 3000));  // keeps the others apart
        h.roots.push_back(kept.back());
    }
    const uint64_t before = residentBytes();
    h.roots = kept;
    h.heap.collect();
    h.heap.collect();
    EXPECT_LT(h.heap.bytesUsed(), uint64_t{10} << 20);
    EXPECT_LT(residentBytes(), before + (50 << 20)) << "of 300 MB";
    const Slot again = h.heap.allocateZeroed(h.layout(1), 500'000);
    EXPECT_EQ(std::count(h.heap.elements(again), h.heap.elements(again) + 500'000, 0), 500'000);
}

TEST(GcHeap, GivesMemoryBackThatWasUsed) {
    Heap h;
    const uint64_t before = residentBytes();
    for (int i = 0; i < 100; ++i) {
        const Slot array = h.heap.allocateZeroed(h.layout(1), 1 << 20);
        std::fill_n(h.heap.elements(array), 1 << 20, uint8_t{1});
        h.roots.push_back(array);
    }
    EXPECT_GT(residentBytes(), before + (90 << 20));
    h.roots.clear();
    h.heap.collect();
    EXPECT_LT(residentBytes(), before + (30 << 20));
}

TEST(GcHeap, CollectsByItselfAndStaysSmall) {
    Heap h;
    for (uint64_t i = 0; i < 2'000'000; ++i)
        h.node(i, 0);
    EXPECT_GE(h.heap.collections(), 4u);
    EXPECT_LE(h.heap.bytesUsed(), uint64_t{9} << 20);
}

TEST(GcHeap, TheBudgetIsTheLimitAndGarbageMakesRoom) {
    Heap h(4 << 20);
    const Slot big = h.heap.allocateZeroed(h.layout(1), 3 << 20);
    ASSERT_NE(big, 0);
    EXPECT_GE(h.budget->used, 3u << 20);
    h.roots = {big};
    EXPECT_EQ(h.heap.allocate(h.layout(1), 2 << 20), 0);
    EXPECT_EQ(
        h.heap.exhausted(h.layout(1), 2 << 20).text(),
        "allocation failure: 2097160 bytes for an array of 2097152 elements, of the memory limit of 4194304 "
        "bytes 3146752 are in use");
    EXPECT_EQ(h.heap.allocate(h.layout(2), ~0u), 0) << "32 GiB";
    while (h.node(0, 0) && h.heap.collections() < 10) {
    }
    h.roots.clear();
    EXPECT_NE(h.heap.allocate(h.layout(1), 2 << 20), 0) << "the first array is garbage now";
}

TEST(GcHeap, ZeroedObjectsAreZeroWhereverTheyLie) {
    Heap h(64 << 20);
    std::minstd_rand random(1);
    for (int i = 0; i < 3000; ++i) {
        const uint32_t length = i % 100 == 0 ? 3'000'000 : random() % 9000;
        const Slot object = h.heap.allocateZeroed(h.layout(1), length);
        ASSERT_NE(object, 0);
        const uint8_t* bytes = h.heap.elements(object);
        ASSERT_EQ(std::count(bytes, bytes + length, 0), length) << i;
        std::memset(h.heap.elements(object), 0xee, length);
        if (i % 7 == 0) h.roots.push_back(object);
        if (h.roots.size() > 20) h.roots.erase(h.roots.begin());
    }
    EXPECT_GT(h.heap.collections(), 3u);
}

TEST(GcHeap, ManySizesSurviveManyCollections) {
    Heap h;
    h.heap.setStress(true);
    std::minstd_rand random(7);
    std::vector<std::vector<uint8_t>> contents;
    for (int i = 0; i < 1500; ++i) {
        const uint32_t length = random() % (random() % 5 == 0 ? 20000 : 300);
        const Slot object = h.heap.allocate(h.layout(1), length);
        std::memset(h.heap.elements(object), static_cast<int>(random()), length);
        if (h.roots.size() < 100) {
            h.roots.push_back(object);
            contents.emplace_back();
        }
        const size_t which = random() % h.roots.size();
        h.roots[which] = object;
        contents[which].assign(h.heap.elements(object), h.heap.elements(object) + length);
        const size_t checked = random() % h.roots.size();
        const Slot other = h.roots[checked];
        if (contents[checked].empty()) continue;
        ASSERT_TRUE(h.heap.contains(other));
        ASSERT_EQ(std::memcmp(h.heap.elements(other), contents[checked].data(), contents[checked].size()), 0);
    }
    EXPECT_EQ(h.heap.collections(), 1500u);
}

TEST(GcHeap, HeldObjectsLiveUntilReleased) {
    Heap h;
    const Slot node = h.node(5, 0);
    h.heap.hold(node);
    h.heap.hold(node);
    h.heap.collect();
    h.heap.release(node);
    h.heap.collect();
    EXPECT_TRUE(h.heap.contains(node));
    h.heap.release(node);
    h.heap.collect();
    EXPECT_FALSE(h.heap.contains(node));
}

TEST(GcHeap, ContainsNamesObjectsOnly) {
    Heap h;
    const Slot node = h.node(~uint64_t{0}, 0), large = h.heap.allocateZeroed(h.layout(1), 100'000);
    EXPECT_TRUE(h.heap.contains(node));
    EXPECT_TRUE(h.heap.contains(large));
    EXPECT_FALSE(h.heap.contains(0));
    EXPECT_FALSE(h.heap.contains(reference::i31(5)));
    EXPECT_FALSE(h.heap.contains(node + 8)) << "inside the object";
    EXPECT_FALSE(h.heap.contains(node + 24)) << "never handed out";
    EXPECT_FALSE(h.heap.contains(large + 1024));
    EXPECT_FALSE(h.heap.contains(reference::object(ObjectKind::Array, reference::place(node))))
        << "another kind";
    EXPECT_FALSE(h.heap.contains(reference::object(ObjectKind::Struct, reference::kPlace)));
    h.heap.collect();
    EXPECT_FALSE(h.heap.contains(node));
    EXPECT_FALSE(h.heap.contains(large));
}

TEST(GcHeap, TheSameRunGivesTheSameHandles) {
    const auto run = [] {
        Heap h;
        std::minstd_rand random(3);
        Slot last = 0;
        for (int i = 0; i < 300'000; ++i) {
            last = random() % 3 ? h.node(0, 0) : h.heap.allocate(h.layout(1), random() % 500);
            if (random() % 50 == 0) h.roots.push_back(last);
            if (h.roots.size() > 1000) h.roots.erase(h.roots.begin());
        }
        return std::pair(last, h.heap.collections());
    };
    const auto first = run();
    EXPECT_EQ(first, run());
    EXPECT_GT(first.second, 1u);
}

TEST(Reference, TellsItsKinds) {
    EXPECT_TRUE(reference::isI31(reference::i31(0)));
    EXPECT_EQ(reference::i31Signed(reference::i31(0xffffffff)), -1);
    EXPECT_EQ(reference::i31Unsigned(reference::i31(0xffffffff)), 0x7fffffffu);
    EXPECT_TRUE(reference::isHost(1));
    EXPECT_FALSE(reference::isHost(0));
    EXPECT_FALSE(reference::isHost(reference::i31(1)));
    EXPECT_FALSE(reference::isI31(reference::object(ObjectKind::Exception, 8)));
}

}  // namespace
}  // namespace engine
