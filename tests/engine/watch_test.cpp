// Watched memory: every way to access it stops exactly when it touches a watched byte, in each tier, and what is never touched changes
// nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/jit/jit.h"
#include "engine/jit/watch_governor.h"
#include "tests/engine/program_builder.h"

namespace engine {
namespace {

using namespace test;
using testing::ElementsAre;

constexpr uint8_t kOld = 0xa5;
constexpr uint64_t kPlace = 256;  // where the accesses of these tests are made

/// From where on machine code looks at addresses itself: as soon as something is watched, or where a page turns out to be hot.
enum class Pages : uint8_t { AsTheyAre, Hot };

void expect(Pages pages, Store& store, FuncAddr function) {
    if (pages == Pages::Hot) (*store.code(function))->context->store->jit->expectHotPages();
}

/// Two memories of one type and functions without parameters; function 0 runs.
struct Memories {
    enum Flags : uint8_t { k32 = 0, k64 = 4, kShared = 3, kShared64 = 7 };
    Memories(Flags flags, std::vector<std::string> codes, Tier tier = Tier::Interp, Bytes data = {}) {
        Bytes functions, bodies;
        for (const std::string& code : codes) {
            functions = functions + leb(0);
            bodies = bodies + sized(Bytes{1, 2, 0x7f} + assemble(code) + Bytes{0x0b});
        }
        const bool hasMaximum = flags & 1;
        const Bytes memory = Bytes{flags, 1} + (hasMaximum ? Bytes{4} : Bytes{});
        const Bytes bytes =
            module({section(1, Bytes{1, 0x60, 0, 0}), section(3, leb(codes.size()) + functions),
                    section(5, Bytes{2} + memory + memory), section(12, Bytes{1}),
                    section(10, leb(codes.size()) + bodies), section(11, Bytes{1, 1} + sized(data))});
        const auto decoded = decode(bytes);
        CHECK(decoded.ok());
        const auto valid = validateModule(**decoded);
        if (!valid) std::fprintf(stderr, "%s\n", valid.error().text().c_str());
        CHECK(valid.ok());
        isReady = store.setTier(tier);
        Trap trap;
        const auto nothing = [](const Import&, const Module&) -> Result<Extern> {
            return Error{ErrorCode::NotFound, ""};
        };
        id = *store.instantiate(*decoded, nothing, &trap);
        machine = std::move(*Machine::create(store));
        for (uint32_t i : {0, 1})
            std::ranges::fill(memory_(i).bytes(), kOld);
    }
    LinearMemory& memory_(uint32_t index) { return store.memory(store.instance(id).memories[index]); }
    FuncAddr function(uint32_t index = 0) { return store.instance(id).functions[index]; }
    void start() { CHECK(machine->start(function(), {}).ok()); }
    WatchId watch(uint32_t memory, uint64_t address, uint64_t length, WatchKind kind = WatchKind::Access) {
        const auto watch = machine->watch({store.instance(id).memories[memory], address, length, kind});
        CHECK(watch.ok());
        return *watch;
    }
    uint32_t offsetOf(uint32_t instruction) {
        return (*machine->instructionOffsets(function()))[instruction];
    }
    Store store;
    std::unique_ptr<Machine> machine;
    InstanceId id;
    bool isReady = false;
};

std::string constantOf(char type) {
    switch (type) {
    case 'i': return "i32.const 0x11111111;";
    case 'I': return "i64.const 0x1111111111111111;";
    case 'f': return "f32.const 1.5;";
    case 'F': return "f64.const 1.5;";
    default: return "v128.const 0x1111111111111111 0x1111111111111111;";
    }
}

struct AccessForm {
    std::string name, code;
    uint32_t access = 0;  // which instruction of the code
    uint64_t bytes = 0;
    bool reads = false, writes = false;
};

/// Every instruction with a memarg at kPlace of a memory, half of it by the address and half by the offset.
std::vector<AccessForm> accessForms(bool is64, bool isShared, uint32_t memory) {
    std::vector<AccessForm> forms;
    const std::string address = is64 ? "i64.const 128;" : "i32.const 128;";
    for (const OpRow& r : kOpRows) {
        const bool hasLane = r.imm == Imm::MemArgLane;
        if (r.imm != Imm::MemArg && !hasLane) continue;
        const std::string text(r.text);
        const bool isWait = text.find(".wait") != std::string::npos;
        if (text.find("notify") != std::string::npos || (isWait && !isShared)) continue;
        AccessForm form{text, address, 0, accessBytes(findOp(text)), false, false};
        const size_t colon = r.signature.find(':');
        for (size_t i = 1; i < colon; ++i, ++form.access) {
            // What is compared is there, so that it is exchanged; what is waited for is not.
            const bool isExpected = i == 1 && text.find("cmpxchg") != std::string::npos;
            form.code += !isExpected             ? constantOf(r.signature[i])
                         : r.signature[i] == 'i' ? "i32.const -1515870811;"
                                                 : "i64.const -6510615555426900571;";
        }
        form.code += text + " 128" + (memory ? " 1" : "") + (hasLane ? " 0" : "") + ";";
        ++form.access;
        if (colon + 1 < r.signature.size()) form.code += "drop;";
        const bool isStore = text.find("store") != std::string::npos;
        form.reads = !isStore;
        form.writes = isStore || text.find(".rmw") != std::string::npos;
        forms.push_back(form);
    }
    const std::string wide = is64 ? "i64" : "i32";
    const auto bulk = [&](const std::string& op, const std::string& operands, const std::string& more,
                          bool reads, bool writes) {
        forms.push_back({op + more, operands + op + more, 3, 40, reads, writes});
    };
    const std::string at = wide + ".const 256;", far = wide + ".const 4096;", count = wide + ".const 40;";
    const std::string i = std::to_string(memory), other = std::to_string(1 - memory);
    bulk("memory.fill", at + "i32.const 17;" + count, " " + i, false, true);
    bulk("memory.init", at + "i32.const 0; i32.const 40;", " 0 " + i, false, true);
    bulk("memory.copy", at + far + count, " " + i + " " + other, false, true);
    bulk("memory.copy", far + at + count, " " + other + " " + i, true, false);
    return forms;
}

/// Runs until the machine stops for a watch, or ends, in one of several ways.
StopKind drive(Machine& machine, bool stepping) {
    if (!stepping) return machine.run();
    StopKind kind = StopKind::Stepped;
    while (kind == StopKind::Stepped)
        kind = machine.step();
    return kind;
}

void testForm(const AccessForm& form, Memories::Flags flags, uint32_t memory, Tier tier, bool stepping,
              Pages pages) {
    SCOPED_TRACE(form.name + " memory " + std::to_string(memory) + (stepping ? " stepping" : ""));
    constexpr uint64_t kLength = 3;
    const uint64_t n = form.bytes;
    Memories m(flags, {form.code}, tier, Bytes(40, uint8_t{0x11}));
    expect(pages, m.store, m.function());
    for (const uint64_t at : {kPlace - kLength - 1, kPlace - kLength, kPlace - kLength + 1, kPlace,
                              kPlace + n / 2, kPlace + n - 1, kPlace + n, kPlace + n + 20}) {
        const bool overlaps = at < kPlace + n && at + kLength > kPlace;
        for (const WatchKind kind :
             {WatchKind::Change, WatchKind::Write, WatchKind::Read, WatchKind::Access}) {
            SCOPED_TRACE("watch of kind " + std::to_string(static_cast<int>(kind)) + " at " +
                         std::to_string(at));
            const bool hears = kind == WatchKind::Access || (kind == WatchKind::Read && form.reads) ||
                               (kind != WatchKind::Read && form.writes);
            std::ranges::fill(m.memory_(memory).bytes().first(8192), kOld);
            std::ranges::fill(m.memory_(1 - memory).bytes().first(8192), uint8_t{0x11});
            const WatchId id = m.watch(memory, at, kLength, kind);
            // The same place of the other memory is never accessed.
            const WatchId other = m.watch(1 - memory, kPlace, 1000, WatchKind::Access);
            m.start();
            const StopKind stop = drive(*m.machine, stepping);
            const std::vector<WatchHit> hits = m.machine->watchHits();
            m.machine->unwatch(id);
            m.machine->unwatch(other);
            ASSERT_EQ(stop == StopKind::Watchpoint, overlaps && hears);
            if (stop != StopKind::Watchpoint) {
                ASSERT_EQ(stop, StopKind::Finished);
                continue;
            }
            ASSERT_EQ(hits.size(), 1u);
            const WatchHit& hit = hits[0];
            EXPECT_EQ(hit.watch, id);
            EXPECT_EQ(hit.isRead, form.reads && (kind == WatchKind::Read || kind == WatchKind::Access));
            EXPECT_EQ(hit.isWrite, form.writes && kind != WatchKind::Read);
            EXPECT_EQ(hit.isChange, hit.isWrite);
            EXPECT_EQ(hit.location.offset, m.offsetOf(form.access));
            EXPECT_EQ(m.machine->location().offset, m.offsetOf(form.access + 1));
            EXPECT_EQ(hit.address, kPlace);
            EXPECT_EQ(hit.length, n);
            EXPECT_EQ(hit.before, Bytes(kLength, kOld));
            EXPECT_TRUE(std::ranges::equal(hit.after, m.memory_(memory).bytes().subspan(at, kLength)));
            EXPECT_EQ(hit.after != hit.before, form.writes);
            ASSERT_EQ(drive(*m.machine, stepping), StopKind::Finished);
        }
    }
}

void testAllForms(Tier tier, Pages pages = Pages::AsTheyAre) {
    for (const Memories::Flags flags :
         {Memories::k32, Memories::k64, Memories::kShared, Memories::kShared64}) {
        if (!Memories(flags, {""}, tier).isReady) GTEST_SKIP() << "no compiler for this machine";
        for (const uint32_t memory : {0u, 1u}) {
            const auto forms = accessForms(flags & 4, flags & 2, memory);
            ASSERT_GT(forms.size(), 100u);
            for (const AccessForm& form : forms)
                for (const bool stepping : {false, true})
                    ASSERT_NO_FATAL_FAILURE(testForm(form, flags, memory, tier, stepping, pages));
        }
    }
}

TEST(Watch, HearsEachAccessExactlyWhereItOverlaps) { testAllForms(Tier::Interp); }
TEST(Watch, HearsEachAccessOfMachineCode) { testAllForms(Tier::Jit); }
TEST(Watch, HearsEachAccessOfMachineCodeThatLooksItself) { testAllForms(Tier::Jit, Pages::Hot); }

/// A loop that writes and reads in many forms of fused groups, at addresses from a generator; a call, a copy and a growing memory.
Program busy() {
    Program p;
    p.pages = 1;
    p.functions.push_back({"i32 i32", "i32", "i32 i32", R"(
        loop
          local.get 0; i32.const 1103515245; i32.mul; i32.const 12345; i32.add; local.tee 0
          i32.const 8; i32.shr_u; i32.const 1020; i32.and; local.set 2
          local.get 2; local.get 0; i32.store 64
          local.get 2; i32.const 4; i32.add; i32.load 64; local.get 3; i32.add; local.set 3
          local.get 2; local.get 0; i32.const 3; i32.and; i32.add; i32.load8_u 64; local.set 3
          local.get 2; i32.const 7; i32.store8 67
          local.get 2; local.get 0; i64.extend_i32_u; i64.store 60
          local.get 2; i64.load 1000; i32.wrap_i64; local.get 3; i32.xor; local.set 3
          local.get 2; local.get 2; i32.load16_s 66; i32.store16 70
          local.get 2; call 1
          local.get 0; i32.const 63; i32.and; i32.eqz
          if
            local.get 2; i32.const 200; i32.const 31; memory.copy 0 0
            i32.const 298; i32.const 9; local.get 0; i32.const 8; i32.shr_u; i32.const 7; i32.and; memory.fill 0
            i32.const 1064; local.get 2; local.get 0; i32.const 9; i32.shr_u; i32.const 7; i32.and; memory.copy 0 0
          end
          local.get 1; i32.const 1; i32.sub; local.tee 1
          br_if 0
        end
        i32.const 1; memory.grow 0; drop
        local.get 3)"});
    p.functions.push_back(
        {"i32", "", "", "local.get 0; local.get 0; f64.load 8; f64.const 1; f64.add; f64.store 16"});
    return p;
}

std::vector<uint8_t> copyOf(LinearMemory& memory) { return {memory.bytes().begin(), memory.bytes().end()}; }

WatchId watchIn(Running& r, uint64_t address, uint64_t length, WatchKind kind) {
    return *r.machine->watch({r.store.instance(r.id).memories[0], address, length, kind});
}

TEST(Watch, ThatIsNeverHitChangesNothing) {
    for (const Tier tier : {Tier::Interp, Tier::Jit, Tier::Auto}) {
        Running plain(busy()), watched(busy());
        if (!watched.store.setTier(tier)) GTEST_SKIP() << "no compiler for this machine";
        plain.link().start({Value::i32(3), Value::i32(5000)});
        watched.link();
        for (const uint64_t at : {0, 3000, 4096, 60000, 70000})
            watchIn(watched, at, 8, WatchKind::Access);
        watched.start({Value::i32(3), Value::i32(5000)});
        EXPECT_EQ(plain.machine->run(), StopKind::Finished);
        EXPECT_EQ(watched.machine->run(), StopKind::Finished);
        EXPECT_EQ(watched.machine->results(), plain.machine->results());
        EXPECT_EQ(watched.machine->tick(), plain.machine->tick());
        EXPECT_EQ(copyOf(watched.memory()), copyOf(plain.memory()));
    }
}

/// What each hit was.
using Hits = std::vector<std::tuple<uint32_t, uint64_t, uint64_t, Bytes, Bytes, bool>>;
Hits hitsOf(Running& r, bool stepping) {
    Hits hits;
    while (drive(*r.machine, stepping) == StopKind::Watchpoint)
        for (const WatchHit& hit : r.machine->watchHits())
            hits.emplace_back(hit.location.offset, r.machine->tick(), hit.address, hit.before, hit.after,
                              hit.isWrite);
    return hits;
}

TEST(Watch, HitsAreTheSameInEachTierAndStepByStep) {
    for (const WatchKind kind : {WatchKind::Change, WatchKind::Write, WatchKind::Read, WatchKind::Access}) {
        std::vector<Hits> all;
        using Way = std::tuple<Tier, bool, Pages>;
        for (const auto& [tier, stepping, pages] : {Way{Tier::Interp, true, Pages::AsTheyAre},
                                                    {Tier::Interp, false, Pages::AsTheyAre},
                                                    {Tier::Jit, false, Pages::AsTheyAre},
                                                    {Tier::Jit, false, Pages::Hot},
                                                    {Tier::Jit, true, Pages::Hot},
                                                    {Tier::Auto, false, Pages::AsTheyAre}}) {
            Running r(busy());
            if (!r.store.setTier(tier)) continue;
            r.link();
            expect(pages, r.store, r.function());
            watchIn(r, 300, 3, kind);
            watchIn(r, 1066, 2, kind);
            r.start({Value::i32(3), Value::i32(3000)});
            all.push_back(hitsOf(r, stepping));
        }
        EXPECT_GT(all[0].size(), 30u);
        for (const Hits& hits : all)
            EXPECT_EQ(hits, all[0]);
    }
}

TEST(Watch, HearsAccessesThatReachIntoItsPageWithTheirLastByte) {
    for (const char* code :
         {"i32.const 4000; i32.const 1; i32.const 97; memory.fill 0",
          "i32.const 4000; i32.const 6000; i32.const 97; memory.copy 0 1",
          "i32.const 4081; v128.const 1 1; v128.store 0",
          "i32.const 4081; v128.const 1 0x0100000000000000; i64.const 0; drop; v128.store 0 1",
          "i32.const 4089; i64.const 0x0100000000000000; i64.store",
          "i32.const 4095; i32.const 0x0100; i32.store16"}) {
        for (const Tier tier : {Tier::Interp, Tier::Jit}) {
            Memories m(Memories::k32, {code}, tier);
            std::ranges::fill(m.memory_(1).bytes(), uint8_t{1});
            const uint32_t memory = std::string(code).ends_with("store 0 1");
            const WatchId id = m.watch(memory, 4096, 1, WatchKind::Write);
            m.start();
            ASSERT_EQ(m.machine->run(), StopKind::Watchpoint) << code;
            ASSERT_EQ(m.machine->watchHits().size(), 1u);
            EXPECT_EQ(m.machine->watchHits()[0].watch, id);
            EXPECT_EQ(m.machine->watchHits()[0].isChange, memory == 0) << code;
            EXPECT_EQ(m.machine->run(), StopKind::Finished);
        }
    }
}

TEST(Watch, OfChangesPassesOverWritesOfTheSameBytes) {
    Memories m(Memories::k32,
               {"i32.const 256; i32.const -1515870811; i32.store; i32.const 256; i32.const 1; i32.store8"});
    m.watch(0, 256, 4, WatchKind::Change);
    m.watch(0, 258, 1, WatchKind::Change);
    m.start();
    ASSERT_EQ(m.machine->run(), StopKind::Watchpoint);
    ASSERT_EQ(m.machine->watchHits().size(), 1u);
    EXPECT_EQ(m.machine->watchHits()[0].after, (Bytes{1, kOld, kOld, kOld}));
    EXPECT_EQ(m.machine->run(), StopKind::Finished);
    EXPECT_TRUE(m.machine->watchHits().empty());
}

TEST(Watch, SeveralAreHitByOneAccessAndRemovedOnesAreNot) {
    Memories m(Memories::k32,
               {"i32.const 256; i64.const 1; i64.store; i32.const 256; i64.const 2; i64.store"});
    const WatchId first = m.watch(0, 256, 1, WatchKind::Write),
                  second = m.watch(0, 263, 40, WatchKind::Write);
    const WatchId third = m.watch(0, 0, 65536, WatchKind::Change);
    m.start();
    ASSERT_EQ(m.machine->run(), StopKind::Watchpoint);
    std::vector<WatchId> hit;
    for (const WatchHit& h : m.machine->watchHits())
        hit.push_back(h.watch);
    EXPECT_THAT(hit, ElementsAre(first, second, third));
    EXPECT_EQ(m.machine->watchHits()[2].shownFrom, 256u);
    EXPECT_EQ(m.machine->watchHits()[2].before.size(), 4096u);
    m.machine->unwatch(first);
    m.machine->unwatch(third);
    ASSERT_EQ(m.machine->run(), StopKind::Watchpoint);
    ASSERT_EQ(m.machine->watchHits().size(), 1u);
    EXPECT_EQ(m.machine->watchHits()[0].watch, second);
    m.machine->unwatch(second);
    EXPECT_EQ(m.machine->run(), StopKind::Finished);
}

TEST(Watch, ABreakpointBehindTheAccessIsStillToCome) {
    for (const Tier tier : {Tier::Interp, Tier::Jit}) {
        Memories m(Memories::k32, {"i32.const 256; i32.const 1; i32.store; i32.const 5; drop"}, tier);
        const CodeLocation behind{m.id, FuncIdx(0), m.offsetOf(3)};
        m.watch(0, 256, 4);
        ASSERT_TRUE(m.machine->setBreakpoint(behind).ok());
        m.start();
        ASSERT_EQ(m.machine->run(), StopKind::Watchpoint);
        EXPECT_EQ(m.machine->location(), behind);
        ASSERT_EQ(m.machine->run(), StopKind::Breakpoint);
        EXPECT_EQ(m.machine->location(), behind);
        EXPECT_EQ(m.machine->run(), StopKind::Finished);
    }
}

TEST(Watch, AnAccessThatTrapsIsNoHit) {
    for (const char* code :
         {"i32.const 65533; i32.const 1; i32.store",
          "i32.const 65533; i32.const 1; i32.const 4; memory.fill 0", "i32.const 65532; v128.load; drop",
          "i32.const 65533; i32.const 0; i32.const 4; memory.init 0 0"}) {
        for (const Tier tier : {Tier::Interp, Tier::Jit}) {
            Memories m(Memories::k32, {code}, tier, Bytes(8, uint8_t{1}));
            m.watch(0, 65500, 36);
            m.start();
            ASSERT_EQ(m.machine->run(), StopKind::Trapped) << code;
            EXPECT_EQ(m.machine->trap().kind, TrapKind::OutOfBoundsMemory);
            EXPECT_TRUE(m.machine->watchHits().empty());
        }
    }
}

TEST(Watch, ReachesWhatAMemoryGrowsTo) {
    for (const Tier tier : {Tier::Interp, Tier::Jit}) {
        Memories m(Memories::k32,
                   {"i32.const 1; memory.grow 0; drop; i32.const 70000; i32.const 1; i32.store; i32.const "
                    "70100; i32.const 1; i32.store"},
                   tier);
        m.watch(0, 69000, 1001, WatchKind::Write);
        m.start();
        ASSERT_EQ(m.machine->run(), StopKind::Watchpoint);
        EXPECT_EQ(m.machine->watchHits()[0].address, 70000u);
        EXPECT_EQ(m.machine->run(), StopKind::Finished);
    }
}

TEST(Watch, ABulkOperationThatYieldsIsReportedOnceAtItsEnd) {
    Program p;
    p.pages = 160;
    p.maxPages = 160;
    p.functions.push_back({"i32 i32 i32", "", "", "local.get 0; local.get 1; local.get 2; memory.copy 0 0"});
    for (const auto& [to, from, place] :
         {std::tuple{7u, 1'000'000u, 20u}, {1'000'000u, 7u, 1'000'020u}, {1'000'000u, 7u, 5'499'999u}}) {
        Running r(p);
        r.link();
        for (size_t i = 0; i < r.memory().size(); ++i)
            r.memory().base()[i] = static_cast<uint8_t>(i * 7 + i / 256);
        const uint8_t old = r.memory().base()[place], changed = r.memory().base()[place - to + from];
        watchIn(r, place, 1, WatchKind::Change);
        r.start({Value::i32(to), Value::i32(from), Value::i32(4'500'001)});
        uint32_t yields = 0;
        StopKind kind{};
        do
            r.machine->requestYield();
        while ((kind = r.machine->run()) == StopKind::Yielded && ++yields < 100);
        EXPECT_GE(yields, 4u);
        ASSERT_EQ(kind, StopKind::Watchpoint);
        const WatchHit& hit = r.machine->watchHits()[0];
        EXPECT_EQ(hit.before, Bytes{old});
        EXPECT_EQ(hit.after, Bytes{changed});
        EXPECT_EQ(hit.length, 4'500'001u);
        while ((kind = r.machine->run()) == StopKind::Yielded) {
        }
        EXPECT_EQ(kind, StopKind::Finished);
    }
}

/// A host function that reads 4 bytes at 256 and writes 2 at 300, and tells it as wasi::GuestMemory does.
void touch(LinearMemory& memory, uint8_t value) {
    if (memory.observer()) memory.observer()->reads(memory, 256, 4);
    if (memory.observer()) memory.observer()->mayWrite(memory, 290, 100);
    memory.base()[300] = memory.base()[301] = value;
    if (memory.observer()) memory.observer()->wrote(memory, 300, 2);
}

TEST(Watch, HearsTheHostAndStopsBehindTheCall) {
    Program p;
    p.pages = 1;
    p.imports.push_back({"m.touch", {"", "i32", "", ""}});
    p.functions.push_back({"", "i32", "", "i32.const 1; call 0; i32.add"});
    p.functions.push_back({"", "i32", "", "return_call 0"});
    p.functions.push_back({"", "i32", "", "call 2; i32.const 1; i32.add"});
    struct Case {
        uint64_t at;
        WatchKind kind;
        uint8_t value;
        bool stops;
    };
    for (const Tier tier : {Tier::Interp, Tier::Jit}) {
        for (const char* name : {"0", "2"}) {
            for (const Case& c : {Case{301, WatchKind::Change, 7, true},
                                  {301, WatchKind::Change, 0, false},
                                  {301, WatchKind::Write, 0, true},
                                  {302, WatchKind::Write, 7, false},
                                  {259, WatchKind::Read, 7, true},
                                  {259, WatchKind::Write, 7, false},
                                  {260, WatchKind::Access, 7, false},
                                  {300, WatchKind::Access, 7, true}}) {
                Running r(p);
                r.host("m.touch", [&](HostCall& call) {
                    touch(r.memory(), c.value);
                    call.slots[0] = 41;
                    return HostOutcome::done();
                });
                (void)r.store.setTier(tier);
                r.link();
                watchIn(r, c.at, 1, c.kind);
                r.start({}, name);
                if (c.stops) {
                    ASSERT_EQ(r.machine->run(), StopKind::Watchpoint) << name << " " << c.at;
                    const WatchHit& hit = r.machine->watchHits().at(0);
                    EXPECT_EQ(hit.host, "m.touch");
                    EXPECT_EQ(hit.location, name[0] == '0' ? r.at(1, "0") : r.at(0, "1"));
                    EXPECT_EQ(r.machine->location(), name[0] == '0' ? r.at(2, "0") : r.at(1, "2"));
                }
                ASSERT_EQ(r.machine->run(), StopKind::Finished) << name << " " << c.at;
                EXPECT_EQ(r.machine->results(), (std::vector{Value::i32(42)}));
            }
        }
    }
}

TEST(Watch, ACallOfTheHostThatIsMadeAgainIsToldOnce) {
    Program p;
    p.pages = 1;
    p.imports.push_back({"m.touch", {"", "", "", ""}});
    p.functions.push_back({"", "", "", "call 0"});
    Running r(p);
    bool isFirst = true;
    r.host("m.touch", [&](HostCall&) {
        touch(r.memory(), isFirst ? 0 : 7);
        return std::exchange(isFirst, false) ? HostOutcome::interrupted() : HostOutcome::done();
    });
    r.link();
    watchIn(r, 259, 1, WatchKind::Read);
    r.start({});
    ASSERT_EQ(r.machine->run(), StopKind::HostInterrupted);
    r.memory().base()[259] = 5;  // by whoever made it wait
    ASSERT_EQ(r.machine->run(), StopKind::Watchpoint);
    ASSERT_EQ(r.machine->watchHits().size(), 1u);
    EXPECT_EQ(r.machine->watchHits()[0].before, Bytes{5});
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
}

TEST(Watch, ATailCallOfTheHostTellsWhatItTouchedAndReturns) {
    Program p;
    p.pages = 1;
    p.imports.push_back({"m.touch", {"", "", "", ""}});
    p.functions.push_back({"", "", "", "return_call 0"});
    p.functions.push_back({"", "", "", "call 1; nop"});
    Running r(p);
    r.host("m.touch", [&](HostCall&) {
        touch(r.memory(), 7);
        return HostOutcome::done();
    });
    r.link();
    watchIn(r, 300, 1, WatchKind::Change);
    r.start({}, "1");
    ASSERT_EQ(r.machine->step(), StopKind::Stepped);
    ASSERT_EQ(r.machine->depth(), 2u);
    r.machine->stopOnReturn(1, true);
    ASSERT_EQ(r.machine->run(), StopKind::Watchpoint);
    EXPECT_EQ(r.machine->depth(), 1u);
    EXPECT_EQ(r.machine->watchHits().size(), 1u);
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
}

TEST(Watch, ManyAreAddedAndRemovedQuickly) {
    Memories m(Memories::k32, {"i32.const 40000; i32.const 1; i32.store"});
    std::vector<WatchId> ids;
    for (uint64_t at = 0; at < 60'000; ++at)
        ids.push_back(*m.machine->watch({MemAddr(0), at, 1, WatchKind::Change}));
    for (const WatchId id : ids)
        if (id != ids[40'000]) m.machine->unwatch(id);
    m.start();
    ASSERT_EQ(m.machine->run(), StopKind::Watchpoint);
    ASSERT_EQ(m.machine->watchHits().size(), 1u);
    EXPECT_EQ(m.machine->watchHits()[0].watch, ids[40'000]);
    EXPECT_EQ(m.machine->run(), StopKind::Finished);
}

TEST(Watch, AnOuterFrameTellsItsReturn) {
    Program p;
    p.functions.push_back(
        {"i32", "i32", "",
         "local.get 0; if i32; local.get 0; i32.const 1; i32.sub; call 0; else; i32.const 9; end"});
    for (const Tier tier : {Tier::Interp, Tier::Jit}) {
        Running r(p);
        (void)r.store.setTier(tier);
        r.link().start({Value::i32(10)});
        ASSERT_EQ(r.machine->run({.tick = 9}), StopKind::Yielded);
        ASSERT_EQ(r.machine->depth(), 9u);
        r.machine->stopOnReturn(4, true);
        r.machine->stopOnReturn(6, true);
        r.machine->stopOnReturn(6, false);
        ASSERT_EQ(r.machine->run(), StopKind::DepthReached);
        EXPECT_EQ(r.machine->depth(), 4u);
        EXPECT_EQ(r.machine->run(), StopKind::Finished);
    }
}

TEST(WatchGovernor, OnlyFaultsThatFollowEachOtherFastMakeAPageHot) {
    for (const auto& [faultNs, isHot] : {std::pair<uint64_t, bool>{10'000, true}, {200'000, false}}) {
        jit::WatchGovernor governor;
        uint64_t ns = 1'000'000;
        uint32_t faults = 0;
        while (!governor.isHot([&] { return ns; }) && ++faults < 10'000)
            ns += faultNs;
        EXPECT_EQ(faults < 10'000, isHot) << faultNs;
        EXPECT_TRUE(!isHot || faults < 200) << "each of them takes long";
    }
}

/// A loop that writes every second word of a page.
Program hotPage() {
    Program p;
    p.pages = 2;
    p.functions.push_back({"i32", "i32", "i32", R"(
        loop
          local.get 0; i32.const 255; i32.and; i32.const 3; i32.shl
          local.get 1; local.get 0; i32.add; local.tee 1; i32.store 4096
          local.get 0; i32.const 255; i32.and; i32.const 3; i32.shl; i32.const 4096; i32.const 4
          memory.copy 0 0
          local.get 0; i32.const 1; i32.sub; local.tee 0; br_if 0
        end
        local.get 1)"});
    return p;
}

TEST(WatchGovernor, MachineCodeLooksItselfWherePagesAreHot) {
    // With a fault for each of these accesses this would take a minute; what it takes here depends on the machine, and is no test.
    Running plain(hotPage()), watched(hotPage());
    if (!watched.store.setTier(Tier::Jit)) GTEST_SKIP() << "no compiler for this machine";
    plain.link().start({Value::i32(5'000'000)});
    watched.link();
    const jit::Jit& jit = *(*watched.store.code(watched.function()))->context->store->jit;
    const WatchId id = watchIn(watched, 4096 + 2004, 4, WatchKind::Change);
    watched.start({Value::i32(5'000'000)});
    EXPECT_EQ(jit.looks(), jit::Looks::Never);
    EXPECT_EQ(plain.machine->run(), StopKind::Finished);
    EXPECT_EQ(watched.machine->run(), StopKind::Finished);
    EXPECT_EQ(jit.looks(), jit::Looks::AtWrites);
    EXPECT_EQ(watched.store.compiled().functions, 1u);
    EXPECT_EQ(watched.machine->results(), plain.machine->results());
    EXPECT_EQ(watched.machine->tick(), plain.machine->tick());
    EXPECT_EQ(copyOf(watched.memory()), copyOf(plain.memory()));

    // What is watched besides takes other code, and none where nothing is.
    const WatchId second = watchIn(watched, 4096 + 2012, 4, WatchKind::Read);
    watched.start({Value::i32(100'000)});
    EXPECT_EQ(watched.machine->run(), StopKind::Finished);
    EXPECT_EQ(jit.looks(), jit::Looks::AtAll);
    watched.machine->unwatch(id);
    watched.machine->unwatch(second);
    watched.start({Value::i32(10)});
    EXPECT_EQ(watched.machine->run(), StopKind::Finished);
    EXPECT_EQ(jit.looks(), jit::Looks::Never);
    EXPECT_EQ(watched.store.compiled().functions, 1u);
}

TEST(Watch, IsRefusedWhereThereIsNothingToWatch) {
    Memories m(Memories::k32, {""});
    EXPECT_FALSE(m.machine->watch({MemAddr(0), 5, 0, WatchKind::Change}).ok());
    EXPECT_FALSE(m.machine->watch({MemAddr(2), 5, 1, WatchKind::Change}).ok());
    EXPECT_FALSE(m.machine->watch({MemAddr(0), 0xffffffff, 2, WatchKind::Change}).ok());
    EXPECT_TRUE(m.machine->watch({MemAddr(0), 0, uint64_t{1} << 32, WatchKind::Change}).ok());
}

}  // namespace
}  // namespace engine
