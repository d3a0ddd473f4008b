"""A TCP proxy between a sender and what it talks to: cut, stall, slow, late, half-open."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """Passes bytes on to `target`, as well as it is told to."""

    target: int  #: a port on this machine
    port: int = 0
    late: float = 0.0  #: seconds each piece is on its way
    slow: float = 0.0  #: bytes a second from the target to the client; 0: as they come
    slow_up: float = 0.0  #: and from the client to the target
    slow_after: int = 0  #: bytes of a connection that pass at full speed before
    stalled: bool = False  #: nothing passes, nobody is told
    half_open: bool = False  #: new connections are taken and never served
    connections: int = 0
    open: set[asyncio.StreamWriter] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None

    def cut(self) -> None:
        """Break every connection."""
        assert self._loop
        for writer in list(self.open):
            self._loop.call_soon_threadsafe(writer.transport.abort)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        self.connections += 1
        self.open.add(writer)
        try:
            if self.half_open:
                await reader.read()  # until it gives up
                return
            there, out = await asyncio.open_connection("127.0.0.1", self.target)
            self.open.add(out)
            try:
                ways = [self._pass(reader, out, self.slow_up), self._pass(there, writer, self.slow)]
                tasks = [asyncio.ensure_future(way) for way in ways]
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                self.open.discard(out)
                out.close()
        except (OSError, asyncio.CancelledError):  # 3.11 logs a cancelled server as an error
            pass
        finally:
            self.open.discard(writer)
            writer.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, slow: float
    ) -> None:
        passed = 0
        while piece := await reader.read(4 if slow and passed >= self.slow_after else 65536):
            passed += len(piece)
            crawls = slow and passed > self.slow_after
            await asyncio.sleep(len(piece) / slow if crawls else self.late)
            while self.stalled:
                await asyncio.sleep(0.01)
            writer.write(piece)
            await writer.drain()


@contextmanager
def proxied(proxy: Proxy) -> Iterator[Proxy]:
    """Run `proxy` on a free port until the block ends."""
    loop = asyncio.new_event_loop()
    proxy._loop = loop
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    start = asyncio.start_server(proxy.serve, "127.0.0.1", proxy.port)
    server = asyncio.run_coroutine_threadsafe(start, loop).result(10)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(_stop(proxy, server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _stop(proxy: Proxy, server: asyncio.Server) -> None:
    server.close()
    for writer in list(proxy.open):
        writer.transport.abort()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
