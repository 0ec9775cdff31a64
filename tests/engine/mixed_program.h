// A program that does a little of everything, for the tests that compare two ways to run.
#pragma once

#include "tests/engine/program_builder.h"

namespace engine::test {

/// 0: a loop over everything: integers, floats, memory, calls, a table of branches, calls through the table. 1, 2: what it calls.
inline Program mix() {
    Program p;
    p.pages = 1;
    p.functions.push_back({"i32", "i64", "i32 i64 f64 i32 i32 i32 i32 i32", R"(
        loop
          local.get 0; i32.const 1103515245; i32.mul; i32.const 12345; i32.add; local.set 0
          local.get 1; i32.const 2; i32.shl; i32.const 4092; i32.and; local.get 0; i32.store 16
          local.get 1; i32.const 7; i32.and; i32.const 3; i32.eq
          if
            local.get 2; local.get 0; call 1; i64.add; local.set 2
          else
            local.get 3; local.get 0; f64.convert_i32_s; f64.const 0.5; f64.mul; f64.add; local.set 3
          end
          block
            block
              block
                local.get 0; i32.const 3; i32.and
                br_table 0 1 2
              end
              local.get 2; i64.const 7; i64.xor; local.set 2
              br 1
            end
            local.get 2; i64.const 1; i64.rotl; local.set 2
          end
          local.get 4; local.get 4; local.get 0; local.get 1; local.get 0; i32.const 4; i32.rotr; i32.lt_s; select
          i32.sub; local.set 4
          local.get 5; local.get 0; i32.const 255; i32.and; i32.const 2; call_indirect 2 0; i32.xor; local.set 5
          local.get 1; local.get 6; local.get 5; i32.add; local.set 6
          local.tee 7; local.get 4; i32.add; local.set 8
          local.get 1; i32.const 1; i32.add; local.tee 1
          i32.const 40
          i32.lt_u
          br_if 0
        end
        local.get 2; local.get 3; i64.trunc_sat_f64_s; i64.add
        local.get 4; local.get 5; i32.add; local.get 6; i32.add; local.get 8; i32.add; i64.extend_i32_u; i64.add)"});
    p.functions.push_back({"i32", "i64", "i32", R"(
        local.get 0; i32.const 1020; i32.and; local.set 1
        local.get 1; i64.load32_u 16; local.get 1; i32.load8_u 17; i64.extend_i32_u; i64.add)"});
    p.functions.push_back({"i32", "i32", "", R"(
        local.get 0; i32.const 2; i32.lt_s
        if i32
          local.get 0
        else
          local.get 0; i32.const 3; i32.div_u; i32.const 2; call_indirect 2 0
          local.get 0; i32.const 1; i32.shr_u; call 2
          i32.add
        end)"});
    return p;
}

}  // namespace engine::test
