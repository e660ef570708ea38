"""The table of bucket settings, every cell: what is planned, what is written, and what others find there afterwards.

Cells that do not exist: versitygw lacks encryption, publicAccess and lifecycle, so those settings have but one state
there, `unsupported`. moto denies reading, or writing, encryption, publicAccess and objectOwnership only together.
Nothing foreign can stand beside versioning, publicAccess and objectOwnership: the whole document is ours. With Keep,
`equal` is `absent`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any

import pytest

from recording_storage_operator.core.approval import Memory, Proposal
from recording_storage_operator.core.desired import Desired
from recording_storage_operator.core.effects import Skipped
from recording_storage_operator.core.errors import Transient, Wait
from recording_storage_operator.core.facts import Aspect, BucketFacts, Obstacle, Reading
from recording_storage_operator.core.iam import RIGHTS
from recording_storage_operator.core.proposal import propose, wanted_parts
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.reconcile.apply import Changer
from recording_storage_operator.reconcile.ports import BucketAdmin
from tests.contract.bucket_settings_table import (
    HINDRANCES,
    NOTHING_WANTED,
    SETTINGS,
    TLS,
    Cell,
    Setting,
    State,
    cells,
    desired,
    named,
    text,
)
from tests.contract.bucket_sites import BOUND, LACKING, Site, site_of

KINDS = ("fake", "moto", "versitygw")


def cases(*states: State, had: bool = True) -> list[Any]:
    """Cells at every service that has, or else lacks, the aspect."""
    return [case for one in cells(states) for case in at_all(*one, had=had)]


def at_all(setting: Setting, *states: State, had: bool = True) -> list[Any]:
    """One setting at every service that has, or else lacks, the aspect."""
    words = "-".join([setting.row.replace(" ", "-"), *states])
    having = [kind for kind in KINDS if (setting.aspect not in LACKING[kind]) is had]
    return [pytest.param(kind, setting, *states, id=f"{words}-{kind}") for kind in having]


def moves(*ends: State, alike: bool, due: bool = True) -> list[Any]:
    """From a state with something to do to one of `ends`: ours is the same there or not, and to be changed or not."""
    return [
        case
        for setting in SETTINGS
        for start in (State.ABSENT, State.DIFFERENT)
        for end in ends
        if start in setting.cells and end in setting.cells and start != end
        if (have := setting.cells[start].have) and (have == setting.cells[end].have) is alike
        if bool(setting.cells[end].have) is due
        for case in at_all(setting, start, end)
    ]


@pytest.fixture(scope="module")
def sites() -> Iterator[Callable[[str, bool], Site]]:
    """The services by kind, each started once it is asked for; guarded ones look at rights."""
    with ExitStack() as started:

        @cache
        def get(kind: str, guarded: bool) -> Site:
            return started.enter_context(site_of(kind, guarded=guarded))

        yield get


_numbers = count(1)


@pytest.fixture
def bucket() -> str:
    """A name nobody has used."""
    return f"settings-{next(_numbers)}"


@pytest.fixture
def site(sites: Callable[[str, bool], Site], kind: str, bucket: str) -> Site:
    """A service with a bucket whose encryption is as everybody is content with."""
    return with_bucket(sites(kind, False), kind, bucket)


@pytest.fixture
def guarded(sites: Callable[[str, bool], Site], kind: str, bucket: str) -> Site:
    """As `site`, where rights count."""
    return with_bucket(sites(kind, kind == "moto"), kind, bucket)


def with_bucket(site: Site, kind: str, bucket: str) -> Site:
    site.admin(bucket)
    if Aspect.ENCRYPTION not in LACKING[kind]:
        default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        site.put(bucket, Aspect.ENCRYPTION, {"Rules": [default]})
    return site


class Recorded:
    """Passes calls on to a bucket's administration, and keeps what was written."""

    def __init__(self, admin: BucketAdmin) -> None:
        self._admin = admin
        self.written: list[Aspect] = []

    def create(self) -> None:
        self._admin.create()

    def delete(self) -> None:
        self._admin.delete()

    def read(self, aspect: Aspect) -> Reading:
        return self._admin.read(aspect)

    def write(self, aspect: Aspect, document: Mapping[str, Any]) -> None:
        self.written.append(aspect)
        self._admin.write(aspect, document)


@dataclass
class Seen:
    """What a pass saw of a bucket that was adopted before."""

    bucket: BucketFacts
    settings: Mapping[Aspect, Reading]
    unwritable: Mapping[str, str]
    content: None = None
    writer: None = None
    guest_of: str = ""


