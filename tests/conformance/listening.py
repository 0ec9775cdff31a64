#!/usr/bin/env python3
"""A guest that listens (tests/programs/serve.wasm), called from outside: listening.py WSCOPE REPOSITORY."""
import re
import socket
import subprocess
import sys
import tempfile

WSCOPE, REPOSITORY = sys.argv[1:3]
SERVE = REPOSITORY + "/tests/programs/serve.wasm"


def start(*words):
    guest = subprocess.Popen([WSCOPE, *words, SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    told = guest.stderr.readline()
    found = re.fullmatch(r"wscope: descriptor 3 listens at tcp:127\.0\.0\.1:(\d+)\n", told)
    assert found, told
    return guest, int(found[1])


def ask(port, text):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as caller:
        caller.sendall(text)
        answer = b""
        while part := caller.recv(100):
            answer += part
        return answer


guest, port = start("run", "--listen", "localhost:0")
assert ask(port, b"hello") == b"HELLO"
assert ask(port, b"quit") == b"QUIT"
assert guest.wait(20) == 2

with tempfile.NamedTemporaryFile("r") as log:
    guest, port = start("trace", "-o", log.name, "--listen", "tcp:127.0.0.1:0")
    assert ask(port, b"quit") == b"QUIT"
    assert guest.wait(20) == 1
    calls = log.read()
    assert f"sock_accept(3 (tcp:127.0.0.1:{port}), 0) = ESUCCESS connection=4" in calls, calls
    assert re.search(r'sock_recv\(4 \(tcp:127\.0\.0\.1:\d+\), \[\{"quit", 256}\], 0\) = ESUCCESS ro_datalen=4', calls), calls

# A guest that waits for a caller ends when its time is over.
guest, port = start("run", "--listen", "127.0.0.1:0", "--timeout", "200ms")
assert guest.wait(20) == 2
assert "time limit of 200 ms reached" in guest.stderr.read()

for address, complaint in (("8080", "a listener is ADDRESS:PORT"), ("::1:80", "a listener is ADDRESS:PORT"), ("127.0.0.1:99999", "a listener is ADDRESS:PORT"),
                           ("127.1:80", "it is no address"), ("example.com:80", "it is no address")):
    done = subprocess.run([WSCOPE, "run", "--listen", address, SERVE], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and complaint in done.stderr, (address, done)
