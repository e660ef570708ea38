import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from recording_storage_operator.core.desired import Bucket
from recording_storage_operator.core.endpoint import origin
from recording_storage_operator.core.errors import ReconcileError, Terminal, Transient, Wait
from recording_storage_operator.core.facts import Aspect
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.s3.connect import Connections, Limits
from tests.unit.s3.scripted import NAME, VALUES, Answer, ScriptedServer, error, listing, row

GOOD = listing(row("rec/a"))
QUICK = Limits(connect_timeout=2, read_timeout=2, attempts=1)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(GOOD) as running:
        yield running


@pytest.fixture
def connections(server: ScriptedServer) -> Iterator[Connections]:
    with closing(Connections([server.endpoint], allow_ambient=False, limits=QUICK)) as made:
        yield made


def bucket(endpoint: str = "", secret: str = "s3-keys", region: str = "us-east-1", name: str = NAME) -> Bucket:
    return Bucket(name, region, endpoint_url=endpoint, credentials_secret=secret)


def refused(connections: Connections, wanted: Bucket, values: dict[str, str] | None) -> ReconcileError:
    with pytest.raises(Terminal) as caught:
        connections.bucket(wanted, values)
    return caught.value


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({}, "accessKeyId"),
        ({"accessKeyId": "A"}, "secretAccessKey"),
        ({"accessKeyId": " \n", "secretAccessKey": "S"}, "accessKeyId"),
        ({"accessKeyId": "A", "secretAccessKey": ""}, "secretAccessKey"),
        ({"accessKeyId": "A", "secretAccessKey": "S", "sessionToken": ""}, "sessionToken"),
        ({"accessKeyId": "A B", "secretAccessKey": "S"}, "accessKeyId"),
        ({"accessKeyId": "A/B", "secretAccessKey": "S"}, "accessKeyId"),
        ({"accessKeyId": "A\r\nHost: x", "secretAccessKey": "S"}, "accessKeyId"),
        ({"accessKeyId": "A", "secretAccessKey": "geheimnis-ü"}, "secretAccessKey"),
    ],
)
def test_a_malformed_secret_is_named_with_its_key_and_without_its_value(
    connections: Connections, server: ScriptedServer, values: dict[str, str], key: str
) -> None:
    malformed = refused(connections, bucket(server.endpoint), values)

    assert malformed.reason is Reason.SECRET_MALFORMED
    assert key in malformed.message
    assert "s3-keys" in malformed.message
    assert "geheimnis" not in malformed.message


def test_white_space_around_a_key_does_not_matter(connections: Connections, server: ScriptedServer) -> None:
    values = {"accessKeyId": "AKIDSPACED\n", "secretAccessKey": "  hush\n", "other": "ignored"}
    connections.bucket(bucket(server.endpoint), values).versions("rec/")

    assert "Credential=AKIDSPACED/" in server.asked[0].headers["Authorization"]


def test_a_session_token_is_sent_along(connections: Connections, server: ScriptedServer) -> None:
    connections.bucket(bucket(server.endpoint), VALUES).versions("rec/")

    assert server.asked[0].headers["X-Amz-Security-Token"] == VALUES["sessionToken"]


def test_a_secret_that_is_named_but_missing_never_falls_back_to_ambient_credentials(server: ScriptedServer) -> None:
    with closing(Connections([server.endpoint], allow_ambient=True)) as connections:
        missing = refused(connections, bucket(server.endpoint), None)

    assert missing.reason is Reason.SECRET_MISSING


