;; A constant global and one that can be set; calls itself until the call stack is exhausted.
(module
  (global $constant i32 (i32.const 7))
  (global $variable (mut i32) (i32.const 7))
  (func $rec (call $rec))
  (func (export "_start") (call $rec)))
