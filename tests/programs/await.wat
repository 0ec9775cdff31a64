;; Waits for a notification that nobody can send, then with a timeout.
(module
  (memory (export "memory") 1 1 shared)
  (func $wait (export "_start")
    (drop (memory.atomic.wait32 offset=8 (i32.const 8) (i32.const 1) (i64.const -1)))
    (drop (memory.atomic.wait64 (i32.const 16) (i64.const 0) (i64.const 1000000)))
    (drop (memory.atomic.wait32 offset=8 (i32.const 8) (i32.const 0) (i64.const -1)))))
