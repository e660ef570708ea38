"""What a command takes for the name of a resource."""

import click
import pytest
from click.testing import CliRunner

from recording_storage_operator.commands.machine import Machine
from recording_storage_operator.commands.target import Target, about_one


@pytest.mark.parametrize(
    ("target", "argument"),
    [
        (Target("acme", "", ""), "acme"),
        (Target("acme", "telephony", ""), "acme -n telephony"),
        (Target("acme", "telephony", "/a b"), "acme -n telephony --kubeconfig '/a b'"),
    ],
)
def test_a_command_in_a_sentence_can_be_copied(target: Target, argument: str) -> None:
    assert target.argument == argument


@click.command()
@click.pass_obj
@about_one
def show(_machine: Machine, target: Target) -> None:
    click.echo(target.name)


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "recst/",
        "recordingstorage/",
        "RecordingStorage/",
        "recordingstorages/",
        "recst.recordings.dev/",
        "recordingstorage.recordings.dev/",
        "recordingstorages.v1alpha1.recordings.dev/",
    ],
)
def test_a_name_is_taken_with_its_kind_too(kind: str) -> None:
    assert CliRunner().invoke(show, [f"{kind}acme"], obj=Machine()).output == "acme\n"
