"""Twilio in memory: accounts whose recordings come, are deleted and are purged, seen through `TwilioClient`.

    clock = VirtualClock()
    twilio = FakeTwilio(clock)
    sid = twilio.record()
    twilio.delete(sid)
    twilio.fail("recordings", Transient(Reason.TWILIO_THROTTLED, "too fast"), times=2)
    client = twilio.account()
    keys = twilio.aws_credentials()
    registered = keys.register("writer", "A" * 20, "s" * 40)
    twilio.store_in("https://bucket.s3.amazonaws.com", credential_sid=registered.sid)

tests/contract holds this fake and the real adapter to the same behaviour.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from recording_storage_operator.core.clock import Clock
from recording_storage_operator.core.errors import ReconcileError, Terminal, Wait
from recording_storage_operator.core.facts import (
    AccountFacts,
    AwsCredential,
    DeletionEvent,
    DeletionEventPage,
    UploadAlert,
    UploadAlertPage,
)
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.recordings import COMPLETED, DELETED, Recording, RecordingPage

ACCOUNT = "AC" + "a" * 32
METADATA_LIFE = timedelta(days=40)
MONITOR_LIFE = timedelta(days=30)
KEY_PAIR = re.compile(r"[A-Z0-9]{20}:[A-Za-z0-9/+=]{40}")
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class VirtualClock:
    """A clock that moves when told."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._now = start

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def advance(self, *, days: float = 0, seconds: float = 0) -> None:
        self._now += timedelta(days=days, seconds=seconds)


@dataclass(frozen=True)
class Call:
    """A call a client made; `argument` is the page, the SID or None."""

    account_sid: str
    method: str
    argument: str | None


@dataclass(frozen=True)
class RegisteredKey:
    """A credential with the pair that Twilio never shows."""

    credential: AwsCredential
    access_key_id: str
    secret_access_key: str


@dataclass
class _Stored:
    recording: Recording
    created_at: datetime
    deleted_at: datetime | None = None
    hidden: bool = False
    order: str = field(init=False)
    """Sorts oldest first, and names the place in a listing whatever else comes or goes."""

    def __post_init__(self) -> None:
        self.order = f"{self.created_at.astimezone(UTC).isoformat()}|{self.recording.sid}"


@dataclass
class _Account:
    sid: str
    status: str = "active"
    bucket_url: str = ""
    credential_sid: str = ""
    keys: dict[str, RegisteredKey] = field(default_factory=dict)
    recordings: dict[str, _Stored] = field(default_factory=dict)
    events: list[DeletionEvent] = field(default_factory=list)
    alerts: list[UploadAlert] = field(default_factory=list)
    unattributed: list[datetime] = field(default_factory=list)


@dataclass(frozen=True)
class _Fault:
    method: str
    error: ReconcileError
    committed: bool


