(module
  (func (export "_start")
    i32.const 1
    i32.ad
    drop)
  (func i64.foo))
