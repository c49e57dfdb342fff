"""submit, as the tester calls it: which test proves which requirement, and how it is run."""

from __future__ import annotations

import posixpath

from pydantic import Field

from apps.specs.schema import Requirement
from workers.acceptance import Proof
from workers.llm.tools.desk import Desk
from workers.llm.tools.port import Arguments, Instrument, Submitted, ToolFailed
from workers.sandbox.port import WORKSPACE

MOST_TESTS = 200


class OneTest(Arguments):
    requirement: str = Field(description="The requirement's id, such as r1.")
    file: str = Field(description="The test's file, below the folder for tests.")
    run: str = Field(description="Shell line that runs this file and nothing else.", min_length=1, max_length=2000)


class HandIn(Arguments):
    summary: str = Field(description="One to three sentences: what the tests show.", min_length=1)
    tests: list[OneTest] = Field(description="Every test.", min_length=1, max_length=MOST_TESTS)


class HandedIn(Submitted):
    """The tests as they were handed in. Whether they are any good is seen outside the sandbox."""

    def __init__(self, summary: str, proofs: tuple[Proof, ...]) -> None:
        super().__init__(summary)
        self.proofs = proofs


def hand_in(desk: Desk, folder: str, requirements: tuple[Requirement, ...]) -> Instrument:
    """What is plainly missing is said at once; it costs the tester no round."""

    def run(asked: HandIn) -> str:
        proofs = tuple(Proof(one.requirement, _inside(desk, one.file), one.run) for one in asked.tests)
        if problems := [*_gaps(proofs, requirements), *_misplaced(desk, proofs, folder)]:
            raise ToolFailed("Not handed in. " + " ".join(problems))
        raise HandedIn(asked.summary, proofs)

    return Instrument("submit", "Hand in your tests. Call it last, when they are all in place.", HandIn, run)


def _inside(desk: Desk, path: str) -> str:
    return posixpath.relpath(desk.path(path), WORKSPACE)


def _gaps(proofs: tuple[Proof, ...], requirements: tuple[Requirement, ...]) -> list[str]:
    known = [one.id for one in requirements]
    proven = {proof.requirement for proof in proofs}
    missing = [id for id in known if id not in proven]
    unknown = sorted(proven - set(known))
    told = [f"There is no test for {', '.join(missing)}."] if missing else []
    return told + ([f"There is no requirement {', '.join(unknown)}; there are {', '.join(known)}."] if unknown else [])


def _misplaced(desk: Desk, proofs: tuple[Proof, ...], folder: str) -> list[str]:
    told = []
    for proof in proofs:
        if not proof.file.startswith(f"{folder}/"):
            told.append(f"{proof.file} does not lie below {folder}/.")
        elif not _runs(proof):
            told.append(f"`{proof.run}` does not name the file {proof.file}.")
        elif not desk.read(f"{WORKSPACE}/{proof.file}").strip():
            told.append(f"{proof.file} is empty.")
    return told


def _runs(proof: Proof) -> bool:
    """Whether the line names the file: as a path, by its name alone, or as a module."""
    stem = posixpath.splitext(posixpath.basename(proof.file))[0]
    return proof.file in proof.run or posixpath.basename(proof.file) in proof.run or stem in proof.run
