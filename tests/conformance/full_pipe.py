#!/usr/bin/env python3
"""A write that is larger than the pipe it goes to (tests/programs/pour.wasm), which is read late: full_pipe.py WSCOPE REPOSITORY."""
import array
import subprocess
import sys
import tempfile
import time

WSCOPE, REPOSITORY = sys.argv[1:3]
POUR = REPOSITORY + "/tests/programs/pour.wasm"
EXPECTED = array.array("I", range(0, 1_000_000, 4)).tobytes()


def poured(*words):
    guest = subprocess.Popen([WSCOPE, *words, POUR], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    time.sleep(0.3)  # the pipe is full, and the call waits
    sent = guest.stdout.read()
    return sent, guest.wait(timeout=60)


with tempfile.TemporaryDirectory() as folder:
    for tier in ("interp", "jit", "auto"):
        for words in (["run"], ["trace", "-o", folder + "/trace"]):
            sent, status = poured(*words, "--tier", tier)
            assert status == 0, (tier, words, status)
            assert sent == EXPECTED, (tier, words, len(sent))
    with open(folder + "/trace") as trace:
        lines = [line for line in trace if "fd_write" in line]
    assert len(lines) == 1 and "nwritten=1000000" in lines[0], lines
