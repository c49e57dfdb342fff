"""Questions of a gate, and their answers: the shapes in which they are stored, and what is allowed in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

MOST_QUESTIONS = 5
LONGEST_QUESTION = 1000
MOST_CHOICES = 10
LONGEST_CHOICE = 200
LONGEST_ANSWER = 2000


@dataclass(frozen=True)
class Question:
    """What a job wants to know of a person. With `choices`, the answer is one of them."""

    text: str
    choices: tuple[str, ...] = ()
    required: bool = True


@dataclass(frozen=True)
class Answered:
    """What a person answered: one text per question, empty where none was needed, and what they wrote besides."""

    answers: tuple[str, ...]
    message: str = ""


class BadQuestions(ValueError):
    """These cannot be asked; the message is for whoever asks."""


class AnswersRefused(ValueError):
    """These answers do not fit the questions. `problems` holds a sentence by the index of the question, from 0."""

    def __init__(self, problems: Mapping[int, str], said: str = "") -> None:
        self.problems = dict(problems)
        super().__init__(said or " ".join(problems.values()))


def check_questions(questions: Sequence[Question]) -> None:
    """Raises BadQuestions."""
    if not 1 <= len(questions) <= MOST_QUESTIONS:
        raise BadQuestions(f"Ask 1 to {MOST_QUESTIONS} questions at once; these are {len(questions)}.")
    for number, question in enumerate(questions, 1):
        if not 1 <= len(question.text.strip()) <= LONGEST_QUESTION:
            raise BadQuestions(f"Question {number} needs a text of at most {LONGEST_QUESTION} characters.")
        if len(question.choices) == 1 or len(question.choices) > MOST_CHOICES:
            raise BadQuestions(f"Question {number} needs 2 to {MOST_CHOICES} choices, or none.")
        if not all(1 <= len(choice.strip()) <= LONGEST_CHOICE for choice in question.choices):
            raise BadQuestions(f"A choice of question {number} needs 1 to {LONGEST_CHOICE} characters.")
        if len(set(question.choices)) < len(question.choices):
            raise BadQuestions(f"A choice of question {number} stands there twice.")


def stored(questions: Sequence[Question]) -> list[dict[str, Any]]:
    return [{**asdict(question), "choices": list(question.choices)} for question in questions]


def checked_answers(questions: Sequence[Mapping[str, Any]], answers: Sequence[str]) -> list[str]:
    """One text per stored question, stripped; those that are missing at the end are empty. Raises AnswersRefused."""
    if len(answers) > len(questions):
        more = f"These are {len(answers)} answers; the gate asks {len(questions) or 'no'} questions."
        raise AnswersRefused({}, more)
    given = [*(answer.strip() for answer in answers), *[""] * (len(questions) - len(answers))]
    problems = {
        at: problem
        for at, (asked, said) in enumerate(zip(questions, given, strict=True))
        if (problem := _wrong(asked, said))
    }
    if problems:
        raise AnswersRefused(
            problems,
            " ".join(f"Question {at + 1} ({_short(questions[at]['text'])}): {why}" for at, why in problems.items()),
        )
    return given


def _wrong(asked: Mapping[str, Any], answer: str) -> str:
    if not answer:
        return "It must be answered." if asked["required"] else ""
    if asked["choices"] and answer not in asked["choices"]:
        return f"The answer is one of: {', '.join(asked['choices'])}."
    return f"An answer has at most {LONGEST_ANSWER} characters." if len(answer) > LONGEST_ANSWER else ""


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
