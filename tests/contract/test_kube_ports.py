"""What the reconciler may rely on of Kubernetes. tests/integration runs the same suites on a real API server."""

import copy
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from recording_storage_operator.api import names
from recording_storage_operator.core.errors import Transient
from recording_storage_operator.core.ledger import Entry, Metadata, Origin, Precision, Slice, pack, repack
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.work import Key
from recording_storage_operator.reconcile.ports import LedgerStore, Secrets, Storages
from tests.fakes.kube import FakeCluster

NAMESPACE = "contract"
DELETED_AT = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
OTHER_FINALIZER = "example.com/other"

_numbers = itertools.count(1)


class World(Protocol):
    """The ports under test, and what people and other controllers do to the cluster meanwhile."""

    @property
    def storages(self) -> Storages: ...
    @property
    def secrets(self) -> Secrets: ...
    def ledger(self, key: Key, uid: str) -> LedgerStore: ...
    def create(self, manifest: Mapping[str, Any]) -> Key: ...
    def edit(self, key: Key, change: Callable[[dict[str, Any]], None]) -> None: ...
    def delete(self, key: Key) -> None: ...
    def read(self, key: Key) -> dict[str, Any] | None: ...
    def put_secret(self, namespace: str, name: str, values: Mapping[str, str]) -> None: ...
    def delete_secret(self, namespace: str, name: str) -> None: ...


UNSEEN = {"observedGeneration": -1}
"""The status the API server gives a new object."""


def manifest(name: str = "") -> dict[str, Any]:
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"namespace": NAMESPACE, "name": name or f"storage-{next(_numbers)}"},
        "spec": {
            "backend": "Twilio",
            "twilio": {"accountSid": "AC" + "0" * 32, "credentialsSecretRef": {"name": "twilio"}},
        },
    }


def read(world: World, key: Key) -> dict[str, Any]:
    obj = world.read(key)
    assert obj is not None
    return obj


def uid(world: World, key: Key) -> str:
    return str(read(world, key)["metadata"]["uid"])


def annotate(name: str, value: str) -> Callable[[dict[str, Any]], None]:
    def change(obj: dict[str, Any]) -> None:
        obj["metadata"].setdefault("annotations", {})[name] = value

    return change


def set_finalizers(*finalizers: str) -> Callable[[dict[str, Any]], None]:
    def change(obj: dict[str, Any]) -> None:
        obj["metadata"]["finalizers"] = list(finalizers)

    return change


