"""The totals under a list of deletions."""

from recording_storage_operator.commands.listing import Tally
from tests.unit.commands.samples import deletion


def test_an_empty_list_is_told_from_one_that_nothing_matched() -> None:
    assert Tally().sentence(whole=True) == "No deleted recordings."
    assert Tally().sentence(whole=False) == "No deleted recording matches."


def test_what_passed_through_is_counted() -> None:
    tally = Tally()
    assert len(list(tally.count([deletion(1), deletion(2)]))) == 2
    assert tally.sentence(whole=False) == "2 deleted recordings: 2 at Twilio, 0 in S3."
