"""S3 gone wrong, played over a socket: every answer ends in the right error, none in an empty listing."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from recording_storage_operator.core.errors import ReconcileError, Transient, Wait
from recording_storage_operator.core.facts import BucketFacts, ObjectVersion
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.s3.client import S3Bucket
from tests.unit.s3.scripted import NAME, REFUSALS, UNREACHABLE, UNUSABLE, Answer, Stage, error, kind, listing, row

GOOD = listing(row("rec/a"))
VERSIONING = Answer(
    200, b'<?xml version="1.0"?>\n<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
)
PAGE = '["rec/m", "v9"]'


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage() as made:
        yield made


def failure(stage: Stage, ask: Callable[[S3Bucket], object], *script: Answer) -> ReconcileError:
    """The error that a call ends in."""
    client = stage.client(*script)
    with pytest.raises(ReconcileError) as caught:
        ask(client)
    assert str(caught.value) == caught.value.message
    assert stage.endpoint in caught.value.message or NAME in caught.value.message
    return caught.value


def versions(client: S3Bucket) -> object:
    return client.versions("rec/")


def has(client: S3Bucket) -> object:
    return client.has("rec/a")


ANSWERS_FROM_ELSEWHERE = {
    "error document with 200": error("InternalError", 200),
    "no-such-bucket document with 200": error("NoSuchBucket", 200),
    "empty body": Answer(200),
    "truncated document": Answer(200, GOOD.body[:-40]),
    "connection lost within the document": Answer(200, GOOD.body[:-40], length=len(GOOD.body)),
    "HTML of a proxy": Answer(200, b"<!DOCTYPE html><html><body>Please log in<br></body></html>"),
    "well-formed HTML": Answer(200, b"<html><body/></html>"),
    "JSON": Answer(200, b"{}"),
    "a listing of objects": Answer(200, GOOD.body.replace(b"ListVersionsResult", b"ListBucketResult")),
    "unknown encoding": Answer(200, GOOD.body.replace(b"UTF-8", b"no-such")),
    "another bucket": listing(bucket="other"),
    "no bucket": Answer(200, GOOD.body.replace(b"Name", b"Nomen")),
    "another prefix": listing(prefix="other/"),
    "a key outside the prefix": listing(row("other/a")),
    "another page": listing(fields="<KeyMarker>rec/z</KeyMarker>"),
    "truncation not said": Answer(200, GOOD.body.replace(b"<IsTruncated>false</IsTruncated>", b"")),
    "truncation neither yes nor no": listing(truncated="False"),
    "latest not said": Answer(200, GOOD.body.replace(b"<IsLatest>true</IsLatest>", b"")),
    "latest neither yes nor no": listing(row("rec/a", latest="TRUE")),
    "no time": listing(row("rec/a", time="")),
    "a time without zone": listing(row("rec/a", time="2026-05-01T12:00:00")),
    "a size that is none": listing(row("rec/a", size="big")),
    "more, but no marker": listing(row("rec/a"), truncated="true"),
    "more, but an empty marker": listing(row("rec/a"), truncated="true", fields="<NextKeyMarker/>"),
    "status 204": Answer(204),
    "404 of somebody": Answer(404, b"<html>not found</html>"),
    "404 without body": Answer(404),
}


@pytest.mark.parametrize("answer", ANSWERS_FROM_ELSEWHERE.values(), ids=ANSWERS_FROM_ELSEWHERE.keys())
def test_an_answer_that_is_no_listing_of_ours_is_never_an_empty_one(stage: Stage, answer: Answer) -> None:
    assert kind(failure(stage, versions, answer)) == UNUSABLE


@pytest.mark.parametrize(
    "markers",
    [
        ("rec/m", "v9"),  # the place we asked to go on from
        ("rec/a", "v1"),  # backwards
        ("", ""),
    ],
)
def test_a_marker_that_does_not_move_forward_ends_the_listing_with_an_error(
    stage: Stage, markers: tuple[str, str]
) -> None:
    """Believed, it would be read for ever, or end too early."""
    key, version = markers
    fields = (
        f"<KeyMarker>rec/m</KeyMarker><NextKeyMarker>{key}</NextKeyMarker>"
        f"<NextVersionIdMarker>{version}</NextVersionIdMarker>"
    )

    stuck = failure(stage, lambda client: client.versions("rec/", PAGE), listing(truncated="true", fields=fields))

    assert kind(stuck) == UNUSABLE


def test_a_server_that_begins_again_instead_of_going_on_is_refused(stage: Stage) -> None:
    assert kind(failure(stage, lambda client: client.versions("rec/", PAGE), GOOD)) == UNUSABLE


def test_a_marker_may_stay_on_a_key_with_many_versions(stage: Stage) -> None:
    fields = (
        "<KeyMarker>rec/m</KeyMarker><NextKeyMarker>rec/m</NextKeyMarker><NextVersionIdMarker>v8</NextVersionIdMarker>"
    )
    client = stage.client(listing(truncated="true", fields=fields))
    page = client.versions("rec/", PAGE)

    assert page.versions == []
    assert page.next_page is not None


def test_the_next_page_is_asked_for_where_the_last_one_ended(stage: Stage) -> None:
    first = listing(
        row("rec/a%2Bb+c"),
        truncated="true",
        fields="<EncodingType>url</EncodingType><NextKeyMarker>rec/a%2Bb+c</NextKeyMarker>"
        "<NextVersionIdMarker>v1</NextVersionIdMarker>",
    )
    second = listing(
        row("rec/a%2Bb+c"), row("rec/%01"), fields="<EncodingType>url</EncodingType><KeyMarker>rec/a%2Bb+c</KeyMarker>"
    )
    client = stage.client(first, second)
    page = client.versions("rec/")
    last = client.versions("rec/", page.next_page)

    assert [version.key for version in page.versions] == ["rec/a+b c"]
    assert [version.key for version in last.versions] == ["rec/\x01"], "the repeated version is left out"
    assert last.next_page is None
    assert "encoding-type=url" in stage.asked[1].target
    assert "key-marker=rec%2Fa%2Bb%20c&version-id-marker=v1" in stage.asked[1].target
    assert all("max-keys=1000" in asked.target for asked in stage.asked)


def test_a_listing_is_read_in_full(stage: Stage) -> None:
    answer = listing(
        row("rec/b", kind="DeleteMarker", time="2026-05-02T12:00:00.5Z"), row("rec/b", latest="false"), row("rec/a")
    )
    client = stage.client(answer)
    page = client.versions("rec/")

    assert page.versions == [
        ObjectVersion("rec/a", False, datetime(2026, 5, 1, 12, tzinfo=UTC), 7),
        ObjectVersion("rec/b", True, datetime(2026, 5, 2, 12, 0, 0, 500_000, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(("answer", "meaning"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refused_listing_says_what_to_do(
    stage: Stage, answer: Answer, meaning: tuple[type[ReconcileError], Reason]
) -> None:
    assert kind(failure(stage, versions, answer)) == meaning


@pytest.mark.parametrize(("answer", "meaning"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refused_question_for_an_object_is_never_a_no(
    stage: Stage, answer: Answer, meaning: tuple[type[ReconcileError], Reason]
) -> None:
    assert kind(failure(stage, has, Answer(404), answer)) == meaning


def test_a_passing_fault_is_tried_again_at_once(stage: Stage) -> None:
    client = stage.client(error("SlowDown", 503), GOOD, attempts=2)
    assert len(client.versions("rec/").versions) == 1


def test_a_document_cut_off_on_the_way_is_tried_again_at_once(stage: Stage) -> None:
    cut = Answer(200, GOOD.body[:-40])
    client = stage.client(cut, GOOD, attempts=2)
    assert len(client.versions("rec/").versions) == 1


def test_a_servers_wish_for_patience_is_passed_on(stage: Stage) -> None:
    busy = failure(stage, versions, error("SlowDown", 503, headers={"Retry-After": "17"}))

    assert isinstance(busy, Transient)
    assert busy.retry_after == 17


def test_rejected_credentials_are_looked_at_again_within_a_minute(stage: Stage) -> None:
    rejected = failure(stage, versions, error("ExpiredToken", 400))

    assert isinstance(rejected, Wait)
    assert rejected.after == 60


def test_a_message_is_the_same_for_the_same_cause(stage: Stage) -> None:
    first = error("AccessDenied", 403, "<RequestId>AAAA</RequestId><HostId>bbbb</HostId>")
    second = error("AccessDenied", 403, "<RequestId>CCCC</RequestId><HostId>dddd</HostId>")
    client = stage.client(first, second)
    messages = set()
    for _ in range(2):
        with pytest.raises(Wait) as caught:
            client.versions("rec/")
        messages.add(caught.value.message)

    assert len(messages) == 1
    assert "grant s3:ListBucketVersions" in messages.pop()


def test_a_code_that_is_no_code_does_not_reach_people(stage: Stage) -> None:
    odd = failure(stage, versions, error("<b>click</b>" * 10, 400))

    assert "click" not in odd.message


def test_an_object_is_absent_only_on_s3s_own_word(stage: Stage) -> None:
    """The HEAD's 404 may be anybody's; the GET's document says whether it is the key that is missing."""
    client = stage.client(Answer(404), error("NoSuchKey", 404))
    assert client.has("rec/a") is False

    assert [asked.method for asked in stage.asked] == ["HEAD", "GET"]
    assert stage.asked[1].headers["Range"] == "bytes=0-0"


