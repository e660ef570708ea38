"""Two S3 servers: moto knows every bucket setting and IAM, versitygw checks what it is sent and is fast."""

import json
import secrets
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import boto3
import httpx
from botocore.config import Config

from . import binaries
from .processes import Child, free_port

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION = "us-east-1"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Credentials(NamedTuple):
    """A key pair of an S3 server."""

    access_key_id: str
    secret_access_key: str


def client(endpoint: str, access_key_id: str, secret_access_key: str, region: str = REGION) -> "S3Client":
    """A plain boto3 client with path-style addresses and no patience."""
    config = Config(
        s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30
    )
    made: S3Client = _sdk_client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        region_name=region,
        config=config,
    )
    return made


def _sdk_client(service: str, **settings: Any) -> Any:
    """From one session: each of its own would read the SDK's data anew, 0.1 s of work. It makes one at a time."""
    with _making:
        return boto3.client(service, **settings)  # type: ignore[call-overload]  # the stubs know services as literals


_making = threading.Lock()


class _Server:
    """A running server at `endpoint` with one key pair. `workdir` holds its log and data, else a temporary folder."""

    endpoint: str
    access_key_id: str
    secret_access_key: str

    def __init__(self, workdir: Path | None) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="lab-s3-") if workdir is None else None
        self._workdir = Path(self._temporary.name) if self._temporary else workdir or Path()
        self._port = free_port()
        self.endpoint = f"http://127.0.0.1:{self._port}"
        self.access_key_id = "AKIALAB" + secrets.token_hex(7)[:13].upper()
        self.secret_access_key = secrets.token_hex(20)
        self._child = self._start()
        try:
            self._child.wait_ready(lambda: httpx.get(f"{self.endpoint}{self._health_path}").is_success)
        except BaseException:
            self.stop()
            raise

    _health_path = "/"

    def _start(self) -> Child:
        raise NotImplementedError

    def client(self) -> "S3Client":
        """A client with this server's key pair."""
        return client(self.endpoint, self.access_key_id, self.secret_access_key)

    def stop(self) -> None:
        """Stop it, and forget what it stored unless that is in the caller's folder. Stopping twice is fine."""
        self._child.stop()
        if self._temporary:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class MotoServer(_Server):
    """moto. It does not compare checksums with what it is sent, and lets everybody in until `enforce_iam`.

    With `clock_url` (the simulator's base URL) objects and delete markers carry the simulator's time.
    """

    _health_path = "/moto-api/"

    def __init__(self, workdir: Path | None = None, clock_url: str = "") -> None:
        self._clock_url = clock_url
        super().__init__(workdir)

    def create_user(self, name: str, policy: Mapping[str, Any]) -> Credentials:
        """An IAM user with an inline policy, and its key pair. Rights count from `enforce_iam` on."""
        iam = self.iam()
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def iam(self) -> Any:
        """A client of its IAM, with the server's own key pair."""
        return _sdk_client(
            "iam",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            region_name=REGION,
        )

    def enforce_iam(self) -> None:
        """Check signatures and rights from now on. This server's own key pair becomes that of an administrator."""
        administrator = self.create_user("administrator", EVERYTHING)
        self.access_key_id, self.secret_access_key = administrator
        answer = httpx.post(f"{self.endpoint}/moto-api/reset-auth", content="0", headers={"Content-Type": "text/plain"})
        answer.raise_for_status()

    def _start(self) -> Child:
        argv = [sys.executable, "-m", "lab.s3_moto", "--port", str(self._port)]
        if self._clock_url:
            argv += ["--clock-url", self._clock_url]
        return Child("moto", argv, self._workdir / "moto.log", cwd=Path(__file__).parent.parent)


class VersityGateway(_Server):
    """versitygw over files. It checks checksums and credentials; it has no lifecycle, encryption or logging settings.

    Keys become paths: never use both `x` and `x/y` as keys, and no segment over 255 bytes.
    """

    _health_path = "/health"

    def __init__(self, workdir: Path | None = None) -> None:
        super().__init__(workdir)

    def _start(self) -> Child:
        folders = {name: (self._workdir / name).absolute() for name in ("data", "versions", "iam")}
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        argv: list[str | Path] = [
            binaries.ensure("versitygw")["versitygw"],
            *("--port", f"127.0.0.1:{self._port}"),
            *("--access", self.access_key_id, "--secret", self.secret_access_key),
            *("--iam-dir", folders["iam"], "--quiet", "--keep-alive", "--health", self._health_path),
            *("posix", "--versioning-dir", folders["versions"], folders["data"]),
        ]
        return Child("versitygw", argv, self._workdir / "versitygw.log", cwd=self._workdir)
