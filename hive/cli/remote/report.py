"""The report of an ended run: what was proven, at which commit, and where to look."""

from __future__ import annotations

from typing import Any

from hive.cli.remote.api import Api


def text(api: Api, run: Any) -> str:
    """Lines for the terminal; plain text, so that it can be read in a log too."""
    lines = ["", f"Run {run['id']} {run['status']}" + (f": {run['message']}" if run["message"] else "")]
    tasks = list(api.pages(f"runs/{run['id']}/tasks", page_size=100))
    for task in tasks:
        lines += _task(task)
    lines += _checks(tasks)
    lines.append("")
    release = run.get("release")
    if release and release.get("url") and run["status"] == "completed":
        lines.append(f"  Site       {release['url']}")
    lines.append(f"  Dashboard  {api.address.url}/runs/{run['id']}")
    return "\n".join(lines)


def _task(task: Any) -> list[str]:
    evidence = task.get("evidence") or {}
    commit = (task.get("commit") or "")[:12]
    lines = [f"  {task['key']}: {task['status']}" + (f" at commit {commit}" if commit else "")]
    if evidence.get("outputs"):
        lines.append(f"    outputs  {', '.join(evidence['outputs'])}")
    return lines + [f"    tests    {_test(one)}" for one in evidence.get("tests", [])]


def _test(one: Any) -> str:
    return f"{one['message']} ({one['seconds']:.1f} s, at commit {one['commit'][:12]})"


def _checks(tasks: list[Any]) -> list[str]:
    """The checks of the site stand with each task that it proves; they are shown once."""
    seen = {
        one["url"]: f"    {one['url']}  {one['message']} ({one['took_ms']:.0f} ms)"
        for task in tasks
        for one in (task.get("evidence") or {}).get("checks", [])
    }
    return ["  acceptance", *seen.values()] if seen else []
