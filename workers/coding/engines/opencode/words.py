"""What opencode is told: its own prompt says how to use its tools; this says how Hive works, and what the task is."""

from __future__ import annotations

from workers.coding.engines.beginning import seen_inside
from workers.coding.engines.model.words import task_text
from workers.coding.engines.port import Assignment
from workers.llm.prompts import prompt
from workers.sandbox.port import Sandbox

GOES_ON = "\n\nAn earlier attempt was interrupted. The files are as it left them: look, and go on from there."
DECIDED = "\nIf the call is allowed and still needed, make it with these very arguments: others are asked about anew."


def goes_on_with(decided: str) -> str:
    """What is said of an earlier attempt; `decided`: what a person has answered to it meanwhile."""
    return f"{GOES_ON}\n\n{decided}{DECIDED}" if decided else GOES_ON


def prompt_for(assignment: Assignment, sandbox: Sandbox, home: str, goes_on: str = "") -> str:
    task = assignment.task
    rules = prompt(
        "opencode",
        home=seen_inside(home, sandbox),
        network="There is a network." if task.constraints.network == "internet" else "There is no network.",
        workspace=sandbox.workspace,
    )
    return f"{task_text(task, assignment.failure, assignment.acceptance)}\n\n{rules}{goes_on}"
