#!/usr/bin/env python3
"""wat_round_trip.py WSCOPE MODULE.wasm...: what `inspect --wat` writes is text that another tool can read, and means the same module.

wabt's wat2wasm must assemble it, wasm-validate accept the result, and `inspect --wat` of the result write the same text again, but for the
offsets. Modules beyond wabt's language are listed below by name and reason, and must fail: one that passes has to leave the list.
Prints a line per failure, and last `N passed, N failed, N skipped`. Ends with 77 if wabt is missing.
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BEYOND_WABT = {"exc-exnref.wasm": "exnref"}
OFFSET = re.compile(rb"\(;0x[0-9a-f]+;\) ?")


def run(*command):
    return subprocess.run([str(c) for c in command], capture_output=True, timeout=300)


def problem_of(wscope, module, folder):
    written = run(wscope, "inspect", "--wat", module)
    if written.returncode != 0:
        return f"inspect --wat: {written.stderr[:200]!r}"
    text, again = folder / "text.wat", folder / "again.wasm"
    text.write_bytes(written.stdout)
    assembled = run("wat2wasm", "--enable-all", "--debug-names", text, "-o", again)
    if assembled.returncode != 0:
        return f"wat2wasm: {assembled.stderr[:200]!r}"
    valid = run("wasm-validate", "--enable-all", again)
    if valid.returncode != 0:
        return f"wasm-validate: {valid.stderr[:200]!r}"
    first = OFFSET.sub(b"", written.stdout).splitlines()
    second = OFFSET.sub(b"", run(wscope, "inspect", "--wat", again).stdout).splitlines()
    for number, (a, b) in enumerate(zip(first, second), 1):
        if a != b:
            return f"line {number} came back otherwise: {a[:80]!r} became {b[:80]!r}"
    return "" if len(first) == len(second) else f"{len(first)} lines became {len(second)}"


def main():
    wscope, modules = sys.argv[1], [Path(m) for m in sys.argv[2:]]
    if not (shutil.which("wat2wasm") and shutil.which("wasm-validate")):
        print("skipped: wabt is not installed")
        return 77
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory() as name:
        for module in modules:
            if module.read_bytes()[4:8] != b"\1\0\0\0":
                continue  # a component has no module text
            problem = problem_of(wscope, module, Path(name))
            reason = BEYOND_WABT.get(module.name)
            if reason and problem:
                print(f"skipped {module.name}: wabt does not know {reason}")
                skipped += 1
            elif problem or reason:
                print(f"FAIL {module.name}: {problem or 'passes: remove it from BEYOND_WABT'}")
                failed += 1
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


sys.exit(main())
