"""Secrets, read one by one: the operator has no right to list or watch them."""

import base64
import binascii
from urllib.parse import quote

from ..core.secret import Secret
from .connect import Call, Connection


class SecretReader:
    """Reads Secrets."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, namespace: str, name: str) -> Secret | None:
        """The Secret, or None where the API server says that it does not exist. Raises Wait where it may not be read.

        A value that is not UTF-8 text is left out: it cannot be a credential, so its key counts as missing.
        """
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/secrets/{quote(name, safe='')}"
        secret = self._connection.send(Call("GET", path, f"read Secret {namespace}/{name}", absent=name))
        if secret is None:
            return None
        data = {key: _decoded(value) for key, value in (secret.get("data") or {}).items()}
        values = {key: value for key, value in data.items() if value is not None}
        return Secret(values)


def _decoded(value: str) -> str | None:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
