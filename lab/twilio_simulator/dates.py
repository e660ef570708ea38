"""The three date forms of Twilio's API, from and to whole seconds since the epoch."""

import time
from datetime import UTC, datetime
from email.utils import formatdate
from functools import lru_cache

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@lru_cache(maxsize=65_536)
def rfc2822(at: int, offset: str = "+0000") -> str:
    """v2010's form, `Fri, 14 Oct 2016 21:56:34 +0000`. The offset shows the same moment in another zone."""
    local = time.gmtime(at + _offset_seconds(offset))
    day, month = _DAYS[local.tm_wday], _MONTHS[local.tm_mon - 1]
    clock = f"{local.tm_hour:02d}:{local.tm_min:02d}:{local.tm_sec:02d}"
    return f"{day}, {local.tm_mday:02d} {month} {local.tm_year} {clock} {offset}"


def _offset_seconds(offset: str) -> int:
    minutes = int(offset[1:3]) * 60 + int(offset[3:5])
    return -minutes * 60 if offset[0] == "-" else minutes * 60


def http_date(at: float) -> str:
    """The `Date` header's form (RFC 7231)."""
    return formatdate(int(at), usegmt=True)


def iso(at: float) -> str:
    """Monitor's form, `2026-01-01T00:00:00Z`; fractions only where there are any."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def parse_iso(text: str) -> float:
    """A date or a date and time, UTC where it names no zone. Raises ValueError."""
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