@dataclass
class Pass:
    """The operator at a bucket: looks, plans and changes as often as it is asked to."""

    admin: Recorded
    wants: Desired
    unwritable: dict[str, str] = field(default_factory=dict)

    def plan(self) -> Proposal:
        assert self.wants.s3 is not None
        parts = wanted_parts(self.wants, Memory(), exists=True, guest=False)
        readings = {part.aspect: self.admin.read(part.aspect) for part in parts}
        facts = BucketFacts(self.wants.s3.name, self.wants.s3.region, versioned=False)
        return propose(self.wants, Seen(facts, readings, self.unwritable), Memory())

    def apply(self, proposal: Proposal) -> Exception | None:
        return Changer(None, self.admin, None, self.unwritable).apply(proposal.effects)


def at(admin: BucketAdmin, setting: Setting, bucket: str) -> Pass:
    """Wants one setting and nothing else."""
    return Pass(Recorded(admin), desired({**NOTHING_WANTED, **setting.fields}, bucket))


def wanting_all(admin: BucketAdmin, setting: Setting, bucket: str, **but: Any) -> Pass:
    """Wants everything, one setting in particular."""
    return Pass(Recorded(admin), desired({"tags": (("team", "voice"),), **setting.fields, **but}, bucket))


def same(document: Any) -> str:
    """Normalised: tags come in no order."""
    found = {**document}
    if "TagSet" in found:
        found["TagSet"] = sorted(found["TagSet"], key=text)
    return text(found)


def of_the_server(kind: str, skipped: tuple[Skipped, ...]) -> list[Skipped]:
    """Without what this kind of server is known to lack."""
    lacking = {one.path for one in SETTINGS if one.aspect in LACKING[kind]}
    assert {one.reason for one in skipped if one.path in lacking} <= {Obstacle.UNSUPPORTED}
    return [one for one in skipped if one.path not in lacking]


IN_THE_BUCKET = [state for state in State if state not in HINDRANCES]


@pytest.mark.parametrize(("kind", "setting", "state"), cases(*IN_THE_BUCKET))
def test_a_setting_ends_as_wanted_with_nothing_foreign_changed_and_nothing_written_in_vain(
    site: Site, kind: str, bucket: str, setting: Setting, state: State
) -> None:
    cell: Cell = setting.cells[state]
    site.put(bucket, setting.aspect, named(cell.before, bucket))
    before = site.get(bucket, setting.aspect)
    assert same(before) == same(named(cell.before, bucket))
    operator = at(site.admin(bucket), setting, bucket)

    proposal = operator.plan()
    planned = [(one.path, one.have, one.want, one.risk) for one in proposal.effects]
    change = (setting.path, named(cell.have, bucket), named(setting.want, bucket), setting.risk)
    assert planned == ([change] if cell.have else [])
    assert of_the_server(kind, proposal.skipped) == []
    assert operator.apply(proposal) is None

    after = named(cell.after, bucket) if cell.after is not None else before
    assert same(site.get(bucket, setting.aspect)) == same(after)
    assert operator.admin.written == ([setting.aspect] if cell.have else [])
    assert operator.plan().effects == ()


@pytest.mark.parametrize(("kind", "setting", "state"), cases(State.UNSUPPORTED, had=False))
def test_what_versitygw_itself_lacks_is_skipped_and_all_else_applied(
    site: Site, kind: str, bucket: str, setting: Setting, state: State
) -> None:
    operator = wanting_all(site.admin(bucket), setting, bucket)
    check_skipped(operator, setting, Obstacle.UNSUPPORTED, LACKING[kind])


@pytest.mark.parametrize(("kind", "setting", "state"), cases(State.UNSUPPORTED))
def test_what_a_server_lacks_is_skipped_and_all_else_applied(
    site: Site, kind: str, bucket: str, setting: Setting, state: State
) -> None:
    operator = wanting_all(site.without(bucket, setting.aspect), setting, bucket)
    check_skipped(operator, setting, Obstacle.UNSUPPORTED, {setting.aspect} | LACKING[kind])
    assert setting.aspect not in operator.admin.written


def check_skipped(operator: Pass, setting: Setting, why: Obstacle, aspects: Collection[Aspect]) -> list[Skipped]:
    """All settings in these aspects are skipped, and all others are as wanted after one plan."""
    parts = wanted_parts(operator.wants, Memory(), exists=True, guest=False)
    hindered = {part.path for part in parts if part.aspect in aspects}
    assert setting.path in hindered
    proposal = operator.plan()
    assert {one.path for one in proposal.skipped} == hindered
    assert operator.apply(proposal) is None
    left = operator.plan()
    assert (left.effects, left.skipped) == ((), proposal.skipped)
    assert set(left.settled or {}) == {part.path for part in parts} - hindered | {"bucket"}
    told = [one for one in left.skipped if one.path == setting.path]
    assert [one.reason for one in told] == [why]
    assert setting.aspect in told[0].message or why is Obstacle.DENIED
    return told


