"""A real control plane on loopback: etcd, kube-apiserver and, on request, kube-controller-manager.

No node: objects, admission, RBAC, watches and (with controllers) garbage collection are real, pods never run.
"""

import contextlib
import ssl
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml

from . import binaries
from .kubeconfig import User, write_kubeconfig, write_signing_key, write_tokens
from .processes import Child, free_port
from .toolchain import run_kubectl
from .waiting import until

OPERATOR = "recording-storage-operator"
"""The user whose rights are exactly the shipped ones, and the namespace of the shipped ServiceAccount."""

ROOT = Path(__file__).parent.parent
CRDS = ROOT / "crds"
RBAC = ROOT / "manifests" / "base" / "rbac.yaml"
ADMISSION = RBAC.with_name("admission.yaml")

API_SERVER = "kube-apiserver"
CONTROLLERS = "kube-controller-manager"


class ControlPlane:
    """A running control plane; made by `start`. `workdir` holds its data, its credentials and its logs (`logs/`).

    `admin_kubeconfig` is for people and fixtures. `operator_kubeconfig` is for the user `recording-storage-operator`,
    who may do nothing until `install`, and then only what the shipped RBAC grants. Both stay valid over a restart.
    """

    def __init__(self, workdir: Path) -> None:
        self.workdir = workdir
        self.admin_kubeconfig = workdir / "admin.kubeconfig"
        self.operator_kubeconfig = workdir / "operator.kubeconfig"
        self._port = free_port()
        self._etcd_port = free_port()
        self._admin = User.new("admin", "system:masters")
        self._children: dict[str, Child] = {}
        self._installed = False
        self.url = f"https://127.0.0.1:{self._port}"

    @classmethod
    def start(cls, workdir: Path, controllers: bool = False) -> Self:
        """Start in a new folder and return when it answers. `controllers` adds garbage collection.

        Builds the binaries first where they are not cached. Raises RuntimeError with the log's end on failure.
        """
        plane = cls(workdir)
        with contextlib.ExitStack() as undo:
            undo.callback(plane.stop)
            plane._start(controllers)
            undo.pop_all()
        return plane

    def install(self) -> None:
        """Apply the custom resource definitions, the warning before a deletion, and the shipped RBAC, granted to the
        operator's user as well.
        """
        admin = self.admin_kubeconfig
        definitions = [f"--filename={path}" for path in sorted(CRDS.glob("*.yaml")) if path.stem != "kustomization"]
        run_kubectl(admin, "apply", "--server-side", *definitions)
        run_kubectl(admin, "wait", "--for=condition=Established", "--timeout=30s", *definitions)
        rbac = list(yaml.safe_load_all(RBAC.read_text()))
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OPERATOR}}
        documents = yaml.safe_dump_all([namespace, *rbac, *granted_to_user(rbac, OPERATOR)])
        run_kubectl(admin, "apply", "--server-side", f"--namespace={OPERATOR}", "-f", "-", stdin=documents)
        run_kubectl(admin, "apply", "--server-side", f"--filename={ADMISSION}")
        if CONTROLLERS in self._children:
            # The garbage collector looks for new kinds every 30 s only; one that starts now knows them at once.
            self._children[CONTROLLERS].stop()
            self._start_controllers()
        self._installed = True
        self._until_listed()

    def _until_listed(self) -> None:
        """For a moment after its installation, and after a restart, a kind is served, but lists are refused (429)."""
        until(
            lambda: run_kubectl(self.operator_kubeconfig, "get", "recst,recdel", "-A") is not None,
            what="our kinds listed",
        )

    def start_api_server(self) -> None:
        """Start it on its own port, over the data that is there."""
        program = binaries.ensure("control-plane")[API_SERVER]
        flags = _api_server_flags(self.workdir, self._port, self._etcd_port)
        self._child(API_SERVER, program, flags).wait_ready(self._api_ready)
        if self._installed:
            self._until_listed()

    def stop_api_server(self) -> None:
        """Stop it; etcd keeps every object."""
        self._children[API_SERVER].stop(grace=1)  # open watches would keep it for a minute

    def restart_api_server(self) -> None:
        """Stop and start: watches break, resource versions go on."""
        self.stop_api_server()
        self.start_api_server()

    def stop(self) -> None:
        """Stop everything. Stopping twice is fine."""
        for child in reversed(self._children.values()):
            child.stop(grace=1)
        self._children.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, controllers: bool) -> None:
        self.workdir.mkdir(parents=True, exist_ok=True)
        self.workdir.chmod(0o700)
        operator = User.new(OPERATOR)
        write_tokens(self.workdir / "tokens.csv", (self._admin, operator))
        write_signing_key(self.workdir / "sa.key")
        self._start_etcd()
        self.start_api_server()
        certificate = self._certificate.read_bytes()
        write_kubeconfig(self.admin_kubeconfig, self.url, certificate, self._admin)
        write_kubeconfig(self.operator_kubeconfig, self.url, certificate, operator)
        if controllers:
            self._start_controllers()

    def _start_etcd(self) -> None:
        program = binaries.ensure("control-plane")["server"]
        child = self._child("etcd", program, _etcd_flags(self.workdir, self._etcd_port, free_port()))
        child.wait_ready(lambda: httpx.get(f"http://127.0.0.1:{self._etcd_port}/health").is_success)

    def _start_controllers(self) -> None:
        port = free_port()
        program = binaries.ensure("controllers")[CONTROLLERS]
        child = self._child(CONTROLLERS, program, _controller_flags(self.workdir, self.admin_kubeconfig, port))
        trust = _trusting_nobody()
        child.wait_ready(lambda: httpx.get(f"https://127.0.0.1:{port}/healthz", verify=trust).is_success)

    def _child(self, name: str, program: Path, flags: list[str]) -> Child:
        child = Child(name, [program, *flags], self.workdir / "logs" / f"{name}.log", cwd=self.workdir)
        self._children[name] = child
        return child

    @property
    def _certificate(self) -> Path:
        """The API server makes its own, signed by itself, at its first start."""
        return self.workdir / "certs" / "apiserver.crt"

    def _api_ready(self) -> bool:
        trust = ssl.create_default_context(cafile=str(self._certificate))
        headers = {"Authorization": f"Bearer {self._admin.token}"}
        return httpx.get(f"{self.url}/readyz", verify=trust, headers=headers).is_success


