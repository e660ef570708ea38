"""Bad credentials, bad accounts and a Twilio that is away: each named, nothing listed falsely or lost, healed alone."""

from collections.abc import Callable

import pytest

from recording_storage_operator.core.work import Key
from tests.integration.bad_days import HOUR, endure, heal
from tests.integration.cloud_world import NAMESPACE, TWILIO_SECRET, CloudWorld, world_fixtures

ANOTHER_TOKEN = "f" * 32
A_KEY = {"apiKeySid": "SK" + "0" * 32, "apiKeySecret": "secret"}


cloud_lab, world = world_fixtures(attempts=3)


def right_secret(world: CloudWorld) -> None:
    world.put_secret("twilio", authToken=world.tenant.account.auth_token)


def test_a_missing_secret_is_asked_for_and_noticed_within_a_minute(world: CloudWorld) -> None:
    key = world.known()
    world.cluster.delete_secret(NAMESPACE, TWILIO_SECRET)
    assert endure(world, key, "SecretMissing", TWILIO_SECRET, "Create it", "authToken", "apiKeySid") == 0
    right_secret(world)
    heal(world, key, within=60)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ("'authToken'", "missing or empty")),
        ({"authToken": " \n"}, ("'authToken'", "missing or empty")),
        ({"authToken": "two words"}, ("'authToken'", "white space")),
        ({"apiKeySecret": "secret"}, ("'apiKeySid'", "missing or empty")),
        (A_KEY | {"apiKeySid": "AC" + "0" * 32}, ("'apiKeySid'", "SK and 32 hexadecimal digits")),
        ({"apiKeySid": A_KEY["apiKeySid"]}, ("'apiKeySecret'", "missing or empty")),
        (A_KEY | {"apiKeySecret": "sécret"}, ("'apiKeySecret'", "non-ASCII")),
    ],
)
def test_a_malformed_secret_names_its_key_and_waits_for_an_edit(
    world: CloudWorld, values: dict[str, str], words: tuple[str, ...]
) -> None:
    key = world.known()
    world.put_secret("twilio", **values)
    assert endure(world, key, "SecretMalformed", TWILIO_SECRET, *words, stalled=True) == 0
    assert not any(value.strip() and value in world.message(key) for value in values.values())
    right_secret(world)
    heal(world, key, within=60)


@pytest.mark.parametrize("values", [{"authToken": ANOTHER_TOKEN}, A_KEY], ids=["token", "api key"])
def test_refused_credentials_are_named_and_their_renewal_is_noticed_within_a_minute(
    world: CloudWorld, values: dict[str, str]
) -> None:
    key = world.known()
    world.put_secret("twilio", **values)
    asked = endure(world, key, "TwilioCredentialsRejected", TWILIO_SECRET, world.account_sid, "replaced or revoked")
    assert asked <= 4 * 16
    right_secret(world)
    heal(world, key, within=60)


def test_a_rotated_token_is_refused_until_the_secret_has_it(world: CloudWorld) -> None:
    key = world.known()
    token = world.control.rotate_token(world.account_sid)
    assert endure(world, key, "TwilioCredentialsRejected", "replaced or revoked") <= 2 * 16
    world.put_secret("twilio", authToken=token)
    heal(world, key, within=60)


def test_a_region_whose_credentials_these_are_not_is_among_the_causes(world: CloudWorld) -> None:
    key = world.known()
    world.fault("401", "/")
    world.cluster.edit(key, lambda obj: obj["spec"]["twilio"].update(region="ie1", edge="dublin"))
    endure(world, key, "TwilioCredentialsRejected", "spec.twilio.region")
    world.control.clear_faults()
    heal(world, key, within=60)


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        ("suspended", "TwilioAccountSuspended", ("suspended", "Reactivate it in the Console")),
        ("closed", "TwilioAccountClosed", ("closed", "30 days", "support")),
    ],
)
def test_an_account_out_of_service_is_told_from_lost_recordings(
    world: CloudWorld, status: str, reason: str, words: tuple[str, ...]
) -> None:
    key = world.known()
    world.control.account_status(world.account_sid, status)
    assert endure(world, key, reason, world.account_sid, *words) <= 5
    world.control.account_status(world.account_sid, "active")
    heal(world, key, within=300)


def test_an_account_gone_for_good_takes_nothing_from_the_ledger(world: CloudWorld) -> None:
    """Twilio deletes a closed account after 30 days; what was deleted before that is still listed."""
    key = world.known()
    world.control.account_status(world.account_sid, "closed")
    world.clock.advance(days=31)
    listed = world.entries(key)
    world.live(key, HOUR)
    assert world.conditions(key)["Ready"] == ("False", "TwilioCredentialsRejected")
    assert world.entries(key) == listed


