"""Checks and alerts of the documentation that people copy."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

DOCS = Path(__file__).parents[3] / "docs"

RECORDINGS = "#!/bin/sh\nprintf '%s' \"$PRINTS\"\nexit $CODE\n"
JQ = """#!/bin/sh
# Enough of jq -es for the check: no input at all is no list of changes.
case "$2" in *"length > 0"*) ;; *) exit 0 ;; esac
[ -s "$3" ] && ! grep -q Destructive "$3"
"""


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


@pytest.mark.parametrize(
    ("code", "prints", "passes"),
    [
        ("0", '{"changes": []}', True),
        ("2", '{"changes": [{"class": "Safe"}]}', True),
        ("2", '{"changes": [{"class": "Destructive"}]}', False),
        ("1", "", False),
        ("0", "", False),
    ],
)
def test_the_check_of_a_pull_request_passes_a_whole_plan_that_destroys_nothing(
    tmp_path: Path, code: str, prints: str, passes: bool
) -> None:
    [script] = [one for one in blocks("gitops.md", "sh") if "jq -es" in one]
    for name, program in (("recordings", RECORDINGS), ("jq", JQ)):
        (tmp_path / name).write_text(program)
        (tmp_path / name).chmod(0o755)
    variables = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "CODE": code, "PRINTS": prints}
    ended = subprocess.run(["sh", "-c", script], cwd=tmp_path, env=variables, capture_output=True, check=False)
    assert (ended.returncode == 0) == passes


def test_the_pull_request_checks_out_what_it_installs_and_joins_files_whole(tmp_path: Path) -> None:
    [steps] = [
        one["jobs"]["plan"]["steps"] for one in map(yaml.safe_load, blocks("commands.md", "yaml")) if "jobs" in one
    ]
    checked_out = [step["with"]["path"] for step in steps if "path" in step.get("with", {})]
    commands = [step["run"] for step in steps if "run" in step]
    assert commands[0] == f"pip install ./{checked_out[0]}"
    (tmp_path / "storages").mkdir()
    for name in "ab":
        (tmp_path / "storages" / f"{name}.yaml").write_text(f"name: {name}\n")
    [join] = re.findall(r"awk .* storages/\*\.yaml", commands[1])
    joined = subprocess.run(["sh", "-c", join], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert [one["name"] for one in yaml.safe_load_all(joined)] == ["a", "b"]


def test_an_alert_names_the_resource_with_its_namespace() -> None:
    [group] = yaml.safe_load(blocks("metrics.md", "yaml")[0])["groups"]
    commands = re.findall(r"recordings status .*", str([rule["annotations"]["summary"] for rule in group["rules"]]))
    assert commands
    assert all("{{ $labels.name }} -n {{ $labels.namespace }}" in one for one in commands)


def test_the_readme_installs_the_command_line_before_it_is_used_and_names_the_namespace() -> None:
    text = (DOCS.parent / "README.md").read_text()
    assert text.index("pip install .") < text.index("`recordings iam")
    commands = re.findall(
        r"^    ((?:kubectl (?:wait|create secret)|recordings \w+ support-line).*)$", text, re.MULTILINE
    )
    assert len(commands) >= 8
    assert all("-n telephony" in one for one in commands)


def test_no_page_prints_a_role_under_the_name_of_a_shipped_one() -> None:
    shipped = {"recording-storage-viewer", "recording-storage-approver", "recording-storage-operator"}
    objects = [
        one
        for page in DOCS.glob("*.md")
        for block in blocks(page.name, "yaml")
        for one in yaml.safe_load_all(block)
        if isinstance(one, dict)
    ]
    assert not [one for one in objects if one.get("kind") == "ClusterRole" and one["metadata"]["name"] in shipped]
