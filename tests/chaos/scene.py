"""The scene of the chaos tests: databases, processes of one kind each, and the files for the checker."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import asyncpg

from soma_common.events.topics import TURNS
from soma_common.events.transports.port import Delivery, Transport
from soma_common.postgres.house import HouseDatabase
from soma_common.testing.postgres import TestServer
from soma_common.testing.warm import Program, WarmProcess, start_warm
from tests.chaos.plan import Plan
from tests.chaos.program import CONSUMERS, transport_of
from tests.chaos.walks import TABLES as SAGA_TABLES

ROOT = Path(__file__).resolve().parents[2]
MODULE = "tests.chaos.program"
PATIENCE_SECONDS = 3.0
TABLES = (
    "create table effects (number bigserial, event_id uuid, tenant_id uuid, stream text, sequence bigint, "
    "consumer text not null default 'chaos', ordered boolean not null default true);"
    "create table changes (request_id text primary key, events integer not null);"
    "grant select, insert on effects, changes to chat_app, chat_worker;"
    "grant usage on effects_number_seq to chat_app, chat_worker;"
)
COMMITTED = (
    "select event_id, tenant_id, stream, sequence, correlation_id as request_id from events "
    "where stream like 'conversation/%'"
)
CHANGES = "select request_id, events from changes"
EFFECTS = "select number, event_id, tenant_id, stream, sequence, consumer, ordered from effects order by number"
REST = (
    "select (select count(*) from outbox) as waiting, (select count(*) from dead_letters) as letters, "
    f"{len(CONSUMERS)} * (select count(*) from ({COMMITTED}) c) "
    "- (select count(distinct (consumer, event_id)) from effects) as missing, "
    "(select count(*) from sagas where status not in ('COMPLETED', 'COMPENSATED')) as walking"
)
SAGAS = "select saga_id, status from sagas"
SAGA_EFFECTS = "select saga_id, step, place, direction, effect_time from saga_effects order by effect_time"


class Scene:
    """A house and a bus of its own; `plan` says to processes where they are."""

    def __init__(
        self, server: TestServer, databases: tuple[HouseDatabase, HouseDatabase, HouseDatabase], folder: Path
    ) -> None:
        """`databases` are those of the house, of the bus, and of a participant in sagas."""
        urls, bus, participant = databases
        self.urls = urls
        self.participant = participant
        self.folder = folder
        self.history = folder / "history"
        self.history.mkdir()
        relay = server.as_relay(bus)
        self.plan = Plan(
            urls.app_dsn,
            urls.worker_dsn,
            relay.worker_dsn,
            bus.worker_dsn,
            participant.app_dsn,
            participant.worker_dsn,
            str(self.history / "acknowledged"),
            str(self.history / "begun"),
            str(folder / "over"),
            tenants=tuple(str(uuid4()) for _ in range(2)),
        )
        (self.history / "acknowledged").touch()
        (self.history / "begun").touch()
        self._processes: list[WarmProcess] = []

    async def prepare(self) -> None:
        own = TABLES + SAGA_TABLES.format(house="chat")
        for urls, tables in ((self.urls, own), (self.participant, SAGA_TABLES.format(house="memory"))):
            owner = await asyncpg.connect(urls.owner_dsn)
            try:
                await owner.execute(tables)
            finally:
                await owner.close()

    def spawn(self, role: str, plan: Plan) -> WarmProcess:
        path = plan.write(self.folder / f"{role}-{len(self._processes)}.json")
        program = Program((role, str(path)), dict(os.environ), str(ROOT), module=MODULE, ahead=(MODULE,))
        with (self.folder / f"{role}.log").open("ab") as log:
            process = start_warm(program, log, log)
        self._processes.append(process)
        return process

    def log_of(self, name: str) -> str:
        """The end of what the processes of a role have said."""
        return (self.folder / f"{name.rstrip('0123456789')}.log").read_text("utf-8", errors="replace")[-3000:]

    def end_all(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait(10)

    async def left(self) -> dict[str, int]:
        """How much of what was written is not published, has no effect yet, or lies among the letters."""
        connection = await asyncpg.connect(self.urls.worker_dsn)
        try:
            [left] = await connection.fetch(REST)
        finally:
            await connection.close()
        return dict(left)

    async def judge(self, transport: Transport | None = None) -> list[str]:
        """Write down what there is, and what the checker says of it."""
        connection = await asyncpg.connect(self.urls.worker_dsn)
        try:
            committed = [dict(row) for row in await connection.fetch(COMMITTED)]
            self._write("committed", committed)
            self._write("effects", [dict(row) for row in await connection.fetch(EFFECTS)])
            self._write("changes", [dict(row) for row in await connection.fetch(CHANGES)])
            self._write("sagas", [dict(row) for row in await connection.fetch(SAGAS)])
            walked = [dict(row) for row in await connection.fetch(SAGA_EFFECTS)]
        finally:
            await connection.close()
        connection = await asyncpg.connect(self.participant.worker_dsn)
        try:
            walked += [dict(row) for row in await connection.fetch(SAGA_EFFECTS)]
        finally:
            await connection.close()
        self._write("saga_effects", sorted(walked, key=lambda row: str(row["effect_time"])))
        own = transport or await transport_of(self.plan)
        self._write("published", await _everything(own, len(committed)))
        if transport is None:
            await own.close()
        return verdict(self.history)

    def _write(self, name: str, rows: Sequence[dict[str, object]]) -> None:
        write_rows(self.history / name, rows)


def write_rows(path: Path, rows: Sequence[dict[str, object]]) -> None:
    """A file of a history."""
    path.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows))


def verdict(history: Path) -> list[str]:
    """What the checker says, as a program of its own that finds none of our code."""
    command = [sys.executable, "-I", str(ROOT / "tests" / "chaos" / "checker.py"), str(history)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = done.stdout.splitlines()
    assert done.returncode == (1 if found else 0), done.stderr
    return found


async def _everything(transport: Transport, expected: int) -> list[dict[str, object]]:
    """What the transport holds: read until all that is expected is there, or nothing came for a while."""
    subscription = await transport.subscribe(f"judge-{uuid4()}", [TURNS])
    rows: list[dict[str, object]] = []
    try:
        while True:
            is_complete = len({row["event_id"] for row in rows}) >= expected
            some = await subscription.fetch(1000, 0.3 if is_complete else PATIENCE_SECONDS)
            if not some:
                return rows
            rows += [_row(delivery) for delivery in some]
    finally:
        await subscription.close()


def _row(delivery: Delivery) -> dict[str, object]:
    event = delivery.event()
    return {
        "topic": delivery.shard.topic,
        "shard": delivery.shard.number,
        "position": delivery.position,
        "event_id": event.event_id,
        "tenant_id": event.tenant_id,
        "stream": event.stream,
        "sequence": event.sequence,
    }
