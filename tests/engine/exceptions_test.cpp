// Exceptions beyond the standard's scripts: the two phases, stops at a throw, unwinding past frames that somebody watches, hosts.
#include <gtest/gtest.h>

#include "engine/code.h"
#include "engine/fusion.h"
#include "engine/gc_heap.h"
#include "tests/engine/program_builder.h"

using namespace engine;
using namespace engine::test;

namespace {

/// 0 catches tag 0 of what 1 calls, and adds 1 to its argument; 2 throws its parameter with tag `thrown`.
Program thrower(const std::string& thrown) {
    Program program;
    program.tags = {"i32", "i32"};
    program.functions = {
        {"i32", "i32", "",
         "block i32; try_table i32 catch 0 0; local.get 0; call 1; end; return; end; i32.const 1; i32.add"},
        {"i32", "i32", "", "local.get 0; call 2"},
        {"i32", "i32", "", "local.get 0; throw " + thrown}};
    return program;
}

constexpr uint32_t kThrow = 1, kBehindBlock = 7;  // instructions of functions 2 and 0

TEST(Exceptions, UncaughtLeavesAllFramesAsTheyWere) {
    Running r(thrower("1"));
    r.link().start({Value::i32(7)});
    for (int again = 0; again < 2; ++again) {
        EXPECT_EQ(r.machine->run(), StopKind::Trapped);
        EXPECT_EQ(r.machine->trap().text(), "uncaught exception: tag1(7)");
        EXPECT_EQ(r.machine->depth(), 3u);
        EXPECT_EQ(r.machine->location(), r.at(kThrow, "2"));
        EXPECT_EQ(*r.machine->operands(0), std::vector{Value::i32(7)});
    }
    const auto exception = r.machine->exception();
    ASSERT_TRUE(exception);
    EXPECT_EQ(exception->text(), "tag1(7)");
    EXPECT_FALSE(exception->catcher);
}

TEST(Exceptions, StopAtTheThrowWhenAskedTo) {
    Running r(thrower("0"));
    r.link();
    r.machine->breakOnThrow(ThrowBreak::Always);
    r.start({Value::i32(7)});
    EXPECT_EQ(r.machine->run(), StopKind::Exception);
    EXPECT_EQ(r.machine->depth(), 3u);
    const auto exception = r.machine->exception();
    ASSERT_TRUE(exception && exception->catcher);
    EXPECT_EQ(exception->arguments, std::vector{Value::i32(7)});
    EXPECT_EQ(exception->catcher->frame, 2u);
    EXPECT_EQ(exception->catcher->location, r.at(kBehindBlock));
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0].low, 8u);
    EXPECT_FALSE(r.machine->exception());

    r.machine->breakOnThrow(ThrowBreak::Uncaught);
    r.start({Value::i32(7)});
    EXPECT_EQ(r.machine->run(), StopKind::Finished);

    Running uncaught(thrower("1"));
    uncaught.link();
    uncaught.machine->breakOnThrow(ThrowBreak::Uncaught);
    uncaught.start({Value::i32(7)});
    EXPECT_EQ(uncaught.machine->run(), StopKind::Exception);
    EXPECT_EQ(uncaught.machine->run(), StopKind::Trapped);
}

TEST(Exceptions, AStepStopsAtTheThrowOnceThenWhereItIsCaught) {
    Running r(thrower("0"));
    r.link();
    r.machine->breakOnThrow(ThrowBreak::Always);
    r.start({Value::i32(7)});
    ASSERT_TRUE(r.machine->setBreakpoint(r.at(kThrow, "2")).ok());
    EXPECT_EQ(r.machine->run(), StopKind::Breakpoint);
    EXPECT_EQ(r.machine->step(), StopKind::Exception);
    EXPECT_EQ(r.machine->step(), StopKind::Stepped);
    EXPECT_EQ(r.machine->location(), r.at(kBehindBlock));
    EXPECT_EQ(r.machine->depth(), 1u);
    EXPECT_EQ(*r.machine->operands(0), std::vector{Value::i32(7)});
}

TEST(Exceptions, ABreakpointWhereItIsCaughtIsReported) {
    Running r(thrower("0"));
    r.link().start({Value::i32(7)});
    ASSERT_TRUE(r.machine->setBreakpoint(r.at(kBehindBlock)).ok());
    EXPECT_EQ(r.machine->run(), StopKind::Breakpoint);
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
}

