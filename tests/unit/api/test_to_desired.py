import copy
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recording_storage_operator.api.desired import MAX_PROBLEMS, to_desired
from recording_storage_operator.core.desired import (
    Approval,
    Backend,
    Bucket,
    BucketSettings,
    DeletionPolicy,
    Desired,
    DriftPolicy,
    Encryption,
    Management,
    TwilioAccount,
)
from recording_storage_operator.core.errors import Terminal
from recording_storage_operator.core.reasons import Reason

SID = "AC0123456789abcdef0123456789abcdef"
TWILIO = {"accountSid": SID, "credentialsSecretRef": {"name": "twilio"}}
SPEC: dict[str, Any] = {"backend": "S3", "twilio": TWILIO, "s3": {"bucket": "calls", "region": "eu-central-1"}}

OTHER_FIELDS = (
    *("retention", "sweepInterval", "suspend", "approval", "driftPolicy", "deletionPolicy", "edge"),
    *("prefix", "endpointUrl", "forcePathStyle", "management", "versioning", "encryption", "publicAccess"),
    *("objectOwnership", "secureTransport", "lifecycle", "tags", "writerCredentialsSecretRef"),
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def stored(spec: object) -> dict[str, Any]:
    return {"metadata": {"name": "line"}, "spec": spec}


def with_s3(**fields: object) -> dict[str, Any]:
    return stored(SPEC | {"s3": SPEC["s3"] | fields})


def judged(spec: object) -> str:
    """`taken`, `refused` with a sentence about the spec, or whatever else went wrong."""
    try:
        to_desired(stored(spec))
    except Terminal as refused:
        return "refused" if refused.message.startswith("spec") else refused.message
    return "taken"


def test_defaults_are_filled_in() -> None:
    assert to_desired(stored({"backend": "Twilio", "twilio": TWILIO})) == Desired(
        backend=Backend.TWILIO,
        twilio=TwilioAccount(SID, "twilio"),
        s3=None,
        metadata_days=40,
        sweep_interval=timedelta(minutes=15),
        suspend=False,
        approval=Approval.AUTOMATIC,
        drift_policy=DriftPolicy.REVERT,
        deletion_policy=DeletionPolicy.RETAIN,
        owner="",
        name="line",
    )


def test_every_field_arrives() -> None:
    spec = {
        "backend": "S3",
        "twilio": TWILIO | {"region": "ie1", "edge": "dublin"},
        "s3": {
            "bucket": "calls",
            "region": "eu-central-1",
            "prefix": "voice/support",
            "endpointUrl": "https://s3.test:9000/",
            "forcePathStyle": True,
            "credentialsSecretRef": {"name": "bucket"},
            "writerCredentialsSecretRef": {"name": "writer"},
            "delivery": "ExternalStorage",
            "management": "Observe",
            "versioning": "Unmanaged",
            "encryption": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "alias/recordings"},
            "publicAccess": "Unmanaged",
            "objectOwnership": "Unmanaged",
            "secureTransport": "Unmanaged",
            "lifecycle": {"abortIncompleteMultipartUploadDays": 30, "noncurrentVersions": "Expire"},
            "tags": {"team": "telephony", "floor": "3"},
        },
        "retention": {"metadataDays": 30},
        "approval": "Manual",
        "driftPolicy": "Report",
        "deletionPolicy": "Delete",
        "sweepInterval": "1h30m",
        "suspend": True,
    }
    metadata = {"name": "line", "namespace": "telephony", "uid": "1b4e28ba"}
    assert to_desired({"metadata": metadata, "spec": spec}) == Desired(
        backend=Backend.S3,
        twilio=TwilioAccount(SID, "twilio", region="ie1", edge="dublin"),
        s3=Bucket(
            name="calls",
            region="eu-central-1",
            prefix="voice/support/",
            endpoint_url="https://s3.test:9000",
            force_path_style=True,
            credentials_secret="bucket",
            writer_secret="writer",
            management=Management.OBSERVE,
            settings=BucketSettings(
                versioning=False,
                encryption=Encryption.KMS,
                kms_key="alias/recordings",
                block_public_access=False,
                enforce_ownership=False,
                require_tls=False,
                abort_uploads_after=30,
                expire_noncurrent=True,
                tags=(("floor", "3"), ("team", "telephony")),
            ),
        ),
        metadata_days=30,
        sweep_interval=timedelta(minutes=90),
        suspend=True,
        approval=Approval.MANUAL,
        drift_policy=DriftPolicy.REPORT,
        deletion_policy=DeletionPolicy.DELETE,
        owner="1b4e28ba",
        name="line",
        namespace="telephony",
    )


