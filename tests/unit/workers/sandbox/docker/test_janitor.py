"""What the janitor takes for left over."""

from __future__ import annotations

import pytest

from workers.sandbox.docker.janitor import Found
from workers.sandbox.docker.marks import PROGRAMS, marks

DAY_S = 24 * 3600.0


@pytest.mark.parametrize(("days", "goes"), [(0.5, False), (6.9, False), (7.1, True)])
def test_programs_stay_for_later_jobs_and_are_brought_anew_after_a_week(days: float, goes: bool) -> None:
    labels = {**marks("here", "programs"), PROGRAMS: "1"}
    assert Found("volume", "hive-programs-1", labels, days * DAY_S).is_left_over(set(), set()) is goes


def test_a_helper_that_brought_programs_goes_as_any_other_container_does() -> None:
    labels = {**marks("here", "programs"), PROGRAMS: "1"}
    assert Found("container", "helper", labels, DAY_S).is_left_over(set(), set())