class FakeTwilio:
    """The world behind the clients. Every attribute may be changed at any time."""

    def __init__(self, clock: Clock, page_size: int = 1000) -> None:
        self.clock = clock
        self.page_size = page_size
        """The most a page holds, whatever the client asks for."""
        self.event_lag = timedelta(0)
        """How long after a deletion its event appears."""
        self.lose_events = False
        """Deletions from now on have no event, ever."""
        self.clock_skew = timedelta(0)
        """How far Twilio's own time is ahead of the clock."""
        self.removed_key_stops_uploads = True
        """Whether uploads fail (alert 16112) once the credential they use is removed; else a copy is used on."""
        self.calls: list[Call] = []
        self.on_call: Callable[[Call], None] = lambda call: None
        """Runs before each call is answered: things that happen while somebody reads."""
        self._accounts: dict[str, _Account] = {}
        self._faults: list[_Fault] = []
        self._made = 0

    def account(self, account_sid: str = ACCOUNT) -> "FakeTwilioClient":
        """A client of an account, which exists from then on."""
        self._account(account_sid)
        return FakeTwilioClient(self, account_sid)

    def aws_credentials(self, account_sid: str = ACCOUNT) -> "FakeAwsCredentials":
        """A client of the account's key pairs."""
        self._account(account_sid)
        return FakeAwsCredentials(self, account_sid)

    def key_pairs(self, account_sid: str = ACCOUNT) -> list[RegisteredKey]:
        """What is registered, oldest first."""
        return list(self._account(account_sid).keys.values())

    def uploads_work(self, account_sid: str = ACCOUNT) -> bool:
        """Whether the credential chosen for uploads, if any, still lets recordings reach the bucket."""
        account = self._account(account_sid)
        chosen = account.credential_sid
        return not chosen or chosen in account.keys or not self.removed_key_stops_uploads

    def set_status(self, status: str, account_sid: str = ACCOUNT) -> None:
        """active, suspended or closed."""
        self._account(account_sid).status = status

    def store_in(self, bucket_url: str, account_sid: str = ACCOUNT, *, credential_sid: str = "") -> None:
        """The Console switch: where new recordings go, and with which key. Empty is Twilio's own cloud."""
        account = self._account(account_sid)
        if credential_sid and credential_sid not in account.keys:
            raise KeyError(credential_sid)
        account.bucket_url = bucket_url.rstrip("/")
        account.credential_sid = credential_sid

    def record(
        self,
        sid: str = "",
        *,
        status: str = COMPLETED,
        media_url: str | None = None,
        created_at: datetime | None = None,
        duration: int = 10,
        account_sid: str = ACCOUNT,
    ) -> str:
        """A new recording, by default made now and stored where the account stores them. Returns its SID.

        `duration` is in seconds.
        """
        sid = sid or self.made_sid("RE")
        account = self._account(account_sid)
        created = (created_at or self.clock.now()).replace(microsecond=0)
        recording = Recording(
            sid=sid,
            status=status,
            date_created=format_datetime(created),
            media_url=media_url or _media_url(account, sid),
            duration=str(duration) if status == COMPLETED else None,
        )
        account.recordings[sid] = _Stored(recording, created)
        if account.bucket_url and not self.uploads_work(account_sid):
            self.alert(sid)
        return sid

    def set_recording_status(self, sid: str, status: str) -> None:
        """For instance from processing to completed."""
        _, stored = self._find(sid)
        stored.recording = replace(stored.recording, status=status, duration="10")

    def delete(self, sid: str) -> None:
        """DELETE of one recording: the audio is gone, an event tells of it."""
        self._delete(sid, told=not self.lose_events)

    def bulk_delete(self, *sids: str) -> None:
        """A deletion in the Console's log page, of which no `recording.deleted` event tells."""
        for sid in sids:
            self._delete(sid, told=False)

    def hide(self, sid: str, *, hidden: bool = True) -> None:
        """Listings leave it out, though it exists and can be fetched."""
        self._find(sid)[1].hidden = hidden

    def forget(self, sid: str) -> None:
        """It vanishes with its metadata, as if it never was."""
        account, _ = self._find(sid)
        del account.recordings[sid]

    def alert(self, sid: str, code: int = 16112) -> None:
        """Twilio could not write this recording to the bucket."""
        account, _ = self._find(sid)
        account.alerts.append(UploadAlert(sid, code, self.clock.now().replace(microsecond=0)))

    def alert_about_none(self, account_sid: str = ACCOUNT) -> None:
        """Twilio could not write a recording, and does not say which."""
        self._account(account_sid).unattributed.append(self.clock.now().replace(microsecond=0))

    def fail(self, method: str, error: ReconcileError, times: int = 1, *, committed: bool = False) -> None:
        """The next calls of this method raise the error, whichever account they are for.

        Where `committed`, only once it is done: a change whose answer was lost (`register`, `remove`).
        """
        self._faults.extend([_Fault(method, error, committed)] * times)

    def forgive(self) -> None:
        """Forget the faults that are still to come."""
        self._faults.clear()

    def _delete(self, sid: str, *, told: bool) -> None:
        account, stored = self._find(sid)
        if stored.recording.status != COMPLETED:
            raise ValueError(f"{sid} is {stored.recording.status}: only a completed recording can be deleted")
        stored.deleted_at = self.clock.now().replace(microsecond=0)
        stored.recording = replace(stored.recording, status=DELETED)
        if told:
            account.events.append(DeletionEvent(sid, stored.deleted_at))

    def _account(self, account_sid: str) -> _Account:
        return self._accounts.setdefault(account_sid, _Account(account_sid))

    def _find(self, sid: str) -> tuple[_Account, _Stored]:
        for account in self._accounts.values():
            if sid in account.recordings:
                return account, account.recordings[sid]
        raise KeyError(sid)

    def called(self, call: Call) -> _Account:
        """Log a call, let the world react, and raise the fault that is due."""
        self.calls.append(call)
        self.on_call(call)
        self._raise_due(call, committed=False)
        return self._account(call.account_sid)

    def done(self, call: Call) -> None:
        """Raise the fault that loses the answer, if one is due."""
        self._raise_due(call, committed=True)

    def made_sid(self, prefix: str) -> str:
        """A SID nothing else has."""
        self._made += 1
        return prefix + hashlib.sha256(str(self._made).encode()).hexdigest()[:32]

    def _raise_due(self, call: Call, *, committed: bool) -> None:
        for index, fault in enumerate(self._faults):
            if (fault.method, fault.committed) == (call.method, committed):
                del self._faults[index]
                raise fault.error


