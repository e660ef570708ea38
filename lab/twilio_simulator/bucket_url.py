"""The bucket URL that a person types in Twilio's Console."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_VIRTUAL_HOST = re.compile(r"^(?P<bucket>.+)\.s3(?:[.-](?P<region>[a-z0-9-]+))?\.amazonaws\.com(?:\.cn)?$")
_PATH_HOST = re.compile(r"^s3(?:[.-](?P<region>[a-z0-9-]+))?\.amazonaws\.com(?:\.cn)?$")


@dataclass(frozen=True, slots=True)
class BucketUrl:
    """A bucket, its region and a prefix, which may be empty. With a `slash` of its own behind it, keys have two."""

    url: str
    bucket: str
    region: str
    prefix: str
    slash: str = ""

    @classmethod
    def parse(cls, url: str) -> "BucketUrl":
        """Either style of AWS; any other host is taken as path style. Raises ValueError without a bucket."""
        url = url.rstrip("/")
        parts = urlsplit(url)
        path = parts.path.strip("/")
        virtual, plain = _VIRTUAL_HOST.match(parts.netloc), _PATH_HOST.match(parts.netloc)
        if virtual:
            return cls(url, virtual["bucket"], virtual["region"] or "us-east-1", path)
        bucket, _, prefix = path.partition("/")
        if parts.scheme not in ("http", "https") or not bucket:
            raise ValueError("bucket_url must be like https://bucket.s3.us-east-1.amazonaws.com/prefix")
        return cls(url, bucket, (plain and plain["region"]) or "us-east-1", prefix)

    def key(self, name: str) -> str:
        """An object's key below the prefix."""
        folder = f"{self.prefix}/" if self.prefix else ""
        return f"{folder}{self.slash}{name}"

    def styled(self, style: str) -> str:
        """The same place in another URL style; `as_configured` is the one that was typed."""
        base = {
            "virtual_host": f"https://{self.bucket}.s3.{self.region}.amazonaws.com",
            "virtual_host_dash": f"https://{self.bucket}.s3-{self.region}.amazonaws.com",
            "path": f"https://s3.{self.region}.amazonaws.com/{self.bucket}",
        }.get(style)
        if base is None:
            return self.url + self.slash
        return (f"{base}/{self.prefix}" if self.prefix else base) + self.slash