@pytest.mark.parametrize(("kind", "setting", "state"), cases(State.NOT_TAKEN))
def test_what_a_server_shows_and_does_not_take_is_tried_once(
    site: Site, kind: str, bucket: str, setting: Setting, state: State
) -> None:
    site.put(bucket, setting.aspect, named(setting.changing.before, bucket))
    operator = at(site.without(bucket, setting.aspect, writes_only=True), setting, bucket)

    assert operator.apply(operator.plan()) is None
    left = operator.plan()
    assert operator.apply(left) is None

    assert left.effects == ()
    assert [(one.path, one.reason) for one in of_the_server(kind, left.skipped)] == [(setting.path, "Unsupported")]
    assert operator.admin.written == [setting.aspect]
    assert same(site.get(bucket, setting.aspect)) == same(named(setting.changing.before, bucket))


@pytest.mark.parametrize(("kind", "setting", "state"), cases(State.UNREADABLE))
def test_what_may_not_be_read_is_skipped_with_the_right_that_is_missing_and_all_else_applied(
    guarded: Site, kind: str, bucket: str, setting: Setting, state: State
) -> None:
    """A policy that demands TLS is not among all else: over plain http these servers would let nobody in any more."""
    right = RIGHTS[setting.aspect][0]
    admin = guarded.denied(bucket, setting.aspect, right, reading=True)
    operator = wanting_all(admin, setting, bucket, require_tls=setting is TLS)
    denied = BOUND[kind] if setting.aspect in BOUND[kind] else {setting.aspect}
    told = check_skipped(operator, setting, Obstacle.DENIED, denied | LACKING[kind])
    assert kind == "fake" or told[0].message.endswith(f"grant {right}")
    assert setting.aspect not in operator.admin.written


@pytest.mark.parametrize(("kind", "setting", "state"), cases(State.UNWRITABLE))
def test_what_may_not_be_written_stops_the_plan_with_the_right_that_is_missing(
    guarded: Site, kind: str, bucket: str, setting: Setting, state: State
) -> None:
    right = RIGHTS[setting.aspect][1]
    guarded.put(bucket, setting.aspect, named(setting.changing.before, bucket))
    operator = at(guarded.denied(bucket, setting.aspect, right, reading=False), setting, bucket)
    before = guarded.get(bucket, setting.aspect)

    proposal = operator.plan()
    stopped = operator.apply(proposal)

    assert isinstance(stopped, Wait)
    assert stopped.reason is Reason.S3_ACCESS_DENIED
    assert stopped.message.startswith(f"To {proposal.effects[0].summary}: ")
    assert kind == "fake" or stopped.message.endswith(f"grant {right}")
    assert same(guarded.get(bucket, setting.aspect)) == same(before)
    assert operator.plan().effects == proposal.effects


@pytest.mark.parametrize(("kind", "setting", "start", "end"), moves(State.FOREIGN, State.FOREIGN_OUTDATED, alike=True))
def test_what_somebody_adds_between_the_plan_and_the_write_is_kept(
    site: Site, kind: str, bucket: str, setting: Setting, start: State, end: State
) -> None:
    operator, stopped = interrupted(site, bucket, setting, start, end)

    assert stopped is None
    assert same(site.get(bucket, setting.aspect)) == same(named(setting.cells[end].after, bucket))
    assert operator.plan().effects == ()


@pytest.mark.parametrize(("kind", "setting", "start", "end"), moves(State.DIFFERENT, alike=False))
def test_what_somebody_makes_of_ours_between_the_plan_and_the_write_is_not_overwritten(
    site: Site, kind: str, bucket: str, setting: Setting, start: State, end: State
) -> None:
    operator, stopped = interrupted(site, bucket, setting, start, end)

    assert isinstance(stopped, Transient)
    assert stopped.reason is Reason.WORLD_MOVED
    assert setting.path in stopped.message
    assert same(site.get(bucket, setting.aspect)) == same(named(setting.cells[end].before, bucket))
    assert operator.admin.written == []


@pytest.mark.parametrize(
    ("kind", "setting", "start", "end"), moves(State.EQUAL, State.FOREIGN_EQUAL, alike=False, due=False)
)
def test_what_somebody_does_for_us_between_the_plan_and_the_write_is_not_done_again(
    site: Site, kind: str, bucket: str, setting: Setting, start: State, end: State
) -> None:
    operator, stopped = interrupted(site, bucket, setting, start, end)

    assert stopped is None
    assert operator.admin.written == []
    assert operator.plan().effects == ()


def interrupted(site: Site, bucket: str, setting: Setting, start: State, end: State) -> tuple[Pass, Exception | None]:
    """Somebody puts another state in place when the plan of the first is about to be applied."""
    site.put(bucket, setting.aspect, named(setting.cells[start].before, bucket))
    operator = at(site.admin(bucket), setting, bucket)
    proposal = operator.plan()
    assert [one.path for one in proposal.effects] == [setting.path]
    site.put(bucket, setting.aspect, named(setting.cells[end].before, bucket))
    return operator, operator.apply(proposal)
