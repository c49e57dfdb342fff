"""A remote over real smart HTTP: fetched, pushed to, and refused where it must be."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.servers.git import PASSWORD, USER, Forge, forge, git
from tests.unit.workers.repo.author import write
from workers.repo.errors import PushRejected, RemoteAway, RemoteRefused, Stopped, TooLarge
from workers.repo.remote import TRACKED, Remote
from workers.repo.repository import Repository
from workers.repo.talk import Bounds
from workers.repo.way import Rules


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Forge]:
    (tmp_path / "forge").mkdir()
    with forge(tmp_path / "forge") as server:
        yield server


def remote(server: Forge, name: str = "site", secret: str = PASSWORD, **bounds: Any) -> Remote:
    rules = Rules(hosts=frozenset([server.host]))
    return Remote(server.url(name), USER, secret, rules, Bounds(**{"timeout_s": 20, **bounds}))


def test_all_branches_are_fetched_and_its_own_is_known(server: Forge, repository: Repository) -> None:
    server.make("site", {"a": "1\n"}, {"a": "2\n"}, branch="trunk")
    server.commit("site", {"b": "1\n"}, branch="fix/one")
    remote(server).fetch(repository)
    assert repository.branches(TRACKED) == server.branches("site")
    assert remote(server).heads("fix/one", "none") == ("trunk", {"fix/one": server.branches("site")["fix/one"]})


def test_what_is_gone_there_goes_here_at_the_next_fetch(server: Forge, repository: Repository) -> None:
    server.make("site", {"a": "1\n"})
    server.commit("site", {"b": "1\n"}, branch="old")
    remote(server).fetch(repository)
    git("branch", "-D", "old", cwd=server.path("site"))
    remote(server).fetch(repository)
    assert set(repository.branches(TRACKED)) == {"main"}


def test_progress_is_told(server: Forge, repository: Repository) -> None:
    server.make("site", {f"file{number}": f"{number}\n" for number in range(50)})
    told: list[tuple[str, int, int]] = []
    remote(server, on_progress=lambda *one: told.append(one)).fetch(repository)
    assert ("Receiving objects", 52, 52) in told


def test_nothing_of_the_password_stays_behind(server: Forge, repository: Repository) -> None:
    server.make("site", {"a": "1\n"})
    remote(server).fetch(repository)
    remote(server).push(repository, write(repository, repository.branches(TRACKED)["main"], {"b": "2"}), "mine", "")
    for path in repository.path.rglob("*"):
        assert path.is_dir() or PASSWORD.encode() not in path.read_bytes(), path
    assert PASSWORD not in repr(remote(server))


def test_a_wrong_password_is_refused_in_words_without_it(server: Forge, repository: Repository) -> None:
    server.make("site", {"a": "1\n"})
    with pytest.raises(RemoteRefused, match="does not let Hive in") as caught:
        remote(server, secret="wrong-Passw0rd-22").fetch(repository)
    assert "wrong-Passw0rd-22" not in str(caught.value)


def test_a_repository_that_is_not_there_is_said_to_be_so(server: Forge, repository: Repository) -> None:
    with pytest.raises(RemoteRefused, match="no repository at this address"):
        remote(server, "nothing").fetch(repository)


def test_a_server_that_is_away_is_worth_another_try(server: Forge, repository: Repository) -> None:
    away = replace(remote(server), url="http://127.0.0.1:1/site.git", rules=Rules(hosts=frozenset(["127.0.0.1"])))
    with pytest.raises(RemoteAway):
        away.fetch(repository)


def test_a_redirect_is_not_followed_and_gets_no_password(server: Forge, repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "evil").mkdir()
    with forge(tmp_path / "evil") as evil:
        server.answer = lambda path: (302, {"Location": f"http://{evil.host}{path}"})
        with pytest.raises(RemoteRefused, match="another address"):
            remote(server).fetch(repository)
        assert not evil.seen


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://127.0.0.1:{port}/site.git", "loopback"),
        ("https://10.0.0.7/site.git", "private"),
        ("https://169.254.169.254/latest", "link-local"),
        ("https://[::ffff:127.0.0.1]:{port}/site.git", "loopback"),
        ("http://127.0.0.1:{port}/site.git", "would show the password"),
        ("ssh://git@127.0.0.1/site.git", "no password"),
        ("ssh://10.1.2.3/site.git", "private"),
        ("file:///etc", "HIVE_GIT_FOLDERS"),
        ("ext::sh -c touch% /tmp/owned", "begins with"),
        ("git://127.0.0.1/site.git", "begins with"),
        ("https://-oProxyCommand=x/site.git", "no host"),
    ],
)
def test_hive_does_not_go_there(server: Forge, repository: Repository, url: str, why: str) -> None:
    closed = Remote(url.format(port=server.port), USER, PASSWORD, Rules(), Bounds(timeout_s=5))
    with pytest.raises(RemoteRefused, match=why):
        closed.fetch(repository)
    assert not server.seen


def test_a_name_that_leads_elsewhere_the_second_time_is_asked_once(server: Forge, repository: Repository) -> None:
    """git is told the address that was checked: the name itself leads nowhere."""
    server.make("site", {"a": "1\n"})
    name = f"forge.invalid:{server.port}"
    rules = Rules(hosts=frozenset([name]), resolve=lambda host, port: ["127.0.0.1"])
    Remote(f"http://{name}/site.git", USER, PASSWORD, rules, Bounds(timeout_s=20)).fetch(repository)
    assert "main" in repository.branches(TRACKED)


def test_a_repository_on_disk_only_below_what_is_allowed(server: Forge, repository: Repository, tmp_path: Path) -> None:
    server.make("site", {"a": "1\n"})
    allowed = Rules(folders=(server.folder,))
    Remote(f"file://{server.path('site')}", rules=allowed).fetch(repository)
    assert "main" in repository.branches(TRACKED)
    (tmp_path / "forge" / "way-out").symlink_to("/")
    for path in (f"{server.folder}/../other.git", f"{server.folder}/way-out/etc", f"{server.folder}/%2e%2e/other.git"):
        with pytest.raises(RemoteRefused, match="HIVE_GIT_FOLDERS"):
            Remote(f"file://{path}", rules=allowed).fetch(repository)


def test_more_than_the_limit_is_refused(server: Forge, repository: Repository) -> None:
    server.make("site", {"big": os.urandom(1_500_000).hex()})
    with pytest.raises(TooLarge):
        remote(server, size_bytes=1_000_000).fetch(repository)
    assert not repository.branches(TRACKED)


def test_a_server_that_stalls_is_left_in_time_or_when_somebody_asks(server: Forge, repository: Repository) -> None:
    waiting = threading.Event()

    def stall(path: str) -> None:
        waiting.wait(10)

    server.answer = stall
    began = time.monotonic()
    with pytest.raises(RemoteAway, match="longer than 1 s"):
        remote(server, timeout_s=1).fetch(repository)
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    with pytest.raises(Stopped):
        remote(server, stop=stop).fetch(repository)
    waiting.set()
    assert time.monotonic() - began < 9


def test_a_branch_is_made_and_goes_forward_but_is_never_overwritten(server: Forge, repository: Repository) -> None:
    server.make("site", {"a": "1\n"})
    remote(server).fetch(repository)
    main = repository.branches(TRACKED)["main"]
    first = write(repository, main, {"b": "1"})
    second, other = write(repository, first, {"b": "2"}), write(repository, main, {"c": "1"})
    remote(server).push(repository, first, "hive/run-1", "")
    remote(server).push(repository, second, "hive/run-1", first)
    with pytest.raises(PushRejected) as caught:
        remote(server).push(repository, other, "hive/run-1", first)
    assert caught.value.moved
    assert server.branches("site")["hive/run-1"] == second


def test_a_rule_of_the_server_is_told_in_its_own_words(server: Forge, repository: Repository) -> None:
    server.make("site", {"a": "1\n"})
    server.hook("site", "echo 'Sign your commits first.' >&2; exit 1")
    remote(server).fetch(repository)
    commit = write(repository, repository.branches(TRACKED)["main"], {"b": "1"})
    with pytest.raises(PushRejected, match=r"(?s)pre-receive hook declined.*Sign your commits first") as caught:
        remote(server).push(repository, commit, "hive/run-1", "")
    assert not caught.value.moved
