"""Our share of a bucket's documents is kept as wanted, whatever else they hold, and all else stays as it is."""

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recording_storage_operator.core.bucket_settings import (
    ABSENT,
    CREATED_BY,
    SECURE_TRANSPORT_SID,
    DefaultEncryption,
    Ownership,
    Part,
    PublicAccess,
    Risk,
    Rule,
    SecureTransport,
    Tag,
    Versioning,
    parts_of,
    tags_of,
)
from recording_storage_operator.core.desired import BucketSettings, Desired, Encryption, TwilioAccount
from recording_storage_operator.core.facts import Aspect
from tests.builders import ACCOUNT, BUCKET
from tests.unit.core.s3_documents import KEY, KEY_ARN, OUR_RULES, documents, wishes
from tests.unit.core.worlds import S3, TWILIO, Documents, converged, in_bucket, wanting

PREFIX = f"voice/{ACCOUNT}/"
OWNER = f"recordings.dev/{ACCOUNT}"
ABORT = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}
RULE, NO_RULE = (part for part in parts_of(S3, made_by_us=False) if isinstance(part, Rule))
TLS = SecureTransport(BUCKET, "aws")
PARTS: list[Part] = [
    Versioning(),
    DefaultEncryption(Encryption.ANY),
    DefaultEncryption(Encryption.AES256),
    DefaultEncryption(Encryption.KMS),
    DefaultEncryption(Encryption.KMS, KEY_ARN),
    PublicAccess(),
    Ownership(),
    RULE,
    NO_RULE,
    TLS,
    Tag("team", "voice"),
]

parts = st.sampled_from(PARTS)
made_by_us = st.booleans()


def desire(wanted: BucketSettings) -> Desired:
    return in_bucket(settings=wanted)


def foreign(documents: Mapping[Aspect, Mapping[str, Any]], tags: set[str]) -> dict[str, Any]:
    """All that is not ours, where `tags` are."""
    lifecycle, policy = documents[Aspect.LIFECYCLE], documents[Aspect.POLICY]
    encryption, access = documents[Aspect.ENCRYPTION], documents[Aspect.PUBLIC_ACCESS]
    statements = policy.get("Statement") or []
    statements = [statements] if isinstance(statements, dict) else statements
    return {
        "rules": [rule for rule in lifecycle.get("Rules", ()) if rule["ID"] not in OUR_RULES],
        "lifecycle": {name: value for name, value in lifecycle.items() if name != "Rules"},
        "statements": [one for one in statements if one.get("Sid") != SECURE_TRANSPORT_SID],
        "policy": {"Version": "2012-10-17", **policy, "Statement": None},
        "encryption": [without(rule, "ApplyServerSideEncryptionByDefault") for rule in encryption.get("Rules") or [{}]],
        "access": without(access, *PublicAccess.want.split(", ")),
        "tags": {key: value for key, value in tags_of(documents[Aspect.TAGS]).items() if key not in tags},
    }


