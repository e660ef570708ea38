"""Ends child processes whose parent died without doing so itself (a kill, a test's hard timeout).

A process of its own, run as `python -I -S reaper.py`. It reads lines from its parent: `+PID` for a process group to
watch, `-PID` for one that has ended. When the parent is gone its end of the pipe closes, and what is left is killed.
"""

import contextlib
import os
import signal
import sys


def main() -> None:
    """Watch until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        pid = int(line[1:])
        if line[0] == "+":
            groups.add(pid)
        else:
            groups.discard(pid)
    for pid in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
