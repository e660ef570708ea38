"""Times as people read them, in UTC."""

from datetime import datetime, timedelta

_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def clock(moment: datetime) -> str:
    """To the second, without a zone: a column's head or the text says UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def told(stamp: str) -> str:
    """A time of the Kubernetes API in a sentence."""
    return f"{clock(datetime.fromisoformat(stamp))} UTC"


def length(span: timedelta) -> str:
    """Whole days, or hours, minutes, seconds below that; rounded down, so that nothing seems to last longer."""
    seconds = max(int(span.total_seconds()), 0)
    size, unit = next((one for one in _UNITS if seconds >= one[0]), (1, "s"))
    return f"{seconds // size}{unit}"
