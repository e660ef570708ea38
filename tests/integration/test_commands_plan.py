"""`recordings plan`, `approve` and `iam` as processes, with a whole operator, and without any cluster."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner
from kubernetes.client import ApiClient, CoreV1Api

from lab.s3 import MotoServer
from lab.simulator import SimulatorControl, SimulatorServer
from lab.tenants import Tenant
from recording_storage_operator.api import names
from recording_storage_operator.commands.app import cli
from recording_storage_operator.commands.machine import Machine
from tests.integration.command_line import STRANGE, Shell, assert_told, restricted, until_permitted
from tests.integration.operator_site import Customer, Object, Site, conditions, is_current, site_fixtures, status

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Ended = subprocess.CompletedProcess[str]

operator_site, site = site_fixtures()


def shell_of(site: Site, customer: Customer) -> Shell:
    return Shell(site.plane.admin_kubeconfig, customer.tenant.namespace)


def pending(customer: Customer) -> Object:
    """The plan that waits for approval."""
    obj = customer.wait(
        lambda obj: is_current(obj) and conditions(obj)["Ready"]["reason"] == "AwaitingApproval", "a plan that waits"
    )
    return dict(status(obj)["plan"])


def is_applied(obj: Object) -> bool:
    return is_current(obj) and status(obj).get("plan", {}).get("state") == "Applied"


@pytest.fixture
def customer(site: Site, namespace: str) -> Customer:
    """Its plan waits for approval."""
    made = site.customer(namespace)
    return made.declare(**made.in_s3(), approval="Manual")


def test_a_plan_is_looked_at_approved_by_its_id_and_applied(site: Site, customer: Customer) -> None:
    shell, name = shell_of(site, customer), customer.tenant.name
    waiting = pending(customer)
    shown = shell.run("plan", name)
    assert (shown.returncode, "\x1b" in shown.stdout) == (2, False)
    assert f"create bucket {customer.tenant.bucket}" in shown.stdout
    assert f"Plan {waiting['id']}, Pending" in shown.stdout
    how = f"Approve it with: recordings approve {name} -n {customer.tenant.namespace} --plan {waiting['id']}\n"
    assert shown.stderr == how
    stored = json.loads(shell.run("plan", name, "-o", "json").stdout)
    assert stored["plan"] == waiting
    assert stored["resource"] == {"namespace": customer.tenant.namespace, "name": name}

    assert_told(shell.run("approve", name, "--plan", "0" * 12), f"It is {waiting['id']} now")
    assert names.APPROVED_PLAN not in customer.read()["metadata"].get("annotations", {})

    approved = shell.run("approve", name, "--plan", waiting["id"])
    assert (approved.returncode, approved.stderr) == (0, "")
    assert approved.stdout.endswith(f"recordings watch {name} -n {customer.tenant.namespace}\n")
    customer.wait(is_applied, "the plan applied")
    assert site.s3.client().get_bucket_versioning(Bucket=customer.tenant.bucket)["Status"] == "Enabled"
    assert shell.run("plan", name).returncode == 0
    assert_told(shell.run("approve", name, "-y"), f"There is nothing to approve for {name}")


def test_nobody_to_ask_is_no_approval(site: Site, customer: Customer) -> None:
    waiting = pending(customer)
    asked = shell_of(site, customer).run("approve", customer.tenant.name, text="y\n")
    assert asked.returncode == 1
    assert f"Approve exactly this plan: --plan {waiting['id']}" in asked.stderr
    assert pending(customer)["id"] == waiting["id"]


def test_somebody_at_a_terminal_is_asked(site: Site, customer: Customer) -> None:
    shell, waiting = shell_of(site, customer), pending(customer)
    shown, code = shell.answer(["approve", customer.tenant.name], "n\n")
    assert (code, "Not approved." in shown) == (1, False)
    assert pending(customer)["id"] == waiting["id"]

    shown, code = shell.answer(["approve", customer.tenant.name], "y\n")
    assert code == 0
    assert customer.tenant.bucket in shown
    assert "\x1b[33m" in shown
    assert "--plan" not in shown, "it is approved already"
    customer.wait(is_applied, "the plan applied")


def test_a_plan_that_is_applied_by_itself_takes_no_approval(site: Site, namespace: str) -> None:
    customer = site.customer(namespace)
    customer.declare(**customer.in_s3())
    customer.wait(is_applied, "the plan applied")
    assert_told(shell_of(site, customer).run("approve", customer.tenant.name, "-y"), "There is nothing to approve")


def test_a_bucket_that_others_use_is_changed_once_somebody_has_agreed(site: Site, namespace: str) -> None:
    customer = site.customer(namespace)
    bucket = customer.bucket.make()
    bucket.put("index.html")
    before, shell, name = bucket.settings(), shell_of(site, customer), customer.tenant.name
    customer.declare(**customer.in_s3())
    waiting = pending(customer)
    assert bucket.settings() == before
    shown = shell.run("plan", name).stdout
    assert "adopt bucket" in shown
    assert "Disruptive" in shown
    assert "although spec.approval is Automatic" in shell.run("status", name).stdout

    assert shell.run("approve", name, "--plan", waiting["id"]).returncode == 0
    customer.wait(is_applied, "the plan applied")
    assert bucket.settings() != before


def test_the_documented_right_to_approve_is_enough_and_needed(site: Site, customer: Customer, tmp_path: Path) -> None:
    waiting, shell = pending(customer), shell_of(site, customer)
    approver = [{"apiGroups": [names.GROUP], "resources": [names.PLURAL], "verbs": ["get", "patch"]}]
    command = ("approve", customer.tenant.name, "--plan", waiting["id"])
    reader = restricted(site.api, shell, [{**approver[0], "verbs": ["get"]}], tmp_path)
    until_permitted(reader, "plan", customer.tenant.name)
    assert_told(reader.run(*command), "get and to patch recordingstorages")
    until_permitted(restricted(site.api, shell, approver, tmp_path), *command)
    customer.wait(is_applied, "the plan applied")


def test_drift_that_stays_is_shown(site: Site, namespace: str) -> None:
    customer = site.customer(namespace)
    customer.declare(**customer.in_s3(), driftPolicy="Report")
    customer.wait(is_applied, "the plan applied")
    shell, name = shell_of(site, customer), customer.tenant.name
    suspended: Any = {"Status": "Suspended"}
    site.s3.client().put_bucket_versioning(Bucket=customer.tenant.bucket, VersioningConfiguration=suspended)
    customer.request()
    customer.wait(lambda obj: status(obj).get("drift"), "drift")
    shown = shell.run("plan", name)
    assert shown.returncode == 2
    assert "~ versioning" in shown.stdout
    assert "Suspended, wanted Enabled" in shown.stdout
    assert "1 setting is not as wanted, and left so because spec.driftPolicy is Report." in shown.stdout
    assert "Nothing to do" not in shown.stdout
    assert "Drift         versioning: wanted Enabled, is Suspended" in shell.run("status", name).stdout
    assert "plan=Applied" in shell.run("watch", name, "--until-ready", "--timeout=0").stdout


def test_a_plan_of_an_earlier_spec_is_none(site: Site, customer: Customer) -> None:
    pending(customer)
    site.operator.stop()
    try:
        customer.edit(retention={"metadataDays": 30})
        for command in (["plan", customer.tenant.name], ["approve", customer.tenant.name, "-y"]):
            assert_told(shell_of(site, customer).run(*command), "was edited since the operator looked at it")
    finally:
        site.operator.start()


def test_policies_of_a_resource_are_those_of_its_file(site: Site, customer: Customer) -> None:
    shell = shell_of(site, customer)
    stored = shell.run("iam", customer.tenant.name)
    file = shell.run("iam", "-f", "-", text=yaml.safe_dump(customer.read()))
    assert (stored.returncode, stored.stdout) == (0, file.stdout)
    both = json.loads(stored.stdout)
    for whose in ("writer", "operator"):
        assert json.loads(shell.run("iam", customer.tenant.name, "--for", whose).stdout) == both[whose]
    assert f"arn:aws:s3:::{customer.tenant.bucket}/*" in stored.stdout


@dataclass
class Offline:
    """A tenant that no cluster knows. Whoever plans has its credentials in variables, and no kubeconfig that works."""

    tenant: Tenant
    twilio: SimulatorControl
    moto: MotoServer
    log: Path
    shell: Shell
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, arguments: Sequence[str], documents: Sequence[Object], variables: Mapping[str, str]) -> Ended:
        """In this process, which is much quicker than one of its own for each."""
        clean = dict.fromkeys(name for name in os.environ if name.startswith(STRANGE))
        text = yaml.safe_dump_all(documents or [self.tenant.storage()])
        command = [*arguments, "-f", "-"]
        environment = {**clean, "KUBECONFIG": str(self.shell.kubeconfig), **self.variables, **variables}
        result = CliRunner(env=environment).invoke(cli, command, obj=Machine(), input=text)
        return Ended(command, result.exit_code, result.stdout, result.stderr)

    def plan(self, *documents: Object, **variables: str) -> Ended:
        return self.run(["plan"], documents, variables)

    def plans(self, *documents: Object) -> list[Object]:
        """As JSON."""
        return [json.loads(line) for line in self.run(["plan", "-o", "json"], documents, {}).stdout.splitlines()]

    def methods(self, start: int = 0) -> set[str]:
        """Of all requests that Twilio and S3 got about this tenant; S3's from a place in its log on."""
        colour = r"(?:\x1b\[[0-9;]*m)*"
        logged = self.log.read_bytes()[start:].decode()
        at_s3 = re.findall(rf'"{colour}([A-Z]+) /{self.tenant.bucket}[/? ]', logged)
        at_twilio = [call["method"] for call in self.twilio.requests(self.tenant.account.account_sid)]
        assert at_s3
        assert at_twilio
        return {*at_s3, *at_twilio}