def test_ambient_credentials_are_not_lent_out_by_default(
    connections: Connections, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDAMBIENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")

    assert refused(connections, bucket(server.endpoint, secret=""), None).reason is Reason.CREDENTIALS_REQUIRED


def test_ambient_credentials_are_used_where_the_operator_allows_it(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDAMBIENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    with closing(Connections([server.endpoint], allow_ambient=True, limits=QUICK)) as connections:
        connections.bucket(bucket(server.endpoint, secret=""), None).versions("rec/")
        connections.bucket(bucket(server.endpoint), VALUES).versions("rec/")

    used = [asked.headers["Authorization"] for asked in server.asked]
    assert "Credential=AKIDAMBIENT/" in used[0]
    assert "Credential=AKIDEXAMPLE/" in used[1]


def test_ambient_credentials_that_are_not_there_wait_for_an_identity(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    with (
        closing(Connections([server.endpoint], allow_ambient=True, limits=QUICK)) as connections,
        pytest.raises(Wait) as caught,
    ):
        connections.bucket(bucket(server.endpoint, secret=""), None).versions("rec/")

    assert caught.value.reason is Reason.CREDENTIALS_REQUIRED
    assert server.asked == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://s3.example.com",  # another scheme
        "https://s3.example.com:8443",
        "https://example.com",
        "https://s3.example.com.evil.test",
        "http://169.254.169.254",
    ],
)
def test_an_endpoint_outside_the_list_is_refused_with_the_setting_to_change(endpoint: str) -> None:
    with closing(Connections(["https://s3.example.com"], allow_ambient=False)) as connections:
        outside = refused(connections, bucket(endpoint), VALUES)

    assert outside.reason is Reason.ENDPOINT_NOT_ALLOWED
    assert "RECORDINGS_S3_ENDPOINTS" in outside.message
    assert endpoint in outside.message


def test_an_administrator_is_held_to_the_same_endpoints_and_secrets(
    connections: Connections, server: ScriptedServer
) -> None:
    cases = [
        (bucket("https://example.com"), VALUES, Reason.ENDPOINT_NOT_ALLOWED),
        (bucket(server.endpoint), None, Reason.SECRET_MISSING),
        (bucket(server.endpoint), {}, Reason.SECRET_MALFORMED),
        (bucket(server.endpoint, secret=""), None, Reason.CREDENTIALS_REQUIRED),
    ]
    for wanted, values, reason in cases:
        with pytest.raises(Terminal) as caught:
            connections.admin(wanted, values)
        assert caught.value.reason is reason


def test_an_administrator_shares_the_connection_of_a_reader(connections: Connections, server: ScriptedServer) -> None:
    connections.bucket(bucket(server.endpoint), VALUES).versions("rec/")
    with pytest.raises(Transient):
        connections.admin(bucket(server.endpoint), VALUES).read(Aspect.TAGS)

    assert peers(server) == 1
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "endpoint", ["https://s3.example.com/", "HTTPS://S3.Example.com:443", " https://s3.example.com "]
)
def test_an_endpoint_in_the_list_is_allowed_however_it_is_spelt(endpoint: str) -> None:
    with closing(Connections(["https://s3.example.com"], allow_ambient=False)) as connections:
        connections.bucket(bucket(endpoint), VALUES)


@pytest.mark.parametrize(
    "endpoint",
    [
        "s3.example.com",
        "ftp://s3.example.com",
        "https://",
        "https://s3.example.com/path",
        "https://s3.example.com?x=1",
        "https://s3.example.com#x",
        "https://user:hush@s3.example.com",
        "https://s3.example.com:port",
    ],
)
def test_an_endpoint_is_an_origin_and_nothing_more(endpoint: str) -> None:
    with closing(Connections(["https://s3.example.com"], allow_ambient=False)) as connections:
        malformed = refused(connections, bucket(endpoint), VALUES)

    assert malformed.reason is Reason.INVALID_SPEC
    assert "hush" not in malformed.message
    with pytest.raises(ValueError, match=r"endpoint|[Pp]ort"):
        Connections([endpoint], allow_ambient=False)


def test_an_address_literal_keeps_its_brackets() -> None:
    assert origin("http://[::1]:9000/") == "http://[::1]:9000"


@pytest.mark.parametrize("region", ["evil.test/", "us east", "-"])
def test_a_region_that_is_none_is_the_specs_mistake(connections: Connections, region: str) -> None:
    assert refused(connections, bucket(region=region), VALUES).reason is Reason.INVALID_SPEC


def test_a_bucket_name_that_is_none_is_the_specs_mistake(connections: Connections, server: ScriptedServer) -> None:
    with pytest.raises(Terminal) as caught:
        connections.bucket(bucket(server.endpoint, name="a/../b"), VALUES).versions("rec/")

    assert caught.value.reason is Reason.INVALID_SPEC
    assert server.asked == []


@pytest.mark.parametrize(
    ("path_style", "region", "host"),
    [
        (False, "eu-west-1", "recordings.s3.eu-west-1.amazonaws.com:443"),
        (True, "eu-west-1", "s3.eu-west-1.amazonaws.com:443"),
        (False, "us-east-1", "recordings.s3.us-east-1.amazonaws.com:443"),
        (False, "cn-north-1", "recordings.s3.cn-north-1.amazonaws.com.cn:443"),
    ],
)
def test_without_an_endpoint_it_is_awss_of_the_region_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, path_style: bool, region: str, host: str
) -> None:
    """The cluster's proxy is asked for the connection, so what it hears is where the request would have gone."""
    with ScriptedServer(Answer(403)) as proxy, ScriptedServer(GOOD) as trap:
        monkeypatch.setenv("HTTPS_PROXY", proxy.endpoint)
        monkeypatch.setenv("AWS_ENDPOINT_URL", trap.endpoint)
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", trap.endpoint)
        monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
        monkeypatch.setenv("AWS_REGION", "sa-east-1")
        wanted = Bucket(NAME, region, force_path_style=path_style, credentials_secret="s3-keys")
        with (
            closing(Connections([], allow_ambient=False, limits=QUICK)) as connections,
            pytest.raises(Transient) as caught,
        ):
            connections.bucket(wanted, VALUES).versions("rec/")

    assert caught.value.reason is Reason.S3_UNREACHABLE
    assert [(asked.method, asked.target) for asked in proxy.asked] == [("CONNECT", host)]
    assert trap.asked == []


