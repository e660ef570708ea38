"""The operator's own AWS identity, where it comes late, cannot be read, or is not lent."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recording_storage_operator.core.desired import Bucket
from recording_storage_operator.core.errors import ReconcileError, Transient, Wait
from recording_storage_operator.core.facts import Aspect
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.s3.connect import Connections, Limits
from tests.unit.s3.scripted import NAME, Answer, Asked, ScriptedServer, kind, listing, row

ROLE = "arn:aws:iam::111122223333:role/operator"


class Metadata(ScriptedServer):
    """EC2's instance metadata, which answers 503 until it is `up`."""

    up = False

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if not self.up:
            return Answer(503)
        if asked.target.endswith("/api/token"):
            return Answer(200, b"token")
        if asked.target.endswith("/security-credentials/"):
            return Answer(200, b"role")
        later = (datetime.now(UTC) + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
        lent = {"AccessKeyId": "AKIDROLE", "SecretAccessKey": "hush", "Token": "t", "Expiration": later}
        return Answer(200, json.dumps({"Code": "Success", **lent}).encode())


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without any identity."""
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(listing(row("rec/a"))) as running:
        yield running


@pytest.fixture
def connections(server: ScriptedServer) -> Iterator[Connections]:
    limits = Limits(connect_timeout=2, read_timeout=2, attempts=1)
    with closing(Connections([server.endpoint], allow_ambient=True, limits=limits)) as made:
        yield made


def ambient(server: ScriptedServer) -> Bucket:
    return Bucket(NAME, "us-east-1", endpoint_url=server.endpoint)


def failure(ask: Callable[[], object]) -> ReconcileError:
    with pytest.raises(ReconcileError) as caught:
        ask()
    return caught.value


def test_an_identity_that_comes_late_is_used_without_a_restart(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, connections: Connections
) -> None:
    with Metadata() as metadata:
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.endpoint)
        late = failure(lambda: connections.bucket(ambient(server), None).versions("rec/"))
        assert kind(late) == (Wait, Reason.CREDENTIALS_REQUIRED)
        metadata.up = True
        assert connections.bucket(ambient(server), None).versions("rec/").versions


@pytest.mark.parametrize("how", ["IRSA", "Pod Identity"])
def test_a_token_file_that_cannot_be_read_waits_for_an_identity(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, connections: Connections, how: str
) -> None:
    """As in a pod that is not root and has no fsGroup."""
    if how == "IRSA":
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token")
        monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
    else:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nonexistent/token")
    unreadable = failure(lambda: connections.bucket(ambient(server), None).describe())
    assert kind(unreadable) == (Wait, Reason.CREDENTIALS_REQUIRED)
    assert server.asked == []


def refused_by_sts(code: str, status: int) -> Answer:
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>as AWS words it</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
    return Answer(status, body.encode(), {"Content-Type": "text/xml"})


@pytest.mark.parametrize(
    ("code", "status", "meaning"),
    [
        ("AccessDenied", 403, (Wait, Reason.CREDENTIALS_REQUIRED)),
        ("ExpiredTokenException", 400, (Wait, Reason.CREDENTIALS_REQUIRED)),
        ("InvalidIdentityToken", 400, (Wait, Reason.CREDENTIALS_REQUIRED)),
        ("Throttling", 400, (Transient, Reason.S3_UNREACHABLE)),
        ("ServiceUnavailable", 503, (Transient, Reason.S3_UNREACHABLE)),
    ],
)
def test_a_role_that_is_not_lent_says_nothing_of_the_bucket(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    server: ScriptedServer,
    connections: Connections,
    code: str,
    status: int,
    meaning: tuple[type[ReconcileError], Reason],
) -> None:
    token = tmp_path / "token"
    token.write_text("a.b.c")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with ScriptedServer(refused_by_sts(code, status)) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.endpoint)
        bucket, admin = connections.bucket(ambient(server), None), connections.admin(ambient(server), None)
        for ask in (
            bucket.describe,
            lambda: bucket.versions("rec/"),
            lambda: bucket.has("rec/a"),
            lambda: admin.read(Aspect.LIFECYCLE),
            admin.delete,
        ):
            error = failure(ask)
            assert kind(error) == meaning, error.message
            assert "STS" in error.message
            assert code in error.message
    assert server.asked == [], "S3 was never asked"
