"""One GET over HTTP, with one account's credentials: the whole answer, or an error of ours."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from ..core.errors import Transient
from ..core.reasons import Reason
from .answers import Answer

MAX_BODY = 64 * 2**20
"""Bytes. A page of 1000 recordings has about 1.1 MB; this bounds what a broken server can make us hold."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Basic authentication: an account SID and its token, or an API key and its secret."""

    username: str
    password: str

    @property
    def is_api_key(self) -> bool:
        """An API key may be barred from a part of the API that an account's token always reaches."""
        return self.username.startswith("SK")

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r}, password=***)"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `answer` bounds a whole answer: without it, one that drips in byte by byte would never end."""

    connect: float = 5.0
    read: float = 30.0
    answer: float = 60.0


@dataclass(frozen=True, slots=True)
class Transport:
    """Sends requests of one account through the connections all accounts share."""

    http: httpx.Client
    credentials: Credentials
    timeouts: Timeouts
    monotonic: Callable[[], float]

    def get(self, url: str) -> Answer:
        """The answer, whatever its status. Raises Transient where none came in whole."""
        auth = httpx.BasicAuth(self.credentials.username, self.credentials.password)
        try:
            with self.http.stream("GET", url, auth=auth, follow_redirects=False) as response:
                return self._answer(response)
        except httpx.TimeoutException as error:
            raise _unreachable(url, "did not answer in time") from error
        except httpx.DecodingError as error:
            raise _unusable("with a body whose compression is broken") from error
        except httpx.TransportError as error:
            raise _unreachable(url, "could not be reached, or broke off its answer") from error
        except httpx.InvalidURL as error:
            raise _unusable("with a page that has no valid address") from error

    def _answer(self, response: httpx.Response) -> Answer:
        header = response.headers.get
        return Answer(
            status=response.status_code,
            content_type=header("Content-Type", ""),
            body=self._body(response),
            date=header("Date", ""),
            retry_after=header("Retry-After", ""),
        )

    def _body(self, response: httpx.Response) -> bytes:
        deadline = self.monotonic() + self.timeouts.answer
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            chunks.append(chunk)
            if size > MAX_BODY:
                raise _unusable("with a body of more than 64 MiB")
            if self.monotonic() > deadline:
                raise _unreachable(str(response.url), "did not answer in time")
        return b"".join(chunks)


def _unreachable(url: str, what: str) -> Transient:
    root = re.sub(r"^(https?://[^/]+).*", r"\1", url, flags=re.DOTALL)
    return Transient(
        Reason.TWILIO_UNREACHABLE,
        f"Twilio at {root} {what}. If this stays, check that the cluster's network lets the operator get there.",
    )


def _unusable(what: str) -> Transient:
    return Transient(Reason.TWILIO_ANSWER_UNUSABLE, f"Twilio answered {what}. It is asked again later.")
