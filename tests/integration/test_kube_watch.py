"""Kopf as our watch, on a real API server under the shipped RBAC."""

import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import ApiClient, Configuration, CustomObjectsApi

from lab.control_plane import ControlPlane
from lab.processes import free_port
from lab.waiting import until
from recording_storage_operator.api import names
from recording_storage_operator.core.clock import Clock
from recording_storage_operator.core.work import Key, Outcome, Turn
from recording_storage_operator.engine.backoff import Backoff
from recording_storage_operator.engine.intake import Intake
from recording_storage_operator.engine.queue import WorkQueue
from recording_storage_operator.engine.resync import RETRY, Resync
from recording_storage_operator.engine.storages import GuardedStorages
from recording_storage_operator.engine.workers import Workers
from recording_storage_operator.handlers.lifecycle import KopfThread
from recording_storage_operator.handlers.settings import kopf_settings
from recording_storage_operator.handlers.watch import registry
from recording_storage_operator.kube.connect import Connection, load_configuration
from recording_storage_operator.kube.resources import Resource
from recording_storage_operator.kube.storages import StorageClient
from tests.contract.test_kube_ports import manifest, wanting
from tests.fakes.twilio import VirtualClock

STORAGE = Resource(names.GROUP, names.VERSION, names.PLURAL, names.KIND)
SERVED = (names.GROUP, names.VERSION)
STOPS_WITHIN = 5.0

Load = Callable[[], Configuration]
OnEvent = Callable[[str | None, Mapping[str, Any]], object]


