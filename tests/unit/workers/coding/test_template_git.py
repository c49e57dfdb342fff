"""Templates from a git address: fetched once, asked for news now and then, used while the repository is away."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.workers.coding.template_makers import commit_all, git, make_old, make_repository, make_template
from workers.coding.engines.template import SourceUnreachable
from workers.coding.engines.template.git_source import GitSource, without_credentials


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = make_repository(tmp_path / "templates.git")
    make_template(folder / "shop", a_dot_txt="one")
    commit_all(folder)
    return folder


def source(repository: Path, ref: str = "", look_every_s: float = 0) -> GitSource:
    return GitSource(f"{repository}{ref}", repository.parent / "cache", look_every_s)


def content(source: GitSource) -> str:
    return (source.templates()["shop"] / "template" / "a.txt").read_text()


def change(repository: Path, text: str) -> str:
    (repository / "shop" / "template" / "a.txt").write_text(text)
    return commit_all(repository)


def test_its_templates_are_found(repository: Path) -> None:
    assert content(source(repository)) == "one"


def test_nothing_of_git_is_kept_beside_the_files(repository: Path) -> None:
    assert not (source(repository).checkout() / ".git").exists()


def test_news_are_seen_when_it_is_time_to_look(repository: Path) -> None:
    patient, eager = source(repository, look_every_s=300), source(repository)
    assert content(patient) == "one"
    change(repository, "two")
    assert content(patient) == "one"
    assert content(eager) == "two"
    assert content(patient) == "two"


def test_who_still_reads_the_older_commit_is_not_disturbed(repository: Path) -> None:
    old = source(repository).templates()["shop"]
    change(repository, "two")
    source(repository).checkout()
    assert (old / "template" / "a.txt").read_text() == "one"


def test_a_branch_or_a_tag_can_be_named(repository: Path) -> None:
    git(repository, "tag", "-a", "v1", "-m", "first")
    git(repository, "branch", "stable")
    change(repository, "two")
    assert content(source(repository, "#v1")) == "one"
    assert content(source(repository, "#stable")) == "one"
    assert content(source(repository, "#main")) == "two"


def test_a_named_tag_is_not_fetched_again_while_it_stays(repository: Path) -> None:
    git(repository, "tag", "-a", "v1", "-m", "first")
    first = source(repository, "#v1").checkout()
    made = first.stat().st_ino
    assert source(repository, "#v1").checkout().stat().st_ino == made


def test_a_name_that_is_not_there_is_said_so(repository: Path) -> None:
    with pytest.raises(SourceUnreachable, match="it has no v9"):
        source(repository, "#v9").templates()


def test_while_the_repository_is_away_what_was_kept_counts(repository: Path) -> None:
    source(repository).checkout()
    repository.rename(repository.with_name("moved"))
    assert content(source(repository)) == "one"


def test_one_that_was_never_reached_fails_and_is_not_asked_again_at_once(tmp_path: Path) -> None:
    lost = GitSource(str(tmp_path / "nowhere.git"), tmp_path / "cache")
    with pytest.raises(SourceUnreachable) as first:
        lost.templates()
    repository = make_repository(tmp_path / "nowhere.git")
    make_template(repository / "shop")
    commit_all(repository)
    with pytest.raises(SourceUnreachable) as second:
        lost.templates()
    assert str(first.value) == str(second.value)
    make_old(next((tmp_path / "cache").glob("*/looked")), 60)
    assert list(lost.templates()) == ["shop"]


def test_what_a_dead_process_left_behind_is_cleared(repository: Path) -> None:
    kept = source(repository).checkout().parent
    (kept / "new-dead" / "files").mkdir(parents=True)
    change(repository, "two")
    source(repository).checkout()
    assert [path.name for path in kept.iterdir() if path.name.startswith("new-")] == []


def test_commits_that_nobody_uses_are_forgotten_after_a_day(repository: Path) -> None:
    old = source(repository).checkout()
    change(repository, "two")
    source(repository).checkout()
    make_old(old, 2 * 24 * 3600)
    change(repository, "three")
    source(repository).checkout()
    assert not old.exists()


def test_a_folder_that_vanished_is_fetched_again(repository: Path) -> None:
    shutil.rmtree(source(repository, look_every_s=300).checkout())
    assert content(source(repository, look_every_s=300)) == "one"


def test_many_at_once_agree(repository: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from workers.coding.engines.template.git_source import GitSource;"
        "print(GitSource(sys.argv[1], Path(sys.argv[2]), 0).checkout())"
    )
    command = [sys.executable, "-c", program, str(repository), str(repository.parent / "cache")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = {process.communicate(timeout=120)[0] for process in processes}
    assert said == {f"{source(repository).checkout()}\n"}


def test_a_repository_that_is_one_template_goes_by_its_name(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "shop.git")
    make_template(repository, a_dot_txt="one")
    commit_all(repository)
    assert content(source(repository)) == "one"


@pytest.mark.parametrize("address", ["ext::sh -c true", "--upload-pack=touch x", "-x"])
def test_an_address_cannot_run_a_program(tmp_path: Path, address: str) -> None:
    with pytest.raises(SourceUnreachable):
        GitSource(address, tmp_path).checkout()


def test_credentials_are_never_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = GitSource("http://user:hunter2@127.0.0.1:1/x.git", tmp_path)
    with pytest.raises(SourceUnreachable) as caught:
        secret.checkout()
    kept = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    for told in (str(caught.value), caplog.text, secret.label, kept):
        assert "hunter2" not in told
        assert "user" not in told
    assert "127.0.0.1:1/x.git" in str(caught.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://u:p@host:1/x?y#z", "https://host:1/x?y#z"),
        ("https://host/x", "https://host/x"),
        ("git@host:team/x", "git@host:team/x"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    assert without_credentials(address) == shown
