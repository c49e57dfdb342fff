"""Names of branches, commits and files, as they come in addresses."""

from __future__ import annotations

import re

from apps.projects.code.errors import BadName, NotThere
from apps.projects.origin import BadOrigin, check_branch
from workers.repo.git import GitError
from workers.repo.remote import TRACKED
from workers.repo.repository import Repository

NUMBER = re.compile(r"[0-9a-f]{7,40}")
ORIGINS = "origin/"
LONGEST_PATH = 1024
LONGEST_NAME = 255
GITS_OWN = re.compile(r"\.git|git~[0-9]+|\.git[ .:].*", re.IGNORECASE)
INVISIBLE = re.compile("[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")  # HFS+ does not see some of them


def resolve(repository: Repository, ref: str) -> str:
    """The commit of a branch, of the origin's branch, or of a number."""
    branch_of(ref)
    places = [f"refs/heads/{ref}"]
    if ref.startswith(ORIGINS):
        places.append(TRACKED + ref.removeprefix(ORIGINS))
    if NUMBER.fullmatch(ref):
        places.append(ref)
    for place in places:
        try:
            return repository.resolve(place)
        except GitError:
            continue
    raise NotThere(f"There is no branch and no commit {ref!r} in this project.")


def branch_of(name: str) -> str:
    try:
        return check_branch(name)
    except BadOrigin as error:
        raise BadName(str(error)) from None


def path_of(path: str, *, folder: bool = False) -> str:
    """A path inside the tree, without a slash at either end; empty, for folders alone, is the root."""
    parts = path.strip("/").split("/") if path.strip("/") else []
    if not parts and not folder:
        raise BadName("Name a file.")
    if len(path.encode(errors="replace")) > LONGEST_PATH or path.startswith("//"):
        raise BadName(f"A path has up to {LONGEST_PATH} bytes, and single slashes.")
    for part in parts:
        if part in ("", ".", "..") or INVISIBLE.search(part) or len(part.encode(errors="replace")) > LONGEST_NAME:
            raise BadName(f"{path[:200]!r} is no path inside the project: no `..`, no empty or invisible parts.")
        if GITS_OWN.fullmatch(part) or "\\" in part:
            raise BadName(f"{path[:200]!r}: {part!r} is git's own, or could be taken for it.")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise BadName(f"{path[:200]!r} is not text.") from None
    return "/".join(parts)
