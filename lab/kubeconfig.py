"""What a control plane knows its users by: a signing key, tokens, kubeconfigs. Readable by their owner alone."""

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True, slots=True)
class User:
    """A user of the API server and the token it is known by."""

    name: str
    token: str
    groups: tuple[str, ...] = ()

    @classmethod
    def new(cls, name: str, *groups: str) -> "User":
        """With a random token."""
        return cls(name, secrets.token_urlsafe(32), groups)


def write_tokens(path: Path, users: tuple[User, ...]) -> None:
    """The static token file of kube-apiserver: token, user, uid, quoted groups."""
    lines = [f'{user.token},{user.name},{user.name},"{",".join(user.groups)}"\n' for user in users]
    write_private(path, "".join(lines))


def write_signing_key(path: Path) -> None:
    """A key for service account tokens, in the one form that kube-apiserver reads both halves from."""
    key = ec.generate_private_key(ec.SECP256R1())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    write_private(path, key.private_bytes(*form).decode())


def write_kubeconfig(path: Path, server: str, certificate: bytes, user: User) -> None:
    """One context, everything inline, so the file can be copied."""
    authority = base64.b64encode(certificate).decode()
    config: Mapping[str, object] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": user.name, "user": {"token": user.token}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": user.name, "namespace": "default"}}],
        "current-context": "lab",
    }
    write_private(path, yaml.safe_dump(config, sort_keys=False))


def write_private(path: Path, text: str) -> None:
    """Never readable by others, not even for a moment."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
