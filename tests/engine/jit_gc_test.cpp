// Structures, arrays and casts of machine code, against the interpreter.
#include "engine/gc_heap.h"
#include "tests/engine/jit_pair.h"

namespace engine {
namespace {

using namespace test;

/// Types 0: an i64 and the next one. 1: a subtype of it with an f64, a v128 and an f32. 2: packed fields. 3 to 7: arrays of i8, i16, f32, i64
/// and of references. 8: structures of 0, as long as a few of the heap's cells.
Program objects() {
    Program p;
    p.objectTypes = {{0x50, 0, 0x5f, 2, 0x7e, 1, 0x63, 0, 1},
                     {0x50, 1, 0, 0x5f, 5, 0x7e, 1, 0x63, 0, 1, 0x7c, 1, 0x7b, 1, 0x7d, 1},
                     {0x5f, 3, 0x78, 1, 0x77, 1, 0x7f, 1},
                     {0x5e, 0x78, 1},
                     {0x5e, 0x77, 1},
                     {0x5e, 0x7d, 1},
                     {0x5e, 0x7e, 1},
                     {0x5e, 0x63, 0, 1}};
    // 0: a list of structures of both types, walked with casts.
    p.functions.push_back({"i32", "i64", "ref:0 i64 f64 v128 f32 ref:1 i32", R"(
        loop
          local.get 2; i64.const 3; i64.mul
          local.get 0; i64.extend_i32_u; local.get 1; struct.new 0; local.set 1
          local.get 1; ref.cast 0; struct.get 0 0; i64.add; local.set 2
          local.get 0; i32.const 1; i32.and
          if
            local.get 2; local.get 1; local.get 3; f64.const 1.5; f64.add; local.tee 3
            local.get 4; local.get 4; i8x16.sub; local.get 0; i32x4.splat; v128.or; local.tee 4
            local.get 0; f32.convert_i32_u; local.tee 5
            struct.new 1; local.tee 1
            ref.test 1; local.get 7; i32.add; local.set 7
          else
            struct.new_default 1; local.tee 6; local.get 3; struct.set 1 2
            local.get 6; local.get 5; struct.set 1 4
            local.get 6; local.get 4; struct.set 1 3
            local.get 6; local.get 1; struct.set 1 1
            local.get 6; i64.const 77; struct.set 1 0
            local.get 6; local.set 1
          end
          local.get 1; struct.get 0 1; ref.is_null; if
            i32.const 1000; local.set 7
          end
          local.get 0; i32.const 1; i32.sub; local.tee 0
          br_if 0
        end
        loop
          local.get 1; struct.get 0 0; local.get 2; i64.xor; i64.const 1; i64.rotl; local.set 2
          local.get 1; ref.test 1
          if
            local.get 1; ref.cast 1; local.tee 6
            struct.get 1 2; local.get 6; struct.get 1 4; f64.promote_f32; f64.add; local.get 3; f64.add; local.set 3
            local.get 6; struct.get 1 3; local.get 4; i32x4.add; local.set 4
          end
          local.get 1; struct.get 0 1; local.tee 1
          ref.is_null; i32.eqz
          br_if 0
        end
        local.get 2; local.get 7; i64.extend_i32_u; i64.add
        local.get 3; i64.trunc_sat_f64_s; i64.add; local.get 4; i64x2.extract_lane 1; i64.add)"});
    // 1: packed fields. 2: arrays; the parameter is an index that need not be in them. 3 to 6: what traps.
    p.functions.push_back({"i32", "i32", "ref:2", R"(
        local.get 0; local.get 0; local.get 0; struct.new 2; local.tee 1
        struct.get_s 2 0; local.get 1; struct.get_u 2 0; i32.add
        local.get 1; struct.get_s 2 1; i32.add; local.get 1; struct.get_u 2 1; i32.add
        local.get 1; local.get 0; i32.const 77777; i32.mul; struct.set 2 1
        local.get 1; local.get 0; i32.const 3; i32.mul; struct.set 2 0
        local.get 1; i32.const -5; struct.set 2 2
        local.get 1; struct.get_u 2 1; i32.add; local.get 1; struct.get_s 2 0; i32.add
        local.get 1; struct.get 2 2; i32.add)"});
    p.functions.push_back({"i32", "i64", "ref:3 ref:4 ref:5 ref:6 ref:7 i64 i32", R"(
        i32.const 10; array.new_default 3; local.set 1
        i32.const 10; array.new_default 4; local.set 2
        i32.const 10; array.new_default 5; local.set 3
        i32.const 10; array.new_default 6; local.set 4
        i32.const 10; array.new_default 7; local.set 5
        loop
          local.get 1; local.get 7; local.get 0; array.set 3
          local.get 2; local.get 7; local.get 0; i32.const -300; i32.mul; array.set 4
          local.get 3; local.get 7; local.get 0; f32.convert_i32_s; array.set 5
          local.get 4; local.get 7; local.get 0; i64.extend_i32_s; array.set 6
          local.get 5; local.get 7; i64.const 4; ref.null 0; struct.new 0; array.set 7
          local.get 7; i32.const 1; i32.add; local.tee 7; i32.const 9; i32.lt_u; br_if 0
        end
        local.get 1; local.get 0; array.get_s 3; local.get 1; local.get 0; array.get_u 3; i32.add
        local.get 2; local.get 0; array.get_s 4; i32.add; local.get 2; local.get 0; array.get_u 4; i32.add
        local.get 3; local.get 0; array.get 5; i32.trunc_f32_s; i32.add
        local.get 3; array.len; i32.add; i64.extend_i32_s
        local.get 4; local.get 0; array.get 6; i64.add; local.set 6
        local.get 5; local.get 0; array.get 7; struct.get 0 0; local.get 6; i64.add)"});
    p.functions.push_back({"i32", "i64", "ref:0", "i64.const 1; local.get 1; struct.get 0 0; i64.add"});
    p.functions.push_back({"i32", "i64", "ref:0", "local.get 1; i64.const 5; struct.set 0 0; i64.const 1"});
    p.functions.push_back({"i32", "i64", "ref:6", "local.get 1; local.get 0; array.get 6"});
    p.functions.push_back(
        {"i32", "i64", "", "i64.const 5; ref.null 0; struct.new 0; ref.cast 1; struct.get 1 0"});
    p.functions.push_back({"i32", "i32", "ref:6", "local.get 1; array.len"});
    p.functions.push_back({"i32", "i32", "", R"(
        local.get 0; ref.i31; i31.get_s; local.get 0; ref.i31; i31.get_u; i32.xor
        local.get 0; ref.i31; ref.test 0; i32.add)"});
    return p;
}

TEST_F(Jit, ObjectsAsTheInterpreterHasThem) {
    for (const bool isStressed : {false, true}) {
        Pair p(objects());
        p.plain.store.heap().setStress(isStressed);
        p.fast.store.heap().setStress(isStressed);
        for (const uint32_t argument : {0u, 1u, 9u, 10u, 0x7fffffffu, 0xffffff80u}) {
            for (const char* function : {"1", "2", "3", "4", "5", "6", "7", "8"}) {
                SCOPED_TRACE(testing::Message() << function << " of " << argument << " " << isStressed);
                p.plain.machine->abandon();
                p.fast.machine->abandon();
                p.start({Value::i32(argument)}, function);
                ASSERT_NO_FATAL_FAILURE(p.run());
            }
        }
        EXPECT_EQ(p.fast.store.compiled().functions, 8u);
    }
}

/// So many that there are collections and no free cells now and then. References are equal only if both have allocated alike.
TEST_F(Jit, ObjectsAreAllocatedInTheSamePlaces) {
    Pair p(objects());
    p.start({Value::i32(300)});
    for (uint64_t tick = 2; !p.ended(); ++tick)
        ASSERT_NO_FATAL_FAILURE(p.run({.tick = tick}));
    p.start({Value::i32(200'000)});
    for (uint64_t tick = p.plain.machine->tick() + 5000; !p.ended(); tick += 9999)
        ASSERT_NO_FATAL_FAILURE(p.run({.tick = tick}));
    EXPECT_GE(p.plain.store.heap().collections(), 1u);
    EXPECT_EQ(p.fast.store.heap().collections(), p.plain.store.heap().collections());
    EXPECT_EQ(p.fast.store.heap().bytesUsed(), p.plain.store.heap().bytesUsed());
}

}  // namespace
}  // namespace engine