TEST(Exceptions, UnwindingStopsBelowTheDepthOfAStep) {
    Running r(thrower("0"));
    r.link().start({Value::i32(7)});
    ASSERT_TRUE(r.machine->setBreakpoint(r.at(0, "2")).ok());
    EXPECT_EQ(r.machine->run(), StopKind::Breakpoint);
    EXPECT_EQ(r.machine->run({.minDepth = 2}), StopKind::DepthReached);
    EXPECT_EQ(r.machine->location(), r.at(kBehindBlock));
    EXPECT_TRUE(r.machine->unwound());
    EXPECT_EQ(r.machine->run({.minDepth = 1}), StopKind::Finished) << "the frame itself goes on";
}

TEST(Exceptions, UnwindManyFramesAtOnce) {
    constexpr uint32_t kDepth = 100'000;
    Program program;
    program.tags = {"i64"};
    program.functions = {
        {"i32", "i64", "", "block i64; try_table catch 0 0; local.get 0; call 1; end; unreachable; end"},
        {"i32", "", "",
         "local.get 0; i32.eqz; if; i64.const 5; throw 0; end; local.get 0; i32.const 1; i32.sub; call 1"},
        // Each frame catches and throws again, as destructors do.
        {"i32", "i64", "", "try i64; local.get 0; call 3; i64.const 0; catch 0; end"},
        {"i32", "", "",
         "try; local.get 0; i32.eqz; if; i64.const 6; throw 0; end; local.get 0; i32.const 1; i32.sub; call "
         "3; "
         "catch_all; rethrow 0; end"}};
    for (const auto& [entry, result] : {std::pair{"0", 5u}, std::pair{"2", 6u}}) {
        Running r(program);
        r.link().start({Value::i32(kDepth)}, entry);
        ASSERT_EQ(r.machine->run(), StopKind::Finished) << entry;
        EXPECT_EQ(r.machine->results()[0].low, result);
    }
}

TEST(Exceptions, AreCaughtInAnotherInstanceWithItsMemory) {
    Program inner;
    inner.tags = {"i32"};
    inner.functions = {{"", "", "", "i32.const 3; throw 0"}};
    inner.pages = 1;
    inner.data = {1};
    Running r(inner);
    r.link();
    Program outer;
    outer.imports = {{"inner.0", {"", "", "", ""}}};
    outer.functions = {
        {"", "i32", "", "block; try_table catch_all 0; call 0; end; end; i32.const 0; i32.load8_u"}};
    outer.pages = 1;
    outer.data = {9};
    auto module = *decode(outer.bytes());
    ASSERT_TRUE(validateModule(*module).ok());
    Trap trap;
    const auto id = r.store.instantiate(
        module,
        [&](const Import&, const Module&) -> Result<Extern> {
            return Extern{ExternKind::Func, r.function().value};
        },
        &trap);
    ASSERT_TRUE(id.ok());
    ASSERT_TRUE(r.machine->start(FuncAddr(r.store.instance(*id).exported("0")->address), {}).ok());
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0].low, 9u);
}

TEST(Exceptions, OfHostFunctionsAreCaughtAndTheHostIsCalledOnce) {
    Program program;
    program.tags = {"i32 v128"};
    program.imports = {{"env.f", {"", "", "", ""}}};
    program.functions = {
        {"", "i32", "", "block; try_table catch_all 0; call 0; end; end; i32.const 4"},
        {"", "", "", "call 0"},
        {"", "i32", "", "block; try_table catch_all 0; return_call 4; end; end; i32.const 4"},
        {"", "i32", "", "call 0; i32.const 5"},
        {"", "", "", "block; try_table catch_all 0; return_call 0; end; end"}};
    Running r(program);
    int calls = 0;
    r.host("env.f", [&](HostCall&) {
        ++calls;
        const TagAddr tag = r.store.instance(r.id).tags[0];
        return HostOutcome::threw(*r.store.newException(tag, std::vector{Value::i32(3), Value{kV128, 1, 2}}));
    });
    r.link().start();
    r.machine->breakOnThrow(ThrowBreak::Always);
    EXPECT_EQ(r.machine->run(), StopKind::Exception);
    EXPECT_EQ(r.machine->exception()->text(), "tag0(3, i32x4 0x00000001 0x00000000 0x00000002 0x00000000)");
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0].low, 4u);
    EXPECT_EQ(calls, 1);

    r.start();
    EXPECT_EQ(r.machine->run(), StopKind::Exception);
    EXPECT_EQ(r.machine->step(), StopKind::Stepped);
    EXPECT_EQ(r.machine->location(), r.at(5));
    EXPECT_EQ(r.machine->run(), StopKind::Finished) << "it was caught, and is not thrown again";

    r.machine->breakOnThrow(ThrowBreak::Never);
    r.start({}, "1");
    EXPECT_EQ(r.machine->run(), StopKind::Trapped);
    EXPECT_EQ(r.machine->location(), r.at(0, "1"));
    EXPECT_EQ(r.machine->run(), StopKind::Trapped);
    EXPECT_EQ(calls, 3) << "not called again";
    for (const char* tail : {"2", "4"}) {
        r.machine->abandon();
        r.start({}, tail);
        EXPECT_EQ(r.machine->run(), StopKind::Trapped) << "a tail call has left the try_table: " << tail;
    }
}

