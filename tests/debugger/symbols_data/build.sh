#!/usr/bin/env bash
# Builds the modules of this folder anew (clang 22, lld 22); they are committed so that tests need no toolchain.
set -euo pipefail
cd "$(dirname "$0")"
link=(--target=wasm32-unknown-unknown -nostdlib -Xlinker --no-entry -Xlinker --export=run -Xlinker --gc-sections
      -Xlinker --allow-undefined -fdebug-compilation-dir=. -g)
cpp=(-std=c++20 -fno-exceptions -fno-rtti)
for version in 2 3 4 5; do
    clang-22 "${link[@]}" -gdwarf-$version -O0 -ffunction-sections types.c -o types-dw$version.wasm
done
clang++-22 "${link[@]}" "${cpp[@]}" -gdwarf-5 -O0 types.cc -o types-cpp-dw5.wasm
clang++-22 "${link[@]}" "${cpp[@]}" -gdwarf-4 -O2 --no-wasm-opt types.cc -o types-cpp-O2-dw4.wasm
clang++-22 "${link[@]}" "${cpp[@]}" -gdwarf-5 -fdebug-types-section -O0 types.cc -o types-cpp-tu-dw5.wasm
clang-22 "${link[@]}" -gdwarf-4 -gline-tables-only -O0 types.c -o lines-only.wasm
