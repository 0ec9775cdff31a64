#!/usr/bin/env bash
# Rebuilds the example programs from their sources: build.sh [NAME...]. Needs the packages clang-22 lld-22 wasi-libc
# libclang-rt-22-dev-wasm32 libc++-22-dev-wasm32 libc++abi-22-dev-wasm32; shapes (Rust) has a script of its own.
# The debug information names the sources relative to the .wasm, so that they are found wherever the folder is.
set -euo pipefail
cd "$(dirname "$0")"

compile() { # FOLDER COMPILER ARG...
    local folder=$1
    shift
    echo "building $folder/$folder.wasm"
    (cd "$folder" && "$@" --target=wasm32-wasi -Wno-deprecated -Wall -g --no-wasm-opt \
        -ffile-prefix-map="$PWD"=. -fdebug-compilation-dir=. -o "$folder.wasm")
}

for name in "${@:-wordcount inventory overrun shapes}"; do
    for example in $name; do
        case $example in
        wordcount) compile wordcount clang-22 -O0 -gdwarf-4 wordcount.c ;;
        overrun) compile overrun clang-22 -O0 -gdwarf-5 overrun.c ;;
        inventory)
            compile inventory clang++-22 -std=c++20 -O1 -gdwarf-5 -fno-exceptions inventory.cpp
            ;;
        shapes) shapes/build.sh ;;
        *) echo "no example named $example" >&2 && exit 2 ;;
        esac
    done
done
