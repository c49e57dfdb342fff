"""Merges on paper."""

import pytest

from tests.unit.workers.repo.author import write
from workers.repo.merge import MergeConflict, merge_all
from workers.repo.repository import Repository


def test_independent_changes_are_merged_in_order(repository: Repository) -> None:
    base = repository.resolve("main")
    one, two = write(repository, base, {"one": "1"}), write(repository, base, {"two": "2"})
    merged = merge_all(repository, base, [("one", one), ("two", two)])
    assert repository.files(merged) == ["one", "two"]


def test_a_line_of_commits_ends_at_its_last_one(repository: Repository) -> None:
    base = repository.resolve("main")
    one = write(repository, base, {"one": "1"})
    two = write(repository, one, {"two": "2"})
    assert merge_all(repository, base, [("one", one), ("two", two), ("one", one)]) == two


def test_a_conflict_names_the_commit_and_the_files(repository: Repository) -> None:
    base = write(repository, "main", {"a b.txt": "1\n", "other": "1"})
    one, two = write(repository, base, {"a b.txt": "2\n"}), write(repository, base, {"a b.txt": "3\n"})
    with pytest.raises(MergeConflict) as caught:
        merge_all(repository, base, [("task one", one), ("task two", two)])
    assert caught.value.name == "task two"
    assert caught.value.files == ["a b.txt"]
