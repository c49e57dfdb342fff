"""The Action: the same job, with a runner's inputs, outputs, summary and annotations.

GitHub, Gitea and Forgejo run it alike. Its inputs come as INPUT_…; what it says to the runner goes to the files that
GITHUB_OUTPUT and GITHUB_STEP_SUMMARY name.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hive.ci.artifacts import BadName, fetch_all, safe_parts
from hive.ci.client import CannotAsk, Client
from hive.ci.follow import exit_code, follow, sentence
from hive.ci.job import Stopped, Wish, cancel, interruptible, submit
from hive.ci.output import harmless, unheard
from hive.ci.pack import CannotPack

ANNOTATIONS = 10  # a runner shows no more of one step
UNITS = {"": 60.0, "s": 1.0, "m": 60.0, "h": 3600.0}
SOURCE = {
    "repository": "GITHUB_REPOSITORY",
    "ref": "GITHUB_REF",
    "commit": "GITHUB_SHA",
    "event": "GITHUB_EVENT_NAME",
    "actor": "GITHUB_ACTOR",
}


def run(env: Mapping[str, str]) -> int:
    """The first step: send and follow. The exit code is the job's."""
    out = sys.stdout
    out.write(f"::add-mask::{env['INPUT_KEY']}\n" if env.get("INPUT_KEY") else "")
    started: list[int] = []
    try:
        client = Client(_need(env, "url"), _need(env, "key"))
        with interruptible(_seconds(env.get("INPUT_TIMEOUT", ""))), unheard(out) as shown:
            status = submit(client, _wish(env), shown.say)
            started.append(status["id"])
            _output(env, id=status["id"], url=status["page"], status_url=status["url"], status="queued")
            shown.say(f"CI job {status['id']}: {status['page']}")
            status = follow(client, status, shown.write, shown.say)
            _fetch(client, status, env, shown.say)
    except Stopped as stopped:
        out.write(f"[hive] Stopping: {stopped}. {cancel(client, started[0]) if started else ''}\n")
        _output(env, status="canceled")
        return 124 if "time" in str(stopped) else 130
    except (CannotAsk, CannotPack, BadName, OSError) as error:
        _command(out, "error", str(error), title="Hive CI")
        return 2
    _report(out, env, status)
    return exit_code(status)


def cancel_last(env: Mapping[str, str]) -> int:
    """The step that runs when the workflow is canceled: the first one may have been killed before it could do so."""
    job = env.get("INPUT_ID", "")
    if not re.fullmatch(r"\d{1,18}", job):
        return 0
    print(f"[hive] {cancel(Client(_need(env, 'url'), _need(env, 'key'), patience_s=10), int(job))}")
    return 0


def _need(env: Mapping[str, str], name: str) -> str:
    value = env.get(f"INPUT_{name.upper()}", "").strip()
    if not value:
        raise CannotAsk(f"The input `{name}` is empty. Give it in the step's `with:`.", 400)
    return value


def _wish(env: Mapping[str, str]) -> Wish:
    package = env.get("INPUT_PACKAGE", "").strip()
    source = {name: env[variable][:1000] for name, variable in SOURCE.items() if env.get(variable)}
    if env.get("GITHUB_SERVER_URL") and env.get("GITHUB_REPOSITORY") and env.get("GITHUB_RUN_ID"):
        source["url"] = f"{env['GITHUB_SERVER_URL']}/{env['GITHUB_REPOSITORY']}/actions/runs/{env['GITHUB_RUN_ID']}"
    return Wish(
        Path(env.get("INPUT_JOB", "").strip() or ".hive-ci.yaml"),
        Path(package) if package else None,
        env.get("INPUT_PROJECT", "").strip(),
        source={name: re.sub(r"[\x00-\x1f\x7f]", " ", value) for name, value in source.items()},
    )


def _seconds(text: str) -> float:
    """Minutes, or a number with s, m or h. 0: no limit."""
    found = re.fullmatch(r"\s*(\d{1,6}(?:\.\d{1,3})?)\s*([smh]?)\s*", text or "0")
    if not found:
        raise CannotAsk(f"The input `timeout` is {text[:40]!r}: write minutes, or a time such as 90s, 20m or 2h.", 400)
    return float(found[1]) * UNITS[found[2]]


