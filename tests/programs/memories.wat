;; Two memories whose bytes differ, for what shows memory.
(module
  (memory $main 1)
  (memory $scratch 2)
  (data (memory $main) (i32.const 16) "in the first")
  (data (memory $scratch) (i32.const 16) "in the second")
  (func (export "_start")
    (i32.store (memory $scratch) (i32.const 0) (i32.const 42))
    (i32.store (memory $main) (i32.const 0) (i32.const 7))))
