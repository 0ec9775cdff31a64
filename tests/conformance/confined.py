#!/usr/bin/env python3
"""The second layer of the sandbox, at the level of programs: confined.py WSCOPE REPOSITORY [SANITIZERS]. Skipped (77) where the kernel has no Landlock.

The guest opens a folder, says so, waits for a byte, and opens a file in that folder. Meanwhile the folder was moved to where nothing is granted: the
resolver, which goes by descriptors, lets the guest have the file, and the kernel does not, where it confines the program.
"""
import ctypes
import errno
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

WSCOPE, REPOSITORY = sys.argv[1:3]
IS_SANITIZED = len(sys.argv) > 3
SUCCESS, ACCES = 50 + 0, 50 + 2  # the errno of WASI, and what the guest adds
GUEST = """(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "nestedf")
  (data (i32.const 16) "\\40\\00\\00\\00\\06\\00\\00\\00")
  (data (i32.const 64) "ready\\n")
  (func (export "_start")
    (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 6) (i32.const 2)
                    (i64.const 0x2002) (i64.const 2) (i32.const 0) (i32.const 32))
      (then (call $exit (i32.const 100))))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
    (drop (call $read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))
    (call $exit (i32.add (i32.const 50)
      (call $open (i32.load (i32.const 32)) (i32.const 0) (i32.const 6) (i32.const 1) (i32.const 0)
                  (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 36))))))
"""


def without_landlock():
    """From now on the process's landlock_create_ruleset(2), 444 everywhere, ends in ENOSYS."""
    instructions = b"".join(struct.pack("=HBBI", *i) for i in
                            ((0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x0005_0000 | errno.ENOSYS), (0x06, 0, 0, 0x7FFF_0000)))
    room = ctypes.create_string_buffer(instructions)
    program = ctypes.create_string_buffer(struct.pack("@HP", 4, ctypes.addressof(room)))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(38, 1, 0, 0, 0) != 0 or prctl(22, 2, program, 0, 0) != 0:  # no new privileges, a filter
        raise OSError(ctypes.get_errno(), "seccomp")


def state(field, thread):
    status = Path(f"/proc/{thread}/status").read_text()
    return re.search(rf"^{field}:\s*(.*)$", status, re.M)[1]


def run(folder, *words):
    """The guest's exit status, and for each thread, the process's own first, whether it can gain privileges."""
    granted = folder / "granted"
    (granted / "nested").mkdir(parents=True)
    (granted / "nested/f").write_text("x")
    guest = subprocess.Popen([WSCOPE, *words, f"{granted}::/", folder / "guest.wasm"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for line in guest.stdout:
        if b"ready" in line:
            break
    privileges = [state("NoNewPrivs", f"{guest.pid}/task/{t.name}") for t in sorted(Path(f"/proc/{guest.pid}/task").iterdir(), key=lambda t: int(t.name))]
    if "--dir-overlay" not in words:  # which looks below by the path
        (granted / "nested").rename(folder / "moved")
    told = guest.communicate(b"x", timeout=20)[0]
    return guest.returncode, privileges, told


version = subprocess.run([WSCOPE, "--version"], capture_output=True, text=True, check=True).stdout
if "no Landlock" in version:
    print("skipped: the kernel has no Landlock")
    sys.exit(77)
assert re.search(r"^sandbox: .*; Landlock, version \d+, is the second layer of run, trace and policy( \(but .*\))?$", version, re.M), version

# A thread of its own is confined, unless nothing follows that needs more, as sanitizers do: then the only one.
for isAlone, words in ((True, ["run", "--dir"]), (True, ["run", "--dir-overlay"]), (False, ["run", "--timeout", "20s", "--dir-ro"]),
                       (False, ["run", "--changes", "apply", "--dir-overlay"]), (False, ["trace", "--dir"]),
                       (False, ["trace", "-o", "/dev/null", "--stack", "--dir-ro"]), (False, ["policy", "-o", "/dev/null", "--dir"])):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "guest.wat").write_text(GUEST)
        subprocess.run(["wat2wasm", "-o", folder / "guest.wasm", folder / "guest.wat"], check=True)
        status, privileges, told = run(folder, *words)
        assert status == (SUCCESS if "--dir-overlay" in words else ACCES), (words, status, told)
        assert privileges == ["1"] if isAlone and not IS_SANITIZED else privileges[0] == "0" and "1" in privileges[1:], (words, privileges)

# Where the kernel has no Landlock programs run all the same; who grants much is told.
for folder, warnings in (("/", 2), (REPOSITORY + "/tests/programs", 0)):
    told = subprocess.run([WSCOPE, "run", "--dir-ro", f"{folder}::/", REPOSITORY + "/tests/programs/echo.wasm"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=20, preexec_fn=without_landlock)
    assert told.returncode == 0 and told.stderr.count("wscope: warning: ") == warnings, told
    assert ("only the resolver of paths" in told.stderr) == (warnings == 2), told
told = subprocess.run([WSCOPE, "--version"], capture_output=True, text=True, preexec_fn=without_landlock).stdout
assert "no second layer, as the kernel has no Landlock" in told, told

# What was done in an overlay can be done on the host afterwards.
with tempfile.TemporaryDirectory() as name:
    subprocess.run([WSCOPE, "run", "--changes", "apply", "--dir-overlay", f"{name}::/", REPOSITORY + "/tests/programs/overlay.wasm"],
                   capture_output=True, timeout=20)
    assert (Path(name) / "made/file.txt").read_text() == "text in a file\n"
