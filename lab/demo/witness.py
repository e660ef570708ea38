"""Live answers: what Twilio's API, S3 and the status of the resource say of a recording right now."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx
from botocore.exceptions import ClientError

from ..simulator import Credentials
from .verdict import Access, Answer, Sighting

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NOT_FOUND = re.compile(r'("code": ?|<Code>)20404\b')
_RIFF = b"RIFF"

Ledger = Mapping[str, Mapping[str, Any]]
"""`status.deletedRecordings` by SID."""


class TwilioApi:
    """An account's recordings over Twilio's REST API, as any customer of Twilio's asks for them."""

    def __init__(self, url: str, account: Credentials) -> None:
        # Plain http on loopback: no proxy of the environment, no certificates.
        self._http = httpx.Client(
            base_url=f"{url}/2010-04-01/Accounts/{account.account_sid}/Recordings",
            auth=(account.account_sid, account.auth_token),
            trust_env=False,
            verify=False,
        )

    def media(self, sid: str) -> Answer:
        """The audio itself, fetched whole."""
        answer = self._http.get(f"/{sid}.wav")
        if answer.status_code == 200 and answer.content.startswith(_RIFF):
            return _audio(answer.content)
        return _refused(answer)

    def metadata(self, sid: str) -> Answer:
        """The recording's metadata, soft-deleted or not."""
        answer = self._http.get(f"/{sid}.json", params={"IncludeSoftDeleted": "true"})
        if answer.status_code == 200 and answer.json().get("sid") == sid:
            return Answer(f"200 {answer.json()['status']}", Access.ACCESSIBLE)
        return _refused(answer)

    def delete(self, sid: str) -> str:
        """Delete it for good. Raises httpx.HTTPStatusError where Twilio refuses."""
        answer = self._http.delete(f"/{sid}.json").raise_for_status()
        return f"{answer.status_code} {answer.reason_phrase}"

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()


class Bucket:
    """The customer's bucket. `folder` is where Twilio puts an account's recordings, without a slash at its end."""

    def __init__(self, client: "S3Client", name: str, folder: str) -> None:
        self._client = client
        self.name = name
        self._folder = folder

    def key(self, sid: str) -> str:
        """Where Twilio puts a recording."""
        return f"{self._folder}/{sid}"

    def stored(self, sid: str) -> Answer:
        """The object. A GET, not a HEAD: only its error document tells a missing object from a missing bucket."""
        try:
            body = self._client.get_object(Bucket=self.name, Key=self.key(sid))["Body"].read()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            return Answer(f"404 {code}", Access.GONE) if code == "NoSuchKey" else Answer(code, Access.UNCLEAR)
        if body.startswith(_RIFF):
            return _audio(body)
        return Answer("200, but no audio", Access.UNCLEAR)

    def delete(self, sid: str) -> str:
        """Delete the object as a person would, naming no version."""
        answer = self._client.delete_object(Bucket=self.name, Key=self.key(sid))
        marker = ", a delete marker hides it" if answer.get("DeleteMarker") else ""
        return f"{answer['ResponseMetadata']['HTTPStatusCode']}{marker}"

    def versioning(self) -> str:
        """Enabled, or what else S3 says."""
        return self._client.get_bucket_versioning(Bucket=self.name).get("Status", "off")


def look(sid: str, twilio: TwilioApi, bucket: Bucket, ledger: Ledger, deleted_at: datetime | None) -> Sighting:
    """Ask all three about one recording, now."""
    entry = ledger.get(sid)
    return Sighting(
        media=twilio.media(sid),
        metadata=twilio.metadata(sid),
        stored=bucket.stored(sid),
        deleted_at=deleted_at,
        listed_until=datetime.fromisoformat(entry["expiresAt"]) if entry else None,
    )


def _audio(content: bytes) -> Answer:
    return Answer(f"200 {len(content) // 1000} kB", Access.ACCESSIBLE)


def _refused(answer: httpx.Response) -> Answer:
    """Gone is only what Twilio itself says it does not find, in JSON or XML; any other 404 may be somebody else's."""
    if answer.status_code == 404 and _NOT_FOUND.search(answer.text):
        return Answer("404 (20404)", Access.GONE)
    return Answer(f"HTTP {answer.status_code}", Access.UNCLEAR)
