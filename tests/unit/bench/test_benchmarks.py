"""Each benchmark runs at a tiny size and its figures make sense; how good they are is not a matter of tests."""

import os

import pytest
from rich.console import Console

from bench.__main__ import BENCHMARKS, main
from bench.measure import Figure, cpu_seconds, peak_rss, rss
from bench.report import Row, show

ROWS = {"listing": 2, "fleet": 7, "events": 2, "idle": 4, "sweep": 6}


@pytest.mark.parametrize("name", BENCHMARKS)
def test_it_runs(name: str) -> None:
    rows = list(BENCHMARKS[name].run(quick=True))
    assert len(rows) == ROWS[name]
    for row in rows:
        assert row.ours.low >= 0
        assert row.ours.low <= row.ours.median <= row.ours.high
    if name == "idle":
        assert rows[-1].ours.high == 0, "an idle resource caused a write"


def test_an_unknown_name_is_refused_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["no-such-benchmark"])
    assert "there are listing" in capsys.readouterr().err


def test_a_figure_is_the_median_with_its_spread() -> None:
    assert Figure.of([3.0, 1.0, 9.0]) == Figure(3.0, 1.0, 9.0)


def test_a_process_costs_time_and_memory() -> None:
    before = cpu_seconds(os.getpid())
    while cpu_seconds(os.getpid()) == before:
        sum(range(10_000))
    assert 0 < rss(os.getpid()) <= peak_rss(os.getpid())


def test_the_table_shows_ours_beside_the_peer() -> None:
    console = Console(width=120, record=True, quiet=False)
    with console.capture() as capture:
        show(console, "Title", [Row("CPU", "us", Figure.of([2.0, 1.0, 3.0]), Figure.of([20.0]), "a peer")])
    line = next(line for line in capture.get().splitlines() if "CPU" in line)
    assert [cell.strip() for cell in line.strip("│").split("│")] == ["CPU", "us", "2 (1..3)", "20", "10.0", "a peer"]
