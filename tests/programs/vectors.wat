;; Vectors in locals, on the operand stack and in a global, for tests of how they are shown.
(module
  (memory (export "memory") 1)
  (global $mask (mut v128) (v128.const i16x8 1 -2 3 -4 5 -6 7 -8))
  (func $scale (param $v v128) (result v128)
    local.get $v
    v128.const f32x4 0.5 2 -1 100
    f32x4.mul
    i32x4.trunc_sat_f32x4_u)
  (func $main (export "_start")
    (local $x v128)
    v128.const f32x4 1 2.5 -3 inf
    call $scale
    local.set $x
    i32.const 32
    local.get $x
    v128.store
    local.get $x
    global.get $mask
    i8x16.min_u
    drop))