TEST(Exceptions, PassThroughAHostThatRunsGuestCode) {
    Program program;
    program.tags = {"i32"};
    program.imports = {{"env.f", {"", "", "", ""}}};
    program.functions = {{"", "i32", "", "block i32; try_table catch 0 0; call 0; end; i32.const 1; end"},
                         {"", "", "", "i32.const 3; throw 0"}};
    Running r(program);
    r.host("env.f", [&](HostCall& call) {
        CHECK(call.machine.start(r.function("1"), {}).ok());
        EXPECT_EQ(call.machine.run(), StopKind::Trapped) << "the host's call is a run of its own";
        const auto exception = call.machine.exception();
        return HostOutcome::threw(*r.store.newException(exception->tag, exception->arguments));
    });
    r.link().start();
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0].low, 3u);
}

TEST(Exceptions, RethrowTakesThatOfItsOwnActivation) {
    Program program;
    program.tags = {"i32"};
    // 1(n) catches n, lets 1(n-1) catch and end, then throws its own again.
    program.functions = {{"i32", "i32", "", "try i32; local.get 0; call 1; i32.const 0; catch 0; end"},
                         {"i32", "", "",
                          "try; local.get 0; throw 0; catch 0; drop; local.get 0; if; try; local.get 0; "
                          "i32.const 1; i32.sub; call 1; "
                          "catch 0; drop; end; end; rethrow 0; end"}};
    Running r(program);
    r.store.heap().setStress(true);
    r.link().start({Value::i32(20)});
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0].low, 20u);
    EXPECT_GT(r.store.heap().collections(), 20u);
}

TEST(Exceptions, ALegacyTryHasItsOwnClausesOnly) {
    Program program;
    program.tags = {"i32", "i32"};
    program.functions = {
        {"", "i32", "",
         "block i32; try_table catch 0 0; i32.const 5; throw 0; end; unreachable; end; drop; "
         "try i32; i32.const 6; throw 0; catch 0; i32.const 1; i32.add; end"}};
    Running r(program);
    r.link().start();
    ASSERT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0].low, 7u);
}

TEST(Exceptions, LeaveTheOperandsBelowTheirBlockAsTheyWere) {
    Program program;
    program.tags = {"i32"};
    const std::string thrown = "i32.const 1; i32.const 2; i32.const 3; throw 0; ";
    const std::string sum = "i32.add; local.get 0; i32.add";
    program.functions = {
        {"i32", "i32", "",
         "i32.const 100; block i32; try_table catch 0 0; " + thrown + "end; unreachable; end; " + sum},
        {"i32", "i32", "", "i32.const 100; try i32; " + thrown + "catch 0; end; " + sum}};
    for (const char* entry : {"0", "1"}) {
        Running r(program);
        r.link().start({Value::i32(1000)}, entry);
        ASSERT_EQ(r.machine->run(), StopKind::Finished);
        EXPECT_EQ(r.machine->results()[0].low, 1103u) << entry;
    }
}

TEST(Exceptions, CaughtByALoopBeginItAnew) {
    Program program;
    program.tags = {""};
    program.functions = {{"i32", "i32", "",
                          "loop; try_table catch_all 0; local.get 0; i32.const 1; i32.sub; local.tee 0; if; "
                          "throw 0; end; end; end; local.get 0"}};
    Running r(program);
    r.link().start({Value::i32(5)});
    const uint64_t before = r.machine->tick();
    ASSERT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(r.machine->results()[0].low, 0u);
    EXPECT_EQ(r.machine->tick() - before, 5u) << "each time the loop counts";
}

