"""Reading Monitor's lists: whose feed it is, where there is none, and a list of alerts that ends too early."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recording_storage_operator.core.errors import Transient, Wait
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.twilio import alerts
from recording_storage_operator.twilio.answers import Asked
from recording_storage_operator.twilio.client import TwilioRestClient
from tests.unit.twilio import wire
from tests.unit.twilio.conftest import Connect, Serve
from tests.unit.twilio.wire import ACCOUNT, Reply

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=30) + timedelta(hours=1)
ASKED = Asked("its Monitor alerts", ACCOUNT, "twilio")
API_KEY = {"apiKeySid": "SK" + "c" * 32, "apiKeySecret": "s3cret"}
ROW = wire.alert(1, "11200")


def page(rows: int, following: str | None = None) -> Reply:
    url = following and f"https://monitor.twilio.com/v1/Alerts?{following}"
    return Reply(wire.monitor_page("alerts", *[ROW] * rows, following=url))


def full(pages: int = 10) -> list[Reply]:
    """All that Twilio lists of a window that has more."""
    return [page(1000, f"PageToken=PT{n}") for n in range(pages - 1)] + [page(1000)]


def read(client: TwilioRestClient) -> Iterator[str | None]:
    """The tokens of a whole reading."""
    token = client.upload_alerts(SINCE).next_page
    while token:
        yield token
        token = client.upload_alerts(SINCE, token).next_page


def windows(seen: list[wire.Seen]) -> list[tuple[str | None, str | None]]:
    """Beginning and end of each window that was asked for."""
    queries: list[dict[str, Any]] = [parse_qs(urlsplit(one.path).query) for one in seen]
    return [(q["StartDate"][0], q.get("EndDate", [None])[0]) for q in queries if "StartDate" in q]


def test_a_list_of_alerts_that_is_not_full_is_read_once(serve: Serve, connect: Connect) -> None:
    server = serve(*full(9), page(999))
    assert len(list(read(connect(server.url)))) == 8
    assert windows(server.seen) == [("2026-01-30T13:00:00Z", None)]


@pytest.mark.parametrize("more", [None, "PageToken=PT10"], ids=["cut off", "going on"])
def test_a_full_list_of_alerts_is_read_again_day_by_day(serve: Serve, connect: Connect, more: str | None) -> None:
    """Twilio: at most 10,000 alerts are listed."""
    server = serve(*full()[:-1], page(1000, more), page(1000, "PageToken=PT20"), page(999), page(0))
    list(read(connect(server.url)))
    whole, *days = windows(server.seen)
    assert whole == ("2026-01-30T13:00:00Z", None)
    assert days[0] == ("2026-01-30T13:00:00Z", "2026-01-31T13:00:00Z")
    assert [end for _, end in days[:-1]] == [start for start, _ in days[1:]], "no moment is between two days"
    assert days[-1] == ("2026-02-28T13:00:00Z", None)
    assert len(days) == 30


def test_a_day_with_more_alerts_than_twilio_lists_is_said_so(serve: Serve, connect: Connect) -> None:
    server = serve(*full(), page(0), *full())
    with pytest.raises(Wait) as caught:
        list(read(connect(server.url)))
    assert "10000 alerts or more in one day" in caught.value.message
    assert len(server.seen) == 21


def test_a_list_of_alerts_that_never_ends_is_given_up(serve: Serve, connect: Connect) -> None:
    server = serve(*[page(0, f"PageToken=PT{n}") for n in range(500)])
    with pytest.raises(Transient) as caught:
        list(read(connect(server.url)))
    assert caught.value.reason is Reason.LISTING_INCONSISTENT
    assert len(server.seen) == alerts.MAX_PAGES


@given(
    st.data(),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds are naive
)
def test_whatever_twilio_answers_the_reading_ends(data: st.DataObject, now: datetime) -> None:
    """Also where its own clock is wrong by months."""
    answers = st.tuples(st.sampled_from([0, 1, 999, 1000, 10_000]), st.sampled_from([None, "PageToken=a"]))
    token: str | None = None
    starts = []
    for _ in range(32 * alerts.MAX_PAGES):
        window = alerts.window_of(SINCE, token)
        starts.append(window.start)
        try:
            token = alerts.following(window.after(*data.draw(answers)), SINCE, now, ASKED)
        except (Wait, Transient):
            return
        if token is None:
            break
    assert token is None
    assert all(earlier <= later for earlier, later in pairwise(starts))


@pytest.mark.parametrize("secret", [None, API_KEY])
def test_where_twilio_has_no_monitor_somebody_has_to_know(
    serve: Serve, connect: Connect, secret: dict[str, str] | None
) -> None:
    client = connect(serve(Reply(wire.problem(20404, 404), 404)).url, secret=secret)
    for ask in (client.deletion_events, client.upload_alerts):
        with pytest.raises(Wait) as caught:
            ask(SINCE)
        assert "no Monitor in this region" in caught.value.message


@pytest.mark.parametrize("body", [b"<html>not found</html>", b'{"status": 404}'])
def test_anybody_elses_404_says_nothing_of_monitor(serve: Serve, connect: Connect, body: bytes) -> None:
    client = connect(serve(Reply(body=body, status=404)).url)
    for ask in (client.deletion_events, client.upload_alerts):
        with pytest.raises(Transient):
            ask(SINCE)


def test_whose_feed_it_is_is_asked_once_for_each(serve: Serve, connect: Connect) -> None:
    own = Reply(
        wire.monitor_page("events", wire.event(1), following="https://monitor.twilio.com/v1/Events?PageToken=P")
    )
    server = serve(own, own, Reply(wire.monitor_page("events")))
    client = connect(server.url, secret=API_KEY)
    client.deletion_events(SINCE, client.deletion_events(SINCE).next_page)
    assert [one.path.partition("?")[2].partition("=")[0] for one in server.seen] == [
        "PageSize",
        "StartDate",
        "PageToken",
    ]


@pytest.mark.parametrize("owner", [None, "", wire.OTHER_ACCOUNT])
def test_an_account_that_does_not_say_that_it_owns_itself_may_be_a_subaccount(
    serve: Serve, connect: Connect, owner: str | None
) -> None:
    nothing, account = Reply(wire.monitor_page("events")), Reply(wire.account(owner_account_sid=owner))
    client = connect(serve(nothing, account, Reply(wire.monitor_page("alerts"))).url, secret=API_KEY)
    assert ACCOUNT in client.upload_alerts(SINCE).doubt


def test_a_key_that_may_not_read_events_may_read_alerts(serve: Serve, connect: Connect) -> None:
    raised = NOW - timedelta(hours=1)
    alert = wire.alert(1, date_generated=raised.isoformat())
    server = serve(
        Reply(wire.problem(20003, 403), 403),
        Reply(wire.monitor_page("alerts", alert), date=format_datetime(NOW, usegmt=True)),
    )
    assert [one.raised_at for one in connect(server.url, secret=API_KEY).upload_alerts(SINCE).alerts] == [raised]