def test_a_bucket_is_kept_safe_without_a_word_about_it() -> None:
    assert to_desired(stored(SPEC)).s3 == Bucket(
        "calls",
        "eu-central-1",
        writer_secret="",
        management=Management.MANAGE,
        settings=BucketSettings(
            versioning=True,
            encryption=Encryption.ANY,
            kms_key="",
            block_public_access=True,
            enforce_ownership=True,
            require_tls=True,
            abort_uploads_after=7,
            expire_noncurrent=False,
            tags=(),
        ),
    )


def test_a_stored_resource_owns_what_is_made_for_it_and_a_file_nothing() -> None:
    assert to_desired({"metadata": {"name": "line", "uid": "7f0f5d2e"}, "spec": SPEC}).owner == "7f0f5d2e"
    assert to_desired(stored(SPEC)).owner == ""


def test_the_key_of_a_tag_is_never_told() -> None:
    with pytest.raises(Terminal) as refused:
        to_desired(with_s3(tags={"Secret&Token": "x"}))
    assert "spec.s3.tags: the key of a tag" in refused.value.message
    assert "Secret&Token" not in refused.value.message


@pytest.mark.parametrize(
    ("written", "meant"), [(None, ""), ("", ""), ("voice", "voice/"), ("voice/", "voice/"), ("a/b", "a/b/")]
)
def test_a_prefix_is_empty_or_ends_with_one_slash(written: str | None, meant: str) -> None:
    desired = to_desired(with_s3(prefix=written))
    assert desired.s3 is not None
    assert desired.s3.prefix == meant


def test_a_value_is_never_told() -> None:
    """Somebody may have pasted a token into the wrong field, and messages go into status and logs."""
    with pytest.raises(Terminal) as refused:
        to_desired(with_s3(bucket="Secret_Token", credentialsSecretRef="Secret_Token", delivery="Secret_Token"))
    assert "Secret_Token" not in refused.value.message
    assert refused.value.__cause__ is None


def test_only_the_first_problems_are_told_and_the_rest_counted() -> None:
    spec = {"s3": {"delivery": "x", "prefix": "/"}, "suspend": "x", "sweepInterval": "x", "retention": 1}
    with pytest.raises(Terminal) as refused:
        to_desired(stored(spec))
    told = refused.value.message.split("; ")
    assert len(told) == MAX_PROBLEMS + 1
    assert told[0] == "spec.backend: Required value"
    assert told[-1] == "and 4 more"


def test_an_object_without_metadata_is_refused() -> None:
    with pytest.raises(Terminal, match="metadata: Required value"):
        to_desired({"spec": SPEC})


def test_a_damaged_status_stops_nothing() -> None:
    assert to_desired(stored(SPEC) | {"status": {"conditions": "broken"}}).backend is Backend.S3


@given(spec=json_values)
def test_nothing_but_a_sentence_comes_of_an_arbitrary_spec(spec: object) -> None:
    with pytest.raises(Terminal) as refused:
        to_desired(stored(spec))
    assert refused.value.reason is Reason.INVALID_SPEC
    assert refused.value.message.startswith("spec")


@given(data=st.data())
def test_one_arbitrary_value_in_a_good_spec_is_taken_or_refused_with_a_sentence(data: st.DataObject) -> None:
    spec = copy.deepcopy(SPEC)
    place = data.draw(st.sampled_from([spec, spec["twilio"], spec["twilio"]["credentialsSecretRef"], spec["s3"]]))
    place[data.draw(st.sampled_from([*place, *OTHER_FIELDS]))] = data.draw(json_values)
    assert judged(spec) in {"taken", "refused"}


def test_the_same_mistake_gives_the_same_words() -> None:
    """A message that changes by itself would write the status again and again."""
    messages = set()
    for _ in range(2):
        with pytest.raises(Terminal) as refused:
            to_desired(stored({"backend": {}, "twilio": []}))
        messages.add(refused.value.message)
    assert len(messages) == 1
