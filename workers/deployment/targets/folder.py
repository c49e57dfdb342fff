"""What a release has on disk: recipe.json, release.tar (its files, complete or absent) and release.log."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from workers.deployment.targets.port import NotBuilt, TargetError
from workers.deployment.targets.recipe import Recipe

LOCK_STEP_S = 0.1


class ReleaseFolder:
    """A folder below HOME/releases. A release is there once release.tar is: it comes into being in one step."""

    def __init__(self, releases: Path, release: str) -> None:
        self.release = release
        self.path = releases / release

    @property
    def files(self) -> Path:
        return self.path / "release.tar"

    @property
    def log(self) -> Path:
        return self.path / "release.log"

    @property
    def result(self) -> Path:
        """What is there once the release is complete, and not before."""
        return self.files

    @property
    def built(self) -> bool:
        return self.result.exists()

    def recipe(self) -> Recipe:
        """Raises NotBuilt."""
        try:
            return Recipe.read(json.loads((self.path / "recipe.json").read_bytes()))
        except FileNotFoundError:
            raise NotBuilt(self.release) from None

    @contextmanager
    def building(self, given_up: Callable[[], bool] = lambda: False) -> Iterator[bool]:
        """Hold the folder: prune leaves it alone, and another worker that builds the same waits for its result.

        False where `given_up` became true while waiting.
        """
        lock = -1
        try:
            while lock < 0 and not given_up():
                lock = self._take_lock()
                if lock < 0:
                    time.sleep(LOCK_STEP_S)
            yield lock >= 0
        finally:
            if lock >= 0:
                os.close(lock)

    def _take_lock(self) -> int:
        """The lock, held until it is closed; -1 where somebody else has it, or prune took the folder away with it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            return -1
        except OSError as error:
            raise cannot_write(self.path, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(lock).st_ino == (self.path / "lock").stat().st_ino:
                return lock
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(lock)
        return -1

    def fill(self, recipe: Recipe, chunks: Iterable[bytes]) -> int:
        """Write the release, and make it be there; its size in bytes. A writer who dies leaves nothing that counts."""
        _write(self.path / "recipe.json", [json.dumps(recipe.as_json()).encode()])
        return _write(self.files, chunks)

    def finish(self, recipe: Recipe, name: str, data: bytes) -> int:
        """The same for a release whose files lie elsewhere: `data` says where."""
        _write(self.path / "recipe.json", [json.dumps(recipe.as_json()).encode()])
        return _write(self.path / name, [data])

    def remove(self) -> bool:
        """Delete it, unless somebody builds it just now."""
        try:
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.result.unlink(missing_ok=True)  # first, so that what a crash leaves is not taken for a release
            shutil.rmtree(self.path)
        except BlockingIOError:
            return False
        finally:
            os.close(lock)
        return True


def cannot_write(path: Path, error: OSError) -> TargetError:
    return TargetError(f"{path} cannot be written ({error.strerror}). Free some space, or make it writable.")


def _write(path: Path, chunks: Iterable[bytes]) -> int:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        # 0600: a recipe holds the variables of a release, and some of them are secrets.
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        fresh.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        fresh.unlink(missing_ok=True)
    return size
