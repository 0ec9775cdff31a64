#!/usr/bin/env python3
"""bad_inputs.py WSCOPE SOURCE_DIR: gives wscope what it must not choke on, and checks each answer.

Files that are no programs (cut, random, text, folders, devices, other formats) must end with status 2 and one line that says
what is wrong and where; programs that misbehave (floods, endless loops, runaway growth and recursion) must be stopped or survived
within time and memory. Prints a line per failure, and last `N passed, N failed, N skipped`.
"""
import gzip
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WSCOPE, SOURCE = sys.argv[1], Path(sys.argv[2])
PROGRAMS = SOURCE / "tests/programs"
EXAMPLES = SOURCE / "resources/examples"
SANITIZED = b"__asan_init" in Path(WSCOPE).read_bytes() or b"__tsan_init" in Path(WSCOPE).read_bytes()
SLOW = 10 if SANITIZED else 1
MANY_FILES = """(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "file")
  (func (export "_start") (local $left i32) (local $errno i32)
    (local.set $left (i32.const 1000))
    (loop $next
      (local.set $errno (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 1)
                                    (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 8)))
      (if (local.get $errno) (then (call $exit (local.get $errno))))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))"""
failures = []
passed = 0


def wscope(*arguments, seconds=20, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, closed=None, files=None):
    """Status (negative for a signal), output, messages, peak memory in MiB. None as status if it hung."""
    def prepare():
        if closed is not None:
            os.close(closed)
        if files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

    started = time.monotonic()
    process = subprocess.Popen([WSCOPE, *map(str, arguments)], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, preexec_fn=prepare)
    try:
        output, messages = process.communicate(timeout=seconds * SLOW)
    except subprocess.TimeoutExpired:
        process.kill()
        output, messages = process.communicate()
        return None, output or b"", messages, time.monotonic() - started
    return process.returncode, output or b"", messages, time.monotonic() - started


def check(name, good, status, messages):
    global passed
    if good:
        passed += 1
        return
    failures.append(name)
    what = "hung" if status is None else f"died of signal {-status}" if status < 0 else f"status {status}"
    print(f"FAIL {name}: {what}: {messages.decode(errors='replace')[:300]!r}", flush=True)


def refused(name, path, *needles, command=("run",)):
    """The file is no program: status 2, one line, the words that help."""
    status, output, messages, _ = wscope(*command, path)
    text = messages.decode(errors="replace")
    good = status == 2 and text.startswith("wscope: ") and text.count("\n") == 1 and output == b""
    check(name, good and all(n.lower() in text.lower() for n in needles), status, messages)


def bad_files(folder):
    rng = random.Random(7)
    whole = (EXAMPLES / "wordcount/wordcount.wasm").read_bytes()
    target = folder / "cut.wasm"
    for point in range(100):
        size = len(whole) * point // 100
        target.write_bytes(whole[:size])
        for command in (("run",), ("inspect",), ("debug", "-x", os.devnull)):
            status, _, messages, _ = wscope(*command, target, *(["sample.txt"] if command == ("run",) else []))
            # A cut between two custom sections leaves a whole program.
            good = status is not None and status >= 0 and (status == 2) == messages.startswith(b"wscope: ")
            check(f"{command[0]} of {size} of {len(whole)} bytes", good, status, messages)
    for i in range(60):
        target.write_bytes(rng.randbytes(rng.randrange(1, 4000)))
        refused(f"random bytes {i}", target)
        target.write_bytes(b"\0asm\1\0\0\0" + rng.randbytes(rng.randrange(1, 4000)))
        refused(f"random sections {i}", target, "offset")
    damaged = bytearray(whole)
    for i in range(100):
        at = rng.randrange(8, len(whole))
        kept, damaged[at] = damaged[at], rng.randrange(256)
        target.write_bytes(damaged)
        damaged[at] = kept
        status, _, messages, _ = wscope("inspect", target)
        check(f"byte {at} changed", status in (0, 2), status, messages)

    (folder / "text.wasm").write_text("This is a text file.\n")
    refused("text", folder / "text.wasm", "not", "wasm")
    (folder / "empty.wasm").write_bytes(b"")
    refused("empty file", folder / "empty.wasm", "empty")
    (folder / "zipped.wasm").write_bytes(gzip.compress(whole))
    refused("gzip", folder / "zipped.wasm", "gzip")
    refused("directory", folder, "directory")
    refused("missing file", folder / "missing.wasm", "no such file")
    refused("program of this machine", "/bin/true", "ELF")
    refused("endless device", "/dev/zero", "device")
    os.mkfifo(folder / "fifo")
    refused("fifo", folder / "fifo", "named pipe")
    (folder / "sealed.wasm").write_bytes(whole)
    (folder / "sealed.wasm").chmod(0)
    if os.geteuid() != 0:
        refused("unreadable", folder / "sealed.wasm", "permission")


