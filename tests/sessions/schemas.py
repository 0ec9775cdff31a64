#!/usr/bin/env python3
"""schemas.py WSCOPE SOURCE_DIR: the published schemas and the readers agree on what is a file of mocks or of capabilities and what is none.

Each document is given to both. Prints a line per disagreement, and last how many documents there were.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema  # package python3-jsonschema

WSCOPE, SOURCE = str(Path(sys.argv[1]).resolve()), Path(sys.argv[2])
PROGRAM = SOURCE / "tests/programs/strings.wasm"


def rule(text):
    return '{"rules": [{"call": "fd_read"%s}]}' % (text and ", " + text)


ANSWERS = ('"errno": "io"', '"reply": {}', '"short": 1', '"corrupt": 1', '"trap": true', '"stop": true', '"pass": true')
GOOD_MOCKS = [
    '{"rules": []}', '{"version": 1, "rules": []}', '{"$schema": "x", "rules": []}',
    *map(rule, ANSWERS), rule(""), rule('"nth": 3'), rule('"nth": 3.0'), rule('"from": 2, "to": 5'), rule('"to": 0'),
    rule('"probability": 0'), rule('"probability": 1'), rule('"delay": "5ms"'), rule('"trap": ""'), rule('"stop": "look"'),
    rule('"corrupt": 1048576'), rule('"reply": {"bytes": "x"}'), rule('"reply": {"hex": ""}'), rule('"reply": {"hex": "00fF"}'),
    rule('"seed": 18446744073709551615'), rule('"enabled": false'), rule('"policy": true'), rule('"note": "n"'),
    '{"rules": [{"call": "fd_filestat_get", "reply": {"buf": {"size": 5, "filetype": "directory"}}}]}',
]
BAD_MOCKS = [
    "[]", "{}", '{"rules": {}}', '{"rules": [5]}', '{"rules": [{}]}', '{"rule": []}', '{"rules": [], "more": 1}',
    *('{"version": %s, "rules": []}' % version for version in ("2", "0", '"1"', "true", "null", "1.5")),
    '{"rules": [{"call": 5}]}', rule('"oops": 1'),
    *(rule(f'"{answer}": false') for answer in ("trap", "stop", "pass", "errno", "reply", "short", "script")),
    *(rule(f'"{member}": {value}') for member in ("nth", "from", "every", "short", "corrupt", "seed", "to")
      for value in ("-1", "1.5", '"1"', "null", "true")),
    *(rule(f'"{member}": 0') for member in ("nth", "from", "every")),
    rule('"corrupt": 1048577'), rule('"probability": 1.5'), rule('"probability": -0.1'), rule('"probability": "0.5"'),
    rule('"nth": 1, "from": 1'), rule('"nth": 1, "to": 1'),
    *(rule(first + ", " + second) for i, first in enumerate(ANSWERS) for second in ANSWERS[i + 1:]),
    rule('"errno": 5'), rule('"errno": "io", "script": "s.lua"'), rule('"script": ""'), rule('"delay": 5'), rule('"delay": "5"'),
    rule('"delay": "5 ms"'), rule('"reply": []'), rule('"reply": {"bytes": "a", "hex": "00"}'), rule('"reply": {"bytes": 5}'),
    rule('"reply": {"hex": "0"}'), rule('"reply": {"hex": "0g"}'), rule('"reply": {"nread": 1.5}'), rule('"reply": {"nread": true}'),
    rule('"reply": {"nread": [1]}'), rule('"reply": {"nread": null}'), rule('"reply": {"buf": {"size": null}}'),
    rule('"enabled": 1'), rule('"policy": "yes"'), rule('"note": 5'), rule('"when": 5'),
    '{"rules": [], "rules": []}', rule('"errno": "io", "errno": "nospc"'), rule('"reply": {"bytes": "a", "bytes": "b"}'),
]

GOOD_CAPABILITIES = [
    "{}", '{"$schema": 5}', '{"arguments": []}', '{"arguments": ["a"]}', '{"environment": {"A": "b"}}',
    *('{"directories": [{"guest": "/a", %s}]}' % rest for rest in (
        '"host": "."', '"kind": "in-memory"', '"host": ".", "kind": "read-only"', '"host": ".", "kind": "overlay"')),
    *('{"directories": [{"host": ".", "guest": "%s"}]}' % path for path in (
        "/", ".", "..", "a", "/a/b", "../a", "../../a", ".a", "/..a/.b", "...")),
    *('{"listeners": [{"address": "127.0.0.1"%s}]}' % port for port in ("", ', "port": 0', ', "port": "0"', ', "port": 0.0')),
    '{"clock": {"fixedNs": 5.0, "offsetNs": -2e3}}', '{"random": {"seed": 1e3}}', '{"limits": {"maxOpenFiles": 5.0}}',
    *('{"stdin": %s}' % stdin for stdin in (
        "{}", '{"kind": "null"}', '{"kind": "text"}', '{"kind": "text", "text": "x"}', '{"kind": "file", "path": "/dev/null"}')),
    *('{"clock": %s}' % clock for clock in (
        "{}", '{"kind": "fixed", "fixedNs": 5}', '{"kind": "fixed", "fixedNs": "5"}', '{"kind": "scaled", "scale": 2}',
        '{"kind": "offset", "offsetNs": -5}', '{"kind": "offset", "offsetNs": "-5"}')),
    '{"random": {}}', '{"random": {"seed": 18446744073709551615}}', '{"random": {"seed": "1"}}', '{"limits": {"maxOpenFiles": 5}}',
    '{"limits": {"timeoutMs": 1000000000000}}', '{"limits": {"timeoutMs": "1000000000000"}}',
]
BAD_CAPABILITIES = [
    "[]", '{"version": 1}', '{"dirs": []}', '{"arguments": [5]}', '{"arguments": "a"}', '{"environment": {"": "b"}}',
    '{"environment": {"A=": "b"}}', '{"environment": {"A": 5}}', '{"environment": {"A": null}}', '{"environment": []}',
    *('{"directories": [{%s}]}' % folder for folder in (
        '"host": "."', '"guest": "", "host": "."', '"guest": "/a"', '"guest": "/a", "host": ""', '"guest": "/a", "host": ".", "kind": "x"',
        '"guest": "/a", "host": ".", "more": 1', '"guest": "/a", "kind": "overlay"', '"guest": "/a", "host": "", "kind": "overlay"')),
    *('{"directories": [{"host": ".", "guest": "%s"}]}' % path for path in (
        "/a/", "a/", "//", "/a//b", "/a/../b", "./a", "/..", "/.", "a/..", "../", "..//a", "/../a", "a\\u0000")),
    *('{"listeners": [{%s}]}' % listener for listener in (
        '"port": 0', '"address": ""', '"address": "127.0.0.1", "port": 65536', '"address": "127.0.0.1", "port": -1')),
    '{"stdin": "null"}', '{"stdin": {"kind": "file"}}', '{"stdin": {"kind": "file", "path": ""}}', '{"stdin": {"kind": "x"}}',
    *('{"clock": %s}' % clock for clock in (
        "5", '{"fixedNs": -5}', '{"fixedNs": -5.0}', '{"fixedNs": 18446744073709551616.0}', '{"offsetNs": 9223372036854775808.0}', '{"fixedNs": 1.5}', '{"fixedNs": "x"}', '{"fixedNs": 99999999999999999999}',
        '{"fixedNs": "99999999999999999999"}', '{"scale": 0}', '{"scale": -1}', '{"scale": 1e10}', '{"scale": "2"}', '{"offsetNs": "x"}',
        '{"offsetNs": 1.5}', '{"offsetNs": 9223372036854775808}')),
    '{"random": {"seed": null}}', '{"random": 5}', '{"limits": {"maxOpenFiles": -5}}', '{"limits": {"timeoutMs": 1000000000001}}',
    '{"limits": {"timeoutMs": "1000000000001"}}', '{"limits": {"timeoutMs": true}}', '{"limits": {"maxMemoryBytes": ""}}',
    '{"arguments": [], "arguments": []}', '{"environment": {"A": "b", "A": "c"}}',
]
FILES = (("--mock", "mocks", GOOD_MOCKS, BAD_MOCKS), ("--policy", "capabilities", GOOD_CAPABILITIES, BAD_CAPABILITIES))


def once(pairs):
    """No schema can speak of members that stand twice, and RFC 8259 leaves to each reader what they mean."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a member stands twice")
    return dict(pairs)


def judged_wrongly(option, name, good, bad):
    schema = json.loads((SOURCE / f"resources/schema/{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "document.json")
        for text, is_good in [*((text, True) for text in good), *((text, False) for text in bad)]:
            path.write_text(text)
            done = subprocess.run([WSCOPE, "run", option, path, PROGRAM], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=60)
            try:
                by_schema = validator.is_valid(json.loads(text, object_pairs_hook=once))
            except ValueError:
                by_schema = False
            by_reader = done.returncode != 2
            if (by_schema, by_reader) != (is_good, is_good):
                wrong += 1
                print(f"{text}\n  should be {'good' if is_good else 'bad'}; schema: {by_schema}; reader: {by_reader} {done.stderr}")
    print(f"{name}: {len(good)} good and {len(bad)} bad documents, {wrong} judged wrongly")
    return wrong


sys.exit(1 if sum([judged_wrongly(*row) for row in FILES]) else 0)