def test_a_custom_endpoint_is_used_in_path_style(connections: Connections, server: ScriptedServer) -> None:
    connections.bucket(bucket(server.endpoint), VALUES).versions("rec/")

    assert server.asked[0].target.startswith(f"/{NAME}?versions")
    assert "recording-storage-operator" in server.asked[0].headers["User-Agent"]


def peers(server: ScriptedServer) -> int:
    """How many connections the requests came over."""
    return len({asked.peer for asked in server.asked})


def test_buckets_of_the_same_credentials_share_connections(connections: Connections, server: ScriptedServer) -> None:
    for _ in range(3):
        connections.bucket(bucket(server.endpoint), VALUES).versions("rec/")

    assert peers(server) == 1


@pytest.mark.parametrize(
    "other", [{"accessKeyId": "AKIDOTHER"}, {"secretAccessKey": "other"}, {"sessionToken": "other"}]
)
def test_other_credentials_never_share_a_client(
    connections: Connections, server: ScriptedServer, other: dict[str, str]
) -> None:
    connections.bucket(bucket(server.endpoint), VALUES).versions("rec/")
    connections.bucket(bucket(server.endpoint), VALUES | other).versions("rec/")

    assert peers(server) == 2
    assert len({asked.headers["Authorization"] for asked in server.asked}) == 2


def test_another_region_is_signed_for_as_such(connections: Connections, server: ScriptedServer) -> None:
    for region in ("us-east-1", "eu-west-1"):
        connections.bucket(bucket(server.endpoint, region=region), VALUES).versions("rec/")

    scopes = [asked.headers["Authorization"].split("/")[2] for asked in server.asked]
    assert scopes == ["us-east-1", "eu-west-1"]


def test_the_client_used_longest_ago_is_let_go_and_still_works_for_who_has_it(server: ScriptedServer) -> None:
    limits = Limits(connect_timeout=2, read_timeout=2, attempts=1, clients=2)
    with closing(Connections([server.endpoint], allow_ambient=False, limits=limits)) as connections:

        def use(access_key_id: str) -> None:
            connections.bucket(bucket(server.endpoint), VALUES | {"accessKeyId": access_key_id}).versions("rec/")

        first = connections.bucket(bucket(server.endpoint), VALUES | {"accessKeyId": "one"})
        use("one")
        use("two")
        use("one")
        assert peers(server) == 2
        use("three")
        use("one")
        assert peers(server) == 3, "the one used last is kept"
        use("two")
        assert peers(server) == 4, "the one used longest ago was let go"
        use("three")
        first.versions("rec/")


def test_many_threads_may_ask_for_clients_and_use_them_at_once(server: ScriptedServer) -> None:
    together = threading.Barrier(8)
    limits = Limits(connect_timeout=2, read_timeout=5, attempts=1, clients=2)
    with closing(Connections([server.endpoint], allow_ambient=False, limits=limits)) as connections:

        def work(number: int) -> int:
            together.wait(10)
            found = 0
            for turn in range(5):
                values = VALUES | {"accessKeyId": f"AKID{(number + turn) % 4}"}
                found += len(connections.bucket(bucket(server.endpoint), values).versions("rec/").versions)
            return found

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(work, range(8))) == 40


def test_nobody_listening_is_transient() -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        endpoint = f"http://127.0.0.1:{reserved.getsockname()[1]}"
    with (
        closing(Connections([endpoint], allow_ambient=False, limits=QUICK)) as connections,
        pytest.raises(Transient) as caught,
    ):
        connections.bucket(bucket(endpoint), VALUES).versions("rec/")

    assert caught.value.reason is Reason.S3_UNREACHABLE
    assert endpoint in caught.value.message


def test_nothing_secret_is_in_a_log_an_error_or_a_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    reflected = error("SignatureDoesNotMatch", 403, f"<Detail>{VALUES['secretAccessKey']}</Detail>")
    with (
        ScriptedServer(GOOD, reflected) as server,
        closing(Connections([server.endpoint], allow_ambient=False, limits=QUICK)) as connections,
    ):
        client = connections.bucket(bucket(server.endpoint), VALUES)
        client.versions("rec/")
        with pytest.raises(Wait) as caught:
            client.versions("rec/")
        shown = [
            caplog.text,
            repr(caught.value),
            str(caught.value),
            repr(client),
            repr(connections),
            repr(vars(connections)),
        ]

    for text in shown:
        assert not any(value in text for value in VALUES.values())
