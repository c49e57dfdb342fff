from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.workers.llm.tools.work import call, text_of
from workers.llm.tools.desk import Desk
from workers.llm.tools.patch import apply_patch, parse
from workers.llm.tools.port import ToolFailed
from workers.sandbox.fake import FakeSandbox

APP = "def greet():\n    return 'hi'\n\n\ndef leave():\n    return 'bye'\n"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with FakeSandbox() as sandbox:
        sandbox.write("app.py", APP.encode())
        yield Desk(sandbox)


def patch(desk: Desk, *lines: str) -> str:
    return call(apply_patch(desk), patch="\n".join(lines))


def test_files_are_added_and_changed(desk: Desk) -> None:
    said = patch(
        desk,
        "*** Begin Patch",
        "*** Update File: app.py",
        "@@ def leave():",
        "-    return 'bye'",
        "+    return 'see you'",
        "*** Add File: docs/notes.md",
        "+# Notes",
        "*** End Patch",
    )
    assert said == "Changed app.py\nAdded docs/notes.md"
    assert "see you" in text_of(desk, "app.py")
    assert text_of(desk, "docs/notes.md") == "# Notes\n"


def test_a_unified_diff_works_also_with_wrong_line_numbers(desk: Desk) -> None:
    patch(
        desk,
        "--- a/app.py",
        "+++ b/app.py",
        "@@ -90,3 +90,3 @@",
        " def greet():",
        "-    return 'hi'",
        "+    return 'hello'",
    )
    assert text_of(desk, "app.py") == APP.replace("'hi'", "'hello'")


def test_nothing_is_written_where_one_part_does_not_fit(desk: Desk) -> None:
    with pytest.raises(ToolFailed, match=r"Part 1 of app\.py does not fit"):
        patch(
            desk,
            "*** Add File: new.md",
            "+x",
            "*** Update File: app.py",
            "@@",
            "-    return 'nothing'",
            "+    return 1",
        )
    with pytest.raises(ToolFailed):
        desk.read("new.md")


def test_what_is_no_patch_is_answered_with_an_example(desk: Desk) -> None:
    with pytest.raises(ToolFailed, match="Begin Patch"):
        patch(desk, "*** Begin Patch", "*** End Patch")


def test_a_patch_cannot_lead_out(desk: Desk) -> None:
    with pytest.raises(ToolFailed, match="outside"):
        patch(desk, "*** Add File: ../../etc/cron.d/x", "+x")


def test_files_are_renamed_and_deleted() -> None:
    changes = list(parse("*** Update File: a\n*** Move to: b\n@@\n-x\n+y\n*** Delete File: c"))
    assert [(one.sort, one.path, one.to) for one in changes] == [("Update", "a", "b"), ("Delete", "c", "")]
