"""Listing and decoding recordings: our client and Twilio's SDK, one server, a process of its own for each.

    python -m bench.listing ours|sdk URL ROUNDS

is such a process; it prints a line of JSON.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .canned import ACCOUNT, PAGE_SIZE, TOKEN, canned_twilio
from .measure import MIB, Figure
from .report import Row

TITLE = "Listing and decoding recordings"
ROUNDS = 5
RECORDINGS = 100_000
QUICK_RECORDINGS = 5_000
PEER = "twilio SDK, synchronous, pages of 1000"


def run(quick: bool) -> Iterator[Row]:
    """One row of processor time, one of memory."""
    recordings = QUICK_RECORDINGS if quick else RECORDINGS
    with canned_twilio(recordings) as url:
        ours, sdk = _measured("ours", url, recordings), _measured("sdk", url, recordings)
    yield Row(f"CPU of listing {recordings:,}", "us/record", ours[0], sdk[0], PEER)
    yield Row("most memory of the process", "MiB", ours[1], sdk[1], PEER)


def _measured(client: str, url: str, recordings: int) -> tuple[Figure, Figure]:
    argv = [sys.executable, "-m", "bench.listing", client, url, str(ROUNDS)]
    answer = subprocess.run(argv, check=True, capture_output=True, cwd=Path(__file__).parents[1])
    result: dict[str, Any] = json.loads(answer.stdout)
    if result["listed"] != recordings:
        raise RuntimeError(f"{client} listed {result['listed']} of {recordings} recordings")
    per_record = [seconds / recordings * 1e6 for seconds in result["cpu"]]
    return Figure.of(per_record), Figure.of([result["peak_rss"]])


def _ours(url: str) -> Callable[[], int]:
    from recording_storage_operator.core.desired import TwilioAccount
    from recording_storage_operator.twilio.connect import TwilioConnector

    client = TwilioConnector(url).connect(TwilioAccount(ACCOUNT, "bench"), {"authToken": TOKEN}, "bench")

    def listed() -> int:
        page = client.recordings()
        count = len(page.recordings)
        while page.next_page:
            page = client.recordings(page.next_page)
            count += len(page.recordings)
        return count

    return listed


def _sdk(url: str) -> Callable[[], int]:
    from twilio.rest import Client  # type: ignore[import-untyped]  # the SDK has no types

    client = Client(ACCOUNT, TOKEN)
    client.api.base_url = url
    return lambda: sum(1 for _ in client.recordings.stream(include_soft_deleted=True, page_size=PAGE_SIZE))


def main(client: str, url: str, rounds: str) -> None:
    """List a few times; the first time is not counted: it connects and warms up."""
    listed = (_ours if client == "ours" else _sdk)(url)
    count = listed()
    cpu = []
    for _ in range(int(rounds)):
        before = time.process_time()
        listed()
        cpu.append(time.process_time() - before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    print(json.dumps({"listed": count, "cpu": cpu, "peak_rss": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
