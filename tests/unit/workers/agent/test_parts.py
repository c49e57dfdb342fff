"""What an agent keeps and reads: settings, credential, output on its way, caches."""

from __future__ import annotations

import errno
import io
import os
import shutil
import zlib
from pathlib import Path
from typing import Any

import pytest

from workers.agent import credential
from workers.agent.caches import CacheFolder
from workers.agent.credential import Credential
from workers.agent.machine import hold
from workers.agent.outgoing import TAIL_BYTES, Outgoing
from workers.agent.port import Report
from workers.agent.room import full
from workers.agent.settings import BadSettings, read_settings
from workers.agent.work import LOST, final_word


def test_flags_come_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text('server = "https://file"\nslots = 2\ntags = ["arm"]\nname = "filed"\n')
    environ = {"HIVE_AGENT_SERVER": "https://environ/", "HIVE_AGENT_TAGS": "a, b"}
    found = read_settings({"name": "flag", "slots": None}, environ, file)
    assert (found.server, found.slots, found.tags, found.name) == ("https://environ", 2, ("a", "b"), "flag")


@pytest.mark.parametrize(
    "told", [{}, {"server": "hive"}, {"server": "http://h", "slots": "many"}, {"server": "http://h", "slots": 0}]
)
def test_what_cannot_be_read_is_said_in_a_sentence(told: dict[str, str]) -> None:
    with pytest.raises(BadSettings, match=r"\."):
        read_settings(told, {}, None)


def test_a_misspelt_setting_in_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").write_text('server = "http://h"\nslot = 2\n')
    with pytest.raises(BadSettings, match="slot"):
        read_settings({}, {}, tmp_path / "x")


def test_the_credential_is_private_and_for_one_server(tmp_path: Path) -> None:
    path, kept = tmp_path / "home" / "credential.json", Credential("http://a", 7, "secret")
    credential.save(path, kept)
    path.chmod(0o644)
    assert credential.load(path, "http://a") == kept
    assert path.stat().st_mode & 0o777 == 0o600
    assert credential.load(path, "http://b") is None
    path.write_text("{")
    assert credential.load(path, "http://a") is None


def test_two_agents_do_not_share_a_home(tmp_path: Path) -> None:
    with hold(tmp_path), pytest.raises(BadSettings, match="Another agent"):
        hold(tmp_path)


def test_output_waits_on_disk_until_it_has_arrived(tmp_path: Path) -> None:
    outgoing = Outgoing(tmp_path / "o", 10**9)
    outgoing.write(b"hello ")
    outgoing.write(b"world")
    assert outgoing.piece() == (0, b"hello world", False)
    outgoing.arrived = 6
    outgoing.close()
    assert outgoing.piece() == (6, b"world", True)
    assert (outgoing.size_bytes, outgoing.crc32) == (11, zlib.crc32(b"hello world"))


def test_of_too_much_output_head_and_tail_are_kept_within_the_bound(tmp_path: Path) -> None:
    limit = TAIL_BYTES + 1000
    outgoing = Outgoing(tmp_path / "o", limit)
    for number in range(200):
        outgoing.write(b"%04d" % number * 2048)
    outgoing.close()
    kept = (tmp_path / "o").read_bytes()
    assert limit < len(kept) == outgoing.size_bytes < limit + 1024
    assert kept.startswith(b"0000")
    assert kept.endswith(b"0199")
    assert b"were not kept here" in kept


class Fills(io.BytesIO):
    """A file on a disk with room for eight bytes."""

    def write(self, data: Any, /) -> int:
        room = 8 - len(self.getvalue())
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(bytes(data)[:room])


def test_of_what_no_longer_fits_on_the_disk_that_which_did_is_sent_and_counted(tmp_path: Path) -> None:
    outgoing = Outgoing(tmp_path / "o", 10**9)
    outgoing._file = Fills()  # type: ignore[assignment]
    outgoing.write(b"hello ")
    with pytest.raises(OSError, match="No space left"):
        outgoing.write(b"world")
    outgoing.close()
    assert outgoing.piece() == (0, b"hello wo", True)
    assert (outgoing.size_bytes, outgoing.crc32) == (8, zlib.crc32(b"hello wo"))


def test_a_tail_that_no_longer_fits_still_closes_it(tmp_path: Path) -> None:
    outgoing = Outgoing(tmp_path / "o", 0)
    outgoing._file = Fills()  # type: ignore[assignment]
    outgoing.write(b"hello world")
    with pytest.raises(OSError, match="No space left"):
        outgoing.close()
    assert outgoing.piece() == (0, b"hello wo", True)


def test_a_disk_without_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert full(tmp_path) == ""
    monkeypatch.setattr("shutil.disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 12 * 1024))
    assert full(tmp_path) == "The disk of this machine is full: 12 KiB are free."


def test_a_cache_is_found_again_and_the_least_used_goes_first(tmp_path: Path) -> None:
    caches = CacheFolder(tmp_path / "c", 25)
    assert caches.get("a") is None
    for key in ("a", "b"):
        caches.put(key, iter([b"x" * 10]))
    os.utime(caches._path("a"), (1, 1))
    caches.put("c", iter([b"y" * 10]))
    assert [caches.get(key) is not None for key in ("a", "b", "c")] == [False, True, True]
    caches.put("b", iter([b"z" * 100]))
    assert caches.get("b").read() == b"x" * 10  # type: ignore[union-attr]


def test_the_final_word_says_who_ended_the_job() -> None:
    red = Report("timed_out", "It ran for too long.", None)
    assert final_word(red, None)["reason"] == "timed_out"
    assert final_word(red, "Canceled.")["state"] == "canceled"
    assert final_word(Report(), LOST)["reason"] == "lost"
    assert final_word(Report(), None)["state"] == "completed"