@dataclass(frozen=True)
class FakeTwilioClient:
    """One account of a FakeTwilio, as the reconciler sees it."""

    world: FakeTwilio
    account_sid: str

    def account(self) -> AccountFacts:
        account = self.world.called(Call(self.account_sid, "account", None))
        if account.status == "suspended":
            raise Wait(Reason.TWILIO_ACCOUNT_SUSPENDED, "the account is suspended")
        if account.status == "closed":
            raise Wait(Reason.TWILIO_ACCOUNT_CLOSED, "the account is closed")
        server_time = (self.world.clock.now() + self.world.clock_skew).replace(microsecond=0)
        return AccountFacts(account.sid, account.status, "fake", server_time)

    def recordings(self, page: str | None = None, page_size: int = 1000) -> RecordingPage:
        stored = self._children(Call(self.account_sid, "recordings", page))
        older = (one for one in stored.values() if not one.hidden and (page is None or one.order < page))
        newest_first = sorted(older, key=lambda one: one.order, reverse=True)
        shown = newest_first[: min(page_size, self.world.page_size)]
        more = len(newest_first) > len(shown)
        return RecordingPage([one.recording for one in shown], shown[-1].order if more else None)

    def recording(self, sid: str) -> Recording | None:
        stored = self._children(Call(self.account_sid, "recording", sid)).get(sid)
        return stored.recording if stored else None

    def deletion_events(self, since: datetime, page: str | None = None) -> DeletionEventPage:
        self._children(Call(self.account_sid, "deletion_events", page))
        now = self.world.clock.now()
        first = max(since, now - MONITOR_LIFE)
        events = self.world._account(self.account_sid).events
        seen = [event for event in events if first <= event.deleted_at <= now - self.world.event_lag]
        start, end, following = self._window(page, len(seen))
        return DeletionEventPage(seen[::-1][start:end], following)

    def upload_alerts(self, since: datetime, page: str | None = None) -> UploadAlertPage:
        self._children(Call(self.account_sid, "upload_alerts", page))
        first = max(since, self.world.clock.now() - MONITOR_LIFE)
        account = self.world._account(self.account_sid)
        seen = [alert for alert in account.alerts if first <= (alert.raised_at or first)]
        start, end, following = self._window(page, len(seen))
        unattributed = 0 if page else sum(first <= raised_at for raised_at in account.unattributed)
        return UploadAlertPage(seen[::-1][start:end], following, "An alert names no recording." if unattributed else "")

    def _window(self, page: str | None, total: int) -> tuple[int, int, str | None]:
        start = int(page or 0)
        end = start + self.world.page_size
        return start, end, str(end) if end < total else None

    def _children(self, call: Call) -> dict[str, _Stored]:
        """The recordings that are not purged yet. A suspended or closed account refuses these, as Twilio does."""
        account = self.world.called(call)
        if account.status != "active":
            raise Wait(Reason.TWILIO_CREDENTIALS_REJECTED, "Twilio refused the credentials")
        limit = self.world.clock.now() - METADATA_LIFE
        purged = [sid for sid, one in account.recordings.items() if one.deleted_at and one.deleted_at <= limit]
        for sid in purged:
            del account.recordings[sid]
        return account.recordings


@dataclass(frozen=True)
class FakeAwsCredentials:
    """The key pairs of one account of a FakeTwilio. Its calls are `listed`, `register` (by name) and `remove`."""

    world: FakeTwilio
    account_sid: str

    def listed(self) -> list[AwsCredential]:
        return [key.credential for key in self._keys(Call(self.account_sid, "listed", None)).values()]

    def register(self, name: str, access_key_id: str, secret_access_key: str) -> AwsCredential:
        if len(name) > 64:
            raise ValueError("Twilio takes names of at most 64 characters")
        if not KEY_PAIR.fullmatch(f"{access_key_id}:{secret_access_key}"):
            raise Terminal(Reason.SECRET_MALFORMED, "the keys accessKeyId and secretAccessKey are no AWS key pair")
        call = Call(self.account_sid, "register", name)
        keys = self._keys(call)
        made = AwsCredential(self.world.made_sid("CR"), name, self.world.clock.now().replace(microsecond=0))
        keys[made.sid] = RegisteredKey(made, access_key_id, secret_access_key)
        self.world.done(call)
        return made

    def remove(self, sid: str) -> None:
        call = Call(self.account_sid, "remove", sid)
        self._keys(call).pop(sid, None)
        self.world.done(call)

    def _keys(self, call: Call) -> dict[str, RegisteredKey]:
        account = self.world.called(call)
        if account.status != "active":
            raise Wait(Reason.TWILIO_CREDENTIALS_REJECTED, "Twilio refused the credentials")
        return account.keys


def _media_url(account: _Account, sid: str) -> str:
    if account.bucket_url:
        return f"{account.bucket_url}/{account.sid}/{sid}"
    return f"https://api.twilio.com/2010-04-01/Accounts/{account.sid}/Recordings/{sid}"