def granted_to_user(documents: list[dict[str, Any]], user: str) -> list[dict[str, Any]]:
    """A copy of each binding among RBAC documents, under another name, that grants the same to a user."""
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}
    return [
        {**document, "metadata": {**document["metadata"], "name": f"{document['metadata']['name']}-user"}}
        | {"subjects": [subject]}
        for document in documents
        if document["kind"] in {"ClusterRoleBinding", "RoleBinding"}
    ]


def _trusting_nobody() -> ssl.SSLContext:
    """For a health check over loopback: the controllers make a certificate that no one else needs."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _etcd_flags(workdir: Path, port: int, peer_port: int) -> list[str]:
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
    return [
        f"--data-dir={workdir / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",  # a lab's data need not outlive the machine
    ]


def _api_server_flags(workdir: Path, port: int, etcd_port: int) -> list[str]:
    return [
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",  # else it looks for a default route, which a laptop on a train lacks
        "--endpoint-reconciler-type=none",  # nothing here reaches the API server through its Service
        f"--cert-dir={workdir / 'certs'}",
        f"--service-account-key-file={workdir / 'sa.key'}",
        f"--service-account-signing-key-file={workdir / 'sa.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--token-auth-file={workdir / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--disable-admission-plugins=ServiceAccount",  # no pods run here, so nothing needs a token mounted
    ]


def _controller_flags(workdir: Path, kubeconfig: Path, port: int) -> list[str]:
    return [
        f"--kubeconfig={kubeconfig}",
        "--controllers=garbage-collector-controller,namespace-controller",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={workdir / 'certs' / 'controllers'}",
    ]
