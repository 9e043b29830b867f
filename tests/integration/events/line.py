"""A line to a server that can be cut: what is sent still arrives, or does not, and answers are lost."""

import asyncio
from dataclasses import replace
from typing import Self
from urllib.parse import parse_qs, urlsplit, urlunsplit

from soma_common.postgres.house import HouseDatabase


class Line:
    """While `requests` or `answers` is False, bytes of that direction are thrown away.

    While it `is_away`, nobody gets through.
    """

    def __init__(self, urls: HouseDatabase) -> None:
        self._urls = urls
        self.requests = self.answers = True
        self.is_away = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._client_side: set[asyncio.StreamWriter] = set()
        self._server_side: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._door = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self._port = self._door.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._door.close()
        self.cut()
        for writer in self._server_side:
            writer.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """End all connections at the client's side only, and let new ones through."""
        self.requests = self.answers = True
        for writer in self._client_side:
            writer.transport.abort()
        self._client_side.clear()

    @property
    def urls(self) -> HouseDatabase:
        """The addresses of the house by way of this line."""
        through = (self._through(dsn) for dsn in (self._urls.app_dsn, self._urls.worker_dsn))
        return replace(self._urls, **dict(zip(("app_dsn", "worker_dsn"), through, strict=True)))

    def _through(self, dsn: str) -> str:
        parts = urlsplit(dsn)
        return urlunsplit(
            (parts.scheme, f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{self._port}", parts.path, "", "")
        )

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_away:
            writer.transport.abort()
            return
        server_reader, server_writer = await self._connect()
        self._client_side.add(writer)
        self._server_side.add(server_writer)
        for work in (self._pass(reader, server_writer, "requests"), self._pass(server_reader, writer, "answers")):
            self._tasks.add(asyncio.create_task(work))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self._urls.worker_dsn)
        if parts.hostname:
            return await asyncio.open_connection(parts.hostname, parts.port or 5432)
        folder = parse_qs(parts.query)["host"][0]
        return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, direction: str) -> None:
        while data := await source.read(65536):
            if getattr(self, direction):
                target.write(data)