TEST(Exceptions, AreKeptForRethrowsAsLongAsTheirBlocksOnly) {
    Program program;
    program.tags = {""};
    program.functions = {{"i32", "", "",
                          "loop; try; throw 0; catch_all; local.get 0; i32.eqz; if; rethrow 1; end; end; "
                          "local.get 0; i32.const 1; i32.sub; local.tee 0; br_if 0; end"}};
    Running r(program);
    r.link().start({Value::i32(1'200'000)});
    EXPECT_EQ(r.machine->run(), StopKind::Finished) << "more than may be kept at once";
}

TEST(Exceptions, ANullReferenceTraps) {
    Program program;
    program.functions = {{"", "", "", "ref.null 0x69; throw_ref"}};
    Running r(program);
    r.link().start();
    EXPECT_EQ(r.machine->run(), StopKind::Trapped);
    EXPECT_EQ(r.machine->trap().kind, TrapKind::NullException);
}

TEST(Exceptions, OfARunThatIsOverAreForgottenByTheNext) {
    Program program;
    program.tags = {"i32"};
    program.functions = {
        {"i32", "", "", "try; i32.const 7; throw 0; catch 0; drop; local.get 0; if; rethrow 1; end; end"},
        {"", "", "",
         "block exnref; try_table catch_all_ref 0; i32.const 1; throw 0; end; unreachable; end; drop"}};
    Running r(program);
    r.store.heap().setStress(true);
    const auto liveAfter = [&] {
        r.start({}, "1");
        EXPECT_EQ(r.machine->run(), StopKind::Finished);
        return r.store.heap().liveBytes();
    };
    r.link();
    EXPECT_EQ(liveAfter(), 0u);
    r.start({Value::i32(0)});
    EXPECT_EQ(r.machine->run(), StopKind::Finished);
    EXPECT_EQ(liveAfter(), 0u) << "what a catch block kept";
    r.start({Value::i32(1)});
    EXPECT_EQ(r.machine->run(), StopKind::Trapped);
    r.machine->abandon();
    EXPECT_EQ(liveAfter(), 0u) << "what was about to be thrown again";
}

TEST(Exceptions, TrapWhereThereIsNoMemoryForOne) {
    Program program;
    program.tags = {"i32"};
    program.functions = {
        {"", "exnref", "",
         "block exnref; try_table catch_all_ref 0; i32.const 1; throw 0; end; unreachable; end"}};
    StoreLimits limits;
    limits.maxMemoryBytes = 1000;
    Running r(program, limits);
    r.link().start();
    EXPECT_EQ(r.machine->run(), StopKind::Trapped);
    EXPECT_EQ(r.machine->trap().kind, TrapKind::AllocationFailure);
    EXPECT_EQ(r.machine->location(), r.at(3));
}

/// 0 catches tag 0; 1(n), with as many regions as given that catch tag 1, calls itself n times, then throws tag 0.
Program deepThrower(uint32_t regions, const std::string& clauses) {
    Program program;
    program.tags = {"", ""};
    std::string code;
    for (uint32_t i = 0; i < regions; ++i)
        code += "try_table" + clauses + ";";
    code += "local.get 0; i32.eqz; if; throw 0; end; local.get 0; i32.const 1; i32.sub; call 1;";
    for (uint32_t i = 0; i < regions; ++i)
        code += "end;";
    program.functions = {
        {"i32", "i32", "", "block; try_table catch_all 0; local.get 0; call 1; end; end; i32.const 4"},
        {"i32", "", "", code}};
    return program;
}

