"""Writing to a pipe without a thread."""

import asyncio
import os


async def write_all(pipe: int, data: bytes) -> None:
    """Write to a non-blocking pipe, waiting while it is full. Raises BrokenPipeError where nobody reads any more."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(pipe, rest) :]
        except BlockingIOError:
            await _writable(pipe)


async def _writable(pipe: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(pipe, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(pipe)
