"""Administration on an S3 gone wrong: no setting looks unset, and no bucket gone, unless S3 itself says so."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from recording_storage_operator.core.errors import ReconcileError, Transient, Wait
from recording_storage_operator.core.facts import Aspect, Obstacle, Reading
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.s3.admin import S3BucketAdmin
from tests.unit.s3.scripted import NAME, REFUSALS, UNREACHABLE, UNUSABLE, Answer, Stage, error, kind

XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
POLICY = {"Version": "2012-10-17", "Statement": [{"Sid": "a", "Effect": "Deny"}]}
UNSET = {
    Aspect.ENCRYPTION: "ServerSideEncryptionConfigurationNotFoundError",
    Aspect.PUBLIC_ACCESS: "NoSuchPublicAccessBlockConfiguration",
    Aspect.OWNERSHIP: "OwnershipControlsNotFoundError",
    Aspect.LIFECYCLE: "NoSuchLifecycleConfiguration",
    Aspect.POLICY: "NoSuchBucketPolicy",
    Aspect.TAGS: "NoSuchTagSet",
}


def told(root: str, inside: str = "") -> Answer:
    """A document as S3 writes it."""
    return Answer(200, f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {XMLNS}>{inside}</{root}>'.encode())


DOCUMENTS: dict[Aspect, tuple[Answer, dict[str, Any]]] = {
    Aspect.VERSIONING: (
        told("VersioningConfiguration", "<Status>Suspended</Status><MfaDelete>Disabled</MfaDelete>"),
        {"Status": "Suspended"},
    ),
    Aspect.ENCRYPTION: (
        told(
            "ServerSideEncryptionConfiguration",
            "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>"
            "</ApplyServerSideEncryptionByDefault></Rule>",
        ),
        {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
    ),
    Aspect.PUBLIC_ACCESS: (
        told("PublicAccessBlockConfiguration", "<BlockPublicAcls>true</BlockPublicAcls>"),
        {"BlockPublicAcls": True},
    ),
    Aspect.OWNERSHIP: (
        told("OwnershipControls", "<Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>"),
        {"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
    ),
    Aspect.LIFECYCLE: (
        told("LifecycleConfiguration", "<Rule><ID>a</ID><Status>Enabled</Status></Rule>"),
        {"Rules": [{"ID": "a", "Status": "Enabled"}]},
    ),
    Aspect.POLICY: (Answer(200, json.dumps(POLICY).encode()), POLICY),
    Aspect.TAGS: (
        told("Tagging", "<TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet>"),
        {"TagSet": [{"Key": "a", "Value": "b"}]},
    ),
}
NO_UPLOADS = told(
    "ListMultipartUploadsResult",
    f"<Bucket>{NAME}</Bucket><MaxUploads>1000</MaxUploads><IsTruncated>false</IsTruncated>",
)
GONE = Answer(204)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage() as made:
        yield made


def failure(stage: Stage, ask: Callable[[S3BucketAdmin], object], *script: Answer) -> ReconcileError:
    """The error that a call ends in."""
    admin = stage.admin(*script)
    with pytest.raises(ReconcileError) as caught:
        ask(admin)
    assert stage.endpoint in caught.value.message or NAME in caught.value.message
    return caught.value


def reading(aspect: Aspect) -> Callable[[S3BucketAdmin], object]:
    return lambda admin: admin.read(aspect)


def writing(aspect: Aspect, document: dict[str, Any] | None = None) -> Callable[[S3BucketAdmin], object]:
    return lambda admin: admin.write(aspect, DOCUMENTS[aspect][1] if document is None else document)


@pytest.mark.parametrize("aspect", Aspect)
def test_a_document_is_read_as_the_sdk_would_send_it(stage: Stage, aspect: Aspect) -> None:
    answer, document = DOCUMENTS[aspect]

    assert stage.admin(answer).read(aspect) == Reading(document)


def test_the_smallest_object_of_a_lifecycle_comes_and_goes_beside_its_rules(stage: Stage) -> None:
    plain, document = DOCUMENTS[Aspect.LIFECYCLE]
    header = "x-amz-transition-default-minimum-object-size"
    admin = stage.admin(Answer(200, plain.body, {header: "varies_by_storage_class"}), Answer(200))
    found = admin.read(Aspect.LIFECYCLE)
    admin.write(Aspect.LIFECYCLE, found.document)

    assert found.document == document | {"TransitionDefaultMinimumObjectSize": "varies_by_storage_class"}
    assert stage.asked[1].headers[header] == "varies_by_storage_class"
    assert b"varies" not in stage.asked[1].body


def test_a_policy_is_sent_without_blanks(stage: Stage) -> None:
    stage.admin(GONE).write(Aspect.POLICY, POLICY)

    assert json.loads(stage.asked[0].body) == POLICY
    assert b" " not in stage.asked[0].body


def test_no_code_of_an_mfa_device_is_asked_for_or_sent(stage: Stage) -> None:
    admin = stage.admin(DOCUMENTS[Aspect.VERSIONING][0], Answer(200))
    admin.write(Aspect.VERSIONING, admin.read(Aspect.VERSIONING).document)

    assert b"Mfa" not in stage.asked[1].body
    assert "x-amz-mfa" not in {header.lower() for header in stage.asked[1].headers}


@pytest.mark.parametrize("aspect", UNSET)
def test_an_aspect_is_unset_only_on_s3s_own_word(stage: Stage, aspect: Aspect) -> None:
    assert stage.admin(error(UNSET[aspect], 404)).read(aspect) == Reading({})
    assert kind(failure(stage, reading(aspect), error(UNSET[aspect], 200))) == UNUSABLE
    anothers = next(code for other, code in UNSET.items() if other is not aspect)
    assert failure(stage, reading(aspect), error(anothers, 404)).reason is Reason.S3_ANSWER_UNUSABLE


ANSWERS_FROM_ELSEWHERE = {
    "empty body": Answer(200),
    "status 204": Answer(204),
    "HTML of a proxy": Answer(200, b"<!DOCTYPE html><html><body>Please log in<br></body></html>"),
    "well-formed HTML": Answer(200, b"<html><body/></html>"),
    "error document with 200": error("InternalError", 200),
    "not-implemented document with 200": error("NotImplemented", 200),
    "denial with 200": error("AccessDenied", 200),
    "another document": told("LocationConstraint"),
    "JSON": Answer(200, b'{"error": "log in"}'),
    "JSON that is no object": Answer(200, b'["Statement"]'),
    "JSON cut off": Answer(200, json.dumps(POLICY).encode()[:-5]),
    "bytes": Answer(200, b"\xff\xfe\x00"),
    "404 of somebody": Answer(404, b"<html>not found</html>"),
    "404 without body": Answer(404),
    "405 of somebody": Answer(405, b"<html>method not allowed</html>"),
}


@pytest.mark.parametrize("aspect", Aspect)
@pytest.mark.parametrize("answer", ANSWERS_FROM_ELSEWHERE.values(), ids=ANSWERS_FROM_ELSEWHERE.keys())
def test_an_answer_that_is_not_the_document_is_never_an_unset_aspect(
    stage: Stage, aspect: Aspect, answer: Answer
) -> None:
    assert kind(failure(stage, reading(aspect), answer)) == UNUSABLE


@pytest.mark.parametrize("aspect", [aspect for aspect in Aspect if aspect is not Aspect.POLICY])
def test_a_document_cut_off_on_the_way_is_no_document(stage: Stage, aspect: Aspect) -> None:
    whole = DOCUMENTS[aspect][0].body

    assert kind(failure(stage, reading(aspect), Answer(200, whole[:-9]))) == UNUSABLE
    assert isinstance(failure(stage, reading(aspect), Answer(200, whole[:-9], length=len(whole))), Transient)


def test_an_unusable_answer_is_asked_for_again_at_once(stage: Stage) -> None:
    html = ANSWERS_FROM_ELSEWHERE["HTML of a proxy"]
    answer, document = DOCUMENTS[Aspect.TAGS]

    assert stage.admin(html, answer, attempts=2).read(Aspect.TAGS) == Reading(document)


SAME_FOR_READS = {
    name: (answer, meaning) for name, (answer, meaning) in REFUSALS.items() if name not in ("denied", "not implemented")
}


@pytest.mark.parametrize(("answer", "meaning"), SAME_FOR_READS.values(), ids=SAME_FOR_READS.keys())
def test_a_refused_read_is_an_error(stage: Stage, answer: Answer, meaning: tuple[type[ReconcileError], Reason]) -> None:
    assert kind(failure(stage, reading(Aspect.TAGS), answer)) == meaning


@pytest.mark.parametrize("answer", [error("NotImplemented", 501), error("MethodNotAllowed", 405), error("Odd", 501)])
def test_a_server_that_lacks_an_aspect_is_no_error(stage: Stage, answer: Answer) -> None:
    found = stage.admin(answer).read(Aspect.LIFECYCLE)

    assert (found.document, found.obstacle) == ({}, Obstacle.UNSUPPORTED)
    assert "lifecycle" in found.advice
    assert NAME in found.advice


def test_an_aspect_that_may_not_be_seen_names_the_right_and_the_same_words_every_time(stage: Stage) -> None:
    first = error("AccessDenied", 403, "<RequestId>AAAA</RequestId>")
    second = error("AccessDenied", 403, "<RequestId>BBBB</RequestId>")
    admin = stage.admin(first, second)
    found = admin.read(Aspect.ENCRYPTION)

    assert (found.document, found.obstacle) == ({}, Obstacle.DENIED)
    assert found.advice.endswith("grant s3:GetEncryptionConfiguration")
    assert admin.read(Aspect.ENCRYPTION) == found


SAME_FOR_WRITES = {
    name: (answer, meaning)
    for name, (answer, meaning) in REFUSALS.items()
    if name not in ("not implemented", "something new")
}


@pytest.mark.parametrize(("answer", "meaning"), SAME_FOR_WRITES.values(), ids=SAME_FOR_WRITES.keys())
def test_a_refused_write_is_an_error(
    stage: Stage, answer: Answer, meaning: tuple[type[ReconcileError], Reason]
) -> None:
    assert kind(failure(stage, writing(Aspect.TAGS), answer)) == meaning
    assert kind(failure(stage, writing(Aspect.TAGS, {}), answer)) == meaning


@pytest.mark.parametrize(("answer", "meaning"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refused_creation_is_an_error(
    stage: Stage, answer: Answer, meaning: tuple[type[ReconcileError], Reason]
) -> None:
    assert kind(failure(stage, S3BucketAdmin.create, answer)) == meaning


@pytest.mark.parametrize(
    "answer",
    [
        error("NotImplemented", 501),
        error("MethodNotAllowed", 405),
        error("MalformedPolicy", 400),
        error("MalformedXML", 400),
        error("InvalidArgument", 400),
    ],
)
def test_a_document_that_a_server_does_not_take_waits_for_another_server_or_spec(stage: Stage, answer: Answer) -> None:
    refused = failure(stage, writing(Aspect.POLICY), answer)
    code = answer.body.split(b"<Code>")[1].split(b"<")[0].decode()

    assert kind(refused) == (Wait, Reason.NOT_SUPPORTED)
    assert isinstance(refused, Wait)
    assert refused.after == 3600
    assert "policy" in refused.message
    assert code in refused.message
    assert "spec.s3.secureTransport" in refused.message


@pytest.mark.parametrize("aspect", Aspect)
def test_a_document_is_put_and_nothing_is_deleted(stage: Stage, aspect: Aspect) -> None:
    stage.admin(Answer(200)).write(aspect, DOCUMENTS[aspect][1])

    assert [asked.method for asked in stage.asked] == ["PUT"]


def test_public_access_that_is_not_blocked_is_a_setting_too(stage: Stage) -> None:
    stage.admin(Answer(200)).write(Aspect.PUBLIC_ACCESS, {"BlockPublicAcls": False})

    assert [asked.method for asked in stage.asked] == ["PUT"]


def test_nothing_is_deleted_before_uploads_were_asked_for(stage: Stage) -> None:
    stage.admin(NO_UPLOADS, GONE).delete()

    assert [(asked.method, asked.target.split("?")[0]) for asked in stage.asked] == [
        ("GET", f"/{NAME}"),
        ("DELETE", f"/{NAME}"),
    ]
    assert "uploads" in stage.asked[0].target


UPLOADS_IN_DOUBT = {
    **ANSWERS_FROM_ELSEWHERE,
    "no-such-bucket document with 200": error("NoSuchBucket", 200),
    "another bucket": Answer(200, NO_UPLOADS.body.replace(NAME.encode(), b"other")),
    "no bucket": told("ListMultipartUploadsResult"),
}


@pytest.mark.parametrize("answer", UPLOADS_IN_DOUBT.values(), ids=UPLOADS_IN_DOUBT.keys())
def test_a_bucket_is_not_deleted_while_uploads_are_in_doubt(stage: Stage, answer: Answer) -> None:
    assert kind(failure(stage, S3BucketAdmin.delete, answer, GONE)) == UNUSABLE
    assert {asked.method for asked in stage.asked} == {"GET"}


@pytest.mark.parametrize("code", ["AccessDenied", "NotImplemented"])
def test_a_bucket_whose_uploads_cannot_be_seen_is_not_deleted(stage: Stage, code: str) -> None:
    refused = failure(stage, S3BucketAdmin.delete, error(code, 403 if code == "AccessDenied" else 501), GONE)

    assert isinstance(refused, Wait)
    assert "s3:ListBucketMultipartUploads" in refused.message
    assert {asked.method for asked in stage.asked} == {"GET"}


@pytest.mark.parametrize(
    "inside",
    ["<Upload><Key>a</Key><UploadId>u</UploadId></Upload>", "<IsTruncated>true</IsTruncated>"],
)
def test_an_upload_under_way_keeps_the_bucket(stage: Stage, inside: str) -> None:
    page = told("ListMultipartUploadsResult", f"<Bucket>{NAME}</Bucket>{inside}")
    kept = failure(stage, S3BucketAdmin.delete, page, GONE)

    assert kind(kept) == (Wait, Reason.BUCKET_NOT_EMPTY)
    assert {asked.method for asked in stage.asked} == {"GET"}


@pytest.mark.parametrize("script", [[error("NoSuchBucket", 404)], [NO_UPLOADS, error("NoSuchBucket", 404)]])
def test_a_bucket_that_is_gone_already_is_success(stage: Stage, script: list[Answer]) -> None:
    stage.admin(*script).delete()


@pytest.mark.parametrize(
    "answer", [Answer(200), Answer(200, b"<html/>"), Answer(404), Answer(404, b"<html/>"), error("NoSuchBucket", 200)]
)
def test_a_deletion_counts_only_on_s3s_own_word(stage: Stage, answer: Answer) -> None:
    assert kind(failure(stage, S3BucketAdmin.delete, NO_UPLOADS, answer)) == UNUSABLE


def test_a_bucket_that_is_not_empty_is_said_to_be(stage: Stage) -> None:
    kept = failure(stage, S3BucketAdmin.delete, NO_UPLOADS, error("BucketNotEmpty", 409))

    assert kind(kept) == (Wait, Reason.BUCKET_NOT_EMPTY)


def test_a_deletion_that_fails_on_the_way_is_tried_again_later(stage: Stage) -> None:
    assert kind(failure(stage, S3BucketAdmin.delete, NO_UPLOADS, error("InternalError", 500))) == UNREACHABLE


@pytest.mark.parametrize(("region", "constraint"), [("us-east-1", b""), ("eu-west-1", b">eu-west-1<")])
def test_the_region_is_asked_for_except_where_s3_wants_it_unnamed(stage: Stage, region: str, constraint: bytes) -> None:
    stage.admin(Answer(200), region=region).create()

    assert constraint in stage.asked[0].body
    assert bool(stage.asked[0].body) == bool(constraint)


def test_a_bucket_that_the_account_has_already_was_made_by_somebody_else(stage: Stage) -> None:
    moved = failure(stage, S3BucketAdmin.create, error("BucketAlreadyOwnedByYou", 409))

    assert (type(moved), moved.reason) == (Transient, Reason.WORLD_MOVED)


def test_a_bucket_that_is_there_once_an_answer_was_lost_is_the_one_that_was_made(stage: Stage) -> None:
    stage.admin(error("InternalError", 500), error("BucketAlreadyOwnedByYou", 409), attempts=2).create()


def test_a_bucket_name_that_is_taken_waits_for_a_person(stage: Stage) -> None:
    taken = failure(stage, S3BucketAdmin.create, error("BucketAlreadyExists", 409))

    assert kind(taken) == (Wait, Reason.BUCKET_NOT_OWNED)


def test_a_bucket_elsewhere_is_named_with_its_region(stage: Stage) -> None:
    redirect = error("PermanentRedirect", 301, headers={"x-amz-bucket-region": "eu-west-1"})
    for ask in (reading(Aspect.TAGS), writing(Aspect.TAGS), S3BucketAdmin.delete):
        elsewhere = failure(stage, ask, redirect)
        assert kind(elsewhere) == (Wait, Reason.BUCKET_WRONG_REGION)
        assert "eu-west-1" in elsewhere.message
