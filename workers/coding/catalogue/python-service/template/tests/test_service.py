"""The service as others meet it: a process, spoken to over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent


class ServiceCase(unittest.TestCase):
    """One process per class, on a free port, with a folder of its own."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.data = Path(folder.name)
        cls.process, cls.port = start(cls.data)
        cls.addClassCleanup(stop, cls.process)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, object, dict[str, str]]:
        """Status, JSON and headers of the answer."""
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        given = {
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, raw, given)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        return response.status, json.loads(content) if content else None, dict(response.getheaders())

    def assertFails(self, status: int, method: str, path: str, body: object = None, **headers: str) -> dict[str, str]:
        got, answer, given = self.ask(method, path, body, **headers)
        self.assertEqual(got, status, answer)
        self.assertEqual(answer["error"]["status"], status)
        self.assertTrue(answer["error"]["message"])
        return given


def start(data: Path, port: int = 0) -> tuple[subprocess.Popen, int]:
    """The process, and where it listens: a free port, where none is asked for."""
    process = subprocess.Popen(
        [sys.executable, "-B", "service.py"],
        cwd=HOME,
        env={**os.environ, "PORT": str(port), "DATA_DIR": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    line = process.stdout.readline()
    found = re.search(r":(\d+)$", line.strip())
    if not found:
        raise AssertionError(f"the service did not start: {line!r}, exit code {process.wait(5)}")
    threading.Thread(target=process.stdout.read, daemon=True).start()
    return process, int(found[1])


def stop(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()
    process.stdout.close()


class TestNotes(ServiceCase):
    def test_it_says_what_it_is(self) -> None:
        status, answer, headers = self.ask("GET", "/")
        self.assertEqual(status, 200)
        self.assertEqual(answer["title"], json.loads((HOME / "app" / "about.json").read_text())["title"])
        self.assertIn("POST /notes", answer["routes"])
        self.assertEqual(headers["Content-Type"], "application/json; charset=utf-8")

    def test_it_is_well(self) -> None:
        status, answer, _ = self.ask("GET", "/health")
        self.assertEqual((status, answer["status"]), (200, "ok"))

    def test_the_life_of_a_note(self) -> None:
        status, note, headers = self.ask("POST", "/notes", {"text": "über 😀"})
        self.assertEqual((status, headers["Location"]), (201, f"/notes/{note['id']}"))
        self.assertEqual(self.ask("GET", headers["Location"])[:2], (200, note))
        status, changed, _ = self.ask("PUT", headers["Location"], {"text": "two"})
        self.assertEqual((status, changed["text"]), (200, "two"))
        self.assertIn(changed, self.ask("GET", "/notes?contains=TWO")[1]["notes"])
        self.assertEqual(self.ask("DELETE", headers["Location"])[:2], (204, None))
        self.assertFails(404, "GET", headers["Location"])

    def test_head_is_get_without_the_body(self) -> None:
        status, answer, headers = self.ask("HEAD", "/health")
        self.assertEqual((status, answer), (200, None))
        self.assertGreater(int(headers["Content-Length"]), 0)


class TestErrors(ServiceCase):
    def test_a_path_that_is_none(self) -> None:
        for path in ("/nothing", "/notes/", "/notes/x", "/notes/-1", "/notes/1/2"):
            with self.subTest(path):
                self.assertFails(404, "GET", path)

    def test_a_method_that_the_path_does_not_take(self) -> None:
        self.assertEqual(self.assertFails(405, "PATCH", "/notes")["Allow"], "GET, HEAD, POST")

    def test_a_method_that_nobody_knows(self) -> None:
        self.assertFails(501, "BREW", "/notes")

    def test_a_body_that_is_no_json(self) -> None:
        self.assertFails(400, "POST", "/notes", b"{oops")

    def test_a_body_nested_without_end(self) -> None:
        self.assertFails(400, "POST", "/notes", b"[" * 100_000)

    def test_a_body_of_another_kind(self) -> None:
        self.assertFails(415, "POST", "/notes", b"text=x", Content_Type="application/x-www-form-urlencoded")

    def test_a_body_that_says_too_little_or_too_much(self) -> None:
        for body in ({}, [], "x", {"text": ""}, {"text": 5}, {"text": "x", "txet": "y"}, None):
            with self.subTest(body=body):
                self.assertFails(422, "POST", "/notes", body)

    def test_a_body_that_is_too_large_is_not_even_read(self) -> None:
        self.assertFails(413, "POST", "/notes", b"", Content_Length="99999999999")

    def test_a_length_that_is_none(self) -> None:
        self.assertFails(400, "POST", "/notes", b"", Content_Length="-5")

    def test_it_is_still_well_after_all_that(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as client:
            client.sendall(b"\x00\xff\r\n\r\n")
            client.recv(1000)
        self.assertEqual(self.ask("GET", "/health")[0], 200)


class TestStart(unittest.TestCase):
    def test_it_listens_where_it_is_told(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            wanted = free.getsockname()[1]
        with tempfile.TemporaryDirectory() as folder:
            process, port = start(Path(folder), wanted)
            self.addCleanup(stop, process)
            self.assertEqual(port, wanted)


class TestEnd(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.process, self.port = start(Path(folder.name))
        self.addCleanup(stop, self.process)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def wait_until_accepted(self) -> None:
        """Connections are accepted in order: an answer to a later one means that all before it were."""
        with self.connect() as client:
            client.sendall(b"GET /health HTTP/1.0\r\n\r\n")
            client.makefile("rb").read()

    def wait_until_closed(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                self.connect().close()
            except ConnectionError:
                return
            time.sleep(0.02)
        self.fail("it still takes new requests")

    def test_it_ends_in_order_on_sigterm(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(timeout=30), 0)

    def test_it_ends_in_order_on_sigint(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.assertEqual(self.process.wait(timeout=30), 0)

    def test_a_request_that_is_under_way_is_answered_first(self) -> None:
        with self.connect() as client:
            client.sendall(b"GET /health HTTP/1.0\r\n")
            self.wait_until_accepted()
            self.process.send_signal(signal.SIGTERM)
            self.wait_until_closed()
            client.sendall(b"\r\n")
            self.assertIn(b"200 OK", client.makefile("rb").readline())
        self.assertEqual(self.process.wait(timeout=30), 0)
