"""The shipped sample, with an account and a bucket of the lab in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..control_plane import ROOT
from ..s3 import MotoServer
from ..simulator import Credentials

SAMPLES = ROOT / "manifests" / "samples"


@dataclass(frozen=True, slots=True)
class Sample:
    """The objects a person applies. `folder` is where in the bucket Twilio puts recordings."""

    storage: dict[str, Any]
    secrets: list[dict[str, Any]]

    @property
    def namespace(self) -> str:
        """Where all of it lives."""
        return str(self.storage["metadata"]["namespace"])

    @property
    def name(self) -> str:
        """The RecordingStorage's."""
        return str(self.storage["metadata"]["name"])

    @property
    def s3(self) -> dict[str, Any]:
        """spec.s3."""
        spec: dict[str, Any] = self.storage["spec"]["s3"]
        return spec

    @property
    def folder(self) -> str:
        """Prefix and account, as Twilio makes a key of them."""
        return "/".join(filter(None, (self.s3.get("prefix", ""), self.storage["spec"]["twilio"]["accountSid"])))

    def write(self, folder: Path) -> None:
        """Files for kubectl in a new folder of their owner's alone: they hold Secrets."""
        folder.mkdir(mode=0o700)
        (folder / "1-secrets.yaml").write_text(yaml.safe_dump_all(self.secrets))
        (folder / "2-recordingstorage.yaml").write_text(yaml.safe_dump(self.storage, sort_keys=False))


def sample(account: Credentials, s3: MotoServer) -> Sample:
    """manifests/samples, with the placeholders replaced and the lab's S3 named."""
    storage = yaml.safe_load((SAMPLES / "recordingstorage-s3.yaml").read_text())
    storage["spec"]["twilio"]["accountSid"] = account.account_sid
    storage["spec"]["s3"] |= {"endpointUrl": s3.endpoint, "forcePathStyle": True}
    real = {
        "apiKeySid": account.api_key_sid,
        "apiKeySecret": account.api_key_secret,
        "accessKeyId": s3.access_key_id,
        "secretAccessKey": s3.secret_access_key,
    }
    named = {part["credentialsSecretRef"]["name"] for part in (storage["spec"]["twilio"], storage["spec"]["s3"])}
    samples = yaml.safe_load_all((SAMPLES / "secrets.example.yaml").read_text())
    secrets = [secret for secret in samples if secret["metadata"]["name"] in named]
    for secret in secrets:
        secret["stringData"] = {key: real[key] for key in secret["stringData"]}
    return Sample(storage, secrets)
