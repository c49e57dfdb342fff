"""run(): what an order says happens in a sandbox, and nothing of it is lost on the way out."""

import hashlib
import io
import tarfile
import zipfile
from dataclasses import replace
from typing import Any

from apps.fleet.order import Bounds, Cache, Command, Order, Package
from tests.archives import tar_of
from tests.unit.workers.agent.desk import Remembering
from workers.agent.port import FILE, REPORT, Report
from workers.agent.runner import run
from workers.reports import from_tar
from workers.sandbox.docker.images import ImageMissing
from workers.sandbox.fake import Answer, FakeSandbox
from workers.sandbox.port import Ended, SandboxError


def order(*lines: str, **more: Any) -> Order:
    return Order(tuple(Command(tuple(line.split())) for line in lines), **more)


def done(an_order: Order, desk: Remembering, **script: Answer) -> Report:
    return run(an_order, desk, lambda _: FakeSandbox(script))


def test_commands_run_one_after_the_other_and_their_output_goes_to_the_desk() -> None:
    desk = Remembering()
    report = done(order("a", "b"), desk, a=Answer(output=b"one\n"), b=Answer(output=b"two\n"))
    assert (report.reason, report.exit_code, len(report.commands)) == ("", 0, 2)
    assert desk.printed == b"$ a\none\n$ b\ntwo\n[hive] Every command exited with 0.\n"


def test_the_first_red_command_ends_the_job_with_its_code_and_cleaning_up_still_happens() -> None:
    desk = Remembering()
    red = order("a", "b", "c")
    red = replace(red, commands=(*red.commands[:2], replace(red.commands[2], always=True)))
    report = done(red, desk, a=Answer(3), b=Answer(output=b"never"), c=Answer(output=b"cleaned"))
    assert (report.reason, report.exit_code) == ("script_failed", 3)
    assert b"cleaned" in desk.printed
    assert b"never" not in desk.printed


def test_a_command_that_failed_on_a_full_disk_is_the_machines_failure_and_says_so() -> None:
    report = done(order("a"), Remembering(wrong="The disk of this machine is full: 12 KiB are free."), a=Answer(1))
    assert report.reason == "infrastructure"
    assert report.message.startswith("The disk of this machine is full: 12 KiB are free. `a`: ")


def test_secrets_reach_the_command_and_not_the_desk() -> None:
    sandbox, desk = FakeSandbox({"a": Answer(output=b"it is hush-hush, really")}), Remembering()
    run(order("a", env={"A": "1"}, secrets={"TOKEN": "hush-hush"}), desk, lambda _: sandbox)
    assert sandbox.calls[0].env == {"A": "1", "TOKEN": "hush-hush"}
    assert b"it is [masked], really" in desk.printed


def test_artifacts_and_reports_are_kept_also_after_a_red_command() -> None:
    desk = Remembering()
    writes = {"dist/app.bin": b"\0\1", "junit.xml": b"<testsuite/>", "other": b"x"}
    done(order("a", artifacts=("dist/**",), junit=("*.xml",)), desk, a=Answer(1, writes=writes))
    assert desk.kept == {"junit.xml": (REPORT, b"<testsuite/>"), "dist/app.bin": (FILE, b"\0\1")}


def test_what_passes_the_bounds_of_artifacts_is_named_and_left_out() -> None:
    desk = Remembering()
    bounded = order("a", artifacts=("*.bin",), bounds=Bounds(artifact_bytes=3))
    done(bounded, desk, a=Answer(writes={"a.bin": b"123", "b.bin": b"4"}))
    assert list(desk.kept) == ["a.bin"]
    assert b"Not kept: b.bin" in desk.printed


def test_the_workspace_begins_with_the_package_and_the_files_over_it() -> None:
    data = tar_of({"a.txt": b"packed", "b.txt": b"packed"})
    package = Package("key", hashlib.sha256(data).hexdigest(), len(data))
    desk = Remembering(packed=data)
    done(order("a", package=package, files={"b.txt": "written"}, artifacts=("*.txt",)), desk, a=Answer())
    assert desk.kept == {"a.txt": (FILE, b"packed"), "b.txt": (FILE, b"written")}


def test_a_package_that_arrived_damaged_is_not_built() -> None:
    data = tar_of({"a.txt": b"packed"})
    package = Package("key", hashlib.sha256(b"another").hexdigest(), len(data))
    desk = Remembering(packed=data)
    report = done(order("a", package=package), desk, a=Answer(output=b"ran"))
    assert report.reason == "infrastructure"
    assert b"ran" not in desk.printed


def test_a_job_that_is_stopped_says_so_and_keeps_nothing() -> None:
    desk = Remembering(stopped="Canceled by owner.")
    report = done(order("a", artifacts=("*",)), desk, a=Answer(writes={"x": b"y"}, hangs=True))
    assert report.reason == "canceled_by_user"
    assert not desk.kept


def test_the_whole_job_has_a_time_of_its_own() -> None:
    report = done(order("a", bounds=Bounds(timeout_s=0)), Remembering(), a=Answer())
    assert report.reason == "timed_out"


def test_a_sandbox_that_cannot_start_is_for_another_attempt_and_a_missing_image_is_not() -> None:
    def refuse(error: Exception) -> Report:
        def open_sandbox(_: Order) -> FakeSandbox:
            raise error

        return run(order("a"), Remembering(), open_sandbox)

    assert refuse(SandboxError("no room")).reason == "infrastructure"
    assert refuse(ImageMissing("no such image")).reason == "image_missing"


