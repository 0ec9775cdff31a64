#!/usr/bin/env bash
# Rebuilds shapes.wasm: build.sh [CARGO-ARGUMENT...]. Needs cargo with the target wasm32-wasip1 (rustup target add
# wasm32-wasip1). $CARGO_WASI: another command that builds for the target behind it.
set -euo pipefail
cd "$(dirname "$0")"
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
read -ra cargo <<<"${CARGO_WASI:-cargo build --target}"
library=$("${RUSTC:-rustc}" --print sysroot)
export RUSTFLAGS="--remap-path-prefix=$PWD=. --remap-path-prefix=${RUST_LIBRARY:-$library}=/rust ${RUSTFLAGS:-}"
"${cargo[@]}" wasm32-wasip1 --target-dir "$output" "$@"
cp "$output"/wasm32-wasip1/debug/shapes.wasm .
