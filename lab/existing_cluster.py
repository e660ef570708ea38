"""A cluster that somebody else runs, such as one of kind, in the place of the lab's own control plane."""

import base64
import os
from pathlib import Path

import yaml

from .control_plane import CRDS, OPERATOR, RBAC, ControlPlane
from .kubeconfig import User, write_kubeconfig
from .toolchain import run_kubectl

VARIABLE = "LAB_KUBECONFIG"
"""Names the kubeconfig of an admin of that cluster."""

TOKEN_LIFE = "4h"  # longer than any run


class ExistingCluster(ControlPlane):
    """The same face as the lab's control plane; its API server is not ours to stop, and `stop` leaves all as it is.

    The operator logs in as the shipped ServiceAccount, by a token made for it.
    """

    def __init__(self, workdir: Path, admin_kubeconfig: Path) -> None:
        workdir.mkdir(parents=True, exist_ok=True)
        self.workdir = workdir
        self.admin_kubeconfig = admin_kubeconfig
        self.operator_kubeconfig = workdir / "operator.kubeconfig"
        context = yaml.safe_load(run_kubectl(admin_kubeconfig, "config", "view", "--raw", "--minify", "--flatten"))
        cluster = context["clusters"][0]["cluster"]
        self.url = cluster["server"]
        self._authority = base64.b64decode(cluster["certificate-authority-data"])
        self._children = {}

    def install(self) -> None:
        """Apply the custom resource definitions and the shipped RBAC, and log the operator's ServiceAccount in."""
        admin = self.admin_kubeconfig
        run_kubectl(admin, "apply", "--server-side", f"--kustomize={CRDS}")
        definitions = [f"--filename={path}" for path in sorted(CRDS.glob("*.yaml")) if path.stem != "kustomization"]
        run_kubectl(admin, "wait", "--for=condition=Established", "--timeout=60s", *definitions)
        for file in ("namespace.yaml", "serviceaccount.yaml", "rbac.yaml", "admission.yaml"):
            run_kubectl(admin, "apply", "--server-side", f"--namespace={OPERATOR}", f"--filename={RBAC.parent / file}")
        token = run_kubectl(admin, "create", "token", OPERATOR, f"--namespace={OPERATOR}", f"--duration={TOKEN_LIFE}")
        write_kubeconfig(self.operator_kubeconfig, self.url, self._authority, User(OPERATOR, token.strip()))
        self._until_listed()

    def start_api_server(self) -> None:
        """Not ours to start."""
        raise RuntimeError(f"the API server of {VARIABLE} is not ours to start or stop")

    stop_api_server = start_api_server


def control_plane(workdir: Path, controllers: bool = False) -> ControlPlane:
    """The cluster that `LAB_KUBECONFIG` names, else a control plane of our own, started in `workdir`."""
    named = os.environ.get(VARIABLE)
    return ExistingCluster(workdir, Path(named)) if named else ControlPlane.start(workdir, controllers)
