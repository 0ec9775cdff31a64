#!/usr/bin/env python3
"""terminal.py WSCOPE SOURCE_DIR: wscope at a terminal, in pipes that close, on disks that are full.

Each check drives wscope as a person or a shell would: Ctrl-C is typed at a pseudo terminal, the reader of a pipe goes away. Prints a line
per failure, and last `N passed, N failed`.
"""
import json
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

WSCOPE, SOURCE = str(Path(sys.argv[1]).resolve()), Path(sys.argv[2])
PROGRAMS = SOURCE / "tests/programs"
LONG = 60  # seconds that nothing here should take on a busy machine
PROMPT = b"(wscope) "
CTRL_C = b"\x03"


class Terminal:
    """wscope with a terminal of its own."""

    def __init__(self, *arguments, environment=None):
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(PROGRAMS)
            os.execve(WSCOPE, [WSCOPE, *map(str, arguments)], environment or os.environ)
        self.said = b""
        attributes = termios.tcgetattr(self.master)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(self.master, termios.TCSANOW, attributes)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(self.master)

    def read(self, seconds):
        """Some bytes, or none at the end or after that time."""
        ready, _, _ = select.select([self.master], [], [], max(seconds, 0))
        if not ready:
            return b""
        try:
            return os.read(self.master, 65536)
        except OSError:
            return b""

    def until(self, what, seconds=LONG):
        """All that is said up to there."""
        deadline = time.monotonic() + seconds
        while what not in self.said:
            more = self.read(deadline - time.monotonic())
            if not more:
                raise AssertionError(f"waited for {what!r}, and there was {self.said[-300:]!r}")
            self.said += more
        at = self.said.index(what) + len(what)
        before, self.said = self.said[:at], self.said[at:]
        return before.replace(b"\r\n", b"\n")

    def type(self, text):
        os.write(self.master, text.encode() + b"\n")

    def ask(self, text):
        """The answer, without the prompt behind it."""
        self.type(text)
        return self.until(PROMPT)[:-len(PROMPT)].decode(errors="replace")

    def interrupt(self):
        os.write(self.master, CTRL_C)

    def status(self):
        deadline = time.monotonic() + LONG
        while time.monotonic() < deadline:
            self.said += self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        raise AssertionError("it does not end")


def peak_mib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0


def at_prompt(*arguments):
    terminal = Terminal("debug", *arguments)
    terminal.until(PROMPT)
    return terminal


def equal(now, wanted):
    assert now == wanted, f"{now!r} is not {wanted!r}"


def holds(text, *pieces):
    for piece in pieces:
        assert piece in text, f"{piece!r} is not in {text[-600:]!r}"


# ------------------------------------------------------------------------------------------------------------- Ctrl-C

def ctrl_c_ends_a_series_of_steps():
    for verb in ("next", "stepi"):
        with at_prompt("spin.wasm") as t:
            t.ask("start")
            t.type(f"{verb} 100000000")
            t.until(b"\n")
            for _ in range(20):
                t.until(b"\n")
            t.interrupt()
            t.until(PROMPT)
            holds(t.ask("print 6*7"), "6*7 = 42")


def ctrl_c_is_heard_though_nobody_reads():
    with at_prompt("spin.wasm") as t:
        t.ask("start")
        t.type("stepi 100000000")
        time.sleep(3)  # the terminal is full, and wscope waits for room
        t.interrupt()  # at which a terminal drops what it holds, without a word to who waits
        t.type("quit")
        deadline = time.monotonic() + LONG
        while os.waitpid(t.pid, os.WNOHANG)[0] == 0:
            assert time.monotonic() < deadline, "it still waits for room"
            time.sleep(0.05)


def ctrl_c_cuts_a_flood_short():
    with at_prompt("flood.wasm") as t:
        t.type("run")
        time.sleep(2)  # nobody reads: what the program writes is piled up
        t.interrupt()
        time.sleep(0.2)
        text = t.until(PROMPT)
        assert len(text) < 1 << 20, f"{len(text)} bytes after Ctrl-C"
        holds(text, b"bytes of output are not shown: interrupted]\n", b"\nPaused")  # within a call or between two
        holds(t.ask("print 6*7"), "6*7 = 42")


