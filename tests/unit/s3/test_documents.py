"""What the SDK does not know of a document that is written back is not lost."""

from collections.abc import Iterator

import pytest

from recording_storage_operator.core.facts import Aspect, Obstacle
from tests.unit.s3.scripted import NAME, Answer, Stage

XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage() as made:
        yield made


def told(root: str, inside: str, attributes: str = XMLNS) -> Answer:
    return Answer(200, f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {attributes}>{inside}</{root}>'.encode())


def lifecycle(inside: str, attributes: str = XMLNS) -> Answer:
    """A rule of somebody else's."""
    rule = f"<Rule><ID>theirs</ID><Status>Enabled</Status>{inside}</Rule>"
    return told("LifecycleConfiguration", rule, attributes)


UNKNOWN = {
    "an action": (
        Aspect.LIFECYCLE,
        lifecycle("<Filter><Prefix>logs/</Prefix></Filter><DelMarkerExpiration><Days>4</Days></DelMarkerExpiration>"),
        "DelMarkerExpiration",
    ),
    "a filter, without which the rule is about every object": (
        Aspect.LIFECYCLE,
        lifecycle("<Filter><ObjectAgeClass>temporary</ObjectAgeClass></Filter><Expiration><Days>4</Days></Expiration>"),
        "ObjectAgeClass",
    ),
    "deep inside": (
        Aspect.LIFECYCLE,
        lifecycle("<Filter><And><Tag><Key>a</Key><Value>b</Value><Match>any</Match></Tag></And></Filter>"),
        "Match",
    ),
    "inside a text": (Aspect.LIFECYCLE, lifecycle("<Prefix><Any/></Prefix>"), "Any"),
    "beside the rules": (
        Aspect.LIFECYCLE,
        told("LifecycleConfiguration", "<Curfew>22:00</Curfew>"),
        "Curfew",
    ),
    "an encryption": (
        Aspect.ENCRYPTION,
        told("ServerSideEncryptionConfiguration", "<Rule><WithKeysOf>us</WithKeysOf></Rule>"),
        "WithKeysOf",
    ),
    "a kind of public access": (
        Aspect.PUBLIC_ACCESS,
        told("PublicAccessBlockConfiguration", "<BlockPublicAcls>true</BlockPublicAcls><BlockAll>true</BlockAll>"),
        "BlockAll",
    ),
    "an ownership": (
        Aspect.OWNERSHIP,
        told("OwnershipControls", "<Rule><ObjectOwnership>ObjectWriter</ObjectOwnership><For>x</For></Rule>"),
        "For",
    ),
    "a tag": (
        Aspect.TAGS,
        told("Tagging", "<TagSet><Tag><Key>a</Key><Value>b</Value><Kept>yes</Kept></Tag></TagSet>"),
        "Kept",
    ),
}


@pytest.mark.parametrize(("aspect", "answer", "element"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_would_be_lost_by_writing_is_an_obstacle_to_it(
    stage: Stage, aspect: Aspect, answer: Answer, element: str
) -> None:
    reading = stage.admin(answer).read(aspect)
    assert (reading.document, reading.obstacle) == ({}, Obstacle.UNSUPPORTED)
    assert element in reading.advice
    assert NAME in reading.advice


KNOWN = {
    "each part of a rule": lifecycle(
        "<Filter><And><Prefix>a/</Prefix><Tag><Key>a</Key><Value>b</Value></Tag><Tag><Key>c</Key><Value>d</Value></Tag>"
        "<ObjectSizeGreaterThan>1</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter>"
        "<Transition><Days>30</Days><StorageClass>GLACIER</StorageClass></Transition>"
        "<Transition><Date>2027-01-01T00:00:00Z</Date><StorageClass>DEEP_ARCHIVE</StorageClass></Transition>"
        "<NoncurrentVersionTransition><NoncurrentDays>3</NoncurrentDays><StorageClass>GLACIER</StorageClass>"
        "<NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionTransition>"
        "<NoncurrentVersionExpiration><NoncurrentDays>9</NoncurrentDays></NoncurrentVersionExpiration>"
        "<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>"
    ),
    "empty elements": lifecycle("<Prefix/><Filter><Prefix></Prefix></Filter><Expiration><Days>1</Days></Expiration>"),
    "no name space": lifecycle("<Prefix>a/</Prefix>", attributes=""),
    "a name space with a prefix": Answer(
        200,
        b'<LifecycleConfiguration xmlns:s3="urn:x"><s3:Rule><s3:ID>theirs</s3:ID><s3:Status>Enabled</s3:Status>'
        b"</s3:Rule></LifecycleConfiguration>",
    ),
    "attributes": lifecycle('<Filter xsi:type="Prefix"><Prefix>a/</Prefix></Filter>', f"{XMLNS} {XSI}"),
    "comments and blanks": lifecycle("\n  <!-- nightly -->\n  <Prefix>a/</Prefix>\n"),
}


@pytest.mark.parametrize("answer", KNOWN.values(), ids=KNOWN)
def test_what_the_sdk_knows_is_read_however_it_is_written(stage: Stage, answer: Answer) -> None:
    reading = stage.admin(answer).read(Aspect.LIFECYCLE)
    assert reading.obstacle is None, reading.advice
    assert [rule["ID"] for rule in reading.document["Rules"]] == ["theirs"]


def test_of_versioning_nothing_but_the_status_is_written(stage: Stage) -> None:
    """MinIO's has folders that are left out."""
    answer = told("VersioningConfiguration", "<Status>Enabled</Status><ExcludeFolders>true</ExcludeFolders>")
    assert stage.admin(answer).read(Aspect.VERSIONING).document == {"Status": "Enabled"}