@pytest.mark.parametrize("answer", [Answer(404), Answer(404, b"<html/>"), error("NoSuchKey", 200), Answer(500)])
def test_a_404_of_somebody_else_is_no_absence(stage: Stage, answer: Answer) -> None:
    assert failure(stage, has, Answer(404), answer).reason in (Reason.S3_ANSWER_UNUSABLE, Reason.S3_UNREACHABLE)


def test_a_server_in_trouble_is_not_asked_a_second_time_about_an_object(stage: Stage) -> None:
    assert kind(failure(stage, has, Answer(503))) == UNREACHABLE
    assert [asked.method for asked in stage.asked] == ["HEAD"]


def test_an_object_that_appears_between_head_and_get_is_there(stage: Stage) -> None:
    there = Answer(206, b"x", {"Last-Modified": "Fri, 01 May 2026 12:00:00 GMT"})
    client = stage.client(Answer(404), there)
    assert client.has("rec/a") is True


def test_a_200_to_head_that_names_no_object_is_no_presence(stage: Stage) -> None:
    assert kind(failure(stage, has, Answer(200))) == UNUSABLE


def test_a_denied_object_tells_which_right_is_needed(stage: Stage) -> None:
    denied = failure(stage, has, Answer(403), error("AccessDenied", 403))

    assert kind(denied) == (Wait, Reason.S3_ACCESS_DENIED)
    assert "s3:ListBucket" in denied.message


