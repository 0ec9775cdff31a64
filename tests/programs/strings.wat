;; Strings in memory: a short one, one of 10,000 letters, one that ends with the memory; and somewhere to stop.
(module
  (memory (export "memory") 1)
  (data (i32.const 16) "short\00")
  (data (i32.const 65532) "last")
  (func $main (export "_start")
    (memory.fill (i32.const 1024) (i32.const 97) (i32.const 10000))
    (nop)))
