// peer.mjs: runs modules for differential_fuzz in this JavaScript engine. It reads from stdin, per module: its length (4 bytes, little
// endian), one byte (0 = only validate, 1 = run), its bytes; and answers in the same way with text. The first answer names the engine.
import fs from 'node:fs';

const CALLS = 2, FUEL = 300;
const ARGUMENTS = { i32: [7, -1], i64: [5n, -9223372036854775808n], f32: [1.5, -0.0], f64: [-2.25, 1e300] };
const view = new DataView(new ArrayBuffer(8));

function read(length) {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length;) {
    let got = 0;
    try { got = fs.readSync(0, bytes, at, length - at); } catch (e) { if (e.code !== 'EAGAIN') throw e; continue; }
    if (got === 0) process.exit(0);
    at += got;
  }
  return bytes;
}

function write(text) {
  const bytes = Buffer.from(text), head = Buffer.alloc(4);
  head.writeUInt32LE(bytes.length);
  const all = Buffer.concat([head, bytes]);
  for (let at = 0; at < all.length;) {
    try { at += fs.writeSync(1, all, at); } catch (e) { if (e.code !== 'EAGAIN') throw e; }
  }
}

// Parameter and result types of the exported functions; the generator writes plain function types only.
function signatures(b) {
  let p = 8;
  const u = () => { let r = 0, s = 1, x; do { x = b[p++]; r += (x & 127) * s; s *= 128; } while (x & 128); return r; };
  const list = () => { const n = u(), a = []; for (let i = 0; i < n; i++) a.push({ 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64' }[b[p++]]); return a; };
  const types = [], functions = [], found = {};
  while (p < b.length) {
    const id = b[p++], end = u() + p;
    const n = id === 1 || id === 3 || id === 7 ? u() : 0;
    for (let i = 0; i < n; i++) {
      if (id === 1) { p++; types.push([list(), list()]); }
      if (id === 3) functions.push(u());
      if (id === 7) { const l = u(), name = b.toString('latin1', p, p + l); p += l; const kind = b[p++], index = u(); if (kind === 0) found[name] = types[functions[index]]; }
    }
    p = end;
  }
  return found;
}

function text(type, v) {
  if (type === 'i32') return `i32:${v >>> 0}`;
  if (type === 'i64') return `i64:${BigInt.asUintN(64, v)}`;
  if (Number.isNaN(v)) return `${type}:nan`;
  if (type === 'f32') { view.setFloat32(0, v); return `f32:${view.getUint32(0)}`; }
  view.setFloat64(0, v);
  return `f64:${view.getBigUint64(0)}`;
}

function hash(memory) {
  const words = new Uint32Array(memory.buffer);
  let h = 0x811c9dc5;
  for (let i = 0; i < words.length; i++) h = Math.imul(h ^ words[i], 0x01000193);
  return h >>> 0;
}

function run(bytes) {
  const lines = [];
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports;
  for (const [name, [params, results]] of Object.entries(signatures(bytes))) {
    for (let call = 0; call < CALLS; call++) {
      instance.fuel.value = FUEL;
      let line = `${name} `;
      try {
        let r = instance[name](...params.map((t) => ARGUMENTS[t][call]));
        r = results.length === 0 ? [] : results.length === 1 ? [r] : [...r];
        line += '= ' + r.map((v, i) => text(results[i], v)).join(' ');
      } catch (e) {
        if (e instanceof WebAssembly.RuntimeError) line += `trap ${e.message}`;
        else if (WebAssembly.Exception && e instanceof WebAssembly.Exception) line += 'exception';
        else line += `error ${e.message}`;
      }
      lines.push(line + ` memory ${hash(instance.memory)}`);
    }
  }
  for (const [name, value] of Object.entries(instance)) {
    if (!/^g[0-9]/.test(name)) continue;
    const v = value.value;
    // A global tells no type: numbers are compared as the bits of a double.
    lines.push(`${name} ` + (typeof v === 'bigint' ? text('i64', v) : text('f64', v)));
  }
  return lines.join('\n');
}

const has = (feature, bytes) => (WebAssembly.validate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, ...bytes])) ? ` ${feature}` : '');
const FUNCTION = [1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0];
write(`V8 ${process.versions.v8} in Node ${process.versions.node}:` +
  has('tail-calls', [...FUNCTION, 10, 6, 1, 4, 0, 0x12, 0, 0x0b]) +
  has('atomics', [...FUNCTION, 10, 7, 1, 5, 0, 0xfe, 0x03, 0x00, 0x0b]) +
  has('legacy-exceptions', [...FUNCTION, 10, 8, 1, 6, 0, 0x06, 0x40, 0x19, 0x0b, 0x0b]) +
  has('exceptions', [...FUNCTION, 10, 8, 1, 6, 0, 0x1f, 0x40, 0x00, 0x0b, 0x0b]));
while (true) {
  const head = read(5);
  const bytes = read(head.readUInt32LE(0));
  if (head[4] === 0) {
    let why = 'valid';
    try { new WebAssembly.Module(bytes); } catch (e) { why = e.message; }
    write(why);
    continue;
  }
  try { write(run(bytes)); } catch (e) { write(`refused: ${e.message}`); }
}
