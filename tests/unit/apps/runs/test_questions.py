"""Questions and answers: what may be asked, what counts as an answer."""

from __future__ import annotations

import pytest

from apps.runs.questions import AnswersRefused, BadQuestions, Question, check_questions, checked_answers, stored

ASKED = stored([Question("Which colour?", ("red", "blue")), Question("Anything else?", required=False)])


@pytest.mark.parametrize(
    ("questions", "said"),
    [
        ([], "1 to 5"),
        ([Question("?")] * 6, "these are 6"),
        ([Question("Why?"), Question("  ")], "Question 2 needs a text"),
        ([Question("Why?", ("only this",))], "2 to 10 choices"),
        ([Question("Why?", ("a", " "))], "A choice of question 1"),
        ([Question("Why?", ("a", "a"))], "stands there twice"),
    ],
)
def test_what_cannot_be_asked_is_refused(questions: list[Question], said: str) -> None:
    with pytest.raises(BadQuestions, match=said):
        check_questions(questions)


def test_five_questions_can_be_asked() -> None:
    check_questions([Question(f"Number {number}?") for number in range(5)])


def test_what_is_left_open_is_an_empty_answer() -> None:
    assert checked_answers(ASKED, [" blue "]) == ["blue", ""]
    assert checked_answers([], []) == []


def test_every_answer_that_does_not_fit_is_told_with_its_question() -> None:
    with pytest.raises(AnswersRefused, match=r"Question 1 \(Which colour\?\): It must be answered.") as refused:
        checked_answers(ASKED, ["", "x" * 2001])
    assert list(refused.value.problems) == [0, 1]


def test_an_answer_is_one_of_the_choices() -> None:
    with pytest.raises(AnswersRefused, match="one of: red, blue"):
        checked_answers(ASKED, ["green"])


def test_more_answers_than_questions_are_refused() -> None:
    with pytest.raises(AnswersRefused, match="asks no questions"):
        checked_answers([], ["yes"])
