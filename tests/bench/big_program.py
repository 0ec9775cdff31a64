#!/usr/bin/env python3
"""big_program.py FOLDER [MEBIBYTES]: makes a C program of many functions in several files and compiles it with full debug information
(clang-22, -O0 -g) to FOLDER/big.wasm of at least that size (40). For the benchmark of the time to the first stop."""
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

folder, mebibytes = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 40
FUNCTIONS_PER_FILE = 400
BYTES_PER_FUNCTION = 1170  # of code and debug information, as measured

HEAD = """#include <stdint.h>
struct point_{f} {{ double x, y; int16_t marks[4]; const char *name; struct point_{f} *next; }};
enum shade_{f} {{ DARK_{f} = 1, PALE_{f} = 4, CLEAR_{f} = -2 }};
static uint32_t state_{f} = {f};
"""
BODY = """
static int work_{f}_{i}(struct point_{f} *p, int n, enum shade_{f} shade) {{
  int table[8] = {{ n, {i}, 3, 4, 5, 6, 7, 8 }};
  int64_t sum = {i};
  for (int k = 0; k < 8; k++) {{
    int64_t term = (int64_t)table[k] * (k + n);
    if (term % 3 == 0) {{ sum += term; p->marks[k & 3] = (int16_t)term; }}
    else if (shade == PALE_{f}) sum -= term >> 1;
    else {{ double share = p->x * term; p->y += share; sum ^= (int64_t)share; }}
  }}
  state_{f} = state_{f} * 1664525u + (uint32_t)sum;
  switch (state_{f} & 3) {{
    case 0: p->name = "zero"; break;
    case 1: p->name = "one"; sum += 7; break;
    default: p->name = "many"; break;
  }}
  return (int)sum + {next};
}}
"""
TAIL = """
int entry_{f}(int n) {{
  struct point_{f} p = {{ 1.5, 2.5, {{ 0 }}, "p", 0 }};
  return work_{f}_0(&p, n, DARK_{f});
}}
"""


def source(f):
    text = HEAD.format(f=f)
    for i in reversed(range(FUNCTIONS_PER_FILE)):
        following = "0" if i + 1 == FUNCTIONS_PER_FILE else f"(n > {i} ? work_{f}_{i + 1}(p, n - 1, shade) : 0)"
        text += BODY.format(f=f, i=i, next=following)
    return text + TAIL.format(f=f)


def main():
    target = folder / "big.wasm"
    if target.exists() and target.stat().st_size >= mebibytes << 20:
        return
    folder.mkdir(parents=True, exist_ok=True)
    files = (mebibytes << 20) // (FUNCTIONS_PER_FILE * BYTES_PER_FUNCTION) + 2
    flags = ["--target=wasm32-wasi", "-Wno-deprecated", "-O0", "-g", "--no-wasm-opt",
             "-Wno-unused-command-line-argument"]
    names = [f"part{f}" for f in range(files)]
    for f, name in enumerate(names):
        (folder / f"{name}.c").write_text(source(f))
    calls = "".join(f"  total += entry_{f}(argc + {f % 7});\n" for f in range(files))
    declarations = "".join(f"int entry_{f}(int);\n" for f in range(files))
    (folder / "main.c").write_text(
        f'#include <stdio.h>\n{declarations}int main(int argc, char **argv) {{\n  int total = 0;\n{calls}'
        '  printf("%d\\n", total);\n  return 0;\n}\n')

    def compile_one(name):
        subprocess.run(["clang-22", *flags, "-c", f"{name}.c", "-o", f"{name}.o"], cwd=folder, check=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(compile_one, [*names, "main"]))
    subprocess.run(["clang-22", *flags, *(f"{n}.o" for n in names), "main.o", "-o", "big.wasm"], cwd=folder, check=True)
    print(f"{target}: {target.stat().st_size >> 20} MiB, {files * FUNCTIONS_PER_FILE} functions", file=sys.stderr)


main()
