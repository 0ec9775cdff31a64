;; Writes 250,000 words, 0, 4, 8 …, with one call to standard output; traps if not all of them went.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 17)
  (func $main (export "_start") (local $at i32)
    (loop $fill
      (i32.store (i32.add (i32.const 64) (local.get $at)) (local.get $at))
      (br_if $fill (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 1000000))))
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 1000000))
    (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
    (if (i32.ne (i32.load (i32.const 8)) (i32.const 1000000)) (then unreachable))))
