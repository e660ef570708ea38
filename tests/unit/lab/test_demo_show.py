import io
import shlex
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from lab.demo import picture
from lab.demo.show import WIDTH, Show
from lab.demo.stage import shell_line
from lab.demo.tables import verdict_table

from .test_demo_verdict import DELETED, GONE, NEW, PURGED, THERE, as_the_article_says, result


def printed(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def plain(encoding: str = "utf-8") -> Console:
    out = Console(file=io.StringIO(), width=WIDTH)
    assert out.encoding == "utf-8"
    if encoding != "utf-8":
        out._environ = {}
    return out


def test_a_differing_cell_and_its_answer_carry_a_cross() -> None:
    table = as_the_article_says()
    table[1][2] = replace(PURGED, metadata=THERE)
    out = plain()
    out.print(verdict_table(result(table), out))
    lines = [line for line in printed(out).splitlines() if "✘" in line]
    assert len(lines) == 2
    assert "✘ not accessible" in lines[0]
    assert "✘ Twilio: 200" in lines[1]
    assert printed(out).count("✔") == 8
