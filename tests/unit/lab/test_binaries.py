"""With a stand-in for Go, a script: what is kept, what is rebuilt, and what a failure leaves."""

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lab.binaries import Product, ensure

GO = """#!/bin/sh
case "$1" in
  env) echo go1.99.1 ;;
  list) echo "go: downloading example.org/module v1" >&2; printf 'a\\nb\\n' ;;
  build)
    echo build >> "$GO_CALLS"
    if [ -n "$GO_FAILS" ]; then echo "main.go:1: it does not compile" >&2; exit 3; fi
    while [ "$1" != -o ]; do shift; done
    printf 'a\\nb\\n' >&2
    touch "$2/versitygw" ;;
esac
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with only our Go; the file counts its builds."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "go").write_text(GO)
    (folder / "go").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GO_CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def builds(calls: Path) -> int:
    return len(calls.read_text().splitlines()) if calls.exists() else 0


def test_a_product_is_built_once_and_found_again(calls: Path) -> None:
    first, second = ensure("versitygw"), ensure("versitygw")
    assert first == second
    assert first["versitygw"].is_file()
    assert builds(calls) == 1


def test_another_program_under_the_same_name_is_another_binary(calls: Path) -> None:
    old = ensure("versitygw")["versitygw"]
    other = {"versitygw": Product("versitygw", {"example.org/other": "versitygw"})}
    assert ensure("versitygw", other)["versitygw"] != old
    assert builds(calls) == 2


def test_a_failed_build_says_why_and_leaves_nothing_to_be_taken_for_a_binary(
    calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO_FAILS", "yes")
    with pytest.raises(RuntimeError, match="it does not compile"):
        ensure("versitygw")

    monkeypatch.delenv("GO_FAILS")
    binary = ensure("versitygw")["versitygw"]
    assert binary.is_file()
    assert builds(calls) == 2
    assert [path.name for path in binary.parents[1].glob("*.unfinished-*")] == []


def test_two_at_once_build_once(calls: Path) -> None:
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(ensure("versitygw")["versitygw"])) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert builds(calls) == 1


def test_paths_go_to_standard_output_and_progress_to_standard_error(calls: Path) -> None:
    command = [sys.executable, "-m", "lab.binaries", "versitygw"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert Path(done.stdout.strip()).is_file()
    assert "versitygw: built after" in done.stderr


def test_an_unknown_product_is_refused_with_the_known_ones() -> None:
    command = [sys.executable, "-m", "lab.binaries", "etcd"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3])
    assert done.returncode == 2
    assert "control-plane|controllers|versitygw|all" in done.stderr