def test_a_bucket_is_absent_only_on_s3s_own_word(stage: Stage) -> None:
    client = stage.client(error("NoSuchBucket", 404))
    assert client.describe() is None


@pytest.mark.parametrize("answer", [Answer(404), Answer(404, b"<html/>"), error("NoSuchBucket", 200), Answer(200)])
def test_an_unusable_answer_is_neither_a_missing_nor_an_unversioned_bucket(stage: Stage, answer: Answer) -> None:
    assert kind(failure(stage, S3Bucket.describe, answer)) == UNUSABLE


def test_a_server_that_names_no_region_is_believed_to_be_in_the_wanted_one(stage: Stage) -> None:
    client = stage.client(VERSIONING, Answer(200))
    assert client.describe() == BucketFacts(NAME, "us-east-1", versioned=True)


@pytest.mark.parametrize(("status", "versioned"), [("Enabled", True), ("Suspended", False)])
def test_only_enabled_versioning_counts(stage: Stage, status: str, versioned: bool) -> None:
    answer = Answer(200, VERSIONING.body.replace(b"Enabled", status.encode()))
    client = stage.client(answer, Answer(200))
    assert client.describe() == BucketFacts(NAME, "us-east-1", versioned)


def test_a_bucket_that_denies_everything_has_two_readings(stage: Stage) -> None:
    foreign = failure(stage, S3Bucket.describe, error("AccessDenied", 403), Answer(403))

    assert kind(foreign) == (Wait, Reason.BUCKET_NOT_OWNED)
    assert "somebody else" in foreign.message
    assert "s3:GetBucketVersioning" in foreign.message


def test_a_bucket_of_ours_that_denies_one_right_names_it(stage: Stage) -> None:
    denied = failure(stage, S3Bucket.describe, error("AccessDenied", 403), Answer(200))
    assert kind(denied) == (Wait, Reason.S3_ACCESS_DENIED)
    assert denied.message.endswith("grant s3:GetBucketVersioning")

    denied = failure(stage, S3Bucket.describe, VERSIONING, Answer(403))
    assert kind(denied) == (Wait, Reason.S3_ACCESS_DENIED)
    assert denied.message.endswith("grant s3:ListBucket")


@pytest.mark.parametrize(
    "answer",
    [
        error("PermanentRedirect", 301, headers={"x-amz-bucket-region": "eu-west-1"}),
        error("AuthorizationHeaderMalformed", 400, "<Region>eu-west-1</Region>"),
        error("IllegalLocationConstraintException", 400, headers={"x-amz-bucket-region": "eu-west-1"}),
    ],
)
def test_a_bucket_elsewhere_is_named_with_both_regions(stage: Stage, answer: Answer) -> None:
    elsewhere = failure(stage, S3Bucket.describe, answer)

    assert kind(elsewhere) == (Wait, Reason.BUCKET_WRONG_REGION)
    assert "eu-west-1" in elsewhere.message
    assert "us-east-1" in elsewhere.message


def test_a_bucket_that_answers_from_elsewhere_is_not_ours_to_use(stage: Stage) -> None:
    elsewhere = failure(stage, S3Bucket.describe, VERSIONING, Answer(200, headers={"x-amz-bucket-region": "eu-west-1"}))

    assert kind(elsewhere) == (Wait, Reason.BUCKET_WRONG_REGION)
    assert "in eu-west-1, but spec.s3.region says us-east-1" in elsewhere.message
