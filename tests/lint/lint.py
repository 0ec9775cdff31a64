#!/usr/bin/env python3
"""Rules of the source tree that no compiler checks: lint.py CHECK [ROOT], or lint.py CHECK --self-test.

Ends with 0 (no findings), 1 (findings, one a line) or 77 (skipped: the tool is missing; with CI=true that is a failure).
The self-test plants violations in a temporary tree and fails unless each is found, and the good files beside them are not.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CXX = (".cpp", ".h", ".def")
TOP_LEVEL = set("app engine debugger wasi ui resources tests README.md CMakeLists.txt CMakePresets.json LICENSE dev".split())

# Which folders a folder may include from; the longest matching prefix counts. Tests of a layer see what the layer sees.
LAYERS = {
    "engine": ["engine"],
    "wasi": ["engine", "wasi"],
    "debugger": ["engine", "wasi", "debugger"],
    "ui": ["engine", "wasi", "debugger", "ui"],
    "app/launch": ["engine", "wasi", "debugger", "app/launch"],
    "app/wscope": ["engine", "wasi", "debugger", "app/launch", "app/wscope"],
    "app/wasiscope": ["engine", "wasi", "debugger", "ui", "app/launch", "app/wasiscope"],
    "tests/engine": ["engine", "tests"],
    "tests/wasi": ["engine", "wasi", "tests"],
    "tests/debugger": ["engine", "wasi", "debugger", "tests"],
    "tests/fuzz": ["engine", "wasi", "debugger", "tests"],
    "tests/conformance": ["engine", "wasi", "debugger", "tests"],
    "tests/bench": ["engine", "wasi", "debugger", "tests"],
    "tests/sessions": ["engine", "wasi", "debugger", "tests"],
    "tests/ui": ["engine", "wasi", "debugger", "ui", "tests"],
    "tests/gui": ["engine", "wasi", "debugger", "ui", "tests"],
}
# Third-party headers, and the folders that may include them. Everything else in <> is the system's.
ABOVE_ENGINE = ["wasi", "debugger", "ui", "app", "tests"]
WINDOW = ["ui", "app/wasiscope", "tests/ui", "tests/gui"]
THIRD_PARTY = [
    (r"asmjit/|Zydis/", ["engine", "tests/engine"]),
    (r"zstd|xxhash|nlohmann/", ABOVE_ENGINE),
    (r"libdwarf|dwarf\.h", ["debugger/symbol_child"]),
    (r"Q[A-Z]|Qsci/|Qt|qt", WINDOW),
    (r"lua\.hpp|lua\.h|lauxlib\.h|lualib\.h", ["wasi/script"]),
    (r"CLI/", ["app"]),
    (r"gtest/|gmock/", ["tests"]),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def files_of(root):
    """The files that git tracks or would track; outside a repository, all files."""
    listing = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-zco", "--exclude-standard"], cwd=root,
                             capture_output=True, text=True)
    if listing.returncode == 0 and (root / ".git").exists():
        names = sorted(set(listing.stdout.split("\0")) - {""})
    else:
        names = sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())
    return [name for name in names if (root / name).is_file() and not name.startswith("build/")]


def under(name, folders):
    return any(name.startswith(folder + "/") for folder in folders)


def check_layers(root):
    """Includes point downwards only, are rooted at the repository, and third parties stay in their layers."""
    for name in files_of(root):
        if not name.endswith(CXX):
            continue
        layer = max((l for l in LAYERS if under(name, [l])), key=len, default=None)
        for number, line in enumerate((root / name).read_text("utf-8", "replace").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            kind, target = match.groups()
            where = f"{name}:{number}: "
            if kind == "<":
                for pattern, folders in THIRD_PARTY:
                    if re.match(pattern, target) and not under(name, folders):
                        yield where + f"<{target}> may be included only in {', '.join(folders)}"
            elif target.endswith(".moc"):
                continue
            elif "/" not in target or target.startswith("."):
                yield where + f'"{target}" is not rooted at the repository'
            elif layer and not under(target, LAYERS[layer]):
                yield where + f'{layer} may not include "{target}"'
            elif target.startswith("debugger/symbol_child/") and not under(
                    name, ["debugger/symbol_child", "tests/debugger", "tests/fuzz"]):
                yield where + "only the symbol child and its tests include the symbol child"


def check_format(root):
    """C++ sources are as clang-format leaves them."""
    sources = [n for n in files_of(root) if n.endswith((".cpp", ".h")) or re.match(r"resources/examples/.*\.c$", n)]
    tool = require("clang-format-14", "clang-format")
    for start in range(0, len(sources), 50):
        result = subprocess.run([tool, "--dry-run", "-Werror", "--ferror-limit=1", "--style=file",
                                 *sources[start:start + 50]], cwd=root, capture_output=True, text=True)
        yield from re.findall(r"^(\S+:\d+):\d+: error: .*$", result.stderr, re.M)
        if result.returncode != 0 and "error:" not in result.stderr:
            yield result.stderr.strip()


def check_names(root):
    """Only the folders and files of the design stand at the top."""
    for top in sorted({name.split("/")[0] for name in files_of(root)}):
        if top not in TOP_LEVEL and not top.startswith("."):
            yield f"{top}: not one of the top-level names of the design"


def check_paths(root):
    """No path of the machine on which something was written or built, in sources or in built examples."""
    places = rb"work|root|tmp/(?:bash_jobs|tmp\.)|opt/rw|home/[a-z][a-z0-9_-]*"
    path = re.compile(rb"(?<![\w.~*:$})\]>/-])/(?:" + places + rb")/[\w.-]+")
    for name in files_of(root):
        if name == "tests/lint/lint.py":
            continue
        for found in sorted(set(path.findall((root / name).read_bytes()))):
            yield f"{name}: {found.decode('ascii', 'replace')}"


def check_shell(root):
    """Shell scripts are clean under shellcheck."""
    scripts = [n for n in files_of(root)
               if re.match(rb"#!.*\b(?:ba)?sh\b", (root / n).read_bytes()[:40])]
    tool = require("shellcheck")
    result = subprocess.run([tool, "-f", "gcc", *scripts], cwd=root, capture_output=True, text=True) if scripts else None
    if result and result.returncode != 0:
        yield from (result.stdout + result.stderr).splitlines()


def check_desktop(root):
    """The desktop entry and the AppStream description are valid."""
    folder = root / "resources/desktop"
    for file in sorted(folder.glob("*.desktop")):
        yield from output_of([require("desktop-file-validate"), file])
    for file in sorted(folder.glob("*.metainfo.xml")):
        yield from output_of([require("appstreamcli"), "validate", "--no-net", "--no-color", file])


def output_of(command):
    result = subprocess.run(command, capture_output=True, text=True)
    return (result.stdout + result.stderr).strip().splitlines() if result.returncode != 0 else []


def require(*tools):
    for tool in tools:
        if path := shutil.which(tool):
            return path
    print(f"{tools[-1]} is not installed")
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


# For each check: files of a tree that it must accept, and files each of which it must reject.
SAMPLES = {
    "layers": (
        {"engine/a.cpp": '#include <vector>\n#include <asmjit/x86.h>\n#include "engine/a.h"\n',
         "ui/b.cpp": '#include <QWidget>\n#include "debugger/session.h"\n#include "b.moc"\n',
         "debugger/symbol_child/c.cpp": "#include <libdwarf/libdwarf.h>\n",
         "tests/engine/d.cpp": '#include <gtest/gtest.h>\n#include "tests/engine/tool.h"\n'},
        {"engine/bad1.cpp": '#include "wasi/host.h"\n', "wasi/bad2.h": '#include "debugger/session.h"\n',
         "debugger/bad3.h": '#include "ui/panel.h"\n', "ui/bad4.h": '#include "app/wasiscope/main.h"\n',
         "debugger/bad5.cpp": "#include <QString>\n", "debugger/bad6.cpp": "#include <libdwarf.h>\n",
         "engine/bad7.cpp": "#include <nlohmann/json.hpp>\n", "engine/bad8.cpp": '#include "opcode.h"\n',
         "app/wscope/bad9.cpp": '#include "ui/panel.h"\n', "engine/bad10.cpp": '#include "../wasi/host.h"\n',
         "debugger/bad11.cpp": '#include "debugger/symbol_child/dies.h"\n', "app/wscope/bad12.cpp": "#include <Qt>\n",
         "tests/engine/bad13.cpp": '#include "wasi/host.h"\n'}),
    "format": (
        {".clang-format": "BasedOnStyle: Google\nIndentWidth: 4\n", "engine/a.cpp": "int f() { return 1; }\n",
         "engine/table.def": "ROW(  a,   b )\n"},
        {"engine/bad.cpp": "int  f( ) {return 1;}\n", "wasi/bad.h": "struct A{int a;} ;\n"}),
    "names": (
        {"engine/a.cpp": "", "README.md": "", ".ci/run": "", "dev": ""},
        {"src/a.cpp": "", "notes.txt": "", "cmake/x.cmake": ""}),
    "paths": (
        {"engine/a.cpp": "// https://example.org/work/item, tests/work/x, /usr/share/doc, ~/work/x\n"},
        {"README.md": "see /work/item/file\n", "app/a.cpp": '"/home/someone/file"\n', "resources/a.wasm": "\0/root/x.c\0",
         "tests/b.h": "(/opt/rw/root)"}),
    "shell": (
        {"dev": "#!/usr/bin/env bash\necho hello\n"}, {"tests/bad": "#!/bin/bash\necho $1\n"}),
    "desktop": (
        {"resources/desktop/a.desktop": "[Desktop Entry]\nType=Application\nName=A\nExec=a\n"},
        {"resources/desktop/bad.desktop": "[Desktop Entry]\nType=Application\nExec=a\n",
         "resources/desktop/bad.metainfo.xml": "<component><id>x</id></component>\n"}),
}


def self_test(check, findings):
    good, bad = SAMPLES[check]
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)

        def write(files):
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)

        write(good)
        failures += [f"rejected, but good: {finding}" for finding in findings(root)]
        for name, text in bad.items():
            write({name: text})
            if not list(findings(root)):
                failures.append(f"accepted, but bad: {name}: {text!r}")
            (root / name).unlink()
    print(*failures or [f"{check}: {len(bad)} planted violations found"], sep="\n")
    return bool(failures)


def main():
    checks = {name[len("check_"):]: function for name, function in globals().items() if name.startswith("check_")}
    if len(sys.argv) < 2 or sys.argv[1] not in checks:
        sys.exit(f"usage: lint.py {'|'.join(checks)} [ROOT | --self-test]")
    check = sys.argv[1]
    if sys.argv[2:] == ["--self-test"]:
        sys.exit(self_test(check, checks[check]))
    root = Path(sys.argv[2] if len(sys.argv) > 2 else __file__).resolve()
    findings = list(checks[check](root if root.is_dir() else root.parents[2]))
    print(*findings or [f"{check}: nothing found"], sep="\n")
    sys.exit(bool(findings))


main()
