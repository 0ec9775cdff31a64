;; Stops itself (SIGTSTP), then ends with the errno of that.
(module
  (import "wasi_snapshot_preview1" "proc_raise" (func $raise (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $main (export "_start")
    (call $exit (call $raise (i32.const 19)))))
