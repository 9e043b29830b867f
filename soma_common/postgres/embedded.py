"""The PostgreSQL of the standalone shape: the binaries of a wheel, run in the foreground by whoever supervises it.

`python -m soma_common.postgres.embedded HOME` becomes the server. Nothing here knows houses, roles or schemas.
"""

import asyncio
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg

from soma_common.postgres.accounts import Account, PostgresSetupError, locked, make_folder, write_secret
from soma_common.postgres.orphans import end_orphans
from soma_common.postgres.programs import MAJOR, copied_programs, copy_programs, own_programs
from soma_common.postgres.queries import Queries

SUPERUSER: Final = "postgres"
_SOCKET_NAME: Final = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH: Final = 106
_ROOT_HOMES: Final = Path("/var/lib/somastack")

_INITDB_OPTIONS: Final = (
    f"--username={SUPERUSER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)

# A small footprint: one person's laptop runs this beside everything else.
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "60",
    "shared_buffers": "48MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "512MB",
    "io_method": "sync",
    "huge_pages": "off",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "max_worker_processes": "2",
    "max_logical_replication_workers": "0",
    "max_wal_senders": "2",
    "wal_level": "replica",
    "wal_compression": "on",
    "min_wal_size": "64MB",
    "max_wal_size": "512MB",
    "checkpoint_timeout": "15min",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum_max_workers": "2",
    "restart_after_crash": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_line_prefix": "%m [%p] %u@%d ",
}


