"""Which deletions are listed."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from recording_storage_operator.commands.selection import Selection, deletions
from recording_storage_operator.core.ledger import SETTLED, Entry, Origin, Slice, expiry_day, pack
from tests.builders import NOON, ledger_entry, recording_sid
from tests.unit.commands.samples import DAYS

ALL = Selection()


def part(entries: Iterable[Entry], day: str = "", number: int = 0) -> Slice:
    entries = list(entries)
    day = day or expiry_day(entries[0], DAYS)
    return pack(f"acme-{day}-{number}", day, DAYS, entries)


def listed(slices: Iterable[Slice], selection: Selection = ALL, days_later: float = 0) -> list[str]:
    now = NOON + timedelta(days=days_later)
    return [deletion.entry.sid for deletion in deletions(slices, selection, lambda: now)]


def test_an_entry_is_hidden_from_its_second_of_expiry_on() -> None:
    slices = [part([ledger_entry(1), ledger_entry(2, deleted_at=NOON + timedelta(seconds=1))])]
    second = 1 / 86400
    assert listed(slices, days_later=DAYS - second) == [recording_sid(1), recording_sid(2)]
    assert listed(slices, days_later=DAYS) == [recording_sid(2)]
    assert listed(slices, days_later=DAYS + second) == []


def test_an_entry_that_expires_while_the_list_is_read_is_hidden() -> None:
    slices = [part([ledger_entry(1), ledger_entry(2, deleted_at=NOON + timedelta(seconds=1))])]
    times = iter([NOON, NOON + timedelta(days=DAYS, seconds=1)])
    found = deletions(slices, ALL, lambda: next(times))
    assert [deletion.entry.sid for deletion in found] == [recording_sid(1)]


def test_settled_slices_are_never_shown() -> None:
    assert listed([part([ledger_entry(1)], day=SETTLED)]) == []


def test_each_expires_after_the_days_of_its_own_slice() -> None:
    entry = ledger_entry(1)
    (found,) = deletions([pack("a", expiry_day(entry, 7), 7, [entry])], ALL, lambda: NOON)
    assert found.expires_at == NOON + timedelta(days=7)


def test_the_next_to_expire_comes_first_across_the_slices_of_a_day() -> None:
    odd = [ledger_entry(number, deleted_at=NOON + timedelta(seconds=number)) for number in (1, 3, 5)]
    even = [ledger_entry(number, deleted_at=NOON + timedelta(seconds=number)) for number in (2, 4)]
    later = [ledger_entry(9, deleted_at=NOON + timedelta(days=1))]
    expected = [recording_sid(number) for number in (1, 2, 3, 4, 5, 9)]
    assert listed([part(odd), part(even, number=1), part(later)]) == expected


def test_an_entry_on_its_way_to_another_slice_of_the_day_is_listed_once() -> None:
    assert listed([part([ledger_entry(1)]), part([ledger_entry(1)], number=1)]) == [recording_sid(1)]


def test_later_days_are_not_read_before_they_are_needed() -> None:
    read: list[str] = []

    def slices() -> Iterator[Slice]:
        for number in range(3):
            read.append(f"day {number}")
            yield part([ledger_entry(number, deleted_at=NOON + timedelta(days=number))])

    next(deletions(slices(), ALL, lambda: NOON))
    assert read == ["day 0", "day 1"]


def test_origin_is_chosen() -> None:
    slices = [part([ledger_entry(1), ledger_entry(2, origin=Origin.S3)])]
    assert listed(slices, Selection(origin=Origin.S3)) == [recording_sid(2)]


def test_since_is_included_and_before_is_not() -> None:
    day = timedelta(days=1)
    slices = [part([ledger_entry(number, deleted_at=NOON + number * day)]) for number in range(4)]
    chosen = Selection(since=NOON + day, before=NOON + 3 * day)
    assert listed(slices, chosen) == [recording_sid(1), recording_sid(2)]


def test_sids_are_chosen() -> None:
    slices = [part([ledger_entry(number) for number in range(5)])]
    chosen = Selection(sids=frozenset({recording_sid(2), recording_sid(4), recording_sid(77)}))
    assert listed(slices, chosen) == [recording_sid(2), recording_sid(4)]


def test_a_slice_outside_the_days_asked_for_is_not_unpacked() -> None:
    broken = Slice("a", "2026-04-10", DAYS, 1, 1, 0, NOON, NOON, b"not gzip")
    assert listed([broken], Selection(since=NOON + timedelta(seconds=1))) == []
    assert listed([broken], Selection(before=NOON)) == []
