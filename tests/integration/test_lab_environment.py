import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lab import s3
from lab.processes import Child
from lab.waiting import until

ROOT = Path(__file__).parents[2]


def command(folder: Path) -> list[str]:
    code = f"import sys; from pathlib import Path; from lab.__main__ import main; sys.exit(main(Path({str(folder)!r})))"
    return [sys.executable, "-c", code]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Child]:
    with Child("lab", command(folder), folder / "output", cwd=ROOT) as lab:
        lab.wait_ready((folder / "env").exists, timeout=90)
        until(lambda: "Stop with Ctrl-C" in lab.log.read_text())
        yield lab


def sourced(folder: Path) -> dict[str, str]:
    """The variables as a shell sees them that sources the file."""
    done = subprocess.run(
        ["/bin/sh", "-c", f". {folder}/env; env"], capture_output=True, text=True, check=True, env={"PATH": "/bin"}
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def test_every_server_answers_at_its_exported_address(running: Child, folder: Path) -> None:
    variables = sourced(folder)
    assert "now" in httpx.get(f"{variables['RECORDINGS_TWILIO_URL']}/_sim/clock").json()
    names = ("LAB_S3_ENDPOINT", "LAB_S3_ACCESS_KEY_ID", "LAB_S3_SECRET_ACCESS_KEY")
    assert s3.client(*(variables[name] for name in names)).list_buckets()["Buckets"] == []
    assert variables["RECORDINGS_S3_ENDPOINTS"] == variables["LAB_S3_ENDPOINT"]
    assert Path(variables["KUBECONFIG"]).stat().st_mode & 0o777 == 0o600
    for name in ("KUBECONFIG", *names):
        assert variables[name] in running.log.read_text()


def test_a_second_lab_in_the_same_folder_says_that_one_runs(running: Child, folder: Path) -> None:
    second = subprocess.run(command(folder), capture_output=True, text=True, check=False, cwd=ROOT)
    assert second.returncode == 1
    assert "A lab is running already" in second.stdout
    assert running.alive


def test_an_interrupted_lab_stops_its_servers_and_takes_its_variables_away(running: Child, folder: Path) -> None:
    url = sourced(folder)["RECORDINGS_TWILIO_URL"]
    os.kill(running.pid, signal.SIGINT)
    until(lambda: not running.alive, what="the lab has ended")
    assert "The lab has stopped." in running.log.read_text()
    assert not (folder / "env").exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
