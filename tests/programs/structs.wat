;; Beyond the language of wat2wasm.
(module
  (type $point (struct (field i32)))
  (func (export "_start")
    (drop (struct.new $point (i32.const 1)))))
