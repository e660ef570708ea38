from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from recording_storage_operator.core.errors import Terminal, Transient
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.work import Key
from recording_storage_operator.engine.merge_patch import merge_patch
from recording_storage_operator.engine.storages import ATTEMPTS
from tests.fakes.kube import FINALIZER, FakeCluster, _merged

JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)
LOST_ANSWER = Transient(Reason.KUBERNETES_UNREACHABLE, "no answer")


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def key(cluster: FakeCluster) -> Key:
    return cluster.create({"metadata": {"namespace": "n", "name": "a"}, "spec": {}})


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_turns_the_old_into_the_new(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert _merged(old, merge_patch(old, new)) == new


@given(OBJECTS)
def test_equal_objects_need_no_patch(value: dict[str, Any]) -> None:
    assert merge_patch(value, value) == {}


def test_a_none_counts_as_absent_on_both_sides() -> None:
    assert merge_patch({"a": None, "b": 1}, {"b": None, "c": None}) == {"b": None}


def test_a_write_whose_answer_is_lost_is_not_repeated_by_the_next_pass(cluster: FakeCluster, key: Key) -> None:
    cluster.fail("patch_status", LOST_ANSWER, committed=True)
    with pytest.raises(Transient, match="no answer"):
        cluster.storages.write_status(key, cluster.uid(key), lambda obj: {"a": 1})
    assert not cluster.storages.write_status(key, cluster.uid(key), lambda obj: {"a": 1})
    assert cluster.status(key) == {"a": 1}
    assert cluster.writes == 1


def test_a_writer_that_never_wins_leaves_it_to_the_backoff(cluster: FakeCluster, key: Key) -> None:
    def compute(obj: Mapping[str, Any]) -> Mapping[str, Any]:
        cluster.edit(key, lambda live: live["spec"].update(n=live["spec"].get("n", 0) + 1))
        return {"a": 1}

    with pytest.raises(Transient) as raised:
        cluster.storages.write_status(key, cluster.uid(key), compute)
    assert raised.value.reason is Reason.KUBERNETES_CONFLICT
    assert cluster.calls["patch_status"] == ATTEMPTS


def test_a_status_the_server_refuses_is_logged_and_not_tried_again(
    cluster: FakeCluster, key: Key, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.fail("patch_status", Terminal(Reason.KUBERNETES_REFUSED, "status.a: must be a string"))
    with pytest.raises(Terminal):
        cluster.storages.write_status(key, cluster.uid(key), lambda obj: {"a": 1})
    assert cluster.writes == 1
    assert "status.a: must be a string" in caplog.text


def test_a_status_too_large_is_reported_as_a_defect(
    cluster: FakeCluster, key: Key, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.storages.write_status(key, cluster.uid(key), lambda obj: {"a": "x" * 50_000})
    assert "50008 bytes" in caplog.text


def test_only_conflicts_are_repeated(cluster: FakeCluster, key: Key) -> None:
    cluster.fail("patch", LOST_ANSWER)
    with pytest.raises(Transient, match="no answer"):
        cluster.storages.hold(cluster.objects[key])
    assert cluster.calls["patch"] == 1


def test_a_finalizer_already_held_is_not_even_read_again(cluster: FakeCluster, key: Key) -> None:
    cluster.storages.hold(cluster.objects[key])
    calls = cluster.calls.total()
    cluster.storages.hold(cluster.objects[key])
    assert cluster.objects[key]["metadata"]["finalizers"] == [FINALIZER]
    assert cluster.calls.total() == calls


def test_a_finalizer_somebody_adds_while_we_hold_is_kept(cluster: FakeCluster, key: Key) -> None:
    others = {"finalizers": ["example.com/other"]}
    cluster.meanwhile("patch", lambda: cluster.edit(key, lambda obj: obj["metadata"].update(others)))
    cluster.storages.hold(cluster.objects[key])
    assert cluster.objects[key]["metadata"]["finalizers"] == ["example.com/other", FINALIZER]


def test_a_finalizer_somebody_takes_away_while_we_release_moves_ours_and_no_other(
    cluster: FakeCluster, key: Key
) -> None:
    cluster.edit(key, lambda obj: obj["metadata"].update(finalizers=["example.com/a", FINALIZER, "example.com/b"]))
    rest = {"finalizers": [FINALIZER, "example.com/b"]}
    cluster.meanwhile("patch", lambda: cluster.edit(key, lambda obj: obj["metadata"].update(rest)))
    cluster.storages.release(cluster.objects[key])
    assert cluster.objects[key]["metadata"]["finalizers"] == ["example.com/b"]


def test_a_namesake_that_takes_the_place_while_we_release_stays_held(cluster: FakeCluster, key: Key) -> None:
    cluster.storages.hold(cluster.objects[key])
    held = cluster.objects[key]

    def replace() -> None:
        del cluster.objects[key]
        cluster.create({"metadata": {"namespace": "n", "name": "a", "finalizers": [FINALIZER]}, "spec": {}})

    cluster.meanwhile("patch", replace)
    cluster.storages.release(held)
    assert cluster.objects[key]["metadata"]["finalizers"] == [FINALIZER]