def _fetch(client: Client, status: Any, env: Mapping[str, str], say: Any) -> None:
    folder = env.get("INPUT_ARTIFACTS", "").strip()
    if not folder:
        return
    for name in fetch_all(client, status, Path(folder)):
        say(f"Fetched {name}")


def _report(out: Any, env: Mapping[str, str], status: Any) -> None:
    tests = status["tests"] or {}
    counts = {f"tests_{name}": tests[name] for name in ("passed", "failed", "skipped") if tests}
    _output(env, status=status["status"], reason=status["reason"], exit_code=exit_code(status), **counts)
    for failure in tests.get("failures", [])[:ANNOTATIONS]:
        _annotate(out, failure)
    if status["status"] != "completed":
        _command(out, "error", sentence(status), title="Hive CI")
    else:
        out.write(f"[hive] {harmless(sentence(status))}\n")
    _summary(env, status)


def _annotate(out: Any, failure: Any) -> None:
    more = {"title": failure["name"]}
    try:
        more["file"] = "/".join(safe_parts(failure["file"]))
        if failure["line"]:
            more["line"] = str(failure["line"])
    except BadName:
        pass  # the report names no file, or one that is none of the checkout's
    _command(out, "error", failure["message"] or "The test failed.", **more)


def _command(out: Any, name: str, message: str, **properties: str) -> None:
    """A command to the runner, in which nothing that somebody else wrote can end a value and begin another."""

    def escaped(text: str) -> str:
        return harmless_text(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    said = ",".join(
        f"{key}={escaped(value).replace(':', '%3A').replace(',', '%2C')}" for key, value in properties.items()
    )
    out.write(f"::{name} {said}::{escaped(message)}\n")
    out.flush()


def harmless_text(text: str) -> str:
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]", "", text)


def _output(env: Mapping[str, str], **values: Any) -> None:
    """Values for later steps. The border cannot be guessed, so that no value ends before it does."""
    if not env.get("GITHUB_OUTPUT"):
        return
    with Path(env["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        for name, value in values.items():
            border = f"hive-{secrets.token_hex(16)}"
            file.write(f"{name}<<{border}\n{value}\n{border}\n")


def _summary(env: Mapping[str, str], status: Any) -> None:
    if not env.get("GITHUB_STEP_SUMMARY"):
        return
    mark = {"completed": "✅", "failed": "❌"}.get(status["status"], "⏹️")
    lines = [
        f"### {mark} {_cell(status['title'])}: {status['status']}",
        "",
        f"[CI job {status['id']}]({status['page']})",
    ]
    if status["message"]:
        lines += ["", _cell(status["message"])]
    lines += ["", "| job | status | tests | took |", "| --- | --- | --- | --- |"]
    for cell in status["cells"]:
        tests = cell["tests"]
        counts = f"{tests['passed']} passed, {tests['failed']} failed, {tests['skipped']} skipped" if tests else ""
        lines.append(f"| {_cell(cell['title'])} | {cell['status']} {cell['reason']} | {counts} | {_took(cell)} |")
    tests = status["tests"] or {}
    if tests.get("failures"):
        lines += ["", "| failed test | message |", "| --- | --- |"]
        lines += [f"| {_cell(one['name'])} | {_cell(one['message'])} |" for one in tests["failures"]]
    if tests.get("slowest"):
        lines += ["", "| slowest tests | seconds |", "| --- | ---: |"]
        lines += [f"| {_cell(one['name'])} | {one['seconds']:.2f} |" for one in tests["slowest"]]
    with Path(env["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def _cell(text: str) -> str:
    """Somebody else's text in a table: no markup of its own, one line, bounded."""
    flat = re.sub(r"\s+", " ", harmless_text(text))[:300]
    return re.sub(r"([\\`*_{}\[\]<>|#!&~@])", r"\\\1", flat).replace("\\<", "&lt;").replace("\\>", "&gt;")


def _took(cell: Any) -> str:
    from datetime import datetime

    try:
        start, end = (
            datetime.fromisoformat(cell[name].replace("Z", "+00:00")) for name in ("started_at", "finished_at")
        )
    except (AttributeError, ValueError):
        return ""
    return f"{(end - start).total_seconds():.1f} s"


def main(arguments: list[str]) -> int:
    verbs = {"run": run, "cancel": cancel_last}
    try:
        return verbs[arguments[0]](os.environ)
    except (CannotAsk, OSError) as error:
        _command(sys.stdout, "error", str(error), title="Hive CI")
        return 2
