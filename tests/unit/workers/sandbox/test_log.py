from __future__ import annotations

from pathlib import Path

from workers.sandbox.log import BoundedLog


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    for word in (b"one", b"two"):
        log = BoundedLog(tmp_path / "new" / "log")
        log.write(word)
        log.close()
    assert (tmp_path / "new" / "log").read_bytes() == b"onetwo"


def test_at_the_limit_it_starts_again_and_keeps_the_last(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log", limit_bytes=10)
    for number in range(6):
        log.write(b"%d" % number * 4)
    log.close()
    assert ((tmp_path / "log.1").read_bytes(), (tmp_path / "log").read_bytes()) == (b"22223333", b"44445555")


def test_a_disk_that_takes_nothing_costs_lines_and_nothing_else() -> None:
    log = BoundedLog(Path("/dev/full"))
    log.write(b"lost")
    log.close()


def test_others_may_not_read_it(tmp_path: Path) -> None:
    BoundedLog(tmp_path / "log").close()
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600
