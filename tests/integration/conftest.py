"""The lab's servers, started once a run and shared: tests keep apart by namespace, account and bucket name."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client, config

from lab import existing_cluster
from lab.control_plane import ControlPlane
from lab.s3 import MotoServer, VersityGateway
from lab.simulator import SimulatorControl, SimulatorServer

LONGEST_FIRST = (
    "test_faults_matrix",
    "test_operator_teardown",
    "test_demo",
    "test_commands_plan",
    "test_operator_idle",
    "test_credential_rotation",
    "test_operator_crashes",
    "test_operator_plans",
    "test_commands",
    "test_bad_days_losses",
    "test_operator_claims",
    "test_faults_outages",
)
"""Files stay in one process each: a long one that comes last would keep one process busy and the others waiting."""


def _place(item: pytest.Item) -> int:
    name = item.path.stem
    return LONGEST_FIRST.index(name) if name in LONGEST_FIRST else len(LONGEST_FIRST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Somebody else's cluster is not restarted, and its users and files are not those of the lab."""
    items.sort(key=_place)
    if existing_cluster.VARIABLE in os.environ:
        skip = pytest.mark.skip(reason=f"needs the lab's own control plane, and {existing_cluster.VARIABLE} is set")
        for item in items:
            if item.get_closest_marker("own_control_plane"):
                item.add_marker(skip)


def connected(kubeconfig: Path) -> client.ApiClient:
    settings = client.Configuration()
    config.load_kube_config(str(kubeconfig), client_configuration=settings)  # type: ignore[no-untyped-call]  # their gap
    return client.ApiClient(settings)


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """With controllers, our custom resource definitions and our RBAC. Whoever stops its API server starts it again."""
    with existing_cluster.control_plane(tmp_path_factory.mktemp("control-plane"), controllers=True) as plane:
        plane.install()
        yield plane


@pytest.fixture(scope="session")
def api(control_plane: ControlPlane) -> Iterator[client.ApiClient]:
    """The API server as its admin."""
    with connected(control_plane.admin_kubeconfig) as made:
        yield made


@pytest.fixture(scope="session")
def operator_api(control_plane: ControlPlane) -> Iterator[client.ApiClient]:
    """The API server as the operator's user, who has the shipped rights and no others."""
    with connected(control_plane.operator_kubeconfig) as made:
        yield made


@pytest.fixture
def namespace(api: client.ApiClient) -> Iterator[str]:
    """A namespace of this test alone."""
    core = client.CoreV1Api(api)
    name = f"test-{uuid.uuid4().hex[:8]}"
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=name)))
    yield name
    core.delete_namespace(name)


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer() as server:
        yield server


@pytest.fixture(scope="session")
def simulator_control(simulator: SimulatorServer) -> Iterator[SimulatorControl]:
    with contextlib.closing(SimulatorControl(simulator.url)) as control:
        yield control


@pytest.fixture(scope="session")
def moto(simulator: SimulatorServer) -> Iterator[MotoServer]:
    """S3 on the simulator's clock; lets everybody in."""
    with MotoServer(clock_url=simulator.url) as server:
        yield server


@pytest.fixture(scope="session")
def versitygw() -> Iterator[VersityGateway]:
    with VersityGateway() as server:
        yield server
