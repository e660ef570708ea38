"""Listing and decoding recordings: our client and Twilio's SDK, one server, a process of its own for each."""

import sys
from collections.abc import Callable, Iterator

from .canned import ACCOUNT, PAGE_SIZE, TOKEN, canned_twilio
from .measure import Figure
from .report import Row
from .steps import Stepper, serve

TITLE = "Listing and decoding recordings"
ROUNDS = 5
RECORDINGS = 100_000
QUICK_RECORDINGS = 5_000
PEER = "twilio SDK, synchronous, pages of 1000"


def run(quick: bool) -> Iterator[Row]:
    """One row of processor time, one of memory. The clients take turns, so that both meet the same noise."""
    recordings = QUICK_RECORDINGS if quick else RECORDINGS
    with (
        canned_twilio(recordings) as url,
        Stepper("bench.listing", "ours", url) as ours,
        Stepper("bench.listing", "sdk", url) as sdk,
    ):
        for client in (ours, sdk):
            _listed(client, recordings)  # connects and warms up
        cpu = [(_listed(ours, recordings), _listed(sdk, recordings)) for _ in range(ROUNDS)]
        peaks = (Figure.of([ours.peak_rss]), Figure.of([sdk.peak_rss]))
    columns = zip(*cpu, strict=True)
    mine, theirs = (Figure.of([seconds / recordings * 1e6 for seconds in column]) for column in columns)
    yield Row(f"CPU of listing {recordings:,}", "us/record", mine, theirs, PEER)
    yield Row("most memory of the process", "MiB", *peaks, PEER)


def _listed(client: Stepper, recordings: int) -> float:
    """Let it list everything; the processor time that took."""
    count, cpu = client.step()
    if count != recordings:
        raise RuntimeError(f"{client.name} listed {count} of {recordings} recordings")
    return cpu


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


if __name__ == "__main__":
    serve((_ours if sys.argv[1] == "ours" else _sdk)(sys.argv[2]))
