"""A page on a screen that may be too small for it."""

from rich.text import Text

from recording_storage_operator.commands.live import cut

METADATA = {"name": "support-line", "namespace": "telephony"}
PAGE = Text("\n".join(f"line {number}" for number in range(10)))


def test_a_page_that_fits_is_shown_as_it_is() -> None:
    assert cut(PAGE, 80, 10, METADATA) is PAGE


def test_a_page_that_does_not_is_cut_with_the_command_that_shows_all() -> None:
    lines = cut(PAGE, 80, 6, METADATA).plain.splitlines()
    assert lines[:5] == ["line 0", "line 1", "line 2", "line 3", "line 4"]
    assert lines[5:] == ["5 more lines: recordings status support-line -n telephony"]


def test_a_line_that_the_terminal_breaks_takes_the_rows_it_takes() -> None:
    long = Text("x" * 100 + "\n") + PAGE
    lines = cut(long, 40, 6, METADATA).plain.splitlines()
    assert lines[1:3] == ["line 0", "line 1"]
    assert lines[3].startswith("8 more lines")
