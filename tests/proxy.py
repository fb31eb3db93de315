"""A proxy in front of PostgreSQL's socket that fails as networks fail when a test asks for it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from weakref import WeakSet

from pydantic import SecretStr

from service.settings import Settings

Mode = Literal["pass", "black hole", "reset", "refuse"]
ABORT = struct.pack("ii", 1, 0)  # SO_LINGER of zero seconds: closing sends RST in place of FIN.


class Proxy:
    """Passes bytes between clients of a TCP port and a unix socket, or fails them.

    `mode` applies to existing and to new connections. `pass` lets all bytes through, each chunk `delay` seconds late.
    `black hole` accepts connections and bytes and passes nothing on, in either direction. `reset` breaks a connection
    with its next byte. `refuse` closes the port; existing connections stay.
    """

    def __init__(self, upstream: Path) -> None:
        """Takes the path of the socket; does no I/O."""
        self.mode: Mode = "pass"
        self.delay = 0.0
        self.connections = 0
        """Connections accepted so far."""
        self.port = 0
        self._upstream = upstream
        self._server: asyncio.Server | None = None
        self._tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._ended: WeakSet[asyncio.StreamWriter] = WeakSet()
        self._bytes_until_cut: int | None = None

    def behind(self, settings: Settings) -> Settings:
        """Returns the settings of a server that reaches its database through this proxy."""
        database = urlsplit(settings.database_url.get_secret_value()).path
        url = f"postgresql://postgres@127.0.0.1:{self.port}{database}"
        return settings.model_copy(update={"database_url": SecretStr(url)})

    async def start(self) -> None:
        """Listens: on a port of the system's choice the first time, later on the same one."""
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def fail(self, mode: Mode) -> None:
        """Changes the mode; `reset` breaks idle connections as well."""
        self.mode = mode
        if mode == "refuse" and self._server is not None:
            self._server.close()
            self._server = None
        if mode == "reset":
            await self.break_all()

    async def recover(self) -> None:
        """Lets everything through again; breaks the connections that starved, as a real network does."""
        self.mode = "pass"
        self.delay = 0.0
        await self.break_all()
        if self._server is None:
            await self.start()

    async def break_all(self) -> None:
        """Breaks every connection."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait([*self._tasks])

    def cut_after(self, count: int | None) -> None:
        """Breaks the connection that passes the byte number `count` from now, right after it; None calls that off."""
        self._bytes_until_cut = count

    def end_all(self, message: bytes) -> None:
        """Ends every connection as PostgreSQL does, with a last message, but leaves the socket open."""
        for client in self._tasks.values():
            if client not in self._ended and not client.is_closing():
                client.write(message)
                self._ended.add(client)

    async def stop(self) -> None:
        """Ends everything."""
        await self.fail("refuse")
        await self.break_all()

    async def _accepted(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks[task] = answer
        task.add_done_callback(self._tasks.pop)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._connect(client, answer)
        if not answer.is_closing():
            answer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            answer.transport.abort()

    async def _connect(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        server, question = await asyncio.open_unix_connection(str(self._upstream))
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(client, question))
                both.create_task(self._pump(server, answer))
        except* ConnectionError:
            pass
        finally:
            question.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65536):
            if self.delay:
                await asyncio.sleep(self.delay)
            if self.mode == "black hole" or sink in self._ended:
                continue
            if self.mode == "reset":
                break
            if self._bytes_until_cut is not None and self._bytes_until_cut <= len(chunk):
                self._ended.add(sink)
                sink.write(chunk[: self._bytes_until_cut])
                self._bytes_until_cut = None
                await sink.drain()
                break
            if self._bytes_until_cut is not None:
                self._bytes_until_cut -= len(chunk)
            sink.write(chunk)
            await sink.drain()
        if self.mode != "black hole":
            raise ConnectionResetError


@asynccontextmanager
async def proxied(folder: Path) -> AsyncIterator[Proxy]:
    """Gives a proxy in front of the PostgreSQL whose socket is in `folder`."""
    proxy = Proxy(folder / ".s.PGSQL.5432")
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
