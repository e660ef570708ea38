"""External Storage against a real S3 server over a socket."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from lab.s3 import MotoServer
from lab.simulator import ControlRefused
from lab.twilio_simulator.bucket_url import BucketUrl

from .conftest import Api

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    with MotoServer() as server:
        yield server


@pytest.fixture(scope="module")
def s3(moto: MotoServer) -> "Iterator[S3Client]":
    client = moto.client()
    yield client
    client.close()


@pytest.fixture
def bucket(s3: "S3Client") -> str:
    name = f"recordings-{uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    return name


def switch_on(api: Api, moto: MotoServer, bucket: str, prefix: str = "/voice", **changes: Any) -> None:
    form: dict[str, Any] = {
        "bucket_url": f"https://{bucket}.s3.us-east-1.amazonaws.com{prefix}",
        "endpoint_url": moto.endpoint,
        "access_key_id": moto.access_key_id,
        "secret_access_key": moto.secret_access_key,
    }
    api.control.external_storage(api.sid, True, **form | changes)


def keys(s3: "S3Client", bucket: str) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_switching_on_writes_a_test_object(api: Api, moto: MotoServer, s3: "S3Client", bucket: str) -> None:
    switch_on(api, moto, bucket)
    (key,) = keys(s3, bucket)
    assert key.startswith("voice/")
    assert key.endswith(".txt")


def test_new_recordings_are_written_to_the_bucket(api: Api, moto: MotoServer, s3: "S3Client", bucket: str) -> None:
    (before,) = api.record()
    audio = api.http.get(api.url(before, ".wav")).content
    switch_on(api, moto, bucket)
    (sid,) = api.record()
    row = api.fetch(sid).json()

    assert row["media_url"] == f"https://{bucket}.s3.us-east-1.amazonaws.com/voice/{api.sid}/{sid}"
    assert row["status"] == "completed"
    stored = s3.get_object(Bucket=bucket, Key=f"voice/{api.sid}/{sid}")
    assert stored["ContentType"] == "audio/x-wav"
    assert len(stored["Body"].read()) == len(audio)
    assert api.http.get(api.url(sid, ".wav")).status_code == 404
    assert api.http.get(api.url(before, ".wav")).status_code == 200, "older ones stay where they are"


def test_after_switching_off_new_recordings_stay_at_twilio(api: Api, moto: MotoServer, bucket: str) -> None:
    switch_on(api, moto, bucket)
    (external,) = api.record()
    api.control.external_storage(api.sid, False)
    (here,) = api.record(duration=1)
    assert api.http.get(api.url(here, ".wav")).status_code == 200
    assert "amazonaws" in api.fetch(external).json()["media_url"]


def test_long_recordings_are_uploaded_in_parts(api: Api, moto: MotoServer, s3: "S3Client", bucket: str) -> None:
    switch_on(api, moto, bucket, prefix="")
    (sid,) = api.record(duration=400)
    head = s3.head_object(Bucket=bucket, Key=f"{api.sid}/{sid}")
    assert head["ContentLength"] == 44 + 400 * 16_000
    assert head["ETag"].strip('"').endswith("-2")


def test_a_recording_is_uploaded_when_it_is_completed(api: Api, moto: MotoServer, s3: "S3Client", bucket: str) -> None:
    switch_on(api, moto, bucket)
    (sid,) = api.record(status="processing")
    key = f"voice/{api.sid}/{sid}"
    assert key not in keys(s3, bucket)
    api.control.advance(seconds=10)
    assert key in keys(s3, bucket)


def test_deleting_at_twilio_leaves_the_object(api: Api, moto: MotoServer, s3: "S3Client", bucket: str) -> None:
    switch_on(api, moto, bucket)
    (sid,) = api.record()
    api.delete(sid)
    assert f"voice/{api.sid}/{sid}" in keys(s3, bucket)
    api.control.advance(days=40)
    assert api.fetch(sid).status_code == 404


def test_metadata_goes_40_days_after_the_object_was_first_seen_gone(
    api: Api, moto: MotoServer, s3: "S3Client", bucket: str
) -> None:
    switch_on(api, moto, bucket)
    gone, kept = api.record(2)
    api.control.advance(days=5)
    s3.delete_object(Bucket=bucket, Key=f"voice/{api.sid}/{gone}")
    api.control.advance(days=39, seconds=86_399)
    assert api.fetch(gone).json()["status"] == "completed", "Twilio calls it completed all the same"
    api.control.advance(seconds=1)
    assert api.fetch(gone).status_code == 404
    assert api.listed(IncludeSoftDeleted="true") == [kept]


def test_metadata_can_be_kept_by_option(api: Api, moto: MotoServer, s3: "S3Client", bucket: str) -> None:
    api.control.options(metadata_after_s3_deletion="keep_until_deleted")
    switch_on(api, moto, bucket)
    (sid,) = api.record()
    s3.delete_object(Bucket=bucket, Key=f"voice/{api.sid}/{sid}")
    api.control.advance(days=100)
    assert api.fetch(sid).json()["status"] == "completed"


def test_an_object_that_comes_back_keeps_its_metadata(api: Api, moto: MotoServer, s3: "S3Client", bucket: str) -> None:
    switch_on(api, moto, bucket)
    (sid,) = api.record()
    key = f"voice/{api.sid}/{sid}"
    s3.delete_object(Bucket=bucket, Key=key)
    api.control.advance(days=1)
    s3.put_object(Bucket=bucket, Key=key, Body=b"restored")
    api.control.advance(days=60)
    assert api.fetch(sid).json()["status"] == "completed"


def test_a_bucket_that_is_gone_takes_all_of_its_objects_along(
    api: Api, moto: MotoServer, s3: "S3Client", bucket: str
) -> None:
    switch_on(api, moto, bucket)
    (sid,) = api.record()
    for key in keys(s3, bucket):
        s3.delete_object(Bucket=bucket, Key=key)
    s3.delete_bucket(Bucket=bucket)
    api.control.advance(days=40)
    assert api.fetch(sid).status_code == 404


class BrokenS3:
    """Takes objects, or says `refusal` to every write; every listing is an error."""

    def __init__(self) -> None:
        self.refusal = ""
        broken = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self._answer(403 if broken.refusal else 200, broken.refusal)

            def do_GET(self) -> None:
                self._answer(403, "AccessDenied")

            def _answer(self, status: int, code: str) -> None:
                body = f"<Error><Code>{code}</Code></Error>".encode() if code else b""
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def broken() -> Iterator[BrokenS3]:
    server = BrokenS3()
    yield server
    server.stop()


def test_an_s3_that_refuses_or_does_not_answer_has_lost_nothing(api: Api, moto: MotoServer, broken: BrokenS3) -> None:
    switch_on(api, moto, "somewhere", endpoint_url=broken.endpoint)
    (sid,) = api.record()
    api.control.advance(days=41)
    broken.stop()
    api.control.advance(days=41)
    api.control.advance(days=41)
    assert api.fetch(sid).json()["status"] == "completed"


def test_looking_still_works_after_switching_off(api: Api, moto: MotoServer, s3: "S3Client", bucket: str) -> None:
    switch_on(api, moto, bucket)
    (sid,) = api.record()
    api.control.external_storage(api.sid, False)
    s3.delete_object(Bucket=bucket, Key=f"voice/{api.sid}/{sid}")
    api.control.advance(days=40)
    assert api.fetch(sid).status_code == 404


@pytest.mark.parametrize("option", ["16111", "16112"])
def test_failing_uploads_are_an_option(api: Api, moto: MotoServer, s3: "S3Client", bucket: str, option: str) -> None:
    switch_on(api, moto, bucket)
    api.control.options(external_upload=option)
    (sid,) = api.record()
    row = api.fetch(sid).json()

    assert (row["status"], bucket in row["media_url"]) == ("completed", True)
    assert f"voice/{api.sid}/{sid}" not in keys(s3, bucket)
    assert api.http.get(api.url(sid, ".wav")).status_code == 404
    (alert,) = api.alerts(LogLevel="error")
    assert (alert["error_code"], alert["resource_sid"], alert["log_level"]) == (option, sid, "error")
    one = api.http.get(f"/v1/Alerts/{alert['sid']}").json()
    assert set(one) - set(alert) == {"request_headers", "request_variables", "response_body", "response_headers"}
    assert api.alerts(LogLevel="warning") == []
    api.control.advance(days=41)
    assert api.fetch(sid).status_code == 200, "what never arrived was not deleted from S3"
    assert api.alerts() == [], "alerts are kept for 30 days"


def test_a_real_upload_that_fails_raises_an_alert(api: Api, moto: MotoServer, s3: "S3Client", bucket: str) -> None:
    switch_on(api, moto, bucket)
    for key in keys(s3, bucket):
        s3.delete_object(Bucket=bucket, Key=key)
    s3.delete_bucket(Bucket=bucket)
    (sid,) = api.record()
    assert [(row["error_code"], row["resource_sid"]) for row in api.alerts()] == [("16111", sid)]


def test_a_bucket_that_refuses_the_test_object_stays_switched_off(api: Api, moto: MotoServer) -> None:
    with pytest.raises(ControlRefused, match="16111"):
        switch_on(api, moto, "no-such-bucket")
    (sid,) = api.record()
    assert "api.twilio.com" in api.fetch(sid).json()["media_url"]


@pytest.mark.parametrize("refusal", ["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"])
def test_keys_that_may_not_write_are_16112(api: Api, moto: MotoServer, broken: BrokenS3, refusal: str) -> None:
    switch_on(api, moto, "guarded", endpoint_url=broken.endpoint)
    broken.refusal = refusal
    (sid,) = api.record()
    assert [(row["error_code"], row["resource_sid"]) for row in api.alerts()] == [("16112", sid)]
    with pytest.raises(ControlRefused, match="16112"):
        switch_on(api, moto, "guarded", endpoint_url=broken.endpoint)


@pytest.mark.parametrize(
    ("style", "start"),
    [
        ("as_configured", "https://acme.s3.us-west-2.amazonaws.com/voice/"),
        ("virtual_host", "https://acme.s3.us-west-2.amazonaws.com/voice/"),
        ("virtual_host_dash", "https://acme.s3-us-west-2.amazonaws.com/voice/"),
        ("path", "https://s3.us-west-2.amazonaws.com/acme/voice/"),
    ],
)
def test_the_style_of_an_external_url_is_an_option(api: Api, style: str, start: str) -> None:
    api.control.options(external_url_style=style)
    api.control.external_storage(api.sid, True, "https://acme.s3.us-west-2.amazonaws.com/voice")
    (sid,) = api.record()
    assert api.fetch(sid).json()["media_url"] == f"{start}{api.sid}/{sid}"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://b.s3.eu-west-1.amazonaws.com/a/b/", ("b", "eu-west-1", "a/b")),
        ("https://b.s3-eu-west-1.amazonaws.com", ("b", "eu-west-1", "")),
        ("https://b.with.dots.s3.amazonaws.com", ("b.with.dots", "us-east-1", "")),
        ("https://s3.eu-west-1.amazonaws.com/b/p", ("b", "eu-west-1", "p")),
        ("http://127.0.0.1:9000/b", ("b", "us-east-1", "")),
    ],
)
def test_bucket_urls_are_understood_in_every_style(url: str, expected: tuple[str, str, str]) -> None:
    place = BucketUrl.parse(url)
    assert (place.bucket, place.region, place.prefix) == expected


@pytest.mark.parametrize(("option", "between"), [("dropped", "/"), ("kept", "//")])
@pytest.mark.parametrize("path", ["", "/voice"])
def test_what_becomes_of_a_slash_at_the_end_of_a_bucket_url_is_an_option(
    api: Api, moto: MotoServer, s3: "S3Client", bucket: str, option: str, between: str, path: str
) -> None:
    api.control.options(bucket_url_slash=option)
    switch_on(api, moto, bucket, prefix=f"{path}/")
    (sid,) = api.record()
    key = f"{path}{between}{api.sid}/{sid}".removeprefix("/")
    assert key in keys(s3, bucket)
    assert api.fetch(sid).json()["media_url"] == f"https://{bucket}.s3.us-east-1.amazonaws.com/{key}"


@pytest.mark.parametrize("url", ["", "bucket", "https://example.com", "ftp://host/bucket"])
def test_a_bucket_url_without_a_bucket_is_refused(api: Api, url: str) -> None:
    with pytest.raises(ControlRefused, match="bucket_url"):
        api.control.external_storage(api.sid, True, url)
