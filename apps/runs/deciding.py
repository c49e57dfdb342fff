"""The form on which an operator decides a gate in Django admin, and answers what it asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from apps.runs.models import Gate
from apps.runs.questions import LONGEST_ANSWER, AnswersRefused

COMMENT_LIMIT = 2000
LONG = forms.Textarea(attrs={"rows": 3, "cols": 60})


class DecisionForm(forms.Form):
    """A field per question, and a comment. Whether the answers fit is for the service to say."""

    def __init__(self, gate: Gate, data: Any = None) -> None:
        super().__init__(data)
        self._names = [f"answer-{at}" for at in range(len(gate.questions))]
        for name, asked in zip(self._names, gate.questions, strict=True):
            self.fields[name] = _field(asked)
        self.fields["message"] = forms.CharField(
            label="Comment", required=False, max_length=COMMENT_LIMIT, widget=LONG, help_text="Kept with the decision."
        )

    @property
    def answers(self) -> list[str]:
        return [self.cleaned_data[name] for name in self._names]

    def refuse(self, refused: AnswersRefused) -> None:
        """Say beside each question what is wrong with its answer."""
        for at, problem in refused.problems.items():
            self.add_error(self._names[at], problem)
        if not refused.problems:
            self.add_error(None, str(refused))


def _field(asked: Mapping[str, Any]) -> forms.CharField:
    options = [(choice, choice) for choice in asked["choices"]]
    hint = "" if asked["required"] else "May stay open."
    widget = forms.RadioSelect(choices=options) if options else LONG
    return forms.CharField(
        label=asked["text"], required=False, max_length=LONGEST_ANSWER, widget=widget, help_text=hint
    )
