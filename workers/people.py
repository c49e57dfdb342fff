"""Asking people, as a tool for a job's model: joins the tool, which knows no records, and the gate."""

from __future__ import annotations

from collections.abc import Sequence

from apps.runs.questions import Answered, BadQuestions, Question
from apps.runs.services.active import ActiveJob
from apps.runs.services.ask import Asked, ask_questions, gates_of_step
from workers.llm.tools.ask import Wondered, ask
from workers.llm.tools.port import Instrument, ToolFailed

ENOUGH = "A person has been asked before, and is not asked again. Decide yourself, and write down what you assumed."
LEFT_OPEN = "(left open: decide yourself)"


def ask_tools(job: ActiveJob, most: int | None = None) -> list[Instrument]:
    """`ask`, so often at most; none if the run is unattended: what nobody would answer is not offered."""
    return [] if job.run.unattended else [ask(lambda wondered: ask_people(job, wondered, most))]


def ask_people(job: ActiveJob, wondered: Sequence[Wondered], most: int | None = None) -> str:
    """The answers as text. Raises Asked while there are none, ToolFailed for what cannot be asked, or not any more."""
    questions = [Question(one.text, tuple(one.choices), one.required) for one in wondered]
    try:
        return _told(questions, ask_questions(job, questions))
    except BadQuestions as error:
        raise ToolFailed(str(error)) from None
    except Asked:
        if most is not None and gates_of_step(job.row).count() >= most:
            raise ToolFailed(ENOUGH) from None
        raise


def _told(questions: Sequence[Question], answered: Answered) -> str:
    lines = [
        f"{number}. {question.text}\n   {answer or LEFT_OPEN}"
        for number, (question, answer) in enumerate(zip(questions, answered.answers, strict=True), 1)
    ]
    return "\n".join([*lines, *([f"They add: {answered.message}"] if answered.message else [])])
