"""Results as rows, and rows as a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from .measure import Figure


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured. `peer` is the same of `peer_name`; less is better in all of them."""

    what: str
    unit: str
    ours: Figure
    peer: Figure | None = None
    peer_name: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times ours the peer is."""
        return self.peer.median / self.ours.median if self.peer and self.ours.median else None


def table(title: str, rows: Sequence[Row]) -> Table:
    """Medians, in brackets the lowest and highest round."""
    made = Table(title=title, title_justify="left", title_style="bold")
    for heading in ("figure", "unit"):
        made.add_column(heading)
    for heading in ("ours", "peer", "peer / ours"):
        made.add_column(heading, justify="right")
    made.add_column("peer is")
    for row in rows:
        ratio = f"{row.ratio:.1f}" if row.ratio else ""
        made.add_row(row.what, row.unit, _text(row.ours), _text(row.peer) if row.peer else "", ratio, row.peer_name)
    return made


def show(console: Console, title: str, rows: Sequence[Row]) -> None:
    console.print(table(title, rows))


def _text(figure: Figure) -> str:
    middle = _number(figure.median)
    return middle if figure.single else f"{middle} ({_number(figure.low)}..{_number(figure.high)})"


def _number(value: float) -> str:
    """Three digits that count."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
