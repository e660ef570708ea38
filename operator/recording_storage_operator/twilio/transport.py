"""One request over HTTP, with one account's credentials: the whole answer, or an error of ours."""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from urllib3 import BaseHTTPResponse, exceptions

from .. import __version__
from ..core.errors import Transient
from ..core.reasons import Reason
from .answers import Answer
from .network import Network, Timeouts

MAX_BODY = 64 * 2**20
"""Bytes. A page of 1000 recordings has about 1.1 MB; this bounds what a broken server can make us hold."""

CHUNK = 2**16
"""Bytes read at once, at most; larger ones were measured to save nothing more."""

HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"recording-storage-operator/{__version__}",
}

FORM = {"Content-Type": "application/x-www-form-urlencoded"}

LATE = "did not answer in time"
UNREACHABLE = "could not be reached, or broke off its answer"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Basic authentication: an account SID and its token, or an API key and its secret."""

    username: str
    password: str

    @property
    def is_api_key(self) -> bool:
        """An API key may be barred from a part of the API that an account's token always reaches."""
        return self.username.startswith("SK")

    @property
    def header(self) -> str:
        """The value of Authorization."""
        return "Basic " + b64encode(f"{self.username}:{self.password}".encode()).decode()

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r}, password=***)"


@dataclass(frozen=True, slots=True)
class Transport:
    """Sends requests of one account, each exactly once, through the connections all accounts share.

    Every method returns the answer, whatever its status, and raises Transient where none came in whole: what was to
    be changed may then be changed all the same.
    """

    network: Network
    credentials: Credentials
    timeouts: Timeouts
    monotonic: Callable[[], float]

    def get(self, url: str) -> Answer:
        """Read."""
        return self._send("GET", url, {})

    def post(self, url: str, fields: Mapping[str, str]) -> Answer:
        """Send a form."""
        return self._send("POST", url, FORM, urlencode(fields).encode())

    def delete(self, url: str) -> Answer:
        """Delete."""
        return self._send("DELETE", url, {})

    def _send(self, method: str, url: str, extra: Mapping[str, str], body: bytes | None = None) -> Answer:
        headers = {**HEADERS, **extra, "Authorization": self.credentials.header}
        try:
            response = self.network.send(method, url, headers, body)
            try:
                return self._answer(response, url)
            finally:
                # Only a connection whose answer was read to its end is used again.
                response.close()
                response.release_conn()
        except exceptions.DecodeError as error:
            raise _unusable("with a body whose compression is broken") from error
        except exceptions.LocationValueError as error:
            raise _unusable("with a page that has no valid address") from error
        except exceptions.NewConnectionError as error:  # which counts as a timeout, too
            raise _unreachable(url, UNREACHABLE) from error
        except (exceptions.TimeoutError, exceptions.EmptyPoolError) as error:
            raise _unreachable(url, LATE) from error
        except exceptions.HTTPError as error:
            raise _unreachable(url, UNREACHABLE) from error

    def _answer(self, response: BaseHTTPResponse, url: str) -> Answer:
        header = response.headers.get
        return Answer(
            status=response.status,
            content_type=header("Content-Type", ""),
            body=self._body(response, url),
            date=header("Date", ""),
            retry_after=header("Retry-After", ""),
        )

    def _body(self, response: BaseHTTPResponse, url: str) -> bytes:
        """Read as it comes in, never waiting for a whole chunk: so a drip does not outlast the deadline."""
        deadline = self.monotonic() + self.timeouts.answer
        chunks: list[bytes] = []
        size = 0
        while chunk := response.read1(CHUNK, decode_content=True):
            size += len(chunk)
            chunks.append(chunk)
            if size > MAX_BODY:
                raise _unusable("with a body of more than 64 MiB")
            if self.monotonic() > deadline:
                raise _unreachable(url, LATE)
        return b"".join(chunks)


def _unreachable(url: str, what: str) -> Transient:
    root = re.sub(r"^(https?://[^/]+).*", r"\1", url, flags=re.DOTALL)
    return Transient(
        Reason.TWILIO_UNREACHABLE,
        f"Twilio at {root} {what}. If this stays, check that the cluster's network lets the operator get there.",
    )


def _unusable(what: str) -> Transient:
    return Transient(Reason.TWILIO_ANSWER_UNUSABLE, f"Twilio answered {what}. It is asked again later.")
