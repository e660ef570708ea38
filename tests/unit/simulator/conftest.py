"""One simulator for all of these tests; every test has accounts of its own, default options and no faults."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from lab.simulator import Credentials, SimulatorControl, SimulatorServer


@dataclass
class Api:
    """An account's own view of Twilio's API."""

    control: SimulatorControl
    credentials: Credentials
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        auth = (self.credentials.account_sid, self.credentials.auth_token)
        self.http = httpx.Client(base_url=self.control.url, auth=auth, timeout=20, verify=False)

    @property
    def sid(self) -> str:
        return self.credentials.account_sid

    @property
    def root(self) -> str:
        return f"/2010-04-01/Accounts/{self.sid}"

    def record(self, count: int = 1, **fields: Any) -> list[str]:
        """SIDs of new recordings."""
        return [row["sid"] for row in self.control.record(self.sid, count, **fields)]

    def url(self, sid: str, ext: str = ".json") -> str:
        return f"{self.root}/Recordings/{sid}{ext}"

    def fetch(self, sid: str, deleted: bool = True) -> httpx.Response:
        return self.http.get(self.url(sid), params={"IncludeSoftDeleted": "true"} if deleted else {})

    def delete(self, sid: str) -> httpx.Response:
        return self.http.delete(self.url(sid))

    def page(self, **params: Any) -> httpx.Response:
        return self.http.get(f"{self.root}/Recordings.json", params=params)

    def listed(self, **params: Any) -> list[str]:
        """SIDs of every page, in order."""
        found: list[str] = []
        page = self.page(**params).raise_for_status().json()
        while True:
            found += [row["sid"] for row in page["recordings"]]
            if page["next_page_uri"] is None:
                return found
            page = self.http.get(page["next_page_uri"]).raise_for_status().json()

    def events(self, **params: Any) -> list[dict[str, Any]]:
        return self.http.get("/v1/Events", params=params).raise_for_status().json()["events"]  # type: ignore[no-any-return]  # JSON

    def alerts(self, **params: Any) -> list[dict[str, Any]]:
        return self.http.get("/v1/Alerts", params=params).raise_for_status().json()["alerts"]  # type: ignore[no-any-return]  # JSON


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer(clock_start="2026-01-01T12:00:00Z") as server:
        yield server


@pytest.fixture(scope="session")
def defaults(simulator: SimulatorServer) -> dict[str, Any]:
    control = SimulatorControl(simulator.url)
    options = control.options()
    control.close()
    return options


@pytest.fixture
def control(simulator: SimulatorServer, defaults: dict[str, Any]) -> Iterator[SimulatorControl]:
    control = SimulatorControl(simulator.url)
    yield control
    control.clear_faults()
    control.options(**defaults)
    control.close()


@pytest.fixture
def api(control: SimulatorControl) -> Iterator[Api]:
    api = Api(control, control.create_account("test"))
    yield api
    api.http.close()


def code(response: httpx.Response) -> tuple[int, int]:
    """The HTTP status and Twilio's error code."""
    return response.status_code, response.json()["code"]
