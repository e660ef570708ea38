"""The ledger is held against what happened in a world in which all comes, goes, fails and is edited at any moment."""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from recording_storage_operator.core.errors import Transient, Wait
from recording_storage_operator.core.ledger import SETTLED, Entry, Metadata, Origin, Precision
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.verdicts import ACCEPT_MISSING
from recording_storage_operator.core.work import Key
from tests.builders import ACCOUNT, BUCKET, storage
from tests.fakes.s3 import StoredBucket
from tests.fakes.twilio import METADATA_LIFE, START, VirtualClock
from tests.unit.reconcile.world import World, object_key

OTHER = "other-bucket"
PLACES = [(BUCKET, ""), (BUCKET, "voice/"), (OTHER, ""), ("", "")]  # bucket and path; without a bucket it is Twilio's

SOMEWHERE = st.integers(0, 99)
REQUESTS = [
    *((Reason.KUBERNETES_UNREACHABLE, method) for method in ("write_slice", "delete_slice", "patch_status", "slices")),
    *((Reason.TWILIO_UNREACHABLE, method) for method in ("account", "recordings", "recording", "upload_alerts")),
    *((Reason.TWILIO_ACCESS_DENIED, method) for method in ("account", "deletion_events", "upload_alerts")),
    *((Reason.S3_UNREACHABLE, method) for method in ("versions", "has")),
]


