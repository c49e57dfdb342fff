"""Builder: from a commit's files to release.tar, in a sandbox that is thrown away afterwards."""

from __future__ import annotations

import glob
import posixpath
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from workers.deployment import static_server
from workers.deployment.targets.folder import ReleaseFolder
from workers.deployment.targets.port import Around, Build, TargetError, nothing_around
from workers.deployment.targets.recipe import Recipe
from workers.sandbox.kinds import open_sandbox
from workers.sandbox.port import WORKSPACE, Ended, OnOutput, Sandbox, SandboxError, UnsafePath
from workers.sandbox.unpack import TooMuch

OUTPUT_BYTES = 64 * 1024
SERVER = ".hive/static_server.py"  # a dot folder: it is never served, also where the whole workspace is


class Stop:
    """Ends a build from any thread, whatever it is at: waiting for another worker, unpacking, running."""

    def __init__(self) -> None:
        self.why = ""
        self._sandbox: Sandbox | None = None

    def __call__(self, why: str) -> None:
        self.why = self.why or why or "It was stopped."
        if self._sandbox:
            self._sandbox.kill(self.why)

    def holds(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        if self.why:
            sandbox.kill(self.why)


class Builder:
    """`scratch`: a folder for sandboxes, see open_sandbox."""

    def __init__(self, scratch: Path, open_sandbox: Callable[..., Sandbox] = open_sandbox) -> None:
        self._scratch = scratch
        self._open_sandbox = open_sandbox

    def build(
        self,
        folder: ReleaseFolder,
        checkout: BinaryIO,
        recipe: Recipe,
        on_output: OnOutput,
        stop: Stop,
        around: Around = nothing_around,
    ) -> Build:
        """Fill the folder. Raises TargetError; what the product itself did wrong is a Build."""
        try:
            self._scratch.mkdir(parents=True, exist_ok=True)
            with self._open_sandbox(
                recipe.sandbox,
                scratch=self._scratch,
                label=f"build-{folder.release[:40]}-{secrets.token_hex(4)}",
                limits=recipe.build_limits,
            ) as sandbox:
                stop.holds(sandbox)
                with around(sandbox):
                    sandbox.unpack(checkout)
                    failed = _run(sandbox, recipe, on_output) if recipe.build else None
                    if stop.why:
                        return stopped(stop)
                    return failed or _pack(sandbox, folder, recipe)
        except (UnsafePath, TooMuch) as error:
            return Build(False, f"The commit cannot be released: {error}", exit_code=None)
        except (SandboxError, OSError) as error:
            if stop.why:
                return stopped(stop)
            message = f"Release {folder.release} cannot be built: {error}"
            raise TargetError(message, permanent=isinstance(error, SandboxError) and error.permanent) from error


def argv(recipe: Recipe) -> tuple[str, ...]:
    """What runs the release."""
    if recipe.command:
        return recipe.command
    return ("python3", "-I", "-S", SERVER, posixpath.relpath(recipe.served, WORKSPACE))


def cwd(recipe: Recipe) -> str:
    return recipe.cwd if recipe.command else WORKSPACE


def stopped(stop: Stop) -> Build:
    return Build(False, stop.why, Ended.STOPPED, None)


def _run(sandbox: Sandbox, recipe: Recipe, on_output: OnOutput) -> Build | None:
    """The build command; None where it went well."""
    output = bytearray()

    def take(data: bytes) -> None:
        output.extend(data)
        del output[:-OUTPUT_BYTES]
        on_output(data)

    result = sandbox.run(
        recipe.build,
        timeout_s=recipe.build_timeout_s,
        no_output_s=recipe.build_no_output_s,
        on_output=take,
        cwd=recipe.cwd,
    )
    if result.ok:
        return None
    message = f"The build command failed. {result.message}"
    return Build(False, message, result.ended, result.exit_code, output.decode(errors="replace"))


def _pack(sandbox: Sandbox, folder: ReleaseFolder, recipe: Recipe) -> Build:
    globs = ["**"]
    if recipe.directory:
        if complaint := _not_a_folder(sandbox, recipe):
            return Build(False, complaint, exit_code=None)
        sandbox.write(SERVER, Path(static_server.__file__).read_bytes())
        served = posixpath.relpath(recipe.served, WORKSPACE)
        globs = [SERVER, "**" if served == "." else glob.escape(served)]
    files = sandbox.export(globs)
    size = folder.fill(recipe, files)
    return Build(True, f"Built, {size} bytes.", size_bytes=size, notes=tuple(files.refused))


def _not_a_folder(sandbox: Sandbox, recipe: Recipe) -> str:
    """Why the served folder is none; empty where all is well."""
    name = posixpath.relpath(recipe.served, WORKSPACE)
    try:
        sandbox.read(name, 1)
    except IsADirectoryError:
        return ""
    except (FileNotFoundError, NotADirectoryError):
        after = "after the build" if recipe.build else "in the commit"
        return f"There is no folder {name!r} {after}; `directory` should name the one that holds index.html."
    return f"{name!r} is a file; `directory` should name the folder that holds index.html."
