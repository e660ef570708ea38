import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recording_storage_operator.api.durations import parse_duration


def in_go_form(duration: timedelta) -> str:
    """As Go prints a duration of whole milliseconds, without the parts that are zero."""
    milliseconds = duration // timedelta(milliseconds=1)
    seconds, rest = divmod(milliseconds, 1000)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    parts = [(hours, "h"), (minutes, "m"), (seconds, "s"), (rest, "ms")]
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15m", 900),
        ("1h30m", 5400),
        ("90s", 90),
        ("500ms", 0.5),
        ("1.5h", 5400),
        ("0.001s", 0.001),
        ("1m1m", 120),
        ("0s", 0),
    ],
)
def test_durations_are_read_as_go_reads_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=99_999)))
def test_what_go_prints_is_read_back_exactly(duration: timedelta) -> None:
    whole = duration - duration % timedelta(milliseconds=1)
    assert parse_duration(in_go_form(whole)) == whole


@pytest.mark.parametrize(
    "text", ["", "15", "m", "1d", "-1m", "+1m", "1 m", "1m ", "1m\n", ".5h", "1.h", "1e3s", "\uff11m"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@given(st.text())
def test_arbitrary_text_is_a_duration_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_duration(text) >= timedelta(0)