def wanting(status: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    return lambda obj: status


class StoragesContract:
    """Reading, writing the status, holding and releasing."""

    @pytest.fixture
    def key(self, world: World) -> Key:
        return world.create(manifest())

    def test_an_object_is_read_as_it_is_now(self, world: World, key: Key) -> None:
        world.edit(key, annotate("example.com/a", "b"))
        assert world.storages.get(key) == world.read(key)

    def test_an_object_that_does_not_exist_is_none(self, world: World) -> None:
        assert world.storages.get(Key(NAMESPACE, "never-made")) is None

    def test_the_status_becomes_what_was_computed(self, world: World, key: Key) -> None:
        first = {"observedGeneration": 1, "recordings": {"total": 2, "s3": 1}, "plan": {"summary": "nothing to do"}}
        second = {"observedGeneration": 1, "recordings": {"total": 3}, "backend": {"desired": "S3", "observed": "S3"}}
        for status in (first, second):
            assert world.storages.write_status(key, uid(world, key), wanting(status)) is True
            assert read(world, key)["status"] == status
        assert read(world, key)["metadata"]["generation"] == 1

    def test_lists_in_the_status_are_replaced_whole(self, world: World, key: Key) -> None:
        for types in (["Ready", "Stalled"], ["Ready"], []):
            status = {"conditions": [condition(kind) for kind in types]}
            world.storages.write_status(key, uid(world, key), wanting(status))
            assert read(world, key)["status"] == status

    def test_an_equal_status_is_not_written(self, world: World, key: Key) -> None:
        status = {"observedGeneration": 1, "conditions": [condition("Ready")]}
        assert world.storages.write_status(key, uid(world, key), lambda obj: status) is True
        version = read(world, key)["metadata"]["resourceVersion"]
        assert world.storages.write_status(key, uid(world, key), lambda obj: copy.deepcopy(status)) is False
        assert read(world, key)["metadata"]["resourceVersion"] == version

    def test_a_change_between_reading_and_writing_is_computed_anew(self, world: World, key: Key) -> None:
        """A concurrent writer's own part of the status is in what the second attempt reads."""
        seen: list[int] = []

        def compute(obj: Mapping[str, Any]) -> Mapping[str, Any]:
            seen.append(obj["metadata"]["generation"])
            if len(seen) == 1:
                world.edit(key, lambda live: live["spec"].update(suspend=True))
            return {"observedGeneration": obj["metadata"]["generation"]}

        assert world.storages.write_status(key, uid(world, key), compute) is True
        assert seen == [1, 2]
        assert read(world, key)["status"] == {"observedGeneration": 2}

    def test_a_namesake_of_another_uid_is_left_alone(self, world: World, key: Key) -> None:
        old = uid(world, key)
        world.delete(key)
        world.create(manifest(key.name))
        assert world.storages.write_status(key, old, lambda obj: {"observedGeneration": 7}) is False
        assert read(world, key).get("status", UNSEEN) == UNSEEN

    def test_an_object_replaced_between_reading_and_writing_is_left_alone(self, world: World, key: Key) -> None:
        def compute(obj: Mapping[str, Any]) -> Mapping[str, Any]:
            world.delete(key)
            world.create(manifest(key.name))
            return {"observedGeneration": 7}

        assert world.storages.write_status(key, uid(world, key), compute) is False
        assert read(world, key).get("status", UNSEEN) == UNSEEN

    def test_a_status_for_an_object_that_goes_meanwhile_is_dropped(self, world: World, key: Key) -> None:
        def compute(obj: Mapping[str, Any]) -> Mapping[str, Any]:
            world.delete(key)
            return {"observedGeneration": 7}

        assert world.storages.write_status(key, uid(world, key), compute) is False
        assert world.read(key) is None

    def test_a_held_object_stays_until_it_is_released(self, world: World, key: Key) -> None:
        world.storages.hold(read(world, key))
        world.delete(key)
        assert "deletionTimestamp" in read(world, key)["metadata"]
        world.storages.release(read(world, key))
        assert world.read(key) is None

    def test_holding_and_releasing_leave_other_finalizers_alone(self, world: World, key: Key) -> None:
        stale = read(world, key)
        world.edit(key, set_finalizers(OTHER_FINALIZER))
        world.storages.hold(stale)
        assert read(world, key)["metadata"]["finalizers"] == [OTHER_FINALIZER, names.FINALIZER]
        held = read(world, key)
        world.edit(key, set_finalizers(names.FINALIZER))
        world.storages.release(held)
        assert "finalizers" not in read(world, key)["metadata"] or not read(world, key)["metadata"]["finalizers"]

    def test_holding_and_releasing_twice_is_fine(self, world: World, key: Key) -> None:
        free = read(world, key)
        world.storages.hold(free)
        world.storages.hold(free)
        held = read(world, key)
        assert held["metadata"]["finalizers"] == [names.FINALIZER]
        world.storages.release(held)
        world.storages.release(held)
        assert not read(world, key)["metadata"].get("finalizers")

    def test_an_object_already_on_its_way_out_cannot_be_held(self, world: World, key: Key) -> None:
        world.edit(key, set_finalizers(OTHER_FINALIZER))
        stale = read(world, key)
        world.delete(key)
        with pytest.raises(Transient, match="is being deleted"):
            world.storages.hold(stale)
        world.edit(key, set_finalizers())
        assert world.read(key) is None

    def test_releasing_what_is_gone_or_replaced_is_fine(self, world: World, key: Key) -> None:
        world.storages.hold(read(world, key))
        held = read(world, key)
        world.delete(key)
        world.storages.release(held)
        world.storages.release(held)
        replaced = world.create(manifest(key.name))
        world.storages.hold(read(world, replaced))
        world.storages.release(held)
        assert read(world, replaced)["metadata"]["finalizers"] == [names.FINALIZER]


class FindContract:
    """Finding the resources that name the same account or bucket."""

    def naming(self, account: str, bucket: str = "") -> dict[str, Any]:
        obj = manifest()
        obj["spec"]["twilio"]["accountSid"] = account
        if bucket:
            obj["spec"]["s3"] = {"bucket": bucket, "region": "us-east-1"}
        return obj

    def found(self, world: World, field: str, value: str) -> set[str]:
        return {obj["metadata"]["name"] for obj in world.storages.find(field, value)}

    def test_all_that_name_the_account_are_found_and_no_others(self, world: World) -> None:
        account = f"AC{next(_numbers):032x}"
        keys = [world.create(self.naming(account)) for _ in range(3)]
        world.create(self.naming("AC" + "f" * 32))

        assert self.found(world, names.ACCOUNT_FIELD, account) == {key.name for key in keys}

    def test_one_without_a_bucket_is_found_by_none(self, world: World) -> None:
        bucket = f"bucket-{next(_numbers)}"
        key = world.create(self.naming("AC" + "1" * 32, bucket))
        world.create(self.naming("AC" + "1" * 32))

        assert self.found(world, names.BUCKET_FIELD, bucket) == {key.name}

    def test_nobody_is_found_by_what_nobody_names(self, world: World) -> None:
        assert self.found(world, names.ACCOUNT_FIELD, "AC" + "e" * 32) == set()


class SecretsContract:
    """Reading credentials."""

    def test_values_come_decoded_and_as_they_are_now(self, world: World) -> None:
        name = f"secret-{next(_numbers)}"
        world.put_secret(NAMESPACE, name, {"authToken": "höchst geheim", "empty": ""})
        first = world.secrets.get(NAMESPACE, name)
        world.put_secret(NAMESPACE, name, {"authToken": "rotated"})
        second = world.secrets.get(NAMESPACE, name)
        assert first is not None
        assert second is not None
        assert first.values == {"authToken": "höchst geheim", "empty": ""}
        assert second.values == {"authToken": "rotated"}

    def test_a_secret_that_does_not_exist_is_none(self, world: World) -> None:
        name = f"secret-{next(_numbers)}"
        assert world.secrets.get(NAMESPACE, name) is None
        world.put_secret(NAMESPACE, name, {"a": "b"})
        world.delete_secret(NAMESPACE, name)
        assert world.secrets.get(NAMESPACE, name) is None


class LedgerContract:
    """Storing slices."""

    @pytest.fixture
    def key(self, world: World) -> Key:
        return world.create(manifest())

    @pytest.fixture
    def ledger(self, world: World, key: Key) -> LedgerStore:
        return world.ledger(key, uid(world, key))

    def test_slices_come_back_as_they_were_written(self, ledger: LedgerStore, key: Key) -> None:
        parts = [part(f"{key.name}-{number}", entries=3) for number in range(5)]
        for each in parts:
            ledger.write(each)
        stored = stored_slices(ledger)
        assert [without_version(each) for each in stored] == parts
        assert all(each.version for each in stored)
        assert stored[0].entries() == parts[0].entries()

    def test_a_settled_slice_is_kept_like_any_other(self, ledger: LedgerStore, key: Key) -> None:
        settled = pack(f"{key.name}-settled", "settled", 40, [entry(0)])
        ledger.write(settled)
        assert [without_version(each) for each in stored_slices(ledger)] == [settled]

    def test_a_slice_is_replaced_only_at_the_version_it_was_read_at(self, ledger: LedgerStore, key: Key) -> None:
        ledger.write(part(f"{key.name}-a", entries=1))
        read_once = stored_slices(ledger)[0]
        ledger.write(repack(read_once, [entry(0), entry(1)]))
        with pytest.raises(Transient) as raised:
            ledger.write(repack(read_once, [entry(2)]))
        assert raised.value.reason is Reason.KUBERNETES_CONFLICT
        assert stored_slices(ledger)[0].entries() == [entry(0), entry(1)]

    def test_a_slice_is_not_made_over_one_that_exists(self, ledger: LedgerStore, key: Key) -> None:
        ledger.write(part(f"{key.name}-a", entries=2))
        with pytest.raises(Transient) as raised:
            ledger.write(part(f"{key.name}-a", entries=1))
        assert raised.value.reason is Reason.KUBERNETES_CONFLICT
        assert stored_slices(ledger)[0].count == 2

    def test_a_slice_is_deleted_only_at_the_version_it_was_read_at(self, ledger: LedgerStore, key: Key) -> None:
        ledger.write(part(f"{key.name}-a", entries=1))
        read_once = stored_slices(ledger)[0]
        ledger.write(repack(read_once, [entry(0), entry(1)]))
        with pytest.raises(Transient) as raised:
            ledger.delete(read_once)
        assert raised.value.reason is Reason.KUBERNETES_CONFLICT
        ledger.delete(stored_slices(ledger)[0])
        assert stored_slices(ledger) == []

    def test_deleting_a_slice_that_is_gone_is_fine(self, ledger: LedgerStore, key: Key) -> None:
        ledger.write(part(f"{key.name}-a", entries=1))
        gone = stored_slices(ledger)[0]
        ledger.delete(gone)
        ledger.delete(gone)

    def test_each_resource_sees_its_own_slices_and_not_those_of_a_former_namesake(
        self, world: World, ledger: LedgerStore, key: Key
    ) -> None:
        ledger.write(part(f"{key.name}-a", entries=1))
        other = world.create(manifest())
        assert stored_slices(world.ledger(other, uid(world, other))) == []
        assert stored_slices(world.ledger(key, "another-uid")) == []


class TestFakeStorages(StoragesContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeCluster()


class TestFakeFind(FindContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeCluster()


class TestFakeSecrets(SecretsContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeCluster()


class TestFakeLedger(LedgerContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeCluster()


def condition(kind: str) -> dict[str, Any]:
    return {
        "type": kind,
        "status": "True",
        "reason": "Reconciled",
        "message": "All is as wanted.",
        "lastTransitionTime": "2026-03-01T12:00:00Z",
    }


def entry(number: int) -> Entry:
    return Entry(
        sid=f"RE{number:032x}",
        date_created=DELETED_AT - timedelta(days=1),
        deleted_at=DELETED_AT + timedelta(seconds=number),
        precision=Precision.EXACT,
        origin=Origin.S3 if number % 2 else Origin.TWILIO,
        metadata=Metadata.ACCESSIBLE,
    )


def part(name: str, entries: int) -> Slice:
    return pack(name, "2026-04-10", 40, [entry(number) for number in range(entries)])


def stored_slices(ledger: LedgerStore) -> list[Slice]:
    return sorted(ledger.slices(), key=lambda each: each.name)


def without_version(each: Slice) -> Slice:
    return replace(each, version="")
