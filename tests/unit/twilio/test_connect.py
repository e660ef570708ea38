import pytest

from recording_storage_operator.core.desired import TwilioAccount
from recording_storage_operator.core.errors import Terminal
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.twilio.client import Roots
from recording_storage_operator.twilio.connect import TwilioConnector, credentials, roots
from tests.unit.twilio.wire import ACCOUNT, TOKEN

KEY = "SK" + "c" * 32


def test_a_token_goes_with_the_account_sid() -> None:
    found = credentials(ACCOUNT, {"authToken": TOKEN}, "twilio")
    assert (found.username, found.password) == (ACCOUNT, TOKEN)


def test_an_api_key_goes_with_its_secret_and_is_preferred_to_the_token() -> None:
    found = credentials(ACCOUNT, {"apiKeySid": KEY, "apiKeySecret": "s3cret", "authToken": TOKEN}, "twilio")
    assert (found.username, found.password) == (KEY, "s3cret")


@pytest.mark.parametrize("padding", ["\n", "\r\n", " ", "\t\n"])
def test_white_space_around_a_value_is_dropped(padding: str) -> None:
    values = {"apiKeySid": padding + KEY + padding, "apiKeySecret": f"s3cret{padding}"}
    found = credentials(ACCOUNT, values, "twilio")
    assert (found.username, found.password) == (KEY, "s3cret")


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({}, "authToken"),
        ({"authToken": ""}, "authToken"),
        ({"authToken": " \n"}, "authToken"),
        ({"authToken": "hid den"}, "authToken"),
        ({"authToken": "hid\nden"}, "authToken"),
        ({"authToken": "hid\x00den"}, "authToken"),
        ({"authToken": "\ufeffhidden"}, "authToken"),
        ({"apiKeySecret": "hidden"}, "apiKeySid"),
        ({"apiKeySid": KEY}, "apiKeySecret"),
        ({"apiKeySid": KEY, "authToken": "hidden"}, "apiKeySecret"),
        ({"apiKeySid": "hidden", "apiKeySecret": "hidden"}, "apiKeySid"),
        ({"apiKeySid": KEY.upper(), "apiKeySecret": "hidden"}, "apiKeySid"),
        ({"apiKeySid": KEY, "apiKeySecret": "hid den"}, "apiKeySecret"),
    ],
)
def test_a_malformed_secret_is_refused_with_the_name_of_the_key_and_nothing_of_its_value(
    values: dict[str, str], key: str
) -> None:
    with pytest.raises(Terminal) as caught:
        credentials(ACCOUNT, values, "my-secret")
    assert caught.value.reason is Reason.SECRET_MALFORMED
    assert f"'{key}' of Secret 'my-secret'" in caught.value.message
    assert "hid" not in caught.value.message


def test_the_default_roots_are_twilios_over_https() -> None:
    assert roots(TwilioAccount(ACCOUNT, "s")) == Roots(
        "https://api.twilio.com", "https://monitor.twilio.com", "https://accounts.twilio.com"
    )


def test_region_and_edge_are_part_of_every_root() -> None:
    found = roots(TwilioAccount(ACCOUNT, "s", region="ie1", edge="dublin"))
    assert found == Roots(
        "https://api.dublin.ie1.twilio.com",
        "https://monitor.dublin.ie1.twilio.com",
        "https://accounts.dublin.ie1.twilio.com",
    )


def test_a_base_url_stands_for_all_roots() -> None:
    found = roots(TwilioAccount(ACCOUNT, "s", region="ie1", edge="dublin"), "http://127.0.0.1:9")
    assert found == Roots(*["http://127.0.0.1:9"] * 3)


@pytest.mark.parametrize(
    ("region", "edge"),
    [
        ("ie1", ""),
        ("", "dublin"),
        ("ie1", "evil.example/"),
        ("evil.example#", "dublin"),
        ("ie1", "a@b"),
        ("ie1\n", "x"),
    ],
)
def test_a_region_or_edge_that_would_lead_elsewhere_is_refused(region: str, edge: str) -> None:
    with pytest.raises(Terminal) as caught:
        roots(TwilioAccount(ACCOUNT, "s", region=region, edge=edge))
    assert caught.value.reason is Reason.INVALID_SPEC


@pytest.mark.parametrize("account_sid", ["", "AC123", f"{ACCOUNT}/../{ACCOUNT}", f"{ACCOUNT}\n", "SK" + "a" * 32])
def test_an_account_sid_that_is_none_never_becomes_part_of_a_path(account_sid: str) -> None:
    connector = TwilioConnector()
    for make in (connector.connect, connector.aws_credentials):
        with pytest.raises(Terminal) as caught:
            make(TwilioAccount(account_sid, "s"), {"authToken": TOKEN}, "s")
        assert caught.value.reason is Reason.INVALID_SPEC
    connector.close()


@pytest.mark.parametrize(
    "url",
    ["twilio.test", "ftp://twilio.test", "http://", "http://user:pass@twilio.test", "http://t/?a=b", "http://t/#x"],
)
def test_a_base_url_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="base URL"):
        TwilioConnector(url)