def test_an_account_that_the_key_does_not_know_is_not_taken_for_an_empty_one(world: CloudWorld) -> None:
    key = world.known()
    other = world.control.create_account()
    world.put_secret("twilio", apiKeySid=other.api_key_sid, apiKeySecret=other.api_key_secret)
    endure(world, key, "TwilioAccountNotFound", world.account_sid, "Check spec.twilio.accountSid")
    right_secret(world)
    heal(world, key, within=60)


def test_a_twilio_that_refuses_connections_is_waited_for(world: CloudWorld) -> None:
    key = world.known()
    world.lab.twilio_way.cut()
    assert endure(world, key, "TwilioUnreachable", "cluster's network") == 0
    world.lab.twilio_way.mend()
    heal(world, key, within=301)


def standard_key(world: CloudWorld) -> None:
    """It may not read /Accounts."""
    world.put_secret(
        "twilio", apiKeySid=world.tenant.account.api_key_sid, apiKeySecret=world.tenant.account.api_key_secret
    )


def restricted_key(*permissions: str) -> Callable[[CloudWorld], None]:
    def put(world: CloudWorld) -> None:
        body = {"type": "restricted", "permissions": list(permissions)}
        made = world.control.ask("POST", f"accounts/{world.account_sid}/keys", body)
        world.put_secret("twilio", apiKeySid=made["api_key_sid"], apiKeySecret=made["api_key_secret"])

    return put


RECORDINGS = ("recordings:list", "recordings:read")


@pytest.mark.parametrize("put", [standard_key, restricted_key(*RECORDINGS, "events:list", "alerts:list")])
def test_a_key_that_may_not_read_the_account_serves_all_the_same(
    world: CloudWorld, put: Callable[[CloudWorld], None]
) -> None:
    key = world.known()
    put(world)
    [sid] = world.external()
    world.delete_in_bucket(sid)
    heal(world, key, within=60)
    assert world.entries(key)[sid].precision == "Exact"


@pytest.mark.parametrize("put", [standard_key, restricted_key(*RECORDINGS, "events:list", "alerts:list")])
def test_a_suspended_account_is_no_empty_one_for_a_key_that_may_not_read_it(
    world: CloudWorld, put: Callable[[CloudWorld], None]
) -> None:
    key = world.known()
    put(world)
    heal(world, key, within=60)
    world.control.account_status(world.account_sid, "suspended")
    endure(world, key, "TwilioCredentialsRejected", "the account is suspended")
    world.control.account_status(world.account_sid, "active")
    heal(world, key, within=60)


@pytest.mark.parametrize(
    ("more", "ledger", "words"),
    [
        (("alerts:list",), ("True", "MonitorDenied"), "listed with the time they were noticed"),
        (("events:list",), ("False", "MonitorDenied"), "not listed"),
        ((), ("False", "MonitorDenied"), "not listed"),
    ],
)
def test_without_monitor_deletions_are_found_by_the_lists_alone(
    world: CloudWorld, more: tuple[str, ...], ledger: tuple[str, str], words: str
) -> None:
    key = world.known()
    restricted_key(*RECORDINGS, *more)(world)
    world.switch(False)
    [at_twilio] = world.record()
    world.clock.advance(seconds=1)
    in_bucket, _kept = world.external(2)
    world.delete_at_twilio(at_twilio)
    world.delete_in_bucket(in_bucket)
    world.live(key, 60)

    world.assert_true(key)
    assert world.conditions(key) == world.healthy(key) | {"LedgerComplete": ledger}
    assert words in world.message(key, "LedgerComplete")
    assert "Restricted API key without the permission" in world.message(key, "LedgerComplete")
    timed = "events:list" in more
    assert world.entries(key)[at_twilio].precision == ("Exact" if timed else "Observed")
    assert world.entries(key)[in_bucket].precision == "Exact"
    right_secret(world)
    heal(world, key, within=60)
    assert world.entries(key)[at_twilio].precision == "Exact"


def test_a_key_without_recordings_is_named(world: CloudWorld) -> None:
    key: Key = world.known()
    restricted_key("events:list", "alerts:list")(world)
    endure(world, key, "TwilioCredentialsRejected", TWILIO_SECRET)
    right_secret(world)
    heal(world, key, within=60)
