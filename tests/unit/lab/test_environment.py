import subprocess
from pathlib import Path

from lab import environment


def test_a_shell_reads_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "lab" / "env"
    environment.write({"PLAIN": "http://127.0.0.1:1", "ODD": "a b'c$d"}, path)
    script = f'. "{path}"; printf "%s|%s" "$PLAIN" "$ODD"'
    shown = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout == "http://127.0.0.1:1|a b'c$d"


def test_a_new_file_replaces_the_old_one_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text("export OLD=1\n")
    environment.write({"NEW": "1"}, path)
    assert path.read_text() == "export NEW=1\n"
    assert path.stat().st_mode & 0o777 == 0o600
