"""The oldest resource that names an account, or a part of a bucket, has it."""

from dataclasses import replace
from typing import Any

import pytest

from recording_storage_operator.core.claims import Claim, check, host_of, older
from recording_storage_operator.core.endpoint import same_servers
from recording_storage_operator.core.errors import Wait
from recording_storage_operator.core.reasons import Reason

OLDER = Claim("2026-03-01T12:00:00Z", "a", "older", "AC1", "", "acme", "voice/")
MINE = Claim("2026-03-01T12:00:01Z", "b", "mine", "AC2", "", "acme", "calls/")


def reason(mine: Claim, *others: Claim) -> Reason | None:
    """Why there is a conflict, None without one."""
    try:
        check(mine, others)
    except Wait as error:
        return error.reason
    return None


def test_two_accounts_under_two_prefixes_share_a_bucket() -> None:
    assert reason(MINE, OLDER) is None


def test_the_oldest_has_the_account() -> None:
    mine = replace(MINE, account_sid="AC1", bucket="other")
    assert reason(mine, OLDER) is Reason.ACCOUNT_CLAIMED
    assert reason(OLDER, mine) is None


def test_an_account_has_recordings_of_its_own_in_each_region_of_twilio() -> None:
    mine = replace(MINE, account_sid="AC1", region="ie1")
    assert reason(mine, replace(OLDER, region="us1")) is None
    assert reason(mine, replace(OLDER, region="ie1")) is Reason.ACCOUNT_CLAIMED


def test_of_two_made_in_the_same_second_the_uid_decides() -> None:
    first, second = replace(OLDER, created=MINE.created), replace(MINE, account_sid="AC1")
    assert reason(second, first) is Reason.ACCOUNT_CLAIMED
    assert reason(first, second) is None


def test_a_resource_is_in_nobodys_way_but_others() -> None:
    assert reason(MINE, MINE, replace(MINE, name="read again")) is None


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("", "", True),
        ("", "a/", True),
        ("a/", "a/", True),
        ("a/", "a/b/", True),
        ("a/", "b/", False),
        ("a/", "ab/", False),
        ("a/b/", "a/c/", False),
    ],
)
def test_prefixes_overlap_where_one_lies_in_the_other(one: str, other: str, overlap: bool) -> None:
    for mine, theirs in ((one, other), (other, one)):
        found = reason(replace(MINE, prefix=mine), replace(OLDER, prefix=theirs))
        assert found is (Reason.BUCKET_CLAIMED if overlap else None)


@pytest.mark.parametrize("changed", [{"endpoint": "https://minio"}, {"bucket": "other"}])
def test_another_endpoint_or_name_is_another_bucket(changed: dict[str, Any]) -> None:
    mine = replace(MINE, prefix=OLDER.prefix, **changed)
    assert reason(mine, OLDER) is None
    assert host_of(mine, [OLDER]) == ""


def test_resources_without_a_bucket_share_none() -> None:
    mine, other = replace(MINE, bucket="", prefix=""), replace(OLDER, bucket="", prefix="")
    assert reason(mine, other) is None
    assert host_of(mine, [other]) == ""


def test_a_conflict_names_the_older_resource_and_is_looked_at_again_within_a_minute() -> None:
    with pytest.raises(Wait) as caught:
        check(replace(MINE, prefix="voice/"), [OLDER])
    assert "RecordingStorage older is older and has prefix 'voice/' of bucket acme" in caught.value.message
    assert caught.value.after <= 60
    with pytest.raises(Wait, match="all of bucket acme"):
        check(MINE, [replace(OLDER, prefix="")])


def test_the_settings_of_a_shared_bucket_are_kept_by_its_oldest_resource() -> None:
    oldest = replace(OLDER, created="2026-02-01T00:00:00Z", uid="c", name="oldest", account_sid="AC3", prefix="x/")
    assert host_of(MINE, [OLDER, oldest]) == "oldest"
    assert host_of(OLDER, [MINE, oldest]) == "oldest"
    assert host_of(oldest, [MINE, OLDER]) == ""
    assert [claim.name for claim in older(MINE, [OLDER, MINE, oldest])] == ["oldest", "older"]


def test_one_that_only_watches_a_bucket_keeps_no_settings_for_others() -> None:
    watching = replace(OLDER, keeps=False)
    assert host_of(MINE, [watching]) == ""
    assert host_of(MINE, [watching, replace(OLDER, uid="aa", name="keeper")]) == "keeper"
    assert reason(replace(MINE, prefix=OLDER.prefix), watching) is Reason.BUCKET_CLAIMED, "its prefix is its own"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("", "https://s3.amazonaws.com", True),
        ("", "https://s3.eu-west-1.amazonaws.com:443", True),
        ("", "https://bucket.vpce-1-2.s3.us-east-1.vpce.amazonaws.com", True),
        ("", "https://minio.example.com", False),
        ("https://Minio.example.com/", "https://minio.example.com:443", True),
        ("http://minio.example.com", "https://minio.example.com", True),
        ("http://minio:9000", "http://minio:9001", False),
        ("https://s3.amazonaws.com.example.com", "", False),
    ],
)
def test_endpoints_are_the_same_servers(one: str, other: str, same: bool) -> None:
    assert (same_servers(one) == same_servers(other)) is same
