"""`python -m lab.twilio_simulator --port N [--clock-start ISO]`."""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Sequence

from aiohttp import web

from .app import build
from .dates import parse_iso
from .world import World, new_world

HOST = "127.0.0.1"
GRACE_SECONDS = 0.5


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m lab.twilio_simulator", description="A simulator of Twilio.")
    parser.add_argument("--port", type=int, default=0, help="port of 127.0.0.1; 0 takes a free one")
    parser.add_argument("--clock-start", metavar="ISO", help="virtual time at the start; by default the present")
    parser.add_argument(
        "--clock-rate", type=float, default=0.0, help="virtual seconds a second; by default time stands"
    )
    parser.add_argument("--seed", default="0", help="makes other SIDs and secrets")
    args = parser.parse_args(argv)
    start = parse_iso(args.clock_start) if args.clock_start else float(int(time.time()))
    asyncio.run(_serve(new_world(start, args.clock_rate, args.seed), args.port))


async def _serve(world: World, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(build(world), access_log=None, shutdown_timeout=GRACE_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        print(f"Twilio simulator on http://{HOST}:{runner.addresses[0][1]}", file=sys.stderr, flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    main()
