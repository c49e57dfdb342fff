from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.deployment.targets.folder import ReleaseFolder
from workers.deployment.targets.port import NotBuilt, TargetError
from workers.deployment.targets.recipe import Recipe

RECIPE = Recipe("e1", directory="site")


@pytest.fixture
def folder(tmp_path: Path) -> ReleaseFolder:
    return ReleaseFolder(tmp_path, "r1")


def fill(folder: ReleaseFolder) -> None:
    with folder.building():
        assert folder.fill(RECIPE, [b"one", b"two"]) == 6


def test_a_release_is_there_when_it_is_complete(folder: ReleaseFolder) -> None:
    assert not folder.built
    fill(folder)
    assert folder.built
    assert folder.files.read_bytes() == b"onetwo"
    assert folder.recipe() == RECIPE


def test_a_builder_who_dies_leaves_no_half_release(folder: ReleaseFolder) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    with folder.building(), pytest.raises(KeyboardInterrupt):
        folder.fill(RECIPE, chunks())
    assert not folder.built
    assert sorted(path.name for path in folder.path.iterdir()) == ["lock", "recipe.json"]


def test_a_full_disk_is_the_targets_trouble_with_what_to_do(
    folder: ReleaseFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with folder.building(), pytest.raises(TargetError, match=r"No space left on device.* Free some space") as error:
        folder.fill(RECIPE, [b"x"])
    assert not error.value.permanent
    assert not folder.built


def test_what_was_never_built_has_no_recipe(folder: ReleaseFolder) -> None:
    with pytest.raises(NotBuilt, match="Release r1 is not built here"):
        folder.recipe()


def test_only_its_owner_may_read_it(folder: ReleaseFolder) -> None:
    fill(folder)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.path.iterdir()}
    assert modes == {0o600}


def test_a_second_builder_waits_for_the_first(folder: ReleaseFolder) -> None:
    seen: list[bool] = []

    def build_too() -> None:
        with folder.building() as held:
            seen.extend([held, folder.built])

    with folder.building():
        second = threading.Thread(target=build_too)
        second.start()
        folder.fill(RECIPE, [b"x"])
        assert seen == []
    second.join(10)
    assert seen == [True, True]


def test_a_builder_who_gives_up_waiting_does_not_hold_it(folder: ReleaseFolder) -> None:
    with folder.building(), folder.building(given_up=lambda: True) as held:
        assert not held


def test_prune_leaves_alone_what_is_being_built(folder: ReleaseFolder) -> None:
    with folder.building():
        assert not folder.remove()
    fill(folder)
    assert folder.remove()
    assert not folder.path.exists()


def test_removing_what_is_not_there_is_fine(folder: ReleaseFolder) -> None:
    assert not folder.remove()


def test_it_can_be_built_again_after_it_was_removed(folder: ReleaseFolder) -> None:
    fill(folder)
    folder.remove()
    fill(folder)
    assert folder.built
