;; Writes one line of a million characters, and then lines of 63 characters without end, 64 KiB at a time, as fast as it can.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 32)
  (func $fill (param $from i32) (param $length i32) (param $row i32) (local $i i32)
    (memory.fill (local.get $from) (i32.const 0x78) (local.get $length))
    (loop $again
      (local.set $i (i32.add (local.get $i) (local.get $row)))
      (i32.store8 (i32.sub (i32.add (local.get $from) (local.get $i)) (i32.const 1)) (i32.const 10))
      (br_if $again (i32.lt_u (local.get $i) (local.get $length)))))
  (func $send (param $from i32) (param $length i32)
    (i32.store (i32.const 16) (local.get $from))
    (i32.store (i32.const 20) (local.get $length))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))))
  (func $main (export "_start")
    (call $fill (i32.const 65536) (i32.const 1000000) (i32.const 1000000))
    (call $send (i32.const 65536) (i32.const 1000000))
    (call $fill (i32.const 65536) (i32.const 65536) (i32.const 64))
    (loop $again
      (call $send (i32.const 65536) (i32.const 65536))
      (br $again))))
