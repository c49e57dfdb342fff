"""What a Dockerfile may say: checked line by line before an engine sees it, and marked as ours.

The engine's own builder downloads what ADD and FROM name in its own network, whatever network a build is given, and
runs RUN as root. So a build may take images from the allow-list only, and nothing else from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from apps.specs.problems import Problems

# What is not in this list is refused, so that an instruction of tomorrow's engine is not let through unseen.
KNOWN = {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "RUN"}
KNOWN |= {"SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
WHY_NOT = {
    "ADD": ("ADD can fetch from other machines with the engine's own network.", "Use COPY, and unpack with RUN."),
    "ONBUILD": ("ONBUILD hides instructions from this check.", "Write the instruction itself."),
}
ESCAPE = re.compile(r"#\s*escape\s*=\s*(\S)\s*", re.IGNORECASE)
DIRECTIVE = re.compile(r"#\s*[A-Za-z]+\s*=")
HEREDOC = re.compile(r"<<-?\s*[\"']?[A-Za-z_]")

Allowed = Callable[[str], bool]


@dataclass(frozen=True)
class Instruction:
    """One logical line, as it goes to the engine: continuation lines are joined, comments between them left out."""

    line: int
    word: str
    rest: str


def check(text: str, allowed: Allowed, problems: Problems) -> list[Instruction]:
    """Add all that is refused to `problems`; the instructions, in order."""
    found = list(instructions(text))
    for one in found:
        if one.word not in KNOWN:
            why = (f"{one.word[:40]} is no instruction that is known here.", f"Known: {', '.join(sorted(KNOWN))}.")
            problems.add("refused", *WHY_NOT.get(one.word, why), mark=(one.line, 1))
        elif HEREDOC.search(one.rest) and one.word in ("COPY", "RUN"):
            problems.add("refused", "Here-documents are not supported.", "Put it into a file.", mark=(one.line, 1))
    for one, image in sources(found):
        if "$" in image or not image:
            problems.add("refused", f"{one.word} takes no variable.", "Write the image's name out.", mark=(one.line, 1))
        elif not allowed(image):
            problems.add("refused", *not_allowed(image), mark=(one.line, 1))
    if not any(one.word == "FROM" for one in found) and not problems:
        problems.add("refused", "There is no FROM.", "Begin with the image that it builds on.", mark=(1, 1))
    return found


def written(text: str, found: list[Instruction], label: str) -> bytes:
    """The Dockerfile that the engine gets: what was checked, one instruction a line, so that it reads no other file.

    A LABEL follows each FROM: also what a build leaves half done can be told to be ours.
    """
    lines = [f"# escape={_escape(text.splitlines())}"]
    for one in found:
        lines.append(f"{one.word} {one.rest}")
        if one.word == "FROM":
            lines.append(f"LABEL {label}")
    return ("\n".join(lines) + "\n").encode()


def instructions(text: str) -> Iterator[Instruction]:
    """The logical lines. What is no instruction in our eyes comes out as one that check() refuses."""
    lines = text.splitlines()
    escape = _escape(lines)
    rows = iter(enumerate(lines, start=1))
    for number, row in rows:
        if _is_nothing(row):
            continue
        parts = [row]
        while parts[-1].rstrip(" \t").endswith(escape):
            parts[-1] = parts[-1].rstrip(" \t")[:-1]
            _, following = next(((n, more) for n, more in rows if not _is_nothing(more)), (0, ""))
            parts.append(following)
        word, *rest = "".join(parts).strip().split(maxsplit=1) or [""]
        yield Instruction(number, word.upper(), rest[0] if rest else "")


def _is_nothing(row: str) -> bool:
    return not row.strip() or row.lstrip().startswith("#")


def _escape(lines: list[str]) -> str:
    for line in lines:
        if found := ESCAPE.fullmatch(line.strip()):
            return found[1] if found[1] == "`" else "\\"
        if not DIRECTIVE.match(line.strip()):
            break
    return "\\"


def sources(found: list[Instruction]) -> Iterator[tuple[Instruction, str]]:
    """The images that FROM and COPY --from name, and that are no stage of the file itself."""
    stages: list[str] = []
    for one in found:
        if one.word == "FROM":
            words = [word for word in one.rest.split() if not word.startswith("--")]
            if not words or words[0].lower() not in (*stages, "scratch"):
                yield one, words[0] if words else ""
            stages.append(words[2].lower() if len(words) == 3 and words[1].upper() == "AS" else str(len(stages)))
        elif one.word == "COPY":
            for source in _copied_from(one):
                if source.lower() not in stages and not (source.isdigit() and int(source) < len(stages)):
                    yield one, source


def _copied_from(one: Instruction) -> Iterator[str]:
    for word in one.rest.split():
        if not word.startswith("--"):
            return
        key, _, source = word.partition("=")
        if key.lower() == "--from":
            yield source


def not_allowed(image: str) -> tuple[str, str]:
    return (
        f"The image {image[:200]!r} is not one that this installation allows.",
        "HIVE_DOCKER_IMAGES lists those that it does; ask who runs it.",
    )


def exposed(ports: dict[str, object] | None) -> int:
    """The only TCP port that an image says it listens on; 0 where it says none or several."""
    found = [int(port.split("/")[0]) for port in ports or {} if port.endswith("/tcp")]
    return found[0] if len(found) == 1 else 0
