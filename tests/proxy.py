"""A proxy in front of PostgreSQL's socket that can be told to fail as networks fail."""

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

from pydantic import SecretStr

from service.settings import Settings

Mode = Literal["pass", "black hole", "reset", "refuse"]
ABORT = struct.pack("ii", 1, 0)  # SO_LINGER of zero seconds: closing sends RST in place of FIN.


class Proxy:
    """Passes bytes between clients of a TCP port and a unix socket, or fails them.

    `mode` holds for connections that exist and that come. `pass` lets all through, each chunk `delay` seconds
    late. `black hole` takes connections and bytes and passes nothing on, in neither direction. `reset` breaks
    every connection the moment a byte comes. `refuse` is a port nobody listens on; connections that exist stay.
    """

    def __init__(self, upstream: Path) -> None:
        """Takes the socket's path; does no I/O."""
        self.mode: Mode = "pass"
        self.delay = 0.0
        self.connections = 0
        """Connections taken so far."""
        self.port = 0
        self._upstream = upstream
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def behind(self, settings: Settings) -> Settings:
        """Returns the settings of a server whose way to its database leads through here."""
        database = urlsplit(settings.database_url.get_secret_value()).path
        url = f"postgresql://postgres@127.0.0.1:{self.port}{database}"
        return settings.model_copy(update={"database_url": SecretStr(url)})

    async def start(self) -> None:
        """Listens: on a port of the system's choice the first time, on the same one from then on."""
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def fail(self, mode: Mode) -> None:
        """Changes the mode; `reset` breaks what is idle, too."""
        self.mode = mode
        if mode == "refuse" and self._server is not None:
            self._server.close()
            self._server = None
        if mode == "reset":
            await self.break_all()

    async def recover(self) -> None:
        """Lets everything through again; connections that starved are broken, as a real network would."""
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
            await asyncio.wait(self._tasks)

    async def stop(self) -> None:
        """Ends everything."""
        await self.fail("refuse")
        await self.break_all()

    async def _accepted(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._connect(client, answer)
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
            if self.mode == "black hole":
                continue
            if self.mode == "reset":
                break
            sink.write(chunk)
            await sink.drain()
        if self.mode != "black hole":
            raise ConnectionResetError


@asynccontextmanager
async def proxied(folder: Path) -> AsyncIterator[Proxy]:
    """Gives a proxy in front of the PostgreSQL whose socket stands in `folder`."""
    proxy = Proxy(folder / ".s.PGSQL.5432")
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
