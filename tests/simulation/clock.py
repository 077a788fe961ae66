"""Time that a plan asks for: the one place of the checker that waits by the clock."""

import asyncio


async def wait_seconds(seconds: float) -> None:
    """So long nothing happens here."""
    await asyncio.sleep(seconds)
