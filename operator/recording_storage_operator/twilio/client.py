"""One account at Twilio, read over its REST API: satisfies `TwilioClient` of the reconciler's ports."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote, urlencode

from ..core.errors import Wait
from ..core.facts import AccountFacts, DeletionEventPage, UploadAlertPage
from ..core.reasons import Reason
from ..core.recordings import PAGE_SIZE, Recording, RecordingPage
from . import alerts, documents
from .answers import NOT_FOUND_CODE, Answer, Asked, document, present, server_time
from .pages import first_query, next_absolute, next_relative, with_parameter
from .patience import Patience
from .transport import Transport

T = TypeVar("T")

_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})

SOFT_DELETED = ("IncludeSoftDeleted", "true")
"""Without it Twilio leaves out deleted recordings, which are what this operator is there for."""


@dataclass(frozen=True, slots=True)
class Roots:
    """Where Twilio's APIs are, without a slash at the end."""

    api: str
    monitor: str
    accounts: str


@dataclass(frozen=True, slots=True)
class TwilioRestClient:
    """Safe to use from several threads. Every method is a read that is tried a few times (`patience`).

    Ask for `account()` first: the lists of a suspended account are refused like wrong credentials.
    """

    account_sid: str
    secret_name: str
    roots: Roots
    transport: Transport
    patience: Patience

    def account(self) -> AccountFacts:
        """The account and Twilio's time. Raises Wait for one that is suspended, closed, or not there.

        A Standard API key is barred from the account itself (a Restricted one may be), but not from its recordings:
        these are refused unless the account is active, so where they are listed it is.
        """
        asked = Asked("the account", self.account_sid, self.secret_name)

        def read(answer: Answer) -> AccountFacts:
            if answer.status in _DENIED and self.transport.credentials.is_api_key:
                return self._account_seen_from_its_recordings()
            return _account(answer, asked)

        return self._ask(f"{self._account_url}.json", read)

    def recordings(self, page: str | None = None, page_size: int = PAGE_SIZE) -> RecordingPage:
        """A page of the account's list, soft-deleted ones included. Order and overlap are Twilio's.

        Raises Transient(LISTING_INCONSISTENT) where Twilio no longer knows `page`: then start again without one.
        """
        asked = self._asked_recordings()
        query = with_parameter(page or urlencode({"PageSize": page_size}), *SOFT_DELETED)

        def read(answer: Answer) -> RecordingPage:
            found, uri = documents.own_recordings(present(answer, asked), asked)
            return RecordingPage(found, next_relative(uri, f"{self._account_path}/Recordings.json", query, asked))

        return self._ask(f"{self._account_url}/Recordings.json?{query}", read)

    def recording(self, sid: str) -> Recording | None:
        """One recording, soft-deleted or not. None only on Twilio's own error 20404."""
        asked = self._asked_recordings()

        def read(answer: Answer) -> Recording | None:
            body = document(answer, asked)
            return None if body is None else documents.own_recording(body, sid, asked)

        name = quote(sid, safe="")
        return self._ask(f"{self._account_url}/Recordings/{name}.json?{urlencode([SOFT_DELETED])}", read)

    def deletion_events(self, since: datetime, page: str | None = None) -> DeletionEventPage:
        """A page of `recording.deleted` events, which Twilio keeps 30 days (13 months in some editions).

        A bulk deletion in the Console is an event of its own kind and not among these. Raises Wait for a parent's API
        key, and where Twilio has no Monitor.
        """
        asked = self._asked_events()
        if page is None:
            self._shows_own_events()
        query = page or first_query(since, EventType="recording.deleted")

        def read(answer: Answer) -> DeletionEventPage:
            found, url = documents.deletions(_of_monitor(answer, asked), asked)
            return DeletionEventPage(found, next_absolute(url, self._events_url, query, asked))

        return self._ask(f"{self._events_url}?{query}", read)

    def upload_alerts(self, since: datetime, page: str | None = None) -> UploadAlertPage:
        """A page of the account's alerts, of which only those about failed uploads are kept: it may be empty.

        Twilio does not answer for a `since` more than 30 days ago. There is no filter by code, and none by level
        is used, because Twilio does not document the level of these alerts. Raises Wait for a parent's API key, where
        Twilio has no Monitor, and for a day of more alerts than Twilio lists.
        """
        asked = Asked("its Monitor alerts", self.account_sid, self.secret_name)
        doubt = self._doubt_of_monitor() if page is None else ""
        listing = f"{self.roots.monitor}/v1/Alerts"
        window = alerts.window_of(since, page)

        def read(answer: Answer) -> UploadAlertPage:
            found = documents.upload_failures(_of_monitor(answer, asked), asked)
            query = next_absolute(found.next_page_url, listing, window.asked_for, asked)
            token = alerts.following(window.after(found.rows, query), since, server_time(answer, asked), asked)
            return UploadAlertPage(found.failures, token, documents.UNATTRIBUTED if found.unattributed else doubt)

        return self._ask(f"{listing}?{window.asked_for}", read)

    @property
    def _account_path(self) -> str:
        return f"/2010-04-01/Accounts/{self.account_sid}"

    @property
    def _account_url(self) -> str:
        return self.roots.api + self._account_path

    def _account_seen_from_its_recordings(self) -> AccountFacts:
        asked = self._asked_recordings()
        answer = self.transport.get(f"{self._account_url}/Recordings.json?PageSize=1")
        body = document(answer, asked)
        if body is None:
            raise _not_found(asked)
        documents.own_recordings(body, asked)
        return AccountFacts(self.account_sid, "active", "", server_time(answer, asked))

    def _doubt_of_monitor(self) -> str:
        """Why an empty list of alerts may say nothing of this account, empty where it does."""
        proven = self._shows_own_events() or self._owns_itself()
        return "" if proven else documents.feed_of_nobody_known(self._asked_events())

    def _shows_own_events(self) -> bool:
        """Whether Monitor is known to be the account's own: the newest event of any kind tells, where an empty list of
        deletions or alerts does not. Raises Wait for another's.

        A key that may not read events may read alerts all the same.
        """
        asked = self._asked_events()

        def read(answer: Answer) -> bool:
            return answer.status in _DENIED or documents.shows_own_events(_of_monitor(answer, asked), asked)

        return not self.transport.credentials.is_api_key or self._ask(f"{self._events_url}?PageSize=1", read)

    def _owns_itself(self) -> bool:
        """Whether there is no parent whose key this could be. False where the key may not read the account."""
        asked = Asked("the account", self.account_sid, self.secret_name)

        def read(answer: Answer) -> bool:
            return answer.status not in _DENIED and documents.owns_itself(present(answer, asked), asked)

        return self._ask(f"{self._account_url}.json", read)

    @property
    def _events_url(self) -> str:
        return f"{self.roots.monitor}/v1/Events"

    def _asked_events(self) -> Asked:
        return Asked("its Monitor events", self.account_sid, self.secret_name)

    def _asked_recordings(self) -> Asked:
        return Asked("its recordings", self.account_sid, self.secret_name)

    def _ask(self, url: str, read: Callable[[Answer], T]) -> T:
        """Reading is part of the attempt: a document that is no good is asked for again."""
        return self.patience.persist(lambda: read(self.transport.get(url)))


