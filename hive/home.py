"""Where things lie under HIVE_HOME. The only module that knows these paths."""

from __future__ import annotations

import os
from pathlib import Path

SOCKET_PATH_LIMIT = 100  # AF_UNIX allows 107 bytes; some clients append to the name


class Home:
    """The folder of one installation, and the paths inside it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def database(self) -> Path:
        return self.root / "hive.sqlite3"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    @property
    def repositories(self) -> Path:
        return self.root / "repositories"

    @property
    def known_hosts(self) -> Path:
        """Keys of the ssh servers that repositories were fetched from."""
        return self.root / "known_hosts"

    @property
    def work(self) -> Path:
        """Scratch space of jobs: worktrees and sandboxes."""
        return self.root / "work"

    @property
    def caches(self) -> Path:
        """Folders that CI jobs leave for the next ones, per project."""
        return self.root / "caches"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def catalogue(self) -> Path:
        """The user's own project templates."""
        return self.root / "templates"

    @property
    def models(self) -> Path:
        """The user's own list of models and their providers."""
        return self.root / "models.yaml"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Lock, state and sockets of the running processes."""
        return self.root / "run"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def secret_key(self) -> Path:
        return self.root / "secret.key"

    @property
    def cli(self) -> Path:
        """Address and API key that the `hive` command uses."""
        return self.root / "cli.json"

    def socket(self, name: str) -> Path:
        """A unix socket's path, moved to a short private folder where HIVE_HOME's own path is too long for one."""
        inside = self.run / f"{name}.sock"
        if len(os.fsencode(inside)) <= SOCKET_PATH_LIMIT:
            return inside
        import hashlib  # here, as it brings OpenSSL: 4 MB that the supervisor of `hive up` would carry for nothing

        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        base = Path(os.environ.get("XDG_RUNTIME_DIR", "/tmp"))  # noqa: S108 - the folder below is private
        folder = base / f"hive-{os.getuid()}-{digest}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise PermissionError(f"{folder} belongs to somebody else; set HIVE_HOME to a shorter path.")
        return folder / f"{name}.sock"

    def read_secret_key(self) -> str:
        """The signing key; made at the first call."""
        return secret(self.secret_key, 48)

    def read_flower_password(self) -> str:
        """The password of the embedded Flower; made at the first call."""
        return secret(self.root / "flower.password", 18)


def secret(path: Path, size_bytes: int) -> str:
    """What this file holds; filled at random at the first call. Two processes at once agree on one value."""
    if not path.exists():
        import secrets  # brings OpenSSL too

        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(size_bytes))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass  # another process got there first: its value counts
        finally:
            fresh.unlink()
    return path.read_text().strip()
