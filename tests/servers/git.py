"""A bare remote over smart HTTP, as a forge serves it: git's own http-backend behind a password, on loopback.

    with forge(folder) as server:
        url = server.make("site", {"README": "Hello\\n"})     # http://127.0.0.1:PORT/site.git
        server.branches("site"), server.read("site", "main", "README")

`seen` has every request; `server.answer` may answer in place of the backend (a redirect, a stall, an error).
"""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

USER, PASSWORD = "hive-bot", "forge-Passw0rd-7c1f"
Answer = Callable[[str], tuple[int, dict[str, str]] | None]
NAMED = {"NAME": "Ada", "EMAIL": "ada@example.org"}
WHO = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in NAMED.items()}


def git(*words: str | Path, cwd: Path | None = None, stdin: bytes = b"") -> str:
    """git as a person runs it, without that person's configuration."""
    environ = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": os.devnull, **WHO}
    done = subprocess.run(
        ["git", *map(str, words)], cwd=cwd, env=environ, input=stdin, capture_output=True, check=False
    )
    assert done.returncode == 0, f"git {words}: {done.stderr.decode()}"
    return done.stdout.decode(errors="replace").strip()


class Forge:
    """The server; its repositories lie below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: list[str] = []
        self.pushes = 0
        self.answer: Answer = lambda path: None
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"forge": self}))
        self.http.daemon_threads = True

    @property
    def port(self) -> int:
        return self.http.server_address[1]

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, name: str) -> str:
        return f"http://{self.host}/{name}.git"

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.git"

    def make(self, name: str, *commits: Mapping[str, str], branch: str = "main") -> str:
        """A repository with these commits, each the files that it changes; the address."""
        git("init", "--quiet", "--bare", f"--initial-branch={branch}", self.path(name))
        git("config", "http.receivepack", "true", cwd=self.path(name))
        for number, files in enumerate(commits, 1):
            self.commit(name, files, f"Commit {number}", branch)
        return self.url(name)

    def commit(self, name: str, files: Mapping[str, str], message: str = "Change", branch: str = "main") -> str:
        """Somebody else's commit, pushed to the branch."""
        work = self.folder / f"work-{name}"
        if not work.exists():
            git("init", "--quiet", f"--initial-branch={branch}", work)
            git("remote", "add", "origin", self.path(name), cwd=work)
        git("fetch", "--quiet", "origin", cwd=work)
        there = branch in self.branches(name)
        git("checkout", "--quiet", *(("-B", branch, f"origin/{branch}") if there else ("-B", branch)), cwd=work)
        for path, text in files.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_text(text)
        git("add", "--all", cwd=work)
        git("commit", "--quiet", "--message", message, cwd=work)
        git("push", "--quiet", "origin", branch, cwd=work)
        return git("rev-parse", "HEAD", cwd=work)

    def branches(self, name: str) -> dict[str, str]:
        lines = git("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads", cwd=self.path(name))
        return dict(line.split(" ") for line in lines.splitlines())

    def read(self, name: str, branch: str, path: str) -> str:
        return git("show", f"{branch}:{path}", cwd=self.path(name))

    def hook(self, name: str, script: str, hook: str = "pre-receive") -> None:
        """A rule of the forge's own: a shell script that may refuse what is pushed."""
        path = self.path(name) / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


@contextmanager
def forge(folder: Path) -> Iterator[Forge]:
    server = Forge(folder)
    thread = threading.Thread(target=server.http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    forge: Forge
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self._body())

    def _serve(self, body: bytes) -> None:
        self.forge.seen.append(f"{self.command} {self.path}")
        special = self.forge.answer(self.path)
        if special is not None:
            return self._say(special[0], special[1], b"")
        wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization", "") != f"Basic {wanted}":
            return self._say(401, {"WWW-Authenticate": 'Basic realm="forge"'}, b"")
        self.forge.pushes += self.command == "POST" and self.path.endswith("/git-receive-pack")
        return self._backend(body)

    def _backend(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        environ = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.forge.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": USER,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], env=environ, input=body, capture_output=True, check=False)
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self._say(int(headers.pop("Status", "200").split()[0]), headers, answer)

    def _say(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def log_message(self, *_: object) -> None:
        """Nothing: `seen` has it."""