def ctrl_c_while_input_is_waited_for():
    with at_prompt("echo.wasm") as t:
        holds(t.ask("run"), "[the program waits for input")
        t.interrupt()
        holds(t.until(PROMPT), b"Paused while waiting for stdin, main () at echo.c:8\n")
        equal(t.ask("input one"), "")
        holds(t.ask("continue"), "1: one\n", "[the program waits for input")


def ctrl_c_at_an_idle_prompt():
    with at_prompt("echo.wasm") as t:
        t.interrupt()
        equal(t.until(PROMPT), b"\n" + PROMPT)
        t.ask("start")
        t.interrupt()
        equal(t.until(PROMPT), b"\n" + PROMPT)
        holds(t.ask("print 6*7"), "6*7 = 42")
        t.type("quit")
        equal(t.status(), 0)


def ctrl_c_ends_a_script():
    with tempfile.NamedTemporaryFile("w", suffix=".dbg") as script:
        script.write("run\ncontinue\nprint 6*7\ncontinue\n")
        script.flush()
        with Terminal("debug", "-x", script.name, "spin.wasm") as t:
            t.until(b"run")
            time.sleep(0.5)
            t.interrupt()
            equal(t.status(), 130)
            holds(t.said, b"Paused, ")
            assert b"42" not in t.said, t.said


def ctrl_c_while_text_is_assembled():
    with tempfile.TemporaryDirectory() as folder:
        slow = Path(folder, "wat2wasm")
        slow.write_text("#!/bin/sh\necho begun > " + folder + "/begun\nexec sleep 60\n")
        slow.chmod(0o755)
        environment = {**os.environ, "PATH": folder + ":" + os.environ["PATH"]}
        with Terminal("debug", "strings.wat", environment=environment) as t:
            deadline = time.monotonic() + LONG
            while not Path(folder, "begun").exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(0.2)
            t.interrupt()
            equal(t.status(), 2)
            holds(t.said, b"interrupted while wat2wasm assembled the text")


# ------------------------------------------------------------------------------------------------- nobody reads, or no room

def script_of(folder, *verbs):
    path = Path(folder, "script.dbg")
    path.write_text("".join(verb + "\n" for verb in verbs))
    return path


def reader_goes(*arguments, stream="stdout", stdin=subprocess.DEVNULL):
    """Reads one line, then goes away. Status and messages."""
    process = subprocess.Popen([WSCOPE, *map(str, arguments)], cwd=PROGRAMS, stdin=stdin,
                               stdout=subprocess.PIPE if stream == "stdout" else subprocess.DEVNULL, stderr=subprocess.PIPE)
    pipe = process.stdout if stream == "stdout" else process.stderr
    assert pipe.readline()
    pipe.close()
    try:
        status = process.wait(LONG)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError("it runs for ever") from None
    return status, process.stderr.read() if stream == "stdout" else b""


def output_without_newlines_takes_little_memory():
    with tempfile.TemporaryDirectory() as folder:
        words = [WSCOPE, "debug", "--max-log", "4M", "-x", script_of(folder, "run"), PROGRAMS / "stream.wasm"]
        # What a sanitizer keeps of freed memory is not the program's.
        environment = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1"}
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment) as process:
            process.stdout.read(16 << 20)  # the log is full
            before = peak_mib(process.pid)
            process.stdout.read(32 << 20)
            growth = peak_mib(process.pid) - before
            process.kill()
        assert before > 0 and growth < 16, f"{growth} MiB more for 32 MiB of output, {before} MiB before"


def a_closed_pipe_ends_it():
    with tempfile.TemporaryDirectory() as folder:
        script = script_of(folder, "run")
        lost = (2, b"wscope: cannot write to standard output: Broken pipe\n")
        equal(reader_goes("debug", "-x", script, "flood.wasm"), lost)
        equal(reader_goes("debug", "--json", "-x", script, "flood.wasm"), lost)
        yes = subprocess.Popen(["yes", "next"], stdout=subprocess.PIPE)
        equal(reader_goes("debug", "--start", "spin.wasm", stdin=yes.stdout), lost)
        yes.kill()
        yes.wait()
        equal(reader_goes("trace", "flood.wasm", stream="stderr")[0], 2)


