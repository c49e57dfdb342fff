"""run(): do what an order says, in a sandbox, and tell how it went. The same for remote agents and Celery workers.

In charge of: the sandbox, the order of things in it, what becomes of its files. Not in charge of: where output and
artifacts go, who may stop it and when (the Desk); leases; what the end means for the run (the server).
"""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

from apps.events.masking import Masker, mask_bytes
from apps.fleet.order import Command, Order, Package, reports_name
from workers.agent.handing_in import TooLarge, hand_in
from workers.agent.port import FILE, REPORT, Desk, Done, Open, Report
from workers.agent.verified import Verified
from workers.junit import Counts, UnreadableReport, read
from workers.reports import Reports, as_tar, reports_in, written
from workers.sandbox.chunks import as_file
from workers.sandbox.docker.images import ImageMissing
from workers.sandbox.package import BadPackage, looked_through
from workers.sandbox.port import Ended, Result, Sandbox, SandboxError

REASONS = {
    Ended.TIMED_OUT: "timed_out",
    Ended.NO_OUTPUT: "no_output",
    Ended.OUT_OF_MEMORY: "out_of_memory",
    Ended.TOO_MANY_PROCESSES: "too_many_processes",
    Ended.DISK_LIMIT: "disk_limit",
    Ended.STOPPED: "canceled_by_user",
}


def run(order: Order, desk: Desk, open_sandbox: Open, folder: Path | None = None) -> Report:
    """Do it. A sandbox that cannot do its part is a report too: `infrastructure`, which is tried again elsewhere.

    `folder` is for what lies on this machine meanwhile; None: where temporary files usually do.
    """
    return _Running(order, desk, folder).run(open_sandbox)


