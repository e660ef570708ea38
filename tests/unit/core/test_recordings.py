"""Where a recording is, read from its media_url."""

import time
from datetime import UTC, datetime

import pytest

from recording_storage_operator.core.recordings import Location, Locator, Place, Recording, parse_rfc2822, sid_of_key
from tests.builders import recording_sid

SID = recording_sid(1)
KEY = f"voice/AC1/{SID}"
LOCATOR = Locator(bucket="acme", prefix="voice/", endpoint="http://s3.local:9000", twilio_host="127.0.0.1:8080")
WATCHED = Location(Place.WATCHED_BUCKET, "acme", KEY)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        (f"https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/{SID}", Location(Place.TWILIO)),
        (f"http://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/{SID}", Location(Place.TWILIO)),
        (f"https://api.dublin.ie1.twilio.com/2010-04-01/Accounts/AC1/Recordings/{SID}", Location(Place.TWILIO)),
        (f"http://127.0.0.1:8080/2010-04-01/Accounts/AC1/Recordings/{SID}", Location(Place.TWILIO)),
        (f"https://acme.s3.amazonaws.com/{KEY}", WATCHED),
        (f"https://acme.s3.eu-central-1.amazonaws.com/{KEY}", WATCHED),
        (f"https://acme.s3-eu-central-1.amazonaws.com/{KEY}", WATCHED),
        (f"https://s3.eu-central-1.amazonaws.com/acme/{KEY}", WATCHED),
        (f"https://s3.amazonaws.com/acme/{KEY}", WATCHED),
        (f"http://acme.s3.local:9000/{KEY}", WATCHED),
        (f"http://s3.local:9000/acme/{KEY}", WATCHED),
        (f"https://acme.s3.cn-north-1.amazonaws.com.cn/{KEY}", WATCHED),
        (f"https://acme.s3.amazonaws.com/other/{SID}", Location(Place.OTHER_BUCKET, "acme", f"other/{SID}")),
        (f"https://my.dotted.bucket.s3.amazonaws.com/{SID}", Location(Place.OTHER_BUCKET, "my.dotted.bucket", SID)),
        (f"https://acme.s3.amazonaws.com//{KEY}", Location(Place.OTHER_BUCKET, "acme", f"/{KEY}")),
        (f"https://s3.amazonaws.com/acme//{KEY}", Location(Place.OTHER_BUCKET, "acme", f"/{KEY}")),
        (f"https://[acme.s3.amazonaws.com/{KEY}", Location(Place.UNKNOWN)),
        (f"https://eviltwilio.com/{KEY}", Location(Place.OTHER_BUCKET, "voice", f"AC1/{SID}")),
        ("", Location(Place.UNKNOWN)),
        (None, Location(Place.UNKNOWN)),
    ],
)
def test_a_media_url_tells_the_place(url: str | None, location: Location) -> None:
    assert LOCATOR.locate(url) == location


def test_without_a_bucket_every_external_recording_is_elsewhere() -> None:
    assert Locator().locate(f"https://acme.s3.amazonaws.com/{KEY}").place is Place.OTHER_BUCKET


@pytest.mark.parametrize("endpoint", ["", "https://s3.eu-central-1.amazonaws.com"])
@pytest.mark.parametrize("host", ["storage.googleapis.com", "minio.example.com", "s3.amazonaws.com.example.com"])
def test_a_bucket_of_the_same_name_at_another_provider_is_not_the_one_at_aws(endpoint: str, host: str) -> None:
    locator = Locator(bucket="acme", endpoint=endpoint)
    assert locator.locate(f"https://{host}/acme/{KEY}") == Location(Place.OTHER_BUCKET, "acme", KEY)
    assert locator.locate(f"https://acme.s3.amazonaws.com/{KEY}") == WATCHED


def test_a_server_of_ones_own_may_have_another_name_for_twilio() -> None:
    assert LOCATOR.locate(f"https://minio.example.com/acme/{KEY}") == WATCHED


def test_a_bucket_url_that_ends_with_a_slash_makes_keys_that_begin_with_one() -> None:
    key = f"/AC1/{SID}"
    found = Locator(bucket="acme").locate(f"https://acme.s3.amazonaws.com/{key}")
    assert found == Location(Place.WATCHED_BUCKET, "acme", key)


@pytest.mark.parametrize(
    ("key", "sid"),
    [
        (KEY, SID),
        (f"{KEY}.wav", SID),
        (SID, SID),
        (f"{KEY}/part", None),
        ("voice/AC1/twilio-test.txt", None),
        (f"{KEY}.wav.bak", None),
    ],
)
def test_a_key_tells_the_recording(key: str, sid: str | None) -> None:
    assert sid_of_key(key) == sid


@pytest.mark.parametrize("text", ["", "yesterday", "Fri, 99 May 2026 22:23:00 +0000"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_rfc2822(text) is None


def test_dates_keep_their_offset() -> None:
    assert parse_rfc2822("Fri, 01 May 2026 22:23:00 +0100") == datetime(2026, 5, 1, 21, 23, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["", " -0000"])
def test_a_date_without_an_offset_is_utc_wherever_the_operator_runs(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert parse_rfc2822(f"Fri, 01 May 2026 22:23:00{zone}") == datetime(2026, 5, 1, 22, 23, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(("duration", "seconds"), [("12", 12), (None, 0), ("", 0), ("unknown", 0)])
def test_a_length_is_seconds(duration: str | None, seconds: int) -> None:
    assert Recording(SID, "completed", "", duration=duration).seconds == seconds
