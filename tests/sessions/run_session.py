#!/usr/bin/env python3
"""Runs transcripts of wscope and compares: run_session.py [--update | --tier TIER] WSCOPE FILE.dbg...

A transcript looks as it would on a terminal:

    # comment
    # in: resources/examples/wordcount        the folder to run in, from the top of the repository; @SUITES@ is the suites' folder
    $ wscope debug --dir . wordcount.wasm     a command; what follows is what it prints, stdout and stderr
    (wscope) break main                       a verb of its prompt, and below it the answer
    [status 1]                                its exit status, if not 0

--tier adds this option to `wscope run`, `debug` and `trace`: what they say must not depend on it.
--update writes what wscope says now into the files; look at the difference before you commit it.
Ends with 0 (all agree), 1 (some differ) or 77 (skipped: the suites are not here).
"""
import difflib
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROMPT = "(wscope) "


def suites():
    return Path(os.environ.get("WASISCOPE_SUITES") or ROOT / "../shared/suites").resolve()


def parse(text):
    """Comment lines, and the commands, each with its verbs."""
    head, commands = [], []
    for line in text.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        elif not commands:
            head.append(line)
        elif line.startswith(PROMPT):
            commands[-1][1].append(line[len(PROMPT):])
    return head, commands


def run(wscope, command, verbs, folder, tier):
    words = shlex.split(command)
    if words[0] != "wscope":
        raise SystemExit(f"a command must begin with wscope: {command}")
    options = ["--tier", tier] if tier and words[1] in ("run", "debug", "trace") else []
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as script:
        script.write("\n".join(verbs) + "\n")
        script.flush()
        words = [wscope, words[1], *(["-x", script.name] if verbs else []), *options, *words[2:]]
        done = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=110)
    said = done.stdout.decode("utf-8", "backslashreplace").replace(str(ROOT), "@ROOT@").replace(str(suites()), "@SUITES@")
    lines = said.splitlines()
    if done.returncode != 0:
        lines.append(f"[status {done.returncode}]")
    return lines


def main():
    arguments = sys.argv[1:]
    update = "--update" in arguments
    arguments = [a for a in arguments if a != "--update"]
    tier = arguments[1] if arguments[:1] == ["--tier"] else None
    arguments = arguments[2 if tier else 0:]
    if len(arguments) < 2:
        raise SystemExit(__doc__)
    wscope, status, skipped = str(Path(arguments[0]).resolve()), 0, 0
    for name in arguments[1:]:
        text = Path(name).read_text("utf-8")
        head, commands = parse(text)
        folder = ROOT
        for line in head:
            if line.startswith("# in: "):
                folder = ROOT / line[6:].strip().replace("@SUITES@", str(suites()))
        if not folder.exists():
            print(f"{name}: skipped, {folder} is not here")
            skipped += 1
            continue
        lines = list(head)
        for command, verbs in commands:
            lines += ["$ " + command, *run(wscope, command, verbs, folder, tier)]
        now = "\n".join(lines) + "\n"
        if now == text:
            continue
        if update:
            Path(name).write_text(now, "utf-8")
            print(f"{name}: updated")
            continue
        status = 1
        sys.stdout.writelines(difflib.unified_diff(text.splitlines(True), now.splitlines(True), name, "now"))
    return status or (77 if skipped == len(arguments) - 1 else 0)


if __name__ == "__main__":
    sys.exit(main())
