;; Calls its host without end, as fast as it can; each tenth call is refused.
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (memory (export "memory") 1)
  (func $main (export "_start") (local $left i32)
    (loop $again
      (local.set $left (i32.const 9))
      (loop $ten
        (drop (call $time (i32.const 1) (i64.const 1) (i32.const 16)))
        (br_if $ten (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (drop (call $close (i32.const 99)))
      (br $again))))
