"""One HTTP application on this machine's loopback, for the small servers that are a program of their own."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from .extra import web


async def host(app: Any, port: int, ready: asyncio.Future[int] | None, until: asyncio.Event) -> None:
    """Serve an aiohttp application until ``until`` is set or this is cancelled.

    Its port (0: any that is free) is printed on a line of its own, and given to ``ready``.
    """
    http = web("aiohttp.web")
    runner = http.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await http.TCPSite(runner, "127.0.0.1", port).start()
        found = int(runner.addresses[0][1])
        if ready is not None:
            ready.set_result(found)
        sys.stdout.write(f"{found}\n")
        sys.stdout.flush()
        await until.wait()
    finally:
        await runner.cleanup()
