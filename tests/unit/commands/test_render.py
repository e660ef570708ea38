"""Deletions as lines."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from recording_storage_operator.commands import render
from recording_storage_operator.core.ledger import Metadata, Origin, Precision
from tests.builders import NOON, recording_sid
from tests.unit.commands.samples import deletion

ROOT = Path(__file__).parents[3]
WIDTHS = pytest.mark.parametrize("width", [80, 120])

ALL_FIELDS = deletion(
    7,
    date_created=NOON - timedelta(days=100),
    precision=Precision.OBSERVED,
    origin=Origin.S3,
    metadata=Metadata.MISSING,
)


def test_a_json_line_has_every_field_under_its_name_in_status() -> None:
    (line,) = render.json_lines([ALL_FIELDS])
    assert json.loads(line) == {
        "sid": recording_sid(7),
        "dateCreated": "2025-11-21T12:00:00Z",
        "deletedAt": "2026-03-01T12:00:00Z",
        "deletedAtPrecision": "Observed",
        "origin": "S3",
        "metadata": "Missing",
        "expiresAt": "2026-04-10T12:00:00Z",
    }
    assert line.endswith("}\n")


def test_the_fields_are_those_of_the_custom_resource_definition() -> None:
    definition = yaml.safe_load((ROOT / "crds" / "recordingstorages.yaml").read_text())
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    entry = schema["properties"]["status"]["properties"]["deletedRecordings"]["items"]
    assert list(render.FIELDS) == list(entry["properties"])


def test_csv_has_a_head_and_the_fields_of_json() -> None:
    rows = list(csv.DictReader(io.StringIO("".join(render.csv_lines([ALL_FIELDS])))))
    assert rows == [render.as_fields(ALL_FIELDS)]


def test_csv_without_entries_is_its_head() -> None:
    assert list(render.csv_lines([])) == ["sid,dateCreated,deletedAt,deletedAtPrecision,origin,metadata,expiresAt\n"]


def test_a_value_with_a_comma_and_quotes_survives_csv() -> None:
    odd = deletion(sid='RE,"1"')
    _, row = csv.reader(io.StringIO("".join(render.csv_lines([odd]))))
    assert row[0] == 'RE,"1"'


def test_an_unknown_time_of_creation_is_absent_in_json_and_empty_in_csv() -> None:
    unknown = deletion(date_created=None)
    assert "dateCreated" not in json.loads(next(render.json_lines([unknown])))
    _, row = csv.reader(io.StringIO("".join(render.csv_lines([unknown]))))
    assert row[1] == ""


@WIDTHS
def test_a_row_of_text_has_every_field_and_the_days_left(width: int) -> None:
    head, row = render.text([ALL_FIELDS], lambda: NOON + timedelta(days=2, hours=1), width)
    for title in ("SID", "CREATED", "DELETED", "ORIGIN", "METADATA", "EXPIRES"):
        assert title in head
    for value in (recording_sid(7), "2025-11-21", "~2026-03-01", "S3", "Missing", "37d"):
        assert value in row
    if width == 120:
        assert "2026-04-10 12:00:00" in row


@WIDTHS
def test_text_fits_its_width(width: int) -> None:
    longest = deletion(origin=Origin.TWILIO, metadata=Metadata.ACCESSIBLE)
    assert max(len(line.rstrip("\n")) for line in render.text([longest], lambda: NOON, width)) <= width


@WIDTHS
def test_only_an_observed_time_is_marked(width: int) -> None:
    exact, observed = deletion(1), deletion(2, precision=Precision.OBSERVED)
    _, first, second = render.text([exact, observed], lambda: NOON, width)
    assert "~" not in first
    assert "~2026-03-01" in second


@WIDTHS
def test_columns_are_aligned_whatever_is_in_them(width: int) -> None:
    _, *rows = render.text([deletion(date_created=None), ALL_FIELDS], lambda: NOON, width)
    assert len({row.index("2026-03-01") for row in rows}) == 1
    assert len({len(row) for row in rows}) == 1


def test_text_without_entries_is_empty() -> None:
    assert list(render.text([], lambda: NOON, 80)) == []