def a_full_disk_is_an_error():
    def full(*arguments):
        with open("/dev/full", "wb") as sink:
            done = subprocess.run([WSCOPE, *map(str, arguments)], cwd=PROGRAMS, stdin=subprocess.DEVNULL, stdout=sink,
                                  stderr=subprocess.PIPE, timeout=LONG)
        return done.returncode, done.stderr
    with tempfile.TemporaryDirectory() as folder:
        lost = (2, b"wscope: cannot write to standard output: No space left on device\n")
        equal(full("debug", "-x", script_of(folder, "run"), "flood.wasm"), lost)
        equal(full("inspect", "echo.wasm"), lost)
        equal(full("inspect", "--format", "json", "echo.wasm"), lost)
        equal(full("inspect", "--wat", "echo.wasm"), lost)
        equal(full("--help"), lost)
        equal(full("trace", "-o", "/dev/full", "flood.wasm"),
              (2, b"wscope: cannot write to /dev/full: No space left on device\n"))
        equal(full("trace", "-c", "-o", "/dev/full", "strings.wasm"),
              (2, b"wscope: cannot write to /dev/full: No space left on device\n"))


def a_folder_is_no_script():
    done = subprocess.run([WSCOPE, "debug", "-x", "/tmp", PROGRAMS / "spin.wasm"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LONG)
    equal((done.returncode, done.stdout, done.stderr),
          (2, b"", b"wscope: cannot read the script /tmp: Is a directory\n"))


# ------------------------------------------------------------------------------------------------- a trace that is ended

def ended_trace(number, program, *options, once=lambda text: text.count("\n") > 1000, before=None):
    """The file of a trace that a signal ended, sent when `once` holds of what is written."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trace")
        process = subprocess.Popen([WSCOPE, "trace", "-o", path, *options, PROGRAMS / program], stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=before)
        begin = time.monotonic()
        while not (path.exists() and once(path.read_text(errors="replace"))):
            assert time.monotonic() < begin + LONG and process.poll() is None, "it does not write"
            time.sleep(0.02)
        process.send_signal(number)
        sent = time.monotonic()
        try:
            process.wait(LONG)  # its input stays open
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError("it does not end") from None
        process.stdin.close()
        equal((process.returncode, process.stderr.read()), (-number, ""))
        assert time.monotonic() < sent + 20, "it ends late"
        return path.read_text(errors="replace")


def last_line(text):
    return (text.splitlines(keepends=True) or [""])[-1]


def a_signal_ends_a_trace_in_order():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        last = last_line(ended_trace(number, "torrent.wasm"))
        assert last.startswith("fd_write(") and last.endswith("\n") and " = " in last, last
    lines = ended_trace(signal.SIGTERM, "torrent.wasm", "--format", "json").splitlines(keepends=True)
    assert lines[-1].endswith("\n")
    equal([json.loads(line)["sequence"] for line in lines], list(range(len(lines))))
    events = json.loads(ended_trace(signal.SIGTERM, "torrent.wasm", "--format", "chrome"))["traceEvents"]
    assert len(events) > 1000
    table = ended_trace(signal.SIGTERM, "torrent.wasm", "-c", once=lambda _: time.sleep(0.5) is None)
    assert "fd_write\n" in table and table.endswith("total\n"), table


def a_signal_ends_a_trace_while_a_call_waits():
    def waits(_):
        return time.sleep(0.7) is None
    last = last_line(ended_trace(signal.SIGTERM, "echo.wasm", once=waits))
    assert last.startswith("fd_read(0") and last.endswith(" = …\n"), last
    last = last_line(ended_trace(signal.SIGINT, "echo.wasm", "--format", "json", once=waits))
    assert '"outcome":"pending"' in last and last.endswith("}\n"), last


def a_trace_whose_reader_hangs_ends_too():
    for again in (False, True):
        process = subprocess.Popen([WSCOPE, "trace", PROGRAMS / "torrent.wasm"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(1)  # the pipe is full
        process.send_signal(signal.SIGTERM)
        if again:
            time.sleep(0.5)  # together with the first one it would be one
            process.send_signal(signal.SIGTERM)
        begin = time.monotonic()
        equal(process.wait(LONG), -signal.SIGTERM)
        assert not again or time.monotonic() < begin + 1.5, "the second signal ends it at once"
        process.stderr.close()


def a_signal_that_is_ignored_stays_so():
    def ignore():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    process = subprocess.Popen([WSCOPE, "trace", PROGRAMS / "echo.wasm"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, preexec_fn=ignore)
    time.sleep(0.5)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    said = process.communicate(b"more\n", timeout=LONG)[1]
    equal(process.returncode, 1)
    assert b'more' in said, said


def a_trace_beyond_the_limit_of_files_is_an_error():
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    with tempfile.TemporaryDirectory() as folder:
        for options in ((), ("--format", "json")):
            path = Path(folder, "trace")
            done = subprocess.run([WSCOPE, "trace", "-o", path, *options, PROGRAMS / "torrent.wasm"], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=limit, timeout=LONG, text=True)
            equal((done.returncode, done.stderr), (2, f"wscope: cannot write to {path}: File too large\n"))
            equal(path.stat().st_size, 300_000)


# ------------------------------------------------------------------------------------------------- folders of scripts

def trust_warns_where_others_write():
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_CONFIG_HOME": folder + "/config"}
        real = os.path.realpath(folder)
        for name, mode in (("mine", 0o755), ("everybodys", 0o777)):
            os.mkdir(f"{folder}/{name}")
            os.chmod(f"{folder}/{name}", mode)

        def trust(*arguments):
            done = subprocess.run([WSCOPE, "trust", *arguments], capture_output=True, text=True, env=environment, timeout=LONG)
            return done.returncode, done.stdout, done.stderr
        warning = (f"wscope: warning: {real}/everybodys: anybody may write in {real}/everybodys; who does, decides what its "
                   "scripts do\n")
        equal(trust(f"{folder}/mine"), (0, f"{real}/mine\n", ""))
        both = f"{real}/mine\n{real}/everybodys\n"
        equal(trust(f"{folder}/everybodys"), (0, both, warning))
        equal(trust(), (0, both, warning))
        equal(trust("--remove", f"{folder}/everybodys"), (0, f"{real}/mine\n", ""))
        # Many at once lose nothing.
        names = [f"{real}/f{i}" for i in range(8)]
        for name in names:
            os.mkdir(name)
        runs = [subprocess.Popen([WSCOPE, "trust", name], env=environment, stdout=subprocess.DEVNULL) for name in names]
        equal([run.wait(LONG) for run in runs], [0] * len(names))
        equal(sorted(trust()[1].split()), sorted([*names, f"{real}/mine"]))


CHECKS = (ctrl_c_ends_a_series_of_steps, ctrl_c_is_heard_though_nobody_reads, ctrl_c_cuts_a_flood_short, ctrl_c_while_input_is_waited_for, ctrl_c_at_an_idle_prompt,
          ctrl_c_ends_a_script, ctrl_c_while_text_is_assembled, output_without_newlines_takes_little_memory, a_closed_pipe_ends_it,
          a_full_disk_is_an_error, a_folder_is_no_script, a_signal_ends_a_trace_in_order,
          a_signal_ends_a_trace_while_a_call_waits, a_trace_whose_reader_hangs_ends_too, a_signal_that_is_ignored_stays_so,
          a_trace_beyond_the_limit_of_files_is_an_error, trust_warns_where_others_write)


def main():
    chosen = [check for check in CHECKS if not sys.argv[3:] or check.__name__ in sys.argv[3:]]
    failed = 0
    for check in chosen:
        try:
            check()
        except (AssertionError, subprocess.TimeoutExpired) as problem:
            failed += 1
            print(f"FAIL {check.__name__}: {problem}", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
