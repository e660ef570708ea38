"""Everything the demo plays on: a control plane, Twilio, S3, and the operator with the rights it ships with."""

import contextlib
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.text import Text

from .. import binaries, s3
from ..control_plane import ControlPlane
from ..operator_process import OperatorProcess
from ..s3 import MotoServer
from ..simulator import Credentials, SimulatorControl, SimulatorServer
from ..toolchain import kubectl, run_kubectl
from .sample import Sample, sample
from .show import Show
from .witness import Bucket, Ledger, TwilioApi

PATIENCE = "--timeout=60s"
"""For kubectl wait: far longer than a pass takes, so that only a defect runs into it."""


@dataclass
class Cluster:
    """kubectl in the namespace of the sample."""

    show: Show
    kubeconfig: Path
    sample: Sample
    sweeps: int = 0

    def kubectl(self, *words: str, framed: bool = False) -> str:
        """Run kubectl as a person would, for everybody to see."""
        line = shlex.join(["kubectl", *self._namespaced(words)])
        return self.show.command(line, lambda: self.ask(*words), framed)

    def wait(self, condition: str) -> None:
        """kubectl wait for the resource. Raises RuntimeError where it does not come to that."""
        self.kubectl("wait", self._resource, f"--for={condition}", PATIENCE)

    def sweep(self) -> None:
        """Ask for a sweep and wait until it is worked in: what the status says afterwards is as of now."""
        self.sweeps += 1
        value = f"look-{self.sweeps}"
        handled = f"--for=jsonpath={{.status.lastHandledReconcileAt}}={value}"
        with self.show.busy("The operator sweeps, asked to by annotation, so that its list is as of now"):
            self.ask("annotate", self._resource, f"recordings.dev/reconcile-requested-at={value}", "--overwrite")
            self.ask("wait", self._resource, handled, PATIENCE)

    def ledger(self) -> Ledger:
        """What the status lists as deleted."""
        path = "jsonpath={.status.deletedRecordings}"
        listed: list[dict[str, Any]] = json.loads(self.ask("get", self._resource, "-o", path))
        return {entry["sid"]: entry for entry in listed}

    def ask(self, *words: str) -> str:
        """Run kubectl and show nothing of it."""
        return run_kubectl(self.kubeconfig, *self._namespaced(words))

    @property
    def _resource(self) -> str:
        return f"recst/{self.sample.name}"

    def _namespaced(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return ("-n", self.sample.namespace, *words)


@dataclass
class Stage:
    """The running lab with one tenant on it. `console` is Twilio's Console, its callers, and the clock."""

    show: Show
    cluster: Cluster
    console: SimulatorControl
    account: Credentials
    twilio: TwilioApi
    bucket: Bucket
    s3: MotoServer
    workdir: Path

    def pass_time(self, until: datetime, words: str) -> None:
        """Move the clock that Twilio, S3 and the operator live by."""
        now = self.console.advance(seconds=(until - self.console.now()).total_seconds())
        self.show.say(Text.assemble(("\n>> ", "bold magenta"), f"{words}: it is {now:%Y-%m-%d %H:%M:%S} UTC"))

    def switch_external_storage(self, enabled: bool, bucket_url: str = "") -> None:
        """What a person does in Twilio's Console."""
        self.console.external_storage(
            self.account.account_sid,
            enabled,
            bucket_url=bucket_url,
            endpoint_url=self.s3.endpoint,
            access_key_id=self.s3.access_key_id,
            secret_access_key=self.s3.secret_access_key,
        )


@contextlib.contextmanager
def set_up(show: Show, workdir: Path, options: Mapping[str, object]) -> Iterator[Stage]:
    """Start all of it, and stop it at the end. What has to be built is built first, with a progress of its own."""
    kubectl()
    binaries.ensure("control-plane")
    with contextlib.ExitStack() as running:
        with show.busy("kube-apiserver and etcd, with the CRDs and the RBAC of manifests/base"):
            plane = running.enter_context(ControlPlane.start(workdir / "control-plane"))
            plane.install()
        with show.busy("Twilio (simulated, with a clock that can be moved) and S3 (moto)"):
            simulator = running.enter_context(SimulatorServer())
            storage = running.enter_context(MotoServer(workdir / "moto", clock_url=simulator.url))
            console = running.enter_context(contextlib.closing(SimulatorControl(simulator.url)))
            console.options(**options)
        with show.busy("the operator, as a user with no other rights than those it ships with"):
            running.enter_context(
                OperatorProcess(plane.operator_kubeconfig, simulator.url, storage.endpoint, workdir)
            )
        account = console.create_account("Demo")
        twilio = running.enter_context(contextlib.closing(TwilioApi(simulator.url, account)))
        tenant = sample(account, storage)
        run_kubectl(plane.admin_kubeconfig, "create", "namespace", tenant.namespace)
        yield Stage(
            show=show,
            cluster=Cluster(show, plane.admin_kubeconfig, tenant),
            console=console,
            account=account,
            twilio=twilio,
            bucket=_bucket(storage, tenant),
            s3=storage,
            workdir=workdir,
        )


def _bucket(storage: MotoServer, tenant: Sample) -> Bucket:
    client = s3.client(
        storage.endpoint, storage.access_key_id, storage.secret_access_key, region=tenant.s3["region"]
    )
    return Bucket(client, tenant.s3["bucket"], tenant.folder)
