"""Lengths of time."""

from datetime import timedelta

import pytest

from recording_storage_operator.commands.times import length


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-5, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m"), (3599, "59m"), (86399, "23h"), (86400 * 40 - 1, "39d")],
)
def test_a_length_is_rounded_down_to_its_largest_unit(seconds: float, told: str) -> None:
    assert length(timedelta(seconds=seconds)) == told