@dataclass
class Fate:
    """`goings` are when its copy in the bucket went since a sweep certainly saw it, `back` that one came back since."""

    sid: str
    bucket: str
    key: str
    made: datetime
    arrived: bool
    alerted: bool = False
    deleted_at_twilio: datetime | None = None
    goings: list[datetime] = field(default_factory=list)
    back: bool = False
    doubted: bool = False


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.work_dir = tempfile.TemporaryDirectory()
        self.world = World(Path(self.work_dir.name), VirtualClock(START + timedelta(seconds=0.5)))
        self.world.twilio.page_size, self.world.s3.page_size = 5, 4
        self.world.s3.buckets[OTHER] = StoredBucket("us-east-1")
        self.key = Key("default", "acme")
        self.bucket, self.path, self.days = BUCKET, "", 40
        self.fates: dict[str, Fate] = {}
        self.listed: dict[str, Entry] = {}  # at the last look
        self.known: dict[str, Entry] = {}  # at any look

    @initialize(versioned=st.booleans())
    def begin(self, versioned: bool) -> None:
        self.s3 = storage()["spec"]["s3"] | {"versioning": "Enabled" if versioned else "Unmanaged"}
        self.world.create(s3=self.s3)
        for place in [*PLACES[:1] * 10, PLACES[1], *PLACES[3:] * 3]:
            self.record(*place, arrives=bool(place[0]))
        self.the_clock_runs(0.02, 1)

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:
            self.calm_down(at_home=True)
        self.world.visits.drop(self.key)
        self.work_dir.cleanup()

    @rule(place=st.sampled_from([*PLACES, PLACES[0]]), count=st.sampled_from([1, 60]))
    def recordings_are_made(self, place: tuple[str, str], count: int) -> None:
        for _ in range(count):
            self.record(*place, arrives=bool(place[0]))

    @rule(place=st.sampled_from(PLACES[:3]), arrives=st.booleans())
    def an_upload_fails(self, place: tuple[str, str], arrives: bool) -> None:
        fate = self.record(*place, arrives=arrives)
        self.world.twilio.alert(fate.sid)
        fate.alerted = True

    @rule(first=SOMEWHERE, count=st.sampled_from([1, 8]), lag=st.sampled_from([0, 22, None]), swept=st.integers(0, 1))
    def delete_at_twilio(self, first: int, count: int, lag: int | None, swept: int) -> None:
        self.world.twilio.event_lag = timedelta(hours=lag or 0)
        for fate in self.some(lambda fate: not fate.deleted_at_twilio, first, count):
            (self.world.twilio.bulk_delete if lag is None else self.world.twilio.delete)(fate.sid)
            fate.deleted_at_twilio = self.now
        self.the_clock_runs(0.02, swept)

    @rule(first=SOMEWHERE, count=st.sampled_from([1, 3, 6]), swept=st.integers(0, 1))
    def delete_in_bucket(self, first: int, count: int, swept: int) -> None:
        for fate in self.some(self.has_copy, first, count):
            self.world.s3.delete(fate.bucket, fate.key)
            fate.goings.append(self.now)
        self.the_clock_runs(0.02, swept)

    @rule(first=SOMEWHERE, count=st.sampled_from([1, 8]), anew=st.booleans())
    def restore_in_bucket(self, first: int, count: int, anew: bool) -> None:
        for fate in self.some(lambda fate: fate.goings and not self.has_copy(fate), first, count):
            (self.world.s3.put if anew or not self.is_hidden(fate) else self.world.s3.undelete)(fate.bucket, fate.key)
            fate.arrived = fate.back = True

    @rule()
    def lifecycle_removes_markers(self) -> None:
        for fate in self.some(self.is_hidden):
            self.world.s3.purge_versions(fate.bucket, fate.key)

    @rule(place=st.sampled_from([*PLACES, PLACES[0], PLACES[0]]))
    def watch_another_place(self, place: tuple[str, str]) -> None:
        self.bucket, self.path = place
        s3 = self.s3 | {"bucket": self.bucket, "prefix": self.path.strip("/")} if self.bucket else None
        self.edit(backend="S3" if s3 else "Twilio", s3=s3)

    @rule(days=st.sampled_from([1, 10, 40]), suspend=st.sampled_from([False, False, True]))
    def keep_metadata_for(self, days: int, suspend: bool) -> None:
        self.days = days
        self.edit(retention={"metadataDays": days}, suspend=suspend)

    @precondition(lambda self: ACCEPT_MISSING in self.world.message(self.key, "LedgerComplete"))
    @rule()
    def somebody_accepts_the_loss(self) -> None:
        _, _, loss = self.world.message(self.key, "LedgerComplete").rpartition("=")
        self.world.cluster.annotate(self.key, ACCEPT_MISSING, loss)
        for fate in self.some(lambda fate: fate.bucket):
            fate.goings = fate.goings if fate.arrived else [fate.made]  # it was there, they say
            fate.doubted = False

    @rule(request=st.sampled_from(REQUESTS), times=st.integers(1, 4), committed=st.booleans())
    def a_request_fails(self, request: tuple[Reason, str], times: int, committed: bool) -> None:
        reason, method = request
        error = (Wait if reason is Reason.TWILIO_ACCESS_DENIED else Transient)(reason, "It failed.")
        self.world.cluster.fail(method, error, times, committed)
        self.world.twilio.fail(method, error, times)
        self.world.s3.fail(method, error, times)

    @rule(first=SOMEWHERE, count=st.sampled_from([1, 8]))
    def a_listing_leaves_out(self, first: int, count: int) -> None:
        self.world.s3.left_out = {fate.key for fate in self.some(self.has_copy, first, count)}

    @rule()
    def the_operator_restarts(self) -> None:
        self.world.restart_operator()

    @rule(days=st.sampled_from([0.02, 0.3, 1.1, 12]), times=st.sampled_from([1, 1, 10]))
    def the_clock_runs(self, days: float, times: int) -> None:
        for _ in range(times):
            self.world.clock.advance(days=days)
            self.world.run(self.key, turns=400)

    @precondition(lambda self: self.listed)
    @rule()
    def the_next_entry_expires(self) -> None:
        first = min(entry.deleted_at for entry in self.listed.values()) + timedelta(days=self.days)
        for moment in (first - timedelta(seconds=1), first):
            self.the_clock_runs(max((moment - self.world.clock.now()) / timedelta(days=1), 0), 1)
            self.look_at_the_ledger()

    @rule(steps=st.integers(1, 25))
    def the_operator_has_little_time(self, steps: int) -> None:
        self.world.should_yield = lambda: True
        for _ in range(steps):
            self.world.turn(self.key)
        self.world.should_yield = lambda: False

    @rule(at_home=st.booleans())
    def calm_down(self, at_home: bool) -> None:
        self.watch_another_place(PLACES[0] if at_home else (self.bucket, self.path))
        for service in (self.world.twilio, self.world.s3, self.world.cluster):
            service.forgive()
        self.world.twilio.event_lag = timedelta(0)
        self.edit(suspend=False)
        self.the_clock_runs(0.02, 3)
        self.look_at_the_ledger()
        self.check_what_is_listed()
        self.check_what_is_not_listed()
        for fate in self.some(lambda fate: self.has_copy(fate) and self.is_watched(fate)):
            fate.goings, fate.back, fate.doubted = [], False, False
            self.known.pop(fate.sid, None)

    @invariant()
    def look_at_the_ledger(self) -> None:
        listed = {entry.sid: entry for entry in self.world.entries(self.key)}
        for sid, entry in listed.items():
            self.check_entry(self.fates[sid], entry)
        for sid in self.listed.keys() - listed.keys():
            fate, entry = self.fates[sid], self.listed[sid]
            told = fate.deleted_at_twilio if entry.origin is Origin.TWILIO else None  # its event may come late
            assert fate.back or self.is_over(told or entry.deleted_at), f"left early: {entry}"
        for part in self.world.cluster.slices_of(self.key):
            expiries = {entry.deleted_at + timedelta(days=part.metadata_days) for entry in part.entries()}
            assert part.day == SETTLED or {str(expiry.date()) for expiry in expiries} == {part.day}
        self.listed, self.known = listed, self.known | listed

    def check_entry(self, fate: Fate, entry: Entry) -> None:
        assert fate.back or not self.lives(fate), f"it lives: {entry}"
        assert self.gone_since(fate) <= entry.deleted_at <= self.now + timedelta(seconds=1), f"mistimed: {entry}"
        if entry.precision is Precision.EXACT:
            told = fate.goings if entry.origin is Origin.S3 else [fate.deleted_at_twilio]
            assert entry.deleted_at in told, f"nobody told that time: {entry}"
        elif entry.origin is Origin.S3:
            assert fate.back or not fate.doubted, f"nobody accepted it: {entry}"
        if entry.precision is Precision.OBSERVED and fate.sid in self.known and not fate.back:
            assert entry.deleted_at <= self.known[fate.sid].deleted_at, f"listed once more: {entry}"

    def check_what_is_listed(self) -> None:
        for sid, entry in self.listed.items():
            fate = self.fates[sid]
            assert not self.lives(fate) or not self.is_watched(fate), f"it lives: {entry}"
            assert not self.is_over(entry.deleted_at), f"it is over: {entry}"
            assert (entry.metadata is Metadata.ACCESSIBLE) == self.is_known_at_twilio(fate)
            if self.is_hidden(fate) and self.is_watched(fate):
                assert (entry.deleted_at, entry.precision) == (fate.goings[-1], Precision.EXACT)
        summary = self.world.cluster.status(self.key)["deletedRecordingsSummary"]
        days = Counter(str((entry.deleted_at + timedelta(days=self.days)).date()) for entry in self.listed.values())
        assert {one["day"]: one["count"] for one in summary["byExpiryDay"]} == days
        assert summary["total"] == len(self.listed) == len(self.world.entries(self.key)), "some SID is there twice"

    def check_what_is_not_listed(self) -> None:
        unlisted = [fate for sid, fate in self.fates.items() if sid not in self.listed and self.is_watched(fate)]
        recent = [fate for fate in unlisted if not self.lives(fate) and not self.is_over(self.gone_since(fate))]
        state, reason = self.world.condition(self.key, "LedgerComplete") or ("", "")
        if reason in (Reason.IMPLAUSIBLE_LOSS, Reason.UNTRACED_ABSENCE):
            missing = [fate for fate in unlisted if fate.bucket and not self.has_copy(fate)]
            assert missing
            for fate in missing:
                fate.doubted |= reason == Reason.IMPLAUSIBLE_LOSS and fate.sid not in self.known
        else:
            assert all(map(self.may_be_unseen, recent))
            seen = all(self.is_watched(fate) for fate in self.fates.values() if self.is_known_at_twilio(fate))
            assert (state, reason) == (("True", Reason.SWEPT) if seen else ("False", Reason.BUCKET_NOT_WATCHED))

    @property
    def now(self) -> datetime:
        return self.world.clock.now().replace(microsecond=0)

    def is_over(self, deleted_at: datetime) -> bool:
        return deleted_at + timedelta(days=self.days) <= self.world.clock.now()

    def lives(self, fate: Fate) -> bool:
        return self.has_copy(fate) or not (fate.goings or (fate.deleted_at_twilio and not fate.arrived))

    def gone_since(self, fate: Fate) -> datetime:
        """The earliest that may be told. What may never have arrived goes with its copy at Twilio; and what came back
        and went again between two sweeps, and left no marker, has been gone all the time.
        """
        may_not_have_arrived = not fate.arrived or fate.alerted or self.now >= fate.made + timedelta(days=29)
        at_twilio = [fate.deleted_at_twilio] if fate.deleted_at_twilio and may_not_have_arrived else []
        return min(fate.goings[:1] + at_twilio, default=self.now)

    def may_be_unseen(self, fate: Fate) -> bool:
        """Where there is no marker. Nothing tells of a recording then that Twilio has purged; one made today may be on
        its way, and one that Twilio says it could not upload may never have arrived.
        """
        on_its_way = self.now <= fate.made + timedelta(days=1, minutes=1)
        unproven = not fate.deleted_at_twilio and (on_its_way or fate.alerted)
        return not self.is_hidden(fate) and (unproven or not self.is_known_at_twilio(fate))

    def is_known_at_twilio(self, fate: Fate) -> bool:
        return not fate.deleted_at_twilio or fate.deleted_at_twilio > self.now - METADATA_LIFE

    def is_watched(self, fate: Fate) -> bool:
        found = fate.key.startswith(f"{self.path}{ACCOUNT}/") or (not self.path and self.is_known_at_twilio(fate))
        return not fate.bucket or (fate.bucket == self.bucket and found)

    def has_copy(self, fate: Fate) -> bool:
        return self.is_hidden(fate) is False

    def is_hidden(self, fate: Fate) -> bool | None:
        history = self.world.s3.buckets[fate.bucket].versions.get(fate.key) if fate.bucket else None
        return history[-1].is_delete_marker if history else None  # nothing is left of it

    def some(self, wanted: Callable[[Fate], object], first: int = 0, count: int | None = None) -> list[Fate]:
        fates = [fate for fate in self.fates.values() if wanted(fate)]
        first %= max(len(fates), 1)
        return (fates[first:] + fates[:first])[:count]

    def record(self, bucket: str, path: str, *, arrives: bool) -> Fate:
        self.world.twilio.store_in(f"https://{bucket}.s3.us-east-1.amazonaws.com/{path}" if bucket else "")
        sid = self.world.twilio.record()
        fate = self.fates[sid] = Fate(sid, bucket, path + object_key(sid), self.now, arrives)
        if arrives:
            self.world.s3.put(fate.bucket, fate.key)
        return fate

    def edit(self, **spec: object) -> None:
        self.world.cluster.edit(self.key, lambda obj: obj["spec"].update(spec))


# The same lives in every run: to look for others, take the last setting out.
Life.TestCase.settings = settings(max_examples=130, stateful_step_count=40, derandomize=True)
TestLife = pytest.mark.timeout(600)(Life.TestCase)  # what fails takes minutes to be made short
