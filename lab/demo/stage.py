"""Everything the demo plays on: a control plane, Twilio, S3, and the operator with the rights it ships with."""

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.text import Text

from .. import binaries, s3
from ..control_plane import ControlPlane
from ..existing_cluster import control_plane
from ..operator_process import OperatorProcess
from ..s3 import MotoServer
from ..simulator import Credentials, SimulatorControl, SimulatorServer
from ..toolchain import kubectl, run_kubectl
from .sample import Sample, sample
from .show import Show
from .witness import Bucket, Ledger, TwilioApi

PATIENCE = 120
"""Seconds for kubectl wait: far longer than a pass takes, so that only a defect runs into it."""

SWEEP_TRIES, SWEEP_PATIENCE = 8, 15
"""With the clock standing still, an operator that wants to try again later never does, unless it is asked again."""

FLOW = 0.5
"""Seconds between two moves of a flowing clock."""

REQUESTED_AT = "recordings.dev/reconcile-requested-at"


@dataclass
class Cluster:
    """kubectl in the namespace of the sample."""

    show: Show
    kubeconfig: Path
    sample: Sample
    console: SimulatorControl
    requests: int = 0

    def kubectl(self, *words: str, framed: bool = False) -> str:
        """Run kubectl as a person would, for everybody to see."""
        line = ["kubectl", *self._namespaced(words)]
        with flowing(self.console):
            return self.show.command(line, lambda: self.ask(*words), framed)

    def wait(self, condition: str) -> None:
        """kubectl wait for the resource. Raises RuntimeError where it does not come to that."""
        self.kubectl("wait", self._resource, f"--for={condition}", f"--timeout={PATIENCE}s")

    def sweep(self) -> None:
        """Ask for a sweep and wait until it is worked in: what the status says afterwards is as of now."""
        with self.show.busy(f"The operator is asked to sweep now, by annotation {REQUESTED_AT}"):
            for _ in range(SWEEP_TRIES):
                with contextlib.suppress(RuntimeError):
                    return self._sweep_once()
        raise RuntimeError("no sweep was finished; the operator's log should say why")

    def ledger(self) -> Ledger:
        """What the status lists as deleted."""
        path = "jsonpath={.status.deletedRecordings}"
        listed: list[dict[str, Any]] = json.loads(self.ask("get", self._resource, "-o", path))
        return {entry["sid"]: entry for entry in listed}

    def ask(self, *words: str) -> str:
        """Run kubectl and show nothing of it."""
        return run_kubectl(self.kubeconfig, *self._namespaced(words))

    def _sweep_once(self) -> None:
        self.requests += 1
        value = f"look-{self.requests}"
        handled = f"--for=jsonpath={{.status.lastHandledReconcileAt}}={value}"
        self.ask("annotate", self._resource, f"{REQUESTED_AT}={value}", "--overwrite")
        self.ask("wait", self._resource, handled, f"--timeout={SWEEP_PATIENCE}s")

    @property
    def _resource(self) -> str:
        return f"recst/{self.sample.name}"

    def _namespaced(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return ("-n", self.sample.namespace, *words)


@contextlib.contextmanager
def flowing(console: SimulatorControl) -> Iterator[None]:
    """Let the clock run while the block does, else it stands: an operator that waits to try again waits by it."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(FLOW):
            console.advance(seconds=FLOW)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


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
        self.show.say(Text.assemble((">> ", "bold magenta"), f"{words}: it is {now:%Y-%m-%d %H:%M:%S} UTC"))

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
    show.begin(
        "Start a Kubernetes API server, Twilio and S3 on this machine",
        "kube-apiserver is the real one. Twilio is simulated, and its clock, which S3 and the operator go by as well, "
        "can be moved. Nothing leaves this machine.",
    )
    kubectl()
    binaries.ensure("control-plane")
    with contextlib.ExitStack() as running:
        simulator, storage, console = _clouds(running, show, workdir, options)
        plane = _control_plane(running, show, workdir)
        with show.busy("the operator, as a user with no other rights than those it ships with"):
            running.enter_context(OperatorProcess(plane.operator_kubeconfig, simulator.url, storage.endpoint, workdir))
        account = console.create_account("Demo")
        tenant = sample(account, storage)
        run_kubectl(plane.admin_kubeconfig, "create", "namespace", tenant.namespace)
        yield Stage(
            show=show,
            cluster=Cluster(show, plane.admin_kubeconfig, tenant, console),
            console=console,
            account=account,
            twilio=running.enter_context(contextlib.closing(TwilioApi(simulator.url, account))),
            bucket=_bucket(storage, tenant),
            s3=storage,
            workdir=workdir,
        )


def _clouds(
    running: contextlib.ExitStack, show: Show, workdir: Path, options: Mapping[str, object]
) -> tuple[SimulatorServer, MotoServer, SimulatorControl]:
    with show.busy("the Twilio simulator, and S3 by moto"):
        simulator = running.enter_context(SimulatorServer())
        storage = running.enter_context(MotoServer(workdir / "moto", clock_url=simulator.url))
        console = running.enter_context(contextlib.closing(SimulatorControl(simulator.url)))
    for name, value in options.items():
        show.mark(True, f"The simulated Twilio has option {name}={console.options(**{name: value})[name]}")
    return simulator, storage, console


def _control_plane(running: contextlib.ExitStack, show: Show, workdir: Path) -> ControlPlane:
    with show.busy("kube-apiserver and etcd, with the CRDs and the RBAC of manifests/base"):
        plane = running.enter_context(control_plane(workdir / "control-plane"))
        plane.install()
    return plane


def _bucket(storage: MotoServer, tenant: Sample) -> Bucket:
    client = s3.client(storage.endpoint, storage.access_key_id, storage.secret_access_key, region=tenant.s3["region"])
    return Bucket(client, tenant.s3["bucket"], tenant.folder)
