#!/usr/bin/env bash
# Rebuilds the programs that the tests run from their sources. Needs the packages clang-22 lld-22 llvm-22 wasi-libc
# libclang-rt-22-dev-wasm32 wabt. The library's own debug information is left out: its objects are linked from a stripped copy.
set -euo pipefail
cd "$(dirname "$0")"
library=$(mktemp -d)
trap 'rm -rf "$library"' EXIT
for archive in /usr/lib/wasm32-wasi/*.a; do llvm-strip-22 --strip-debug -o "$library/$(basename "$archive")" "$archive"; done
# One program in both encodings of exceptions, the present and the legacy one; without a library.
exceptions() {
    clang++-22 --target=wasm32-wasip1 -Wall -std=c++20 -O0 -g -gdwarf-4 --no-wasm-opt -nostdlib -Wl,--no-entry -Wl,--export=_start \
        -fwasm-exceptions -mllvm -wasm-use-legacy-eh="$1" -ffile-prefix-map="$PWD"=. -fdebug-compilation-dir=. -o "$2" throw.cpp
}
exceptions true throw.wasm
exceptions false throw_ref.wasm
for source in *.c; do
    echo "building ${source%.c}.wasm"
    clang-22 --target=wasm32-wasi -Wno-deprecated -Wall -Wno-infinite-recursion -O0 -g -gdwarf-4 -mtail-call --no-wasm-opt \
        -L"$library" -ffile-prefix-map="$PWD"=. -fdebug-compilation-dir=. -o "${source%.c}.wasm" "$source"
done
for source in *.wat; do
    echo "building ${source%.wat}.wasm"
    wat2wasm --enable-threads --debug-names -o "${source%.wat}.wasm" "$source"
done
