from __future__ import annotations

import pytest

from apps.specs.problems import Problems
from workers.deployment.containers.dockerfile import check, exposed, written
from workers.deployment.targets.making import Rules
from workers.sandbox.docker.engine import Engine

RULES = Rules("one", Engine(image="hive/base:1", images=("python:*", "debian:*", "registry.example/team/*")))


def problems(text: str) -> list[str]:
    found = Problems()
    check(text, RULES.allows, found)
    return [str(problem) for problem in found.sorted()]


@pytest.mark.parametrize(
    "text",
    [
        "FROM python:3.11\nRUN pip --version",
        "# escape=`\nFROM debian AS one\nFROM python:3.11\nCOPY --from=one / /x\nCOPY --from=0 / /y",
        "FROM debian\nRUN a \\\n  # why\n\n  && b\nUSER 1000\nEXPOSE 80",
        'FROM --platform=linux/amd64 debian:12\nCMD ["sh"]',
        "FROM scratch\nCOPY . /",
        "from python\ncopy a b",
    ],
)
def test_an_ordinary_file_is_fine(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("FROM debian\nADD http://x/y /z", 2, "ADD can fetch"),
        ('FROM debian\nadd ["\\u0068ttp://x/y", "/z"]', 2, "ADD can fetch"),
        ("FROM debian\nONBUILD ADD http://x /y", 2, "ONBUILD hides"),
        ("FROM debian\nRUN true\n\n# x\nSECRET a", 5, "SECRET is no instruction"),
        ("FROM debian\nCOPY --from=evil:1 / /", 2, "'evil:1'"),
        ("FROM debian\nCOPY --chown=1 --from=evil:1 / /", 2, "'evil:1'"),
        ("FROM debian\nCOPY --from=1 / /", 2, "'1'"),
        ("FROM evil", 1, "'evil'"),
        ("FROM python:5000/evil:1", 1, "'python:5000/evil:1'"),
        ("FROM registry.example/team/deep/er", 1, "allows"),
        ("ARG X=debian\nFROM $X", 2, "takes no variable"),
        ("FROM debian\nRUN <<EOF\nrm x\nEOF", 2, "Here-documents"),
        ("FROM debian\n\ufeffADD x y", 2, "no instruction"),
        ("RUN true", 1, "no FROM"),
        ("", 1, "no FROM"),
    ],
)
def test_what_is_refused_is_told_with_its_line(text: str, line: int, complaint: str) -> None:
    found = problems(text)
    assert found
    assert found[0].startswith(f"{line}:1 ")
    assert complaint in found[0]


def test_what_the_engine_gets_is_what_was_checked_line_by_line() -> None:
    """The engine must not read the file in another way: a comment that it takes for a command, say."""
    text = "FROM debian \\\n AS one\nRUN a \\\n  # ADD http://x /y\n  b\n"
    found = check(text, RULES.allows, Problems())
    assert written(text, found, 'a="b"').decode().splitlines() == [
        "# escape=\\",
        "FROM debian  AS one",
        'LABEL a="b"',
        "RUN a   b",
    ]


@pytest.mark.parametrize("blank", ["\u00a0", "\u2028", "\x0b"])
def test_what_only_looks_like_a_continuation_hides_nothing(blank: str) -> None:
    text = f"FROM debian\nRUN x \\{blank}\nADD http://x /y\n"
    found = Problems()
    instructions = check(text, RULES.allows, found)
    assert found or not any(
        line.upper().startswith("ADD") for line in written(text, instructions, "").decode().splitlines()
    )


@pytest.mark.parametrize(
    ("ports", "port"), [(None, 0), ({"80/tcp": {}}, 80), ({"53/udp": {}}, 0), ({"80/tcp": {}, "81/tcp": {}}, 0)]
)
def test_the_port_of_an_image_is_the_only_one_it_names(ports: dict[str, object] | None, port: int) -> None:
    assert exposed(ports) == port


def test_the_installations_own_image_is_always_allowed() -> None:
    assert RULES.allows("hive/base:1")
    assert not RULES.allows("hive/base:2")
    assert RULES.allows("registry.example/team/app")
