"""Slices: what goes in comes out, small, and the same bytes for the same entries."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from recording_storage_operator.core.ledger import (
    MAX_SLICE_ENTRIES,
    Entry,
    Metadata,
    Origin,
    Precision,
    expiry_day,
    pack,
    repack,
)
from tests.builders import NOON, ledger_entry, recording_sid

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - bounds of the strategy are naive
    lambda moment: moment.replace(microsecond=0)
)
ENTRIES = st.builds(
    Entry,
    sid=st.integers(0, 2**128 - 1).map(recording_sid),
    date_created=st.none() | MOMENTS,
    deleted_at=MOMENTS,
    precision=st.sampled_from(Precision),
    origin=st.sampled_from(Origin),
    metadata=st.sampled_from(Metadata),
)
LEDGERS = st.lists(ENTRIES, min_size=1, max_size=30, unique_by=lambda entry: entry.sid)


@given(LEDGERS)
def test_entries_come_out_as_they_went_in_whatever_their_order(entries: list[Entry]) -> None:
    part = pack("one", "2026-04-10", 40, entries)
    assert sorted(part.entries(), key=repr) == sorted(entries, key=repr)
    assert part == pack("one", "2026-04-10", 40, reversed(entries))


@given(LEDGERS)
def test_the_head_agrees_with_the_entries(entries: list[Entry]) -> None:
    part = pack("one", "2026-04-10", 40, entries)
    assert part.count == part.from_twilio + part.from_s3 == len(entries)
    assert part.first_expiry == min(entry.expires_at(40) for entry in entries)
    assert part.last_expiry == max(entry.expires_at(40) for entry in entries)
    assert part.newest_deletion == max(entry.deleted_at for entry in entries)


def test_a_full_slice_fits_into_200_kilobytes_of_base64() -> None:
    chance = Random(1)
    entries = [
        ledger_entry(
            sid=f"RE{chance.getrandbits(128):032x}", deleted_at=NOON + timedelta(seconds=chance.randrange(86400))
        )
        for _ in range(MAX_SLICE_ENTRIES)
    ]
    assert len(pack("one", "2026-04-10", 40, entries).packed) * 4 / 3 < 200_000


def test_an_entry_is_kept_under_the_day_it_expires_on() -> None:
    last_second = ledger_entry(deleted_at=datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC))
    assert expiry_day(last_second, 40) == "2026-04-10"
    assert expiry_day(ledger_entry(deleted_at=datetime(2026, 3, 2, tzinfo=UTC)), 40) == "2026-04-11"


def test_repacking_keeps_the_version_that_guards_the_write() -> None:
    part = repack(pack("one", "2026-04-10", 40, [ledger_entry(1)], version="7"), [ledger_entry(2)])
    assert (part.name, part.version, part.count) == ("one", "7", 1)