def bad_programs(folder):
    lines = 10_000_000 // SLOW
    with open(folder / "flood.txt", "wb") as sink:
        status, _, messages, _ = wscope("run", PROGRAMS / "flood.wasm", lines, seconds=120, stdout=sink)
    size = (folder / "flood.txt").stat().st_size
    check(f"{lines} lines", status == 0 and size == 16 * lines, status, messages)

    script = folder / "flood.dbg"
    script.write_text("run\nquit\n")
    status, output, messages, _ = wscope("debug", "-x", script, PROGRAMS / "flood.wasm", lines, seconds=120,
                                         stdout=open(os.devnull, "wb"))
    check(f"{lines} lines in the debugger", status == 0, status, messages)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    check(f"memory after the floods: {peak:.0f} MiB", peak < 400 * SLOW, 0, b"")

    status, _, messages, took = wscope("run", "--timeout", "1", PROGRAMS / "spin.wasm")
    check("endless loop, one second", status == 2 and b"time" in messages and took < 5 * SLOW, status, messages)

    status, output, messages, _ = wscope("run", PROGRAMS / "grow.wasm")
    check("grows by a GiB", status == 0 and output == b"grew by 1024 MiB\n", status, messages)
    status, output, messages, _ = wscope("run", "--max-memory", "64MiB", PROGRAMS / "grow.wasm")
    check("growth above its limit", status == 3 and output == b"refused\n", status, messages)

    status, _, messages, _ = wscope("run", PROGRAMS / "recurse.wasm")
    check("endless recursion", status == 134 and b"recurse.c:" in messages, status, messages)

    status, output, messages, _ = wscope("run", "--max-output", "1K", PROGRAMS / "flood.wasm")
    check("output above its limit", status == 1 and len(output) == 1024 and b"output limit of 1024 bytes" in messages, status,
          messages)

    # The whole file system is granted, and yet not the state of the process that runs the guest.
    for path in ("/proc/self/environ", "/proc/self/maps", "/sys/kernel/notes"):
        status, output, messages, _ = wscope("run", "--dir-ro", "/", PROGRAMS / "cat.wasm", path)
        check(f"reads {path}", status == 1 and output == b"", status, messages)

    status, output, messages, _ = wscope("run", PROGRAMS / "longline.wasm")
    check("a long line", status == 0 and len(output) > 1_000_000, status, messages)

    status, _, messages, _ = wscope("run", EXAMPLES / "overrun/overrun.wasm")
    check("out of bounds", status == 134 and b"out of bounds memory access" in messages and b"overrun.c:" in messages, status,
          messages)

    # Started without a standard stream: nothing is read, what is written is thrown away, and no file of ours takes its place.
    for fd in (0, 1, 2):
        status, output, messages, _ = wscope("run", "--dir", folder, PROGRAMS / "echo.wasm", stdin=subprocess.PIPE, closed=fd)
        check(f"closed descriptor {fd}", status == 0 and output == b"" and messages == b"", status, messages)

    # As many files as are promised, also where a shell is set to fewer.
    (folder / "many.wat").write_text(MANY_FILES)
    status, _, messages, _ = wscope("run", "--dir", folder, folder / "many.wat", files=200)
    check("a thousand open files", status == 0, status, messages)

    # Options that make no sense are refused, by name.
    for options, needle in ((["run", "--env", "=x"], b"--env"), (["run", "--stdin", folder], b"is a folder"),
                            (["run", "--timeout", "9300000000000s"], b"not a time"), (["trace", "--bytes", "-3"], b"not a count"),
                            (["run", "--max-log", "many"], b"not a size"), (["inspect", "--wat", "--format", "json"], b"--wat"),
                            (["run", "--clock", "scaled:x"], b"--clock"), (["run", "--max-files", "-1"], b"0 to 1000000"),
                            (["run", "--no-such"], b"unknown option")):
        status, _, messages, _ = wscope(*options, PROGRAMS / "cat.wasm")
        check(" ".join(map(str, options)), status == 2 and messages.count(b"\n") == 1 and needle in messages, status, messages)

    # What a path of the guest holds does not reach the terminal, nor end a line of the trace.
    evil = "a\x1b[31m\nb\r\x07\x9b\u202ec"
    (folder / evil).write_text(evil)
    status, output, messages, _ = wscope("trace", "-o", folder / "evil.txt", "--dir", folder, PROGRAMS / "cat.wasm", f"{folder}/{evil}")
    text = (folder / "evil.txt").read_text()
    calls = [line.split("(")[0] for line in text.split("\n")]
    good = calls.count("path_open") == 1 and "fd_read" in calls and not any(c in text for c in "\x1b\r\x07\x9b\u202e")
    check("control characters in a path", status is not None and good, status, messages + text.encode()[:200])

    # A log that is far too small for the calls: they are all written and counted all the same.
    status, _, messages, _ = wscope("trace", "-c", "--format", "json", "--max-log", "64K", PROGRAMS / "flood.wasm", "300000")
    counts = {row["name"]: row["calls"] for row in map(json.loads, messages.splitlines())}
    check("counts as JSON", status == 0 and counts.get("fd_write", 0) > 100, status, messages)

    closed = os.open(os.devnull, os.O_RDONLY)
    status, _, messages, _ = wscope("run", PROGRAMS / "flood.wasm", "1000", stdout=closed)
    os.close(closed)
    check("output that cannot be written", status == 1, status, messages)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bad_files(folder)
        bad_programs(folder)
    print(f"{passed} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures else 0


sys.exit(main())
