"""An agent's job from its first byte of output to its end: once, whole, masked, and under its lease alone."""

from __future__ import annotations

import hashlib
import zlib

import pytest
from django.test import override_settings

from apps.artifacts.models import Artifact
from apps.artifacts.queries import read_log
from apps.artifacts.store import store
from apps.artifacts.store.memory import MemoryStore
from apps.fleet import stars
from apps.fleet.models import Agent, Assignment
from apps.fleet.services.acknowledge import acknowledge
from apps.fleet.services.hand_out import Undeliverable, hand_out
from apps.fleet.services.heartbeat import Beat, beat
from apps.fleet.services.hold import drain_agent
from apps.fleet.services.lease import NotYours
from apps.fleet.services.offer import Offer
from apps.fleet.services.receive_log import Piece, TooMuchOutput, WrongOffset, receive_log
from apps.fleet.services.report import Said, report
from apps.fleet.services.uploads import Announced, UploadRefused, announce, finish_uploads
from apps.projects.secrets import put_secret
from apps.runs.models import Job
from apps.runs.services.output import LeaseLost
from apps.runs.services.reap import end_lost
from apps.runs.services.stop import cancel_run
from tests.conftest import People
from tests.unit.apps.fleet.conftest import SECRETS, MakeAgent, offered


@pytest.fixture
def one(agent: Agent, job: Job) -> Offer:
    """Begun by the agent."""
    found = offered(agent)
    acknowledge(agent, job.pk, found.lease)
    stars._known.clear()
    return found


def send(agent: Agent, one: Offer, start: int, data: bytes, *, is_last: bool = False) -> int:
    return receive_log(agent, one.job_id, one.lease, Piece(start, data, is_last))


def log_of(job: Job) -> bytes:
    return b"".join(read_log(job.pk))


def test_output_arrives_in_pieces_and_a_repeated_piece_counts_once(agent: Agent, one: Offer, job: Job) -> None:
    assert send(agent, one, 0, b"hello ") == 6
    assert send(agent, one, 0, b"hello ") == 6
    assert send(agent, one, 3, b"lo world\n") == 12
    assert log_of(job) == b"hello world\n"
    assert Assignment.objects.get().log_crc32 == zlib.crc32(b"hello world\n")


def test_a_piece_that_leaves_a_gap_is_told_where_to_go_on(agent: Agent, one: Offer) -> None:
    send(agent, one, 0, b"12345", is_last=True)
    with pytest.raises(WrongOffset) as error:
        send(agent, one, 9, b"x")
    assert error.value.received == 5


def test_more_output_than_is_kept_is_refused(agent: Agent, one: Offer) -> None:
    with override_settings(LOG_LIMIT_BYTES=10), pytest.raises(TooMuchOutput):
        send(agent, one, 0, b"x" * 2000)


def test_a_secret_is_masked_also_where_two_pieces_meet(agent: Agent, one: Offer, job: Job, people: People) -> None:
    put_secret(people.project, "TOKEN", "hush-hush")
    assert send(agent, one, 0, b"it is hush") == 6
    assert send(agent, one, 6, b"hush-hush, yes!") == 21
    assert log_of(job) == b"it is *********, yes!"


def test_what_only_looks_like_a_secret_arrives_with_the_last_piece(
    agent: Agent, one: Offer, job: Job, people: People
) -> None:
    put_secret(people.project, "TOKEN", "hush-hush")
    assert send(agent, one, 0, b"it is hush") == 6
    assert send(agent, one, 6, b"hush", is_last=True) == 10
    assert log_of(job) == b"it is hush"


def test_the_end_waits_until_the_output_is_whole_and_is_recorded_once(agent: Agent, one: Offer, job: Job) -> None:
    said = Said(exit_code=0, log_bytes=5, log_crc32=zlib.crc32(b"12345"), prepared_s=0.5)
    assert report(agent, job.pk, one.lease, said) is False
    send(agent, one, 0, b"12345", is_last=True)
    assert report(agent, job.pk, one.lease, said) is True
    assert report(agent, job.pk, one.lease, said) is True
    row = Job.objects.get()
    assert (row.status, row.message, row.outcome["exit_code"]) == ("completed", "", 0)
    assert Assignment.objects.get().ended_at is not None


def test_output_that_arrived_damaged_is_told(agent: Agent, one: Offer, job: Job) -> None:
    send(agent, one, 0, b"12345", is_last=True)
    report(agent, job.pk, one.lease, Said(log_bytes=5, log_crc32=1))
    assert Job.objects.get().message == "Its output arrived damaged."


def test_a_failure_is_recorded_with_its_reason(agent: Agent, one: Offer, job: Job) -> None:
    report(agent, job.pk, one.lease, Said("timed_out", "It ran for more than 9 s.", None))
    assert Job.objects.values_list("status", "reason", "message").get() == (
        "failed",
        "timed_out",
        "It ran for more than 9 s.",
    )


def test_of_a_canceled_run_the_end_is_canceled_whatever_the_agent_says(
    agent: Agent, one: Offer, job: Job, people: People
) -> None:
    cancel_run(job.run, people.owner)
    assert beat(agent, Beat({job.pk: one.lease})).verdicts == {job.pk: "cancel"}
    report(agent, job.pk, one.lease, Said())
    assert Job.objects.values_list("status", "message").get() == ("canceled", "Canceled by owner.")


