import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recording_storage_operator.core.errors import ReconcileError, Transient, Wait
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.twilio.answers import Answer, Asked, document, retry_after, server_time
from tests.unit.twilio.wire import ACCOUNT, DATE, problem

ASKED = Asked("its recordings", ACCOUNT, "twilio")
JSON = "application/json"
NESTED_TOO_DEEP = b'{"x":' * 3000


def refused(answer: Answer) -> ReconcileError:
    with pytest.raises(ReconcileError) as caught:
        document(answer, ASKED)
    return caught.value


def answer(status: int, body: Any = None, content_type: str = JSON, **headers: str) -> Answer:
    return Answer(status, content_type, json.dumps(body).encode(), **headers)


@pytest.mark.parametrize("content_type", [JSON, "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
def test_a_json_document_is_the_answer(content_type: str) -> None:
    assert document(Answer(200, content_type, b"{}"), ASKED) == b"{}"


@pytest.mark.parametrize("content_type", ["", "text/html", "application/xml", "text/plain", "application/problem+json"])
def test_anything_but_json_is_no_answer_even_with_status_200(content_type: str) -> None:
    assert refused(Answer(200, content_type, b"{}")).reason is Reason.TWILIO_ANSWER_UNUSABLE


def test_twilios_own_20404_means_that_there_is_none() -> None:
    assert document(answer(404, problem(20404, 404)), ASKED) is None


@pytest.mark.parametrize(
    "other",
    [
        answer(404, problem(None, 404)),
        answer(404, {"timestamp": 1, "status": 404, "error": "Not Found", "path": "/"}),
        answer(404, problem(20003, 404)),
        answer(404, {"code": "20404", "status": 404}),
        answer(404, problem(20404, 404), content_type="text/html"),
        Answer(404, "application/xml", b"<TwilioResponse><RestException><Code>20404</Code></RestException>"),
        Answer(404, JSON, b'{"code": 20404'),
        Answer(404, JSON, b""),
        answer(410, problem(20404, 404)),
        answer(400, problem(20404, 404)),
    ],
)
def test_somebody_elses_404_never_means_that_there_is_none(other: Answer) -> None:
    error = refused(other)
    assert isinstance(error, Transient)
    assert error.reason is Reason.TWILIO_ANSWER_UNUSABLE


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (401, Wait, Reason.TWILIO_CREDENTIALS_REJECTED),
        (403, Wait, Reason.TWILIO_ACCESS_DENIED),
        (429, Transient, Reason.TWILIO_THROTTLED),
        (500, Transient, Reason.TWILIO_UNREACHABLE),
        (502, Transient, Reason.TWILIO_UNREACHABLE),
        (503, Transient, Reason.TWILIO_UNREACHABLE),
        (204, Transient, Reason.TWILIO_ANSWER_UNUSABLE),
        (206, Transient, Reason.TWILIO_ANSWER_UNUSABLE),
        (301, Transient, Reason.TWILIO_ANSWER_UNUSABLE),
        (307, Transient, Reason.TWILIO_ANSWER_UNUSABLE),
        (400, Transient, Reason.TWILIO_ANSWER_UNUSABLE),
        (407, Transient, Reason.TWILIO_ANSWER_UNUSABLE),
    ],
)
@pytest.mark.parametrize("body", [problem(20404, 404), problem(20003, 401), "<html>", None])
def test_the_status_decides_whatever_the_body_says(
    status: int, kind: type[ReconcileError], reason: Reason, body: Any
) -> None:
    error = refused(answer(status, body))
    assert type(error) is kind
    assert error.reason is reason


def test_a_page_token_twilio_no_longer_knows_asks_for_a_fresh_start() -> None:
    assert refused(answer(400, problem(21481, 400))).reason is Reason.LISTING_INCONSISTENT


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 11:59:30 GMT", None),
        ("-1", None),
        ("inf", None),
        ("nan", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_of_seconds_or_a_date(header: str, seconds: float | None) -> None:
    told = answer(429, date=DATE, retry_after=header)
    assert retry_after(told) == seconds
    error = refused(told)
    assert isinstance(error, Transient)
    assert error.retry_after == seconds


@pytest.mark.parametrize("date", [DATE, "Sun, 01 Mar 2026 13:00:00 +0100"])
def test_the_servers_time_is_its_date_header_in_utc(date: str) -> None:
    time = server_time(answer(200, date=date), ASKED)
    assert time == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert time.tzinfo is UTC


@pytest.mark.parametrize(
    "date", ["", "now", "2026-03-01", "Sun, 99 Mar 2026 12:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -0100"]
)
def test_without_a_usable_date_header_there_is_no_time(date: str) -> None:
    with pytest.raises(Transient) as caught:
        server_time(answer(200, date=date), ASKED)
    assert caught.value.reason is Reason.TWILIO_ANSWER_UNUSABLE


@given(
    status=st.integers(100, 599),
    content_type=st.sampled_from([JSON, "text/html", ""]) | st.text(max_size=20),
    body=st.binary(max_size=60)
    | st.sampled_from([NESTED_TOO_DEEP, b'{"code": 1e999}', b'{"code": 99999999999999999999999}']),
    header=st.text(max_size=30),
)
def test_no_answer_at_all_ends_in_anything_but_a_document_or_our_own_error(
    status: int, content_type: str, body: bytes, header: str
) -> None:
    told = Answer(status, content_type, body, date=header, retry_after=header)
    try:
        found = document(told, ASKED)
    except (Transient, Wait):
        return
    assert status == 200
    assert found == body
