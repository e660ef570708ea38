"""Which key pairs at Twilio are ours, and which may go."""

import pytest

from recording_storage_operator.core.facts import AwsCredential
from recording_storage_operator.core.writer import WriterFacts, ours, writer_name
from tests.builders import NOON

KEY, SECRET = "A" * 20, "s" * 40
NEW, OLD, OLDEST = (AwsCredential(f"CR{name}", f"recordings.dev {name}", NOON) for name in ("new", "old", "oldest"))


@pytest.mark.parametrize(
    ("registered", "replaced", "unused", "removable"),
    [
        ((NEW, OLD), OLD.name, True, (OLD,)),
        ((NEW, OLD, OLDEST), OLD.name, True, (OLD,)),
        ((NEW, OLD), OLD.name, False, ()),
        ((NEW, OLD), "", True, ()),
        ((OLD,), OLD.name, True, ()),
        ((NEW,), NEW.name, True, ()),
        ((), OLD.name, True, ()),
    ],
)
def test_only_a_replaced_pair_out_of_use_may_go_and_only_beside_the_wanted_one(
    registered: tuple[AwsCredential, ...], replaced: str, unused: bool, removable: tuple[AwsCredential, ...]
) -> None:
    assert WriterFacts(NEW.name, registered, replaced, unused).removable == removable


def test_every_other_pair_of_ours_is_known() -> None:
    assert WriterFacts(NEW.name, (NEW, OLD, OLDEST)).others == (OLD, OLDEST)


def test_a_pair_with_another_name_is_never_ours() -> None:
    foreign = [
        AwsCredential("CR1", name, NOON) for name in ("Twilio", "", "recordings.developer", "my recordings.dev x")
    ]
    assert ours([OLD, *foreign, NEW]) == (NEW, OLD)


def test_the_name_tells_the_pair_and_not_its_secret() -> None:
    name = writer_name(KEY, SECRET)
    assert name == writer_name(KEY, SECRET)
    assert KEY in name
    assert SECRET not in name
    assert len(name) <= 64
    assert ours([AwsCredential("CR1", name, NOON)])


def test_a_corrected_secret_is_another_pair() -> None:
    assert writer_name(KEY, SECRET) != writer_name(KEY, SECRET[:-1] + "t")
    assert writer_name(KEY, SECRET) != writer_name("B" * 20, SECRET)
