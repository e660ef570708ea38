from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import yaml

from lab.demo.sample import Sample, sample
from lab.s3 import MotoServer
from lab.simulator import Credentials

ACCOUNT = Credentials("AC" + "5" * 32, "token", "SK" + "5" * 32, "key secret")
SERVER = cast(
    "MotoServer",
    SimpleNamespace(endpoint="http://127.0.0.1:9", access_key_id="AKIALAB", secret_access_key="s3 secret"),
)


def written(made: Sample, folder: Path) -> list[dict[str, Any]]:
    made.write(folder)
    return [each for file in sorted(folder.iterdir()) for each in yaml.safe_load_all(file.read_text())]


def test_the_shipped_sample_is_applied_with_the_labs_account_bucket_and_credentials(tmp_path: Path) -> None:
    *secrets, storage = written(sample(ACCOUNT, SERVER), tmp_path / "tenant")
    assert storage["kind"] == "RecordingStorage"
    assert storage["spec"]["twilio"]["accountSid"] == ACCOUNT.account_sid
    assert storage["spec"]["s3"]["endpointUrl"] == SERVER.endpoint
    assert [secret["stringData"] for secret in secrets] == [
        {"apiKeySid": ACCOUNT.api_key_sid, "apiKeySecret": ACCOUNT.api_key_secret},
        {"accessKeyId": SERVER.access_key_id, "secretAccessKey": SERVER.secret_access_key},
    ]
    named = {storage["spec"][part]["credentialsSecretRef"]["name"] for part in ("twilio", "s3")}
    assert {secret["metadata"]["name"] for secret in secrets} == named


def test_files_with_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    sample(ACCOUNT, SERVER).write(tmp_path / "tenant")
    assert (tmp_path / "tenant").stat().st_mode & 0o777 == 0o700


def test_keys_start_with_the_prefix_and_the_account() -> None:
    made = sample(ACCOUNT, SERVER)
    assert made.folder == f"{made.s3['prefix']}/{ACCOUNT.account_sid}"
