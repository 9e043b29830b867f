"""`python -m soma_common.testing.warm DESCRIPTOR`: forks for whoever is at the other end of that socket."""

import atexit
import contextlib
import os
import runpy
import socket
import sys
import threading
import types
from typing import NoReturn

from soma_common.testing.warm.nursery import Nursery, take_streams
from soma_common.testing.warm.program import Program


def become(program: Program) -> None:
    """Run it as if Python had been started for it."""
    os.environ.clear()
    os.environ.update(program.environment)
    os.chdir(program.folder)
    take_streams()
    sys.argv[:] = [program.script or program.module, *program.words]
    if program.script:
        sys.modules["__main__"] = types.ModuleType("__main__")
        runpy.run_path(program.script, run_name="__main__")
    else:
        # What was imported ahead under its own name is not the program that runs.
        for name in (program.module, f"{program.module}.__main__"):
            if not hasattr(sys.modules.get(name), "__path__"):
                sys.modules.pop(name, None)
        runpy.run_module(program.module, run_name="__main__", alter_sys=True)


def end(code: int) -> NoReturn:
    """End as Python does, but let what was imported be: to take it apart costs half of what a command line costs."""
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - what the end of Python calls, in its order
    atexit._run_exitfuncs()  # noqa: SLF001 - so too
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    found = Nursery(socket.socket(fileno=int(sys.argv[1]))).next_program()
    if found is not None:
        try:
            become(found)
        except SystemExit as asked:
            if not isinstance(asked.code, int | None):
                raise
            end(asked.code or 0)
        end(0)