def _account(answer: Answer, asked: Asked) -> AccountFacts:
    body = document(answer, asked)
    if body is None:
        raise _not_found(asked)
    facts = documents.account_facts(body, server_time(answer, asked), asked)
    if facts.status == "suspended":
        raise Wait(
            Reason.TWILIO_ACCOUNT_SUSPENDED,
            f"Twilio account {facts.sid} is suspended: its recordings cannot be read. Reactivate it in the Console.",
        )
    if facts.status == "closed":
        raise Wait(
            Reason.TWILIO_ACCOUNT_CLOSED,
            f"Twilio account {facts.sid} is closed. Twilio deletes a closed account with everything in it after "
            "30 days; ask Twilio's support to reopen it if its recordings still matter.",
        )
    return facts


def _of_monitor(answer: Answer, asked: Asked) -> bytes:
    """The document of a list of Monitor, which not each of Twilio's regions has."""
    body = document(answer, asked)
    if body is None:
        raise Wait(
            Reason.TWILIO_ACCESS_DENIED,
            f"Asked for {asked.what}, Twilio answered that there is no such list (error {NOT_FOUND_CODE}): it has no "
            "Monitor in this region.",
        )
    return body


def _not_found(asked: Asked) -> Wait:
    return Wait(
        Reason.TWILIO_ACCOUNT_NOT_FOUND,
        f"Twilio knows no account {asked.account_sid} that the credentials in Secret {asked.secret_name!r} may "
        "see. Check spec.twilio.accountSid, and that the account was not closed more than 30 days ago.",
    )
