"""A Twilio with canned answers, so that what is measured is the client: `python -m bench.canned --recordings N`.

It knows one account. Pages are copies of one page of 1000 complete records, with SIDs of their own.
"""

import argparse
import json
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lab.processes import Child

ACCOUNT = "AC" + "a" * 32
TOKEN = "7" * 32
PAGE_SIZE = 1000
PATH = f"/2010-04-01/Accounts/{ACCOUNT}"

_PAGE = "@page@@@"  # as long as the eight digits that take its place
_SIZE = re.compile(r"[?&]PageSize=(\d+)")
_NUMBER = re.compile(r"[?&]Page=(\d+)")
_STARTED = re.compile(r"canned on (http://\S+)")


class Book:
    """All recordings of the account, made when they are asked for."""

    def __init__(self, recordings: int) -> None:
        self._recordings = recordings
        self._pages: dict[int, bytes] = {}

    def page(self, number: int, size: int) -> bytes:
        """Page `number` of the list, counted from 0."""
        left = self._recordings - number * size
        template = self._template(min(max(left, 0), size))
        following = f"{PATH}/Recordings.json?IncludeSoftDeleted=true&PageSize={size}&Page={number + 1}&PageToken=PA1"
        uri = json.dumps(following if left > size else None)
        return template.replace(_PAGE.encode(), b"%08x" % number).replace(b'"@next@"', uri.encode(), 1)

    def _template(self, count: int) -> bytes:
        if count not in self._pages:
            uri = f"{PATH}/Recordings.json?PageSize={count}"
            page = {"page": 0, "page_size": count, "start": 0, "end": count, "uri": uri, "first_page_uri": uri}
            page |= {"previous_page_uri": None, "next_page_uri": "@next@"}
            page["recordings"] = [recording(number) for number in range(count)]
            self._pages[count] = json.dumps(page).encode()
        return self._pages[count]


def recording(number: int) -> dict[str, Any]:
    """All fields of a recording, as the v2010 API lists it: about 1100 bytes."""
    sid = f"RE{_PAGE}{number:024x}"
    uri = f"{PATH}/Recordings/{sid}"
    moment = "Sun, 01 Nov 2026 11:00:00 +0000"
    return {
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "call_sid": f"CA{_PAGE}{number:024x}",
        "conference_sid": None,
        "date_created": moment,
        "date_updated": moment,
        "start_time": moment,
        "duration": "9",
        "sid": sid,
        "price": "-0.00250",
        "price_unit": "USD",
        "status": "completed",
        "channels": 1,
        "source": "RecordVerb",
        "error_code": None,
        "uri": f"{uri}.json",
        "encryption_details": None,
        "subresource_uris": {
            "add_on_results": f"{uri}/AddOnResults.json",
            "transcriptions": f"{uri}/Transcriptions.json",
        },
        "media_url": f"https://api.twilio.com{uri}",
    }


class Handler(BaseHTTPRequestHandler):
    """Answers what the operator and the SDK ask."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    book: Book

    def do_GET(self) -> None:
        body = self._body()
        date = self.date_time_string()
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: {date}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.connection.sendall(head.encode() + body)

    def _body(self) -> bytes:
        path = self.path.partition("?")[0]
        if path.endswith("/Recordings.json"):
            size, number = _SIZE.search(self.path), _NUMBER.search(self.path)
            return self.book.page(int(number[1]) if number else 0, int(size[1]) if size else 50)
        if path == "/_sim/clock":
            return json.dumps({"now": datetime.now(UTC).isoformat()}).encode()
        kind = path.rpartition("/")[2].lower()
        if kind in ("events", "alerts"):
            return json.dumps({kind: [], "meta": {"key": kind, "next_page_url": None}}).encode()
        return json.dumps({"sid": ACCOUNT, "status": "active", "friendly_name": "canned"}).encode()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name the base class gives it
        """Nothing: printing costs more than answering."""


@contextmanager
def canned_twilio(recordings: int) -> Iterator[str]:
    """The URL of one in a process of its own."""
    with TemporaryDirectory(prefix="bench-canned-") as folder:
        log = Path(folder) / "canned.log"
        argv = [sys.executable, "-m", "bench.canned", "--recordings", str(recordings)]
        with Child("canned Twilio", argv, log, cwd=Path(__file__).parents[1]) as child:
            child.wait_ready(lambda: _STARTED.search(log.read_text()))
            started = _STARTED.search(log.read_text())
            yield started[1] if started else ""


def main() -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, required=True)
    Handler.book = Book(parser.parse_args().recordings)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        print(f"canned on http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
