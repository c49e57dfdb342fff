from __future__ import annotations

import pytest

from workers.probe.address import read_address


def test_an_address_survives_json() -> None:
    assert read_address(["unix", "/s"]) == ("unix", "/s")
    assert read_address(["tcp", "127.0.0.1", 80]) == ("tcp", "127.0.0.1", 80)


@pytest.mark.parametrize("value", [[], ["unix"], ["tcp", "h", "80"], ["tcp", "h", 0], ["ftp", "h", 1], "unix"])
def test_what_is_no_address_is_refused(value: list[object]) -> None:
    with pytest.raises(ValueError, match="is not an address; use"):
        read_address(value)
