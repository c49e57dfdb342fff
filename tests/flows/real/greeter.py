"""A scripted model that is manager, tester and coder of one service. Its first code misses one requirement.

As the coder it is asked by Hive's own loop or by opencode: the tools that it is given say which.
"""

from __future__ import annotations

from tests.providers import Seen, Turn, calls, says

STORY = "A service that greets whoever asks, by name where there is one."
BY_NAME = "GET /hello?name=Ann answers Hello, Ann"
SPEC = f"""\
id: greeter
title: A service that greets
description: |
  {STORY} Assumption: it speaks English.
requirements:
  - GET /hello answers Hello
  - {BY_NAME}
outputs: [{{path: service.py}}]
tests: [{{run: python3 -m py_compile service.py}}]
constraints: {{timeout: 1m}}
deploy: {{command: python3 service.py, health: /hello}}
acceptance:
  - url: http://devsite:8080/hello?name=Ann
    contains: Hello, Ann
"""
FILES = {"r1": "acceptance_tests/greeter/test_hello.py", "r2": "acceptance_tests/greeter/test_by_name.py"}
TEST = """\
import os, socket, subprocess, sys, time, unittest, urllib.request

class Greets(unittest.TestCase):
    def setUp(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        environ = {{**os.environ, "PORT": str(self.port)}}
        self.service = subprocess.Popen([sys.executable, "tasks/greeter/service.py"], env=environ)
        self.addCleanup(self.service.wait)
        self.addCleanup(self.service.kill)

    def answer(self, path):
        while self.service.poll() is None:
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{{self.port}}{{path}}").read().decode()
            except urllib.error.URLError:
                time.sleep(0.05)
        self.fail("the service has ended")

    def {name}(self):
        self.assertEqual(self.answer({path!r}), {answer!r})

unittest.main()
"""
TESTS = {
    "r1": TEST.format(name="test_it_says_hello", path="/hello", answer="Hello"),
    "r2": TEST.format(name="test_it_knows_names", path="/hello?name=Ann", answer="Hello, Ann"),
}
SERVICE = """\
import http.server, os, urllib.parse

class Greeter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        said = {greeting}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(said.encode())

http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Greeter).serve_forever()
"""
FORGETS = SERVICE.format(greeting='"Hello"')
KNOWS = SERVICE.format(greeting='", ".join(["Hello", *asked.get("name", [])])')


def told(seen: Seen) -> str:
    """What it was told at the beginning."""
    return seen.messages[1][1]


def greeter(seen: Seen) -> Turn:
    if "propose_spec" in seen.tools:
        return calls("propose_spec", spec=SPEC)
    done = sum(role == "tool" for role, _ in seen.messages)
    steps = _tests() if "software tester" in seen.messages[0][1] else _codes(seen)
    return steps[min(done, len(steps) - 1)]


def _tests() -> list[Turn]:
    proofs = [{"requirement": id, "file": file, "run": f"python3 {file}"} for id, file in FILES.items()]
    writes = [calls("write", path=FILES[id], content=text) for id, text in TESTS.items()]
    return [*writes, calls("submit", summary="One test for each.", tests=proofs)]


def _codes(seen: Seen) -> list[Turn]:
    """What the test said of the first round is all that it needs for the second."""
    content = KNOWS if "'Hello' != 'Hello, Ann'" in told(seen) else FORGETS
    if "submit" in seen.tools:
        return [calls("write", path="service.py", content=content), calls("submit", summary="It greets.")]
    return [calls("write", filePath="service.py", content=content), says("It greets.")]
