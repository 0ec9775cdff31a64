;; Objects of the garbage-collected heap, for the transcript tests/sessions/objects.dbg: a list that is a cycle, text, a large array,
;; i31 values, a function. Assembled by binaryen (wasm-as --all-features --strip-producers -g), since the suites' wat2wasm knows no GC.
(module
  (type $Text (array (mut i8)))
  (type $Action (func (param i32) (result i32)))
  (type $Node (sub (struct
    (field $value i32)
    (field $next (mut (ref null $Node))))))
  (type $Named (sub final $Node (struct
    (field $value i32)
    (field $next (mut (ref null $Node)))
    (field $name (ref $Text))
    (field $flags i8)
    (field $action (ref $Action)))))
  (type $Anything (array (mut anyref)))
  (type $Numbers (array (mut f64)))

  (memory (export "memory") 1)
  (global $head (mut (ref null $Node)) (ref.null $Node))
  (global $five i31ref (ref.i31 (i32.const -5)))
  (elem declare func $double)
  (data $hello "hello, heap")

  (func $double (type $Action) (param $x i32) (result i32)
    (i32.mul (local.get $x) (i32.const 2)))

  (func $build (param $count i32) (result (ref $Named))
    (local $first (ref null $Named))
    (local $node (ref null $Node))
    (local $all (ref null $Anything))
    (local $numbers (ref null $Numbers))
    (local.set $first
      (struct.new $Named
        (i32.const 1)
        (ref.null $Node)
        (array.new_data $Text $hello (i32.const 0) (i32.const 11))
        (i32.const -1)
        (ref.func $double)))
    ;; The list leads back to where it began.
    (local.set $node (struct.new $Node (i32.const 2) (local.get $first)))
    (struct.set $Named $next (local.get $first) (local.get $node))
    (global.set $head (local.get $first))
    (local.set $numbers (array.new $Numbers (f64.const 1.5) (local.get $count)))
    (local.set $all
      (array.new_fixed $Anything 4
        (ref.i31 (i32.const 7))
        (local.get $first)
        (ref.null none)
        (local.get $numbers)))
    (nop)
    (ref.as_non_null (local.get $first)))

  (func (export "_start")
    (local $built (ref null $Named))
    (local.set $built (call $build (i32.const 1000)))
    (drop (struct.get $Named $value (ref.cast (ref $Named) (global.get $head))))
    (drop (struct.get $Node $value (struct.get $Node $next (struct.get $Node $next (global.get $head)))))
    (drop (ref.cast (ref $Text) (array.get $Anything (array.new_default $Anything (i32.const 1)) (i32.const 0))))))
