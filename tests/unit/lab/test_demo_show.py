import io
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from lab.demo import picture
from lab.demo.show import WIDTH, Show, console
from lab.demo.tables import verdict_table

from .test_demo_verdict import PURGED, THERE, as_the_article_says, result


class Printed:
    """A console on a file of some encoding."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self._bytes = io.BytesIO()
        self._file = io.TextIOWrapper(self._bytes, encoding=encoding)
        self.out = Console(file=self._file, width=WIDTH)
        self.encoding = encoding

    def __str__(self) -> str:
        self._file.flush()
        return self._bytes.getvalue().decode(self.encoding)


def a_differing_table(printed: Printed) -> str:
    table = as_the_article_says()
    table[1][2] = replace(PURGED, metadata=THERE)
    printed.out.print(verdict_table(result(table), printed.out))
    return str(printed)


def test_a_differing_cell_and_its_answer_carry_a_cross() -> None:
    text = a_differing_table(Printed())
    crosses = [line for line in text.splitlines() if "✘" in line]
    assert [("✘ not accessible" in line, "✘ Twilio: 200" in line) for line in crosses] == [(True, False), (False, True)]
    assert text.count("✔") == 8


def test_the_table_fits_into_its_width() -> None:
    assert {len(line) for line in a_differing_table(Printed()).splitlines()} == {WIDTH}


def test_an_output_without_check_marks_gets_words() -> None:
    text = a_differing_table(Printed("ascii"))
    assert text.count("NO ") == 2
    assert text.count("ok ") == 8


@pytest.mark.parametrize(
    "words",
    [
        ("kubectl", "get", "recst", "-o", 'jsonpath={.status.conditions[?(@.type=="Ready")].message}'),
        ("kubectl", "wait", "recst/a", "--for=jsonpath={.status.backend.observed}=Twilio", "--timeout=120s", "-n", "x"),
        ("kubectl", "patch", "recst", "a", "-p", '{"spec":{"backend":"Twilio"}}'),
        ("kubectl", "annotate", "recst/a", "text={it's} $HOME `id`", "--overwrite"),
    ],
)
def test_a_shown_command_can_be_pasted_into_a_shell(words: tuple[str, ...]) -> None:
    printed = Printed()
    Show(printed.out).command(words, lambda: "")
    shown = str(printed).strip().removeprefix("$ ")
    script = f"""kubectl() {{ printf '%s\\n' kubectl "$@"; }}\n{shown}"""
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == list(words)


def test_work_that_fails_is_marked_and_not_swallowed() -> None:
    printed = Printed()
    with pytest.raises(RuntimeError, match="no port"), Show(printed.out).busy("the servers"):
        raise RuntimeError("no port")
    assert "✘ the servers" in str(printed)


def test_the_step_under_way_has_a_number_and_a_title() -> None:
    show = Show(Printed().out)
    show.begin("Start", "It starts.")
    show.begin("Stop", "It stops.")
    assert show.step == "2. Stop"


def test_a_picture_is_xml_that_loads_nothing(tmp_path: Path) -> None:
    out = console(record=True)
    out.print("told")
    picture.save(out, tmp_path / "told.svg", "title")
    text = (tmp_path / "told.svg").read_text()
    assert ET.fromstring(text).tag.endswith("svg")
    assert "told" in text
    assert "url(http" not in text
    assert "@font-face" not in text
