"""The running lab's addresses and credentials, as shell exports in `.lab/env`."""

import shlex
from pathlib import Path

from .control_plane import ROOT, ControlPlane
from .kubeconfig import write_private
from .s3 import MotoServer

FOLDER = ROOT / ".lab"
"""Kept out of Git."""


def exports(plane: ControlPlane, twilio_url: str, moto: MotoServer) -> dict[str, str]:
    """What `make lab` promises: the operator's own variables, and `LAB_S3_*` for a person's S3 client."""
    return {
        "KUBECONFIG": str(plane.admin_kubeconfig),
        "RECORDINGS_TWILIO_URL": twilio_url,
        "RECORDINGS_S3_ENDPOINTS": moto.endpoint,
        "LAB_S3_ENDPOINT": moto.endpoint,
        "LAB_S3_ACCESS_KEY_ID": moto.access_key_id,
        "LAB_S3_SECRET_ACCESS_KEY": moto.secret_access_key,
    }


def write(variables: dict[str, str], path: Path) -> None:
    """Replace the file; only its owner can read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()))
