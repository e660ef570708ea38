"""The steps that only a person can take in Twilio's Console."""

import pytest

from recording_storage_operator.core.console import console_action
from recording_storage_operator.core.desired import Desired
from recording_storage_operator.core.facts import AwsCredential
from recording_storage_operator.core.plan import Newest, Side
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.writer import WriterFacts
from tests.builders import ACCOUNT, BUCKET, NOON
from tests.unit.core.worlds import IN_BUCKET, S3, TWILIO, in_bucket

NEW, OLD = (AwsCredential(f"CR{name}", f"recordings.dev {name}", NOON) for name in ("new", "old"))


def message(newest: Newest, writer: WriterFacts | None, desired: Desired = S3) -> str:
    action = console_action(desired, newest, writer)
    assert action
    return action.message


def test_a_second_pair_asks_for_the_choice_of_the_wanted_one() -> None:
    action = console_action(S3, IN_BUCKET, WriterFacts(NEW.name, (NEW, OLD), OLD.name))
    assert action
    assert action.reason is Reason.CHOOSE_WRITER_CREDENTIAL
    assert f"choose the AWS credential '{NEW.name}'" in action.message
    assert f"'{OLD.name}' beside the wanted" in action.message
    assert ACCOUNT in action.message


def test_a_replaced_pair_that_is_known_is_deactivated_in_iam_first() -> None:
    assert "deactivate the replaced key pair in IAM" in message(IN_BUCKET, WriterFacts(NEW.name, (NEW, OLD), OLD.name))


def test_a_pair_that_nothing_can_prove_out_of_use_is_removed_by_a_person() -> None:
    told = message(IN_BUCKET, WriterFacts(NEW.name, (NEW, OLD)))
    assert "previousAccessKeyId" in told
    assert "deactivate" not in told


@pytest.mark.parametrize(
    "writer",
    [
        None,
        WriterFacts(NEW.name),
        WriterFacts(NEW.name, (NEW,)),
        WriterFacts(NEW.name, (OLD,), OLD.name),
        WriterFacts(NEW.name, denied="no"),
    ],
)
def test_there_is_nothing_to_choose_without_a_second_pair_beside_the_wanted(writer: WriterFacts | None) -> None:
    assert console_action(S3, IN_BUCKET, writer) is None


@pytest.mark.parametrize("side", [Side.TWILIO, Side.OTHER, Side.UNKNOWN])
def test_turning_external_storage_on_names_the_credential_to_choose(side: Side) -> None:
    newest = Newest(side, NOON, "other")
    assert f"choose the AWS credential '{NEW.name}'" in message(newest, WriterFacts(NEW.name, (NEW, OLD)))
    assert "choose an AWS credential that may write there" in message(newest, None)


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("us-east-1", f"https://{BUCKET}.s3.us-east-1.amazonaws.com/voice"),
        ("cn-north-1", f"https://{BUCKET}.s3.cn-north-1.amazonaws.com.cn/voice"),
    ],
)
def test_the_url_is_that_of_the_region(region: str, url: str) -> None:
    assert f"URL to {url}, and" in message(Newest(Side.TWILIO), None, in_bucket(region=region))


@pytest.mark.parametrize("side", [Side.TWILIO, Side.OTHER])
def test_another_server_is_not_taken_for_aws(side: Side) -> None:
    told = message(Newest(side, NOON, "other"), None, in_bucket(endpoint_url="https://minio.example.com"))
    assert "writes to AWS S3 only, and https://minio.example.com is another server: do what follows only where" in told
    assert told.index("another server") < told.index("AWS S3 bucket URL")
    assert len(told) < 1024


def test_an_endpoint_of_aws_is_aws() -> None:
    told = message(Newest(Side.TWILIO), None, in_bucket(endpoint_url="https://s3.us-east-1.amazonaws.com"))
    assert told == message(Newest(Side.TWILIO), None)


def test_turning_external_storage_off_names_no_credential() -> None:
    told = message(Newest(Side.S3, NOON, BUCKET), WriterFacts(NEW.name, (NEW, OLD)), TWILIO)
    assert "credential" not in told