def without(document: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


def shuffled(value: Any) -> Any:
    """The same document with its fields the other way round."""
    if isinstance(value, dict):
        return {name: shuffled(value[name]) for name in reversed(value)}
    return [shuffled(one) for one in value] if isinstance(value, list) else value


@given(documents, wishes, made_by_us)
def test_putting_every_part_that_differs_leaves_none_that_does_and_touches_nothing_foreign(
    found: Documents, wanted: BucketSettings, made_by_us: bool
) -> None:
    before = copy.deepcopy(found)
    ours = parts_of(desire(wanted), made_by_us=made_by_us)
    after = converged(ours, found)
    assert [part.path for part in ours if part.have(after[part.aspect]) != part.want] == []
    tags = {part.key for part in ours if isinstance(part, Tag)}
    assert foreign(after, tags) == foreign(before, tags)
    assert found == before, "what was read is changed only where it is written"


@given(documents, parts)
def test_a_part_that_is_put_is_as_wanted_and_putting_it_again_changes_nothing(found: Documents, part: Part) -> None:
    once = part.put(found[part.aspect])
    assert part.have(once) == part.want
    assert part.put(once) == once


@given(documents, parts)
def test_a_part_touches_nothing_foreign(found: Documents, part: Part) -> None:
    after = {**found, part.aspect: part.put(found[part.aspect])}
    rules_of_others = [OUR_RULES[1 - OUR_RULES.index(part.id)]] if isinstance(part, Rule) else []
    for rule in rules_of_others:
        assert rule_named(after, rule) == rule_named(found, rule)
    assert foreign(after, {"team"}) == foreign(found, {"team"})


def rule_named(documents: Documents, name: str) -> list[Any]:
    return [rule for rule in documents[Aspect.LIFECYCLE].get("Rules", ()) if rule["ID"] == name]


@given(documents, parts)
def test_the_order_of_fields_is_no_difference(found: Documents, part: Part) -> None:
    document = part.put(found[part.aspect])
    assert part.have(shuffled(document)) == part.want
    assert part.have(shuffled(found[part.aspect])) == part.have(found[part.aspect])


@given(documents, wishes)
def test_what_is_not_wanted_is_left_as_it_is(found: Documents, wanted: BucketSettings) -> None:
    after = converged(parts_of(desire(wanted), made_by_us=False), found)
    unwanted = {
        Aspect.VERSIONING: wanted.versioning,
        Aspect.PUBLIC_ACCESS: wanted.block_public_access,
        Aspect.OWNERSHIP: wanted.enforce_ownership,
        Aspect.POLICY: wanted.require_tls,
        Aspect.TAGS: wanted.tags,
    }
    for aspect in (aspect for aspect, managed in unwanted.items() if not managed):
        assert after[aspect] == found[aspect]


@pytest.mark.parametrize(
    "spelling",
    [
        {"Principal": {"AWS": "*"}},
        {"Principal": {"AWS": ["*"]}},
        {"Action": ["s3:*"]},
        {"Effect": ["Deny"]},
        {"Resource": [f"arn:aws:s3:::{BUCKET}/*", f"arn:aws:s3:::{BUCKET}"]},
        {"Condition": {"Bool": {"aws:SecureTransport": False}}},
        {"Condition": {"Bool": {"aws:SecureTransport": ["false"]}}},
        {"Condition": {"Bool": {"aws:SecureTransport": [False]}}},
    ],
)
def test_another_spelling_of_the_statement_is_no_difference(spelling: dict[str, Any]) -> None:
    [statement] = TLS.put({})["Statement"]
    assert TLS.have({"Statement": [{**statement, **spelling}]}) == TLS.want
    assert TLS.have({"Statement": {**statement, **spelling}}) == TLS.want


@pytest.mark.parametrize(
    "weaker",
    [
        {"Effect": "Allow"},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
        {"Action": "s3:GetObject"},
        {"Resource": f"arn:aws:s3:::{BUCKET}/*"},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "false"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
        {"NotAction": "s3:PutObject"},
    ],
)
def test_a_statement_that_means_something_else_differs(weaker: dict[str, Any]) -> None:
    [statement] = TLS.put({})["Statement"]
    document = {"Statement": [{**statement, **weaker}]}
    assert TLS.have(document) != TLS.want
    assert TLS.put(document)["Statement"] == [statement]


def test_a_policy_of_one_bare_statement_keeps_it() -> None:
    bare = {"Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    document = TLS.put({"Version": "2008-10-17", "Id": "p", "Statement": bare})
    assert (document["Version"], document["Id"]) == ("2008-10-17", "p")
    assert document["Statement"][0] == bare


@pytest.mark.parametrize(
    "scope",
    [{"Prefix": PREFIX}, {"Filter": {"Prefix": PREFIX}}, {"Filter": {}, "Prefix": PREFIX}],
)
def test_the_older_spelling_of_a_rules_filter_is_no_difference(scope: dict[str, Any]) -> None:
    rule = {"ID": f"{OWNER}/abortIncompleteMultipartUploads", "Status": "Enabled", **scope, **ABORT}
    assert RULE.have({"Rules": [rule]}) == RULE.want
    assert RULE.have({"Rules": [{**rule, "Transitions": [], "Expiration": {}}]}) == RULE.want


@pytest.mark.parametrize(
    "change",
    [
        {"Status": "Disabled"},
        {"Filter": {}},
        {"Filter": {"Prefix": ""}},
        {"Filter": {"Tag": {"Key": "a", "Value": "b"}}},
        {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 8}},
        {"Expiration": {"Days": 1}},
    ],
)
def test_a_rule_of_ours_that_does_something_else_differs(change: dict[str, Any]) -> None:
    [rule] = RULE.put({})["Rules"]
    assert RULE.have({"Rules": [{**rule, **change}]}) != RULE.want


def test_a_rule_that_shall_be_absent_goes_alone() -> None:
    theirs = {"ID": "theirs", "Filter": {}, "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
    ours = {**theirs, "ID": f"{OWNER}/noncurrentVersions"}
    assert NO_RULE.want == NO_RULE.have({"Rules": [theirs]}) == ABSENT
    assert NO_RULE.have({"Rules": [ours, theirs]}) != ABSENT
    assert NO_RULE.put({"Rules": [ours, theirs]})["Rules"] == [theirs]


def test_the_rule_of_another_account_in_the_bucket_is_none_of_ours() -> None:
    other = replace(wanting(expire_noncurrent=True), twilio=TwilioAccount("AC" + "b" * 32, "twilio"))
    document = parts_of(other, made_by_us=False)[-1].put({})
    assert NO_RULE.have(document) == ABSENT
    assert NO_RULE.put(document) == document


@pytest.mark.parametrize("there", [KEY, KEY_ARN])
@pytest.mark.parametrize("wanted", [KEY, KEY_ARN])
def test_a_keys_arn_and_its_id_name_the_same_key(wanted: str, there: str) -> None:
    part = DefaultEncryption(Encryption.KMS, wanted)
    assert part.have(encrypted("aws:kms", there)) == part.want


@pytest.mark.parametrize("alias", ["alias/voice", "arn:aws:kms:us-east-1:111122223333:alias/voice"])
def test_a_keys_alias_may_come_as_an_arn(alias: str) -> None:
    part = DefaultEncryption(Encryption.KMS, "alias/voice")
    assert part.have(encrypted("aws:kms", alias)) == part.want


HERE, THERE = (f"arn:aws:kms:us-east-1:{account * 12}:alias/voice" for account in "12")


def test_the_account_of_an_alias_counts_where_both_sides_name_it() -> None:
    named = DefaultEncryption(Encryption.KMS, HERE)
    assert named.have(encrypted("aws:kms", HERE)) == named.have(encrypted("aws:kms", "alias/voice")) == named.want
    assert named.have(encrypted("aws:kms", THERE)) == f"aws:kms {THERE}" != named.want
    assert DefaultEncryption(Encryption.KMS, THERE).want != named.want


def test_any_encryption_is_another_wish_than_the_one_it_sets() -> None:
    anything, one = DefaultEncryption(Encryption.ANY), DefaultEncryption(Encryption.AES256)
    assert anything.want != one.want
    assert anything.put({}) == one.put({})
    assert anything.does == one.does == "encrypt new objects with AES256"


@pytest.mark.parametrize(
    ("part", "document", "same"),
    [
        (DefaultEncryption(Encryption.ANY), {}, False),
        (DefaultEncryption(Encryption.ANY), ("aws:kms", KEY), True),
        (DefaultEncryption(Encryption.ANY), ("AES256", ""), True),
        (DefaultEncryption(Encryption.AES256), ("aws:kms", KEY), False),
        (DefaultEncryption(Encryption.KMS), ("aws:kms", ""), True),
        (DefaultEncryption(Encryption.KMS), ("aws:kms:dsse", ""), False),
        (DefaultEncryption(Encryption.KMS, KEY), ("aws:kms", ""), False),
        (DefaultEncryption(Encryption.KMS, KEY), ("aws:kms", "another"), False),
        (DefaultEncryption(Encryption.KMS, KEY), ("AES256", ""), False),
    ],
)
def test_which_default_encryption_is_as_wanted(part: Part, document: tuple[str, str], same: bool) -> None:
    assert (part.have(encrypted(*document) if document else {}) == part.want) is same


def encrypted(algorithm: str, key: str) -> dict[str, Any]:
    default = {"SSEAlgorithm": algorithm} | ({"KMSMasterKeyID": key} if key else {})
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}


def test_what_can_hurt_says_so() -> None:
    risks = {part.path: part.risk for part in parts_of(wanting(expire_noncurrent=True), made_by_us=True)}
    assert risks == {
        f"tags.{CREATED_BY}": Risk.SAFE,
        "versioning": Risk.SAFE,
        "publicAccess": Risk.DISRUPTIVE,
        "objectOwnership": Risk.DISRUPTIVE,
        "encryption": Risk.SAFE,
        "policy.secureTransport": Risk.DISRUPTIVE,
        "lifecycle.abortIncompleteMultipartUploads": Risk.SAFE,
        "lifecycle.noncurrentVersions": Risk.DESTRUCTIVE,
    }
    assert DefaultEncryption(Encryption.KMS).risk is Risk.DISRUPTIVE


def test_every_part_says_what_it_does() -> None:
    told = [part.does for part in parts_of(wanting(tags=(("team", "voice"),)), made_by_us=True)]
    assert all(told)
    assert len(set(told)) == len(told)


def test_what_removes_versions_comes_last() -> None:
    assert parts_of(wanting(expire_noncurrent=True), made_by_us=True)[-1].risk is Risk.DESTRUCTIVE


def test_old_versions_go_as_late_as_the_metadata_and_only_under_the_accounts_own_keys() -> None:
    rule = parts_of(wanting(expire_noncurrent=True), made_by_us=False)[-1]
    assert json.loads(rule.want) == {
        "Filter": PREFIX,
        "NoncurrentVersionExpiration": {"NoncurrentDays": 40},
        "Status": "Enabled",
    }


def test_a_plain_http_endpoint_is_not_locked_out() -> None:
    paths = {part.path for part in parts_of(in_bucket(endpoint_url="http://minio:9000"), made_by_us=False)}
    assert TLS.path not in paths
    assert TLS.path in {part.path for part in parts_of(in_bucket(endpoint_url="https://minio"), made_by_us=False)}


@pytest.mark.parametrize(
    ("region", "partition"), [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_the_policy_names_the_bucket_in_its_regions_partition(region: str, partition: str) -> None:
    [part] = [one for one in parts_of(in_bucket(region=region), made_by_us=False) if one.path == TLS.path]
    assert part.put({})["Statement"][0]["Resource"] == [
        f"arn:{partition}:s3:::{BUCKET}",
        f"arn:{partition}:s3:::{BUCKET}/*",
    ]


def test_only_a_bucket_we_made_is_marked_as_ours() -> None:
    marks = [part for part in parts_of(S3, made_by_us=True) if isinstance(part, Tag)]
    assert [(part.key, part.value) for part in marks] == [(CREATED_BY, "uid-1")]
    assert not [part for part in parts_of(S3, made_by_us=False) if isinstance(part, Tag)]


def test_without_a_bucket_nothing_is_wanted_of_one() -> None:
    assert parts_of(TWILIO, made_by_us=False) == []


def test_a_tag_that_comes_without_its_empty_value_is_read_and_kept() -> None:
    document = {"TagSet": [{"Key": "team"}]}
    assert Tag("team", "").have(document) == Tag("team", "").want
    assert tags_of(Tag("cost", "1").put(document)) == {"team": "", "cost": "1"}
