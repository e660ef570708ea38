from collections.abc import Callable

import pytest

from recording_storage_operator.core.errors import Transient
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.twilio.answers import Asked
from recording_storage_operator.twilio.pages import next_absolute, next_relative, with_parameter
from tests.unit.twilio.wire import ACCOUNT, OTHER_ACCOUNT

ASKED = Asked("its recordings", ACCOUNT, "twilio")
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Recordings.json"
LISTING = "https://monitor.twilio.com/v1/Events"
FIRST = "PageSize=1000&IncludeSoftDeleted=true"


def relative(uri: str | None, current: str = FIRST) -> str | None:
    return next_relative(uri, PATH, current, ASKED)


def absolute(url: str | None, listing: str = LISTING) -> str | None:
    return next_absolute(url, listing, "PageSize=1000", ASKED)


def assert_unusable(read: Callable[[], object]) -> None:
    with pytest.raises(Transient) as caught:
        read()
    assert caught.value.reason is Reason.TWILIO_ANSWER_UNUSABLE


def test_the_token_is_the_query_alone() -> None:
    assert relative(f"{PATH}?PageSize=1000&Page=1&PageToken=PA1") == "PageSize=1000&Page=1&PageToken=PA1"
    assert absolute(f"{LISTING}?Page=1&PageToken=PT1") == "Page=1&PageToken=PT1"


def test_no_next_page_is_the_end() -> None:
    assert relative(None) is None
    assert absolute(None) is None


@pytest.mark.parametrize(
    "uri",
    [
        f"https://evil.example{PATH}?PageToken=x",
        f"//evil.example{PATH}?PageToken=x",
        f"/2010-04-01/Accounts/{OTHER_ACCOUNT}/Recordings.json?PageToken=x",
        f"/2010-04-01/Accounts/{ACCOUNT}/../{OTHER_ACCOUNT}/Recordings.json?PageToken=x",
        f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json?PageToken=x",
        "/?PageToken=x",
        "http://[",
        "",
        PATH,
    ],
)
def test_a_next_page_that_is_not_this_list_is_refused(uri: str) -> None:
    assert_unusable(lambda: relative(uri))


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1/Events?PageToken=x",
        "https://monitor.twilio.com.evil.example/v1/Events?PageToken=x",
        "https://eviltwilio.com/v1/Events?PageToken=x",
        "https://user@monitor.twilio.com/v1/Events?PageToken=x",
        "http://monitor.twilio.com/v1/Events?PageToken=x",
        "https://monitor.twilio.com/v1/Alerts?PageToken=x",
        "https://monitor.twilio.com?PageToken=x",
        "/v1/Events?PageToken=x",
        "http://[",
    ],
)
def test_a_next_page_at_another_place_is_refused(url: str) -> None:
    assert_unusable(lambda: absolute(url))


@pytest.mark.parametrize(
    "listing", ["https://monitor.dublin.ie1.twilio.com/v1/Events", "http://127.0.0.1:9/in/v1/Events"]
)
def test_twilio_may_name_itself_by_its_common_host(listing: str) -> None:
    assert absolute(f"{LISTING}?PageToken=PT1", listing) == "PageToken=PT1"


@pytest.mark.parametrize(
    ("current", "following"),
    [
        ("PageSize=5&PageToken=PA1", "PageSize=5&PageToken=PA1"),
        ("PageSize=5&PageToken=PA1", "PageToken=PA1&PageSize=5&IncludeSoftDeleted=true"),
        (FIRST, "IncludeSoftDeleted=true&PageSize=1000&Page=0"),
    ],
)
def test_a_page_that_names_itself_as_the_next_is_refused(current: str, following: str) -> None:
    assert_unusable(lambda: relative(f"{PATH}?{following}", current))


@pytest.mark.parametrize("query", ["Page=1&PageToken=PA1", "IncludeSoftDeleted=false&Page=1&PageToken=PA1"])
def test_a_parameter_is_set_whatever_the_query_said_of_it(query: str) -> None:
    assert with_parameter(query, "IncludeSoftDeleted", "true") == "Page=1&PageToken=PA1&IncludeSoftDeleted=true"
