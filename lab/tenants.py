"""A tenant of the lab: a Twilio account, a bucket's name, and the objects that declare them to the cluster."""

from dataclasses import dataclass
from typing import Any

from .simulator import Credentials, SimulatorControl

REGION = "us-east-1"


@dataclass(frozen=True)
class Tenant:
    """One account with its bucket. `prefix` is that of spec.s3, without slashes around it."""

    name: str
    namespace: str
    account: Credentials
    bucket: str
    endpoint: str
    access_key_id: str
    secret_access_key: str
    prefix: str = ""

    @property
    def bucket_url(self) -> str:
        """What a person types into Twilio's Console."""
        url = f"https://{self.bucket}.s3.{REGION}.amazonaws.com"
        return f"{url}/{self.prefix}" if self.prefix else url

    def key(self, sid: str) -> str:
        """Where Twilio puts a recording."""
        folder = f"{self.prefix}/" if self.prefix else ""
        return f"{folder}{self.account.account_sid}/{sid}"

    def external_storage(self, twilio: SimulatorControl, enabled: bool) -> None:
        """Flip the Console's switch."""
        twilio.external_storage(
            self.account.account_sid,
            enabled,
            bucket_url=self.bucket_url,
            endpoint_url=self.endpoint,
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key,
        )

    def secrets(self) -> list[dict[str, Any]]:
        """The Secrets the resource names."""
        return [
            self._secret("twilio", {"authToken": self.account.auth_token}),
            self._secret("s3", {"accessKeyId": self.access_key_id, "secretAccessKey": self.secret_access_key}),
        ]

    def storage(self, **spec: Any) -> dict[str, Any]:
        """The RecordingStorage, wanting S3; keyword arguments replace fields of its spec."""
        s3 = {
            "bucket": self.bucket,
            "region": REGION,
            "endpointUrl": self.endpoint,
            "forcePathStyle": True,
            "credentialsSecretRef": {"name": f"{self.name}-s3"},
        }
        if self.prefix:
            s3["prefix"] = self.prefix
        return {
            "apiVersion": "recordings.dev/v1alpha1",
            "kind": "RecordingStorage",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {
                "backend": "S3",
                "twilio": {
                    "accountSid": self.account.account_sid,
                    "credentialsSecretRef": {"name": f"{self.name}-twilio"},
                },
                "s3": s3,
            }
            | spec,
        }

    def _secret(self, kind: str, values: dict[str, str]) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"{self.name}-{kind}", "namespace": self.namespace},
            "stringData": values,
        }
