"""What the commands accept."""

import pytest
from click.testing import CliRunner

from recording_storage_operator.commands.app import cli
from recording_storage_operator.commands.machine import Machine
from tests.builders import recording_sid


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["deleted", "acme", "--sid", recording_sid(1)[:-1]], "is no SID of a recording"),
        (["deleted", "acme", "--sid", recording_sid(1).lower()], "is no SID of a recording"),
        (["deleted", "acme", "--since", "yesterday"], "yesterday"),
        (["deleted", "acme", "--origin", "Tape"], "Tape"),
        (["watch", "acme", "--timeout", "5"], "--timeout goes with --until-ready"),
        (["status", ""], "NAME"),
        (["status"], "NAME"),
        (["status", "recst/"], "NAME"),
        (["status", "pod/acme"], "pod/acme is no name of a RecordingStorage: give NAME, or recst/NAME."),
        (["deleted", "telephony/recst/acme"], "telephony/recst/acme is no name"),
        (["iam"], "Give either NAME or -f FILE."),
        (["iam", "acme", "-f", "-"], "Give either NAME or -f FILE."),
        (["approve"], "NAME"),
    ],
)
def test_a_mistake_is_told_before_the_cluster_is_asked(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(cli, arguments, obj=Machine())
    assert result.exit_code == 2
    assert told in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Give either NAME or -f FILE."),
        (["acme", "-f", "-"], "Give either NAME or -f FILE."),
        (["acme", "--from-cluster"], "--from-cluster goes with -f."),
        (["acme", "--output", "csv"], "csv"),
        (["-f", "no-such-file.yaml"], "no-such-file.yaml"),
        (["pod/acme"], "pod/acme is no name"),
    ],
)
def test_a_mistake_in_plan_is_no_exit_code_of_changes(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(cli, ["plan", *arguments], obj=Machine())
    assert result.exit_code == 1
    assert told in result.stderr


def test_the_list_of_commands_cuts_no_sentence_off() -> None:
    result = CliRunner().invoke(cli, ["--help"], obj=Machine(), terminal_width=80)
    commands = result.stdout.partition("Commands:")[2]
    assert commands.count("\n") == 7
    assert "..." not in commands


@pytest.mark.parametrize("command", ["status", "deleted", "watch", "plan", "approve", "iam"])
def test_each_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(cli, [command, "--help"], obj=Machine())
    assert result.exit_code == 0
    assert "--namespace" in result.stdout
    assert "--kubeconfig" in result.stdout