def test_a_cache_is_there_for_the_next_job() -> None:
    desk = Remembering()
    cached = order("a", caches=(Cache("pip", (".cache",)),))
    done(cached, desk, a=Answer(writes={".cache/wheel": b"w"}))
    done(replace(cached, artifacts=(".cache/*",)), desk, a=Answer())
    assert desk.kept == {".cache/wheel": (FILE, b"w")}


def test_a_cache_that_cannot_be_read_does_not_fail_the_job() -> None:
    desk = Remembering(caches={"pip": b"this is no tar"})
    assert done(order("a", caches=(Cache("pip", (".cache",)),)), desk, a=Answer()).reason == ""


def test_running_out_of_memory_is_told_as_such() -> None:
    assert done(order("a"), Remembering(), a=Answer(ended=Ended.OUT_OF_MEMORY)).reason == "out_of_memory"


RED = b"<testsuite><testcase name='a'/><testcase name='b'><failure message='no'/></testcase></testsuite>"


def test_a_report_with_a_failure_fails_the_job_whatever_its_command_says() -> None:
    for code in (0, 1):
        report = done(order("a", junit=("*.xml",)), Remembering(), a=Answer(code, writes={"r.xml": RED}))
        assert (report.reason, report.exit_code, report.message) == ("tests_failed", 1, "b: no")
        assert report.seen["counts"]["failed"] == 1


def test_reports_that_were_promised_and_show_no_pass_are_a_failure() -> None:
    skipped = b"<testsuite><testcase name='a'><skipped/></testcase></testsuite>"
    for writes in ({}, {"r.xml": skipped}, {"r.xml": b"<html/>"}):
        report = done(order("a", junit=("*.xml",)), Remembering(), a=Answer(writes=writes))
        assert report.reason == "no_tests", writes


def test_a_package_that_is_a_trick_ends_the_job_for_good_before_any_command() -> None:
    data = tar_of({"../x": b"packed"})
    desk = Remembering(packed=data)
    package = Package("key", hashlib.sha256(data).hexdigest(), len(data))
    report = done(order("a", package=package), desk, a=Answer(output=b"ran"))
    assert report.reason == "bad_package"
    assert "'../x'" in report.message
    assert b"ran" not in desk.printed


def test_a_zip_is_a_package_too() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("src/a.txt", "zipped")
    data = held.getvalue()
    desk = Remembering(packed=data)
    package = Package("key", hashlib.sha256(data).hexdigest(), len(data))
    done(order("a", package=package, artifacts=("**",)), desk, a=Answer())
    assert desk.kept == {"src/a.txt": (FILE, b"zipped")}


def test_a_fresh_command_begins_with_the_package_and_nothing_of_the_one_before() -> None:
    data = tar_of({"a.txt": b"packed"})
    seen: list[bytes] = []

    def open_sandbox(_: Order) -> FakeSandbox:
        def answer(argv: list[str]) -> Answer:
            seen.append(sandbox.read("/workspace/a.txt", 99))
            return Answer(1, writes={"a.txt": b"spoilt"})

        sandbox = FakeSandbox(answer)
        return sandbox

    commands = (Command(("a",), always=True), Command(("b",), always=True, fresh=True))
    package = Package("key", hashlib.sha256(data).hexdigest(), len(data))
    report = run(Order(commands, package=package, version=2), Remembering(packed=data), open_sandbox)
    assert [one.exit_code for one in report.commands] == [1, 1]
    assert seen == [b"packed", b"packed"]


def test_a_commands_reports_are_kept_by_its_number_without_secrets_and_without_old_ones() -> None:
    desk, writes = Remembering(), {"r/new.xml": b"<a>hush-hush</a>"}
    commands = (Command(("a",), reports="*.xml"), Command(("b",), reports="r/*.xml"))
    wanted = Order(commands, files={"old.xml": "<old/>"}, secrets={"T": "hush-hush"}, version=2)
    done(wanted, desk, a=Answer(), b=Answer(writes=writes))
    assert list(desk.kept) == ["reports-2.tar"]
    assert from_tar(desk.kept["reports-2.tar"][1]) == {"r/new.xml": b"<a>[masked]</a>"}
    assert b"[hive] The report old.xml was there before" in desk.printed


def test_each_command_says_which_output_is_its_own() -> None:
    desk = Remembering()
    wanted = order("a", "b", secrets={"T": "hush-hush"})
    report = done(wanted, desk, a=Answer(output=b"one hush"), b=Answer(output=b"two"))
    assert [desk.printed[one.log_from : one.log_to] for one in report.commands] == [b"one hush", b"two"]


def test_a_workspace_that_is_asked_for_is_handed_in_whole_also_after_a_red_command() -> None:
    desk = Remembering()
    report = done(order("a", tree=True, files={"made.txt": "x"}), desk, a=Answer(3))
    kind, tree = desk.kept["tree.tar.gz"]
    assert (report.reason, kind) == ("script_failed", "tree")
    with tarfile.open(fileobj=io.BytesIO(tree)) as archive:
        assert "made.txt" in archive.getnames()


def test_of_a_workspace_that_is_too_large_nothing_is_handed_in() -> None:
    """What is missing in it would be taken for deleted."""
    desk = Remembering()
    asked = order("a", tree=True, files={"made.txt": "x"}, bounds=Bounds(artifact_bytes=0))
    report = done(asked, desk, a=Answer())
    assert (report.reason, desk.kept) == ("disk_limit", {})
