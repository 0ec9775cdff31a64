#!/usr/bin/env python3
"""fault_loops.py WSCOPE SQLITE.wasm [--all]: SQLite, whose host calls fail at k = 1, 2, 3 ... once and for good (reliability F17).

The program is the suites' SQLite, which works in memory: here it is given a database in a folder, with rows that are committed, and
changes all of them in one transaction. Whatever call fails, and however: wscope ends by itself, the failed call stands in the trace with
its errno, the database is whole, its rows are those from before or those from after, and those from after if the program said so.
A sample of the calls; with --all every one. Prints a line per failure, and last `N passed, N failed, N skipped`.
"""
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

WSCOPE, MODULE, ALL = sys.argv[1], Path(sys.argv[2]), "--all" in sys.argv
ROWS = 400
SQL = b"update t set b=b+1; select count(*) from t"  # one transaction
ONCE = ["io", "nospc", "intr", "stale", "badf"]
FOR_GOOD = ["io", "nospc", "rofs"]
SAMPLE = 16
OLD_STATEMENT, OLD_NAME, DATABASE = 20123, 19640, "fault.db"  # addresses of the strings in that module


def constant(value):
    """i32.const, as a linker leaves it."""
    return b"\x41" + bytes(((value >> 7 * i) & 0x7F) | (0x80 if i < 4 else 0) for i in range(5))


def on_disk(module):
    """The module with another statement and a file's name in place of :memory:, both where the statement stood."""
    old = next(text for text in module.split(b"\0") if text.startswith(b"create table t(a,b); with recursive"))
    statement, name = OLD_STATEMENT, OLD_STATEMENT + len(SQL) + 1
    new = SQL + b"\0" + DATABASE.encode()
    assert len(new) <= len(old) and module.count(old) == 1
    module = module.replace(old, new.ljust(len(old), b"\0"))
    # main passes the name, and a little later the statement, as constants.
    uses = module.index(constant(statement))
    opens = module.rindex(constant(OLD_NAME), 0, uses)
    assert uses - opens < 100
    return module[:opens] + constant(name) + module[opens + 6 :]


def fresh(path):
    database = sqlite3.connect(path)
    database.execute("pragma page_size = 512")
    database.execute("create table t(a integer primary key, b, c)")
    database.executemany("insert into t values(?, ?, ?)", [(i, i, "x" * (i % 97)) for i in range(ROWS)])
    database.commit()
    database.close()


def state(path):
    """How often the statement has been carried out for good; None if that is not the same for all rows, or the database is broken."""
    database = sqlite3.connect(path)
    try:
        whole = database.execute("pragma integrity_check").fetchall() == [("ok",)]
        least, most, count = database.execute("select min(b-a), max(b-a), count(*) from t").fetchone()
        return least if whole and least == most and count == ROWS else None
    except sqlite3.DatabaseError:
        return None
    finally:
        database.close()


class Loop:
    def __init__(self, folder):
        self.folder, self.failures, self.passed = folder, [], 0
        (folder / "sqlite.wasm").write_bytes(on_disk(MODULE.read_bytes()))
        self.disk = folder / "disk"
        fresh(folder / "fresh.db")

    def run(self, rule):
        """Status, output, and the calls that were made."""
        (self.folder / "rule.json").write_text(json.dumps({"rules": [rule] if rule else []}))
        command = [WSCOPE, "trace", "--format", "json", "-o", self.folder / "trace", "--mock", self.folder / "rule.json",
                   "--timeout", "60", "--dir", f"{self.disk}::.", self.folder / "sqlite.wasm"]
        process = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        calls = [json.loads(line) for line in (self.folder / "trace").read_text().splitlines()]
        return process.returncode, process.stdout.decode(), calls

    def fail(self, rule):
        """What is wrong with a run under that rule; nothing if it is as it should be."""
        shutil.rmtree(self.disk, ignore_errors=True)
        self.disk.mkdir()
        shutil.copy(self.folder / "fresh.db", self.disk / DATABASE)
        try:
            status, output, calls = self.run(rule)
        except subprocess.TimeoutExpired:
            return "hung"
        k = rule.get("nth", rule.get("from"))
        if status < 0 or status == 134:
            return f"died with {status}"
        # As clocks go on, a guest may make other calls; but those before the fault are the same.
        if len(calls) < k:
            return f"only {len(calls)} calls"
        failed = calls[k - 1]
        if failed["outcome"] == "returned" and (failed["errno"], failed.get("origin")) != ("E" + rule["errno"].upper(), "mock"):
            return f"call {k} ended as {failed['errno']}"
        said = status == 0 and f"count(*)={ROWS}" in output
        shutil.rmtree(self.disk / (DATABASE + ".lock"), ignore_errors=True)  # its way to lock; who died has left it
        # What another SQLite finds, and what this one does when it is run again.
        other = self.folder / "other"
        shutil.rmtree(other, ignore_errors=True)
        shutil.copytree(self.disk, other)
        after = state(other / DATABASE)
        if after not in (0, 1):
            return "the database is broken"
        if said and after != 1:
            return "what was committed is lost"
        status, output, _ = self.run({})
        if status != 0 or f"count(*)={ROWS}" not in output:
            return f"does not run again: {status} {output}"
        return None if state(self.disk / DATABASE) == after + 1 else "run again it does not go on from where it was"

    def check(self, rule):
        why = self.fail(rule)
        if why:
            self.failures.append(rule)
            print(f"FAIL {json.dumps(rule)}: {why}", flush=True)
        else:
            self.passed += 1


def main():
    with tempfile.TemporaryDirectory() as name:
        loop = Loop(Path(name))
        rules = {"call": "sched_yield", "nth": 1, "errno": "io"}  # matches nothing: all goes well
        loop.disk.mkdir()
        shutil.copy(loop.folder / "fresh.db", loop.disk / DATABASE)
        status, output, calls = loop.run(rules)
        assert status == 0 and f"count(*)={ROWS}" in output and state(loop.disk / DATABASE) == 1, output
        # Calls of every kind are among the sample: the first and the last of each, and some between.
        last = len(calls) - 1  # proc_exit cannot fail
        places = range(1, last + 1)
        if not ALL:
            names = [call["name"] for call in calls[:last]]
            ends = {names.index(n) + 1 for n in names} | {last - names[::-1].index(n) for n in names}
            places = sorted(ends | set(range(7, last, last // SAMPLE)))
        for i, k in enumerate(places):
            for which, errors in (("nth", ONCE), ("from", FOR_GOOD)):
                for error in errors if ALL else [errors[i % len(errors)]]:
                    loop.check({"call": "*", which: k, "errno": error})
    print(f"{last} calls: {loop.passed} passed, {len(loop.failures)} failed, 0 skipped")
    return 1 if loop.failures else 0


sys.exit(main())
