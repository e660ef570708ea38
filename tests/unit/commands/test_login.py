"""Kubeconfigs that lead nowhere."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from lab.processes import free_port
from recording_storage_operator.commands.app import cli
from recording_storage_operator.commands.machine import Machine


def run(kubeconfig: Path) -> Result:
    return CliRunner().invoke(cli, ["status", "acme", f"--kubeconfig={kubeconfig}"], obj=Machine())


def assert_told(result: Result, sentence: str) -> None:
    """A failure in one line on stderr, and nothing on stdout."""
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {sentence}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("content", ["", "hello", "[1, 2]", "a: b: c", "{}", "current-context: nowhere"])
def test_a_file_that_is_no_kubeconfig_is_told(tmp_path: Path, content: str) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(content)
    assert_told(run(kubeconfig), "No login to Kubernetes with ")


def test_a_missing_kubeconfig_is_told_with_its_path(tmp_path: Path) -> None:
    assert_told(run(tmp_path / "kubeconfig"), f"No login to Kubernetes with {tmp_path / 'kubeconfig'}: ")


def test_a_kubeconfig_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert_told(run(tmp_path), "No login to Kubernetes with ")


def test_a_cluster_that_does_not_answer_is_told(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    config = {
        "clusters": [{"name": "one", "cluster": {"server": f"http://127.0.0.1:{free_port()}"}}],
        "users": [{"name": "one", "user": {"token": "made-up"}}],
        "contexts": [{"name": "one", "context": {"cluster": "one", "user": "one"}}],
        "current-context": "one",
    }
    kubeconfig.write_text(yaml.safe_dump(config))
    assert_told(
        run(kubeconfig), "Cannot read RecordingStorage default/acme: the API server cannot be reached. Try again"
    )