@dataclass(frozen=True)
class Lab:
    """A Twilio at the machine's time, as a command expects it, and an S3."""

    twilio: SimulatorControl
    moto: MotoServer
    log: Path


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("offline")
    with SimulatorServer() as server, closing(SimulatorControl(server.url)) as control, MotoServer(folder) as moto:
        yield Lab(control, moto, folder / "moto.log")


@pytest.fixture
def offline(lab: Lab, tmp_path: Path) -> Offline:
    account = lab.twilio.create_account("offline")
    keys = (lab.moto.endpoint, lab.moto.access_key_id, lab.moto.secret_access_key)
    tenant = Tenant("support-line", "telephony", account, f"offline-{account.account_sid[2:18]}", *keys)
    variables = {
        "RECORDINGS_TWILIO_URL": lab.twilio.url,
        "TWILIO_AUTH_TOKEN": account.auth_token,
        "AWS_ACCESS_KEY_ID": lab.moto.access_key_id,
        "AWS_SECRET_ACCESS_KEY": lab.moto.secret_access_key,
    }
    return Offline(tenant, lab.twilio, lab.moto, lab.log, Shell(tmp_path / "none", "telephony"), variables)


def test_a_file_has_the_plan_that_the_cluster_has_and_nothing_to_do_once_it_is_applied(
    site: Site, customer: Customer
) -> None:
    shell, waiting = shell_of(site, customer), pending(customer)
    declared = yaml.safe_dump(customer.tenant.storage(**customer.in_s3(), approval="Manual"))
    variables = {
        "RECORDINGS_TWILIO_URL": site.twilio.url,
        "TWILIO_AUTH_TOKEN": customer.tenant.account.auth_token,
        "AWS_ACCESS_KEY_ID": customer.tenant.access_key_id,
        "AWS_SECRET_ACCESS_KEY": customer.tenant.secret_access_key,
    }

    def planned(*options: str) -> tuple[int, str]:
        """In this process, by the simulator's clock: other tests have moved it."""
        place = ("-n", shell.namespace, "--kubeconfig", str(shell.kubeconfig))
        machine = Machine(now=site.twilio.now)
        command = ["plan", "-f", "-", *place, *options]
        result = CliRunner(env=variables).invoke(cli, command, obj=machine, input=declared)
        return result.exit_code, result.output

    code, shown = planned("--from-cluster")
    assert (code, waiting["id"] in shown) == (2, True), shown

    shell.run("approve", customer.tenant.name, "--plan", waiting["id"])
    customer.wait(is_applied, "the plan applied")
    code, shown = planned("--from-cluster")
    assert (code, "Nothing to do." in shown) == (0, True), shown
    code, shown = planned()
    assert (code, "adopt bucket" in shown) == (0, True), "adopting changes nothing"


