"""A private S3: moto's server on a free port of loopback, in a process of its own, empty at its start.

    with s3() as server:
        url = server.create("artifacts")  # s3://key:secret@127.0.0.1:PORT/artifacts?secure=0

moto takes every request, whoever has signed it and however old it is. So a gate stands in front of it that checks
signatures (in headers and in links), expiry and bodies with botocore, AWS's own implementation, and knows nothing of
Hive. `server.go_away()` and `server.come_back()` keep port and bytes, for tests that take the store away.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import boto3
from botocore.config import Config

GATE = Path(__file__).with_name("s3_gate.py")
KEY, SECRET = "HIVEKEY", "a secret/with+signs"
PATIENCE_S = 60.0


class S3:
    """One server, and its administrator: boto3, so that nothing of Hive's is needed to look at what Hive did."""

    def __init__(self) -> None:
        command = [sys.executable, str(GATE), KEY, SECRET]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._answer())
        self.client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )

    def url(self, bucket: str, secret: str = SECRET) -> str:
        """What HIVE_STORE_URL is to be."""
        return f"s3://{KEY}:{urllib.parse.quote(secret, safe='')}@127.0.0.1:{self.port}/{bucket}?secure=0"

    def create(self, bucket: str) -> str:
        """A new, empty bucket; the store's address in it."""
        self.client.create_bucket(Bucket=bucket)
        return self.url(bucket)

    def keys(self, bucket: str) -> list[str]:
        return [one["Key"] for one in self.client.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def unfinished(self, bucket: str) -> int:
        """How many multipart uploads were begun, and neither completed nor aborted."""
        return len(self.client.list_multipart_uploads(Bucket=bucket).get("Uploads", []))

    def go_away(self) -> None:
        """Connections are refused from now on, and those that are open end."""
        self._tell("away")

    def fail(self, times: int) -> None:
        """The next requests, this many, are answered 503."""
        self._tell(f"fail {times}")

    def lose(self, times: int) -> None:
        """The next ends of multipart uploads, this many, are carried out, and answered 503 all the same."""
        self._tell(f"lose {times}")

    def come_back(self) -> None:
        self._tell("back")

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _tell(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        assert self._answer() == word

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextlib.contextmanager
def s3() -> Iterator[S3]:
    """A running server."""
    server = S3()
    try:
        yield server
    finally:
        server.kill()