TEST(Exceptions, ALongSearchHearsYieldsAndGoesOnWhereItWas) {
    std::string clauses;
    for (int i = 0; i < 10'000; ++i)
        clauses += " catch 1 0";
    // 300,000 regions; 150,000 frames without any; 300,000 clauses of 30 frames.
    for (const auto& [program, depth] : {std::pair{deepThrower(100, " catch 1 0"), 3'000u},
                                         {deepThrower(0, ""), 150'000u},
                                         {deepThrower(1, clauses), 30u}}) {
        Running r(program);
        r.link().start({Value::i32(depth)});
        while (r.machine->depth() < depth + 2 && r.machine->run({.tick = depth + 2}) == StopKind::Yielded) {
        }
        const uint64_t tick = r.machine->tick();
        uint32_t yields = 0;
        do
            r.machine->requestYield();
        while (r.machine->run() == StopKind::Yielded && ++yields < 200);
        EXPECT_GE(yields, 6u);
        EXPECT_LT(yields, 200u) << "it began anew each time";
        EXPECT_EQ(r.machine->tick(), tick);
        ASSERT_EQ(r.machine->results().size(), 1u);
        EXPECT_EQ(r.machine->results()[0].low, 4u);
    }
}

TEST(Exceptions, AViewOfOneSearchesForSoLongOnly) {
    Running r(deepThrower(100, " catch 1 0"));
    r.link().start({Value::i32(8'000)});
    const uint32_t throwing = 103;
    ASSERT_TRUE(r.machine->setBreakpoint(r.at(throwing, "1")).ok());
    StopKind stop = r.machine->run();
    while (stop == StopKind::Yielded)
        stop = r.machine->run();
    ASSERT_EQ(stop, StopKind::Breakpoint);
    const auto first = r.machine->exception();
    ASSERT_TRUE(first);
    EXPECT_FALSE(first->isSearched);
    EXPECT_FALSE(first->catcher);
    auto view = first;
    for (int i = 0; i < 10 && !view->isSearched; ++i)
        view = r.machine->exception();
    ASSERT_TRUE(view->isSearched && view->catcher);
    EXPECT_EQ(view->catcher->frame, 8'001u);
}

TEST(Exceptions, OfAHostInACallThatIsOverIsForgotten) {
    Program program;
    program.tags = {"i32"};
    program.imports = {
        {"h.thrower", {"", "", "", ""}}, {"h.outer", {"", "", "", ""}}, {"h.plain", {"", "", "", ""}}};
    program.functions = {{"", "", "", "call 0"}, {"", "", "", "call 1; call 5"}, {"", "", "", "call 2"}};
    Running r(program);
    r.host("h.thrower", [&](HostCall&) {
        return HostOutcome::threw(
            *r.store.newException(r.store.instance(r.id).tags[0], std::vector{Value::i32(7)}));
    });
    r.host("h.outer", [&](HostCall& call) {
        CHECK(call.machine.start(r.function("0"), {}).ok());
        EXPECT_EQ(call.machine.run(), StopKind::Trapped);
        return HostOutcome::done();
    });
    r.host("h.plain", [&](HostCall&) {
        Trap trap;
        trap.kind = TrapKind::Host;
        trap.message = "a trap of the host";
        return HostOutcome::trapped(trap);
    });
    r.link().start({}, "1");
    EXPECT_EQ(r.machine->run(), StopKind::Trapped);
    EXPECT_EQ(r.machine->trap().text(), "a trap of the host");
    EXPECT_FALSE(r.machine->exception());
}

TEST(Exceptions, OfCatchBlocksThatWereLeftAreGarbage) {
    const std::string large = "i32.const 60000000; array.new_default 0;",
                      caught = "drop; i32.const 0; if; rethrow 1; end; end;";
    Program program;
    program.objectTypes = {{0x5e, 0x78, 1}};
    program.tags = {"ref:0"};
    program.functions = {
        {"", "", "", "call 1;" + large + "drop"},
        {"", "", "", "try;" + large + "throw 0; catch 0;" + caught},
        {"", "", "", "try;" + large + "throw 0; catch 0;" + caught + large + "drop"},
        {"", "", "i32",
         "loop; try;" + large + "throw 0; catch 0;" + caught +
             "local.get 0; i32.const 1; i32.add; local.tee 0; i32.const 3; i32.lt_u; br_if 0; end"}};
    StoreLimits limits;
    limits.maxMemoryBytes = 100'000'000;
    for (const char* name : {"0", "2", "3"}) {
        Running r(program, limits);
        r.link().start({}, name);
        EXPECT_EQ(r.machine->run(), StopKind::Finished) << name << ": " << r.machine->trap().text();
    }
}

TEST(Exceptions, ConstructsCostNoDispatch) {
    Program program;
    program.tags = {"i32"};
    program.functions = {
        {"", "", "", "block i32; try_table catch 0 0; try_table; nop; end; end; i32.const 0; end; drop"}};
    Running r(program);
    r.link();
    Code& code = **r.store.code(r.function());
    fuse(code);
    EXPECT_EQ(code.cells[0].a, 6u) << "one jump over block, try_tables, nop and ends";
}

}  // namespace
