"""Lists in chunks."""

from collections.abc import Iterator
from typing import Any

from .connect import Call, Connection


def chunks(connection: Connection, path: str, doing: str, limit: int, selector: str = "") -> Iterator[list[Any]]:
    """The items of a list, `limit` at a time, as of one moment. Raises Transient where that moment is too long past."""
    query: dict[str, str | int] = {"limit": limit}
    if selector:
        query["labelSelector"] = selector
    while True:
        page = connection.send(Call("GET", path, doing, query=query))
        yield page["items"]
        token = page["metadata"].get("continue")
        if not token:
            return
        query["continue"] = token
