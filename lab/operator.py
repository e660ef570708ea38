"""`python -m lab.operator`: the operator as it ships, on the simulator's clock, so that 40 days pass in seconds."""

import logging
import os
import sys

from lab.simulator import SimulatorClock
from recording_storage_operator.composition import configure_logging, serve
from recording_storage_operator.settings import Settings

TICK = 0.05
"""Real seconds between two looks at a clock that jumps."""


def main() -> int:
    """Settings from the environment, as in production; the clock from RECORDINGS_TWILIO_URL."""
    settings = Settings.from_environment(os.environ)
    configure_logging(settings.log_level)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # asks for the time twenty times a second
    return serve(settings, SimulatorClock(settings.twilio_url), TICK)


if __name__ == "__main__":
    sys.exit(main())
