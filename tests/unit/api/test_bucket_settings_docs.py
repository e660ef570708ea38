"""The table in docs/bucket-settings.md is the one that is tested against real servers."""

import re

import pytest

from recording_storage_operator.core.bucket_settings import CREATED_BY, SECURE_TRANSPORT_SID
from tests.contract.bucket_settings_table import SETTINGS, State
from tests.unit.api.crds import ROOT

PAGE = (ROOT / "docs" / "bucket-settings.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")]


def test_the_columns_are_the_states() -> None:
    assert ROWS[0] == ["Setting", *(f"`{state}`" for state in State)]


def test_the_cells_are_what_the_tested_table_says() -> None:
    assert ROWS[2:] == [[f"`{one.row}`", *(one.outcome(state) for state in State)] for one in SETTINGS]


@pytest.mark.parametrize("state", State)
def test_every_column_is_explained(state: State) -> None:
    explained = [line for line in PAGE.splitlines() if line.startswith("- ") and f"`{state}`" in line.partition(":")[0]]
    assert len(explained) == 1


def test_every_setting_is_explained() -> None:
    headings = re.findall(r"^### (\S+)$", PAGE, flags=re.MULTILINE)
    assert headings == list(dict.fromkeys(one.row.split()[0] for one in SETTINGS))


def test_what_marks_a_part_as_ours_is_named() -> None:
    assert f"`{CREATED_BY}`" in PAGE
    assert f"`{SECURE_TRANSPORT_SID}`" in PAGE
