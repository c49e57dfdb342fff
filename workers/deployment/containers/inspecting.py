"""What an image says of itself: who it runs as, where it listens."""

from __future__ import annotations

import io
import tarfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from workers.deployment.containers.dockerfile import exposed
from workers.deployment.containers.engine import EngineError, NotThere, engine_errors

if TYPE_CHECKING:
    from docker import APIClient

NOBODY = "10001:10001"
PASSWD_BYTES = 1024 * 1024


class Image:
    """An image on the engine, by its id."""

    def __init__(self, client: APIClient, name: str, marks: dict[str, str]) -> None:
        with engine_errors():
            found = client.inspect_image(name)
        self._client = client
        self._marks = marks
        self._config: dict[str, Any] = found.get("Config") or {}
        self.id: str = found["Id"]
        self.port = exposed(self._config.get("ExposedPorts"))
        self.health = bool(self._config.get("Healthcheck"))

    def user(self, wish: str = "") -> str:
        """Who it runs as: `wish` or what the image says, as numbers; NOBODY where that is root or not to be found."""
        name, _, group = (wish or str(self._config.get("User") or "")).partition(":")
        if name in ("", "0", "root"):
            return NOBODY
        if name.isdigit():
            return f"{int(name)}:{int(group) if group.isdigit() else int(name)}" if int(name) else NOBODY
        number, own_group = self._looked_up(name)
        return f"{number}:{own_group}" if number else NOBODY

    def _looked_up(self, name: str) -> tuple[int, int]:
        """The numbers in the image's own list of users: a name proves nothing, its number may be root's."""
        for line in self._passwd().splitlines():
            fields = line.split(":")
            if len(fields) > 3 and fields[0] == name and fields[2].isdigit() and fields[3].isdigit():
                return int(fields[2]), int(fields[3])
        return 0, 0

    def _passwd(self) -> str:
        with engine_errors():
            container = self._client.create_container(self.id, command=["-"], labels=self._marks)["Id"]
        try:
            with engine_errors():
                chunks, stat = self._client.get_archive(container, "/etc/passwd")
                if stat["size"] > PASSWD_BYTES:
                    return ""
                data = b"".join(chunks)
            with tarfile.open(fileobj=io.BytesIO(data)) as tar:
                member = tar.next()
                file = tar.extractfile(member) if member and member.isreg() else None
                return file.read().decode(errors="replace") if file else ""
        except (NotThere, tarfile.TarError):
            return ""
        finally:
            with suppress(EngineError), engine_errors():
                self._client.remove_container(container, v=True, force=True)
