from pathlib import Path

import pytest

from workers.repo.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "site.git")
    repository.ensure()
    return repository
