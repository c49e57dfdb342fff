"""Merges on paper."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.unit.workers.repo.author import write
from workers.repo.land import land
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


def test_landing_moves_the_branch_and_twice_is_the_same_as_once(repository: Repository) -> None:
    commit = write(repository, "main", {"one": "1"})
    assert land(repository, "main", commit, "run 1") == commit
    assert land(repository, "main", commit, "run 1") == commit
    assert repository.resolve("main") == commit


def test_landing_merges_where_the_branch_went_on(repository: Repository) -> None:
    base = repository.resolve("main")
    one, two = write(repository, base, {"one": "1"}), write(repository, base, {"two": "2"})
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda commit: land(repository, "main", commit, commit[:6]), [one, two]))
    assert repository.files("main") == ["one", "two"]


def test_a_conflict_leaves_the_branch_alone(repository: Repository) -> None:
    base = repository.resolve("main")
    one, two = write(repository, base, {"a": "1\n"}), write(repository, base, {"a": "2\n"})
    land(repository, "main", one, "run 1")
    with pytest.raises(MergeConflict):
        land(repository, "main", two, "run 2")
    assert repository.resolve("main") == one
