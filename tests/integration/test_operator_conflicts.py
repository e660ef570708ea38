"""Other clients write to the same objects at the same time: nobody's words get lost."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kubernetes.client import ApiException

from tests.integration.operator_site import Customer, Site, conditions, is_ready, listed, site_fixtures, status, tell

operator_site, site = site_fixtures()

FOREIGN = "Audited"


class Hammer:
    """Somebody who writes as often as the API server lets them; `count` are the writes that went through."""

    def __init__(self, write: Callable[[int], object]) -> None:
        self.count = 0
        self._write = write
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @contextmanager
    def hammering(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._write(self.count)
            except ApiException as error:
                if error.status != 409:
                    raise
            else:
                self.count += 1


def test_labels_and_annotations_of_another_manager_survive_many_passes(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    recorded = acme.record(8)
    acme.declare().until_ready()
    spec = acme.read()["spec"]

    def write(number: int) -> object:
        marks = {f"mark-{number % 50}": str(number)}
        return acme.patch({"metadata": {"labels": marks, "annotations": {"note": str(number)}}})

    hammer = Hammer(write)
    with hammer.hammering():
        for sid in recorded[:6]:
            acme.erase([sid])
            sweep_against(site, acme)

    obj = acme.sweep()
    last = hammer.count - 1
    wanted = {f"mark-{number % 50}": str(number) for number in range(hammer.count)}
    assert obj["metadata"]["labels"] == wanted
    assert obj["metadata"]["annotations"]["note"] == str(last)
    assert obj["spec"] == spec
    assert listed(obj) == sorted(recorded[:6])
    assert is_ready(obj)
    tell(f"{hammer.count} writes by another manager during 6 sweeps, {conflicts(site):g} conflicts for the operator")


MORE_SWEEPS = 100
"""Each writes the status once; where the two never met before, they meet in one of these."""


def test_a_status_that_another_manager_keeps_writing_to_converges(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    recorded = acme.record(8)
    acme.declare().until_ready()
    before = conflicts(site)

    def write(number: int) -> object:
        return overwrite_conditions(acme, number)

    hammer = Hammer(write)
    with hammer.hammering():
        for sid in recorded[:6]:
            acme.erase([sid])
            sweep_against(site, acme)
        for _ in range(MORE_SWEEPS):
            if conflicts(site) > before:
                break
            sweep_against(site, acme)

    obj = acme.sweep()
    assert hammer.count > 6
    assert conflicts(site) > before
    assert listed(obj) == sorted(recorded[:6])
    assert status(obj)["deletedRecordingsSummary"]["total"] == 6
    assert is_ready(obj)
    assert conditions(obj)["LedgerComplete"]["status"] == "True"


def sweep_against(site: Site, acme: Customer) -> None:
    """A sweep whose writes may be refused so often that it has to be tried again after a while."""
    value = acme.request()
    site.advance_until(lambda: status(acme.read()).get("lastHandledReconcileAt") == value, "a sweep worked in")


def overwrite_conditions(customer: Customer, number: int) -> Any:
    """Write the conditions back as they were read, with one of our own among them."""
    obj = customer.read()
    theirs = [one for one in status(obj)["conditions"] if one["type"] != FOREIGN]
    ours = {**theirs[0], "type": FOREIGN, "status": "Unknown", "reason": "Audit", "message": f"Audit {number}."}
    guard = {"resourceVersion": obj["metadata"]["resourceVersion"]}
    return customer.patch_status({"metadata": guard, "status": {"conditions": [*theirs, ours]}})


def conflicts(site: Site) -> float:
    return site.kubernetes_requests(method="PATCH", code="409")
