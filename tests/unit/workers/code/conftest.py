from pathlib import Path

import pytest

from tests.unit.workers.repo.author import write
from workers.code.repository import GitCode
from workers.repo.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with a small history on main."""
    repository = Repository(tmp_path / "site.git")
    repository.ensure()
    first = write(repository, "main", {"README": "A site\n", "app/main.py": "print(1)\n"})
    repository.set_branch("main", write(repository, first, {"app/main.py": "print(2)\n"}))
    return repository


@pytest.fixture
def code(repository: Repository) -> GitCode:
    return GitCode(repository)
