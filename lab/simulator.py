"""The Twilio simulator from outside: its process, its control plane, and its clock as the operator's clock."""

import contextlib
import re
import sys
import tempfile
import threading
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from .processes import Child

START_SECONDS = 30
POLL_SECONDS = 0.05
CONTROL_TIMEOUT = 120
_START_LINE = re.compile(r"Twilio simulator on (http://\S+)")


class Credentials(msgspec.Struct, frozen=True):
    """A new account's credentials."""

    account_sid: str
    auth_token: str
    api_key_sid: str
    api_key_secret: str


class ControlRefused(Exception):
    """The simulator did not accept a control request; the message is its own."""


class SimulatorControl:
    """A client of /_sim. Raises ControlRefused for requests that the simulator refuses."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        # Plain http on loopback: loading certificates would be the slowest part of making a client.
        self._http = httpx.Client(base_url=f"{self.url}/_sim", timeout=CONTROL_TIMEOUT, verify=False)

    def now(self) -> datetime:
        """The virtual time."""
        return _time(self.ask("GET", "clock"))

    def advance(self, days: float = 0, seconds: float = 0) -> datetime:
        """Move the virtual time; what falls due happens before this returns."""
        return _time(self.ask("POST", "advance", {"days": days, "seconds": seconds}))

    def create_account(self, friendly_name: str | None = None, **fields: Any) -> Credentials:
        """A new account; `owner_account_sid` makes it a subaccount."""
        return msgspec.convert(self.ask("POST", "accounts", {"friendly_name": friendly_name, **fields}), Credentials)

    def account_status(self, account_sid: str, status: str) -> None:
        """Make it active, suspended or closed."""
        self.ask("POST", f"accounts/{account_sid}", {"status": status})

    def rotate_token(self, account_sid: str) -> str:
        """Replace the auth token; returns the new one."""
        return str(self.ask("PUT", f"accounts/{account_sid}/auth-token", {})["auth_token"])

    def record(self, account_sid: str, count: int = 1, **fields: Any) -> list[dict[str, Any]]:
        """New recordings as the API shows them (above 1000 only `sid` and `date_created`)."""
        body = {"account_sid": account_sid, "count": count, **fields}
        recordings: list[dict[str, Any]] = self.ask("POST", "recordings", body)["recordings"]
        return recordings

    def bulk_delete(self, account_sid: str, sids: list[str] | None = None) -> list[str]:
        """Delete recordings (by default all) as a person in the Console; returns the SIDs that are deleted now."""
        deleted: list[str] = self.ask("POST", "bulk-delete", {"account_sid": account_sid, "sids": sids})["deleted"]
        return deleted

    def external_storage(
        self,
        account_sid: str,
        enabled: bool,
        bucket_url: str = "",
        endpoint_url: str | None = None,
        access_key_id: str = "",
        secret_access_key: str = "",
        credential_sid: str | None = None,
    ) -> None:
        """The Console's External Storage switch: uploads use the registered `credential_sid`, else the key pair."""
        body = {
            "enabled": enabled,
            "bucket_url": bucket_url,
            "endpoint_url": endpoint_url,
            "access_key_id": access_key_id,
            "secret_access_key": secret_access_key,
            "credential_sid": credential_sid,
        }
        self.ask("PUT", f"accounts/{account_sid}/external-storage", body)

    def fault(self, kind: str, **rule: Any) -> dict[str, Any]:
        """A fault rule: `method` and `path` (regular expressions), `nth`, `times`, `seconds` ...: `faults.Rule`."""
        return self.ask("POST", "faults", {"kind": kind, **rule})

    def faults(self) -> list[dict[str, Any]]:
        """The rules, with how often each matched and fired."""
        rules: list[dict[str, Any]] = self.ask("GET", "faults")["faults"]
        return rules

    def clear_faults(self) -> None:
        """Remove all fault rules."""
        self.ask("DELETE", "faults")

    def requests(self, account_sid: str | None = None, after: int = 0) -> list[dict[str, Any]]:
        """The request log, in order; `after` is the `number` of the last one known."""
        query = f"?after={after}" + (f"&account_sid={account_sid}" if account_sid else "")
        entries: list[dict[str, Any]] = self.ask("GET", f"requests{query}")["requests"]
        return entries

    def invariants(self) -> list[dict[str, str]]:
        """The broken invariants; empty is good."""
        violations: list[dict[str, str]] = self.ask("GET", "invariants")["violations"]
        return violations

    def options(self, **changes: Any) -> dict[str, Any]:
        """All options, after the changes."""
        return self.ask("PUT", "options", changes)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Any control request."""
        content = None if body is None else msgspec.json.encode(body)
        response = self._http.request(method, f"/{path}", content=content)
        answer: dict[str, Any] = msgspec.json.decode(response.content)
        if response.is_error:
            raise ControlRefused(f"{method} /_sim/{path}: {answer.get('error')}")
        return answer

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()


def _time(answer: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(answer["now"])


class SimulatorServer:
    """A simulator as a child process, started by making this. Prints nothing; its output goes to a log file."""

    def __init__(self, clock_start: str | None = None, port: int = 0, clock_rate: float = 0.0) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="twilio-simulator-")
        log = Path(self._folder.name) / "simulator.log"
        argv = [sys.executable, "-m", "lab.twilio_simulator", "--port", str(port), "--clock-rate", str(clock_rate)]
        if clock_start:
            argv += ["--clock-start", clock_start]
        self._child = Child("Twilio simulator", argv, log, cwd=Path(__file__).parents[1])
        try:
            self._child.wait_ready(lambda: _answers(_announced(log)), START_SECONDS)
        except BaseException:
            self.stop()
            raise
        self.url = _announced(log)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def stop(self) -> None:
        """End the process. Stopping twice is fine."""
        self._child.stop()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _announced(log: Path) -> str:
    """The URL in the simulator's start line; empty before there is one."""
    match = _START_LINE.search(log.read_text(errors="replace"))
    return match[1] if match else ""


def _answers(url: str) -> bool:
    return bool(url) and httpx.get(f"{url}/_sim/clock", timeout=5, verify=False).status_code == 200


class SimulatorClock:
    """The simulator's time as the operator's: both readings are virtual, and at most 50 ms late.

    Where the simulator does not answer, time stands.
    """

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url.rstrip("/"), timeout=5, verify=False)
        self._stopping = threading.Event()
        self._now = self._ask()
        self._thread = threading.Thread(target=self._poll, name="simulator-clock", daemon=True)
        self._thread.start()

    def now(self) -> datetime:
        """Virtual UTC."""
        return self._now

    def monotonic(self) -> float:
        """Virtual seconds."""
        return self._now.timestamp()

    def stop(self) -> None:
        """End the polling."""
        self._stopping.set()
        self._thread.join()
        self._http.close()

    def _poll(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            with contextlib.suppress(httpx.HTTPError):
                self._now = max(self._now, self._ask())

    def _ask(self) -> datetime:
        response = self._http.get("/_sim/clock").raise_for_status()
        return _time(msgspec.json.decode(response.content))
