"""A site whose customers may have a way to S3 that can be held or cut."""

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes.client import ApiClient

from lab.control_plane import ControlPlane
from lab.s3 import MotoServer
from lab.simulator import SimulatorControl
from tests.integration.operator_site import Site, site_fixtures, start_operator
from tests.integration.relay import Relay


def relayed_fixtures() -> tuple[Any, Any, Any]:
    """Fixtures for a module: the way, its own operator that may call S3 over it too, and the site each test gets."""

    @pytest.fixture(scope="module")
    def way(moto: MotoServer) -> Iterator[Relay]:
        relay = Relay(moto.endpoint)
        yield relay
        relay.cut()

    @pytest.fixture(scope="module")
    def operator_site(
        control_plane: ControlPlane,
        api: ApiClient,
        simulator_control: SimulatorControl,
        moto: MotoServer,
        way: Relay,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Iterator[Site]:
        workdir, endpoints = tmp_path_factory.mktemp("operator"), f"{moto.endpoint},{way.url}"
        settings = {"RECORDINGS_S3_ENDPOINTS": endpoints}
        with start_operator(control_plane, simulator_control, moto, workdir, settings) as operator:
            yield Site(control_plane, api, simulator_control, moto, operator, workdir / "sweeps")

    return way, operator_site, site_fixtures()[1]
