"""What the children are told about the Hive that is starting: its home, its port, its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hive import env
from hive.cli.up.ending import MARK
from hive.home import Home


@dataclass(frozen=True)
class Installation:
    """`listener` is the descriptor of the socket that already listens: the web server inherits it over its restarts."""

    home: Home
    bind: str
    port: int
    listener: int

    @property
    def url(self) -> str:
        return f"http://{url_host(self.reachable)}:{self.port}/"

    @property
    def reachable(self) -> str:
        """The address by which this machine reaches the web server, also where it listens on every address."""
        return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.bind, self.bind)  # noqa: S104

    @property
    def host_header(self) -> str:
        return f"{host_name(self.reachable)}:{self.port}"

    @property
    def folder(self) -> Path:
        """Where the children run. Not where `hive up` was called: uvicorn and Celery would import from there, and a
        project with a folder `apps` or `workers` would take the place of Hive's own."""
        return self.home.run

    def environment(self) -> Mapping[str, str]:
        """This process's own, with what every child must agree on."""
        return {
            **os.environ,
            **_absolute_paths(os.environ),
            "HIVE_HOME": str(self.home.root),
            "HIVE_PORT": str(self.port),
            "HIVE_BIND": self.bind,
            "DJANGO_SETTINGS_MODULE": "hive.settings",
            "PYTHONUNBUFFERED": "1",
            "PYTHONSAFEPATH": "1",  # see folder
            MARK: str(self.home.root),
        }


def _absolute_paths(environ: Mapping[str, str]) -> dict[str, str]:
    """Settings that name a file or folder relative to where `hive up` was called, as the children have to read them."""
    names = [f"{name}_FILE" for name in env.SETTINGS if environ.get(f"{name}_FILE")]
    found = {name: str(Path(environ[name]).absolute()) for name in names}
    if environ.get("HIVE_TEMPLATES"):
        sources = env.words(environ["HIVE_TEMPLATES"])  # folders, or git addresses, which stay as they are
        found["HIVE_TEMPLATES"] = ",".join(
            str(Path(each).absolute()) if Path(each).is_dir() else each for each in sources
        )
    return found


def url_host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def host_name(address: str) -> str:
    """A name that the web server answers to (HIVE_HOSTS): the address itself where it may be used."""
    names: list[str] = env.get("HIVE_HOSTS")
    if "*" in names or url_host(address) in names or not names:
        return url_host(address)
    return names[0].lstrip(".")
