"""v2010's other representation: TwilioResponse documents."""

from typing import Any
from xml.sax.saxutils import escape

_HEAD = "<?xml version='1.0' encoding='UTF-8'?>\n"


def render_error(error: dict[str, Any]) -> bytes:
    """A RestException document."""
    return render_resource("RestException", error)


def render_resource(root: str, content: dict[str, Any]) -> bytes:
    """A document with `content` below the element `root`."""
    return f"{_HEAD}<TwilioResponse>{_element(root, content)}</TwilioResponse>".encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, dict):
        inner = "".join(_element(_camel(key), item) for key, item in value.items())
    elif isinstance(value, list):
        inner = "".join(_element(_singular(name), item) for item in value)
    else:
        inner = "" if value is None else escape(str(value))
    return f"<{name}>{inner}</{name}>"


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _singular(name: str) -> str:
    return name.removesuffix("s")
