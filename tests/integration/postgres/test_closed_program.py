"""The launcher as root, with the whole program in a folder that the server's account cannot enter."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import soma_common
from soma_common.postgres.embedded import EmbeddedPostgres
from soma_common.testing.postgres import run_aside, temporary_home

pytestmark = pytest.mark.integration


@pytest.fixture
def closed_program() -> Iterator[Path]:
    """Every installed package and ours, by links that only root can follow: as in a checkout inside a home of 0700."""
    folder = Path(tempfile.mkdtemp(prefix="soma-closed-"))
    folder.chmod(0o700)
    for package in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if package.suffix != ".pth":
            (folder / package.name).symlink_to(package)
    shutil.copytree(Path(soma_common.__file__).parent, folder / "soma_common")
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_the_launcher_needs_no_file_of_the_program_once_its_account_took_over(
    closed_program: Path, tmp_path: Path
) -> None:
    cluster = EmbeddedPostgres(temporary_home())
    said = tmp_path / "said"
    with said.open("wb") as output:
        launcher = subprocess.Popen(
            [sys.executable, "-S", "-m", "soma_common.postgres.embedded", str(cluster.home)],
            env={"PYTHONPATH": str(closed_program), "PATH": "/usr/bin:/bin"},
            cwd="/",
            stderr=output,
        )
    try:
        run_aside(_until_serving(cluster, launcher, said))
        assert Path(f"/proc/{launcher.pid}").stat().st_uid == cluster.account.uid
    finally:
        launcher.send_signal(signal.SIGINT)
        launcher.wait(20)
        for folder in (cluster.folder, cluster.socket_directory, cluster.home):
            shutil.rmtree(folder, ignore_errors=True)


async def _until_serving(cluster: EmbeddedPostgres, launcher: "subprocess.Popen[bytes]", said: Path) -> None:
    async with asyncio.timeout(60):
        while True:
            assert launcher.poll() is None, said.read_text()  # noqa: ASYNC240 - the end of a failed test
            if cluster.superuser_secret.exists() and cluster.data.exists():
                try:
                    return await cluster.wait_ready(0.5)
                except TimeoutError:
                    continue
            await asyncio.sleep(0.05)