def test_an_old_lease_changes_nothing(agent: Agent, one: Offer, job: Job, memory: MemoryStore) -> None:
    assert end_lost(Job.objects.get(), "No heartbeat.")
    file = Announced("a", "file", 1, "0" * 64)
    for call in (
        lambda: send(agent, one, 0, b"late"),
        lambda: report(agent, job.pk, one.lease, Said()),
        lambda: announce(agent, job.pk, one.lease, [file]),
        lambda: finish_uploads(agent, job.pk, one.lease, [1]),
        lambda: acknowledge(agent, job.pk, one.lease),
    ):
        with pytest.raises(LeaseLost):
            call()
    assert beat(agent, Beat({job.pk: one.lease})).verdicts == {job.pk: "lost"}
    assert (log_of(job), Job.objects.get().reason) == (b"", "lost")


def test_another_agents_job_is_not_there(one: Offer, job: Job, make_agent: MakeAgent) -> None:
    other = make_agent("b")
    for call in (
        lambda: send(other, one, 0, b"mine"),
        lambda: report(other, job.pk, one.lease, Said()),
        lambda: announce(other, job.pk, one.lease, []),
        lambda: finish_uploads(other, job.pk, one.lease, []),
        lambda: acknowledge(other, job.pk, one.lease),
    ):
        with pytest.raises(NotYours):
            call()
    assert beat(other, Beat({job.pk: one.lease})).verdicts == {job.pk: "lost"}


def test_a_heartbeat_renews_the_lease_and_repeats_commands_until_they_were_heard(
    agent: Agent, one: Offer, job: Job, people: People
) -> None:
    before = Job.objects.get().lease_expires_at
    drain_agent(agent, people.owner)
    answer = beat(agent, Beat({job.pk: one.lease}, load=0.5, free_disk_bytes=10))
    assert answer.verdicts == {job.pk: "ok"}
    assert Job.objects.get().lease_expires_at > before  # type: ignore[operator]
    ((number, kind),) = answer.commands
    assert (kind, beat(agent, Beat()).commands) == ("drain", answer.commands)
    assert beat(agent, Beat(heard=[number])).commands == []
    agent.refresh_from_db()
    assert (agent.load, agent.free_disk_bytes) == (0.5, 10)


def test_another_agents_commands_cannot_be_heard_away(agent: Agent, make_agent: MakeAgent, people: People) -> None:
    drain_agent(agent, people.owner)
    ((number, _),) = beat(agent, Beat()).commands
    beat(make_agent("b"), Beat(heard=[number]))
    assert len(beat(agent, Beat()).commands) == 1


DATA = b"\0artifact"
FILE = Announced("dist/app.bin", "file", len(DATA), hashlib.sha256(DATA).hexdigest())


def test_an_artifact_is_announced_uploaded_and_verified(agent: Agent, one: Offer, job: Job) -> None:
    (wanted,) = announce(agent, job.pk, one.lease, [FILE])
    row, link = wanted.row, wanted.link
    assert link is not None
    with pytest.raises(UploadRefused, match="has not arrived"):
        finish_uploads(agent, job.pk, one.lease, [row.pk])
    store().put([DATA], row.store_key)
    for _ in range(2):
        (kept,) = finish_uploads(agent, job.pk, one.lease, [row.pk])
        assert (kept.name, kept.size_bytes, kept.kind) == ("dist/app.bin", len(DATA), "file")
    assert Artifact.objects.count() == 1
    assert [wanted.link for wanted in announce(agent, job.pk, one.lease, [FILE])] == [None]


def test_bytes_that_are_not_those_announced_are_no_artifact(agent: Agent, one: Offer, job: Job) -> None:
    row = announce(agent, job.pk, one.lease, [FILE])[0].row
    store().put([b"#artifact"], row.store_key)
    with pytest.raises(UploadRefused, match="not those announced"):
        finish_uploads(agent, job.pk, one.lease, [row.pk])
    assert not Artifact.objects.exists()


@pytest.mark.parametrize(
    "file",
    [
        Announced("../x", "file", 1, "0" * 64),
        Announced("/etc/passwd", "file", 1, "0" * 64),
        Announced("a/../../x", "file", 1, "0" * 64),
        Announced("a\0b", "file", 1, "0" * 64),
        Announced("C:\\x", "file", 1, "0" * 64),
        Announced("C:/x", "file", 1, "0" * 64),
        Announced("a//b", "file", 1, "0" * 64),
        Announced("x" * 201, "file", 1, "0" * 64),
        Announced("output.log", "log", 1, "0" * 64),
        Announced("big", "file", 2**60, "0" * 64),
    ],
)
def test_names_kinds_and_sizes_that_no_artifact_has_are_refused(
    agent: Agent, one: Offer, job: Job, file: Announced
) -> None:
    with pytest.raises(UploadRefused):
        announce(agent, job.pk, one.lease, [file])


def test_more_files_than_the_job_may_keep_are_refused(agent: Agent, one: Offer, job: Job) -> None:
    many = [Announced(f"f{number}", "file", 1, "0" * 64) for number in range(1001)]
    with pytest.raises(UploadRefused, match="1001 files"):
        announce(agent, job.pk, one.lease, many)


def test_an_order_is_handed_out_with_the_values_of_its_secrets(
    one: Offer, job: Job, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_secret(people.project, "TOKEN", "hush-hush")
    monkeypatch.setitem(SECRETS, "TOKEN", "")
    assert hand_out(Job.objects.get(), str).secrets == {"TOKEN": "hush-hush"}


def test_a_job_whose_secret_is_missing_fails_with_a_sentence(
    one: Offer, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SECRETS, "TOKEN", "")
    with pytest.raises(Undeliverable):
        hand_out(Job.objects.get(), str)
    row = Job.objects.get()
    assert (row.reason, "has no secret TOKEN" in row.message) == ("invalid_spec", True)
