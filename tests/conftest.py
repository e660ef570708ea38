"""What holds for every test: how hypothesis searches, and the coverage table of a whole run."""

import os
import signal

import coverage
import pytest
from hypothesis import HealthCheck, settings

# A slow machine is no failure, and CI looks for the same examples every time.
settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


# A shell that runs us in the background makes us, and all we start, deaf to it; some tests interrupt what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--coverage-report",
        action="store_true",
        help="show the coverage of this run and of those before it, when COVERAGE_PROCESS_START is set",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table comes before pytest's own last line, so that one stays the last."""
    running = coverage.Coverage.current()
    if running is None or not config.getoption("--coverage-report"):
        return
    running.save()
    whole = coverage.Coverage()
    whole.combine(keep=True)
    terminalreporter.section("coverage")
    whole.report(file=terminalreporter)  # type: ignore[arg-type]  # it only writes, which the reporter can