class _Running:
    def __init__(self, order: Order, desk: Desk, folder: Path | None) -> None:
        self.order = order
        self.desk = desk
        self.folder = folder
        self.report = Report()
        self.began = time.monotonic()
        self.until = self.began + order.bounds.timeout_s
        self.stretches = order.stretches()
        self._masker = Masker(order.secrets.values())
        self._printed = 0
        self._held: BinaryIO | None = None  # the package, where more than one sandbox begins with it
        self._open = ExitStack()

    def run(self, open_sandbox: Open) -> Report:
        try:
            with self._open:
                self._stretch(open_sandbox, 0)
                for number, stretch in enumerate(self.stretches[1:], 1):
                    if any(self._is_due(command) for _, command in stretch):
                        self._stretch(open_sandbox, number)
        except ImageMissing as error:
            self._failed("image_missing", str(error))
        except BadPackage as error:
            self._failed("bad_package", str(error))
        except SandboxError as error:
            self._failed("script_failed" if error.permanent else "infrastructure", f"The sandbox failed: {error}")
        self.say(f"[hive] {self.report.message or 'Every command exited with 0.'}")
        self._flush()
        return self.report

    def _stretch(self, open_sandbox: Open, number: int) -> None:
        with open_sandbox(self.order) as sandbox:
            self.desk.on_stop(sandbox.kill)
            if sandbox.warning and not number:
                self.say(f"[hive] {sandbox.warning}")
            self._fill(sandbox)
            if self.report.prepared_s is None:
                self.report.prepared_s = round(time.monotonic() - self.began, 3)
            for command in self.stretches[number]:
                if self._is_due(command[1]):
                    self._command(sandbox, *command)
            if not number and not self._stopped():
                self._keep_files(sandbox)

    def say(self, text: str) -> None:
        self._print(f"{text}\n".encode(errors="replace"))

    def _print(self, data: bytes) -> None:
        if masked := self._masker.feed(data):
            self._printed += len(masked)
            self.desk.output(masked)

    def _flush(self) -> None:
        """What was held back: no secret goes on beyond a line of ours."""
        rest = self._masker.rest()
        self._printed += len(rest)
        self.desk.output(rest)

    def _is_due(self, command: Command) -> bool:
        return not self.report.reason or (command.always and not self._stopped())

    def _keep_files(self, sandbox: Sandbox) -> None:
        self._save(sandbox, self.order.junit, REPORT)
        self._judge()
        self._save(sandbox, self.order.artifacts, FILE)
        if self.order.tree:
            self._hand_in(sandbox)
        if not self.report.reason:
            self._fill_caches(sandbox)

    def _hand_in(self, sandbox: Sandbox) -> None:
        try:
            hand_in(sandbox, self.desk, self.order.bounds.artifact_bytes, self.folder, self.say)
        except TooLarge as error:
            self._failed("disk_limit", str(error))

    def _stopped(self) -> bool:
        return self.report.reason == REASONS[Ended.STOPPED]

    def _fill(self, sandbox: Sandbox) -> None:
        """Package first, then what lies over it. A cache is no reason to fail: without it the job is slower."""
        if package := self.order.package:
            with looked_through(self._package(package), folder=self.folder) as files:
                sandbox.unpack(files)
        for path, text in self.order.files.items():
            sandbox.write(path, text.encode())
        for cache in self.order.caches:
            tar = self.desk.restore(cache)
            if tar is not None:
                try:
                    sandbox.unpack(tar)
                except SandboxError as error:
                    self.say(f"[hive] The cache {cache.key} was not used: {error}")

    def _package(self, package: Package) -> BinaryIO:
        if self._held is None:
            checked = cast(BinaryIO, Verified(self.desk.package(package), package.sha256, package.size_bytes))
            if len(self.stretches) == 1:
                return checked
            self._held = cast(BinaryIO, self._open.enter_context(tempfile.TemporaryFile(dir=self.folder)))  # noqa: SIM115
            shutil.copyfileobj(checked, self._held)
        self._held.seek(0)
        return self._held

    def _command(self, sandbox: Sandbox, number: int, command: Command) -> None:
        self.say(f"$ {command.shown}")
        self._flush()
        start, before = self._printed, self._reports(sandbox, command)
        left_s = self.until - time.monotonic()
        if left_s > 0:
            result = sandbox.run(
                command.argv,
                timeout_s=min(command.timeout_s, left_s),
                no_output_s=command.no_output_s,
                on_output=self._print,
                env={**self.order.env, **self.order.secrets},
                cwd=command.cwd,
            )
        else:
            message = f"The job ran for more than {self.order.bounds.timeout_s:g} s."
            result = Result(None, Ended.TIMED_OUT, 0.0, 0, 0, message)
        self._flush()
        self._add(command, result, (start, self._printed))
        if not self._stopped():
            self._keep_reports(number, before, self._reports(sandbox, command))

    def _reports(self, sandbox: Sandbox, command: Command) -> Reports:
        return reports_in(sandbox, command.cwd, command.reports) if command.reports else {}

    def _keep_reports(self, number: int, before: Reports, after: Reports) -> None:
        """Those that this command wrote, without secrets."""
        fresh, notes = written(before, after)
        for note in notes:
            self.say(f"[hive] {note}")
        if fresh:
            secrets = self.order.secrets.values()
            tar = as_tar({name: mask_bytes(data, secrets) for name, data in fresh.items()})
            self.desk.keep(reports_name(number), REPORT, io.BytesIO(tar), len(tar))

    def _add(self, command: Command, result: Result, printed: tuple[int, int]) -> None:
        reason = "" if result.ok else REASONS.get(result.ended, "script_failed")
        message = f"`{command.shown}`: {result.message}" if reason else ""
        if reason == "script_failed" and (trouble := self.desk.trouble()):
            reason, message = "infrastructure", f"{trouble} {message}"
        done = Done(command.shown, result.exit_code, result.duration_s, reason, message, *printed)
        self.report.commands.append(done)
        if reason:
            self._failed(reason, message, result.exit_code)

    def _failed(self, reason: str, message: str, exit_code: int | None = None) -> None:
        """The first failure is the job's."""
        if not self.report.reason:
            self.report.reason, self.report.message, self.report.exit_code = reason, message, exit_code

    def _save(self, sandbox: Sandbox, globs: tuple[str, ...], kind: str) -> None:
        if not globs:
            return
        export = sandbox.export(globs)
        count, left_bytes = 0, self.order.bounds.artifact_bytes
        with tarfile.open(fileobj=as_file(export), mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                if content is None:
                    continue
                count, left_bytes = count + 1, left_bytes - member.size
                if count > self.order.bounds.artifacts or left_bytes < 0:
                    self.say(f"[hive] Not kept: {member.name} and what follows; the bounds of artifacts are reached.")
                    return
                file = self._report(member, cast(BinaryIO, content)) if kind == REPORT else cast(BinaryIO, content)
                self.desk.keep(member.name, kind, file, member.size)
        for note in export.refused[:10]:
            self.say(f"[hive] Not kept: {note}")
        if not count:
            self.say(f"[hive] Nothing matches {', '.join(globs)}.")

    def _report(self, member: tarfile.TarInfo, content: BinaryIO) -> BinaryIO:
        """Count what the report says; one that cannot be read is kept all the same."""
        data = content.read()
        try:
            self.report.tests = (self.report.tests or Counts()) + read(data)
        except UnreadableReport as error:
            self.say(f"[hive] The report {member.name} was not read: {error}.")
        return io.BytesIO(data)

    def _judge(self) -> None:
        """A test that failed has failed, whatever its command exited with; and where none passed, nothing was shown."""
        counts, reason = self.report.tests, self.report.reason
        if counts and counts.failed and reason in ("", "script_failed"):
            first = counts.failures[0]
            more = f" (and {counts.failed - 1} more)" if counts.failed > 1 else ""
            self.report.reason, self.report.message = "tests_failed", f"{first.name}: {first.message}{more}"
            self.report.exit_code = self.report.exit_code or 1
        elif self.order.junit and not reason and not (counts and counts.passed):
            self._failed("no_tests", "No report says that a test has passed; `junit` promises some.", 1)

    def _fill_caches(self, sandbox: Sandbox) -> None:
        for cache in self.order.caches:
            self.desk.store(cache, iter(sandbox.export(cache.paths)))
