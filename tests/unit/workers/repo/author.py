"""Writes commits for the tests."""

from workers.repo.repository import Repository
from workers.repo.worktree import checkout


def write(repository: Repository, base: str, files: dict[str, str], name: str = "w") -> str:
    with checkout(repository, base, repository.path.parent / "work" / name) as tree:
        for path, text in files.items():
            target = tree.path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return tree.commit("Write")
