"""A scripted model that is manager and coder: it knows what it is asked for by the tools that it is given."""

from __future__ import annotations

from tests.providers import Seen, Turn, calls

SPEC = """\
id: club
title: The club's page
description: |
  A page in {colour}. Assumptions: one language.
tasks:
  - id: page
    title: The page
    description: index.html says Welcome in {colour}.
    outputs: [{{path: /workspace/site/index.html}}, {{path: /workspace/tests}}]
    tests: [{{run: python3 -m unittest discover -s tests -v, dir: /workspace}}]
    constraints: {{timeout: 1m}}
  - id: about
    title: The page about the club
    depends_on: [page]
    outputs: [{{path: /workspace/site/about.html}}]
    tests: [{{run: grep -c club site/about.html, dir: /workspace}}]
    constraints: {{timeout: 1m}}
acceptance:
  - url: http://devsite:8080/
    contains: Welcome in {colour}
deploy: {{dir: /workspace, directory: site}}
"""
QUESTION = {"text": "Which colour?", "choices": ["red", "blue"]}
TEST = """\
import pathlib, unittest
class Page(unittest.TestCase):
    def test_welcome(self):
        self.assertIn("Welcome", pathlib.Path("site/index.html").read_text())
"""


def script(seen: Seen) -> Turn:
    answers = [text for role, text in seen.messages if role == "tool"]
    if "propose_spec" in seen.tools:
        return _manages(seen, answers)
    about = "# Task about" in seen.messages[1][1]
    colour = "blue" if "in blue" in seen.messages[1][1] else "red"
    steps = [
        *(
            [calls("write", path="/workspace/site/about.html", content="<p>Our club</p>\n")]
            if about
            else [
                calls("write", path="/workspace/site/index.html", content=f"<h1>Welcome in {colour}</h1>\n"),
                calls("write", path="/workspace/tests/test_page.py", content=TEST),
            ]
        ),
        calls("submit", summary="Done."),
    ]
    return steps[min(len(answers), len(steps) - 1)]


def _manages(seen: Seen, answers: list[str]) -> Turn:
    """Asks first where it may; its first proposal has a mistake."""
    if "ask" in seen.tools and not answers:
        return calls("ask", questions=[QUESTION])
    colour = "red" if any("red" in answer for answer in answers) else "blue"
    proposed = len(answers) - ("ask" in seen.tools)
    text = SPEC.format(colour=colour)
    return calls("propose_spec", spec=text if proposed else text.replace("depends_on: [page]", "depends_on: [pages]"))
