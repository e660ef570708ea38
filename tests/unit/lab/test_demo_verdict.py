from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lab.demo.verdict import METADATA_KEPT, Access, Answer, Check, Result, Sighting, compare

DELETED_AT = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
UNTIL = DELETED_AT + METADATA_KEPT

THERE = Answer("200", Access.ACCESSIBLE)
GONE = Answer("404", Access.GONE)
BROKEN = Answer("HTTP 503", Access.UNCLEAR)

DELETED = Sighting(media=GONE, metadata=THERE, stored=GONE, deleted_at=DELETED_AT, listed_until=UNTIL)
PURGED = replace(DELETED, metadata=GONE, listed_until=None)
NEW = Sighting(media=THERE, metadata=THERE, stored=GONE, deleted_at=None, listed_until=None)

Table = list[list[Sighting]]


def as_the_article_says() -> Table:
    return [[DELETED, DELETED, PURGED], [DELETED, DELETED, PURGED], [NEW, DELETED, PURGED]]


def result(table: Table, *checks: Check) -> Result:
    return compare([(file, within, after) for file, within, after in table], checks)


def test_nine_cells_agree_where_every_answer_is_as_the_article_says() -> None:
    told = result(as_the_article_says(), Check("all listed", True))
    assert (told.agreeing, told.cells, told.exit_code) == (9, 9, 0)


WRONG: dict[str, Callable[[Sighting], Sighting]] = {
    "the answers turned round": lambda seen: replace(
        seen, media=_turned(seen.media), metadata=_turned(seen.metadata), stored=_turned(seen.stored)
    ),
    "servers that fail": lambda seen: replace(seen, media=BROKEN, metadata=BROKEN, stored=BROKEN),
    "a ledger with the opposite": lambda seen: replace(seen, listed_until=None if seen.listed_until else UNTIL),
}


def _turned(answer: Answer) -> Answer:
    return GONE if answer is THERE else THERE


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("row", "column"), [(row, column) for row in range(3) for column in range(3)])
def test_each_cell_differs_by_itself(row: int, column: int, wrong: str) -> None:
    table = as_the_article_says()
    table[row][column] = WRONG[wrong](table[row][column])
    told = result(table)
    assert not told.rows[row][column].agrees
    assert (told.agreeing, told.exit_code) == (8, 1)


@pytest.mark.parametrize("kept", [replace(DELETED, media=THERE), replace(DELETED, stored=THERE)])
@pytest.mark.parametrize("row", [0, 1])
def test_a_file_that_one_place_still_has_is_not_inaccessible(row: int, kept: Sighting) -> None:
    table = as_the_article_says()
    table[row][0] = kept
    assert not result(table).rows[row][0].agrees


def test_a_new_recording_has_to_be_at_twilio_not_in_the_bucket() -> None:
    table = as_the_article_says()
    table[2][0] = replace(NEW, media=GONE, stored=THERE)
    assert not result(table).rows[2][0].agrees


@pytest.mark.parametrize("seconds", [-86400, -1, 2, 86400])
def test_a_deletion_listed_until_another_time_than_forty_days_after_it_differs(seconds: int) -> None:
    table = as_the_article_says()
    table[0][1] = replace(DELETED, listed_until=UNTIL + timedelta(seconds=seconds))
    assert not result(table).rows[0][1].agrees


def test_a_ledger_may_round_up_to_the_next_second() -> None:
    table = as_the_article_says()
    table[1][1] = replace(DELETED, listed_until=UNTIL + timedelta(seconds=1))
    assert result(table).exit_code == 0


def test_a_recording_nobody_deleted_may_not_be_listed() -> None:
    table = as_the_article_says()
    table[2][0] = replace(NEW, listed_until=UNTIL)
    assert not result(table).rows[2][0].agrees


def test_a_check_that_does_not_hold_fails_an_agreeing_table() -> None:
    told = result(as_the_article_says(), Check("all listed", True), Check("no invariant broken", False))
    assert (told.agreeing, told.exit_code) == (9, 1)


def test_a_table_with_a_scenario_missing_is_no_table() -> None:
    with pytest.raises(ValueError, match="zip"):
        result(as_the_article_says()[:2])
