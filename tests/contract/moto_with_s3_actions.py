"""moto as `lab.s3.MotoServer`, with S3's own IAM actions where moto's table lacks or misnames them.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

import sys
from pathlib import Path

from moto.s3.responses import ACTION_MAP

from lab import s3_moto
from lab.processes import Child
from lab.s3 import MotoServer

BUCKET_ACTIONS = {
    "HEAD": {"DEFAULT": "ListBucket"},
    "GET": {
        "encryption": "GetEncryptionConfiguration",
        "publicAccessBlock": "GetBucketPublicAccessBlock",
        "ownershipControls": "GetBucketOwnershipControls",
    },
    "PUT": {
        "encryption": "PutEncryptionConfiguration",
        "publicAccessBlock": "PutBucketPublicAccessBlock",
        "ownershipControls": "PutBucketOwnershipControls",
    },
}


class MotoWithS3Actions(MotoServer):
    """The server."""

    def _start(self) -> Child:
        argv = [sys.executable, "-m", "tests.contract.moto_with_s3_actions", "--port", str(self._port)]
        return Child("moto", argv, self._workdir / "moto.log", cwd=Path(__file__).parents[2])


def main() -> None:
    """Serve until terminated."""
    for method, actions in BUCKET_ACTIONS.items():
        ACTION_MAP["BUCKET"][method].update(actions)
    s3_moto.main()


if __name__ == "__main__":
    main()