class EmbeddedPostgres:
    """One data folder and the server on it.

    `home` is the instance's data folder. As an ordinary user everything is under `home/postgres` (0700). As root the
    data belong to an unprivileged account; when that account cannot reach `home`, they lie under /var/lib/somastack
    instead, because the permissions of folders that were not made here stay as they are. `settings` are the server's
    where it is to differ from what one person's laptop needs.
    """

    def __init__(self, home: Path, settings: Mapping[str, str] | None = None) -> None:
        self.home = home.absolute()
        self._settings = {**_SETTINGS, **(settings or {})}
        self.account = Account.for_server()
        self.folder = self._choose_folder()
        self.data = self.folder / "data"
        self.superuser_secret = self.home / "secrets" / "postgres-superuser"

    def _choose_folder(self) -> Path:
        inside = self.home / "postgres"
        if self.account.present:
            return inside
        outside = _ROOT_HOMES / f"postgres-{self._digest()}"
        if (outside / "data").exists():
            return outside
        return inside if self.account.traverses(inside) else outside

    def _digest(self) -> str:
        return hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]

    @property
    def socket_directory(self) -> Path:
        """The folder of the server's socket.

        It is beside the data, or a short one where that path would be too long for a socket.
        """
        beside = self.folder / "run"
        if len(os.fsencode(beside / _SOCKET_NAME)) <= _LONGEST_SOCKET_PATH:
            return beside
        return Path("/tmp") / f"somastack-{self.account.uid}-{self._digest()}"  # noqa: S108 - made 0700, owner checked

    @property
    def programs(self) -> Path:
        """The folder with `postgres`, `psql`, `pg_dump`, `pg_basebackup` and the others."""
        return own_programs() if self.account.present else copied_programs(self.folder)

    def prepare(self) -> None:
        """Make whatever is missing. Safe to repeat.

        Folders, binaries that the account can read, a password, the data folder. Raises PostgresSetupError.
        """
        with self._ground():
            self._make_data()

    def prepare_from(self, fill: Callable[[Path], None]) -> None:
        """Make the data folder out of what `fill` writes into an empty one; whole or not at all.

        Raises PostgresSetupError, also when there are data already.
        """
        with self._ground():
            if self.data.exists():
                raise PostgresSetupError(f"There are data in {self.data} already.")
            draft = self._draft()
            try:
                fill(draft)
                self._run_program("initdb", "--sync-only", f"--pgdata={draft}")
            except BaseException:
                shutil.rmtree(draft, ignore_errors=True)
                raise
            draft.replace(self.data)

    @contextmanager
    def _ground(self) -> Iterator[None]:
        """All that the data folder stands on; nobody else prepares it at the same time."""
        mode = 0o700 if self.account.present else 0o711
        make_folder(self.home, mode)
        make_folder(self.superuser_secret.parent, 0o700)
        make_folder(self.folder, mode)
        if not self.account.traverses(self.folder):
            raise PostgresSetupError(
                f"The account {self.account.name} cannot reach {self.folder}. Open its parents or set SOMA_HOME."
            )
        with locked(self.folder / "lock"):
            if not self.account.present:
                copy_programs(self.folder)
            self._make_socket_folder()
            yield

    def _draft(self) -> Path:
        draft = self.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        make_folder(draft, 0o700)
        self.account.take(draft)
        return draft

    def _make_socket_folder(self) -> None:
        folder = self.socket_directory
        if make_folder(folder, 0o700):
            self.account.take(folder)
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid != self.account.uid or status.st_mode & 0o077:
            raise PostgresSetupError(
                f"The folder {folder} belongs to somebody else or is open to others. Remove it and start again."
            )

    def _make_data(self) -> None:
        if self.data.exists():
            found = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
            if found != MAJOR:
                raise PostgresSetupError(
                    f"The data in {self.data} are of PostgreSQL {found}; this is PostgreSQL {MAJOR}."
                )
            if not self.superuser_secret.exists():
                self._renew_password()
            return
        if not self.superuser_secret.exists():
            write_secret(self.superuser_secret, secrets.token_urlsafe(32))
        draft = self._draft()
        password = self.folder / "initdb-password"
        write_secret(password, self.superuser_password())
        self.account.take(password)
        try:
            self._run_program("initdb", f"--pgdata={draft}", f"--pwfile={password}", *_INITDB_OPTIONS)
        finally:
            password.unlink()
        draft.replace(self.data)

    def _renew_password(self) -> None:
        """The secret was lost while the data were kept: set a new one with the server's single-user mode."""
        password = secrets.token_urlsafe(32)
        statement = Queries.of("soma_common.postgres", "sql/embedded.sql").set_superuser_password.replace(
            ":password", password
        )
        self._run_program(
            "postgres", "--single", "-D", str(self.data), "postgres", text=" ".join(statement.split()) + "\n"
        )
        write_secret(self.superuser_secret, password)

    def _run_program(self, name: str, *arguments: str, text: str = "") -> None:
        done = subprocess.run(
            [str(self.programs / name), *arguments],
            input=text,
            text=True,
            capture_output=True,
            check=False,
            cwd="/",
            env=self.environment(),
            umask=0o077,
            user=None if self.account.present else self.account.uid,
            group=None if self.account.present else self.account.gid,
            extra_groups=None if self.account.present else (),
        )
        if done.returncode != 0:
            raise PostgresSetupError(f"{name} failed ({done.returncode}): {done.stderr.strip()[-600:]}")

    def command(self) -> list[str]:
        """The server's command line, for the foreground."""
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        return [str(self.programs / "postgres"), "-D", str(self.data), "-k", str(self.socket_directory), *settings]

    def environment(self) -> dict[str, str]:
        """The whole environment of the server; nothing of ours is inherited."""
        return {"LC_ALL": "C", "PATH": "/usr/bin:/bin", "TZ": "UTC"}

    def dsn(self, database: str, role: str, password: str) -> str:
        """The address of a database of this server, over its socket."""
        credentials = f"{quote(role, safe='')}:{quote(password, safe='')}"
        return f"postgresql://{credentials}@/{quote(database, safe='')}?host={quote(str(self.socket_directory))}"

    def superuser_dsn(self, database: str = "postgres") -> str:
        """The superuser's address. Raises FileNotFoundError before the first `prepare`."""
        return self.dsn(database, SUPERUSER, self.superuser_password())

    def superuser_password(self) -> str:
        """The superuser's password. Raises FileNotFoundError before the first `prepare`."""
        return self.superuser_secret.read_text(encoding="utf-8")

    async def wait_ready(self, timeout_seconds: float = 30.0) -> None:
        """Wait until the server answers. Raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            while True:
                try:
                    connection = await asyncpg.connect(self.superuser_dsn(), timeout=5)
                except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError):
                    await asyncio.sleep(0.05)
                else:
                    await connection.close()
                    return

    def launch(self) -> None:
        """Prepare, end what a killed server left behind, and become the server. Never returns."""
        self.prepare()
        end_orphans(self.data, self.socket_directory)
        # The account may not be able to read this program's folder, so nothing is looked up once it has taken over.
        command = self.command()
        self.account.become()
        os.umask(0o077)
        os.chdir("/")
        os.execve(command[0], command, self.environment())  # noqa: S606 - no shell is wanted


def main(arguments: list[str]) -> int:
    """The launcher's entry: one argument, the instance's data folder."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    if len(arguments) != 1:
        sys.stderr.write("Usage: python -m soma_common.postgres.embedded HOME\n")
        return 2
    try:
        EmbeddedPostgres(Path(arguments[0])).launch()
    except (PostgresSetupError, TimeoutError, OSError) as problem:
        sys.stderr.write(f"The embedded PostgreSQL cannot start: {problem}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
