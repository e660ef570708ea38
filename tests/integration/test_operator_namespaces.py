"""The namespaced installation: one namespace is served, with a Role alone, and no other is looked at."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from kubernetes.client import ApiClient, CoreV1Api, V1Namespace, V1ObjectMeta

from lab.control_plane import OPERATOR, ROOT, ControlPlane
from lab.kubeconfig import write_private
from lab.operator_process import OperatorProcess
from lab.s3 import MotoServer
from lab.simulator import SimulatorControl
from lab.toolchain import run_kubectl
from tests.integration.operator_site import Site, listed, sids, status

LONGEST_RESYNC = 660.0
"""Virtual seconds between two lists of all resources, at most."""


@pytest.fixture(scope="module")
def served(control_plane: ControlPlane, api: ApiClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A namespace in which the operator is installed the way the manifests say for another one than theirs."""
    name, folder = f"served-{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("manifests")
    for part in ("manifests", "crds"):
        shutil.copytree(ROOT / part, folder / part)
    place = folder / "manifests" / "namespaced" / "namespace.yaml"
    place.write_text(place.read_text().replace(OPERATOR, name))
    CoreV1Api(api).create_namespace(V1Namespace(metadata=V1ObjectMeta(name=name)))
    objects = run_kubectl(control_plane.admin_kubeconfig, "kustomize", place.parent)
    apply = ("apply", "--server-side", "--force-conflicts", "-f", "-")
    run_kubectl(control_plane.admin_kubeconfig, *apply, stdin=objects)
    yield name
    CoreV1Api(api).delete_namespace(name)


@pytest.fixture(scope="module")
def login(control_plane: ControlPlane, served: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kubeconfig with the rights of the installed ServiceAccount and no others."""
    admin = control_plane.admin_kubeconfig
    config = yaml.safe_load(admin.read_text())
    token = run_kubectl(admin, "create", "token", OPERATOR, f"--namespace={served}")
    config["users"][0]["user"] = {"token": token.strip()}
    path = tmp_path_factory.mktemp("login") / "kubeconfig"
    write_private(path, yaml.safe_dump(config))
    return path


@pytest.fixture(scope="module")
def operator_site(
    control_plane: ControlPlane,
    api: ApiClient,
    simulator_control: SimulatorControl,
    moto: MotoServer,
    login: Path,
    served: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    workdir = tmp_path_factory.mktemp("operator")
    settings = {"RECORDINGS_NAMESPACES": served}
    with OperatorProcess(login, simulator_control.url, moto.endpoint, workdir, settings) as operator:
        yield Site(control_plane, api, simulator_control, moto, operator, workdir / "sweeps")


@pytest.fixture
def site(operator_site: Site) -> Iterator[Site]:
    with operator_site.serving():
        yield operator_site


def test_only_the_served_namespace_is_looked_at(site: Site, served: str, namespace: str) -> None:
    ignored, acme = site.customer(namespace), site.customer(served)
    made = ignored.declare().read()
    recorded = acme.record(3)
    acme.declare().until_ready()

    acme.erase(recorded[:2])
    assert listed(acme.sweep()) == sids(acme.ledger()) == sorted(recorded[:2])
    acme.edit(suspend=True)
    acme.until_reason("Suspended")
    looks = site.kubernetes_requests(method="GET")
    site.advance(seconds=LONGEST_RESYNC)
    site.until_looked_at(looks)
    acme.delete()
    acme.until_gone()

    assert ignored.read() == made
    assert ignored.calls() == []
    assert site.kubernetes_requests(code="403") == 0
    assert "finalizers" not in made["metadata"]
    assert status(made) in ({}, {"observedGeneration": -1})
