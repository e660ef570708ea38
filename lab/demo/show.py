"""What a person watching the demo sees: numbered steps, commands with their output, and a spinner on a terminal."""

import contextlib
import shlex
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

WIDTH = 100
"""Columns where the output is no terminal; a wider terminal gets no wider lines either."""

GOOD, BAD = "green", "bold red"


def console(record: bool = False) -> Console:
    """Standard output. With `record` all that is printed is kept for a picture, and no spinner runs."""
    made = Console(highlight=False, record=record, force_terminal=False if record else None)
    made.width = min(made.width, WIDTH) if made.is_terminal else WIDTH
    return made


def signs(out: Console) -> tuple[str, str]:
    """A check mark and a cross, or words where the output cannot show them."""
    return ("ok", "NO") if out.options.ascii_only else ("✔", "✘")


class Show:
    """Prints the demo. `step` names the step under way."""

    def __init__(self, out: Console) -> None:
        self.out = out
        self.step = "Start"
        self._number = 0

    def begin(self, title: str, explanation: str) -> None:
        """The next numbered step, and why it is there."""
        self._number += 1
        self.step = f"{self._number}. {title}"
        self.out.print()
        self.out.print(Rule(Text(self.step, style="bold"), align="left", style="cyan"))
        self.say(Text(explanation, style="italic"))

    def say(self, what: RenderableType) -> None:
        """Something to read or to look at, indented."""
        self.out.print(Padding(Text(what) if isinstance(what, str) else what, (0, 0, 0, 2), expand=False))

    def mark(self, holds: bool, words: str, aside: str = "") -> None:
        """A sentence with a check mark, or with a cross."""
        good, bad = signs(self.out)
        sign, style = (good, GOOD) if holds else (bad, BAD)
        self.say(Text.assemble((sign, style), " ", words, (f"  {aside}" if aside else "", "dim")))

    @contextlib.contextmanager
    def busy(self, words: str) -> Iterator[None]:
        """Work that takes its time: a spinner on a terminal, then a check mark and how long it took."""
        began = time.monotonic()
        try:
            with self.out.status(Text(words)):
                yield
        except BaseException:
            self.mark(False, words)
            raise
        self.mark(True, words, f"{time.monotonic() - began:.1f} s")

    def command(self, words: Sequence[str], run: Callable[[], str], framed: bool = False) -> str:
        """A command line, and below it what it prints, which is also returned. `framed` is for what people must do."""
        self.out.print()
        self.say(Text.assemble(("$ ", "bold cyan"), (shell_line(words, self.out.width - 8), "bold")))
        with self.out.status("running"):
            output = run()
        if framed:
            message = Text(output.strip())
            message.highlight_regex(r"https://[^\s,]+", "bold cyan")
            self.say(Panel(message, border_style="yellow", width=self.out.width - 4))
            return output
        for printed in output.rstrip().splitlines():
            self.say(printed.rstrip())
        return output


def shell_line(words: Sequence[str], room: int) -> str:
    """A command as a shell takes it, over several lines where it is longer than `room`."""
    line = " ".join(map(_quoted, words))
    parts = textwrap.wrap(line, room, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return " \\\n".join(parts)


def _quoted(word: str) -> str:
    """Of a jsonpath only the braces are put in quotes, as people write it."""
    head, brace, tail = word.partition("{")
    body, end, rest = tail.rpartition("}")
    whole = brace and end and shlex.quote(head + rest) == head + rest
    return f"{head}{shlex.quote(brace + body + end)}{rest}" if whole else shlex.quote(word)
