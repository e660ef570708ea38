"""What was printed, as an SVG that loads nothing from anywhere."""

import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI

_WEB_FONTS = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)


def save(out: Console, path: Path, title: str) -> None:
    """Everything a recording console printed since the recording was last cleared."""
    svg = out.export_svg(title=title, theme=MONOKAI, code_format=_WEB_FONTS.sub("", CONSOLE_SVG_FORMAT))
    path.write_text(svg)
