"""What the tests of templates start from: templates and repositories made on the spot."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from workers.coding.engines.template import Template
from workers.repo.git import environment


def make_template(folder: Path, copier: str = "title:\n  default: T\n", about: str = "", **files: str) -> Template:
    """A template in `folder`; a file's name is written with `__` for `/` and `_dot_` for `.`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "copier.yml").write_text(f"_subdirectory: template\n{copier}")
    if about:
        (folder / "template.yaml").write_text(about)
    (folder / "template").mkdir(exist_ok=True)
    for name, content in (files or {"a_dot_txt_dot_jinja": "{{ title }}"}).items():
        path = folder / "template" / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return Template(folder.name, folder, "test")


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *args], env=environment(), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def make_repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


def commit_all(folder: Path, message: str = "x") -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def make_old(path: Path, seconds: float) -> None:
    """As if it had last been changed so long ago."""
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))
