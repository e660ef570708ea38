"""The command line as a process of its own, against a real API server."""

import contextlib
import csv
import io
import json
import signal
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import ApiClient, CustomObjectsApi

from lab.control_plane import ControlPlane
from recording_storage_operator.api import names
from recording_storage_operator.core.conditions import rfc3339
from recording_storage_operator.core.ledger import SETTLED, Entry, Origin, expiry_day, pack
from recording_storage_operator.core.work import Key
from recording_storage_operator.kube.connect import Connection, load_configuration
from recording_storage_operator.kube.resources import Resource
from recording_storage_operator.kube.slices import SliceKind, SliceStore
from tests.builders import ledger_entry, recording_sid, storage
from tests.integration.command_line import ROOT, Shell, assert_told, restricted, until_permitted

NAME = "support-line"
DAYS = 40
SLICE_SIZE = 300

STORAGE = Resource(names.GROUP, names.VERSION, names.PLURAL, names.KIND)
SLICE = Resource(names.GROUP, names.VERSION, names.SLICE_PLURAL, names.SLICE_KIND)
SLICES = SliceKind(SLICE, STORAGE, names.STORAGE_LABEL, names.EXPIRES_ON_LABEL)


@dataclass(frozen=True)
class Site:
    """A RecordingStorage that no operator looks at, so that its status and slices are the test's own."""

    shell: Shell
    api: ApiClient
    connection: Connection
    uid: str

    @property
    def key(self) -> Key:
        return Key(self.shell.namespace, NAME)

    @property
    def objects(self) -> Any:
        return CustomObjectsApi(self.api)

    def tell(self, *conditions: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
        """Write a status, as the operator would; returns it as stored."""
        path = (names.GROUP, names.VERSION, self.key.namespace, names.PLURAL, NAME)
        status = {"observedGeneration": 1, "conditions": list(conditions)} | fields
        stored: dict[str, Any] = self.objects.patch_namespaced_custom_object_status(*path, {"status": status})
        return dict(stored["status"])

    def keep(self, entries: list[Entry], day: str = "") -> None:
        """Put entries into slices of at most 300."""
        store = SliceStore(self.connection, SLICES, self.key, self.uid)
        by_day: dict[str, list[Entry]] = {}
        for entry in entries:
            by_day.setdefault(day or expiry_day(entry, DAYS), []).append(entry)
        for kept_day, of_day in by_day.items():
            for start in range(0, len(of_day), SLICE_SIZE):
                name = f"{NAME}-{kept_day}-{start // SLICE_SIZE}"
                store.write(pack(name, kept_day, DAYS, of_day[start : start + SLICE_SIZE]))


@pytest.fixture
def site(control_plane: ControlPlane, api: ApiClient, namespace: str) -> Iterator[Site]:
    admin = {"KUBECONFIG": str(control_plane.admin_kubeconfig)}
    connection = Connection(lambda: load_configuration(2, admin), lambda _method, _code: None)
    objects: Any = CustomObjectsApi(api)
    made = objects.create_namespaced_custom_object(
        names.GROUP, names.VERSION, namespace, names.PLURAL, storage(NAME, namespace)
    )
    with contextlib.closing(connection):
        yield Site(Shell(control_plane.admin_kubeconfig, namespace), api, connection, made["metadata"]["uid"])


def condition(kind: str, status: str, reason: str, message: str = "As told.") -> dict[str, Any]:
    moment = rfc3339(datetime.now(UTC))
    fields = {"type": kind, "status": status, "reason": reason, "message": message}
    return fields | {"observedGeneration": 1, "lastTransitionTime": moment}


READY = ("Ready", "True", "Reconciled")
SWEEPING = ("Ready", "False", "Sweeping")
COMPLETE = ("LedgerComplete", "True", "Swept")


def days_ago(days: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(days=days)


def ten_thousand() -> list[Entry]:
    """Deleted over 38 days, every third of them in S3."""
    newest = days_ago(1)
    return [
        ledger_entry(
            number,
            deleted_at=newest - timedelta(minutes=5 * number),
            origin=Origin.TWILIO if number % 3 else Origin.S3,
        )
        for number in range(10_000)
    ]


def test_ten_thousand_entries_are_listed_completely_and_in_order(site: Site) -> None:
    entries = ten_thousand()
    site.tell(condition(*COMPLETE))
    site.keep(entries)
    result = site.shell.run("deleted", NAME, "-o", "csv")
    assert result.returncode == 0, result.stderr
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["sid"] for row in rows] == [entry.sid for entry in reversed(entries)]
    assert [row["expiresAt"] for row in rows] == sorted(row["expiresAt"] for row in rows)
    assert result.stderr == "10,000 deleted recordings: 6,666 at Twilio, 3,334 in S3.\n"


def test_only_what_is_asked_for_is_listed(site: Site) -> None:
    day = days_ago(5)
    entries = [ledger_entry(number, deleted_at=day + timedelta(days=number)) for number in range(4)]
    site.tell(condition(*COMPLETE))
    site.keep([*entries, ledger_entry(9, deleted_at=day + timedelta(days=1), origin=Origin.S3)])
    since, until_day = (str((day + timedelta(days=days)).date()) for days in (1, 2))
    result = site.shell.run(
        "deleted", NAME, "-o", "json", f"--since={since}", f"--until={until_day}", "--origin=Twilio"
    )
    assert [json.loads(line)["sid"] for line in result.stdout.splitlines()] == [recording_sid(1), recording_sid(2)]
    one = site.shell.run("deleted", NAME, "-o", "json", f"--sid={recording_sid(3)}", f"--sid={recording_sid(8)}")
    assert [json.loads(line)["sid"] for line in one.stdout.splitlines()] == [recording_sid(3)]


def test_expired_and_settled_entries_in_slices_are_hidden(site: Site) -> None:
    site.tell(condition(*COMPLETE))
    site.keep([ledger_entry(1, deleted_at=days_ago(DAYS)), ledger_entry(2, deleted_at=days_ago(DAYS - 1))])
    site.keep([ledger_entry(3, deleted_at=days_ago(2))], day=SETTLED)
    result = site.shell.run("deleted", NAME)
    assert recording_sid(2) in result.stdout
    assert recording_sid(1) not in result.stdout
    assert recording_sid(3) not in result.stdout
    assert result.stderr == "1 deleted recording: 1 at Twilio, 0 in S3.\n"


def test_slices_of_a_deleted_namesake_are_not_listed(site: Site) -> None:
    store = SliceStore(site.connection, SLICES, site.key, str(uuid.uuid4()))
    entry = ledger_entry(1, deleted_at=days_ago(1))
    store.write(pack(f"{NAME}-old", expiry_day(entry, DAYS), DAYS, [entry]))
    assert site.shell.run("deleted", NAME, "-o", "json").stdout == ""


def test_an_empty_list_is_a_success_and_one_that_may_not_be_whole_says_so(site: Site) -> None:
    result = site.shell.run("deleted", NAME)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr.startswith("No deleted recordings.\nDeletions may be missing from this list: ")
    site.tell(condition("LedgerComplete", "False", "SweepPending", "The first sweep has not finished."))
    result = site.shell.run("deleted", NAME)
    assert "Deletions may be missing from this list: The first sweep has not finished." in result.stderr
    site.tell(condition(*COMPLETE))
    assert site.shell.run("deleted", NAME).stderr == "No deleted recordings.\n"
    assert site.shell.run("deleted", NAME, "--origin=S3").stderr == "No deleted recording matches.\n"


def test_status_as_json_is_the_status_as_stored(site: Site) -> None:
    status = site.tell(condition(*READY), plan={"summary": "Nothing to do."})
    assert json.loads(site.shell.run("status", NAME, "-o", "json").stdout) == status


def test_status_is_plain_text_in_a_pipe(site: Site) -> None:
    site.tell(condition(*SWEEPING, "The first sweep lists all recordings and objects."))
    result = site.shell.run("status", NAME, FORCE_COLOR="1")
    assert result.returncode == 0, result.stderr
    assert f"{NAME} in namespace {site.key.namespace}: not Ready (Sweeping)" in result.stdout
    assert "The first sweep lists all recordings and objects." in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colours_unless_they_are_unwanted(
    site: Site, variables: dict[str, str], coloured: bool
) -> None:
    site.tell(condition(*READY))
    shown = site.shell.run_on_terminal("status", NAME, **variables)
    assert f"{NAME}" in shown
    assert ("\x1b[" in shown) == coloured


def test_a_terminal_gets_the_list_in_the_width_it_has(site: Site) -> None:
    site.tell(condition(*COMPLETE))
    site.keep([ledger_entry(number, deleted_at=days_ago(number)) for number in range(1, 4)])
    shown = site.shell.run_on_terminal("deleted", NAME)
    rows = [line.rstrip("\r") for line in shown.splitlines() if line.startswith(("SID", "RE"))]
    assert len(rows) == 4
    assert max(map(len, rows)) <= 80


def test_watch_prints_changes_and_ends_once_ready(site: Site) -> None:
    site.tell(condition(*SWEEPING))
    with site.shell.running("watch", NAME, "--until-ready", "--interval=0.1", "--timeout=60") as process:
        assert process.stdout
        assert "ready=False reason=Sweeping" in process.stdout.readline()
        site.tell(condition(*READY))
        assert "ready=True reason=Reconciled" in process.stdout.readline()
        assert process.wait(30) == 0


def test_watch_gives_up_in_time(site: Site) -> None:
    site.tell(condition(*SWEEPING))
    result = site.shell.run("watch", NAME, "--until-ready", "--interval=0.1", "--timeout=0.3")
    assert result.returncode == 1
    assert "did not become Ready in 0.3 seconds" in result.stderr


def test_watch_ends_well_when_interrupted(site: Site) -> None:
    site.tell(condition(*READY))
    with site.shell.running("watch", NAME, "--interval=0.1") as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stderr.read() == ""


def test_watch_on_a_terminal_shows_the_page(site: Site) -> None:
    site.tell(condition(*READY))
    shown = site.shell.run_on_terminal("watch", NAME, "--until-ready")
    assert "Reconciled, for" in shown


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--until-ready",), 1)])
def test_watch_says_when_the_object_is_gone(site: Site, options: tuple[str, ...], code: int) -> None:
    with site.shell.running("watch", NAME, "--interval=0.1", *options) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        path = (names.GROUP, names.VERSION, site.key.namespace, names.PLURAL, NAME)
        site.objects.delete_namespaced_custom_object(*path)
        assert process.wait(30) == code
        told = process.stderr if code else process.stdout
        assert told.read() == f"{'Error: ' if code else ''}{NAME} is deleted.\n"


def test_a_new_object_is_one_that_the_operator_has_not_looked_at(site: Site) -> None:
    assert site.objects.get_namespaced_custom_object(
        names.GROUP, names.VERSION, site.key.namespace, names.PLURAL, NAME
    )["status"]
    assert site.shell.run("status", NAME, "-o", "json").stdout == "{}\n"
    assert "the operator has not looked at it. Is it running?" in " ".join(
        site.shell.run("status", NAME).stdout.split()
    )
    for command in (["plan", NAME], ["approve", NAME, "-y"]):
        assert_told(site.shell.run(*command), "the operator has not looked at it. Is it running?")


def test_a_name_may_come_with_its_kind_as_kubectl_writes_it(site: Site) -> None:
    for kind in ("recst", "recordingstorage.recordings.dev"):
        assert f"{NAME} in namespace" in site.shell.run("status", f"{kind}/{NAME}").stdout


@pytest.mark.parametrize("command", ["status", "deleted", "watch"])
def test_an_unknown_name_is_told(site: Site, command: str) -> None:
    assert_told(site.shell.run(command, "nobody"), f"no RecordingStorage nobody in namespace {site.key.namespace}")


def test_a_rejected_login_is_told(site: Site, tmp_path: Path) -> None:
    stranger = yaml.safe_load(site.shell.kubeconfig.read_text())
    stranger["users"][0]["user"]["token"] = "stale"
    kubeconfig = tmp_path / "stale.kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(stranger))
    assert_told(site.shell.run("status", NAME, f"--kubeconfig={kubeconfig}"), "rejects your login")


READING = {"apiGroups": [names.GROUP], "resources": [names.PLURAL], "verbs": ["get"]}
LISTING = {"apiGroups": [names.GROUP], "resources": [names.SLICE_PLURAL], "verbs": ["list"]}


def test_the_documented_rights_are_enough_and_each_is_needed(site: Site, reader: Callable[..., Shell]) -> None:
    site.tell(condition(*COMPLETE))
    looking = (["status", NAME], ["iam", NAME], ["watch", NAME, "--until-ready", "--timeout=0"])
    shell = reader([READING])
    for arguments in looking:
        until_permitted(shell, *arguments)
    assert_told(shell.run("deleted", NAME), "list deletedrecordingslices")
    until_permitted(reader([READING, LISTING]), "deleted", NAME)
    shell = reader([LISTING])
    assert_told(shell.run("status", NAME), "the rights to get recordingstorages of recordings.dev in namespace")
    shipped = yaml.safe_load((ROOT / "manifests" / "base" / "viewer.yaml").read_text())
    shell = reader(shipped["rules"])
    for arguments in (*looking, ["deleted", NAME]):
        until_permitted(shell, *arguments)


def test_the_namespace_is_that_of_the_context(site: Site, tmp_path: Path) -> None:
    config = yaml.safe_load(site.shell.kubeconfig.read_text())
    config["contexts"][0]["context"]["namespace"] = site.key.namespace
    kubeconfig = tmp_path / "context.kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    result = Shell(kubeconfig, "").run("status", NAME)
    assert f"{NAME} in namespace {site.key.namespace}" in result.stdout


@pytest.fixture
def reader(site: Site, tmp_path: Path) -> Callable[[list[dict[str, list[str]]]], Shell]:
    """Makes users with certain rights in the namespace and no others."""
    return lambda rules: restricted(site.api, site.shell, rules, tmp_path)