class People:
    """Who makes and edits resources in one namespace."""

    def __init__(self, api: ApiClient, namespace: str) -> None:
        self.namespace = namespace
        self._objects: Any = CustomObjectsApi(api)

    def create(self, name: str) -> Key:
        obj = manifest(name)
        obj["metadata"]["namespace"] = self.namespace
        self._objects.create_namespaced_custom_object(*SERVED, self.namespace, names.PLURAL, obj)
        return Key(self.namespace, name)

    def read(self, key: Key) -> dict[str, Any]:
        obj: dict[str, Any] = self._objects.get_namespaced_custom_object(*SERVED, key.namespace, names.PLURAL, key.name)
        return obj

    def edit(self, key: Key, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        obj = self.read(key)
        change(obj)
        edited: dict[str, Any] = self._objects.replace_namespaced_custom_object(
            *SERVED, key.namespace, names.PLURAL, key.name, obj
        )
        return edited

    def delete(self, key: Key) -> None:
        self._objects.delete_namespaced_custom_object(*SERVED, key.namespace, names.PLURAL, key.name)


@pytest.fixture
def people(api: ApiClient, namespace: str) -> People:
    return People(api, namespace)


@pytest.fixture
def load(control_plane: ControlPlane) -> Load:
    return lambda: load_configuration(4, {"KUBECONFIG": str(control_plane.operator_kubeconfig)})


@contextmanager
def watching(
    load: Load, on_event: OnEvent, namespaces: list[str], on_death: Callable[[], None] = lambda: None
) -> Iterator[KopfThread]:
    handlers = registry(names.GROUP, names.VERSION, names.PLURAL, on_event, load)
    thread = KopfThread(handlers, kopf_settings(), on_death, namespaces)
    thread.start()
    try:
        yield thread
    finally:
        assert thread.stop(STOPS_WITHIN), "kopf does not end"


class Seen:
    """The events of one namespace, in order."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._events: queue.Queue[tuple[str | None, str, str]] = queue.Queue()

    def __call__(self, event_type: str | None, obj: Mapping[str, Any]) -> str:
        metadata = obj["metadata"]
        if metadata["namespace"] == self._namespace:
            self._events.put((event_type, metadata["name"], metadata["resourceVersion"]))
        return "kopf must not write this into the status"

    def next(self, seconds: float = 20) -> tuple[str | None, str, str]:
        return self._events.get(timeout=seconds)


def test_listed_made_changed_and_deleted_objects_are_told_and_left_untouched(people: People, load: Load) -> None:
    listed = people.create("listed")
    seen = Seen(people.namespace)
    with watching(load, seen, []) as thread:
        assert seen.next() == (None, "listed", people.read(listed)["metadata"]["resourceVersion"])
        made = people.create("made")
        event, name, version = seen.next()
        assert (event, name) == ("ADDED", "made")
        assert people.read(made)["metadata"]["resourceVersion"] == version, "kopf wrote to the object"
        edited = people.edit(listed, lambda obj: obj["spec"].update(suspend=True))
        assert seen.next() == ("MODIFIED", "listed", edited["metadata"]["resourceVersion"])
        people.delete(made)
        assert seen.next()[:2] == ("DELETED", "made")
        assert thread.problem() is None
    assert people.read(listed) == edited


def test_a_watch_can_be_kept_to_namespaces(api: ApiClient, people: People, namespace: str, load: Load) -> None:
    everything: list[str] = []
    with watching(load, lambda _, obj: everything.append(obj["metadata"]["namespace"]), [namespace]):
        People(api, "default").create(f"outside-{uuid.uuid4().hex[:8]}")
        people.create("inside")
        until(lambda: everything)
    assert set(everything) == {namespace}


def test_stop_takes_no_time(people: People, load: Load) -> None:
    people.create("one")
    seen = Seen(people.namespace)
    with watching(load, seen, []) as thread:
        seen.next()
        started = time.monotonic()
        assert thread.stop(STOPS_WITHIN)
        assert time.monotonic() - started < 2.0


@pytest.mark.own_control_plane
def test_events_go_on_after_a_restart_of_the_server(control_plane: ControlPlane, people: People, load: Load) -> None:
    people.create("before")
    seen = Seen(people.namespace)
    died = threading.Event()
    with watching(load, seen, [], died.set):
        seen.next()
        control_plane.restart_api_server()
        people.create("after")
        until(lambda: seen.next()[1] == "after", timeout=60)
    assert not died.is_set()


def test_kopf_waits_until_its_resources_can_be_listed(tmp_path: Path) -> None:
    """An operator that is started before its CRDs serves them once they are installed."""
    clock, seen = VirtualClock(), Seen("default")
    with ControlPlane.start(tmp_path / "plane") as plane:
        load = partial(load_configuration, 2, {"KUBECONFIG": str(plane.operator_kubeconfig)})
        connection = Connection(load, lambda *_: None)
        queue = WorkQueue(clock, Backoff())
        resync = Resync(StorageClient(connection, STORAGE), queue, Intake(queue, []), clock, tick=0.05)
        handlers = registry(names.GROUP, names.VERSION, names.PLURAL, seen, load)
        thread = KopfThread(handlers, kopf_settings(), lambda: None, after=resync.listed)
        thread.start()
        resync.start()
        plane.install()
        clock.advance(seconds=RETRY)
        assert resync.listed.wait(30)
        with ApiClient(load_configuration(1, {"KUBECONFIG": str(plane.admin_kubeconfig)})) as admin:
            People(admin, "default").create("one")
        assert seen.next()[1] == "one"
        assert thread.stop(STOPS_WITHIN)
        assert resync.stop(STOPS_WITHIN)
        connection.close()


def test_stop_before_the_start_ends_the_wait_for_it(load: Load) -> None:
    never = threading.Event()
    logins: list[bool] = []

    def noted() -> Configuration:
        logins.append(True)
        return load()

    handlers = registry(names.GROUP, names.VERSION, names.PLURAL, lambda *_: None, noted)
    thread = KopfThread(handlers, kopf_settings(), lambda: None, after=never)
    thread.start()
    assert thread.stop(STOPS_WITHIN)
    assert logins == []


def test_a_rejected_login_is_read_anew(control_plane: ControlPlane, people: People, tmp_path: Path) -> None:
    people.create("one")
    kubeconfig = yaml.safe_load(control_plane.operator_kubeconfig.read_text())
    token = kubeconfig["users"][0]["user"]["token"]
    logins: list[str] = []

    def load() -> Configuration:
        logins.append(token if logins else "expired")
        kubeconfig["users"][0]["user"]["token"] = logins[-1]
        path = tmp_path / f"login-{len(logins)}"
        path.write_text(yaml.safe_dump(kubeconfig))
        return load_configuration(1, {"KUBECONFIG": str(path)})

    seen = Seen(people.namespace)
    with watching(load, seen, []):
        assert seen.next()[:2] == (None, "one")
    assert logins == ["expired", token]


def nobody_listens(path: Path) -> Load:
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": "c",
                "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
                "clusters": [{"name": "k", "cluster": {"server": f"http://127.0.0.1:{free_port()}"}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
            }
        )
    )
    return lambda: load_configuration(1, {"KUBECONFIG": str(path)})


def test_a_server_that_is_away_does_not_end_kopf_before_its_backoffs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    died = threading.Event()
    with watching(nobody_listens(tmp_path / "login"), lambda *_: None, [], died.set) as thread:
        until(lambda: caplog.text.count("Request attempt #") >= 3, what="kopf's third attempt")
        assert thread.problem() is None
    assert not died.is_set(), "an end that was asked for is no death"


def test_kopf_that_ends_by_itself_tells_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    died = threading.Event()
    load = nobody_listens(tmp_path / "login")
    settings = kopf_settings()
    settings.networking.error_backoffs = [0.01]
    handlers = registry(names.GROUP, names.VERSION, names.PLURAL, lambda *_: None, load)
    thread = KopfThread(handlers, settings, died.set)
    thread.start()
    assert died.wait(20)
    assert until(thread.problem) == "kopf has ended"
    assert thread.stop(STOPS_WITHIN)
    assert "Kopf failed" in caplog.text


class Operator:
    """The whole way from an event to a write, with a pass that counts and reports the generation it saw."""

    def __init__(self, load: Load, namespace: str, clock: Clock) -> None:
        self.passes: list[int | None] = []
        self._connection = Connection(load, lambda *_: None)
        client = StorageClient(self._connection, STORAGE, [namespace])
        self._storages = GuardedStorages(client, names.FINALIZER)
        self.queue = WorkQueue(clock, Backoff(), tick=0.05)
        self.intake = Intake(self.queue, [names.RECONCILE_REQUESTED_AT])
        self.workers = Workers(self.queue, self._reconcile, 2, lambda *_: None)
        self.resync = Resync(client, self.queue, self.intake, clock, tick=0.05)

    def close(self) -> None:
        assert self.workers.stop(10)
        self._connection.close()

    def _reconcile(self, key: Key, turn: Turn) -> Outcome:
        obj = self._storages.get(key)
        self.passes.append(obj["metadata"]["generation"] if obj else None)
        if obj is None:
            return Outcome()
        if "deletionTimestamp" in obj["metadata"]:
            self._storages.release(obj)
            return Outcome()
        self._storages.hold(obj)
        status = {"observedGeneration": obj["metadata"]["generation"]}
        self._storages.write_status(key, obj["metadata"]["uid"], wanting(status))
        return Outcome()


def test_a_resource_is_held_reported_and_released_with_no_pass_for_our_own_status(people: People, load: Load) -> None:
    """Two passes for a new resource: one writes the finalizer and the status, one is for the finalizer's event."""
    operator = Operator(load, people.namespace, VirtualClock())
    operator.workers.start()

    def settled(key: Key) -> bool:
        version = people.read(key)["metadata"]["resourceVersion"]
        sizes = operator.queue.sizes()
        return operator.intake.seen().get(key) == version and sizes["waiting"] + sizes["working"] == 0

    with watching(load, operator.intake.on_event, [people.namespace]):
        key = people.create("one")
        until(lambda: people.read(key).get("status") == {"observedGeneration": 1} and settled(key))
        assert operator.passes == [1, 1]
        people.edit(key, lambda obj: obj["spec"].update(suspend=True))
        until(lambda: people.read(key).get("status") == {"observedGeneration": 2} and settled(key))
        assert operator.passes == [1, 1, 2]
        people.delete(key)
        until(lambda: operator.passes[-1] is None and not operator.intake.seen())
    operator.close()


def test_what_no_event_tells_the_periodic_list_finds(people: People, load: Load) -> None:
    key = people.create("one")
    operator = Operator(load, people.namespace, clock := VirtualClock())
    operator.workers.start()
    assert operator.resync.once() == 1
    until(lambda: people.read(key).get("status") == {"observedGeneration": 1})
    people.edit(key, lambda obj: obj["spec"].update(suspend=True))
    operator.resync.once()
    clock.advance(seconds=1)
    until(lambda: people.read(key).get("status") == {"observedGeneration": 2})
    operator.close()
