#!/usr/bin/env python3
"""What `wscope policy --as` writes is typed at a shell, with names that look like options, quotes and lists: for wscope itself, and for
Node where it is installed. command_lines.py WSCOPE REPOSITORY"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WSCOPE, REPOSITORY = (str(Path(path).resolve()) for path in sys.argv[1:3])
PROGRAMS = Path(REPOSITORY) / "tests/programs"


def shell(line, folder, **more):
    path = {"PATH": f"{folder}/bin:{os.environ['PATH']}"}
    return subprocess.run(["sh", "-c", line], cwd=folder, env={**os.environ, **path}, capture_output=True, text=True, timeout=60, **more)


def command_line(runtime, folder, *words, **more):
    done = subprocess.run([WSCOPE, "policy", "--as", runtime, *words], cwd=folder, capture_output=True, text=True, timeout=60, **more)
    assert done.stdout, done
    notes, line = [], ""
    for part in done.stdout.splitlines(keepends=True):
        if part.startswith("# ") and not line:
            notes.append(part)
        else:
            line += part
    return done.returncode, notes, line


with tempfile.TemporaryDirectory() as folder:
    (Path(folder) / "bin").mkdir()
    os.symlink(WSCOPE, Path(folder) / "bin/wscope")
    awkward = Path(folder) / "it's: $HOME \"x\""
    awkward.mkdir()
    (awkward / "-f").write_text("dashed\n")
    (awkward / "a b").write_text("spaced\n")
    (Path(folder) / "-d").mkdir()
    (Path(folder) / "-d/in").write_text("in a dashed folder\n")
    shutil.copy(PROGRAMS / "cat.wasm", Path(folder) / "-p.wasm")
    grants = ["--dir", f"{awkward}::/d", "--dir=-d::/e", "--"]
    program = ["-p.wasm", "--", "/d/-f", "/d/a b", "/e/in", "/d/no such"]
    runtimes = ["wasiscope"]
    if shutil.which("node"):
        runtimes.append("node")
    else:
        print("node is not here: its command line was not run")
    for runtime in runtimes:
        status, notes, line = command_line(runtime, folder, *grants, *program)
        done = shell(line, folder)
        assert done.stdout == "dashed\nspaced\nin a dashed folder\n", (runtime, line, done)
        assert done.returncode == status == 1 and "/d/no such: No such file" in done.stderr, (runtime, line, done)
        assert any("no read-only folders" in note for note in notes) == (runtime == "node"), (runtime, notes)

    # Standard input as a text, and the name of the program for itself.
    status, notes, line = command_line("wasiscope", folder, "--stdin-text", "one\\ntwo \\\\ n\\n", "--arg0", "-me", str(PROGRAMS / "echo.wasm"))
    done = shell(line, folder, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, status) == (2, "1: one\n2: two \\ n\n", 2), (line, done)

    # Variables.
    shutil.copy(PROGRAMS / "environment.wat", folder)
    status, notes, line = command_line("wasiscope", folder, "--env", "A=b=c", "--env=-X= y'z", "--env", "E=", "environment.wat")
    assert shell(line, folder).stdout == "A=b=c\0-X= y'z\0E=\0", line

    # An export with arguments.
    status, notes, line = command_line("wasiscope", folder, "--invoke", "twice", str(PROGRAMS / "library.wat"), "-3")
    done = shell(line, folder)
    assert done.returncode == status == 0 and done.stdout == "-6\n", (line, done)

    # A server that was ended while it waited for a caller needs its socket.
    status, notes, line = command_line("wazero", folder, "--listen", "127.0.0.1:0", "--timeout", "200ms", str(PROGRAMS / "serve.wasm"))
    assert status == 2 and " -listen=127.0.0.1:0 " in line, line
