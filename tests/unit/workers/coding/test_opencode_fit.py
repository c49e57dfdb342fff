"""Why opencode cannot run in a container's image, in words that say what to do."""

from __future__ import annotations

import pytest

from workers.coding.engines.opencode.fit import fitting
from workers.coding.engines.port import EngineFailed
from workers.sandbox.port import CannotForward, Ended, Result


@pytest.mark.parametrize(
    ("code", "printed", "said"),
    [
        (132, "", "opencode-linux-x64-baseline"),
        (126, "", "for another processor than the engine's"),
        (127, "opencode: not found", "opencode-linux-x64-musl"),
        (1, "version `GLIBC_2.38' not found", "an older one. Use an image with glibc"),
        (3, "out of luck", "It exited with 3. It printed: out of luck"),
    ],
)
def test_an_image_that_it_does_not_run_in_is_told_with_what_to_do(code: int, printed: str, said: str) -> None:
    def listen() -> None:
        raise CannotForward("", Result(code, Ended.EXITED, 0.1, 0, 0, f"It exited with {code}."), printed)

    with pytest.raises(EngineFailed, match="cannot run in this sandbox") as caught:
        fitting(listen)
    assert said in str(caught.value)
    assert caught.value.reason == "script_failed"  # asked again it would say the same
