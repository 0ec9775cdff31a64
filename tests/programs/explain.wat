;; One of each kind of instruction that explain has something to say about; ends in a trap.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $count (mut i32) (i32.const 3))
  (table funcref (elem $twice $main))
  (type $number (func (param i32) (result i32)))
  (data (i32.const 8) "\10\00\00\00\06\00\00\00hello\n")
  (func $twice (param $x i32) (result i32)
    local.get $x
    i32.const 1
    i32.shl)
  (func $main (export "_start") (local $i i32)
    i32.const 1
    i32.const 8
    i32.const 1
    i32.const 4
    call $fd_write
    drop
    i32.const 20
    i32.const 0
    call_indirect (type $number)
    local.set $i
    loop $again
      local.get $i
      i32.const 20
      i32.sub
      local.tee $i
      if
        br $again
      else
        global.get $count
        global.set $count
      end
      local.get $i
      br_if $again
    end
    block $outer
      i32.const 9
      br_table 0 1 $outer
    end
    i32.const 65533
    i32.load16_s offset=1
    drop
    i32.const 7
    i32.const 0
    i32.div_s
    drop)
  (func (export "outside")
    i32.const 65533
    i32.load offset=4
    drop)
  (func (export "wrong")
    i32.const 20
    i32.const 1
    call_indirect (type $number)
    drop))
