"""Images: makes images on the engine from a commit, bounded in time, stopped when the job is."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from workers.deployment.containers.engine import EngineError, engine, engine_errors
from workers.deployment.containers.stack import Way
from workers.deployment.containers.way import passing_way
from workers.deployment.targets.building import OUTPUT_BYTES, Stop
from workers.deployment.targets.port import Build
from workers.deployment.targets.recipe import Recipe
from workers.sandbox.port import Ended, OnOutput

if TYPE_CHECKING:
    from docker import APIClient

WATCH_STEP_S = 0.2
CPU_PERIOD_US = 100_000
NOBODY = 10001
ROOT = ("", "0", "root")


@dataclass(frozen=True)
class Order:
    """One image to make: a context on disk, the Dockerfile in it, the tag that it gets; a way out for its commands.

    The tag alone names the release: with a label of its own, the same content would be another image in each release,
    and a service that keeps data would be replaced each time.
    """

    context: Path
    dockerfile: str
    tag: str
    marks: dict[str, str]
    build_args: dict[str, str]
    target: str = ""
    way: Way | None = None
    way_name: str = ""


class Images:
    """Builds of one release, one after the other; `stop` ends the one that runs and keeps later ones from starting."""

    def __init__(self, recipe: Recipe, on_output: OnOutput, stop: Stop) -> None:
        self._recipe = recipe
        self._on_output = on_output
        self._stop = stop
        self._deadline = time.monotonic() + recipe.build_timeout_s
        self._heard = time.monotonic()
        self._output = bytearray()

    def make(self, order: Order) -> Build:
        """Build it. Raises EngineError where the engine is to blame; what the product did wrong is a Build."""
        with engine() as client, order.context.open("rb") as context, _network(client, order) as network:
            watcher = _Watcher(self._why_end)
            try:
                response = self._post(client, order, context, network)
                watcher.watch(response)
                failure = self._read(response)
            except Exception:
                watcher.why = watcher.why or (self._why_end() if self._stop.why else None)
                if not watcher.why:
                    raise
                failure = watcher.why[1]
            finally:
                watcher.over()
            if watcher.why:
                ended, message = watcher.why
                return Build(False, message, ended, None, self._text())
            return self._judge(client, order, failure)

    def _judge(self, client: APIClient, order: Order, failure: str) -> Build:
        if failure:
            return Build(False, f"The image cannot be built: {failure}", Ended.EXITED, None, self._text())
        with engine_errors():
            size = client.inspect_image(order.tag)["Size"]
        limit = self._recipe.build_limits.disk_bytes
        if size > limit:
            message = f"The image has {size} bytes; limits.disk allows {limit}. Leave out what is needed to build only."
            return Build(False, message, exit_code=None)
        return Build(True, f"Built, {size} bytes.", size_bytes=size)

    def _post(self, client: APIClient, order: Order, context: BinaryIO, network: str) -> Any:
        limits = self._recipe.build_limits
        params = {
            "t": order.tag,
            "dockerfile": order.dockerfile,
            "target": order.target,
            "rm": True,
            "forcerm": True,
            "networkmode": network,
            "memory": limits.memory_bytes,
            "memswap": limits.memory_bytes,
            "cpuperiod": CPU_PERIOD_US,
            "cpuquota": limits.cpus * CPU_PERIOD_US,
            "buildargs": json.dumps(order.build_args),
        }
        headers = {"Content-Type": "application/x-tar"}
        client._set_auth_headers(headers)  # type: ignore[attr-defined] # for images of the allow-list that need a login
        with engine_errors():
            url = client._url("/build")  # type: ignore[attr-defined]
            response = client._post(  # type: ignore[attr-defined]
                url, data=_Sent(context, self._stop), params=params, headers=headers, stream=True, timeout=None
            )
            client._raise_for_status(response)  # type: ignore[attr-defined]
        return response

    def _read(self, response: Any) -> str:
        """What the engine says, into the job's output; its last complaint, if it has one."""
        failure = ""
        for line in _lines(response):
            self._heard = time.monotonic()
            said = json.loads(line)
            if text := said.get("stream") or said.get("status"):
                self._take(text if text.endswith("\n") else f"{text}\n")
            if error := said.get("error"):
                failure = str(error)
                self._take(f"{failure}\n")
        return failure

    def _take(self, text: str) -> None:
        data = text.encode()
        self._output.extend(data)
        del self._output[:-OUTPUT_BYTES]
        self._on_output(data)

    def _text(self) -> str:
        return self._output.decode(errors="replace")

    def _why_end(self) -> tuple[Ended, str] | None:
        recipe, now = self._recipe, time.monotonic()
        if self._stop.why:
            return Ended.STOPPED, self._stop.why
        if now > self._deadline:
            return Ended.TIMED_OUT, f"The build took longer than {recipe.build_timeout_s:g} s."
        if recipe.build_no_output_s and now - self._heard > recipe.build_no_output_s:
            return Ended.NO_OUTPUT, f"The build printed nothing for {recipe.build_no_output_s:g} s."
        return None


def _network(client: APIClient, order: Order) -> AbstractContextManager[str]:
    if order.way is None:
        return nullcontext("none")
    return passing_way(client, order.way, order.way_name, order.marks)


class _Watcher:
    """Cuts the connection of a build when there is a reason to: the engine then ends the build by itself."""

    def __init__(self, why_end: Callable[[], tuple[Ended, str] | None]) -> None:
        self.why: tuple[Ended, str] | None = None
        self._why_end = why_end
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, response: Any) -> None:
        self._thread = threading.Thread(target=self._watch, args=(response,), daemon=True)
        self._thread.start()

    def over(self) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()

    def _watch(self, response: Any) -> None:
        from docker.types.daemon import CancellableStream

        while not self._over.wait(WATCH_STEP_S):
            if why := self._why_end():
                self.why = why
                CancellableStream(iter(()), response).close()
                return


class _Sent:
    """The context on its way to the engine; a stop ends that too."""

    def __init__(self, context: BinaryIO, stop: Stop) -> None:
        self._context = context
        self._stop = stop

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self._context.read(1024 * 1024):
            if self._stop.why:
                raise EngineError(self._stop.why)
            yield chunk


def _lines(response: Any) -> Iterator[bytes]:
    """JSON values, one a line. The end of a connection that was cut is the end of them."""
    with engine_errors():
        waiting = b""
        for chunk in response.iter_content(65536):
            *lines, waiting = (waiting + chunk).split(b"\n")
            yield from (line for line in lines if line.strip())
