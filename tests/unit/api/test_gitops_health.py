"""How Argo CD and Flux read every status the operator writes: their own languages run the shipped rules."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import cel
import pytest
import yaml
from lupa.lua51 import LuaRuntime  # type: ignore[import-untyped]  # a compiled module without stubs

from recording_storage_operator.api.names import APPROVED_PLAN
from recording_storage_operator.core.approval import Memory
from recording_storage_operator.core.bucket_settings import parts_of
from recording_storage_operator.core.desired import Approval, Backend, Bucket, Desired, DriftPolicy, TwilioAccount
from recording_storage_operator.core.errors import ReconcileError, Terminal, Transient, Wait
from recording_storage_operator.core.facts import (
    AccountFacts,
    Aspect,
    AwsCredential,
    BucketFacts,
    Obstacle,
    Reading,
)
from recording_storage_operator.core.plan import Newest, Observed, Side, plan
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.status import Report, blocked_status, status_for
from recording_storage_operator.core.sweeps import Feed, Sweep
from recording_storage_operator.core.verdicts import Outcome
from recording_storage_operator.core.writer import WriterFacts
from tests.builders import ACCOUNT, BUCKET, NOON
from tests.unit.api.crds import ROOT

LUA = ROOT / "manifests" / "gitops" / "argocd-health.lua"
FLUX = ROOT / "manifests" / "gitops" / "flux-health.yaml"
PAGE = (ROOT / "docs" / "gitops.md").read_text()

HEALTHY = ("Healthy", "Current")
WORKING = ("Progressing", "InProgress")
WAITING = ("Suspended", "InProgress")
BROKEN = ("Degraded", "Failed")

S3 = Desired(
    Backend.S3, TwilioAccount(ACCOUNT, "twilio"), Bucket(BUCKET, "us-east-1"), 40, timedelta(minutes=15), False
)
TWILIO = replace(S3, backend=Backend.TWILIO)
MANUAL = replace(S3, approval=Approval.MANUAL)

IN_BUCKET, AT_TWILIO = Newest(Side.S3, NOON, BUCKET), Newest(Side.TWILIO, NOON)
ELSEWHERE = Newest(Side.OTHER, NOON, "old-calls")
SWEEP = Sweep(NOON, NOON, place=S3.place)
OLD_KEY, KEY = (AwsCredential(f"CR{n}", f"recordings.dev key-{n}", NOON) for n in range(2))

FROM_ERRORS = (
    Reason.INVALID_SPEC,
    Reason.SECRET_MISSING,
    Reason.SECRET_MALFORMED,
    Reason.CREDENTIALS_REQUIRED,
    Reason.WRITER_KEY_SHARED,
    Reason.ENDPOINT_NOT_ALLOWED,
    Reason.TWILIO_CREDENTIALS_REJECTED,
    Reason.TWILIO_ACCOUNT_SUSPENDED,
    Reason.TWILIO_ACCOUNT_CLOSED,
    Reason.TWILIO_ACCOUNT_NOT_FOUND,
    Reason.TWILIO_ACCESS_DENIED,
    Reason.TWILIO_UNREACHABLE,
    Reason.TWILIO_THROTTLED,
    Reason.TWILIO_ANSWER_UNUSABLE,
    Reason.S3_CREDENTIALS_REJECTED,
    Reason.S3_ACCESS_DENIED,
    Reason.S3_UNREACHABLE,
    Reason.S3_ANSWER_UNUSABLE,
    Reason.NOT_SUPPORTED,
    Reason.BUCKET_MISSING,
    Reason.BUCKET_NOT_OWNED,
    Reason.BUCKET_WRONG_REGION,
    Reason.CLOCK_SKEW,
    Reason.LISTING_INCONSISTENT,
    Reason.LEDGER_DAMAGED,
    Reason.INTERNAL_ERROR,
    Reason.KUBERNETES_UNREACHABLE,
    Reason.KUBERNETES_ACCESS_DENIED,
    Reason.KUBERNETES_CONFLICT,
    Reason.KUBERNETES_REFUSED,
    Reason.CHANGE_NOT_SEEN,
    Reason.WORLD_MOVED,
)
"""Reasons of errors that end a pass; a Terminal one stalls, all others are tried again by themselves."""

Status = dict[str, Any]


def as_wanted(desired: Desired = S3) -> dict[Aspect, Reading]:
    documents: dict[Aspect, Mapping[str, Any]] = {aspect: {} for aspect in Aspect}
    for part in parts_of(desired, made_by_us=False):
        documents[part.aspect] = part.put(documents[part.aspect])
    return {aspect: Reading(document) for aspect, document in documents.items()}


def unversioned(reading: Reading) -> dict[Aspect, Reading]:
    return as_wanted() | {Aspect.VERSIONING: reading}


CHANGED = unversioned(Reading({}))
UNSUPPORTED = unversioned(Reading({}, Obstacle.UNSUPPORTED, "this server has no versions"))
DENIED = unversioned(Reading({}, Obstacle.DENIED, "allow s3:GetBucketVersioning"))


def seen(newest: Newest = IN_BUCKET, sweep: Sweep | None = SWEEP, **facts: Any) -> Observed:
    account = AccountFacts(ACCOUNT, "active", "acme", NOON)
    bucket = BucketFacts(BUCKET, "us-east-1", True)
    return Observed(account, newest, bucket, (), sweep, **{"settings": as_wanted()} | facts)


REMEMBERED = plan(S3, seen(), Memory(), "", NOON).decision.memory


def written(
    observed: Observed,
    desired: Desired = S3,
    memory: Memory = Memory(),  # noqa: B008 - frozen
    approval: str = "",
    outcome: Outcome = Outcome(),  # noqa: B008 - frozen
) -> Status:
    made = plan(desired, observed, memory, approval, NOON)
    return status_for({}, Report(1, "", desired, observed, made, outcome), NOON)


READY = written(seen())


def failed(error: ReconcileError, before: Status) -> Status:
    return status_for(before, Report(1, "", None, None, None, Outcome(error=error)), NOON)


def stopped(error: ReconcileError) -> Status:
    return written(seen(settings=CHANGED), outcome=Outcome(stopped=error))


@dataclass(frozen=True)
class Case:
    """A status, and the verdicts on it."""

    status: Status
    verdicts: tuple[str, str]
    deleting: bool = False

    @property
    def reasons(self) -> set[Reason]:
        return {Reason(condition["reason"]) for condition in self.status["conditions"]}


def seen_cases() -> dict[str, Case]:
    """What passes end in that went through."""
    suspended = status_for(READY, Report(1, "", S3, None, None, Outcome(suspended=True)), NOON)
    drifted = written(seen(settings=CHANGED), replace(S3, drift_policy=DriftPolicy.REPORT), REMEMBERED)
    rotating = seen(writer=WriterFacts(KEY.name, (OLD_KEY, KEY)))
    unread = replace(SWEEP, unread=dict.fromkeys(Feed, "Twilio has no Monitor there."))
    statuses = {
        "Reconciled": (READY, HEALTHY),
        "Suspended": (suspended, WAITING),
        "Sweeping": (written(seen(sweep=None)), WORKING),
        "Progressing": (written(seen(), outcome=Outcome(pending=True)), WORKING),
        "Drifted": (drifted, HEALTHY),
        "Applying": (written(seen(settings=CHANGED)), HEALTHY),
        "AwaitingApproval": (written(seen(settings=CHANGED), MANUAL), WAITING),
        "ApprovalStale": (written(seen(settings=CHANGED), MANUAL, approval="another"), WAITING),
        "NotSupported": (written(seen(settings=UNSUPPORTED)), HEALTHY),
        "not all settings seen": (written(seen(settings=DENIED)), HEALTHY),
        "EnableExternalStorage": (written(seen(AT_TWILIO)), WAITING),
        "EnableExternalStorage, no recording": (written(seen(Newest(Side.UNKNOWN))), WAITING),
        "ChangeBucketUrl": (written(seen(ELSEWHERE)), WAITING),
        "DisableExternalStorage": (written(seen(), TWILIO), WAITING),
        "ChooseWriterCredential": (written(rotating), HEALTHY),
        "backend Twilio": (written(seen(AT_TWILIO), TWILIO), HEALTHY),
        "MonitorDenied": (written(seen(sweep=unread)), HEALTHY),
        "UntracedAbsence": (written(seen(sweep=replace(SWEEP, untraced=3))), HEALTHY),
        "BucketNotWatched": (written(seen(sweep=replace(SWEEP, other_buckets=("b",)))), HEALTHY),
        "ImplausibleLoss": (written(seen(sweep=replace(SWEEP, implausible=9))), BROKEN),
    }
    return {name: Case(*both) for name, both in statuses.items()}


def error_cases() -> Iterator[tuple[str, Case]]:
    """Every error, at the first pass, after good ones, and while a plan was applied."""
    for reason in FROM_ERRORS:
        for kind, verdicts in ((Terminal, BROKEN), (Wait, WORKING), (Transient, WORKING)):
            error = kind(reason, f"{reason} happened.")
            for when, status in (("first", failed(error, {})), ("then", failed(error, READY)), ("in", stopped(error))):
                yield f"{kind.__name__} {reason} {when}", Case(status, verdicts)
    for reason in (Reason.ACCOUNT_CLAIMED, Reason.BUCKET_CLAIMED):
        yield str(reason), Case(failed(Wait(reason, "Another one has it."), READY), BROKEN)


def deletion_cases() -> Iterator[tuple[str, Case]]:
    for name, case in seen_cases().items():
        yield f"{name}, being deleted", replace(case, verdicts=WORKING, deleting=True)
    claimed = failed(Wait(Reason.BUCKET_CLAIMED, "Another one has it."), READY)
    yield "conflict, being deleted", Case(claimed, WORKING, deleting=True)
    for reason in (Reason.BUCKET_NOT_EMPTY, Reason.EXTERNAL_STORAGE_IN_USE):
        status = blocked_status(READY, Wait(reason, f"{reason} happened."), 1, NOON)
        yield str(reason), Case(status, BROKEN, deleting=True)


CASES = seen_cases() | dict(error_cases()) | dict(deletion_cases())


def as_object(status: Mapping[str, Any], generation: int = 1, deleting: bool = False) -> dict[str, Any]:
    times = {"deletionTimestamp": "2026-03-01T12:00:00Z"} if deleting else {}
    return {"metadata": {"name": "acme", "generation": generation} | times, "spec": {}, "status": dict(status)}


def argo(obj: Mapping[str, Any]) -> tuple[str, str]:
    """Health and message, from Lua 5.1 with the libraries Argo CD opens: base, package and table."""
    lua = LuaRuntime(unpack_returned_tuples=True, register_builtins=False, register_eval=False)
    lua.execute("getmetatable('').__index = nil")
    world = lua.globals()
    for name in ("io", "os", "string", "math", "debug", "coroutine", "python"):
        world[name] = None
    world.obj = lua.table_from(obj, recursive=True)
    verdict = dict(lua.execute(LUA.read_text()).items())
    assert set(verdict) == {"status", "message"}
    return verdict["status"], verdict["message"]


def flux(obj: Mapping[str, Any]) -> str:
    """The verdict by the order of RFC 0009: an older generation first, then inProgress, failed and current."""
    (rules,) = yaml.safe_load(FLUX.read_text())["spec"]["healthCheckExprs"]
    if obj["status"].get("observedGeneration", 0) != obj["metadata"]["generation"]:
        return "InProgress"
    verdicts = (("inProgress", "InProgress"), ("failed", "Failed"), ("current", "Current"))
    return next((verdict for name, verdict in verdicts if cel.evaluate(rules[name], dict(obj)) is True), "InProgress")


def condition(status: Status, kind: str) -> dict[str, Any]:
    (found,) = [one for one in status["conditions"] if one["type"] == kind]
    return dict(found)


def test_every_reason_has_a_verdict() -> None:
    assert set().union(*(case.reasons for case in CASES.values())) == set(Reason)


@pytest.mark.parametrize("name", [name for name in CASES if name in set(Reason)])
def test_a_case_shows_the_reason_it_is_named_after(name: str) -> None:
    assert Reason(name) in CASES[name].reasons


@pytest.mark.parametrize("name", CASES)
def test_argo_cd_and_flux_read_a_status_as_it_is_meant(name: str) -> None:
    case = CASES[name]
    obj = as_object(case.status, deleting=case.deleting)
    assert (argo(obj)[0], flux(obj)) == case.verdicts


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.deleting])
def test_argo_cd_shows_the_sentence_under_ready(name: str) -> None:
    status = CASES[name].status
    assert argo(as_object(status))[1].startswith(condition(status, "Ready")["message"])


@pytest.mark.parametrize("name", ["Drifted", "Applying", "not all settings seen"])
def test_a_ready_resource_that_is_not_in_sync_is_healthy_and_says_so(name: str) -> None:
    status = CASES[name].status
    assert argo(as_object(status)) == (
        "Healthy",
        f"{condition(status, 'Ready')['message']} {condition(status, 'InSync')['message']}",
    )


def test_what_blocks_a_deletion_is_told() -> None:
    status = CASES["BucketNotEmpty"].status
    assert argo(as_object(status, deleting=True)) == ("Degraded", condition(status, "DeletionBlocked")["message"])


@pytest.mark.parametrize("status", [{}, {"observedGeneration": -1}, {"observedGeneration": 1}])
def test_a_resource_nobody_has_looked_at_is_under_way(status: Status) -> None:
    obj = as_object(status)
    assert (argo(obj)[0], flux(obj)) == WORKING


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.deleting])
def test_an_edit_is_under_way_until_it_is_seen(name: str) -> None:
    obj = as_object(CASES[name].status, generation=2)
    assert (argo(obj)[0], flux(obj)) == WORKING


def fences(language: str) -> list[str]:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    return found


def test_the_page_shows_the_check_for_argo_cd_as_it_is_shipped() -> None:
    maps = [found for found in map(yaml.safe_load, fences("yaml")) if found.get("kind") == "ConfigMap"]
    assert [one["data"] for one in maps] == [
        {"resource.customizations.health.recordings.dev_RecordingStorage": LUA.read_text()}
    ]


def test_the_page_shows_the_kustomization_for_flux_as_it_is_shipped() -> None:
    assert FLUX.read_text() in fences("yaml")


def test_the_page_names_what_is_suspended_in_argo_cd() -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith("|") and "| Suspended |" in line]
    suspended = {condition(case.status, "Ready")["reason"] for case in CASES.values() if case.verdicts == WAITING}
    assert set(re.findall(r"`(\w+)`", row)) == {"Ready", *suspended}


def test_the_page_shows_the_annotation_that_approves_a_plan() -> None:
    shown = [yaml.safe_load(found).get("metadata", {}).get("annotations", {}) for found in fences("yaml")]
    (plan_id,) = [found[APPROVED_PLAN] for found in shown if APPROVED_PLAN in found]
    assert re.fullmatch("p[0-9a-f]{11}", plan_id)
