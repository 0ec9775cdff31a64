#!/usr/bin/env python3
"""samples.py WSCOPE SAMPLES_DIR: each program that is a WASI 0.1 module must stop in its main, at a line of source where it has debug
information; what is not one must be refused with a reason. Prints a line per failure, and last `N passed, N failed, N skipped`.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

WSCOPE, SAMPLES = sys.argv[1], Path(sys.argv[2])

# First stop of each: where the program's own main begins (from the sources in ../../toolchains/src), or its entry without any names.
STOPS = {
    "as": r"~start at 0x", "exc-exnref": r"main \(\) at exc\.cpp:6\n", "exc-legacy": r"main \(\) at exc\.cpp:6",
    "files": r"main \(.*\) at files\.c:9\n", "go123": r"main\.main at 0x", "hello": r"main \(.*\) at hello\.c:13",
    "hello-c14": r"main \(.*\) at hello\.c:13", "hello-dw5": r"main \(.*\) at hello\.c:13", "hello-emc": r"main \(.*\) at hello\.c:13",
    "hello-emc-sm": r"main at 0x", "hello-split": r"main \(.*\) at hello\.c:13", "hello-stripped": r"_start at 0x",
    "inl-O2": r"main \(.*\) at inl\.c:6", "inl-O2-dw5": r"main \(.*\) at inl\.c:6", "rs-p1": r"rs::main \(\) at main\.rs:\d+",
    "shapes": r"main \(\) at main\.cpp:\d+", "shapes-O2-dw5": r"main \(\) at main\.cpp:\d+", "shapes-names": r"main \(\) at main\.cpp:\d+",
    "shapes-tu": r"main \(\) at main\.cpp:\d+", "sqlite.c14": r"main \(\) at sq\.c:4", "zig1": r"main \(\) at zig1\.zig:6",
}
# What cannot be started, and the words that say why.
REFUSED = {"hello.debug": "exports no _start", "threads": "threads (wasi-threads) are not supported yet"}


def main():
    passed, failed = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "bt.dbg"
        script.write_text("bt\n")
        for program in sorted(SAMPLES.glob("*.wasm")):
            name = program.name.removesuffix(".wasm")
            done = subprocess.run([WSCOPE, "debug", "--start", "-x", script, program], stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=300)
            output, messages = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
            if name.endswith(".component"):
                good = done.returncode == 2 and "component" in messages
            elif name in REFUSED:
                good = REFUSED[name] in output + messages
            else:  # a sample that is new must be looked at, and added above
                good = done.returncode == 0 and name in STOPS and re.search("^#0  " + STOPS[name], output, re.M)
            passed, failed = (passed + 1, failed) if good else (passed, failed + 1)
            if not good:
                print(f"FAIL {program.name}: status {done.returncode}\n{output}{messages}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not passed else 0


sys.exit(main())
