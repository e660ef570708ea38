"""moto's S3 and IAM as a server whose objects and delete markers carry the simulator's time.

Run by `lab.s3.MotoServer`. Without `--clock-url` it is plain moto on the machine's clock.
"""

import argparse
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta
from types import FrameType

import httpx
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3 import models
from werkzeug.serving import run_simple

SMALLEST_STEP = timedelta(microseconds=1)


class FollowedClock:
    """The simulator's time, asked for whenever something is stamped: after a jump no stamp is of the time before it.

    Two stamps are never equal, though virtual time stands still between jumps: moto takes the version with the latest
    time for the latest version. A failing simulator fails the S3 request rather than stamping a wrong time.
    """

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=5)
        self._lock = threading.Lock()
        self._last = datetime.fromtimestamp(0, UTC)

    def utcnow(self) -> datetime:
        """UTC without a time zone, as moto keeps it."""
        now = datetime.fromisoformat(self._http.get("/_sim/clock").raise_for_status().json()["now"])
        with self._lock:
            self._last = max(now.astimezone(UTC), self._last + SMALLEST_STEP)
            return self._last.replace(tzinfo=None)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def main() -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--clock-url", default="")
    options = parser.parse_args()
    if options.clock_url:
        # moto has no setting for its clock; this is the one function that its objects and delete markers ask.
        vars(models)["utcnow"] = FollowedClock(options.clock_url).utcnow
    signal.signal(signal.SIGTERM, _stop)
    app = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", options.port, app, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main()
