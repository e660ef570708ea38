"""The two Twilios the suite runs against: the fake in memory, and the real adapter on the simulator."""

from datetime import datetime, timedelta
from typing import Protocol

from lab.simulator import SimulatorControl
from recording_storage_operator.core.desired import TwilioAccount
from recording_storage_operator.reconcile.ports import TwilioClient
from recording_storage_operator.twilio.connect import TwilioConnector
from tests.fakes.twilio import ACCOUNT, FakeTwilio, VirtualClock


class World(Protocol):
    """What people and time do to an account while somebody reads it through `client`."""

    account_sid: str
    client: TwilioClient

    def now(self) -> datetime: ...

    def advance(self, *, days: float = 0, seconds: float = 0) -> None: ...

    def record(self, count: int = 1, *, status: str = "completed") -> list[str]:
        """New recordings, all of the same second. Returns their SIDs."""
        ...

    def delete(self, *sids: str, told: bool = True) -> None:
        """Delete them with an event for each, or, as the Console may do it in bulk, without."""
        ...

    def delay_events(self, seconds: float) -> None: ...

    def store_in(self, bucket_url: str, *, alert: int = 0, names_recording: bool = True) -> None:
        """Switch External Storage on; uploads fail with this alert, if any, which may not say of which recording."""
        ...

    def set_status(self, status: str) -> None: ...


class FakeWorld:
    """The fake."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.twilio = FakeTwilio(self.clock)
        self.account_sid = ACCOUNT
        self.client: TwilioClient = self.twilio.account()
        self._alert = 0
        self._names_recording = True

    def now(self) -> datetime:
        return self.clock.now()

    def advance(self, *, days: float = 0, seconds: float = 0) -> None:
        self.clock.advance(days=days, seconds=seconds)

    def record(self, count: int = 1, *, status: str = "completed") -> list[str]:
        sids = [self.twilio.record(status=status) for _ in range(count)]
        for sid in sids if self._alert else []:
            self.twilio.alert(sid, self._alert) if self._names_recording else self.twilio.alert_about_none()
        return sids

    def delete(self, *sids: str, told: bool = True) -> None:
        for sid in sids:
            self.twilio.delete(sid) if told else self.twilio.bulk_delete(sid)

    def delay_events(self, seconds: float) -> None:
        self.twilio.event_lag = timedelta(seconds=seconds)

    def store_in(self, bucket_url: str, *, alert: int = 0, names_recording: bool = True) -> None:
        self.twilio.store_in(bucket_url)
        self._alert, self._names_recording = alert, names_recording

    def set_status(self, status: str) -> None:
        self.twilio.set_status(status)


class SimulatorWorld:
    """The adapter over a socket. Each has an account of its own, so that one simulator serves many tests."""

    def __init__(self, control: SimulatorControl, connector: TwilioConnector) -> None:
        self.control = control
        self.credentials = control.create_account()
        self.account_sid = self.credentials.account_sid
        account = TwilioAccount(self.account_sid, "twilio")
        self.client: TwilioClient = connector.connect(account, {"authToken": self.credentials.auth_token}, "twilio")

    def now(self) -> datetime:
        return self.control.now()

    def advance(self, *, days: float = 0, seconds: float = 0) -> None:
        self.control.advance(days, seconds)

    def record(self, count: int = 1, *, status: str = "completed") -> list[str]:
        return [recording["sid"] for recording in self.control.record(self.account_sid, count, status=status)]

    def delete(self, *sids: str, told: bool = True) -> None:
        self.control.options(bulk_delete_events="one_per_recording" if told else "one")
        assert len(self.control.bulk_delete(self.account_sid, list(sids))) == len(sids)

    def delay_events(self, seconds: float) -> None:
        self.control.options(event_lag_seconds=seconds)

    def store_in(self, bucket_url: str, *, alert: int = 0, names_recording: bool = True) -> None:
        self.control.external_storage(self.account_sid, enabled=True, bucket_url=bucket_url)
        named = "recording" if names_recording else "nothing"
        self.control.options(external_upload=str(alert) if alert else "ok", upload_alert_names=named)

    def set_status(self, status: str) -> None:
        self.control.account_status(self.account_sid, status)
