// Atomic instructions: what the standard's scripts do not show: waits that are interrupted, two threads, memories of 64 bits.
#include <gtest/gtest.h>

#include <thread>

#include "tests/engine/program_builder.h"

using namespace engine;
using namespace engine::test;

namespace {

constexpr uint8_t kShared = 3, kShared64 = 7;

Program waiter(const std::string& timeout = "-1", uint8_t flags = kShared) {
    const std::string address = flags == kShared64 ? "i64.const 8" : "i32.const 8";
    Program program;
    program.functions = {
        {"", "i32", "", address + "; i32.const 0; i64.const " + timeout + "; memory.atomic.wait32 8"},
        {"i32", "i32", "", address + "; local.get 0; memory.atomic.notify 8"},
        {"i32", "i32", "", address + "; local.get 0; memory.atomic.notify 16"}};
    program.pages = 1;
    program.memoryFlags = flags;
    return program;
}

uint64_t notify(Machine& machine, Running& r, uint32_t count, const std::string& function = "1") {
    CHECK(machine.start(r.function(function), std::vector{Value::i32(count)}).ok());
    CHECK(machine.run() == StopKind::Finished);
    return machine.results()[0].low;
}

TEST(Atomics, AWaitEndsWithItsTimeout) {
    Running r(waiter("2000000"));
    r.link().start();
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0].low, 2u);
}

TEST(Atomics, AWaitIsInterruptedAndGoesOn) {
    Running r(waiter());
    r.link().start();
    std::thread session([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        r.machine->requestYield();
    });
    EXPECT_EQ(r.machine->run(), StopKind::HostInterrupted);
    session.join();
    EXPECT_EQ(r.machine->location(), r.at(3)) << "before the wait";
    r.machine->requestYield();
    EXPECT_EQ(r.machine->step(), StopKind::HostInterrupted);

    auto other = std::move(*Machine::create(r.store));
    EXPECT_EQ(notify(*other, r, 5), 1u) << "it is still queued";
    EXPECT_EQ(notify(*other, r, 5), 0u);
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0].low, 0u);
}

TEST(Atomics, AnAbandonedWaitIsNoLongerQueued) {
    Running r(waiter());
    r.link().start();
    r.machine->setWait([](std::optional<uint64_t>, const std::string&) { return false; });
    EXPECT_EQ(r.machine->run(), StopKind::HostInterrupted);
    r.machine->abandon();
    EXPECT_EQ(notify(*r.machine, r, 5), 0u);
    r.memory().base()[16] = 1;
    r.start();
    EXPECT_EQ(r.machine->run(), StopKind::Finished) << "a wait of its own, which compares";
    EXPECT_EQ(r.machine->results()[0].low, 1u);
}

TEST(Atomics, NotifyWakesTheOldestWaitsFirst) {
    Running r(waiter());
    r.link();
    std::vector<std::unique_ptr<Machine>> threads;
    for (int i = 0; i < 3; ++i) {
        threads.push_back(std::move(*Machine::create(r.store)));
        threads[i]->setWait([](std::optional<uint64_t>, const std::string&) { return false; });
        ASSERT_TRUE(threads[i]->start(r.function(), {}).ok());
        EXPECT_EQ(threads[i]->run(), StopKind::HostInterrupted);
    }
    EXPECT_EQ(notify(*r.machine, r, 2), 2u);
    EXPECT_EQ(threads[2]->run(), StopKind::HostInterrupted);
    EXPECT_EQ(threads[1]->run(), StopKind::Finished);
    EXPECT_EQ(threads[0]->run(), StopKind::Finished);
    threads.clear();
    EXPECT_EQ(notify(*r.machine, r, 2), 0u) << "a destroyed thread does not wait";
}

TEST(Atomics, NotifyWakesWaitsAtItsAddressInItsMemoryOnly) {
    Running r(waiter());
    r.link().start();
    r.machine->setWait([](std::optional<uint64_t>, const std::string&) { return false; });
    EXPECT_EQ(r.machine->run(), StopKind::HostInterrupted);
    auto other = std::move(*Machine::create(r.store));
    EXPECT_EQ(notify(*other, r, 5, "2"), 0u) << "eight bytes behind it";
    const InstanceId first = r.id;
    r.link();
    EXPECT_EQ(notify(*other, r, 5), 0u) << "another instance has another memory";
    r.id = first;
    EXPECT_EQ(r.machine->run(), StopKind::HostInterrupted);
    EXPECT_EQ(notify(*other, r, 5), 1u);
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
}

TEST(Atomics, SaysWhatIsWaitedForAndThatNobodyCanWakeIt) {
    Running r(waiter());
    r.link().start();
    std::string said;
    std::optional<uint64_t> timeout = 1;
    r.machine->setWait([&](std::optional<uint64_t> t, const std::string& what) {
        timeout = t;
        said = what;
        return false;
    });
    EXPECT_EQ(r.machine->run(), StopKind::HostInterrupted);
    EXPECT_EQ(said,
              "memory.atomic.wait32 at 0x10, for ever: the program has no other thread that could wake it");
    EXPECT_FALSE(timeout);
    auto other = std::move(*Machine::create(r.store));
    EXPECT_EQ(r.machine->run(), StopKind::HostInterrupted);
    EXPECT_EQ(said, "memory.atomic.wait32 at 0x10, without a timeout");
}

TEST(Atomics, NeedASharedMemoryToWaitOnly) {
    Running r(waiter("-1", 1));
    r.link().start();
    EXPECT_EQ(r.machine->run(), StopKind::Trapped);
    EXPECT_EQ(r.machine->trap().kind, TrapKind::ExpectedSharedMemory);
    r.machine->abandon();
    EXPECT_EQ(notify(*r.machine, r, 1), 0u);
}

TEST(Atomics, AddressesOf64Bits) {
    Running r(waiter("0", kShared64));
    r.link().start();
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0].low, 2u);

    Program program;
    program.functions = {
        {"i64", "i32", "", "local.get 0; i32.const 7; i32.atomic.rmw.add 0xfffffffffffffff8"},
        {"i64", "i32", "", "local.get 0; i32.const 1; i32.const 9; i32.atomic.rmw8.cmpxchg_u"}};
    program.pages = 1;
    program.memoryFlags = kShared64;
    Running wide(program);
    wide.link().start({Value::i64(16)});
    EXPECT_EQ(wide.machine->run(), StopKind::Trapped) << "the sum has 65 bits";
    EXPECT_EQ(wide.machine->trap().kind, TrapKind::OutOfBoundsMemory);
    wide.machine->abandon();
    wide.start({Value::i64(2)});
    EXPECT_EQ(wide.machine->run(), StopKind::Trapped);
    EXPECT_EQ(wide.machine->trap().text(), "unaligned atomic: 4 bytes at 0xfffffffffffffffa");
    wide.machine->abandon();
    wide.memory().base()[65535] = 1;
    wide.start({Value::i64(65535)}, "1");
    EXPECT_EQ(wide.machine->run(), StopKind::Finished);
    EXPECT_EQ(wide.memory().base()[65535], 9);
    wide.start({Value::i64(65536)}, "1");
    EXPECT_EQ(wide.machine->run(), StopKind::Trapped);
    EXPECT_EQ(wide.machine->trap().text(),
              "out of bounds memory access: 1 byte at 0x10000, memory 0 has 65536 bytes (1 page)");
}

}  // namespace
