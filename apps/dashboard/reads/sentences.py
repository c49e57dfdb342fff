"""Events in the words of a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.dashboard.wording import GATES, span, step_label


@dataclass(frozen=True)
class Names:
    """What the rows that events speak of are called: by id, looked up once for a whole page of events."""

    jobs: Mapping[int, str] = field(default_factory=dict)  # "Code of Home page"
    tasks: Mapping[int, str] = field(default_factory=dict)
    gates: Mapping[int, str] = field(default_factory=dict)


Data = Mapping[str, Any]

RUN = {
    "queued": "The run was recorded and waits for the manager.",
    "running": "The run began.",
    "completed": "The run is completed: every step is done, with evidence.",
    "failed": "The run failed.",
    "canceled": "The run was canceled.",
}
TASK = {
    "created": "{} is in the plan.",
    "assigned": "{} has its turn.",
    "in_progress": "{} is under way.",
    "complete": "{} is complete: its promised outputs are in the commit.",
    "verified": "{} is verified: its tests passed.",
    "deployed": "{} is deployed: the acceptance checks answered.",
    "failed": "{} failed.",
    "canceled": "{} was canceled.",
}
JOB = {"running": "{} began.", "completed": "{} is done.", "failed": "{} failed.", "canceled": "{} was canceled."}
GATE = {"pending": "{}: waiting for a person.", "approved": "{}: approved.", "rejected": "{}: rejected."}
RELEASE = {
    "pending": "A release was recorded.",
    "deploying": "The release is being deployed.",
    "live": "The release is live.",
    "superseded": "A newer release took its place.",
    "rolled_back": "The release was rolled back.",
    "stopped": "The release was stopped.",
    "failed": "The release failed.",
}
INCIDENT = {
    "open": "An incident began: the release does not answer as it should.",
    "repairing": "The incident is being repaired.",
    "resolved": "The incident is resolved.",
    "escalated": "The incident needs a person.",
}
WORDS = {"run": RUN, "task": TASK, "job": JOB, "gate": GATE, "release": RELEASE, "incident": INCIDENT}
PHASES = {
    "plan": "Planning",
    "write_tests": "Writing acceptance tests of",
    "code": "Coding",
    "specify": "Writing the spec",
    "fetch": "Fetching",
    "push": "Pushing",
    "ci": "Running",
    "test": "Testing",
    "merge": "Merging",
    "verify": "Testing the whole",
    "deploy": "Deploying",
    "accept": "Asking the running site",
}
CHANGES = {"A": "Added", "M": "Changed", "D": "Removed", "R": "Renamed"}


def sentence(type: str, data: Data, names: Names) -> str:
    """One event as a sentence. A type or a value that is not known is told as it stands."""
    tell = TELLERS.get(type, _plain_text)
    told = _change(type, data, names) if type in WORDS else tell(data)
    return told or _plain(type, data)


def _change(type: str, data: Data, names: Names) -> str:
    """A change of status, with what was said of it."""
    message = str(data.get("message", "") or " ".join(data.get("questions", ())))
    subject = _subject(type, data, names)
    if data.get("action"):
        return f"Repair step: {data['action']}."
    if type == "task" and (data.get("from"), data.get("to")) == ("complete", "in_progress"):
        return f"{subject} goes back to coding. {message}".strip()
    said = WORDS[type].get(str(data.get("to", "")), "").replace("{}", subject)
    return f"{said} {message}".strip() if said else ""


def _subject(type: str, data: Data, names: Names) -> str:
    value = data.get("id")
    number = value if isinstance(value, int) else 0
    if type == "gate":
        name = str(data.get("name") or names.gates.get(number, "A gate"))
        return GATES.get(name, name)
    return {"task": names.tasks, "job": names.jobs}.get(type, {}).get(number, f"A {type}")


def _phase(data: Data) -> str:
    name = str(data.get("name", ""))
    task = f" {data['task']}" if data.get("task") else ""
    return f"{PHASES.get(name, name.capitalize())}{task}" if name else ""


def _plain_text(data: Data) -> str:
    return str(data.get("text") or data.get("message") or "")


def _file(data: Data) -> str:
    path = data.get("path")
    return f"{CHANGES.get(str(data.get('change'))[:1], 'Changed')} {path}" if path else ""


def _tests(data: Data) -> str:
    message = data.get("message") or ("passed" if not data.get("failed") else f"{data['failed']} failed")
    command = str(data.get("command", "The tests"))
    return str(message) if command in str(message) else f"{command}: {message}"


def _progress(data: Data) -> str:
    return f"{data.get('done', '?')} of {data['total']}" if data.get("total") else ""


def _guard(data: Data) -> str:
    paths = [str(one.get("path")) for one in data.get("paths", []) if isinstance(one, Mapping)]
    if any(one.get("change") == "undone" for one in data.get("paths", []) if isinstance(one, Mapping)):
        return (
            f"{data.get('task', 'A task')} changed acceptance tests of the tester; that was undone: {', '.join(paths)}."
        )
    if any(one.get("change") == "secret" for one in data.get("paths", []) if isinstance(one, Mapping)):
        return f"{data.get('task', 'A task')} wrote a secret into {', '.join(paths)}."
    waits = " A person decides before anything lands." if data.get("gated") else ""
    return f"{data.get('task', 'A task')} changed tests, CI files or test commands: {', '.join(paths)}.{waits}"


def _check(data: Data) -> str:
    took = f" in {span(data['took_ms'] / 1000)}" if isinstance(data.get("took_ms"), int | float) else ""
    outcome = f"answered {data['status']}" if data.get("status") else "did not answer"
    message = "" if data.get("ok") else f" {data.get('message', '')}"
    return f"{data.get('url', 'The check')} {outcome}{took}.{message}".strip()


def _tool(data: Data) -> str:
    return str(data.get("text") or data.get("name") or data.get("tool") or "")


def _model(data: Data) -> str:
    """A call of a model: asked, waited for, what it writes, and what it used."""
    name, state, text = data.get("model", "The model"), str(data.get("state", "")), str(data.get("text", ""))
    if state == "asked":
        return f"{name} is asked."
    if state == "answered":
        cost = f", ${data['usd']:.4f}" if isinstance(data.get("usd"), int | float) else ", price unknown"
        tokens = f"{data.get('input_tokens', 0)} tokens read, {data.get('output_tokens', 0)} written"
        return f"{name} answered: {tokens}{cost}."
    if state == "gave_nothing":
        return f"{name} gave no answer; nothing was spent."
    return f"{text} ({span(data['waited_s'])})" if state == "waiting" and data.get("waited_s") else text


def _plain(type: str, data: Data) -> str:
    words = ", ".join(f"{key} {value}" for key, value in data.items() if not isinstance(value, dict | list))
    name = type.replace("_", " ").capitalize()
    return f"{name}: {words}" if words else name


TELLERS: dict[str, Callable[[Data], str]] = {
    "phase": _phase,
    "activity": _plain_text,
    "error": _plain_text,
    "file": _file,
    "test_run": _tests,
    "progress": _progress,
    "guard": _guard,
    "check": _check,
    "model": _model,
    "tool_start": _tool,
    "tool_end": _tool,
}


def job_name(step: str, task_title: str | None, attempt: int) -> str:
    again = f" (attempt {attempt})" if attempt > 1 else ""
    label = step_label(step)
    return f"{label} of {task_title}{again}" if task_title and task_title != label else f"{label}{again}"