@pytest.fixture
def s3(lab: Lab) -> Iterator["S3Client"]:
    with closing(lab.moto.client()) as made:
        yield made


def test_a_file_is_planned_without_a_cluster_and_nothing_is_written(offline: Offline, s3: "S3Client") -> None:
    result = offline.plan()
    assert (result.returncode, result.stderr) == (2, "")
    assert f"create bucket {offline.tenant.bucket} in us-east-1" in result.stdout
    assert "+ versioning" in result.stdout
    assert "! policy.secureTransport" in result.stdout
    assert "\x1b" not in result.stdout
    assert offline.methods() <= {"GET", "HEAD"}

    s3.create_bucket(Bucket=offline.tenant.bucket)
    s3.put_object(Bucket=offline.tenant.bucket, Key="index.html")
    made = offline.log.stat().st_size
    shown = offline.plan().stdout
    assert "absent -> Enabled" in shown
    assert "waits for approval: the bucket holds objects of others" in shown
    [plan] = offline.plans()
    assert plan["waiting"] == [one["path"] for one in plan["changes"]]
    assert offline.methods(made) <= {"GET", "HEAD"}


def test_the_same_world_has_the_same_output(offline: Offline) -> None:
    assert offline.plan().stdout == offline.plan().stdout
    assert offline.plans() == offline.plans()


