// node_host.mjs PROGRAM: runs a WASI program in Node's own WASI, with this folder as ".".
import fs from 'node:fs';
import { WASI } from 'node:wasi';

const wasi = new WASI({ version: 'preview1', args: ['program'], env: process.env, preopens: { '.': '.' } });
const module = new WebAssembly.Module(fs.readFileSync(process.argv[2]));
process.exitCode = wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
