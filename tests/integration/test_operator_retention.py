"""The list of deleted recordings over its 40 days: complete, bounded, never pruned early, and empty in the end."""

import json
from datetime import datetime, timedelta

from lab.waiting import until
from recording_storage_operator.core.ledger import SETTLED
from tests.integration.operator_site import Customer, Site, listed, moment, sids, site_fixtures, status, tell, total

operator_site, site = site_fixtures()

COALESCED = 30.0
"""Seconds by which an entry may outlive its expiry."""


def test_an_entry_leaves_list_slices_and_counts_at_its_expiry_and_no_second_early(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    first, second = sorted(acme.record(2))
    acme.declare().until_ready()
    acme.erase([first])
    acme.sweep()
    site.advance(seconds=60)
    acme.erase([second])
    expiry = {entry["sid"]: moment(entry["expiresAt"]) for entry in status(acme.sweep())["deletedRecordings"]}
    assert expiry[second] - expiry[first] == timedelta(seconds=60)

    sweep_just_before(expiry[first], acme)
    assert seen(acme) == ([first, second], [first, second], 2)

    site.advance(seconds=1 + COALESCED)
    until(lambda: seen(acme) == ([second], [second], 1), what="the first entry gone")

    sweep_just_before(expiry[second], acme)
    assert seen(acme) == ([second], [second], 1)

    site.advance(seconds=1 + COALESCED)
    until(lambda: seen(acme) == ([], [], 0), what="the second entry gone")


def test_3000_deletions_are_counted_and_kept_in_full_and_the_status_stays_small(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    recorded = sorted(acme.record(3100))
    deleted, kept = recorded[:3000], recorded[3000:]
    acme.erase(deleted)
    acme.declare(sweepInterval="24h")

    obj = acme.until_ready(timeout=60)
    size = len(json.dumps(status(obj), separators=(",", ":")))
    summary = status(obj)["deletedRecordingsSummary"]
    assert size < 50_000
    assert len(listed(obj)) == summary["listed"] <= 250
    assert set(listed(obj)) <= set(deleted)
    assert (summary["total"], summary["truncated"]) == (3000, True)
    assert summary["byOrigin"] == {"twilio": 3000, "s3": 0}
    assert sum(day["count"] for day in summary["byExpiryDay"]) == 3000
    assert status(obj)["recordings"]["twilio"] == len(kept)
    assert sids(acme.ledger()) == deleted
    largest = max(len(json.dumps(part)) for part in acme.slices())
    tell(f"3,000 deletions: status {size:,} bytes, {len(acme.slices())} slice(s) of up to {largest:,} bytes")

    site.advance(days=39.5)
    assert total(acme.sweep()) == 3000
    calls = acme.last_call()
    site.advance(days=0.5, seconds=COALESCED)
    acme.wait(lambda obj: total(obj) == 0 and not listed(obj), "nothing listed")
    assert sids(acme.ledger()) == []
    obj = acme.sweep(timeout=60)
    assert acme.slices() == []
    assert status(obj)["recordings"]["twilio"] == len(kept)
    tell(f"forgetting them took {len(acme.calls(calls)):,} requests to Twilio")


def test_what_expired_is_not_found_again_while_twilio_still_shows_it(site: Site, namespace: str) -> None:
    """Ten days of metadata are wanted, Twilio's list keeps it for forty and its events, with the times, for thirty."""
    acme = site.customer(namespace)
    deleted = acme.record(3)
    acme.declare(retention={"metadataDays": 10}).until_ready()
    acme.erase(deleted)
    assert total(acme.sweep()) == 3

    site.advance(days=10, seconds=COALESCED)
    acme.wait(lambda obj: total(obj) == 0, "nothing listed")
    assert total(acme.sweep()) == 0
    assert {part["day"] for part in acme.slices()} == {SETTLED}

    site.advance(days=21)
    site.operator.restart()
    assert total(acme.sweep()) == 0

    site.advance(days=10)
    assert total(acme.sweep()) == 0
    assert acme.slices() == []


def sweep_just_before(then: datetime, acme: Customer) -> None:
    """A whole pass one second before a moment."""
    acme.site.advance(seconds=(then - acme.site.twilio.now()).total_seconds() - 1)
    acme.sweep()


def seen(acme: Customer) -> tuple[list[str], list[str], int]:
    """What the list, the slices and the counts say."""
    obj = acme.read()
    return listed(obj), sids(acme.ledger()), total(obj)


def test_a_deletion_that_was_over_before_the_resource_was_made_is_never_listed(site: Site, namespace: str) -> None:
    """Once Twilio's events have forgotten its time, nothing else would tell it from a deletion of today."""
    acme = site.customer(namespace)
    acme.erase(acme.record(3))
    site.advance(days=12)
    acme.declare(retention={"metadataDays": 10}).until_ready()
    assert total(acme.sweep()) == 0

    site.advance(days=19)
    site.operator.restart()

    assert total(acme.sweep()) == 0