def test_json_is_a_line_for_each_resource_and_others_are_left_alone(offline: Offline) -> None:
    quiet = offline.tenant.storage(backend="Twilio", s3=None)
    quiet["metadata"]["name"] = "quiet"
    first, second = offline.plans(offline.tenant.storage(), {"apiVersion": "v1", "kind": "Secret"}, quiet)
    assert first["resource"] == {"namespace": "telephony", "name": "support-line"}
    assert f"Plan {first['id']}: " in offline.plan().stdout
    assert first["changes"][0] == {
        "type": "CreateBucket",
        "path": "bucket",
        "class": "Safe",
        "have": "no bucket yet",
        "want": "exists",
        "summary": f"create bucket {offline.tenant.bucket} in us-east-1",
    }
    assert [one["path"] for one in first["skipped"]] == ["policy.secureTransport"]
    assert (second["resource"]["name"], second["id"], second["changes"]) == ("quiet", None, [])
    assert offline.plan(quiet).returncode == 0
    assert offline.plan(quiet, offline.tenant.storage()).returncode == 2


def test_a_bucket_that_is_only_observed_shows_how_it_differs(offline: Offline, s3: "S3Client") -> None:
    s3.create_bucket(Bucket=offline.tenant.bucket)
    observed = offline.tenant.storage()
    observed["spec"]["s3"]["management"] = "Observe"
    [plan] = offline.plans(observed)
    assert (plan["id"], plan["changes"]) == (None, [])
    assert {"path": "versioning", "want": "Enabled", "have": "absent"} in plan["drift"]
    result = offline.plan(observed)
    assert result.returncode == 2
    assert "not as wanted, and left so because spec.s3.management is Observe." in result.stdout
    assert "Nothing to do" not in result.stdout


def test_an_api_key_is_taken_too(offline: Offline) -> None:
    account = offline.tenant.account
    key = {"TWILIO_API_KEY": account.api_key_sid, "TWILIO_API_SECRET": account.api_key_secret}
    assert offline.plan(TWILIO_AUTH_TOKEN="", **key).returncode == 2


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"TWILIO_AUTH_TOKEN": ""}, "set TWILIO_AUTH_TOKEN, or TWILIO_API_KEY and TWILIO_API_SECRET"),
        ({"TWILIO_AUTH_TOKEN": "0" * 32}, "Twilio does not accept TWILIO_AUTH_TOKEN"),
        ({"TWILIO_AUTH_TOKEN": "to ken"}, "one of them is not"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "AWS's default chain has no credentials"),
        ({"AWS_PROFILE": "nosuch"}, "AWS_PROFILE names a profile that AWS's configuration files do not have: nosuch"),
        ({"RECORDINGS_TWILIO_URL": "http://127.0.0.1:1"}, "Look at the network and the HTTPS_PROXY of this machine"),
        ({"RECORDINGS_TWILIO_URL": "ftp://nowhere"}, "RECORDINGS_TWILIO_URL must be an http or https URL"),
    ],
)
def test_what_is_wrong_with_the_environment_is_told(offline: Offline, variables: dict[str, str], told: str) -> None:
    nowhere = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    assert_told(offline.plan(**variables, **nowhere), told)


def test_an_invalid_spec_is_told_with_its_fields(offline: Offline) -> None:
    wrong = offline.tenant.storage(approval="Perhaps", retention={"metadataDays": 41})
    result = offline.plan(wrong)
    assert_told(result, "support-line is invalid: ")
    assert "spec.approval" in result.stderr
    assert "spec.retention.metadataDays" in result.stderr
    assert_told(offline.plan({"kind": "Secret"}), "There is no RecordingStorage")


def test_the_writers_key_pair_is_looked_at_with_the_clusters_secrets_only(
    site: Site, offline: Offline, namespace: str, api: ApiClient
) -> None:
    storage = offline.tenant.storage()
    storage["metadata"]["namespace"] = namespace
    storage["spec"]["s3"]["writerCredentialsSecretRef"] = {"name": "writer"}
    alone = offline.plan(storage)
    assert "the writer's key pair is left out" in alone.stderr
    assert "writerCredential" not in alone.stdout

    pair = {"accessKeyId": "AKIA" + "A" * 16, "secretAccessKey": "s" * 40}
    core: Any = CoreV1Api(api)
    for secret in (*offline.tenant.secrets(), {"metadata": {"name": "writer"}, "stringData": pair}):
        secret["metadata"].pop("namespace", None)
        core.create_namespaced_secret(namespace, secret)
    text, url = yaml.safe_dump(storage), offline.variables["RECORDINGS_TWILIO_URL"]
    command = ("plan", "-f", "-", "--from-cluster")
    shell = Shell(site.plane.admin_kubeconfig, namespace)
    result = shell.run(*command, text=text, RECORDINGS_TWILIO_URL=url)
    assert (result.returncode, result.stderr) == (2, "")
    assert "+ writerCredential" in result.stdout
    assert offline.methods() <= {"GET", "HEAD"}

    core.delete_namespaced_secret("writer", namespace)
    assert_told(shell.run(*command, text=text, RECORDINGS_TWILIO_URL=url), "Secret writer does not exist")
