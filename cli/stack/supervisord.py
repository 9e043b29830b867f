"""The supervisor itself: its settings as text, its start as a process of its own, its end.

Nothing here knows what the programs serve.
"""

import os
import shlex
import subprocess
from pathlib import Path
from typing import Final

from cli.exits import CommandError
from config import Settings
from config.programs import DATABASE, GROUND, Program, programs
from soma_common.postgres.accounts import write_secret
from soma_common.supervision.client import COUNTER_NAMESPACE, SupervisorClient

# Every process of the stack carries it, so that those of a dead supervisor can be found again.
MARK: Final = "SOMA_INSTANCE_HOME"
_ANSWER_SECONDS: Final = 15.0
_PRIORITIES: Final = {**dict.fromkeys(GROUND, 1), "edge": 90, "chat": 80}

_HEAD: Final = """\
; Written by `somastack up`; changes are lost at the next start.
[unix_http_server]
file={socket}
chmod=0700

[supervisord]
logfile={run}/supervisord.log
logfile_maxbytes=2MB
logfile_backups=1
loglevel=info
pidfile={run}/supervisord.pid
childlogdir={run}
nodaemon=true
silent=true
umask=077
{user}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[rpcinterface:{namespace}]
supervisor.rpcinterface_factory=soma_common.supervision.spawn_counter:make_spawn_counter
"""

_PROGRAM: Final = """
[program:{name}]
command={command}
directory={directory}
environment=SOMA_WORKER="{worker}"
priority={priority}
autostart={autostart}
autorestart=true
startsecs={patience_at_start}
startretries=1000000
stopsignal={signal}
stopwaitsecs={patience}
stopasgroup={as_group}
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
"""


def log_file(settings: Settings, name: str) -> Path:
    """Where a process writes what it has to say."""
    return settings.home_folders.logs / f"{name}.log"


def settings_text(settings: Settings) -> str:
    """The supervisor's settings file for this stack."""
    home = settings.home_folders
    head = _HEAD.format(
        socket=_literal(str(settings.supervisor_socket)),
        run=_literal(str(home.run)),
        user="user=root\n" if os.geteuid() == 0 else "",
        namespace=COUNTER_NAMESPACE,
    )
    return head + "".join(_program_text(settings, program) for program in programs(settings))


def _program_text(settings: Settings, program: Program) -> str:
    database = program.name == DATABASE
    command = shlex.join([settings.python, "-m", program.module, *program.arguments])
    return _PROGRAM.format(
        name=program.name,
        command=_literal(command),
        directory=_literal(str(settings.home)),
        worker=program.worker,
        priority=_PRIORITIES.get(program.service, 50),
        autostart="true" if database else "false",
        # The fast shutdown of PostgreSQL: sessions end, the data are written; its own children are its own affair.
        signal="INT" if database else "TERM",
        as_group="false" if database else "true",
        # Whoever ends sooner is restarted with a pause that grows; a Python process needs a while to fail.
        patience_at_start=2 if database else 5,
        patience=30,
        log=_literal(str(log_file(settings, program.name))),
    )


def _literal(text: str) -> str:
    """The file's own expansion is not wanted in paths."""
    return text.replace("%", "%%")


def started_with(settings: Settings) -> str | None:
    """The fingerprint of the stack that runs, as it was noted at its start."""
    try:
        return _note(settings).read_text("utf-8").strip()
    except FileNotFoundError:
        return None


def _note(settings: Settings) -> Path:
    return settings.home_folders.run / "started-with"


async def start_supervisor(settings: Settings, fingerprint: str) -> SupervisorClient:
    """Start the supervisor and note what it was started with. Raises CommandError."""
    run = settings.home_folders.run
    path, complaints = run / "supervisord.conf", run / "supervisord.err"
    write_secret(path, settings_text(settings))
    settings.supervisor_socket.unlink(missing_ok=True)
    process = _spawn(settings, path, complaints)
    client = SupervisorClient(settings.supervisor_socket)
    if not await client.wait_until_answers(_ANSWER_SECONDS):
        process.kill()
        why = why_not(complaints.read_text(errors="replace"))
        raise CommandError(f"The supervisor did not start: {why} Its log is {run}/supervisord.log.")
    write_secret(_note(settings), fingerprint)
    return client


def why_not(complaints: str) -> str:
    """What the supervisor complained of: its error, which its advice may follow."""
    lines = [line.strip() for line in complaints.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("Error:")]
    return (errors or lines or ["it gave no reason."])[-1]


def _spawn(settings: Settings, path: Path, complaints: Path) -> "subprocess.Popen[bytes]":
    """The supervisor in a session of its own, so that it outlives the shell."""
    with complaints.open("wb") as errors:
        return subprocess.Popen(
            [settings.python, "-m", "supervisor.supervisord", "-c", str(path)],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            env={**settings.child_environment(), MARK: str(settings.home)},
            cwd=settings.home,
            start_new_session=True,
        )
