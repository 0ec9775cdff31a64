#!/usr/bin/env python3
"""trace_formats.py WSCOPE SOURCE: what `wscope trace` writes for other tools can be read by them: CSV, Chrome's trace events, JSON lines;
and the table of -c adds up."""
import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jsonschema  # package python3-jsonschema

WSCOPE, SOURCE = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
FOLDER = SOURCE / "resources/examples/wordcount"


def trace(*options, status=0):
    with tempfile.NamedTemporaryFile() as out:
        done = subprocess.run([WSCOPE, "trace", "-o", out.name, *options, "--dir", ".", "wordcount.wasm", "sample.txt"], cwd=FOLDER,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=100)
        check(done.returncode == status, f"{options}: status {done.returncode}")
        return Path(out.name).read_bytes().decode()


def check(condition, what):
    if not condition:
        sys.exit(f"{what}")


objects = [json.loads(line) for line in trace("--format", "json").splitlines()]
names = [o["name"] for o in objects]
check("fd_read" in names and "fd_write" in names, f"calls: {names}")

schema = json.loads((SOURCE / "resources/schema/trace.schema.json").read_bytes())
jsonschema.Draft202012Validator.check_schema(schema)
lines = trace("--format", "json", "--stack", "--bytes", "4") + trace("--format", "json", "-c")
for rules, status in ('{"call": "path_open", "errno": "noent"}', 1), ('{"call": "fd_fdstat_get", "trap": "here"}', 134):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as mocks:
        mocks.write(f'{{"rules": [{rules}]}}')
        mocks.flush()
        lines += trace("--format", "json", "--mock", mocks.name, status=status)
for line in lines.splitlines():
    try:
        jsonschema.validate(json.loads(line), schema)
    except jsonschema.ValidationError as error:
        sys.exit(f"not as trace.schema.json has it: {error.message}: {line}")
check({"mock", "trapped", "returned", "exited"} <= {word for line in lines.splitlines() for key, word in json.loads(line).items() if key in ("origin", "outcome")},
      "mocks, traps and ends were among them")

rows = list(csv.DictReader(trace("--format", "csv", "--stack").splitlines(keepends=True)))
check([r["call"] for r in rows] == names, "CSV has the same calls")
check([int(r["sequence"]) for r in rows] == list(range(len(rows))), "CSV has their numbers")
read = next(r for r in rows if r["call"] == "fd_read")
check(read["errno"] == "ESUCCESS" and '"The Owl' in read["arguments"] and "," in read["arguments"], f"CSV quotes what it must: {read}")
check("countFile" in read["stack"].split(" < "), f"CSV has the stack: {read}")

chrome = json.loads(trace("--format", "chrome"))
slices = [e for e in chrome["traceEvents"] if e["ph"] == "X"]
check([e["name"] for e in slices] == names, "trace events have the same calls")
check(all(e["dur"] >= 0 and e["ts"] >= 0 and e["cat"] for e in slices), "with begin and duration")
check(all(a["ts"] + a["dur"] <= b["ts"] + 1e-3 for a, b in zip(slices, slices[1:])), "one after the other")
check(next(e for e in slices if e["name"] == "fd_read")["args"]["nread"] == "1024", "with arguments and results")

filtered = [json.loads(line)["name"] for line in trace("--format", "json", "--filter", "fd_read or path_open").splitlines()]
check(filtered == [n for n in names if n in ("fd_read", "path_open")], f"a filter holds for every format: {filtered}")

table = trace("-c").splitlines()
check(table[0].split() == ["%", "time", "time", "per", "call", "calls", "errors", "call"], table[0])
counts = {line.split()[-1]: int(line.split()[5]) for line in table[1:]}
check(counts.pop("total") == len(names) == sum(counts.values()), f"the table adds up: {counts}")
check(counts == {n: names.count(n) for n in set(names)}, f"the table counts: {counts}")
totals = list(csv.DictReader(trace("-c", "--format", "csv").splitlines(keepends=True)))
check({r["call"]: int(r["calls"]) for r in totals} == counts, "the table as CSV")
# Into a file, lines arrive while the guest waits in a call.
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "calls"
    waiting = subprocess.Popen([WSCOPE, "trace", "-o", path, SOURCE / "tests/programs/echo.wasm"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    waiting.stdin.write(b"a line\n")
    waiting.stdin.flush()
    end = time.monotonic() + 20
    while time.monotonic() < end and not (path.exists() and "fd_write(" in path.read_text()):
        time.sleep(0.05)
    arrived = path.read_text()
    waiting.communicate()
    check("fd_write(" in arrived and "proc_exit" not in arrived, f"calls arrive while the guest waits: {arrived!r}")
    check(path.read_text().startswith(arrived) and len(path.read_text()) > len(arrived), "and all of them at the end")
print(f"{len(names)} calls in every format")
